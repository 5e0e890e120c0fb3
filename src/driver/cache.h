/* driver/cache.h -- persisted relations: df.persist(), CACHE TABLE. What is persisted is a bound plan by its meaning (names,
 * files, expressions; not column ids), so any query of the session that contains the same plan uses it. Its rows are computed
 * by the first query that needs them, as a table of the engine, which spills; they are computed anew when the files behind
 * them have changed, and go with unpersist or the session. Source: CacheManager. */
#ifndef WEIR_DRIVER_CACHE_H
#define WEIR_DRIVER_CACHE_H
#include "driver/run.h"

/* What a client asks for; MEMORY_AND_DISK without a wish. */
StorageLevel cache_storage_level(const Spark__Connect__StorageLevel *given);
/* By StorageLevel's name ("DISK_ONLY_2", any case). */
Status cache_storage_level_named(const char *name, StorageLevel *ret_level, Error *err);
void cache_persist(Run *r, const Node *bound, StorageLevel level); /* replication 0: unpersist */
StorageLevel cache_level(Run *r, const Node *bound);               /* replication 0: not persisted */
/* `bound` with every persisted part replaced by its rows; parts without rows yet are computed now. */
Status cache_use(Run *r, const Node *bound, const Node **ret_plan, Error *err);

#endif
