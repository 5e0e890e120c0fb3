/* front/sql/type.c -- data types by name. Source: DataTypeAstBuilder. */
#include "base/limits.h"
#include "front/sql/grammar.h"
#include "front/sql/parser.h"
#include "ir/check.h"
#include "ir/collation.h"

enum { MAX_PARAMS = 2 };

static const struct SimpleType {
    const char *name;
    const Type *type;
} simple_types[] = {
    { "boolean", &type_boolean }, { "tinyint", &type_byte }, { "byte", &type_byte }, { "smallint", &type_short },
    { "short", &type_short }, { "int", &type_int }, { "integer", &type_int }, { "bigint", &type_long }, { "long", &type_long },
    { "float", &type_float }, { "real", &type_float }, { "double", &type_double }, { "date", &type_date },
    { "timestamp_ntz", &type_timestamp_ntz }, { "timestamp_ltz", &type_timestamp }, { "string", &type_string },
    { "binary", &type_binary }, { "void", &type_null }, { "variant", &type_variant }, { "interval", &type_calendar_interval },
};

static const Type *unsupported(SqlParser *p, const Token *word, const char *written)
{
    parser_fail(p, word->start, end_of_rule(p), "UNSUPPORTED_DATATYPE", "0A000", "Unsupported data type \"%s\".", written);
    parser_param(p, "typeName", arena_printf(p->a, "\"%s\"", written));
    return &type_null;
}

static const char *upper(SqlParser *p, const char *text)
{
    char *out = arena_str(p->a, text);
    for (char *c = out; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    return out;
}

static const Type *incomplete(SqlParser *p, const Token *word, const char *kind, const char *needs, const char *example)
{
    parser_fail(p, word->start, word->stop, arena_printf(p->a, "INCOMPLETE_TYPE_DEFINITION.%s", kind), "42K01",
        "Incomplete complex type: The definition of \"%s\" type is incomplete. You must provide %s. For example: \"%s\".",
        kind, needs, example);
    return &type_null;
}

static const Type *missing_size(SqlParser *p, const Token *word, const char *name)
{
    parser_fail(p, word->start, word->stop, "DATATYPE_MISSING_SIZE", "42K01",
        "DataType \"%s\" requires a length parameter, for example \"%s\"(10). Please specify the length.", name, name);
    return &type_null;
}

static const Type *decimal(SqlParser *p, const Token *word, const int64_t *params, size_t n)
{
    int64_t precision = n > 0 ? params[0] : 10, scale = n > 1 ? params[1] : 0;
    if (precision > DECIMAL_MAX_PRECISION) {
        parser_fail(p, word->start, end_of_rule(p), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
            "Decimal precision %lld exceeds max precision %d.", (long long)precision, DECIMAL_MAX_PRECISION);
        return &type_null;
    }
    if (scale > precision) {
        parser_fail(p, word->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_1228", "",
            "Decimal scale (%lld) cannot be greater than precision (%lld).", (long long)scale, (long long)precision);
        return &type_null;
    }
    if (precision == 0)
        return unsupported(p, word, "DECIMAL(0,0)");
    return type_decimal(p->a, (int)precision, (int)scale);
}

static const Type *time_of(SqlParser *p, const Token *word, int64_t precision)
{
    if (precision > TIME_MAX_PRECISION) {
        parser_fail(p, word->start, end_of_rule(p), "UNSUPPORTED_TIME_PRECISION", "0A001",
            "The seconds precision %lld of the TIME data type is out of the supported range [0, %d].", (long long)precision, TIME_MAX_PRECISION);
        return &type_null;
    }
    Type *time = arena_copy(p->a, &type_time, sizeof type_time);
    time->precision = (int)precision;
    return time;
}

/* A type that takes parameters, or none; NULL when `name` is no such type or has the wrong number of them. */
static const Type *sized(SqlParser *p, const Token *word, const char *name, const int64_t *params, size_t n)
{
    if ((str_ieq(name, "decimal") || str_ieq(name, "dec") || str_ieq(name, "numeric")) && n <= 2)
        return decimal(p, word, params, n);
    if ((str_ieq(name, "char") || str_ieq(name, "character")) && n <= 1)
        return n ? type_char(p->a, (int)params[0]) : missing_size(p, word, "CHAR");
    if (str_ieq(name, "varchar") && n <= 1)
        return n ? type_varchar(p->a, (int)params[0]) : missing_size(p, word, "VARCHAR");
    if (str_ieq(name, "timestamp") && n == 0)
        return p->opt->timestamp_ntz ? &type_timestamp_ntz : &type_timestamp;
    if (str_ieq(name, "time") && n <= 1)
        return n ? time_of(p, word, params[0]) : &type_time;
    return NULL;
}

/* GEOMETRY(srid), GEOGRAPHY(ANY); NULL: it is none. */
static const Type *spatial(SqlParser *p, const Token *word, const char *name, const NodeList *params)
{
    TypeKind kind = str_ieq(name, "geography") ? TYPE_GEOGRAPHY : TYPE_GEOMETRY;
    if ((kind == TYPE_GEOMETRY && !str_ieq(name, "geometry")) || word->quoted || !params || params->len != 1)
        return NULL;
    const Node *param = params->at[0];
    int64_t srid = node_is(Literal, param) ? node_as(Literal, param)->value->i : SRID_ANY;
    bool number = node_is(Literal, param);
    const Type *t = number && (srid < 0 || srid > INT32_MAX) ? NULL : type_spatial(p->a, kind, (int)srid);
    if (t)
        return t;
    parser_fail(p, word->start, end_of_rule(p), "ST_INVALID_SRID_VALUE", "22023", "Invalid or unsupported SRID (spatial reference identifier) value: %lld.",
                (long long)srid);
    return &type_null;
}

const Type *type_named(SqlParser *p, const Token *word, const char *name, NodeList *params)
{
    int64_t sizes[MAX_PARAMS] = { 0 };
    size_t n = params ? params->len : 0;
    bool numbers = n <= MAX_PARAMS;
    for (size_t i = 0; i < n && numbers; i++) {
        numbers = node_is(Literal, params->at[i]) && node_as(Literal, params->at[i])->of->kind == TYPE_INT;
        if (numbers)
            sizes[i] = node_as(Literal, params->at[i])->value->i;
    }
    const char *written = upper(p, rule_text(p, word));
    const Type *space = spatial(p, word, name, params);
    if (space)
        return space;
    if (!numbers || word->quoted)
        return unsupported(p, word, written);
    const Type *type = sized(p, word, name, sizes, n);
    if (type)
        return type;
    for (size_t i = 0; n == 0 && i < sizeof simple_types / sizeof simple_types[0]; i++)
        if (str_ieq(simple_types[i].name, name))
            return simple_types[i].type;
    if (n == 0 && str_ieq(name, "array"))
        return incomplete(p, word, "ARRAY", "an element type", "ARRAY<elementType>");
    if (n == 0 && str_ieq(name, "map"))
        return incomplete(p, word, "MAP", "a key type and a value type", "MAP<TIMESTAMP, INT>");
    if (n == 0 && str_ieq(name, "struct"))
        return incomplete(p, word, "STRUCT", "at least one field type", "STRUCT<name STRING, phone DECIMAL(10, 0)>");
    return unsupported(p, word, written);
}

const Type *type_without_zone(SqlParser *p, const Token *word, NodeList *params)
{
    if (str_ieq(word->text, "timestamp") && !params)
        return &type_timestamp_ntz;
    if (str_ieq(word->text, "time"))
        return type_named(p, word, word->text, params);
    parser_syntax_error(p, word, "");
    return &type_null;
}

const char *named_collation(SqlParser *p, const StrList *written)
{
    const char *name = NULL;
    Error error = ERROR_INIT;
    if (p->status != ST_OK)
        return NULL;
    Status status = collation_named(p->a, joined(p, written), &name, &error);
    if (status != ST_OK) {
        p->status = status;
        if (p->err)
            *p->err = error;
    }
    return name;
}

const Type *type_collated(SqlParser *p, const Token *word, const StrList *collation)
{
    if (!str_ieq(word->text, "string")) {
        parser_syntax_error(p, word, "");
        return &type_null;
    }
    Type *type = arena_copy(p->a, &type_string, sizeof type_string); /* UTF8_BINARY too is no default then: ir/collation_default.c */
    type->collation = named_collation(p, collation);
    return type;
}

const Type *type_interval(SqlParser *p, int from_word, int to_word)
{
    static const struct { int word, field; bool months; } fields[] = { { TK_YEAR, INTERVAL_YEAR, true },
        { TK_MONTH, INTERVAL_MONTH, true }, { TK_DAY, INTERVAL_DAY, false }, { TK_HOUR, INTERVAL_HOUR, false },
        { TK_MINUTE, INTERVAL_MINUTE, false }, { TK_SECOND, INTERVAL_SECOND, false } };
    size_t from = 0, to = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        from = fields[i].word == from_word ? i : from;
        to = fields[i].word == to_word ? i : to;
    }
    if (fields[from].months != fields[to].months || to < from) {
        parser_syntax_error(p, &p->tokens.at[p->at - 1], "");
        return &type_null;
    }
    return fields[from].months ? type_year_month(p->a, fields[from].field, fields[to].field)
                               : type_day_time(p->a, fields[from].field, fields[to].field);
}

/* {"comment":"…"} */
static const char *comment_metadata(SqlParser *p, const char *comment)
{
    if (!comment)
        return NULL;
    str_auto s = STR_INIT(LIMIT_CONF_TEXT);
    str_add(&s, "{\"comment\":\"");
    for (const char *c = comment; *c; c++) {
        if (*c == '"' || *c == '\\')
            str_addf(&s, "\\%c", *c);
        else if ((unsigned char)*c < ' ')
            str_addf(&s, "\\u%04x", (unsigned)*c);
        else
            str_addc(&s, *c);
    }
    str_add(&s, "\"}");
    return str_arena(&s, p->a);
}

FieldBuild *field_add(SqlParser *p, FieldBuild *fields, const char *name, const Type *type, bool not_null, const char *comment)
{
    if (!fields)
        fields = ARENA_NEW(p->a, FieldBuild);
    vec_push(p->a, fields, ((Field){ name, type, !not_null, comment_metadata(p, comment) }));
    return fields;
}

FieldBuild *fields_join(SqlParser *p, FieldBuild *fields, const FieldBuild *more)
{
    for (size_t i = 0; i < more->len; i++)
        vec_push(p->a, fields, more->at[i]);
    return fields;
}
