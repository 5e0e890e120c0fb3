/* driver/driver.h -- one Spark application: the engine, the lake, the catalog, the sessions, and the Spark Connect endpoint.
 *
 * driver_open makes the application without an endpoint (weir spark-sql runs statements in process); driver_listen adds
 * one. Thread-safe after the start. The driver logs; it never ends the process. */
#ifndef WEIR_DRIVER_DRIVER_H
#define WEIR_DRIVER_DRIVER_H
#include "base/status.h"
#include "driver/session.h"
#include "ir/node.h"
#include "lake/lake.h"

#include <stdatomic.h>
#include <stdint.h>

#define SPARK_VERSION "4.1.1"

typedef struct DriverOptions {
    const char *home;            /* the home's lake, warehouse and spill folder */
    const char *warehouse;       /* host folder of managed tables' files unless the conf says otherwise; NULL: HOME/warehouse */
    const char *working_dir;     /* relative file paths start here; NULL: at the root */
    const char *host_root;       /* files of the host can be named only below this folder; NULL: anywhere */
    const char *run;             /* who writes: recorded with each output; NULL: none */
    const char *app_name;        /* spark.app.name unless the conf has one; NULL: "weir" */
    int64_t memory_bytes;        /* of the engine; 0: its own default */
    int cores;                   /* 0: all */
    KeyValueList conf;           /* what the application was started with (--conf, properties file) */
    const char *program, *python, *support; /* for Python functions: weir itself, python3, python/; NULL: they cannot run */
    const char *worker_sandbox;  /* the file of the walls around them; NULL: the least */
    const LakeCredentials *credentials; /* ask this server for the lake; NULL: open the home's own */
} DriverOptions;

struct Engine;
typedef struct Catalog Catalog;

Status driver_open(const DriverOptions *options, Driver **ret_driver, Error *err);
/* Serves Spark Connect; token NULL: no check. ST_CONFLICT when the port is taken. */
Status driver_listen(Driver *driver, const char *listen, const char *token, int *ret_port, Error *err);
/* Interrupts what runs, ends the endpoint, closes all. */
void driver_close(Driver *driver);

struct Engine *driver_engine(Driver *driver);
struct UdfPool *driver_udf_pool(Driver *driver);
int driver_cores(const Driver *driver);
atomic_size_t *driver_held_bytes(Driver *driver); /* by its executions: responses that wait for their clients */
Lake *driver_lake(Driver *driver);
Catalog *driver_catalog(Driver *driver);
Sessions *driver_sessions(Driver *driver);
const Conf *driver_conf(const Driver *driver); /* read-only: the application's start */
const char *driver_application_id(const Driver *driver);
const char *driver_home(const Driver *driver);
/* An execution has begun: its client will hear of its progress (spark.connect.progress.reportInterval). */
void driver_watch(Driver *driver);

/* Global temporary views: of the application, in its database global_temp. The plan for use in `a`, NULL when there is none. */
Node *driver_global_view(Driver *driver, Arena *a, const char *name);
void driver_set_global_view(Driver *driver, const char *name, KeptPlan *plan); /* takes the reference over */
bool driver_drop_global_view(Driver *driver, const char *name);
StrList driver_global_views(Driver *driver, Arena *a);

#endif
