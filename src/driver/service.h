/* driver/service.h -- the Spark Connect service: one handler for each method of spark.connect.SparkConnectService.
 *
 * A unary handler unpacks its request into the call's arena, finds the session, and fills a response; service_reply sends
 * it. service_fail sends an Error and keeps it for FetchErrorDetails. To add a method: a handler in service_*.c, a row in
 * service.c's table. Source: SparkConnectService and its handlers; base.proto says what each does. */
#ifndef WEIR_DRIVER_SERVICE_H
#define WEIR_DRIVER_SERVICE_H
#include "driver/driver.h"
#include "driver/proto.h"
#include "driver/rpc.h"
#include "driver/session.h"
#include "proto/base.pb-c.h"

extern const RpcMethod service_methods[];

void service_reply(RpcCall *call, const void *response);
/* session and query may be NULL. */
void service_fail(RpcCall *call, Session *session, const Error *err, const char *query);
/* Unpacks; answers INVALID_ARGUMENT itself and returns NULL when the bytes are no such message. */
void *service_request(RpcCall *call, Arena *a, const ProtobufCMessageDescriptor *type, View bytes);
/* A session by what every request carries; answers the error itself and returns NULL. */
Session *service_session(Driver *driver, RpcCall *call, const Spark__Connect__UserContext *user, const char *session_id,
                         const char *observed);
char *service_text(const char *text); /* for messages' char * fields: the generated code is not const */

/* service_config.c */
void service_config(void *driver, RpcCall *call, View request);
/* service_analyze.c */
void service_analyze(void *driver, RpcCall *call, View request);
/* service_execute.c */
void service_execute(void *driver, RpcCall *call, View request);
void service_reattach(void *driver, RpcCall *call, View request);
void service_release_execute(void *driver, RpcCall *call, View request);
void service_interrupt(void *driver, RpcCall *call, View request);
void service_execute_sent(void *driver, RpcCall *call);
void service_execute_closed(void *driver, RpcCall *call);
void service_execute_drop(void *execution);
/* service_session.c */
void service_release_session(void *driver, RpcCall *call, View request);
void service_clone_session(void *driver, RpcCall *call, View request);
void service_error_details(void *driver, RpcCall *call, View request);
/* service_artifact.c */
void service_add_artifacts(void *driver, RpcCall *call, View request);
void service_add_artifacts_end(void *driver, RpcCall *call);
void service_add_artifacts_drop(void *upload);
void service_artifact_status(void *driver, RpcCall *call, View request);

#endif
