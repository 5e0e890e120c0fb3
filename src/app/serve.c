/* app/serve.c -- `weir serve`: opens the home, listens, waits for SIGTERM, stops what it started in reverse order. */
#include "api/api.h"
#include "app/home.h"
#include "app/options.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "lake/objects.h"
#include "series/series.h"
#include "svc/budgets/budgets.h"
#include "svc/bus.h"
#include "svc/cloudwatch/cloudwatch.h"
#include "svc/credentials.h"
#include "svc/emr/emr.h"
#include "svc/events/events.h"
#include "svc/glue/glue.h"
#include "svc/logs/logs.h"
#include "svc/redshift/redshift.h"
#include "svc/redshiftdata/redshiftdata.h"
#include "svc/s3/s3.h"
#include "svc/sns/sns.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int app_serve(int argc, char **argv);

enum { SWEEP_EVERY_S = 60 };

typedef struct Serve {
    Arena *arena;
    Server server;
    const char *listen, *cert, *key;
    int lock;
    HttpServer *http;
    Api *api;
    sigset_t signals;
} Serve;

static Status check_options(Serve *s, const Options *o, Error *err)
{
    Arena *a = s->arena;
    const char *auth = option_text(a, o, "auth");
    s->listen = option_text(a, o, "listen");
    s->cert = option_text(a, o, "tls-cert");
    s->key = option_text(a, o, "tls-key");
    s->server.smtp = option_text(a, o, "smtp");
    s->server.home = option_text(a, o, "home");
    s->server.account = HOME_ACCOUNT;
    const char *region = getenv("AWS_DEFAULT_REGION");
    s->server.region = region && region[0] ? arena_str(a, region) : "us-east-1";
    if (o->args.len > 0)
        return FAIL(err, ST_INVALID, "'%s' is not expected", o->args.at[0]);
    if (!str_eq(auth, "sigv4") && !str_eq(auth, "off"))
        return FAIL(err, ST_INVALID, "--auth is sigv4 or off, not '%s'", auth);
    s->server.auth_off = str_eq(auth, "off");
    bool loopback = false;
    TRY(http_listen_is_loopback(s->listen, &loopback, err));
    if (s->server.auth_off && !loopback)
        return FAIL(err, ST_INVALID, "--auth off is for loopback only, and %s is not: anyone who reaches it could run anything",
                    s->listen);
    if (!loopback && !s->cert)
        return FAIL(err, ST_INVALID, "%s is not on loopback: --tls-cert and --tls-key are needed there", s->listen);
    return ST_OK;
}

/* A thousand connections, each with a body's file and a connection to the store: more than the customary soft limit of 1024. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static Status open_home(Serve *s, Error *err)
{
    raise_file_limit();
    Server *server = &s->server;
    TRY(dir_make(server->home, 0700, err));
    char *real = realpath(server->home, NULL);
    server->home = real ? arena_str(s->arena, real) : server->home;
    free(real);
    TRY(home_lock(server->home, &s->lock, err));
    TRY(store_open(server->home, &server->store, err));
    TRY(credentials_open(server->home, server->account, server->store, &server->credentials, err));
    TRY(objects_open(server->home, server->store, &server->objects, err));
    TRY(series_open(server->home, &server->series, err));
    return bus_open(server->store, &server->bus, err);
}

/* "http://127.0.0.1:4566": a wildcard address is reached by the loopback one. */
static const char *endpoint_of(Serve *s)
{
    const char *colon = strrchr(s->listen, ':');
    char *host = arena_strn(s->arena, s->listen, (size_t)(colon - s->listen));
    if (!host[0] || str_eq(host, "0.0.0.0") || str_eq(host, "[::]"))
        host = arena_str(s->arena, "127.0.0.1");
    return arena_printf(s->arena, "%s://%s:%d", s->cert ? "https" : "http", host, http_server_port(s->http));
}

static Status start(Serve *s, Error *err)
{
    HttpServerOptions options = { .listen = s->listen, .tls_cert_path = s->cert, .tls_key_path = s->key };
    TRY(http_server_new(&options, &s->http, err));
    s->server.endpoint = endpoint_of(s);
    TRY(logs_start(&s->server, err)); /* first: others write into log groups */
    s3_tell(&s->server);
    TRY(emr_start(&s->server, err));
    TRY(glue_start(&s->server, err));
    TRY(redshift_start(&s->server, err));
    TRY(redshiftdata_start(&s->server, err));
    TRY(cloudwatch_start(&s->server, err));
    TRY(budgets_start(&s->server, err));
    TRY(sns_start(&s->server, err));
    TRY(eventbridge_start(&s->server, err));
    TRY(bus_start(s->server.bus, err)); /* after all who send and deliver are known to it */
    s->api = api_new(&s->server);
    HttpHandler handler = api_handler(s->api);
    TRY(http_server_start(s->http, &handler, err));
    HomeEndpoint at = { s->server.endpoint, s->server.region, s->server.account, s->server.auth_off ? "off" : "sigv4" };
    return home_write_endpoint(s->server.home, &at, err);
}

static void stop(Serve *s)
{
    if (s->server.endpoint)
        home_remove_endpoint(s->server.home);
    http_server_stop(s->http);
    bus_stop(s->server.bus);
    eventbridge_stop(&s->server);
    sns_stop(&s->server);
    glue_stop(&s->server);
    redshift_stop(&s->server);
    budgets_stop(&s->server);
    cloudwatch_stop(&s->server);
    emr_stop(&s->server);
    logs_stop(&s->server);
    api_free(s->api);
    bus_close(s->server.bus);
    series_close(s->server.series);
    objects_close(s->server.objects);
    credentials_close(s->server.credentials);
    if (s->server.store)
        store_close(s->server.store);
    fd_closep(&s->lock); /* last: until then the home is ours */
}

static void sweep(Serve *s)
{
    Error err = ERROR_INIT;
    if (objects_sweep(s->server.objects, OBJECTS_GRACE_MS, &err) != ST_OK)
        log_warn("sweep the object store: %s", err.message);
    if (credentials_sweep(s->server.credentials, &err) != ST_OK)
        log_warn("sweep expired credentials: %s", err.message);
    if (bus_sweep(s->server.bus, &err) != ST_OK)
        log_warn("sweep the bus: %s", err.message);
    if (redshiftdata_sweep(&s->server, &err) != ST_OK)
        log_warn("sweep results and sessions of Redshift: %s", err.message);
    if (logs_sweep(&s->server, &err) != ST_OK)
        log_warn("sweep log events: %s", err.message);
    if (sns_sweep(&s->server, &err) != ST_OK)
        log_warn("sweep notifications: %s", err.message);
    if (eventbridge_sweep(&s->server, &err) != ST_OK)
        log_warn("sweep archived events: %s", err.message);
}

static void wait_for_end(Serve *s)
{
    struct timespec every = { .tv_sec = SWEEP_EVERY_S };
    while (sigtimedwait(&s->signals, NULL, &every) < 0)
        sweep(s);
}

static Status serve(Serve *s, const Options *options, Error *err)
{
    TRY(check_options(s, options, err));
    TRY(open_home(s, err));
    TRY(start(s, err));
    printf("weir: ready %s\n", s->server.endpoint);
    fflush(stdout);
    wait_for_end(s);
    return ST_OK;
}

int app_serve(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    Error err = ERROR_INIT;
    int exit_code;
    if (!options_begin(a, "serve", argc, argv, &options, &exit_code))
        return exit_code;
    Serve s = { .arena = a, .lock = -1 };
    umask(077);
    /* Blocked before any thread starts, so that only this one takes them. */
    sigemptyset(&s.signals);
    sigaddset(&s.signals, SIGTERM);
    sigaddset(&s.signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &s.signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    Status status = serve(&s, &options, &err);
    if (status != ST_OK)
        fprintf(stderr, "weir serve: %s\n", err.message);
    stop(&s);
    return status == ST_OK ? 0 : status == ST_INVALID ? 2 : 1;
}
