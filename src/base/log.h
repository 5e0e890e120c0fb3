/* base/log.h -- one line per event on stderr: time, level, where, message. Libraries (all but api/, step/, driver/, app/)
 * never log: they return an Error. Thread-safe. The level comes from WEIR_LOG (error, warn, info, debug), default info. */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

typedef enum LogLevel { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } LogLevel;

void log_line(LogLevel level, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define log_error(...) log_line(LOG_ERROR, __FILE_NAME__, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __FILE_NAME__, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __FILE_NAME__, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __FILE_NAME__, __VA_ARGS__)

#endif
