/* yarn/logs.c -- an application's logs: those of its step, which has one container. */
#include "base/file.h"
#include "base/str.h"
#include "yarn/private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };
static const char *const log_types[] = { "stderr", "stdout", "syslog" };
enum { LOG_TYPES = sizeof log_types / sizeof *log_types };

/* HOME/run/CLUSTER/STEP/TYPE: the names are the store's own. */
static char *log_path(const YarnCall *c, const Val *application, const char *type)
{
    return arena_printf(c->arena, "%s/run/%s/%s/%s", c->home, val_str(application, "cluster"), val_str(application, "step"), type);
}

Status yarn_logs(YarnCall *c, Error *err)
{
    Val *application = NULL, *logs = val_list(c->arena);
    TRY(yarn_application(c, &application, err));
    for (size_t i = 0; i < LOG_TYPES && val_str(application, "step"); i++) {
        struct stat st;
        if (stat(log_path(c, application, log_types[i]), &st) < 0 || !st.st_size)
            continue;
        Val *log = val_map(c->arena);
        val_set_str(c->arena, log, "type", log_types[i]);
        val_set_int(c->arena, log, "bytes", st.st_size);
        val_set_int(c->arena, log, "modified", (int64_t)st.st_mtim.tv_sec * 1000);
        val_push(c->arena, logs, log);
    }
    const char *number = val_str(application, "id") + strlen("application");
    val_set_str(c->arena, c->answer, "containerId", arena_printf(c->arena, "container%s_01_000001", number));
    val_set(c->arena, c->answer, "logs", logs);
    return ST_OK;
}

Status yarn_log(YarnCall *c, Error *err)
{
    Val *application = NULL;
    const char *type = val_str(c->request, "type");
    int64_t offset = val_int(c->request, "offset", 0);
    bool known = false;
    for (size_t i = 0; i < LOG_TYPES; i++)
        known |= str_eq(type, log_types[i]);
    if (!known || offset < 0)
        return FAIL(err, ST_INVALID, "a log is stderr, stdout or syslog, from an offset on");
    TRY(yarn_application(c, &application, err));
    const char *path = log_path(c, application, type);
    fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = arena_alloc(c->arena, PIECE_BYTES);
    ssize_t n = fd < 0 ? -1 : pread(fd, bytes, PIECE_BYTES, offset);
    if (n < 0)
        return FAIL(err, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "read the log '%s': %s", type, strerror(errno));
    val_set_str(c->arena, c->answer, "bytes", base64_encode(c->arena, bytes, (size_t)n));
    return ST_OK;
}
