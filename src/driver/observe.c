/* driver/observe.c -- df.observe(): the input of a CollectMetrics is computed once, as a table of the engine that ends with
 * the run; the query reads it, and when it has ended the metrics are computed over the same rows.
 * Source: Dataset.observe, CollectMetricsExec, SparkConnectPlanExecution.createObservedMetricsResponse. */
#include "driver/cache.h"
#include "driver/run.h"
#include "driver/uuid.h"
#include "ir/source.h"

typedef struct Visit {
    Run *run;
    const Node *with; /* the root, when it is a BoundWith: its CTEs are seen by every part */
    Status status;
    Error *err;
} Visit;

typedef struct Replace {
    const Node *from;
    Node *to;
} Replace;

static Node *replace_one(Arena *a, Node *n, void *arg)
{
    const Replace *replace = arg;
    return n == replace->from ? replace->to : node_map_children(a, n, replace_one, arg);
}

static Node *scan_of(Arena *a, const char *table, const Node *bound)
{
    ScanSource *source = ARENA_NEW(a, ScanSource);
    *source = (ScanSource){ .data_schema = bind_schema_type(a, bound), .partition_schema = type_struct(a, NULL, 0), .relation = table };
    Node *scan = node_new(a, Scan, .format = "observed", .source = source);
    scan->schema = bound->schema;
    return scan;
}

static Status take_one(Visit *v, const CollectMetrics *m, Node *input, Node **ret, Error *err)
{
    Run *r = v->run;
    char id[UUID_TEXT_BYTES];
    uuid_new(id);
    const char *table = arena_printf(r->arena, "observed %s", id);
    Node *whole = input;
    if (v->with) {
        whole = node_copy(r->arena, v->with);
        ((BoundWith *)(void *)whole)->input = input;
        whole->schema = input->schema;
    }
    TRY(run_materialize(r, whole, table, err));
    vec_push(r->arena, &r->tables, table);
    *ret = scan_of(r->arena, table, input);
    Replace replace = { m->input, *ret };
    const Node *aggregate = replace_one(r->arena, m->observed, &replace);
    size_t i = 0;
    while (i < r->observed.len && !str_eq(r->observed.at[i].name, m->name))
        i++;
    Observed observed = { m->name, m->node.plan_id - 1, aggregate };
    if (i < r->observed.len)
        r->observed.at[i] = observed;
    else
        vec_push(r->arena, &r->observed, observed);
    return ST_OK;
}

static Node *visit(Arena *a, Node *n, void *arg)
{
    Visit *v = arg;
    if (v->status != ST_OK || !n)
        return n;
    if (!node_is(CollectMetrics, n))
        return node_map_children(a, n, visit, v);
    const CollectMetrics *m = node_as(CollectMetrics, n);
    Node *input = visit(a, m->input, v), *made = n;
    if (v->status == ST_OK)
        v->status = take_one(v, m, input, &made, v->err);
    return made;
}

Status observe_prepare(Run *r, const Node *bound, const Node **ret_plan, Error *err)
{
    Visit v = { .run = r, .with = node_is(BoundWith, bound) ? bound : NULL, .status = ST_OK, .err = err };
    const Node *plan = visit(r->arena, (Node *)(uintptr_t)bound, &v);
    TRY(v.status);
    *ret_plan = plan;
    return ST_OK;
}

static Status respond_one(Run *r, const Observed *o, Spark__Connect__ExecutePlanResponse__ObservedMetrics *ret, Error *err)
{
    Rows *rows;
    TRY(run_collect(r, o->aggregate, 1, &rows, err));
    size_t n = rows->schema->nfields;
    spark__connect__execute_plan_response__observed_metrics__init(ret);
    ret->name = (char *)(uintptr_t)o->name;
    ret->has_plan_id = o->plan_id >= 0;
    ret->plan_id = o->plan_id;
    ret->keys = ARENA_ARRAY(r->arena, char *, n + 1);
    ret->values = ARENA_ARRAY(r->arena, Spark__Connect__Expression__Literal *, n + 1);
    for (size_t i = 0; i < n && rows->at.len; i++) {
        ret->keys[ret->n_keys++] = (char *)(uintptr_t)rows->schema->fields[i].name;
        ret->values[ret->n_values++] = connect_literal_message(r->arena, rows->schema->fields[i].type, &rows->at.at[0][i]);
    }
    return ST_OK;
}

Status observe_respond(Run *r, Error *err)
{
    typedef Spark__Connect__ExecutePlanResponse__ObservedMetrics Message;
    if (!r->observed.len)
        return ST_OK;
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.observed_metrics = ARENA_ARRAY(r->arena, Message *, r->observed.len);
    for (size_t i = 0; i < r->observed.len; i++) {
        Message *message = response.observed_metrics[response.n_observed_metrics++] = ARENA_NEW(r->arena, Message);
        TRY(respond_one(r, &r->observed.at[i], message, err));
    }
    return run_respond(r, &response, err);
}

Status run_prepare(Run *r, const Node *bound, const Node **ret_plan, Error *err)
{
    const Node *plan;
    TRY(cache_use(r, bound, &plan, err));
    return observe_prepare(r, plan, ret_plan, err);
}
