/* driver/udf_sandbox.h -- the walls around Python workers: an inner command of the binary, and the file that tells it which. */
#ifndef WEIR_DRIVER_UDF_SANDBOX_H
#define WEIR_DRIVER_UDF_SANDBOX_H

int udf_worker_main(int argc, char **argv);

#endif
