/* driver/udf_ask.h -- what a plan asks of Python before it runs: a worker answers with JSON (python/weir_worker/planning.py). */
#ifndef WEIR_DRIVER_UDF_ASK_H
#define WEIR_DRIVER_UDF_ASK_H
#include "driver/run.h"

#include <jansson.h>

/* Rows that go along, as Arrow IPC streams of one batch each. */
typedef VEC(struct ArrowBuffer) UdfBatches;
/* Runs `sql`, whose columns are those of `schema`, or a bound plan, and adds their rows; udf_batches_done in any case. */
Status udf_batches_of_sql(Run *r, const char *sql, const Type *schema, UdfBatches *batches, Error *err);
Status udf_batches_of_plan(Run *r, const Node *bound, UdfBatches *batches, int64_t *ret_rows, Error *err);
void udf_batches_done(UdfBatches *batches);

/* `task` is taken; its "question" names the function of planning.py. command: a pickle, base64. batches: NULL, none. The answer is the
 * caller's to json_decref. An exception of the user's code is in *ret_answer's "refused", with its traceback. */
Status udf_ask(Run *r, json_t *task, const char *command, const char *python_version, const UdfBatches *batches, json_t **ret_answer, Error *err);
/* The text that answered, as long as an error's parameter may be; NULL: it is an answer. */
const char *udf_refused(Arena *a, const json_t *answer);

#endif
