/* ir/coerce.h -- Spark's type lattice and implicit casts: AnsiTypeCoercion (spark.sql.ansi.enabled, the default) and the
 * legacy TypeCoercion. A result of NULL means "no common type". */
#ifndef WEIR_IR_COERCE_H
#define WEIR_IR_COERCE_H
#include "ir/node.h"

/* findTightestCommonType: no loss, no strings to others. */
const Type *coerce_tightest(Arena *a, bool ansi, const Type *x, const Type *y);
/* findWiderTypeForTwo: decimals widen, strings are promoted. */
const Type *coerce_wider(Arena *a, bool ansi, const Type *x, const Type *y);
/* The same without promoting strings. */
const Type *coerce_wider_no_string(Arena *a, bool ansi, const Type *x, const Type *y);
/* DecimalType of a comparison or set operation of two decimals. */
const Type *coerce_wider_decimal(Arena *a, const Type *x, const Type *y);
/* The common type of two sides of =, <, … (findCommonTypeForBinaryComparison in legacy mode). */
const Type *coerce_comparison(Arena *a, bool ansi, const Type *x, const Type *y);

/* May a Cast node of this mode exist (Cast.canCast, Cast.canAnsiCast, Cast.canTryCast)? */
/* VariantGet.checkDataType: may a variant hold it? `nested`: structs and maps, too. */
bool cast_holds_variant(const Type *t, bool nested);
bool cast_valid(bool ansi, const Type *from, const Type *to);
/* May a value of `from` be stored as `to` under ANSI store assignment (also the rule of implicit ANSI casts)? */
bool cast_ansi_store(const Type *from, const Type *to);
/* May a cast of a non-null value give null (Cast.forceNullable)? */
bool cast_forces_null(bool ansi, const Type *from, const Type *to);
/* The same of a map's keys, which are never NULL: such maps have no common type. */
bool key_forces_null(bool ansi, const Type *from, const Type *to);

/* The child itself when it has the type already (nullability inside aside), a literal NULL of that type for a NULL literal,
 * else an implicit Cast. */
Node *coerce_to(Arena *a, bool ansi, Node *e, const Type *to);

/* The literal's smallest decimal type (DecimalType.fromLiteral) when it is an integral constant, else NULL. */
const Type *coerce_literal_decimal(Arena *a, const Node *e);

#endif
