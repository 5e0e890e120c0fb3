/* lake/object_list.c -- listing keys in order, with common prefixes rolled up.
 *
 * Rows come lazily in key order. Behind the first key of a common prefix the scan starts anew after the whole prefix, so
 * that a folder costs one step however much is in it. */
#include "lake/objects.h"

#include "base/str.h"
#include "lake/object_row.h"

typedef struct Scan {
    Db *db;
    Arena *a;
    const char *bucket;
    const ObjectListing *listing;
    const char *low;   /* keys from here */
    bool low_included;
    int64_t low_seq;   /* versions: with key == low only smaller seq; -1: by low_included alone */
    const char *high;  /* keys below this */
    ObjectPage *page;
    const char *last, *last_version; /* the last entry taken */
} Scan;

/* UTF-8 has no byte FF. */
const char *object_prefix_end(Arena *a, const char *prefix)
{
    size_t n = strlen(prefix);
    if (!n)
        return "\xff";
    char *after = arena_strn(a, prefix, n);
    after[n - 1] = (char)((unsigned char)after[n - 1] + 1);
    return after;
}

static Status scan_query(Scan *s, Row **ret_row, Error *err)
{
#define LATEST "SELECT " OBJECT_COLUMNS " FROM s3_object INDEXED BY s3_object_latest WHERE latest=1 AND delete_marker=0 AND bucket=?"
#define EVERY "SELECT " OBJECT_COLUMNS " FROM s3_object WHERE bucket=?"
    if (!s->listing->versions)
        return s->low_included
                   ? db_query(s->db, ret_row, err, LATEST " AND key>=? AND key<? ORDER BY key", "sss", s->bucket, s->low, s->high)
                   : db_query(s->db, ret_row, err, LATEST " AND key>? AND key<? ORDER BY key", "sss", s->bucket, s->low, s->high);
    int64_t below = s->low_seq >= 0 ? s->low_seq : s->low_included ? INT64_MAX : 0;
    return db_query(s->db, ret_row, err,
                    EVERY " AND key>=?2 AND key<?3 AND (key>?2 OR seq<?4) ORDER BY key, seq DESC", "sssi", s->bucket, s->low,
                    s->high, below);
#undef LATEST
#undef EVERY
}

static const char *common_prefix(Arena *a, const ObjectListing *l, const char *key)
{
    if (!l->delimiter || !*l->delimiter)
        return NULL;
    const char *at = strstr(key + strlen(l->prefix), l->delimiter);
    return at ? arena_strn(a, key, (size_t)(at - key) + strlen(l->delimiter)) : NULL;
}

/* Takes rows until the page is full (truncated), the rows end (ret_more false), or a prefix moved `low` (ret_more true). */
static Status scan_rows(Scan *s, bool *ret_more, Error *err)
{
    row_auto *row = NULL;
    TRY(scan_query(s, &row, err));
    *ret_more = false;
    while (row_next(row)) {
        const char *prefix = common_prefix(s->a, s->listing, row_str(row, 0));
        bool skipped = prefix && s->listing->after_entry && s->listing->after && str_starts(s->listing->after, prefix);
        if (!skipped && s->page->objects.len + s->page->prefixes.len >= s->listing->max) {
            s->page->truncated = true;
            s->page->next = s->last;
            s->page->next_version = s->last_version;
            return ST_OK;
        }
        if (prefix) {
            if (!skipped) {
                vec_push(s->a, &s->page->prefixes, prefix);
                s->last = prefix;
                s->last_version = NULL;
            }
            s->low = object_prefix_end(s->a, prefix);
            s->low_included = true;
            s->low_seq = -1;
            *ret_more = true;
            return ST_OK;
        }
        Object object;
        object_of_row(row, s->a, s->bucket, &object);
        vec_push(s->a, &s->page->objects, object);
        s->last = object.key;
        s->last_version = object.version_id;
    }
    return row_status(row, err);
}

static Status scan_start(Scan *s, Error *err)
{
    const ObjectListing *l = s->listing;
    s->low = l->prefix;
    s->low_included = true;
    s->low_seq = -1;
    s->high = object_prefix_end(s->a, l->prefix);
    if (!l->after || strcmp(l->after, l->prefix) < 0)
        return ST_OK;
    s->low = l->after;
    s->low_included = false;
    if (!l->versions || !l->after_version)
        return ST_OK;
    Status status = db_get_int(s->db, &s->low_seq, err, "SELECT seq FROM s3_object WHERE bucket=? AND key=? AND version_id=?",
                               "sss", s->bucket, l->after, l->after_version);
    if (status == ST_NOT_FOUND)
        return object_fail(err, ST_INVALID, 400, "InvalidArgument", "Invalid version id specified");
    return status;
}

Status object_list(Objects *objects, Arena *a, const char *bucket, const ObjectListing *listing, ObjectPage *ret_page, Error *err)
{
    Bucket there;
    TRY(bucket_get(objects, a, bucket, &there, err));
    db_auto *db = NULL;
    TRY(store_borrow(objects_store(objects), &db, err));
    ObjectPage page = { 0 };
    Scan scan = { .db = db, .a = a, .bucket = there.name, .listing = listing, .page = &page };
    TRY(scan_start(&scan, err));
    bool more = listing->max > 0;
    while (more && strcmp(scan.low, scan.high) < 0)
        TRY(scan_rows(&scan, &more, err));
    *ret_page = page;
    return ST_OK;
}
