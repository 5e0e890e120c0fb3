/* wire/rest.h -- REST services: which operation a method, path and query mean, and values in paths, queries, headers and XML
 * bodies. Source: the models' http traits, and the S3 API Reference where several operations share one URI. */
#ifndef WEIR_WIRE_REST_H
#define WEIR_WIRE_REST_H
#include "base/status.h"
#include "os/http.h"
#include "wire/model.h"
#include "wire/val.h"

/* `path` begins with '/', percent-encoded, bucket first (the caller has turned virtual hosts into paths). Of the operations
 * whose URI fits and whose required query and header members are there, the most specific; NULL when none fits.
 * *ret_labels: the URI's members, decoded. */
const ModelOperation *rest_match(const ModelService *service, const HttpRequest *request, const char *path, HttpPairs *ret_labels);
/* Has the operation's input a member that is the body as bytes (PutObject, UploadPart)? */
bool rest_streams_body(const ModelOperation *operation);
Status rest_read(Arena *a, const ModelOperation *operation, const HttpRequest *request, const HttpPairs *labels, Val **ret_input,
                 Error *err);
/* Sets headers and, unless the handler gave a body, file or stream itself, the XML body. */
void rest_write(const ModelOperation *operation, HttpRequest *request, const Val *output, HttpResponse *response);

#endif
