/* The object store: digests, bodies, rows, versions, listings, and what a dead process leaves. */
#include "base/file.h"
#include "base/str.h"
#include "lake/objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    char home[32];
    Store *store;
    Objects *objects;
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
    memcpy(f->home, "/tmp/weir-objs-XXXXXX", sizeof "/tmp/weir-objs-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    Error err = ERROR_INIT;
    f->a = arena_new();
    OK(store_open(f->home, &f->store, &err));
    OK(objects_open(f->home, f->store, &f->objects, &err));
    OK(bucket_create(f->objects, "b-one", "123456789012", "us-east-1", &err));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    objects_close(f->objects);
    store_close(f->store);
    arena_free(f->a);
    Error err = ERROR_INIT;
    OK(tree_remove(f->home, &err));
    free(f);
    return 0;
}

static Status put(Fixture *f, const char *key, const char *text, const WriteCondition *condition, Object *ret_object, Error *err)
{
    spool_auto *spool = NULL;
    TRY(spool_new(f->objects, DIGEST_BIT(DIGEST_MD5), INT64_MAX, &spool, err));
    TRY(spool_write(spool, text, strlen(text), err));
    TRY(spool_finish(spool, err));
    Object made = { .bucket = "b-one", .key = key, .etag = spool_hex(spool, f->a, DIGEST_MD5), .row_count = -1 }, ignored;
    return object_put(f->objects, f->a, spool, &made, condition, ret_object ? ret_object : &ignored, err);
}

static char *content(Fixture *f, const Object *object)
{
    Error err = ERROR_INIT;
    char *text;
    OK(file_read(f->a, object_path(f->objects, f->a, object->file), 1 << 20, &text, NULL, &err));
    return text;
}

static int count_files(Fixture *f, const char *folder)
{
    int count = 0;
    const char *path = path_join(f->a, f->home, folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        count += entry->d_type == DT_DIR ? count_files(f, path_join(f->a, folder, entry->d_name)) : 1;
    }
    closedir(dir);
    return count;
}

static void digests_have_their_published_values(void **state)
{
    (void)state;
    static const struct {
        DigestKind kind;
        const char *hex; /* of "123456789" */
    } known[] = {
        { DIGEST_MD5, "25f9e794323b453885f5181f1b624d0b" },
        { DIGEST_SHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
        { DIGEST_SHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225" },
        { DIGEST_CRC32, "cbf43926" },
        { DIGEST_CRC32C, "e3069283" },
        { DIGEST_CRC64NVME, "ae8b14860a799888" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        unsigned char bytes[DIGEST_BYTES_MAX];
        char hex[2 * DIGEST_BYTES_MAX + 1];
        digest_of(known[i].kind, "123456789", 9, bytes);
        hex_encode(bytes, digest_size(known[i].kind), hex);
        assert_string_equal(hex, known[i].hex);
    }
}

static void crcs_of_pieces_combine_to_the_crc_of_the_whole(void **state)
{
    (void)state;
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i % 251);
    for (DigestKind kind = DIGEST_CRC32; kind < DIGEST_KINDS; kind++) {
        for (size_t cut = 0; cut <= sizeof text; cut += 500) {
            unsigned char first[8], second[8], whole[8], combined[8];
            digest_of(kind, text, cut, first);
            digest_of(kind, text + cut, sizeof text - cut, second);
            digest_of(kind, text, sizeof text, whole);
            digest_crc_combine(kind, first, second, (int64_t)(sizeof text - cut), combined);
            assert_memory_equal(combined, whole, digest_size(kind));
        }
    }
}

static void an_object_is_what_was_put(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    Object made, got;
    OK(put(f, "a/b c/ü", "hello", NULL, &made, &err));
    OK(object_get(f->objects, f->a, "b-one", "a/b c/ü", NULL, &got, &err));
    assert_string_equal(content(f, &got), "hello");
    assert_string_equal(got.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_string_equal(got.version_id, "null");
    assert_int_equal(got.size_bytes, 5);
    assert_true(got.row_count == -1 && got.latest && !got.delete_marker);
    assert_int_equal(count_files(f, "lake/tmp"), 0);
    assert_int_equal(object_get(f->objects, f->a, "b-one", "a/b", NULL, &got, &err), ST_NOT_FOUND);
    assert_string_equal(err.code, "NoSuchKey");
    assert_int_equal(object_get(f->objects, f->a, "b-two", "a/b", NULL, &got, &err), ST_NOT_FOUND);
    assert_string_equal(err.code, "NoSuchBucket");
}

static void an_overwritten_file_stays_for_the_grace_and_goes_then(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    Object first, second;
    OK(put(f, "k", "one", NULL, &first, &err));
    OK(put(f, "k", "two", NULL, &second, &err));
    OK(objects_sweep(f->objects, OBJECTS_GRACE_MS, &err));
    assert_string_equal(content(f, &first), "one");
    OK(objects_sweep(f->objects, -1, &err));
    assert_false(path_exists(object_path(f->objects, f->a, first.file)));
    assert_string_equal(content(f, &second), "two");
    assert_int_equal(count_files(f, "lake/objects"), 1);
}

static void conditions_hold_or_refuse(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    WriteCondition absent = { .if_absent = true }, wrong = { .if_match = "00" };
    OK(put(f, "k", "one", &absent, NULL, &err));
    assert_int_equal(put(f, "k", "two", &absent, NULL, &err), ST_CONFLICT);
    assert_int_equal(err.http, 412);
    assert_int_equal(put(f, "k", "two", &wrong, NULL, &err), ST_CONFLICT);
    assert_int_equal(put(f, "none", "two", &wrong, NULL, &err), ST_NOT_FOUND);
    WriteCondition right = { .if_match = "f97c5d29941bfb1b2fdab0874906ab82" };
    OK(put(f, "k", "two", &right, NULL, &err));
    assert_int_equal(count_files(f, "lake/objects"), 2); /* refused bodies are gone, the first one waits for the sweep */
}

static void bad_keys_and_sizes_are_refused(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    char key[1026];
    memset(key, 'k', sizeof key);
    key[1025] = 0;
    assert_int_equal(put(f, key, "x", NULL, NULL, &err), ST_INVALID);
    assert_string_equal(err.code, "KeyTooLongError");
    assert_int_equal(put(f, "bad\xff", "x", NULL, NULL, &err), ST_INVALID);
    key[1024] = 0;
    OK(put(f, key, "x", NULL, NULL, &err));
    spool_auto *spool = NULL;
    OK(spool_new(f->objects, DIGEST_BIT(DIGEST_MD5), 4, &spool, &err));
    assert_int_equal(spool_write(spool, "12345", 5, &err), ST_LIMIT);
    assert_string_equal(err.code, "EntityTooLarge");
    assert_int_equal(spool_write(spool, "1", 1, &err), ST_LIMIT);
    assert_int_equal(spool_finish(spool, &err), ST_LIMIT);
}

static void versions_and_markers(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    Object before, one, two, got;
    OK(put(f, "k", "before", NULL, &before, &err));
    OK(bucket_set_versioning(f->objects, "b-one", "Enabled", &err));
    OK(put(f, "k", "one", NULL, &one, &err));
    OK(put(f, "k", "two", NULL, &two, &err));
    OK(object_get(f->objects, f->a, "b-one", "k", one.version_id, &got, &err));
    assert_string_equal(content(f, &got), "one");
    OK(object_get(f->objects, f->a, "b-one", "k", "null", &got, &err));
    assert_string_equal(content(f, &got), "before");
    ObjectDeleted deleted;
    OK(object_delete(f->objects, f->a, "b-one", &(ObjectDelete){ .key = "k" }, 1, &deleted, &err));
    assert_true(deleted.delete_marker && deleted.version_id);
    assert_int_equal(object_get(f->objects, f->a, "b-one", "k", NULL, &got, &err), ST_NOT_FOUND);
    assert_string_equal(error_param_get(&err, "DeleteMarker"), "true");
    ObjectPage page;
    OK(object_list(f->objects, f->a, "b-one", &(ObjectListing){ .prefix = "", .max = 10 }, &page, &err));
    assert_int_equal(page.objects.len, 0);
    OK(object_list(f->objects, f->a, "b-one", &(ObjectListing){ .prefix = "", .max = 10, .versions = true }, &page, &err));
    assert_int_equal(page.objects.len, 4);
    assert_true(page.objects.at[0].delete_marker && page.objects.at[0].latest);
    assert_string_equal(page.objects.at[3].version_id, "null");
    /* page by page, one version each */
    ObjectListing listing = { .prefix = "", .max = 1, .versions = true, .after_entry = true };
    for (int i = 0; i < 4; i++) {
        ObjectPage one_page;
        OK(object_list(f->objects, f->a, "b-one", &listing, &one_page, &err));
        assert_int_equal(one_page.objects.len, 1);
        assert_string_equal(one_page.objects.at[0].version_id, page.objects.at[i].version_id);
        assert_true(one_page.truncated == (i < 3));
        listing.after = one_page.next;
        listing.after_version = one_page.next_version;
    }
    ObjectDelete marker = { .key = "k", .version_id = deleted.version_id };
    OK(object_delete(f->objects, f->a, "b-one", &marker, 1, &deleted, &err));
    assert_true(deleted.delete_marker);
    OK(object_get(f->objects, f->a, "b-one", "k", NULL, &got, &err));
    assert_string_equal(content(f, &got), "two");
    /* suspended: the null version is replaced, the others stay */
    OK(bucket_set_versioning(f->objects, "b-one", "Suspended", &err));
    OK(put(f, "k", "three", NULL, &got, &err));
    assert_string_equal(got.version_id, "null");
    OK(object_list(f->objects, f->a, "b-one", &(ObjectListing){ .prefix = "", .max = 10, .versions = true }, &page, &err));
    assert_int_equal(page.objects.len, 3);
    assert_string_equal(content(f, &page.objects.at[0]), "three");
    assert_int_equal(bucket_delete(f->objects, "b-one", &err), ST_CONFLICT);
}

/* Entries of one listing joined by spaces, prefixes first. */
static char *listed(Fixture *f, const ObjectListing *listing, ObjectPage *ret_page)
{
    Error err = ERROR_INIT;
    ObjectPage page;
    OK(object_list(f->objects, f->a, "b-one", listing, &page, &err));
    char *text = arena_str(f->a, "");
    for (size_t i = 0; i < page.prefixes.len; i++)
        text = arena_printf(f->a, "%s%s ", text, page.prefixes.at[i]);
    for (size_t i = 0; i < page.objects.len; i++)
        text = arena_printf(f->a, "%s%s ", text, page.objects.at[i].key);
    if (ret_page)
        *ret_page = page;
    return text;
}

static void listings_roll_up_and_page(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    static const char *const keys[] = { "a", "b/1", "b/2", "b0", "c/x/1", "c/x/2", "c/y", "d//e", "é" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        OK(put(f, keys[i], "x", NULL, NULL, &err));
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "", .max = 100 }, NULL),
                        "a b/1 b/2 b0 c/x/1 c/x/2 c/y d//e é ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "", .delimiter = "/", .max = 100 }, NULL), "b/ c/ d/ a b0 é ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "c/", .delimiter = "/", .max = 100 }, NULL), "c/x/ c/y ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "d/", .delimiter = "/", .max = 100 }, NULL), "d// ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "b", .max = 100 }, NULL), "b/1 b/2 b0 ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "", .after = "c/x/1", .max = 100 }, NULL), "c/x/2 c/y d//e é ");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "zz", .max = 100 }, NULL), "");
    assert_string_equal(listed(f, &(ObjectListing){ .prefix = "", .max = 0 }, NULL), "");
    static const char *const pages[] = { "b/ a ", "c/ b0 ", "d/ é " };
    ObjectListing listing = { .prefix = "", .delimiter = "/", .max = 2, .after_entry = true };
    for (int i = 0; i < 3; i++) {
        ObjectPage page;
        assert_string_equal(listed(f, &listing, &page), pages[i]);
        assert_true(page.truncated == (i < 2));
        listing.after = page.next;
    }
}

static void *put_same_key(void *arg)
{
    Fixture *f = arg;
    Fixture mine = *f;
    mine.a = arena_new();
    Error err = ERROR_INIT;
    WriteCondition absent = { .if_absent = true };
    Status status = put(&mine, "raced", "x", &absent, NULL, &err);
    arena_free(mine.a);
    return status == ST_OK ? "won" : NULL;
}

static void one_of_many_conditional_writers_wins(void **state)
{
    Fixture *f = *state;
    pthread_t threads[6];
    int won = 0;
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_same_key, f), 0);
    for (int i = 0; i < 6; i++) {
        void *result;
        pthread_join(threads[i], &result);
        won += result != NULL;
    }
    assert_int_equal(won, 1);
    assert_int_equal(count_files(f, "lake/objects"), 1);
}

/* A child dies between placing a file and its row, and between row and clean-up: the sweep removes the first file only. */
static void what_a_dead_process_left_is_swept(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    pid_t child = fork();
    if (child == 0) {
        Store *store;
        Objects *objects;
        Spool *half, *placed, *done;
        Object made;
        bool ok = store_open(f->home, &store, &err) == ST_OK && objects_open(f->home, store, &objects, &err) == ST_OK &&
                  spool_new(objects, 0, INT64_MAX, &half, &err) == ST_OK && spool_write(half, "h", 1, &err) == ST_OK &&
                  spool_new(objects, 0, INT64_MAX, &placed, &err) == ST_OK && spool_place(placed, &err) == ST_OK &&
                  spool_new(objects, 0, INT64_MAX, &done, &err) == ST_OK && spool_write(done, "kept", 4, &err) == ST_OK &&
                  object_put(objects, f->a, done, &(Object){ .bucket = "b-one", .key = "kept", .row_count = -1 }, NULL, &made,
                             &err) == ST_OK;
        _exit(ok ? 0 : 1);
    }
    int wstatus;
    assert_int_equal(waitpid(child, &wstatus, 0), child);
    assert_int_equal(wstatus, 0);
    assert_int_equal(count_files(f, "lake/tmp"), 3);
    assert_int_equal(count_files(f, "lake/objects"), 2);
    OK(objects_sweep(f->objects, OBJECTS_GRACE_MS, &err));
    assert_int_equal(count_files(f, "lake/tmp"), 0);
    assert_int_equal(count_files(f, "lake/objects"), 1);
    Object got;
    OK(object_get(f->objects, f->a, "b-one", "kept", NULL, &got, &err));
    assert_string_equal(content(f, &got), "kept");
}

static void buckets_have_rules(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    static const char *const bad[] = { "ab", "Abc", "a_b", "-ab", "ab-", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias", "a b" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(bucket_name_valid(bad[i]));
    assert_true(bucket_name_valid("my.bucket-1") && bucket_name_valid("192.168.5") && bucket_name_valid("111"));
    assert_int_equal(bucket_create(f->objects, "b-one", "x", "us-east-1", &err), ST_CONFLICT);
    assert_string_equal(err.code, "BucketAlreadyOwnedByYou");
    char *body;
    OK(bucket_config_get(f->objects, f->a, "b-one", "policy", &body, &err));
    assert_null(body);
    OK(bucket_config_set(f->objects, "b-one", "policy", "{}", &err));
    OK(bucket_config_get(f->objects, f->a, "b-one", "policy", &body, &err));
    assert_string_equal(body, "{}");
    OK(bucket_delete(f->objects, "b-one", &err));
    assert_int_equal(bucket_delete(f->objects, "b-one", &err), ST_NOT_FOUND);
    assert_int_equal(bucket_config_set(f->objects, "b-one", "policy", "{}", &err), ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_have_their_published_values),
        cmocka_unit_test(crcs_of_pieces_combine_to_the_crc_of_the_whole),
        cmocka_unit_test_setup_teardown(an_object_is_what_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(an_overwritten_file_stays_for_the_grace_and_goes_then, setup, teardown),
        cmocka_unit_test_setup_teardown(conditions_hold_or_refuse, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_keys_and_sizes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(versions_and_markers, setup, teardown),
        cmocka_unit_test_setup_teardown(listings_roll_up_and_page, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_many_conditional_writers_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_dead_process_left_is_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(buckets_have_rules, setup, teardown),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
