/* hadoop/distcp.h -- `hadoop distcp` and EMR's `s3-dist-cp`: many files from one place to another, in one commit where the target is
 * the lake: all of them appear, or none. Sources: Apache Hadoop's DistCp guide; "S3DistCp (s3-dist-cp)" of the EMR release guide. */
#ifndef WEIR_HADOOP_DISTCP_H
#define WEIR_HADOOP_DISTCP_H

int distcp_main(int argc, char **argv);    /* the arguments behind `distcp` */
int s3distcp_main(int argc, char **argv); /* the arguments behind `s3-dist-cp` */

#endif
