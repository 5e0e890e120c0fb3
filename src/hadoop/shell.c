/* hadoop/shell.c -- the command line of `hadoop fs`, and what its arguments match. */
#include "hadoop/shell.h"

#include "base/str.h"
#include "hadoop/generic.h"
#include "lake/glob.h"

#include <stdlib.h>

static const ShellCommand *const tables[] = { shell_list_commands, shell_copy_commands, shell_change_commands };
enum { EXIT_USAGE = 255 };

bool shell_flag(const Shell *s, const char *name)
{
    arena_auto *a = arena_new();
    return strstr(s->flags, arena_printf(a, " %s ", name)) != NULL;
}

void shell_complain(Shell *s, const char *path, const char *format, ...)
{
    fflush(stdout);
    fprintf(stderr, "%s: `%s': ", s->command, path);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    s->code = 1;
}

void shell_fail(Shell *s, const Error *error)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", s->command, error->message);
    s->code = 1;
}

/* As it was named: with a scheme, absolute, or relative. */
static const char *shown_as(const Shell *s, const char *argument, const char *uri)
{
    size_t n = strcspn(argument, ":/");
    if (argument[n] == ':')
        return uri;
    const char *path = str_starts(uri, s->fs.default_fs) ? uri + strlen(s->fs.default_fs) : uri;
    size_t home = strlen(s->fs.home);
    if (*argument == '/' || strncmp(uri, s->fs.home, home) != 0)
        return path;
    return uri[home] == '/' ? uri + home + 1 : ".";
}

Status shell_expand(Shell *s, const char *argument, ShellPathList *ret_paths, Error *err)
{
    const char *uri = NULL;
    LakeEntryList found;
    ShellPathList paths = { 0 };
    TRY(fs_uri(&s->fs, s->arena, argument, &uri, err));
    TRY(fs_glob(&s->fs, s->arena, uri, &found, err));
    bool many = glob_has_wildcards(argument);
    for (size_t i = 0; i < found.len; i++)
        vec_push(s->arena, &paths, (ShellPath){ found.at[i], many ? shown_as(s, argument, found.at[i].file.uri) : argument });
    if (!found.len)
        shell_complain(s, argument, "No such file or directory");
    *ret_paths = paths;
    return ST_OK;
}

Status shell_children(Shell *s, const ShellPath *folder, ShellPathList *ret_children, Error *err)
{
    LakeEntryList entries;
    ShellPathList paths = { 0 };
    TRY(lake_entries(s->fs.lake, s->arena, folder->entry.file.uri, &entries, err));
    for (size_t i = 0; i < entries.len; i++) {
        vec_push(s->arena, &paths, (ShellPath){ entries.at[i], fs_join(s->arena, folder->shown, entries.at[i].name) });
    }
    *ret_children = paths;
    return ST_OK;
}

const char *shell_size(const Shell *s, Arena *a, int64_t bytes)
{
    static const char symbols[] = "KMGTPE";
    if (!shell_flag(s, "h") || bytes < 1024)
        return arena_printf(a, "%lld", (long long)bytes);
    int unit = 0;
    while (unit < 5 && bytes >> (10 * (unit + 2)))
        unit++;
    int64_t scale = 1LL << (10 * (unit + 1));
    if (bytes % scale == 0)
        return arena_printf(a, "%lld %c", (long long)(bytes / scale), symbols[unit]);
    return arena_printf(a, "%.1f %c", (double)bytes / (double)scale, symbols[unit]);
}

/* --- the command line --- */

static const ShellCommand *command_find(const char *name)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const ShellCommand *c = tables[t]; c->name; c++)
            if (str_eq(c->name, name))
                return c;
    return NULL;
}

static int usage(const ShellCommand *c, const char *why)
{
    if (why)
        fprintf(stderr, "-%s: %s\n", c->name, why);
    fprintf(stderr, "Usage: hadoop fs [generic options]\n\t[-%s %s]\n", c->name, c->usage);
    return EXIT_USAGE;
}

static int usage_all(FILE *out)
{
    fputs("Usage: hadoop fs [generic options]\n", out);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const ShellCommand *c = tables[t]; c->name; c++)
            fprintf(out, "\t[-%s %s]\n", c->name, c->usage);
    return EXIT_USAGE;
}

/* One word that begins with '-': a flag, one with a value, or several letters at once. */
static bool take_flag(Shell *s, const ShellCommand *c, Str *flags, const char *word, const char *value, bool *ret_value)
{
    arena_auto *a = arena_new();
    *ret_value = false;
    if (strstr(c->flags, arena_printf(a, " %s ", word + 1))) {
        str_addf(flags, "%s ", word + 1);
        return true;
    }
    if (strstr(c->flags, arena_printf(a, " %s= ", word + 1)) && value) {
        map_set(s->arena, &s->values, word, arena_str(s->arena, value));
        *ret_value = true;
        return true;
    }
    for (const char *letter = word + 1; *letter; letter++) {
        if (!strstr(c->flags, arena_printf(a, " %c ", *letter)))
            return false;
        str_addf(flags, "%c ", *letter);
    }
    return word[1] != 0;
}

/* 0, or the exit code of a wrong command line. */
static int parse(Shell *s, const ShellCommand *c, int argc, char **argv, Str *flags)
{
    str_add(flags, " ");
    for (int i = 0; i < argc; i++) {
        bool value = false, is_flag = argv[i][0] == '-' && argv[i][1] && (!s->arguments.len || strchr(c->flags, '='));
        if (is_flag && !take_flag(s, c, flags, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &value)) {
            arena_auto *a = arena_new();
            return usage(c, arena_printf(a, "Illegal option %s", argv[i]));
        }
        if (!is_flag)
            vec_push(s->arena, &s->arguments, argv[i]);
        i += value;
    }
    if ((int)s->arguments.len < c->least)
        return usage(c, "Not enough arguments");
    return c->most >= 0 && (int)s->arguments.len > c->most ? usage(c, "Too many arguments") : 0;
}

int shell_main(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Shell s = { .arena = a, .conf = { .arena = a }, .flags = "" };
    Error error = ERROR_INIT;
    GenericOptions generic;
    if (generic_parse(&s.conf, argc, argv, &generic, &error) != ST_OK) {
        fprintf(stderr, "%s\n", error.message);
        return EXIT_USAGE;
    }
    argc -= generic.used;
    argv += generic.used;
    if (!argc || str_eq(argv[0], "-help") || str_eq(argv[0], "-usage"))
        return argc ? (usage_all(stdout), 0) : usage_all(stderr);
    const ShellCommand *c = argv[0][0] == '-' ? command_find(argv[0] + 1) : NULL;
    if (!c) {
        fprintf(stderr, "%s: Unknown command\n", argv[0]);
        return usage_all(stderr);
    }
    str_auto flags = STR_INIT(4096);
    s.command = c->name;
    int code = parse(&s, c, argc - 1, argv + 1, &flags);
    if (code)
        return code;
    s.flags = str_text(&flags);
    Status status = fs_open(a, &s.conf, &s.fs, &error);
    if (status == ST_OK)
        status = c->run(&s, &error);
    if (status != ST_OK)
        shell_fail(&s, &error);
    if (fflush(stdout) < 0 || ferror(stdout))
        s.code = 1;
    fs_close(&s.fs);
    return s.code;
}
