/* wire/codec.c -- the envelopes of each protocol. */
#include "wire/codec.h"

#include "base/str.h"
#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/rest.h"
#include "wire/validate.h"
#include "wire/xml.h"

#include <unistd.h>

enum { RESPONSE_MAX = 64 * 1024 * 1024 };

/* --- reading --- */

/* What a breach of the model's constraints is called. CloudWatch Logs has its own word for it in those operations that know no other. */
static const char *invalid_code(const WireTarget *t)
{
    const ModelOperation *op = t->operation;
    bool named = false;
    if (t->protocol != PROTOCOL_JSON && t->protocol != PROTOCOL_CBOR)
        return "ValidationError";
    if (!str_eq(model_text(t->service->id), "logs"))
        return "ValidationException";
    for (size_t i = 0; i < op->errors; i++)
        named = named || str_eq(model_text(model_shapes[model_errors[op->first_error + i]].name), "ValidationException");
    return named ? "ValidationException" : "InvalidParameterException";
}

Status wire_read(const WireTarget *t, const HttpRequest *r, Val **ret_input, Error *err)
{
    Arena *a = r->arena;
    Val *input = val_map(a);
    const ModelShape *shape = model_shape(t->operation->input);
    if (t->protocol == PROTOCOL_REST_XML)
        return rest_read(a, t->operation, r, &t->labels, ret_input, err);
    if (shape && t->protocol == PROTOCOL_JSON)
        TRY(json_read_shape(a, shape, r->body, r->body_len, &input, err));
    else if (shape && t->protocol == PROTOCOL_CBOR)
        TRY(cbor_read_shape(a, shape, r->body, r->body_len, &input, err));
    else if (shape)
        TRY(query_read_shape(a, shape, t->protocol == PROTOCOL_EC2, &t->form, &input, err));
    if (shape)
        TRY(validate_input(a, shape, input, invalid_code(t), err));
    *ret_input = input;
    return ST_OK;
}

/* --- writing --- */

static void set_body(HttpRequest *r, HttpResponse *response, const Str *text, const char *type)
{
    response->body = str_arena(text, r->arena);
    response->body_len = text->len;
    http_add_header(r, response, "Content-Type", type);
}

static const char *json_type(const WireTarget *t)
{
    return t->service && t->service->json_version == 10 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
}

static void write_query(const WireTarget *t, const Val *output, const char *request_id, Str *out)
{
    const ModelOperation *op = t->operation;
    const ModelShape *shape = model_shape(op->output);
    const char *name = model_text(op->name), *wrapper = model_text(op->result_wrapper);
    str_addf(out, "<%sResponse xmlns=\"%s\">", name, model_text(t->service->xml_namespace));
    if (t->protocol == PROTOCOL_EC2)
        xml_write_element(out, "requestId", request_id);
    if (wrapper[0])
        str_addf(out, "<%s>", wrapper);
    if (shape)
        xml_write_members(out, shape, output);
    if (wrapper[0])
        str_addf(out, "</%s>", wrapper);
    if (t->protocol != PROTOCOL_EC2) {
        str_add(out, "<ResponseMetadata>");
        xml_write_element(out, "RequestId", request_id);
        str_add(out, "</ResponseMetadata>");
    }
    str_addf(out, "</%sResponse>", name);
}

void wire_write(const WireTarget *t, HttpRequest *r, const Val *output, const char *request_id, HttpResponse *response)
{
    if (t->protocol == PROTOCOL_REST_XML) {
        rest_write(t->operation, r, output, response);
        return;
    }
    if (!response->status)
        response->status = 200;
    str_auto text = STR_INIT(RESPONSE_MAX);
    const ModelShape *shape = model_shape(t->operation->output);
    if (t->protocol == PROTOCOL_JSON) {
        if (shape)
            json_write_shape(&text, shape, output);
        set_body(r, response, &text, json_type(t));
    } else if (t->protocol == PROTOCOL_CBOR) {
        if (shape)
            cbor_write_shape(&text, shape, output);
        set_body(r, response, &text, "application/cbor");
        http_add_header(r, response, "smithy-protocol", "rpc-v2-cbor");
    } else {
        write_query(t, output, request_id, &text);
        set_body(r, response, &text, "text/xml");
    }
}

/* --- errors --- */

static const char *error_code(const Error *err)
{
    if (err->code[0])
        return err->code;
    switch (err->status) {
    case ST_INVALID: return "ValidationException";
    case ST_DENIED: return "AccessDenied";
    case ST_NOT_FOUND: return "ResourceNotFoundException";
    case ST_CONFLICT: return "ConflictException";
    case ST_LIMIT: return "LimitExceededException";
    case ST_UNSUPPORTED: return "NotImplemented";
    default: return "InternalFailure";
    }
}

static int error_http(const WireTarget *t, const Error *err, const ModelShape *shape)
{
    if (err->http)
        return err->http;
    if (shape && shape->http_status)
        return shape->http_status;
    if (err->status == ST_IO || err->status == ST_INTERNAL)
        return 500;
    if (t->protocol != PROTOCOL_REST_XML)
        return 400;
    return err->status == ST_DENIED ? 403 : err->status == ST_NOT_FOUND ? 404 : err->status == ST_CONFLICT ? 409 : 400;
}

static void write_json_error(const Error *err, const ModelShape *shape, const char *code, Str *out)
{
    const char *message = shape && model_find_member(shape, "Message") ? "Message" : "message";
    str_add(out, "{\"__type\":");
    json_write_text(out, code, strlen(code));
    str_addf(out, ",\"%s\":", message);
    json_write_text(out, err->message, strlen(err->message));
    for (size_t at = 0; at < err->params_len;) {
        const char *key = err->params + at, *value = key + strlen(key) + 1;
        str_addc(out, ',');
        json_write_text(out, key, strlen(key));
        str_addc(out, ':');
        json_write_text(out, value, strlen(value));
        at += strlen(key) + strlen(value) + 2;
    }
    str_addc(out, '}');
}

static void write_params(const Error *err, Str *out)
{
    for (size_t at = 0; at < err->params_len;) {
        const char *key = err->params + at, *value = key + strlen(key) + 1;
        xml_write_element(out, key, value);
        at += strlen(key) + strlen(value) + 2;
    }
}

static void write_code_message(const Error *err, const char *code, Str *out)
{
    xml_write_element(out, "Code", code);
    xml_write_element(out, "Message", err->message);
}

static void write_xml_error(const WireTarget *t, const HttpRequest *r, const Error *err, const char *code, int http,
                            const char *request_id, Str *out)
{
    str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (t->protocol == PROTOCOL_REST_XML) {
        str_add(out, "<Error>");
        write_code_message(err, code, out);
        write_params(err, out);
        xml_write_element(out, "Resource", r->raw_path);
        xml_write_element(out, "RequestId", request_id);
        xml_write_element(out, "HostId", request_id);
        str_add(out, "</Error>");
    } else if (t->protocol == PROTOCOL_EC2) {
        str_add(out, "<Response><Errors><Error>");
        write_code_message(err, code, out);
        str_add(out, "</Error></Errors>");
        xml_write_element(out, "RequestID", request_id);
        str_add(out, "</Response>");
    } else {
        str_addf(out, "<ErrorResponse xmlns=\"%s\"><Error>", t->service ? model_text(t->service->xml_namespace) : "");
        xml_write_element(out, "Type", http >= 500 ? "Receiver" : "Sender");
        write_code_message(err, code, out);
        write_params(err, out);
        str_add(out, "</Error>");
        xml_write_element(out, "RequestId", request_id);
        str_add(out, "</ErrorResponse>");
    }
}

void wire_write_error(const WireTarget *t, HttpRequest *r, const Error *err, const char *request_id, HttpResponse *response)
{
    const char *code = error_code(err);
    const ModelShape *shape = t->operation ? model_error(t->operation, code) : NULL;
    /* A handler may have begun its answer. */
    if (response->file_fd >= 0)
        close(response->file_fd);
    response->file_fd = -1;
    response->stream = NULL;
    response->status = error_http(t, err, shape);
    response->body = NULL;
    response->body_len = 0;
    if (response->status == 304)
        return;
    str_auto text = STR_INIT(RESPONSE_MAX);
    if (t->protocol == PROTOCOL_JSON) {
        http_add_header(r, response, "x-amzn-ErrorType", code);
        write_json_error(err, shape, code, &text);
        set_body(r, response, &text, json_type(t));
    } else if (t->protocol == PROTOCOL_CBOR) {
        cbor_write_error(&text, code, err->message);
        set_body(r, response, &text, "application/cbor");
        http_add_header(r, response, "smithy-protocol", "rpc-v2-cbor");
        http_add_header(r, response, "x-amzn-query-error", arena_printf(r->arena, "%s;Sender", code));
    } else {
        if (shape && shape->error_code)
            code = model_text(shape->error_code);
        write_xml_error(t, r, err, code, response->status, request_id, &text);
        set_body(r, response, &text, t->protocol == PROTOCOL_REST_XML ? "application/xml" : "text/xml");
    }
}
