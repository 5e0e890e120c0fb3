/* hadoop/output.h -- one file of records as org.apache.hadoop.mapred.TextOutputFormat writes it, packed when the job says so. */
#ifndef WEIR_HADOOP_OUTPUT_H
#define WEIR_HADOOP_OUTPUT_H
#include "hadoop/codec.h"
#include "hadoop/record.h"

typedef struct OutputOptions {
    const char *separator; /* between key and value */
    Codec codec;
    bool lazy;             /* no file unless there is a record */
    bool raw;              /* key and value behind each other, no separator, no end: terasort's */
    bool long_keys;        /* keys are key_of_long's: written as decimals */
    bool number_values;    /* values are number_put's: the same */
} OutputOptions;

typedef struct Output Output;
/* `options` must outlive it. The codec's ending is added to `path`. */
Status output_open(const char *path, const OutputOptions *options, Output **ret_output, Error *err);
Status output_add(Output *o, const Record *record, Error *err);
Status output_finish(Output *o, int64_t *ret_bytes, Error *err);
void output_closep(Output **o);
#define output_auto __attribute__((cleanup(output_closep))) Output

#endif
