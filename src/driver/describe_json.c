/* driver/describe_json.c -- DESCRIBE TABLE EXTENDED … AS JSON. Source: DescribeRelationJsonCommand. */
#include "driver/command.h"

#include "ir/field.h"

#include <jansson.h>

#include <time.h>

static json_t *type_of(const Type *t);

static json_t *struct_of(const Type *t)
{
    json_t *type = json_object(), *fields = json_array();
    json_object_set_new(type, "name", json_string("struct"));
    for (size_t i = 0; i < t->nfields; i++) {
        json_t *f = json_object();
        json_object_set_new(f, "name", json_string(t->fields[i].name));
        json_object_set_new(f, "type", type_of(t->fields[i].type));
        json_object_set_new(f, "nullable", json_boolean(t->fields[i].nullable));
        json_array_append_new(fields, f);
    }
    json_object_set_new(type, "fields", fields);
    return type;
}

static json_t *interval_of(const Type *t, bool months)
{
    static const char *const year_month[] = { "year", "month" }, *const day_time[] = { "day", "hour", "minute", "second" };
    json_t *type = json_object();
    json_object_set_new(type, "name", json_string("interval"));
    json_object_set_new(type, "start_unit", json_string(months ? year_month[t->start] : day_time[t->start]));
    json_object_set_new(type, "end_unit", json_string(months ? year_month[t->end] : day_time[t->end]));
    return type;
}

static json_t *named(const char *name)
{
    json_t *type = json_object();
    json_object_set_new(type, "name", json_string(name));
    return type;
}

static json_t *type_of(const Type *t)
{
    json_t *type;
    switch (t->kind) {
    case TYPE_STRUCT:
        return struct_of(t);
    case TYPE_ARRAY:
        type = named("array");
        json_object_set_new(type, "element_type", type_of(t->element));
        json_object_set_new(type, "element_nullable", json_boolean(t->contains_null));
        return type;
    case TYPE_MAP:
        type = named("map");
        json_object_set_new(type, "key_type", type_of(t->key));
        json_object_set_new(type, "value_type", type_of(t->element));
        json_object_set_new(type, "value_nullable", json_boolean(t->contains_null));
        return type;
    case TYPE_DECIMAL:
        type = named("decimal");
        json_object_set_new(type, "precision", json_integer(t->precision));
        json_object_set_new(type, "scale", json_integer(t->scale));
        return type;
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        type = named(t->kind == TYPE_CHAR ? "char" : "varchar");
        json_object_set_new(type, "length", json_integer(t->precision));
        return type;
    case TYPE_STRING:
        type = named("string");
        json_object_set_new(type, "collation", json_string(t->collation ? t->collation : "UTF8_BINARY"));
        return type;
    case TYPE_YEAR_MONTH_INTERVAL:
    case TYPE_DAY_TIME_INTERVAL:
        return interval_of(t, t->kind == TYPE_YEAR_MONTH_INTERVAL);
    case TYPE_TIMESTAMP:
        return named("timestamp_ltz");
    default: {
        str_auto text = STR_INIT(1 << 16);
        type_catalog(t, &text);
        return named(str_text(&text));
    }
    }
}

static json_t *columns_of(Arena *a, const Type *schema)
{
    json_t *list = json_array();
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = &schema->fields[i];
        json_t *column = json_object();
        const char *comment = field_get(a, f->metadata, FIELD_COMMENT), *value = field_get(a, f->metadata, FIELD_DEFAULT);
        json_object_set_new(column, "name", json_string(f->name));
        json_object_set_new(column, "type", type_of(f->type));
        json_object_set_new(column, "nullable", json_boolean(f->nullable));
        if (comment)
            json_object_set_new(column, "comment", json_string(comment));
        if (value)
            json_object_set_new(column, "default", json_string(value));
        json_array_append_new(list, column);
    }
    return list;
}

static json_t *pairs_of(Run *r, const KeyValueList *list)
{
    json_t *object = json_object();
    KeyValueList sorted = { 0 };
    for (size_t i = 0; i < list->len; i++)
        vec_push(r->arena, &sorted, list->at[i]);
    pairs_sort(&sorted);
    for (size_t i = 0; i < sorted.len; i++)
        json_object_set_new(object, sorted.at[i].key, json_string(command_redacted(sorted.at[i].key, sorted.at[i].value)));
    return object;
}

static json_t *names_of(const StrList *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->len; i++)
        json_array_append_new(list, json_string(names->at[i]));
    return list;
}

static void set_text(json_t *o, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(o, key, json_string(value));
}

static void buckets(json_t *o, const CatalogTable *t)
{
    if (!t->bucket_by.len)
        return;
    json_object_set_new(o, "num_buckets", json_integer(t->buckets));
    json_object_set_new(o, "bucket_columns", names_of(&t->bucket_by));
    json_object_set_new(o, "sort_columns", names_of(&t->sort_by));
}

static void storage(Run *r, json_t *o, const char *location, const CatalogTable *t)
{
    set_text(o, "location", location);
    if (t->options.len)
        json_object_set_new(o, "storage_properties", pairs_of(r, &t->options));
}

static void statistics(json_t *o, const char *key, const KeyValueList *list)
{
    int64_t bytes = 0, rows = 0;
    const char *size = pairs_get(list, "totalSize"), *count = pairs_get(list, "numRows");
    if (!size || !str_to_i64(size, &bytes))
        return;
    json_t *s = json_object();
    json_object_set_new(s, "size_in_bytes", json_integer(bytes));
    if (count && str_to_i64(count, &rows))
        json_object_set_new(s, "num_rows", json_integer(rows));
    json_object_set_new(o, key, s);
}

static void times(json_t *o, int64_t created_ms)
{
    char text[32];
    struct tm when;
    time_t seconds = (time_t)(created_ms / 1000);
    gmtime_r(&seconds, &when);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when);
    set_text(o, "created_time", text);
    set_text(o, "last_access", "UNKNOWN");
    set_text(o, "created_by", "Spark " SPARK_VERSION);
}

static void view(Run *r, json_t *o, const CatalogTable *t)
{
    set_text(o, "view_text", t->view_text);
    set_text(o, "view_original_text", t->view_text);
    set_text(o, "view_schema_mode", command_view_mode(r, t));
    set_text(o, "view_catalog_and_namespace", arena_printf(r->arena, CATALOG_NAME ".%s", t->view_database));
    json_object_set_new(o, "view_query_output_columns", names_of(&t->view_columns));
}

static void table(Run *r, json_t *o, const CatalogTable *t, const CatalogPartition *p)
{
    static const char *const kinds[] = { "MANAGED", "EXTERNAL", "VIEW" };
    if (p) {
        json_t *values = json_object();
        for (size_t i = 0; i < t->partition_by.len; i++)
            json_object_set_new(values, t->partition_by.at[i], json_string(p->values.at[i] ? p->values.at[i] : "null"));
        json_object_set_new(o, "partition_values", values);
        storage(r, o, p->location, t);
        statistics(o, "partition_statistics", &p->statistics);
    } else {
        buckets(o, t);
        storage(r, o, t->location, t);
    }
    times(o, p ? p->created_ms : t->created_ms);
    set_text(o, "type", kinds[t->kind]);
    set_text(o, "provider", t->format);
    if (p)
        buckets(o, t);
    set_text(o, "comment", t->comment);
    if (t->properties.len)
        json_object_set_new(o, "table_properties", pairs_of(r, &t->properties));
    if (t->kind == CATALOG_VIEW)
        view(r, o, t);
    if (!p)
        statistics(o, "statistics", &t->statistics);
    if (t->partition_by.len) {
        set_text(o, "partition_provider", "Catalog");
        json_object_set_new(o, "partition_columns", names_of(&t->partition_by));
    }
    set_text(o, "collation", "UTF8_BINARY");
}

Status command_describe_json(Run *r, const Target *t, const Type *schema, const CatalogPartition *partition, Rows **ret_rows,
                             Error *err)
{
    static const char *const columns[] = { "json_metadata", NULL };
    (void)err;
    json_t *o = json_object();
    bool kept = t->kind == TARGET_TABLE || t->kind == TARGET_VIEW;
    set_text(o, "table_name", t->name);
    if (kept) {
        json_t *space = json_array();
        json_array_append_new(space, json_string(t->database));
        set_text(o, "catalog_name", CATALOG_NAME);
        json_object_set_new(o, "namespace", space);
        set_text(o, "schema_name", t->database);
    }
    json_object_set_new(o, "columns", columns_of(r->arena, schema));
    if (kept)
        table(r, o, &t->table, partition);
    size_t n = json_dumpb(o, NULL, 0, JSON_COMPACT);
    char *text = arena_alloc(r->arena, n + 1);
    json_dumpb(o, text, n, JSON_COMPACT);
    json_decref(o);
    *ret_rows = command_table(r, columns);
    *rows_add(*ret_rows) = rows_text(text);
    return ST_OK;
}
