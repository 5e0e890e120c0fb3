/* fuzz_events.c -- EventBridge's languages. The first byte chooses; the rest is one text, or two with a newline between them: a pattern and an
 * event, a JSON path and an event, a target and an event; or a schedule. What is read as JSON must come out as JSON again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "svc/events/pattern.h"
#include "svc/events/template.h"
#include "svc/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(Arena *a, const char *text)
{
    Doc *doc, *again;
    if (doc_parse(a, text, strlen(text), &doc, NULL) != ST_OK)
        return;
    char *printed = doc_json(a, doc);
    if (doc_parse(a, printed, strlen(printed), &again, NULL) != ST_OK || strcmp(doc_json(a, again), printed) != 0)
        abort();
}

static void matched(Arena *a, const char *pattern_text, const Doc *event)
{
    const Pattern *pattern;
    if (pattern_compile(a, pattern_text, &pattern, NULL) == ST_OK)
        pattern_matches(pattern, event);
}

static void transformed(Arena *a, const char *target_text, const Doc *event)
{
    Val *target;
    char *payload;
    TemplateContext context = { "arn:aws:events:us-east-1:123456789012:rule/r", "r", "2026-01-01T00:00:00Z", event };
    if (!val_from_json(a, target_text, strlen(target_text), &target) || target->kind != VAL_MAP)
        return;
    if (val_get(target, "InputTransformer") && !val_str(val_get(target, "InputTransformer"), "InputTemplate"))
        return; /* the service model asks for it */
    if (template_check(target, NULL) == ST_OK)
        template_payload(a, target, &context, &payload, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    Doc *event = NULL;
    if (!size)
        return 0;
    char *text = arena_strn(a, (const char *)data + 1, size - 1), *newline = strchr(text, '\n');
    round_trip(a, text);
    if (newline)
        *newline = 0;
    if (data[0] % 4 == 3) {
        schedule_next_ms(text, 1771000000000);
        schedule_is_due(text, 1771000000000);
        return 0;
    }
    if (!newline || doc_parse(a, newline + 1, strlen(newline + 1), &event, NULL) != ST_OK)
        return 0;
    if (data[0] % 4 == 0)
        matched(a, text, event);
    else if (data[0] % 4 == 1)
        template_path(a, event, text);
    else
        transformed(a, text, event);
    return 0;
}
