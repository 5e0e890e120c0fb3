/* Digests against published vectors (FIPS 180-4, RFC 4231, RFC 2202); randomness by its form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "os/crypto.h"

static void sha256_of_abc(void **state)
{
    (void)state;
    char hex[SHA256_HEX_BYTES];
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void sha256_in_pieces_is_the_same(void **state)
{
    (void)state;
    uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES];
    sha256("hello world", 11, whole);
    Sha256 *s = sha256_new();
    sha256_add(s, "hello", 5);
    sha256_add(s, "", 0);
    sha256_add(s, " world", 6);
    sha256_finish(s, pieces);
    assert_memory_equal(whole, pieces, sizeof whole);
}

static void hmac_of_the_rfcs(void **state)
{
    (void)state;
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    hex_encode(digest, SHA256_BYTES, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, digest);
    hex_encode(digest, SHA1_BYTES, hex);
    assert_string_equal(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void random_text_keeps_to_its_alphabet(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    char *text = random_text(a, "abc", 1000);
    assert_int_equal(strlen(text), 1000);
    assert_int_equal(strspn(text, "abc"), 1000);
    assert_non_null(strchr(text, 'a'));
    assert_non_null(strchr(text, 'c'));
}

static void uuids_are_version_4_and_differ(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    char *one = random_uuid(a), *two = random_uuid(a);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    assert_string_not_equal(one, two);
}

static void secrets_compare_by_length_too(void **state)
{
    (void)state;
    assert_true(secret_equal("", ""));
    assert_true(secret_equal("abc", "abc"));
    assert_false(secret_equal("abc", "abd"));
    assert_false(secret_equal("abc", "abcd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc),
        cmocka_unit_test(sha256_in_pieces_is_the_same),
        cmocka_unit_test(hmac_of_the_rfcs),
        cmocka_unit_test(random_text_keeps_to_its_alphabet),
        cmocka_unit_test(uuids_are_version_4_and_differ),
        cmocka_unit_test(secrets_compare_by_length_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
