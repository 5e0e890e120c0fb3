/* back/duckdb/source_xml_value.c -- tokens to values.
 *
 * Spark reads by recursive descent and goes on after a value that does not fit from where it stands: the rest of that element ends the
 * element around it. That is kept, token by token, since it decides what else of a record is read. */
#include "back/duckdb/source_xml_value.h"

#include "back/duckdb/convert.h"
#include "back/duckdb/internal.h"

#include <math.h>
#include <stdlib.h>

typedef struct Reading {
    const ScanPlan *plan;
    const XmlOptions *o;
    XmlReader *r;
} Reading;

static bool read_field(Reading *x, const Type *t, View element, const XmlToken *start, XmlValue *ret);
static XmlOutcome read_object(Reading *x, const Type *t, const XmlToken *start, XmlValue *ret);

static bool is_text(const Type *t)
{
    return t->kind == TYPE_STRING || t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR;
}

static bool view_is(View v, const char *text)
{
    return v.len == strlen(text) && !memcmp(v.data, text, v.len);
}

static XmlValue *add_item(Reading *x, XmlValue *list)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 4;
        XmlValue *items = ARENA_ARRAY(x->r->a, XmlValue, room);
        View *keys = ARENA_ARRAY(x->r->a, View, room);
        if (list->n) {
            memcpy(items, list->items, list->n * sizeof *items);
            memcpy(keys, list->keys, list->n * sizeof *keys);
        }
        list->items = items;
        list->keys = keys;
        list->room = room;
    }
    list->set = true;
    list->items[list->n] = (XmlValue){ 0 };
    return &list->items[list->n++];
}

/* ---------------------------------------------------------------- texts to values: convertTo, castTo */
/* signSafeToInt and its kin: one sign is taken off, and what is left may have another. */
static bool integer_value(View v, TypeKind kind, int64_t *ret)
{
    static const int64_t limits[] = { [TYPE_BYTE] = INT8_MAX, [TYPE_SHORT] = INT16_MAX, [TYPE_INT] = INT32_MAX, [TYPE_LONG] = INT64_MAX };
    bool sign = (kind == TYPE_INT || kind == TYPE_LONG) && v.len && (v.data[0] == '+' || v.data[0] == '-');
    bool negative = sign && v.data[0] == '-';
    if (!java_integer((View){ v.data + sign, v.len - sign }, -limits[kind] - 1, limits[kind], ret))
        return false;
    *ret = negative ? (kind == TYPE_INT ? (int64_t)(int32_t)(0 - (uint32_t)*ret) : (int64_t)(0 - (uint64_t)*ret)) : *ret;
    return true;
}

/* NumberFormat.parse: as much as is a number, with commas in its whole part. */
static bool lenient_real(View v, double *ret)
{
    str_auto digits = STR_INIT(SIZE_MAX);
    size_t i = v.len && v.data[0] == '-';
    bool any = false;
    if (i)
        str_addc(&digits, '-');
    for (; i < v.len && ((v.data[i] >= '0' && v.data[i] <= '9') || v.data[i] == ','); i++)
        if (v.data[i] != ',') {
            any = true;
            str_addc(&digits, v.data[i]);
        }
    if (i < v.len && v.data[i] == '.') {
        str_addc(&digits, '.');
        for (i++; i < v.len && v.data[i] >= '0' && v.data[i] <= '9'; i++) {
            any = true;
            str_addc(&digits, v.data[i]);
        }
    }
    size_t exponent = i + 1 + (i + 1 < v.len && v.data[i + 1] == '-');
    if (any && exponent < v.len && v.data[i] == 'E' && v.data[exponent] >= '0' && v.data[exponent] <= '9') {
        str_addc(&digits, 'E');
        if (exponent == i + 2)
            str_addc(&digits, '-');
        for (i = exponent; i < v.len && v.data[i] >= '0' && v.data[i] <= '9'; i++)
            str_addc(&digits, v.data[i]);
    }
    return any && java_double((View){ str_text(&digits), digits.len }, ret);
}

static bool real_value(View v, bool is_float, double *ret)
{
    bool sign = v.len && (v.data[0] == '+' || v.data[0] == '-');
    View number = { v.data + sign, v.len - sign };
    float small;
    if (is_float && java_float(number, &small))
        *ret = (double)small;
    else if ((is_float || !java_double(number, ret)) && !lenient_real(number, ret))
        return false;
    *ret = sign && v.data[0] == '-' ? -*ret : *ret;
    return true;
}

static bool boolean_value(View v, int64_t *ret)
{
    bool flag = view_is(v, "1");
    if (!flag && !view_is(v, "0") && !java_boolean(v, &flag))
        return false;
    *ret = flag;
    return true;
}

static bool decimal_value(View v, const Type *t, i128 *ret)
{
    str_auto digits = STR_INIT(SIZE_MAX);
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] != ',')
            str_addc(&digits, v.data[i]);
    return java_decimal((View){ str_text(&digits), digits.len }, t->precision, t->scale, ret);
}

static bool time_value(const ScanPlan *plan, View v, TypeKind kind, int64_t *ret)
{
    int32_t days;
    if (kind == TYPE_TIMESTAMP)
        return plan->csv.timestamp_format ? pattern_parse(plan->csv.timestamp_format, v, plan->csv.zone, ret) == PATTERN_PARSED
                                          : convert_timestamp(v, plan->csv.zone, ret);
    if (kind == TYPE_TIMESTAMP_NTZ)
        return scan_timestamp_ntz(plan, v, ret);
    if (!scan_date(plan, v, &days))
        return false;
    *ret = days;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Pairs of digits with spaces between them, in brackets or not: [01 AB]. */
static bool binary_value(Arena *a, View v, View *ret)
{
    if (v.len && v.data[0] == '[')
        v.data++, v.len--;
    if (v.len && v.data[v.len - 1] == ']')
        v.len--;
    unsigned char *bytes = arena_alloc(a, v.len / 3 + 2);
    size_t n = 0;
    for (size_t i = 0; i < v.len; i += 3) {
        bool pair = i + 1 < v.len && hex_digit(v.data[i]) >= 0 && hex_digit(v.data[i + 1]) >= 0;
        if (!pair || (i + 2 < v.len && (v.data[i + 2] != ' ' || i + 3 == v.len)))
            return false;
        bytes[n++] = (unsigned char)(hex_digit(v.data[i]) * 16 + hex_digit(v.data[i + 1]));
    }
    *ret = (View){ (char *)bytes, n };
    return true;
}

/* False: an exception in Spark. */
static bool read_text(Reading *x, View v, const Type *t, XmlValue *ret)
{
    *ret = (XmlValue){ 0 };
    v = x->o->trim ? xml_trim(v) : v;
    if (xml_is_null(x->o, v))
        return true;
    ret->set = true;
    switch (t->kind) {
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: ret->text = v; return true;
    case TYPE_BOOLEAN: return boolean_value(v, &ret->integer);
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: case TYPE_LONG: return integer_value(v, t->kind, &ret->integer);
    case TYPE_FLOAT: case TYPE_DOUBLE: return real_value(v, t->kind == TYPE_FLOAT, &ret->real);
    case TYPE_DECIMAL: return decimal_value(v, t, &ret->decimal);
    case TYPE_DATE: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: return time_value(x->plan, v, t->kind, &ret->integer);
    case TYPE_BINARY: return binary_value(x->r->a, v, &ret->text);
    case TYPE_VARIANT: return xml_text_variant(x->o, x->r, v, &ret->text);
    default: return false;
    }
}

/* ---------------------------------------------------------------- tokens */
static bool same(View a, View b)
{
    return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

/* skipNextEndElement */
static bool take_end(Reading *x, View element)
{
    for (;;) {
        XmlToken t = xml_next(x->r);
        if (t.kind == XML_TEXT && t.blank)
            continue;
        return t.kind == XML_END && same(xml_name(x->o, t.name), element);
    }
}

/* skipChildren: up to the element's end, which is taken. */
static bool skip_element(Reading *x)
{
    for (size_t depth = 1; depth;) {
        XmlToken t = xml_next(x->r);
        if (t.kind == XML_FAILED || t.kind == XML_DONE)
            return false;
        depth += t.kind == XML_START;
        depth -= t.kind == XML_END;
    }
    return true;
}

static void put_start(const XmlToken *t, Str *out)
{
    str_addc(out, '<');
    str_addn(out, t->name.data, t->name.len);
    for (size_t i = 0; i < t->nattributes; i++) {
        str_addc(out, ' ');
        str_addn(out, t->attributes[i].name.data, t->attributes[i].name.len);
        str_add(out, "=\"");
        str_addn(out, t->attributes[i].value.data, t->attributes[i].value.len);
        str_addc(out, '"');
    }
    str_addc(out, '>');
}

/* currentStructureAsString: what is inside of the element, as text; its end is taken. */
static bool read_markup(Reading *x, View element, View *ret)
{
    str_auto out = STR_INIT(SIZE_MAX);
    size_t depth = 0;
    do {
        XmlToken t = xml_next(x->r);
        if (t.kind == XML_FAILED || t.kind == XML_DONE)
            return false;
        if (t.kind == XML_START)
            put_start(&t, &out);
        if (t.kind == XML_TEXT)
            str_addn(&out, t.text.data, t.text.len);
        if (t.kind == XML_END) {
            str_add(&out, "</");
            str_addn(&out, t.name.data, t.name.len);
            str_addc(&out, '>');
        }
        depth += t.kind == XML_START;
        depth -= t.kind == XML_END;
    } while (xml_peek(x->r)->kind != XML_END || depth);
    *ret = (View){ arena_strn(x->r->a, str_text(&out), out.len), out.len };
    return take_end(x, element);
}

/* ---------------------------------------------------------------- maps */
static XmlValue *map_entry(Reading *x, XmlValue *map, View key)
{
    for (size_t i = 0; i < map->n; i++)
        if (same(map->keys[i], key))
            return &map->items[i];
    XmlValue *item = add_item(x, map);
    map->keys[map->n - 1] = key;
    return item;
}

static bool read_map(Reading *x, const Type *t, const XmlToken *start, XmlValue *ret)
{
    *ret = (XmlValue){ .set = true };
    XmlValue value;
    for (size_t i = 0; start && i < start->nattributes; i++) {
        View prefix = x->o->attribute_prefix, name = start->attributes[i].name;
        char *key = arena_printf(x->r->a, "%.*s%.*s", VIEW_ARGS(prefix), VIEW_ARGS(name));
        if (!read_text(x, start->attributes[i].value, t->element, &value))
            return false;
        *map_entry(x, ret, VIEW(key)) = value;
    }
    for (;;) {
        XmlToken token = xml_next(x->r);
        View key = x->o->value_tag;
        if (token.kind == XML_FAILED)
            return false;
        if (token.kind == XML_END || token.kind == XML_DONE)
            return true;
        if (token.kind == XML_TEXT && token.blank)
            continue;
        if (token.kind == XML_START)
            key = xml_name(x->o, token.name);
        if (!(token.kind == XML_START ? read_field(x, t->element, key, NULL, &value) : read_text(x, token.text, t->element, &value)))
            return false;
        *map_entry(x, ret, key) = value;
    }
}

/* ---------------------------------------------------------------- structs */
static size_t field_index(const Reading *x, const Type *t, View name)
{
    for (size_t i = 0; i < t->nfields; i++) {
        const char *field = t->fields[i].name;
        if (strlen(field) == name.len && (x->o->case_sensitive ? !memcmp(field, name.data, name.len) : !strncasecmp(field, name.data, name.len)))
            return i;
    }
    return t->nfields;
}

static size_t exact_index(const Type *t, View name)
{
    size_t i = 0;
    while (i < t->nfields && !view_is(name, t->fields[i].name))
        i++;
    return i;
}

static bool read_attributes(Reading *x, const Type *t, const XmlToken *start, XmlValue *fields)
{
    for (size_t i = 0; start && !x->o->exclude_attributes && i < start->nattributes; i++) {
        View prefix = x->o->attribute_prefix, name = xml_name(x->o, start->attributes[i].name), value;
        char *key = arena_printf(x->r->a, "%.*s%.*s", VIEW_ARGS(prefix), VIEW_ARGS(name));
        bool null = !xml_attribute_value(x->o, start->attributes[i].value, &value);
        size_t at = field_index(x, t, VIEW(key));
        if (at == t->nfields)
            continue;
        fields[at] = (XmlValue){ 0 };
        if (!null && !read_text(x, value, t->fields[at].type, &fields[at]))
            return false;
    }
    return true;
}

/* convertObjectWithAttributes */
static bool read_struct(Reading *x, const Type *t, View element, const XmlToken *start, XmlValue *ret)
{
    XmlValue *attributes = ARENA_ARRAY(x->r->a, XmlValue, t->nfields + 1);
    XmlValue inside = { 0 };
    if (!read_attributes(x, t, start, attributes) || !read_field(x, t, element, NULL, &inside))
        return false;
    *ret = (XmlValue){ .set = true, .items = inside.items ? inside.items : ARENA_ARRAY(x->r->a, XmlValue, t->nfields + 1), .n = t->nfields };
    for (size_t i = 0; i < t->nfields; i++)
        if (attributes[i].set)
            ret->items[i] = attributes[i];
    return true;
}

static bool read_variant(Reading *x, const XmlToken *start, XmlValue *ret)
{
    ret->set = xml_read_variant(x->o, x->r, start, &ret->text);
    return ret->set;
}

static bool read_column(Reading *x, const Type *t, const XmlToken *start, View name, XmlValue *column)
{
    XmlValue value = { 0 };
    if (t->kind == TYPE_STRUCT) {
        if (!read_struct(x, t, name, start, &value))
            return false;
    } else if (t->kind == TYPE_VARIANT) {
        if (!read_variant(x, start, &value))
            return false;
    } else if (t->kind == TYPE_ARRAY) {
        const Type *of = t->element;
        bool good = of->kind == TYPE_STRUCT    ? read_struct(x, of, name, start, &value)
                    : of->kind == TYPE_VARIANT ? read_variant(x, start, &value)
                                               : read_field(x, of, name, NULL, &value);
        if (!good)
            return false;
        *add_item(x, column) = value;
        return true;
    } else if (!read_field(x, t, name, start, &value)) {
        return false;
    }
    *column = value;
    return true;
}

/* A column for what has none: markup as text. */
static bool read_wildcard(Reading *x, const Type *t, View name, XmlValue *column)
{
    XmlValue value;
    if (!read_field(x, &type_string, name, NULL, &value))
        return false;
    if (t->kind == TYPE_STRING)
        *column = value;
    else if (t->kind == TYPE_ARRAY && t->element->kind == TYPE_STRING)
        *add_item(x, column) = value;
    else
        return false;
    return true;
}

/* addOrUpdate: text among elements. */
static bool read_mixed(Reading *x, const Type *t, View text, XmlValue *fields)
{
    size_t at = exact_index(t, x->o->value_tag);
    XmlValue value;
    if (at == t->nfields)
        return true;
    const Type *of = t->fields[at].type;
    if (!read_text(x, text, of->kind == TYPE_ARRAY ? of->element : of, &value))
        return false;
    *(of->kind == TYPE_ARRAY ? add_item(x, &fields[at]) : &fields[at]) = value;
    return true;
}

static bool read_child(Reading *x, const Type *t, const XmlToken *child, size_t wildcard, XmlValue *fields)
{
    View name = xml_name(x->o, child->name);
    size_t at = field_index(x, t, name);
    if (at < t->nfields)
        return read_column(x, t->fields[at].type, child, name, &fields[at]);
    return wildcard < t->nfields ? read_wildcard(x, t->fields[wildcard].type, name, &fields[wildcard]) : skip_element(x);
}

static XmlOutcome read_object(Reading *x, const Type *t, const XmlToken *start, XmlValue *ret)
{
    XmlValue *fields = ARENA_ARRAY(x->r->a, XmlValue, t->nfields + 1);
    size_t wildcard = exact_index(t, x->o->wildcard);
    bool good = true;
    if (!read_attributes(x, t, start, fields))
        return XML_BAD;
    for (;;) {
        XmlToken token = xml_next(x->r);
        x->r->failed = x->r->failed || (token.kind == XML_FAILED && start);
        if (token.kind == XML_FAILED)
            return XML_BAD;
        if (token.kind == XML_END || token.kind == XML_DONE)
            break;
        if (token.kind == XML_START)
            good = read_child(x, t, &token, wildcard, fields) && good;
        else if (!token.blank && !read_mixed(x, t, token.text, fields))
            return XML_BAD;
    }
    *ret = (XmlValue){ .set = true, .items = fields, .n = t->nfields };
    return good ? XML_GOOD : XML_PARTIAL;
}

/* ---------------------------------------------------------------- fields: convertField */
static bool read_elements(Reading *x, const Type *t, View element, const XmlToken *start, XmlValue *ret)
{
    View markup;
    switch (t->kind) {
    case TYPE_STRUCT: return read_object(x, t, NULL, ret) == XML_GOOD;
    case TYPE_MAP: return t->key->kind == TYPE_STRING && read_map(x, t, start, ret);
    case TYPE_VARIANT: return read_variant(x, start, ret);
    case TYPE_ARRAY: return read_field(x, t->element, element, NULL, ret);
    case TYPE_STRING: case TYPE_CHAR: case TYPE_VARCHAR: return read_markup(x, element, &markup) && read_text(x, markup, t, ret);
    default: return false;
    }
}

static bool read_field(Reading *x, const Type *t, View element, const XmlToken *start, XmlValue *ret)
{
    const XmlToken *next = xml_peek(x->r);
    while (next->kind == XML_TEXT && next->blank && t->kind != TYPE_ARRAY && t->kind != TYPE_STRUCT && t->kind != TYPE_VARIANT && !is_text(t)) {
        xml_next(x->r);
        next = xml_peek(x->r);
    }
    *ret = (XmlValue){ 0 };
    if (next->kind == XML_START)
        return read_elements(x, t, element, start, ret);
    if (next->kind == XML_END) {
        ret->set = is_text(t) && !(x->o->null_value.data && !x->o->null_value.len);
        return take_end(x, element);
    }
    if (next->kind != XML_TEXT)
        return false;
    View text = next->text;
    if (t->kind == TYPE_ARRAY) {
        xml_next(x->r);
        return read_text(x, text, t->element, ret) && take_end(x, element);
    }
    if (t->kind == TYPE_STRUCT || t->kind == TYPE_VARIANT || is_text(t))
        return read_elements(x, t, element, t->kind == TYPE_VARIANT ? NULL : start, ret);
    if (!read_text(x, text, t, ret)) /* stays where it is */
        return false;
    xml_next(x->r);
    return take_end(x, element);
}

XmlOutcome xml_read_struct(const ScanPlan *plan, XmlReader *r, const Type *schema, const XmlToken *start, XmlValue *ret_value)
{
    Reading x = { .plan = plan, .o = plan->xml, .r = r };
    return read_object(&x, schema, start, ret_value);
}

/* ---------------------------------------------------------------- values to vectors */
static void write_null(const Type *t, duckdb_vector vector, idx_t row)
{
    scan_json_null(t, vector, row);
}

static idx_t grow(duckdb_vector vector, idx_t row, size_t count)
{
    idx_t from = duckdb_list_vector_get_size(vector);
    duckdb_list_vector_reserve(vector, from + count);
    duckdb_list_vector_set_size(vector, from + count);
    ((duckdb_list_entry *)duckdb_vector_get_data(vector))[row] = (duckdb_list_entry){ .offset = from, .length = count };
    return from;
}

static void write_map(ScanLocal *l, const Type *t, const XmlValue *map, duckdb_vector vector, idx_t row)
{
    idx_t at = grow(vector, row, map->n);
    for (size_t i = 0; i < map->n; i++) {
        duckdb_vector entries = duckdb_list_vector_get_child(vector);
        ScanColumn key = { .vector = duckdb_struct_vector_get_child(entries, 0) };
        scan_string(l, &key, at + i, map->keys[i]);
        xml_write(l, t->element, &map->items[i], duckdb_struct_vector_get_child(entries, 1), at + i);
    }
}

static void write_atom(ScanLocal *l, const Type *t, const XmlValue *v, duckdb_vector vector, idx_t row)
{
    void *data = duckdb_vector_get_data(vector);
    ScanColumn c = { .type = t, .vector = vector, .data = data };
    switch (t->kind) {
    case TYPE_BOOLEAN: ((bool *)data)[row] = v->integer != 0; break;
    case TYPE_BYTE: ((int8_t *)data)[row] = (int8_t)v->integer; break;
    case TYPE_SHORT: ((int16_t *)data)[row] = (int16_t)v->integer; break;
    case TYPE_INT: case TYPE_DATE: ((int32_t *)data)[row] = (int32_t)v->integer; break;
    case TYPE_LONG: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ: ((int64_t *)data)[row] = v->integer; break;
    case TYPE_FLOAT: ((float *)data)[row] = (float)v->real; break;
    case TYPE_DOUBLE: ((double *)data)[row] = v->real; break;
    case TYPE_DECIMAL: scan_decimal(&c, row, v->decimal); break;
    case TYPE_BINARY: case TYPE_VARIANT: duckdb_vector_assign_string_element_len(vector, row, v->text.data, v->text.len); break;
    default: scan_string(l, &c, row, v->text);
    }
}

void xml_write(ScanLocal *l, const Type *t, const XmlValue *v, duckdb_vector vector, idx_t row)
{
    if (!v->set) {
        write_null(t, vector, row);
        return;
    }
    if (t->kind == TYPE_STRUCT && !t->nfields) {
        engine_fill_empty(vector, row, false);
    } else if (t->kind == TYPE_STRUCT) {
        for (size_t i = 0; i < t->nfields; i++)
            xml_write(l, t->fields[i].type, &v->items[i], duckdb_struct_vector_get_child(vector, i), row);
    } else if (t->kind == TYPE_ARRAY) {
        idx_t at = grow(vector, row, v->n);
        for (size_t i = 0; i < v->n; i++)
            xml_write(l, t->element, &v->items[i], duckdb_list_vector_get_child(vector), at + i);
    } else if (t->kind == TYPE_MAP) {
        write_map(l, t, v, vector, row);
    } else {
        write_atom(l, t, v, vector, row);
    }
}
