/* back/duckdb/jdbc_type.c -- PostgreSQL's types as Spark's, and Spark's as PostgreSQL's. Source: PostgresDialect, JdbcUtils.
 *
 * A column is asked for by an expression whose binary form the Spark type alone decides (jdbc_value.c): the server does the
 * casts, and gives as text what Spark takes for a string. */
#include "back/duckdb/convert.h"
#include "back/duckdb/jdbc_internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"

#include <stdlib.h>

typedef struct PgType {
    Oid oid, element;          /* element: of an array, else 0 */
    const char *name, *element_name;
    bool is_enum;
    int64_t dimensions;        /* of an array's declaration */
} PgType;

enum { BYTES_MAX = INT32_MAX };

/* ---------------------------------------------------------------- what the server knows of the types */
static const PgType *pg_type(const PgType *types, int n, Oid oid)
{
    for (int i = 0; i < n; i++)
        if (types[i].oid == oid)
            return &types[i];
    return NULL;
}

static Status read_types(Arena *a, JdbcConnection *c, const PGresult *result, PgType **ret_types, int *ret_n, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_CONF_TEXT);
    jdbc_result_auto *rows = NULL;
    str_add(&sql, "SELECT t.oid, t.typname, CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END, coalesce(e.typname, ''), t.typtype = 'e' "
                  "FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem WHERE t.oid IN (0");
    for (int i = 0; i < PQnfields(result); i++)
        str_addf(&sql, ", %u", PQftype(result, i));
    str_add(&sql, ")");
    TRY(jdbc_run(c, str_text(&sql), &rows, err));
    int n = PQntuples(rows);
    PgType *types = ARENA_ARRAY(a, PgType, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        types[i] = (PgType){ .oid = (Oid)strtoul(PQgetvalue(rows, i, 0), NULL, 10), .name = arena_str(a, PQgetvalue(rows, i, 1)),
                             .element = (Oid)strtoul(PQgetvalue(rows, i, 2), NULL, 10), .element_name = arena_str(a, PQgetvalue(rows, i, 3)),
                             .is_enum = *PQgetvalue(rows, i, 4) == 't' };
    *ret_types = types;
    *ret_n = n;
    return ST_OK;
}

/* PgResultSetMetaData: the dimensions that a table's column was declared with, 1 for all else. */
static Status dimensions(JdbcConnection *c, const PGresult *result, int column, int64_t *ret, Error *err)
{
    arena_auto *a = arena_new();
    jdbc_result_auto *rows = NULL;
    *ret = 1;
    if (PQftable(result, column) == InvalidOid || PQftablecol(result, column) == 0)
        return ST_OK;
    TRY(jdbc_run(c, arena_printf(a, "SELECT attndims FROM pg_catalog.pg_attribute WHERE attrelid = %u AND attnum = %d",
                                 PQftable(result, column), PQftablecol(result, column)), &rows, err));
    if (PQntuples(rows) == 1 && !str_to_i64(PQgetvalue(rows, 0, 0), ret))
        *ret = 1;
    *ret = *ret < 1 ? 1 : *ret;
    return ST_OK;
}

/* ---------------------------------------------------------------- to Spark */
/* DecimalPrecisionTypeCoercion.bounded: integral digits first. */
static const Type *decimal(Arena *a, int modifier, bool in_array)
{
    if (modifier < 4)
        return type_decimal(a, DECIMAL_MAX_PRECISION, 18);
    int precision = ((modifier - 4) >> 16) & 0xFFFF, scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
    if (scale < 0)
        return type_decimal_bounded(a, precision - scale, 0);
    precision = precision > scale ? precision : scale;
    if (precision <= DECIMAL_MAX_PRECISION || in_array)
        return type_decimal_bounded(a, precision, scale);
    int kept = DECIMAL_MAX_PRECISION - (precision - scale);
    return type_decimal(a, DECIMAL_MAX_PRECISION, kept > 0 ? kept : 0);
}

static const Type *timestamp(const JdbcOptions *o)
{
    return o->prefer_ntz ? &type_timestamp_ntz : &type_timestamp;
}

static const Type *plain_type(Arena *a, const JdbcOptions *o, Oid oid, const char *name, int modifier, bool in_array)
{
    switch (oid) {
    case OID_BOOL: return &type_boolean;
    case OID_BIT: return modifier == 1 ? &type_boolean : &type_binary;
    case OID_INT2: return &type_short;
    case OID_INT4: return &type_int;
    case OID_INT8: return &type_long;
    case OID_OID: return in_array ? &type_long : type_decimal(a, 20, 0);
    case OID_FLOAT4: return &type_float;
    case OID_FLOAT8: return &type_double;
    case OID_NUMERIC: return decimal(a, modifier, in_array);
    case OID_BYTEA: return &type_binary;
    case OID_DATE: return &type_date;
    case OID_TIMESTAMP: case OID_TIME: return timestamp(o);
    case OID_TIMESTAMPTZ: case OID_TIMETZ: return &type_timestamp;
    case OID_VOID: return &type_null;
    case OID_BPCHAR: return in_array || modifier < 5 ? &type_string : type_char(a, modifier - 4);
    case OID_VARCHAR: return in_array ? &type_string : type_varchar(a, modifier < 5 ? INT32_MAX : modifier - 4);
    case OID_NAME: return in_array ? &type_string : type_varchar(a, INT32_MAX);
    default: return !in_array && !strcmp(name, "char") ? type_char(a, 1) : &type_string;
    }
}

static Status unsupported(Error *err, const char *format, const char *name)
{
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", format, name);
    if (err)
        memcpy(err->sqlstate, "0A000", 6);
    return status;
}

static Status spark_type(Arena *a, const JdbcOptions *o, const PgType *t, int modifier, const Type **ret_type, Error *err)
{
    if (!t->element) {
        *ret_type = t->is_enum ? type_varchar(a, INT32_MAX) : plain_type(a, o, t->oid, t->name, modifier, false);
        return ST_OK;
    }
    if (t->element == OID_MONEY)
        return engine_fail(err, ST_INVALID, "UNRECOGNIZED_SQL_TYPE", "typeName", t->name, "jdbcType", "ARRAY", NULL);
    if (t->element == OID_TIME || t->element == OID_INET || t->element == OID_TIMETZ || (t->element == OID_BIT && modifier != 1))
        return unsupported(err, "The feature is not supported: an array of PostgreSQL's type %s.", t->element_name);
    const Type *type = plain_type(a, o, t->element, t->element_name, modifier, true);
    for (int64_t i = 0; i < t->dimensions; i++)
        type = type_array(a, type, true);
    *ret_type = type;
    return ST_OK;
}

/* ---------------------------------------------------------------- how a column is asked for */
static bool sends_text(Oid oid)
{
    return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR || oid == OID_NAME || oid == OID_JSON;
}

static const char *cast_word(const Type *t)
{
    switch (t->kind) {
    case TYPE_BYTE: case TYPE_SHORT: return "int2";
    case TYPE_INT: return "int4";
    case TYPE_LONG: return "int8";
    case TYPE_FLOAT: return "float4";
    case TYPE_DOUBLE: return "float8";
    case TYPE_DECIMAL: return "numeric";
    case TYPE_DATE: return "date";
    case TYPE_TIMESTAMP: return "timestamptz";
    case TYPE_TIMESTAMP_NTZ: return "timestamp";
    case TYPE_YEAR_MONTH_INTERVAL: case TYPE_DAY_TIME_INTERVAL: return "interval";
    case TYPE_BINARY: return "bytea";
    case TYPE_BOOLEAN: return "bool";
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: return "text";
    default: return NULL;
    }
}

static const char *array_select(Arena *a, const char *name, const Type *t, Oid element)
{
    while (t->kind == TYPE_ARRAY)
        t = t->element;
    const char *word = cast_word(t);
    if (!word)
        return NULL;
    if (t->kind == TYPE_STRING && sends_text(element))
        return name;
    return arena_printf(a, t->kind == TYPE_BOOLEAN && element != OID_BOOL ? "%s::text[]::%s[]" : "%s::%s[]", name, word);
}

/* NULL: no value of the type comes from there. */
static const char *select_text(Arena *a, const char *name, const Type *t, const PgType *from)
{
    if (t->kind == TYPE_NULL)
        return "NULL::int4";
    if (t->kind == TYPE_ARRAY)
        return from->element ? array_select(a, name, t, from->element) : NULL;
    const char *word = cast_word(t);
    if (!word)
        return NULL;
    bool of_day = from->oid == OID_TIME || from->oid == OID_TIMETZ;
    if (of_day && (t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ))
        return arena_printf(a, "date_trunc('milliseconds', ('1970-01-01'::date + %s)::%s)", name, word);
    if ((t->kind == TYPE_STRING || t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR) && sends_text(from->oid))
        return name;
    if (t->kind == TYPE_BINARY && from->oid != OID_BYTEA) /* the bytes of its text, as pgjdbc's getBytes */
        return arena_printf(a, "convert_to(%s::text, 'UTF8')", name);
    if (cast_word(t) == cast_word(&type_string) && from->oid == OID_INET) /* its cast to text adds a mask that is not shown */
        return arena_printf(a, "CASE WHEN %s IS NULL THEN NULL ELSE format('%%s', %s) END", name, name);
    if (t->kind == TYPE_DECIMAL && from->oid == OID_OID)
        return arena_printf(a, "%s::int8::numeric", name);
    if (t->kind == TYPE_BOOLEAN && from->oid != OID_BOOL)
        return arena_printf(a, "%s::text::bool", name);
    return arena_printf(a, "%s::%s", name, word);
}

/* What stands for the column in a predicate there, where it means what it means here. */
static RemoteColumn compared(Arena *a, const char *name, const Type *t, const PgType *from, RemoteColumn column)
{
    switch (from->oid) {
    case OID_BOOL: case OID_INT2: case OID_INT4: case OID_INT8: case OID_FLOAT4: case OID_FLOAT8: case OID_NUMERIC: case OID_DATE:
    case OID_TIMESTAMP: case OID_TIMESTAMPTZ: column.compare = name; break;
    case OID_TEXT: case OID_VARCHAR:
        column.compare = name;
        column.bytewise = true;
        break;
    default:
        if ((t->kind == TYPE_STRING || t->kind == TYPE_VARCHAR) && !from->element && from->oid != OID_BPCHAR && from->oid != OID_INET) {
            column.compare = arena_printf(a, "%s::text", name);
            column.bytewise = true;
        }
    }
    return column;
}

static const Type *custom_type(const JdbcRequest *r, const char *name)
{
    for (size_t i = 0; r->custom && i < r->custom->nfields; i++)
        if (r->case_sensitive ? str_eq(r->custom->fields[i].name, name) : str_ieq(r->custom->fields[i].name, name))
            return r->custom->fields[i].type;
    return NULL;
}

/* PgResultSetMetaData.getScale */
static int scale_of(Oid oid, int modifier)
{
    switch (oid) {
    case OID_FLOAT4: return 8;
    case OID_FLOAT8: return 17;
    case OID_NUMERIC: return modifier < 4 ? 0 : (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
    case OID_TIME: case OID_TIMETZ: case OID_TIMESTAMP: case OID_TIMESTAMPTZ: return modifier < 0 ? 6 : modifier;
    case OID_INTERVAL: return modifier < 0 ? 6 : modifier & 0xFFFF;
    default: return 0;
    }
}

/* What JdbcUtils.getSchema keeps of a column. */
static const char *metadata(Arena *a, const JdbcOptions *o, const PgType *t, int modifier)
{
    Oid oid = t->element ? t->element : t->oid;
    bool is_signed = oid == OID_INT2 || oid == OID_INT4 || oid == OID_INT8 || oid == OID_FLOAT4 || oid == OID_FLOAT8 || oid == OID_NUMERIC;
    str_auto out = STR_INIT(LIMIT_CONF_TEXT);
    str_addc(&out, '{');
    if (t->element)
        str_addf(&out, "\"arrayDimension\":%d,", (int)t->dimensions);
    str_addf(&out, "\"isSigned\":%s,\"isTimestampNTZ\":%s,\"jdbcClientType\":", is_signed ? "true" : "false", o->prefer_ntz ? "true" : "false");
    json_add_text(VIEW(t->name), &out);
    if (t->oid == OID_TIME || t->oid == OID_TIMETZ)
        str_add(&out, ",\"logical_time_type\":true");
    str_addf(&out, ",\"scale\":%d}", scale_of(oid, modifier));
    return str_arena(&out, a);
}

static Status check_names(Arena *a, const Field *fields, size_t n, bool exact, Error *err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (exact ? str_eq(fields[i].name, fields[k].name) : str_ieq(fields[i].name, fields[k].name)) {
                char *name = arena_str(a, fields[i].name);
                for (char *c = name; !exact && *c; c++)
                    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
                return engine_fail(err, ST_INVALID, "COLUMN_ALREADY_EXISTS", "columnName", arena_printf(a, "`%s`", name), NULL);
            }
    return ST_OK;
}

Status jdbc_columns(Arena *a, JdbcConnection *c, const PGresult *result, const JdbcRequest *r, const Type **ret_schema,
                    const RemoteColumn **ret_columns, Error *err)
{
    PgType *types;
    int n = PQnfields(result), ntypes;
    TRY(read_types(a, c, result, &types, &ntypes, err));
    Field *fields = ARENA_ARRAY(a, Field, (size_t)n + 1);
    RemoteColumn *columns = ARENA_ARRAY(a, RemoteColumn, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const PgType *known = pg_type(types, ntypes, PQftype(result, i));
        PgType t = known ? *known : (PgType){ .oid = PQftype(result, i), .name = "" };
        const char *column = PQfname(result, i), *name = jdbc_quoted_name(a, column);
        const Type *type = NULL, *custom = custom_type(r, column);
        if (t.element)
            TRY(dimensions(c, result, i, &t.dimensions, err));
        TRY(spark_type(a, c->options, &t, PQfmod(result, i), &type, err));
        bool as_it_is = !custom || type_same(custom, type);
        fields[i] = (Field){ .name = arena_str(a, column), .type = custom ? custom : type, .nullable = true,
                             .metadata = metadata(a, c->options, &t, PQfmod(result, i)) };
        columns[i].select = select_text(a, name, fields[i].type, &t);
        if (!columns[i].select)
            return unsupported(err, "The feature is not supported: the type %s of a column that is read over JDBC.",
                               type_sql_text(a, fields[i].type));
        if (as_it_is)
            columns[i] = compared(a, name, type, &t, columns[i]);
    }
    TRY(check_names(a, fields, (size_t)n, r->case_sensitive, err));
    *ret_schema = type_struct(a, fields, (size_t)n);
    *ret_columns = columns;
    return ST_OK;
}

/* ---------------------------------------------------------------- from Spark */
Status jdbc_type_word(Arena *a, const Type *t, const char **ret_word, Oid *ret_oid, Error *err)
{
    static const struct {
        TypeKind kind;
        const char *word;
        Oid oid, array;
    } words[] = { { TYPE_STRING, "TEXT", OID_TEXT, 1009 },       { TYPE_BINARY, "BYTEA", OID_BYTEA, 1001 },
                  { TYPE_BOOLEAN, "BOOLEAN", OID_BOOL, 1000 },   { TYPE_FLOAT, "FLOAT4", OID_FLOAT4, 1021 },
                  { TYPE_DOUBLE, "FLOAT8", OID_FLOAT8, 1022 },   { TYPE_SHORT, "SMALLINT", OID_INT2, 1005 },
                  { TYPE_BYTE, "SMALLINT", OID_INT2, 1005 },     { TYPE_INT, "INTEGER", OID_INT4, 1007 },
                  { TYPE_LONG, "BIGINT", OID_INT8, 1016 },       { TYPE_DATE, "DATE", OID_DATE, 1182 },
                  { TYPE_TIMESTAMP, "TIMESTAMP WITH TIME ZONE", OID_TIMESTAMPTZ, 1185 },
                  { TYPE_TIMESTAMP_NTZ, "TIMESTAMP", OID_TIMESTAMP, 1115 },
                  { TYPE_DECIMAL, "NUMERIC", OID_NUMERIC, 1231 } };
    const Type *leaf = t;
    const char *brackets = "";
    for (; leaf->kind == TYPE_ARRAY; leaf = leaf->element)
        brackets = arena_printf(a, "%s[]", brackets);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].kind != leaf->kind)
            continue;
        *ret_word = leaf->kind == TYPE_DECIMAL ? arena_printf(a, "NUMERIC(%d,%d)%s", leaf->precision, leaf->scale, brackets)
                                               : arena_printf(a, "%s%s", words[i].word, brackets);
        *ret_oid = t->kind == TYPE_ARRAY ? words[i].array : words[i].oid;
        return ST_OK;
    }
    return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2082", "Can't get JDBC type for %s.", type_catalog_text(a, t));
}
