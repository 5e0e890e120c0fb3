/* warehouse/type.c -- Redshift's types: canonical names as its catalog prints them, and the engine's. */
#include "warehouse/dialect_internal.h"

#include <ctype.h>
#include <stdio.h>

enum { VARCHAR_MAX = 65535, CHAR_MAX_BYTES = 4096, VARBYTE_MAX = 16777216 };

typedef struct TypeName {
    const char *name, *canonical, *engine;
} TypeName;

static const TypeName type_names[] = {
    { "smallint", "smallint", "SMALLINT" }, { "int2", "smallint", "SMALLINT" },
    { "integer", "integer", "INTEGER" }, { "int", "integer", "INTEGER" }, { "int4", "integer", "INTEGER" },
    { "bigint", "bigint", "BIGINT" }, { "int8", "bigint", "BIGINT" },
    { "real", "real", "FLOAT" }, { "float4", "real", "FLOAT" },
    { "float8", "double precision", "DOUBLE" },
    { "boolean", "boolean", "BOOLEAN" }, { "bool", "boolean", "BOOLEAN" },
    { "date", "date", "DATE" },
    { "timestamptz", "timestamp with time zone", "TIMESTAMPTZ" },
    { "timetz", NULL, NULL }, { "geometry", NULL, NULL }, { "geography", NULL, NULL }, { "hllsketch", NULL, NULL },
    { "super", "super", "JSON" },
};

static Status length_of(Parser *p, int64_t missing, int64_t most, int64_t *ret_length, Error *err)
{
    *ret_length = missing;
    if (!take_sign(p, "("))
        return ST_OK;
    if (take_word(p, "max"))
        *ret_length = most;
    else
        TRY(need_int(p, ret_length, err));
    TRY(need_sign(p, ")", err));
    if (*ret_length < 1 || *ret_length > most)
        return FAIL(err, ST_INVALID, "length for type must be between 1 and %lld", (long long)most);
    return ST_OK;
}

static Status decimal_type(Parser *p, const char **ret_canonical, const char **ret_engine, Error *err)
{
    int64_t precision = 18, scale = 0;
    if (take_sign(p, "(")) {
        TRY(need_int(p, &precision, err));
        if (take_sign(p, ","))
            TRY(need_int(p, &scale, err));
        TRY(need_sign(p, ")", err));
    }
    if (precision < 1 || precision > 38)
        return FAIL(err, ST_INVALID, "DECIMAL precision %lld must be between 1 and 38", (long long)precision);
    if (scale < 0 || scale > 37 || scale > precision)
        return FAIL(err, ST_INVALID, "DECIMAL scale %lld must be between 0 and precision %lld", (long long)scale, (long long)precision);
    *ret_canonical = arena_printf(p->a, "numeric(%lld,%lld)", (long long)precision, (long long)scale);
    *ret_engine = arena_printf(p->a, "DECIMAL(%lld,%lld)", (long long)precision, (long long)scale);
    return ST_OK;
}

static Status text_type(Parser *p, bool varying, int64_t missing, const char **ret_canonical, const char **ret_engine, Error *err)
{
    int64_t length = 0;
    TRY(length_of(p, missing, varying ? VARCHAR_MAX : CHAR_MAX_BYTES, &length, err));
    *ret_canonical = arena_printf(p->a, varying ? "character varying(%lld)" : "character(%lld)", (long long)length);
    *ret_engine = "VARCHAR";
    return ST_OK;
}

static Status timestamp_type(Parser *p, bool time, const char **ret_canonical, const char **ret_engine, Error *err)
{
    bool zone = take_word(p, "with");
    if (zone || take_word(p, "without")) {
        TRY(need_word(p, "time", err));
        TRY(need_word(p, "zone", err));
    }
    if (time && zone)
        return refuse(err, "the type TIME WITH TIME ZONE");
    *ret_canonical = time ? "time without time zone" : zone ? "timestamp with time zone" : "timestamp without time zone";
    *ret_engine = time ? "TIME" : zone ? "TIMESTAMPTZ" : "TIMESTAMP";
    return ST_OK;
}

Status parse_type(Parser *p, const char **ret_canonical, const char **ret_engine, Error *err)
{
    const char *name = NULL;
    int64_t digits = 53;
    TRY(need_name(p, &name, err));
    if (str_eq(name, "varchar") || str_eq(name, "nvarchar"))
        return text_type(p, true, 256, ret_canonical, ret_engine, err);
    if (str_eq(name, "character") || str_eq(name, "char") || str_eq(name, "nchar"))
        return text_type(p, take_word(p, "varying"), 1, ret_canonical, ret_engine, err);
    if (str_eq(name, "bpchar") || str_eq(name, "text"))
        return text_type(p, true, 256, ret_canonical, ret_engine, err);
    if (str_eq(name, "decimal") || str_eq(name, "numeric") || str_eq(name, "dec"))
        return decimal_type(p, ret_canonical, ret_engine, err);
    if (str_eq(name, "timestamp") || str_eq(name, "time"))
        return timestamp_type(p, str_eq(name, "time"), ret_canonical, ret_engine, err);
    if (str_eq(name, "double"))
        TRY(need_word(p, "precision", err));
    if (str_eq(name, "float") && take_sign(p, "(")) {
        TRY(need_int(p, &digits, err));
        TRY(need_sign(p, ")", err));
    }
    if (str_eq(name, "float") || str_eq(name, "double"))
        name = digits <= 24 ? "float4" : "float8";
    if (str_eq(name, "varbyte") || str_eq(name, "varbinary") || (str_eq(name, "binary") && take_word(p, "varying"))) {
        TRY(length_of(p, 64000, VARBYTE_MAX, &digits, err));
        *ret_canonical = arena_printf(p->a, "binary varying(%lld)", (long long)digits);
        *ret_engine = "BLOB";
        return ST_OK;
    }
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (!str_eq(type_names[i].name, name))
            continue;
        if (!type_names[i].canonical)
            return refuse(err, arena_printf(p->a, "the type %s", name));
        *ret_canonical = type_names[i].canonical;
        *ret_engine = type_names[i].engine;
        return ST_OK;
    }
    return FAIL(err, ST_INVALID, "type \"%s\" does not exist", name);
}

Status dialect_type(Arena *a, const char *text, const char **ret_canonical, const char **ret_engine, Error *err)
{
    DialectEnv env = { .database = "" };
    Translation t = { 0 };
    Parser p = { .a = a, .sql = text, .env = &env, .t = &t };
    TRY(dialect_lex(a, text, &p.tokens, err));
    return parse_type(&p, ret_canonical, ret_engine, err);
}

/* --- the engine's types, of operands --- */

bool type_is_integer(const char *type)
{
    return str_eq(type, "SMALLINT") || str_eq(type, "INTEGER") || str_eq(type, "BIGINT") || str_eq(type, "TINYINT") || str_eq(type, "HUGEINT");
}

bool type_is_decimal(const char *type, int *ret_precision, int *ret_scale)
{
    int precision, scale;
    if (!type || sscanf(type, "DECIMAL(%d,%d)", &precision, &scale) != 2)
        return false;
    *ret_precision = precision;
    *ret_scale = scale;
    return true;
}

bool type_is_float(const char *type)
{
    return str_eq(type, "FLOAT") || str_eq(type, "DOUBLE");
}

bool type_is_time(const char *type)
{
    return type && (str_eq(type, "DATE") || str_starts(type, "TIMESTAMP"));
}
