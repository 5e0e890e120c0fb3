/* hadoop/lines.c -- see lines.h. */
#include "hadoop/lines.h"

void lines_init(LineSplitter *s, const char *delimiter, size_t max_bytes,
                Status (*on_line)(void *self, const char *line, size_t length, Error *err), void *self)
{
    *s = (LineSplitter){ .delimiter = delimiter && *delimiter ? delimiter : NULL, .rest = STR_INIT(max_bytes), .on_line = on_line,
                         .self = self };
    s->delimiter_len = s->delimiter ? strlen(delimiter) : 0;
}

/* Where the line ends and how many bytes end it; NULL: not in here. */
static const char *find_end(const LineSplitter *s, const char *at, size_t length, bool may_have_cr, size_t *ret_end_bytes)
{
    if (s->delimiter) {
        *ret_end_bytes = s->delimiter_len;
        return memmem(at, length, s->delimiter, s->delimiter_len);
    }
    const char *lf = memchr(at, '\n', length), *cr = may_have_cr ? memchr(at, '\r', lf ? (size_t)(lf - at) : length) : NULL;
    *ret_end_bytes = cr && lf == cr + 1 ? 2 : 1;
    return cr ? cr : lf;
}

static Status give(LineSplitter *s, const char *line, size_t length, size_t end_bytes, Error *err)
{
    s->line_at = s->consumed;
    s->consumed += (int64_t)(length + end_bytes);
    return s->on_line(s->self, line, length, err);
}

static Status keep(LineSplitter *s, const char *bytes, size_t length, Error *err)
{
    str_addn(&s->rest, bytes, length);
    return s->rest.overflow ? FAIL(err, ST_LIMIT, "java.io.IOException: a line is longer than %zu bytes", s->rest.max_bytes) : ST_OK;
}

/* The line that began in pieces before. */
static Status end_rest(LineSplitter *s, const char *bytes, size_t length, size_t end_bytes, Error *err)
{
    TRY(keep(s, bytes, length, err));
    Status status = give(s, str_text(&s->rest), s->rest.len, end_bytes, err);
    str_clear(&s->rest);
    return status;
}

/* With a delimiter of several bytes, it may lie across two pieces: all goes through `rest`. */
static Status add_delimited(LineSplitter *s, const char *bytes, size_t length, Error *err)
{
    TRY(keep(s, bytes, length, err));
    size_t at = 0, n;
    for (const char *end; !s->stopped && (end = find_end(s, str_text(&s->rest) + at, s->rest.len - at, true, &n));) {
        const char *line = str_text(&s->rest) + at;
        at = (size_t)(end - str_text(&s->rest)) + n;
        TRY(give(s, line, (size_t)(end - line), n, err));
    }
    memmove(s->rest.data, s->rest.data + at, s->rest.len - at);
    s->rest.len -= at;
    return ST_OK;
}

Status lines_add(LineSplitter *s, const char *bytes, size_t length, Error *err)
{
    if (s->delimiter && s->delimiter_len > 1)
        return add_delimited(s, bytes, length, err);
    const char *at = bytes, *stop = bytes + length;
    if (s->after_cr && length) {
        s->after_cr = false;
        if (*at == '\n') {
            at++;
            s->consumed++;
        }
    }
    bool may_have_cr = memchr(bytes, '\r', length) != NULL;
    while (at < stop && !s->stopped) {
        size_t n;
        const char *end = find_end(s, at, (size_t)(stop - at), may_have_cr, &n);
        if (!end)
            return keep(s, at, (size_t)(stop - at), err);
        if (s->rest.len)
            TRY(end_rest(s, at, (size_t)(end - at), n, err));
        else
            TRY(give(s, at, (size_t)(end - at), n, err));
        s->after_cr = !s->delimiter && *end == '\r' && n == 1 && end + 1 == stop;
        at = end + n;
    }
    return ST_OK;
}

Status lines_end(LineSplitter *s, Error *err)
{
    if (!s->rest.len || s->stopped)
        return ST_OK;
    return end_rest(s, "", 0, 0, err);
}

void lines_done(LineSplitter *s)
{
    str_done(&s->rest);
}
