/* front/connect/literal.c -- Literal messages to ir literals and back. Source: expressions.proto, LiteralValueProtoConverter. */
#include "front/connect/internal.h"
#include "front/connect/text.h"
#include "ir/check.h"

#include <ctype.h>
#include <stdlib.h>

/* Clients before 4.1 send fields that 4.1 calls deprecated. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef Spark__Connect__Expression__Literal Message;
#define CASE(name) SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_##name

/* `expected`: the type that what the literal stands in declares for it, NULL: none. */
static Status value_of(Connect *c, const Message *l, const Type *expected, Value *ret, const Type **ret_type);

/* Digits with as many decimals as the scale says, as Value wants them. */
/* The exponent at *at, which moves behind it; false when it is none. Absurd ones are cut: no decimal is so large. */
static bool read_exponent(const char **at, long *ret_exponent)
{
    enum { EXPONENT_MAX = 1000 };
    *ret_exponent = 0;
    if (**at != 'e' && **at != 'E')
        return true;
    const char *digits = *at + 1 + ((*at)[1] == '-' || (*at)[1] == '+');
    if (!isdigit((unsigned char)*digits))
        return false;
    long exponent = strtol(*at + 1, NULL, 10);
    *at = digits + strspn(digits, "0123456789");
    *ret_exponent = exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent < -EXPONENT_MAX ? -EXPONENT_MAX : exponent;
    return true;
}

/* `digits` with `scale` of them behind the point, and a digit before it at least. */
static const char *decimal_text(Connect *c, bool negative, const char *digits, size_t scale)
{
    size_t n = strlen(digits), whole = n > scale ? n - scale : 0;
    const char *zeros = arena_printf(c->a, "%0*d", (int)(scale + 1), 0);
    const char *fraction = n > scale ? digits + whole : arena_printf(c->a, "%.*s%s", (int)(scale - n), zeros, digits);
    return arena_printf(c->a, "%s%.*s%s%s", negative ? "-" : "", whole ? (int)whole : 1, whole ? digits : "0", scale ? "." : "", fraction);
}

/* The value has the type that the client names, or a wider one in which it fits (LiteralExpressionProtoConverter): PySpark says
 * DECIMAL(10,0) of every one. */
static Status decimal_of(Connect *c, const Spark__Connect__Expression__Literal__Decimal *d, Value *v, const Type **ret_type)
{
    const char *text = d->value ? d->value : "", *digits = text + (*text == '-' || *text == '+');
    size_t whole = strspn(digits, "0123456789");
    const char *point = digits + whole;
    size_t decimals = *point == '.' ? strspn(point + 1, "0123456789") : 0;
    const char *end = point + (*point == '.') + decimals;
    long exponent;
    if (whole + decimals == 0 || !read_exponent(&end, &exponent) || *end)
        return invalid(c, "'%s' is no decimal.", text);
    const char *all = arena_printf(c->a, "%.*s%.*s", (int)whole, digits, (int)decimals, decimals ? point + 1 : "");
    long own_scale = (long)decimals - exponent;
    if (own_scale < 0) {
        all = arena_printf(c->a, "%s%0*d", all, (int)-own_scale, 0);
        own_scale = 0;
    }
    all += strspn(all, "0");
    long scale = d->has_scale && d->scale > own_scale ? d->scale : own_scale, own_precision = *all ? (long)strlen(all) : 1;
    long precision = d->has_precision && d->precision > own_precision ? d->precision : own_precision;
    precision = precision > scale ? precision : scale;
    if (precision > DECIMAL_MAX_PRECISION || own_precision - own_scale > precision - scale)
        return invalid(c, "The decimal '%s' does not fit its type decimal(%ld,%ld).", text, precision, scale);
    for (; own_scale < scale; own_scale++)
        all = arena_printf(c->a, "%s0", all);
    const char *exact = decimal_text(c, *text == '-', all, (size_t)scale);
    *v = (Value){ .text = exact, .text_len = strlen(exact) };
    *ret_type = type_decimal(c->a, (int)precision, (int)scale);
    return ST_OK;
}

/* May a value of `type` stand where `declared` is? A Value does not say what it is, so one read as another type would be another value. */
static bool fits(const Type *declared, const Type *type)
{
    if (declared->kind == TYPE_UDT)
        declared = declared->sql_type;
    if (type->kind == TYPE_NULL)
        return true;
    if (declared->kind != type->kind || declared->nfields != type->nfields)
        return false;
    for (size_t i = 0; i < declared->nfields; i++)
        if (!fits(declared->fields[i].type, type->fields[i].type))
            return false;
    return (!declared->element || fits(declared->element, type->element)) && (!declared->key || fits(declared->key, type->key));
}

/* The type that the message itself carries, that is of `kind`, or else what is expected. */
static Status given_type(Connect *c, const Message *l, const Spark__Connect__DataType *old, TypeKind kind, const Type *expected, const Type **ret)
{
    *ret = NULL;
    if (l->data_type || old)
        TRY(type_of(c, l->data_type ? l->data_type : old, ret));
    else if (expected)
        *ret = expected->kind == TYPE_UDT ? expected->sql_type : expected;
    return *ret && (*ret)->kind != kind ? invalid(c, "A literal is not of its type, %s.", type_catalog_text(c->a, *ret)) : ST_OK;
}

/* Elements of one type: the first one's unless `element` is given. Nulls take it as well. */
static Status elements_of(Connect *c, Message *const *list, size_t n, Value *items, size_t step, const Type **element,
                          bool *ret_has_null)
{
    for (size_t i = 0; i < n; i++) {
        const Type *type;
        TRY(value_of(c, list[i], *element && (*element)->kind != TYPE_NULL ? *element : NULL, &items[i * step], &type));
        *ret_has_null |= items[i * step].is_null;
        if (!*element || (*element)->kind == TYPE_NULL)
            *element = type;
    }
    if (!*element)
        *element = &type_null;
    return ST_OK;
}

static Status array_of(Connect *c, const Message *l, const Type *expected, Value *v, const Type **ret_type)
{
    const Spark__Connect__Expression__Literal__Array *array = l->array;
    const Type *type, *element = NULL;
    TRY(given_type(c, l, NULL, TYPE_ARRAY, expected, &type));
    if (type)
        element = type->element;
    else if (array->element_type)
        TRY(type_of(c, array->element_type, &element));
    bool has_null = false;
    Value *items = ARENA_ARRAY(c->a, Value, array->n_elements + 1);
    TRY(elements_of(c, array->elements, array->n_elements, items, 1, &element, &has_null));
    *v = (Value){ .items = items, .nitems = array->n_elements };
    *ret_type = type ? type : type_array(c->a, element, has_null);
    return ST_OK;
}

static Status map_of(Connect *c, const Message *l, const Type *expected, Value *v, const Type **ret_type)
{
    const Spark__Connect__Expression__Literal__Map *map = l->map;
    const Type *type, *key = NULL, *value = NULL;
    TRY(given_type(c, l, NULL, TYPE_MAP, expected, &type));
    if (map->n_keys != map->n_values)
        return invalid(c, "A map literal has %zu keys and %zu values.", map->n_keys, map->n_values);
    if (type) {
        key = type->key;
        value = type->element;
    } else {
        if (map->key_type)
            TRY(type_of(c, map->key_type, &key));
        if (map->value_type)
            TRY(type_of(c, map->value_type, &value));
    }
    bool null_key = false, null_value = false;
    Value *items = ARENA_ARRAY(c->a, Value, 2 * map->n_keys + 1);
    TRY(elements_of(c, map->keys, map->n_keys, items, 2, &key, &null_key));
    TRY(elements_of(c, map->values, map->n_values, items + 1, 2, &value, &null_value));
    *v = (Value){ .items = items, .nitems = 2 * map->n_keys };
    *ret_type = type ? type : type_map(c->a, key, value, null_value);
    return ST_OK;
}

static Status struct_of(Connect *c, const Message *l, const Type *expected, Value *v, const Type **ret_type)
{
    const Spark__Connect__Expression__Literal__Struct *s = l->struct_;
    const Type *type;
    TRY(given_type(c, l, s->struct_type, TYPE_STRUCT, expected, &type));
    if (!type || type->nfields != s->n_elements)
        return invalid(c, "A struct literal's type does not fit its elements.");
    Value *items = ARENA_ARRAY(c->a, Value, s->n_elements + 1);
    for (size_t i = 0; i < s->n_elements; i++) {
        const Type *ignored;
        TRY(value_of(c, s->elements[i], type->fields[i].type, &items[i], &ignored));
    }
    *v = (Value){ .items = items, .nitems = s->n_elements };
    *ret_type = type;
    return ST_OK;
}

#define NUMBERS(list, member)                                    \
    n = (list)->n_values;                                        \
    items = ARENA_ARRAY(c->a, Value, n + 1);                     \
    for (size_t i = 0; i < n; i++)                               \
        items[i].member = (list)->values[i];                     \
    break

static Status specialized_of(Connect *c, const Spark__Connect__Expression__Literal__SpecializedArray *s, Value *v, const Type **ret_type)
{
    size_t n = 0;
    Value *items = NULL;
    const Type *element = NULL;
    switch (s->value_type_case) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_BOOLS:
        element = &type_boolean;
        NUMBERS(s->bools, i);
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_INTS:
        element = &type_int;
        NUMBERS(s->ints, i);
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_LONGS:
        element = &type_long;
        NUMBERS(s->longs, i);
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_FLOATS:
        element = &type_float;
        NUMBERS(s->floats, f);
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_DOUBLES:
        element = &type_double;
        NUMBERS(s->doubles, f);
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_STRINGS:
        element = &type_string;
        n = s->strings->n_values;
        items = ARENA_ARRAY(c->a, Value, n + 1);
        for (size_t i = 0; i < n; i++)
            items[i] = (Value){ .text = s->strings->values[i], .text_len = strlen(s->strings->values[i]) };
        break;
    default:
        return invalid(c, "A specialized array has no values.");
    }
    *v = (Value){ .items = items, .nitems = n };
    *ret_type = type_array(c->a, element, false);
    return ST_OK;
}

static Status interval_of(Connect *c, const Message *l, const Type *plain, Value *v, const Type **ret_type)
{
    v->i = l->literal_type_case == CASE(YEAR_MONTH_INTERVAL) ? l->year_month_interval : l->day_time_interval;
    TRY(given_type(c, l, NULL, plain->kind, NULL, ret_type));
    if (!*ret_type)
        *ret_type = plain;
    return ST_OK;
}

static Value text_of(Connect *c, const char *text)
{
    size_t n = strlen(text);
    if (!memchr(text, CONNECT_NUL, n))
        return (Value){ .text = text, .text_len = n };
    char *whole = arena_strn(c->a, text, n);
    for (size_t i = 0; i < n; i++)
        whole[i] = (char)((unsigned char)whole[i] == CONNECT_NUL ? 0 : whole[i]);
    return (Value){ .text = whole, .text_len = n };
}

/* One value without parts; *ret_type stays NULL when it is none. */
static Status simple_of(Connect *c, const Message *l, Value *v, const Type **ret_type)
{
    const Type *type = NULL;
    switch (l->literal_type_case) {
    case CASE(BOOLEAN):
        *v = (Value){ .i = l->boolean };
        type = &type_boolean;
        break;
    case CASE(BYTE):
        *v = (Value){ .i = l->byte };
        type = &type_byte;
        break;
    case CASE(SHORT):
        *v = (Value){ .i = l->short_ };
        type = &type_short;
        break;
    case CASE(INTEGER):
        *v = (Value){ .i = l->integer };
        type = &type_int;
        break;
    case CASE(LONG):
        *v = (Value){ .i = l->long_ };
        type = &type_long;
        break;
    case CASE(FLOAT):
        *v = (Value){ .f = (double)l->float_ };
        type = &type_float;
        break;
    case CASE(DOUBLE):
        *v = (Value){ .f = l->double_ };
        type = &type_double;
        break;
    case CASE(STRING):
        *v = text_of(c, l->string);
        type = &type_string;
        break;
    case CASE(BINARY):
        *v = (Value){ .text = l->binary.len ? (const char *)l->binary.data : "", .text_len = l->binary.len };
        type = &type_binary;
        break;
    case CASE(DATE):
        *v = (Value){ .i = l->date };
        type = &type_date;
        break;
    case CASE(TIMESTAMP):
        *v = (Value){ .i = l->timestamp };
        type = &type_timestamp;
        break;
    case CASE(TIMESTAMP_NTZ):
        *v = (Value){ .i = l->timestamp_ntz };
        type = &type_timestamp_ntz;
        break;
    case CASE(CALENDAR_INTERVAL):
        *v = (Value){ .months = l->calendar_interval->months, .days = l->calendar_interval->days,
                      .i = l->calendar_interval->microseconds };
        type = &type_calendar_interval;
        break;
    case CASE(TIME): {
        Type *time = arena_copy(c->a, &type_time, sizeof type_time);
        time->precision = l->time->has_precision ? l->time->precision : 6;
        TRY(type_check(time, c->err));
        *v = (Value){ .i = l->time->nano };
        type = time;
        break;
    }
    default:
        break;
    }
    *ret_type = type;
    return ST_OK;
}

static Status composite_of(Connect *c, const Message *l, const Type *expected, Value *ret, const Type **ret_type)
{
    TRY(enter(c));
    Status status;
    switch (l->literal_type_case) {
    case CASE(NULL):
        ret->is_null = true;
        status = type_of(c, l->null, ret_type);
        break;
    case CASE(DECIMAL):
        status = decimal_of(c, l->decimal, ret, ret_type);
        break;
    case CASE(YEAR_MONTH_INTERVAL):
        status = interval_of(c, l, type_year_month(c->a, INTERVAL_YEAR, INTERVAL_MONTH), ret, ret_type);
        break;
    case CASE(DAY_TIME_INTERVAL):
        status = interval_of(c, l, type_day_time(c->a, INTERVAL_DAY, INTERVAL_SECOND), ret, ret_type);
        break;
    case CASE(ARRAY):
        status = array_of(c, l, expected, ret, ret_type);
        break;
    case CASE(MAP):
        status = map_of(c, l, expected, ret, ret_type);
        break;
    case CASE(STRUCT):
        status = struct_of(c, l, expected, ret, ret_type);
        break;
    case CASE(SPECIALIZED_ARRAY):
        status = specialized_of(c, l->specialized_array, ret, ret_type);
        break;
    default:
        status = unsupported(c, arena_printf(c->a, "Expression.Literal, kind %d", (int)l->literal_type_case));
    }
    c->depth--;
    return status;
}

static Status value_of(Connect *c, const Message *l, const Type *expected, Value *ret, const Type **ret_type)
{
    *ret = (Value){ 0 };
    if (!l)
        return unsupported(c, "Expression.Literal that is not there");
    TRY(simple_of(c, l, ret, ret_type));
    if (!*ret_type)
        TRY(composite_of(c, l, expected, ret, ret_type));
    return expected && !fits(expected, *ret_type) ? invalid(c, "A literal of type %s stands where %s is declared.", type_catalog_text(c->a, *ret_type),
                                                            type_catalog_text(c->a, expected)) : ST_OK;
}

Status literal_node(Connect *c, const Message *l, Node **ret)
{
    Value *value = ARENA_NEW(c->a, Value);
    const Type *type;
    TRY(value_of(c, l, NULL, value, &type));
    *ret = node_new(c->a, Literal, .value = value, .of = type);
    return ST_OK;
}

Status literal_list(Connect *c, Message *const *list, size_t n, NodeList *ret)
{
    NodeList nodes = { 0 };
    for (size_t i = 0; i < n; i++) {
        Node *node;
        TRY(literal_node(c, list[i], &node));
        vec_push(c->a, &nodes, node);
    }
    *ret = nodes;
    return ST_OK;
}

static Message *decimal_message(Arena *a, Message *m, const Type *type, const Value *v)
{
    Spark__Connect__Expression__Literal__Decimal *d = ARENA_NEW(a, Spark__Connect__Expression__Literal__Decimal);
    spark__connect__expression__literal__decimal__init(d);
    d->value = arena_strn(a, v->text, v->text_len);
    d->has_precision = d->has_scale = true;
    d->precision = type->precision;
    d->scale = type->scale;
    m->literal_type_case = CASE(DECIMAL);
    m->decimal = d;
    return m;
}

static Message **messages(Arena *a, const Type *const *types, size_t ntypes, const Value *items, size_t n, size_t step)
{
    Message **list = ARENA_ARRAY(a, Message *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = connect_literal_message(a, types[ntypes == 1 ? 0 : i], &items[i * step]);
    return list;
}

/* Clients of Spark 4.1 read the types of parts from the older fields. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static Message *nested_message(Arena *a, Message *m, const Type *type, const Value *v)
{
    if (type->kind == TYPE_ARRAY) {
        Spark__Connect__Expression__Literal__Array *array = ARENA_NEW(a, Spark__Connect__Expression__Literal__Array);
        spark__connect__expression__literal__array__init(array);
        array->element_type = connect_type_message(a, type->element);
        array->n_elements = v->nitems;
        array->elements = messages(a, &type->element, 1, v->items, v->nitems, 1);
        m->literal_type_case = CASE(ARRAY);
        m->array = array;
    } else if (type->kind == TYPE_MAP) {
        Spark__Connect__Expression__Literal__Map *map = ARENA_NEW(a, Spark__Connect__Expression__Literal__Map);
        spark__connect__expression__literal__map__init(map);
        map->key_type = connect_type_message(a, type->key);
        map->value_type = connect_type_message(a, type->element);
        map->n_keys = map->n_values = v->nitems / 2;
        map->keys = messages(a, &type->key, 1, v->items, map->n_keys, 2);
        map->values = messages(a, &type->element, 1, v->nitems ? v->items + 1 : NULL, map->n_values, 2);
        m->literal_type_case = CASE(MAP);
        m->map = map;
    } else {
        Spark__Connect__Expression__Literal__Struct *row = ARENA_NEW(a, Spark__Connect__Expression__Literal__Struct);
        const Type **types = ARENA_ARRAY(a, const Type *, type->nfields + 1);
        for (size_t i = 0; i < type->nfields; i++)
            types[i] = type->fields[i].type;
        spark__connect__expression__literal__struct__init(row);
        row->struct_type = connect_type_message(a, type);
        row->n_elements = type->nfields;
        row->elements = messages(a, types, type->nfields, v->items, type->nfields, 1);
        m->literal_type_case = CASE(STRUCT);
        m->struct_ = row;
    }
    return m;
}
#pragma GCC diagnostic pop

Message *connect_literal_message(Arena *a, const Type *type, const Value *v)
{
    Message *m = ARENA_NEW(a, Message);
    spark__connect__expression__literal__init(m);
    TypeKind kind = v->is_null ? TYPE_NULL : type->kind;
#define PLAIN(kind, member, value)                                                                                                       \
    m->literal_type_case = CASE(kind);                                                                                                   \
    m->member = value;                                                                                                                   \
    return m
    switch (kind) {
    case TYPE_BOOLEAN:
        PLAIN(BOOLEAN, boolean, v->i != 0);
    case TYPE_BYTE:
        PLAIN(BYTE, byte, (int32_t)v->i);
    case TYPE_SHORT:
        PLAIN(SHORT, short_, (int32_t)v->i);
    case TYPE_INT:
        PLAIN(INTEGER, integer, (int32_t)v->i);
    case TYPE_LONG:
        PLAIN(LONG, long_, v->i);
    case TYPE_FLOAT:
        PLAIN(FLOAT, float_, (float)v->f);
    case TYPE_DOUBLE:
        PLAIN(DOUBLE, double_, v->f);
    case TYPE_STRING:
        PLAIN(STRING, string, arena_strn(a, v->text, v->text_len));
    case TYPE_DATE:
        PLAIN(DATE, date, (int32_t)v->i);
    case TYPE_TIMESTAMP:
        PLAIN(TIMESTAMP, timestamp, v->i);
    case TYPE_TIMESTAMP_NTZ:
        PLAIN(TIMESTAMP_NTZ, timestamp_ntz, v->i);
    case TYPE_DAY_TIME_INTERVAL:
        PLAIN(DAY_TIME_INTERVAL, day_time_interval, v->i);
    case TYPE_YEAR_MONTH_INTERVAL:
        PLAIN(YEAR_MONTH_INTERVAL, year_month_interval, (int32_t)v->i);
#undef PLAIN
    case TYPE_BINARY:
        m->literal_type_case = CASE(BINARY);
        m->binary = (ProtobufCBinaryData){ .len = v->text_len, .data = (uint8_t *)(uintptr_t)v->text };
        return m;
    case TYPE_ARRAY: case TYPE_MAP: case TYPE_STRUCT:
        return nested_message(a, m, type, v);
    case TYPE_DECIMAL:
        return decimal_message(a, m, type, v);
    default:
        m->literal_type_case = CASE(NULL);
        m->null = connect_type_message(a, type);
        return m;
    }
}
