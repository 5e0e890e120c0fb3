/* driver/command_function.c -- CREATE, DROP, SHOW and DESCRIBE FUNCTION. SQL functions are kept as their statements, and inlined
 * where they are called (ir/bind_routine.c). Source: CreateSQLFunctionCommand, DropFunctionCommand, ShowFunctionsCommand,
 * DescribeFunctionCommand. */
#include "driver/command.h"

#include "driver/keep.h"
#include "ir/enums.h"
#include "ir/error.h"
#include "ir/function.h"

static const char *last_name(const StrList *name)
{
    return name->at[name->len - 1];
}

static KeptPlan *session_function(Run *r, const char *name)
{
    return entries_find(&r->session->functions, name);
}

static bool is_builtin(const char *name)
{
    size_t n;
    return function_find(name, &n) != NULL;
}

/* The function whose body means what it meant under these settings. */
static CreateFunction *scoped(Arena *a, const CreateFunction *f, const KeyValueList *conf)
{
    CreateFunction *copy = (CreateFunction *)(void *)node_copy(a, &f->node);
    if (f->body && conf->len)
        copy->body = node_at(node_new(a, ConfScopeOf, .child = f->body, .conf = *conf), f->body->start, f->body->stop);
    if (f->query && conf->len)
        copy->query = node_new(a, ConfScope, .input = f->query, .conf = *conf);
    return copy;
}

Status command_find_function(Run *r, Arena *a, const StrList *name, Node **ret_function, Error *err)
{
    *ret_function = NULL;
    if (name->len == 1) {
        session_lock(r->session);
        KeptPlan *function = session_function(r, name->at[0]);
        *ret_function = function ? kept_plan_use(function, a) : NULL;
        session_unlock(r->session);
        if (*ret_function)
            return ST_OK;
    }
    const char *database, *function;
    CatalogFunction f;
    Error missing = ERROR_INIT;
    if (environment_table_name(r, name, &database, &function, &missing) != ST_OK)
        return ST_OK;
    Status status = catalog_function(driver_catalog(r->driver), a, database, function, &f, &missing);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    if (status != ST_OK) {
        *err = missing;
        return status;
    }
    if (f.class_name)
        return command_fail(err, "CANNOT_LOAD_FUNCTION_CLASS", "className", f.class_name, "functionName",
                            arena_printf(r->arena, "%s.%s.%s", sql_id(a, CATALOG_NAME), sql_id(a, database), sql_id(a, function)), NULL);
    Node *parsed;
    const char *outer = r->query;
    const KeyValueList *before = run_conf_scope(r, f.conf.len ? &f.conf : r->conf_scope);
    status = run_parse(r, f.text, &parsed, err);
    r->query = outer;
    run_conf_scope(r, before);
    TRY(status);
    if (!node_is(CreateFunction, parsed))
        return FAIL(err, ST_INTERNAL, "the catalog's text of the function %s is no CREATE FUNCTION", f.name);
    CreateFunction *copy = scoped(a, node_as(CreateFunction, parsed), &f.conf);
    copy->name = (StrList){ 0 };
    vec_push(a, &copy->name, CATALOG_NAME);
    vec_push(a, &copy->name, f.database);
    vec_push(a, &copy->name, f.name);
    *ret_function = &copy->node;
    return ST_OK;
}

/* ---- CREATE */

static Status check_parameters(Run *r, const CreateFunction *f, Error *err)
{
    const char *name = last_name(&f->name);
    const ColumnDefinition *with_default = NULL;
    for (size_t i = 0; i < f->params.len; i++) {
        const ColumnDefinition *p = node_as(ColumnDefinition, f->params.at[i]);
        for (size_t k = 0; k < i; k++)
            if (str_ieq(node_as(ColumnDefinition, f->params.at[k])->name, p->name))
                return command_fail(err, "DUPLICATE_ROUTINE_PARAMETER_NAMES", "routineName", name, "names",
                                    sql_id(r->arena, lower_text(r->arena, p->name)), NULL);
        if (p->not_null)
            return command_fail(err, "USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS", "input", p->name, NULL);
        if (with_default && !p->default_value)
            return command_fail(err, "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION", "functionName", name,
                                "parameterName", with_default->name, "nextParameterName", p->name, NULL);
        with_default = p->default_value ? p : NULL;
    }
    const Type *columns = f->query && f->returns && f->returns->kind == TYPE_STRUCT ? f->returns : NULL;
    for (size_t i = 0; columns && i < columns->nfields; i++) {
        if (!columns->fields[i].nullable)
            return command_fail(err, "USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS", "input", columns->fields[i].name, NULL);
        for (size_t k = 0; k < i; k++)
            if (str_ieq(columns->fields[i].name, columns->fields[k].name))
                return command_fail(err, "DUPLICATE_ROUTINE_RETURNS_COLUMNS", "routineName", name, "columns",
                                    sql_id(r->arena, lower_text(r->arena, columns->fields[i].name)), NULL);
    }
    return ST_OK;
}

static bool note_subquery(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Subquery, n);
    return !*found;
}

static Node *select_one(Run *r, Node *x, Node *input)
{
    StrList names = { 0 };
    NodeList exprs = { 0 };
    vec_push(r->arena, &names, "value");
    vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = x, .names = names));
    return node_new(r->arena, Project, .input = input ? input : node_new(r->arena, OneRow, .unused = false), .exprs = exprs);
}

/* One row of nulls under the parameters' names and types: what the body is checked against. */
static Node *parameter_row(Run *r, const CreateFunction *f)
{
    NodeList exprs = { 0 };
    Node *row = node_new(r->arena, OneRow, .unused = false);
    for (size_t i = 0; i < f->params.len; i++) {
        const ColumnDefinition *p = node_as(ColumnDefinition, f->params.at[i]);
        StrList names = { 0 };
        Value *null = ARENA_NEW(r->arena, Value);
        null->is_null = true;
        vec_push(r->arena, &names, p->name);
        vec_push(r->arena, &exprs, node_new(r->arena, Alias, .child = node_new(r->arena, Literal, .value = null, .of = p->of),
                                            .names = names));
    }
    if (exprs.len)
        row = node_new(r->arena, Project, .input = row, .exprs = exprs);
    return node_new(r->arena, SubqueryAlias, .input = row, .name = last_name(&f->name));
}

static Status check_body(Run *r, const CreateFunction *f, Error *err)
{
    Node *bound;
    for (size_t i = 0; i < f->params.len; i++) {
        const ColumnDefinition *p = node_as(ColumnDefinition, f->params.at[i]);
        bool subquery = false;
        if (!p->default_value)
            continue;
        node_walk(p->default_value, note_subquery, &subquery);
        if (subquery)
            return command_fail(err, "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_EXPRESSION", "functionName", last_name(&f->name),
                                "parameterName", p->name, NULL);
        Node *cast = node_new(r->arena, Cast, .child = p->default_value, .to = p->of, .mode = CAST_ANSI);
        TRY(run_bind_node(r, select_one(r, cast, NULL), &bound, err));
    }
    if (f->body) {
        Node *x = f->returns ? node_new(r->arena, Cast, .child = f->body, .to = f->returns, .mode = CAST_ANSI) : f->body;
        return run_bind_node(r, select_one(r, x, parameter_row(r, f)), &bound, err);
    }
    const Type *columns = f->returns && f->returns->kind == TYPE_STRUCT ? f->returns : NULL;
    Node *query = f->query;
    if (f->params.len)
        query = node_new(r->arena, Join, .left = parameter_row(r, f), .right = node_new(r->arena, SubqueryAlias, .input = query,
                                                                                       .name = "_r"), .join = JOIN_INNER, .lateral = true);
    TRY(run_bind_node(r, query, &bound, err));
    size_t have = bind_schema_type(r->arena, bound)->nfields - f->params.len;
    if (columns && have != columns->nfields)
        return command_fail(err, "USER_DEFINED_FUNCTIONS.RETURN_COLUMN_COUNT_MISMATCH", "outputSize", arena_printf(r->arena, "%zu", have),
                            "returnParamSize", arena_printf(r->arena, "%zu", columns->nfields), "name", last_name(&f->name), NULL);
    return ST_OK;
}

/* ---- cycles */

typedef struct Calls {
    Run *r;
    StrList names; /* one-part and qualified, as they are called */
} Calls;

static bool note_call(const Node *n, void *arg)
{
    Calls *calls = arg;
    const StrList *name = node_is(Function, n) ? &node_as(Function, n)->name
                          : node_is(UnresolvedTableFunction, n) ? &node_as(UnresolvedTableFunction, n)->name : NULL;
    if (name && name->len)
        vec_push(calls->r->arena, &calls->names, name->at[name->len - 1]);
    return true;
}

/* Does calling `f` lead to `target`? The path is the calls on the way. */
static Status leads_to(Run *r, const CreateFunction *f, const char *target, const char *path, size_t depth, Error *err)
{
    enum { DEPTH_MAX = 64 };
    Calls calls = { .r = r };
    node_walk(&f->node, note_call, &calls);
    for (size_t i = 0; i < calls.names.len; i++) {
        StrList name = { 0 };
        Node *found = NULL;
        size_t n;
        const char *here = arena_printf(r->arena, "%s -> " CATALOG_NAME ".%s.%s", path, command_database(r), calls.names.at[i]);
        if (str_ieq(calls.names.at[i], target) || depth == DEPTH_MAX)
            return command_fail(err, "CYCLIC_FUNCTION_REFERENCE", "path", here, NULL);
        if (function_find(calls.names.at[i], &n))
            continue;
        vec_push(r->arena, &name, calls.names.at[i]);
        TRY(command_find_function(r, r->arena, &name, &found, err));
        if (found && node_is(CreateFunction, found))
            TRY(leads_to(r, node_as(CreateFunction, found), target, here, depth + 1, err));
    }
    return ST_OK;
}

/* ---- CONTAINS SQL */

typedef struct Access {
    Run *r;
    StrList functions;
    bool relation;
} Access;

static bool note_access(const Node *n, void *arg)
{
    Access *x = arg;
    x->relation = x->relation || node_is(UnresolvedRelation, n); /* names of WITH too, as in Spark */
    const StrList *called = node_is(Function, n) ? &node_as(Function, n)->name
                            : node_is(UnresolvedTableFunction, n) ? &node_as(UnresolvedTableFunction, n)->name : NULL;
    if (called && called->len)
        vec_push(x->r->arena, &x->functions, called->at[called->len - 1]);
    return true;
}

/* By what it says, or else by what its body does. */
static Status reads_data(Run *r, const CreateFunction *f, bool body, size_t depth, bool *ret_reads, Error *err)
{
    enum { DEPTH_MAX = 64 };
    Access x = { .r = r };
    *ret_reads = !body && f->data_access == DATA_READS_SQL;
    if ((!body && f->data_access != DATA_UNSAID) || depth == DEPTH_MAX)
        return ST_OK;
    node_walk(&f->node, note_access, &x);
    *ret_reads = x.relation;
    for (size_t i = 0; i < x.functions.len && !*ret_reads; i++) {
        StrList name = { 0 };
        Node *found = NULL;
        if (is_builtin(x.functions.at[i]))
            continue;
        vec_push(r->arena, &name, x.functions.at[i]);
        TRY(command_find_function(r, r->arena, &name, &found, err));
        if (found && node_is(CreateFunction, found))
            TRY(reads_data(r, node_as(CreateFunction, found), false, depth + 1, ret_reads, err));
    }
    return ST_OK;
}

static Status check_access(Run *r, const CreateFunction *f, Error *err)
{
    bool reads = false;
    if (f->data_access != DATA_CONTAINS_SQL)
        return ST_OK;
    TRY(reads_data(r, f, true, 0, &reads, err));
    return reads ? command_fail(err, "INVALID_SQL_FUNCTION_DATA_ACCESS", NULL) : ST_OK;
}

static Status temporary_function(Run *r, const CreateFunction *f, Error *err)
{
    const char *name = last_name(&f->name);
    KeyValueList conf;
    command_keep_conf(r, &conf);
    KeptPlan *plan = keep_plan(&scoped(r->arena, f, &conf)->node);
    session_lock(r->session);
    bool taken = session_function(r, name) && !f->replace;
    if (!taken)
        entries_set(&r->session->functions, name, plan);
    session_unlock(r->session);
    if (!taken)
        return ST_OK;
    kept_plan_unref(plan);
    return command_fail(err, "ROUTINE_ALREADY_EXISTS", "routineName", sql_id(r->arena, name), "newRoutineType", "routine",
                        "existingRoutineType", "routine", NULL);
}

Status command_create_function(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const CreateFunction *f = node_as(CreateFunction, command);
    CatalogFunction kept = { .text = r->query, .class_name = f->class_name, .owner = r->session->user }, old;
    *ret_rows = command_nothing(r);
    if (!f->class_name) {
        TRY(leads_to(r, f, last_name(&f->name), arena_printf(r->arena, CATALOG_NAME ".%s.%s", command_database(r), last_name(&f->name)),
                     0, err));
        TRY(check_parameters(r, f, err));
        TRY(check_body(r, f, err));
        TRY(check_access(r, f, err));
    }
    if (f->temporary && f->class_name)
        return command_fail(err, "CANNOT_LOAD_FUNCTION_CLASS", "className", f->class_name, "functionName",
                            sql_id(r->arena, last_name(&f->name)), NULL);
    if (f->temporary)
        return temporary_function(r, f, err);
    Error missing = ERROR_INIT;
    command_keep_conf(r, &kept.conf);
    TRY(environment_table_name(r, &f->name, &kept.database, &kept.name, err));
    if (f->if_not_exists &&
        catalog_function(driver_catalog(r->driver), r->arena, kept.database, kept.name, &old, &missing) == ST_OK)
        return ST_OK;
    return catalog_create_function(driver_catalog(r->driver), &kept, f->replace, err);
}

Status command_drop_function(Run *r, const DropObject *d, Error *err)
{
    const char *name = last_name(&d->name), *database;
    Error missing = ERROR_INIT;
    if (d->temporary || d->name.len == 1) {
        session_lock(r->session);
        bool dropped = d->temporary && entries_remove(&r->session->functions, name);
        session_unlock(r->session);
        if (dropped)
            return ST_OK;
    }
    if (d->name.len == 1 && is_builtin(name) && !d->temporary)
        return command_fail(err, "FORBIDDEN_OPERATION", "statement", "DROP", "objectType", "FUNCTION", "objectName",
                            sql_id(r->arena, name), NULL);
    if (!d->temporary) {
        TRY(environment_table_name(r, &d->name, &database, &name, err));
        Status status = catalog_drop_function(driver_catalog(r->driver), database, name, &missing);
        if (status == ST_OK)
            return ST_OK;
    }
    if (d->if_exists)
        return ST_OK;
    return command_fail(err, "ROUTINE_NOT_FOUND", "routineName",
                        d->temporary ? sql_id(r->arena, name) : arena_printf(r->arena, "%s.%s", sql_id(r->arena, database), sql_id(r->arena, name)),
                        NULL);
}

/* ---- SHOW and DESCRIBE */

static int compare_names(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void add_builtins(Run *r, const char *pattern, StrList *names)
{
    const char *before = "";
    for (size_t i = 0; i < function_count(); i++) {
        const char *name = function_at(i)->name;
        if (!str_eq(name, before) && catalog_like(name, pattern))
            vec_push(r->arena, names, name);
        before = name;
    }
}

Status command_show_functions(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "function", NULL };
    const char *scope = s->filter ? s->filter : "ALL", *database = command_database(r);
    bool system = str_ieq(scope, "SYSTEM") || str_ieq(scope, "ALL"), user = str_ieq(scope, "USER") || str_ieq(scope, "ALL");
    StrList names = { 0 }, kept;
    if (!system && !user)
        return command_fail(err, "INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE", "scope", sql_id(r->arena, scope), NULL);
    if (s->name.len)
        TRY(command_namespace(r, &s->name, &database, err));
    if (system)
        add_builtins(r, s->pattern, &names);
    if (user) {
        TRY(catalog_functions(driver_catalog(r->driver), r->arena, database, &kept, err));
        for (size_t i = 0; i < kept.len; i++)
            if (catalog_like(kept.at[i], s->pattern))
                vec_push(r->arena, &names, arena_printf(r->arena, CATALOG_NAME ".%s.%s", database, kept.at[i]));
        session_lock(r->session);
        for (size_t i = 0; i < r->session->functions.len; i++)
            if (catalog_like(r->session->functions.at[i].name, s->pattern))
                vec_push(r->arena, &names, arena_str(r->arena, r->session->functions.at[i].name));
        session_unlock(r->session);
    }
    if (names.len)
        qsort(names.at, names.len, sizeof *names.at, compare_names);
    *ret_rows = command_table(r, columns);
    for (size_t i = 0; i < names.len; i++)
        *rows_add(*ret_rows) = rows_text(names.at[i]);
    return ST_OK;
}

static void line(Run *r, Rows *rows, const char *name, const char *value)
{
    *rows_add(rows) = rows_text(arena_printf(r->arena, "%-14s%s", name, value));
}

static void describe_routine(Run *r, const CreateFunction *f, Rows *rows)
{
    line(r, rows, "Function:", f->name.len == 3 ? arena_printf(r->arena, "%s.%s.%s", f->name.at[0], f->name.at[1], f->name.at[2])
                                                : last_name(&f->name));
    line(r, rows, "Type:", f->query ? "TABLE" : "SCALAR");
    for (size_t i = 0; i < f->params.len; i++) {
        const ColumnDefinition *p = node_as(ColumnDefinition, f->params.at[i]);
        line(r, rows, i ? "" : "Input:", arena_printf(r->arena, "%s %s", p->name, type_sql_text(r->arena, p->of)));
    }
    if (!f->params.len)
        line(r, rows, "Input:", "()");
    for (size_t i = 0; f->query && f->returns && i < f->returns->nfields; i++)
        line(r, rows, i ? "" : "Returns:", arena_printf(r->arena, "%s %s", f->returns->fields[i].name,
                                                         type_sql_text(r->arena, f->returns->fields[i].type)));
    if (!f->query && f->returns)
        line(r, rows, "Returns:", type_sql_text(r->arena, f->returns));
}

Status command_describe_function(Run *r, const DescribeObject *d, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "function_desc", NULL };
    const char *name = last_name(&d->name);
    Node *found = NULL;
    Rows *rows = *ret_rows = command_table(r, columns);
    size_t n;
    if (d->name.len == 1 && is_builtin(name)) {
        const FunctionRow *row = function_find(name, &n);
        *rows_add(rows) = rows_text(arena_printf(r->arena, "Function: %s", row->name));
        *rows_add(rows) = rows_text(arena_printf(r->arena, "Usage: %s(%s)", row->name, row->signature ? row->signature : ""));
        return ST_OK;
    }
    TRY(command_find_function(r, r->arena, &d->name, &found, err));
    if (!found)
        return command_fail(err, "UNRESOLVED_ROUTINE", "routineName", catalog_quoted(r->arena, &d->name), "searchPath",
                            "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]", NULL);
    if (node_is(CreateFunction, found))
        describe_routine(r, node_as(CreateFunction, found), rows);
    else
        line(r, rows, "Function:", name);
    return ST_OK;
}
