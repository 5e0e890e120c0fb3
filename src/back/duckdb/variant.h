/* back/duckdb/variant.h -- Spark's VARIANT: the binary encoding of Parquet's Variant specification, version 1.
 *
 * In the engine a variant is one BLOB: the length of the value (4 bytes, little endian), the value, the metadata (the dictionary
 * of keys). Arrow and Parquet have them as two binary fields, value and metadata. Bytes come from files and clients: readers check
 * each access, and what is wrong is VARIANT_MALFORMED. Pure. Source: org.apache.spark.types.variant. */
#ifndef WEIR_BACK_DUCKDB_VARIANT_H
#define WEIR_BACK_DUCKDB_VARIANT_H
#include "back/duckdb/convert.h"
#include "base/vec.h"

enum { VARIANT_DEPTH = 1000, VARIANT_MAX_BYTES = 128 * 1024 * 1024 };

typedef enum VariantKind {
    VARIANT_MALFORMED, VARIANT_NULL, VARIANT_BOOLEAN, VARIANT_LONG, VARIANT_DOUBLE, VARIANT_DECIMAL, VARIANT_STRING, VARIANT_DATE,
    VARIANT_TIMESTAMP, VARIANT_TIMESTAMP_NTZ, VARIANT_FLOAT, VARIANT_BINARY, VARIANT_UUID, VARIANT_ARRAY, VARIANT_OBJECT
} VariantKind;

/* A value within its bytes; the views are borrowed. */
typedef struct Variant {
    View value, metadata; /* value: from its first byte to the end of what is there */
} Variant;

/* The engine's BLOB, taken apart; false: malformed. */
bool variant_open(View blob, Variant *ret);
/* The engine's BLOB of a value and its metadata, appended. */
void variant_close(View value, View metadata, Str *out);
VariantKind variant_kind(const Variant *v);
/* Its own bytes; 0: malformed. */
size_t variant_size(const Variant *v);

/* Each for its kind only; false: malformed. */
bool variant_boolean(const Variant *v);
bool variant_long(const Variant *v, int64_t *ret); /* also dates (days) and timestamps (microseconds) */
bool variant_double(const Variant *v, double *ret); /* also FLOAT */
bool variant_decimal(const Variant *v, i128 *ret_unscaled, int *ret_scale);
bool variant_bytes(const Variant *v, View *ret);   /* STRING, BINARY, UUID */
/* Elements of an array, fields of an object in the order of their keys. */
bool variant_count(const Variant *v, size_t *ret);
bool variant_at(const Variant *v, size_t i, View *ret_key, Variant *ret);
/* false: there is no such field. */
bool variant_field(const Variant *v, View key, Variant *ret);

/* "$.a[0]['b c']": calls for each step until one returns false. false: the path is none. */
typedef bool (*VariantStep)(void *arg, View key, int64_t index); /* key.data NULL: an index */
bool variant_path(View path, VariantStep step, void *arg);

/* false: malformed. The text may be cut where the Str is full. */
bool variant_json(const Variant *v, const Zone *zone, Str *out);
/* Of a decimal: without an exponent, without zeros at its end. */
size_t variant_decimal_text(i128 unscaled, int scale, char *out);
int decimal_digits(i128 unscaled); /* BigDecimal.precision */

/* Its type, an object's keys in their order (a UDT stands for UUID); NULL: malformed. What holds several; its text in SQL. */
const struct Type *variant_schema(Arena *a, const Variant *v);
const struct Type *variant_schema_merge(Arena *a, const struct Type *x, const struct Type *y);
void variant_schema_text(const struct Type *t, Str *out);

/* --- making one --- */
typedef struct VariantKey {
    View key; /* in the arena */
} VariantKey;
typedef struct VariantField {
    uint32_t id;
    size_t offset;
} VariantField;
typedef VEC(VariantField) VariantFields;
typedef VEC(size_t) VariantOffsets;
typedef struct VariantBuilder {
    Arena *arena;
    Str value;
    VEC(VariantKey) keys;
    uint32_t *slots; /* of keys by hash: index + 1 */
    size_t nslots;
    const char *duplicate; /* a key that an object has twice; NULL: none */
} VariantBuilder;

void variant_begin(VariantBuilder *b, Arena *a);
void variant_done(VariantBuilder *b);
/* The engine's BLOB, appended. false: too large, or a duplicate key. */
bool variant_end(VariantBuilder *b, Str *out);
void variant_add_null(VariantBuilder *b);
void variant_add_boolean(VariantBuilder *b, bool x);
void variant_add_long(VariantBuilder *b, int64_t x);
void variant_add_double(VariantBuilder *b, double x);
void variant_add_float(VariantBuilder *b, float x);
void variant_add_decimal(VariantBuilder *b, i128 unscaled, int scale);
void variant_add_string(VariantBuilder *b, View text);
void variant_add_binary(VariantBuilder *b, View bytes);
void variant_add_date(VariantBuilder *b, int32_t days);
void variant_add_timestamp(VariantBuilder *b, int64_t us, bool ntz);
/* A copy, its keys in this dictionary. false: malformed. */
bool variant_add(VariantBuilder *b, const Variant *v);
uint32_t variant_key(VariantBuilder *b, View key);
/* Around what was added since `start` (b->value.len before). */
void variant_close_array(VariantBuilder *b, size_t start, const VariantOffsets *offsets);
void variant_close_object(VariantBuilder *b, size_t start, VariantFields *fields);

/* JSON text as a variant (Jackson's grammar). false: it is none, or too large. */
bool variant_parse(VariantBuilder *b, View json);

#endif
