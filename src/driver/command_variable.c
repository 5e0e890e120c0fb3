/* driver/command_variable.c -- session variables: DECLARE, SET VARIABLE, DROP TEMPORARY VARIABLE. A variable is a constant that
 * names which no column has stand for; kept as an Assignment of its value (a Literal) to its DEFAULT.
 * Source: CreateVariableExec, SetVariableExec, DropVariableExec, ColumnResolutionHelper.lookupVariable. */
#include "driver/command.h"

#include "driver/keep.h"
#include "ir/enums.h"
#include "ir/error.h"

#define SEARCH_PATH "`SYSTEM`.`SESSION`"

/* The variable's own name in x, session.x and system.session.x; NULL for another qualifier. */
static const char *own_name(const char *name)
{
    if (str_istarts(name, "system.session."))
        return name + strlen("system.session.");
    if (str_istarts(name, "session."))
        return name + strlen("session.");
    return strchr(name, '.') ? NULL : name;
}

static const Assignment *find(Run *r, const char *name)
{
    session_lock(r->session);
    KeptPlan *kept = entries_find(&r->session->variables, name);
    Node *variable = kept ? kept_plan_use(kept, r->arena) : NULL;
    session_unlock(r->session);
    return variable ? node_as(Assignment, variable) : NULL;
}

Node *command_variable(Run *r, const StrList *name)
{
    size_t n = name->len;
    bool good = n == 1 || (n == 2 && str_ieq(name->at[0], "session")) ||
                (n == 3 && str_ieq(name->at[0], "system") && str_ieq(name->at[1], "session"));
    const Assignment *variable = good ? find(r, name->at[n - 1]) : NULL;
    return variable ? variable->value : NULL;
}

static void keep(Run *r, const char *name, Node *value, Node *by_default)
{
    KeptPlan *plan = keep_plan(node_new(r->arena, Assignment, .target = by_default, .value = value));
    session_lock(r->session);
    entries_set(&r->session->variables, name, plan);
    session_unlock(r->session);
}

static const char *quoted(Run *r, const char *name)
{
    return arena_printf(r->arena, "`system`.`session`.%s", sql_id(r->arena, name));
}

static Status unresolved(Run *r, const char *name, Error *err)
{
    return command_fail(err, "UNRESOLVED_VARIABLE", "variableName", sql_id(r->arena, name), "searchPath", SEARCH_PATH, NULL);
}

/* The expression's value now, as a constant of the type (NULL: its own). */
static Status constant(Run *r, Node *x, const Type *type, Node **ret, Error *err)
{
    StrList names = { 0 };
    NodeList exprs = { 0 };
    Node *bound;
    Rows *rows;
    if (type)
        x = node_at(node_new(r->arena, Cast, .child = x, .to = type, .mode = CAST_ANSI), x->start, x->stop);
    vec_push(r->arena, &names, "value");
    vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = x, .names = names));
    TRY(run_bind_node(r, node_new(r->arena, Project, .input = node_new(r->arena, OneRow, .unused = false), .exprs = exprs), &bound, err));
    TRY(run_collect(r, bound, 1, &rows, err));
    *ret = node_new(r->arena, Literal, .value = &rows->at.at[0][0], .of = bind_schema_type(r->arena, bound)->fields[0].type);
    return ST_OK;
}

Status command_declare(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DeclareVariable *d = node_as(DeclareVariable, command);
    Value null = { .is_null = true };
    Node *x = d->value ? d->value : node_new(r->arena, Literal, .value = arena_copy(r->arena, &null, sizeof null), .of = &type_null), *value;
    *ret_rows = command_nothing(r);
    for (size_t i = 0; i < d->names.len; i++) {
        const char *name = own_name(d->names.at[i]);
        if (!name)
            return unresolved(r, d->names.at[i], err);
        if (!d->replace && find(r, name))
            return command_fail(err, "VARIABLE_ALREADY_EXISTS", "variableName", quoted(r, name), NULL);
        for (size_t k = 0; k < i; k++)
            if (str_ieq(d->names.at[k], d->names.at[i]))
                return command_fail(err, "DUPLICATE_VARIABLE_NAME_INSIDE_DECLARE", "variableName", quoted(r, name), NULL);
    }
    TRY(constant(r, x, d->of, &value, err));
    for (size_t i = 0; i < d->names.len; i++)
        keep(r, own_name(d->names.at[i]), value, x);
    return ST_OK;
}

/* One row of the query: its columns; no row: nulls. */
static Status query_values(Run *r, Node *query, NodeList *ret_values, Error *err)
{
    Node *bound;
    Rows *rows;
    NodeList values = { 0 };
    TRY(run_bind_node(r, query, &bound, err));
    TRY(run_collect(r, bound, 2, &rows, err));
    if (rows->at.len > 1)
        return command_fail(err, "ROW_SUBQUERY_TOO_MANY_ROWS", NULL);
    for (size_t i = 0; i < rows->schema->nfields; i++) {
        Value *null = ARENA_NEW(r->arena, Value);
        null->is_null = true;
        vec_push(r->arena, &values, node_new(r->arena, Literal, .value = rows->at.len ? &rows->at.at[0][i] : null,
                                             .of = rows->schema->fields[i].type));
    }
    *ret_values = values;
    return ST_OK;
}

static bool is_default(const Node *n)
{
    return node_is(Default, n) || (node_is(Attribute, n) && node_as(Attribute, n)->name.len == 1 &&
                                   str_ieq(node_as(Attribute, n)->name.at[0], "default") && n->stop - n->start == 6);
}

/* All values are computed before the first variable changes. */
Status command_set_variable(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const SetVariable *s = node_as(SetVariable, command);
    NodeList values = s->values, made = { 0 };
    *ret_rows = command_nothing(r);
    for (size_t i = 0; i < s->names.len; i++) {
        const char *name = own_name(s->names.at[i]);
        if (!name || !find(r, name))
            return unresolved(r, s->names.at[i], err);
        for (size_t k = 0; k < i; k++)
            if (str_ieq(own_name(s->names.at[k]), name))
                return command_fail(err, "DUPLICATE_ASSIGNMENTS", "nameList", sql_id(r->arena, name), NULL);
    }
    if (s->query)
        TRY(query_values(r, s->query, &values, err));
    if (values.len != s->names.len)
        return command_fail(err, "ASSIGNMENT_ARITY_MISMATCH", "numTarget", arena_printf(r->arena, "%zu", s->names.len), "numExpr",
                            arena_printf(r->arena, "%zu", values.len), NULL);
    for (size_t i = 0; i < values.len; i++) {
        const Assignment *old = find(r, own_name(s->names.at[i]));
        Node *x = is_default(values.at[i]) ? old->target : values.at[i], *value;
        TRY(constant(r, x, node_as(Literal, old->value)->of, &value, err));
        vec_push(r->arena, &made, value);
    }
    for (size_t i = 0; i < made.len; i++)
        keep(r, own_name(s->names.at[i]), made.at[i], find(r, own_name(s->names.at[i]))->target);
    return ST_OK;
}

Status command_drop_variable(Run *r, const DropObject *d, Error *err)
{
    const char *name = d->name.at[d->name.len - 1];
    session_lock(r->session);
    bool dropped = entries_remove(&r->session->variables, name);
    session_unlock(r->session);
    if (dropped || d->if_exists)
        return ST_OK;
    return command_fail(err, "VARIABLE_NOT_FOUND", "variableName", quoted(r, name), NULL);
}
