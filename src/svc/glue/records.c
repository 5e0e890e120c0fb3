/* svc/glue/records.c -- things known by a name, and what they have many of, as documents in the store. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/glue/internal.h"

enum { PAGE_RECORDS = 1000 };

static Status no_record(const RecordKind *kind, const char *name, Error *err)
{
    const char *before = kind->missing ? kind->missing : "", *mark = strstr(before, "%s");
    if (!kind->missing)
        return glue_missing(err, "%s %s not found.", kind->noun, name);
    if (!mark)
        return glue_missing(err, "%s", kind->missing);
    return glue_missing(err, "%.*s%s%s", (int)(mark - before), before, name, mark + 2);
}

static const char *record_arn(Call *call, const RecordKind *kind, const char *name)
{
    const char *mark = strstr(kind->arn, "%s");
    return glue_arn(call, "%.*s%s", (int)(mark - kind->arn), kind->arn, name);
}

Status record_add(Call *call, const RecordKind *kind, const char *name, const Val *body, Error *err)
{
    int64_t now = clock_ms();
    db_auto *db = NULL;
    if (!name || !*name)
        return glue_invalid(err, "%s name cannot be null or empty.", kind->noun);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status status = db_exec(db, err, "INSERT INTO glue_record(kind, name, body, created_ms, updated_ms) VALUES(?,?,?,?,?)", "sssii",
                            kind->kind, name, val_to_json(call->arena, body), now, now);
    if (status == ST_CONFLICT)
        return FAIL_CODE(err, ST_CONFLICT, "AlreadyExistsException", "%s %s already exists.", kind->noun, name);
    TRY(status);
    if (kind->arn)
        TRY(tags_set(db, record_arn(call, kind, name), val_get(call->input, "Tags"), err));
    return db_commit(db, err);
}

#define RECORD_COLUMNS "name, body, created_ms, updated_ms"

static Status record_row(Arena *a, Row *row, Record *ret_record, Error *err)
{
    Record r = { row_str_in(row, a, 0), glue_json(a, row_str(row, 1)), row_int(row, 2), row_int(row, 3) };
    if (!r.body)
        return FAIL(err, ST_INTERNAL, "the record '%s' is no JSON", r.name);
    *ret_record = r;
    return ST_OK;
}

Status record_load(Call *call, const RecordKind *kind, const char *name, Record *ret_record, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT " RECORD_COLUMNS " FROM glue_record WHERE kind=? AND name=?", "ss", kind->kind, name));
    if (row_next(row))
        return record_row(call->arena, row, ret_record, err);
    TRY(row_status(row, err));
    return no_record(kind, name, err);
}

Status record_save(Call *call, const RecordKind *kind, const char *name, const Val *body, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "UPDATE glue_record SET body=?, updated_ms=? WHERE kind=? AND name=?", "siss", val_to_json(call->arena, body),
                clock_ms(), kind->kind, name));
    return db_changes(db) ? ST_OK : no_record(kind, name, err);
}

Status record_drop(Call *call, const RecordKind *kind, const char *name, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "DELETE FROM glue_record WHERE kind=? AND name=?", "ss", kind->kind, name));
    if (!db_changes(db))
        return no_record(kind, name, err);
    if (kind->arn)
        TRY(tags_drop(db, record_arn(call, kind, name), err));
    return db_commit(db, err);
}

Status record_all(Store *store, Arena *a, const char *kind, RecordList *ret_records, Error *err)
{
    RecordList list = { 0 };
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(store, &db, err));
    TRY(db_query(db, &row, err, "SELECT " RECORD_COLUMNS " FROM glue_record WHERE kind=? ORDER BY name", "s", kind));
    while (row_next(row)) {
        Record r;
        TRY(record_row(a, row, &r, err));
        vec_push(a, &list, r);
    }
    *ret_records = list;
    return row_status(row, err);
}

/* Has it all the tags that are asked for? */
static Status has_tags(Call *call, Db *db, const RecordKind *kind, const char *name, const Val *wanted, bool *ret_has, Error *err)
{
    Val *tags = NULL;
    *ret_has = true;
    if (!val_len(wanted) || !kind->arn)
        return ST_OK;
    TRY(tags_get(db, call->arena, record_arn(call, kind, name), &tags, err));
    for (size_t i = 0; i < wanted->len; i++)
        *ret_has = *ret_has && str_eq(val_str(tags, wanted->names[i]), wanted->items[i]->s);
    return ST_OK;
}

Status record_page(Call *call, const RecordKind *kind, RecordTest wanted, RecordList *ret_records, Error *err)
{
    Pager p;
    RecordList all, list = { 0 };
    db_auto *db = NULL;
    TRY(pager_begin(call, PAGE_RECORDS, &p, err));
    TRY(record_all(call->server->store, call->arena, kind->kind, &all, err));
    TRY(store_borrow(call->server->store, &db, err));
    for (size_t i = 0; i < all.len && !p.more; i++) {
        bool tagged = false;
        TRY(has_tags(call, db, kind, all.at[i].name, val_get(call->input, "Tags"), &tagged, err));
        if (tagged && (!wanted || wanted(call, &all.at[i])) && pager_take(&p, all.at[i].name))
            vec_push(call->arena, &list, all.at[i]);
    }
    pager_end(call, &p);
    *ret_records = list;
    return ST_OK;
}

Status record_batch(Call *call, const RecordKind *kind, const Val *names, RecordList *ret_records, Val **ret_missing, Error *err)
{
    RecordList list = { 0 };
    Val *missing = val_list(call->arena);
    for (size_t i = 0; i < val_len(names); i++) {
        Record r;
        Status status = record_load(call, kind, val_at(names, i)->s, &r, err);
        if (status == ST_NOT_FOUND)
            val_push(call->arena, missing, glue_val(val_at(names, i)));
        else if (status != ST_OK)
            return status;
        else
            vec_push(call->arena, &list, r);
    }
    *ret_records = list;
    *ret_missing = missing;
    return ST_OK;
}

Val *record_names(Arena *a, const RecordList *records)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < records->len; i++)
        val_push(a, list, val_strv(a, records->at[i].name));
    return list;
}

/* --- runs --- */

Status run_add(Store *store, const char *kind, const char *owner, const char *id, const char *state, const Val *body, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    return db_exec(db, err, "INSERT INTO glue_run(kind, owner, id, state, body, started_ms) VALUES(?,?,?,?,?,?)", "sssssi", kind, owner, id,
                   state, val_to_json(a, body), clock_ms());
}

#define RUN_COLUMNS "seq, owner, id, state, body, started_ms, ended_ms"

static Status run_row(Arena *a, Row *row, Run *ret_run, Error *err)
{
    Run r = { row_int(row, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), glue_json(a, row_str(row, 4)),
              row_int(row, 5), row_int(row, 6) };
    if (!r.body)
        return FAIL(err, ST_INTERNAL, "the run '%s' is no JSON", r.id);
    *ret_run = r;
    return ST_OK;
}

Status run_load(Store *store, Arena *a, const char *kind, const char *owner, const char *id, Run *ret_run, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(store, &db, err));
    TRY(db_query(db, &row, err, "SELECT " RUN_COLUMNS " FROM glue_run WHERE kind=? AND owner=? AND id=?", "sss", kind, owner, id));
    if (row_next(row))
        return run_row(a, row, ret_run, err);
    TRY(row_status(row, err));
    return glue_missing(err, "Entity not found");
}

Status run_save(Store *store, const char *id, const char *state, const Val *body, int64_t ended_ms, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    return db_exec(db, err, "UPDATE glue_run SET state=?, body=?, ended_ms=nullif(?, 0) WHERE id=?", "ssis", state, val_to_json(a, body),
                   ended_ms, id);
}

Status run_list(Store *store, Arena *a, const char *kind, const char *owner, RunList *ret_runs, Error *err)
{
    RunList list = { 0 };
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(store, &db, err));
    TRY(db_query(db, &row, err, "SELECT " RUN_COLUMNS " FROM glue_run WHERE kind=? AND owner=? ORDER BY seq DESC", "ss", kind, owner));
    while (row_next(row)) {
        Run r;
        TRY(run_row(a, row, &r, err));
        vec_push(a, &list, r);
    }
    *ret_runs = list;
    return row_status(row, err);
}

Status run_drop(Store *store, const char *kind, const char *owner, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(store, &db, err));
    return db_exec(db, err, "DELETE FROM glue_run WHERE kind=? AND owner=?", "ss", kind, owner);
}
