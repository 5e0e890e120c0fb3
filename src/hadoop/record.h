/* hadoop/record.h -- a key and a value on their way, and who takes them. */
#ifndef WEIR_HADOOP_RECORD_H
#define WEIR_HADOOP_RECORD_H
#include "base/status.h"

#include <stdint.h>

typedef struct Record {
    const uint8_t *key, *value; /* valid until the next record is asked for */
    size_t key_len, value_len;
    size_t repeats; /* of a RecordSource: how often the same one follows, without being given again. Collectors get each by itself */
} Record;

/* Takes records one by one. */
typedef struct Collector {
    Status (*collect)(void *self, const Record *record, Error *err);
    void *self;
} Collector;

/* Gives records in order. `new_group`: the key is not the one before,
 * byte for byte: Hadoop groups so, whatever the order is (KeyFieldBasedComparator compares Text objects as Text does). *ret_more false: no more. */
typedef struct RecordSource {
    Status (*next)(void *self, Record *ret_record, bool *ret_new_group, bool *ret_more, Error *err);
    void *self;
} RecordSource;

/* Bytes of a record in Hadoop's own formats, for its counters: a Text with its length in front, and a record of an IFile. */
static inline size_t record_vint_bytes(size_t n)
{
    return n < 128 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : n < (1 << 24) ? 4 : 5;
}
static inline size_t record_text_bytes(size_t n) { return n + record_vint_bytes(n); }
static inline size_t record_ifile_bytes(size_t key, size_t value)
{
    return record_vint_bytes(key) + record_vint_bytes(value) + key + value;
}
enum { IFILE_END_BYTES = 2, IFILE_CHECKSUM_BYTES = 4 };

#endif
