/* ir/node_text.c -- a plan as an S-expression: (Kind field:value … children). Fields that are empty are left out, child
 * fields print without their name unless the node has several of the kind's optional children. */
#include "ir/function.h"
#include "ir/node.h"
#include "ir/value.h"

#include <inttypes.h>
#include <string.h>

#define AT_CONST(T, n, f) (*(T const *)(const void *)((const char *)(n) + (f)->offset))

static void quoted(const char *text, Str *out)
{
    str_addc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            str_addc(out, '\\');
        if (*text == '\n')
            str_add(out, "\\n");
        else
            str_addc(out, *text);
    }
    str_addc(out, '"');
}

static void names_text(const FieldInfo *f, const StrList *names, Str *out)
{
    if (!names->len)
        return;
    str_addf(out, " %s:[", f->name);
    for (size_t i = 0; i < names->len; i++) {
        str_add(out, i ? " " : "");
        quoted(names->at[i], out);
    }
    str_addc(out, ']');
}

static void list_text(const FieldInfo *f, const NodeList *list, Str *out)
{
    if (!list->len)
        return;
    str_addf(out, " %s:[", f->name);
    for (size_t i = 0; i < list->len; i++) {
        str_add(out, i ? " " : "");
        node_text(list->at[i], out);
    }
    str_addc(out, ']');
}

static void options_text(const FieldInfo *f, const KeyValueList *list, Str *out)
{
    if (!list->len)
        return;
    str_addf(out, " %s:{", f->name);
    for (size_t i = 0; i < list->len; i++)
        str_addf(out, "%s%s=%s", i ? " " : "", list->at[i].key, list->at[i].value ? list->at[i].value : "");
    str_addc(out, '}');
}

static void pointer_text(const Node *n, Str *out)
{
    if (n->kind == NODE_Call)
        str_addf(out, " %s", node_as(Call, n)->function->name);
    else if (n->kind == NODE_Literal && node_as(Literal, n)->value)
        str_addc(out, ' '), value_sql(node_as(Literal, n)->value, node_as(Literal, n)->of, out);
}

static void field_text(const Node *n, const FieldInfo *f, Str *out)
{
    switch (f->kind) {
    case F_REL:
    case F_EXPR:
        if (AT_CONST(Node *, n, f)) {
            str_addc(out, ' ');
            if (f->kind == F_EXPR && strcmp(f->name, "child") != 0)
                str_addf(out, "%s:", f->name);
            node_text(AT_CONST(Node *, n, f), out);
        }
        return;
    case F_RELS:
    case F_EXPRS:
        list_text(f, &AT_CONST(NodeList, n, f), out);
        return;
    case F_STR:
        if (AT_CONST(char *, n, f)) {
            str_addf(out, " %s:", f->name);
            if (strcmp(f->name, "arrow") && strcmp(f->name, "command"))
                quoted(AT_CONST(char *, n, f), out);
            else
                str_add(out, "<bytes>");
        }
        return;
    case F_NAMES:
        names_text(f, &AT_CONST(StrList, n, f), out);
        return;
    case F_INT:
        if (AT_CONST(int64_t, n, f))
            str_addf(out, " %s:%" PRId64, f->name, AT_CONST(int64_t, n, f));
        return;
    case F_BOOL:
        if (AT_CONST(bool, n, f))
            str_addf(out, " %s", f->name);
        return;
    case F_TYPE:
        if (AT_CONST(Type *, n, f)) {
            str_addf(out, " %s:", f->name);
            type_catalog(AT_CONST(Type *, n, f), out);
        }
        return;
    case F_KVS:
        options_text(f, &AT_CONST(KeyValueList, n, f), out);
        return;
    case F_PTR:
        pointer_text(n, out);
        return;
    default:
        return;
    }
}

void node_text(const Node *n, Str *out)
{
    if (!n) {
        str_add(out, "()");
        return;
    }
    if (n->kind == NODE_ColumnRef) { /* by far the most frequent: name#id, ^ for each query outwards */
        const ColumnRef *c = node_as(ColumnRef, n);
        for (int64_t i = 0; i < c->depth; i++)
            str_addc(out, '^');
        str_addf(out, "%s#%" PRId64, c->name ? c->name : "", c->id);
        return;
    }
    str_addf(out, "(%s", node_name(n));
    for (const FieldInfo *f = node_info(n->kind)->fields; f->kind != F_END; f++)
        field_text(n, f, out);
    str_addc(out, ')');
}
