/* canned_connect -- a Spark Connect endpoint without an engine, for bench/spark.py: what the client alone costs.
 *
 * Every ExecutePlan of a relation is answered at once with the one row of `select 1`, one of a command with the relation that came,
 * Config with the value that the client offered. Prints `weir: ready sc://HOST:PORT`; ends with SIGTERM. */
#include "driver/arrow.h"
#include "driver/execution.h"
#include "driver/proto.h"
#include "driver/rpc.h"
#include "driver/uuid.h"
#include "front/connect/connect.h"
#include "proto/base.pb-c.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

typedef Spark__Connect__ExecutePlanRequest Request;
typedef Spark__Connect__ExecutePlanResponse Response;

static char server_id[UUID_TEXT_BYTES];

static void respond(Execution *x, const Request *request, Response *response)
{
    char id[UUID_TEXT_BYTES];
    Error ignored = ERROR_INIT;
    uuid_new(id);
    response->session_id = request->session_id;
    response->server_side_session_id = server_id;
    response->operation_id = request->operation_id;
    response->response_id = id;
    execution_respond(x, id, proto_pack(response), true, &ignored);
}

/* Schema and row in one message. */
static void respond_row(Arena *a, Execution *x, const Request *request)
{
    static const Field one = { .name = "1", .type = &type_int };
    Error err = ERROR_INIT;
    Response response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__ArrowBatch batch = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__ARROW_BATCH__INIT;
    Rows *rows = rows_new(a, type_struct(a, &one, 1));
    struct ArrowBuffer stream;
    rows_add(rows)[0] = rows_long(1);
    ArrowBufferInit(&stream);
    if (arrow_encode_rows(rows, &stream, &err) != ST_OK)
        abort();
    batch.has_row_count = batch.has_data = true;
    batch.row_count = 1;
    batch.data = (ProtobufCBinaryData){ (size_t)stream.size_bytes, stream.data };
    response.schema = connect_type_message(a, rows->schema);
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_ARROW_BATCH;
    response.arrow_batch = &batch;
    respond(x, request, &response);
    ArrowBufferReset(&stream);
}

static void respond_relation(Execution *x, const Request *request)
{
    Response response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__SqlCommandResult result = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT;
    if (request->plan->command->command_type_case == SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND)
        result.relation = request->plan->command->sql_command->input;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT;
    response.sql_command_result = &result;
    respond(x, request, &response);
}

static void respond_end(Execution *x, const Request *request)
{
    Response response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__ResultComplete complete = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESULT_COMPLETE__INIT;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE;
    response.result_complete = &complete;
    respond(x, request, &response);
    execution_finish(x, &(RpcStatus){ .code = RPC_OK });
}

static void *unpacked(Arena *a, const ProtobufCMessageDescriptor *type, View bytes)
{
    void *message = NULL;
    return proto_unpack(a, type, bytes, &message, NULL) == ST_OK ? message : NULL;
}

static void execute(void *self, RpcCall *call, View bytes)
{
    (void)self;
    arena_auto *a = arena_new();
    Error ignored = ERROR_INIT;
    Request *request = unpacked(a, &spark__connect__execute_plan_request__descriptor, bytes);
    if (!request || !request->plan) {
        rpc_finish(call, &(RpcStatus){ .code = RPC_INVALID_ARGUMENT, .message = "no plan" });
        return;
    }
    Execution *x = execution_new(request->operation_id, NULL, 0, true);
    if (request->plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_COMMAND)
        respond_relation(x, request);
    else
        respond_row(a, x, request);
    respond_end(x, request);
    rpc_call_set_user(call, execution_ref(x));
    execution_attach(x, call, NULL, &(RpcStatus){ .code = RPC_INTERNAL }, &ignored);
    execution_unref(x);
}

static void sent(void *self, RpcCall *call)
{
    (void)self;
    if (rpc_call_user(call))
        execution_sent(rpc_call_user(call), call);
}

static void closed(void *self, RpcCall *call)
{
    (void)self;
    if (rpc_call_user(call))
        execution_closed(rpc_call_user(call), call);
}

static void drop(void *execution)
{
    execution_unref(execution);
}

static void release(void *self, RpcCall *call, View bytes)
{
    (void)self;
    arena_auto *a = arena_new();
    Spark__Connect__ReleaseExecuteRequest *request = unpacked(a, &spark__connect__release_execute_request__descriptor, bytes);
    Spark__Connect__ReleaseExecuteResponse response = SPARK__CONNECT__RELEASE_EXECUTE_RESPONSE__INIT;
    response.session_id = request ? request->session_id : NULL;
    response.server_side_session_id = server_id;
    rpc_reply(call, proto_pack(&response));
}

static void config(void *self, RpcCall *call, View bytes)
{
    (void)self;
    arena_auto *a = arena_new();
    Spark__Connect__ConfigRequest *request = unpacked(a, &spark__connect__config_request__descriptor, bytes);
    Spark__Connect__ConfigResponse response = SPARK__CONNECT__CONFIG_RESPONSE__INIT;
    response.session_id = request ? request->session_id : NULL;
    response.server_side_session_id = server_id;
    if (request && request->operation &&
        request->operation->op_type_case == SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_WITH_DEFAULT) {
        response.pairs = request->operation->get_with_default->pairs;
        response.n_pairs = request->operation->get_with_default->n_pairs;
    }
    rpc_reply(call, proto_pack(&response));
}

#define METHOD(name) "/spark.connect.SparkConnectService/" name
static const RpcMethod methods[] = {
    { .path = METHOD("Config"), .message = config },
    { .path = METHOD("ExecutePlan"), .message = execute, .sent = sent, .closed = closed, .drop = drop },
    { .path = METHOD("ReleaseExecute"), .message = release },
    { 0 },
};

int main(void)
{
    Error err = ERROR_INIT;
    RpcServer *server;
    sigset_t ends;
    int signal_number;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    uuid_new(server_id);
    RpcOptions options = { .listen = "127.0.0.1:0", .methods = methods, .max_message_bytes = 1 << 20, .threads_max = 64 };
    if (rpc_server_start(&options, &server, &err) != ST_OK) {
        fprintf(stderr, "canned_connect: %s\n", err.message);
        return 1;
    }
    printf("weir: ready sc://127.0.0.1:%d\n", rpc_server_port(server));
    fflush(stdout);
    sigwait(&ends, &signal_number);
    rpc_server_stop(server);
    return 0;
}
