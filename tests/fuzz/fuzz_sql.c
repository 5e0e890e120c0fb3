/* fuzz_sql.c -- whatever text a client sends as SQL becomes a tree or an error. The first byte chooses what it is read as. */
#include "front/sql/sql.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count(const Node *n, void *arg)
{
    (void)n;
    ++*(size_t *)arg;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    arena_auto *a = arena_new();
    Error err = ERROR_INIT;
    Node *node = NULL;
    const Type *type = NULL;
    StrList name = { 0 };
    SqlPieceList pieces;
    const char *text = arena_strn(a, (const char *)data + 1, size - 1);
    Status st;
    switch (data[0] % 8) {
    case 1: st = sql_parse_expression(a, text, size - 1, NULL, &node, &err); break;
    case 2: st = sql_parse_type(a, text, &type, &err); break;
    case 3: st = sql_parse_schema(a, text, &type, &err); break;
    case 4: st = sql_parse_name(a, text, &name, &err); break;
    case 5: sql_split(a, text, size - 1, &pieces); return 0;
    default: st = sql_parse_statement(a, text, size - 1, NULL, &node, &err); break;
    }
    str_auto out = STR_INIT(1 << 24);
    size_t nodes = 0;
    if (st != ST_OK)
        sql_error_text(text, &err, &out);
    else if (node) {
        node_walk(node, count, &nodes);
        node_text(node, &out);
    } else if (type)
        type_sql(type, &out);
    return 0;
}
