/* hadoop/shell_change.c -- the shell's commands that remove and make: rm, mkdir, rmdir, touchz, and those that only note. */
#include "base/str.h"
#include "hadoop/shell.h"

/* In hdfs a folder stays when the last of its files goes. */
static Status keep_parent(Shell *s, const char *uri, Error *err)
{
    const char *parent = fs_parent(s->arena, uri);
    LakeEntry e = { 0 };
    bool found = true;
    if (str_starts(uri, "hdfs:"))
        TRY(fs_stat(&s->fs, s->arena, parent, &found, &e, err));
    return found ? ST_OK : lake_make_folder(s->fs.lake, parent, err);
}

static Status run_rm(Shell *s, Error *err)
{
    bool deep = shell_flag(s, "r") || shell_flag(s, "R"), force = shell_flag(s, "f");
    for (size_t i = 0; i < s->arguments.len; i++) {
        const char *uri = NULL;
        LakeEntryList found;
        ShellPathList paths = { 0 };
        TRY(fs_uri(&s->fs, s->arena, s->arguments.at[i], &uri, err));
        TRY(fs_glob(&s->fs, s->arena, uri, &found, err));
        if (found.len || !force)
            TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            const ShellPath *p = &paths.at[k];
            if (p->entry.folder && !deep) {
                shell_complain(s, p->shown, "Is a directory");
                continue;
            }
            if (str_ends(p->entry.file.uri, "/")) {
                shell_complain(s, p->shown, "Cannot remove a file system's root");
                continue;
            }
            TRY(lake_remove(s->fs.lake, p->entry.file.uri, err));
            TRY(keep_parent(s, p->entry.file.uri, err));
            printf("Deleted %s\n", p->shown);
        }
    }
    return ST_OK;
}

static Status run_mkdir(Shell *s, Error *err)
{
    for (size_t i = 0; i < s->arguments.len; i++) {
        const char *uri = NULL, *shown = s->arguments.at[i];
        LakeEntry e = { 0 };
        bool found = false, parent = false;
        TRY(fs_uri(&s->fs, s->arena, shown, &uri, err));
        TRY(fs_stat(&s->fs, s->arena, uri, &found, &e, err));
        if (found && (!e.folder || !shell_flag(s, "p"))) {
            shell_complain(s, shown, e.folder ? "File exists" : "Is not a directory");
            continue;
        }
        TRY(fs_stat(&s->fs, s->arena, fs_parent(s->arena, uri), &parent, &e, err));
        if (!found && !parent && !shell_flag(s, "p")) {
            shell_complain(s, fs_parent(s->arena, uri), "No such file or directory");
            continue;
        }
        if (!found)
            TRY(lake_make_folder(s->fs.lake, uri, err));
    }
    return ST_OK;
}

static Status run_rmdir(Shell *s, Error *err)
{
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths, children;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            TRY(shell_children(s, &paths.at[k], &children, err));
            if (!paths.at[k].entry.folder)
                shell_complain(s, paths.at[k].shown, "Is not a directory");
            else if (children.len && !shell_flag(s, "-ignore-fail-on-non-empty"))
                shell_complain(s, paths.at[k].shown, "Directory is not empty");
            else if (!children.len)
                TRY(lake_remove(s->fs.lake, paths.at[k].entry.file.uri, err));
        }
    }
    return ST_OK;
}

static Status run_touchz(Shell *s, Error *err)
{
    for (size_t i = 0; i < s->arguments.len; i++) {
        const char *uri = NULL, *shown = s->arguments.at[i];
        LakeEntry e = { 0 };
        bool found = false;
        TRY(fs_uri(&s->fs, s->arena, shown, &uri, err));
        TRY(fs_stat(&s->fs, s->arena, uri, &found, &e, err));
        if (found && e.folder)
            shell_complain(s, shown, "Is a directory");
        else if (found && e.file.size_bytes)
            shell_complain(s, shown, "Not a zero-length file");
        else
            TRY(lake_put(s->fs.lake, uri, "", 0, err));
    }
    return ST_OK;
}

/* Owners and modes are the lake's: there are none. Taken, and said. */
static Status run_note(Shell *s, Error *err)
{
    for (size_t i = 1; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
    }
    fprintf(stderr, "%s: weir keeps no owners, modes or replicas of files: nothing was changed\n", s->command);
    return ST_OK;
}

static Status run_expunge(Shell *s, Error *err)
{
    (void)s, (void)err;
    return ST_OK; /* there is no trash: what rm removes is gone */
}

const ShellCommand shell_change_commands[] = {
    { "rm", " f r R skipTrash safely ", 1, -1, "[-f] [-r|-R] [-skipTrash] [-safely] <src> ...", run_rm },
    { "mkdir", " p ", 1, -1, "[-p] <path> ...", run_mkdir },
    { "rmdir", " -ignore-fail-on-non-empty ", 1, -1, "[--ignore-fail-on-non-empty] <dir> ...", run_rmdir },
    { "touchz", " ", 1, -1, "<path> ...", run_touchz },
    { "chmod", " R ", 2, -1, "[-R] <MODE[,MODE]... | OCTALMODE> PATH...", run_note },
    { "chown", " R ", 2, -1, "[-R] [OWNER][:[GROUP]] PATH...", run_note },
    { "chgrp", " R ", 2, -1, "[-R] GROUP PATH...", run_note },
    { "setrep", " R w ", 2, -1, "[-R] [-w] <rep> <path> ...", run_note },
    { "expunge", " immediate ", 0, 0, "[-immediate]", run_expunge },
    { NULL, NULL, 0, 0, NULL, NULL },
};
