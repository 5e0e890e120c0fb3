/* base/file.c -- files and folders. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_closep(FILE **f)
{
    if (*f)
        fclose(*f);
}

void fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

Status file_read(Arena *a, const char *path, size_t max_bytes, char **ret_text, size_t *ret_length, Error *err)
{
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "open '%s': %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) < 0)
        return FAIL(err, ST_IO, "stat '%s': %s", path, strerror(errno));
    size_t unknown = max_bytes < 64 * 1024 ? max_bytes : 64 * 1024; /* /proc says 0 of everything */
    size_t cap = st.st_size > 0 ? (size_t)st.st_size : unknown, length = 0;
    if (cap > max_bytes)
        return FAIL(err, ST_LIMIT, "'%s' is larger than %zu bytes", path, max_bytes);
    char *text = arena_alloc(a, cap + 1);
    while (length < cap) {
        ssize_t n = read(fd, text + length, cap - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "read '%s': %s", path, strerror(errno));
        if (n == 0)
            break;
        length += (size_t)n;
    }
    text[length] = 0;
    *ret_text = text;
    if (ret_length)
        *ret_length = length;
    return ST_OK;
}

static Status write_all(int fd, const char *path, const char *bytes, size_t length, Error *err)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, ST_IO, "write '%s': %s", path, strerror(errno));
        bytes += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

Status dir_sync(const char *path, Error *err)
{
    fd_auto fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return FAIL(err, ST_IO, "sync folder '%s': %s", path, strerror(errno));
    return ST_OK;
}

Status file_write_durable(const char *path, const void *bytes, size_t length, unsigned mode, Error *err)
{
    arena_auto *a = arena_new();
    char *temporary = arena_printf(a, "%s.tmp.XXXXXX", path);
    fd_auto fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "create '%s': %s", temporary, strerror(errno));
    Status status = write_all(fd, path, bytes, length, err);
    if (status == ST_OK && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(temporary, path) < 0))
        status = FAIL(err, ST_IO, "write '%s': %s", path, strerror(errno));
    if (status != ST_OK) {
        unlink(temporary);
        return status;
    }
    const char *slash = strrchr(path, '/');
    return dir_sync(slash ? arena_strn(a, path, slash == path ? 1 : (size_t)(slash - path)) : ".", err);
}

Status dir_make(const char *path, unsigned mode, Error *err)
{
    arena_auto *a = arena_new();
    char *part = arena_str(a, path);
    for (char *p = part + 1; ; p++) {
        if (*p && *p != '/')
            continue;
        char c = *p;
        *p = 0;
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return FAIL(err, ST_IO, "make folder '%s': %s", part, strerror(errno));
        *p = c;
        if (!c)
            return ST_OK;
    }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

Status tree_remove(const char *path, Error *err)
{
    if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return FAIL(err, ST_IO, "remove '%s': %s", path, strerror(errno));
    return ST_OK;
}

char *path_join(Arena *a, const char *folder, const char *name)
{
    size_t n = strlen(folder);
    return arena_printf(a, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
}

bool path_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}
