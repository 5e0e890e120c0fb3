/* back/duckdb/kernel_json.c -- JSON text: quoting, get_json_object and its relatives. Source: Spark's jsonExpressions. */
#include "back/duckdb/convert.h"
#include "back/duckdb/source_json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void json_add_text(View v, Str *out)
{
    static const char plain[] = "\b\t\n\f\r\"\\", coded[] = "btnfr\"\\";
    str_addc(out, '"');
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        const char *at = c ? strchr(plain, c) : NULL;
        if (at)
            str_addf(out, "\\%c", coded[at - plain]);
        else if (c < 0x20)
            str_addf(out, "\\u%04X", c);
        else
            str_addc(out, (char)c);
    }
    str_addc(out, '"');
}

static void new_line(Str *out, size_t depth)
{
    str_addc(out, '\n');
    for (size_t i = 0; i < depth; i++)
        str_add(out, "  ");
}

/* A text of our own making, with the blanks of Jackson's DefaultPrettyPrinter: objects on lines, arrays in one. */
static void json_pretty(K *k)
{
    View v = k_str(k, 0);
    str_auto out = STR_INIT((size_t)1 << 31);
    str_auto open = STR_INIT((size_t)1 << 24); /* brackets that are open */
    size_t depth = 0;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (c == '"') {
            size_t from = i++;
            while (i < v.len && v.data[i] != '"')
                i += v.data[i] == '\\' ? 2 : 1;
            str_addn(&out, v.data + from, (i < v.len ? i + 1 : v.len) - from);
        } else if (c == '{' || c == '[') {
            bool empty = i + 1 < v.len && (v.data[i + 1] == '}' || v.data[i + 1] == ']');
            str_addc(&out, c);
            str_addc(&open, c);
            depth += c == '{';
            if (c == '{' && !empty)
                new_line(&out, depth);
            else
                str_addc(&out, ' ');
        } else if (c == '}' || c == ']') {
            bool empty = v.data[i - 1] == '{' || v.data[i - 1] == '[';
            depth -= c == '}';
            open.len--;
            if (c == '}' && !empty)
                new_line(&out, depth);
            else if (!empty)
                str_addc(&out, ' ');
            str_addc(&out, c);
        } else if (c == ',') {
            str_addc(&out, ',');
            if (open.len && str_text(&open)[open.len - 1] == '{')
                new_line(&out, depth);
            else
                str_addc(&out, ' ');
        } else if (c == ':') {
            str_add(&out, " : ");
        } else {
            str_addc(&out, c);
        }
    }
    k_set_str(k, str_text(&out), out.len);
}

static void json_quote(K *k)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    json_add_text(k_str(k, 0), &out);
    k_set_out(k, &out);
}

/* ---------------------------------------------------------------- a scanner over JSON text: positions, no tree */
enum { DEPTH = 512 };

static size_t blanks(View v, size_t at)
{
    while (at < v.len && strchr(" \t\r\n", v.data[at]) && v.data[at])
        at++;
    return at;
}

static size_t skip_string(View v, size_t at)
{
    for (at++; at < v.len && v.data[at] != '"'; at++)
        at += v.data[at] == '\\';
    return at < v.len ? at + 1 : SIZE_MAX;
}

static size_t digits(View v, size_t at)
{
    while (at < v.len && isdigit((unsigned char)v.data[at]))
        at++;
    return at;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, all of it */
static bool is_number(View v)
{
    size_t from = v.len && v.data[0] == '-', at = digits(v, from);
    if (at == from || (v.data[from] == '0' && at > from + 1))
        return false;
    if (at < v.len && v.data[at] == '.') {
        from = ++at;
        at = digits(v, at);
        if (at == from)
            return false;
    }
    if (at < v.len && (v.data[at] | 32) == 'e') {
        at += at + 1 < v.len && (v.data[at + 1] == '+' || v.data[at + 1] == '-') ? 2 : 1;
        from = at;
        at = digits(v, at);
        if (at == from)
            return false;
    }
    return at == v.len;
}

static size_t skip_scalar(View v, size_t at)
{
    size_t from = at;
    while (at < v.len && !strchr(",]} \t\r\n:", v.data[at]))
        at++;
    View word = { v.data + from, at - from };
    static const char *const words[] = { "true", "false", "null" };
    for (int i = 0; i < 3; i++) {
        if (strlen(words[i]) == word.len && !memcmp(words[i], word.data, word.len))
            return at;
    }
    return is_number(word) ? at : SIZE_MAX;
}

/* Behind the value at `at`; SIZE_MAX when it is malformed. */
static size_t skip_value(View v, size_t at, int depth)
{
    at = blanks(v, at);
    if (at >= v.len || depth > DEPTH)
        return SIZE_MAX;
    if (v.data[at] == '"')
        return skip_string(v, at);
    if (v.data[at] != '{' && v.data[at] != '[')
        return skip_scalar(v, at);
    bool object = v.data[at] == '{';
    char close = object ? '}' : ']';
    at = blanks(v, at + 1);
    if (at < v.len && v.data[at] == close)
        return at + 1;
    for (;;) {
        at = blanks(v, at);
        if (object) {
            if (at >= v.len || v.data[at] != '"' || (at = skip_string(v, at)) == SIZE_MAX)
                return SIZE_MAX;
            at = blanks(v, at);
            if (at >= v.len || v.data[at++] != ':')
                return SIZE_MAX;
        }
        at = skip_value(v, at, depth + 1);
        if (at == SIZE_MAX)
            return SIZE_MAX;
        at = blanks(v, at);
        if (at < v.len && v.data[at] == close)
            return at + 1;
        if (at >= v.len || v.data[at++] != ',')
            return SIZE_MAX;
    }
}

static unsigned hex4(const char *p)
{
    char text[5] = { p[0], p[1], p[2], p[3], 0 };
    return (unsigned)strtoul(text, NULL, 16);
}

/* The text of the string literal [from, to), quotes included. */
static void unquote(View v, size_t from, size_t to, Str *out)
{
    for (size_t i = from + 1; i + 1 < to; i++) {
        if (v.data[i] != '\\') {
            str_addc(out, v.data[i]);
            continue;
        }
        char c = v.data[++i];
        static const char coded[] = "bfnrt", plain[] = "\b\f\n\r\t";
        const char *at = c ? strchr(coded, c) : NULL;
        if (at) {
            str_addc(out, plain[at - coded]);
        } else if (c == 'u' && i + 4 < to) {
            unsigned u = hex4(v.data + i + 1);
            i += 4;
            if (u >= 0xD800 && u < 0xDC00 && i + 6 < to && v.data[i + 1] == '\\' && v.data[i + 2] == 'u') {
                u = 0x10000 + ((u - 0xD800) << 10) + (hex4(v.data + i + 3) - 0xDC00);
                i += 6;
            }
            str_add_code_point(out, u);
        } else {
            str_addc(out, c);
        }
    }
}

static bool key_is(View v, size_t from, size_t to, View key)
{
    str_auto text = STR_INIT(1 << 20);
    unquote(v, from, to, &text);
    return text.len == key.len && !memcmp(str_text(&text), key.data, key.len);
}

/* ---------------------------------------------------------------- paths: $.a['b'][0][*] */
static bool next_step(View path, size_t *at, View *ret_key, long *ret_index, bool *ret_wild)
{
    *ret_index = -1;
    *ret_wild = false;
    ret_key->data = NULL;
    if (path.data[*at] == '.') {
        size_t from = ++*at;
        while (*at < path.len && path.data[*at] != '.' && path.data[*at] != '[')
            (*at)++;
        *ret_key = (View){ path.data + from, *at - from };
        return *at > from;
    }
    if (path.data[*at] != '[')
        return false;
    (*at)++;
    if (*at < path.len && path.data[*at] == '\'') {
        const char *end = memchr(path.data + *at + 1, '\'', path.len - *at - 1);
        if (!end)
            return false;
        *ret_key = (View){ path.data + *at + 1, (size_t)(end - path.data) - *at - 1 };
        *at = (size_t)(end - path.data) + 1;
    } else if (*at < path.len && path.data[*at] == '*') {
        *ret_wild = true;
        (*at)++;
    } else {
        *ret_index = 0;
        size_t from = *at;
        while (*at < path.len && isdigit((unsigned char)path.data[*at]))
            *ret_index = *ret_index * 10 + (path.data[(*at)++] - '0');
        if (*at == from)
            return false;
    }
    return *at < path.len && path.data[(*at)++] == ']';
}

static void add_value(View v, size_t from, size_t to, bool quoted, Str *out)
{
    if (v.data[from] == '"' && !quoted) {
        unquote(v, from, to, out);
        return;
    }
    /* Jackson writes what it copies without blanks. */
    for (size_t i = from; i < to;) {
        if (v.data[i] == '"') {
            size_t end = skip_string(v, i);
            str_addn(out, v.data + i, end - i);
            i = end;
        } else {
            if (!strchr(" \t\r\n", v.data[i]))
                str_addc(out, v.data[i]);
            i++;
        }
    }
}

/* Matches of path[p..) in the value at `at`, separated by commas; how many. */
static int evaluate(View v, size_t at, View path, size_t p, bool quoted, Str *out, int depth)
{
    at = blanks(v, at);
    if (p == path.len) {
        size_t end = skip_value(v, at, 0);
        if (end == SIZE_MAX || (!quoted && end - at == 4 && !memcmp(v.data + at, "null", 4)))
            return 0;
        str_add(out, out->len ? "," : "");
        add_value(v, at, end, quoted, out);
        return 1;
    }
    View key = { NULL, 0 };
    long index;
    bool wild;
    if (depth > DEPTH || !next_step(path, &p, &key, &index, &wild) || at >= v.len)
        return 0;
    bool object = v.data[at] == '{', array = v.data[at] == '[';
    bool key_wild = key.data && key.len == 1 && key.data[0] == '*';
    if ((key.data && !key_wild && !object) || (!key.data && !array) || (!object && !array))
        return 0;
    at = blanks(v, at + 1);
    int found = 0;
    for (long i = 0; at < v.len && v.data[at] != ']' && v.data[at] != '}'; i++) {
        bool hit = wild || i == index || key_wild;
        if (object) {
            size_t end = skip_string(v, at);
            if (end == SIZE_MAX)
                return found;
            hit = key_wild || (key.data && key_is(v, at, end, key));
            at = blanks(v, end);
            at = blanks(v, at + 1);
        }
        if (hit)
            found += evaluate(v, at, path, p, quoted || wild, out, depth + 1);
        if (hit && !wild && !key_wild)
            return found;
        at = skip_value(v, at, 0);
        if (at == SIZE_MAX)
            return found;
        at = blanks(v, at);
        if (at < v.len && v.data[at] == ',')
            at = blanks(v, at + 1);
    }
    return found;
}

static void get_json_object(K *k)
{
    View v = k_str(k, 0), path = k_str(k, 1);
    str_auto out = STR_INIT((size_t)1 << 31);
    if (!path.len || path.data[0] != '$' || skip_value(v, 0, 0) == SIZE_MAX) {
        k_null(k);
        return;
    }
    bool wild = memmem(path.data, path.len, "[*]", 3) != NULL;
    int found = evaluate(v, 0, path, 1, false, &out, 0);
    if (!found) {
        k_null(k);
    } else if (wild && found > 1) {
        str_auto list = STR_INIT((size_t)1 << 31);
        str_addc(&list, '[');
        str_addn(&list, str_text(&out), out.len);
        str_addc(&list, ']');
        k_set_out(k, &list);
    } else {
        k_set_out(k, &out);
    }
}

static void array_length(K *k)
{
    View v = k_str(k, 0);
    size_t at = blanks(v, 0);
    if (skip_value(v, 0, 0) == SIZE_MAX || v.data[at] != '[') {
        k_null(k);
        return;
    }
    int32_t n = 0;
    at = blanks(v, at + 1);
    while (v.data[at] != ']') {
        n++;
        at = blanks(v, skip_value(v, at, 0));
        at = v.data[at] == ',' ? blanks(v, at + 1) : at;
    }
    k_set_i32(k, n);
}

static void object_keys(K *k)
{
    View v = k_str(k, 0);
    size_t at = blanks(v, 0);
    if (skip_value(v, 0, 0) == SIZE_MAX || v.data[at] != '{') {
        k_null(k);
        return;
    }
    idx_t n = 0;
    at = blanks(v, at + 1);
    while (v.data[at] != '}') {
        size_t end = skip_string(v, at);
        str_auto key = STR_INIT(1 << 20);
        unquote(v, at, end, &key);
        k_list_add(k, str_text(&key), key.len);
        n++;
        at = blanks(v, skip_value(v, blanks(v, end) + 1, 0));
        at = v.data[at] == ',' ? blanks(v, at + 1) : at;
    }
    k_list_end(k, n);
}

/* A value without blanks, as Jackson writes what it read. The parser limits the depth. */
static void compact(const JsonNode *n, Str *out)
{
    bool object = n->kind == JSON_OBJ;
    if (!object && n->kind != JSON_LIST) {
        double number;
        char text[NUMBER_TEXT_BYTES];
        if (n->kind == JSON_TEXT)
            json_add_text(n->text, out);
        else if (n->kind == JSON_FLOAT && java_double(n->raw, &number))
            str_addn(out, text, java_text_double(number, text));
        else
            str_addn(out, n->raw.data, n->raw.len);
        return;
    }
    str_addc(out, object ? '{' : '[');
    for (const JsonNode *item = n->first; item; item = item->next) {
        if (item != n->first)
            str_addc(out, ',');
        if (object) {
            json_add_text(item->key, out);
            str_addc(out, ':');
        }
        compact(item, out);
    }
    str_addc(out, object ? '}' : ']');
}

static void set_compact(K *k, const JsonNode *n)
{
    str_auto out = STR_INIT((size_t)1 << 31);
    compact(n, &out);
    k_set_out(k, &out);
}

/* json_tuple's fields: of the object itself, texts bare, NULL for what is not there. */
static void json_field(K *k)
{
    static const JsonOptions lenient = { .single_quotes = true, .non_numeric = true };
    arena_auto *a = arena_new();
    View v = k_str(k, 0), name = k_str(k, 1);
    JsonNode *n;
    if (!json_parse(a, &lenient, v, &n) || !n || n->kind != JSON_OBJ) {
        k_null(k);
        return;
    }
    for (n = n->first; n; n = n->next) {
        if (n->key.len != name.len || memcmp(n->key.data, name.data, name.len) != 0)
            continue;
        if (n->kind == JSON_NULLS)
            k_null(k);
        else if (n->kind == JSON_TEXT)
            k_set_view(k, n->text);
        else
            set_compact(k, n);
        return;
    }
    k_null(k);
}

/* ---------------------------------------------------------------- to_csv: one field */
enum { CSV_QUOTE_ALL = 1, CSV_ESCAPE_QUOTES = 2, CSV_TRIM_LEFT = 4, CSV_TRIM_RIGHT = 8 };

static bool needs_quotes(View v, View separator, View quote, int flags)
{
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (c == '\n' || c == '\r' || ((flags & CSV_ESCAPE_QUOTES) && quote.len && c == quote.data[0]) ||
            (v.len - i >= separator.len && !memcmp(v.data + i, separator.data, separator.len)))
            return true;
    }
    return (flags & CSV_QUOTE_ALL) != 0;
}

/* (text, separator, quote, escape, null value, empty value, flags), as univocity's writer has it. */
static void csv_field(K *k)
{
    int flags = k_i32(k, 6);
    View separator = k_str(k, 1), quote = k_str(k, 2), escape = k_str(k, 3);
    if (k_is_null(k, 0)) {
        k_set_view(k, k_str(k, 4));
        return;
    }
    View v = k_str(k, 0);
    while ((flags & CSV_TRIM_LEFT) && v.len && (unsigned char)v.data[0] <= ' ')
        v = (View){ v.data + 1, v.len - 1 };
    while ((flags & CSV_TRIM_RIGHT) && v.len && (unsigned char)v.data[v.len - 1] <= ' ')
        v.len--;
    if (!v.len || !quote.len || !needs_quotes(v, separator, quote, flags)) {
        k_set_view(k, v.len ? v : k_str(k, 5));
        return;
    }
    str_auto out = STR_INIT((size_t)1 << 31);
    str_addc(&out, quote.data[0]);
    for (size_t i = 0; i < v.len; i++) {
        if (escape.len && (v.data[i] == quote.data[0] || v.data[i] == escape.data[0]))
            str_addc(&out, escape.data[0]);
        str_addc(&out, v.data[i]);
    }
    str_addc(&out, quote.data[0]);
    k_set_out(k, &out);
}

const Kernel kernels_json[] = {
    { "spark_json_field", "SS:S", json_field, 0 },
    { "spark_csv_field", "SSSSSSi:S", csv_field, KERNEL_NULLS },
    { "spark_json_quote", "S:S", json_quote, 0 },
    { "spark_json_pretty", "S:S", json_pretty, 0 },
    { "spark_get_json_object", "SS:S", get_json_object, 0 },
    { "spark_json_array_length", "S:i", array_length, 0 },
    { "spark_json_object_keys", "S:[S", object_keys, 0 },
    { NULL, NULL, NULL, 0 },
};
