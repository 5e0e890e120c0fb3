/* lake/lake_host_shell.c -- the host's files as a shell sees them: entries of folders, new folders, renames and copies. */
#include "base/file.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_DEPTH_MAX = 100 };

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define dir_auto __attribute__((cleanup(dir_closep))) DIR

static bool entry_of(Arena *a, const char *path, LakeEntry *ret_entry)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return false;
    bool folder = S_ISDIR(st.st_mode);
    *ret_entry = (LakeEntry){ .name = lake_name_of(a, path), .folder = folder,
                              .file = { .uri = arena_printf(a, "file:%s", path), .path = folder ? NULL : arena_str(a, path),
                                        .size_bytes = folder ? 0 : st.st_size,
                                        .modified_ms = st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 } };
    return true;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const LakeEntry *)x)->name, ((const LakeEntry *)y)->name);
}

Status lake_host_entries(Lake *lake, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err)
{
    const char *path = NULL;
    LakeEntryList entries = { 0 };
    LakeEntry entry;
    TRY(lake_host_path(lake, a, uri, &path, err));
    if (itself) {
        if (entry_of(a, path, &entry))
            vec_push(a, &entries, entry);
        *ret_entries = entries;
        return ST_OK;
    }
    dir_auto *dir = opendir(path);
    if (!dir && errno != ENOENT)
        return FAIL(err, errno == EACCES ? ST_DENIED : ST_IO, "list '%s': %s", path, strerror(errno));
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, "..") && entry_of(a, path_join(a, path, d->d_name), &entry))
            vec_push(a, &entries, entry);
    if (entries.len)
        qsort(entries.at, entries.len, sizeof *entries.at, by_name);
    *ret_entries = entries;
    return ST_OK;
}

Status lake_host_make_folder(Lake *lake, const char *uri, Error *err)
{
    arena_auto *a = arena_new();
    const char *path = NULL;
    TRY(lake_host_path(lake, a, uri, &path, err));
    return dir_make(path, 0755, err);
}

/* Into a name of its own first: whole or not at all. */
static Status copy_one(Lake *lake, Arena *a, const LakeEntry *from, const char *to, Error *err)
{
    lake_reader_auto *reader = NULL;
    TRY(lake_open(lake, &from->file, &reader, err));
    fd_auto out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    (void)a;
    return out < 0 ? FAIL(err, ST_IO, "make '%s': %s", to, strerror(errno)) : lake_reader_copy(reader, out, err);
}

static Status copy_tree(Lake *lake, Arena *a, const LakeEntry *from, const char *to, int depth, Error *err)
{
    if (!from->folder)
        return copy_one(lake, a, from, to, err);
    if (depth > COPY_DEPTH_MAX)
        return FAIL(err, ST_LIMIT, "'%s' is nested deeper than %d folders", to, COPY_DEPTH_MAX);
    LakeEntryList entries;
    TRY(lake_host_entries(lake, a, from->file.uri, false, &entries, err));
    TRY(dir_make(to, 0755, err));
    for (size_t i = 0; i < entries.len; i++)
        TRY(copy_tree(lake, a, &entries.at[i], path_join(a, to, entries.at[i].name), depth + 1, err));
    return ST_OK;
}

Status lake_host_link(Lake *lake, const char *from, const char *to, bool move, Error *err)
{
    arena_auto *a = arena_new();
    const char *old = NULL, *new = NULL;
    TRY(lake_host_path(lake, a, from, &old, err));
    TRY(lake_host_path(lake, a, to, &new, err));
    LakeEntry entry;
    if (!entry_of(a, old, &entry))
        return lake_fail_path(err, from);
    if (str_starts(new, old) && (new[strlen(old)] == '/' || !new[strlen(old)]))
        return FAIL(err, ST_INVALID, "'%s' cannot become '%s'", from, to);
    if (path_exists(new))
        return lake_fail_exists(err, to);
    if (move && rename(old, new) == 0)
        return ST_OK;
    if (move && errno != EXDEV)
        return FAIL(err, ST_IO, "rename '%s' to '%s': %s", old, new, strerror(errno));
    const char *aside = arena_printf(a, "%s._COPYING_", new);
    Status status = copy_tree(lake, a, &entry, aside, 0, err);
    if (status == ST_OK && rename(aside, new) < 0)
        status = FAIL(err, ST_IO, "rename '%s' to '%s': %s", aside, new, strerror(errno));
    if (status != ST_OK)
        (void)tree_remove(aside, NULL);
    return status == ST_OK && move ? tree_remove(old, err) : status;
}
