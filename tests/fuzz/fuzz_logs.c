/* fuzz_logs.c -- CloudWatch Logs' filter patterns: the first line is a pattern, the rest a message. */
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "svc/logs/filter_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_auto *a = arena_new();
    const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - text) : size;
    const char *message = arena_strn(a, text + length, size - length);
    FilterPattern *p = NULL;
    FilterMatch match;
    if (filter_pattern_parse(a, arena_strn(a, text, length), &p, NULL) != ST_OK)
        return 0;
    if (filter_pattern_matches(p, a, message, size - length, &match)) {
        filter_pattern_extract(&match, a);
        filter_pattern_value(&match, a, "$.a[0].b");
        filter_pattern_value(&match, a, "$ip");
    }
    return 0;
}
