/* svc/glue/metastore_routes.c -- POST /_weir/metastore/OPERATION: the data catalog for drivers and shims of this host
 * (lake/metastore_server.c asks). JSON in, JSON out; members are those of lake/metastore.c. */
#include "base/str.h"
#include "lake/metastore_store.h"
#include "svc/svc.h"

Status glue_metastore(Call *call, Error *err);

Status glue_metastore(Call *call, Error *err)
{
    Val *request = NULL, *answer = NULL;
    const char *operation = call->request->raw_path + strlen("/_weir/metastore/");
    if (!call->request->body || !val_from_json(call->arena, call->request->body, call->request->body_len, &request) ||
        request->kind != VAL_MAP)
        return FAIL_CODE(err, ST_INVALID, "MalformedJson", "the body is not a JSON object");
    TRY(metastore_store_call(call->server->store, call->arena, operation, request, &answer, err));
    call->response->body = val_to_json(call->arena, answer);
    call->response->body_len = strlen(call->response->body);
    http_add_header(call->request, call->response, "Content-Type", "application/json");
    return ST_OK;
}
