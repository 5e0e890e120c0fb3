/* svc/redshiftdata/internal.h -- what the Data API's handlers share. */
#ifndef WEIR_SVC_REDSHIFTDATA_INTERNAL_H
#define WEIR_SVC_REDSHIFTDATA_INTERNAL_H
#include "svc/redshiftdata/redshiftdata.h"
#include "warehouse/resource.h"

enum { RESULT_DAY_MS = 24 * 3600 * 1000 };

/* Whom a request is for. */
typedef struct Target {
    const char *name;       /* ClusterIdentifier or WorkgroupName */
    const char *warehouse, *database, *user;
    bool workgroup;
    Val *cluster;           /* its document */
} Target;

#define redshiftdata_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "ValidationException", __VA_ARGS__)
/* The cluster that the request names; it must be available. */
Status redshiftdata_target(Call *call, Db *db, Target *ret_target, Error *err);
/* ^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?$ or ValidationException. */
Status redshiftdata_check_id(const char *id, Error *err);
Status redshiftdata_no_statement(Error *err);
/* Waits up to WaitTimeSeconds for the statement to end. */
void redshiftdata_wait(Call *call, const char *id);
bool redshiftdata_over(const char *status);
void redshiftdata_tell(Server *server); /* registers with the bus */

#endif
