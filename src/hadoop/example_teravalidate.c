/* hadoop/example_teravalidate.c -- teravalidate: is each file in order, does each begin behind the end of the one before, and the
 * checksum of all rows. Source: org.apache.hadoop.examples.terasort.TeraValidate. */
#include "base/str.h"
#include "hadoop/examples.h"

#include <stdio.h>

static const char error_key[] = "error", checksum_key[] = "checksum";

static Status give(const Collector *to, const char *key, const void *value, size_t length, Error *err)
{
    return to->collect(to->self, &(Record){ (const uint8_t *)key, value, strlen(key), length, 0 }, err);
}

static const char *hex_bytes(Arena *a, const uint8_t *bytes, size_t length)
{
    str_auto text = STR_INIT(SIZE_MAX);
    for (size_t i = 0; i < length; i++)
        str_addf(&text, "%s%02x", i ? " " : "", bytes[i]);
    return str_arena(&text, a);
}

static const char *hex_number(Arena *a, TeraNumber n)
{
    uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;
    return high ? arena_printf(a, "%llx%016llx", (unsigned long long)high, (unsigned long long)low)
                : arena_printf(a, "%llx", (unsigned long long)low);
}

static TeraNumber number_of_hex(const uint8_t *text, size_t length)
{
    TeraNumber n = 0;
    for (size_t i = 0; i < length; i++)
        n = n << 4 | (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
    return n;
}

/* --- one file --- */

typedef struct FileCheck {
    Arena *arena;
    const char *name;
    bool any;
    uint8_t last[TERA_KEY_BYTES];
    TeraNumber checksum;
} FileCheck;

static Status check_begin(void *data, Arena *a, const Split *split, void **ret_state, Error *err)
{
    (void)data, (void)err;
    FileCheck *c = ARENA_NEW(a, FileCheck);
    const char *slash = strrchr(split->file.uri, '/');
    c->arena = a;
    c->name = slash ? slash + 1 : split->file.uri;
    *ret_state = c;
    return ST_OK;
}

static Status check_row(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    (void)data;
    FileCheck *c = state;
    if (!c->any) {
        TRY(give(to, arena_printf(c->arena, "%s:begin", c->name), r->key, r->key_len, err));
        c->any = true;
    } else if (memcmp(r->key, c->last, TERA_KEY_BYTES) < 0) {
        arena_auto *a = arena_new();
        const char *what = arena_printf(a, "misorder in %s between %s and %s", c->name, hex_bytes(a, c->last, TERA_KEY_BYTES),
                                        hex_bytes(a, r->key, r->key_len));
        TRY(give(to, error_key, what, strlen(what), err));
    }
    c->checksum += tera_checksum(r->key, r->value);
    memcpy(c->last, r->key, TERA_KEY_BYTES);
    return ST_OK;
}

static Status check_end(void *data, void *state, const Collector *to, Counters *counters, Error *err)
{
    (void)data, (void)counters;
    FileCheck *c = state;
    if (!c->any)
        return ST_OK;
    TRY(give(to, arena_printf(c->arena, "%s:end", c->name), c->last, TERA_KEY_BYTES, err));
    const char *sum = hex_number(c->arena, c->checksum);
    return give(to, checksum_key, sum, strlen(sum), err);
}

/* --- all of them, in order of their names --- */

typedef struct Ends {
    Arena *arena;
    const char *name; /* "part-r-00000:end"; NULL: there was none */
    uint8_t key[TERA_KEY_BYTES];
} Ends;

typedef struct Group {
    bool any;
    uint8_t value[TERA_KEY_BYTES]; /* the first */
    TeraNumber checksum;
} Group;

static bool is_key(const uint8_t *key, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(key, name, length) == 0;
}

static Status group_begin(void *data, Arena *a, void **ret_group)
{
    (void)data;
    *ret_group = ARENA_NEW(a, Group);
    return ST_OK;
}

static Status group_add(void *data, void *group, const Record *r, const Collector *to, Error *err)
{
    (void)data;
    Group *g = group;
    if (is_key(r->key, r->key_len, error_key))
        return to->collect(to->self, r, err);
    if (is_key(r->key, r->key_len, checksum_key))
        g->checksum += number_of_hex(r->value, r->value_len);
    else if (!g->any && r->value_len == TERA_KEY_BYTES)
        memcpy(g->value, r->value, TERA_KEY_BYTES);
    g->any = true;
    return ST_OK;
}

static Status check_partition(Ends *ends, const Group *g, const char *name, const Collector *to, Error *err)
{
    bool first = !ends->name || strcmp(name, ends->name) <= 0; /* a reducer that is made again begins anew */
    if (!first && memcmp(g->value, ends->key, TERA_KEY_BYTES) < 0) {
        arena_auto *a = arena_new();
        const char *what = arena_printf(a, "bad key partitioning:\n  file %s key %s\n  file %s key %s", ends->name,
                                        hex_bytes(a, ends->key, TERA_KEY_BYTES), name, hex_bytes(a, g->value, TERA_KEY_BYTES));
        TRY(give(to, error_key, what, strlen(what), err));
    }
    ends->name = name;
    memcpy(ends->key, g->value, TERA_KEY_BYTES);
    return ST_OK;
}

static Status group_end(void *data, void *group, const uint8_t *key, size_t key_len, const Collector *to, Error *err)
{
    Ends *ends = data;
    const Group *g = group;
    if (is_key(key, key_len, error_key))
        return ST_OK;
    if (!is_key(key, key_len, checksum_key))
        return check_partition(ends, g, arena_strn(ends->arena, (const char *)key, key_len), to, err);
    arena_auto *a = arena_new();
    const char *sum = hex_number(a, g->checksum);
    return give(to, checksum_key, sum, strlen(sum), err);
}

Status example_teravalidate(Example *e, int *ret_code, Error *err)
{
    if (e->argc != 2) {
        fputs("teravalidate <out-dir> <report-dir>\n", stderr);
        *ret_code = EXAMPLE_FAILED;
        return ST_OK;
    }
    Job job;
    bool succeeded = false;
    Ends ends = { .arena = e->arena };
    jobconf_set(&e->conf, "mapreduce.job.reduces", "1");
    jobconf_setf(&e->conf, "mapreduce.input.fileinputformat.split.minsize", "%lld", (long long)INT64_MAX);
    Status status = example_job(e, "TeraValidate", &job, err);
    if (status == ST_OK) {
        vec_push(e->arena, &job.inputs, e->argv[0]);
        job.mapper = (Processor){ .kind = PROCESSOR_NATIVE, .map_begin = check_begin, .map = check_row, .map_end = check_end };
        job.reducer = (Processor){ .kind = PROCESSOR_NATIVE, .data = &ends, .begin = group_begin, .add = group_add, .end = group_end };
        status = fs_uri(&e->fs, e->arena, e->argv[1], &job.output, err);
    }
    if (status == ST_OK)
        status = example_tera_splits(e, &job, err);
    if (status == ST_OK) {
        input_sort(e->arena, &job.splits);
        status = example_job_run(&job, &succeeded, err);
    }
    job_done(&job);
    *ret_code = succeeded ? 0 : EXAMPLE_FAILED;
    return status;
}
