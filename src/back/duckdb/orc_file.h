/* back/duckdb/orc_file.h -- an ORC file that is open: its types and stripes, and its streams unpacked. One thread.
 * Source: ORC v1 specification. */
#ifndef WEIR_BACK_DUCKDB_ORC_FILE_H
#define WEIR_BACK_DUCKDB_ORC_FILE_H
#include "back/duckdb/orc.h"
#include "base/vec.h"

typedef struct OrcType {
    OrcKind kind;
    VEC(uint32_t) children; /* columns */
    StrList names;          /* of a struct's */
    int precision, scale;
    const char *catalyst;   /* the attribute spark.sql.catalyst.type, NULL: none */
} OrcType;
typedef struct OrcStripe {
    uint64_t offset, index_bytes, data_bytes, footer_bytes, rows;
} OrcStripe;
typedef struct OrcFile {
    Arena *a;
    void *map;              /* the whole file */
    size_t map_bytes;
    Codec codec;
    uint64_t block_bytes;   /* unpacked, of one chunk at most */
    bool encrypted;
    bool proleptic;         /* dates are of the proleptic Gregorian calendar; else Julian before 1582-10-15 */
    VEC(OrcType) types;     /* in pre-order: 0 is the row */
    VEC(OrcStripe) stripes;
} OrcFile;
typedef struct OrcStreamInfo {
    int kind;
    uint32_t column;
    uint64_t bytes;
} OrcStreamInfo;
typedef struct OrcEncoding {
    int kind;
    uint64_t dictionary; /* entries */
} OrcEncoding;
typedef struct OrcStripeFooter {
    VEC(OrcStreamInfo) streams; /* in the order in which they stand in the file, from the stripe's start */
    VEC(OrcEncoding) encodings; /* one a column */
    const char *zone;           /* of who wrote it, NULL: unknown */
} OrcStripeFooter;

/* ST_NOT_FOUND, ST_IO with FAILED_READ_FILE.*, ST_UNSUPPORTED for an encrypted one. */
Status orc_file_open(const char *path, const char *uri, OrcFile **ret_file, Error *err);
void orc_file_close(OrcFile *file); /* NULL is fine */
void orc_file_closep(OrcFile **file);
#define orc_file_auto __attribute__((cleanup(orc_file_closep))) OrcFile
bool orc_stripe_footer(const OrcFile *file, Arena *a, const OrcStripe *s, OrcStripeFooter *ret_footer);
/* Appends a stream's bytes, unpacked; false when they are broken. */
bool orc_unpack(const OrcFile *file, OrcBytes in, Str *out);
/* Spark's type of a column. */
Status orc_file_type(Arena *a, const OrcFile *file, uint32_t column, const Type **ret_type, Error *err);

#endif
