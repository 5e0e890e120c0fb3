/* ir/pretty.c -- a bound expression as Spark's toPrettySQL prints it: the names of unaliased columns, and error texts.
 * Implicit casts do not show; numbers and strings stand bare; a column is its name. */
#include "ir/binder.h"

#include <inttypes.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum { PRETTY_MAX = 64 * 1024 };

static void print(Binder *b, const Node *e, Str *out);

static void list(Binder *b, const NodeList *items, Str *out)
{
    for (size_t i = 0; i < items->len; i++) {
        str_add(out, i ? ", " : "");
        print(b, items->at[i], out);
    }
}

/* Literal.sql: only plain strings stand bare. */
static void collated_text(const Value *v, const char *collation, Str *out)
{
    str_addc(out, '\'');
    for (size_t i = 0; i < v->text_len; i++) {
        if (v->text[i] == '\'' || v->text[i] == '\\')
            str_addc(out, '\\');
        str_addc(out, v->text[i]);
    }
    str_addf(out, "' collate %s", collation);
}

/* What a clock of `zone` shows at an instant, as an instant of UTC. */
static int64_t local_micros(const char *zone, int64_t us)
{
    enum { ZONE_MAX = 64 };
    UChar id[ZONE_MAX];
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = 0;
    str_auto name = STR_INIT(ZONE_MAX);
    str_addf(&name, "%s%s", *zone == '+' || *zone == '-' ? "GMT" : "", zone);
    u_strFromUTF8(id, ZONE_MAX, &length, str_text(&name), -1, &status);
    if (U_FAILURE(status))
        return us;
    UCalendar *calendar = ucal_open(id, length, "en_US", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return us;
    int64_t ms = us / 1000 - (us % 1000 < 0), offset;
    ucal_setMillis(calendar, (double)ms, &status);
    offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) + (int64_t)ucal_get(calendar, UCAL_DST_OFFSET, &status);
    ucal_close(calendar);
    return U_FAILURE(status) ? us : us + offset * 1000;
}

static void instant(Binder *b, const Literal *l, Str *out)
{
    const char *zone = b->env->conf ? b->env->conf(b->env->self, "spark.sql.session.timeZone") : NULL;
    Value local = *l->value;
    if (zone && !str_ieq(zone, "UTC") && !str_ieq(zone, "Etc/UTC"))
        local.i = local_micros(zone, local.i);
    value_pretty(&local, l->of, out);
}

static void literal(Binder *b, const Literal *l, Str *out)
{
    const Value *v = l->value;
    if (v->is_null) {
        str_add(out, "NULL");
        return;
    }
    switch (l->of->kind) {
    case TYPE_TIMESTAMP:
        instant(b, l, out);
        return;
    case TYPE_STRING:
        if (l->of->collation) {
            collated_text(v, l->of->collation, out);
            return;
        }
        str_addn(out, v->text, v->text_len);
        return;
    case TYPE_DECIMAL:
        str_addn(out, v->text, v->text_len);
        return;
    case TYPE_BYTE:
    case TYPE_SHORT:
    case TYPE_INT:
    case TYPE_LONG:
        str_addf(out, "%" PRId64, v->i);
        return;
    default:
        value_pretty(v, l->of, out);
    }
}

/* How functions print whose expression has another name than the registry's. */
static const char *display_name(const Call *c)
{
    static const char *const names[][2] = {
        { "ceil", "CEIL" },   { "floor", "FLOOR" }, { "sqrt", "SQRT" },   { "cbrt", "CBRT" },     { "exp", "EXP" },
        { "expm1", "EXPM1" }, { "log", "LOG" },     { "log10", "LOG10" }, { "log2", "LOG2" },     { "log1p", "LOG1P" },
        { "power", "POWER" }, { "sin", "SIN" },     { "cos", "COS" },     { "tan", "TAN" },       { "cot", "COT" },
        { "sec", "SEC" },     { "csc", "CSC" },     { "asin", "ASIN" },   { "acos", "ACOS" },     { "atan", "ATAN" },
        { "atan2", "ATAN2" }, { "sinh", "SINH" },   { "cosh", "COSH" },   { "tanh", "TANH" },     { "asinh", "ASINH" },
        { "acosh", "ACOSH" }, { "atanh", "ATANH" }, { "degrees", "DEGREES" }, { "radians", "RADIANS" }, { "hypot", "HYPOT" },
        { "rint", "rint" },   { "signum", "SIGNUM" }, { "pi", "PI" },     { "e", "E" },           { "rank", "RANK" },
        { "dense_rank", "DENSE_RANK" }, { "percent_rank", "PERCENT_RANK" }, { "rlike", "RLIKE" }, { "||", "concat" },
        { "array_agg", "collect_list" }, { "curdate", "current_date" }, { "current_database", "current_schema" },
        { "dateadd", "date_add" }, { "random", "rand" }, { "regexp", "REGEXP" }, { "regexp_like", "REGEXP_LIKE" },
        { "spark_partition_id", "SPARK_PARTITION_ID" },
    };
    if (c->display)
        return c->display;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i][0], c->function->name) && !(c->args.len == 2 && (i == 0 || i == 1))) /* ceil(x, scale) stays */
            return names[i][1];
    return c->function->name;
}

/* Schemas, options and the zero of these do not show. */
static bool shows_first_only(const char *name)
{
    static const char *const names[] = { "from_json", "from_csv", "from_xml", "to_json", "to_csv", "to_xml", "schema_of_json", "schema_of_csv", "schema_of_xml", "zeroifnull", "nullifzero",
                                         "approx_count_distinct" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void call(Binder *b, const Call *c, Str *out)
{
    str_addf(out, "%s(%s", display_name(c), c->distinct ? "DISTINCT " : "");
    if (str_starts(c->function->name, "input_file_")) { /* its argument is the hidden column */
        str_addc(out, ')');
        return;
    }
    if (!strcmp(c->function->name, "log") && c->args.len == 1)
        str_add(out, "E(), ");
    if (str_starts(c->function->name, "percentile_") && c->order.len) { /* the rows take the ordering first */
        print(b, c->args.at[1], out);
        str_add(out, ") WITHIN GROUP (ORDER BY ");
        print(b, node_as(SortOrder, c->order.at[0])->child, out);
        str_add(out, node_as(SortOrder, c->order.at[0])->direction == SORT_DESC ? " DESC" : "");
    } else if (!strcmp(c->function->result, "@try_arithmetic")) { /* what they compute may stand behind the two */
        print(b, c->args.at[0], out);
        str_add(out, ", ");
        print(b, c->args.at[1], out);
    } else if (shows_first_only(display_name(c))) {
        print(b, c->args.at[0], out);
    } else {
        list(b, &c->args, out);
    }
    if ((!strcmp(c->function->name, "listagg") || !strcmp(c->function->name, "string_agg")) && c->args.len == 1)
        str_add(out, ", NULL");
    if ((!strcmp(c->function->name, "aggregate") || !strcmp(c->function->name, "reduce")) && c->args.len == 3)
        str_add(out, ", lambdafunction(namedlambdavariable(), namedlambdavariable())");
    str_addc(out, ')');
    if (c->order.len && !str_starts(c->function->name, "percentile_")) {
        str_add(out, " WITHIN GROUP (ORDER BY ");
        list(b, &c->order, out);
        str_addc(out, ')');
    }
    if (c->filter) {
        str_add(out, " FILTER (WHERE ");
        print(b, c->filter, out);
        str_addc(out, ')');
    }
}

static void infix(Binder *b, const Call *c, const char *open, const char *operator, const char *close, Str *out)
{
    str_add(out, open);
    print(b, c->args.at[0], out);
    str_addf(out, " %s ", operator);
    print(b, c->args.at[1], out);
    str_add(out, close);
}

/* Calls that Spark prints as operators; false for any other. */
static bool operator(Binder *b, const Call *c, Str *out)
{
    static const struct {
        const char *name, *open, *text, *close;
    } binary[] = {
        { "+", "(", "+", ")" },       { "-", "(", "-", ")" },         { "*", "(", "*", ")" },       { "/", "(", "/", ")" },
        { "%", "(", "%", ")" },       { "div", "(", "div", ")" },   { "&", "(", "&", ")" },
        { "|", "(", "|", ")" },       { "^", "(", "^", ")" },         { "=", "(", "=", ")" },       { "==", "(", "=", ")" },
        { "!=", "(NOT (", "=", "))" }, { "<=>", "(", "<=>", ")" },    { "<", "(", "<", ")" },       { "<=", "(", "<=", ")" },
        { ">", "(", ">", ")" },       { ">=", "(", ">=", ")" },       { "and", "(", "AND", ")" },   { "or", "(", "OR", ")" },
        { "timestamp_add_interval", "", "+", "" },                    { "timestamp_sub_interval", "", "-", "" },
        { "date_add_interval", "", "+", "" },                         { "date_sub_interval", "", "-", "" },
        { "date_add_year_month", "", "+", "" },                       { "date_sub_year_month", "", "-", "" },
        { "timestamp_subtract", "(", "-", ")" },                      { "date_subtract", "(", "-", ")" },
        { "timestamp_subtract_legacy", "(", "-", ")" },               { "date_subtract_legacy", "(", "-", ")" },
        { "multiply_interval", "(", "*", ")" },                       { "divide_interval", "(", "/", ")" },
        { "<<", "(", "<<", ")" },     { ">>", "(", ">>", ")" },       { ">>>", "(", ">>>", ")" },
    };
    static const struct {
        const char *name, *before, *after;
    } unary[] = {
        { "not", "(NOT ", ")" },     { "!", "(NOT ", ")" },       { "negative", "(- ", ")" }, { "positive", "(+ ", ")" }, { "~", "~", "" },
        { "isnull", "(", " IS NULL)" }, { "isnotnull", "(", " IS NOT NULL)" },
    };
    const char *name = c->function->name;
    if (c->display)
        return false;
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
        if (c->args.len == 2 && !strcmp(binary[i].name, name)) {
            infix(b, c, binary[i].open, binary[i].text, binary[i].close, out);
            return true;
        }
    for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
        if (c->args.len == 1 && !strcmp(unary[i].name, name)) {
            str_add(out, unary[i].before);
            print(b, c->args.at[0], out);
            str_add(out, unary[i].after);
            return true;
        }
    return false;
}

/* " AS x" of a struct's field that was named so, not after its column or place. */
static void given_name(const Node *name, const Node *value, Str *out)
{
    const Value *v = node_as(Literal, name)->value;
    const char *own = node_is(ColumnRef, value) ? node_as(ColumnRef, value)->name
                      : node_is(GetField, value) ? node_as(GetField, value)->field : NULL;
    if (own ? !str_eq(own, v->text) : !str_starts(v->text, "col"))
        str_addf(out, " AS %s", v->text);
}

/* Other special forms; false for plain f(x, y). */
static bool special(Binder *b, const Call *c, Str *out)
{
    const char *name = c->function->name;
    if (!strcmp(name, "like")) {
        infix(b, c, "", "LIKE", "", out);
        if (c->args.len > 2) {
            str_add(out, " ESCAPE '");
            print(b, c->args.at[2], out);
            str_addc(out, '\'');
        }
        return true;
    }
    if (c->args.len == 2 && str_ends(name, "trim") && *name != 'b') {
        str_addf(out, "TRIM(%s ", *name == 'l' ? "LEADING" : *name == 'r' ? "TRAILING" : "BOTH");
        print(b, c->args.at[0], out);
        str_add(out, " FROM ");
        print(b, c->args.at[1], out);
        str_addc(out, ')');
        return true;
    }
    if (!strcmp(name, "if")) {
        str_add(out, "(IF(");
        list(b, &c->args, out);
        str_add(out, "))");
        return true;
    }
    if (!strcmp(name, "get_array_item") || !strcmp(name, "get_map_value")) {
        print(b, c->args.at[0], out);
        str_addc(out, '[');
        print(b, c->args.at[1], out);
        str_addc(out, ']');
        return true;
    }
    if (!strcmp(name, "named_struct") && c->display) { /* struct(…): the values only */
        str_addf(out, "%s(", c->display);
        for (size_t i = 1; i < c->args.len; i += 2) {
            str_add(out, i > 1 ? ", " : "");
            print(b, c->args.at[i], out);
            given_name(c->args.at[i - 1], c->args.at[i], out);
        }
        str_addc(out, ')');
        return true;
    }
    if ((!strcmp(name, "extract") || !strcmp(name, "datepart")) && c->args.len == 2) {
        str_addf(out, "%s(", name);
        print(b, c->args.at[0], out);
        str_add(out, " FROM ");
        print(b, c->args.at[1], out);
        str_addc(out, ')');
        return true;
    }
    return false;
}

static void print_case(Binder *b, const Case *c, Str *out)
{
    str_add(out, "CASE");
    for (size_t i = 0; i < c->whens.len; i++) {
        str_add(out, " WHEN ");
        print(b, c->whens.at[i], out);
        str_add(out, " THEN ");
        print(b, c->thens.at[i], out);
    }
    if (c->otherwise) {
        str_add(out, " ELSE ");
        print(b, c->otherwise, out);
    }
    str_add(out, " END");
}

static void bound_text(Binder *b, int64_t kind, const Node *value, bool lower, Str *out)
{
    if (kind == BOUND_UNBOUNDED) {
        str_add(out, lower ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
    } else if (kind == BOUND_CURRENT) {
        str_add(out, "CURRENT ROW");
    } else if (node_is(Call, value) && !strcmp(node_as(Call, value)->function->name, "negative")) {
        print(b, node_as(Call, value)->args.at[0], out);
        str_add(out, " PRECEDING");
    } else if (node_is(Literal, value) && type_is_integral(value->type) && node_as(Literal, value)->value->i < 0) {
        str_addf(out, "%" PRId64 " PRECEDING", -node_as(Literal, value)->value->i);
    } else if (node_is(Cast, value) && node_is(Literal, node_as(Cast, value)->child) &&
               node_as(Literal, node_as(Cast, value)->child)->value->i < 0) {
        str_addf(out, "(- %" PRId64 ") FOLLOWING", -node_as(Literal, node_as(Cast, value)->child)->value->i);
    } else {
        print(b, value, out);
        str_add(out, " FOLLOWING");
    }
}

static void frame(Binder *b, const Window *w, Str *out)
{
    const FunctionRow *row = node_is(Call, w->function) ? node_as(Call, w->function)->function : NULL;
    if (row && (!strcmp(row->name, "lag") || !strcmp(row->name, "lead"))) { /* FrameLessOffsetWindowFunction's fake frame */
        str_auto offset = STR_INIT(256);
        str_add(&offset, *row->name == 'l' && row->name[1] == 'a' ? "-" : "");
        print(b, node_as(Call, w->function)->args.at[1], &offset);
        str_addf(out, "ROWS BETWEEN %s FOLLOWING AND %s FOLLOWING", str_text(&offset), str_text(&offset));
        return;
    }
    if (!w->frame)
        return;
    const Frame *f = node_as(Frame, w->frame);
    str_add(out, f->unit == FRAME_ROWS ? "ROWS BETWEEN " : "RANGE BETWEEN ");
    bound_text(b, f->lower_kind, f->lower, true, out);
    str_add(out, " AND ");
    bound_text(b, f->upper_kind, f->upper, false, out);
}

static void window(Binder *b, const Window *w, Str *out)
{
    if (w->function) { /* without: the definition alone, in errors */
        print(b, w->function, out);
        str_add(out, " OVER ");
    }
    str_addc(out, '(');
    if (w->partitions.len) {
        str_add(out, "PARTITION BY ");
        list(b, &w->partitions, out);
        str_addc(out, ' ');
    }
    if (w->orders.len) {
        str_add(out, "ORDER BY ");
        list(b, &w->orders, out);
        str_addc(out, ' ');
    }
    frame(b, w, out);
    str_addc(out, ')');
}

static void sort_order(Binder *b, const SortOrder *o, Str *out)
{
    bool first = o->nulls == NULLS_FIRST || (o->nulls == NULLS_DEFAULT && o->direction == SORT_ASC);
    print(b, o->child, out);
    str_add(out, o->direction == SORT_ASC ? " ASC" : " DESC");
    str_add(out, first ? " NULLS FIRST" : " NULLS LAST");
}

static void subquery(Binder *b, const Subquery *s, Str *out)
{
    if (s->subquery == SUBQUERY_SCALAR) {
        str_add(out, "scalarsubquery(");
    } else if (s->subquery == SUBQUERY_EXISTS) {
        str_add(out, "exists(");
    } else {
        str_add(out, s->negated ? "(NOT (" : "(");
        list(b, &s->operands, out);
        str_add(out, " IN (listquery()))");
        str_add(out, s->negated ? ")" : "");
        return;
    }
    str_addc(out, ')');
}

static void lambda(Binder *b, const Lambda *l, Str *out)
{
    str_add(out, "lambdafunction(");
    print(b, l->body, out);
    for (size_t i = 0; i < l->params.len; i++) {
        str_add(out, ", ");
        print(b, l->params.at[i], out);
    }
    str_addc(out, ')');
}

static void alias(Binder *b, const Alias *n, Str *out)
{
    if (n->names.len && n->generated && str_starts(n->names.at[0], "lateralAliasReference(")) {
        str_add(out, n->names.at[0]);
        return;
    }
    print(b, n->child, out);
    if (n->names.len && !n->generated)
        str_addf(out, " AS %s", n->names.at[0]);
}

/* The newest one: a function that gives its argument back is the same node. */
static const char *displayed(const Binder *b, const Node *e)
{
    for (size_t i = b->displayed.len; i-- > 0;)
        if (b->displayed.at[i].bound == e)
            return b->displayed.at[i].text;
    return NULL;
}

static void print(Binder *b, const Node *e, Str *out)
{
    const char *shown = displayed(b, e);
    if (shown) {
        str_add(out, shown);
        return;
    }
    switch (e->kind) {
    case NODE_Literal:
        literal(b, node_as(Literal, e), out);
        return;
    case NODE_ColumnRef:
        str_add(out, node_as(ColumnRef, e)->depth ? "outer(" : "");
        str_add(out, node_as(ColumnRef, e)->name);
        str_add(out, node_as(ColumnRef, e)->depth ? ")" : "");
        return;
    case NODE_Alias:
        alias(b, node_as(Alias, e), out);
        return;
    case NODE_Cast: {
        const Cast *c = node_as(Cast, e);
        if (c->implicit) {
            print(b, c->child, out);
            return;
        }
        str_add(out, c->mode == CAST_TRY ? "TRY_CAST(" : "CAST(");
        print(b, c->child, out);
        str_addf(out, " AS %s)", type_sql_text(b->a, c->to));
        return;
    }
    case NODE_Call:
        if (!operator(b, node_as(Call, e), out) && !special(b, node_as(Call, e), out))
            call(b, node_as(Call, e), out);
        return;
    case NODE_Case:
        print_case(b, node_as(Case, e), out);
        return;
    case NODE_GetField:
        print(b, node_as(GetField, e)->child, out);
        str_addf(out, ".%s", node_as(GetField, e)->field);
        return;
    case NODE_InList:
        str_addc(out, '(');
        print(b, node_as(InList, e)->child, out);
        str_add(out, " IN (");
        list(b, &node_as(InList, e)->items, out);
        str_add(out, "))");
        return;
    case NODE_SortOrder:
        sort_order(b, node_as(SortOrder, e), out);
        return;
    case NODE_Window:
        window(b, node_as(Window, e), out);
        return;
    case NODE_Subquery:
        subquery(b, node_as(Subquery, e), out);
        return;
    case NODE_Lambda:
        lambda(b, node_as(Lambda, e), out);
        return;
    case NODE_LambdaVariable:
        str_addf(out, "namedlambdavariable()");
        return;
    case NODE_PythonUdf:
        str_addf(out, "%s(", node_as(PythonUdf, e)->name);
        list(b, &node_as(PythonUdf, e)->args, out);
        str_addc(out, ')');
        return;
    case NODE_UpdateFields:
        str_add(out, "update_fields(");
        print(b, node_as(UpdateFields, e)->child, out);
        str_addc(out, ')');
        return;
    case NODE_Row:
        str_add(out, "struct(");
        list(b, &node_as(Row, e)->items, out);
        str_addc(out, ')');
        return;
    default:
        node_text(e, out);
    }
}

const char *pretty(Binder *b, const Node *e)
{
    str_auto text = STR_INIT(PRETTY_MAX);
    print(b, e, &text);
    return str_arena(&text, b->a);
}

/* ResolveAliases: a cast of a named expression keeps its name, a generator's single column is its field. */
const char *output_name(Binder *b, const Node *e)
{
    const Node *inner = e;
    if (displayed(b, e))
        return displayed(b, e);
    while (node_is(Cast, inner))
        inner = node_as(Cast, inner)->child;
    if (node_is(ColumnRef, inner))
        return node_as(ColumnRef, inner)->name;
    if (inner != e && node_is(Alias, inner))
        return node_as(Alias, inner)->names.at[0];
    if (node_is(Alias, e))
        return node_as(Alias, e)->names.at[0];
    return pretty(b, e);
}
