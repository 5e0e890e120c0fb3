/* driver/run.h -- running one plan of a session: connect message or SQL text, to ir, to the engine, to responses.
 *
 * A Run belongs to one thread. Its arena holds the plan in all its forms and what they refer to. */
#ifndef WEIR_DRIVER_RUN_H
#define WEIR_DRIVER_RUN_H
#include "back/duckdb/emit.h"
#include "back/duckdb/engine.h"
#include "base/arena.h"
#include "driver/arrow.h"
#include "driver/driver.h"
#include "driver/execution.h"
#include "driver/session.h"
#include "front/connect/connect.h"
#include "ir/bind.h"
#include "proto/base.pb-c.h"

#include <stdatomic.h>

typedef struct Observed {
    const char *name;
    int64_t plan_id;
    const Node *aggregate; /* bound: one row of metrics */
} Observed;

/* Where a run's time went; RUN_FILES (listing files, reading footers) is part of RUN_BIND, RUN_START goes up to the first row. */
typedef enum RunPhase { RUN_PARSE, RUN_BIND, RUN_FILES, RUN_EMIT, RUN_START, RUN_FETCH, RUN_ENCODE, RUN_SEND, RUN_PHASES } RunPhase;

typedef struct Run {
    Driver *driver;
    Session *session;
    Execution *execution;  /* NULL: nobody to answer (AnalyzePlan, spark-sql) */
    Arena *arena;
    const char *query;     /* the SQL text that error positions point into; NULL: none */
    EngineSession *engine; /* made on first use by run_engine, closed by run_done */
    struct UdfRun *udfs;   /* with it */
    BindEnv env;
    ConnectOptions connect;
    int64_t now_us;        /* when the query started */
    int64_t phase_us[RUN_PHASES];
    int64_t chunk_bytes;   /* the client assembles Arrow batches from chunks of this size; 0: it does not */
    StrList tables;        /* tables of the engine that end with this run */
    const KeyValueList *conf_scope; /* the settings that the view was made under which is being read; NULL: those of the session */
    const char *filling;   /* the persisted plan (cache.h) that is being computed; NULL: none */
    VEC(struct Observed) observed; /* observe.c: the metrics that the query's rows give */
    StrList files;         /* URIs of the files that plans of this run read (df.inputFiles) */
    struct ScriptRun *script; /* the script (script.h) whose statement this is: its local variables; NULL: none */
    _Atomic int64_t input_bytes; /* of those files */
    int64_t told_tasks;          /* of whoever reports progress */
    bool shown;              /* what is started now is for a client to see (EmitOptions) */
    const Type *next_schema; /* goes along with the next response; NULL: none */
    bool rows_known, ending; /* the next response has the number of rows, nothing but the end follows it */
    int64_t rows;
} Run;

void run_init(Run *r, Driver *driver, Session *session, Execution *execution, Arena *arena);
void run_done(Run *r);
/* One statement of a script: its memory is `arena`, the engine and the rest are the parent's. The caller has opened the engine
 * (run_engine), and ends the child before the parent. */
void run_child(Run *child, const Run *parent, Arena *arena);
void run_child_done(Run *child);
/* Adds the time since *from_us to a phase; *from_us becomes now. */
void run_phase(Run *r, RunPhase phase, int64_t *from_us);
/* The setting that holds here, a copy: the session's, or the one of run_conf_scope; NULL when there is none. */
const char *run_conf(Run *r, const char *key);
/* BindEnv.conf_scope and EmitOptions.conf_scope. */
const KeyValueList *run_conf_scope(void *run, const KeyValueList *conf);
Status run_engine(Run *r, EngineSession **ret_engine, Error *err);

/* Executes: answers go to the execution. */
Status run_plan(Run *r, const Spark__Connect__Plan *plan, Error *err);
/* A plan as it came, decompressed when it was compressed. */
Status run_unpack(Run *r, const Spark__Connect__Plan *plan, const Spark__Connect__Plan **ret_plan, Error *err);
/* The bound plan of a relation. One that only ExecutePlan knows (ShowString …) is unsupported, except that *ret_special
 * (when not NULL) gets its output instead: then *ret_bound is NULL. */
Status run_bind(Run *r, const Spark__Connect__Relation *relation, Node **ret_bound, Error *err);
/* The schema of any relation, also of those that the driver answers itself. */
Status run_schema(Run *r, const Spark__Connect__Relation *relation, const Type **ret_schema, Error *err);
Status run_bind_node(Run *r, Node *unbound, Node **ret_bound, Error *err);
Status run_parse(Run *r, const char *text, Node **ret_plan, Error *err);

/* --- rows of a bound relation --- */
EmitOptions run_emit_options(Run *r);
/* A bound plan as it runs: persisted parts replaced by their rows, inputs of observed metrics kept aside. */
Status run_prepare(Run *r, const Node *bound, const Node **ret_plan, Error *err);
Status run_start(Run *r, const Node *bound, EngineResult **ret_result, Error *err);
/* Calls `take` for each batch; it must not release it. Honours interruption. */
typedef Status (*RunTake)(void *arg, const struct ArrowSchema *schema, const struct ArrowArray *batch, Error *err);
Status run_each(Run *r, const Node *bound, RunTake take, void *arg, Error *err);
/* The same, with a batch without rows when there is no other. */
Status run_each_or_empty(Run *r, const Node *bound, RunTake take, void *arg, Error *err);
/* The first rows as values (BindEnv.rows; LIMIT is the caller's). */
Status run_collect(Run *r, const Node *bound, size_t max_rows, Rows **ret_rows, Error *err);
/* All rows, or the first max_rows (-1: all), as the texts that show() (how: CAST_SHOWN) or spark-sql (CAST_HIVE) prints (pretty.h). */
Status run_collect_shown(Run *r, Node *bound, int64_t max_rows, int how, Rows **ret_rows, Error *err);
/* A relation's result becomes the engine's table `name`: caches, checkpoints. */
Status run_materialize(Run *r, const Node *bound, const char *name, Error *err);

/* --- answers --- */
/* Sends one response, its common fields filled in. Nothing to do without an execution. A client pays for each (it releases each by a
 * call of its own): schema, the only batch and the metrics are one. */
Status run_respond(Run *r, Spark__Connect__ExecutePlanResponse *response, Error *err);
Status run_respond_batch(Run *r, const struct ArrowBuffer *stream, int64_t rows, int64_t start_offset, Error *err);
Status run_respond_rows(Run *r, const Rows *rows, Error *err); /* schema and rows */

/* environment.c: fills in r->env and r->connect */
void environment_init(Run *r);
/* A table, a view or files by name, as BindEnv.relation. */
Status environment_relation(void *run, Arena *a, const StrList *name, const KeyValueList *options, Node **ret_plan, Error *err);
/* A statement with its parameters; EXECUTE IMMEDIATE stays what it is. r->query becomes `text`. */
Status environment_parse(Run *r, Arena *a, const char *text, const ConnectArgument *arguments, size_t n, Node **ret_plan, Error *err);
/* DDL or JSON text of a schema. */
Status environment_schema(Run *r, const char *text, const Type **ret_schema, Error *err);
/* The database of a name's tables and the table's own name, from 1 to 3 parts. */
Status environment_table_name(Run *r, const StrList *name, const char **ret_database, const char **ret_table, Error *err);

/* parse.c: BindEnv.parse */
Status parse_relation(void *run, Arena *a, const Parse *parse, const Node *input, Node **ret_scan, Error *err);

/* observe.c: takes the observed metrics out of a plan; sends them when the query has ended. */
Status observe_prepare(Run *r, const Node *bound, const Node **ret_plan, Error *err);
Status observe_respond(Run *r, Error *err);

/* show.c: the special relations of a root */
Status show_string(Run *r, const Spark__Connect__ShowString *s, Rows **ret_rows, Error *err);
Status show_html(Run *r, const Spark__Connect__HtmlString *s, Rows **ret_rows, Error *err);
/* catalog_relation.c */
Status catalog_relation(Run *r, const Spark__Connect__Catalog *c, Rows **ret_rows, Error *err);
/* explain.c */
Status explain_plan(Run *r, Node *unbound, const char *mode, char **ret_text, Error *err);
char *schema_tree(Arena *a, const Type *schema, int level); /* df.printSchema(); level 0: all */

#endif
