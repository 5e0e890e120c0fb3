/* back/duckdb/sink_avro.c -- Avro object container files. Source: AvroSerializer, AvroOutputWriter, AvroUtils.prepareWrite. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/avro.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/packing.h"
#include "back/duckdb/sink_internal.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <zlib.h>

enum { BLOCK_BYTES = 64 * 1024, SYNC_BYTES = 16 };

typedef struct AvroWriter {
    SinkWork *w;
    AvroType *schema;
    const char *json;       /* its text */
    Codec codec;
    const char *codec_name;
    int level;
    PackedFile *file;
    unsigned char sync[SYNC_BYTES];
    Str block, packed;
    int64_t rows;           /* in the block */
} AvroWriter;

static void writer_done(AvroWriter *aw)
{
    packed_file_abandon(aw->file);
    str_done(&aw->block);
    str_done(&aw->packed);
}

static void put_long(Str *out, int64_t value)
{
    uint64_t n = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (n > 0x7F) {
        str_addc(out, (char)(n | 0x80));
        n >>= 7;
    }
    str_addc(out, (char)n);
}

static void put_bytes(Str *out, View bytes)
{
    put_long(out, (int64_t)bytes.len);
    str_addn(out, bytes.data, bytes.len);
}

/* ---------------------------------------------------------------- values */
static Status encode(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err);

static Status incompatible(const Type *type, Error *err)
{
    arena_auto *a = arena_new();
    return FAIL_CODE(err, ST_INVALID, "AVRO_CANNOT_WRITE_TYPE", "Cannot convert SQL %s to the type that avroSchema has for it.", type_sql_text(a, type));
}

/* Does a branch of a union hold values of the type? */
static bool takes(const AvroType *t, const Type *type)
{
    switch (type->kind) {
    case TYPE_BOOLEAN: return t->kind == AVRO_BOOLEAN;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_DATE: case TYPE_YEAR_MONTH_INTERVAL: return t->kind == AVRO_INT;
    case TYPE_LONG: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: case TYPE_DAY_TIME_INTERVAL: return t->kind == AVRO_LONG;
    case TYPE_FLOAT: return t->kind == AVRO_FLOAT;
    case TYPE_DOUBLE: return t->kind == AVRO_DOUBLE;
    case TYPE_STRING: return t->kind == AVRO_STRING || t->kind == AVRO_ENUM;
    case TYPE_BINARY: return t->kind == AVRO_BYTES || t->kind == AVRO_FIXED;
    case TYPE_DECIMAL: return t->logical == LOGICAL_DECIMAL;
    case TYPE_ARRAY: return t->kind == AVRO_ARRAY;
    case TYPE_MAP: return t->kind == AVRO_MAP;
    case TYPE_STRUCT: return t->kind == AVRO_RECORD;
    default: return false;
    }
}

static Status encode_union(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    bool null = type->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row);
    for (size_t i = 0; i < t->nfields; i++) {
        const AvroType *branch = t->fields[i].type;
        if (null ? branch->kind != AVRO_NULL : !takes(branch, type))
            continue;
        put_long(out, (int64_t)i);
        return null ? ST_OK : encode(v, row, type, branch, out, err);
    }
    return incompatible(type, err);
}

static Status encode_decimal(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    struct ArrowDecimal decimal;
    i128 bits;
    unsigned char bytes[16];
    size_t from = 0, size = t->size;
    if (t->scale != type->scale || t->precision < type->precision)
        return incompatible(type, err);
    ArrowDecimalInit(&decimal, 128, type->precision, type->scale);
    ArrowArrayViewGetDecimalUnsafe(v, row, &decimal);
    memcpy(&bits, decimal.words, sizeof bits);
    for (size_t i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(bits >> (8 * (15 - i)));
    unsigned char fill = bytes[0] & 0x80 ? 0xFF : 0;
    while (from < 15 && bytes[from] == fill && (bytes[from + 1] & 0x80) == (fill & 0x80))
        from++;
    if (t->kind == AVRO_BYTES) {
        put_bytes(out, (View){ (const char *)bytes + from, 16 - from });
        return ST_OK;
    }
    if (16 - from > size)
        return incompatible(type, err);
    for (size_t i = 16 - from; i < size; i++)
        str_addc(out, (char)fill);
    str_addn(out, bytes + from, 16 - from);
    return ST_OK;
}

static Status encode_bytes(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    View bytes = arrow_bytes(v, row);
    for (size_t i = 0; t->kind == AVRO_ENUM && i < t->nsymbols; i++)
        if (strlen(t->symbols[i]) == bytes.len && !memcmp(t->symbols[i], bytes.data, bytes.len)) {
            put_long(out, (int64_t)i);
            return ST_OK;
        }
    if (t->kind == AVRO_ENUM || (t->kind == AVRO_FIXED && bytes.len != t->size))
        return FAIL_CODE(err, ST_RUNTIME, "AVRO_INCOMPATIBLE_WRITE_VALUE", "Cannot write \"%.*s\" since it's not defined in the Avro schema.",
                         VIEW_ARGS(bytes));
    if (t->kind == AVRO_FIXED)
        str_addn(out, bytes.data, bytes.len);
    else
        put_bytes(out, bytes);
    (void)type;
    return ST_OK;
}

static const AvroField *field_for(const AvroType *t, const char *name)
{
    for (size_t i = 0; i < t->nfields; i++)
        if (str_ieq(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

static Status encode_struct(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    for (size_t k = 0; k < t->nfields; k++) {
        size_t i = 0;
        while (i < type->nfields && field_for(t, type->fields[i].name) != &t->fields[k])
            i++;
        if (i == type->nfields)
            return incompatible(type, err);
        TRY(encode(v->children[i], row, type->fields[i].type, t->fields[k].type, out, err));
    }
    return ST_OK;
}

static Status encode_items(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    int64_t from = ArrowArrayViewListChildOffset(v, row), to = ArrowArrayViewListChildOffset(v, row + 1);
    if (to > from)
        put_long(out, to - from);
    for (int64_t i = from; i < to; i++) {
        const struct ArrowArrayView *item = v->children[0];
        if (type->kind == TYPE_MAP) {
            put_bytes(out, arrow_bytes(item->children[0], i));
            item = item->children[1];
        }
        TRY(encode(item, i, type->element, t->element, out, err));
    }
    put_long(out, 0);
    return ST_OK;
}

static Status encode_number(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out)
{
    float small;
    double real;
    int64_t n;
    switch (t->kind) {
    case AVRO_BOOLEAN: str_addc(out, ArrowArrayViewGetIntUnsafe(v, row) ? 1 : 0); return ST_OK;
    case AVRO_FLOAT:
        small = (float)ArrowArrayViewGetDoubleUnsafe(v, row);
        str_addn(out, &small, sizeof small);
        return ST_OK;
    case AVRO_DOUBLE:
        real = ArrowArrayViewGetDoubleUnsafe(v, row);
        str_addn(out, &real, sizeof real);
        return ST_OK;
    default:
        n = ArrowArrayViewGetIntUnsafe(v, row);
        if ((type->kind == TYPE_TIMESTAMP || type->kind == TYPE_TIMESTAMP_NTZ) && t->logical != LOGICAL_TIMESTAMP_MICROS &&
            t->logical != LOGICAL_LOCAL_MICROS)
            n = floor_div(n, 1000);
        put_long(out, n);
        return ST_OK;
    }
}

static Status encode(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *t, Str *out, Error *err)
{
    if (type->kind == TYPE_UDT)
        return encode(v, row, type->sql_type, t, out, err);
    if (t->kind == AVRO_UNION)
        return encode_union(v, row, type, t, out, err);
    bool null = type->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row);
    if (t->kind == AVRO_NULL)
        return null ? ST_OK : incompatible(type, err);
    if (null)
        return FAIL_CODE(err, ST_RUNTIME, "AVRO_NULL_VALUE", "a NULL for a field of the Avro schema that takes none");
    if (!takes(t, type))
        return incompatible(type, err);
    switch (type->kind) {
    case TYPE_STRING: case TYPE_BINARY: return encode_bytes(v, row, type, t, out, err);
    case TYPE_DECIMAL: return encode_decimal(v, row, type, t, out, err);
    case TYPE_STRUCT: return encode_struct(v, row, type, t, out, err);
    case TYPE_ARRAY: case TYPE_MAP: return encode_items(v, row, type, t, out, err);
    default: return encode_number(v, row, type, t, out);
    }
}

Status avro_encode_value(const struct ArrowArrayView *v, int64_t row, const Type *type, const AvroType *schema, Str *out, Error *err)
{
    return encode(v, row, type, schema, out, err);
}

/* ---------------------------------------------------------------- files */
static Status put_block(AvroWriter *aw, Error *err)
{
    View bytes = { str_text(&aw->block), aw->block.len };
    str_auto head = STR_INIT(64);
    if (!aw->rows)
        return ST_OK;
    str_clear(&aw->packed);
    TRY(packing_pack(aw->codec, bytes, aw->level, &aw->packed, err));
    if (aw->codec == CODEC_SNAPPY) {
        uint32_t sum = (uint32_t)crc32_z(0, (const Bytef *)bytes.data, bytes.len);
        unsigned char tail[4] = { (unsigned char)(sum >> 24), (unsigned char)(sum >> 16), (unsigned char)(sum >> 8), (unsigned char)sum };
        str_addn(&aw->packed, tail, sizeof tail);
    }
    put_long(&head, aw->rows);
    put_long(&head, (int64_t)aw->packed.len);
    str_addn(&aw->packed, aw->sync, SYNC_BYTES);
    TRY(packed_file_write(aw->file, (View){ str_text(&head), head.len }, err));
    TRY(packed_file_write(aw->file, (View){ str_text(&aw->packed), aw->packed.len }, err));
    str_clear(&aw->block);
    aw->rows = 0;
    return ST_OK;
}

static Status begin(void *self, const char *path, Error *err)
{
    AvroWriter *aw = self;
    str_auto head = STR_INIT(LIMIT_QUERY_TEXT);
    uint64_t seed = 14695981039346656037u;
    TRY(packed_file_create(path, CODEC_NONE, &aw->file, err));
    for (const char *c = path; *c; c++)
        seed = (seed ^ (unsigned char)*c) * 1099511628211u;
    for (size_t i = 0; i < SYNC_BYTES; i++) { /* of the name, which has a UUID in it */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        aw->sync[i] = (unsigned char)(seed >> 56);
    }
    str_addn(&head, "Obj\1", 4);
    put_long(&head, 3);
    put_bytes(&head, VIEW("avro.schema"));
    put_bytes(&head, VIEW(aw->json));
    put_bytes(&head, VIEW("avro.codec"));
    put_bytes(&head, VIEW(aw->codec_name));
    put_bytes(&head, VIEW("org.apache.spark.version"));
    put_bytes(&head, VIEW("4.1.1"));
    put_long(&head, 0);
    str_addn(&head, aw->sync, SYNC_BYTES);
    str_clear(&aw->block);
    aw->rows = 0;
    return packed_file_write(aw->file, (View){ str_text(&head), head.len }, err);
}

static Status add_row(void *self, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    AvroWriter *aw = self;
    SinkWork *w = aw->w;
    for (size_t k = 0; k < aw->schema->nfields; k++) {
        size_t i = 0;
        while (i < w->data.len && field_for(aw->schema, w->schema->at[w->data.at[i]].name) != &aw->schema->fields[k])
            i++;
        if (i == w->data.len)
            return FAIL_CODE(err, ST_INVALID, "AVRO_CANNOT_WRITE_TYPE", "Found field %s in the option avroSchema, but there is no such column.",
                             aw->schema->fields[k].name);
        TRY(encode(batch->children[i], row, w->schema->at[w->data.at[i]].type, aw->schema->fields[k].type, &aw->block, err));
    }
    aw->rows++;
    return aw->block.len < BLOCK_BYTES ? ST_OK : put_block(aw, err);
}

static Status end(void *self, Error *err)
{
    AvroWriter *aw = self;
    TRY(put_block(aw, err));
    PackedFile *file = aw->file;
    aw->file = NULL;
    return packed_file_finish(file, err);
}

static void abandon(void *self)
{
    AvroWriter *aw = self;
    packed_file_abandon(aw->file);
    aw->file = NULL;
}

static const char *conf_of(const SinkWork *w, const char *key, const char *absent)
{
    const char *value = w->emit->conf ? w->emit->conf(w->emit->self, key) : NULL;
    return value ? value : absent;
}

static Status find_codec(AvroWriter *aw, Error *err)
{
    static const struct {
        const char *spark, *avro;
        Codec codec;
    } codecs[] = { { "uncompressed", "null", CODEC_NONE }, { "snappy", "snappy", CODEC_SNAPPY }, { "deflate", "deflate", CODEC_DEFLATE },
                   { "bzip2", "bzip2", CODEC_BZIP2 },      { "xz", "xz", CODEC_XZ },             { "zstandard", "zstandard", CODEC_ZSTD } };
    const char *name = sink_option(aw->w, "compression", conf_of(aw->w, "spark.sql.avro.compression.codec", "snappy"));
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (!str_ieq(codecs[i].spark, name))
            continue;
        int64_t level = -1;
        str_to_i64(conf_of(aw->w, arena_printf(aw->w->a, "spark.sql.avro.%s.level", codecs[i].avro), "-1"), &level);
        aw->codec = codecs[i].codec;
        aw->codec_name = codecs[i].avro;
        aw->level = level < -1 || level > 22 ? -1 : (int)level;
        return ST_OK;
    }
    return engine_fail(err, ST_INVALID, "CODEC_SHORT_NAME_NOT_FOUND", "codecName", name, NULL);
}

/* The option avroSchema, else the schema of the columns. */
static Status find_schema(AvroWriter *aw, Error *err)
{
    SinkWork *w = aw->w;
    str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
    Field *fields = ARENA_ARRAY(w->a, Field, w->data.len + 1);
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = c->nullable };
    }
    aw->json = sink_option(w, "avroSchema", NULL);
    if (!aw->json) {
        TRY(avro_from_spark(type_struct(w->a, fields, w->data.len), false, sink_option(w, "recordName", "topLevelRecord"),
                            sink_option(w, "recordNamespace", ""), &json, err));
        aw->json = str_arena(&json, w->a);
    }
    TRY(avro_parse(w->a, aw->json, strlen(aw->json), &aw->schema, err));
    if (aw->schema->kind != AVRO_RECORD || (sink_option(w, "avroSchema", NULL) && aw->schema->nfields != w->data.len))
        return FAIL_CODE(err, ST_INVALID, "AVRO_CANNOT_WRITE_TYPE", "the option avroSchema is no record of the columns that are written");
    return ST_OK;
}

Status sink_avro(SinkWork *w, SinkFiles *ret_files, Error *err)
{
    __attribute__((cleanup(writer_done))) AvroWriter aw = { .w = w, .block = STR_INIT(LIMIT_QUERY_TEXT), .packed = STR_INIT(SIZE_MAX) };
    TRY(find_codec(&aw, err));
    TRY(find_schema(&aw, err));
    RowSink sink = { .self = &aw, .extension = ".avro", .begin = begin, .row = add_row, .end = end, .abandon = abandon };
    return sink_rows(w, &sink, ret_files, err);
}
