/* svc/redshiftdata/catalog.c -- ListDatabases, ListSchemas, ListTables, DescribeTable: questions to the warehouse's system views. */
#include "base/file.h"
#include "base/str.h"
#include "svc/redshiftdata/internal.h"
#include "warehouse/dialect.h"
#include "warehouse/frame.h"
#include "warehouse/pool.h"

#include <stdlib.h>

enum { PAGE_DEFAULT = 1000 };

static Status target_of(Call *call, Target *ret_target, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(redshiftdata_target(call, db, ret_target, err));
    const char *connected = val_str(call->input, "ConnectedDatabase"), *exists = val_str(ret_target->cluster, "DBName");
    if (!str_eq(ret_target->database, exists) || (connected && !str_eq(connected, exists)))
        return redshiftdata_invalid(err, "FATAL: database \"%s\" does not exist", str_eq(ret_target->database, exists) ? connected : ret_target->database);
    return ST_OK;
}

static Status ask(Call *call, const Target *target, const char *sql, const Val **ret_rows, Error *err)
{
    Arena *a = call->arena;
    fd_auto fd = -1;
    Val *request = val_map(a), *answer = NULL;
    val_set_str(a, request, "op", "query");
    val_set_str(a, request, "sql", sql);
    val_set_str(a, request, "database", target->database);
    val_set_str(a, request, "user", target->user);
    TRY(warehouses_connect(call->server->warehouses, target->warehouse, &fd, err));
    TRY(frame_write(fd, a, request, err));
    TRY(frame_read(fd, a, &answer, err));
    if (val_str(answer, "error"))
        return redshiftdata_invalid(err, "ERROR: %s", val_str(answer, "error"));
    *ret_rows = val_get(answer, "rows");
    return ST_OK;
}

/* The page of `rows` that the request asks for: *ret_from and *ret_to. */
static Status page(Call *call, size_t count, size_t *ret_from, size_t *ret_to, Error *err)
{
    const char *token = val_str(call->input, "NextToken");
    int64_t max = val_int(call->input, "MaxResults", 0), from = 0;
    if (token && *token && (!str_to_i64(token, &from) || from < 0))
        return redshiftdata_invalid(err, "NextToken '%s' is not valid", token);
    if (max <= 0)
        max = PAGE_DEFAULT;
    *ret_from = (size_t)from < count ? (size_t)from : count;
    *ret_to = *ret_from + (size_t)max < count ? *ret_from + (size_t)max : count;
    if (*ret_to < count)
        val_set_str(call->arena, call->output, "NextToken", arena_printf(call->arena, "%zu", *ret_to));
    return ST_OK;
}

static const char *text_at(const Val *row, size_t column)
{
    const Val *cell = val_at(row, column);
    return cell && cell->kind == VAL_STR ? cell->s : NULL;
}

static void add_like(Str *sql, const char *column, const char *pattern)
{
    if (!pattern)
        return;
    str_addf(sql, " AND %s LIKE ", column);
    dialect_quote_text(sql, pattern);
}

static Status list_names(Call *call, const char *member, const Val *rows, Error *err)
{
    size_t from = 0, to = 0;
    Val *names = val_list(call->arena);
    TRY(page(call, val_len(rows), &from, &to, err));
    for (size_t i = from; i < to; i++)
        val_push(call->arena, names, val_strv(call->arena, text_at(val_at(rows, i), 0)));
    val_set(call->arena, call->output, member, names);
    return ST_OK;
}

Status redshiftdata_list_databases(Call *call, Error *err)
{
    Target target;
    TRY(target_of(call, &target, err));
    Val *rows = val_list(call->arena), *row = val_list(call->arena);
    val_push(call->arena, row, val_strv(call->arena, target.database));
    val_push(call->arena, rows, row);
    return list_names(call, "Databases", rows, err);
}

Status redshiftdata_list_schemas(Call *call, Error *err)
{
    Target target;
    const Val *rows = NULL;
    str_auto sql = STR_INIT(1 << 16);
    TRY(target_of(call, &target, err));
    str_add(&sql, "SELECT schema_name FROM svv_all_schemas WHERE 1=1");
    add_like(&sql, "schema_name", val_str(call->input, "SchemaPattern"));
    str_add(&sql, " ORDER BY schema_name");
    TRY(ask(call, &target, str_text(&sql), &rows, err));
    return list_names(call, "Schemas", rows, err);
}

Status redshiftdata_list_tables(Call *call, Error *err)
{
    Target target;
    const Val *rows = NULL;
    size_t from = 0, to = 0;
    str_auto sql = STR_INIT(1 << 16);
    Val *tables = val_list(call->arena);
    TRY(target_of(call, &target, err));
    str_add(&sql, "SELECT table_name, table_type, table_schema FROM svv_tables WHERE 1=1");
    add_like(&sql, "table_schema", val_str(call->input, "SchemaPattern"));
    add_like(&sql, "table_name", val_str(call->input, "TablePattern"));
    str_add(&sql, " ORDER BY table_schema, table_name");
    TRY(ask(call, &target, str_text(&sql), &rows, err));
    TRY(page(call, val_len(rows), &from, &to, err));
    for (size_t i = from; i < to; i++) {
        const Val *row = val_at(rows, i);
        Val *table = val_map(call->arena);
        val_set_str(call->arena, table, "name", text_at(row, 0));
        val_set_str(call->arena, table, "type", str_eq(text_at(row, 1), "VIEW") ? "VIEW" : "TABLE");
        val_set_str(call->arena, table, "schema", text_at(row, 2));
        val_push(call->arena, tables, table);
    }
    val_set(call->arena, call->output, "Tables", tables);
    return ST_OK;
}

/* "character varying" as the API's typeName. */
static const char *type_name(const char *type)
{
    static const char *const names[][2] = { { "character varying", "varchar" }, { "character", "bpchar" }, { "integer", "int4" }, { "bigint", "int8" }, { "smallint", "int2" },
                                            { "double precision", "float8" }, { "real", "float4" }, { "boolean", "bool" }, { "timestamp without time zone", "timestamp" },
                                            { "timestamp with time zone", "timestamptz" }, { "time without time zone", "time" }, { "binary varying", "varbyte" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(names[i][0], type))
            return names[i][1];
    }
    return type;
}

static int64_t int_at(const Val *row, size_t column)
{
    const Val *cell = val_at(row, column);
    return cell && cell->kind == VAL_INT ? cell->i : 0;
}

static Val *column_value(Call *call, const Val *row, const char *schema, const char *table)
{
    Arena *a = call->arena;
    Val *c = val_map(a);
    const char *type = type_name(text_at(row, 1));
    int64_t length = int_at(row, 2);
    val_set_str(a, c, "name", text_at(row, 0));
    val_set_str(a, c, "label", text_at(row, 0));
    val_set_str(a, c, "typeName", type);
    val_set_int(a, c, "length", length);
    val_set_int(a, c, "precision", length ? length : int_at(row, 3));
    val_set_int(a, c, "scale", int_at(row, 4));
    val_set_int(a, c, "nullable", str_eq(text_at(row, 5), "YES"));
    val_set_str(a, c, "columnDefault", text_at(row, 6));
    val_set_str(a, c, "schemaName", schema);
    val_set_str(a, c, "tableName", table);
    val_set_bool(a, c, "isCurrency", false);
    val_set_bool(a, c, "isCaseSensitive", str_eq(type, "varchar") || str_eq(type, "bpchar"));
    val_set_bool(a, c, "isSigned", int_at(row, 3) != 0);
    return c;
}

Status redshiftdata_describe_table(Call *call, Error *err)
{
    Target target;
    const Val *rows = NULL;
    size_t from = 0, to = 0;
    const char *table = val_str(call->input, "Table"), *schema = val_str(call->input, "Schema");
    str_auto sql = STR_INIT(1 << 16);
    Val *columns = val_list(call->arena);
    if (!table)
        return redshiftdata_invalid(err, "Table must be given");
    if (!schema)
        schema = "public";
    TRY(target_of(call, &target, err));
    str_add(&sql, "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default FROM svv_columns WHERE table_name = ");
    dialect_quote_text(&sql, table);
    str_add(&sql, " AND table_schema = ");
    dialect_quote_text(&sql, schema);
    str_add(&sql, " ORDER BY ordinal_position");
    TRY(ask(call, &target, str_text(&sql), &rows, err));
    TRY(page(call, val_len(rows), &from, &to, err));
    for (size_t i = from; i < to; i++)
        val_push(call->arena, columns, column_value(call, val_at(rows, i), schema, table));
    val_set_str(call->arena, call->output, "TableName", table);
    val_set(call->arena, call->output, "ColumnList", columns);
    return ST_OK;
}
