/* svc/emr/emr.c -- what the handlers share, and the scheduler's link to the other services. */
#include "svc/emr/emr.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "lake/objects.h"
#include "step/queue.h"
#include "svc/credentials.h"
#include "svc/emr/internal.h"
#include "svc/emr/metrics.h"
#include "svc/logging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static void random_bytes(void *out, size_t length)
{
    if (getrandom(out, length, 0) != (ssize_t)length)
        abort(); /* only before the kernel's pool is ready, or for more than 256 bytes */
}

char *emr_id(Arena *a, const char *prefix, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    char *id = arena_alloc(a, strlen(prefix) + length + 1), *p = id;
    for (const char *c = prefix; *c; c++)
        *p++ = *c;
    for (size_t i = 0; i < length; i++)
        *p++ = digits[bytes[i] % 36];
    return id;
}

char *emr_instance_id(Arena *a)
{
    unsigned char bytes[9];
    char hex[19];
    random_bytes(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, hex);
    return arena_printf(a, "i-%.17s", hex);
}

char *emr_arn(Call *call, const char *cluster)
{
    return arena_printf(call->arena, "arn:aws:elasticmapreduce:%s:%s:cluster/%s", call->server->region, call->server->account, cluster);
}

Status emr_bad_request(Error *err, const char *error_code, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    FAIL_CODE(err, ST_INVALID, "InvalidRequestException", "%s", text);
    error_param(err, "ErrorCode", error_code);
    return ST_INVALID;
}

Status emr_no_cluster(Error *err, const char *cluster)
{
    return emr_bad_request(err, "NoSuchCluster", "Cluster id '%s' is not valid.", cluster);
}

Status emr_cluster_check(Db *db, const char *cluster, Error *err)
{
    int64_t there = 0;
    Status status = db_get_int(db, &there, err, "SELECT 1 FROM emr_cluster WHERE id=?", "s", cluster);
    return status == ST_NOT_FOUND ? emr_no_cluster(err, cluster) : status;
}

Status emr_cluster_modifiable(Db *db, Arena *a, const char *cluster, char **ret_state, Error *err)
{
    Status status = db_get_str(db, a, ret_state, err, "SELECT state FROM emr_cluster WHERE id=?", "s", cluster);
    if (status == ST_NOT_FOUND)
        return emr_invalid(err, "Specified job flow ID does not exist.");
    TRY(status);
    if (str_starts(*ret_state, "TERMINAT"))
        return emr_invalid(err, "A job flow that is shutting down, terminated, or finished may not be modified.");
    return ST_OK;
}

void emr_wake(Call *call)
{
    if (call->server->queue)
        step_queue_wake(call->server->queue);
    emr_monitor_wake(call->server, NULL);
}

/* --- paging --- */

char *emr_marker(Arena *a, int64_t seq)
{
    char *text = arena_printf(a, "weir1:%lld", (long long)seq);
    return base64_encode(a, text, strlen(text));
}

Status emr_marker_seq(Arena *a, const char *marker, int64_t first, int64_t *ret_seq, Error *err)
{
    *ret_seq = first;
    if (!marker || !*marker)
        return ST_OK;
    void *bytes;
    size_t length;
    if (!base64_decode(a, marker, &bytes, &length) || length < 7 || memcmp(bytes, "weir1:", 6) != 0 ||
        !str_to_i64(arena_strn(a, (char *)bytes + 6, length - 6), ret_seq))
        return emr_bad_request(err, "ValidationError", "Marker '%s' is not valid.", marker);
    return ST_OK;
}

/* --- values --- */

Val *emr_json(Arena *a, const char *text)
{
    Val *value = NULL;
    return text && val_from_json(a, text, strlen(text), &value) ? value : NULL;
}

Val *emr_reason(Arena *a, const char *code, const char *message)
{
    Val *reason = val_map(a);
    val_set_str(a, reason, "Code", code);
    val_set_str(a, reason, "Message", message);
    return reason;
}

void emr_set_ms(Arena *a, Val *map, const char *name, Row *row, int column)
{
    if (!row_null(row, column))
        val_set_time(a, map, name, row_int(row, column));
}

Val *emr_timeline(Arena *a, Row *row, int created, const char *second_name, int second, int ended)
{
    Val *timeline = val_map(a);
    emr_set_ms(a, timeline, "CreationDateTime", row, created);
    emr_set_ms(a, timeline, second_name, row, second);
    emr_set_ms(a, timeline, "EndDateTime", row, ended);
    return timeline;
}

bool emr_listed(const Val *list, const char *text)
{
    size_t n = val_len(list);
    for (size_t i = 0; i < n; i++)
        if (str_eq(val_at(list, i)->s, text))
            return true;
    return n == 0;
}

/* --- the scheduler's hooks --- */

/* A job flow role is named by its instance profile, an execution role by its ARN. */
static Status hook_credentials(void *self, Arena *a, const char *role, const char *run, StepCredentials *ret_credentials, Error *err)
{
    Server *server = self;
    const char *name = role && *role ? role : "EMR_EC2_DefaultRole";
    CredentialsRequest request = {
        .role_arn = str_starts(name, "arn:") ? name : arena_printf(a, "arn:aws:iam::%s:role/%s", server->account, name),
        .session_name = run,
        .run = run,
        .duration_s = (int64_t)30 * 24 * 3600 }; /* as long as the step: revoked when it ends */
    Credential credential;
    TRY(credentials_issue(server->credentials, a, &request, &credential, err));
    *ret_credentials = (StepCredentials){ credential.principal.access_key, credential.secret_key, credential.token };
    return ST_OK;
}

static void hook_ended(void *self, const char *run)
{
    Server *server = self;
    credentials_revoke_run(server->credentials, run, NULL); /* what could not be revoked expires */
    emr_monitor_wake(server, run);
}

static Status spool_file_in(Spool *spool, const char *path, Error *err)
{
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "open '%s': %s", path, strerror(errno));
    char bytes[65536];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        TRY(spool_write(spool, bytes, (size_t)n, err));
    return n < 0 ? FAIL(err, ST_IO, "read '%s': %s", path, strerror(errno)) : spool_finish(spool, err);
}

static const int64_t LOG_BYTES_MAX = (int64_t)5 << 30;

static Status hook_put_file(void *self, const char *uri, const char *path, const char *run, Error *err)
{
    Server *server = self;
    arena_auto *a = arena_new();
    const char *start = strstr(uri, "://"), *slash = start ? strchr(start + 3, '/') : NULL;
    if (!slash || (!str_starts(uri, "s3://") && !str_starts(uri, "s3n://") && !str_starts(uri, "s3a://")))
        return FAIL(err, ST_INVALID, "'%s' is no s3:// URI", uri);
    spool_auto *spool = NULL;
    TRY(spool_new(server->objects, DIGEST_BIT(DIGEST_MD5) | DIGEST_BIT(DIGEST_CRC64NVME), LOG_BYTES_MAX, &spool, err));
    TRY(spool_file_in(spool, path, err));
    char etag[33];
    hex_encode(spool_digest(spool, DIGEST_MD5), 16, etag);
    Object object = { .bucket = arena_strn(a, start + 3, (size_t)(slash - start - 3)),
                      .key = slash + 1,
                      .etag = etag,
                      .headers = "{\"Content-Type\":\"application/x-gzip\"}",
                      .checksum_algorithm = "CRC64NVME",
                      .checksum = base64_encode(a, spool_digest(spool, DIGEST_CRC64NVME), 8),
                      .checksum_type = "FULL_OBJECT",
                      .run = run,
                      .row_count = -1 };
    WriteCondition any = { 0 };
    Object put;
    return object_put(server->objects, a, spool, &object, &any, &put, err);
}

static bool log_type_wanted(const Val *types, const char *name)
{
    const Val *list = val_get(types, "STEP_LOGS");
    return !types || (list && emr_listed(list, name));
}

/* MonitoringConfiguration's CloudWatchLogConfiguration: a step's output into a log group when the cluster asks for it. */
static Status step_output(Server *server, Arena *a, const char *cluster, const char *step, const char *folder, Error *err)
{
    static const char *const names[][2] = { { "STDOUT", "stdout" }, { "STDERR", "stderr" } };
    char *request = NULL;
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(db_get_str(db, a, &request, err, "SELECT request FROM emr_cluster WHERE id=?", "s", cluster));
    }
    const Val *to = val_get(val_get(emr_json(a, request), "MonitoringConfiguration"), "CloudWatchLogConfiguration");
    if (!val_bool(to, "Enabled", false))
        return ST_OK;
    const char *group = val_str(to, "LogGroupName"), *prefix = val_str(to, "LogStreamNamePrefix");
    for (size_t i = 0; i < 2; i++) {
        if (log_type_wanted(val_get(to, "LogTypes"), names[i][0]))
            TRY(server->logging->put_file(server, server->region, group ? group : arena_printf(a, "/aws/emr/%s", cluster),
                                          arena_printf(a, "%s%ssteps/%s/%s", prefix ? prefix : "", prefix ? "/" : "", step, names[i][1]),
                                          path_join(a, folder, names[i][1]), err));
    }
    return ST_OK;
}

static void hook_output(void *self, const char *cluster, const char *step, const char *folder)
{
    arena_auto *a = arena_new();
    Error why = ERROR_INIT;
    if (step_output(self, a, cluster, step, folder, &why) != ST_OK)
        log_warn("output of step %s to its log group: %s", step, why.message);
}

Status emr_start(Server *server, Error *err)
{
    emr_tell(server);
    StepQueueOptions options = { .home = server->home,
                                 .region = server->region,
                                 .endpoint = server->endpoint,
                                 .store = server->store,
                                 .hooks = { server, hook_credentials, hook_ended, hook_put_file, hook_output } };
    TRY(step_queue_start(&options, &server->queue, err));
    return emr_monitor_start(server, err);
}

void emr_stop(Server *server)
{
    emr_monitor_stop(server);
    step_queue_stop(server->queue);
    server->queue = NULL;
}

Status emr_reset(Server *server, Error *err)
{
    static const char *const tables[] = { "emr_step", "emr_bootstrap", "emr_instance", "emr_group", "emr_tag", "emr_cluster",
                                          "emr_security_configuration", "emr_setting" };
    arena_auto *a = arena_new();
    {
        db_auto *db = NULL;
        TRY(store_borrow(server->store, &db, err));
        TRY(db_begin(db, err));
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            TRY(db_exec(db, err, arena_printf(a, "DELETE FROM %s", tables[i]), ""));
        TRY(db_commit(db, err));
    }
    step_queue_drop_all(server->queue);
    return ST_OK;
}
