/* ir/check.h -- what no plan may have: types whose parameters Spark refuses, and more in each other than a walk can bear. */
#ifndef WEIR_IR_CHECK_H
#define WEIR_IR_CHECK_H
#include "ir/error.h"

enum { TIME_MAX_PRECISION = 6 };

/* Has Spark a type with these parameters (precision, scale, length, interval fields)? Looks at `t` itself, not inside of it. */
Status type_check(const Type *t, Error *err);
/* A plan that is nested too deep, or grows too large while it is bound (views and CTEs that double each other). ST_LIMIT. */
Status spark_too_complex(Error *err, const Node *at);

#endif
