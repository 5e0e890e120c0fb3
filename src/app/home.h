/* app/home.h -- what tells other processes of a running server: HOME/lock (flock, held while it lives; its pid inside) and
 * HOME/endpoint (JSON: endpoint, region, account, auth, pid). */
#ifndef WEIR_APP_HOME_H
#define WEIR_APP_HOME_H
#include "base/arena.h"
#include "base/status.h"

#define HOME_ACCOUNT "123456789012"

/* Takes the lock of a home that exists; *ret_fd holds it until closed. ST_CONFLICT names the process that has it. */
Status home_lock(const char *home, int *ret_fd, Error *err);

typedef struct HomeEndpoint {
    const char *endpoint, *region, *account, *auth;
} HomeEndpoint;
Status home_write_endpoint(const char *home, const HomeEndpoint *endpoint, Error *err);
void home_remove_endpoint(const char *home);
/* ST_NOT_FOUND when no server runs there. */
Status home_read_endpoint(Arena *a, const char *home, HomeEndpoint *ret_endpoint, Error *err);

#endif
