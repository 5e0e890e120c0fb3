/* ir/reflect.c -- reflect(): its checks, and the method that is meant. */
#include "ir/reflect.h"

#include "ir/binder.h"

typedef struct Class {
    const char *name, *others; /* others: methods of it that are not here */
} Class;
#define CLASS(name, others) { name, others },
#define METHOD(class, name, parameters, function)
static const Class classes[] = {
#include "ir/reflect.def"
};
#undef CLASS
#undef METHOD

typedef struct Method {
    const char *class, *name, *parameters;
} Method;
#define CLASS(name, others)
#define METHOD(class, name, parameters, function) { class, name, parameters },
static const Method methods[] = {
#include "ir/reflect.def"
};
#undef CLASS
#undef METHOD
enum { CLASSES = sizeof classes / sizeof *classes, METHODS = sizeof methods / sizeof *methods };

static char letter_of(const Type *t)
{
    switch (t->kind) {
    case TYPE_BOOLEAN: return 'b';
    case TYPE_INT: return 'i';
    case TYPE_LONG: return 'l';
    case TYPE_FLOAT: return 'f';
    case TYPE_DOUBLE: return 'd';
    case TYPE_STRING: return 'S';
    default: return 'o'; /* byte and short are only what any value is */
    }
}

/* A constant text; NULL: it is none. */
static const Value *text_of(const Node *n)
{
    return node_is(Literal, n) && n->type->kind == TYPE_STRING && !node_as(Literal, n)->value->is_null ? node_as(Literal, n)->value : NULL;
}

static bool says(const Node *n, const char *text)
{
    const Value *v = text_of(n);
    return v && v->text_len == strlen(text) && !memcmp(v->text, text, v->text_len);
}

int reflect_method(const NodeList *args)
{
    for (size_t i = 0; i < METHODS; i++) {
        const Method *m = &methods[i];
        bool fits = says(args->at[0], m->class) && says(args->at[1], m->name) && strlen(m->parameters) == args->len - 2;
        for (size_t k = 2; fits && k < args->len; k++)
            fits = m->parameters[k - 2] == '?' || m->parameters[k - 2] == letter_of(args->at[k]->type);
        if (fits)
            return (int)i;
    }
    return -1;
}

/* The class and the method are constant texts. */
static Status check_name(Binder *b, const NodeList *args, size_t i, const char *name, const Node *at, Error *err)
{
    const Node *n = args->at[i];
    if (n->type->kind != TYPE_STRING || !is_foldable(n))
        return spark_error(err, at, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09",
                           "Cannot resolve <sqlExpr> due to data type mismatch: the input <inputName> should be a foldable <inputType> expression; however, got "
                           "<inputExpr>.",
                           "sqlExpr", call_text(b, "reflect", args), "inputName", name, "inputType", "\"STRING\"", "inputExpr",
                           arena_printf(b->a, "\"%s\"", pretty(b, n)), NULL);
    bool null = (node_is(Literal, n) && node_as(Literal, n)->value->is_null) || (node_is(Cast, n) && node_as(Cast, n)->child->type->kind == TYPE_NULL);
    if (null)
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_NULL", "42K09", "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must not be null.",
                           "sqlExpr", call_text(b, "reflect", args), "exprName", name, NULL);
    return text_of(n) ? ST_OK : spark_unsupported(err, at, "reflect with a name that is computed");
}

static Status check_argument(Binder *b, const NodeList *args, size_t i, const Node *at, Error *err)
{
    static const char *const places[] = { "third", "fourth", "fifth", "sixth" };
    const Type *t = args->at[i]->type;
    if (letter_of(t) != 'o' || t->kind == TYPE_BYTE || t->kind == TYPE_SHORT)
        return ST_OK;
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the "
                       "type <inputType>.",
                       "sqlExpr", call_text(b, "reflect", args), "paramIndex", places[i - 2 < 4 ? i - 2 : 3], "requiredType",
                       "(\"BOOLEAN\" or \"TINYINT\" or \"SMALLINT\" or \"INT\" or \"BIGINT\" or \"FLOAT\" or \"DOUBLE\" or \"STRING\")", "inputSql",
                       arena_printf(b->a, "\"%s\"", pretty(b, args->at[i])), "inputType", arena_printf(b->a, "\"%s\"", type_sql_text(b->a, t)), NULL);
}

/* Java's own packages: a class of theirs may be there, but not here. */
static bool of_the_jdk(const char *class)
{
    static const char *const packages[] = { "java.lang.", "java.util.", "java.net.", "java.math.", "java.time.", "java.text.", "java.io.", "java.nio.", "java.security.",
                                            "java.sql.", "javax.", "jdk.", "sun." };
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
        if (str_starts(class, packages[i]))
            return true;
    return !str_starts(class, "java."); /* of a jar */
}

Status result_reflect(Binder *b, NodeList *args, const Node *at, const Type **ret_type, Error *err)
{
    TRY(check_name(b, args, 0, "`class`", at, err));
    TRY(check_name(b, args, 1, "`method`", at, err));
    for (size_t i = 2; i < args->len; i++)
        TRY(check_argument(b, args, i, at, err));
    const char *class = arena_strn(b->a, text_of(args->at[0])->text, text_of(args->at[0])->text_len);
    const char *method = arena_strn(b->a, text_of(args->at[1])->text, text_of(args->at[1])->text_len);
    const Class *known = NULL;
    *ret_type = &type_string;
    if (reflect_method(args) >= 0)
        return ST_OK;
    for (size_t i = 0; i < CLASSES; i++)
        known = !strcmp(classes[i].name, class) ? &classes[i] : known;
    if ((!known && of_the_jdk(class)) || (known && in_words(known->others, method)))
        return spark_unsupported(err, at, arena_printf(b->a, "reflect of %s.%s", class, method));
    if (!known)
        return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_CLASS_TYPE", "42K09", "Cannot resolve <sqlExpr> due to data type mismatch: class <className> not found.",
                           "sqlExpr", call_text(b, "reflect", args), "className", class, NULL);
    return spark_error(err, at, "DATATYPE_MISMATCH.UNEXPECTED_STATIC_METHOD", "42K09",
                       "Cannot resolve <sqlExpr> due to data type mismatch: cannot find a static method <methodName> that matches the argument types in <className>.",
                       "sqlExpr", call_text(b, "reflect", args), "methodName", method, "className", class, NULL);
}
