/* hadoop/copy.c -- see copy.h. */
#include "hadoop/copy.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <unistd.h>

enum { COPY_DEPTH_MAX = 100 };

static Status below(Shell *s, const char *uri, const char *prefix, CopyList *list, int depth, Error *err)
{
    LakeEntryList entries;
    if (depth > COPY_DEPTH_MAX)
        return FAIL(err, ST_LIMIT, "%s is nested deeper than %d folders", uri, COPY_DEPTH_MAX);
    TRY(lake_entries(s->fs.lake, s->arena, uri, &entries, err));
    for (size_t i = 0; i < entries.len; i++) {
        const LakeEntry *e = &entries.at[i];
        CopyFile file = { .name = *prefix ? path_join(s->arena, prefix, e->name) : e->name };
        if (e->folder) {
            TRY(below(s, e->file.uri, file.name, list, depth + 1, err));
            continue;
        }
        vec_push(s->arena, &file.parts, e->file);
        vec_push(s->arena, list, file);
    }
    return ST_OK;
}

Status copy_gather(Shell *s, const char *uri, CopyList *ret_list, Error *err)
{
    LakeEntry e = { 0 };
    bool found = false;
    CopyList list = { 0 };
    TRY(fs_stat(&s->fs, s->arena, uri, &found, &e, err));
    if (!found)
        return FAIL(err, ST_NOT_FOUND, "%s doesn't exist", uri);
    if (e.folder) {
        TRY(below(s, uri, "", &list, 0, err));
    } else {
        CopyFile file = { .name = e.name };
        vec_push(s->arena, &file.parts, e.file);
        vec_push(s->arena, &list, file);
    }
    *ret_list = list;
    return ST_OK;
}

static Status to_stream(void *stream, const void *bytes, size_t length, Error *err)
{
    return fwrite(bytes, 1, length, stream) == length ? ST_OK : FAIL(err, ST_IO, "write a copy: %s", strerror(errno));
}

typedef struct Packing {
    Transcoder *pack;
} Packing;

static ssize_t packing_write(void *self, const char *bytes, size_t length)
{
    return transcoder_add(((Packing *)self)->pack, bytes, length, NULL) == ST_OK ? (ssize_t)length : -1;
}

static Status write_packed(Shell *s, const CopyFile *file, FILE *out, Error *err)
{
    transcoder_auto *pack = NULL;
    TRY(pack_new(file->codec, (Bytes){ to_stream, out }, &pack, err));
    Packing packing = { pack };
    file_auto *through = fopencookie(&packing, "w", (cookie_io_functions_t){ .write = packing_write });
    if (!through)
        return FAIL(err, ST_IO, "write a copy: %s", strerror(errno));
    for (size_t i = 0; i < file->parts.len; i++)
        TRY(shell_send(s, &file->parts.at[i], true, through, err));
    if (file->text && fwrite(file->text, 1, file->text_len, through) != file->text_len)
        return FAIL(err, ST_IO, "pack '%s': %s", file->name, strerror(errno));
    if (fflush(through) != 0)
        return FAIL(err, ST_IO, "pack '%s': %s", file->name, strerror(errno));
    return transcoder_end(pack, err);
}

static Status write_file(Shell *s, const CopyFile *file, const char *path, Error *err)
{
    TRY(dir_make(arena_strn(s->arena, path, (size_t)(strrchr(path, '/') - path)), 0755, err));
    file_auto *out = fopen(path, "wbe");
    if (!out)
        return FAIL(err, ST_IO, "make '%s': %s", path, strerror(errno));
    if (file->recode)
        TRY(write_packed(s, file, out, err));
    for (size_t i = 0; !file->recode && i < file->parts.len; i++)
        TRY(shell_send(s, &file->parts.at[i], false, out, err));
    return fflush(out) == 0 ? ST_OK : FAIL(err, ST_IO, "write '%s': %s", path, strerror(errno));
}

Status copy_all(Shell *s, const CopyList *list, const char *target, Error *err)
{
    arena_auto *a = arena_new();
    LakeStage *stage = NULL;
    LakeOutputList outputs = { 0 };
    if (!list->len)
        return ST_OK;
    TRY(lake_stage(s->fs.lake, a, target, &stage, err));
    Status status = ST_OK;
    for (size_t i = 0; i < list->len && status == ST_OK; i++) {
        status = write_file(s, &list->at[i], path_join(a, stage->folder, list->at[i].name), err);
        vec_push(a, &outputs, (LakeOutput){ list->at[i].name, -1 });
    }
    if (status == ST_OK)
        status = lake_commit(s->fs.lake, stage, LAKE_APPEND, &outputs, false, err);
    if (status != ST_OK)
        lake_abort(s->fs.lake, stage);
    return status;
}
