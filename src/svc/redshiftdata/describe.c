/* svc/redshiftdata/describe.c -- DescribeStatement, ListStatements, results and sessions. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/redshiftdata/internal.h"
#include "warehouse/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_ROWS = 1000, PAGE_BYTES = 4 * 1024 * 1024, LIST_DEFAULT = 100 };

#define STATEMENT_COLUMNS "id, sql, status, error, rows, bytes, duration_ns, query, pid, has_result, created_ms, updated_ms, cluster, database, db_user, session, request, name, warehouse, seq"
enum { C_ID, C_SQL, C_STATUS, C_ERROR, C_ROWS, C_BYTES, C_DURATION, C_QUERY, C_PID, C_RESULT, C_CREATED, C_UPDATED, C_CLUSTER, C_DATABASE, C_USER, C_SESSION, C_REQUEST,
       C_NAME, C_WAREHOUSE, C_SEQ };

/* What a statement and a part have in common. */
static void show(Arena *a, Val *to, Row *row)
{
    bool over = redshiftdata_over(row_str(row, C_STATUS));
    val_set_str(a, to, "Id", row_str(row, C_ID));
    val_set_str(a, to, "Status", row_str(row, C_STATUS));
    val_set_str(a, to, "Error", row_str(row, C_ERROR));
    val_set_int(a, to, "Duration", row_int(row, C_DURATION));
    val_set_time(a, to, "CreatedAt", row_int(row, C_CREATED));
    val_set_time(a, to, "UpdatedAt", row_int(row, C_UPDATED));
    if (*row_str(row, C_SQL))
        val_set_str(a, to, "QueryString", row_str(row, C_SQL));
    val_set_int(a, to, "RedshiftQueryId", over && str_eq(row_str(row, C_STATUS), "FINISHED") ? row_int(row, C_QUERY) : row_int(row, C_QUERY) ? row_int(row, C_QUERY) : -1);
    val_set_int(a, to, "ResultRows", row_int(row, C_ROWS));
    val_set_int(a, to, "ResultSize", row_int(row, C_BYTES));
    val_set_bool(a, to, "HasResultSet", row_int(row, C_RESULT) != 0);
}

static Status parts_of(Db *db, Arena *a, const char *id, Val *ret_parts, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " STATEMENT_COLUMNS " FROM redshift_statement WHERE parent=? ORDER BY seq", "s", id));
    while (row_next(row)) {
        Val *part = val_map(a);
        show(a, part, row);
        val_push(a, ret_parts, part);
    }
    return row_status(row, err);
}

Status redshiftdata_describe_statement(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "Id");
    TRY(redshiftdata_check_id(id, err));
    redshiftdata_wait(call, id);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT " STATEMENT_COLUMNS " FROM redshift_statement WHERE id=? AND region=?", "ss", id, call->region));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return redshiftdata_no_statement(err);
    }
    Val *request = NULL, *parts = val_list(a);
    const char *text = row_str(row, C_REQUEST);
    val_from_json(a, text, strlen(text), &request);
    show(a, call->output, row);
    bool workgroup = val_str(request, "WorkgroupName") != NULL;
    val_set_str(a, call->output, workgroup ? "WorkgroupName" : "ClusterIdentifier", row_str(row, C_CLUSTER));
    val_set_str(a, call->output, "Database", row_str(row, C_DATABASE));
    val_set_str(a, call->output, "DbUser", row_str(row, C_USER));
    val_set_str(a, call->output, "SecretArn", val_str(request, "SecretArn"));
    val_set(a, call->output, "QueryParameters", (Val *)val_get(request, "Parameters"));
    val_set_int(a, call->output, "RedshiftPid", row_int(row, C_PID));
    val_set_str(a, call->output, "ResultFormat", val_str(request, "ResultFormat") ? val_str(request, "ResultFormat") : "JSON");
    val_set_str(a, call->output, "SessionId", row_str(row, C_SESSION));
    TRY(parts_of(db, a, id, parts, err));
    if (val_len(parts)) {
        val_set(a, call->output, "SubStatements", parts);
        val_set_str(a, call->output, "ExecutionMode", val_str(request, "ExecutionMode"));
    }
    return ST_OK;
}

/* --- lists --- */

static Status token_seq(const char *token, int64_t first, int64_t *ret_seq, Error *err)
{
    *ret_seq = first;
    return !token || !*token || str_to_i64(token, ret_seq) ? ST_OK : redshiftdata_invalid(err, "NextToken '%s' is not valid", token);
}

static void list_one(Arena *a, Val *list, Row *row)
{
    Val *item = val_map(a), *request = NULL;
    const char *text = row_str(row, C_REQUEST);
    val_from_json(a, text, strlen(text), &request);
    const Val *sqls = val_get(request, "Sqls");
    val_set_str(a, item, "Id", row_str(row, C_ID));
    val_set_str(a, item, "Status", row_str(row, C_STATUS));
    val_set_str(a, item, "StatementName", row_str(row, C_NAME));
    val_set_time(a, item, "CreatedAt", row_int(row, C_CREATED));
    val_set_time(a, item, "UpdatedAt", row_int(row, C_UPDATED));
    if (!sqls)
        val_set_str(a, item, "QueryString", row_str(row, C_SQL));
    val_set(a, item, "QueryStrings", (Val *)sqls);
    val_set(a, item, "QueryParameters", (Val *)val_get(request, "Parameters"));
    val_set_bool(a, item, "IsBatchStatement", sqls != NULL);
    val_set_str(a, item, "SecretArn", val_str(request, "SecretArn"));
    val_set_str(a, item, "ResultFormat", val_str(request, "ResultFormat") ? val_str(request, "ResultFormat") : "JSON");
    val_set_str(a, item, "SessionId", row_str(row, C_SESSION));
    val_push(a, list, item);
}

Status redshiftdata_list_statements(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *status = val_str(in, "Status"), *name = val_str(in, "StatementName"), *cluster = val_str(in, "ClusterIdentifier"), *database = val_str(in, "Database");
    int64_t max = val_int(in, "MaxResults", LIST_DEFAULT), before = 0;
    if (max <= 0)
        max = LIST_DEFAULT;
    if (!cluster)
        cluster = val_str(in, "WorkgroupName");
    TRY(token_seq(val_str(in, "NextToken"), INT64_MAX, &before, err));
    if (!status || !*status || str_eq(status, "ALL"))
        status = str_eq(status, "ALL") ? "" : "FINISHED";
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    Val *list = val_list(a);
    TRY(db_query(db, &row, err,
                 "SELECT " STATEMENT_COLUMNS " FROM redshift_statement WHERE region=? AND parent IS NULL AND seq<? AND (?='' OR status=?) AND (? IS NULL OR substr(name,1,length(?))=?) "
                 "AND (? IS NULL OR cluster=?) AND (? IS NULL OR database=?) ORDER BY seq DESC LIMIT ?",
                 "sisssssssssi", call->region, before, status, status, name, name, name, cluster, cluster, database, database, max + 1));
    int64_t last = 0;
    while (row_next(row)) {
        if ((int64_t)val_len(list) == max) {
            val_set_str(a, call->output, "NextToken", arena_printf(a, "%lld", (long long)last));
            break;
        }
        list_one(a, list, row);
        last = row_int(row, C_SEQ);
    }
    val_set(a, call->output, "Statements", list);
    return row_status(row, err);
}

Status redshiftdata_list_sessions(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "SessionId"), *wanted = val_str(call->input, "Status");
    Val *list = val_list(a);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT id, running, created_ms, used_ms, database, db_user, cluster, keep_s FROM redshift_session WHERE region=? AND (? IS NULL OR id=?) ORDER BY created_ms", "sss",
                 call->region, id, id));
    while (row_next(row)) {
        const char *status = row_null(row, 1) ? row_int(row, 3) + row_int(row, 7) * 1000 < clock_ms() ? "CLOSED" : "AVAILABLE" : "BUSY";
        if (wanted && !str_eq(wanted, status))
            continue;
        Val *item = val_map(a);
        val_set_str(a, item, "SessionId", row_str(row, 0));
        val_set_str(a, item, "Status", status);
        val_set_time(a, item, "CreatedAt", row_int(row, 2));
        val_set_time(a, item, "UpdatedAt", row_int(row, 3));
        val_set_str(a, item, "Database", row_str(row, 4));
        val_set_str(a, item, "DbUser", row_str(row, 5));
        val_set_str(a, item, "ClusterIdentifier", row_str(row, 6));
        val_set_int(a, item, "SessionAliveSeconds", row_int(row, 7));
        val_set_str(a, item, "CurrentStatementId", row_str(row, 1));
        val_push(a, list, item);
    }
    val_set(a, call->output, "Sessions", list);
    return row_status(row, err);
}

/* --- results --- */

typedef struct ResultFile {
    char *path;
    int64_t rows;
    bool csv;
} ResultFile;

static Status result_of(Call *call, ResultFile *ret_result, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "Id");
    TRY(redshiftdata_check_id(id, err));
    redshiftdata_wait(call, id);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT s.id, s.status, s.has_result, s.rows, s.warehouse, coalesce(p.request, s.request), s.sql FROM redshift_statement s "
                                "LEFT JOIN redshift_statement p ON p.id=s.parent WHERE s.id=? AND s.region=?", "ss", id, call->region));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return redshiftdata_no_statement(err);
    }
    const char *status = row_str(row, 1);
    if (!redshiftdata_over(status))
        return redshiftdata_invalid(err, "The statement is %s: its result is there when it has FINISHED", status);
    if (!str_eq(status, "FINISHED") || !row_int(row, 2) || !*row_str(row, 6)) {
        FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundException", "Query does not have result. Please check query status with DescribeStatement.");
        if (err)
            err->http = 400;
        return ST_NOT_FOUND;
    }
    Val *request = NULL;
    const char *text = row_str(row, 5);
    val_from_json(a, text, strlen(text), &request);
    *ret_result = (ResultFile){ .path = arena_printf(a, "%s/results/%s", warehouses_folder(call->server->warehouses, a, row_str(row, 4)), id), .rows = row_int(row, 3),
                                .csv = str_eq(val_str(request, "ResultFormat"), "CSV") };
    return ST_OK;
}

static Val *field(Arena *a, const Val *cell)
{
    Val *f = val_map(a);
    switch (cell->kind) {
    case VAL_BOOL: val_set_bool(a, f, "booleanValue", cell->b); break;
    case VAL_INT: val_set_int(a, f, "longValue", cell->i); break;
    case VAL_DOUBLE: val_set(a, f, "doubleValue", val_doublev(a, cell->d)); break;
    case VAL_STR: val_set_str(a, f, "stringValue", cell->s); break;
    default: val_set_bool(a, f, "isNull", true); break;
    }
    return f;
}

static void csv_cell(Str *out, const Val *cell)
{
    if (cell->kind == VAL_BOOL)
        str_add(out, cell->b ? "true" : "false");
    else if (cell->kind == VAL_INT)
        str_addf(out, "%lld", (long long)cell->i);
    else if (cell->kind == VAL_DOUBLE)
        str_addf(out, "%.17g", cell->d);
    else if (cell->kind == VAL_STR && cell->s[strcspn(cell->s, ",\"\r\n")]) {
        str_addc(out, '"');
        for (const char *c = cell->s; *c; c++)
            str_addf(out, *c == '"' ? "\"%c" : "%c", *c);
        str_addc(out, '"');
    } else if (cell->kind == VAL_STR)
        str_add(out, *cell->s ? cell->s : "\"\"");
}

static void csv_row(Str *out, const Val *row)
{
    for (size_t i = 0; i < val_len(row); i++) {
        str_add(out, i ? "," : "");
        csv_cell(out, val_at(row, i));
    }
    str_add(out, "\r\n");
}

static void csv_header(Str *out, const Val *columns)
{
    for (size_t i = 0; i < val_len(columns); i++)
        str_addf(out, "%s%s", i ? "," : "", val_str(val_at(columns, i), "name"));
    str_add(out, "\r\n");
}

/* One page from the file's offset in NextToken: the records as fields, or as CSV text. */
static Status read_page(Call *call, const ResultFile *r, FILE *file, Val *records, Str *csv, Error *err)
{
    Arena *a = call->arena;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = getline(&line, &cap, file);
    Val *columns = NULL;
    if (n <= 0 || !val_from_json(a, line, (size_t)n, &columns)) {
        free(line);
        return FAIL(err, ST_IO, "the result '%s' is damaged", r->path);
    }
    const char *token = val_str(call->input, "NextToken");
    int64_t offset = 0, bytes = 0;
    if (token && (!str_to_i64(token, &offset) || offset <= 0 || fseek(file, (long)offset, SEEK_SET) != 0)) {
        free(line);
        return redshiftdata_invalid(err, "NextToken '%s' is not valid", token);
    }
    if (csv && !token)
        csv_header(csv, columns);
    int64_t rows = 0;
    for (; rows < PAGE_ROWS && bytes < PAGE_BYTES && (n = getline(&line, &cap, file)) > 0; rows++) {
        Val *row = NULL, *record = val_list(a);
        if (!val_from_json(a, line, (size_t)n, &row))
            break;
        bytes += n;
        if (csv) {
            csv_row(csv, row);
            continue;
        }
        for (size_t i = 0; i < val_len(row); i++)
            val_push(a, record, field(a, val_at(row, i)));
        val_push(a, records, record);
    }
    long at = ftell(file);
    if (getline(&line, &cap, file) > 0)
        val_set_str(a, call->output, "NextToken", arena_printf(a, "%ld", at));
    free(line);
    val_set(a, call->output, "ColumnMetadata", columns);
    val_set_int(a, call->output, "TotalNumRows", r->rows);
    return ST_OK;
}

static Status open_result(const ResultFile *r, FILE **ret_file, Error *err)
{
    FILE *file = fopen(r->path, "rbe");
    if (!file) {
        FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundException", "The result of the query is not available: results are kept for 24 hours.");
        if (err)
            err->http = 400;
        return ST_NOT_FOUND;
    }
    *ret_file = file;
    return ST_OK;
}

Status redshiftdata_get_statement_result(Call *call, Error *err)
{
    ResultFile r;
    TRY(result_of(call, &r, err));
    if (r.csv)
        return redshiftdata_invalid(err, "The result is CSV: GetStatementResultV2 returns it");
    FILE *file = NULL;
    TRY(open_result(&r, &file, err));
    Val *records = val_list(call->arena);
    Status status = read_page(call, &r, file, records, NULL, err);
    fclose(file);
    TRY(status);
    val_set(call->arena, call->output, "Records", records);
    return ST_OK;
}

Status redshiftdata_get_statement_result_v2(Call *call, Error *err)
{
    ResultFile r;
    TRY(result_of(call, &r, err));
    if (!r.csv)
        return redshiftdata_invalid(err, "The result is JSON: GetStatementResult returns it");
    FILE *file = NULL;
    TRY(open_result(&r, &file, err));
    str_auto csv = STR_INIT(64 * 1024 * 1024);
    Status status = read_page(call, &r, file, NULL, &csv, err);
    fclose(file);
    TRY(status);
    Val *records = val_list(call->arena), *record = val_map(call->arena);
    val_set_str(call->arena, record, "CSVRecords", str_text(&csv));
    val_push(call->arena, records, record);
    val_set(call->arena, call->output, "Records", records);
    val_set_str(call->arena, call->output, "ResultFormat", "CSV");
    return ST_OK;
}
