/* svc/events/pattern.c -- an event pattern's text to its tree, with all that can be wrong about it. Matching: pattern_match.c. */
#include "svc/events/pattern_private.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { REASON_MAX = 1024 };
static const double NUMBER_MAX = 5e9, COMBINATIONS_MAX = 1000;

typedef struct Compiler {
    Arena *a;
    Error *err;
    size_t fields;
} Compiler;

static Status __attribute__((format(printf, 2, 3))) bad(Compiler *c, const char *format, ...)
{
    char reason[REASON_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return FAIL_CODE(c->err, ST_INVALID, "InvalidEventPatternException", "Event pattern is not valid. Reason: %s", reason);
}

/* ---------------------------------------------------------------- one test */
static Status read_text(Compiler *c, const Doc *value, const char *word, View *ret, bool *ret_ignore_case)
{
    if (value->kind == DOC_OBJECT && value->len == 1 && ret_ignore_case && view_eq(value->names[0], VIEW("equals-ignore-case"))) {
        *ret_ignore_case = true;
        value = value->items[0];
    }
    if (value->kind != DOC_STRING)
        return bad(c, "%s match pattern must be a string", word);
    *ret = value->text;
    return ST_OK;
}

/* '*' stands for any characters; a star itself is \*, a backslash \\. */
static Status check_wildcard(Compiler *c, View text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\') {
            if (i + 1 == text.len || (text.data[i + 1] != '*' && text.data[i + 1] != '\\'))
                return bad(c, "Invalid escape character at pos %zu", i);
            i++;
        } else if (text.data[i] == '*' && i + 1 < text.len && text.data[i + 1] == '*') {
            return bad(c, "Consecutive wildcard characters at pos %zu", i);
        }
    }
    return ST_OK;
}

static Status read_cidr(Compiler *c, const Doc *value, Test *test)
{
    if (value->kind != DOC_STRING)
        return bad(c, "cidr match pattern must be a string");
    const char *text = value->text.data, *slash = strchr(text, '/');
    char *address = slash ? arena_strn(c->a, text, (size_t)(slash - text)) : arena_str(c->a, text);
    test->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    int64_t most = test->family == AF_INET6 ? 128 : 32, bits = most;
    if (inet_pton(test->family, address, test->address) != 1)
        return bad(c, "Malformed CIDR, %s is no IP address", address);
    if (slash && (!str_to_i64(slash + 1, &bits) || bits < 0 || bits > most))
        return bad(c, "Malformed CIDR, mask bits must be an integer from 0 to %d", (int)most);
    test->bits = (int)bits;
    return ST_OK;
}

static Status read_bound(Compiler *c, const Doc *list, size_t at, const char *operator, double *ret)
{
    const Doc *value = at < list->len ? list->items[at] : NULL;
    if (!value || value->kind != DOC_NUMBER || !str_to_f64(value->text.data, ret))
        return bad(c, "Value of %s must be numeric", operator);
    if (*ret < -NUMBER_MAX || *ret > NUMBER_MAX)
        return bad(c, "Value must be between -5.0E9 and 5.0E9, inclusive");
    return ST_OK;
}

static Status read_numeric(Compiler *c, const Doc *list, Test *test)
{
    if (list->kind != DOC_LIST || !list->len || list->items[0]->kind != DOC_STRING)
        return bad(c, "Invalid member in numeric match: it is [operator, number] or [operator, number, operator, number]");
    const char *first = list->items[0]->text.data;
    bool equal = str_eq(first, "="), above = first[0] == '>', known = equal || str_eq(first, "<") || str_eq(first, "<=") || str_eq(first, ">") || str_eq(first, ">=");
    double value;
    if (!known)
        return bad(c, "Unrecognized numeric range operator: %s", first);
    TRY(read_bound(c, list, 1, first, &value));
    Bound bound = { true, !equal && !first[1], value };
    test->low = equal || above ? bound : (Bound){ 0 };
    test->high = equal || !above ? bound : (Bound){ 0 };
    if (list->len == 2)
        return ST_OK;
    if (!above || list->len != 4)
        return bad(c, "Too many elements in numeric expression");
    const Doc *second = list->items[2];
    if (second->kind != DOC_STRING || (!str_eq(second->text.data, "<") && !str_eq(second->text.data, "<=")))
        return bad(c, "Bad numeric range operator: %s", doc_json(c->a, second));
    TRY(read_bound(c, list, 3, second->text.data, &value));
    test->high = (Bound){ true, !second->text.data[1], value };
    return value > test->low.value ? ST_OK : bad(c, "Bottom must be less than top");
}

static Status read_anything_but(Compiler *c, const Doc *value, Test *test);

/* {"prefix": …} and its like. */
static Status read_operator(Compiler *c, const char *word, const Doc *value, Test *test)
{
    static const struct {
        const char *word;
        TestKind kind;
    } words[] = { { "prefix", TEST_PREFIX }, { "suffix", TEST_SUFFIX }, { "equals-ignore-case", TEST_EQUALS }, { "wildcard", TEST_WILDCARD },
                  { "cidr", TEST_CIDR }, { "numeric", TEST_NUMERIC }, { "exists", TEST_EXISTS }, { "anything-but", TEST_ANYTHING_BUT } };
    size_t i = 0, count = sizeof words / sizeof *words;
    while (i < count && !str_eq(words[i].word, word))
        i++;
    if (i == count)
        return bad(c, "Unrecognized match type %s", word);
    *test = (Test){ .kind = words[i].kind };
    switch (test->kind) {
    case TEST_PREFIX:
    case TEST_SUFFIX: return read_text(c, value, word, &test->text, &test->ignore_case);
    case TEST_EQUALS: test->ignore_case = true; return read_text(c, value, word, &test->text, NULL);
    case TEST_WILDCARD: TRY(read_text(c, value, word, &test->text, NULL)); return check_wildcard(c, test->text);
    case TEST_CIDR: return read_cidr(c, value, test);
    case TEST_NUMERIC: return read_numeric(c, value, test);
    case TEST_EXISTS:
        test->exists = value->kind == DOC_TRUE;
        return value->kind == DOC_TRUE || value->kind == DOC_FALSE ? ST_OK : bad(c, "exists match pattern must be either true or false.");
    case TEST_ANYTHING_BUT: return read_anything_but(c, value, test);
    case TEST_SAME: break;
    }
    return ST_OK;
}

/* {"anything-but": {"prefix": "a"}}, {"anything-but": {"suffix": ["a", "b"]}} */
static Status read_excluded_operator(Compiler *c, const Doc *value, Test *test)
{
    if (value->len != 1)
        return bad(c, "Only one key allowed in match expression");
    const char *word = value->names[0].data;
    const Doc *texts = value->items[0];
    bool list = texts->kind == DOC_LIST;
    if (!str_eq(word, "prefix") && !str_eq(word, "suffix") && !str_eq(word, "equals-ignore-case") && !str_eq(word, "wildcard"))
        return bad(c, "Unsupported anything-but pattern: %s", word);
    if (list && !texts->len)
        return bad(c, "Empty arrays are not allowed");
    for (size_t i = 0; i < (list ? texts->len : 1); i++) {
        Test one;
        const Doc *text = list ? texts->items[i] : texts;
        if (text->kind == DOC_STRING && !text->text.len)
            return bad(c, "Null %s not allowed", word);
        TRY(read_operator(c, word, text, &one));
        vec_push(c->a, &test->excluded, one);
    }
    return ST_OK;
}

static Status read_anything_but(Compiler *c, const Doc *value, Test *test)
{
    if (value->kind == DOC_OBJECT)
        return read_excluded_operator(c, value, test);
    bool list = value->kind == DOC_LIST;
    if (list && !value->len)
        return bad(c, "Empty arrays are not allowed");
    for (size_t i = 0; i < (list ? value->len : 1); i++) {
        const Doc *one = list ? value->items[i] : value;
        if (one->kind != DOC_STRING && one->kind != DOC_NUMBER)
            return bad(c, list ? "Inside anything but list, start|null|boolean is not supported."
                               : "Value of anything-but must be an array or single string/number value.");
        if (list && one->kind != value->items[0]->kind)
            return bad(c, "Inside anything but list, either all values are number or string, mixed type is not supported");
        vec_push(c->a, &test->excluded, (Test){ .kind = TEST_SAME, .value = one });
    }
    return ST_OK;
}

static Status read_test(Compiler *c, const Doc *value, Test *ret)
{
    if (value->kind == DOC_LIST)
        return bad(c, "Match value must be String, number, true, false, or null");
    if (value->kind != DOC_OBJECT) {
        *ret = (Test){ .kind = TEST_SAME, .value = value };
        return ST_OK;
    }
    if (!value->len)
        return bad(c, "Empty objects are not allowed");
    if (value->len > 1)
        return bad(c, "Only one key allowed in match expression");
    return read_operator(c, value->names[0].data, value->items[0], ret);
}

/* ---------------------------------------------------------------- the tree */
static bool is_operator(View name)
{
    static const char *const words[] = { "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr", "numeric", "exists", "anything-but" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (view_eq(name, VIEW(words[i])))
            return true;
    }
    return false;
}

/* $or is one only over two or more objects that are no tests themselves; else a member is called so. */
static bool is_or(View name, const Doc *value)
{
    if (!view_eq(name, VIEW("$or")) || value->kind != DOC_LIST || value->len < 2)
        return false;
    for (size_t i = 0; i < value->len; i++) {
        const Doc *one = value->items[i];
        if (one->kind != DOC_OBJECT || !one->len)
            return false;
        for (size_t k = 0; k < one->len; k++) {
            if (is_operator(one->names[k]))
                return false;
        }
    }
    return true;
}

static Status read_pattern(Compiler *c, const Doc *doc, const Field *parent, Pattern **ret, double *ret_combinations);

static Status read_or(Compiler *c, const Doc *list, const Field *parent, Pattern *p, double *combinations)
{
    PatternList all = { 0 };
    double sum = 0;
    for (size_t i = 0; i < list->len; i++) {
        Pattern *one;
        double n;
        TRY(read_pattern(c, list->items[i], parent, &one, &n));
        vec_push(c->a, &all, one);
        sum += n;
    }
    vec_push(c->a, &p->alternatives, all);
    *combinations *= sum;
    return ST_OK;
}

static Status read_field(Compiler *c, View name, const Doc *value, const Field *parent, Pattern *p, double *combinations)
{
    Field *f = ARENA_NEW(c->a, Field);
    *f = (Field){ .parent = parent, .number = c->fields++, .name = name };
    vec_push(c->a, &p->fields, f);
    if (value->kind == DOC_OBJECT) {
        Pattern *inner;
        double n;
        TRY(read_pattern(c, value, f, &inner, &n));
        f->inner = inner;
        *combinations *= n;
        return ST_OK;
    }
    if (value->kind != DOC_LIST)
        return bad(c, "'%.*s' must be an object or an array", VIEW_ARGS(name));
    if (!value->len)
        return bad(c, "Empty arrays are not allowed");
    for (size_t i = 0; i < value->len; i++) {
        Test test;
        TRY(read_test(c, value->items[i], &test));
        vec_push(c->a, &f->tests, test);
    }
    return ST_OK;
}

static Status read_pattern(Compiler *c, const Doc *doc, const Field *parent, Pattern **ret, double *ret_combinations)
{
    Pattern *p = ARENA_NEW(c->a, Pattern);
    double combinations = 1;
    if (!doc->len)
        return bad(c, "Empty objects are not allowed");
    for (size_t i = 0; i < doc->len; i++) {
        if (doc_find(doc, doc->names[i]) != doc->items[i])
            continue; /* a later member has this name */
        if (is_or(doc->names[i], doc->items[i]))
            TRY(read_or(c, doc->items[i], parent, p, &combinations));
        else
            TRY(read_field(c, doc->names[i], doc->items[i], parent, p, &combinations));
    }
    *ret = p;
    *ret_combinations = combinations;
    return ST_OK;
}

static void drop_locale(void *locale)
{
    freelocale(locale);
}

Status pattern_compile(Arena *a, const char *text, const Pattern **ret_pattern, Error *err)
{
    Compiler c = { a, err, 0 };
    Doc *doc;
    Pattern *p;
    double combinations;
    if (doc_parse(a, text, strlen(text), &doc, NULL) != ST_OK)
        return bad(&c, "Invalid JSON");
    if (doc->kind != DOC_OBJECT)
        return bad(&c, "Filter is not an object");
    TRY(read_pattern(&c, doc, NULL, &p, &combinations));
    if (combinations > COMBINATIONS_MAX)
        return bad(&c, "The $or conditions make more than %.0f combinations", COMBINATIONS_MAX);
    p->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!p->locale)
        return FAIL(err, ST_INTERNAL, "there is no locale C.UTF-8");
    arena_defer(a, drop_locale, p->locale);
    *ret_pattern = p;
    return ST_OK;
}
