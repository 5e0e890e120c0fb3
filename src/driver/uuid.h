/* driver/uuid.h -- random UUIDs (RFC 9562, version 4) from the system's generator. */
#ifndef WEIR_DRIVER_UUID_H
#define WEIR_DRIVER_UUID_H
#include <stdbool.h>

enum { UUID_TEXT_BYTES = 37 };
void uuid_new(char ret_text[static UUID_TEXT_BYTES]);
bool uuid_valid(const char *text); /* 00112233-4455-6677-8899-aabbccddeeff, any case */

#endif
