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
    bool descending;         /* by bytes, the greatest first */
} KeyOrder;
int key_compare_fields(const KeyFields *fields, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
static inline int key_compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}
static inline int key_compare(const KeyOrder *order, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    if (order->fields)
        return key_compare_fields(order->fields, a, a_len, b, b_len);
    return order->descending ? key_compare_bytes(b, b_len, a, a_len) : key_compare_bytes(a, a_len, b, b_len);
}
/* The first 8 bytes as a number that compares as they do; 0 with an order by fields. */
static inline uint64_t key_prefix(const KeyOrder *order, const uint8_t *key, size_t length)
{
    uint64_t prefix = 0;
    if (order->fields)
        return 0;
    memcpy(&prefix, key, length < 8 ? length : 8);
    prefix = __builtin_bswap64(prefix);
    return order->descending ? ~prefix : prefix;
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

/* A number of 4 or 8 bytes as an IntWritable or a LongWritable has it. What overflows wraps around. */
static inline void number_put(uint8_t *at, size_t length, int64_t value)
{
    for (size_t i = 0; i < length; i++)
        at[i] = (uint8_t)((uint64_t)value >> (8 * (length - 1 - i)));
}
static inline int64_t number_get(const uint8_t *at, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | at[i];
    return length == 4 ? (int32_t)value : (int64_t)value;
}

#endif
