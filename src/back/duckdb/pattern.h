/* back/duckdb/pattern.h -- java.time.format.DateTimeFormatter's patterns as Spark uses them (DateTimeFormatterHelper):
 * letters y u M L d D E a h H K k m s S V z O X x Z Q q, text in quotes, [optional parts]. Locale: US English. */
#ifndef WEIR_BACK_DUCKDB_PATTERN_H
#define WEIR_BACK_DUCKDB_PATTERN_H
#include "back/duckdb/zone.h"

typedef struct Pattern Pattern;

typedef enum PatternUse { PATTERN_FORMAT, PATTERN_PARSE, PATTERN_PARSE_NTZ } PatternUse; /* NTZ: never SimpleDateFormat's */

/* Why a pattern is none: Spark's error class, and the letters that it names. */
typedef struct PatternFault {
    const char *class;
    char text[8];
} PatternFault;

/* Does Spark take the pattern for this use? (pattern_check.c) */
bool pattern_check(View text, PatternUse use, PatternFault *ret_fault);
/* Compiles. NULL when pattern_check() refuses it. The caller frees with pattern_free. */
Pattern *pattern_new(View text, PatternUse use, PatternFault *ret_fault);
/* The parameters of the fault's class, for k_fail and engine_fail; `pattern` is the whole text. */
#define PATTERN_FAULT_PARAMS(fault, pattern)                                                                                          \
    "c", (fault)->text, "pattern", pattern_fault_text(fault, pattern), "config", "\"spark.sql.legacy.timeParserPolicy\"", "docroot",   \
        "https://spark.apache.org/docs/latest", NULL
const char *pattern_fault_text(const PatternFault *fault, const char *pattern);

void pattern_free(void *p);
void pattern_format(const Pattern *p, int64_t utc_us, const Zone *zone, Str *out);
/* TOO_FAR: a time that 64 bits of microseconds do not hold. */
typedef enum PatternResult { PATTERN_PARSED, PATTERN_NO_MATCH, PATTERN_TOO_FAR } PatternResult;
/* The whole text must match; `zone` is for a text without one, NULL: none (TIMESTAMP_NTZ). */
PatternResult pattern_parse(const Pattern *p, View text, const Zone *zone, int64_t *ret_us);
/* Why a text did not match, in the words of java.time's DateTimeParseException. */
void pattern_explain(const Pattern *p, View text, Str *out);

#endif
