/* ir/bind_named.c -- arguments by the names of their parameters: mask('x', otherChar => 'o').
 * Source: NamedParametersSupport.defaultRearrange; the functions that have a FunctionSignature. */
#include "ir/binder.h"

enum { PARAMETERS_MAX = 5 };

typedef struct Parameters {
    const char *function;
    const char *name[PARAMETERS_MAX];
    const char *fallback[PARAMETERS_MAX]; /* NULL: required; "": it may be left out; else a text, "null" for NULL */
} Parameters;

static const Parameters known[] = {
    { "mask", { "str", "upperChar", "lowerChar", "digitChar", "otherChar" }, { NULL, "X", "x", "n", "null" } },
    { "count_min_sketch", { "column", "epsilon", "confidence", "seed" }, { NULL, NULL, NULL, "" } },
    { "explode", { "collection" }, { NULL } },
    { "explode_outer", { "collection" }, { NULL } },
    { "posexplode", { "collection" }, { NULL } },
    { "posexplode_outer", { "collection" }, { NULL } },
    { "inline", { "input" }, { NULL } },
    { "inline_outer", { "input" }, { NULL } },
    { "variant_explode", { "input" }, { NULL } },
    { "variant_explode_outer", { "input" }, { NULL } },
};

bool has_named_argument(const NodeList *args)
{
    for (size_t i = 0; i < args->len; i++)
        if (node_is(NamedArgument, args->at[i]))
            return true;
    return false;
}

static size_t parameter_count(const Parameters *p)
{
    size_t n = 0;
    while (n < PARAMETERS_MAX && p->name[n])
        n++;
    return n;
}

static Status assigned_twice(Binder *b, const char *how, const char *routine, const char *parameter, const Node *at, Error *err)
{
    return spark_error(err, at, arena_printf(b->a, "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.%s", how), "4274K",
                       "Call to routine <routineName> is invalid because it includes multiple argument assignments to the same parameter "
                       "name <parameterName>.",
                       "routineName", sql_id(b->a, routine), "parameterName", sql_id(b->a, parameter), NULL);
}

/* Where the named argument goes. */
static Status place_of(Binder *b, const Parameters *p, const char *routine, const NamedArgument *n, size_t *ret, Error *err)
{
    str_auto proposal = STR_INIT(ERROR_PARAMS_BYTES);
    for (size_t i = 0; i < parameter_count(p); i++) {
        if (str_ieq(p->name[i], n->key)) {
            *ret = i;
            return ST_OK;
        }
        str_addf(&proposal, "%s%s", i ? " " : "", sql_id(b->a, p->name[i]));
    }
    return spark_error(err, &n->node, "UNRECOGNIZED_PARAMETER_NAME", "4274K",
                       "Cannot invoke routine <routineName> because the routine call included a named argument reference for the argument named "
                       "<argumentName>, but this routine does not include any signature containing an argument with this name. Did you mean one "
                       "of the following? [<proposal>].",
                       "routineName", sql_id(b->a, routine), "argumentName", sql_id(b->a, n->key), "proposal", str_text(&proposal), NULL);
}

static Status place_all(Binder *b, const Parameters *p, const char *routine, const Function *f, Node **values, Error *err)
{
    const NamedArgument *last = NULL;
    bool by_name[PARAMETERS_MAX] = { false };
    for (size_t i = 0; i < f->args.len; i++) {
        size_t place = i;
        const NamedArgument *n = node_is(NamedArgument, f->args.at[i]) ? node_as(NamedArgument, f->args.at[i]) : NULL;
        if (!n && last)
            return spark_error(err, f->args.at[i], "UNEXPECTED_POSITIONAL_ARGUMENT", "4274K",
                               "Cannot invoke routine <routineName> because it contains positional argument(s) following the named argument "
                               "assigned to <parameterName>; please rearrange them so the positional arguments come first and then retry the "
                               "query again.",
                               "routineName", sql_id(b->a, routine), "parameterName", sql_id(b->a, last->key), NULL);
        if (n)
            TRY(place_of(b, p, routine, n, &place, err));
        if (place >= PARAMETERS_MAX)
            return FAIL_CODE(err, ST_INVALID, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "too many arguments of %s", routine);
        if (values[place])
            return assigned_twice(b, by_name[place] ? "DOUBLE_NAMED_ARGUMENT_REFERENCE" : "BOTH_POSITIONAL_AND_NAMED", routine,
                                  p->name[place], f->args.at[i], err);
        values[place] = n ? n->value : f->args.at[i];
        by_name[place] = n != NULL;
        last = n ? n : last;
    }
    return ST_OK;
}

Status named_arguments(Binder *b, const char *name, const Function *f, const Function **ret, Error *err)
{
    const Parameters *p = NULL;
    Node *values[PARAMETERS_MAX] = { NULL };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        p = str_ieq(known[i].function, name) ? &known[i] : p;
    if (!p)
        return spark_error(err, &f->node, "NAMED_PARAMETERS_NOT_SUPPORTED", "4274K",
                           "Named parameters are not supported for function <functionName>; please retry the query with positional arguments to "
                           "the function call instead.",
                           "functionName", sql_id(b->a, name), NULL);
    TRY(place_all(b, p, name, f, values, err));
    Function *copy = (Function *)(void *)node_copy(b->a, &f->node);
    copy->args = (NodeList){ 0 };
    for (size_t i = 0; i < parameter_count(p); i++) {
        const char *text = p->fallback[i];
        if (!values[i] && !text)
            return spark_error(err, &f->node, "REQUIRED_PARAMETER_NOT_FOUND", "4274K",
                               "Cannot invoke routine <routineName> because the parameter named <parameterName> is required, but the routine call "
                               "did not supply a value. Please update the routine call to supply an argument value (either positionally at index "
                               "<index> or by name) and retry the query again.",
                               "routineName", sql_id(b->a, name), "parameterName", sql_id(b->a, p->name[i]), "index",
                               arena_printf(b->a, "%zu", i), NULL);
        if (!values[i] && !*text)
            continue;
        Node *fallback = str_eq(text, "null") ? make_literal_null(b, &type_null) : text ? make_literal_string(b, text) : NULL;
        vec_push(b->a, &copy->args, values[i] ? values[i] : fallback);
    }
    *ret = copy;
    return ST_OK;
}
