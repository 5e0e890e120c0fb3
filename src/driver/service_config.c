/* driver/service_config.c -- Config: get and set a session's configuration. Source: SparkConnectConfigHandler. */
#include "driver/service.h"

typedef Spark__Connect__ConfigRequest Request;
typedef Spark__Connect__ConfigRequest__Operation Operation;
typedef Spark__Connect__ConfigResponse Response;
typedef Spark__Connect__KeyValue Pair;

typedef struct Answer {
    Arena *a;
    Conf *conf; /* the session's, locked */
    VEC(Pair *) pairs;
    VEC(char *) warnings;
} Answer;

static void add(Answer *answer, const char *key, const char *value)
{
    Pair *pair = ARENA_NEW(answer->a, Pair);
    spark__connect__key_value__init(pair);
    pair->key = arena_str(answer->a, key);
    pair->value = arena_str(answer->a, value);
    vec_push(answer->a, &answer->pairs, pair);
}

static Status set_all(Answer *answer, const Spark__Connect__ConfigRequest__Set *set, Error *err)
{
    for (size_t i = 0; i < set->n_pairs; i++) {
        const Pair *pair = set->pairs[i];
        Error error = ERROR_INIT;
        if (!pair->value) {
            error_set_code(&error, ST_INVALID, "", "The value of the configuration '%s' is missing", pair->key);
        } else {
            conf_set(answer->conf, pair->key, pair->value, &error);
        }
        if (error.status == ST_OK)
            continue;
        if (!set->has_silent || !set->silent) {
            *err = error;
            return error.status;
        }
        vec_push(answer->a, &answer->warnings, arena_printf(answer->a, "[%s] %s", error.code, error.message));
    }
    return ST_OK;
}

static Status get_all(Answer *answer, char *const *keys, size_t n, bool optional, Error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = conf_get(answer->conf, keys[i]);
        if (!value && !optional)
            return conf_not_found(keys[i], err);
        add(answer, keys[i], value);
    }
    return ST_OK;
}

static Status run(Answer *answer, const Operation *op, Error *err)
{
    switch (op->op_type_case) {
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_SET:
        return set_all(answer, op->set, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET:
        return get_all(answer, op->get->keys, op->get->n_keys, false, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_OPTION:
        return get_all(answer, op->get_option->keys, op->get_option->n_keys, true, err);
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_WITH_DEFAULT:
        for (size_t i = 0; i < op->get_with_default->n_pairs; i++) {
            const Pair *pair = op->get_with_default->pairs[i];
            const char *value = pair->value ? conf_get_explicit(answer->conf, pair->key) : conf_get(answer->conf, pair->key);
            add(answer, pair->key, value ? value : pair->value);
        }
        return ST_OK;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_GET_ALL: {
        KeyValueList list;
        const char *prefix = op->get_all->prefix;
        conf_list(answer->conf, answer->a, prefix, &list);
        for (size_t i = 0; i < list.len; i++) /* the prefix is cut off, as in Spark */
            add(answer, list.at[i].key + (prefix ? strlen(prefix) : 0), list.at[i].value);
        return ST_OK;
    }
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_UNSET:
        for (size_t i = 0; i < op->unset->n_keys; i++)
            TRY(conf_unset(answer->conf, op->unset->keys[i], err));
        return ST_OK;
    case SPARK__CONNECT__CONFIG_REQUEST__OPERATION__OP_TYPE_IS_MODIFIABLE:
        for (size_t i = 0; i < op->is_modifiable->n_keys; i++)
            add(answer, op->is_modifiable->keys[i], conf_is_modifiable(op->is_modifiable->keys[i]) ? "true" : "false");
        return ST_OK;
    default:
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE", "The feature is not supported: ConfigRequest.Operation %d.",
                         (int)op->op_type_case);
    }
}

void service_config(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Request *request = service_request(call, a, &spark__connect__config_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Error err = ERROR_INIT;
    Answer answer = { .a = a, .conf = session->conf };
    session_lock(session);
    Status status = request->operation ? run(&answer, request->operation, &err)
                                       : FAIL(&err, ST_INVALID, "ConfigRequest has no operation");
    session_unlock(session);
    if (status != ST_OK) {
        service_fail(call, session, &err, NULL);
    } else {
        Response response = SPARK__CONNECT__CONFIG_RESPONSE__INIT;
        response.session_id = request->session_id;
        response.server_side_session_id = session->server_id;
        response.pairs = answer.pairs.at;
        response.n_pairs = answer.pairs.len;
        response.warnings = answer.warnings.at;
        response.n_warnings = answer.warnings.len;
        service_reply(call, &response);
    }
    session_unref(session);
}
