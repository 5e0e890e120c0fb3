/* step/driver_start.c -- starting `weir driver` and learning where it listens. */
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "step/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum { CONF_TEXT_BYTES = 1 << 20 };

/* One "key=value" a line, backslash and line breaks escaped as in a properties file. */
static Status conf_write(const DriverOptions *options, const char *path, Error *err)
{
    str_auto text = STR_INIT(CONF_TEXT_BYTES);
    for (size_t i = 0; i < options->conf.len; i++) {
        const char *value = options->conf.at[i].value;
        if (!value)
            continue;
        str_addf(&text, "%s=", options->conf.at[i].key);
        for (const char *p = value; *p; p++)
            if (*p == '\n' || *p == '\r' || *p == '\\')
                str_add(&text, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : "\\\\");
            else
                str_addc(&text, *p);
        str_addc(&text, '\n');
    }
    if (text.overflow)
        return FAIL(err, ST_LIMIT, "the application's configuration is larger than %d bytes", CONF_TEXT_BYTES);
    return file_write_durable(path, str_text(&text), text.len, 0600, err);
}

static Status token_make(char token[65], Error *err)
{
    unsigned char bytes[32];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return FAIL(err, ST_IO, "getrandom: %s", strerror(errno));
    hex_encode(bytes, sizeof bytes, token);
    return ST_OK;
}

Status driver_start(const DriverOptions *options, Driver *ret_driver, Error *err)
{
    arena_auto *a = arena_new();
    Driver driver = { .process = PROCESS_NONE, .ready_fd = -1 };
    TRY(token_make(driver.token, err));
    char *conf = arena_printf(a, "%s/driver-%d.conf", options->folder, options->number);
    TRY(conf_write(options, conf, err));
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
        return FAIL(err, ST_IO, "make a pipe: %s", strerror(errno));
    fd_auto write_end = ready[1];
    driver.ready_fd = ready[0];
    StrList argv = { 0 };
    const char *fixed[] = { options->program, "driver",  "--listen",
                            "127.0.0.1:0",    "--memory", arena_printf(a, "%lld", (long long)options->memory_bytes),
                            "--cores",        arena_printf(a, "%lld", (long long)options->cores),
                            "--token",        driver.token,
                            "--conf-file",    conf,
                            "--ready-fd",     arena_printf(a, "%d", write_end) };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        vec_push(a, &argv, fixed[i]);
    const char *named[][2] = { { "--run", options->run }, { "--home", options->home }, { "--warehouse", options->warehouse },
                               { "--worker-sandbox", options->worker_sandbox } };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i][1]) {
            vec_push(a, &argv, named[i][0]);
            vec_push(a, &argv, named[i][1]);
        }
    vec_push(a, &argv, NULL);
    int keep[] = { write_end };
    ProcessOptions spawn = PROCESS_OPTIONS;
    spawn.argv = argv.at;
    spawn.env = options->env;
    spawn.cwd = options->cwd;
    spawn.stdout_fd = options->log_fd < 0 ? STDERR_FILENO : options->log_fd;
    spawn.stderr_fd = options->log_fd;
    spawn.keep_fds = keep;
    spawn.keep_len = 1;
    spawn.die_with_parent = true;
    Status status = process_spawn(&spawn, &driver.process, err);
    if (status != ST_OK) {
        close(driver.ready_fd);
        return status;
    }
    *ret_driver = driver;
    return ST_OK;
}

Status driver_ready(Arena *a, Driver *driver, char **ret_remote, Error *err)
{
    static const char promise[] = "weir: ready sc://";
    char line[512];
    ssize_t n = read(driver->ready_fd, line, sizeof line - 1); /* one write of the driver, less than a pipe's atomic size */
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return ST_OK;
    if (n <= 0)
        return FAIL(err, ST_IO, "the Spark driver ended before it was ready");
    line[n] = 0;
    line[strcspn(line, "\r\n")] = 0;
    if (!str_starts(line, promise))
        return FAIL(err, ST_IO, "the Spark driver said '%s'", line);
    *ret_remote = arena_printf(a, "sc://%s/;x-weir-token=%s", line + strlen(promise), driver->token);
    return ST_OK;
}

Status driver_wait_ready(Arena *a, Driver *driver, int timeout_ms, char **ret_remote, Error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    char *remote = NULL;
    while (!remote) {
        int64_t left = until - clock_monotonic_ms();
        struct pollfd wait = { .fd = driver->ready_fd, .events = POLLIN };
        int n = left <= 0 ? 0 : poll(&wait, 1, (int)left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(err, ST_IO, "the Spark driver was not ready within %d ms", timeout_ms);
        TRY(driver_ready(a, driver, &remote, err));
    }
    *ret_remote = remote;
    return ST_OK;
}
