/* fuzz_text.c -- texts of a value's or a setting's own grammar: types, patterns of dates, zones, numbers, intervals, schemas of Avro. The first
 * byte chooses which; a NUL parts a pattern from a text. What is read is written again. */
#include "back/duckdb/avro.h"
#include "back/duckdb/convert.h"
#include "back/duckdb/pattern.h"
#include "back/duckdb/pattern_legacy.h"
#include "back/duckdb/variant.h"
#include "base/limits.h"
#include "front/connect/connect.h"
#include "front/sql/sql.h"
#include "ir/type.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show_type(const Type *t)
{
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    type_sql(t, &out);
    type_json(t, &out);
    type_catalog(t, &out);
}

static void types(Arena *a, const char *text)
{
    const Type *t = NULL;
    Error err = ERROR_INIT;
    if (type_from_json(a, text, &t, &err) == ST_OK)
        show_type(t);
    if (sql_parse_type(a, text, &t, &err) == ST_OK)
        show_type(t);
    if (sql_parse_schema(a, text, &t, &err) == ST_OK)
        show_type(t);
}

static void avro(Arena *a, const char *text, size_t len)
{
    AvroType *schema = NULL;
    const Type *t = NULL;
    bool nullable;
    Error err = ERROR_INIT;
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    if (avro_parse(a, text, len, &schema, &err) == ST_OK && avro_to_spark(a, schema, &t, &nullable, &err) == ST_OK) {
        show_type(t);
        avro_from_spark(t, nullable, "r", "", &out, &err);
    }
}

static void pattern(View format, View text, const Zone *zone)
{
    static const int64_t instants_us[] = { 0, -1, 1362907800123456, -62135596800000000, INT64_MAX / 2, INT64_MIN / 2 };
    str_auto out = STR_INIT(1 << 20);
    PatternFault fault;
    int64_t us;
    for (PatternUse use = PATTERN_FORMAT; use <= PATTERN_PARSE_NTZ; use++) {
        Pattern *p = pattern_new(format, use, &fault);
        if (!p)
            continue;
        for (size_t i = 0; use == PATTERN_FORMAT && i < sizeof instants_us / sizeof *instants_us; i++)
            pattern_format(p, instants_us[i], zone, &out);
        pattern_parse(p, text, use == PATTERN_PARSE_NTZ ? NULL : zone, &us);
        pattern_free(p);
    }
    char bad;
    LegacyPattern *legacy = legacy_pattern_new(format, &bad);
    if (!legacy)
        return;
    legacy_pattern_format(legacy, instants_us[2], zone, &out);
    legacy_pattern_parse(legacy, text, zone, &us);
    legacy_pattern_free(legacy);
}

static void variant(Arena *a, View blob, const Zone *zone)
{
    Variant v;
    str_auto out = STR_INIT(1 << 24);
    if (!variant_open(blob, &v))
        return;
    variant_json(&v, zone, &out);
    const Type *t = variant_schema(a, &v);
    if (t)
        variant_schema_text(t, &out);
}

static void values(View v, const Zone *zone)
{
    char out[NUMBER_TEXT_BYTES];
    int64_t i;
    int32_t i32;
    double d;
    float f;
    bool b;
    i128 wide;
    duckdb_interval interval;
    convert_integer(v, INT32_MIN, INT32_MAX, true, &i);
    if (convert_double(v, &d))
        java_text_double(d, out);
    if (convert_float(v, &f))
        java_text_float(f, out);
    convert_boolean(v, &b);
    for (int scale = 0; scale <= 38; scale += 19)
        if (convert_decimal(v, 38, scale, &wide, &b))
            print_decimal(wide, scale, out);
    if (convert_date(v, &i32))
        print_date(i32, out);
    if (convert_timestamp(v, zone, &i))
        print_timestamp(i, out);
    convert_timestamp(v, NULL, &i);
    convert_time(v, &i);
    convert_interval(v, &interval);
    for (int from = 0; from < 4; from++)
        for (int to = from; to < 4; to++) {
            convert_day_time(v, from, to, &i);
            if (to < 2)
                convert_year_month(v, from, to, &i32);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    arena_auto *a = arena_new();
    const char *text = arena_strn(a, (const char *)data + 1, size - 1);
    View first = VIEW(text), second = first.len + 1 < size - 1 ? VIEW(text + first.len + 1) : first;
    const Zone *zone = zone_find(VIEW("America/Los_Angeles"));
    StrList name = { 0 };
    Error err = ERROR_INIT;
    switch (data[0] % 7) {
    case 0: types(a, text); break;
    case 1: avro(a, text, size - 1); break;
    case 2: pattern(first, second, zone); break;
    case 3: zone_find(first); values(first, zone); break;
    case 5: variant(a, (View){ text, size - 1 }, zone); break;
    case 4: connect_name(a, text, &name, &err); break;
    default: values((View){ text, size - 1 }, zone_find(second)); break;
    }
    return 0;
}
