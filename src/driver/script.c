/* driver/script.c -- see script.h. The tree is walked; a Flow says how a statement ended. */
#include "driver/script_internal.h"

#include "driver/keep.h"
#include "driver/variable.h"
#include "ir/enums.h"
#include "ir/error.h"

#include <stdio.h>

enum { HANDLERS_MAX = 100 }; /* handlers that run within one another */

/* After a statement: the next one, or out to a label (LEAVE, ITERATE) or a scope (an EXIT handler's). */
typedef enum FlowKind { FLOW_NEXT, FLOW_LEAVE, FLOW_ITERATE } FlowKind;
typedef struct Flow {
    FlowKind kind;
    const char *label; /* NULL: `scope` */
    int64_t scope;
} Flow;

static Status exec(ScriptRun *s, const Node *n, Flow *flow, Error *err);

static bool flow_is(const Flow *flow, FlowKind kind, const char *label)
{
    return flow->kind == kind && flow->label && label && str_ieq(flow->label, label);
}

static Status check_interrupt(const ScriptRun *s, Error *err)
{
    if (!s->run->execution || !execution_is_interrupted(s->run->execution))
        return ST_OK;
    return FAIL_CODE(err, ST_CANCELLED, "OPERATION_CANCELED", "Operation has been canceled.");
}

/* ---- statements and conditions: each a Run of its own */

typedef Status (*Body)(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err);

static Status in_child(ScriptRun *s, Body body, const Node *n, void *arg, Error *err)
{
    TRY(check_interrupt(s, err));
    arena_auto *a = arena_new();
    Run child;
    run_child(&child, s->run, a);
    Status status = body(s, &child, n, arg, err);
    if (status != ST_OK && child.query != s->query)
        s->run->query = arena_str(s->run->arena, child.query); /* of an EXECUTE IMMEDIATE: the error points into it */
    run_child_done(&child);
    return status;
}

static Status statement(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err)
{
    Node *plan = (Node *)(uintptr_t)n, *bound;
    Rows *rows;
    (void)arg;
    if (node_is(ExecuteImmediate, n)) {
        TRY(variable_execute_immediate(r, node_as(ExecuteImmediate, n), &plan, err));
        if (!node_is(SetVariable, plan) || !node_as(SetVariable, plan)->isolated)
            r->script = NULL; /* its statement sees no local variables */
    }
    if (command_is(plan))
        return command_run(r, plan, &rows, err);
    TRY(run_bind_node(r, plan, &bound, err));
    return s->take(s->take_arg, r, bound, err);
}

static Status not_boolean(Run *r, const Node *n, Error *err)
{
    char *text = arena_str(r->arena, command_text(r, n));
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    return spark_error(err, n, "INVALID_BOOLEAN_STATEMENT", "22546",
                       "Boolean statement is expected in the condition, but <invalidStatement> was found.", "invalidStatement", text, NULL);
}

/* NULL is false. */
static Status condition(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err)
{
    bool *ret_holds = arg;
    Node *literal;
    (void)s;
    TRY(variable_evaluate(r, (Node *)(uintptr_t)n, NULL, &literal, err));
    if (node_as(Literal, literal)->of->kind != TYPE_BOOLEAN)
        return not_boolean(r, n, err);
    const Value *v = node_as(Literal, literal)->value;
    *ret_holds = !v->is_null && v->i;
    return ST_OK;
}

static Status holds(ScriptRun *s, const Node *n, bool *ret_holds, Error *err)
{
    return in_child(s, condition, n, ret_holds, err);
}

/* ---- handlers */

static Status run_handler(ScriptRun *s, const DeclareHandler *h, int64_t scope, Error *err)
{
    Flow inner = { 0 }; /* where the body would go ends with it: LEAVE reaches no label outside, as in Spark */
    if (s->nframes > HANDLERS_MAX)
        return FAIL_CODE(err, ST_LIMIT, "FAILED_TO_PARSE_TOO_COMPLEX", "More than %d handlers run within one another.", HANDLERS_MAX);
    script_enter_frame(s, scope);
    Status status = exec(s, h->body, &inner, err);
    script_leave_frame(s);
    return status;
}

/* A statement has failed: its handler runs, and *flow says where it goes on; without a handler the failure stays. */
static Status handled(ScriptRun *s, Status status, Flow *flow, Error *err)
{
    int64_t scope = 0;
    if (status == ST_OK || status == ST_CANCELLED || !err->code[0])
        return status;
    if (!err->sqlstate[0])
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", error_condition_state(err->code));
    const DeclareHandler *h = err->sqlstate[0] ? script_find_handler(s, err, &scope) : NULL;
    if (!h)
        return status;
    *err = ERROR_INIT;
    s->run->query = s->query;
    TRY(run_handler(s, h, scope, err));
    *flow = h->continues ? (Flow){ 0 } : (Flow){ FLOW_LEAVE, NULL, scope };
    return ST_OK;
}

/* ---- blocks, branches, loops */

static Status exec_body(ScriptRun *s, const CompoundBody *body, Flow *flow, Error *err)
{
    int64_t scope = body->scope ? script_enter_scope(s, body->label, &body->statements) : 0;
    Status status = ST_OK;
    for (size_t i = 0; i < body->statements.len && status == ST_OK && flow->kind == FLOW_NEXT; i++)
        if (!node_is(DeclareCondition, body->statements.at[i]) && !node_is(DeclareHandler, body->statements.at[i]))
            status = exec(s, body->statements.at[i], flow, err);
    if (!scope)
        return status;
    script_leave_scope(s, scope);
    if (flow_is(flow, FLOW_LEAVE, body->label) || (flow->kind == FLOW_LEAVE && !flow->label && flow->scope == scope))
        *flow = (Flow){ 0 };
    return status;
}

/* operand = condition, the operand being evaluated once */
static Status evaluate_operand(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err)
{
    Node *literal;
    TRY(variable_evaluate(r, (Node *)(uintptr_t)n, NULL, &literal, err));
    *(KeptPlan **)arg = keep_plan(literal);
    (void)s;
    return ST_OK;
}

static Node *comparison(Arena *a, const Node *operand, Node *value)
{
    NodeList args = { 0 };
    StrList name = { 0 };
    vec_push(a, &name, "=");
    vec_push(a, &args, (Node *)(uintptr_t)operand);
    vec_push(a, &args, value);
    return node_at(node_new(a, Function, .name = name, .args = args, .is_operator = true), value->start, value->stop);
}

static Status find_branch(ScriptRun *s, const Branch *b, const Node *operand, Arena *a, const Node **ret_body, Error *err)
{
    *ret_body = b->otherwise;
    for (size_t i = 0; i < b->conditions.len; i++) {
        bool yes = false;
        const Node *n = b->conditions.at[i];
        TRY(holds(s, operand ? comparison(a, operand, b->conditions.at[i]) : n, &yes, err));
        if (yes) {
            *ret_body = b->bodies.at[i];
            return ST_OK;
        }
    }
    return ST_OK;
}

static Status exec_branch(ScriptRun *s, const Branch *b, Flow *flow, Error *err)
{
    arena_auto *a = arena_new();
    KeptPlan *operand = NULL;
    const Node *body = NULL;
    Status status = b->operand ? in_child(s, evaluate_operand, b->operand, &operand, err) : ST_OK;
    if (status == ST_OK)
        status = find_branch(s, b, operand ? kept_plan_use(operand, a) : NULL, a, &body, err);
    kept_plan_unref(operand);
    if (status != ST_OK)
        return handled(s, status, flow, err);
    return body ? exec(s, body, flow, err) : ST_OK;
}

/* What a loop's body ended with. Returns whether the loop goes on. */
static bool goes_on(const char *label, Flow *flow)
{
    bool again = flow->kind == FLOW_NEXT || flow_is(flow, FLOW_ITERATE, label);
    if (again || flow_is(flow, FLOW_LEAVE, label))
        *flow = (Flow){ 0 };
    return again;
}

static Status exec_loop(ScriptRun *s, const Loop *l, Flow *flow, Error *err)
{
    for (;;) {
        bool yes = true;
        TRY(check_interrupt(s, err));
        Status status = l->loop == LOOP_WHILE ? holds(s, l->condition, &yes, err) : ST_OK;
        if (status != ST_OK)
            return handled(s, status, flow, err);
        if (!yes)
            return ST_OK;
        TRY(exec(s, l->body, flow, err));
        if (!goes_on(l->label, flow))
            return ST_OK;
        if (l->loop != LOOP_REPEAT)
            continue;
        status = holds(s, l->condition, &yes, err);
        if (status != ST_OK)
            return handled(s, status, flow, err);
        if (yes)
            return ST_OK;
    }
}

/* ---- FOR */

typedef struct ForRows {
    Arena *arena;
    Rows *rows;
} ForRows;

static Status collect_for(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err)
{
    ForRows *f = arg;
    Node *bound;
    (void)s;
    TRY(run_bind_node(r, (Node *)(uintptr_t)n, &bound, err));
    Arena *own = r->arena;
    r->arena = f->arena; /* the rows outlive the statement */
    Status status = run_collect(r, bound, SIZE_MAX, &f->rows, err);
    r->arena = own;
    if (status == ST_OK)
        f->rows->schema = type_copy(f->arena, f->rows->schema);
    return status;
}

typedef struct ForRow {
    const Rows *rows;
    const Value *values;
} ForRow;

/* Each column is a variable of the scope. */
static Status declare_row(ScriptRun *s, Run *r, const Node *n, void *arg, Error *err)
{
    const ForRow *row = arg;
    const Type *schema = row->rows->schema;
    (void)n;
    for (size_t i = 0; i < schema->nfields; i++) {
        const char *shown;
        Node *value = node_new(r->arena, Literal, .value = &row->values[i], .of = schema->fields[i].type);
        Node *unset = variable_null(r, schema->fields[i].type);
        if (!script_declare(s, r->arena, schema->fields[i].name, node_new(r->arena, Assignment, .target = value, .value = unset), &shown))
            return spark_error(err, NULL, "VARIABLE_ALREADY_EXISTS", "42723",
                               "Cannot create the variable <variableName> because it already exists.\nChoose a different name, or drop or "
                               "replace the existing variable.",
                               "variableName", shown, NULL);
    }
    return ST_OK;
}

static Status exec_for_row(ScriptRun *s, const ForLoop *f, const Rows *rows, size_t i, Flow *flow, Error *err)
{
    ForRow row = { rows, rows->at.at[i] };
    int64_t scope = script_enter_scope(s, f->variable, NULL);
    Status status = in_child(s, declare_row, NULL, &row, err);
    status = status == ST_OK ? exec(s, f->body, flow, err) : handled(s, status, flow, err);
    script_leave_scope(s, scope);
    return status;
}

static Status exec_for(ScriptRun *s, const ForLoop *f, Flow *flow, Error *err)
{
    arena_auto *a = arena_new();
    ForRows rows = { .arena = a };
    Status status = in_child(s, collect_for, f->query, &rows, err);
    if (status != ST_OK)
        return handled(s, status, flow, err);
    for (size_t i = 0; i < rows.rows->at.len; i++) {
        TRY(exec_for_row(s, f, rows.rows, i, flow, err));
        if (!goes_on(f->label, flow))
            return ST_OK;
    }
    return ST_OK;
}

static Status exec(ScriptRun *s, const Node *n, Flow *flow, Error *err)
{
    switch (n->kind) {
    case NODE_CompoundBody:
        return exec_body(s, node_as(CompoundBody, n), flow, err);
    case NODE_Branch:
        return exec_branch(s, node_as(Branch, n), flow, err);
    case NODE_Loop:
        return exec_loop(s, node_as(Loop, n), flow, err);
    case NODE_ForLoop:
        return exec_for(s, node_as(ForLoop, n), flow, err);
    case NODE_Jump:
        *flow = (Flow){ node_as(Jump, n)->iterate ? FLOW_ITERATE : FLOW_LEAVE, node_as(Jump, n)->label, 0 };
        return ST_OK;
    default:
        return handled(s, in_child(s, statement, n, NULL, err), flow, err);
    }
}

Status script_run(Run *r, const Node *compound_body, ScriptTake take, void *arg, Error *err)
{
    Error own = ERROR_INIT;
    Flow flow = { 0 };
    EngineSession *engine;
    ScriptRun s = { .run = r, .take = take, .take_arg = arg, .query = r->query };
    TRY(run_engine(r, &engine, err));
    r->script = &s;
    script_enter_frame(&s, 0);
    Status status = exec(&s, compound_body, &flow, &own);
    r->script = NULL;
    script_done(&s);
    if (status != ST_OK && err)
        *err = own;
    return status;
}

/* ---- the answer: the rows of the last query */

typedef struct Answer {
    struct ArrowBuffer stream;
    Arena *arena; /* of the schema; NULL: no query ran */
    const Type *schema;
    int64_t rows;
} Answer;

static void answer_done(Answer *a)
{
    ArrowBufferReset(&a->stream);
    arena_free(a->arena);
}

typedef struct Encoder {
    ArrowStream stream;
    Answer *answer;
    bool begun;
} Encoder;

static Status encode_batch(void *arg, const struct ArrowSchema *schema, const struct ArrowArray *batch, Error *err)
{
    Encoder *e = arg;
    if (!e->begun)
        TRY(arrow_stream_begin(&e->stream, schema, &e->answer->stream, err));
    e->begun = true;
    e->answer->rows += batch->length;
    return arrow_stream_add(&e->stream, batch, err);
}

static Status encode(Run *r, const Node *bound, Answer *answer, Error *err)
{
    Encoder e = { .answer = answer };
    Status status = run_each_or_empty(r, bound, encode_batch, &e, err);
    if (status == ST_OK)
        status = arrow_stream_end(&e.stream, err);
    arrow_stream_done(&e.stream);
    return status;
}

static Status take_answer(void *arg, Run *r, Node *bound, Error *err)
{
    Answer *last = arg, next = { .arena = arena_new() };
    ArrowBufferInit(&next.stream);
    next.schema = type_copy(next.arena, bind_schema_type(r->arena, bound));
    Status status = encode(r, bound, &next, err);
    if (status != ST_OK) {
        answer_done(&next);
        return status;
    }
    answer_done(last);
    *last = next;
    return ST_OK;
}

typedef Status (*Respond)(Run *r, const Answer *answer, Error *err);

static Status respond(Run *r, const Node *body, Respond send, Error *err)
{
    Answer answer = { 0 };
    ArrowBufferInit(&answer.stream);
    Status status = script_run(r, body, take_answer, &answer, err);
    if (status == ST_OK)
        status = send(r, &answer, err);
    answer_done(&answer);
    return status;
}

static Status send_relation(Run *r, const Answer *answer, Error *err)
{
    struct ArrowBuffer nothing;
    if (answer->arena)
        return command_respond_local(r, answer->schema, &answer->stream, err);
    ArrowBufferInit(&nothing);
    const Rows *rows = command_nothing(r);
    Status status = arrow_encode_rows(rows, &nothing, err);
    if (status == ST_OK)
        status = command_respond_local(r, rows->schema, &nothing, err);
    ArrowBufferReset(&nothing);
    return status;
}

static Status send_rows(Run *r, const Answer *answer, Error *err)
{
    if (!answer->arena)
        return run_respond_rows(r, command_nothing(r), err);
    r->next_schema = answer->schema;
    return run_respond_batch(r, &answer->stream, answer->rows, 0, err);
}

Status script_respond_relation(Run *r, const Node *compound_body, Error *err)
{
    return respond(r, compound_body, send_relation, err);
}

Status script_respond_rows(Run *r, const Node *compound_body, Error *err)
{
    return respond(r, compound_body, send_rows, err);
}
