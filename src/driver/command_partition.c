/* driver/command_partition.c -- partitions of tables: PARTITION clauses, SHOW PARTITIONS, ALTER TABLE … ADD, DROP and RENAME
 * PARTITION, MSCK REPAIR. Source: PartitioningUtils, AlterTable*PartitionCommand, RepairTableCommand. */
#include "driver/command.h"

#include "back/duckdb/sink.h"
#include "ir/enums.h"
#include "ir/error.h"

#define NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"

static const char *key_of(const Node *assignment)
{
    const Attribute *name = node_as(Attribute, node_as(Assignment, assignment)->target);
    return name->name.at[name->name.len - 1];
}

static const Field *column(const CatalogTable *t, const char *name)
{
    for (size_t i = 0; i < t->schema->nfields; i++)
        if (str_ieq(t->schema->fields[i].name, name))
            return &t->schema->fields[i];
    return NULL;
}

/* The value as its column's type prints it: '01' of an INT column is 1. */
static Status value_text(Run *r, const Node *value, const Type *type, const char **ret_text, Error *err)
{
    if (type->kind == TYPE_CHAR || type->kind == TYPE_VARCHAR || type->kind == TYPE_BINARY)
        type = &type_string;
    Node *x = (Node *)(uintptr_t)value;
    if (type->kind != TYPE_STRING)
        x = node_new(r->arena, Cast, .child = x, .to = type, .mode = CAST_SESSION);
    x = node_new(r->arena, Cast, .child = x, .to = &type_string, .mode = CAST_SESSION);
    StrList names = { 0 };
    NodeList exprs = { 0 };
    vec_push(r->arena, &names, "value");
    vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = x, .names = names));
    Node *project = node_new(r->arena, Project, .input = node_new(r->arena, OneRow, .unused = false), .exprs = exprs), *bound;
    Rows *rows;
    TRY(run_bind_node(r, project, &bound, err));
    TRY(run_collect(r, bound, 1, &rows, err));
    const Value *v = rows->at.at[0];
    *ret_text = v->is_null ? NULL : arena_strn(r->arena, v->text, v->text_len);
    return ST_OK;
}

static Status unknown_column(Run *r, const CatalogTable *t, const char *name, Error *err)
{
    return command_fail(err, "PARTITIONS_NOT_FOUND", "partitionList", sql_id(r->arena, name), "tableName",
                        catalog_table_id(r->arena, t), NULL);
}

static const char *joined(Run *r, const StrList *names)
{
    str_auto out = STR_INIT(1 << 16);
    for (size_t i = 0; i < names->len; i++)
        str_addf(&out, i ? ", %s" : "%s", names->at[i]);
    return str_arena(&out, r->arena);
}

static Status incomplete(Run *r, const CatalogTable *t, const StrList *keys, Error *err)
{
    return command_fail(err, "_LEGACY_ERROR_TEMP_1232", "specKeys", joined(r, keys), "partitionColumnNames",
                        joined(r, &t->partition_by), "tableName", catalog_table_id(r->arena, t), NULL);
}

Status command_partition_spec(Run *r, const CatalogTable *t, const NodeList *assignments, bool whole, PartitionSpec *ret_spec,
                              Error *err)
{
    size_t n = t->partition_by.len;
    PartitionSpec spec = { .values = ARENA_ARRAY(r->arena, const char *, n + 1), .given = ARENA_ARRAY(r->arena, bool, n + 1) };
    if (assignments->len == 1 && node_is(Alias, assignments->at[0])) {
        spec.location = node_as(Alias, assignments->at[0])->names.at[0];
        NodeList inner = { 0 };
        vec_push(r->arena, &inner, node_as(Alias, assignments->at[0])->child);
        TRY(command_partition_spec(r, t, &inner, whole, ret_spec, err));
        ret_spec->location = spec.location;
        return ST_OK;
    }
    if (assignments->len == 1 && node_is(Row, assignments->at[0]))
        return command_partition_spec(r, t, &node_as(Row, assignments->at[0])->items, whole, ret_spec, err);
    StrList keys = { 0 };
    for (size_t i = 0; i < assignments->len; i++)
        vec_push(r->arena, &keys, key_of(assignments->at[i]));
    if (whole && keys.len != n)
        return incomplete(r, t, &keys, err);
    for (size_t i = 0; i < assignments->len; i++) {
        size_t k = 0;
        while (k < n && !str_ieq(t->partition_by.at[k], keys.at[i]))
            k++;
        if (k == n)
            return unknown_column(r, t, keys.at[i], err);
        const Node *value = node_as(Assignment, assignments->at[i])->value;
        if (!value) /* a dynamic one */
            continue;
        const Field *f = column(t, t->partition_by.at[k]);
        TRY(value_text(r, value, f ? f->type : &type_string, &spec.values[k], err));
        spec.ngiven += !spec.given[k];
        spec.given[k] = true;
    }
    if (whole && spec.ngiven != n)
        return incomplete(r, t, &keys, err);
    *ret_spec = spec;
    return ST_OK;
}

Status command_partitions(Run *r, const CatalogTable *t, const PartitionSpec *spec, CatalogPartitionList *ret_list, Error *err)
{
    CatalogPartitionList all, list = { 0 };
    TRY(catalog_partitions(driver_catalog(r->driver), r->arena, t, &all, err));
    for (size_t i = 0; i < all.len; i++) {
        bool match = true;
        for (size_t k = 0; spec && match && k < t->partition_by.len; k++)
            match = !spec->given[k] || str_eq(spec->values[k], all.at[i].values.at[k]);
        if (match)
            vec_push(r->arena, &list, all.at[i]);
    }
    *ret_list = list;
    return ST_OK;
}

const char *command_partition_path(Run *r, const CatalogTable *t, const char *const *values)
{
    str_auto out = STR_INIT(1 << 20);
    for (size_t i = 0; i < t->partition_by.len; i++) {
        const Field *f = column(t, t->partition_by.at[i]);
        str_add(&out, i ? "/" : "");
        sink_escape_path(f ? f->name : t->partition_by.at[i], &out);
        str_addc(&out, '=');
        if (values[i] && *values[i])
            sink_escape_path(values[i], &out);
        else
            str_add(&out, NULL_PARTITION);
    }
    return str_arena(&out, r->arena);
}

const char *command_partition_location(Run *r, const CatalogTable *t, const char *const *values)
{
    return arena_printf(r->arena, "%s/%s", t->location, command_partition_path(r, t, values));
}

StrList command_spec_values(Run *r, const CatalogTable *t, const PartitionSpec *spec)
{
    StrList values = { 0 };
    for (size_t i = 0; i < t->partition_by.len; i++)
        vec_push(r->arena, &values, spec->values[i]);
    return values;
}

/* "PARTITION (`c` = Us, `d` = 2)" */
static const char *spec_words(Run *r, const CatalogTable *t, const char *const *values)
{
    str_auto out = STR_INIT(1 << 16);
    str_add(&out, "PARTITION (");
    for (size_t i = 0; i < t->partition_by.len; i++)
        str_addf(&out, "%s%s = %s", i ? ", " : "", sql_id(r->arena, t->partition_by.at[i]), values[i] ? values[i] : "null");
    str_addc(&out, ')');
    return str_arena(&out, r->arena);
}

static const char *short_id(Run *r, const CatalogTable *t)
{
    return arena_printf(r->arena, "%s.%s", sql_id(r->arena, t->database), sql_id(r->arena, t->name));
}

Status command_partitions_missing(Run *r, const CatalogTable *t, const char *const *values, Error *err)
{
    return command_fail(err, "PARTITIONS_NOT_FOUND", "partitionList", spec_words(r, t, values), "tableName", short_id(r, t), NULL);
}

static Status partitioned(Run *r, const CatalogTable *t, Error *err)
{
    if (t->partition_by.len)
        return ST_OK;
    return command_fail(err, "INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY", "name", catalog_table_id(r->arena, t), NULL);
}

Status command_show_partitions(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "partition", NULL };
    CatalogTable t;
    PartitionSpec spec = { 0 };
    CatalogPartitionList list;
    TRY(command_target_table(r, &s->name, "SHOW PARTITIONS", &t, err));
    TRY(partitioned(r, &t, err));
    if (s->partition_values.len)
        TRY(command_partition_spec(r, &t, &s->partition_values, false, &spec, err));
    TRY(command_partitions(r, &t, s->partition_values.len ? &spec : NULL, &list, err));
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < list.len; i++)
        *rows_add(*ret_rows) = rows_text(command_partition_path(r, &t, list.at[i].values.at));
    return ST_OK;
}

/* ---- ALTER TABLE */

static bool is_registered(const CatalogPartitionList *all, const StrList *values)
{
    for (size_t i = 0; i < all->len; i++) {
        bool same = true;
        for (size_t k = 0; same && k < values->len; k++)
            same = str_eq(all->at[i].values.at[k], values->at[k]);
        if (same)
            return true;
    }
    return false;
}

static Status add_partitions(Run *r, const AlterObject *x, const CatalogTable *t, Error *err)
{
    CatalogPartitionList all, add = { 0 };
    TRY(command_partitions(r, t, NULL, &all, err));
    for (size_t i = 0; i < x->partition_values.len; i++) {
        NodeList one = { 0 };
        PartitionSpec spec;
        vec_push(r->arena, &one, x->partition_values.at[i]);
        TRY(command_partition_spec(r, t, &one, true, &spec, err));
        CatalogPartition p = { .values = command_spec_values(r, t, &spec) };
        p.location = spec.location ? command_location(r, spec.location, t->location)
                                   : command_partition_location(r, t, spec.values);
        if (is_registered(&all, &p.values) && !x->if_exists)
            return command_fail(err, "PARTITIONS_ALREADY_EXIST", "partitionList", spec_words(r, t, spec.values), "tableName",
                                short_id(r, t), NULL);
        vec_push(r->arena, &add, p);
    }
    return catalog_add_partitions(driver_catalog(r->driver), t, &add, x->if_exists, err);
}

static Status remove_files(Run *r, const char *uri, Error *err)
{
    bool exists = false;
    TRY(lake_exists(driver_lake(r->driver), uri, &exists, err));
    return exists ? lake_remove(driver_lake(r->driver), uri, err) : ST_OK;
}

static Status drop_partitions(Run *r, const AlterObject *x, const CatalogTable *t, Error *err)
{
    CatalogPartitionList drop = { 0 };
    for (size_t i = 0; i < x->partition_values.len; i++) {
        NodeList one = { 0 };
        PartitionSpec spec;
        CatalogPartitionList found;
        vec_push(r->arena, &one, x->partition_values.at[i]);
        TRY(command_partition_spec(r, t, &one, false, &spec, err));
        TRY(command_partitions(r, t, &spec, &found, err));
        if (!found.len && !x->if_exists)
            return command_partitions_missing(r, t, spec.values, err);
        for (size_t k = 0; k < found.len; k++)
            vec_push(r->arena, &drop, found.at[k]);
    }
    for (size_t i = 0; i < drop.len; i++) {
        TRY(catalog_drop_partition(driver_catalog(r->driver), t, &drop.at[i].values, err));
        if (t->kind == CATALOG_MANAGED)
            TRY(remove_files(r, drop.at[i].location, err));
    }
    return ST_OK;
}

/* The files move by being written again: the lake has no rename, and a copy that is not whole is not seen. */
static Status move_files(Run *r, const char *from, const char *to, Error *err)
{
    enum { FILE_MAX_BYTES = 1 << 30 };
    LakeFileList files = { 0 };
    Error missing = ERROR_INIT;
    if (lake_list(driver_lake(r->driver), r->arena, from, &files, &missing) == ST_NOT_FOUND)
        return ST_OK;
    LakeStage *stage;
    LakeOutputList outputs = { 0 };
    TRY(lake_stage(driver_lake(r->driver), r->arena, to, &stage, err));
    Status status = ST_OK;
    for (size_t i = 0; i < files.len && status == ST_OK; i++) {
        const char *name = strrchr(files.at[i].uri, '/') + 1;
        status = lake_fetch(driver_lake(r->driver), files.at[i].uri, arena_printf(r->arena, "%s/%s", stage->folder, name), err);
        vec_push(r->arena, &outputs, (LakeOutput){ .name = name, .rows = -1 });
    }
    if (status == ST_OK)
        status = lake_commit(driver_lake(r->driver), stage, LAKE_OVERWRITE, &outputs, false, err);
    else
        lake_abort(driver_lake(r->driver), stage);
    return status;
}

/* ALTER TABLE t PARTITION (…) RENAME TO PARTITION (…): `columns` hold the new values. */
static Status rename_partition(Run *r, const AlterObject *x, const CatalogTable *t, Error *err)
{
    PartitionSpec from, to;
    CatalogPartitionList found, taken;
    TRY(command_partition_spec(r, t, &x->partition_values, true, &from, err));
    TRY(command_partition_spec(r, t, &x->columns, true, &to, err));
    TRY(command_partitions(r, t, &from, &found, err));
    if (!found.len)
        return command_partitions_missing(r, t, from.values, err);
    TRY(command_partitions(r, t, &to, &taken, err));
    if (taken.len)
        return command_fail(err, "PARTITIONS_ALREADY_EXIST", "partitionList", spec_words(r, t, to.values), "tableName",
                            short_id(r, t), NULL);
    CatalogPartition p = found.at[0];
    const char *old = p.location;
    p.values = command_spec_values(r, t, &to);
    if (t->kind == CATALOG_MANAGED) {
        p.location = command_partition_location(r, t, to.values);
        TRY(move_files(r, old, p.location, err));
    }
    CatalogPartitionList add = { 0 };
    vec_push(r->arena, &add, p);
    TRY(catalog_add_partitions(driver_catalog(r->driver), t, &add, false, err));
    StrList values = command_spec_values(r, t, &from);
    TRY(catalog_drop_partition(driver_catalog(r->driver), t, &values, err));
    return t->kind == CATALOG_MANAGED ? remove_files(r, old, err) : ST_OK;
}

static Status partition_location(Run *r, const AlterObject *x, const CatalogTable *t, Error *err)
{
    PartitionSpec spec;
    CatalogPartitionList found;
    TRY(command_partition_spec(r, t, &x->partition_values, true, &spec, err));
    TRY(command_partitions(r, t, &spec, &found, err));
    if (!found.len)
        return command_partitions_missing(r, t, spec.values, err);
    found.at[0].location = command_location(r, x->arguments.at[0], t->location);
    return catalog_alter_partition(driver_catalog(r->driver), t, &found.at[0], err);
}

Status command_alter_partitions(Run *r, const AlterObject *x, Error *err)
{
    static const struct {
        const char *action, *operation;
        Status (*run)(Run *r, const AlterObject *x, const CatalogTable *t, Error *err);
    } actions[] = {
        { "ADD PARTITION", "ALTER TABLE ... ADD PARTITION ...", add_partitions },
        { "DROP PARTITION", "ALTER TABLE ... DROP PARTITION ...", drop_partitions },
        { "RENAME PARTITION", "ALTER TABLE ... RENAME TO PARTITION", rename_partition },
        { "SET LOCATION", "ALTER TABLE ... SET LOCATION ...", partition_location },
    };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        CatalogTable t;
        if (!str_eq(actions[i].action, x->action))
            continue;
        TRY(command_target_table(r, &x->name, actions[i].operation, &t, err));
        TRY(partitioned(r, &t, err));
        return actions[i].run(r, x, &t, err);
    }
    return command_unsupported(arena_printf(r->arena, "ALTER TABLE … PARTITION … %s", x->action), err);
}

/* ---- MSCK REPAIR */

/* The values in one file's folders below the table's location; false when they are no partition of it. */
static bool values_of_path(Run *r, const CatalogTable *t, const char *rest, StrList *ret_values, const char **ret_end)
{
    StrList values = { 0 };
    for (size_t i = 0; i < t->partition_by.len; i++) {
        const char *equals = strchr(rest, '='), *slash = strchr(rest, '/');
        char *name, *value;
        size_t n;
        if (!equals || !slash || equals > slash || !uri_decode(r->arena, rest, (size_t)(equals - rest), false, &name, &n) ||
            !str_ieq(name, t->partition_by.at[i]) ||
            !uri_decode(r->arena, equals + 1, (size_t)(slash - equals - 1), false, &value, &n))
            return false;
        vec_push(r->arena, &values, str_eq(value, NULL_PARTITION) ? NULL : value);
        rest = slash + 1;
    }
    *ret_values = values;
    *ret_end = rest - 1;
    return true;
}

static const char *below(const char *uri, const char *root)
{
    const char *u = strstr(uri, ":/"), *b = strstr(root, ":/");
    u = u ? u + 1 : uri;
    b = b ? b + 1 : root;
    u += strspn(u, "/");
    b += strspn(b, "/");
    size_t n = strlen(b);
    return strncmp(u, b, n) == 0 && u[n] == '/' ? u + n + 1 : NULL;
}

Status command_recover(Run *r, const CatalogTable *t, bool add, bool drop, Error *err)
{
    LakeFileList files = { 0 };
    CatalogPartitionList all, found = { 0 };
    Error missing = ERROR_INIT;
    Status status = lake_list(driver_lake(r->driver), r->arena, t->location, &files, &missing);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = missing;
        return status;
    }
    TRY(command_partitions(r, t, NULL, &all, err));
    for (size_t i = 0; i < files.len; i++) {
        CatalogPartition p = { 0 };
        const char *rest = below(files.at[i].uri, t->location), *end = NULL;
        if (!rest || !values_of_path(r, t, rest, &p.values, &end) || is_registered(&found, &p.values))
            continue;
        p.location = arena_strn(r->arena, files.at[i].uri, (size_t)(end - files.at[i].uri));
        vec_push(r->arena, &found, p);
    }
    if (add && found.len)
        TRY(catalog_add_partitions(driver_catalog(r->driver), t, &found, true, err));
    for (size_t i = 0; drop && i < all.len; i++) {
        bool exists = false;
        TRY(lake_exists(driver_lake(r->driver), all.at[i].location, &exists, err));
        if (!exists)
            TRY(catalog_drop_partition(driver_catalog(r->driver), t, &all.at[i].values, err));
    }
    return ST_OK;
}

Status command_repair(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Repair *x = node_as(Repair, command);
    CatalogTable t;
    *ret_rows = command_nothing(r);
    TRY(command_target_table(r, &x->table, "MSCK REPAIR TABLE", &t, err));
    if (!t.partition_by.len)
        return command_fail(err, "NOT_A_PARTITIONED_TABLE", "operation", "MSCK REPAIR TABLE", "tableIdentWithDB",
                            catalog_table_id(r->arena, &t), NULL);
    return command_recover(r, &t, x->add, x->drop, err);
}
