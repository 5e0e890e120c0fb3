/* svc/glue/pattern.h -- the patterns of GetTables and GetUserDefinedFunctions: a regular expression over the whole name, in which a
 * '*' that does not follow a '.' stands for anything, as in Hive. Matches in lower case. */
#ifndef WEIR_SVC_GLUE_PATTERN_H
#define WEIR_SVC_GLUE_PATTERN_H
#include "base/arena.h"
#include "base/status.h"

typedef struct Pattern Pattern;

/* NULL or "" matches everything. InvalidInputException for what is no pattern, and for {n} and back-references: not supported. */
Status pattern_new(Arena *a, const char *text, Pattern **ret_pattern, Error *err);
bool pattern_matches(const Pattern *p, const char *name);
void pattern_free(Pattern *p);
void pattern_freep(Pattern **p);
#define pattern_auto __attribute__((cleanup(pattern_freep))) Pattern

#endif
