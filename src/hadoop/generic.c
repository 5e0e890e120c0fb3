/* hadoop/generic.c -- see generic.h. */
#include "hadoop/generic.h"

#include "base/file.h"
#include "base/str.h"
#include "os/process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONF_BYTES = 4 << 20 };

static void add_list(Arena *a, const char *text, StrList *list)
{
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ",");
        if (n)
            vec_push(a, list, arena_strn(a, at, n));
        at += n + (at[n] == ',');
    }
}

static Status add_conf_file(JobConf *conf, const char *path, Error *err)
{
    arena_auto *a = arena_new();
    char *text;
    size_t length;
    const char *host = str_starts(path, "file:") ? path + 5 + (str_starts(path + 5, "//") ? 2 : 0) : path;
    Status status = file_read(a, host, CONF_BYTES, &text, &length, err);
    if (status == ST_NOT_FOUND)
        return FAIL(err, status, "java.lang.RuntimeException: %s not found", path);
    TRY(status);
    return jobconf_add_xml(conf, text, length, err);
}

static Status take(JobConf *conf, const char *option, const char *value, GenericOptions *o, Error *err)
{
    if (str_eq(option, "-D"))
        return jobconf_set_pair(conf, value, err);
    if (str_eq(option, "-conf"))
        return add_conf_file(conf, value, err);
    if (str_eq(option, "-fs")) {
        jobconf_set(conf, "fs.defaultFS", str_eq(value, "local") ? "file:///" : value);
        return ST_OK;
    }
    if (str_eq(option, "-files"))
        add_list(conf->arena, value, &o->files);
    else if (str_eq(option, "-archives"))
        add_list(conf->arena, value, &o->archives);
    else if (!str_eq(option, "-jt") || !str_eq(value, "local"))
        return FAIL(err, ST_UNSUPPORTED, "weir does not take the generic option %s %s: there is no JVM and no other resource manager here",
                    option, value);
    return ST_OK;
}

Status generic_parse(JobConf *conf, int argc, char **argv, GenericOptions *ret_options, Error *err)
{
    static const char *const names[] = { "-D", "-conf", "-fs", "-files", "-archives", "-libjars", "-jt", "-tokenCacheFile" };
    GenericOptions o = { 0 };
    while (o.used < argc) {
        const char *word = argv[o.used], *option = NULL;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (str_eq(word, names[i]) || (word[0] == '-' && word[1] == '-' && str_eq(word + 1, names[i])))
                option = names[i];
        if (str_starts(word, "-D") && word[2]) { /* -Dname=value */
            TRY(jobconf_set_pair(conf, word + 2, err));
            o.used++;
            continue;
        }
        if (!option)
            break;
        if (o.used + 1 >= argc)
            return FAIL(err, ST_INVALID, "Missing argument for option: %s", option + 1);
        TRY(take(conf, option, argv[o.used + 1], &o, err));
        o.used += 2;
    }
    *ret_options = o;
    return ST_OK;
}

/* --- the distributed cache --- */

static const char *split_name(Arena *a, const char *text, const char **ret_path)
{
    const char *hash = strrchr(text, '#');
    *ret_path = hash ? arena_strn(a, text, (size_t)(hash - text)) : text;
    const char *slash = strrchr(*ret_path, '/');
    return hash && hash[1] ? hash + 1 : slash ? slash + 1 : *ret_path;
}

static Status fetch(Fs *fs, Arena *a, const char *path, const char *to, Error *err)
{
    const char *uri = NULL;
    LakeEntry entry;
    bool found = false;
    /* A path without a scheme is the host's here, whatever the default file system is. */
    if (!strchr(path, ':'))
        path = *path == '/' ? arena_printf(a, "file:%s", path) : arena_printf(a, "file:%s/%s", fs->cwd, path);
    TRY(fs_uri(fs, a, path, &uri, err));
    TRY(fs_stat(fs, a, uri, &found, &entry, err));
    if (!found)
        return FAIL(err, ST_NOT_FOUND, "java.io.FileNotFoundException: File %s does not exist.", path);
    if (fs_is_host(uri)) /* in place: its modules and its modes stay what they are */
        return symlink(fs_host_path(uri), to) == 0 || errno == EEXIST ? ST_OK
                                                                      : FAIL(err, ST_IO, "java.io.IOException: link '%s': %s", to, strerror(errno));
    if (entry.folder)
        return FAIL(err, ST_UNSUPPORTED, "java.io.IOException: '%s' is a folder: -files takes files", path);
    TRY(lake_fetch(fs->lake, uri, to, err));
    return chmod(to, 0755) == 0 ? ST_OK : FAIL(err, ST_IO, "java.io.IOException: chmod '%s': %s", to, strerror(errno));
}

static Status unpack(Arena *a, const char *archive, const char *kind_name, const char *folder, Error *err)
{
    static const char program[] = "import shutil,sys; shutil.unpack_archive(sys.argv[1], sys.argv[2], sys.argv[3] or None)";
    const char *kind = str_ends(kind_name, ".jar") || str_ends(kind_name, ".zip") ? "zip"
                       : str_ends(kind_name, ".tar")                              ? "tar"
                       : str_ends(kind_name, ".tgz") || str_ends(kind_name, ".tar.gz") ? "gztar" : NULL;
    if (!kind)
        return FAIL(err, ST_INVALID, "java.io.IOException: '%s' is no archive: zip, jar, tar, tgz and tar.gz are", kind_name);
    const char *python = getenv("WEIR_PYTHON");
    const char *argv[] = { python && *python ? python : "python3", "-I", "-c", program, archive, folder, kind, NULL };
    (void)a;
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.die_with_parent = true;
    Process process;
    ProcessEnd end;
    TRY(process_spawn(&options, &process, err));
    Status status = process_wait(&process, -1, &end, err);
    process_done(&process);
    TRY(status);
    return end.code ? FAIL(err, ST_INVALID, "java.io.IOException: cannot unpack '%s'", kind_name) : ST_OK;
}

Status cache_lay_out(Fs *fs, Arena *a, const StrList *files, const StrList *archives, const char *folder, Error *err)
{
    const char *path = NULL;
    for (size_t i = 0; i < files->len; i++) {
        const char *name = split_name(a, files->at[i], &path);
        TRY(fetch(fs, a, path, path_join(a, folder, name), err));
    }
    for (size_t i = 0; i < archives->len; i++) {
        const char *name = split_name(a, archives->at[i], &path);
        const char *copy = arena_printf(a, "%s/.archive-%zu", folder, i);
        TRY(fetch(fs, a, path, copy, err));
        TRY(unpack(a, copy, path, path_join(a, folder, name), err));
    }
    return ST_OK;
}
