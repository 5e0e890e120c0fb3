/* step/environment.h -- what every process of a step finds in its environment: its PATH, its folders, the server and its credentials. */
#ifndef WEIR_STEP_ENVIRONMENT_H
#define WEIR_STEP_ENVIRONMENT_H
#include "step/place.h"
#include "step/queue.h"
#include "step/spec.h"

typedef struct StepEnvironment {
    const Place *place;
    const char *id;          /* WEIR_STEP_ID: also how its processes are found again */
    const char *folder;      /* the step's */
    const char *home_folder; /* HOME */
    const char *endpoint, *region;
    StepCredentials credentials;
} StepEnvironment;

/* Fills spec->env, and the paths that every step may read and write. */
void step_environment(Arena *a, const StepEnvironment *e, StepSpec *spec);
/* One more variable; nothing when `value` is NULL. */
void step_environment_set(Arena *a, StepSpec *spec, const char *name, const char *value);

#endif
