/* warehouse/frame.c -- see frame.h. */
#include "warehouse/frame.h"

#include "base/file.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static Status closed(Error *err)
{
    return FAIL_CODE(err, ST_IO, "CLOSED", "the warehouse closed its connection");
}

static Status write_all(int fd, const char *bytes, size_t length, Error *err)
{
    while (length) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return closed(err);
        bytes += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

Status frame_write(int fd, Arena *a, const Val *value, Error *err)
{
    const char *text = val_to_json(a, value);
    size_t length = strlen(text);
    if (length > FRAME_BYTES_MAX)
        return FAIL(err, ST_LIMIT, "a message of %zu bytes", length);
    uint32_t head = htonl((uint32_t)length);
    TRY(write_all(fd, (const char *)&head, sizeof head, err));
    return write_all(fd, text, length, err);
}

static Status read_all(int fd, char *bytes, size_t length, Error *err)
{
    while (length) {
        ssize_t n = recv(fd, bytes, length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return closed(err);
        bytes += n;
        length -= (size_t)n;
    }
    return ST_OK;
}

Status frame_read(int fd, Arena *a, Val **ret_value, Error *err)
{
    uint32_t head = 0;
    TRY(read_all(fd, (char *)&head, sizeof head, err));
    size_t length = ntohl(head);
    if (length > FRAME_BYTES_MAX)
        return FAIL(err, ST_LIMIT, "a message of %zu bytes", length);
    char *text = arena_alloc(a, length + 1);
    TRY(read_all(fd, text, length, err));
    return val_from_json(a, text, length, ret_value) ? ST_OK : FAIL(err, ST_INTERNAL, "a message that is no JSON");
}

Status frame_address(const char *folder, int *ret_folder_fd, struct sockaddr_un *ret_address, Error *err)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ST_IO, "folder '%s': %s", folder, strerror(errno));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" WAREHOUSE_SOCKET, fd);
    *ret_folder_fd = fd;
    *ret_address = address;
    return ST_OK;
}

Status frame_copy_file(const char *from, const char *to, int64_t *ret_bytes, Error *err)
{
    fd_auto in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 && errno == ENOENT)
        return ST_OK;
    struct stat st;
    if (in < 0 || fstat(in, &st) < 0)
        return FAIL(err, ST_IO, "open '%s': %s", from, strerror(errno));
    fd_auto out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0)
        return FAIL(err, ST_IO, "make '%s': %s", to, strerror(errno));
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)left, 0);
        if (n <= 0)
            return FAIL(err, ST_IO, "copy '%s': %s", from, n < 0 ? strerror(errno) : "it got shorter");
        left -= n;
    }
    if (fsync(out) < 0)
        return FAIL(err, ST_IO, "write '%s': %s", to, strerror(errno));
    *ret_bytes += st.st_size;
    return ST_OK;
}
