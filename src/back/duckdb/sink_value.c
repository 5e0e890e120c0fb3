/* back/duckdb/sink_value.c -- a value of an Arrow batch as text, the way Spark's UnivocityGenerator and JacksonGenerator
 * print it. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "back/duckdb/variant.h"

#include <inttypes.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>

/* The default patterns yyyy-MM-dd'T'HH:mm:ss[.SSS] and, with a zone, [XXX]. */
static void iso_timestamp(int64_t us, const Zone *zone, Str *out)
{
    LocalTime local = zone ? zone_local(zone, us) : (LocalTime){ floor_div(us, MICROS_PER_DAY), floor_mod(us, MICROS_PER_DAY) };
    char text[NUMBER_TEXT_BYTES];
    Civil c = civil_from_local(local);
    size_t n = print_date(local.day, text);
    str_addn(out, text, n);
    str_addf(out, "T%02d:%02d:%02d.%03d", c.hour, c.minute, c.second, c.micros / 1000);
    if (!zone)
        return;
    int32_t offset = zone_offset_s(zone, floor_div(us, MICROS_PER_SECOND));
    if (!offset) {
        str_addc(out, 'Z');
        return;
    }
    int32_t size = offset < 0 ? -offset : offset;
    str_addf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
    if (size % 60)
        str_addf(out, ":%02d", size % 60);
}

/* IntervalUtils.toDayTimeIntervalString and toYearMonthIntervalString, ANSI style. */
static void year_month_text(int64_t months, const Type *type, Str *out)
{
    uint64_t size = months < 0 ? -(uint64_t)months : (uint64_t)months;
    str_addf(out, "INTERVAL '%s", months < 0 ? "-" : "");
    if (type->start != type->end)
        str_addf(out, "%" PRIu64 "-%" PRIu64 "' YEAR TO MONTH", size / 12, size % 12);
    else
        str_addf(out, "%" PRIu64 "' %s", type->start == INTERVAL_YEAR ? size / 12 : size,
                 type->start == INTERVAL_YEAR ? "YEAR" : "MONTH");
}

static void day_time_text(int64_t micros, const Type *type, Str *out)
{
    static const char *const names[] = { "DAY", "HOUR", "MINUTE", "SECOND" };
    static const uint64_t units[] = { 86400000000, 3600000000, 60000000, 1000000 };
    uint64_t size = micros < 0 ? -(uint64_t)micros : (uint64_t)micros;
    str_addf(out, "INTERVAL '%s", micros < 0 ? "-" : "");
    for (int unit = type->start; unit <= type->end; unit++) {
        if (unit > type->start)
            str_addc(out, unit == INTERVAL_HOUR ? ' ' : ':');
        str_addf(out, unit == INTERVAL_DAY ? "%" PRIu64 : "%02" PRIu64, size / units[unit]);
        size %= units[unit];
    }
    if (type->end == INTERVAL_SECOND && size) {
        char digits[8];
        snprintf(digits, sizeof digits, "%06" PRIu64, size % 1000000);
        size_t n = 6;
        while (digits[n - 1] == '0')
            n--;
        str_addf(out, ".%.*s", (int)n, digits);
    }
    str_addf(out, "' %s", names[type->start]);
    if (type->end != type->start)
        str_addf(out, " TO %s", names[type->end]);
}

Status value_text(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err)
{
    char text[NUMBER_TEXT_BYTES];
    View bytes;
    switch (type->kind) {
    case TYPE_NULL: break;
    case TYPE_BOOLEAN: str_add(out, ArrowArrayViewGetIntUnsafe(v, row) ? "true" : "false"); break;
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG:
        str_addf(out, "%" PRId64, ArrowArrayViewGetIntUnsafe(v, row));
        break;
    case TYPE_FLOAT: str_addn(out, text, java_text_float((float)ArrowArrayViewGetDoubleUnsafe(v, row), text)); break;
    case TYPE_DOUBLE: str_addn(out, text, java_text_double(ArrowArrayViewGetDoubleUnsafe(v, row), text)); break;
    case TYPE_DECIMAL: {
        struct ArrowDecimal decimal;
        ArrowDecimalInit(&decimal, 128, type->precision, type->scale);
        ArrowArrayViewGetDecimalUnsafe(v, row, &decimal);
        i128 unscaled;
        memcpy(&unscaled, decimal.words, sizeof unscaled);
        str_addn(out, text, print_decimal(unscaled, type->scale, text));
        break;
    }
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: case TYPE_BINARY:
        bytes = arrow_bytes(v, row);
        str_addn(out, bytes.data, bytes.len);
        break;
    case TYPE_DATE:
        if (f->date_format)
            pattern_format(f->date_format, ArrowArrayViewGetIntUnsafe(v, row) * MICROS_PER_DAY, f->utc, out);
        else
            str_addn(out, text, print_date(ArrowArrayViewGetIntUnsafe(v, row), text));
        break;
    case TYPE_TIMESTAMP:
        if (f->timestamp_format)
            pattern_format(f->timestamp_format, ArrowArrayViewGetIntUnsafe(v, row), f->zone, out);
        else
            iso_timestamp(ArrowArrayViewGetIntUnsafe(v, row), f->zone, out);
        break;
    case TYPE_TIMESTAMP_NTZ:
        if (f->timestamp_ntz_format)
            pattern_format(f->timestamp_ntz_format, ArrowArrayViewGetIntUnsafe(v, row), f->utc, out);
        else
            iso_timestamp(ArrowArrayViewGetIntUnsafe(v, row), NULL, out);
        break;
    case TYPE_YEAR_MONTH_INTERVAL: year_month_text(ArrowArrayViewGetIntUnsafe(v, row), type, out); break;
    case TYPE_DAY_TIME_INTERVAL: day_time_text(ArrowArrayViewGetIntUnsafe(v, row), type, out); break;
    case TYPE_UDT: return value_text(v, row, type->sql_type, f, out, err);
    default: {
        arena_auto *a = arena_new();
        return FAIL(err, ST_INTERNAL, "a value of type %s in a text file", type_sql_text(a, type));
    }
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- JSON */
static void json_string(View v, Str *out)
{
    str_addc(out, '"');
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
        const char *found = c ? strchr(shorts, c) : NULL;
        if (found) {
            str_addc(out, '\\');
            str_addc(out, letters[found - shorts]);
        } else if (c < 0x20)
            str_addf(out, "\\u%04X", c);
        else
            str_addc(out, (char)c);
    }
    str_addc(out, '"');
}

Status value_json_member(const char *name, const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f,
                         bool *first, Str *out, Error *err)
{
    if (!f->keep_nulls && (type->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row)))
        return ST_OK;
    if (!*first)
        str_addc(out, ',');
    *first = false;
    json_string(VIEW(name), out);
    str_addc(out, ':');
    return value_json(v, row, type, f, out, err);
}

static Status json_struct(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err)
{
    bool first = true;
    str_addc(out, '{');
    for (size_t i = 0; i < type->nfields; i++)
        TRY(value_json_member(type->fields[i].name, v->children[i], row, type->fields[i].type, f, &first, out, err));
    str_addc(out, '}');
    return ST_OK;
}

static Status json_list(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err)
{
    int64_t from = ArrowArrayViewListChildOffset(v, row), to = ArrowArrayViewListChildOffset(v, row + 1);
    bool map = type->kind == TYPE_MAP;
    str_addc(out, map ? '{' : '[');
    for (int64_t i = from; i < to; i++) {
        if (i > from)
            str_addc(out, ',');
        if (!map) {
            TRY(value_json(v->children[0], i, type->element, f, out, err));
            continue;
        }
        const struct ArrowArrayView *entries = v->children[0];
        str_auto key = STR_INIT(out->max_bytes);
        TRY(value_text(entries->children[0], i, type->key, f, &key, err));
        json_string((View){ str_text(&key), key.len }, out);
        str_addc(out, ':');
        TRY(value_json(entries->children[1], i, type->element, f, out, err));
    }
    str_addc(out, map ? '}' : ']');
    return ST_OK;
}

static void json_base64(View v, Str *out)
{
    arena_auto *a = arena_new();
    str_addf(out, "\"%s\"", base64_encode(a, v.data, v.len));
}

static Status json_variant(const struct ArrowArrayView *v, int64_t row, const ValueFormat *f, Str *out, Error *err)
{
    View value = arrow_bytes(v->children[0], row), metadata = arrow_bytes(v->children[1], row);
    Variant variant = { value, metadata };
    if (variant_json(&variant, f->zone, out))
        return ST_OK;
    return FAIL_CODE(err, ST_RUNTIME, "MALFORMED_VARIANT", "Variant binary is malformed. Please check the data source is valid.");
}

Status value_json(const struct ArrowArrayView *v, int64_t row, const Type *type, const ValueFormat *f, Str *out, Error *err)
{
    if (type->kind == TYPE_NULL || ArrowArrayViewIsNull(v, row)) {
        str_add(out, "null");
        return ST_OK;
    }
    switch (type->kind) {
    case TYPE_STRUCT: return json_struct(v, row, type, f, out, err);
    case TYPE_ARRAY: case TYPE_MAP: return json_list(v, row, type, f, out, err);
    case TYPE_VARIANT: return json_variant(v, row, f, out, err);
    case TYPE_UDT: return value_json(v, row, type->sql_type, f, out, err);
    case TYPE_BINARY:
        json_base64(arrow_bytes(v, row), out);
        return ST_OK;
    case TYPE_FLOAT: case TYPE_DOUBLE: {
        double x = ArrowArrayViewGetDoubleUnsafe(v, row);
        bool quoted = x != x || x - x != 0; /* NaN and the infinities are no JSON numbers */
        str_add(out, quoted ? "\"" : "");
        TRY(value_text(v, row, type, f, out, err));
        str_add(out, quoted ? "\"" : "");
        return ST_OK;
    }
    case TYPE_BOOLEAN: case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: case TYPE_DECIMAL:
        return value_text(v, row, type, f, out, err);
    default: {
        str_auto text = STR_INIT(out->max_bytes);
        TRY(value_text(v, row, type, f, &text, err));
        json_string((View){ str_text(&text), text.len }, out);
        return ST_OK;
    }
    }
}
