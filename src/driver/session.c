/* driver/session.c -- see session.h. Lock order: all sessions, one session, one execution. */
#include "driver/session.h"

#include "driver/driver.h"
#include "driver/errors.h"
#include "driver/udf_pool.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { CLOSED_KEPT = 1000 }; /* spark.connect.session.manager.closedSessionsTombstonesSize */

struct Sessions {
    Driver *driver;
    const Conf *defaults;
    char *artifact_root;
    pthread_mutex_t lock; /* guards what follows */
    Session **at;         /* references */
    size_t len, cap;
    char *closed[CLOSED_KEPT]; /* a ring: user/id of sessions that may not come back */
    size_t next_closed;
    bool stopping; /* no session any more */
};

static char *heap_text(const char *text)
{
    char *copy = strdup(text ? text : "");
    if (!copy)
        abort();
    return copy;
}

static void *grown(void *at, size_t len, size_t *cap, size_t item_bytes)
{
    if (len < *cap)
        return at;
    *cap = *cap ? *cap * 2 : 8;
    at = reallocarray(at, *cap, item_bytes);
    if (!at)
        abort();
    return at;
}

KeptPlan *kept_plan_new(Arena *arena, Node *plan)
{
    KeptPlan *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    atomic_init(&p->refs, 1);
    p->arena = arena;
    p->plan = plan;
    return p;
}

void kept_plan_unref(KeptPlan *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    arena_free(p->arena);
    free(p);
}

static void kept_plan_release(void *p)
{
    kept_plan_unref(p);
}

Node *kept_plan_use(KeptPlan *p, Arena *a)
{
    atomic_fetch_add(&p->refs, 1);
    arena_defer(a, kept_plan_release, p);
    return p->plan;
}

static size_t entries_place(const Entries *e, const char *name)
{
    size_t i = 0;
    while (i < e->len && !str_ieq(e->at[i].name, name))
        i++;
    return i;
}

KeptPlan *entries_find(const Entries *e, const char *name)
{
    size_t i = entries_place(e, name);
    return i < e->len ? e->at[i].plan : NULL;
}

void entries_set(Entries *e, const char *name, KeptPlan *plan)
{
    size_t i = entries_place(e, name);
    if (i < e->len) {
        kept_plan_unref(e->at[i].plan);
        e->at[i].plan = plan;
        return;
    }
    e->at = grown(e->at, e->len, &e->cap, sizeof *e->at);
    e->at[e->len++] = (Entry){ heap_text(name), plan };
}

bool entries_remove(Entries *e, const char *name)
{
    size_t i = entries_place(e, name);
    if (i == e->len)
        return false;
    free(e->at[i].name);
    kept_plan_unref(e->at[i].plan);
    memmove(e->at + i, e->at + i + 1, (e->len - i - 1) * sizeof *e->at);
    e->len--;
    return true;
}

void entries_done(Entries *e)
{
    while (e->len) {
        e->len--;
        free(e->at[e->len].name);
        kept_plan_unref(e->at[e->len].plan);
    }
    free(e->at);
}

static void entries_copy(Entries *to, const Entries *from)
{
    for (size_t i = 0; i < from->len; i++) {
        atomic_fetch_add(&from->at[i].plan->refs, 1);
        entries_set(to, from->at[i].name, from->at[i].plan);
    }
}

static void persisted_done(Persisted *p)
{
    free(p->plan);
    free(p->files);
    kept_plan_unref(p->table);
}

static Session *session_new(Sessions *all, const char *user, const char *id)
{
    Session *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->driver = all->driver;
    atomic_init(&s->refs, 1);
    s->id = heap_text(id);
    s->user = heap_text(user);
    uuid_new(s->server_id);
    size_t n = strlen(all->artifact_root) + UUID_TEXT_BYTES + 2;
    s->artifact_dir = malloc(n);
    if (!s->artifact_dir)
        abort();
    snprintf(s->artifact_dir, n, "%s/%s", all->artifact_root, s->server_id);
    pthread_mutex_init(&s->lock, NULL);
    s->conf = conf_new(all->defaults);
    s->catalog = heap_text("spark_catalog");
    s->database = heap_text("default");
    s->used_at_ms = clock_monotonic_ms();
    return s;
}

Session *session_ref(Session *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void session_unref(Session *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    udf_pool_forget(driver_udf_pool(s->driver), s->server_id);
    tree_remove(s->artifact_dir, NULL);
    conf_free(s->conf);
    entries_done(&s->views);
    entries_done(&s->functions);
    entries_done(&s->data_sources);
    entries_done(&s->variables);
    entries_done(&s->cached);
    for (size_t i = 0; i < s->nexecutions; i++)
        execution_unref(s->executions[i]);
    free(s->executions);
    for (size_t i = 0; i < SESSION_ERRORS; i++)
        if (s->errors[i]) {
            free(s->errors[i]->query);
            free(s->errors[i]);
        }
    for (size_t i = 0; i < s->npersisted; i++)
        persisted_done(&s->persisted[i]);
    free(s->persisted);
    free(s->catalog);
    free(s->database);
    free(s->artifact_dir);
    free(s->id);
    free(s->user);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void session_lock(Session *s)
{
    pthread_mutex_lock(&s->lock);
}

void session_unlock(Session *s)
{
    pthread_mutex_unlock(&s->lock);
}

const char *session_conf(Session *s, Arena *a, const char *key)
{
    session_lock(s);
    const char *value = arena_str(a, conf_get(s->conf, key));
    session_unlock(s);
    return value;
}

static Status handle_error(Status status, const char *code, const char *handle, const char *why, Error *err)
{
    FAIL_CODE(err, status, code, "The handle %s is invalid. %s", handle, why);
    if (err)
        memcpy(err->sqlstate, "HY000", 6);
    error_param(err, "handle", handle);
    return status;
}

Status session_add_execution(Session *s, Execution *x, Error *err)
{
    session_lock(s);
    bool exists = false;
    for (size_t i = 0; i < s->nexecutions && !exists; i++)
        exists = strcmp(execution_id(s->executions[i]), execution_id(x)) == 0;
    bool closed = s->closed;
    if (!exists && !closed) {
        s->executions = grown(s->executions, s->nexecutions, &s->executions_cap, sizeof *s->executions);
        s->executions[s->nexecutions++] = execution_ref(x);
    }
    session_unlock(s);
    if (closed)
        return handle_error(ST_NOT_FOUND, "INVALID_HANDLE.SESSION_CLOSED", s->id, "Session was closed.", err);
    if (exists)
        return handle_error(ST_CONFLICT, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS", execution_id(x), "Operation already exists.",
                            err);
    return ST_OK;
}

Execution *session_execution(Session *s, const char *operation_id)
{
    Execution *found = NULL;
    session_lock(s);
    for (size_t i = 0; i < s->nexecutions && !found; i++)
        if (strcmp(execution_id(s->executions[i]), operation_id) == 0)
            found = execution_ref(s->executions[i]);
    session_unlock(s);
    return found;
}

void session_remove_execution(Session *s, Execution *x)
{
    bool found = false;
    session_lock(s);
    for (size_t i = 0; i < s->nexecutions && !found; i++)
        if (s->executions[i] == x) {
            s->executions[i] = s->executions[--s->nexecutions];
            found = true;
        }
    session_unlock(s);
    if (found)
        execution_unref(x);
}

void session_interrupt(Session *s, Arena *a, const char *operation_id, const char *tag, StrList *ret_ids)
{
    VEC(Execution *) hit = { 0 };
    session_lock(s);
    for (size_t i = 0; i < s->nexecutions; i++) {
        Execution *x = s->executions[i];
        if ((!operation_id || strcmp(execution_id(x), operation_id) == 0) && (!tag || execution_has_tag(x, tag)))
            vec_push(a, &hit, execution_ref(x));
    }
    session_unlock(s);
    StrList ids = { 0 };
    for (size_t i = 0; i < hit.len; i++) {
        if (!execution_is_finished(hit.at[i])) {
            vec_push(a, &ids, arena_str(a, execution_id(hit.at[i])));
            execution_interrupt(hit.at[i]);
        }
        execution_unref(hit.at[i]);
    }
    *ret_ids = ids;
}

void session_keep_error(Session *s, const Error *error, const char *query, char ret_id[static UUID_TEXT_BYTES])
{
    KeptError *kept = malloc(sizeof *kept);
    if (!kept)
        abort();
    uuid_new(kept->id);
    kept->error = *error;
    kept->query = query && strnlen(query, ERROR_QUERY_MAX_BYTES + 1) <= ERROR_QUERY_MAX_BYTES ? heap_text(query) : NULL;
    memcpy(ret_id, kept->id, UUID_TEXT_BYTES);
    session_lock(s);
    KeptError *old = s->errors[s->next_error];
    s->errors[s->next_error] = kept;
    s->next_error = (s->next_error + 1) % SESSION_ERRORS;
    session_unlock(s);
    if (old)
        free(old->query);
    free(old);
}

bool session_find_error(Session *s, Arena *a, const char *id, Error *ret_error, const char **ret_query)
{
    bool found = false;
    session_lock(s);
    for (size_t i = 0; i < SESSION_ERRORS && !found; i++)
        if (s->errors[i] && strcmp(s->errors[i]->id, id) == 0) {
            *ret_error = s->errors[i]->error;
            *ret_query = arena_str(a, s->errors[i]->query);
            found = true;
        }
    session_unlock(s);
    return found;
}

/* Under the lock. */
static size_t persisted_place(const Session *s, const char *plan)
{
    size_t i = 0;
    while (i < s->npersisted && strcmp(s->persisted[i].plan, plan) != 0)
        i++;
    return i;
}

StorageLevel session_storage(Session *s, const char *plan)
{
    session_lock(s);
    size_t i = persisted_place(s, plan);
    StorageLevel level = i < s->npersisted ? s->persisted[i].level : (StorageLevel){ 0 };
    session_unlock(s);
    return level;
}

void session_persist(Session *s, const char *plan, StorageLevel level)
{
    Persisted gone = { 0 };
    session_lock(s);
    size_t i = persisted_place(s, plan);
    if (level.replication > 0 && i == s->npersisted) {
        s->persisted = grown(s->persisted, s->npersisted, &s->persisted_cap, sizeof *s->persisted);
        s->persisted[s->npersisted++] = (Persisted){ .plan = heap_text(plan), .level = level };
    } else if (level.replication == 0 && i < s->npersisted) {
        gone = s->persisted[i];
        s->persisted[i] = s->persisted[--s->npersisted];
    }
    session_unlock(s);
    persisted_done(&gone); /* without the lock: its table is dropped */
}

void session_unpersist_all(Session *s)
{
    session_lock(s);
    Persisted *all = s->persisted;
    size_t n = s->npersisted;
    s->persisted = NULL;
    s->npersisted = s->persisted_cap = 0;
    session_unlock(s);
    for (size_t i = 0; i < n; i++)
        persisted_done(&all[i]);
    free(all);
}

bool session_has_persisted(Session *s)
{
    session_lock(s);
    bool has = s->npersisted > 0;
    session_unlock(s);
    return has;
}

bool session_persisted(Session *s, Arena *a, const char *plan, const char *files, const Node **ret_table)
{
    session_lock(s);
    size_t i = persisted_place(s, plan);
    bool found = i < s->npersisted;
    const Persisted *p = found ? &s->persisted[i] : NULL;
    *ret_table = p && p->table && strcmp(p->files, files) == 0 ? kept_plan_use(p->table, a) : NULL;
    session_unlock(s);
    return found;
}

void session_persisted_fill(Session *s, const char *plan, const char *files, KeptPlan *table)
{
    KeptPlan *old = table;
    session_lock(s);
    size_t i = persisted_place(s, plan);
    if (i < s->npersisted) {
        old = s->persisted[i].table;
        s->persisted[i].table = table;
        free(s->persisted[i].files);
        s->persisted[i].files = heap_text(files);
    }
    session_unlock(s);
    kept_plan_unref(old);
}

void session_refresh(Session *s)
{
    session_lock(s);
    for (size_t i = 0; i < s->npersisted; i++)
        if (s->persisted[i].files && *s->persisted[i].files) {
            kept_plan_unref(s->persisted[i].table);
            s->persisted[i].table = NULL;
        }
    session_unlock(s);
}

Sessions *sessions_new(Driver *driver, const Conf *defaults, const char *artifact_root)
{
    Sessions *all = calloc(1, sizeof *all);
    if (!all)
        abort();
    all->driver = driver;
    all->defaults = defaults;
    all->artifact_root = heap_text(artifact_root);
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void sessions_free(Sessions *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->len; i++)
        session_unref(all->at[i]);
    free(all->at);
    for (size_t i = 0; i < CLOSED_KEPT; i++)
        free(all->closed[i]);
    free(all->artifact_root);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

/* Under the lock of all: the place of the session, or len. */
static size_t sessions_place(const Sessions *all, const char *user, const char *id)
{
    size_t i = 0;
    while (i < all->len && (strcmp(all->at[i]->id, id) != 0 || strcmp(all->at[i]->user, user) != 0))
        i++;
    return i;
}

static bool was_closed(const Sessions *all, const char *user, const char *id)
{
    size_t user_len = strlen(user);
    for (size_t i = 0; i < CLOSED_KEPT && all->closed[i]; i++)
        if (strncmp(all->closed[i], user, user_len) == 0 && all->closed[i][user_len] == '/' &&
            strcmp(all->closed[i] + user_len + 1, id) == 0)
            return true;
    return false;
}

static Session *sessions_add(Sessions *all, Session *s)
{
    all->at = grown(all->at, all->len, &all->cap, sizeof(Session *));
    return all->at[all->len++] = s;
}

Status sessions_get(Sessions *all, const char *user, const char *id, const char *observed, Session **ret_session, Error *err)
{
    if (!uuid_valid(id))
        return handle_error(ST_INVALID, "INVALID_HANDLE.FORMAT", id ? id : "",
                            "Handle must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'", err);
    if (!user)
        user = "";
    Session *s = NULL;
    pthread_mutex_lock(&all->lock);
    size_t i = sessions_place(all, user, id);
    bool closed = all->stopping || was_closed(all, user, id), known = i < all->len;
    if (!closed && (known || !(observed && *observed))) {
        s = session_ref(known ? all->at[i] : sessions_add(all, session_new(all, user, id)));
        session_lock(s);
        s->used_at_ms = clock_monotonic_ms();
        session_unlock(s);
    }
    pthread_mutex_unlock(&all->lock);
    if (closed)
        return handle_error(ST_NOT_FOUND, "INVALID_HANDLE.SESSION_CLOSED", id, "Session was closed.", err);
    if (!s || (observed && *observed && strcmp(observed, s->server_id) != 0)) {
        session_unref(s);
        return handle_error(ST_NOT_FOUND, "INVALID_HANDLE.SESSION_CHANGED", id,
                            "The existing Spark server driver instance has restarted. Please reconnect.", err);
    }
    *ret_session = s;
    return ST_OK;
}

/* Interrupts what runs and marks it closed; the caller holds a reference. */
static void session_end(Session *s)
{
    arena_auto *a = arena_new();
    session_lock(s);
    s->closed = true;
    session_unlock(s);
    StrList ids;
    session_interrupt(s, a, NULL, NULL, &ids);
}

void sessions_close(Sessions *all, const char *user, const char *id, bool allow_reconnect)
{
    if (!user)
        user = "";
    Session *s = NULL;
    pthread_mutex_lock(&all->lock);
    size_t i = sessions_place(all, user, id);
    if (i < all->len) {
        s = all->at[i];
        all->at[i] = all->at[--all->len];
        if (!allow_reconnect) {
            size_t n = strlen(user) + strlen(id) + 2;
            char *name = malloc(n);
            if (!name)
                abort();
            snprintf(name, n, "%s/%s", user, id);
            free(all->closed[all->next_closed]);
            all->closed[all->next_closed] = name;
            all->next_closed = (all->next_closed + 1) % CLOSED_KEPT;
        }
    }
    pthread_mutex_unlock(&all->lock);
    if (s)
        session_end(s);
    session_unref(s);
}

Status sessions_clone(Sessions *all, Session *from, const char *new_id, Session **ret_session, Error *err)
{
    if (!uuid_valid(new_id))
        return handle_error(ST_INVALID, "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_FORMAT", new_id ? new_id : "",
                            "Target session ID must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'", err);
    Session *s = session_new(all, from->user, new_id);
    session_lock(from);
    conf_free(s->conf);
    s->conf = conf_copy(from->conf);
    entries_copy(&s->views, &from->views);
    entries_copy(&s->functions, &from->functions);
    entries_copy(&s->data_sources, &from->data_sources);
    entries_copy(&s->variables, &from->variables);
    entries_copy(&s->cached, &from->cached);
    free(s->catalog);
    s->catalog = heap_text(from->catalog);
    free(s->database);
    s->database = heap_text(from->database);
    session_unlock(from);
    pthread_mutex_lock(&all->lock);
    bool exists = sessions_place(all, s->user, new_id) < all->len, closed = was_closed(all, s->user, new_id);
    if (!exists && !closed)
        sessions_add(all, session_ref(s));
    pthread_mutex_unlock(&all->lock);
    if (exists || closed) {
        session_unref(s);
        return handle_error(ST_CONFLICT,
                            exists ? "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS"
                                   : "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_CLOSED",
                            new_id, exists ? "Target session already exists." : "Target session was closed.", err);
    }
    *ret_session = s;
    return ST_OK;
}

/* References to all of them. */
static size_t sessions_snapshot(Sessions *all, Arena *a, Session ***ret_sessions)
{
    pthread_mutex_lock(&all->lock);
    size_t n = all->len;
    Session **copy = ARENA_ARRAY(a, Session *, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = session_ref(all->at[i]);
    pthread_mutex_unlock(&all->lock);
    *ret_sessions = copy;
    return n;
}

void sessions_interrupt_all(Sessions *all)
{
    arena_auto *a = arena_new();
    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    pthread_mutex_unlock(&all->lock);
    Session **sessions;
    size_t n = sessions_snapshot(all, a, &sessions);
    for (size_t i = 0; i < n; i++) {
        session_end(sessions[i]);
        session_unref(sessions[i]);
    }
}

size_t sessions_progress(Sessions *all, int64_t interval_ms)
{
    arena_auto *a = arena_new();
    VEC(Execution *) running = { 0 };
    Session **sessions;
    size_t n = sessions_snapshot(all, a, &sessions), count = 0;
    for (size_t i = 0; i < n; i++) {
        session_lock(sessions[i]);
        for (size_t k = 0; k < sessions[i]->nexecutions; k++)
            vec_push(a, &running, execution_ref(sessions[i]->executions[k]));
        session_unlock(sessions[i]);
        session_unref(sessions[i]);
    }
    for (size_t i = 0; i < running.len; i++) {
        count += execution_progress(running.at[i], interval_ms);
        execution_unref(running.at[i]);
    }
    return count;
}

/* Ends executions nobody reads; true when the session itself has been idle for too long. */
static bool session_sweep(Session *s, Arena *a, int64_t execution_ms, int64_t session_ms)
{
    VEC(Execution *) old = { 0 };
    session_lock(s);
    for (size_t i = 0; i < s->nexecutions; i++)
        if (execution_detached_ms(s->executions[i]) > execution_ms)
            vec_push(a, &old, execution_ref(s->executions[i]));
    bool idle = s->nexecutions == 0 && session_ms >= 0 && clock_monotonic_ms() - s->used_at_ms > session_ms;
    session_unlock(s);
    for (size_t i = 0; i < old.len; i++) {
        execution_interrupt(old.at[i]);
        session_remove_execution(s, old.at[i]);
        execution_unref(old.at[i]);
    }
    return idle;
}

void sessions_sweep(Sessions *all, int64_t execution_ms, int64_t session_ms)
{
    arena_auto *a = arena_new();
    Session **sessions;
    size_t n = sessions_snapshot(all, a, &sessions);
    for (size_t i = 0; i < n; i++) {
        if (session_sweep(sessions[i], a, execution_ms, session_ms))
            sessions_close(all, sessions[i]->user, sessions[i]->id, false);
        session_unref(sessions[i]);
    }
}
