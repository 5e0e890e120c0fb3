/* lake/metastore_partition.c -- partitions of the catalog's tables in the store. The key of a row is its values, each with a NUL
 * byte after it: such keys sort as the values do, one after the other. */
#include "base/clock.h"
#include "base/str.h"
#include "lake/metastore_private.h"

/* --- keys --- */

typedef struct Key {
    const char *bytes;
    size_t len;
} Key;

static Key key_of(Arena *a, const StrList *values)
{
    size_t n = 0;
    for (size_t i = 0; i < values->len; i++)
        n += strlen(values->at[i]) + 1;
    char *bytes = arena_alloc(a, n + 1), *p = bytes;
    for (size_t i = 0; i < values->len; i++) {
        size_t with_nul = strlen(values->at[i]) + 1;
        memcpy(p, values->at[i], with_nul);
        p += with_nul;
    }
    return (Key){ bytes, n };
}

static StrList values_of_key(Arena *a, const char *bytes, size_t length)
{
    StrList values = { 0 };
    for (const char *end = bytes + length; bytes < end; bytes += strlen(bytes) + 1)
        vec_push(a, &values, arena_str(a, bytes));
    return values;
}

/* A table without keys takes any, as Glue does: nobody reads them. */
static Status values_of(Arena *a, const Val *list, size_t wanted, StrList *ret_values, Error *err)
{
    StrList values = { 0 };
    for (size_t i = 0; i < val_len(list); i++) {
        const Val *v = val_at(list, i);
        if (v->kind != VAL_STR || strlen(v->s) != v->len)
            return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "A partition value is no text.");
        vec_push(a, &values, v->s);
    }
    if (!values.len)
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException", "Partition values cannot be null or empty.");
    if (wanted && values.len != wanted)
        return FAIL_CODE(err, ST_INVALID, "InvalidInputException",
                         "The number of partition keys do not match the number of partition values: %zu keys, %zu values.", wanted,
                         values.len);
    *ret_values = values;
    return ST_OK;
}

typedef struct Target {
    int64_t id;
    size_t keys;
} Target;

static Status target_of(Db *db, const Val *q, Target *ret_target, Error *err)
{
    int64_t keys = 0;
    TRY(metastore_table_id(db, val_str(q, "database"), val_str(q, "name"), &ret_target->id, err));
    TRY(db_get_int(db, &keys, err, "SELECT coalesce(json_array_length(input, '$.PartitionKeys'), 0) FROM glue_table WHERE id=?", "i",
                   ret_target->id));
    ret_target->keys = (size_t)keys;
    return ST_OK;
}

static const char *document(Arena *a, const Val *input, const StrList *values)
{
    Val *kept = val_map(a), *list = val_list(a);
    for (size_t i = 0; i < values->len; i++)
        val_push(a, list, val_strv(a, values->at[i]));
    for (size_t i = 0; i < val_len(input); i++)
        val_append(a, kept, input->names[i], input->items[i]);
    val_set(a, kept, "Values", list);
    return val_to_json(a, kept);
}

/* --- changes --- */

Status metastore_add_partitions_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    Target target = { 0 };
    TRY(target_of(db, q, &target, err));
    const Val *inputs = val_get(q, "inputs");
    bool if_not_exists = val_bool(q, "if_not_exists", false);
    const char *sql = if_not_exists ? "INSERT OR IGNORE INTO glue_partition(table_id, vals, input, created_ms) VALUES(?,?,?,?)"
                                    : "INSERT INTO glue_partition(table_id, vals, input, created_ms) VALUES(?,?,?,?)";
    int64_t now = clock_ms();
    for (size_t i = 0; i < val_len(inputs); i++) {
        StrList values = { 0 };
        TRY(values_of(a, val_get(val_at(inputs, i), "Values"), target.keys, &values, err));
        Key key = key_of(a, &values);
        Status status = db_exec(db, err, sql, "ibsi", target.id, key.bytes, key.len, document(a, val_at(inputs, i), &values), now);
        if (status == ST_CONFLICT)
            return FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "Partition already exists.");
        TRY(status);
    }
    return ST_OK;
}

static Status no_partition(Error *err)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "EntityNotFoundException", "Cannot find partition.");
}

Status metastore_update_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    Target target = { 0 };
    StrList old = { 0 }, values = { 0 };
    const Val *input = val_get(q, "input"), *given = val_get(input, "Values");
    TRY(target_of(db, q, &target, err));
    TRY(values_of(a, val_get(q, "values"), target.keys, &old, err));
    TRY(values_of(a, val_len(given) ? given : val_get(q, "values"), target.keys, &values, err));
    Key from = key_of(a, &old), to = key_of(a, &values);
    Status status = db_exec(db, err, "UPDATE glue_partition SET vals=?, input=? WHERE table_id=? AND vals=?", "bsib", to.bytes, to.len,
                            document(a, input, &values), target.id, from.bytes, from.len);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "Partition already exists.");
    TRY(status);
    return db_changes(db) ? ST_OK : no_partition(err);
}

Status metastore_drop_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    (void)ret_answer;
    Target target = { 0 };
    StrList values = { 0 };
    TRY(target_of(db, q, &target, err));
    TRY(values_of(a, val_get(q, "values"), target.keys, &values, err));
    Key key = key_of(a, &values);
    TRY(db_exec(db, err, "DELETE FROM glue_partition WHERE table_id=? AND vals=?", "ib", target.id, key.bytes, key.len));
    return db_changes(db) ? ST_OK : no_partition(err);
}

/* --- reading --- */

static Status partition_row(Arena *a, Row *row, const StrList *values, Val *answer, Error *err)
{
    Val *input = NULL, *list = val_list(a);
    const char *text = row_str(row, 1);
    if (!text || !val_from_json(a, text, strlen(text), &input))
        return FAIL(err, ST_INTERNAL, "the catalog holds a document that is no JSON");
    for (size_t i = 0; i < values->len; i++)
        val_push(a, list, val_strv(a, values->at[i]));
    val_set(a, answer, "values", list);
    val_set(a, answer, "input", input);
    val_set_int(a, answer, "created_ms", row_int(row, 2));
    return ST_OK;
}

Status metastore_partition_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    Target target = { 0 };
    StrList values = { 0 };
    row_auto *row = NULL;
    TRY(target_of(db, q, &target, err));
    TRY(values_of(a, val_get(q, "values"), target.keys, &values, err));
    Key key = key_of(a, &values);
    TRY(db_query(db, &row, err, "SELECT vals, input, created_ms FROM glue_partition WHERE table_id=? AND vals=?", "ib", target.id,
                 key.bytes, key.len));
    if (row_next(row))
        return partition_row(a, row, &values, ret_answer, err);
    TRY(row_status(row, err));
    return no_partition(err);
}

Status metastore_store_scan(Db *db, Arena *a, const char *database, const char *table, const MetaPartitionScan *scan, Val *list,
                            Error *err)
{
    int64_t id = 0;
    row_auto *row = NULL;
    TRY(metastore_table_id(db, database, table, &id, err));
    Key after = scan->after ? key_of(a, scan->after) : (Key){ "", 0 };
    TRY(db_query(db, &row, err, "SELECT vals, input, created_ms FROM glue_partition WHERE table_id=? AND vals>? ORDER BY vals", "ib",
                 id, after.bytes, after.len));
    while (val_len(list) < scan->max && row_next(row)) {
        size_t length = 0;
        const char *bytes = row_blob(row, 0, &length);
        StrList values = values_of_key(a, bytes, length);
        if (scan->keep && !scan->keep(scan->self, &values))
            continue;
        Val *item = val_map(a);
        TRY(partition_row(a, row, &values, item, err));
        val_push(a, list, item);
    }
    return row_status(row, err);
}

Status metastore_partitions_op(Db *db, Arena *a, const Val *q, Val *ret_answer, Error *err)
{
    Val *list = val_list(a);
    TRY(metastore_store_scan(db, a, val_str(q, "database"), val_str(q, "name"), &(MetaPartitionScan){ .max = SIZE_MAX }, list, err));
    val_set(a, ret_answer, "items", list);
    return ST_OK;
}
