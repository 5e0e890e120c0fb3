/* base/log.c -- one write() per line, so that lines of several threads and processes never mix. */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static LogLevel log_level(void)
{
    const char *name = getenv("WEIR_LOG");
    if (!name)
        return LOG_INFO;
    static const char *const names[] = { "error", "warn", "info", "debug" };
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i]))
            return (LogLevel)i;
    return LOG_INFO;
}

void log_line(LogLevel level, const char *where, const char *format, ...)
{
    if (level > log_level())
        return;
    static const char *const names[] = { "ERROR", "WARN ", "INFO ", "DEBUG" };
    char line[4096];
    arena_auto *a = arena_new();
    int n = snprintf(line, sizeof line, "%s %s %s: ", time_iso8601(a, clock_ms()), names[level], where);
    va_list args;
    va_start(args, format);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    va_end(args);
    size_t length = (size_t)n + (m < 0 ? 0 : (size_t)m);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    if (write(STDERR_FILENO, line, length + 1) < 0)
        return; /* nowhere left to say so */
}
