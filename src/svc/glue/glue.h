/* svc/glue/glue.h -- Glue's thread in `weir serve`: it starts the processes of crawls and job runs, follows them by pidfd, records how
 * they ended, and starts what is due by a schedule. All state is in the store: after SIGKILL of the server the next one finds
 * a job run again (its supervisor outlives the server), and a crawl, which ends with the server, FAILED. */
#ifndef WEIR_SVC_GLUE_GLUE_H
#define WEIR_SVC_GLUE_GLUE_H
#include "svc/svc.h"

Status glue_start(Server *server, Error *err); /* after emr_start */
void glue_stop(Server *server);                /* ends crawls; job runs go on */
void glue_wake(Server *server);                /* something changed in the store; nothing when there is no thread */
Status glue_reset(Server *server, Error *err); /* ends all of them at once and forgets them, for tests that reset the account */

#endif
