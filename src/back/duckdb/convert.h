/* back/duckdb/convert.h -- text to values and back, by the rules of Spark's Cast. Pure; used by kernels and readers.
 * A convert_* returns false when the text is not a value of the type. */
#ifndef WEIR_BACK_DUCKDB_CONVERT_H
#define WEIR_BACK_DUCKDB_CONVERT_H
#include "back/duckdb/kernel.h"
#include "back/duckdb/zone.h"
#include "base/java_text.h"

/* UTF8String.trimAll: whitespace and control characters at both ends. */
View trim_all(View v);
/* UTF8String.toLong and toInt …: `fraction` allows ".123" behind, which is cut off. */
bool convert_integer(View v, int64_t min, int64_t max, bool fraction, int64_t *ret_value);
bool convert_double(View v, double *ret_value);   /* Java's grammar, and inf, infinity, nan in any case */
bool convert_float(View v, float *ret_value);
bool convert_boolean(View v, bool *ret_value);    /* t true y yes 1, f false n no 0 */
/* An unscaled decimal with `scale` fractional digits, rounded half up; false also when it passes `precision` digits. */
bool convert_decimal(View v, int precision, int scale, i128 *ret_value, bool *ret_overflow);
bool convert_date(View v, int32_t *ret_days);
/* `zone`: for text without one; NULL: TIMESTAMP_NTZ, which drops a zone. A text with only a time means today, in its zone. */
bool convert_timestamp(View v, const Zone *zone, int64_t *ret_us);

/* [T]h:m[:s[.f]] [AM|PM] as nanoseconds of the day. */
bool convert_time(View v, int64_t *ret_ns);
/* Texts of intervals: "1 day 2 seconds"; "1-2", "1 02:03:04.5" or a whole literal, of fields `from` to `to`. */
bool convert_interval(View v, duckdb_interval *ret_value);
bool convert_year_month(View v, int from, int to, int32_t *ret_months);
bool convert_day_time(View v, int from, int to, int64_t *ret_us);

enum { NUMBER_TEXT_BYTES = 400 };
size_t print_decimal(i128 unscaled, int scale, char *out);
size_t print_decimal_java(i128 unscaled, int scale, char *out); /* BigDecimal.toString: 1E-7 */
size_t print_i128(i128 x, char *out);
size_t print_date(int64_t days, char *out);                 /* 2013-05-24, +12013-05-24, -0001-… */
size_t print_local_time(LocalTime at, char *out);
size_t print_timestamp(int64_t local_us, char *out);        /* 2013-05-24 10:00:00.25 */
void json_add_text(View v, Str *out);                       /* as a JSON string, by Jackson's escapes (kernel_json.c) */
i128 power_of_ten(int exponent);                            /* 0 … 38 */

#endif
