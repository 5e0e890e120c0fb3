/* driver/service_execute.c -- ExecutePlan, ReattachExecute, ReleaseExecute, Interrupt.
 * Source: SparkConnectExecutePlanHandler, SparkConnectReattachExecuteHandler, ExecuteHolder. */
#include "driver/errors.h"
#include "driver/run.h"
#include "driver/service.h"

typedef Spark__Connect__ExecutePlanRequest Request;

/* An error's status without a session to keep it. */
static RpcStatus plain_status(Arena *a, const char *code, const char *message)
{
    Error err = ERROR_INIT;
    error_set_code(&err, ST_INVALID, code, "%s", message);
    return error_rpc_status(a, &err, NULL, NULL);
}

static Status operation_id(const char *given, char ret_id[static UUID_TEXT_BYTES], Error *err)
{
    if (!given || !*given) {
        uuid_new(ret_id);
        return ST_OK;
    }
    if (!uuid_valid(given)) {
        FAIL_CODE(err, ST_INVALID, "INVALID_HANDLE.FORMAT",
                  "The handle %s is invalid. Handle must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'",
                  given);
        error_param(err, "handle", given);
        return ST_INVALID;
    }
    memcpy(ret_id, given, UUID_TEXT_BYTES);
    return ST_OK;
}

static bool is_reattachable(const Request *request)
{
    for (size_t i = 0; i < request->n_request_options; i++) {
        const Spark__Connect__ExecutePlanRequest__RequestOption *o = request->request_options[i];
        if (o->request_option_case == SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_REATTACH_OPTIONS)
            return o->reattach_options->has_reattachable && o->reattach_options->reattachable;
    }
    return false;
}

static int64_t chunk_bytes(const Request *request)
{
    enum { CHUNK_BYTES = 32 * 1024 * 1024 };
    for (size_t i = 0; i < request->n_request_options; i++) {
        const Spark__Connect__ExecutePlanRequest__RequestOption *o = request->request_options[i];
        if (o->request_option_case != SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_RESULT_CHUNKING_OPTIONS)
            continue;
        const Spark__Connect__ResultChunkingOptions *c = o->result_chunking_options;
        if (!c->has_allow_arrow_batch_chunking || !c->allow_arrow_batch_chunking)
            return 0;
        bool preferred = c->has_preferred_arrow_chunk_size && c->preferred_arrow_chunk_size >= 1024 &&
                         c->preferred_arrow_chunk_size <= CHUNK_BYTES;
        return preferred ? c->preferred_arrow_chunk_size : CHUNK_BYTES;
    }
    return 0;
}

/* Makes `call` the reader, or fails it; a call that ended meanwhile is detached at once. */
static bool attach(RpcCall *call, Session *session, Execution *x, const char *last_response_id)
{
    arena_auto *a = arena_new();
    RpcStatus disconnected = plain_status(a, "INVALID_CURSOR.DISCONNECTED",
                                          "The cursor is invalid. The cursor has been disconnected by the server.");
    Error err = ERROR_INIT;
    rpc_call_set_user(call, execution_ref(x));
    if (execution_attach(x, call, last_response_id, &disconnected, &err) != ST_OK) {
        memcpy(err.sqlstate, "HY109", 6);
        service_fail(call, session, &err, NULL);
        return false;
    }
    if (rpc_call_is_closed(call))
        execution_closed(x, call);
    return true;
}

/* Runs the plan on this thread and ends the execution. */
static void execute(Driver *driver, Session *session, Execution *x, const Request *request, Arena *a)
{
    Error err = ERROR_INIT;
    Run run;
    run_init(&run, driver, session, x, a);
    run.chunk_bytes = chunk_bytes(request);
    Status status = request->plan ? run_plan(&run, request->plan, &err) : FAIL(&err, ST_INVALID, "ExecutePlanRequest has no plan");
    if (status == ST_OK && execution_is_reattachable(x)) {
        Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
        Spark__Connect__ExecutePlanResponse__ResultComplete complete = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESULT_COMPLETE__INIT;
        response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE;
        response.result_complete = &complete;
        run.ending = true;
        status = run_respond(&run, &response, &err);
    }
    if (status != ST_OK && execution_is_interrupted(x)) {
        err = ERROR_INIT;
        error_set_code(&err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
        memcpy(err.sqlstate, "HY008", 6);
    }
    RpcStatus end = { .code = RPC_OK };
    if (status != ST_OK) {
        char id[UUID_TEXT_BYTES];
        session_keep_error(session, &err, run.query, id);
        end = error_rpc_status(a, &err, run.query, id);
    }
    run_done(&run);
    execution_finish(x, &end);
}

void service_execute(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Request *request = service_request(call, a, &spark__connect__execute_plan_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Error err = ERROR_INIT;
    char id[UUID_TEXT_BYTES];
    Execution *x = NULL;
    Status status = operation_id(request->operation_id, id, &err);
    if (status == ST_OK) {
        x = execution_new(id, request->tags, request->n_tags, is_reattachable(request), driver_held_bytes(driver));
        status = session_add_execution(session, x, &err);
    }
    if (status != ST_OK) {
        service_fail(call, session, &err, NULL);
    } else {
        attach(call, session, x, NULL);
        driver_watch(driver);
        execute(driver, session, x, request, a);
        if (!execution_is_reattachable(x))
            session_remove_execution(session, x);
    }
    execution_unref(x);
    session_unref(session);
}

static Status operation_not_found(const char *id, Error *err)
{
    FAIL_CODE(err, ST_NOT_FOUND, "INVALID_HANDLE.OPERATION_NOT_FOUND", "The handle %s is invalid. Operation not found.", id);
    memcpy(err->sqlstate, "HY000", 6);
    error_param(err, "handle", id);
    return ST_NOT_FOUND;
}

void service_reattach(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__ReattachExecuteRequest *request =
        service_request(call, a, &spark__connect__reattach_execute_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    const char *id = request->operation_id ? request->operation_id : "";
    Error err = ERROR_INIT;
    Execution *x = session_execution(session, id);
    if (!x) {
        operation_not_found(id, &err);
        service_fail(call, session, &err, NULL);
    } else if (!execution_is_reattachable(x)) {
        FAIL_CODE(&err, ST_INVALID, "INVALID_CURSOR.NOT_REATTACHABLE",
                  "The cursor is invalid. The cursor is not reattachable.");
        service_fail(call, session, &err, NULL);
    } else {
        attach(call, session, x, request->last_response_id && *request->last_response_id ? request->last_response_id : NULL);
    }
    execution_unref(x);
    session_unref(session);
}

void service_execute_sent(void *driver, RpcCall *call)
{
    (void)driver;
    Execution *x = rpc_call_user(call);
    if (x)
        execution_sent(x, call);
}

void service_execute_closed(void *driver, RpcCall *call)
{
    (void)driver;
    Execution *x = rpc_call_user(call);
    if (x)
        execution_closed(x, call);
}

void service_execute_drop(void *execution)
{
    execution_unref(execution);
}

void service_release_execute(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__ReleaseExecuteRequest *request =
        service_request(call, a, &spark__connect__release_execute_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Spark__Connect__ReleaseExecuteResponse response = SPARK__CONNECT__RELEASE_EXECUTE_RESPONSE__INIT;
    response.session_id = request->session_id;
    response.server_side_session_id = session->server_id;
    Execution *x = session_execution(session, request->operation_id ? request->operation_id : "");
    if (x) {
        response.operation_id = request->operation_id;
        if (request->release_case == SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_RELEASE_UNTIL) {
            execution_release(x, request->release_until->response_id);
        } else {
            execution_interrupt(x);
            session_remove_execution(session, x);
        }
    }
    service_reply(call, &response);
    execution_unref(x);
    session_unref(session);
}

void service_interrupt(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Spark__Connect__InterruptRequest *request =
        service_request(call, a, &spark__connect__interrupt_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    StrList ids = { 0 };
    bool by_tag = request->interrupt_type == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_TAG;
    bool by_id = request->interrupt_type == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_OPERATION_ID;
    bool has_tag = request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_TAG;
    bool has_id = request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_ID;
    if ((by_tag && !has_tag) || (by_id && !has_id)) {
        Error err = ERROR_INIT;
        FAIL(&err, ST_INVALID, "INTERRUPT_TYPE_%s requested, but no %s provided.", by_tag ? "TAG" : "OPERATION_ID",
             by_tag ? "operation_tag" : "operation_id");
        service_fail(call, session, &err, NULL);
    } else {
        session_interrupt(session, a, by_id ? request->operation_id : NULL, by_tag ? request->operation_tag : NULL, &ids);
        Spark__Connect__InterruptResponse response = SPARK__CONNECT__INTERRUPT_RESPONSE__INIT;
        response.session_id = request->session_id;
        response.server_side_session_id = session->server_id;
        response.interrupted_ids = (char **)(uintptr_t)ids.at;
        response.n_interrupted_ids = ids.len;
        service_reply(call, &response);
    }
    session_unref(session);
}
