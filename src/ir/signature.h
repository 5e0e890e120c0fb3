/* ir/signature.h -- the parsed form of functions.def's signatures and results; private to ir. */
#ifndef WEIR_IR_SIGNATURE_H
#define WEIR_IR_SIGNATURE_H
#include "ir/function.h"
#include "ir/type.h"

typedef enum SpecKind {
    SPEC_TYPE,    /* exactly this type */
    SPEC_CLASS,   /* a class of types */
    SPEC_VARIABLE, /* a one-letter type variable */
    SPEC_ARRAY,
    SPEC_MAP,
    SPEC_LAMBDA
} SpecKind;

typedef enum TypeClass {
    CLASS_ANY, CLASS_NUMERIC, CLASS_INTEGRAL, CLASS_FRACTIONAL, CLASS_ANSI_INTERVAL, CLASS_YEAR_MONTH, CLASS_DAY_TIME,
    CLASS_DATETIME, CLASS_ATOMIC, CLASS_ORDERABLE, CLASS_DECIMAL, CLASS_STRUCT
} TypeClass;

typedef struct Spec Spec;
struct Spec {
    SpecKind kind;
    const Type *type;      /* SPEC_TYPE */
    TypeClass class;       /* SPEC_CLASS */
    char variable;         /* SPEC_VARIABLE: 'A' … 'Z' */
    char nulls;            /* '!' never, '?' always, 0 as the arguments */
    const Spec *element;   /* ARRAY element, MAP value, LAMBDA result */
    const Spec *key;       /* MAP key */
    const Spec *params;    /* LAMBDA parameters */
    size_t nparams;
};

typedef struct Param {
    const char *name;
    const Spec *alternatives;
    size_t nalternatives;
    bool optional, variadic;
    bool constant, nonnull;   /* must be foldable; and not null */
    bool argument;            /* NON_FOLDABLE_ARGUMENT says so */
    bool options;             /* map('key', 'text', …) */
    bool one;                 /* a text of one character */
    const char *low, *high;   /* the range of a constant number, NULL: any */
    const char *fallback; /* the default's text, NULL: none */
} Param;

typedef struct Signature Signature;
struct Signature {
    const Param *params;
    size_t nparams;
    size_t least, most; /* how many arguments; most is SIZE_MAX for a variadic one */
};

/* A row's signature, and the type of its result (NULL: by a rule, "@…" or "#…"): read once, when the first is asked for. Thread-safe. */
const Signature *signature_of(const FunctionRow *row);
const Spec *signature_result(const FunctionRow *row);

/* Aborts on a malformed text: functions.def is ours, and a unit test parses every row. */
Signature signature_parse(Arena *a, const char *text);
const Spec *signature_type(Arena *a, const char *text);

#endif
