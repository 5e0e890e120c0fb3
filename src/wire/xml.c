/* wire/xml.c -- expat makes a small tree; shapes read the tree. Namespaces are ignored, as AWS's own parsers do. */
#include "wire/xml.h"

#include "base/vec.h"
#include "wire/json.h"
#include "wire/scalar.h"

#include <expat.h>

typedef struct Element {
    const char *name; /* without prefix */
    struct Element *parent, *first, *last, *next;
    const char **attributes; /* name, value, …, NULL */
    Str text;
} Element;

typedef struct Builder {
    Arena *arena;
    Element *root, *at;
    int depth;
    bool refused;
    XML_Parser parser;
} Builder;

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static void text_done(void *text)
{
    str_done(text);
}

static const char **copy_attributes(Arena *a, const char **attributes)
{
    size_t n = 0;
    while (attributes[n])
        n++;
    const char **copy = ARENA_ARRAY(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = arena_str(a, attributes[i]);
    return copy;
}

static void on_start(void *data, const char *name, const char **attributes)
{
    Builder *b = data;
    if (++b->depth > WIRE_NESTING) {
        b->refused = true;
        XML_StopParser(b->parser, XML_FALSE);
        return;
    }
    Element *e = ARENA_NEW(b->arena, Element);
    e->name = arena_str(b->arena, local_name(name));
    e->attributes = copy_attributes(b->arena, attributes);
    e->parent = b->at;
    e->text = STR_INIT(SIZE_MAX);
    arena_defer(b->arena, text_done, &e->text);
    if (!b->at)
        b->root = e;
    else if (b->at->last)
        b->at->last = b->at->last->next = e;
    else
        b->at->first = b->at->last = e;
    b->at = e;
}

static void on_end(void *data, const char *name)
{
    (void)name;
    Builder *b = data;
    b->at = b->at->parent;
    b->depth--;
}

static void on_text(void *data, const char *text, int length)
{
    Builder *b = data;
    str_addn(&b->at->text, text, (size_t)length);
}

static void on_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    Builder *b = data;
    b->refused = true;
    XML_StopParser(b->parser, XML_FALSE);
}

static Status parse(Arena *a, const char *text, size_t length, Element **ret_root, Error *err)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    Builder b = { .arena = a, .parser = parser };
    XML_SetUserData(parser, &b);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    bool ok = length <= INT32_MAX && XML_Parse(parser, text, (int)length, 1) == XML_STATUS_OK && b.root;
    unsigned long line = XML_GetCurrentLineNumber(parser);
    const char *why = b.refused ? "a DTD or too deep a nesting" : XML_ErrorString(XML_GetErrorCode(parser));
    XML_ParserFree(parser);
    if (!ok)
        return FAIL_CODE(err, ST_INVALID, "MalformedXML",
                         "The XML you provided was not well-formed or did not validate against our published schema: line %lu: %s",
                         line, why ? why : "no element");
    *ret_root = b.root;
    return ST_OK;
}

/* --- reading --- */

static Status convert(Arena *a, const ModelShape *shape, const Element *e, Val **ret_value, Error *err);

static const Element *find(const Element *first, const char *name)
{
    for (; first; first = first->next)
        if (str_eq(first->name, name))
            return first;
    return NULL;
}

static bool is_flattened(const ModelMember *member, const ModelShape *of)
{
    return (member->flags & MEMBER_FLATTENED) || (of->flags & SHAPE_FLATTENED);
}

static const char *element_name(const ModelMember *member, const ModelShape *of)
{
    if (of->type == TYPE_LIST && is_flattened(member, of) && model_member(of, 0)->location_name)
        return model_member_wire_name(model_member(of, 0));
    return model_member_wire_name(member);
}

static Status read_flattened(Arena *a, const ModelShape *of, const Element *e, Val **ret_value, Error *err)
{
    Val *list = val_list(a), *item;
    for (const char *name = e->name; e; e = find(e->next, name)) {
        TRY(convert(a, model_member_shape(model_member(of, 0)), e, &item, err));
        val_push(a, list, item);
    }
    *ret_value = list;
    return ST_OK;
}

static Status read_attribute(Arena *a, const ModelMember *member, const Element *e, Val *into, Error *err)
{
    const char *wanted = local_name(model_member_wire_name(member));
    for (size_t i = 0; e->attributes[i]; i += 2)
        if (str_eq(local_name(e->attributes[i]), wanted)) {
            Val *v;
            const char *text = e->attributes[i + 1];
            TRY(scalar_read(a, model_member_shape(member), text, strlen(text), &v, err));
            val_set(a, into, model_text(member->name), v);
        }
    return ST_OK;
}

static Status read_structure(Arena *a, const ModelShape *shape, const Element *e, Val **ret_value, Error *err)
{
    Val *v = val_map(a), *item;
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const ModelShape *of = model_member_shape(member);
        if (member->flags & MEMBER_XML_ATTRIBUTE) {
            TRY(read_attribute(a, member, e, v, err));
            continue;
        }
        const Element *child = member->location == LOCATION_BODY ? find(e->first, element_name(member, of)) : NULL;
        if (!child)
            continue;
        TRY(of->type == TYPE_LIST && is_flattened(member, of) ? read_flattened(a, of, child, &item, err)
                                                              : convert(a, of, child, &item, err));
        val_append(a, v, model_text(member->name), item);
    }
    *ret_value = v;
    return ST_OK;
}

static Status read_list(Arena *a, const ModelShape *shape, const Element *e, Val **ret_value, Error *err)
{
    Val *list = val_list(a), *item;
    for (const Element *child = e->first; child; child = child->next) {
        TRY(convert(a, model_member_shape(model_member(shape, 0)), child, &item, err));
        val_push(a, list, item);
    }
    *ret_value = list;
    return ST_OK;
}

static Status read_map(Arena *a, const ModelShape *shape, const Element *e, Val **ret_value, Error *err)
{
    const ModelMember *key = model_member(shape, 0), *value = model_member(shape, 1);
    const char *key_name = key->location_name ? model_text(key->location_name) : "key";
    const char *value_name = value->location_name ? model_text(value->location_name) : "value";
    Val *map = val_map(a), *item;
    for (const Element *entry = e->first; entry; entry = entry->next) {
        const Element *name = find(entry->first, key_name), *of = find(entry->first, value_name);
        if (!name || !of)
            continue;
        TRY(convert(a, model_member_shape(value), of, &item, err));
        val_append(a, map, str_text(&name->text), item);
    }
    *ret_value = map;
    return ST_OK;
}

static Status convert(Arena *a, const ModelShape *shape, const Element *e, Val **ret_value, Error *err)
{
    switch ((ModelType)shape->type) {
    case TYPE_STRUCTURE: return read_structure(a, shape, e, ret_value, err);
    case TYPE_LIST: return read_list(a, shape, e, ret_value, err);
    case TYPE_MAP: return read_map(a, shape, e, ret_value, err);
    default: break;
    }
    if (scalar_read(a, shape, str_text(&e->text), e->text.len, ret_value, err) == ST_OK)
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our published schema: %s is no %s",
                     e->name, model_text(shape->name));
}

Status xml_read_shape(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err)
{
    Element *root = NULL;
    TRY(parse(a, text, length, &root, err));
    return convert(a, shape, root, ret_value, err);
}

/* --- writing --- */

void xml_write_text(Str *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '&')
            str_add(out, "&amp;");
        else if (c == '<')
            str_add(out, "&lt;");
        else if (c == '>')
            str_add(out, "&gt;");
        else if (c == '"')
            str_add(out, "&quot;");
        else if (c < 0x20 && c != '\t' && c != '\n')
            str_addf(out, "&#x%x;", c);
        else
            str_addc(out, (char)c);
    }
}

void xml_write_element(Str *out, const char *name, const char *text)
{
    str_addf(out, "<%s>", name);
    xml_write_text(out, text, strlen(text));
    str_addf(out, "</%s>", name);
}

static void write_value(Str *out, const char *name, const ModelMember *member, const ModelShape *shape, const Val *v);

static void write_attributes(Str *out, const ModelShape *shape, const Val *v)
{
    for (size_t i = 0; shape->type == TYPE_STRUCTURE && i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const char *text = member->flags & MEMBER_XML_ATTRIBUTE ? val_str(v, model_text(member->name)) : NULL;
        if (!text)
            continue;
        const char *wire_name = model_member_wire_name(member);
        if (str_starts(wire_name, "xsi:"))
            str_add(out, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
        str_addf(out, " %s=\"", wire_name);
        xml_write_text(out, text, strlen(text));
        str_addc(out, '"');
    }
}

static void write_map(Str *out, const char *name, bool flattened, const ModelShape *shape, const Val *v)
{
    const ModelMember *key = model_member(shape, 0), *value = model_member(shape, 1);
    const char *entry = flattened ? name : "entry";
    if (!flattened)
        str_addf(out, "<%s>", name);
    for (size_t i = 0; i < v->len; i++) {
        str_addf(out, "<%s>", entry);
        xml_write_element(out, key->location_name ? model_text(key->location_name) : "key", v->names[i]);
        write_value(out, value->location_name ? model_text(value->location_name) : "value", value,
                    model_member_shape(value), v->items[i]);
        str_addf(out, "</%s>", entry);
    }
    if (!flattened)
        str_addf(out, "</%s>", name);
}

static void write_list(Str *out, const char *name, bool flattened, const ModelShape *shape, const Val *v)
{
    const ModelMember *item = model_member(shape, 0);
    const char *item_name = flattened ? name : item->location_name ? model_text(item->location_name) : "member";
    if (!flattened)
        str_addf(out, "<%s>", name);
    for (size_t i = 0; i < v->len; i++)
        write_value(out, item_name, item, model_member_shape(item), v->items[i]);
    if (!flattened)
        str_addf(out, "</%s>", name);
}

static void write_scalar(Str *out, const char *name, ModelTime time, const Val *v)
{
    str_addf(out, "<%s>", name);
    if (v->kind == VAL_STR) {
        xml_write_text(out, v->s, v->len);
    } else {
        arena_auto *a = arena_new();
        const char *text = scalar_write(a, v, time);
        if (text)
            xml_write_text(out, text, strlen(text));
    }
    str_addf(out, "</%s>", name);
}

static void write_value(Str *out, const char *name, const ModelMember *member, const ModelShape *shape, const Val *v)
{
    bool flattened = is_flattened(member, shape);
    if (v->kind == VAL_LIST && shape->type == TYPE_LIST) {
        write_list(out, name, flattened, shape, v);
    } else if (v->kind == VAL_MAP && shape->type == TYPE_MAP) {
        write_map(out, name, flattened, shape, v);
    } else if (v->kind == VAL_MAP) {
        xml_write_shape(out, name, model_text(member->xml_namespace), shape, v);
    } else {
        write_scalar(out, name, member->time ? (ModelTime)member->time : (ModelTime)shape->time, v);
    }
}

void xml_write_members(Str *out, const ModelShape *shape, const Val *v)
{
    for (size_t i = 0; i < shape->members; i++) {
        const ModelMember *member = model_member(shape, i);
        const Val *item = val_get(v, model_text(member->name));
        if (!item || member->location != LOCATION_BODY || (member->flags & MEMBER_XML_ATTRIBUTE))
            continue;
        const ModelShape *of = model_member_shape(member);
        write_value(out, element_name(member, of), member, of, item);
    }
}

void xml_write_shape(Str *out, const char *name, const char *namespace, const ModelShape *shape, const Val *v)
{
    str_addf(out, "<%s", name);
    if (namespace[0]) /* "xsi" when the shape has an attribute of that prefix, the default namespace otherwise */
        str_addf(out, strstr(namespace, "XMLSchema-instance") ? " xmlns:xsi=\"%s\"" : " xmlns=\"%s\"", namespace);
    write_attributes(out, shape, v);
    str_addc(out, '>');
    xml_write_members(out, shape, v);
    str_addf(out, "</%s>", name);
}
