/* fuzz_logs.c -- CloudWatch Logs' languages: the first line is a filter pattern, or after a | an Insights query; the rest is a message. */
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "svc/logs/filter_pattern.h"
#include "svc/logs/insights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void query(Arena *a, const char *text, const char *message, size_t length)
{
    Insights *q = NULL;
    InsightsEvent e = { .log = "g", .stream = "s", .ptr = "p", .event = { .id = 1, .time_ms = 1700000000000, .message = message, .message_len = length } };
    if (insights_parse(a, text, &q, NULL) != ST_OK)
        return;
    insights_run_auto *run = insights_run_new(q, 2);
    for (int i = 0; i < 3; i++)
        insights_run_add(run, &e, NULL);
    insights_run_rows(run, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - text) : size;
    const char *message = arena_strn(a, text + length, size - length);
    FilterPattern *p = NULL;
    FilterMatch match;
    if (length && *text == '|') {
        query(a, arena_strn(a, text + 1, length - 1), message, size - length);
        return 0;
    }
    if (filter_pattern_parse(a, arena_strn(a, text, length), &p, NULL) != ST_OK)
        return 0;
    if (filter_pattern_matches(p, a, message, size - length, &match)) {
        filter_pattern_extract(&match, a);
        filter_pattern_value(&match, a, "$.a[0].b");
        filter_pattern_value(&match, a, "$ip");
    }
    return 0;
}
