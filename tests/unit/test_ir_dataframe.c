/* tests/unit/test_ir_dataframe.c -- references of DataFrames by plan id, which SQL text cannot write: df1.a of a join. */
#include "ir/bind.h"
#include "ir/enums.h"
#include "ir/source.h"

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

static Node *table(Arena *a, int64_t plan_id)
{
    static const Field fields[] = { { "i", &type_int, true, NULL }, { "s", &type_string, true, NULL } };
    struct ScanSource *source = ARENA_NEW(a, struct ScanSource);
    source->data_schema = type_struct(a, fields, 2);
    Node *scan = node_new(a, Scan, .format = "t", .source = source);
    scan->plan_id = plan_id;
    return scan;
}

static Node *column(Arena *a, const char *name, int64_t of)
{
    StrList names = { 0 };
    vec_push(a, &names, name);
    return node_new(a, Attribute, .name = names, .of = of);
}

static Node *equal(Arena *a, Node *x, Node *y)
{
    NodeList args = { 0 };
    StrList name = { 0 };
    vec_push(a, &args, x);
    vec_push(a, &args, y);
    vec_push(a, &name, "==");
    return node_new(a, Function, .name = name, .args = args, .is_operator = true);
}

static Node *project(Arena *a, Node *input, Node *e, int64_t plan_id)
{
    NodeList exprs = { 0 };
    vec_push(a, &exprs, e);
    Node *n = node_new(a, Project, .input = input, .exprs = exprs);
    n->plan_id = plan_id;
    return n;
}

static Status bind(Arena *a, Node *plan, Node **ret, Error *err)
{
    return bind_plan(a, &(BindEnv){ 0 }, plan, ret, err);
}

static void a_join_finds_each_side_by_its_plan(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    Node *join = node_new(a, Join, .left = table(a, 1), .right = table(a, 2), .condition = equal(a, column(a, "i", 1), column(a, "i", 2)));
    assert_int_equal(bind(a, project(a, join, column(a, "s", 2), 3), &bound, &err), ST_OK);
    const Node *right = node_as(Join, node_as(Project, bound)->input)->right;
    assert_int_equal(bound->schema->at[0].id, right->schema->at[1].id);
}

static void the_same_frame_on_both_sides_is_ambiguous(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    Node *join = node_new(a, Join, .left = table(a, 1), .right = table(a, 1), .condition = equal(a, column(a, "i", 1), column(a, "i", 1)));
    assert_int_equal(bind(a, join, &bound, &err), ST_INVALID);
    assert_string_equal(err.code, "AMBIGUOUS_COLUMN_REFERENCE");
}

static void a_frame_that_is_not_below_cannot_be_resolved(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    Node *inner = project(a, table(a, 1), column(a, "i", 1), 2);
    assert_int_equal(bind(a, project(a, inner, column(a, "s", 1), 3), &bound, &err), ST_INVALID);
    assert_string_equal(err.code, "CANNOT_RESOLVE_DATAFRAME_COLUMN");
}

static void a_filter_reaches_a_column_that_the_select_dropped(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    Node *inner = project(a, table(a, 1), column(a, "i", 1), 2);
    Node *filter = node_new(a, Filter, .input = inner, .predicate = equal(a, column(a, "s", 1), column(a, "s", 1)));
    assert_int_equal(bind(a, filter, &bound, &err), ST_OK);
    assert_int_equal(bound->schema->len, 1);
    assert_string_equal(bound->schema->at[0].name, "i");
}

static const char *schema_text(Arena *a, const Node *bound)
{
    return type_catalog_text(a, bind_schema_type(a, bound));
}

static void describe_is_text_for_each_number_and_string(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    assert_int_equal(bind(a, node_new(a, StatDescribe, .input = table(a, 1)), &bound, &err), ST_OK);
    assert_string_equal(schema_text(a, bound), "struct<summary:string,i:string,s:string>");
    StrList unknown = { 0 };
    vec_push(a, &unknown, "nope");
    assert_int_equal(bind(a, node_new(a, StatSummary, .input = table(a, 1), .statistics = unknown), &bound, &err), ST_INVALID);
}

static void correlation_is_one_double(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    assert_int_equal(bind(a, node_new(a, StatCorr, .input = table(a, 1), .column1 = "i", .column2 = "i"), &bound, &err), ST_OK);
    assert_string_equal(schema_text(a, bound), "struct<corr:double>");
    assert_int_equal(bind(a, node_new(a, StatCov, .input = table(a, 1), .column1 = "i", .column2 = "zz"), &bound, &err), ST_INVALID);
    assert_string_equal(err.code, "UNRESOLVED_COLUMN.WITH_SUGGESTION");
}

static void unpivot_makes_a_row_for_each_column(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *bound = NULL;
    NodeList ids = { 0 }, values = { 0 };
    StrList names = { 0 };
    vec_push(a, &ids, column(a, "s", 0));
    vec_push(a, &values, column(a, "i", 0));
    vec_push(a, &names, "v");
    Node *unpivot = node_new(a, Unpivot, .input = table(a, 1), .ids = ids, .values = values, .variable_name = "n", .value_names = names,
                             .ids_given = true, .values_given = true, .include_nulls = true);
    assert_int_equal(bind(a, unpivot, &bound, &err), ST_OK);
    assert_string_equal(schema_text(a, bound), "struct<s:string,n:string,v:int>");
    assert_false(bound->schema->at[1].nullable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_finds_each_side_by_its_plan),
        cmocka_unit_test(the_same_frame_on_both_sides_is_ambiguous),
        cmocka_unit_test(a_frame_that_is_not_below_cannot_be_resolved),
        cmocka_unit_test(a_filter_reaches_a_column_that_the_select_dropped),
        cmocka_unit_test(describe_is_text_for_each_number_and_string),
        cmocka_unit_test(correlation_is_one_double),
        cmocka_unit_test(unpivot_makes_a_row_for_each_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
