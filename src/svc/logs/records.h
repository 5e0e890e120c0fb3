/* svc/logs/records.h -- what is kept by name, region by region: resource policies, destinations, query definitions, delivery sources,
 * delivery destinations, deliveries. A record's body is the API's own structure and may have more members than the API shows. */
#ifndef WEIR_SVC_LOGS_RECORDS_H
#define WEIR_SVC_LOGS_RECORDS_H
#include "base/vec.h"
#include "svc/svc.h"

typedef struct LogRecord {
    int64_t seq;
    const char *name, *arn;
    Val *body;
    Val *tags;
} LogRecord;
typedef VEC(LogRecord) LogRecords;

/* ST_NOT_FOUND without a code when there is none. */
Status log_record_find(Db *db, Arena *a, const char *region, const char *kind, const char *name, LogRecord *ret_record, Error *err);
/* Replaces the body of what is there; `tags` NULL keeps its tags. */
Status log_record_put(Db *db, Arena *a, const char *region, const char *kind, const char *name, const char *arn, const Val *body, const Val *tags, Error *err);
/* ST_NOT_FOUND without a code when there is none. */
Status log_record_delete(Db *db, const char *region, const char *kind, const char *name, Error *err);
/* By name, those that begin with `prefix` (NULL: all). */
Status log_record_list(Db *db, Arena *a, const char *region, const char *kind, const char *prefix, LogRecords *ret_records, Error *err);
/* One page of their bodies, with tags, into call->output's `member`; after nextToken, as many as `limit` says. */
Status log_record_page(Call *call, const LogRecords *records, const char *member, const char *limit, Error *err);

#endif
