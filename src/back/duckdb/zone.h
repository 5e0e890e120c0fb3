/* back/duckdb/zone.h -- time zones and the proleptic Gregorian calendar, as java.time has them.
 * A Zone lives as long as the process (there are few); all functions are thread-safe. Rules come from ICU's data. */
#ifndef WEIR_BACK_DUCKDB_ZONE_H
#define WEIR_BACK_DUCKDB_ZONE_H
#include "base/str.h"

typedef struct Zone Zone;

enum { MICROS_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };
#define MICROS_PER_DAY (INT64_C(86400) * MICROS_PER_SECOND)

/* "UTC", "Z", "+08:00", "GMT+1", "America/Los_Angeles"; NULL when it is none (DateTimeUtils.getZoneId). */
const Zone *zone_find(View name);
/* The longest zone that begins at v[*at], which then stands behind it. False, and *at stays, when none does. */
bool zone_take(View v, size_t *at, const Zone **ret_zone);
int32_t zone_offset_s(const Zone *z, int64_t utc_s);
bool zone_is_utc(const Zone *z);
/* A reading of the clock: days since 1970 and microseconds since midnight. It holds what 64 bits of microseconds do not: the
 * local times of a zone's first and last hours that a TIMESTAMP has. */
typedef struct LocalTime {
    int64_t day, us;
} LocalTime;
LocalTime zone_local(const Zone *z, int64_t utc_us);
/* Back: in a gap the time moves on by the gap's length, in an overlap the earlier instant counts (ZonedDateTime.of). False: beyond 64 bits. */
bool zone_utc(const Zone *z, LocalTime at, int64_t *ret_utc_us);
/* The same as microseconds since the epoch as if UTC, for times that are not near the ends of 64 bits. */
int64_t zone_local_us(const Zone *z, int64_t utc_us);
/* The day there now, as days since 1970. */
int64_t zone_today(const Zone *z);
int64_t zone_utc_us(const Zone *z, int64_t local_us);
/* "America/Los_Angeles", "+01:00", "Z" */
const char *zone_name(const Zone *z);
/* "PST", "UTC": the short name at an instant; `full`: "Pacific Standard Time". */
void zone_display(const Zone *z, int64_t utc_us, bool full, char *out, size_t out_bytes);

typedef struct Civil {
    int64_t year;
    int month, day;               /* from 1 */
    int hour, minute, second, micros;
} Civil;
int64_t days_from_civil(int64_t year, int month, int day);
Civil civil_from_days(int64_t days);
Civil civil_from_us(int64_t local_us);
Civil civil_from_local(LocalTime at);
bool civil_valid_date(int64_t year, int month, int day);
int days_in_month(int64_t year, int month);
bool is_leap(int64_t year);
/* Adds months, the day is cut to the month's length. */
int64_t days_add_months(int64_t days, int64_t months);

static inline int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
static inline int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = a % b; /* no product: a may be the least there is */
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#endif
