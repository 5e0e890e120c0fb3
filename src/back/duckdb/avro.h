/* back/duckdb/avro.h -- Avro schemas, and how Spark's types go with them. Pure.
 * Sources: Avro 1.12 specification; org.apache.spark.sql.avro.SchemaConverters. */
#ifndef WEIR_BACK_DUCKDB_AVRO_H
#define WEIR_BACK_DUCKDB_AVRO_H
#include "ir/type.h"

typedef enum AvroKind {
    AVRO_NULL, AVRO_BOOLEAN, AVRO_INT, AVRO_LONG, AVRO_FLOAT, AVRO_DOUBLE, AVRO_BYTES, AVRO_STRING,
    AVRO_RECORD, AVRO_ENUM, AVRO_ARRAY, AVRO_MAP, AVRO_UNION, AVRO_FIXED
} AvroKind;
typedef enum AvroLogical {
    LOGICAL_NONE, LOGICAL_DECIMAL, LOGICAL_DATE, LOGICAL_TIMESTAMP_MILLIS, LOGICAL_TIMESTAMP_MICROS, LOGICAL_LOCAL_MILLIS,
    LOGICAL_LOCAL_MICROS
} AvroLogical;

typedef struct AvroType AvroType;
typedef struct AvroField {
    const char *name;
    AvroType *type;
    bool has_default; /* other than null */
} AvroField;
struct AvroType {
    AvroKind kind;
    AvroLogical logical;
    int precision, scale;       /* of LOGICAL_DECIMAL */
    const char *catalyst;       /* the property spark.sql.catalyst.type, NULL: none */
    const char *name;           /* full name of a record, enum, fixed */
    size_t size;                /* FIXED: bytes */
    AvroField *fields;          /* RECORD; UNION: its branches, without names */
    size_t nfields;
    AvroType *element;          /* ARRAY, MAP */
    const char **symbols;       /* ENUM */
    size_t nsymbols;
    bool open;                  /* on the path of a walk: a schema may refer to itself */
};

Status avro_parse(Arena *a, const char *json, size_t length, AvroType **ret_type, Error *err);
/* SchemaConverters.toSqlType. ST_INVALID when it refers to itself or has a union that Spark does not take. */
Status avro_to_spark(Arena *a, AvroType *t, const Type **ret_type, bool *ret_nullable, Error *err);
/* SchemaConverters.toAvroType, as JSON text. */
Status avro_from_spark(const Type *t, bool nullable, const char *record_name, const char *name_space, Str *out, Error *err);

#endif
