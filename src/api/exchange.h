/* api/exchange.h -- one request on its way through api/: what is known of it so far. In the request's arena. */
#ifndef WEIR_API_EXCHANGE_H
#define WEIR_API_EXCHANGE_H
#include "api/operations.h"
#include "os/sigv2.h"
#include "os/sigv4.h"
#include "svc/svc.h"
#include "wire/codec.h"

struct Chunks;
struct Spool;

typedef struct Exchange {
    Server *server;
    const char *request_id;
    int64_t started_us;
    WireTarget target;
    bool form_body;            /* a query request: its body names the operation */
    const InnerRoute *inner;   /* weir's own endpoints */
    const Operation *operation;
    SigV4Claim claim;
    bool older;                /* presigned by version 2: then this, and `claim` has what both have */
    SigV2Claim claim_v2;
    const char *resource;      /* S3: the path with the bucket in front */
    const char *secret_key;
    Principal principal;
    const char *sent;          /* the body as it came, over which the signature is */
    size_t sent_len;
    bool verified;             /* the signature was checked, or need not be */
    struct Spool *spool;       /* an object's body */
    struct Chunks *chunks;     /* aws-chunked: decodes into the spool or `decoded` */
    Str decoded;
    Error chunks_error;
    HttpSink sink;             /* where decoded bytes go */
} Exchange;

#endif
