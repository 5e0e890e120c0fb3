/* wire/json.h -- JSON to values and back: plain, and by the shapes of a service model (awsJson). */
#ifndef WEIR_WIRE_JSON_H
#define WEIR_WIRE_JSON_H
#include "base/status.h"
#include "base/str.h"
#include "wire/model.h"
#include "wire/val.h"

enum { WIRE_NESTING = 200 }; /* deepest request of any protocol */

/* Plain. Objects keep their order; numbers without fraction become INT. ST_INVALID says where the text is broken. */
Status json_read(Arena *a, const char *text, size_t length, Val **ret_value, Error *err);
/* No spaces; blobs as base64, times as seconds. */
void json_write(Str *out, const Val *v);
void json_write_text(Str *out, const char *text, size_t length); /* quoted and escaped */

/* By shape: members unknown to the shape are dropped, null is absent, times and blobs become VAL_TIME and VAL_BLOB. A member
 * of the wrong type is ST_INVALID with SerializationException, in AWS's words. An empty text is an empty structure. */
Status json_read_shape(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err);
/* `shape` decides order and formats; what a handler set that the shape does not know is left out. */
void json_write_shape(Str *out, const ModelShape *shape, const Val *v);

#endif
