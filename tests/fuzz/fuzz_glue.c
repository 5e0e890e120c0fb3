/* fuzz_glue.c -- Glue's small languages and what crawlers read: the first byte chooses, the rest is a partition expression, a name
 * pattern, a schedule, or a file's first bytes as CSV, JSON and Avro. */
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "svc/glue/crawl_private.h"
#include "svc/schedule.h"
#include "svc/glue/expression.h"
#include "svc/glue/name_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expression(Arena *a, const char *text)
{
    PartitionKeyList keys = { 0 };
    StrList values = { 0 };
    static const char *const types[][2] = { { "n", "int" }, { "s", "string" }, { "p", "decimal" }, { "d", "date" }, { "t", "timestamp" } };
    static const char *const row[] = { "1", "x", "1.5", "2024-02-29", "2024-02-29 00:00:00" };
    for (size_t i = 0; i < 5; i++) {
        vec_push(a, &keys, (PartitionKey){ types[i][0], types[i][1] });
        vec_push(a, &values, row[i]);
    }
    Expression *e = NULL;
    bool matches;
    if (strlen(text) <= 2048 && expression_parse(a, text, &keys, &e, NULL) == ST_OK)
        expression_matches(e, &values, &matches, NULL);
}

static void lines(Arena *a, const char *text)
{
    StrList list = { 0 };
    CrawlSchema csv = { 0 }, json = { 0 };
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        vec_push(a, &list, arena_strn(a, at, n));
        at += n + (at[n] != 0);
    }
    if (!list.len)
        return;
    crawl_infer_csv(a, &list, &csv);
    crawl_infer_json(a, &list, text, &json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    CrawlSchema avro = { 0 };
    if (!size)
        return 0;
    char *text = arena_strn(a, (const char *)data + 1, size - 1);
    switch (data[0] % 5) {
    case 0: expression(a, text); break;
    case 1: lines(a, text); break;
    case 2: crawl_infer_avro(a, text, size - 1, &avro); break;
    case 3: schedule_is_due(text, 1771000000000); break;
    default: {
        name_pattern_auto *p = NULL;
        if (strlen(text) <= 64 && name_pattern_new(a, text, &p, NULL) == ST_OK)
            name_pattern_matches(p, "some_table_2024");
    }
    }
    return 0;
}
