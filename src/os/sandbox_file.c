/* os/sandbox_file.c -- walls as a file of KEY=VALUE lines: for a process that puts them up later, around other processes. */
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"
#include "os/sandbox.h"

#include <inttypes.h>

Status sandbox_save(const SandboxOptions *o, const char *path, Error *err)
{
    str_auto text = STR_INIT(LIMIT_CONF_TEXT);
    str_addf(&text, "parts=%u\nmemory=%" PRId64 "\n", o->parts, o->memory_bytes);
    for (size_t i = 0; i < o->read_paths.len; i++)
        str_addf(&text, "read=%s\n", o->read_paths.at[i]);
    for (size_t i = 0; i < o->write_paths.len; i++)
        str_addf(&text, "write=%s\n", o->write_paths.at[i]);
    if (o->private_tmp)
        str_addf(&text, "tmp=%s\n", o->private_tmp);
    if (o->group && o->group->memory_dir)
        str_addf(&text, "memory_dir=%s\n", o->group->memory_dir);
    if (o->group && o->group->cpu_dir)
        str_addf(&text, "cpu_dir=%s\n", o->group->cpu_dir);
    if (o->group && o->group->v2)
        str_add(&text, "v2=1\n");
    return file_write_durable(path, str_text(&text), text.len, 0600, err);
}

static Status read_line(Arena *a, char *key, char *value, SandboxOptions *o, SandboxGroup *group, Error *err)
{
    int64_t number = 0;
    str_to_i64(value, &number);
    if (str_eq(key, "parts"))
        o->parts = (unsigned)number;
    else if (str_eq(key, "memory"))
        o->memory_bytes = number;
    else if (str_eq(key, "read"))
        vec_push(a, &o->read_paths, value);
    else if (str_eq(key, "write"))
        vec_push(a, &o->write_paths, value);
    else if (str_eq(key, "tmp"))
        o->private_tmp = value;
    else if (str_eq(key, "memory_dir"))
        group->memory_dir = value;
    else if (str_eq(key, "cpu_dir"))
        group->cpu_dir = value;
    else if (str_eq(key, "v2"))
        group->v2 = true;
    else
        return FAIL(err, ST_INVALID, "sandbox file: what is '%s'?", key);
    return ST_OK;
}

Status sandbox_load(Arena *a, const char *path, SandboxOptions *ret_options, Error *err)
{
    SandboxOptions options = { 0 }, *o = &options;
    SandboxGroup *group = ARENA_NEW(a, SandboxGroup);
    char *text;
    size_t n;
    TRY(file_read(a, path, LIMIT_CONF_TEXT, &text, &n, err));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *equals = strchr(line, '=');
        if (!equals)
            return FAIL(err, ST_INVALID, "sandbox file: a line without '='");
        *equals = '\0';
        TRY(read_line(a, line, equals + 1, o, group, err));
    }
    if (group->memory_dir || group->cpu_dir)
        o->group = group;
    *ret_options = options;
    return ST_OK;
}
