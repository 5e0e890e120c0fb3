/* ir/signature.c -- reading functions.def's signature language (ir/function.h). */
#include "ir/signature.h"

#include "base/vec.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Reader {
    Arena *a;
    const char *text, *at;
} Reader;

static void malformed(const Reader *r)
{
    fprintf(stderr, "weir: functions.def: malformed signature at '%s' in '%s'\n", r->at, r->text);
    abort();
}

static void space(Reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

static bool take(Reader *r, const char *text)
{
    space(r);
    if (!str_starts(r->at, text))
        return false;
    r->at += strlen(text);
    return true;
}

static const char *word(Reader *r)
{
    space(r);
    const char *start = r->at;
    while (isalnum((unsigned char)*r->at) || *r->at == '_')
        r->at++;
    if (r->at == start)
        malformed(r);
    return arena_strn(r->a, start, (size_t)(r->at - start));
}

static const struct {
    const char *name;
    TypeClass class;
} classes[] = {
    { "any", CLASS_ANY },
    { "numeric", CLASS_NUMERIC },
    { "integral", CLASS_INTEGRAL },
    { "fractional", CLASS_FRACTIONAL },
    { "ansi_interval", CLASS_ANSI_INTERVAL },
    { "year_month_interval", CLASS_YEAR_MONTH },
    { "day_time_interval", CLASS_DAY_TIME },
    { "datetime", CLASS_DATETIME },
    { "atomic", CLASS_ATOMIC },
    { "orderable", CLASS_ORDERABLE },
    { "decimal", CLASS_DECIMAL },
    { "struct", CLASS_STRUCT },
};

static const struct {
    const char *name;
    const Type *type;
} simple[] = {
    { "void", &type_null },       { "boolean", &type_boolean },     { "tinyint", &type_byte },
    { "smallint", &type_short },  { "int", &type_int },             { "bigint", &type_long },
    { "float", &type_float },     { "double", &type_double },       { "string", &type_string },
    { "binary", &type_binary },   { "date", &type_date },           { "timestamp", &type_timestamp },
    { "variant", &type_variant }, { "timestamp_ntz", &type_timestamp_ntz },
};

static const Type *interval(Reader *r)
{
    static const char *const fields[] = { "year", "month", "day", "hour", "minute", "second" };
    int from = -1, to = -1;
    for (int i = 0; i < 6 && from < 0; i++)
        if (take(r, fields[i]))
            from = to = i;
    if (from < 0)
        return &type_calendar_interval;
    if (take(r, "to "))
        for (int i = 0; i < 6; i++)
            if (take(r, fields[i]))
                to = i;
    return from < 2 ? type_year_month(r->a, from, to) : type_day_time(r->a, from - 2, to - 2);
}

static int number(Reader *r)
{
    space(r);
    return (int)strtol(r->at, (char **)&r->at, 10);
}

static const Spec *spec(Reader *r);

static Spec named(Reader *r, const char *name)
{
    Spec s = { 0 };
    if (!name[1] && isupper((unsigned char)*name))
        return (Spec){ .kind = SPEC_VARIABLE, .variable = *name };
    if (!strcmp(name, "array") && take(r, "<")) {
        s = (Spec){ .kind = SPEC_ARRAY, .element = spec(r) };
        if (!take(r, ">"))
            malformed(r);
        return s;
    }
    if (!strcmp(name, "map") && take(r, "<")) {
        s.kind = SPEC_MAP;
        s.key = spec(r);
        if (!take(r, ","))
            malformed(r);
        s.element = spec(r);
        if (!take(r, ">"))
            malformed(r);
        return s;
    }
    if (!strcmp(name, "decimal") && take(r, "(")) {
        int precision = number(r), scale = take(r, ",") ? number(r) : 0;
        if (!take(r, ")"))
            malformed(r);
        return (Spec){ .kind = SPEC_TYPE, .type = type_decimal(r->a, precision, scale) };
    }
    if (!strcmp(name, "interval"))
        return (Spec){ .kind = SPEC_TYPE, .type = interval(r) };
    if (!strcmp(name, "time"))
        return (Spec){ .kind = SPEC_TYPE, .type = type_from_json(r->a, "\"time(6)\"", &s.type, NULL) == ST_OK ? s.type : NULL };
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (!strcmp(simple[i].name, name))
            return (Spec){ .kind = SPEC_TYPE, .type = simple[i].type };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!strcmp(classes[i].name, name))
            return (Spec){ .kind = SPEC_CLASS, .class = classes[i].class };
    malformed(r);
    return s;
}

/* "(T,U)->R" */
static Spec lambda(Reader *r)
{
    VEC(Spec) params = { 0 };
    do
        vec_push(r->a, &params, *spec(r));
    while (take(r, ","));
    if (!take(r, ")") || !take(r, "->"))
        malformed(r);
    return (Spec){ .kind = SPEC_LAMBDA, .params = params.at, .nparams = params.len, .element = spec(r) };
}

static const Spec *spec(Reader *r)
{
    Spec s = take(r, "(") ? lambda(r) : named(r, word(r));
    if (*r->at == '!' || (*r->at == '?' && r->at[1] == '>')) /* "array<T?>"; a "?" that ends a parameter is "optional" */
        s.nulls = *r->at++;
    return arena_copy(r->a, &s, sizeof s);
}

/* "1..2147483647" */
static void range(Reader *r, Param *p)
{
    const char *dots = strstr(r->at, "..");
    if (!dots)
        malformed(r);
    p->low = arena_strn(r->a, r->at, (size_t)(dots - r->at));
    r->at = dots + 2;
    size_t n = strspn(r->at, "-.0123456789");
    p->high = arena_strn(r->a, r->at, n);
    r->at += n;
}

static Param param(Reader *r)
{
    Param p = { .name = word(r) };
    VEC(Spec) alternatives = { 0 };
    if (!take(r, ":"))
        malformed(r);
    do
        vec_push(r->a, &alternatives, *spec(r));
    while (take(r, "|"));
    p.alternatives = alternatives.at;
    p.nalternatives = alternatives.len;
    p.optional = take(r, "?");
    p.variadic = take(r, "...");
    p.argument = take(r, "constarg");
    p.constant = p.argument || take(r, "const");
    p.options = take(r, "options");
    p.nonnull = take(r, "nonnull");
    p.one = take(r, "one");
    if (take(r, "in "))
        range(r, &p);
    if (take(r, "=")) {
        space(r);
        const char *start = r->at;
        bool quoted = *r->at == '\'';
        for (r->at += quoted; *r->at && (quoted ? *r->at != '\'' : *r->at != ','); r->at++)
            ;
        r->at += quoted;
        p.fallback = arena_strn(r->a, start, (size_t)(r->at - start));
        p.optional = true;
    }
    return p;
}

Signature signature_parse(Arena *a, const char *text)
{
    Reader r = { a, text, text };
    VEC(Param) params = { 0 };
    Signature s = { 0 };
    while (*r.at) {
        vec_push(a, &params, param(&r));
        const Param *p = &params.at[params.len - 1];
        if (!p->optional && !p->variadic)
            s.least++;
        s.most = p->variadic ? SIZE_MAX : s.most + 1;
        space(&r);
        if (*r.at && !take(&r, ","))
            malformed(&r);
        space(&r);
    }
    s.params = params.at;
    s.nparams = params.len;
    return s;
}

const Spec *signature_type(Arena *a, const char *text)
{
    Reader r = { a, text, text };
    return spec(&r);
}

/* ---------------------------------------------------------------- of all rows */

typedef struct Parsed {
    Signature signature;
    const Spec *result;
} Parsed;

/* functions.def in its parsed form, made once under the once-control and never given back: reading a signature costs more than matching
 * a call. */
static Arena *all_arena;
static Parsed *all;
static pthread_once_t all_once = PTHREAD_ONCE_INIT;

static void parse_all(void)
{
    all_arena = arena_new();
    all = ARENA_ARRAY(all_arena, Parsed, function_count());
    for (size_t i = 0; i < function_count(); i++) {
        const FunctionRow *row = function_at(i);
        all[i].signature = signature_parse(all_arena, row->signature);
        if (*row->result != '@' && *row->result != '#')
            all[i].result = signature_type(all_arena, row->result);
    }
}

static const Parsed *parsed_of(const FunctionRow *row)
{
    pthread_once(&all_once, parse_all);
    return &all[row - function_at(0)];
}

const Signature *signature_of(const FunctionRow *row)
{
    return &parsed_of(row)->signature;
}

const Spec *signature_result(const FunctionRow *row)
{
    return parsed_of(row)->result;
}
