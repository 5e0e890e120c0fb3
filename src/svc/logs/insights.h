/* svc/logs/insights.h -- the query language of CloudWatch Logs Insights: text to a list of commands, events to rows.
 *
 *   fields @timestamp, level as l | filter level = "ERROR" and (status >= 500 or @message like /time.?out/) | parse @message "user=*," as user
 *   | stats count(*) as n, avg(latency), pct… by bin(5m), user | sort n desc | limit 20
 *
 * What there is: fields, display (fields and aliases), filter (=, !=, <, <=, >, >=, like, not like, =~, in, not in, and, or, not, ispresent),
 * parse with globs, stats (count, sum, avg, min, max, count_distinct; by fields and bin()), sort, limit, # comments. Everything else is
 * MalformedQueryException by its name. After stats only sort and limit.
 *
 * An event's fields: @timestamp, @ingestionTime, @message, @logStream, @log, @ptr, and those of a message that is JSON by their paths (a.b.0).
 * Pure. Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax". */
#ifndef WEIR_SVC_LOGS_INSIGHTS_H
#define WEIR_SVC_LOGS_INSIGHTS_H
#include "svc/logs/events.h"
#include "wire/val.h"

enum { INSIGHTS_LIMIT = 10000, INSIGHTS_TEXT_MAX = 10000, INSIGHTS_GROUPS_MAX = 100000 };

typedef struct Insights Insights;
/* ST_INVALID with MalformedQueryException. */
Status insights_parse(Arena *a, const char *text, Insights **ret_query, Error *err);

typedef struct InsightsEvent {
    const char *log, *stream, *ptr;
    LogEvent event;
} InsightsEvent;

typedef struct InsightsRun InsightsRun;
/* limit: at most so many rows. The query must live as long. */
InsightsRun *insights_run_new(const Insights *query, size_t limit);
void insights_run_free(InsightsRun *run); /* NULL is fine */
void insights_run_freep(InsightsRun **run);
#define insights_run_auto __attribute__((cleanup(insights_run_freep))) InsightsRun
/* Events in the order of time. ST_LIMIT: more than INSIGHTS_GROUPS_MAX groups. */
Status insights_run_add(InsightsRun *run, const InsightsEvent *event, Error *err);
/* [[{field, value}, …], …] */
Val *insights_run_rows(InsightsRun *run, Arena *a);
int64_t insights_run_matched(const InsightsRun *run);

#endif
