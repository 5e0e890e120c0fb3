/* lake/objects_private.h -- what the object store's own files share. Not for others. */
#ifndef WEIR_LAKE_OBJECTS_PRIVATE_H
#define WEIR_LAKE_OBJECTS_PRIVATE_H
#include "lake/objects.h"

struct Objects {
    char *home;    /* absolute, without links */
    char *tmp;     /* HOME/lake/tmp/PROCESS */
    int tmp_lock;  /* holds the lock on it */
    Store *store;
};

char *objects_tmp_path(Objects *objects, Arena *a, const char *file);
Status objects_link(Objects *objects, const char *file, Error *err);      /* tmp/ID also as objects/xx/ID */
Status objects_link_sync(Objects *objects, const char *file, Error *err); /* that name is on disk */
Status objects_sweep_tmp(Objects *objects, Error *err);

#endif
