/* svc/emr/releases.c -- release labels. Every label runs weir's own Spark 4.1.1 semantics: the versions that
 * a label had on EMR are not mirrored. */
#include "base/str.h"
#include "svc/emr/internal.h"

#include <stdio.h>

/* The last minor release of each major line that is accepted. Source: EMR's release notes. */
static const struct {
    int major, last_minor;
} lines[] = { { 4, 9 }, { 5, 36 }, { 6, 15 }, { 7, 12 } };

bool release_known(const char *label, ReleaseVersion *ret_version)
{
    ReleaseVersion version = { 0 };
    int end = 0;
    if (sscanf(label, "emr-%3d.%3d.%3d%n", &version.major, &version.minor, &version.patch, &end) < 3)
        return false;
    if (label[end] && label[end] != '-') /* emr-7.3.0-latest */
        return false;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].major == version.major && version.minor >= 0 && version.minor <= lines[i].last_minor && version.patch >= 0) {
            *ret_version = version;
            return true;
        }
    return false;
}

Status emr_list_release_labels(Call *call, Error *err)
{
    (void)err;
    Arena *a = call->arena;
    const Val *filters = val_get(call->input, "Filters");
    const char *prefix = val_str(filters, "Prefix"), *application = val_str(filters, "Application");
    Val *labels = val_list(a);
    bool spark = !application || str_istarts(application, "spark");
    for (size_t i = sizeof lines / sizeof lines[0]; spark && i-- > 0;)
        for (int minor = lines[i].last_minor; minor >= 0; minor--) {
            char *label = arena_printf(a, "emr-%d.%d.0", lines[i].major, minor);
            if (!prefix || str_starts(label, prefix))
                val_push(a, labels, val_strv(a, label));
        }
    val_set(a, call->output, "ReleaseLabels", labels);
    return ST_OK;
}

Status emr_describe_release_label(Call *call, Error *err)
{
    Arena *a = call->arena;
    const char *label = val_str(call->input, "ReleaseLabel");
    ReleaseVersion version;
    if (label && !release_known(label, &version))
        return emr_bad_request(err, "ValidationError", "Release label %s is not valid.", label);
    Val *applications = val_list(a), *spark = val_map(a);
    val_set_str(a, spark, "Name", "Spark");
    val_set_str(a, spark, "Version", "4.1.1");
    val_push(a, applications, spark);
    val_set_str(a, call->output, "ReleaseLabel", label ? label : "emr-7.12.0");
    val_set(a, call->output, "Applications", applications);
    return ST_OK;
}
