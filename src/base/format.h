/* base/format.h -- vsnprintf, several times as fast for the conversions that nearly all of our formats are made of. */
#ifndef WEIR_BASE_FORMAT_H
#define WEIR_BASE_FORMAT_H
#include <stdarg.h>
#include <stddef.h>

/* As vsnprintf(3): at most `room` bytes with the NUL; returns the length of the whole text, negative on an error. %s, %.*s, %c, %d, %ld, %zu
 * and %% are written here, a format that has another conversion by the C library. Not for `args` of a caller that reads on after it. */
int format_text(char *out, size_t room, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif
