/* lake/object_row.h -- a row of s3_object as an Object: for the object store's own files. */
#ifndef WEIR_LAKE_OBJECT_ROW_H
#define WEIR_LAKE_OBJECT_ROW_H
#include "lake/objects.h"

/* In the order that object_of_row reads them. */
#define OBJECT_COLUMNS                                                                                                     \
    "key, seq, version_id, latest, delete_marker, file, size_bytes, etag, modified_ms, storage_class, headers, metadata,"  \
    " tags, checksum_algorithm, checksum, checksum_type, parts, run, row_count"
void object_of_row(Row *row, Arena *a, const char *bucket, Object *ret_object);
/* The least text that is greater than all keys with this prefix. */
const char *object_prefix_end(Arena *a, const char *prefix);

#endif
