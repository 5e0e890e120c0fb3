/* back/duckdb/top_k.h -- items of approx_top_k: texts of ours, Java's hash of the item and then its bytes in Apache DataSketches' frequent items.
 *
 * `kind` is a letter: Boolean b, the Numbers t s i f (and DECIMAL of 9 digits m), l (DECIMAL of 18 n), d, String S, longer DECIMALs w.
 * emit_top_k.c chooses it. Source: org.apache.datasketches.common.ArrayOf*SerDe; java.lang's and scala.math's hashCode. */
#ifndef WEIR_BACK_DUCKDB_TOP_K_H
#define WEIR_BACK_DUCKDB_TOP_K_H
#include "back/duckdb/convert.h"

enum { TOP_K_HASH_BYTES = 4 };

/* The bytes of an item, which begin at `at`, of room_bytes; 0: there is none. */
size_t top_k_item_length(int kind, const unsigned char *at, size_t room_bytes);
/* Java's hash of an item's n bytes; `scale` of decimals. */
int32_t top_k_item_hash(int kind, int scale, const unsigned char *at, size_t n);
/* n bytes, the most significant first, with a sign (BigInteger.toByteArray). */
i128 top_k_big_value(const unsigned char *at, size_t n);

#endif
