/* back/duckdb/emit_once.c -- what may fail is written once. What the engine finds twice in the outputs of a SELECT it computes below them, before
 * all else, so it would raise another of two errors of one row than Spark. Instead what a call's text repeats gets a name, the parameter of a
 * lambda over a list of one item. Columns, constants and what never fails are repeated freely: that costs less, until texts get long, which
 * would double with each call around them. */
#include "back/duckdb/emit_internal.h"

#include <ctype.h>

enum { LONG_BYTES = 1000 };

/* A lambda takes no subquery, aggregate, window or Python function from around it. */
static bool note_bound(const Node *n, void *arg)
{
    bool *found = arg;
    bool computed_elsewhere = node_is(Subquery, n) || node_is(Window, n) || node_is(PythonUdf, n);
    if (node_is(Call, n))
        computed_elsewhere = node_as(Call, n)->function->kind != FN_SCALAR || node_as(Call, n)->function->flags & FN_NONDETERMINISTIC;
    *found = *found || computed_elsewhere;
    return !*found;
}

static bool is_name(const char *text)
{
    while (isalnum((unsigned char)*text) || *text == '_')
        text++;
    return !*text;
}

void emit_once_begin(Emit *e, const NodeList *nodes, size_t most, const char **texts, Once *ret)
{
    bool bound = !e->output || e->correlated, looked = false;
    *ret = (Once){ 0 };
    for (size_t i = 0; i < nodes->len && i < most && ret->len < ONCE_MOST && !bound; i++) {
        if (node_is(Lambda, nodes->at[i]) || is_name(texts[i]) || !(strlen(texts[i]) > LONG_BYTES || (e->o->ansi && emit_may_fail(nodes->at[i]))))
            continue;
        for (size_t k = 0; k < nodes->len && !looked; k++)
            node_walk(nodes->at[k], note_bound, &bound);
        looked = true;
        if (bound)
            return;
        ret->names[ret->len] = arena_printf(e->a, "%s_", emit_fresh(e, "once"));
        ret->texts[ret->len++] = texts[i];
        texts[i] = ret->names[ret->len - 1];
    }
}

/* The next name in the text, which is not within quotes; NULL: there is none. */
static const char *next_name(const Once *o, const char *at, size_t *ret_which)
{
    for (; *at; at++) {
        if (*at == '\'' || *at == '"') { /* a quote within quotes is doubled */
            const char *end = strchr(at + 1, *at);
            if (!end)
                return NULL;
            at = end;
            continue;
        }
        for (size_t i = 0; *at == 'o' && i < o->len; i++) {
            if (str_starts(at, o->names[i])) {
                *ret_which = i;
                return at;
            }
        }
    }
    return NULL;
}

/* `text` with its names from the one of number `from` on written out. */
static void put_texts(const Once *o, size_t from, const char *text, Str *out)
{
    size_t which;
    for (const char *at; (at = next_name(o, text, &which)); text = at + strlen(o->names[which])) {
        str_addn(out, text, (size_t)(at - text));
        str_add(out, which < from ? o->names[which] : o->texts[which]);
    }
    str_add(out, text);
}

void emit_once_end(const Once *o, const char *text, Str *out)
{
    size_t counts[ONCE_MOST] = { 0 }, which, bound = 0;
    for (const char *at = text; (at = next_name(o, at, &which)); at += strlen(o->names[which]))
        counts[which]++;
    for (size_t i = 0; i < o->len; i++)
        if (counts[i] > 1)
            bound = i + 1; /* and those before it, which are computed before */
    for (size_t i = 0; i < bound; i++)
        str_addf(out, "list_transform([%s], lambda %s: ", o->texts[i], o->names[i]);
    put_texts(o, bound, text, out);
    for (size_t i = 0; i < bound; i++)
        str_add(out, ")[1]");
}
