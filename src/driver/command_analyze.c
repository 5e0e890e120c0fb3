/* driver/command_analyze.c -- ANALYZE TABLE: sizes and counts of rows, kept with the table, its partitions and columns under
 * Spark's names (spark.sql.statistics.…). Source: AnalyzeTableCommand, AnalyzeColumnCommand, CatalogColumnStat. */
#include "driver/command.h"

#include "ir/enums.h"
#include "ir/error.h"

static Status size_of(Run *r, const char *uri, int64_t *ret_bytes, Error *err)
{
    LakeFileList files = { 0 };
    Error missing = ERROR_INIT;
    int64_t bytes = 0;
    Status status = lake_list(driver_lake(r->driver), r->arena, uri, &files, &missing);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        *err = missing;
        return status;
    }
    for (size_t i = 0; i < files.len; i++)
        bytes += files.at[i].size_bytes;
    *ret_bytes = bytes;
    return ST_OK;
}

static const char *number(Run *r, int64_t n)
{
    return arena_printf(r->arena, "%lld", (long long)n);
}

static Node *call(Run *r, const char *name, Node *arg, bool distinct)
{
    StrList names = { 0 };
    NodeList args = { 0 };
    vec_push(r->arena, &names, name);
    if (arg)
        vec_push(r->arena, &args, arg);
    return node_new(r->arena, Function, .name = names, .args = args, .distinct = distinct);
}

static Node *attribute(Run *r, const char *name)
{
    StrList names = { 0 };
    vec_push(r->arena, &names, name);
    return node_new(r->arena, Attribute, .name = names);
}

/* One row of aggregates over the table or those of its rows that `filter` keeps, each as text. */
static Status aggregate(Run *r, const CatalogTable *t, Node *filter, NodeList *calls, Rows **ret_rows, Error *err)
{
    NodeList exprs = { 0 };
    StrList table = { 0 };
    for (size_t i = 0; i < calls->len; i++) {
        StrList names = { 0 };
        vec_push(r->arena, &names, arena_printf(r->arena, "c%zu", i));
        Node *text = node_new(r->arena, Cast, .child = calls->at[i], .to = &type_string, .mode = CAST_SESSION);
        vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = text, .names = names));
    }
    vec_push(r->arena, &table, t->database);
    vec_push(r->arena, &table, t->name);
    Node *input = node_new(r->arena, UnresolvedRelation, .name = table), *bound;
    if (filter)
        input = node_new(r->arena, Filter, .input = input, .predicate = filter);
    TRY(run_bind_node(r, node_new(r->arena, Project, .input = input, .exprs = exprs), &bound, err));
    return run_collect(r, bound, 1, ret_rows, err);
}

static Status count_rows(Run *r, const CatalogTable *t, Node *filter, const char **ret_count, Error *err)
{
    NodeList calls = { 0 };
    Rows *rows;
    Value one = { .i = 1 };
    vec_push(r->arena, &calls, call(r, "count", node_new(r->arena, Literal, .value = arena_copy(r->arena, &one, sizeof one),
                                                         .of = &type_int), false));
    TRY(aggregate(r, t, filter, &calls, &rows, err));
    *ret_count = arena_strn(r->arena, rows->at.at[0][0].text, rows->at.at[0][0].text_len);
    return ST_OK;
}

/* The partition's own rows. */
static Node *partition_filter(Run *r, const CatalogTable *t, const CatalogPartition *p)
{
    Node *all = NULL;
    for (size_t i = 0; i < t->partition_by.len; i++) {
        NodeList args = { 0 };
        StrList op = { 0 };
        Value *v = ARENA_NEW(r->arena, Value);
        *v = (Value){ .is_null = !p->values.at[i], .text = p->values.at[i], .text_len = p->values.at[i] ? strlen(p->values.at[i]) : 0 };
        vec_push(r->arena, &op, "<=>");
        vec_push(r->arena, &args, node_new(r->arena, Cast, .child = attribute(r, t->partition_by.at[i]), .to = &type_string,
                                           .mode = CAST_SESSION));
        vec_push(r->arena, &args, node_new(r->arena, Literal, .value = v, .of = &type_string));
        Node *equal = node_new(r->arena, Function, .name = op, .args = args, .is_operator = true);
        if (all) {
            NodeList both = { 0 };
            StrList word = { 0 };
            vec_push(r->arena, &word, "and");
            vec_push(r->arena, &both, all);
            vec_push(r->arena, &both, equal);
            equal = node_new(r->arena, Function, .name = word, .args = both, .is_operator = true);
        }
        all = equal;
    }
    return all;
}

static Status analyze_partitions(Run *r, const Analyze *x, const CatalogTable *t, bool scan, Error *err)
{
    PartitionSpec spec;
    CatalogPartitionList found;
    TRY(command_partition_spec(r, t, &x->partition_values, false, &spec, err));
    TRY(command_partitions(r, t, &spec, &found, err));
    if (!found.len && spec.ngiven == t->partition_by.len)
        return command_partitions_missing(r, t, spec.values, err);
    for (size_t i = 0; i < found.len; i++) {
        CatalogPartition *p = &found.at[i];
        int64_t bytes;
        TRY(size_of(r, p->location, &bytes, err));
        pairs_set(r->arena, &p->statistics, "totalSize", number(r, bytes));
        if (scan) {
            const char *count;
            TRY(count_rows(r, t, partition_filter(r, t, p), &count, err));
            pairs_set(r->arena, &p->statistics, "numRows", count);
        }
        TRY(catalog_alter_partition(driver_catalog(r->driver), t, p, err));
    }
    return ST_OK;
}

static bool has_order(const Type *t)
{
    return type_is_numeric(t) || t->kind == TYPE_DATE || t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ ||
           t->kind == TYPE_BOOLEAN;
}

static Status analyze_column(Run *r, CatalogTable *t, const Field *f, Error *err)
{
    static const char *const facts[] = { "distinctCount", "nullCount", "min", "max", "avgLen", "maxLen" };
    bool text = f->type->kind == TYPE_STRING || f->type->kind == TYPE_CHAR || f->type->kind == TYPE_VARCHAR ||
                f->type->kind == TYPE_BINARY;
    if (!text && !has_order(f->type))
        return command_fail(err, "UNSUPPORTED_FEATURE.ANALYZE_UNSUPPORTED_COLUMN_TYPE", "columnType",
                            arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, f->type)), "columnName",
                            sql_id(r->arena, f->name), "tableName", catalog_table_id(r->arena, t), NULL);
    NodeList calls = { 0 };
    Rows *rows;
    Node *column = attribute(r, f->name);
    Node *distinct = call(r, "least", call(r, "approx_count_distinct", column, false), false); /* with Spark's default deviation, 5 % */
    vec_push(r->arena, &((Function *)(void *)distinct)->args, call(r, "count", column, false));
    vec_push(r->arena, &calls, distinct);
    vec_push(r->arena, &calls, call(r, "count_if", call(r, "isnull", column, false), false));
    if (text) {
        Node *length = call(r, "octet_length", column, false);
        vec_push(r->arena, &calls, call(r, "ceil", call(r, "avg", length, false), false));
        vec_push(r->arena, &calls, call(r, "max", length, false));
    } else {
        vec_push(r->arena, &calls, call(r, "min", column, false));
        vec_push(r->arena, &calls, call(r, "max", column, false));
    }
    TRY(aggregate(r, t, NULL, &calls, &rows, err));
    for (size_t i = 0; i < 4; i++) {
        const Value *v = &rows->at.at[0][i];
        const char *key = arena_printf(r->arena, "colStats.%s.%s", f->name, facts[i < 2 ? i : text ? i + 2 : i]);
        pairs_set(r->arena, &t->statistics, key, v->is_null ? NULL : arena_strn(r->arena, v->text, v->text_len));
    }
    return ST_OK;
}

static Status analyze_columns(Run *r, const Analyze *x, CatalogTable *t, Error *err)
{
    bool all = str_eq(x->what, "ALL COLUMNS");
    for (size_t i = 0; !all && i < x->columns.len; i++) {
        size_t k = 0;
        while (k < t->schema->nfields && !str_ieq(t->schema->fields[k].name, x->columns.at[i]))
            k++;
        if (k == t->schema->nfields)
            return command_fail(err, "COLUMN_NOT_FOUND", "colName", sql_id(r->arena, x->columns.at[i]), "caseSensitiveConfig",
                                "\"spark.sql.caseSensitive\"", NULL);
    }
    for (size_t k = 0; k < t->schema->nfields; k++)
        if (all || names_have(&x->columns, t->schema->fields[k].name))
            TRY(analyze_column(r, t, &t->schema->fields[k], err));
    return ST_OK;
}

static Status analyze_table(Run *r, const Analyze *x, CatalogTable *t, Error *err)
{
    bool scan = !strstr(x->what, "NOSCAN"), columns = str_eq(x->what, "COLUMNS") || str_eq(x->what, "ALL COLUMNS");
    CatalogPartitionList partitions = { 0 };
    int64_t total = 0, bytes;
    if (x->partition_values.len)
        return analyze_partitions(r, x, t, scan, err);
    if (t->partition_by.len)
        TRY(command_partitions(r, t, NULL, &partitions, err));
    if (!t->partition_by.len)
        TRY(size_of(r, t->location, &total, err));
    for (size_t i = 0; i < partitions.len; i++) {
        TRY(size_of(r, partitions.at[i].location, &bytes, err));
        total += bytes;
    }
    if (columns)
        TRY(analyze_columns(r, x, t, err));
    pairs_set(r->arena, &t->statistics, "totalSize", number(r, total));
    if (scan) {
        const char *count;
        TRY(count_rows(r, t, NULL, &count, err));
        pairs_set(r->arena, &t->statistics, "numRows", count);
    }
    return catalog_alter_table(driver_catalog(r->driver), t, err);
}

Status command_analyze(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Analyze *x = node_as(Analyze, command);
    CatalogTable t;
    *ret_rows = command_nothing(r);
    if (!str_starts(x->what, "TABLES")) {
        Target target;
        TRY(command_target_any(r, &x->table, &target, err));
        if (target.kind != TARGET_TABLE)
            return command_fail(err, "UNSUPPORTED_FEATURE.ANALYZE_VIEW", NULL);
        return analyze_table(r, x, &target.table, err);
    }
    const char *database = command_database(r);
    StrList names;
    if (x->table.len)
        TRY(command_namespace(r, &x->table, &database, err));
    TRY(catalog_tables(driver_catalog(r->driver), r->arena, database, &names, err));
    for (size_t i = 0; i < names.len; i++) {
        bool found;
        TRY(catalog_listed_table(driver_catalog(r->driver), r->arena, database, names.at[i], &t, &found, err));
        if (found && t.kind != CATALOG_VIEW)
            TRY(analyze_table(r, x, &t, err));
    }
    return ST_OK;
}
