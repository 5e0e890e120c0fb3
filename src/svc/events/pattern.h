/* svc/events/pattern.h -- event patterns: what a rule wants, read once and matched with events.
 *
 *   { "source": ["aws.emr"], "detail": { "state": ["FAILED", { "prefix": "TERMIN" }], "$or": [ {…}, {…} ] } }
 *
 * A list holds what a value may be: a string, a number (the same characters), true, false, null, or one of
 *   {"prefix": s} {"suffix": s} {"equals-ignore-case": s} {"wildcard": "a*b"} {"cidr": "10.0.0.0/8"} {"exists": bool}
 *   {"numeric": ["=", n]} {"numeric": [">", n, "<=", n]}
 *   {"anything-but": x}     x: a string, a number, a list of one kind, or {"prefix" "suffix" "equals-ignore-case" "wildcard": s or list}
 * and s of prefix and suffix may be {"equals-ignore-case": s}. Of an event's list one element must fit; objects in lists fit
 * when one of them fits whole. `exists` looks at leaves only.
 *
 * Pure. Source: "Amazon EventBridge event patterns", "Comparison operators for use in event patterns". */
#ifndef WEIR_SVC_EVENTS_PATTERN_H
#define WEIR_SVC_EVENTS_PATTERN_H
#include "svc/events/document.h"

typedef struct Pattern Pattern;

/* InvalidEventPatternException "Event pattern is not valid. Reason: …". The pattern lives in the arena. */
Status pattern_compile(Arena *a, const char *text, const Pattern **ret_pattern, Error *err);
bool pattern_matches(const Pattern *pattern, const Doc *event);

#endif
