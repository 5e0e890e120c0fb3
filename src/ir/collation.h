/* ir/collation.h -- names of collations, and what each part of a name means.
 * UTF8_BINARY, UTF8_LCASE, or a locale with _CI, _AI (ignores case, accents), and each of them with _RTRIM (ignores blanks at the
 * end). A Type has the normalised name; UTF8_BINARY is NULL. Source: CollationFactory, CollationNames. */
#ifndef WEIR_IR_COLLATION_H
#define WEIR_IR_COLLATION_H
#include "ir/type.h"

/* Of a string between two collations that nobody chose from: "STRING COLLATE NULL". */
#define COLLATION_INDETERMINATE "null"

typedef struct Collation {
    const char *locale;   /* ICU's id, "root" for UNICODE; NULL: compared by bytes */
    bool lower_case;      /* UTF8_LCASE: by the bytes of the lower-cased text */
    bool ignores_case, ignores_accents;
    bool ignores_blanks;  /* _RTRIM */
} Collation;

/* The normalised name in `a` (NULL: UTF8_BINARY) of what a user wrote: case does not count, "system.builtin." may stand before it.
 * COLLATION_INVALID_NAME when there is none. */
Status collation_named(Arena *a, const char *written, const char **ret_name, Error *err);
/* What a normalised name means; false for an indeterminate one, and for a locale that ICU does not know here. */
bool collation_read(const char *name, Collation *ret);
/* "SYSTEM.BUILTIN.UNICODE_CI" */
const char *collation_full_name(Arena *a, const char *name);
/* The normalised name of what stands in a JSON schema: "spark.UTF8_LCASE", "icu.UNICODE". */
bool collation_from_provided(Arena *a, const char *text, const char **ret_name);

/* The rows of collations(): in Spark's order, `i` from 0; false behind the last one. */
typedef struct CollationInfo {
    const char *name, *language, *country; /* language NULL: none of a locale */
    bool accents, cases, blanks_count;
} CollationInfo;
bool collation_at(Arena *a, size_t i, CollationInfo *ret);

/* A string type of this collation; NULL: the plain one. */
const Type *type_string_of(Arena *a, const char *collation);
/* Is there a string inside whose collation is not UTF8_BINARY? one that is indeterminate? a string at all? */
bool type_is_collated(const Type *t);
bool type_is_indeterminate(const Type *t);
bool type_has_string(const Type *t);
/* The first collation other than UTF8_BINARY inside; NULL: none. */
const char *type_collation(const Type *t);
/* The same type with plain strings: what the engine stores. */
const Type *type_without_collation(Arena *a, const Type *t);

#endif
