/* driver/arrow.h -- rows as Arrow IPC streams: each is the schema, at most one record batch, and the end, as one
 * ArrowBatch message of Spark Connect wants it; an ArrowStream has many. Source: ArrowConverters, ArrowUtils. */
#ifndef WEIR_DRIVER_ARROW_H
#define WEIR_DRIVER_ARROW_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "base/vec.h"
#include "ir/type.h"
#include "ir/value.h"

#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>

/* Small results that the driver makes itself: show(), catalog listings, SET … Simple types and arrays of strings. */
typedef struct Rows {
    Arena *arena;
    const Type *schema; /* STRUCT */
    VEC(const Value *) at; /* each an array of schema->nfields values */
} Rows;
Rows *rows_new(Arena *a, const Type *schema);
/* A row to fill in; all NULL at first. */
Value *rows_add(Rows *rows);
Value rows_text(const char *text); /* NULL: null. Borrowed */
Value rows_long(int64_t value);    /* also BOOLEAN and INT */

/* An IPC stream of many batches, appended to `out`, which has been initialised and lives as long. */
typedef struct ArrowStream {
    struct ArrowIpcWriter writer;
    struct ArrowSchema schema;
} ArrowStream;
Status arrow_stream_begin(ArrowStream *s, const struct ArrowSchema *schema, struct ArrowBuffer *out, Error *err);
Status arrow_stream_add(ArrowStream *s, const struct ArrowArray *batch, Error *err);
Status arrow_stream_end(ArrowStream *s, Error *err);
void arrow_stream_done(ArrowStream *s); /* also after a failure */

/* The batch (NULL: none) as an IPC stream, appended to `out`, which has been initialised. */
Status arrow_encode(const struct ArrowSchema *schema, const struct ArrowArray *batch, struct ArrowBuffer *out, Error *err);
Status arrow_encode_rows(const Rows *rows, struct ArrowBuffer *out, Error *err);

#endif
