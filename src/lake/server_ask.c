/* lake/server_ask.c -- see server_ask.h. */
#include "lake/server_ask.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "os/sigv4.h"

#include <time.h>

enum { RETRY_MS = 60 * 1000, RETRY_FIRST_MS = 50, RETRY_MOST_MS = 2000 };

static const char *host_of(Arena *a, const char *endpoint)
{
    const char *start = strstr(endpoint, "://");
    start = start ? start + 3 : endpoint;
    return arena_strn(a, start, strcspn(start, "/"));
}

static Status send_once(const LakeCredentials *c, Arena *a, const ServerRequest *q, ClientAnswer *ret_answer, bool *ret_sent, Error *err)
{
    char hash[SHA256_HEX_BYTES];
    sha256_hex(q->body, q->length, hash);
    HttpPairs headers = { 0 };
    vec_push(a, &headers, (HttpPair){ "Host", host_of(a, c->endpoint) });
    for (size_t i = 0; i < q->headers.len; i++)
        vec_push(a, &headers, q->headers.at[i]);
    SigV4Identity identity = { c->access_key, c->secret_key, c->session_token, c->region, q->service };
    sigv4_sign(a, &identity, clock_ms(), q->method, q->path, q->query ? q->query : "", hash, &headers);
    size_t n = strlen(c->endpoint);
    ClientRequest request = { .method = q->method, .headers = headers, .body = q->body, .body_len = q->length,
                              .url = arena_printf(a, "%.*s%s%s%s", (int)(n && c->endpoint[n - 1] == '/' ? n - 1 : n), c->endpoint,
                                                  q->path, q->query ? "?" : "", q->query ? q->query : ""),
                              .max_body_bytes = LIMIT_PLAN_MESSAGE };
    return client_send(a, &request, ret_answer, ret_sent, err);
}

Status server_send(const LakeCredentials *credentials, Arena *a, const ServerRequest *request, ClientAnswer *ret_answer, Error *err)
{
    int64_t until_ms = clock_monotonic_ms() + RETRY_MS;
    for (int64_t wait_ms = RETRY_FIRST_MS;; wait_ms = wait_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : wait_ms * 2) {
        Error error = ERROR_INIT;
        bool sent = true;
        Status status = send_once(credentials, a, request, ret_answer, &sent, &error);
        bool again = (status == ST_IO && (request->repeatable || !sent)) || (status == ST_OK && ret_answer->status == 503);
        if (!again || clock_monotonic_ms() + wait_ms > until_ms) {
            if (status != ST_OK && err)
                *err = error;
            return status;
        }
        nanosleep(&(struct timespec){ wait_ms / 1000, wait_ms % 1000 * 1000000 }, NULL);
    }
}

static Status fail_answer(const ClientAnswer *answer, const Val *body, Error *err)
{
    const char *code = val_str(body, "code"), *message = val_str(body, "message"), *name = val_str(body, "status");
    Status status = ST_IO;
    for (Status s = ST_INVALID; name && s <= ST_INTERNAL; s++) {
        if (str_eq(status_name(s), name))
            status = s;
    }
    if (!message)
        return FAIL(err, ST_IO, "the server answered with status %d", answer->status);
    error_set_code(err, status, code ? code : "", "%s", message);
    if (err)
        err->http = answer->status;
    return status;
}

Status server_ask(const LakeCredentials *credentials, Arena *a, const char *path, bool repeatable, const Val *request,
                  Val **ret_answer, Error *err)
{
    ClientAnswer answer = { 0 };
    Val *body = NULL;
    const char *text = val_to_json(a, request);
    ServerRequest q = { .method = "POST", .service = "weir", .path = path, .body = text, .length = strlen(text), .repeatable = repeatable };
    TRY(server_send(credentials, a, &q, &answer, err));
    bool read = val_from_json(a, answer.body, answer.body_len, &body);
    if (answer.status != 200 || !read)
        return fail_answer(&answer, read ? body : NULL, err);
    *ret_answer = body;
    return ST_OK;
}
