/* lake/lake.c -- lake.h: the scheme chooses the place; the home's own object store as one of them. */
#include "lake/lake.h"

#include "base/file.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the home's store --- */

static Status home_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err)
{
    return lake_objects_list(lake->objects, a, uri, SIZE_MAX, ret_files, err);
}

static Status home_exists(Lake *lake, const char *uri, bool *ret_exists, Error *err)
{
    return lake_objects_exists(lake->objects, uri, ret_exists, err);
}

static Status home_stage(Lake *lake, Arena *a, const char *target_uri, const char **ret_id, const char **ret_folder, Error *err)
{
    return lake_objects_stage(lake->objects, a, target_uri, "home", lake->options.run, ret_id, ret_folder, err);
}

static Status home_commit(Lake *lake, const LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                          Error *err)
{
    return lake_objects_commit(lake->objects, stage->id, how, outputs, success_marker, err);
}

static Status home_abort(Lake *lake, const char *id, Error *err)
{
    return lake_objects_abort(lake->objects, id, err);
}

static Status home_remove(Lake *lake, const char *uri, Error *err)
{
    return lake_objects_remove(lake->objects, uri, err);
}

static Status home_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err)
{
    return lake_objects_put(lake->objects, uri, bytes, length, lake->options.run, err);
}

static Status home_entries(Lake *lake, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err)
{
    return lake_objects_entries(lake->objects, a, uri, itself, ret_entries, err);
}

static Status home_link(Lake *lake, const char *from, const char *to, bool move, Error *err)
{
    return lake_objects_link(lake->objects, from, to, move, lake->options.run, err);
}

static const LakeStore lake_store_home = { home_list, home_exists, home_stage, home_commit, home_abort, home_remove, home_put,
                                           home_entries, home_link, NULL, NULL };

/* --- opening --- */

Lake *lake_new(const LakeOptions *options)
{
    Lake *lake = calloc(1, sizeof *lake);
    if (!lake)
        abort();
    lake->arena = arena_new();
    lake->options = (LakeOptions){
        .host_files = options->host_files, .host_root = arena_str(lake->arena, options->host_root),
        .working_dir = arena_str(lake->arena, options->working_dir), .run = arena_str(lake->arena, options->run), .warehouse = arena_str(lake->arena, options->warehouse),
    };
    return lake;
}

Status lake_open_home(const char *home, const LakeOptions *options, Lake **ret_lake, Error *err)
{
    lake_auto *lake = lake_new(options);
    lake->store = &lake_store_home;
    TRY(store_open(home, &lake->db, err));
    TRY(objects_open(home, lake->db, &lake->objects, err));
    (void)objects_sweep(lake->objects, OBJECTS_GRACE_MS, NULL); /* nobody else does where no server runs; next time then */
    *ret_lake = lake;
    lake = NULL;
    return ST_OK;
}

void lake_close(Lake *lake)
{
    if (!lake)
        return;
    objects_close(lake->objects);
    store_close(lake->db);
    arena_free(lake->arena);
    free(lake);
}

void lake_closep(Lake **lake)
{
    lake_close(*lake);
}

/* --- reading --- */

static Status fail_scheme(const char *uri, Error *err)
{
    return FAIL(err, ST_UNSUPPORTED, "No FileSystem for scheme of '%s': s3, s3a, s3n, hdfs and file are known", uri);
}

Status lake_list(Lake *lake, Arena *a, const char *uri, LakeFileList *ret_files, Error *err)
{
    LakeFileList files = { 0 };
    if (lake_uri_is_s3(uri))
        TRY(lake->store->list(lake, a, uri, &files, err));
    else if (lake_host_is(uri))
        TRY(lake_host_list(lake, a, uri, &files, err));
    else
        return fail_scheme(uri, err);
    if (!files.len) { /* nothing to see; is there nothing at all? */
        bool exists = false;
        TRY(lake_exists(lake, uri, &exists, err));
        if (!exists)
            return lake_fail_path(err, uri);
    }
    *ret_files = files;
    return ST_OK;
}

Status lake_exists(Lake *lake, const char *uri, bool *ret_exists, Error *err)
{
    if (lake_uri_is_s3(uri))
        return lake->store->exists(lake, uri, ret_exists, err);
    if (!lake_host_is(uri))
        return fail_scheme(uri, err);
    arena_auto *a = arena_new();
    const char *path = NULL;
    TRY(lake_host_path(lake, a, uri, &path, err));
    *ret_exists = path_exists(path);
    return ST_OK;
}

/* The one file that a URI names. */
static Status one_file(Lake *lake, Arena *a, const char *uri, LakeFile *ret_file, Error *err)
{
    LakeFileList files;
    TRY(lake_list(lake, a, uri, &files, err));
    if (files.len != 1 || !str_eq(strrchr(files.at[0].uri, '/'), strrchr(uri, '/')))
        return files.len ? FAIL(err, ST_INVALID, "'%s' is a folder, not one file", uri) : lake_fail_path(err, uri);
    *ret_file = files.at[0];
    return ST_OK;
}

Status lake_read(Lake *lake, Arena *a, const char *uri, size_t max_bytes, char **ret_bytes, size_t *ret_length, Error *err)
{
    LakeFile file;
    TRY(one_file(lake, a, uri, &file, err));
    if (file.size_bytes < 0 || (size_t)file.size_bytes > max_bytes)
        return FAIL(err, ST_LIMIT, "'%s' is larger than %zu bytes", uri, max_bytes);
    lake_reader_auto *reader = NULL;
    TRY(lake_open(lake, &file, &reader, err));
    size_t length = 0;
    char *bytes = arena_alloc(a, (size_t)file.size_bytes + 1);
    TRY(lake_reader_read(reader, 0, bytes, (size_t)file.size_bytes, &length, err));
    *ret_bytes = bytes;
    if (ret_length)
        *ret_length = length;
    return ST_OK;
}

/* Appears under its name when it is whole. */
static Status copy_file(Lake *lake, Arena *a, const LakeFile *from, const char *to, Error *err)
{
    lake_reader_auto *in = NULL;
    TRY(lake_open(lake, from, &in, err));
    char *temporary = arena_printf(a, "%s.tmp.XXXXXX", to);
    fd_auto out = mkostemp(temporary, O_CLOEXEC);
    if (out < 0)
        return FAIL(err, ST_IO, "copy '%s' to '%s': %s", from->uri, to, strerror(errno));
    Status status = lake_reader_copy(in, out, err);
    if (status == ST_OK && (fchmod(out, 0600) < 0 || rename(temporary, to) < 0))
        status = FAIL(err, ST_IO, "copy '%s' to '%s': %s", from->uri, to, strerror(errno));
    if (status != ST_OK)
        unlink(temporary);
    return status;
}

Status lake_fetch(Lake *lake, const char *uri, const char *to_path, Error *err)
{
    arena_auto *a = arena_new();
    LakeFile file;
    TRY(one_file(lake, a, uri, &file, err));
    return copy_file(lake, a, &file, to_path, err);
}

/* --- writing --- */

static void stage_unlock(void *stage)
{
    StageState *state = stage;
    if (state->lock >= 0)
        close(state->lock);
    state->lock = -1;
}

/* The server's folder is not for this process: one of our own; the server's comes with the commit. */
static Status stage_here(Lake *lake, Arena *a, StageState *state, LakeStage **ret_stage, Error *err)
{
    (void)lake->store->abort(lake, state->stage.id, NULL);
    const char *folder = path_join(a, lake->options.working_dir ? lake->options.working_dir : "/tmp",
                                   arena_printf(a, ".weir-stage-%s", state->stage.id));
    TRY(dir_make(folder, 0700, err));
    state->stage.folder = folder;
    state->remote = true;
    *ret_stage = &state->stage;
    return ST_OK;
}

static Status commit_remote(Lake *lake, StageState *state, LakeCommit how, const LakeOutputList *outputs, bool success_marker,
                            Error *err)
{
    arena_auto *a = arena_new();
    LakeStage there = { .target = state->stage.target };
    TRY(lake->store->stage(lake, a, there.target, &there.id, &there.folder, err));
    Status status = ST_OK;
    for (size_t i = 0; i < outputs->len && status == ST_OK; i++) {
        const char *name = outputs->at[i].name;
        status = lake_output_check(name, err);
        if (status == ST_OK)
            status = lake->store->send(lake, there.id, path_join(a, state->stage.folder, name), name, err);
    }
    if (status == ST_OK)
        status = lake->store->commit(lake, &there, how, outputs, success_marker, err);
    if (status != ST_OK)
        (void)lake->store->abort(lake, there.id, NULL);
    else
        (void)tree_remove(state->stage.folder, NULL);
    return status;
}

Status lake_stage(Lake *lake, Arena *a, const char *target_uri, LakeStage **ret_stage, Error *err)
{
    StageState *state = ARENA_NEW(a, StageState);
    state->lock = -1;
    state->stage.target = arena_str(a, target_uri);
    state->host = lake_host_is(target_uri);
    if (state->host)
        TRY(lake_host_stage(lake, a, target_uri, &state->stage.id, &state->stage.folder, err));
    else if (lake_uri_is_s3(target_uri))
        TRY(lake->store->stage(lake, a, target_uri, &state->stage.id, &state->stage.folder, err));
    else
        return fail_scheme(target_uri, err);
    state->lock = open(state->stage.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->lock < 0 && !state->host && lake->store->send)
        return stage_here(lake, a, state, ret_stage, err);
    if (state->lock < 0 || flock(state->lock, LOCK_SH) < 0) {
        stage_unlock(state);
        return FAIL(err, ST_IO, "lock the stage '%s': %s", state->stage.folder, strerror(errno));
    }
    arena_defer(a, stage_unlock, state);
    *ret_stage = &state->stage;
    return ST_OK;
}

Status lake_commit(Lake *lake, LakeStage *stage, LakeCommit how, const LakeOutputList *outputs, bool success_marker, Error *err)
{
    StageState *state = (StageState *)stage;
    if (state->host)
        TRY(lake_host_commit(lake, stage, how, outputs, success_marker, err));
    else if (state->remote)
        TRY(commit_remote(lake, state, how, outputs, success_marker, err));
    else
        TRY(lake->store->commit(lake, stage, how, outputs, success_marker, err));
    stage_unlock(state);
    return ST_OK;
}

void lake_abort(Lake *lake, LakeStage *stage)
{
    StageState *state = (StageState *)stage;
    if (state->host || state->remote)
        (void)tree_remove(stage->folder, NULL);
    else
        (void)lake->store->abort(lake, stage->id, NULL);
    stage_unlock(state);
}

Status lake_remove(Lake *lake, const char *uri, Error *err)
{
    if (lake_uri_is_s3(uri))
        return lake->store->remove(lake, uri, err);
    if (!lake_host_is(uri))
        return fail_scheme(uri, err);
    arena_auto *a = arena_new();
    const char *path = NULL;
    TRY(lake_host_path(lake, a, uri, &path, err));
    return tree_remove(path, err);
}

Status lake_put(Lake *lake, const char *uri, const void *bytes, size_t length, Error *err)
{
    if (lake_uri_is_s3(uri))
        return lake->store->put(lake, uri, bytes, length, err);
    return lake_host_is(uri) ? lake_host_put(lake, uri, bytes, length, err) : fail_scheme(uri, err);
}

/* --- what a shell does --- */

Status lake_entries(Lake *lake, Arena *a, const char *uri, LakeEntryList *ret_entries, Error *err)
{
    if (lake_uri_is_s3(uri))
        return lake->store->entries(lake, a, uri, false, ret_entries, err);
    return lake_host_is(uri) ? lake_host_entries(lake, a, uri, false, ret_entries, err) : fail_scheme(uri, err);
}

Status lake_stat(Lake *lake, Arena *a, const char *uri, bool *ret_found, LakeEntry *ret_entry, Error *err)
{
    LakeEntryList entries = { 0 };
    if (lake_uri_is_s3(uri))
        TRY(lake->store->entries(lake, a, uri, true, &entries, err));
    else if (lake_host_is(uri))
        TRY(lake_host_entries(lake, a, uri, true, &entries, err));
    else
        return fail_scheme(uri, err);
    *ret_found = entries.len > 0;
    if (entries.len)
        *ret_entry = entries.at[0];
    return ST_OK;
}

Status lake_make_folder(Lake *lake, const char *uri, Error *err)
{
    if (!lake_uri_is_s3(uri))
        return lake_host_is(uri) ? lake_host_make_folder(lake, uri, err) : fail_scheme(uri, err);
    arena_auto *a = arena_new();
    const char *scheme = NULL, *bucket = NULL, *path = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &path, err));
    if (!*path)
        return ST_OK;
    return lake->store->put(lake, str_ends(uri, "/") ? uri : arena_printf(a, "%s/", uri), "", 0, err);
}

Status lake_link(Lake *lake, const char *from, const char *to, bool move, Error *err)
{
    if (lake_uri_is_s3(from) && lake_uri_is_s3(to))
        return lake->store->link(lake, from, to, move, err);
    if (lake_host_is(from) && lake_host_is(to))
        return lake_host_link(lake, from, to, move, err);
    return FAIL(err, ST_UNSUPPORTED, "'%s' and '%s' are not in one file system", from, to);
}
