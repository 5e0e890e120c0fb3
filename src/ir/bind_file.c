/* ir/bind_file.c -- what a query may ask of the files behind its rows: the hidden column _metadata, and input_file_name(),
 * input_file_block_start(), input_file_block_length().
 *
 * A Scan has the hidden columns only when the plan names them. _metadata goes through select lists and filters, and through
 * an alias of the relation itself. What the functions read goes wherever rows stay in the task that reads their file: not
 * through sorts, limits and exchanges. Source: FileSourceMetadataAttribute, AddMetadataColumns, InputFileBlockHolder,
 * CheckAnalysis' PreReadCheck. */
#include "ir/binder.h"

#include "ir/source.h"

static const Field metadata_fields[] = {
    { "file_path", &type_string, false, NULL },      { "file_name", &type_string, false, NULL },
    { "file_size", &type_long, false, NULL },        { "file_block_start", &type_long, false, NULL },
    { "file_block_length", &type_long, false, NULL }, { "file_modification_time", &type_timestamp, false, NULL },
    { "row_index", &type_long, false, NULL },
};
static const Field block_fields[] = {
    { "input_file_name", &type_string, false, NULL },
    { "input_file_block_start", &type_long, false, NULL },
    { "input_file_block_length", &type_long, false, NULL },
};
enum { METADATA_FIELDS = 6, BLOCK_FIELDS = 3 }; /* row_index: of Parquet only */

/* ---------------------------------------------------------------- is it asked for? */
static bool note_mention(const Node *n, void *arg)
{
    Binder *b = arg;
    if (node_is(Attribute, n)) {
        const Attribute *at = node_as(Attribute, n);
        b->file_metadata = b->file_metadata || at->metadata_column;
        for (size_t i = 0; i < at->name.len; i++)
            b->file_metadata = b->file_metadata || str_ieq(at->name.at[i], METADATA_COLUMN);
    } else if (node_is(Star, n)) {
        for (size_t i = 0; i < node_as(Star, n)->target.len; i++)
            b->file_metadata = b->file_metadata || str_ieq(node_as(Star, n)->target.at[i], METADATA_COLUMN);
    } else if (node_is(Function, n) && node_as(Function, n)->name.len) {
        char prefix[12] = "";
        const StrList *name = &node_as(Function, n)->name;
        memcpy(prefix, name->at[name->len - 1], strnlen(name->at[name->len - 1], 11));
        b->input_file = b->input_file || str_ieq(prefix, "input_file_");
    }
    return true;
}

void file_columns_noted(Binder *b, const Node *plan)
{
    node_walk(plan, note_mention, b);
}

/* ---------------------------------------------------------------- the columns */
static bool has_column(const Schema *s, const char *name)
{
    for (size_t i = 0; i < s->len; i++)
        if (str_ieq(s->at[i].name, name))
            return true;
    return false;
}

void file_columns_add(Binder *b, Node *scan, const StrList *qualifier)
{
    const Scan *s = node_as(Scan, scan);
    Schema *schema = ARENA_NEW(b->a, Schema);
    Column *columns = ARENA_ARRAY(b->a, Column, scan->schema->len + 2);
    size_t n = scan->schema->len;
    if (s->source->relation || (!b->file_metadata && !b->input_file))
        return;
    if (n)
        memcpy(columns, scan->schema->at, n * sizeof *columns);
    if (b->file_metadata) {
        const char *name = METADATA_COLUMN;
        while (has_column(scan->schema, name)) /* _metadata of the data goes first: __metadata */
            name = arena_printf(b->a, "_%s", name);
        size_t fields = METADATA_FIELDS + str_ieq(s->format, "parquet");
        columns[n++] = (Column){ ++b->next_id, name, type_struct(b->a, metadata_fields, fields), false, true, { 0 },
                                 "{\"__metadata_col\":\"_metadata\",\"__file_source_metadata_col\":true}" };
        if (qualifier)
            columns[n - 1].qualifier = *qualifier;
    }
    if (b->input_file)
        columns[n++] = (Column){ ++b->next_id, INPUT_FILE_COLUMN, type_struct(b->a, block_fields, BLOCK_FIELDS), false, true, { 0 }, NULL };
    *schema = (Schema){ columns, n };
    with_schema(scan, schema);
}

static bool is_metadata(const Column *c)
{
    return c->metadata && strstr(c->metadata, "__file_source_metadata_col");
}

bool is_file_column(const Column *c)
{
    return c->hidden && (is_metadata(c) || str_eq(c->name, INPUT_FILE_COLUMN));
}

Node *strip_hidden_but(Binder *b, Node *n, bool metadata, bool input_file)
{
    NodeList exprs = { 0 };
    VEC(bool) hidden = { 0 };
    for (size_t i = 0; i < n->schema->len; i++) {
        const Column *c = &n->schema->at[i];
        if (c->hidden && !(metadata && is_metadata(c)) && !(input_file && str_eq(c->name, INPUT_FILE_COLUMN)))
            continue;
        vec_push(b->a, &exprs, column_ref(b, c));
        vec_push(b->a, &hidden, c->hidden);
    }
    if (exprs.len == n->schema->len)
        return n;
    Node *project = make_project(b, n, &exprs);
    for (size_t i = 0; i < hidden.len; i++)
        ((Column *)(uintptr_t)project->schema->at)[i].hidden = hidden.at[i];
    return project;
}

Node *strip_input_file(Binder *b, Node *n)
{
    NodeList exprs = { 0 };
    VEC(bool) hidden = { 0 };
    for (size_t i = 0; b->input_file && i < n->schema->len; i++) {
        if (str_eq(n->schema->at[i].name, INPUT_FILE_COLUMN))
            continue;
        vec_push(b->a, &exprs, column_ref(b, &n->schema->at[i]));
        vec_push(b->a, &hidden, n->schema->at[i].hidden);
    }
    if (!b->input_file || exprs.len == n->schema->len)
        return n;
    Node *project = make_project(b, n, &exprs);
    for (size_t i = 0; i < hidden.len; i++)
        ((Column *)(uintptr_t)project->schema->at)[i].hidden = hidden.at[i];
    return project;
}

/* ---------------------------------------------------------------- functions */
static const Column *input_file_of(const Scope *s, size_t *ret_sources)
{
    const Column *found = NULL;
    const Schema *schema = s->below ? s->below : s->schema;
    *ret_sources = 0;
    for (size_t i = 0; schema && i < schema->len; i++) {
        if (!schema->at[i].hidden || !str_eq(schema->at[i].name, INPUT_FILE_COLUMN))
            continue;
        found = &schema->at[i];
        (*ret_sources)++;
    }
    return found;
}

static Node *no_file(Binder *b, size_t field)
{
    return field == 0 ? make_literal_string(b, "") : make_literal_int(b, -1, &type_long);
}

Status bind_input_file(Binder *b, const Scope *s, const char *name, const Function *f, Node **ret, Error *err)
{
    size_t field = 0, sources, n = 0;
    NodeList args = { 0 };
    while (field < BLOCK_FIELDS && !str_ieq(block_fields[field].name, name))
        field++;
    if (field == BLOCK_FIELDS || f->args.len)
        return ST_OK;
    if (!b->input_file)
        return spark_unsupported(err, &f->node, "input_file_name in a function's body");
    const Column *c = input_file_of(s, &sources);
    if (sources > 1)
        return spark_error(err, &f->node, "MULTI_SOURCES_UNSUPPORTED_FOR_EXPRESSION", "42K0E",
                           "The expression <expr> does not support more than one source.", "expr",
                           arena_printf(b->a, "\"%s()\"", block_fields[field].name), NULL);
    Node *value = no_file(b, field);
    if (c)
        TRY(make_get_field(b, column_ref(b, c), block_fields[field].name, &f->node, &value, err));
    vec_push(b->a, &args, value);
    const FunctionRow *row = function_find(block_fields[field].name, &n);
    *ret = typed(node_new(b->a, Call, .function = row, .args = args, .ansi = b->ansi), block_fields[field].type, false, &f->node);
    return ST_OK;
}

/* UNION ALL: what its sides read, as their last column; a side without files has the values of no file. */
void input_file_shown(Binder *b, Node **left, Node **right)
{
    Node **sides[] = { left, right };
    bool any = false;
    for (size_t i = 0; i < 2; i++)
        any = any || has_column((*sides[i])->schema, INPUT_FILE_COLUMN);
    for (size_t i = 0; i < 2; i++) {
        NodeList exprs = { 0 }, args = { 0 };
        Node *input = *sides[i], *value = NULL;
        for (size_t k = 0; k < input->schema->len; k++) {
            if (!input->schema->at[k].hidden)
                vec_push(b->a, &exprs, column_ref(b, &input->schema->at[k]));
            else if (str_eq(input->schema->at[k].name, INPUT_FILE_COLUMN))
                value = column_ref(b, &input->schema->at[k]);
        }
        for (size_t k = 0; k < BLOCK_FIELDS; k++) {
            vec_push(b->a, &args, make_literal_string(b, block_fields[k].name));
            vec_push(b->a, &args, no_file(b, k));
        }
        if (any && !value && make_call(b, "named_struct", &args, input, &value, NULL) != ST_OK)
            return;
        if (value)
            vec_push(b->a, &exprs, node_is(ColumnRef, value) ? value : new_alias(b, value, INPUT_FILE_COLUMN));
        *sides[i] = any ? make_project(b, input, &exprs) : strip_hidden(b, input);
    }
}
