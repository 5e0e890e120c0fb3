/* hadoop/sort.h -- map output in memory: records in one block, sorted by partition and key when it is full.
 *
 * Records grow from the block's start, their entries from its end. The sort is Hadoop's quicksort, comparison by comparison, so
 * that records with equal keys come out in the order in which Hadoop has them.
 *
 * A record that comes again and again ("the\t1") is kept once and counted, as long as at least every second one is such a record:
 * a word count needs a hundredth of the memory and nothing to sort. In which order they came is kept beside (4 bytes each)
 * while the records would have found room one by one: when two different ones have the same key, all of them are put
 * back and sorted as Hadoop does it. Not thread-safe.
 * Source: org.apache.hadoop.util.QuickSort, org.apache.hadoop.mapred.MapTask.MapOutputBuffer. */
#ifndef WEIR_HADOOP_SORT_H
#define WEIR_HADOOP_SORT_H
#include "hadoop/keys.h"
#include "hadoop/record.h"

typedef struct SortEntry {
    uint64_t prefix; /* key_prefix */
    uint32_t at;     /* of the record in the block, in units of 4 bytes */
    uint32_t partition;
} SortEntry;

typedef struct SortBuffer {
    uint8_t *block;
    size_t size_bytes, used_bytes; /* used: by records */
    size_t count;                  /* entries: what sort_get gives, once sorted */
    const KeyOrder *order;
    const Partitioner *partitioner;
    unsigned reducers;

    /* While equal records are kept once. */
    bool folded;
    bool sequenced;       /* the last `added` words of the block say which record came when, backwards */
    size_t added;
    uint64_t *table;      /* of hash << 32 | at + 1; 0: free */
    unsigned bits, bits_max; /* it has 1 << bits slots and may grow; a slot's place is the top of its hash */
    size_t filled;
} SortBuffer;

#define SORT_BYTES_MAX ((size_t)8 << 30)

/* Allocates; at most SORT_BYTES_MAX. The pages are taken as they fill. The partitioner must outlive it. */
Status sort_init(SortBuffer *s, size_t size_bytes, const KeyOrder *order, const Partitioner *partitioner, unsigned reducers, Error *err);
void sort_done(SortBuffer *s);
/* False: it is full (or the record is larger than all of it). */
bool sort_add(SortBuffer *s, const Record *record);
void sort_run(SortBuffer *s);
unsigned sort_partition(const SortBuffer *s, size_t i);
void sort_get(const SortBuffer *s, size_t i, Record *ret_record);
void sort_clear(SortBuffer *s);

/* --- for quicksort.c --- */
void sort_quick(const SortBuffer *s);
/* They grow downwards, so before the sort entry 0 is the record that came last: as in Hadoop's buffer. */
static inline SortEntry *sort_entry(const SortBuffer *s, size_t i)
{
    size_t sequence = s->folded && s->sequenced ? (s->added * sizeof(uint32_t) + 7) & ~(size_t)7 : 0;
    return (SortEntry *)(void *)(s->block + s->size_bytes - sequence) - s->count + i;
}
static inline const uint8_t *sort_key(const SortBuffer *s, const SortEntry *e, size_t *ret_length)
{
    const uint8_t *at = s->block + (size_t)e->at * 4;
    uint32_t length;
    memcpy(&length, at, sizeof length);
    *ret_length = length;
    return at + 2 * sizeof length;
}

#endif
