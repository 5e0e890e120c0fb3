/* ir/value.h -- a constant: the payload of Literal. Which member counts follows from the Literal's type. */
#ifndef WEIR_IR_VALUE_H
#define WEIR_IR_VALUE_H
#include "base/arena.h"
#include "ir/type.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Value Value;
struct Value {
    bool is_null;
    int64_t i;          /* BOOLEAN (0, 1), BYTE … LONG, DATE (days), TIMESTAMP* (microseconds), TIME (nanoseconds of the day),
                           intervals: YEAR_MONTH months, DAY_TIME microseconds, CALENDAR microseconds */
    int32_t months, days; /* CALENDAR_INTERVAL */
    double f;           /* FLOAT, DOUBLE */
    const char *text;   /* STRING, BINARY: bytes; DECIMAL: digits with sign and point, as many as the scale says */
    size_t text_len;
    const Value *items; /* ARRAY elements; STRUCT fields; MAP keys and values in turn */
    size_t nitems;
};

bool value_equal(const Value *x, const Value *y, const Type *type);
/* The constant as Spark SQL text that parses back to it: 1L, 'it\'s', DATE '2013-01-01', CAST(1.5 AS DOUBLE) … */
void value_sql(const Value *v, const Type *type, Str *out);

/* The constant as Spark names a column after it (Literal.sql, strings and numbers bare): TIMESTAMP '2013-01-01 00:00:00'. */
void value_pretty(const Value *v, const Type *type, Str *out);

#endif
