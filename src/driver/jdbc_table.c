/* driver/jdbc_table.c -- see jdbc_table.h. Source: JdbcRelationProvider, JdbcUtils.getCustomSchema, DataSource.resolveRelation. */
#include "driver/jdbc_table.h"

#include "back/duckdb/jdbc.h"
#include "back/duckdb/source.h"
#include "driver/catalog.h"
#include "driver/command_error.h"
#include "ir/error.h"
#include "ir/field.h"
#include "ir/value.h"

bool jdbc_table_is(const char *format)
{
    return str_eq(source_format(format), JDBC_FORMAT);
}

/* A schema text of an option, each column once. */
static Status option_schema(Run *r, const KeyValueList *options, const char *name, const Type **ret_schema, Error *err)
{
    const char *text = pairs_iget(options, name);
    bool exact = str_ieq(run_conf(r, SOURCE_CASE_SENSITIVE), "true");
    *ret_schema = NULL;
    if (!text || !*text)
        return ST_OK;
    TRY(environment_schema(r, text, ret_schema, err));
    for (size_t i = 0; i < (*ret_schema)->nfields; i++)
        for (size_t k = 0; k < i; k++) {
            const char *x = (*ret_schema)->fields[i].name, *y = (*ret_schema)->fields[k].name;
            if (exact ? str_eq(x, y) : str_ieq(x, y))
                return command_fail(err, "COLUMN_ALREADY_EXISTS", "columnName", sql_id(r->arena, y), NULL);
        }
    return ST_OK;
}

static Status check_schema(Run *r, const Type *given, const Type *actual, Error *err)
{
    if (!given || type_same(field_without_char(r->arena, given), field_without_char(r->arena, actual)))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1133",
                     "The user-specified schema doesn't match the actual schema:\nuser-specified: %s, actual: %s. If you're using\n"
                     "DataFrameReader.schema API or creating a table, please do not specify the schema.\nOr if you're scanning an existed "
                     "table, please drop it and re-create it.", type_sql_text(r->arena, given), type_sql_text(r->arena, actual));
}

Status jdbc_table_scan(Run *r, Arena *a, const KeyValueList *options, const NodeList *predicates, const Type *schema, Node **ret_scan,
                       Error *err)
{
    StrList wheres = { 0 };
    const ScanSource *source;
    JdbcRequest request = { .options = options, .predicates = &wheres, .time_zone = run_conf(r, "spark.sql.session.timeZone"),
                            .system_zone = conf_system_zone(), .case_sensitive = str_ieq(run_conf(r, SOURCE_CASE_SENSITIVE), "true") };
    for (size_t i = 0; predicates && i < predicates->len; i++)
        vec_push(a, &wheres, node_as(Literal, predicates->at[i])->value->text);
    TRY(option_schema(r, options, "customSchema", &request.custom, err));
    TRY(jdbc_resolve(a, &request, &source, err));
    TRY(check_schema(r, schema, source->data_schema, err));
    *ret_scan = node_new(a, Scan, .format = JDBC_FORMAT, .source = source, .options = *options);
    return ST_OK;
}

Status jdbc_table_write(Run *r, const Node *bound, const KeyValueList *options, int mode, Error *err)
{
    EngineSession *engine;
    const Node *plan;
    JdbcWrite write = { .options = options, .mode = mode, .system_zone = conf_system_zone(),
                        .case_sensitive = str_ieq(run_conf(r, SOURCE_CASE_SENSITIVE), "true") };
    TRY(option_schema(r, options, "createTableColumnTypes", &write.column_types, err));
    TRY(run_engine(r, &engine, err));
    TRY(run_prepare(r, bound, &plan, err));
    write.plan = plan;
    EmitOptions emit = run_emit_options(r);
    return jdbc_write(r->arena, engine, &emit, &write, err);
}
