/* step/spec.c -- the files of a step's folder. */
#include "step/spec.h"

#include "base/file.h"
#include "base/str.h"
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { SPEC_BYTES = 4 * 1024 * 1024 };

/* NULL when a text is not UTF-8: json_pack then fails as a whole. */
static json_t *list_to_json(const StrList *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->len; i++)
        if (json_array_append_new(array, json_string(list->at[i])) < 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

static json_t *env_to_json(const Map *env)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < env->len; i++)
        if (env->at[i].value && json_object_set_new(object, env->at[i].key, json_string(env->at[i].value)) < 0) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

static Status json_write(const char *folder, const char *name, json_t *value, Error *err)
{
    char *text = json_dumps(value, JSON_INDENT(1));
    json_decref(value);
    if (!text)
        return FAIL(err, ST_INVALID, "%s is not valid UTF-8", name);
    arena_auto *a = arena_new();
    Status status = file_write_durable(path_join(a, folder, name), text, strlen(text), 0600, err);
    free(text);
    return status;
}

static Status json_read(Arena *a, const char *folder, const char *name, json_t **ret_value, Error *err)
{
    char *text;
    size_t length;
    TRY(file_read(a, path_join(a, folder, name), SPEC_BYTES, &text, &length, err));
    json_error_t problem;
    json_t *value = json_loadb(text, length, 0, &problem);
    if (!value)
        return FAIL(err, ST_IO, "%s/%s: %s", folder, name, problem.text);
    *ret_value = value;
    return ST_OK;
}

static const char *text_of(Arena *a, const json_t *object, const char *name)
{
    return arena_str(a, json_string_value(json_object_get(object, name)));
}

static int64_t int_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void list_of(Arena *a, const json_t *object, const char *name, StrList *ret_list)
{
    const json_t *array = json_object_get(object, name);
    for (size_t i = 0; i < json_array_size(array); i++)
        vec_push(a, ret_list, arena_str(a, json_string_value(json_array_get(array, i))));
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

Status step_spec_write(const char *folder, const StepSpec *spec, Error *err)
{
    json_t *value = json_pack("{so so so so so so so so so sI sI sI sI sI sI}", "id", text_or_null(spec->id), "kind",
                              text_or_null(spec->kind), "cluster", text_or_null(spec->cluster), "name",
                              text_or_null(spec->name), "jar", text_or_null(spec->jar), "argv", list_to_json(&spec->argv),
                              "env", env_to_json(&spec->env), "read", list_to_json(&spec->read_paths), "write",
                              list_to_json(&spec->write_paths), "parts", (json_int_t)spec->parts, "memory_bytes",
                              (json_int_t)spec->memory_bytes, "cpu_milli", (json_int_t)spec->cpu_milli,
                              "driver_memory_bytes", (json_int_t)spec->driver_memory_bytes, "driver_cores",
                              (json_int_t)spec->driver_cores, "cancel_grace_ms", (json_int_t)spec->cancel_grace_ms);
    if (!value)
        return FAIL(err, ST_INVALID, "the step's arguments are not valid UTF-8");
    return json_write(folder, "spec.json", value, err);
}

Status step_spec_read(Arena *a, const char *folder, StepSpec *ret_spec, Error *err)
{
    json_t *value;
    TRY(json_read(a, folder, "spec.json", &value, err));
    StepSpec spec = { .id = text_of(a, value, "id"),
                      .kind = text_of(a, value, "kind"),
                      .cluster = text_of(a, value, "cluster"),
                      .name = text_of(a, value, "name"),
                      .jar = text_of(a, value, "jar"),
                      .parts = (unsigned)int_of(value, "parts"),
                      .memory_bytes = int_of(value, "memory_bytes"),
                      .cpu_milli = int_of(value, "cpu_milli"),
                      .driver_memory_bytes = int_of(value, "driver_memory_bytes"),
                      .driver_cores = int_of(value, "driver_cores"),
                      .cancel_grace_ms = int_of(value, "cancel_grace_ms") };
    list_of(a, value, "argv", &spec.argv);
    list_of(a, value, "read", &spec.read_paths);
    list_of(a, value, "write", &spec.write_paths);
    const char *name;
    json_t *text;
    json_object_foreach(json_object_get(value, "env"), name, text)
        map_set(a, &spec.env, name, arena_str(a, json_string_value(text)));
    json_decref(value);
    if (!spec.id || !spec.argv.len)
        return FAIL(err, ST_INVALID, "%s/spec.json names nothing to run", folder);
    *ret_spec = spec;
    return ST_OK;
}

Status step_exit_write(const char *folder, const StepExit *end, Error *err)
{
    json_t *value = json_pack("{si sb so so sI sI sI sI}", "code", end->code, "cancelled", end->cancelled ? 1 : 0, "error",
                              text_or_null(end->error), "level", text_or_null(end->level), "oom_kills",
                              (json_int_t)end->oom_kills, "left", (json_int_t)end->left, "started_ms",
                              (json_int_t)end->started_ms, "ended_ms", (json_int_t)end->ended_ms);
    if (!value)
        return FAIL(err, ST_INTERNAL, "the step's end is not valid UTF-8");
    return json_write(folder, "exit.json", value, err);
}

Status step_exit_read(Arena *a, const char *folder, StepExit *ret_end, Error *err)
{
    json_t *value;
    TRY(json_read(a, folder, "exit.json", &value, err));
    *ret_end = (StepExit){ .code = (int)int_of(value, "code"),
                           .cancelled = json_is_true(json_object_get(value, "cancelled")),
                           .error = text_of(a, value, "error"),
                           .level = text_of(a, value, "level"),
                           .oom_kills = int_of(value, "oom_kills"),
                           .left = int_of(value, "left"),
                           .started_ms = int_of(value, "started_ms"),
                           .ended_ms = int_of(value, "ended_ms") };
    json_decref(value);
    return ST_OK;
}

/* link(2) makes the name once or fails, and the content is there with the name. */
Status step_started_claim(const char *folder, Error *err)
{
    arena_auto *a = arena_new();
    char *temporary = arena_printf(a, "%s/started.%d", folder, (int)getpid()), *name = path_join(a, folder, "started");
    char *text = arena_printf(a, "%d %llu\n", (int)getpid(), (unsigned long long)process_start_time(getpid()));
    TRY(file_write_durable(temporary, text, strlen(text), 0600, err));
    int failed = link(temporary, name) < 0 ? errno : 0;
    unlink(temporary);
    if (failed)
        return FAIL(err, failed == EEXIST ? ST_CONFLICT : ST_IO, "%s: %s", name, strerror(failed));
    return dir_sync(folder, err);
}

Status step_started_read(const char *folder, pid_t *ret_pid, uint64_t *ret_start_time, Error *err)
{
    arena_auto *a = arena_new();
    char *text, *end;
    TRY(file_read(a, path_join(a, folder, "started"), 4096, &text, NULL, err));
    long pid = strtol(text, &end, 10);
    unsigned long long start_time = strtoull(end, NULL, 10);
    if (pid <= 0)
        return FAIL(err, ST_IO, "%s/started is torn", folder);
    *ret_pid = (pid_t)pid;
    *ret_start_time = start_time;
    return ST_OK;
}

Status step_lock(const char *folder, int *ret_fd, Error *err)
{
    arena_auto *a = arena_new();
    char *path = path_join(a, folder, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL(err, ST_IO, "open '%s': %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int why = errno;
        close(fd);
        return FAIL(err, why == EWOULDBLOCK ? ST_CONFLICT : ST_IO, "lock '%s': %s", path, strerror(why));
    }
    *ret_fd = fd;
    return ST_OK;
}
