/* yarn/report.c -- what `yarn` prints: the forms of Hadoop 3.3's ApplicationCLI and NodeCLI. */
#include "base/str.h"
#include "yarn/private.h"

#include <stdio.h>

static const char *or_none(const char *text)
{
    return text && *text ? text : "N/A";
}

/* "[A, B]" */
static void print_set(const StrList *words)
{
    putchar('[');
    for (size_t i = 0; i < words->len; i++)
        printf("%s%s", i ? ", " : "", words->at[i]);
    putchar(']');
}

/* "10%", "33.33%", as "###.##%" of Java's DecimalFormat. */
static void percent(double progress, char text[32])
{
    snprintf(text, 32, "%.2f", progress * 100);
    size_t n = strlen(text);
    while (n && text[n - 1] == '0')
        text[--n] = 0;
    if (n && text[n - 1] == '.')
        text[--n] = 0;
    snprintf(text + n, 32 - n, "%%");
}

void yarn_print_list(const Val *applications, const StrList *states, const StrList *types)
{
    static const char form[] = "%30s\t%20s\t%20s\t%10s\t%10s\t%18s\t%18s\t%15s\t%35s\n";
    printf("Total number of applications (application-types: ");
    print_set(types);
    printf(", states: ");
    print_set(states);
    printf(" and tags: []):%zu\n", val_len(applications));
    printf(form, "Application-Id", "Application-Name", "Application-Type", "User", "Queue", "State", "Final-State", "Progress", "Tracking-URL");
    for (size_t i = 0; i < val_len(applications); i++) {
        const Val *app = val_at(applications, i);
        char progress[32];
        percent(val_double(app, "progress", 0), progress);
        printf(form, val_str(app, "id"), val_str(app, "name"), val_str(app, "type"), val_str(app, "user"), val_str(app, "queue"),
               val_str(app, "state"), val_str(app, "finalState"), progress, "N/A");
    }
}

void yarn_print_report(const Val *app)
{
    char progress[32];
    percent(val_double(app, "progress", 0), progress);
    const char *diagnostics = val_str(app, "diagnostics");
    printf("Application Report : \n");
    printf("\tApplication-Id : %s\n\tApplication-Name : %s\n\tApplication-Type : %s\n", val_str(app, "id"), val_str(app, "name"), val_str(app, "type"));
    printf("\tUser : %s\n\tQueue : %s\n\tApplication Priority : 0\n", val_str(app, "user"), val_str(app, "queue"));
    printf("\tStart-Time : %lld\n\tFinish-Time : %lld\n", (long long)val_int(app, "startTime", 0), (long long)val_int(app, "finishTime", 0));
    printf("\tProgress : %s\n\tState : %s\n\tFinal-State : %s\n", progress, val_str(app, "state"), val_str(app, "finalState"));
    printf("\tTracking-URL : N/A\n\tRPC Port : -1\n\tAM Host : localhost\n");
    printf("\tLog Aggregation Status : %s\n", val_int(app, "finishTime", 0) ? "SUCCEEDED" : "NOT_START");
    printf("\tDiagnostics : %s\n\tUnmanaged Application : false\n", diagnostics ? diagnostics : "");
    printf("\tEMR-Cluster : %s\n\tEMR-Step : %s\n", or_none(val_str(app, "cluster")), or_none(val_str(app, "step")));
}

void yarn_print_nodes(const Val *nodes)
{
    printf("Total Nodes:%zu\n%16s\t%15s\t%17s\t%28s\n", val_len(nodes), "Node-Id", "Node-State", "Node-Http-Address", "Number-of-Running-Containers");
    for (size_t i = 0; i < val_len(nodes); i++)
        printf("%16s\t%15s\t%17s\t%28lld\n", val_str(val_at(nodes, i), "id"), val_str(val_at(nodes, i), "state"), "N/A",
               (long long)val_int(val_at(nodes, i), "containers", 0));
}
