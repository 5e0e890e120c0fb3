/* svc/emr/events.c -- what EMR tells EventBridge of clusters, steps and instance groups.
 * Source: "Monitoring Amazon EMR events with CloudWatch": names, severities and messages of the events. */
#include "base/clock.h"
#include "base/str.h"
#include "svc/bus.h"
#include "svc/emr/internal.h"

typedef struct Telling {
    Server *server;
    Db *db;
    Arena *a;
    const BusChange *change;
    const char *cluster, *name; /* id and name of the cluster */
    const char *at;             /* "2016-12-16 20:53 UTC" */
} Telling;

static const char *minute(Arena *a, int64_t ms)
{
    const char *iso = time_iso8601(a, ms);
    return arena_printf(a, "%.10s %.5s UTC", iso, iso + 11);
}

static const char *who(const Telling *t)
{
    return arena_printf(t->a, "Amazon EMR cluster %s (%s)", t->cluster, t->name);
}

static Status put(const Telling *t, const char *type, Val *detail, Error *err)
{
    BusEvent event = { .region = t->server->region, .source = "aws.emr", .detail_type = type, .detail = detail, .at_ms = t->change->at_ms,
                       .about = bus_arn(t->a, t->server, "elasticmapreduce", t->server->region, t->server->region, arena_printf(t->a, "cluster/%s", t->cluster)) };
    return bus_put_event(t->db, t->a, t->server, &event, err);
}

/* ---------------------------------------------------------------- clusters */
/* NULL: EMR has no event of this state. */
static const char *cluster_message(const Telling *t, const char *code)
{
    const char *state = t->change->state, *message = val_str(t->change->facts, "message");
    if (str_eq(state, "STARTING"))
        return arena_printf(t->a, "%s was requested at %s and is being created.", who(t), t->at);
    if (str_eq(state, "RUNNING"))
        return arena_printf(t->a, "%s began running steps at %s.", who(t), t->at);
    if (str_eq(state, "WAITING"))
        return message && strstr(message, "after last step") ? arena_printf(t->a, "%s finished running all pending steps at %s.", who(t), t->at)
                                                             : arena_printf(t->a, "%s was created at %s and is ready for use.", who(t), t->at);
    if (str_eq(state, "TERMINATED"))
        return arena_printf(t->a, "%s has terminated at %s with a reason of %s.", who(t), t->at, code);
    if (str_eq(state, "TERMINATED_WITH_ERRORS"))
        return arena_printf(t->a, "%s has terminated with errors at %s with a reason of %s.", who(t), t->at, code);
    return NULL;
}

static Status tell_cluster(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Telling t = { .server = self, .db = db, .a = a, .change = c, .cluster = c->subject, .at = minute(a, c->at_ms) };
    const char *code = val_str(c->facts, "code"), *text = val_str(c->facts, "message");
    char *name = NULL;
    TRY(db_get_str(db, a, &name, err, "SELECT name FROM emr_cluster WHERE id=?", "s", c->subject));
    t.name = name;
    const char *message = cluster_message(&t, code ? code : "");
    if (!message)
        return ST_OK;
    Val *detail = val_map(a), *reason = val_map(a);
    val_set_str(a, reason, "code", code ? code : "");
    val_set_str(a, reason, "message", text);
    val_set_str(a, detail, "severity", str_eq(c->state, "TERMINATED_WITH_ERRORS") ? "CRITICAL" : "INFO");
    val_set_str(a, detail, "stateChangeReason", val_to_json(a, reason));
    val_set_str(a, detail, "name", name);
    val_set_str(a, detail, "clusterId", c->subject);
    val_set_str(a, detail, "state", c->state);
    val_set_str(a, detail, "message", message);
    return put(&t, "EMR Cluster State Change", detail, err);
}

/* ---------------------------------------------------------------- steps */
typedef struct StepRow {
    char *name, *action;
    int64_t started_ms, ended_ms;
} StepRow;

static Status step_row(Telling *t, StepRow *ret, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(t->db, &row, err,
                 "SELECT s.name, s.action_on_failure, coalesce(s.started_ms, 0), coalesce(s.ended_ms, 0), c.id, c.name FROM emr_step s JOIN emr_cluster c "
                 "ON c.id=s.cluster WHERE s.id=?", "s", t->change->subject));
    bool there = row_next(row);
    if (there) {
        *ret = (StepRow){ row_str_in(row, t->a, 0), row_str_in(row, t->a, 1), row_int(row, 2), row_int(row, 3) };
        t->cluster = row_str_in(row, t->a, 4);
        t->name = row_str_in(row, t->a, 5);
    }
    TRY(row_status(row, err));
    return there ? ST_OK : FAIL(err, ST_NOT_FOUND, "the step is gone");
}

static const char *step_message(const Telling *t, const StepRow *s)
{
    const char *state = t->change->state, *step = arena_printf(t->a, "%s (%s)", t->change->subject, s->name);
    if (str_eq(state, "PENDING"))
        return arena_printf(t->a, "Step %s was added to %s at %s and is pending execution.", step, who(t), t->at);
    if (str_eq(state, "CANCEL_PENDING"))
        return arena_printf(t->a, "Step %s in %s was cancelled at %s and is pending cancellation.", step, who(t), t->at);
    if (str_eq(state, "RUNNING"))
        return arena_printf(t->a, "Step %s in %s started running at %s.", step, who(t), t->at);
    if (str_eq(state, "COMPLETED"))
        return arena_printf(t->a, "Step %s in %s completed execution at %s. The step started running at %s and took %lld minutes to complete.", step, who(t),
                            t->at, minute(t->a, s->started_ms), (long long)((s->ended_ms - s->started_ms) / 60000));
    if (str_eq(state, "CANCELLED"))
        return arena_printf(t->a, "Cancellation request for step %s in %s succeeded at %s, and the step is now cancelled.", step, who(t), t->at);
    return str_eq(state, "FAILED") ? arena_printf(t->a, "Step %s in %s failed at %s.", step, who(t), t->at) : NULL;
}

static const char *step_severity(const char *state)
{
    return str_eq(state, "FAILED") ? "ERROR" : str_starts(state, "CANCEL") ? "WARN" : "INFO";
}

static Status tell_step(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Telling t = { .server = self, .db = db, .a = a, .change = c, .at = minute(a, c->at_ms) };
    StepRow step = { 0 };
    TRY(step_row(&t, &step, err));
    const char *message = step_message(&t, &step);
    if (!message)
        return ST_OK;
    Val *detail = val_map(a);
    val_set_str(a, detail, "severity", step_severity(c->state));
    val_set_str(a, detail, "actionOnFailure", step.action);
    val_set_str(a, detail, "stepId", c->subject);
    val_set_str(a, detail, "name", step.name);
    val_set_str(a, detail, "clusterId", t.cluster);
    val_set_str(a, detail, "state", c->state);
    val_set_str(a, detail, "message", message);
    return put(&t, "EMR Step Status Change", detail, err);
}

/* ---------------------------------------------------------------- instance groups */
typedef struct GroupRow {
    char *market, *type, *role;
} GroupRow;

static Status group_event(const Telling *t, const GroupRow *g, const char *state, int64_t requested, int64_t running, const char *message, Error *err)
{
    Arena *a = t->a;
    Val *detail = val_map(a);
    val_set_str(a, detail, "market", g->market);
    val_set_str(a, detail, "severity", "INFO");
    val_set_str(a, detail, "requestedInstanceCount", arena_printf(a, "%lld", (long long)requested));
    val_set_str(a, detail, "instanceType", g->type);
    val_set_str(a, detail, "instanceGroupType", g->role);
    val_set_str(a, detail, "instanceGroupId", t->change->subject);
    val_set_str(a, detail, "clusterId", t->cluster);
    val_set_str(a, detail, "runningInstanceCount", arena_printf(a, "%lld", (long long)running));
    val_set_str(a, detail, "state", state);
    val_set_str(a, detail, "message", message);
    return put(t, "EMR Instance Group State Change", detail, err);
}

/* Here a resize is done when it is asked for: both of its events come at once. */
static Status tell_group(void *self, Db *db, Arena *a, const BusChange *c, Error *err)
{
    Telling t = { .server = self, .db = db, .a = a, .change = c, .at = minute(a, c->at_ms) };
    GroupRow g = { 0 };
    char *collection = NULL;
    long long from = (long long)val_int(c->facts, "from", 0), to = (long long)val_int(c->facts, "to", 0);
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT g.market, g.instance_type, g.role, c.id, c.name, c.collection FROM emr_group g JOIN emr_cluster c ON c.id=g.cluster WHERE g.id=?",
                     "s", c->subject));
        if (row_next(row)) {
            g = (GroupRow){ row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2) };
            t.cluster = row_str_in(row, a, 3);
            t.name = row_str_in(row, a, 4);
            collection = row_str_in(row, a, 5);
        }
        TRY(row_status(row, err));
    }
    if (!str_eq(collection, "INSTANCE_GROUP"))
        return ST_OK;
    const char *began = arena_printf(a, "A resize for instance group %s in %s started at %s. It is resizing from an instance count of %lld to %lld.", c->subject, who(&t),
                                     t.at, from, to);
    const char *done = arena_printf(a, "The resizing operation for instance group %s in %s is complete. It now has an instance count of %lld. "
                                       "The resize started at %s and took 0 minutes to complete.", c->subject, who(&t), to, t.at);
    TRY(group_event(&t, &g, "RESIZING", to, from, began, err));
    return group_event(&t, &g, "RUNNING", to, to, done, err);
}

void emr_tell(Server *server)
{
    bus_on_change(server->bus, "emr-cluster", tell_cluster, server);
    bus_on_change(server->bus, "emr-step", tell_step, server);
    bus_on_change(server->bus, "emr-group", tell_group, server);
}
