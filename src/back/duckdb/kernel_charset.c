/* back/duckdb/kernel_charset.c -- bytes as texts and back: character sets, base64, UTF-8 that is valid or is made so.
 * Source: Encode, StringDecode, CharsetProvider, ToBinary, CollationAwareUTF8String's makeValid. */
#include "back/duckdb/source_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <unicode/ucnv.h>

#define OUT_STR STR_INIT((size_t)1 << 31)

static void base64(K *k)
{
    View v = k_str(k, 0);
    arena_auto *a = arena_new();
    char *text = base64_encode(a, v.data, v.len);
    k_set_str(k, text, strlen(text));
}

static void unbase64(K *k)
{
    View v = k_str(k, 0);
    arena_auto *a = arena_new();
    void *bytes;
    size_t n;
    /* Java's MIME decoder skips what is no base64. */
    str_auto clean = OUT_STR;
    for (size_t i = 0; i < v.len; i++) {
        if (isalnum((unsigned char)v.data[i]) || strchr("+/", v.data[i]))
            str_addc(&clean, v.data[i]);
    }
    while (clean.len % 4)
        str_addc(&clean, '=');
    if (base64_decode(a, str_text(&clean), &bytes, &n))
        k_set_str(k, bytes, n);
    else
        k_fail(k, "CONVERSION_INVALID_INPUT", "str", k_text(k, v), "fmt", "'BASE64'", "targetType", "\"BINARY\"", "suggestion",
               "`try_to_binary`", NULL);
}

/* ---------------------------------------------------------------- character sets */
static void *open_converter(K *k, View name)
{
    UErrorCode code = U_ZERO_ERROR;
    UConverter *c = ucnv_open(k_text(k, name), &code);
    return U_SUCCESS(code) ? c : NULL;
}

static void close_converter(void *c)
{
    ucnv_close(c);
}

static const char charsets[] = "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8";

/* CharsetProvider.forName: the seven sets of Spark 4, any of them when legacy. Java's UTF-16 writes big-endian with a mark. */
static UConverter *converter(K *k, View name, bool legacy, bool encode, const char *function)
{
    const char *text = k_text(k, name), *found = strcasestr(charsets, text);
    size_t n = strlen(text);
    bool known = found && n > 4 && (found == charsets || found[-1] == ' ') && (found[n] == ',' || !found[n]);
    View icu = encode && n == 6 && !strcasecmp(text, "utf-16") ? VIEW("UTF-16BE") : encode && n == 6 && !strcasecmp(text, "utf-32") ? VIEW("UTF-32BE") : name;
    UConverter *c = known || legacy ? k_cached(k, 0, icu, open_converter, close_converter) : NULL;
    if (!c)
        k_fail(k, "INVALID_PARAMETER_VALUE.CHARSET", "functionName", function, "parameter", "`charset`", "charset", text, "charsets", charsets,
               NULL);
    return c;
}

static void coding_failed(K *k, const char *function, View name)
{
    k_fail(k, "MALFORMED_CHARACTER_CODING", "function", function, "charset", k_text(k, name), NULL);
}

static bool is_utf8(View name)
{
    return name.len == 5 && !strncasecmp(name.data, "utf-8", 5);
}

/* encode(text, set, legacy sets, legacy errors) */
static void encode(K *k)
{
    View v = k_str(k, 0), name = k_str(k, 1);
    bool replace = k_i32(k, 3) != 0;
    if (is_utf8(name)) {
        k_set_view(k, v);
        return;
    }
    UConverter *c = converter(k, name, k_i32(k, 2) != 0, true, "`encode`");
    if (!c)
        return;
    UErrorCode code = U_ZERO_ERROR;
    arena_auto *a = arena_new();
    size_t room = v.len * 4 + 16;
    UChar *units = arena_alloc(a, (v.len + 1) * sizeof *units);
    char *out = arena_alloc(a, room);
    int32_t n = 0, mark = 0;
    UConverter *utf8 = k_cached(k, 1, VIEW("UTF-8"), open_converter, close_converter);
    n = ucnv_toUChars(utf8, units, (int32_t)v.len + 1, v.data, (int32_t)v.len, &code);
    ucnv_setSubstString(c, u"?", 1, &code);
    ucnv_setFromUCallBack(c, replace ? UCNV_FROM_U_CALLBACK_SUBSTITUTE : UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &code);
    if (name.len == 6 && !strncasecmp(name.data, "utf-16", 6) && v.len) {
        memcpy(out, "\xFE\xFF", 2);
        mark = 2;
    }
    n = ucnv_fromUChars(c, out + mark, (int32_t)room - mark, units, n, &code);
    if (U_FAILURE(code))
        coding_failed(k, "`encode`", name);
    else
        k_set_str(k, out, (size_t)(n + mark));
}

/* decode(bytes, set, legacy sets, legacy errors) */
static void decode(K *k)
{
    View v = k_str(k, 0), name = k_str(k, 1);
    UConverter *c = converter(k, name, k_i32(k, 2) != 0, false, "`decode`");
    if (!c)
        return;
    UErrorCode code = U_ZERO_ERROR;
    arena_auto *a = arena_new();
    size_t room = v.len * 4 + 16;
    UChar *units = arena_alloc(a, room * sizeof *units);
    char *out = arena_alloc(a, room * 3);
    ucnv_setToUCallBack(c, k_i32(k, 3) ? UCNV_TO_U_CALLBACK_SUBSTITUTE : UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &code);
    int32_t n = ucnv_toUChars(c, units, (int32_t)room, v.data, (int32_t)v.len, &code);
    UConverter *utf8 = k_cached(k, 1, VIEW("UTF-8"), open_converter, close_converter);
    n = ucnv_fromUChars(utf8, out, (int32_t)room * 3, units, n, &code);
    if (U_FAILURE(code)) {
        coding_failed(k, "`decode`", name);
        return;
    }
    k_set_str(k, out, (size_t)n);
}

/* ---------------------------------------------------------------- UTF-8 */
static void valid_utf8(K *k)
{
    k_set_bool(k, utf8_valid(k_str(k, 0).data, k_str(k, 0).len));
}

/* mode 2: made valid, U+FFFD for what is not; 1: an error; 0: NULL. */
static void clean_utf8(K *k)
{
    View v = k_str(k, 0);
    int mode = k_i32(k, 1);
    str_auto scratch = OUT_STR;
    if (mode == 2 || utf8_valid(v.data, v.len)) {
        k_set_view(k, utf8_clean(v, &scratch));
    } else if (mode == MODE_ERROR) {
        str_auto hex = STR_INIT(4096);
        for (size_t i = 0; i < v.len && i < 1000; i++)
            str_addf(&hex, "\\x%02X", (unsigned char)v.data[i]);
        k_fail(k, "INVALID_UTF8_STRING", "str", str_text(&hex), NULL);
    } else {
        k_null(k);
    }
}

/* ---------------------------------------------------------------- to_binary */
static void binary_failed(K *k, View v, const char *format)
{
    str_auto quoted = STR_INIT(4096);
    str_addf(&quoted, "'%.*s'", (int)(v.len < 2000 ? v.len : 2000), v.data);
    if (k_i32(k, 2) == MODE_ERROR)
        k_fail(k, "CONVERSION_INVALID_INPUT", "str", str_text(&quoted), "fmt", format, "targetType", "\"BINARY\"", "suggestion",
               "`try_to_binary`", NULL);
    else
        k_null(k);
}

/* RFC 4648 with or without padding, blanks anywhere (UnBase64.isValidBase64). */
static bool strict_base64(View v, Str *clean)
{
    size_t padding = 0;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (isspace((unsigned char)c))
            continue;
        if (c == '=')
            padding++;
        else if ((!isalnum((unsigned char)c) && c != '+' && c != '/') || padding)
            return false;
        str_addc(clean, c);
    }
    size_t digits = clean->len - padding;
    if (digits % 4 == 1 || padding > 2 || (padding && clean->len % 4))
        return false;
    while (clean->len % 4)
        str_addc(clean, '=');
    return true;
}

static void to_binary(K *k)
{
    View v = k_str(k, 0);
    const char *format = k_text(k, k_str(k, 1));
    arena_auto *a = arena_new();
    void *bytes = NULL;
    size_t n = 0;
    str_auto clean = OUT_STR;
    if (!strcasecmp(format, "utf-8") || !strcasecmp(format, "utf8")) {
        k_set_view(k, v);
    } else if (!strcasecmp(format, "base64")) {
        if (strict_base64(v, &clean) && (!clean.len || base64_decode(a, str_text(&clean), &bytes, &n)))
            k_set_str(k, bytes ? bytes : "", n);
        else
            binary_failed(k, v, "'BASE64'");
    } else if (strcasecmp(format, "hex") != 0) {
        k_null(k);
    } else {
        char *out = arena_alloc(a, v.len / 2 + 2), digits[3] = "0";
        bool good = true;
        for (size_t i = 0, at = v.len % 2; i < v.len && good; n++) {
            size_t take = n == 0 && at ? 1 : 2;
            memcpy(digits, v.data + i, take);
            digits[take] = 0;
            good = isxdigit((unsigned char)digits[0]) && (take == 1 || isxdigit((unsigned char)digits[1]));
            out[n] = (char)strtoul(digits, NULL, 16);
            i += take;
        }
        if (good)
            k_set_str(k, out, n);
        else
            binary_failed(k, v, "'HEX'");
    }
}

const Kernel kernels_charset[] = {
    { "spark_base64", "B:S", base64, 0 },
    { "spark_unbase64", "S:B", unbase64, 0 },
    { "spark_encode", "SSii:B", encode, 0 },
    { "spark_decode", "BSii:S", decode, 0 },
    { "spark_is_valid_utf8", "B:b", valid_utf8, 0 },
    { "spark_clean_utf8", "Bi:S", clean_utf8, 0 },
    { "spark_to_binary", "SSi:B", to_binary, 0 },
    { NULL, NULL, NULL, 0 },
};
