/* hadoop/input_read.c -- the records of a split: a line belongs to the split in which it begins, or at whose end it begins.
 * Source: org.apache.hadoop.mapred.LineRecordReader, KeyValueLineRecordReader; examples.terasort.TeraInputFormat. */
#include "hadoop/codec.h"
#include "hadoop/input.h"
#include "hadoop/keys.h"
#include "hadoop/lines.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 20, TERA_RECORD = 100, TERA_KEY = 10 };
static const size_t LINE_MAX_BYTES = (size_t)1 << 30; /* Java's arrays end at twice that */

typedef struct Reading {
    InputFormat format;
    const Split *split;
    Collector to;
    LineSplitter lines;
    Codec codec;
    int64_t start, end; /* of the split; of compressed files the whole stream */
    const char *separator;
} Reading;

static Status emit(Reading *r, const char *line, size_t length, int64_t at, Error *err)
{
    uint8_t offset[8];
    Record record = { .value = (const uint8_t *)line, .value_len = length };
    if (r->format == INPUT_KEY_VALUE) {
        const char *separator = length ? memchr(line, *r->separator, length) : NULL;
        size_t key = separator ? (size_t)(separator - line) : length;
        record = (Record){ (const uint8_t *)line, (const uint8_t *)line + key + (separator != NULL), key, length - key - (separator != NULL), 0 };
    } else {
        key_of_long(at, offset);
        record.key = offset;
        record.key_len = sizeof offset;
    }
    return r->to.collect(r->to.self, &record, err);
}

static Status on_line(void *self, const char *line, size_t length, Error *err)
{
    Reading *r = self;
    int64_t at = r->start + r->lines.line_at;
    if (at > r->end) {
        r->lines.stopped = true;
        return ST_OK;
    }
    if (at == r->start && r->start)
        return ST_OK; /* the split before has it */
    if (at == 0 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
        line += 3;
        length -= 3;
    }
    return emit(r, line, length, at, err);
}

static Status on_bytes(void *self, const void *bytes, size_t length, Error *err)
{
    return lines_add(&((Reading *)self)->lines, bytes, length, err);
}

static Status read_lines(Reading *r, LakeReader *reader, char *block, const volatile bool *cancelled, int64_t *ret_bytes, Error *err)
{
    transcoder_auto *unpack = NULL;
    TRY(unpack_new(r->codec, (Bytes){ on_bytes, r }, &unpack, err));
    int64_t at = r->codec == CODEC_NONE ? r->split->start : 0, first = at;
    while (!r->lines.stopped) {
        size_t n = 0;
        if (*cancelled)
            return FAIL(err, ST_CANCELLED, "the job was ended");
        TRY(lake_reader_read(reader, at, block, BLOCK_BYTES, &n, err));
        at += (int64_t)n;
        *ret_bytes = at - first;
        if (!n) {
            TRY(transcoder_end(unpack, err));
            return lines_end(&r->lines, err);
        }
        TRY(transcoder_add(unpack, block, n, err));
    }
    *ret_bytes = r->split->length;
    return ST_OK;
}

static Status read_tera(const Split *split, LakeReader *reader, char *block, Collector to, const volatile bool *cancelled, Error *err)
{
    int64_t at = (split->start + TERA_RECORD - 1) / TERA_RECORD * TERA_RECORD, end = split->start + split->length;
    enum { WHOLE = BLOCK_BYTES / TERA_RECORD * TERA_RECORD };
    while (at < end) {
        size_t n = 0, i = 0;
        if (*cancelled)
            return FAIL(err, ST_CANCELLED, "the job was ended");
        TRY(lake_reader_read(reader, at, block, WHOLE, &n, err));
        if (n % TERA_RECORD)
            return FAIL(err, ST_RUNTIME, "java.io.EOFException: read past eof");
        for (; i < n && at < end; i += TERA_RECORD, at += TERA_RECORD) {
            const uint8_t *row = (const uint8_t *)block + i;
            TRY(to.collect(to.self, &(Record){ row, row + TERA_KEY, TERA_KEY, TERA_RECORD - TERA_KEY, 0 }, err));
        }
        if (!n)
            break;
    }
    return ST_OK;
}

static Status give_rows(const Split *split, Collector to, const volatile bool *cancelled, Error *err)
{
    for (int64_t row = split->start; row < split->start + split->length; row++) {
        uint8_t key[8];
        key_of_long(row, key);
        if ((row & 0xfff) == 0 && *cancelled)
            return FAIL(err, ST_CANCELLED, "the job was ended");
        TRY(to.collect(to.self, &(Record){ key, key, sizeof key, 0, 0 }, err));
    }
    return ST_OK;
}

Status input_read(const Fs *fs, const JobConf *conf, InputFormat format, const Split *split, Collector to, const volatile bool *cancelled,
                  int64_t *ret_bytes, Error *err)
{
    arena_auto *a = arena_new();
    *ret_bytes = 0;
    if (format == INPUT_ROWS)
        return give_rows(split, to, cancelled, err);
    Reading r = { .format = format, .split = split, .to = to, .start = split->start, .end = split->start + split->length };
    TRY(codec_of_name(split->file.uri, &r.codec, err));
    if (r.codec != CODEC_NONE) {
        if (split->start) /* bzip2: the first task reads all of the file */
            return ST_OK;
        r.end = INT64_MAX;
    }
    lake_reader_auto *reader = NULL;
    TRY(lake_open(fs->lake, &split->file, &reader, err));
    char *block = arena_alloc(a, BLOCK_BYTES);
    if (format == INPUT_TERA) {
        *ret_bytes = split->length;
        return read_tera(split, reader, block, to, cancelled, err);
    }
    r.separator = jobconf_text(conf, a, "mapreduce.input.keyvaluelinerecordreader.key.value.separator", "\t");
    lines_init(&r.lines, jobconf_get(conf, a, "textinputformat.record.delimiter"), LINE_MAX_BYTES, on_line, &r);
    Status status = read_lines(&r, reader, block, cancelled, ret_bytes, err);
    lines_done(&r.lines);
    return status;
}
