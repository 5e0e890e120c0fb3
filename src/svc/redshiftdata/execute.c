/* svc/redshiftdata/execute.c -- ExecuteStatement, BatchExecuteStatement, CancelStatement: rows, and the threads that run them. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "os/crypto.h"
#include "svc/credentials.h"
#include "svc/redshiftdata/internal.h"
#include "warehouse/frame.h"
#include "warehouse/pool.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SQL_BYTES_MAX = 100 * 1024, ACTIVE_MAX = 500, PARAMETERS_MAX = 1000, WAIT_STEP_MS = 20, ROLE_KEYS_S = 12 * 3600 };

/* --- checks --- */

Status redshiftdata_no_statement(Error *err)
{
    return FAIL_CODE(err, ST_NOT_FOUND, "ResourceNotFoundException", "Query does not exist.");
}

Status redshiftdata_check_id(const char *id, Error *err)
{
    static const int groups[] = { 8, 4, 4, 4, 12 };
    const char *at = id;
    bool good = true;
    for (size_t i = 0; i < 5 && good; i++) {
        if (i)
            good = *at++ == '-';
        for (int j = 0; j < groups[i] && good; j++, at++)
            good = isdigit((unsigned char)*at) || islower((unsigned char)*at);
    }
    if (good && *at == ':')
        good = isdigit((unsigned char)at[1]) && !at[1 + strspn(at + 1, "0123456789")];
    else
        good = good && !*at;
    return good ? ST_OK : redshiftdata_invalid(err, "id must satisfy regex pattern: ^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\\d+)?$");
}

bool redshiftdata_over(const char *status)
{
    return str_eq(status, "FINISHED") || str_eq(status, "FAILED") || str_eq(status, "ABORTED");
}

/* A cluster's identifier, or a workgroup's name: weir has no serverless, a workgroup is a cluster of that name. */
Status redshiftdata_target(Call *call, Db *db, Target *ret_target, Error *err)
{
    Arena *a = call->arena;
    const char *id = val_str(call->input, "ClusterIdentifier"), *workgroup = val_str(call->input, "WorkgroupName");
    const char *database = val_str(call->input, "Database"), *user = val_str(call->input, "DbUser");
    Resource cluster;
    if (id && workgroup)
        return redshiftdata_invalid(err, "Only one of ClusterIdentifier and WorkgroupName can be given");
    if (!id && !workgroup)
        return redshiftdata_invalid(err, "Either ClusterIdentifier or WorkgroupName must be given");
    TRY(resource_find(db, a, call->region, RESOURCE_CLUSTER, id ? id : workgroup, &cluster, err));
    if (!cluster.body && workgroup)
        return redshiftdata_invalid(err, "Redshift Serverless is not supported: there is no cluster to stand for the workgroup %s", workgroup);
    if (!cluster.body)
        return redshiftdata_invalid(err, "Redshift endpoint doesn't exist in this region.");
    const char *state = val_str(cluster.body, "ClusterStatus");
    if (!str_eq(state, "available"))
        return redshiftdata_invalid(err, "Cluster %s is %s: statements need it to be available", cluster.id, state);
    if (id && !user && !val_str(call->input, "SecretArn"))
        user = val_str(cluster.body, "MasterUsername");
    *ret_target = (Target){ .name = id ? id : workgroup, .warehouse = val_str(cluster.body, "_warehouse"), .workgroup = workgroup != NULL,
                            .database = database ? database : val_str(cluster.body, "DBName"), .user = user ? user : val_str(cluster.body, "MasterUsername"),
                            .cluster = cluster.body };
    return ST_OK;
}

static Status check_sql(const char *sql, Error *err)
{
    if (strlen(sql) > SQL_BYTES_MAX)
        return redshiftdata_invalid(err, "The SQL statement is larger than %d bytes", SQL_BYTES_MAX);
    return sql[strspn(sql, " \t\r\n")] ? ST_OK : redshiftdata_invalid(err, "The SQL statement is empty");
}

static Status check_parameters(const Val *parameters, Error *err)
{
    if (val_len(parameters) > PARAMETERS_MAX)
        return redshiftdata_invalid(err, "More than %d parameters", PARAMETERS_MAX);
    for (size_t i = 0; i < val_len(parameters); i++) {
        for (size_t j = 0; j < i; j++) {
            if (str_eq(val_str(val_at(parameters, i), "name"), val_str(val_at(parameters, j), "name")))
                return redshiftdata_invalid(err, "Parameter %s is given twice", val_str(val_at(parameters, i), "name"));
        }
    }
    return ST_OK;
}

/* --- the thread of a statement --- */

typedef struct Job {
    Server *server;
    char *id, *warehouse, *request; /* heap; request: what is sent to the warehouse, JSON */
    char *session;
} Job;

static void job_free(Job *job)
{
    free(job->id);
    free(job->warehouse);
    free(job->request);
    free(job->session);
    free(job);
}

static Status set_status(Server *server, const char *id, const char *status, const char *error, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_exec(db, err, "UPDATE redshift_statement SET status=?, error=coalesce(?, error), updated_ms=? WHERE (id=? OR parent=?) AND status NOT IN ('FINISHED','FAILED','ABORTED')",
                   "ssiss", status, error, clock_ms(), id, id);
}

static Status part_ended(Server *server, const Val *event, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    return db_exec(db, err, "UPDATE redshift_statement SET status=?, error=?, rows=?, bytes=?, duration_ns=?, query=?, pid=?, has_result=?, updated_ms=? WHERE id=?",
                   "ssiiiiiiis", val_str(event, "status"), val_str(event, "error"), val_int(event, "rows", -1), val_int(event, "bytes", 0),
                   val_int(event, "duration_ns", 0), val_int(event, "query", 0), val_int(event, "pid", 0), (int64_t)val_bool(event, "has_result", false), clock_ms(),
                   val_str(event, "id"));
}

static Status send_cancel(Server *server, const char *warehouse, const char *id, Error *err)
{
    arena_auto *a = arena_new();
    fd_auto fd = -1;
    Val *request = val_map(a), *answer = NULL;
    TRY(warehouses_connect(server->warehouses, warehouse, &fd, err));
    val_set_str(a, request, "op", "cancel");
    val_set_str(a, request, "id", id);
    TRY(frame_write(fd, a, request, err));
    return frame_read(fd, a, &answer, err);
}

static bool is_cancelled(Server *server, const char *id)
{
    int64_t cancelled = 0;
    db_auto *db = NULL;
    return store_borrow(server->store, &db, NULL) == ST_OK && db_get_int(db, &cancelled, NULL, "SELECT cancelled FROM redshift_statement WHERE id=?", "s", id) == ST_OK && cancelled;
}

static Status part_started(Job *job, const char *part, Error *err)
{
    {
        db_auto *db = NULL;
        TRY(store_borrow(job->server->store, &db, err));
        TRY(db_exec(db, err, "UPDATE redshift_statement SET status='STARTED', updated_ms=? WHERE id IN (?, ?) AND status IN ('SUBMITTED','PICKED')", "iss", clock_ms(), part, job->id));
    }
    /* A cancel that came before there was anything to interrupt. */
    return is_cancelled(job->server, job->id) ? send_cancel(job->server, job->warehouse, part, err) : ST_OK;
}

/* What the parts say of the whole: sums, and its end. */
static Status batch_ended(Job *job, const Val *done, Error *err)
{
    bool failed = val_bool(done, "failed", false);
    db_auto *db = NULL;
    TRY(store_borrow(job->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE redshift_statement SET status=?, error=?, updated_ms=? WHERE parent=? AND status NOT IN ('FINISHED','FAILED','ABORTED')", "ssis",
                failed ? "ABORTED" : "FINISHED", failed ? "ERROR: the transaction was rolled back" : NULL, clock_ms(), job->id));
    TRY(db_exec(db, err,
                "UPDATE redshift_statement AS b SET rows=p.rows, bytes=p.bytes, duration_ns=p.duration, query=p.query, pid=p.pid, has_result=p.has_result FROM "
                "(SELECT max(rows) AS rows, sum(bytes) AS bytes, sum(duration_ns) AS duration, max(query) AS query, max(pid) AS pid, max(has_result) AS has_result "
                "FROM redshift_statement WHERE parent=?) AS p WHERE b.id=? AND p.rows IS NOT NULL", "ss", job->id, job->id));
    TRY(db_exec(db, err, "UPDATE redshift_statement SET status=CASE WHEN ? AND cancelled THEN 'ABORTED' WHEN ? THEN 'FAILED' ELSE 'FINISHED' END, error=?, updated_ms=? "
                         "WHERE id=? AND status NOT IN ('FINISHED','FAILED','ABORTED')", "iisis", (int64_t)failed, (int64_t)failed, val_str(done, "error"), clock_ms(), job->id));
    return db_commit(db, err);
}

static Status job_talk(Job *job, Arena *a, Error *err)
{
    fd_auto fd = -1;
    Val *request = NULL;
    if (!val_from_json(a, job->request, strlen(job->request), &request))
        return FAIL(err, ST_INTERNAL, "a request that is no JSON");
    TRY(warehouses_connect(job->server->warehouses, job->warehouse, &fd, err));
    TRY(set_status(job->server, job->id, "PICKED", NULL, err));
    TRY(frame_write(fd, a, request, err));
    for (;;) {
        arena_auto *event_arena = arena_new();
        Val *event = NULL;
        TRY(frame_read(fd, event_arena, &event, err));
        if (str_eq(val_str(event, "event"), "done"))
            return batch_ended(job, event, err);
        TRY(str_eq(val_str(event, "event"), "ended") ? part_ended(job->server, event, err) : part_started(job, val_str(event, "id"), err));
    }
}

static void session_free(Job *job)
{
    db_auto *db = NULL;
    if (job->session && store_borrow(job->server->store, &db, NULL) == ST_OK)
        db_exec(db, NULL, "UPDATE redshift_session SET running=NULL, used_ms=? WHERE id=? AND running=?", "iss", clock_ms(), job->session, job->id);
}

static void *job_thread(void *arg)
{
    Job *job = arg;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    if (job_talk(job, a, &err) != ST_OK)
        set_status(job->server, job->id, is_cancelled(job->server, job->id) ? "ABORTED" : "FAILED",
                   str_eq(err.code, "CLOSED") ? "ERROR: the connection to the cluster was closed while the statement ran" : arena_printf(a, "ERROR: %s", err.message), NULL);
    session_free(job);
    job_free(job);
    return NULL;
}

static Status job_start(Server *server, const char *id, const char *warehouse, const char *session, const char *request, Error *err)
{
    Job *job = calloc(1, sizeof *job);
    pthread_t thread;
    if (!job)
        abort();
    *job = (Job){ .server = server, .id = strdup(id), .warehouse = strdup(warehouse), .request = strdup(request), .session = session ? strdup(session) : NULL };
    if (pthread_create(&thread, NULL, job_thread, job) != 0) {
        job_free(job);
        return FAIL(err, ST_IO, "start a thread");
    }
    pthread_detach(thread);
    return ST_OK;
}

/* --- sessions --- */

static Status session_use(Call *call, Db *db, const char *id, const char *session, Target *target, Error *err)
{
    Arena *a = call->arena;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT warehouse, cluster, database, db_user, running, used_ms, keep_s FROM redshift_session WHERE id=? AND region=?", "ss", session, call->region));
    if (!row_next(row) || row_int(row, 5) + row_int(row, 6) * 1000 < clock_ms()) {
        TRY(row_status(row, err));
        return redshiftdata_invalid(err, "Session is not available: %s", session);
    }
    if (!row_null(row, 4))
        return redshiftdata_invalid(err, "Session is busy: %s", session);
    *target = (Target){ .warehouse = row_str_in(row, a, 0), .name = row_str_in(row, a, 1), .database = row_str_in(row, a, 2), .user = row_str_in(row, a, 3) };
    row_done(row);
    row = NULL;
    Resource cluster;
    TRY(resource_find(db, a, call->region, RESOURCE_CLUSTER, target->name, &cluster, err));
    if (!cluster.body || !str_eq(val_str(cluster.body, "_warehouse"), target->warehouse) || !str_eq(val_str(cluster.body, "ClusterStatus"), "available"))
        return redshiftdata_invalid(err, "Session is not available: %s", session);
    target->cluster = cluster.body;
    return db_exec(db, err, "UPDATE redshift_session SET running=?, used_ms=?, keep_s=coalesce(nullif(?, 0), keep_s) WHERE id=?", "siis", id, clock_ms(),
                   val_int(call->input, "SessionKeepAliveSeconds", 0), session);
}

static Status session_new(Call *call, Db *db, const char *id, const char *session, const Target *target, Error *err)
{
    return db_exec(db, err, "INSERT INTO redshift_session(id, region, cluster, warehouse, database, db_user, keep_s, running, created_ms, used_ms) VALUES(?,?,?,?,?,?,?,?,?,?)",
                   "ssssssisii", session, call->region, target->name, target->warehouse, target->database, target->user,
                   val_int(call->input, "SessionKeepAliveSeconds", 0), id, clock_ms(), clock_ms());
}

/* --- the request to the warehouse --- */

static bool names_role(const Val *statements)
{
    for (size_t i = 0; i < val_len(statements); i++) {
        const char *sql = val_str(val_at(statements, i), "sql");
        if (strcasestr(sql, "iam_role"))
            return true;
    }
    return false;
}

/* Keys for the cluster's roles, for COPY and UNLOAD. */
static void role_keys(Call *call, const Target *target, Val *keys)
{
    Arena *a = call->arena;
    const Val *roles = val_get(target->cluster, "IamRoles");
    for (size_t i = 0; i < val_len(roles); i++) {
        const char *arn = val_str(val_at(roles, i), "IamRoleArn");
        CredentialsRequest request = { .role_arn = arn, .session_name = "redshift", .duration_s = ROLE_KEYS_S };
        Credential credential;
        if (credentials_issue(call->server->credentials, a, &request, &credential, NULL) != ST_OK)
            continue; /* an ARN that is none: the statement that names it is refused */
        Val *key = val_map(a);
        val_set_str(a, key, "access_key", credential.principal.access_key);
        val_set_str(a, key, "secret_key", credential.secret_key);
        val_set_str(a, key, "token", credential.token);
        val_set(a, keys, arn, key);
    }
}

static char *warehouse_request(Call *call, const Target *target, Val *statements, const char *mode, const char *session, bool keep)
{
    Arena *a = call->arena;
    Val *request = val_map(a), *cluster = val_map(a), *lake = val_map(a), *keys = val_map(a);
    if (names_role(statements))
        role_keys(call, target, keys);
    val_set_str(a, lake, "endpoint", call->server->endpoint);
    val_set_str(a, lake, "region", call->region);
    val_set(a, lake, "keys", keys);
    val_set_str(a, cluster, "default_role", val_str(target->cluster, "DefaultIamRoleArn"));
    val_set_str(a, request, "op", "run");
    val_set(a, request, "statements", statements);
    val_set(a, request, "parameters", (Val *)val_get(call->input, "Parameters"));
    val_set_str(a, request, "mode", mode);
    val_set_str(a, request, "session", session);
    val_set_bool(a, request, "keep", keep);
    val_set_str(a, request, "database", target->database);
    val_set_str(a, request, "user", target->user);
    val_set(a, request, "cluster", cluster);
    val_set(a, request, "lake", lake);
    return val_to_json(a, request);
}

/* --- rows --- */

typedef struct NewStatement {
    const char *id, *parent, *sql, *session, *error;
    const Target *target;
} NewStatement;

static Status insert(Call *call, Db *db, const NewStatement *n, Error *err)
{
    const char *token = n->parent ? NULL : val_str(call->input, "ClientToken");
    return db_exec(db, err,
                   "INSERT INTO redshift_statement(id, parent, region, cluster, warehouse, sql, request, name, token, session, database, db_user, status, error, created_ms, updated_ms, principal) "
                   "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   "ssssssssssssssiis", n->id, n->parent, call->region, n->target->name, n->target->warehouse, n->sql, n->parent ? "{}" : val_to_json(call->arena, call->input),
                   val_str(call->input, "StatementName"), token, n->session, n->target->database, n->target->user, n->error ? "FAILED" : "SUBMITTED", n->error, clock_ms(), clock_ms(), call->principal ? call->principal->arn : NULL);
}

static void answer(Call *call, const char *id, const Target *target, const char *session)
{
    Arena *a = call->arena;
    val_set_str(a, call->output, "Id", id);
    val_set_time(a, call->output, "CreatedAt", clock_ms() / 1000 * 1000);
    val_set_str(a, call->output, target->workgroup ? "WorkgroupName" : "ClusterIdentifier", target->name);
    val_set_str(a, call->output, "Database", target->database);
    if (!target->workgroup)
        val_set_str(a, call->output, "DbUser", target->user);
    val_set_str(a, call->output, "SecretArn", val_str(call->input, "SecretArn"));
    val_set_str(a, call->output, "SessionId", session);
}

/* The same ClientToken again is the same statement. */
static Status find_token(Call *call, Db *db, bool *ret_found, Error *err)
{
    const char *token = val_str(call->input, "ClientToken");
    *ret_found = false;
    if (!token)
        return ST_OK;
    row_auto *row = NULL;
    TRY(db_query(db, &row, err, "SELECT id, cluster, database, db_user, session FROM redshift_statement WHERE region=? AND token=?", "ss", call->region, token));
    if (row_next(row)) {
        Target target = { .name = row_str_in(row, call->arena, 1), .database = row_str_in(row, call->arena, 2), .user = row_str_in(row, call->arena, 3) };
        answer(call, row_str_in(row, call->arena, 0), &target, row_str_in(row, call->arena, 4));
        *ret_found = true;
    }
    return row_status(row, err);
}

static Status check_active(Call *call, Db *db, Error *err)
{
    int64_t active = 0;
    TRY(db_get_int(db, &active, err, "SELECT count(*) FROM redshift_statement WHERE region=? AND parent IS NULL AND status IN ('SUBMITTED','PICKED','STARTED')", "s", call->region));
    return active < ACTIVE_MAX ? ST_OK
                               : FAIL_CODE(err, ST_LIMIT, "ActiveStatementsExceededException", "Number of active statements exceeds the allowed limit of %d", ACTIVE_MAX);
}

/* `sqls` NULL: the one statement Sql. */
static Status execute(Call *call, const Val *sqls, const char *mode, Error *err)
{
    Arena *a = call->arena;
    const char *id = random_uuid(a), *session = val_str(call->input, "SessionId"), *json = NULL;
    bool found = false, keep = val_int(call->input, "SessionKeepAliveSeconds", 0) > 0, given = session != NULL;
    Target target;
    Val *statements = val_list(a);
    TRY(check_parameters(val_get(call->input, "Parameters"), err));
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(find_token(call, db, &found, err));
    if (found)
        return ST_OK;
    TRY(check_active(call, db, err));
    if (given && (val_str(call->input, "ClusterIdentifier") || val_str(call->input, "WorkgroupName") || val_str(call->input, "Database") || val_str(call->input, "DbUser")))
        return redshiftdata_invalid(err, "SessionId can't be given together with ClusterIdentifier, WorkgroupName, Database or DbUser");
    TRY(given ? session_use(call, db, id, session, &target, err) : redshiftdata_target(call, db, &target, err));
    if (!given && keep) {
        session = random_uuid(a);
        TRY(session_new(call, db, id, session, &target, err));
    }
    bool known = str_eq(target.database, val_str(target.cluster, "DBName"));
    const char *error = known ? NULL : arena_printf(a, "FATAL: database \"%s\" does not exist", target.database);
    TRY(insert(call, db, &(NewStatement){ id, NULL, sqls ? "" : val_str(call->input, "Sql"), session, error, &target }, err));
    for (size_t i = 0; i < (sqls ? val_len(sqls) : 1); i++) {
        const char *part = sqls ? arena_printf(a, "%s:%zu", id, i + 1) : id, *sql = sqls ? val_at(sqls, i)->s : val_str(call->input, "Sql");
        Val *statement = val_map(a);
        val_set_str(a, statement, "id", part);
        val_set_str(a, statement, "sql", sql);
        val_push(a, statements, statement);
        if (sqls)
            TRY(insert(call, db, &(NewStatement){ part, id, sql, NULL, error, &target }, err));
    }
    TRY(db_commit(db, err));
    db_return(db);
    db = NULL;
    /* Roles' keys are rows too: not inside the transaction. */
    json = warehouse_request(call, &target, statements, mode, session, keep);
    if (known)
        TRY(job_start(call->server, id, target.warehouse, session, json, err));
    answer(call, id, &target, session);
    redshiftdata_wait(call, id);
    return ST_OK;
}

Status redshiftdata_execute_statement(Call *call, Error *err)
{
    TRY(check_sql(val_str(call->input, "Sql"), err));
    return execute(call, NULL, "STATEMENT", err);
}

Status redshiftdata_batch_execute_statement(Call *call, Error *err)
{
    const Val *sqls = val_get(call->input, "Sqls");
    for (size_t i = 0; i < val_len(sqls); i++)
        TRY(check_sql(val_at(sqls, i)->s, err));
    const char *mode = val_str(call->input, "ExecutionMode");
    return execute(call, sqls, mode ? mode : "TRANSACTION", err);
}

void redshiftdata_wait(Call *call, const char *id)
{
    int64_t until = clock_monotonic_ms() + val_int(call->input, "WaitTimeSeconds", 0) * 1000;
    while (clock_monotonic_ms() < until) {
        arena_auto *a = arena_new();
        char *status = NULL;
        {
            db_auto *db = NULL;
            if (store_borrow(call->server->store, &db, NULL) != ST_OK ||
                db_get_str(db, a, &status, NULL, "SELECT status FROM redshift_statement WHERE id=?", "s", id) != ST_OK || redshiftdata_over(status))
                return;
        }
        nanosleep(&(struct timespec){ .tv_nsec = WAIT_STEP_MS * 1000000 }, NULL);
    }
}

/* --- cancel --- */

static Status mark_cancelled(Call *call, const char *id, StrList *ret_parts, char **ret_warehouse, Error *err)
{
    Arena *a = call->arena;
    char *status = NULL;
    db_auto *db = NULL;
    TRY(store_borrow(call->server->store, &db, err));
    TRY(db_begin(db, err));
    Status found = db_get_str(db, a, &status, err, "SELECT status FROM redshift_statement WHERE id=? AND region=?", "ss", id, call->region);
    if (found == ST_NOT_FOUND)
        return redshiftdata_no_statement(err);
    TRY(found);
    if (redshiftdata_over(status))
        return redshiftdata_invalid(err, "Could not cancel a query that is already in %s state with ID: %s", status, id);
    TRY(db_get_str(db, a, ret_warehouse, err, "SELECT warehouse FROM redshift_statement WHERE id=?", "s", id));
    TRY(db_exec(db, err, "UPDATE redshift_statement SET cancelled=1 WHERE id=? OR parent=?", "ss", id, id));
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT id FROM redshift_statement WHERE id=? OR parent=?", "ss", id, id));
        while (row_next(row))
            vec_push(a, ret_parts, row_str_in(row, a, 0));
        TRY(row_status(row, err));
    }
    return db_commit(db, err);
}

Status redshiftdata_cancel_statement(Call *call, Error *err)
{
    const char *id = val_str(call->input, "Id");
    StrList parts = { 0 };
    char *warehouse = NULL;
    TRY(redshiftdata_check_id(id, err));
    TRY(mark_cancelled(call, id, &parts, &warehouse, err));
    for (size_t i = 0; i < parts.len; i++)
        TRY(send_cancel(call->server, warehouse, parts.at[i], err));
    val_set_bool(call->arena, call->output, "Status", true);
    return ST_OK;
}

/* --- starting and sweeping --- */

Status redshiftdata_start(Server *server, Error *err)
{
    redshiftdata_tell(server);
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_exec(db, err, "DELETE FROM redshift_session", ""));
    return db_exec(db, err, "UPDATE redshift_statement SET status=CASE WHEN cancelled THEN 'ABORTED' ELSE 'FAILED' END, updated_ms=?, "
                            "error='ERROR: the server ended while the statement ran: what it did was rolled back' WHERE status IN ('SUBMITTED','PICKED','STARTED')", "i", clock_ms());
}

static Status close_session(Server *server, const char *warehouse, const char *session, Error *err)
{
    arena_auto *a = arena_new();
    fd_auto fd = -1;
    Val *request = val_map(a), *answer_value = NULL;
    TRY(warehouses_connect(server->warehouses, warehouse, &fd, err));
    val_set_str(a, request, "op", "close");
    val_set_str(a, request, "session", session);
    TRY(frame_write(fd, a, request, err));
    return frame_read(fd, a, &answer_value, err);
}

static Status sweep_results(Server *server, Db *db, Arena *a, Error *err)
{
    StrList ids = { 0 }, warehouses = { 0 };
    int64_t before = clock_ms() - RESULT_DAY_MS;
    {
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT id, warehouse FROM redshift_statement WHERE updated_ms<? AND has_result=1 AND status='FINISHED'", "i", before));
        while (row_next(row)) {
            vec_push(a, &ids, row_str_in(row, a, 0));
            vec_push(a, &warehouses, row_str_in(row, a, 1));
        }
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < ids.len; i++)
        unlink(arena_printf(a, "%s/results/%s", warehouses_folder(server->warehouses, a, warehouses.at[i]), ids.at[i]));
    return db_exec(db, err, "DELETE FROM redshift_statement WHERE updated_ms<?", "i", before);
}

Status redshiftdata_sweep(Server *server, Error *err)
{
    arena_auto *a = arena_new();
    StrList sessions = { 0 }, warehouses = { 0 };
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(sweep_results(server, db, a, err));
        row_auto *row = NULL;
        TRY(db_query(db, &row, err, "SELECT id, warehouse FROM redshift_session WHERE running IS NULL AND used_ms + keep_s*1000 < ?", "i", clock_ms()));
        while (row_next(row)) {
            vec_push(a, &sessions, row_str_in(row, a, 0));
            vec_push(a, &warehouses, row_str_in(row, a, 1));
        }
        TRY(row_status(row, err));
    }
    for (size_t i = 0; i < sessions.len; i++) {
        {
            db_auto *db = NULL;
            TRY(store_borrow(server->store, &db, err));
            TRY(db_exec(db, err, "DELETE FROM redshift_session WHERE id=? AND running IS NULL", "s", sessions.at[i]));
        }
        TRY(close_session(server, warehouses.at[i], sessions.at[i], err));
    }
    return ST_OK;
}
