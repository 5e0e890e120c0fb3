/* hadoop/task_child.c -- a task's process: its environment, records as lines to it and from it, what its stderr reports. */
#include "base/file.h"
#include "base/str.h"
#include "hadoop/child.h"
#include "hadoop/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REPEAT_BYTES = 4096 };

struct TaskChild {
    Task *task;
    Arena *arena;
    Child *child;
    ChildOptions options;
    StrList env;
    Collector to;
    const char *in_separator, *out_separator, *prefix;
    size_t in_len, out_len, prefix_len;
    int64_t key_fields;
    bool long_keys, dropped;
};

/* --- its environment --- */

static void set_task_properties(const Task *t, JobConf *conf)
{
    const Job *job = t->job;
    jobconf_set(conf, "mapreduce.job.id", job->id);
    jobconf_set(conf, "mapreduce.job.name", job->name);
    jobconf_set(conf, "mapreduce.task.id", t->id);
    jobconf_set(conf, "mapreduce.task.attempt.id", t->attempt_id);
    jobconf_setf(conf, "mapreduce.task.partition", "%u", t->number);
    jobconf_set(conf, "mapreduce.task.ismap", t->map ? "true" : "false");
    jobconf_setf(conf, "mapreduce.job.reduces", "%u", job->reduces);
    jobconf_setf(conf, "mapreduce.job.maps", "%zu", job->splits.len);
    jobconf_setf(conf, "mapreduce.task.output.dir", "file:%s", t->folder);
    jobconf_setf(conf, "mapreduce.job.working.dir", "%s", job->fs->home);
    jobconf_set(conf, "mapreduce.output.fileoutputformat.outputdir", job->output);
    jobconf_set(conf, "mapreduce.cluster.local.dir", job->folder);
    if (!t->map)
        return;
    const Split *split = &job->splits.at[t->number];
    jobconf_set(conf, "mapreduce.map.input.file", split->file.uri);
    jobconf_setf(conf, "mapreduce.map.input.start", "%lld", (long long)split->start);
    jobconf_setf(conf, "mapreduce.map.input.length", "%lld", (long long)split->length);
}

static Status environment(const Task *t, Arena *a, StrList *ret_env, Error *err)
{
    JobConf conf = { .arena = a };
    Map all = { 0 };
    StrList env = { 0 }, properties = { 0 };
    int64_t limit = 0;
    for (size_t i = 0; i < t->job->conf->values.len; i++)
        if (t->job->conf->values.at[i].value)
            map_set(a, &conf.values, t->job->conf->values.at[i].key, t->job->conf->values.at[i].value);
    set_task_properties(t, &conf);
    TRY(jobconf_int(t->job->conf, "stream.jobconf.truncate.limit", -1, &limit, err));
    jobconf_environment(&conf, a, limit, &properties);
    const char *tmp = getenv("TMPDIR");
    for (char **e = environ; *e; e++)
        vec_push(a, &env, *e);
    for (size_t i = 0; i < properties.len; i++)
        vec_push(a, &env, properties.at[i]);
    for (size_t i = 0; i < t->job->environment.len; i++)
        vec_push(a, &env, t->job->environment.at[i]);
    vec_push(a, &env, arena_printf(a, "TMPDIR=%s", tmp && *tmp ? tmp : "/tmp"));
    for (size_t i = 0; i < env.len; i++) { /* the last of a name counts */
        size_t n = strcspn(env.at[i], "=");
        map_set(a, &all, arena_strn(a, env.at[i], n), arena_str(a, env.at[i]));
    }
    for (size_t i = 0; i < all.len; i++)
        vec_push(a, ret_env, (const char *)all.at[i].value);
    return ST_OK;
}

/* --- what comes from it --- */

/* The line up to the N-th separator is the key; without so many separators all of it is. */
static Status on_line(void *self, const char *line, size_t length, Error *err)
{
    TaskChild *c = self;
    if (c->dropped)
        return ST_OK;
    const char *found = NULL, *at = line, *end = line + length;
    for (int64_t i = 0; i < c->key_fields; i++) {
        found = c->out_len == 1 ? memchr(at, *c->out_separator, (size_t)(end - at)) : memmem(at, (size_t)(end - at), c->out_separator, c->out_len);
        if (!found)
            break;
        at = found + c->out_len;
    }
    const uint8_t *bytes = (const uint8_t *)line;
    size_t key = found ? (size_t)(found - line) : length;
    Record record = { bytes, bytes + key + (found ? c->out_len : 0), key, found ? length - key - c->out_len : 0, 0 };
    return c->to.collect(c->to.self, &record, err);
}

/* "group,counter,amount" behind the prefix. */
static bool count(TaskChild *c, const char *text)
{
    arena_auto *a = arena_new();
    const char *comma = strchr(text, ','), *second = comma ? strchr(comma + 1, ',') : NULL;
    int64_t amount = 0;
    size_t n = second ? strcspn(second + 1, " \t\r\n") : 0;
    if (!second || second[1 + n + strspn(second + 1 + n, " \t\r\n")] || !str_to_i64(arena_strn(a, second + 1, n), &amount))
        return false;
    return counters_add_user(&c->task->counters, arena_strn(a, text, (size_t)(comma - text)),
                             arena_strn(a, comma + 1, (size_t)(second - comma) - 1), amount);
}

static Status on_error_line(void *self, const char *line, Error *err)
{
    TaskChild *c = self;
    (void)err;
    if (strncmp(line, c->prefix, c->prefix_len) != 0) {
        fprintf(stderr, "%s\n", line);
        return ST_OK;
    }
    const char *what = line + c->prefix_len;
    if (str_starts(what, "status:"))
        return ST_OK; /* it shows that the task lives; that its bytes came has done so */
    if (!str_starts(what, "counter:") || !count(c, what + strlen("counter:")))
        job_log("WARN", "streaming.PipeMapRed", "Cannot parse reporter line: %s", line);
    return ST_OK;
}

/* --- its life --- */

static Status settings(TaskChild *c, TaskRole role, Error *err)
{
    const JobConf *conf = c->task->job->conf;
    const char *side = role == TASK_MAPPER ? "map" : "reduce";
    Arena *a = c->arena;
    c->in_separator = jobconf_text(conf, a, arena_printf(a, "stream.%s.input.field.separator", side), "\t");
    c->out_separator = jobconf_text(conf, a, arena_printf(a, "stream.%s.output.field.separator", side), "\t");
    c->prefix = jobconf_text(conf, a, "stream.stderr.reporter.prefix", "reporter:");
    c->in_len = strlen(c->in_separator);
    c->out_len = strlen(c->out_separator);
    c->prefix_len = strlen(c->prefix);
    c->long_keys = role == TASK_MAPPER ? c->task->job->input_format != INPUT_KEY_VALUE : c->task->job->long_keys;
    TRY(jobconf_int(conf, arena_printf(a, "stream.num.%s.output.key.fields", side), 1, &c->key_fields, err));
    TRY(jobconf_int(conf, "mapreduce.task.timeout", 600000, &c->options.timeout_ms, err));
    return c->out_len ? ST_OK : FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: an output field separator is empty");
}

Status task_child_start(Task *task, TaskRole role, const char *command, Collector to, TaskChild **ret_child, Error *err)
{
    Arena *a = arena_new();
    task_child_auto *c = ARENA_NEW(a, TaskChild);
    *c = (TaskChild){ .task = task, .arena = a, .to = to };
    TRY(settings(c, role, err));
    TRY(environment(task, a, &c->env, err));
    c->options.command = command;
    c->options.env = &c->env;
    c->options.cwd = task->job->task_folder;
    c->options.attempt = task->attempt_id;
    c->options.exit_is_failure = jobconf_bool(task->job->conf, "stream.non.zero.exit.is.failure", true);
    c->options.delimiter = jobconf_get(task->job->conf, a, "textinputformat.record.delimiter");
    c->options.cancelled = &task->job->cancelled;
    c->options.on_line = on_line;
    c->options.on_error_line = on_error_line;
    c->options.self = c;
    TRY(child_start(&c->options, &c->child, err));
    *ret_child = c;
    c = NULL;
    return ST_OK;
}

/* The line of a record that repeats is made once. */
static Status write_repeated(TaskChild *c, const Record *r, Error *err)
{
    char block[REPEAT_BYTES];
    size_t n = 0, left = r->repeats + 1;
    memcpy(block, r->key, r->key_len);
    memcpy(block + (n += r->key_len), c->in_separator, c->in_len);
    memcpy(block + (n += c->in_len), r->value, r->value_len);
    block[n += r->value_len] = '\n';
    n++;
    size_t fit = REPEAT_BYTES / n;
    for (size_t i = 1; i < fit && i < left; i++)
        memcpy(block + i * n, block, n);
    for (size_t now; left; left -= now) {
        now = left < fit ? left : fit;
        TRY(child_write(c->child, block, now * n, err));
    }
    return ST_OK;
}

Status task_child_write(TaskChild *c, const Record *r, bool with_key, Error *err)
{
    if (r->repeats && with_key && !c->long_keys && r->key_len + r->value_len + c->in_len < REPEAT_BYTES)
        return write_repeated(c, r, err);
    if (r->repeats) {
        Record once = { r->key, r->value, r->key_len, r->value_len, 0 };
        for (size_t times = r->repeats + 1; times > 0; times--)
            TRY(task_child_write(c, &once, with_key, err));
        return ST_OK;
    }
    if (with_key && c->long_keys && r->key_len == 8) {
        char text[24];
        int n = snprintf(text, sizeof text, "%lld", (long long)key_to_long(r->key));
        TRY(child_write(c->child, text, (size_t)n, err));
    } else if (with_key) {
        TRY(child_write(c->child, r->key, r->key_len, err));
    }
    if (with_key)
        TRY(child_write(c->child, c->in_separator, c->in_len, err));
    TRY(child_write(c->child, r->value, r->value_len, err));
    return child_write(c->child, "\n", 1, err);
}

Status task_child_end(TaskChild *c, Error *err)
{
    return child_end(c->child, err);
}

void task_child_drop_output(TaskChild *c)
{
    c->dropped = true;
}

void task_child_closep(TaskChild **c)
{
    if (!*c)
        return;
    child_closep(&(*c)->child);
    arena_free((*c)->arena);
}
