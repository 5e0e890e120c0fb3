/* driver/udf_sandbox.h -- the walls around Python workers and scripts: inner commands of the binary, and the file that tells them which. */
#ifndef WEIR_DRIVER_UDF_SANDBOX_H
#define WEIR_DRIVER_UDF_SANDBOX_H

int udf_worker_main(int argc, char **argv);
/* `weir script-keeper SANDBOX FD SCRIPT`: the script in a shell behind those walls, on this process's three streams. Its exit code, 128 and more
 * for a signal. When the shell ends, or the other end of the pipe FD is closed (the driver is gone, however it went), what is left is killed. */
int udf_keeper_main(int argc, char **argv);

#endif
