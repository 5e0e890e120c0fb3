/* back/duckdb/aggregate.c -- registering aggregates, and the loops around them. */
#include "back/duckdb/aggregate.h"

#include "back/duckdb/internal.h"

/* The engine's destructor has no way to its function: a state begins with it. */
typedef struct Header {
    void (*done)(void *state);
} Header;
enum { HEADER_BYTES = 16 };

static void *body(duckdb_aggregate_state state)
{
    return (char *)state + HEADER_BYTES;
}

static idx_t state_bytes(duckdb_function_info info)
{
    const AggregateRow *f = duckdb_aggregate_function_get_extra_info(info);
    return HEADER_BYTES + f->state_bytes;
}

static void state_init(duckdb_function_info info, duckdb_aggregate_state state)
{
    const AggregateRow *f = duckdb_aggregate_function_get_extra_info(info);
    memset(state, 0, HEADER_BYTES + f->state_bytes);
    ((Header *)state)->done = f->done;
}

static void state_done(duckdb_aggregate_state *states, idx_t count)
{
    for (idx_t i = 0; i < count; i++) {
        const Header *h = (const Header *)states[i];
        if (h->done)
            h->done(body(states[i]));
    }
}

static void update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state *states)
{
    const AggregateRow *f = duckdb_aggregate_function_get_extra_info(info);
    K k = { 0 };
    KernelArg own[KERNEL_ARGS];
    k_args_open(&k, input, own);
    for (k.row = 0; k.row < k.rows; k.row++) {
        bool null = false;
        for (size_t i = 0; i < k.nargs && !(f->flags & AGGREGATE_NULLS); i++)
            null = null || k_is_null(&k, i);
        if (!null)
            f->update(&k, body(states[k.row]));
    }
    k_args_close(&k);
}

static void combine(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_aggregate_state *target, idx_t count)
{
    const AggregateRow *f = duckdb_aggregate_function_get_extra_info(info);
    for (idx_t i = 0; i < count; i++)
        f->merge(body(target[i]), body(source[i]));
}

static void finalize(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_vector result, idx_t count, idx_t offset)
{
    const AggregateRow *f = duckdb_aggregate_function_get_extra_info(info);
    K k = { .out = result, .out_data = duckdb_vector_get_data(result) };
    duckdb_logical_type type = duckdb_vector_get_column_type(result);
    if (duckdb_get_type_id(type) == DUCKDB_TYPE_LIST)
        k.list_len = duckdb_list_vector_get_size(result);
    duckdb_destroy_logical_type(&type);
    for (idx_t i = 0; i < count; i++) {
        k.row = offset + i;
        f->result(&k, body(source[i]));
    }
}

static duckdb_aggregate_function make(const AggregateRow *row)
{
    duckdb_aggregate_function f = duckdb_create_aggregate_function();
    duckdb_aggregate_function_set_name(f, row->name);
    const char *at = row->signature;
    while (*at && *at != ':') {
        duckdb_logical_type type = kernel_next_type(&at);
        duckdb_aggregate_function_add_parameter(f, type);
        duckdb_destroy_logical_type(&type);
    }
    at++;
    duckdb_logical_type result = kernel_next_type(&at);
    duckdb_aggregate_function_set_return_type(f, result);
    duckdb_destroy_logical_type(&result);
    duckdb_aggregate_function_set_special_handling(f);
    duckdb_aggregate_function_set_functions(f, state_bytes, state_init, update, combine, finalize);
    duckdb_aggregate_function_set_destructor(f, state_done);
    duckdb_aggregate_function_set_extra_info(f, (void *)(uintptr_t)row, NULL);
    return f;
}

/* Rows of one name that follow each other are overloads. */
static Status register_table(duckdb_connection connection, const AggregateRow *table, Error *err)
{
    while (table->name) {
        const char *name = table->name;
        duckdb_aggregate_function_set set = duckdb_create_aggregate_function_set(name);
        for (; table->name && !strcmp(table->name, name); table++) {
            duckdb_aggregate_function f = make(table);
            duckdb_add_aggregate_function_to_set(set, f);
            duckdb_destroy_aggregate_function(&f);
        }
        duckdb_state state = duckdb_register_aggregate_function_set(connection, set);
        duckdb_destroy_aggregate_function_set(&set);
        if (state != DuckDBSuccess)
            return FAIL(err, ST_INTERNAL, "register the aggregate %s", name);
    }
    return ST_OK;
}

static const AggregateRow *const tables[] = { aggregates_moments, aggregates_values, aggregates_approx, aggregates_sketch, aggregates_theta, aggregates_hll, aggregates_kll,
                                             aggregates_top_k, aggregates_decimal, aggregates_running };
enum { TABLES = sizeof tables / sizeof *tables };

bool aggregate_called(const char *sql)
{
    for (size_t i = 0; i < TABLES; i++)
        for (const AggregateRow *row = tables[i]; row->name; row++) {
            const char *at = strstr(sql, row->name);
            if (at && at[strlen(row->name)] == '(')
                return true;
        }
    return false;
}

Status aggregates_register(duckdb_connection connection, Error *err)
{
    for (size_t i = 0; i < TABLES; i++)
        TRY(register_table(connection, tables[i], err));
    return ST_OK;
}
