/* ir/field.c -- see field.h. */
#include "ir/field.h"

#include <jansson.h>

#include <stdio.h>

char *field_get(Arena *a, const char *metadata, const char *key)
{
    json_t *root = metadata ? json_loads(metadata, 0, NULL) : NULL;
    const char *text = json_string_value(json_object_get(root, key));
    char *copy = text ? arena_str(a, text) : NULL;
    json_decref(root);
    return copy;
}

static char *dump(Arena *a, const json_t *root)
{
    size_t n = json_dumpb(root, NULL, 0, JSON_COMPACT);
    char *text = arena_alloc(a, n + 1);
    json_dumpb(root, text, n, JSON_COMPACT);
    return text;
}

const char *field_set(Arena *a, const char *metadata, const char *key, const char *value)
{
    json_t *root = metadata ? json_loads(metadata, 0, NULL) : NULL;
    if (!root)
        root = json_object();
    if (value)
        json_object_set_new(root, key, json_string(value));
    else
        json_object_del(root, key);
    const char *text = json_object_size(root) ? dump(a, root) : NULL;
    json_decref(root);
    return text;
}

/* CHAR and VARCHAR inside arrays, maps and structs too: the outermost field remembers the whole type. */
static const Type *plain(Arena *a, const Type *t, bool *changed)
{
    switch (t->kind) {
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        *changed = true;
        return &type_string;
    case TYPE_ARRAY:
        return type_array(a, plain(a, t->element, changed), t->contains_null);
    case TYPE_MAP: {
        const Type *key = plain(a, t->key, changed);
        return type_map(a, key, plain(a, t->element, changed), t->contains_null);
    }
    case TYPE_STRUCT: {
        Field *fields = ARENA_ARRAY(a, Field, t->nfields + 1);
        for (size_t i = 0; i < t->nfields; i++) {
            fields[i] = t->fields[i];
            fields[i].type = plain(a, t->fields[i].type, changed);
        }
        return type_struct(a, fields, t->nfields);
    }
    default:
        return t;
    }
}

const Type *field_without_char(Arena *a, const Type *schema)
{
    Field *fields = ARENA_ARRAY(a, Field, schema->nfields + 1);
    for (size_t i = 0; i < schema->nfields; i++) {
        bool changed = false;
        fields[i] = schema->fields[i];
        const Type *type = plain(a, fields[i].type, &changed);
        if (!changed)
            continue;
        fields[i].metadata = field_set(a, fields[i].metadata, FIELD_CHAR_TYPE, type_catalog_text(a, fields[i].type));
        fields[i].type = type;
    }
    return type_struct(a, fields, schema->nfields);
}

/* "char(5)", "varchar(3)": only at the top, where the catalog's text is a whole type. NULL for anything else. */
static const Type *char_type(Arena *a, const char *text)
{
    int length = 0, end = 0;
    if (sscanf(text, "char(%d)%n", &length, &end) == 1 && !text[end])
        return type_char(a, length);
    return sscanf(text, "varchar(%d)%n", &length, &end) == 1 && !text[end] ? type_varchar(a, length) : NULL;
}

const Type *field_with_char(Arena *a, const Type *schema)
{
    Field *fields = ARENA_ARRAY(a, Field, schema->nfields + 1);
    for (size_t i = 0; i < schema->nfields; i++) {
        fields[i] = schema->fields[i];
        const char *text = field_get(a, fields[i].metadata, FIELD_CHAR_TYPE);
        const Type *type = text ? char_type(a, text) : NULL;
        if (!type)
            continue;
        fields[i].type = type;
        fields[i].metadata = field_set(a, fields[i].metadata, FIELD_CHAR_TYPE, NULL);
    }
    return type_struct(a, fields, schema->nfields);
}
