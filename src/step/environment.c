/* step/environment.c -- see environment.h. */
#include "step/environment.h"

#include "base/file.h"

void step_environment_set(Arena *a, StepSpec *spec, const char *name, const char *value)
{
    if (value)
        map_set(a, &spec->env, name, arena_str(a, value));
}

static void paths_fill(Arena *a, const StepEnvironment *e, StepSpec *spec)
{
    const char *readable[] = { e->place->program, e->place->links, e->place->venv, e->place->support, e->place->libraries };
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        if (readable[i])
            vec_push(a, &spec->read_paths, readable[i]);
    vec_push(a, &spec->write_paths, e->home_folder);
}

void step_environment(Arena *a, const StepEnvironment *e, StepSpec *spec)
{
    const Place *place = e->place;
    const char *const variables[][2] = {
        { "PATH", arena_printf(a, "%s%s%s/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               place->links ? place->links : "", place->links ? ":" : "", place->venv) },
        { "HOME", e->home_folder },
        { "TMPDIR", path_join(a, e->folder, "work/tmp") },
        { "PWD", path_join(a, e->folder, "work") },
        { "USER", "hadoop" },
        { "LANG", "C.UTF-8" },
        { "AWS_ENDPOINT_URL", e->endpoint },
        { "AWS_ACCESS_KEY_ID", e->credentials.access_key },
        { "AWS_SECRET_ACCESS_KEY", e->credentials.secret_key },
        { "AWS_SESSION_TOKEN", e->credentials.session_token },
        { "AWS_DEFAULT_REGION", e->region },
        { "AWS_REGION", e->region },
        { "AWS_EC2_METADATA_DISABLED", "true" },
        { "PYSPARK_PYTHON", place->python },
        { "WEIR_PYTHON", place->python },
        { "WEIR_STEP_ID", e->id },
        { "WEIR_STEP_SOCKET", path_join(a, e->folder, "work/.weir") },
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        step_environment_set(a, spec, variables[i][0], variables[i][1]);
#ifdef __SANITIZE_ADDRESS__
    step_environment_set(a, spec, "ASAN_OPTIONS", "detect_leaks=0"); /* the leak checker wants ptrace, which the sandbox denies */
#endif
    paths_fill(a, e, spec);
}
