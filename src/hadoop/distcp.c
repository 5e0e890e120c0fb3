/* hadoop/distcp.c -- `hadoop distcp`: its command line and where files go. s3-dist-cp is in s3distcp.c. */
#include "hadoop/distcp.h"

#include "base/file.h"
#include "base/str.h"
#include "hadoop/copy.h"
#include "hadoop/generic.h"
#include "hadoop/job.h"
#include "hadoop/matcher.h"

static const char usage[] = "usage: distcp OPTIONS [source_path...] <target_path>\n"
                            "              OPTIONS\n"
                            " -update      Update target, copying only missing files or those of another size\n"
                            " -overwrite   Choose to overwrite target files unconditionally\n"
                            " -delete      Delete from target, files missing in source. Applicable only with update or overwrite options\n"
                            " -f <arg>     List of files that need to be copied\n"
                            " -filters <arg>   File with expressions, one a line: what matches is left out\n"
                            " -m <arg>     Max number of concurrent maps to use for copy: taken and not used\n"
                            " -p, -i, -strategy <arg>, -bandwidth <arg>   taken and not used\n";

typedef struct Distcp {
    Shell shell;
    StrList paths; /* the target is the last */
    const char *list, *filters;
    VEC(Matcher *) patterns;
    Map wanted;    /* names below the target that a source has */
    bool update, overwrite, delete;
} Distcp;
enum { LIST_MAX_BYTES = 64 * 1024 * 1024 };

static Status parse(Distcp *d, int argc, char **argv, Error *err)
{
    GenericOptions generic;
    TRY(generic_parse(&d->shell.conf, argc, argv, &generic, err));
    for (int i = generic.used; i < argc; i++) {
        const char *word = argv[i];
        if (*word != '-') {
            vec_push(d->shell.arena, &d->paths, word);
        } else if (str_eq(word, "-update")) {
            d->update = true;
        } else if (str_eq(word, "-overwrite")) {
            d->overwrite = true;
        } else if (str_eq(word, "-delete")) {
            d->delete = true;
        } else if ((str_eq(word, "-f") || str_eq(word, "-filters")) && i + 1 < argc) {
            *(word[2] ? &d->filters : &d->list) = argv[i + 1];
            i++;
        } else if (str_eq(word, "-m") || str_eq(word, "-strategy") || str_eq(word, "-bandwidth")) {
            i++;
        } else if (!str_starts(word, "-p") && !str_eq(word, "-i")) {
            return FAIL(err, ST_UNSUPPORTED, "Invalid arguments: weir's distcp has no %s", word);
        }
    }
    if (d->update && d->overwrite)
        return FAIL(err, ST_INVALID, "Invalid arguments: Exclusive options: -update and -overwrite");
    if (d->delete && !d->update && !d->overwrite)
        return FAIL(err, ST_INVALID, "Invalid arguments: Delete missing is applicable only with update or overwrite options");
    if (d->list && d->paths.len > 1)
        return FAIL(err, ST_INVALID, "Invalid arguments: Both source file listing and source paths present");
    return d->paths.len < 2 - (d->list != NULL) ? FAIL(err, ST_INVALID, "Invalid arguments: Neither source file listing nor source paths present") : ST_OK;
}

/* The lines of a file, without empty ones. */
static Status read_lines(Distcp *d, const char *name, StrList *ret_lines, Error *err)
{
    Arena *a = d->shell.arena;
    const char *uri = NULL;
    char *text;
    size_t length;
    TRY(fs_uri(&d->shell.fs, a, name, &uri, err));
    TRY(lake_read(d->shell.fs.lake, a, uri, LIST_MAX_BYTES, &text, &length, err));
    for (const char *line = text, *end; line < text + length; line = end + 1) {
        end = line + strcspn(line, "\r\n");
        if (end > line)
            vec_push(a, ret_lines, arena_strn(a, line, (size_t)(end - line)));
    }
    return ST_OK;
}

static Status prepare(Distcp *d, Error *err)
{
    StrList lines = { 0 }, sources = { 0 };
    if (d->filters)
        TRY(read_lines(d, d->filters, &lines, err));
    for (size_t i = 0; i < lines.len; i++) {
        Matcher *matcher = NULL;
        TRY(matcher_compile(d->shell.arena, lines.at[i], &matcher, err));
        vec_push(d->shell.arena, &d->patterns, matcher);
    }
    if (!d->list)
        return ST_OK;
    TRY(read_lines(d, d->list, &sources, err));
    vec_push(d->shell.arena, &sources, d->paths.at[0]);
    d->paths = sources;
    return d->paths.len > 1 ? ST_OK : FAIL(err, ST_INVALID, "Invalid arguments: Neither source file listing nor source paths present");
}

static Status filtered(const Distcp *d, const char *uri, bool *ret_filtered, Error *err)
{
    *ret_filtered = false;
    for (size_t i = 0; i < d->patterns.len && !*ret_filtered; i++)
        TRY(matcher_matches(d->patterns.at[i], d->shell.arena, uri, ret_filtered, NULL, err));
    return ST_OK;
}

/* -delete: what is below the target and has no source. */
static Status delete_missing(Distcp *d, const char *target, Error *err)
{
    Shell *s = &d->shell;
    CopyList there;
    size_t deleted = 0;
    if (!d->delete)
        return ST_OK;
    Status status = copy_gather(s, target, &there, err);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    TRY(status);
    for (size_t i = 0; i < there.len; i++)
        if (!map_get(&d->wanted, there.at[i].name)) {
            TRY(lake_remove(s->fs.lake, there.at[i].parts.at[0].uri, err));
            deleted++;
        }
    job_log("INFO", "mapred.CopyCommitter", "Deleted %zu from target: %s", deleted, target);
    return ST_OK;
}

/* Where a source's files go below the target: a folder of its name where the target is there, unless its content is asked for. */
static Status add_source(Distcp *d, const char *uri, const char *target, bool there, CopyList *list, Error *err)
{
    Shell *s = &d->shell;
    CopyList found;
    LakeEntry e = { 0 };
    bool exists = false;
    TRY(copy_gather(s, uri, &found, err));
    TRY(fs_stat(&s->fs, s->arena, uri, &exists, &e, err));
    bool within = e.folder && !d->update && !d->overwrite && (there || d->paths.len > 2);
    for (size_t i = 0; i < found.len; i++) {
        CopyFile file = found.at[i];
        if (within)
            file.name = path_join(s->arena, e.name, file.name);
        bool left_out = false;
        TRY(filtered(d, file.parts.at[0].uri, &left_out, err));
        if (left_out)
            continue;
        map_set(s->arena, &d->wanted, file.name, d);
        LakeEntry old = { 0 };
        TRY(fs_stat(&s->fs, s->arena, fs_join(s->arena, target, file.name), &exists, &old, err));
        if (!exists || d->overwrite || (d->update && old.file.size_bytes != file.parts.at[0].size_bytes))
            vec_push(s->arena, list, file);
    }
    return ST_OK;
}

static Status run(Distcp *d, Error *err)
{
    Shell *s = &d->shell;
    CopyList list = { 0 };
    const char *target = NULL;
    LakeEntry to = { 0 };
    bool there = false;
    TRY(prepare(d, err));
    TRY(fs_uri(&s->fs, s->arena, d->paths.at[d->paths.len - 1], &target, err));
    TRY(fs_stat(&s->fs, s->arena, target, &there, &to, err));
    for (size_t i = 0; i + 1 < d->paths.len; i++) {
        LakeEntryList sources;
        const char *uri = NULL;
        TRY(fs_uri(&s->fs, s->arena, d->paths.at[i], &uri, err));
        TRY(fs_glob(&s->fs, s->arena, uri, &sources, err));
        if (!sources.len)
            return FAIL(err, ST_NOT_FOUND, "%s doesn't exist", uri);
        bool one = d->paths.len == 2 && sources.len == 1 && !sources.at[0].folder;
        if (one && !(there && to.folder) && !d->delete && !d->filters) { /* a file to a new name */
            CopyFile file = { .name = strrchr(target, '/') + 1 };
            vec_push(s->arena, &file.parts, sources.at[0].file);
            vec_push(s->arena, &list, file);
            target = fs_parent(s->arena, target);
            break;
        }
        for (size_t k = 0; k < sources.len; k++)
            TRY(add_source(d, sources.at[k].file.uri, target, there, &list, err));
    }
    TRY(copy_all(s, &list, target, err));
    TRY(delete_missing(d, target, err));
    int64_t bytes = 0;
    for (size_t i = 0; i < list.len; i++)
        bytes += list.at[i].parts.at[0].size_bytes;
    job_log("INFO", "tools.DistCp", "DistCp Counters: Files Copied=%zu, Bytes Copied=%lld", list.len, (long long)bytes);
    return ST_OK;
}

int distcp_main(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Distcp d = { .shell = { .arena = a, .conf = { .arena = a }, .flags = "", .command = "distcp" } };
    Error error = ERROR_INIT;
    Status status = parse(&d, argc, argv, &error);
    if (status != ST_OK) {
        fprintf(stderr, "%s\n%s", error.message, usage);
        return 255;
    }
    status = fs_open(a, &d.shell.conf, &d.shell.fs, &error);
    if (status == ST_OK)
        status = run(&d, &error);
    if (status != ST_OK)
        job_log("ERROR", "tools.DistCp", "Exception encountered %s", error.message);
    fs_close(&d.shell.fs);
    return status == ST_OK ? 0 : status == ST_NOT_FOUND ? 241 : 1; /* DistCp's -15 */
}
