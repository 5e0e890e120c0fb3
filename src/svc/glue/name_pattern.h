/* svc/glue/name_pattern.h -- the patterns of GetTables and GetUserDefinedFunctions: a regular expression over the whole name, in which a
 * '*' that does not follow a '.' stands for anything, as in Hive. Matches in lower case. */
#ifndef WEIR_SVC_GLUE_NAME_PATTERN_H
#define WEIR_SVC_GLUE_NAME_PATTERN_H
#include "base/arena.h"
#include "base/status.h"

typedef struct NamePattern NamePattern;

/* NULL or "" matches everything. InvalidInputException for what is no pattern, and for {n} and back-references: not supported. */
Status name_pattern_new(Arena *a, const char *text, NamePattern **ret_pattern, Error *err);
bool name_pattern_matches(const NamePattern *p, const char *name);
void name_pattern_free(NamePattern *p);
void name_pattern_freep(NamePattern **p);
#define name_pattern_auto __attribute__((cleanup(name_pattern_freep))) NamePattern

#endif
