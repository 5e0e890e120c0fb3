/* ir/type.h -- Spark's data types (org.apache.spark.sql.types), immutable, in an arena; simple ones are shared constants.
 * Compare with type_equal(), never by pointer. */
#ifndef WEIR_IR_TYPE_H
#define WEIR_IR_TYPE_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum TypeKind {
    TYPE_NULL, /* NullType, "void" */
    TYPE_BOOLEAN,
    TYPE_BYTE, TYPE_SHORT, TYPE_INT, TYPE_LONG,
    TYPE_FLOAT, TYPE_DOUBLE,
    TYPE_DECIMAL,
    TYPE_STRING, TYPE_CHAR, TYPE_VARCHAR, /* CHAR(n), VARCHAR(n) only in schemas: expressions see STRING */
    TYPE_BINARY,
    TYPE_DATE, TYPE_TIME, TYPE_TIMESTAMP, TYPE_TIMESTAMP_NTZ,
    TYPE_CALENDAR_INTERVAL, TYPE_YEAR_MONTH_INTERVAL, TYPE_DAY_TIME_INTERVAL,
    TYPE_ARRAY, TYPE_MAP, TYPE_STRUCT,
    TYPE_VARIANT,
    TYPE_GEOMETRY, TYPE_GEOGRAPHY, /* `precision`: the SRID, or SRID_ANY */
    TYPE_UDT /* a Python user-defined type: `sql_type` carries its storage */
} TypeKind;

/* Fields of the ANSI interval types. */
enum { INTERVAL_YEAR = 0, INTERVAL_MONTH = 1, INTERVAL_DAY = 0, INTERVAL_HOUR = 1, INTERVAL_MINUTE = 2, INTERVAL_SECOND = 3 };
enum { DECIMAL_MAX_PRECISION = 38 };
enum { SRID_ANY = -1, SRID_PLANE = 0, SRID_EARTH = 4326 };

typedef struct Type Type;
typedef struct Field {
    const char *name;
    const Type *type;
    bool nullable;
    const char *metadata; /* JSON object text, NULL: none */
} Field;

struct Type {
    TypeKind kind;
    int precision, scale;     /* DECIMAL(p,s); TIME(p); CHAR/VARCHAR: length in `precision`; GEOMETRY, GEOGRAPHY: the SRID */
    int start, end;           /* ANSI intervals: first and last field */
    const char *collation;    /* STRING, CHAR, VARCHAR: its normalised name (ir/collation.h), NULL is UTF8_BINARY */
    int strength;             /* STRING, only while the binder looks for a common collation (bind_collation.c) */
    const Type *element;      /* ARRAY element, MAP value */
    const Type *key;          /* MAP */
    bool contains_null;       /* ARRAY containsNull, MAP valueContainsNull */
    const Field *fields;      /* STRUCT */
    size_t nfields;
    const Type *sql_type;     /* UDT */
    const char *udt;          /* UDT: its JSON description up to sqlType; what follows are its parts, NULL: none */
    const char *udt_class, *udt_python_class, *udt_serialized;
};

extern const Type type_null, type_boolean, type_byte, type_short, type_int, type_long, type_float, type_double, type_string,
    type_binary, type_date, type_time, type_timestamp, type_timestamp_ntz, type_calendar_interval, type_variant;

/* A deep copy that shares nothing with `t`; NULL gives NULL. */
const Type *type_copy(Arena *a, const Type *t);
const Type *type_decimal(Arena *a, int precision, int scale); /* unchecked: see type_decimal_bounded */
/* DecimalType.bounded: precision and scale cut at 38. */
const Type *type_decimal_bounded(Arena *a, int precision, int scale);
/* DecimalType.adjustPrecisionScale: keeps at least 6 fractional digits when precision passes 38. */
const Type *type_decimal_adjusted(Arena *a, int precision, int scale);
const Type *type_decimal_for(Arena *a, const Type *integral); /* DecimalType.forType */
const Type *type_array(Arena *a, const Type *element, bool contains_null);
const Type *type_map(Arena *a, const Type *key, const Type *value, bool value_contains_null);
const Type *type_struct(Arena *a, const Field *fields, size_t nfields);
/* TYPE_GEOMETRY or TYPE_GEOGRAPHY; NULL when the type has no such SRID (SpatialReferenceSystemCache). */
const Type *type_spatial(Arena *a, TypeKind kind, int srid);
bool type_is_spatial(const Type *t);
const Type *type_year_month(Arena *a, int start, int end);
const Type *type_day_time(Arena *a, int start, int end);
const Type *type_char(Arena *a, int length);
const Type *type_varchar(Arena *a, int length);
/* A user-defined type by its classes (NULL: none): the JVM's, Python's, and the pickled Python class in base64. */
const Type *type_udt(Arena *a, const Type *storage, const char *jvm_class, const char *python_class, const char *serialized_class);

/* DataType.asNullable: what files and texts hold keeps no promises. */
const Type *type_as_nullable(Arena *a, const Type *t);

bool type_equal(const Type *x, const Type *y);            /* nullability inside counts */
bool type_same(const Type *x, const Type *y);             /* nullability inside does not count (sameType) */
bool type_is_numeric(const Type *t);
bool type_is_integral(const Type *t);
bool type_is_atomic(const Type *t);
bool type_is_orderable(const Type *t);                    /* RowOrdering.isOrderable */
bool type_has_variant(const Type *t);                     /* is one, or has one inside */
bool type_has_twin_fields(Arena *a, const Type *t);       /* are there two fields of one STRUCT whose names differ in case only, or not at all? */
bool type_is_datetime(const Type *t);
bool type_is_ansi_interval(const Type *t);

/* DataType.sql: "DECIMAL(10,2)", "ARRAY<INT>", "STRUCT<a: INT NOT NULL>", "INTERVAL DAY TO SECOND". */
void type_sql(const Type *t, Str *out);
/* DataType.catalogString: "decimal(10,2)", "array<int>", "struct<a:int>". */
void type_catalog(const Type *t, Str *out);
/* DataType.json, as schema.json() prints it. */
void type_json(const Type *t, Str *out);
const char *type_sql_text(Arena *a, const Type *t);
const char *type_catalog_text(Arena *a, const Type *t);
/* Reads DataType.json. */
Status type_from_json(Arena *a, const char *json, const Type **ret_type, Error *err);

#endif
