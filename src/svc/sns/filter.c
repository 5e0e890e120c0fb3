/* svc/sns/filter.c -- filter policies: which messages a subscription wants. Source: "Amazon SNS subscription filter policies". */
#include "base/str.h"
#include "svc/sns/internal.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { KEYS_MAX = 5, COMBINATIONS_MAX = 150, NESTING_MAX = 64 };
static const double NUMBER_MAX = 1e9, ACCURACY = 1e6; /* six digits behind the point count */

static bool is_number(const Val *v)
{
    return v && (v->kind == VAL_INT || v->kind == VAL_DOUBLE);
}

static double number_of(const Val *v)
{
    return v->kind == VAL_INT ? (double)v->i : v->d;
}

static bool is_text(const Val *v)
{
    return v && v->kind == VAL_STR;
}

/* ---------------------------------------------------------------- checking */
static const char *member_text(Arena *a, const Val *v)
{
    return is_text(v) ? v->s : val_to_json(a, v);
}

static Status bad_numeric(Error *err, const char *what, const char *which)
{
    return sns_invalid(err, "Invalid parameter: Attributes Reason: FilterPolicy: %s%s\n at ...", what, which);
}

static Status check_bound(const Val *of, const char *operator, Error *err)
{
    return is_number(of) ? ST_OK
                         : sns_invalid(err, "Invalid parameter: Attributes Reason: FilterPolicy: Value of %s must be numeric\n at ...", operator);
}

/* {"numeric": [">", 0, "<=", 150]} */
static Status check_numeric(Arena *a, const Val *range, Error *err)
{
    const Val *first = val_at(range, 0), *second = val_at(range, 2);
    if (!range || range->kind != VAL_LIST || !first)
        return bad_numeric(err, "Invalid member in numeric match: ]", "");
    if (!is_text(first))
        return bad_numeric(err, "Invalid member in numeric match: ", member_text(a, first));
    if (!str_eq(first->s, "<") && !str_eq(first->s, "<=") && !str_eq(first->s, "=") && !str_eq(first->s, ">") && !str_eq(first->s, ">="))
        return bad_numeric(err, "Unrecognized numeric range operator: ", first->s);
    TRY(check_bound(val_at(range, 1), first->s, err));
    if (!second)
        return ST_OK;
    if (first->s[0] != '>' || val_len(range) > 4)
        return bad_numeric(err, "Too many elements in numeric expression", "");
    if (!is_text(second) || (!str_eq(second->s, "<") && !str_eq(second->s, "<=")))
        return bad_numeric(err, "Bad numeric range operator: ", member_text(a, second));
    TRY(check_bound(val_at(range, 3), second->s, err));
    return number_of(val_at(range, 3)) > number_of(val_at(range, 1)) ? ST_OK : bad_numeric(err, "Bottom must be less than top", "");
}

static Status check_rule(Arena *a, const Val *rule, Error *err)
{
    if (is_number(rule) && fabs(number_of(rule)) >= NUMBER_MAX) {
        FAIL_CODE(err, ST_INTERNAL, "InternalError", "Unknown");
        return ST_INTERNAL;
    }
    if (is_number(rule) || is_text(rule) || rule->kind == VAL_BOOL || rule->kind == VAL_NULL)
        return ST_OK;
    if (rule->kind != VAL_MAP || !val_len(rule))
        return sns_invalid(err, "Invalid parameter: FilterPolicy: Match value must be String, number, true, false, or null");
    const char *word = rule->names[0];
    const Val *value = rule->items[0];
    if (str_eq(word, "exists"))
        return value->kind == VAL_BOOL ? ST_OK : sns_invalid(err, "Invalid parameter: FilterPolicy: exists match pattern must be either true or false.");
    if (str_eq(word, "numeric"))
        return check_numeric(a, value, err);
    if (str_eq(word, "prefix") || str_eq(word, "suffix") || str_eq(word, "equals-ignore-case"))
        return is_text(value) ? ST_OK : sns_invalid(err, "Invalid parameter: FilterPolicy: %s match pattern must be a string", word);
    if (str_eq(word, "anything-but"))
        return ST_OK;
    return sns_invalid(err, "Invalid parameter: FilterPolicy: Unrecognized match type %s", word);
}

typedef struct Check {
    Arena *a;
    Error *err;
    bool nested;  /* may objects hold objects? */
    double combinations;
} Check;

static Status check_policy(Check *c, const Val *policy, int depth)
{
    if (depth > NESTING_MAX)
        return sns_invalid(c->err, "Invalid parameter: FilterPolicy: Filter policy is too complex");
    for (size_t i = 0; i < val_len(policy); i++) {
        const Val *value = policy->items[i];
        bool alternatives = str_eq(policy->names[i], "$or");
        if (value->kind == VAL_MAP) {
            if (!c->nested)
                return sns_invalid(c->err, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy");
            TRY(check_policy(c, value, depth + 1));
            continue;
        }
        if (value->kind != VAL_LIST)
            return sns_invalid(c->err, "Invalid parameter: FilterPolicy: \"%s\" must be an object or an array", policy->names[i]);
        c->combinations *= (double)val_len(value) * depth;
        for (size_t j = 0; j < val_len(value); j++) {
            if (alternatives && val_at(value, j)->kind == VAL_MAP)
                TRY(check_policy(c, val_at(value, j), depth + 1));
            else
                TRY(check_rule(c->a, val_at(value, j), c->err));
        }
    }
    return ST_OK;
}

Status sns_filter_check(Arena *a, const char *text, const char *scope, Error *err)
{
    Val *policy;
    if (!val_from_json(a, text, strlen(text), &policy) || policy->kind != VAL_MAP)
        return sns_invalid(err, "Invalid parameter: FilterPolicy: failed to parse JSON.");
    if (val_len(policy) > KEYS_MAX)
        return sns_invalid(err, "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys");
    Check check = { a, err, str_eq(scope, "MessageBody"), 1 };
    TRY(check_policy(&check, policy, 1));
    return check.combinations <= COMBINATIONS_MAX ? ST_OK : sns_invalid(err, "Invalid parameter: FilterPolicy: Filter policy is too complex");
}

/* ---------------------------------------------------------------- matching one value */
static bool same(const Val *rule, const Val *v)
{
    if (is_number(rule) && is_number(v))
        return trunc(number_of(rule) * ACCURACY) == trunc(number_of(v) * ACCURACY);
    if (rule->kind != v->kind)
        return false;
    return is_text(rule) ? str_eq(rule->s, v->s) : rule->kind == VAL_BOOL ? rule->b == v->b : rule->kind == VAL_NULL;
}

static bool in_range(const Val *range, double x)
{
    for (size_t i = 0; i + 1 < val_len(range); i += 2) {
        const char *operator = val_at(range, i)->s;
        double bound = number_of(val_at(range, i + 1));
        bool good = operator[0] == '=' ? x == bound
                    : operator[0] == '<' ? (operator[1] ? x <= bound : x < bound)
                                         : (operator[1] ? x >= bound : x > bound);
        if (!good)
            return false;
    }
    return true;
}

/* What {"anything-but": …} excludes. */
static bool excluded(const Val *rule, const Val *v)
{
    if (rule->kind == VAL_MAP) {
        const char *text = val_len(rule) && is_text(rule->items[0]) ? rule->items[0]->s : NULL;
        if (!text || !is_text(v))
            return true;
        if (str_eq(rule->names[0], "prefix"))
            return str_starts(v->s, text);
        return str_eq(rule->names[0], "suffix") ? str_ends(v->s, text) : true;
    }
    if (rule->kind != VAL_LIST)
        return same(rule, v);
    for (size_t i = 0; i < val_len(rule); i++) {
        if (same(val_at(rule, i), v))
            return true;
    }
    return false;
}

static bool matches(const Val *rule, const Val *v)
{
    if (rule->kind != VAL_MAP)
        return same(rule, v);
    const char *word = rule->names[0];
    const Val *value = rule->items[0];
    if (str_eq(word, "prefix"))
        return is_text(v) && str_starts(v->s, value->s);
    if (str_eq(word, "suffix"))
        return is_text(v) && str_ends(v->s, value->s);
    if (str_eq(word, "equals-ignore-case"))
        return is_text(v) && strcasecmp(v->s, value->s) == 0;
    if (str_eq(word, "numeric"))
        return is_number(v) && in_range(value, number_of(v));
    return false;
}

/* `v` NULL: there is none. Of a list one element must match, or with anything-but none be excluded. */
static bool any_rule(const Val *rules, const Val *v)
{
    for (size_t i = 0; i < val_len(rules); i++) {
        const Val *rule = val_at(rules, i);
        bool described = rule->kind == VAL_MAP && val_len(rule);
        bool list = v && v->kind == VAL_LIST, good = false;
        size_t n = list ? val_len(v) : 1;
        if (described && str_eq(rule->names[0], "exists")) {
            good = rule->items[0]->b == (v != NULL);
        } else if (v && described && str_eq(rule->names[0], "anything-but")) {
            good = true;
            for (size_t k = 0; k < n; k++)
                good = good && !excluded(rule->items[0], list ? val_at(v, k) : v);
        } else if (v) {
            for (size_t k = 0; k < n && !good; k++)
                good = matches(rule, list ? val_at(v, k) : v);
        }
        if (good)
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- matching a message */
static bool policy_holds(const Val *policy, const Val *message);

static bool key_holds(const char *key, const Val *rule, const Val *message)
{
    if (message && message->kind == VAL_LIST) {
        for (size_t i = 0; i < val_len(message); i++) {
            if (key_holds(key, rule, val_at(message, i)))
                return true;
        }
        return false;
    }
    const Val *v = message && message->kind == VAL_MAP ? val_get(message, key) : NULL;
    if (rule->kind == VAL_MAP)
        return v && policy_holds(rule, v);
    return message && message->kind == VAL_MAP && any_rule(rule, v);
}

static bool policy_holds(const Val *policy, const Val *message)
{
    for (size_t i = 0; i < val_len(policy); i++) {
        const Val *rule = policy->items[i];
        bool good = false;
        if (str_eq(policy->names[i], "$or") && val_len(rule) && val_at(rule, 0)->kind == VAL_MAP) {
            for (size_t k = 0; k < val_len(rule) && !good; k++)
                good = policy_holds(val_at(rule, k), message);
        } else {
            good = key_holds(policy->names[i], rule, message);
        }
        if (!good)
            return false;
    }
    return true;
}

/* An attribute as JSON would have it: a text, a number, a list. */
static Val *attribute_value(Arena *a, const Val *attribute)
{
    const char *type = val_str(attribute, "DataType"), *text = val_str(attribute, "StringValue");
    Val *list;
    double number;
    if (type && text && str_starts(type, "Number") && str_to_f64(text, &number))
        return val_doublev(a, number);
    if (type && text && str_starts(type, "String.Array") && val_from_json(a, text, strlen(text), &list))
        return list;
    return text ? val_strv(a, text) : val_blobv(a, "", 0);
}

bool sns_filter_passes(Arena *a, const Val *policy, const char *scope, const Val *attributes, const char *body)
{
    Val *message = val_map(a);
    if (!val_len(policy))
        return true;
    if (str_eq(scope, "MessageBody"))
        return val_from_json(a, body, strlen(body), &message) && message->kind == VAL_MAP && policy_holds(policy, message);
    for (size_t i = 0; i < val_len(attributes); i++)
        val_set(a, message, attributes->names[i], attribute_value(a, attributes->items[i]));
    return policy_holds(policy, message);
}
