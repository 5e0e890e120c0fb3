/* api/operations.c -- the rows of operations.def and inner.def as tables. */
#include "api/operations.h"

#include "base/str.h"

#define OP(service, name, handler, action) Status handler(Call *call, Error *err);
#include "api/operations.def"
#undef OP
#define INNER(method, path, handler, access) Status handler(Call *call, Error *err);
#include "api/inner.def"
#undef INNER

const Operation operations[] = {
#define OP(service, name, handler, action) { #service, #name, handler, action },
#include "api/operations.def"
#undef OP
};
const size_t operations_count = sizeof operations / sizeof operations[0];

static const InnerRoute inner_routes[] = {
#define INNER(method, path, handler, access) { method, path, handler, access },
#include "api/inner.def"
#undef INNER
};

const Operation *operation_find(const char *service, const char *name)
{
    for (size_t i = 0; i < operations_count; i++)
        if (str_eq(operations[i].service, service) && str_eq(operations[i].name, name))
            return &operations[i];
    return NULL;
}

const InnerRoute *inner_find(const char *method, const char *path, bool auth_off)
{
    for (size_t i = 0; i < sizeof inner_routes / sizeof inner_routes[0]; i++) {
        const InnerRoute *route = &inner_routes[i];
        bool fits = str_ends(route->path, "/") ? str_starts(path, route->path) : str_eq(path, route->path);
        if (fits && str_eq(method, route->method) && (route->access != INNER_TEST || auth_off))
            return route;
    }
    return NULL;
}
