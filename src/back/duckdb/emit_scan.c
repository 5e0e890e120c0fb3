/* back/duckdb/emit_scan.c -- a Scan's FROM text: read_parquet or spark_scan over the listed files, partition columns as constants.
 *
 * Parquet columns are taken by name into the types of the schema; the engine reads only what a query uses and skips row
 * groups by its filters. Few partitions become a UNION ALL of constants, which filters prune; many a join by file. */
#include "back/duckdb/convert.h"
#include "back/duckdb/emit_internal.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_internal.h"
#include "back/duckdb/source_scan.h"
#include "ir/source.h"

#include <inttypes.h>

enum { UNION_MAX = 64, BLOCK_FIELDS = 3 /* of what input_file_name() and its kin read */ };

/* ---------------------------------------------------------------- one reader */
static void quoted(const char *text, Str *out)
{
    emit_quoted_text(text, strlen(text), out);
}

/* read_parquet's `schema`: {name in the file: {name: column, type, default_value}}. */
static void parquet_columns(Emit *e, const Node *scan, const Type *data, bool groups, Str *out)
{
    str_add(out, "map{");
    for (size_t i = 0; i < data->nfields; i++) {
        str_auto word = EMIT_STR;
        if (data->fields[i].type->kind == TYPE_VARIANT && !groups)
            str_add(&word, "VARIANT");
        else
            emit_type(emit_variant_group_type(e->a, data->fields[i].type), &word);
        str_add(out, i ? ", " : "");
        quoted(data->fields[i].name, out);
        emit_column(": {name: '", scan->schema->at[i].id, out);
        str_add(out, "', type: ");
        quoted(str_text(&word), out);
        str_add(out, ", default_value: NULL}");
    }
    str_add(out, "}");
}

/* Columns that need no mapping: the engine then knows their minima and maxima, which `schema` takes from it. */
static void stored_columns(const Node *scan, const Type *data, Str *out)
{
    for (size_t i = 0; i < data->nfields; i++) {
        str_add(out, i ? ", " : "");
        emit_quoted_name(data->fields[i].name, out);
        emit_column(" AS ", scan->schema->at[i].id, out);
    }
}

/* What a reader gives beside the files' columns. */
typedef struct Extra {
    bool numbered;  /* SCAN_FILE_COLUMN */
    bool row_index; /* file_row_number, of Parquet */
} Extra;

static Status parquet_reader(Emit *e, const Node *scan, const SourceFile *const *files, size_t nfiles, Extra extra, Str *out)
{
    const Type *data = node_as(Scan, scan)->source->data_schema;
    bool as_stored = node_as(Scan, scan)->source->as_stored && !extra.numbered && !extra.row_index;
    if (as_stored) {
        str_add(out, "(SELECT ");
        stored_columns(scan, data, out);
        str_add(out, " FROM ");
    }
    str_add(out, "read_parquet([");
    for (size_t i = 0; i < nfiles; i++) {
        str_add(out, i ? ", " : "");
        quoted(files[i]->path, out);
    }
    str_add(out, "]");
    if (data->nfields && !as_stored) {
        str_add(out, ", schema = ");
        parquet_columns(e, scan, data, !nfiles || files[0]->variant_groups, out);
    }
    str_addf(out, "%s)%s", extra.numbered ? ", filename = '" SCAN_FILE_COLUMN "'" : "", as_stored ? ")" : "");
    return ST_OK;
}

static bool same_variants(const SourceFile *x, const SourceFile *y)
{
    return x->variant_groups == y->variant_groups && x->variant_nulls == y->variant_nulls;
}

/* Files with VARIANT columns: those that hold them alike are read together. */
static Status variant_reader(Emit *e, const Node *scan, const SourceFile *const *files, size_t nfiles, Extra extra, Str *out)
{
    const Type *data = node_as(Scan, scan)->source->data_schema;
    const SourceFile **alike = ARENA_ARRAY(e->a, const SourceFile *, nfiles + 1);
    bool *read = ARENA_ARRAY(e->a, bool, nfiles + 1), any = false;
    str_add(out, "(");
    for (size_t first = 0; first < nfiles; first++) {
        size_t n = 0;
        for (size_t i = first; i < nfiles && !read[first]; i++)
            if (!read[i] && same_variants(files[first], files[i])) {
                read[i] = i > first;
                alike[n++] = files[i];
            }
        if (!n)
            continue;
        str_add(out, any ? " UNION ALL SELECT " : "SELECT ");
        for (size_t i = 0; i < data->nfields; i++) {
            const char *column = arena_printf(e->a, COLUMN_TEXT, scan->schema->at[i].id);
            const Type *t = data->fields[i].type;
            bool engines = t->kind == TYPE_VARIANT && !files[first]->variant_groups;
            const char *value = engines ? emit_variant_from_engine(e->a, column, i < 64 && (files[first]->variant_nulls >> i & 1))
                                        : emit_variant_from_groups(e->a, column, t);
            str_addf(out, "%s%s AS %s", i ? ", " : "", value, column);
        }
        str_addf(out, "%s%s FROM ", extra.numbered ? ", " SCAN_FILE_COLUMN : "", extra.row_index ? ", file_row_number" : "");
        TRY(parquet_reader(e, scan, alike, n, extra, out));
        any = true;
    }
    str_add(out, ")");
    return ST_OK;
}

static Status text_reader(Emit *e, const Node *scan, const char *format, const SourceFile *const *files, size_t nfiles, Str *out)
{
    const Scan *s = node_as(Scan, scan);
    str_auto json = EMIT_STR;
    str_addf(out, "spark_scan('%s', [", format);
    for (size_t i = 0; i < s->source->data_schema->nfields; i++)
        str_addf(out, "%s'" COLUMN_TEXT "'", i ? ", " : "", scan->schema->at[i].id);
    str_add(out, "]::VARCHAR[], ");
    type_json(s->source->data_schema, &json);
    quoted(str_text(&json), out);
    str_add(out, ", [");
    for (size_t i = 0; i < s->options.len; i++) {
        str_add(out, i ? ", " : "");
        quoted(s->options.at[i].key, out);
        str_add(out, ", ");
        quoted(s->options.at[i].value ? s->options.at[i].value : "", out);
    }
    str_add(out, "]::VARCHAR[], [");
    for (size_t i = 0; i < nfiles; i++) {
        str_add(out, i ? ", " : "");
        quoted(files[i]->path, out);
        str_add(out, ", ");
        quoted(files[i]->uri ? files[i]->uri : files[i]->path, out);
        str_addf(out, ", '%" PRId64 "'", files[i]->modified_ms);
    }
    str_add(out, "]::VARCHAR[], ");
    quoted(e->o->time_zone ? e->o->time_zone : "UTC", out);
    str_add(out, ")");
    return ST_OK;
}

static Status reader(Emit *e, const Node *scan, const SourceFile *const *files, size_t nfiles, Extra extra, Str *out)
{
    const char *format = source_format(node_as(Scan, scan)->format);
    if (!format)
        return engine_fail(e->err, ST_INVALID, "DATA_SOURCE_NOT_FOUND", "provider", node_as(Scan, scan)->format, NULL);
    if (!strcmp(format, "parquet") && type_has_variant(node_as(Scan, scan)->source->data_schema))
        return variant_reader(e, scan, files, nfiles, extra, out);
    if (!strcmp(format, "parquet"))
        return parquet_reader(e, scan, files, nfiles, extra, out);
    return text_reader(e, scan, format, files, nfiles, out);
}

/* ---------------------------------------------------------------- partition values */
static bool atomic_value(Emit *e, const char *text, const Type *t, Value *v)
{
    View view = VIEW(text);
    const Zone *zone = zone_find(VIEW(e->o->time_zone ? e->o->time_zone : "UTC"));
    int32_t days;
    bool flag;
    i128 unscaled;
    char number[NUMBER_TEXT_BYTES];
    switch (t->kind) {
    case TYPE_BYTE: case TYPE_SHORT: case TYPE_INT: return java_integer(view, INT32_MIN, INT32_MAX, &v->i);
    case TYPE_LONG: return java_integer(view, INT64_MIN, INT64_MAX, &v->i);
    case TYPE_FLOAT: case TYPE_DOUBLE: return java_double(view, &v->f);
    case TYPE_BOOLEAN:
        if (!java_boolean(view, &flag))
            return false;
        v->i = flag;
        return true;
    case TYPE_DATE:
        if (!convert_date(view, &days))
            return false;
        v->i = days;
        return true;
    case TYPE_TIMESTAMP: return convert_timestamp(view, zone, &v->i);
    case TYPE_TIMESTAMP_NTZ: return convert_timestamp(view, NULL, &v->i);
    case TYPE_DECIMAL:
        if (!java_decimal(view, t->precision, t->scale, &unscaled))
            return false;
        v->text_len = print_decimal(unscaled, t->scale, number);
        v->text = arena_strn(e->a, number, v->text_len);
        return true;
    default:
        v->text = text;
        v->text_len = view.len;
        return true;
    }
}

/* Casts as castPartValueToDesiredType does. */
static Status partition_value(Emit *e, const char *text, const Field *f, Str *out)
{
    Value v = { .is_null = !text || f->type->kind == TYPE_NULL };
    if (!v.is_null && !atomic_value(e, text, f->type, &v)) {
        str_auto type = EMIT_STR;
        type_sql(f->type, &type);
        return engine_fail(e->err, ST_RUNTIME, "CAST_INVALID_INPUT", "expression", arena_printf(e->a, "'%s'", text), "sourceType",
                           "\"STRING\"", "targetType", arena_printf(e->a, "\"%s\"", str_text(&type)), NULL);
    }
    if (v.is_null) {
        str_addf(out, "CAST(NULL AS %s)", emit_word(e, f->type));
        return ST_OK;
    }
    return emit_literal(e, &v, f->type, out);
}

static Status partition_values(Emit *e, const Node *scan, const SourceFile *file, Str *out)
{
    const ScanSource *source = node_as(Scan, scan)->source;
    for (size_t i = 0; i < source->partition_schema->nfields; i++) {
        str_add(out, i ? ", " : "");
        TRY(partition_value(e, file->partition_values[i], &source->partition_schema->fields[i], out));
    }
    return ST_OK;
}

static bool same_partition(const SourceFile *x, const SourceFile *y, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        if (!str_eq(x->partition_values[i], y->partition_values[i]))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- hidden columns: what is known of a file */
/* The hidden columns stand last: STRUCTs of these fields. */
static size_t hidden_from(const Node *scan)
{
    const ScanSource *s = node_as(Scan, scan)->source;
    return s->data_schema->nfields + s->partition_schema->nfields;
}

static bool wants_row_index(const Node *scan)
{
    for (size_t i = hidden_from(scan); i < scan->schema->len; i++) {
        const Type *t = scan->schema->at[i].type;
        if (!strcmp(t->fields[t->nfields - 1].name, "row_index"))
            return true;
    }
    return false;
}

/* java.net.URI of a path: what is no path character as %XX. */
static void uri_path(const char *path, Str *out)
{
    for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
        if (*c >= 0x80 || (*c > ' ' && *c != 0x7f && !strchr("\"#%<>?[\\]^`{|}", *c)))
            str_addc(out, (char)*c);
        else
            str_addf(out, "%%%02X", *c);
    }
}

/* file:/a/b for _metadata, file:///a/b for input_file_name(). */
static void file_uri(const SourceFile *f, bool three_slashes, Str *out)
{
    const char *uri = f->uri ? f->uri : f->path;
    const char *path = str_starts(uri, "file:///") ? uri + 7 : str_starts(uri, "file:/") ? uri + 5 : uri[0] == '/' ? uri : NULL;
    if (path)
        str_add(out, three_slashes ? "file://" : "file:");
    uri_path(path ? path : uri, out);
}

static void file_field(const SourceFile *f, const char *field, Str *out)
{
    str_auto text = EMIT_STR;
    if (!strcmp(field, "file_path") || !strcmp(field, "input_file_name"))
        file_uri(f, field[0] == 'i', &text);
    else if (!strcmp(field, "file_name"))
        uri_path(strrchr(f->path, '/') && !f->uri ? strrchr(f->path, '/') + 1
                                                  : strrchr(f->uri, '/') ? strrchr(f->uri, '/') + 1 : f->uri, &text);
    if (text.len)
        emit_quoted_text(text.data, text.len, out);
    else if (!strcmp(field, "file_modification_time"))
        str_addf(out, "make_timestamp(%" PRId64 "::BIGINT)", f->modified_ms * 1000);
    else /* a file is one block, from 0 */
        str_addf(out, "%" PRId64 "::BIGINT", str_ends(field, "_start") ? (int64_t)0 : f->size_bytes);
}

/* One hidden column's value; row_index aside, that is the row's. */
static void file_struct(const SourceFile *f, const Type *t, bool row_index, Str *out)
{
    str_add(out, "{");
    for (size_t i = 0; i < t->nfields; i++) {
        bool row = !strcmp(t->fields[i].name, "row_index");
        if (row && !row_index)
            continue;
        str_addf(out, "%s'%s': ", i ? ", " : "", t->fields[i].name);
        if (row)
            str_add(out, "file_row_number");
        else
            file_field(f, t->fields[i].name, out);
    }
    str_add(out, "}");
}

/* ---------------------------------------------------------------- files of different values */
typedef struct Groups {
    const SourceFile **files; /* by group, in order of their first file */
    size_t *starts;           /* n + 1 of them; */
    size_t n;
} Groups;

/* Files by their partition; more than UNION_MAX groups are not gathered. */
static bool group_files(Arena *a, const ScanSource *s, bool each_alone, Groups *g)
{
    size_t columns = s->partition_schema->nfields, at = 0;
    size_t *of = ARENA_ARRAY(a, size_t, s->nfiles + 1), firsts[UNION_MAX];
    g->n = 0;
    for (size_t i = 0; i < s->nfiles; i++) {
        size_t group = 0;
        while (group < g->n && (each_alone || !same_partition(&s->files[firsts[group]], &s->files[i], columns)))
            group++;
        if (group == g->n) {
            if (g->n == UNION_MAX)
                return false;
            firsts[g->n++] = i;
        }
        of[i] = group;
    }
    g->files = ARENA_ARRAY(a, const SourceFile *, s->nfiles + 1);
    g->starts = ARENA_ARRAY(a, size_t, g->n + 1);
    for (size_t group = 0; group < g->n; group++) {
        g->starts[group] = at;
        for (size_t i = 0; i < s->nfiles; i++) {
            if (of[i] == group)
                g->files[at++] = &s->files[i];
        }
    }
    g->starts[g->n] = at;
    return true;
}

/* "c1, c2": the columns of the files. */
static void data_columns(const Node *scan, Str *out)
{
    size_t n = node_as(Scan, scan)->source->data_schema->nfields;
    for (size_t i = 0; i < n; i++)
        emit_column(i ? ", " : "", scan->schema->at[i].id, out);
}

static Status union_of(Emit *e, const Node *scan, const Groups *g, Str *out)
{
    const ScanSource *s = node_as(Scan, scan)->source;
    str_add(out, "(");
    for (size_t i = 0; i < g->n; i++) {
        const SourceFile *first = g->files[g->starts[i]];
        str_add(out, i ? " UNION ALL SELECT " : "SELECT ");
        data_columns(scan, out);
        for (size_t j = 0; j < s->partition_schema->nfields; j++) {
            str_add(out, j || s->data_schema->nfields ? ", " : "");
            TRY(partition_value(e, first->partition_values[j], &s->partition_schema->fields[j], out));
            str_addf(out, " AS " COLUMN_TEXT, scan->schema->at[s->data_schema->nfields + j].id);
        }
        for (size_t j = hidden_from(scan); j < scan->schema->len; j++) {
            str_add(out, j ? ", " : "");
            file_struct(first, scan->schema->at[j].type, true, out);
            str_addf(out, " AS " COLUMN_TEXT, scan->schema->at[j].id);
        }
        str_add(out, " FROM ");
        Extra extra = { .row_index = wants_row_index(scan) };
        TRY(reader(e, scan, g->files + g->starts[i], g->starts[i + 1] - g->starts[i], extra, out));
    }
    str_add(out, ")");
    return ST_OK;
}

/* The files' values as a table beside one reader of all files. */
static Status join_of(Emit *e, const Node *scan, const SourceFile *const *files, Str *out)
{
    const ScanSource *s = node_as(Scan, scan)->source;
    bool parquet = !strcmp(source_format(node_as(Scan, scan)->format), "parquet");
    const char *left = emit_fresh(e, "files"), *right = emit_fresh(e, "parts");
    str_add(out, "(SELECT ");
    data_columns(scan, out);
    for (size_t j = s->data_schema->nfields; j < scan->schema->len; j++) {
        bool row_index = j >= hidden_from(scan) && wants_row_index(scan) && scan->schema->at[j].type->nfields > BLOCK_FIELDS;
        str_addf(out, row_index ? "%sstruct_insert(" COLUMN_TEXT ", row_index := file_row_number) AS " COLUMN_TEXT : "%s" COLUMN_TEXT,
                 j ? ", " : "", scan->schema->at[j].id, scan->schema->at[j].id);
    }
    str_add(out, " FROM ");
    Extra extra = { .numbered = true, .row_index = wants_row_index(scan) };
    TRY(reader(e, scan, files, s->nfiles, extra, out));
    str_addf(out, " %s JOIN (VALUES ", left);
    for (size_t i = 0; i < s->nfiles; i++) {
        str_add(out, i ? ", (" : "(");
        if (parquet)
            quoted(files[i]->path, out);
        else
            str_addf(out, "%zu", i);
        str_add(out, s->partition_schema->nfields ? ", " : "");
        TRY(partition_values(e, scan, files[i], out));
        for (size_t j = hidden_from(scan); j < scan->schema->len; j++) {
            str_add(out, ", ");
            file_struct(files[i], scan->schema->at[j].type, false, out);
        }
        str_add(out, ")");
    }
    str_addf(out, ") %s(part_file", right);
    for (size_t j = s->data_schema->nfields; j < scan->schema->len; j++)
        str_addf(out, ", " COLUMN_TEXT, scan->schema->at[j].id);
    str_addf(out, ") ON %s.%s = %s.part_file)", left, SCAN_FILE_COLUMN, right);
    return ST_OK;
}

/* ---------------------------------------------------------------- the scan */
/* Without files there are no rows. */
static const char *nothing(Emit *e, const Node *scan)
{
    str_auto out = EMIT_STR;
    for (size_t i = 0; i < scan->schema->len; i++)
        str_addf(&out, "%sCAST(NULL AS %s) AS " COLUMN_TEXT, i ? ", " : "", emit_word(e, scan->schema->at[i].type),
                 scan->schema->at[i].id);
    return arena_printf(e->a, "(SELECT %s WHERE false)", scan->schema->len ? str_text(&out) : "1 AS c_none");
}

/* The engine's own table: c0, c1 … in order. */
static const char *relation_of(Emit *e, const Node *scan, const char *relation)
{
    str_auto out = EMIT_STR;
    str_add(&out, "(SELECT ");
    for (size_t i = 0; i < scan->schema->len; i++)
        str_addf(&out, "%sc%zu AS " COLUMN_TEXT, i ? ", " : "", i, scan->schema->at[i].id);
    str_add(&out, scan->schema->len ? " FROM " : "1 AS c_none FROM ");
    emit_quoted_name(relation, &out);
    str_add(&out, ")");
    return str_arena(&out, e->a);
}

Status emit_scan(Emit *e, const Node *n, Sel *ret_sel)
{
    const ScanSource *s = node_as(Scan, n)->source;
    if (!s)
        return emit_unsupported(e, n, "without its files");
    if (s->remote)
        return emit_remote(e, n, ret_sel);
    if (s->relation || !s->nfiles) {
        *ret_sel = (Sel){ .from = s->relation ? relation_of(e, n, s->relation) : nothing(e, n) };
        return ST_OK;
    }
    str_auto out = EMIT_STR;
    const SourceFile **files = ARENA_ARRAY(e->a, const SourceFile *, s->nfiles);
    for (size_t i = 0; i < s->nfiles; i++)
        files[i] = &s->files[i];
    Groups groups;
    bool of_file = n->schema->len > hidden_from(n);
    if (!s->partition_schema->nfields && !of_file)
        TRY(reader(e, n, files, s->nfiles, (Extra){ 0 }, &out));
    else if (group_files(e->a, s, of_file, &groups))
        TRY(union_of(e, n, &groups, &out));
    else
        TRY(join_of(e, n, files, &out));
    if (out.overflow)
        return FAIL(e->err, ST_LIMIT, "the scan of %zu files makes an SQL text that is too long", s->nfiles);
    *ret_sel = (Sel){ .from = str_arena(&out, e->a) };
    return ST_OK;
}
