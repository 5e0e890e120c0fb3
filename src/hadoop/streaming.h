/* hadoop/streaming.h -- Hadoop streaming: a MapReduce job whose mapper and reducer are programs. Options and exit codes are those of
 * org.apache.hadoop.streaming.StreamJob (3.3): 1 the job failed, 5 it was not begun. */
#ifndef WEIR_HADOOP_STREAMING_H
#define WEIR_HADOOP_STREAMING_H

/* The arguments behind the JAR's name. */
int streaming_main(int argc, char **argv);

#endif
