/* app/spark_server.h -- which server holds the lake of a Spark application, if any. Apart from spark.h because the control
 * plane's headers and the plan's share names. */
#ifndef WEIR_APP_SPARK_SERVER_H
#define WEIR_APP_SPARK_SERVER_H
#include "lake/lake.h"

#include <stdbool.h>

/* A step's credentials from its environment, or the root's of a server that runs on the home; *ret_found says whether. */
Status spark_find_server(Arena *a, const char *home, bool home_given, LakeCredentials *ret_credentials, bool *ret_found, Error *err);

#endif
