/* hadoop/manifest.h -- S3DistCp's manifests: which files a copy took, a line of JSON each, packed with gzip:
 * {"path":"s3://b/in/x/f","baseName":"x/f","srcDir":"s3://b/in","size":7}. Source: Amazon EMR Release Guide, "S3DistCp". */
#ifndef WEIR_HADOOP_MANIFEST_H
#define WEIR_HADOOP_MANIFEST_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "base/vec.h"
#include "lake/lake.h"

typedef struct ManifestEntry {
    const char *path, *base_name, *source; /* base_name: below the source, and so below the target */
    int64_t size_bytes;
} ManifestEntry;
typedef VEC(ManifestEntry) ManifestList;

enum { MANIFEST_MAX_BYTES = 256 * 1024 * 1024 };
/* Reads one, packed or not. ST_NOT_FOUND; ST_INVALID with the line that is none; ST_LIMIT. */
Status manifest_read(Lake *lake, Arena *a, const char *uri, ManifestList *ret_entries, Error *err);
/* The lines of entries, not packed. */
void manifest_add(const ManifestEntry *entry, Str *lines);

#endif
