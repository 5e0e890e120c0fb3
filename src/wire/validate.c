/* wire/validate.c -- walks an input along its shape and collects what is wrong. */
#include "wire/validate.h"

#include "base/str.h"

#include <ctype.h>

enum { ERRORS_SHOWN = 10, VALUE_SHOWN = 1024, MESSAGE_MAX = 3500 };

/* Where a value is; its text is made only for what is wrong. */
typedef struct Path {
    const struct Path *above; /* NULL: the input itself */
    const char *member;       /* of a structure, or a map's key */
    size_t item;              /* a list's, from 1; 0: none */
    bool key;
} Path;

typedef struct Check {
    Arena *arena;
    int errors;
    Str text;
} Check;

static const char *shown(Check *c, const Val *v)
{
    char *text = v->kind == VAL_STR ? arena_strn(c->arena, v->s, v->len) : val_to_json(c->arena, v);
    if (strlen(text) > VALUE_SHOWN)
        text[VALUE_SHOWN] = 0;
    return text;
}

static const char *path_text(Check *c, const Path *path)
{
    if (!path)
        return "";
    const char *above = path_text(c, path->above);
    if (path->item)
        return arena_printf(c->arena, "%s.%zu.member", above, path->item);
    if (path->key)
        return arena_printf(c->arena, "%s.%s.member", above, path->member);
    char *camel = arena_str(c->arena, path->member);
    camel[0] = (char)tolower((unsigned char)camel[0]);
    return above[0] ? arena_printf(c->arena, "%s.%s", above, camel) : camel;
}

static void complain(Check *c, const Path *at, const Val *v, const char *must)
{
    if (c->errors++ >= ERRORS_SHOWN)
        return;
    const char *path = path_text(c, at);
    if (v)
        str_addf(&c->text, "%sValue '%s' at '%s' failed to satisfy constraint: %s", c->errors > 1 ? "; " : "", shown(c, v), path,
                 must);
    else
        str_addf(&c->text, "%sValue null at '%s' failed to satisfy constraint: %s", c->errors > 1 ? "; " : "", path, must);
}

static size_t characters(const Val *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->len; i++)
        n += ((unsigned char)v->s[i] & 0xc0) != 0x80;
    return n;
}

static void check_bounds(Check *c, const ModelShape *shape, const Path *path, const Val *v)
{
    const char *what = "length";
    double size;
    if (v->kind == VAL_INT || v->kind == VAL_DOUBLE) {
        what = "value";
        size = v->kind == VAL_INT ? (double)v->i : v->d;
    } else if (v->kind == VAL_STR) {
        size = (double)characters(v);
    } else if (v->kind == VAL_BLOB || v->kind == VAL_LIST || v->kind == VAL_MAP) {
        size = (double)v->len;
    } else {
        return;
    }
    if ((shape->flags & SHAPE_HAS_MIN) && size < (double)shape->min)
        complain(c, path, v, arena_printf(c->arena, "Member must have %s greater than or equal to %lld", what, (long long)shape->min));
    if ((shape->flags & SHAPE_HAS_MAX) && size > (double)shape->max)
        complain(c, path, v, arena_printf(c->arena, "Member must have %s less than or equal to %lld", what, (long long)shape->max));
}

static void check_enum(Check *c, const ModelShape *shape, const Path *path, const Val *v)
{
    for (size_t i = 0; i < shape->enums; i++)
        if (str_eq(model_text(model_enums[shape->first_enum + i]), v->s))
            return;
    str_auto set = STR_INIT(MESSAGE_MAX);
    for (size_t i = 0; i < shape->enums; i++)
        str_addf(&set, "%s%s", i ? ", " : "", model_text(model_enums[shape->first_enum + i]));
    complain(c, path, v, arena_printf(c->arena, "Member must satisfy enum value set: [%s]", str_text(&set)));
}

static void check(Check *c, const ModelShape *shape, const Path *path, const Val *v);

static void check_structure(Check *c, const ModelShape *shape, const Path *path, const Val *v)
{
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const char *name = model_text(member->name);
        const Val *item = val_get(v, name);
        const Path here = { .above = path, .member = name };
        bool streamed = shape->payload == i && model_member_shape(member)->type == TYPE_BLOB;
        if (item)
            check(c, model_member_shape(member), &here, item);
        else if ((member->flags & MEMBER_REQUIRED) && !streamed)
            complain(c, &here, NULL, "Member must not be null");
    }
}

static void check(Check *c, const ModelShape *shape, const Path *path, const Val *v)
{
    if (c->errors >= ERRORS_SHOWN || (shape->flags & SHAPE_DOCUMENT))
        return;
    check_bounds(c, shape, path, v);
    if (shape->enums > 0 && v->kind == VAL_STR)
        check_enum(c, shape, path, v);
    if (shape->type == TYPE_STRUCTURE)
        check_structure(c, shape, path, v);
    for (size_t i = 0; shape->type == TYPE_LIST && i < val_len(v); i++)
        check(c, model_member_shape(model_member(shape, 0)), &(Path){ .above = path, .item = i + 1 }, v->items[i]);
    for (size_t i = 0; shape->type == TYPE_MAP && i < val_len(v); i++)
        check(c, model_member_shape(model_member(shape, 1)), &(Path){ .above = path, .member = v->names[i], .key = true }, v->items[i]);
}

Status validate_input(Arena *a, const ModelShape *shape, const Val *input, const char *code, Error *err)
{
    Check c = { .arena = a, .text = STR_INIT(MESSAGE_MAX) };
    check(&c, shape, NULL, input);
    char *text = str_arena(&c.text, a);
    str_done(&c.text);
    if (c.errors == 0)
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, code, "%d validation error%s detected: %s", c.errors, c.errors > 1 ? "s" : "", text);
}
