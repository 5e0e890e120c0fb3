/* hadoop/counters.h -- a task's or a job's counters: Hadoop's own, and those that a task's stderr names. Not thread-safe: a task
 * has its own, which are added to the job's under the job's lock when it has succeeded. */
#ifndef WEIR_HADOOP_COUNTERS_H
#define WEIR_HADOOP_COUNTERS_H
#include "base/map.h"
#include "base/str.h"

typedef enum CounterId {
#define COUNTER(id, group, name) COUNT_##id,
#include "hadoop/counters.def"
#undef COUNTER
    COUNTERS
} CounterId;
enum { COUNTERS_USER_MAX = 120 }; /* mapreduce.job.counters.max */

typedef struct Counters {
    Arena *arena;
    int64_t own[COUNTERS];
    Map user; /* "group\tname" -> int64_t * */
} Counters;

/* False: there are more than COUNTERS_USER_MAX. */
bool counters_add_user(Counters *c, const char *group, const char *name, int64_t amount);
void counters_merge(Counters *into, const Counters *from);
/* "Counters: N\n\tgroup\n\t\tname=value…", as org.apache.hadoop.mapreduce.Counters prints them; those of reduces only when
 * there are reduces. */
void counters_print(const Counters *c, bool reduces, Str *out);

#endif
