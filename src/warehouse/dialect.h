/* warehouse/dialect.h -- Redshift SQL text to the engine's: one pass of a recursive-descent parser over tokens that writes as it
 * reads. What it does not know fails by name; nothing passes through as it is but operators and literals that mean the same.
 *
 * Some meanings depend on types (7/2, sum(x), avg(x), trunc(x)). Such a node asks DialectEnv.types for its operands' types,
 * which the engine found while it prepared an earlier round of the same text: the first round writes probes
 * (`rs_probe(slot, node, operand…)`), and the text is translated again until the types stay the same.
 * dialect_translate() is pure but for the callbacks. Source: Amazon Redshift Database Developer Guide, SQL reference. */
#ifndef WEIR_WAREHOUSE_DIALECT_H
#define WEIR_WAREHOUSE_DIALECT_H
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "base/vec.h"

typedef enum StatementKind {
    STATEMENT_QUERY,    /* rows */
    STATEMENT_CHANGE,   /* INSERT, UPDATE, DELETE, MERGE, CREATE TABLE AS: a count of rows */
    STATEMENT_DDL,      /* neither */
    STATEMENT_TRUNCATE, /* commits the transaction that it runs in */
    STATEMENT_BEGIN, STATEMENT_COMMIT, STATEMENT_ROLLBACK,
    STATEMENT_COPY, STATEMENT_UNLOAD,
    STATEMENT_NOTHING   /* understood, and nothing to do here: GRANT, ANALYZE, SET of a hint */
} StatementKind;

typedef struct DialectParameter {
    const char *name, *value;
} DialectParameter;

/* A column as the catalog has it. */
typedef struct DialectColumn {
    const char *name;
    const char *engine_type;   /* VARCHAR, DECIMAL(8,2) */
    const char *type;          /* Redshift's, "character varying(20)"; NULL: not declared there */
    const char *default_text;  /* the engine's SQL, NULL */
    bool identity;             /* GENERATED ALWAYS: must not be written */
} DialectColumn;
typedef VEC(DialectColumn) DialectColumnList;

/* What the parser must know of the world. schema NULL: by the search path. */
typedef struct DialectEnv {
    void *self;
    const char *database;
    const char *user;
    const DialectParameter *parameters;
    size_t parameters_len;
    /* ST_OK with len 0 when there is no such table. */
    Status (*columns)(void *self, Arena *a, const char *schema, const char *table, DialectColumnList *ret_columns, Error *err);
    /* The Redshift text of a late-binding view, NULL when there is none of that name. */
    Status (*late_view)(void *self, Arena *a, const char *schema, const char *name, const char **ret_text, Error *err);
    /* The engine's type of operand `operand` of node `node`, NULL when not known yet. */
    const char *(*type)(void *self, size_t node, size_t operand);
    size_t slot;               /* first argument of rs_probe */
    bool probing;              /* write probes */
} DialectEnv;

typedef struct DialectOption {
    const char *name, *value;  /* value NULL: none was given */
} DialectOption;

/* COPY and UNLOAD: what is between the parentheses, and the options in order, by their upper-case names. */
typedef struct DialectCopy {
    const char *schema, *table;
    StrList columns;           /* COPY: the column list; UNLOAD: PARTITION BY */
    const char *query;         /* UNLOAD: the Redshift text of the query */
    const char *uri;
    VEC(DialectOption) options;
    bool partition_include;    /* UNLOAD … PARTITION BY (…) INCLUDE */
} DialectCopy;

typedef struct Translation {
    StatementKind kind;
    const char *tag;           /* SELECT, INSERT, CREATE TABLE: for stl_query and messages */
    StrList sql;               /* the engine's statements, to run in order; the first one may have rows */
    size_t nodes;              /* nodes that asked for types */
    DialectCopy copy;
} Translation;

/* One statement (a ';' at its end is fine). Fails with ST_INVALID and Redshift's words. */
Status dialect_translate(Arena *a, const char *sql, const DialectEnv *env, Translation *ret_translation, Error *err);
/* 'text' for the engine, and "name". */
void dialect_quote_text(Str *out, const char *text);
void dialect_quote_name(Str *out, const char *name);
/* A Redshift type's text ("varchar(20)") to its canonical text and the engine's. */
Status dialect_type(Arena *a, const char *text, const char **ret_canonical, const char **ret_engine, Error *err);

#endif
