/* back/duckdb/sink_orc.c -- ORC files: rows are gathered by column, a stripe is written when enough bytes are there.
 * Source: ORC v1 specification; OrcFileFormat, OrcSerializer, OrcUtils of Spark. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/orc.h"
#include "back/duckdb/sink_internal.h"
#include "base/limits.h"

#include <nanoarrow/nanoarrow.h>
#include <stdlib.h>

enum { STRIPE_BYTES = 64 << 20, BLOCK_BYTES = 256 * 1024, WRITER_VERSION = 9 };

__extension__ typedef unsigned __int128 u128;

typedef struct OrcColumn {
    const Type *type;
    OrcKind kind;
    uint32_t id;
    uint64_t values;      /* that are not null, in the file */
    bool null, null_seen; /* one in the stripe, in the file */
    Str present;          /* of bool */
    Str ints, second;     /* of int64_t: DATA or LENGTH; SECONDARY, or LENGTH beside DATA */
    Str data;             /* bytes, bools, reals, decimals, texts */
    struct OrcColumn *children;
    size_t nchildren;
} OrcColumn;

typedef struct OrcWriter {
    SinkWork *w;
    Codec codec;
    int codec_id;         /* CompressionKind */
    const Zone *zone;
    int64_t base_s;
    OrcColumn root;
    uint32_t ncolumns;
    PackedFile *file;
    uint64_t at;          /* bytes written */
    uint64_t stripe_rows, rows;
    size_t gathered;
    Str stripes;          /* StripeInformation messages, as they stand in the footer */
    Str scratch;
} OrcWriter;

/* ---------------------------------------------------------------- protocol buffers */
static void put_key(Str *out, int number, int wire)
{
    orc_put_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

static void put_number(Str *out, int number, uint64_t value)
{
    put_key(out, number, 0);
    orc_put_varint(out, value);
}

static void put_message(Str *out, int number, View bytes)
{
    put_key(out, number, 2);
    orc_put_varint(out, bytes.len);
    str_addn(out, bytes.data, bytes.len);
}

static View view_of(const Str *s)
{
    return (View){ str_text(s), s->len };
}

/* ---------------------------------------------------------------- columns */
static void column_done(OrcColumn *c)
{
    for (size_t i = 0; i < c->nchildren; i++)
        column_done(&c->children[i]);
    str_done(&c->present);
    str_done(&c->ints);
    str_done(&c->second);
    str_done(&c->data);
}

static Status kind_of(const Type *t, OrcKind *ret_kind, Error *err)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: *ret_kind = ORC_BOOLEAN; break;
    case TYPE_BYTE: *ret_kind = ORC_BYTE; break;
    case TYPE_SHORT: *ret_kind = ORC_SHORT; break;
    case TYPE_INT: case TYPE_YEAR_MONTH_INTERVAL: *ret_kind = ORC_INT; break;
    case TYPE_LONG: case TYPE_DAY_TIME_INTERVAL: case TYPE_TIMESTAMP_NTZ: *ret_kind = ORC_LONG; break;
    case TYPE_FLOAT: *ret_kind = ORC_FLOAT; break;
    case TYPE_DOUBLE: *ret_kind = ORC_DOUBLE; break;
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: *ret_kind = ORC_STRING; break;
    case TYPE_BINARY: *ret_kind = ORC_BINARY; break;
    case TYPE_DATE: *ret_kind = ORC_DATE; break;
    case TYPE_TIMESTAMP: *ret_kind = ORC_TIMESTAMP; break;
    case TYPE_DECIMAL: *ret_kind = ORC_DECIMAL; break;
    case TYPE_ARRAY: *ret_kind = ORC_LIST; break;
    case TYPE_MAP: *ret_kind = ORC_MAP; break;
    case TYPE_STRUCT: *ret_kind = ORC_STRUCT; break;
    default: return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: this type in ORC.");
    }
    return ST_OK;
}

static Status column_init(OrcWriter *ow, OrcColumn *c, const Type *t, Error *err)
{
    Arena *a = ow->w->a;
    while (t->kind == TYPE_UDT)
        t = t->sql_type;
    *c = (OrcColumn){ .type = t, .id = ow->ncolumns++, .present = STR_INIT(SIZE_MAX), .ints = STR_INIT(SIZE_MAX),
                   .second = STR_INIT(SIZE_MAX), .data = STR_INIT(SIZE_MAX) };
    TRY(kind_of(t, &c->kind, err));
    size_t n = t->kind == TYPE_STRUCT ? t->nfields : t->kind == TYPE_MAP ? 2 : t->kind == TYPE_ARRAY ? 1 : 0;
    c->children = ARENA_ARRAY(a, OrcColumn, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Type *child = t->kind == TYPE_STRUCT ? t->fields[i].type : t->kind == TYPE_MAP && i == 0 ? t->key : t->element;
        TRY(column_init(ow, &c->children[i], child, err));
        c->nchildren = i + 1;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- values */
static void push_int(Str *out, int64_t n)
{
    str_addn(out, &n, sizeof n);
}

/* Nanoseconds without trailing zeros, whose number stands in the last three bits. */
static int64_t packed_nanos(int64_t nanos)
{
    int zeros = 0;
    if (nanos == 0)
        return 0;
    if (nanos % 100)
        return nanos << 3;
    nanos /= 100;
    for (zeros = 1; nanos % 10 == 0 && zeros < 7; zeros++)
        nanos /= 10;
    return nanos << 3 | zeros;
}

static void push_timestamp(const OrcWriter *ow, OrcColumn *c, int64_t us)
{
    int64_t seconds = floor_div(us, MICROS_PER_SECOND), nanos = floor_mod(us, MICROS_PER_SECOND) * 1000;
    if (seconds < 0 && nanos > 999999) /* as readers of the Java library take it back */
        seconds++;
    push_int(&c->ints, seconds - ow->base_s);
    push_int(&c->second, packed_nanos(nanos));
}

static void push_decimal(OrcColumn *c, const struct ArrowArrayView *v, int64_t row)
{
    struct ArrowDecimal decimal;
    i128 value;
    ArrowDecimalInit(&decimal, 128, c->type->precision, c->type->scale);
    ArrowArrayViewGetDecimalUnsafe(v, row, &decimal);
    memcpy(&value, decimal.words, sizeof value);
    u128 bits = ((u128)value << 1) ^ (u128)(value < 0 ? -1 : 0);
    while (bits > 0x7F) {
        str_addc(&c->data, (char)((unsigned char)bits | 0x80));
        bits >>= 7;
    }
    str_addc(&c->data, (char)bits);
    push_int(&c->second, c->type->scale);
}

static void push_real(OrcColumn *c, double value)
{
    float small = (float)value;
    if (c->kind == ORC_FLOAT)
        str_addn(&c->data, &small, sizeof small);
    else
        str_addn(&c->data, &value, sizeof value);
}

static void add_value(OrcWriter *ow, OrcColumn *c, const struct ArrowArrayView *v, int64_t row);

static void add_items(OrcWriter *ow, OrcColumn *c, const struct ArrowArrayView *v, int64_t row)
{
    int64_t from = ArrowArrayViewListChildOffset(v, row), to = ArrowArrayViewListChildOffset(v, row + 1);
    push_int(&c->ints, to - from);
    for (int64_t i = from; i < to; i++) {
        const struct ArrowArrayView *items = v->children[0];
        if (c->kind == ORC_LIST) {
            add_value(ow, &c->children[0], items, i);
            continue;
        }
        add_value(ow, &c->children[0], items->children[0], i);
        add_value(ow, &c->children[1], items->children[1], i);
    }
}

static void add_value(OrcWriter *ow, OrcColumn *c, const struct ArrowArrayView *v, int64_t row)
{
    bool null = ArrowArrayViewIsNull(v, row);
    str_addc(&c->present, !null);
    ow->gathered += 8;
    c->null = c->null || null;
    if (null)
        return;
    c->values++;
    switch (c->kind) {
    case ORC_BOOLEAN: case ORC_BYTE: str_addc(&c->data, (char)ArrowArrayViewGetIntUnsafe(v, row)); break;
    case ORC_FLOAT: case ORC_DOUBLE: push_real(c, ArrowArrayViewGetDoubleUnsafe(v, row)); break;
    case ORC_STRING: case ORC_BINARY: {
        View s = arrow_bytes(v, row);
        str_addn(&c->data, s.data, s.len);
        push_int(&c->second, (int64_t)s.len);
        ow->gathered += s.len;
        break;
    }
    case ORC_DECIMAL: push_decimal(c, v, row); break;
    case ORC_TIMESTAMP: push_timestamp(ow, c, ArrowArrayViewGetIntUnsafe(v, row)); break;
    case ORC_LIST: case ORC_MAP: add_items(ow, c, v, row); break;
    case ORC_STRUCT:
        for (size_t i = 0; i < c->nchildren; i++)
            add_value(ow, &c->children[i], v->children[i], row);
        break;
    default: push_int(&c->ints, ArrowArrayViewGetIntUnsafe(v, row));
    }
}

/* ---------------------------------------------------------------- streams */
static Status put(OrcWriter *ow, View bytes, Error *err)
{
    ow->at += bytes.len;
    return packed_file_write(ow->file, bytes, err);
}

/* Chunks of at most BLOCK_BYTES, each packed or, when that is not shorter, as it is. */
static Status put_packed(OrcWriter *ow, View bytes, uint64_t *ret_bytes, Error *err)
{
    uint64_t from = ow->at;
    for (size_t at = 0; ow->codec != CODEC_NONE && at < bytes.len; at += BLOCK_BYTES) {
        View chunk = { bytes.data + at, bytes.len - at < BLOCK_BYTES ? bytes.len - at : BLOCK_BYTES };
        str_clear(&ow->scratch);
        TRY(packing_pack(ow->codec, chunk, -1, &ow->scratch, err));
        bool original = ow->scratch.len >= chunk.len;
        View out = original ? chunk : view_of(&ow->scratch);
        uint32_t head = (uint32_t)(out.len << 1) | original;
        unsigned char three[3] = { (unsigned char)head, (unsigned char)(head >> 8), (unsigned char)(head >> 16) };
        TRY(put(ow, (View){ (const char *)three, 3 }, err));
        TRY(put(ow, out, err));
    }
    if (ow->codec == CODEC_NONE)
        TRY(put(ow, bytes, err));
    *ret_bytes = ow->at - from;
    return ST_OK;
}

static Status put_stream(OrcWriter *ow, Str *footer, const OrcColumn *c, int kind, View bytes, Error *err)
{
    uint64_t length;
    str_auto message = STR_INIT(64);
    TRY(put_packed(ow, bytes, &length, err));
    put_number(&message, 1, (uint64_t)kind);
    put_number(&message, 2, c->id);
    put_number(&message, 3, length);
    put_message(footer, 1, view_of(&message));
    return ST_OK;
}

static Status put_int_stream(OrcWriter *ow, Str *footer, const OrcColumn *c, int kind, const Str *values, bool is_signed, Error *err)
{
    str_auto runs = STR_INIT(SIZE_MAX);
    size_t n = values->len / sizeof(int64_t);
    if (n)
        orc_put_ints(&runs, (const int64_t *)(const void *)values->data, n, is_signed);
    return put_stream(ow, footer, c, kind, view_of(&runs), err);
}

static Status put_data(OrcWriter *ow, Str *footer, const OrcColumn *c, Error *err)
{
    str_auto runs = STR_INIT(SIZE_MAX);
    switch (c->kind) {
    case ORC_BOOLEAN:
        orc_put_bits(&runs, (const bool *)str_text(&c->data), c->data.len);
        return put_stream(ow, footer, c, ORC_DATA, view_of(&runs), err);
    case ORC_BYTE:
        orc_put_bytes(&runs, (const unsigned char *)str_text(&c->data), c->data.len);
        return put_stream(ow, footer, c, ORC_DATA, view_of(&runs), err);
    case ORC_FLOAT: case ORC_DOUBLE: return put_stream(ow, footer, c, ORC_DATA, view_of(&c->data), err);
    case ORC_STRING: case ORC_BINARY:
        TRY(put_stream(ow, footer, c, ORC_DATA, view_of(&c->data), err));
        return put_int_stream(ow, footer, c, ORC_LENGTH, &c->second, false, err);
    case ORC_DECIMAL:
        TRY(put_stream(ow, footer, c, ORC_DATA, view_of(&c->data), err));
        return put_int_stream(ow, footer, c, ORC_SECONDARY, &c->second, true, err);
    case ORC_TIMESTAMP:
        TRY(put_int_stream(ow, footer, c, ORC_DATA, &c->ints, true, err));
        return put_int_stream(ow, footer, c, ORC_SECONDARY, &c->second, false, err);
    case ORC_LIST: case ORC_MAP: return put_int_stream(ow, footer, c, ORC_LENGTH, &c->ints, false, err);
    case ORC_STRUCT: return ST_OK;
    default: return put_int_stream(ow, footer, c, ORC_DATA, &c->ints, true, err);
    }
}

static Status put_column(OrcWriter *ow, Str *footer, Str *encodings, OrcColumn *c, Error *err)
{
    str_auto message = STR_INIT(64);
    bool plain = c->kind == ORC_BOOLEAN || c->kind == ORC_BYTE || c->kind == ORC_FLOAT || c->kind == ORC_DOUBLE || c->kind == ORC_STRUCT;
    put_number(&message, 1, plain ? ORC_DIRECT : ORC_DIRECT_V2);
    put_message(encodings, 2, view_of(&message));
    if (c->null) {
        str_auto runs = STR_INIT(SIZE_MAX);
        orc_put_bits(&runs, (const bool *)str_text(&c->present), c->present.len);
        TRY(put_stream(ow, footer, c, ORC_PRESENT, view_of(&runs), err));
    }
    TRY(put_data(ow, footer, c, err));
    for (size_t i = 0; i < c->nchildren; i++)
        TRY(put_column(ow, footer, encodings, &c->children[i], err));
    return ST_OK;
}

static void clear_column(OrcColumn *c)
{
    c->null_seen = c->null_seen || c->null;
    c->null = false;
    str_clear(&c->present);
    str_clear(&c->ints);
    str_clear(&c->second);
    str_clear(&c->data);
    for (size_t i = 0; i < c->nchildren; i++)
        clear_column(&c->children[i]);
}

static Status put_stripe(OrcWriter *ow, Error *err)
{
    str_auto footer = STR_INIT(SIZE_MAX), encodings = STR_INIT(SIZE_MAX), info = STR_INIT(128);
    uint64_t from = ow->at, length;
    if (!ow->stripe_rows)
        return ST_OK;
    TRY(put_column(ow, &footer, &encodings, &ow->root, err));
    uint64_t data = ow->at - from;
    str_addn(&footer, str_text(&encodings), encodings.len);
    put_message(&footer, 3, VIEW(zone_name(ow->zone)));
    TRY(put_packed(ow, view_of(&footer), &length, err));
    put_number(&info, 1, from);
    put_number(&info, 2, 0);
    put_number(&info, 3, data);
    put_number(&info, 4, length);
    put_number(&info, 5, ow->stripe_rows);
    put_message(&ow->stripes, 3, view_of(&info));
    clear_column(&ow->root);
    ow->rows += ow->stripe_rows;
    ow->stripe_rows = 0;
    ow->gathered = 0;
    return ST_OK;
}

/* ---------------------------------------------------------------- the tail */
static void put_catalyst(const Type *t, Str *out)
{
    str_auto pair = STR_INIT(LIMIT_NAME), name = STR_INIT(LIMIT_NAME);
    if (t->kind == TYPE_TIMESTAMP_NTZ)
        str_add(&name, "timestamp_ntz");
    else if (t->kind == TYPE_YEAR_MONTH_INTERVAL || t->kind == TYPE_DAY_TIME_INTERVAL)
        type_catalog(t, &name);
    if (!name.len)
        return;
    put_message(&pair, 1, VIEW(ORC_CATALYST_TYPE));
    put_message(&pair, 2, view_of(&name));
    put_message(out, 7, view_of(&pair));
}

static void put_types(const OrcColumn *c, Str *out)
{
    str_auto message = STR_INIT(SIZE_MAX), ids = STR_INIT(SIZE_MAX);
    put_number(&message, 1, (uint64_t)c->kind);
    for (size_t i = 0; i < c->nchildren; i++)
        orc_put_varint(&ids, c->children[i].id);
    if (ids.len)
        put_message(&message, 2, view_of(&ids));
    for (size_t i = 0; c->kind == ORC_STRUCT && i < c->nchildren; i++)
        put_message(&message, 3, VIEW(c->type->fields[i].name));
    if (c->kind == ORC_DECIMAL) {
        put_number(&message, 5, (uint64_t)c->type->precision);
        put_number(&message, 6, (uint64_t)c->type->scale);
    }
    put_catalyst(c->type, &message);
    put_message(out, 4, view_of(&message));
    for (size_t i = 0; i < c->nchildren; i++)
        put_types(&c->children[i], out);
}

static void put_statistics(const OrcColumn *c, Str *out)
{
    str_auto message = STR_INIT(64);
    put_number(&message, 1, c->values);
    put_number(&message, 10, c->null_seen);
    put_message(out, 7, view_of(&message));
    for (size_t i = 0; i < c->nchildren; i++)
        put_statistics(&c->children[i], out);
}

static Status put_tail(OrcWriter *ow, Error *err)
{
    str_auto footer = STR_INIT(SIZE_MAX), post = STR_INIT(256), user = STR_INIT(64), version = STR_INIT(8);
    uint64_t content = ow->at, length;
    put_number(&footer, 1, 3);
    put_number(&footer, 2, content);
    str_addn(&footer, str_text(&ow->stripes), ow->stripes.len);
    put_types(&ow->root, &footer);
    put_message(&user, 1, VIEW("org.apache.spark.version"));
    put_message(&user, 2, VIEW("4.1.1"));
    put_message(&footer, 5, view_of(&user));
    put_number(&footer, 6, ow->rows);
    put_statistics(&ow->root, &footer);
    put_number(&footer, 8, 0);  /* no row indexes */
    put_number(&footer, 11, 2); /* proleptic Gregorian */
    TRY(put_packed(ow, view_of(&footer), &length, err));
    put_number(&post, 1, length);
    put_number(&post, 2, (uint64_t)ow->codec_id);
    put_number(&post, 3, BLOCK_BYTES);
    orc_put_varint(&version, 0);
    orc_put_varint(&version, 12);
    put_message(&post, 4, view_of(&version));
    put_number(&post, 5, 0);
    put_number(&post, 6, WRITER_VERSION);
    put_message(&post, 8000, VIEW("ORC"));
    str_addc(&post, (char)post.len);
    return put(ow, view_of(&post), err);
}

/* ---------------------------------------------------------------- files */
static void forget_counts(OrcColumn *c)
{
    c->values = 0;
    c->null_seen = false;
    for (size_t i = 0; i < c->nchildren; i++)
        forget_counts(&c->children[i]);
}

static Status begin(void *self, const char *path, Error *err)
{
    OrcWriter *ow = self;
    clear_column(&ow->root);
    forget_counts(&ow->root);
    str_clear(&ow->stripes);
    ow->at = ow->rows = ow->stripe_rows = 0;
    ow->gathered = 0;
    TRY(packed_file_create(path, CODEC_NONE, &ow->file, err));
    return put(ow, VIEW("ORC"), err);
}

static Status add_row(void *self, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    OrcWriter *ow = self;
    ow->root.values++;
    for (size_t i = 0; i < ow->root.nchildren; i++)
        add_value(ow, &ow->root.children[i], batch->children[i], row);
    ow->stripe_rows++;
    return ow->gathered < STRIPE_BYTES ? ST_OK : put_stripe(ow, err);
}

static Status end(void *self, Error *err)
{
    OrcWriter *ow = self;
    TRY(put_stripe(ow, err));
    TRY(put_tail(ow, err));
    PackedFile *file = ow->file;
    ow->file = NULL;
    return packed_file_finish(file, err);
}

static void abandon(void *self)
{
    OrcWriter *ow = self;
    packed_file_abandon(ow->file);
    ow->file = NULL;
}

static void writer_done(OrcWriter *ow)
{
    packed_file_abandon(ow->file);
    column_done(&ow->root);
    str_done(&ow->stripes);
    str_done(&ow->scratch);
}

static Status find_codec(OrcWriter *ow, const char **ret_extension, Error *err)
{
    static const struct {
        const char *name, *extension;
        Codec codec;
        int id;
    } codecs[] = { { "none", ".orc", CODEC_NONE, 0 },          { "uncompressed", ".orc", CODEC_NONE, 0 },
                   { "snappy", ".snappy.orc", CODEC_SNAPPY, 2 }, { "zlib", ".zlib.orc", CODEC_DEFLATE, 1 },
                   { "lz4", ".lz4.orc", CODEC_LZ4, 4 },          { "zstd", ".zstd.orc", CODEC_ZSTD, 5 } };
    const EmitOptions *o = ow->w->emit;
    const char *conf = o->conf ? o->conf(o->self, "spark.sql.orc.compression.codec") : NULL;
    const char *name = sink_option(ow->w, "compression", sink_option(ow->w, "orc.compress", conf ? conf : "zstd"));
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (str_ieq(codecs[i].name, name)) {
            ow->codec = codecs[i].codec;
            ow->codec_id = codecs[i].id;
            *ret_extension = codecs[i].extension;
            return ST_OK;
        }
    if (str_ieq(name, "lzo") || str_ieq(name, "brotli"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: ORC compressed by %s.", name);
    return engine_fail(err, ST_INVALID, "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION", "codecName", name, "availableCodecs",
                       "brotli, uncompressed, lzo, snappy, none, zlib, zstd, lz4", NULL);
}

Status sink_orc(SinkWork *w, SinkFiles *ret_files, Error *err)
{
    __attribute__((cleanup(writer_done))) OrcWriter ow = { .w = w, .stripes = STR_INIT(SIZE_MAX), .scratch = STR_INIT(SIZE_MAX) };
    const char *extension = NULL, *tz = getenv("TZ");
    Field *fields = ARENA_ARRAY(w->a, Field, w->data.len + 1);
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = c->nullable };
    }
    ow.zone = tz && *tz ? zone_find(VIEW(tz)) : NULL;
    ow.zone = ow.zone ? ow.zone : zone_find(VIEW("UTC"));
    ow.base_s = ORC_EPOCH_S - zone_offset_s(ow.zone, ORC_EPOCH_S);
    TRY(find_codec(&ow, &extension, err));
    TRY(column_init(&ow, &ow.root, type_struct(w->a, fields, w->data.len), err));
    RowSink sink = { .self = &ow, .extension = extension, .begin = begin, .row = add_row, .end = end, .abandon = abandon };
    return sink_rows(w, &sink, ret_files, err);
}
