/* The time-series store: roll-ups, late points, percentiles, units, restarts after a crash, torn logs, retention, many writers. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "series/series.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    char home[32];
    Series *series;
} Fixture;

static void reopen(Fixture *f)
{
    Error err = ERROR_INIT;
    series_close(f->series);
    f->series = NULL;
    if (series_open(f->home, &f->series, &err) != ST_OK)
        fail_msg("%s", err.message);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    memcpy(f->home, "/tmp/weir-series-XXXXXX", sizeof "/tmp/weir-series-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    reopen(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    series_close(f->series);
    assert_int_equal(tree_remove(f->home, &err), ST_OK);
    free(f);
    return 0;
}

static const SeriesDimension cluster[] = { { "JobFlowId", "j-1" }, { "Role", "core" } };
static const SeriesDimension cluster_turned[] = { { "Role", "core" }, { "JobFlowId", "j-1" } };

static SeriesKey key_of(const char *name)
{
    return (SeriesKey){ "us-east-1", "Test", name, cluster, 2 };
}

static Status put_value(Series *s, const char *name, int64_t time_s, double value, bool high)
{
    SeriesKey key = key_of(name);
    SeriesPoint p = series_value(&key, "Count", time_s * 1000, &value);
    Error err = ERROR_INIT;
    p.high_resolution = high;
    return series_put(s, &p, 1, &err);
}

static int64_t an_hour(void) /* that is over: aligned, within all retentions but the second's */
{
    int64_t now = clock_ms() / 1000;
    return now - now % 3600 - 3600;
}

static Bins query(Fixture *f, const char *name, int64_t start, int64_t end, int64_t period)
{
    Error err = ERROR_INIT;
    Bins bins = { 0 };
    SeriesQuery q = { key_of(name), NULL, start, end, period };
    if (series_query(f->series, &q, &bins, &err) != ST_OK)
        fail_msg("%s", err.message);
    return bins;
}

static double stat_of(const Bin *bin, const char *name)
{
    Stat stat;
    double value = NAN;
    assert_true(stat_parse(name, &stat));
    return stat_value(&stat, bin, &value) ? value : NAN;
}

#define ASSERT_NEAR(a, b, e) assert_true(fabs((a) - (b)) <= (e))
#define ASSERT_EQUAL(a, b) ASSERT_NEAR(a, b, 1e-9)

/* 3,600 points, one a second, value = second. */
static void put_hour(Fixture *f, const char *name, int64_t hour)
{
    double values[3600];
    SeriesPoint *points = calloc(3600, sizeof *points);
    SeriesKey key = key_of(name);
    Error err = ERROR_INIT;
    for (int i = 0; i < 3600; i++) {
        values[i] = i;
        points[i] = series_value(&key, "Count", (hour + i) * 1000, &values[i]);
    }
    assert_int_equal(series_put(f->series, points, 3600, &err), ST_OK);
    free(points);
}

static void check_hour(Fixture *f, const char *name, int64_t hour)
{
    Bins minutes = query(f, name, hour, hour + 3600, 60), fives = query(f, name, hour, hour + 3600, 300), all = query(f, name, hour, hour + 3600, 3600);
    assert_int_equal(minutes.len, 60);
    assert_int_equal(fives.len, 12);
    assert_int_equal(all.len, 1);
    ASSERT_EQUAL(minutes.at[1].sum, 60 * 89.5);
    ASSERT_EQUAL(minutes.at[1].min, 60);
    ASSERT_EQUAL(minutes.at[1].max, 119);
    ASSERT_EQUAL(fives.at[0].count, 300);
    ASSERT_EQUAL(all.at[0].sum, 3599.0 * 3600 / 2);
    ASSERT_NEAR(stat_of(&all.at[0], "p50"), 1799, 0.04 * 1799);
    ASSERT_NEAR(stat_of(&all.at[0], "p99"), 3563, 0.04 * 3563);
    ASSERT_EQUAL(stat_of(&all.at[0], "p100"), 3599);
    bins_done(&minutes);
    bins_done(&fives);
    bins_done(&all);
}

static void points_are_rolled_up_in_head_and_blocks_alike(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    put_hour(f, "m", hour);
    check_hour(f, "m", hour);
    assert_int_equal(series_flush(f->series, &err), ST_OK);
    check_hour(f, "m", hour);
    reopen(f);
    check_hour(f, "m", hour);
}

static void late_points_and_head_and_blocks_add_up(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    assert_int_equal(put_value(f->series, "m", hour + 120, 5, false), ST_OK);
    assert_int_equal(series_flush(f->series, &err), ST_OK);
    assert_int_equal(put_value(f->series, "m", hour + 60, 7, false), ST_OK);
    assert_int_equal(put_value(f->series, "m", hour + 125, 1, false), ST_OK);
    assert_int_equal(put_value(f->series, "m", hour - 10 * 86400, 9, false), ST_OK);
    for (int round = 0; round < 2; round++) {
        Bins bins = query(f, "m", hour - 11 * 86400, hour + 3600, 60);
        assert_int_equal(bins.len, 3);
        assert_true(bins.at[0].time_s == hour - 10 * 86400 && bins.at[1].time_s == hour + 60 && bins.at[2].time_s == hour + 120);
        ASSERT_EQUAL(bins.at[2].sum, 6);
        ASSERT_EQUAL(stat_of(&bins.at[2], "p50"), 1);
        bins_done(&bins);
        assert_int_equal(series_flush(f->series, &err), ST_OK);
    }
}

static void periods_may_begin_anywhere(void **state)
{
    Fixture *f = *state;
    int64_t hour = an_hour();
    put_hour(f, "m", hour);
    Bins bins = query(f, "m", hour + 7 * 60, hour + 17 * 60, 300);
    assert_int_equal(bins.len, 2);
    assert_true(bins.at[0].time_s == hour + 420 && bins.at[1].time_s == hour + 720);
    ASSERT_EQUAL(bins.at[0].min, 420);
    ASSERT_EQUAL(bins.at[1].max, 1019);
    bins_done(&bins);
}

static void seconds_are_kept_for_high_resolution_only(void **state)
{
    Fixture *f = *state;
    int64_t now = clock_ms() / 1000 - 100;
    now -= now % 60;
    put_value(f->series, "fine", now + 7, 1, true);
    put_value(f->series, "fine", now + 9, 2, true);
    put_value(f->series, "coarse", now + 7, 1, false);
    Bins fine = query(f, "fine", now, now + 60, 1), coarse = query(f, "coarse", now, now + 60, 1), minute = query(f, "fine", now, now + 60, 60);
    assert_int_equal(fine.len, 2);
    assert_true(fine.at[0].time_s == now + 7);
    assert_int_equal(coarse.len, 0);
    assert_int_equal(minute.len, 1);
    ASSERT_EQUAL(minute.at[0].count, 2);
    bins_done(&fine);
    bins_done(&coarse);
    bins_done(&minute);
}

static void dimensions_have_no_order_and_units_are_apart(void **state)
{
    Fixture *f = *state;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    double one = 1, two = 2;
    SeriesKey key = key_of("m"), turned = { "us-east-1", "Test", "m", cluster_turned, 2 }, elsewhere = { "eu-west-1", "Test", "m", cluster, 2 };
    SeriesPoint points[] = { series_value(&key, "Count", hour * 1000, &one), series_value(&turned, "Bytes", hour * 1000, &two),
                             series_value(&elsewhere, "Count", hour * 1000, &two) };
    assert_int_equal(series_put(f->series, points, 3, &err), ST_OK);
    Bins bins = query(f, "m", hour, hour + 60, 60);
    assert_int_equal(bins.len, 1);
    ASSERT_EQUAL(bins.at[0].sum, 3);
    bins_done(&bins);
    SeriesQuery bytes = { key, "Bytes", hour, hour + 60, 60 };
    assert_int_equal(series_query(f->series, &bytes, &bins, &err), ST_OK);
    ASSERT_EQUAL(bins.at[0].sum, 2);
    bins_done(&bins);
    StrList units = { 0 };
    series_units(f->series, a, &turned, &units);
    assert_int_equal(units.len, 2);
    SeriesMetrics list = { 0 };
    SeriesDimension any = { "Role", NULL }, other = { "Role", "task" };
    series_list(f->series, a, &(SeriesFilter){ .region = "us-east-1", .dimensions = &any, .dimensions_len = 1, .limit = 10 }, &list);
    assert_int_equal(list.len, 1);
    series_list(f->series, a, &(SeriesFilter){ .dimensions = &other, .dimensions_len = 1, .limit = 10 }, &list);
    assert_int_equal(list.len, 1);
    series_list(f->series, a, &(SeriesFilter){ .limit = 10 }, &list);
    assert_int_equal(list.len, 3);
}

static void extended_statistics(void **state)
{
    (void)state;
    Bin bin = { 0 };
    for (int i = 1; i <= 20; i++)
        bin_add_value(&bin, i, 1);
    bin_add_value(&bin, 100, 5);
    static const struct {
        const char *name;
        double value;
    } wanted[] = { { "SampleCount", 25 }, { "Sum", 710 }, { "Average", 28.4 }, { "Minimum", 1 }, { "Maximum", 100 }, { "p50", 13 },
                   { "p80", 20 }, { "p99.9", 100 }, { "p0", 1 }, { "tm80", 10.5 }, { "TM(20%:80%)", 13 }, { "TM(:10)", 5.5 },
                   { "TS(:10)", 55 }, { "tc80", 20 }, { "TC(5:10)", 5 }, { "PR(:20)", 80 }, { "PR(10:20)", 40 }, { "WM(:20)", 12.4 }, { "wm80", 12.4 },
                   { "IQM", 13.0 } };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!(fabs(stat_of(&bin, wanted[i].name) - wanted[i].value) < 1e-6))
            fail_msg("%s is %g, not %g", wanted[i].name, stat_of(&bin, wanted[i].name), wanted[i].value);
    static const char *const wrong[] = { "p", "p101", "90", "p-1", "TM(10%:90)", "TM(90%:10%)", "PR(10%:20%)", "pr50", "TM()", "tmx", "average", "" };
    Stat stat;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(stat_parse(wrong[i], &stat));
    dist_free(bin.dist);
}

static void statistics_sets_have_no_percentiles(void **state)
{
    (void)state;
    Bin set = { 0 }, equal = { 0 }, negative = { 0 };
    bin_add_set(&set, 10, 1, 5, 4);
    assert_true(isnan(stat_of(&set, "p50")));
    ASSERT_EQUAL(stat_of(&set, "Average"), 2.5);
    bin_add_set(&equal, 9, 3, 3, 3);
    ASSERT_EQUAL(stat_of(&equal, "p50"), 3);
    bin_add_value(&negative, -1, 1);
    bin_add_value(&negative, 4, 1);
    assert_true(isnan(stat_of(&negative, "p50")));
    ASSERT_EQUAL(stat_of(&negative, "Sum"), 3);
}

static void distributions_stay_small_and_close(void **state)
{
    (void)state;
    Dist *dist = NULL;
    double total = 0;
    for (int i = 0; i < 100000; i++, total++)
        dist_add(&dist, exp((double)(i * 7919 % 100000) / 10000), 1); /* 1 … 22,026 */
    assert_true(dist->len <= DIST_PAIRS);
    double seen = 0;
    for (uint16_t i = 0; i < dist->len; i++)
        seen += dist->at[i].count;
    ASSERT_EQUAL(seen, total);
    Bin bin = { .min = 1, .max = 22026, .count = total, .dist = dist };
    ASSERT_NEAR(stat_of(&bin, "p90"), exp(9), exp(9) * 0.02);
    dist_free(dist);
}

static void a_block_comes_back_as_it_was(void **state)
{
    (void)state;
    Error err = ERROR_INIT;
    Bins bins = { 0 }, back = { 0 };
    str_auto bytes = STR_INIT(1 << 20);
    bin_add_value(bins_at(&bins, 86400), 0.1, 1);
    bin_add_value(bins_at(&bins, 86460), 7, 3);
    bin_add_value(bins_at(&bins, 86460), 8, 0.5);
    bin_add_set(bins_at(&bins, 90000), 10, -1, 5, 4);
    for (int i = 0; i < 1000; i++)
        bin_add_value(bins_at(&bins, 90060), i, 1);
    block_encode(bins.at, bins.len, 86400, 60, &bytes);
    assert_int_equal(block_decode(bytes.data, bytes.len, 86400, 60, &back, &err), ST_OK);
    assert_int_equal(back.len, 4);
    for (size_t i = 0; i < back.len; i++) {
        assert_true(back.at[i].time_s == bins.at[i].time_s && back.at[i].sum == bins.at[i].sum && back.at[i].min == bins.at[i].min &&
                    back.at[i].max == bins.at[i].max && back.at[i].count == bins.at[i].count && back.at[i].opaque == bins.at[i].opaque);
        assert_true(isnan(stat_of(&back.at[i], "p90")) == isnan(stat_of(&bins.at[i], "p90")));
        assert_true(isnan(stat_of(&back.at[i], "p90")) || fabs(stat_of(&back.at[i], "p90") / stat_of(&bins.at[i], "p90") - 1) < 1e-9);
    }
    Bins broken = { 0 };
    assert_int_equal(block_decode(bytes.data, bytes.len - 3, 86400, 60, &broken, &err), ST_IO);
    bins_done(&bins);
    bins_done(&back);
    bins_done(&broken);
}

/* What a process put that was killed right after its last answer. */
static void crash_after_putting(Fixture *f, int64_t hour, bool flush)
{
    series_close(f->series);
    f->series = NULL;
    pid_t child = fork();
    if (child == 0) {
        Series *s = NULL;
        Error err = ERROR_INIT;
        bool good = series_open(f->home, &s, &err) == ST_OK && put_value(s, "m", hour, 1, false) == ST_OK &&
                    (!flush || series_flush(s, &err) == ST_OK) && put_value(s, "m", hour + 60, 2, false) == ST_OK &&
                    put_value(s, "n", hour, 3, false) == ST_OK;
        kill(getpid(), good ? SIGKILL : SIGABRT);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    Fixture *f = *state;
    int64_t hour = an_hour();
    for (int round = 1; round <= 3; round++) {
        crash_after_putting(f, hour, round == 2);
        reopen(f);
        Bins m = query(f, "m", hour, hour + 120, 60), n = query(f, "n", hour, hour + 60, 60);
        assert_int_equal(m.len, 2);
        ASSERT_EQUAL(m.at[0].sum, round);
        ASSERT_EQUAL(m.at[1].sum, 2 * round);
        ASSERT_EQUAL(n.at[0].sum, 3 * round);
        bins_done(&m);
        bins_done(&n);
    }
}

static void a_torn_frame_is_cut_off(void **state)
{
    Fixture *f = *state;
    arena_auto *a = arena_new();
    int64_t hour = an_hour();
    crash_after_putting(f, hour, false);
    for (int number = 1; number < 20; number++) { /* the newest log, whatever its number */
        const char *path = arena_printf(a, "%s/series/log.%d", f->home, number);
        struct stat st;
        if (stat(path, &st) == 0 && st.st_size > 0)
            assert_int_equal(truncate(path, st.st_size - 3), 0);
    }
    reopen(f);
    Bins m = query(f, "m", hour, hour + 120, 60), n = query(f, "n", hour, hour + 60, 60);
    assert_int_equal(m.len, 2);
    assert_int_equal(n.len, 0);
    bins_done(&m);
    assert_int_equal(put_value(f->series, "n", hour, 3, false), ST_OK);
    reopen(f);
    n = query(f, "n", hour, hour + 60, 60);
    assert_int_equal(n.len, 1);
    bins_done(&n);
}

static void what_is_too_old_goes(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    int64_t now = clock_ms() / 1000, old = now - 10 * 86400, hour = old - old % 3600;
    put_hour(f, "m", hour);
    assert_int_equal(series_flush(f->series, &err), ST_OK);
    SeriesUsage before, after;
    series_usage(f->series, &before);
    assert_int_equal(series_sweep(f->series, (now + 20 * 86400) * 1000, &err), ST_OK);
    Bins minutes = query(f, "m", hour, hour + 3600, 60), all = query(f, "m", hour, hour + 3600, 3600);
    assert_int_equal(minutes.len, 0);
    assert_int_equal(all.len, 1);
    bins_done(&minutes);
    bins_done(&all);
    assert_int_equal(series_sweep(f->series, (now + 500 * 86400) * 1000, &err), ST_OK);
    all = query(f, "m", hour, hour + 3600, 3600);
    assert_int_equal(all.len, 0);
    for (int day = 0; day < 5; day++) { /* the space is used again */
        put_hour(f, "m", hour);
        assert_int_equal(series_flush(f->series, &err), ST_OK);
        assert_int_equal(series_sweep(f->series, (now + 500 * 86400) * 1000, &err), ST_OK);
    }
    series_usage(f->series, &after);
    assert_true(after.disk_bytes < before.disk_bytes + 2000000);
}

static void forgetting_everything(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    put_value(f->series, "m", hour, 1, false);
    assert_int_equal(series_flush(f->series, &err), ST_OK);
    put_value(f->series, "m", hour, 1, false);
    assert_int_equal(series_reset(f->series, &err), ST_OK);
    SeriesKey key = key_of("m");
    assert_true(series_stamp(f->series, &key) == 0);
    put_value(f->series, "m", hour, 5, false);
    reopen(f);
    Bins bins = query(f, "m", hour, hour + 60, 60);
    ASSERT_EQUAL(bins.at[0].sum, 5);
    bins_done(&bins);
}

static void sets_alone_have_the_same_sums(void **state)
{
    Fixture *f = *state;
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    for (int i = 0; i < 600; i++)
        put_value(f->series, "m", hour + i, i % 97, false);
    SeriesQuery q = { .key = key_of("m"), .start_s = hour, .end_s = hour + 600, .period_s = 600 };
    Bins whole = { 0 }, sets = { 0 };
    assert_int_equal(series_query(f->series, &q, &whole, &err), ST_OK);
    q.sets_only = true;
    assert_int_equal(series_query(f->series, &q, &sets, &err), ST_OK);
    assert_int_equal(sets.len, 1);
    ASSERT_EQUAL(sets.at[0].sum, whole.at[0].sum);
    ASSERT_EQUAL(sets.at[0].count, 600);
    ASSERT_EQUAL(sets.at[0].max, 96);
    assert_true(whole.at[0].dist && !sets.at[0].dist && sets.at[0].opaque);
    bins_done(&whole);
    bins_done(&sets);
}

static void merged_distributions_are_as_close_as_added_ones(void **state)
{
    Dist *added = NULL, *merged = NULL;
    double counted = 0;
    (void)state;
    for (int part = 0; part < 40; part++) {
        Dist *one = NULL;
        for (int i = 0; i < 1 + part * 7; i++) {
            double value = part + 3.0 * i;
            dist_add(&one, value, 1);
            dist_add(&added, value, 1);
            counted++;
        }
        dist_merge(&merged, one);
        dist_free(one);
    }
    double total = 0;
    for (uint16_t i = 0; i < merged->len; i++) {
        total += merged->at[i].count;
        assert_true(i == 0 || merged->at[i - 1].value < merged->at[i].value);
    }
    ASSERT_EQUAL(total, counted);
    assert_int_equal(merged->level, added->level);
    dist_free(added);
    dist_free(merged);
}

enum { WRITERS = 8, ROUNDS = 60 };

static void *write_many(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(put_value(arg, i % 2 ? "even" : "odd", an_hour() + i * 60, 1, false), ST_OK);
    return NULL;
}

static void many_writers_and_flushes_lose_nothing(void **state)
{
    Fixture *f = *state;
    pthread_t threads[WRITERS];
    Error err = ERROR_INIT;
    int64_t hour = an_hour();
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, f->series), 0);
    double before = 0;
    for (int i = 0; i < 10; i++) { /* no query sees fewer than the one before: a flush is seen whole */
        assert_int_equal(series_flush(f->series, &err), ST_OK);
        Bins bins = query(f, "even", hour, hour + 3600, 3600);
        double count = bins.len ? bins.at[0].count : 0;
        assert_true(count >= before);
        before = count;
        bins_done(&bins);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    reopen(f);
    Bins even = query(f, "even", hour, hour + 3600, 3600), odd = query(f, "odd", hour, hour + 3600, 3600);
    ASSERT_EQUAL(even.at[0].count + odd.at[0].count, WRITERS * ROUNDS);
    bins_done(&even);
    bins_done(&odd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(points_are_rolled_up_in_head_and_blocks_alike),
        TEST(late_points_and_head_and_blocks_add_up),
        TEST(periods_may_begin_anywhere),
        TEST(seconds_are_kept_for_high_resolution_only),
        TEST(dimensions_have_no_order_and_units_are_apart),
        cmocka_unit_test(extended_statistics),
        cmocka_unit_test(statistics_sets_have_no_percentiles),
        cmocka_unit_test(distributions_stay_small_and_close),
        cmocka_unit_test(a_block_comes_back_as_it_was),
        TEST(what_was_acknowledged_survives_a_kill),
        TEST(a_torn_frame_is_cut_off),
        TEST(what_is_too_old_goes),
        TEST(forgetting_everything),
        TEST(sets_alone_have_the_same_sums),
        cmocka_unit_test(merged_distributions_are_as_close_as_added_ones),
        TEST(many_writers_and_flushes_lose_nothing),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
