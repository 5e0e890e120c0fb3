/* driver/command_alter.c -- ALTER TABLE and COMMENT ON: names, properties, places. Columns, partitions, views and databases have
 * files of their own. Source: AlterTableSetPropertiesCommand, AlterTableRenameCommand, AlterTableSetLocationCommand. */
#include "driver/command.h"

#include "ir/error.h"

/* SET TBLPROPERTIES ('comment' = …) is the table's comment. */
static void set_property(Run *r, CatalogTable *t, const char *key, const char *value)
{
    if (str_eq(key, "comment"))
        t->comment = value;
    else
        pairs_set(r->arena, &t->properties, key, value);
}

static Status properties(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    for (size_t i = 0; i < x->properties.len; i++) {
        const char *key = x->properties.at[i].key;
        if (str_eq(key, "provider") || str_eq(key, "location") || str_eq(key, "owner") || str_eq(key, "external"))
            return command_fail(err, "UNSUPPORTED_FEATURE.SET_TABLE_PROPERTY", "property", key, "msg",
                                str_eq(key, "location") ? "please use the LOCATION clause to specify it" : "it is a reserved property",
                                NULL);
        set_property(r, t, key, str_eq(x->action, "SET TBLPROPERTIES") ? x->properties.at[i].value : NULL);
    }
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

/* SERDEPROPERTIES of a source's table are its options. */
static Status serde_properties(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    for (size_t i = 0; i < x->properties.len; i++)
        pairs_set(r->arena, &t->options, x->properties.at[i].key, x->properties.at[i].value);
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

static Status location(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    if (!*x->arguments.at[0])
        return command_fail(err, "INVALID_EMPTY_LOCATION", "location", "", NULL);
    const char *slash = strrchr(t->location, '/');
    t->location = command_location(r, x->arguments.at[0], arena_strn(r->arena, t->location, (size_t)(slash - t->location)));
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

static Status rename_temporary(Run *r, const Target *t, const StrList *to, Error *err)
{
    if (to->len > 1)
        return command_fail(err, "_LEGACY_ERROR_TEMP_1074", "oldName", sql_id(r->arena, t->name), "newName",
                            catalog_quoted(r->arena, to), "db", to->at[0], NULL);
    session_lock(r->session);
    bool taken = entries_find(&r->session->views, to->at[0]) != NULL;
    KeptPlan *plan = entries_find(&r->session->views, t->name);
    if (!taken && plan) {
        atomic_fetch_add(&plan->refs, 1);
        entries_set(&r->session->views, to->at[0], plan);
        entries_remove(&r->session->views, t->name);
    }
    session_unlock(r->session);
    if (!taken)
        return ST_OK;
    return command_fail(err, "TABLE_OR_VIEW_ALREADY_EXISTS", "relationName", sql_id(r->arena, to->at[0]), NULL);
}

/* A managed table's files stay where they are: only the name changes. */
static Status rename(Run *r, const AlterObject *x, Error *err)
{
    bool view = str_eq(x->what, "VIEW");
    Target t;
    const char *database, *name;
    TRY(command_target_any(r, &x->name, &t, err));
    if (t.kind == TARGET_TEMP_VIEW)
        return rename_temporary(r, &t, &x->arguments, err);
    if (t.kind == TARGET_GLOBAL_VIEW)
        return command_unsupported("renaming a global temporary view", err);
    if (view && t.kind == TARGET_TABLE)
        return command_fail(err, "EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE", "tableName", catalog_table_id(r->arena, &t.table),
                            "operation", "ALTER VIEW ... RENAME TO", NULL);
    if (!view)
        TRY(command_target_table(r, &x->name, "ALTER TABLE ... RENAME TO", &t.table, err));
    StrList to = x->arguments;
    if (to.len == 1) { /* in the old one's database */
        StrList whole = { 0 };
        vec_push(r->arena, &whole, t.database);
        vec_push(r->arena, &whole, to.at[0]);
        to = whole;
    }
    TRY(environment_table_name(r, &to, &database, &name, err));
    if (!str_ieq(database, t.database))
        return command_fail(err, "_LEGACY_ERROR_TEMP_1073", "db", t.database, "newDb", database, NULL);
    return catalog_rename_table(driver_catalog(r->driver), t.database, t.name, name, err);
}

static Status comment(Run *r, const AlterObject *x, Error *err)
{
    const char *database, *name;
    TRY(command_new_name(r, &x->name, &database, &name, err));
    Target t;
    TRY(command_target_any(r, &x->name, &t, err));
    if (t.kind != TARGET_TABLE)
        return command_target_table(r, &x->name, "COMMENT ON TABLE", &t.table, err);
    t.table.comment = x->arguments.len ? x->arguments.at[0] : NULL;
    return catalog_alter_table(driver_catalog(r->driver), &t.table, err);
}

/* Of columns that will be added. */
static Status default_collation(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    pairs_set(r->arena, &t->properties, TABLE_COLLATION, x->arguments.at[0]);
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

static Status cluster(Run *r, const AlterObject *x, CatalogTable *t, Error *err)
{
    TRY(command_check_clustering(r, t->schema, x->arguments.at[0], err));
    pairs_set(r->arena, &t->properties, CLUSTERING, x->arguments.at[0]);
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

/* Files of Hive's tables are loaded, and there are none here. */
static Status load_data(Run *r, const AlterObject *x, Error *err)
{
    CatalogTable t;
    TRY(command_target_table(r, &x->name, "LOAD DATA", &t, err));
    for (size_t i = 0; i < x->partition_values.len; i++) {
        const Node *target = node_as(Assignment, x->partition_values.at[i])->target;
        const char *name = node_as(Attribute, target)->name.at[0];
        if (!names_have(&t.partition_by, name))
            return command_fail(err, "PARTITIONS_NOT_FOUND", "partitionList", sql_id(r->arena, name), "tableName", catalog_table_id(r->arena, &t), NULL);
    }
    return command_fail(err, "_LEGACY_ERROR_TEMP_1261", "tableIdentWithDB", catalog_table_id(r->arena, &t), NULL);
}

static Status alter_table(Run *r, const AlterObject *x, Error *err)
{
    static const struct {
        const char *action, *operation;
        Status (*run)(Run *r, const AlterObject *x, CatalogTable *t, Error *err);
    } actions[] = {
        { "SET TBLPROPERTIES", "ALTER TABLE ... SET TBLPROPERTIES", properties },
        { "UNSET TBLPROPERTIES", "ALTER TABLE ... UNSET TBLPROPERTIES", properties },
        { "SET SERDEPROPERTIES", "ALTER TABLE ... SET [SERDE|SERDEPROPERTIES]", serde_properties },
        { "SET LOCATION", "ALTER TABLE ... SET LOCATION ...", location },
        { "DEFAULT COLLATION", "ALTER TABLE ... DEFAULT COLLATION", default_collation },
        { "CLUSTER BY", "ALTER TABLE ... CLUSTER BY", cluster },
    };
    if (str_eq(x->action, "LOAD DATA"))
        return load_data(r, x, err);
    if (str_starts(x->action, "SET SERDE") && x->partition_values.len)
        return command_unsupported("ALTER TABLE SET [SERDE | SERDEPROPERTIES] for a specific partition", err);
    if (strstr(x->action, "PARTITION") || x->partition_values.len)
        return command_alter_partitions(r, x, err);
    if (strstr(x->action, "COLUMN"))
        return command_alter_columns(r, x, err);
    if (str_eq(x->action, "COMMENT"))
        return comment(r, x, err);
    CatalogTable t;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (str_eq(actions[i].action, x->action)) {
            TRY(command_target_table(r, &x->name, actions[i].operation, &t, err));
            return actions[i].run(r, x, &t, err);
        }
    TRY(command_target_table(r, &x->name, "ALTER TABLE", &t, err));
    if (str_starts(x->action, "SET SERDE"))
        return command_table_unsupported(r, &t, "ALTER TABLE ... SET [SERDE|SERDEPROPERTIES]", err);
    if (str_eq(x->action, "ADD CONSTRAINT") || str_eq(x->action, "DROP CONSTRAINT"))
        return command_table_unsupported(r, &t, x->action, err);
    return command_unsupported(arena_printf(r->arena, "ALTER TABLE %s", x->action), err);
}

Status command_alter(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const AlterObject *x = node_as(AlterObject, command);
    *ret_rows = command_nothing(r);
    if (str_eq(x->action, "RENAME TO"))
        return rename(r, x, err);
    if (str_eq(x->what, "TABLE"))
        return alter_table(r, x, err);
    return str_eq(x->what, "VIEW") ? command_alter_view(r, x, err) : command_alter_namespace(r, x, err);
}
