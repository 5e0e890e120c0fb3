/* svc/cloudwatch/math.h -- metric math's tree and its functions. */
#ifndef WEIR_SVC_CLOUDWATCH_MATH_H
#define WEIR_SVC_CLOUDWATCH_MATH_H
#include "svc/cloudwatch/internal.h"

typedef enum MathNodeKind { MATH_NUMBER, MATH_TEXT, MATH_ID, MATH_ARRAY, MATH_OPERATOR, MATH_CALL } MathNodeKind;
struct MathNode {
    MathNodeKind kind;
    double number;
    const char *text;       /* of a text; an id's, operator's or function's name */
    VEC(MathNode *) items;  /* operands, arguments, array items */
};

typedef struct MathFunction {
    const char *name;
    size_t least, most;     /* arguments */
    Status (*eval)(QuerySet *set, const MathNode *node, MathValue *ret_value, Error *err);
} MathFunction;
const MathFunction *math_function(const char *name); /* NULL: none; case does not matter */
/* Is `word` an option of that function rather than an id: REPEAT, LINEAR, AVG, DESC …? */
bool math_option(const char *function, const char *word);
Status math_check_node(const QuerySet *set, const MathNode *node, const char *text, bool alarm, Error *err);

#endif
