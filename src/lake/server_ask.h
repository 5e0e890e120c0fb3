/* lake/server_ask.h -- one question to a running `weir serve`, signed with a step's credentials. A server that is being started
 * again is waited for, up to a minute. Thread-safe. */
#ifndef WEIR_LAKE_SERVER_ASK_H
#define WEIR_LAKE_SERVER_ASK_H
#include "lake/lake.h"
#include "os/client.h"
#include "wire/val.h"

typedef struct ServerRequest {
    const char *method, *service, *path; /* `service`: of the signature's scope; `path`: percent-encoded */
    const void *body;
    size_t length;
    const char *query;   /* percent-encoded, its names in order; NULL: none */
    HttpPairs headers;   /* more of them */
    bool repeatable; /* may it arrive twice? Otherwise it is sent again only when it cannot have arrived. */
} ServerRequest;

Status server_send(const LakeCredentials *credentials, Arena *a, const ServerRequest *request, ClientAnswer *ret_answer, Error *err);

/* POST of JSON to an inner route; the route's own errors come back as they were there. */
Status server_ask(const LakeCredentials *credentials, Arena *a, const char *path, bool repeatable, const Val *request,
                  Val **ret_answer, Error *err);

#endif
