/* driver/command_describe.c -- DESCRIBE of tables, views, columns, partitions and queries. Source: DescribeTableCommand,
 * DescribeColumnCommand, DescribeQueryCommand, CatalogTable.toJsonLinkedHashMap. */
#include "driver/command.h"

#include "ir/error.h"
#include "ir/field.h"

#include <stdio.h>
#include <time.h>

static const char *const describe_columns[] = { "col_name", "data_type", "comment", NULL };

static void add(Rows *rows, const char *name, const char *type, const char *comment)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(name);
    row[1] = rows_text(type);
    row[2] = rows_text(comment);
}

const char *command_time_text(Run *r, int64_t ms)
{
    char text[64];
    struct tm when;
    time_t seconds = (time_t)(ms / 1000);
    if (ms <= 0)
        return "UNKNOWN";
    localtime_r(&seconds, &when);
    strftime(text, sizeof text, "%a %b %d %H:%M:%S %Z %Y", &when);
    return arena_str(r->arena, text);
}

const char *command_pairs_text(Run *r, const KeyValueList *list)
{
    str_auto out = STR_INIT(1 << 20);
    KeyValueList sorted = { 0 };
    for (size_t i = 0; i < list->len; i++)
        vec_push(r->arena, &sorted, list->at[i]);
    pairs_sort(&sorted);
    str_addc(&out, '[');
    for (size_t i = 0; i < sorted.len; i++)
        str_addf(&out, "%s%s=%s", i ? ", " : "", sorted.at[i].key, command_redacted(sorted.at[i].key, sorted.at[i].value));
    str_addc(&out, ']');
    return str_arena(&out, r->arena);
}

static const char *names_text(Run *r, const StrList *names)
{
    str_auto out = STR_INIT(1 << 20);
    str_addc(&out, '[');
    for (size_t i = 0; i < names->len; i++)
        str_addf(&out, "%s%s", i ? ", " : "", sql_id(r->arena, names->at[i]));
    str_addc(&out, ']');
    return str_arena(&out, r->arena);
}

static void fact(Run *r, KeyValueList *facts, const char *key, const char *value)
{
    if (value && *value)
        vec_push(r->arena, facts, (KeyValue){ key, value });
}

static const char *statistics_text(Run *r, const KeyValueList *statistics)
{
    const char *bytes = pairs_get(statistics, "totalSize"), *rows = pairs_get(statistics, "numRows");
    if (!bytes)
        return NULL;
    return rows ? arena_printf(r->arena, "%s bytes, %s rows", bytes, rows) : arena_printf(r->arena, "%s bytes", bytes);
}

static void view_facts(Run *r, const CatalogTable *t, KeyValueList *facts)
{
    fact(r, facts, "View Text", t->view_text);
    fact(r, facts, "View Original Text", t->view_text);
    fact(r, facts, "View Schema Mode", command_view_mode(r, t));
    fact(r, facts, "View Catalog and Namespace", arena_printf(r->arena, CATALOG_NAME ".%s", t->view_database));
    fact(r, facts, "View Query Output Columns", names_text(r, &t->view_columns));
}

void command_table_facts(Run *r, const CatalogTable *t, KeyValueList *ret_facts)
{
    static const char *const kinds[] = { "MANAGED", "EXTERNAL", "VIEW" };
    KeyValueList facts = { 0 }, shown = { 0 };
    for (size_t i = 0; i < t->properties.len; i++)
        if (!str_eq(t->properties.at[i].key, TABLE_COLLATION))
            vec_push(r->arena, &shown, t->properties.at[i]);
    fact(r, &facts, "Catalog", CATALOG_NAME);
    fact(r, &facts, "Database", t->database);
    fact(r, &facts, "Table", t->name);
    fact(r, &facts, "Created Time", command_time_text(r, t->created_ms));
    fact(r, &facts, "Last Access", "UNKNOWN");
    fact(r, &facts, "Created By", "Spark " SPARK_VERSION);
    fact(r, &facts, "Type", kinds[t->kind]);
    fact(r, &facts, "Provider", t->format);
    if (t->bucket_by.len) {
        fact(r, &facts, "Num Buckets", arena_printf(r->arena, "%lld", (long long)t->buckets));
        fact(r, &facts, "Bucket Columns", names_text(r, &t->bucket_by));
        fact(r, &facts, "Sort Columns", names_text(r, &t->sort_by));
    }
    fact(r, &facts, "Comment", t->comment);
    if (t->kind == CATALOG_VIEW)
        view_facts(r, t, &facts);
    fact(r, &facts, "Collation", t->kind == CATALOG_VIEW ? NULL : pairs_get(&t->properties, TABLE_COLLATION));
    if (shown.len)
        fact(r, &facts, "Table Properties", command_pairs_text(r, &shown));
    fact(r, &facts, "Statistics", statistics_text(r, &t->statistics));
    fact(r, &facts, "Location", t->location);
    if (t->options.len)
        fact(r, &facts, "Storage Properties", command_pairs_text(r, &t->options));
    if (t->partition_by.len)
        fact(r, &facts, "Partition Provider", "Catalog");
    *ret_facts = facts;
}

static void add_columns(Run *r, Rows *rows, const Type *schema)
{
    for (size_t i = 0; i < schema->nfields; i++)
        add(rows, schema->fields[i].name, type_catalog_text(r->arena, schema->fields[i].type),
            field_get(r->arena, schema->fields[i].metadata, FIELD_COMMENT));
}

static void add_partitions(Run *r, Rows *rows, const CatalogTable *t)
{
    if (!t->partition_by.len)
        return;
    add(rows, "# Partition Information", "", "");
    add(rows, "# col_name", "data_type", "comment");
    const Type *keys = type_struct(r->arena, t->schema->fields + (t->schema->nfields - t->partition_by.len), t->partition_by.len);
    add_columns(r, rows, keys);
}

static void add_defaults(Run *r, Rows *rows, const Type *schema)
{
    bool any = false;
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = &schema->fields[i];
        const char *text = field_get(r->arena, f->metadata, FIELD_DEFAULT);
        if (!text)
            continue;
        if (!any) {
            add(rows, "", "", "");
            add(rows, "# Column Default Values", "", "");
        }
        any = true;
        add(rows, f->name, type_catalog_text(r->arena, f->type), text);
    }
}

static void add_facts(Rows *rows, const char *title, const KeyValueList *facts)
{
    add(rows, "", "", "");
    add(rows, title, "", "");
    for (size_t i = 0; i < facts->len; i++)
        add(rows, facts->at[i].key, facts->at[i].value, "");
}

static const char *values_text(Run *r, const CatalogTable *t, const CatalogPartition *p)
{
    str_auto out = STR_INIT(1 << 20);
    for (size_t i = 0; i < t->partition_by.len; i++)
        str_addf(&out, "%s%s=%s", i ? ", " : "[", t->partition_by.at[i],
                 p->values.at[i] ? p->values.at[i] : "__HIVE_DEFAULT_PARTITION__");
    str_addc(&out, ']');
    return str_arena(&out, r->arena);
}

static void partition_facts(Run *r, Rows *rows, const CatalogTable *t, const CatalogPartition *p)
{
    KeyValueList facts = { 0 }, storage = { 0 };
    fact(r, &facts, "Database", t->database);
    fact(r, &facts, "Table", t->name);
    fact(r, &facts, "Partition Values", values_text(r, t, p));
    fact(r, &facts, "Location", p->location);
    if (t->options.len)
        fact(r, &facts, "Storage Properties", command_pairs_text(r, &t->options));
    fact(r, &facts, "Created Time", command_time_text(r, p->created_ms));
    fact(r, &facts, "Last Access", "UNKNOWN");
    fact(r, &facts, "Partition Statistics", statistics_text(r, &p->statistics));
    add_facts(rows, "# Detailed Partition Information", &facts);
    if (t->bucket_by.len) {
        fact(r, &storage, "Num Buckets", arena_printf(r->arena, "%lld", (long long)t->buckets));
        fact(r, &storage, "Bucket Columns", names_text(r, &t->bucket_by));
        fact(r, &storage, "Sort Columns", names_text(r, &t->sort_by));
    }
    fact(r, &storage, "Location", t->location);
    if (t->options.len)
        fact(r, &storage, "Storage Properties", command_pairs_text(r, &t->options));
    add_facts(rows, "# Storage Information", &storage);
}

/* ---- one column */

static void info(Rows *rows, const char *name, const char *value)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(name);
    row[1] = rows_text(value ? value : "NULL");
}

static const char *column_statistic(Run *r, const CatalogTable *t, const char *column, const char *what)
{
    return t ? pairs_get(&t->statistics, arena_printf(r->arena, "colStats.%s.%s", column, what)) : NULL;
}

static Status no_column(Run *r, const StrList *name, const Type *schema, Error *err)
{
    str_auto proposal = STR_INIT(1 << 16);
    for (size_t i = 0; i < schema->nfields && i < 5; i++)
        str_addf(&proposal, "%s%s", i ? ", " : "", sql_id(r->arena, schema->fields[i].name));
    return command_fail(err, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "objectName", catalog_quoted(r->arena, name), "proposal",
                        str_text(&proposal), NULL);
}

static Status describe_column(Run *r, const DescribeObject *d, const Target *t, const Type *schema, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "info_name", "info_value", NULL };
    const char *name = d->column.at[d->column.len - 1];
    const Field *f = NULL;
    for (size_t i = 0; i < schema->nfields && !f; i++)
        f = str_ieq(schema->fields[i].name, d->column.at[0]) || str_ieq(schema->fields[i].name, name) ? &schema->fields[i] : NULL;
    if (!f)
        return no_column(r, &d->column, schema, err);
    if (d->column.len > 1 && f->type->kind == TYPE_STRUCT && str_ieq(f->name, d->column.at[0]))
        return command_fail(err, "_LEGACY_ERROR_TEMP_1060", "command", "DESC TABLE COLUMN", "column",
                            catalog_quoted(r->arena, &d->column), NULL);
    const CatalogTable *table = t->kind == TARGET_TABLE ? &t->table : NULL;
    Rows *rows = command_table(r, columns);
    info(rows, "col_name", f->name);
    info(rows, "data_type", type_catalog_text(r->arena, f->type));
    info(rows, "comment", field_get(r->arena, f->metadata, FIELD_COMMENT));
    if (d->extended) {
        static const char *const facts[][2] = { { "min", "min" }, { "max", "max" }, { "num_nulls", "nullCount" },
                                                { "distinct_count", "distinctCount" }, { "avg_col_len", "avgLen" },
                                                { "max_col_len", "maxLen" }, { "histogram", "histogram" } };
        for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
            info(rows, facts[i][0], column_statistic(r, table, f->name, facts[i][1]));
    }
    const char *value = field_get(r->arena, f->metadata, FIELD_DEFAULT);
    if (value)
        info(rows, "default", value);
    *ret_rows = rows;
    return ST_OK;
}

/* ---- tables */

static Status find_partition(Run *r, const DescribeObject *d, const Target *t, CatalogPartition *ret_partition, Error *err)
{
    static const char *const kinds[] = { "", "TEMPORARY VIEW", "TEMPORARY VIEW", "", "VIEW" };
    PartitionSpec spec;
    CatalogPartitionList found;
    if (t->kind != TARGET_TABLE)
        return command_fail(err, "FORBIDDEN_OPERATION", "statement", "DESC PARTITION", "objectType", kinds[t->kind], "objectName",
                            sql_id(r->arena, t->name), NULL);
    if (!t->table.partition_by.len)
        return command_fail(err, "FORBIDDEN_OPERATION", "statement", "DESC PARTITION", "objectType", "TABLE", "objectName",
                            sql_id(r->arena, t->name), NULL);
    TRY(command_partition_spec(r, &t->table, &d->partition_values, true, &spec, err));
    TRY(command_partitions(r, &t->table, &spec, &found, err));
    if (!found.len)
        return command_partitions_missing(r, &t->table, spec.values, err);
    *ret_partition = found.at[0];
    return ST_OK;
}

static Status add_clustering(Run *r, Rows *rows, const CatalogTable *t, Error *err)
{
    StrList columns = { 0 };
    const char *json = pairs_get(&t->properties, CLUSTERING);
    if (!json)
        return ST_OK;
    TRY(command_clustering(r, json, &columns, err));
    add(rows, "# Clustering Information", "", "");
    add(rows, "# col_name", "data_type", "comment");
    for (size_t i = 0; i < columns.len; i++)
        for (size_t k = 0; k < t->schema->nfields; k++)
            if (str_ieq(t->schema->fields[k].name, columns.at[i]))
                add(rows, t->schema->fields[k].name, type_catalog_text(r->arena, t->schema->fields[k].type), NULL);
    return ST_OK;
}

/* A view that follows its query has the columns that this has now, as long as it has them. */
static Status schema_now(Run *r, const DescribeObject *d, Target *t, const Type **schema, Error *err)
{
    Node *bound;
    const char *mode = t->kind == TARGET_VIEW ? command_view_mode(r, &t->table) : NULL;
    bool follows = mode && str_ends(mode, "EVOLUTION");
    if (*schema && !follows)
        return ST_OK;
    Error problem = ERROR_INIT;
    Status status = command_bound(r, &d->name, &bound, &problem);
    if (status != ST_OK && *schema && str_eq(problem.code, "INCOMPATIBLE_VIEW_SCHEMA_CHANGE"))
        return ST_OK;
    if (status != ST_OK) {
        *err = problem;
        return status;
    }
    const Type *now = bind_schema_type(r->arena, bound);
    if (follows && str_eq(mode, "EVOLUTION")) {
        t->table.view_columns = (StrList){ 0 };
        for (size_t i = 0; i < now->nfields; i++)
            vec_push(r->arena, &t->table.view_columns, now->fields[i].name);
    }
    *schema = now;
    return ST_OK;
}

static Status describe_table(Run *r, const DescribeObject *d, Rows **ret_rows, Error *err)
{
    Target t;
    CatalogPartition partition = { 0 };
    bool one = d->partition_values.len > 0;
    TRY(command_target_any(r, &d->name, &t, err));
    const Type *schema = t.kind == TARGET_TABLE || t.kind == TARGET_VIEW ? t.table.schema : NULL;
    if (one)
        TRY(find_partition(r, d, &t, &partition, err));
    TRY(schema_now(r, d, &t, &schema, err));
    if (d->column.len)
        return describe_column(r, d, &t, schema, ret_rows, err);
    if (d->as_json)
        return command_describe_json(r, &t, schema, one ? &partition : NULL, ret_rows, err);
    Rows *rows = command_table(r, describe_columns);
    add_columns(r, rows, schema);
    if (t.kind == TARGET_TABLE) {
        add_partitions(r, rows, &t.table);
        TRY(add_clustering(r, rows, &t.table, err));
    }
    if (d->extended && one) {
        partition_facts(r, rows, &t.table, &partition);
    } else if (d->extended && (t.kind == TARGET_TABLE || t.kind == TARGET_VIEW)) {
        KeyValueList facts;
        command_table_facts(r, &t.table, &facts);
        add_facts(rows, "# Detailed Table Information", &facts);
    }
    add_defaults(r, rows, schema);
    *ret_rows = rows;
    return ST_OK;
}

Status command_describe(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DescribeObject *d = node_as(DescribeObject, command);
    Node *bound;
    if (d->query) {
        TRY(run_bind_node(r, d->query, &bound, err));
        *ret_rows = command_table(r, describe_columns);
        add_columns(r, *ret_rows, bind_schema_type(r->arena, bound));
        return ST_OK;
    }
    if (str_ieq(d->what, "TABLE"))
        return describe_table(r, d, ret_rows, err);
    if (str_ieq(d->what, "DATABASE"))
        return command_describe_namespace(r, d, ret_rows, err);
    if (str_ieq(d->what, "FUNCTION"))
        return command_describe_function(r, d, ret_rows, err);
    return command_unsupported(arena_printf(r->arena, "DESCRIBE %s", d->what), err);
}
