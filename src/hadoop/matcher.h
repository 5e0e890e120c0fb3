/* hadoop/matcher.h -- a regular expression that must match the whole of a text, as java.util.regex.Matcher.matches. */
#ifndef WEIR_HADOOP_MATCHER_H
#define WEIR_HADOOP_MATCHER_H
#include "base/arena.h"
#include "base/status.h"

typedef struct Matcher Matcher;
/* Lives as long as the arena. ST_INVALID in Java's words. */
Status matcher_compile(Arena *a, const char *expression, Matcher **ret_matcher, Error *err);
/* ret_key (may be NULL): what its groups took, one behind the other. ST_LIMIT: it takes too long. */
Status matcher_matches(const Matcher *matcher, Arena *a, const char *text, bool *ret_matches, const char **ret_key, Error *err);

#endif
