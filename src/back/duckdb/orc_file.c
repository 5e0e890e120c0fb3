/* back/duckdb/orc_file.c -- an ORC file's tail: its types, stripes and compression, out of protocol buffer messages (orc_proto.proto). */
#include "back/duckdb/orc_file.h"

#include "back/duckdb/internal.h"
#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { TAIL_MAX_BYTES = 256 << 20, COLUMNS_MAX = 100000, STREAM_MAX_BYTES = 1 << 30, NESTING_MAX = 200 };

/* ---------------------------------------------------------------- protocol buffers */
/* One field of a message: `bytes` of a length-delimited one, else `value`. False at the end, and *ret_good says whether it is whole. */
typedef struct ProtoField {
    int number, wire;
    uint64_t value;
    OrcBytes bytes;
} ProtoField;

static bool next_field(OrcBytes *in, ProtoField *f, bool *ret_good)
{
    uint64_t key;
    *ret_good = in->at == in->end;
    if (*ret_good || !orc_varint(in, &key))
        return false;
    f->number = (int)(key >> 3 & 0xFFFF);
    f->wire = (int)(key & 7);
    if (f->wire == 0)
        return orc_varint(in, &f->value);
    f->value = f->wire == 1 ? 8 : 4;
    if (f->wire != 1 && f->wire != 5 && (f->wire != 2 || !orc_varint(in, &f->value)))
        return false;
    if ((uint64_t)(in->end - in->at) < f->value)
        return false;
    f->bytes = (OrcBytes){ in->at, in->at + f->value };
    in->at += f->value;
    return true;
}

static char *text_of(Arena *a, OrcBytes b)
{
    return arena_strn(a, (const char *)b.at, (size_t)(b.end - b.at));
}

/* ---------------------------------------------------------------- messages */
static bool read_stripe(OrcBytes in, OrcStripe *s)
{
    ProtoField f;
    bool good;
    while (next_field(&in, &f, &good)) {
        uint64_t *fields[] = { NULL, &s->offset, &s->index_bytes, &s->data_bytes, &s->footer_bytes, &s->rows };
        if (f.number >= 1 && f.number <= 5 && f.wire == 0)
            *fields[f.number] = f.value;
    }
    return good;
}

static bool read_attribute(Arena *a, OrcBytes in, OrcType *t)
{
    ProtoField f;
    bool good;
    const char *key = "", *value = "";
    while (next_field(&in, &f, &good)) {
        if (f.number == 1 && f.wire == 2)
            key = text_of(a, f.bytes);
        else if (f.number == 2 && f.wire == 2)
            value = text_of(a, f.bytes);
    }
    if (str_eq(key, ORC_CATALYST_TYPE))
        t->catalyst = value;
    return good;
}

static bool read_type(Arena *a, OrcBytes in, OrcType *t)
{
    ProtoField f;
    bool good;
    uint64_t id;
    while (next_field(&in, &f, &good)) {
        if (f.number == 1)
            t->kind = (OrcKind)f.value;
        else if (f.number == 2 && f.wire == 0)
            vec_push(a, &t->children, (uint32_t)f.value);
        else if (f.number == 2)
            while (f.bytes.at < f.bytes.end && orc_varint(&f.bytes, &id))
                vec_push(a, &t->children, (uint32_t)id);
        else if (f.number == 3 && f.wire == 2)
            vec_push(a, &t->names, text_of(a, f.bytes));
        else if (f.number == 5)
            t->precision = (int)f.value;
        else if (f.number == 6)
            t->scale = (int)f.value;
        else if (f.number == 7 && f.wire == 2 && !read_attribute(a, f.bytes, t))
            return false;
    }
    return good;
}

static bool read_footer(OrcFile *file, OrcBytes in)
{
    ProtoField f;
    bool good;
    while (next_field(&in, &f, &good)) {
        OrcStripe stripe = { 0 };
        OrcType type = { 0 };
        if (f.number == 3 && f.wire == 2) {
            if (!read_stripe(f.bytes, &stripe))
                return false;
            vec_push(file->a, &file->stripes, stripe);
        } else if (f.number == 4 && f.wire == 2) {
            if (file->types.len == COLUMNS_MAX || !read_type(file->a, f.bytes, &type))
                return false;
            vec_push(file->a, &file->types, type);
        } else if (f.number == 10) {
            file->encrypted = true;
        } else if (f.number == 11) {
            file->proleptic = f.value == 2;
        }
    }
    return good;
}

static bool read_postscript(OrcFile *file, OrcBytes in, uint64_t *ret_footer)
{
    static const Codec codecs[] = { CODEC_NONE, CODEC_DEFLATE, CODEC_SNAPPY, CODEC_NONE, CODEC_LZ4, CODEC_ZSTD };
    ProtoField f;
    bool good;
    file->block_bytes = 256 * 1024;
    while (next_field(&in, &f, &good)) {
        if (f.number == 1)
            *ret_footer = f.value;
        else if (f.number == 2 && (f.value > 5 || f.value == 3))
            return false; /* LZO */
        else if (f.number == 2)
            file->codec = codecs[f.value];
        else if (f.number == 3)
            file->block_bytes = f.value;
    }
    return good && file->block_bytes && file->block_bytes <= (1 << 23);
}

/* ---------------------------------------------------------------- compressed streams */
bool orc_unpack(const OrcFile *file, OrcBytes in, Str *out)
{
    if (file->codec == CODEC_NONE) {
        str_addn(out, in.at, (size_t)(in.end - in.at));
        return true;
    }
    while (in.end - in.at >= 3) {
        uint32_t head = in.at[0] | (uint32_t)in.at[1] << 8 | (uint32_t)in.at[2] << 16;
        size_t n = head >> 1;
        in.at += 3;
        if ((size_t)(in.end - in.at) < n || out->len > STREAM_MAX_BYTES)
            return false;
        View chunk = { (const char *)in.at, n };
        if (head & 1)
            str_addn(out, chunk.data, chunk.len);
        else if (packing_unpack(file->codec, chunk, file->block_bytes, out, NULL) != ST_OK)
            return false;
        in.at += n;
    }
    return in.at == in.end;
}

/* ---------------------------------------------------------------- the file */
void orc_file_close(OrcFile *file)
{
    if (!file)
        return;
    if (file->map)
        munmap(file->map, file->map_bytes);
    arena_free(file->a);
    free(file);
}

void orc_file_closep(OrcFile **file)
{
    orc_file_close(*file);
}

/* Of decimals: a precision of 0 stands for none (Hive's first ones). */
static bool numbers_hold(const OrcType *t)
{
    return t->kind != ORC_DECIMAL || t->precision == 0 ||
           (t->precision > 0 && t->precision <= DECIMAL_MAX_PRECISION && t->scale >= 0 && t->scale <= t->precision);
}

/* A child has a greater number than its parent, and one parent: so the types are a tree. */
static bool types_are_tree(const OrcFile *file)
{
    if (!file->types.len || file->types.at[0].kind != ORC_STRUCT)
        return false;
    for (size_t i = 0; i < file->types.len; i++) {
        const OrcType *t = &file->types.at[i];
        size_t wanted = t->kind == ORC_LIST ? 1 : t->kind == ORC_MAP ? 2 : t->kind == ORC_STRUCT ? t->names.len : t->children.len;
        if (t->kind > ORC_TIMESTAMP_INSTANT || t->children.len != wanted || !numbers_hold(t))
            return false;
        for (size_t k = 0; k < t->children.len; k++)
            if (t->children.at[k] <= i || t->children.at[k] >= file->types.len)
                return false;
    }
    uint32_t *parents = calloc(file->types.len, sizeof *parents);
    bool good = parents != NULL;
    for (size_t i = 0; good && i < file->types.len; i++)
        for (size_t k = 0; k < file->types.at[i].children.len; k++)
            good = good && ++parents[file->types.at[i].children.at[k]] == 1;
    free(parents);
    return good;
}

static bool read_tail(OrcFile *file)
{
    const unsigned char *start = file->map, *end = start + file->map_bytes;
    uint64_t footer = 0;
    size_t post = end[-1];
    if (file->map_bytes < post + 1 + 3 || !read_postscript(file, (OrcBytes){ end - 1 - post, end - 1 }, &footer) ||
        footer > file->map_bytes - post - 1 || footer > TAIL_MAX_BYTES)
        return false;
    str_auto text = STR_INIT(SIZE_MAX);
    OrcBytes packed = { end - 1 - post - footer, end - 1 - post };
    if (!orc_unpack(file, packed, &text))
        return false;
    const unsigned char *kept = (const unsigned char *)arena_strn(file->a, str_text(&text), text.len);
    if (!read_footer(file, (OrcBytes){ kept, kept + text.len }) || !types_are_tree(file))
        return false;
    for (size_t i = 0; i < file->stripes.len; i++) {
        const OrcStripe *s = &file->stripes.at[i];
        if (s->offset > file->map_bytes || s->index_bytes > file->map_bytes || s->data_bytes > file->map_bytes ||
            s->footer_bytes > file->map_bytes || s->offset + s->index_bytes + s->data_bytes + s->footer_bytes > file->map_bytes)
            return false;
    }
    return true;
}

Status orc_file_open(const char *path, const char *uri, OrcFile **ret_file, Error *err)
{
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return engine_fail(err, ST_NOT_FOUND, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", uri, NULL);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 4)
        return engine_fail(err, ST_IO, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", uri, NULL);
    __attribute__((cleanup(orc_file_closep))) OrcFile *file = calloc(1, sizeof *file);
    if (!file)
        abort();
    file->a = arena_new();
    file->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    file->map = file->map == MAP_FAILED ? NULL : file->map;
    file->map_bytes = (size_t)st.st_size;
    if (!file->map || !read_tail(file))
        return engine_fail(err, ST_IO, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", uri, NULL);
    if (file->encrypted)
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: encrypted ORC files.");
    *ret_file = file;
    file = NULL;
    return ST_OK;
}

static bool read_stream(OrcBytes in, OrcStreamInfo *s)
{
    ProtoField f;
    bool good;
    while (next_field(&in, &f, &good)) {
        if (f.number == 1)
            s->kind = (int)f.value;
        else if (f.number == 2)
            s->column = (uint32_t)f.value;
        else if (f.number == 3)
            s->bytes = f.value;
    }
    return good;
}

static bool read_encoding(OrcBytes in, OrcEncoding *e)
{
    ProtoField f;
    bool good;
    while (next_field(&in, &f, &good)) {
        if (f.number == 1)
            e->kind = (int)f.value;
        else if (f.number == 2)
            e->dictionary = f.value;
    }
    return good;
}

bool orc_stripe_footer(const OrcFile *file, Arena *a, const OrcStripe *s, OrcStripeFooter *ret_footer)
{
    const unsigned char *at = (const unsigned char *)file->map + s->offset + s->index_bytes + s->data_bytes;
    str_auto text = STR_INIT(SIZE_MAX);
    ProtoField f;
    bool good;
    if (!orc_unpack(file, (OrcBytes){ at, at + s->footer_bytes }, &text))
        return false;
    const unsigned char *kept = (const unsigned char *)arena_strn(a, str_text(&text), text.len);
    OrcBytes in = { kept, kept + text.len };
    while (next_field(&in, &f, &good)) {
        OrcStreamInfo stream = { 0 };
        OrcEncoding encoding = { 0 };
        if (f.number == 1 && f.wire == 2) {
            if (!read_stream(f.bytes, &stream))
                return false;
            vec_push(a, &ret_footer->streams, stream);
        } else if (f.number == 2 && f.wire == 2) {
            if (!read_encoding(f.bytes, &encoding))
                return false;
            vec_push(a, &ret_footer->encodings, encoding);
        } else if (f.number == 3 && f.wire == 2) {
            ret_footer->zone = text_of(a, f.bytes);
        }
    }
    return good && ret_footer->encodings.len == file->types.len;
}

/* ---------------------------------------------------------------- types */
static const Type *catalyst_type(Arena *a, const char *text)
{
    static const char *const days[] = { "day", "hour", "minute", "second" };
    int from = -1, to = -1;
    if (str_eq(text, "timestamp_ntz"))
        return &type_timestamp_ntz;
    if (!text || !str_starts(text, "interval "))
        return NULL;
    for (int i = 0; i < 4; i++) {
        from = from < 0 && str_starts(text + 9, days[i]) ? i : from;
        to = str_ends(text, days[i]) ? i : to;
    }
    if (from >= 0)
        return type_day_time(a, from, to);
    return type_year_month(a, str_starts(text + 9, "year") ? 0 : 1, str_ends(text, "month") ? 1 : 0);
}

static Status nested_type(Arena *a, const OrcFile *file, uint32_t column, int depth, const Type **ret_type, Error *err)
{
    static const Type *const plain[] = { &type_boolean, &type_byte, &type_short, &type_int, &type_long, &type_float, &type_double,
                                         &type_string, &type_binary, &type_timestamp };
    const OrcType *t = &file->types.at[column];
    const Type *element = NULL, *key = NULL, *special = catalyst_type(a, t->catalyst);
    if (depth > NESTING_MAX)
        return FAIL(err, ST_LIMIT, "an ORC type is nested deeper than %d", NESTING_MAX);
    if (special) {
        *ret_type = special;
        return ST_OK;
    }
    switch (t->kind) {
    case ORC_LIST:
        TRY(nested_type(a, file, t->children.at[0], depth + 1, &element, err));
        *ret_type = type_array(a, element, true);
        return ST_OK;
    case ORC_MAP:
        TRY(nested_type(a, file, t->children.at[0], depth + 1, &key, err));
        TRY(nested_type(a, file, t->children.at[1], depth + 1, &element, err));
        *ret_type = type_map(a, key, element, true);
        return ST_OK;
    case ORC_STRUCT: {
        Field *fields = ARENA_ARRAY(a, Field, t->children.len + 1);
        for (size_t i = 0; i < t->children.len; i++) {
            fields[i] = (Field){ .name = arena_str(a, t->names.at[i]), .nullable = true };
            TRY(nested_type(a, file, t->children.at[i], depth + 1, &fields[i].type, err));
        }
        *ret_type = type_struct(a, fields, t->children.len);
        return ST_OK;
    }
    case ORC_UNION: return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: ORC unions.");
    case ORC_DECIMAL: *ret_type = type_decimal(a, t->precision ? t->precision : 38, t->precision ? t->scale : 18); return ST_OK;
    case ORC_DATE: *ret_type = &type_date; return ST_OK;
    case ORC_VARCHAR: case ORC_CHAR: *ret_type = &type_string; return ST_OK;
    case ORC_TIMESTAMP_INSTANT: *ret_type = &type_timestamp; return ST_OK;
    default: *ret_type = plain[t->kind]; return ST_OK;
    }
}

Status orc_file_type(Arena *a, const OrcFile *file, uint32_t column, const Type **ret_type, Error *err)
{
    return nested_type(a, file, column, 0, ret_type, err);
}
