/* driver/python_source.h -- data sources written in Python (spark.dataSource.register): batch readers and writers. Source:
 * UserDefinedPythonDataSource, PythonTableProvider, PythonBatchWrite. */
#ifndef WEIR_DRIVER_PYTHON_SOURCE_H
#define WEIR_DRIVER_PYTHON_SOURCE_H
#include "driver/command.h"

Status python_source_register(Run *r, const Spark__Connect__CommonInlineUserDefinedDataSource *source, Error *err);
/* The session's source of this name; NULL: there is none. */
const PythonUdf *python_source_find(Run *r, Arena *a, const char *format);
/* BindEnv.read: a PythonScan. */
Status python_source_read(Run *r, Arena *a, const PythonUdf *source, const Read *read, Node **ret_scan, Error *err);
/* EmitOptions.python_read; `run` is the Run. */
Status python_source_plan(void *run, Arena *a, const PythonScan *scan, PythonUdf **ret_function, StrList *ret_partitions, Error *err);
/* DataFrameWriter.save: the rows through the source's writer, committed or aborted as a whole. */
Status python_source_write(Run *r, const PythonUdf *source, const WriteFiles *w, Error *err);

#endif
