/* svc/glue/partitions.c -- partitions of the catalog's tables, one by one and in batches. */
#include "base/str.h"
#include "svc/glue/expression.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

enum { PAGE_PARTITIONS = 1000 };

static const char *database_name(Call *call)
{
    return val_str(call->input, "DatabaseName");
}

static const char *table_name(Call *call)
{
    return val_str(call->input, "TableName");
}

static Val *partition_out(Call *call, const MetaPartition *p)
{
    Arena *a = call->arena;
    Val *out = glue_copy(a, p->input);
    val_set(a, out, "Values", glue_text_list(a, &p->values));
    val_set_str(a, out, "DatabaseName", glue_lower(a, database_name(call)));
    val_set_str(a, out, "TableName", glue_lower(a, table_name(call)));
    val_set_str(a, out, "CatalogId", call->server->account);
    val_set_time(a, out, "CreationTime", p->created_ms);
    return out;
}

/* A failed batch item under its partition's values. */
static void item_failed(Call *call, Val *errors, const char *member, const Val *values, const Error *why)
{
    Val *entry = val_map(call->arena);
    val_set(call->arena, entry, member, glue_val(values));
    glue_batch_error(call->arena, errors, entry, "ErrorDetail", why);
}

/* --- one --- */

static Status add_one(Call *call, Metastore *m, const Val *input, Error *err)
{
    Val *one = val_list(call->arena);
    val_push(call->arena, one, glue_val(input));
    return metastore_add_partitions(m, database_name(call), table_name(call), one, false, err);
}

Status glue_create_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return add_one(call, m, val_get(call->input, "PartitionInput"), err);
}

Status glue_get_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    MetaPartition p;
    StrList values = glue_texts(call->arena, val_get(call->input, "PartitionValues"));
    TRY(glue_catalog(call, &m, err));
    TRY(metastore_partition(m, call->arena, database_name(call), table_name(call), &values, &p, err));
    val_set(call->arena, call->output, "Partition", partition_out(call, &p));
    return ST_OK;
}

static Status update_one(Call *call, Metastore *m, const Val *values, const Val *input, Error *err)
{
    StrList old = glue_texts(call->arena, values);
    return metastore_update_partition(m, database_name(call), table_name(call), &old, input, err);
}

Status glue_update_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return update_one(call, m, val_get(call->input, "PartitionValueList"), val_get(call->input, "PartitionInput"), err);
}

static Status delete_one(Call *call, Metastore *m, const Val *list, Error *err)
{
    StrList values = glue_texts(call->arena, list);
    return metastore_drop_partition(m, database_name(call), table_name(call), &values, err);
}

Status glue_delete_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    TRY(glue_catalog(call, &m, err));
    return delete_one(call, m, val_get(call->input, "PartitionValues"), err);
}

/* --- batches: each item by itself --- */

static Status begin_batch(Call *call, Metastore **ret_metastore, Error *err)
{
    MetaTable t;
    TRY(glue_catalog(call, ret_metastore, err));
    return metastore_table(*ret_metastore, call->arena, database_name(call), table_name(call), &t, err);
}

Status glue_batch_create_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *inputs = val_get(call->input, "PartitionInputList");
    Val *errors = val_list(call->arena);
    TRY(begin_batch(call, &m, err));
    /* At once in one transaction; when that fails, what can be made is made. */
    bool all = metastore_add_partitions(m, database_name(call), table_name(call), inputs, false, NULL) == ST_OK;
    for (size_t i = 0; i < val_len(inputs) && !all; i++) {
        Error why = ERROR_INIT;
        if (add_one(call, m, val_at(inputs, i), &why) != ST_OK)
            item_failed(call, errors, "PartitionValues", val_get(val_at(inputs, i), "Values"), &why);
    }
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

Status glue_batch_get_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *wanted = val_get(call->input, "PartitionsToGet");
    Val *list = val_list(call->arena);
    TRY(begin_batch(call, &m, err));
    for (size_t i = 0; i < val_len(wanted); i++) {
        MetaPartition p;
        StrList values = glue_texts(call->arena, val_get(val_at(wanted, i), "Values"));
        Status status = metastore_partition(m, call->arena, database_name(call), table_name(call), &values, &p, err);
        if (status == ST_OK)
            val_push(call->arena, list, partition_out(call, &p));
        else if (status != ST_NOT_FOUND)
            return status;
    }
    val_set(call->arena, call->output, "Partitions", list);
    val_set(call->arena, call->output, "UnprocessedKeys", val_list(call->arena));
    return ST_OK;
}

Status glue_batch_update_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *entries = val_get(call->input, "Entries");
    Val *errors = val_list(call->arena);
    TRY(begin_batch(call, &m, err));
    for (size_t i = 0; i < val_len(entries); i++) {
        Error why = ERROR_INIT;
        const Val *values = val_get(val_at(entries, i), "PartitionValueList");
        if (update_one(call, m, values, val_get(val_at(entries, i), "PartitionInput"), &why) != ST_OK)
            item_failed(call, errors, "PartitionValueList", values, &why);
    }
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

Status glue_batch_delete_partition(Call *call, Error *err)
{
    metastore_auto *m = NULL;
    const Val *wanted = val_get(call->input, "PartitionsToDelete");
    Val *errors = val_list(call->arena);
    TRY(begin_batch(call, &m, err));
    for (size_t i = 0; i < val_len(wanted); i++) {
        Error why = ERROR_INIT;
        const Val *values = val_get(val_at(wanted, i), "Values");
        if (delete_one(call, m, values, &why) != ST_OK)
            item_failed(call, errors, "PartitionValues", values, &why);
    }
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}

/* --- GetPartitions --- */

typedef struct Filter {
    const Expression *expression;
    uint64_t segment, segments; /* segments 0: all */
    Status status;              /* of the first value that is not of its key's type */
    Error why;
} Filter;

static uint64_t hash_of(const StrList *values)
{
    uint64_t hash = 1469598103934665603U;
    for (size_t i = 0; i < values->len; i++)
        for (const char *c = values->at[i];; c++) {
            hash = (hash ^ (unsigned char)*c) * 1099511628211U;
            if (!*c)
                break;
        }
    return hash;
}

static bool filter_keeps(void *self, const StrList *values)
{
    Filter *f = self;
    bool matches = false;
    if (f->status != ST_OK || (f->segments && hash_of(values) % f->segments != f->segment))
        return false;
    f->status = expression_matches(f->expression, values, &matches, &f->why);
    return f->status == ST_OK && matches;
}

static Status filter_of(Call *call, Metastore *m, Filter *ret_filter, Error *err)
{
    MetaTable t;
    PartitionKeyList keys = { 0 };
    Expression *expression = NULL;
    const Val *segment = val_get(call->input, "Segment");
    TRY(metastore_table(m, call->arena, database_name(call), table_name(call), &t, err));
    const Val *columns = val_get(t.input, "PartitionKeys");
    for (size_t i = 0; i < val_len(columns); i++) {
        const char *type = val_str(val_at(columns, i), "Type");
        vec_push(call->arena, &keys, (PartitionKey){ val_str(val_at(columns, i), "Name"), type ? type : "string" });
    }
    TRY(expression_parse(call->arena, val_str(call->input, "Expression"), &keys, &expression, err));
    *ret_filter = (Filter){ .expression = expression };
    if (segment) {
        ret_filter->segments = (uint64_t)val_int(segment, "TotalSegments", 1);
        ret_filter->segment = (uint64_t)val_int(segment, "SegmentNumber", 0);
        if (!ret_filter->segments || ret_filter->segment >= ret_filter->segments)
            return glue_invalid(err, "Segment number must be less than the number of segments.");
    }
    return ST_OK;
}

static Val *without_columns(Call *call, Val *partition)
{
    Val *storage = glue_copy(call->arena, val_get(partition, "StorageDescriptor"));
    if (val_len(storage)) {
        val_set(call->arena, storage, "Columns", val_list(call->arena));
        val_set(call->arena, partition, "StorageDescriptor", storage);
    }
    return partition;
}

Status glue_get_partitions(Call *call, Error *err)
{
    Arena *a = call->arena;
    metastore_auto *m = NULL;
    Filter filter;
    MetaPartitionList found;
    const char *after = NULL;
    int64_t wanted = val_int(call->input, "MaxResults", PAGE_PARTITIONS);
    size_t max = wanted > 0 && wanted < PAGE_PARTITIONS ? (size_t)wanted : PAGE_PARTITIONS;
    TRY(glue_catalog(call, &m, err));
    TRY(filter_of(call, m, &filter, err));
    TRY(glue_token_read(call, &after, err));
    StrList last = glue_texts(a, glue_json(a, after));
    MetaPartitionScan scan = { filter_keeps, &filter, after ? &last : NULL, max + 1 };
    TRY(metastore_partitions_scan(m, a, database_name(call), table_name(call), &scan, &found, err));
    if (filter.status != ST_OK) {
        *err = filter.why;
        return filter.status;
    }
    Val *list = val_list(a);
    bool bare = val_bool(call->input, "ExcludeColumnSchema", false);
    for (size_t i = 0; i < found.len && i < max; i++) {
        Val *out = partition_out(call, &found.at[i]);
        val_push(a, list, bare ? without_columns(call, out) : out);
    }
    if (found.len > max)
        val_set_str(a, call->output, "NextToken", glue_token(a, val_to_json(a, glue_text_list(a, &found.at[max - 1].values))));
    val_set(a, call->output, "Partitions", list);
    return ST_OK;
}
