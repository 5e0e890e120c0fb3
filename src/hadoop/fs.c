/* hadoop/fs.c -- see fs.h. */
#include "hadoop/fs.h"

#include "base/file.h"
#include "base/str.h"
#include "lake/glob.h"

#include <stdlib.h>
#include <unistd.h>

static const int64_t MIB = 1024 * 1024;

static const char *env_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static Status lake_of_environment(Arena *a, const LakeOptions *options, Lake **ret_lake, Error *err)
{
    LakeCredentials who = { getenv("AWS_ENDPOINT_URL"), env_or("AWS_DEFAULT_REGION", "us-east-1"), getenv("AWS_ACCESS_KEY_ID"),
                            getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN") };
    if (who.endpoint && who.access_key && who.secret_key)
        return lake_open_server(&who, options, ret_lake, err);
    return lake_open_home(env_or("WEIR_HOME", path_join(a, env_or("HOME", "."), ".weir")), options, ret_lake, err);
}

Status fs_open(Arena *a, const JobConf *conf, Fs *ret_fs, Error *err)
{
    Fs fs = { .in_step = getenv("WEIR_STEP_SOCKET") != NULL };
    char *here = getcwd(NULL, 0);
    fs.cwd = arena_str(a, here ? here : "/");
    free(here);
    const char *named = jobconf_text(conf, a, "fs.defaultFS", fs.in_step ? "hdfs:///" : "file:///");
    const char *user = env_or("HADOOP_USER_NAME", env_or("USER", fs.in_step ? "hadoop" : "root"));
    if (str_starts(named, "file:")) {
        fs.default_fs = "file:";
        fs.home = arena_printf(a, "file:%s", fs.cwd);
    } else if (str_starts(named, "hdfs:")) {
        fs.default_fs = "hdfs://";
        fs.home = arena_printf(a, "hdfs:///user/%s", user);
    } else if (str_starts(named, "s3://") || str_starts(named, "s3a://") || str_starts(named, "s3n://")) {
        const char *bucket = strstr(named, "://") + 3;
        fs.default_fs = arena_printf(a, "%.*s", (int)(bucket + strcspn(bucket, "/") - named), named);
        fs.home = arena_printf(a, "%s/user/%s", fs.default_fs, user);
    } else {
        return FAIL(err, ST_INVALID, "org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme of fs.defaultFS \"%s\"", named);
    }
    LakeOptions options = { .host_files = true, .working_dir = fs.cwd, .run = getenv("WEIR_STEP_ID") };
    TRY(lake_of_environment(a, &options, &fs.lake, err));
    *ret_fs = fs;
    return ST_OK;
}

void fs_close(Fs *fs)
{
    lake_close(fs->lake);
    fs->lake = NULL;
}

/* --- URIs --- */

/* Without empty, "." and ".." components; begins with a slash, has none at its end. */
static char *clean(Arena *a, const char *path)
{
    StrList parts = { 0 };
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            parts.len -= parts.len > 0;
        else if (n && !(n == 1 && p[0] == '.'))
            vec_push(a, &parts, arena_strn(a, p, n));
        p += n + (p[n] == '/');
    }
    str_auto text = STR_INIT(SIZE_MAX);
    for (size_t i = 0; i < parts.len; i++)
        str_addf(&text, "/%s", parts.at[i]);
    return parts.len ? str_arena(&text, a) : arena_str(a, "/");
}

Status fs_uri(const Fs *fs, Arena *a, const char *path, const char **ret_uri, Error *err)
{
    if (!*path)
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: Can not create a Path from an empty string");
    size_t n = strcspn(path, ":/");
    bool scheme = path[n] == ':' && n;
    if (!scheme) {
        *ret_uri = *path == '/' ? arena_printf(a, "%s%s", fs->default_fs, clean(a, path))
                                : arena_printf(a, "%.*s%s", (int)(str_starts(fs->home, "file:") ? 5 : strlen(fs->default_fs)), fs->home,
                                               clean(a, arena_printf(a, "%s/%s", fs->home + (str_starts(fs->home, "file:") ? 5 : strlen(fs->default_fs)), path)));
        return ST_OK;
    }
    const char *rest = path + n + 1, *name = arena_strn(a, path, n);
    const char *authority = str_starts(rest, "//") ? arena_strn(a, rest + 2, strcspn(rest + 2, "/")) : "";
    const char *tail = str_starts(rest, "//") ? rest + 2 + strlen(authority) : rest;
    if (str_eq(name, "file"))
        *ret_uri = arena_printf(a, "file:%s", clean(a, *tail == '/' || *authority ? tail : arena_printf(a, "%s/%s", fs->cwd, tail)));
    else if (str_eq(name, "hdfs"))
        *ret_uri = arena_printf(a, "hdfs://%s", clean(a, tail));
    else if (str_eq(name, "s3") || str_eq(name, "s3a") || str_eq(name, "s3n"))
        *ret_uri = arena_printf(a, "%s://%s%s", name, authority, clean(a, tail));
    else
        return FAIL(err, ST_UNSUPPORTED, "org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme \"%s\"", name);
    if ((str_eq(name, "s3") || str_eq(name, "s3a") || str_eq(name, "s3n")) && !*authority)
        return FAIL(err, ST_INVALID, "java.lang.IllegalArgumentException: Invalid hostname in URI %s", path);
    return ST_OK;
}

bool fs_is_host(const char *uri)
{
    return str_starts(uri, "file:");
}

const char *fs_host_path(const char *uri)
{
    return uri + strlen("file:");
}

/* Where the path begins in a whole URI. */
static const char *path_of(const char *uri)
{
    const char *authority = strstr(uri, "://");
    return authority ? strchrnul(authority + 3, '/') : uri + strcspn(uri, "/");
}

const char *fs_parent(Arena *a, const char *uri)
{
    const char *path = path_of(uri), *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return arena_printf(a, "%.*s/", (int)(path - uri), uri);
    return arena_strn(a, uri, (size_t)(slash - uri));
}

const char *fs_join(Arena *a, const char *uri, const char *name)
{
    return arena_printf(a, "%s%s%s", uri, str_ends(uri, "/") ? "" : "/", name);
}

Status fs_block_bytes(const JobConf *conf, const char *uri, int64_t *ret_bytes, Error *err)
{
    static const struct {
        const char *scheme, *property;
        int64_t mib;
    } sizes[] = { { "file:", "fs.local.block.size", 32 }, { "hdfs:", "dfs.blocksize", 128 }, { "s3a:", "fs.s3a.block.size", 32 },
                  { "s3:", "fs.s3.block.size", 64 },      { "s3n:", "fs.s3n.block.size", 64 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (str_starts(uri, sizes[i].scheme)) {
            TRY(jobconf_int(conf, sizes[i].property, sizes[i].mib * MIB, ret_bytes, err));
            return *ret_bytes > 0 ? ST_OK : FAIL(err, ST_INVALID, "%s must be positive", sizes[i].property);
        }
    return FAIL(err, ST_INTERNAL, "no block size of '%s'", uri);
}

/* --- wildcards --- */

static Status glob_component(const Fs *fs, Arena *a, const char *folder, const char *pattern, LakeEntryList *found, Error *err)
{
    size_t n = strcspn(pattern, "/");
    const char *component = arena_strn(a, pattern, n), *rest = pattern[n] ? pattern + n + 1 : NULL;
    LakeEntryList entries = { 0 };
    if (!glob_has_wildcards(component)) {
        LakeEntry entry;
        bool there = false;
        const char *uri = fs_join(a, folder, glob_unescape(a, component));
        if (rest)
            return glob_component(fs, a, uri, rest, found, err);
        TRY(lake_stat(fs->lake, a, uri, &there, &entry, err));
        if (there)
            vec_push(a, found, entry);
        return ST_OK;
    }
    TRY(lake_entries(fs->lake, a, folder, &entries, err));
    for (size_t i = 0; i < entries.len; i++) {
        const char *behind;
        if (!glob_match(component, entries.at[i].name, &behind) || *behind)
            continue;
        if (!rest)
            vec_push(a, found, entries.at[i]);
        else if (entries.at[i].folder)
            TRY(glob_component(fs, a, entries.at[i].file.uri, rest, found, err));
    }
    return ST_OK;
}

static int by_uri(const void *x, const void *y)
{
    return strcmp(((const LakeEntry *)x)->file.uri, ((const LakeEntry *)y)->file.uri);
}

Status fs_glob(const Fs *fs, Arena *a, const char *uri, LakeEntryList *ret_entries, Error *err)
{
    LakeEntryList found = { 0 };
    const char *path = path_of(uri);
    if (!glob_has_wildcards(path)) {
        LakeEntry entry;
        bool there = false;
        TRY(lake_stat(fs->lake, a, uri, &there, &entry, err));
        if (there)
            vec_push(a, &found, entry);
        *ret_entries = found;
        return ST_OK;
    }
    StrList patterns;
    TRY(glob_expand(a, path + 1, &patterns, err));
    const char *root = arena_printf(a, "%.*s/", (int)(path - uri), uri);
    for (size_t i = 0; i < patterns.len; i++)
        TRY(glob_component(fs, a, root, patterns.at[i], &found, err));
    if (found.len)
        qsort(found.at, found.len, sizeof *found.at, by_uri);
    size_t kept = 0;
    for (size_t i = 0; i < found.len; i++)
        if (!kept || !str_eq(found.at[kept - 1].file.uri, found.at[i].file.uri))
            found.at[kept++] = found.at[i];
    found.len = kept;
    *ret_entries = found;
    return ST_OK;
}

Status fs_stat(const Fs *fs, Arena *a, const char *uri, bool *ret_found, LakeEntry *ret_entry, Error *err)
{
    return lake_stat(fs->lake, a, uri, ret_found, ret_entry, err);
}
