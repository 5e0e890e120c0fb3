/* hadoop/generic.h -- the options that every Hadoop tool takes first (-D, -conf, -fs, -files, -archives), and the files that a job's
 * processes find in their working folder. Source: org.apache.hadoop.util.GenericOptionsParser, the distributed cache. */
#ifndef WEIR_HADOOP_GENERIC_H
#define WEIR_HADOOP_GENERIC_H
#include "hadoop/jobconf.h"
#include "hadoop/fs.h"

typedef struct GenericOptions {
    StrList files, archives; /* "uri#name" */
    int used;                /* arguments that were taken */
} GenericOptions;
/* Takes generic options from the front of argv[0..argc). -libjars, -jt other than local and -tokenCacheFile are refused by name. */
Status generic_parse(JobConf *conf, int argc, char **argv, GenericOptions *ret_options, Error *err);

/* Comma lists of what a job brings along, laid out in `folder`: files under their names (or #name), archives unpacked into folders
 * of theirs. ST_NOT_FOUND in Hadoop's words. */
Status cache_lay_out(Fs *fs, Arena *a, const StrList *files, const StrList *archives, const char *folder, Error *err);

#endif
