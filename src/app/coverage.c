/* app/coverage.c -- `weir coverage`: what of AWS this build implements, from operations.def and the service models. */
#include "api/operations.h"
#include "app/options.h"
#include "base/str.h"
#include "wire/model.h"

#include <stdio.h>

int app_coverage(int argc, char **argv);

static void print_service(const ModelService *service)
{
    const char *id = model_text(service->id);
    size_t known = 0;
    for (size_t i = 0; i < operations_count; i++)
        known += str_eq(operations[i].service, id);
    printf("\n## %s: %zu of %u operations\n\n", model_text(service->service_id), known, (unsigned)service->operations);
    for (size_t i = 0; i < operations_count; i++)
        if (str_eq(operations[i].service, id))
            printf("- %s\n", operations[i].name);
}

/* A row that names no operation of its service would never be called. */
static bool rows_are_known(void)
{
    bool all = true;
    for (size_t i = 0; i < operations_count; i++) {
        const ModelService *service = model_service(operations[i].service);
        if (!service || !model_operation(service, operations[i].name)) {
            fprintf(stderr, "weir coverage: operations.def names %s %s, which AWS does not have\n", operations[i].service,
                    operations[i].name);
            all = false;
        }
    }
    return all;
}

int app_coverage(int argc, char **argv)
{
    arena_auto *a = arena_new();
    Options options;
    int exit_code;
    if (!options_begin(a, "coverage", argc, argv, &options, &exit_code))
        return exit_code;
    const char *only = option_text(a, &options, "service");
    if (only && !model_service(only)) {
        fprintf(stderr, "weir coverage: no service %s\n", only);
        return 2;
    }
    printf("# AWS operations that weir implements\n\n%zu operations. An operation that is not listed answers with a 4xx error that "
           "names it.\n",
           operations_count);
    for (size_t i = 0; i < model_services_count; i++)
        if (!only || str_eq(only, model_text(model_services[i].id)))
            print_service(&model_services[i]);
    return rows_are_known() ? 0 : 1;
}
