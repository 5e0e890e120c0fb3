/* hadoop/s3distcp.c -- `s3-dist-cp`: copies that choose, join and pack files. */
#include "base/str.h"
#include "hadoop/copy.h"
#include "hadoop/distcp.h"
#include "hadoop/job.h"
#include "hadoop/manifest.h"
#include "hadoop/matcher.h"

/* X(ID, "name", kind): kind ONE takes a value, FLAG none, NOTED one that has no meaning here and is said to have none. */
#define S3DISTCP_OPTIONS(X) \
    X(SRC, "src", ONE) X(DEST, "dest", ONE) X(PATTERN, "srcPattern", ONE) X(GROUP_BY, "groupBy", ONE) \
    X(TARGET_SIZE, "targetSize", ONE) X(OUTPUT_CODEC, "outputCodec", ONE) X(DELETE, "deleteOnSuccess", FLAG) \
    X(APPEND, "appendToLastFile", FLAG) X(OUTPUT_MANIFEST, "outputManifest", ONE) X(PREVIOUS_MANIFEST, "previousManifest", ONE) \
    X(REQUIRE_PREVIOUS, "requirePreviousManifest", ONE) X(COPY_FROM_MANIFEST, "copyFromManifest", FLAG) \
    X(PREFIXES_FILE, "srcPrefixesFile", ONE) X(STORAGE_CLASS, "storageClass", ONE) X(ENDPOINT, "s3Endpoint", NOTED) \
    X(MULTIPART_OFF, "disableMultipartUpload", FLAG) X(MULTIPART_SIZE, "multipartUploadChunkSize", NOTED) \
    X(PER_MAPPER, "filesPerMapper", NOTED) X(TMP_DIR, "tmpDir", NOTED)
#define ID(id, name, kind) id,
enum { S3DISTCP_OPTIONS(ID) OPTIONS };
typedef enum OptionKind { ONE, FLAG, NOTED } OptionKind;
#define ROW(id, name, kind) { name, kind },
static const struct {
    const char *name;
    OptionKind kind;
} options[] = { S3DISTCP_OPTIONS(ROW) };
static const int64_t MIB = 1024 * 1024;
enum { PREFIXES_MAX_BYTES = 16 * 1024 * 1024 };

typedef struct S3Distcp {
    Shell shell;
    const char *options[OPTIONS];
    const char *source, *target;
    bool recode;
    Codec codec;
    int64_t target_bytes; /* 0: any size */
    Map names;            /* uri of a source -> its name below the source */
    ManifestList previous;
} S3Distcp;

static Status take(S3Distcp *d, const char *word, const char *following, int *ret_used, Error *err)
{
    const char *name = word + strspn(word, "-"), *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    for (int i = 0; i < OPTIONS; i++) {
        if (strlen(options[i].name) != n || strncmp(name, options[i].name, n) != 0)
            continue;
        bool alone = options[i].kind == FLAG || equals;
        if (!alone && !following)
            return FAIL(err, ST_INVALID, "Argument --%s needs a value", options[i].name);
        d->options[i] = equals ? equals + 1 : options[i].kind == FLAG ? "true" : following;
        *ret_used = alone ? 1 : 2;
        return ST_OK;
    }
    return FAIL(err, ST_UNSUPPORTED, "weir's s3-dist-cp has no %s", word);
}

/* A flag may be given a value, too. */
static bool flag(const S3Distcp *d, int option)
{
    return d->options[option] && !str_ieq(d->options[option], "false");
}

static void note_ignored(const S3Distcp *d)
{
    for (int i = 0; i < OPTIONS; i++)
        if (d->options[i] && (options[i].kind == NOTED || i == MULTIPART_OFF))
            job_log("WARN", "s3distcp.S3DistCp", "--%s has no meaning here: the lake is this machine's", options[i].name);
    const char *class_name = d->options[STORAGE_CLASS];
    if (class_name && !str_ieq(class_name, "STANDARD"))
        job_log("WARN", "s3distcp.S3DistCp", "--storageClass %s: the lake keeps every object as STANDARD", class_name);
}

static Status check_manifests(const S3Distcp *d, Error *err)
{
    const char *previous = d->options[PREVIOUS_MANIFEST];
    if (flag(d, COPY_FROM_MANIFEST) && !previous)
        return FAIL(err, ST_INVALID, "--copyFromManifest needs --previousManifest: the list of what to copy");
    if (flag(d, COPY_FROM_MANIFEST) && d->options[PREFIXES_FILE])
        return FAIL(err, ST_INVALID, "--copyFromManifest and --srcPrefixesFile both say what to copy");
    return ST_OK;
}

static Status parse(S3Distcp *d, int argc, char **argv, Error *err)
{
    int64_t mib = 0;
    for (int i = 0, used = 1; i < argc; i += used)
        TRY(take(d, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err));
    bool listed = flag(d, COPY_FROM_MANIFEST); /* the manifest says where from */
    if ((!d->options[SRC] && !listed) || !d->options[DEST])
        return FAIL(err, ST_INVALID, "Argument --%s is required", d->options[DEST] ? "src" : "dest");
    if (d->options[TARGET_SIZE] && (!str_to_i64(d->options[TARGET_SIZE], &mib) || mib < 1 || !d->options[GROUP_BY]))
        return FAIL(err, ST_INVALID, "Argument --targetSize takes MiB and needs --groupBy");
    d->target_bytes = mib * MIB;
    TRY(check_manifests(d, err));
    note_ignored(d);
    const char *codec = d->options[OUTPUT_CODEC];
    if (!codec || str_eq(codec, "keep"))
        return ST_OK;
    d->recode = true;
    return str_eq(codec, "none") ? ST_OK : codec_of_class(codec, &d->codec, err);
}

/* --- patterns --- */

static Status choose(S3Distcp *d, CopyList *list, Error *err)
{
    Matcher *matcher = NULL;
    if (!d->options[PATTERN])
        return ST_OK;
    TRY(matcher_compile(d->shell.arena, d->options[PATTERN], &matcher, err));
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++) {
        bool wanted = false;
        TRY(matcher_matches(matcher, d->shell.arena, list->at[i].parts.at[0].uri, &wanted, NULL, err));
        if (wanted)
            list->at[kept++] = list->at[i];
    }
    list->len = kept;
    return ST_OK;
}

/* --- groups --- */

typedef struct Group {
    const char *key;
    int64_t bytes;      /* of its file that is being filled */
    size_t file, files; /* of the list; how many there are, with those at the target */
} Group;

/* "logs.gz" as its number n: "logs1.gz". The first has none, unless --targetSize makes more of it. */
static const char *numbered(Arena *a, const char *key, size_t n)
{
    const char *slash = strrchr(key, '/'), *dot = strrchr(slash ? slash : key, '.');
    if (!dot)
        dot = key + strlen(key);
    return arena_printf(a, "%.*s%zu%s", (int)(dot - key), key, n, dot);
}

/* With --outputCodec names lose the old codec's ending and get the new one's. */
static Status final_name(const S3Distcp *d, const char *name, const char **ret_name, Error *err)
{
    Codec old;
    *ret_name = name;
    if (!d->recode)
        return ST_OK;
    TRY(codec_of_name(name, &old, err));
    *ret_name = arena_printf(d->shell.arena, "%.*s%s", (int)(strlen(name) - strlen(codec_ending(old))), name, codec_ending(d->codec));
    return ST_OK;
}

/* What is at the target under a name. */
static Status at_target(S3Distcp *d, const char *name, bool *ret_found, LakeEntry *ret_entry, Error *err)
{
    const char *final = NULL;
    TRY(final_name(d, name, &final, err));
    TRY(fs_stat(&d->shell.fs, d->shell.arena, fs_join(d->shell.arena, d->target, final), ret_found, ret_entry, err));
    *ret_found = *ret_found && !ret_entry->folder;
    return ST_OK;
}

static void append_to(S3Distcp *d, CopyFile *file, const LakeEntry *there)
{
    vec_push(d->shell.arena, &file->parts, there->file);
    file->appends = true;
}

/* --appendToLastFile: a group goes on with the last of its files that are at the target. */
static Status find_last(S3Distcp *d, Group *g, CopyList *to, Error *err)
{
    LakeEntry entry = { 0 }, last = { 0 };
    const char *name = g->key;
    bool found = false;
    TRY(at_target(d, name, &found, &last, err));
    if (found)
        g->files = 1;
    for (bool more = true; more;) {
        const char *next = numbered(d->shell.arena, g->key, g->files);
        TRY(at_target(d, next, &more, &entry, err));
        if (more) {
            name = next;
            last = entry;
            g->files++;
        }
    }
    if (!g->files)
        return ST_OK;
    CopyFile file = { .name = name };
    append_to(d, &file, &last);
    g->file = to->len;
    g->bytes = last.file.size_bytes;
    vec_push(d->shell.arena, to, file);
    return ST_OK;
}

/* A file of the group's key; --targetSize reached begins the next. */
static void group_add(S3Distcp *d, Group *g, const LakeFile *part, CopyList *to)
{
    Arena *a = d->shell.arena;
    bool full = d->target_bytes && g->files && g->bytes + part->size_bytes > d->target_bytes;
    if (!g->files || full) {
        CopyFile file = { .name = g->files ? numbered(a, g->key, g->files) : g->key };
        if (g->files == 1 && !to->at[g->file].appends) /* broken up, so that the first is number 0 */
            to->at[g->file].name = numbered(a, g->key, 0);
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
    Matcher *matcher = NULL;
    Map groups = { 0 };
    CopyList joined = { 0 };
    if (!d->options[GROUP_BY])
        return ST_OK;
    TRY(matcher_compile(a, d->options[GROUP_BY], &matcher, err));
    for (size_t i = 0; i < list->len; i++) {
        const char *key = NULL;
        bool wanted = false;
        TRY(matcher_matches(matcher, a, list->at[i].parts.at[0].uri, &wanted, &key, err));
        if (!wanted)
            continue;
        if (!*key)
            return FAIL(err, ST_INVALID, "--groupBy '%s' has no group that matches '%s'", d->options[GROUP_BY], list->at[i].parts.at[0].uri);
        Group *g = map_get(&groups, key);
        if (!g) {
            g = ARENA_NEW(a, Group);
            g->key = key;
            map_set(a, &groups, key, g);
            if (flag(d, APPEND))
                TRY(find_last(d, g, &joined, err));
        }
        group_add(d, g, &list->at[i].parts.at[0], &joined);
    }
    *list = joined;
    return ST_OK;
}

static Status recode(S3Distcp *d, CopyList *list, Error *err)
{
    for (size_t i = 0; d->recode && i < list->len; i++) {
        TRY(final_name(d, list->at[i].name, &list->at[i].name, err));
        list->at[i].recode = true;
        list->at[i].codec = d->codec;
    }
    return ST_OK;
}

/* Without groups, files go on with those of their names; with them, a last file to which nothing came stays as it is. */
static Status append(S3Distcp *d, CopyList *list, Error *err)
{
    size_t kept = 0;
    if (!flag(d, APPEND))
        return ST_OK;
    for (size_t i = 0; i < list->len; i++) {
        CopyFile *file = &list->at[i];
        LakeEntry there = { 0 };
        bool found = false;
        if (!d->options[GROUP_BY]) {
            CopyFile joined = { .name = file->name };
            TRY(at_target(d, file->name, &found, &there, err));
            if (found) {
                append_to(d, &joined, &there);
                vec_push(d->shell.arena, &joined.parts, file->parts.at[0]);
                *file = joined;
            }
        }
        if (file->parts.len > (size_t)file->appends)
            list->at[kept++] = *file;
    }
    list->len = kept;
    return ST_OK;
}

/* --- what to copy --- */

static Status add_listed(S3Distcp *d, CopyList *list, Error *err)
{
    for (size_t i = 0; i < d->previous.len; i++) {
        const ManifestEntry *e = &d->previous.at[i];
        CopyFile file = { .name = e->base_name };
        LakeEntry there = { 0 };
        bool found = false;
        TRY(fs_stat(&d->shell.fs, d->shell.arena, e->path, &found, &there, err));
        if (!found || there.folder)
            return FAIL(err, ST_NOT_FOUND, "%s doesn't exist, and is listed in %s", e->path, d->options[PREVIOUS_MANIFEST]);
        vec_push(d->shell.arena, &file.parts, there.file);
        vec_push(d->shell.arena, list, file);
    }
    return ST_OK;
}

/* A prefix need not end where a name does. Names are below --src all the same. */
static Status add_prefix(S3Distcp *d, const char *prefix, CopyList *list, Error *err)
{
    Arena *a = d->shell.arena;
    const char *uri = NULL, *folder;
    CopyList found;
    size_t source = strlen(d->source);
    TRY(fs_uri(&d->shell.fs, a, prefix, &uri, err));
    folder = str_ends(prefix, "/") ? uri : fs_parent(a, uri);
    if (strncmp(uri, d->source, source) != 0)
        return FAIL(err, ST_INVALID, "the prefix %s of --srcPrefixesFile is not below --src %s", prefix, d->source);
    TRY(copy_gather(&d->shell, folder, &found, err));
    for (size_t i = 0; i < found.len; i++) {
        const char *file = found.at[i].parts.at[0].uri;
        if (strncmp(file, uri, strlen(uri)) != 0)
            continue;
        found.at[i].name = file + source + strspn(file + source, "/");
        vec_push(a, list, found.at[i]);
    }
    return ST_OK;
}

static Status add_prefixes(S3Distcp *d, CopyList *list, Error *err)
{
    char *text;
    size_t length;
    const char *uri = NULL;
    TRY(fs_uri(&d->shell.fs, d->shell.arena, d->options[PREFIXES_FILE], &uri, err));
    TRY(lake_read(d->shell.fs.lake, d->shell.arena, uri, PREFIXES_MAX_BYTES, &text, &length, err));
    for (char *line = text, *end; line < text + length; line = end + 1) {
        end = line + strcspn(line, "\r\n");
        if (end > line)
            TRY(add_prefix(d, arena_strn(d->shell.arena, line, (size_t)(end - line)), list, err));
    }
    return ST_OK;
}

static Status read_previous(S3Distcp *d, Error *err)
{
    const char *name = d->options[PREVIOUS_MANIFEST], *uri = NULL;
    bool there = false;
    if (!name)
        return ST_OK;
    TRY(fs_uri(&d->shell.fs, d->shell.arena, name, &uri, err));
    TRY(lake_exists(d->shell.fs.lake, uri, &there, err));
    bool needed = !d->options[REQUIRE_PREVIOUS] || flag(d, REQUIRE_PREVIOUS) || flag(d, COPY_FROM_MANIFEST);
    if (!there)
        return needed ? FAIL(err, ST_NOT_FOUND, "the previous manifest %s doesn't exist", name) : ST_OK;
    TRY(manifest_read(d->shell.fs.lake, d->shell.arena, uri, &d->previous, err));
    for (size_t i = 0; i < d->previous.len; i++)
        TRY(fs_uri(&d->shell.fs, d->shell.arena, d->previous.at[i].path, &d->previous.at[i].path, err));
    return ST_OK;
}

/* The files, named, without those that a previous manifest has. */
static Status gather(S3Distcp *d, CopyList *list, Error *err)
{
    Arena *a = d->shell.arena;
    Map known = { 0 };
    size_t kept = 0;
    TRY(read_previous(d, err));
    bool listed = flag(d, COPY_FROM_MANIFEST);
    if (listed)
        TRY(add_listed(d, list, err));
    else if (d->options[PREFIXES_FILE])
        TRY(add_prefixes(d, list, err));
    else
        TRY(copy_gather(&d->shell, d->source, list, err));
    for (size_t i = 0; i < d->previous.len && !listed; i++)
        map_set(a, &known, d->previous.at[i].path, d);
    for (size_t i = 0; i < list->len; i++) {
        const char *uri = list->at[i].parts.at[0].uri;
        if (map_get(&known, uri))
            continue;
        map_set(a, &d->names, uri, (void *)(uintptr_t)list->at[i].name);
        list->at[kept++] = list->at[i];
    }
    list->len = kept;
    return ST_OK;
}

/* --outputManifest: what was copied now and, with a previous one, before; in the same commit as the files. */
static Status add_manifest(S3Distcp *d, CopyList *list, Error *err)
{
    Arena *a = d->shell.arena;
    const char *name = d->options[OUTPUT_MANIFEST];
    if (!name)
        return ST_OK;
    if (!*name || strstr(name, "..") || strchr(name, ':') || *name == '/')
        return FAIL(err, ST_INVALID, "--outputManifest takes a name below --dest");
    str_auto lines = STR_INIT(MANIFEST_MAX_BYTES);
    for (size_t i = 0; i < d->previous.len && !flag(d, COPY_FROM_MANIFEST); i++)
        manifest_add(&d->previous.at[i], &lines);
    for (size_t i = 0; i < list->len; i++)
        for (size_t k = list->at[i].appends; k < list->at[i].parts.len; k++) {
            const LakeFile *part = &list->at[i].parts.at[k];
            manifest_add(&(ManifestEntry){ part->uri, map_get(&d->names, part->uri), d->source ? d->source : "", part->size_bytes }, &lines);
        }
    if (lines.overflow)
        return FAIL(err, ST_LIMIT, "the manifest is larger than %d bytes", MANIFEST_MAX_BYTES);
    CopyFile file = { .name = name, .recode = true, .codec = CODEC_GZIP, .text_len = lines.len };
    file.text = str_arena(&lines, a);
    vec_push(a, list, file);
    return ST_OK;
}

static Status run(S3Distcp *d, Error *err)
{
    Shell *s = &d->shell;
    CopyList list = { 0 };
    LakeFileList sources = { 0 };
    if (d->options[SRC])
        TRY(fs_uri(&s->fs, s->arena, d->options[SRC], &d->source, err));
    TRY(fs_uri(&s->fs, s->arena, d->options[DEST], &d->target, err));
    TRY(gather(d, &list, err));
    TRY(choose(d, &list, err));
    TRY(group(d, &list, err));
    TRY(append(d, &list, err));
    TRY(recode(d, &list, err));
    size_t made = list.len;
    TRY(add_manifest(d, &list, err));
    TRY(copy_all(s, &list, d->target, err));
    for (size_t i = 0; i < made; i++)
        for (size_t k = list.at[i].appends; k < list.at[i].parts.len; k++)
            vec_push(s->arena, &sources, list.at[i].parts.at[k]);
    for (size_t i = 0; flag(d, DELETE) && i < sources.len; i++) /* when all of them are at their new place */
        TRY(lake_remove(s->fs.lake, sources.at[i].uri, err));
    job_log("INFO", "s3distcp.S3DistCp", "Copied %zu files into %zu", sources.len, made);
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
