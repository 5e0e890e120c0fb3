/* app/spark.c -- see spark.h. */
#include "app/spark.h"

#include "app/spark_server.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"
#include "driver/conf.h"
#include "os/memory.h"
#include "step/place.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
enum { OWN_GIB = 5 }; /* the sanitizer's too: what was freed a while ago, and zones around what is there. Where it gets no more it ends the process */
#else
enum { OWN_GIB = 1 }; /* what a server has of its own, beside its queries */
#endif

Status spark_memory(const char *text, int64_t *ret_bytes, Error *err)
{
    if (conf_bytes(text, ret_bytes) && *ret_bytes > 0)
        return ST_OK;
    return FAIL(err, ST_INVALID, "'%s' is no amount of memory: write 4g, 512m or bytes", text);
}

/* "key=value" lines; \n, \r and \\ stand for a newline, a carriage return, a backslash. */
static Status read_conf(Arena *a, const char *path, KeyValueList *conf, Error *err)
{
    char *text;
    size_t len;
    TRY(file_read(a, path, LIMIT_CONF_TEXT, &text, &len, err));
    while (*text) {
        char *end = strchrnul(text, '\n'), *next = *end ? end + 1 : end;
        *end = '\0';
        char *equals = strchr(text, '=');
        if (equals && *text != '#') {
            *equals = '\0';
            char *out = equals + 1;
            for (const char *p = equals + 1; *p; p++) {
                bool escape = *p == '\\' && p[1];
                p += escape;
                *out++ = !escape ? *p : *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p;
            }
            *out = '\0';
            vec_push(a, conf, (KeyValue){ text, equals + 1 });
        }
        text = next;
    }
    return ST_OK;
}

static const char *conf_value(const KeyValueList *conf, const char *key)
{
    for (size_t i = conf->len; i-- > 0;)
        if (str_eq(conf->at[i].key, key))
            return conf->at[i].value;
    return NULL;
}

Status spark_open(Arena *a, const Options *options, Driver **ret_driver, Error *err)
{
    DriverOptions d = { .home = option_text(a, options, "home"), .run = option_text(a, options, "run") };
    char here[4096];
    if (!getcwd(here, sizeof here))
        return FAIL(err, ST_IO, "working folder: %s", strerror(errno));
    d.working_dir = arena_str(a, here);
    d.warehouse = option_text(a, options, "warehouse");
    d.host_root = d.run ? d.working_dir : NULL; /* a step's user is not us: no file of ours but in the step's own folder */
    const char *conf_file = option_text(a, options, "conf-file"), *cores = option_text(a, options, "cores");
    int64_t n = 0;
    TRY(spark_memory(option_text(a, options, "memory"), &d.memory_bytes, err));
    if (cores && (!str_to_i64(cores, &n) || n < 1 || n > 1024))
        return FAIL(err, ST_INVALID, "--cores is a number from 1 to 1024, not '%s'", cores);
    d.cores = (int)n;
    if (conf_file)
        TRY(read_conf(a, conf_file, &d.conf, err));
    d.app_name = conf_value(&d.conf, "spark.app.name");
    bool home_given = option_given(options, "home"), found;
    LakeCredentials server;
    TRY(spark_find_server(a, d.home, home_given, &server, &found, err));
    if (found && !home_given) { /* a step: what it spills goes to its own folder */
        const char *tmp = getenv("TMPDIR");
        d.home = tmp && *tmp ? tmp : "/tmp";
    }
    Place place;
    place_find(a, &place);
    d.program = place.program;
    d.python = place.python;
    d.support = place.support;
    d.worker_sandbox = option_text(a, options, "worker-sandbox");
    d.credentials = found ? &server : NULL;
    TRY(dir_make(d.home, 0700, err));
    /* What the engine does not count, values of kernels and lists under way, may be as much again; the stacks of calls are added (rpc_pool.c). */
    memory_limit(2 * d.memory_bytes + OWN_GIB * (INT64_C(1) << 30));
    return driver_open(&d, ret_driver, err);
}

static bool say_ready(int fd, const char *host, int port)
{
    char line[256];
    int n = snprintf(line, sizeof line, "weir: ready sc://%s:%d\n", host, port);
    return n > 0 && (size_t)n < sizeof line && write(fd, line, (size_t)n) == n;
}

int spark_serve(Driver *driver, const char *listen, const char *token, int ready_fd, bool with_parent, const char *command)
{
    enum { KEPT_BYTES = 32 * 1024 * 1024, BUFFER_BYTES = 16 * 1024 * 1024 };
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    int port, exit_code = 0;
    pid_t parent = getppid();
    sigset_t signals; /* blocked by the caller's main before any thread was made */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (driver_listen(driver, listen, token, &port, &err) != ST_OK) {
        fprintf(stderr, "weir %s: %s\n", command, err.message);
        return 1;
    }
    const char *colon = strrchr(listen, ':');
    char *host = arena_strn(a, listen, colon ? (size_t)(colon - listen) : 0);
    if (!*host || str_eq(host, "0.0.0.0") || str_eq(host, "[::]"))
        host = arena_str(a, "127.0.0.1");
    /* Plans take megabytes and give them back: not to the system each time, which would hand them out page by page again. */
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, BUFFER_BYTES); /* the first option fixes the second at 128 kB: each batch of rows would be a mapping */
    if (with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent))
        return 1; /* it died meanwhile */
    if (!say_ready(ready_fd < 0 ? STDOUT_FILENO : ready_fd, host, port))
        exit_code = 1;
    int got;
    if (exit_code == 0 && sigwait(&signals, &got) != 0)
        exit_code = 1;
    return exit_code;
}
