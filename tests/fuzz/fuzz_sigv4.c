/* fuzz_sigv4.c -- a request's line and headers, one a line: claims are read or refused, requests canonicalized; then the rest
 * as an aws-chunked body in pieces of all sizes. */
#include <stddef.h>
#include <stdint.h>

#include "api/chunks.h"
#include "base/str.h"
#include "os/sigv2.h"
#include "os/sigv4.h"
#include "wire/query.h"
#include "wire/rest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Status sink(void *self, const void *bytes, size_t length, Error *err)
{
    (void)bytes, (void)err;
    *(size_t *)self += length;
    return ST_OK;
}

/* "path?query", then "name:value" lines, an empty line, the body. */
static size_t read_head(HttpRequest *r, char *text, size_t size)
{
    size_t at = 0;
    for (int line = 0; at < size; line++) {
        size_t length = strcspn(text + at, "\n");
        char *start = text + at;
        at += length + 1;
        start[length] = 0;
        if (length == 0)
            break;
        char *split = strpbrk(start, line == 0 ? "?" : ":");
        if (split)
            *split++ = 0;
        if (line == 0) {
            r->raw_path = start;
            r->raw_query = split ? split : "";
            form_read(r->arena, r->raw_query, strlen(r->raw_query), &r->query, NULL);
        } else if (split) {
            vec_push(r->arena, &r->headers, (HttpPair){ start, split });
        }
    }
    return at < size ? at : size;
}

static void feed(Arena *a, const SigV4Claim *claim, const char *body, size_t size, bool signatures)
{
    size_t total = 0;
    ChunksOptions options = { .signatures = signatures, .verify = signatures, .claim = claim, .secret_key = "secret",
                              .sink = { sink, &total } };
    Chunks *chunks = chunks_new(a, &options);
    HttpPairs trailers;
    for (size_t at = 0, piece = 1; at < size; piece = piece * 2 % 1021 + 1) {
        size_t part = size - at < piece ? size - at : piece;
        if (chunks_write(chunks, body + at, part, NULL) != ST_OK)
            return;
        at += part;
    }
    chunks_finish(chunks, -1, &trailers, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    char *text = arena_strn(a, (const char *)data, size);
    HttpRequest r = { .arena = a, .method = "PUT", .raw_path = "/", .raw_query = "" };
    HttpPairs labels = { 0 };
    size_t at = read_head(&r, text, size);
    SigV4Claim claim;
    SigV2Claim older;
    if (sigv4_claim(&r, &claim, NULL) == ST_OK && claim.present) {
        sigv4_verify(&r, &claim, "UNSIGNED-PAYLOAD", true, "secret");
        sigv4_verify(&r, &claim, "UNSIGNED-PAYLOAD", false, "secret");
        feed(a, &claim, text + at, size - at, true);
        feed(a, &claim, text + at, size - at, false);
    }
    if (sigv2_claim(&r, &older))
        sigv2_signature(a, &r, r.raw_path, &older, "secret");
    rest_match(model_service("s3"), &r, r.raw_path, &labels);
    return 0;
}
