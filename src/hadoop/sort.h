/* hadoop/sort.h -- map output in memory: records in one block, sorted by partition and key when it is full.
 *
 * Records grow from the block's start, their entries from its end. The sort is Hadoop's quicksort, comparison by comparison, so
 * that records with equal keys come out in the order in which Hadoop has them. Not thread-safe.
 * Source: org.apache.hadoop.util.QuickSort, org.apache.hadoop.mapred.MapTask.MapOutputBuffer. */
#ifndef WEIR_HADOOP_SORT_H
#define WEIR_HADOOP_SORT_H
#include "hadoop/keys.h"
#include "hadoop/record.h"

typedef struct SortEntry {
    uint64_t prefix; /* key_prefix; 0 with an order by fields */
    uint32_t at;     /* of the record in the block, in units of 4 bytes */
    uint32_t partition;
} SortEntry;

typedef struct SortBuffer {
    uint8_t *block;
    size_t size_bytes, used_bytes; /* used: by records */
    size_t count;
    const KeyOrder *order;
} SortBuffer;

enum { SORT_HEADER_BYTES = 8 };
#define SORT_BYTES_MAX ((size_t)8 << 30)

/* Allocates; at most SORT_BYTES_MAX. The pages are taken as they fill. */
Status sort_init(SortBuffer *s, size_t size_bytes, const KeyOrder *order, Error *err);
void sort_done(SortBuffer *s);
/* False: it is full (or the record is larger than all of it). */
bool sort_add(SortBuffer *s, unsigned partition, const Record *record);
void sort_run(SortBuffer *s);
unsigned sort_partition(const SortBuffer *s, size_t i);
void sort_get(const SortBuffer *s, size_t i, Record *ret_record);
void sort_clear(SortBuffer *s);

#endif
