/* driver/parse.c -- spark.read.json(df), spark.read.csv(df): the texts are written to files of this run, one record a line, and
 * read as any files of that format are: the same options, the same inference, the same errors.
 * Source: DataFrameReader.json(Dataset[String]), SparkConnectPlanner.transformParse. */
#include "driver/run.h"

#include "back/duckdb/sink.h"
#include "back/duckdb/source.h"
#include "base/file.h"
#include "driver/uuid.h"
#include "ir/source.h"

static void remove_folder(void *folder)
{
    tree_remove(folder, NULL);
}

static Status write_texts(Run *r, EngineSession *engine, const Node *input, const char *folder, SinkFiles *ret_files, Error *err)
{
    char uuid[UUID_TEXT_BYTES];
    const Node *plan;
    KeyValueList none = { 0 };
    uuid_new(uuid);
    TRY(run_prepare(r, input, &plan, err));
    EmitOptions options = run_emit_options(r);
    SinkRequest request = { .plan = plan, .format = "text", .folder = folder, .uuid = uuid, .options = &none };
    return sink_write(r->arena, engine, &options, &request, ret_files, err);
}

Status parse_relation(void *self, Arena *a, const Parse *parse, const Node *input, Node **ret_scan, Error *err)
{
    Run *r = self;
    EngineSession *engine;
    char id[UUID_TEXT_BYTES];
    SinkFiles files = { 0 };
    uuid_new(id);
    char *folder = arena_printf(r->arena, "%s/parse-%s", r->session->artifact_dir, id);
    TRY(run_engine(r, &engine, err));
    TRY(dir_make(folder, 0700, err));
    arena_defer(r->arena, remove_folder, folder);
    TRY(write_texts(r, engine, input, folder, &files, err));
    SourceFile *sources = ARENA_ARRAY(a, SourceFile, files.len + 1);
    for (size_t i = 0; i < files.len; i++) {
        const char *path = arena_printf(a, "%s/%s", folder, files.at[i].name);
        sources[i] = (SourceFile){ .path = path, .uri = arena_printf(a, "file://%s", path), .size_bytes = files.at[i].bytes };
    }
    StrList roots = { 0 };
    vec_push(a, &roots, arena_printf(a, "file://%s", folder));
    SourceRequest request = { .format = parse->format, .files = sources, .nfiles = files.len, .roots = &roots,
                              .user_schema = parse->to, .options = &parse->options,
                              .time_zone = run_conf(r, "spark.sql.session.timeZone") };
    const ScanSource *source;
    TRY(source_resolve(a, engine, &request, &source, err));
    *ret_scan = node_new(a, Scan, .format = parse->format, .source = source, .options = parse->options);
    return ST_OK;
}
