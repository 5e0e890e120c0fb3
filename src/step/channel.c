/* step/channel.c -- the unix socket between a step's sandbox and its supervisor. */
#include "step/channel.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_BYTES = 1 << 20, CLIENTS_MAX = 16, DRIVERS_MAX = 16, DRIVER_READY_MS = 30000 };

typedef struct Client {
    int fd;
    Str request;
    int driver; /* index of the driver it waits for, -1: none */
} Client;

struct Channel {
    Arena *arena;
    DriverOptions options;
    int listener;
    Client clients[CLIENTS_MAX];
    Driver drivers[DRIVERS_MAX];
    size_t clients_len, drivers_len;
};

/* A path of any length: a socket's own holds 107 characters, so the folder goes through /proc/self/fd. */
static Status socket_address(const char *path, int *ret_folder_fd, struct sockaddr_un *ret_address, Error *err)
{
    arena_auto *a = arena_new();
    const char *slash = strrchr(path, '/');
    if (!slash)
        return FAIL(err, ST_INVALID, "socket '%s' is not an absolute path", path);
    int fd = open(arena_strn(a, path, (size_t)(slash - path)), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "folder of '%s': %s", path, strerror(errno));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.60s", fd, slash + 1);
    *ret_folder_fd = fd;
    *ret_address = address;
    return ST_OK;
}

/* --- the supervisor's side --- */

Channel *channel_new(Arena *a, const DriverOptions *driver)
{
    Channel *channel = ARENA_NEW(a, Channel);
    channel->arena = a;
    channel->options = *driver;
    channel->listener = -1;
    return channel;
}

Status channel_listen(Channel *channel, const char *socket_path, Error *err)
{
    struct sockaddr_un address;
    fd_auto folder = -1;
    TRY(socket_address(socket_path, &folder, &address, err));
    fd_auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, CLIENTS_MAX) < 0)
        return FAIL(err, ST_IO, "listen on '%s': %s", socket_path, strerror(errno));
    channel->listener = fd;
    fd = -1;
    return ST_OK;
}

size_t channel_polls(Channel *channel, struct pollfd *polls)
{
    size_t n = 0;
    polls[n++] = (struct pollfd){ .fd = channel->clients_len < CLIENTS_MAX ? channel->listener : -1, .events = POLLIN };
    for (size_t i = 0; i < channel->clients_len; i++) {
        const Client *client = &channel->clients[i];
        int fd = client->driver < 0 ? client->fd : channel->drivers[client->driver].ready_fd;
        polls[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    return n;
}

/* Answers with one line and lets the client go. A client that does not read loses its answer. */
static void client_answer(Channel *channel, size_t index, const char *key, const char *text)
{
    Client *client = &channel->clients[index];
    json_t *answer = json_pack("{ss}", key, text);
    char *line = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    if (line) {
        send(client->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
        send(client->fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    free(line);
    close(client->fd);
    str_done(&client->request);
    channel->clients[index] = channel->clients[--channel->clients_len];
}

static void client_start_driver(Channel *channel, size_t index, const json_t *request)
{
    if (channel->drivers_len == DRIVERS_MAX) {
        client_answer(channel, index, "error", "a step may have 16 Spark drivers at most");
        return;
    }
    DriverOptions options = channel->options;
    options.number = (int)channel->drivers_len + 1;
    Map conf = { 0 };
    for (size_t i = 0; i < options.conf.len; i++)
        map_set(channel->arena, &conf, options.conf.at[i].key, options.conf.at[i].value);
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(request, "conf"), key, value)
        if (json_is_string(value))
            map_set(channel->arena, &conf, key, arena_str(channel->arena, json_string_value(value)));
    const char *name = json_string_value(json_object_get(request, "name"));
    if (name)
        map_set(channel->arena, &conf, "spark.app.name", arena_str(channel->arena, name));
    options.conf = conf;
    Error error = ERROR_INIT;
    if (driver_start(&options, &channel->drivers[channel->drivers_len], &error) != ST_OK) {
        client_answer(channel, index, "error", error.message);
        return;
    }
    channel->clients[index].driver = (int)channel->drivers_len++;
}

static void client_request(Channel *channel, size_t index)
{
    Client *client = &channel->clients[index];
    json_t *request = json_loads(str_text(&client->request), 0, NULL);
    const char *op = json_string_value(json_object_get(request, "op"));
    if (str_eq(op, "driver"))
        client_start_driver(channel, index, request);
    else
        client_answer(channel, index, "error", request ? "no such operation" : "the request is not JSON");
    json_decref(request);
}

/* Reads more of a request; a whole line is served. */
static void client_read(Channel *channel, size_t index)
{
    Client *client = &channel->clients[index];
    char bytes[65536];
    ssize_t n = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0)
        str_addn(&client->request, bytes, (size_t)n);
    if (n <= 0 || client->request.overflow)
        client_answer(channel, index, "error", "the request is not one line");
    else if (bytes[n - 1] == '\n')
        client_request(channel, index);
}

static void client_driver_ready(Channel *channel, size_t index)
{
    char *remote = NULL;
    Error error = ERROR_INIT;
    Status status = driver_ready(channel->arena, &channel->drivers[channel->clients[index].driver], &remote, &error);
    if (status != ST_OK)
        client_answer(channel, index, "error", error.message);
    else if (remote)
        client_answer(channel, index, "remote", remote);
}

void channel_serve(Channel *channel, const struct pollfd *polls, size_t count)
{
    for (size_t i = count; i-- > 1;) /* backwards: an answered client gives its place to the last one */
        if (polls[i].revents && channel->clients[i - 1].driver >= 0)
            client_driver_ready(channel, i - 1);
        else if (polls[i].revents)
            client_read(channel, i - 1);
    if (count && polls[0].revents & POLLIN && channel->clients_len < CLIENTS_MAX) {
        int fd = accept4(channel->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            channel->clients[channel->clients_len++] = (Client){ .fd = fd, .request = STR_INIT(REQUEST_BYTES), .driver = -1 };
    }
}

bool channel_owns(const Channel *channel, pid_t pid)
{
    for (size_t i = 0; i < channel->drivers_len; i++)
        if (channel->drivers[i].process.pid == pid)
            return true;
    return false;
}

void channel_stop(Channel *channel, int limit_ms)
{
    while (channel->clients_len)
        client_answer(channel, channel->clients_len - 1, "error", "the step has ended");
    if (channel->listener >= 0)
        close(channel->listener);
    channel->listener = -1;
    for (size_t i = 0; i < channel->drivers_len; i++)
        process_signal(&channel->drivers[i].process, SIGTERM);
    int64_t until = clock_monotonic_ms() + limit_ms;
    for (size_t i = 0; i < channel->drivers_len; i++) {
        Driver *driver = &channel->drivers[i];
        ProcessEnd end;
        int64_t left = until - clock_monotonic_ms();
        if (process_wait(&driver->process, left > 0 ? (int)left : 0, &end, NULL) == ST_LIMIT) {
            process_signal(&driver->process, SIGKILL);
            process_wait(&driver->process, 1000, &end, NULL);
        }
        process_done(&driver->process);
        close(driver->ready_fd);
    }
    channel->drivers_len = 0;
}

/* --- the client's side --- */

static Status answer_read(Arena *a, int fd, char **ret_line, Error *err)
{
    str_auto line = STR_INIT(65536);
    char bytes[4096];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            str_addn(&line, bytes, (size_t)n);
    if (n < 0 || !line.len)
        return FAIL(err, ST_IO, "the step's supervisor gave no answer");
    *ret_line = str_arena(&line, a);
    return ST_OK;
}

Status channel_request_driver(Arena *a, const char *socket_path, const char *name, const Map *conf, char **ret_remote, Error *err)
{
    struct sockaddr_un address;
    fd_auto folder = -1;
    TRY(socket_address(socket_path, &folder, &address, err));
    fd_auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return FAIL(err, ST_IO, "connect to the step's supervisor at '%s': %s", socket_path, strerror(errno));
    json_t *settings = json_object();
    for (size_t i = 0; i < conf->len; i++)
        json_object_set_new(settings, conf->at[i].key, json_string(conf->at[i].value));
    json_t *request = json_pack("{ss ss* so}", "op", "driver", "name", name, "conf", settings);
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (!line)
        return FAIL(err, ST_INVALID, "the application's configuration is not valid UTF-8");
    char *text = arena_printf(a, "%s\n", line);
    free(line);
    for (size_t at = 0, n = strlen(text); at < n;) {
        ssize_t sent = send(fd, text + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return FAIL(err, ST_IO, "ask the step's supervisor: %s", strerror(errno));
        at += sent > 0 ? (size_t)sent : 0;
    }
    TRY(answer_read(a, fd, &text, err));
    json_t *answer = json_loads(text, 0, NULL);
    const char *remote = json_string_value(json_object_get(answer, "remote"));
    const char *problem = json_string_value(json_object_get(answer, "error"));
    Status status = ST_OK;
    if (remote)
        *ret_remote = arena_str(a, remote);
    else
        status = FAIL(err, ST_IO, "%s", problem ? problem : "the step's supervisor gave an answer that is none");
    json_decref(answer);
    return status;
}
