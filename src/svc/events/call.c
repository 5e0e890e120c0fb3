/* svc/events/call.c -- an event to an API destination: one HTTP request, which the bus repeats when it may help.
 * Source: "API destinations as targets in Amazon EventBridge": 5 seconds; 409, 429 and 5xx are tried again. */
#include "base/str.h"
#include "os/client.h"
#include "svc/events/internal.h"

enum { TIMEOUT_MS = 5000, URL_MAX = 8192 };

typedef struct Endpoint {
    Val *destination, *connection; /* their settings */
    bool authorized;
} Endpoint;

static Status load(Server *server, Arena *a, const char *arn, Endpoint *ret, Error *err)
{
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT d.settings, c.settings, c.state='AUTHORIZED' FROM event_destination d LEFT JOIN event_connection c "
                                "ON c.arn=json_extract(d.settings, '$.ConnectionArn') WHERE d.arn=?", "s", arn));
    bool there = row_next(row);
    if (there)
        *ret = (Endpoint){ events_json(a, row_str(row, 0)), events_json(a, row_str(row, 1)), row_int(row, 2) != 0 };
    TRY(row_status(row, err));
    if (!there)
        return FAIL(err, ST_NOT_FOUND, "the API destination does not exist");
    return ret->connection && ret->authorized ? ST_OK : FAIL(err, ST_DENIED, "its connection is %s", ret->connection ? "not authorized" : "deleted");
}

/* Stars of the endpoint stand for the target's path parameters. */
static void put_url(Str *url, const char *endpoint, const Val *paths)
{
    size_t used = 0;
    if (!str_istarts(endpoint, "http://") && !str_istarts(endpoint, "https://"))
        str_add(url, "https://");
    for (const char *c = endpoint; *c; c++) {
        if (*c == '*' && used < val_len(paths)) {
            const Val *value = val_at(paths, used++);
            uri_encode(url, value->s, value->len, false);
        } else {
            str_addc(url, *c);
        }
    }
}

static void put_query(Str *url, const char *name, const char *value)
{
    str_addc(url, strchr(str_text(url), '?') ? '&' : '?');
    uri_encode(url, name, strlen(name), false);
    str_addc(url, '=');
    uri_encode(url, value, strlen(value), false);
}

static Status put_header(Arena *a, ClientRequest *request, const char *name, const char *value, Error *err)
{
    const char *const texts[] = { name, value };
    for (size_t i = 0; i < 2; i++) {
        for (const char *c = texts[i]; *c; c++) {
            if ((unsigned char)*c < 0x20 && *c != '\t')
                return FAIL(err, ST_INVALID, "the header %s is not one", name);
        }
    }
    vec_push(a, &request->headers, (HttpPair){ arena_str(a, name), arena_str(a, value) });
    return ST_OK;
}

static Status put_credentials(Arena *a, ClientRequest *request, const Val *parameters, Error *err)
{
    const Val *key = val_get(parameters, "ApiKeyAuthParameters"), *basic = val_get(parameters, "BasicAuthParameters");
    if (key)
        return put_header(a, request, val_str(key, "ApiKeyName"), val_str(key, "ApiKeyValue"), err);
    const char *pair = arena_printf(a, "%s:%s", val_str(basic, "Username"), val_str(basic, "Password"));
    return put_header(a, request, "Authorization", arena_printf(a, "Basic %s", base64_encode(a, pair, strlen(pair))), err);
}

/* Those of the connection win over the target's, as on AWS: they come last, and the target's of their names are left out. */
static bool is_of_connection(const Val *list, const char *name)
{
    for (size_t i = 0; i < val_len(list); i++) {
        if (str_ieq(val_str(val_at(list, i), "Key"), name))
            return true;
    }
    return false;
}

static Status put_parameters(Arena *a, ClientRequest *request, Str *url, const Val *target, const Val *own, Error *err)
{
    const Val *headers = val_get(target, "HeaderParameters"), *query = val_get(target, "QueryStringParameters"),
              *own_headers = val_get(own, "HeaderParameters"), *own_query = val_get(own, "QueryStringParameters");
    for (size_t i = 0; i < val_len(headers); i++) {
        if (!is_of_connection(own_headers, headers->names[i]))
            TRY(put_header(a, request, headers->names[i], headers->items[i]->s, err));
    }
    for (size_t i = 0; i < val_len(own_headers); i++)
        TRY(put_header(a, request, val_str(val_at(own_headers, i), "Key"), val_str(val_at(own_headers, i), "Value"), err));
    for (size_t i = 0; i < val_len(query); i++) {
        if (!is_of_connection(own_query, query->names[i]))
            put_query(url, query->names[i], query->items[i]->s);
    }
    for (size_t i = 0; i < val_len(own_query); i++)
        put_query(url, val_str(val_at(own_query, i), "Key"), val_str(val_at(own_query, i), "Value"));
    return ST_OK;
}

static Status judge(const ClientAnswer *answer, Error *err)
{
    int status = answer->status;
    if (status >= 200 && status < 300)
        return ST_OK;
    bool again = status == 409 || status == 429 || status >= 500;
    return FAIL(err, again ? ST_IO : ST_INVALID, "the endpoint answered %d", status);
}

Status events_call_destination(void *self, const BusMessage *m, Error *err)
{
    arena_auto *a = arena_new();
    Endpoint e = { 0 };
    Val *payload = events_json(a, m->payload);
    const Val *http = val_get(payload, "http");
    str_auto url = STR_INIT(URL_MAX);
    ClientAnswer answer = { 0 };
    TRY(load(self, a, m->target, &e, err));
    const char *method = val_str(e.destination, "HttpMethod"), *body = val_str(payload, "body");
    const Val *parameters = val_get(e.connection, "AuthParameters");
    ClientRequest request = { .method = method, .connect_timeout_ms = TIMEOUT_MS, .timeout_ms = TIMEOUT_MS };
    bool bodiless = str_eq(method, "GET") || str_eq(method, "HEAD") || str_eq(method, "OPTIONS");
    put_url(&url, val_str(e.destination, "InvocationEndpoint"), val_get(http, "PathParameterValues"));
    TRY(put_header(a, &request, "User-Agent", "Amazon/EventBridge/ApiDestinations", err));
    TRY(put_header(a, &request, "Content-Type", "application/json; charset=utf-8", err));
    TRY(put_credentials(a, &request, parameters, err));
    TRY(put_parameters(a, &request, &url, http, val_get(parameters, "InvocationHttpParameters"), err));
    if (url.overflow)
        return FAIL(err, ST_INVALID, "the endpoint's URL is longer than %d characters", URL_MAX);
    request.url = str_text(&url);
    request.body = bodiless ? NULL : body;
    request.body_len = bodiless ? 0 : strlen(body);
    TRY(client_send(a, &request, &answer, NULL, err));
    return judge(&answer, err);
}
