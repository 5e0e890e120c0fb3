/* front/connect/type.c -- DataType messages to ir types and back. Source: types.proto, DataTypeProtoConverter. */
#include "front/connect/internal.h"
#include "ir/check.h"

#include "ir/collation.h"

typedef Spark__Connect__DataType Message;
#define KIND(name) SPARK__CONNECT__DATA_TYPE__KIND_##name

static Status struct_of(Connect *c, const Spark__Connect__DataType__Struct *s, const Type **ret)
{
    Field *fields = ARENA_ARRAY(c->a, Field, s->n_fields + 1);
    for (size_t i = 0; i < s->n_fields; i++) {
        const Spark__Connect__DataType__StructField *f = s->fields[i];
        fields[i] = (Field){ .name = f->name ? f->name : "", .nullable = f->has_nullable && f->nullable, .metadata = f->metadata };
        TRY(type_of(c, f->data_type, &fields[i].type));
    }
    *ret = type_struct(c->a, fields, s->n_fields);
    return ST_OK;
}

static Status nested_of(Connect *c, const Message *m, const Type **ret)
{
    const Type *key, *element;
    switch (m->kind_case) {
    case KIND(ARRAY):
        TRY(type_of(c, m->array->element_type, &element));
        *ret = type_array(c->a, element, m->array->contains_null);
        return ST_OK;
    case KIND(MAP):
        TRY(type_of(c, m->map->key_type, &key));
        TRY(type_of(c, m->map->value_type, &element));
        *ret = type_map(c->a, key, element, m->map->value_contains_null);
        return ST_OK;
    case KIND(UDT): {
        if (!m->udt->sql_type)
            return unsupported(c, "DataType.UDT without sql_type");
        TRY(type_of(c, m->udt->sql_type, &element));
        *ret = type_udt(c->a, element, m->udt->jvm_class, m->udt->python_class, m->udt->serialized_python_class);
        return ST_OK;
    }
    default:
        return struct_of(c, m->struct_, ret);
    }
}

static Status string_of(Connect *c, const Spark__Connect__DataType__String *s, const Type **ret)
{
    const char *name = NULL;
    if (s && s->collation && *s->collation)
        TRY(collation_named(c->a, s->collation, &name, c->err));
    *ret = type_string_of(c->a, name);
    return ST_OK;
}

/* Types with parameters; NULL when `m` is none of them. */
static const Type *sized_of(Connect *c, const Message *m)
{
    switch (m->kind_case) {
    case KIND(DECIMAL): {
        int precision = m->decimal->has_precision ? m->decimal->precision : 10;
        return type_decimal(c->a, precision, m->decimal->has_scale ? m->decimal->scale : 0);
    }
    case KIND(CHAR):
        return type_char(c->a, m->char_->length);
    case KIND(VAR_CHAR):
        return type_varchar(c->a, m->var_char->length);
    case KIND(YEAR_MONTH_INTERVAL):
        return type_year_month(c->a, m->year_month_interval->has_start_field ? m->year_month_interval->start_field : INTERVAL_YEAR,
                               m->year_month_interval->has_end_field ? m->year_month_interval->end_field : INTERVAL_MONTH);
    case KIND(DAY_TIME_INTERVAL):
        return type_day_time(c->a, m->day_time_interval->has_start_field ? m->day_time_interval->start_field : INTERVAL_DAY,
                             m->day_time_interval->has_end_field ? m->day_time_interval->end_field : INTERVAL_SECOND);
    case KIND(TIME): {
        Type *t = arena_copy(c->a, &type_time, sizeof type_time);
        t->precision = m->time->has_precision ? m->time->precision : 6;
        return t;
    }
    default:
        return NULL;
    }
}

Status type_of(Connect *c, const Message *m, const Type **ret)
{
    static const struct {
        int kind;
        const Type *type;
    } simple[] = { { KIND(NULL), &type_null },           { KIND(BINARY), &type_binary },
                   { KIND(BOOLEAN), &type_boolean },     { KIND(BYTE), &type_byte },
                   { KIND(SHORT), &type_short },         { KIND(INTEGER), &type_int },
                   { KIND(LONG), &type_long },           { KIND(FLOAT), &type_float },
                   { KIND(DOUBLE), &type_double },       { KIND(DATE), &type_date },
                   { KIND(TIMESTAMP), &type_timestamp }, { KIND(TIMESTAMP_NTZ), &type_timestamp_ntz },
                   { KIND(VARIANT), &type_variant },     { KIND(CALENDAR_INTERVAL), &type_calendar_interval } };
    if (!m)
        return invalid(c, "A data type is missing.");
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if ((int)m->kind_case == simple[i].kind) {
            *ret = simple[i].type;
            return ST_OK;
        }
    if (m->kind_case == KIND(STRING))
        return string_of(c, m->string, ret);
    const Type *sized = sized_of(c, m);
    if (sized) {
        TRY(type_check(sized, c->err));
        *ret = sized;
        return ST_OK;
    }
    switch (m->kind_case) {
    case KIND(ARRAY):
    case KIND(MAP):
    case KIND(STRUCT):
    case KIND(UDT): {
        TRY(enter(c));
        Status status = nested_of(c, m, ret);
        c->depth--;
        return status;
    }
    case KIND(UNPARSED):
        return c->options->parse_type(c->options->self, c->a, m->unparsed->data_type_string, ret, c->err);
    case KIND(GEOMETRY):
    case KIND(GEOGRAPHY): {
        bool plane = m->kind_case == KIND(GEOMETRY);
        int srid = plane ? m->geometry->srid : m->geography->srid;
        *ret = type_spatial(c->a, plane ? TYPE_GEOMETRY : TYPE_GEOGRAPHY, srid);
        return *ret ? ST_OK : invalid(c, "A type of geometry has an SRID that is not supported.");
    }
    default:
        return invalid(c, "A data type has no kind that this version knows.");
    }
}

/* A new sub-message in the arena. */
#define NEW(T, init)            \
    T *sub = ARENA_NEW(a, T); \
    init(sub)

#define SIMPLE(KIND_, Name, field, name)                                                   \
    {                                                                                      \
        NEW(Spark__Connect__DataType__##Name, spark__connect__data_type__##name##__init); \
        m->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_##KIND_;                                                   \
        m->field = sub;                                                                    \
        return m;                                                                          \
    }

static Message *struct_message(Arena *a, Message *m, const Type *t)
{
    NEW(Spark__Connect__DataType__Struct, spark__connect__data_type__struct__init);
    m->kind_case = KIND(STRUCT);
    m->struct_ = sub;
    sub->n_fields = t->nfields;
    sub->fields = ARENA_ARRAY(a, Spark__Connect__DataType__StructField *, t->nfields + 1);
    for (size_t i = 0; i < t->nfields; i++) {
        Spark__Connect__DataType__StructField *f = sub->fields[i] = ARENA_NEW(a, Spark__Connect__DataType__StructField);
        spark__connect__data_type__struct_field__init(f);
        f->name = (char *)(uintptr_t)t->fields[i].name;
        f->data_type = connect_type_message(a, t->fields[i].type);
        f->has_nullable = true;
        f->nullable = t->fields[i].nullable;
        f->metadata = (char *)(uintptr_t)t->fields[i].metadata;
    }
    return m;
}

static Message *nested_message(Arena *a, Message *m, const Type *t)
{
    if (t->kind == TYPE_STRUCT)
        return struct_message(a, m, t);
    if (t->kind == TYPE_ARRAY) {
        NEW(Spark__Connect__DataType__Array, spark__connect__data_type__array__init);
        m->kind_case = KIND(ARRAY);
        m->array = sub;
        sub->element_type = connect_type_message(a, t->element);
        sub->has_contains_null = true;
        sub->contains_null = t->contains_null;
        return m;
    }
    if (t->kind == TYPE_MAP) {
        NEW(Spark__Connect__DataType__Map, spark__connect__data_type__map__init);
        m->kind_case = KIND(MAP);
        m->map = sub;
        sub->key_type = connect_type_message(a, t->key);
        sub->value_type = connect_type_message(a, t->element);
        sub->has_value_contains_null = true;
        sub->value_contains_null = t->contains_null;
        return m;
    }
    NEW(Spark__Connect__DataType__UDT, spark__connect__data_type__udt__init);
    m->kind_case = KIND(UDT);
    m->udt = sub;
    sub->type = (char *)(uintptr_t)"udt";
    sub->jvm_class = (char *)(uintptr_t)t->udt_class;
    sub->python_class = (char *)(uintptr_t)t->udt_python_class;
    sub->serialized_python_class = (char *)(uintptr_t)t->udt_serialized;
    sub->sql_type = connect_type_message(a, t->sql_type);
    return m;
}

static Message *interval_message(Arena *a, Message *m, const Type *t)
{
    if (t->kind == TYPE_YEAR_MONTH_INTERVAL) {
        NEW(Spark__Connect__DataType__YearMonthInterval, spark__connect__data_type__year_month_interval__init);
        m->kind_case = KIND(YEAR_MONTH_INTERVAL);
        m->year_month_interval = sub;
        sub->has_start_field = sub->has_end_field = true;
        sub->start_field = t->start;
        sub->end_field = t->end;
        return m;
    }
    NEW(Spark__Connect__DataType__DayTimeInterval, spark__connect__data_type__day_time_interval__init);
    m->kind_case = KIND(DAY_TIME_INTERVAL);
    m->day_time_interval = sub;
    sub->has_start_field = sub->has_end_field = true;
    sub->start_field = t->start;
    sub->end_field = t->end;
    return m;
}

static Message *sized_message(Arena *a, Message *m, const Type *t)
{
    switch (t->kind) {
    case TYPE_DECIMAL: {
        NEW(Spark__Connect__DataType__Decimal, spark__connect__data_type__decimal__init);
        m->kind_case = KIND(DECIMAL);
        m->decimal = sub;
        sub->has_precision = sub->has_scale = true;
        sub->precision = t->precision;
        sub->scale = t->scale;
        return m;
    }
    case TYPE_CHAR: {
        NEW(Spark__Connect__DataType__Char, spark__connect__data_type__char__init);
        m->kind_case = KIND(CHAR);
        m->char_ = sub;
        sub->has_length = true;
        sub->length = t->precision;
        return m;
    }
    case TYPE_VARCHAR: {
        NEW(Spark__Connect__DataType__VarChar, spark__connect__data_type__var_char__init);
        m->kind_case = KIND(VAR_CHAR);
        m->var_char = sub;
        sub->has_length = true;
        sub->length = t->precision;
        return m;
    }
    case TYPE_GEOMETRY: {
        NEW(Spark__Connect__DataType__Geometry, spark__connect__data_type__geometry__init);
        m->kind_case = KIND(GEOMETRY);
        m->geometry = sub;
        sub->has_srid = true;
        sub->srid = t->precision;
        return m;
    }
    case TYPE_GEOGRAPHY: {
        NEW(Spark__Connect__DataType__Geography, spark__connect__data_type__geography__init);
        m->kind_case = KIND(GEOGRAPHY);
        m->geography = sub;
        sub->has_srid = true;
        sub->srid = t->precision;
        return m;
    }
    case TYPE_TIME: {
        NEW(Spark__Connect__DataType__Time, spark__connect__data_type__time__init);
        m->kind_case = KIND(TIME);
        m->time = sub;
        sub->has_precision = true;
        sub->precision = t->precision;
        return m;
    }
    default: {
        NEW(Spark__Connect__DataType__String, spark__connect__data_type__string__init);
        m->kind_case = KIND(STRING);
        m->string = sub;
        sub->collation = (char *)(uintptr_t)(t->collation ? t->collation : "UTF8_BINARY");
        return m;
    }
    }
}

Message *connect_type_message(Arena *a, const Type *t)
{
    Message *m = ARENA_NEW(a, Message);
    spark__connect__data_type__init(m);
    switch (t->kind) {
    case TYPE_NULL:
        SIMPLE(NULL, NULL, null, null)
    case TYPE_BOOLEAN:
        SIMPLE(BOOLEAN, Boolean, boolean, boolean)
    case TYPE_BYTE:
        SIMPLE(BYTE, Byte, byte, byte)
    case TYPE_SHORT:
        SIMPLE(SHORT, Short, short_, short)
    case TYPE_INT:
        SIMPLE(INTEGER, Integer, integer, integer)
    case TYPE_LONG:
        SIMPLE(LONG, Long, long_, long)
    case TYPE_FLOAT:
        SIMPLE(FLOAT, Float, float_, float)
    case TYPE_DOUBLE:
        SIMPLE(DOUBLE, Double, double_, double)
    case TYPE_BINARY:
        SIMPLE(BINARY, Binary, binary, binary)
    case TYPE_DATE:
        SIMPLE(DATE, Date, date, date)
    case TYPE_TIMESTAMP:
        SIMPLE(TIMESTAMP, Timestamp, timestamp, timestamp)
    case TYPE_TIMESTAMP_NTZ:
        SIMPLE(TIMESTAMP_NTZ, TimestampNTZ, timestamp_ntz, timestamp_ntz)
    case TYPE_CALENDAR_INTERVAL:
        SIMPLE(CALENDAR_INTERVAL, CalendarInterval, calendar_interval, calendar_interval)
    case TYPE_VARIANT:
        SIMPLE(VARIANT, Variant, variant, variant)
    case TYPE_YEAR_MONTH_INTERVAL:
    case TYPE_DAY_TIME_INTERVAL:
        return interval_message(a, m, t);
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_STRUCT:
    case TYPE_UDT:
        return nested_message(a, m, t);
    default:
        return sized_message(a, m, t);
    }
}
