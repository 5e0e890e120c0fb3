/* svc/sns/internal.h -- what SNS's handlers share. Source: Amazon SNS API Reference. */
#ifndef WEIR_SVC_SNS_INTERNAL_H
#define WEIR_SVC_SNS_INTERNAL_H
#include "svc/sns/operations.h"
#include "svc/sns/sns.h"

enum { SNS_PAGE = 100, SNS_MESSAGE_MAX = 262144 };

#define sns_invalid(err, ...) FAIL_CODE((err), ST_INVALID, "InvalidParameter", __VA_ARGS__)
Status sns_not_found(Error *err, const char *what);                                              /* NotFound, 404: "Topic does not exist" */
/* A document in a column. */
Status sns_document(Arena *a, const char *text, Val **ret_value, Error *err);
/* From the request's NextToken: rows to skip; and the page that `all` gives into output[name]. */
Status sns_page(Call *call, const Val *all, const char *name, Error *err);

/* --- topics.c --- */
/* The attributes that were set; NotFound. */
Status sns_topic(Db *db, Arena *a, const char *arn, Val **ret_attributes, Error *err);
bool sns_is_fifo(const char *arn);
extern const char SNS_DELIVERY_POLICY[]; /* what holds where none was set */

/* --- filter.c --- */
/* Is this a filter policy? InvalidParameter in SNS's words. `prefix`: "Invalid parameter: " or with "Attributes Reason: ". */
Status sns_filter_check(Arena *a, const char *policy, const char *scope, Error *err);
/* Does a message pass? `attributes` are MessageAttributes; `scope` NULL means MessageAttributes. */
bool sns_filter_passes(Arena *a, const Val *policy, const char *scope, const Val *attributes, const char *body);

/* --- publish.c --- */
typedef struct Publication {
    const char *topic;        /* ARN */
    const char *message, *subject, *structure;
    const Val *attributes;    /* MessageAttributes */
    const char *group_id, *dedup_id;
    const char *signature_version; /* of the topic: "1" (NULL too) or "2" */
} Publication;
/* Checks, and puts the message into every queue and every pending delivery, inside the transaction. */
Status sns_publish_to_topic(Server *server, Db *db, Arena *a, const Publication *p, const char **ret_message_id, int64_t *ret_sequence, Error *err);
char *sns_confirm_url(Server *server, Arena *a, const char *topic, const char *token);
/* The JSON that an endpoint gets, signed. `kind`: Notification, SubscriptionConfirmation. */
Status sns_envelope(Server *server, Arena *a, const char *kind, const char *message_id, const Publication *p, const char *body,
                    const char *subscription, const char *token, const char **ret_json, Error *err);

/* --- signature.c --- */
/* Adds SignatureVersion, Signature and SigningCertURL to a message. */
Status sns_sign(Server *server, Arena *a, Val *message, const char *version, Error *err);

/* --- delivery.c --- */
typedef struct Delivery {
    const char *message_id, *subscription, *topic, *kind, *protocol, *endpoint, *subject, *body;
    bool raw;
} Delivery;
Status sns_delivery_add(Db *db, const Delivery *delivery, Error *err);
void sns_delivery_wake(Server *server);
/* Of the home, made when it is first asked for. */
struct SigningKey;
Status sns_signing_key(Server *server, const struct SigningKey **ret_key, Error *err);

/* --- applications.c --- */
/* Is there such a device, and is it enabled? */
Status sns_endpoint_usable(Db *db, Arena *a, const char *arn, Error *err);
bool sns_phone_good(const char *number);

#endif
