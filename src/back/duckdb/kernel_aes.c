/* back/duckdb/kernel_aes.c -- aes_encrypt and aes_decrypt: ECB and CBC with PKCS padding, GCM; the IV stands before the bytes, GCM's
 * tag behind them. Source: ExpressionImplUtils.aesInternal. */
#include "back/duckdb/kernel.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <stdio.h>
#include <strings.h>

enum { GCM_IV = 12, CBC_IV = 16, GCM_TAG = 16 };
typedef enum AesMode { AES_ECB, AES_CBC, AES_GCM } AesMode;
typedef struct Aes {
    bool encrypt;
    AesMode mode;
    View input, key, iv, aad;
} Aes;

static void release_context(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

static const EVP_CIPHER *cipher_of(const Aes *x)
{
    static const char *const names[][3] = { { "AES-128-ECB", "AES-192-ECB", "AES-256-ECB" }, { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" },
                                            { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" } };
    return EVP_get_cipherbyname(names[x->mode][x->key.len / 8 - 2]);
}

static bool mode_of(K *k, View mode, View padding, AesMode *ret)
{
    static const char *const modes[] = { "ECB", "CBC", "GCM" };
    bool none = padding.len == 4 && !strncasecmp(padding.data, "NONE", 4), pkcs = padding.len == 4 && !strncasecmp(padding.data, "PKCS", 4);
    bool standard = padding.len == 7 && !strncasecmp(padding.data, "DEFAULT", 7);
    for (int i = 0; i < 3; i++) {
        if (mode.len == 3 && !strncasecmp(mode.data, modes[i], 3) && (standard || (i == AES_GCM ? none : pkcs))) {
            *ret = (AesMode)i;
            return true;
        }
    }
    k_fail(k, "UNSUPPORTED_FEATURE.AES_MODE", "mode", k_text(k, mode), "padding", k_text(k, padding), "functionName", "`aes_encrypt`/`aes_decrypt`",
           NULL);
    return false;
}

static void failed(K *k, bool try, const char *what)
{
    if (try)
        k_null(k);
    else
        k_fail(k, "INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR", "parameter", "`expr`, `key`", "functionName", "`aes_encrypt`/`aes_decrypt`",
               "detailMessage", what, NULL);
}

static bool good_key(K *k, View key, bool try)
{
    char length[24];
    if (key.len == 16 || key.len == 24 || key.len == 32)
        return true;
    snprintf(length, sizeof length, "%zu", key.len);
    if (try)
        k_null(k);
    else
        k_fail(k, "INVALID_PARAMETER_VALUE.AES_KEY_LENGTH", "parameter", "`key`", "functionName", "`aes_encrypt`/`aes_decrypt`",
               "actualLength", length, NULL);
    return false;
}

/* The IV of an encryption: given, or made. */
static bool make_iv(K *k, const Aes *x, unsigned char iv[CBC_IV], size_t size)
{
    static const char *const names[] = { "ECB", "CBC", "GCM" };
    char length[24];
    if (x->iv.len && x->mode == AES_ECB) {
        k_fail(k, "UNSUPPORTED_FEATURE.AES_MODE_IV", "mode", names[x->mode], "functionName", "`aes_encrypt`", NULL);
        return false;
    }
    if (x->aad.len && x->mode != AES_GCM) {
        k_fail(k, "UNSUPPORTED_FEATURE.AES_MODE_AAD", "mode", names[x->mode], "functionName", "`aes_encrypt`", NULL);
        return false;
    }
    if (x->iv.len && x->iv.len != size) {
        snprintf(length, sizeof length, "%zu", x->iv.len);
        k_fail(k, "INVALID_PARAMETER_VALUE.AES_IV_LENGTH", "mode", names[x->mode], "parameter", "`iv`", "functionName", "`aes_encrypt`",
               "actualLength", length, NULL);
        return false;
    }
    if (x->iv.len)
        memcpy(iv, x->iv.data, size);
    else if (size && RAND_bytes(iv, (int)size) != 1)
        abort();
    return true;
}

/* Runs the cipher over `in`; false when OpenSSL refuses (a wrong key, a broken text). */
static bool run_cipher(const Aes *x, const unsigned char *iv, View in, const unsigned char *tag, Str *out, unsigned char *ret_tag)
{
    __attribute__((cleanup(release_context))) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *bytes = malloc(in.len + 2 * CBC_IV);
    int n = 0, m = 0, dummy;
    if (!c || !bytes || in.len > INT32_MAX)
        abort();
    bool good = EVP_CipherInit_ex(c, cipher_of(x), NULL, (const unsigned char *)x->key.data, iv, x->encrypt) == 1;
    if (good && x->mode == AES_GCM && x->aad.len)
        good = EVP_CipherUpdate(c, NULL, &dummy, (const unsigned char *)x->aad.data, (int)x->aad.len) == 1;
    good = good && EVP_CipherUpdate(c, bytes, &n, (const unsigned char *)in.data, (int)in.len) == 1;
    if (good && tag)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, GCM_TAG, (void *)(uintptr_t)tag) == 1;
    good = good && EVP_CipherFinal_ex(c, bytes + n, &m) == 1;
    if (good && x->encrypt && x->mode == AES_GCM)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, GCM_TAG, ret_tag) == 1;
    if (good)
        str_addn(out, bytes, (size_t)(n + m));
    free(bytes);
    return good;
}

static void encrypt(K *k, const Aes *x, size_t iv_bytes)
{
    unsigned char iv[CBC_IV], tag[GCM_TAG];
    str_auto out = STR_INIT((size_t)1 << 31);
    if (!make_iv(k, x, iv, iv_bytes))
        return;
    str_addn(&out, iv, iv_bytes);
    if (!run_cipher(x, iv, x->input, NULL, &out, tag)) {
        failed(k, false, "the cipher failed");
        return;
    }
    if (x->mode == AES_GCM)
        str_addn(&out, tag, GCM_TAG);
    k_set_out(k, &out);
}

static void decrypt(K *k, const Aes *x, size_t iv_bytes, bool try)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    size_t tag = x->mode == AES_GCM ? GCM_TAG : 0;
    if (x->input.len < iv_bytes + tag) {
        failed(k, try, "Invalid buffer arguments");
        return;
    }
    const unsigned char *iv = (const unsigned char *)x->input.data;
    View in = { x->input.data + iv_bytes, x->input.len - iv_bytes - tag };
    if (run_cipher(x, iv, in, tag ? iv + x->input.len - tag : NULL, &out, NULL))
        k_set_out(k, &out);
    else
        failed(k, try, x->mode == AES_GCM ? "Tag mismatch" : "Given final block not properly padded. Such issues can arise if a bad key is used during decryption.");
}

/* (input, key, mode, padding, iv, aad, what): what 0 encrypts, 1 decrypts, 2 gives NULL for what cannot be decrypted. */
static void aes(K *k)
{
    static const size_t iv_bytes[] = { 0, CBC_IV, GCM_IV };
    int what = k_i32(k, 6);
    Aes x = { .encrypt = what == 0, .input = k_str(k, 0), .key = k_str(k, 1), .iv = k_str(k, 4), .aad = k_str(k, 5) };
    if (!good_key(k, x.key, what == 2) || !mode_of(k, k_str(k, 2), k_str(k, 3), &x.mode))
        return;
    if (x.encrypt)
        encrypt(k, &x, iv_bytes[x.mode]);
    else
        decrypt(k, &x, iv_bytes[x.mode], what == 2);
}

const Kernel kernels_aes[] = {
    { "spark_aes", "BBSSBBi:B", aes, 0 },
    { NULL, NULL, NULL, 0 },
};
