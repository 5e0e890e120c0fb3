/* app/options.c -- one parser for all rows of options.def. */
#include "app/options.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

#define HOME_DEFAULT "~/.weir"

typedef struct Option {
    const char *command, *name, *argument, *value, *help;
} Option;

static const Option options[] = {
#define OPTION(command, name, argument, value, help) { command, name, argument, value, help },
#include "app/options.def"
#undef OPTION
};
enum { OPTIONS = sizeof options / sizeof options[0] };

static const Option *find(const char *command, const char *name, size_t length)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (str_eq(options[i].command, command) && strlen(options[i].name) == length &&
            memcmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

Status options_parse(Arena *a, const char *command, int argc, char **argv, Options *ret_options, Error *err)
{
    Options made = { .command = command };
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (ended || arg[0] != '-' || str_eq(arg, "-")) {
            vec_push(a, &made.args, arg);
        } else if (str_eq(arg, "--")) {
            ended = true;
        } else if (str_eq(arg, "--help") || str_eq(arg, "-h")) {
            made.help = true;
        } else {
            const char *equals = strchr(arg, '=');
            const char *name = arg + strspn(arg, "-");
            size_t length = equals && equals > name ? (size_t)(equals - name) : strlen(name);
            const Option *option = str_starts(arg, "--") ? find(command, name, length) : NULL;
            if (!option)
                return FAIL(err, ST_INVALID, "unknown option %s; weir %s --help lists them", arg, command);
            if (!option->argument && equals)
                return FAIL(err, ST_INVALID, "--%s takes no value", option->name);
            if (option->argument && !equals && ++i >= argc)
                return FAIL(err, ST_INVALID, "--%s needs a value: %s", option->name, option->argument);
            const char *value = !option->argument ? "" : equals ? equals + 1 : argv[i];
            map_set(a, &made.given, option->name, arena_str(a, value));
        }
    }
    *ret_options = made;
    return ST_OK;
}

const char *option_text(Arena *a, const Options *o, const char *name)
{
    const char *given = map_get(&o->given, name);
    if (given)
        return given;
    const Option *option = find(o->command, name, strlen(name));
    if (!option || !option->value)
        return NULL;
    const char *home = getenv("WEIR_HOME");
    if (str_eq(name, "home") && home && home[0])
        return arena_str(a, home);
    home = getenv("HOME");
    if (option->value[0] == '~')
        return arena_printf(a, "%s%s", home ? home : "", option->value + 1);
    return option->value;
}

bool option_given(const Options *o, const char *name)
{
    return map_has(&o->given, name);
}

static void print_help(const char *command)
{
    printf("usage: weir %s [OPTION]…\n\n", command);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!str_eq(options[i].command, command))
            continue;
        const char *argument = options[i].argument ? options[i].argument : "";
        int width = 26 - (int)strlen(options[i].name);
        printf("  --%s %-*s %s", options[i].name, width > 0 ? width : 0, argument, options[i].help);
        if (options[i].value)
            printf(" (default %s)", options[i].value);
        putchar('\n');
    }
}

bool options_begin(Arena *a, const char *command, int argc, char **argv, Options *ret_options, int *ret_exit)
{
    Error err = ERROR_INIT;
    if (options_parse(a, command, argc, argv, ret_options, &err) != ST_OK) {
        fprintf(stderr, "weir %s: %s\n", command, err.message);
        *ret_exit = 2;
        return false;
    }
    if (ret_options->help) {
        print_help(command);
        *ret_exit = 0;
        return false;
    }
    return true;
}
