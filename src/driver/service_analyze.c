/* driver/service_analyze.c -- AnalyzePlan: what a plan is, without running it. Source: SparkConnectAnalyzeHandler. */
#include "base/map.h"
#include "driver/cache.h"
#include "driver/run.h"
#include "driver/service.h"

typedef Spark__Connect__AnalyzePlanRequest Request;
typedef Spark__Connect__AnalyzePlanResponse Response;
#define ASK(name) SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_##name
#define ANSWER(name) SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_##name

/* A sub-message of the response in the run's arena. */
#define NEW(T, name)                                                                            \
    Spark__Connect__AnalyzePlanResponse__##T *part = ARENA_NEW(r->arena, Spark__Connect__AnalyzePlanResponse__##T); \
    spark__connect__analyze_plan_response__##name##__init(part)

static Status root_of(Run *r, const Spark__Connect__Plan *plan, const Spark__Connect__Relation **ret, Error *err)
{
    const Spark__Connect__Plan *whole;
    TRY(run_unpack(r, plan, &whole, err));
    if (whole->op_type_case != SPARK__CONNECT__PLAN__OP_TYPE_ROOT)
        return FAIL(err, ST_INVALID, "the plan to analyze is no relation");
    *ret = whole->root;
    return ST_OK;
}

static Status schema_of(Run *r, const Spark__Connect__Plan *plan, const Type **ret, Error *err)
{
    const Spark__Connect__Relation *root = NULL;
    TRY(root_of(r, plan, &root, err));
    return run_schema(r, root, ret, err);
}

static Status bound_of(Run *r, const Spark__Connect__Plan *plan, Node **ret, Error *err)
{
    const Spark__Connect__Relation *root = NULL;
    TRY(root_of(r, plan, &root, err));
    return run_bind(r, root, ret, err);
}

static Status schema(Run *r, const Request *q, Response *response, Error *err)
{
    const Type *type;
    TRY(schema_of(r, q->schema->plan, &type, err));
    NEW(Schema, schema);
    part->schema = connect_type_message(r->arena, type);
    response->result_case = ANSWER(SCHEMA);
    response->schema = part;
    return ST_OK;
}

static Status explain(Run *r, const Request *q, Response *response, Error *err)
{
    static const char *const modes[] = { "simple", "simple", "extended", "codegen", "cost", "formatted" };
    size_t mode = (size_t)q->explain->explain_mode;
    if (mode >= sizeof modes / sizeof *modes)
        return FAIL(err, ST_INVALID, "explain mode %zu is not known", mode);
    const Spark__Connect__Relation *root = NULL;
    Node *unbound;
    TRY(root_of(r, q->explain->plan, &root, err));
    TRY(connect_relation(r->arena, &r->connect, root, &unbound, err));
    NEW(Explain, explain);
    TRY(explain_plan(r, unbound, modes[mode], &part->explain_string, err));
    response->result_case = ANSWER(EXPLAIN);
    response->explain = part;
    return ST_OK;
}

static Status tree_string(Run *r, const Request *q, Response *response, Error *err)
{
    const Type *type;
    TRY(schema_of(r, q->tree_string->plan, &type, err));
    NEW(TreeString, tree_string);
    part->tree_string = schema_tree(r->arena, type, q->tree_string->has_level ? q->tree_string->level : 0);
    response->result_case = ANSWER(TREE_STRING);
    response->tree_string = part;
    return ST_OK;
}

static Status is_local(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(bound_of(r, q->is_local->plan, &bound, err));
    NEW(IsLocal, is_local);
    part->has_is_local = true;
    part->is_local = node_is(LocalRelation, bound);
    response->result_case = ANSWER(IS_LOCAL);
    response->is_local = part;
    return ST_OK;
}

static Status is_streaming(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(bound_of(r, q->is_streaming->plan, &bound, err));
    NEW(IsStreaming, is_streaming);
    part->has_is_streaming = true; /* a streaming read is refused before this */
    response->result_case = ANSWER(IS_STREAMING);
    response->is_streaming = part;
    return ST_OK;
}

static Status input_files(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(bound_of(r, q->input_files->plan, &bound, err));
    NEW(InputFiles, input_files);
    Map seen = { 0 };
    part->files = ARENA_ARRAY(r->arena, char *, r->files.len + 1);
    for (size_t i = 0; i < r->files.len; i++) {
        if (map_has(&seen, r->files.at[i]))
            continue;
        map_set(r->arena, &seen, r->files.at[i], part);
        part->files[part->n_files++] = service_text(r->files.at[i]);
    }
    response->result_case = ANSWER(INPUT_FILES);
    response->input_files = part;
    return ST_OK;
}

static Status spark_version(Run *r, const Request *q, Response *response, Error *err)
{
    (void)q;
    (void)err;
    NEW(SparkVersion, spark_version);
    part->version = service_text(SPARK_VERSION);
    response->result_case = ANSWER(SPARK_VERSION);
    response->spark_version = part;
    return ST_OK;
}

static Status ddl_parse(Run *r, const Request *q, Response *response, Error *err)
{
    const Type *type;
    const char *text = q->ddl_parse->ddl_string ? q->ddl_parse->ddl_string : "";
    Error not_a_type = ERROR_INIT; /* "int" is a type, "a int" a table's columns */
    if (r->connect.parse_type(r, r->arena, text, &type, &not_a_type) != ST_OK)
        TRY(environment_schema(r, text, &type, err));
    NEW(DDLParse, ddlparse);
    part->parsed = connect_type_message(r->arena, type);
    response->result_case = ANSWER(DDL_PARSE);
    response->ddl_parse = part;
    return ST_OK;
}

static Status same_semantics(Run *r, const Request *q, Response *response, Error *err)
{
    Node *x, *y;
    TRY(bound_of(r, q->same_semantics->target_plan, &x, err));
    TRY(bound_of(r, q->same_semantics->other_plan, &y, err));
    NEW(SameSemantics, same_semantics);
    part->has_result = true;
    part->result = node_equal(x, y);
    response->result_case = ANSWER(SAME_SEMANTICS);
    response->same_semantics = part;
    return ST_OK;
}

static char *plan_text(Run *r, const Node *bound)
{
    enum { TEXT_MAX_BYTES = 1 << 28 };
    str_auto text = STR_INIT(TEXT_MAX_BYTES);
    node_text(bound, &text);
    return str_arena(&text, r->arena);
}

static Status semantic_hash(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(bound_of(r, q->semantic_hash->plan, &bound, err));
    NEW(SemanticHash, semantic_hash);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = plan_text(r, bound); *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    part->has_result = true;
    part->result = (int32_t)hash;
    response->result_case = ANSWER(SEMANTIC_HASH);
    response->semantic_hash = part;
    return ST_OK;
}

static Status persist(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(run_bind(r, q->persist->relation, &bound, err));
    cache_persist(r, bound, cache_storage_level(q->persist->storage_level));
    NEW(Persist, persist);
    response->result_case = ANSWER(PERSIST);
    response->persist = part;
    return ST_OK;
}

static Status unpersist(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(run_bind(r, q->unpersist->relation, &bound, err));
    cache_persist(r, bound, (StorageLevel){ 0 });
    NEW(Unpersist, unpersist);
    response->result_case = ANSWER(UNPERSIST);
    response->unpersist = part;
    return ST_OK;
}

static Status storage_level(Run *r, const Request *q, Response *response, Error *err)
{
    Node *bound;
    TRY(run_bind(r, q->get_storage_level->relation, &bound, err));
    StorageLevel level = cache_level(r, bound);
    NEW(GetStorageLevel, get_storage_level);
    Spark__Connect__StorageLevel *message = ARENA_NEW(r->arena, Spark__Connect__StorageLevel);
    spark__connect__storage_level__init(message);
    message->has_use_disk = message->has_use_memory = message->has_use_off_heap = true;
    message->has_deserialized = message->has_replication = true;
    message->use_disk = level.disk;
    message->use_memory = level.memory;
    message->use_off_heap = level.off_heap;
    message->deserialized = level.deserialized;
    message->replication = level.replication ? level.replication : 1; /* StorageLevel.NONE */
    part->storage_level = message;
    response->result_case = ANSWER(GET_STORAGE_LEVEL);
    response->get_storage_level = part;
    return ST_OK;
}

static Status json_to_ddl(Run *r, const Request *q, Response *response, Error *err)
{
    const Type *type;
    TRY(type_from_json(r->arena, q->json_to_ddl->json_string ? q->json_to_ddl->json_string : "", &type, err));
    str_auto out = STR_INIT(1 << 24);
    if (type->kind != TYPE_STRUCT)
        type_sql(type, &out);
    for (size_t i = 0; type->kind == TYPE_STRUCT && i < type->nfields; i++) {
        const Field *f = &type->fields[i];
        bool plain = *f->name && strspn(f->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(f->name) &&
                     !(*f->name >= '0' && *f->name <= '9');
        str_addf(&out, plain ? "%s%s " : "%s`%s` ", i ? "," : "", f->name);
        type_sql(f->type, &out);
        if (!f->nullable)
            str_add(&out, " NOT NULL");
    }
    NEW(JsonToDDL, json_to_ddl);
    part->ddl_string = str_arena(&out, r->arena);
    response->result_case = ANSWER(JSON_TO_DDL);
    response->json_to_ddl = part;
    return ST_OK;
}

static const struct {
    int ask;
    Status (*answer)(Run *r, const Request *q, Response *response, Error *err);
} answers[] = { { ASK(SCHEMA), schema },
                { ASK(EXPLAIN), explain },
                { ASK(TREE_STRING), tree_string },
                { ASK(IS_LOCAL), is_local },
                { ASK(IS_STREAMING), is_streaming },
                { ASK(INPUT_FILES), input_files },
                { ASK(SPARK_VERSION), spark_version },
                { ASK(DDL_PARSE), ddl_parse },
                { ASK(SAME_SEMANTICS), same_semantics },
                { ASK(SEMANTIC_HASH), semantic_hash },
                { ASK(PERSIST), persist },
                { ASK(UNPERSIST), unpersist },
                { ASK(GET_STORAGE_LEVEL), storage_level },
                { ASK(JSON_TO_DDL), json_to_ddl } };

void service_analyze(void *driver, RpcCall *call, View bytes)
{
    arena_auto *a = arena_new();
    Request *request = service_request(call, a, &spark__connect__analyze_plan_request__descriptor, bytes);
    if (!request)
        return;
    Session *session = service_session(driver, call, request->user_context, request->session_id,
                                       request->client_observed_server_side_session_id);
    if (!session)
        return;
    Error err = ERROR_INIT;
    Response response = SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__INIT;
    response.session_id = request->session_id;
    response.server_side_session_id = session->server_id;
    Run run;
    run_init(&run, driver, session, NULL, a);
    Status status = ST_UNSUPPORTED;
    size_t i = 0, n = sizeof answers / sizeof *answers;
    while (i < n && answers[i].ask != (int)request->analyze_case)
        i++;
    if (i < n)
        status = answers[i].answer(&run, request, &response, &err);
    else
        FAIL_CODE(&err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE", "The feature is not supported: AnalyzePlanRequest %d.",
                  (int)request->analyze_case);
    if (status == ST_OK)
        service_reply(call, &response);
    else
        service_fail(call, session, &err, run.query);
    run_done(&run);
    session_unref(session);
}
