/* tests/fuzz/sql_maker.h -- random Spark SQL over planning.h's tables: whole queries, relations and expressions, calls of every function of
 * functions.def by its signature. */
#ifndef WEIR_TESTS_FUZZ_SQL_MAKER_H
#define WEIR_TESTS_FUZZ_SQL_MAKER_H
#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

typedef struct Maker {
    Arena *a;
    uint64_t state;  /* of its random numbers */
    const char *fragment_a, *fragment_b; /* texts to put in now and then, NULL: none */
} Maker;

Maker maker_new(Arena *a, unsigned seed);
uint32_t maker_random(Maker *m, uint32_t below); /* below > 0 */
void maker_expression(Maker *m, int depth, Str *out);
void maker_relation(Maker *m, int depth, Str *out);
void maker_query(Maker *m, int depth, Str *out);
void maker_statement(Maker *m, Str *out);
const char *maker_word(Maker *m); /* a keyword, a sign, a name, a constant */

#endif
