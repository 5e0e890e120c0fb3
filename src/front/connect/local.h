/* front/connect/local.h -- local relations that a client uploaded in parts; private to this folder. */
#ifndef WEIR_FRONT_CONNECT_LOCAL_H
#define WEIR_FRONT_CONNECT_LOCAL_H
#include "front/connect/internal.h"

Status local_relation(Connect *c, const Spark__Connect__LocalRelation *l, Node **ret);
Status cached_local_relation(Connect *c, const Spark__Connect__CachedLocalRelation *l, Node **ret);
Status chunked_local_relation(Connect *c, const Spark__Connect__ChunkedCachedLocalRelation *l, Node **ret);

#endif
