/* hadoop/task.c -- what map and reduce attempts share: their beginning, their output file, groups through a reducer. */
#include "hadoop/task.h"

#include "base/file.h"
#include "base/str.h"
#include "hadoop/aggregate.h"

Status task_begin(Task *t, Error *err)
{
    Arena *a = t->arena;
    const char *kind = t->map ? "m" : "r", *job = t->job->id + strlen("job_");
    t->id = arena_printf(a, "task_%s_%s_%06u", job, kind, t->number);
    t->attempt_id = arena_printf(a, "attempt_%s_%s_%06u_%u", job, kind, t->number, t->attempt);
    t->counters.arena = a;
    t->folder = path_join(a, t->job->stage ? t->job->stage->folder : t->job->folder, t->attempt_id);
    return dir_make(t->folder, 0755, err);
}

Status task_run(Task *t, Error *err)
{
    return t->map ? task_map(t, err) : task_reduce(t, err);
}

/* --- output --- */

Status task_output_open(Task *t, Output **ret_output, Error *err)
{
    const char *kind = !t->job->new_api ? "" : t->map ? "m-" : "r-", *name = arena_printf(t->arena, "part-%s%05u", kind, t->number);
    return output_open(path_join(t->arena, t->folder, name), &t->job->output_options, ret_output, err);
}

Status task_output_collect(void *output, const Record *record, Error *err)
{
    return output_add(output, record, err);
}

/* --- groups --- */

typedef struct Group {
    Arena *arena; /* of one group */
    void *state;
    uint8_t *key;
    size_t key_len;
    bool open;
} Group;

static Status group_end(Task *t, const Processor *p, Group *g, Collector to, Error *err)
{
    (void)t;
    if (!g->open)
        return ST_OK;
    Status status = p->end ? p->end(p->data, g->state, g->key, g->key_len, &to, err) : ST_OK;
    arena_free(g->arena);
    *g = (Group){ 0 };
    return status;
}

static Status native_groups(Task *t, const Processor *p, RecordSource source, Collector to, Group *g, Error *err)
{
    for (;;) {
        Record r;
        bool fresh = false, more = false;
        TRY(source.next(source.self, &r, &fresh, &more, err));
        if (!more)
            return group_end(t, p, g, to, err);
        if (fresh) {
            TRY(group_end(t, p, g, to, err));
            Arena *a = arena_new();
            *g = (Group){ .arena = a, .key = arena_copy(a, r.key, r.key_len), .key_len = r.key_len, .open = true };
            if (p->begin)
                TRY(p->begin(p->data, a, &g->state));
        }
        for (size_t times = r.repeats + 1; times > 0; times--)
            TRY(p->add(p->data, g->state, &(Record){ r.key, r.value, r.key_len, r.value_len, 0 }, &to, err));
    }
}

static Status command_groups(Task *t, const Processor *p, RecordSource source, Collector to, Error *err)
{
    task_child_auto *child = NULL;
    TaskRole role = p == &t->job->combiner ? TASK_COMBINER : TASK_REDUCER;
    TRY(task_child_start(t, role, p->command, to, &child, err));
    bool any = false;
    for (;;) {
        Record r;
        bool fresh = false, more = false;
        TRY(source.next(source.self, &r, &fresh, &more, err));
        if (!more)
            break;
        any = true;
        TRY(task_child_write(child, &r, true, err));
    }
    if (!any) /* Hadoop reads it but keeps nothing */
        task_child_drop_output(child);
    return task_child_end(child, err);
}

static Status identity_add(void *data, void *group, const Record *record, const Collector *to, Error *err)
{
    (void)data, (void)group;
    return to->collect(to->self, record, err);
}

Status task_groups(Task *t, const Processor *p, RecordSource source, Collector to, Error *err)
{
    static const Processor identity = { .kind = PROCESSOR_NATIVE, .add = identity_add };
    if (p->kind == PROCESSOR_COMMAND)
        return command_groups(t, p, source, to, err);
    Processor aggregate = p->kind == PROCESSOR_AGGREGATE ? aggregate_processor(p->combines) : identity;
    const Processor *chosen = p->kind == PROCESSOR_NATIVE ? p : &aggregate;
    Group g = { 0 };
    Status status = native_groups(t, chosen, source, to, &g, err);
    if (g.open)
        arena_free(g.arena);
    return status;
}
