/* front/connect/plan.c -- the entry points, and what all files share. */
#include "base/limits.h"
#include "front/connect/internal.h"

Status unsupported(Connect *c, const char *message)
{
    FAIL_CODE(c->err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE", "The feature is not supported: the Spark Connect message %s.", message);
    if (c->err)
        memcpy(c->err->sqlstate, "0A000", 6);
    return ST_UNSUPPORTED;
}

Status invalid(Connect *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(c->a, format, args);
    va_end(args);
    return FAIL_CODE(c->err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. %s", text);
}

Status enter(Connect *c)
{
    if (c->depth++ < LIMIT_QUERY_NESTING)
        return ST_OK;
    return FAIL_CODE(c->err, ST_LIMIT, "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX",
                     "The Spark Connect plan is invalid. The plan is nested deeper than %d levels.", LIMIT_QUERY_NESTING);
}

StrList text_list(Connect *c, char *const *texts, size_t n)
{
    StrList list = { 0 };
    for (size_t i = 0; i < n; i++)
        vec_push(c->a, &list, texts[i]);
    return list;
}

Node *int_literal(Connect *c, int64_t value)
{
    Value *v = ARENA_NEW(c->a, Value);
    v->i = value;
    return node_new(c->a, Literal, .value = v, .of = value >= INT32_MIN && value <= INT32_MAX ? &type_int : &type_long);
}

Node *double_literal(Connect *c, double value)
{
    Value *v = ARENA_NEW(c->a, Value);
    v->f = value;
    return node_new(c->a, Literal, .value = v, .of = &type_double);
}

static Status name_syntax(const char *text, Error *err)
{
    FAIL_CODE(err, ST_INVALID, "INVALID_ATTRIBUTE_NAME_SYNTAX",
              "Syntax error in the attribute name: %s. Check that backticks appear in pairs, a quoted string is a complete name "
              "part and use a backtick only inside quoted name parts.", text);
    if (err)
        memcpy(err->sqlstate, "42601", 6);
    error_param(err, "name", text);
    return ST_INVALID;
}

/* One part from *at, which moves behind it; a part in backticks is whole and doubles the backticks inside. */
static bool name_part(Arena *a, const char **at, const char **ret_part)
{
    const char *p = *at;
    if (*p != '`') {
        size_t n = strcspn(p, ".`");
        if (p[n] == '`')
            return false;
        *ret_part = arena_strn(a, p, n);
        *at = p + n;
        return true;
    }
    char *part = arena_alloc(a, strlen(p) + 1);
    size_t n = 0;
    for (p++; *p && !(p[0] == '`' && p[1] != '`'); p++) {
        p += *p == '`';
        part[n++] = *p;
    }
    if (*p != '`' || (p[1] && p[1] != '.'))
        return false;
    *ret_part = part;
    *at = p + 1;
    return true;
}

Status connect_name(Arena *a, const char *text, StrList *ret_name, Error *err)
{
    StrList name = { 0 };
    const char *p = text ? text : "";
    for (;;) {
        const char *part;
        if (!name_part(a, &p, &part))
            return name_syntax(text, err);
        vec_push(a, &name, part);
        if (!*p)
            break;
        p++; /* the dot */
        if (!*p)
            return name_syntax(text, err);
    }
    *ret_name = name;
    return ST_OK;
}

Status connect_plan(Arena *a, const ConnectOptions *options, const Spark__Connect__Plan *plan, Node **ret_plan, Error *err)
{
    Connect c = { .a = a, .options = options, .err = err };
    if (plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_ROOT)
        return relation_node(&c, plan->root, ret_plan);
    if (plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_COMMAND)
        return command_node(&c, plan->command, ret_plan);
    return invalid(&c, "The plan has neither a relation nor a command.");
}

Status connect_relation(Arena *a, const ConnectOptions *options, const Spark__Connect__Relation *relation, Node **ret_plan,
                        Error *err)
{
    Connect c = { .a = a, .options = options, .err = err };
    return relation_node(&c, relation, ret_plan);
}

Status connect_udf(Arena *a, const ConnectOptions *options, const Spark__Connect__CommonInlineUserDefinedFunction *function,
                   Node **ret_udf, Error *err)
{
    Connect c = { .a = a, .options = options, .err = err };
    return udf_node(&c, function, ret_udf);
}

Status connect_type(Arena *a, const ConnectOptions *options, const Spark__Connect__DataType *message, const Type **ret_type,
                    Error *err)
{
    Connect c = { .a = a, .options = options, .err = err };
    return type_of(&c, message, ret_type);
}

Status connect_udtf(Arena *a, const ConnectOptions *options, const Spark__Connect__CommonInlineUserDefinedTableFunction *function,
                   Node **ret_udf, Error *err)
{
    Connect c = { .a = a, .options = options, .err = err };
    return udtf_node(&c, function, ret_udf);
}
