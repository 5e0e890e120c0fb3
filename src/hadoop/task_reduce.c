/* hadoop/task_reduce.c -- a reduce attempt: its segments of all maps merged, through the reducer, into its output file. */
#include "base/str.h"
#include "hadoop/task.h"

#include <stdlib.h>

/* Counts what the reducer gets. */
typedef struct Counted {
    Task *task;
    RecordSource source;
} Counted;

static Status counted_next(void *self, Record *ret_record, bool *ret_new_group, bool *ret_more, Error *err)
{
    Counted *c = self;
    TRY(c->source.next(c->source.self, ret_record, ret_new_group, ret_more, err));
    if (*ret_more) {
        c->task->counters.own[COUNT_REDUCE_INPUT_RECORDS] += (int64_t)ret_record->repeats + 1;
        c->task->counters.own[COUNT_REDUCE_INPUT_GROUPS] += *ret_new_group;
    }
    return c->task->job->cancelled ? FAIL(err, ST_CANCELLED, "the job was ended") : ST_OK;
}

static Status reduce_collect(void *self, const Record *record, Error *err)
{
    Counted *c = self;
    c->task->counters.own[COUNT_REDUCE_OUTPUT_RECORDS]++;
    return output_add(c->source.self, record, err);
}

/* Hadoop merges what it holds in memory, the smallest map output first. */
static int by_size(const void *x, const void *y)
{
    const Segment *a = x, *b = y;
    if (a->ifile_bytes != b->ifile_bytes)
        return a->ifile_bytes < b->ifile_bytes ? -1 : 1;
    return a->map != b->map ? (a->map < b->map ? -1 : 1) : (a->offset > b->offset) - (a->offset < b->offset);
}

static void gather(Task *t, SegmentList *ret_segments)
{
    const Job *job = t->job;
    SegmentList list = { 0 };
    int64_t *own = t->counters.own;
    for (size_t map = 0; map < job->splits.len; map++) {
        for (size_t i = t->number; i < job->segments[map].len; i += job->reduces) {
            const Segment *s = &job->segments[map].at[i];
            vec_push(t->arena, &list, *s);
            own[COUNT_REDUCE_SHUFFLE_BYTES] += s->ifile_bytes;
            own[COUNT_SPILLED_RECORDS] += s->records;
        }
        own[COUNT_REDUCE_SHUFFLE_BYTES] += IFILE_END_BYTES + IFILE_CHECKSUM_BYTES;
    }
    own[COUNT_SHUFFLED_MAPS] = (int64_t)job->splits.len;
    own[COUNT_MERGED_MAP_OUTPUTS] = (int64_t)job->splits.len;
    if (list.len)
        qsort(list.at, list.len, sizeof *list.at, by_size);
    *ret_segments = list;
}

Status task_reduce(Task *t, Error *err)
{
    merge_auto *merge = NULL;
    output_auto *output = NULL;
    SegmentList segments;
    gather(t, &segments);
    TRY(merge_open(&segments, &t->job->order, t->job->sort_bytes, t->job->folder, t->attempt_id, &merge, err));
    TRY(task_output_open(t, &output, err));
    Counted in = { t, merge_source(merge) }, out = { t, { NULL, output } };
    TRY(task_groups(t, &t->job->reducer, (RecordSource){ counted_next, &in }, (Collector){ reduce_collect, &out }, err));
    return output_finish(output, &t->counters.own[COUNT_BYTES_WRITTEN], err);
}
