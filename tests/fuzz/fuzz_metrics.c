/* fuzz_metrics.c -- the texts of CloudWatch: the first byte chooses metric math, a composite rule, a statistic's name, or the bytes of a block. */
#include <stddef.h>
#include <stdint.h>

#include "svc/cloudwatch/alarm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    const char *text = arena_strn(a, (const char *)data + 1, size - 1);
    MathNode *node;
    RuleNode *rule;
    Stat stat;
    StrList names = { 0 };
    Bins bins = { 0 };
    switch (data[0] % 4) {
    case 0: math_parse(a, text, &node, &err); break;
    case 1: rule_parse(a, text, &rule, &names, &err); break;
    case 2: stat_parse(text, &stat); break;
    default: block_decode(data + 1, size - 1, 86400, 60, &bins, &err); bins_done(&bins); break;
    }
    return 0;
}
