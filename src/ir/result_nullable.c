/* ir/result_nullable.c -- may a call's value be NULL? By the row's column, or its function's own rule. */
#include "ir/binder.h"

#include <string.h>

static bool any_nullable(const NodeList *args)
{
    for (size_t i = 0; i < args->len; i++)
        if (args->at[i]->kind != NODE_Lambda && args->at[i]->nullable)
            return true;
    return false;
}

static bool all_nullable(const NodeList *args)
{
    for (size_t i = 0; i < args->len; i++)
        if (!args->at[i]->nullable)
            return false;
    return true;
}

static bool named(const FunctionRow *row, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(row->name, names[i]))
            return true;
    return false;
}
#define NAMED(row, ...) named((row), (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static bool nullable_by_name(Binder *b, const FunctionRow *row, const NodeList *args)
{
    if (NAMED(row, "coalesce", "ifnull", "nvl", "greatest", "least"))
        return all_nullable(args);
    if (NAMED(row, "if", "nvl2"))
        return args->at[1]->nullable || args->at[2]->nullable;
    if (NAMED(row, "/", "%", "div", "mod", "pmod"))
        return true;
    if (NAMED(row, "concat_ws", "format_string", "printf", "array_append", "array_prepend"))
        return args->at[0]->nullable;
    if (NAMED(row, "to_date", "to_timestamp", "to_timestamp_ltz", "to_timestamp_ntz") && args->len == 1)
        return args->at[0]->nullable || args->at[0]->type->kind == TYPE_STRING;
    if (NAMED(row, "size", "cardinality"))
        return b->ansi && any_nullable(args);
    if (NAMED(row, "array_contains"))
        return any_nullable(args) || args->at[0]->type->contains_null;
    if (NAMED(row, "arrays_overlap"))
        return any_nullable(args) || args->at[0]->type->contains_null || args->at[1]->type->contains_null;
    if (NAMED(row, "array_repeat"))
        return args->at[1]->nullable;
    if (NAMED(row, "flatten"))
        return any_nullable(args) || args->at[0]->type->contains_null;
    if (NAMED(row, "lag", "lead"))
        return args->at[0]->nullable || args->at[2]->nullable;
    return !b->ansi || any_nullable(args); /* fails in ANSI mode where the legacy one gives null */
}

bool result_nullable(Binder *b, const FunctionRow *row, const NodeList *args)
{
    switch (row->nulls) {
    case NULLS_NEVER:
        return false;
    case NULLS_ALWAYS:
        return true;
    case NULLS_RULE:
        return nullable_by_name(b, row, args);
    default:
        return any_nullable(args);
    }
}
