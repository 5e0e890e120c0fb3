/* lake/objects.c -- the folders of the object store: ids and paths, placing files, sweeping what is dead.
 *
 * Each process has a folder of its own in tmp/ and holds a lock on it; a folder whose lock is free belongs to a dead one. */
#include "lake/objects.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "lake/objects_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define dir_auto __attribute__((cleanup(dir_closep))) DIR

Status object_fail(Error *err, Status status, int http, const char *code, const char *format, ...)
{
    if (!err)
        return status;
    arena_auto *a = arena_new();
    va_list args;
    va_start(args, format);
    char *message = arena_vprintf(a, format, args);
    va_end(args);
    error_set_code(err, status, code, "%s", message);
    err->http = http;
    return status;
}

Status object_fail_bucket(Error *err, const char *bucket)
{
    object_fail(err, ST_NOT_FOUND, 404, "NoSuchBucket", "The specified bucket does not exist");
    error_param(err, "BucketName", bucket);
    return ST_NOT_FOUND;
}

void objects_new_id(char ret_id[OBJECTS_ID_BYTES])
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        abort();
    hex_encode(bytes, sizeof bytes, ret_id);
}

Store *objects_store(Objects *objects)
{
    return objects->store;
}

const char *objects_home(const Objects *objects)
{
    return objects->home;
}

char *object_path(Objects *objects, Arena *a, const char *file)
{
    return arena_printf(a, "%s/lake/objects/%.2s/%s", objects->home, file, file);
}

char *objects_tmp_path(Objects *objects, Arena *a, const char *file)
{
    return arena_printf(a, "%s/%s", objects->tmp, file);
}

Status objects_link(Objects *objects, const char *file, Error *err)
{
    arena_auto *a = arena_new();
    const char *from = objects_tmp_path(objects, a, file), *to = object_path(objects, a, file);
    if (link(from, to) == 0)
        return ST_OK;
    if (errno == ENOENT) { /* somebody removed the empty folder */
        const char *folder = arena_strn(a, to, (size_t)(strrchr(to, '/') - to));
        TRY(dir_make(folder, 0700, err));
        TRY(dir_sync(arena_printf(a, "%s/lake/objects", objects->home), err));
        if (link(from, to) == 0)
            return ST_OK;
    }
    return FAIL(err, ST_IO, "link '%s' to '%s': %s", from, to, strerror(errno));
}

Status objects_link_sync(Objects *objects, const char *file, Error *err)
{
    arena_auto *a = arena_new();
    return dir_sync(arena_printf(a, "%s/lake/objects/%.2s", objects->home, file), err);
}

Status objects_place(Objects *objects, Arena *a, const char *path, const char **ret_file, Error *err)
{
    char id[OBJECTS_ID_BYTES];
    objects_new_id(id);
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return FAIL(err, ST_IO, "open '%s': %s", path, fd < 0 ? strerror(errno) : "not a plain file");
    if (link(path, objects_tmp_path(objects, a, id)) < 0)
        return FAIL(err, ST_IO, "link '%s': %s", path, strerror(errno));
    Status status = objects_link(objects, id, err);
    if (status == ST_OK && (fchmod(fd, 0400) < 0 || fsync(fd) < 0))
        status = FAIL(err, ST_IO, "sync '%s': %s", path, strerror(errno));
    if (status == ST_OK)
        status = objects_link_sync(objects, id, err);
    if (status != ST_OK) {
        objects_settle(objects, id);
        return status;
    }
    *ret_file = arena_str(a, id);
    return ST_OK;
}

Status object_file_held(Db *db, const char *file, bool *ret_held, Error *err)
{
    int64_t held;
    TRY(db_get_int(db, &held, err,
                   "SELECT EXISTS(SELECT 1 FROM s3_object WHERE file=?1) OR EXISTS(SELECT 1 FROM s3_part WHERE file=?1)"
                   " OR EXISTS(SELECT 1 FROM s3_garbage WHERE file=?1)", "s", file));
    *ret_held = held != 0;
    return ST_OK;
}

/* Unlinks objects/xx/id unless a row has it, then the name at `tmp_path`. When the store cannot be asked both stay, and the
 * next sweep asks again. */
static void settle_at(Objects *objects, const char *file, const char *tmp_path)
{
    db_auto *db = NULL;
    bool held;
    if (store_borrow(objects->store, &db, NULL) != ST_OK || object_file_held(db, file, &held, NULL) != ST_OK)
        return;
    arena_auto *a = arena_new();
    if (!held)
        unlink(object_path(objects, a, file));
    unlink(tmp_path);
}

void objects_settle(Objects *objects, const char *file)
{
    arena_auto *a = arena_new();
    settle_at(objects, file, objects_tmp_path(objects, a, file));
}

/* --- opening --- */

/* Locks a folder by an open descriptor; -1 when another process holds it or it is gone. */
static int folder_lock(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat mine, there;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &mine) == 0 && stat(path, &there) == 0 &&
        mine.st_ino == there.st_ino)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A sweep of another process may remove the folder between mkdir and lock: try anew then. */
static Status own_folder(Objects *objects, Error *err)
{
    arena_auto *a = arena_new();
    for (int attempt = 0; attempt < 10; attempt++) {
        char id[OBJECTS_ID_BYTES];
        objects_new_id(id);
        const char *path = arena_printf(a, "%s/lake/tmp/%s", objects->home, id);
        TRY(dir_make(path, 0700, err));
        objects->tmp_lock = folder_lock(path);
        if (objects->tmp_lock >= 0) {
            objects->tmp = strdup(path);
            if (!objects->tmp)
                abort();
            return ST_OK;
        }
    }
    return FAIL(err, ST_IO, "lock a folder in '%s/lake/tmp'", objects->home);
}

/* All 256 at the first start: a PUT then need not. The last one made says that all are. */
static Status object_folders(const char *home, Error *err)
{
    arena_auto *a = arena_new();
    if (path_exists(path_join(a, home, "lake/objects/ff")))
        return ST_OK;
    for (unsigned i = 0; i < 256; i++)
        TRY(dir_make(arena_printf(a, "%s/lake/objects/%02x", home, i), 0700, err));
    return dir_sync(path_join(a, home, "lake/objects"), err);
}

Status objects_open(const char *home, Store *store, Objects **ret_objects, Error *err)
{
    arena_auto *a = arena_new();
    TRY(object_folders(home, err));
    TRY(dir_make(path_join(a, home, "lake/tmp"), 0700, err));
    TRY(dir_make(path_join(a, home, "lake/stage"), 0700, err));
    objects_auto *objects = calloc(1, sizeof *objects);
    char *whole = realpath(home, NULL); /* drivers open these paths from other folders */
    if (!objects || !whole)
        abort();
    objects->home = whole;
    objects->store = store;
    objects->tmp_lock = -1;
    TRY(own_folder(objects, err));
    TRY(objects_sweep_tmp(objects, err));
    *ret_objects = objects;
    objects = NULL;
    return ST_OK;
}

void objects_close(Objects *objects)
{
    if (!objects)
        return;
    if (objects->tmp)
        rmdir(objects->tmp); /* fails when a spool is still there: the next process sweeps it */
    if (objects->tmp_lock >= 0)
        close(objects->tmp_lock);
    free(objects->tmp);
    free(objects->home);
    free(objects);
}

void objects_closep(Objects **objects)
{
    objects_close(*objects);
}

/* --- sweeping --- */

static void sweep_tmp_folder(Objects *objects, const char *path)
{
    fd_auto lock = folder_lock(path);
    dir_auto *dir = lock >= 0 ? opendir(path) : NULL;
    if (!dir)
        return;
    arena_auto *a = arena_new();
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.')
            settle_at(objects, entry->d_name, path_join(a, path, entry->d_name));
    }
    rmdir(path);
}

Status objects_sweep_tmp(Objects *objects, Error *err)
{
    arena_auto *a = arena_new();
    const char *path = path_join(a, objects->home, "lake/tmp");
    dir_auto *dir = opendir(path);
    if (!dir)
        return FAIL(err, ST_IO, "list '%s': %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.')
            sweep_tmp_folder(objects, path_join(a, path, entry->d_name)); /* our own is locked */
    }
    return ST_OK;
}

/* The rows go after their files: a crash in between unlinks a file twice, never leaks one. */
static Status sweep_garbage(Objects *objects, int64_t before_ms, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    TRY(store_borrow(objects->store, &db, err));
    for (;;) {
        StrList files = { 0 };
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT file FROM s3_garbage WHERE since_ms<=? ORDER BY since_ms LIMIT 500", "i", before_ms));
        while (row_next(row))
            vec_push(a, &files, row_str_in(row, a, 0));
        TRY(row_status(row, err));
        if (!files.len)
            return ST_OK;
        for (size_t i = 0; i < files.len; i++) {
            if (unlink(object_path(objects, a, files.at[i])) < 0 && errno != ENOENT)
                return FAIL(err, ST_IO, "unlink object file %s: %s", files.at[i], strerror(errno));
        }
        TRY(db_begin(db, err));
        for (size_t i = 0; i < files.len; i++)
            TRY(db_exec(db, err, "DELETE FROM s3_garbage WHERE file=?", "s", files.at[i]));
        TRY(db_commit(db, err));
    }
}

/* A stage's writer holds a lock on its folder while it lives. */
static Status sweep_stage(Objects *objects, Db *db, const char *id, int64_t before_ms, Error *err)
{
    arena_auto *a = arena_new();
    const char *path = arena_printf(a, "%s/lake/stage/%s", objects->home, id);
    struct stat st;
    if (stat(path, &st) < 0 || st.st_ctim.tv_sec * 1000 > before_ms)
        return ST_OK;
    fd_auto lock = folder_lock(path);
    if (lock < 0)
        return ST_OK;
    TRY(db_exec(db, err, "DELETE FROM lake_stage WHERE id=? AND committed_ms IS NULL", "s", id));
    return tree_remove(path, err);
}

static Status sweep_stages(Objects *objects, int64_t before_ms, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    TRY(store_borrow(objects->store, &db, err));
    const char *path = path_join(a, objects->home, "lake/stage");
    dir_auto *dir = opendir(path);
    if (!dir)
        return FAIL(err, ST_IO, "list '%s': %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.')
            TRY(sweep_stage(objects, db, entry->d_name, before_ms, err));
    }
    int64_t old_ms = clock_ms() - OBJECTS_STAGE_KEEP_MS;
    TRY(db_exec(db, err, "DELETE FROM s3_upload WHERE state='done' AND started_ms<?", "i", old_ms));
    return db_exec(db, err, "DELETE FROM lake_stage WHERE committed_ms<?", "i", old_ms);
}

Status objects_sweep(Objects *objects, int64_t grace_ms, Error *err)
{
    int64_t before_ms = clock_ms() - grace_ms;
    TRY(objects_sweep_tmp(objects, err));
    TRY(sweep_stages(objects, before_ms, err));
    return sweep_garbage(objects, before_ms, err);
}
