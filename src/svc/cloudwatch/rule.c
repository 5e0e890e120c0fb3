/* svc/cloudwatch/rule.c -- a composite alarm's rule.
 *
 *   or := and (OR and)*      and := not (AND not)*      not := NOT not | (or) | TRUE | FALSE | STATE(alarm)
 *
 * An alarm is named by its name or ARN, in double quotes when it has blanks. Source: PutCompositeAlarm. */
#include "base/str.h"
#include "svc/cloudwatch/alarm.h"

#include <ctype.h>

enum { NESTING_MAX = 100, CHILDREN_MAX = 100 };
typedef enum RuleKind { RULE_OR, RULE_AND, RULE_NOT, RULE_STATE, RULE_TRUE, RULE_FALSE } RuleKind;

struct RuleNode {
    RuleKind kind;
    const char *state, *alarm;
    RuleNode *left, *right;
};

typedef struct RuleParser {
    Arena *arena;
    const char *text, *at;
    StrList *names;
    int depth;
    Error *err;
} RuleParser;

static Status rule_or(RuleParser *p, RuleNode **ret_node);

static Status wrong(RuleParser *p)
{
    return cw_validation(p->err, "AlarmRule must not contain any syntax errors: at position %zu of '%.300s'", (size_t)(p->at - p->text) + 1, p->text);
}

static bool eat(RuleParser *p, const char *word)
{
    p->at += strspn(p->at, " \t\r\n");
    size_t n = strlen(word);
    if (strncmp(p->at, word, n) != 0 || (isalpha((unsigned char)word[0]) && (isalnum((unsigned char)p->at[n]) || p->at[n] == '_')))
        return false;
    p->at += n;
    return true;
}

static RuleNode *make(RuleParser *p, RuleKind kind, RuleNode *left, RuleNode *right)
{
    RuleNode *node = ARENA_NEW(p->arena, RuleNode);
    node->kind = kind;
    node->left = left;
    node->right = right;
    return node;
}

static Status rule_state(RuleParser *p, const char *state, RuleNode **ret_node)
{
    if (!eat(p, "("))
        return wrong(p);
    p->at += strspn(p->at, " \t\r\n");
    bool quoted = *p->at == '"';
    const char *start = quoted ? ++p->at : p->at;
    while (*p->at && (quoted ? *p->at != '"' : *p->at != ')' && !isspace((unsigned char)*p->at)))
        p->at++;
    const char *name = arena_strn(p->arena, start, (size_t)(p->at - start)), *arn = strstr(name, ":alarm:");
    if (quoted && *p->at++ != '"') {
        p->at--;
        return wrong(p);
    }
    if (!*name || !eat(p, ")"))
        return wrong(p);
    *ret_node = make(p, RULE_STATE, NULL, NULL);
    (*ret_node)->state = state;
    (*ret_node)->alarm = str_starts(name, "arn:") && arn ? arn + strlen(":alarm:") : name;
    if (p->names->len == CHILDREN_MAX)
        return cw_validation(p->err, "AlarmRule must not depend on more than %d alarms.", CHILDREN_MAX);
    vec_push(p->arena, p->names, (*ret_node)->alarm);
    return ST_OK;
}

static Status rule_not(RuleParser *p, RuleNode **ret_node)
{
    static const char *const states[] = { "ALARM", "OK", "INSUFFICIENT_DATA" };
    RuleNode *inner;
    if (++p->depth > NESTING_MAX)
        return wrong(p);
    if (eat(p, "NOT")) {
        TRY(rule_not(p, &inner));
        *ret_node = make(p, RULE_NOT, inner, NULL);
        p->depth--;
        return ST_OK;
    }
    p->depth--;
    if (eat(p, "(")) {
        TRY(rule_or(p, ret_node));
        return eat(p, ")") ? ST_OK : wrong(p);
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (eat(p, states[i]))
            return rule_state(p, states[i], ret_node);
    bool yes = eat(p, "TRUE");
    if (!yes && !eat(p, "FALSE"))
        return wrong(p);
    *ret_node = make(p, yes ? RULE_TRUE : RULE_FALSE, NULL, NULL);
    return ST_OK;
}

static Status rule_and(RuleParser *p, RuleNode **ret_node)
{
    RuleNode *right;
    TRY(rule_not(p, ret_node));
    while (eat(p, "AND")) {
        TRY(rule_not(p, &right));
        *ret_node = make(p, RULE_AND, *ret_node, right);
    }
    return ST_OK;
}

static Status rule_or(RuleParser *p, RuleNode **ret_node)
{
    RuleNode *right;
    if (++p->depth > NESTING_MAX)
        return wrong(p);
    TRY(rule_and(p, ret_node));
    while (eat(p, "OR")) {
        TRY(rule_and(p, &right));
        *ret_node = make(p, RULE_OR, *ret_node, right);
    }
    p->depth--;
    return ST_OK;
}

Status rule_parse(Arena *a, const char *text, RuleNode **ret_node, StrList *ret_names, Error *err)
{
    RuleParser p = { .arena = a, .text = text, .at = text, .names = ret_names, .err = err };
    TRY(rule_or(&p, ret_node));
    p.at += strspn(p.at, " \t\r\n");
    return *p.at ? wrong(&p) : ST_OK;
}

bool rule_holds(const RuleNode *node, const char *(*state_of)(void *self, const char *name), void *self)
{
    switch (node->kind) {
    case RULE_OR: return rule_holds(node->left, state_of, self) || rule_holds(node->right, state_of, self);
    case RULE_AND: return rule_holds(node->left, state_of, self) && rule_holds(node->right, state_of, self);
    case RULE_NOT: return !rule_holds(node->left, state_of, self);
    case RULE_STATE: return str_eq(state_of(self, node->alarm), node->state);
    case RULE_TRUE: return true;
    case RULE_FALSE: break;
    }
    return false;
}
