/* svc/glue/crawlers.h -- the kind of a crawl's run. Its body: TablesCreated, TablesUpdated, TablesDeleted, Summary, ErrorMessage. */
#ifndef WEIR_SVC_GLUE_CRAWLERS_H
#define WEIR_SVC_GLUE_CRAWLERS_H
#include "svc/glue/internal.h"

extern const char crawl_kind[];

#endif
