/* back/duckdb/pattern_legacy.h -- java.text.SimpleDateFormat's patterns, not lenient, as Spark uses them under
 * spark.sql.legacy.timeParserPolicy=LEGACY (LegacySimpleTimestampFormatter): letters G y M L D d E u F a H k K h m s S z Z X and w W Y
 * (formatted only), text in quotes. Dates before 1582-10-15 are the Julian calendar's. Locale: US English. Milliseconds are all it knows. */
#ifndef WEIR_BACK_DUCKDB_PATTERN_LEGACY_H
#define WEIR_BACK_DUCKDB_PATTERN_LEGACY_H
#include "back/duckdb/zone.h"

typedef struct LegacyPattern LegacyPattern;

/* Compiles. NULL when a letter is none, then *ret_bad is that letter. The caller frees with legacy_pattern_free. */
LegacyPattern *legacy_pattern_new(View text, char *ret_bad);
void legacy_pattern_free(void *p);
void legacy_pattern_format(const LegacyPattern *p, int64_t utc_us, const Zone *zone, Str *out);
/* Text behind what matches is passed over, as SimpleDateFormat does. `zone` is for a text without one. */
bool legacy_pattern_parse(const LegacyPattern *p, View text, const Zone *zone, int64_t *ret_us);
/* The first letter that can be formatted and not parsed here; 0: none. */
char legacy_pattern_unparsable(const LegacyPattern *p);

#endif
