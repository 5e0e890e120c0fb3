/* svc/events/document.c -- see document.h. A recursive-descent reader of JSON. */
#include "svc/events/document.h"

#include <ctype.h>

typedef struct Reader {
    Arena *a;
    const char *at, *end;
} Reader;

/* ---------------------------------------------------------------- building */
static Doc *doc_new(Arena *a, DocKind kind)
{
    Doc *d = ARENA_NEW(a, Doc);
    d->kind = kind;
    return d;
}

Doc *doc_object(Arena *a)
{
    return doc_new(a, DOC_OBJECT);
}

Doc *doc_list(Arena *a)
{
    return doc_new(a, DOC_LIST);
}

Doc *doc_string(Arena *a, const char *text)
{
    Doc *d = doc_new(a, DOC_STRING);
    d->text = VIEW(arena_str(a, text));
    return d;
}

static void add(Arena *a, Doc *d, View name, Doc *value)
{
    if (d->len == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 4;
        Doc **items = ARENA_ARRAY(a, Doc *, cap);
        View *names = d->kind == DOC_OBJECT ? ARENA_ARRAY(a, View, cap) : NULL;
        if (d->len) {
            memcpy(items, d->items, d->len * sizeof *items);
            if (names)
                memcpy(names, d->names, d->len * sizeof *names);
        }
        d->items = items;
        d->names = names;
        d->cap = cap;
    }
    if (d->names)
        d->names[d->len] = name;
    d->items[d->len++] = value;
}

void doc_push(Arena *a, Doc *list, Doc *value)
{
    add(a, list, (View){ 0 }, value);
}

void doc_set(Arena *a, Doc *object, const char *name, Doc *value)
{
    if (!value)
        return;
    for (size_t i = 0; i < object->len; i++) {
        if (view_eq(object->names[i], VIEW(name))) {
            object->items[i] = value;
            return;
        }
    }
    add(a, object, VIEW(arena_str(a, name)), value);
}

const Doc *doc_find(const Doc *doc, View name)
{
    for (size_t i = doc && doc->kind == DOC_OBJECT ? doc->len : 0; i > 0; i--) {
        if (view_eq(doc->names[i - 1], name))
            return doc->items[i - 1];
    }
    return NULL;
}

const Doc *doc_get(const Doc *doc, const char *name)
{
    return doc_find(doc, VIEW(name));
}

const char *doc_text(const Doc *doc, const char *name)
{
    const Doc *d = doc_get(doc, name);
    return d && d->kind == DOC_STRING ? d->text.data : NULL;
}

/* ---------------------------------------------------------------- reading */
static void skip_space(Reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(Reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool read_hex4(Reader *r, unsigned *ret)
{
    unsigned n = 0;
    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        if (!isxdigit((unsigned char)c))
            return false;
        n = n * 16 + (unsigned)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    *ret = n;
    return true;
}

/* Behind "\u". A lone surrogate is no character. */
static bool read_unicode(Reader *r, char **out)
{
    unsigned c, low;
    if (!read_hex4(r, &c))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (!take(r, '\\') || !take(r, 'u') || !read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return false;
    }
    *out += utf8_write(*out, c);
    return true;
}

static bool read_escape(Reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return false;
    char c = *r->at++;
    if (c == 'u')
        return read_unicode(r, out);
    const char *known = c ? strchr(from, c) : NULL;
    if (!known)
        return false;
    *(*out)++ = to[known - from];
    return true;
}

/* Behind the opening quote. What is read is never longer than what was written. */
static bool read_string(Reader *r, View *ret)
{
    const char *close = r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' && close + 1 < r->end ? 2 : 1;
    if (close >= r->end)
        return false;
    char *text = arena_alloc(r->a, (size_t)(close - r->at) + 1), *out = text;
    while (*r->at != '"') {
        unsigned char c = (unsigned char)*r->at++;
        if (c < 0x20)
            return false;
        if (c != '\\')
            *out++ = (char)c;
        else if (!read_escape(r, &out))
            return false;
    }
    r->at++;
    *ret = (View){ text, (size_t)(out - text) };
    return utf8_valid(text, ret->len);
}

static size_t digits(Reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && isdigit((unsigned char)*r->at))
        r->at++;
    return (size_t)(r->at - from);
}

static bool read_number(Reader *r, View *ret)
{
    const char *from = r->at;
    take(r, '-');
    if (!take(r, '0') && !digits(r))
        return false;
    if (take(r, '.') && !digits(r))
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        if (!digits(r))
            return false;
    }
    *ret = (View){ arena_strn(r->a, from, (size_t)(r->at - from)), (size_t)(r->at - from) };
    return true;
}

static bool read_word(Reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool read_value(Reader *r, int depth, Doc **ret);

static bool read_members(Reader *r, Doc *d, int depth)
{
    bool object = d->kind == DOC_OBJECT;
    char close = object ? '}' : ']';
    skip_space(r);
    if (take(r, close))
        return true;
    do {
        View name = { 0 };
        Doc *value;
        skip_space(r);
        if (object) {
            if (!take(r, '"') || !read_string(r, &name))
                return false;
            skip_space(r);
            if (!take(r, ':'))
                return false;
        }
        if (!read_value(r, depth + 1, &value))
            return false;
        add(r->a, d, name, value);
        skip_space(r);
    } while (take(r, ','));
    return take(r, close);
}

static bool read_value(Reader *r, int depth, Doc **ret)
{
    static const struct {
        const char *word;
        DocKind kind;
    } words[] = { { "null", DOC_NULL }, { "false", DOC_FALSE }, { "true", DOC_TRUE } };
    skip_space(r);
    if (r->at == r->end || depth > DOC_DEPTH_MAX)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (read_word(r, words[i].word)) {
            *ret = doc_new(r->a, words[i].kind);
            return true;
        }
    }
    bool object = *r->at == '{', list = *r->at == '[', string = *r->at == '"';
    *ret = doc_new(r->a, object ? DOC_OBJECT : list ? DOC_LIST : string ? DOC_STRING : DOC_NUMBER);
    if (!object && !list && !string)
        return read_number(r, &(*ret)->text);
    r->at++;
    return string ? read_string(r, &(*ret)->text) : read_members(r, *ret, depth);
}

Status doc_parse(Arena *a, const char *text, size_t length, Doc **ret_doc, Error *err)
{
    Reader r = { a, text, text + length };
    Doc *doc;
    if (!read_value(&r, 0, &doc))
        return FAIL(err, ST_INVALID, "no JSON at character %zu", (size_t)(r.at - text) + 1);
    skip_space(&r);
    if (r.at != r.end)
        return FAIL(err, ST_INVALID, "there is more behind the JSON at character %zu", (size_t)(r.at - text) + 1);
    *ret_doc = doc;
    return ST_OK;
}

/* ---------------------------------------------------------------- printing */
void doc_print_escaped(Str *out, View text)
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        const char *known = c ? strchr(special, c) : NULL;
        if (known)
            str_addf(out, "\\%c", letters[known - special]);
        else if ((unsigned char)c < 0x20)
            str_addf(out, "\\u%04x", (unsigned)(unsigned char)c);
        else
            str_addc(out, c);
    }
}

static void print_string(Str *out, View text)
{
    str_addc(out, '"');
    doc_print_escaped(out, text);
    str_addc(out, '"');
}

void doc_print(Str *out, const Doc *d)
{
    switch (d->kind) {
    case DOC_NULL: str_add(out, "null"); return;
    case DOC_FALSE: str_add(out, "false"); return;
    case DOC_TRUE: str_add(out, "true"); return;
    case DOC_NUMBER: str_addn(out, d->text.data, d->text.len); return;
    case DOC_STRING: print_string(out, d->text); return;
    case DOC_LIST:
    case DOC_OBJECT: break;
    }
    bool object = d->kind == DOC_OBJECT;
    str_addc(out, object ? '{' : '[');
    for (size_t i = 0; i < d->len; i++) {
        if (i)
            str_addc(out, ',');
        if (object) {
            print_string(out, d->names[i]);
            str_addc(out, ':');
        }
        doc_print(out, d->items[i]);
    }
    str_addc(out, object ? '}' : ']');
}

char *doc_json(Arena *a, const Doc *doc)
{
    str_auto out = STR_INIT(SIZE_MAX / 2);
    doc_print(&out, doc);
    return str_arena(&out, a);
}
