/* fuzz_redshift.c -- whatever text a client sends as Redshift SQL becomes the engine's or an error. */
#include "warehouse/dialect.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every table has the columns a and b. */
static Status columns(void *self, Arena *a, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err)
{
    (void)self, (void)schema, (void)table, (void)err;
    vec_push(a, ret_columns, (DialectColumn){ .name = "a", .engine_type = "INTEGER", .type = "integer" });
    vec_push(a, ret_columns, (DialectColumn){ .name = "b", .engine_type = "VARCHAR", .type = "character varying(20)" });
    return ST_OK;
}

static const char *type(void *self, size_t node, size_t operand)
{
    static const char *const types[] = { "INTEGER", "DECIMAL(8,2)", "TIMESTAMP", NULL };
    (void)self;
    return types[(node + operand) % 4];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Translation translation;
    DialectParameter parameter = { "p", "1" };
    DialectEnv env = { .database = "dev", .user = "me", .parameters = &parameter, .parameters_len = 1, .columns = columns, .type = type, .probing = size % 2 };
    dialect_translate(a, arena_strn(a, (const char *)data, size), &env, &translation, &err);
    return 0;
}
