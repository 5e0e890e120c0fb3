/* yarn/yarn.h -- what YARN's resource manager knows: the applications of steps and the nodes of clusters. An application is a
 * Spark driver or a MapReduce job of a step; it registers itself and sends heartbeats (app.h). Names, states and texts are those
 * of Hadoop 3.3's YARN.
 *
 * One set of operations on the store (yarn_store_call); clients call them there, or through a running server with the step's
 * credentials: POST /_weir/yarn/OPERATION with JSON, answered by svc/emr. An application that ended without a word (killed, or
 * with its step) is noticed when it is next looked at. Thread-safe.
 *
 *   submit     {type, name, cluster, step}     -> {id}
 *   heartbeat  {id, progress, s3BytesRead, hdfsBytesRead} -> {kill}; bytes so far
 *   finish     {id, succeeded, diagnostics, s3BytesRead, hdfsBytesRead} -> {}
 *   list       {cluster?, states, types}       -> {applications}; states [] are those that have not ended, ["ALL"] all
 *   get        {id}                            -> an application: id, name, type, user, queue, state, finalState, progress, startTime,
 *                                                 finishTime (ms), diagnostics, cluster, step
 *   kill       {id}                            -> the application; one that has ended stays as it is
 *   nodes      {cluster?, states}              -> {nodes}: id, state, containers
 *   logs       {id}                            -> {containerId, logs}: type, bytes, modified (ms), of each log that is not empty
 *   log        {id, type, offset}              -> {bytes}: base64, up to 1 MiB; none at the end
 *
 * Errors: ST_NOT_FOUND "ApplicationNotFoundException", ST_INVALID, ST_UNSUPPORTED. */
#ifndef WEIR_YARN_YARN_H
#define WEIR_YARN_YARN_H
#include "lake/lake.h"
#include "store/store.h"
#include "wire/val.h"

/* `run`: the step on whose behalf the caller's credentials were made, which sees its own cluster only; NULL: everything. */
Status yarn_store_call(Store *store, const char *home, Arena *a, const char *run, const char *operation, const Val *request,
                       Val **ret_answer, Error *err);

typedef struct Yarn {
    LakeCredentials server; /* endpoint NULL: the store */
    Store *store;
    const char *home;
} Yarn;

/* Of this process's environment: the server of AWS_ENDPOINT_URL, or the store in WEIR_HOME (~/.weir). */
Status yarn_open(Arena *a, Yarn *ret_yarn, Error *err);
void yarn_close(Yarn *yarn);
Status yarn_ask(Yarn *yarn, Arena *a, const char *operation, const Val *request, Val **ret_answer, Error *err);

int yarn_main(int argc, char **argv); /* `yarn`: a row of app/commands.def */

#endif
