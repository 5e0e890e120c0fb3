/* back/duckdb/emit_collation.h -- what a collation changes of a query's text: where strings are compared, grouped or ordered, a key stands
 * in their place (CollationFactory.getCollationKey); the value that is shown is the first one of its key. */
#ifndef WEIR_BACK_DUCKDB_EMIT_COLLATION_H
#define WEIR_BACK_DUCKDB_EMIT_COLLATION_H
#include "back/duckdb/emit_internal.h"

/* The key of a string with a collation. Two are equal, and in the order, that their strings are in. */
const char *emit_string_key(Emit *e, const char *x, const Type *t);
/* Of any value: keys for the strings inside that have a collation; `x` itself when there is none. No map: refused. */
Status emit_equality_key(Emit *e, const char *x, const Type *t, const char **ret_key);
Status emit_key_text(Emit *e, const Node *n, const char **ret_key);
/* A schema with such a column. */
bool emit_any_collated(const Schema *s);
/* "k1, c2": what tells one row of the schema from another. `alias`: of the relation, NULL: none. */
Status emit_row_keys(Emit *e, const Schema *s, const char *alias, const char **ret_keys);
/* A call of which an argument has a collation: written whole (*ret_done), or with keys in the place of arguments. */
Status emit_collated_call(Emit *e, const Call *c, const char **args, bool *ret_done, Str *out);
/* UNION, INTERSECT, EXCEPT of rows that have strings with a collation, by `left` and `right`: relations with the columns of `schema`. */
Status emit_collated_set(Emit *e, const SetOp *s, const Schema *schema, const char *left, const char *right, const char **ret_from);

#endif
