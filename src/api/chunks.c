/* api/chunks.c -- a state machine over the framing: SIZE[;chunk-signature=HEX]\r\n DATA \r\n … 0…\r\n [trailers] \r\n */
#include "api/chunks.h"

#include "base/str.h"

#include <ctype.h>

enum { LINE_MAX_BYTES = 4096, SIZE_DIGITS = 15, TRAILERS_MAX = 16 };

typedef enum State { CHUNK_LINE, CHUNK_DATA, CHUNK_END, TRAILER_LINE, FINISHED } State;

struct Chunks {
    Arena *arena;
    ChunksOptions options;
    uint8_t key[SHA256_BYTES];
    State state;
    char line[LINE_MAX_BYTES];
    size_t line_len;
    uint64_t left;          /* of the chunk's data */
    int64_t total;
    const char *signature;  /* of the chunk under way */
    const char *previous;
    Sha256 *hash;           /* of the chunk's data */
    HttpPairs trailers;
    bool trailers_signed;
};

bool chunks_is_streaming(const char *payload_hash)
{
    return payload_hash && str_starts(payload_hash, "STREAMING-");
}

static void drop_hash(void *self)
{
    sha256_free(((Chunks *)self)->hash);
}

Chunks *chunks_new(Arena *a, const ChunksOptions *options)
{
    Chunks *c = ARENA_NEW(a, Chunks);
    c->arena = a;
    c->options = *options;
    c->previous = options->claim->signature;
    c->hash = NULL;
    if (options->signatures && options->verify) {
        sigv4_key(options->secret_key, &options->claim->scope, c->key);
        arena_defer(a, drop_hash, c);
    }
    return c;
}

static Status broken(const char *what, Error *err)
{
    return FAIL_CODE(err, ST_INVALID, "InvalidRequest", "The aws-chunked body is malformed: %s", what);
}

static Status mismatch(const char *what, Error *err)
{
    FAIL_CODE(err, ST_DENIED, "SignatureDoesNotMatch", "The signature of %s does not match.", what);
    if (err)
        err->http = 403;
    return ST_DENIED;
}

static bool verifying(const Chunks *c)
{
    return c->options.signatures && c->options.verify;
}

static Status begin_chunk(Chunks *c, Error *err)
{
    static const char name[] = "chunk-signature=";
    size_t digits = strspn(c->line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > SIZE_DIGITS || (c->line[digits] && c->line[digits] != ';' && c->line[digits] != ' '))
        return broken("a chunk size is expected", err);
    c->left = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = tolower((unsigned char)c->line[i]);
        c->left = c->left << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    const char *at = strstr(c->line, name);
    if (c->options.signatures && !at)
        return broken("a chunk has no signature", err);
    c->signature = at ? arena_strn(c->arena, at + strlen(name), strcspn(at + strlen(name), "; ")) : "";
    if (verifying(c))
        c->hash = sha256_new();
    c->state = CHUNK_DATA;
    return ST_OK;
}

static Status end_chunk(Chunks *c, bool last, Error *err)
{
    if (verifying(c)) {
        uint8_t digest[SHA256_BYTES];
        sha256_finish(c->hash, digest);
        c->hash = NULL;
        const SigV4Claim *claim = c->options.claim;
        const char *right = sigv4_chunk_signature(c->arena, claim->amz_date, &claim->scope, c->key, c->previous, digest, false);
        if (!secret_equal(right, c->signature))
            return mismatch("a chunk", err);
        c->previous = right;
    }
    c->state = last ? TRAILER_LINE : CHUNK_END;
    return ST_OK;
}

/* "x-amz-trailer-signature" signs the trailers before it, each as name:value\n. */
static Status check_trailers(Chunks *c, const char *signature, Error *err)
{
    str_auto text = STR_INIT(LINE_MAX_BYTES * TRAILERS_MAX);
    uint8_t digest[SHA256_BYTES];
    const SigV4Claim *claim = c->options.claim;
    for (size_t i = 0; i < c->trailers.len; i++)
        str_addf(&text, "%s:%s\n", c->trailers.at[i].name, c->trailers.at[i].value);
    sha256(str_text(&text), text.len, digest);
    const char *right = sigv4_chunk_signature(c->arena, claim->amz_date, &claim->scope, c->key, c->previous, digest, true);
    return secret_equal(right, signature) ? ST_OK : mismatch("the trailing headers", err);
}

static Status take_trailer(Chunks *c, Error *err)
{
    char *colon = strchr(c->line, ':');
    if (c->line_len == 0) {
        c->state = FINISHED;
        return verifying(c) && c->trailers.len > 0 && !c->trailers_signed ? mismatch("the trailing headers", err) : ST_OK;
    }
    if (!colon || c->trailers.len == TRAILERS_MAX)
        return broken("a trailing header is expected", err);
    *colon = 0;
    for (char *at = c->line; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    const char *value = colon + 1 + strspn(colon + 1, " ");
    if (str_eq(c->line, "x-amz-trailer-signature")) {
        c->trailers_signed = true;
        return verifying(c) ? check_trailers(c, value, err) : ST_OK;
    }
    vec_push(c->arena, &c->trailers, (HttpPair){ arena_str(c->arena, c->line), arena_str(c->arena, value) });
    return ST_OK;
}

static Status end_line(Chunks *c, Error *err)
{
    if (c->line_len > 0 && c->line[c->line_len - 1] == '\r')
        c->line_len--;
    c->line[c->line_len] = 0;
    Status status = ST_OK;
    if (c->state == CHUNK_LINE)
        status = begin_chunk(c, err);
    else if (c->state == CHUNK_END && c->line_len == 0)
        c->state = CHUNK_LINE;
    else if (c->state == CHUNK_END)
        status = broken("a chunk is longer than its size", err);
    else
        status = take_trailer(c, err);
    c->line_len = 0;
    if (status == ST_OK && c->state == CHUNK_DATA && c->left == 0)
        return end_chunk(c, true, err);
    return status;
}

static Status take_data(Chunks *c, const char *bytes, size_t length, Error *err)
{
    if (verifying(c))
        sha256_add(c->hash, bytes, length);
    TRY(c->options.sink.write(c->options.sink.self, bytes, length, err));
    c->total += (int64_t)length;
    c->left -= length;
    return c->left == 0 ? end_chunk(c, false, err) : ST_OK;
}

Status chunks_write(void *self, const void *bytes, size_t length, Error *err)
{
    Chunks *c = self;
    const char *at = bytes, *end = at + length;
    while (at < end) {
        if (c->state == FINISHED)
            return broken("bytes after its end", err);
        if (c->state == CHUNK_DATA) {
            size_t part = (uint64_t)(end - at) < c->left ? (size_t)(end - at) : (size_t)c->left;
            TRY(take_data(c, at, part, err));
            at += part;
        } else if (*at++ == '\n') {
            TRY(end_line(c, err));
        } else if (c->line_len < LINE_MAX_BYTES - 1) {
            c->line[c->line_len++] = at[-1];
        } else {
            return broken("a line is too long", err);
        }
    }
    return ST_OK;
}

Status chunks_finish(Chunks *c, int64_t decoded_length, HttpPairs *ret_trailers, Error *err)
{
    if (c->state != FINISHED || (decoded_length >= 0 && c->total != decoded_length))
        return FAIL_CODE(err, ST_INVALID, "IncompleteBody",
                         "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header");
    *ret_trailers = c->trailers;
    return ST_OK;
}
