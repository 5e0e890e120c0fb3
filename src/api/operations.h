/* api/operations.h -- which operations there are (operations.def) and which of weir's own endpoints (inner.def). */
#ifndef WEIR_API_OPERATIONS_H
#define WEIR_API_OPERATIONS_H
#include "svc/svc.h"

typedef struct Operation {
    const char *service, *name;
    OperationHandler handler;
    const char *action; /* "elasticmapreduce:AddJobFlowSteps" */
} Operation;
extern const Operation operations[];
extern const size_t operations_count;
const Operation *operation_find(const char *service, const char *name); /* NULL: not implemented */

typedef enum InnerAccess { INNER_SIGNED, INNER_OPEN, INNER_TEST } InnerAccess;
typedef struct InnerRoute {
    const char *method, *path;
    OperationHandler handler;
    InnerAccess access;
} InnerRoute;
/* NULL when no row fits; INNER_TEST rows only with `auth_off`. */
const InnerRoute *inner_find(const char *method, const char *path, bool auth_off);

#endif
