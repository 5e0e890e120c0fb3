/* driver/session.h -- a Spark session: configuration, temporary views, current database, functions, artifacts, executions.
 *
 * Sessions are found by user and id; they are reference-counted, and one lock guards what is marked. The lock is held for
 * look-ups only, never while a plan is bound or runs. What a look-up returns is kept alive by a reference that the caller's
 * arena releases. Source: SessionHolder, SparkConnectSessionManager. */
#ifndef WEIR_DRIVER_SESSION_H
#define WEIR_DRIVER_SESSION_H
#include "base/arena.h"
#include "base/status.h"
#include "driver/conf.h"
#include "driver/execution.h"
#include "driver/uuid.h"
#include "ir/node.h"

#include <pthread.h>

typedef struct Driver Driver;
typedef struct Session Session;
typedef struct Sessions Sessions;

/* A plan that outlives the request it came with (a view, a function, a checkpoint), in an arena of its own. */
typedef struct KeptPlan {
    atomic_uint refs;
    Arena *arena;
    Node *plan;
    const char *database; /* SQL views: the database that was current; NULL: none */
    const char *text;     /* SQL views: the text; NULL: none */
} KeptPlan;
/* Takes the arena over. */
KeptPlan *kept_plan_new(Arena *arena, Node *plan);
void kept_plan_unref(KeptPlan *p);
/* The plan for use in `a`, kept alive as long as `a`. Adds a reference. */
Node *kept_plan_use(KeptPlan *p, Arena *a);

/* A name and what a session has under it; names without case. */
typedef struct Entry {
    char *name;
    KeptPlan *plan;
} Entry;
typedef struct Entries {
    Entry *at;
    size_t len, cap;
} Entries;
/* The one with this name, or NULL; call under the session's lock. */
KeptPlan *entries_find(const Entries *e, const char *name);
/* Takes over the reference; an older one of the name is released. */
void entries_set(Entries *e, const char *name, KeptPlan *plan);
bool entries_remove(Entries *e, const char *name);
void entries_done(Entries *e);

/* df.persist(): what the client asked for, by the text of the bound plan. */
typedef struct StorageLevel {
    bool disk, memory, off_heap, deserialized;
    int replication; /* 0: not persisted */
} StorageLevel;
typedef struct Persisted {
    char *plan;      /* its meaning as text */
    StorageLevel level;
    KeptPlan *table; /* its rows: a Scan of the engine's table; NULL: not computed yet */
    char *files;     /* the state of the files that it read then */
} Persisted;

enum { SESSION_ERRORS = 64 };
typedef struct KeptError {
    char id[UUID_TEXT_BYTES];
    Error error;
    char *query; /* the SQL text that it points into; NULL: none */
} KeptError;

struct Session {
    Driver *driver;
    atomic_uint refs;
    char *id, *user;
    char server_id[UUID_TEXT_BYTES]; /* changes when the same id is made anew */
    char *artifact_dir;              /* host folder, made on first use */

    pthread_mutex_t lock; /* guards what follows */
    Conf *conf;
    Entries views;        /* temporary views */
    Entries variables;    /* DECLARE: Assignments of the value, a Literal, and the default expression */
    Entries functions;    /* registered functions: PythonUdf nodes */
    int64_t profiled;     /* functions that were profiled, so far: their numbers */
    Entries data_sources; /* registered Python data sources: PythonUdf nodes whose command is the class */
    Entries cached;       /* checkpoints and cached results: CachedRelation's key -> bound plan over the engine's table */
    Persisted *persisted;
    size_t npersisted, persisted_cap;
    char *catalog, *database;
    Execution **executions; /* references */
    size_t nexecutions, executions_cap;
    KeptError *errors[SESSION_ERRORS]; /* a ring: the last ones, for FetchErrorDetails */
    size_t next_error;
    int64_t used_at_ms; /* monotonic */
    bool closed;
};

Session *session_ref(Session *s);
void session_unref(Session *s);
void session_lock(Session *s);
void session_unlock(Session *s);

/* A copy of a setting, with defaults; NULL when there is none. */
const char *session_conf(Session *s, Arena *a, const char *key);

/* ST_CONFLICT with INVALID_HANDLE.OPERATION_ALREADY_EXISTS; ST_NOT_FOUND when the session was closed. */
Status session_add_execution(Session *s, Execution *x, Error *err);
/* A reference, or NULL. */
Execution *session_execution(Session *s, const char *operation_id);
void session_remove_execution(Session *s, Execution *x);
/* Interrupts those that run and have this id or tag (NULL: any); their ids. */
void session_interrupt(Session *s, Arena *a, const char *operation_id, const char *tag, StrList *ret_ids);
/* Keeps the error for FetchErrorDetails; `query` may be NULL. */
void session_keep_error(Session *s, const Error *error, const char *query, char ret_id[static UUID_TEXT_BYTES]);
/* A copy in `a`; false when it is no longer there. */
bool session_find_error(Session *s, Arena *a, const char *id, Error *ret_error, const char **ret_query);

StorageLevel session_storage(Session *s, const char *plan);
void session_persist(Session *s, const char *plan, StorageLevel level); /* replication 0: unpersist */
void session_unpersist_all(Session *s);
bool session_has_persisted(Session *s);
/* Is it persisted? *ret_table: its rows, kept alive by `a`, when they were computed from files in this state. */
bool session_persisted(Session *s, Arena *a, const char *plan, const char *files, const Node **ret_table);
/* The rows of a persisted plan, or of none any more. Takes the reference over. */
void session_persisted_fill(Session *s, const char *plan, const char *files, KeptPlan *table);
/* Forgets computed rows that came from files (REFRESH). */
void session_refresh(Session *s);

Sessions *sessions_new(Driver *driver, const Conf *defaults, const char *artifact_root);
void sessions_free(Sessions *all); /* when no call is under way */
/* The session, made when absent; a reference. INVALID_HANDLE.FORMAT, .SESSION_CLOSED, .SESSION_CHANGED (`observed`: what
 * the client believes the server's id to be; NULL or "": nothing). */
Status sessions_get(Sessions *all, const char *user, const char *id, const char *observed, Session **ret_session, Error *err);
/* Ends one: interrupts what runs, forgets its state. Absent is fine. */
void sessions_close(Sessions *all, const char *user, const char *id, bool allow_reconnect);
Status sessions_clone(Sessions *all, Session *from, const char *new_id, Session **ret_session, Error *err);
void sessions_interrupt_all(Sessions *all);
/* Tells clients how far their queries are, each after so long without a word. How many run. */
size_t sessions_progress(Sessions *all, int64_t interval_ms);
/* Removes executions that no client read for `execution_ms` and sessions that nobody used for `session_ms`. */
void sessions_sweep(Sessions *all, int64_t execution_ms, int64_t session_ms);

#endif
