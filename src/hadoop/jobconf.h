/* hadoop/jobconf.h -- a job's configuration: Hadoop's properties by name, deprecated names (deprecated.def) standing for the new ones.
 * Values may hold ${other.name}, replaced when they are read. Not thread-safe while it is written; read by any thread.
 * Source: org.apache.hadoop.conf.Configuration. */
#ifndef WEIR_HADOOP_JOBCONF_H
#define WEIR_HADOOP_JOBCONF_H
#include "base/arena.h"
#include "base/map.h"
#include "base/status.h"
#include "base/vec.h"

#include <stdint.h>

typedef struct JobConf {
    Arena *arena;
    Map values;
} JobConf;

void jobconf_set(JobConf *conf, const char *name, const char *value); /* both are copied; value NULL unsets */
void jobconf_setf(JobConf *conf, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* NULL when it is not set. With variables replaced, in `a`. */
const char *jobconf_get(const JobConf *conf, Arena *a, const char *name);
const char *jobconf_text(const JobConf *conf, Arena *a, const char *name, const char *otherwise);
bool jobconf_bool(const JobConf *conf, const char *name, bool otherwise); /* neither true nor false: otherwise */
/* ST_INVALID in the words of Java's NumberFormatException. */
Status jobconf_int(const JobConf *conf, const char *name, int64_t otherwise, int64_t *ret_value, Error *err);
/* "name=value" of -D. ST_INVALID without a '='. */
Status jobconf_set_pair(JobConf *conf, const char *pair, Error *err);
/* <configuration><property><name/><value/></property>…: what -conf names. ST_INVALID when it is no such file. */
Status jobconf_add_xml(JobConf *conf, const char *text, size_t length, Error *err);
/* NAME=value for each property, dots and the like as '_', under its deprecated names too. Values longer than `limit` (-1: any)
 * are cut as stream.jobconf.truncate.limit says. */
void jobconf_environment(const JobConf *conf, Arena *a, int64_t limit, StrList *env);

#endif
