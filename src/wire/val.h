/* wire/val.h -- a request or a response as a tree, between bytes and handlers: codecs make and print it by the service
 * model's shapes; handlers read and build it by member names. In the request's arena. */
#ifndef WEIR_WIRE_VAL_H
#define WEIR_WIRE_VAL_H
#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ValKind {
    VAL_NULL, VAL_BOOL, VAL_INT, VAL_DOUBLE, VAL_STR, VAL_BLOB,
    VAL_TIME, /* `i`: milliseconds since 1970 UTC */
    VAL_LIST, VAL_MAP /* structures and maps: ordered members */
} ValKind;

typedef struct Val Val;
struct Val {
    ValKind kind;
    bool b;
    int64_t i;
    double d;
    const char *s; /* STR (NUL-terminated), BLOB */
    size_t len;    /* STR, BLOB: bytes; LIST, MAP: items */
    Val **items;
    const char **names; /* MAP */
    size_t cap;
};

Val *val_map(Arena *a);
Val *val_list(Arena *a);
Val *val_strv(Arena *a, const char *text); /* copied; NULL gives VAL_NULL */
Val *val_intv(Arena *a, int64_t i);
Val *val_boolv(Arena *a, bool b);
Val *val_doublev(Arena *a, double d);
Val *val_timev(Arena *a, int64_t ms);
Val *val_blobv(Arena *a, const void *bytes, size_t length);

/* Building. Setting a member to a NULL pointer or a NULL text leaves it out. */
void val_set(Arena *a, Val *map, const char *name, Val *value);
void val_set_str(Arena *a, Val *map, const char *name, const char *text);
void val_set_int(Arena *a, Val *map, const char *name, int64_t i);
void val_set_bool(Arena *a, Val *map, const char *name, bool b);
void val_set_time(Arena *a, Val *map, const char *name, int64_t ms);
/* For readers that know the name to be new: val_set looks for it first. */
void val_append(Arena *a, Val *map, const char *name, Val *value);
void val_push(Arena *a, Val *list, Val *value);

/* Reading: NULL / defaults when absent or of another kind. `map` may be NULL. */
const Val *val_get(const Val *map, const char *name);
const char *val_str(const Val *map, const char *name);           /* NULL when absent */
int64_t val_int(const Val *map, const char *name, int64_t missing);
bool val_bool(const Val *map, const char *name, bool missing);
double val_double(const Val *map, const char *name, double missing);
int64_t val_time(const Val *map, const char *name, int64_t missing); /* ms */
size_t val_len(const Val *list_or_map);                          /* 0 for NULL */
const Val *val_at(const Val *list, size_t index);

/* Plain JSON both ways (for columns of the store, inner endpoints); blobs as base64, times as seconds. */
char *val_to_json(Arena *a, const Val *v);
bool val_from_json(Arena *a, const char *text, size_t length, Val **ret_value);

#endif
