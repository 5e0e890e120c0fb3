/* svc/credentials.c -- root key file, session rows, and a cache in front of them. */
#include "svc/credentials.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "os/crypto.h"

#include <pthread.h>
#include <stdlib.h>

#define BASE32 "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define SECRET_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

enum { CACHE_MAX = 4096, KEY_LETTERS = 16, SECRET_LENGTH = 40, TOKEN_BYTES = 160, KEY_FILE_MAX = 4096,
       SWEEP_AFTER_MS = 24 * 3600 * 1000, ROLE_ID_LETTERS = 17 };

struct Credentials {
    Store *store;
    const char *account;
    Arena *arena;
    Credential root;
    pthread_mutex_t lock; /* guards what follows */
    Arena *cache_arena;
    Map cache; /* access key -> Credential */
};

/* --- the root key --- */

static const char *key_path(Arena *a, const char *home)
{
    return path_join(a, home, "keys/root.json");
}

static Principal root_principal(Arena *a, const char *account, const char *access_key)
{
    return (Principal){ .access_key = access_key, .arn = arena_printf(a, "arn:aws:iam::%s:root", account), .user_id = account };
}

Status credentials_root(Arena *a, const char *home, const char *account, Credential *ret_credential, Error *err)
{
    char *text;
    size_t length;
    Val *v;
    const char *path = key_path(a, home);
    TRY(file_read(a, path, KEY_FILE_MAX, &text, &length, err));
    if (!val_from_json(a, text, length, &v) || !val_str(v, "AccessKeyId") || !val_str(v, "SecretAccessKey"))
        return FAIL(err, ST_INVALID, "'%s' holds no key pair: remove it to have a new one made", path);
    *ret_credential = (Credential){ .secret_key = val_str(v, "SecretAccessKey"),
                                    .principal = root_principal(a, account, val_str(v, "AccessKeyId")) };
    return ST_OK;
}

static Status make_root(Arena *a, const char *home, Error *err)
{
    Val *v = val_map(a);
    val_set_str(a, v, "AccessKeyId", arena_printf(a, "AKIA%s", random_text(a, BASE32, KEY_LETTERS)));
    val_set_str(a, v, "SecretAccessKey", random_text(a, SECRET_LETTERS, SECRET_LENGTH));
    const char *text = val_to_json(a, v);
    TRY(dir_make(path_join(a, home, "keys"), 0700, err));
    return file_write_durable(key_path(a, home), text, strlen(text), 0600, err);
}

Status credentials_open(const char *home, const char *account, Store *store, Credentials **ret_credentials, Error *err)
{
    arena_auto *a = arena_new();
    Credential root;
    if (!path_exists(key_path(a, home)))
        TRY(make_root(a, home, err));
    TRY(credentials_root(a, home, account, &root, err));
    Credentials *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->store = store;
    c->account = arena_str(a, account);
    c->root = root;
    c->arena = a;
    a = NULL;
    c->cache_arena = arena_new();
    pthread_mutex_init(&c->lock, NULL);
    *ret_credentials = c;
    return ST_OK;
}

void credentials_close(Credentials *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    arena_free(c->cache_arena);
    arena_free(c->arena);
    free(c);
}

/* --- finding --- */

static Credential copy(Arena *a, const Credential *from)
{
    Credential to = *from;
    to.secret_key = arena_str(a, from->secret_key);
    to.token = arena_str(a, from->token);
    to.principal.access_key = arena_str(a, from->principal.access_key);
    to.principal.arn = arena_str(a, from->principal.arn);
    to.principal.user_id = arena_str(a, from->principal.user_id);
    to.principal.role_arn = arena_str(a, from->principal.role_arn);
    to.principal.run = arena_str(a, from->principal.run);
    return to;
}

static bool cache_find(Credentials *c, Arena *a, const char *access_key, Credential *ret)
{
    pthread_mutex_lock(&c->lock);
    const Credential *known = map_get(&c->cache, access_key);
    if (known)
        *ret = copy(a, known);
    pthread_mutex_unlock(&c->lock);
    return known != NULL;
}

static void cache_clear(Credentials *c)
{
    arena_free(c->cache_arena);
    c->cache_arena = arena_new();
    c->cache = (Map){ 0 };
}

static void cache_add(Credentials *c, const Credential *credential)
{
    pthread_mutex_lock(&c->lock);
    if (c->cache.len >= CACHE_MAX)
        cache_clear(c);
    Credential *kept = ARENA_NEW(c->cache_arena, Credential);
    *kept = copy(c->cache_arena, credential);
    map_set(c->cache_arena, &c->cache, credential->principal.access_key, kept);
    pthread_mutex_unlock(&c->lock);
}

Status credentials_find(Credentials *c, Arena *a, const char *access_key, Credential *ret_credential, Error *err)
{
    if (str_eq(access_key, c->root.principal.access_key)) {
        *ret_credential = c->root;
        return ST_OK;
    }
    if (cache_find(c, a, access_key, ret_credential))
        return ST_OK;
    db_auto *db = NULL;
    row_auto *row = NULL;
    TRY(store_borrow(c->store, &db, err));
    TRY(db_query(db, &row, err, "SELECT secret_key, token, arn, user_id, role_arn, run, expires_ms FROM session WHERE access_key=?",
                 "s", access_key));
    if (!row_next(row)) {
        TRY(row_status(row, err));
        return FAIL(err, ST_NOT_FOUND, "no such access key");
    }
    Credential found = { .secret_key = row_str_in(row, a, 0),
                         .token = row_str_in(row, a, 1),
                         .expires_ms = row_int(row, 6),
                         .principal = { .access_key = arena_str(a, access_key),
                                        .arn = row_str_in(row, a, 2),
                                        .user_id = row_str_in(row, a, 3),
                                        .role_arn = row_str_in(row, a, 4),
                                        .run = row_str_in(row, a, 5) } };
    cache_add(c, &found);
    *ret_credential = found;
    return ST_OK;
}

/* --- issuing --- */

bool role_arn_parse(Arena *a, const char *role_arn, const char **ret_account, const char **ret_name)
{
    static const char prefix[] = "arn:aws:iam::";
    if (!str_starts(role_arn, prefix))
        return false;
    const char *account = role_arn + strlen(prefix), *colon = strchr(account, ':'), *slash = strrchr(role_arn, '/');
    if (!colon || !str_starts(colon, ":role/") || !slash || !slash[1])
        return false;
    *ret_account = arena_strn(a, account, (size_t)(colon - account));
    *ret_name = arena_str(a, slash + 1);
    return true;
}

char *role_unique_id(Arena *a, const char *role_arn)
{
    uint8_t digest[SHA256_BYTES];
    char id[ROLE_ID_LETTERS + 1] = { 0 };
    sha256(role_arn, strlen(role_arn), digest);
    for (size_t i = 0; i < ROLE_ID_LETTERS; i++)
        id[i] = BASE32[digest[i] % 32];
    return arena_printf(a, "AROA%s", id);
}

static char *new_token(Arena *a)
{
    uint8_t bytes[TOKEN_BYTES];
    random_bytes(bytes, sizeof bytes);
    return arena_printf(a, "FwoGZXIvYXdz%s", base64_encode(a, bytes, sizeof bytes));
}

Status credentials_issue(Credentials *c, Arena *a, const CredentialsRequest *request, Credential *ret_credential, Error *err)
{
    int64_t now = clock_ms();
    Credential made = { .secret_key = random_text(a, SECRET_LETTERS, SECRET_LENGTH),
                        .token = new_token(a),
                        .expires_ms = (now / 1000 + request->duration_s) * 1000 };
    if (request->role_arn) {
        const char *account, *name;
        if (!role_arn_parse(a, request->role_arn, &account, &name))
            return FAIL_CODE(err, ST_INVALID, "ValidationError", "%s is invalid", request->role_arn);
        made.principal.arn = arena_printf(a, "arn:aws:sts::%s:assumed-role/%s/%s", account, name, request->session_name);
        made.principal.user_id = arena_printf(a, "%s:%s", role_unique_id(a, request->role_arn), request->session_name);
        made.principal.role_arn = arena_str(a, request->role_arn);
    } else {
        made.principal = *request->as;
    }
    made.principal.access_key = arena_printf(a, "ASIA%s", random_text(a, BASE32, KEY_LETTERS));
    made.principal.run = arena_str(a, request->run);
    db_auto *db = NULL;
    TRY(store_borrow(c->store, &db, err));
    TRY(db_exec(db, err,
                "INSERT INTO session(access_key, secret_key, token, arn, user_id, role_arn, run, created_ms, expires_ms) "
                "VALUES(?,?,?,?,?,?,?,?,?)",
                "sssssssii", made.principal.access_key, made.secret_key, made.token, made.principal.arn, made.principal.user_id,
                made.principal.role_arn, made.principal.run, now, made.expires_ms));
    cache_add(c, &made);
    *ret_credential = made;
    return ST_OK;
}

static Status delete_sessions(Credentials *c, Error *err, const char *sql, const char *run, int64_t before_ms)
{
    db_auto *db = NULL;
    TRY(store_borrow(c->store, &db, err));
    TRY(run ? db_exec(db, err, sql, "s", run) : db_exec(db, err, sql, "i", before_ms));
    pthread_mutex_lock(&c->lock);
    cache_clear(c);
    pthread_mutex_unlock(&c->lock);
    return ST_OK;
}

Status credentials_revoke_run(Credentials *c, const char *run, Error *err)
{
    return delete_sessions(c, err, "DELETE FROM session WHERE run=?", run, 0);
}

Status credentials_sweep(Credentials *c, Error *err)
{
    return delete_sessions(c, err, "DELETE FROM session WHERE expires_ms<?", NULL, clock_ms() - SWEEP_AFTER_MS);
}
