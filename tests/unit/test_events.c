/* EventBridge: JSON that keeps its numbers, patterns (each operator as AWS documents it), templates. */
#include "base/str.h"
#include "svc/events/pattern.h"
#include "svc/events/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool fits(const char *pattern_text, const char *event_text)
{
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    const Pattern *pattern;
    Doc *event;
    if (pattern_compile(a, pattern_text, &pattern, &err) != ST_OK)
        fail_msg("%s: %s", pattern_text, err.message);
    assert_int_equal(doc_parse(a, event_text, strlen(event_text), &event, &err), ST_OK);
    return pattern_matches(pattern, event);
}

/* Of the member `d`. */
static bool value_fits(const char *tests, const char *value)
{
    arena_auto *a = arena_new();
    return fits(arena_printf(a, "{\"d\":[%s]}", tests), arena_printf(a, "{\"d\":%s}", value));
}

#define FITS(tests, value) assert_true(value_fits(tests, value))
#define FAILS(tests, value) assert_false(value_fits(tests, value))

static void values_are_equal_to_the_letter(void **state)
{
    (void)state;
    FITS("\"a\",\"b\"", "\"b\"");
    FAILS("\"a\"", "\"A\"");
    FAILS("\"a\"", "\"ab\"");
    FITS("\"\"", "\"\"");
    FITS("300", "300");
    FAILS("300", "300.0"); /* "Number matching is at the string representation level." */
    FAILS("300", "\"300\"");
    FITS("9007199254740993", "9007199254740993");
    FAILS("9007199254740993", "9007199254740992");
    FITS("true", "true");
    FAILS("true", "false");
    FITS("null", "null");
    FAILS("null", "\"\"");
    FITS("\"\\u00e9\"", "\"é\"");
}

static void of_a_list_one_element_must_fit(void **state)
{
    (void)state;
    FITS("\"a\"", "[\"x\",\"a\"]");
    FITS("\"a\"", "[[\"a\"]]");
    FAILS("\"a\"", "[]");
    FAILS("\"a\"", "{\"a\":\"a\"}");
    assert_true(fits("{\"l\":{\"a\":[1],\"b\":[2]}}", "{\"l\":[{\"a\":1,\"b\":3},{\"a\":1,\"b\":2}]}"));
    assert_false(fits("{\"l\":{\"a\":[1],\"b\":[2]}}", "{\"l\":[{\"a\":1,\"b\":3},{\"a\":4,\"b\":2}]}")); /* not of two elements */
}

static void texts_have_beginnings_and_ends(void **state)
{
    (void)state;
    FITS("{\"prefix\":\"us-\"}", "\"us-east-1\"");
    FAILS("{\"prefix\":\"us-\"}", "\"US-east-1\"");
    FITS("{\"prefix\":{\"equals-ignore-case\":\"us-\"}}", "\"US-east-1\"");
    FITS("{\"suffix\":\".png\"}", "\"a.png\"");
    FAILS("{\"suffix\":\".png\"}", "\"png\"");
    FITS("{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}", "\"a.png\"");
    FITS("{\"suffix\":{\"equals-ignore-case\":\"É\"}}", "\"caf\\u00e9\"");
    FITS("{\"equals-ignore-case\":\"Ärger\"}", "\"äRGER\"");
    FAILS("{\"equals-ignore-case\":\"a\"}", "\"ab\"");
    FAILS("{\"prefix\":\"1\"}", "10");
    FITS("{\"prefix\":\"\"}", "\"\"");
}

static void stars_stand_for_anything(void **state)
{
    (void)state;
    FITS("{\"wildcard\":\"*\"}", "\"\"");
    FITS("{\"wildcard\":\"dir/*.png\"}", "\"dir/a/b.png\"");
    FAILS("{\"wildcard\":\"dir/*.png\"}", "\"dir/a.pngs\"");
    FITS("{\"wildcard\":\"*a*b*c\"}", "\"xxaxbxbxc\"");
    FAILS("{\"wildcard\":\"*a*b*c\"}", "\"xxaxcxbx\"");
    FITS("{\"wildcard\":\"a\\\\*b\"}", "\"a*b\"");
    FAILS("{\"wildcard\":\"a\\\\*b\"}", "\"axb\"");
    FITS("{\"wildcard\":\"a\\\\\\\\b*\"}", "\"a\\\\bc\"");
    FAILS("{\"wildcard\":\"1*\"}", "10");
}

static void numbers_have_ranges(void **state)
{
    (void)state;
    FITS("{\"numeric\":[\"=\",301.8]}", "3.018e2");
    FAILS("{\"numeric\":[\"=\",301.8]}", "\"301.8\"");
    FITS("{\"numeric\":[\">\",0,\"<=\",5]}", "5");
    FAILS("{\"numeric\":[\">\",0,\"<=\",5]}", "0");
    FAILS("{\"numeric\":[\">\",0,\"<=\",5]}", "5.000001");
    FITS("{\"numeric\":[\"<\",-1]}", "-1.5");
    FITS("{\"numeric\":[\">=\",10]}", "10.0");
    FAILS("{\"numeric\":[\"<=\",10]}", "-6e9"); /* beyond what EventBridge compares */
}

static void addresses_are_in_blocks(void **state)
{
    (void)state;
    FITS("{\"cidr\":\"10.0.0.0/24\"}", "\"10.0.0.255\"");
    FAILS("{\"cidr\":\"10.0.0.0/24\"}", "\"10.0.1.0\"");
    FITS("{\"cidr\":\"10.0.0.0/25\"}", "\"10.0.0.127\"");
    FAILS("{\"cidr\":\"10.0.0.0/25\"}", "\"10.0.0.128\"");
    FITS("{\"cidr\":\"0.0.0.0/0\"}", "\"1.2.3.4\"");
    FITS("{\"cidr\":\"2001:db8::/32\"}", "\"2001:db8:1::1\"");
    FAILS("{\"cidr\":\"2001:db8::/32\"}", "\"10.0.0.1\"");
    FAILS("{\"cidr\":\"10.0.0.0/24\"}", "\"10.0.0.1 \"");
    FITS("{\"cidr\":\"10.0.0.1\"}", "\"10.0.0.1\"");
}

static void anything_but(void **state)
{
    (void)state;
    FITS("{\"anything-but\":\"a\"}", "\"b\"");
    FAILS("{\"anything-but\":\"a\"}", "\"a\"");
    FITS("{\"anything-but\":\"1\"}", "1");
    FAILS("{\"anything-but\":[1,2]}", "2");
    FITS("{\"anything-but\":[\"a\",\"b\"]}", "[\"a\",\"c\"]");
    FAILS("{\"anything-but\":[\"a\",\"b\"]}", "[\"a\",\"b\"]");
    FAILS("{\"anything-but\":{\"prefix\":\"ini\"}}", "\"initial\"");
    FITS("{\"anything-but\":{\"prefix\":[\"ini\",\"x\"]}}", "\"y\"");
    FAILS("{\"anything-but\":{\"suffix\":[\".txt\",\".rtf\"]}}", "\"a.rtf\"");
    FAILS("{\"anything-but\":{\"equals-ignore-case\":[\"a\",\"B\"]}}", "\"b\"");
    FAILS("{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}", "\"/usr/lib/x\"");
    FITS("{\"anything-but\":{\"wildcard\":[\"*/lib/*\",\"*/bin/*\"]}}", "\"/usr/share/x\"");
    assert_false(fits("{\"d\":[{\"anything-but\":\"a\"}]}", "{}"));
}

static void leaves_exist_or_not(void **state)
{
    (void)state;
    FITS("{\"exists\":true}", "null");
    FAILS("{\"exists\":true}", "{\"a\":1}"); /* no leaf */
    FITS("{\"exists\":false}", "{\"a\":1}");
    FITS("{\"exists\":false}", "[]");
    FAILS("{\"exists\":false}", "0");
    assert_true(fits("{\"a\":{\"b\":[{\"exists\":false}]}}", "{}"));
    assert_true(fits("{\"a\":{\"b\":[{\"exists\":false}, \"x\"]}}", "{\"a\":{\"b\":\"x\"}}"));
    assert_false(fits("{\"a\":{\"b\":[{\"exists\":false}]}}", "{\"a\":[{\"c\":1},{\"b\":1}]}"));
    assert_false(fits("{\"a\":{\"b\":[\"x\"]}}", "{}"));
}

static void one_of_the_alternatives_holds(void **state)
{
    (void)state;
    const char *inner = "{\"detail\":{\"$or\":[{\"c\":[{\"numeric\":[\">\",0]}]},{\"d\":[\"x\"],\"e\":[\"y\"]}],\"f\":[1]}}";
    assert_true(fits(inner, "{\"detail\":{\"c\":3,\"f\":1}}"));
    assert_true(fits(inner, "{\"detail\":{\"d\":\"x\",\"e\":\"y\",\"f\":1}}"));
    assert_false(fits(inner, "{\"detail\":{\"d\":\"x\",\"f\":1}}"));
    assert_false(fits(inner, "{\"detail\":{\"c\":3}}"));
    assert_true(fits("{\"$or\":[{\"source\":[\"a\"]},{\"detail\":{\"s\":[\"b\"]}}]}", "{\"source\":\"z\",\"detail\":{\"s\":\"b\"}}"));
    assert_true(fits("{\"$or\":[1,2]}", "{\"$or\":2}")); /* a member of this name */
}

static void patterns_that_are_none(void **state)
{
    (void)state;
    static const char *const broken[][2] = {
        { "invalid", "Invalid JSON" }, { "[]", "Filter is not an object" }, { "{}", "Empty objects are not allowed" }, { "{\"a\":{}}", "Empty objects" },
        { "{\"a\":[]}", "Empty arrays" }, { "{\"a\":{\"b\":\"c\"}}", "'b' must be an object or an array" }, { "{\"a\":[[1]]}", "Match value must be" },
        { "{\"a\":[{\"x\":1}]}", "Unrecognized match type x" }, { "{\"a\":[{\"prefix\":\"a\",\"suffix\":\"b\"}]}", "Only one key" },
        { "{\"a\":[{\"prefix\":1}]}", "prefix match pattern must be a string" }, { "{\"a\":[{\"exists\":1}]}", "either true or false" },
        { "{\"a\":[{\"numeric\":[]}]}", "numeric" }, { "{\"a\":[{\"numeric\":[\"!\",1]}]}", "Unrecognized numeric range operator" },
        { "{\"a\":[{\"numeric\":[\"<\",1,\">\",0]}]}", "Too many elements" }, { "{\"a\":[{\"numeric\":[\">\",1,\"<\",1]}]}", "Bottom must be less than top" },
        { "{\"a\":[{\"numeric\":[\">\",\"1\"]}]}", "must be numeric" }, { "{\"a\":[{\"numeric\":[\">\",6e9]}]}", "between -5.0E9" },
        { "{\"a\":[{\"wildcard\":\"a**\"}]}", "Consecutive wildcard" }, { "{\"a\":[{\"wildcard\":\"a\\\\b\"}]}", "Invalid escape" },
        { "{\"a\":[{\"cidr\":\"10.0.0/8\"}]}", "no IP address" }, { "{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}", "mask bits" },
        { "{\"a\":[{\"anything-but\":[1,\"a\"]}]}", "mixed type" }, { "{\"a\":[{\"anything-but\":null}]}", "single string/number" },
        { "{\"a\":[{\"anything-but\":{\"cidr\":\"::/0\"}}]}", "Unsupported anything-but" }, { "{\"a\":[{\"anything-but\":{\"prefix\":\"\"}}]}", "Null prefix" },
        { "{\"$or\":[{\"a\":[1]}]}", "Unrecognized match type a" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        const Pattern *pattern;
        assert_int_equal(pattern_compile(a, broken[i][0], &pattern, &err), ST_INVALID);
        assert_string_equal(err.code, "InvalidEventPatternException");
        if (!strstr(err.message, broken[i][1]))
            fail_msg("%s: %s", broken[i][0], err.message);
    }
}

static void too_many_combinations(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    str_auto text = STR_INIT(1 << 16);
    Error err = ERROR_INIT;
    const Pattern *pattern;
    str_add(&text, "{\"x\":[1]");
    for (int i = 0; i < 10; i++) /* 2^10 */
        str_addf(&text, ",\"m%d\":{\"$or\":[{\"a\":[1]},{\"b\":[1]}]}", i);
    str_add(&text, "}");
    assert_int_equal(pattern_compile(a, str_text(&text), &pattern, &err), ST_INVALID);
    assert_non_null(strstr(err.message, "combinations"));
}

/* ---------------------------------------------------------------- documents */
static void documents_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const char *const same[] = { "{\"a\":[1,2.50,-0,1e400,123456789012345678901234567890],\"b\":{\"c\":null,\"d\":true,\"e\":false}}", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001/é\"",
                                        "[]", "{}", "\"\\u0000\"" };
    static const char *const broken[] = { "", "{", "[1,]", "{\"a\"}", "01", "1.", "-", "1e", "+1", "nul", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\n\"",
                                          "1 2", "\"\xff\"", "'a'", "{a:1}" };
    arena_auto *a = arena_new();
    Doc *doc;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_int_equal(doc_parse(a, same[i], strlen(same[i]), &doc, NULL), ST_OK);
        assert_string_equal(doc_json(a, doc), same[i]);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(doc_parse(a, broken[i], strlen(broken[i]), &doc, NULL), ST_INVALID);
    const char *spaced = " { \"a\" : 1 , \"a\" : [ \"\\ud83d\\ude00\" ] } ";
    assert_int_equal(doc_parse(a, spaced, strlen(spaced), &doc, NULL), ST_OK);
    assert_int_equal(doc_get(doc, "a")->kind, DOC_LIST); /* the last of one name */
    assert_string_equal(doc_get(doc, "a")->items[0]->text.data, "😀");
    char *deep = arena_alloc(a, 5002);
    memset(deep, '[', 5000);
    assert_int_equal(doc_parse(a, deep, 5000, &doc, NULL), ST_INVALID);
}

/* ---------------------------------------------------------------- templates */
static const char EVENT[] = "{\"version\":\"0\",\"time\":\"2026-01-02T03:04:05Z\",\"resources\":[\"r0\",\"r1\"],\"detail\":{\"id\":\"i-1\",\"n\":1.50,"
                            "\"list\":[{\"x\":1},{\"x\":2}],\"o\":{\"k\":\"v\"},\"q\":\"say \\\"hi\\\"\",\"a-b_c\":true}}";

static const char *payload(Arena *a, const char *target_text, Status expected)
{
    Error err = ERROR_INIT;
    Val *target;
    Doc *event;
    char *made = NULL;
    assert_true(val_from_json(a, target_text, strlen(target_text), &target));
    assert_int_equal(doc_parse(a, EVENT, strlen(EVENT), &event, &err), ST_OK);
    TemplateContext context = { "arn:rule", "my-rule", "2026-02-03T00:00:00Z", event };
    assert_int_equal(template_payload(a, target, &context, &made, &err), expected);
    return made;
}

static const char *path(Arena *a, const char *text)
{
    Doc *event;
    assert_int_equal(doc_parse(a, EVENT, strlen(EVENT), &event, NULL), ST_OK);
    const Doc *found = template_path(a, event, text);
    return found ? doc_json(a, found) : "nothing";
}

static void paths_find_parts(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    static const char *const found[][2] = {
        { "$.version", "\"0\"" }, { "$.resources[1]", "\"r1\"" }, { "$.resources[-1]", "\"r1\"" }, { "$.detail.list[*].x", "[1,2]" }, { "$.detail.n", "1.50" },
        { "$.detail['a-b_c']", "true" }, { "$.detail.a-b_c", "true" }, { "$.detail.o.*", "[\"v\"]" }, { "$.resources[2]", "nothing" }, { "$.no.such", "nothing" },
        { "detail", "nothing" }, { "$.", "nothing" }, { "$[", "nothing" }, { "$.detail['o", "nothing" }, { "$.resources[x]", "nothing" },
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        assert_string_equal(path(a, found[i][0]), found[i][1]);
    assert_string_equal(path(a, "$"), EVENT);
}

static void targets_get_what_they_asked_for(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    assert_string_equal(payload(a, "{}", ST_OK), EVENT);
    assert_string_equal(payload(a, "{\"Input\":\"{\\\"a\\\": 1}\"}", ST_OK), "{\"a\": 1}");
    assert_string_equal(payload(a, "{\"InputPath\":\"$.detail.o\"}", ST_OK), "{\"k\":\"v\"}");
    assert_null(payload(a, "{\"InputPath\":\"$.detail.zz\"}", ST_INVALID));
#define TRANSFORM(template) \
    "{\"InputTransformer\":{\"InputPathsMap\":{\"id\":\"$.detail.id\",\"n\":\"$.detail.n\",\"o\":\"$.detail.o\",\"q\":\"$.detail.q\",\"no\":\"$.x\"},\"InputTemplate\":\"" template "\"}}"
    assert_string_equal(payload(a, TRANSFORM("\\\"<id> is at <n> in <aws.events.rule-name>\\\""), ST_OK), "\"i-1 is at 1.50 in my-rule\"");
    assert_string_equal(payload(a, TRANSFORM("{\\\"a\\\": <id>, \\\"b\\\": <n>, \\\"c\\\": <o>, \\\"d\\\": \\\"<id>/<q>\\\", \\\"e\\\": <aws.events.rule-arn>}"), ST_OK),
                        "{\"a\":\"i-1\",\"b\":1.50,\"c\":{\"k\":\"v\"},\"d\":\"i-1/say \\\"hi\\\"\",\"e\":\"arn:rule\"}");
    assert_string_equal(payload(a, TRANSFORM("\\\"<o>\\\"\\n\\\"<no>.\\\""), ST_OK), "\"{k:v}\"\n\".\"");
    assert_string_equal(payload(a, TRANSFORM("{\\\"t\\\": <aws.events.event.ingestion-time>, \\\"e\\\": <aws.events.event>}"), ST_OK),
                        "{\"t\":\"2026-02-03T00:00:00Z\",\"e\":{\"version\":\"0\",\"time\":\"2026-01-02T03:04:05Z\",\"resources\":[\"r0\",\"r1\"]}}");
    assert_non_null(strstr(payload(a, TRANSFORM("{\\\"e\\\": <aws.events.event.json>}"), ST_OK), "\"list\":[{\"x\":1}"));
    assert_non_null(payload(a, TRANSFORM("\\\"a < b <\\\""), ST_OK));
    payload(a, TRANSFORM("{\\\"a\\\": <no>}"), ST_INVALID); /* nothing there: no JSON */
}

static void targets_that_can_not_be(void **state)
{
    (void)state;
    static const char *const broken[][2] = {
        { "{\"Id\":\"t\",\"Input\":\"{}\",\"InputPath\":\"$\"}", "Only one of" }, { "{\"Id\":\"t\",\"Input\":\"{\"}", "JSON syntax error" },
        { "{\"Id\":\"t\",\"InputPath\":\"detail\"}", "Invalid JSONPath" }, { "{\"Id\":\"t\",\"InputTransformer\":{\"InputTemplate\":\"\\\"<a>\\\"\"}}", "invalid placeholder a" },
        { "{\"Id\":\"t\",\"InputTransformer\":{\"InputPathsMap\":{\"aws.x\":\"$.a\"},\"InputTemplate\":\"{}\"}}", "reserved" },
        { "{\"Id\":\"t\",\"InputTransformer\":{\"InputPathsMap\":{\"x\":\"a\"},\"InputTemplate\":\"{}\"}}", "begins with $" },
        { "{\"Id\":\"t\",\"InputTransformer\":{\"InputTemplate\":\"hello\"}}", "need quotes" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        arena_auto *a = arena_new();
        Error err = ERROR_INIT;
        Val *target;
        assert_true(val_from_json(a, broken[i][0], strlen(broken[i][0]), &target));
        assert_int_equal(template_check(target, &err), ST_INVALID);
        if (!strstr(err.message, broken[i][1]))
            fail_msg("%s: %s", broken[i][0], err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_equal_to_the_letter),
        cmocka_unit_test(of_a_list_one_element_must_fit),
        cmocka_unit_test(texts_have_beginnings_and_ends),
        cmocka_unit_test(stars_stand_for_anything),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(addresses_are_in_blocks),
        cmocka_unit_test(anything_but),
        cmocka_unit_test(leaves_exist_or_not),
        cmocka_unit_test(one_of_the_alternatives_holds),
        cmocka_unit_test(patterns_that_are_none),
        cmocka_unit_test(too_many_combinations),
        cmocka_unit_test(documents_come_out_as_they_went_in),
        cmocka_unit_test(paths_find_parts),
        cmocka_unit_test(targets_get_what_they_asked_for),
        cmocka_unit_test(targets_that_can_not_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
