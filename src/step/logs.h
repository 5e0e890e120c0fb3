/* step/logs.h -- a step's logs: compressed for LogUri, and what a failed step's stderr says about why. */
#ifndef WEIR_STEP_LOGS_H
#define WEIR_STEP_LOGS_H
#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

/* Compresses a file (an absent one counts as empty) into `to`, RFC 1952, of what it holds now. */
Status logs_gzip(const char *from, const char *to, Error *err);
/* The last line of the text that names an exception or error ("ValueError: …", "pkg.SomeException: …",
 * "Exception in thread …"), else its last line that is not empty; cut to 1,024 bytes of UTF-8. NULL when there is none. */
char *logs_failure_line(Arena *a, const char *text, size_t length);
/* The same of a file's last 64 KiB. */
char *logs_failure_of_file(Arena *a, const char *path);

#endif
