/* hadoop/shell_list.c -- the shell's commands that only look: ls, du, count, stat, find, test. */
#include "base/clock.h"
#include "base/str.h"
#include "hadoop/shell.h"
#include "lake/glob.h"

#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* --- who owns it, as ls shows --- */

typedef struct Owner {
    const char *mode, *user, *group;
} Owner;

static const char *mode_text(Arena *a, unsigned mode)
{
    char *text = arena_str(a, "rwxrwxrwx");
    for (int i = 0; i < 9; i++)
        if (!(mode >> (8 - i) & 1))
            text[i] = '-';
    return text;
}

/* The lake has no owners: what EMR's file systems show for their one user. */
static Owner owner_of(Arena *a, const LakeEntry *e)
{
    struct stat st;
    if (fs_is_host(e->file.uri) && stat(fs_host_path(e->file.uri), &st) == 0) {
        const struct passwd *user = getpwuid(st.st_uid);
        const struct group *group = getgrgid(st.st_gid);
        return (Owner){ mode_text(a, st.st_mode), user ? arena_str(a, user->pw_name) : arena_printf(a, "%u", st.st_uid),
                        group ? arena_str(a, group->gr_name) : arena_printf(a, "%u", st.st_gid) };
    }
    bool hdfs = str_starts(e->file.uri, "hdfs:");
    return (Owner){ mode_text(a, hdfs ? (e->folder ? 0755 : 0644) : e->folder ? 0777 : 0666), "hadoop", hdfs ? "hdfsadmingroup" : "hadoop" };
}

static const char *time_text(Arena *a, int64_t ms, const char *format)
{
    time_t seconds = (time_t)((ms ? ms : clock_ms()) / 1000); /* a folder that only its files make has no time: now, as S3A says */
    struct tm tm;
    char text[64];
    localtime_r(&seconds, &tm);
    return strftime(text, sizeof text, format, &tm) ? arena_str(a, text) : "";
}

/* --- ls --- */

static int widest(int width, const char *text)
{
    int n = (int)strlen(text);
    return n > width ? n : width;
}

static void print_lines(Shell *s, const ShellPathList *paths)
{
    Arena *a = s->arena;
    int user = 0, group = 0, size = 10;
    for (size_t i = 0; i < paths->len; i++) {
        Owner o = owner_of(a, &paths->at[i].entry);
        user = widest(user, o.user);
        group = widest(group, o.group);
        size = widest(size, shell_size(s, a, paths->at[i].entry.file.size_bytes));
    }
    for (size_t i = 0; i < paths->len; i++) {
        const LakeEntry *e = &paths->at[i].entry;
        Owner o = owner_of(a, e);
        if (shell_flag(s, "C"))
            printf("%s\n", paths->at[i].shown);
        else
            printf("%s%s %3s %-*s %-*s %*s %s %s\n", e->folder ? "d" : "-", o.mode, e->folder ? "-" : "1", user, o.user, group, o.group, size,
                   shell_size(s, a, e->file.size_bytes), time_text(a, e->file.modified_ms, "%Y-%m-%d %H:%M"), paths->at[i].shown);
    }
}

static int by_name(const ShellPath *x, const ShellPath *y)
{
    return strcmp(x->shown, y->shown);
}

/* The newest, the largest first; the same by their names. */
static int by_time(const void *a, const void *b)
{
    const ShellPath *x = a, *y = b;
    int64_t m = x->entry.file.modified_ms, n = y->entry.file.modified_ms;
    return m != n ? (m < n) - (m > n) : by_name(x, y);
}

static int by_size(const void *a, const void *b)
{
    const ShellPath *x = a, *y = b;
    int64_t m = x->entry.file.size_bytes, n = y->entry.file.size_bytes;
    return m != n ? (m < n) - (m > n) : by_name(x, y);
}

/* -t, -S, -r. */
static void sort_listing(const Shell *s, ShellPathList *paths)
{
    if (paths->len && shell_flag(s, "t"))
        qsort(paths->at, paths->len, sizeof *paths->at, by_time);
    else if (paths->len && shell_flag(s, "S"))
        qsort(paths->at, paths->len, sizeof *paths->at, by_size);
    for (size_t i = 0, j = paths->len; shell_flag(s, "r") && i + 1 < j; i++) {
        ShellPath swap = paths->at[i];
        paths->at[i] = paths->at[--j];
        paths->at[j] = swap;
    }
}

static Status ls_folder(Shell *s, const ShellPath *folder, Error *err)
{
    ShellPathList children;
    TRY(shell_children(s, folder, &children, err));
    sort_listing(s, &children);
    bool deep = shell_flag(s, "R");
    if (!deep && children.len && !shell_flag(s, "C"))
        printf("Found %zu items\n", children.len);
    if (!deep) {
        print_lines(s, &children);
        return ST_OK;
    }
    for (size_t i = 0; i < children.len; i++) {
        ShellPathList one = { 0 };
        vec_push(s->arena, &one, children.at[i]);
        print_lines(s, &one);
        if (children.at[i].entry.folder)
            TRY(ls_folder(s, &children.at[i], err));
    }
    return ST_OK;
}

static Status run_ls(Shell *s, Error *err)
{
    if (!s->arguments.len)
        vec_push(s->arena, &s->arguments, ".");
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths, files = { 0 };
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++)
            if (!paths.at[k].entry.folder || shell_flag(s, "d"))
                vec_push(s->arena, &files, paths.at[k]);
        sort_listing(s, &files);
        print_lines(s, &files);
        for (size_t k = 0; k < paths.len && !shell_flag(s, "d"); k++) {
            ShellPath *p = &paths.at[k];
            if (str_eq(p->shown, ".")) /* the home folder's children are named from it */
                p->shown = "";
            if (p->entry.folder && !*p->shown) {
                ShellPathList children;
                TRY(shell_children(s, p, &children, err));
                for (size_t c = 0; c < children.len; c++)
                    children.at[c].shown = children.at[c].entry.name;
                sort_listing(s, &children);
                if (children.len && !shell_flag(s, "R"))
                    printf("Found %zu items\n", children.len);
                print_lines(s, &children);
            } else if (p->entry.folder) {
                TRY(ls_folder(s, p, err));
            }
        }
    }
    return ST_OK;
}

/* --- du, count --- */

typedef struct Totals {
    int64_t folders, files, bytes;
} Totals;

static Status add_up(Shell *s, const LakeEntry *e, Totals *totals, Error *err)
{
    if (!e->folder) {
        totals->files++;
        totals->bytes += e->file.size_bytes;
        return ST_OK;
    }
    totals->folders++;
    LakeEntryList entries;
    TRY(lake_entries(s->fs.lake, s->arena, e->file.uri, &entries, err));
    for (size_t i = 0; i < entries.len; i++)
        TRY(add_up(s, &entries.at[i], totals, err));
    return ST_OK;
}

static Status run_du(Shell *s, Error *err)
{
    ShellPathList lines = { 0 };
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            ShellPathList children = { 0 };
            if (paths.at[k].entry.folder && !shell_flag(s, "s"))
                TRY(shell_children(s, &paths.at[k], &children, err));
            else
                vec_push(s->arena, &children, paths.at[k]);
            for (size_t c = 0; c < children.len; c++)
                vec_push(s->arena, &lines, children.at[c]);
        }
    }
    int width = 0;
    const char **sizes = ARENA_ARRAY(s->arena, const char *, lines.len + 1);
    for (size_t i = 0; i < lines.len; i++) {
        Totals totals = { 0 };
        TRY(add_up(s, &lines.at[i].entry, &totals, err));
        sizes[i] = shell_size(s, s->arena, totals.bytes);
        width = widest(width, sizes[i]);
    }
    if (shell_flag(s, "v"))
        printf("SIZE  DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS  FULL_PATH_NAME\n");
    for (size_t i = 0; i < lines.len; i++)
        printf("%-*s  %-*s  %s\n", width, sizes[i], width, sizes[i], lines.at[i].shown);
    return ST_OK;
}

static Status run_count(Shell *s, Error *err)
{
    if (shell_flag(s, "v"))
        printf("%12s %12s %18s %s\n", "DIR_COUNT", "FILE_COUNT", "CONTENT_SIZE", "PATHNAME");
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            Totals t = { 0 };
            TRY(add_up(s, &paths.at[k].entry, &t, err));
            printf("%12s %12s %18s %s\n", shell_size(s, s->arena, t.folders), shell_size(s, s->arena, t.files),
                   shell_size(s, s->arena, t.bytes), paths.at[k].shown);
        }
    }
    return ST_OK;
}

/* --- stat --- */

static Status print_stat(Shell *s, const char *format, const ShellPath *p, Error *err)
{
    const LakeEntry *e = &p->entry;
    Owner o = owner_of(s->arena, e);
    int64_t block = 0;
    time_t seconds = (time_t)(e->file.modified_ms / 1000);
    struct tm tm;
    char when[32] = "";
    gmtime_r(&seconds, &tm);
    (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    if (!e->folder)
        TRY(fs_block_bytes(&s->conf, e->file.uri, &block, err));
    for (const char *f = format; *f; f++) {
        if (*f != '%' || !f[1]) {
            putchar(*f);
            continue;
        }
        switch (*++f) {
        case 'b': printf("%lld", (long long)e->file.size_bytes); break;
        case 'F': printf("%s", e->folder ? "directory" : "regular file"); break;
        case 'g': printf("%s", o.group); break;
        case 'u': printf("%s", o.user); break;
        case 'A': printf("%s", o.mode); break;
        case 'n': printf("%s", e->name); break;
        case 'o': printf("%lld", (long long)block); break;
        case 'r': printf("%d", e->folder ? 0 : 1); break;
        case 'y': case 'x': printf("%s", when); break;
        case 'Y': case 'X': printf("%lld", (long long)e->file.modified_ms); break;
        default: printf("%c", *f); break;
        }
    }
    putchar('\n');
    return ST_OK;
}

static Status run_stat(Shell *s, Error *err)
{
    const char *format = strchr(s->arguments.at[0], '%') ? s->arguments.at[0] : "%y";
    for (size_t i = strchr(s->arguments.at[0], '%') ? 1 : 0; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++)
            TRY(print_stat(s, format, &paths.at[k], err));
    }
    return ST_OK;
}

/* --- find, test --- */

static Status find_below(Shell *s, const ShellPath *p, Error *err)
{
    const char *name = map_get(&s->values, "-name"), *any_case = map_get(&s->values, "-iname");
    if ((!name || fnmatch(name, p->entry.name, 0) == 0) && (!any_case || fnmatch(any_case, p->entry.name, FNM_CASEFOLD) == 0))
        printf("%s%c", p->shown, shell_flag(s, "print0") ? 0 : '\n');
    ShellPathList children = { 0 };
    if (p->entry.folder)
        TRY(shell_children(s, p, &children, err));
    for (size_t i = 0; i < children.len; i++)
        TRY(find_below(s, &children.at[i], err));
    return ST_OK;
}

static Status run_find(Shell *s, Error *err)
{
    if (!s->arguments.len)
        vec_push(s->arena, &s->arguments, ".");
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++)
            TRY(find_below(s, &paths.at[k], err));
    }
    return ST_OK;
}

static Status run_test(Shell *s, Error *err)
{
    const char *uri = NULL;
    bool found = false;
    LakeEntry e = { 0 };
    TRY(fs_uri(&s->fs, s->arena, s->arguments.at[0], &uri, err));
    TRY(fs_stat(&s->fs, s->arena, uri, &found, &e, err));
    bool holds = found;
    holds &= !shell_flag(s, "d") || e.folder;
    holds &= !shell_flag(s, "f") || !e.folder;
    holds &= !shell_flag(s, "s") || e.file.size_bytes > 0 || e.folder;
    holds &= !shell_flag(s, "z") || (!e.folder && e.file.size_bytes == 0);
    s->code = !holds;
    return ST_OK;
}

const ShellCommand shell_list_commands[] = {
    { "ls", " R h d C t S r ", 0, -1, "[-C] [-d] [-h] [-R] [-t] [-S] [-r] [<path> ...]", run_ls },
    { "du", " s h v x ", 1, -1, "[-s] [-h] [-v] <path> ...", run_du },
    { "count", " h v ", 1, -1, "[-h] [-v] <path> ...", run_count },
    { "stat", " ", 1, -1, "[format] <path> ...", run_stat },
    { "find", " name= iname= print print0 ", 0, -1, "<path> ... [-name pattern] [-iname pattern] [-print] [-print0]", run_find },
    { "test", " d e f s z r w ", 1, 1, "-[defswrz] <path>", run_test },
    { NULL, NULL, 0, 0, NULL, NULL },
};
