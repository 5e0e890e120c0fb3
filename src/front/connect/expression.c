/* front/connect/expression.c -- Expression messages to ir expressions. Source: expressions.proto, SparkConnectPlanner. */
#include "front/connect/internal.h"

typedef Spark__Connect__Expression Message;
#define CASE(name) SPARK__CONNECT__EXPRESSION__EXPR_TYPE_##name

Status expression_list(Connect *c, Message *const *list, size_t n, NodeList *ret)
{
    NodeList nodes = { 0 };
    for (size_t i = 0; i < n; i++) {
        Node *node;
        TRY(expression_node(c, list[i], &node));
        vec_push(c->a, &nodes, node);
    }
    *ret = nodes;
    return ST_OK;
}

static StrList one_name(Connect *c, const char *name)
{
    StrList names = { 0 };
    vec_push(c->a, &names, name);
    return names;
}

static Status attribute_of(Connect *c, const Spark__Connect__Expression__UnresolvedAttribute *x, Node **ret)
{
    StrList name;
    TRY(connect_name(c->a, x->unparsed_identifier, &name, c->err));
    *ret = node_new(c->a, Attribute, .name = name, .of = x->has_plan_id ? plan_reference(x->plan_id) : 0,
                    .metadata_column = x->has_is_metadata_column && x->is_metadata_column);
    return ST_OK;
}

/* CASE from when(condition, value, …[, otherwise]). */
static Status case_of(Connect *c, const NodeList *args, Node **ret)
{
    NodeList whens = { 0 }, thens = { 0 };
    for (size_t i = 0; i + 1 < args->len; i += 2) {
        vec_push(c->a, &whens, args->at[i]);
        vec_push(c->a, &thens, args->at[i + 1]);
    }
    *ret = node_new(c->a, Case, .whens = whens, .thens = thens, .otherwise = args->len % 2 ? args->at[args->len - 1] : NULL);
    return ST_OK;
}

/* The names that Connect's Column methods give to operators, where they differ from functions.def's. */
static const char *operator_name(const char *name)
{
    static const char *const renamed[][2] = { { "==", "=" },      { "<>", "!=" },          { "!", "not" },
                                              { "isNull", "isnull" }, { "isNotNull", "isnotnull" } };
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (str_eq(name, renamed[i][0]))
            return renamed[i][1];
    return name;
}

static bool is_operator(const char *name)
{
    static const char *const operators[] = { "+", "-", "*", "/", "%", "div", "&", "|", "^", "~", "||", "=", "<=>", "<", "<=", ">",
                                             ">=", "!=", "and", "or", "not", "like", "ilike", "rlike", "isnull", "isnotnull",
                                             "positive", "negative" };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (str_ieq(name, operators[i]))
            return true;
    return false;
}

static Status function_of(Connect *c, const Spark__Connect__Expression__UnresolvedFunction *f, Node **ret)
{
    NodeList args;
    TRY(expression_list(c, f->arguments, f->n_arguments, &args));
    const char *name = f->function_name ? f->function_name : "";
    if (str_ieq(name, "when") && args.len >= 2)
        return case_of(c, &args, ret);
    if (str_ieq(name, "in") && args.len >= 1) {
        NodeList items = { .at = args.at + 1, .len = args.len - 1, .cap = args.len - 1 };
        *ret = node_new(c->a, InList, .child = args.at[0], .items = items);
        return ST_OK;
    }
    StrList names;
    if (f->has_is_user_defined_function && f->is_user_defined_function)
        TRY(connect_name(c->a, name, &names, c->err));
    else
        names = one_name(c, operator_name(name));
    *ret = node_new(c->a, Function, .name = names, .args = args, .distinct = f->has_is_distinct && f->is_distinct,
                    .is_operator = is_operator(names.at[0]), .is_internal = true);
    return ST_OK;
}

static Status star_of(Connect *c, const Spark__Connect__Expression__UnresolvedStar *s, Node **ret)
{
    StrList target = { 0 };
    if (s->unparsed_target && *s->unparsed_target) {
        if (!str_ends(s->unparsed_target, ".*"))
            return invalid(c, "UnresolvedStar requires a unparsed target ending with '.*'. Instead, got '%s'.", s->unparsed_target);
        TRY(connect_name(c->a, arena_strn(c->a, s->unparsed_target, strlen(s->unparsed_target) - 2), &target, c->err));
    }
    *ret = node_new(c->a, Star, .target = target, .of = s->has_plan_id ? plan_reference(s->plan_id) : 0);
    return ST_OK;
}

/* `pattern` in backticks is a pattern; anything else a column's name. */
static Status regex_of(Connect *c, const Spark__Connect__Expression__UnresolvedRegex *r, Node **ret)
{
    const char *name = r->col_name ? r->col_name : "";
    size_t n = strlen(name);
    int64_t of = r->has_plan_id ? plan_reference(r->plan_id) : 0;
    if (n >= 2 && name[0] == '`' && name[n - 1] == '`' && !memchr(name + 1, '`', n - 2)) {
        *ret = node_new(c->a, AttributeRegex, .pattern = arena_strn(c->a, name + 1, n - 2), .of = of);
        return ST_OK;
    }
    StrList parts;
    TRY(connect_name(c->a, name, &parts, c->err));
    *ret = node_new(c->a, Attribute, .name = parts, .of = of);
    return ST_OK;
}

Status alias_node(Connect *c, const Spark__Connect__Expression__Alias *alias, Node **ret)
{
    Node *child;
    TRY(expression_node(c, alias->expr, &child));
    if (alias->n_name == 0)
        return invalid(c, "An alias has no name.");
    *ret = node_new(c->a, Alias, .child = child, .names = text_list(c, alias->name, alias->n_name), .metadata = alias->metadata);
    return ST_OK;
}

static Status cast_of(Connect *c, const Spark__Connect__Expression__Cast *x, Node **ret)
{
    Node *child;
    TRY(expression_node(c, x->expr, &child));
    const Type *to = NULL;
    if (x->cast_to_type_case == SPARK__CONNECT__EXPRESSION__CAST__CAST_TO_TYPE_TYPE)
        TRY(type_of(c, x->type, &to));
    else if (x->cast_to_type_case == SPARK__CONNECT__EXPRESSION__CAST__CAST_TO_TYPE_TYPE_STR)
        TRY(c->options->parse_type(c->options->self, c->a, x->type_str, &to, c->err));
    else
        return invalid(c, "A cast has no type.");
    static const CastMode modes[] = { CAST_SESSION, CAST_LEGACY, CAST_ANSI, CAST_TRY };
    size_t mode = x->has_eval_mode ? (size_t)x->eval_mode : 0;
    if (mode >= sizeof modes / sizeof *modes)
        return unsupported(c, "Expression.Cast with this eval_mode");
    *ret = node_new(c->a, Cast, .child = child, .to = to, .mode = modes[mode]);
    return ST_OK;
}

Status sort_order_node(Connect *c, const Spark__Connect__Expression__SortOrder *o, Node **ret)
{
    Node *child;
    TRY(expression_node(c, o->child, &child));
    bool descending = o->has_direction && o->direction == SPARK__CONNECT__EXPRESSION__SORT_ORDER__SORT_DIRECTION__SORT_DIRECTION_DESCENDING;
    NullOrder nulls = NULLS_DEFAULT;
    if (o->has_null_ordering && o->null_ordering == SPARK__CONNECT__EXPRESSION__SORT_ORDER__NULL_ORDERING__SORT_NULLS_FIRST)
        nulls = NULLS_FIRST;
    if (o->has_null_ordering && o->null_ordering == SPARK__CONNECT__EXPRESSION__SORT_ORDER__NULL_ORDERING__SORT_NULLS_LAST)
        nulls = NULLS_LAST;
    *ret = node_new(c->a, SortOrder, .child = child, .direction = descending ? SORT_DESC : SORT_ASC, .nulls = nulls);
    return ST_OK;
}

static Status boundary_of(Connect *c, const Spark__Connect__Expression__Window__WindowFrame__FrameBoundary *b, int64_t *ret_kind,
                          Node **ret)
{
    *ret = NULL;
    *ret_kind = BOUND_CURRENT;
    if (!b)
        return invalid(c, "A window frame lacks a boundary.");
    switch (b->boundary_case) {
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_CURRENT_ROW:
        return ST_OK;
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_UNBOUNDED:
        *ret_kind = BOUND_UNBOUNDED;
        return ST_OK;
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_VALUE:
        *ret_kind = BOUND_VALUE;
        return expression_node(c, b->value, ret);
    default:
        return invalid(c, "A window frame's boundary is empty.");
    }
}

static Status window_of(Connect *c, const Spark__Connect__Expression__Window *w, Node **ret)
{
    Node *function, *frame = NULL;
    NodeList partitions, orders = { 0 };
    TRY(expression_node(c, w->window_function, &function));
    TRY(expression_list(c, w->partition_spec, w->n_partition_spec, &partitions));
    for (size_t i = 0; i < w->n_order_spec; i++) {
        Node *order;
        TRY(sort_order_node(c, w->order_spec[i], &order));
        vec_push(c->a, &orders, order);
    }
    if (w->frame_spec) {
        int64_t lower_kind, upper_kind;
        Node *lower, *upper;
        TRY(boundary_of(c, w->frame_spec->lower, &lower_kind, &lower));
        TRY(boundary_of(c, w->frame_spec->upper, &upper_kind, &upper));
        bool rows = w->frame_spec->frame_type == SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_TYPE__FRAME_TYPE_ROW;
        frame = node_new(c->a, Frame, .unit = rows ? FRAME_ROWS : FRAME_RANGE, .lower_kind = lower_kind, .lower = lower,
                         .upper_kind = upper_kind, .upper = upper);
    }
    *ret = node_new(c->a, Window, .function = function, .partitions = partitions, .orders = orders, .frame = frame);
    return ST_OK;
}

static Node *variable_of(Connect *c, const Spark__Connect__Expression__UnresolvedNamedLambdaVariable *v)
{
    return node_new(c->a, LambdaVariable, .name = v->n_name_parts ? v->name_parts[0] : "");
}

static Status lambda_of(Connect *c, const Spark__Connect__Expression__LambdaFunction *l, Node **ret)
{
    Node *body;
    TRY(expression_node(c, l->function, &body));
    NodeList params = { 0 };
    for (size_t i = 0; i < l->n_arguments; i++)
        vec_push(c->a, &params, variable_of(c, l->arguments[i]));
    *ret = node_new(c->a, Lambda, .body = body, .params = params);
    return ST_OK;
}

Status udf_node(Connect *c, const Spark__Connect__CommonInlineUserDefinedFunction *f, Node **ret)
{
    if (!f)
        return invalid(c, "A user-defined function is missing.");
    if (f->function_case == SPARK__CONNECT__COMMON_INLINE_USER_DEFINED_FUNCTION__FUNCTION_SCALAR_SCALA_UDF)
        return unsupported(c, "ScalarScalaUDF");
    if (f->function_case != SPARK__CONNECT__COMMON_INLINE_USER_DEFINED_FUNCTION__FUNCTION_PYTHON_UDF)
        return unsupported(c, "JavaUDF");
    const Spark__Connect__PythonUDF *p = f->python_udf;
    NodeList args;
    TRY(expression_list(c, f->arguments, f->n_arguments, &args));
    const Type *returns = NULL;
    if (p->output_type)
        TRY(type_of(c, p->output_type, &returns));
    *ret = node_new(c->a, PythonUdf, .name = f->function_name, .eval_type = p->eval_type,
                    .command = p->has_command ? base64_encode(c->a, p->command.data, p->command.len) : NULL, .python_version = p->python_ver,
                    .returns = returns, .args = args, .deterministic = f->has_deterministic && f->deterministic);
    return ST_OK;
}

Status udtf_node(Connect *c, const Spark__Connect__CommonInlineUserDefinedTableFunction *f, Node **ret)
{
    const Spark__Connect__PythonUDTF *p = f ? f->python_udtf : NULL;
    if (!p)
        return invalid(c, "A user-defined table function is missing.");
    const Type *returns = NULL;
    if (p->return_type)
        TRY(type_of(c, p->return_type, &returns));
    *ret = node_new(c->a, PythonUdf, .name = f->function_name, .eval_type = p->eval_type,
                    .command = p->has_command ? base64_encode(c->a, p->command.data, p->command.len) : NULL,
                    .python_version = p->python_ver, .returns = returns, .deterministic = f->has_deterministic && f->deterministic);
    return ST_OK;
}

static Status call_of(Connect *c, const Spark__Connect__CallFunction *f, Node **ret)
{
    StrList names;
    NodeList args;
    TRY(connect_name(c->a, f->function_name, &names, c->err));
    TRY(expression_list(c, f->arguments, f->n_arguments, &args));
    *ret = node_new(c->a, Function, .name = names, .args = args);
    return ST_OK;
}

static const Spark__Connect__Relation *reference(const Connect *c, int64_t plan_id)
{
    for (const References *level = c->references; level; level = level->outer)
        for (size_t i = 0; i < level->len; i++)
            if (level->at[i]->common && level->at[i]->common->has_plan_id && level->at[i]->common->plan_id == plan_id)
                return level->at[i];
    return NULL;
}

static Status table_options(Connect *c, const Spark__Connect__SubqueryExpression__TableArgOptions *o, Subquery *table)
{
    table->single_partition = o->has_with_single_partition && o->with_single_partition;
    TRY(expression_list(c, o->partition_spec, o->n_partition_spec, &table->partition_by));
    for (size_t i = 0; i < o->n_order_spec; i++) {
        Node *order;
        TRY(sort_order_node(c, o->order_spec[i], &order));
        vec_push(c->a, &table->orders, order);
    }
    return ST_OK;
}

static Status subquery_of(Connect *c, const Spark__Connect__SubqueryExpression *s, Node **ret)
{
    const Spark__Connect__Relation *relation = reference(c, s->plan_id);
    if (!relation)
        return invalid(c, "A subquery refers to the plan %lld, which is not there.", (long long)s->plan_id);
    int kind = SUBQUERY_SCALAR;
    switch (s->subquery_type) {
    case SPARK__CONNECT__SUBQUERY_EXPRESSION__SUBQUERY_TYPE__SUBQUERY_TYPE_SCALAR:
        break;
    case SPARK__CONNECT__SUBQUERY_EXPRESSION__SUBQUERY_TYPE__SUBQUERY_TYPE_EXISTS:
        kind = SUBQUERY_EXISTS;
        break;
    case SPARK__CONNECT__SUBQUERY_EXPRESSION__SUBQUERY_TYPE__SUBQUERY_TYPE_IN:
        kind = SUBQUERY_IN;
        break;
    case SPARK__CONNECT__SUBQUERY_EXPRESSION__SUBQUERY_TYPE__SUBQUERY_TYPE_TABLE_ARG:
        kind = SUBQUERY_TABLE;
        break;
    default:
        return unsupported(c, "SubqueryExpression of this type");
    }
    Node *plan;
    NodeList operands;
    TRY(relation_node(c, relation, &plan));
    TRY(expression_list(c, s->in_subquery_values, s->n_in_subquery_values, &operands));
    Subquery *made = (Subquery *)(void *)node_new(c->a, Subquery, .subquery = kind, .plan = plan, .operands = operands);
    *ret = &made->node;
    return kind == SUBQUERY_TABLE && s->table_arg_options ? table_options(c, s->table_arg_options, made) : ST_OK;
}

static Status extract_of(Connect *c, const Spark__Connect__Expression__UnresolvedExtractValue *x, Node **ret)
{
    Node *child, *key;
    TRY(expression_node(c, x->child, &child));
    TRY(expression_node(c, x->extraction, &key));
    *ret = node_new(c->a, Extract, .child = child, .key = key);
    return ST_OK;
}

/* "a.b": the field a with its field b changed. */
static Node *updated(Connect *c, Node *child, const StrList *path, size_t at, Node *value)
{
    if (at + 1 < path->len) {
        Value *name = ARENA_NEW(c->a, Value);
        *name = (Value){ .text = path->at[at], .text_len = strlen(path->at[at]) };
        Node *key = node_new(c->a, Literal, .value = name, .of = &type_string);
        value = updated(c, node_new(c->a, Extract, .child = child, .key = key), path, at + 1, value);
    }
    return node_new(c->a, UpdateFields, .child = child, .field = path->at[at], .value = value);
}

static Status update_of(Connect *c, const Spark__Connect__Expression__UpdateFields *u, Node **ret)
{
    Node *child, *value = NULL;
    StrList path;
    TRY(expression_node(c, u->struct_expression, &child));
    if (u->value_expression)
        TRY(expression_node(c, u->value_expression, &value));
    TRY(connect_name(c->a, u->field_name, &path, c->err));
    *ret = updated(c, child, &path, 0, value);
    return ST_OK;
}

static Status named_argument_of(Connect *c, const Spark__Connect__NamedArgumentExpression *n, Node **ret)
{
    Node *value;
    TRY(expression_node(c, n->value, &value));
    *ret = node_new(c->a, NamedArgument, .key = n->key, .value = value);
    return ST_OK;
}

static Status dispatch(Connect *c, const Message *e, Node **ret)
{
    switch (e->expr_type_case) {
    case CASE(LITERAL):
        return literal_node(c, e->literal, ret);
    case CASE(UNRESOLVED_ATTRIBUTE):
        return attribute_of(c, e->unresolved_attribute, ret);
    case CASE(UNRESOLVED_FUNCTION):
        return function_of(c, e->unresolved_function, ret);
    case CASE(EXPRESSION_STRING):
        return c->options->parse_expression(c->options->self, c->a, e->expression_string->expression, ret, c->err);
    case CASE(UNRESOLVED_STAR):
        return star_of(c, e->unresolved_star, ret);
    case CASE(ALIAS):
        return alias_node(c, e->alias, ret);
    case CASE(CAST):
        return cast_of(c, e->cast, ret);
    case CASE(UNRESOLVED_REGEX):
        return regex_of(c, e->unresolved_regex, ret);
    case CASE(SORT_ORDER):
        return sort_order_node(c, e->sort_order, ret);
    case CASE(LAMBDA_FUNCTION):
        return lambda_of(c, e->lambda_function, ret);
    case CASE(WINDOW):
        return window_of(c, e->window, ret);
    case CASE(UNRESOLVED_EXTRACT_VALUE):
        return extract_of(c, e->unresolved_extract_value, ret);
    case CASE(UPDATE_FIELDS):
        return update_of(c, e->update_fields, ret);
    case CASE(UNRESOLVED_NAMED_LAMBDA_VARIABLE):
        *ret = variable_of(c, e->unresolved_named_lambda_variable);
        return ST_OK;
    case CASE(COMMON_INLINE_USER_DEFINED_FUNCTION):
        return udf_node(c, e->common_inline_user_defined_function, ret);
    case CASE(CALL_FUNCTION):
        return call_of(c, e->call_function, ret);
    case CASE(NAMED_ARGUMENT_EXPRESSION):
        return named_argument_of(c, e->named_argument_expression, ret);
    case CASE(SUBQUERY_EXPRESSION):
        return subquery_of(c, e->subquery_expression, ret);
    case CASE(MERGE_ACTION):
        return invalid(c, "A merge action stands outside of a merge.");
    case CASE(TYPED_AGGREGATE_EXPRESSION):
        return unsupported(c, "TypedAggregateExpression");
    case CASE(DIRECT_SHUFFLE_PARTITION_ID):
        return unsupported(c, "Expression.DirectShufflePartitionID");
    case CASE(EXTENSION):
        return unsupported(c, "Expression.extension");
    default:
        return invalid(c, "An expression has no kind that this version knows.");
    }
}

Status expression_node(Connect *c, const Message *e, Node **ret)
{
    if (!e)
        return invalid(c, "An expression is missing.");
    TRY(enter(c));
    Status status = dispatch(c, e, ret);
    c->depth--;
    return status;
}
