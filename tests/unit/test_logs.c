/* CloudWatch Logs: the filter pattern language; events at rest. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "svc/logs/events.h"
#include "svc/logs/filter_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* --- patterns --- */

static bool matches(const char *pattern, const char *message)
{
    arena_auto *a = arena_new();
    FilterPattern *p = NULL;
    FilterMatch match;
    Error err = ERROR_INIT;
    if (filter_pattern_parse(a, pattern, &p, &err) != ST_OK)
        fail_msg("%s: %s", pattern, err.message);
    return filter_pattern_matches(p, a, message, strlen(message), &match);
}

static void refused(const char *pattern)
{
    arena_auto *a = arena_new();
    FilterPattern *p = NULL;
    Error err = ERROR_INIT;
    if (filter_pattern_parse(a, pattern, &p, &err) == ST_OK)
        fail_msg("%s is not refused", pattern);
    assert_int_equal(err.status, ST_INVALID);
    assert_string_equal(err.code, "InvalidParameterException");
}

static void terms(void **state)
{
    (void)state;
    assert_true(matches("", "anything") && matches("  ", ""));
    assert_true(matches("ERROR", "[ERROR 400] BAD REQUEST") && !matches("ERROR", "[error]"));
    assert_true(matches("ERROR ARGUMENTS", "ERROR INVALID ARGUMENTS") && !matches("ERROR ARGUMENTS", "ERROR CODE"));
    assert_true(matches("?ERROR ?ARGUMENTS", "INVALID ARGUMENTS") && !matches("?ERROR ?ARGUMENTS", "fine"));
    assert_true(matches("ERROR -ARGUMENTS", "ERROR CODE") && !matches("ERROR -ARGUMENTS", "ERROR ARGUMENTS") && matches("-x", ""));
    assert_true(matches("\"INTERNAL SERVER ERROR\"", "[INTERNAL SERVER ERROR]") && !matches("\"SERVER ERROR\"", "SERVER  ERROR"));
    assert_true(matches("\"a \\\"b\\\"\"", "x a \"b\""));
    assert_true(matches("- \"cwlogs.push\"", "test") && !matches("- \"cwlogs.push\"", "cwlogs.push.publisher"));
    assert_true(matches("?never ERROR", "ERROR")); /* with others, ? terms are ignored */
    assert_true(matches("%AUTHORIZED%", "UNAUTHORIZED") && matches("%4[0-9]{2}%", "code 404") && !matches("%^4%", "code 404"));
    refused("goodbye-world");
    refused("\"open");
    refused("%open");
    refused("%(group)%");
    refused("%[a%");
    refused("%a% %b% %c%");
    refused("?");
}

static void json(void **state)
{
    (void)state;
    const char *event = "{\"eventType\":\"UpdateTrail\",\"sourceIPAddress\":\"111.111.111.111\",\"arrayKey\":[\"value\",\"another\"],"
                        "\"objectList\":[{\"name\":\"a\",\"id\":1},{\"name\":\"b\",\"id\":2}],\"SomeObject\":null,\"cluster.name\":\"c\","
                        "\"bandwidth\":75.5,\"latency\":100,\"errorCode\":\"400\",\"flag\":true,\"empty\":\"\"}";
    assert_true(matches("{ $.eventType = \"UpdateTrail\" }", event) && matches("{$.eventType=UpdateTrail}", event));
    assert_true(matches("{ $.eventType = \"Update*\" }", event) && matches("{ $.eventType = * }", event) && !matches("{ $.eventType = \"X*\" }", event));
    assert_true(matches("{ $.sourceIPAddress != 123.123.* }", event) && !matches("{ $.sourceIPAddress != 111.* }", event));
    assert_true(matches("{ $.arrayKey[0] = \"value\" }", event) && !matches("{ $.arrayKey[2] = \"value\" }", event));
    assert_true(matches("{ $.objectList[1].id = 2 }", event) && matches("{ $.[\"cluster.name\"] = c }", event));
    assert_true(matches("{ $.eventType = %Upd[a-z]+% }", event) && matches("{ $.eventType != %^Trail% }", event));
    assert_true(matches("{ $.SomeObject IS NULL }", event) && !matches("{ $.eventType IS NULL }", event) && !matches("{ $.gone IS NULL }", event));
    assert_true(matches("{ $.SomeOtherObject NOT EXISTS }", event) && !matches("{ $.SomeObject NOT EXISTS }", event));
    assert_true(matches("{ $.flag IS TRUE }", event) && !matches("{ $.flag IS FALSE }", event));
    assert_true(matches("{ $.bandwidth > 75 }", event) && matches("{ $.latency >= 1e2 }", event) && !matches("{ $.latency < 100 }", event));
    assert_true(matches("{ $.errorCode = 400 }", event) && matches("{ $.errorCode > 399 }", event) && matches("{ $.empty = \"\" }", event));
    assert_true(matches("{ ($.eventType = X) || ($.latency = 100 && $.flag IS TRUE) }", event));
    assert_true(!matches("{ ($.eventType = X || $.latency = 100) && $.flag IS FALSE }", event));
    assert_true(!matches("{ $.gone != 1 }", event)); /* what is not there is not compared */
    assert_true(!matches("{ $.a = 1 }", "no json") && !matches("{ $.a = 1 }", "{\"a\":1") && matches("{ $.a = 1 }", " {\"a\":1}"));
    refused("{ $.a }");
    refused("{ $.a = }");
    refused("{ $.a = 1");
    refused("{ $.a = 1 } x");
    refused("{ $.a > \"b\" }");
    refused("{ a = 1 }");
    refused("{ $.a[ = 1 }");
    refused("{ $.a = 1 && }");
    refused("{ }");
}

static void fields(void **state)
{
    (void)state;
    const char *line = "127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
    assert_true(matches("[ip, server, username, timestamp, request, status_code, bytes]", line));
    assert_true(!matches("[ip, server, username, timestamp, request, status_code]", line));
    assert_true(matches("[ip, server, username, timestamp, request = *html*, status_code = 4*, bytes]", line));
    assert_true(matches("[..., status_code = 4* || status_code = 5*, bytes > 1000]", line) && !matches("[..., status_code = 5*, bytes]", line));
    assert_true(matches("[ip = %127\\.0\\.0\\.[1-9]%, ...]", line) && matches("[ip!=10.*, server=Prod, ...]", line));
    assert_true(matches("[,,,,,,]", line) && matches("[]", line) && matches("[...]", ""));
    assert_true(matches("[w1=ERROR, w2]", "ERROR 5") && !matches("[w1=ERROR, w2]", "ERROR") && !matches("[w1=ERROR, w2]", "ERROR 5 6"));
    assert_true(matches("[a, b>=2 && b<3]", "x 2.5") && !matches("[a, b>=2 && b<3]", "x 3"));
    refused("[a, b");
    refused("[a = ]");
    refused("[a, ..., ...]");
    refused("[a = 1 && b = 2]");
    refused("[a > x]");
}

static void extracts(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    FilterPattern *p = NULL;
    FilterMatch m;
    Error err = ERROR_INIT;
    const char *line = "127.0.0.1 - frank [10/Oct/2000] \"GET /a b\" 404 1534", *document = "{\"a\":{\"b\":[1,{\"c\":2.5}]},\"s\":\"t\"}";
    assert_int_equal(filter_pattern_parse(a, "[ip, identity, ..., request, status, size]", &p, &err), ST_OK);
    assert_true(filter_pattern_matches(p, a, line, strlen(line), &m));
    assert_string_equal(val_to_json(a, filter_pattern_extract(&m, a)),
                        "{\"$ip\":\"127.0.0.1\",\"$identity\":\"-\",\"$request\":\"GET /a b\",\"$status\":\"404\",\"$size\":\"1534\"}");
    assert_string_equal(filter_pattern_value(&m, a, "$size"), "1534");
    assert_null(filter_pattern_value(&m, a, "$.size"));
    assert_true(filter_pattern_knows(p, "$size") && !filter_pattern_knows(p, "$other"));
    assert_int_equal(filter_pattern_parse(a, "{ $.a.b[1].c > 2 && $.s = * }", &p, &err), ST_OK);
    assert_true(filter_pattern_matches(p, a, document, strlen(document), &m));
    assert_string_equal(val_to_json(a, filter_pattern_extract(&m, a)), "{\"$.a.b[1].c\":\"2.5\",\"$.s\":\"t\"}");
    assert_string_equal(filter_pattern_value(&m, a, "$.a.b[0]"), "1");
    assert_null(filter_pattern_value(&m, a, "$.x"));
}

/* --- events --- */

typedef struct Home {
    Arena *a;
    char path[64];
    Store *events;
} Home;

static int setup(void **state)
{
    Home *h = calloc(1, sizeof *h);
    h->a = arena_new();
    snprintf(h->path, sizeof h->path, "/tmp/test_logs_XXXXXX");
    *state = h;
    return mkdtemp(h->path) && events_open(h->path, &h->events, NULL) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    Home *h = *state;
    store_close(h->events);
    tree_remove(h->path, NULL);
    arena_free(h->a);
    free(h);
    return 0;
}

static LogStream stream(Home *h, int64_t group, const char *name)
{
    LogStream s = { 0 };
    Error err = ERROR_INIT;
    if (stream_find(h->events, h->a, group, name, &s, NULL) != ST_OK)
        assert_int_equal(stream_create(h->events, group, name, &err), ST_OK);
    assert_int_equal(stream_find(h->events, h->a, group, name, &s, &err), ST_OK);
    return s;
}

static void append(Home *h, int64_t id, int64_t time_ms, const char *message)
{
    LogLine line = { time_ms, message, strlen(message) };
    Error err = ERROR_INIT;
    assert_int_equal(events_append(h->events, id, &line, 1, clock_ms(), &err), ST_OK);
}

static char *read_all(Home *h, EventRange range)
{
    LogEvents found = { 0 };
    bool more;
    Error err = ERROR_INIT;
    str_auto text = STR_INIT(10000);
    if (!range.end_ms)
        range.end_ms = INT64_MAX;
    if (!range.limit)
        range.limit = 100;
    if (!range.max_bytes)
        range.max_bytes = 1000;
    assert_int_equal(events_read(h->events, h->a, &range, &found, &more, &err), ST_OK);
    for (size_t i = 0; i < found.len; i++)
        str_addn(&text, found.at[i].message, found.at[i].message_len);
    str_add(&text, more ? "+" : "");
    return str_arena(&text, h->a);
}

static void reads_in_the_order_of_time_then_arrival(void **state)
{
    Home *h = *state;
    LogStream s = stream(h, 1, "s");
    const char *const messages[] = { "c", "a", "d", "b", "e" };
    const int64_t times[] = { 20, 10, 20, 10, 30 };
    for (size_t i = 0; i < 5; i++)
        append(h, s.id, times[i], messages[i]);
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id }), "abcde");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .backward = true }), "abcde");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .limit = 2 }), "ab+");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .limit = 2, .backward = true }), "de+");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .start_ms = 20, .end_ms = 30 }), "cd");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .max_bytes = 60 }), "ab+");
    EventPlace place;
    assert_int_equal(events_place(h->events, event_id(s.id, 2), &place, NULL), ST_OK); /* d */
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .has_from = true, .from = place }), "e");
    assert_string_equal(read_all(h, (EventRange){ .stream = s.id, .has_from = true, .from = place, .backward = true }), "abc");
    s = stream(h, 1, "s");
    assert_int_equal(s.first_ms, 10);
    assert_int_equal(s.last_ms, 30);
}

static void pages_through_events_of_one_time(void **state)
{
    Home *h = *state;
    LogStream s = stream(h, 3, "same");
    Error err = ERROR_INIT;
    LogLine lines[1000];
    for (size_t i = 0; i < 1000; i++)
        lines[i] = (LogLine){ 50, "x", 1 };
    assert_int_equal(events_append(h->events, s.id, lines, 1000, 1, &err), ST_OK);
    append(h, s.id, 49, "before");
    append(h, s.id, 51, "after");
    for (int backward = 0; backward < 2; backward++) {
        EventRange range = { .stream = s.id, .end_ms = INT64_MAX, .limit = 300, .max_bytes = 1 << 20, .backward = backward };
        size_t count = 0;
        bool more = true;
        while (more) {
            LogEvents page = { 0 };
            assert_int_equal(events_read(h->events, h->a, &range, &page, &more, &err), ST_OK);
            count += page.len;
            const LogEvent *last = &page.at[backward ? 0 : page.len - 1];
            range.from = (EventPlace){ last->time_ms, last->id };
            range.has_from = true;
        }
        assert_int_equal(count, 1002);
    }
}

static void scans_streams_as_one(void **state)
{
    Home *h = *state;
    Error err = ERROR_INIT;
    LogEvent e;
    const LogStream *of;
    str_auto text = STR_INIT(100000);
    char name[8], message[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "s%d", i % 3);
        snprintf(message, sizeof message, "%d", i);
        append(h, stream(h, 2, name).id, i / 2, message);
    }
    LogStreams streams = { 0 };
    assert_int_equal(stream_list(h->events, h->a, 2, "s", &streams, &err), ST_OK);
    event_scan_auto *scan = NULL;
    assert_int_equal(event_scan_open(h->events, h->a, &streams, 0, 1500, NULL, &scan, &err), ST_OK);
    int64_t count = 0, before = -1;
    EventPlace middle = { 0 };
    while (event_scan_next(scan, &e, &of, &err)) {
        assert_true(e.time_ms >= before);
        before = e.time_ms;
        if (++count == 1234)
            middle = (EventPlace){ e.time_ms, e.id };
    }
    assert_int_equal(err.status, ST_OK);
    assert_int_equal(count, 3000);
    event_scan_auto *rest = NULL;
    assert_int_equal(event_scan_open(h->events, h->a, &streams, 0, 1500, &middle, &rest, &err), ST_OK);
    for (count = 0; event_scan_next(rest, &e, &of, &err);)
        count++;
    assert_int_equal(count, 3000 - 1234);
}

static void sweep_deletes_what_is_too_old_and_what_is_nobodys(void **state)
{
    Home *h = *state;
    Error err = ERROR_INIT;
    int64_t bytes;
    LogStream kept = stream(h, 5, "kept"), gone = stream(h, 6, "gone");
    append(h, kept.id, 10, "old");
    append(h, kept.id, 20, "new");
    append(h, gone.id, 20, "x");
    assert_int_equal(stream_delete(h->events, 5, "none", &err), ST_NOT_FOUND);
    LogKeeps keeps = { 0 };
    vec_push(h->a, &keeps, (LogKeep){ 5, 15 });
    assert_int_equal(events_sweep(h->events, &keeps, 6, NULL, NULL, &err), ST_OK);
    assert_string_equal(read_all(h, (EventRange){ .stream = kept.id }), "new");
    assert_string_equal(read_all(h, (EventRange){ .stream = gone.id }), "");
    assert_int_equal(stream_find(h->events, h->a, 6, "gone", &gone, &err), ST_NOT_FOUND);
    assert_int_equal(stream_bytes(h->events, 5, &bytes, &err), ST_OK);
    assert_int_equal(bytes, 3 + 26);
    EventPlace place;
    assert_int_equal(events_place(h->events, event_id(kept.id, 0), &place, &err), ST_OK); /* gone: before all */
    assert_string_equal(read_all(h, (EventRange){ .stream = kept.id, .has_from = true, .from = place }), "new");
    assert_string_equal(read_all(h, (EventRange){ .stream = kept.id, .has_from = true, .from = place, .backward = true }), "");
    LogLine line = { 1, "x", 1 };
    assert_int_equal(stream_delete(h->events, 5, "kept", &err), ST_OK);
    assert_int_equal(events_append(h->events, kept.id, &line, 1, 1, &err), ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms),
        cmocka_unit_test(json),
        cmocka_unit_test(fields),
        cmocka_unit_test(extracts),
        cmocka_unit_test_setup_teardown(reads_in_the_order_of_time_then_arrival, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_through_events_of_one_time, setup, teardown),
        cmocka_unit_test_setup_teardown(scans_streams_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(sweep_deletes_what_is_too_old_and_what_is_nobodys, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
