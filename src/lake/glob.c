/* lake/glob.c -- Hadoop's wildcards, component by component. */
#include "lake/glob.h"

#include "base/str.h"

bool glob_has_wildcards(const char *path)
{
    for (; *path; path++) {
        if (*path == '\\' && path[1])
            path++;
        else if (strchr("*?[{", *path))
            return true;
    }
    return false;
}

char *glob_unescape(Arena *a, const char *path)
{
    char *text = arena_alloc(a, strlen(path) + 1), *out = text;
    for (; *path; path++) {
        if (*path == '\\' && path[1])
            path++;
        *out++ = *path;
    }
    return text;
}

/* --- braces --- */

/* The first brace and its partner; NULL in *ret_open when there is none. False when it has no partner. */
static bool brace_find(const char *path, const char **ret_open, const char **ret_close)
{
    int depth = 0;
    *ret_open = NULL;
    for (const char *p = path; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '{') {
            if (!depth++)
                *ret_open = p;
        } else if (*p == '}' && depth && !--depth) {
            *ret_close = p;
            return true;
        }
    }
    return depth == 0;
}

/* Work list instead of recursion: each pattern's first brace is multiplied out until none has one. */
Status glob_expand(Arena *a, const char *path, StrList *ret_patterns, Error *err)
{
    StrList todo = { 0 }, done = { 0 };
    vec_push(a, &todo, path);
    for (size_t i = 0; i < todo.len; i++) {
        const char *pattern = todo.at[i], *open, *close = NULL;
        if (!brace_find(pattern, &open, &close))
            return FAIL(err, ST_INVALID, "Illegal file pattern: unbalanced '{' in '%s'", path);
        if (!open) {
            vec_push(a, &done, pattern);
            continue;
        }
        int depth = 0;
        for (const char *p = open + 1, *start = p; p <= close; p++) {
            if (*p == '\\' && p + 1 < close) {
                p++;
            } else if (depth == 0 && (*p == ',' || p == close)) {
                vec_push(a, &todo, arena_printf(a, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)(p - start), start, close + 1));
                start = p + 1;
            } else if (*p == '{') {
                depth++;
            } else if (*p == '}') {
                depth--;
            }
        }
        if (todo.len > GLOB_ALTERNATIVES_MAX)
            return FAIL(err, ST_LIMIT, "the pattern '%s' has more than %d alternatives", path, GLOB_ALTERNATIVES_MAX);
    }
    *ret_patterns = done;
    return ST_OK;
}

/* --- matching --- */

char *glob_fixed_folder(Arena *a, const char *pattern)
{
    const char *folder_end = pattern;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (strchr("*?[{", *p))
            break;
        else if (*p == '/')
            folder_end = p + 1;
    }
    return glob_unescape(a, arena_strn(a, pattern, (size_t)(folder_end - pattern)));
}

/* [abc], [a-z], [^a] at p; *ret_next is behind the bracket. False in *ret_closed: a lone '['. */
static bool class_match(const char *p, const char *end, char c, const char **ret_next, bool *ret_closed)
{
    bool negated = p + 1 < end && (p[1] == '^' || p[1] == '!'), hit = false;
    const char *start = p + 1 + negated;
    for (const char *q = start; q < end; q++) {
        if (*q == ']' && q > start) {
            *ret_next = q + 1;
            *ret_closed = true;
            return hit != negated;
        }
        if (q + 2 < end && q[1] == '-' && q[2] != ']') {
            hit = hit || ((unsigned char)q[0] <= (unsigned char)c && (unsigned char)c <= (unsigned char)q[2]);
            q += 2;
        } else {
            q += *q == '\\' && q + 1 < end;
            hit = hit || *q == c;
        }
    }
    *ret_closed = false;
    return false;
}

/* The length of the UTF-8 character at p, for '?'. */
static size_t character(const char *p, const char *end)
{
    size_t n = 1;
    while (p + n < end && ((unsigned char)p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* One character of the pattern against one of the text; *p and *t move on when it fits. */
static bool step_match(const char **p, const char *p_end, const char **t, const char *t_end)
{
    const char *next;
    bool closed;
    if (**p == '?') {
        *t += character(*t, t_end);
        (*p)++;
        return true;
    }
    if (**p == '[') {
        bool hit = class_match(*p, p_end, **t, &next, &closed);
        if (closed) {
            *p = next;
            (*t)++;
            return hit;
        }
    }
    *p += **p == '\\' && *p + 1 < p_end;
    return *(*p)++ == *(*t)++;
}

/* Without recursion: behind the last '*' the text is tried from each place on. */
static bool component_match(const char *p, const char *p_end, const char *t, const char *t_end)
{
    const char *star = NULL, *star_text = NULL;
    while (t < t_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        if (p < p_end && step_match(&p, p_end, &t, t_end))
            continue;
        if (!star)
            return false;
        p = star;
        t = ++star_text;
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

bool glob_match(const char *pattern, const char *path, const char **ret_rest)
{
    for (;;) {
        const char *p_end = strchrnul(pattern, '/'), *t_end = strchrnul(path, '/');
        if (!component_match(pattern, p_end, path, t_end))
            return false;
        if (!*p_end || !p_end[1]) { /* the last component; a slash at the end says nothing */
            *ret_rest = *t_end ? t_end + 1 : t_end;
            return true;
        }
        if (!*t_end)
            return false;
        pattern = p_end + 1;
        path = t_end + 1;
    }
}

bool glob_hidden(const char *path)
{
    for (const char *p = path; *p;) {
        const char *end = strchrnul(p, '/');
        size_t n = (size_t)(end - p);
        static const char copying[] = "._COPYING_";
        size_t c = sizeof copying - 1;
        if (*p == '.' || (*p == '_' && !memchr(p, '=', n)) || (n >= c && memcmp(end - c, copying, c) == 0))
            return true;
        p = *end ? end + 1 : end;
    }
    return false;
}
