/* svc/glue/tables.c -- tables of the catalog and their versions. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"
#include "svc/glue/name_pattern.h"

#include <stdlib.h>

enum { PAGE_TABLES = 100, PAGE_SEARCH = 1000 };

static Val *table_out(Call *call, const MetaTable *t)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, t->input);
    val_set_str(a, out, "Name", t->name);
    val_set_str(a, out, "DatabaseName", t->database);
    val_set_str(a, out, "CatalogId", call->server->account);
    val_set_time(a, out, "CreateTime", t->created_ms);
    val_set_time(a, out, "UpdateTime", t->updated_ms);
    val_set_str(a, out, "VersionId", arena_printf(a, "%lld", (long long)t->version));
    val_set_bool(a, out, "IsRegisteredWithLakeFormation", false);
    return out;
}

/* An Iceberg table by OpenTableFormatInput: the catalog's entry as Glue makes it. Its metadata file is the writer's to make. */
static Status with_format(Call *call, const Val *input, const Val **ret_input, Error *err)
{
    const Val *iceberg = val_get(val_get(call->input, "OpenTableFormatInput"), "IcebergInput");
    *ret_input = input;
    if (!iceberg)
        return ST_OK;
    if (val_get(iceberg, "CreateIcebergTableInput"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "InvalidInputException", "weir does not make Iceberg metadata from CreateIcebergTableInput yet");
    Val *copy = glue_copy(call->arena, input), *parameters = glue_copy(call->arena, val_get(input, "Parameters"));
    val_set_str(call->arena, parameters, "table_type", "ICEBERG");
    val_set(call->arena, copy, "Parameters", parameters);
    *ret_input = copy;
    return ST_OK;
}

Status glue_create_table(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *input = val_get(call->input, "TableInput"), *indexes = val_get(call->input, "PartitionIndexes");
    const char *database = val_str(call->input, "DatabaseName");
    TRY(glue_catalog(call, &m, err));
    if (!input)
        return glue_invalid(err, "TableInput cannot be null.");
    TRY(with_format(call, input, &input, err));
    TRY(metastore_create_table(m, database, input, err));
    for (size_t i = 0; i < val_len(indexes); i++)
        TRY(partition_index_add(call, database, val_str(input, "Name"), val_at(indexes, i), err));
    return ST_OK;
}

Status glue_get_table(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaTable t;
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_table(m, call->arena, val_str(call->input, "DatabaseName"), val_str(call->input, "Name"), &t, err));
    val_set(call->arena, call->output, "Table", table_out(call, &t));
    return ST_OK;
}

Status glue_get_tables(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaTableList all;
    Pager p;
    Val *list = val_list(call->arena);
    name_pattern_auto *pattern = NULL;
    TRY(glue_catalog(call, &m, err));
    TRY(pager_begin(call, PAGE_TABLES, &p, err));
    TRY(name_pattern_new(call->arena, val_str(call->input, "Expression"), &pattern, err));
    TRY(metastore_tables(m, call->arena, val_str(call->input, "DatabaseName"), &all, err));
    for (size_t i = 0; i < all.len; i++)
        if (name_pattern_matches(pattern, all.at[i].name) && pager_take(&p, all.at[i].name))
            val_push(call->arena, list, table_out(call, &all.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "TableList", list);
    return ST_OK;
}

static Status version_of(const char *text, int64_t *ret_version, Error *err)
{
    if (!text || !str_to_i64(text, ret_version) || *ret_version < 0)
        return glue_invalid(err, "\"%s\" is not a valid version id.", text ? text : "");
    return ST_OK;
}

Status glue_update_table(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *input = val_get(call->input, "TableInput");
    const char *name = val_str(call->input, "Name") ? val_str(call->input, "Name") : val_str(input, "Name");
    int64_t version = -1;
    TRY(glue_catalog(call, &m, err));
    if (!input || !name)
        return glue_invalid(err, "TableInput cannot be null.");
    if (val_str(call->input, "VersionId"))
        TRY(version_of(val_str(call->input, "VersionId"), &version, err));
    return metastore_update_table(m, val_str(call->input, "DatabaseName"), name, input, val_bool(call->input, "SkipArchive", false),
                                  version, err);
}

Status glue_delete_table(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return metastore_drop_table(m, val_str(call->input, "DatabaseName"), val_str(call->input, "Name"), err);
}

Status glue_batch_delete_table(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaDatabase db;
    const Val *names = val_get(call->input, "TablesToDelete");
    Val *errors = val_list(call->arena);
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_database(m, call->arena, val_str(call->input, "DatabaseName"), &db, err));
    for (size_t i = 0; i < val_len(names); i++) {
        Error why = ERROR_INIT;
        if (metastore_drop_table(m, db.name, val_at(names, i)->s, &why) == ST_OK)
            continue;
        Val *entry = val_map(call->arena);
        val_set_str(call->arena, entry, "TableName", val_at(names, i)->s);
        glue_batch_error(call->arena, errors, entry, "ErrorDetail", &why);
    }
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

/* --- versions --- */

static Val *version_out(Call *call, const MetaTable *t)
{
    Val *out = val_map(call->arena), *table = table_out(call, t);
    val_set(call->arena, out, "Table", table);
    val_set_str(call->arena, out, "VersionId", val_str(table, "VersionId"));
    return out;
}

Status glue_get_table_versions(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaTableList all;
    Pager p;
    Val *list = val_list(call->arena);
    TRY(glue_catalog(call, &m, err));
    TRY(pager_begin(call, PAGE_TABLES, &p, err));
    TRY(metastore_table_versions(m, call->arena, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"), &all, err));
    for (size_t i = 0; i < all.len; i++) /* newest first: keys that ascend */
        if (pager_take(&p, arena_printf(call->arena, "%019lld", (long long)(INT64_MAX - all.at[i].version))))
            val_push(call->arena, list, version_out(call, &all.at[i]));
    pager_end(call, &p);
    val_set(call->arena, call->output, "TableVersions", list);
    return ST_OK;
}

Status glue_get_table_version(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaTableList all;
    int64_t version = 0;
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_table_versions(m, call->arena, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"), &all, err));
    if (val_str(call->input, "VersionId"))
        TRY(version_of(val_str(call->input, "VersionId"), &version, err));
    else
        version = all.at[0].version;
    for (size_t i = 0; i < all.len; i++) {
        if (all.at[i].version != version)
            continue;
        val_set(call->arena, call->output, "TableVersion", version_out(call, &all.at[i]));
        return ST_OK;
    }
    return glue_missing(err, "Version not found.");
}

static Status delete_version(Call *call, Metastore *m, const char *text, Error *err)
{
    int64_t version = 0;
    TRY(version_of(text, &version, err));
    return metastore_drop_table_version(m, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"), version, err);
}

Status glue_delete_table_version(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return delete_version(call, m, val_str(call->input, "VersionId"), err);
}

Status glue_batch_delete_table_version(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaTable t;
    const Val *ids = val_get(call->input, "VersionIds");
    Val *errors = val_list(call->arena);
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_table(m, call->arena, val_str(call->input, "DatabaseName"), val_str(call->input, "TableName"), &t, err));
    for (size_t i = 0; i < val_len(ids); i++) {
        Error why = ERROR_INIT;
        if (delete_version(call, m, val_at(ids, i)->s, &why) == ST_OK)
            continue;
        Val *entry = val_map(call->arena);
        val_set_str(call->arena, entry, "TableName", t.name);
        val_set_str(call->arena, entry, "VersionId", val_at(ids, i)->s);
        glue_batch_error(call->arena, errors, entry, "ErrorDetail", &why);
    }
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

/* --- search --- */

/* What SearchText looks at: names, descriptions, parameters and columns; within quotes the whole text must be one of them. */
static bool text_found(const char *text, const char *wanted, bool exact)
{
    return text && (exact ? str_ieq(text, wanted) : strcasestr(text, wanted) != NULL);
}

static bool search_text(Arena *a, const MetaTable *t, const char *wanted)
{
    size_t n = wanted ? strlen(wanted) : 0;
    if (!n)
        return true;
    bool exact = n > 1 && wanted[0] == '"' && wanted[n - 1] == '"';
    if (exact)
        wanted = arena_strn(a, wanted + 1, n - 2);
    const Val *columns = val_get(val_get(t->input, "StorageDescriptor"), "Columns"), *parameters = val_get(t->input, "Parameters");
    bool found = text_found(t->name, wanted, exact) || text_found(t->database, wanted, exact) ||
                 text_found(val_str(t->input, "Description"), wanted, exact);
    for (size_t i = 0; i < val_len(columns) && !found; i++)
        found = text_found(val_str(val_at(columns, i), "Name"), wanted, exact) ||
                text_found(val_str(val_at(columns, i), "Comment"), wanted, exact);
    for (size_t i = 0; i < val_len(parameters) && !found; i++)
        found = text_found(parameters->names[i], wanted, exact) || text_found(parameters->items[i]->s, wanted, exact);
    return found;
}

/* The value of a filter's or an order's field: an attribute of the table, or a parameter. */
static const char *search_field(const MetaTable *t, const char *key)
{
    if (!key)
        return NULL;
    if (str_ieq(key, "Name") || str_ieq(key, "TableName"))
        return t->name;
    if (str_ieq(key, "DatabaseName"))
        return t->database;
    static const char *const members[] = { "Description", "Owner", "TableType" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (str_ieq(key, members[i]))
            return val_str(t->input, members[i]);
    const Val *parameters = val_get(t->input, "Parameters");
    const char *plain = val_str(parameters, key);
    return plain ? plain : val_str(val_get(val_get(t->input, "StorageDescriptor"), "Parameters"), key);
}

static bool filter_matches(const MetaTable *t, const Val *filter)
{
    const char *field = search_field(t, val_str(filter, "Key")), *value = val_str(filter, "Value");
    const char *comparator = val_str(filter, "Comparator");
    double x, y;
    if (!field || !value)
        return false;
    if (!comparator || str_eq(comparator, "EQUALS"))
        return !comparator ? strcasestr(field, value) != NULL : str_eq(field, value);
    int order = str_to_f64(field, &x) && str_to_f64(value, &y) ? (x > y) - (x < y) : strcmp(field, value);
    return str_eq(comparator, "GREATER_THAN") ? order > 0
           : str_eq(comparator, "LESS_THAN") ? order < 0
           : str_eq(comparator, "GREATER_THAN_EQUALS") ? order >= 0
                                                       : order <= 0;
}

typedef struct Order {
    const char *field;
    int sign;
} Order;

static int by_order(const void *x, const void *y, void *arg)
{
    const Order *order = arg;
    const MetaTable *s = x, *t = y;
    const char *p = search_field(s, order->field), *q = search_field(t, order->field);
    int result = order->field ? order->sign * strcmp(p ? p : "", q ? q : "") : 0;
    if (!result)
        result = strcmp(s->database, t->database);
    return result ? result : strcmp(s->name, t->name);
}

Status glue_search_tables(Call *call, Error *err)
{
    Arena *a = call->arena;
    metastore_auto *m = NULL;
    MetaDatabaseList databases;
    MetaTableList found = { 0 };
    Pager p;
    const Val *filters = val_get(call->input, "Filters"), *sort = val_at(val_get(call->input, "SortCriteria"), 0);
    TRY(glue_catalog(call, &m, err));
    TRY(pager_begin(call, PAGE_SEARCH, &p, err));
    TRY(metastore_databases(m, a, &databases, err));
    for (size_t i = 0; i < databases.len; i++) {
        MetaTableList all;
        TRY(metastore_tables(m, a, databases.at[i].name, &all, err));
        for (size_t j = 0; j < all.len; j++) {
            bool wanted = search_text(a, &all.at[j], val_str(call->input, "SearchText"));
            for (size_t k = 0; k < val_len(filters); k++)
                wanted = wanted && filter_matches(&all.at[j], val_at(filters, k));
            if (wanted)
                vec_push(a, &found, all.at[j]);
        }
    }
    Order order = { val_str(sort, "FieldName"), str_eq(val_str(sort, "Sort"), "DESC") ? -1 : 1 };
    if (found.len)
        qsort_r(found.at, found.len, sizeof *found.at, by_order, &order);
    Val *list = val_list(a);
    for (size_t i = 0; i < found.len; i++)
        if (pager_take(&p, arena_printf(a, "%09zu", i)))
            val_push(a, list, table_out(call, &found.at[i]));
    pager_end(call, &p);
    val_set(a, call->output, "TableList", list);
    return ST_OK;
}
