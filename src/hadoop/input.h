/* hadoop/input.h -- what a job reads: files into splits as org.apache.hadoop.mapred.FileInputFormat makes them, splits into
 * records. `new_api`: as org.apache.hadoop.mapreduce.lib.input.FileInputFormat: by split.maxsize, not by the number of maps. */
#ifndef WEIR_HADOOP_INPUT_H
#define WEIR_HADOOP_INPUT_H
#include "hadoop/fs.h"
#include "hadoop/record.h"

typedef enum InputFormat {
    INPUT_TEXT,      /* key: the line's offset (key_of_long), value: the line */
    INPUT_NLINE,     /* the same, N lines to a split */
    INPUT_KEY_VALUE, /* the line up to a separator, and what follows */
    INPUT_TERA,      /* records of 100 bytes, key 10, value 90 */
    INPUT_ROWS       /* teragen's: no file; start and length are rows, key and value their number */
} InputFormat;

typedef struct Split {
    LakeFile file;
    int64_t start, length;
} Split;
typedef VEC(Split) SplitList;

/* ST_NOT_FOUND "Input path does not exist: …", "Input Pattern … matches 0 files", ST_INVALID "Not a file: …" for a folder in a
 * folder unless mapreduce.input.fileinputformat.input.dir.recursive. `paths` may have wildcards. */
Status input_splits(const Fs *fs, Arena *a, const JobConf *conf, InputFormat format, bool new_api, const StrList *paths,
                    SplitList *ret_splits, size_t *ret_files, Error *err);
void input_sort(Arena *a, SplitList *splits); /* the largest first, as they become tasks */
/* The records of a split, one after the other, to `to`; stops when *cancelled. ret_bytes: read from the file. */
Status input_read(const Fs *fs, const JobConf *conf, InputFormat format, const Split *split, Collector to, const volatile bool *cancelled,
                  int64_t *ret_bytes, Error *err);

#endif
