/* hadoop/lines.h -- bytes that come in pieces, as lines: ended by \n, \r or \r\n, or by a delimiter of the job's.
 * Source: org.apache.hadoop.util.LineReader. Not thread-safe. */
#ifndef WEIR_HADOOP_LINES_H
#define WEIR_HADOOP_LINES_H
#include "base/status.h"
#include "base/str.h"

typedef struct LineSplitter {
    const char *delimiter; /* NULL: the three */
    size_t delimiter_len;
    Str rest;              /* of a line whose end has not come */
    bool after_cr;         /* a \n that comes first belongs to the line before */
    bool stopped;          /* `on_line` wants no more */
    int64_t line_at;       /* where the line given last begins */
    int64_t consumed;      /* bytes of the lines given so far, with their ends */
    Status (*on_line)(void *self, const char *line, size_t length, Error *err);
    void *self;
} LineSplitter;

/* Lines longer than `max_bytes` fail with ST_LIMIT. */
void lines_init(LineSplitter *s, const char *delimiter, size_t max_bytes,
                Status (*on_line)(void *self, const char *line, size_t length, Error *err), void *self);
Status lines_add(LineSplitter *s, const char *bytes, size_t length, Error *err);
Status lines_end(LineSplitter *s, Error *err); /* a last line without an end is a line */
void lines_done(LineSplitter *s);

#endif
