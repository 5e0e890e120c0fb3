/* back/duckdb/emit_bytes.c -- STRINGs whose bytes are no UTF-8. Spark keeps whatever CAST(binary AS STRING) is given, the engine's texts
 * are UTF-8. What looks at a text's bytes alone is computed of the BINARY; what Spark does to a Java String, and a client, sees U+FFFD;
 * anything else refuses such a value when it comes. Source: UTF8String. */
#include "back/duckdb/emit_internal.h"
#include "ir/collation.h"
#include "ir/enums.h"

/* Their result's bytes are their arguments' bytes. */
static const char *const keeping[] = { "||", "concat", "coalesce", "ifnull", "nvl", "nvl2", "if", "greatest", "least", "elt", NULL };
/* They mean the same for a text and for its bytes. */
static const char *const looking[] = { "=", "==", "<=>", "!=", "<", "<=", ">", ">=", "octet_length", "bit_length", "hex", "hash", "xxhash64",
                                       "startswith", "endswith", "contains", NULL };
static const char *const checking[] = { "is_valid_utf8", "make_valid_utf8", "validate_utf8", "try_validate_utf8", NULL };
/* Their texts become Java Strings, or only have to be there. */
static const char *const showing[] = { "upper", "ucase", "lower", "lcase", "initcap", "encode", "translate", "to_json", "to_csv", "format_string", "printf",
                                       "rlike", "regexp", "regexp_like", "regexp_replace", "regexp_count", "regexp_extract", "regexp_extract_all", "regexp_instr",
                                       "regexp_substr", "ascii", "url_encode", "isnull", "isnotnull", "count", NULL };
/* What is shown of them is what is shown of their arguments; of those that join texts, with something between these. */
static const char *const holding[] = { "array", "struct", "named_struct", "map", "quote", NULL };
static const char *const joining[] = { "concat_ws", "listagg", "string_agg", NULL };

static bool call_of(const Node *n, const char *const *names)
{
    bool found = false;
    for (size_t i = 0; node_is(Call, n) && names[i] && !found; i++)
        found = str_eq(node_as(Call, n)->function->name, names[i]);
    return found;
}

static bool has_binary(const Type *t)
{
    if (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP)
        return (t->kind == TYPE_MAP && has_binary(t->key)) || has_binary(t->element);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (has_binary(t->fields[i].type))
            return true;
    return t->kind == TYPE_BINARY;
}

bool emit_makes_text(const Node *n)
{
    const Type *from = node_is(Cast, n) && node_as(Cast, n)->child ? node_as(Cast, n)->child->type : NULL;
    return from && has_binary(from) && !type_same(from, node_as(Cast, n)->to);
}

/* ---------------------------------------------------------------- of the bytes */
static bool is_text(const Node *n)
{
    return n && n->type && n->type->kind == TYPE_STRING && !type_is_collated(n->type);
}

static bool casts_bytes(const Node *n)
{
    return node_is(Cast, n) && is_text(n) && node_as(Cast, n)->child->type->kind == TYPE_BINARY;
}

static bool any_raw(const Emit *e, const NodeList *list);

/* May the text hold other bytes than UTF-8, and is it made of bytes in ways that are known here? */
static bool is_raw(const Emit *e, const Node *n)
{
    if (!is_text(n) || emit_group_name(e, n))
        return false;
    if (node_is(Alias, n))
        return is_raw(e, node_as(Alias, n)->child);
    if (node_is(Case, n))
        return any_raw(e, &node_as(Case, n)->thens) || is_raw(e, node_as(Case, n)->otherwise);
    return casts_bytes(n) || (call_of(n, keeping) && any_raw(e, &node_as(Call, n)->args));
}

static bool any_raw(const Emit *e, const NodeList *list)
{
    for (size_t i = 0; i < list->len; i++)
        if (is_raw(e, list->at[i]))
            return true;
    return false;
}

static Node *cast_to(Emit *e, const Node *n, const Type *to)
{
    Node *cast = node_new(e->a, Cast, .child = (Node *)(uintptr_t)n, .to = to, .mode = CAST_LEGACY);
    cast->type = to;
    cast->nullable = n->nullable;
    return cast;
}

static Node *bytes_of(Emit *e, const Node *n);

static NodeList bytes_of_all(Emit *e, const NodeList *list)
{
    NodeList made = { 0 };
    for (size_t i = 0; i < list->len; i++)
        vec_push(e->a, &made, is_text(list->at[i]) ? bytes_of(e, list->at[i]) : list->at[i]);
    return made;
}

/* The text as BINARY. */
static Node *bytes_of(Emit *e, const Node *n)
{
    if (!is_raw(e, n))
        return cast_to(e, n, &type_binary);
    if (node_is(Alias, n))
        return bytes_of(e, node_as(Alias, n)->child);
    if (casts_bytes(n))
        return node_as(Cast, n)->child;
    Node *copy = node_copy(e->a, n);
    copy->type = &type_binary;
    if (node_is(Case, n)) {
        Case *c = (Case *)(void *)copy;
        c->thens = bytes_of_all(e, &c->thens);
        c->otherwise = c->otherwise ? bytes_of(e, c->otherwise) : NULL;
    } else {
        ((Call *)(void *)copy)->args = bytes_of_all(e, &node_as(Call, n)->args);
    }
    return copy;
}

static bool all_plain(const NodeList *args)
{
    for (size_t i = 0; i < args->len; i++)
        if (args->at[i]->type && type_is_collated(args->at[i]->type))
            return false;
    return true;
}

const Node *emit_bytewise(Emit *e, const Node *n)
{
    if (emit_group_name(e, n))
        return n;
    if (node_is(Cast, n) && node_as(Cast, n)->to->kind == TYPE_BINARY && is_raw(e, node_as(Cast, n)->child))
        return bytes_of(e, node_as(Cast, n)->child);
    if (is_raw(e, n) && !casts_bytes(n) && !node_is(Alias, n))
        return cast_to(e, bytes_of(e, n), &type_string);
    if (node_is(InList, n) && is_text(node_as(InList, n)->child) && (is_raw(e, node_as(InList, n)->child) || any_raw(e, &node_as(InList, n)->items)) &&
        all_plain(&node_as(InList, n)->items)) {
        InList *in = (InList *)(void *)node_copy(e->a, n);
        in->child = bytes_of(e, in->child);
        in->items = bytes_of_all(e, &in->items);
        return &in->node;
    }
    bool looks = call_of(n, looking), checks = call_of(n, checking);
    if ((!looks && !checks) || !any_raw(e, &node_as(Call, n)->args) || !all_plain(&node_as(Call, n)->args))
        return n;
    Call *c = (Call *)(void *)node_copy(e->a, n);
    c->args = bytes_of_all(e, &c->args);
    if (checks) /* emit_utf8() looks at what the cast is of */
        c->args.at[0] = cast_to(e, c->args.at[0], &type_string);
    return &c->node;
}

/* ---------------------------------------------------------------- what is shown */
static bool is_some_text(const Node *n)
{
    return node_is(Literal, n) && n->type->kind == TYPE_STRING && !node_as(Literal, n)->value->is_null && node_as(Literal, n)->value->text_len;
}

static bool joins(const Node *n)
{
    const Call *c = call_of(n, joining) ? node_as(Call, n) : NULL;
    size_t between = c && !str_eq(c->function->name, "concat_ws");
    return c && !c->distinct && !c->order.len && c->args.len > between && is_some_text(c->args.at[between]);
}

static bool note_text(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || emit_makes_text(n);
    return !*found;
}

static bool window_joins(const Window *w)
{
    bool elsewhere = false;
    for (size_t i = 0; i < w->partitions.len; i++)
        node_walk(w->partitions.at[i], note_text, &elsewhere);
    for (size_t i = 0; i < w->orders.len; i++)
        node_walk(w->orders.at[i], note_text, &elsewhere);
    return !elsewhere && joins(w->function);
}

/* Of a pattern; without one each character is a part, as its bytes say. */
static bool splits(const Node *n)
{
    static const char *const names[] = { "split", NULL };
    return call_of(n, names) && node_as(Call, n)->args.len > 1 && is_some_text(node_as(Call, n)->args.at[1]);
}

bool emit_shows(const Emit *e, const Node *n)
{
    if (node_is(Cast, n)) { /* what is no UTF-8 is no number and no date */
        const Type *from = node_as(Cast, n)->child->type;
        return from->kind == TYPE_STRING ? node_as(Cast, n)->to->kind != TYPE_BINARY : e->mend && !type_is_atomic(from);
    }
    if ((call_of(n, showing) && !node_as(Call, n)->distinct) || splits(n))
        return true;
    return e->mend && (node_is(Alias, n) || node_is(Case, n) || node_is(GetField, n) || call_of(n, keeping) || call_of(n, holding) || joins(n) ||
                       (node_is(Window, n) && window_joins(node_as(Window, n))));
}

static bool note_column(const Node *n, void *arg)
{
    ShownColumns *used = arg;
    if (node_is(ColumnRef, n))
        vec_push(used->a, &used->ids, node_as(ColumnRef, n)->id);
    return true;
}

static bool holds_id(const ShownColumns *s, int64_t id)
{
    for (size_t i = 0; s && i < s->ids.len; i++)
        if (s->ids.at[i] == id)
            return true;
    return false;
}

static void drop_used(ShownColumns *s, const ShownColumns *used)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->ids.len; i++)
        if (!holds_id(used, s->ids.at[i]))
            s->ids.at[kept++] = s->ids.at[i];
    s->ids.len = kept;
}

static bool shows_the_same(const Cast *c)
{
    return type_same(c->child->type, c->to) || (c->to->kind == TYPE_STRING && !type_is_atomic(c->child->type));
}

/* Below a projection: the columns that it hands on to columns that are shown, and nothing else takes. */
static void through_project(const Project *p, ShownColumns *now, ShownColumns *all)
{
    ShownColumns next = { .a = now->a }, used = { .a = now->a };
    for (size_t i = 0; i < p->exprs.len; i++) {
        const Node *n = p->exprs.at[i], *child = node_is(Alias, n) ? node_as(Alias, n)->child : n;
        int64_t id = node_is(Alias, n) ? node_as(Alias, n)->id : node_is(ColumnRef, n) ? node_as(ColumnRef, n)->id : -1;
        while (node_is(Cast, child) && shows_the_same(node_as(Cast, child)))
            child = node_as(Cast, child)->child;
        if (node_is(ColumnRef, child) && holds_id(now, id))
            vec_push(now->a, &next.ids, node_as(ColumnRef, child)->id);
        else
            node_walk(n, note_column, &used);
        if (node_is(Alias, n) && holds_id(now, id))
            vec_push(all->a, &all->ids, id);
    }
    drop_used(&next, &used);
    *now = next;
}

void emit_find_shown(const Node *root, ShownColumns *ret)
{
    ShownColumns now = { .a = ret->a };
    for (size_t i = 0; i < root->schema->len; i++)
        vec_push(ret->a, &now.ids, root->schema->at[i].id);
    for (const Node *n = root; n;) {
        ShownColumns used = { .a = ret->a };
        switch (n->kind) {
        case NODE_Project:
            through_project(node_as(Project, n), &now, ret);
            n = node_as(Project, n)->input;
            break;
        case NODE_Filter:
            node_walk(node_as(Filter, n)->predicate, note_column, &used);
            n = node_as(Filter, n)->input;
            break;
        case NODE_Sort:
            for (size_t i = 0; i < node_as(Sort, n)->orders.len; i++)
                node_walk(node_as(Sort, n)->orders.at[i], note_column, &used);
            n = node_as(Sort, n)->input;
            break;
        case NODE_Limit: n = node_as(Limit, n)->input; break;
        case NODE_Offset: n = node_as(Offset, n)->input; break;
        case NODE_SubqueryAlias: n = node_as(SubqueryAlias, n)->input; break;
        case NODE_Repartition: n = node_as(Repartition, n)->input; break;
        case NODE_Hint: n = node_as(Hint, n)->input; break;
        default: n = NULL;
        }
        drop_used(&now, &used);
    }
}

bool emit_is_shown(const Emit *e, int64_t id)
{
    return holds_id(e->shown, id);
}
