/* hadoop/keys.h -- which key comes first, and which reducer gets it: as Hadoop decides both, bit for bit.
 *
 * Sources: org.apache.hadoop.io.Text, WritableComparator.hashBytes; org.apache.hadoop.mapreduce.lib.partition's
 * HashPartitioner, KeyFieldHelper, KeyFieldBasedPartitioner, KeyFieldBasedComparator. */
#ifndef WEIR_HADOOP_KEYS_H
#define WEIR_HADOOP_KEYS_H
#include "base/arena.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>
#include <string.h>

/* One -k of sort(1), fields and characters from 1; end_field 0: to the key's end, end_char 0: to the field's end. */
typedef struct KeySpec {
    int32_t begin_field, begin_char, end_field, end_char;
    bool numeric, reverse;
} KeySpec;
typedef struct KeyFields {
    VEC(KeySpec) specs;
    bool spec_seen;        /* a -k was there; without one the key is one field */
    const char *separator; /* of fields */
    size_t separator_len;
} KeyFields;
/* "-k2,2nr -k1 -n". ST_INVALID in Hadoop's words. */
Status key_fields_parse(Arena *a, const char *options, const char *separator, KeyFields *ret_fields, Error *err);
/* The first `fields` fields (num.key.fields.for.partition). */
void key_fields_first(Arena *a, int32_t fields, const char *separator, KeyFields *ret_fields);

typedef struct KeyOrder {
    const KeyFields *fields; /* NULL: by bytes, a prefix first */
} KeyOrder;
int key_compare_fields(const KeyFields *fields, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
static inline int key_compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}
static inline int key_compare(const KeyOrder *order, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return order->fields ? key_compare_fields(order->fields, a, a_len, b, b_len) : key_compare_bytes(a, a_len, b, b_len);
}
/* The first 8 bytes as a number that compares as they do. */
static inline uint64_t key_prefix(const uint8_t *key, size_t length)
{
    uint64_t prefix = 0;
    memcpy(&prefix, key, length < 8 ? length : 8);
    return __builtin_bswap64(prefix);
}

typedef enum PartitionKind { PARTITION_HASH, PARTITION_HASH_LONG, PARTITION_FIELDS, PARTITION_RANGE } PartitionKind;
typedef struct Partitioner {
    PartitionKind kind;
    KeyFields fields;
    const uint8_t *const *cuts; /* PARTITION_RANGE: reducers - 1 keys, each of cut_len bytes: terasort's sample */
    size_t cut_len;
} Partitioner;
unsigned partition_of(const Partitioner *p, const uint8_t *key, size_t length, unsigned reducers);

/* A LongWritable as 8 bytes that compare as it does, and back. */
void key_of_long(int64_t value, uint8_t ret_key[8]);
int64_t key_to_long(const uint8_t key[8]);

#endif
