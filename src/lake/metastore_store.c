/* lake/metastore_store.c -- the catalog in the store: databases, tables, versions, functions. Partitions are in
 * metastore_partition.c. Each operation gets {database, name, input …} and runs inside one transaction when it changes anything. */
#include "lake/metastore_store.h"

#include "base/clock.h"
#include "base/str.h"
#include "lake/metastore_private.h"

Status metastore_no_entity(Error *err, const char *what, const char *name)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "EntityNotFoundException", "%s %s not found.", what, name ? name : "");
}

static Status already(Error *err, Status status, const char *what)
{
    return status == ST_CONFLICT ? FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "%s already exists.", what) : status;
}

static Status need_name(const char *name, const char *what, Error *err)
{
    return name && *name ? ST_OK : FAIL_CODE(err, ST_INVALID, "InvalidInputException", "%s name cannot be null or empty.", what);
}

/* The document as it is kept: under the name that it is found by. */
static const char *document(Arena *a, const Val *input, const char *name_member, const char *name)
{
    Val *kept = val_map(a);
    for (size_t i = 0; i < val_len(input); i++)
        val_append(a, kept, input->names[i], input->items[i]);
    val_set_str(a, kept, name_member, name);
    return val_to_json(a, kept);
}

static Status set_document(Arena *a, Val *answer, const char *text, Error *err)
{
    Val *input = NULL;
    if (!text || !val_from_json(a, text, strlen(text), &input))
        return FAIL(err, ST_INTERNAL, "the catalog holds a document that is no JSON");
    val_set(a, answer, "input", input);
    return ST_OK;
}

/* --- databases --- */

static Status database_exists(Db *db, const char *name, Error *err)
{
    int64_t one;
    Status status = db_get_int(db, &one, err, "SELECT 1 FROM glue_database WHERE name=?", "s", name);
    return status == ST_NOT_FOUND ? metastore_no_entity(err, "Database", name) : status;
}

static Status create_database(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *name = val_str(q, "database");
    TRY(need_name(name, "Database", err));
    return already(err, db_exec(db, err, "INSERT INTO glue_database(name, input, created_ms) VALUES(?,?,?)", "ssi", name,
                                document(a, val_get(q, "input"), "Name", name), clock_ms()), "Database");
}

static Status update_database(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *name = val_str(q, "database");
    TRY(db_exec(db, err, "UPDATE glue_database SET input=? WHERE name=?", "ss", document(a, val_get(q, "input"), "Name", name), name));
    return db_changes(db) ? ST_OK : metastore_no_entity(err, "Database", name);
}

static Status drop_database(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)a, (void)ret_answer;
    const char *name = val_str(q, "database");
    TRY(db_exec(db, err, "DELETE FROM glue_database WHERE name=?", "s", name));
    return db_changes(db) ? ST_OK : metastore_no_entity(err, "Database", name);
}

static Status database_row(Arena *a, Row *row, Val *answer, Error *err)
{
    val_set_str(a, answer, "name", row_str(row, 0));
    val_set_int(a, answer, "created_ms", row_int(row, 2));
    return set_document(a, answer, row_str(row, 1), err);
}

static Status database(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    const char *name = val_str(q, "database");
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, input, created_ms FROM glue_database WHERE name=?", "s", name));
    if (row_next(row))
        return database_row(a, row, ret_answer, err);
    TRY(row_status(row, err));
    return metastore_no_entity(err, "Database", name);
}

static Val *item_of(Arena *a, Val *answer)
{
    Val *item = val_map(a);
    val_push(a, (Val *)(uintptr_t)val_get(answer, "items"), item);
    return item;
}

static Status databases(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)q;
    val_set(a, ret_answer, "items", val_list(a));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT name, input, created_ms FROM glue_database ORDER BY name", ""));
    while (row_next(row))
        TRY(database_row(a, row, item_of(a, ret_answer), err));
    return row_status(row, err);
}

/* --- tables --- */

Status metastore_table_id(Db *db, const char *database_name, const char *table, int64_t *ret_id, Error *err)
{
    Status status = db_get_int(db, ret_id, err, "SELECT id FROM glue_table WHERE database=? AND name=?", "ss", database_name, table);
    if (status != ST_NOT_FOUND)
        return status;
    TRY(database_exists(db, database_name, err));
    return metastore_no_entity(err, "Table", table);
}

static Status create_table(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *in = val_str(q, "database"), *name = val_str(q, "name");
    TRY(need_name(name, "Table", err));
    TRY(database_exists(db, in, err));
    int64_t now = clock_ms();
    return already(err, db_exec(db, err, "INSERT INTO glue_table(database, name, input, version, created_ms, updated_ms)"
                                " VALUES(?,?,?,0,?,?)", "sssii", in, name, document(a, val_get(q, "input"), "Name", name), now, now),
                   "Table");
}

static Status update_table(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *in = val_str(q, "database"), *name = val_str(q, "name"), *new_name = val_str(q, "new_name");
    int64_t id = 0, version = 0, expected = val_int(q, "expected_version", -1);
    if (!new_name || !*new_name)
        new_name = name;
    TRY(metastore_table_id(db, in, name, &id, err));
    TRY(db_get_int(db, &version, err, "SELECT version FROM glue_table WHERE id=?", "i", id));
    if (expected >= 0 && expected != version)
        return FAIL_CODE(err, ST_CONFLICT, "ConcurrentModificationException",
                         "Update table failed due to concurrent modifications: table %s has version %lld, not %lld.", name,
                         (long long)version, (long long)expected);
    if (!val_bool(q, "skip_archive", false))
        TRY(db_exec(db, err, "INSERT INTO glue_table_version(table_id, version, input, updated_ms)"
                    " SELECT id, version, input, updated_ms FROM glue_table WHERE id=?", "i", id));
    return already(err, db_exec(db, err, "UPDATE glue_table SET name=?, input=?, version=version+1, updated_ms=? WHERE id=?", "ssii",
                                new_name, document(a, val_get(q, "input"), "Name", new_name), clock_ms(), id), "Table");
}

static Status drop_table(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)a, (void)ret_answer;
    int64_t id = 0;
    TRY(metastore_table_id(db, val_str(q, "database"), val_str(q, "name"), &id, err));
    return db_exec(db, err, "DELETE FROM glue_table WHERE id=?", "i", id);
}

#define TABLE_COLUMNS "database, name, input, version, created_ms, updated_ms"

static Status table_row(Arena *a, Row *row, Val *answer, Error *err)
{
    val_set_str(a, answer, "database", row_str(row, 0));
    val_set_str(a, answer, "name", row_str(row, 1));
    val_set_int(a, answer, "version", row_int(row, 3));
    val_set_int(a, answer, "created_ms", row_int(row, 4));
    val_set_int(a, answer, "updated_ms", row_int(row, 5));
    return set_document(a, answer, row_str(row, 2), err);
}

static Status table(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    int64_t id = 0;
    row_auto *row = NULL;
    TRY(metastore_table_id(db, val_str(q, "database"), val_str(q, "name"), &id, err));
    TRY(db_query(db, &row, err, "SELECT " TABLE_COLUMNS " FROM glue_table WHERE id=?", "i", id));
    if (row_next(row))
        return table_row(a, row, ret_answer, err);
    TRY(row_status(row, err));
    return metastore_no_entity(err, "Table", val_str(q, "name")); /* dropped in between */
}

static Status tables(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    const char *in = val_str(q, "database");
    row_auto *row = NULL;
    TRY(database_exists(db, in, err));
    val_set(a, ret_answer, "items", val_list(a));
    TRY(db_query(db, &row, err, "SELECT " TABLE_COLUMNS " FROM glue_table WHERE database=? ORDER BY name", "s", in));
    while (row_next(row))
        TRY(table_row(a, row, item_of(a, ret_answer), err));
    return row_status(row, err);
}

static Status table_versions(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    int64_t id = 0;
    row_auto *row = NULL;
    TRY(metastore_table_id(db, val_str(q, "database"), val_str(q, "name"), &id, err));
    val_set(a, ret_answer, "items", val_list(a));
    TRY(db_query(db, &row, err,
                 "SELECT t.database, t.name, v.input, v.version, t.created_ms, v.updated_ms FROM glue_table t JOIN"
                 " (SELECT version, input, updated_ms FROM glue_table WHERE id=?1 UNION ALL"
                 "  SELECT version, input, updated_ms FROM glue_table_version WHERE table_id=?1) v ON t.id=?1 ORDER BY v.version DESC",
                 "i", id));
    while (row_next(row))
        TRY(table_row(a, row, item_of(a, ret_answer), err));
    return row_status(row, err);
}

/* The current version goes only with its table. */
static Status drop_table_version(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)a, (void)ret_answer;
    int64_t id = 0, current = 0, version = val_int(q, "version", -1);
    TRY(metastore_table_id(db, val_str(q, "database"), val_str(q, "name"), &id, err));
    TRY(db_get_int(db, &current, err, "SELECT version FROM glue_table WHERE id=?", "i", id));
    if (version == current)
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "Cannot delete the current version %lld of table %s.",
                         (long long)version, val_str(q, "name"));
    TRY(db_exec(db, err, "DELETE FROM glue_table_version WHERE table_id=? AND version=?", "ii", id, version));
    return db_changes(db) ? ST_OK
                          : FAIL_CODE(err, ST_NOT_FOUND, "EntityNotFoundException", "Version %lld of table %s not found.",
                                      (long long)version, val_str(q, "name"));
}

/* --- functions --- */

static Status create_function(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *in = val_str(q, "database"), *name = val_str(q, "name");
    TRY(need_name(name, "Function", err));
    TRY(database_exists(db, in, err));
    return already(err, db_exec(db, err, "INSERT INTO glue_function(database, name, input, created_ms) VALUES(?,?,?,?)", "sssi", in,
                                name, document(a, val_get(q, "input"), "FunctionName", name), clock_ms()), "Function");
}

static Status no_function(Db *db, const Val *q, Error *err)
{
    TRY(database_exists(db, val_str(q, "database"), err));
    return metastore_no_entity(err, "Function", val_str(q, "name"));
}

static Status update_function(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    const char *in = val_str(q, "database"), *name = val_str(q, "name");
    TRY(db_exec(db, err, "UPDATE glue_function SET input=? WHERE database=? AND name=?", "sss",
                document(a, val_get(q, "input"), "FunctionName", name), in, name));
    return db_changes(db) ? ST_OK : no_function(db, q, err);
}

static Status drop_function(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)a, (void)ret_answer;
    TRY(db_exec(db, err, "DELETE FROM glue_function WHERE database=? AND name=?", "ss", val_str(q, "database"), val_str(q, "name")));
    return db_changes(db) ? ST_OK : no_function(db, q, err);
}

static Status function_row(Arena *a, Row *row, Val *answer, Error *err)
{
    val_set_str(a, answer, "database", row_str(row, 0));
    val_set_str(a, answer, "name", row_str(row, 1));
    val_set_int(a, answer, "created_ms", row_int(row, 3));
    return set_document(a, answer, row_str(row, 2), err);
}

static Status function(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT database, name, input, created_ms FROM glue_function WHERE database=? AND name=?", "ss",
                 val_str(q, "database"), val_str(q, "name")));
    if (row_next(row))
        return function_row(a, row, ret_answer, err);
    TRY(row_status(row, err));
    return no_function(db, q, err);
}

static Status functions(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    const char *in = val_str(q, "database");
    row_auto *row = NULL;
    TRY(database_exists(db, in, err));
    val_set(a, ret_answer, "items", val_list(a));
    TRY(db_query(db, &row, err, "SELECT database, name, input, created_ms FROM glue_function WHERE database=? ORDER BY name", "s", in));
    while (row_next(row))
        TRY(function_row(a, row, item_of(a, ret_answer), err));
    return row_status(row, err);
}

/* --- the table of operations --- */

static const struct {
    const char *name;
    MetastoreOperation run;
    bool changes;
} operations[] = {
    { "create_database", create_database, true },
    { "update_database", update_database, true },
    { "drop_database", drop_database, true },
    { "database", database, false },
    { "databases", databases, false },
    { "create_table", create_table, true },
    { "update_table", update_table, true },
    { "drop_table", drop_table, true },
    { "table", table, false },
    { "tables", tables, false },
    { "table_versions", table_versions, false },
    { "drop_table_version", drop_table_version, true },
    { "add_partitions", metastore_add_partitions_op, true },
    { "update_partition", metastore_update_partition_op, true },
    { "drop_partition", metastore_drop_partition_op, true },
    { "partition", metastore_partition_op, false },
    { "partitions", metastore_partitions_op, false },
    { "create_function", create_function, true },
    { "update_function", update_function, true },
    { "drop_function", drop_function, true },
    { "function", function, false },
    { "functions", functions, false },
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static size_t operation_index(const char *name)
{
    size_t i = 0;
    while (i < OPERATIONS && !str_eq(operations[i].name, name))
        i++;
    return i;
}

bool metastore_changes(const char *operation)
{
    size_t i = operation_index(operation);
    return i < OPERATIONS && operations[i].changes;
}

Status metastore_store_call(Store *store, Arena *a, const char *operation, const Val *request, Val **ret_answer, Error *err)
{
    size_t i = operation_index(operation);
    if (i == OPERATIONS)
        return FAIL_CODE(err, ST_NOT_FOUND, "NotFound", "the catalog has no operation '%s'", operation);
    Val *answer = val_map(a);
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    if (operations[i].changes)
        TRY(db_begin(db, err));
    TRY(operations[i].run(db, a, request, answer, err));
    if (operations[i].changes)
        TRY(db_commit(db, err));
    *ret_answer = answer;
    return ST_OK;
}
