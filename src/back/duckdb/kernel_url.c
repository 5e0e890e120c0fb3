/* back/duckdb/kernel_url.c -- URLs taken apart, encoded and decoded. Source: ParseUrl (java.net.URI), UrlCodec. */
#include "back/duckdb/kernel.h"

#include <ctype.h>

#define OUT_STR STR_INIT((size_t)1 << 31)

static void url_encode(K *k)
{
    View v = k_str(k, 0);
    str_auto out = OUT_STR;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if ((isalnum(c) && c < 128) || (c && strchr(".-*_", c)))
            str_addc(&out, (char)c);
        else if (c == ' ')
            str_addc(&out, '+');
        else
            str_addf(&out, "%%%02X", c);
    }
    k_set_out(k, &out);
}

static void url_decode(K *k)
{
    View v = k_str(k, 0);
    arena_auto *a = arena_new();
    char *text;
    size_t n;
    if (uri_decode(a, v.data, v.len, true, &text, &n))
        k_set_str(k, text, n);
    else if (k_i32(k, 1))
        k_fail(k, "CANNOT_DECODE_URL", "url", k_text(k, v), NULL);
    else
        k_null(k);
}

typedef struct Url {
    View scheme, authority, path, query, fragment;
    bool has_query, has_fragment;
} Url;

/* A name before the first ':' is a scheme: letters first, and something behind it. */
static bool scheme_valid(View v)
{
    size_t n = 0;
    while (n < v.len && !(v.data[n] && strchr("/?#:", v.data[n])))
        n++;
    if (n == v.len || v.data[n] != ':')
        return true;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c > 127 || !(isalpha(c) || (i && (isdigit(c) || (c && strchr("+-.", c))))))
            return false;
    }
    return n && n + 1 < v.len && v.data[n + 1] != '#';
}

/* The characters that java.net.URI takes; others beyond ASCII too, but for controls and blanks. A '%' begins two hex digits. */
static bool url_valid(View v)
{
    size_t fragments = 0;
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c <= ' ' || c == 127 || (c < 128 && strchr("\"<>\\^`{|}", c)))
            return false;
        if (c == '%' && (i + 2 >= v.len || !isxdigit((unsigned char)v.data[i + 1]) || !isxdigit((unsigned char)v.data[i + 2])))
            return false;
        fragments += c == '#';
    }
    return fragments <= 1 && scheme_valid(v);
}

static Url url_split(View v)
{
    Url u = { 0 };
    const char *at = v.data, *end = v.data + v.len, *p = memchr(at, '#', v.len);
    if (p) {
        u.fragment = (View){ p + 1, (size_t)(end - p - 1) };
        u.has_fragment = true;
        end = p;
    }
    p = memchr(at, '?', (size_t)(end - at));
    if (p) {
        u.query = (View){ p + 1, (size_t)(end - p - 1) };
        u.has_query = true;
        end = p;
    }
    p = memchr(at, ':', (size_t)(end - at));
    const char *slash = memchr(at, '/', (size_t)(end - at));
    if (p && (!slash || p < slash)) {
        u.scheme = (View){ at, (size_t)(p - at) };
        at = p + 1;
    }
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        at += 2;
        p = memchr(at, '/', (size_t)(end - at));
        u.authority = (View){ at, (size_t)((p ? p : end) - at) };
        at = p ? p : end;
    }
    u.path = (View){ at, (size_t)(end - at) };
    return u;
}

static void url_query(K *k, View query, View key)
{
    for (size_t at = 0; at <= query.len;) {
        const char *amp = memchr(query.data + at, '&', query.len - at);
        size_t end = amp ? (size_t)(amp - query.data) : query.len;
        if (end - at > key.len && !memcmp(query.data + at, key.data, key.len) && query.data[at + key.len] == '=') {
            k_set_str(k, query.data + at + key.len + 1, end - at - key.len - 1);
            return;
        }
        at = end + 1;
    }
    k_null(k);
}

static bool view_is(View v, const char *text)
{
    return v.len == strlen(text) && !memcmp(v.data, text, v.len);
}

/* url, part, key, does an invalid one fail?, is there a key? */
static void parse_url(K *k)
{
    if (k_is_null(k, 0) || k_is_null(k, 1)) {
        k_null(k);
        return;
    }
    if (!url_valid(k_str(k, 0))) {
        if (k_i32(k, 3))
            k_fail(k, "INVALID_URL", "url", k_text(k, k_str(k, 0)), NULL);
        else
            k_null(k);
        return;
    }
    if (k_i32(k, 4) && (k_is_null(k, 2) || !view_is(k_str(k, 1), "QUERY"))) { /* a key belongs to a query */
        k_null(k);
        return;
    }
    Url u = url_split(k_str(k, 0));
    char *what = k_text(k, k_str(k, 1));
    const char *at = u.authority.len ? memchr(u.authority.data, '@', u.authority.len) : NULL;
    View host = at ? (View){ at + 1, u.authority.len - (size_t)(at - u.authority.data) - 1 } : u.authority;
    const char *colon = host.len ? memchr(host.data, ':', host.len) : NULL;
    if (colon)
        host.len = (size_t)(colon - host.data);
    if (!strcmp(what, "HOST") && host.len)
        k_set_view(k, host);
    else if (!strcmp(what, "PATH"))
        k_set_view(k, u.path);
    else if (!strcmp(what, "QUERY") && u.has_query && !k_is_null(k, 2))
        url_query(k, u.query, k_str(k, 2));
    else if (!strcmp(what, "QUERY") && u.has_query)
        k_set_view(k, u.query);
    else if (!strcmp(what, "REF") && u.has_fragment)
        k_set_view(k, u.fragment);
    else if (!strcmp(what, "PROTOCOL") && u.scheme.len)
        k_set_view(k, u.scheme);
    else if (!strcmp(what, "FILE"))
        k_set_str(k, u.path.data, u.path.len + (u.has_query ? u.query.len + 1 : 0));
    else if (!strcmp(what, "AUTHORITY") && u.authority.len)
        k_set_view(k, u.authority);
    else if (!strcmp(what, "USERINFO") && at)
        k_set_str(k, u.authority.data, (size_t)(at - u.authority.data));
    else
        k_null(k);
}

const Kernel kernels_url[] = {
    { "spark_url_encode", "S:S", url_encode, 0 },
    { "spark_url_decode", "Si:S", url_decode, 0 },
    { "spark_parse_url", "SSSii:S", parse_url, KERNEL_NULLS },
    { NULL, NULL, NULL, 0 },
};
