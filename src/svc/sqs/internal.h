/* svc/sqs/internal.h -- what SQS's handlers share. Source: Amazon SQS API Reference. */
#ifndef WEIR_SVC_SQS_INTERNAL_H
#define WEIR_SVC_SQS_INTERNAL_H
#include "svc/queues.h"
#include "svc/sqs/operations.h"

char *sqs_url(Call *call, const char *name);
char *sqs_arn(Call *call, const char *name);
Status sqs_no_queue(Error *err);                                        /* QueueDoesNotExist, 400 */
Status sqs_invalid(Error *err, const char *code, const char *text);
/* The queue of QueueUrl. */
Status sqs_find(Call *call, Db *db, char **ret_arn, Val **ret_attributes, Error *err);

/* A queue's RedrivePolicy. queue NULL: none. */
typedef struct Redrive {
    const char *queue;  /* ARN */
    int64_t most;       /* receives; one more moves the message */
} Redrive;
Status sqs_redrive(Arena *a, const Val *attributes, Redrive *ret, Error *err);

#endif
