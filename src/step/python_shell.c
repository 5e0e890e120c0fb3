/* step/python_shell.c -- `glue-python-shell SCRIPT ARGS…`: a Glue job of the kind pythonshell. The script is fetched and run by the
 * environment's Python, without a Spark driver. */
#include "base/str.h"
#include "step/place.h"
#include "step/shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static Status run(int argc, char **argv, int *ret_code, Error *err)
{
    arena_auto *a = arena_new();
    const char *tmp = getenv("TMPDIR"), *own = getenv("PYTHONPATH");
    char *folder = arena_printf(a, "%s/python-shell-XXXXXX", tmp && *tmp ? tmp : "/tmp"), *script = NULL;
    Place place;
    place_find(a, &place);
    if (!mkdtemp(folder))
        return FAIL(err, ST_IO, "make folder '%s': %s", folder, strerror(errno));
    TRY(shim_fetch(a, argv[1], folder, NULL, &script, err));
    StrList changes = { 0 }, command = { 0 };
    if (place.support)
        vec_push(a, &changes, arena_printf(a, "PYTHONPATH=%s%s%s", place.support, own ? ":" : "", own ? own : ""));
    vec_push(a, &command, place.python);
    vec_push(a, &command, script);
    for (int i = 2; i < argc; i++)
        vec_push(a, &command, argv[i]);
    vec_push(a, &command, NULL);
    return shim_run(command.at, (const char *const *)shim_env(a, &changes), ret_code, err);
}

int shim_glue_python_shell(int argc, char **argv)
{
    Error error = ERROR_INIT;
    int code = 1;
    if (argc < 2) {
        fputs("glue-python-shell: no script given\n", stderr);
        return 2;
    }
    if (run(argc, argv, &code, &error) != ST_OK) {
        fprintf(stderr, "glue-python-shell: %s\n", error.message);
        return 1;
    }
    return code;
}
