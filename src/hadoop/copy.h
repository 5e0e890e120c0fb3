/* hadoop/copy.h -- a list of files to be made at a target, each of one or more files behind each other. For the copy tools. */
#ifndef WEIR_HADOOP_COPY_H
#define WEIR_HADOOP_COPY_H
#include "hadoop/codec.h"
#include "hadoop/shell.h"

typedef struct CopyFile {
    const char *name; /* below the target; with a codec's ending its bytes are packed so */
    LakeFileList parts;
    bool appends;     /* the first part is what was at the target */
    bool recode;      /* unpack the parts and pack the whole with `codec` */
    Codec codec;
    const char *text; /* behind the parts; NULL: nothing. Packed, when it is recoded */
    size_t text_len;
} CopyFile;
typedef VEC(CopyFile) CopyList;

/* The files below a source, with their names from it (its own, when it is a file). ST_NOT_FOUND in Hadoop's words. */
Status copy_gather(Shell *s, const char *uri, CopyList *ret_list, Error *err);
/* Makes them; those that are there are replaced. To the lake in one commit. */
Status copy_all(Shell *s, const CopyList *list, const char *target, Error *err);

#endif
