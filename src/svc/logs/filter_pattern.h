/* svc/logs/filter_pattern.h -- CloudWatch Logs' filter pattern language: text to tree, tree and message to yes or no.
 *
 *   ERROR timeout            all of these terms     ?ERROR ?WARN       any of them       -DEBUG    none of them
 *   "two words"  %reg[ex]%   quoted, regular expression; terms are looked for anywhere in the message, case matters
 *   [ip, user, ..., status = 4*, size > 1000]            a message of as many fields as that; "…" and […] are one field
 *   { $.a.b[0] = "x*" && ($.n >= 3 || $.gone NOT EXISTS) } a message that is JSON; also !=, <, <=, >, IS NULL|TRUE|FALSE, = %regex%
 *
 * Pure; in the arena. Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter
 * log events, and Live Tail", "Supported regular expressions (regex) syntax". */
#ifndef WEIR_SVC_LOGS_FILTER_PATTERN_H
#define WEIR_SVC_LOGS_FILTER_PATTERN_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "wire/val.h"

enum { PATTERN_TEXT_MAX = 1024 };

typedef struct FilterPattern FilterPattern;

/* ST_INVALID with InvalidParameterException. An empty text matches everything. */
Status filter_pattern_parse(Arena *a, const char *text, FilterPattern **ret_pattern, Error *err);
/* May metric values and dimensions name this: $.a.b for JSON patterns, $name for a field of a delimited one? */
bool filter_pattern_knows(const FilterPattern *p, const char *selector);

typedef struct FilterMatch {
    const FilterPattern *pattern;
    const Val *json;       /* of a JSON pattern */
    View *fields;          /* of a delimited one, in the order of the pattern's columns */
} FilterMatch;

/* What it needs of the message is in `a`; *ret_match is set when it matches. */
bool filter_pattern_matches(const FilterPattern *p, Arena *a, const char *message, size_t length, FilterMatch *ret_match);
/* The text of a selector in a message that matched; NULL when it has none. */
const char *filter_pattern_value(const FilterMatch *match, Arena *a, const char *selector);
/* TestMetricFilter's extractedValues: every name of the pattern with its text. */
Val *filter_pattern_extract(const FilterMatch *match, Arena *a);

#endif
