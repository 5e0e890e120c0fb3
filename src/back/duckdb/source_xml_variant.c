/* back/duckdb/source_xml_variant.c -- XML elements as VARIANT: attributes and children are an object's fields, those of one name an array, what
 * is nothing but text a value. Numbers are LONG or DECIMAL; dates stay texts. Source: StaxXmlParser.convertVariant. */
#include "back/duckdb/source_xml_value.h"
#include "back/duckdb/variant.h"

typedef struct Group Group;
typedef struct Item Item;
struct Item {
    bool null;
    View text;      /* of a text */
    Group *fields;  /* of an element; NULL: it is a text, or null */
    Item *next;
};
struct Group { /* what has one name */
    View name;
    Item *first, *last;
    size_t n;
    Group *next;
};

typedef struct Reading {
    const XmlOptions *o;
    XmlReader *r;
    VariantBuilder *b;
} Reading;

static bool same_name(const XmlOptions *o, View x, View y)
{
    return x.len == y.len && (o->case_sensitive ? !memcmp(x.data, y.data, x.len) : !strncasecmp(x.data, y.data, x.len));
}

static Item *add_item(Reading *x, Group **groups, View name)
{
    Item *item = ARENA_NEW(x->r->a, Item);
    Group **at = groups;
    while (*at && !same_name(x->o, (*at)->name, name))
        at = &(*at)->next;
    if (!*at) {
        *at = ARENA_NEW(x->r->a, Group);
        (*at)->name = name;
    }
    *((*at)->last ? &(*at)->last->next : &(*at)->first) = item;
    (*at)->last = item;
    (*at)->n++;
    return item;
}

static bool view_is(View v, const char *text)
{
    return v.len == strlen(text) && !strncasecmp(v.data, text, v.len);
}

/* ---------------------------------------------------------------- reading */
static void read_attributes(Reading *x, const XmlToken *start, Group **groups)
{
    for (size_t i = 0; start && !x->o->exclude_attributes && i < start->nattributes; i++) {
        View prefix = x->o->attribute_prefix, name = xml_name(x->o, start->attributes[i].name), value;
        bool null = !xml_attribute_value(x->o, start->attributes[i].value, &value);
        char *key = arena_printf(x->r->a, "%.*s%.*s", VIEW_ARGS(prefix), VIEW_ARGS(name));
        *add_item(x, groups, VIEW(key)) = (Item){ .null = null, .text = value };
    }
}

/* Up to the element's end, which is taken. False: the text is no XML. */
static bool read_element(Reading *x, const XmlToken *start, Item *ret)
{
    Group *groups = NULL;
    read_attributes(x, start, &groups);
    for (;;) {
        XmlToken t = xml_next(x->r);
        if (t.kind == XML_FAILED)
            return false;
        if (t.kind == XML_END || t.kind == XML_DONE)
            break;
        if (t.kind == XML_START) {
            Item *child = add_item(x, &groups, xml_name(x->o, t.name));
            Item *next = child->next, read = { 0 };
            if (!read_element(x, &t, &read))
                return false;
            read.next = next;
            *child = read;
        } else if (!t.blank) {
            *add_item(x, &groups, x->o->value_tag) = (Item){ .null = xml_is_null(x->o, t.text), .text = t.text };
        }
    }
    bool only_text = groups && !groups->next && groups->name.len == x->o->value_tag.len && !memcmp(groups->name.data, x->o->value_tag.data, groups->name.len);
    *ret = only_text ? *groups->first : (Item){ .null = !groups, .fields = groups };
    ret->next = NULL;
    return true;
}

/* ---------------------------------------------------------------- building */
static bool put_decimal(Reading *x, View v)
{
    str_auto plain = STR_INIT(SIZE_MAX);
    int64_t precision, scale;
    i128 unscaled;
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] != ',')
            str_addc(&plain, v.data[i]);
    View digits = { str_text(&plain), plain.len };
    if (!java_big_decimal(digits, &precision, &scale))
        return false;
    precision = scale < 0 ? precision - scale : precision;
    scale = scale < 0 ? 0 : scale;
    if (scale > DECIMAL_MAX_PRECISION || precision > DECIMAL_MAX_PRECISION || !java_decimal(digits, DECIMAL_MAX_PRECISION, (int)scale, &unscaled))
        return false;
    variant_add_decimal(x->b, unscaled, (int)scale);
    return true;
}

static void put_text(Reading *x, View v)
{
    int64_t number;
    v = x->o->trim ? xml_trim(v) : v;
    if (view_is(v, "true") || view_is(v, "false"))
        variant_add_boolean(x->b, v.len == 4);
    else if (java_integer(v, INT64_MIN, INT64_MAX, &number))
        variant_add_long(x->b, number);
    else if (!v.len || !put_decimal(x, v))
        variant_add_string(x->b, v);
}

static void put_item(Reading *x, const Item *item);

static void put_group(Reading *x, const Group *g)
{
    VariantOffsets offsets = { 0 };
    size_t start = x->b->value.len;
    for (const Item *item = g->first; item; item = item->next) {
        vec_push(x->r->a, &offsets, x->b->value.len - start);
        put_item(x, item);
    }
    if (g->n > 1)
        variant_close_array(x->b, start, &offsets);
}

static void put_item(Reading *x, const Item *item)
{
    VariantFields fields = { 0 };
    size_t start = x->b->value.len;
    if (item->null) {
        variant_add_null(x->b);
        return;
    }
    if (!item->fields) {
        put_text(x, item->text);
        return;
    }
    for (const Group *g = item->fields; g; g = g->next) {
        vec_push(x->r->a, &fields, ((VariantField){ variant_key(x->b, g->name), x->b->value.len - start }));
        put_group(x, g);
    }
    variant_close_object(x->b, start, &fields);
}

static bool built(Reading *x, const Item *item, View *ret)
{
    VariantBuilder b;
    str_auto out = STR_INIT(VARIANT_MAX_BYTES);
    variant_begin(&b, x->r->a);
    x->b = &b;
    put_item(x, item);
    bool good = variant_end(&b, &out) && !out.overflow;
    variant_done(&b);
    if (good)
        *ret = (View){ arena_strn(x->r->a, str_text(&out), out.len), out.len };
    return good;
}

bool xml_read_variant(const XmlOptions *o, XmlReader *r, const XmlToken *start, View *ret)
{
    Reading x = { .o = o, .r = r };
    Item item = { 0 };
    return read_element(&x, start, &item) && built(&x, &item, ret);
}

bool xml_text_variant(const XmlOptions *o, XmlReader *r, View text, View *ret)
{
    Reading x = { .o = o, .r = r };
    return built(&x, &(Item){ .text = text }, ret);
}
