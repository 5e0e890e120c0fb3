/* hadoop/shell_copy.c -- the shell's commands that read bytes and make files: cat, text, tail, head, put, get, getmerge, cp, mv. */
#include "base/file.h"
#include "base/str.h"
#include "hadoop/codec.h"
#include "hadoop/shell.h"
#include "lake/glob.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 20, END_BYTES = 1024, COPY_DEPTH_MAX = 100, TAIL_SLEEP_MS = 5000 };

/* --- bytes to a stream --- */

static Status to_stream(void *stream, const void *bytes, size_t length, Error *err)
{
    return fwrite(bytes, 1, length, stream) == length ? ST_OK : FAIL(err, ST_IO, "Unable to write to output stream.");
}

static Status send_range(Shell *s, const LakeFile *file, int64_t from, int64_t length, Transcoder *through, Error *err)
{
    lake_reader_auto *reader = NULL;
    arena_auto *a = arena_new();
    char *block = arena_alloc(a, BLOCK_BYTES);
    TRY(lake_open(s->fs.lake, file, &reader, err));
    while (length > 0) {
        size_t n = 0;
        TRY(lake_reader_read(reader, from, block, length < BLOCK_BYTES ? (size_t)length : BLOCK_BYTES, &n, err));
        if (!n)
            break;
        TRY(transcoder_add(through, block, n, err));
        from += (int64_t)n;
        length -= (int64_t)n;
    }
    return transcoder_end(through, err);
}

Status shell_send(Shell *s, const LakeFile *file, bool unpack, FILE *to, Error *err)
{
    Codec codec = CODEC_NONE;
    transcoder_auto *through = NULL;
    if (unpack)
        TRY(codec_of_name(file->uri, &codec, err));
    TRY(unpack_new(codec, (Bytes){ to_stream, to }, &through, err));
    return send_range(s, file, 0, INT64_MAX, through, err);
}

/* For each file that the arguments match; folders are refused. */
static Status each_file(Shell *s, Status (*run)(Shell *s, const LakeFile *file, Error *err), Error *err)
{
    for (size_t i = 0; i < s->arguments.len; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            if (paths.at[k].entry.folder)
                shell_complain(s, paths.at[k].shown, "Is a directory");
            else
                TRY(run(s, &paths.at[k].entry.file, err));
        }
    }
    return ST_OK;
}

static Status cat_one(Shell *s, const LakeFile *file, Error *err)
{
    return shell_send(s, file, false, stdout, err);
}

static Status text_one(Shell *s, const LakeFile *file, Error *err)
{
    return shell_send(s, file, true, stdout, err);
}

static Status end_one(Shell *s, const LakeFile *file, Error *err)
{
    transcoder_auto *through = NULL;
    TRY(unpack_new(CODEC_NONE, (Bytes){ to_stream, stdout }, &through, err));
    int64_t from = str_eq(s->command, "tail") && file->size_bytes > END_BYTES ? file->size_bytes - END_BYTES : 0;
    return send_range(s, file, from, END_BYTES, through, err);
}

static Status run_cat(Shell *s, Error *err)
{
    return each_file(s, cat_one, err);
}

static Status run_text(Shell *s, Error *err)
{
    return each_file(s, text_one, err);
}

static Status run_end(Shell *s, Error *err)
{
    return each_file(s, end_one, err);
}

/* -f: goes on with what is added, until it is ended. A file that becomes shorter is followed from its end, as tail(1) does. */
static Status follow(Shell *s, const ShellPath *p, int64_t sleep_ms, Error *err)
{
    const char *uri = p->entry.file.uri;
    for (int64_t at = p->entry.file.size_bytes;;) {
        LakeEntry now = { 0 };
        bool found = false;
        arena_auto *a = arena_new();
        fflush(stdout);
        (void)poll(NULL, 0, (int)sleep_ms);
        TRY(fs_stat(&s->fs, a, uri, &found, &now, err));
        if (!found)
            return FAIL(err, ST_NOT_FOUND, "`%s': No such file or directory", p->shown);
        transcoder_auto *through = NULL;
        TRY(unpack_new(CODEC_NONE, (Bytes){ to_stream, stdout }, &through, err));
        if (now.file.size_bytes > at)
            TRY(send_range(s, &now.file, at, now.file.size_bytes - at, through, err));
        at = now.file.size_bytes;
    }
}

static Status run_tail(Shell *s, Error *err)
{
    ShellPathList paths;
    const char *interval = map_get(&s->values, "-s");
    int64_t sleep_ms = TAIL_SLEEP_MS;
    if (interval && (!str_to_i64(interval, &sleep_ms) || sleep_ms < 1 || sleep_ms > INT_MAX))
        return FAIL(err, ST_INVALID, "Sleep interval must be a positive number of milliseconds: %s", interval);
    TRY(each_file(s, end_one, err));
    if (!shell_flag(s, "f") || s->code)
        return ST_OK;
    TRY(shell_expand(s, s->arguments.at[0], &paths, err));
    return paths.len ? follow(s, &paths.at[0], sleep_ms, err) : ST_OK;
}

/* --- files to a new place --- */

static Status send_to_path(Shell *s, const LakeFile *file, const char *path, Error *err)
{
    file_auto *out = fopen(path, "wbe");
    if (!out)
        return FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
    TRY(shell_send(s, file, false, out, err));
    return fflush(out) == 0 ? ST_OK : FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
}

/* Its own name when it is whole. */
static Status copy_to_host(Shell *s, const LakeFile *file, const char *to, Error *err)
{
    const char *path = fs_host_path(to), *aside = arena_printf(s->arena, "%s._COPYING_", path);
    Status status = send_to_path(s, file, aside, err);
    if (status == ST_OK && rename(aside, path) < 0)
        status = FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
    if (status != ST_OK)
        unlink(aside);
    return status;
}

/* The files below a folder, with their names from it; folders without any are made. */
static Status gather(Shell *s, const LakeEntry *folder, const char *below, const char *to, LakeFileList *files, StrList *names, int depth,
                     Error *err)
{
    LakeEntryList entries;
    if (depth > COPY_DEPTH_MAX)
        return FAIL(err, ST_LIMIT, "%s is nested deeper than %d folders", folder->file.uri, COPY_DEPTH_MAX);
    TRY(lake_entries(s->fs.lake, s->arena, folder->file.uri, &entries, err));
    if (!entries.len)
        TRY(lake_make_folder(s->fs.lake, *below ? fs_join(s->arena, to, below) : to, err));
    for (size_t i = 0; i < entries.len; i++) {
        const LakeEntry *e = &entries.at[i];
        const char *name = *below ? path_join(s->arena, below, e->name) : e->name;
        if (e->folder) {
            TRY(gather(s, e, name, to, files, names, depth + 1, err));
            continue;
        }
        vec_push(s->arena, files, e->file);
        vec_push(s->arena, names, name);
    }
    return ST_OK;
}

/* All of them in one commit. */
static Status copy_to_lake(Shell *s, const LakeFileList *files, const StrList *names, const char *target, Error *err)
{
    arena_auto *a = arena_new();
    LakeStage *stage = NULL;
    LakeOutputList outputs = { 0 };
    TRY(lake_stage(s->fs.lake, a, target, &stage, err));
    Status status = ST_OK;
    for (size_t i = 0; i < files->len && status == ST_OK; i++) {
        const char *path = path_join(a, stage->folder, names->at[i]);
        status = dir_make(arena_strn(a, path, (size_t)(strrchr(path, '/') - path)), 0755, err);
        if (status == ST_OK)
            status = send_to_path(s, &files->at[i], path, err);
        vec_push(a, &outputs, (LakeOutput){ names->at[i], -1 });
    }
    if (status == ST_OK)
        status = lake_commit(s->fs.lake, stage, LAKE_APPEND, &outputs, false, err);
    if (status != ST_OK)
        lake_abort(s->fs.lake, stage);
    return status;
}

Status shell_copy(Shell *s, const LakeEntry *from, const char *to, Error *err)
{
    LakeFileList files = { 0 };
    StrList names = { 0 };
    bool host = fs_is_host(to);
    if (!from->folder) {
        const char *slash = strrchr(to, '/');
        if (host)
            return copy_to_host(s, &from->file, to, err);
        vec_push(s->arena, &files, from->file);
        vec_push(s->arena, &names, slash + 1);
        return copy_to_lake(s, &files, &names, fs_parent(s->arena, to), err);
    }
    TRY(gather(s, from, "", to, &files, &names, 0, err));
    if (!host)
        return files.len ? copy_to_lake(s, &files, &names, to, err) : ST_OK;
    for (size_t i = 0; i < files.len; i++) {
        const char *uri = fs_join(s->arena, to, names.at[i]);
        TRY(dir_make(fs_host_path(fs_parent(s->arena, uri)), 0755, err));
        TRY(copy_to_host(s, &files.at[i], uri, err));
    }
    return ST_OK;
}

/* --- put, get, cp, mv --- */

/* Where `from` goes: below the target when that is a folder. False: complained. */
static Status target_of(Shell *s, const char *target, const char *shown, const LakeEntry *to, bool there, size_t sources, const char *name,
                        const char **ret_to, bool *ret_go, Error *err)
{
    *ret_go = false;
    if (there && !to->folder && sources > 1) {
        shell_complain(s, shown, "Is not a directory");
        return ST_OK;
    }
    if (!there && sources > 1) {
        shell_complain(s, shown, "No such file or directory");
        return ST_OK;
    }
    *ret_to = there && to->folder ? fs_join(s->arena, target, name) : target;
    LakeEntry old = { 0 };
    bool exists = false;
    TRY(fs_stat(&s->fs, s->arena, *ret_to, &exists, &old, err));
    const char *named = there && to->folder ? fs_join(s->arena, shown, name) : shown;
    if (exists && (!shell_flag(s, "f") || str_eq(s->command, "mv"))) {
        shell_complain(s, named, "File exists");
        return ST_OK;
    }
    LakeEntry parent = { 0 };
    bool has_parent = false;
    TRY(fs_stat(&s->fs, s->arena, fs_parent(s->arena, *ret_to), &has_parent, &parent, err));
    bool objects = !fs_is_host(*ret_to) && !str_starts(*ret_to, "hdfs:"); /* folders of an object store need not be made */
    if (!has_parent && !objects) {
        shell_complain(s, arena_printf(s->arena, "%s", fs_parent(s->arena, *ret_to)), "No such file or directory: `%s'", *ret_to);
        return ST_OK;
    }
    *ret_go = true;
    return ST_OK;
}

static Status one_to(Shell *s, const ShellPath *from, const char *to, Error *err)
{
    const char *here = from->entry.file.uri;
    if (str_eq(here, to) || (str_starts(to, here) && to[strlen(here)] == '/')) {
        shell_complain(s, from->shown, "is a subdirectory of itself");
        return ST_OK;
    }
    bool move = str_eq(s->command, "mv");
    if (!move)
        return shell_copy(s, &from->entry, to, err);
    if (fs_is_host(here) != fs_is_host(to)) {
        shell_complain(s, from->shown, "Does not match target filesystem");
        return ST_OK;
    }
    return lake_link(s->fs.lake, here, to, true, err);
}

/* put reads the host, get writes it, whatever the default file system is. */
static const char *on_host(Shell *s, const char *path)
{
    return strchr(path, ':') ? path : *path == '/' ? arena_printf(s->arena, "file:%s", path)
                                                   : arena_printf(s->arena, "file:%s/%s", s->fs.cwd, path);
}

static Status put_stdin(Shell *s, const char *to, Error *err)
{
    const char *tmp = getenv("TMPDIR");
    char *path = arena_printf(s->arena, "%s/weir-put-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    fd_auto fd = mkostemp(path, O_CLOEXEC);
    char *block = arena_alloc(s->arena, BLOCK_BYTES);
    Status status = fd < 0 ? FAIL(err, ST_IO, "%s: %s", path, strerror(errno)) : ST_OK;
    int64_t total = 0;
    for (ssize_t n; status == ST_OK && (n = read(STDIN_FILENO, block, BLOCK_BYTES)) != 0;) {
        if (n < 0 || write(fd, block, (size_t)n) != n)
            status = FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
        total += n;
    }
    LakeEntry entry = { .name = "-", .file = { .uri = arena_printf(s->arena, "file:%s", path), .path = path, .size_bytes = total } };
    if (status == ST_OK)
        status = shell_copy(s, &entry, to, err);
    unlink(path);
    return status;
}

static Status append_source(Shell *s, const char *argument, FILE *out, Error *err)
{
    if (str_eq(argument, "-")) {
        char *block = arena_alloc(s->arena, BLOCK_BYTES);
        for (size_t n; (n = fread(block, 1, BLOCK_BYTES, stdin)) > 0;)
            TRY(to_stream(out, block, n, err));
        return ferror(stdin) ? FAIL(err, ST_IO, "read standard input") : ST_OK;
    }
    LakeEntry e = { 0 };
    bool found = false;
    TRY(fs_stat(&s->fs, s->arena, on_host(s, argument), &found, &e, err));
    if (!found)
        return FAIL(err, ST_NOT_FOUND, "`%s': No such file or directory", argument);
    return e.folder ? FAIL(err, ST_INVALID, "`%s': Is a directory", argument) : shell_send(s, &e.file, false, out, err);
}

/* What is there and what is new become one file aside, which then takes its place at once. */
static Status append_all(Shell *s, const char *target, const LakeEntry *there, const char *path, FILE *out, Error *err)
{
    if (there)
        TRY(shell_send(s, &there->file, false, out, err));
    for (size_t i = 0; i + 1 < s->arguments.len; i++)
        TRY(append_source(s, s->arguments.at[i], out, err));
    if (fflush(out) != 0)
        return FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
    LakeEntry whole = { 0 };
    bool found = false;
    TRY(fs_stat(&s->fs, s->arena, arena_printf(s->arena, "file:%s", path), &found, &whole, err));
    return shell_copy(s, &whole, target, err);
}

static Status run_append(Shell *s, Error *err)
{
    const char *shown = s->arguments.at[s->arguments.len - 1], *target = NULL, *tmp = getenv("TMPDIR");
    LakeEntry there = { 0 };
    bool found = false;
    TRY(fs_uri(&s->fs, s->arena, shown, &target, err));
    if (!str_starts(target, "hdfs:"))
        return FAIL(err, ST_UNSUPPORTED, "Append is not supported by the file system of %s", target);
    TRY(fs_stat(&s->fs, s->arena, target, &found, &there, err));
    if (found && there.folder) {
        shell_complain(s, shown, "Is a directory");
        return ST_OK;
    }
    char *path = arena_printf(s->arena, "%s/weir-append-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);
    file_auto *out = fd < 0 ? NULL : fdopen(fd, "wb");
    Status status = out ? append_all(s, target, found ? &there : NULL, path, out, err) : FAIL(err, ST_IO, "%s: %s", path, strerror(errno));
    unlink(path);
    return status;
}

static Status run_copy(Shell *s, Error *err)
{
    bool put = str_eq(s->command, "put") || str_eq(s->command, "copyFromLocal") || str_eq(s->command, "moveFromLocal");
    bool get = str_eq(s->command, "get") || str_eq(s->command, "copyToLocal");
    size_t last = s->arguments.len - 1;
    const char *shown = s->arguments.len > 1 ? s->arguments.at[last] : ".", *target = NULL;
    size_t sources = s->arguments.len > 1 ? last : 1;
    TRY(fs_uri(&s->fs, s->arena, get ? on_host(s, shown) : shown, &target, err));
    LakeEntry to = { 0 };
    bool there = false;
    TRY(fs_stat(&s->fs, s->arena, target, &there, &to, err));
    if (str_ends(shown, "/") && !there && s->arguments.len > 1) { /* a folder that is not there */
        to.folder = there = !fs_is_host(target) && !str_starts(target, "hdfs:");
    }
    ShellPathList all = { 0 };
    for (size_t i = 0; i < sources; i++) {
        ShellPathList paths = { 0 };
        if (put && str_eq(s->arguments.at[i], "-"))
            vec_push(s->arena, &paths, (ShellPath){ { .name = "-" }, "-" });
        else if (put && !glob_has_wildcards(s->arguments.at[i]) && !path_exists(fs_host_path(on_host(s, s->arguments.at[i]))))
            shell_complain(s, s->arguments.at[i], "No such file or directory");
        else
            TRY(shell_expand(s, put ? on_host(s, s->arguments.at[i]) : s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++)
            vec_push(s->arena, &all, paths.at[k]);
    }
    for (size_t i = 0; i < all.len; i++) {
        const char *name = NULL;
        bool go = false;
        TRY(target_of(s, target, shown, &to, there, all.len, all.at[i].entry.name, &name, &go, err));
        if (!go)
            continue;
        TRY(str_eq(all.at[i].shown, "-") ? put_stdin(s, name, err) : one_to(s, &all.at[i], name, err));
        if (str_eq(s->command, "moveFromLocal"))
            TRY(lake_remove(s->fs.lake, all.at[i].entry.file.uri, err));
    }
    return ST_OK;
}

/* getmerge: all files of the sources, one behind the other, as one file of the host. */
static Status run_getmerge(Shell *s, Error *err)
{
    const char *target = NULL;
    size_t last = s->arguments.len - 1;
    TRY(fs_uri(&s->fs, s->arena, on_host(s, s->arguments.at[last]), &target, err));
    const char *aside = arena_printf(s->arena, "%s._COPYING_", fs_host_path(target));
    file_auto *out = fopen(aside, "wbe");
    if (!out)
        return FAIL(err, ST_IO, "%s: %s", aside, strerror(errno));
    for (size_t i = 0; i < last; i++) {
        ShellPathList paths;
        TRY(shell_expand(s, s->arguments.at[i], &paths, err));
        for (size_t k = 0; k < paths.len; k++) {
            ShellPathList files = { 0 };
            if (paths.at[k].entry.folder)
                TRY(shell_children(s, &paths.at[k], &files, err));
            else
                vec_push(s->arena, &files, paths.at[k]);
            for (size_t f = 0; f < files.len; f++) {
                const LakeEntry *e = &files.at[f].entry;
                if (e->folder || (shell_flag(s, "skip-empty-file") && !e->file.size_bytes))
                    continue;
                TRY(shell_send(s, &e->file, false, out, err));
                if (shell_flag(s, "nl"))
                    fputc('\n', out);
            }
        }
    }
    if (s->code || fflush(out) < 0 || rename(aside, fs_host_path(target)) < 0) {
        unlink(aside);
        return s->code ? ST_OK : FAIL(err, ST_IO, "%s: %s", fs_host_path(target), strerror(errno));
    }
    return ST_OK;
}

const ShellCommand shell_copy_commands[] = {
    { "cat", " ignoreCrc ", 1, -1, "[-ignoreCrc] <src> ...", run_cat },
    { "text", " ignoreCrc ", 1, -1, "[-ignoreCrc] <src> ...", run_text },
    { "tail", " f s= ", 1, 1, "[-f] [-s <sleep interval>] <file>", run_tail },
    { "head", " ", 1, 1, "<file>", run_end },
    { "appendToFile", " n ", 2, -1, "<localsrc> ... <dst>", run_append },
    { "put", " f p l d t= q= ", 1, -1, "[-f] [-p] <localsrc> ... <dst>", run_copy },
    { "copyFromLocal", " f p l d t= q= ", 1, -1, "[-f] [-p] <localsrc> ... <dst>", run_copy },
    { "moveFromLocal", " f p l d ", 2, -1, "[-f] [-p] <localsrc> ... <dst>", run_copy },
    { "get", " f p ignoreCrc crc ", 1, -1, "[-f] [-p] <src> ... <localdst>", run_copy },
    { "copyToLocal", " f p ignoreCrc crc ", 1, -1, "[-f] [-p] <src> ... <localdst>", run_copy },
    { "getmerge", " nl skip-empty-file ", 2, -1, "[-nl] [-skip-empty-file] <src> ... <localdst>", run_getmerge },
    { "cp", " f p d ", 2, -1, "[-f] [-p] <src> ... <dst>", run_copy },
    { "mv", " ", 2, -1, "<src> ... <dst>", run_copy },
    { NULL, NULL, 0, 0, NULL, NULL },
};
