/* back/duckdb/source_reader.h -- bytes of a data file as lines or as a whole, decompressed by the name's ending.
 *
 * Lines end as Hadoop's LineReader has it: \n, \r, \r\n, or the separator that was given. A reader may begin in the middle of
 * a file: the line that runs there belongs to the reader before. Endings: .gz .deflate .bz2 .zst, and .snappy and .lz4 in Hadoop's
 * block framing; .lzo and .br fail by name. One thread each. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_READER_H
#define WEIR_BACK_DUCKDB_SOURCE_READER_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

typedef struct SourceReader SourceReader;

/* Is the file compressed, so that it can only be read from its start? */
bool source_compressed(const char *name);
/* `name`: the file's URI, by whose ending it is decompressed: an object of the lake has another path. Lines that begin in [from, to] (from 0: in [0, to]); to < 0: to the end. `separator` NULL: the usual ones. A byte order
 * mark at the start is skipped. */
Status source_reader_open(const char *path, const char *name, int64_t from, int64_t to, View separator, SourceReader **ret_reader, Error *err);
void source_reader_close(SourceReader *r); /* NULL is fine */
void source_reader_closep(SourceReader **r);
#define source_reader_auto __attribute__((cleanup(source_reader_closep))) SourceReader
/* The next line without its end, good until the next call; *ret_done at the end. */
Status source_reader_line(SourceReader *r, View *ret_line, bool *ret_done, Error *err);
/* All that is left, good until the reader is closed. */
Status source_reader_rest(SourceReader *r, View *ret_bytes, Error *err);

#endif
