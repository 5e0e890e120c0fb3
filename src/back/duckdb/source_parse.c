/* back/duckdb/source_parse.c -- from_json, from_csv, from_xml, from_avro (and to_avro, to_xml): functions of the engine that read a text as a value, by the parsers of
 * the file readers. One function for each schema and set of options, known by a name made from them.
 * Source: JsonToStructs, CsvToStructs, XmlToStructs, FailureSafeParser. */
#include "back/duckdb/internal.h"
#include "back/duckdb/source_json.h"
#include "back/duckdb/source_scan.h"
#include "base/limits.h"

#include <stdlib.h>
#include <xxhash.h>

static void plan_free(void *p)
{
    arena_free(((ScanPlan *)p)->a);
}

static void local_free(void *p)
{
    ScanLocal *l = p;
    arena_free(l->record_arena);
    csv_parser_done(&l->csv);
    str_done(&l->scratch);
    free(l->columns);
    free(l);
}

static void local_init(duckdb_init_info info)
{
    ScanLocal *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->plan = duckdb_scalar_function_init_get_extra_info(info);
    l->scratch = STR_INIT(LIMIT_QUERY_TEXT);
    csv_parser_init(&l->csv, &l->plan->csv);
    duckdb_scalar_function_init_set_state(info, l, local_free);
}

/* ---------------------------------------------------------------- CSV */
/* The struct's fields as columns of a scan. */
static void fields_as_columns(ScanLocal *l, duckdb_vector output)
{
    const ScanPlan *plan = l->plan;
    l->columns = l->columns ? l->columns : calloc(plan->schema->nfields + 1, sizeof *l->columns);
    if (!l->columns)
        abort();
    l->ncolumns = 0;
    l->corrupt = (ScanColumn){ 0 };
    for (size_t i = 0; i < plan->schema->nfields; i++) {
        duckdb_vector child = duckdb_struct_vector_get_child(output, i);
        duckdb_vector_ensure_validity_writable(child);
        ScanColumn c = { .type = plan->schema->fields[i].type, .field = i, .vector = child, .data = duckdb_vector_get_data(child),
                         .validity = duckdb_vector_get_validity(child) };
        if (i == plan->corrupt)
            l->corrupt = c;
        else
            l->columns[l->ncolumns++] = c;
    }
}

static bool parse_csv(ScanLocal *l, View text, idx_t row)
{
    const char *at = text.data;
    if (!csv_record(&l->csv, &at, text.data + text.len))
        l->csv.nfields = 0;
    return scan_csv_record(l, row);
}

/* ---------------------------------------------------------------- both */
static Status parse_row(ScanLocal *l, View text, duckdb_vector output, idx_t row, Error *err)
{
    const ScanPlan *plan = l->plan;
    bool csv = *plan->format == 'c', good, null = false;
    if (csv) {
        if (!plan->schema->nfields)
            engine_fill_empty(output, row, false);
        good = parse_csv(l, text, row);
    } else {
        arena_free(l->record_arena);
        l->record_arena = arena_new();
        good = *plan->format == 'x' ? scan_xml_text(l, text, output, row) : scan_json_text(l, text, output, row, &null);
    }
    if (!good && (plan->csv.mode == MODE_FAILFAST || (*plan->format == 'x' && plan->schema->kind == TYPE_VARIANT)))
        return engine_fail(err, ST_RUNTIME, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "badRecord", arena_strn(plan->a, text.data, text.len),
                           "failFastMode", "FAILFAST", NULL);
    if (l->corrupt.vector && !null) {
        scan_not_null(&l->corrupt, row);
        if (good)
            scan_null(&l->corrupt, row);
        else
            scan_string(l, &l->corrupt, row, text);
    }
    return ST_OK;
}

static void run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    ScanLocal *l = duckdb_scalar_function_get_state(info);
    duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
    duckdb_string_t *data = duckdb_vector_get_data(texts);
    uint64_t *validity = duckdb_vector_get_validity(texts);
    idx_t rows = duckdb_data_chunk_get_size(input);
    Error err = ERROR_INIT;
    bool write = *l->plan->format == 't', avro = strstr(l->plan->format, "avro");
    if (write || avro) {
        Status status = write ? scan_encode_rows(l->plan, avro ? avro_put_value : xml_put_value, input, output, &err) : avro_from_rows(l, input, output, &err);
        arena_auto *a = arena_new();
        if (status != ST_OK)
            duckdb_scalar_function_set_error(info, scan_error_text(a, &err));
        return;
    }
    if (l->plan->schema->kind == TYPE_STRUCT)
        fields_as_columns(l, output);
    for (idx_t row = 0; row < rows; row++) {
        if (validity && !duckdb_validity_row_is_valid(validity, row)) {
            scan_json_null(l->plan->schema, output, row);
            continue;
        }
        View text = { duckdb_string_t_data(&data[row]), duckdb_string_t_length(data[row]) };
        if (parse_row(l, text, output, row, &err) != ST_OK) {
            arena_auto *a = arena_new();
            duckdb_scalar_function_set_error(info, scan_error_text(a, &err));
            return;
        }
    }
}

/* ---------------------------------------------------------------- registering */
/* The column of malformed records, of a text that is read. */
static Status find_corrupt(ScanPlan *plan, Error *err)
{
    plan->corrupt = plan->schema->nfields;
    for (size_t i = 0; i < plan->schema->nfields && *plan->format != 't' && !strstr(plan->format, "avro"); i++)
        if (!strcmp(plan->schema->fields[i].name, plan->csv.corrupt))
            plan->corrupt = i;
    if (plan->corrupt == plan->schema->nfields || plan->schema->fields[plan->corrupt].type->kind == TYPE_STRING)
        return ST_OK;
    return engine_fail(err, ST_INVALID, "INVALID_CORRUPT_RECORD_TYPE", "columnName", arena_printf(plan->a, "`%s`", plan->csv.corrupt), "actualType",
                       arena_printf(plan->a, "\"%s\"", type_sql_text(plan->a, plan->schema->fields[plan->corrupt].type)), NULL);
}

static Status plan_make(const char *format, const Type *to, const KeyValueList *options, const char *zone, ScanPlan **ret_plan, Error *err)
{
    Arena *a = arena_new();
    ScanPlan *plan = ARENA_NEW(a, ScanPlan);
    str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
    *plan = (ScanPlan){ .a = a, .format = arena_str(a, format) };
    for (size_t i = 0; options && i < options->len; i++)
        vec_push(a, &plan->options, (KeyValue){ arena_str(a, options->at[i].key), arena_str(a, options->at[i].value) });
    type_json(to, &json);
    Status status = type_from_json(a, str_text(&json), &plan->schema, err);
    if (status == ST_OK)
        status = strstr(format, "xml") ? scan_xml_bind(plan, false, zone, err) : csv_options(a, &plan->options, zone, &plan->csv, err);
    if (status == ST_OK && !strcmp(format, "to_xml"))
        status = xml_function_style(plan, zone, err);
    if (status == ST_OK && source_option(&plan->options, "singleVariantColumn"))
        status = source_unsupported(err, "the option singleVariantColumn of a function");
    if (status == ST_OK && *format == 'j')
        status = scan_json_bind(plan, err);
    if (status == ST_OK && strstr(format, "avro"))
        status = avro_function_schema(plan, err);
    if (status == ST_OK)
        status = find_corrupt(plan, err);
    if (status != ST_OK) {
        arena_free(a);
        return status;
    }
    *ret_plan = plan;
    return ST_OK;
}

static const char *function_name(Arena *a, const char *format, const Type *to, const KeyValueList *options, const char *zone)
{
    str_auto key = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(to, &key);
    str_addf(&key, "\x01%s", zone ? zone : "");
    for (size_t i = 0; options && i < options->len; i++)
        str_addf(&key, "\x01%s\x02%s", options->at[i].key, options->at[i].value);
    XXH128_hash_t h = XXH3_128bits(str_text(&key), key.len);
    return arena_printf(a, "spark_from_%s_%016llx%016llx", format, (unsigned long long)h.high64, (unsigned long long)h.low64);
}

static bool is_known(duckdb_connection connection, const char *name)
{
    arena_auto *a = arena_new();
    int64_t rows = 0;
    duckdb_result result;
    bool known = false;
    if (duckdb_query(connection, arena_printf(a, "SELECT count(*) FROM duckdb_functions() WHERE function_name = '%s'", name), &result) == DuckDBSuccess)
        rows = duckdb_value_int64(&result, 0, 0);
    known = rows > 0;
    duckdb_destroy_result(&result);
    return known;
}

Status engine_register_parser(EngineSession *s, Arena *a, const char *format, const Type *to, const KeyValueList *options, const char *zone,
                              const char **ret_name, Error *err)
{
    const char *name = function_name(a, format, to, options, zone);
    ScanPlan *plan;
    *ret_name = name;
    TRY(plan_make(format, to, options, zone, &plan, err));
    if (is_known(s->connection, name)) {
        plan_free(plan);
        return ST_OK;
    }
    duckdb_scalar_function f = duckdb_create_scalar_function();
    bool write = *format == 't';
    duckdb_logical_type text = duckdb_create_logical_type(strstr(format, "avro") ? DUCKDB_TYPE_BLOB : DUCKDB_TYPE_VARCHAR), type = engine_type(to);
    duckdb_scalar_function_set_name(f, name);
    duckdb_scalar_function_add_parameter(f, write ? type : text);
    duckdb_scalar_function_set_return_type(f, write ? text : type);
    duckdb_destroy_logical_type(&text);
    duckdb_destroy_logical_type(&type);
    duckdb_scalar_function_set_special_handling(f);
    duckdb_scalar_function_set_extra_info(f, plan, plan_free);
    duckdb_scalar_function_set_init(f, local_init);
    duckdb_scalar_function_set_function(f, run);
    duckdb_state state = duckdb_register_scalar_function(s->connection, f);
    duckdb_destroy_scalar_function(&f);
    /* Another session may have been faster: then the function is there. */
    return state == DuckDBSuccess || is_known(s->connection, name) ? ST_OK : FAIL(err, ST_INTERNAL, "register the function %s", name);
}
