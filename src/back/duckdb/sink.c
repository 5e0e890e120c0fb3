/* back/duckdb/sink.c -- what every format's writing shares: checks, partition paths, the list of files. */
#include "back/duckdb/sink.h"

#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "back/duckdb/source_internal.h"
#include "base/limits.h"
#include "base/map.h"
#include "ir/collation.h"
#include "ir/enums.h"

static const char default_partition[] = "__HIVE_DEFAULT_PARTITION__";

const char *sink_option(const SinkWork *w, const char *name, const char *missing)
{
    const KeyValueList *options = w->request->options;
    for (size_t i = options ? options->len : 0; i-- > 0;)
        if (str_ieq(options->at[i].key, name))
            return options->at[i].value;
    return missing;
}

bool sink_flag(const SinkWork *w, const char *name, bool missing)
{
    const char *value = sink_option(w, name, NULL);
    return value ? str_ieq(value, "true") : missing;
}

const char *sink_column(const SinkWork *w, size_t index)
{
    return arena_printf(w->a, "c%u", w->schema->at[index].id);
}

Status sink_partition_text(const SinkWork *w, size_t i, const char **ret_sql, Error *err)
{
    const Column *c = &w->schema->at[w->partitions.at[i]];
    Node *column = node_new(w->a, ColumnRef, .id = c->id, .name = c->name);
    column->type = c->type;
    column->nullable = c->nullable;
    Node *cast = node_new(w->a, Cast, .child = column, .to = &type_string, .mode = CAST_LEGACY);
    cast->type = &type_string;
    cast->nullable = c->nullable;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(emit_expression(w->a, w->emit, cast, &sql, err));
    *ret_sql = str_arena(&sql, w->a);
    return ST_OK;
}

/* ExternalCatalogUtils.escapePathName */
void sink_escape_path(const char *text, Str *out)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F || strchr("\"#%'*/:=?\\{[]^", c))
            str_addf(out, "%%%02X", c);
        else
            str_addc(out, (char)c);
    }
}

char *sink_partition_path(const SinkWork *w, const char *const *values)
{
    str_auto path = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i < w->partitions.len; i++) {
        sink_escape_path(w->schema->at[w->partitions.at[i]].name, &path);
        str_addc(&path, '=');
        if (values[i] && *values[i])
            sink_escape_path(values[i], &path);
        else
            str_add(&path, default_partition);
        str_addc(&path, '/');
    }
    return str_arena(&path, w->a);
}

void sink_add(const SinkWork *w, SinkFiles *files, const char *name, int64_t rows, int64_t bytes, const char *const *values)
{
    const char **kept = NULL;
    if (w->partitions.len) {
        kept = ARENA_ARRAY(w->a, const char *, w->partitions.len);
        for (size_t i = 0; i < w->partitions.len; i++)
            kept[i] = values[i] && *values[i] ? arena_str(w->a, values[i]) : NULL;
    }
    vec_push(w->a, files,
             (SinkFile){ .name = arena_str(w->a, name), .rows = rows, .bytes = bytes, .partition_values = kept });
}

/* ---------------------------------------------------------------- checks */
static bool case_sensitive(const EmitOptions *o)
{
    const char *set = o->conf ? o->conf(o->self, "spark.sql.caseSensitive") : NULL;
    return set && str_ieq(set, "true");
}

static Status find_partitions(SinkWork *w, bool *is_partition, Error *err)
{
    bool exact = case_sensitive(w->emit);
    for (size_t i = 0; i < w->request->partition_by.len; i++) {
        const char *name = w->request->partition_by.at[i];
        size_t k = 0;
        while (k < w->schema->len &&
               !(exact ? str_eq(w->schema->at[k].name, name) : str_ieq(w->schema->at[k].name, name)))
            k++;
        if (k == w->schema->len) {
            str_auto names = STR_INIT(LIMIT_CONF_TEXT);
            for (size_t c = 0; c < w->schema->len; c++)
                str_addf(&names, "%s%s", c ? ", " : "", w->schema->at[c].name);
            return engine_fail(err, ST_INVALID, "PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA", "column", name, "schema",
                               str_text(&names), NULL);
        }
        if (!type_is_atomic(w->schema->at[k].type) || w->schema->at[k].type->kind == TYPE_BINARY || type_is_collated(w->schema->at[k].type))
            return engine_fail(err, ST_INVALID, "INVALID_PARTITION_COLUMN_DATA_TYPE", "type",
                               arena_printf(w->a, "\"%s\"", type_sql_text(w->a, w->schema->at[k].type)), NULL);
        is_partition[k] = true;
        vec_push(w->a, &w->partitions, k);
    }
    if (w->partitions.len && w->partitions.len == w->schema->len)
        return engine_fail(err, ST_INVALID, "ALL_PARTITION_COLUMNS_NOT_ALLOWED", NULL);
    return ST_OK;
}

/* Can a file of this format hold a column of this type? (each FileFormat's supportDataType) */
static bool type_supported(const Type *t, const char *format)
{
    bool nested = !str_eq(format, "csv") && !str_eq(format, "text");
    switch (t->kind) {
    case TYPE_NULL: return str_eq(format, "avro") || str_eq(format, "json") || str_eq(format, "csv") || str_eq(format, "xml");
    case TYPE_CALENDAR_INTERVAL: case TYPE_GEOMETRY: case TYPE_GEOGRAPHY: return false;
    case TYPE_VARIANT: return str_eq(format, "parquet") || str_eq(format, "json") || str_eq(format, "xml");
    case TYPE_BINARY: return !str_eq(format, "csv");
    case TYPE_ARRAY: return nested && type_supported(t->element, format);
    case TYPE_MAP: return nested && type_supported(t->key, format) && type_supported(t->element, format);
    case TYPE_STRUCT:
        for (size_t i = 0; i < t->nfields; i++)
            if (!type_supported(t->fields[i].type, format))
                return false;
        return nested;
    case TYPE_UDT: return type_supported(t->sql_type, format);
    default: return true;
    }
}

static const char *format_title(const char *format)
{
    static const char *const titles[][2] = { { "parquet", "Parquet" }, { "csv", "CSV" }, { "json", "JSON" }, { "xml", "XML" }, { "avro", "Avro" }, { "orc", "ORC" } };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (str_eq(titles[i][0], format))
            return titles[i][1];
    return "Text";
}

/* Is the type, or a field of a field of it, a struct without fields? `deep`: in arrays and maps too. */
static bool has_empty_struct(const Type *t, bool deep)
{
    if (t->kind == TYPE_UDT)
        return has_empty_struct(t->sql_type, deep);
    if (deep && t->kind == TYPE_MAP && has_empty_struct(t->key, deep))
        return true;
    if (deep && (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP))
        return has_empty_struct(t->element, deep);
    for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->nfields; i++)
        if (has_empty_struct(t->fields[i].type, deep))
            return true;
    return t->kind == TYPE_STRUCT && !t->nfields;
}

/* DataSource.validateSchema; and ParquetWriteSupport, which fails in the task ("Cannot write a schema with an empty group"). */
static Status check_not_empty(const SinkWork *w, const char *format, Error *err)
{
    bool parquet = str_eq(format, "parquet"), empty = w->schema->len == 0 && (parquet || w->request->to_path);
    for (size_t i = 0; i < w->schema->len && (parquet || w->request->to_path); i++)
        empty = empty || has_empty_struct(w->schema->at[i].type, parquet);
    return empty ? engine_fail(err, ST_INVALID, "EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE", "format", format_title(format), NULL) : ST_OK;
}

static Status check_columns(SinkWork *w, const char *format, Error *err)
{
    Map seen = { 0 };
    bool exact = case_sensitive(w->emit);
    for (size_t i = 0; i < w->schema->len; i++) {
        char *name = arena_str(w->a, w->schema->at[i].name);
        for (char *p = name; !exact && *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + 32);
        if (map_has(&seen, name))
            return engine_fail(err, ST_INVALID, "COLUMN_ALREADY_EXISTS", "columnName", arena_printf(w->a, "`%s`", name), NULL);
        map_set(w->a, &seen, name, name);
    }
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        if (!type_supported(c->type, format))
            return engine_fail(err, ST_INVALID, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "format", format_title(format), "columnName",
                               arena_printf(w->a, "`%s`", c->name), "columnType", arena_printf(w->a, "\"%s\"", type_sql_text(w->a, c->type)), NULL);
    }
    return ST_OK;
}

Status sink_write(Arena *a, EngineSession *s, const EmitOptions *options, const SinkRequest *request, SinkFiles *ret_files,
                  Error *err)
{
    const char *format = source_format(request->format);
    if (!format)
        return engine_fail(err, ST_INVALID, "DATA_SOURCE_NOT_FOUND", "provider", request->format, NULL);
    if (str_eq(format, "binaryFile"))
        return FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WRITE_FOR_BINARY_SOURCE",
                         "The feature is not supported: Write for the binary file data source.");
    TRY(source_refuse_options(format, request->options, err));
    SinkWork w = { .a = a, .session = s, .emit = options, .request = request, .schema = request->plan->schema };
    bool *is_partition = ARENA_ARRAY(a, bool, w.schema->len + 1);
    TRY(check_not_empty(&w, format, err));
    TRY(find_partitions(&w, is_partition, err));
    for (size_t i = 0; i < w.schema->len; i++)
        if (!is_partition[i])
            vec_push(a, &w.data, i);
    TRY(check_columns(&w, format, err));
    if (!w.data.len && str_eq(format, "parquet"))
        return engine_fail(err, ST_INVALID, "EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE", "format", "Parquet", NULL);
    str_auto inner = STR_INIT(LIMIT_QUERY_TEXT);
    EmitOptions own = *options;
    own.shown = str_eq(format, "csv") || str_eq(format, "json") || str_eq(format, "xml"); /* written as Java Strings; other formats keep bytes */
    TRY(emit_plan(a, &own, request->plan, &inner, err));
    w.inner = str_arena(&inner, a);
    SinkFiles files = { 0 };
    TRY(str_eq(format, "parquet") ? sink_parquet(&w, &files, err) : str_eq(format, "avro") ? sink_avro(&w, &files, err) : str_eq(format, "orc") ? sink_orc(&w, &files, err) : sink_lines(&w, format, &files, err));
    *ret_files = files;
    return ST_OK;
}
