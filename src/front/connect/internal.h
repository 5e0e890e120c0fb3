/* front/connect/internal.h -- what the files of this folder share; private to it. */
#ifndef WEIR_FRONT_CONNECT_INTERNAL_H
#define WEIR_FRONT_CONNECT_INTERNAL_H
#include "front/connect/connect.h"
#include "ir/enums.h"
#include "ir/value.h"

/* The relations that subquery expressions of a WithRelations refer to by plan id. */
typedef struct References {
    Spark__Connect__Relation *const *at;
    size_t len;
    const struct References *outer;
} References;

/* One translation. */
typedef struct Connect {
    Arena *a;
    const ConnectOptions *options;
    const References *references;
    size_t depth;
    Error *err;
} Connect;

Status unsupported(Connect *c, const char *message); /* a message's name: "Relation.WithWatermark" */
/* A client's plan id as nodes have it: a client counts from 0, which is "none" here. */
static inline int64_t plan_reference(int64_t plan_id)
{
    return plan_id == INT64_MAX ? plan_id : plan_id + 1;
}
Status invalid(Connect *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

Status relation_node(Connect *c, const Spark__Connect__Relation *r, Node **ret);
Status command_node(Connect *c, const Spark__Connect__Command *command, Node **ret);
Status expression_node(Connect *c, const Spark__Connect__Expression *e, Node **ret);
Status expression_list(Connect *c, Spark__Connect__Expression *const *list, size_t n, NodeList *ret);
Status sort_order_node(Connect *c, const Spark__Connect__Expression__SortOrder *o, Node **ret);
Status alias_node(Connect *c, const Spark__Connect__Expression__Alias *alias, Node **ret);
Status literal_node(Connect *c, const Spark__Connect__Expression__Literal *l, Node **ret);
Status literal_list(Connect *c, Spark__Connect__Expression__Literal *const *list, size_t n, NodeList *ret);
Status udtf_node(Connect *c, const Spark__Connect__CommonInlineUserDefinedTableFunction *f, Node **ret);
Status udf_node(Connect *c, const Spark__Connect__CommonInlineUserDefinedFunction *f, Node **ret);
Status type_of(Connect *c, const Spark__Connect__DataType *message, const Type **ret);
StrList text_list(Connect *c, char *const *texts, size_t n);
Node *int_literal(Connect *c, int64_t value);
Node *double_literal(Connect *c, double value);

/* Fails at trees deeper than LIMIT_QUERY_NESTING. Pair with c->depth--. */
Status enter(Connect *c);

#endif
