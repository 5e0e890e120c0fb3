/* svc/glue/endpoints.c -- development endpoints, ML transforms and interactive sessions: records only. Nothing runs behind them. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

/* --- development endpoints --- */

static const RecordKind endpoint = { "dev-endpoint", "DevEndpoint", "devEndpoint/%s", NULL };

static Val *endpoint_out(Call *call, const Record *r)
{
    Val *out = glue_copy(call->arena, r->body);
    val_set_str(call->arena, out, "Status", "READY");
    val_set_time(call->arena, out, "CreatedTimestamp", r->created_ms);
    val_set_time(call->arena, out, "LastModifiedTimestamp", r->updated_ms);
    if (!val_str(r->body, "SubnetId"))
        val_set_str(call->arena, out, "PublicAddress", "127.0.0.1");
    return out;
}

Status glue_create_dev_endpoint(Call *call, Error *err)
{
    Record r;
    const char *name = val_str(call->input, "EndpointName");
    TRY(record_add(call, &endpoint, name, call->input, err));
    TRY(record_load(call, &endpoint, name, &r, err));
    glue_answer(call, endpoint_out(call, &r));
    return ST_OK;
}

Status glue_get_dev_endpoint(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &endpoint, val_str(call->input, "EndpointName"), &r, err));
    val_set(call->arena, call->output, "DevEndpoint", endpoint_out(call, &r));
    return ST_OK;
}

Status glue_get_dev_endpoints(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &endpoint, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, endpoint_out(call, &records.at[i]));
    val_set(call->arena, call->output, "DevEndpoints", list);
    return ST_OK;
}

Status glue_list_dev_endpoints(Call *call, Error *err)
{
    RecordList records;
    TRY(record_page(call, &endpoint, NULL, &records, err));
    val_set(call->arena, call->output, "DevEndpointNames", record_names(call->arena, &records));
    return ST_OK;
}

Status glue_delete_dev_endpoint(Call *call, Error *err)
{
    return record_drop(call, &endpoint, val_str(call->input, "EndpointName"), err);
}

/* --- ML transforms --- */

static const RecordKind transform = { "ml-transform", "MLTransform", "mlTransform/%s", NULL };

static Val *transform_out(Call *call, const Record *r)
{
    Val *out = glue_copy(call->arena, r->body);
    val_set_str(call->arena, out, "TransformId", r->name);
    val_set_str(call->arena, out, "Status", "READY");
    val_set_int(call->arena, out, "LabelCount", 0);
    val_set_time(call->arena, out, "CreatedOn", r->created_ms);
    val_set_time(call->arena, out, "LastModifiedOn", r->updated_ms);
    return out;
}

Status glue_create_ml_transform(Call *call, Error *err)
{
    char *uuid = glue_uuid(call->arena);
    const char *id = arena_printf(call->arena, "tfm-%.8s%.4s%.4s%.4s%.12s", uuid, uuid + 9, uuid + 14, uuid + 19, uuid + 24);
    TRY(record_add(call, &transform, id, call->input, err));
    val_set_str(call->arena, call->output, "TransformId", id);
    return ST_OK;
}

Status glue_get_ml_transform(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &transform, val_str(call->input, "TransformId"), &r, err));
    glue_answer(call, transform_out(call, &r));
    return ST_OK;
}

Status glue_get_ml_transforms(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &transform, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, transform_out(call, &records.at[i]));
    val_set(call->arena, call->output, "Transforms", list);
    return ST_OK;
}

Status glue_delete_ml_transform(Call *call, Error *err)
{
    TRY(record_drop(call, &transform, val_str(call->input, "TransformId"), err));
    val_set_str(call->arena, call->output, "TransformId", val_str(call->input, "TransformId"));
    return ST_OK;
}

/* --- sessions --- */

static const RecordKind session = { "session", "Session", "session/%s", NULL };

static Val *session_out(Call *call, const Record *r)
{
    Val *out = glue_copy(call->arena, r->body);
    const Val *connections = val_get(r->body, "Connections");
    val_set_time(call->arena, out, "CreatedOn", r->created_ms);
    if (connections && connections->kind == VAL_MAP)
        val_set(call->arena, out, "Connections", glue_val(connections));
    return out;
}

Status glue_create_session(Call *call, Error *err)
{
    Record r;
    Val *body = glue_copy(call->arena, call->input);
    const char *id = val_str(call->input, "Id");
    val_set_str(call->arena, body, "Status", "READY");
    TRY(record_add(call, &session, id, body, err));
    TRY(record_load(call, &session, id, &r, err));
    val_set(call->arena, call->output, "Session", session_out(call, &r));
    return ST_OK;
}

Status glue_get_session(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &session, val_str(call->input, "Id"), &r, err));
    val_set(call->arena, call->output, "Session", session_out(call, &r));
    return ST_OK;
}

Status glue_list_sessions(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &session, NULL, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, session_out(call, &records.at[i]));
    val_set(call->arena, call->output, "Ids", record_names(call->arena, &records));
    val_set(call->arena, call->output, "Sessions", list);
    return ST_OK;
}

Status glue_stop_session(Call *call, Error *err)
{
    Record r;
    const char *id = val_str(call->input, "Id");
    TRY(record_load(call, &session, id, &r, err));
    val_set_str(call->arena, r.body, "Status", "STOPPED");
    val_set_str(call->arena, call->output, "Id", id);
    return record_save(call, &session, id, r.body, err);
}

Status glue_delete_session(Call *call, Error *err)
{
    const char *id = val_str(call->input, "Id");
    val_set_str(call->arena, call->output, "Id", id);
    return record_drop(call, &session, id, err);
}
