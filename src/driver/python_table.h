/* driver/python_table.h -- Python table functions whose analyze method says what they give (BindEnv.analyze). Source:
 * UserDefinedPythonTableFunctionAnalyzeRunner. */
#ifndef WEIR_DRIVER_PYTHON_TABLE_H
#define WEIR_DRIVER_PYTHON_TABLE_H
#include "driver/run.h"

Status python_table_analyze(void *run, Arena *a, const PythonUdf *function, const Node *const *constants, int64_t table,
                            TableAnalysis *ret_analysis, Error *err);

#endif
