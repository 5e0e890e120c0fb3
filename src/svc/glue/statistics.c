/* svc/glue/statistics.c -- column statistics of tables and partitions, and partition indexes: what hangs on a table's row. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

enum { INDEXES_MAX = 3 };

/* The row of DatabaseName and TableName. */
static Status table_row(Call *call, Metastore *m, const char *database, const char *table, MetaTable *ret_table, Db *db, int64_t *ret_id,
                        Error *err)
{
    TRY(metastore_table(m, call->arena, database, table, ret_table, err));
    return db_get_int(db, ret_id, err, "SELECT id FROM glue_table WHERE database=? AND name=?", "ss", ret_table->database, ret_table->name);
}

typedef struct Target {
    Metastore *m;
    Db *db;
    MetaTable table;
    int64_t id;
    const char *values; /* JSON; "" for the table itself */
} Target;

static void target_done(Target *t)
{
    db_return(t->db);
    metastore_close(t->m);
}
#define target_auto __attribute__((cleanup(target_done))) Target

static Status target_of(Call *call, Target *t, Error *err)
{
    const Val *values = val_get(call->input, "PartitionValues");
    TRY(glue_catalog(call, &t->m, err));
    TRY(store_borrow(call->server->store, &t->db, err));
    TRY(table_row(call, t->m, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"), &t->table, t->db, &t->id, err));
    t->values = "";
    if (values) {
        MetaPartition p;
        StrList list = glue_texts(call->arena, values);
        TRY(metastore_partition(t->m, call->arena, t->table.database, t->table.name, &list, &p, err));
        t->values = val_to_json(call->arena, values);
    }
    return ST_OK;
}

/* --- column statistics --- */

static bool has_column(const Val *columns, const char *name)
{
    for (size_t i = 0; i < val_len(columns); i++)
        if (str_ieq(val_str(val_at(columns, i), "Name"), name))
            return true;
    return false;
}

static bool known_column(const MetaTable *t, const char *name)
{
    return has_column(val_get(val_get(t->input, "StorageDescriptor"), "Columns"), name) || has_column(val_get(t->input, "PartitionKeys"), name);
}

/* StatisticsData holds the member that its Type says. */
static Status check_statistics(Call *call, const Target *t, const Val *statistics, Error *err)
{
    const char *column = val_str(statistics, "ColumnName");
    const Val *data = val_get(statistics, "StatisticsData");
    const char *type = val_str(data, "Type");
    if (!known_column(&t->table, column))
        return glue_missing(err, "Column %s not found.", column);
    const char *member = arena_printf(call->arena, "%c%sColumnStatisticsData", type[0], glue_lower(call->arena, type + 1));
    if (!val_get(data, member))
        return glue_invalid(err, "Statistics of column %s have no %s.", column, member);
    return ST_OK;
}

Status glue_update_column_statistics(Call *call, Error *err)
{
    target_auto t = { 0 };
    const Val *list = val_get(call->input, "ColumnStatisticsList");
    Val *errors = val_list(call->arena);
    TRY(target_of(call, &t, err));
    TRY(db_begin(t.db, err));
    for (size_t i = 0; i < val_len(list); i++) {
        Error why = ERROR_INIT;
        const Val *statistics = val_at(list, i);
        if (check_statistics(call, &t, statistics, &why) != ST_OK) {
            Val *entry = val_map(call->arena);
            val_set(call->arena, entry, "ColumnStatistics", glue_val(statistics));
            glue_batch_error(call->arena, errors, entry, "Error", &why);
            continue;
        }
        TRY(db_exec(t.db, err, "INSERT INTO glue_column_statistics(table_id, vals, name, body) VALUES(?,?,?,?)"
                    " ON CONFLICT DO UPDATE SET body=excluded.body", "isss", t.id, t.values,
                    glue_lower(call->arena, val_str(statistics, "ColumnName")), val_to_json(call->arena, statistics)));
    }
    TRY(db_commit(t.db, err));
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

Status glue_get_column_statistics(Call *call, Error *err)
{
    target_auto t = { 0 };
    const Val *names = val_get(call->input, "ColumnNames");
    Val *list = val_list(call->arena), *errors = val_list(call->arena);
    TRY(target_of(call, &t, err));
    for (size_t i = 0; i < val_len(names); i++) {
        char *body = NULL;
        const char *name = val_at(names, i)->s;
        Status status = db_get_str(t.db, call->arena, &body, err, "SELECT body FROM glue_column_statistics WHERE table_id=? AND vals=? AND name=?",
                                   "iss", t.id, t.values, glue_lower(call->arena, name));
        if (status == ST_OK) {
            val_push(call->arena, list, glue_json(call->arena, body));
        } else if (status == ST_NOT_FOUND) {
            Error why = ERROR_INIT;
            glue_missing(&why, "Column statistics of %s not found.", name);
            Val *entry = val_map(call->arena);
            val_set_str(call->arena, entry, "ColumnName", name);
            glue_batch_error(call->arena, errors, entry, "Error", &why);
        } else {
            return status;
        }
    }
    val_set(call->arena, call->output, "ColumnStatisticsList", list);
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

Status glue_delete_column_statistics(Call *call, Error *err)
{
    target_auto t = { 0 };
    const char *name = val_str(call->input, "ColumnName");
    TRY(target_of(call, &t, err));
    TRY(db_exec(t.db, err, "DELETE FROM glue_column_statistics WHERE table_id=? AND vals=? AND name=?", "iss", t.id, t.values,
                glue_lower(call->arena, name)));
    return db_changes(t.db) ? ST_OK : glue_missing(err, "Column statistics of %s not found.", name);
}

/* --- partition indexes: GetPartitions reads the primary key, which orders by all keys, so an index is active at once --- */

static const Val *key_of(const MetaTable *t, const char *name)
{
    const Val *keys = val_get(t->input, "PartitionKeys");
    for (size_t i = 0; i < val_len(keys); i++)
        if (str_ieq(val_str(val_at(keys, i), "Name"), name))
            return val_at(keys, i);
    return NULL;
}

Status partition_index_add(Call *call, const char *database, const char *table, const Val *index, Error *err)
{
    Arena *a = call->arena;
    metastore_auto *m = NULL;
    db_auto *db = NULL;
    MetaTable t;
    int64_t id = 0, count = 0;
    const Val *names = val_get(index, "Keys");
    const char *name = val_str(index, "IndexName");
    Val *body = val_map(a), *keys = val_list(a);
    TRY(glue_catalog(call, &m, err));
    TRY(store_borrow(call->server->store, &db, err));
    TRY(table_row(call, m, database, table, &t, db, &id, err));
    for (size_t i = 0; i < val_len(names); i++) {
        const Val *key = key_of(&t, val_at(names, i)->s);
        if (!key)
            return glue_invalid(err, "Partition index key %s is not a partition key of table %s.", val_at(names, i)->s, t.name);
        val_push(a, keys, glue_val(key));
    }
    val_set_str(a, body, "IndexName", name);
    val_set(a, body, "Keys", keys);
    TRY(db_begin(db, err));
    TRY(db_get_int(db, &count, err, "SELECT count(*) FROM glue_partition_index WHERE table_id=?", "i", id));
    if (count >= INDEXES_MAX)
        return FAIL_CODE(err, ST_INVALID, "ResourceNumberLimitExceededException", "A table has at most %d partition indexes.", INDEXES_MAX);
    Status status = db_exec(db, err, "INSERT INTO glue_partition_index(table_id, name, body) VALUES(?,?,?)", "iss", id, name,
                            val_to_json(a, body));
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "Partition index %s already exists.", name);
    TRY(status);
    return db_commit(db, err);
}

Status glue_create_partition_index(Call *call, Error *err)
{
    return partition_index_add(call, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"),
                               val_get(call->input, "PartitionIndex"), err);
}

Status glue_get_partition_indexes(Call *call, Error *err)
{
    target_auto t = { 0 };
    row_auto *row = NULL;
    Val *list = val_list(call->arena);
    TRY(target_of(call, &t, err));
    TRY(db_query(t.db, &row, err, "SELECT body FROM glue_partition_index WHERE table_id=? ORDER BY name", "i", t.id));
    while (row_next(row)) {
        Val *index = glue_json(call->arena, row_str(row, 0));
        val_set_str(call->arena, index, "IndexStatus", "ACTIVE");
        val_push(call->arena, list, index);
    }
    TRY(row_status(row, err));
    val_set(call->arena, call->output, "PartitionIndexDescriptorList", list);
    return ST_OK;
}

Status glue_delete_partition_index(Call *call, Error *err)
{
    target_auto t = { 0 };
    TRY(target_of(call, &t, err));
    TRY(db_exec(t.db, err, "DELETE FROM glue_partition_index WHERE table_id=? AND name=?", "is", t.id, val_str(call->input, "IndexName")));
    return db_changes(t.db) ? ST_OK : glue_missing(err, "Partition index %s not found.", val_str(call->input, "IndexName"));
}
