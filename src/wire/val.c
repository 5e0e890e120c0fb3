/* wire/val.c -- trees of values. Members are found by walking: structures are small. */
#include "wire/val.h"

#include "base/limits.h"
#include "base/str.h"
#include "wire/json.h"

static Val *make(Arena *a, ValKind kind)
{
    Val *v = ARENA_NEW(a, Val);
    v->kind = kind;
    return v;
}

Val *val_map(Arena *a)
{
    return make(a, VAL_MAP);
}

Val *val_list(Arena *a)
{
    return make(a, VAL_LIST);
}

Val *val_strv(Arena *a, const char *text)
{
    Val *v = make(a, text ? VAL_STR : VAL_NULL);
    if (text) {
        v->len = strlen(text);
        v->s = arena_strn(a, text, v->len);
    }
    return v;
}

Val *val_intv(Arena *a, int64_t i)
{
    Val *v = make(a, VAL_INT);
    v->i = i;
    return v;
}

Val *val_boolv(Arena *a, bool b)
{
    Val *v = make(a, VAL_BOOL);
    v->b = b;
    return v;
}

Val *val_doublev(Arena *a, double d)
{
    Val *v = make(a, VAL_DOUBLE);
    v->d = d;
    return v;
}

Val *val_timev(Arena *a, int64_t ms)
{
    Val *v = make(a, VAL_TIME);
    v->i = ms;
    return v;
}

Val *val_blobv(Arena *a, const void *bytes, size_t length)
{
    Val *v = make(a, VAL_BLOB);
    v->s = arena_strn(a, bytes, length);
    v->len = length;
    return v;
}

static void reserve(Arena *a, Val *v)
{
    if (v->len < v->cap)
        return;
    size_t cap = v->cap ? v->cap * 2 : 8;
    Val **items = ARENA_ARRAY(a, Val *, cap);
    if (v->len)
        memcpy(items, v->items, v->len * sizeof *items);
    v->items = items;
    if (v->kind == VAL_MAP) {
        const char **names = ARENA_ARRAY(a, const char *, cap);
        if (v->len)
            memcpy(names, v->names, v->len * sizeof *names);
        v->names = names;
    }
    v->cap = cap;
}

void val_set(Arena *a, Val *map, const char *name, Val *value)
{
    if (!value || value->kind == VAL_NULL)
        return;
    for (size_t i = 0; i < map->len; i++)
        if (str_eq(map->names[i], name)) {
            map->items[i] = value;
            return;
        }
    val_append(a, map, name, value);
}

void val_append(Arena *a, Val *map, const char *name, Val *value)
{
    reserve(a, map);
    map->names[map->len] = arena_str(a, name);
    map->items[map->len++] = value;
}

void val_set_str(Arena *a, Val *map, const char *name, const char *text)
{
    if (text)
        val_set(a, map, name, val_strv(a, text));
}

void val_set_int(Arena *a, Val *map, const char *name, int64_t i)
{
    val_set(a, map, name, val_intv(a, i));
}

void val_set_bool(Arena *a, Val *map, const char *name, bool b)
{
    val_set(a, map, name, val_boolv(a, b));
}

void val_set_time(Arena *a, Val *map, const char *name, int64_t ms)
{
    val_set(a, map, name, val_timev(a, ms));
}

void val_push(Arena *a, Val *list, Val *value)
{
    reserve(a, list);
    list->items[list->len++] = value;
}

const Val *val_get(const Val *map, const char *name)
{
    if (!map || map->kind != VAL_MAP)
        return NULL;
    for (size_t i = 0; i < map->len; i++)
        if (str_eq(map->names[i], name))
            return map->items[i];
    return NULL;
}

static const Val *get(const Val *map, const char *name, ValKind kind)
{
    const Val *v = val_get(map, name);
    return v && v->kind == kind ? v : NULL;
}

const char *val_str(const Val *map, const char *name)
{
    const Val *v = get(map, name, VAL_STR);
    return v ? v->s : NULL;
}

int64_t val_int(const Val *map, const char *name, int64_t missing)
{
    const Val *v = get(map, name, VAL_INT);
    return v ? v->i : missing;
}

bool val_bool(const Val *map, const char *name, bool missing)
{
    const Val *v = get(map, name, VAL_BOOL);
    return v ? v->b : missing;
}

double val_double(const Val *map, const char *name, double missing)
{
    const Val *v = val_get(map, name);
    return v && v->kind == VAL_DOUBLE ? v->d : v && v->kind == VAL_INT ? (double)v->i : missing;
}

int64_t val_time(const Val *map, const char *name, int64_t missing)
{
    const Val *v = get(map, name, VAL_TIME);
    return v ? v->i : missing;
}

size_t val_len(const Val *v)
{
    return v && (v->kind == VAL_LIST || v->kind == VAL_MAP) ? v->len : 0;
}

const Val *val_at(const Val *list, size_t index)
{
    return index < val_len(list) ? list->items[index] : NULL;
}

char *val_to_json(Arena *a, const Val *v)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    json_write(&text, v);
    return str_arena(&text, a);
}

bool val_from_json(Arena *a, const char *text, size_t length, Val **ret_value)
{
    return json_read(a, text, length, ret_value, NULL) == ST_OK;
}
