/* svc/glue/values.h -- small helpers over documents (common.c), for handlers and for the crawl's process alike. */
#ifndef WEIR_SVC_GLUE_VALUES_H
#define WEIR_SVC_GLUE_VALUES_H
#include "base/vec.h"
#include "wire/val.h"

Val *glue_val(const Val *v);                         /* a tree that is only read, as a member of another */
Val *glue_copy(Arena *a, const Val *map);            /* its members, in a new map */
Val *glue_json(Arena *a, const char *text);          /* NULL for NULL or what is no JSON */
const char *glue_lower(Arena *a, const char *text);
StrList glue_texts(Arena *a, const Val *list);
Val *glue_text_list(Arena *a, const StrList *texts);
char *glue_uuid(Arena *a);

#endif
