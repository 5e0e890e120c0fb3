/* ir/collation_default.h -- DEFAULT COLLATION of a view: the one of its text's constants and of casts to STRING without COLLATE.
 * Source: ApplyDefaultCollation. */
#ifndef WEIR_IR_COLLATION_DEFAULT_H
#define WEIR_IR_COLLATION_DEFAULT_H
#include "ir/node.h"

/* An unbound query in which it has taken its place, under a Hint that remembers its name. */
Node *collation_default(Arena *a, Node *query, const char *collation);
/* The type that a column has which is declared as `type` in a table with that default. */
const Type *collation_default_type(Arena *a, const Type *type, const char *collation);
/* The name that such a query remembers; NULL: none. */
const char *collation_default_of(const Node *query);

#endif
