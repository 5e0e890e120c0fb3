/* driver/local_session.h -- SQL statements in this process, without a client: `weir spark-sql`. One thread. */
#ifndef WEIR_DRIVER_LOCAL_SESSION_H
#define WEIR_DRIVER_LOCAL_SESSION_H
#include "base/str.h"
#include "driver/driver.h"

typedef struct LocalSession LocalSession;
Status local_session_open(Driver *driver, LocalSession **ret_session, Error *err);
void local_session_close(LocalSession *s);
Status local_session_set(LocalSession *s, const char *key, const char *value, Error *err);
/* The statements of a script, in order; calls `line` for each row as spark-sql prints it: cells parted by tabs. Stops at
 * the first failure; *ret_text is then what spark-sql prints of it. */
Status local_session_run(LocalSession *s, const char *script, bool header, void (*line)(void *arg, const char *text), void *arg,
                         Str *ret_text, Error *err);

#endif
