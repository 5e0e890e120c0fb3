/* svc/events/destinations.c -- connections (how an HTTP endpoint is called) and API destinations (the endpoints): records. Calls: call.c. */
#include "base/clock.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/events/internal.h"

/* Of a connection and of a destination: a row of settings by their names. */
typedef struct Kind {
    const char *table, *path, *arn_member;
    const char *settings[5];
} Kind;

static const Kind connection = { "event_connection", "connection", "ConnectionArn",
                                 { "Description", "AuthorizationType", "AuthParameters", "KmsKeyIdentifier" } };
static const Kind destination = { "event_destination", "api-destination", "ApiDestinationArn",
                                  { "Description", "ConnectionArn", "InvocationEndpoint", "HttpMethod", "InvocationRateLimitPerSecond" } };

typedef struct Thing {
    const char *arn, *name, *state;
    Val *settings;
    int64_t created_ms, changed_ms;
} Thing;

static Status missing(const Kind *kind, const char *name, Error *err)
{
    return kind == &connection ? events_missing(err, "Connection '%s' does not exist.", name) : events_missing(err, "An api-destination '%s' does not exist.", name);
}

static char *columns(Arena *a, const Kind *kind)
{
    return arena_printf(a, "SELECT arn, name, settings, created_ms, changed_ms, %s FROM %s", kind == &connection ? "state" : "'ACTIVE'", kind->table);
}

static Thing thing_of(Row *row, Arena *a)
{
    return (Thing){ .arn = row_str_in(row, a, 0), .name = row_str_in(row, a, 1), .settings = events_json(a, row_str(row, 2)), .created_ms = row_int(row, 3),
                    .changed_ms = row_int(row, 4), .state = row_str_in(row, a, 5) };
}

static Status load(Call *call, Db *db, const Kind *kind, Thing *ret, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "Name");
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, arena_printf(a, "%s WHERE region=? AND name=?", columns(a, kind)), "ss", call->region, name));
    bool there = row_next(row);
    if (there)
        *ret = thing_of(row, a);
    TRY(row_status(row, err));
    return there ? ST_OK : missing(kind, name, err);
}

static void take_settings(Arena *a, const Kind *kind, Val *settings, const Val *input)
{
    for (size_t i = 0; i < sizeof kind->settings / sizeof *kind->settings && kind->settings[i]; i++)
        val_set(a, settings, kind->settings[i], (Val *)(uintptr_t)val_get(input, kind->settings[i]));
}

static void show_short(Arena *a, const Kind *kind, const Thing *t, Val *shown)
{
    val_set_str(a, shown, kind->arn_member, t->arn);
    val_set_str(a, shown, kind == &connection ? "ConnectionState" : "ApiDestinationState", t->state);
    val_set_time(a, shown, "CreationTime", t->created_ms);
    val_set_time(a, shown, "LastModifiedTime", t->changed_ms);
    if (kind == &connection && str_eq(t->state, "AUTHORIZED"))
        val_set_time(a, shown, "LastAuthorizedTime", t->changed_ms);
}

/* ---------------------------------------------------------------- checks */
static Status check_connection(const Val *settings, Error *err)
{
    const char *type = val_str(settings, "AuthorizationType");
    const Val *parameters = val_get(settings, "AuthParameters"), *key = val_get(parameters, "ApiKeyAuthParameters"),
              *basic = val_get(parameters, "BasicAuthParameters");
    if (str_eq(type, "OAUTH_CLIENT_CREDENTIALS"))
        return events_invalid(err, "AuthorizationType OAUTH_CLIENT_CREDENTIALS is not there: only API_KEY and BASIC are.");
    if (val_get(parameters, "ConnectivityParameters") || val_get(val_get(parameters, "InvocationHttpParameters"), "BodyParameters"))
        return events_invalid(err, "ConnectivityParameters and BodyParameters are not there.");
    if (str_eq(type, "API_KEY") ? !val_str(key, "ApiKeyName") || !val_str(key, "ApiKeyValue") : !val_str(basic, "Username") || !val_str(basic, "Password"))
        return events_invalid(err, "Parameter AuthParameters is not valid. Reason: It has not what AuthorizationType %s needs.", type);
    return ST_OK;
}

static Status check_destination(Call *call, Db *db, const Val *settings, Error *err)
{
    const char *arn = val_str(settings, "ConnectionArn"), *url = val_str(settings, "InvocationEndpoint");
    int64_t there;
    TRY(db_get_int(db, &there, err, "SELECT count(*) FROM event_connection WHERE arn=? AND region=?", "ss", arn, call->region));
    if (!there)
        return events_missing(err, "Connection '%s' does not exist.", arn);
    for (const char *c = url; *c; c++) {
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return events_invalid(err, "Parameter InvocationEndpoint is not valid.");
    }
    return ST_OK;
}

static Status check(Call *call, Db *db, const Kind *kind, const Val *settings, Error *err)
{
    return kind == &connection ? check_connection(settings, err) : check_destination(call, db, settings, err);
}

/* ---------------------------------------------------------------- what both do */
static Status create(Call *call, const Kind *kind, Error *err)
{
    Arena *a = call->arena;
    const char *name = val_str(call->input, "Name");
    Val *settings = val_map(a);
    Thing t = { .arn = events_arn(call, kind->path, arena_printf(a, "%s/%s", name, random_uuid(a))), .state = kind == &connection ? "AUTHORIZED" : "ACTIVE",
                .created_ms = clock_ms() };
    t.changed_ms = t.created_ms;
    db_auto *db = NULL;
    take_settings(a, kind, settings, call->input);
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(check(call, db, kind, settings, err));
    const char *sql = arena_printf(a, "INSERT INTO %s(arn, region, name, settings, created_ms, changed_ms%s) VALUES(?,?,?,?,?,?%s)", kind->table,
                                   kind == &connection ? ", state" : "", kind == &connection ? ",'AUTHORIZED'" : "");
    Status status = db_exec(db, err, sql, "ssssii", t.arn, call->region, name, val_to_json(a, settings), t.created_ms, t.changed_ms);
    if (status == ST_CONFLICT)
        return events_conflict(err, "%s %s already exists.", kind == &connection ? "Connection" : "An api-destination", name);
    TRY(status);
    TRY(db_commit(db, err));
    show_short(a, kind, &t, call->output);
    return ST_OK;
}

static Status update(Call *call, const Kind *kind, Error *err)
{
    Arena *a = call->arena;
    Thing t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load(call, db, kind, &t, err));
    take_settings(a, kind, t.settings, call->input);
    TRY(check(call, db, kind, t.settings, err));
    t.changed_ms = clock_ms();
    TRY(db_exec(db, err, arena_printf(a, "UPDATE %s SET settings=?, changed_ms=?%s WHERE arn=?", kind->table, kind == &connection ? ", state='AUTHORIZED'" : ""),
                "sis", val_to_json(a, t.settings), t.changed_ms, t.arn));
    TRY(db_commit(db, err));
    t.state = kind == &connection ? "AUTHORIZED" : t.state;
    show_short(a, kind, &t, call->output);
    return ST_OK;
}

static Status drop(Call *call, const Kind *kind, Error *err)
{
    Thing t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load(call, db, kind, &t, err));
    TRY(db_exec(db, err, arena_printf(call->arena, "DELETE FROM %s WHERE arn=?", kind->table), "s", t.arn));
    TRY(db_commit(db, err));
    if (kind == &connection) {
        t.state = "DELETING";
        show_short(call->arena, kind, &t, call->output);
    }
    return ST_OK;
}

static Status list(Call *call, const Kind *kind, const char *output, Error *err)
{
    Arena *a = call->arena;
    const char *prefix = val_str(call->input, "NamePrefix"), *state = val_str(call->input, "ConnectionState"), *arn = val_str(call->input, "ConnectionArn");
    Val *all = val_list(a);
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_query(db, &row, err, arena_printf(a, "%s WHERE region=? AND substr(name, 1, length(?2))=?2 ORDER BY name", columns(a, kind)), "ss", call->region,
                 prefix ? prefix : ""));
    while (row_next(row)) {
        Thing t = thing_of(row, a);
        Val *one = val_map(a);
        if ((state && !str_eq(state, t.state)) || (arn && !str_eq(arn, val_str(t.settings, "ConnectionArn"))))
            continue;
        val_set_str(a, one, "Name", t.name);
        show_short(a, kind, &t, one);
        for (size_t i = 0; i < val_len(t.settings); i++) {
            if (!str_eq(t.settings->names[i], "Description") && !str_eq(t.settings->names[i], "AuthParameters") && !str_eq(t.settings->names[i], "KmsKeyIdentifier"))
                val_set(a, one, t.settings->names[i], t.settings->items[i]);
        }
        val_push(a, all, one);
    }
    TRY(row_status(row, err));
    return events_page(call, all, output, err);
}

/* ---------------------------------------------------------------- connections */
/* All but the secrets. */
static Val *public_http(Arena *a, const Val *http)
{
    Val *shown = val_map(a);
    for (size_t i = 0; i < val_len(http); i++) {
        Val *kept = val_list(a);
        for (size_t k = 0; k < val_len(http->items[i]); k++) {
            const Val *old = val_at(http->items[i], k);
            Val *one = val_map(a);
            bool secret = val_bool(old, "IsValueSecret", false);
            val_set_str(a, one, "Key", val_str(old, "Key"));
            val_set_bool(a, one, "IsValueSecret", secret);
            val_set_str(a, one, "Value", secret ? NULL : val_str(old, "Value"));
            val_push(a, kept, one);
        }
        val_set(a, shown, http->names[i], kept);
    }
    return shown;
}

static Val *public_parameters(Arena *a, const Val *parameters)
{
    const Val *key = val_get(parameters, "ApiKeyAuthParameters"), *basic = val_get(parameters, "BasicAuthParameters"),
              *http = val_get(parameters, "InvocationHttpParameters");
    Val *shown = val_map(a), *one = val_map(a);
    val_set_str(a, one, key ? "ApiKeyName" : "Username", key ? val_str(key, "ApiKeyName") : val_str(basic, "Username"));
    val_set(a, shown, key ? "ApiKeyAuthParameters" : "BasicAuthParameters", one);
    if (http)
        val_set(a, shown, "InvocationHttpParameters", public_http(a, http));
    return shown;
}

Status events_create_connection(Call *call, Error *err)
{
    if (val_get(call->input, "InvocationConnectivityParameters"))
        return events_invalid(err, "InvocationConnectivityParameters: private connectivity is not there.");
    return create(call, &connection, err);
}

Status events_describe_connection(Call *call, Error *err)
{
    Arena *a = call->arena;
    Thing t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(load(call, db, &connection, &t, err));
    show_short(a, &connection, &t, call->output);
    take_settings(a, &connection, call->output, t.settings);
    val_set_str(a, call->output, "Name", t.name);
    val_set(a, call->output, "AuthParameters", public_parameters(a, val_get(t.settings, "AuthParameters")));
    return ST_OK;
}

Status events_update_connection(Call *call, Error *err)
{
    return update(call, &connection, err);
}

Status events_delete_connection(Call *call, Error *err)
{
    return drop(call, &connection, err);
}

Status events_list_connections(Call *call, Error *err)
{
    return list(call, &connection, "Connections", err);
}

/* Its secrets go: nothing is called with it until it is updated. */
Status events_deauthorize_connection(Call *call, Error *err)
{
    Arena *a = call->arena;
    Thing t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(load(call, db, &connection, &t, err));
    val_set(a, t.settings, "AuthParameters", public_parameters(a, val_get(t.settings, "AuthParameters")));
    t.state = "DEAUTHORIZED";
    t.changed_ms = clock_ms();
    TRY(db_exec(db, err, "UPDATE event_connection SET settings=?, state=?, changed_ms=? WHERE arn=?", "ssis", val_to_json(a, t.settings), t.state, t.changed_ms, t.arn));
    TRY(db_commit(db, err));
    show_short(a, &connection, &t, call->output);
    val_set_str(a, call->output, "ConnectionState", "DEAUTHORIZING");
    return ST_OK;
}

/* ---------------------------------------------------------------- API destinations */
Status events_create_api_destination(Call *call, Error *err)
{
    return create(call, &destination, err);
}

Status events_describe_api_destination(Call *call, Error *err)
{
    Arena *a = call->arena;
    Thing t = { 0 };
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(load(call, db, &destination, &t, err));
    show_short(a, &destination, &t, call->output);
    take_settings(a, &destination, call->output, t.settings);
    val_set_str(a, call->output, "Name", t.name);
    return ST_OK;
}

Status events_update_api_destination(Call *call, Error *err)
{
    return update(call, &destination, err);
}

Status events_delete_api_destination(Call *call, Error *err)
{
    return drop(call, &destination, err);
}

Status events_list_api_destinations(Call *call, Error *err)
{
    return list(call, &destination, "ApiDestinations", err);
}
