/* svc/glue/triggers.h -- what fires: a trigger's actions start its jobs and crawlers. */
#ifndef WEIR_SVC_GLUE_TRIGGERS_H
#define WEIR_SVC_GLUE_TRIGGERS_H
#include "svc/glue/internal.h"

typedef struct TriggerCount {
    int64_t started, failed;
    Error why; /* of the last that failed */
} TriggerCount;

/* Starts each action of the trigger. What cannot be started is counted. */
void trigger_fire(Call *call, const Val *trigger, TriggerCount *count);
/* Fires each conditional trigger whose predicate has come true. */
Status triggers_conditional(Call *call, Error *err);
/* The ON_DEMAND triggers of a workflow. */
Status triggers_of_workflow(Call *call, const char *workflow, TriggerCount *count, Error *err);

#endif
