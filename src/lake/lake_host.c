/* lake/lake_host.c -- the host's files as a lake: listing with wildcards, and writes that appear by rename.
 *
 * A write goes to a folder beside its target. An output that replaces or makes a whole folder appears by one rename (two
 * folders exchange their names); one that adds files to a folder that is there appears file by file, each of them whole:
 * more a file system cannot give. */
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "lake/glob.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOST_DEPTH_MAX = 100 };

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define dir_auto __attribute__((cleanup(dir_closep))) DIR

bool lake_host_is(const char *uri)
{
    const char *colon = strstr(uri, "://");
    return str_istarts(uri, "file:") || !colon || memchr(uri, '/', (size_t)(colon - uri));
}

/* --- paths --- */

/* Without ".", "..", double slashes. Absolute in, absolute out. */
static char *normalized(Arena *a, const char *path)
{
    StrList parts = { 0 };
    for (const char *p = path; *p;) {
        const char *end = strchrnul(p, '/');
        size_t n = (size_t)(end - p);
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            if (parts.len)
                parts.len--;
        } else if (n && !(n == 1 && p[0] == '.')) {
            vec_push(a, &parts, arena_strn(a, p, n));
        }
        p = *end ? end + 1 : end;
    }
    str_auto text = STR_INIT(SIZE_MAX);
    for (size_t i = 0; i < parts.len; i++)
        str_addf(&text, "/%s", parts.at[i]);
    return parts.len ? str_arena(&text, a) : arena_str(a, "/");
}

/* The real path of its longest part that exists. */
static char *real_ancestor(Arena *a, const char *path)
{
    for (char *part = arena_str(a, path);;) {
        char *real = realpath(part, NULL);
        if (real) {
            char *copy = arena_str(a, real);
            free(real);
            return copy;
        }
        char *slash = strrchr(part, '/');
        if (!slash || slash == part)
            return arena_str(a, "/");
        *slash = 0;
    }
}

static bool below(const char *path, const char *root)
{
    size_t n = strlen(root);
    while (n && root[n - 1] == '/')
        n--;
    return strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]);
}

Status lake_host_path(Lake *lake, Arena *a, const char *uri, const char **ret_path, Error *err)
{
    const char *path = uri;
    if (str_istarts(uri, "file:")) {
        path += strlen("file:");
        if (str_starts(path, "//")) {
            path += 2;
            if (*path != '/')
                return FAIL(err, ST_INVALID, "'%s' names a host: only this one's files can be read (file:///path)", uri);
        }
    }
    if (!lake->options.host_files)
        return FAIL(err, ST_DENIED, "files of the host cannot be named here: '%s'", uri);
    if (*path != '/')
        path = path_join(a, lake->options.working_dir ? lake->options.working_dir : "/", path);
    char *whole = normalized(a, path);
    if (lake->options.host_root) {
        char *root = realpath(lake->options.host_root, NULL);
        bool inside = root && below(real_ancestor(a, whole), root);
        free(root);
        root = lake->options.warehouse ? realpath(lake->options.warehouse, NULL) : NULL;
        inside = inside || (root && below(real_ancestor(a, whole), root));
        free(root);
        if (!inside)
            return FAIL(err, ST_DENIED, "'%s' is outside of the folder that this step may use", uri);
    }
    *ret_path = whole;
    return ST_OK;
}

/* --- listing --- */

typedef struct Walk {
    Lake *lake;
    Arena *a;
    const char *pattern; /* NULL: everything; else without the slash in front */
    LakeFileList files;
} Walk;

static void walk_file(Walk *w, const char *path, const struct stat *st)
{
    LakeFile file = { .uri = arena_printf(w->a, "file:%s", path), .path = path, .size_bytes = st->st_size,
                      .modified_ms = st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000 };
    vec_push(w->a, &w->files, file);
}

/* Links are followed as Hadoop's local file system does; those that lead out of host_root are refused. */
static Status walk_folder(Walk *w, const char *folder, int depth, Error *err)
{
    if (depth > HOST_DEPTH_MAX)
        return FAIL(err, ST_LIMIT, "'%s' is nested deeper than %d folders", folder, HOST_DEPTH_MAX);
    dir_auto *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? ST_OK : FAIL(err, errno == EACCES ? ST_DENIED : ST_IO, "list '%s': %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        const char *path = path_join(w->a, folder, entry->d_name), *rest = entry->d_name, *checked;
        struct stat st;
        if (stat(path, &st) < 0)
            continue;
        bool matched = !w->pattern || glob_match(w->pattern, path + 1, &rest);
        bool hidden = glob_hidden(matched && *rest ? rest : entry->d_name);
        TRY(lake_host_path(w->lake, w->a, path, &checked, err));
        if (S_ISDIR(st.st_mode) && (!hidden || !matched))
            TRY(walk_folder(w, path, depth + 1, err));
        else if (S_ISREG(st.st_mode) && matched && !hidden)
            walk_file(w, path, &st);
    }
    return ST_OK;
}

static int by_uri(const void *x, const void *y)
{
    return strcmp(((const LakeFile *)x)->uri, ((const LakeFile *)y)->uri);
}

static Status list_one(Walk *w, const char *path, Error *err)
{
    struct stat st;
    w->pattern = NULL;
    if (glob_has_wildcards(path)) {
        w->pattern = path + 1;
        return walk_folder(w, path_join(w->a, "/", glob_fixed_folder(w->a, path + 1)), 0, err);
    }
    path = glob_unescape(w->a, path);
    if (stat(path, &st) < 0)
        return ST_OK;
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, path, 0, err);
    walk_file(w, path, &st);
    return ST_OK;
}

Status lake_host_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err)
{
    const char *path = NULL;
    StrList patterns = { 0 };
    Walk walk = { .lake = lake, .a = a };
    TRY(lake_host_path(lake, a, uri, &path, err));
    if (path_exists(path)) /* a name with brackets in it */
        TRY(list_one(&walk, path, err));
    else
        TRY(glob_expand(a, path, &patterns, err));
    for (size_t i = 0; i < patterns.len; i++)
        TRY(list_one(&walk, patterns.at[i], err));
    if (walk.files.len)
        qsort(walk.files.at, walk.files.len, sizeof *walk.files.at, by_uri);
    size_t kept = 0;
    for (size_t i = 0; i < walk.files.len; i++) {
        if (!kept || strcmp(walk.files.at[kept - 1].uri, walk.files.at[i].uri) != 0)
            walk.files.at[kept++] = walk.files.at[i];
    }
    walk.files.len = kept;
    *ret_files = walk.files;
    return ST_OK;
}

/* --- writing --- */

static const char *parent_of(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? "/" : arena_strn(a, path, (size_t)(slash - path));
}

Status lake_host_stage(Lake *lake, Arena *a, const char *target_uri, const char **ret_id, const char **ret_folder, Error *err)
{
    const char *target = NULL;
    TRY(lake_host_path(lake, a, target_uri, &target, err));
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    const char *folder = arena_printf(a, "%s/.weir-stage-%s", str_eq(target, "/") ? "" : parent_of(a, target), id);
    TRY(dir_make(folder, 0755, err));
    *ret_id = arena_str(a, id);
    *ret_folder = folder;
    return ST_OK;
}

/* The outputs alone, on disk, in a folder of their own beside the stage: what else the writer left stays behind. */
static Status collect(Arena *a, const LakeStage *stage, const LakeOutputList *outputs, bool success_marker, const char **ret_folder,
                      Error *err)
{
    const char *folder = arena_printf(a, "%s/.commit", stage->folder);
    TRY(dir_make(folder, 0755, err));
    for (size_t i = 0; i < outputs->len; i++) {
        TRY(lake_output_check(outputs->at[i].name, err));
        const char *from = path_join(a, stage->folder, outputs->at[i].name), *to = path_join(a, folder, outputs->at[i].name);
        TRY(dir_make(parent_of(a, to), 0755, err));
        fd_auto fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fsync(fd) < 0 || rename(from, to) < 0)
            return FAIL(err, ST_IO, "take the output '%s': %s", from, strerror(errno));
        TRY(dir_sync(parent_of(a, to), err));
    }
    if (success_marker)
        TRY(file_write_durable(path_join(a, folder, "_SUCCESS"), "", 0, 0644, err));
    *ret_folder = folder;
    return ST_OK;
}

/* `folder` takes the place of `target`; what was there goes into `old`. */
static Status swap_in(Arena *a, const char *folder, const char *target, const char *old, Error *err)
{
    TRY(dir_make(parent_of(a, target), 0755, err));
    struct stat st;
    bool there = lstat(target, &st) == 0;
    if (there && renameat2(AT_FDCWD, folder, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
        return rename(folder, old) == 0 ? dir_sync(parent_of(a, target), err)
                                        : FAIL(err, ST_IO, "move '%s' away: %s", folder, strerror(errno));
    if (there && rename(target, old) < 0) /* a file system that cannot exchange: gone for a moment */
        return FAIL(err, ST_IO, "move '%s' away: %s", target, strerror(errno));
    if (rename(folder, target) < 0)
        return FAIL(err, ST_IO, "rename '%s' to '%s': %s", folder, target, strerror(errno));
    return dir_sync(parent_of(a, target), err);
}

/* File by file into a folder that is there. */
static Status merge_in(Arena *a, const char *folder, const char *target, const LakeOutputList *outputs, bool success_marker, Error *err)
{
    for (size_t i = 0; i <= outputs->len; i++) {
        if (i == outputs->len && !success_marker)
            break;
        const char *name = i < outputs->len ? outputs->at[i].name : "_SUCCESS"; /* last: it says that all are there */
        const char *from = path_join(a, folder, name), *to = path_join(a, target, name);
        TRY(dir_make(parent_of(a, to), 0755, err));
        if (rename(from, to) < 0)
            return FAIL(err, ST_IO, "rename '%s' to '%s': %s", from, to, strerror(errno));
        TRY(dir_sync(parent_of(a, to), err));
    }
    return ST_OK;
}

static Status swap_partitions(Arena *a, const LakeStage *stage, const char *folder, const char *target,
                              const LakeOutputList *outputs, Error *err)
{
    Map partitions = { 0 };
    for (size_t i = 0; i < outputs->len; i++) {
        const char *slash = strrchr(outputs->at[i].name, '/');
        const char *name = slash ? arena_strn(a, outputs->at[i].name, (size_t)(slash - outputs->at[i].name)) : "";
        if (!*name)
            return swap_in(a, folder, target, arena_printf(a, "%s/.old", stage->folder), err);
        map_set(a, &partitions, name, a);
    }
    for (size_t i = 0; i < partitions.len; i++) {
        const char *name = partitions.at[i].key;
        TRY(swap_in(a, path_join(a, folder, name), path_join(a, target, name), arena_printf(a, "%s/.old-%zu", stage->folder, i),
                    err));
    }
    return ST_OK;
}

Status lake_host_commit(Lake *lake, const LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                        Error *err)
{
    arena_auto *a = arena_new();
    const char *target = NULL, *folder = NULL;
    TRY(lake_host_path(lake, a, stage->target, &target, err));
    if (how == LAKE_CREATE && path_exists(target))
        return lake_fail_exists(err, stage->target);
    TRY(collect(a, stage, outputs, success_marker, &folder, err));
    if (how == LAKE_OVERWRITE || !path_exists(target)) {
        TRY(swap_in(a, folder, target, arena_printf(a, "%s/.old", stage->folder), err));
    } else if (how == LAKE_OVERWRITE_PARTITIONS) {
        TRY(swap_partitions(a, stage, folder, target, outputs, err));
        if (success_marker && path_exists(path_join(a, folder, "_SUCCESS")))
            TRY(merge_in(a, folder, target, &(LakeOutputList){ 0 }, true, err));
    } else {
        TRY(merge_in(a, folder, target, outputs, success_marker, err));
    }
    return tree_remove(stage->folder, err);
}

Status lake_host_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    const char *path = NULL;
    TRY(lake_host_path(lake, a, uri, &path, err));
    TRY(dir_make(parent_of(a, path), 0755, err));
    return file_write_durable(path, bytes, length, 0644, err);
}
