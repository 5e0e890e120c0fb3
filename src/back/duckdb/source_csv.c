/* back/duckdb/source_csv.c -- the record parser: the plain cases without a copy, the others as univocity's state machine. */
#include "back/duckdb/source_csv.h"

#include <stdlib.h>

enum { NEW_LINE = '\n', SEPARATOR = 256 };

void csv_parser_init(CsvParser *p, const CsvOptions *o)
{
    *p = (CsvParser){ .o = o };
}

void csv_parser_done(CsvParser *p)
{
    free(p->fields);
    free(p->scratch);
}

static bool is_blank(int c)
{
    return c <= ' ';
}

bool csv_line_counts(const CsvOptions *o, View line)
{
    size_t i = 0;
    while (i < line.len && is_blank((unsigned char)line.data[i]))
        i++;
    return i < line.len && !(o->comment && line.data[0] == o->comment);
}

/* ---------------------------------------------------------------- values */
static void push(CsvParser *p, CsvField f)
{
    if (p->nfields == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 32;
        p->fields = realloc(p->fields, p->cap * sizeof *p->fields);
        if (!p->fields)
            abort();
    }
    p->too_many = p->too_many || p->nfields >= (size_t)p->o->max_columns;
    p->fields[p->nfields++] = f;
}

static void push_view(CsvParser *p, View v)
{
    push(p, (CsvField){ .text = v.data, .len = v.len });
}

static void append(CsvParser *p, const char *bytes, size_t n)
{
    if (p->scratch_len + n > p->scratch_cap) {
        p->scratch_cap = (p->scratch_len + n) * 2 + 256;
        p->scratch = realloc(p->scratch, p->scratch_cap);
        if (!p->scratch)
            abort();
    }
    memcpy(p->scratch + p->scratch_len, bytes, n);
    p->scratch_len += n;
}

static void append_char(CsvParser *p, int c)
{
    char byte = (char)c;
    if (c == SEPARATOR)
        append(p, p->o->sep, p->o->sep_len);
    else
        append(p, &byte, 1);
}

static void prepend_quote(CsvParser *p)
{
    append_char(p, p->o->quote);
    memmove(p->scratch + p->begin + 1, p->scratch + p->begin, p->scratch_len - 1 - p->begin);
    p->scratch[p->begin] = p->o->quote;
}

/* The value that was appended. */
static void push_appended(CsvParser *p)
{
    size_t end = p->scratch_len;
    while (p->trim && end > p->begin && is_blank((unsigned char)p->scratch[end - 1]))
        end--;
    if (end == p->begin)
        push_view(p, p->o->empty_value);
    else
        push(p, (CsvField){ .text = (const char *)(uintptr_t)p->begin, .len = end - p->begin, .in_scratch = true });
    p->begin = p->scratch_len;
}

/* ---------------------------------------------------------------- characters */
/* The next character into p->ch; a separator is one character. False at the end, where p->ch stays as it is. */
static bool next(CsvParser *p)
{
    if (p->at >= p->end)
        return false;
    const CsvOptions *o = p->o;
    if (*p->at == o->sep[0] && (size_t)(p->end - p->at) >= o->sep_len && !memcmp(p->at, o->sep, o->sep_len)) {
        p->ch = SEPARATOR;
        p->at += o->sep_len;
    } else {
        p->ch = (unsigned char)*p->at++;
    }
    return true;
}

static bool stops(const CsvParser *p)
{
    return p->ch == SEPARATOR || p->ch == NEW_LINE;
}

static int quote_of(const CsvParser *p)
{
    return p->o->quote ? (unsigned char)p->o->quote : -1;
}

static int escape_of(const CsvParser *p)
{
    return p->o->escape ? (unsigned char)p->o->escape : -1;
}

/* At the end of the text p->ch is the character it began with: finish() looks at it. */
static bool append_to_stop(CsvParser *p)
{
    int first = p->ch;
    while (!stops(p)) {
        append_char(p, p->ch);
        if (!next(p)) {
            p->ch = first;
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- quoted values, the slow way */
static bool unquoted_rest(CsvParser *p);

static bool process_escape(CsvParser *p, bool *ret_done)
{
    int quote = quote_of(p), escape = escape_of(p), twice = p->o->escape_escape ? (unsigned char)p->o->escape_escape : -1;
    *ret_done = false;
    if (p->ch == escape && p->prev == twice) {
        append_char(p, escape);
        p->ch = 0;
    } else if (p->prev == escape) {
        if (p->ch == quote) {
            append_char(p, quote);
            p->ch = 0;
        } else {
            append_char(p, p->prev);
        }
    } else if (p->ch == quote && p->prev == quote) {
        append_char(p, quote);
    } else if (p->prev == quote) {
        append_char(p, quote);
        p->prev = p->ch;
        *ret_done = true;
        return unquoted_rest(p);
    }
    return true;
}

/* Up to the separator, with escapes. */
static bool unquoted_rest(CsvParser *p)
{
    bool done;
    while (!stops(p)) {
        if (p->ch != quote_of(p) && p->ch != escape_of(p)) {
            if (p->prev == quote_of(p)) {
                append_char(p, quote_of(p));
                p->prev = p->ch;
                return unquoted_rest(p);
            }
            append_char(p, p->ch);
        } else {
            if (!process_escape(p, &done))
                return false;
        }
        p->prev = p->ch;
        if (!next(p))
            return false;
    }
    return true;
}

/* Text behind the closing quote: blanks are dropped, anything else makes the quotes part of the value. */
static bool quoted_value(CsvParser *p);

static bool blanks_behind_quote(CsvParser *p)
{
    const char *from = p->at - 1;
    while (is_blank(p->ch) && !stops(p)) {
        if (!next(p))
            return false;
        if (p->ch == NEW_LINE)
            return true;
    }
    if (p->ch == SEPARATOR)
        return true;
    append_char(p, p->o->quote);
    append(p, from, (size_t)(p->at - 1 - from));
    if (!p->o->stop_at_closing_quote || (p->ch != quote_of(p) && p->ch != escape_of(p)))
        append_char(p, p->ch);
    p->prev = p->ch;
    return quoted_value(p);
}

/* Appends up to a quote or an escape character, which becomes p->ch. */
static bool append_to_quote(CsvParser *p)
{
    int twice = p->o->escape_escape ? (unsigned char)p->o->escape_escape : -1;
    while (p->ch != quote_of(p) && p->ch != escape_of(p) && p->ch != twice) {
        append_char(p, p->ch);
        int before = p->ch;
        if (!next(p)) {
            p->ch = before;
            return false;
        }
    }
    return true;
}

static bool quoted_value(CsvParser *p)
{
    int quote = quote_of(p), escape = escape_of(p);
    bool done;
    if (p->prev && !p->o->stop_at_closing_quote) {
        prepend_quote(p);
        if (!next(p))
            return false;
        p->trim = p->o->trim_right;
        return append_to_stop(p);
    }
    if (!next(p))
        return false;
    for (;;) {
        if (p->prev == quote && (is_blank(p->ch) || stops(p)))
            break;
        if (p->ch != quote && p->ch != escape) {
            if (p->prev == quote) {
                p->unescaped = true;
                append_char(p, quote);
                append_char(p, p->ch);
                p->prev = p->ch;
                return quoted_value(p);
            }
            if (p->prev == escape)
                append_char(p, escape);
            if (!append_to_quote(p))
                return false;
            p->prev = p->ch;
            if (!next(p))
                return false;
        } else {
            if (!process_escape(p, &done))
                return false;
            p->prev = p->ch;
            if (!next(p))
                return false;
            if (p->unescaped && stops(p))
                return true;
        }
    }
    return stops(p) ? true : blanks_behind_quote(p);
}

/* ---------------------------------------------------------------- values, the fast way */
/* "text" and a separator or the end of the line directly behind it, nothing escaped inside. */
static bool quoted_plain(CsvParser *p)
{
    const CsvOptions *o = p->o;
    const char *from = p->at, *close = from;
    if (o->escape == o->quote)
        close = memchr(from, o->quote, (size_t)(p->end - from));
    else
        while (close < p->end && *close != o->quote && *close != o->escape)
            close++;
    if (!close || close >= p->end || *close != o->quote || close + 1 >= p->end)
        return false;
    const char *behind = close + 1;
    bool ends = *behind == NEW_LINE ||
                ((size_t)(p->end - behind) >= o->sep_len && !memcmp(behind, o->sep, o->sep_len));
    if (!ends)
        return false;
    push_view(p, close == from ? o->empty_value : (View){ from, (size_t)(close - from) });
    p->at = behind;
    return true;
}

/* From p->ch, which stands before p->at, up to a separator. At the end of the text univocity's slow path takes over. */
static bool unquoted_plain(CsvParser *p)
{
    const CsvOptions *o = p->o;
    const char *from = p->at - 1, *stop = from;
    char sep = o->sep[0];
    for (;; stop++) {
        while (stop < p->end && *stop != sep && *stop != NEW_LINE)
            stop++;
        if (stop >= p->end)
            break;
        if (*stop == NEW_LINE || o->sep_len == 1 ||
            ((size_t)(p->end - stop) >= o->sep_len && !memcmp(stop, o->sep, o->sep_len)))
            break;
    }
    size_t n = (size_t)(stop - from);
    while (o->trim_right && n && is_blank((unsigned char)from[n - 1]))
        n--;
    p->at = stop;
    push_view(p, n ? (View){ from, n } : stop < p->end ? o->null_value : o->empty_value);
    return next(p);
}

/* ---------------------------------------------------------------- records */
static bool skip_blanks(CsvParser *p)
{
    while (is_blank(p->ch) && !stops(p) && p->ch != quote_of(p)) {
        if (!next(p))
            return false;
    }
    return true;
}

/* What is left when the text ends inside a value (AbstractParser.handleEOF). */
static void finish(CsvParser *p)
{
    bool value = p->prev && !stops(p);
    if (p->ch == quote_of(p)) {
        if (p->prev == quote_of(p))
            value = true;
        else if (!p->unescaped)
            append_char(p, p->o->quote);
    }
    if (value || p->scratch_len > p->begin)
        push_appended(p);
    else
        push_view(p, p->o->null_value);
}

/* One value from p->ch on; false when the text ended, `*ret_open`: inside the value. */
static bool parse_value(CsvParser *p, bool *ret_open)
{
    *ret_open = false;
    p->unescaped = p->trim = false;
    p->prev = 0;
    if (p->ch != quote_of(p))
        return unquoted_plain(p);
    if (quoted_plain(p))
        return next(p);
    if (!quoted_value(p)) {
        *ret_open = true;
        return false;
    }
    push_appended(p);
    return true;
}

/* p->ch is the first character. */
static void parse_record(CsvParser *p)
{
    bool open, more = true;
    if (p->o->trim_left)
        more = skip_blanks(p);
    while (more && p->ch != NEW_LINE) {
        if (p->o->trim_left && !skip_blanks(p))
            break;
        if (stops(p)) {
            push_view(p, p->o->null_value);
        } else if (!parse_value(p, &open)) {
            if (open)
                finish(p);
            return;
        }
        if (p->ch == NEW_LINE)
            return;
        more = next(p);
        if (!more || p->ch == NEW_LINE) {
            push_view(p, p->o->null_value);
            return;
        }
    }
    if (p->ch != NEW_LINE) { /* only blanks up to the end */
        p->prev = 0;
        p->ch = 0;
        finish(p);
    }
}

static void skip_line(CsvParser *p)
{
    const char *feed = memchr(p->at, NEW_LINE, (size_t)(p->end - p->at));
    p->at = feed ? feed + 1 : p->end;
}

bool csv_record(CsvParser *p, const char **at, const char *end)
{
    p->at = *at;
    p->end = end;
    p->nfields = p->scratch_len = p->begin = 0;
    p->too_many = false;
    while (!p->nfields && p->at < p->end) {
        p->ch = p->prev = 0;
        if (p->o->comment && *p->at == p->o->comment) {
            skip_line(p);
            continue;
        }
        if (next(p))
            parse_record(p);
    }
    for (size_t i = 0; i < p->nfields; i++) {
        if (p->fields[i].in_scratch)
            p->fields[i].text = p->scratch + (uintptr_t)p->fields[i].text;
    }
    *at = p->at;
    return p->nfields > 0;
}

size_t csv_normalize(const CsvOptions *o, char *text, size_t length)
{
    const char *sep = o->line_sep.data;
    size_t sep_len = o->line_sep.len, out = 0;
    if (!sep_len) {
        const char *feed = memchr(text, '\n', length), *cr = memchr(text, '\r', feed ? (size_t)(feed - text) : length);
        sep = !cr ? "\n" : feed == cr + 1 ? "\r\n" : "\r";
        sep_len = strlen(sep);
    }
    if (sep_len == 1 && sep[0] == NEW_LINE)
        return length;
    for (size_t i = 0; i < length;) {
        bool ends = length - i >= sep_len && !memcmp(text + i, sep, sep_len);
        text[out++] = ends ? NEW_LINE : text[i];
        i += ends ? sep_len : 1;
    }
    return out;
}
