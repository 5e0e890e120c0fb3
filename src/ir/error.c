/* ir/error.c -- filling Spark's message templates. */
#include "ir/error.h"

#include <stdlib.h>

#include <stdio.h>

enum { PARAMETERS_MAX = 12 };

static void fill(Str *out, const char *text, const KeyValue *parameters, size_t n)
{
    while (*text) {
        const char *close = *text == '<' ? strchr(text, '>') : NULL;
        size_t i = 0;
        for (; close && i < n; i++)
            if (strlen(parameters[i].key) == (size_t)(close - text - 1) &&
                !strncmp(parameters[i].key, text + 1, (size_t)(close - text - 1)))
                break;
        if (close && i < n) {
            str_add(out, parameters[i].value);
            text = close + 1;
        } else {
            str_addc(out, *text++);
        }
    }
}

/* "<sqlExpr>" in the text: toSQLExpr and toSQLType put the quotes into the value. */
static void set_parameter(Error *err, const char *text, const KeyValue *p)
{
    str_auto value = STR_INIT(ERROR_PARAMS_BYTES);
    size_t length = strlen(p->key);
    bool quoted = false, named = false;
    for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
        bool here = !strncmp(at + 1, p->key, length) && at[length + 1] == '>';
        named = named || here;
        quoted = quoted || (here && at > text && at[-1] == '"' && at[length + 2] == '"');
    }
    if (!named)
        return;
    str_addf(&value, quoted ? "\"%s\"" : "%s", p->value);
    error_param(err, p->key, str_text(&value));
}

static Status status_of(const char *class)
{
    if (str_starts(class, "UNSUPPORTED_FEATURE"))
        return ST_UNSUPPORTED;
    return strstr(class, "NOT_FOUND") ? ST_NOT_FOUND : ST_INVALID;
}

Status spark_error_list(Error *err, const Node *at, const char *class, const char *sqlstate, const char *text, va_list args)
{
    KeyValue parameters[PARAMETERS_MAX];
    size_t n = 0;
    for (const char *name; n < PARAMETERS_MAX && (name = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);
        parameters[n++] = (KeyValue){ name, value ? value : "" };
    }
    if (n < PARAMETERS_MAX && strstr(text, "<docroot>"))
        parameters[n++] = (KeyValue){ "docroot", "https://spark.apache.org/docs/latest" };
    str_auto message = STR_INIT(ERROR_MESSAGE_BYTES);
    str_addf(&message, "[%s] ", class);
    fill(&message, text, parameters, n);
    if (*sqlstate) /* legacy classes have none */
        str_addf(&message, " SQLSTATE: %s", sqlstate);
    Status status = FAIL_CODE(err, status_of(class), class, "%s", str_text(&message));
    if (!err)
        return status;
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    for (size_t i = 0; i < n; i++)
        set_parameter(err, text, &parameters[i]);
    if (at) {
        err->start = at->start;
        err->stop = at->stop;
    }
    return status;
}

Status spark_error(Error *err, const Node *at, const char *class, const char *sqlstate, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    Status status = spark_error_list(err, at, class, sqlstate, text, args);
    va_end(args);
    return status;
}

Status spark_unsupported(Error *err, const Node *at, const char *what)
{
    return spark_error(err, at, "UNSUPPORTED_FEATURE", "0A000", "The feature is not supported: <what>.", "what", what, NULL);
}

static void quote(Str *out, const char *name)
{
    str_addc(out, '`');
    for (; *name; name++) {
        if (*name == '`')
            str_addc(out, '`');
        str_addc(out, *name);
    }
    str_addc(out, '`');
}

const char *sql_id(Arena *a, const char *name)
{
    str_auto text = STR_INIT(ERROR_MESSAGE_BYTES);
    quote(&text, name);
    return str_arena(&text, a);
}

const char *sql_ids(Arena *a, const StrList *parts)
{
    str_auto text = STR_INIT(ERROR_MESSAGE_BYTES);
    for (size_t i = 0; i < parts->len; i++) {
        str_add(&text, i ? "." : "");
        quote(&text, parts->at[i]);
    }
    return str_arena(&text, a);
}

typedef struct Condition {
    const char *name, *state, *subs;
} Condition;

static const Condition conditions[] = {
#define CONDITION(name, state, subs) { name, state, subs },
#include "ir/conditions.def"
#undef CONDITION
};

static int by_name(const void *key, const void *row)
{
    return strcmp(key, ((const Condition *)row)->name);
}

/* The row of a condition; *ret_sub: what follows its '.', NULL: nothing. */
static const Condition *find_condition(const char *name, const char **ret_sub)
{
    char own[ERROR_CODE_BYTES];
    const char *dot = strchr(name, '.');
    snprintf(own, sizeof own, "%.*s", (int)(dot ? (size_t)(dot - name) : strlen(name)), name);
    *ret_sub = dot ? dot + 1 : NULL;
    return bsearch(own, conditions, sizeof conditions / sizeof *conditions, sizeof *conditions, by_name);
}

bool error_condition_known(const char *name)
{
    const char *sub;
    const Condition *c = find_condition(name, &sub);
    if (!c || !sub)
        return c != NULL;
    size_t n = strlen(sub);
    for (const char *at = c->subs; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && strncmp(at, sub, n) == 0)
            return true;
    return false;
}

const char *error_condition_state(const char *name)
{
    const char *sub;
    const Condition *c = find_condition(name, &sub);
    return c ? c->state : "";
}
