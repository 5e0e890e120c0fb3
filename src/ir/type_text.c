/* ir/type_text.c -- a type as SQL, as a catalog string, as Spark's JSON, and back from JSON. */
#include "base/limits.h"
#include "ir/check.h"
#include "ir/collation.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

typedef struct SimpleNames {
    const char *sql, *catalog, *json;
} SimpleNames;

static const SimpleNames simple_names[] = {
    [TYPE_NULL] = { "VOID", "void", "void" },
    [TYPE_BOOLEAN] = { "BOOLEAN", "boolean", "boolean" },
    [TYPE_BYTE] = { "TINYINT", "tinyint", "byte" },
    [TYPE_SHORT] = { "SMALLINT", "smallint", "short" },
    [TYPE_INT] = { "INT", "int", "integer" },
    [TYPE_LONG] = { "BIGINT", "bigint", "long" },
    [TYPE_FLOAT] = { "FLOAT", "float", "float" },
    [TYPE_DOUBLE] = { "DOUBLE", "double", "double" },
    [TYPE_STRING] = { "STRING", "string", "string" },
    [TYPE_BINARY] = { "BINARY", "binary", "binary" },
    [TYPE_DATE] = { "DATE", "date", "date" },
    [TYPE_TIMESTAMP] = { "TIMESTAMP", "timestamp", "timestamp" },
    [TYPE_TIMESTAMP_NTZ] = { "TIMESTAMP_NTZ", "timestamp_ntz", "timestamp_ntz" },
    [TYPE_CALENDAR_INTERVAL] = { "INTERVAL", "interval", "interval" },
    [TYPE_VARIANT] = { "VARIANT", "variant", "variant" },
    [TYPE_GEOMETRY] = { "GEOMETRY", "geometry", "geometry" },
    [TYPE_GEOGRAPHY] = { "GEOGRAPHY", "geography", "geography" },
    [TYPE_UDT] = { NULL, NULL, NULL },
};
static const char *const year_month_fields[] = { "YEAR", "MONTH" };
static const char *const day_time_fields[] = { "DAY", "HOUR", "MINUTE", "SECOND" };

enum TextForm { FORM_SQL, FORM_CATALOG, FORM_JSON };

static void add_word(Str *out, const char *word, enum TextForm form)
{
    for (; *word; word++)
        str_addc(out, form == FORM_SQL ? *word : (char)tolower((unsigned char)*word));
}

static void interval_text(const Type *t, Str *out, enum TextForm form)
{
    const char *const *fields = t->kind == TYPE_YEAR_MONTH_INTERVAL ? year_month_fields : day_time_fields;
    add_word(out, "INTERVAL ", form);
    add_word(out, fields[t->start], form);
    if (t->end != t->start) {
        add_word(out, " TO ", form);
        add_word(out, fields[t->end], form);
    }
}

/* The name of a coordinate reference system in JSON. */
static const struct {
    int srid;
    const char *crs;
} systems[] = { { SRID_ANY, "SRID:ANY" }, { SRID_PLANE, "SRID:0" }, { 3857, "EPSG:3857" }, { SRID_EARTH, "OGC:CRS84" } };

static void spatial_text(const Type *t, Str *out, enum TextForm form)
{
    add_word(out, simple_names[t->kind].sql, form);
    if (form != FORM_JSON && t->precision == SRID_ANY)
        add_word(out, "(ANY)", form);
    else if (form != FORM_JSON)
        str_addf(out, "(%d)", t->precision);
    for (size_t i = 0; form == FORM_JSON && i < sizeof systems / sizeof *systems; i++)
        if (systems[i].srid == t->precision)
            str_addf(out, "(%s%s)", systems[i].crs, t->kind == TYPE_GEOGRAPHY ? ", SPHERICAL" : "");
}

/* "geometry(OGC:CRS84)"; NULL: it is none. */
static const Type *spatial_named(Arena *a, const char *text)
{
    for (TypeKind kind = TYPE_GEOMETRY; kind <= TYPE_GEOGRAPHY; kind++)
        for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
            const Type *t = type_spatial(a, kind, systems[i].srid);
            str_auto name = STR_INIT(64);
            if (t)
                spatial_text(t, &name, FORM_JSON);
            if (t && !strcmp(str_text(&name), text))
                return t;
        }
    return NULL;
}

/* The parameterised types that the three forms spell alike but for case; false for any other. */
static bool parameterised(const Type *t, Str *out, enum TextForm form)
{
    switch (t->kind) {
    case TYPE_DECIMAL:
        add_word(out, "DECIMAL", form);
        str_addf(out, "(%d,%d)", t->precision, t->scale);
        return true;
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        add_word(out, t->kind == TYPE_CHAR ? "CHAR" : "VARCHAR", form);
        str_addf(out, "(%d)", t->precision);
        return true;
    case TYPE_TIME:
        add_word(out, "TIME", form);
        str_addf(out, "(%d)", t->precision);
        return true;
    case TYPE_YEAR_MONTH_INTERVAL:
    case TYPE_DAY_TIME_INTERVAL:
        interval_text(t, out, form);
        return true;
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
        spatial_text(t, out, form);
        return true;
    default:
        return false;
    }
}

/* QuotingUtils.quoteIfNeeded: letters, digits and _ need no quotes unless all are digits. */
static void quoted_name(const char *name, Str *out)
{
    bool plain = *name != 0, digits = true;
    for (const char *p = name; *p; p++) {
        plain = plain && (isalnum((unsigned char)*p) || *p == '_');
        digits = digits && isdigit((unsigned char)*p);
    }
    if (plain && !digits) {
        str_add(out, name);
        return;
    }
    str_addc(out, '`');
    for (const char *p = name; *p; p++)
        str_add(out, *p == '`' ? "``" : (char[]){ *p, 0 });
    str_addc(out, '`');
}

static void comment_sql(const Field *f, Str *out)
{
    if (!f->metadata)
        return;
    json_t *root = json_loads(f->metadata, 0, NULL);
    const char *comment = json_string_value(json_object_get(root, "comment"));
    if (comment) {
        str_add(out, " COMMENT '");
        for (const char *p = comment; *p; p++) {
            if (*p == '\'' || *p == '\\')
                str_addc(out, '\\');
            str_addc(out, *p);
        }
        str_addc(out, '\'');
    }
    json_decref(root);
}

void type_sql(const Type *t, Str *out)
{
    if (parameterised(t, out, FORM_SQL))
        return;
    switch (t->kind) {
    case TYPE_ARRAY:
        str_add(out, "ARRAY<");
        type_sql(t->element, out);
        str_addc(out, '>');
        return;
    case TYPE_MAP:
        str_add(out, "MAP<");
        type_sql(t->key, out);
        str_add(out, ", ");
        type_sql(t->element, out);
        str_addc(out, '>');
        return;
    case TYPE_STRUCT:
        str_add(out, "STRUCT<");
        for (size_t i = 0; i < t->nfields; i++) {
            str_add(out, i ? ", " : "");
            quoted_name(t->fields[i].name, out);
            str_add(out, ": ");
            type_sql(t->fields[i].type, out);
            str_add(out, t->fields[i].nullable ? "" : " NOT NULL");
            comment_sql(&t->fields[i], out);
        }
        str_addc(out, '>');
        return;
    case TYPE_UDT:
        type_sql(t->sql_type, out);
        return;
    default:
        str_add(out, simple_names[t->kind].sql);
        if (t->kind == TYPE_STRING && t->collation)
            str_addf(out, " COLLATE %s", str_eq(t->collation, "null") ? "NULL" : t->collation);
    }
}

void type_catalog(const Type *t, Str *out)
{
    if (parameterised(t, out, FORM_CATALOG))
        return;
    switch (t->kind) {
    case TYPE_ARRAY:
        str_add(out, "array<");
        type_catalog(t->element, out);
        str_addc(out, '>');
        return;
    case TYPE_MAP:
        str_add(out, "map<");
        type_catalog(t->key, out);
        str_addc(out, ',');
        type_catalog(t->element, out);
        str_addc(out, '>');
        return;
    case TYPE_STRUCT:
        str_add(out, "struct<");
        for (size_t i = 0; i < t->nfields; i++) {
            str_addf(out, "%s%s:", i ? "," : "", t->fields[i].name);
            type_catalog(t->fields[i].type, out);
        }
        str_addc(out, '>');
        return;
    case TYPE_UDT:
        type_catalog(t->sql_type, out);
        return;
    default:
        str_add(out, simple_names[t->kind].catalog);
        if (t->kind == TYPE_STRING && t->collation)
            str_addf(out, " collate %s", t->collation);
    }
}

static void json_text(const char *text, Str *out)
{
    str_addc(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        static const char from[] = "\"\\\n\t\r\b\f", to[] = "\"\\ntrbf";
        const char *escape = strchr(from, (int)*p);
        if (escape) {
            str_addc(out, '\\');
            str_addc(out, to[escape - from]);
        } else if (*p < 0x20) {
            str_addf(out, "\\u%04X", *p);
        } else {
            str_addc(out, (char)*p);
        }
    }
    str_addc(out, '"');
}

/* "path":"provider.NAME" of each string with a collation that is not inside of a struct, whose fields have their own. */
static void collations_json(const Type *t, const char *path, bool *any, Str *out)
{
    if (t->kind == TYPE_STRING && t->collation) {
        str_add(out, *any ? "," : "{");
        json_text(path, out);
        str_addf(out, ":\"%s.%s\"", str_starts(t->collation, "UTF8_") ? "spark" : "icu", t->collation);
        *any = true;
        return;
    }
    str_auto inner = STR_INIT(1 << 20);
    if (t->kind == TYPE_MAP) {
        str_addf(&inner, "%s.key", path);
        collations_json(t->key, str_text(&inner), any, out);
        str_clear(&inner);
    }
    if (t->kind == TYPE_MAP || t->kind == TYPE_ARRAY) {
        str_addf(&inner, "%s.%s", path, t->kind == TYPE_MAP ? "value" : "element");
        collations_json(t->element, str_text(&inner), any, out);
    }
}

/* Spark's StructField.jsonValue: the types are plain, collations stand in the metadata. */
static void metadata_json(const Field *f, Str *out)
{
    str_auto collations = STR_INIT(1 << 20);
    bool any = false;
    const char *metadata = f->metadata ? f->metadata : "{}";
    collations_json(f->type, f->name, &any, &collations);
    if (!any) {
        str_add(out, metadata);
        return;
    }
    size_t n = strlen(metadata);
    str_addn(out, metadata, n - 1);
    str_addf(out, "%s\"__COLLATIONS\":%s}}", n > 2 ? "," : "", str_text(&collations));
}

static void struct_json(const Type *t, Str *out)
{
    str_add(out, "{\"type\":\"struct\",\"fields\":[");
    for (size_t i = 0; i < t->nfields; i++) {
        const Field *f = &t->fields[i];
        str_add(out, i ? ",{\"name\":" : "{\"name\":");
        json_text(f->name, out);
        str_add(out, ",\"type\":");
        type_json(f->type, out);
        str_addf(out, ",\"nullable\":%s,\"metadata\":", f->nullable ? "true" : "false");
        metadata_json(f, out);
        str_addc(out, '}');
    }
    str_add(out, "]}");
}

void type_json(const Type *t, Str *out)
{
    const char *contains_null = t->contains_null ? "true" : "false";
    switch (t->kind) {
    case TYPE_ARRAY:
        str_add(out, "{\"type\":\"array\",\"elementType\":");
        type_json(t->element, out);
        str_addf(out, ",\"containsNull\":%s}", contains_null);
        return;
    case TYPE_MAP:
        str_add(out, "{\"type\":\"map\",\"keyType\":");
        type_json(t->key, out);
        str_add(out, ",\"valueType\":");
        type_json(t->element, out);
        str_addf(out, ",\"valueContainsNull\":%s}", contains_null);
        return;
    case TYPE_STRUCT:
        struct_json(t, out);
        return;
    case TYPE_UDT:
        str_add(out, t->udt);
        str_add(out, ",\"sqlType\":");
        type_json(t->sql_type, out);
        str_addc(out, '}');
        return;
    default:
        str_addc(out, '"');
        if (!parameterised(t, out, FORM_JSON))
            str_add(out, simple_names[t->kind].json);
        str_addc(out, '"');
    }
}

enum { TYPE_TEXT_MAX = 16 * 1024 * 1024 };

const char *type_sql_text(Arena *a, const Type *t)
{
    str_auto text = STR_INIT(TYPE_TEXT_MAX);
    type_sql(t, &text);
    return str_arena(&text, a);
}

const char *type_catalog_text(Arena *a, const Type *t)
{
    str_auto text = STR_INIT(TYPE_TEXT_MAX);
    type_catalog(t, &text);
    return str_arena(&text, a);
}

/* ---------------------------------------------------------------- from JSON */

static bool numbers(const char *text, const char *prefix, int *ret_first, int *ret_second)
{
    size_t n = strlen(prefix);
    if (strncmp(text, prefix, n) != 0)
        return false;
    int used = 0;
    if (sscanf(text + n, "(%d)%n", ret_first, &used) == 1 && used && !text[n + (size_t)used])
        return true;
    used = 0;
    return ret_second && sscanf(text + n, "(%d,%d)%n", ret_first, ret_second, &used) == 2 && used && !text[n + (size_t)used];
}

static int field_index(const char *const *fields, int n, const char *text, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(fields[i]) == length && !strncasecmp(fields[i], text, length))
            return i;
    return -1;
}

static const Type *interval_named(Arena *a, const char *text)
{
    const char *first = text + strlen("interval "), *to = strstr(first, " to ");
    size_t first_len = to ? (size_t)(to - first) : strlen(first);
    const char *last = to ? to + 4 : first;
    int start = field_index(year_month_fields, 2, first, first_len), end = field_index(year_month_fields, 2, last, strlen(last));
    if (start >= 0 && end >= start)
        return type_year_month(a, start, end);
    start = field_index(day_time_fields, 4, first, first_len);
    end = field_index(day_time_fields, 4, last, strlen(last));
    return start >= 0 && end >= start ? type_day_time(a, start, end) : NULL;
}

static const Type *type_named(Arena *a, const char *text)
{
    static const Type *const simple[] = { &type_null,   &type_boolean, &type_byte,   &type_short,     &type_int,
                                          &type_long,   &type_float,   &type_double, &type_string,    &type_binary,
                                          &type_date,   &type_timestamp, &type_timestamp_ntz, &type_calendar_interval,
                                          &type_variant };
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (!strcmp(simple_names[simple[i]->kind].json, text))
            return simple[i];
    int p = 0, s = 0;
    if (!strcmp(text, "decimal"))
        return type_decimal(a, 10, 0);
    if (numbers(text, "decimal", &p, &s))
        return type_decimal(a, p, s);
    if (numbers(text, "char", &p, NULL))
        return type_char(a, p);
    if (numbers(text, "varchar", &p, NULL))
        return type_varchar(a, p);
    if (numbers(text, "time", &p, NULL)) {
        Type *t = arena_copy(a, &type_time, sizeof type_time);
        t->precision = p;
        return t;
    }
    if (str_starts(text, "geo"))
        return spatial_named(a, text);
    if (str_starts(text, "string collate ")) {
        Type *t = arena_copy(a, &type_string, sizeof type_string);
        t->collation = arena_str(a, text + strlen("string collate ")); /* of a type by itself: fields have them in their metadata */
        return t;
    }
    if (!strcmp(text, "null"))
        return &type_null;
    return str_starts(text, "interval ") ? interval_named(a, text) : NULL;
}

static Status from_json(Arena *a, json_t *j, int levels, const Type **ret_type, Error *err);

static char *json_dump(Arena *a, json_t *j)
{
    size_t n = json_dumpb(j, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = arena_alloc(a, n + 1);
    json_dumpb(j, text, n, JSON_COMPACT | JSON_ENCODE_ANY);
    return text;
}

static Status invalid(json_t *j, Arena *a, Error *err)
{
    const char *text = j ? json_dump(a, j) : "";
    Status status = FAIL_CODE(err, ST_INVALID, "INVALID_JSON_DATA_TYPE",
                              "[INVALID_JSON_DATA_TYPE] Failed to convert the JSON string '%s' to a data type. Please enter a "
                              "valid data type. SQLSTATE: 2203G",
                              text);
    error_param(err, "invalidType", text);
    if (err)
        snprintf(err->sqlstate, sizeof err->sqlstate, "2203G");
    return status;
}

/* NULL: there is no collation of that name. */
static const Type *with_collations(Arena *a, const Type *t, const char *path, json_t *collations)
{
    if (t->kind == TYPE_STRING) {
        const char *text = json_string_value(json_object_get(collations, path)), *name = NULL;
        if (!text)
            return t;
        return collation_from_provided(a, text, &name) ? type_string_of(a, name) : NULL;
    }
    if (t->kind != TYPE_ARRAY && t->kind != TYPE_MAP)
        return t;
    bool map = t->kind == TYPE_MAP;
    const Type *element = with_collations(a, t->element, arena_printf(a, "%s.%s", path, map ? "value" : "element"), collations);
    const Type *key = map ? with_collations(a, t->key, arena_printf(a, "%s.key", path), collations) : element;
    if (!element || !key)
        return NULL;
    return map ? type_map(a, key, element, t->contains_null) : type_array(a, element, t->contains_null);
}

static Status struct_from_json(Arena *a, json_t *j, int levels, const Type **ret_type, Error *err)
{
    json_t *list = json_object_get(j, "fields");
    if (!json_is_array(list))
        return invalid(j, a, err);
    size_t n = json_array_size(list);
    Field *fields = ARENA_ARRAY(a, Field, n + 1);
    for (size_t i = 0; i < n; i++) {
        json_t *f = json_array_get(list, i), *meta = json_object_get(f, "metadata");
        const char *name = json_string_value(json_object_get(f, "name"));
        if (!name)
            return invalid(j, a, err);
        fields[i].name = arena_str(a, name);
        fields[i].nullable = !json_is_false(json_object_get(f, "nullable"));
        TRY(from_json(a, json_object_get(f, "type"), levels - 1, &fields[i].type, err));
        if (json_object_get(meta, "__COLLATIONS")) {
            fields[i].type = with_collations(a, fields[i].type, name, json_object_get(meta, "__COLLATIONS"));
            json_object_del(meta, "__COLLATIONS");
            if (!fields[i].type)
                return invalid(f, a, err);
        }
        fields[i].metadata = json_object_size(meta) ? json_dump(a, meta) : NULL;
    }
    *ret_type = type_struct(a, fields, n);
    return ST_OK;
}

static void udt_member(Str *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    str_addf(out, ",\"%s\":", name);
    json_text(value, out);
}

const Type *type_udt(Arena *a, const Type *storage, const char *jvm_class, const char *python_class, const char *serialized_class)
{
    str_auto text = STR_INIT(TYPE_TEXT_MAX);
    str_add(&text, "{\"type\":\"udt\"");
    udt_member(&text, "class", jvm_class);
    udt_member(&text, "pyClass", python_class);
    udt_member(&text, "serializedClass", serialized_class);
    Type *t = ARENA_NEW(a, Type);
    t->kind = TYPE_UDT;
    t->sql_type = storage;
    t->udt = str_arena(&text, a);
    t->udt_class = arena_str(a, jvm_class);
    t->udt_python_class = arena_str(a, python_class);
    t->udt_serialized = arena_str(a, serialized_class);
    return t;
}

static Status udt_from_json(Arena *a, json_t *j, int levels, const Type **ret_type, Error *err)
{
    const Type *storage = NULL;
    TRY(from_json(a, json_object_get(j, "sqlType"), levels - 1, &storage, err));
    *ret_type = type_udt(a, storage, json_string_value(json_object_get(j, "class")), json_string_value(json_object_get(j, "pyClass")),
                         json_string_value(json_object_get(j, "serializedClass")));
    return ST_OK;
}

static Status from_json(Arena *a, json_t *j, int levels, const Type **ret_type, Error *err)
{
    if (levels == 0)
        return spark_too_complex(err, NULL);
    if (json_is_string(j)) {
        const Type *t = type_named(a, json_string_value(j));
        if (!t)
            return invalid(j, a, err);
        TRY(type_check(t, err));
        *ret_type = t;
        return ST_OK;
    }
    const char *kind = json_string_value(json_object_get(j, "type"));
    const Type *element = NULL, *key = NULL;
    if (str_eq(kind, "struct"))
        return struct_from_json(a, j, levels, ret_type, err);
    if (str_eq(kind, "udt"))
        return udt_from_json(a, j, levels, ret_type, err);
    if (str_eq(kind, "array")) {
        TRY(from_json(a, json_object_get(j, "elementType"), levels - 1, &element, err));
        *ret_type = type_array(a, element, !json_is_false(json_object_get(j, "containsNull")));
        return ST_OK;
    }
    if (str_eq(kind, "map")) {
        TRY(from_json(a, json_object_get(j, "keyType"), levels - 1, &key, err));
        TRY(from_json(a, json_object_get(j, "valueType"), levels - 1, &element, err));
        *ret_type = type_map(a, key, element, !json_is_false(json_object_get(j, "valueContainsNull")));
        return ST_OK;
    }
    return invalid(j, a, err);
}

Status type_from_json(Arena *a, const char *json, const Type **ret_type, Error *err)
{
    json_auto_t *root = json_loads(json, JSON_DECODE_ANY, NULL);
    if (!root)
        return FAIL_CODE(err, ST_INVALID, "INVALID_JSON_DATA_TYPE", "not a JSON data type: %s", json);
    return from_json(a, root, LIMIT_QUERY_NESTING, ret_type, err);
}
