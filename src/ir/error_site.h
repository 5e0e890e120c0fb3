/* ir/error_site.h -- where in the query a running expression failed: the query context of Spark's runtime errors.
 * Source: SupportQueryContext, SQLQueryContext.
 *
 * The engine's errors name no expression. So the bound plan is searched for what may raise such an error (its class, its
 * parameters); when that is one place of the query only, it is the place. With several of them the error stays without one. */
#ifndef WEIR_IR_ERROR_SITE_H
#define WEIR_IR_ERROR_SITE_H
#include "ir/node.h"

/* Sets start and stop of a runtime error that has neither. `a` is scratch. */
void error_site(Arena *a, const Node *bound, Error *err);

#endif
