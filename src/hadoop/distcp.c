/* hadoop/distcp.c -- `hadoop distcp`: its command line and where files go. s3-dist-cp is in s3distcp.c. */
#include "hadoop/distcp.h"

#include "base/file.h"
#include "base/str.h"
#include "hadoop/copy.h"
#include "hadoop/generic.h"
#include "hadoop/job.h"

static const char usage[] = "usage: distcp OPTIONS [source_path...] <target_path>\n"
                            "              OPTIONS\n"
                            " -update      Update target, copying only missing files or those of another size\n"
                            " -overwrite   Choose to overwrite target files unconditionally\n"
                            " -m <arg>     Max number of concurrent maps to use for copy: taken and not used\n"
                            " -p, -i, -strategy <arg>, -bandwidth <arg>   taken and not used\n";

typedef struct Distcp {
    Shell shell;
    StrList paths;
    bool update, overwrite;
} Distcp;

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
        } else if (str_eq(word, "-m") || str_eq(word, "-strategy") || str_eq(word, "-bandwidth")) {
            i++;
        } else if (!str_starts(word, "-p") && !str_eq(word, "-i")) {
            return FAIL(err, ST_UNSUPPORTED, "Invalid arguments: weir's distcp has no %s", word);
        }
    }
    if (d->update && d->overwrite)
        return FAIL(err, ST_INVALID, "Invalid arguments: Exclusive options: -update and -overwrite");
    return d->paths.len < 2 ? FAIL(err, ST_INVALID, "Invalid arguments: Neither source file listing nor source paths present") : ST_OK;
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
        if (one && !(there && to.folder)) { /* a file to a new name */
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
