/* os/signing.c -- see signing.h. */
#include "os/signing.h"

#include "base/file.h"
#include "base/str.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { BITS = 2048, FILE_MAX = 64 * 1024, DAYS = 3650, SIGNATURE_MAX = BITS / 8 };

struct SigningKey {
    EVP_PKEY *key;
    char *certificate;
};

static void x509_freep(X509 **x) { X509_free(*x); }
static void bio_freep(BIO **b) { BIO_free(*b); }
static void md_freep(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }
static void pkey_freep(EVP_PKEY **k) { EVP_PKEY_free(*k); }
#define x509_auto __attribute__((cleanup(x509_freep))) X509
#define bio_auto __attribute__((cleanup(bio_freep))) BIO
#define md_auto __attribute__((cleanup(md_freep))) EVP_MD_CTX
#define pkey_auto __attribute__((cleanup(pkey_freep))) EVP_PKEY

static Status failed(Error *err, const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return FAIL(err, ST_INTERNAL, "%s: %s", what, text);
}

static Status make_certificate(EVP_PKEY *key, const char *common_name, X509 **ret, Error *err)
{
    x509_auto *x = X509_new();
    X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
    if (!x || !X509_set_version(x, 2) || !ASN1_INTEGER_set(X509_get_serialNumber(x), 1) || !X509_gmtime_adj(X509_getm_notBefore(x), 0) ||
        !X509_gmtime_adj(X509_getm_notAfter(x), (long)DAYS * 24 * 3600) || !X509_set_pubkey(x, key) ||
        !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) || !X509_set_issuer_name(x, name) ||
        !X509_sign(x, key, EVP_sha256()))
        return failed(err, "make a certificate");
    *ret = x;
    x = NULL;
    return ST_OK;
}

static Status make_file(const char *path, const char *common_name, Error *err)
{
    pkey_auto *key = EVP_RSA_gen(BITS);
    x509_auto *certificate = NULL;
    bio_auto *out = BIO_new(BIO_s_mem());
    char *bytes;
    if (!key || !out)
        return failed(err, "make a key");
    TRY(make_certificate(key, common_name, &certificate, err));
    if (!PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) || !PEM_write_bio_X509(out, certificate))
        return failed(err, "write a key");
    long length = BIO_get_mem_data(out, &bytes);
    return file_write_durable(path, bytes, (size_t)length, 0600, err);
}

static Status read_file(const char *path, SigningKey *ret, Error *err)
{
    arena_auto *a = arena_new();
    char *text = NULL;
    size_t length;
    TRY(file_read(a, path, FILE_MAX, &text, &length, err));
    bio_auto *in = BIO_new_mem_buf(text, (int)length);
    const char *certificate = strstr(text, "-----BEGIN CERTIFICATE-----");
    pkey_auto *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    if (!key || !certificate)
        return FAIL(err, ST_INVALID, "%s holds no key and certificate", path);
    *ret = (SigningKey){ key, strdup(certificate) };
    if (!ret->certificate)
        abort();
    key = NULL;
    return ST_OK;
}

Status signing_key_open(const char *path, const char *common_name, SigningKey **ret_key, Error *err)
{
    SigningKey made;
    if (!path_exists(path))
        TRY(make_file(path, common_name, err));
    TRY(read_file(path, &made, err));
    SigningKey *key = malloc(sizeof *key);
    if (!key)
        abort();
    *key = made;
    *ret_key = key;
    return ST_OK;
}

void signing_key_free(SigningKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key->certificate);
    free(key);
}

const char *signing_key_certificate(const SigningKey *key)
{
    return key->certificate;
}

Status signing_key_sign(const SigningKey *key, SigningDigest digest, Arena *a, const char *text, char **ret_base64, Error *err)
{
    md_auto *context = EVP_MD_CTX_new();
    unsigned char signature[SIGNATURE_MAX];
    size_t length = sizeof signature;
    const EVP_MD *kind = digest == SIGNING_SHA1 ? EVP_sha1() : EVP_sha256();
    if (!context || EVP_DigestSignInit(context, NULL, kind, NULL, key->key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const unsigned char *)text, strlen(text)) != 1)
        return failed(err, "sign");
    *ret_base64 = base64_encode(a, signature, length);
    return ST_OK;
}
