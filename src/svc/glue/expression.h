/* svc/glue/expression.h -- the language of GetPartitions' Expression: comparisons of partition keys (=, <>, !=, <, <=, >, >=, IN,
 * BETWEEN, LIKE, IS NULL and their NOT), AND, OR, NOT and parentheses. Each key is compared by its declared type, as the AWS Glue
 * API reference lists them: string, date, timestamp, int, bigint, long, tinyint, smallint, decimal. Pure: no store, no clock. */
#ifndef WEIR_SVC_GLUE_EXPRESSION_H
#define WEIR_SVC_GLUE_EXPRESSION_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

typedef struct PartitionKey {
    const char *name, *type;
} PartitionKey;
typedef VEC(PartitionKey) PartitionKeyList;
typedef struct Expression Expression;

/* NULL, "" and blanks give NULL: every partition. InvalidInputException. */
Status expression_parse(Arena *a, const char *text, const PartitionKeyList *keys, Expression **ret_expression, Error *err);
/* Does a partition with these values (in order of the keys) match? A value that is not of its key's type is ST_INVALID
 * "InvalidStateException". Thread-safe. */
Status expression_matches(const Expression *e, const StrList *values, bool *ret_matches, Error *err);

#endif
