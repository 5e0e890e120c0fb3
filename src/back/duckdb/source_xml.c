/* back/duckdb/source_xml.c -- the reader of tokens. */
#include "back/duckdb/source_xml.h"

#include <stdlib.h>
#include <unicode/uchar.h>

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_spaces(XmlReader *r)
{
    while (r->at < r->end && space(*r->at))
        r->at++;
}

static bool starts(const XmlReader *r, const char *with)
{
    size_t n = strlen(with);
    return (size_t)(r->end - r->at) >= n && !memcmp(r->at, with, n);
}

static bool take(XmlReader *r, const char *text)
{
    if (!starts(r, text))
        return false;
    r->at += strlen(text);
    return true;
}

/* ---------------------------------------------------------------- characters */
/* The code point at `at`, which is valid UTF-8. */
static unsigned code_point(const char *at, size_t *ret_length)
{
    const unsigned char *c = (const unsigned char *)at;
    *ret_length = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    switch (*ret_length) {
    case 1: return c[0];
    case 2: return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
    case 3: return (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
    default: return (c[0] & 0x07u) << 18 | (c[1] & 0x3fu) << 12 | (c[2] & 0x3fu) << 6 | (c[3] & 0x3fu);
    }
}

/* XML 1.0's Char, and U+FFFE and U+FFFF, which Woodstox lets through. */
static bool character(unsigned c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c < 0x110000);
}

bool xml_name_start(unsigned c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    return U_GET_GC_MASK((UChar32)c) & U_GC_L_MASK;
}

bool xml_name_part(unsigned c)
{
    if (c < 0x80)
        return xml_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
    return c == 0xb7 || (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK));
}

static bool name(XmlReader *r, View *ret_name)
{
    const char *start = r->at;
    size_t n;
    while (r->at < r->end) {
        unsigned c = code_point(r->at, &n);
        if (r->at == start ? !xml_name_start(c) : !xml_name_part(c))
            break;
        r->at += n;
    }
    *ret_name = (View){ start, (size_t)(r->at - start) };
    return r->at > start;
}

/* "&#65;", "&#x41;" or one of the five, behind the ampersand. */
static bool reference(XmlReader *r, Str *out)
{
    static const char *const names[] = { "lt;", "gt;", "amp;", "quot;", "apos;" };
    View entity;
    for (size_t i = 0; i < 5; i++)
        if (take(r, names[i])) {
            str_addc(out, "<>&\"'"[i]);
            return true;
        }
    if (!starts(r, "#")) {
        r->unknown = name(r, &entity) && take(r, ";");
        return false;
    }
    r->at++;
    unsigned base = take(r, "x") ? 16 : 10, c = 0;
    const char *start = r->at;
    for (; r->at < r->end && *r->at != ';'; r->at++) {
        char d = *r->at;
        unsigned digit = d >= '0' && d <= '9' ? (unsigned)(d - '0') : d >= 'a' && d <= 'f' ? (unsigned)(d - 'a' + 10) : d >= 'A' && d <= 'F' ? (unsigned)(d - 'A' + 10) : 16;
        if (digit >= base || c > 0x10ffff)
            return false;
        c = c * base + digit;
    }
    if (r->at == start || !take(r, ";") || !character(c))
        return false;
    str_add_code_point(out, c);
    return true;
}

/* One character as it stands: line ends are \n. False: XML has no such character. */
static bool plain(XmlReader *r, Str *out)
{
    size_t n;
    if (!character(code_point(r->at, &n)))
        return false;
    if (*r->at == '\r') {
        str_addc(out, '\n');
        r->at += r->at + 1 < r->end && r->at[1] == '\n' ? 2 : 1;
        return true;
    }
    str_addn(out, r->at, n);
    r->at += n;
    return true;
}

static View kept(XmlReader *r, const Str *text)
{
    return (View){ arena_strn(r->a, str_text(text), text->len), text->len };
}

/* ---------------------------------------------------------------- what is left out */
/* Behind the opening: up to `close`, which is taken. */
static bool skip_past(XmlReader *r, const char *close)
{
    const char *found = memmem(r->at, (size_t)(r->end - r->at), close, strlen(close));
    for (const char *c = r->at; c < (found ? found : r->end); c++)
        if ((unsigned char)*c < ' ' && !space(*c))
            return false;
    r->ended = !found;
    r->at = found ? found + strlen(close) : r->end;
    return found;
}

/* Two hyphens only stand at a comment's end. */
static bool comment(XmlReader *r)
{
    const char *start = r->at;
    if (!skip_past(r, "-->"))
        return false;
    return !memmem(start, (size_t)(r->at - start) - 1, "--", 2) || memmem(start, (size_t)(r->at - start), "--", 2) == r->at - 3;
}

static bool instruction(XmlReader *r)
{
    View target;
    if (!name(r, &target))
        return false;
    if (target.len == 3 && (target.data[0] | 32) == 'x' && (target.data[1] | 32) == 'm' && (target.data[2] | 32) == 'l')
        return false;
    if (!starts(r, "?>") && (r->at == r->end || !space(*r->at)))
        return false;
    return skip_past(r, "?>");
}

static bool skip_quoted(XmlReader *r)
{
    char quote[2] = { *r->at++, 0 };
    return skip_past(r, quote);
}

/* Declarations between brackets; none of them means anything. */
static bool internal_subset(XmlReader *r)
{
    while (r->at < r->end && *r->at != ']') {
        bool good = true;
        if (take(r, "<!--"))
            good = comment(r);
        else if (take(r, "<?"))
            good = skip_past(r, "?>");
        else if (*r->at == '"' || *r->at == '\'')
            good = skip_quoted(r);
        else
            r->at++;
        if (!good)
            return false;
    }
    return take(r, "]");
}

/* Behind "<!DOCTYPE". */
static bool document_type(XmlReader *r)
{
    View root;
    const char *start = r->at;
    skip_spaces(r);
    if (r->typed || r->at == start || !name(r, &root))
        return false;
    r->typed = true;
    while (r->at < r->end && *r->at != '>') {
        if (*r->at == '"' || *r->at == '\'') {
            if (!skip_quoted(r))
                return false;
        } else if (*r->at == '[') {
            r->at++;
            if (!internal_subset(r))
                return false;
        } else if (*r->at == '<') {
            return false;
        } else {
            r->at++;
        }
    }
    return take(r, ">");
}

/* ---------------------------------------------------------------- elements */
static XmlToken failed(XmlReader *r)
{
    r->failed = true;
    return (XmlToken){ .kind = XML_FAILED };
}

static bool attribute_value(XmlReader *r, View *ret_value)
{
    if (r->at == r->end || (*r->at != '"' && *r->at != '\''))
        return false;
    char quote = *r->at++;
    const char *start = r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '&' && *r->at != '<' && (unsigned char)*r->at >= ' ' && (unsigned char)*r->at < 0xef)
        r->at++;
    if (r->at < r->end && *r->at == quote) {
        *ret_value = (View){ start, (size_t)(r->at++ - start) };
        return true;
    }
    str_auto out = STR_INIT(SIZE_MAX);
    for (r->at = start; r->at < r->end && *r->at != quote;) {
        bool blank = space(*r->at), good = *r->at != '<';
        if (good && take(r, "&"))
            good = reference(r, &out);
        else if (good)
            good = plain(r, &out);
        if (!good)
            return false;
        if (blank)
            out.data[out.len - 1] = ' ';
    }
    r->ended = r->at == r->end;
    if (r->ended)
        return false;
    r->at++;
    *ret_value = kept(r, &out);
    return true;
}

static bool attribute(XmlReader *r, XmlAttribute *ret)
{
    if (!name(r, &ret->name))
        return false;
    skip_spaces(r);
    if (!take(r, "="))
        return false;
    skip_spaces(r);
    return attribute_value(r, &ret->value);
}

static bool same(View x, View y)
{
    return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

static int by_name(const void *x, const void *y)
{
    const View *a = &((const XmlAttribute *)x)->name, *b = &((const XmlAttribute *)y)->name;
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

static bool any_twice(Arena *a, const XmlAttribute *list, size_t n)
{
    XmlAttribute *sorted = ARENA_ARRAY(a, XmlAttribute, n + 1);
    if (n)
        memcpy(sorted, list, n * sizeof *list);
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 1; i < n; i++)
        if (same(sorted[i - 1].name, sorted[i].name))
            return true;
    return false;
}

static void push(XmlReader *r, View element)
{
    if (r->depth == r->room) {
        r->room = r->room ? 2 * r->room : 16;
        View *grown = realloc(r->open, r->room * sizeof *grown);
        if (!grown)
            abort();
        r->open = grown;
    }
    r->open[r->depth++] = element;
}

/* Behind "<". */
static XmlToken start_tag(XmlReader *r)
{
    XmlToken t = { .kind = XML_START };
    VEC(XmlAttribute) attributes = { 0 };
    if (!name(r, &t.name) || r->depth == XML_DEPTH)
        return failed(r);
    for (;;) {
        const char *before = r->at;
        XmlAttribute one;
        skip_spaces(r);
        if (take(r, ">"))
            break;
        if (take(r, "/>")) {
            r->closing = true;
            break;
        }
        if (r->at == before || attributes.len == XML_ATTRIBUTES || !attribute(r, &one)) {
            r->ended = r->ended || r->at == r->end;
            return failed(r);
        }
        vec_push(r->a, &attributes, one);
    }
    if (attributes.len > 1 && any_twice(r->a, attributes.at, attributes.len))
        return failed(r);
    push(r, t.name);
    t.attributes = attributes.at;
    t.nattributes = attributes.len;
    return t;
}

static XmlToken end_element(XmlReader *r)
{
    return (XmlToken){ .kind = XML_END, .name = r->open[--r->depth] };
}

/* Behind "</". */
static XmlToken end_tag(XmlReader *r)
{
    View element;
    if (!name(r, &element) || !same(element, r->open[r->depth - 1])) {
        r->ended = r->at == r->end;
        return failed(r);
    }
    skip_spaces(r);
    if (!take(r, ">")) {
        r->ended = r->at == r->end;
        return failed(r);
    }
    return end_element(r);
}

/* ---------------------------------------------------------------- text */
static bool cdata(XmlReader *r, Str *out)
{
    while (r->at < r->end && !starts(r, "]]>"))
        if (!plain(r, out))
            return false;
    r->ended = r->at == r->end;
    return take(r, "]]>");
}

static XmlToken text(XmlReader *r)
{
    const char *start = r->at;
    View v;
    while (r->at < r->end && *r->at != '<' && *r->at != '&' && *r->at != ']' && *r->at != '\r' && ((unsigned char)*r->at >= ' ' || space(*r->at)) &&
           (unsigned char)*r->at < 0xef)
        r->at++;
    if (r->at > start && r->at < r->end && *r->at == '<' && !starts(r, "<![CDATA[")) {
        v = (View){ start, (size_t)(r->at - start) };
    } else {
        str_auto out = STR_INIT(SIZE_MAX);
        for (r->at = start; r->at < r->end;) {
            bool good = true;
            if (take(r, "<![CDATA["))
                good = cdata(r, &out);
            else if (*r->at == '<')
                break;
            else if (starts(r, "]]>"))
                good = false;
            else if (take(r, "&"))
                good = reference(r, &out);
            else
                good = plain(r, &out);
            if (!good && r->unknown) { /* Woodstox goes on behind it */
                r->unknown = false;
                return (XmlToken){ .kind = XML_FAILED };
            }
            if (!good)
                return failed(r);
        }
        v = kept(r, &out);
    }
    bool blank = true;
    for (size_t i = 0; i < v.len && blank; i++)
        blank = space(v.data[i]);
    return (XmlToken){ .kind = XML_TEXT, .text = v, .blank = blank };
}

/* ---------------------------------------------------------------- documents */
/* name="value" of a declaration, if it comes next. */
static bool declared(XmlReader *r, const char *what, View *ret_value)
{
    const char *before = r->at;
    skip_spaces(r);
    if (r->at == before || !take(r, what)) {
        r->at = before;
        return false;
    }
    skip_spaces(r);
    if (!take(r, "="))
        return false;
    skip_spaces(r);
    return attribute_value(r, ret_value);
}

static bool view_is(View v, const char *text)
{
    return v.len == strlen(text) && !memcmp(v.data, text, v.len);
}

/* <?xml version="1.0" …?>: what it says of the encoding does not hold for a text that was decoded already. */
static bool declaration(XmlReader *r)
{
    View value;
    if (!declared(r, "version", &value) || !(view_is(value, "1.0") || view_is(value, "1.1")))
        return false;
    declared(r, "encoding", &value);
    if (declared(r, "standalone", &value) && !view_is(value, "yes") && !view_is(value, "no"))
        return false;
    skip_spaces(r);
    return take(r, "?>");
}

/* Inside an element; an empty text is none. */
static XmlToken content(XmlReader *r)
{
    for (;;) {
        if (r->at == r->end) {
            r->ended = true;
            return failed(r);
        }
        if (*r->at != '<' || starts(r, "<![CDATA[")) {
            XmlToken t = text(r);
            if (t.kind == XML_FAILED || t.text.len)
                return t;
        } else if (take(r, "<!--")) {
            if (!comment(r))
                return failed(r);
        } else if (take(r, "<?")) {
            if (!instruction(r))
                return failed(r);
        } else if (take(r, "</")) {
            return end_tag(r);
        } else {
            r->at++;
            return start_tag(r);
        }
    }
}

/* Before and behind the root. */
static XmlToken outside(XmlReader *r)
{
    bool first = !r->started;
    r->started = true;
    if (first)
        take(r, "\xef\xbb\xbf");
    if (first && starts(r, "<?xml") && r->end - r->at > 5 && space(r->at[5])) {
        r->at += 5;
        if (!declaration(r))
            return failed(r);
    }
    for (;;) {
        skip_spaces(r);
        bool good = true;
        if (r->at == r->end) {
            if (r->rooted)
                return (XmlToken){ .kind = XML_DONE };
            r->ended = true;
            return failed(r);
        }
        if (take(r, "<!--")) {
            good = comment(r);
        } else if (take(r, "<?")) {
            good = instruction(r);
        } else if (!r->rooted && take(r, "<!DOCTYPE")) {
            good = document_type(r);
        } else if (!r->rooted && take(r, "<")) {
            r->rooted = true;
            return start_tag(r);
        } else {
            good = false;
        }
        if (!good)
            return failed(r);
    }
}

static XmlToken token(XmlReader *r)
{
    if (r->failed)
        return (XmlToken){ .kind = XML_FAILED };
    if (r->closing) {
        r->closing = false;
        return end_element(r);
    }
    return r->depth ? content(r) : outside(r);
}

void xml_reader_init(XmlReader *r, Arena *a, View source)
{
    *r = (XmlReader){ .a = a, .at = source.data, .end = source.data + source.len };
}

void xml_reader_done(XmlReader *r)
{
    free(r->open);
    r->open = NULL;
}

const XmlToken *xml_peek(XmlReader *r)
{
    if (!r->peeked)
        r->next = token(r);
    r->peeked = r->next.kind != XML_FAILED;
    return &r->next;
}

XmlToken xml_next(XmlReader *r)
{
    XmlToken t = *xml_peek(r);
    r->peeked = t.kind == XML_DONE;
    return t;
}

bool xml_next_record(const XmlOptions *o, XmlReader *r, XmlToken *ret_start)
{
    for (;;) {
        XmlToken t = xml_next(r);
        View element = t.kind == XML_START ? xml_name(o, t.name) : (View){ 0 };
        *ret_start = t;
        if (t.kind == XML_START && same(element, o->row_tag))
            return true;
        r->failed = r->failed || t.kind == XML_FAILED;
        if (t.kind == XML_DONE || t.kind == XML_FAILED)
            return false;
    }
}
