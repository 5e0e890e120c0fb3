/* hadoop/task_map.c -- a map attempt: a split's records through the mapper, its output sorted within memory into runs. */
#include "base/file.h"
#include "base/str.h"
#include "hadoop/sort.h"
#include "hadoop/task.h"

typedef struct MapOutput {
    Task *task;
    SortBuffer sort;
    unsigned spills;
    Output *output;      /* of a job without reduces */
    int64_t written;     /* bytes of the last run */
} MapOutput;

/* --- spilling --- */

/* The sorted records of one partition. */
typedef struct Range {
    const MapOutput *m;
    size_t at, end, begin;
} Range;

static Status range_next(void *self, Record *ret_record, bool *ret_new_group, bool *ret_more, Error *err)
{
    Range *r = self;
    (void)err;
    *ret_more = r->at < r->end;
    if (!*ret_more)
        return ST_OK;
    sort_get(&r->m->sort, r->at, ret_record);
    *ret_new_group = r->at == r->begin;
    if (r->at > r->begin) {
        Record before;
        sort_get(&r->m->sort, r->at - 1, &before);
        *ret_new_group = key_compare_bytes(before.key, before.key_len, ret_record->key, ret_record->key_len) != 0;
    }
    r->at++;
    return ST_OK;
}

static int64_t range_records(Range r)
{
    int64_t records = 0;
    for (; r.at < r.end; r.at++) {
        Record record;
        sort_get(&r.m->sort, r.at, &record);
        records += (int64_t)record.repeats + 1;
    }
    return records;
}

typedef struct RunOutput {
    Task *task;
    RunWriter *run;
} RunOutput;

static Status run_collect(void *self, const Record *record, Error *err)
{
    RunOutput *o = self;
    o->task->counters.own[COUNT_COMBINE_OUTPUT_RECORDS]++;
    o->task->counters.own[COUNT_SPILLED_RECORDS]++;
    return runfile_add(o->run, record, err);
}

static Status spill_range(MapOutput *m, RunWriter *run, Range range, Error *err)
{
    Task *t = m->task;
    if (t->job->combiner.set && range.at < range.end) {
        RunOutput to = { t, run };
        t->counters.own[COUNT_COMBINE_INPUT_RECORDS] += range_records(range);
        return task_groups(t, &t->job->combiner, (RecordSource){ range_next, &range }, (Collector){ run_collect, &to }, err);
    }
    for (; range.at < range.end; range.at++) {
        Record record;
        sort_get(&m->sort, range.at, &record);
        t->counters.own[COUNT_SPILLED_RECORDS] += (int64_t)record.repeats + 1;
        TRY(runfile_add(run, &record, err));
    }
    return ST_OK;
}

static Status spill(MapOutput *m, Error *err)
{
    Task *t = m->task;
    runfile_auto *run = NULL;
    TRY(runfile_create(arena_printf(t->arena, "%s/%s.spill%u", t->job->folder, t->attempt_id, m->spills++), (RunFormat){ t->job->long_keys, t->job->fixed_values }, &run, err));
    sort_run(&m->sort);
    size_t at = 0;
    for (unsigned partition = 0; partition < t->job->reduces; partition++) {
        size_t end = at;
        while (end < m->sort.count && sort_partition(&m->sort, end) == partition)
            end++;
        TRY(spill_range(m, run, (Range){ m, at, end, at }, err));
        Segment segment;
        runfile_segment(run, t->arena, t->number, &segment);
        vec_push(t->arena, &t->segments, segment);
        at = end;
    }
    sort_clear(&m->sort);
    return runfile_finish(run, err);
}

/* A record that the buffer cannot hold is a run of its own. */
static Status spill_one(MapOutput *m, unsigned partition, const Record *record, Error *err)
{
    Task *t = m->task;
    runfile_auto *run = NULL;
    TRY(runfile_create(arena_printf(t->arena, "%s/%s.spill%u", t->job->folder, t->attempt_id, m->spills++), (RunFormat){ t->job->long_keys, t->job->fixed_values }, &run, err));
    for (unsigned p = 0; p < t->job->reduces; p++) {
        if (p == partition)
            TRY(runfile_add(run, record, err));
        Segment segment;
        runfile_segment(run, t->arena, t->number, &segment);
        vec_push(t->arena, &t->segments, segment);
    }
    t->counters.own[COUNT_SPILLED_RECORDS]++;
    return runfile_finish(run, err);
}

static Status map_collect(void *self, const Record *record, Error *err)
{
    MapOutput *m = self;
    Task *t = m->task;
    t->counters.own[COUNT_MAP_OUTPUT_RECORDS]++;
    if (m->output)
        return output_add(m->output, record, err);
    size_t key = t->job->long_keys ? record->key_len : record_text_bytes(record->key_len);
    size_t value = t->job->fixed_values ? record->value_len : record_text_bytes(record->value_len);
    t->counters.own[COUNT_MAP_OUTPUT_BYTES] += (int64_t)(key + value);
    if (sort_add(&m->sort, record))
        return ST_OK;
    if (m->sort.count) {
        TRY(spill(m, err));
        if (sort_add(&m->sort, record))
            return ST_OK;
    }
    return spill_one(m, partition_of(&t->job->partitioner, record->key, record->key_len, t->job->reduces), record, err);
}

/* --- the mapper --- */

typedef struct Feed {
    Task *task;
    TaskChild *child;
    void *state;         /* of a native mapper */
    Collector to;
} Feed;

static Status feed(void *self, const Record *record, Error *err)
{
    Feed *f = self;
    const Processor *p = &f->task->job->mapper;
    f->task->counters.own[COUNT_MAP_INPUT_RECORDS]++;
    if (p->kind == PROCESSOR_COMMAND)
        return task_child_write(f->child, record, !p->ignore_key, err);
    return p->kind == PROCESSOR_NATIVE ? p->map(p->data, f->state, record, &f->to, err) : f->to.collect(f->to.self, record, err);
}

static Status run_mapper(Task *t, Collector to, Error *err)
{
    const Job *job = t->job;
    task_child_auto *child = NULL;
    Feed f = { .task = t, .to = to };
    if (job->mapper.kind == PROCESSOR_COMMAND) {
        TRY(task_child_start(t, TASK_MAPPER, job->mapper.command, to, &child, err));
        f.child = child;
    }
    bool native = job->mapper.kind == PROCESSOR_NATIVE;
    if (native && job->mapper.map_begin)
        TRY(job->mapper.map_begin(job->mapper.data, t->arena, &job->splits.at[t->number], &f.state, err));
    TRY(input_read(job->fs, job->conf, job->input_format, &job->splits.at[t->number], (Collector){ feed, &f }, &job->cancelled,
                   &t->counters.own[COUNT_BYTES_READ], err));
    if (native && job->mapper.map_end)
        TRY(job->mapper.map_end(job->mapper.data, f.state, &f.to, &t->counters, err));
    return child ? task_child_end(child, err) : ST_OK;
}

static void count_materialized(Task *t)
{
    for (size_t i = 0; i < t->segments.len; i++)
        t->counters.own[COUNT_MAP_OUTPUT_MATERIALIZED_BYTES] += t->segments.at[i].ifile_bytes;
    t->counters.own[COUNT_MAP_OUTPUT_MATERIALIZED_BYTES] += (int64_t)t->job->reduces * (IFILE_END_BYTES + IFILE_CHECKSUM_BYTES);
}

static void sort_donep(SortBuffer **s)
{
    sort_done(*s);
}

Status task_map(Task *t, Error *err)
{
    MapOutput m = { .task = t };
    SortBuffer *sort __attribute__((cleanup(sort_donep))) = &m.sort;
    output_auto *output = NULL;
    if (!t->job->reduces) {
        TRY(task_output_open(t, &output, err));
        m.output = output;
        TRY(run_mapper(t, (Collector){ map_collect, &m }, err));
        return output_finish(output, &t->counters.own[COUNT_BYTES_WRITTEN], err);
    }
    TRY(sort_init(sort, t->job->sort_bytes, &t->job->order, &t->job->partitioner, t->job->reduces, err));
    TRY(run_mapper(t, (Collector){ map_collect, &m }, err));
    if (m.sort.count)
        TRY(spill(&m, err));
    count_materialized(t);
    return ST_OK;
}
