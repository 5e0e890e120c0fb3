/* svc/emr/internal.h -- what the EMR handlers share. */
#ifndef WEIR_SVC_EMR_INTERNAL_H
#define WEIR_SVC_EMR_INTERNAL_H
#include "base/vec.h"
#include "svc/emr/emr.h"

enum {
    STEPS_ACTIVE_MAX = 256,      /* PENDING, RUNNING, CANCEL_PENDING of one cluster */
    STEP_TEXT_MAX = 10240,       /* characters of a step's jar and arguments */
    CONCURRENCY_MAX = 256,
    BOOTSTRAP_MAX = 16,
    TAGS_MAX = 50,
    PAGE_CLUSTERS = 50,
    PAGE_STEPS = 50,
    PAGE_INSTANCES = 2000,
    PAGE_OTHERS = 1000
};

/* --- ids and errors (emr.c) --- */
char *emr_id(Arena *a, const char *prefix, size_t length);      /* "j-" and 13 of A-Z0-9 */
char *emr_instance_id(Arena *a);                                /* "i-" and 17 hex digits */
char *emr_arn(Call *call, const char *cluster);
#define emr_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "ValidationException", __VA_ARGS__)
/* InvalidRequestException with its ErrorCode member. */
Status emr_bad_request(Error *err, const char *error_code, const char *format, ...) __attribute__((format(printf, 3, 4)));
Status emr_no_cluster(Error *err, const char *cluster);
/* ST_OK when the cluster exists; else the InvalidRequestException of the reading operations. */
Status emr_cluster_check(Db *db, const char *cluster, Error *err);
/* For operations that change it: ValidationException's words when it is unknown or has ended. Inside the transaction. */
Status emr_cluster_modifiable(Db *db, Arena *a, const char *cluster, char **ret_state, Error *err);
void emr_wake(Call *call);

/* --- paging: a marker is the sequence number of the last row given --- */
char *emr_marker(Arena *a, int64_t seq);
Status emr_marker_seq(Arena *a, const char *marker, int64_t first, int64_t *ret_seq, Error *err);

/* --- values --- */
Val *emr_json(Arena *a, const char *text);        /* NULL for NULL or text that is none */
Val *emr_reason(Arena *a, const char *code, const char *message);
void emr_set_ms(Arena *a, Val *map, const char *name, Row *row, int column); /* a time; left out when NULL */
Val *emr_timeline(Arena *a, Row *row, int created, const char *second_name, int second, int ended);
/* Is `text` among the strings of `list`? Everything is when the list is absent or empty. */
bool emr_listed(const Val *list, const char *text);

/* --- events.c --- */
void emr_tell(Server *server); /* registers with the bus */

/* --- instance types (instance_types.c) --- */
typedef struct InstanceType {
    int64_t vcpus, memory_bytes, units, price_micros; /* units: normalized instance hours per hour; price: u$/h of EC2 */
} InstanceType;
bool instance_type_find(const char *name, InstanceType *ret_type);
enum { EMR_PRICE_DIVISOR = 4 };

/* --- parts of a cluster --- */
typedef struct ReleaseVersion {
    int major, minor, patch;
} ReleaseVersion;
bool release_known(const char *label, ReleaseVersion *ret_version);  /* releases.c */
/* Inserts a group or fleet and its instances (groups.c). config: InstanceGroupConfig or InstanceFleetConfig. */
Status group_insert(Call *call, Db *db, const char *cluster, const Val *config, bool fleet, const char *state, char **ret_id, Error *err);
Status group_check(const Val *config, Error *err);
/* Recomputes what the cluster's steps may use, from its groups. */
Status cluster_capacity_update(Db *db, const char *cluster, Error *err);
Val *groups_of(Call *call, Db *db, const char *cluster, bool job_flow, Error *err); /* NULL on failure */
/* Checks steps against the limits (steps.c), and inserts them PENDING. */
Status steps_check(const Val *steps, Error *err);
Status steps_insert(Call *call, Db *db, const char *cluster, const Val *steps, const char *role, Val *ret_ids, Error *err);
Val *steps_of_job_flow(Call *call, Db *db, const char *cluster, Error *err);
Val *bootstrap_of_job_flow(Call *call, Db *db, const char *cluster, Error *err);
Status tags_check(const Val *tags, Error *err);
Status tags_insert(Db *db, const char *cluster, const Val *tags, Error *err);
int64_t normalized_hours(Db *db, const char *cluster); /* so far */

#endif
