/* ir/collation.c -- see collation.h. */
#include "ir/collation.h"

#include "base/vec.h"
#include "ir/error.h"

#include <string.h>

static const struct {
    const char *name, *icu, *language, *country;
} locales[] = {
#define COLLATION_LOCALE(name, icu, language, country) { name, icu, language, country },
#include "ir/collations.def"
#undef COLLATION_LOCALE
};
enum { LOCALES = sizeof locales / sizeof *locales };

/* ---------------------------------------------------------------- names to parts */

typedef struct Parts {
    size_t locale; /* LOCALES: one of the two UTF8 collations */
    bool lower_case, ignores_case, ignores_accents, ignores_blanks;
} Parts;

static bool starts(const char *text, const char *prefix)
{
    return !strncasecmp(text, prefix, strlen(prefix));
}

static bool utf8_parts(const char *name, Parts *ret)
{
    *ret = (Parts){ .locale = LOCALES, .lower_case = starts(name, "UTF8_LCASE") };
    if (!ret->lower_case && !starts(name, "UTF8_BINARY"))
        return false;
    const char *rest = name + strlen(ret->lower_case ? "UTF8_LCASE" : "UTF8_BINARY");
    ret->ignores_blanks = str_ieq(rest, "_RTRIM");
    return !*rest || ret->ignores_blanks;
}

/* The longest locale that the name begins with: specifiers are no scripts or countries. */
static size_t locale_of(const char *name)
{
    size_t found = LOCALES, longest = 0;
    for (size_t i = 0; i < LOCALES; i++) {
        size_t n = strlen(locales[i].name);
        if (n > longest && starts(name, locales[i].name)) {
            found = i;
            longest = n;
        }
    }
    return found;
}

/* One of _CI _CS, one of _AI _AS and _RTRIM, in any order, each once. */
static bool specifiers(const char *rest, Parts *ret)
{
    static const char *const words[] = { "CI", "CS", "AI", "AS", "RTRIM" };
    bool seen[3] = { false };
    while (*rest) {
        size_t n = strcspn(rest + 1, "_"), k = 0;
        for (; k < 5 && !(strlen(words[k]) == n && !strncasecmp(words[k], rest + 1, n)); k++)
            ;
        if (*rest != '_' || k == 5 || seen[k / 2])
            return false;
        seen[k / 2] = true;
        ret->ignores_case = ret->ignores_case || k == 0;
        ret->ignores_accents = ret->ignores_accents || k == 2;
        ret->ignores_blanks = ret->ignores_blanks || k == 4;
        rest += n + 1;
    }
    return true;
}

static bool parts_of(const char *name, Parts *ret)
{
    if (starts(name, "UTF8_"))
        return utf8_parts(name, ret);
    *ret = (Parts){ .locale = locale_of(name) };
    return ret->locale < LOCALES && specifiers(name + strlen(locales[ret->locale].name), ret);
}

static const char *normal_name(Arena *a, const Parts *p)
{
    const char *base = p->locale < LOCALES ? locales[p->locale].name : p->lower_case ? "UTF8_LCASE" : "UTF8_BINARY";
    return arena_printf(a, "%s%s%s%s", base, p->ignores_case ? "_CI" : "", p->ignores_accents ? "_AI" : "",
                        p->ignores_blanks ? "_RTRIM" : "");
}

/* ---------------------------------------------------------------- names that are none */

enum { SUGGESTIONS = 3, NEAR = 3, LONGEST_NAME = 100 };

/* The specifiers that the name ends with, each once, those of the opposite meaning without the first. */
static const char *suffixes(Arena *a, char *name)
{
    static const char *const words[] = { "_CI", "_AI", "_CS", "_AS" };
    StrList found = { 0 };
    bool has[4] = { false };
    for (size_t n = strlen(name), k = 0; n >= 3 && k < 4;) {
        for (k = 0; k < 4 && !str_ieq(name + n - 3, words[k]); k++)
            ;
        if (k == 4)
            break;
        vec_push(a, &found, words[k]);
        has[k] = true;
        name[n -= 3] = '\0';
    }
    const char *all = "";
    for (size_t i = found.len; i-- > 0;) {
        const char *word = found.at[i];
        bool opposed = (str_eq(word, "_CI") && has[2]) || (str_eq(word, "_AI") && has[3]);
        if (!strstr(all, word) && !opposed)
            all = arena_printf(a, "%s%s", all, word);
    }
    return all;
}

static const char *suggestions(Arena *a, const char *written)
{
    static const char *const utf8[] = { "UTF8_BINARY", "UTF8_LCASE" };
    bool binary = str_starts(written, "UTF8_"), used[LOCALES] = { false };
    char *root = arena_strn(a, written, strnlen(written, LONGEST_NAME));
    const char *suffix = binary ? "" : suffixes(a, root), *all = "";
    for (size_t k = 0; k < SUGGESTIONS && (!binary || k < 2); k++) {
        size_t best = SIZE_MAX, at = 0;
        for (size_t i = 0; i < (binary ? 2 : (size_t)LOCALES); i++) {
            size_t d = str_distance(binary ? utf8[i] : locales[i].name, root, true);
            if (!used[i] && d < best) {
                best = d;
                at = i;
            }
        }
        used[at] = true;
        const char *one = arena_printf(a, "%s%s", binary ? utf8[at] : locales[at].name, suffix);
        if (k && (strlen(written) > LONGEST_NAME || str_distance(one, written, true) >= NEAR))
            break;
        all = k ? arena_printf(a, "%s, %s", all, one) : one;
    }
    return all;
}

Status collation_named(Arena *a, const char *written, const char **ret_name, Error *err)
{
    const char *last = strrchr(written, '.'), *name = last ? last + 1 : written;
    bool ours = !last || (starts(written, "system.builtin.") && name == written + strlen("system.builtin."));
    Parts parts;
    if (!ours || !parts_of(name, &parts))
        return spark_error(err, NULL, "COLLATION_INVALID_NAME", "42704",
                           "The value <collationName> does not represent a correct collation name. Suggested valid collation names: "
                           "[<proposals>].",
                           "collationName", name, "proposals", suggestions(a, name), NULL);
    if (parts.locale < LOCALES && !*locales[parts.locale].icu)
        return spark_unsupported(err, NULL, arena_printf(a, "the collation %s: the ICU library here is too old for it", locales[parts.locale].name));
    const char *normal = normal_name(a, &parts);
    *ret_name = str_eq(normal, "UTF8_BINARY") ? NULL : normal;
    return ST_OK;
}

bool collation_read(const char *name, Collation *ret)
{
    Parts p;
    if (!parts_of(name ? name : "UTF8_BINARY", &p) || (p.locale < LOCALES && !*locales[p.locale].icu))
        return false;
    *ret = (Collation){ p.locale < LOCALES ? locales[p.locale].icu : NULL, p.lower_case, p.ignores_case, p.ignores_accents, p.ignores_blanks };
    return true;
}

const char *collation_full_name(Arena *a, const char *name)
{
    return arena_printf(a, "SYSTEM.BUILTIN.%s", name ? name : "UTF8_BINARY");
}

bool collation_from_provided(Arena *a, const char *text, const char **ret_name)
{
    const char *dot = strchr(text, '.');
    Error ignored = ERROR_INIT;
    return dot && !strchr(dot + 1, '.') && collation_named(a, dot + 1, ret_name, &ignored) == ST_OK;
}

/* ---------------------------------------------------------------- the list of them */

bool collation_at(Arena *a, size_t i, CollationInfo *ret)
{
    static const Parts utf8[] = { { .locale = LOCALES }, { .locale = LOCALES, .lower_case = true }, { .locale = LOCALES, .ignores_blanks = true },
                                  { .locale = LOCALES, .lower_case = true, .ignores_blanks = true } };
    static const Parts kinds[] = { { 0 }, { .ignores_accents = true }, { .ignores_accents = true, .ignores_blanks = true }, { .ignores_case = true },
                                   { .ignores_case = true, .ignores_accents = true },
                                   { .ignores_case = true, .ignores_accents = true, .ignores_blanks = true },
                                   { .ignores_case = true, .ignores_blanks = true }, { .ignores_blanks = true } };
    enum { UTF8 = sizeof utf8 / sizeof *utf8, KINDS = sizeof kinds / sizeof *kinds };
    if (i >= UTF8 + (size_t)LOCALES * KINDS)
        return false;
    Parts p = i < UTF8 ? utf8[i] : kinds[(i - UTF8) % KINDS];
    if (i >= UTF8)
        p.locale = (i - UTF8) / KINDS;
    *ret = (CollationInfo){ .name = normal_name(a, &p), .accents = !p.ignores_accents, .cases = !p.ignores_case && !p.lower_case,
                            .blanks_count = !p.ignores_blanks };
    if (p.locale < LOCALES) {
        ret->language = locales[p.locale].language;
        ret->country = locales[p.locale].country;
    }
    return true;
}

/* ---------------------------------------------------------------- types */

const Type *type_string_of(Arena *a, const char *collation)
{
    if (!collation)
        return &type_string;
    Type *t = arena_copy(a, &type_string, sizeof type_string);
    t->collation = collation;
    return t;
}

/* The first type inside, itself first, that `is` true of. */
static const Type *find(const Type *t, bool (*is)(const Type *t))
{
    if (!t || is(t))
        return t;
    const Type *found = find(t->element, is);
    found = found ? found : find(t->key, is);
    for (size_t i = 0; i < t->nfields && !found; i++)
        found = find(t->fields[i].type, is);
    return found;
}

static bool is_collated(const Type *t)
{
    return t->collation != NULL;
}

static bool is_indeterminate(const Type *t)
{
    return t->collation && str_eq(t->collation, COLLATION_INDETERMINATE);
}

static bool is_string(const Type *t)
{
    return t->kind == TYPE_STRING;
}

bool type_is_collated(const Type *t)
{
    return find(t, is_collated) != NULL;
}

bool type_is_indeterminate(const Type *t)
{
    return find(t, is_indeterminate) != NULL;
}

bool type_has_string(const Type *t)
{
    return find(t, is_string) != NULL;
}

const char *type_collation(const Type *t)
{
    const Type *found = find(t, is_collated);
    return found ? found->collation : NULL;
}

const Type *type_without_collation(Arena *a, const Type *t)
{
    if (!type_is_collated(t))
        return t;
    Type *copy = arena_copy(a, t, sizeof *t);
    copy->collation = NULL;
    copy->element = t->element ? type_without_collation(a, t->element) : NULL;
    copy->key = t->key ? type_without_collation(a, t->key) : NULL;
    Field *fields = t->nfields ? arena_copy(a, t->fields, t->nfields * sizeof *fields) : NULL;
    for (size_t i = 0; i < t->nfields; i++)
        fields[i].type = type_without_collation(a, fields[i].type);
    copy->fields = fields;
    return copy;
}
