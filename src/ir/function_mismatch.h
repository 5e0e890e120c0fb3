/* ir/function_mismatch.h -- the errors of a call whose arguments fit no row of functions.def. Each returns the failure, or ST_OK where it says so.
 * Sources: Spark's ExpectsInputTypes, ComplexTypeMergingExpression and the expressions' own checkInputDataTypes. */
#ifndef WEIR_IR_FUNCTION_MISMATCH_H
#define WEIR_IR_FUNCTION_MISMATCH_H
#include "ir/binder.h"
#include "ir/signature.h"

/* The parameter of argument `i`: the last one repeats. */
const Param *signature_param(const Signature *s, size_t i);

/* INVALID_ORDERING_TYPE of type `t`. */
Status mismatch_order(Binder *b, const char *name, const Type *t, const NodeList *args, const Node *at, Error *err);
/* UNEXPECTED_INPUT_TYPE: argument `bad` has a type that its parameter does not take. */
Status mismatch_parameter(Binder *b, const char *name, const Signature *s, const NodeList *args, size_t bad, const Node *at, Error *err);
/* DATA_DIFF_TYPES: arguments of one type variable have no common type. */
Status mismatch_variable(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err);
/* By mismatch.def: a NULL, or texts, that the function refuses before anything else. ST_OK: none. */
Status mismatch_nulls(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err);
/* By mismatch.def: the class that the function has for it. ST_OK: it has none. `lambda`: a lambda is what does not fit. */
Status mismatch_own(Binder *b, const char *name, const NodeList *args, bool conflict, bool lambda, const Node *at, Error *err);

#endif
