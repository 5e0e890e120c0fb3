/* driver/variable.c -- see variable.h. A variable is an Assignment in the session, or in a scope of the script that runs: its
 * value and its default expression. */
#include "driver/variable.h"

#include "driver/catalog.h"
#include "driver/command.h"
#include "driver/keep.h"
#include "driver/script.h"
#include "front/sql/sql.h"
#include "ir/enums.h"
#include "ir/error.h"

#include <strings.h>

/* ---- evaluation */

static Node *one_row(Arena *a, const NodeList *exprs)
{
    return node_new(a, Project, .input = node_new(a, OneRow, .unused = false), .exprs = *exprs);
}

/* The only row of a bound query as Literals; all NULL when there is none. */
static Status single_row(Run *r, const Node *bound, NodeList *ret, Error *err)
{
    Rows *rows = NULL;
    TRY(run_collect(r, bound, 2, &rows, err));
    if (rows->at.len > 1)
        return spark_error(err, NULL, "ROW_SUBQUERY_TOO_MANY_ROWS", "21000", "More than one row returned by a subquery used as a row.", NULL);
    const Type *schema = bind_schema_type(r->arena, bound);
    for (size_t i = 0; i < schema->nfields; i++) {
        const Value null = { .is_null = true };
        const Value *v = rows->at.len ? &rows->at.at[0][i] : arena_copy(r->arena, &null, sizeof null);
        vec_push(r->arena, ret, node_new(r->arena, Literal, .value = v, .of = schema->fields[i].type));
    }
    return ST_OK;
}

Status variable_evaluate(Run *r, Node *expr, const Type *to, Node **ret_literal, Error *err)
{
    NodeList exprs = { 0 }, values = { 0 };
    Node *bound = NULL;
    if (to)
        expr = node_at(node_new(r->arena, Cast, .child = expr, .to = to, .mode = CAST_ANSI), expr->start, expr->stop);
    vec_push(r->arena, &exprs, expr);
    TRY(run_bind_node(r, one_row(r->arena, &exprs), &bound, err));
    TRY(single_row(r, bound, &values, err));
    *ret_literal = values.at[0];
    return ST_OK;
}

/* ---- names: x, session.x, system.session.x */

static const char *own_name(const StrList *name)
{
    bool session = name->len == 2 && str_ieq(name->at[0], "session");
    bool system = name->len == 3 && str_ieq(name->at[0], "system") && str_ieq(name->at[1], "session");
    return name->len == 1 || session || system ? name->at[name->len - 1] : NULL;
}

static const char *quoted(Run *r, const StrList *name)
{
    return sql_ids(r->arena, name);
}

static const char *full_name(Run *r, const char *name)
{
    return arena_printf(r->arena, "`system`.`session`.%s", sql_id(r->arena, name));
}

/* May the name be of a local variable? session.x is not. */
static bool may_be_local(const StrList *name)
{
    return name->len == 1 || (name->len == 2 && !str_ieq(name->at[0], "session") && !str_ieq(name->at[0], "builtin") &&
                              strncasecmp(name->at[0], "sys", 3) != 0);
}

static Status parse_name(Run *r, const char *text, StrList *ret, Error *err)
{
    return sql_parse_name(r->arena, text, ret, err);
}

/* The session's variable of this name, NULL: there is none. */
static const Assignment *find_own(Run *r, Arena *a, const char *name)
{
    session_lock(r->session);
    KeptPlan *kept = entries_find(&r->session->variables, name);
    Node *n = kept ? kept_plan_use(kept, a) : NULL;
    session_unlock(r->session);
    return n ? node_as(Assignment, n) : NULL;
}

/* A local variable of the script, or one of the session. NULL: there is none. */
static const Assignment *find(Run *r, Arena *a, const StrList *name)
{
    const Assignment *local = r->script && may_be_local(name) ? script_variable(r->script, a, name) : NULL;
    const char *own = own_name(name);
    return local || !own ? local : find_own(r, a, own);
}

static void store(Run *r, const char *name, Node *value, Node *default_value)
{
    KeptPlan *plan = keep_plan(node_new(r->arena, Assignment, .target = value, .value = default_value));
    session_lock(r->session);
    entries_set(&r->session->variables, name, plan);
    session_unlock(r->session);
}

/* A new value for the variable that `find` found. */
static void set(Run *r, const StrList *name, Node *value, Node *default_value)
{
    if (r->script && may_be_local(name) && script_set_variable(r->script, name, node_new(r->arena, Assignment, .target = value, .value = default_value)))
        return;
    store(r, own_name(name), value, default_value);
}

Status variable_value(void *run, Arena *a, const StrList *name, size_t *ret_parts, Node **ret_literal, Error *err)
{
    for (size_t parts = name->len < 3 ? name->len : 3; parts > 0; parts--) { /* the longest name that there is */
        StrList first = { .at = name->at, .len = parts, .cap = name->cap };
        const Assignment *variable = find(run, a, &first);
        if (!variable)
            continue;
        *ret_parts = parts;
        *ret_literal = variable->target;
        return ST_OK;
    }
    return FAIL(err, ST_NOT_FOUND, "there is no variable %s", name->at[0]);
}

/* ---- statements */

Node *variable_null(Run *r, const Type *type)
{
    const Value null = { .is_null = true };
    return node_new(r->arena, Literal, .value = arena_copy(r->arena, &null, sizeof null), .of = type);
}

static Status unresolved_variable(Run *r, const StrList *name, Error *err)
{
    return spark_error(err, NULL, "UNRESOLVED_VARIABLE", "42883", "Cannot resolve variable <variableName> on search path <searchPath>.",
                       "variableName", quoted(r, name), "searchPath", "`system`.`session`", NULL);
}

static Status already_exists(const char *name, Error *err)
{
    return spark_error(err, NULL, "VARIABLE_ALREADY_EXISTS", "42723",
                       "Cannot create the variable <variableName> because it already exists.\nChoose a different name, or drop or "
                       "replace the existing variable.",
                       "variableName", name, NULL);
}

static Status declare_one(Run *r, const DeclareVariable *d, const char *text, Node *value, Error *err)
{
    StrList name = { 0 };
    TRY(parse_name(r, text, &name, err));
    const char *own = own_name(&name);
    if (!own)
        return unresolved_variable(r, &name, err);
    if (!d->replace && find_own(r, r->arena, own))
        return already_exists(full_name(r, own), err);
    store(r, own, value, d->value ? d->value : value);
    return ST_OK;
}

/* A local variable of the script's innermost scope. */
static Status declare_local(Run *r, const DeclareVariable *d, const char *text, Node *value, Error *err)
{
    const char *shown;
    StrList name = { 0 };
    TRY(parse_name(r, text, &name, err));
    Node *variable = node_new(r->arena, Assignment, .target = value, .value = d->value ? d->value : value);
    if (!script_declare(r->script, r->arena, name.at[0], variable, &shown))
        return already_exists(shown, err);
    return ST_OK;
}

static Status check_local(Run *r, const DeclareVariable *d, Error *err)
{
    for (size_t i = 0; i < d->names.len; i++) {
        StrList name = { 0 };
        TRY(parse_name(r, d->names.at[i], &name, err));
        if (d->replace)
            return spark_error(err, NULL, "INVALID_VARIABLE_DECLARATION.REPLACE_LOCAL_VARIABLE", "42K0M",
                               "Invalid variable declaration. The variable <varName> does not support DECLARE OR REPLACE, as local "
                               "variables cannot be replaced.",
                               "varName", quoted(r, &name), NULL);
        if (name.len != 1)
            return spark_error(err, NULL, "INVALID_VARIABLE_DECLARATION.QUALIFIED_LOCAL_VARIABLE", "42K0M",
                               "Invalid variable declaration. The variable <varName> must be declared without a qualifier, as "
                               "qualifiers are not allowed for local variable declarations.",
                               "varName", quoted(r, &name), NULL);
    }
    return ST_OK;
}

static bool note_subquery(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || node_is(Subquery, n);
    return !*found;
}

static Status check_declaration(Run *r, const DeclareVariable *d, Error *err)
{
    bool subquery = false;
    for (size_t i = 1; i < d->names.len; i++)
        for (size_t k = 0; k < i; k++)
            if (str_ieq(d->names.at[i], d->names.at[k]))
                return spark_error(err, NULL, "DUPLICATE_VARIABLE_NAME_INSIDE_DECLARE", "42734",
                                   "Found duplicate variable <variableName> in the declare variable list. Please, remove one of them.",
                                   "variableName", sql_id(r->arena, d->names.at[i]), NULL);
    if (d->value)
        node_walk(d->value, note_subquery, &subquery);
    if (!subquery)
        return ST_OK;
    return spark_error(err, d->value, "INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION", "42623",
                       "Failed to execute <statement> command because the destination column or variable <colName> has a DEFAULT value "
                       "<defaultValue>, which contains subquery expressions.",
                       "statement", "DECLARE VARIABLE", "colName", sql_id(r->arena, d->names.at[0]), "defaultValue",
                       command_text(r, d->value), NULL);
}

Status variable_refuse_set(Run *r, const SetConf *s, Error *err)
{
    StrList name = { 0 };
    Error ignored = ERROR_INIT;
    if (!s->key || !s->value || parse_name(r, s->key, &name, &ignored) != ST_OK)
        return ST_OK;
    const char *own = own_name(&name);
    if (!own || !find_own(r, r->arena, own))
        return ST_OK;
    return spark_error(err, NULL, "UNSUPPORTED_FEATURE.SET_VARIABLE_USING_SET", "0A000",
                       "The feature is not supported: <variableName> is a VARIABLE and cannot be updated using the SET statement. Use SET "
                       "VARIABLE <variableName> = ... instead.",
                       "variableName", full_name(r, own), NULL);
}

Status variable_declare(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DeclareVariable *d = node_as(DeclareVariable, command);
    *ret_rows = command_nothing(r);
    Node *value = NULL;
    if (r->script)
        TRY(check_local(r, d, err));
    TRY(check_declaration(r, d, err));
    if (d->value)
        TRY(variable_evaluate(r, d->value, d->of, &value, err));
    else
        value = variable_null(r, d->of);
    for (size_t i = 0; i < d->names.len; i++)
        TRY((r->script ? declare_local : declare_one)(r, d, d->names.at[i], value, err));
    return ST_OK;
}

Status variable_drop(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const DropObject *d = node_as(DropObject, command);
    const char *own = own_name(&d->name);
    *ret_rows = command_nothing(r);
    if (r->script)
        return spark_error(err, NULL, "UNSUPPORTED_FEATURE.SQL_SCRIPTING_DROP_TEMPORARY_VARIABLE", "0A000",
                           "The feature is not supported: DROP TEMPORARY VARIABLE is not supported within SQL scripts. To bypass this, use "
                           "`EXECUTE IMMEDIATE 'DROP TEMPORARY VARIABLE ...'` .",
                           NULL);
    if (!own)
        return unresolved_variable(r, &d->name, err);
    session_lock(r->session);
    bool removed = entries_remove(&r->session->variables, own);
    session_unlock(r->session);
    if (removed || d->if_exists)
        return ST_OK;
    return spark_error(err, NULL, "VARIABLE_NOT_FOUND", "42883",
                       "The variable <variableName> cannot be found. Verify the spelling and correctness of the schema and catalog.\nIf "
                       "you did not qualify the name with a schema and catalog, verify the current_schema() output, or qualify the name "
                       "with the correct schema and catalog.\nTo tolerate the error on drop use DROP VARIABLE IF EXISTS.",
                       "variableName", full_name(r, own), NULL);
}

typedef VEC(StrList) Targets;

/* The targets, each once. */
static Status targets(Run *r, const StrList *names, Targets *ret, Error *err)
{
    for (size_t i = 0; i < names->len; i++) {
        StrList name = { 0 };
        TRY(parse_name(r, names->at[i], &name, err));
        const Assignment *variable = find(r, r->arena, &name);
        if (!variable)
            return unresolved_variable(r, &name, err);
        for (size_t k = 0; k < ret->len; k++)
            if (str_ieq(ret->at[k].at[ret->at[k].len - 1], name.at[name.len - 1]) && find(r, r->arena, &ret->at[k]) == variable)
                return spark_error(err, NULL, "DUPLICATE_ASSIGNMENTS", "42701",
                                   "The columns or variables <nameList> appear more than once as assignment targets.", "nameList",
                                   sql_id(r->arena, name.at[name.len - 1]), NULL);
        vec_push(r->arena, ret, name);
    }
    return ST_OK;
}

static Status arity(Run *r, size_t wanted, size_t given, Error *err)
{
    return spark_error(err, NULL, "ASSIGNMENT_ARITY_MISMATCH", "42802",
                       "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source "
                       "expressions: <numExpr>.",
                       "numTarget", arena_printf(r->arena, "%zu", wanted), "numExpr", arena_printf(r->arena, "%zu", given), NULL);
}

static bool is_default(const Node *n)
{
    if (node_is(Default, n))
        return true;
    return node_is(Attribute, n) && node_as(Attribute, n)->name.len == 1 && str_ieq(node_as(Attribute, n)->name.at[0], "default");
}

/* The query of EXECUTE IMMEDIATE … INTO does not see the script's variables. */
static Status bind_source_query(Run *r, const SetVariable *s, Node **ret_bound, Error *err)
{
    struct ScriptRun *script = r->script;
    r->script = s->isolated ? NULL : script;
    Status status = run_bind_node(r, s->query, ret_bound, err);
    r->script = script;
    return status;
}

Status variable_set(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const SetVariable *s = node_as(SetVariable, command);
    Targets names = { 0 };
    NodeList values = { 0 };
    *ret_rows = command_nothing(r);
    TRY(targets(r, &s->names, &names, err));
    if (s->query) {
        Node *bound = NULL;
        TRY(bind_source_query(r, s, &bound, err));
        if (bound->schema->len != names.len)
            return arity(r, names.len, bound->schema->len, err);
        TRY(single_row(r, bound, &values, err));
    } else {
        values = s->values;
    }
    Node **results = ARENA_ARRAY(r->arena, Node *, names.len + 1);
    for (size_t i = 0; i < names.len; i++) { /* all are evaluated before the first is set */
        const Assignment *variable = find(r, r->arena, &names.at[i]);
        Node *value = is_default(values.at[i]) ? variable->value : values.at[i];
        TRY(variable_evaluate(r, value, node_as(Literal, variable->target)->of, &results[i], err));
    }
    for (size_t i = 0; i < names.len; i++)
        set(r, &names.at[i], results[i], find(r, r->arena, &names.at[i])->value);
    return ST_OK;
}

/* ---- constants */

static Status not_constant(Run *r, const char *class, const Node *expr, const char *text, const char *type, Error *err)
{
    return spark_error(err, NULL, arena_printf(r->arena, "NOT_A_CONSTANT_STRING.%s", class), "42601",
                       arena_printf(r->arena, "The expression <expr> used for the routine or clause <name> must be a constant STRING "
                                              "which is NOT NULL.\n%s", text),
                       "expr", command_text(r, expr), "name", "IDENTIFIER", "dataType", type, NULL);
}

static bool note_variable_part(const Node *n, void *arg)
{
    static const char *const random[] = { "rand", "random", "randn", "uuid", "uniform", "randstr", "shuffle" };
    bool *found = arg;
    *found = *found || node_is(Subquery, n);
    for (size_t i = 0; node_is(Function, n) && i < sizeof random / sizeof *random; i++)
        *found = *found || str_ieq(node_as(Function, n)->name.at[0], random[i]);
    return !*found;
}

Status variable_constant_text(void *run, Arena *a, Node *expr, const char **ret_text, Error *err)
{
    Run *r = run;
    Node *literal = NULL;
    Error why = ERROR_INIT;
    const char *query = r->query;
    bool varies = false;
    node_walk(expr, note_variable_part, &varies);
    Status status = varies ? ST_INVALID : variable_evaluate(r, expr, NULL, &literal, &why);
    r->query = query;
    if (varies || (status != ST_OK && str_starts(why.code, "UNRESOLVED_COLUMN")))
        return not_constant(r, "NOT_CONSTANT", expr, "To be considered constant the expression must not depend on any columns, contain a subquery, "
                                               "or invoke a non deterministic function such as rand().", "", err);
    if (status != ST_OK) {
        if (err)
            *err = why;
        return status;
    }
    const Literal *l = node_as(Literal, literal);
    if (l->of->kind != TYPE_STRING)
        return not_constant(r, "WRONG_TYPE", expr, "The data type of the expression is <dataType>.", type_catalog_text(a, l->of), err);
    if (l->value->is_null)
        return not_constant(r, "NULL", expr, "The expression evaluates to NULL.", "", err);
    *ret_text = arena_strn(a, l->value->text, l->value->text_len);
    return ST_OK;
}

/* ---- EXECUTE IMMEDIATE */

static Status statement_text(Run *r, Node *expr, const char **ret_text, Error *err)
{
    Node *literal = NULL;
    TRY(variable_evaluate(r, expr, NULL, &literal, err));
    const Literal *l = node_as(Literal, literal);
    if (l->of->kind != TYPE_STRING)
        return spark_error(err, NULL, "INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE", "42K09",
                           "Expression type must be string type but got <exprType>.", "exprType",
                           arena_printf(r->arena, "\"%s\"", type_sql_text(r->arena, l->of)), NULL);
    if (l->value->is_null)
        return spark_error(err, NULL, "NULL_QUERY_STRING_EXECUTE_IMMEDIATE", "22004",
                           "Execute immediate requires a non-null variable as the query string, but the provided variable <varName> is "
                           "null.",
                           "varName", node_is(Attribute, expr) ? catalog_quoted(r->arena, &node_as(Attribute, expr)->name) : command_text(r, expr), NULL);
    *ret_text = arena_strn(r->arena, l->value->text, l->value->text_len);
    return ST_OK;
}

typedef struct Markers {
    bool named, positional;
} Markers;

static bool note_marker(const Node *n, void *arg)
{
    Markers *markers = arg;
    if (node_is(Parameter, n)) {
        markers->named = markers->named || node_as(Parameter, n)->name;
        markers->positional = markers->positional || !node_as(Parameter, n)->name;
    }
    return true;
}

/* "1", "a + 2": the arguments without a name. */
static const char *unnamed(Run *r, const NodeList *given)
{
    str_auto out = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < given->len; i++)
        if (!node_is(Attribute, given->at[i]) && !node_is(Alias, given->at[i]))
            str_addf(&out, "%s\"%s\"", out.len ? ", " : "", command_text(r, given->at[i]));
    return str_arena(&out, r->arena);
}

/* The arguments' values; with named markers an argument has its alias for a name, a variable also its own. */
static Status argument_values(Run *r, const NodeList *given, bool named, ConnectArgument *arguments, Error *err)
{
    for (size_t i = 0; i < given->len; i++) {
        Node *e = given->at[i], *value = NULL;
        const char *name = NULL;
        if (node_is(Attribute, e))
            name = node_as(Attribute, e)->name.at[node_as(Attribute, e)->name.len - 1];
        if (node_is(Alias, e)) {
            name = node_as(Alias, e)->names.at[0];
            e = node_as(Alias, e)->child;
        }
        if (node_is(Subquery, e))
            return spark_error(err, e, "UNSUPPORTED_EXPR_FOR_PARAMETER", "42K0E",
                               "A query parameter contains unsupported expression.\nParameters can either be variables or literals.\n"
                               "Invalid expression: [<invalidExprSql>]",
                               "invalidExprSql", "scalarsubquery()", NULL);
        for (size_t k = 0; named && name && k < i; k++)
            if (arguments[k].name && str_ieq(arguments[k].name, name))
                return spark_error(err, e, "EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES", "42701",
                                   "The USING clause of this EXECUTE IMMEDIATE command contained multiple arguments with same alias "
                                   "(<aliases>), which is invalid; please update the command to specify unique aliases and then try it "
                                   "again.",
                                   "aliases", sql_id(r->arena, name), NULL);
        if (named && !name)
            return spark_error(err, e, "ALL_PARAMETERS_MUST_BE_NAMED", "07001",
                               "Using name parameterized queries requires all parameters to be named. Parameters missing names: <exprs>.",
                               "exprs", unnamed(r, given), NULL);
        TRY(variable_evaluate(r, e, NULL, &value, err));
        arguments[i] = (ConnectArgument){ .name = named ? name : NULL, .value = value };
    }
    return ST_OK;
}

Status variable_execute_immediate(Run *r, const ExecuteImmediate *n, Node **ret_plan, Error *err)
{
    const char *text = NULL;
    Node *plan = NULL;
    ConnectArgument *arguments = ARENA_ARRAY(r->arena, ConnectArgument, n->arguments.len + 1);
    TRY(statement_text(r, n->query, &text, err));
    Markers markers = { false, false };
    Error ignored = ERROR_INIT;
    bool any = strpbrk(text, ":?") && environment_parse(r, r->arena, text, NULL, 0, &plan, &ignored) == ST_OK;
    if (any)
        node_walk(plan, note_marker, &markers);
    else
        markers.named = strchr(text, ':') != NULL; /* where only a string's marker fits: IDENTIFIER(:t) */
    if (markers.named && markers.positional)
        return spark_error(err, n->query, "INVALID_QUERY_MIXED_QUERY_PARAMETERS", "42613",
                           "Parameterized query must either use positional, or named parameters, but not both.", NULL);
    TRY(argument_values(r, &n->arguments, markers.named, arguments, err));
    TRY(environment_parse(r, r->arena, text, arguments, n->arguments.len, &plan, err));
    if (node_is(CompoundBody, plan))
        return spark_error(err, NULL, "SQL_SCRIPT_IN_EXECUTE_IMMEDIATE", "07501",
                           "SQL Scripts in EXECUTE IMMEDIATE commands are not allowed. Please ensure that the SQL query provided "
                           "(<sqlString>) is not SQL Script. Make sure the sql_string is a well-formed SQL statement and does not contain "
                           "BEGIN and END.",
                           "sqlString", text, NULL);
    if (node_is(ExecuteImmediate, plan))
        return variable_execute_immediate(r, node_as(ExecuteImmediate, plan), ret_plan, err);
    if (n->into.len && command_is(plan))
        return spark_error(err, NULL, "INVALID_STATEMENT_FOR_EXECUTE_INTO", "07501",
                           "The INTO clause of EXECUTE IMMEDIATE is only valid for queries but the given statement is not a query: "
                           "<sqlString>.",
                           "sqlString", arena_printf(r->arena, "%s", text), NULL);
    *ret_plan = n->into.len ? node_new(r->arena, SetVariable, .names = n->into, .query = plan, .isolated = true) : plan;
    return ST_OK;
}
