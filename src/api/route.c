/* api/route.c -- see route.h. */
#include "api/route.h"

#include "base/str.h"
#include "wire/query.h"
#include "wire/rest.h"

#include <arpa/inet.h>

static Status set_operation(Exchange *x, const ModelService *service, const char *name, Error *err)
{
    x->target.service = service;
    x->target.operation_name = name;
    x->target.operation = model_operation(service, name);
    const char *id = model_text(service->signing_name);
    bool json = x->target.protocol == PROTOCOL_JSON || x->target.protocol == PROTOCOL_CBOR;
    if (!x->target.operation)
        return FAIL_CODE(err, ST_INVALID, json ? "UnknownOperationException" : "InvalidAction", "%s has no operation %.200s", id,
                         name);
    x->operation = operation_find(model_text(service->id), name);
    if (!x->operation)
        return FAIL_CODE(err, ST_UNSUPPORTED, json ? "UnknownOperationException" : "NotImplemented",
                         "weir does not implement AWS %s:%s yet", id, name);
    return ST_OK;
}

static Status unknown_service(const char *what, Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "UnknownOperationException", "weir has no AWS service for %.200s", what);
}

static Status route_target(Exchange *x, const char *target, Error *err)
{
    const char *dot = strrchr(target, '.');
    x->target.protocol = PROTOCOL_JSON;
    const ModelService *service = dot ? model_service_by_target(target, (size_t)(dot - target)) : NULL;
    if (!service || !(service->protocols & PROTOCOL_JSON))
        return unknown_service(target, err);
    return set_operation(x, service, dot + 1, err);
}

/* POST /service/GraniteServiceVersion20100801/operation/PutMetricData */
static Status route_cbor(Exchange *x, HttpRequest *r, Error *err)
{
    static const char before[] = "/service/", between[] = "/operation/";
    x->target.protocol = PROTOCOL_CBOR;
    const char *name = str_starts(r->raw_path, before) ? r->raw_path + strlen(before) : "", *end = strstr(name, between);
    const ModelService *service = end ? model_service_by_target(name, (size_t)(end - name)) : NULL;
    if (!service || !(service->protocols & PROTOCOL_CBOR))
        return unknown_service(r->raw_path, err);
    return set_operation(x, service, end + strlen(between), err);
}

static const ModelService *scope_service(const Exchange *x)
{
    const char *name = x->claim.scope.service;
    return name ? model_service_by_signing_name(name, strlen(name)) : NULL;
}

static const char *form_value(const HttpPairs *form, const char *name)
{
    for (size_t i = 0; i < form->len; i++)
        if (str_eq(form->at[i].name, name))
            return form->at[i].value;
    return NULL;
}

Status route_form(Exchange *x, HttpRequest *r, Error *err)
{
    HttpPairs *form = &x->target.form;
    if (x->form_body)
        TRY(form_read(r->arena, r->body, r->body_len, form, err));
    for (size_t i = 0; i < r->query.len; i++)
        vec_push(r->arena, form, r->query.at[i]);
    const char *action = form_value(form, "Action"), *version = form_value(form, "Version");
    if (!action)
        return FAIL_CODE(err, ST_INVALID, "MissingAction", "The request must contain the parameter Action");
    const ModelService *service = scope_service(x);
    if (!service)
        service = model_service_by_version(version ? version : "", action);
    if (!service || !(service->protocols & (PROTOCOL_QUERY | PROTOCOL_EC2)))
        return unknown_service(x->claim.scope.service ? x->claim.scope.service : action, err);
    x->target.protocol = service->protocols & PROTOCOL_EC2 ? PROTOCOL_EC2 : PROTOCOL_QUERY;
    return set_operation(x, service, action, err);
}

/* --- S3 --- */

/* The bucket of a virtual host, or NULL: the path begins with it. */
static const char *host_bucket(HttpRequest *r)
{
    const char *header = http_header(r, "Host");
    if (!header || header[0] == '[')
        return NULL;
    char *host = arena_strn(r->arena, header, strcspn(header, ":"));
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1)
        return NULL;
    char *end = strstr(host, ".s3.");
    if (!end)
        end = strstr(host, ".s3-");
    if (!end && str_ends(host, ".localhost"))
        end = host + strlen(host) - strlen(".localhost");
    if (!end || end == host)
        return NULL;
    *end = 0;
    return str_eq(host, "s3") || str_starts(host, "s3.") ? NULL : host;
}

static Status route_s3(Exchange *x, HttpRequest *r, Error *err)
{
    const ModelService *s3 = model_service("s3");
    x->target.service = s3;
    x->target.protocol = PROTOCOL_REST_XML;
    if (x->claim.scope.service && !scope_service(x)) {
        x->target.protocol = PROTOCOL_JSON; /* x-amzn-ErrorType is what REST clients of unknown services understand */
        return unknown_service(x->claim.scope.service, err);
    }
    const char *bucket = host_bucket(r), *path = r->raw_path;
    if (bucket)
        path = arena_printf(r->arena, "/%s%s", bucket, r->raw_path);
    x->resource = path;
    const ModelOperation *operation = rest_match(s3, r, path, &x->target.labels);
    if (!operation) {
        x->target.operation_name = "Unknown";
        FAIL_CODE(err, ST_INVALID, "MethodNotAllowed", "The specified method is not allowed against this resource.");
        if (err)
            err->http = 405;
        return ST_INVALID;
    }
    return set_operation(x, s3, model_text(operation->name), err);
}

static bool is_form(const HttpRequest *r)
{
    const char *type = http_header(r, "Content-Type"), *service = http_header(r, "Authorization");
    return str_eq(r->method, "POST") && str_eq(r->raw_path, "/") && type &&
           str_istarts(type, "application/x-www-form-urlencoded") && !(service && strstr(service, "/s3/aws4_request"));
}

Status route_head(Exchange *x, HttpRequest *r, Error *err)
{
    const char *target = http_header(r, "X-Amz-Target"), *smithy = http_header(r, "smithy-protocol");
    if (target)
        return route_target(x, target, err);
    if (smithy && str_eq(smithy, "rpc-v2-cbor"))
        return route_cbor(x, r, err);
    if (is_form(r)) {
        x->form_body = true;
        x->target.protocol = PROTOCOL_QUERY;
        return ST_OK;
    }
    if (str_eq(r->raw_path, "/") && http_query(r, "Action")) {
        x->target.protocol = PROTOCOL_QUERY;
        return route_form(x, r, err);
    }
    return route_s3(x, r, err);
}
