/* back/duckdb/source_json.h -- one JSON value as a tree, read as Jackson does with Spark's settings.
 *
 * Only the first value of a text counts: what stands behind it is not looked at. A tree lives in the arena; its texts point
 * into the source where nothing is escaped. Source: JSONOptions, JacksonParser, JsonInferSchema. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_JSON_H
#define WEIR_BACK_DUCKDB_SOURCE_JSON_H
#include "back/duckdb/source_internal.h"

typedef struct JsonOptions {
    bool single_quotes, non_numeric;              /* allowSingleQuotes, allowNonNumericNumbers: true unless switched off */
    bool comments, unquoted_names, leading_zeros, any_escape, control_chars; /* allow…: false unless switched on */
    bool primitives_as_string, prefers_decimal, infer_timestamp, drop_all_null;
} JsonOptions;

Status json_options(const KeyValueList *options, JsonOptions *ret_options, Error *err);

typedef enum JsonKind { JSON_NONE, JSON_NULLS, JSON_BOOL, JSON_INT, JSON_FLOAT, JSON_TEXT, JSON_OBJ, JSON_LIST } JsonKind;
typedef struct JsonNode JsonNode;
struct JsonNode {
    JsonKind kind;
    View raw;             /* as it stands in the source */
    View text;            /* TEXT: unescaped; the others: raw */
    View key;             /* of an object's member */
    JsonNode *first, *next;
};

/* *ret_node NULL: nothing but blanks. False: not JSON. */
bool json_parse(Arena *a, const JsonOptions *o, View source, JsonNode **ret_node);

#endif
