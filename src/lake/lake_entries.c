/* lake/lake_entries.c -- the object store as a shell sees it: folders one level deep, links and renames in one transaction,
 * and the pieces of a stage's files that come from a step's sandbox. */
#include "base/file.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "lake/lake_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENTRIES_PAGE = 1000 };
static const char OLD_MARKER[] = "_$folder$"; /* how old Hadoop kept a folder without files */

const char *lake_name_of(Arena *a, const char *uri)
{
    size_t n = strlen(uri);
    while (n && uri[n - 1] == '/')
        n--;
    size_t start = n;
    while (start && uri[start - 1] != '/')
        start--;
    return arena_strn(a, uri + start, n - start);
}

static LakeEntry file_entry(Objects *objects, Arena *a, const char *scheme, const Object *o)
{
    return (LakeEntry){ .name = lake_name_of(a, o->key),
                        .file = { lake_uri_of(a, scheme, o->bucket, o->key), object_path(objects, a, o->file), o->etag, o->size_bytes,
                                  o->modified_ms } };
}

/* `key` with its slash at the end. */
static LakeEntry folder_entry(Arena *a, const char *scheme, const char *bucket, const char *key, int64_t modified_ms)
{
    size_t n = strlen(key);
    const char *bare = arena_strn(a, key, n && key[n - 1] == '/' ? n - 1 : n);
    return (LakeEntry){ .name = lake_name_of(a, bare), .folder = true,
                        .file = { .uri = lake_uri_of(a, scheme, bucket, bare), .modified_ms = modified_ms } };
}

static const char *prefix_of(Arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    return n ? arena_printf(a, "%.*s/", (int)n, path) : "";
}

static int by_name(const void *x, const void *y)
{
    const LakeEntry *p = x, *q = y;
    int order = strcmp(p->name, q->name);
    return order ? order : p->folder - q->folder;
}

static void entries_add(Objects *objects, Arena *a, const char *scheme, const char *bucket, const char *prefix, const ObjectPage *page,
                        LakeEntryList *entries)
{
    for (size_t i = 0; i < page->prefixes.len; i++)
        vec_push(a, entries, folder_entry(a, scheme, bucket, page->prefixes.at[i], 0));
    for (size_t i = 0; i < page->objects.len; i++) {
        const Object *o = &page->objects.at[i];
        size_t n = strlen(o->key);
        if (str_eq(o->key, prefix))
            continue; /* the folder's own marker */
        if (str_ends(o->key, OLD_MARKER))
            vec_push(a, entries, folder_entry(a, scheme, bucket, arena_strn(a, o->key, n - strlen(OLD_MARKER)), o->modified_ms));
        else
            vec_push(a, entries, file_entry(objects, a, scheme, o));
    }
}

/* A folder with an old marker is listed twice. */
static void sort_unique(LakeEntryList *entries)
{
    size_t kept = 0;
    if (entries->len)
        qsort(entries->at, entries->len, sizeof *entries->at, by_name);
    for (size_t i = 0; i < entries->len; i++) {
        const LakeEntry *e = &entries->at[i], *before = kept ? &entries->at[kept - 1] : NULL;
        if (!before || !e->folder || !before->folder || strcmp(before->name, e->name) != 0)
            entries->at[kept++] = *e;
    }
    entries->len = kept;
}

static Status entry_itself(Objects *objects, Arena *a, const char *scheme, const char *bucket, const char *path, LakeEntryList *entries,
                           Error *err)
{
    Object object;
    Error error = ERROR_INIT;
    const char *prefix = prefix_of(a, path);
    if (*path && !str_ends(path, "/") && object_get(objects, a, bucket, path, NULL, &object, NULL) == ST_OK) {
        vec_push(a, entries, file_entry(objects, a, scheme, &object));
        return ST_OK;
    }
    ObjectPage page = { 0 };
    Status status = object_list(objects, a, bucket, &(ObjectListing){ .prefix = prefix, .max = 1 }, &page, &error);
    if (status != ST_OK && !str_eq(scheme, "hdfs")) {
        if (err)
            *err = error;
        return status;
    }
    const char *marker = arena_printf(a, "%.*s%s", (int)strlen(prefix) - (*prefix ? 1 : 0), prefix, OLD_MARKER);
    bool marked = *prefix && object_get(objects, a, bucket, marker, NULL, &object, NULL) == ST_OK;
    if (!*prefix || page.objects.len || marked)
        vec_push(a, entries, folder_entry(a, scheme, bucket, prefix, page.objects.len ? page.objects.at[0].modified_ms : 0));
    return ST_OK;
}

Status lake_objects_entries(Objects *objects, Arena *a, const char *uri, bool itself, LakeEntryList *ret_entries, Error *err)
{
    const char *scheme = NULL, *bucket = NULL, *path = NULL;
    TRY(lake_uri_parse(a, uri, &scheme, &bucket, &path, err));
    LakeEntryList entries = { 0 };
    if (str_eq(scheme, "hdfs"))
        TRY(lake_objects_ensure(objects, scheme, err));
    if (itself) {
        TRY(entry_itself(objects, a, scheme, bucket, path, &entries, err));
        *ret_entries = entries;
        return ST_OK;
    }
    const char *prefix = prefix_of(a, path);
    ObjectListing listing = { .prefix = prefix, .delimiter = "/", .max = ENTRIES_PAGE };
    for (ObjectPage page = { .truncated = true }; page.truncated; listing.after = page.next, listing.after_entry = true) {
        TRY(object_list(objects, a, bucket, &listing, &page, err));
        entries_add(objects, a, scheme, bucket, prefix, &page, &entries);
    }
    sort_unique(&entries);
    *ret_entries = entries;
    return ST_OK;
}

/* --- links and renames --- */

typedef struct Link {
    Objects *objects;
    Arena *a;
    const char *from_bucket, *to_bucket, *run;
    bool move;
} Link;

static Status link_one(const Link *l, Db *db, const Object *from, const char *to_key, Error *err)
{
    Object made = *from;
    made.bucket = l->to_bucket;
    made.key = to_key;
    made.run = l->run ? l->run : from->run;
    TRY(object_insert(l->objects, db, l->a, &made, NULL, NULL, err));
    return l->move ? object_remove(db, l->a, l->from_bucket, from->key, err) : ST_OK;
}

/* Every page is read before the transaction: it must not see what it writes. */
static Status below(const Link *l, const char *prefix, ObjectList *ret_objects, Error *err)
{
    ObjectListing listing = { .prefix = prefix, .max = ENTRIES_PAGE };
    for (ObjectPage page = { .truncated = true }; page.truncated; listing.after = page.next) {
        TRY(object_list(l->objects, l->a, l->from_bucket, &listing, &page, err));
        for (size_t i = 0; i < page.objects.len; i++)
            vec_push(l->a, ret_objects, page.objects.at[i]);
    }
    return ST_OK;
}

Status lake_objects_link(Objects *objects, const char *from, const char *to, bool move, const char *run, Error *err)
{
    arena_auto *a = arena_new();
    Link l = { .objects = objects, .a = a, .run = run, .move = move };
    const char *scheme = NULL, *to_scheme = NULL, *from_path = NULL, *to_path = NULL;
    TRY(lake_uri_parse(a, from, &scheme, &l.from_bucket, &from_path, err));
    TRY(lake_uri_parse(a, to, &to_scheme, &l.to_bucket, &to_path, err));
    TRY(lake_objects_ensure(objects, to_scheme, err));
    const char *from_prefix = prefix_of(a, from_path), *to_prefix = prefix_of(a, to_path);
    if (!*from_prefix || !*to_prefix || (str_eq(l.from_bucket, l.to_bucket) && str_starts(to_prefix, from_prefix)))
        return FAIL(err, ST_INVALID, "'%s' cannot become '%s'", from, to);
    bool exists = false;
    TRY(lake_objects_exists(objects, to, &exists, err));
    if (exists)
        return lake_fail_exists(err, to);
    Object one = { 0 };
    ObjectList many = { 0 };
    bool single = !str_ends(from_path, "/") && object_get(objects, a, l.from_bucket, from_path, NULL, &one, NULL) == ST_OK;
    if (!single)
        TRY(below(&l, from_prefix, &many, err));
    if (!single && !many.len)
        return lake_fail_path(err, from);
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_begin(db, err));
    if (single)
        TRY(link_one(&l, db, &one, arena_strn(a, to_prefix, strlen(to_prefix) - 1), err));
    for (size_t i = 0; i < many.len; i++)
        TRY(link_one(&l, db, &many.at[i], arena_printf(a, "%s%s", to_prefix, many.at[i].key + strlen(from_prefix)), err));
    return db_commit(db, err);
}

/* --- pieces of a stage's files --- */

Status lake_objects_send(Objects *objects, const char *id, const char *name, int64_t offset, const void *bytes, size_t length, Error *err)
{
    arena_auto *a = arena_new();
    if (strlen(id) != OBJECTS_ID_BYTES - 1 || strspn(id, "0123456789abcdef") != OBJECTS_ID_BYTES - 1)
        return FAIL(err, ST_INVALID, "'%s' is no stage", id);
    TRY(lake_output_check(name, err));
    db_auto *db = NULL;
    int64_t open_stages = 0;
    TRY(store_borrow(objects_store(objects), &db, err));
    TRY(db_get_int(db, &open_stages, err, "SELECT count(*) FROM lake_stage WHERE id=? AND committed_ms IS NULL", "s", id));
    if (!open_stages)
        return object_fail(err, ST_NOT_FOUND, 404, "NoSuchStage", "there is no staged write '%s': it was aborted or swept", id);
    const char *path = arena_printf(a, "%s/lake/stage/%s/%s", objects_home(objects), id, name);
    TRY(dir_make(arena_strn(a, path, (size_t)(strrchr(path, '/') - path)), 0700, err));
    fd_auto fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (offset ? 0 : O_TRUNC), 0600);
    size_t done = 0;
    while (fd >= 0 && done < length) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, length - done, offset + (int64_t)done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    return fd >= 0 && done == length ? ST_OK : FAIL(err, ST_IO, "write '%s' of a stage: %s", name, strerror(errno));
}
