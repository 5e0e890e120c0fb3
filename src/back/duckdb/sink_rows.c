/* back/duckdb/sink_rows.c -- a query's rows to files, one after the other, for formats that are written row by row.
 *
 * Rows of a partition come together (the query is ordered by the partitions), so one file is open at a time; maxRecordsPerFile
 * begins another. */
#include "back/duckdb/arrow_bytes.h"
#include "back/duckdb/internal.h"
#include "back/duckdb/sink_internal.h"
#include "base/file.h"
#include "base/limits.h"

#include <errno.h>
#include <nanoarrow/nanoarrow.h>
#include <sys/stat.h>

typedef struct Files {
    SinkWork *w;
    const RowSink *sink;
    SinkFiles *files;
    bool open;
    const char *name;       /* of the open file, relative */
    const char **partition; /* its values */
    int64_t rows, most;     /* in it; maxRecordsPerFile, 0: no limit */
    unsigned number;        /* of the partition's file */
} Files;

static void files_done(Files *f)
{
    if (f->open)
        f->sink->abandon(f->sink->self);
}

static Status file_open(Files *f, const char **partition, Error *err)
{
    SinkWork *w = f->w;
    f->partition = partition;
    f->rows = 0;
    f->name = arena_printf(w->a, "%spart-00000-%s%sc%03u%s", w->partitions.len ? sink_partition_path(w, partition) : "",
                            w->request->uuid, w->partitions.len ? "." : "-", f->number, f->sink->extension);
    const char *path = path_join(w->a, w->request->folder, f->name);
    TRY(dir_make(arena_strn(w->a, path, (size_t)(strrchr(path, '/') - path)), 0777, err));
    TRY(f->sink->begin(f->sink->self, path, err));
    f->open = true;
    return ST_OK;
}

static Status file_end(Files *f, Error *err)
{
    if (!f->open)
        return ST_OK;
    f->open = false;
    TRY(f->sink->end(f->sink->self, err));
    struct stat st;
    if (stat(path_join(f->w->a, f->w->request->folder, f->name), &st) < 0)
        return FAIL(err, ST_IO, "write '%s': %s", f->name, strerror(errno));
    sink_add(f->w, f->files, f->name, f->rows, st.st_size, f->partition);
    return ST_OK;
}

static bool same_partition(const Files *f, const struct ArrowArrayView *batch, int64_t row)
{
    for (size_t i = 0; i < f->w->partitions.len; i++) {
        const struct ArrowArrayView *v = batch->children[f->w->data.len + i];
        bool null = ArrowArrayViewIsNull(v, row);
        if (null != !f->partition[i])
            return false;
        if (null)
            continue;
        View s = arrow_bytes(v, row);
        if (s.len != strlen(f->partition[i]) || memcmp(s.data, f->partition[i], s.len))
            return false;
    }
    return true;
}

/* Opens the file that `row` belongs to, unless it is open. */
static Status file_for(Files *f, const struct ArrowArrayView *batch, int64_t row, Error *err)
{
    SinkWork *w = f->w;
    bool same = f->open && (!w->partitions.len || same_partition(f, batch, row));
    if (same && (!f->most || f->rows < f->most))
        return ST_OK;
    TRY(file_end(f, err));
    f->number = same ? f->number + 1 : 0;
    if (same)
        return file_open(f, f->partition, err);
    const char **values = ARENA_ARRAY(w->a, const char *, w->partitions.len);
    for (size_t i = 0; i < w->partitions.len; i++) {
        const struct ArrowArrayView *v = batch->children[w->data.len + i];
        View s = arrow_bytes(v, row);
        values[i] = ArrowArrayViewIsNull(v, row) ? NULL : arena_strn(w->a, s.data, s.len);
    }
    return file_open(f, values, err);
}

static Status write_batch(Files *f, const struct ArrowArrayView *batch, int64_t rows, Error *err)
{
    for (int64_t row = 0; row < rows; row++) {
        TRY(file_for(f, batch, row, err));
        TRY(f->sink->row(f->sink->self, batch, row, err));
        f->rows++;
    }
    return ST_OK;
}

/* The data columns and the partitions' texts, ordered by the latter. */
static Status query_text(SinkWork *w, Str *sql, const Type **ret_schema, Error *err)
{
    size_t n = w->data.len, total = n + w->partitions.len;
    Field *fields = ARENA_ARRAY(w->a, Field, total + 1);
    str_add(sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        const Column *c = &w->schema->at[w->data.at[i]];
        str_addf(sql, "%sc%u AS d%zu", i ? ", " : "", c->id, i);
        fields[i] = (Field){ .name = c->name, .type = c->type, .nullable = true };
    }
    for (size_t i = 0; i < w->partitions.len; i++) {
        const char *text;
        TRY(sink_partition_text(w, i, &text, err));
        str_addf(sql, "%snullif(%s, '') AS p%zu", i || n ? ", " : "", text, i);
        fields[n + i] = (Field){ .name = "p", .type = &type_string, .nullable = true };
    }
    str_addf(sql, " FROM (%s)", w->inner);
    for (size_t i = 0; i < w->partitions.len; i++)
        str_addf(sql, "%s p%zu", i ? "," : " ORDER BY", i);
    *ret_schema = type_struct(w->a, fields, total);
    return ST_OK;
}

static Status run(Files *f, Error *err)
{
    const Type *schema;
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(query_text(f->w, &sql, &schema, err));
    engine_result_auto *result = NULL;
    TRY(engine_query(f->w->session, str_text(&sql), &(EngineOutput){ .schema = schema }, &result, err));
    if (!f->w->partitions.len)
        TRY(file_open(f, NULL, err));
    struct ArrowSchema arrow = { 0 };
    TRY(engine_result_schema(result, &arrow, err));
    struct ArrowArrayView view;
    bool good = ArrowArrayViewInitFromSchema(&view, &arrow, NULL) == NANOARROW_OK;
    ArrowSchemaRelease(&arrow);
    Status status = good ? ST_OK : FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
    for (bool done = false; status == ST_OK && !done;) {
        struct ArrowArray batch = { 0 };
        status = engine_result_next(result, &batch, &done, err);
        if (status != ST_OK || done)
            break;
        status = ArrowArrayViewSetArray(&view, &batch, NULL) == NANOARROW_OK
                     ? write_batch(f, &view, batch.length, err)
                     : FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
        ArrowArrayRelease(&batch);
    }
    ArrowArrayViewReset(&view);
    TRY(status);
    return file_end(f, err);
}

Status sink_max_records(const SinkWork *w, int64_t *ret_most, Error *err)
{
    const char *conf = w->emit->conf ? w->emit->conf(w->emit->self, "spark.sql.files.maxRecordsPerFile") : NULL;
    const char *most = sink_option(w, "maxRecordsPerFile", conf ? conf : "0");
    *ret_most = 0;
    if (!str_to_i64(most, ret_most))
        return FAIL_CODE(err, ST_INVALID, "", "For input string: \"%s\"", most);
    *ret_most = *ret_most < 0 ? 0 : *ret_most;
    return ST_OK;
}

Status sink_rows(SinkWork *w, const RowSink *sink, SinkFiles *ret_files, Error *err)
{
    __attribute__((cleanup(files_done))) Files f = { .w = w, .sink = sink, .files = ret_files };
    TRY(sink_max_records(w, &f.most, err));
    return run(&f, err);
}
