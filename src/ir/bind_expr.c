/* ir/bind_expr.c -- expressions bottom-up: children bound, then coerced and typed. Functions are in bind_function.c. */
#include "ir/binder.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

Node *typed(Node *n, const Type *type, bool nullable, const Node *at)
{
    n->type = type;
    n->nullable = nullable;
    return at ? node_at(n, at->start, at->stop) : n;
}

static Node *literal(Binder *b, Value v, const Type *type)
{
    const Value *copy = arena_copy(b->a, &v, sizeof v);
    return typed(node_new(b->a, Literal, .value = copy, .of = type), type, v.is_null, NULL);
}

Node *make_literal_int(Binder *b, int64_t i, const Type *type)
{
    return literal(b, (Value){ .i = i }, type);
}

Node *make_literal_bool(Binder *b, bool v)
{
    return literal(b, (Value){ .i = v }, &type_boolean);
}

Node *make_literal_string(Binder *b, const char *text)
{
    return literal(b, (Value){ .text = text, .text_len = strlen(text) }, &type_string);
}

Node *make_literal_null(Binder *b, const Type *type)
{
    return literal(b, (Value){ .is_null = true }, type);
}

/* ---------------------------------------------------------------- casts */

static Status bad_cast(Binder *b, Node *cast, bool ansi, Error *err)
{
    const Cast *c = node_as(Cast, cast);
    const Type *from = c->child->type;
    const char *class = "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", *function = "";
    const char *text = "Cannot resolve \"<sqlExpr>\" due to data type mismatch: cannot cast \"<srcType>\" to \"<targetType>\".";
    if (ansi && type_is_numeric(from) && c->to->kind == TYPE_DATE)
        function = "`DATE_FROM_UNIX_DATE`";
    else if (ansi && from->kind == TYPE_DATE && type_is_numeric(c->to))
        function = "`UNIX_DATE`";
    if (*function) {
        class = "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION";
        text = "Cannot resolve \"<sqlExpr>\" due to data type mismatch: cannot cast \"<srcType>\" to \"<targetType>\". To convert "
               "values from \"<srcType>\" to \"<targetType>\", you can use the functions <functionNames> instead.";
    } else if (ansi && c->mode != CAST_TRY && cast_valid(false, from, c->to)) {
        class = "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION";
        text = "Cannot resolve \"<sqlExpr>\" due to data type mismatch: cannot cast \"<srcType>\" to \"<targetType>\" with ANSI mode "
               "on. If you have to cast \"<srcType>\" to \"<targetType>\", you can set <config> as <configVal>.";
    }
    bool spatial = type_is_spatial(from) || type_is_spatial(c->to);
    bool bare = !spatial && str_ends(class, "WITHOUT_SUGGESTION"); /* the cast itself is not shown */
    return spark_error(err, cast, class, "42K09", text, "sqlExpr", pretty(b, bare ? c->child : cast), "srcType", type_sql_text(b->a, from),
                       "targetType", type_sql_text(b->a, c->to), "config", "\"spark.sql.ansi.enabled\"", "configVal", "'false'",
                       "functionNames", function, NULL);
}

Status make_cast(Binder *b, Node *child, const Type *to, int64_t mode, const Node *at, Node **ret, Error *err)
{
    bool ansi = mode == CAST_SESSION ? b->ansi : mode != CAST_LEGACY;
    const Type *target = to->kind == TYPE_CHAR || to->kind == TYPE_VARCHAR ? &type_string : to;
    if (mode == CAST_SESSION)
        mode = ansi ? CAST_ANSI : CAST_LEGACY;
    Node *cast = node_new(b->a, Cast, .child = child, .to = target, .mode = mode);
    typed(cast, target, mode == CAST_TRY || child->nullable || cast_forces_null(ansi, child->type, target), at);
    bool nested = child->type->kind == target->kind && (target->kind == TYPE_ARRAY || target->kind == TYPE_MAP || target->kind == TYPE_STRUCT);
    if (!cast_valid(ansi && !(nested && mode == CAST_TRY), child->type, target)) /* canTryCast: what is inside may be cast as without ANSI */
        return bad_cast(b, cast, ansi, err);
    *ret = cast;
    return ST_OK;
}

static Status bind_cast(Binder *b, const Scope *s, const Cast *n, Node **ret, Error *err)
{
    Node *child = NULL;
    const Type *to = n->to;
    TRY(bind_expr(b, s, n->child, &child, err));
    if (!to)
        TRY(b->env->parse_type(b->env->self, b->a, n->to_text, &to, err));
    return make_cast(b, child, to, n->mode, &n->node, ret, err);
}

/* ---------------------------------------------------------------- CASE, IN, rows */

static Status unify_list(Binder *b, NodeList *list, const char *function, const char *text, const Node *at, const Type **ret,
                         Error *err)
{
    const Type *common = &type_null;
    for (size_t i = 0; i < list->len && common; i++)
        common = coerce_wider(b->a, b->ansi, common, list->at[i]->type);
    if (!common) {
        str_auto types = STR_INIT(ERROR_PARAMS_BYTES);
        for (size_t i = 0; i < list->len; i++)
            str_addf(&types, "%s\"%s\"", i ? ", " : "[", type_sql_text(b->a, list->at[i]->type));
        str_addc(&types, ']');
        return spark_error(err, at, "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: Input to <functionName> should all be the "
                           "same type, but it's <dataType>.",
                           "sqlExpr", text, "functionName", sql_id(b->a, function), "dataType", str_text(&types), NULL);
    }
    for (size_t i = 0; i < list->len; i++)
        list->at[i] = coerce_to(b->a, b->ansi, list->at[i], common);
    *ret = common;
    return ST_OK;
}

static Status check_when(Binder *b, const Case *c, size_t i, Error *err)
{
    const Node *when = c->whens.at[i];
    if (when->type->kind == TYPE_BOOLEAN || when->type->kind == TYPE_NULL)
        return ST_OK;
    static const char *const ordinals[] = { "first", "second", "third", "fourth", "fifth" };
    return spark_error(err, when, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                       "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <paramIndex> parameter requires the "
                       "<requiredType> type, however \"<inputSql>\" has the type \"<inputType>\".",
                       "sqlExpr", pretty(b, &c->node), "paramIndex", ordinals[i < 5 ? i : 4], "requiredType", "\"BOOLEAN\"",
                       "inputSql", pretty(b, when), "inputType", type_sql_text(b->a, when->type), NULL);
}

/* Types a Case whose children are bound and whose operand is gone. */
Status make_case(Binder *b, Node *node_case, Node **ret, Error *err)
{
    Case *c = (Case *)(void *)node_copy(b->a, node_case);
    NodeList values = { 0 };
    const Type *common = NULL;
    bool nullable = !c->otherwise || c->otherwise->nullable;
    for (size_t i = 0; i < c->thens.len; i++) {
        TRY(check_when(b, c, i, err));
        c->whens.at[i] = coerce_to(b->a, b->ansi, c->whens.at[i], &type_boolean);
        vec_push(b->a, &values, c->thens.at[i]);
        nullable = nullable || c->thens.at[i]->nullable;
    }
    if (c->otherwise)
        vec_push(b->a, &values, c->otherwise);
    TRY(collate_alike(b, &values, 0, 1, &c->node, false, err));
    TRY(unify_list(b, &values, "casewhen", pretty(b, &c->node), &c->node, &common, err));
    for (size_t i = 0; i < c->thens.len; i++)
        c->thens.at[i] = values.at[i];
    if (c->otherwise)
        c->otherwise = values.at[c->thens.len];
    *ret = typed(&c->node, common, nullable, NULL);
    return ST_OK;
}

static Status bind_case(Binder *b, const Scope *s, const Case *n, Node **ret, Error *err)
{
    Node *operand = NULL, *otherwise = NULL;
    NodeList whens = { 0 }, thens = { 0 };
    if (n->operand)
        TRY(bind_expr(b, s, n->operand, &operand, err));
    for (size_t i = 0; i < n->whens.len; i++) {
        Node *when = NULL, *then = NULL;
        TRY(bind_expr(b, s, n->whens.at[i], &when, err));
        TRY(bind_expr(b, s, n->thens.at[i], &then, err));
        if (operand)
            TRY(make_call2(b, "=", operand, when, n->whens.at[i], &when, err));
        vec_push(b->a, &whens, when);
        vec_push(b->a, &thens, then);
    }
    if (n->otherwise)
        TRY(bind_expr(b, s, n->otherwise, &otherwise, err));
    Node *made = node_new(b->a, Case, .whens = whens, .thens = thens, .otherwise = otherwise);
    return make_case(b, node_at(made, n->node.start, n->node.stop), ret, err);
}

static Status bind_in_list(Binder *b, const Scope *s, const InList *n, Node **ret, Error *err)
{
    NodeList all = { 0 }, items = { 0 };
    Node *child = NULL;
    const Type *common = NULL;
    TRY(bind_expr(b, s, n->child, &child, err));
    vec_push(b->a, &all, child);
    TRY(bind_exprs(b, s, &n->items, &items, err));
    for (size_t i = 0; i < items.len; i++) {
        Node *item = items.at[i];
        bool renamed = child->type->kind == TYPE_STRUCT && type_same_shape(child->type, item->type);
        vec_push(b->a, &all, renamed ? coerce_to(b->a, b->ansi, item, child->type) : item);
    }
    Node *shown = node_at(node_new(b->a, InList, .child = child, .items = items), n->node.start, n->node.stop);
    TRY(collate_alike(b, &all, 0, 1, shown, true, err));
    TRY(unify_list(b, &all, "in", pretty(b, shown), &n->node, &common, err));
    if (!type_is_orderable(common))
        return spark_error(err, &n->node, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: The <functionName> does not support ordering on type <dataType>.", "sqlExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, shown)), "functionName", "`in`", "dataType",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, common)), NULL);
    bool nullable = false;
    NodeList coerced = { 0 };
    for (size_t i = 0; i < all.len; i++) {
        nullable = nullable || all.at[i]->nullable;
        if (i)
            vec_push(b->a, &coerced, all.at[i]);
    }
    *ret = typed(node_new(b->a, InList, .child = all.at[0], .items = coerced), &type_boolean, nullable, &n->node);
    return ST_OK;
}

/* (a, b) is a struct of col1, col2 unless the items have names; one item is itself. */
static Status bind_row(Binder *b, const Scope *s, const Row *n, Node **ret, Error *err)
{
    if (n->items.len == 1)
        return bind_expr(b, s, n->items.at[0], ret, err);
    StrList name = { 0 };
    vec_push(b->a, &name, "struct");
    Node *f = node_at(node_new(b->a, Function, .name = name, .args = n->items), n->node.start, n->node.stop);
    return bind_function(b, s, node_as(Function, f), ret, err);
}

/* ---------------------------------------------------------------- fields and elements */

static Status no_field(Binder *b, const Type *t, const char *field, const Node *at, Error *err)
{
    str_auto fields = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < t->nfields; i++)
        str_addf(&fields, "%s%s", i ? ", " : "", sql_id(b->a, t->fields[i].name));
    return spark_error(err, at, "FIELD_NOT_FOUND", "42704", "No such struct field <fieldName> in <fields>.", "fieldName",
                       sql_id(b->a, field), "fields", str_text(&fields), NULL);
}

Status make_get_field(Binder *b, Node *child, const char *field, const Node *at, Node **ret, Error *err)
{
    bool array = child->type->kind == TYPE_ARRAY;
    const Type *t = array ? child->type->element : child->type;
    size_t count = 0, index = 0;
    if (t->kind != TYPE_STRUCT)
        return spark_error(err, at, "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000",
                           "Can't extract a value from <base>. Need a complex type [STRUCT, ARRAY, MAP] but got <other>.", "base",
                           arena_printf(b->a, "\"%s\"", pretty(b, child)), "other",
                           arena_printf(b->a, "\"%s\"", type_sql_text(b->a, child->type)), NULL);
    for (size_t i = t->nfields; i-- > 0;)
        if (name_equal(b, t->fields[i].name, field)) {
            index = i;
            count++;
        }
    if (!count)
        return no_field(b, t, field, at, err);
    if (count > 1)
        return spark_error(err, at, "AMBIGUOUS_REFERENCE_TO_FIELDS", "42000",
                           "Ambiguous reference to the field <field>. It appears <count> times in the schema.", "field",
                           sql_id(b->a, field), "count", arena_printf(b->a, "%zu", count), NULL);
    const Field *f = &t->fields[index];
    Node *get = node_new(b->a, GetField, .child = child, .field = f->name, .index = (int64_t)index);
    *ret = array ? typed(get, type_array(b->a, f->type, child->type->contains_null || f->nullable), child->nullable, at)
                 : typed(get, f->type, child->nullable || f->nullable, at);
    return ST_OK;
}

static Status bind_extract(Binder *b, const Scope *s, const Extract *n, Node **ret, Error *err)
{
    Node *child = NULL, *key = NULL;
    TRY(bind_expr(b, s, n->child, &child, err));
    TRY(bind_expr(b, s, n->key, &key, err));
    const Type *t = child->type;
    bool text = node_is(Literal, key) && key->type->kind == TYPE_STRING && !node_as(Literal, key)->value->is_null;
    if (t->kind == TYPE_MAP && text && t->key->kind == TYPE_STRING) /* a constant takes the keys' collation */
        key = coerce_to(b->a, b->ansi, key, t->key);
    if (t->kind == TYPE_MAP)
        return make_call2(b, "get_map_value", child, key, &n->node, ret, err);
    if (t->kind == TYPE_STRUCT || (t->kind == TYPE_ARRAY && t->element->kind == TYPE_STRUCT && text)) {
        if (!text)
            return spark_error(err, &n->node, "INVALID_EXTRACT_FIELD_TYPE", "42000",
                               "Field name should be a non-null string literal, but it's <extraction>.", "extraction",
                               arena_printf(b->a, "\"%s\"", pretty(b, key)), NULL);
        const Value *v = node_as(Literal, key)->value;
        return make_get_field(b, child, arena_strn(b->a, v->text, v->text_len), &n->node, ret, err);
    }
    if (t->kind == TYPE_ARRAY)
        return make_call2(b, "get_array_item", child, key, &n->node, ret, err);
    return spark_error(err, &n->node, "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000",
                       "Can't extract a value from <base>. Need a complex type [STRUCT, ARRAY, MAP] but got <other>.", "base",
                       arena_printf(b->a, "\"%s\"", pretty(b, child)), "other",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t)), NULL);
}

/* withField / dropFields: the struct made anew. */
static Status update_fields(Binder *b, const Scope *s, const UpdateFields *n, Node **ret_child, Node **ret_value, Node **ret, Error *err)
{
    Node *child = NULL, *value = NULL;
    TRY(bind_expr(b, s, n->child, &child, err));
    if (n->value)
        TRY(bind_expr(b, s, n->value, &value, err));
    if (child->type->kind != TYPE_STRUCT)
        return spark_error(err, &n->node, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The first parameter requires the \"STRUCT\" "
                           "type, however \"<inputSql>\" has the type \"<inputType>\".",
                           "sqlExpr", pretty(b, child), "inputSql", pretty(b, child), "inputType",
                           type_sql_text(b->a, child->type), NULL);
    NodeList args = { 0 };
    bool replaced = false;
    for (size_t i = 0; i < child->type->nfields; i++) {
        const Field *f = &child->type->fields[i];
        bool mine = name_equal(b, f->name, n->field);
        Node *item = value;
        if (mine && !value)
            continue;
        if (!mine)
            TRY(make_get_field(b, child, f->name, &n->node, &item, err));
        replaced = replaced || mine;
        vec_push(b->a, &args, make_literal_string(b, mine ? n->field : f->name));
        vec_push(b->a, &args, item);
    }
    if (value && !replaced) {
        vec_push(b->a, &args, make_literal_string(b, n->field));
        vec_push(b->a, &args, value);
    }
    if (!args.len)
        return spark_error(err, &n->node, "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: Cannot drop all fields in struct.", "sqlExpr",
                           pretty(b, child), NULL);
    Node *made = NULL;
    *ret_child = child;
    *ret_value = value;
    TRY(make_call(b, "named_struct", &args, &n->node, &made, err));
    if (!child->nullable) {
        *ret = made;
        return ST_OK;
    }
    Node *null = NULL;
    TRY(make_call1(b, "isnull", child, &n->node, &null, err));
    NodeList branches = { 0 };
    vec_push(b->a, &branches, null);
    vec_push(b->a, &branches, make_literal_null(b, made->type));
    vec_push(b->a, &branches, made);
    return make_call(b, "if", &branches, &n->node, ret, err);
}

/* update_fields(s, WithField(1), dropfield()): a chain of them is one. */
static Status bind_update_fields(Binder *b, const Scope *s, const UpdateFields *n, Node **ret, Error *err)
{
    static const char head[] = "update_fields(";
    Node *child = NULL, *value = NULL;
    TRY(update_fields(b, s, n, &child, &value, ret, err));
    const char *before = pretty(b, child), *step = value ? arena_printf(b->a, "WithField(%s)", pretty(b, value)) : "dropfield()";
    bool chained = node_is(UpdateFields, n->child) && str_starts(before, head);
    size_t length = strlen(before) - (chained ? sizeof head : 0); /* without its ")" */
    const char *shown = arena_printf(b->a, "%s%.*s, %s)", head, (int)length, before + (chained ? sizeof head - 1 : 0), step);
    vec_push(b->a, &b->displayed, ((Displayed){ *ret, shown }));
    return ST_OK;
}

/* ---------------------------------------------------------------- the rest */

static Status bind_sort_order(Binder *b, const Scope *s, const SortOrder *n, Node **ret, Error *err)
{
    Node *child = NULL;
    TRY(bind_expr(b, s, n->child, &child, err));
    int64_t nulls = n->nulls != NULLS_DEFAULT ? n->nulls : n->direction == SORT_ASC ? NULLS_FIRST : NULLS_LAST;
    Node *order = typed(node_new(b->a, SortOrder, .child = child, .direction = n->direction, .nulls = nulls), child->type,
                        child->nullable, &n->node);
    if (!type_is_orderable(child->type))
        return spark_error(err, &n->node, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09",
                           "Cannot resolve \"<sqlExpr>\" due to data type mismatch: The <functionName> does not support ordering on "
                           "type \"<dataType>\".",
                           "sqlExpr", pretty(b, order), "functionName", "`sortorder`", "dataType", type_sql_text(b->a, child->type), NULL);
    *ret = order;
    return ST_OK;
}

/* Arguments may be named: f(x, key => y). */
static Status bind_udf_args(Binder *b, const Scope *s, const PythonUdf *n, PythonUdf *udf, Error *err)
{
    NodeList values = { 0 };
    udf->args = (NodeList){ 0 };
    udf->arg_names = (StrList){ 0 };
    for (size_t i = 0; i < n->args.len; i++) {
        const NamedArgument *named = node_is(NamedArgument, n->args.at[i]) ? node_as(NamedArgument, n->args.at[i]) : NULL;
        const char *name = named ? named->key : "";
        bool after = !named && i && *udf->arg_names.at[i - 1];
        if (after)
            return spark_error(err, n->args.at[i], "UNEXPECTED_POSITIONAL_ARGUMENT", "4274K",
                               "Cannot invoke routine `<routineName>` because it contains positional argument(s) following the named "
                               "argument assigned to `<parameterName>`; please rearrange them so the positional arguments come "
                               "first and then retry the query again.",
                               "routineName", n->name, "parameterName", udf->arg_names.at[i - 1], NULL);
        for (size_t k = 0; named && k < i; k++)
            if (str_ieq(udf->arg_names.at[k], name))
                return spark_error(err, n->args.at[i], "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE", "4274K",
                                   "Call to routine `<routineName>` is invalid because it includes multiple argument assignments to "
                                   "the same parameter name `<parameterName>`. More than one named argument referred to the same "
                                   "parameter. Please assign a value only once.",
                                   "routineName", n->name, "parameterName", name, NULL);
        vec_push(b->a, &udf->arg_names, name);
        vec_push(b->a, &values, named ? named->value : n->args.at[i]);
    }
    return bind_exprs(b, s, &values, &udf->args, err);
}

static Status bind_udf(Binder *b, const Scope *s, const PythonUdf *n, Node **ret, Error *err)
{
    PythonUdf *udf = (PythonUdf *)(void *)node_copy(b->a, &n->node);
    b->python = true;
    TRY(bind_udf_args(b, s, n, udf, err));
    if (!udf->returns && !n->returns_text)
        return FAIL_CODE(err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. The function '%s' has no type.", n->name ? n->name : "");
    for (size_t i = 0; is_aggregate(&udf->node) && !s->in_window && i < udf->args.len; i++)
        if (contains_kind(udf->args.at[i], FN_AGGREGATE))
            return nested_aggregate(&n->node, err);
    if (!udf->returns)
        TRY(b->env->parse_type(b->env->self, b->a, n->returns_text, &udf->returns, err));
    *ret = typed(&udf->node, udf->returns, true, NULL);
    return ST_OK;
}

static Status bind_lambda_variable(Binder *b, const Scope *s, const LambdaVariable *n, Node **ret, Error *err)
{
    for (const LambdaScope *l = s->lambdas; l; l = l->outer)
        for (size_t i = 0; i < l->variables->len; i++)
            if (name_equal(b, node_as(LambdaVariable, l->variables->at[i])->name, n->name)) {
                *ret = l->variables->at[i];
                return ST_OK;
            }
    StrList name = { 0 };
    vec_push(b->a, &name, n->name);
    return unresolved_column(b, s->schema, &name, &n->node, err);
}

static Status bind_position(Binder *b, const Scope *s, const InputPosition *n, Node **ret, Error *err)
{
    size_t len = s->schema ? s->schema->len : 0, at = 0;
    for (size_t i = 0; i < len; i++)
        if (!s->schema->at[i].hidden && (int64_t)++at == n->position) {
            *ret = column_ref(b, &s->schema->at[i]);
            return ST_OK;
        }
    return spark_error(err, &n->node, "GROUP_BY_POS_OUT_OF_RANGE", "42805",
                       "GROUP BY position <index> is not in select list (valid range is [1, <size>]).", "index",
                       arena_printf(b->a, "%lld", (long long)n->position), "size", arena_printf(b->a, "%zu", at), NULL);
}

static Status bind_literal(Binder *b, const Literal *n, Node **ret)
{
    *ret = n->node.type ? node_copy(b->a, &n->node) : typed(node_copy(b->a, &n->node), n->of, n->value->is_null, NULL);
    return ST_OK;
}

static bool is_bound(const Node *n)
{
    return n->type && (n->kind == NODE_ColumnRef || n->kind == NODE_Call || n->kind == NODE_GetField || n->kind == NODE_Cast ||
                       n->kind == NODE_Case || n->kind == NODE_Literal || n->kind == NODE_Window || n->kind == NODE_InList ||
                       n->kind == NODE_Subquery || n->kind == NODE_LambdaVariable || n->kind == NODE_PythonUdf);
}

Status bind_expr(Binder *b, const Scope *s, Node *n, Node **ret, Error *err)
{
    if (is_bound(n)) {
        *ret = n;
        return ST_OK;
    }
    switch (n->kind) {
    case NODE_Literal:
        return bind_literal(b, node_as(Literal, n), ret);
    case NODE_Attribute:
        return bind_attribute(b, s, node_as(Attribute, n), ret, err);
    case NODE_Alias:
        return bind_expr(b, s, node_as(Alias, n)->child, ret, err);
    case NODE_Cast:
        return bind_cast(b, s, node_as(Cast, n), ret, err);
    case NODE_Case:
        return bind_case(b, s, node_as(Case, n), ret, err);
    case NODE_Function:
        return bind_function(b, s, node_as(Function, n), ret, err);
    case NODE_InList:
        return bind_in_list(b, s, node_as(InList, n), ret, err);
    case NODE_Row:
        return bind_row(b, s, node_as(Row, n), ret, err);
    case NODE_Extract:
        return bind_extract(b, s, node_as(Extract, n), ret, err);
    case NODE_UpdateFields:
        return bind_update_fields(b, s, node_as(UpdateFields, n), ret, err);
    case NODE_SortOrder:
        return bind_sort_order(b, s, node_as(SortOrder, n), ret, err);
    case NODE_Window:
        return bind_window(b, s, node_as(Window, n), ret, err);
    case NODE_Subquery:
        return bind_subquery(b, s, node_as(Subquery, n), ret, err);
    case NODE_InputPosition:
        return bind_position(b, s, node_as(InputPosition, n), ret, err);
    case NODE_PythonUdf:
        return bind_udf(b, s, node_as(PythonUdf, n), ret, err);
    case NODE_ConfScopeOf: {
        const KeyValueList *before = enter_conf(b, &node_as(ConfScopeOf, n)->conf);
        Status status = bind_expr(b, s, node_as(ConfScopeOf, n)->child, ret, err);
        enter_conf(b, before);
        return status;
    }
    case NODE_PipeExpression:
        TRY(bind_expr(b, s, node_as(PipeExpression, n)->child, ret, err));
        return pipe_check(b, node_as(PipeExpression, n), *ret, err);
    case NODE_LambdaVariable:
        return bind_lambda_variable(b, s, node_as(LambdaVariable, n), ret, err);
    case NODE_Star:
        return spark_error(err, n, "INVALID_USAGE_OF_STAR_OR_REGEX", "42000", "Invalid usage of <elem> in <prettyName>.", "elem",
                           "'*'", "prettyName", "expression", NULL);
    case NODE_Parameter:
        return spark_error(err, n, "UNBOUND_SQL_PARAMETER", "42P02",
                           "Found the unbound parameter: <name>. Please, fix `args` and provide a mapping of the parameter to "
                           "either a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`.",
                           "name", node_as(Parameter, n)->name ? node_as(Parameter, n)->name : "_", NULL);
    default:
        return spark_unsupported(err, n, arena_printf(b->a, "the expression %s", node_name(n)));
    }
}

Status bind_exprs(Binder *b, const Scope *s, const NodeList *items, NodeList *ret, Error *err)
{
    for (size_t i = 0; i < items->len; i++) {
        Node *e = NULL;
        if (node_is(Star, items->at[i])) {
            TRY(bind_star(b, s, items->at[i], ret, err));
            continue;
        }
        if (node_is(AttributeRegex, items->at[i])) {
            TRY(expand_pattern(b, s, node_as(AttributeRegex, items->at[i]), ret, err));
            continue;
        }
        TRY(bind_expr(b, s, items->at[i], &e, err));
        vec_push(b->a, ret, e);
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- select lists */

Node *new_alias(Binder *b, Node *child, const char *name)
{
    StrList names = { 0 };
    vec_push(b->a, &names, name);
    Node *alias = node_new(b->a, Alias, .child = child, .names = names, .id = ++b->next_id);
    return typed(alias, child->type, child->nullable, child);
}

static bool is_qualified(const Binder *b, const Column *c, const StrList *target)
{
    return !target->len || (c->qualifier.len && name_equal(b, c->qualifier.at[c->qualifier.len - 1], target->at[target->len - 1]));
}

/* UnresolvedRegex: the columns whose whole names match. */
Status expand_pattern(Binder *b, const Scope *s, const AttributeRegex *n, NodeList *ret, Error *err)
{
    int number;
    PCRE2_SIZE place;
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | (b->case_sensitive ? 0 : PCRE2_CASELESS);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)n->pattern, PCRE2_ZERO_TERMINATED, options, &number, &place, NULL);
    if (!code || !s->schema) {
        pcre2_code_free(code);
        return spark_unsupported(err, &n->node, arena_printf(b->a, "the column pattern '%s'", n->pattern));
    }
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    for (size_t i = 0; i < s->schema->len; i++) {
        const Column *c = &s->schema->at[i];
        if (!c->hidden && is_qualified(b, c, &n->target) && pcre2_match(code, (PCRE2_SPTR)c->name, strlen(c->name), 0, 0, match, NULL) >= 0)
            vec_push(b->a, ret, column_ref(b, c));
    }
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return ST_OK;
}

/* Lateral column aliases leave an Alias inside (bind_name.c). */
static Node *without_alias(Arena *a, Node *n, void *arg)
{
    (void)a;
    (void)arg;
    bool marker = node_is(Alias, n) && node_as(Alias, n)->generated && str_starts(node_as(Alias, n)->names.at[0], LATERAL_ALIAS);
    return marker ? node_as(Alias, n)->child : n; /* the other ones are a subquery's outputs */
}

static Status bind_alias(Binder *b, const Scope *s, const Alias *n, NodeList *ret, Error *err)
{
    Node *child = NULL;
    if (node_is(Star, n->child) || node_is(Alias, n->child)) { /* the outer name wins */
        const Node *inner = n->child;
        if (node_is(Alias, inner)) {
            Node *copy = node_copy(b->a, &n->node);
            ((Alias *)(void *)copy)->child = node_as(Alias, inner)->child;
            return bind_alias(b, s, node_as(Alias, copy), ret, err);
        }
    }
    TRY(bind_expr(b, s, n->child, &child, err));
    child = node_rewrite(b->a, child, without_alias, NULL);
    Node *alias = node_copy(b->a, &n->node);
    Alias *made = (Alias *)(void *)alias;
    made->child = child;
    made->id = ++b->next_id;
    made->generated = false;
    vec_push(b->a, ret, typed(alias, child->type, child->nullable, NULL));
    return ST_OK;
}

static Status bind_output(Binder *b, const Scope *s, Node *n, NodeList *ret, Error *err);

static Status bind_pipe_output(Binder *b, const Scope *s, const PipeExpression *n, NodeList *ret, Error *err)
{
    Node *unused = NULL;
    size_t before = ret->len;
    if (node_is(Star, n->child))
        return bind_expr(b, s, n->child, &unused, err); /* which says that it is no expression */
    TRY(bind_output(b, s, n->child, ret, err));
    for (size_t i = before; i < ret->len; i++)
        TRY(pipe_check(b, n, ret->at[i], err));
    return ST_OK;
}

static Status bind_output(Binder *b, const Scope *s, Node *n, NodeList *ret, Error *err)
{
    Node *e = NULL;
    if (node_is(PipeExpression, n))
        return bind_pipe_output(b, s, node_as(PipeExpression, n), ret, err);
    if (node_is(Star, n))
        return bind_star(b, s, n, ret, err);
    if (node_is(AttributeRegex, n))
        return expand_pattern(b, s, node_as(AttributeRegex, n), ret, err);
    if (node_is(Alias, n) && !n->type)
        return bind_alias(b, s, node_as(Alias, n), ret, err);
    if (node_is(Alias, n)) { /* bound already, by a lowering */
        vec_push(b->a, ret, n);
        return ST_OK;
    }
    TRY(bind_expr(b, s, n, &e, err));
    if (node_is(ColumnRef, e) && !node_as(ColumnRef, e)->depth) {
        vec_push(b->a, ret, e);
        return ST_OK;
    }
    const char *name = output_name(b, e);
    e = node_rewrite(b->a, e, without_alias, NULL);
    bool niladic = node_is(Call, e) && node_is(Attribute, n) && node_as(Attribute, n)->name.len == 1 &&
                   !str_ieq(node_as(Attribute, n)->name.at[0], "grouping__id");
    if (node_is(Attribute, n) && !niladic) {
        const StrList *parts = &node_as(Attribute, n)->name;
        name = node_is(GetField, e) ? node_as(GetField, e)->field : parts->at[parts->len - 1];
    }
    Node *alias = new_alias(b, e, name);
    ((Alias *)(void *)alias)->generated = !node_is(Attribute, n) || niladic; /* s.f is an Alias f of Spark's own: later items may use it */
    vec_push(b->a, ret, alias);
    return ST_OK;
}

Status bind_outputs(Binder *b, const Scope *s, const NodeList *list, NodeList *ret, Error *err)
{
    Scope scope = *s;
    scope.aliases = ret;
    for (size_t i = 0; i < list->len; i++)
        TRY(bind_output(b, &scope, list->at[i], ret, err));
    return ST_OK;
}

/* ---------------------------------------------------------------- questions about bound expressions */

typedef struct KindSearch {
    FunctionKind kind;
    bool found;
} KindSearch;

static bool search_kind(Node *n, void *arg)
{
    KindSearch *search = arg;
    search->found = search->found || contains_kind(n, search->kind);
    return !search->found;
}

bool is_aggregate(const Node *n)
{
    enum { GROUPED_AGG_PANDAS = 202, GROUPED_AGG_ARROW = 252 }; /* PythonEvalType */
    if (node_is(PythonUdf, n))
        return node_as(PythonUdf, n)->eval_type == GROUPED_AGG_PANDAS || node_as(PythonUdf, n)->eval_type == GROUPED_AGG_ARROW;
    return node_is(Call, n) && node_as(Call, n)->function->kind == FN_AGGREGATE;
}

bool contains_kind(const Node *n, FunctionKind kind)
{
    KindSearch search = { kind, false };
    if (node_is(Subquery, n)) {
        for (size_t i = 0; i < node_as(Subquery, n)->operands.len; i++)
            search_kind(node_as(Subquery, n)->operands.at[i], &search);
        return search.found;
    }
    if (node_is(Window, n)) { /* its own function is none of the select's */
        const Window *w = node_as(Window, n);
        node_children(w->function, search_kind, &search);
        for (size_t i = 0; i < w->partitions.len; i++)
            search_kind(w->partitions.at[i], &search);
        for (size_t i = 0; i < w->orders.len; i++)
            search_kind(w->orders.at[i], &search);
        return search.found;
    }
    if (kind == FN_AGGREGATE && node_is(PythonUdf, n) && is_aggregate(n))
        return true;
    if (node_is(Call, n) && node_as(Call, n)->function->kind == kind)
        return kind != FN_AGGREGATE || !is_outer_aggregate(n);
    node_children(n, search_kind, &search);
    return search.found;
}

static bool note_window(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || n->kind == NODE_Window;
    return !*found && n->kind != NODE_Subquery;
}

bool contains_window(const Node *n)
{
    bool found = false;
    node_walk(n, note_window, &found);
    return found;
}

static bool note_unfoldable(const Node *n, void *arg)
{
    static const char replaced[] = "nvl ifnull nvl2 nullif left right split_part date_part datepart"; /* RuntimeReplaceable: no constant before it is replaced */
    bool *foldable = arg;
    bool call = n->kind == NODE_Call && (node_as(Call, n)->function->kind != FN_SCALAR || (node_as(Call, n)->function->flags & FN_NONDETERMINISTIC) ||
                                         in_words(replaced, node_as(Call, n)->function->name));
    if (call || n->kind == NODE_ColumnRef || n->kind == NODE_LambdaVariable || n->kind == NODE_Subquery || n->kind == NODE_Window || n->kind == NODE_PythonUdf)
        *foldable = false;
    return *foldable;
}

bool is_foldable(const Node *n)
{
    bool foldable = true;
    node_walk(n, note_unfoldable, &foldable);
    return foldable;
}

Status constant_value(Binder *b, Node *e, const Node **ret, Error *err)
{
    NodeList exprs = { 0 }, rows = { 0 };
    Node *one = NULL;
    *ret = node_is(Literal, e) ? e : NULL;
    if (*ret || !is_foldable(e) || !b->env->rows)
        return ST_OK;
    vec_push(b->a, &exprs, new_alias(b, e, "value"));
    TRY(bind_relation(b, node_new(b->a, OneRow, .unused = false), NULL, &one, err));
    TRY(b->env->rows(b->env->self, b->a, make_project(b, one, &exprs), 1, &rows, err));
    *ret = rows.len ? node_as(Row, rows.at[0])->items.at[0] : NULL;
    return ST_OK;
}

static bool note_random(const Node *n, void *arg)
{
    bool *deterministic = arg;
    if ((n->kind == NODE_Call && (node_as(Call, n)->function->flags & FN_NONDETERMINISTIC) &&
         node_as(Call, n)->function->kind == FN_SCALAR) ||
        (n->kind == NODE_PythonUdf && !node_as(PythonUdf, n)->deterministic))
        *deterministic = false;
    return *deterministic;
}

bool is_deterministic(const Node *n)
{
    bool deterministic = true;
    node_walk(n, note_random, &deterministic);
    return deterministic;
}
