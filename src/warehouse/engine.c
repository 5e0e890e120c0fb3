/* warehouse/engine.c -- opening the warehouse's file, system views, and the engine's errors in Redshift's words. */
#include "base/file.h"
#include "base/str.h"
#include "warehouse/frame.h"
#include "warehouse/kernels.h"
#include "warehouse/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- errors --- */

typedef struct Wording {
    const char *before, *after; /* what the engine says around a name; after "": to the end of the line */
    const char *says;           /* %s: the name */
} Wording;

static const Wording wordings[] = {
    { "Table with name \"", "\" already exists", "Relation \"%s\" already exists" },
    { "View with name \"", "\" already exists", "Relation \"%s\" already exists" },
    { "Schema with name \"", "\" already exists", "Schema \"%s\" already exists" },
    { "Table with name ", " does not exist", "relation \"%s\" does not exist" },
    { "View with name ", " does not exist", "view \"%s\" does not exist" },
    { "Schema with name ", " does not exist", "schema \"%s\" does not exist" },
    { "Referenced table \"", "\" not found", "missing FROM-clause entry for table \"%s\"" },
    { "Referenced column \"", "\" not found", "column \"%s\" does not exist" },
    { "does not have a column named \"", "\"", "column \"%s\" does not exist" },
    { "Ambiguous reference to column name \"", "\"", "column reference \"%s\" is ambiguous" },
    { "NOT NULL constraint failed: ", "", "Cannot insert a NULL value into column %s" },
    { "Could not convert string '", "' to INT", "invalid input syntax for integer: \"%s\"" },
    { "Could not convert string '", "' to BOOL", "invalid input syntax for type boolean: \"%s\"" },
    { "Could not convert string \"", "\" to DECIMAL", "invalid input syntax for type numeric: \"%s\"" },
    { "Could not convert string '", "' to DOUBLE", "invalid input syntax for type double precision: \"%s\"" },
    { "invalid date field format: \"", "\"", "invalid input syntax for type date: \"%s\"" },
    { "invalid timestamp field format: \"", "\"", "invalid input syntax for type timestamp: \"%s\"" },
    { "date field value out of range: \"", "\"", "date/time field value out of range: \"%s\"" },
    { "column \"", "\" must appear in the GROUP BY clause", "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function" },
};

static bool reword(const char *message, const Wording *w, char *out, size_t size)
{
    const char *from = strstr(message, w->before);
    if (!from)
        return false;
    from += strlen(w->before);
    const char *to = *w->after ? strstr(from, w->after) : from + strcspn(from, "\n!");
    if (!to || memchr(from, '\n', (size_t)(to - from)))
        return false;
    const char *at = strstr(w->says, "%s");
    snprintf(out, size, "%.*s%.*s%s", (int)(at - w->says), w->says, (int)(to - from > 400 ? 400 : to - from), from, at + 2);
    return true;
}

Status warehouse_error(Error *err, const char *message)
{
    char text[1024];
    if (!message)
        message = "unknown";
    if (strstr(message, "INTERRUPT"))
        return FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    if (strstr(message, "Current transaction is aborted"))
        return FAIL(err, ST_RUNTIME, "current transaction is aborted, commands ignored until end of transaction block");
    if (strstr(message, "TransactionContext Error") || strstr(message, "Transaction conflict"))
        return FAIL(err, ST_RUNTIME, "1023 DETAIL: Serializable isolation violation on table");
    if (strstr(message, "verflow") && strstr(message, "Out of Range"))
        return FAIL(err, ST_RUNTIME, strstr(message, "DECIMAL") ? "Numeric data overflow (result precision)" : "Integer overflow");
    for (size_t i = 0; i < sizeof wordings / sizeof *wordings; i++) {
        if (reword(message, &wordings[i], text, sizeof text))
            return FAIL(err, ST_RUNTIME, "%s", text);
    }
    const char *colon = strstr(message, " Error: "), *start = colon && colon - message < 40 ? colon + strlen(" Error: ") : message;
    return FAIL(err, ST_RUNTIME, "%.*s", (int)strcspn(start, "\n"), start);
}

/* --- small queries --- */

Status warehouse_exec(duckdb_connection c, const char *sql, int64_t *ret_rows, Error *err)
{
    duckdb_result result;
    Status status = ST_OK;
    if (duckdb_query(c, sql, &result) != DuckDBSuccess)
        status = warehouse_error(err, duckdb_result_error(&result));
    else if (ret_rows)
        *ret_rows = (int64_t)duckdb_rows_changed(&result);
    duckdb_destroy_result(&result);
    return status;
}

Status warehouse_value(duckdb_connection c, Arena *a, const char *sql, char **ret_text, Error *err)
{
    duckdb_result result;
    Status status = ST_OK;
    char *text = NULL;
    if (duckdb_query(c, sql, &result) != DuckDBSuccess) {
        status = warehouse_error(err, duckdb_result_error(&result));
    } else if (duckdb_row_count(&result)) {
        char *value = duckdb_value_varchar(&result, 0, 0);
        text = arena_str(a, value);
        duckdb_free(value);
    }
    duckdb_destroy_result(&result);
    TRY(status);
    *ret_text = text;
    return ST_OK;
}

static char *cell(Arena *a, duckdb_result *result, idx_t column, idx_t row)
{
    if (duckdb_value_is_null(result, column, row))
        return NULL;
    char *value = duckdb_value_varchar(result, column, row), *copy = arena_str(a, value);
    duckdb_free(value);
    return copy;
}

Status warehouse_columns(duckdb_connection c, Arena *a, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err)
{
    str_auto sql = STR_INIT(1 << 20);
    str_add(&sql, "SELECT column_name, data_type, comment->>'type', column_default, comment->>'identity' FROM duckdb_columns() WHERE table_name = ");
    dialect_quote_text(&sql, table);
    str_add(&sql, " AND schema_name = ");
    if (schema)
        dialect_quote_text(&sql, schema);
    else
        str_add(&sql, "(SELECT schema_name FROM (SELECT schema_name FROM duckdb_tables() WHERE table_name = t.n UNION ALL SELECT schema_name FROM duckdb_views() WHERE view_name = t.n) "
                      "WHERE list_contains(current_schemas(false), schema_name) OR schema_name = 'main' ORDER BY schema_name <> 'main', list_position(current_schemas(false), schema_name) LIMIT 1)");
    str_add(&sql, " AND (database_name = current_database() OR database_name = 'temp') ORDER BY column_index");
    char *text = str_arena(&sql, a), *hole = strstr(text, "t.n");
    str_auto full = STR_INIT(1 << 20);
    for (; hole; hole = strstr(text, "t.n")) {
        str_addn(&full, text, (size_t)(hole - text));
        dialect_quote_text(&full, table);
        text = hole + 3;
    }
    str_add(&full, text);
    duckdb_result result;
    DialectColumnList columns = { 0 };
    Status status = ST_OK;
    if (duckdb_query(c, str_text(&full), &result) != DuckDBSuccess)
        status = warehouse_error(err, duckdb_result_error(&result));
    for (idx_t i = 0; status == ST_OK && i < duckdb_row_count(&result); i++) {
        DialectColumn column = { .name = cell(a, &result, 0, i), .engine_type = cell(a, &result, 1, i), .type = cell(a, &result, 2, i),
                                 .default_text = cell(a, &result, 3, i), .identity = str_eq(cell(a, &result, 4, i), "true") };
        vec_push(a, &columns, column);
    }
    duckdb_destroy_result(&result);
    TRY(status);
    *ret_columns = columns;
    return ST_OK;
}

/* --- probes --- */

static const char *type_text(Arena *a, duckdb_logical_type type)
{
    switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_INTERVAL: return "INTERVAL";
    case DUCKDB_TYPE_SQLNULL: return "NULL";
    case DUCKDB_TYPE_DECIMAL: return arena_printf(a, "DECIMAL(%d,%d)", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    default: return "OTHER";
    }
}

static int64_t constant_argument(duckdb_client_context context, duckdb_expression expression)
{
    duckdb_value value = NULL;
    duckdb_error_data error = duckdb_expression_fold(context, expression, &value);
    int64_t number = value ? duckdb_get_int64(value) : -1;
    if (value)
        duckdb_destroy_value(&value);
    duckdb_destroy_error_data(&error);
    return number;
}

/* Called on the thread that prepares: whose slot it is waits for it. */
static void probe_bind(duckdb_bind_info info)
{
    Warehouse *w = duckdb_scalar_function_bind_get_extra_info(info);
    duckdb_client_context context;
    duckdb_scalar_function_get_client_context(info, &context);
    idx_t count = duckdb_scalar_function_bind_get_argument_count(info);
    int64_t numbers[2] = { -1, -1 };
    Execution *x = NULL;
    for (idx_t i = 0; i < count; i++) {
        duckdb_expression argument = duckdb_scalar_function_bind_get_argument(info, i);
        if (i < 2) {
            numbers[i] = constant_argument(context, argument);
            x = numbers[0] >= 0 && numbers[0] < PROBE_SLOTS ? w->slots[numbers[0]] : NULL;
        } else if (x && numbers[1] >= 0 && (size_t)numbers[1] < x->types_len) {
            duckdb_logical_type type = duckdb_expression_return_type(argument);
            StrList *types = &x->types[numbers[1]];
            while (types->len <= i - 2)
                vec_push(x->arena, types, NULL);
            types->at[i - 2] = type_text(x->arena, type);
            duckdb_destroy_logical_type(&type);
        }
        duckdb_destroy_expression(&argument);
    }
    duckdb_destroy_client_context(&context);
}

static void probe_run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    (void)input, (void)output;
    duckdb_scalar_function_set_error(info, "a probe was run");
}

static Status register_probe(Warehouse *w, duckdb_connection c, Error *err)
{
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY), boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duckdb_scalar_function_set_name(f, "rs_probe");
    duckdb_scalar_function_set_varargs(f, any);
    duckdb_scalar_function_set_return_type(f, boolean);
    duckdb_scalar_function_set_special_handling(f);
    duckdb_scalar_function_set_volatile(f);
    duckdb_scalar_function_set_extra_info(f, w, NULL);
    duckdb_scalar_function_set_bind(f, probe_bind);
    duckdb_scalar_function_set_function(f, probe_run);
    duckdb_state state = duckdb_register_scalar_function(c, f);
    duckdb_destroy_logical_type(&any);
    duckdb_destroy_logical_type(&boolean);
    duckdb_destroy_scalar_function(&f);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register rs_probe");
}

/* --- opening --- */

#define USER_SCHEMA "NOT IN ('weir_internal', 'main', 'pg_catalog', 'information_schema')"

static const char *const set_up[] = {
    "SET GLOBAL TimeZone='UTC'",
    "CREATE SCHEMA IF NOT EXISTS public",
    "CREATE SCHEMA IF NOT EXISTS weir_internal",
    "CREATE TABLE IF NOT EXISTS weir_internal.late_view(schema_name VARCHAR, view_name VARCHAR, definition VARCHAR, PRIMARY KEY(schema_name, view_name))",
    "CREATE TABLE IF NOT EXISTS weir_internal.stl_query(userid INTEGER, query BIGINT, label VARCHAR, xid BIGINT, pid INTEGER, database VARCHAR, querytxt VARCHAR, "
    "starttime TIMESTAMP, endtime TIMESTAMP, aborted INTEGER)",
    "CREATE TABLE IF NOT EXISTS weir_internal.stl_load_errors(userid INTEGER, slice INTEGER, tbl BIGINT, starttime TIMESTAMP, session INTEGER, query BIGINT, "
    "filename VARCHAR, line_number BIGINT, colname VARCHAR, type VARCHAR, col_length VARCHAR, position INTEGER, raw_line VARCHAR, raw_field_value VARCHAR, "
    "err_code INTEGER, err_reason VARCHAR)",
    "CREATE TABLE IF NOT EXISTS weir_internal.stl_load_commits(userid INTEGER, query BIGINT, filename VARCHAR, lines_scanned BIGINT, curtime TIMESTAMP)",
    "CREATE OR REPLACE MACRO weir_internal.type_of(t, c) AS coalesce(c->>'type', CASE t WHEN 'SMALLINT' THEN 'smallint' WHEN 'INTEGER' THEN 'integer' "
    "WHEN 'BIGINT' THEN 'bigint' WHEN 'FLOAT' THEN 'real' WHEN 'DOUBLE' THEN 'double precision' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'DATE' THEN 'date' "
    "WHEN 'TIMESTAMP' THEN 'timestamp without time zone' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp with time zone' WHEN 'TIME' THEN 'time without time zone' "
    "WHEN 'JSON' THEN 'super' WHEN 'BLOB' THEN 'binary varying(64000)' WHEN 'VARCHAR' THEN 'character varying(65535)' WHEN 'HUGEINT' THEN 'numeric(38,0)' "
    "ELSE lower(replace(t, 'DECIMAL', 'numeric')) END)",
    "CREATE OR REPLACE VIEW weir_internal.svv_tables AS SELECT getvariable('weir_database') AS table_catalog, schema_name AS table_schema, table_name, 'BASE TABLE' AS table_type, "
    "CAST(NULL AS VARCHAR) AS remarks FROM duckdb_tables() WHERE schema_name " USER_SCHEMA " UNION ALL SELECT getvariable('weir_database'), schema_name, view_name, 'VIEW', NULL "
    "FROM duckdb_views() WHERE NOT internal AND schema_name " USER_SCHEMA " UNION ALL SELECT getvariable('weir_database'), schema_name, view_name, 'VIEW', NULL FROM weir_internal.late_view",
    "CREATE OR REPLACE VIEW weir_internal.svv_redshift_tables AS SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, "
    "CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END AS table_type FROM weir_internal.svv_tables",
    "CREATE OR REPLACE VIEW weir_internal.svv_columns AS SELECT getvariable('weir_database') AS table_catalog, schema_name AS table_schema, table_name, column_name, "
    "column_index AS ordinal_position, column_default, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, "
    "regexp_replace(weir_internal.type_of(data_type, comment), '\\(.*\\)', '') AS data_type, "
    "TRY_CAST(regexp_extract(weir_internal.type_of(data_type, comment), 'character.*\\((\\d+)\\)', 1) AS INTEGER) AS character_maximum_length, "
    "CASE data_type WHEN 'SMALLINT' THEN 16 WHEN 'INTEGER' THEN 32 WHEN 'BIGINT' THEN 64 ELSE TRY_CAST(regexp_extract(data_type, 'DECIMAL\\((\\d+)', 1) AS INTEGER) END AS numeric_precision, "
    "CASE WHEN data_type IN ('SMALLINT', 'INTEGER', 'BIGINT') THEN 0 ELSE TRY_CAST(regexp_extract(data_type, 'DECIMAL\\(\\d+,(\\d+)', 1) AS INTEGER) END AS numeric_scale, "
    "CAST(NULL AS VARCHAR) AS remarks FROM duckdb_columns() WHERE NOT internal AND schema_name " USER_SCHEMA,
    "CREATE OR REPLACE VIEW weir_internal.svv_redshift_columns AS SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, "
    "data_type, column_default, is_nullable FROM weir_internal.svv_columns",
    "CREATE OR REPLACE VIEW weir_internal.pg_table_def AS SELECT c.schema_name AS schemaname, c.table_name AS tablename, c.column_name AS \"column\", "
    "weir_internal.type_of(c.data_type, c.comment) AS type, coalesce(c.comment->>'encode', 'none') AS encoding, coalesce(CAST(c.comment->>'distkey' AS BOOLEAN), false) AS distkey, "
    "coalesce(CAST(c.comment->>'sortkey' AS INTEGER), 0) AS sortkey, NOT c.is_nullable AS notnull FROM duckdb_columns() c JOIN duckdb_tables() t "
    "ON t.table_name = c.table_name AND t.schema_name = c.schema_name AND t.database_name = c.database_name WHERE list_contains(current_schemas(false), c.schema_name) AND c.schema_name " USER_SCHEMA
    " ORDER BY ALL",
    "CREATE OR REPLACE VIEW weir_internal.svv_table_info AS SELECT getvariable('weir_database') AS database, schema_name AS schema, table_oid AS table_id, table_name AS \"table\", "
    "upper(coalesce(comment->>'diststyle', 'auto')) AS diststyle, estimated_size AS tbl_rows FROM duckdb_tables() WHERE schema_name " USER_SCHEMA,
    "CREATE OR REPLACE VIEW weir_internal.svv_all_schemas AS SELECT DISTINCT getvariable('weir_database') AS database_name, schema_name, 100 AS schema_owner, 'local' AS schema_type "
    "FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name NOT IN ('weir_internal', 'main')",
    "CREATE OR REPLACE VIEW weir_internal.svv_schema_list AS SELECT * FROM weir_internal.svv_all_schemas",
    "CREATE OR REPLACE VIEW weir_internal.pg_user AS SELECT 'rdsdb' AS usename, 1 AS usesysid, true AS usecreatedb, true AS usesuper",
    "CREATE OR REPLACE VIEW weir_internal.pg_database AS SELECT getvariable('weir_database') AS datname",
    "CREATE OR REPLACE VIEW weir_internal.sys_load_error_detail AS SELECT userid AS user_id, query AS query_id, filename AS file_name, line_number, colname AS column_name, type AS column_type, "
    "raw_field_value AS raw_field_value, err_code AS error_code, err_reason AS error_message, starttime AS start_time FROM weir_internal.stl_load_errors",
    "CREATE OR REPLACE VIEW weir_internal.sys_query_history AS SELECT userid AS user_id, query AS query_id, database AS database_name, querytxt AS query_text, "
    "CASE aborted WHEN 0 THEN 'success' ELSE 'failed' END AS status, starttime AS start_time, endtime AS end_time FROM weir_internal.stl_query",
    "CREATE OR REPLACE VIEW weir_internal.svl_qlog AS SELECT userid, query, xid, pid, starttime, endtime, date_diff('microsecond', starttime, endtime) AS elapsed, aborted, label, "
    "querytxt[:60] AS substring FROM weir_internal.stl_query",
};

static duckdb_config engine_config(Arena *a, const char *folder)
{
    duckdb_config config;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        abort();
    duckdb_set_config(config, "temp_directory", path_join(a, folder, "spill"));
    duckdb_set_config(config, "autoinstall_known_extensions", "false");
    duckdb_set_config(config, "autoload_known_extensions", "false");
    duckdb_set_config(config, "integer_division", "true");
    duckdb_set_config(config, "default_null_order", "nulls_last_on_asc_first_on_desc");
    duckdb_set_config(config, "checkpoint_threshold", "64MB");
    return config;
}

enum { OPEN_TRIES = 50, OPEN_PAUSE_MS = 100 };

/* A process before us may still be on its way out: it holds the file's lock. */
static Status open_file(Arena *a, const char *folder, duckdb_database *ret_db, Error *err)
{
    const char *path = path_join(a, folder, WAREHOUSE_FILE);
    for (int i = 0;; i++) {
        duckdb_config config = engine_config(a, folder);
        char *message = NULL;
        duckdb_state state = duckdb_open_ext(path, ret_db, config, &message);
        duckdb_destroy_config(&config);
        if (state == DuckDBSuccess)
            return ST_OK;
        bool locked = message && strstr(message, "lock") && i < OPEN_TRIES;
        Status status = FAIL(err, ST_IO, "open '%s': %s", path, message ? message : "unknown");
        duckdb_free(message);
        if (!locked)
            return status;
        nanosleep(&(struct timespec){ .tv_nsec = OPEN_PAUSE_MS * 1000000 }, NULL);
    }
}

Status warehouse_open(const char *folder, Warehouse *w, Error *err)
{
    arena_auto *a = arena_new();
    w->folder = folder;
    pthread_rwlock_init(&w->statements, NULL);
    pthread_mutex_init(&w->lock, NULL);
    TRY(open_file(a, folder, &w->db, err));
    duckdb_connection c;
    if (duckdb_connect(w->db, &c) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "connect to the engine");
    Status status = warehouse_exec(c, "BEGIN TRANSACTION", NULL, err);
    if (status == ST_OK)
        status = kernel_register(c, kernels_rs_text, err);
    if (status == ST_OK)
        status = kernel_register(c, kernels_rs_time, err);
    if (status == ST_OK)
        status = register_probe(w, c, err);
    if (status == ST_OK)
        status = warehouse_exec(c, "COMMIT", NULL, err);
    for (size_t i = 0; status == ST_OK && i < sizeof set_up / sizeof *set_up; i++)
        status = warehouse_exec(c, set_up[i], NULL, err);
    char *last = NULL;
    if (status == ST_OK)
        status = warehouse_value(c, a, "SELECT CAST(coalesce(max(query), 0) + 1 AS VARCHAR) FROM weir_internal.stl_query", &last, err);
    w->next_query = last ? strtoll(last, NULL, 10) : 1;
    duckdb_disconnect(&c);
    return status;
}

Status warehouse_connection(Warehouse *w, const char *database, duckdb_connection *ret_connection, Error *err)
{
    str_auto variable = STR_INIT(4096);
    duckdb_connection c;
    if (duckdb_connect(w->db, &c) != DuckDBSuccess)
        return FAIL(err, ST_INTERNAL, "connect to the engine");
    str_add(&variable, "SET VARIABLE weir_database = ");
    dialect_quote_text(&variable, database ? database : "");
    Status status = warehouse_exec(c, "SET search_path = 'public'", NULL, err);
    if (status == ST_OK)
        status = warehouse_exec(c, str_text(&variable), NULL, err);
    if (status != ST_OK) {
        duckdb_disconnect(&c);
        return status;
    }
    *ret_connection = c;
    return ST_OK;
}
