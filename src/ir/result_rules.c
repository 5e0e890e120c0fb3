/* ir/result_rules.c -- functions.def's "@rule" results. Each rule is the dataType of
 * the Spark expression of that name; a rule may coerce the arguments further. */
#include "ir/binder.h"
#include "ir/collation.h"

#include <ctype.h>
#include <strings.h>

static const Type *type_of(const NodeList *args, size_t i)
{
    return args->at[i]->type;
}

static int larger(int x, int y)
{
    return x > y ? x : y;
}

/* Past 38 digits: the fraction gives way, or (allowPrecisionLoss=false) both are cut at 38. */
static const Type *decimal_of(Binder *b, int precision, int scale)
{
    return b->decimal_loss ? type_decimal_adjusted(b->a, precision, scale) : type_decimal_bounded(b->a, precision, scale);
}

static const Type *decimal_quotient(Binder *b, int whole, int scale)
{
    int most_whole = whole < DECIMAL_MAX_PRECISION ? whole : DECIMAL_MAX_PRECISION;
    int most_scale = scale < DECIMAL_MAX_PRECISION ? scale : DECIMAL_MAX_PRECISION, over = most_whole + most_scale - DECIMAL_MAX_PRECISION;
    if (b->decimal_loss)
        return decimal_of(b, whole + scale, scale);
    if (over > 0) {
        most_scale -= over / 2 + 1;
        most_whole = DECIMAL_MAX_PRECISION - most_scale;
    }
    return type_decimal_bounded(b->a, most_whole + most_scale, most_scale);
}

static const Type *decimal_result(Binder *b, const char *rule, const Type *x, const Type *y)
{
    int p1 = x->precision, s1 = x->scale, p2 = y->precision, s2 = y->scale, scale = larger(s1, s2);
    if (!strcmp(rule, "decimal_multiply"))
        return decimal_of(b, p1 + p2 + 1, s1 + s2);
    if (!strcmp(rule, "decimal_divide")) {
        scale = larger(6, s1 + p2 + 1);
        return decimal_quotient(b, p1 - s1 + s2, scale);
    }
    if (!strcmp(rule, "decimal_remainder")) {
        int whole = p1 - s1 < p2 - s2 ? p1 - s1 : p2 - s2;
        return type_decimal_adjusted(b->a, whole + scale, scale);
    }
    return decimal_of(b, larger(p1 - s1, p2 - s2) + scale + 1, scale);
}

/* RoundBase.dataType of a decimal. */
static const Type *rounded(Binder *b, const NodeList *args)
{
    const Type *t = type_of(args, 0);
    if (t->kind != TYPE_DECIMAL)
        return t;
    const Node *scale_arg = args->at[1];
    const Node *value = NULL;
    Error ignored = ERROR_INIT;
    bool known = constant_value(b, args->at[1], &value, &ignored) == ST_OK && value && !node_as(Literal, value)->value->is_null;
    int64_t digits = known ? node_as(Literal, value)->value->i : 0;
    if (node_is(Call, scale_arg) && !strcmp(node_as(Call, scale_arg)->function->name, "negative") &&
        node_is(Literal, node_as(Call, scale_arg)->args.at[0]))
        digits = -node_as(Literal, node_as(Call, scale_arg)->args.at[0])->value->i;
    int whole = t->precision - t->scale + 1;
    if (digits < 0)
        return type_decimal_bounded(b->a, larger(whole, (int)-digits + 1), 0);
    int scale = digits < t->scale ? (int)digits : t->scale;
    return type_decimal_bounded(b->a, whole + scale, scale);
}

static const Type *summed(Binder *b, const Type *t)
{
    if (t->kind == TYPE_DECIMAL)
        return type_decimal_bounded(b->a, t->precision + 10, t->scale);
    if (type_is_integral(t))
        return &type_long;
    return type_is_ansi_interval(t) ? t : &type_double;
}

static const Type *whole_interval(Binder *b, const Type *t)
{
    if (t->kind == TYPE_YEAR_MONTH_INTERVAL)
        return type_year_month(b->a, INTERVAL_YEAR, INTERVAL_MONTH);
    return t->kind == TYPE_DAY_TIME_INTERVAL ? type_day_time(b->a, INTERVAL_DAY, INTERVAL_SECOND) : t;
}

static const Type *averaged(Binder *b, const Type *t)
{
    if (t->kind == TYPE_DECIMAL)
        return type_decimal_bounded(b->a, t->precision + 4, t->scale + 4);
    return type_is_ansi_interval(t) ? whole_interval(b, t) : &type_double;
}

/* All arguments to one type; false when there is none. */
static bool unify_args(Binder *b, NodeList *args, size_t from, size_t step, const Type **ret, bool *ret_nullable)
{
    const Type *common = &type_null;
    *ret_nullable = false;
    for (size_t i = from; i < args->len && common; i += step) {
        common = coerce_wider(b->a, b->ansi, common, type_of(args, i));
        *ret_nullable |= args->at[i]->nullable;
    }
    if (!common)
        return false;
    for (size_t i = from; i < args->len; i += step)
        args->at[i] = coerce_to(b->a, b->ansi, args->at[i], common);
    *ret = common;
    return true;
}

/* The arguments from `from` on as strings, of the collation that those among them have which are strings. */
static const Type *as_strings(Binder *b, NodeList *args, size_t from)
{
    const char *collation = NULL;
    for (size_t i = from; i < args->len && !collation; i++)
        collation = type_of(args, i)->kind == TYPE_STRING ? type_collation(type_of(args, i)) : NULL;
    const Type *t = type_string_of(b->a, collation);
    for (size_t i = from; i < args->len; i++)
        args->at[i] = coerce_to(b->a, b->ansi, args->at[i], t);
    return t;
}

static const Type *concatenated(Binder *b, NodeList *args)
{
    bool arrays = false, binaries = args->len > 0, nulls = false, untyped = false;
    const Type *common = NULL;
    for (size_t i = 0; i < args->len; i++) {
        arrays = arrays || type_of(args, i)->kind == TYPE_ARRAY;
        untyped = untyped || type_of(args, i)->kind == TYPE_NULL;
        binaries = binaries && type_of(args, i)->kind == TYPE_BINARY;
    }
    if (binaries)
        return &type_binary;
    if (arrays)
        return !untyped && unify_args(b, args, 0, 1, &common, &nulls) ? common : NULL;
    return as_strings(b, args, 0);
}

/* The items are bytes when all of them are, else texts. */
static const Type *elt_of(Binder *b, NodeList *args)
{
    const Type *t = &type_binary;
    for (size_t i = 1; i < args->len; i++) {
        if (!type_is_atomic(type_of(args, i)) && type_of(args, i)->kind != TYPE_NULL && (!b->ansi || type_of(args, i)->kind != TYPE_CALENDAR_INTERVAL))
            return NULL;
        t = type_of(args, i)->kind == TYPE_BINARY ? t : &type_string;
    }
    if (t->kind != TYPE_BINARY)
        return as_strings(b, args, 1);
    for (size_t i = 1; i < args->len; i++)
        args->at[i] = coerce_to(b->a, b->ansi, args->at[i], t);
    return t;
}

static const Type *map_of(Binder *b, NodeList *args)
{
    const Type *key = NULL, *value = NULL;
    bool key_nulls = false, value_nulls = false;
    if (args->len % 2 || !unify_args(b, args, 0, 2, &key, &key_nulls) || !unify_args(b, args, 1, 2, &value, &value_nulls))
        return NULL;
    return type_map(b->a, key, value, value_nulls);
}

static const Type *struct_of(Binder *b, const NodeList *args)
{
    VEC(Field) fields = { 0 };
    for (size_t i = 0; i + 1 < args->len; i += 2) {
        if (!node_is(Literal, args->at[i]) || type_of(args, i)->kind != TYPE_STRING)
            return NULL;
        const Value *name = node_as(Literal, args->at[i])->value;
        vec_push(b->a, &fields,
                 (Field){ arena_strn(b->a, name->text, name->text_len), type_of(args, i + 1), args->at[i + 1]->nullable, NULL });
    }
    return args->len % 2 ? NULL : type_struct(b->a, fields.at, fields.len);
}

static const Type *zipped(Binder *b, NodeList *args)
{
    VEC(Field) fields = { 0 };
    for (size_t i = 0; i < args->len; i++) {
        const Node *e = args->at[i];
        if (type_of(args, i)->kind == TYPE_NULL) /* ExpectsInputTypes: ARRAY<VOID> */
            args->at[i] = coerce_to(b->a, b->ansi, args->at[i], type_array(b->a, &type_null, true));
        if (type_of(args, i)->kind != TYPE_ARRAY)
            return NULL;
        const char *name = node_is(ColumnRef, e) ? node_as(ColumnRef, e)->name
                           : node_is(GetField, e) ? node_as(GetField, e)->field : arena_printf(b->a, "%zu", i);
        vec_push(b->a, &fields, (Field){ name, type_of(args, i)->element, true, NULL });
    }
    return type_array(b->a, type_struct(b->a, fields.at, fields.len), false);
}

static const Type *entries(Binder *b, const Type *map)
{
    const Field fields[] = { { "key", map->key, false, NULL }, { "value", map->element, map->contains_null, NULL } };
    return type_array(b->a, type_struct(b->a, fields, 2), false);
}

static const Type *from_entries(Binder *b, const Type *array)
{
    const Type *s = array->kind == TYPE_ARRAY ? array->element : NULL;
    if (!s || s->kind != TYPE_STRUCT || s->nfields != 2)
        return NULL;
    return type_map(b->a, s->fields[0].type, s->fields[1].type, s->fields[1].nullable);
}

static const Type *sequence_of(Binder *b, NodeList *args)
{
    const Type *common = coerce_wider(b->a, b->ansi, type_of(args, 0), type_of(args, 1));
    if (!common)
        return NULL;
    if (type_is_integral(common) && args->len > 2)
        common = coerce_wider(b->a, b->ansi, common, type_of(args, 2));
    for (size_t i = 0; i < args->len; i++)
        if (i < 2 || type_is_integral(common))
            args->at[i] = coerce_to(b->a, b->ansi, args->at[i], common);
    return type_array(b->a, common, false);
}

static const char *constant_text(Binder *b, const Node *n)
{
    if (!node_is(Literal, n) || n->type->kind != TYPE_STRING || node_as(Literal, n)->value->is_null)
        return NULL;
    const Value *v = node_as(Literal, n)->value;
    return arena_strn(b->a, v->text, v->text_len);
}

/* to_char(bytes, format): the name of a coding. Source: ToCharacterBuilder. */
static Status coded_text(Binder *b, const FunctionRow *row, const char *format, const Node *at, Error *err)
{
    char *name = arena_str(b->a, format + strspn(format, " "));
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (size_t n = strlen(name); n && name[n - 1] == ' '; n--)
        name[n - 1] = 0;
    if (in_words("base64 hex utf-8", name))
        return ST_OK;
    return spark_error(err, at, "INVALID_PARAMETER_VALUE.BINARY_FORMAT", "22023",
                       "The value of parameter(s) `format` in <functionName> is invalid: expects one of binary formats 'base64', 'hex', 'utf-8', but got <invalidFormat>.",
                       "functionName", sql_id(b->a, row->name), "invalidFormat", arena_printf(b->a, "'%s'", name), NULL);
}

/* to_number(s, format) is a decimal of the format's digits; to_char(x, format) of a number is a text. */
static Status formatted_number(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    bool text = strstr(row->name, "char") != NULL;
    const char *format = constant_text(b, args->at[1]);
    *ret = &type_string;
    if (text && type_of(args, 0)->kind == TYPE_BINARY && format)
        return coded_text(b, row, format, at, err);
    if (text && type_of(args, 0)->kind != TYPE_DECIMAL)
        return ST_OK;
    if (!format && !text && node_is(Literal, args->at[1])) {
        *ret = type_decimal(b->a, 38, 0);
        return ST_OK;
    }
    if (!format)
        return spark_error(err, at, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: the input <inputName> should be a foldable <inputType> "
                           "expression; however, got <inputExpr>.",
                           "sqlExpr", row->name, "inputName", "`format`", "inputType", "\"STRING\"", "inputExpr", pretty(b, args->at[1]), NULL);
    const Type *number = NULL;
    TRY(number_format(b, format, at, &number, err));
    *ret = text ? &type_string : number;
    return ST_OK;
}

/* to_binary(s, format): the format's name is checked when it is constant. */
static Status coded_binary(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const char *format = args->len > 1 ? constant_text(b, args->at[1]) : "hex";
    *ret = &type_binary;
    if (str_starts(row->name, "try_"))
        return ST_OK;
    if (format && !str_ieq(format, "hex") && !str_ieq(format, "utf-8") && !str_ieq(format, "utf8") && !str_ieq(format, "base64"))
        return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_ARG_VALUE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <inputName> value must to be a <requireType> literal "
                           "of <validValues>, but got <inputValue>.",
                           "sqlExpr", row->name, "inputName", "`fmt`", "requireType", "case-insensitive \"STRING\"", "validValues",
                           "'hex', 'utf-8', 'utf8', or 'base64'", "inputValue", pretty(b, args->at[1]), NULL);
    return ST_OK;
}

/* current_time(p); time + interval has the digits of whichever has more. */
static const Type *time_type(Binder *b, bool current, const NodeList *args)
{
    const Node *n = args->at[0];
    Type *t = arena_copy(b->a, &type_time, sizeof type_time);
    if (current)
        t->precision = node_is(Literal, n) ? (int)node_as(Literal, n)->value->i : t->precision;
    else if (type_of(args, 1)->end != INTERVAL_SECOND)
        t->precision = n->type->precision;
    return t;
}

/* Uniform.dataType: DOUBLE, then FLOAT, then the wider of two integers. */
static const Type *uniform_type(const Type *x, const Type *y)
{
    if (x->kind == TYPE_NULL || y->kind == TYPE_NULL)
        return &type_double;
    if (x->kind == TYPE_DOUBLE || y->kind == TYPE_DOUBLE)
        return &type_double;
    if (x->kind == TYPE_FLOAT || y->kind == TYPE_FLOAT)
        return &type_float;
    if (x->kind == TYPE_DECIMAL && y->kind == TYPE_DECIMAL)
        return x->scale > y->scale ? x : y;
    return x->kind == TYPE_DECIMAL ? x : y->kind == TYPE_DECIMAL ? y : x->kind > y->kind ? x : y;
}

/* Extract.createExpr: the function that a field of `source` is taken by. NULL: intervals have their own. */
static const char *field_function(const Value *field)
{
    static const char *const functions[][2] = {
        { "year", "year y years yr yrs" }, { "year", "yearofweek" }, { "quarter", "quarter qtr" }, { "month", "month mon mons months" },
        { "weekofyear", "week w weeks" }, { "dayofmonth", "day d days" }, { "dayofweek", "dayofweek dow" }, { "weekday", "dayofweek_iso dow_iso" },
        { "dayofyear", "doy" }, { "hour", "hour h hours hr hrs" }, { "minute", "minute m min mins minutes" },
        { "second", "second s sec seconds secs" } };
    char lower[16] = "";
    for (size_t i = 0; i < field->text_len && i + 1 < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)field->text[i]);
    for (size_t i = 0; field->text_len < sizeof lower && i < sizeof functions / sizeof *functions; i++)
        if (*lower && in_words(functions[i][1], lower))
            return functions[i][0];
    return NULL;
}

/* Is the field among those of the interval's type? */
static bool interval_has(const Type *t, const char *function)
{
    static const char *const months[] = { "year", "month" }, *const times[] = { "dayofmonth", "hour", "minute", "second" };
    bool ym = t->kind == TYPE_YEAR_MONTH_INTERVAL;
    for (int i = t->start; function && i <= t->end; i++)
        if (str_eq(function, ym ? months[i] : times[i]))
            return true;
    return false;
}

/* A source that the field cannot be taken from fails as that function does. */
static Status check_extract(Binder *b, const NodeList *args, const Node *at, Error *err)
{
    const Node *field = args->at[0], *source = args->at[1];
    TypeKind kind = source->type->kind;
    Node *ignored = NULL;
    if (node_is(Literal, field) && field->type->kind == TYPE_STRING && !node_as(Literal, field)->value->is_null && type_is_ansi_interval(source->type) &&
        !interval_has(source->type, field_function(node_as(Literal, field)->value)))
        return spark_error(err, at, "INVALID_EXTRACT_FIELD", "42601", "Cannot extract <field> from <expr>.", "field",
                           sql_id(b->a, arena_strn(b->a, node_as(Literal, field)->value->text, node_as(Literal, field)->value->text_len)), "expr",
                           arena_printf(b->a, "\"%s\"", pretty(b, source)), NULL);
    if (!node_is(Literal, field) || field->type->kind != TYPE_STRING || type_is_ansi_interval(source->type) ||
        kind == TYPE_CALENDAR_INTERVAL || kind == TYPE_TIME || kind == TYPE_NULL)
        return ST_OK;
    const char *function = node_as(Literal, field)->value->is_null ? NULL : field_function(node_as(Literal, field)->value);
    return function ? make_call1(b, function, args->at[1], at, &ignored, err) : ST_OK;
}

static const Type *extracted(Binder *b, NodeList *args)
{
    static const char *const seconds[] = { "second", "s", "sec", "seconds", "secs" };
    if (!node_is(Literal, args->at[0]) || type_of(args, 0)->kind != TYPE_STRING)
        return NULL;
    if (node_as(Literal, args->at[0])->value->is_null)
        return &type_double;
    const Value *field = node_as(Literal, args->at[0])->value;
    if (type_of(args, 1)->kind == TYPE_STRING || type_of(args, 1)->kind == TYPE_NULL)
        args->at[1] = coerce_to(b->a, b->ansi, args->at[1], &type_timestamp);
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        if (strlen(seconds[i]) == field->text_len && !strncasecmp(seconds[i], field->text, field->text_len))
            return type_decimal(b->a, 8, 6);
    bool small = type_is_ansi_interval(type_of(args, 1)) && field->text_len > 2 &&
                 (!strncasecmp(field->text, "mon", 3) || !strncasecmp(field->text, "hour", 4) || !strncasecmp(field->text, "min", 3));
    return small ? &type_byte : &type_int;
}

static const Type *percentile_of(Binder *b, const NodeList *args)
{
    const Type *t = type_is_ansi_interval(type_of(args, 0)) ? whole_interval(b, type_of(args, 0)) : &type_double;
    return args->len > 1 && type_of(args, 1)->kind == TYPE_ARRAY ? type_array(b->a, t, false) : t;
}

/* explode, posexplode, inline, stack, json_tuple: the struct of the columns that they make. */
static const Type *exploded(Binder *b, const FunctionRow *row, const Type *t, bool positions)
{
    bool outer = str_ends(row->name, "_outer");
    VEC(Field) fields = { 0 };
    if (positions)
        vec_push(b->a, &fields, (Field){ "pos", &type_int, outer, NULL });
    if (t->kind == TYPE_MAP) {
        vec_push(b->a, &fields, (Field){ "key", t->key, outer, NULL });
        vec_push(b->a, &fields, (Field){ "value", t->element, outer || t->contains_null, NULL });
    } else if (t->kind == TYPE_ARRAY) {
        vec_push(b->a, &fields, (Field){ "col", t->element, outer || t->contains_null, NULL });
    } else {
        return NULL;
    }
    return type_struct(b->a, fields.at, fields.len);
}

static const Type *inlined(Binder *b, const FunctionRow *row, const Type *t)
{
    if (t->kind != TYPE_ARRAY || t->element->kind != TYPE_STRUCT)
        return NULL;
    const Type *s = t->element;
    Field *fields = ARENA_ARRAY(b->a, Field, s->nfields + 1);
    for (size_t i = 0; i < s->nfields; i++) {
        fields[i] = s->fields[i];
        fields[i].nullable = s->fields[i].nullable || t->contains_null || str_ends(row->name, "_outer");
    }
    return type_struct(b->a, fields, s->nfields);
}

static const Type *stacked(Binder *b, NodeList *args)
{
    if (!node_is(Literal, args->at[0]) || node_as(Literal, args->at[0])->value->i < 1 || args->len < 2)
        return NULL;
    size_t rows = (size_t)node_as(Literal, args->at[0])->value->i, n = args->len - 1, columns = (n + rows - 1) / rows;
    Field *fields = ARENA_ARRAY(b->a, Field, columns + 1);
    for (size_t c = 0; c < columns; c++) {
        bool nulls = false;
        const Type *common = NULL;
        if (!unify_args(b, args, 1 + c, columns, &common, &nulls))
            return NULL;
        fields[c] = (Field){ arena_printf(b->a, "col%zu", c), common, true, NULL };
    }
    return type_struct(b->a, fields, columns);
}

static const Type *tuple(Binder *b, const NodeList *args)
{
    Field *fields = ARENA_ARRAY(b->a, Field, args->len);
    for (size_t i = 0; i + 1 < args->len; i++)
        fields[i] = (Field){ arena_printf(b->a, "c%zu", i), &type_string, true, NULL };
    return type_struct(b->a, fields, args->len - 1);
}

static const Type *variant_parts(Binder *b, const FunctionRow *row)
{
    bool outer = str_ends(row->name, "_outer");
    const Field fields[] = { { "pos", &type_int, outer, NULL }, { "key", &type_string, true, NULL }, { "value", &type_variant, outer, NULL } };
    return type_struct(b->a, fields, 3);
}

static const Type *window_of(Binder *b, const Type *t)
{
    const Field fields[] = { { "start", t, true, NULL }, { "end", t, true, NULL } };
    return type_struct(b->a, fields, 2);
}

static Status sorted(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const Type *verdict = node_as(Lambda, args->at[1])->body->type;
    *ret = type_of(args, 0);
    if (!verdict || verdict->kind == TYPE_INT)
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <functionName> requires return <expectedType> type, but the actual is "
                       "<actualType> type.",
                       "sqlExpr", pretty(b, args->at[1]), "functionName", "`array_sort`", "expectedType", "\"INT\"", "actualType",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, verdict)), NULL);
}

static Status session_of(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const Type *gap = type_of(args, 1);
    *ret = window_of(b, type_of(args, 0));
    if (gap->kind == TYPE_CALENDAR_INTERVAL || gap->kind == TYPE_STRING)
        return ST_OK;
    return spark_error(err, at, "_LEGACY_ERROR_TEMP_1040", "", "Gap duration expression used in session window must be CalendarIntervalType, but got <dt>.", "dt",
                       type_sql_text(b->a, gap), NULL);
}

/* Months beside what is neither an interval nor a time. */
static bool lone_interval(const NodeList *args)
{
    bool months = false, other = false;
    for (size_t i = 0; i < 2; i++) {
        const Type *t = type_of(args, i);
        months = months || t->kind == TYPE_YEAR_MONTH_INTERVAL;
        other = other || !(type_is_ansi_interval(t) || t->kind == TYPE_CALENDAR_INTERVAL || type_is_datetime(t) || t->kind == TYPE_NULL);
    }
    return other && months;
}

/* try_add and friends compute as the operator does: its coercion and its type. */
static Status try_arithmetic(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret, Error *err)
{
    static const char *const operators[][2] = { { "try_add", "+" }, { "try_subtract", "-" }, { "try_multiply", "*" },
                                                { "try_divide", "/" }, { "try_mod", "%" } };
    for (size_t i = 0; i < 5; i++)
        if (!strcmp(row->name, operators[i][0])) {
            NodeList copy = { 0 };
            vec_push(b->a, &copy, args->at[0]);
            vec_push(b->a, &copy, args->at[1]);
            Node *computed = NULL;
            if (i < 2 && lone_interval(args))
                return spark_error(err, at, "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09",
                                   "Cannot resolve <sqlExpr> due to data type mismatch: the left and right operands of the binary operator have "
                                   "incompatible types (<left> and <right>).",
                                   "sqlExpr", call_text(b, row->name, args), "left", type_sql_text(b->a, type_of(args, 0)), "right",
                                   type_sql_text(b->a, type_of(args, 1)), NULL);
            TRY(make_operator(b, operators[i][1], &copy, at, &computed, err));
            *ret = computed->type;
            if (type_is_numeric(type_of(args, 0)) && type_is_numeric(type_of(args, 1)) && node_is(Call, computed)) {
                *args = node_as(Call, computed)->args;
            } else { /* TryEval over the operator, which comes third */
                vec_push(b->a, args, computed);
            }
            return ST_OK;
        }
    return FAIL(err, ST_INTERNAL, "no operator for '%s'", row->name);
}

static bool contains_map(const Type *t)
{
    if (t->kind == TYPE_ARRAY)
        return contains_map(t->element);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (contains_map(t->fields[i].type))
            return true;
    return t->kind == TYPE_MAP;
}

/* Types that a function's own rule does not take. */
static bool hashes_maps(const Binder *b)
{
    const char *allowed = b->env->conf ? b->env->conf(b->env->self, "spark.sql.legacy.allowHashOnMapType") : NULL;
    return allowed && str_ieq(allowed, "true");
}

static Status check_types(Binder *b, const FunctionRow *row, const char *rule, const NodeList *args, const Node *at, Error *err)
{
    for (size_t i = 0; str_eq(rule, "hash") && i < args->len; i++)
        if (contains_map(type_of(args, i)) && !hashes_maps(b))
            return spark_error(err, at, "DATATYPE_MISMATCH.HASH_MAP_TYPE", "42K09",
                               "Cannot resolve <sqlExpr> due to data type mismatch: Input to the function <functionName> cannot contain elements "
                               "of the \"MAP\" type. In Spark, same maps may have different hashcode, thus hash expressions are prohibited on "
                               "\"MAP\" elements. To restore previous behavior set \"spark.sql.legacy.allowHashOnMapType\" to \"true\".",
                               "sqlExpr", call_text(b, row->name, args), "functionName", sql_id(b->a, row->name), NULL);
    if (str_eq(row->name, "collect_set") && contains_map(type_of(args, 0)))
        return spark_error(err, at, "DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The input of <functionName> can't be <dataType> type data.",
                           "sqlExpr", call_text(b, row->name, args), "functionName", sql_id(b->a, row->name), "dataType", "\"MAP\" or \"COLLATED STRING\"", NULL);
    TypeKind kind = args->len ? type_of(args, 0)->kind : TYPE_NULL;
    if (str_eq(rule, "to_json") && kind != TYPE_STRUCT && kind != TYPE_ARRAY && kind != TYPE_MAP && kind != TYPE_VARIANT)
        return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Input schema <schema> must be a struct, an array, a map or a variant.",
                           "sqlExpr", call_text(b, row->name, args), "schema", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, type_of(args, 0))), NULL);
    return str_eq(rule, "extract") ? check_extract(b, args, at, err) : ST_OK;
}

/* named_struct, map, map_from_entries: what is wrong with the arguments. */
/* ConcatCoercion casts what a text can be made of implicitly; the first argument that is left says what is wrong. */
static Status check_concat(Binder *b, const FunctionRow *row, const NodeList *args, const Node *at, Error *err)
{
    for (size_t i = 0; i < args->len; i++) {
        const Type *t = type_of(args, i);
        if (t->kind != TYPE_MAP && t->kind != TYPE_STRUCT && t->kind != TYPE_VARIANT && (b->ansi || t->kind != TYPE_CALENDAR_INTERVAL))
            continue;
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, however <inputSql> "
                           "has the type <inputType>.",
                           "sqlExpr", call_text(b, row->name, args), "paramIndex", i ? arena_printf(b->a, "%zuth", i + 1) : "first", "requiredType",
                           "(\"STRING\" or \"BINARY\" or \"ARRAY\")", "inputSql", arena_printf(b->a, "\"%s\"", pretty(b, args->at[i])), "inputType",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t)), NULL);
    }
    return ST_OK;
}

static Status rule_failed(Binder *b, const FunctionRow *row, const char *rule, const NodeList *args, const Node *at, bool *ret_done, Error *err)
{
    const char *call = call_text(b, row->name, args), *name = sql_id(b->a, row->name);
    bool map = str_eq(rule, "map"), structs = str_eq(rule, "named_struct");
    *ret_done = true;
    if ((map || structs) && args->len % 2)
        return spark_error(err, at, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                           "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, refer to "
                           "'<docroot>/sql-ref-functions.html' for a fix.",
                           "functionName", name, "expectedNum", "2n (n > 0)", "actualNum", arena_printf(b->a, "%zu", args->len), NULL);
    str_auto items = STR_INIT(ERROR_MESSAGE_BYTES);
    for (size_t i = 0; i < args->len; i += 2)
        str_addf(&items, "%s\"%s\"", i ? ", " : "", structs ? pretty(b, args->at[i]) : type_sql_text(b->a, type_of(args, i)));
    if (structs)
        return spark_error(err, at, "DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Only foldable `STRING` expressions are allowed to appear at odd "
                           "position, but they are [<inputExprs>].",
                           "sqlExpr", call, "inputExprs", str_text(&items), NULL);
    if (map) {
        const Type *key = NULL;
        bool nulls = false;
        NodeList copy = { 0 };
        for (size_t i = 0; i < args->len; i++)
            vec_push(b->a, &copy, args->at[i]);
        bool keys = unify_args(b, &copy, 0, 2, &key, &nulls);
        return spark_error(err, at, keys ? "DATATYPE_MISMATCH.CREATE_MAP_VALUE_DIFF_TYPES" : "DATATYPE_MISMATCH.CREATE_MAP_KEY_DIFF_TYPES", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The given <what> of function <functionName> should all be the same "
                           "type, but they are [<dataType>].",
                           "sqlExpr", call, "what", keys ? "values" : "keys", "functionName", name, "dataType", str_text(&items), NULL);
    }
    if (str_eq(rule, "map_from_entries") || str_eq(rule, "arrays_zip") || str_eq(rule, "elt"))
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, "
                           "however <inputSql> has the type <inputType>.",
                           "sqlExpr", call, "paramIndex", "first", "requiredType", "\"ARRAY\" of pair \"STRUCT\"", "inputSql",
                           arena_printf(b->a, "\"%s\"", pretty(b, args->at[0])), "inputType",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, type_of(args, 0))), NULL);
    *ret_done = false;
    return ST_OK;
}

static const Type *simple_rule(Binder *b, const FunctionRow *row, const char *rule, NodeList *args)
{
    const Type *t = args->len ? type_of(args, 0) : NULL;
    if (str_starts(rule, "decimal_"))
        return decimal_result(b, rule, t, type_of(args, 1));
    if (!strcmp(rule, "wider") || !strcmp(rule, "wider_interval"))
        return coerce_wider(b->a, b->ansi, t, type_of(args, 1));
    if (!strcmp(rule, "ceil"))
        return t->kind == TYPE_DECIMAL ? type_decimal_bounded(b->a, t->precision - t->scale + 1, 0) : &type_long;
    if (!strcmp(rule, "round") || !strcmp(rule, "ceil_scale"))
        return rounded(b, args);
    if (!strcmp(rule, "hash"))
        return *row->name == 'x' ? &type_long : &type_int;
    if (!strcmp(rule, "to_json"))
        return &type_string;
    if (!strcmp(rule, "same_pair"))
        return args->len < 2 || type_same(t, type_of(args, 1)) || type_of(args, 1)->kind == TYPE_NULL ? t : NULL;
    if (!strcmp(rule, "concat"))
        return concatenated(b, args);
    if (!strcmp(rule, "elt"))
        return elt_of(b, args);
    if (!strcmp(rule, "current_time") || !strcmp(rule, "time_interval"))
        return time_type(b, *rule == 'c', args);
    if (!strcmp(rule, "uniform"))
        return uniform_type(t, type_of(args, 1));
    if (!strcmp(rule, "extract"))
        return extracted(b, args);
    if (!strcmp(rule, "to_date"))
        return &type_date;
    if (!strcmp(rule, "window"))
        return window_of(b, t);
    if (!strcmp(rule, "time_windows"))
        return type_array(b->a, window_of(b, t), false);
    if (!strcmp(rule, "interval_scaled"))
        return whole_interval(b, t);
    if (!strcmp(rule, "map"))
        return map_of(b, args);
    if (!strcmp(rule, "named_struct"))
        return struct_of(b, args);
    if (!strcmp(rule, "arrays_zip"))
        return zipped(b, args);
    if (!strcmp(rule, "map_entries"))
        return entries(b, t);
    if (!strcmp(rule, "map_from_entries"))
        return from_entries(b, t);
    if (!strcmp(rule, "sequence"))
        return sequence_of(b, args);
    if (!strcmp(rule, "aggregate_lambda"))
        return args->len > 3 ? type_of(args, 3) : type_of(args, 1);
    if (!strcmp(rule, "sum"))
        return summed(b, t);
    if (!strcmp(rule, "avg") || !strcmp(rule, "avg_second"))
        return averaged(b, rule[3] ? type_of(args, 1) : t);
    if (!strcmp(rule, "collect"))
        return type_array(b->a, t, false);
    if (!strcmp(rule, "percentile"))
        return percentile_of(b, args);
    if (!strcmp(rule, "percentile_approx"))
        return type_of(args, 1)->kind == TYPE_ARRAY ? type_array(b->a, t, false) : t;
    if (!strcmp(rule, "histogram")) {
        const Field fields[] = { { "x", t, true, NULL }, { "y", &type_double, true, NULL } };
        return type_array(b->a, type_struct(b->a, fields, 2), true);
    }
    if (!strcmp(rule, "explode") || !strcmp(rule, "posexplode"))
        return exploded(b, row, t, *rule == 'p');
    if (!strcmp(rule, "inline"))
        return inlined(b, row, t);
    if (!strcmp(rule, "stack"))
        return stacked(b, args);
    if (!strcmp(rule, "variant_explode"))
        return variant_parts(b, row);
    return !strcmp(rule, "json_tuple") ? tuple(b, args) : NULL;
}

/* window_time(window): its type is that of the window's ends. Source: ResolveWindowTime. */
static Status window_time(Binder *b, const NodeList *args, const Node *at, const Type **ret, Error *err)
{
    const Type *t = type_of(args, 0);
    bool window = t->nfields == 2 && str_eq(t->fields[0].name, "start") && str_eq(t->fields[1].name, "end") && type_is_datetime(t->fields[1].type);
    if (!window)
        return spark_error(err, at, "_LEGACY_ERROR_TEMP_3101", "", "The input is not a correct window column: <windowTime>", "windowTime", pretty(b, args->at[0]), NULL);
    *ret = t->fields[1].type;
    return ST_OK;
}

Status result_rule(Binder *b, const FunctionRow *row, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    const char *rule = row->result + 1;
    if (!strcmp(rule, "from_schema"))
        return result_from_schema(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "from_avro"))
        return result_from_avro(b, args, at, ret_type, err);
    if (!strcmp(rule, "array_sort"))
        return sorted(b, args, at, ret_type, err);
    if (!strcmp(rule, "session_window"))
        return session_of(b, args, at, ret_type, err);
    if (!strcmp(rule, "number_format"))
        return formatted_number(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "to_binary"))
        return coded_binary(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "collate"))
        return collate_result(b, args, at, ret_type, err);
    if (!strcmp(rule, "theta"))
        return result_theta(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "hll"))
        return result_hll(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "kll_agg"))
        return result_kll_agg(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "window_time"))
        return window_time(b, args, at, ret_type, err);
    if (!strcmp(rule, "reflect"))
        return result_reflect(b, args, at, ret_type, err);
    if (!strcmp(rule, "st"))
        return result_st(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "top_k"))
        return result_top_k(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "kll_points"))
        return result_kll_points(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "count_min_sketch"))
        return result_count_min_sketch(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "approx_count_distinct"))
        return result_approx_count_distinct(b, args, at, ret_type, err);
    if (!strcmp(rule, "try_arithmetic"))
        return try_arithmetic(b, row, args, at, ret_type, err);
    TRY(check_types(b, row, rule, args, at, err));
    if (!strcmp(rule, "variant_get"))
        return result_variant_get(b, row, args, at, ret_type, err);
    if (!strcmp(rule, "to_variant")) {
        const Type *from = type_of(args, 0);
        *ret_type = &type_variant;
        bool nested = from->kind == TYPE_STRUCT || from->kind == TYPE_ARRAY || from->kind == TYPE_MAP;
        return nested && cast_holds_variant(from, true) ? ST_OK : result_no_cast(b, at, row->name, from, &type_variant, err);
    }
    if (!strcmp(rule, "concat"))
        TRY(check_concat(b, row, args, at, err));
    const Type *t = simple_rule(b, row, rule, args);
    if (!t) {
        bool done = false;
        TRY(rule_failed(b, row, rule, args, at, &done, err));
        str_auto types = STR_INIT(4096);
        for (size_t i = 0; i < args->len; i++)
            str_addf(&types, "%s\"%s\"", i ? " or " : "(", type_sql_text(b->a, type_of(args, i)));
        str_addc(&types, ')');
        return spark_error(err, at, "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: Input to <functionName> should all be the "
                           "same type, but it's <dataType>.",
                           "sqlExpr", call_text(b, row->name, args), "functionName", sql_id(b->a, row->name), "dataType", str_text(&types), NULL);
    }
    *ret_type = t;
    return ST_OK;
}
