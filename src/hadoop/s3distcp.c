/* hadoop/s3distcp.c -- `s3-dist-cp`: copies that choose, join and pack files. */
#include "base/str.h"
#include "hadoop/copy.h"
#include "hadoop/distcp.h"
#include "hadoop/job.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static const char *const option_names[] = { "src", "dest", "srcPattern", "groupBy", "targetSize", "outputCodec", "deleteOnSuccess" };
enum { SRC, DEST, PATTERN, GROUP_BY, TARGET_SIZE, OUTPUT_CODEC, DELETE, OPTIONS };
static const int64_t MIB = 1024 * 1024;

typedef struct S3Distcp {
    Shell shell;
    const char *options[OPTIONS];
    const char *source, *target;
    bool recode;
    Codec codec;
    int64_t target_bytes; /* 0: any size */
} S3Distcp;

static Status take(S3Distcp *d, const char *word, const char *following, int *ret_used, Error *err)
{
    const char *name = word + strspn(word, "-"), *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    for (int i = 0; i < OPTIONS; i++) {
        if (strlen(option_names[i]) != n || strncmp(name, option_names[i], n) != 0)
            continue;
        bool alone = i == DELETE || equals;
        if (!alone && !following)
            return FAIL(err, ST_INVALID, "Argument --%s needs a value", option_names[i]);
        d->options[i] = equals ? equals + 1 : i == DELETE ? "" : following;
        *ret_used = alone ? 1 : 2;
        return ST_OK;
    }
    return FAIL(err, ST_UNSUPPORTED, "weir's s3-dist-cp has no %s (it has --src, --dest, --srcPattern, --groupBy, --targetSize, --outputCodec "
                "and --deleteOnSuccess)", word);
}

static Status parse(S3Distcp *d, int argc, char **argv, Error *err)
{
    int64_t mib = 0;
    for (int i = 0, used = 1; i < argc; i += used)
        TRY(take(d, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err));
    if (!d->options[SRC] || !d->options[DEST])
        return FAIL(err, ST_INVALID, "Argument --%s is required", d->options[SRC] ? "dest" : "src");
    if (d->options[TARGET_SIZE] && (!str_to_i64(d->options[TARGET_SIZE], &mib) || mib < 1 || !d->options[GROUP_BY]))
        return FAIL(err, ST_INVALID, "Argument --targetSize takes MiB and needs --groupBy");
    d->target_bytes = mib * MIB;
    const char *codec = d->options[OUTPUT_CODEC];
    if (!codec || str_eq(codec, "keep"))
        return ST_OK;
    d->recode = true;
    return str_eq(codec, "none") ? ST_OK : codec_of_class(codec, &d->codec, err);
}

/* --- patterns --- */

static void code_free(pcre2_code **code)
{
    pcre2_code_free(*code);
}

static void match_free(pcre2_match_data **match)
{
    pcre2_match_data_free(*match);
}

static Status compile(const char *pattern, pcre2_code **ret_code, Error *err)
{
    int number;
    PCRE2_SIZE at;
    *ret_code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &number, &at, NULL);
    return *ret_code ? ST_OK : FAIL(err, ST_INVALID, "java.util.regex.PatternSyntaxException: '%s' near index %zu", pattern, (size_t)at);
}

/* Does the whole of `text` match; ret_key (may be NULL): its groups, one behind the other. */
static Status matches(Arena *a, const pcre2_code *code, const char *text, bool *ret_matches, const char **ret_key, Error *err)
{
    pcre2_match_data *match __attribute__((cleanup(match_free))) = pcre2_match_data_create_from_pattern(code, NULL);
    int groups = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, match, NULL);
    if (groups < 0 && groups != PCRE2_ERROR_NOMATCH)
        return FAIL(err, ST_LIMIT, "the pattern takes too long on '%s'", text);
    *ret_matches = groups > 0;
    if (groups <= 0 || !ret_key)
        return ST_OK;
    str_auto key = STR_INIT(4096);
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
    for (int i = 1; i < groups; i++)
        if (ends[2 * i] != PCRE2_UNSET)
            str_addn(&key, text + ends[2 * i], ends[2 * i + 1] - ends[2 * i]);
    *ret_key = str_arena(&key, a);
    return ST_OK;
}

static Status choose(S3Distcp *d, CopyList *list, Error *err)
{
    pcre2_code *code __attribute__((cleanup(code_free))) = NULL;
    if (!d->options[PATTERN])
        return ST_OK;
    TRY(compile(d->options[PATTERN], &code, err));
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++) {
        bool wanted = false;
        TRY(matches(d->shell.arena, code, list->at[i].parts.at[0].uri, &wanted, NULL, err));
        if (wanted)
            list->at[kept++] = list->at[i];
    }
    list->len = kept;
    return ST_OK;
}

/* --- groups --- */

typedef struct Group {
    const char *key;
    int64_t bytes; /* of its file that is being filled */
    size_t file, files;
} Group;

/* A file of the group's key; the second and later ones, begun when --targetSize is reached, have their number behind it. */
static void group_add(S3Distcp *d, Group *g, const LakeFile *part, CopyList *to)
{
    Arena *a = d->shell.arena;
    bool full = d->target_bytes && g->files && g->bytes + part->size_bytes > d->target_bytes;
    if (!g->files || full) {
        CopyFile file = { .name = g->files ? arena_printf(a, "%s%zu", g->key, g->files) : g->key };
        g->file = to->len;
        g->files++;
        g->bytes = 0;
        vec_push(a, to, file);
    }
    vec_push(a, &to->at[g->file].parts, *part);
    g->bytes += part->size_bytes;
}

static Status group(S3Distcp *d, CopyList *list, Error *err)
{
    Arena *a = d->shell.arena;
    pcre2_code *code __attribute__((cleanup(code_free))) = NULL;
    Map groups = { 0 };
    CopyList joined = { 0 };
    if (!d->options[GROUP_BY])
        return ST_OK;
    TRY(compile(d->options[GROUP_BY], &code, err));
    for (size_t i = 0; i < list->len; i++) {
        const char *key = NULL;
        bool wanted = false;
        TRY(matches(a, code, list->at[i].parts.at[0].uri, &wanted, &key, err));
        if (!wanted)
            continue;
        if (!*key)
            return FAIL(err, ST_INVALID, "--groupBy '%s' has no group that matches '%s'", d->options[GROUP_BY], list->at[i].parts.at[0].uri);
        Group *g = map_get(&groups, key);
        if (!g) {
            g = ARENA_NEW(a, Group);
            g->key = key;
            map_set(a, &groups, key, g);
        }
        group_add(d, g, &list->at[i].parts.at[0], &joined);
    }
    *list = joined;
    return ST_OK;
}

/* With --outputCodec names lose the old codec's ending and get the new one's. */
static Status recode(S3Distcp *d, CopyList *list, Error *err)
{
    for (size_t i = 0; d->recode && i < list->len; i++) {
        CopyFile *file = &list->at[i];
        Codec old;
        TRY(codec_of_name(file->name, &old, err));
        file->name = arena_printf(d->shell.arena, "%.*s%s", (int)(strlen(file->name) - strlen(codec_ending(old))), file->name,
                                  codec_ending(d->codec));
        file->recode = true;
        file->codec = d->codec;
    }
    return ST_OK;
}

static Status run(S3Distcp *d, Error *err)
{
    Shell *s = &d->shell;
    CopyList list;
    LakeFileList sources = { 0 };
    TRY(fs_uri(&s->fs, s->arena, d->options[SRC], &d->source, err));
    TRY(fs_uri(&s->fs, s->arena, d->options[DEST], &d->target, err));
    TRY(copy_gather(s, d->source, &list, err));
    TRY(choose(d, &list, err));
    TRY(group(d, &list, err));
    TRY(recode(d, &list, err));
    TRY(copy_all(s, &list, d->target, err));
    for (size_t i = 0; i < list.len; i++)
        for (size_t k = 0; k < list.at[i].parts.len; k++)
            vec_push(s->arena, &sources, list.at[i].parts.at[k]);
    for (size_t i = 0; d->options[DELETE] && i < sources.len; i++) /* when all of them are at their new place */
        TRY(lake_remove(s->fs.lake, sources.at[i].uri, err));
    job_log("INFO", "s3distcp.S3DistCp", "Copied %zu files into %zu", sources.len, list.len);
    return ST_OK;
}

int s3distcp_main(int argc, char **argv)
{
    arena_auto *a = arena_new();
    S3Distcp d = { .shell = { .arena = a, .conf = { .arena = a }, .flags = "", .command = "s3-dist-cp" } };
    Error error = ERROR_INIT;
    Status status = parse(&d, argc, argv, &error);
    if (status == ST_OK)
        status = fs_open(a, &d.shell.conf, &d.shell.fs, &error);
    if (status == ST_OK)
        status = run(&d, &error);
    if (status != ST_OK)
        fprintf(stderr, "Exception in thread \"main\" java.lang.RuntimeException: %s\n", error.message);
    fs_close(&d.shell.fs);
    return status != ST_OK;
}
