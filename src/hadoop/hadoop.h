/* hadoop/hadoop.h -- the commands of a Hadoop installation, as main functions: named by rows of app/commands.def, called by links
 * of their names. They run inside the step's sandbox as the step's own process, or on a laptop without any. */
#ifndef WEIR_HADOOP_HADOOP_H
#define WEIR_HADOOP_HADOOP_H

int hadoop_main(int argc, char **argv);           /* hadoop jar|fs|distcp|version … */
int hadoop_hdfs_main(int argc, char **argv);      /* hdfs dfs */
int hadoop_s3distcp_main(int argc, char **argv);  /* EMR's s3-dist-cp */
int hadoop_streaming_main(int argc, char **argv); /* EMR's hadoop-streaming */
int hadoop_examples_main(int argc, char **argv);  /* EMR's hadoop-mapreduce-examples */

#endif
