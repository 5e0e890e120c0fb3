/* wire/query.c -- pairs to a tree by the dots of their names, the tree to values by shape. */
#include "wire/query.h"

#include "base/map.h"
#include "base/str.h"
#include "wire/json.h"
#include "wire/scalar.h"

#include <ctype.h>
#include <stdlib.h>

typedef struct Branch {
    Map children; /* Branch by name */
    const char *value;
} Branch;

Status form_read(Arena *a, const char *text, size_t length, HttpPairs *ret_pairs, Error *err)
{
    HttpPairs pairs = { 0 };
    for (size_t at = 0; at < length;) {
        const char *start = text + at;
        const char *end = memchr(start, '&', length - at);
        size_t pair = end ? (size_t)(end - start) : length - at;
        at += pair + 1;
        if (pair == 0)
            continue;
        if (pairs.len == FORM_PAIRS)
            return FAIL_CODE(err, ST_LIMIT, "MalformedQueryString", "more than %d parameters", FORM_PAIRS);
        const char *equals = memchr(start, '=', pair);
        size_t name_len = equals ? (size_t)(equals - start) : pair, n;
        char *name, *value = "";
        if (!uri_decode(a, start, name_len, true, &name, &n) ||
            (equals && !uri_decode(a, equals + 1, pair - name_len - 1, true, &value, &n)))
            return FAIL_CODE(err, ST_INVALID, "MalformedQueryString", "broken percent-encoding in '%.*s'",
                             (int)(pair < 100 ? pair : 100), start);
        vec_push(a, &pairs, (HttpPair){ name, value });
    }
    *ret_pairs = pairs;
    return ST_OK;
}

static Status grow(Arena *a, Branch *root, const HttpPair *pair, Error *err)
{
    Branch *at = root;
    int depth = 0;
    for (const char *name = pair->name;; name++) {
        size_t length = strcspn(name, ".");
        char *part = arena_strn(a, name, length);
        Branch *child = map_get(&at->children, part);
        if (++depth > WIRE_NESTING)
            return FAIL_CODE(err, ST_INVALID, "MalformedInput", "a parameter nests deeper than %d levels", WIRE_NESTING);
        if (!child) {
            child = ARENA_NEW(a, Branch);
            map_set(a, &at->children, part, child);
        }
        at = child;
        name += length;
        if (!*name)
            break;
    }
    at->value = pair->value;
    return ST_OK;
}

static const char *capitalized(Arena *a, const char *name)
{
    char *text = arena_str(a, name);
    text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

static const char *member_name(Arena *a, const ModelMember *member, const ModelShape *of, bool ec2)
{
    if (ec2)
        return member->query_name ? model_text(member->query_name) : capitalized(a, model_member_wire_name(member));
    bool flattened = (member->flags & MEMBER_FLATTENED) || (of->flags & SHAPE_FLATTENED);
    if (of->type == TYPE_LIST && flattened && model_member(of, 0)->location_name)
        return model_member_wire_name(model_member(of, 0));
    return model_member_wire_name(member);
}

typedef struct Numbered {
    int64_t number;
    const Branch *branch;
} Numbered;
typedef VEC(Numbered) NumberedList;

static int by_number(const void *x, const void *y)
{
    const Numbered *a = x, *b = y;
    return (a->number > b->number) - (a->number < b->number);
}

/* The children named 1, 2, …, in order. */
static NumberedList numbered(Arena *a, const Branch *branch)
{
    NumberedList list = { 0 };
    for (size_t i = 0; i < branch->children.len; i++) {
        int64_t n;
        if (str_to_i64(branch->children.at[i].key, &n))
            vec_push(a, &list, (Numbered){ n, branch->children.at[i].value });
    }
    if (list.len > 1)
        qsort(list.at, list.len, sizeof list.at[0], by_number);
    return list;
}

static Status convert(Arena *a, const ModelShape *shape, bool ec2, const Branch *branch, Val **ret_value, Error *err);

static Status to_structure(Arena *a, const ModelShape *shape, bool ec2, const Branch *branch, Val **ret_value, Error *err)
{
    Val *v = val_map(a), *item;
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const ModelShape *of = model_member_shape(member);
        const Branch *child = map_get(&branch->children, member_name(a, member, of, ec2));
        if (!child)
            continue;
        TRY(convert(a, of, ec2, child, &item, err));
        val_append(a, v, model_text(member->name), item);
    }
    *ret_value = v;
    return ST_OK;
}

/* Flattened or not: what the shape says, or the other form when only that is there. */
static const Branch *list_place(const ModelShape *shape, const Branch *branch)
{
    const char *own = model_text(model_member(shape, 0)->location_name);
    const Branch *inner = own[0] ? map_get(&branch->children, own) : NULL;
    if (!inner)
        inner = map_get(&branch->children, "member");
    return inner ? inner : branch;
}

static Status to_list(Arena *a, const ModelShape *shape, bool ec2, const Branch *branch, Val **ret_value, Error *err)
{
    NumberedList list = numbered(a, list_place(shape, branch));
    Val *v = val_list(a), *item;
    for (size_t i = 0; i < list.len; i++) {
        TRY(convert(a, model_member_shape(model_member(shape, 0)), ec2, list.at[i].branch, &item, err));
        val_push(a, v, item);
    }
    *ret_value = v;
    return ST_OK;
}

static Status to_map(Arena *a, const ModelShape *shape, bool ec2, const Branch *branch, Val **ret_value, Error *err)
{
    const ModelMember *key = model_member(shape, 0), *value = model_member(shape, 1);
    const char *key_name = key->location_name ? model_text(key->location_name) : "key";
    const char *value_name = value->location_name ? model_text(value->location_name) : "value";
    const Branch *entries = map_get(&branch->children, "entry");
    NumberedList list = numbered(a, entries ? entries : branch);
    Val *v = val_map(a), *item;
    Map seen = { 0 };
    for (size_t i = 0; i < list.len; i++) {
        const Branch *name = map_get(&list.at[i].branch->children, key_name);
        const Branch *of = map_get(&list.at[i].branch->children, value_name);
        if (!name || !name->value || !of || map_has(&seen, name->value))
            continue;
        map_set(a, &seen, name->value, v);
        TRY(convert(a, model_member_shape(value), ec2, of, &item, err));
        val_append(a, v, name->value, item);
    }
    *ret_value = v;
    return ST_OK;
}

/* Depth: a branch is at most WIRE_NESTING deep. */
static Status convert(Arena *a, const ModelShape *shape, bool ec2, const Branch *branch, Val **ret_value, Error *err)
{
    switch ((ModelType)shape->type) {
    case TYPE_STRUCTURE: return to_structure(a, shape, ec2, branch, ret_value, err);
    case TYPE_LIST: return to_list(a, shape, ec2, branch, ret_value, err);
    case TYPE_MAP: return to_map(a, shape, ec2, branch, ret_value, err);
    default: break;
    }
    const char *text = branch->value ? branch->value : "";
    return scalar_read(a, shape, text, strlen(text), ret_value, err);
}

Status query_read_shape(Arena *a, const ModelShape *shape, bool ec2, const HttpPairs *pairs, Val **ret_value, Error *err)
{
    Branch root = { 0 };
    for (size_t i = 0; i < pairs->len; i++)
        TRY(grow(a, &root, &pairs->at[i], err));
    return to_structure(a, shape, ec2, &root, ret_value, err);
}
