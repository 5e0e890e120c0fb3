/* back/duckdb/sink_parquet.c -- Parquet files by the engine's COPY.
 *
 * The engine names and escapes partition folders in its own way; so it is given the values in hexadecimal, and the files
 * are then renamed to Spark's paths. Spark's own schema goes into the footer, as Spark puts it there
 * (ParquetWriteSupport, ParquetReadSupport.SPARK_METADATA_KEY): its types come back whole. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Codec {
    const char *spark, *engine, *extension;
} Codec;

static const Codec *find_codec(const SinkWork *w, Error *err)
{
    static const Codec codecs[] = {
        { "snappy", "snappy", ".snappy" }, { "gzip", "gzip", ".gz" },        { "zstd", "zstd", ".zstd" },
        { "lz4_raw", "lz4_raw", ".lz4raw" }, { "lz4", "lz4_raw", ".lz4hadoop" }, { "brotli", "brotli", ".br" },  { "none", "uncompressed", "" },
        { "uncompressed", "uncompressed", "" },
    };
    const char *conf = w->emit->conf ? w->emit->conf(w->emit->self, "spark.sql.parquet.compression.codec") : NULL;
    const char *name = sink_option(w, "compression", sink_option(w, "parquet.compression", conf ? conf : "snappy"));
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (str_ieq(codecs[i].spark, name))
            return &codecs[i];
    engine_fail(err, ST_INVALID, "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION", "codecName", name, "availableCodecs",
                "brotli, uncompressed, lz4_raw, gzip, none, snappy, zstd", NULL);
    return NULL;
}

static void add_columns(const SinkWork *w, Str *sql)
{
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        str_addf(sql, "%sCAST(%s AS ", i ? ", " : "", emit_variant_to_groups(w->a, arena_printf(w->a, "c%u", c->id), c->type));
        emit_file_type(emit_variant_group_type(w->a, c->type), sql);
        str_add(sql, ") AS ");
        emit_quoted_name(c->name, sql);
    }
}

static void add_options(const SinkWork *w, const Codec *codec, Str *sql)
{
    Field *fields = ARENA_ARRAY(w->a, Field, w->data.len + 1);
    for (size_t i = 0; i < w->data.len; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = c->nullable, .metadata = c->metadata };
    }
    str_auto json = STR_INIT(LIMIT_QUERY_TEXT);
    type_json(type_struct(w->a, fields, w->data.len), &json);
    str_addf(sql, "FORMAT parquet, COMPRESSION '%s', KV_METADATA {'org.apache.spark.version': '4.1.1', "
                  "'org.apache.spark.sql.parquet.row.metadata': ", codec->engine);
    emit_quoted_text(str_text(&json), json.len, sql);
    str_add(sql, "}");
}

static Status write_one(SinkWork *w, const Codec *codec, SinkFiles *files, Error *err)
{
    const char *name = arena_printf(w->a, "part-00000-%s-c000%s.parquet", w->request->uuid, codec->extension);
    const char *path = path_join(w->a, w->request->folder, name);
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "COPY (SELECT ");
    add_columns(w, &sql);
    str_addf(&sql, " FROM (%s)) TO ", w->inner);
    emit_quoted_text(path, strlen(path), &sql);
    str_add(&sql, " (");
    add_options(w, codec, &sql);
    str_add(&sql, ")");
    int64_t rows = 0;
    TRY(engine_execute(w->session, str_text(&sql), &rows, err));
    struct stat st;
    if (stat(path, &st) < 0)
        return FAIL(err, ST_IO, "stat '%s': %s", path, strerror(errno));
    sink_add(w, files, name, rows, st.st_size, NULL);
    return ST_OK;
}

/* ---------------------------------------------------------------- partitions */
/* "x6162" is "ab", "n" is NULL. False when a folder's name is neither. */
static bool decode_value(Arena *a, const char *text, const char **ret_value)
{
    *ret_value = NULL;
    if (str_eq(text, "n"))
        return true;
    size_t length = strlen(text) - 1;
    if (*text != 'x' || length % 2)
        return false;
    char *value = arena_alloc(a, length / 2 + 1);
    for (size_t i = 0; i < length / 2; i++) {
        unsigned byte;
        if (sscanf(text + 1 + 2 * i, "%2X", &byte) != 1)
            return false;
        value[i] = (char)byte;
    }
    *ret_value = value;
    return true;
}

typedef struct Renaming {
    SinkWork *w;
    SinkFiles *files;
    const char **values; /* of the folders entered so far: the partitions', and with maxRecordsPerFile the number of the file */
    Map *rows;           /* the engine's path -> int64_t rows */
    const Codec *codec;
    size_t levels;       /* of folders */
} Renaming;

static Status rename_file(Renaming *r, const char *from, Error *err)
{
    Arena *a = r->w->a;
    const char *base = strrchr(from, '/') + 1; /* part-0-…: the engine writes the number without Spark's zeros */
    char *rest = NULL;
    long number = strtol(base + strlen("part-"), &rest, 10);
    const char *name = arena_printf(a, "%spart-%05ld%s", sink_partition_path(r->w, r->values), number, rest);
    if (r->levels > r->w->partitions.len) /* part-00000-uuid-c001, in a partition part-00000-uuid.c001 */
        name = arena_printf(a, "%spart-%05ld-%s%sc%03ld%s.parquet", sink_partition_path(r->w, r->values), number, r->w->request->uuid,
                            r->w->partitions.len ? "." : "-", strtol(r->values[r->levels - 1], NULL, 10), r->codec->extension);
    char *to = path_join(a, r->w->request->folder, name);
    TRY(dir_make(arena_strn(a, to, (size_t)(strrchr(to, '/') - to)), 0777, err));
    struct stat st;
    if (rename(from, to) < 0 || stat(to, &st) < 0)
        return FAIL(err, ST_IO, "rename '%s' to '%s': %s", from, to, strerror(errno));
    const int64_t *rows = map_get(r->rows, from);
    sink_add(r->w, r->files, name, rows ? *rows : -1, st.st_size, r->values);
    return ST_OK;
}

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

/* Walks the engine's folders p0=…/p1=…, `depth` of them entered. */
static Status rename_tree(Renaming *r, const char *folder, size_t depth, Error *err)
{
    __attribute__((cleanup(dir_closep))) DIR *dir = opendir(folder);
    if (!dir)
        return FAIL(err, ST_IO, "open folder '%s': %s", folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        const char *path = path_join(r->w->a, folder, entry->d_name);
        if (depth == r->levels) {
            TRY(rename_file(r, path, err));
            continue;
        }
        const char *equals = strchr(entry->d_name, '=');
        if (!equals || !decode_value(r->w->a, equals + 1, &r->values[depth]))
            return FAIL(err, ST_INTERNAL, "unexpected folder '%s' from the engine", path);
        TRY(rename_tree(r, path, depth + 1, err));
    }
    return ST_OK;
}

/* Rows of each file below `folder`, from the footers. */
static Status count_rows(SinkWork *w, const char *folder, Map *ret_rows, Error *err)
{
    const char *pattern = arena_printf(w->a, "%s/**/*.parquet", folder);
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "SELECT file_name, CAST(num_rows AS BIGINT) FROM parquet_file_metadata(");
    emit_quoted_text(pattern, strlen(pattern), &sql);
    str_add(&sql, ")");
    const Field fields[] = { { .name = "file", .type = &type_string }, { .name = "rows", .type = &type_long } };
    const Type *schema = type_struct(w->a, fields, 2);
    engine_result_auto *result = NULL;
    TRY(engine_query(w->session, str_text(&sql), &(EngineOutput){ .schema = schema }, &result, err));
    struct ArrowSchema arrow = { 0 };
    TRY(engine_result_schema(result, &arrow, err));
    struct ArrowArrayView view;
    bool good = ArrowArrayViewInitFromSchema(&view, &arrow, NULL) == NANOARROW_OK;
    ArrowSchemaRelease(&arrow);
    Status status = good ? ST_OK : FAIL(err, ST_INTERNAL, "arrow view of the file list");
    for (bool done = false; status == ST_OK && !done;) {
        struct ArrowArray batch = { 0 };
        status = engine_result_next(result, &batch, &done, err);
        if (status != ST_OK || done)
            break;
        if (ArrowArrayViewSetArray(&view, &batch, NULL) != NANOARROW_OK)
            status = FAIL(err, ST_INTERNAL, "arrow view of the file list");
        for (int64_t i = 0; status == ST_OK && i < batch.length; i++) {
            View name = arrow_bytes(view.children[0], i);
            int64_t *rows = ARENA_NEW(w->a, int64_t);
            *rows = ArrowArrayViewGetIntUnsafe(view.children[1], i);
            map_set(w->a, ret_rows, arena_strn(w->a, name.data, name.len), rows);
        }
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&view);
    return status;
}

/* `most`: records of a file, 0: no limit. Files are then a partition more, by the number of each row. */
static Status write_partitions(SinkWork *w, const Codec *codec, int64_t most, SinkFiles *files, Error *err)
{
    const char *folder = path_join(w->a, w->request->folder, ".engine");
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT), by = STR_INIT(LIMIT_QUERY_TEXT);
    size_t levels = w->partitions.len + (most > 0);
    str_add(&sql, "COPY (SELECT ");
    add_columns(w, &sql);
    for (size_t i = 0; i < w->partitions.len; i++) {
        const char *text;
        TRY(sink_partition_text(w, i, &text, err));
        str_addf(&sql, ", coalesce('x' || hex(nullif(%s, '')), 'n') AS \"__weir_p%zu\"", text, i);
        str_addf(&by, "%s%s", i ? ", " : "PARTITION BY ", text);
    }
    if (most)
        str_addf(&sql, ", 'x' || hex(((row_number() OVER (%s) - 1) // %" PRId64 ")::VARCHAR) AS \"__weir_p%zu\"", str_text(&by), most,
                 w->partitions.len);
    str_addf(&sql, " FROM (%s)) TO ", w->inner);
    emit_quoted_text(folder, strlen(folder), &sql);
    str_add(&sql, " (");
    add_options(w, codec, &sql);
    str_add(&sql, ", PARTITION_BY (");
    for (size_t i = 0; i < levels; i++)
        str_addf(&sql, "%s\"__weir_p%zu\"", i ? ", " : "", i);
    str_addf(&sql, "), FILENAME_PATTERN 'part-{i}-%s.c000%s')", w->request->uuid, codec->extension);
    TRY(engine_execute(w->session, str_text(&sql), NULL, err));
    if (path_exists(folder) && rmdir(folder) < 0) { /* without rows it is empty */
        Map rows = { 0 };
        Renaming r = { .w = w, .files = files, .values = ARENA_ARRAY(w->a, const char *, levels), .rows = &rows,
                       .codec = codec, .levels = levels };
        TRY(count_rows(w, folder, &rows, err));
        TRY(rename_tree(&r, folder, 0, err));
    }
    return tree_remove(folder, err);
}

Status sink_parquet(SinkWork *w, SinkFiles *ret_files, Error *err)
{
    const Codec *codec = find_codec(w, err);
    if (!codec)
        return ST_INVALID;
    int64_t most;
    TRY(sink_max_records(w, &most, err));
    if (w->partitions.len || most)
        TRY(write_partitions(w, codec, most, ret_files, err));
    return w->partitions.len || ret_files->len ? ST_OK : write_one(w, codec, ret_files, err);
}
