/* driver/catalog_document.c -- see catalog_document.h. Source: HiveExternalCatalog, HiveSerDe, HiveClientImpl. */
#include "driver/catalog_document.h"

#include "driver/driver.h"
#include "front/sql/sql.h"
#include "ir/collation.h"
#include "ir/error.h"
#include "ir/field.h"

#include <stdio.h>

#define NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"
#define PROVIDER "spark.sql.sources.provider"
#define SCHEMA "spark.sql.sources.schema"
#define STATISTICS "spark.sql.statistics."
#define VIEW_CONF "view.sqlConfig."

enum { SCHEMA_PART_BYTES = 4000 }; /* spark.sql.sources.schemaStringLengthThreshold */

/* ---- SerDes */

typedef struct Serde {
    const char *format, *library, *input, *output;
} Serde;

#define HIVE "org.apache.hadoop.hive."
#define TEXT_INPUT "org.apache.hadoop.mapred.TextInputFormat"
#define TEXT_OUTPUT HIVE "ql.io.HiveIgnoreKeyTextOutputFormat"
static const Serde serdes[] = {
    { "parquet", HIVE "ql.io.parquet.serde.ParquetHiveSerDe", HIVE "ql.io.parquet.MapredParquetInputFormat",
      HIVE "ql.io.parquet.MapredParquetOutputFormat" },
    { "orc", HIVE "ql.io.orc.OrcSerde", HIVE "ql.io.orc.OrcInputFormat", HIVE "ql.io.orc.OrcOutputFormat" },
    { "avro", HIVE "serde2.avro.AvroSerDe", HIVE "ql.io.avro.AvroContainerInputFormat", HIVE "ql.io.avro.AvroContainerOutputFormat" },
    { "json", "org.openx.data.jsonserde.JsonSerDe", TEXT_INPUT, TEXT_OUTPUT },
    { "json", "org.apache.hive.hcatalog.data.JsonSerDe", TEXT_INPUT, TEXT_OUTPUT },
    { "csv", HIVE "serde2.OpenCSVSerde", TEXT_INPUT, TEXT_OUTPUT },
    { "csv", HIVE "serde2.lazy.LazySimpleSerDe", TEXT_INPUT, TEXT_OUTPUT },
    { "text", HIVE "serde2.lazy.LazySimpleSerDe", TEXT_INPUT, TEXT_OUTPUT },
};

static const Serde *serde_of(const char *format)
{
    for (size_t i = 0; i < sizeof serdes / sizeof *serdes; i++)
        if (str_ieq(serdes[i].format, format))
            return &serdes[i];
    return NULL;
}

/* ---- to documents */

static Val *pairs_val(Arena *a, const KeyValueList *list)
{
    Val *map = val_map(a);
    for (size_t i = 0; i < list->len; i++)
        val_set_str(a, map, list->at[i].key, list->at[i].value);
    return map;
}

Val *document_of_database(Arena *a, const CatalogDatabase *d)
{
    Val *v = val_map(a);
    KeyValueList parameters = { 0 };
    for (size_t i = 0; i < d->properties.len; i++)
        vec_push(a, &parameters, d->properties.at[i]);
    if (d->owner)
        vec_push(a, &parameters, (KeyValue){ "owner", d->owner });
    val_set_str(a, v, "Name", lower_text(a, d->name));
    val_set_str(a, v, "Description", d->comment);
    val_set_str(a, v, "LocationUri", d->location);
    val_set(a, v, "Parameters", pairs_val(a, &parameters));
    return v;
}

static Val *columns_val(Arena *a, const Type *schema, size_t from, size_t to)
{
    Val *list = val_list(a);
    for (size_t i = from; i < to; i++) {
        Val *column = val_map(a);
        val_set_str(a, column, "Name", schema->fields[i].name);
        val_set_str(a, column, "Type", type_catalog_text(a, type_without_collation(a, schema->fields[i].type))); /* Hive has no collations */
        val_set_str(a, column, "Comment", field_get(a, schema->fields[i].metadata, FIELD_COMMENT));
        val_push(a, list, column);
    }
    return list;
}

static void numbered(Arena *a, Val *map, const char *count, const char *item, const StrList *names)
{
    if (!names->len)
        return;
    val_set_str(a, map, count, arena_printf(a, "%zu", names->len));
    for (size_t i = 0; i < names->len; i++)
        val_set_str(a, map, arena_printf(a, "%s.%zu", item, i), names->at[i]);
}

static void schema_parameters(Arena *a, Val *parameters, const CatalogTable *t)
{
    str_auto json = STR_INIT(1 << 24);
    type_json(field_without_char(a, t->schema), &json);
    if (json.len <= SCHEMA_PART_BYTES) {
        val_set_str(a, parameters, SCHEMA, str_text(&json));
    } else {
        size_t n = (json.len + SCHEMA_PART_BYTES - 1) / SCHEMA_PART_BYTES;
        val_set_str(a, parameters, SCHEMA ".numParts", arena_printf(a, "%zu", n));
        for (size_t i = 0; i < n; i++) {
            size_t from = i * SCHEMA_PART_BYTES, len = json.len - from < SCHEMA_PART_BYTES ? json.len - from : SCHEMA_PART_BYTES;
            val_set_str(a, parameters, arena_printf(a, SCHEMA ".part.%zu", i), arena_strn(a, json.data + from, len));
        }
    }
    numbered(a, parameters, SCHEMA ".numPartCols", SCHEMA ".partCol", &t->partition_by);
    numbered(a, parameters, SCHEMA ".numBucketCols", SCHEMA ".bucketCol", &t->bucket_by);
    numbered(a, parameters, SCHEMA ".numSortCols", SCHEMA ".sortCol", &t->sort_by);
    if (t->bucket_by.len)
        val_set_str(a, parameters, SCHEMA ".numBuckets", arena_printf(a, "%lld", (long long)t->buckets));
}

static Val *table_parameters(Arena *a, const CatalogTable *t)
{
    Val *p = val_map(a);
    for (size_t i = 0; i < t->properties.len; i++)
        val_set_str(a, p, t->properties.at[i].key, t->properties.at[i].value);
    val_set_str(a, p, "comment", t->comment);
    for (size_t i = 0; i < t->statistics.len; i++)
        val_set_str(a, p, arena_printf(a, STATISTICS "%s", t->statistics.at[i].key), t->statistics.at[i].value);
    if (t->foreign)
        return p;
    val_set_str(a, p, "spark.sql.create.version", SPARK_VERSION);
    schema_parameters(a, p, t);
    if (t->kind == CATALOG_EXTERNAL)
        val_set_str(a, p, "EXTERNAL", "TRUE");
    if (t->kind != CATALOG_VIEW) {
        val_set_str(a, p, PROVIDER, t->format);
        if (t->partition_by.len)
            val_set_str(a, p, "spark.sql.partitionProvider", "catalog");
        return p;
    }
    StrList space = { 0 };
    vec_push(a, &space, CATALOG_NAME);
    vec_push(a, &space, t->view_database);
    numbered(a, p, "view.catalogAndNamespace.numParts", "view.catalogAndNamespace.part", &space);
    numbered(a, p, "view.query.out.numCols", "view.query.out.col", &t->view_columns);
    val_set_str(a, p, "view.schemaMode", t->view_schema_mode);
    for (size_t i = 0; i < t->view_conf.len; i++)
        val_set_str(a, p, arena_printf(a, VIEW_CONF "%s", t->view_conf.at[i].key), t->view_conf.at[i].value);
    return p;
}

static Val *names_val(Arena *a, const StrList *names)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < names->len; i++)
        val_push(a, list, val_strv(a, names->at[i]));
    return list;
}

static Val *serde_val(Arena *a, const CatalogTable *t, const Serde *serde)
{
    Val *info = val_map(a), *parameters = pairs_val(a, &t->options);
    val_set_str(a, info, "SerializationLibrary", serde ? serde->library : NULL);
    val_set_str(a, parameters, "serialization.format", "1");
    val_set_str(a, parameters, "path", t->location);
    val_set(a, info, "Parameters", parameters);
    return info;
}

static Val *storage_val(Arena *a, const CatalogTable *t, const char *location)
{
    Val *sd = val_map(a);
    const Serde *serde = t->format ? serde_of(t->format) : NULL;
    size_t n = t->schema ? t->schema->nfields : 0;
    if (t->foreign && t->storage) /* another's table: its storage as it was, with our columns and place */
        for (size_t i = 0; i < t->storage->len; i++)
            val_set(a, sd, t->storage->names[i], t->storage->items[i]);
    val_set(a, sd, "Columns", columns_val(a, t->schema, 0, n - t->partition_by.len));
    val_set_str(a, sd, "Location", location);
    if (t->foreign || t->kind == CATALOG_VIEW)
        return sd;
    val_set_str(a, sd, "InputFormat", serde ? serde->input : NULL);
    val_set_str(a, sd, "OutputFormat", serde ? serde->output : NULL);
    val_set_bool(a, sd, "Compressed", false);
    val_set_int(a, sd, "NumberOfBuckets", t->bucket_by.len ? t->buckets : -1);
    val_set(a, sd, "SerdeInfo", serde_val(a, t, serde));
    if (t->bucket_by.len)
        val_set(a, sd, "BucketColumns", names_val(a, &t->bucket_by));
    return sd;
}

Val *document_of_table(Arena *a, const CatalogTable *t)
{
    static const char *const kinds[] = { "MANAGED_TABLE", "EXTERNAL_TABLE", "VIRTUAL_VIEW" };
    Val *v = val_map(a);
    size_t n = t->schema ? t->schema->nfields : 0;
    val_set_str(a, v, "Name", lower_text(a, t->name));
    val_set_str(a, v, "Description", t->comment);
    val_set_str(a, v, "Owner", t->owner);
    val_set_int(a, v, "Retention", 0);
    val_set_str(a, v, "TableType", kinds[t->kind]);
    val_set(a, v, "PartitionKeys", columns_val(a, t->schema, n - t->partition_by.len, n));
    val_set(a, v, "StorageDescriptor", storage_val(a, t, t->location));
    val_set(a, v, "Parameters", table_parameters(a, t));
    val_set_str(a, v, "ViewOriginalText", t->view_text);
    val_set_str(a, v, "ViewExpandedText", t->view_text);
    return v;
}

StrList document_values(Arena *a, const StrList *values)
{
    StrList list = { 0 };
    for (size_t i = 0; i < values->len; i++)
        vec_push(a, &list, values->at[i] ? values->at[i] : NULL_PARTITION);
    return list;
}

Val *document_of_partition(Arena *a, const CatalogTable *t, const CatalogPartition *p)
{
    Val *v = val_map(a), *parameters = val_map(a);
    StrList values = document_values(a, &p->values);
    for (size_t i = 0; i < p->statistics.len; i++)
        val_set_str(a, parameters, arena_printf(a, STATISTICS "%s", p->statistics.at[i].key), p->statistics.at[i].value);
    val_set(a, v, "Values", names_val(a, &values));
    val_set(a, v, "StorageDescriptor", storage_val(a, t, p->location));
    val_set(a, v, "Parameters", parameters);
    return v;
}

#define SQL_CLASS "sqlFunction." /* SQLFunction.SQL_FUNCTION_PREFIX */
#define SQL_CONFIG "sqlConfig."  /* its settings, as resources behind its text: sqlConfig.key=value */

static void push_resource(Arena *a, Val *resources, const char *text)
{
    Val *resource = val_map(a);
    val_set_str(a, resource, "ResourceType", "FILE");
    val_set_str(a, resource, "Uri", text);
    val_push(a, resources, resource);
}

Val *document_of_function(Arena *a, const CatalogFunction *f)
{
    Val *v = val_map(a), *resources = val_list(a);
    val_set_str(a, v, "FunctionName", lower_text(a, f->name));
    val_set_str(a, v, "ClassName", f->class_name ? f->class_name : SQL_CLASS);
    val_set_str(a, v, "OwnerName", f->owner);
    val_set_str(a, v, "OwnerType", "USER");
    if (!f->class_name)
        push_resource(a, resources, f->text);
    for (size_t i = 0; !f->class_name && i < f->conf.len; i++)
        push_resource(a, resources, arena_printf(a, SQL_CONFIG "%s=%s", f->conf.at[i].key, f->conf.at[i].value));
    val_set(a, v, "ResourceUris", resources);
    return v;
}

/* ---- from documents */

static KeyValueList pairs_of(Arena *a, const Val *map)
{
    KeyValueList list = { 0 };
    for (size_t i = 0; map && i < map->len; i++)
        if (map->items[i]->kind == VAL_STR)
            vec_push(a, &list, (KeyValue){ map->names[i], map->items[i]->s });
    return list;
}

CatalogDatabase document_database(Arena *a, const MetaDatabase *m, const char *warehouse)
{
    CatalogDatabase d = { .name = m->name, .comment = val_str(m->input, "Description"), .location = val_str(m->input, "LocationUri"),
                          .properties = pairs_of(a, val_get(m->input, "Parameters")) };
    d.owner = pairs_get(&d.properties, "owner");
    pairs_set(a, &d.properties, "owner", NULL);
    if (!d.location || !*d.location)
        d.location = str_eq(d.name, "default") ? warehouse : arena_printf(a, "%s/%s.db", warehouse, d.name);
    return d;
}

static StrList names_of(Arena *a, const KeyValueList *p, const char *count, const char *item)
{
    StrList names = { 0 };
    int64_t n = 0;
    const char *text = pairs_get(p, count);
    for (int64_t i = 0; text && str_to_i64(text, &n) && i < n; i++) {
        const char *name = pairs_get(p, arena_printf(a, "%s.%lld", item, (long long)i));
        if (name)
            vec_push(a, &names, name);
    }
    return names;
}

static const char *schema_text(Arena *a, const KeyValueList *p)
{
    const char *whole = pairs_get(p, SCHEMA);
    StrList parts = names_of(a, p, SCHEMA ".numParts", SCHEMA ".part");
    if (whole || !parts.len)
        return whole;
    str_auto text = STR_INIT(1 << 24);
    for (size_t i = 0; i < parts.len; i++)
        str_add(&text, parts.at[i]);
    return str_arena(&text, a);
}

static Status add_columns(Arena *a, const Val *columns, Field *fields, size_t *n, Error *err)
{
    for (size_t i = 0; i < val_len(columns); i++) {
        const Val *c = val_at(columns, i);
        const char *type = val_str(c, "Type"), *comment = val_str(c, "Comment");
        Field *f = &fields[(*n)++];
        *f = (Field){ .name = val_str(c, "Name"), .nullable = true };
        TRY(sql_parse_type(a, type && *type ? type : "string", &f->type, err));
        f->metadata = comment && *comment ? field_set(a, NULL, FIELD_COMMENT, comment) : NULL;
    }
    return ST_OK;
}

/* A table of Hive, a crawler or the Glue API: its columns are the document's. */
static Status hive_schema(Arena *a, const MetaTable *m, CatalogTable *t, Error *err)
{
    const Val *columns = val_get(val_get(m->input, "StorageDescriptor"), "Columns"), *keys = val_get(m->input, "PartitionKeys");
    Field *fields = ARENA_ARRAY(a, Field, val_len(columns) + val_len(keys) + 1);
    size_t n = 0;
    TRY(add_columns(a, columns, fields, &n, err));
    TRY(add_columns(a, keys, fields, &n, err));
    t->partition_by = (StrList){ 0 };
    for (size_t i = val_len(columns); i < n; i++)
        vec_push(a, &t->partition_by, fields[i].name);
    t->schema = type_struct(a, fields, n);
    return ST_OK;
}

static const char *format_of(const KeyValueList *parameters, const char *library, const char *input)
{
    const char *classification = pairs_get(parameters, "classification");
    for (size_t i = 0; library && i < sizeof serdes / sizeof *serdes; i++)
        if (str_ieq(serdes[i].library, library))
            return serdes[i].format;
    for (size_t i = 0; i < sizeof serdes / sizeof *serdes; i++)
        if ((classification && str_ieq(serdes[i].format, classification)) ||
            (input && !str_eq(input, TEXT_INPUT) && str_ieq(serdes[i].input, input)))
            return serdes[i].format;
    return NULL;
}

static void option(Arena *a, CatalogTable *t, const char *key, const char *value)
{
    vec_push(a, &t->options, (KeyValue){ key, value });
}

/* What a text SerDe does, as options of our CSV reader. */
static Status text_options(Arena *a, const char *library, const KeyValueList *serde, const KeyValueList *parameters, CatalogTable *t,
                           Error *err)
{
    bool open_csv = library && strstr(library, "OpenCSVSerde");
    const char *skip = pairs_get(parameters, "skip.header.line.count"), *escape = pairs_get(serde, "escape.delim");
    const char *sep = pairs_get(serde, open_csv ? "separatorChar" : "field.delim");
    if (!skip)
        skip = pairs_get(serde, "skip.header.line.count");
    if (skip && !str_eq(skip, "0") && !str_eq(skip, "1"))
        return spark_unsupported(err, NULL, "a table with skip.header.line.count above 1");
    option(a, t, "header", skip && str_eq(skip, "1") ? "true" : "false");
    option(a, t, "enforceSchema", "true");
    if (open_csv) {
        const char *quote = pairs_get(serde, "quoteChar");
        escape = pairs_get(serde, "escapeChar");
        option(a, t, "sep", sep ? sep : ",");
        option(a, t, "quote", quote ? quote : "\"");
        option(a, t, "escape", escape ? escape : "\"");
        return ST_OK;
    }
    option(a, t, "sep", sep ? sep : pairs_get(serde, "serialization.format") && !str_eq(pairs_get(serde, "serialization.format"), "1")
                                        ? pairs_get(serde, "serialization.format") : "\001");
    option(a, t, "quote", "");
    option(a, t, "nullValue", "\\N");
    if (escape)
        option(a, t, "escape", escape);
    return ST_OK;
}

static Status hive_table(Arena *a, const MetaTable *m, const KeyValueList *parameters, CatalogTable *t, Error *err)
{
    const Val *sd = val_get(m->input, "StorageDescriptor"), *info = val_get(sd, "SerdeInfo");
    const char *library = val_str(info, "SerializationLibrary");
    KeyValueList serde = pairs_of(a, val_get(info, "Parameters"));
    t->foreign = true;
    t->storage = sd;
    TRY(hive_schema(a, m, t, err));
    if (t->kind == CATALOG_VIEW)
        return ST_OK;
    t->format = format_of(parameters, library, val_str(sd, "InputFormat"));
    if (!t->format)
        t->format = library ? library : "hive";
    if (str_eq(t->format, "csv") || (library && strstr(library, "LazySimpleSerDe")))
        return text_options(a, library, &serde, parameters, t, err);
    return ST_OK;
}

static void options_of(Arena *a, const Val *sd, CatalogTable *t)
{
    KeyValueList all = pairs_of(a, val_get(val_get(sd, "SerdeInfo"), "Parameters"));
    for (size_t i = 0; i < all.len; i++)
        if (!str_eq(all.at[i].key, "path") && !str_eq(all.at[i].key, "serialization.format"))
            vec_push(a, &t->options, all.at[i]);
}

/* Parameters that are facts of their own here. */
static bool is_ours(const char *key)
{
    return str_starts(key, "spark.sql.sources.") || str_starts(key, STATISTICS) || str_starts(key, "view.") || str_eq(key, "comment") ||
           str_eq(key, "EXTERNAL") || str_eq(key, "spark.sql.create.version") || str_eq(key, "spark.sql.partitionProvider") ||
           str_eq(key, "transient_lastDdlTime");
}

static void split_parameters(Arena *a, const KeyValueList *p, CatalogTable *t)
{
    for (size_t i = 0; i < p->len; i++) {
        const char *key = p->at[i].key;
        if (str_starts(key, STATISTICS))
            vec_push(a, &t->statistics, (KeyValue){ key + strlen(STATISTICS), p->at[i].value });
        else if (str_starts(key, VIEW_CONF))
            vec_push(a, &t->view_conf, (KeyValue){ key + strlen(VIEW_CONF), p->at[i].value });
        else if (!is_ours(key))
            vec_push(a, &t->properties, p->at[i]);
    }
}

static CatalogTableKind kind_of(const char *type)
{
    if (str_eq(type, "VIRTUAL_VIEW"))
        return CATALOG_VIEW;
    return str_eq(type, "MANAGED_TABLE") ? CATALOG_MANAGED : CATALOG_EXTERNAL;
}

Status document_table(Arena *a, const MetaTable *m, CatalogTable *ret_table, Error *err)
{
    KeyValueList p = pairs_of(a, val_get(m->input, "Parameters"));
    const Val *sd = val_get(m->input, "StorageDescriptor");
    const char *schema = schema_text(a, &p), *comment = pairs_get(&p, "comment"), *buckets = pairs_get(&p, SCHEMA ".numBuckets");
    CatalogTable t = { .database = m->database, .name = m->name, .kind = kind_of(val_str(m->input, "TableType")),
                       .format = pairs_get(&p, PROVIDER), .location = val_str(sd, "Location"), .owner = val_str(m->input, "Owner"),
                       .comment = comment ? comment : val_str(m->input, "Description"), .created_ms = m->created_ms,
                       .view_text = val_str(m->input, "ViewOriginalText"), .view_schema_mode = pairs_get(&p, "view.schemaMode") };
    split_parameters(a, &p, &t);
    t.partition_by = names_of(a, &p, SCHEMA ".numPartCols", SCHEMA ".partCol");
    t.bucket_by = names_of(a, &p, SCHEMA ".numBucketCols", SCHEMA ".bucketCol");
    t.sort_by = names_of(a, &p, SCHEMA ".numSortCols", SCHEMA ".sortCol");
    t.view_columns = names_of(a, &p, "view.query.out.numCols", "view.query.out.col");
    t.view_database = pairs_get(&p, "view.catalogAndNamespace.part.1");
    if (buckets)
        str_to_i64(buckets, &t.buckets);
    if (!t.view_database)
        t.view_database = m->database;
    if (schema && (t.format || t.kind == CATALOG_VIEW)) {
        TRY(type_from_json(a, schema, &t.schema, err));
        t.schema = field_with_char(a, t.schema);
        options_of(a, sd, &t);
    } else {
        TRY(hive_table(a, m, &p, &t, err));
    }
    *ret_table = t;
    return ST_OK;
}

CatalogPartition document_partition(Arena *a, const MetaPartition *m)
{
    CatalogPartition p = { .location = val_str(val_get(m->input, "StorageDescriptor"), "Location"), .created_ms = m->created_ms };
    KeyValueList parameters = pairs_of(a, val_get(m->input, "Parameters"));
    for (size_t i = 0; i < m->values.len; i++)
        vec_push(a, &p.values, str_eq(m->values.at[i], NULL_PARTITION) ? NULL : m->values.at[i]);
    for (size_t i = 0; i < parameters.len; i++)
        if (str_starts(parameters.at[i].key, STATISTICS))
            vec_push(a, &p.statistics, (KeyValue){ parameters.at[i].key + strlen(STATISTICS), parameters.at[i].value });
    return p;
}

CatalogFunction document_function(Arena *a, const MetaFunction *m)
{
    const char *class_name = val_str(m->input, "ClassName");
    CatalogFunction f = { .database = m->database, .name = m->name, .owner = val_str(m->input, "OwnerName"),
                          .created_ms = m->created_ms };
    const Val *resources = val_get(m->input, "ResourceUris");
    if (class_name && str_starts(class_name, SQL_CLASS))
        f.text = val_str(val_at(resources, 0), "Uri");
    for (size_t i = 1; f.text && resources && i < resources->len; i++) {
        const char *text = val_str(val_at(resources, i), "Uri"), *value = text ? strchr(text, '=') : NULL;
        if (value && str_starts(text, SQL_CONFIG))
            vec_push(a, &f.conf, ((KeyValue){ arena_strn(a, text + strlen(SQL_CONFIG), (size_t)(value - text) - strlen(SQL_CONFIG)), value + 1 }));
    }
    if (!f.text)
        f.class_name = class_name ? class_name : "";
    return f;
}
