/* Spark Connect messages become plans; what cannot, fails by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front/connect/connect.h"

static Status no_text(void *self, Arena *a, const char *text, Node **ret, Error *err)
{
    (void)self;
    StrList name = { 0 };
    vec_push(a, &name, text);
    *ret = node_new(a, Attribute, .name = name);
    (void)err;
    return ST_OK;
}

static const ConnectOptions options = { .parse_expression = no_text };

static Spark__Connect__Relation *relation(Arena *a)
{
    Spark__Connect__Relation *r = ARENA_NEW(a, Spark__Connect__Relation);
    spark__connect__relation__init(r);
    return r;
}

static Spark__Connect__Relation *range(Arena *a)
{
    Spark__Connect__Relation *r = relation(a);
    r->rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_RANGE;
    r->range = ARENA_NEW(a, Spark__Connect__Range);
    spark__connect__range__init(r->range);
    r->range->end = 10;
    r->range->step = 1;
    return r;
}

static Spark__Connect__Expression *text_expression(Arena *a, const char *text)
{
    Spark__Connect__Expression *e = ARENA_NEW(a, Spark__Connect__Expression);
    spark__connect__expression__init(e);
    e->expr_type_case = SPARK__CONNECT__EXPRESSION__EXPR_TYPE_EXPRESSION_STRING;
    e->expression_string = ARENA_NEW(a, Spark__Connect__Expression__ExpressionString);
    spark__connect__expression__expression_string__init(e->expression_string);
    e->expression_string->expression = arena_str(a, text);
    return e;
}

static Spark__Connect__Relation *filter(Arena *a, Spark__Connect__Relation *input)
{
    Spark__Connect__Relation *r = relation(a);
    r->rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_FILTER;
    r->filter = ARENA_NEW(a, Spark__Connect__Filter);
    spark__connect__filter__init(r->filter);
    r->filter->input = input;
    r->filter->condition = text_expression(a, "ok");
    return r;
}

static void a_relation_keeps_its_plan_id(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Spark__Connect__Relation *r = filter(a, range(a));
    r->common = ARENA_NEW(a, Spark__Connect__RelationCommon);
    spark__connect__relation_common__init(r->common);
    r->common->has_plan_id = true;
    r->common->plan_id = 7;
    Node *plan;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), ST_OK);
    assert_int_equal(plan->plan_id, 8); /* one more: 0 is "none" */
    assert_true(node_is(Filter, plan));
    assert_true(node_is(Range, node_as(Filter, plan)->input));
    assert_int_equal(node_as(Range, node_as(Filter, plan)->input)->to, 10);
}

static void a_range_without_a_step_is_refused(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Spark__Connect__Relation *r = range(a);
    r->range->step = 0;
    Node *plan;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), ST_INVALID);
    assert_string_equal(err.code, "CONNECT_INVALID_PLAN");
}

static void what_weir_does_not_do_is_named(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Spark__Connect__Relation *r = relation(a);
    r->rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_WITH_WATERMARK;
    Node *plan;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), ST_UNSUPPORTED);
    assert_string_equal(err.code, "UNSUPPORTED_FEATURE");
    assert_non_null(strstr(err.message, "WithWatermark"));
}

static void a_missing_part_is_an_error_not_a_crash(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Spark__Connect__Relation *r = filter(a, NULL);
    Node *plan;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), ST_INVALID);
    assert_int_equal(connect_relation(a, &options, relation(a), &plan, &err), ST_INVALID);
    assert_int_equal(connect_relation(a, &options, NULL, &plan, &err), ST_INVALID);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Spark__Connect__Relation *r = range(a);
    for (int i = 0; i < 5000; i++)
        r = filter(a, r);
    Node *plan;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), ST_LIMIT);
}

static void names_have_parts(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    StrList name;
    Error err = ERROR_INIT;
    assert_int_equal(connect_name(a, "a.`b.c`.d e", &name, &err), ST_OK);
    assert_int_equal(name.len, 3);
    assert_string_equal(name.at[0], "a");
    assert_string_equal(name.at[1], "b.c");
    assert_string_equal(name.at[2], "d e");
    assert_int_equal(connect_name(a, "`a``b`", &name, &err), ST_OK);
    assert_string_equal(name.at[0], "a`b");
    assert_int_equal(connect_name(a, "", &name, &err), ST_OK);
    assert_int_equal(name.len, 1);
    assert_int_equal(connect_name(a, "a`b", &name, &err), ST_INVALID);
    assert_string_equal(err.code, "INVALID_ATTRIBUTE_NAME_SYNTAX");
    assert_int_equal(connect_name(a, "`a", &name, &err), ST_INVALID);
    assert_int_equal(connect_name(a, "a.", &name, &err), ST_INVALID);
}

static void types_go_both_ways(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Field fields[] = { { "i", &type_int, false, NULL },
                       { "d", type_decimal(a, 10, 2), true, NULL },
                       { "l", type_array(a, type_map(a, &type_string, &type_timestamp, true), false), true, "{\"k\":1}" },
                       { "y", type_year_month(a, INTERVAL_YEAR, INTERVAL_MONTH), true, NULL },
                       { "b", &type_binary, true, NULL },
                       { "n", &type_null, true, NULL } };
    const Type *type = type_struct(a, fields, sizeof fields / sizeof *fields), *back;
    Error err = ERROR_INIT;
    assert_int_equal(connect_type(a, &options, connect_type_message(a, type), &back, &err), ST_OK);
    assert_true(type_equal(type, back));
    assert_string_equal(back->fields[2].metadata, "{\"k\":1}");
}

static Node *decimal(Arena *a, const char *text, int precision, int scale, Status expect)
{
    Spark__Connect__Expression *e = ARENA_NEW(a, Spark__Connect__Expression);
    spark__connect__expression__init(e);
    e->expr_type_case = SPARK__CONNECT__EXPRESSION__EXPR_TYPE_LITERAL;
    e->literal = ARENA_NEW(a, Spark__Connect__Expression__Literal);
    spark__connect__expression__literal__init(e->literal);
    e->literal->literal_type_case = SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DECIMAL;
    e->literal->decimal = ARENA_NEW(a, Spark__Connect__Expression__Literal__Decimal);
    spark__connect__expression__literal__decimal__init(e->literal->decimal);
    e->literal->decimal->value = arena_str(a, text);
    e->literal->decimal->has_precision = e->literal->decimal->has_scale = true;
    e->literal->decimal->precision = precision;
    e->literal->decimal->scale = scale;
    Spark__Connect__Relation *r = filter(a, range(a));
    r->filter->condition = e;
    Node *plan = NULL;
    Error err = ERROR_INIT;
    assert_int_equal(connect_relation(a, &options, r, &plan, &err), expect);
    return expect == ST_OK ? node_as(Filter, plan)->predicate : NULL;
}

static void decimals_have_all_their_digits(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    assert_string_equal(node_as(Literal, decimal(a, "-1.5", 10, 3, ST_OK))->value->text, "-1.500");
    assert_string_equal(node_as(Literal, decimal(a, ".5", 2, 1, ST_OK))->value->text, "0.5");
    assert_string_equal(node_as(Literal, decimal(a, "7", 1, 0, ST_OK))->value->text, "7");
    assert_string_equal(node_as(Literal, decimal(a, "1.55", 10, 1, ST_OK))->value->text, "1.55"); /* a wider type: PySpark says (10,0) of all */
    assert_string_equal(node_as(Literal, decimal(a, "-1.25E-3", 10, 0, ST_OK))->value->text, "-0.00125");
    assert_string_equal(node_as(Literal, decimal(a, "12E+2", 10, 1, ST_OK))->value->text, "1200.0");
    assert_string_equal(node_as(Literal, decimal(a, "0E-3", 10, 0, ST_OK))->value->text, "0.000");
    decimal(a, "1E+999999999", 10, 1, ST_INVALID);
    decimal(a, "1E", 10, 1, ST_INVALID);
    assert_string_equal(node_as(Literal, decimal(a, "1.55", 10, 0, ST_OK))->value->text, "1.55"); /* what F.lit(Decimal) sends */
    decimal(a, "x", 10, 1, ST_INVALID);
    decimal(a, "", 10, 1, ST_INVALID);
    decimal(a, "1", 99, 1, ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relation_keeps_its_plan_id), cmocka_unit_test(a_range_without_a_step_is_refused),
        cmocka_unit_test(what_weir_does_not_do_is_named), cmocka_unit_test(a_missing_part_is_an_error_not_a_crash),
        cmocka_unit_test(nesting_has_a_limit), cmocka_unit_test(names_have_parts),
        cmocka_unit_test(types_go_both_ways), cmocka_unit_test(decimals_have_all_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
