/* driver/run.h -- running one plan of a session: connect message or SQL text, to ir, to the engine, to responses.
 *
 * A Run belongs to one thread. Its arena holds the plan in all its forms and what they refer to. */
#ifndef WEIR_DRIVER_RUN_H
#define WEIR_DRIVER_RUN_H
#include "base/arena.h"
#include "driver/driver.h"
#include "driver/execution.h"
#include "driver/session.h"
#include "ir/bind.h"
#include "proto/base.pb-c.h"

struct EngineSession;

typedef struct Run {
    Driver *driver;
    Session *session;
    Execution *execution;         /* NULL: nobody to answer (AnalyzePlan, spark-sql) */
    Arena *arena;
    const char *query;            /* the SQL text that error positions point into; NULL: none */
    struct EngineSession *engine; /* opened on first use by run_engine, closed by run_done */
    BindEnv env;
    int64_t now_us;               /* when the query started */
    int depth;                    /* views inside views */
    int64_t chunk_bytes;          /* the client assembles Arrow batches from chunks of this size; 0: it does not */
    VEC(const char *) tables;     /* engine tables that end with this run */
} Run;

void run_init(Run *r, Driver *driver, Session *session, Execution *execution, Arena *arena);
void run_done(Run *r);

/* Executes: answers go to the execution. */
Status run_plan(Run *r, const Spark__Connect__Plan *plan, Error *err);
/* Unbound and bound plan of a message. The relation may not be one that only ExecutePlan knows (ShowString …). */
Status run_bind(Run *r, const Spark__Connect__Plan *plan, Node **ret_bound, Error *err);
/* The engine's connection of this run. */
Status run_engine(Run *r, struct EngineSession **ret_engine, Error *err);
/* A copy of a session's setting; NULL when there is none. */
const char *run_conf(Run *r, const char *key);

/* Sends one response, its common fields filled in. */
Status run_respond(Run *r, Spark__Connect__ExecutePlanResponse *response, Error *err);

#endif
