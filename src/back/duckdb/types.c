/* back/duckdb/types.c -- the engine's types for Spark's, as values of its C API and as SQL words. */
#include "back/duckdb/emit.h"
#include "back/duckdb/internal.h"

#include <stdlib.h>

static duckdb_type simple_type(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: return DUCKDB_TYPE_BOOLEAN;
    case TYPE_BYTE: return DUCKDB_TYPE_TINYINT;
    case TYPE_SHORT: return DUCKDB_TYPE_SMALLINT;
    case TYPE_NULL:
    case TYPE_INT:
    case TYPE_YEAR_MONTH_INTERVAL: return DUCKDB_TYPE_INTEGER;
    case TYPE_LONG:
    case TYPE_TIME:
    case TYPE_DAY_TIME_INTERVAL: return DUCKDB_TYPE_BIGINT;
    case TYPE_FLOAT: return DUCKDB_TYPE_FLOAT;
    case TYPE_DOUBLE: return DUCKDB_TYPE_DOUBLE;
    case TYPE_BINARY:
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
    case TYPE_VARIANT: return DUCKDB_TYPE_BLOB;
    case TYPE_DATE: return DUCKDB_TYPE_DATE;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_NTZ: return DUCKDB_TYPE_TIMESTAMP;
    case TYPE_CALENDAR_INTERVAL: return DUCKDB_TYPE_INTERVAL;
    default: return DUCKDB_TYPE_VARCHAR;
    }
}

static duckdb_logical_type struct_type(const Type *t)
{
    duckdb_logical_type *types = calloc(t->nfields + 1, sizeof *types);
    const char **names = calloc(t->nfields + 1, sizeof *names);
    if (!types || !names)
        abort();
    for (size_t i = 0; i < t->nfields; i++) {
        types[i] = engine_type(t->fields[i].type);
        names[i] = t->fields[i].name;
    }
    duckdb_logical_type made = duckdb_create_struct_type(types, names, t->nfields);
    for (size_t i = 0; i < t->nfields; i++)
        duckdb_destroy_logical_type(&types[i]);
    free(types);
    free(names);
    return made;
}

duckdb_logical_type engine_type(const Type *t)
{
    if (t->kind == TYPE_DECIMAL)
        return duckdb_create_decimal_type((uint8_t)t->precision, (uint8_t)t->scale);
    if (t->kind == TYPE_STRUCT)
        return struct_type(t);
    if (t->kind == TYPE_UDT)
        return engine_type(t->sql_type);
    if (t->kind == TYPE_ARRAY) {
        duckdb_logical_type element = engine_type(t->element), made = duckdb_create_list_type(element);
        duckdb_destroy_logical_type(&element);
        return made;
    }
    if (t->kind == TYPE_MAP) {
        duckdb_logical_type key = engine_type(t->key), value = engine_type(t->element);
        duckdb_logical_type made = duckdb_create_map_type(key, value);
        duckdb_destroy_logical_type(&key);
        duckdb_destroy_logical_type(&value);
        return made;
    }
    return duckdb_create_logical_type(simple_type(t));
}

static const char *simple_word(duckdb_type type)
{
    switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_INTERVAL: return "INTERVAL";
    default: return "VARCHAR";
    }
}

/* `instant`: the word for TIMESTAMP. */
static void add_type(const Type *t, const char *instant, Str *out)
{
    switch (t->kind) {
    case TYPE_TIMESTAMP:
        str_add(out, instant);
        break;
    case TYPE_DECIMAL:
        str_addf(out, "DECIMAL(%d,%d)", t->precision, t->scale);
        break;
    case TYPE_UDT:
        add_type(t->sql_type, instant, out);
        break;
    case TYPE_ARRAY:
        add_type(t->element, instant, out);
        str_add(out, "[]");
        break;
    case TYPE_MAP:
        str_add(out, "MAP(");
        add_type(t->key, instant, out);
        str_add(out, ", ");
        add_type(t->element, instant, out);
        str_add(out, ")");
        break;
    case TYPE_STRUCT:
        str_add(out, "STRUCT(");
        for (size_t i = 0; i < t->nfields; i++) {
            str_add(out, i ? ", " : "");
            emit_quoted_name(t->fields[i].name, out);
            str_add(out, " ");
            add_type(t->fields[i].type, instant, out);
        }
        str_add(out, ")");
        break;
    default:
        str_add(out, simple_word(simple_type(t)));
    }
}

void emit_type(const Type *t, Str *out)
{
    add_type(t, "TIMESTAMP", out);
}

void emit_file_type(const Type *t, Str *out)
{
    add_type(t, "TIMESTAMP WITH TIME ZONE", out);
}

void emit_quoted_name(const char *name, Str *out)
{
    str_addc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            str_addc(out, '"');
        str_addc(out, *name);
    }
    str_addc(out, '"');
}

/* NUL cannot stand in SQL text: it becomes chr(0), as DuckDB has it. */
void emit_quoted_text(const char *text, size_t length, Str *out)
{
    bool joined = length && memchr(text, 0, length) != NULL;
    str_add(out, joined ? "('" : "'");
    for (size_t i = 0; i < length; i++) {
        if (!text[i]) {
            str_add(out, "' || chr(0) || '");
            continue;
        }
        if (text[i] == '\'')
            str_addc(out, '\'');
        str_addc(out, text[i]);
    }
    str_add(out, joined ? "')" : "'");
}
