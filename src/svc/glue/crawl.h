/* svc/glue/crawl.h -- `weir glue-crawl --home DIR --crawl ID`: one crawl, in a process of its own, so that what it reads can harm
 * nothing else. It records its own end; whoever started it records that it died. */
#ifndef WEIR_SVC_GLUE_CRAWL_H
#define WEIR_SVC_GLUE_CRAWL_H

int glue_crawl_main(int argc, char **argv);

#endif
