/* step/place.c -- finding what belongs to the executable. A build has build/KIND/weir, build/KIND/bin, build/venv and
 * python/ beside build/. */
#include "step/place.h"

#include "base/file.h"
#include "base/str.h"
#include "os/process.h"

#include <stdlib.h>

#include "weir_config.h"

static char *folder_of(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strn(a, path, (size_t)(slash - path)) : arena_str(a, ".");
}

/* The first of ABOVE/name for the folder and those above it, three at most. */
static char *above(Arena *a, const char *folder, const char *name)
{
    for (int i = 0; i < 4 && *folder; i++) {
        char *path = path_join(a, folder, name);
        if (path_exists(path))
            return path;
        folder = folder_of(a, folder);
    }
    return NULL;
}

static const char *resolved(Arena *a, const char *path)
{
    char *real = path ? realpath(path, NULL) : NULL;
    const char *copy = real ? arena_str(a, real) : path;
    free(real);
    return copy;
}

void place_find(Arena *a, Place *ret_place)
{
    Place place = { .program = process_own_path(a) };
    char *folder = folder_of(a, place.program);
    char *links = path_join(a, folder, "bin");
    place.links = path_exists(path_join(a, links, "spark-submit")) ? links : NULL;
    const char *python = getenv("WEIR_PYTHON");
    const char *venv = python && *python ? folder_of(a, folder_of(a, python)) : above(a, folder, "venv");
    place.venv = resolved(a, venv ? venv : WEIR_VENV_DIR);
    place.python = python && *python ? python : path_join(a, place.venv, "bin/python3");
    char *support = above(a, folder, "python/sitecustomize.py");
    place.support = support ? folder_of(a, support) : NULL;
    place.libraries = resolved(a, path_join(a, WEIR_DEPS_DIR, "lib"));
    *ret_place = place;
}
