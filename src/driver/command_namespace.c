/* driver/command_namespace.c -- databases: CREATE, ALTER, DESCRIBE. Source: CreateNamespaceExec, AlterNamespaceSetPropertiesExec,
 * DescribeNamespaceExec. */
#include "driver/command.h"

#include "ir/error.h"

Status command_namespace(Run *r, const StrList *name, const char **ret_name, Error *err)
{
    size_t n = name->len;
    if (n == 2 && str_ieq(name->at[0], CATALOG_NAME))
        n = 1;
    if (n != 1)
        return command_fail(err, "REQUIRES_SINGLE_PART_NAMESPACE", "sessionCatalog", CATALOG_NAME, "namespace",
                            catalog_quoted(r->arena, name), NULL);
    *ret_name = name->at[name->len - 1];
    return ST_OK;
}

Status command_create_namespace(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateNamespace *c = node_as(CreateNamespace, command);
    CatalogDatabase d = { .comment = c->comment, .properties = c->properties, .owner = r->session->user };
    *ret_rows = command_nothing(r);
    TRY(command_namespace(r, &c->name, &d.name, err));
    if (c->location && !*c->location)
        return command_fail(err, "INVALID_EMPTY_LOCATION", "location", "", NULL);
    if (c->location)
        d.location = command_location(r, c->location, catalog_warehouse(driver_catalog(r->driver)));
    if (str_ieq(d.name, run_conf(r, "spark.sql.globalTempDatabase")))
        return command_fail(err, "_LEGACY_ERROR_TEMP_1066", "database", d.name, NULL);
    return catalog_create_database(driver_catalog(r->driver), &d, c->if_not_exists, err);
}

Status command_alter_namespace(Run *r, const AlterObject *x, Error *err)
{
    const char *name;
    CatalogDatabase d;
    TRY(command_namespace(r, &x->name, &name, err));
    TRY(catalog_database(driver_catalog(r->driver), r->arena, name, &d, err));
    if (str_eq(x->action, "SET DBPROPERTIES")) {
        for (size_t i = 0; i < x->properties.len; i++)
            pairs_set(r->arena, &d.properties, x->properties.at[i].key, x->properties.at[i].value);
    } else if (str_eq(x->action, "UNSET DBPROPERTIES")) {
        for (size_t i = 0; i < x->properties.len; i++)
            pairs_set(r->arena, &d.properties, x->properties.at[i].key, NULL);
    } else if (str_eq(x->action, "SET LOCATION")) {
        if (!*x->arguments.at[0])
            return command_fail(err, "INVALID_EMPTY_LOCATION", "location", "", NULL);
        d.location = command_location(r, x->arguments.at[0], catalog_warehouse(driver_catalog(r->driver)));
    } else if (str_eq(x->action, "COMMENT")) {
        d.comment = x->arguments.len ? x->arguments.at[0] : "";
    } else if (!str_eq(x->action, "DEFAULT COLLATION")) { /* the parser lets only UTF8_BINARY through */
        return command_unsupported(arena_printf(r->arena, "ALTER DATABASE %s", x->action), err);
    }
    return catalog_alter_database(driver_catalog(r->driver), &d, err);
}

static void add(Rows *rows, const char *name, const char *value)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(name);
    row[1] = rows_text(value ? value : "");
}

/* "((a,1),(b,2))" */
static const char *properties_text(Run *r, KeyValueList *list)
{
    str_auto out = STR_INIT(1 << 20);
    pairs_sort(list);
    if (!list->len)
        return "";
    for (size_t i = 0; i < list->len; i++)
        str_addf(&out, "%s(%s,%s)", i ? ", " : "(", list->at[i].key, command_redacted(list->at[i].key, list->at[i].value));
    str_addc(&out, ')');
    return str_arena(&out, r->arena);
}

Status command_describe_namespace(Run *r, const DescribeObject *d, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "info_name", "info_value", NULL };
    const char *name;
    CatalogDatabase database;
    TRY(command_namespace(r, &d->name, &name, err));
    TRY(catalog_database(driver_catalog(r->driver), r->arena, name, &database, err));
    Rows *rows = command_table(r, columns);
    add(rows, "Catalog Name", CATALOG_NAME);
    add(rows, "Namespace Name", database.name);
    add(rows, "Comment", database.comment);
    add(rows, "Location", database.location);
    add(rows, "Owner", database.owner);
    if (d->extended)
        add(rows, "Properties", properties_text(r, &database.properties));
    *ret_rows = rows;
    return ST_OK;
}
