/* base/clock.h -- wall and monotonic time, and the texts AWS uses for it. */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

int64_t clock_ms(void);           /* milliseconds since 1970-01-01T00:00:00Z */
int64_t clock_us(void);           /* microseconds since the same */
int64_t clock_monotonic_ms(void); /* never goes back; for time-outs */
struct timespec clock_after(clockid_t clock, int64_t ms); /* from now, for pthread_cond_timedwait; `clock` is the condition's */

char *time_iso8601(Arena *a, int64_t ms);      /* 2013-05-24T00:00:00.000Z */
char *time_iso8601_s(Arena *a, int64_t ms);    /* 2013-05-24T00:00:00Z */
char *time_basic(Arena *a, int64_t ms);        /* 20130524T000000Z, SigV4's form */
char *time_http(Arena *a, int64_t ms);         /* Fri, 24 May 2013 00:00:00 GMT (RFC 9110) */
bool time_parse_iso8601(const char *text, int64_t *ret_ms); /* with or without fraction; Z or +hh:mm */
bool time_parse_basic(const char *text, int64_t *ret_ms);
bool time_parse_http(const char *text, int64_t *ret_ms);

#endif
