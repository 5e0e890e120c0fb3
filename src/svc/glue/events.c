/* svc/glue/events.c -- what Glue tells EventBridge of job runs and crawlers. Source: "AWS Glue events" in Automating AWS Glue with EventBridge. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/bus.h"
#include "svc/glue/internal.h"

static const char *count(Arena *a, const Val *body, const char *name)
{
    return arena_printf(a, "%lld", (long long)val_int(body, name, 0));
}

/* Partitions are only in the summary. */
static const char *partitions_created(Arena *a, const Val *body)
{
    const Val *summary = glue_json(a, val_str(body, "Summary"));
    return count(a, val_get(summary, "PARTITION"), "ADD");
}

static void crawl_succeeded(Arena *a, Val *detail, const Val *body, const BusChange *c, const char *crawler)
{
    int64_t seconds = (c->at_ms - val_int(c->facts, "started_ms", c->at_ms)) / 1000;
    val_set_str(a, detail, "completionDate", time_iso8601_s(a, c->at_ms));
    val_set_str(a, detail, "runningTime (sec)", arena_printf(a, "%lld", (long long)seconds));
    val_set_str(a, detail, "tablesCreated", count(a, body, "TablesCreated"));
    val_set_str(a, detail, "tablesUpdated", count(a, body, "TablesUpdated"));
    val_set_str(a, detail, "tablesDeleted", count(a, body, "TablesDeleted"));
    val_set_str(a, detail, "partitionsCreated", partitions_created(a, body));
    val_set_str(a, detail, "partitionsUpdated", "0");
    val_set_str(a, detail, "partitionsDeleted", "0");
    val_set_str(a, detail, "warningMessage", "N/A");
    val_set_str(a, detail, "state", "Succeeded");
    val_set_str(a, detail, "message", arena_printf(a, "The following crawler has completed: %s", crawler));
}

/* NULL: no event. */
static Val *crawl_detail(Arena *a, const Server *server, const BusChange *c, const char *crawler, const Val *body)
{
    Val *detail = val_map(a);
    val_set_str(a, detail, "crawlerName", crawler);
    val_set_str(a, detail, "accountId", server->account);
    if (str_eq(c->state, "RUNNING")) {
        val_set_str(a, detail, "startTime", time_iso8601_s(a, c->at_ms));
        val_set_str(a, detail, "state", "Started");
        val_set_str(a, detail, "message", "Crawler Started");
    } else if (str_eq(c->state, "COMPLETED")) {
        crawl_succeeded(a, detail, body, c, crawler);
    } else if (str_eq(c->state, "FAILED")) {
        val_set_str(a, detail, "errorMessage", val_str(body, "ErrorMessage"));
        val_set_str(a, detail, "state", "Failed");
        val_set_str(a, detail, "message", "Crawler Failed");
    } else {
        return NULL;
    }
    return detail;
}

static Val *job_detail(Arena *a, const BusChange *c, const char *job, const Val *body)
{
    static const char *const ends[][3] = { { "SUCCEEDED", "INFO", "Job run succeeded" }, { "FAILED", "ERROR", "Job run failed" },
                                           { "TIMEOUT", "WARN", "Job run timed out" }, { "STOPPED", "INFO", "Job run stopped" } };
    size_t i = 0, n = sizeof ends / sizeof *ends;
    while (i < n && !str_eq(ends[i][0], c->state))
        i++;
    if (i == n)
        return NULL;
    const char *why = str_eq(c->state, "FAILED") ? val_str(body, "ErrorMessage") : NULL;
    Val *detail = val_map(a);
    val_set_str(a, detail, "jobName", job);
    val_set_str(a, detail, "severity", ends[i][1]);
    val_set_str(a, detail, "state", c->state);
    val_set_str(a, detail, "jobRunId", c->subject);
    val_set_str(a, detail, "message", why ? why : ends[i][2]);
    return detail;
}

static Status tell_run(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Server *server = self;
    const char *owner = val_str(c->facts, "owner");
    const Val *body = val_get(c->facts, "body");
    bool crawl = str_eq(val_str(c->facts, "kind"), "crawl");
    Val *detail = crawl ? crawl_detail(a, server, c, owner, body) : job_detail(a, c, owner, body);
    if (!detail)
        return ST_OK;
    BusEvent event = { .region = server->region, .source = "aws.glue", .detail_type = crawl ? "Glue Crawler State Change" : "Glue Job State Change",
                       .about = bus_arn(a, server, "glue", server->region, server->region, arena_printf(a, "%s/%s", crawl ? "crawler" : "job", owner)),
                       .detail = detail, .at_ms = c->at_ms };
    return bus_put_event(db, a, server, &event, err);
}

void glue_tell(Server *server)
{
    bus_on_change(server->bus, "glue-run", tell_run, server);
}
