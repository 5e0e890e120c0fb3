/* svc/events/replays.c -- replays: archived events once more on their bus, some at a time, with their progress in the same transaction.
 *
 * What one such transaction holds is replayed within StartReplay; the rest follows on the thread of clock.c, also after a restart. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/events/internal.h"

enum { AT_ONCE = 100 };

typedef struct Replay {
    const char *arn, *name, *archive, *description, *bus, *filters, *state, *region;
    int64_t from_ms, to_ms, started_ms, ended_ms, last_time_ms, last_id;
} Replay;

static const char COLUMNS[] = "arn, name, archive, description, bus, filters, state, region, from_ms, to_ms, started_ms, coalesce(ended_ms, -1), "
                              "coalesce(last_time_ms, -1), coalesce(last_id, 0)";

static Replay replay_of(Row *row, Arena *a)
{
    return (Replay){ row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), row_str_in(row, a, 4), row_str_in(row, a, 5),
                     row_str_in(row, a, 6), row_str_in(row, a, 7), row_int(row, 8), row_int(row, 9), row_int(row, 10), row_int(row, 11), row_int(row, 12),
                     row_int(row, 13) };
}

static Status load_replay(Db *db, Arena *a, const char *arn, const char *name, Replay *ret, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, arena_printf(a, "SELECT %s FROM event_replay WHERE arn=?", COLUMNS), "s", arn));
    bool there = row_next(row);
    if (there)
        *ret = replay_of(row, a);
    TRY(row_status(row, err));
    return there ? ST_OK : events_missing(err, "Replay %s does not exist.", name);
}

/* ---------------------------------------------------------------- replaying */
typedef struct Kept {
    int64_t id, time_ms;
    char *event;
} Kept;
typedef VEC(Kept) KeptList;

static Status next_events(Db *db, Arena *a, const Replay *r, KeptList *ret, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT id, time_ms, event FROM event_archived WHERE archive=?1 AND time_ms>=?2 AND time_ms<?3 AND (time_ms, id)>(?4, ?5) ORDER BY time_ms, id LIMIT ?6",
                 "siiiii", r->archive, r->from_ms, r->to_ms, r->last_time_ms, r->last_id, (int64_t)AT_ONCE));
    while (row_next(row))
        vec_push(a, ret, (Kept){ row_int(row, 0), row_int(row, 1), row_str_in(row, a, 2) });
    return row_status(row, err);
}

static Status replay_event(Server *server, Db *db, Arena *a, const Replay *r, const char *text, Error *err)
{
    Doc *event;
    TRY(doc_parse(a, text, strlen(text), &event, err));
    doc_set(a, event, "id", doc_string(a, random_uuid(a)));
    doc_set(a, event, "replay-name", doc_string(a, r->name));
    Incoming in = { .region = r->region, .bus = events_bus_name(r->bus), .event = event, .only_rules = events_json(a, r->filters) };
    return events_fan_out(server, db, a, &in, err);
}

static Status replay_in(Server *server, Db *db, Arena *a, Replay *r, bool *ret_more, Error *err)
{
    KeptList events = { 0 };
    TRY(next_events(db, a, r, &events, err));
    for (size_t i = 0; i < events.len; i++)
        TRY(replay_event(server, db, a, r, events.at[i].event, err));
    *ret_more = events.len == AT_ONCE;
    if (events.len)
        TRY(db_exec(db, err, "UPDATE event_replay SET last_time_ms=?, last_id=? WHERE arn=?", "iis", events.at[events.len - 1].time_ms, events.at[events.len - 1].id,
                    r->arn));
    if (*ret_more)
        return ST_OK;
    return db_exec(db, err, "UPDATE event_replay SET state='COMPLETED', ended_ms=? WHERE arn=?", "is", clock_ms(), r->arn);
}

Status events_replay_some(Server *server, const char *arn, bool *ret_more, Error *err)
{
    arena_auto *a = arena_new();
    Replay r;
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load_replay(db, a, arn, arn, &r, err));
    *ret_more = false;
    if (!str_eq(r.state, "RUNNING"))
        return ST_OK;
    TRY(replay_in(server, db, a, &r, ret_more, err));
    TRY(db_commit(db, err));
    bus_wake(server->bus);
    return ST_OK;
}

/* ---------------------------------------------------------------- operations */
static Status check_replay(Call *call, Db *db, EventBus *ret_bus, Error *err)
{
    const Val *in = call->input;
    const char *destination = val_str(val_get(in, "Destination"), "Arn"), *archive = val_str(in, "EventSourceArn"), *slash = strstr(archive, ":archive/");
    char *bus = NULL;
    if (!strstr(destination, ":event-bus/"))
        return events_invalid(err, "Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.");
    TRY(events_bus(call, db, destination, ret_bus, err));
    Status status = db_get_str(db, call->arena, &bus, err, "SELECT bus FROM event_archive WHERE arn=?", "s", archive);
    if (status == ST_NOT_FOUND)
        return events_invalid(err, "Parameter EventSourceArn is not valid. Reason: Archive %s does not exist.", slash ? slash + strlen(":archive/") : archive);
    TRY(status);
    if (!str_eq(bus, destination))
        return events_invalid(err, "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
    if (val_time(in, "EventStartTime", 0) >= val_time(in, "EventEndTime", 0))
        return events_invalid(err, "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
    return ST_OK;
}

Status events_start_replay(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input, *filters = val_get(val_get(in, "Destination"), "FilterArns");
    const char *name = val_str(in, "ReplayName"), *arn = events_arn(call, "replay", name);
    int64_t now = clock_ms();
    bool more;
    Replay r;
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(check_replay(call, db, &bus, err));
    Status status = db_exec(db, err,
                            "INSERT INTO event_replay(arn, region, name, archive, description, bus, filters, from_ms, to_ms, state, started_ms) "
                            "VALUES(?,?,?,?,?,?,?,?,?,'RUNNING',?)", "sssssssiii", arn, call->region, name, val_str(in, "EventSourceArn"),
                            val_str(in, "Description"), bus.arn, filters ? val_to_json(a, filters) : NULL, val_time(in, "EventStartTime", 0),
                            val_time(in, "EventEndTime", 0), now);
    if (status == ST_CONFLICT)
        return events_conflict(err, "Replay %s already exists.", name);
    TRY(status);
    TRY(load_replay(db, a, arn, name, &r, err));
    TRY(replay_in(call->server, db, a, &r, &more, err));
    TRY(db_commit(db, err));
    bus_wake(call->server->bus);
    if (more)
        events_wake(call->server);
    val_set_str(a, call->output, "ReplayArn", arn);
    val_set_str(a, call->output, "State", "STARTING");
    val_set_time(a, call->output, "ReplayStartTime", now);
    return ST_OK;
}

static void show_replay(Arena *a, Val *shown, const Replay *r)
{
    val_set_str(a, shown, "ReplayName", r->name);
    val_set_str(a, shown, "EventSourceArn", r->archive);
    val_set_str(a, shown, "State", r->state);
    val_set_time(a, shown, "EventStartTime", r->from_ms);
    val_set_time(a, shown, "EventEndTime", r->to_ms);
    val_set_time(a, shown, "ReplayStartTime", r->started_ms);
    if (r->last_time_ms >= 0)
        val_set_time(a, shown, "EventLastReplayedTime", r->last_time_ms);
    if (r->ended_ms >= 0)
        val_set_time(a, shown, "ReplayEndTime", r->ended_ms);
}

Status events_describe_replay(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "ReplayName");
    Val *destination = val_map(a);
    Replay r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(load_replay(db, a, events_arn(call, "replay", name), name, &r, err));
    show_replay(a, call->output, &r);
    val_set_str(a, destination, "Arn", r.bus);
    val_set(a, destination, "FilterArns", events_json(a, r.filters));
    val_set(a, call->output, "Destination", destination);
    val_set_str(a, call->output, "ReplayArn", r.arn);
    val_set_str(a, call->output, "Description", r.description);
    return ST_OK;
}

Status events_list_replays(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *prefix = val_str(in, "NamePrefix"), *source = val_str(in, "EventSourceArn"), *state = val_str(in, "State");
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    if ((prefix != NULL) + (source != NULL) + (state != NULL) > 1)
        return events_invalid(err, "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err,
                 arena_printf(a, "SELECT %s FROM event_replay WHERE region=? AND substr(name, 1, length(?2))=?2 AND archive=coalesce(?3, archive) AND "
                                 "state=coalesce(?4, state) ORDER BY name", COLUMNS), "ssss", call->region, prefix ? prefix : "", source, state));
    while (row_next(row)) {
        Replay r = replay_of(row, a);
        Val *one = val_map(a);
        show_replay(a, one, &r);
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    return events_page(call, all, "Replays", err);
}

Status events_cancel_replay(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "ReplayName"), *arn = events_arn(call, "replay", name);
    Replay r;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load_replay(db, a, arn, name, &r, err));
    if (!str_eq(r.state, "RUNNING"))
        return FAIL_CODE(err, ST_INVALID, "IllegalStatusException", "Replay %s is not in a valid state for this operation.", name);
    TRY(db_exec(db, err, "UPDATE event_replay SET state='CANCELLED', ended_ms=? WHERE arn=?", "is", clock_ms(), arn));
    TRY(db_commit(db, err));
    val_set_str(a, call->output, "ReplayArn", arn);
    val_set_str(a, call->output, "State", "CANCELLING");
    return ST_OK;
}
