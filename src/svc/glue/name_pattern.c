/* svc/glue/name_pattern.c -- see pattern.h. Counted repetition and back-references are left out: with them a small pattern can ask for
 * any amount of memory and time. */
#include "svc/glue/name_pattern.h"

#include "base/str.h"
#include "svc/glue/internal.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>

struct NamePattern {
    regex_t regex;
};

enum { PATTERN_MAX = 2048 };

/* One escape of Java's regular expressions, as POSIX writes it. */
static Status add_escape(Str *out, const char **at, Error *err)
{
    char c = *++*at;
    if (c == 'd' || c == 'D')
        str_add(out, c == 'd' ? "[0-9]" : "[^0-9]");
    else if (c == 0 || isdigit((unsigned char)c))
        return glue_invalid(err, "Unsupported escape in the expression.");
    else
        str_addf(out, "\\%c", c);
    return ST_OK;
}

Status name_pattern_new(Arena *a, const char *text, NamePattern **ret_pattern, Error *err)
{
    (void)a;
    str_auto posix = STR_INIT(4 * PATTERN_MAX);
    *ret_pattern = NULL;
    if (!text || !*text)
        return ST_OK;
    if (strlen(text) > PATTERN_MAX)
        return glue_invalid(err, "The expression is longer than %d bytes.", PATTERN_MAX);
    str_add(&posix, "^(");
    for (const char *at = text; *at; at++) {
        if (*at == '{')
            return glue_invalid(err, "Unsupported expression '%s': counted repetition.", text);
        if (*at == '\\')
            TRY(add_escape(&posix, &at, err));
        else if (*at == '*' && (at == text || !strchr(".])+", at[-1])))
            str_add(&posix, ".*");
        else
            str_addc(&posix, *at);
    }
    str_add(&posix, ")$");
    NamePattern *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    if (posix.overflow || regcomp(&p->regex, str_text(&posix), REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0) {
        free(p);
        return glue_invalid(err, "Unsupported expression '%s'.", text);
    }
    *ret_pattern = p;
    return ST_OK;
}

bool name_pattern_matches(const NamePattern *p, const char *name)
{
    return !p || regexec(&p->regex, name, 0, NULL, 0) == 0;
}

void name_pattern_free(NamePattern *p)
{
    if (!p)
        return;
    regfree(&p->regex);
    free(p);
}

void name_pattern_freep(NamePattern **p)
{
    name_pattern_free(*p);
}
