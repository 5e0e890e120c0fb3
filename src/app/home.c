/* app/home.c -- see home.h. */
#include "app/home.h"

#include "base/file.h"
#include "base/str.h"
#include "wire/val.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_MAX = 4096 };

Status home_lock(const char *home, int *ret_fd, Error *err)
{
    arena_auto *a = arena_new();
    const char *path = path_join(a, home, "lock");
    fd_auto fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL(err, ST_IO, "open '%s': %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        char pid[32] = "";
        if (errno != EWOULDBLOCK)
            return FAIL(err, ST_IO, "lock '%s': %s", path, strerror(errno));
        if (read(fd, pid, sizeof pid - 1) <= 0)
            pid[0] = '?';
        pid[strcspn(pid, "\n")] = 0;
        return FAIL(err, ST_CONFLICT, "another weir serve (process %s) runs on %s: stop it or choose another --home", pid, home);
    }
    const char *pid = arena_printf(a, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, pid, strlen(pid)) < 0)
        return FAIL(err, ST_IO, "write '%s': %s", path, strerror(errno));
    *ret_fd = fd;
    fd = -1;
    return ST_OK;
}

Status home_write_endpoint(const char *home, const HomeEndpoint *endpoint, Error *err)
{
    arena_auto *a = arena_new();
    Val *v = val_map(a);
    val_set_str(a, v, "endpoint", endpoint->endpoint);
    val_set_str(a, v, "region", endpoint->region);
    val_set_str(a, v, "account", endpoint->account);
    val_set_str(a, v, "auth", endpoint->auth);
    val_set_int(a, v, "pid", getpid());
    const char *text = arena_printf(a, "%s\n", val_to_json(a, v));
    return file_write_durable(path_join(a, home, "endpoint"), text, strlen(text), 0600, err);
}

void home_remove_endpoint(const char *home)
{
    arena_auto *a = arena_new();
    unlink(path_join(a, home, "endpoint"));
}

static bool is_running(Arena *a, const char *home)
{
    fd_auto fd = open(path_join(a, home, "lock"), O_RDONLY | O_CLOEXEC);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
}

Status home_read_endpoint(Arena *a, const char *home, HomeEndpoint *ret_endpoint, Error *err)
{
    char *text;
    size_t length;
    Val *v;
    if (!is_running(a, home) || file_read(a, path_join(a, home, "endpoint"), FILE_MAX, &text, &length, NULL) != ST_OK ||
        !val_from_json(a, text, length, &v) || !val_str(v, "endpoint"))
        return FAIL(err, ST_NOT_FOUND, "no server runs on %s: start one with weir serve --home %s", home, home);
    *ret_endpoint = (HomeEndpoint){ val_str(v, "endpoint"), val_str(v, "region"), val_str(v, "account"), val_str(v, "auth") };
    return ST_OK;
}
