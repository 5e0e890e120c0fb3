/* svc/queues.h -- queues of messages: what SQS's API shows and SNS delivers into. All state is in schema/061_sqs.sql, so that a
 * publisher puts a message into every queue that it belongs to in one transaction. Functions take a Db inside or outside
 * of a transaction; names of attributes are SQS's. Source: SQS API reference, "Amazon SQS visibility timeout", "Exactly-once
 * processing". */
#ifndef WEIR_SVC_QUEUES_H
#define WEIR_SVC_QUEUES_H
#include "store/store.h"
#include "wire/val.h"

typedef struct QueueMessage {
    const char *message_id;  /* NULL: made */
    const char *body;
    const Val *attributes;   /* MessageAttributes, or NULL */
    const char *group_id, *dedup_id; /* of a FIFO queue; dedup_id NULL: by the body when the queue says so */
    int64_t delay_s;         /* -1: the queue's own */
} QueueMessage;

typedef struct QueueSent {
    char *message_id;        /* of the first one, when this is a duplicate */
    int64_t sequence;
} QueueSent;

/* The attributes of a queue, or NULL when there is none of this ARN. */
Status queue_attributes(Db *db, Arena *a, const char *arn, Val **ret_attributes, Error *err);
bool queue_is_fifo(const char *arn);
/* ST_NOT_FOUND "QueueDoesNotExist"; "MissingParameter" for a FIFO queue without a group; "InvalidParameterValue" without what
 * tells duplicates. */
Status queue_send(Db *db, Arena *a, const char *arn, const QueueMessage *message, QueueSent *ret_sent, Error *err);

#endif
