/* svc/events/pattern_match.c -- a pattern and an event. */
#include "svc/events/pattern_private.h"

#include <arpa/inet.h>
#include <wctype.h>

static const double NUMBER_MAX = 5e9;

/* ---------------------------------------------------------------- texts */
/* The next character, its case folded; the text is valid UTF-8. */
static wint_t next_folded(View *text, locale_t locale)
{
    const unsigned char *p = (const unsigned char *)text->data;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    wint_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = (c << 6) | (p[i] & 0x3fu);
    text->data += n;
    text->len -= n;
    return towlower_l(towupper_l(c, locale), locale);
}

static bool starts(View text, View prefix, bool ignore_case, locale_t locale, bool whole)
{
    if (!ignore_case)
        return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0 && (!whole || text.len == prefix.len);
    while (prefix.len && text.len) {
        if (next_folded(&prefix, locale) != next_folded(&text, locale))
            return false;
    }
    return !prefix.len && (!whole || !text.len);
}

static size_t characters(View text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return n;
}

static bool ends(View text, View suffix, bool ignore_case, locale_t locale)
{
    if (!ignore_case)
        return text.len >= suffix.len && memcmp(text.data + text.len - suffix.len, suffix.data, suffix.len) == 0;
    size_t have = characters(text), wanted = characters(suffix);
    if (have < wanted)
        return false;
    for (; have > wanted; have--)
        next_folded(&text, locale);
    return starts(text, suffix, true, locale, true);
}

/* A star takes as little as it can, and more when the rest does not fit: only the last star is ever looked at again. */
static bool fits_wildcard(View pattern, View text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, taken = 0;
    while (t < text.len) {
        bool escaped = p < pattern.len && pattern.data[p] == '\\';
        if (p < pattern.len && pattern.data[p] == '*') {
            star = ++p;
            taken = t;
        } else if (p < pattern.len && pattern.data[p + escaped] == text.data[t]) {
            p += 1u + escaped;
            t++;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

/* ---------------------------------------------------------------- one value */
static bool in_cidr(const Test *test, View text)
{
    unsigned char address[16];
    if (strlen(text.data) != text.len || inet_pton(test->family, text.data, address) != 1)
        return false;
    size_t whole = (size_t)test->bits / 8, rest = (size_t)test->bits % 8;
    if (memcmp(address, test->address, whole) != 0)
        return false;
    return !rest || (address[whole] >> (8 - rest)) == (test->address[whole] >> (8 - rest));
}

static bool in_range(const Test *test, View number)
{
    double x;
    if (!str_to_f64(number.data, &x) || x < -NUMBER_MAX || x > NUMBER_MAX)
        return false;
    if (test->low.set && (test->low.open ? x <= test->low.value : x < test->low.value))
        return false;
    return !test->high.set || (test->high.open ? x < test->high.value : x <= test->high.value);
}

static bool none_fits(const TestList *tests, const Doc *value, locale_t locale)
{
    for (size_t i = 0; i < tests->len; i++) {
        if (pattern_test(&tests->at[i], value, locale))
            return false;
    }
    return true;
}

/* `value` is a leaf. */
bool pattern_test(const Test *test, const Doc *value, locale_t locale)
{
    bool text = value->kind == DOC_STRING;
    switch (test->kind) {
    case TEST_SAME: return value->kind == test->value->kind && view_eq(value->text, test->value->text);
    case TEST_PREFIX: return text && starts(value->text, test->text, test->ignore_case, locale, false);
    case TEST_SUFFIX: return text && ends(value->text, test->text, test->ignore_case, locale);
    case TEST_EQUALS: return text && starts(value->text, test->text, true, locale, true);
    case TEST_WILDCARD: return text && fits_wildcard(test->text, value->text);
    case TEST_CIDR: return text && in_cidr(test, value->text);
    case TEST_NUMERIC: return value->kind == DOC_NUMBER && in_range(test, value->text);
    case TEST_EXISTS: return test->exists;
    case TEST_ANYTHING_BUT: return none_fits(&test->excluded, value, locale);
    }
    return false;
}

/* ---------------------------------------------------------------- the tree */
enum { REMEMBERED = 1024, ABSENT = 1, PRESENT };

typedef struct Match {
    const Doc *event;
    locale_t locale;
    unsigned char found[REMEMBERED]; /* by the field's number: a large list asks for each of its elements */
} Match;

/* Is there a leaf at the field's place, in whichever element of a list? `depth` fields lead down to it. */
static bool leaf_at(const Doc *doc, const Field *const *path, size_t depth)
{
    if (!doc)
        return false;
    if (doc->kind == DOC_LIST) {
        for (size_t i = 0; i < doc->len; i++) {
            if (leaf_at(doc->items[i], path, depth))
                return true;
        }
        return false;
    }
    if (!depth)
        return doc->kind != DOC_OBJECT;
    return leaf_at(doc_find(doc, path[0]->name), path + 1, depth - 1);
}

static bool is_absent(Match *m, const Field *field)
{
    const Field *path[DOC_DEPTH_MAX + 1];
    size_t depth = 0;
    if (field->number < REMEMBERED && m->found[field->number])
        return m->found[field->number] == ABSENT;
    for (const Field *f = field; f; f = f->parent)
        path[DOC_DEPTH_MAX - depth++] = f;
    bool absent = !leaf_at(m->event, path + DOC_DEPTH_MAX + 1 - depth, depth);
    if (field->number < REMEMBERED)
        m->found[field->number] = absent ? ABSENT : PRESENT;
    return absent;
}

static bool leaf_fits(Match *m, const Test *test, const Doc *value)
{
    if (!value || value->kind == DOC_OBJECT)
        return false;
    if (value->kind != DOC_LIST)
        return pattern_test(test, value, m->locale);
    for (size_t i = 0; i < value->len; i++) {
        if (leaf_fits(m, test, value->items[i]))
            return true;
    }
    return false;
}

static bool any_test_fits(Match *m, const Field *field, const Doc *value)
{
    for (size_t i = 0; i < field->tests.len; i++) {
        const Test *test = &field->tests.at[i];
        if (test->kind == TEST_EXISTS && !test->exists ? is_absent(m, field) : leaf_fits(m, test, value))
            return true;
    }
    return false;
}

static bool holds(Match *m, const Pattern *p, const Doc *doc);

static bool field_holds(Match *m, const Field *field, const Doc *doc)
{
    const Doc *value = doc_find(doc, field->name);
    return field->inner ? holds(m, field->inner, value) : any_test_fits(m, field, value);
}

static bool one_holds(Match *m, const PatternList *list, const Doc *doc)
{
    for (size_t i = 0; i < list->len; i++) {
        if (holds(m, list->at[i], doc))
            return true;
    }
    return false;
}

/* `doc` NULL, or no object: then only what must not exist can hold. */
static bool holds(Match *m, const Pattern *p, const Doc *doc)
{
    if (doc && doc->kind == DOC_LIST && doc->len) {
        for (size_t i = 0; i < doc->len; i++) {
            if (holds(m, p, doc->items[i]))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < p->fields.len; i++) {
        if (!field_holds(m, p->fields.at[i], doc))
            return false;
    }
    for (size_t i = 0; i < p->alternatives.len; i++) {
        if (!one_holds(m, &p->alternatives.at[i], doc))
            return false;
    }
    return true;
}

bool pattern_matches(const Pattern *pattern, const Doc *event)
{
    Match m = { .event = event, .locale = pattern->locale };
    return holds(&m, pattern, event);
}
