/* step/logs.c -- compressing logs, and finding the line that says why a step failed. */
#include "step/logs.h"

#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

enum { TAIL_BYTES = 64 * 1024, LINE_BYTES = 1024 };

Status logs_gzip(const char *from, const char *to, Error *err)
{
    fd_auto in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 && errno != ENOENT)
        return FAIL(err, ST_IO, "open '%s': %s", from, strerror(errno));
    gzFile out = gzopen(to, "wbe6");
    if (!out)
        return FAIL(err, ST_IO, "create '%s': %s", to, strerror(errno));
    char bytes[65536];
    bool written = true;
    ssize_t n = 0;
    while (in >= 0 && written && (n = read(in, bytes, sizeof bytes)) > 0)
        written = gzwrite(out, bytes, (unsigned)n) == (int)n;
    if (gzclose(out) != Z_OK || !written || n < 0)
        return FAIL(err, ST_IO, "compress '%s': %s", from, strerror(errno));
    return ST_OK;
}

/* "ValueError: x", "pyspark.errors.AnalysisException: …", "java.io.IOException", "Exception in thread …". */
static bool names_failure(View line)
{
    static const char thread[] = "Exception in thread ", caused[] = "Caused by: ";
    if (line.len >= sizeof thread - 1 && !memcmp(line.data, thread, sizeof thread - 1))
        return true;
    if (line.len >= sizeof caused - 1 && !memcmp(line.data, caused, sizeof caused - 1))
        return true;
    static const char *const ends[] = { "Error", "Exception", "Exit", "Interrupt", "Failure" };
    size_t n = 0;
    while (n < line.len && (isalnum((unsigned char)line.data[n]) || line.data[n] == '_' || line.data[n] == '.' || line.data[n] == '$'))
        n++;
    if (!n || (n < line.len && line.data[n] != ':'))
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t m = strlen(ends[i]);
        if (n >= m && !memcmp(line.data + n - m, ends[i], m))
            return true;
    }
    return false;
}

/* At most LINE_BYTES, not inside a UTF-8 sequence; what is not UTF-8 becomes '?'. */
static char *line_text(Arena *a, View line)
{
    size_t n = line.len < LINE_BYTES ? line.len : LINE_BYTES;
    while (n < line.len && n && ((unsigned char)line.data[n] & 0xC0) == 0x80)
        n--;
    char *text = arena_strn(a, line.data, n);
    if (!utf8_valid(text, n))
        for (char *p = text; *p; p++)
            if ((unsigned char)*p >= 0x80)
                *p = '?';
    return text;
}

char *logs_failure_line(Arena *a, const char *text, size_t length)
{
    View failure = { 0 }, last = { 0 }, after = { 0 }; /* after: what follows a failure whose own line says nothing */
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        size_t n = newline ? (size_t)(newline - (text + at)) : length - at;
        View line = { text + at, n && text[at + n - 1] == '\r' ? n - 1 : n };
        at += n + 1;
        if (names_failure(line)) {
            failure = line;
            after = (View){ 0 };
        } else if (line.len && failure.data && !after.data) {
            after = line;
        }
        if (line.len)
            last = line;
    }
    if (!failure.data)
        return last.data ? line_text(a, last) : NULL;
    char *reason = line_text(a, failure);
    size_t n = strcspn(reason, " ");
    bool says_nothing = n && reason[n - 1] == ':' && !reason[n + strspn(reason + n, " ")]; /* "ParseException: " */
    return says_nothing && after.data ? arena_printf(a, "%.*s %s", (int)n, reason, line_text(a, after)) : reason;
}

char *logs_failure_of_file(Arena *a, const char *path)
{
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = arena_alloc(a, TAIL_BYTES);
    ssize_t n = pread(fd, text, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
    return n > 0 ? logs_failure_line(a, text, (size_t)n) : NULL;
}
