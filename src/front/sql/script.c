/* front/sql/script.c -- scripts: BEGIN … END, handlers, loops, as ir nodes, and the checks that need the whole of them.
 * Source: AstBuilder.visitCompound*, ParserUtils' CompoundBodyParsingContext and SqlScriptingLabelContext,
 * SqlScriptingInterpreter.transformBodyIntoExec. */
#include "front/sql/parser.h"
#include "ir/error.h"

#include <ctype.h>

static const char *upper(SqlParser *p, const char *text)
{
    char *copy = arena_str(p->a, text);
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

static const char *id(SqlParser *p, const char *name)
{
    return sql_id(p->a, name);
}

/* ---------------------------------------------------------------- blocks and loops */
static void check_end_label(SqlParser *p, const Label *label, const char *end_label, int start)
{
    if (!end_label)
        return;
    if (!label || !label->name) {
        parser_fail(p, start, end_of_rule(p), "END_LABEL_WITHOUT_BEGIN_LABEL", "42K0L", "End label %s can not exist without begin label.",
            id(p, end_label));
        parser_param(p, "endLabel", id(p, end_label));
    } else if (!str_ieq(label->name, end_label)) {
        parser_fail(p, label->start, end_of_rule(p), "LABELS_MISMATCH", "42K0L", "Begin label %s does not match the end label %s.",
            id(p, label->name), id(p, end_label));
        parser_param(p, "beginLabel", id(p, label->name));
        parser_param(p, "endLabel", id(p, end_label));
    }
}

Node *compound(SqlParser *p, const Label *label, const char *end_label, bool scope, const NodeList *statements, int start)
{
    check_end_label(p, label, end_label, start);
    return at(p, node_new(p->a, CompoundBody, .label = label ? label->name : NULL, .scope = scope, .statements = list_of(statements)),
        label && label->name ? label->start : start);
}

Node *loop(SqlParser *p, LoopKind kind, const Label *label, const char *end_label, Node *condition, Node *body, int start)
{
    check_end_label(p, label, end_label, start);
    return at(p, node_new(p->a, Loop, .label = label->name, .loop = kind, .condition = condition, .body = body),
        label->name ? label->start : start);
}

Node *for_loop(SqlParser *p, const Label *label, const char *end_label, const char *variable, Node *query, Node *body, int start)
{
    check_end_label(p, label, end_label, start);
    return at(p, node_new(p->a, ForLoop, .label = label->name, .variable = variable, .query = query, .body = body),
        label->name ? label->start : start);
}

Node *jump(SqlParser *p, const char *label, bool iterate, int start)
{
    return at(p, node_new(p->a, Jump, .label = label, .iterate = iterate), start);
}

Branches *branches_add(SqlParser *p, Branches *list, Node *condition, Node *body)
{
    if (!list)
        list = ARENA_NEW(p->a, Branches);
    vec_push(p->a, &list->conditions, condition);
    vec_push(p->a, &list->bodies, body);
    return list;
}

Branches *branches_first(SqlParser *p, Node *condition, Node *body, const Branches *more)
{
    Branches *list = branches_add(p, NULL, condition, body);
    for (size_t i = 0; more && i < more->bodies.len; i++)
        branches_add(p, list, more->conditions.at[i], more->bodies.at[i]);
    return list;
}

Node *branch(SqlParser *p, Node *operand, const Branches *list, Node *otherwise, int start)
{
    return at(p, node_new(p->a, Branch, .operand = operand, .conditions = list->conditions, .bodies = list->bodies,
                         .otherwise = otherwise), start);
}

/* ---------------------------------------------------------------- conditions and handlers */
const char *sqlstate(SqlParser *p, const Token *text)
{
    const char *state = upper(p, text->text);
    bool valid = strlen(state) == 5 && strncmp(text->text, "00", 2) != 0 && strncmp(text->text, "01", 2) != 0 && strncmp(text->text, "XX", 2) != 0;
    for (const char *c = state; *c; c++)
        valid = valid && isalnum((unsigned char)*c);
    if (!valid) {
        parser_fail(p, text->start, text->stop, "INVALID_SQLSTATE", "428B3", "Invalid SQLSTATE value: '%s'. SQLSTATE must be exactly 5 "
            "characters long and contain only A-Z and 0-9. SQLSTATE must not start with '00', '01', or 'XX'.", text->text);
        parser_param(p, "sqlState", text->text);
    }
    return state;
}

Node *declare_condition(SqlParser *p, const char *name, const char *state, int start)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_') {
            parser_fail(p, start, end_of_rule(p), "INVALID_ERROR_CONDITION_DECLARATION.SPECIAL_CHARACTER_FOUND", "42K0R",
                "Invalid condition declaration. Special character found in condition name %s. Only alphanumeric characters and "
                "underscores are allowed.", id(p, name));
            parser_param(p, "conditionName", id(p, name));
            break;
        }
    return at(p, node_new(p->a, DeclareCondition, .name = upper(p, name), .state = state ? state : "45000"), start);
}

static DeclareHandler *handler(SqlParser *p, DeclareHandler *h)
{
    return h ? h : (DeclareHandler *)node_new(p->a, DeclareHandler, .continues = false);
}

static void duplicate_trigger(SqlParser *p, const char *what, const char *value)
{
    bool state = str_eq(what, "SQLSTATE");
    parser_fail(p, 0, end_of_rule(p), arena_printf(p->a, "INVALID_HANDLER_DECLARATION.DUPLICATE_%s_IN_HANDLER_DECLARATION", what), "42K0Q",
        "Invalid handler declaration. Found duplicate %s %s in the handler declaration. Please, remove one of them.",
        state ? "sqlState" : "condition", value);
    parser_param(p, state ? "sqlState" : "condition", value);
}

static bool has_name(const StrList *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_eq(list->at[i], name))
            return true;
    return false;
}

DeclareHandler *handler_state(SqlParser *p, DeclareHandler *h, const char *state)
{
    h = handler(p, h);
    if (has_name(&h->states, state))
        duplicate_trigger(p, "SQLSTATE", state);
    vec_push(p->a, &h->states, state);
    return h;
}

DeclareHandler *handler_any(SqlParser *p, DeclareHandler *h, bool exception)
{
    h = handler(p, h);
    bool *flag = exception ? &h->sql_exception : &h->not_found;
    if (*flag)
        duplicate_trigger(p, "CONDITION", exception ? "SQLEXCEPTION" : "NOT FOUND");
    *flag = true;
    return h;
}

static void condition_not_found(SqlParser *p, const char *name)
{
    parser_fail(p, 0, end_of_rule(p), "INVALID_HANDLER_DECLARATION.CONDITION_NOT_FOUND", "42K0Q", "Invalid handler declaration. Condition "
        "%s not found.", name);
    parser_param(p, "condition", name);
}

DeclareHandler *handler_condition(SqlParser *p, DeclareHandler *h, const StrList *parts)
{
    const char *name = upper(p, joined(p, parts));
    h = handler(p, h);
    if (parts->len > 1 && !error_condition_known(name))
        condition_not_found(p, name);
    if (has_name(&h->conditions, name))
        duplicate_trigger(p, "CONDITION", name);
    vec_push(p->a, &h->conditions, name);
    return h;
}

Node *declare_handler(SqlParser *p, bool continues, DeclareHandler *h, Node *body, int start)
{
    if ((h->sql_exception || h->not_found) && (h->conditions.len || h->states.len))
        parser_fail(p, start, end_of_rule(p), "INVALID_HANDLER_DECLARATION.INVALID_CONDITION_COMBINATION", "42K0Q", "Invalid handler "
            "declaration. SQLEXCEPTION and NOT FOUND cannot be used together with other condition/sqlstate values.");
    if (continues && !p->opt->continue_handlers)
        parser_fail(p, start, end_of_rule(p), "UNSUPPORTED_FEATURE.CONTINUE_EXCEPTION_HANDLER", "0A000", "The feature is not supported: "
            "CONTINUE exception handler is not supported. Use EXIT handler.");
    h->continues = continues;
    h->body = body;
    return at(p, &h->node, start);
}

/* ---------------------------------------------------------------- the whole script */
typedef struct Around {
    const char *name;
    const Node *block; /* that has this label; NULL: the variable of a FOR */
} Around;
typedef struct Checked {
    SqlParser *p;
    VEC(Around) around;  /* the labels of the blocks and loops around, and FOR's variables, outermost first */
    StrList conditions;  /* declared in the blocks around */
} Checked;

static void check(Checked *c, const Node *n);

static void fail_at(Checked *c, const Node *n, const char *code, const char *sqlstate, const char *key, const char *value, const char *text)
{
    parser_fail(c->p, n->start, n->stop, code, sqlstate, "%s", text);
    if (key)
        parser_param(c->p, key, value);
}

static const Around *find_name(const Checked *c, const char *name, bool only_labels)
{
    for (size_t i = c->around.len; i-- > 0;)
        if (str_ieq(c->around.at[i].name, name) && (c->around.at[i].block || !only_labels))
            return &c->around.at[i];
    return NULL;
}

/* A label, or a FOR's variable (block NULL), from here on. */
static void enter(Checked *c, const Node *n, const char *name, const Node *block)
{
    SqlParser *p = c->p;
    if (!name)
        return;
    char *lower = arena_str(p->a, name);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    if (find_name(c, name, false))
        fail_at(c, n, "LABEL_OR_FOR_VARIABLE_ALREADY_EXISTS", "42K0L", "label", id(p, lower), arena_printf(p->a, "The label %s or FOR variable "
            "already exists. Choose another name or rename the existing one.", id(p, lower)));
    if (str_eq(lower, "builtin") || str_eq(lower, "session") || str_starts(lower, "sys"))
        fail_at(c, n, "LABEL_OR_FOR_VARIABLE_NAME_FORBIDDEN", "42K0L", "label", id(p, lower), arena_printf(p->a, "The label or FOR variable "
            "name %s is forbidden.", id(p, lower)));
    vec_push(p->a, &c->around, ((Around){ name, block }));
}

static void check_jump(Checked *c, const Node *n, const Jump *j)
{
    const Around *target = find_name(c, j->label, true);
    const char *name = upper(c->p, j->label), *what = j->iterate ? "ITERATE" : "LEAVE";
    if (!target) {
        fail_at(c, n, "INVALID_LABEL_USAGE.DOES_NOT_EXIST", "42K0L", "labelName", name, arena_printf(c->p->a, "The usage of the label %s is "
            "invalid. Label was used in the %s statement, but the label does not belong to any surrounding block.", name, what));
        parser_param(c->p, "statementType", what);
    } else if (j->iterate && node_is(CompoundBody, target->block)) {
        fail_at(c, n, "INVALID_LABEL_USAGE.ITERATE_IN_COMPOUND", "42K0L", "labelName", name, arena_printf(c->p->a, "The usage of the label %s is "
            "invalid. ITERATE statement cannot be used with a label that belongs to a compound (BEGIN...END) body.", name));
    }
}

/* The order within a block: variables and conditions, then handlers, then statements. */
typedef enum Part { PART_DECLARATION, PART_HANDLER, PART_STATEMENT } Part;

static void check_declaration(Checked *c, const Node *n, bool scope, Part before)
{
    SqlParser *p = c->p;
    bool variable = node_is(DeclareVariable, n);
    const char *name = id(p, variable ? node_as(DeclareVariable, n)->names.at[0] : node_as(DeclareCondition, n)->name);
    if (variable && !scope)
        fail_at(c, n, "INVALID_VARIABLE_DECLARATION.NOT_ALLOWED_IN_SCOPE", "42K0M", "varName", name, arena_printf(p->a, "Invalid variable "
            "declaration. Declaration of the variable %s is not allowed in this scope.", name));
    else if (variable && before > PART_DECLARATION)
        fail_at(c, n, "INVALID_VARIABLE_DECLARATION.ONLY_AT_BEGINNING", "42K0M", "varName", name, arena_printf(p->a, "Invalid variable "
            "declaration. Variable %s can only be declared at the beginning of the compound.", name));
    else if (!variable && (!scope || before > PART_DECLARATION))
        fail_at(c, n, "INVALID_ERROR_CONDITION_DECLARATION.NOT_AT_START_OF_COMPOUND_STATEMENT", "42K0R", "conditionName", name,
            arena_printf(p->a, "Invalid condition declaration. Condition %s can only be declared at the start of a BEGIN END compound "
                "statement.", name));
    if (variable)
        return;
    const char *own = node_as(DeclareCondition, n)->name;
    if (has_name(&c->conditions, own))
        fail_at(c, n, "DUPLICATE_CONDITION_IN_SCOPE", "42734", "condition", name, arena_printf(p->a, "Found duplicate condition %s in the scope. "
            "Please, remove one of them.", name));
    vec_push(p->a, &c->conditions, own);
}

static void check_handler(Checked *c, const Node *n, Part before)
{
    const DeclareHandler *h = node_as(DeclareHandler, n);
    check(c, h->body);
    if (before > PART_HANDLER)
        fail_at(c, n, "INVALID_HANDLER_DECLARATION.WRONG_PLACE_OF_DECLARATION", "42K0Q", NULL, NULL, "Invalid handler declaration. Handlers must "
            "be declared after variable/condition declaration, and before other statements.");
    for (size_t i = 0; i < h->conditions.len; i++)
        if (!error_condition_known(h->conditions.at[i]) && !has_name(&c->conditions, h->conditions.at[i]))
            condition_not_found(c->p, h->conditions.at[i]);
}

static void second_handler(Checked *c, const Node *n, const char *what, const char *value)
{
    bool state = str_eq(what, "SQLSTATE");
    fail_at(c, n, arena_printf(c->p->a, "DUPLICATE_EXCEPTION_HANDLER.%s", what), "42734", state ? "sqlState" : "condition", value,
        arena_printf(c->p->a, "Found duplicate handlers. Please, remove one of them. Found duplicate handlers for the same %s %s.",
            state ? "SQLSTATE" : "condition", value));
}

/* Two handlers of one block for the same; only neighbours are compared for SQLEXCEPTION and NOT FOUND, as Spark does. */
static void check_pair(Checked *c, const DeclareHandler *x, const DeclareHandler *y, bool neighbours)
{
    for (size_t i = 0; i < y->conditions.len; i++)
        if (has_name(&x->conditions, y->conditions.at[i]))
            second_handler(c, &y->node, "CONDITION", y->conditions.at[i]);
    for (size_t i = 0; i < y->states.len; i++)
        if (has_name(&x->states, y->states.at[i]))
            second_handler(c, &y->node, "SQLSTATE", y->states.at[i]);
    if (neighbours && x->not_found && y->not_found)
        second_handler(c, &y->node, "CONDITION", "NOT FOUND");
    if (neighbours && x->sql_exception && y->sql_exception)
        second_handler(c, &y->node, "CONDITION", "SQLEXCEPTION");
}

static void check_handlers(Checked *c, const NodeList *statements)
{
    VEC(const DeclareHandler *) handlers = { 0 };
    for (size_t i = 0; i < statements->len; i++)
        if (node_is(DeclareHandler, statements->at[i]))
            vec_push(c->p->a, &handlers, node_as(DeclareHandler, statements->at[i]));
    for (size_t i = 1; i < handlers.len; i++)
        for (size_t k = 0; k < i; k++)
            check_pair(c, handlers.at[k], handlers.at[i], k + 1 == i);
}

static void check_body(Checked *c, const CompoundBody *body)
{
    Part part = PART_DECLARATION;
    size_t conditions = c->conditions.len;
    for (size_t i = 0; i < body->statements.len && c->p->status == ST_OK; i++) {
        const Node *n = body->statements.at[i];
        if (node_is(DeclareVariable, n) || node_is(DeclareCondition, n)) {
            check_declaration(c, n, body->scope, part);
        } else if (node_is(DeclareHandler, n)) {
            check_handler(c, n, part);
            part = PART_HANDLER;
        } else {
            check(c, n);
            part = PART_STATEMENT;
        }
    }
    check_handlers(c, &body->statements);
    c->conditions.len = conditions;
}

static void check(Checked *c, const Node *n)
{
    size_t around = c->around.len;
    if (c->p->status != ST_OK)
        return;
    if (node_is(CompoundBody, n)) {
        enter(c, n, node_as(CompoundBody, n)->label, n);
        check_body(c, node_as(CompoundBody, n));
    } else if (node_is(Loop, n)) {
        enter(c, n, node_as(Loop, n)->label, n);
        check(c, node_as(Loop, n)->body);
    } else if (node_is(ForLoop, n)) {
        enter(c, n, node_as(ForLoop, n)->label, n);
        enter(c, n, node_as(ForLoop, n)->variable, NULL);
        check(c, node_as(ForLoop, n)->body);
    } else if (node_is(Branch, n)) {
        const Branch *b = node_as(Branch, n);
        for (size_t i = 0; i < b->bodies.len; i++)
            check(c, b->bodies.at[i]);
        if (b->otherwise)
            check(c, b->otherwise);
    } else if (node_is(Jump, n)) {
        check_jump(c, n, node_as(Jump, n));
    }
    c->around.len = around;
}

void script_check(SqlParser *p, const Node *script)
{
    Checked c = { .p = p };
    if (!p->opt->no_scripting) {
        check(&c, script);
        return;
    }
    parser_fail(p, script->start, script->stop, "UNSUPPORTED_FEATURE.SQL_SCRIPTING", "0A000", "The feature is not supported: SQL Scripting is "
        "under development and not all features are supported. SQL Scripting enables users to write procedural SQL including control flow "
        "and error handling. To enable existing features set \"spark.sql.scripting.enabled\" to `true`.");
    parser_param(p, "sqlScriptingEnabled", "\"spark.sql.scripting.enabled\"");
}
