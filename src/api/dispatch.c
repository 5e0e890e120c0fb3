/* api/dispatch.c -- see api.h. */
#include "api/api.h"
#include "api/authenticate.h"
#include "api/chunks.h"
#include "api/metrics.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "lake/objects.h"
#include "series/series.h"
#include "svc/emr/metrics.h"
#include "wire/rest.h"

#include <stdlib.h>
#include <zlib.h>

#include "weir_config.h"

enum { GZIP_HEADER = 16 }; /* added to zlib's window bits */

struct Api {
    Server *server;
    Metrics *metrics;
};

Status api_metrics(Call *call, Error *err);

/* --- answering --- */

static bool is_s3(const Exchange *x)
{
    return !x->inner && x->target.protocol == PROTOCOL_REST_XML;
}

static void finish(Api *api, HttpRequest *r, HttpResponse *response)
{
    Exchange *x = r->user;
    http_add_header(r, response, "Server", "weir/" WEIR_VERSION);
    if (is_s3(x)) {
        http_add_header(r, response, "x-amz-request-id", x->request_id);
        http_add_header(r, response, "x-amz-id-2", x->request_id);
    } else {
        http_add_header(r, response, "x-amzn-RequestId", x->request_id);
    }
    const ModelService *service = x->target.service;
    const ModelOperation *operation = x->target.operation;
    const char *service_name = x->inner ? "weir" : service ? model_text(service->id) : "unknown";
    const char *operation_name = x->inner ? x->inner->path : operation ? model_text(operation->name) : "Unknown";
    int64_t took_us = clock_us() - x->started_us;
    metrics_add(api->metrics, service_name, operation_name, response->status, took_us);
    log_debug("%s %s:%s %d %s %lld us", r->client, service_name, operation_name, response->status, x->request_id,
              (long long)took_us);
}

static int inner_http(const Error *err)
{
    switch (err->status) {
    case ST_DENIED: return 403;
    case ST_NOT_FOUND: return 404;
    case ST_CONFLICT: return 409;
    case ST_LIMIT: return 413;
    case ST_IO:
    case ST_INTERNAL: return 500;
    default: return 400;
    }
}

/* {"code":…,"message":…}: what lake_open_server reads. */
static void inner_error(HttpRequest *r, const Error *err, HttpResponse *response)
{
    Val *v = val_map(r->arena);
    val_set_str(r->arena, v, "code", err->code);
    val_set_str(r->arena, v, "message", err->message);
    val_set_str(r->arena, v, "status", status_name(err->status));
    char *text = val_to_json(r->arena, v);
    response->status = err->http ? err->http : inner_http(err);
    response->body = text;
    response->body_len = strlen(text);
    http_add_header(r, response, "Content-Type", "application/json");
}

static void answer_error(Api *api, HttpRequest *r, Error *err, HttpResponse *response)
{
    Exchange *x = r->user;
    if (err->status == ST_IO || err->status == ST_INTERNAL) {
        log_error("%s %s: request %s: %s", r->method, r->raw_path, x->request_id, err->message);
        if (!err->code[0])
            FAIL_CODE(err, err->status, is_s3(x) ? "InternalError" : "InternalFailure",
                      "weir failed on request %s: its log says why", x->request_id);
    }
    if (x->inner)
        inner_error(r, err, response);
    else
        wire_write_error(&x->target, r, err, x->request_id, response);
    finish(api, r, response);
}

/* --- the head --- */

static Exchange *new_exchange(Api *api, HttpRequest *r)
{
    Exchange *x = ARENA_NEW(r->arena, Exchange);
    x->server = api->server;
    x->started_us = clock_us();
    x->request_id = random_uuid(r->arena);
    x->target.protocol = PROTOCOL_REST_XML;
    x->chunks_error = ERROR_INIT;
    r->user = x;
    return x;
}

static Status decoded_write(void *self, const void *bytes, size_t length, Error *err)
{
    Str *text = self;
    str_addn(text, bytes, length);
    return text->overflow ? FAIL_CODE(err, ST_LIMIT, "EntityTooLarge", "the body is too large") : ST_OK;
}

static Status framed_write(void *self, const void *bytes, size_t length, Error *err)
{
    Exchange *x = self;
    (void)err; /* kept for when the answer is due */
    return x->chunks_error.status ? x->chunks_error.status : chunks_write(x->chunks, bytes, length, &x->chunks_error);
}

/* Where the body goes: an object's into a spool, chunks through their decoder, all else into memory. */
static Status choose_sink(Exchange *x, HttpRequest *r, HttpSink *ret_sink, Error *err)
{
    HttpSink sink = { 0 };
    if (x->target.operation && rest_streams_body(x->target.operation)) {
        TRY(spool_new(x->server->objects, spool_digests_wanted(r), LIMIT_OBJECT_PUT, &x->spool, err));
        sink = (HttpSink){ spool_sink_write, x->spool };
    }
    const char *hash = http_header(r, "x-amz-content-sha256");
    if (chunks_is_streaming(hash)) {
        if (!sink.write) {
            x->decoded = STR_INIT(LIMIT_API_BODY);
            sink = (HttpSink){ decoded_write, &x->decoded };
        }
        ChunksOptions options = { .signatures = !str_starts(hash, "STREAMING-UNSIGNED"),
                                  .verify = !x->server->auth_off,
                                  .claim = &x->claim,
                                  .secret_key = x->secret_key,
                                  .sink = sink };
        x->chunks = chunks_new(r->arena, &options);
        sink = (HttpSink){ framed_write, x };
    }
    *ret_sink = sink;
    return ST_OK;
}

static Status begin(Exchange *x, HttpRequest *r, HttpSink *ret_sink, Error *err)
{
    x->inner = inner_find(r->method, r->raw_path, x->server->auth_off);
    TRY(authenticate_claim(x, r, err));
    if (x->inner && x->inner->access != INNER_SIGNED)
        return ST_OK;
    if (!x->inner && str_starts(r->raw_path, "/_weir/"))
        return FAIL_CODE(err, ST_NOT_FOUND, "NotFound", "weir has no endpoint %s %s", r->method, r->raw_path);
    if (!x->inner) {
        /* Who may not ask is not told what there is. */
        Error routed = ERROR_INIT;
        Status status = route_head(x, r, &routed);
        TRY(authenticate_key(x, r, err));
        if (status != ST_OK) {
            if (err)
                *err = routed;
            return status;
        }
    } else {
        TRY(authenticate_key(x, r, err));
    }
    if (is_s3(x)) /* its signature is over the head alone */
        TRY(authenticate_signature(x, r, NULL, 0, err));
    return choose_sink(x, r, ret_sink, err);
}

static void on_begin(void *self, HttpRequest *r, HttpSink *ret_sink, size_t *ret_memory_limit, HttpResponse *response)
{
    Api *api = self;
    Exchange *x = new_exchange(api, r);
    Error err = ERROR_INIT;
    *ret_memory_limit = LIMIT_API_BODY;
    if (begin(x, r, ret_sink, &err) != ST_OK)
        answer_error(api, r, &err, response);
}

/* --- the body is there --- */

static void set_header(HttpRequest *r, const char *name, const char *value)
{
    for (size_t i = 0; i < r->headers.len; i++)
        if (str_ieq(r->headers.at[i].name, name)) {
            r->headers.at[i].value = value;
            return;
        }
    vec_push(r->arena, &r->headers, (HttpPair){ name, value });
}

/* aws-chunked is the wire's encoding, not the object's. */
static void strip_chunked(HttpRequest *r)
{
    const char *encoding = http_header(r, "Content-Encoding");
    str_auto rest = STR_INIT(LIMIT_HTTP_HEADERS);
    for (const char *at = encoding ? encoding : ""; *at;) {
        at += strspn(at, ", ");
        size_t length = strcspn(at, ", ");
        if (length > 0 && strncmp(at, "aws-chunked", length) != 0)
            str_addf(&rest, "%s%.*s", rest.len ? "," : "", (int)length, at);
        at += length;
    }
    if (!encoding)
        return;
    if (rest.len)
        set_header(r, "Content-Encoding", str_arena(&rest, r->arena));
    for (size_t i = 0; rest.len == 0 && i < r->headers.len; i++)
        if (str_ieq(r->headers.at[i].name, "Content-Encoding"))
            r->headers.at[i].name = "x-weir-was-content-encoding";
}

static Status finish_chunks(Exchange *x, HttpRequest *r, Error *err)
{
    HttpPairs trailers = { 0 };
    int64_t length;
    const char *told = http_header(r, "x-amz-decoded-content-length");
    if (x->chunks_error.status) {
        if (err)
            *err = x->chunks_error;
        return x->chunks_error.status;
    }
    TRY(chunks_finish(x->chunks, told && str_to_i64(told, &length) ? length : -1, &trailers, err));
    for (size_t i = 0; i < trailers.len; i++)
        vec_push(r->arena, &r->headers, trailers.at[i]);
    strip_chunked(r);
    if (!x->spool) {
        r->body = str_arena(&x->decoded, r->arena);
        r->body_len = x->decoded.len;
    }
    return ST_OK;
}

/* x-amz-content-sha256 is signed: the body must be what it says. */
static Status check_payload(Exchange *x, HttpRequest *r, Error *err)
{
    const char *claimed = x->claim.payload_hash;
    char computed[SHA256_HEX_BYTES];
    if (!claimed || strlen(claimed) != SHA256_HEX_BYTES - 1 || x->server->auth_off)
        return ST_OK;
    if (x->spool)
        hex_encode(spool_digest(x->spool, DIGEST_SHA256), SHA256_BYTES, computed);
    else
        sha256_hex(r->body, r->body_len, computed);
    if (str_ieq(claimed, computed))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "XAmzContentSHA256Mismatch",
                     "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

static Status finish_body(Exchange *x, HttpRequest *r, Error *err)
{
    if (r->too_large) {
        FAIL_CODE(err, ST_LIMIT, is_s3(x) ? "MaxMessageLengthExceeded" : "RequestEntityTooLargeException",
                  "The request body is larger than %d bytes", LIMIT_API_BODY);
        if (err)
            err->http = is_s3(x) ? 400 : 413;
        return ST_LIMIT;
    }
    if (x->chunks)
        TRY(finish_chunks(x, r, err));
    if (x->spool)
        TRY(spool_finish(x->spool, err));
    return is_s3(x) ? check_payload(x, r, err) : ST_OK;
}

/* SDKs compress large requests of some services (PutMetricData); S3's bodies are as they are. */
static Status inflate_body(Exchange *x, HttpRequest *r, Error *err)
{
    const char *encoding = http_header(r, "Content-Encoding");
    if (is_s3(x) || !encoding || !str_ieq(encoding, "gzip"))
        return ST_OK;
    char *plain = arena_alloc(r->arena, LIMIT_API_BODY + 1);
    z_stream z = { .next_in = (Bytef *)(uintptr_t)r->body, .avail_in = (uInt)r->body_len, .next_out = (Bytef *)plain,
                   .avail_out = LIMIT_API_BODY };
    if (inflateInit2(&z, MAX_WBITS + GZIP_HEADER) != Z_OK)
        return FAIL(err, ST_INTERNAL, "zlib does not start");
    int result = inflate(&z, Z_FINISH);
    size_t length = z.total_out;
    inflateEnd(&z);
    if (result != Z_STREAM_END)
        return FAIL_CODE(err, ST_INVALID, "SerializationException", "the request body is no gzip of at most %d bytes", LIMIT_API_BODY);
    r->body = plain;
    r->body_len = length;
    return ST_OK;
}

static Status run_handler(Exchange *x, HttpRequest *r, HttpResponse *response, Error *err)
{
    const Val *nothing = val_map(r->arena);
    Val *input = NULL, *output = val_map(r->arena);
    if (!x->inner)
        TRY(wire_read(&x->target, r, &input, err));
    Call call = { .arena = r->arena,
                  .server = x->server,
                  .principal = &x->principal,
                  .service = x->inner ? "weir" : x->operation->service,
                  .operation = x->inner ? x->inner->path : x->operation->name,
                  .region = x->claim.scope.region && x->claim.scope.region[0] ? x->claim.scope.region : x->server->region,
                  .request_id = x->request_id,
                  .input = input ? input : nothing,
                  .output = output,
                  .request = r,
                  .response = response,
                  .body = x->spool };
    TRY((x->inner ? x->inner->handler : x->operation->handler)(&call, err));
    if (!x->inner)
        wire_write(&x->target, r, output, x->request_id, response);
    else if (!response->status)
        response->status = 200;
    return ST_OK;
}

static Status respond(Exchange *x, HttpRequest *r, HttpResponse *response, Error *err)
{
    bool open = x->inner && x->inner->access != INNER_SIGNED;
    TRY(finish_body(x, r, err));
    x->sent = r->body;
    x->sent_len = r->body_len;
    TRY(inflate_body(x, r, err));
    if (x->form_body) {
        Error routed = ERROR_INIT;
        Status status = route_form(x, r, &routed);
        if (status != ST_OK && x->target.operation) /* known, not implemented: only to who may ask */
            TRY(authenticate_signature(x, r, x->sent, x->sent_len, err));
        if (status != ST_OK) {
            if (err)
                *err = routed;
            return status;
        }
    }
    if (!open)
        TRY(authenticate_signature(x, r, x->sent, x->sent_len, err));
    return run_handler(x, r, response, err);
}

static void on_respond(void *self, HttpRequest *r, HttpResponse *response)
{
    Api *api = self;
    Error err = ERROR_INIT;
    if (respond(r->user, r, response, &err) == ST_OK)
        finish(api, r, response);
    else
        answer_error(api, r, &err, response);
}

static void on_done(void *self, HttpRequest *r)
{
    (void)self;
    Exchange *x = r->user;
    if (!x)
        return;
    spool_done(x->spool);
    str_done(&x->decoded);
}

/* --- the Api --- */

static void series_prometheus(Series *series, Str *out)
{
    SeriesUsage usage;
    series_usage(series, &usage);
    str_addf(out, "# TYPE weir_series_metrics gauge\nweir_series_metrics %lld\n", (long long)usage.metrics);
    str_addf(out, "# TYPE weir_series_points_total counter\nweir_series_points_total %lld\n", (long long)usage.points);
    str_addf(out, "# TYPE weir_series_disk_bytes gauge\nweir_series_disk_bytes %lld\n", (long long)usage.disk_bytes);
}

Status api_metrics(Call *call, Error *err)
{
    str_auto text = STR_INIT(LIMIT_API_BODY);
    metrics_write(call->server->metrics, &text);
    TRY(emr_prometheus(call->server, &text, err));
    series_prometheus(call->server->series, &text);
    call->response->body = str_arena(&text, call->arena);
    call->response->body_len = text.len;
    http_add_header(call->request, call->response, "Content-Type", "text/plain; version=0.0.4");
    return ST_OK;
}

Api *api_new(Server *server)
{
    Api *api = calloc(1, sizeof *api);
    if (!api)
        abort();
    api->server = server;
    api->metrics = server->metrics = metrics_new();
    return api;
}

HttpHandler api_handler(Api *api)
{
    return (HttpHandler){ .self = api, .begin = on_begin, .respond = on_respond, .done = on_done };
}

void api_free(Api *api)
{
    if (!api)
        return;
    api->server->metrics = NULL;
    metrics_free(api->metrics);
    free(api);
}
