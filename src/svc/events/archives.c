/* svc/events/archives.c -- archives: a rule of their own that keeps what fits. Source: "Archiving and replaying events in Amazon EventBridge". */
#include "base/clock.h"
#include "base/str.h"
#include "svc/events/internal.h"
#include "svc/events/pattern.h"

static const char MANAGER[] = "prod.vhs.events.aws.internal";

int64_t events_time_ms(const Doc *event)
{
    int64_t ms;
    const char *time = doc_text(event, "time");
    return time && time_parse_iso8601(time, &ms) ? ms : clock_ms();
}

Status events_archive_event(Db *db, const char *archive, const Doc *event, Error *err)
{
    arena_auto *a = arena_new();
    return db_exec(db, err, "INSERT INTO event_archived(archive, time_ms, archived_ms, event) VALUES(?,?,?,?)", "siis", archive, events_time_ms(event),
                   clock_ms(), doc_json(a, event));
}

/* ---------------------------------------------------------------- the rule */
/* The archive's pattern, but not for what is replayed. */
static Status rule_pattern(Arena *a, const char *pattern, const char **ret_text, Error *err)
{
    const Pattern *compiled;
    Doc *doc = doc_object(a), *replayed;
    static const char never[] = "[{\"exists\":false}]";
    if (pattern) {
        TRY(pattern_compile(a, pattern, &compiled, err));
        TRY(doc_parse(a, pattern, strlen(pattern), &doc, err));
    }
    TRY(doc_parse(a, never, sizeof never - 1, &replayed, err));
    doc_set(a, doc, "replay-name", replayed);
    *ret_text = doc_json(a, doc);
    return ST_OK;
}

static Status put_rule(Call *call, Db *db, const char *name, const char *archive, const EventBus *bus, const char *pattern, Error *err)
{
    Arena *a = call->arena;
    char *rule = arena_printf(a, "Events-Archive-%s", name), *arn = events_rule_arn(call, bus, rule);
    Val *target = val_map(a), *transformer = val_map(a);
    TRY(db_exec(db, err,
                "INSERT INTO event_rule(arn, region, bus, name, pattern, state, managed_by, tags) VALUES(?,?,?,?,?,'ENABLED',?,'[]') "
                "ON CONFLICT(arn) DO UPDATE SET pattern=excluded.pattern", "ssssss", arn, bus->region, bus->name, rule, pattern, MANAGER));
    val_set(a, transformer, "InputPathsMap", val_map(a));
    val_set_str(a, transformer, "InputTemplate",
                arena_printf(a, "{\"archive-arn\": \"%s\", \"event\": <aws.events.event.json>, \"ingestion-time\": <aws.events.event.ingestion-time>}", archive));
    val_set_str(a, target, "Id", rule);
    val_set_str(a, target, "Arn", arena_printf(a, "arn:aws:events:%s:::", bus->region));
    val_set(a, target, "InputTransformer", transformer);
    return db_exec(db, err, "INSERT INTO event_target(rule, id, arn, target) VALUES(?,?,?,?) ON CONFLICT(rule, id) DO NOTHING", "ssss", arn, rule,
                   val_str(target, "Arn"), val_to_json(a, target));
}

/* ---------------------------------------------------------------- operations */
typedef struct Archive {
    const char *arn, *name, *bus, *description, *pattern, *kms_key;
    int64_t retention_days, created_ms, events, bytes;
} Archive;

static Status load_archive(Call *call, Db *db, Archive *ret, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "ArchiveName");
    row_auto *row = NULL;
    TRY(db_query(db, &row, err,
                 "SELECT arn, name, bus, description, pattern, kms_key, retention_days, created_ms, (SELECT count(*) FROM event_archived WHERE archive=arn), "
                 "(SELECT coalesce(sum(length(CAST(event AS BLOB))), 0) FROM event_archived WHERE archive=arn) FROM event_archive WHERE region=? AND name=?", "ss",
                 call->region, name));
    bool there = row_next(row);
    if (there)
        *ret = (Archive){ row_str_in(row, a, 0), row_str_in(row, a, 1), row_str_in(row, a, 2), row_str_in(row, a, 3), row_str_in(row, a, 4),
                          row_str_in(row, a, 5), row_int(row, 6), row_int(row, 7), row_int(row, 8), row_int(row, 9) };
    TRY(row_status(row, err));
    return there ? ST_OK : events_missing(err, "Archive %s does not exist.", name);
}

static void answer_short(Call *call, const char *arn, int64_t created_ms)
{
    val_set_str(call->arena, call->output, "ArchiveArn", arn);
    val_set_str(call->arena, call->output, "State", "ENABLED");
    val_set_time(call->arena, call->output, "CreationTime", created_ms);
}

Status events_create_archive(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *name = val_str(in, "ArchiveName"), *pattern = val_str(in, "EventPattern"), *arn = events_arn(call, "archive", name), *own;
    int64_t now = clock_ms();
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(events_bus(call, db, val_str(in, "EventSourceArn"), &bus, err));
    TRY(rule_pattern(a, pattern, &own, err));
    Status status = db_exec(db, err,
                            "INSERT INTO event_archive(arn, region, name, bus, description, pattern, retention_days, kms_key, created_ms) VALUES(?,?,?,?,?,?,?,?,?)",
                            "ssssssisi", arn, call->region, name, bus.arn, val_str(in, "Description"), pattern, val_int(in, "RetentionDays", 0),
                            val_str(in, "KmsKeyIdentifier"), now);
    if (status == ST_CONFLICT)
        return events_conflict(err, "Archive %s already exists.", name);
    TRY(status);
    TRY(put_rule(call, db, name, arn, &bus, own, err));
    TRY(db_commit(db, err));
    answer_short(call, arn, now);
    return ST_OK;
}

Status events_describe_archive(Call *call, Error *err)
{
    Arena *a = call->arena;
    Val *out = call->output;
    Archive x;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(load_archive(call, db, &x, err));
    answer_short(call, x.arn, x.created_ms);
    val_set_str(a, out, "ArchiveName", x.name);
    val_set_str(a, out, "EventSourceArn", x.bus);
    val_set_str(a, out, "Description", x.description);
    val_set_str(a, out, "EventPattern", x.pattern);
    val_set_str(a, out, "KmsKeyIdentifier", x.kms_key);
    val_set_int(a, out, "RetentionDays", x.retention_days);
    val_set_int(a, out, "SizeBytes", x.bytes);
    val_set_int(a, out, "EventCount", x.events);
    return ST_OK;
}

Status events_update_archive(Call *call, Error *err)
{
    const Val *in = call->input;
    const char *pattern = val_str(in, "EventPattern"), *own;
    Archive x;
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load_archive(call, db, &x, err));
    TRY(events_bus(call, db, x.bus, &bus, err));
    TRY(rule_pattern(call->arena, pattern ? pattern : x.pattern, &own, err));
    TRY(db_exec(db, err,
                "UPDATE event_archive SET description=coalesce(?, description), pattern=coalesce(?, pattern), retention_days=?, kms_key=coalesce(?, kms_key) "
                "WHERE arn=?", "ssiss", val_str(in, "Description"), pattern, val_int(in, "RetentionDays", x.retention_days), val_str(in, "KmsKeyIdentifier"), x.arn));
    TRY(put_rule(call, db, x.name, x.arn, &bus, own, err));
    TRY(db_commit(db, err));
    answer_short(call, x.arn, x.created_ms);
    return ST_OK;
}

Status events_delete_archive(Call *call, Error *err)
{
    Archive x;
    EventBus bus;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load_archive(call, db, &x, err));
    bus = (EventBus){ events_bus_name(x.bus), x.bus, call->region };
    TRY(db_exec(db, err, "DELETE FROM event_rule WHERE arn=?", "s", events_rule_arn(call, &bus, arena_printf(call->arena, "Events-Archive-%s", x.name))));
    TRY(db_exec(db, err, "DELETE FROM event_archive WHERE arn=?", "s", x.arn));
    return db_commit(db, err);
}

Status events_list_archives(Call *call, Error *err)
{
    Arena *a = call->arena;
    const Val *in = call->input;
    const char *prefix = val_str(in, "NamePrefix"), *source = val_str(in, "EventSourceArn"), *state = val_str(in, "State");
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    if ((prefix != NULL) + (source != NULL) + (state != NULL) > 1)
        return events_invalid(err, "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.");
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err,
                 "SELECT name, bus, retention_days, created_ms, (SELECT count(*) FROM event_archived WHERE archive=arn), "
                 "(SELECT coalesce(sum(length(CAST(event AS BLOB))), 0) FROM event_archived WHERE archive=arn) FROM event_archive "
                 "WHERE region=? AND substr(name, 1, length(?2))=?2 AND bus=coalesce(?3, bus) AND coalesce(?4, 'ENABLED')='ENABLED' ORDER BY name", "ssss",
                 call->region, prefix ? prefix : "", source, state));
    while (row_next(row)) {
        Val *one = val_map(a);
        val_set_str(a, one, "ArchiveName", row_str(row, 0));
        val_set_str(a, one, "EventSourceArn", row_str(row, 1));
        val_set_str(a, one, "State", "ENABLED");
        val_set_int(a, one, "RetentionDays", row_int(row, 2));
        val_set_time(a, one, "CreationTime", row_int(row, 3));
        val_set_int(a, one, "EventCount", row_int(row, 4));
        val_set_int(a, one, "SizeBytes", row_int(row, 5));
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    return events_page(call, all, "Archives", err);
}
