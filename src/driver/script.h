/* driver/script.h -- SQL scripts: BEGIN … END runs statement by statement; its variables, handlers and loops.
 *
 * A script belongs to a Run and its thread; each statement is a child Run with memory of its own, so that a loop does not
 * gather memory. It can be cancelled between statements and within one. Parsing has checked it (front/sql/script.c).
 * Source: SqlScriptingExecution, SqlScriptingExecutionContext, SqlScriptingLocalVariableManager of Spark 4.1.1. */
#ifndef WEIR_DRIVER_SCRIPT_H
#define WEIR_DRIVER_SCRIPT_H
#include "driver/command.h"

typedef struct ScriptRun ScriptRun;

/* Takes a query of the script: runs it and keeps its rows, which are the script's answer unless another query follows. */
typedef Status (*ScriptTake)(void *arg, Run *statement, Node *bound, Error *err);
Status script_run(Run *r, const Node *compound_body, ScriptTake take, void *arg, Error *err);
/* Runs it and sends its answer: as the relation of a SqlCommand, or as rows. */
Status script_respond_relation(Run *r, const Node *compound_body, Error *err);
Status script_respond_rows(Run *r, const Node *compound_body, Error *err);

/* --- local variables (script_scope.c), each an Assignment as variable.c has them. `name`: x, or label.x --- */
/* NULL: there is none. Kept alive by `a`. */
const Assignment *script_variable(ScriptRun *s, Arena *a, const StrList *name);
/* false: there is none. */
bool script_set_variable(ScriptRun *s, const StrList *name, Node *variable);
/* In the innermost scope. false: there is one already, `label`.`name` as errors show it. */
bool script_declare(ScriptRun *s, Arena *a, const char *name, Node *variable, const char **ret_shown);

#endif
