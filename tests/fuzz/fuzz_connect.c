/* fuzz_connect.c -- whatever a client sends as a plan is bound and emitted, or refused. proto_mutator.c changes inputs field by field. */
#include "planning.h"

#include "driver/proto.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    Planning p = { .a = a, .settings = size ? data[size - 1] & PLANNING_LEGACY : 0 };
    ConnectOptions options = planning_connect_options(&p);
    Spark__Connect__Plan *plan = NULL;
    Node *node = NULL;
    Error err = ERROR_INIT;
    if (proto_unpack(a, &spark__connect__plan__descriptor, (View){ (const char *)data, size }, &plan, &err) == ST_OK &&
        connect_plan(a, &options, plan, &node, &err) == ST_OK)
        planning_run(&p, node);
    return 0;
}
