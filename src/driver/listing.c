/* driver/listing.c -- which files a reader takes, and what the session's settings add to its options. */
#include "driver/listing.h"

#include "back/duckdb/convert.h"
#include "back/duckdb/source.h"
#include "base/file.h"
#include "lake/glob.h"

/* Settings that a reader heeds like an option of its own: the option wins. `format` NULL: every one. */
static const struct {
    const char *conf, *absent, *option, *format;
} settings[] = {
    { "spark.sql.files.ignoreCorruptFiles", "false", "ignoreCorruptFiles", NULL },
    { "spark.sql.files.ignoreMissingFiles", "false", "ignoreMissingFiles", NULL },
    { "spark.sql.columnNameOfCorruptRecord", "_corrupt_record", "columnNameOfCorruptRecord", NULL },
    { "spark.sql.timestampType", "TIMESTAMP_LTZ", SOURCE_TIMESTAMP_TYPE, NULL },
    { "spark.sql.legacy.timeParserPolicy", "CORRECTED", SOURCE_TIME_PARSER_POLICY, NULL },
    { "spark.sql.caseSensitive", "false", SOURCE_CASE_SENSITIVE, NULL },
    { "spark.sql.legacy.useLegacyXMLParser", "false", "useLegacyXMLParser", "xml" },
    { "spark.sql.parquet.mergeSchema", "false", "mergeSchema", "parquet" },
    { "spark.sql.orc.mergeSchema", "false", "mergeSchema", "orc" },
};

static const char *option(const KeyValueList *options, const char *key)
{
    for (size_t i = options->len; i-- > 0;)
        if (str_ieq(options->at[i].key, key))
            return options->at[i].value;
    return NULL;
}

KeyValueList listing_options(Run *r, Arena *a, const char *format, const KeyValueList *given)
{
    KeyValueList all = { 0 };
    const char *known = source_format(format);
    for (size_t i = 0; i < given->len; i++)
        vec_push(a, &all, given->at[i]);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const char *value = run_conf(r, settings[i].conf);
        bool meant = !settings[i].format || str_eq(settings[i].format, known);
        if (meant && value && !str_ieq(value, settings[i].absent) && !option(given, settings[i].option))
            vec_push(a, &all, (KeyValue){ settings[i].option, value });
    }
    return all;
}

/* ---------------------------------------------------------------- places */
/* Without scheme and leading slashes: s3a://b/k and s3://b/k are one place. */
static const char *place(const char *uri)
{
    const char *scheme = strstr(uri, "://");
    uri = scheme ? scheme + 3 : str_starts(uri, "file:") ? uri + 5 : uri;
    return uri + strspn(uri, "/");
}

bool listing_is_nested(Arena *a, const char *root, const char *uri)
{
    const char *path = place(uri), *rest = NULL;
    StrList patterns = { 0 };
    Error err = ERROR_INIT;
    if (!glob_has_wildcards(root)) {
        const char *plain = place(glob_unescape(a, root));
        size_t n = strlen(plain);
        while (n && plain[n - 1] == '/')
            n--;
        return !strncmp(path, plain, n) && path[n] == '/' && strchr(path + n + 1, '/');
    }
    bool nested = false;
    if (glob_expand(a, root, &patterns, &err) != ST_OK)
        return false;
    for (size_t i = 0; i < patterns.len; i++) {
        if (!glob_match(place(patterns.at[i]), path, &rest))
            continue;
        if (!strchr(rest, '/'))
            return false;
        nested = true;
    }
    return nested;
}

/* ---------------------------------------------------------------- filters */
/* ModifiedDateFilter: the session's zone, or the option timeZone. */
static Status moment(Run *r, const KeyValueList *options, const char *name, const char *lower, int64_t absent, int64_t *ret_us, Error *err)
{
    const char *text = option(options, name), *zone = option(options, "timeZone");
    *ret_us = absent;
    if (!text)
        return ST_OK;
    zone = zone ? zone : run_conf(r, "spark.sql.session.timeZone");
    const Zone *z = zone_find(VIEW(zone ? zone : "UTC"));
    if (z && convert_timestamp(VIEW(text), z, ret_us))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1294",
                     "The timestamp provided for the '%s' option is invalid. The expected format is 'YYYY-MM-DDTHH:mm:ss', but the provided "
                     "timestamp: %s.", lower, text);
}

static bool any_match(const StrList *patterns, const char *name)
{
    const char *rest;
    for (size_t i = 0; i < patterns->len; i++)
        if (glob_match(patterns->at[i], name, &rest) && !*rest)
            return true;
    return false;
}

Status listing_filter(Run *r, Arena *a, const KeyValueList *options, SourceFiles *files, Error *err)
{
    const char *glob = option(options, "pathGlobFilter");
    bool tolerant = str_ieq(option(options, "ignoreMissingFiles"), "true");
    StrList patterns = { 0 };
    int64_t after, before;
    size_t kept = 0;
    TRY(moment(r, options, "modifiedAfter", "modifiedafter", INT64_MIN, &after, err));
    TRY(moment(r, options, "modifiedBefore", "modifiedbefore", INT64_MAX, &before, err));
    if (glob)
        TRY(glob_expand(a, glob, &patterns, err));
    for (size_t i = 0; i < files->len; i++) {
        const SourceFile *f = &files->at[i];
        const char *name = strrchr(f->uri, '/') ? strrchr(f->uri, '/') + 1 : f->uri;
        int64_t us = f->modified_ms * 1000;
        if ((glob && !any_match(&patterns, name)) || us <= after || us >= before || (tolerant && !path_exists(f->path)))
            continue;
        files->at[kept++] = *f;
    }
    files->len = kept;
    return ST_OK;
}
