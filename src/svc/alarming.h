/* svc/alarming.h -- alarms that a service sets up for what it makes, without knowing svc/cloudwatch, which puts its functions into
 * server->alarming when it starts. */
#ifndef WEIR_SVC_ALARMING_H
#define WEIR_SVC_ALARMING_H
#include "svc/svc.h"

typedef struct Alarming {
    /* Inside a transaction. `alarm` is PutMetricAlarm's input, which must be right. */
    Status (*put)(Server *server, Db *db, Arena *a, const char *region, const Val *alarm, Error *err);
    /* Inside a transaction: all alarms whose names begin with `prefix`. */
    Status (*remove)(Server *server, Db *db, Arena *a, const char *region, const char *prefix, Error *err);
    /* After the commit. */
    void (*changed)(Server *server);
} Alarming;

#endif
