/* app/spark.h -- what `weir connect`, `weir driver` and `weir spark-sql` share: an application from a command line. */
#ifndef WEIR_APP_SPARK_H
#define WEIR_APP_SPARK_H
#include "app/options.h"
#include "driver/driver.h"

/* The application that the options (--home, --memory, --cores, --conf-file, --run) describe. The lake is the server's when
 * AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID are set and the options name no home, or when a server runs on that home; else the
 * home's own store, which is made when absent. */
Status spark_open(Arena *a, const Options *options, Driver **ret_driver, Error *err);
/* "4g", "512m", bytes. ST_INVALID on anything else. */
Status spark_memory(const char *text, int64_t *ret_bytes, Error *err);
/* Serves until SIGTERM, SIGINT or (parent_fd of the pid at the start) the parent's end. `ready_fd` -1: the line goes to
 * stdout. Returns the exit code. */
int spark_serve(Driver *driver, const char *listen, const char *token, int ready_fd, bool with_parent, const char *command);

#endif
