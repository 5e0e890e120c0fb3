/* front/sql/datetime.h -- the texts of DATE, TIME and TIMESTAMP literals, and of decimals.
 * Source: SparkDateTimeUtils.{stringToDate, parseTimestampString, stringToTime}; years -290308 … 294247. */
#ifndef WEIR_FRONT_SQL_DATETIME_H
#define WEIR_FRONT_SQL_DATETIME_H
#include "ir/value.h"

#include <stdbool.h>

bool date_parse(const char *text, int64_t *ret_days);
/* `zone` counts when the text names none; NULL: UTC. Microseconds since 1970 UTC. */
bool timestamp_parse(const char *text, const char *zone, int64_t *ret_micros);
bool timestamp_parse_ntz(const char *text, int64_t *ret_micros); /* a zone in the text is read and left out */
/* "10:00", "T10:00:00.5 Europe/Berlin": a time, which is one of today. */
bool timestamp_is_clock(const char *text);
bool zone_is_known(const char *zone);
bool timestamp_has_zone(const char *text, bool *ret_has);
bool time_parse(const char *text, int64_t *ret_nanos); /* HH:mm[:ss[.ffffff]] [AM|PM] */
/* Any number without suffix: java.math.BigDecimal(text) as Decimal. False when it needs more than 38 digits. */
bool decimal_parse(Arena *a, const char *text, Value *ret_value, const Type **ret_type);

#endif
