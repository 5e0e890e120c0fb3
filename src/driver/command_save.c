/* driver/command_save.c -- writing into tables: CREATE TABLE AS, saveAsTable, writeTo, INSERT. Source:
 * CreateDataSourceTableAsSelectCommand, InsertIntoHadoopFsRelationCommand, DataFrameWriterV2. */
#include "driver/command_insert.h"
#include "driver/command_write.h"
#include "driver/jdbc_table.h"
#include "driver/uuid.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/field.h"
#include "ir/source.h"

/* ---- CREATE TABLE AS */

/* The table's schema as it is created from a query: everything nullable, partition columns last in their order. */
static const char *column_names(Run *r, const Type *rows)
{
    str_auto out = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < rows->nfields; i++)
        str_addf(&out, "%s%s", i ? ", " : "", sql_id(r->arena, rows->fields[i].name));
    return str_arena(&out, r->arena);
}

static Status created_schema(Run *r, const Type *rows, CatalogTable *t, Error *err)
{
    Field *fields = ARENA_ARRAY(r->arena, Field, rows->nfields + 1);
    size_t n = 0;
    for (size_t i = 0; i < rows->nfields; i++)
        if (!names_have(&t->partition_by, rows->fields[i].name))
            fields[n++] = rows->fields[i];
    for (size_t k = 0; k < t->partition_by.len; k++) {
        size_t i = 0;
        while (i < rows->nfields && !str_ieq(rows->fields[i].name, t->partition_by.at[k]))
            i++;
        if (i == rows->nfields)
            return command_fail(err, "COLUMN_NOT_DEFINED_IN_TABLE", "colType", "partition", "colName",
                                sql_id(r->arena, t->partition_by.at[k]), "tableName", catalog_table_id(r->arena, t), "tableCols",
                                column_names(r, rows), NULL);
        fields[n++] = rows->fields[i];
    }
    for (size_t i = 0; i < n; i++) {
        fields[i].nullable = true;
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_DEFAULT, NULL);
        fields[i].metadata = field_set(r->arena, fields[i].metadata, FIELD_EXISTS_DEFAULT, NULL);
    }
    t->schema = field_with_char(r->arena, type_struct(r->arena, fields, n));
    return ST_OK;
}

/* Partitions that the written files are in: `static_values` first, then the sink's. */
static void note_partitions(Run *r, const CatalogTable *t, const PartitionSpec *spec, const SinkFiles *files,
                            CatalogPartitionList *ret_list)
{
    CatalogPartitionList list = { 0 };
    for (size_t i = 0; i < files->len; i++) {
        CatalogPartition p = { 0 };
        size_t dynamic = 0;
        for (size_t k = 0; k < t->partition_by.len; k++) {
            bool given = spec && spec->given[k];
            vec_push(r->arena, &p.values, given ? spec->values[k] : files->at[i].partition_values[dynamic]);
            dynamic += !given;
        }
        bool known = false;
        for (size_t j = 0; j < list.len && !known; j++) {
            known = true;
            for (size_t k = 0; k < p.values.len && known; k++)
                known = str_eq(list.at[j].values.at[k], p.values.at[k]);
        }
        if (known)
            continue;
        p.location = command_partition_location(r, t, p.values.at);
        vec_push(r->arena, &list, p);
    }
    *ret_list = list;
}

/* The table's row appears with all its partitions. */
static Status add_table(Run *r, const CatalogTable *t, const CatalogPartitionList *partitions, Error *err)
{
    char uuid[UUID_TEXT_BYTES];
    Catalog *c = driver_catalog(r->driver);
    if (!partitions->len)
        return catalog_create_table(c, t, false, err);
    uuid_new(uuid);
    CatalogTable staged = *t;
    staged.name = arena_printf(r->arena, CATALOG_STAGED "%s", uuid);
    TRY(catalog_create_table(c, &staged, false, err));
    Status status = catalog_add_partitions(c, &staged, partitions, true, err);
    if (status == ST_OK)
        status = catalog_rename_table(c, staged.database, staged.name, t->name, err);
    Error ignored = ERROR_INIT;
    if (status != ST_OK)
        catalog_drop_table(c, staged.database, staged.name, &ignored);
    return status;
}

static Status replace_table(Run *r, const CatalogTable *t, const CatalogPartitionList *partitions, Error *err)
{
    CatalogPartitionList old;
    Catalog *c = driver_catalog(r->driver);
    CatalogTable was;
    TRY(catalog_table(c, r->arena, t->database, t->name, &was, err));
    TRY(catalog_partitions(c, r->arena, &was, &old, err));
    for (size_t i = 0; i < old.len; i++)
        TRY(catalog_drop_partition(c, &was, &old.at[i].values, err));
    TRY(catalog_alter_table(c, t, err));
    return partitions->len ? catalog_add_partitions(c, t, partitions, true, err) : ST_OK;
}

static Status create_as(Run *r, const WriteTable *w, const char *database, const char *name, bool replace, Error *err)
{
    Node *bound;
    CatalogTable t = { .database = lower_text(r->arena, database), .name = lower_text(r->arena, name), .sort_by = w->sort_by,
                       .bucket_by = w->bucket_by, .buckets = w->buckets, .properties = w->properties, .comment = w->comment,
                       .owner = r->session->user };
    if (jdbc_table_is(w->format ? w->format : run_conf(r, "spark.sql.sources.default")))
        return command_unsupported("CREATE TABLE AS SELECT with JDBC (df.write.format(\"jdbc\").save() writes there)", err);
    const char *given = w->location ? w->location : pairs_iget(&w->options, "path"), *base;
    CatalogPartitionList partitions = { 0 };
    SinkFiles files = { 0 };
    TRY(command_check_provider(r, w->format, &t.format, err));
    TRY(command_partition_names(r, &w->partition_by, &w->transforms, &t.partition_by, err));
    TRY(catalog_table_location(driver_catalog(r->driver), r->arena, t.database, t.name, &base, err));
    t.kind = given ? CATALOG_EXTERNAL : CATALOG_MANAGED;
    t.location = given ? command_location(r, given, arena_strn(r->arena, base, (size_t)(strrchr(base, '/') - base))) : base;
    for (size_t i = 0; i < w->options.len; i++)
        if (!str_ieq(w->options.at[i].key, "path"))
            vec_push(r->arena, &t.options, w->options.at[i]);
    WriteTable *copy = (WriteTable *)(void *)node_copy(r->arena, &w->node);
    copy->partition_by = t.partition_by;
    TRY(run_bind_node(r, &copy->node, &bound, err));
    bound = node_as(WriteTable, bound)->input;
    TRY(created_schema(r, bind_schema_type(r->arena, bound), &t, err));
    WriteOutput o = { .plan = bound, .format = t.format, .uri = t.location, .partition_by = t.partition_by, .options = &w->options,
                      .how = replace || t.kind == CATALOG_MANAGED ? LAKE_OVERWRITE : LAKE_APPEND };
    TRY(command_write_output(r, &o, &files, err));
    if (t.partition_by.len)
        note_partitions(r, &t, NULL, &files, &partitions);
    return replace ? replace_table(r, &t, &partitions, err) : add_table(r, &t, &partitions, err);
}

/* ---- INSERT */

typedef struct Insertion {
    Run *r;
    const CatalogTable *t;
    PartitionSpec spec;
    size_t lead;             /* how many leading partition columns are static */
    bool nested;             /* the static ones are exactly these: files go below their folder */
    CatalogPartitionList written;
} Insertion;

static bool among(const CatalogPartitionList *list, const StrList *values, const char **ret_location)
{
    for (size_t i = 0; i < list->len; i++) {
        bool same = true;
        for (size_t k = 0; k < values->len && same; k++)
            same = str_eq(list->at[i].values.at[k], values->at[k]);
        if (!same)
            continue;
        if (ret_location)
            *ret_location = list->at[i].location;
        return true;
    }
    return false;
}

/* Partitions are registered before their files come. */
static Status register_partitions(void *arg, const SinkFiles *files, Error *err)
{
    Insertion *x = arg;
    CatalogPartitionList known;
    size_t n = x->t->partition_by.len;
    if (!n)
        return ST_OK;
    if (x->spec.ngiven == n) { /* also when it got no rows */
        CatalogPartition p = { .values = command_spec_values(x->r, x->t, &x->spec) };
        p.location = command_partition_location(x->r, x->t, p.values.at);
        vec_push(x->r->arena, &x->written, p);
    } else {
        note_partitions(x->r, x->t, x->nested ? &x->spec : NULL, files, &x->written);
    }
    TRY(command_partitions(x->r, x->t, NULL, &known, err));
    for (size_t i = 0; i < x->written.len && x->spec.ngiven != n; i++) {
        const char *location = x->written.at[i].location;
        if (among(&known, &x->written.at[i].values, &location) && !str_eq(location, x->written.at[i].location))
            return command_unsupported("a dynamic INSERT into a partition with a LOCATION of its own", err);
    }
    return catalog_add_partitions(driver_catalog(x->r->driver), x->t, &x->written, true, err);
}

/* An overwrite drops the partitions that it covers and did not write. */
static Status drop_others(Insertion *x, Error *err)
{
    CatalogPartitionList covered;
    TRY(command_partitions(x->r, x->t, &x->spec, &covered, err));
    for (size_t i = 0; i < covered.len; i++) {
        bool exists = false;
        if (among(&x->written, &covered.at[i].values, NULL))
            continue;
        TRY(catalog_drop_partition(driver_catalog(x->r->driver), x->t, &covered.at[i].values, err));
        TRY(lake_exists(driver_lake(x->r->driver), covered.at[i].location, &exists, err));
        if (exists)
            TRY(lake_remove(driver_lake(x->r->driver), covered.at[i].location, err));
    }
    return ST_OK;
}

typedef struct Reads {
    const char *root;
    bool found;
} Reads;

static bool note_read(const Node *n, void *arg)
{
    Reads *reads = arg;
    const ScanSource *s = node_is(Scan, n) ? node_as(Scan, n)->source : NULL;
    size_t len = strlen(reads->root);
    for (size_t i = 0; s && i < s->nfiles && !reads->found; i++)
        reads->found = strncmp(s->files[i].uri, reads->root, len) == 0 && s->files[i].uri[len] == '/';
    return !reads->found;
}

/* Without the static partition columns, which are in the folder's name. */
static Node *data_columns(Run *r, const Insertion *x, Node *fitted)
{
    const Project *p = node_as(Project, fitted);
    NodeList exprs = { 0 };
    size_t n = x->t->schema->nfields, keys = x->t->partition_by.len;
    for (size_t i = 0; i < n; i++)
        if (i < n - keys || !x->spec.given[i - (n - keys)])
            vec_push(r->arena, &exprs, p->exprs.at[i]);
    return node_new(r->arena, Project, .input = p->input, .exprs = exprs);
}

static const char *prefix_location(Insertion *x, const CatalogPartitionList *known)
{
    CatalogTable lead = *x->t;
    const char *location;
    StrList values = command_spec_values(x->r, x->t, &x->spec);
    if (x->lead == x->t->partition_by.len && among(known, &values, &location))
        return location;
    lead.partition_by.len = x->lead;
    return command_partition_location(x->r, &lead, x->spec.values);
}

static Status target_of(Insertion *x, const char **ret_uri, Error *err)
{
    CatalogPartitionList known;
    TRY(command_partitions(x->r, x->t, NULL, &known, err));
    while (x->lead < x->t->partition_by.len && x->spec.given[x->lead])
        x->lead++;
    x->nested = x->lead > 0 && x->lead == x->spec.ngiven;
    *ret_uri = x->nested ? prefix_location(x, &known) : x->t->location;
    return ST_OK;
}

static Status forget_statistics(Run *r, const CatalogTable *t, Error *err)
{
    CatalogTable copy = *t;
    if (!t->statistics.len)
        return ST_OK;
    copy.statistics = (KeyValueList){ 0 };
    return catalog_alter_table(driver_catalog(r->driver), &copy, err);
}

/* Overflow on the way into a column has a class of its own. */
static Status rename_overflow(Status status, const CatalogTable *t, Error *err)
{
    if (!err || !str_eq(err->code, "CAST_OVERFLOW"))
        return status;
    arena_auto *a = arena_new();
    const char *from = arena_str(a, error_param_get(err, "sourceType")), *to = arena_str(a, error_param_get(err, "targetType"));
    const char *column = t->schema->fields[0].name;
    for (size_t i = 0; i < t->schema->nfields; i++)
        if (to && str_eq(arena_printf(a, "\"%s\"", type_sql_text(a, t->schema->fields[i].type)), to))
            column = t->schema->fields[i].name;
    command_fail(err, "CAST_OVERFLOW_IN_TABLE_INSERT", "sourceType", from ? from : "", "targetType", to ? to : "", "columnName",
                 sql_id(a, column), NULL);
    err->status = status;
    return status;
}

static Status insert_rows(Run *r, const WriteTable *w, const CatalogTable *t, bool overwrite, Error *err)
{
    Insertion x = { .r = r, .t = t };
    Node *plan, *bound;
    WriteOutput o = { .format = t->format, .how = LAKE_APPEND, .before_commit = register_partitions, .arg = &x };
    KeyValueList options = { 0 };
    for (size_t i = 0; i < t->options.len + w->options.len; i++)
        vec_push(r->arena, &options, i < t->options.len ? t->options.at[i] : w->options.at[i - t->options.len]);
    o.options = &options;
    TRY(command_fit(r, w, t, &plan, err));
    if (jdbc_table_is(t->format)) {
        TRY(run_bind_node(r, plan, &bound, err));
        return jdbc_table_write(r, bound, &options, overwrite ? SAVE_OVERWRITE : SAVE_APPEND, err);
    }
    TRY(command_partition_spec(r, t, &w->partition_values, false, &x.spec, err));
    TRY(target_of(&x, &o.uri, err));
    for (size_t i = 0; i < t->partition_by.len; i++)
        if (!x.nested || !x.spec.given[i])
            vec_push(r->arena, &o.partition_by, t->partition_by.at[i]);
    if (x.nested)
        plan = data_columns(r, &x, plan);
    TRY(run_bind_node(r, plan, &bound, err));
    o.plan = bound;
    bool dynamic = overwrite && t->partition_by.len && x.spec.ngiven < t->partition_by.len &&
                   (w->action == TABLE_OVERWRITE_PARTITIONS || command_overwrites_partitions(r, &options, &t->partition_by));
    Reads reads = { .root = t->location };
    if (overwrite && !dynamic) {
        node_walk(bound, note_read, &reads);
        if (reads.found)
            return command_fail(err, "UNSUPPORTED_OVERWRITE.TABLE", "table", catalog_table_id(r->arena, t), NULL);
    }
    if (overwrite)
        o.how = dynamic || (x.spec.ngiven && !x.nested) ? LAKE_OVERWRITE_PARTITIONS : LAKE_OVERWRITE;
    Status status = command_write_output(r, &o, NULL, err);
    if (status != ST_OK)
        return rename_overflow(status, t, err);
    if (overwrite && !dynamic && t->partition_by.len && x.spec.ngiven < t->partition_by.len)
        TRY(drop_others(&x, err));
    return forget_statistics(r, t, err);
}

/* INSERT OVERWRITE … PARTITION (…) IF NOT EXISTS */
static Status is_there(Run *r, const WriteTable *w, const CatalogTable *t, bool *ret_there, Error *err)
{
    PartitionSpec spec;
    CatalogPartitionList found = { 0 };
    *ret_there = false;
    if (!w->if_not_exists || !w->partition_values.len)
        return ST_OK;
    TRY(command_partition_spec(r, t, &w->partition_values, false, &spec, err));
    if (spec.ngiven < t->partition_by.len)
        return command_unsupported("INSERT … IF NOT EXISTS with dynamic partitions", err);
    TRY(command_partitions(r, t, &spec, &found, err));
    *ret_there = found.len > 0;
    return ST_OK;
}

static Status insert_into(Run *r, const WriteTable *w, const Target *t, bool overwrite, Error *err)
{
    bool there;
    if (t->kind != TARGET_TABLE)
        return command_fail(err, "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "viewName",
                            t->kind == TARGET_VIEW ? catalog_table_id(r->arena, &t->table) : catalog_quoted(r->arena, &w->table),
                            "operation", "INSERT", NULL);
    if (w->overwrite_condition)
        return command_table_unsupported(r, &t->table, w->by_name ? "OVERWRITE BY FILTER" : "REPLACE WHERE", err);
    TRY(is_there(r, w, &t->table, &there, err));
    return there ? ST_OK : insert_rows(r, w, &t->table, overwrite, err);
}

/* ---- dispatch */

static Status exists_error(Run *r, const WriteTable *w, const Target *t, Error *err)
{
    StrList name = { 0 };
    (void)w;
    vec_push(r->arena, &name, t->database);
    vec_push(r->arena, &name, t->name);
    return command_fail(err, "TABLE_OR_VIEW_ALREADY_EXISTS", "relationName", catalog_quoted(r->arena, &name), NULL);
}

/* saveAsTable onto a table: appended rows go by name. */
static Status save_append(Run *r, const WriteTable *w, const Target *t, Error *err)
{
    WriteTable *copy = (WriteTable *)(void *)node_copy(r->arena, &w->node);
    copy->by_name = true;
    return insert_into(r, copy, t, false, err);
}

static Status made_name(Run *r, const WriteTable *w, const char **ret_database, const char **ret_name, Error *err)
{
    CatalogDatabase database;
    TRY(environment_table_name(r, &w->table, ret_database, ret_name, err));
    return catalog_database(driver_catalog(r->driver), r->arena, *ret_database, &database, err);
}

Status command_write_table(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const WriteTable *w = node_as(WriteTable, command);
    const char *database, *name;
    Target t;
    *ret_rows = command_nothing(r);
    TRY(command_target(r, &w->table, &t, err));
    bool insert = w->action == TABLE_INSERT || w->action == TABLE_OVERWRITE || w->action == TABLE_OVERWRITE_PARTITIONS;
    if (insert && t.kind == TARGET_NONE)
        return catalog_not_found(r->arena, &w->table, err);
    if (insert)
        return insert_into(r, w, &t, w->action != TABLE_INSERT || w->mode == SAVE_OVERWRITE, err);
    bool exists = t.kind == TARGET_TABLE || t.kind == TARGET_VIEW;
    TRY(made_name(r, w, &database, &name, err));
    if (w->action == TABLE_SAVE && exists && w->mode == SAVE_APPEND)
        return save_append(r, w, &t, err);
    if (w->action == TABLE_SAVE && exists && w->mode == SAVE_OVERWRITE && t.kind == TARGET_VIEW)
        return command_fail(err, "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "viewName", catalog_table_id(r->arena, &t.table), "operation",
                            "saveAsTable", NULL);
    if (w->action == TABLE_REPLACE || w->action == TABLE_CREATE_OR_REPLACE)
        return command_table_unsupported(r, &(CatalogTable){ .database = lower_text(r->arena, database), .name = lower_text(r->arena, name) },
                                         "REPLACE TABLE AS SELECT", err);
    bool replace = exists && w->action == TABLE_SAVE && w->mode == SAVE_OVERWRITE;
    if (exists && !replace)
        return w->if_not_exists || (w->action == TABLE_SAVE && w->mode == SAVE_IGNORE) ? ST_OK : exists_error(r, w, &t, err);
    return create_as(r, w, database, name, replace, err);
}
