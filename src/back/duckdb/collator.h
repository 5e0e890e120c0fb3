/* back/duckdb/collator.h -- what the kernel_collation*.c share: a collation's tools, and texts as code points and as UTF-16. */
#ifndef WEIR_BACK_DUCKDB_COLLATOR_H
#define WEIR_BACK_DUCKDB_COLLATOR_H
#include "back/duckdb/kernel.h"
#include "ir/collation.h"

#include <unicode/ucasemap.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

#define OUT_STR STR_INIT((size_t)1 << 31)

typedef struct Collator {
    Collation is;
    UCollator *icu;   /* NULL: by code points */
    UCaseMap *casemap;
} Collator;

/* NULL after k_fail: the collation is indeterminate. */
Collator *collator_arg(K *k, size_t arg);

/* Both on the heap, for free(). */
typedef struct Points {
    UChar32 *at;
    int32_t len;
} Points;
/* U+0130 in lower case is two: it is kept as one until something is compared with it. */
enum { SMALL_I = 'i', DOT = 0x307, I_WITH_DOT = SMALL_I << 16 | DOT };

typedef struct Units {
    UChar *at;
    int32_t len;
} Units;

Points collator_points(View v);
Units collator_units(View v);
UChar32 collator_lowered(UChar32 c);
void collator_add_points(Str *out, const UChar32 *at, int32_t n);
void collator_add_units(Str *out, const UChar *at, int32_t n);
/* How many units the longest match of one character of the set has that begins (left) or ends at `at`; 0: none. */
int32_t collator_longest_match(const Collator *c, Units text, Points set, int32_t at, bool left);

void collator_translate(K *k);

#endif
