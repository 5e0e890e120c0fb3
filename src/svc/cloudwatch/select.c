/* svc/cloudwatch/select.c -- Metrics Insights:
 *
 *   SELECT AVG|MIN|MAX|SUM|COUNT(metric) FROM "namespace" | SCHEMA("namespace", key, …)
 *     [WHERE key = 'value' | key != 'value' [AND …]] [GROUP BY key, …] [ORDER BY FUNC() [ASC|DESC]] [LIMIT n]
 *
 * Source: "CloudWatch Metrics Insights query components and syntax". */
#include "base/clock.h"
#include "base/str.h"
#include "svc/cloudwatch/internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { KEYS_MAX = 30, GROUPS_MAX = 500, FOUND_MAX = 100000 };
static const int64_t LISTED_MS = 14LL * 86400 * 1000;

typedef struct Where {
    const char *key, *value;
    bool not;
} Where;

typedef struct Select {
    QuerySet *set;
    const char *text, *at;
    const char *function, *metric, *space;
    StrList schema, groups;
    bool has_schema;
    VEC(Where) wheres;
    const char *order;   /* NULL: none */
    bool descending;
    double limit;
    Error *err;
} Select;

typedef struct Group {
    const char *label;
    Bins bins;
    double rank;
} Group;
typedef VEC(Group) Groups;

bool select_is(const char *expression)
{
    return expression && str_istarts(expression + strspn(expression, " \t\n"), "SELECT") &&
           isspace((unsigned char)expression[strspn(expression, " \t\n") + 6]);
}

static Status wrong(Select *s)
{
    return cw_validation(s->err, "Error in Metrics Insights query '%.300s' at position %zu", s->text, (size_t)(s->at - s->text) + 1);
}

static bool eat(Select *s, const char *word)
{
    s->at += strspn(s->at, " \t\r\n");
    size_t n = strlen(word);
    if (!str_istarts(s->at, word) || (isalpha((unsigned char)word[0]) && (isalnum((unsigned char)s->at[n]) || s->at[n] == '_')))
        return false;
    s->at += n;
    return true;
}

/* A name, or anything in "…" (a name) or '…' (a value). */
static Status read_name(Select *s, const char **ret_name)
{
    s->at += strspn(s->at, " \t\r\n");
    char quote = *s->at == '"' || *s->at == '\'' ? *s->at : 0;
    const char *start = quote ? ++s->at : s->at;
    while (*s->at && (quote ? *s->at != quote : isalnum((unsigned char)*s->at) || strchr("_-./:", *s->at)))
        s->at++;
    *ret_name = arena_strn(s->set->arena, start, (size_t)(s->at - start));
    if (quote && *s->at++ != quote) {
        s->at--;
        return wrong(s);
    }
    return **ret_name ? ST_OK : wrong(s);
}

static Status read_function(Select *s, const char **ret_function)
{
    static const char *const names[] = { "AVG", "MIN", "MAX", "SUM", "COUNT" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (eat(s, names[i])) {
            *ret_function = names[i];
            return eat(s, "(") ? ST_OK : wrong(s);
        }
    return wrong(s);
}

static Status read_from(Select *s)
{
    const char *name;
    s->has_schema = eat(s, "SCHEMA");
    if (!s->has_schema)
        return read_name(s, &s->space);
    if (!eat(s, "("))
        return wrong(s);
    TRY(read_name(s, &s->space));
    while (eat(s, ",")) {
        TRY(read_name(s, &name));
        vec_push(s->set->arena, &s->schema, name);
    }
    return eat(s, ")") ? ST_OK : wrong(s);
}

static Status read_clauses(Select *s)
{
    const char *name;
    if (eat(s, "WHERE"))
        do {
            Where where = { 0 };
            TRY(read_name(s, &where.key));
            where.not = eat(s, "!=");
            if (!where.not && !eat(s, "="))
                return wrong(s);
            TRY(read_name(s, &where.value));
            vec_push(s->set->arena, &s->wheres, where);
        } while (eat(s, "AND"));
    if (eat(s, "GROUP")) {
        if (!eat(s, "BY"))
            return wrong(s);
        do {
            TRY(read_name(s, &name));
            vec_push(s->set->arena, &s->groups, name);
        } while (eat(s, ","));
    }
    if (eat(s, "ORDER")) {
        if (!eat(s, "BY"))
            return wrong(s);
        TRY(read_function(s, &s->order));
        if (!eat(s, ")"))
            return wrong(s);
        s->descending = eat(s, "DESC");
        if (!s->descending)
            eat(s, "ASC");
    }
    s->limit = INFINITY;
    if (eat(s, "LIMIT")) {
        char *end;
        s->limit = strtod(s->at, &end);
        if (end == s->at || s->limit < 1)
            return wrong(s);
        s->at = end;
    }
    s->at += strspn(s->at, " \t\r\n");
    return *s->at ? wrong(s) : ST_OK;
}

static const char *dimension_of(const SeriesKey *key, const char *name)
{
    for (size_t i = 0; i < key->dimensions_len; i++)
        if (str_eq(key->dimensions[i].name, name))
            return key->dimensions[i].value;
    return NULL;
}

static bool fits(const Select *s, const SeriesKey *key)
{
    if (s->has_schema && key->dimensions_len != s->schema.len)
        return false;
    for (size_t i = 0; i < s->schema.len; i++)
        if (!dimension_of(key, s->schema.at[i]))
            return false;
    for (size_t i = 0; i < s->wheres.len; i++) {
        const char *value = dimension_of(key, s->wheres.at[i].key);
        if (!value || str_eq(value, s->wheres.at[i].value) == s->wheres.at[i].not)
            return false;
    }
    for (size_t i = 0; i < s->groups.len; i++)
        if (!dimension_of(key, s->groups.at[i]))
            return false;
    return true;
}

static const char *group_label(const Select *s, const SeriesKey *key)
{
    str_auto label = STR_INIT(8192);
    for (size_t i = 0; i < s->groups.len; i++)
        str_addf(&label, "%s%s", i ? " " : "", dimension_of(key, s->groups.at[i]));
    return str_arena(&label, s->set->arena);
}

static double value_of(const char *function, const Bin *bin)
{
    Stat stat = { 0 };
    double value = NAN;
    stat.kind = str_eq(function, "AVG") ? STAT_AVERAGE : str_eq(function, "MIN") ? STAT_MINIMUM : str_eq(function, "MAX") ? STAT_MAXIMUM
                : str_eq(function, "SUM") ? STAT_SUM : STAT_SAMPLE_COUNT;
    stat_value(&stat, bin, &value);
    return value;
}

static Status gather(Select *s, int64_t period_s, Groups *groups)
{
    SeriesMetrics all = { 0 };
    SeriesFilter filter = { .region = s->set->region, .space = s->space, .name = s->metric, .active_since_ms = clock_ms() - LISTED_MS, .limit = FOUND_MAX };
    series_list(s->set->server->series, s->set->arena, &filter, &all);
    for (size_t i = 0; i < all.len; i++) {
        if (!fits(s, &all.at[i].key))
            continue;
        const char *label = group_label(s, &all.at[i].key);
        size_t at = 0;
        while (at < groups->len && !str_eq(groups->at[at].label, label))
            at++;
        if (at == groups->len && at == GROUPS_MAX)
            return cw_validation(s->err, "The Metrics Insights query has more than %d groups.", GROUPS_MAX);
        if (at == groups->len)
            vec_push(s->set->arena, groups, (Group){ .label = label });
        Bins bins = { 0 };
        SeriesQuery query = { all.at[i].key, NULL, s->set->start_s, s->set->end_s, period_s, true }; /* it has no percentiles */
        TRY(series_query(s->set->server->series, &query, &bins, s->err));
        bins_merge(&groups->at[at].bins, &bins);
        bins_done(&bins);
    }
    return ST_OK;
}

static int by_rank(const void *a, const void *b)
{
    const Group *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank ? 1 : strcmp(x->label, y->label);
}

static void order(const Select *s, Groups *groups)
{
    for (size_t i = 0; i < groups->len; i++) {
        Bin whole = { 0 };
        for (size_t j = 0; j < groups->at[i].bins.len; j++)
            bin_merge(&whole, &groups->at[i].bins.at[j]);
        groups->at[i].rank = s->order && whole.count > 0 ? (s->descending ? -1 : 1) * value_of(s->order, &whole) : 0;
        dist_free(whole.dist);
    }
    if (groups->len)
        qsort(groups->at, groups->len, sizeof(Group), by_rank);
}

static Line *line_of(const Select *s, const Group *group, int64_t period_s)
{
    Line *line = ARENA_NEW(s->set->arena, Line);
    line->label = s->groups.len ? group->label : NULL;
    line->period_s = period_s;
    for (size_t i = 0; i < group->bins.len; i++)
        vec_push(s->set->arena, &line->samples, (Sample){ group->bins.at[i].time_s, value_of(s->function, &group->bins.at[i]) });
    return line;
}

Status select_eval(QuerySet *set, const char *expression, int64_t period_s, MathValue *ret_value, Error *err)
{
    Select s = { .set = set, .text = expression, .at = expression, .err = err };
    Groups groups = { 0 };
    eat(&s, "SELECT");
    TRY(read_function(&s, &s.function));
    TRY(read_name(&s, &s.metric));
    if (!eat(&s, ")") || !eat(&s, "FROM"))
        return wrong(&s);
    TRY(read_from(&s));
    TRY(read_clauses(&s));
    Status status = gather(&s, period_s, &groups);
    order(&s, &groups);
    *ret_value = (MathValue){ .kind = MATH_LINES, .array = s.groups.len > 0 };
    for (size_t i = 0; i < groups.len; i++) {
        if (status == ST_OK && (double)i < s.limit)
            vec_push(set->arena, &ret_value->lines, line_of(&s, &groups.at[i], period_s));
        bins_done(&groups.at[i].bins);
    }
    if (status == ST_OK && !ret_value->lines.len)
        ret_value->array = true;
    return status;
}
