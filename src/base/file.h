/* base/file.h -- files and folders: cleanup attributes, whole-file reads, durable writes, trees. Paths are host paths. */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H
#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>
#include <stdio.h>

void file_closep(FILE **f);
#define file_auto __attribute__((cleanup(file_closep))) FILE
void fd_closep(int *fd); /* -1 is "none" */
#define fd_auto __attribute__((cleanup(fd_closep))) int

/* The whole file, NUL-terminated. ST_NOT_FOUND when absent, ST_LIMIT when larger than max_bytes. */
Status file_read(Arena *a, const char *path, size_t max_bytes, char **ret_text, size_t *ret_length, Error *err);
/* Whole or not at all, and on disk when it returns: temporary file, fsync, rename, fsync of the folder. */
Status file_write_durable(const char *path, const void *bytes, size_t length, unsigned mode, Error *err);
Status dir_make(const char *path, unsigned mode, Error *err);  /* with its parents; exists already is fine */
Status dir_sync(const char *path, Error *err);                 /* fsync of a folder */
Status tree_remove(const char *path, Error *err);              /* follows no links; absent is fine */
char *path_join(Arena *a, const char *folder, const char *name);
bool path_exists(const char *path);

#endif
