/* back/duckdb/source_orc.c -- ORC files: schemas, and stripes to rows.
 *
 * A column's streams are unpacked when its stripe begins, only for columns that are asked for; values go straight into the
 * engine's vectors. Columns are found by name, or by place in files of Hive that call them _col0, _col1 …
 * Source: OrcUtils, OrcDeserializer, ORC's TreeReaderFactory and its SchemaEvolution. */
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/orc_file.h"
#include "back/duckdb/source_scan.h"
#include "base/limits.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 u128;

/* A column that is read: into vectors of `wanted`. */
typedef struct OrcColumn {
    OrcKind kind;
    int scale;                  /* DECIMAL: when a value has none of its own */
    const Type *wanted;         /* NULL in a struct's `children`: passed over */
    uint32_t id;
    Str streams[ORC_STREAMS];   /* unpacked */
    bool has_present;
    OrcByteRuns present, bytes; /* bytes: of BOOLEAN and BYTE */
    OrcInts ints, second;       /* DATA or LENGTH; SECONDARY, or LENGTH beside DATA */
    OrcBytes data;
    bool dictionary;
    View *words;                /* of the dictionary */
    size_t nwords;
    struct OrcColumn *children[2]; /* LIST, MAP */
    struct OrcColumn **fields;     /* STRUCT: one a field of `wanted`, NULL: not in the file */
    idx_t *rows;                /* room for the rows of a batch that are not null */
    size_t rows_cap;
} OrcColumn;

struct OrcScan {
    OrcFile *file;
    Arena *a;                   /* columns, for the whole file */
    Arena *stripe_arena;
    OrcColumn **columns;           /* one a column that is asked for; NULL: not in the file */
    size_t ncolumns, stripe;
    uint64_t rows;              /* left in the stripe */
    int64_t base_s;             /* of timestamps */
    const Zone *writer, *reader;
};

static Status broken(const ScanLocal *l, Error *err)
{
    return engine_fail(err, ST_IO, "FAILED_READ_FILE.NO_HINT", "path", l->file->uri, NULL);
}

/* ---------------------------------------------------------------- schemas */
static Status file_schema(Arena *a, const SourceRequest *r, const SourceFile *f, const Type **ret_schema, Error *err)
{
    orc_file_auto *file = NULL;
    (void)r;
    TRY(orc_file_open(f->path, f->uri, &file, err));
    return orc_file_type(a, file, 0, ret_schema, err);
}

Status source_orc_schema(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    bool merge;
    const Type *schema = NULL, *t;
    TRY(source_bool(r->options, "mergeSchema", false, &merge, err));
    for (size_t i = 0; i < r->nfiles && (merge || !schema); i++) {
        Status status = file_schema(a, r, &r->files[i], &t, err);
        if (source_tolerates(r->options, status))
            continue;
        TRY(status);
        if (t->nfields == 0)
            continue; /* Hive's empty files */
        if (schema)
            TRY(source_merge_schemas(a, schema, t, &schema, err));
        else
            schema = t;
    }
    if (!schema)
        return engine_fail(err, ST_INVALID, "UNABLE_TO_INFER_SCHEMA", "format", "ORC", NULL);
    *ret_schema = schema;
    return ST_OK;
}

/* ---------------------------------------------------------------- which columns */
static void column_done(void *p)
{
    OrcColumn *c = p;
    for (size_t i = 0; i < ORC_STREAMS; i++)
        str_done(&c->streams[i]);
    free(c->rows);
}

static bool integral(const Type *t)
{
    return t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG;
}

/* May values of the file's type go into `wanted` as they are? */
static bool readable(const OrcType *t, const Type *wanted)
{
    switch (t->kind) {
    case ORC_BOOLEAN: return wanted->kind == TYPE_BOOLEAN;
    case ORC_BYTE: case ORC_SHORT: case ORC_INT: case ORC_LONG:
        return wanted->kind == TYPE_DOUBLE || wanted->kind == TYPE_YEAR_MONTH_INTERVAL || wanted->kind == TYPE_DAY_TIME_INTERVAL ||
               wanted->kind == TYPE_TIMESTAMP_NTZ || /* microseconds, as Spark writes them */
               (integral(wanted) && (int)wanted->kind - TYPE_BYTE >= (int)t->kind - ORC_BYTE);
    case ORC_FLOAT: return wanted->kind == TYPE_FLOAT || wanted->kind == TYPE_DOUBLE;
    case ORC_DOUBLE: return wanted->kind == TYPE_DOUBLE;
    case ORC_STRING: case ORC_VARCHAR: case ORC_CHAR:
        return wanted->kind == TYPE_STRING || wanted->kind == TYPE_VARCHAR || wanted->kind == TYPE_CHAR;
    case ORC_BINARY: return wanted->kind == TYPE_BINARY;
    case ORC_TIMESTAMP: case ORC_TIMESTAMP_INSTANT: return wanted->kind == TYPE_TIMESTAMP || wanted->kind == TYPE_TIMESTAMP_NTZ;
    case ORC_DATE: return wanted->kind == TYPE_DATE;
    case ORC_DECIMAL: return wanted->kind == TYPE_DECIMAL;
    case ORC_LIST: return wanted->kind == TYPE_ARRAY;
    case ORC_MAP: return wanted->kind == TYPE_MAP;
    case ORC_STRUCT: return wanted->kind == TYPE_STRUCT;
    default: return false;
    }
}

static Status column_for(struct OrcScan *s, uint32_t id, const Type *wanted, OrcColumn **ret_column, Error *err);

static const uint32_t *child_named(const OrcType *t, const char *name)
{
    for (size_t i = 0; i < t->children.len; i++)
        if (str_eq(t->names.at[i], name))
            return &t->children.at[i];
    for (size_t i = 0; i < t->children.len; i++)
        if (str_ieq(t->names.at[i], name))
            return &t->children.at[i];
    return NULL;
}

static Status nested_columns(struct OrcScan *s, const OrcType *t, OrcColumn *c, Error *err)
{
    const Type *wanted = c->wanted;
    if (t->kind == ORC_LIST)
        return column_for(s, t->children.at[0], wanted->element, &c->children[0], err);
    if (t->kind == ORC_MAP) {
        TRY(column_for(s, t->children.at[0], wanted->key, &c->children[0], err));
        return column_for(s, t->children.at[1], wanted->element, &c->children[1], err);
    }
    c->fields = ARENA_ARRAY(s->a, OrcColumn *, wanted->nfields + 1);
    for (size_t i = 0; i < wanted->nfields; i++) {
        const uint32_t *child = child_named(t, wanted->fields[i].name);
        if (child)
            TRY(column_for(s, *child, wanted->fields[i].type, &c->fields[i], err));
    }
    return ST_OK;
}

static Status column_for(struct OrcScan *s, uint32_t id, const Type *wanted, OrcColumn **ret_column, Error *err)
{
    const OrcType *t = &s->file->types.at[id];
    const Type *own;
    if (!readable(t, wanted)) {
        arena_auto *a = arena_new();
        TRY(orc_file_type(a, s->file, id, &own, err));
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: reading an ORC column of %s as %s.",
                         type_sql_text(a, own), type_sql_text(a, wanted));
    }
    OrcColumn *c = ARENA_NEW(s->a, OrcColumn);
    arena_defer(s->a, column_done, c);
    *c = (OrcColumn){ .kind = t->kind, .scale = t->scale, .wanted = wanted, .id = id };
    for (size_t i = 0; i < ORC_STREAMS; i++)
        c->streams[i] = STR_INIT(SIZE_MAX);
    *ret_column = c;
    bool nested = t->kind == ORC_LIST || t->kind == ORC_MAP || t->kind == ORC_STRUCT;
    return nested ? nested_columns(s, t, c, err) : ST_OK;
}

/* orc.force.positional.evolution, or the names of Hive before 2.0. */
static bool by_place(const OrcType *row)
{
    bool all = row->names.len > 0;
    for (size_t i = 0; i < row->names.len; i++)
        all = all && str_starts(row->names.at[i], "_col");
    return all;
}

static Status match_columns(ScanLocal *l, struct OrcScan *s, Error *err)
{
    const OrcType *row = &s->file->types.at[0];
    bool places = by_place(row);
    s->columns = ARENA_ARRAY(s->a, OrcColumn *, l->ncolumns + 1);
    s->ncolumns = l->ncolumns;
    for (size_t i = 0; i < l->ncolumns; i++) {
        size_t field = l->columns[i].field;
        const uint32_t *child = !places ? child_named(row, l->plan->schema->fields[field].name)
                              : field < row->children.len ? &row->children.at[field] : NULL;
        if (child)
            TRY(column_for(s, *child, l->columns[i].type, &s->columns[i], err));
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- a stripe's streams */
static OrcBytes bytes_of(const OrcColumn *c, OrcStream kind)
{
    const unsigned char *at = (const unsigned char *)str_text(&c->streams[kind]);
    return (OrcBytes){ at, at + c->streams[kind].len };
}

static bool load_words(struct OrcScan *s, OrcColumn *c, const OrcEncoding *e, bool version_2)
{
    OrcInts lengths = { .in = bytes_of(c, ORC_LENGTH), .version_2 = version_2 };
    OrcBytes text = bytes_of(c, ORC_DICTIONARY);
    if (e->dictionary > c->streams[ORC_DICTIONARY].len + (UINT64_C(1) << 24))
        return false;
    c->nwords = (size_t)e->dictionary;
    c->words = ARENA_ARRAY(s->stripe_arena, View, c->nwords + 1);
    for (size_t i = 0; i < c->nwords; i++) {
        int64_t n;
        if (!orc_int(&lengths, &n) || n < 0 || n > text.end - text.at)
            return false;
        c->words[i] = (View){ (const char *)text.at, (size_t)n };
        text.at += n;
    }
    return true;
}

static bool begin_column(struct OrcScan *s, OrcColumn *c, const OrcStripeFooter *footer)
{
    const OrcEncoding *e = &footer->encodings.at[c->id];
    bool version_2 = e->kind == ORC_DIRECT_V2 || e->kind == ORC_DICTIONARY_V2;
    bool lengths = c->kind == ORC_LIST || c->kind == ORC_MAP;
    bool is_signed = !lengths && c->kind != ORC_STRING && c->kind != ORC_VARCHAR && c->kind != ORC_CHAR && c->kind != ORC_BINARY;
    c->dictionary = e->kind == ORC_DICTIONARY_V1 || e->kind == ORC_DICTIONARY_V2;
    c->present = (OrcByteRuns){ .in = bytes_of(c, ORC_PRESENT) };
    c->bytes = (OrcByteRuns){ .in = bytes_of(c, ORC_DATA) };
    c->data = bytes_of(c, ORC_DATA);
    c->ints = (OrcInts){ .in = bytes_of(c, lengths ? ORC_LENGTH : ORC_DATA), .is_signed = is_signed, .version_2 = version_2 };
    bool scales = c->kind == ORC_DECIMAL;
    c->second = (OrcInts){ .in = bytes_of(c, is_signed ? ORC_SECONDARY : ORC_LENGTH), .is_signed = scales, .version_2 = version_2 };
    if (c->dictionary && !load_words(s, c, e, version_2))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (c->children[i] && !begin_column(s, c->children[i], footer))
            return false;
    for (size_t i = 0; c->fields && i < c->wanted->nfields; i++)
        if (c->fields[i] && !begin_column(s, c->fields[i], footer))
            return false;
    return true;
}

static void index_columns(OrcColumn *c, OrcColumn **by_id)
{
    by_id[c->id] = c;
    c->has_present = false;
    for (size_t i = 0; i < ORC_STREAMS; i++)
        str_clear(&c->streams[i]);
    for (size_t i = 0; i < 2; i++)
        if (c->children[i])
            index_columns(c->children[i], by_id);
    for (size_t i = 0; c->fields && i < c->wanted->nfields; i++)
        if (c->fields[i])
            index_columns(c->fields[i], by_id);
}

static int64_t base_of(const struct OrcScan *s)
{
    return s->writer ? -zone_offset_s(s->writer, ORC_EPOCH_S) + ORC_EPOCH_S : ORC_EPOCH_S;
}

static bool load_streams(struct OrcScan *s, const OrcStripe *stripe, const OrcStripeFooter *footer, OrcColumn **by_id)
{
    const unsigned char *at = (const unsigned char *)s->file->map + stripe->offset;
    uint64_t left = stripe->index_bytes + stripe->data_bytes;
    for (size_t i = 0; i < footer->streams.len; i++) {
        const OrcStreamInfo *info = &footer->streams.at[i];
        if (info->bytes > left)
            return false;
        OrcColumn *c = info->column < s->file->types.len && info->kind >= 0 && info->kind < ORC_STREAMS ? by_id[info->column] : NULL;
        if (c && !orc_unpack(s->file, (OrcBytes){ at, at + info->bytes }, &c->streams[info->kind]))
            return false;
        if (c && info->kind == ORC_PRESENT)
            c->has_present = true;
        at += info->bytes;
        left -= info->bytes;
    }
    return true;
}

static Status next_stripe(ScanLocal *l, struct OrcScan *s, bool *ret_done, Error *err)
{
    *ret_done = s->stripe == s->file->stripes.len;
    if (*ret_done)
        return ST_OK;
    const OrcStripe *stripe = &s->file->stripes.at[s->stripe++];
    arena_free(s->stripe_arena);
    s->stripe_arena = arena_new();
    OrcStripeFooter footer = { 0 };
    OrcColumn **by_id = ARENA_ARRAY(s->stripe_arena, OrcColumn *, s->file->types.len);
    if (!orc_stripe_footer(s->file, s->stripe_arena, stripe, &footer))
        return broken(l, err);
    for (size_t i = 0; i < s->ncolumns; i++)
        if (s->columns[i])
            index_columns(s->columns[i], by_id);
    if (!load_streams(s, stripe, &footer, by_id))
        return broken(l, err);
    s->writer = footer.zone && *footer.zone ? zone_find(VIEW(footer.zone)) : NULL;
    s->base_s = base_of(s);
    for (size_t i = 0; i < s->ncolumns; i++)
        if (s->columns[i] && !begin_column(s, s->columns[i], &footer))
            return broken(l, err);
    s->rows = stripe->rows;
    return ST_OK;
}

/* ---------------------------------------------------------------- values */
static bool read_values(ScanLocal *l, OrcColumn *c, duckdb_vector v, const idx_t *rows, size_t n);

static void put_null(const Type *t, duckdb_vector v, idx_t row)
{
    scan_json_null(t, v, row);
}

/* RebaseDateTime.rebaseJulianToGregorianDays: the same year, month and day in the calendar that Spark counts by. */
static int64_t from_julian(int64_t days)
{
    enum { GREGORIAN_START = -141427 /* 1582-10-15 */ };
    if (days >= GREGORIAN_START)
        return days;
    int64_t c = days + 2440588 + 32082, d = floor_div(4 * c + 3, 1461), e = c - floor_div(1461 * d, 4), m = (5 * e + 2) / 153;
    int64_t day = e - (153 * m + 2) / 5 + 1, month = m + 3 - 12 * (m / 10), year = d - 4800 + m / 10;
    return days_from_civil(year, (int)month, 1) + day - 1;
}

static bool read_integer(const struct OrcScan *s, OrcColumn *c, void *data, idx_t row)
{
    int64_t n;
    unsigned char byte;
    if (c->kind == ORC_BYTE) {
        if (!orc_byte(&c->bytes, &byte))
            return false;
        n = (int8_t)byte;
    } else if (!orc_int(&c->ints, &n)) {
        return false;
    }
    if (c->kind == ORC_DATE && !s->file->proleptic)
        n = from_julian(n);
    switch (c->wanted->kind) {
    case TYPE_BYTE: ((int8_t *)data)[row] = (int8_t)n; break;
    case TYPE_SHORT: ((int16_t *)data)[row] = (int16_t)n; break;
    case TYPE_INT: case TYPE_DATE: case TYPE_YEAR_MONTH_INTERVAL: ((int32_t *)data)[row] = (int32_t)n; break;
    case TYPE_DOUBLE: ((double *)data)[row] = (double)n; break;
    default: ((int64_t *)data)[row] = n;
    }
    return true;
}

static bool read_real(OrcColumn *c, void *data, idx_t row)
{
    float small = 0;
    double value = 0;
    size_t size = c->kind == ORC_FLOAT ? 4 : 8;
    if ((size_t)(c->data.end - c->data.at) < size)
        return false;
    memcpy(c->kind == ORC_FLOAT ? (void *)&small : (void *)&value, c->data.at, size);
    c->data.at += size;
    if (c->wanted->kind == TYPE_FLOAT)
        ((float *)data)[row] = small;
    else
        ((double *)data)[row] = c->kind == ORC_FLOAT ? (double)small : value;
    return true;
}

static bool read_text(ScanLocal *l, OrcColumn *c, duckdb_vector v, idx_t row)
{
    View text;
    int64_t n;
    if (c->dictionary) {
        if (!orc_int(&c->ints, &n) || n < 0 || (size_t)n >= c->nwords)
            return false;
        text = c->words[n];
    } else {
        if (!orc_int(&c->second, &n) || n < 0 || n > c->data.end - c->data.at)
            return false;
        text = (View){ (const char *)c->data.at, (size_t)n };
        c->data.at += n;
    }
    if (c->kind == ORC_BINARY) {
        duckdb_vector_assign_string_element_len(v, row, text.data, text.len);
        return true;
    }
    ScanColumn column = { .vector = v };
    scan_string(l, &column, row, text);
    return true;
}

/* A varint of up to 128 bits, its scale beside it. */
static bool read_decimal(OrcColumn *c, duckdb_vector v, idx_t row)
{
    i128 value;
    u128 bits = 0;
    int64_t scale;
    int shift = 0;
    unsigned char byte = 0x80;
    for (; byte & 0x80; shift += 7) {
        if (shift > 126 || c->data.at == c->data.end)
            return false;
        byte = *c->data.at++;
        bits |= (u128)(byte & 0x7F) << shift;
    }
    value = (i128)(bits >> 1) ^ -(i128)(bits & 1);
    if (!orc_int(&c->second, &scale) || scale < 0 || scale > DECIMAL_MAX_PRECISION)
        return false;
    if (scale != c->wanted->scale) {
        char text[NUMBER_TEXT_BYTES];
        size_t n = print_decimal(value, (int)scale, text);
        if (!java_decimal((View){ text, n }, c->wanted->precision, c->wanted->scale, &value)) {
            put_null(c->wanted, v, row);
            return true;
        }
    }
    ScanColumn column = { .type = c->wanted, .vector = v, .data = duckdb_vector_get_data(v) };
    scan_decimal(&column, row, value);
    return true;
}

/* The wall clock of the writer's zone, in the zone of this process; an instant is UTC's. */
static bool read_timestamp(const struct OrcScan *s, OrcColumn *c, void *data, idx_t row)
{
    static const int64_t tens[] = { 1, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };
    int64_t seconds, nanos, us;
    if (!orc_int(&c->ints, &seconds) || !orc_int(&c->second, &nanos))
        return false;
    nanos = (int64_t)((uint64_t)nanos >> 3) * tens[nanos & 7];
    bool instant = c->kind == ORC_TIMESTAMP_INSTANT;
    if (nanos < 0 || nanos > 999999999 || __builtin_add_overflow(seconds, instant ? ORC_EPOCH_S : s->base_s, &seconds) ||
        __builtin_mul_overflow(seconds, MICROS_PER_SECOND, &us))
        return false;
    if (us < 0 && nanos > 999999)
        us -= MICROS_PER_SECOND;
    if (!instant && s->writer && s->writer != s->reader)
        us = zone_utc_us(s->reader, zone_local_us(s->writer, us));
    us += nanos / 1000;
    if (!s->file->proleptic)
        us += (from_julian(floor_div(us, MICROS_PER_DAY)) - floor_div(us, MICROS_PER_DAY)) * MICROS_PER_DAY;
    ((int64_t *)data)[row] = us;
    return true;
}

static bool read_list(ScanLocal *l, OrcColumn *c, duckdb_vector v, const idx_t *rows, size_t n)
{
    idx_t from = duckdb_list_vector_get_size(v), total = 0;
    duckdb_list_entry *entries = duckdb_vector_get_data(v);
    for (size_t i = 0; i < n; i++) {
        int64_t length;
        if (!orc_int(&c->ints, &length) || length < 0 || length > INT32_MAX)
            return false;
        entries[rows[i]] = (duckdb_list_entry){ from + total, (idx_t)length };
        total += (idx_t)length;
    }
    if (total > (idx_t)1 << 28)
        return false;
    duckdb_list_vector_reserve(v, from + total);
    duckdb_list_vector_set_size(v, from + total);
    idx_t *at = malloc((total + 1) * sizeof *at);
    if (!at)
        abort();
    for (idx_t i = 0; i < total; i++)
        at[i] = from + i;
    duckdb_vector child = duckdb_list_vector_get_child(v);
    bool good;
    if (c->kind == ORC_LIST)
        good = read_values(l, c->children[0], child, at, total);
    else
        good = read_values(l, c->children[0], duckdb_struct_vector_get_child(child, 0), at, total) &&
               read_values(l, c->children[1], duckdb_struct_vector_get_child(child, 1), at, total);
    free(at);
    return good;
}

static bool read_struct(ScanLocal *l, OrcColumn *c, duckdb_vector v, const idx_t *rows, size_t n)
{
    for (size_t i = 0; !c->wanted->nfields && i < n; i++)
        engine_fill_empty(v, rows[i], false);
    for (size_t k = 0; k < c->wanted->nfields; k++) {
        duckdb_vector child = duckdb_struct_vector_get_child(v, k);
        if (c->fields[k] && !read_values(l, c->fields[k], child, rows, n))
            return false;
        for (size_t i = 0; !c->fields[k] && i < n; i++)
            put_null(c->wanted->fields[k].type, child, rows[i]);
    }
    return true;
}

static bool read_one(ScanLocal *l, OrcColumn *c, duckdb_vector v, void *data, idx_t row)
{
    bool flag;
    switch (c->kind) {
    case ORC_BOOLEAN:
        if (!orc_bit(&c->bytes, &flag))
            return false;
        ((bool *)data)[row] = flag;
        return true;
    case ORC_FLOAT: case ORC_DOUBLE: return read_real(c, data, row);
    case ORC_STRING: case ORC_VARCHAR: case ORC_CHAR: case ORC_BINARY: return read_text(l, c, v, row);
    case ORC_DECIMAL: return read_decimal(c, v, row);
    case ORC_TIMESTAMP: case ORC_TIMESTAMP_INSTANT: return read_timestamp(l->orc, c, data, row);
    default: return read_integer(l->orc, c, data, row);
    }
}

/* The next `n` values of a column into these rows. */
static bool read_values(ScanLocal *l, OrcColumn *c, duckdb_vector v, const idx_t *rows, size_t n)
{
    const idx_t *there = rows;
    size_t count = n;
    if (c->has_present) {
        if (c->rows_cap < n) {
            free(c->rows);
            c->rows = malloc(n * sizeof *c->rows);
            c->rows_cap = n;
            if (!c->rows)
                abort();
        }
        count = 0;
        for (size_t i = 0; i < n; i++) {
            bool present;
            if (!orc_bit(&c->present, &present))
                return false;
            if (present)
                c->rows[count++] = rows[i];
            else
                put_null(c->wanted, v, rows[i]);
        }
        there = c->rows;
    }
    if (c->kind == ORC_STRUCT)
        return read_struct(l, c, v, there, count);
    if (c->kind == ORC_LIST || c->kind == ORC_MAP)
        return read_list(l, c, v, there, count);
    void *data = duckdb_vector_get_data(v);
    for (size_t i = 0; i < count; i++)
        if (!read_one(l, c, v, data, there[i]))
            return false;
    return true;
}

/* ---------------------------------------------------------------- rows */
void orc_scan_close(struct OrcScan *s)
{
    if (!s)
        return;
    orc_file_close(s->file);
    arena_free(s->stripe_arena);
    arena_free(s->a);
    free(s);
}

/* The zone of this process: Java's default one. */
static const Zone *process_zone(void)
{
    const char *name = getenv("TZ");
    const Zone *zone = name && *name ? zone_find(VIEW(name)) : NULL;
    return zone ? zone : zone_find(VIEW("UTC"));
}

static Status open_scan(ScanLocal *l, Error *err)
{
    orc_scan_close(l->orc);
    l->orc = calloc(1, sizeof *l->orc);
    if (!l->orc)
        abort();
    l->orc->a = arena_new();
    l->orc->reader = process_zone();
    l->text_taken = true;
    TRY(orc_file_open(l->file->path, l->file->uri, &l->orc->file, err));
    return match_columns(l, l->orc, err);
}

Status scan_orc(ScanLocal *l, idx_t row, idx_t room, idx_t *ret_row, Error *err)
{
    idx_t rows[2048];
    bool done = false;
    *ret_row = row;
    if (!l->text_taken)
        TRY(open_scan(l, err));
    struct OrcScan *s = l->orc;
    while (!s->rows && !done)
        TRY(next_stripe(l, s, &done, err));
    if (done) {
        l->active = false;
        return ST_OK;
    }
    size_t n = room - row < s->rows ? (size_t)(room - row) : (size_t)s->rows;
    n = n < sizeof rows / sizeof *rows ? n : sizeof rows / sizeof *rows;
    for (size_t i = 0; i < n; i++)
        rows[i] = row + i;
    for (size_t i = 0; i < l->ncolumns; i++) {
        for (size_t k = 0; k < n; k++)
            scan_not_null(&l->columns[i], rows[k]);
        if (s->columns[i] && !read_values(l, s->columns[i], l->columns[i].vector, rows, n))
            return broken(l, err);
        for (size_t k = 0; !s->columns[i] && k < n; k++)
            put_null(l->columns[i].type, l->columns[i].vector, rows[k]);
    }
    s->rows -= n;
    *ret_row = row + n;
    return ST_OK;
}
