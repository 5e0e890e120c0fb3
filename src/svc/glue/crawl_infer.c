/* svc/glue/crawl_infer.c -- a file's format by its first bytes, then its columns. Columns of several files become one list. */
#include "back/duckdb/orc_file.h"
#include "back/duckdb/source.h"
#include "back/duckdb/source_reader.h"
#include "base/file.h"
#include "base/str.h"
#include "svc/glue/crawl_private.h"

#include <ctype.h>
#include <stdio.h>

#include <nanoarrow/nanoarrow.h>

enum { MAGIC_BYTES = 8, SAMPLE_LINES = 1000, SAMPLE_BYTES = 1 << 20, WHOLE_BYTES = 8 << 20, AVRO_BYTES = 1 << 20, ENGINE_BYTES = 1 << 29 };

/* --- types --- */

static int number_rank(const Type *t)
{
    return t->kind == TYPE_INT ? 1 : t->kind == TYPE_LONG ? 2 : t->kind == TYPE_DOUBLE ? 3 : 0;
}

static const Type *merge_structs(Arena *a, const Type *x, const Type *y)
{
    CrawlColumnList columns = { 0 };
    for (size_t i = 0; i < x->nfields; i++)
        crawl_add_column(a, &columns, x->fields[i].name, x->fields[i].type);
    for (size_t i = 0; i < y->nfields; i++)
        crawl_add_column(a, &columns, y->fields[i].name, y->fields[i].type);
    Field *fields = ARENA_ARRAY(a, Field, columns.len + 1);
    for (size_t i = 0; i < columns.len; i++)
        fields[i] = (Field){ .name = columns.at[i].name, .type = columns.at[i].type, .nullable = true };
    return type_struct(a, fields, columns.len);
}

const Type *crawl_merge_types(Arena *a, const Type *x, const Type *y)
{
    if (x->kind == TYPE_NULL || type_same(x, y))
        return y->kind == TYPE_NULL ? x : y;
    if (y->kind == TYPE_NULL)
        return x;
    if (number_rank(x) && number_rank(y))
        return number_rank(x) > number_rank(y) ? x : y;
    if (x->kind == TYPE_ARRAY && y->kind == TYPE_ARRAY)
        return type_array(a, crawl_merge_types(a, x->element, y->element), true);
    if (x->kind == TYPE_STRUCT && y->kind == TYPE_STRUCT)
        return merge_structs(a, x, y);
    return &type_string;
}

void crawl_add_column(Arena *a, CrawlColumnList *columns, const char *name, const Type *type)
{
    for (size_t i = 0; i < columns->len; i++) {
        if (!str_ieq(columns->at[i].name, name))
            continue;
        columns->at[i].type = crawl_merge_types(a, columns->at[i].type, type);
        return;
    }
    vec_push(a, columns, (CrawlColumn){ glue_lower(a, name), type });
}

/* --- several files --- */

bool crawl_similar(const CrawlSchema *x, const CrawlSchema *y)
{
    size_t common = 0;
    if (x->format != y->format || x->delimiter != y->delimiter)
        return false;
    for (size_t i = 0; i < x->columns.len; i++)
        for (size_t j = 0; j < y->columns.len; j++)
            common += str_ieq(x->columns.at[i].name, y->columns.at[j].name);
    size_t all = x->columns.len + y->columns.len - common;
    return all == 0 || common * 10 >= all * 7;
}

void crawl_merge(Arena *a, CrawlSchema *into, const CrawlSchema *from)
{
    if (!into->files) {
        CrawlColumnList copy = { 0 };
        for (size_t i = 0; i < from->columns.len; i++)
            vec_push(a, &copy, from->columns.at[i]);
        *into = *from;
        into->columns = copy;
        return;
    }
    for (size_t i = 0; i < from->columns.len; i++)
        crawl_add_column(a, &into->columns, from->columns.at[i].name, from->columns.at[i].type);
    if (!str_eq(into->compression, from->compression))
        into->compression = "none"; /* readers go by each file's name */
    into->quoted = into->quoted || from->quoted;
    into->files += from->files;
    into->bytes += from->bytes;
    into->records += from->records;
}

/* --- Parquet --- */

static Status engine_of(Crawl *c, Error *err)
{
    EngineOptions options = { .memory_bytes = ENGINE_BYTES, .threads = 1, .confined = true };
    vec_push(c->arena, &options.allowed_dirs, path_join(c->arena, c->home, "lake"));
    return c->engine ? ST_OK : engine_open(&options, &c->engine, err);
}

static Status parquet_rows(EngineSession *s, Arena *a, const char *path, int64_t *ret_rows, Error *err)
{
    str_auto sql = STR_INIT(1 << 16);
    Field field = { .name = "n", .type = &type_long, .nullable = true };
    EngineOutput output = { .schema = type_struct(a, &field, 1) };
    engine_result_auto *result = NULL;
    struct ArrowArray batch = { 0 };
    bool done = false;
    str_add(&sql, "SELECT CAST(sum(num_rows) AS BIGINT) AS c0 FROM parquet_file_metadata('");
    for (const char *p = path; *p; p++)
        str_addf(&sql, *p == '\'' ? "''" : "%c", *p);
    str_add(&sql, "')");
    TRY(engine_query(s, str_text(&sql), &output, &result, err));
    TRY(engine_result_next(result, &batch, &done, err));
    if (done)
        return FAIL(err, ST_RUNTIME, "no row count");
    const int64_t *values = batch.n_children == 1 && batch.length == 1 ? batch.children[0]->buffers[1] : NULL;
    int64_t rows = values ? values[0] : 0;
    batch.release(&batch);
    *ret_rows = rows;
    return ST_OK;
}

static const Type *plain(const Type *t)
{
    return t->kind == TYPE_TIMESTAMP_NTZ ? &type_timestamp : t->kind == TYPE_CHAR || t->kind == TYPE_VARCHAR ? &type_string : t;
}

static Status infer_parquet(Crawl *c, const LakeFile *file, CrawlSchema *schema, Error *err)
{
    Arena *a = c->arena;
    TRY(engine_of(c, err));
    engine_session_auto *s = NULL;
    TRY(engine_session(c->engine, &s, err));
    SourceFile source = { .path = file->path, .uri = file->uri, .size_bytes = file->size_bytes, .modified_ms = file->modified_ms };
    StrList roots = { 0 };
    KeyValueList options = { 0 };
    vec_push(a, &roots, file->uri);
    SourceRequest request = { .format = "parquet", .files = &source, .nfiles = 1, .roots = &roots, .options = &options, .time_zone = "UTC" };
    const ScanSource *scan = NULL;
    TRY(source_resolve(a, s, &request, &scan, err));
    TRY(parquet_rows(s, a, file->path, &schema->records, err));
    schema->format = CRAWL_PARQUET;
    for (size_t i = 0; i < scan->data_schema->nfields; i++)
        crawl_add_column(a, &schema->columns, scan->data_schema->fields[i].name, plain(scan->data_schema->fields[i].type));
    return ST_OK;
}

/* --- text --- */

static Status sample(Arena *a, const LakeFile *file, StrList *lines, int64_t *ret_bytes, Error *err)
{
    source_reader_auto *reader = NULL;
    int64_t bytes = 0;
    TRY(source_reader_open(file->path, file->uri, 0, -1, (View){ NULL, 0 }, &reader, err));
    for (bool done = false; lines->len < SAMPLE_LINES && bytes < SAMPLE_BYTES;) {
        View line;
        TRY(source_reader_line(reader, &line, &done, err));
        if (done)
            break;
        if (line.len > SAMPLE_BYTES || memchr(line.data, 0, line.len) || !utf8_valid(line.data, line.len))
            return FAIL(err, ST_INVALID, "it is no text in UTF-8");
        vec_push(a, lines, arena_strn(a, line.data, line.len));
        bytes += (int64_t)line.len + 1;
    }
    *ret_bytes = bytes;
    return ST_OK;
}

static Status whole_text(Arena *a, const LakeFile *file, const char **ret_text, Error *err)
{
    source_reader_auto *reader = NULL;
    View all;
    TRY(source_reader_open(file->path, file->uri, 0, -1, (View){ NULL, 0 }, &reader, err));
    TRY(source_reader_rest(reader, &all, err));
    *ret_text = arena_strn(a, all.data, all.len);
    return ST_OK;
}

static Status infer_text(Crawl *c, const LakeFile *file, CrawlSchema *schema, Error *err)
{
    Arena *a = c->arena;
    StrList lines = { 0 };
    int64_t bytes = 0;
    const char *whole = NULL;
    TRY(sample(a, file, &lines, &bytes, err));
    size_t first = 0;
    while (first < lines.len && !lines.at[first][strspn(lines.at[first], " \t\r")])
        first++;
    if (first == lines.len)
        return FAIL(err, ST_INVALID, "it is empty");
    char start = lines.at[first][strspn(lines.at[first], " \t\r")];
    bool json = start == '{' || start == '[';
    if (json && file->size_bytes <= WHOLE_BYTES)
        TRY(whole_text(a, file, &whole, err));
    if (!(json && crawl_infer_json(a, &lines, whole, schema)) && !crawl_infer_csv(a, &lines, schema))
        return FAIL(err, ST_INVALID, "its text is neither JSON nor columns between delimiters");
    bool compressed = !str_eq(schema->compression, "none");
    if (schema->sampled_records > 0 && bytes > 0)
        schema->records = lines.len < SAMPLE_LINES && bytes < SAMPLE_BYTES ? schema->sampled_records
                                                                           : schema->sampled_records * file->size_bytes * (compressed ? 4 : 1) / bytes;
    return ST_OK;
}

/* --- one file --- */

static size_t read_start(const char *path, char *out, size_t most)
{
    file_auto *f = fopen(path, "rbe");
    return f ? fread(out, 1, most, f) : 0;
}

static Status infer_avro(Crawl *c, const LakeFile *file, CrawlSchema *schema, Error *err)
{
    char *bytes = arena_alloc(c->arena, AVRO_BYTES);
    size_t n = read_start(file->path, bytes, AVRO_BYTES);
    return crawl_infer_avro(c->arena, bytes, n, schema) ? ST_OK : FAIL(err, ST_INVALID, "its Avro header is broken");
}

static Status infer_orc(Crawl *c, const LakeFile *file, CrawlSchema *schema, Error *err)
{
    orc_file_auto *orc = NULL;
    const Type *row = NULL;
    TRY(orc_file_open(file->path, file->uri, &orc, err));
    TRY(orc_file_type(c->arena, orc, 0, &row, err));
    if (row->kind != TYPE_STRUCT)
        return FAIL(err, ST_INVALID, "its rows have no columns");
    schema->format = CRAWL_ORC;
    for (size_t i = 0; i < row->nfields; i++)
        crawl_add_column(c->arena, &schema->columns, row->fields[i].name, plain(row->fields[i].type));
    for (size_t i = 0; i < orc->stripes.len; i++)
        schema->records += (int64_t)orc->stripes.at[i].rows;
    return ST_OK;
}

/* What crawlers write as compressionType. */
static const char *compression_of(const char *uri)
{
    static const char *const known[][2] = {
        { ".gz", "gzip" }, { ".zst", "zstd" }, { ".bz2", "bzip2" }, { ".snappy", "snappy" }, { ".lz4", "lz4" }, { ".deflate", "deflate" }
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ends(uri, known[i][0]))
            return known[i][1];
    return "none";
}

static Status infer(Crawl *c, const LakeFile *file, CrawlSchema *schema, Error *err)
{
    char magic[MAGIC_BYTES] = { 0 };
    size_t n = read_start(file->path, magic, sizeof magic);
    if (n >= 4 && !memcmp(magic, "PAR1", 4))
        return infer_parquet(c, file, schema, err);
    if (n >= 4 && !memcmp(magic, "Obj\1", 4))
        return infer_avro(c, file, schema, err);
    if (n >= 3 && !memcmp(magic, "ORC", 3))
        return infer_orc(c, file, schema, err);
    schema->compression = compression_of(file->uri);
    return infer_text(c, file, schema, err);
}

/* What is kept of a file, out of the arena that it was read into. */
static Status keep_columns(Arena *a, CrawlSchema *schema, Error *err)
{
    CrawlColumnList kept = { 0 };
    for (size_t i = 0; i < schema->columns.len; i++) {
        const Type *type = NULL;
        str_auto json = STR_INIT(1 << 24);
        type_json(schema->columns.at[i].type, &json);
        TRY(type_from_json(a, str_text(&json), &type, err));
        vec_push(a, &kept, (CrawlColumn){ arena_str(a, schema->columns.at[i].name), type });
    }
    schema->columns = kept;
    schema->avro = arena_str(a, schema->avro);
    return ST_OK;
}

/* Each file is read into an arena of its own: a crawl may meet any number of them. */
void crawl_infer(Crawl *c, const LakeFile *file, CrawlSchema *ret_schema)
{
    arena_auto *a = arena_new();
    CrawlSchema schema = { .compression = "none" };
    Error why = ERROR_INIT;
    Crawl one = *c;
    one.arena = a;
    Status status = infer(&one, file, &schema, &why);
    c->engine = one.engine;
    if (status == ST_OK)
        status = keep_columns(c->arena, &schema, &why);
    if (status != ST_OK) {
        crawl_log(&one, "WARN", "%s: classification UNKNOWN: %s", file->uri, why.message);
        schema = (CrawlSchema){ .format = CRAWL_UNKNOWN, .compression = "none" };
    }
    schema.files = 1;
    schema.bytes = file->size_bytes;
    *ret_schema = schema;
}
