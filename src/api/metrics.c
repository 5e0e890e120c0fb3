/* api/metrics.c -- see metrics.h. Names come from the service models, never from clients: their number is bounded. */
#include "api/metrics.h"

#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Count {
    const char *service, *operation;
    int status;
    int64_t requests, took_us;
} Count;

struct Metrics {
    pthread_mutex_t lock; /* guards the rest */
    Arena *arena;
    Map counts; /* "service/operation/status" -> Count */
};

Metrics *metrics_new(void)
{
    Metrics *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->arena = arena_new();
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void metrics_free(Metrics *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->lock);
    arena_free(m->arena);
    free(m);
}

void metrics_add(Metrics *m, const char *service, const char *operation, int status, int64_t took_us)
{
    str_auto key = STR_INIT(1024);
    str_addf(&key, "%s/%s/%d", service, operation, status);
    pthread_mutex_lock(&m->lock);
    Count *count = map_get(&m->counts, str_text(&key));
    if (!count) {
        count = ARENA_NEW(m->arena, Count);
        count->service = arena_str(m->arena, service);
        count->operation = arena_str(m->arena, operation);
        count->status = status;
        map_set(m->arena, &m->counts, str_text(&key), count);
    }
    count->requests++;
    count->took_us += took_us;
    pthread_mutex_unlock(&m->lock);
}

void metrics_write(Metrics *m, Str *out)
{
    pthread_mutex_lock(&m->lock);
    str_add(out, "# HELP weir_requests_total API requests.\n# TYPE weir_requests_total counter\n");
    for (size_t i = 0; i < m->counts.len; i++) {
        const Count *c = m->counts.at[i].value;
        str_addf(out, "weir_requests_total{service=\"%s\",operation=\"%s\",status=\"%d\"} %lld\n", c->service, c->operation,
                 c->status, (long long)c->requests);
    }
    str_add(out, "# HELP weir_request_seconds_total Time from a request's head to its answer, its body included.\n"
                 "# TYPE weir_request_seconds_total counter\n");
    for (size_t i = 0; i < m->counts.len; i++) {
        const Count *c = m->counts.at[i].value;
        str_addf(out, "weir_request_seconds_total{service=\"%s\",operation=\"%s\",status=\"%d\"} %.6f\n", c->service,
                 c->operation, c->status, (double)c->took_us / 1e6);
    }
    pthread_mutex_unlock(&m->lock);
}
