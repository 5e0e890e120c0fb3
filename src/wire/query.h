/* wire/query.h -- the form bodies of the query and EC2 protocols: Action=…&Steps.member.1.Name=… */
#ifndef WEIR_WIRE_QUERY_H
#define WEIR_WIRE_QUERY_H
#include "base/status.h"
#include "os/http.h"
#include "wire/model.h"
#include "wire/val.h"

enum { FORM_PAIRS = 20000 }; /* of one request */

/* name=value&…, decoded, in order. ST_INVALID on a broken escape, ST_LIMIT on more than FORM_PAIRS. */
Status form_read(Arena *a, const char *text, size_t length, HttpPairs *ret_pairs, Error *err);
/* The pairs as a structure of that shape. Parameters that it does not know are dropped, as AWS does. */
Status query_read_shape(Arena *a, const ModelShape *shape, bool ec2, const HttpPairs *pairs, Val **ret_value, Error *err);

#endif
