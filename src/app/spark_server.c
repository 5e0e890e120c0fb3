/* app/spark_server.c -- see spark_server.h. */
#include "app/spark_server.h"

#include "app/home.h"
#include "base/str.h"
#include "svc/credentials.h"

#include <stdlib.h>

Status spark_find_server(Arena *a, const char *home, bool home_given, LakeCredentials *ret, bool *ret_found, Error *err)
{
    const char *endpoint = getenv("AWS_ENDPOINT_URL"), *key = getenv("AWS_ACCESS_KEY_ID"), *region = getenv("AWS_DEFAULT_REGION");
    *ret_found = false;
    if (endpoint && *endpoint && key && *key && !home_given) {
        *ret = (LakeCredentials){ .endpoint = endpoint, .region = region && *region ? region : "us-east-1", .access_key = key,
                                  .secret_key = getenv("AWS_SECRET_ACCESS_KEY"), .session_token = getenv("AWS_SESSION_TOKEN") };
        if (ret->session_token && !*ret->session_token)
            ret->session_token = NULL;
        if (!ret->secret_key)
            return FAIL(err, ST_INVALID, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
        *ret_found = true;
        return ST_OK;
    }
    HomeEndpoint at;
    Credential root;
    Error none = ERROR_INIT;
    if (home_read_endpoint(a, home, &at, &none) != ST_OK)
        return ST_OK;
    TRY(credentials_root(a, home, at.account, &root, err));
    *ret = (LakeCredentials){ .endpoint = at.endpoint, .region = at.region, .access_key = root.principal.access_key,
                              .secret_key = root.secret_key };
    *ret_found = true;
    return ST_OK;
}
