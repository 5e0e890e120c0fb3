/* driver/script_scope.c -- scopes and frames: which variable a name is, which handler takes an error. */
#include "driver/script_internal.h"

#include "driver/keep.h"
#include "ir/error.h"

#include <stdlib.h>
#include <strings.h>

static void *grown(void *list, size_t len, size_t *cap, size_t size)
{
    if (len < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 8;
    void *more = realloc(list, *cap * size);
    if (!more)
        abort();
    return more;
}

void script_enter_frame(ScriptRun *s, int64_t defined_in)
{
    s->frames = grown(s->frames, s->nframes, &s->frames_cap, sizeof *s->frames);
    s->frames[s->nframes++] = (ScriptFrame){ defined_in, s->nscopes };
}

static void pop_scopes(ScriptRun *s, size_t to)
{
    while (s->nscopes > to)
        entries_done(&s->scopes[--s->nscopes].variables);
}

void script_leave_frame(ScriptRun *s)
{
    const ScriptFrame *frame = &s->frames[--s->nframes];
    pop_scopes(s, frame->first);
    if (s->active == frame->defined_in)
        s->active = 0;
}

int64_t script_enter_scope(ScriptRun *s, const char *label, const NodeList *statements)
{
    s->scopes = grown(s->scopes, s->nscopes, &s->scopes_cap, sizeof *s->scopes);
    s->scopes[s->nscopes++] = (ScriptScope){ .id = ++s->last_id, .label = label, .statements = statements };
    return s->last_id;
}

void script_leave_scope(ScriptRun *s, int64_t id)
{
    for (size_t i = s->nscopes; i-- > 0;)
        if (s->scopes[i].id == id) {
            pop_scopes(s, i);
            return;
        }
}

void script_done(ScriptRun *s)
{
    pop_scopes(s, 0);
    free(s->scopes);
    free(s->frames);
}

/* ---- variables */

static size_t frame_end(const ScriptRun *s, size_t frame)
{
    return frame + 1 < s->nframes ? s->frames[frame + 1].first : s->nscopes;
}

static bool scope_has(const ScriptScope *scope, const StrList *name)
{
    if (name->len == 1)
        return entries_find(&scope->variables, name->at[0]) != NULL;
    return scope->label && str_ieq(scope->label, name->at[0]);
}

/* The scope that a name is looked for in: the innermost of the running frame; of the frames below, of which a handler sees the
 * scopes around its declaration, the outermost (as Spark 4.1.1 searches them). NULL: none. */
static ScriptScope *scope_of(ScriptRun *s, const StrList *name)
{
    size_t top = s->nframes - 1;
    int64_t defined_in = s->frames[top].defined_in;
    for (size_t i = s->nscopes; i-- > s->frames[top].first;)
        if (scope_has(&s->scopes[i], name))
            return &s->scopes[i];
    for (size_t f = top; f-- > 0;) {
        size_t last = frame_end(s, f);
        while (last > s->frames[f].first && s->scopes[last - 1].id != defined_in)
            last--;
        for (size_t i = s->frames[f].first; i < last; i++)
            if (scope_has(&s->scopes[i], name))
                return &s->scopes[i];
        if (last > s->frames[f].first)
            defined_in = s->frames[f].defined_in;
    }
    return NULL;
}

const Assignment *script_variable(ScriptRun *s, Arena *a, const StrList *name)
{
    ScriptScope *scope = scope_of(s, name);
    KeptPlan *kept = scope ? entries_find(&scope->variables, name->at[name->len - 1]) : NULL;
    return kept ? node_as(Assignment, kept_plan_use(kept, a)) : NULL;
}

bool script_set_variable(ScriptRun *s, const StrList *name, Node *variable)
{
    ScriptScope *scope = scope_of(s, name);
    if (!scope || !entries_find(&scope->variables, name->at[name->len - 1]))
        return false;
    entries_set(&scope->variables, name->at[name->len - 1], keep_plan(variable));
    return true;
}

bool script_declare(ScriptRun *s, Arena *a, const char *name, Node *variable, const char **ret_shown)
{
    ScriptScope *scope = &s->scopes[s->nscopes - 1];
    if (entries_find(&scope->variables, name)) {
        *ret_shown = scope->label ? arena_printf(a, "%s.%s", sql_id(a, scope->label), sql_id(a, name)) : sql_id(a, name);
        return false;
    }
    entries_set(&scope->variables, name, keep_plan(variable));
    return true;
}

/* ---- handlers */

static bool has_name(const StrList *list, const char *name, size_t n)
{
    for (size_t i = 0; i < list->len; i++)
        if (strlen(list->at[i]) == n && strncasecmp(list->at[i], name, n) == 0)
            return true;
    return false;
}

typedef bool (*Matches)(const DeclareHandler *h, const Error *e);

static bool same_condition(const DeclareHandler *h, const Error *e) { return has_name(&h->conditions, e->code, strlen(e->code)); }
static bool same_class(const DeclareHandler *h, const Error *e) { return has_name(&h->conditions, e->code, strcspn(e->code, ".")); }
static bool same_state(const DeclareHandler *h, const Error *e) { return has_name(&h->states, e->sqlstate, strlen(e->sqlstate)); }

static const DeclareHandler *handler_where(const ScriptScope *scope, Matches matches, const Error *e)
{
    for (size_t i = 0; i < scope->statements->len; i++)
        if (node_is(DeclareHandler, scope->statements->at[i]) && matches(node_as(DeclareHandler, scope->statements->at[i]), e))
            return node_as(DeclareHandler, scope->statements->at[i]);
    return NULL;
}

/* The nearest match first: condition, its class, SQLSTATE, then NOT FOUND and SQLEXCEPTION; in Spark 4.1.1 the last two count only
 * when they are the last handler of their block. */
static const DeclareHandler *handler_of(const ScriptScope *scope, const Error *e)
{
    static const Matches order[] = { same_condition, same_class, same_state };
    const DeclareHandler *last = NULL;
    if (!scope->statements)
        return NULL;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const DeclareHandler *h = handler_where(scope, order[i], e);
        if (h)
            return h;
    }
    for (size_t i = 0; i < scope->statements->len; i++)
        if (node_is(DeclareHandler, scope->statements->at[i]))
            last = node_as(DeclareHandler, scope->statements->at[i]);
    bool not_found = strncmp(e->sqlstate, "02", 2) == 0, internal = strncmp(e->sqlstate, "XX", 2) == 0;
    return last && ((last->not_found && not_found) || (last->sql_exception && !not_found && !internal)) ? last : NULL;
}

static const DeclareHandler *search(const ScriptRun *s, size_t from, size_t end, const Error *e, int64_t *ret_scope)
{
    for (size_t i = end; i-- > from;) {
        const DeclareHandler *h = handler_of(&s->scopes[i], e);
        if (h) {
            *ret_scope = s->scopes[i].id;
            return h;
        }
    }
    return NULL;
}

/* In a handler: its own scopes; then the script's, outside of the scope whose handler runs. */
const DeclareHandler *script_find_handler(ScriptRun *s, const Error *e, int64_t *ret_scope)
{
    const DeclareHandler *h = NULL;
    size_t end = frame_end(s, 0);
    if (s->nframes > 1)
        h = search(s, s->frames[s->nframes - 1].first, s->nscopes, e, ret_scope);
    if (h)
        return h;
    while (s->active && end > 0 && s->scopes[end - 1].id != s->active)
        end--;
    h = search(s, 0, s->active && end > 0 ? end - 1 : end, e, ret_scope);
    if (h)
        s->active = *ret_scope;
    return h;
}
