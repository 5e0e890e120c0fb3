/* svc/events/document.h -- JSON as EventBridge looks at it: numbers stay as they were written, since a pattern's 300 is not an event's
 * 300.0, and a large integer of an event's detail reaches its target unharmed.
 *
 * Objects keep their order; of two members of one name the last counts. Source: RFC 8259. Everything is in the arena. */
#ifndef WEIR_SVC_EVENTS_DOCUMENT_H
#define WEIR_SVC_EVENTS_DOCUMENT_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

typedef enum DocKind { DOC_NULL, DOC_FALSE, DOC_TRUE, DOC_NUMBER, DOC_STRING, DOC_LIST, DOC_OBJECT } DocKind;

typedef struct Doc Doc;
struct Doc {
    DocKind kind;
    View text;     /* STRING: decoded, it may hold NULs; NUMBER: as written */
    Doc **items;   /* LIST, OBJECT */
    View *names;   /* OBJECT */
    size_t len, cap;
};

enum { DOC_DEPTH_MAX = 1000 };

/* ST_INVALID for what is no JSON, or nested deeper than DOC_DEPTH_MAX. */
Status doc_parse(Arena *a, const char *text, size_t length, Doc **ret_doc, Error *err);
/* Without a space. */
void doc_print(Str *out, const Doc *doc);
char *doc_json(Arena *a, const Doc *doc);
/* The characters of a string between its quotes, escaped. */
void doc_print_escaped(Str *out, View text);

Doc *doc_object(Arena *a);
Doc *doc_list(Arena *a);
Doc *doc_string(Arena *a, const char *text);
void doc_set(Arena *a, Doc *object, const char *name, Doc *value); /* replaces; NULL: nothing */
void doc_push(Arena *a, Doc *list, Doc *value);

/* NULL when `doc` is NULL, no object, or has no such member. */
const Doc *doc_get(const Doc *doc, const char *name);
const Doc *doc_find(const Doc *doc, View name);
const char *doc_text(const Doc *doc, const char *name); /* of a string member, NUL-terminated; NULL when there is none */
static inline bool view_eq(View a, View b) { return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0); }

#endif
