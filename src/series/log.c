/* series/log.c -- what is acknowledged and in no block yet: HOME/series/log.N, frames of [length u32][CRC-32 u32][records].
 * A frame is one commit: whole or, at the end of the last log, torn by a crash and never acknowledged.
 *
 * record:  'M' id, region, space, name, n, (name, value)…    'T' id, metric, unit    'P' track, ms, flags, n, (value[, count])… or a set
 * Numbers are varints, texts have their length before them. */
#include "base/file.h"
#include "base/str.h"
#include "series/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { POINT_HIGH = 1, POINT_COUNTS = 2, POINT_SET = 4, FRAME_HEAD = 8, LOG_READ_MAX = 1 << 30 };

static char *log_path(Series *s, Arena *a, int64_t number)
{
    return arena_printf(a, "%s/log.%lld", s->folder, (long long)number);
}

/* --- records --- */

static void put_text(Str *out, const char *text)
{
    bytes_put_varint(out, strlen(text));
    str_add(out, text);
}

void log_put_metric(Str *out, const Metric *m)
{
    str_addc(out, 'M');
    bytes_put_varint(out, m->id);
    put_text(out, m->key.region);
    put_text(out, m->key.space);
    put_text(out, m->key.name);
    bytes_put_varint(out, m->key.dimensions_len);
    for (size_t i = 0; i < m->key.dimensions_len; i++) {
        put_text(out, m->key.dimensions[i].name);
        put_text(out, m->key.dimensions[i].value);
    }
}

void log_put_track(Str *out, const Track *t)
{
    str_addc(out, 'T');
    bytes_put_varint(out, t->id);
    bytes_put_varint(out, t->metric->id);
    put_text(out, t->unit);
}

void log_put_point(Str *out, const Track *t, const SeriesPoint *p)
{
    str_addc(out, 'P');
    bytes_put_varint(out, t->id);
    bytes_put_varint(out, (uint64_t)p->time_ms);
    bytes_put_varint(out, (p->high_resolution ? POINT_HIGH : 0U) | (p->counts ? POINT_COUNTS : 0U) | (p->values_len ? 0U : POINT_SET));
    bytes_put_varint(out, p->values_len);
    for (size_t i = 0; i < p->values_len; i++) {
        bytes_put_number(out, p->values[i]);
        if (p->counts)
            bytes_put_number(out, p->counts[i]);
    }
    if (!p->values_len) {
        bytes_put_number(out, p->sum);
        bytes_put_number(out, p->min);
        bytes_put_number(out, p->max);
        bytes_put_number(out, p->count);
    }
}

static const char *get_text(Bytes *b, Arena *a)
{
    uint64_t length = bytes_varint(b);
    const void *bytes = bytes_take(b, length);
    return bytes ? arena_strn(a, bytes, length) : "";
}

static void get_metric(Series *s, Bytes *b, Arena *a)
{
    uint64_t id = bytes_varint(b);
    SeriesKey key = { .region = get_text(b, a), .space = get_text(b, a), .name = get_text(b, a) };
    uint64_t n = bytes_varint(b);
    if (b->bad || id > METRICS_MAX || n > (uint64_t)(b->end - b->at)) {
        b->bad = true;
        return;
    }
    SeriesDimension *dimensions = ARENA_ARRAY(a, SeriesDimension, n ? n : 1);
    for (uint64_t i = 0; i < n; i++) {
        dimensions[i].name = get_text(b, a);
        dimensions[i].value = get_text(b, a);
    }
    key.dimensions = dimensions;
    key.dimensions_len = n;
    if (!b->bad)
        metric_restore(s, (uint32_t)id, &key, 0)->logged = true;
}

static void get_track(Series *s, Bytes *b, Arena *a)
{
    uint64_t id = bytes_varint(b), metric = bytes_varint(b);
    const char *unit = get_text(b, a);
    Track *t = b->bad || id > UINT32_MAX / 2 || metric > METRICS_MAX ? NULL : track_restore(s, (uint32_t)id, (uint32_t)metric, unit);
    if (t)
        t->logged = true;
    else
        b->bad = true;
}

static void get_point(Series *s, Bytes *b, Arena *a)
{
    uint64_t track = bytes_varint(b), time_ms = bytes_varint(b), flags = bytes_varint(b), n = bytes_varint(b);
    if (b->bad || track >= s->tracks.len || !s->tracks.at[track] || n > (uint64_t)(b->end - b->at)) {
        b->bad = true;
        return;
    }
    double *values = ARENA_ARRAY(a, double, n ? n : 1), *counts = flags & POINT_COUNTS ? ARENA_ARRAY(a, double, n ? n : 1) : NULL;
    SeriesPoint p = { .time_ms = (int64_t)time_ms, .high_resolution = (flags & POINT_HIGH) != 0, .values = values, .counts = counts, .values_len = n };
    for (uint64_t i = 0; i < n; i++) {
        values[i] = bytes_number(b);
        if (counts)
            counts[i] = bytes_number(b);
    }
    if (flags & POINT_SET) {
        p.sum = bytes_number(b);
        p.min = bytes_number(b);
        p.max = bytes_number(b);
        p.count = bytes_number(b);
    }
    if (!b->bad)
        track_add(s, s->tracks.at[track], &p);
}

static bool apply_frame(Series *s, const void *bytes, size_t length)
{
    arena_auto *a = arena_new();
    Bytes b = { bytes, (const unsigned char *)bytes + length, false };
    while (!b.bad && b.at < b.end) {
        unsigned char kind = *b.at++;
        if (kind == 'M')
            get_metric(s, &b, a);
        else if (kind == 'T')
            get_track(s, &b, a);
        else if (kind == 'P')
            get_point(s, &b, a);
        else
            b.bad = true;
    }
    return !b.bad;
}

/* --- files --- */

Status log_open_next(Series *s, Error *err)
{
    arena_auto *a = arena_new();
    int64_t number = s->log_number + 1;
    const char *path = log_path(s, a, number);
    fd_auto fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL(err, ST_IO, "open '%s': %s", path, strerror(errno));
    TRY(dir_sync(s->folder, err));
    fd_closep(&s->log_fd);
    s->log_fd = fd;
    fd = -1;
    s->log_number = number;
    s->log_bytes = 0;
    return ST_OK;
}

static Status write_all(int fd, const char *bytes, size_t length, Error *err)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno != EINTR)
            return FAIL(err, ST_IO, "write the log of the time series: %s", strerror(errno));
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return ST_OK;
}

Status log_append(Series *s, Error *err)
{
    size_t length = s->buffer.len - FRAME_HEAD;
    uint32_t head[2] = { (uint32_t)length, (uint32_t)crc32(0, (const Bytef *)s->buffer.data + FRAME_HEAD, (uInt)length) };
    memcpy(s->buffer.data, head, sizeof head);
    Status status = s->buffer.overflow ? FAIL(err, ST_LIMIT, "too many points at once") : write_all(s->log_fd, s->buffer.data, s->buffer.len, err);
    if (status == ST_OK && fdatasync(s->log_fd) != 0)
        status = FAIL(err, ST_IO, "sync the log of the time series: %s", strerror(errno));
    if (status == ST_OK)
        s->log_bytes += (int64_t)s->buffer.len;
    else if (s->log_fd >= 0 && (ftruncate(s->log_fd, s->log_bytes) != 0 || lseek(s->log_fd, s->log_bytes, SEEK_SET) < 0))
        fd_closep(&s->log_fd); /* half a frame stays at the end, what follows would be lost: nothing is acknowledged any more */
    return status;
}

/* Cuts a torn frame off the end: it was never acknowledged, and the log is no longer the last one. */
static Status replay_one(Series *s, Arena *a, int64_t number, bool last, Error *err)
{
    char *bytes;
    size_t length, at = 0;
    TRY(file_read(a, log_path(s, a, number), LOG_READ_MAX, &bytes, &length, err));
    while (length - at >= FRAME_HEAD) {
        uint32_t head[2];
        memcpy(head, bytes + at, sizeof head);
        if (head[0] > length - at - FRAME_HEAD || crc32(0, (const Bytef *)bytes + at + FRAME_HEAD, head[0]) != head[1])
            break;
        if (!apply_frame(s, bytes + at + FRAME_HEAD, head[0]))
            return FAIL(err, ST_IO, "the time series' log %lld is broken at byte %zu", (long long)number, at);
        at += FRAME_HEAD + head[0];
    }
    if (at == length)
        return ST_OK;
    if (!last)
        return FAIL(err, ST_IO, "the time series' log %lld is broken at byte %zu", (long long)number, at);
    return truncate(log_path(s, a, number), (off_t)at) == 0 ? ST_OK : FAIL(err, ST_IO, "cut log %lld: %s", (long long)number, strerror(errno));
}

static int64_t number_of(const char *name)
{
    int64_t number = -1;
    return strncmp(name, "log.", 4) == 0 && str_to_i64(name + 4, &number) ? number : -1;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

typedef VEC(int64_t) Numbers;

static Status log_numbers(Series *s, Arena *a, Numbers *ret_numbers, Error *err)
{
    DIR *dir = opendir(s->folder);
    if (!dir)
        return FAIL(err, ST_IO, "open '%s': %s", s->folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));)
        if (number_of(entry->d_name) >= 0)
            vec_push(a, ret_numbers, number_of(entry->d_name));
    closedir(dir);
    if (ret_numbers->len)
        qsort(ret_numbers->at, ret_numbers->len, sizeof(int64_t), by_number);
    return ST_OK;
}

Status log_replay(Series *s, Error *err)
{
    arena_auto *a = arena_new();
    Numbers numbers = { 0 };
    TRY(log_numbers(s, a, &numbers, err));
    for (size_t i = 0; i < numbers.len; i++) {
        arena_auto *one = arena_new();
        s->log_number = numbers.at[i];
        if (numbers.at[i] < s->log_first)
            continue; /* its bins are in blocks; deleted below */
        TRY(replay_one(s, one, numbers.at[i], i + 1 == numbers.len, err));
    }
    if (s->log_number < s->log_first)
        s->log_number = s->log_first;
    log_unlink(s, s->log_first);
    return ST_OK;
}

void log_unlink(Series *s, int64_t before)
{
    arena_auto *a = arena_new();
    Numbers numbers = { 0 };
    if (log_numbers(s, a, &numbers, NULL) != ST_OK)
        return; /* they are skipped at the next start too */
    for (size_t i = 0; i < numbers.len && numbers.at[i] < before; i++)
        unlink(log_path(s, a, numbers.at[i]));
}
