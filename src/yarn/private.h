/* yarn/private.h -- what the files of this folder share. */
#ifndef WEIR_YARN_PRIVATE_H
#define WEIR_YARN_PRIVATE_H
#include "yarn/yarn.h"

/* What the caller may see. */
typedef struct YarnCall {
    Db *db;
    Arena *arena;
    const char *home;
    const char *cluster; /* only this one; NULL: all */
    const char *step;    /* the caller's own; NULL: none, or not known */
    const Val *request;
    Val *answer;
} YarnCall;

/* The application that the request names, as `get` answers it. */
Status yarn_application(YarnCall *c, Val **ret_application, Error *err);

/* logs.c */
Status yarn_logs(YarnCall *c, Error *err);
Status yarn_log(YarnCall *c, Error *err);

/* report.c: as Hadoop's command line prints them, to stdout. */
void yarn_print_list(const Val *applications, const StrList *states, const StrList *types);
void yarn_print_report(const Val *application);
void yarn_print_nodes(const Val *nodes);

#endif
