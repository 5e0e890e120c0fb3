/* svc/emr/yarn.c -- POST /_weir/yarn/OPERATION: the resource manager of all clusters, for steps and for `yarn` on a laptop. JSON in,
 * JSON out: the operations are those of yarn/yarn.h. */
#include "yarn/yarn.h"

#include "svc/svc.h"

Status emr_yarn(Call *call, Error *err);

Status emr_yarn(Call *call, Error *err)
{
    Val *request = NULL, *answer = NULL;
    const char *operation = call->request->raw_path + strlen("/_weir/yarn/");
    if (!call->request->body || !val_from_json(call->arena, call->request->body, call->request->body_len, &request) ||
        request->kind != VAL_MAP)
        return FAIL_CODE(err, ST_INVALID, "MalformedJson", "the body is not a JSON object");
    const char *run = call->principal ? call->principal->run : NULL;
    TRY(yarn_store_call(call->server->store, call->server->home, call->arena, run, operation, request, &answer, err));
    call->response->body = val_to_json(call->arena, answer);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}
