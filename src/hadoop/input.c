/* hadoop/input.c -- splits. Reading them is in input_read.c. */
#include "hadoop/input.h"

#include "base/str.h"
#include "hadoop/codec.h"
#include "hadoop/lines.h"
#include "lake/glob.h"

#include <stdlib.h>

enum { DEPTH_MAX = 100, NLINE_BLOCK = 1 << 20 };
static const double SPLIT_SLOP = 1.1; /* a last split may be so much larger */

/* --- files --- */

static bool hidden(const char *name)
{
    return name[0] == '_' || name[0] == '.';
}

static Status add_folder(const Fs *fs, Arena *a, const char *uri, bool recursive, int depth, LakeFileList *files, Error *err)
{
    if (depth > DEPTH_MAX)
        return FAIL(err, ST_LIMIT, "'%s' is nested deeper than %d folders", uri, DEPTH_MAX);
    LakeEntryList entries;
    TRY(lake_entries(fs->lake, a, uri, &entries, err));
    for (size_t i = 0; i < entries.len; i++) {
        const LakeEntry *e = &entries.at[i];
        if (hidden(e->name))
            continue;
        if (!e->folder)
            vec_push(a, files, e->file);
        else if (recursive)
            TRY(add_folder(fs, a, e->file.uri, recursive, depth + 1, files, err));
        else
            return FAIL(err, ST_INVALID, "Not a file: %s", e->file.uri);
    }
    return ST_OK;
}

static Status add_path(const Fs *fs, Arena *a, const JobConf *conf, const char *path, LakeFileList *files, Error *err)
{
    const char *uri = NULL;
    LakeEntryList found;
    bool recursive = jobconf_bool(conf, "mapreduce.input.fileinputformat.input.dir.recursive", false);
    TRY(fs_uri(fs, a, path, &uri, err));
    TRY(fs_glob(fs, a, uri, &found, err));
    if (!found.len)
        return glob_has_wildcards(uri) ? FAIL(err, ST_NOT_FOUND, "Input Pattern %s matches 0 files", uri)
                                       : FAIL(err, ST_NOT_FOUND, "Input path does not exist: %s", uri);
    for (size_t i = 0; i < found.len; i++) {
        if (found.at[i].folder)
            TRY(add_folder(fs, a, found.at[i].file.uri, recursive, 0, files, err));
        else if (found.len == 1 || !hidden(found.at[i].name))
            vec_push(a, files, found.at[i].file);
    }
    return ST_OK;
}

/* --- splits --- */

static Status split_file(Arena *a, const JobConf *conf, const LakeFile *file, int64_t goal, int64_t least, SplitList *splits, Error *err)
{
    Codec codec;
    int64_t block = 0;
    TRY(codec_of_name(file->uri, &codec, err));
    TRY(fs_block_bytes(conf, file->uri, &block, err));
    if (codec != CODEC_NONE && codec != CODEC_BZIP2) {
        vec_push(a, splits, (Split){ *file, 0, file->size_bytes });
        return ST_OK;
    }
    int64_t size = goal < block ? goal : block, left = file->size_bytes;
    size = size > least ? size : least;
    for (; (double)left / (double)size > SPLIT_SLOP; left -= size)
        vec_push(a, splits, (Split){ *file, file->size_bytes - left, size });
    if (left || !file->size_bytes)
        vec_push(a, splits, (Split){ *file, file->size_bytes - left, left });
    return ST_OK;
}

typedef struct NLine {
    Arena *arena;
    const LakeFile *file;
    LineSplitter lines;
    SplitList *splits;
    int64_t each, in_split, begin, end;
} NLine;

/* A split begins one byte early, since its reader passes over the line in which it begins. */
static void nline_cut(NLine *n)
{
    int64_t begin = n->begin, length = n->end - n->begin;
    vec_push(n->arena, n->splits, begin ? (Split){ *n->file, begin - 1, length } : (Split){ *n->file, 0, length - 1 });
    n->begin = n->end;
    n->in_split = 0;
}

static Status nline_line(void *self, const char *line, size_t length, Error *err)
{
    NLine *n = self;
    (void)line, (void)length, (void)err;
    n->end = n->lines.consumed;
    if (++n->in_split == n->each)
        nline_cut(n);
    return ST_OK;
}

static Status split_lines(const Fs *fs, Arena *a, const JobConf *conf, const LakeFile *file, SplitList *splits, Error *err)
{
    arena_auto *scratch = arena_new();
    NLine n = { .arena = a, .file = file, .splits = splits };
    Codec codec;
    TRY(codec_of_name(file->uri, &codec, err));
    if (codec != CODEC_NONE)
        return FAIL(err, ST_UNSUPPORTED, "java.io.IOException: weir does not cut compressed files by lines: NLineInputFormat over '%s'", file->uri);
    TRY(jobconf_int(conf, "mapreduce.input.lineinputformat.linespermap", 1, &n.each, err));
    lake_reader_auto *reader = NULL;
    TRY(lake_open(fs->lake, file, &reader, err));
    lines_init(&n.lines, NULL, SIZE_MAX, nline_line, &n);
    char *block = arena_alloc(scratch, NLINE_BLOCK);
    Status status = ST_OK;
    for (int64_t at = 0; status == ST_OK;) {
        size_t read = 0;
        status = lake_reader_read(reader, at, block, NLINE_BLOCK, &read, err);
        at += (int64_t)read;
        if (status == ST_OK)
            status = read ? lines_add(&n.lines, block, read, err) : lines_end(&n.lines, err);
        if (!read)
            break;
    }
    lines_done(&n.lines);
    if (status == ST_OK && n.in_split)
        nline_cut(&n);
    return status;
}

/* The largest first; a merge sort keeps equals in order. */
void input_sort(Arena *a, SplitList *splits)
{
    Split *from = splits->at, *to = ARENA_ARRAY(a, Split, splits->len + 1);
    for (size_t width = 1; width < splits->len; width *= 2) {
        for (size_t left = 0; left < splits->len; left += 2 * width) {
            size_t middle = left + width < splits->len ? left + width : splits->len;
            size_t right = middle + width < splits->len ? middle + width : splits->len;
            for (size_t i = left, j = middle, k = left; k < right; k++)
                to[k] = i < middle && (j >= right || from[i].length >= from[j].length) ? from[i++] : from[j++];
        }
        Split *swap = from;
        from = to;
        to = swap;
    }
    splits->at = from;
}

Status input_splits(const Fs *fs, Arena *a, const JobConf *conf, InputFormat format, bool new_api, const StrList *paths,
                    SplitList *ret_splits, size_t *ret_files, Error *err)
{
    LakeFileList files = { 0 };
    SplitList splits = { 0 };
    int64_t total = 0, wanted = 1, least = 1, most = INT64_MAX;
    for (size_t i = 0; i < paths->len; i++)
        TRY(add_path(fs, a, conf, paths->at[i], &files, err));
    for (size_t i = 0; i < files.len; i++)
        total += files.at[i].size_bytes;
    if (new_api)
        TRY(jobconf_int(conf, "mapreduce.input.fileinputformat.split.maxsize", INT64_MAX, &most, err));
    else
        TRY(jobconf_int(conf, "mapreduce.job.maps", 1, &wanted, err));
    TRY(jobconf_int(conf, "mapreduce.input.fileinputformat.split.minsize", 1, &least, err));
    int64_t goal = total / (wanted > 1 ? wanted : 1);
    for (size_t i = 0; i < files.len; i++) {
        if (format == INPUT_NLINE)
            TRY(split_lines(fs, a, conf, &files.at[i], &splits, err));
        else
            TRY(split_file(a, conf, &files.at[i], goal < most ? goal : most, least > 1 ? least : 1, &splits, err));
    }
    *ret_splits = splits;
    *ret_files = files.len;
    return ST_OK;
}
