/* driver/variable.h -- session variables (DECLARE, SET VAR, DROP TEMPORARY VARIABLE) and what needs a constant now: EXECUTE
 * IMMEDIATE, IDENTIFIER(). Source: CreateVariableExec, SetVariableExec, DropVariableExec, ResolveExecuteImmediate. */
#ifndef WEIR_DRIVER_VARIABLE_H
#define WEIR_DRIVER_VARIABLE_H
#include "driver/command.h"

Status variable_declare(Run *r, Node *command, Rows **ret_rows, Error *err);
Status variable_set(Run *r, Node *command, Rows **ret_rows, Error *err);
/* SET x = 1 of a variable x, which Spark refuses. */
Status variable_refuse_set(Run *r, const SetConf *s, Error *err);
Status variable_drop(Run *r, Node *command, Rows **ret_rows, Error *err);
/* BindEnv.variable */
Status variable_value(void *run, Arena *a, const StrList *name, size_t *ret_parts, Node **ret_literal, Error *err);
/* SqlOptions.constant_text */
Status variable_constant_text(void *run, Arena *a, Node *expr, const char **ret_text, Error *err);
/* The value of an expression without columns, cast to a type (NULL: its own), as a Literal. */
Status variable_evaluate(Run *r, Node *expr, const Type *to, Node **ret_literal, Error *err);
/* A NULL of a type. */
Node *variable_null(Run *r, const Type *type);
/* The statement that the text is, its arguments in their places; with INTO a SetVariable over it. */
Status variable_execute_immediate(Run *r, const ExecuteImmediate *n, Node **ret_plan, Error *err);

#endif
