/* app/main.c -- the only entry point: argv[0] or argv[1] says which command of commands.def it is. */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

#include "weir_config.h"

enum { CMD_LINK = 1, CMD_INNER = 2, SUGGEST_DISTANCE = 3, COMMAND_NAME_BYTES = 64 };

typedef struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
    int flags;
} Command;

#define COMMAND(name, function, help, flags) int function(int argc, char **argv);
#include "app/commands.def"
#undef COMMAND

static const Command commands[] = {
#define COMMAND(name, function, help, flags) { name, function, help, flags },
#include "app/commands.def"
#undef COMMAND
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const Command *find(const char *name, int flags)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (str_eq(commands[i].name, name) && (commands[i].flags & flags) == flags)
            return &commands[i];
    return NULL;
}

static int help(FILE *out)
{
    fputs("weir -- Amazon EMR in one binary\n\nusage: weir COMMAND [OPTION]…    weir COMMAND --help\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        if (!(commands[i].flags & CMD_INNER))
            fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].help);
    fputs("\n  --help           this text\n  --version        the version\n", out);
    return 0;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, of names only. */
static size_t distance(const char *a, const char *b)
{
    size_t row[COMMAND_NAME_BYTES + 1], width = strlen(b);
    if (width > COMMAND_NAME_BYTES || strlen(a) > COMMAND_NAME_BYTES)
        return COMMAND_NAME_BYTES;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[width];
}

static int unknown(const char *name)
{
    const Command *best = NULL;
    size_t best_distance = SUGGEST_DISTANCE + 1;
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t d = distance(name, commands[i].name);
        if (!(commands[i].flags & CMD_INNER) && d < best_distance) {
            best = &commands[i];
            best_distance = d;
        }
    }
    fprintf(stderr, "weir: no such command: %s", name);
    if (best)
        fprintf(stderr, "; did you mean '%s'?", best->name);
    fputs("\nweir --help lists the commands\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 1)
        return 2;
    const char *slash = strrchr(argv[0], '/');
    const Command *linked = find(slash ? slash + 1 : argv[0], CMD_LINK);
    if (linked)
        return linked->run(argc, argv);
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h") || str_eq(argv[1], "help"))
        return help(stdout);
    if (str_eq(argv[1], "--version") || str_eq(argv[1], "version"))
        return printf("weir %s\n", WEIR_VERSION) < 0;
    const Command *command = find(argv[1], 0);
    return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}
