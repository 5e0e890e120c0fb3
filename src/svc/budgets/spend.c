/* svc/budgets/spend.c -- what a period has cost, and the thread that compares it with the thresholds. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "svc/budgets/internal.h"
#include "svc/bus.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY_S = 5 };

typedef struct BudgetWatch {
    Server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stop */
    pthread_cond_t changed;
    bool stop;
} BudgetWatch;

/* --- periods and spend --- */

static int64_t first_of(struct tm tm)
{
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    return (int64_t)timegm(&tm) * 1000;
}

void budget_period(const char *unit, int64_t now_ms, int64_t *ret_start_ms, int64_t *ret_end_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm start, end;
    gmtime_r(&now, &start);
    if (!str_eq(unit, "DAILY"))
        start.tm_mday = 1;
    if (str_eq(unit, "QUARTERLY"))
        start.tm_mon -= start.tm_mon % 3;
    if (str_eq(unit, "ANNUALLY"))
        start.tm_mon = 0;
    end = start; /* timegm brings the 13th month and the 32nd day in order */
    if (str_eq(unit, "DAILY"))
        end.tm_mday++;
    else
        end.tm_mon += str_eq(unit, "QUARTERLY") ? 3 : str_eq(unit, "ANNUALLY") ? 12 : 1;
    *ret_start_ms = first_of(start);
    *ret_end_ms = first_of(end);
}

Status budget_spend(Db *db, const char *unit, int64_t now_ms, Spend *ret_spend, Error *err)
{
    static const double MICROS_HOURS = 1e6 * 3600 * 1000;
    Spend s = { 0 };
    budget_period(unit, now_ms, &s.start_ms, &s.end_ms);
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT coalesce(sum(1.0 * price_micros * max(0, min(coalesce(ended_ms, ?2), ?2) - max(started_ms, ?1))), 0),"
                 " coalesce(sum(CASE WHEN ended_ms IS NULL THEN 1.0 * price_micros * (?3 - ?2) ELSE 0 END), 0)"
                 " FROM cost_ledger WHERE started_ms<?2 AND coalesce(ended_ms, ?2)>?1", "iii", s.start_ms, now_ms, s.end_ms));
    if (row_next(row)) {
        s.actual = row_double(row, 0) / MICROS_HOURS;
        s.forecast = s.actual + row_double(row, 1) / MICROS_HOURS;
    }
    TRY(row_status(row, err));
    *ret_spend = s;
    return ST_OK;
}

/* --- thresholds --- */

typedef struct Notification {
    int64_t seq, notified_ms;
    const char *budget, *type, *comparison, *threshold_type, *state, *unit;
    double threshold, limit;
} Notification;
typedef VEC(Notification) Notifications;

static Status load(Db *db, Arena *a, Notifications *out, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT n.seq, coalesce(n.notified_ms, 0), n.budget, n.type, n.comparison, n.threshold, n.threshold_type, n.state, b.config"
                 " FROM budget_notification n JOIN budget b ON b.name=n.budget ORDER BY n.seq", ""));
    while (row_next(row)) {
        const Val *config = budget_json(a, row_str(row, 8));
        Notification n = { .seq = row_int(row, 0), .notified_ms = row_int(row, 1), .budget = row_str_in(row, a, 2), .type = row_str_in(row, a, 3),
                           .comparison = row_str_in(row, a, 4), .threshold = row_double(row, 5), .threshold_type = row_str_in(row, a, 6),
                           .state = row_str_in(row, a, 7), .unit = val_str(config, "TimeUnit") };
        str_to_f64(val_str(val_get(config, "BudgetLimit"), "Amount"), &n.limit);
        vec_push(a, out, n);
    }
    return row_status(row, err);
}

static bool crossed(const Notification *n, double spent, double at)
{
    if (str_eq(n->comparison, "GREATER_THAN"))
        return spent > at;
    return str_eq(n->comparison, "LESS_THAN") ? spent < at : spent == at;
}

static const char *message_text(Arena *a, const Server *server, const Notification *n, double spent, double at)
{
    static const char *const words[][2] = { { "GREATER_THAN", "greater than" }, { "LESS_THAN", "less than" }, { "EQUAL_TO", "equal to" } };
    const char *is = "";
    for (size_t i = 0; i < 3; i++)
        if (str_eq(words[i][0], n->comparison))
            is = words[i][1];
    return arena_printf(a, "AWS Budget Notification %s\nAWS Account %s\n\nDear AWS Customer,\n\nYou requested that we alert you when the %s Cost associated with your"
                           " %s budget is %s $%.2f for the current period. The %s Cost associated with this budget is $%.2f.\n\n"
                           "Budget Name: %s\nBudget Type: Cost\nBudgeted Amount: $%.2f\nAlert Type: %s\nAlert Threshold: %s $%.2f\n%s Amount: $%.2f\n",
                        time_iso8601_s(a, clock_ms()), server->account, n->type, n->budget, is, at, n->type, spent, n->budget, n->limit, n->type,
                        str_eq(n->comparison, "GREATER_THAN") ? ">" : str_eq(n->comparison, "LESS_THAN") ? "<" : "=", at, n->type, spent);
}

static Status send(Server *server, Db *db, Arena *a, const Notification *n, double spent, double at, Error *err)
{
    typedef struct Line {
        const char *target;
    } Line;
    VEC(Line) targets = { 0 };
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT type, address FROM budget_subscriber WHERE notification=?", "i", n->seq));
        while (row_next(row)) {
            const char *address = row_str_in(row, a, 1);
            bool mail = str_eq(row_str(row, 0), "EMAIL");
            vec_push(a, &targets, (Line){ mail ? bus_arn(a, server, "ses", server->region, server->region, arena_printf(a, "identity/%s", address)) : address });
        }
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < targets.len; i++) {
        BusMessage message = { .region = server->region, .target = targets.at[i].target, .payload = message_text(a, server, n, spent, at),
                               .source = bus_arn(a, server, "budgets", server->region, "", arena_printf(a, "budget/%s", n->budget)),
                               .subject = arena_printf(a, "AWS Budgets: %.60s has exceeded your alert threshold", n->budget) };
        TRY(bus_put(db, &message, err));
    }
    return ST_OK;
}

static Status evaluate(Server *server, Db *db, Arena *a, const Notification *n, bool *ret_sent, Error *err)
{
    Spend spend;
    TRY(budget_spend(db, n->unit, clock_ms(), &spend, err));
    double spent = str_eq(n->type, "FORECASTED") ? spend.forecast : spend.actual;
    double at = str_eq(n->threshold_type, "PERCENTAGE") ? n->limit * n->threshold / 100 : n->threshold;
    const char *state = crossed(n, spent, at) ? "ALARM" : "OK";
    bool due = str_eq(state, "ALARM") && n->notified_ms != spend.start_ms;
    if (str_eq(state, n->state) && !due)
        return ST_OK;
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE budget_notification SET state=?, notified_ms=coalesce(nullif(?, 0), notified_ms) WHERE seq=?", "sii", state,
                due ? spend.start_ms : (int64_t)0, n->seq));
    if (due && db_changes(db))
        TRY(send(server, db, a, n, spent, at, err));
    TRY(db_commit(db, err));
    *ret_sent = *ret_sent || due;
    return ST_OK;
}

static Status round_once(Server *server, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    Notifications all = { 0 };
    bool sent = false;
    TRY(store_borrow(server->store, &db, err));
    TRY(load(db, a, &all, err));
    for (size_t i = 0; i < all.len; i++)
        TRY(evaluate(server, db, a, &all.at[i], &sent, err));
    if (sent)
        bus_wake(server->bus);
    return ST_OK;
}

/* --- the thread --- */

static bool wait_a_round(BudgetWatch *w)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EVERY_S;
    pthread_mutex_lock(&w->lock);
    while (!w->stop && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
        continue;
    bool go_on = !w->stop;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

/* Nobody waits for this thread's errors: it logs them. */
static void *watch_main(void *arg)
{
    BudgetWatch *w = arg;
    while (wait_a_round(w)) {
        Error err = ERROR_INIT;
        if (round_once(w->server, &err) != ST_OK)
            log_error("budgets: %s", err.message);
    }
    return NULL;
}

/* What the reference architecture is expected to cost a month at most. */
static const char *const default_budget =
    "{\"BudgetName\":\"weir-monthly-cost\",\"BudgetType\":\"COST\",\"TimeUnit\":\"MONTHLY\",\"BudgetLimit\":{\"Amount\":\"1000\",\"Unit\":\"USD\"}}";
#define DEFAULT_NOTIFICATIONS \
    "[{\"Notification\":{\"NotificationType\":\"ACTUAL\",\"ComparisonOperator\":\"GREATER_THAN\",\"Threshold\":80,\"ThresholdType\":\"PERCENTAGE\"},\"Subscribers\":[%s]}," \
    "{\"Notification\":{\"NotificationType\":\"ACTUAL\",\"ComparisonOperator\":\"GREATER_THAN\",\"Threshold\":100,\"ThresholdType\":\"PERCENTAGE\"},\"Subscribers\":[%s]}]"

static Status make_default(Server *server, Error *err)
{
    arena_auto *a = arena_new();
    db_auto *db = NULL;
    const char *subscriber = arena_printf(a, "{\"SubscriptionType\":\"SNS\",\"Address\":\"%s\"}",
                                          bus_arn(a, server, "sns", server->region, server->region, BUS_DEFAULT_TOPIC));
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "INSERT OR IGNORE INTO budget_setting(name) VALUES('default')", ""));
    if (!db_changes(db))
        return ST_OK; /* made once; who deleted it does not want it */
    TRY(budget_put(db, a, budget_json(a, default_budget), budget_json(a, arena_printf(a, DEFAULT_NOTIFICATIONS, subscriber, subscriber)), err));
    return db_commit(db, err);
}

Status budgets_start(Server *server, Error *err)
{
    TRY(make_default(server, err));
    BudgetWatch *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->server = server;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&w->thread, NULL, watch_main, w);
    if (failed) {
        free(w);
        return FAIL(err, ST_IO, "start the budgets: %s", strerror(failed));
    }
    server->budget_watch = w;
    return ST_OK;
}

void budgets_stop(Server *server)
{
    BudgetWatch *w = server->budget_watch;
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    server->budget_watch = NULL;
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}
