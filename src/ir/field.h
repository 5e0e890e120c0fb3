/* ir/field.h -- what a column carries beside its type: the JSON object of Field.metadata, under Spark's own keys.
 * Source: StructField, ResolveDefaultColumns, CharVarcharUtils. */
#ifndef WEIR_IR_FIELD_H
#define WEIR_IR_FIELD_H
#include "ir/type.h"

#define FIELD_COMMENT "comment"
#define FIELD_DEFAULT "CURRENT_DEFAULT"       /* the text of DEFAULT as it was written: what INSERT puts in */
#define FIELD_EXISTS_DEFAULT "EXISTS_DEFAULT" /* the constant that rows have which were there before the column */
#define FIELD_CHAR_TYPE "__CHAR_VARCHAR_TYPE_STRING" /* the CHAR or VARCHAR that a STRING stands for */

/* The text under `key` in a metadata object; NULL when there is none. */
char *field_get(Arena *a, const char *metadata, const char *key);
/* The object with `key` set, or taken out (value NULL). NULL when nothing is left in it. */
const char *field_set(Arena *a, const char *metadata, const char *key, const char *value);

/* The schema with each CHAR and VARCHAR as STRING that remembers it, as Spark stores schemas; and back. */
const Type *field_without_char(Arena *a, const Type *schema);
const Type *field_with_char(Arena *a, const Type *schema);

#endif
