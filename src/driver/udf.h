/* driver/udf.h -- the Python functions and the scripts (TRANSFORM) of one Run: as functions of the engine, and as relations.
 *
 * A scalar function is called from the engine's threads, each with a worker of its own. A stage (mapInPandas, applyInPandas,
 * grouped aggregates …) has a query of its own for its input; its rows go to workers in partitions, on as many workers as the
 * application has cores, and what they give is read back in the partitions' order. Nothing is kept but what is under way.
 *
 * udf_run_cancel may be called from any thread: whoever waits for a worker fails with ST_CANCELLED, and the workers that were
 * busy are killed. Source: ArrowEvalPythonExec, MapInBatchExec, FlatMapGroupsInBatchExec, FlatMapCoGroupsInBatchExec,
 * ArrowAggregatePythonExec, ArrowWindowPythonExec, EvalPythonUDTFExec. */
#ifndef WEIR_DRIVER_UDF_H
#define WEIR_DRIVER_UDF_H
#include "back/duckdb/emit.h"
#include "base/status.h"

typedef struct Run Run;
typedef struct UdfRun UdfRun;

/* NULL: the system gives no more descriptors. */
UdfRun *udf_run_new(Run *run);
void udf_run_cancel(UdfRun *udfs);
/* Has the plan Python functions or scripts? What they are given is given once. */
bool udf_run_is_used(UdfRun *udfs);
/* Is a function of the run profiled? What profilers saw comes as workers end: when all rows are there, udf_run_respond ends those of
 * scalar functions, and sends it (ExecutePlanResponse.observed_metrics, "__python_accumulator__"). NULL is fine. */
bool udf_run_profiles(const UdfRun *udfs);
Status udf_run_respond(UdfRun *udfs, Error *err);
/* When no query of the run is under way. NULL is fine. */
void udf_run_end(UdfRun *udfs);

/* EmitOptions.udf, .python and .script; `run` is the Run. */
Status udf_function(void *run, Arena *a, const PythonUdf *udf, const char **ret_call, Error *err);
Status udf_stage(void *run, Arena *a, const PythonStage *stage, const char **ret_from, Error *err);
Status udf_shell(void *run, Arena *a, const ScriptStage *stage, const char **ret_from, Error *err);

#endif
