/* warehouse/call.c -- calls: functions.def's rows, those that need C, aggregates and windows. */
#include "warehouse/dialect_internal.h"

enum { ARGUMENTS_MAX = 256 };

typedef enum CallKind { KIND_TEXT, KIND_CODE, KIND_AGGREGATE, KIND_WINDOW } CallKind;

typedef struct Call {
    const char *name;
    StrList args;
    bool distinct, star;
    const char *order;  /* WITHIN GROUP's or NULL */
    const char *nulls;  /* " IGNORE NULLS", "" */
    const char *over;   /* " OVER (…)", "" */
} Call;

typedef Status (*CallCode)(Parser *p, const Call *call, Error *err);

typedef struct Function {
    const char *name;
    CallKind kind;
    size_t least, most;
    const char *text;
    CallCode code;
} Function;

static Status call_sha2(Parser *p, const Call *call, Error *err);
static Status call_mod(Parser *p, const Call *call, Error *err);
static Status call_trunc(Parser *p, const Call *call, Error *err);
static Status call_decode(Parser *p, const Call *call, Error *err);
static Status call_date_part(Parser *p, const Call *call, Error *err);
static Status call_date_trunc(Parser *p, const Call *call, Error *err);
static Status call_dateadd(Parser *p, const Call *call, Error *err);
static Status call_datediff(Parser *p, const Call *call, Error *err);
static Status call_to_char(Parser *p, const Call *call, Error *err);
static Status call_to_number(Parser *p, const Call *call, Error *err);
static Status call_current_database(Parser *p, const Call *call, Error *err);

static const Function functions[] = {
#define CALL_TEXT(name, least, most, text) { name, KIND_TEXT, least, most, text, NULL },
#define CALL_CODE(name, least, most, code) { name, KIND_CODE, least, most, NULL, code },
#define CALL_AGGREGATE(name, least, most, text) { name, KIND_AGGREGATE, least, most, text, NULL },
#define CALL_WINDOW(name, least, most) { name, KIND_WINDOW, least, most, NULL, NULL },
#include "warehouse/functions.def"
#undef CALL_TEXT
#undef CALL_CODE
#undef CALL_AGGREGATE
#undef CALL_WINDOW
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static const Function *function_find(const char *name, size_t nargs, bool *ret_name_known)
{
    *ret_name_known = false;
    for (size_t i = 0; i < FUNCTIONS; i++) {
        if (!str_eq(functions[i].name, name))
            continue;
        *ret_name_known = true;
        if (nargs >= functions[i].least && nargs <= functions[i].most)
            return &functions[i];
    }
    return NULL;
}

/* --- templates --- */

static void put_arguments(Parser *p, const StrList *args)
{
    for (size_t i = 0; i < args->len; i++)
        str_addf(p->out, "%s%s", i ? ", " : "", args->at[i]);
}

static void put_text(Parser *p, const char *text, const StrList *args)
{
    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '*') {
            put_arguments(p, args);
            text++;
        } else if (text[0] == '$' && text[1] >= '1' && text[1] <= '9') {
            str_add(p->out, args->at[text[1] - '1']);
            text++;
        } else {
            str_addc(p->out, *text);
        }
    }
}

/* --- calls that need C --- */

static Status call_sha2(Parser *p, const Call *call, Error *err)
{
    const char *bits = call->args.at[1];
    if (!str_eq(bits, "256") && !str_eq(bits, "0"))
        return refuse(err, "SHA2 of other than 256 bits");
    str_addf(p->out, "sha256(%s)", call->args.at[0]);
    return ST_OK;
}

static Status call_mod(Parser *p, const Call *call, Error *err)
{
    (void)err;
    const char *b = call->args.at[1];
    str_addf(p->out, "((%s) %% CASE WHEN (%s) = 0 THEN error('division by zero') ELSE (%s) END)", call->args.at[0], b, b);
    return ST_OK;
}

static void probe_open(Parser *p, size_t node, const char *operand)
{
    if (!p->env->probing)
        return;
    str_add(p->out, "(CASE WHEN ");
    put_probe(p, node, &operand, 1);
    str_add(p->out, " THEN NULL ELSE ");
}

static void probe_close(Parser *p)
{
    if (p->env->probing)
        str_add(p->out, " END)");
}

/* Of a timestamp it is a date. */
static Status call_trunc(Parser *p, const Call *call, Error *err)
{
    (void)err;
    const char *x = call->args.at[0];
    size_t node = node_add(p, arena_printf(p->a, "trunc(%s)", x));
    const char *type = node_type(p, node, 0);
    probe_open(p, node, x);
    if (type_is_time(type)) {
        str_addf(p->out, "CAST(%s AS DATE)", x);
    } else {
        str_add(p->out, "trunc(");
        put_arguments(p, &call->args);
        str_addc(p->out, ')');
    }
    probe_close(p);
    return ST_OK;
}

/* DECODE finds NULL equal to NULL. */
static Status call_decode(Parser *p, const Call *call, Error *err)
{
    (void)err;
    const StrList *args = &call->args;
    str_add(p->out, "CASE");
    size_t i = 1;
    for (; i + 1 < args->len; i += 2) {
        if (str_eq(args->at[i], "NULL"))
            str_addf(p->out, " WHEN (%s) IS NULL THEN %s", args->at[0], args->at[i + 1]);
        else
            str_addf(p->out, " WHEN (%s) IS NOT DISTINCT FROM (%s) THEN %s", args->at[0], args->at[i], args->at[i + 1]);
    }
    if (i < args->len)
        str_addf(p->out, " ELSE %s", args->at[i]);
    str_add(p->out, " END");
    return ST_OK;
}

/* The engine's name of a date part as Redshift spells it. "Date parts for date or timestamp functions". */
static Status date_part(Parser *p, const char *text, const char **ret_part, Error *err)
{
    static const char *const parts[][2] = {
        { "millennium", "millennium" }, { "millennia", "millennium" }, { "mil", "millennium" }, { "mils", "millennium" },
        { "century", "century" }, { "centuries", "century" }, { "c", "century" }, { "cent", "century" }, { "cents", "century" },
        { "decade", "decade" }, { "decades", "decade" }, { "dec", "decade" }, { "decs", "decade" },
        { "year", "year" }, { "years", "year" }, { "y", "year" }, { "yr", "year" }, { "yrs", "year" }, { "yyyy", "year" }, { "yy", "year" },
        { "quarter", "quarter" }, { "quarters", "quarter" }, { "qtr", "quarter" }, { "qtrs", "quarter" },
        { "month", "month" }, { "months", "month" }, { "mon", "month" }, { "mons", "month" },
        { "week", "week" }, { "weeks", "week" }, { "w", "week" },
        { "day", "day" }, { "days", "day" }, { "d", "day" },
        { "dow", "dow" }, { "dayofweek", "dow" }, { "dw", "dow" }, { "weekday", "dow" },
        { "doy", "doy" }, { "dayofyear", "doy" }, { "dy", "doy" }, { "yearday", "doy" },
        { "hour", "hour" }, { "hours", "hour" }, { "h", "hour" }, { "hr", "hour" }, { "hrs", "hour" },
        { "minute", "minute" }, { "minutes", "minute" }, { "m", "minute" }, { "min", "minute" }, { "mins", "minute" },
        { "second", "second" }, { "seconds", "second" }, { "s", "second" }, { "sec", "second" }, { "secs", "second" },
        { "millisecond", "millisecond" }, { "milliseconds", "millisecond" }, { "ms", "millisecond" }, { "msec", "millisecond" }, { "msecs", "millisecond" },
        { "microsecond", "microsecond" }, { "microseconds", "microsecond" }, { "usec", "microsecond" }, { "usecs", "microsecond" }, { "us", "microsecond" },
        { "epoch", "epoch" },
    };
    char *name = arena_str(p->a, text);
    size_t n = strlen(name);
    if (n > 1 && (name[0] == '\'' || name[0] == '"')) { /* an argument's text: a name or a literal */
        name[n - 1] = 0;
        name++;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (str_ieq(parts[i][0], name)) {
            *ret_part = parts[i][1];
            return ST_OK;
        }
    }
    return FAIL(err, ST_INVALID, "date part \"%.60s\" not recognized", name);
}

/* A text is a timestamp here. */
static const char *as_time(Parser *p, const char *text)
{
    return text[0] == '\'' ? arena_printf(p->a, "rs_timestamp(%s)", text) : text;
}

static Status call_date_part(Parser *p, const Call *call, Error *err)
{
    const char *part = NULL, *x = as_time(p, call->args.at[1]);
    TRY(date_part(p, call->args.at[0], &part, err));
    bool epoch = str_eq(part, "epoch");
    if (str_eq(part, "millisecond") || str_eq(part, "microsecond"))
        str_addf(p->out, "(date_part('%s', %s) %% %d)", part, x, part[2] == 'l' ? 1000 : 1000000);
    else
        str_addf(p->out, epoch ? "CAST(floor(epoch(%s)) AS BIGINT)" : "CAST(date_part('%s', %s) AS INTEGER)", epoch ? x : part, x);
    return ST_OK;
}

static Status call_date_trunc(Parser *p, const Call *call, Error *err)
{
    const char *part = NULL, *x = as_time(p, call->args.at[1]);
    TRY(date_part(p, call->args.at[0], &part, err));
    if (str_eq(part, "dow") || str_eq(part, "doy") || str_eq(part, "epoch"))
        return FAIL(err, ST_INVALID, "timestamp units \"%s\" not supported", part);
    size_t node = node_add(p, arena_printf(p->a, "date_trunc(%s)", x));
    const char *type = node_type(p, node, 0);
    probe_open(p, node, x);
    str_addf(p->out, str_eq(type, "TIMESTAMP WITH TIME ZONE") ? "date_trunc('%s', %s)" : "CAST(date_trunc('%s', %s) AS TIMESTAMP)", part, x);
    probe_close(p);
    return ST_OK;
}

static Status call_dateadd(Parser *p, const Call *call, Error *err)
{
    const char *part = NULL, *x = as_time(p, call->args.at[2]), *n = call->args.at[1];
    TRY(date_part(p, call->args.at[0], &part, err));
    if (str_eq(part, "dow") || str_eq(part, "doy"))
        part = "day";
    if (str_eq(part, "epoch"))
        return FAIL(err, ST_INVALID, "timestamp units \"epoch\" not supported");
    static const char *const units[][3] = { { "quarter", "month", "3" }, { "decade", "year", "10" }, { "century", "year", "100" }, { "millennium", "year", "1000" } };
    const char *unit = part, *times = "1";
    for (size_t i = 0; i < 4; i++) {
        if (str_eq(units[i][0], part)) {
            unit = units[i][1];
            times = units[i][2];
        }
    }
    str_addf(p->out, "(CAST(%s AS TIMESTAMP) + to_%ss(CAST((%s) * %s AS %s)))", x, unit, n, times,
             str_eq(unit, "millisecond") || str_eq(unit, "second") ? "DOUBLE" : "BIGINT");
    return ST_OK;
}

static Status call_datediff(Parser *p, const Call *call, Error *err)
{
    const char *part = NULL;
    TRY(date_part(p, call->args.at[0], &part, err));
    if (str_eq(part, "dow") || str_eq(part, "doy"))
        part = "day";
    if (str_eq(part, "epoch"))
        part = "second";
    str_addf(p->out, "date_diff('%s', CAST(%s AS TIMESTAMP), CAST(%s AS TIMESTAMP))", part, as_time(p, call->args.at[1]), as_time(p, call->args.at[2]));
    return ST_OK;
}

static Status call_to_char(Parser *p, const Call *call, Error *err)
{
    (void)err;
    const char *x = call->args.at[0];
    size_t node = node_add(p, arena_printf(p->a, "to_char(%s)", x));
    const char *type = node_type(p, node, 0);
    probe_open(p, node, x);
    if (type_is_time(type) && !str_eq(type, "TIMESTAMP WITH TIME ZONE"))
        str_addf(p->out, "rs_to_char_time(CAST(%s AS TIMESTAMP), %s)", x, call->args.at[1]);
    else if (type_is_time(type))
        str_addf(p->out, "rs_to_char_time(timezone('UTC', %s), %s)", x, call->args.at[1]);
    else
        str_addf(p->out, "rs_to_char_number(CAST(%s AS VARCHAR), %s)", x, call->args.at[1]);
    probe_close(p);
    return ST_OK;
}

/* The scale is the mask's: digits after its point. */
static Status call_to_number(Parser *p, const Call *call, Error *err)
{
    const char *mask = call->args.at[1], *point = strpbrk(mask, ".D");
    int scale = 0;
    if (mask[0] != '\'')
        return refuse(err, "TO_NUMBER with a format that is no literal");
    for (const char *c = point ? point : ""; *c; c++)
        scale += *c == '9' || *c == '0';
    str_addf(p->out, "CAST(rs_to_number(%s, %s) AS DECIMAL(38,%d))", call->args.at[0], mask, scale);
    return ST_OK;
}

static Status call_current_database(Parser *p, const Call *call, Error *err)
{
    (void)call, (void)err;
    dialect_quote_text(p->out, p->env->database);
    return ST_OK;
}

/* --- OVER --- */

static Status parse_order(Parser *p, Error *err)
{
    do {
        TRY(parse_expr(p, err));
        if (take_word(p, "desc"))
            str_add(p->out, " DESC");
        else if (take_word(p, "asc"))
            str_add(p->out, " ASC");
        if (take_word(p, "nulls")) {
            bool first = take_word(p, "first");
            if (!first)
                TRY(need_word(p, "last", err));
            str_add(p->out, first ? " NULLS FIRST" : " NULLS LAST");
        }
        if (at_sign(p, ","))
            str_add(p->out, ", ");
    } while (take_sign(p, ","));
    return ST_OK;
}

static Status parse_bound(Parser *p, Error *err)
{
    int64_t rows = 0;
    if (take_word(p, "unbounded")) {
        str_add(p->out, "UNBOUNDED ");
    } else if (take_word(p, "current")) {
        str_add(p->out, "CURRENT ROW");
        return need_word(p, "row", err);
    } else {
        TRY(need_int(p, &rows, err));
        str_addf(p->out, "%lld ", (long long)rows);
    }
    bool before = take_word(p, "preceding");
    if (!before)
        TRY(need_word(p, "following", err));
    str_add(p->out, before ? "PRECEDING" : "FOLLOWING");
    return ST_OK;
}

static Status parse_frame(Parser *p, Error *err)
{
    p->at++;
    str_add(p->out, " ROWS ");
    if (!take_word(p, "between"))
        return parse_bound(p, err);
    str_add(p->out, "BETWEEN ");
    TRY(parse_bound(p, err));
    TRY(need_word(p, "and", err));
    str_add(p->out, " AND ");
    return parse_bound(p, err);
}

static Status parse_over(Parser *p, bool *ret_order, bool *ret_frame, Error *err)
{
    TRY(need_sign(p, "(", err));
    str_add(p->out, " OVER (");
    if (take_word(p, "partition")) {
        TRY(need_word(p, "by", err));
        str_add(p->out, "PARTITION BY ");
        TRY(parse_expr_list(p, err));
    }
    *ret_order = take_word(p, "order");
    if (*ret_order) {
        TRY(need_word(p, "by", err));
        str_add(p->out, " ORDER BY ");
        TRY(parse_order(p, err));
    }
    *ret_frame = at_word(p, "rows");
    if (*ret_frame)
        TRY(parse_frame(p, err));
    if (at_word(p, "range") || at_word(p, "groups"))
        return refuse(err, "a window frame other than ROWS");
    str_addc(p->out, ')');
    return need_sign(p, ")", err);
}

static Status read_over(Parser *p, Call *call, bool *ret_order, bool *ret_frame, Error *err)
{
    str_auto text = STR_INIT(LIMIT_QUERY_TEXT);
    Str *before = p->out;
    p->out = &text;
    Status status = parse_over(p, ret_order, ret_frame, err);
    p->out = before;
    TRY(status);
    call->over = str_arena(&text, p->a);
    return ST_OK;
}

/* --- aggregates --- */

static void put_plain(Parser *p, const char *engine, const Call *call, const char *x)
{
    str_addf(p->out, "%s(%s%s)%s", engine, call->distinct ? "DISTINCT " : "", x, call->over);
}

static void put_sum(Parser *p, const Call *call, const char *x, const char *type)
{
    bool small = str_eq(type, "SMALLINT") || str_eq(type, "INTEGER");
    bool big = str_eq(type, "BIGINT") || str_eq(type, "HUGEINT");
    if (small || big)
        str_add(p->out, "CAST(");
    put_plain(p, "sum", call, x);
    if (small || big)
        str_addf(p->out, " AS %s)", small ? "BIGINT" : "DECIMAL(38,0)");
}

/* Of integers it is cut to one, of decimals it keeps the scale. */
static void put_avg(Parser *p, const Call *call, const char *x, const char *type)
{
    int precision, scale;
    if (type_is_integer(type)) {
        str_add(p->out, "CAST(");
        put_plain(p, "sum", call, x);
        str_add(p->out, " // ");
        put_plain(p, "count", call, x);
        str_add(p->out, " AS BIGINT)");
    } else if (type_is_decimal(type, &precision, &scale)) {
        str_add(p->out, "CAST(rs_divide(CAST(");
        put_plain(p, "sum", call, x);
        str_add(p->out, " AS VARCHAR), CAST(");
        put_plain(p, "count", call, x);
        str_addf(p->out, " AS VARCHAR), %d) AS DECIMAL(38,%d))", scale, scale);
    } else {
        put_plain(p, "avg", call, x);
    }
}

static Status put_typed_aggregate(Parser *p, const Call *call, Error *err)
{
    (void)err;
    const char *x = call->args.at[0];
    size_t node = node_add(p, arena_printf(p->a, "%s(%s)", call->name, x));
    const char *type = node_type(p, node, 0);
    if (p->env->probing) {
        const char *operands[] = { x };
        str_auto probed = STR_INIT(LIMIT_QUERY_TEXT);
        Str *before = p->out;
        p->out = &probed;
        str_add(&probed, "CASE WHEN ");
        put_probe(p, node, operands, 1);
        str_addf(&probed, " THEN NULL ELSE %s END", x);
        p->out = before;
        x = str_arena(&probed, p->a);
    }
    if (str_eq(call->name, "sum"))
        put_sum(p, call, x, type);
    else if (str_eq(call->name, "avg"))
        put_avg(p, call, x, type);
    else if (type_is_integer(type))
        str_addf(p->out, "CAST(median(%s)%s AS DECIMAL(38,1))", x, call->over);
    else
        put_plain(p, "median", call, x);
    return ST_OK;
}

static Status put_aggregate(Parser *p, const Function *f, Call *call, Error *err)
{
    if (!f->text)
        return put_typed_aggregate(p, call, err);
    if (str_eq(f->text, "string_agg")) {
        str_addf(p->out, "string_agg(%sCAST(%s AS VARCHAR), %s", call->distinct ? "DISTINCT " : "", call->args.at[0],
                 call->args.len > 1 ? call->args.at[1] : "''");
        str_addf(p->out, "%s%s)%s", call->order ? " ORDER BY " : "", call->order ? call->order : "", call->over);
        return ST_OK;
    }
    if (str_starts(f->text, "quantile")) {
        if (!call->order)
            return syntax_error(p, err);
        str_addf(p->out, "%s(%s, %s)%s", f->text, call->order, call->args.at[0], call->over);
        return ST_OK;
    }
    put_plain(p, f->text, call, call->star || call->args.len == 0 ? "*" : call->args.at[0]);
    return ST_OK;
}

/* WITHIN GROUP (ORDER BY …), then OVER (…). */
static Status read_tails(Parser *p, const Function *f, Call *call, Error *err)
{
    bool order = false, frame = false;
    if (take_word(p, "within")) {
        TRY(need_word(p, "group", err));
        TRY(need_sign(p, "(", err));
        TRY(need_word(p, "order", err));
        TRY(need_word(p, "by", err));
        TRY(read_apart(p, parse_order, &call->order, err));
        TRY(need_sign(p, ")", err));
    }
    if (at_word(p, "filter"))
        return refuse(err, "FILTER");
    if (take_word(p, "ignore") || at_word(p, "respect")) {
        call->nulls = take_word(p, "respect") ? "" : " IGNORE NULLS";
        TRY(need_word(p, "nulls", err));
    }
    if (f->kind == KIND_WINDOW && !at_word(p, "over"))
        return FAIL(err, ST_INVALID, "window function %s requires an OVER clause", call->name);
    if (!take_word(p, "over"))
        return ST_OK;
    TRY(read_over(p, call, &order, &frame, err));
    if (f->kind == KIND_AGGREGATE && order && !frame)
        return FAIL(err, ST_INVALID, "Aggregate window functions with an ORDER BY clause require a frame clause");
    if (f->kind == KIND_AGGREGATE && call->distinct)
        return FAIL(err, ST_UNSUPPORTED, "Window definition is not supported: DISTINCT");
    return ST_OK;
}

static Status put_window(Parser *p, const Call *call)
{
    if (str_eq(call->name, "ratio_to_report")) {
        str_addf(p->out, "(CAST(%s AS DOUBLE) / nullif(CAST(sum(%s)%s AS DOUBLE), 0))", call->args.at[0], call->args.at[0], call->over);
        return ST_OK;
    }
    str_addf(p->out, "%s(", call->name);
    put_arguments(p, &call->args);
    str_addf(p->out, "%s)%s", call->nulls, call->over);
    return ST_OK;
}

/* --- the call --- */

/* EXTRACT(part FROM x), POSITION(a IN b), SUBSTRING(x FROM n FOR m), TRIM([BOTH] [a FROM] x) */
static Status parse_worded(Parser *p, const char *name, bool *ret_done, Error *err)
{
    Call call = { .name = name };
    const char *a = NULL, *b = NULL;
    *ret_done = true;
    if (str_eq(name, "extract")) {
        const RsToken *part = peek(p, 0);
        p->at++;
        TRY(need_word(p, "from", err));
        TRY(read_apart(p, parse_expr, &b, err));
        vec_push(p->a, &call.args, part->text);
        vec_push(p->a, &call.args, b);
        TRY(call_date_part(p, &call, err));
        p->name = "date_part";
    } else if (str_eq(name, "trim")) {
        const char *side = take_word(p, "leading") ? "ltrim" : take_word(p, "trailing") ? "rtrim" : (take_word(p, "both"), "trim");
        if (!take_word(p, "from"))
            TRY(read_apart(p, parse_expr, &a, err));
        bool from = a && take_word(p, "from"), comma = a && take_sign(p, ",");
        if (!a || from || comma)
            TRY(read_apart(p, parse_expr, &b, err));
        if (from)
            str_addf(p->out, "%s(%s, %s)", side, b, a);
        else if (comma)
            str_addf(p->out, "%s(%s, %s)", side, a, b);
        else
            str_addf(p->out, "%s(%s)", side, a ? a : b);
        p->name = str_eq(side, "trim") ? "btrim" : side;
    } else if (str_eq(name, "substring")) {
        TRY(read_apart(p, parse_expr, &a, err));
        str_addf(p->out, "substring(%s", a);
        while (take_sign(p, ",") || take_word(p, "from") || take_word(p, "for")) {
            str_add(p->out, ", ");
            TRY(parse_expr(p, err));
        }
        str_addc(p->out, ')');
        p->name = "substring";
    } else {
        *ret_done = false;
    }
    return *ret_done ? need_sign(p, ")", err) : ST_OK;
}

static Status parse_position(Parser *p, Error *err)
{
    const char *b = NULL;
    const char *a = NULL;
    TRY(need_string(p, &a, err));
    TRY(need_word(p, "in", err));
    TRY(read_apart(p, parse_expr, &b, err));
    str_addf(p->out, "strpos(%s, ", b);
    dialect_quote_text(p->out, a);
    str_addc(p->out, ')');
    p->name = "strpos";
    return need_sign(p, ")", err);
}

static Status read_arguments(Parser *p, Call *call, Error *err)
{
    call->distinct = take_word(p, "distinct");
    if (!call->distinct)
        take_word(p, "all");
    if (take_sign(p, "*")) {
        call->star = true;
        return need_sign(p, ")", err);
    }
    while (!take_sign(p, ")")) {
        const char *text = NULL;
        if (call->args.len && !take_sign(p, ","))
            return syntax_error(p, err);
        if (call->args.len == ARGUMENTS_MAX)
            return FAIL(err, ST_LIMIT, "cannot pass more than %d arguments to a function", ARGUMENTS_MAX);
        TRY(read_apart(p, parse_expr, &text, err));
        vec_push(p->a, &call->args, text);
    }
    return ST_OK;
}

Status parse_call(Parser *p, const char *name, Error *err)
{
    Call call = { .name = name, .nulls = "", .over = "" };
    bool done = false, known = false;
    TRY(need_sign(p, "(", err));
    if (str_eq(name, "position"))
        return parse_position(p, err);
    TRY(parse_worded(p, name, &done, err));
    if (done)
        return ST_OK;
    TRY(read_arguments(p, &call, err));
    const Function *f = function_find(name, call.args.len, &known);
    if (!f && known)
        return FAIL(err, ST_INVALID, "function %s with %zu arguments does not exist", name, call.args.len);
    if (!f)
        return FAIL(err, ST_INVALID, "function %s does not exist or is not supported", name);
    if (f->kind == KIND_AGGREGATE || f->kind == KIND_WINDOW)
        TRY(read_tails(p, f, &call, err));
    else if (call.star || call.distinct)
        return syntax_error(p, err);
    if (f->kind == KIND_TEXT)
        put_text(p, f->text, &call.args);
    else
        TRY(f->kind == KIND_CODE ? f->code(p, &call, err) : f->kind == KIND_WINDOW ? put_window(p, &call) : put_aggregate(p, f, &call, err));
    p->name = str_starts(name, "approximate ") ? name + strlen("approximate ") : name;
    return ST_OK;
}

Status parse_bare_function(Parser *p, bool *ret_done, Error *err)
{
    static const char *const bare[][2] = { { "sysdate", "timezone('UTC', now())" }, { "current_date", "CAST(timezone('UTC', now()) AS DATE)" },
                                           { "current_timestamp", "now()" }, { "current_time", NULL }, { "localtimestamp", "timezone('UTC', now())" } };
    static const char *const users[] = { "current_user", "session_user", "user", "current_user_id" };
    *ret_done = false;
    const RsToken *t = peek(p, 0);
    if (t->kind != TOKEN_WORD || (peek(p, 1)->kind == TOKEN_SIGN && (str_eq(peek(p, 1)->text, "(") || str_eq(peek(p, 1)->text, "."))))
        return ST_OK;
    for (size_t i = 0; i < 5 && !*ret_done; i++) {
        if (!str_eq(bare[i][0], t->text))
            continue;
        if (!bare[i][1])
            return refuse(err, "CURRENT_TIME");
        str_add(p->out, bare[i][1]);
        *ret_done = true;
    }
    for (size_t i = 0; i < 3 && !*ret_done; i++) {
        if (!str_eq(users[i], t->text))
            continue;
        dialect_quote_text(p->out, p->env->user);
        *ret_done = true;
    }
    if (*ret_done) {
        p->name = t->text;
        p->at++;
    }
    return ST_OK;
}
