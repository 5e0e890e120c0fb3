/* fuzz_connect.c -- whatever a client sends as a plan becomes a tree or an error. */
#include <stddef.h>
#include <stdint.h>

#include "driver/proto.h"
#include "front/connect/connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Status refuse(Error *err)
{
    return FAIL(err, ST_INVALID, "no SQL here");
}

static Status parse_statement(void *self, Arena *a, const char *text, const ConnectArgument *arguments, size_t n, Node **ret, Error *err)
{
    (void)self, (void)a, (void)text, (void)arguments, (void)n, (void)ret;
    return refuse(err);
}

static Status parse_expression(void *self, Arena *a, const char *text, Node **ret, Error *err)
{
    (void)self, (void)a, (void)text, (void)ret;
    return refuse(err);
}

static Status parse_type(void *self, Arena *a, const char *text, const Type **ret, Error *err)
{
    (void)self, (void)a, (void)text, (void)ret;
    return refuse(err);
}

static Status artifact(void *self, Arena *a, const char *hash, View *ret, Error *err)
{
    (void)self, (void)hash, (void)err;
    *ret = (View){ arena_printf(a, "%s", "\xff\xff\xff\xff"), 4 };
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ConnectOptions options = { .parse_statement = parse_statement, .parse_expression = parse_expression,
                                     .parse_type = parse_type, .artifact = artifact };
    arena_auto *a = arena_new();
    Spark__Connect__Plan *plan = NULL;
    Node *node;
    Error err = ERROR_INIT;
    if (proto_unpack(a, &spark__connect__plan__descriptor, (View){ (const char *)data, size }, &plan, &err) == ST_OK)
        connect_plan(a, &options, plan, &node, &err);
    return 0;
}
