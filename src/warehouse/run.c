/* warehouse/run.c -- one statement: translated, in rounds while types are asked for, and run. */
#include "base/clock.h"
#include "warehouse/process.h"

#include "base/limits.h"

enum { ROUNDS_MAX = 24 };

bool execution_cancelled(const Execution *x)
{
    return x->running && atomic_load(&x->running->cancelled);
}

/* --- what the parser asks --- */

static Status env_columns(void *self, Arena *a, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err)
{
    Execution *x = self;
    return warehouse_columns(x->connection, a, schema, table, ret_columns, err);
}

static Status env_late_view(void *self, Arena *a, const char *schema, const char *name, const char **ret_text, Error *err)
{
    Execution *x = self;
    str_auto sql = STR_INIT(1 << 20);
    char *text = NULL;
    str_add(&sql, "SELECT definition FROM weir_internal.late_view WHERE view_name = ");
    dialect_quote_text(&sql, name);
    str_add(&sql, " AND ");
    if (schema) {
        str_add(&sql, "schema_name = ");
        dialect_quote_text(&sql, schema);
    } else {
        str_add(&sql, "list_contains(current_schemas(false), schema_name)");
    }
    TRY(warehouse_value(x->connection, a, str_text(&sql), &text, err));
    *ret_text = text;
    return ST_OK;
}

static const char *env_type(void *self, size_t node, size_t operand)
{
    Execution *x = self;
    return node < x->types_len && operand < x->types[node].len ? x->types[node].at[operand] : NULL;
}

/* --- rounds --- */

static void types_grow(Execution *x, size_t nodes)
{
    if (nodes <= x->types_len)
        return;
    StrList *types = ARENA_ARRAY(x->arena, StrList, nodes);
    for (size_t i = 0; i < x->types_len; i++)
        types[i] = x->types[i];
    x->types = (void *)types;
    x->types_len = nodes;
}

static const char *types_text(const Execution *x)
{
    str_auto text = STR_INIT(1 << 26);
    for (size_t i = 0; i < x->types_len; i++) {
        for (size_t j = 0; j < x->types[i].len; j++)
            str_addf(&text, "%s,", x->types[i].at[j] ? x->types[i].at[j] : "");
        str_addc(&text, ';');
    }
    return str_arena(&text, x->arena);
}

/* The engine binds the text, and with it the probes. A failure is not told here: the text without probes will say it better. */
static void probe(Execution *x, const Translation *t)
{
    for (size_t i = 0; i < t->sql.len; i++) {
        duckdb_prepared_statement statement;
        if (!strstr(t->sql.at[i], "rs_probe("))
            continue;
        duckdb_prepare(x->connection, t->sql.at[i], &statement);
        duckdb_destroy_prepare(&statement);
    }
}

static size_t slot_take(Execution *x)
{
    Warehouse *w = x->warehouse;
    size_t slot = PROBE_SLOTS;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < PROBE_SLOTS && slot == PROBE_SLOTS; i++) {
        if (!w->slots[i]) {
            w->slots[i] = x;
            slot = i;
        }
    }
    pthread_mutex_unlock(&w->lock);
    return slot;
}

static void slot_give(Execution *x, size_t slot)
{
    pthread_mutex_lock(&x->warehouse->lock);
    x->warehouse->slots[slot] = NULL;
    pthread_mutex_unlock(&x->warehouse->lock);
}

static Status rounds(Execution *x, const char *sql, DialectEnv *env, Translation *ret_translation, Error *err)
{
    const char *before = "";
    env->probing = true;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        Translation t;
        TRY(dialect_translate(x->arena, sql, env, &t, err));
        types_grow(x, t.nodes);
        if (t.nodes == 0)
            break;
        probe(x, &t);
        const char *now = types_text(x);
        if (str_eq(before, now))
            break;
        before = now;
    }
    env->probing = false;
    return dialect_translate(x->arena, sql, env, ret_translation, err);
}

Status execution_translate(Execution *x, const char *sql, Translation *ret_translation, Error *err)
{
    const Val *parameters = val_get(x->request, "parameters");
    size_t count = val_len(parameters);
    DialectParameter *list = ARENA_ARRAY(x->arena, DialectParameter, count + 1);
    for (size_t i = 0; i < count; i++)
        list[i] = (DialectParameter){ val_str(val_at(parameters, i), "name"), val_str(val_at(parameters, i), "value") };
    size_t slot = slot_take(x);
    if (slot == PROBE_SLOTS)
        return FAIL(err, ST_LIMIT, "more than %d statements are being planned", PROBE_SLOTS);
    DialectEnv env = { .self = x, .database = val_str(x->request, "database"), .user = val_str(x->request, "user"), .parameters = list, .parameters_len = count,
                       .columns = env_columns, .late_view = env_late_view, .type = env_type, .slot = slot };
    x->types_len = 0;
    Status status = rounds(x, sql, &env, ret_translation, err);
    slot_give(x, slot);
    return status;
}

/* --- running --- */

/* Several statements of the engine for one of the user's: all or none. */
static Status run_list(Execution *x, const StrList *sql, bool counts, Error *err)
{
    bool own = !x->in_transaction && sql->len > 1;
    Status status = own ? warehouse_exec(x->connection, "BEGIN TRANSACTION", NULL, err) : ST_OK;
    for (size_t i = 0; status == ST_OK && i < sql->len; i++) {
        int64_t rows = 0;
        status = warehouse_exec(x->connection, sql->at[i], &rows, err);
        if (counts && i == 0)
            x->rows = rows;
    }
    if (own && status == ST_OK)
        status = warehouse_exec(x->connection, "COMMIT", NULL, err);
    else if (own)
        warehouse_exec(x->connection, "ROLLBACK", NULL, NULL);
    return status;
}

static Status transaction(Execution *x, const char *sql, int change, Error *err)
{
    /* BEGIN in a transaction, COMMIT and ROLLBACK outside of one: a warning in Redshift. */
    if ((change > 0) == x->in_transaction)
        return ST_OK;
    TRY(warehouse_exec(x->connection, sql, NULL, err));
    x->transaction_change = change;
    return ST_OK;
}

static Status run_truncate(Execution *x, const Translation *t, Error *err)
{
    TRY(run_list(x, &t->sql, false, err));
    return x->in_transaction ? transaction(x, "COMMIT", -1, err) : ST_OK;
}

Status execution_run(Execution *x, Error *err)
{
    Translation t;
    TRY(execution_translate(x, x->sql, &t, err));
    x->tag = t.tag;
    switch (t.kind) {
    case STATEMENT_QUERY:
        return result_write(x, t.sql.at[0], err);
    case STATEMENT_CHANGE:
    case STATEMENT_DDL:
        return run_list(x, &t.sql, t.kind == STATEMENT_CHANGE, err);
    case STATEMENT_TRUNCATE:
        return run_truncate(x, &t, err);
    case STATEMENT_BEGIN:
        return transaction(x, "BEGIN TRANSACTION", 1, err);
    case STATEMENT_COMMIT:
        return transaction(x, "COMMIT", -1, err);
    case STATEMENT_ROLLBACK:
        return transaction(x, "ROLLBACK", -1, err);
    case STATEMENT_COPY:
        return copy_run(x, &t.copy, err);
    case STATEMENT_UNLOAD:
        return unload_run(x, &t.copy, err);
    case STATEMENT_NOTHING:
        return ST_OK;
    }
    return ST_OK;
}
