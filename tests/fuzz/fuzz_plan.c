/* fuzz_plan.c -- whatever a client sends as a plan is unpacked or refused. */
#include <stddef.h>
#include <stdint.h>

#include "proto/base.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Spark__Connect__Plan *plan = spark__connect__plan__unpack(NULL, size, data);
    if (plan)
        spark__connect__plan__free_unpacked(plan, NULL);
    return 0;
}
