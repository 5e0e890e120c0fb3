/* driver/command_show.c -- SHOW. Source: ShowTablesCommand, ShowTablesExtendedExec, ShowViewsCommand, ShowNamespacesExec,
 * ShowColumnsCommand, ShowTablePropertiesCommand. */
#include "driver/command.h"

#include "ir/error.h"

static const Field table_fields[] = { { "namespace", &type_string, false, NULL },
                                      { "tableName", &type_string, false, NULL },
                                      { "isTemporary", &type_boolean, false, NULL },
                                      { "information", &type_string, false, NULL } };
static const Field view_fields[] = { { "namespace", &type_string, false, NULL },
                                     { "viewName", &type_string, false, NULL },
                                     { "isTemporary", &type_boolean, false, NULL } };

static void add_table(Rows *rows, const char *database, const char *name, bool temporary, const char *information)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(database);
    row[1] = rows_text(name);
    row[2] = rows_long(temporary);
    if (information)
        row[3] = rows_text(information);
}

/* SHOW TABLE EXTENDED's text. */
static Status information(Run *r, const CatalogTable *t, const char **ret_text, Error *err)
{
    KeyValueList facts;
    str_auto out = STR_INIT(1 << 22);
    const Type *schema = t->schema;
    (void)err;
    command_table_facts(r, t, &facts);
    for (size_t i = 0; i < facts.len; i++)
        str_addf(&out, "%s: %s\n", facts.at[i].key, facts.at[i].value);
    if (t->partition_by.len) {
        str_add(&out, "Partition Columns: [");
        for (size_t i = 0; i < t->partition_by.len; i++)
            str_addf(&out, "%s%s", i ? ", " : "", sql_id(r->arena, t->partition_by.at[i]));
        str_add(&out, "]\n");
    }
    if (schema)
        str_addf(&out, "Schema: %s\n", schema_tree(r->arena, schema, 0));
    *ret_text = str_arena(&out, r->arena);
    return ST_OK;
}

static Status temporary_information(Run *r, const char *name, const char **ret_text, Error *err)
{
    StrList parts = { 0 };
    Node *bound;
    vec_push(r->arena, &parts, name);
    TRY(command_bound(r, &parts, &bound, err));
    *ret_text = arena_printf(r->arena, "Table: %s\nCreated Time: UNKNOWN\nLast Access: UNKNOWN\nCreated By: Spark " SPARK_VERSION
                             "\nType: VIEW\nView Schema Mode: BINDING\nSchema: %s\n", name,
                             schema_tree(r->arena, bind_schema_type(r->arena, bound), 0));
    return ST_OK;
}

static StrList temporary_names(Run *r, const char *pattern)
{
    StrList names = { 0 };
    session_lock(r->session);
    for (size_t i = 0; i < r->session->views.len; i++)
        if (catalog_like(r->session->views.at[i].name, pattern))
            vec_push(r->arena, &names, lower_text(r->arena, r->session->views.at[i].name));
    session_unlock(r->session);
    return names;
}

static Status add_temporaries(Run *r, const Show *s, const char *database, Rows *rows, Error *err)
{
    const char *global = run_conf(r, "spark.sql.globalTempDatabase");
    StrList names = { 0 }, local = temporary_names(r, s->pattern);
    if (str_ieq(database, global))
        names = driver_global_views(r->driver, r->arena);
    for (size_t i = 0; i < names.len; i++)
        if (catalog_like(names.at[i], s->pattern))
            add_table(rows, global, names.at[i], true, s->extended ? "" : NULL);
    for (size_t i = 0; i < local.len; i++) {
        const char *text = NULL;
        if (s->extended)
            TRY(temporary_information(r, local.at[i], &text, err));
        add_table(rows, "", local.at[i], true, text);
    }
    return ST_OK;
}

static Status database_of(Run *r, const StrList *name, const char **ret_name, Error *err)
{
    *ret_name = command_database(r);
    return name->len ? command_namespace(r, name, ret_name, err) : ST_OK;
}

/* SHOW TABLE EXTENDED … PARTITION: one table's partition. */
static Status one_partition(Run *r, const Show *s, const char *database, Rows *rows, Error *err)
{
    CatalogTable t;
    PartitionSpec spec;
    CatalogPartitionList found;
    StrList name = { 0 };
    if (s->name.len)
        vec_push(r->arena, &name, database);
    vec_push(r->arena, &name, s->pattern);
    TRY(command_target_table(r, &name, "SHOW TABLE EXTENDED ... PARTITION ...", &t, err));
    TRY(command_partition_spec(r, &t, &s->partition_values, false, &spec, err));
    if (s->partition_values.len != t.partition_by.len)
        TRY(command_partition_spec(r, &t, &s->partition_values, true, &spec, err));
    TRY(command_partitions(r, &t, &spec, &found, err));
    if (!found.len)
        return command_partitions_missing(r, &t, spec.values, err);
    const CatalogPartition *p = &found.at[0];
    str_auto out = STR_INIT(1 << 20);
    str_add(&out, "Partition Values: [");
    for (size_t i = 0; i < t.partition_by.len; i++)
        str_addf(&out, "%s%s=%s", i ? ", " : "", t.partition_by.at[i], p->values.at[i] ? p->values.at[i] : "null");
    str_addf(&out, "]\nLocation: %s\n", p->location);
    if (t.options.len)
        str_addf(&out, "Storage Properties: %s\n", command_pairs_text(r, &t.options));
    str_addf(&out, "Created Time: %s\nLast Access: UNKNOWN\n", command_time_text(r, p->created_ms));
    add_table(rows, t.database, t.name, false, str_arena(&out, r->arena));
    return ST_OK;
}

static Status show_tables(Run *r, const Show *s, bool views, Rows **ret_rows, Error *err)
{
    const char *database;
    StrList names = { 0 };
    TRY(database_of(r, &s->name, &database, err));
    Rows *rows = rows_new(r->arena, type_struct(r->arena, views ? view_fields : table_fields, s->extended ? 4 : 3));
    *ret_rows = rows;
    if (s->partition_values.len)
        return one_partition(r, s, database, rows, err);
    if (!str_ieq(database, run_conf(r, "spark.sql.globalTempDatabase")))
        TRY(catalog_tables(driver_catalog(r->driver), r->arena, database, &names, err));
    for (size_t i = 0; i < names.len; i++) {
        CatalogTable t;
        bool found = true;
        const char *text = NULL;
        if (!catalog_like(names.at[i], s->pattern))
            continue;
        if (views || s->extended)
            TRY(catalog_listed_table(driver_catalog(r->driver), r->arena, database, names.at[i], &t, &found, err));
        if (!found || (views && t.kind != CATALOG_VIEW))
            continue;
        if (s->extended)
            TRY(information(r, &t, &text, err));
        add_table(rows, lower_text(r->arena, database), names.at[i], false, text);
    }
    return add_temporaries(r, s, database, rows, err);
}

static Status show_databases(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "namespace", NULL };
    StrList names;
    TRY(catalog_databases(driver_catalog(r->driver), r->arena, &names, err));
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < names.len; i++)
        if (catalog_like(names.at[i], s->pattern))
            *rows_add(*ret_rows) = rows_text(names.at[i]);
    return ST_OK;
}

static Status show_columns(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "col_name", NULL };
    Node *bound;
    TRY(command_bound(r, &s->name, &bound, err));
    const Type *schema = bind_schema_type(r->arena, bound);
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < schema->nfields; i++)
        *rows_add(*ret_rows) = rows_text(schema->fields[i].name);
    return ST_OK;
}

static Status show_properties(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "key", "value", NULL };
    Target t;
    TRY(command_target_any(r, &s->name, &t, err));
    Rows *rows = *ret_rows = command_table(r, columns);
    if (t.kind != TARGET_TABLE && t.kind != TARGET_VIEW)
        return ST_OK;
    KeyValueList list = t.table.properties;
    pairs_sort(&list);
    if (s->filter) {
        const char *value = pairs_get(&list, s->filter);
        Value *row = rows_add(rows);
        row[0] = rows_text(s->filter);
        row[1] = rows_text(value ? command_redacted(s->filter, value)
                                 : arena_printf(r->arena, "Table " CATALOG_NAME ".%s.%s does not have property: %s", t.database,
                                                t.name, s->filter));
        return ST_OK;
    }
    for (size_t i = 0; i < list.len; i++) {
        Value *row = rows_add(rows);
        row[0] = rows_text(list.at[i].key);
        row[1] = rows_text(command_redacted(list.at[i].key, list.at[i].value));
    }
    return ST_OK;
}

static Rows *current_namespace(Run *r)
{
    static const char *const columns[] = { "catalog", "namespace", NULL };
    Rows *rows = command_table(r, columns);
    Value *row = rows_add(rows);
    row[0] = rows_text(CATALOG_NAME);
    row[1] = rows_text(command_database(r));
    return rows;
}

Status command_show(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const catalogs[] = { "catalog", NULL };
    const Show *s = node_as(Show, command);
    if (str_ieq(s->what, "TABLES") || str_ieq(s->what, "VIEWS"))
        return show_tables(r, s, str_ieq(s->what, "VIEWS"), ret_rows, err);
    if (str_ieq(s->what, "DATABASES"))
        return show_databases(r, s, ret_rows, err);
    if (str_ieq(s->what, "COLUMNS"))
        return show_columns(r, s, ret_rows, err);
    if (str_ieq(s->what, "TBLPROPERTIES"))
        return show_properties(r, s, ret_rows, err);
    if (str_ieq(s->what, "PARTITIONS"))
        return command_show_partitions(r, s, ret_rows, err);
    if (str_ieq(s->what, "CREATE TABLE"))
        return command_show_create(r, s, ret_rows, err);
    if (str_ieq(s->what, "FUNCTIONS"))
        return command_show_functions(r, s, ret_rows, err);
    if (str_ieq(s->what, "CURRENT NAMESPACE")) {
        *ret_rows = current_namespace(r);
        return ST_OK;
    }
    if (str_ieq(s->what, "CATALOGS")) {
        *ret_rows = command_table(r, catalogs);
        if (catalog_like(CATALOG_NAME, s->pattern))
            *rows_add(*ret_rows) = rows_text(CATALOG_NAME);
        return ST_OK;
    }
    return command_unsupported(arena_printf(r->arena, "SHOW %s", s->what), err);
}
