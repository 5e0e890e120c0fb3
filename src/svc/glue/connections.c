/* svc/glue/connections.c -- connections: records that jobs name; nothing is connected through them. */
#include "base/str.h"
#include "svc/glue/internal.h"
#include "svc/glue/operations.h"

static const RecordKind connection = { "connection", "Connection", "connection/%s", NULL };

static Val *connection_out(Call *call, const Record *r)
{
    Val *out = glue_copy(call->arena, r->body);
    if (val_bool(call->input, "HidePassword", false)) {
        const Val *given = val_get(out, "ConnectionProperties");
        Val *shown = val_map(call->arena);
        for (size_t i = 0; i < val_len(given); i++)
            if (!str_eq(given->names[i], "PASSWORD"))
                val_append(call->arena, shown, given->names[i], given->items[i]);
        val_set(call->arena, out, "ConnectionProperties", shown);
    }
    val_set_time(call->arena, out, "CreationTime", r->created_ms);
    val_set_time(call->arena, out, "LastUpdatedTime", r->updated_ms);
    val_set_str(call->arena, out, "LastUpdatedBy", val_str(r->body, "LastUpdatedBy"));
    val_set_str(call->arena, out, "Status", "READY");
    return out;
}

static Val *connection_in(Call *call)
{
    Val *body = glue_copy(call->arena, val_get(call->input, "ConnectionInput"));
    val_set_str(call->arena, body, "LastUpdatedBy", call->principal->arn);
    return body;
}

Status glue_create_connection(Call *call, Error *err)
{
    TRY(record_add(call, &connection, val_str(val_get(call->input, "ConnectionInput"), "Name"), connection_in(call), err));
    val_set_str(call->arena, call->output, "CreateConnectionStatus", "READY");
    return ST_OK;
}

Status glue_get_connection(Call *call, Error *err)
{
    Record r;
    TRY(record_load(call, &connection, val_str(call->input, "Name"), &r, err));
    val_set(call->arena, call->output, "Connection", connection_out(call, &r));
    return ST_OK;
}

static bool wanted(Call *call, const Record *r)
{
    const Val *filter = val_get(call->input, "Filter"), *criteria = val_get(filter, "MatchCriteria"), *own = val_get(r->body, "MatchCriteria");
    const char *type = val_str(filter, "ConnectionType");
    if (type && !str_eq(type, val_str(r->body, "ConnectionType")))
        return false;
    for (size_t i = 0; i < val_len(criteria); i++) {
        bool has = false;
        for (size_t j = 0; j < val_len(own) && !has; j++)
            has = str_eq(val_at(own, j)->s, val_at(criteria, i)->s);
        if (!has)
            return false;
    }
    return true;
}

Status glue_get_connections(Call *call, Error *err)
{
    RecordList records;
    Val *list = val_list(call->arena);
    TRY(record_page(call, &connection, wanted, &records, err));
    for (size_t i = 0; i < records.len; i++)
        val_push(call->arena, list, connection_out(call, &records.at[i]));
    val_set(call->arena, call->output, "ConnectionList", list);
    return ST_OK;
}

Status glue_update_connection(Call *call, Error *err)
{
    return record_save(call, &connection, val_str(call->input, "Name"), connection_in(call), err);
}

Status glue_delete_connection(Call *call, Error *err)
{
    return record_drop(call, &connection, val_str(call->input, "ConnectionName"), err);
}

Status glue_batch_delete_connection(Call *call, Error *err)
{
    const Val *names = val_get(call->input, "ConnectionNameList");
    Val *gone = val_list(call->arena), *errors = val_map(call->arena);
    for (size_t i = 0; i < val_len(names); i++) {
        Error why = ERROR_INIT;
        const char *name = val_at(names, i)->s;
        if (record_drop(call, &connection, name, &why) == ST_OK) {
            val_push(call->arena, gone, val_strv(call->arena, name));
            continue;
        }
        Val *detail = val_map(call->arena);
        val_set_str(call->arena, detail, "ErrorCode", why.code);
        val_set_str(call->arena, detail, "ErrorMessage", why.message);
        val_set(call->arena, errors, name, detail);
    }
    (void)err;
    val_set(call->arena, call->output, "Succeeded", gone);
    val_set(call->arena, call->output, "Errors", errors);
    return ST_OK;
}
