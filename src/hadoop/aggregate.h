/* hadoop/aggregate.h -- Hadoop's aggregate package: keys "TYPE:id", each type with its way to fold values: LongValueSum, LongValueMax,
 * LongValueMin, DoubleValueSum, StringValueMax, StringValueMin, UniqValueCount, ValueHistogram.
 * Source: org.apache.hadoop.mapreduce.lib.aggregate. */
#ifndef WEIR_HADOOP_AGGREGATE_H
#define WEIR_HADOOP_AGGREGATE_H
#include "hadoop/job.h"

/* The reducer, or (combines) its combiner, which keeps "TYPE:id" and gives partial values. */
Processor aggregate_processor(bool combines);
/* Sums the numbers (number_put) of a key: the reducer of wordcount (4 bytes) and grep (8). */
Processor sum_processor(void);
/* A double as java.lang.Double.toString writes it. */
char *aggregate_double_text(Arena *a, double value);

#endif
