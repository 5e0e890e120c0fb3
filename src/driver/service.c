/* driver/service.c -- the table of methods and what all handlers share. */
#include "driver/service.h"

#include "driver/errors.h"

#define METHOD(name) "/spark.connect.SparkConnectService/" name
const RpcMethod service_methods[] = {
    { .path = METHOD("Config"), .message = service_config },
    { .path = METHOD("AnalyzePlan"), .message = service_analyze, .own_thread = true },
    { .path = METHOD("ExecutePlan"), .message = service_execute, .own_thread = true, .sent = service_execute_sent,
      .closed = service_execute_closed, .drop = service_execute_drop },
    { .path = METHOD("ReattachExecute"), .message = service_reattach, .sent = service_execute_sent,
      .closed = service_execute_closed, .drop = service_execute_drop },
    { .path = METHOD("ReleaseExecute"), .message = service_release_execute },
    { .path = METHOD("Interrupt"), .message = service_interrupt },
    { .path = METHOD("ReleaseSession"), .message = service_release_session, .own_thread = true },
    { .path = METHOD("CloneSession"), .message = service_clone_session },
    { .path = METHOD("FetchErrorDetails"), .message = service_error_details },
    { .path = METHOD("AddArtifacts"), .client_streams = true, .message = service_add_artifacts,
      .half_close = service_add_artifacts_end, .drop = service_add_artifacts_drop },
    { .path = METHOD("ArtifactStatus"), .message = service_artifact_status },
    { 0 },
};

char *service_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

void service_reply(RpcCall *call, const void *response)
{
    rpc_reply(call, proto_pack(response));
}

void service_fail(RpcCall *call, Session *session, const Error *err, const char *query)
{
    arena_auto *a = arena_new();
    char id[UUID_TEXT_BYTES];
    if (session)
        session_keep_error(session, err, query, id);
    RpcStatus status = error_rpc_status(a, err, query, session ? id : NULL);
    rpc_finish(call, &status);
}

void *service_request(RpcCall *call, Arena *a, const ProtobufCMessageDescriptor *type, View bytes)
{
    void *message = NULL;
    Error err = ERROR_INIT;
    if (proto_unpack(a, type, bytes, &message, &err) == ST_OK)
        return message;
    if (err.code[0])
        service_fail(call, NULL, &err, NULL);
    else
        rpc_finish(call, &(RpcStatus){ .code = RPC_INVALID_ARGUMENT, .message = err.message });
    return NULL;
}

Session *service_session(Driver *driver, RpcCall *call, const Spark__Connect__UserContext *user, const char *session_id,
                         const char *observed)
{
    Error err = ERROR_INIT;
    Session *session = NULL;
    if (sessions_get(driver_sessions(driver), user ? user->user_id : NULL, session_id, observed, &session, &err) == ST_OK)
        return session;
    service_fail(call, NULL, &err, NULL);
    return NULL;
}
