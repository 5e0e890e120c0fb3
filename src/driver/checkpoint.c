/* driver/checkpoint.c -- df.checkpoint() and df.localCheckpoint(): a relation's rows as a table of the engine, which spills,
 * known to the session by a key. The table goes when the last that names it has gone: the client's DataFrame, views, sessions
 * cloned from this one. Always eager: a lazy checkpoint is one that has happened early.
 * Source: SparkConnectPlanner.handleCheckpointCommand, handleRemoveCachedRemoteRelationCommand. */
#include "driver/command.h"
#include "driver/keep.h"
#include "driver/uuid.h"

static Status respond_checkpoint(Run *r, const char *key, Error *err)
{
    Spark__Connect__CachedRemoteRelation relation = SPARK__CONNECT__CACHED_REMOTE_RELATION__INIT;
    Spark__Connect__CheckpointCommandResult result = SPARK__CONNECT__CHECKPOINT_COMMAND_RESULT__INIT;
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    relation.relation_id = (char *)(uintptr_t)key;
    result.relation = &relation;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_CHECKPOINT_COMMAND_RESULT;
    response.checkpoint_command_result = &result;
    return run_respond(r, &response, err);
}

Status checkpoint_command(Run *r, const Spark__Connect__CheckpointCommand *c, Error *err)
{
    Node *bound;
    char id[UUID_TEXT_BYTES];
    TRY(run_bind(r, c->relation, &bound, err));
    uuid_new(id);
    const char *key = arena_printf(r->arena, "checkpoint %s", id);
    TRY(run_materialize(r, bound, key, err));
    KeptPlan *plan = keep_table(driver_engine(r->driver), key, bind_schema_type(r->arena, bound));
    session_lock(r->session);
    entries_set(&r->session->cached, key, plan);
    session_unlock(r->session);
    return respond_checkpoint(r, key, err);
}

Status checkpoint_remove(Run *r, const Spark__Connect__RemoveCachedRemoteRelationCommand *c)
{
    session_lock(r->session);
    if (c->relation && c->relation->relation_id)
        entries_remove(&r->session->cached, c->relation->relation_id);
    session_unlock(r->session);
    return ST_OK;
}
