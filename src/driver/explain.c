/* driver/explain.c -- df.explain() and df.printSchema(). The schema tree is Spark's; plans are printed as weir's own trees and
 * the SQL that the engine gets: Spark's physical operators do not exist here. */
#include "driver/run.h"

enum { TEXT_MAX_BYTES = 1 << 28 };

/* DataType.typeName */
static void type_name(const Type *t, Str *out)
{
    switch (t->kind) {
    case TYPE_ARRAY:
        str_add(out, "array");
        return;
    case TYPE_MAP:
        str_add(out, "map");
        return;
    case TYPE_STRUCT:
        str_add(out, "struct");
        return;
    case TYPE_INT:
        str_add(out, "integer");
        return;
    case TYPE_LONG:
        str_add(out, "long");
        return;
    case TYPE_SHORT:
        str_add(out, "short");
        return;
    case TYPE_BYTE:
        str_add(out, "byte");
        return;
    default:
        type_catalog(t, out);
    }
}

static void tree_of(const Type *t, const char *prefix, int depth, Str *out, Arena *a);

static void tree_line(const char *name, const Type *t, const char *note, bool value, const char *prefix, int depth, Str *out, Arena *a)
{
    if (depth <= 0)
        return;
    str_addf(out, "%s-- %s: ", prefix, name);
    type_name(t, out);
    if (note)
        str_addf(out, " (%s = %s)", note, value ? "true" : "false");
    str_addc(out, '\n');
    tree_of(t, arena_printf(a, "%s    |", prefix), depth - 1, out, a);
}

static void tree_of(const Type *t, const char *prefix, int depth, Str *out, Arena *a)
{
    if (t->kind == TYPE_ARRAY)
        tree_line("element", t->element, "containsNull", t->contains_null, prefix, depth, out, a);
    if (t->kind == TYPE_MAP) {
        tree_line("key", t->key, NULL, false, prefix, depth, out, a);
        tree_line("value", t->element, "valueContainsNull", t->contains_null, prefix, depth, out, a);
    }
    if (t->kind == TYPE_STRUCT)
        for (size_t i = 0; i < t->nfields; i++)
            tree_line(t->fields[i].name, t->fields[i].type, "nullable", t->fields[i].nullable, prefix, depth, out, a);
}

char *schema_tree(Arena *a, const Type *schema, int level)
{
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    str_add(&out, "root\n");
    tree_of(schema, " |", level > 0 ? level : 1 << 20, &out, a);
    return str_arena(&out, a);
}

static void add_plan(Str *out, const char *title, const Node *plan)
{
    str_addf(out, "== %s ==\n", title);
    node_text(plan, out);
    str_addc(out, '\n');
}

Status explain_plan(Run *r, Node *unbound, const char *mode, char **ret_text, Error *err)
{
    Node *bound;
    TRY(run_bind_node(r, unbound, &bound, err));
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    bool extended = str_ieq(mode, "extended");
    if (extended)
        add_plan(&out, "Parsed Logical Plan", unbound);
    if (extended || str_ieq(mode, "cost")) {
        add_plan(&out, extended ? "Analyzed Logical Plan" : "Optimized Logical Plan", bound);
        str_addc(&out, '\n');
    }
    if (str_ieq(mode, "codegen")) {
        EmitOptions options = run_emit_options(r);
        str_add(&out, "== Engine SQL ==\n");
        TRY(emit_plan(r->arena, &options, bound, &out, err));
        str_addc(&out, '\n');
    } else {
        add_plan(&out, "Physical Plan", bound);
    }
    *ret_text = str_arena(&out, r->arena);
    return ST_OK;
}
