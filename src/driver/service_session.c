/* driver/service_session.c -- ReleaseSession, CloneSession, FetchErrorDetails. */
#include "driver/errors.h"
#include "driver/service.h"

void service_release_session(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__ReleaseSessionRequest *request =
        service_request(call, a, &spark__connect__release_session_request__descriptor, bytes);
    if (!request)
        return;
    sessions_close(driver_sessions(driver), request->user_context ? request->user_context->user_id : NULL, request->session_id,
                   request->has_allow_reconnect && request->allow_reconnect);
    Spark__Connect__ReleaseSessionResponse response = SPARK__CONNECT__RELEASE_SESSION_RESPONSE__INIT;
    response.session_id = request->session_id;
    service_reply(call, &response);
}

void service_clone_session(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__CloneSessionRequest *request =
        service_request(call, a, &spark__connect__clone_session_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    char fresh[UUID_TEXT_BYTES];
    uuid_new(fresh);
    const char *id = request->new_session_id && *request->new_session_id ? request->new_session_id : fresh;
    Error err = ERROR_INIT;
    Session *clone = NULL;
    if (sessions_clone(driver_sessions(driver), session, id, &clone, &err) != ST_OK) {
        service_fail(call, session, &err, NULL);
    } else {
        Spark__Connect__CloneSessionResponse response = SPARK__CONNECT__CLONE_SESSION_RESPONSE__INIT;
        response.session_id = request->session_id;
        response.server_side_session_id = session->server_id;
        response.new_session_id = clone->id;
        response.new_server_side_session_id = clone->server_id;
        service_reply(call, &response);
    }
    session_unref(clone);
    session_unref(session);
}

void service_error_details(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__FetchErrorDetailsRequest *request =
        service_request(call, a, &spark__connect__fetch_error_details_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Spark__Connect__FetchErrorDetailsResponse response = SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__INIT;
    response.session_id = request->session_id;
    response.server_side_session_id = session->server_id;
    Error error;
    const char *query = NULL;
    if (request->error_id && session_find_error(session, a, request->error_id, &error, &query))
        error_details(a, &error, query, &response);
    service_reply(call, &response);
    session_unref(session);
}
