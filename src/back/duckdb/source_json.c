/* back/duckdb/source_json.c -- the parser. */
#include "back/duckdb/source_json.h"

#include "base/limits.h"

#include <stdlib.h>

typedef struct Reader {
    Arena *a;
    const JsonOptions *o;
    const char *at, *end;
    size_t depth;
} Reader;

Status json_options(const KeyValueList *options, JsonOptions *o, Error *err)
{
    TRY(source_bool(options, "allowComments", false, &o->comments, err));
    TRY(source_bool(options, "allowUnquotedFieldNames", false, &o->unquoted_names, err));
    TRY(source_bool(options, "allowNumericLeadingZeros", false, &o->leading_zeros, err));
    TRY(source_bool(options, "allowBackslashEscapingAnyCharacter", false, &o->any_escape, err));
    TRY(source_bool(options, "allowUnquotedControlChars", false, &o->control_chars, err));
    TRY(source_bool(options, "allowSingleQuotes", true, &o->single_quotes, err));
    TRY(source_bool(options, "allowNonNumericNumbers", true, &o->non_numeric, err));
    TRY(source_bool(options, "primitivesAsString", false, &o->primitives_as_string, err));
    TRY(source_bool(options, "prefersDecimal", false, &o->prefers_decimal, err));
    TRY(source_bool(options, "inferTimestamp", false, &o->infer_timestamp, err));
    return source_bool(options, "dropFieldIfAllNull", false, &o->drop_all_null, err);
}

/* A comment of Java's kinds, behind r->at; one that does not end is none. */
static bool skip_comment(Reader *r)
{
    if (!r->o->comments || r->end - r->at < 2 || r->at[0] != '/')
        return false;
    size_t left = (size_t)(r->end - r->at);
    const char *end = NULL;
    if (r->at[1] == '/')
        end = memchr(r->at, '\n', left);
    else if (r->at[1] == '*')
        end = memmem(r->at + 2, left - 2, "*/", 2);
    if (!end && r->at[1] != '/')
        return false;
    r->at = !end ? r->end : r->at[1] == '/' ? end : end + 2;
    return true;
}

static void skip_blanks(Reader *r)
{
    while ((r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) || skip_comment(r))
        if (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
            r->at++;
}

/* ---------------------------------------------------------------- texts */
static bool hex4(Reader *r, unsigned *ret_unit)
{
    *ret_unit = 0;
    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16u;
        if (digit > 15)
            return false;
        *ret_unit = *ret_unit << 4 | digit;
    }
    return true;
}

/* A half of a pair alone is '?', as Java's encoder has it. */
static void put_utf8(unsigned c, char **out)
{
    *out += utf8_write(*out, c >= 0xd800 && c < 0xe000 ? '?' : c);
}

static bool unicode_escape(Reader *r, char **out)
{
    unsigned unit, low;
    if (!hex4(r, &unit))
        return false;
    if (unit >= 0xd800 && unit < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        const char *back = r->at;
        r->at += 2;
        if (!hex4(r, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000)
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        else
            r->at = back;
    }
    put_utf8(unit, out);
    return true;
}

static bool escape(Reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = *r->at++;
    if (c == 'u')
        return unicode_escape(r, out);
    const char *known = c ? strchr(from, c) : NULL;
    if (!known && !r->o->any_escape && !(c == '\'' && r->o->single_quotes))
        return false;
    if (!known) {
        *(*out)++ = c;
        return true;
    }
    *(*out)++ = to[known - from];
    return true;
}

/* r->at is behind the opening quote. */
static bool parse_text(Reader *r, char quote, View *ret_text)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '\\' && ((unsigned char)*r->at >= ' ' || r->o->control_chars))
        r->at++;
    if (r->at < r->end && *r->at == quote) {
        *ret_text = (View){ start, (size_t)(r->at++ - start) };
        return true;
    }
    const char *close = r->at;
    while (close < r->end && *close != quote)
        close += *close == '\\' && close + 1 < r->end ? 2 : 1;
    if (close >= r->end)
        return false;
    char *text = arena_alloc(r->a, (size_t)(close - start) + 1), *out = text + (r->at - start);
    memcpy(text, start, (size_t)(r->at - start));
    while (r->at < close) {
        if (*r->at == '\\') {
            r->at++;
            if (!escape(r, &out))
                return false;
        } else if ((unsigned char)*r->at < ' ' && !r->o->control_chars) {
            return false;
        } else {
            *out++ = *r->at++;
        }
    }
    r->at = close + 1;
    *ret_text = (View){ text, (size_t)(out - text) };
    return true;
}

/* ---------------------------------------------------------------- numbers and words */
static bool ends_here(const Reader *r)
{
    return r->at >= r->end || (*r->at && strchr(r->o->comments ? " \t\r\n,]}:/" : " \t\r\n,]}:", *r->at));
}

static bool word(Reader *r, const char *text, JsonKind kind, JsonNode *n)
{
    size_t length = strlen(text);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, text, length) != 0)
        return false;
    n->kind = kind;
    r->at += length;
    return true;
}

static bool non_numeric(Reader *r, JsonNode *n)
{
    static const char *const words[] = { "NaN", "Infinity", "-Infinity", "+Infinity", "INF", "-INF", "+INF" };
    for (size_t i = 0; r->o->non_numeric && i < sizeof words / sizeof *words; i++) {
        if (word(r, words[i], JSON_FLOAT, n))
            return true;
    }
    return false;
}

static bool digits(Reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static bool number(Reader *r, JsonNode *n)
{
    n->kind = JSON_INT;
    r->at += *r->at == '-';
    const char *start = r->at;
    if (!digits(r) || (*start == '0' && r->at > start + 1 && !r->o->leading_zeros))
        return false;
    if (r->at < r->end && *r->at == '.') {
        n->kind = JSON_FLOAT;
        r->at++;
        if (!digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        n->kind = JSON_FLOAT;
        r->at++;
        r->at += r->at < r->end && (*r->at == '-' || *r->at == '+');
        if (!digits(r))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- values */
static bool parse_value(Reader *r, JsonNode **ret_node);

static bool is_quote(const Reader *r, char c)
{
    return c == '"' || (c == '\'' && r->o->single_quotes);
}

/* JavaScript's identifiers, as Jackson takes them: letters, digits and a few signs; any byte beyond ASCII. */
static bool name_character(unsigned char c)
{
    return c && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 || strchr("@#$*_-+", c));
}

static bool member_key(Reader *r, View *ret_key)
{
    if (r->at < r->end && r->o->unquoted_names && !is_quote(r, *r->at)) {
        const char *start = r->at;
        while (r->at < r->end && name_character((unsigned char)*r->at))
            r->at++;
        *ret_key = (View){ start, (size_t)(r->at - start) };
        if (r->at == start)
            return false;
        skip_blanks(r);
        return r->at < r->end && *r->at++ == ':';
    }
    if (r->at >= r->end || !is_quote(r, *r->at))
        return false;
    char quote = *r->at++;
    if (!parse_text(r, quote, ret_key))
        return false;
    skip_blanks(r);
    return r->at < r->end && *r->at++ == ':';
}

/* The members of an object, or the items of a list, behind the opening bracket. */
static bool parse_items(Reader *r, char close, JsonNode *n)
{
    JsonNode **last = &n->first;
    skip_blanks(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        return true;
    }
    for (;;) {
        View key = { 0 };
        skip_blanks(r);
        if (close == '}' && !member_key(r, &key))
            return false;
        if (!parse_value(r, last))
            return false;
        (*last)->key = key;
        last = &(*last)->next;
        skip_blanks(r);
        if (r->at >= r->end || (*r->at != ',' && *r->at != close))
            return false;
        if (*r->at++ == close)
            return true;
    }
}

static bool parse_token(Reader *r, JsonNode *n)
{
    char c = *r->at;
    if (c == '{' || c == '[') {
        n->kind = c == '{' ? JSON_OBJ : JSON_LIST;
        r->at++;
        return parse_items(r, c == '{' ? '}' : ']', n);
    }
    if (is_quote(r, c)) {
        n->kind = JSON_TEXT;
        r->at++;
        return parse_text(r, c, &n->text);
    }
    bool good = word(r, "true", JSON_BOOL, n) || word(r, "false", JSON_BOOL, n) || word(r, "null", JSON_NULLS, n) ||
                non_numeric(r, n) || ((c == '-' || (c >= '0' && c <= '9')) && number(r, n));
    return good && ends_here(r);
}

static bool parse_value(Reader *r, JsonNode **ret_node)
{
    skip_blanks(r);
    if (r->at >= r->end || r->depth >= LIMIT_QUERY_NESTING)
        return false;
    JsonNode *n = ARENA_NEW(r->a, JsonNode);
    const char *start = r->at;
    r->depth++;
    bool good = parse_token(r, n);
    r->depth--;
    n->raw = (View){ start, (size_t)(r->at - start) };
    if (n->kind != JSON_TEXT)
        n->text = n->raw;
    *ret_node = n;
    return good;
}

bool json_parse(Arena *a, const JsonOptions *o, View source, JsonNode **ret_node)
{
    Reader r = { .a = a, .o = o, .at = source.data, .end = source.data + source.len };
    *ret_node = NULL;
    skip_blanks(&r);
    return r.at >= r.end || (utf8_valid(source.data, source.len) && parse_value(&r, ret_node));
}
