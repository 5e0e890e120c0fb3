/* tests/unit/test_ir_node.c -- what nodes.def gives every node: copy, equality, walks, rewriting, text; the function table. */
#include "ir/function.h"
#include "ir/node.h"

#include <setjmp.h>
#include <stdint.h>
#include <strings.h>

#include <cmocka.h>

static Node *number(Arena *a, int64_t i)
{
    Value *v = ARENA_NEW(a, Value);
    v->i = i;
    return node_new(a, Literal, .value = v, .of = &type_int);
}

static Node *table(Arena *a, const char *name)
{
    StrList names = { 0 };
    vec_push(a, &names, name);
    return node_new(a, UnresolvedRelation, .name = names);
}

static Node *plan(Arena *a, int64_t limit)
{
    NodeList exprs = { 0 };
    vec_push(a, &exprs, node_new(a, Alias, .child = number(a, 7)));
    return node_new(a, Limit, .input = node_new(a, Project, .input = table(a, "t"), .exprs = exprs), .count = number(a, limit));
}

static void equality_looks_at_values_not_at_positions(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Node *x = node_at(plan(a, 3), 1, 9), *y = plan(a, 3);
    assert_true(node_equal(x, y));
    assert_false(node_equal(x, plan(a, 4)));
    assert_true(node_equal(x, node_copy_deep(a, x)));
    assert_int_equal(node_depth(x), 4);
}

static void text_names_every_field(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    str_auto text = STR_INIT(4096);
    node_text(plan(a, 3), &text);
    assert_string_equal(str_text(&text), "(Limit (Project (UnresolvedRelation name:[\"t\"]) exprs:[(Alias (Literal 7 of:int))]) "
                                         "count:(Literal 3 of:int))");
}

static Node *seven_to_eight(Arena *a, Node *n, void *arg)
{
    (void)arg;
    return node_is(Literal, n) && node_as(Literal, n)->value->i == 7 ? number(a, 8) : n;
}

static void rewriting_copies_only_what_changes(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Node *before = plan(a, 3), *after = node_rewrite(a, before, seven_to_eight, NULL);
    assert_ptr_not_equal(before, after);
    assert_true(node_equal(before, plan(a, 3)));
    assert_ptr_equal(node_as(Limit, before)->count, node_as(Limit, after)->count);
    assert_ptr_equal(node_rewrite(a, after, seven_to_eight, NULL), after);
}

static void functions_are_found_in_any_case(void **state)
{
    (void)state;
    size_t n = 0;
    const FunctionRow *row = function_find("CoAlEsCe", &n);
    assert_non_null(row);
    assert_int_equal(n, 1);
    assert_non_null(function_find("+", &n));
    assert_int_equal(n, 6);
    assert_null(function_find("no_such_function", &n));
    for (size_t i = 1; i < function_count(); i++)
        assert_true(strcasecmp(function_at(i - 1)->name, function_at(i)->name) <= 0);
    assert_null(function_at(function_count()));
}

static void a_calendar_interval_keeps_its_sign(void **state)
{
    (void)state;
    const struct {
        int64_t us;
        const char *text;
    } cases[] = { { -500000, "-0.500000" }, { 1500000, "1.500000" }, { INT64_MIN, "-9223372036854.775808" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str_auto text = STR_INIT(256);
        value_sql(&(Value){ .i = cases[i].us }, &type_calendar_interval, &text);
        assert_non_null(strstr(str_text(&text), cases[i].text));
        assert_non_null(strstr(str_text(&text), i == 1 ? ", 1.5" : ", -"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_values_not_at_positions),
        cmocka_unit_test(text_names_every_field),
        cmocka_unit_test(rewriting_copies_only_what_changes),
        cmocka_unit_test(functions_are_found_in_any_case),
        cmocka_unit_test(a_calendar_interval_keeps_its_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
