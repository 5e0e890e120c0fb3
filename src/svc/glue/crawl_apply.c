/* svc/glue/crawl_apply.c -- found tables into the catalog, by the crawler's SchemaChangePolicy. Documents are those that Glue's crawlers
 * write: input format, SerDe, and the Parameters by which readers know what the files are. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/glue/crawl_private.h"

enum { PARTITIONS_AT_ONCE = 500, NAME_MAX_BYTES = 255, HASH_SHOWN = 8 };

/* --- documents --- */

static const struct {
    const char *classification, *input, *output, *serde;
} formats[] = {
    [CRAWL_UNKNOWN] = { "UNKNOWN", "org.apache.hadoop.mapred.TextInputFormat",
                        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" },
    [CRAWL_CSV] = { "csv", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" },
    [CRAWL_JSON] = { "json", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                     "org.openx.data.jsonserde.JsonSerDe" },
    [CRAWL_PARQUET] = { "parquet", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
    [CRAWL_AVRO] = { "avro", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
                     "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat", "org.apache.hadoop.hive.serde2.avro.AvroSerDe" },
    [CRAWL_ORC] = { "orc", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
                    "org.apache.hadoop.hive.ql.io.orc.OrcSerde" },
};

static void set_number(Arena *a, Val *map, const char *name, int64_t n)
{
    val_set_str(a, map, name, arena_printf(a, "%lld", (long long)n));
}

static Val *columns_of(Arena *a, const CrawlSchema *s)
{
    Val *list = val_list(a);
    for (size_t i = 0; i < s->columns.len; i++) {
        Val *column = val_map(a);
        val_set_str(a, column, "Name", s->columns.at[i].name);
        val_set_str(a, column, "Type", type_catalog_text(a, s->columns.at[i].type));
        val_push(a, list, column);
    }
    return list;
}

static Val *serde_of(Arena *a, const CrawlSchema *s)
{
    Val *serde = val_map(a), *parameters = val_map(a);
    str_auto paths = STR_INIT(1 << 20);
    for (size_t i = 0; i < s->columns.len; i++)
        str_addf(&paths, "%s%s", i ? "," : "", s->columns.at[i].name);
    /* LazySimpleSerDe knows no quotes: it would cut a quoted text at its commas. */
    bool open_csv = s->format == CRAWL_CSV && s->quoted;
    val_set_str(a, serde, "SerializationLibrary", open_csv ? "org.apache.hadoop.hive.serde2.OpenCSVSerde" : formats[s->format].serde);
    if (s->format == CRAWL_CSV)
        val_set_str(a, parameters, open_csv ? "separatorChar" : "field.delim", arena_printf(a, "%c", s->delimiter));
    if (open_csv)
        val_set_str(a, parameters, "quoteChar", "\"");
    if (s->format == CRAWL_JSON)
        val_set_str(a, parameters, "paths", str_arena(&paths, a));
    if (s->format != CRAWL_CSV && s->format != CRAWL_JSON)
        val_set_str(a, parameters, "serialization.format", "1");
    val_set_str(a, parameters, "avro.schema.literal", s->avro);
    val_set(a, serde, "Parameters", parameters);
    return serde;
}

static Val *parameters_of(Crawl *c, const CrawlSchema *s)
{
    Arena *a = c->arena;
    Val *p = val_map(a);
    val_set_str(a, p, "CrawlerSchemaDeserializerVersion", "1.0");
    val_set_str(a, p, "CrawlerSchemaSerializerVersion", "1.0");
    val_set_str(a, p, "UPDATED_BY_CRAWLER", c->name);
    set_number(a, p, "averageRecordSize", s->records > 0 ? s->bytes / s->records : 0);
    val_set_str(a, p, "classification", formats[s->format].classification);
    val_set_str(a, p, "compressionType", s->compression);
    set_number(a, p, "objectCount", s->files);
    set_number(a, p, "recordCount", s->records);
    set_number(a, p, "sizeKey", s->bytes);
    val_set_str(a, p, "typeOfData", "file");
    if (s->format == CRAWL_CSV) {
        val_set_str(a, p, "areColumnsQuoted", s->quoted ? "true" : "false");
        val_set_str(a, p, "columnsOrdered", "true");
        val_set_str(a, p, "delimiter", arena_printf(a, "%c", s->delimiter));
        if (s->header)
            val_set_str(a, p, "skip.header.line.count", "1");
    }
    if (s->json_array)
        val_set_str(a, p, "jsonPath", "$[*]");
    return p;
}

static Val *storage_of(Crawl *c, const CrawlSchema *s, const char *location)
{
    Arena *a = c->arena;
    Val *v = val_map(a);
    val_set(a, v, "Columns", columns_of(a, s));
    val_set_str(a, v, "Location", location);
    val_set_str(a, v, "InputFormat", formats[s->format].input);
    val_set_str(a, v, "OutputFormat", formats[s->format].output);
    val_set_bool(a, v, "Compressed", !str_eq(s->compression, "none"));
    val_set_int(a, v, "NumberOfBuckets", -1);
    val_set(a, v, "SerdeInfo", serde_of(a, s));
    val_set(a, v, "BucketColumns", val_list(a));
    val_set(a, v, "SortColumns", val_list(a));
    val_set(a, v, "Parameters", parameters_of(c, s));
    val_set_bool(a, v, "StoredAsSubDirectories", false);
    return v;
}

static Val *table_input(Crawl *c, const CrawlTable *t, const char *name)
{
    Arena *a = c->arena;
    Val *v = val_map(a), *keys = val_list(a);
    for (size_t i = 0; i < t->keys.len; i++) {
        Val *key = val_map(a);
        val_set_str(a, key, "Name", t->keys.at[i]);
        val_set_str(a, key, "Type", "string");
        val_push(a, keys, key);
    }
    val_set_str(a, v, "Name", name);
    val_set_str(a, v, "Owner", "owner");
    val_set_int(a, v, "Retention", 0);
    val_set(a, v, "StorageDescriptor", storage_of(c, &t->schema, t->location));
    val_set(a, v, "PartitionKeys", keys);
    val_set_str(a, v, "TableType", "EXTERNAL_TABLE");
    val_set(a, v, "Parameters", parameters_of(c, &t->schema));
    return v;
}

/* --- names --- */

static const char *table_name(Crawl *c, const CrawlTable *t)
{
    Arena *a = c->arena;
    const char *prefix = val_str(c->crawler, "TablePrefix");
    str_auto name = STR_INIT(NAME_MAX_BYTES);
    str_addf(&name, "%s%s", prefix ? prefix : "", t->name);
    char *text = (char *)(uintptr_t)glue_lower(a, str_text(&name));
    for (char *p = text; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9'))
            *p = '_';
    return text;
}

static const char *location_of(const MetaTable *t)
{
    const char *location = val_str(val_get(t->input, "StorageDescriptor"), "Location");
    return location ? location : "";
}

static bool same_place(const char *x, const char *y)
{
    size_t n = strlen(x), m = strlen(y);
    while (n && x[n - 1] == '/')
        n--;
    while (m && y[m - 1] == '/')
        m--;
    return n == m && !strncmp(x, y, n);
}

/* Another table of that name is somewhere else: this one gets a name of its own, always the same. */
static const char *name_with_hash(Arena *a, const char *name, const char *location)
{
    char hash[SHA256_HEX_BYTES];
    sha256_hex(location, strlen(location), hash);
    return arena_printf(a, "%s_%.*s", name, HASH_SHOWN, hash);
}

static Status find_table(Crawl *c, Metastore *m, const CrawlTable *t, const char **ret_name, MetaTable *ret_table, bool *ret_exists, Error *err)
{
    for (int i = 0; i < 2; i++) {
        *ret_name = i ? name_with_hash(c->arena, *ret_name, t->location) : table_name(c, t);
        Error why = ERROR_INIT;
        Status status = metastore_table(m, c->arena, c->database, *ret_name, ret_table, &why);
        *ret_exists = status == ST_OK;
        if (status == ST_NOT_FOUND)
            return ST_OK;
        if (status != ST_OK) {
            *err = why;
            return status;
        }
        if (same_place(location_of(ret_table), t->location))
            return ST_OK;
    }
    return FAIL(err, ST_CONFLICT, "the table %s is somewhere else: %s", *ret_name, location_of(ret_table));
}

/* --- changes --- */

static bool policy(const Crawl *c, const char *member, const char *value, const char *otherwise)
{
    const char *set = val_str(val_get(c->crawler, "SchemaChangePolicy"), member);
    return str_eq(set ? set : otherwise, value);
}

static const char *schema_text(Arena *a, const Val *input)
{
    const Val *storage = val_get(input, "StorageDescriptor");
    Val *v = val_list(a);
    const Val *const parts[] = { val_get(storage, "Columns"), val_get(input, "PartitionKeys"), val_get(storage, "SerdeInfo") };
    for (size_t i = 0; i < 3; i++)
        val_push(a, v, parts[i] ? glue_val(parts[i]) : val_list(a));
    return val_to_json(a, v);
}

/* What others have set stays; what a crawl knows is renewed. */
static Val *renewed(Crawl *c, const MetaTable *old, const Val *input)
{
    Arena *a = c->arena;
    Val *v = glue_copy(a, old->input), *parameters = glue_copy(a, val_get(old->input, "Parameters"));
    const Val *fresh = val_get(input, "Parameters");
    for (size_t i = 0; i < val_len(fresh); i++)
        val_set(a, parameters, fresh->names[i], fresh->items[i]);
    Val *kept = val_map(a);
    for (size_t i = 0; i < val_len(parameters); i++)
        if (!str_eq(parameters->names[i], "DEPRECATED_BY_CRAWLER"))
            val_append(a, kept, parameters->names[i], parameters->items[i]);
    val_set(a, v, "StorageDescriptor", glue_val(val_get(input, "StorageDescriptor")));
    val_set(a, v, "PartitionKeys", glue_val(val_get(input, "PartitionKeys")));
    val_set(a, v, "Parameters", kept);
    return v;
}

static Status update_table(Crawl *c, Metastore *m, const MetaTable *old, const Val *input, Error *err)
{
    Arena *a = c->arena;
    bool changed = !str_eq(schema_text(a, old->input), schema_text(a, input));
    if (changed && !policy(c, "UpdateBehavior", "UPDATE_IN_DATABASE", "UPDATE_IN_DATABASE")) {
        crawl_log(c, "INFO", "The schema of table %s in database %s has changed; UpdateBehavior LOG leaves it as it is", old->name, old->database);
        return ST_OK;
    }
    Val *next = renewed(c, old, input);
    if (!changed && str_eq(val_to_json(a, old->input), val_to_json(a, next)))
        return ST_OK;
    TRY(metastore_update_table(m, old->database, old->name, next, !changed, -1, err));
    if (changed) {
        c->updated++;
        crawl_log(c, "INFO", "Updated table %s in database %s", old->name, old->database);
    }
    return ST_OK;
}

static Val *partition_input(Crawl *c, const CrawlPartition *p)
{
    Val *v = val_map(c->arena);
    val_set(c->arena, v, "Values", glue_text_list(c->arena, &p->values));
    val_set(c->arena, v, "StorageDescriptor", storage_of(c, &p->schema, p->location));
    val_set(c->arena, v, "Parameters", parameters_of(c, &p->schema));
    return v;
}

static const MetaPartition *partition_of(const MetaPartitionList *list, const StrList *values)
{
    for (size_t i = 0; i < list->len; i++) {
        bool same = list->at[i].values.len == values->len;
        for (size_t j = 0; same && j < values->len; j++)
            same = str_eq(list->at[i].values.at[j], values->at[j]);
        if (same)
            return &list->at[i];
    }
    return NULL;
}

static Status drop_partitions(Crawl *c, Metastore *m, const char *database, const char *name, const MetaPartitionList *old,
                              const CrawlTable *t, Error *err)
{
    MetaPartitionList found = { 0 };
    for (size_t i = 0; i < t->partitions.len; i++)
        vec_push(c->arena, &found, (MetaPartition){ .values = t->partitions.at[i].values });
    bool drop = policy(c, "DeleteBehavior", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE");
    for (size_t i = 0; i < old->len; i++) {
        if (partition_of(&found, &old->at[i].values))
            continue;
        crawl_log(c, "INFO", "Partition %s of table %s holds no files any more%s", val_to_json(c->arena, glue_text_list(c->arena, &old->at[i].values)),
                  name, drop ? ": deleted" : "");
        if (drop)
            TRY(metastore_drop_partition(m, database, name, &old->at[i].values, err));
    }
    return ST_OK;
}

static Status apply_partitions(Crawl *c, Metastore *m, const char *database, const char *name, const CrawlTable *t, Error *err)
{
    Arena *a = c->arena;
    MetaPartitionList old;
    Val *fresh = val_list(a);
    TRY(metastore_partitions(m, a, database, name, &old, err));
    for (size_t i = 0; i < t->partitions.len; i++) {
        Val *input = partition_input(c, &t->partitions.at[i]);
        const MetaPartition *known = partition_of(&old, &t->partitions.at[i].values);
        if (!known)
            val_push(a, fresh, input);
        else if (!str_eq(val_to_json(a, known->input), val_to_json(a, input)))
            TRY(metastore_update_partition(m, database, name, &t->partitions.at[i].values, input, err));
        if (val_len(fresh) == PARTITIONS_AT_ONCE || (val_len(fresh) && i + 1 == t->partitions.len)) {
            TRY(metastore_add_partitions(m, database, name, fresh, true, err));
            c->partitions_added += (int64_t)val_len(fresh);
            fresh = val_list(a);
        }
    }
    return drop_partitions(c, m, database, name, &old, t, err);
}

Status crawl_apply(Crawl *c, const CrawlTable *table, const char *as_database, const char *as_name, const char **ret_name, Error *err)
{
    metastore_auto *m = NULL;
    MetaTable old = { 0 };
    bool exists = true;
    const char *name = as_name, *database = as_database ? as_database : c->database;
    TRY(metastore_open_store(c->store, &m, err));
    if (as_name)
        TRY(metastore_table(m, c->arena, database, name, &old, err));
    else
        TRY(find_table(c, m, table, &name, &old, &exists, err));
    Val *input = table_input(c, table, name);
    /* Partitions of other keys would not fit. */
    size_t old_keys = val_len(val_get(old.input, "PartitionKeys"));
    bool fits = !exists || old_keys == table->keys.len;
    if (!exists) {
        TRY(metastore_create_table(m, database, input, err));
        c->created++;
        crawl_log(c, "INFO", "Created table %s in database %s", name, database);
    } else if (fits) {
        TRY(update_table(c, m, &old, input, err));
    } else {
        crawl_log(c, "ERROR", "Table %s in database %s has %zu partition keys, its folders %zu: left as it is", name, database, old_keys,
                  table->keys.len);
    }
    if (fits && table->keys.len)
        TRY(apply_partitions(c, m, database, name, table, err));
    *ret_name = name;
    return ST_OK;
}

/* --- what is not there any more --- */

static bool below(const StrList *roots, const char *location)
{
    for (size_t i = 0; i < roots->len; i++)
        if (str_starts(location, roots->at[i]) || same_place(location, roots->at[i]))
            return true;
    return false;
}

Status crawl_gone(Crawl *c, const StrList *roots, const StrList *found, Error *err)
{
    Arena *a = c->arena;
    metastore_auto *m = NULL;
    MetaTableList tables;
    TRY(metastore_open_store(c->store, &m, err));
    TRY(metastore_tables(m, a, c->database, &tables, err));
    for (size_t i = 0; i < tables.len; i++) {
        const MetaTable *t = &tables.at[i];
        const Val *parameters = val_get(t->input, "Parameters");
        bool there = !str_eq(val_str(parameters, "UPDATED_BY_CRAWLER"), c->name) || !below(roots, location_of(t));
        for (size_t j = 0; j < found->len && !there; j++)
            there = str_eq(found->at[j], t->name);
        if (there || val_str(parameters, "DEPRECATED_BY_CRAWLER"))
            continue;
        if (policy(c, "DeleteBehavior", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE")) {
            TRY(metastore_drop_table(m, t->database, t->name, err));
            c->deleted++;
        } else if (policy(c, "DeleteBehavior", "DEPRECATE_IN_DATABASE", "DEPRECATE_IN_DATABASE")) {
            Val *input = glue_copy(a, t->input), *marked = glue_copy(a, parameters);
            set_number(a, marked, "DEPRECATED_BY_CRAWLER", clock_ms());
            val_set(a, input, "Parameters", marked);
            TRY(metastore_update_table(m, t->database, t->name, input, false, -1, err));
            c->updated++;
        }
        crawl_log(c, "INFO", "Table %s in database %s was not found again", t->name, t->database);
    }
    return ST_OK;
}
