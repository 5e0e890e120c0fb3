/* driver/catalog_name.c -- the catalog's small things: names, patterns, pairs. */
#include "driver/catalog.h"

#include "base/str.h"
#include "driver/command_error.h"
#include "ir/error.h"

#include <stdlib.h>

char *catalog_quoted(Arena *a, const StrList *name)
{
    return arena_str(a, sql_ids(a, name));
}

const char *catalog_table_id(Arena *a, const CatalogTable *t)
{
    return arena_printf(a, "%s.%s.%s", sql_id(a, CATALOG_NAME), sql_id(a, t->database), sql_id(a, t->name));
}

Status catalog_not_found(Arena *a, const StrList *name, Error *err)
{
    return command_fail(err, "TABLE_OR_VIEW_NOT_FOUND", "relationName", catalog_quoted(a, name), NULL);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* One alternative, [pattern, end). */
static bool like_one(const char *name, const char *pattern, const char *end)
{
    if (pattern == end)
        return *name == '\0';
    if (*pattern == '*')
        return like_one(name, pattern + 1, end) || (*name && like_one(name + 1, pattern, end));
    return *name && (*pattern == '.' || lower(*name) == lower(*pattern)) && like_one(name + 1, pattern + 1, end);
}

bool catalog_like(const char *name, const char *pattern)
{
    if (!pattern)
        return true;
    for (;;) {
        const char *end = strchrnul(pattern, '|');
        if (like_one(name, pattern, end))
            return true;
        if (!*end)
            return false;
        pattern = end + 1;
    }
}

const char *pairs_get(const KeyValueList *list, const char *key)
{
    for (size_t i = list->len; i-- > 0;)
        if (str_eq(list->at[i].key, key))
            return list->at[i].value;
    return NULL;
}

const char *pairs_iget(const KeyValueList *list, const char *key)
{
    for (size_t i = list->len; i-- > 0;)
        if (str_ieq(list->at[i].key, key))
            return list->at[i].value;
    return NULL;
}

void pairs_set(Arena *a, KeyValueList *list, const char *key, const char *value)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++)
        if (!str_eq(list->at[i].key, key))
            list->at[kept++] = list->at[i];
    list->len = kept;
    if (value)
        vec_push(a, list, (KeyValue){ key, value });
}

static int key_compare(const void *x, const void *y)
{
    return strcmp(((const KeyValue *)x)->key, ((const KeyValue *)y)->key);
}

void pairs_sort(KeyValueList *list)
{
    if (list->len)
        qsort(list->at, list->len, sizeof *list->at, key_compare);
}

bool names_have(const StrList *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (str_ieq(names->at[i], name))
            return true;
    return false;
}

char *lower_text(Arena *a, const char *text)
{
    char *copy = arena_str(a, text);
    for (char *p = copy; p && *p; p++)
        *p = lower(*p);
    return copy;
}
