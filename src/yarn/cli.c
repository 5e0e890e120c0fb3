/* yarn/cli.c -- `yarn`: the commands of Hadoop 3.3's that scripts use. Exit codes are those of the real ones: 255 where they return -1. */
#include "base/clock.h"
#include "base/str.h"
#include "yarn/private.h"

#include <stdio.h>
#include <time.h>

enum { EXIT_MINUS_ONE = 255, KILL_WAIT_MS = 60000, KILL_LOOK_MS = 200 };

typedef struct Cli {
    Arena *arena;
    Yarn yarn;
    int argc; /* what follows the command's name */
    char **argv;
} Cli;

static const char usage[] = "Usage: yarn SUBCOMMAND [SUBCOMMAND OPTIONS]\n\n"
                            "application -list [-appStates STATES|ALL] [-appTypes TYPES]   list applications\n"
                            "application -status ID | -kill ID…                            report on one, end some\n"
                            "logs -applicationId ID [-log_files NAMES]                     print an application's logs\n"
                            "node -list [-all] [-states STATES]                            list nodes\n"
                            "version                                                       print the version\n";

static Status bad_usage(Error *err, const char *what)
{
    return FAIL(err, ST_INVALID, "%s\n%s", what, usage);
}

/* "a,b" to a list; upper-case when they are states. */
static Val *words(Arena *a, const char *text, bool upper, StrList *ret_words)
{
    Val *list = val_list(a);
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ",");
        char *word = arena_strn(a, at, n);
        for (char *p = word; upper && *p; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
        if (n) {
            val_push(a, list, val_strv(a, word));
            vec_push(a, ret_words, word);
        }
        at += n + (at[n] == ',');
    }
    return list;
}

static Status check_states(const StrList *states, const char *const *known, Error *err)
{
    for (size_t i = 0; i < states->len; i++) {
        size_t k = 0;
        while (known[k] && !str_eq(known[k], states->at[i]))
            k++;
        if (!known[k])
            return FAIL(err, ST_INVALID, "The state %s is invalid.", states->at[i]);
    }
    return ST_OK;
}

/* An id of a form that YARN has none of is refused before it is looked for. */
static Status check_id(const char *id, Error *err)
{
    long long started;
    unsigned number;
    int end = 0;
    if (sscanf(id, "application_%lld_%u%n", &started, &number, &end) != 2 || id[end])
        return FAIL(err, ST_INVALID, "Exception in thread \"main\" java.lang.IllegalArgumentException: Invalid ApplicationId: %s", id);
    return ST_OK;
}

static Status ask_about(Cli *c, const char *operation, const char *id, Val **ret_answer, Error *err)
{
    Val *request = val_map(c->arena);
    val_set_str(c->arena, request, "id", id);
    TRY(check_id(id, err));
    return yarn_ask(&c->yarn, c->arena, operation, request, ret_answer, err);
}

/* --- application --- */

static Status application_list(Cli *c, int at, Error *err)
{
    static const char *const known[] = { "ALL", "NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING", "FINISHED", "FAILED", "KILLED", NULL };
    Arena *a = c->arena;
    Val *request = val_map(a), *answer = NULL;
    StrList states = { 0 }, types = { 0 };
    for (; at < c->argc; at += 2) {
        bool state = str_eq(c->argv[at], "-appStates");
        if ((!state && !str_eq(c->argv[at], "-appTypes")) || at + 1 >= c->argc)
            return bad_usage(err, arena_printf(a, "yarn application -list does not take '%s' so", c->argv[at]));
        val_set(a, request, state ? "states" : "types", words(a, c->argv[at + 1], true, state ? &states : &types));
    }
    TRY(check_states(&states, known, err));
    TRY(yarn_ask(&c->yarn, a, "list", request, &answer, err));
    if (!states.len)
        (void)words(a, "SUBMITTED,ACCEPTED,RUNNING", false, &states); /* those that have not ended */
    yarn_print_list(val_get(answer, "applications"), &states, &types);
    return ST_OK;
}

static Status application_status(Cli *c, int at, Error *err)
{
    Val *answer = NULL;
    if (at + 1 != c->argc)
        return bad_usage(err, "yarn application -status takes one id");
    TRY(ask_about(c, "get", c->argv[at], &answer, err));
    yarn_print_report(answer);
    return ST_OK;
}

static bool has_ended(const Val *application)
{
    return val_int(application, "finishTime", 0) != 0;
}

static Status kill_one(Cli *c, const char *id, Error *err)
{
    Val *answer = NULL;
    TRY(ask_about(c, "get", id, &answer, err));
    if (has_ended(answer)) {
        printf("Application %s has already finished \n", id);
        return ST_OK;
    }
    printf("Killing application %s\n", id);
    fflush(stdout);
    TRY(ask_about(c, "kill", id, &answer, err));
    for (int64_t until = clock_monotonic_ms() + KILL_WAIT_MS; !has_ended(answer);) {
        if (clock_monotonic_ms() > until)
            return FAIL(err, ST_LIMIT, "Application %s has not ended within %d s of the request to kill it", id, KILL_WAIT_MS / 1000);
        nanosleep(&(struct timespec){ .tv_nsec = KILL_LOOK_MS * 1000000L }, NULL);
        TRY(ask_about(c, "get", id, &answer, err));
    }
    fprintf(stderr, "INFO impl.YarnClientImpl: Killed application %s\n", id);
    return ST_OK;
}

static Status application_kill(Cli *c, int at, Error *err)
{
    if (at >= c->argc)
        return bad_usage(err, "yarn application -kill takes ids");
    for (; at < c->argc; at++)
        TRY(kill_one(c, c->argv[at], err));
    return ST_OK;
}

static Status application(Cli *c, Error *err)
{
    const char *option = c->argc ? c->argv[0] : "";
    if (str_eq(option, "-list"))
        return application_list(c, 1, err);
    if (str_eq(option, "-status"))
        return application_status(c, 1, err);
    if (str_eq(option, "-kill"))
        return application_kill(c, 1, err);
    if (str_eq(option, "-appStates") || str_eq(option, "-appTypes")) /* real ones take them before -list, too */
        for (int i = 0; i < c->argc; i++)
            if (str_eq(c->argv[i], "-list")) {
                memmove(c->argv + 1, c->argv, (size_t)i * sizeof *c->argv);
                return application_list(c, 1, err);
            }
    return bad_usage(err, arena_printf(c->arena, "weir has no 'yarn application %s'", option));
}

/* --- logs, node, version --- */

static Status print_log(Cli *c, const char *id, const Val *log, Error *err)
{
    const char *type = val_str(log, "type");
    printf("LogType:%s\nLogLastModifiedTime:%s\nLogLength:%lld\nLogContents:\n", type,
           time_iso8601(c->arena, val_int(log, "modified", 0)), (long long)val_int(log, "bytes", 0));
    for (int64_t offset = 0, all = val_int(log, "bytes", 0); offset < all;) {
        arena_auto *a = arena_new();
        Val *request = val_map(a), *answer = NULL;
        val_set_str(a, request, "id", id);
        val_set_str(a, request, "type", type);
        val_set_int(a, request, "offset", offset);
        TRY(yarn_ask(&c->yarn, a, "log", request, &answer, err));
        void *bytes = NULL;
        size_t length = 0;
        if (!val_str(answer, "bytes") || !base64_decode(a, val_str(answer, "bytes"), &bytes, &length))
            return FAIL(err, ST_IO, "the server's answer has no log in it");
        if (!length)
            break;
        size_t wanted = (int64_t)length < all - offset ? length : (size_t)(all - offset);
        fwrite(bytes, 1, wanted, stdout);
        offset += (int64_t)wanted;
    }
    printf("\nEnd of LogType:%s\n***********************************************************************\n\n", type);
    return ST_OK;
}

static bool wanted(const StrList *names, const char *type)
{
    for (size_t i = 0; i < names->len; i++)
        if (str_eq(names->at[i], type) || str_eq(names->at[i], "ALL"))
            return true;
    return !names->len;
}

static Status logs(Cli *c, Error *err)
{
    const char *id = NULL;
    StrList names = { 0 };
    for (int i = 0; i < c->argc; i += 2) {
        if (i + 1 < c->argc && str_eq(c->argv[i], "-applicationId"))
            id = c->argv[i + 1];
        else if (i + 1 < c->argc && (str_eq(c->argv[i], "-log_files") || str_eq(c->argv[i], "-logFiles")))
            (void)words(c->arena, c->argv[i + 1], false, &names);
        else
            return bad_usage(err, arena_printf(c->arena, "yarn logs does not take '%s' so", c->argv[i]));
    }
    if (!id)
        return bad_usage(err, "yarn logs takes -applicationId ID");
    Val *answer = NULL;
    TRY(ask_about(c, "logs", id, &answer, err));
    const Val *all = val_get(answer, "logs");
    size_t printed = 0;
    for (size_t i = 0; i < val_len(all); i++) {
        if (!wanted(&names, val_str(val_at(all, i), "type")))
            continue;
        if (!printed++)
            printf("Container: %s on localhost_8041\nLogAggregationType: AGGREGATED\n"
                   "=======================================================================\n", val_str(answer, "containerId"));
        TRY(print_log(c, id, val_at(all, i), err));
    }
    if (!printed)
        return FAIL(err, ST_NOT_FOUND, "Can not find any log file matching the pattern: [%s] for the application: %s",
                    names.len ? names.at[0] : "ALL", id);
    return ST_OK;
}

static Status node(Cli *c, Error *err)
{
    static const char *const known[] = { "ALL", "NEW", "RUNNING", "UNHEALTHY", "DECOMMISSIONED", "LOST", "REBOOTED", "DECOMMISSIONING", "SHUTDOWN", NULL };
    Arena *a = c->arena;
    Val *request = val_map(a), *answer = NULL;
    StrList states = { 0 };
    if (!c->argc || !str_eq(c->argv[0], "-list"))
        return bad_usage(err, arena_printf(a, "weir has no 'yarn node %s'", c->argc ? c->argv[0] : ""));
    for (int i = 1; i < c->argc; i++) {
        if (str_eq(c->argv[i], "-all"))
            val_set(a, request, "states", words(a, "ALL", true, &states));
        else if (str_eq(c->argv[i], "-states") && i + 1 < c->argc)
            val_set(a, request, "states", words(a, c->argv[++i], true, &states));
        else
            return bad_usage(err, arena_printf(a, "yarn node -list does not take '%s' so", c->argv[i]));
    }
    TRY(check_states(&states, known, err));
    TRY(yarn_ask(&c->yarn, a, "nodes", request, &answer, err));
    yarn_print_nodes(val_get(answer, "nodes"));
    return ST_OK;
}

static const struct {
    const char *name;
    Status (*run)(Cli *c, Error *err);
} commands[] = { { "application", application }, { "app", application }, { "logs", logs }, { "node", node } };

int yarn_main(int argc, char **argv)
{
    arena_auto *a = arena_new();
    const char *name = argc > 1 ? argv[1] : "";
    if (str_eq(name, "version") || str_eq(name, "--version"))
        return puts("Hadoop 3.3.6 semantics, by weir") < 0;
    size_t i = 0, count = sizeof commands / sizeof *commands;
    while (i < count && !str_eq(commands[i].name, name))
        i++;
    if (i == count) {
        bool help = str_eq(name, "--help") || str_eq(name, "-help");
        if (!help && *name)
            fprintf(stderr, "weir has no 'yarn %s'.\n", name);
        return fputs(usage, help ? stdout : stderr) < 0 || !help;
    }
    Cli c = { .arena = a, .argc = argc - 2, .argv = argv + 2 };
    Error error = ERROR_INIT;
    Status status = yarn_open(a, &c.yarn, &error);
    if (status == ST_OK)
        status = commands[i].run(&c, &error);
    yarn_close(&c.yarn);
    if (status != ST_OK)
        fprintf(stderr, "%s\n", error.message);
    return status == ST_OK ? 0 : EXIT_MINUS_ONE;
}
