/* wire/codec.h -- requests to inputs and outputs to responses, by protocol. */
#ifndef WEIR_WIRE_CODEC_H
#define WEIR_WIRE_CODEC_H
#include "base/status.h"
#include "os/http.h"
#include "wire/model.h"
#include "wire/val.h"

/* What a request is for. */
typedef struct WireTarget {
    const ModelService *service;
    const ModelOperation *operation; /* NULL: the service has none of that name */
    const char *operation_name;      /* as asked for */
    ModelProtocol protocol;
    HttpPairs labels;                /* REST: the URI's members */
    HttpPairs form;                  /* query, EC2: the body's or the query's parameters */
} WireTarget;

/* The input as its shape says, validated (S3 does that itself, by operation). */
Status wire_read(const WireTarget *target, const HttpRequest *request, Val **ret_input, Error *err);
/* Fills status, headers and body; keeps what a handler has set already. */
void wire_write(const WireTarget *target, HttpRequest *request, const Val *output, const char *request_id, HttpResponse *response);
/* The error as the protocol has it. The status is err->http, or what the model says of the code, or follows from
 * err->status; never 5xx for what the client did. err's parameters become further members of the error. */
void wire_write_error(const WireTarget *target, HttpRequest *request, const Error *err, const char *request_id,
                      HttpResponse *response);

#endif
