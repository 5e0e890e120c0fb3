/* api/route.h -- which service and operation a request is for.
 *
 * In this order: X-Amz-Target names a JSON service; smithy-protocol a CBOR one; a form body, or Action= in the query, is the
 * query protocol, whose service is that of the credential scope, or the one whose API version it is; the rest is S3, with the
 * bucket in the path or in the host name (BUCKET.localhost, BUCKET.s3.…). */
#ifndef WEIR_API_ROUTE_H
#define WEIR_API_ROUTE_H
#include "api/exchange.h"

/* By the head. Fails with a 4xx that names what is not known, target.protocol says in which form. */
Status route_head(Exchange *x, HttpRequest *request, Error *err);
/* Query protocol: the same once the body is there. */
Status route_form(Exchange *x, HttpRequest *request, Error *err);

#endif
