/* The lake: wildcards, listings, staged writes, on the home's object store and on the host's files. */
#include "base/file.h"
#include "base/str.h"
#include "lake/glob.h"
#include "lake/lake.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"
#include "lake/objects_private.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    char home[32], host[32];
    Lake *lake;
    Arena *a;
} Fixture;

#define OK(expr)                                                             \
    do {                                                                     \
        Status status_ = (expr);                                             \
        if (status_ != ST_OK)                                                \
            fail_msg("%s: %s %s", #expr, status_name(status_), err.message); \
    } while (0)

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    memcpy(f->home, "/tmp/weir-lake-XXXXXX", sizeof "/tmp/weir-lake-XXXXXX");
    memcpy(f->host, "/tmp/weir-host-XXXXXX", sizeof "/tmp/weir-host-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    assert_non_null(mkdtemp(f->host));
    Error err = ERROR_INIT;
    f->a = arena_new();
    OK(lake_open_home(f->home, &(LakeOptions){ .host_files = true, .host_root = f->host, .working_dir = f->host, .run = "s-1" },
                      &f->lake, &err));
    OK(bucket_create(f->lake->objects, "lake", "123456789012", "us-east-1", &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    lake_close(f->lake);
    arena_free(f->a);
    OK(tree_remove(f->home, &err));
    OK(tree_remove(f->host, &err));
    free(f);
    return 0;
}

static void wildcards_match_components(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path, *rest; /* rest NULL: no match */
    } cases[] = {
        { "a/*.csv", "a/x.csv", "" },        { "a/*.csv", "a/b/x.csv", NULL },     { "a/*", "a/b/c/d", "c/d" },
        { "a/?", "a/b", "" },                { "a/?", "a/bc", NULL },              { "a/?", "a/\xc3\xbc", "" },
        { "year=201[0-3]", "year=2012/x", "x" }, { "year=201[0-3]", "year=2014", NULL }, { "[^a]b", "bb", "" },
        { "[^a]b", "ab", NULL },             { "a\\*", "a*", "" },                 { "a\\*", "ab", NULL },
        { "*a*b*c", "xxaxxbxxc", "" },       { "*a*b*c", "xxaxxbxx", NULL },       { "a/b/", "a/b/c", "c" },
        { "a/*/c", "a//c", "" },             { "a[", "a[", "" },                   { "a/b", "a", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *rest = NULL;
        bool hit = glob_match(cases[i].pattern, cases[i].path, &rest);
        if (hit != (cases[i].rest != NULL) || (hit && strcmp(rest, cases[i].rest) != 0))
            fail_msg("%s on %s: %s", cases[i].pattern, cases[i].path, hit ? rest : "no match");
    }
}

static void braces_multiply_out(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    StrList list;
    OK(glob_expand(a, "a/{b,c{1,2}}/{x/y,z}", &list, &err));
    assert_int_equal(list.len, 6);
    assert_string_equal(list.at[0], "a/b/x/y");
    OK(glob_expand(a, "plain", &list, &err));
    assert_int_equal(list.len, 1);
    assert_int_equal(glob_expand(a, "a{b", &list, &err), ST_INVALID);
    assert_int_equal(glob_expand(a, "{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}", &list, &err), ST_LIMIT);
    assert_string_equal(glob_fixed_folder(a, "a/b/c*/d"), "a/b/");
    assert_string_equal(glob_fixed_folder(a, "*.csv"), "");
}

static void names_that_jobs_do_not_see(void **state)
{
    (void)state;
    static const char *const hidden[] = { "_SUCCESS", ".part.crc", "a/_temporary/0/x", "a/.hidden/x", "x._COPYING_", "_metadata" };
    static const char *const seen[] = { "part-0", "_month=1/part-0", "a_b", "a/b.c" };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        assert_true(glob_hidden(hidden[i]));
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        assert_false(glob_hidden(seen[i]));
}

/* The files of a listing by their names behind `cut`, joined by spaces; or the error's code. */
static char *listed(Fixture *f, const char *uri, const char *cut)
{
    Error err = ERROR_INIT;
    LakeFileList files;
    if (lake_list(f->lake, f->a, uri, &files, &err) != ST_OK)
        return arena_str(f->a, err.code[0] ? err.code : err.message);
    char *text = arena_str(f->a, "");
    for (size_t i = 0; i < files.len; i++) {
        assert_true(str_starts(files.at[i].uri, cut));
        text = arena_printf(f->a, "%s%s%s", text, i ? " " : "", files.at[i].uri + strlen(cut));
    }
    return text;
}

static void put_all(Fixture *f, const char *root)
{
    static const char *const keys[] = { "d/a.csv", "d/b.csv", "d/_SUCCESS", "d/m=1/p.csv", "d/m=2/p.csv", "d/_tmp/p.csv", "d2/x" };
    Error err = ERROR_INIT;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        OK(lake_put(f->lake, path_join(f->a, root, keys[i]), keys[i], strlen(keys[i]), &err));
}

/* Both places give the same answers. */
static void listings_are_the_same_on_both(Fixture *f, const char *root, const char *cut)
{
#define LISTED(path) listed(f, path_join(f->a, root, path), cut)
    assert_string_equal(LISTED("d"), "d/a.csv d/b.csv d/m=1/p.csv d/m=2/p.csv");
    assert_string_equal(LISTED("d/"), "d/a.csv d/b.csv d/m=1/p.csv d/m=2/p.csv");
    assert_string_equal(LISTED("d/a.csv"), "d/a.csv");
    assert_string_equal(LISTED("d/*.csv"), "d/a.csv d/b.csv");
    assert_string_equal(LISTED("d/m=*"), "d/m=1/p.csv d/m=2/p.csv");
    assert_string_equal(LISTED("d/m=[2-9]/*"), "d/m=2/p.csv");
    assert_string_equal(LISTED("{d/m=1,d2}"), "d/m=1/p.csv d2/x");
    assert_string_equal(LISTED("*/x"), "d2/x");
    assert_string_equal(LISTED("d/_SUCCESS"), "d/_SUCCESS");
    assert_string_equal(LISTED("d/_tmp"), "d/_tmp/p.csv");
    assert_string_equal(LISTED("none"), "PATH_NOT_FOUND");
    assert_string_equal(LISTED("d/*.parquet"), "PATH_NOT_FOUND");
#undef LISTED
}

static void objects_are_listed(void **state)
{
    Fixture *f = *state;
    put_all(f, "s3://lake/");
    listings_are_the_same_on_both(f, "s3://lake/", "s3://lake/");
    assert_string_equal(listed(f, "s3a://lake/d2", "s3a://lake/"), "d2/x");
    assert_string_equal(listed(f, "s3://none/d", ""), "NoSuchBucket");
    assert_string_equal(listed(f, "s3://lake", "s3://lake/"), "d/a.csv d/b.csv d/m=1/p.csv d/m=2/p.csv d2/x");
    Error err = ERROR_INIT;
    char *bytes;
    size_t length;
    OK(lake_read(f->lake, f->a, "s3://lake/d/a.csv", 100, &bytes, &length, &err));
    assert_string_equal(bytes, "d/a.csv");
    assert_int_equal(lake_read(f->lake, f->a, "s3://lake/d/a.csv", 3, &bytes, &length, &err), ST_LIMIT);
    assert_int_equal(lake_read(f->lake, f->a, "s3://lake/d", 100, &bytes, &length, &err), ST_INVALID);
    const char *to = path_join(f->a, f->host, "fetched");
    OK(lake_fetch(f->lake, "s3://lake/d/m=1/p.csv", to, &err));
    OK(file_read(f->a, to, 100, &bytes, NULL, &err));
    assert_string_equal(bytes, "d/m=1/p.csv");
    OK(lake_remove(f->lake, "s3://lake/d/", &err));
    assert_string_equal(listed(f, "s3://lake/", "s3://lake/"), "d2/x");
}

static void host_files_are_listed(void **state)
{
    Fixture *f = *state;
    const char *root = arena_printf(f->a, "file://%s/", f->host), *cut = arena_printf(f->a, "file:%s/", f->host);
    put_all(f, root);
    listings_are_the_same_on_both(f, root, cut);
    assert_string_equal(listed(f, "d2", cut), "d2/x"); /* below working_dir */
}

static void host_files_outside_of_the_root_are_refused(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    bool exists;
    assert_int_equal(lake_exists(f->lake, "/etc/passwd", &exists, &err), ST_DENIED);
    assert_int_equal(lake_exists(f->lake, "../../etc/passwd", &exists, &err), ST_DENIED);
    assert_int_equal(symlink("/etc", path_join(f->a, f->host, "link")), 0);
    assert_int_equal(lake_exists(f->lake, "link/passwd", &exists, &err), ST_DENIED);
    assert_int_equal(lake_exists(f->lake, "gs://x/y", &exists, &err), ST_UNSUPPORTED);
    lake_auto *closed = NULL;
    OK(lake_open_home(f->home, &(LakeOptions){ .host_files = false }, &closed, &err));
    assert_int_equal(lake_exists(closed, "/tmp", &exists, &err), ST_DENIED);
}

/* Writes `names` (joined by spaces; content: `text` and the name) by one commit. */
static Status write_out(Fixture *f, const char *target, const char *names, const char *text, LakeCommit how, Error *err)
{
    LakeStage *stage;
    LakeOutputList outputs = { 0 };
    TRY(lake_stage(f->lake, f->a, target, &stage, err));
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        const char *name = arena_strn(f->a, p, n), *path = path_join(f->a, stage->folder, name);
        const char *content = arena_printf(f->a, "%s%s", text, name);
        TRY(dir_make(arena_strn(f->a, path, (size_t)(strrchr(path, '/') - path)), 0755, err));
        TRY(file_write_durable(path, content, strlen(content), 0644, err));
        vec_push(f->a, &outputs, (LakeOutput){ name, 1 });
        p += n + (p[n] == ' ');
    }
    TRY(file_write_durable(path_join(f->a, stage->folder, "unlisted"), "x", 1, 0644, err));
    return lake_commit(f->lake, stage, how, &outputs, true, err);
}

static void commits_do_what_they_say(Fixture *f, const char *root, const char *cut)
{
    Error err = ERROR_INIT;
    const char *t = path_join(f->a, root, "t");
    char *bytes;
    size_t length;
    OK(write_out(f, t, "m=1/a m=2/a", "1", LAKE_CREATE, &err));
    assert_string_equal(listed(f, t, cut), "t/m=1/a t/m=2/a");
    assert_int_equal(write_out(f, t, "m=1/a", "2", LAKE_CREATE, &err), ST_CONFLICT);
    assert_string_equal(err.code, "PATH_ALREADY_EXISTS");
    OK(write_out(f, t, "m=1/b", "3", LAKE_APPEND, &err));
    assert_string_equal(listed(f, t, cut), "t/m=1/a t/m=1/b t/m=2/a");
    OK(write_out(f, t, "m=1/c m=3/c", "4", LAKE_OVERWRITE_PARTITIONS, &err));
    assert_string_equal(listed(f, t, cut), "t/m=1/c t/m=2/a t/m=3/c");
    OK(lake_read(f->lake, f->a, path_join(f->a, t, "m=1/c"), 100, &bytes, &length, &err));
    assert_string_equal(bytes, "4m=1/c");
    OK(lake_read(f->lake, f->a, path_join(f->a, t, "_SUCCESS"), 100, &bytes, &length, &err));
    assert_int_equal(length, 0);
    OK(write_out(f, t, "z", "5", LAKE_OVERWRITE, &err));
    assert_string_equal(listed(f, t, cut), "t/z");
    OK(write_out(f, t, "", "", LAKE_OVERWRITE, &err)); /* an empty output is a folder with its marker */
    assert_string_equal(listed(f, t, cut), "");
    assert_int_equal(write_out(f, t, "a//x", "6", LAKE_APPEND, &err), ST_INVALID);
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += !str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..");
    closedir(dir);
    return count;
}

static void objects_are_committed(void **state)
{
    Fixture *f = *state;
    commits_do_what_they_say(f, "s3://lake/", "s3://lake/");
    Error err = ERROR_INIT;
    assert_int_equal(write_out(f, "s3://none/t", "a", "1", LAKE_APPEND, &err), ST_NOT_FOUND);
    Object object;
    OK(write_out(f, "s3://lake/u", "a", "1", LAKE_APPEND, &err));
    OK(object_get(f->lake->objects, f->a, "lake", "u/a", NULL, &object, &err));
    assert_string_equal(object.run, "s-1");
    assert_int_equal(object.row_count, 1);
    assert_int_equal(entries(f->lake->objects->tmp), 0);
}

static void host_files_are_committed(void **state)
{
    Fixture *f = *state;
    const char *root = arena_printf(f->a, "file:%s/", f->host);
    commits_do_what_they_say(f, root, root);
    Error err = ERROR_INIT;
    LakeStage *stage;
    OK(lake_stage(f->lake, f->a, path_join(f->a, root, "gone"), &stage, &err));
    lake_abort(f->lake, stage);
    int left = entries(f->host);
    assert_true(left >= 1 && left <= 3); /* t, and the stages of the two commits that failed */
}

static void a_commit_is_known_by_its_stage(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    const char *id, *folder;
    LakeOutputList outputs = { 0 };
    vec_push(f->a, &outputs, (LakeOutput){ "a", -1 });
    OK(lake_objects_stage(f->lake->objects, f->a, "s3://lake/t", "me", NULL, &id, &folder, &err));
    OK(file_write_durable(path_join(f->a, folder, "a"), "1", 1, 0644, &err));
    OK(lake_objects_commit(f->lake->objects, id, LAKE_CREATE, &outputs, true, &err));
    OK(lake_objects_commit(f->lake->objects, id, LAKE_CREATE, &outputs, true, &err)); /* the answer was lost */
    OK(lake_objects_abort(f->lake->objects, id, &err));
    assert_string_equal(listed(f, "s3://lake/t", "s3://lake/"), "t/a");
    assert_int_equal(lake_objects_commit(f->lake->objects, "none", LAKE_CREATE, &outputs, true, &err), ST_NOT_FOUND);
}

static void a_failed_commit_leaves_nothing_and_links_lead_nowhere(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    const char *id, *folder;
    LakeOutputList outputs = { 0 };
    vec_push(f->a, &outputs, (LakeOutput){ "a", -1 });
    vec_push(f->a, &outputs, (LakeOutput){ "b", -1 });
    OK(lake_objects_stage(f->lake->objects, f->a, "s3://lake/t", "me", NULL, &id, &folder, &err));
    OK(file_write_durable(path_join(f->a, folder, "a"), "1", 1, 0644, &err));
    assert_int_equal(symlink("/etc/passwd", path_join(f->a, folder, "b")), 0);
    assert_int_equal(lake_objects_commit(f->lake->objects, id, LAKE_APPEND, &outputs, true, &err), ST_NOT_FOUND);
    assert_string_equal(listed(f, "s3://lake/t", "s3://lake/"), "PATH_NOT_FOUND");
    assert_int_equal(entries(f->lake->objects->tmp), 0);
}

static void stages_of_the_living_are_kept(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    LakeStage *living;
    const char *id, *dead;
    OK(lake_stage(f->lake, f->a, "s3://lake/t", &living, &err));
    OK(lake_objects_stage(f->lake->objects, f->a, "s3://lake/t", "me", NULL, &id, &dead, &err)); /* nobody holds its lock */
    OK(objects_sweep(f->lake->objects, OBJECTS_GRACE_MS, &err));
    assert_true(path_exists(dead));
    OK(objects_sweep(f->lake->objects, -5000, &err));
    assert_false(path_exists(dead));
    assert_true(path_exists(living->folder));
    lake_abort(f->lake, living);
    assert_false(path_exists(living->folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_match_components),
        cmocka_unit_test(braces_multiply_out),
        cmocka_unit_test(names_that_jobs_do_not_see),
        cmocka_unit_test_setup_teardown(objects_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(host_files_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(host_files_outside_of_the_root_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_are_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(host_files_are_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_is_known_by_its_stage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_commit_leaves_nothing_and_links_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(stages_of_the_living_are_kept, setup, teardown),
    };
    return cmocka_run_group_tests_name("lake", tests, NULL, NULL);
}
