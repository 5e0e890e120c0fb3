/* back/duckdb/jdbc_value.c -- values in PostgreSQL's binary form: into the engine's vectors, and from Arrow batches.
 * Source: the *_recv and *_send functions of PostgreSQL's backend/utils/adt. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/jdbc_internal.h"
#include "back/duckdb/source_scan.h"

#include <nanoarrow/nanoarrow.h>

enum { NUMERIC_POSITIVE = 0x0000, NUMERIC_NEGATIVE = 0x4000, NUMERIC_DIGITS = 4, DIMENSIONS_MAX = 6 };
enum { LEAST_DAY = -719160, MOST_DAY = 2932896 }; /* 0001-01-03 and 9999-12-31: what Spark makes of infinity */

/* ---------------------------------------------------------------- reading */
typedef struct Bytes {
    const unsigned char *at, *end;
} Bytes;

static bool take16(Bytes *b, int *ret)
{
    if (b->end - b->at < 2)
        return false;
    *ret = (int16_t)(uint16_t)(b->at[0] << 8 | b->at[1]);
    b->at += 2;
    return true;
}

static bool take32(Bytes *b, int32_t *ret)
{
    if (b->end - b->at < 4)
        return false;
    *ret = (int32_t)((uint32_t)b->at[0] << 24 | (uint32_t)b->at[1] << 16 | (uint32_t)b->at[2] << 8 | b->at[3]);
    b->at += 4;
    return true;
}

static bool take64(Bytes *b, int64_t *ret)
{
    int32_t high, low;
    if (!take32(b, &high) || !take32(b, &low))
        return false;
    *ret = (int64_t)((uint64_t)(uint32_t)high << 32 | (uint32_t)low);
    return true;
}

static Status broken(const Type *t, Error *err)
{
    arena_auto *a = arena_new();
    return FAIL_CODE(err, ST_RUNTIME, "FAILED_JDBC.UNCLASSIFIED", "the server's value is none of type %s", type_sql_text(a, t));
}

/* "12.5": the digits of a numeric, for messages. */
static void numeric_text(const Bytes *from, int ndigits, int weight, int sign, int scale, char *out, size_t room)
{
    Bytes b = *from;
    size_t n = (size_t)snprintf(out, room, "%s%s", sign == NUMERIC_NEGATIVE ? "-" : "", weight < 0 ? "0" : "");
    for (int i = 0; i < ndigits && n + 8 < room; i++) {
        int group;
        if (!take16(&b, &group))
            break;
        n += (size_t)snprintf(out + n, room - n, i == 0 && weight >= 0 ? "%d" : i == weight + 1 ? ".%04d" : "%04d", group);
    }
    (void)scale;
}

/* Rounded half up to the type's scale; false: more digits than the type has. */
static bool round_numeric(Bytes b, int ndigits, int weight, int sign, const Type *t, i128 *ret)
{
    const i128 most = power_of_ten(t->precision);
    i128 value = 0;
    bool up = false, done = false;
    for (int group = 0; !done; group++) { /* groups of four digits, from the highest */
        int digits = 0, power = (weight - group) * NUMERIC_DIGITS + NUMERIC_DIGITS - 1;
        if (group < ndigits && !take16(&b, &digits))
            return false;
        for (int k = 0, unit = 1000; k < NUMERIC_DIGITS && !done; k++, unit /= 10, power--) {
            int digit = digits / unit % 10;
            if (power < -t->scale) {
                up = power == -t->scale - 1 && digit >= 5;
                done = true;
            } else {
                value = value * 10 + digit;
            }
            if (value >= most)
                return false;
        }
        if (group >= ndigits && value == 0)
            done = true;
    }
    value += up;
    if (value >= most)
        return false;
    *ret = sign == NUMERIC_NEGATIVE ? -value : value;
    return true;
}

static Status decode_numeric(Bytes b, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    int ndigits, weight, sign, scale;
    i128 value;
    char text[128];
    if (!take16(&b, &ndigits) || !take16(&b, &weight) || !take16(&b, &sign) || !take16(&b, &scale) || ndigits < 0 ||
        b.end - b.at != 2 * ndigits)
        return broken(t, err);
    if (sign != NUMERIC_POSITIVE && sign != NUMERIC_NEGATIVE)
        return FAIL_CODE(err, ST_RUNTIME, "FAILED_JDBC.UNCLASSIFIED", "Bad value for type BigDecimal : %s",
                         (uint16_t)sign == 0xC000 ? "NaN" : (uint16_t)sign == 0xD000 ? "Infinity" : "-Infinity");
    if (!round_numeric(b, ndigits, weight, sign, t, &value)) {
        char precision[16], places[16];
        numeric_text(&b, ndigits, weight, sign, scale, text, sizeof text);
        snprintf(precision, sizeof precision, "%d", t->precision);
        snprintf(places, sizeof places, "%d", t->scale);
        return engine_fail(err, ST_RUNTIME, "NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION", "roundedValue", text, "originalValue", text,
                           "precision", precision, "scale", places, NULL);
    }
    ScanColumn c = { .type = t, .vector = vector, .data = duckdb_vector_get_data(vector) };
    scan_decimal(&c, row, value);
    return ST_OK;
}

static Status decode_array(Bytes b, const Type *t, duckdb_vector vector, idx_t row, Error *err);

static void put_null(const Type *t, duckdb_vector vector, idx_t row)
{
    scan_json_null(t, vector, row);
}

static Status decode_integer(Bytes b, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    int small;
    int32_t days;
    int64_t n = 0;
    void *data = duckdb_vector_get_data(vector);
    switch (t->kind) {
    case TYPE_BYTE:
        if (!take16(&b, &small) || small < INT8_MIN || small > INT8_MAX)
            return broken(t, err);
        ((int8_t *)data)[row] = (int8_t)small;
        return ST_OK;
    case TYPE_SHORT:
        if (!take16(&b, &small))
            return broken(t, err);
        ((int16_t *)data)[row] = (int16_t)small;
        return ST_OK;
    case TYPE_INT: return take32(&b, &((int32_t *)data)[row]) ? ST_OK : broken(t, err);
    case TYPE_DATE:
        if (!take32(&b, &days))
            return broken(t, err);
        ((int32_t *)data)[row] = days == INT32_MAX ? MOST_DAY : days == INT32_MIN ? LEAST_DAY : days + PG_EPOCH_DAYS;
        return ST_OK;
    default:
        if (!take64(&b, &n))
            return broken(t, err);
        if (t->kind != TYPE_LONG)
            n = n == INT64_MAX ? MOST_DAY * MICROS_PER_DAY + (MICROS_PER_DAY - 1000) : n == INT64_MIN ? LEAST_DAY * MICROS_PER_DAY : n + PG_EPOCH_US;
        ((int64_t *)data)[row] = n;
        return ST_OK;
    }
}

static Status decode_interval(Bytes b, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    int64_t us, whole;
    int32_t days, months;
    if (!take64(&b, &us) || !take32(&b, &days) || !take32(&b, &months))
        return broken(t, err);
    if (t->kind == TYPE_YEAR_MONTH_INTERVAL) {
        ((int32_t *)duckdb_vector_get_data(vector))[row] = months;
        return ST_OK;
    }
    if (__builtin_mul_overflow((int64_t)days, MICROS_PER_DAY, &whole) || __builtin_add_overflow(whole, us, &us))
        return broken(t, err);
    ((int64_t *)duckdb_vector_get_data(vector))[row] = us;
    return ST_OK;
}

Status jdbc_decode(const char *bytes, size_t length, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    Bytes b = { (const unsigned char *)bytes, (const unsigned char *)bytes + length };
    int32_t bits;
    int64_t wide;
    switch (t->kind) {
    case TYPE_NULL: put_null(t, vector, row); return ST_OK;
    case TYPE_BOOLEAN:
        if (length != 1)
            return broken(t, err);
        ((bool *)duckdb_vector_get_data(vector))[row] = *bytes != 0;
        return ST_OK;
    case TYPE_FLOAT:
        if (!take32(&b, &bits))
            return broken(t, err);
        memcpy((float *)duckdb_vector_get_data(vector) + row, &bits, sizeof bits);
        return ST_OK;
    case TYPE_DOUBLE:
        if (!take64(&b, &wide))
            return broken(t, err);
        memcpy((double *)duckdb_vector_get_data(vector) + row, &wide, sizeof wide);
        return ST_OK;
    case TYPE_DECIMAL: return decode_numeric(b, t, vector, row, err);
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: return decode_interval(b, t, vector, row, err);
    case TYPE_ARRAY: return decode_array(b, t, vector, row, err);
    case TYPE_BINARY: case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR:
        duckdb_vector_assign_string_element_len(vector, row, bytes, length);
        return ST_OK;
    default: return decode_integer(b, t, vector, row, err);
    }
}

/* The items of dimension `d` and below; the entry is written last, as its child grows meanwhile. */
static Status decode_dimension(Bytes *b, const int32_t *sizes, int ndim, int d, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    idx_t from = duckdb_list_vector_get_size(vector), n = (idx_t)sizes[d];
    duckdb_list_vector_reserve(vector, from + n);
    duckdb_list_vector_set_size(vector, from + n);
    for (idx_t i = 0; i < n; i++) {
        duckdb_vector child = duckdb_list_vector_get_child(vector);
        int32_t length;
        if (d + 1 < ndim) {
            TRY(decode_dimension(b, sizes, ndim, d + 1, t->element, child, from + i, err));
            continue;
        }
        if (!take32(b, &length) || length < -1 || length > b->end - b->at)
            return broken(t, err);
        if (length < 0) {
            put_null(t->element, child, from + i);
            continue;
        }
        TRY(jdbc_decode((const char *)b->at, (size_t)length, t->element, child, from + i, err));
        b->at += length;
    }
    ((duckdb_list_entry *)duckdb_vector_get_data(vector))[row] = (duckdb_list_entry){ from, n };
    return ST_OK;
}

static Status decode_array(Bytes b, const Type *t, duckdb_vector vector, idx_t row, Error *err)
{
    int32_t ndim, flags, element, sizes[DIMENSIONS_MAX], first;
    int64_t items = 1;
    int depth = 0;
    if (!take32(&b, &ndim) || !take32(&b, &flags) || !take32(&b, &element) || ndim < 0 || ndim > DIMENSIONS_MAX)
        return broken(t, err);
    for (int i = 0; i < ndim; i++) {
        if (!take32(&b, &sizes[i]) || !take32(&b, &first) || sizes[i] < 0)
            return broken(t, err);
        items *= sizes[i]; /* the server's arrays have no more than 2^27 */
        if (items > b.end - b.at)
            return broken(t, err);
    }
    for (const Type *x = t; x->kind == TYPE_ARRAY; x = x->element)
        depth++;
    if (!ndim) {
        ((duckdb_list_entry *)duckdb_vector_get_data(vector))[row] = (duckdb_list_entry){ duckdb_list_vector_get_size(vector), 0 };
        return ST_OK;
    }
    if (ndim != depth)
        return FAIL_CODE(err, ST_RUNTIME, "FAILED_JDBC.UNCLASSIFIED", "an array of %d dimensions is in a column that has %d", ndim, depth);
    return decode_dimension(&b, sizes, ndim, 0, t, vector, row, err);
}

/* ---------------------------------------------------------------- writing */
void jdbc_put16(Str *out, int value)
{
    str_addc(out, (char)(value >> 8));
    str_addc(out, (char)value);
}

void jdbc_put32(Str *out, int64_t value)
{
    jdbc_put16(out, (int)((uint32_t)value >> 16));
    jdbc_put16(out, (int)(value & 0xFFFF));
}

static void put64(Str *out, int64_t value)
{
    jdbc_put32(out, (int64_t)((uint64_t)value >> 32));
    jdbc_put32(out, (int64_t)((uint64_t)value & 0xFFFFFFFF));
}

/* Groups of four digits around the point, from the highest one that is not zero. */
static void encode_numeric(i128 value, int scale, Str *out)
{
    int groups[16], n = 0, fraction = (scale + NUMERIC_DIGITS - 1) / NUMERIC_DIGITS;
    u128 left = value < 0 ? -(u128)value : (u128)value;
    int odd = scale % NUMERIC_DIGITS; /* the lowest group is filled up */
    if (odd) {
        int factor = odd == 1 ? 1000 : odd == 2 ? 100 : 10, base = 10000 / factor;
        groups[n++] = (int)(left % (unsigned)base) * factor;
        left /= (unsigned)base;
    }
    for (; left; left /= 10000)
        groups[n++] = (int)(left % 10000);
    int weight = n - fraction - 1, low = 0;
    while (low < n && groups[low] == 0)
        low++;
    jdbc_put32(out, 8 + 2 * (n - low));
    jdbc_put16(out, n - low);
    jdbc_put16(out, n > low ? weight : 0);
    jdbc_put16(out, value < 0 ? NUMERIC_NEGATIVE : NUMERIC_POSITIVE);
    jdbc_put16(out, scale);
    for (int i = n; i-- > low;)
        jdbc_put16(out, groups[i]);
}

/* How long the lists are at each depth; false: lists of one depth differ in length, or one is NULL. */
static bool measure(const struct ArrowArrayView *v, int64_t row, const Type *t, int depth, int64_t *sizes)
{
    int64_t from = ArrowArrayViewListChildOffset(v, row), n = ArrowArrayViewListChildOffset(v, row + 1) - from;
    if (sizes[depth] >= 0 && sizes[depth] != n)
        return false;
    sizes[depth] = n;
    for (int64_t i = 0; t->element->kind == TYPE_ARRAY && i < n; i++)
        if (ArrowArrayViewIsNull(v->children[0], from + i) || !measure(v->children[0], from + i, t->element, depth + 1, sizes))
            return false;
    return true;
}

static Status encode_items(const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out, Error *err)
{
    int64_t from = ArrowArrayViewListChildOffset(v, row), to = ArrowArrayViewListChildOffset(v, row + 1);
    for (; from < to; from++)
        TRY(t->element->kind == TYPE_ARRAY ? encode_items(v->children[0], from, t->element, out, err)
                                           : jdbc_encode(v->children[0], from, t->element, out, err));
    return ST_OK;
}

static Status encode_array(const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out, Error *err)
{
    int64_t sizes[DIMENSIONS_MAX];
    arena_auto *a = arena_new();
    const char *word;
    Oid oid;
    int depth = 0;
    const Type *leaf = t;
    for (; leaf->kind == TYPE_ARRAY; leaf = leaf->element)
        depth++;
    if (depth > DIMENSIONS_MAX)
        return FAIL_CODE(err, ST_INVALID, "FAILED_JDBC.UNCLASSIFIED", "PostgreSQL's arrays have %d dimensions at most", DIMENSIONS_MAX);
    for (int i = 0; i < DIMENSIONS_MAX; i++)
        sizes[i] = -1;
    if (!measure(v, row, t, 0, sizes))
        return FAIL_CODE(err, ST_RUNTIME, "FAILED_JDBC.UNCLASSIFIED", "arrays in an array must have equal lengths in PostgreSQL");
    TRY(jdbc_type_word(a, leaf, &word, &oid, err));
    bool empty = false;
    for (int i = 0; i < depth; i++)
        empty = empty || sizes[i] <= 0;
    size_t at = out->len;
    jdbc_put32(out, 0); /* the length, below */
    jdbc_put32(out, empty ? 0 : depth);
    jdbc_put32(out, 1);
    jdbc_put32(out, oid);
    for (int i = 0; i < depth && !empty; i++) {
        jdbc_put32(out, sizes[i]);
        jdbc_put32(out, 1);
    }
    if (!empty)
        TRY(encode_items(v, row, t, out, err));
    uint32_t n = (uint32_t)(out->len - at - 4);
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (char)(n >> (24 - 8 * i));
    return ST_OK;
}

static void encode_bytes(const struct ArrowArrayView *v, int64_t row, Str *out)
{
    View bytes = arrow_bytes(v, row);
    jdbc_put32(out, (int64_t)bytes.len);
    str_addn(out, bytes.data, bytes.len);
}

static void encode_real(const struct ArrowArrayView *v, int64_t row, bool wide, Str *out)
{
    double value = ArrowArrayViewGetDoubleUnsafe(v, row);
    float small = (float)value;
    int64_t bits;
    int32_t half;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&half, &small, sizeof half);
    jdbc_put32(out, wide ? 8 : 4);
    if (wide)
        put64(out, bits);
    else
        jdbc_put32(out, half);
}

Status jdbc_encode(const struct ArrowArrayView *v, int64_t row, const Type *t, Str *out, Error *err)
{
    struct ArrowDecimal decimal;
    i128 unscaled;
    if (t->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row)) {
        jdbc_put32(out, -1);
        return ST_OK;
    }
    switch (t->kind) {
    case TYPE_STRING: case TYPE_BINARY: encode_bytes(v, row, out); return ST_OK;
    case TYPE_FLOAT: case TYPE_DOUBLE: encode_real(v, row, t->kind == TYPE_DOUBLE, out); return ST_OK;
    case TYPE_ARRAY: return encode_array(v, row, t, out, err);
    case TYPE_DECIMAL:
        ArrowDecimalInit(&decimal, 128, t->precision, t->scale);
        ArrowArrayViewGetDecimalUnsafe(v, row, &decimal);
        memcpy(&unscaled, decimal.words, sizeof unscaled);
        encode_numeric(unscaled, t->scale, out);
        return ST_OK;
    default: break;
    }
    int64_t n = ArrowArrayViewGetIntUnsafe(v, row);
    switch (t->kind) {
    case TYPE_BOOLEAN:
        jdbc_put32(out, 1);
        str_addc(out, n ? 1 : 0);
        return ST_OK;
    case TYPE_BYTE: case TYPE_SHORT:
        jdbc_put32(out, 2);
        jdbc_put16(out, (int)n);
        return ST_OK;
    case TYPE_INT: case TYPE_DATE:
        jdbc_put32(out, 4);
        jdbc_put32(out, t->kind == TYPE_DATE ? n - PG_EPOCH_DAYS : n);
        return ST_OK;
    case TYPE_LONG: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ:
        jdbc_put32(out, 8);
        put64(out, t->kind == TYPE_LONG ? n : n - PG_EPOCH_US);
        return ST_OK;
    default: return FAIL(err, ST_INTERNAL, "a value of a type that JDBC does not write");
    }
}
