/* step/place.h -- where this installation's own things are, found from the executable: the folder of links with EMR's
 * command names, the Python environment, the support modules for classic scripts. */
#ifndef WEIR_STEP_PLACE_H
#define WEIR_STEP_PLACE_H
#include "base/arena.h"

typedef struct Place {
    const char *program;     /* the binary, resolved */
    const char *links;       /* folder whose spark-submit, hive, … are links to it; NULL when there is none */
    const char *python;      /* the environment's python3: $WEIR_PYTHON, or venv/bin/python3 beside the build */
    const char *venv;        /* its environment's folder */
    const char *support;     /* the folder with sitecustomize.py; NULL when there is none */
    const char *libraries;   /* the engine's libraries */
} Place;

void place_find(Arena *a, Place *ret_place);

#endif
