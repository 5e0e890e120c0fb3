/* driver/keep.h -- deep copies that share nothing with the request they came from: what sessions and catalogs keep. */
#ifndef WEIR_DRIVER_KEEP_H
#define WEIR_DRIVER_KEEP_H
#include "back/duckdb/engine.h"
#include "driver/session.h"
#include "ir/node.h"

const Type *keep_type(Arena *a, const Type *t); /* NULL gives NULL */
/* An unbound plan in an arena of its own. */
KeptPlan *keep_plan(const Node *plan);
/* A Scan of the engine's table `name`, which is dropped with the last reference. */
KeptPlan *keep_table(Engine *engine, const char *name, const Type *schema);

#endif
