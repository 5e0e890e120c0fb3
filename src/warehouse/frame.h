/* warehouse/frame.h -- what the server and a warehouse's process say to each other: JSON texts, each after its length in four
 * bytes, big-endian. The file's names in a warehouse's folder. Blocking; not thread-safe per descriptor. */
#ifndef WEIR_WAREHOUSE_FRAME_H
#define WEIR_WAREHOUSE_FRAME_H
#include "base/arena.h"
#include "base/status.h"
#include "wire/val.h"

#include <sys/un.h>

enum { FRAME_BYTES_MAX = 64 * 1024 * 1024 };

#define WAREHOUSE_SOCKET "sock"
#define WAREHOUSE_FILE "warehouse.duckdb"
#define WAREHOUSE_LOG "warehouse.duckdb.wal"

Status frame_write(int fd, Arena *a, const Val *value, Error *err);
/* ST_IO with code "CLOSED" when the other side is gone. */
Status frame_read(int fd, Arena *a, Val **ret_value, Error *err);
/* The address of a socket in `folder`; *ret_folder_fd must stay open until bind or connect: a long path goes through it. */
Status frame_address(const char *folder, int *ret_folder_fd, struct sockaddr_un *ret_address, Error *err);
/* Copies a file, on disk when it returns; a file that is absent gives none. *ret_bytes grows by its size. */
Status frame_copy_file(const char *from, const char *to, int64_t *ret_bytes, Error *err);

#endif
