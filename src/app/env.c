/* app/env.c -- `weir env`: eval "$(weir env --home DIR)" makes aws, boto3 and Terraform speak to that server. */
#include "app/home.h"
#include "app/options.h"
#include "svc/credentials.h"

#include <stdio.h>

int app_env(int argc, char **argv);

static Status print(Arena *a, const char *home, Error *err)
{
    HomeEndpoint at;
    Credential root;
    TRY(home_read_endpoint(a, home, &at, err));
    TRY(credentials_root(a, home, at.account, &root, err));
    printf("export AWS_ENDPOINT_URL=%s\nexport AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n"
           "export AWS_DEFAULT_REGION=%s\n",
           at.endpoint, root.principal.access_key, root.secret_key, at.region);
    return ST_OK;
}

int app_env(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    Error err = ERROR_INIT;
    int exit_code;
    if (!options_begin(a, "env", argc, argv, &options, &exit_code))
        return exit_code;
    if (print(a, option_text(a, &options, "home"), &err) != ST_OK) {
        fprintf(stderr, "weir env: %s\n", err.message);
        return 1;
    }
    return 0;
}
