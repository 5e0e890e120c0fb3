/* back/duckdb/orc.h -- what the reader and the writer of ORC files share. Pure. Source: ORC v1 specification; Spark's OrcUtils. */
#ifndef WEIR_BACK_DUCKDB_ORC_H
#define WEIR_BACK_DUCKDB_ORC_H
#include "back/duckdb/packing.h"
#include "ir/type.h"

#define ORC_CATALYST_TYPE "spark.sql.catalyst.type"

/* Type.Kind of orc_proto.proto. */
typedef enum OrcKind {
    ORC_BOOLEAN, ORC_BYTE, ORC_SHORT, ORC_INT, ORC_LONG, ORC_FLOAT, ORC_DOUBLE, ORC_STRING, ORC_BINARY, ORC_TIMESTAMP, ORC_LIST,
    ORC_MAP, ORC_STRUCT, ORC_UNION, ORC_DECIMAL, ORC_DATE, ORC_VARCHAR, ORC_CHAR, ORC_TIMESTAMP_INSTANT
} OrcKind;
/* Stream.Kind: those that hold values. */
typedef enum OrcStream { ORC_PRESENT, ORC_DATA, ORC_LENGTH, ORC_DICTIONARY, ORC_COUNT, ORC_SECONDARY, ORC_STREAMS } OrcStream;
enum { ORC_DIRECT, ORC_DICTIONARY_V1, ORC_DIRECT_V2, ORC_DICTIONARY_V2 };

/* Seconds of 2015-01-01, where timestamps are counted from. */
#define ORC_EPOCH_S INT64_C(1420070400)

/* --- integer runs (RLEv1, RLEv2), byte runs, bits: values one after the other out of one stream --- */
typedef struct OrcBytes {
    const unsigned char *at, *end;
} OrcBytes;
typedef struct OrcInts {
    OrcBytes in;
    bool is_signed, version_2;
    int64_t run[512];
    size_t n, next;
} OrcInts;
typedef struct OrcByteRuns {
    OrcBytes in;
    unsigned char value, bits; /* of the run; of the boolean that is taken apart */
    int repeat, literals, bits_left;
} OrcByteRuns;
bool orc_int(OrcInts *r, int64_t *ret_value);
bool orc_byte(OrcByteRuns *r, unsigned char *ret_value);
bool orc_bit(OrcByteRuns *r, bool *ret_value);
bool orc_varint(OrcBytes *in, uint64_t *ret_value);

/* The same, written. */
void orc_put_varint(Str *out, uint64_t value);
void orc_put_ints(Str *out, const int64_t *values, size_t n, bool is_signed); /* RLEv2 */
void orc_put_bytes(Str *out, const unsigned char *values, size_t n);
void orc_put_bits(Str *out, const bool *values, size_t n);

static inline uint64_t orc_zigzag(int64_t n)
{
    return ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);
}
static inline int64_t orc_unzigzag(uint64_t n)
{
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

#endif
