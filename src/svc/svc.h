/* svc/svc.h -- what an AWS operation's handler gets and gives. One folder per service under svc/, one handler per
 * operation, one row per handler in api/operations.def.
 *
 * A handler reads `call->input` (checked against the service model: required members, types, enums, lengths are done), does
 * its work, fills `call->output`, and returns ST_OK; or fails with FAIL_CODE(err, ST_…, "AwsErrorCode", "message").
 * Handlers run on many threads at once; what they share is in Server, each part thread-safe by itself. */
#ifndef WEIR_SVC_SVC_H
#define WEIR_SVC_SVC_H
#include "base/arena.h"
#include "base/status.h"
#include "os/http.h"
#include "store/store.h"
#include "wire/val.h"

struct Objects;     /* lake/objects.h: the object store */
struct StepQueue;   /* step/queue.h: the scheduler */
struct Credentials; /* svc/credentials.h: access keys */
struct Bus;         /* svc/bus.h: notifications and events on their way */
struct Glue;        /* svc/glue/glue.h: its thread */
struct Series;      /* series/series.h: the time series of CloudWatch */
struct Alarming;    /* svc/alarming.h: default alarms */
struct Logging;     /* svc/logging.h: writing into log groups */
struct Logs;        /* svc/logs: events and threads */
struct BudgetWatch; /* svc/budgets */
struct EmrMonitor;  /* svc/emr/metrics.h */
struct Evaluator;
struct Metrics;
struct Warehouses;  /* warehouse/pool.h: the processes behind Redshift */

typedef struct Server {
    const char *home;
    const char *account;   /* 123456789012 */
    const char *region;    /* us-east-1 */
    const char *endpoint;  /* "http://127.0.0.1:4566", set once the listener is up */
    bool auth_off;
    Store *store;
    struct Objects *objects;
    struct StepQueue *queue;
    struct Credentials *credentials;
    struct Bus *bus;
    struct SnsDelivery *sns; /* svc/sns/sns.h */
    struct EventClock *events; /* svc/events/events.h */
    const char *smtp;        /* smtp://HOST:PORT for SNS's e-mail, NULL: none */
    struct Glue *glue;
    struct Series *series;
    const struct Alarming *alarming;
    const struct Logging *logging;
    struct Logs *logs;
    struct BudgetWatch *budget_watch;
    struct EmrMonitor *emr_monitor;
    struct Evaluator *evaluator; /* svc/cloudwatch: of alarms */
    struct Metrics *metrics; /* api/metrics.h */
    struct Warehouses *warehouses;
} Server;

/* Who calls: the account's root key, an IAM user, or an assumed role's session. */
typedef struct Principal {
    const char *access_key;
    const char *arn;       /* arn:aws:iam::123456789012:root, arn:aws:sts::…:assumed-role/R/S */
    const char *user_id;   /* GetCallerIdentity's UserId */
    const char *role_arn;  /* NULL unless a role session */
    const char *run;       /* the step or run on whose behalf these credentials were made, NULL otherwise */
} Principal;

typedef struct Call {
    Arena *arena;
    Server *server;
    const Principal *principal;
    const char *service, *operation;
    const char *region;       /* that the request is signed for; the server's own when it is not signed */
    const char *request_id;
    const Val *input;
    Val *output;              /* an empty map to fill */
    HttpRequest *request;     /* for operations whose body or headers are a stream (S3) */
    HttpResponse *response;   /* a handler may set status, headers, file or stream itself; the codec then adds only its own */
    struct Spool *body;       /* S3 PUT, UploadPart: the received body, see lake/objects.h; NULL otherwise */
} Call;

typedef Status (*OperationHandler)(Call *call, Error *err);

#endif
