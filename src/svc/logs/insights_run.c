/* svc/logs/insights_run.c -- events to rows. Rows that cannot be among the first `limit` any more are dropped as it goes: memory is bounded by
 * the limit, or by the number of groups, not by the number of events. */
#include "base/clock.h"
#include "base/map.h"
#include "svc/logs/insights_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_SLACK = 1000 };

typedef struct OutRow {
    const char **values;       /* NULL: this row has no such field */
    const char **keys;         /* of sort */
    int64_t number;
} OutRow;
typedef VEC(OutRow) OutRows;

typedef struct Accumulator {
    double sum, min, max;
    int64_t count, numbers;
    Map *distinct;
} Accumulator;
typedef struct Group {
    const char **by;
    Accumulator *stats;
} Group;

struct InsightsRun {
    const Insights *query;
    size_t limit;
    StrList columns;
    Arena *arena;              /* of columns and groups */
    Arena *rows_arena;
    OutRows rows;
    Map groups;
    int64_t matched;
};

/* One event on its way through the commands. */
typedef struct Scope {
    Arena *arena;
    const InsightsEvent *event;
    Map derived;
    Val *json;
    bool json_tried;
} Scope;

/* --- values --- */

static char *shown_time(Arena *a, int64_t ms)
{
    char *text = time_iso8601(a, ms);
    size_t n = strlen(text);
    text[10] = ' ';
    if (n && text[n - 1] == 'Z')
        text[n - 1] = 0;
    return text;
}

static const char *shown_json(Arena *a, const Val *v)
{
    if (!v || v->kind == VAL_NULL)
        return NULL;
    if (v->kind == VAL_BOOL)
        return v->b ? "1" : "0"; /* as Insights shows them */
    return v->kind == VAL_STR ? v->s : val_to_json(a, v);
}

/* a.b.0: a name may have dots itself, the longest is tried first. */
static const Val *at_path(Arena *a, const Val *v, const char *path, int depth)
{
    if (!*path)
        return v;
    if (!v || depth > 20)
        return NULL;
    int64_t index;
    for (size_t n = strlen(path); n > 0; n--) {
        if (path[n] && path[n] != '.')
            continue;
        const char *head = arena_strn(a, path, n), *rest = path[n] ? path + n + 1 : "";
        const Val *item = v->kind == VAL_MAP ? val_get(v, head) : v->kind == VAL_LIST && str_to_i64(head, &index) && index >= 0 ? val_at(v, (size_t)index) : NULL;
        item = item ? at_path(a, item, rest, depth + 1) : NULL;
        if (item)
            return item;
    }
    return NULL;
}

/* NULL: it has none. `number`: times as ms. */
static const char *value_of(Scope *s, const char *field, bool number)
{
    const InsightsEvent *e = s->event;
    if (map_has(&s->derived, field))
        return map_get(&s->derived, field);
    if (str_eq(field, "@message"))
        return e->event.message;
    if (str_eq(field, "@timestamp") || str_eq(field, "@ingestionTime")) {
        int64_t ms = field[1] == 't' ? e->event.time_ms : e->event.ingested_ms;
        return number ? arena_printf(s->arena, "%lld", (long long)ms) : shown_time(s->arena, ms);
    }
    if (str_eq(field, "@logStream"))
        return e->stream;
    if (str_eq(field, "@log"))
        return e->log;
    if (str_eq(field, "@ptr"))
        return e->ptr;
    if (!s->json_tried) {
        s->json_tried = true;
        if (!e->event.message_len || e->event.message[0] != '{' || !val_from_json(s->arena, e->event.message, e->event.message_len, &s->json))
            s->json = NULL;
    }
    return s->json ? shown_json(s->arena, at_path(s->arena, s->json, field, 0)) : NULL;
}

static bool numeric(const char *text, double *ret_number)
{
    return text && str_to_f64(text, ret_number) && isfinite(*ret_number);
}

/* --- filter --- */

static const char *operand_value(Scope *s, const QueryOperand *o, bool number)
{
    return o->is_field ? value_of(s, o->text, number) : o->text;
}

static bool literal_number(const QueryOperand *o)
{
    double ignored;
    return !o->is_field && numeric(o->text, &ignored);
}

static bool compared(Comparison comparison, int order)
{
    switch (comparison) {
    case CMP_EQ: return order == 0;
    case CMP_NE: return order != 0;
    case CMP_LT: return order < 0;
    case CMP_LE: return order <= 0;
    case CMP_GT: return order > 0;
    default: return order >= 0;
    }
}

static int order_of(const char *x, const char *y)
{
    double a, b;
    if (numeric(x, &a) && numeric(y, &b))
        return (a > b) - (a < b);
    return strcmp(x, y);
}

static bool compare(Scope *s, const QueryExpr *e)
{
    bool number = literal_number(&e->a) || literal_number(&e->b);
    const char *x = operand_value(s, &e->a, number), *y = operand_value(s, &e->b, number);
    if (!x || !y)
        return e->comparison == CMP_NE && (x || y);
    return compared(e->comparison, order_of(x, y));
}

static bool like(Scope *s, const QueryExpr *e)
{
    const char *x = operand_value(s, &e->a, false), *y = e->regex ? NULL : operand_value(s, &e->b, false);
    if (!x)
        return false;
    return e->regex ? regex_matches(e->regex, x, strlen(x)) : y && strstr(x, y) != NULL;
}

static bool in_list(Scope *s, const QueryExpr *e)
{
    const char *x = operand_value(s, &e->a, false);
    for (size_t i = 0; x && i < e->list.len; i++) {
        const char *y = operand_value(s, &e->list.at[i], false);
        if (y && order_of(x, y) == 0)
            return true;
    }
    return false;
}

static bool holds(Scope *s, const QueryExpr *e)
{
    switch (e->kind) {
    case Q_AND: return holds(s, e->left) && holds(s, e->right);
    case Q_OR: return holds(s, e->left) || holds(s, e->right);
    case Q_NOT: return !holds(s, e->left);
    case Q_COMPARE: return compare(s, e);
    case Q_LIKE: return like(s, e);
    case Q_IN: return in_list(s, e);
    case Q_PRESENT: return value_of(s, e->a.text, false) != NULL;
    }
    return false;
}

/* --- commands --- */

/* The last star takes what is left when nothing follows it. Without a match the names have no values. */
static void parse_glob(Scope *s, const QueryCommand *c)
{
    const char *text = value_of(s, c->from, false), *at = text ? strstr(text, c->pieces.at[0]) : NULL;
    StrList found = { 0 };
    at = at ? at + strlen(c->pieces.at[0]) : NULL;
    for (size_t i = 0; at && i < c->fields.len; i++) {
        const char *next = c->pieces.at[i + 1], *end = *next ? strstr(at, next) : i + 1 == c->fields.len ? at + strlen(at) : at;
        if (end)
            vec_push(s->arena, &found, arena_strn(s->arena, at, (size_t)(end - at)));
        at = end ? end + strlen(next) : NULL;
    }
    for (size_t i = 0; at && i < found.len; i++)
        map_set(s->arena, &s->derived, c->fields.at[i].name, (void *)found.at[i]);
}

/* False: filtered out. */
static bool through(Scope *s, const Insights *q)
{
    for (size_t i = 0; i < q->commands.len; i++) {
        const QueryCommand *c = &q->commands.at[i];
        if (c->kind == Q_FILTER && !holds(s, c->filter))
            return false;
        if (c->kind == Q_PARSE)
            parse_glob(s, c);
        for (size_t j = 0; c->kind != Q_PARSE && j < c->fields.len; j++) {
            const QueryField *f = &c->fields.at[j];
            if (!str_eq(f->field, f->name))
                map_set(s->arena, &s->derived, f->name, (void *)value_of(s, f->field, false));
        }
    }
    return true;
}

static bool listed(const StrList *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++) {
        if (str_eq(list->at[i], name))
            return true;
    }
    return false;
}

static void choose_columns(InsightsRun *r)
{
    const Insights *q = r->query;
    Arena *a = r->arena;
    for (size_t i = 0; q->has_stats && i < q->by.len; i++)
        vec_push(a, &r->columns, q->by.at[i].name);
    for (size_t i = 0; q->has_stats && i < q->stats.len; i++)
        vec_push(a, &r->columns, q->stats.at[i].name);
    for (size_t i = 0; !q->has_stats && i < q->commands.len; i++) {
        const QueryCommand *c = &q->commands.at[i];
        if (c->kind == Q_DISPLAY)
            r->columns.len = 0;
        for (size_t j = 0; (c->kind == Q_FIELDS || c->kind == Q_DISPLAY) && j < c->fields.len; j++) {
            if (!listed(&r->columns, c->fields.at[j].name))
                vec_push(a, &r->columns, c->fields.at[j].name);
        }
    }
    if (!r->columns.len) {
        vec_push(a, &r->columns, "@timestamp");
        vec_push(a, &r->columns, "@message");
    }
    if (!q->has_stats && !listed(&r->columns, "@ptr"))
        vec_push(a, &r->columns, "@ptr");
}

InsightsRun *insights_run_new(const Insights *query, size_t limit)
{
    InsightsRun *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->query = query;
    r->limit = query->limit ? query->limit : limit < INSIGHTS_LIMIT ? limit : INSIGHTS_LIMIT;
    r->arena = arena_new();
    r->rows_arena = arena_new();
    choose_columns(r);
    return r;
}

void insights_run_free(InsightsRun *r)
{
    if (!r)
        return;
    arena_free(r->arena);
    arena_free(r->rows_arena);
    free(r);
}

void insights_run_freep(InsightsRun **r)
{
    insights_run_free(*r);
}

/* --- rows --- */

static int by_sort(const void *x, const void *y, void *arg)
{
    const OutRow *a = x, *b = y;
    const Insights *q = arg;
    for (size_t i = 0; i < q->sort.len; i++) {
        if (!a->keys[i] || !b->keys[i]) {
            if (!a->keys[i] != !b->keys[i])
                return a->keys[i] ? -1 : 1; /* what has none comes last */
            continue;
        }
        int order = order_of(a->keys[i], b->keys[i]);
        if (order)
            return q->sort.at[i].down ? -order : order;
    }
    int order = (a->number > b->number) - (a->number < b->number);
    return q->has_stats ? order : -order; /* the newest first */
}

static const char **copied(Arena *a, const char **texts, size_t n)
{
    const char **copy = ARENA_ARRAY(a, const char *, n ? n : 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = arena_str(a, texts[i]);
    return copy;
}

/* Keeps the first `limit`; their texts move to a new arena, the old one goes with all the others. */
static void trim(InsightsRun *r)
{
    Arena *arena = arena_new();
    OutRows kept = { 0 };
    if (r->rows.len)
        qsort_r(r->rows.at, r->rows.len, sizeof *r->rows.at, by_sort, (void *)r->query);
    for (size_t i = 0; i < r->rows.len && i < r->limit; i++) {
        const OutRow *row = &r->rows.at[i];
        vec_push(arena, &kept, (OutRow){ copied(arena, row->values, r->columns.len), copied(arena, row->keys, r->query->sort.len), row->number });
    }
    arena_free(r->rows_arena);
    r->rows_arena = arena;
    r->rows = kept;
}

static void add_row(InsightsRun *r, Scope *s)
{
    Arena *a = r->rows_arena;
    const Insights *q = r->query;
    OutRow row = { ARENA_ARRAY(a, const char *, r->columns.len), ARENA_ARRAY(a, const char *, q->sort.len ? q->sort.len : 1), r->matched };
    for (size_t i = 0; i < r->columns.len; i++)
        row.values[i] = arena_str(a, value_of(s, r->columns.at[i], false));
    for (size_t i = 0; i < q->sort.len; i++)
        row.keys[i] = arena_str(a, value_of(s, q->sort.at[i].field, true));
    vec_push(a, &r->rows, row);
    if (r->rows.len >= 2 * r->limit + ROWS_SLACK)
        trim(r);
}

/* --- statistics --- */

static Status accumulate(InsightsRun *r, Accumulator *acc, const QueryStat *stat, Scope *s, Error *err)
{
    const char *text = stat->field ? value_of(s, stat->field, true) : "";
    double number;
    if (!text)
        return ST_OK;
    acc->count++;
    if (stat->aggregate == Q_COUNT_DISTINCT) {
        if (!acc->distinct)
            acc->distinct = ARENA_NEW(r->arena, Map);
        if (acc->distinct->len >= INSIGHTS_GROUPS_MAX && !map_has(acc->distinct, text))
            return FAIL(err, ST_LIMIT, "count_distinct has more than %d values", INSIGHTS_GROUPS_MAX);
        map_set(r->arena, acc->distinct, text, acc);
    }
    if (!numeric(text, &number))
        return ST_OK;
    acc->sum += number;
    acc->min = acc->numbers && acc->min < number ? acc->min : number;
    acc->max = acc->numbers && acc->max > number ? acc->max : number;
    acc->numbers++;
    return ST_OK;
}

static Status group_of(InsightsRun *r, Scope *s, Group **ret_group, Error *err)
{
    const Insights *q = r->query;
    str_auto key = STR_INIT(1 << 20);
    const char **by = ARENA_ARRAY(s->arena, const char *, q->by.len ? q->by.len : 1);
    for (size_t i = 0; i < q->by.len; i++) {
        const QueryBy *b = &q->by.at[i];
        int64_t ms = s->event->event.time_ms;
        by[i] = b->field ? value_of(s, b->field, false) : shown_time(s->arena, ms - ms % b->bin_ms);
        str_add(&key, by[i] ? by[i] : "\x1e");
        str_addc(&key, '\x1f');
    }
    Group *group = map_get(&r->groups, str_text(&key));
    if (!group) {
        if (r->groups.len >= INSIGHTS_GROUPS_MAX)
            return FAIL(err, ST_LIMIT, "the query has more than %d groups", INSIGHTS_GROUPS_MAX);
        group = ARENA_NEW(r->arena, Group);
        *group = (Group){ copied(r->arena, by, q->by.len), ARENA_ARRAY(r->arena, Accumulator, q->stats.len) };
        map_set(r->arena, &r->groups, str_text(&key), group);
    }
    *ret_group = group;
    return ST_OK;
}

static const char *stat_text(Arena *a, const QueryStat *stat, const Accumulator *acc)
{
    double value = acc->sum;
    if (stat->aggregate == Q_COUNT)
        return arena_printf(a, "%lld", (long long)acc->count);
    if (stat->aggregate == Q_COUNT_DISTINCT)
        return arena_printf(a, "%zu", acc->distinct ? acc->distinct->len : 0);
    if (!acc->numbers)
        return NULL;
    if (stat->aggregate == Q_AVG)
        value = acc->sum / (double)acc->numbers;
    else if (stat->aggregate != Q_SUM)
        value = stat->aggregate == Q_MIN ? acc->min : acc->max;
    return fabs(value) < 1e15 && value == floor(value) ? arena_printf(a, "%.0f", value) : arena_printf(a, "%.10g", value);
}

/* Groups become rows. */
static void settle_groups(InsightsRun *r)
{
    Arena *a = r->rows_arena;
    const Insights *q = r->query;
    for (size_t i = 0; i < r->groups.len; i++) {
        const Group *g = r->groups.at[i].value;
        OutRow row = { ARENA_ARRAY(a, const char *, r->columns.len), ARENA_ARRAY(a, const char *, q->sort.len ? q->sort.len : 1), (int64_t)i };
        for (size_t j = 0; j < r->columns.len; j++)
            row.values[j] = j < q->by.len ? g->by[j] : stat_text(a, &q->stats.at[j - q->by.len], &g->stats[j - q->by.len]);
        for (size_t k = 0; k < q->sort.len; k++) {
            for (size_t j = 0; j < r->columns.len; j++) {
                if (str_eq(r->columns.at[j], q->sort.at[k].field))
                    row.keys[k] = row.values[j];
            }
        }
        vec_push(a, &r->rows, row);
    }
}

/* --- all of it --- */

Status insights_run_add(InsightsRun *r, const InsightsEvent *event, Error *err)
{
    arena_auto *a = arena_new();
    Scope s = { .arena = a, .event = event };
    if (!through(&s, r->query))
        return ST_OK;
    r->matched++;
    if (!r->query->has_stats) {
        add_row(r, &s);
        return ST_OK;
    }
    Group *group = NULL;
    TRY(group_of(r, &s, &group, err));
    for (size_t i = 0; i < r->query->stats.len; i++)
        TRY(accumulate(r, &group->stats[i], &r->query->stats.at[i], &s, err));
    return ST_OK;
}

Val *insights_run_rows(InsightsRun *r, Arena *a)
{
    Val *rows = val_list(a);
    settle_groups(r);
    trim(r);
    for (size_t i = 0; i < r->rows.len; i++) {
        Val *row = val_list(a);
        for (size_t j = 0; j < r->columns.len; j++) {
            if (!r->rows.at[i].values[j])
                continue;
            Val *cell = val_map(a);
            val_set_str(a, cell, "field", r->columns.at[j]);
            val_set_str(a, cell, "value", r->rows.at[i].values[j]);
            val_push(a, row, cell);
        }
        val_push(a, rows, row);
    }
    return rows;
}

int64_t insights_run_matched(const InsightsRun *r)
{
    return r->matched;
}
