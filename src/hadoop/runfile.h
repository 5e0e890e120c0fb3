/* hadoop/runfile.h -- sorted records on disk: runs of a map task, one segment for each partition, and their merge.
 *
 * A record is two lengths (LEB128; the key's doubled, plus one when it repeats: then how often follows) and the bytes. Runs are in the job's folder of temporary files and read once. The merge keeps
 * Hadoop's heap, step by step, so that equal keys come in the order in which Hadoop brings them. Its memory is what it is given,
 * as long as no single record is larger. Source: org.apache.hadoop.mapred.Merger, org.apache.hadoop.util.PriorityQueue. */
#ifndef WEIR_HADOOP_RUNFILE_H
#define WEIR_HADOOP_RUNFILE_H
#include "base/arena.h"
#include "base/vec.h"
#include "hadoop/keys.h"
#include "hadoop/record.h"

typedef struct Segment {
    const char *path;
    int64_t offset, length_bytes;
    int64_t records;
    int64_t ifile_bytes; /* what it were in Hadoop's format, without the end mark: its counters and its order of merging */
    unsigned map;        /* which task made it */
} Segment;
typedef VEC(Segment) SegmentList;

/* --- writing --- */
typedef struct RunWriter RunWriter;
/* What the records are in Hadoop, for ifile_bytes: Text, or bytes without a length in front. */
typedef struct RunFormat {
    bool fixed_keys, fixed_values;
} RunFormat;
Status runfile_create(const char *path, RunFormat format, RunWriter **ret_writer, Error *err);
Status runfile_add(RunWriter *w, const Record *record, Error *err);
/* Ends the segment begun by the last call (or by runfile_create). */
void runfile_segment(RunWriter *w, Arena *a, unsigned map, Segment *ret_segment);
Status runfile_finish(RunWriter *w, Error *err); /* writes out what is buffered */
int64_t runfile_bytes(const RunWriter *w);
void runfile_closep(RunWriter **w);
#define runfile_auto __attribute__((cleanup(runfile_closep))) RunWriter

/* --- merging --- */
typedef struct Merge Merge;
/* `segments` with records, in the order in which they enter the heap. Where there are more than memory for their buffers, some are
 * merged first into a run in `folder`, named by `name`. */
Status merge_open(const SegmentList *segments, const KeyOrder *order, size_t memory_bytes, const char *folder, const char *name,
                  Merge **ret_merge, Error *err);
RecordSource merge_source(Merge *m);
void merge_closep(Merge **m);
#define merge_auto __attribute__((cleanup(merge_closep))) Merge

#endif
