/* ir/function_mismatch.c -- the errors of calls whose arguments fit no row of functions.def, in the words of each function's own checks
 * (mismatch.def) or of ExpectsInputTypes. */
#include "ir/function_mismatch.h"

#include <stdio.h>
#include <stdlib.h>

const Param *signature_param(const Signature *s, size_t i)
{
    return &s->params[i < s->nparams ? i : s->nparams - 1];
}

static void spec_text(Arena *a, const Spec *s, Str *out)
{
    static const char *const names[] = {
        [CLASS_ANY] = "\"ANY\"",           [CLASS_NUMERIC] = "\"NUMERIC\"",
        [CLASS_INTEGRAL] = "\"INTEGRAL\"", [CLASS_FRACTIONAL] = "\"FRACTIONAL\"",
        [CLASS_ANSI_INTERVAL] = "\"ANSI INTERVAL\"", [CLASS_YEAR_MONTH] = "\"INTERVAL YEAR TO MONTH\"",
        [CLASS_DAY_TIME] = "\"INTERVAL DAY TO SECOND\"", [CLASS_DATETIME] = "(\"TIMESTAMP\" or \"DATE\")",
        [CLASS_ATOMIC] = "\"ATOMIC\"",     [CLASS_ORDERABLE] = "\"ORDERABLE\"",
        [CLASS_DECIMAL] = "\"DECIMAL\"",   [CLASS_STRUCT] = "\"STRUCT\"" };
    switch (s->kind) {
    case SPEC_TYPE:
        str_addf(out, "\"%s\"", s->type->kind == TYPE_TIME ? "TIME" : type_sql_text(a, s->type)); /* of any precision */
        return;
    case SPEC_CLASS:
        str_add(out, names[s->class]);
        return;
    case SPEC_ARRAY:
        str_add(out, s->element->kind == SPEC_CLASS && s->element->class == CLASS_STRUCT ? "\"ARRAY<STRUCT>\"" : "\"ARRAY\"");
        return;
    case SPEC_LAMBDA:
        spec_text(a, s->element, out);
        return;
    case SPEC_MAP:
        str_add(out, "\"MAP\"");
        return;
    default:
        str_add(out, "\"ANY\"");
    }
}

Status mismatch_order(Binder *b, const char *name, const Type *t, const NodeList *args, const Node *at, Error *err)
{
    return spark_error(err, at, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <functionName> does not support ordering on type <dataType>.",
                       "sqlExpr", call_text(b, name, args), "functionName", sql_id(b->a, name), "dataType",
                       arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t)), NULL);
}

static bool is_timestamp_spec(const Spec *s, TypeKind kind)
{
    return s->kind == SPEC_TYPE && s->type->kind == kind;
}

Status mismatch_parameter(Binder *b, const char *name, const Signature *s, const NodeList *args, size_t bad, const Node *at,
                       Error *err)
{
    static const char *const ordinals[] = { "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth" };
    const Param *p = signature_param(s, bad);
    str_auto required = STR_INIT(1024);
    bool interval = p->nalternatives == 2 && p->alternatives[1].kind == SPEC_CLASS && p->alternatives[1].class == CLASS_ANSI_INTERVAL;
    bool parens = p->nalternatives > 1 && !interval; /* TypeUtils.checkForAnsiIntervalOrNumericType has none */
    str_add(&required, parens ? "(" : "");
    for (size_t i = 0; i < p->nalternatives; i++) {
        str_add(&required, i ? " or " : "");
        spec_text(b->a, &p->alternatives[i], &required);
    }
    str_add(&required, parens ? ")" : "");
    if (p->nalternatives == 2 && is_timestamp_spec(&p->alternatives[0], TYPE_TIMESTAMP) && is_timestamp_spec(&p->alternatives[1], TYPE_TIMESTAMP_NTZ)) {
        str_clear(&required);
        str_add(&required, "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\""); /* AnyTimestampType */
    }
    if (p->alternatives[0].kind == SPEC_CLASS && p->alternatives[0].class == CLASS_ORDERABLE)
        return mismatch_order(b, name, args->at[bad]->type, args, at, err);
    if (p->argument && p->nonnull) /* a builder's own check */
        return spark_error(err, at, "UNEXPECTED_INPUT_TYPE", "42K09",
                           "Parameter <paramIndex> of function <functionName> requires the <requiredType> type, however <inputSql> has the type <inputType>.",
                           "paramIndex", ordinals[bad < 9 ? bad : 8], "functionName", sql_id(b->a, name), "requiredType", str_text(&required), "inputSql",
                           pretty(b, args->at[bad]), "inputType", type_sql_text(b->a, args->at[bad]->type), NULL);
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the "
                       "<requiredType> type, however \"<inputSql>\" has the type \"<inputType>\".",
                       "sqlExpr", call_text(b, name, args), "paramIndex", ordinals[bad < 9 ? bad : 8], "requiredType",
                       str_text(&required), "inputSql", pretty(b, args->at[bad]), "inputType",
                       type_sql_text(b->a, args->at[bad]->type), NULL);
}

/* Of IF, the condition is none of what must be alike. */
Status mismatch_variable(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err)
{
    str_auto types = STR_INIT(4096);
    size_t first = str_eq(name, "if") ? 1 : 0;
    str_addc(&types, first ? '[' : args->len > 1 ? '(' : ' ');
    for (size_t i = first; i < args->len; i++)
        str_addf(&types, "%s\"%s\"", i == first ? "" : first ? ", " : " or ", type_sql_text(b->a, args->at[i]->type));
    str_addc(&types, first ? ']' : ')');
    return spark_error(err, at, "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: Input to <functionName> should all be the same "
                       "type, but it's <dataType>.",
                       "sqlExpr", call_text(b, name, args), "functionName", sql_id(b->a, name), "dataType", str_text(&types), NULL);
}

/* ---------------------------------------------------------------- error classes of their own (mismatch.def) */

typedef enum MismatchWhen { WHEN_TYPE, WHEN_CONFLICT, WHEN_EITHER, WHEN_NULLS, WHEN_NULL_FIRST, WHEN_TEXTS, WHEN_LAMBDA } MismatchWhen;
static const struct {
    const char *names;
    MismatchWhen when;
    const char *class, *text;
} mismatches[] = {
#define MISMATCH(names, when, class, text) { names, WHEN_##when, "DATATYPE_MISMATCH." class, text },
#include "ir/mismatch.def"
#undef MISMATCH
};

bool in_words(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static const char *type_list(Binder *b, const NodeList *args)
{
    str_auto types = STR_INIT(ERROR_MESSAGE_BYTES);
    for (size_t i = 0; i < args->len; i++)
        str_addf(&types, "%s\"%s\"", i ? ", " : "", type_sql_text(b->a, args->at[i]->type));
    return str_arena(&types, b->a);
}

static Status mismatched(Binder *b, size_t row, const char *name, const NodeList *args, const Node *at, Error *err)
{
    if (strstr(mismatches[row].text, "<leftType>") && args->len > 1 && args->at[1]->type) {
        const char *two[2], *kind = strstr(mismatches[row].text, "<arrayType>") ? "arrayType" : strstr(mismatches[row].text, "<dataType>") ? "dataType" : NULL;
        for (size_t i = 0; i < 2; i++)
            two[i] = arena_printf(b->a, "\"%s\"", type_sql_text(b->a, args->at[i]->type));
        const char *whole = strstr(mismatches[row].class, "MAP_") ? "\"MAP\"" : "\"ARRAY\"";
        return spark_error(err, at, mismatches[row].class, "42K09",
                           arena_printf(b->a, "Cannot resolve <sqlExpr> due to data type mismatch: %s", mismatches[row].text), "sqlExpr",
                           call_text(b, name, args), "functionName", sql_id(b->a, name), "leftType", two[0], "rightType", two[1], kind, whole, NULL);
    }
    const char *types = type_list(b, args), *text = mismatches[row].text;
    bool whole = strstr(text, "<dataType>") && !strstr(text, "[<dataType>]") && !strstr(text, "(<dataType>)");
    return spark_error(err, at, mismatches[row].class, "42K09",
                       arena_printf(b->a, "Cannot resolve <sqlExpr> due to data type mismatch: %s", text), "sqlExpr", call_text(b, name, args),
                       strstr(text, "<funcName>") ? "funcName" : "functionName", sql_id(b->a, name),
                       strstr(text, "<dataType>") ? "dataType" : NULL, whole ? arena_printf(b->a, "[%s]", types) : types, NULL);
}

/* A NULL that is looked for among NULLs. */
static bool nothing_in_nothing(const NodeList *args)
{
    const Type *list = args->at[0] ? args->at[0]->type : NULL, *item = args->len > 1 && args->at[1] ? args->at[1]->type : NULL;
    return list && item && list->kind == TYPE_ARRAY && list->element->kind == TYPE_NULL && item->kind == TYPE_NULL;
}

/* A NULL for a function that wants a type of it; texts that nothing makes numbers. */
Status mismatch_nulls(Binder *b, const char *name, const NodeList *args, const Node *at, Error *err)
{
    bool null = false;
    for (size_t i = 0; i < args->len; i++)
        null = null || (args->at[i] && args->at[i]->type && args->at[i]->type->kind == TYPE_NULL);
    bool texts = args->len > 1 && args->at[0] && args->at[1] && args->at[0]->type->kind == TYPE_STRING && args->at[1]->type->kind == TYPE_STRING;
    for (size_t i = 0; texts && i < sizeof mismatches / sizeof *mismatches; i++)
        if (mismatches[i].when == WHEN_TEXTS && in_words(mismatches[i].names, name))
            return mismatched(b, i, name, args, at, err);
    if (!null)
        return ST_OK;
    size_t n = 0;
    const FunctionRow *row = function_find(name, &n);
    for (size_t i = 0; i < sizeof mismatches / sizeof *mismatches; i++) {
        bool first = mismatches[i].when == WHEN_NULL_FIRST && args->at[0] && args->at[0]->type->kind == TYPE_NULL;
        first = first || (str_ends(mismatches[i].class, "NULL_TYPE") && nothing_in_nothing(args));
        if ((!first && mismatches[i].when != WHEN_NULLS) || !in_words(mismatches[i].names, name))
            continue;
        return first && row && n == 1 && str_ends(mismatches[i].class, "UNEXPECTED_INPUT_TYPE") ? mismatch_parameter(b, name, signature_of(row), args, 0, at, err) : mismatched(b, i, name, args, at, err);
    }
    return ST_OK;
}

/* ST_OK for a function without a row in mismatch.def. `lambda`: a lambda is what does not fit. */
Status mismatch_own(Binder *b, const char *name, const NodeList *args, bool conflict, bool lambda, const Node *at, Error *err)
{
    for (size_t i = 0; i < sizeof mismatches / sizeof *mismatches; i++) {
        MismatchWhen when = mismatches[i].when;
        bool holds = when == WHEN_EITHER || (when == WHEN_LAMBDA && lambda) || when == (conflict ? WHEN_CONFLICT : WHEN_TYPE);
        if (holds && in_words(mismatches[i].names, name))
            return mismatched(b, i, name, args, at, err);
    }
    return ST_OK;
}
