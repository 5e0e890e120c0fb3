/* back/duckdb/source_avro.c -- Avro object container files: schemas, and blocks to rows.
 *
 * Values are decoded straight into the engine's vectors, by the file's schema; a column that is not asked for is passed over.
 * Source: org.apache.spark.sql.avro.{AvroFileFormat,AvroDeserializer,AvroOptions}. */
#include "back/duckdb/avro.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/packing.h"
#include "back/duckdb/source_scan.h"
#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SYNC_BYTES = 16, BLOCK_MAX_BYTES = 1 << 30, NESTING_MAX = 200 };

typedef struct In {
    const unsigned char *at, *end;
    int depth;
} In;

struct AvroFile {
    void *map;              /* the whole file */
    size_t map_bytes;
    Arena *a;
    AvroType *schema;       /* a record */
    Codec codec;
    unsigned char sync[SYNC_BYTES];
    In file;                /* blocks that are left */
    Str block;
    In in;                  /* rows that are left in the block */
    int64_t rows;
    ScanColumn **targets;   /* one a field of the schema, NULL: passed over */
};

/* ---------------------------------------------------------------- bytes */
static bool read_long(In *in, int64_t *ret_value)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *ret_value = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
            return true;
        }
    }
    return false;
}

static bool read_fixed(In *in, size_t n, View *ret_bytes)
{
    if ((size_t)(in->end - in->at) < n)
        return false;
    *ret_bytes = (View){ (const char *)in->at, n };
    in->at += n;
    return true;
}

static bool read_bytes(In *in, View *ret_bytes)
{
    int64_t n;
    return read_long(in, &n) && n >= 0 && read_fixed(in, (size_t)n, ret_bytes);
}

/* ---------------------------------------------------------------- the file's head */
static Codec codec_named(View name, bool *ret_known)
{
    static const struct {
        const char *name;
        Codec codec;
    } codecs[] = { { "null", CODEC_NONE }, { "deflate", CODEC_DEFLATE }, { "snappy", CODEC_SNAPPY },
                   { "bzip2", CODEC_BZIP2 }, { "xz", CODEC_XZ },         { "zstandard", CODEC_ZSTD } };
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (strlen(codecs[i].name) == name.len && !memcmp(codecs[i].name, name.data, name.len)) {
            *ret_known = true;
            return codecs[i].codec;
        }
    *ret_known = name.len == 0;
    return CODEC_NONE;
}

static bool read_meta(In *in, View *ret_schema, View *ret_codec)
{
    int64_t count;
    View key, value;
    while (read_long(in, &count)) {
        if (count < 0 && (count == INT64_MIN || !read_long(in, &(int64_t){ 0 })))
            return false;
        count = count < 0 ? -count : count;
        if (!count)
            return true;
        for (; count; count--) {
            if (!read_bytes(in, &key) || !read_bytes(in, &value))
                return false;
            if (key.len == 11 && !memcmp(key.data, "avro.schema", 11))
                *ret_schema = value;
            if (key.len == 10 && !memcmp(key.data, "avro.codec", 10))
                *ret_codec = value;
        }
    }
    return false;
}

static Status broken(const ScanFile *f, Error *err)
{
    return engine_fail(err, ST_IO, "FAILED_READ_FILE.NO_HINT", "path", f->uri, NULL);
}

static Status map_file(const ScanFile *f, struct AvroFile *file, Error *err)
{
    fd_auto fd = open(f->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return engine_fail(err, ST_NOT_FOUND, "FAILED_READ_FILE.FILE_NOT_EXIST", "path", f->uri, NULL);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 4)
        return broken(f, err);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return broken(f, err);
    file->map = map;
    file->map_bytes = (size_t)st.st_size;
    file->file = (In){ .at = map, .end = (const unsigned char *)map + st.st_size };
    return ST_OK;
}

void avro_file_close(struct AvroFile *file)
{
    if (!file)
        return;
    if (file->map)
        munmap(file->map, file->map_bytes);
    str_done(&file->block);
    arena_free(file->a);
    free(file->targets);
    free(file);
}

static void avro_file_closep(struct AvroFile **file)
{
    avro_file_close(*file);
}

static Status read_head(const ScanFile *f, struct AvroFile *file, Error *err)
{
    View schema = { 0 }, codec = { 0 }, sync, magic;
    bool known;
    Error why = ERROR_INIT;
    if (!read_fixed(&file->file, 4, &magic) || memcmp(magic.data, "Obj\1", 4) || !read_meta(&file->file, &schema, &codec) ||
        !read_fixed(&file->file, SYNC_BYTES, &sync) || avro_parse(file->a, schema.data ? schema.data : "", schema.len, &file->schema, &why))
        return broken(f, err);
    memcpy(file->sync, sync.data, SYNC_BYTES);
    file->codec = codec_named(codec, &known);
    return known ? ST_OK : broken(f, err);
}

static Status open_file(const ScanFile *f, struct AvroFile **ret_file, Error *err)
{
    __attribute__((cleanup(avro_file_closep))) struct AvroFile *file = calloc(1, sizeof *file);
    if (!file)
        abort();
    file->a = arena_new();
    file->block = STR_INIT(SIZE_MAX);
    TRY(map_file(f, file, err));
    TRY(read_head(f, file, err));
    *ret_file = file;
    file = NULL;
    return ST_OK;
}

/* ---------------------------------------------------------------- schemas */
Status source_avro_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    const char *given = source_option(r->options, "avroSchema");
    const Type *t;
    bool nullable;
    AvroType *schema = NULL;
    if (given)
        TRY(avro_parse(a, given, strlen(given), &schema, err));
    for (size_t i = 0; i < r->nfiles && !schema; i++) {
        __attribute__((cleanup(avro_file_closep))) struct AvroFile *file = NULL;
        ScanFile f = { r->files[i].path, r->files[i].uri, 0 };
        Status status = open_file(&f, &file, err);
        if (source_tolerates(r->options, status))
            continue;
        TRY(status);
        TRY(avro_to_spark(file->a, file->schema, &t, &nullable, err));
        str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
        type_json(t, &json);
        TRY(type_from_json(a, str_text(&json), ret_schema, err)); /* the file's arena ends here */
        return (*ret_schema)->kind == TYPE_STRUCT ? ST_OK : broken(&f, err);
    }
    if (!schema)
        return engine_fail(err, ST_INVALID, "UNABLE_TO_INFER_SCHEMA", "format", "Avro", NULL);
    TRY(avro_to_spark(a, schema, ret_schema, &nullable, err));
    if ((*ret_schema)->kind != TYPE_STRUCT)
        return FAIL_CODE(err, ST_INVALID, "AVRO_CANNOT_READ_SCHEMA", "the option avroSchema is no record");
    return ST_OK;
}

/* ---------------------------------------------------------------- values: into a vector, or passed over when it is NULL */
typedef struct Target {
    const Type *type;
    duckdb_vector vector; /* NULL: passed over */
    idx_t row;
} Target;

static bool decode(ScanLocal *l, In *in, AvroType *t, Target to, Error *err);

static bool incompatible(ScanLocal *l, const AvroType *t, const Type *type, Error *err)
{
    arena_auto *a = arena_new();
    static const char *const kinds[] = { "null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum",
                                         "array", "map", "union", "fixed" };
    FAIL_CODE(err, ST_RUNTIME, "FAILED_READ_FILE.NO_HINT", "Encountered error while reading file %s. [AVRO_INCOMPATIBLE_READ_TYPE] Cannot "
              "convert Avro %s to SQL %s because the original encoded data type does not fit.", l->file->uri, kinds[t->kind],
              type_sql_text(a, type));
    return false;
}

static void set_null(Target to)
{
    if (to.vector)
        scan_json_null(to.type, to.vector, to.row);
}

static Target child_of(Target to, const Type *type, duckdb_vector vector, idx_t row)
{
    return (Target){ type, to.vector ? vector : NULL, row };
}

static bool put_integer(ScanLocal *l, const AvroType *t, Target to, int64_t n, Error *err)
{
    void *data = duckdb_vector_get_data(to.vector);
    bool small = t->kind == AVRO_INT;
    switch (to.type->kind) {
    case TYPE_INT: case TYPE_DATE: case TYPE_YEAR_MONTH_INTERVAL:
        if (!small)
            return incompatible(l, t, to.type, err);
        ((int32_t *)data)[to.row] = (int32_t)n;
        return true;
    case TYPE_BYTE: case TYPE_SHORT: return incompatible(l, t, to.type, err);
    case TYPE_DOUBLE: ((double *)data)[to.row] = (double)n; return true;
    case TYPE_FLOAT:
        return incompatible(l, t, to.type, err);
    case TYPE_LONG: case TYPE_DAY_TIME_INTERVAL: ((int64_t *)data)[to.row] = n; return true;
    case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ:
        if (small)
            return incompatible(l, t, to.type, err);
        if (t->logical != LOGICAL_TIMESTAMP_MICROS && t->logical != LOGICAL_LOCAL_MICROS && __builtin_mul_overflow(n, 1000, &n))
            return incompatible(l, t, to.type, err); /* milliseconds, also without a logical type */
        ((int64_t *)data)[to.row] = n;
        return true;
    default: return incompatible(l, t, to.type, err);
    }
}

static bool put_real(ScanLocal *l, const AvroType *t, Target to, View bytes, Error *err)
{
    float small;
    double value;
    if (t->kind == AVRO_FLOAT)
        memcpy(&small, bytes.data, sizeof small);
    else
        memcpy(&value, bytes.data, sizeof value);
    void *data = duckdb_vector_get_data(to.vector);
    if (to.type->kind == TYPE_FLOAT && t->kind == AVRO_FLOAT)
        ((float *)data)[to.row] = small;
    else if (to.type->kind == TYPE_DOUBLE)
        ((double *)data)[to.row] = t->kind == AVRO_FLOAT ? (double)small : value;
    else
        return incompatible(l, t, to.type, err);
    return true;
}

/* Two's complement, big-endian; rounded half up to the wanted scale. */
static bool put_decimal(ScanLocal *l, const AvroType *t, Target to, View bytes, Error *err)
{
    char text[NUMBER_TEXT_BYTES];
    i128 value = bytes.len && (bytes.data[0] & 0x80) ? -1 : 0;
    if (bytes.len > 16 || to.type->kind != TYPE_DECIMAL)
        return incompatible(l, t, to.type, err);
    for (size_t i = 0; i < bytes.len; i++)
        value = value * 256 + (unsigned char)bytes.data[i];
    if (t->scale != to.type->scale || t->precision > to.type->precision) {
        size_t n = print_decimal(value, t->scale, text);
        if (!java_decimal((View){ text, n }, to.type->precision, to.type->scale, &value))
            return incompatible(l, t, to.type, err);
    }
    ScanColumn c = { .type = to.type, .vector = to.vector, .data = duckdb_vector_get_data(to.vector) };
    scan_decimal(&c, to.row, value);
    return true;
}

static bool put_bytes(ScanLocal *l, const AvroType *t, Target to, View bytes, Error *err)
{
    ScanColumn c = { .type = to.type, .vector = to.vector };
    bool text = to.type->kind == TYPE_STRING;
    if (t->logical == LOGICAL_DECIMAL)
        return put_decimal(l, t, to, bytes, err);
    if (text && (t->kind == AVRO_STRING || t->kind == AVRO_ENUM))
        scan_string(l, &c, to.row, bytes);
    else if (to.type->kind == TYPE_BINARY && (t->kind == AVRO_BYTES || t->kind == AVRO_FIXED))
        duckdb_vector_assign_string_element_len(to.vector, to.row, bytes.data, bytes.len);
    else
        return incompatible(l, t, to.type, err);
    return true;
}

static const AvroField *field_named(const AvroType *t, const char *name)
{
    const AvroField *found = NULL;
    for (size_t i = 0; i < t->nfields && !found; i++)
        found = str_eq(t->fields[i].name, name) ? &t->fields[i] : NULL;
    for (size_t i = 0; i < t->nfields && !found; i++)
        found = str_ieq(t->fields[i].name, name) ? &t->fields[i] : NULL;
    return found;
}

static bool decode_record(ScanLocal *l, In *in, AvroType *t, Target to, Error *err)
{
    bool good = true;
    if (to.vector && to.type->kind != TYPE_STRUCT)
        return incompatible(l, t, to.type, err);
    if (to.vector && !to.type->nfields)
        engine_fill_empty(to.vector, to.row, false);
    for (size_t i = 0; i < t->nfields && good; i++) {
        Target field = { 0 };
        for (size_t k = 0; to.vector && k < to.type->nfields; k++)
            if (field_named(t, to.type->fields[k].name) == &t->fields[i])
                field = (Target){ to.type->fields[k].type, duckdb_struct_vector_get_child(to.vector, k), to.row };
        good = decode(l, in, t->fields[i].type, field, err);
    }
    for (size_t k = 0; to.vector && k < to.type->nfields; k++)
        if (!field_named(t, to.type->fields[k].name))
            set_null((Target){ to.type->fields[k].type, duckdb_struct_vector_get_child(to.vector, k), to.row });
    return good;
}

/* Blocks of items up to an empty one. The list's entry is written last: its child grows meanwhile. */
static bool decode_items(ScanLocal *l, In *in, AvroType *t, Target to, Error *err)
{
    int64_t count, bytes;
    bool map = t->kind == AVRO_MAP;
    if (to.vector && to.type->kind != (map ? TYPE_MAP : TYPE_ARRAY))
        return incompatible(l, t, to.type, err);
    idx_t from = to.vector ? duckdb_list_vector_get_size(to.vector) : 0, at = from;
    while (read_long(in, &count)) {
        if (count < 0 && (count == INT64_MIN || !read_long(in, &bytes)))
            return false;
        count = count < 0 ? -count : count;
        if (count > in->end - in->at && t->element->kind != AVRO_NULL)
            return false; /* every item takes a byte at least */
        if (count > INT32_MAX)
            return false;
        if (!count) {
            if (to.vector)
                ((duckdb_list_entry *)duckdb_vector_get_data(to.vector))[to.row] = (duckdb_list_entry){ from, at - from };
            return true;
        }
        if (to.vector) {
            duckdb_list_vector_reserve(to.vector, at + (idx_t)count);
            duckdb_list_vector_set_size(to.vector, at + (idx_t)count);
        }
        for (; count; count--, at++) {
            duckdb_vector child = to.vector ? duckdb_list_vector_get_child(to.vector) : NULL;
            if (map) {
                View key;
                if (!read_bytes(in, &key))
                    return false;
                ScanColumn c = { .vector = child ? duckdb_struct_vector_get_child(child, 0) : NULL };
                if (child)
                    scan_string(l, &c, at, key);
                child = child ? duckdb_struct_vector_get_child(child, 1) : NULL;
            }
            if (!decode(l, in, t->element, child_of(to, to.vector ? to.type->element : NULL, child, at), err))
                return false;
        }
    }
    return false;
}

static bool decode_union(ScanLocal *l, In *in, AvroType *t, Target to, Error *err)
{
    int64_t branch;
    size_t others = 0, member = 0;
    if (!read_long(in, &branch) || branch < 0 || (size_t)branch >= t->nfields)
        return false;
    AvroType *chosen = t->fields[branch].type;
    for (size_t i = 0; i < t->nfields; i++) {
        bool null = t->fields[i].type->kind == AVRO_NULL;
        member += !null && i < (size_t)branch;
        others += !null;
    }
    if (!to.vector || others <= 1 || chosen->kind == AVRO_NULL || to.type->kind != TYPE_STRUCT)
        return decode(l, in, chosen, to, err);
    if (to.type->nfields != others)
        return incompatible(l, t, to.type, err);
    for (size_t i = 0; i < to.type->nfields; i++)
        if (i != member)
            set_null((Target){ to.type->fields[i].type, duckdb_struct_vector_get_child(to.vector, i), to.row });
    return decode(l, in, chosen, (Target){ to.type->fields[member].type, duckdb_struct_vector_get_child(to.vector, member), to.row }, err);
}

static bool decode_plain(ScanLocal *l, In *in, AvroType *t, Target to, Error *err)
{
    int64_t n;
    View bytes;
    switch (t->kind) {
    case AVRO_NULL: set_null(to); return true;
    case AVRO_BOOLEAN:
        if (!read_fixed(in, 1, &bytes))
            return false;
        if (to.vector && to.type->kind != TYPE_BOOLEAN)
            return incompatible(l, t, to.type, err);
        if (to.vector)
            ((bool *)duckdb_vector_get_data(to.vector))[to.row] = bytes.data[0] != 0;
        return true;
    case AVRO_INT: case AVRO_LONG: return read_long(in, &n) && (!to.vector || put_integer(l, t, to, n, err));
    case AVRO_FLOAT: case AVRO_DOUBLE:
        return read_fixed(in, t->kind == AVRO_FLOAT ? 4 : 8, &bytes) && (!to.vector || put_real(l, t, to, bytes, err));
    case AVRO_ENUM:
        if (!read_long(in, &n) || n < 0 || (size_t)n >= t->nsymbols)
            return false;
        return !to.vector || put_bytes(l, t, to, VIEW(t->symbols[n]), err);
    case AVRO_FIXED: return read_fixed(in, t->size, &bytes) && (!to.vector || put_bytes(l, t, to, bytes, err));
    default: return read_bytes(in, &bytes) && (!to.vector || put_bytes(l, t, to, bytes, err));
    }
}

static bool decode(ScanLocal *l, In *in, AvroType *t, Target to, Error *err)
{
    bool good;
    if (++in->depth > NESTING_MAX)
        return false;
    switch (t->kind) {
    case AVRO_RECORD: good = decode_record(l, in, t, to, err); break;
    case AVRO_ARRAY: case AVRO_MAP: good = decode_items(l, in, t, to, err); break;
    case AVRO_UNION: good = decode_union(l, in, t, to, err); break;
    default: good = decode_plain(l, in, t, to, err);
    }
    in->depth--;
    return good;
}

bool avro_decode_value(ScanLocal *l, AvroType *schema, View bytes, duckdb_vector output, idx_t row, Error *err)
{
    In in = { .at = (const unsigned char *)bytes.data, .end = (const unsigned char *)bytes.data + bytes.len };
    return decode(l, &in, schema, (Target){ l->plan->schema, output, row }, err);
}

/* ---------------------------------------------------------------- rows */
static Status next_block(ScanLocal *l, struct AvroFile *file, bool *ret_done, Error *err)
{
    int64_t rows, bytes;
    View packed, sync;
    *ret_done = file->file.at == file->file.end;
    if (*ret_done)
        return ST_OK;
    if (!read_long(&file->file, &rows) || !read_long(&file->file, &bytes) || rows < 0 || bytes < 0 ||
        !read_fixed(&file->file, (size_t)bytes, &packed) || !read_fixed(&file->file, SYNC_BYTES, &sync) ||
        memcmp(sync.data, file->sync, SYNC_BYTES))
        return broken(l->file, err);
    if (file->codec == CODEC_SNAPPY) { /* a checksum follows */
        if (packed.len < 4)
            return broken(l->file, err);
        packed.len -= 4;
    }
    str_clear(&file->block);
    if (packing_unpack(file->codec, packed, BLOCK_MAX_BYTES, &file->block, NULL) != ST_OK)
        return broken(l->file, err);
    file->in = (In){ .at = (const unsigned char *)str_text(&file->block) };
    file->in.end = file->in.at + file->block.len;
    file->rows = rows;
    return ST_OK;
}

/* Which of the file's fields each asked column is: by name, or by place with positionalFieldMatching. */
static Status match_fields(ScanLocal *l, struct AvroFile *file, Error *err)
{
    bool by_place;
    AvroType *reader = NULL;
    const char *given = source_option(&l->plan->options, "avroSchema");
    TRY(source_bool(&l->plan->options, "positionalFieldMatching", false, &by_place, err));
    if (file->schema->kind != AVRO_RECORD)
        return broken(l->file, err);
    if (given)
        TRY(avro_parse(file->a, given, strlen(given), &reader, err));
    file->targets = calloc(file->schema->nfields + 1, sizeof *file->targets);
    if (!file->targets)
        abort();
    for (size_t i = 0; i < l->ncolumns; i++) {
        const char *name = l->plan->schema->fields[l->columns[i].field].name;
        size_t place = l->columns[i].field;
        const AvroField *f = !by_place ? field_named(file->schema, name) : place < file->schema->nfields ? &file->schema->fields[place] : NULL;
        const AvroField *wanted = reader ? field_named(reader, name) : NULL;
        if (f)
            file->targets[f - file->schema->fields] = &l->columns[i];
        else if (wanted && wanted->has_default)
            return source_unsupported(err, "a default of avroSchema for a field that a file does not have");
    }
    return ST_OK;
}

static Status one_row(ScanLocal *l, struct AvroFile *file, idx_t row, Error *err)
{
    Error why = ERROR_INIT;
    for (size_t i = 0; i < l->ncolumns; i++)
        scan_not_null(&l->columns[i], row);
    for (size_t i = 0; i < file->schema->nfields; i++) {
        ScanColumn *c = file->targets[i];
        Target to = c ? (Target){ c->type, c->vector, row } : (Target){ 0 };
        if (decode(l, &file->in, file->schema->fields[i].type, to, &why))
            continue;
        if (!why.code[0])
            return broken(l->file, err);
        *err = why;
        return ST_RUNTIME;
    }
    for (size_t i = 0; i < l->ncolumns; i++) {
        bool there = false;
        for (size_t k = 0; k < file->schema->nfields && !there; k++)
            there = file->targets[k] == &l->columns[i];
        if (!there)
            set_null((Target){ l->columns[i].type, l->columns[i].vector, row });
    }
    file->rows--;
    return ST_OK;
}

Status scan_avro(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    *ret_row = row;
    if (!l->text_taken) {
        avro_file_close(l->avro);
        l->avro = NULL;
        TRY(open_file(l->file, &l->avro, err));
        l->text_taken = true;
        TRY(match_fields(l, l->avro, err));
    }
    for (; row < room; row++) {
        bool done = false;
        while (!l->avro->rows && !done)
            TRY(next_block(l, l->avro, &done, err));
        if (done) {
            l->active = false;
            break;
        }
        TRY(one_row(l, l->avro, row, err));
        *ret_row = row + 1;
    }
    return ST_OK;
}
