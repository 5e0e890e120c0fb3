/* os/crypto.c -- through OpenSSL's EVP. */
#include "os/crypto.h"

#include "base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

struct Sha256 {
    EVP_MD_CTX *evp;
};

Sha256 *sha256_new(void)
{
    Sha256 *s = calloc(1, sizeof *s);
    if (!s || !(s->evp = EVP_MD_CTX_new()) || EVP_DigestInit_ex(s->evp, EVP_sha256(), NULL) != 1)
        abort();
    return s;
}

void sha256_add(Sha256 *s, const void *bytes, size_t length)
{
    EVP_DigestUpdate(s->evp, bytes, length);
}

void sha256_finish(Sha256 *s, uint8_t out[static SHA256_BYTES])
{
    EVP_DigestFinal_ex(s->evp, out, NULL);
    sha256_free(s);
}

void sha256_free(Sha256 *s)
{
    if (!s)
        return;
    EVP_MD_CTX_free(s->evp);
    free(s);
}

void sha256(const void *bytes, size_t length, uint8_t out[static SHA256_BYTES])
{
    if (EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

void sha256_hex(const void *bytes, size_t length, char out[static SHA256_HEX_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    sha256(bytes, length, digest);
    hex_encode(digest, sizeof digest, out);
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t length, uint8_t out[static SHA256_BYTES])
{
    unsigned n = 0;
    if (!HMAC(EVP_sha256(), key, (int)key_len, bytes, length, out, &n))
        abort();
}

void hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t length, uint8_t out[static SHA1_BYTES])
{
    unsigned n = 0;
    if (!HMAC(EVP_sha1(), key, (int)key_len, bytes, length, out, &n))
        abort();
}

void random_bytes(void *out, size_t length)
{
    if (length > INT32_MAX || RAND_bytes(out, (int)length) != 1)
        abort();
}

char *random_text(Arena *a, const char *alphabet, size_t length)
{
    size_t letters = strlen(alphabet), fair = 256 - 256 % letters;
    char *text = arena_alloc(a, length + 1);
    for (size_t i = 0; i < length;) {
        uint8_t byte;
        random_bytes(&byte, 1);
        if (byte < fair)
            text[i++] = alphabet[byte % letters];
    }
    return text;
}

char *random_uuid(Arena *a)
{
    uint8_t b[16];
    char hex[33];
    random_bytes(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    hex_encode(b, sizeof b, hex);
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

bool secret_equal(const char *a, const char *b)
{
    size_t length = strlen(a);
    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}
