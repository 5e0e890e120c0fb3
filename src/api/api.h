/* api/api.h -- the control plane's HTTP face: every request becomes a Call of a handler, every answer takes its protocol's form.
 *
 *   head → route → key known? → body (memory, or an object's spool) → signature → input by shape → handler → output by shape
 *
 * Each request has an id (x-amzn-RequestId, x-amz-request-id) that its log line carries. */
#ifndef WEIR_API_API_H
#define WEIR_API_API_H
#include "os/http.h"
#include "svc/svc.h"

typedef struct Api Api;
/* `server` must be complete, but for `endpoint`, and outlive the Api. */
Api *api_new(Server *server);
HttpHandler api_handler(Api *api);
void api_free(Api *api); /* after http_server_stop */

#endif
