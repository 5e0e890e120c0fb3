/* base/java_text.h -- floating-point numbers as Java 17's Double.toString and Float.toString write them.
 *
 * Not always the shortest digits that read back: Java before 19 writes a digit more at times (2.14748365E9 for a float of 2^31),
 * and what Spark 4.1 prints is what its Java prints. Pure; any thread.
 * Source: jdk.internal.math.FloatingDecimal.BinaryToASCIIBuffer of OpenJDK 17 (dtoa, developLongDigits, getChars). */
#ifndef WEIR_BASE_JAVA_TEXT_H
#define WEIR_BASE_JAVA_TEXT_H
#include <stddef.h>

enum { JAVA_TEXT_BYTES = 32 };

/* out[JAVA_TEXT_BYTES], ends with a NUL; returns the length without it. */
size_t java_text_double(double x, char *out);
size_t java_text_float(float x, char *out);

#endif
