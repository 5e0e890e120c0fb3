/* step/spec, step/logs: the files of a step's folder, and the line that says why it failed. */
#include "base/file.h"
#include "base/str.h"
#include "os/process.h"
#include "step/logs.h"
#include "step/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

typedef struct Folder {
    Arena *arena;
    char *path;
} Folder;

static int setup(void **state)
{
    Arena *a = arena_new();
    Folder *folder = ARENA_NEW(a, Folder);
    *folder = (Folder){ a, arena_str(a, "/tmp/weir-step-XXXXXX") };
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static int teardown(void **state)
{
    Folder *folder = *state;
    Status status = tree_remove(folder->path, NULL);
    arena_free(folder->arena);
    return status == ST_OK ? 0 : -1;
}

static void spec_comes_back_as_it_went(void **state)
{
    Folder *f = *state;
    StepSpec spec = { .id = "s-1", .kind = "step", .cluster = "j-1", .name = "näme \"x\"", .parts = 7, .memory_bytes = 1LL << 40,
                      .cpu_milli = 1500, .driver_memory_bytes = 5, .driver_cores = 2, .cancel_grace_ms = 10 }, back;
    vec_push(f->arena, &spec.argv, "bash");
    vec_push(f->arena, &spec.argv, "line\nbreak");
    map_set(f->arena, &spec.env, "A", arena_str(f->arena, "b=c"));
    vec_push(f->arena, &spec.write_paths, "/w");
    assert_int_equal(step_spec_write(f->path, &spec, NULL), ST_OK);
    assert_int_equal(step_spec_read(f->arena, f->path, &back, NULL), ST_OK);
    assert_string_equal(back.name, spec.name);
    assert_string_equal(back.argv.at[1], "line\nbreak");
    assert_string_equal(map_get(&back.env, "A"), "b=c");
    assert_string_equal(back.write_paths.at[0], "/w");
    assert_true(back.memory_bytes == 1LL << 40 && back.parts == 7 && back.cpu_milli == 1500);
    assert_null(back.jar);
}

static void a_spec_that_is_not_utf8_is_refused(void **state)
{
    Folder *f = *state;
    StepSpec spec = { .id = "s-1" };
    vec_push(f->arena, &spec.argv, "\xff\xfe");
    assert_int_not_equal(step_spec_write(f->path, &spec, NULL), ST_OK);
}

static void a_step_is_claimed_once(void **state)
{
    Folder *f = *state;
    pid_t pid;
    uint64_t start_time;
    assert_int_equal(step_started_read(f->path, &pid, &start_time, NULL), ST_NOT_FOUND);
    assert_int_equal(step_started_claim(f->path, NULL), ST_OK);
    assert_int_equal(step_started_claim(f->path, NULL), ST_CONFLICT);
    assert_int_equal(step_started_read(f->path, &pid, &start_time, NULL), ST_OK);
    assert_int_equal(pid, getpid());
    assert_true(start_time == process_start_time(getpid()));
}

static void the_lock_is_one_supervisors(void **state)
{
    Folder *f = *state;
    int fd = -1, other = -1;
    assert_int_equal(step_lock(f->path, &fd, NULL), ST_OK);
    assert_int_equal(step_lock(f->path, &other, NULL), ST_CONFLICT);
    close(fd);
    assert_int_equal(step_lock(f->path, &other, NULL), ST_OK);
    close(other);
}

static void an_end_comes_back(void **state)
{
    Folder *f = *state;
    StepExit end = { .code = 137, .cancelled = true, .level = "seccomp", .oom_kills = 2, .started_ms = 5, .ended_ms = 6 }, back;
    assert_int_equal(step_exit_read(f->arena, f->path, &back, NULL), ST_NOT_FOUND);
    assert_int_equal(step_exit_write(f->path, &end, NULL), ST_OK);
    assert_int_equal(step_exit_read(f->arena, f->path, &back, NULL), ST_OK);
    assert_true(back.code == 137 && back.cancelled && back.oom_kills == 2 && back.ended_ms == 6 && !back.error);
}

static const char *line_of(void **state, const char *text)
{
    Folder *f = *state;
    return logs_failure_line(f->arena, text, strlen(text));
}

static void the_last_exception_is_the_reason(void **state)
{
    assert_string_equal(line_of(state, "Traceback (most recent call last):\n  File \"x\", line 1\nValueError: bad\n26/01/01 INFO end\n"), "ValueError: bad");
    assert_string_equal(line_of(state, "Exception in thread \"main\" java.io.IOException: x\r\n\tat a.b.C\n"), "Exception in thread \"main\" java.io.IOException: x");
    assert_string_equal(line_of(state, "pyspark.errors.exceptions.connect.AnalysisException: [A] b\nKeyError: 'k'"), "KeyError: 'k'");
    assert_string_equal(line_of(state, "KeyboardInterrupt\n"), "KeyboardInterrupt");
    assert_string_equal(line_of(state, "a.ParseException: \n[PARSE_SYNTAX_ERROR] x\n\n== SQL ==\n"), "a.ParseException: [PARSE_SYNTAX_ERROR] x");
    assert_string_equal(line_of(state, "cat: x: No such file\n\n"), "cat: x: No such file");
    assert_string_equal(line_of(state, "an Error: in a sentence\nlast line"), "last line");
    assert_null(line_of(state, ""));
}

static void long_lines_are_cut_between_characters(void **state)
{
    Folder *f = *state;
    char text[2000] = "ValueError: ";
    size_t n = strlen(text);
    for (size_t i = n; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    char *line = logs_failure_line(f->arena, text, strlen(text));
    assert_true(strlen(line) <= 1024 && utf8_valid(line, strlen(line)));
    assert_string_equal(logs_failure_line(f->arena, "ValueError: \xff", 13), "ValueError: ?");
}

static void logs_are_compressed_even_when_absent(void **state)
{
    Folder *f = *state;
    char *log = path_join(f->arena, f->path, "stdout"), *packed = path_join(f->arena, f->path, "stdout.gz"), text[64] = "";
    assert_int_equal(logs_gzip(log, packed, NULL), ST_OK);
    gzFile file = gzopen(packed, "rb");
    assert_int_equal(gzread(file, text, sizeof text), 0);
    gzclose(file);
    assert_int_equal(file_write_durable(log, "hello\n", 6, 0600, NULL), ST_OK);
    assert_int_equal(logs_gzip(log, packed, NULL), ST_OK);
    file = gzopen(packed, "rb");
    assert_int_equal(gzread(file, text, sizeof text), 6);
    gzclose(file);
    assert_memory_equal(text, "hello\n", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(spec_comes_back_as_it_went, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spec_that_is_not_utf8_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_is_claimed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_lock_is_one_supervisors, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_exception_is_the_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_are_cut_between_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(logs_are_compressed_even_when_absent, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
