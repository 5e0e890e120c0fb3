/* svc/glue/crawlers.c -- crawlers as the API shows them. Whether one runs is read off its crawls (kind "crawl"): the newest without
 * an end. The crawl itself is a process of its own, see crawl.h; glue.c starts and ends it. */
#include "svc/glue/crawlers.h"

#include "base/clock.h"
#include "base/str.h"
#include "svc/schedule.h"
#include "svc/glue/glue.h"
#include "svc/glue/operations.h"

#include <stdlib.h>

static const RecordKind crawler = { "crawler", "Crawler", "crawler/%s", NULL };
const char crawl_kind[] = "crawl";

/* --- what is shown --- */

static Val *default_pair(Arena *a, const char *name, const char *value, const char *name2, const char *value2)
{
    Val *v = val_map(a);
    val_set_str(a, v, name, value);
    if (name2)
        val_set_str(a, v, name2, value2);
    return v;
}

static Val *last_crawl(Arena *a, const Run *r)
{
    Val *v = val_map(a);
    bool done = str_eq(r->state, "COMPLETED"), stopped = str_eq(r->state, "STOPPED");
    val_set_str(a, v, "Status", done ? "SUCCEEDED" : stopped ? "CANCELLED" : "FAILED");
    val_set_str(a, v, "ErrorMessage", val_str(r->body, "ErrorMessage"));
    val_set_str(a, v, "LogGroup", "/aws-glue/crawlers");
    val_set_str(a, v, "LogStream", r->owner);
    val_set_str(a, v, "MessagePrefix", r->id);
    val_set_time(a, v, "StartTime", r->started_ms);
    return v;
}

static Status crawler_out(Call *call, const Record *r, Val **ret_out, Error *err)
{
    Arena *a = call->arena;
    RunList runs;
    Val *out = glue_copy(a, r->body);
    TRY(run_list(call->server->store, a, crawl_kind, r->name, &runs, err));
    const Run *open = runs.len && !runs.at[0].ended_ms ? &runs.at[0] : NULL, *last = NULL;
    for (size_t i = 0; i < runs.len && !last; i++)
        last = runs.at[i].ended_ms ? &runs.at[i] : NULL;
    if (!val_get(out, "SchemaChangePolicy"))
        val_set(a, out, "SchemaChangePolicy",
                default_pair(a, "UpdateBehavior", "UPDATE_IN_DATABASE", "DeleteBehavior", "DEPRECATE_IN_DATABASE"));
    if (!val_get(out, "RecrawlPolicy"))
        val_set(a, out, "RecrawlPolicy", default_pair(a, "RecrawlBehavior", "CRAWL_EVERYTHING", NULL, NULL));
    if (!val_get(out, "LineageConfiguration"))
        val_set(a, out, "LineageConfiguration", default_pair(a, "CrawlerLineageSettings", "DISABLE", NULL, NULL));
    if (!val_get(out, "Classifiers"))
        val_set(a, out, "Classifiers", val_list(a));
    val_set_str(a, out, "State", !open ? "READY" : str_eq(open->state, "STOPPING") ? "STOPPING" : "RUNNING");
    val_set_int(a, out, "CrawlElapsedTime", open ? clock_ms() - open->started_ms : 0);
    val_set_time(a, out, "CreationTime", r->created_ms);
    val_set_time(a, out, "LastUpdated", r->updated_ms);
    if (last)
        val_set(a, out, "LastCrawl", last_crawl(a, last));
    const char *schedule = val_str(r->body, "Schedule");
    if (schedule)
        val_set(a, out, "Schedule", default_pair(a, "ScheduleExpression", schedule, "State", val_str(r->body, "ScheduleState")));
    *ret_out = out;
    return ST_OK;
}

static Status crawlers_out(Call *call, const RecordList *records, Error *err)
{
    Val *list = val_list(call->arena);
    for (size_t i = 0; i < records->len; i++) {
        Val *out = NULL;
        TRY(crawler_out(call, &records->at[i], &out, err));
        val_push(call->arena, list, out);
    }
    val_set(call->arena, call->output, "Crawlers", list);
    return ST_OK;
}

/* --- records --- */

/* What weir can not crawl is refused when it is asked for. */
static Status check_targets(const Val *targets, Error *err)
{
    static const char *const others[] = { "JdbcTargets", "MongoDBTargets", "DynamoDBTargets", "DeltaTargets", "IcebergTargets", "HudiTargets" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (val_len(val_get(targets, others[i])))
            return glue_invalid(err, "weir crawls S3Targets and CatalogTargets: %s are not supported.", others[i]);
    const Val *s3 = val_get(targets, "S3Targets");
    for (size_t i = 0; i < val_len(s3); i++) {
        const char *path = val_str(val_at(s3, i), "Path");
        if (!path || !*path)
            return glue_invalid(err, "Path of an S3 target cannot be null or empty.");
    }
    return ST_OK;
}

static Status check_crawler(const Val *input, Error *err)
{
    TRY(check_targets(val_get(input, "Targets"), err));
    if (val_len(val_get(input, "Classifiers")))
        return glue_invalid(err, "weir has no custom classifiers yet: Classifiers must be empty.");
    const char *schedule = val_str(input, "Schedule");
    return schedule && *schedule ? glue_check_schedule(schedule, err) : ST_OK;
}

Status glue_create_crawler(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *body = glue_copy(a, call->input);
    TRY(check_crawler(body, err));
    val_set_int(a, body, "Version", 1);
    if (val_str(body, "Schedule"))
        val_set_str(a, body, "ScheduleState", "SCHEDULED");
    return record_add(call, &crawler, val_str(call->input, "Name"), body, err);
}

Status glue_get_crawler(Call *call, Error *err)
{
    Record r;
    Val *out = NULL;
    TRY(record_load(call, &crawler, val_str(call->input, "Name"), &r, err));
    TRY(crawler_out(call, &r, &out, err));
    val_set(call->arena, call->output, "Crawler", out);
    return ST_OK;
}

Status glue_get_crawlers(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &crawler, NULL, &records, err));
    return crawlers_out(call, &records, err);
}

Status glue_list_crawlers(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &crawler, NULL, &records, err));
    val_set(call->arena, call->output, "CrawlerNames", record_names(call->arena, &records));
    return ST_OK;
}

Status glue_batch_get_crawlers(Call *call, Error *err)
{
    RecordList records;
    Val *missing = NULL;
    TRY(record_batch(call, &crawler, val_get(call->input, "CrawlerNames"), &records, &missing, err));
    val_set(call->arena, call->output, "CrawlersNotFound", missing);
    return crawlers_out(call, &records, err);
}

static Status open_crawl(Call *call, const char *name, Run *ret_run, bool *ret_open, Error *err)
{
    RunList runs;
    TRY(run_list(call->server->store, call->arena, crawl_kind, name, &runs, err));
    *ret_open = runs.len && !runs.at[0].ended_ms;
    if (*ret_open)
        *ret_run = runs.at[0];
    return ST_OK;
}

static Status must_be_ready(Call *call, const char *name, Error *err)
{
    Run run;
    bool open = false;
    TRY(open_crawl(call, name, &run, &open, err));
    return open ? FAIL_CODE(err, ST_CONFLICT, "CrawlerRunningException", "Crawler with name %s has already started", name) : ST_OK;
}

Status glue_update_crawler(Call *call, Error *err)
{
    Arena *a = call->arena;
    Record r;
    const char *name = val_str(call->input, "Name");
    TRY(record_load(call, &crawler, name, &r, err));
    TRY(must_be_ready(call, name, err));
    TRY(check_crawler(call->input, err));
    for (size_t i = 0; i < call->input->len; i++)
        val_set(a, r.body, call->input->names[i], call->input->items[i]);
    if (val_str(call->input, "Schedule"))
        val_set_str(a, r.body, "ScheduleState", "SCHEDULED");
    val_set_int(a, r.body, "Version", val_int(r.body, "Version", 1) + 1);
    return record_save(call, &crawler, name, r.body, err);
}

Status glue_delete_crawler(Call *call, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "Name");
    TRY(record_load(call, &crawler, name, &r, err));
    TRY(must_be_ready(call, name, err));
    TRY(record_drop(call, &crawler, name, err));
    return run_drop(call->server->store, crawl_kind, name, err);
}

/* --- running --- */

Status glue_start_crawler(Call *call, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "Name");
    int64_t open = 0;
    TRY(record_load(call, &crawler, name, &r, err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err)); /* two at once must not both find it ready */
    TRY(db_get_int(db, &open, err, "SELECT count(*) FROM glue_run WHERE kind=? AND owner=? AND ended_ms IS NULL", "ss", crawl_kind, name));
    if (open)
        return FAIL_CODE(err, ST_CONFLICT, "CrawlerRunningException", "Crawler with name %s has already started", name);
    TRY(db_exec(db, err, "INSERT INTO glue_run(kind, owner, id, state, body, started_ms) VALUES(?,?,?,'RUNNING','{}',?)", "sssi", crawl_kind,
                name, glue_uuid(call->arena), clock_ms()));
    TRY(db_commit(db, err));
    glue_wake(call->server);
    return ST_OK;
}

Status glue_stop_crawler(Call *call, Error *err)
{
    Record r;
    Run run;
    bool open = false;
    const char *name = val_str(call->input, "Name");
    TRY(record_load(call, &crawler, name, &r, err));
    TRY(open_crawl(call, name, &run, &open, err));
    if (!open)
        return FAIL_CODE(err, ST_CONFLICT, "CrawlerNotRunningException", "Crawler with name %s isn't running", name);
    if (str_eq(run.state, "STOPPING"))
        return FAIL_CODE(err, ST_CONFLICT, "CrawlerStoppingException", "Crawler with name %s is stopping already", name);
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_exec(db, err, "UPDATE glue_run SET state='STOPPING' WHERE id=? AND ended_ms IS NULL", "s", run.id));
    glue_wake(call->server);
    return ST_OK;
}

static Status set_schedule(Call *call, const char *state, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "CrawlerName"), *schedule = val_str(call->input, "Schedule");
    TRY(record_load(call, &crawler, name, &r, err));
    if (schedule && *schedule) {
        TRY(glue_check_schedule(schedule, err));
        val_set_str(call->arena, r.body, "Schedule", schedule);
    }
    if (!val_str(r.body, "Schedule"))
        return FAIL_CODE(err, ST_INVALID, "NoScheduleException", "Crawler %s has no schedule.", name);
    if (!state)
        state = val_str(r.body, "ScheduleState") ? val_str(r.body, "ScheduleState") : "SCHEDULED";
    else if (str_eq(state, val_str(r.body, "ScheduleState")))
        return str_eq(state, "SCHEDULED") ? FAIL_CODE(err, ST_CONFLICT, "SchedulerRunningException", "The scheduler of crawler %s is running.", name)
                                          : FAIL_CODE(err, ST_CONFLICT, "SchedulerNotRunningException", "The scheduler of crawler %s is not running.", name);
    val_set_str(call->arena, r.body, "ScheduleState", state);
    return record_save(call, &crawler, name, r.body, err);
}

Status glue_update_crawler_schedule(Call *call, Error *err)
{
    return set_schedule(call, NULL, err);
}

Status glue_start_crawler_schedule(Call *call, Error *err)
{
    return set_schedule(call, "SCHEDULED", err);
}

Status glue_stop_crawler_schedule(Call *call, Error *err)
{
    return set_schedule(call, "NOT_SCHEDULED", err);
}

/* --- what was --- */

static int by_number(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static Val *metrics_of(Call *call, const char *name, const RunList *runs)
{
    Arena *a = call->arena;
    Val *v = val_map(a);
    VEC(double) took = { 0 };
    const Val *last = NULL;
    bool open = runs->len && !runs->at[0].ended_ms;
    for (size_t i = 0; i < runs->len; i++) {
        if (!runs->at[i].ended_ms)
            continue;
        vec_push(a, &took, (double)(runs->at[i].ended_ms - runs->at[i].started_ms) / 1000.0);
        last = last ? last : runs->at[i].body;
    }
    double newest = took.len ? took.at[0] : 0;
    if (took.len)
        qsort(took.at, took.len, sizeof *took.at, by_number);
    val_set_str(a, v, "CrawlerName", name);
    val_set(a, v, "TimeLeftSeconds", val_doublev(a, 0));
    val_set_bool(a, v, "StillEstimating", open);
    val_set(a, v, "LastRuntimeSeconds", val_doublev(a, newest));
    val_set(a, v, "MedianRuntimeSeconds", val_doublev(a, took.len ? took.at[took.len / 2] : 0));
    val_set_int(a, v, "TablesCreated", val_int(last, "TablesCreated", 0));
    val_set_int(a, v, "TablesUpdated", val_int(last, "TablesUpdated", 0));
    val_set_int(a, v, "TablesDeleted", val_int(last, "TablesDeleted", 0));
    return v;
}

Status glue_get_crawler_metrics(Call *call, Error *err)
{
    RecordList records;
    Val *missing = NULL, *list = val_list(call->arena);
    const Val *names = val_get(call->input, "CrawlerNameList");
    TRY(val_len(names) ? record_batch(call, &crawler, names, &records, &missing, err) : record_page(call, &crawler, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++) {
        RunList runs;
        TRY(run_list(call->server->store, call->arena, crawl_kind, records.at[i].name, &runs, err));
        val_push(call->arena, list, metrics_of(call, records.at[i].name, &runs));
    }
    val_set(call->arena, call->output, "CrawlerMetricsList", list);
    return ST_OK;
}

static bool ordered(const char *operator, int order)
{
    return str_eq(operator, "EQ") ? order == 0 : str_eq(operator, "NE") ? order != 0 : str_eq(operator, "GT") ? order > 0
           : str_eq(operator, "GE") ? order >= 0 : str_eq(operator, "LT") ? order < 0 : order <= 0;
}

static bool read_time(const char *text, int64_t *ret_ms)
{
    arena_auto *a = arena_new();
    double seconds;
    if (time_parse_iso8601(text, ret_ms) || time_parse_iso8601(arena_printf(a, "%sZ", text), ret_ms))
        return true;
    if (!str_to_f64(text, &seconds) || seconds < 0 || seconds > 1e15)
        return false;
    *ret_ms = (int64_t)(seconds > 1e11 ? seconds : seconds * 1000); /* milliseconds, or seconds */
    return true;
}

static Status check_filter(const Val *filter, Error *err)
{
    const char *field = val_str(filter, "FieldName"), *operator = val_str(filter, "FilterOperator"), *value = val_str(filter, "FieldValue");
    int64_t ms;
    double hours;
    if (!field || !operator || !value)
        return glue_invalid(err, "Invalid Filter Provided: FieldName: %s, FilterOperator: %s, FieldValue: %s", field ? field : "null",
                            operator ? operator : "null", value ? value : "null");
    bool exact = str_eq(field, "STATE") || str_eq(field, "CRAWL_ID");
    if (exact && !str_eq(operator, "EQ") && !str_eq(operator, "NE"))
        return glue_invalid(err, "Only EQ or NE operator is allowed for field : %s", field);
    if (str_ends(field, "_TIME") && !read_time(value, &ms))
        return glue_invalid(err, "'%s' is not a time.", value);
    if (str_eq(field, "DPU_HOUR") && !str_to_f64(value, &hours))
        return glue_invalid(err, "'%s' is not a number.", value);
    return ST_OK;
}

static bool crawl_matches(const Run *r, const Val *filter)
{
    const char *field = val_str(filter, "FieldName"), *operator = val_str(filter, "FilterOperator"), *value = val_str(filter, "FieldValue");
    int64_t ms = 0;
    double hours = 0;
    if (str_eq(field, "STATE"))
        return ordered(operator, strcmp(str_eq(r->state, "STOPPING") ? "RUNNING" : r->state, value));
    if (str_eq(field, "CRAWL_ID"))
        return ordered(operator, strcmp(r->id, value));
    if (str_eq(field, "DPU_HOUR") && str_to_f64(value, &hours))
        return ordered(operator, hours > 0 ? -1 : hours < 0); /* a crawl here uses none */
    int64_t own = str_eq(field, "START_TIME") ? r->started_ms : r->ended_ms;
    return own && read_time(value, &ms) && ordered(operator, (own > ms) - (own < ms));
}

static Val *crawl_out(Call *call, const Run *r)
{
    Arena *a = call->arena;
    Val *v = val_map(a);
    val_set_str(a, v, "CrawlId", r->id);
    val_set_str(a, v, "State", str_eq(r->state, "STOPPING") ? "RUNNING" : r->state);
    val_set_time(a, v, "StartTime", r->started_ms);
    if (r->ended_ms)
        val_set_time(a, v, "EndTime", r->ended_ms);
    val_set_str(a, v, "Summary", val_str(r->body, "Summary"));
    val_set_str(a, v, "ErrorMessage", val_str(r->body, "ErrorMessage"));
    val_set_str(a, v, "LogGroup", "/aws-glue/crawlers");
    val_set_str(a, v, "LogStream", r->owner);
    val_set_str(a, v, "MessagePrefix", r->id);
    val_set(a, v, "DPUHour", val_doublev(a, 0));
    return v;
}

Status glue_list_crawls(Call *call, Error *err)
{
    Record r;
    RunList runs;
    Pager p;
    Error why = ERROR_INIT;
    const Val *filters = val_get(call->input, "Filters");
    const char *name = val_str(call->input, "CrawlerName");
    Val *list = val_list(call->arena);
    if (record_load(call, &crawler, name, &r, &why) == ST_NOT_FOUND)
        return glue_missing(err, "Crawler entry with name %s does not exist", name);
    for (size_t i = 0; i < val_len(filters); i++)
        TRY(check_filter(val_at(filters, i), err));
    TRY(pager_begin(call, 1000, &p, err));
    TRY(run_list(call->server->store, call->arena, crawl_kind, name, &runs, err));
    for (size_t i = 0; i < runs.len; i++) {
        bool wanted = true;
        for (size_t j = 0; j < val_len(filters); j++)
            wanted = wanted && crawl_matches(&runs.at[i], val_at(filters, j));
        if (wanted && pager_take(&p, arena_printf(call->arena, "%019lld", (long long)(INT64_MAX - runs.at[i].seq))))
            val_push(call->arena, list, crawl_out(call, &runs.at[i]));
    }
    pager_end(call, &p);
    val_set(call->arena, call->output, "Crawls", list);
    return ST_OK;
}
