/* back/duckdb/source_jdbc.c -- a table of a PostgreSQL server as a Scan, and the engine's table function weir_jdbc that reads it.
 *
 * weir_jdbc(names, schema, options, selects, partitions, filter, zone): `names` what the columns are called, `schema` the JSON of their
 * STRUCT, `options` keys and values in turn, `selects` how each column is asked for, `partitions` WHERE texts ("": all rows),
 * `filter` one more that holds for all of them ("": none). Each partition is a connection and a COPY that streams.
 * Source: JDBCRelation.columnPartition, JDBCRDD. */
#include "back/duckdb/convert.h"
#include "back/duckdb/jdbc_internal.h"
#include "back/duckdb/source_internal.h"
#include "back/duckdb/source_scan.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- partitions */
static const Field *partition_field(const JdbcRequest *r, const JdbcOptions *o, const Type *schema)
{
    for (size_t i = 0; i < schema->nfields; i++) {
        const char *name = schema->fields[i].name, *wanted = o->partition_column;
        size_t n = strlen(wanted); /* as it is, or quoted */
        bool quoted = n > 2 && wanted[0] == '"' && wanted[n - 1] == '"' && strlen(name) == n - 2 && !strncmp(wanted + 1, name, n - 2);
        if (quoted || (r->case_sensitive ? str_eq(name, wanted) : str_ieq(name, wanted)))
            return &schema->fields[i];
    }
    return NULL;
}

static Status bound(Arena *a, const JdbcRequest *r, const char *text, const Type *t, int64_t *ret, Error *err)
{
    int32_t days;
    View v = VIEW(text);
    const Zone *zone = zone_find(VIEW(r->time_zone));
    bool good = t->kind == TYPE_DATE       ? convert_date(v, &days)
                : type_is_numeric(t)       ? str_to_i64(text, ret)
                : t->kind == TYPE_TIMESTAMP ? convert_timestamp(v, zone, ret)
                                           : convert_timestamp(v, NULL, ret);
    if (good && t->kind == TYPE_DATE)
        *ret = days;
    if (good)
        return ST_OK;
    if (type_is_numeric(t))
        return FAIL_CODE(err, ST_INVALID, "", "For input string: \"%s\"", text);
    return FAIL_CODE(err, ST_INVALID, "", "Cannot parse the bound value %s as %s", text, type_catalog_text(a, t));
}

static const char *bound_text(Arena *a, const JdbcRequest *r, int64_t value, const Type *t)
{
    char out[64];
    if (type_is_numeric(t))
        return arena_printf(a, "%" PRId64, value);
    size_t n = t->kind == TYPE_DATE ? print_date(value, out)
                                    : t->kind == TYPE_TIMESTAMP ? print_local_time(zone_local(zone_find(VIEW(r->system_zone)), value), out)
                                                                : print_timestamp(value, out);
    return arena_printf(a, "'%.*s'", (int)n, out);
}

/* Strides between the bounds; the first partition has what lies below and NULL, the last what lies above. */
static Status cut(Arena *a, const JdbcRequest *r, const JdbcOptions *o, const Type *schema, StrList *ret_wheres, Error *err)
{
    const Field *f = partition_field(r, o, schema);
    int64_t lower, upper, n = o->partitions;
    if (!f)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1286",
                         "User-defined partition column %s not found in the JDBC relation: %s.", o->partition_column, type_catalog_text(a, schema));
    const Type *t = f->type;
    if (!type_is_numeric(t) && t->kind != TYPE_DATE && t->kind != TYPE_TIMESTAMP && t->kind != TYPE_TIMESTAMP_NTZ)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1287",
                         "Partition column type should be numeric, date, or timestamp, but %s found.", type_catalog_text(a, t));
    TRY(bound(a, r, o->lower, t, &lower, err));
    TRY(bound(a, r, o->upper, t, &upper, err));
    if (n <= 1 || lower == upper) {
        vec_push(a, ret_wheres, "");
        return ST_OK;
    }
    if (lower > upper)
        return FAIL_CODE(err, ST_INVALID, "", "requirement failed: Operation not allowed: the lower bound of partitioning column is larger "
                         "than the upper bound. Lower bound: %" PRId64 "; Upper bound: %" PRId64, lower, upper);
    uint64_t width = (uint64_t)upper - (uint64_t)lower;
    enum { PARTITIONS_MAX = 100000 };
    n = width < (uint64_t)n ? (int64_t)width : n > PARTITIONS_MAX ? PARTITIONS_MAX : n;
    const char *column = jdbc_quoted_name(a, f->name), *last = NULL;
    for (int64_t i = 0; i < n; i++) {
        const char *next = i == n - 1 ? NULL : bound_text(a, r, (int64_t)((uint64_t)lower + (uint64_t)((u128)width * (u128)(i + 1) / (u128)n)), t);
        const char *where = !last ? arena_printf(a, "%s < %s or %s is null", column, next, column)
                            : !next ? arena_printf(a, "%s >= %s", column, last)
                                    : arena_printf(a, "%s >= %s AND %s < %s", column, last, column, next);
        vec_push(a, ret_wheres, n == 1 ? "" : where);
        last = next;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- resolving */
static const char *origin_of(Arena *a, const JdbcOptions *o)
{
    return arena_printf(a, "%s %s", o->url, o->from);
}

static Status describe(Arena *a, JdbcConnection *c, const JdbcRequest *r, ScanSource *source, Error *err)
{
    const JdbcOptions *o = c->options;
    const char *query = arena_printf(a, "%sSELECT * FROM %s WHERE 1=0", o->prepare, o->from);
    jdbc_result_auto *result = PQexec(c->pg, query);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return jdbc_fail(c, result, query, true, err);
    return jdbc_columns(a, c, result, r, &source->data_schema, &source->remote, err);
}

Status jdbc_resolve(Arena *a, const JdbcRequest *r, const ScanSource **ret_source, Error *err)
{
    JdbcOptions o;
    JdbcConnection c;
    ScanSource *source = ARENA_NEW(a, ScanSource);
    TRY(jdbc_options(a, r->options, &o, err));
    TRY(jdbc_connect(&c, &o, r->system_zone, NULL, 0, err));
    Status status = describe(a, &c, r, source, err);
    jdbc_close(&c);
    TRY(status);
    for (size_t i = 0; r->predicates && i < r->predicates->len; i++)
        vec_push(a, &source->partitions, r->predicates->at[i]);
    if (!source->partitions.len && o.partition_column)
        TRY(cut(a, r, &o, source->data_schema, &source->partitions, err));
    if (!source->partitions.len)
        vec_push(a, &source->partitions, "");
    source->partition_schema = type_struct(a, NULL, 0);
    source->origin = origin_of(a, &o);
    source->remote_zone = arena_str(a, r->system_zone);
    *ret_source = source;
    return ST_OK;
}

/* ---------------------------------------------------------------- the table function */
enum { PARAMETERS = 7, COPY_HEADER_BYTES = 19 };

typedef struct JdbcPlan {
    Arena *a;
    Engine *engine;
    idx_t session;
    const Type *schema;
    JdbcOptions options;
    StrList selects, partitions;
    const char *filter, *zone;
} JdbcPlan;

typedef struct JdbcShared {
    pthread_mutex_t lock;
    size_t next;              /* guarded by lock: the next partition */
    Arena *a;
    idx_t *fields;            /* asked for, in order of the output */
    size_t nfields;
    const char *list;         /* the select list */
} JdbcShared;

typedef struct JdbcLocal {
    JdbcConnection connection;
    bool active, started;     /* in the middle of a COPY; behind its header */
} JdbcLocal;

static void plan_free(void *p)
{
    arena_free(((JdbcPlan *)p)->a);
}

static Status plan_read(JdbcPlan *plan, duckdb_bind_info info, StrList *ret_names, Error *err)
{
    Arena *a = plan->a;
    duckdb_client_context context;
    *ret_names = scan_list_parameter(a, info, 0);
    TRY(type_from_json(a, scan_text_parameter(a, info, 1), &plan->schema, err));
    StrList flat = scan_list_parameter(a, info, 2);
    KeyValueList options = { 0 };
    for (size_t i = 0; i + 1 < flat.len; i += 2)
        vec_push(a, &options, (KeyValue){ flat.at[i], flat.at[i + 1] });
    TRY(jdbc_options(a, &options, &plan->options, err));
    plan->selects = scan_list_parameter(a, info, 3);
    plan->partitions = scan_list_parameter(a, info, 4);
    plan->filter = scan_text_parameter(a, info, 5);
    plan->zone = scan_text_parameter(a, info, 6);
    plan->engine = duckdb_bind_get_extra_info(info);
    duckdb_table_function_get_client_context(info, &context);
    plan->session = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    return ST_OK;
}

static void jdbc_bind(duckdb_bind_info info)
{
    Error err = ERROR_INIT;
    Arena *a = arena_new();
    JdbcPlan *plan = ARENA_NEW(a, JdbcPlan);
    StrList names;
    plan->a = a;
    if (plan_read(plan, info, &names, &err) != ST_OK) {
        duckdb_bind_set_error(info, scan_error_text(a, &err));
        arena_free(a);
        return;
    }
    for (size_t i = 0; i < plan->schema->nfields && i < names.len; i++) {
        duckdb_logical_type type = engine_type(plan->schema->fields[i].type);
        duckdb_bind_add_result_column(info, names.at[i], type);
        duckdb_destroy_logical_type(&type);
    }
    if (!plan->schema->nfields) {
        duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
        duckdb_bind_add_result_column(info, "c_none", type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_bind_data(info, plan, plan_free);
}

static void shared_free(void *p)
{
    JdbcShared *s = p;
    pthread_mutex_destroy(&s->lock);
    arena_free(s->a);
}

static void jdbc_init(duckdb_init_info info)
{
    Arena *a = arena_new();
    JdbcShared *s = ARENA_NEW(a, JdbcShared);
    const JdbcPlan *plan = duckdb_init_get_bind_data(info);
    str_auto list = STR_INIT(LIMIT_QUERY_TEXT);
    s->a = a;
    pthread_mutex_init(&s->lock, NULL);
    s->nfields = duckdb_init_get_column_count(info);
    s->fields = ARENA_ARRAY(a, idx_t, s->nfields + 1);
    for (size_t i = 0; i < s->nfields; i++) {
        s->fields[i] = duckdb_init_get_column_index(info, i);
        if (s->fields[i] < plan->selects.len)
            str_addf(&list, "%s%s", list.len ? ", " : "", plan->selects.at[s->fields[i]]);
    }
    s->list = list.len ? str_arena(&list, a) : "NULL::int4";
    duckdb_init_set_max_threads(info, plan->partitions.len);
    duckdb_init_set_init_data(info, s, shared_free);
}

static void local_free(void *p)
{
    JdbcLocal *l = p;
    jdbc_close(&l->connection);
    free(l);
}

static void local_init(duckdb_init_info info)
{
    JdbcLocal *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    duckdb_init_set_init_data(info, l, local_free);
}

/* Starts the COPY of a partition on a connection of its own. */
static Status begin(JdbcLocal *l, const JdbcPlan *plan, const JdbcShared *s, const char *where, Error *err)
{
    arena_auto *a = arena_new();
    const JdbcOptions *o = &plan->options;
    bool both = *where && *plan->filter;
    const char *query = arena_printf(a, "%sSELECT %s FROM %s%s%s%s%s", o->prepare, s->list, o->from, *where || *plan->filter ? " WHERE " : "",
                                     *where ? arena_printf(a, "(%s)", where) : "", both ? " AND " : "", plan->filter);
    TRY(jdbc_connect(&l->connection, o, plan->zone, plan->engine, plan->session, err));
    if (o->init)
        TRY(jdbc_run(&l->connection, o->init, NULL, err));
    jdbc_result_auto *result = PQexec(l->connection.pg, arena_printf(a, "COPY (%s) TO STDOUT (FORMAT BINARY)", query));
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        return jdbc_fail(&l->connection, result, query, false, err);
    l->active = true;
    l->started = false;
    return ST_OK;
}

static bool take_partition(JdbcShared *s, const JdbcPlan *plan, const char **ret_where)
{
    pthread_mutex_lock(&s->lock);
    bool any = s->next < plan->partitions.len;
    if (any)
        *ret_where = plan->partitions.at[s->next++];
    pthread_mutex_unlock(&s->lock);
    return any;
}

static int32_t big32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
}

/* One row: its columns are those of the output that are the table's, in order. */
static Status row_of(const JdbcPlan *plan, const JdbcShared *s, const char *at, const char *end, duckdb_data_chunk output, idx_t row, Error *err)
{
    at += 2;
    for (size_t i = 0; i < s->nfields; i++) {
        if (s->fields[i] >= plan->selects.len)
            continue;
        const Type *t = plan->schema->fields[s->fields[i]].type;
        duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
        int32_t n = end - at >= 4 ? big32(at) : INT32_MAX;
        at += 4;
        if (n < -1 || (n > 0 && n > end - at))
            return FAIL_CODE(err, ST_IO, "FAILED_JDBC.UNCLASSIFIED", "the server's rows end too early");
        if (n < 0) {
            scan_json_null(t, vector, row);
            continue;
        }
        TRY(jdbc_decode(at, (size_t)n, t, vector, row, err));
        at += n;
    }
    return ST_OK;
}

static void copied_free(char **p)
{
    if (*p)
        PQfreemem(*p);
}

/* The server has said how the COPY ended. */
static Status finish(JdbcLocal *l, Error *err)
{
    jdbc_result_auto *result = PQgetResult(l->connection.pg);
    l->active = false;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return jdbc_fail(&l->connection, result, NULL, false, err);
    jdbc_close(&l->connection);
    return ST_OK;
}

static Status next_row(JdbcLocal *l, const JdbcPlan *plan, const JdbcShared *s, duckdb_data_chunk output, idx_t *row, Error *err)
{
    __attribute__((cleanup(copied_free))) char *bytes = NULL;
    int n = PQgetCopyData(l->connection.pg, &bytes, 0);
    if (n == -1)
        return finish(l, err);
    if (n < 0)
        return jdbc_fail(&l->connection, NULL, NULL, false, err);
    const char *at = bytes, *end = bytes + n;
    if (!l->started) { /* signature, flags, extension */
        if (n < COPY_HEADER_BYTES || big32(bytes + COPY_HEADER_BYTES - 4) < 0 || big32(bytes + COPY_HEADER_BYTES - 4) > n - COPY_HEADER_BYTES)
            return FAIL_CODE(err, ST_IO, "FAILED_JDBC.UNCLASSIFIED", "the server's rows are none");
        at += COPY_HEADER_BYTES + big32(bytes + COPY_HEADER_BYTES - 4);
        l->started = true;
    }
    if (end - at < 2 || ((unsigned char)at[0] == 0xFF && (unsigned char)at[1] == 0xFF)) /* the trailer */
        return ST_OK;
    TRY(row_of(plan, s, at, end, output, *row, err));
    ++*row;
    return ST_OK;
}

static void jdbc_scan_run(duckdb_function_info info, duckdb_data_chunk output)
{
    JdbcLocal *l = duckdb_function_get_local_init_data(info);
    JdbcShared *s = duckdb_function_get_init_data(info);
    const JdbcPlan *plan = duckdb_function_get_bind_data(info);
    Error err = ERROR_INIT;
    idx_t row = 0, room = duckdb_vector_size();
    Status status = ST_OK;
    const char *where;
    for (size_t i = 0; i < s->nfields; i++)
        duckdb_vector_ensure_validity_writable(duckdb_data_chunk_get_vector(output, i));
    while (row < room && status == ST_OK) {
        if (l->active)
            status = next_row(l, plan, s, output, &row, &err);
        else if (take_partition(s, plan, &where))
            status = begin(l, plan, s, where, &err);
        else
            break;
    }
    if (status != ST_OK) {
        arena_auto *a = arena_new();
        duckdb_function_set_error(info, scan_error_text(a, &err));
        return;
    }
    duckdb_data_chunk_set_size(output, row);
}

Status jdbc_function_register(Engine *e, duckdb_connection connection, Error *err)
{
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR), list = duckdb_create_list_type(text);
    duckdb_logical_type types[PARAMETERS] = { list, text, list, list, list, text, text };
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_table_function_set_name(f, "weir_jdbc");
    for (size_t i = 0; i < PARAMETERS; i++)
        duckdb_table_function_add_parameter(f, types[i]);
    duckdb_table_function_set_extra_info(f, e, NULL);
    duckdb_table_function_set_bind(f, jdbc_bind);
    duckdb_table_function_set_init(f, jdbc_init);
    duckdb_table_function_set_local_init(f, local_init);
    duckdb_table_function_set_function(f, jdbc_scan_run);
    duckdb_table_function_supports_projection_pushdown(f, true);
    duckdb_state state = duckdb_register_table_function(connection, f);
    duckdb_destroy_table_function(&f);
    duckdb_destroy_logical_type(&list);
    duckdb_destroy_logical_type(&text);
    return state == DuckDBSuccess ? ST_OK : FAIL(err, ST_INTERNAL, "register weir_jdbc");
}
