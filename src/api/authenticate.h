/* api/authenticate.h -- who sends this request: SigV4 by header, by query (presigned), and of bodies in chunks.
 *
 * With --auth off nothing is verified: the principal is that of the access key named, or else the account's root.
 * The error codes are those of each protocol. Source: "Common errors" of the API references; "Error responses" of S3. */
#ifndef WEIR_API_AUTHENTICATE_H
#define WEIR_API_AUTHENTICATE_H
#include "api/exchange.h"

enum { AUTH_SKEW_MS = 15 * 60 * 1000 };

/* Reads the claim. Fails only when a signature is there but malformed. */
Status authenticate_claim(Exchange *x, HttpRequest *request, Error *err);
/* By the head alone: a known key, a valid token, the time. Sets principal. */
Status authenticate_key(Exchange *x, HttpRequest *request, Error *err);
/* The signature, over the hash that the request gives or, when it gives none, over that of `body`. */
Status authenticate_signature(Exchange *x, HttpRequest *request, const char *body, size_t body_len, Error *err);

#endif
