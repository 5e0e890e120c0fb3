/* driver/driver.c -- see driver.h: start, sweep, stop. */
#include "driver/driver.h"

#include "back/duckdb/engine.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "driver/catalog.h"
#include "driver/rpc.h"
#include "driver/service.h"
#include "driver/udf_pool.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SWEEP_MS = 5000, PROGRESS_TICK_MS = 500, MESSAGE_MAX_BYTES = 128 * 1024 * 1024 }; /* spark.connect.grpc.maxInboundMessageSize */

struct Driver {
    atomic_size_t held_bytes;
    int64_t memory_bytes;
    Arena *arena;
    const char *home, *warehouse, *application_id, *scratch;
    Conf *conf;
    Engine *engine;
    UdfPool *udf_pool;
    int cores;
    Lake *lake;
    Store *store; /* of the home, when no server has it */
    Catalog *catalog;
    Sessions *sessions;
    RpcServer *server;
    pthread_t sweeper;
    bool sweeping;
    atomic_bool watching; /* an execution may be running */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
    Entries globals;
};

static void put_default(Conf *conf, const char *key, const char *value)
{
    if (!conf_get_explicit(conf, key))
        conf_put(conf, key, value);
}

static Status conf_start(Driver *d, const DriverOptions *options, Error *err)
{
    d->conf = conf_new(NULL);
    for (size_t i = 0; i < options->conf.len; i++) {
        TRY(conf_check(options->conf.at[i].key, options->conf.at[i].value, err));
        conf_put(d->conf, options->conf.at[i].key, options->conf.at[i].value);
    }
    put_default(d->conf, "spark.app.name", options->app_name ? options->app_name : "weir");
    put_default(d->conf, "spark.app.id", d->application_id);
    put_default(d->conf, "spark.app.startTime", arena_printf(d->arena, "%lld", (long long)clock_ms()));
    put_default(d->conf, "spark.master", "local[*]");
    put_default(d->conf, "spark.submit.deployMode", "client");
    put_default(d->conf, "spark.executor.id", "driver");
    put_default(d->conf, "spark.driver.host", "127.0.0.1");
    put_default(d->conf, "spark.sql.warehouse.dir", arena_printf(d->arena, "file:%s", d->warehouse));
    /* There is no JVM whose stack an error could show. */
    put_default(d->conf, "spark.sql.connect.serverStacktrace.enabled", "false");
    return ST_OK;
}

static Status lake_start(Driver *d, const DriverOptions *options, Error *err)
{
    LakeOptions lake = { .host_files = true, .host_root = options->host_root, .working_dir = options->working_dir,
                         .warehouse = d->warehouse, .run = options->run };
    return options->credentials ? lake_open_server(options->credentials, &lake, &d->lake, err)
                                : lake_open_home(d->home, &lake, &d->lake, err);
}

/* One catalog per home: the server's, or the one in the home's own store. */
static Status catalog_start(Driver *d, const DriverOptions *options, Error *err)
{
    Metastore *metastore;
    if (options->credentials) {
        TRY(metastore_open_server(options->credentials, &metastore, err));
    } else {
        TRY(store_open(d->home, &d->store, err));
        TRY(metastore_open_store(d->store, &metastore, err));
    }
    return catalog_open(metastore, conf_get(d->conf, "spark.sql.warehouse.dir"), &d->catalog, err);
}

static Status engine_start(Driver *d, const DriverOptions *options, Error *err)
{
    d->memory_bytes = options->memory_bytes;
    EngineOptions engine = { .memory_bytes = options->memory_bytes, .threads = options->cores,
                             .spill_dir = path_join(d->arena, d->scratch, "spill") };
    return engine_open(&engine, &d->engine, err);
}

static void udf_pool_start(Driver *d, const DriverOptions *options)
{
    int64_t memory_bytes = 0;
    const char *limit = conf_get_explicit(d->conf, "spark.executor.pyspark.memory");
    if (!limit || !conf_bytes(limit, &memory_bytes))
        memory_bytes = options->memory_bytes; /* none may take more than the application has */
    d->cores = options->cores > 0 ? options->cores : (int)sysconf(_SC_NPROCESSORS_ONLN);
    UdfPoolOptions pool = { .program = options->program, .python = options->python, .support = options->support,
                            .sandbox_file = options->worker_sandbox, .memory_bytes = memory_bytes, .idle_max = 2 * d->cores };
    d->udf_pool = udf_pool_new(&pool);
}

static Status start(Driver *d, const DriverOptions *options, Error *err)
{
    d->arena = arena_new();
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    char *cwd = realpath(options->home, NULL);
    d->home = arena_str(d->arena, cwd ? cwd : options->home);
    free(cwd);
    d->warehouse = options->warehouse ? arena_str(d->arena, options->warehouse) : path_join(d->arena, d->home, "warehouse");
    d->application_id = arena_printf(d->arena, "local-%lld", (long long)clock_ms());
    d->scratch = arena_printf(d->arena, "%s/tmp/driver-%ld-%lld", d->home, (long)getpid(), (long long)clock_ms());
    TRY(dir_make(d->scratch, 0700, err));
    TRY(conf_start(d, options, err));
    udf_pool_start(d, options);
    TRY(lake_start(d, options, err));
    TRY(engine_start(d, options, err));
    TRY(catalog_start(d, options, err));
    d->sessions = sessions_new(d, d->conf, path_join(d->arena, d->scratch, "artifacts"));
    return ST_OK;
}

Status driver_open(const DriverOptions *options, Driver **ret_driver, Error *err)
{
    Driver *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    Status status = start(d, options, err);
    if (status != ST_OK) {
        driver_close(d);
        return status;
    }
    *ret_driver = d;
    return ST_OK;
}

static int64_t conf_ms(const Conf *conf, const char *key)
{
    int64_t ms;
    const char *text = conf_get(conf, key);
    return text && conf_duration_ms(text, &ms) ? ms : -1;
}

void driver_watch(Driver *d)
{
    if (atomic_exchange(&d->watching, true))
        return;
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

/* Under the lock. */
static void sleep_ms(Driver *d, int64_t ms)
{
    struct timespec until = clock_after(CLOCK_REALTIME, ms);
    pthread_cond_timedwait(&d->wake, &d->lock, &until);
}

/* Ends what clients abandoned, every few seconds; tells those that wait, while queries run. */
static void *sweep(void *arg)
{
    Driver *d = arg;
    int64_t execution_ms = conf_ms(d->conf, "spark.connect.execute.manager.detachedTimeout");
    int64_t session_ms = conf_ms(d->conf, "spark.connect.session.manager.defaultSessionTimeout");
    int64_t every_ms = execution_ms > 0 && execution_ms < SWEEP_MS ? execution_ms : SWEEP_MS;
    int64_t report_ms = conf_ms(d->conf, "spark.connect.progress.reportInterval"), swept_ms = clock_monotonic_ms();
    int64_t tick_ms = report_ms < PROGRESS_TICK_MS ? report_ms : PROGRESS_TICK_MS;
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        bool watching = report_ms > 0 && atomic_load(&d->watching);
        sleep_ms(d, watching && tick_ms < every_ms ? tick_ms : every_ms);
        if (d->stopping)
            break;
        pthread_mutex_unlock(&d->lock);
        if (watching) {
            atomic_store(&d->watching, false); /* before the look: what begins after it is seen the next time */
            if (sessions_progress(d->sessions, report_ms) > 0)
                atomic_store(&d->watching, true);
        }
        if (clock_monotonic_ms() - swept_ms >= every_ms) {
            sessions_sweep(d->sessions, execution_ms, session_ms);
            swept_ms = clock_monotonic_ms();
        }
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* Each call may hold some batches of rows beside what the engine counts. */
static size_t calls_max(int64_t memory_bytes)
{
    enum { LEAST = 32, MOST = 512, EACH_BYTES = 16 * 1024 * 1024 };
    int64_t n = memory_bytes > 0 ? memory_bytes / EACH_BYTES : MOST;
    return n < LEAST ? LEAST : n > MOST ? MOST : (size_t)n;
}

Status driver_listen(Driver *d, const char *listen, const char *token, int *ret_port, Error *err)
{
    RpcOptions options = { .listen = listen, .methods = service_methods, .self = d, .token = arena_str(d->arena, token),
                           .max_message_bytes = MESSAGE_MAX_BYTES, .threads_max = calls_max(d->memory_bytes) };
    TRY(rpc_server_start(&options, &d->server, err));
    d->sweeping = pthread_create(&d->sweeper, NULL, sweep, d) == 0;
    *ret_port = rpc_server_port(d->server);
    return d->sweeping ? ST_OK : FAIL(err, ST_IO, "cannot start a thread");
}

void driver_close(Driver *d)
{
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->lock);
    if (d->sweeping)
        pthread_join(d->sweeper, NULL);
    if (d->sessions)
        sessions_interrupt_all(d->sessions);
    if (d->server)
        rpc_server_stop(d->server);
    sessions_free(d->sessions);
    udf_pool_free(d->udf_pool);
    entries_done(&d->globals);
    catalog_close(d->catalog);
    engine_close(d->engine);
    store_close(d->store);
    lake_close(d->lake);
    conf_free(d->conf);
    Error ignored = ERROR_INIT;
    if (d->scratch && tree_remove(d->scratch, &ignored) != ST_OK)
        log_warn("%s", ignored.message);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    arena_free(d->arena);
    free(d);
}

struct Engine *driver_engine(Driver *d)
{
    return d->engine;
}

struct UdfPool *driver_udf_pool(Driver *d)
{
    return d->udf_pool;
}

atomic_size_t *driver_held_bytes(Driver *d)
{
    return &d->held_bytes;
}

int driver_cores(const Driver *d)
{
    return d->cores;
}

Lake *driver_lake(Driver *d)
{
    return d->lake;
}

Catalog *driver_catalog(Driver *d)
{
    return d->catalog;
}

Sessions *driver_sessions(Driver *d)
{
    return d->sessions;
}

const Conf *driver_conf(const Driver *d)
{
    return d->conf;
}

const char *driver_application_id(const Driver *d)
{
    return d->application_id;
}

const char *driver_home(const Driver *d)
{
    return d->home;
}

Node *driver_global_view(Driver *d, Arena *a, const char *name)
{
    pthread_mutex_lock(&d->lock);
    KeptPlan *plan = entries_find(&d->globals, name);
    Node *use = plan ? kept_plan_use(plan, a) : NULL;
    pthread_mutex_unlock(&d->lock);
    return use;
}

void driver_set_global_view(Driver *d, const char *name, KeptPlan *plan)
{
    pthread_mutex_lock(&d->lock);
    entries_set(&d->globals, name, plan);
    pthread_mutex_unlock(&d->lock);
}

bool driver_drop_global_view(Driver *d, const char *name)
{
    pthread_mutex_lock(&d->lock);
    bool found = entries_remove(&d->globals, name);
    pthread_mutex_unlock(&d->lock);
    return found;
}

StrList driver_global_views(Driver *d, Arena *a)
{
    StrList names = { 0 };
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->globals.len; i++)
        vec_push(a, &names, arena_str(a, d->globals.at[i].name));
    pthread_mutex_unlock(&d->lock);
    return names;
}
