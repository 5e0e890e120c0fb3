/* yarn/client.c -- the operations as another process calls them. */
#include "base/file.h"
#include "base/str.h"
#include "lake/server_ask.h"
#include "yarn/yarn.h"

#include <stdlib.h>

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

Status yarn_open(Arena *a, Yarn *ret_yarn, Error *err)
{
    const char *region = setting("AWS_DEFAULT_REGION"), *home = setting("WEIR_HOME"), *user = setting("HOME");
    Yarn yarn = { .server = { setting("AWS_ENDPOINT_URL"), region ? region : "us-east-1", setting("AWS_ACCESS_KEY_ID"),
                              setting("AWS_SECRET_ACCESS_KEY"), setting("AWS_SESSION_TOKEN") },
                  .home = home ? home : path_join(a, user ? user : ".", ".weir") };
    if (!yarn.server.endpoint || !yarn.server.access_key || !yarn.server.secret_key) {
        yarn.server.endpoint = NULL;
        if (!path_exists(path_join(a, yarn.home, "control.db")))
            return FAIL(err, ST_NOT_FOUND, "there is no home at '%s': set AWS_ENDPOINT_URL or WEIR_HOME", yarn.home);
        TRY(store_open(yarn.home, &yarn.store, err));
    }
    *ret_yarn = yarn;
    return ST_OK;
}

void yarn_close(Yarn *yarn)
{
    if (yarn->store)
        store_close(yarn->store);
    yarn->store = NULL;
}

Status yarn_ask(Yarn *yarn, Arena *a, const char *operation, const Val *request, Val **ret_answer, Error *err)
{
    if (yarn->store)
        return yarn_store_call(yarn->store, yarn->home, a, NULL, operation, request, ret_answer, err);
    return server_ask(&yarn->server, a, arena_printf(a, "/_weir/yarn/%s", operation), !str_eq(operation, "submit"), request, ret_answer, err);
}
