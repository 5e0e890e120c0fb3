/* driver/python_table.c -- see python_table.h. */
#include "driver/python_table.h"

#include "base/limits.h"
#include "driver/command_error.h"
#include "driver/udf_ask.h"
#include "ir/enums.h"
#include "ir/error.h"

/* One row: the arguments that are constant, NULL for the others. */
static Status constant_row(Run *r, const Type *types, const Node *const *constants, UdfBatches *batches, Error *err)
{
    EmitOptions options = run_emit_options(r);
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "SELECT ");
    for (size_t i = 0; i < types->nfields; i++) {
        str_addf(&sql, "%sCAST(", i ? ", " : "");
        if (constants[i])
            TRY(emit_expression(r->arena, &options, constants[i], &sql, err));
        else
            str_add(&sql, "NULL");
        str_add(&sql, " AS ");
        emit_type(types->fields[i].type, &sql);
        str_addf(&sql, ") AS x%zu", i);
    }
    if (!types->nfields)
        str_add(&sql, "1");
    return udf_batches_of_sql(r, str_text(&sql), types, batches, err);
}

static json_t *arguments_json(const PythonUdf *f, const Node *const *constants, int64_t table)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->args.len; i++) {
        const char *name = i < f->arg_names.len ? f->arg_names.at[i] : "";
        json_array_append_new(list, json_pack("{s:b, s:b, s:o}", "constant", constants[i] != NULL, "table", (int64_t)i == table, "name",
                                              *name ? json_string(name) : json_null()));
    }
    return list;
}

static Status parsed(Run *r, Arena *a, const json_t *text, Node **ret, Error *err)
{
    return r->env.parse_expression(r, a, json_string_value(text), ret, err);
}

static Status read_lists(Run *r, Arena *a, const json_t *answer, TableAnalysis *ret, Error *err)
{
    enum { AS_USUAL, FIRST, LAST };
    size_t i;
    json_t *each;
    Node *e = NULL;
    json_array_foreach(json_object_get(answer, "partition_by"), i, each) {
        TRY(parsed(r, a, each, &e, err));
        vec_push(a, &ret->partition_by, e);
    }
    json_array_foreach(json_object_get(answer, "order_by"), i, each) {
        int nulls = (int)json_integer_value(json_object_get(each, "nulls"));
        bool ascending = json_is_true(json_object_get(each, "ascending"));
        TRY(parsed(r, a, json_object_get(each, "expr"), &e, err));
        vec_push(a, &ret->orders, node_new(a, SortOrder, .child = e, .direction = ascending ? SORT_ASC : SORT_DESC,
                                           .nulls = nulls == FIRST ? NULLS_FIRST : nulls == LAST ? NULLS_LAST : NULLS_DEFAULT));
    }
    json_array_foreach(json_object_get(answer, "select"), i, each) {
        const char *alias = json_string_value(json_object_get(each, "alias"));
        StrList names = { 0 };
        TRY(parsed(r, a, json_object_get(each, "expr"), &e, err));
        vec_push(a, &names, arena_str(a, alias));
        vec_push(a, &ret->select, *alias ? node_new(a, Alias, .child = e, .names = names) : e);
    }
    return ST_OK;
}

static Status read_answer(Run *r, Arena *a, const json_t *answer, TableAnalysis *ret, Error *err)
{
    const char *refused = udf_refused(a, answer);
    if (refused)
        return spark_error(err, NULL, "TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON", "38000",
                           "Failed to analyze the Python user defined table function: <msg>", "msg", refused, NULL);
    TableAnalysis made = { .pickle = arena_str(a, json_string_value(json_object_get(answer, "pickle"))),
                           .single_partition = json_is_true(json_object_get(answer, "single_partition")) };
    TRY(type_from_json(a, arena_str(a, json_string_value(json_object_get(answer, "schema"))), &made.columns, err));
    TRY(read_lists(r, a, answer, &made, err));
    *ret = made;
    return ST_OK;
}

Status python_table_analyze(void *run, Arena *a, const PythonUdf *f, const Node *const *constants, int64_t table, TableAnalysis *ret, Error *err)
{
    Run *r = run;
    UdfBatches batches = { 0 };
    json_t *answer = NULL;
    Field *fields = ARENA_ARRAY(a, Field, f->args.len + 1);
    for (size_t i = 0; i < f->args.len; i++)
        fields[i] = (Field){ .name = arena_printf(a, "_%zu", i), .type = f->args.at[i]->type, .nullable = true };
    const Type *types = type_struct(a, fields, f->args.len);
    str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(types, &json);
    Status status = constant_row(r, types, constants, &batches, err);
    if (status == ST_OK)
        status = udf_ask(r, json_pack("{s:s, s:s, s:s, s:o}", "question", "analyze", "name", f->name ? f->name : "", "arguments",
                                      str_text(&json), "args", arguments_json(f, constants, table)),
                         f->command, f->python_version, &batches, &answer, err);
    udf_batches_done(&batches);
    TRY(status);
    status = read_answer(r, a, answer, ret, err);
    json_decref(answer);
    return status;
}
