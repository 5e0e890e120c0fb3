/* back/duckdb/types.c -- the engine's types for Spark's, as values of its C API and as SQL words. */
#include "back/duckdb/emit.h"
#include "back/duckdb/internal.h"

#include <stdlib.h>

/* What stands in a struct without fields: a query cannot write such a name. */
static const char hidden_name[] = "\x01no field";
static const Field hidden_field = { .name = hidden_name, .type = &type_boolean, .nullable = false };

/* The fields that a struct has in the engine. */
static const Field *engine_fields(const Type *t, size_t *ret_n)
{
    *ret_n = t->nfields ? t->nfields : 1;
    return t->nfields ? t->fields : &hidden_field;
}

void engine_fill_empty(duckdb_vector vector, idx_t row, bool null)
{
    duckdb_vector hidden = duckdb_struct_vector_get_child(vector, 0);
    ((bool *)duckdb_vector_get_data(hidden))[row] = false;
    if (!null)
        return;
    duckdb_vector_ensure_validity_writable(hidden);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(hidden), row);
}

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
    size_t n;
    const Field *fields = engine_fields(t, &n);
    duckdb_logical_type *types = calloc(n, sizeof *types);
    const char **names = calloc(n, sizeof *names);
    if (!types || !names)
        abort();
    for (size_t i = 0; i < n; i++) {
        types[i] = engine_type(fields[i].type);
        names[i] = fields[i].name;
    }
    duckdb_logical_type made = duckdb_create_struct_type(types, names, n);
    for (size_t i = 0; i < n; i++)
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
static void add_type(const Type *t, const char *instant, Str *out);

static void add_struct_type(const Type *t, const char *instant, Str *out)
{
    size_t n;
    const Field *fields = engine_fields(t, &n);
    str_add(out, "STRUCT(");
    for (size_t i = 0; i < n; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(fields[i].name, out);
        str_add(out, " ");
        add_type(fields[i].type, instant, out);
    }
    str_add(out, ")");
}

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
        add_struct_type(t, instant, out);
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

void emit_pack_end(const Type *t, Str *out)
{
    if (!t->nfields) {
        emit_quoted_name(hidden_name, out);
        str_add(out, " := false");
    }
    str_add(out, ")");
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
