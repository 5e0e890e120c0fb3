/* svc/events/pattern_private.h -- a pattern as it is kept: shared by pattern.c (text to tree) and pattern_match.c (tree and event). */
#ifndef WEIR_SVC_EVENTS_PATTERN_PRIVATE_H
#define WEIR_SVC_EVENTS_PATTERN_PRIVATE_H
#include "base/vec.h"
#include "svc/events/pattern.h"

#include <locale.h>

typedef enum TestKind { TEST_SAME, TEST_PREFIX, TEST_SUFFIX, TEST_EQUALS, TEST_WILDCARD, TEST_CIDR, TEST_NUMERIC, TEST_EXISTS, TEST_ANYTHING_BUT } TestKind;

typedef struct Bound {
    bool set, open; /* open: the bound itself is outside */
    double value;
} Bound;

typedef struct Test Test;
typedef VEC(Test) TestList;
struct Test {
    TestKind kind;
    const Doc *value;         /* SAME */
    View text;                /* PREFIX, SUFFIX, EQUALS, WILDCARD */
    bool ignore_case;         /* PREFIX, SUFFIX; EQUALS always */
    bool exists;
    Bound low, high;          /* NUMERIC */
    int family, bits;         /* CIDR */
    unsigned char address[16];
    TestList excluded;        /* ANYTHING_BUT: none of these */
};

/* One member: what is below it, or what it may be. */
typedef struct Field {
    const struct Field *parent; /* NULL at the top */
    size_t number;              /* among all of the pattern */
    View name;
    const Pattern *inner;
    TestList tests;
} Field;

typedef VEC(const Pattern *) PatternList;

struct Pattern {
    VEC(Field *) fields;
    VEC(PatternList) alternatives; /* of each $or */
    locale_t locale;               /* at the top: what ignores case */
};

bool pattern_test(const Test *test, const Doc *value, locale_t locale);

#endif
