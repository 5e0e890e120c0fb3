/* lake/metastore.c -- metastore.h: requests and answers of its calls; metastore_store.c or the server does the work. */
#include "lake/metastore.h"

#include "base/str.h"
#include "lake/metastore_private.h"
#include "lake/metastore_store.h"

#include <ctype.h>
#include <stdlib.h>

/* --- opening --- */

static Metastore *metastore_new(void)
{
    Metastore *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->arena = arena_new();
    return m;
}

Status metastore_open_store(Store *store, Metastore **ret_metastore, Error *err)
{
    (void)err;
    Metastore *m = metastore_new();
    m->store = store;
    *ret_metastore = m;
    return ST_OK;
}

Status metastore_open_server(const LakeCredentials *credentials, Metastore **ret_metastore, Error *err)
{
    if (!credentials->endpoint || !credentials->access_key || !credentials->secret_key)
        return FAIL(err, ST_INVALID, "the catalog's server needs an endpoint, an access key and a secret key");
    Metastore *m = metastore_new();
    Arena *a = m->arena;
    m->credentials = (LakeCredentials){
        arena_str(a, credentials->endpoint), arena_str(a, credentials->region ? credentials->region : "us-east-1"),
        arena_str(a, credentials->access_key), arena_str(a, credentials->secret_key), arena_str(a, credentials->session_token),
    };
    *ret_metastore = m;
    return ST_OK;
}

void metastore_close(Metastore *m)
{
    if (!m)
        return;
    arena_free(m->arena);
    free(m);
}

void metastore_closep(Metastore **m)
{
    metastore_close(*m);
}

/* --- requests and answers --- */

static const char *folded(Arena *a, const char *name)
{
    char *lower = arena_str(a, name);
    for (char *c = lower; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

/* A tree that is read only, as a member of another that is. */
static Val *member(const Val *v)
{
    return (Val *)(uintptr_t)v;
}

static Val *request_of(Arena *a, const char *database, const char *table)
{
    Val *q = val_map(a);
    val_set_str(a, q, "database", folded(a, database));
    val_set_str(a, q, "name", folded(a, table));
    return q;
}

static Val *request_with(Arena *a, const char *database, const char *table, const Val *input)
{
    Val *q = request_of(a, database, table);
    val_set(a, q, "input", member(input));
    return q;
}

static Val *texts(Arena *a, const StrList *list)
{
    Val *v = val_list(a);
    for (size_t i = 0; i < list->len; i++)
        val_push(a, v, val_strv(a, list->at[i]));
    return v;
}

static Status ask(Metastore *m, Arena *a, const char *operation, const Val *q, Val **ret_answer, Error *err)
{
    if (m->store)
        return metastore_store_call(m->store, a, operation, q, ret_answer, err);
    return metastore_server_ask(&m->credentials, a, operation, metastore_changes(operation), q, ret_answer, err);
}

/* Asks for a change: nothing comes back. */
static Status tell(Metastore *m, Arena *a, const char *operation, const Val *q, Error *err)
{
    Val *answer = NULL;
    return ask(m, a, operation, q, &answer, err);
}

/* --- databases --- */

Status metastore_create_database(Metastore *m, const Val *input, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "create_database", request_with(a, val_str(input, "Name"), NULL, input), err);
}

Status metastore_update_database(Metastore *m, const char *name, const Val *input, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "update_database", request_with(a, name, NULL, input), err);
}

Status metastore_drop_database(Metastore *m, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "drop_database", request_of(a, name, NULL), err);
}

static MetaDatabase database_of(const Val *v)
{
    return (MetaDatabase){ val_str(v, "name"), val_get(v, "input"), val_int(v, "created_ms", 0) };
}

Status metastore_database(Metastore *m, Arena *a, const char *name, MetaDatabase *ret_database, Error *err)
{
    Val *answer = NULL;
    TRY(ask(m, a, "database", request_of(a, name, NULL), &answer, err));
    *ret_database = database_of(answer);
    return ST_OK;
}

Status metastore_databases(Metastore *m, Arena *a, MetaDatabaseList *ret_databases, Error *err)
{
    Val *answer = NULL;
    MetaDatabaseList list = { 0 };
    TRY(ask(m, a, "databases", val_map(a), &answer, err));
    const Val *items = val_get(answer, "items");
    for (size_t i = 0; i < val_len(items); i++)
        vec_push(a, &list, database_of(val_at(items, i)));
    *ret_databases = list;
    return ST_OK;
}

/* --- tables --- */

Status metastore_create_table(Metastore *m, const char *database, const Val *input, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "create_table", request_with(a, database, val_str(input, "Name"), input), err);
}

Status metastore_update_table(Metastore *m, const char *database, const char *name, const Val *input, bool skip_archive,
                              int64_t expected_version, Error *err)
{
    arena_auto *a = arena_new();
    Val *q = request_with(a, database, name, input);
    val_set_str(a, q, "new_name", folded(a, val_str(input, "Name")));
    val_set_bool(a, q, "skip_archive", skip_archive);
    val_set_int(a, q, "expected_version", expected_version);
    return tell(m, a, "update_table", q, err);
}

Status metastore_drop_table(Metastore *m, const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "drop_table", request_of(a, database, name), err);
}

static MetaTable table_of(const Val *v)
{
    return (MetaTable){ val_str(v, "database"), val_str(v, "name"), val_get(v, "input"), val_int(v, "version", 0),
                        val_int(v, "created_ms", 0), val_int(v, "updated_ms", 0) };
}

static Status table_list(Metastore *m, Arena *a, const char *operation, const Val *q, MetaTableList *ret_tables, Error *err)
{
    Val *answer = NULL;
    MetaTableList list = { 0 };
    TRY(ask(m, a, operation, q, &answer, err));
    const Val *items = val_get(answer, "items");
    for (size_t i = 0; i < val_len(items); i++)
        vec_push(a, &list, table_of(val_at(items, i)));
    *ret_tables = list;
    return ST_OK;
}

Status metastore_table(Metastore *m, Arena *a, const char *database, const char *name, MetaTable *ret_table, Error *err)
{
    Val *answer = NULL;
    TRY(ask(m, a, "table", request_of(a, database, name), &answer, err));
    *ret_table = table_of(answer);
    return ST_OK;
}

Status metastore_tables(Metastore *m, Arena *a, const char *database, MetaTableList *ret_tables, Error *err)
{
    return table_list(m, a, "tables", request_of(a, database, NULL), ret_tables, err);
}

Status metastore_table_versions(Metastore *m, Arena *a, const char *database, const char *name, MetaTableList *ret_versions,
                                Error *err)
{
    return table_list(m, a, "table_versions", request_of(a, database, name), ret_versions, err);
}

Status metastore_drop_table_version(Metastore *m, const char *database, const char *name, int64_t version, Error *err)
{
    arena_auto *a = arena_new();
    Val *q = request_of(a, database, name);
    val_set_int(a, q, "version", version);
    return tell(m, a, "drop_table_version", q, err);
}

/* --- partitions --- */

static Val *request_values(Arena *a, const char *database, const char *table, const StrList *values)
{
    Val *q = request_of(a, database, table);
    val_set(a, q, "values", texts(a, values));
    return q;
}

Status metastore_add_partitions(Metastore *m, const char *database, const char *table, const Val *inputs, bool if_not_exists,
                                Error *err)
{
    arena_auto *a = arena_new();
    Val *q = request_of(a, database, table);
    val_set(a, q, "inputs", member(inputs));
    val_set_bool(a, q, "if_not_exists", if_not_exists);
    return tell(m, a, "add_partitions", q, err);
}

Status metastore_update_partition(Metastore *m, const char *database, const char *table, const StrList *values, const Val *input,
                                  Error *err)
{
    arena_auto *a = arena_new();
    Val *q = request_values(a, database, table, values);
    val_set(a, q, "input", member(input));
    return tell(m, a, "update_partition", q, err);
}

Status metastore_drop_partition(Metastore *m, const char *database, const char *table, const StrList *values, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "drop_partition", request_values(a, database, table, values), err);
}

static MetaPartition partition_of(Arena *a, const Val *v)
{
    MetaPartition p = { .input = val_get(v, "input"), .created_ms = val_int(v, "created_ms", 0) };
    const Val *values = val_get(v, "values");
    for (size_t i = 0; i < val_len(values); i++)
        vec_push(a, &p.values, val_at(values, i)->s);
    return p;
}

Status metastore_partition(Metastore *m, Arena *a, const char *database, const char *table, const StrList *values,
                           MetaPartition *ret_partition, Error *err)
{
    Val *answer = NULL;
    TRY(ask(m, a, "partition", request_values(a, database, table, values), &answer, err));
    *ret_partition = partition_of(a, answer);
    return ST_OK;
}

Status metastore_partitions(Metastore *m, Arena *a, const char *database, const char *table, MetaPartitionList *ret_partitions,
                            Error *err)
{
    return metastore_partitions_scan(m, a, database, table, &(MetaPartitionScan){ .max = SIZE_MAX }, ret_partitions, err);
}

static int values_compare(const StrList *x, const StrList *y)
{
    for (size_t i = 0; i < x->len && i < y->len; i++) {
        int order = strcmp(x->at[i], y->at[i]);
        if (order)
            return order;
    }
    return (x->len > y->len) - (x->len < y->len);
}

Status metastore_partitions_scan(Metastore *m, Arena *a, const char *database, const char *table, const MetaPartitionScan *scan,
                                 MetaPartitionList *ret_partitions, Error *err)
{
    Val *answer = NULL, *q = request_of(a, database, table);
    if (m->store) {
        db_auto *db = NULL;
        answer = val_map(a);
        val_set(a, answer, "items", val_list(a));
        TRY(store_borrow(m->store, &db, err));
        TRY(metastore_store_scan(db, a, val_str(q, "database"), val_str(q, "name"), scan, member(val_get(answer, "items")), err));
    } else {
        TRY(ask(m, a, "partitions", q, &answer, err));
    }
    const Val *items = val_get(answer, "items");
    MetaPartitionList list = { 0 };
    for (size_t i = 0; i < val_len(items) && list.len < scan->max; i++) {
        MetaPartition p = partition_of(a, val_at(items, i));
        bool wanted = m->store || ((!scan->after || values_compare(&p.values, scan->after) > 0) &&
                                   (!scan->keep || scan->keep(scan->self, &p.values)));
        if (wanted)
            vec_push(a, &list, p);
    }
    *ret_partitions = list;
    return ST_OK;
}

/* --- functions --- */

Status metastore_create_function(Metastore *m, const char *database, const Val *input, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "create_function", request_with(a, database, val_str(input, "FunctionName"), input), err);
}

Status metastore_update_function(Metastore *m, const char *database, const char *name, const Val *input, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "update_function", request_with(a, database, name, input), err);
}

Status metastore_drop_function(Metastore *m, const char *database, const char *name, Error *err)
{
    arena_auto *a = arena_new();
    return tell(m, a, "drop_function", request_of(a, database, name), err);
}

static MetaFunction function_of(const Val *v)
{
    return (MetaFunction){ val_str(v, "database"), val_str(v, "name"), val_get(v, "input"), val_int(v, "created_ms", 0) };
}

Status metastore_function(Metastore *m, Arena *a, const char *database, const char *name, MetaFunction *ret_function, Error *err)
{
    Val *answer = NULL;
    TRY(ask(m, a, "function", request_of(a, database, name), &answer, err));
    *ret_function = function_of(answer);
    return ST_OK;
}

Status metastore_functions(Metastore *m, Arena *a, const char *database, MetaFunctionList *ret_functions, Error *err)
{
    Val *answer = NULL;
    MetaFunctionList list = { 0 };
    TRY(ask(m, a, "functions", request_of(a, database, NULL), &answer, err));
    const Val *items = val_get(answer, "items");
    for (size_t i = 0; i < val_len(items); i++)
        vec_push(a, &list, function_of(val_at(items, i)));
    *ret_functions = list;
    return ST_OK;
}
