/* back/duckdb/pattern.h -- java.time.format.DateTimeFormatter's patterns as Spark uses them (DateTimeFormatterHelper):
 * letters y u M L d D E a h H K k m s S V z O X x Z Q q, text in quotes, [optional parts]. Locale: US English. */
#ifndef WEIR_BACK_DUCKDB_PATTERN_H
#define WEIR_BACK_DUCKDB_PATTERN_H
#include "back/duckdb/zone.h"

typedef struct Pattern Pattern;

/* Letters of years of weeks, which Spark refuses before it looks at others. */
#define WEEK_LETTERS "YWwuec"

/* Compiles. NULL when a letter is none, then *ret_bad is that letter. The caller frees with pattern_free. */
Pattern *pattern_new(View text, char *ret_bad);
void pattern_free(void *p);
void pattern_format(const Pattern *p, int64_t utc_us, const Zone *zone, Str *out);
/* The whole text must match; `zone` is for a text without one, NULL: none (TIMESTAMP_NTZ). */
bool pattern_parse(const Pattern *p, View text, const Zone *zone, int64_t *ret_us);

#endif
