/* yarn/store.c -- the operations of yarn.h on the store. */
#include "base/clock.h"
#include "base/str.h"
#include "yarn/private.h"

enum { SILENCE_MS = 600 * 1000, NAME_MAX_BYTES = 1024, TEXT_MAX_BYTES = 64 * 1024 }; /* yarn.am.liveness-monitor.expiry-interval-ms */

static const char columns[] = "id, name, type, state, final_state, progress, started_ms, ended_ms, diagnostics, cluster, step";

static Val *application_of(Arena *a, Row *row)
{
    static const char *const names[] = { "id", "name", "type", "state", "finalState" };
    Val *v = val_map(a);
    for (int i = 0; i < 5; i++)
        val_set_str(a, v, names[i], row_str(row, i));
    val_set_str(a, v, "user", "hadoop");
    val_set_str(a, v, "queue", "default");
    val_set(a, v, "progress", val_doublev(a, row_double(row, 5)));
    val_set_int(a, v, "startTime", row_int(row, 6));
    val_set_int(a, v, "finishTime", row_int(row, 7));
    val_set_str(a, v, "diagnostics", row_str(row, 8));
    val_set_str(a, v, "cluster", row_str(row, 9));
    val_set_str(a, v, "step", row_str(row, 10));
    return v;
}

/* Those that ended without a word. */
static Status settle(YarnCall *c, Error *err)
{
    int64_t now = clock_ms();
    return db_exec(c->db, err,
                   "UPDATE yarn_application AS y SET progress=1,"
                   " ended_ms=coalesce((SELECT s.ended_ms FROM emr_step s WHERE s.id=y.step), y.seen_ms),"
                   " (state, final_state, diagnostics)=(SELECT CASE WHEN k THEN 'KILLED' ELSE 'FAILED' END,"
                   "  CASE WHEN k THEN 'KILLED' ELSE 'FAILED' END, CASE WHEN k THEN 'Application killed by user.'"
                   "  ELSE 'Application ' || y.id || ' ended without a final status' END"
                   "  FROM (SELECT y.kill OR EXISTS(SELECT 1 FROM emr_step s WHERE s.id=y.step AND s.state='CANCELLED') AS k))"
                   " WHERE ended_ms IS NULL AND (seen_ms < ? OR EXISTS(SELECT 1 FROM emr_step s WHERE s.id=y.step AND s.ended_ms IS NOT NULL)"
                   " OR EXISTS(SELECT 1 FROM emr_cluster k WHERE k.id=y.cluster AND k.ended_ms IS NOT NULL))", "i", now - SILENCE_MS);
}

static Status fail_unknown(const YarnCall *c, Error *err)
{
    const char *id = val_str(c->request, "id");
    return FAIL_CODE(err, ST_NOT_FOUND, "ApplicationNotFoundException", "Application with id '%s' doesn't exist in RM.", id ? id : "");
}

Status yarn_application(YarnCall *c, Val **ret_application, Error *err)
{
    row_auto *row = NULL;
    TRY(db_query(c->db, &row, err, arena_printf(c->arena, "SELECT %s FROM yarn_application WHERE id=? AND cluster=coalesce(?, cluster)", columns),
                 "ss", val_str(c->request, "id"), c->cluster));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return fail_unknown(c, err);
    }
    *ret_application = application_of(c->arena, row);
    return ST_OK;
}

/* --- from an application --- */

static Status submit(YarnCall *c, Error *err)
{
    const char *type = val_str(c->request, "type"), *name = val_str(c->request, "name");
    if ((!str_eq(type, "SPARK") && !str_eq(type, "MAPREDUCE")) || !name || !c->cluster || strlen(name) > NAME_MAX_BYTES)
        return FAIL(err, ST_INVALID, "an application has a type (SPARK, MAPREDUCE), a cluster and a name of at most %d bytes", NAME_MAX_BYTES);
    TRY(db_begin(c->db, err));
    TRY(db_exec(c->db, err,
                "INSERT OR IGNORE INTO yarn_cluster(cluster, started_ms, last)"
                " SELECT id, max(created_ms, coalesce((SELECT max(started_ms) + 1 FROM yarn_cluster), 0)), 0 FROM emr_cluster WHERE id=?", "s",
                c->cluster));
    TRY(db_exec(c->db, err, "UPDATE yarn_cluster SET last=last+1 WHERE cluster=?", "s", c->cluster));
    if (!db_changes(c->db))
        return FAIL(err, ST_NOT_FOUND, "there is no cluster %s", c->cluster);
    char *id = NULL;
    TRY(db_get_str(c->db, c->arena, &id, err, "SELECT printf('application_%lld_%04lld', started_ms, last) FROM yarn_cluster WHERE cluster=?", "s",
                   c->cluster));
    int64_t now = clock_ms();
    TRY(db_exec(c->db, err,
                "INSERT INTO yarn_application(id, cluster, step, name, type, state, final_state, started_ms, seen_ms)"
                " VALUES(?,?,?,?,?,'RUNNING','UNDEFINED',?,?)", "sssssii", id, c->cluster, c->step, name, type, now, now));
    TRY(db_commit(c->db, err));
    val_set_str(c->arena, c->answer, "id", id);
    return ST_OK;
}

static Status read_bytes(YarnCall *c, Error *err)
{
    return db_exec(c->db, err,
                   "UPDATE yarn_application SET s3_read=max(s3_read, ?), hdfs_read=max(hdfs_read, ?) WHERE id=? AND step IS ? AND ended_ms IS NULL",
                   "iiss", val_int(c->request, "s3BytesRead", 0), val_int(c->request, "hdfsBytesRead", 0), val_str(c->request, "id"), c->step);
}

static Status heartbeat(YarnCall *c, Error *err)
{
    double progress = val_double(c->request, "progress", 0);
    TRY(read_bytes(c, err));
    TRY(db_exec(c->db, err, "UPDATE yarn_application SET seen_ms=?, progress=? WHERE id=? AND step IS ? AND ended_ms IS NULL", "idss", clock_ms(),
                progress < 0 ? 0 : progress > 1 ? 1 : progress, val_str(c->request, "id"), c->step));
    int64_t kill = 0;
    TRY(db_get_int(c->db, &kill, err, "SELECT coalesce(max(kill), 0) FROM yarn_application WHERE id=? AND step IS ?", "ss",
                   val_str(c->request, "id"), c->step));
    val_set_bool(c->arena, c->answer, "kill", kill != 0);
    return ST_OK;
}

static Status finish(YarnCall *c, Error *err)
{
    bool succeeded = val_bool(c->request, "succeeded", false);
    const char *why = val_str(c->request, "diagnostics");
    if (why && strlen(why) > TEXT_MAX_BYTES)
        return FAIL(err, ST_LIMIT, "diagnostics are larger than %d bytes", TEXT_MAX_BYTES);
    TRY(read_bytes(c, err));
    return db_exec(c->db, err,
                   "UPDATE yarn_application SET ended_ms=?, progress=1,"
                   " state=iif(kill AND NOT ?2, 'KILLED', 'FINISHED'), final_state=iif(?2, 'SUCCEEDED', iif(kill, 'KILLED', 'FAILED')),"
                   " diagnostics=iif(kill AND NOT ?2, 'Application killed by user.', ?3) WHERE id=?4 AND step IS ?5 AND ended_ms IS NULL",
                   "iisss", clock_ms(), (int64_t)succeeded, why ? why : "", val_str(c->request, "id"), c->step);
}

/* --- from users --- */

static bool in_list(const Val *list, const char *text)
{
    for (size_t i = 0; i < val_len(list); i++)
        if (val_at(list, i)->kind == VAL_STR && str_ieq(val_at(list, i)->s, text))
            return true;
    return false;
}

static Status list(YarnCall *c, Error *err)
{
    const Val *states = val_get(c->request, "states"), *types = val_get(c->request, "types");
    bool all = in_list(states, "ALL");
    row_auto *row = NULL;
    TRY(settle(c, err));
    TRY(db_query(c->db, &row, err,
                 arena_printf(c->arena, "SELECT %s FROM yarn_application WHERE cluster=coalesce(?, cluster) ORDER BY seq", columns), "s", c->cluster));
    Val *applications = val_list(c->arena);
    while (row_next(row)) {
        const char *type = row_str(row, 2), *state = row_str(row, 3);
        if ((all || (val_len(states) ? in_list(states, state) : str_eq(state, "RUNNING"))) && (!val_len(types) || in_list(types, type)))
            val_push(c->arena, applications, application_of(c->arena, row));
    }
    val_set(c->arena, c->answer, "applications", applications);
    return row_status(row, err);
}

static Status get(YarnCall *c, Error *err)
{
    TRY(settle(c, err));
    return yarn_application(c, &c->answer, err);
}

static Status kill_application(YarnCall *c, Error *err)
{
    TRY(settle(c, err));
    TRY(db_exec(c->db, err, "UPDATE yarn_application SET kill=1 WHERE id=? AND cluster=coalesce(?, cluster) AND ended_ms IS NULL", "ss",
                val_str(c->request, "id"), c->cluster));
    return yarn_application(c, &c->answer, err);
}

/* Node managers run on core and task instances, and on a master that is alone. Containers are counted on the first node. */
static Status nodes(YarnCall *c, Error *err)
{
    const Val *states = val_get(c->request, "states");
    row_auto *row = NULL;
    TRY(settle(c, err));
    TRY(db_query(c->db, &row, err,
                 "SELECT i.ec2_id, CASE WHEN i.ended_ms IS NOT NULL THEN 'DECOMMISSIONED' WHEN i.ready_ms IS NULL THEN 'NEW' ELSE 'RUNNING' END,"
                 " i.cluster, (SELECT count(*) FROM yarn_application y WHERE y.cluster=i.cluster AND y.ended_ms IS NULL)"
                 " FROM emr_instance i JOIN emr_group g ON g.id=i.grp WHERE i.cluster=coalesce(?1, i.cluster) AND (g.role<>'MASTER' OR"
                 " NOT EXISTS(SELECT 1 FROM emr_group o JOIN emr_instance x ON x.grp=o.id WHERE o.cluster=i.cluster AND o.role<>'MASTER'))"
                 " ORDER BY i.cluster, i.seq", "s", c->cluster));
    Val *found = val_list(c->arena);
    const char *before = "";
    while (row_next(row)) {
        const char *state = row_str(row, 1);
        if (!in_list(states, "ALL") && !(val_len(states) ? in_list(states, state) : str_eq(state, "RUNNING")))
            continue;
        Val *node = val_map(c->arena);
        val_set_str(c->arena, node, "id", arena_printf(c->arena, "%s:8041", row_str(row, 0)));
        val_set_str(c->arena, node, "state", state);
        val_set_int(c->arena, node, "containers", str_eq(row_str(row, 2), before) ? 0 : row_int(row, 3));
        before = row_str_in(row, c->arena, 2);
        val_push(c->arena, found, node);
    }
    val_set(c->arena, c->answer, "nodes", found);
    return row_status(row, err);
}

/* --- one call --- */

static const struct {
    const char *name;
    Status (*run)(YarnCall *c, Error *err);
} operations[] = {
    { "submit", submit }, { "heartbeat", heartbeat }, { "finish", finish }, { "list", list },      { "get", get },
    { "kill", kill_application },     { "nodes", nodes },         { "logs", yarn_logs }, { "log", yarn_log },
};

/* A run's credentials decide which cluster and step it is; else the request says so. */
static Status scope(YarnCall *c, const char *run, Error *err)
{
    c->cluster = val_str(c->request, "cluster");
    c->step = val_str(c->request, "step");
    if (!run)
        return ST_OK;
    char *cluster = NULL;
    Status status = db_get_str(c->db, c->arena, &cluster, err, "SELECT cluster FROM emr_step WHERE id=?1 UNION SELECT cluster FROM emr_bootstrap WHERE id=?1",
                               "s", run);
    if (status == ST_NOT_FOUND)
        return FAIL_CODE(err, ST_DENIED, "AccessDeniedException", "run %s is of no cluster", run);
    c->cluster = cluster;
    c->step = run;
    return status;
}

Status yarn_store_call(Store *store, const char *home, Arena *a, const char *run, const char *operation, const Val *request, Val **ret_answer,
                       Error *err)
{
    db_auto *db = NULL;
    YarnCall call = { .arena = a, .home = home, .request = request, .answer = val_map(a) };
    TRY(store_borrow(store, &db, err));
    call.db = db;
    TRY(scope(&call, run, err));
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (str_eq(operations[i].name, operation)) {
            TRY(operations[i].run(&call, err));
            *ret_answer = call.answer;
            return ST_OK;
        }
    return FAIL(err, ST_UNSUPPORTED, "no such operation of YARN: %s", operation);
}
