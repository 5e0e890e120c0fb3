/* warehouse/pool.h -- the warehouse processes of a server: one for each Redshift cluster that is in use.
 *
 * A warehouse is a folder HOME/redshift/ID with a DuckDB file; a snapshot is a copy of that file (and of its log) in
 * HOME/redshift/snapshots. Its process (`weir warehouse`, process.h) is started by the first connection, serves a Unix
 * socket in the folder, and ends with the server, however that ends: it watches a pipe that the server holds. What was not
 * committed by then is rolled back by the next start. Thread-safe. */
#ifndef WEIR_WAREHOUSE_POOL_H
#define WEIR_WAREHOUSE_POOL_H
#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>

typedef struct Warehouses Warehouses;

Status warehouses_open(const char *home, Warehouses **ret_warehouses, Error *err);
void warehouses_close(Warehouses *w); /* ends all processes; NULL is fine */

/* HOME/redshift/ID, or the place of a result below it. */
char *warehouses_folder(const Warehouses *w, Arena *a, const char *id);
/* A connection to the warehouse's process, which is started when it does not run. The caller closes *ret_fd. */
Status warehouses_connect(Warehouses *w, const char *id, int *ret_fd, Error *err);
/* Ends its process, if one runs: what is not committed is lost. Pause, reboot. */
void warehouses_stop(Warehouses *w, const char *id);
/* Stops it and removes its folder. */
Status warehouses_remove(Warehouses *w, const char *id, Error *err);

/* Copies what is committed in the warehouse to the snapshot, which is on disk then; waits for running statements. */
Status warehouses_snapshot(Warehouses *w, const char *id, const char *snapshot, int64_t *ret_bytes, Error *err);
/* Makes the warehouse `id` of a snapshot. */
Status warehouses_restore(Warehouses *w, const char *snapshot, const char *id, Error *err);
Status warehouses_remove_snapshot(Warehouses *w, const char *snapshot, Error *err);
/* Everything: a test server's reset. */
Status warehouses_remove_all(Warehouses *w, Error *err);

#endif
