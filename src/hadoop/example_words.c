/* hadoop/example_words.c -- wordcount and grep. Source: org.apache.hadoop.examples.{WordCount,Grep},
 * org.apache.hadoop.mapreduce.lib.map.{RegexMapper,InverseMapper}. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/file.h"
#include "base/str.h"
#include "hadoop/aggregate.h"
#include "hadoop/examples.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { INT_BYTES = 4, LONG_BYTES = 8 };
static const uint8_t one[LONG_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 1 };

/* --- wordcount --- */

/* Of java.util.StringTokenizer. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static Status map_words(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    (void)data, (void)state;
    arena_auto *a = utf8_valid((const char *)r->value, r->value_len) ? NULL : arena_new();
    size_t length = r->value_len;
    const char *text = a ? example_text(a, (const char *)r->value, &length) : (const char *)r->value;
    for (size_t at = 0, end; at < length; at = end + 1) {
        for (end = at; end < length && !is_blank(text[end]); end++)
            ;
        Record word = { (const uint8_t *)text + at, one + LONG_BYTES - INT_BYTES, end - at, INT_BYTES, 0 };
        if (word.key_len)
            TRY(to->collect(to->self, &word, err));
    }
    return ST_OK;
}

Status example_wordcount(Example *e, int *ret_code, Error *err)
{
    if (e->argc < 2) {
        fputs("Usage: wordcount <in> [<in>...] <out>\n", stderr);
        *ret_code = EXAMPLE_USAGE;
        return ST_OK;
    }
    Job job;
    bool succeeded = false;
    Status status = example_job(e, "word count", &job, err);
    if (status == ST_OK) {
        for (int i = 0; i < e->argc - 1; i++)
            vec_push(e->arena, &job.inputs, e->argv[i]);
        job.mapper = (Processor){ .kind = PROCESSOR_NATIVE, .map = map_words };
        job.combiner = job.reducer = sum_processor();
        job.fixed_values = job.output_options.number_values = true;
        status = fs_uri(&e->fs, e->arena, e->argv[e->argc - 1], &job.output, err);
    }
    if (status == ST_OK)
        status = example_job_run(&job, &succeeded, err);
    job_done(&job);
    *ret_code = succeeded ? 0 : EXAMPLE_FAILED;
    return status;
}

/* --- grep: the search --- */

typedef struct Search {
    pcre2_code *code;
    uint32_t group;
} Search;

static void code_free(pcre2_code **code)
{
    pcre2_code_free(*code);
}

static void match_free(void *match)
{
    pcre2_match_data_free(match);
}

static Status search_begin(void *data, Arena *a, const Split *split, void **ret_state, Error *err)
{
    (void)split, (void)err;
    Search *s = data;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(s->code, NULL);
    if (!match)
        abort();
    arena_defer(a, match_free, match);
    *ret_state = match;
    return ST_OK;
}

static Status give_match(const Search *s, const char *text, const PCRE2_SIZE *ends, const Collector *to, Error *err)
{
    size_t from = ends[2 * s->group], end = ends[2 * s->group + 1];
    if (from == PCRE2_UNSET)
        return FAIL(err, ST_RUNTIME, "java.lang.NullPointerException: group %u took no part in a match", s->group);
    return to->collect(to->self, &(Record){ (const uint8_t *)text + from, one, end > from ? end - from : 0, LONG_BYTES, 0 }, err);
}

static Status search(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    Search *s = data;
    pcre2_match_data *match = state;
    arena_auto *a = utf8_valid((const char *)r->value, r->value_len) ? NULL : arena_new();
    size_t length = r->value_len;
    const char *text = a ? example_text(a, (const char *)r->value, &length) : (const char *)r->value;
    for (size_t at = 0; at <= length;) {
        int found = pcre2_match(s->code, (PCRE2_SPTR)text, length, at, PCRE2_NO_UTF_CHECK, match, NULL);
        if (found == PCRE2_ERROR_NOMATCH)
            return ST_OK;
        if (found < 0)
            return FAIL(err, ST_RUNTIME, "java.lang.StackOverflowError: the expression takes too long on a line of %zu bytes", length);
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
        TRY(give_match(s, text, ends, to, err));
        bool empty = ends[1] == ends[0];
        for (at = ends[1] + empty; empty && at < length && ((uint8_t)text[at] & 0xc0) == 0x80; at++)
            ;
    }
    return ST_OK;
}

static Status compile(Example *e, Search *ret_search, Error *err)
{
    int number, group = 0;
    PCRE2_SIZE at;
    int64_t wanted = 0;
    if (e->argc == 4 && !str_to_i64(e->argv[3], &wanted))
        return FAIL(err, ST_INVALID, "java.lang.NumberFormatException: For input string: \"%s\"", e->argv[3]);
    ret_search->code = pcre2_compile((PCRE2_SPTR)e->argv[2], PCRE2_ZERO_TERMINATED, PCRE2_UTF, &number, &at, NULL);
    if (!ret_search->code) {
        PCRE2_UCHAR why[200] = "";
        (void)pcre2_get_error_message(number, why, sizeof why);
        return FAIL(err, ST_INVALID, "java.util.regex.PatternSyntaxException: %s near index %zu\n%s", (const char *)why, (size_t)at, e->argv[2]);
    }
    (void)pcre2_jit_compile(ret_search->code, PCRE2_JIT_COMPLETE);
    (void)pcre2_pattern_info(ret_search->code, PCRE2_INFO_CAPTURECOUNT, &group);
    if (wanted < 0 || wanted > group)
        return FAIL(err, ST_INVALID, "java.lang.IndexOutOfBoundsException: No group %lld", (long long)wanted);
    ret_search->group = (uint32_t)wanted;
    return ST_OK;
}

static Status search_job(Example *e, Search *s, const char *found, bool *ret_succeeded, Error *err)
{
    Job job;
    Status status = example_job(e, "grep-search", &job, err);
    if (status == ST_OK) {
        vec_push(e->arena, &job.inputs, e->argv[0]);
        job.output = found;
        job.mapper = (Processor){ .kind = PROCESSOR_NATIVE, .data = s, .map_begin = search_begin, .map = search };
        job.combiner = job.reducer = sum_processor();
        job.fixed_values = job.output_options.number_values = true;
        job.output_options.separator = "\t";
        job.output_options.codec = CODEC_NONE;
        status = example_job_run(&job, ret_succeeded, err);
    }
    job_done(&job);
    return status;
}

/* --- grep: what was found, the most often first --- */

/* "text\tcount": the text may have tabs. */
static Status invert(void *data, void *state, const Record *r, const Collector *to, Error *err)
{
    (void)data, (void)state;
    const uint8_t *tab = memrchr(r->value, '\t', r->value_len);
    size_t text = tab ? (size_t)(tab - r->value) : 0;
    int64_t count = 0;
    for (size_t i = text + 1; tab && i < r->value_len; i++)
        count = count * 10 + (r->value[i] - '0');
    uint8_t key[8];
    key_of_long(count, key);
    return to->collect(to->self, &(Record){ key, r->value, sizeof key, text, 0 }, err);
}

static Status sort_job(Example *e, const char *found, const char *output, bool *ret_succeeded, Error *err)
{
    Job job;
    jobconf_set(&e->conf, "mapreduce.job.reduces", "1");
    jobconf_set(&e->conf, "textinputformat.record.delimiter", "\n"); /* a match may hold what else ends a line */
    Status status = example_job(e, "grep-sort", &job, err);
    if (status == ST_OK) {
        vec_push(e->arena, &job.inputs, found);
        job.output = output;
        job.mapper = (Processor){ .kind = PROCESSOR_NATIVE, .map = invert };
        job.long_keys = job.output_options.long_keys = true;
        job.order.descending = true;
        status = example_job_run(&job, ret_succeeded, err);
    }
    job_done(&job);
    return status;
}

Status example_grep(Example *e, int *ret_code, Error *err)
{
    if (e->argc < 3) {
        puts("Grep <inDir> <outDir> <regex> [<group>]");
        example_generic_usage(stdout);
        *ret_code = EXAMPLE_USAGE;
        return ST_OK;
    }
    const char *output = NULL, *tmp = getenv("TMPDIR");
    Search s = { 0 };
    Status compiled = compile(e, &s, err);
    pcre2_code *code __attribute__((cleanup(code_free))) = s.code;
    TRY(compiled);
    TRY(fs_uri(&e->fs, e->arena, e->argv[1], &output, err));
    char *folder = arena_printf(e->arena, "%s/weir-grep-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return FAIL(err, ST_IO, "java.io.IOException: make '%s'", folder);
    const char *found = arena_printf(e->arena, "file:%s/found", folder);
    bool succeeded = false;
    Status status = search_job(e, &s, found, &succeeded, err);
    if (status == ST_OK && succeeded)
        status = sort_job(e, found, output, &succeeded, err);
    (void)tree_remove(folder, NULL);
    *ret_code = succeeded ? 0 : EXAMPLE_FAILED;
    return status;
}
