/* svc/s3/list.c -- ListObjects, ListObjectsV2, ListObjectVersions. */
#include "svc/s3/s3.h"

#include "base/str.h"

static Status listing_of_input(const Call *call, const char *max_member, ObjectListing *ret_listing, Error *err)
{
    TRY(s3_check(call, err));
    int64_t max = s3_limit(call, max_member);
    if (max < 0)
        return s3_invalid_argument(err, "maxKeys", arena_printf(call->arena, "%lld", (long long)val_int(call->input, max_member, 0)),
                                   "Argument maxKeys must be an integer between 0 and 2147483647");
    const char *prefix = val_str(call->input, "Prefix"), *delimiter = val_str(call->input, "Delimiter");
    *ret_listing = (ObjectListing){ .prefix = prefix ? prefix : "", .delimiter = delimiter && *delimiter ? delimiter : NULL,
                                    .max = (size_t)max };
    return ST_OK;
}

/* What all three listings say again of the request. */
static void show_request(Call *call, const ObjectListing *listing, const ObjectPage *page)
{
    Arena *a = call->arena;
    val_set_str(a, call->output, "Name", s3_bucket(call));
    val_set_str(a, call->output, "Prefix", s3_listed(call, listing->prefix));
    val_set_str(a, call->output, "Delimiter", s3_listed(call, listing->delimiter));
    val_set_int(a, call->output, "MaxKeys", (int64_t)listing->max);
    val_set_str(a, call->output, "EncodingType", val_str(call->input, "EncodingType"));
    val_set_bool(a, call->output, "IsTruncated", page->truncated);
    Val *prefixes = val_list(a);
    for (size_t i = 0; i < page->prefixes.len; i++) {
        Val *item = val_map(a);
        val_set_str(a, item, "Prefix", s3_listed(call, page->prefixes.at[i]));
        val_push(a, prefixes, item);
    }
    val_set(a, call->output, "CommonPrefixes", prefixes);
}

static Val *listed_object(const Call *call, const Object *object, bool owner)
{
    Arena *a = call->arena;
    Val *item = val_map(a);
    val_set_str(a, item, "Key", s3_listed(call, object->key));
    val_set_time(a, item, "LastModified", object->modified_ms);
    if (!object->delete_marker) {
        val_set_str(a, item, "ETag", s3_quoted(a, object->etag));
        if (object->checksum) {
            Val *algorithms = val_list(a);
            val_push(a, algorithms, val_strv(a, object->checksum_algorithm));
            val_set(a, item, "ChecksumAlgorithm", algorithms);
            val_set_str(a, item, "ChecksumType", object->checksum_type);
        }
        val_set_int(a, item, "Size", object->size_bytes);
        val_set_str(a, item, "StorageClass", object->storage_class ? object->storage_class : "STANDARD");
    }
    if (owner)
        val_set(a, item, "Owner", s3_owner(call));
    return item;
}

static void show_contents(Call *call, const ObjectPage *page, bool owner)
{
    Val *contents = val_list(call->arena);
    for (size_t i = 0; i < page->objects.len; i++)
        val_push(call->arena, contents, listed_object(call, &page->objects.at[i], owner));
    val_set(call->arena, call->output, "Contents", contents);
}

Status s3_list_objects(Call *call, Error *err)
{
    Arena *a = call->arena;
    ObjectListing listing;
    ObjectPage page;
    TRY(listing_of_input(call, "MaxKeys", &listing, err));
    const char *marker = val_str(call->input, "Marker");
    listing.after = marker && *marker ? marker : NULL;
    listing.after_entry = true;
    TRY(object_list(call->server->objects, a, s3_bucket(call), &listing, &page, err));
    show_request(call, &listing, &page);
    show_contents(call, &page, true);
    val_set_str(a, call->output, "Marker", s3_listed(call, marker ? marker : ""));
    if (page.truncated && listing.delimiter)
        val_set_str(a, call->output, "NextMarker", s3_listed(call, page.next));
    return ST_OK;
}

/* A token is the page's last entry in base64, with a mark in front. */
static bool token_decode(const Call *call, const char *token, const char **ret_after)
{
    void *bytes;
    size_t length;
    if (!base64_decode(call->arena, token, &bytes, &length) || length < 2 || memcmp(bytes, "1", 1) != 0)
        return false;
    *ret_after = arena_strn(call->arena, (char *)bytes + 1, length - 1);
    return utf8_valid(*ret_after, strlen(*ret_after));
}

Status s3_list_objects_v2(Call *call, Error *err)
{
    Arena *a = call->arena;
    ObjectListing listing;
    ObjectPage page;
    TRY(listing_of_input(call, "MaxKeys", &listing, err));
    const char *token = val_str(call->input, "ContinuationToken"), *start_after = val_str(call->input, "StartAfter");
    listing.after = start_after && *start_after ? start_after : NULL;
    listing.after_entry = token != NULL;
    if (token && !token_decode(call, token, &listing.after))
        return s3_invalid_argument(err, "continuation-token", token, "The continuation token provided is incorrect");
    TRY(object_list(call->server->objects, a, s3_bucket(call), &listing, &page, err));
    show_request(call, &listing, &page);
    show_contents(call, &page, val_bool(call->input, "FetchOwner", false));
    val_set_int(a, call->output, "KeyCount", (int64_t)(page.objects.len + page.prefixes.len));
    val_set_str(a, call->output, "StartAfter", s3_listed(call, start_after));
    val_set_str(a, call->output, "ContinuationToken", token);
    if (page.truncated) {
        const char *text = arena_printf(a, "1%s", page.next);
        val_set_str(a, call->output, "NextContinuationToken", base64_encode(a, text, strlen(text)));
    }
    return ST_OK;
}

Status s3_list_object_versions(Call *call, Error *err)
{
    Arena *a = call->arena;
    ObjectListing listing;
    ObjectPage page;
    TRY(listing_of_input(call, "MaxKeys", &listing, err));
    const char *marker = val_str(call->input, "KeyMarker"), *version = val_str(call->input, "VersionIdMarker");
    if (version && *version && !(marker && *marker))
        return s3_invalid_argument(err, "version-id-marker", version,
                                   "A version-id marker cannot be specified without a key marker.");
    listing.after = marker && *marker ? marker : NULL;
    listing.after_version = version && *version ? version : NULL;
    listing.after_entry = true;
    listing.versions = true;
    TRY(object_list(call->server->objects, a, s3_bucket(call), &listing, &page, err));
    show_request(call, &listing, &page);
    Val *versions = val_list(a), *markers = val_list(a);
    for (size_t i = 0; i < page.objects.len; i++) {
        Val *item = listed_object(call, &page.objects.at[i], true);
        val_set_str(a, item, "VersionId", page.objects.at[i].version_id);
        val_set_bool(a, item, "IsLatest", page.objects.at[i].latest);
        val_push(a, page.objects.at[i].delete_marker ? markers : versions, item);
    }
    val_set(a, call->output, "Versions", versions);
    val_set(a, call->output, "DeleteMarkers", markers);
    val_set_str(a, call->output, "KeyMarker", s3_listed(call, marker ? marker : ""));
    val_set_str(a, call->output, "VersionIdMarker", version ? version : "");
    if (page.truncated) {
        val_set_str(a, call->output, "NextKeyMarker", s3_listed(call, page.next));
        val_set_str(a, call->output, "NextVersionIdMarker", page.next_version);
    }
    return ST_OK;
}
