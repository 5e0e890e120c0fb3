/* lake/metastore_server.c -- the catalog of a running `weir serve`: POST /_weir/metastore/OPERATION with JSON, signed with the
 * step's credentials. */
#include "lake/metastore_private.h"
#include "lake/server_ask.h"

Status metastore_server_ask(const LakeCredentials *credentials, Arena *a, const char *operation, bool changes, const Val *request,
                            Val **ret_answer, Error *err)
{
    return server_ask(credentials, a, arena_printf(a, "/_weir/metastore/%s", operation), !changes, request, ret_answer, err);
}
