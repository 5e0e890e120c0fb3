/* front/connect/connect.h -- Spark Connect messages to unbound ir trees, and types both ways. Pure: no I/O, no state.
 *
 * Source: Spark 4.1's relations.proto, expressions.proto, commands.proto, types.proto, and what SparkConnectPlanner makes
 * of them. A message that weir does not do fails with ST_UNSUPPORTED, UNSUPPORTED_FEATURE and the message's name; one that
 * cannot be fails with ST_INVALID and INVALID_PLAN_INPUT. The tree borrows texts and bytes of the message: both live as long
 * as the arena. */
#ifndef WEIR_FRONT_CONNECT_CONNECT_H
#define WEIR_FRONT_CONNECT_CONNECT_H
#include "base/str.h"
#include "ir/node.h"
#include "proto/base.pb-c.h"

/* An argument of parameterized SQL: name NULL: positional. */
typedef struct ConnectArgument {
    const char *name;
    Node *value;
} ConnectArgument;

/* What the front end asks its caller for: the parser of SQL text, which is a front end of its own, and artifacts. */
typedef struct ConnectOptions {
    void *self;
    Status (*parse_statement)(void *self, Arena *a, const char *text, const ConnectArgument *arguments, size_t narguments,
                              Node **ret_plan, Error *err);
    Status (*parse_expression)(void *self, Arena *a, const char *text, Node **ret_expr, Error *err);
    Status (*parse_type)(void *self, Arena *a, const char *text, const Type **ret_type, Error *err);
    /* The bytes of a cached artifact by its hash ("cache/<hash>"). */
    Status (*artifact)(void *self, Arena *a, const char *hash, View *ret_bytes, Error *err);
} ConnectOptions;

/* A relation or a command. Relations that only the driver knows (ShowString, HtmlString, Catalog) and commands that change
 * a session without a plan (RegisterFunction, Checkpoint …) are unsupported here: the driver takes them off first. */
Status connect_plan(Arena *a, const ConnectOptions *options, const Spark__Connect__Plan *plan, Node **ret_plan, Error *err);
Status connect_relation(Arena *a, const ConnectOptions *options, const Spark__Connect__Relation *relation, Node **ret_plan,
                        Error *err);
/* A function that a client defined: a PythonUdf without arguments when it is only registered. */
Status connect_udtf(Arena *a, const ConnectOptions *options, const Spark__Connect__CommonInlineUserDefinedTableFunction *function,
                    Node **ret_udf, Error *err);
Status connect_udf(Arena *a, const ConnectOptions *options, const Spark__Connect__CommonInlineUserDefinedFunction *function,
                   Node **ret_udf, Error *err);
Status connect_type(Arena *a, const ConnectOptions *options, const Spark__Connect__DataType *message, const Type **ret_type,
                    Error *err);
Spark__Connect__DataType *connect_type_message(Arena *a, const Type *type);
Spark__Connect__Expression__Literal *connect_literal_message(Arena *a, const Type *type, const Value *value);

/* "a.`b.c`.d" into parts, as UnresolvedAttribute.parseAttributeName: INVALID_ATTRIBUTE_NAME_SYNTAX. */
Status connect_name(Arena *a, const char *text, StrList *ret_name, Error *err);

#endif
