/* step/argv.c -- what EMR makes of a step's jar and arguments. */
#include "base/str.h"
#include "step/shim.h"

void shim_argv(Arena *a, const char *jar, const char *main_class, const StrList *args, StrList *ret_argv)
{
    StrList argv = { 0 };
    if (str_eq(jar, "command-runner.jar") || str_ends(jar, "/command-runner.jar")) {
        if (!args->len)
            vec_push(a, &argv, "command-runner"); /* says that it has nothing to run */
    } else if (str_ends(jar, "script-runner.jar")) {
        vec_push(a, &argv, "script-runner");
    } else {
        vec_push(a, &argv, "hadoop");
        vec_push(a, &argv, "jar");
        vec_push(a, &argv, jar);
        if (main_class)
            vec_push(a, &argv, main_class);
    }
    for (size_t i = 0; i < args->len; i++)
        vec_push(a, &argv, args->at[i]);
    *ret_argv = argv;
}
