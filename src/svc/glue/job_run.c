/* svc/glue/job_run.c -- see job_run.h. */
#include "svc/glue/job_run.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "lake/lake_objects.h"
#include "step/environment.h"
#include "step/logs.h"
#include "svc/credentials.h"
#include "svc/logging.h"

#include <signal.h>
#include <unistd.h>

enum { CANCEL_GRACE_MS = 10000, LEFTOVER_MS = 10000, LOG_BYTES = 64 << 20, FOLDER_HEX = 16, DRIVER_SHARE = 4 };

char *job_run_folder(Server *server, Arena *a, const char *id)
{
    return arena_printf(a, "%s/run/glue/%.*s", server->home, FOLDER_HEX + 3, id); /* short: a socket's path is */
}

/* --- the command --- */

static bool is_shell(const Val *body)
{
    return str_eq(val_str(val_get(body, "Command"), "Name"), "pythonshell");
}

const char *job_run_refusal(Arena *a, const Val *body)
{
    const Val *command = val_get(body, "Command"), *arguments = val_get(body, "Arguments");
    const char *name = val_str(command, "Name"), *script = val_str(command, "ScriptLocation");
    const char *bookmark = val_str(arguments, "--job-bookmark-option"), *language = val_str(arguments, "--job-language");
    if (!str_eq(name, "glueetl") && !str_eq(name, "pythonshell"))
        return arena_printf(a, "Command name '%s' is not supported: weir runs glueetl and pythonshell jobs", name ? name : "");
    if (!script || !strstr(script, "://"))
        return "Command has no ScriptLocation of the form s3://bucket/key";
    if (language && !str_ieq(language, "python"))
        return arena_printf(a, "--job-language %s is not supported: weir runs no JVM, only python", language);
    if (bookmark && !str_eq(bookmark, "job-bookmark-disable"))
        return arena_printf(a, "--job-bookmark-option %s is not supported yet: use job-bookmark-disable", bookmark);
    static const char *const refused[] = { "--extra-jars", "--additional-python-modules", "--datalake-formats" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (val_str(arguments, refused[i]) && *val_str(arguments, refused[i]))
            return arena_printf(a, "The job argument %s is not supported yet", refused[i]);
    return NULL;
}

/* "spark.a=1 --conf spark.b=2", as Glue's users write several into one argument. */
static void add_conf(Arena *a, const char *text, StrList *argv)
{
    for (const char *at = text; at && *at;) {
        const char *end = strstr(at, " --conf ");
        vec_push(a, argv, "--conf");
        vec_push(a, argv, end ? arena_strn(a, at, (size_t)(end - at)) : at);
        at = end ? end + strlen(" --conf ") : NULL;
    }
}

static void add_pair(Arena *a, StrList *argv, const char *name, const char *value)
{
    if (!value)
        return;
    vec_push(a, argv, name);
    vec_push(a, argv, value);
}

static void command_line(Arena *a, const Run *run, StrList *argv)
{
    const Val *arguments = val_get(run->body, "Arguments");
    const char *script = val_str(val_get(run->body, "Command"), "ScriptLocation");
    if (is_shell(run->body)) {
        vec_push(a, argv, "glue-python-shell");
    } else {
        vec_push(a, argv, "spark-submit");
        add_pair(a, argv, "--name", run->owner);
        add_pair(a, argv, "--py-files", val_str(arguments, "--extra-py-files"));
        add_pair(a, argv, "--files", val_str(arguments, "--extra-files"));
        add_conf(a, val_str(arguments, "--conf"), argv);
    }
    vec_push(a, argv, script);
    add_pair(a, argv, "--JOB_ID", arena_printf(a, "j_%s", run->owner));
    add_pair(a, argv, "--JOB_RUN_ID", run->id);
    if (!val_get(arguments, "--JOB_NAME"))
        add_pair(a, argv, "--JOB_NAME", run->owner);
    for (size_t i = 0; i < val_len(arguments); i++)
        if (!str_eq(arguments->names[i], "--conf"))
            add_pair(a, argv, arguments->names[i], arguments->items[i]->s);
}

/* --- starting --- */

static Status credentials_of(Server *server, Arena *a, const Run *run, StepCredentials *ret, Error *err)
{
    const char *role = val_str(run->body, "Role");
    Credential credential;
    CredentialsRequest request = {
        .role_arn = role && str_starts(role, "arn:") ? role : arena_printf(a, "arn:aws:iam::%s:role/%s", server->account, role ? role : "GlueRole"),
        .session_name = "GlueJobRunnerSession", .run = run->id, .duration_s = (int64_t)30 * 24 * 3600 };
    TRY(credentials_issue(server->credentials, a, &request, &credential, err));
    *ret = (StepCredentials){ credential.principal.access_key, credential.secret_key, credential.token };
    return ST_OK;
}

static void share(StepSpec *spec)
{
    int64_t memory = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 10 * 8;
    spec->memory_bytes = memory;
    spec->driver_memory_bytes = memory / DRIVER_SHARE * (DRIVER_SHARE - 1);
    spec->driver_cores = sysconf(_SC_NPROCESSORS_ONLN);
}

Status job_run_launch(Server *server, unsigned sandbox_parts, const Run *run, Process *ret_process, Error *err)
{
    arena_auto *a = arena_new();
    const char *folder = job_run_folder(server, a, run->id);
    Place place;
    place_find(a, &place);
    StepSpec spec = { .id = run->id, .kind = "step", .cluster = "glue", .name = run->owner, .jar = "glue", .parts = sandbox_parts,
                      .cancel_grace_ms = CANCEL_GRACE_MS };
    StepEnvironment e = { .place = &place, .id = run->id, .folder = folder, .home_folder = arena_printf(a, "%s/run/glue/home", server->home),
                          .endpoint = server->endpoint, .region = server->region };
    command_line(a, run, &spec.argv);
    share(&spec);
    TRY(credentials_of(server, a, run, &e.credentials, err));
    step_environment(a, &e, &spec);
    step_environment_set(a, &spec, "GLUE_PYTHON_VERSION", val_str(val_get(run->body, "Command"), "PythonVersion"));
    TRY(dir_make(path_join(a, folder, "work/tmp"), 0700, err));
    TRY(dir_make(e.home_folder, 0700, err));
    TRY(step_spec_write(folder, &spec, err));
    const char *argv[] = { place.program, "step-supervisor", folder, NULL };
    ProcessOptions options = PROCESS_OPTIONS;
    options.argv = argv;
    options.cwd = "/";
    options.new_session = true;
    return process_spawn(&options, ret_process, err);
}

void job_run_cancel(Server *server, const char *id, const Process *supervisor)
{
    arena_auto *a = arena_new();
    static const char how[] = "SEND_INTERRUPT";
    Error why = ERROR_INIT;
    if (file_write_durable(path_join(a, job_run_folder(server, a, id), "cancel"), how, strlen(how), 0600, &why) != ST_OK)
        log_warn("job run %s: %s", id, why.message);
    process_signal(supervisor, SIGTERM);
}

JobRunState job_run_state(Server *server, const char *id)
{
    arena_auto *a = arena_new();
    const char *folder = job_run_folder(server, a, id);
    StepExit end;
    pid_t pid = 0;
    uint64_t start_time = 0;
    fd_auto lock = -1;
    if (step_exit_read(a, folder, &end, NULL) == ST_OK)
        return JOB_RUN_ENDED;
    if (path_exists(folder) && step_lock(folder, &lock, NULL) == ST_CONFLICT)
        return JOB_RUN_LIVES;
    if (step_exit_read(a, folder, &end, NULL) == ST_OK) /* written while we asked */
        return JOB_RUN_ENDED;
    return step_started_read(folder, &pid, &start_time, NULL) == ST_OK ? JOB_RUN_LOST : JOB_RUN_UNSTARTED;
}

Status job_run_adopt(Server *server, const char *id, Process *ret_process, Error *err)
{
    arena_auto *a = arena_new();
    pid_t pid = 0;
    uint64_t start_time = 0;
    TRY(step_started_read(job_run_folder(server, a, id), &pid, &start_time, err));
    return process_adopt(pid, start_time, ret_process, err);
}

/* --- the end --- */

static void upload(Server *server, Arena *a, const Run *run, const char *folder, const char *name, const char *group)
{
    char *text = NULL;
    size_t length = 0;
    Error why = ERROR_INIT;
    const char *base = val_str(run->body, "LogUri");
    bool in_lake = base && lake_uri_is_s3(base);
    if (file_read(a, path_join(a, folder, name), LOG_BYTES, &text, &length, &why) != ST_OK)
        return;
    char *to = in_lake ? arena_printf(a, "%s%s%s/%s", base, str_ends(base, "/") ? "" : "/", group, run->id)
                       : arena_printf(a, "%s/logs/aws-glue/jobs/%s/%s", server->home, group, run->id);
    Status status = in_lake ? lake_objects_put(server->objects, to, text, length, run->id, &why) : ST_OK;
    if (!in_lake && (status = dir_make(arena_printf(a, "%s/logs/aws-glue/jobs/%s", server->home, group), 0700, &why)) == ST_OK)
        status = file_write_durable(to, text, length, 0600, &why);
    if (status == ST_OK) /* where Glue's own logs are */
        status = server->logging->put_file(server, server->region, arena_printf(a, "/aws-glue/jobs/%s", group), run->id, path_join(a, folder, name), &why);
    if (status != ST_OK)
        log_warn("logs of job run %s: %s", run->id, why.message);
}

static Status end_of(Server *server, Arena *a, const Run *run, const char *folder, StepExit *ret_end, const char **ret_lost, Error *err)
{
    Status status = step_exit_read(a, folder, ret_end, err);
    *ret_lost = NULL;
    if (status != ST_NOT_FOUND)
        return status;
    (void)server;
    process_kill_all(0, arena_printf(a, "WEIR_STEP_ID=%s", run->id), 0, LEFTOVER_MS);
    *ret_end = (StepExit){ .code = 1 };
    *ret_lost = "The run's supervisor process was killed; the run was ended and not started again";
    return ST_OK;
}

/* MaxRetries: the same again, as a run of its own. */
static Status retry(Db *db, Arena *a, const Run *run, Error *err)
{
    int64_t attempt = val_int(run->body, "Attempt", 0) + 1;
    if (attempt > val_int(run->body, "MaxRetries", 0))
        return ST_OK;
    const char *suffix = strstr(run->id, "_attempt_");
    const char *id = arena_printf(a, "%.*s_attempt_%lld", (int)(suffix ? (size_t)(suffix - run->id) : strlen(run->id)), run->id,
                                  (long long)attempt);
    Val *body = glue_copy(a, run->body);
    val_set_int(a, body, "Attempt", attempt);
    val_set_str(a, body, "PreviousRunId", run->id);
    Val *clean = val_map(a);
    for (size_t i = 0; i < val_len(body); i++)
        if (!str_eq(body->names[i], "ErrorMessage"))
            val_append(a, clean, body->names[i], body->items[i]);
    return db_exec(db, err, "INSERT INTO glue_run(kind, owner, id, state, body, started_ms) VALUES(?,?,?,'STARTING',?,?)", "ssssi", job_run_kind,
                   run->owner, id, val_to_json(a, clean), clock_ms());
}

/* The end, and with it what follows from it. */
static Status record_end(Server *server, Arena *a, const Run *run, const char *state, Error *err)
{
    db_auto *db = NULL;
    TRY(store_borrow(server->store, &db, err));
    TRY(db_begin(db, err));
    TRY(db_exec(db, err, "UPDATE glue_run SET state=?, body=?, ended_ms=? WHERE id=?", "ssis", state, val_to_json(a, run->body), clock_ms(),
                run->id));
    if (str_eq(state, "FAILED"))
        TRY(retry(db, a, run, err));
    return db_commit(db, err);
}

Status job_run_conclude(Server *server, const Run *run, const char *wanted, Error *err)
{
    arena_auto *a = arena_new();
    const char *folder = job_run_folder(server, a, run->id), *lost = NULL, *state = "SUCCEEDED";
    StepExit end = { 0 };
    Error why = ERROR_INIT;
    TRY(end_of(server, a, run, folder, &end, &lost, err));
    upload(server, a, run, folder, "stdout", "output");
    upload(server, a, run, folder, "stderr", "error");
    if (lost || end.code)
        state = end.cancelled && wanted ? wanted : "FAILED";
    else if (end.cancelled && wanted)
        state = wanted;
    char *line = lost ? arena_str(a, lost) : logs_failure_of_file(a, path_join(a, folder, "stderr"));
    if (str_eq(state, "FAILED"))
        val_set_str(a, run->body, "ErrorMessage", end.oom_kills ? "The run's memory limit ended its processes" : line ? line
                                  : arena_printf(a, "Command failed with exit code %d", end.code));
    else if (str_eq(state, "TIMEOUT"))
        val_set_str(a, run->body, "ErrorMessage", "Job run exceeded its Timeout");
    TRY(record_end(server, a, run, state, err));
    if (credentials_revoke_run(server->credentials, run->id, &why) != ST_OK)
        log_warn("credentials of job run %s: %s", run->id, why.message);
    if (tree_remove(folder, &why) != ST_OK)
        log_warn("job run %s: %s", run->id, why.message);
    log_info("job run %s of %s: %s", run->id, run->owner, state);
    return ST_OK;
}
