/* fuzz_file.c -- data files of wrong bytes: schemas and rows of ORC, Avro, JSON, XML, CSV and text files are read or refused. The first byte
 * chooses the format (x: XML), the second the options; the rest is the file. */
#include "back/duckdb/engine.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/source_scan.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MAX = 64, ROWS_MAX = 200000 };

static const char *const formats[] = { "orc", "avro", "json", "csv", "text" };

/* The files' own schema, or another one, which they fit badly. */
static Status xml_schema_of(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    static const char other[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"integer\"},{\"name\":\"_k\",\"type\":\"double\"},{\"name\":\"d\",\"type\":\"date\"},"
        "{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"x\",\"type\":\"binary\"},{\"name\":\"v\",\"type\":\"variant\"},"
        "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"elementType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"timestamp\"},"
        "{\"name\":\"_VALUE\",\"type\":\"boolean\"},{\"name\":\"_k\",\"type\":\"string\"}]},\"containsNull\":true}},"
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\",\"valueContainsNull\":true}},"
        "{\"name\":\"_VALUE\",\"type\":{\"type\":\"array\",\"elementType\":\"decimal(10,2)\",\"containsNull\":true}},"
        "{\"name\":\"xs_any\",\"type\":{\"type\":\"array\",\"elementType\":\"string\",\"containsNull\":true}}]}";
    if (str_ieq(source_option(r->options, "otherSchema"), "true"))
        return type_from_json(a, other, ret_schema, err);
    return source_xml_schema(a, r, ret_schema, err);
}

static Status schema_of(Arena *a, const SourceRequest *r, const Type **ret_schema, Error *err)
{
    static const Field line = { "value", &type_string, true, NULL };
    switch (r->format[0]) {
    case 'o': return source_orc_schema(a, r, ret_schema, err);
    case 'a': return source_avro_schema(a, r, ret_schema, err);
    case 'j': return source_json_schema(a, r, ret_schema, err);
    case 'x': return xml_schema_of(a, r, ret_schema, err);
    case 'c': return source_csv_schema(a, r, ret_schema, err);
    default: *ret_schema = type_struct(a, &line, 1); return ST_OK;
    }
}

static Status rows_of(ScanLocal *l, idx_t room, idx_t *ret_row, Error *err)
{
    switch (l->plan->format[0]) {
    case 'o': return scan_orc(l, 0, room, ret_row, err);
    case 'a': return scan_avro(l, 0, room, ret_row, err);
    case 'j': return scan_json(l, 0, room, ret_row, err);
    case 'x': return scan_xml(l, 0, room, ret_row, err);
    default: return scan_csv(l, 0, room, ret_row, err);
    }
}

static KeyValueList options_of(Arena *a, bool xml, unsigned bits)
{
    static const KeyValue of_xml[] = { { "otherSchema", "true" }, { "multiLine", "false" }, { "ignoreNamespace", "true" }, { "mode", "FAILFAST" }, { "prefersDecimal", "true" },
                                       { "nullValue", "" }, { "ignoreSurroundingSpaces", "false" }, { "attributePrefix", "" } };
    static const KeyValue each[] = { { "header", "true" }, { "inferSchema", "true" }, { "multiLine", "true" }, { "mode", "FAILFAST" }, { "primitivesAsString", "true" },
                                     { "quote", "'" }, { "encoding", "UTF-16LE" }, { "dateFormat", "dd/MM/yyyy" } };
    KeyValueList out = { 0 };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        if (bits >> i & 1)
            vec_push(a, &out, xml ? of_xml[i] : each[i]);
    vec_push(a, &out, ((KeyValue){ "rowTag", "r" }));
    return out;
}

static void columns_of(ScanLocal *l, duckdb_data_chunk chunk)
{
    const Type *schema = l->plan->schema;
    l->ncolumns = 0;
    for (size_t i = 0; i < schema->nfields; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        duckdb_vector_ensure_validity_writable(vector);
        l->columns[l->ncolumns++] = (ScanColumn){ .type = schema->fields[i].type, .field = i, .vector = vector, .data = duckdb_vector_get_data(vector),
                                                  .validity = duckdb_vector_get_validity(vector) };
    }
}

static void read_rows(ScanLocal *l, Error *err)
{
    duckdb_logical_type types[COLUMNS_MAX];
    size_t n = l->plan->schema->nfields, total = 0;
    for (size_t i = 0; i < n; i++)
        types[i] = engine_type(l->plan->schema->fields[i].type);
    duckdb_data_chunk chunk = duckdb_create_data_chunk(types, n);
    Status status = ST_OK;
    while (l->active && status == ST_OK && total < ROWS_MAX) {
        idx_t rows = 0;
        duckdb_data_chunk_reset(chunk);
        columns_of(l, chunk);
        status = rows_of(l, duckdb_vector_size(), &rows, err);
        total += rows;
        if (rows == 0 && l->active && status == ST_OK) {
            fprintf(stderr, "a reader that gives no rows and does not end\n");
            abort();
        }
    }
    duckdb_destroy_data_chunk(&chunk);
    for (size_t i = 0; i < n; i++)
        duckdb_destroy_logical_type(&types[i]);
}

static void scan(ScanPlan *plan, Error *err)
{
    ScanColumn columns[COLUMNS_MAX];
    ScanLocal l = { .plan = plan, .file = plan->files, .active = true, .at_start = true, .columns = columns, .scratch = STR_INIT(1 << 24) };
    csv_parser_init(&l.csv, &plan->csv);
    bool binary = plan->format[0] == 'o' || plan->format[0] == 'a';
    if (binary || source_reader_open(plan->files->path, plan->files->uri, 0, -1, plan->csv.line_sep, &l.reader, err) == ST_OK)
        read_rows(&l, err);
    source_reader_close(l.reader);
    avro_file_close(l.avro);
    orc_scan_close(l.orc);
    xml_reader_close(l.xml);
    arena_free(l.text_arena);
    arena_free(l.record_arena);
    csv_parser_done(&l.csv);
    str_done(&l.scratch);
}

static Status plan_of(ScanPlan *plan, Error *err)
{
    bool xml = plan->format[0] == 'x';
    TRY(xml ? scan_xml_bind(plan, true, "America/Los_Angeles", err) : csv_options(plan->a, &plan->options, "America/Los_Angeles", &plan->csv, err));
    plan->corrupt = plan->schema->nfields;
    plan->whole_files = plan->csv.multi_line || plan->csv.encoding || plan->format[0] == 'o' || plan->format[0] == 'a';
    return plan->format[0] == 'j' ? scan_json_bind(plan, err) : ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    arena_auto *a = arena_new();
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)(size - 2))
        abort();
    const char *path = arena_printf(a, "/proc/self/fd/%d", fd);
    const SourceFile file = { .path = path, .uri = "file:///fuzz", .size_bytes = (int64_t)size - 2 };
    const ScanFile scanned = { path, file.uri, 0 };
    ScanPlan plan = { .a = a, .format = data[0] == 'x' ? "xml" : formats[data[0] % (sizeof formats / sizeof *formats)],
                      .options = options_of(a, data[0] == 'x', data[1]), .files = &scanned, .nfiles = 1 };
    const SourceRequest request = { .format = plan.format, .files = &file, .nfiles = 1, .options = &plan.options, .time_zone = "America/Los_Angeles" };
    Error err = ERROR_INIT;
    if (schema_of(a, &request, &plan.schema, &err) == ST_OK && plan.schema->nfields && plan.schema->nfields <= COLUMNS_MAX && plan_of(&plan, &err) == ST_OK &&
        plan.format[0] != 't')
        scan(&plan, &err);
    close(fd);
    return 0;
}
