/* Signature version 4 against the examples of AWS's documentation: "Authenticating Requests" (S3) and the IAM example of
 * "Create a signed AWS API request". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/clock.h"
#include "os/sigv4.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const SigV4Scope s3_scope = { "20130524", "us-east-1", "s3" };

static HttpPairs headers_of(Arena *a, const char *const *texts)
{
    HttpPairs headers = { 0 };
    for (size_t i = 0; texts[i]; i += 2)
        vec_push(a, &headers, (HttpPair){ texts[i], texts[i + 1] });
    return headers;
}

static HttpRequest *request_of(Arena *a, const char *method, const char *path, const char *query, const char *const *headers)
{
    HttpRequest *r = ARENA_NEW(a, HttpRequest);
    *r = (HttpRequest){ .arena = a, .method = method, .raw_path = path, .raw_query = query, .headers = headers_of(a, headers) };
    return r;
}

static void get_object_with_a_range(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    uint8_t key[SHA256_BYTES];
    HttpPairs headers = headers_of(a, (const char *const[]){ "Host", "examplebucket.s3.amazonaws.com", "Range", "bytes=0-9",
                                                             "X-Amz-Content-SHA256", EMPTY, "x-amz-date", "20130524T000000Z", NULL });
    SigV4Message message = { "GET", "/test.txt", "", &headers, "host;range;x-amz-content-sha256;x-amz-date", EMPTY, true };
    sigv4_key(SECRET, &s3_scope, key);
    assert_string_equal(sigv4_signature(a, &message, "20130524T000000Z", &s3_scope, key),
                        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void list_objects_sorts_its_query(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    uint8_t key[SHA256_BYTES];
    HttpPairs headers = headers_of(a, (const char *const[]){ "Host", "examplebucket.s3.amazonaws.com", "x-amz-content-sha256", EMPTY,
                                                             "x-amz-date", "20130524T000000Z", NULL });
    SigV4Message message = { "GET", "/", "prefix=J&max-keys=2", &headers, "host;x-amz-content-sha256;x-amz-date", EMPTY, true };
    sigv4_key(SECRET, &s3_scope, key);
    assert_string_equal(sigv4_signature(a, &message, "20130524T000000Z", &s3_scope, key),
                        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void a_presigned_url(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    uint8_t key[SHA256_BYTES];
    HttpPairs headers = headers_of(a, (const char *const[]){ "host", "examplebucket.s3.amazonaws.com", NULL });
    SigV4Message message = { "GET", "/test.txt",
                             "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
                             "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
                             "X-Amz-Signature=ignored",
                             &headers, "host", SIGV4_UNSIGNED, true };
    sigv4_key(SECRET, &s3_scope, key);
    assert_string_equal(sigv4_signature(a, &message, "20130524T000000Z", &s3_scope, key),
                        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void another_service_than_s3(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    uint8_t key[SHA256_BYTES];
    SigV4Scope scope = { "20150830", "us-east-1", "iam" };
    HttpPairs headers = headers_of(a, (const char *const[]){ "Content-Type", "application/x-www-form-urlencoded; charset=utf-8", "Host",
                                                             "iam.amazonaws.com", "X-Amz-Date", "20150830T123600Z", NULL });
    SigV4Message message = { "GET", "/", "Action=ListUsers&Version=2010-05-08", &headers, "content-type;host;x-amz-date", EMPTY, false };
    sigv4_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope, key); /* that page's key has a '+' */
    assert_string_equal(sigv4_signature(a, &message, "20150830T123600Z", &scope, key),
                        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

static void signed_chunks_follow_each_other(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    uint8_t key[SHA256_BYTES], hash[SHA256_BYTES];
    char *data = arena_alloc(a, 65536);
    memset(data, 'a', 65536);
    sigv4_key(SECRET, &s3_scope, key);
    sha256(data, 65536, hash);
    const char *first = sigv4_chunk_signature(a, "20130524T000000Z", &s3_scope, key,
                                              "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", hash, false);
    assert_string_equal(first, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    sha256(data, 1024, hash);
    const char *second = sigv4_chunk_signature(a, "20130524T000000Z", &s3_scope, key, first, hash, false);
    assert_string_equal(second, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    sha256("", 0, hash);
    assert_string_equal(sigv4_chunk_signature(a, "20130524T000000Z", &s3_scope, key, second, hash, false),
                        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

static void canonical_forms(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    HttpPairs headers = headers_of(a, (const char *const[]){ "Host", " x ", "X-Amz-Meta-A", "  two   words ", "x-amz-meta-a", "more", NULL });
    SigV4Message message = { "PUT", "/a%20b/c+d//%c3%a9", "b=2&a=x%20y&a=+&c&b=1", &headers, "host;x-amz-meta-a", "HASH", true };
    assert_string_equal(sigv4_canonical_request(a, &message),
                        "PUT\n/a%20b/c%2Bd//%C3%A9\na=%20&a=x%20y&b=1&b=2&c=\nhost:x\nx-amz-meta-a:two words,more\n\n"
                        "host;x-amz-meta-a\nHASH");
    message.s3 = false;
    assert_non_null(strstr(sigv4_canonical_request(a, &message), "\n/a%2520b/c%2Bd//%25c3%25a9\n"));
}

static void what_is_signed_verifies(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    SigV4Identity who = { "AKIAIOSFODNN7EXAMPLE", SECRET, "token", "eu-west-1", "s3" };
    HttpRequest *r = request_of(a, "GET", "/b/k", "x=1", (const char *const[]){ "Host", "h:1", NULL });
    sigv4_sign(a, &who, 1700000000000, r->method, r->raw_path, r->raw_query, EMPTY, &r->headers);
    SigV4Claim claim;
    Error err = ERROR_INIT;
    assert_int_equal(sigv4_claim(r, &claim, &err), ST_OK);
    assert_true(claim.present);
    assert_string_equal(claim.access_key, "AKIAIOSFODNN7EXAMPLE");
    assert_string_equal(claim.scope.region, "eu-west-1");
    assert_string_equal(claim.token, "token");
    assert_int_equal(claim.time_ms, 1700000000000);
    assert_true(sigv4_verify(r, &claim, EMPTY, true, SECRET));
    assert_false(sigv4_verify(r, &claim, "other", true, SECRET));
    assert_false(sigv4_verify(r, &claim, EMPTY, true, "another"));
    r->raw_query = "x=2";
    assert_false(sigv4_verify(r, &claim, EMPTY, true, SECRET));
}

static void a_signature_without_the_host_is_none(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    HttpRequest *r = request_of(a, "GET", "/", "", (const char *const[]){ "X-Amz-Date", "20130524T000000Z", NULL });
    SigV4Claim claim = { .present = true, .amz_date = "20130524T000000Z", .signed_headers = "x-amz-date", .scope = s3_scope };
    uint8_t key[SHA256_BYTES];
    SigV4Message message = { "GET", "/", "", &r->headers, "x-amz-date", EMPTY, true };
    sigv4_key(SECRET, &s3_scope, key);
    claim.signature = sigv4_signature(a, &message, claim.amz_date, &s3_scope, key);
    assert_false(sigv4_verify(r, &claim, EMPTY, true, SECRET));
}

static void malformed_claims_are_refused(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    static const char *const broken[] = {
        "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=/20130524/r/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=k/20130524/r/s/aws4_request/more, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=k/20130525/r/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=k/20130524/r/s/aws4_request, Signature=x", "Bearer x",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        HttpRequest *r = request_of(a, "GET", "/", "",
                                    (const char *const[]){ "Authorization", broken[i], "X-Amz-Date", "20130524T000000Z", NULL });
        SigV4Claim claim;
        Error err = ERROR_INIT;
        assert_int_equal(sigv4_claim(r, &claim, &err), ST_INVALID);
        assert_string_equal(err.code, "IncompleteSignature");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_object_with_a_range),
        cmocka_unit_test(list_objects_sorts_its_query),
        cmocka_unit_test(a_presigned_url),
        cmocka_unit_test(another_service_than_s3),
        cmocka_unit_test(signed_chunks_follow_each_other),
        cmocka_unit_test(canonical_forms),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(a_signature_without_the_host_is_none),
        cmocka_unit_test(malformed_claims_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
