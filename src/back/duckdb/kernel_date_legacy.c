/* back/duckdb/kernel_date_legacy.c -- patterns under spark.sql.legacy.timeParserPolicy=LEGACY. Source: LegacySimpleTimestampFormatter. */
#include "back/duckdb/convert.h"
#include "back/duckdb/pattern_legacy.h"

static void *make_zone(K *k, View name)
{
    (void)k;
    return (void *)(uintptr_t)zone_find(name);
}

static void *make_pattern(K *k, View text)
{
    char bad[2] = "";
    LegacyPattern *p = legacy_pattern_new(text, bad);
    if (!p)
        k_fail(k, "INVALID_DATETIME_PATTERN.WITH_SUGGESTION", "pattern", k_text(k, text), "docroot", "https://spark.apache.org/docs/latest", NULL);
    return p;
}

/* Slots of the cache: 0 a zone, 1 a pattern. NULL when one of them failed. */
static const LegacyPattern *arguments(K *k, const Zone **ret_zone)
{
    const LegacyPattern *p = k_cached(k, 1, k_str(k, 1), make_pattern, legacy_pattern_free);
    View name = k_str(k, 2);
    *ret_zone = p ? k_cached(k, 0, name, make_zone, NULL) : NULL;
    if (p && !*ret_zone)
        k_fail(k, "INVALID_TIMEZONE", "timeZone", k_text(k, name), NULL);
    return *ret_zone ? p : NULL;
}

static void format(K *k)
{
    const Zone *z;
    const LegacyPattern *p = arguments(k, &z);
    if (!p)
        return;
    str_auto out = STR_INIT(4096);
    legacy_pattern_format(p, k_i64(k, 0), z, &out);
    k_set_out(k, &out);
}

static void parse(K *k)
{
    const Zone *z;
    const LegacyPattern *p = arguments(k, &z);
    View v = k_str(k, 0);
    int64_t us;
    if (!p)
        return;
    char letter[2] = { legacy_pattern_unparsable(p) };
    if (letter[0]) {
        k_fail(k, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "c", letter, "pattern", k_text(k, k_str(k, 1)), NULL);
        return;
    }
    if (legacy_pattern_parse(p, v, z, &us)) {
        k_set_i64(k, us);
    } else if (k_i32(k, 3) == MODE_ERROR) {
        str_auto message = STR_INIT(4096);
        str_addf(&message, "Unparseable date: \"%.*s\"", (int)(v.len < 2000 ? v.len : 2000), v.data);
        k_fail(k, "CANNOT_PARSE_TIMESTAMP", "message", str_text(&message), "func", "`try_to_timestamp`", NULL);
    } else {
        k_null(k);
    }
}

const Kernel kernels_date_legacy[] = {
    { "spark_date_format_legacy", "TSS:S", format, 0 },
    { "spark_parse_timestamp_legacy", "SSSi:T", parse, 0 },
    { 0 },
};
