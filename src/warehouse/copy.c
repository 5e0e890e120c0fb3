/* warehouse/copy.c -- COPY: options, the files that a prefix or a manifest names, Parquet; one transaction. */
#include "warehouse/copy_load.h"

#include "base/clock.h"
#include "lake/lake.h"

#include <errno.h>
#include <stdlib.h>

enum { MANIFEST_BYTES = 64 << 20, MAX_ERROR = 100000, JSONPATHS_BYTES = 1 << 20 };

typedef VEC(const DialectColumn *) Targets;

typedef struct Copy {
    Execution *x;
    const DialectCopy *words;
    Lake *lake;
    DialectColumnList columns;
    Targets targets;
    LakeFileList files;
    LoadOptions options;
    bool parquet, json, gzip, json_ignore_case;
    const char *json_paths_uri;
    Val *json_paths;
} Copy;

/* --- options --- */

static bool given(const DialectCopy *words, const char *name)
{
    return copy_option(words, name) != NULL;
}

static Status one_char(const DialectCopy *words, const char *name, char missing, char *ret_char, Error *err)
{
    const DialectOption *o = copy_option(words, name);
    *ret_char = missing;
    if (!o)
        return ST_OK;
    if (!o->value || !o->value[0])
        return FAIL(err, ST_INVALID, "%s must be a single character", name);
    if (o->value[0] == '\\' && o->value[1] == 't' && !o->value[2])
        *ret_char = '\t';
    else if (o->value[1])
        return FAIL(err, ST_UNSUPPORTED, "%s of more than one character is not supported", name);
    else
        *ret_char = o->value[0];
    return ST_OK;
}

static Status number_option(const DialectCopy *words, const char *name, int64_t most, int64_t *ret_value, Error *err)
{
    const DialectOption *o = copy_option(words, name);
    *ret_value = 0;
    if (o && (!str_to_i64(o->value, ret_value) || *ret_value < 0 || *ret_value > most))
        return FAIL(err, ST_INVALID, "%s must be between 0 and %lld", name, (long long)most);
    return ST_OK;
}

static Status read_options(Copy *c, Error *err)
{
    static const char *const known[] = { "IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION", "MANIFEST", "CSV", "PARQUET",
                                         "JSON", "DELIMITER", "QUOTE", "ESCAPE", "REMOVEQUOTES", "NULL", "DATEFORMAT", "TIMEFORMAT", "IGNOREHEADER", "BLANKSASNULL",
                                         "EMPTYASNULL", "ACCEPTINVCHARS", "ACCEPTANYDATE", "TRUNCATECOLUMNS", "TRIMBLANKS", "FILLRECORD", "IGNOREBLANKLINES", "GZIP",
                                         "MAXERROR", "NOLOAD", "COMPUPDATE", "STATUPDATE", "COMPROWS", "EXPLICIT_IDS" };
    const DialectCopy *w = c->words;
    LoadOptions *o = &c->options;
    TRY(copy_check_options(w, known, sizeof known / sizeof *known, "COPY", err));
    c->parquet = given(w, "PARQUET");
    c->json = given(w, "JSON");
    c->gzip = given(w, "GZIP");
    o->csv = given(w, "CSV");
    if (c->parquet + c->json + o->csv > 1)
        return FAIL(err, ST_INVALID, "only one of CSV, JSON and PARQUET can be given");
    if (o->csv && (given(w, "ESCAPE") || given(w, "REMOVEQUOTES") || given(w, "FIXEDWIDTH")))
        return FAIL(err, ST_INVALID, "CSV is not compatible with ESCAPE, REMOVEQUOTES and FIXEDWIDTH");
    for (size_t i = 0; c->parquet && i < w->options.len; i++) {
        static const char *const fits[] = { "IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PARQUET", "MANIFEST", "STATUPDATE", "COMPUPDATE", "FILLRECORD", "REGION" };
        bool found = false;
        for (size_t j = 0; j < sizeof fits / sizeof *fits; j++)
            found |= str_eq(fits[j], w->options.at[i].name);
        if (!found || str_eq(w->options.at[i].name, "FILLRECORD"))
            return FAIL(err, ST_INVALID, "%s argument is not supported for PARQUET based COPY", w->options.at[i].name);
    }
    TRY(one_char(w, "DELIMITER", o->csv ? ',' : '|', &o->delimiter, err));
    TRY(one_char(w, "QUOTE", '"', &o->quote, err));
    o->invalid_char = '?';
    o->replace_invalid = given(w, "ACCEPTINVCHARS");
    if (o->replace_invalid && copy_option(w, "ACCEPTINVCHARS")->value)
        TRY(one_char(w, "ACCEPTINVCHARS", '?', &o->invalid_char, err));
    TRY(number_option(w, "IGNOREHEADER", INT64_MAX, &o->ignore_header, err));
    TRY(number_option(w, "MAXERROR", MAX_ERROR, &o->max_error, err));
    o->escape = given(w, "ESCAPE");
    o->remove_quotes = given(w, "REMOVEQUOTES");
    o->blanks_as_null = given(w, "BLANKSASNULL");
    o->empty_as_null = given(w, "EMPTYASNULL");
    o->truncate = given(w, "TRUNCATECOLUMNS");
    o->trim_blanks = given(w, "TRIMBLANKS");
    o->fill_record = given(w, "FILLRECORD");
    o->ignore_blank_lines = given(w, "IGNOREBLANKLINES");
    o->accept_any_date = given(w, "ACCEPTANYDATE");
    o->no_load = given(w, "NOLOAD");
    o->null_as = given(w, "NULL") ? copy_option(w, "NULL")->value : NULL;
    o->date_format = given(w, "DATEFORMAT") ? copy_option(w, "DATEFORMAT")->value : NULL;
    o->time_format = given(w, "TIMEFORMAT") ? copy_option(w, "TIMEFORMAT")->value : NULL;
    const char *how = c->json && copy_option(w, "JSON")->value ? copy_option(w, "JSON")->value : "auto";
    c->json_ignore_case = str_ieq(how, "auto ignorecase");
    if (c->json && str_ieq(how, "noshred"))
        return FAIL(err, ST_UNSUPPORTED, "COPY with JSON 'noshred' is not supported");
    if (c->json && !str_ieq(how, "auto") && !c->json_ignore_case)
        c->json_paths_uri = how;
    return ST_OK;
}

static Status read_targets(Copy *c, Error *err)
{
    const DialectCopy *w = c->words;
    TRY(warehouse_columns(c->x->connection, c->x->arena, w->schema, w->table, &c->columns, err));
    if (!c->columns.len)
        return FAIL(err, ST_INVALID, "Cannot COPY into nonexistent table %s", w->table);
    for (size_t i = 0; i < c->columns.len && !w->columns.len; i++) {
        if (!c->columns.at[i].identity)
            vec_push(c->x->arena, &c->targets, &c->columns.at[i]);
    }
    for (size_t i = 0; i < w->columns.len; i++) {
        const DialectColumn *found = NULL;
        for (size_t j = 0; j < c->columns.len; j++)
            found = str_eq(c->columns.at[j].name, w->columns.at[i]) ? &c->columns.at[j] : found;
        if (!found)
            return FAIL(err, ST_INVALID, "column \"%s\" of relation \"%s\" does not exist", w->columns.at[i], w->table);
        vec_push(c->x->arena, &c->targets, found);
    }
    return ST_OK;
}

/* --- files --- */

static Status missing(const char *what, const char *uri, Error *err)
{
    return FAIL(err, ST_NOT_FOUND, "%s '%s' does not exist", what, uri);
}

static Status read_object(Copy *c, const char *what, const char *uri, size_t most, char **ret_text, size_t *ret_length, Error *err)
{
    Error why = ERROR_INIT;
    Status status = lake_read(c->lake, c->x->arena, uri, most, ret_text, ret_length, &why);
    if (status == ST_NOT_FOUND)
        return missing(what, uri, err);
    if (status != ST_OK && err)
        *err = why;
    return status;
}

static Status manifest_entry(Copy *c, const Val *entry, Error *err)
{
    const char *url = val_str(entry, "url");
    LakeFileList list;
    Error why = ERROR_INIT;
    if (!url || !str_starts(url, "s3://"))
        return FAIL(err, ST_INVALID, "Manifest file is not in correct json format: an entry has no s3:// url");
    if (c->parquet && val_int(val_get(entry, "meta"), "content_length", -1) < 0)
        return FAIL(err, ST_INVALID, "Manifest file: the meta key content_length is required for PARQUET, and '%s' has none", url);
    Status status = lake_list(c->lake, c->x->arena, url, &list, &why);
    if (status == ST_NOT_FOUND && val_bool(entry, "mandatory", false))
        return FAIL(err, ST_NOT_FOUND, "The specified S3 file '%s' of the manifest is mandatory and does not exist", url);
    if (status == ST_NOT_FOUND)
        return ST_OK;
    if (status != ST_OK) {
        if (err)
            *err = why;
        return status;
    }
    for (size_t i = 0; i < list.len; i++)
        vec_push(c->x->arena, &c->files, list.at[i]);
    return ST_OK;
}

static Status read_manifest(Copy *c, Error *err)
{
    char *text = NULL;
    size_t length = 0;
    Val *manifest = NULL;
    TRY(read_object(c, "The specified S3 manifest file", c->words->uri, MANIFEST_BYTES, &text, &length, err));
    if (!val_from_json(c->x->arena, text, length, &manifest) || !val_get(manifest, "entries"))
        return FAIL(err, ST_INVALID, "Manifest file is not in correct json format");
    const Val *entries = val_get(manifest, "entries");
    for (size_t i = 0; i < val_len(entries); i++)
        TRY(manifest_entry(c, val_at(entries, i), err));
    return c->files.len ? ST_OK : FAIL(err, ST_NOT_FOUND, "none of the files of the manifest '%s' exists", c->words->uri);
}

/* FROM names a prefix of keys: what begins with it is loaded. */
static Status list_files(Copy *c, Error *err)
{
    str_auto pattern = STR_INIT(8192);
    Error why = ERROR_INIT;
    if (given(c->words, "MANIFEST"))
        return read_manifest(c, err);
    for (const char *s = c->words->uri; *s; s++) {
        if (strchr("*?[]{}\\", *s))
            str_addc(&pattern, '\\');
        str_addc(&pattern, *s);
    }
    if (!str_ends(c->words->uri, "/"))
        str_addc(&pattern, '*');
    Status status = lake_list(c->lake, c->x->arena, str_text(&pattern), &c->files, &why);
    if (status == ST_NOT_FOUND && str_eq(why.code, "NoSuchBucket"))
        return FAIL(err, ST_NOT_FOUND, "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket");
    if (status == ST_NOT_FOUND || (status == ST_OK && !c->files.len))
        return FAIL(err, ST_NOT_FOUND, "The specified S3 prefix '%s' does not exist", strchr(c->words->uri + 5, '/') ? strchr(c->words->uri + 5, '/') + 1 : "");
    if (status != ST_OK)
        return FAIL(err, status, "S3ServiceException:%s,Error %s", why.message, why.code);
    return ST_OK;
}

static Status read_json_paths(Copy *c, Error *err)
{
    char *text = NULL;
    size_t length = 0;
    Val *value = NULL;
    if (!c->json_paths_uri)
        return ST_OK;
    TRY(read_object(c, "The JSONPaths file", c->json_paths_uri, JSONPATHS_BYTES, &text, &length, err));
    if (!val_from_json(c->x->arena, text, length, &value) || !val_get(value, "jsonpaths"))
        return FAIL(err, ST_INVALID, "Invalid JSONPath format: the file has no 'jsonpaths'");
    c->json_paths = (Val *)val_get(value, "jsonpaths");
    if (val_len(c->json_paths) != c->targets.len)
        return FAIL(err, ST_INVALID, "Number of jsonpaths and the number of columns should match. JSONPath size: %zu, Number of columns in table or column list: %zu",
                    val_len(c->json_paths), c->targets.len);
    for (size_t i = 0; i < val_len(c->json_paths); i++) {
        const Val *path = val_at(c->json_paths, i);
        if (path->kind != VAL_STR || path->s[0] != '$')
            return FAIL(err, ST_INVALID, "Invalid JSONPath format: it must begin with '$'");
    }
    return ST_OK;
}

/* --- loading --- */

static Status parquet_width(Copy *c, Error *err)
{
    str_auto sql = STR_INIT(1 << 20);
    char *text = NULL;
    str_add(&sql, "SELECT CAST(count(*) AS VARCHAR) FROM (DESCRIBE SELECT * FROM read_parquet(");
    dialect_quote_text(&sql, c->files.at[0].path);
    str_add(&sql, "))");
    TRY(warehouse_value(c->x->connection, c->x->arena, str_text(&sql), &text, err));
    if (strtoul(text ? text : "0", NULL, 10) == c->targets.len)
        return ST_OK;
    return FAIL(err, ST_RUNTIME, "Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: %zu, Data columns: %s, File name: %s",
                c->targets.len, text, c->files.at[0].uri);
}

/* Columns are matched by their places. */
static Status load_parquet(Copy *c, Error *err)
{
    str_auto sql = STR_INIT(1 << 27);
    TRY(parquet_width(c, err));
    str_add(&sql, "INSERT INTO ");
    if (c->words->schema) {
        dialect_quote_name(&sql, c->words->schema);
        str_addc(&sql, '.');
    }
    dialect_quote_name(&sql, c->words->table);
    for (size_t i = 0; i < c->targets.len; i++) {
        str_add(&sql, i ? ", " : " (");
        dialect_quote_name(&sql, c->targets.at[i]->name);
    }
    str_add(&sql, ") SELECT ");
    for (size_t i = 0; i < c->targets.len; i++) {
        const DialectColumn *column = c->targets.at[i];
        const char *open = column->type ? strchr(column->type, '(') : NULL;
        str_add(&sql, i ? ", " : "");
        if (column->type && open && str_starts(column->type, "character varying"))
            /* The engine's own strlen() works on whole vectors: the kernel sees only what is too long. */
            str_addf(&sql, "CASE WHEN strlen(c%zu) <= %lld THEN c%zu ELSE rs_fit(c%zu, %lld) END", i, strtoll(open + 1, NULL, 10), i, i, strtoll(open + 1, NULL, 10));
        else if (column->type && open && str_starts(column->type, "character"))
            str_addf(&sql, "rs_fit_char(c%zu, %lld)", i, strtoll(open + 1, NULL, 10));
        else
            str_addf(&sql, "CAST(c%zu AS %s)", i, column->engine_type);
    }
    str_add(&sql, " FROM read_parquet([");
    for (size_t i = 0; i < c->files.len; i++) {
        str_add(&sql, i ? ", " : "");
        dialect_quote_text(&sql, c->files.at[i].path);
    }
    str_add(&sql, "]) AS q(");
    for (size_t i = 0; i < c->targets.len; i++)
        str_addf(&sql, "%sc%zu", i ? ", " : "", i);
    str_addc(&sql, ')');
    return warehouse_exec(c->x->connection, str_text(&sql), &c->x->rows, err);
}

static Status appender_make(Copy *c, duckdb_appender *ret_appender, Error *err)
{
    char *schema = NULL;
    str_auto sql = STR_INIT(1 << 20);
    if (!c->words->schema) {
        str_add(&sql, "SELECT schema_name FROM duckdb_tables() WHERE table_name = ");
        dialect_quote_text(&sql, c->words->table);
        str_add(&sql, " AND (list_contains(current_schemas(false), schema_name) OR schema_name = 'main') ORDER BY schema_name <> 'main', list_position(current_schemas(false), schema_name) LIMIT 1");
        TRY(warehouse_value(c->x->connection, c->x->arena, str_text(&sql), &schema, err));
    }
    duckdb_appender appender;
    duckdb_state state = duckdb_appender_create(c->x->connection, c->words->schema ? c->words->schema : schema, c->words->table, &appender);
    for (size_t i = 0; state == DuckDBSuccess && i < c->targets.len; i++)
        state = duckdb_appender_add_column(appender, c->targets.at[i]->name);
    if (state != DuckDBSuccess) {
        Status status = warehouse_error(err, duckdb_appender_error(appender));
        duckdb_appender_destroy(&appender);
        return status;
    }
    *ret_appender = appender;
    return ST_OK;
}

/* On a connection of its own: stl_load_errors stays when the transaction does not. */
static void record_errors(Copy *c, const Load *load)
{
    duckdb_connection connection;
    if (duckdb_connect(c->x->warehouse->db, &connection) != DuckDBSuccess)
        return;
    warehouse_exec(connection, "BEGIN TRANSACTION", NULL, NULL);
    for (size_t i = 0; i < load->errors.len; i++) {
        const LoadError *e = &load->errors.at[i];
        const char *texts[] = { e->column, e->type, e->length };
        str_auto sql = STR_INIT(1 << 20);
        str_addf(&sql, "INSERT INTO weir_internal.stl_load_errors VALUES (100, 0, 0, make_timestamp(%lld), 0, %lld, ", (long long)clock_us(), (long long)c->x->query);
        dialect_quote_text(&sql, e->file);
        str_addf(&sql, ", %lld", (long long)e->line);
        for (size_t j = 0; j < 3; j++) {
            str_add(&sql, ", ");
            dialect_quote_text(&sql, texts[j]);
        }
        str_addf(&sql, ", %d, ", e->position);
        dialect_quote_text(&sql, e->raw_line);
        str_add(&sql, ", ");
        dialect_quote_text(&sql, e->raw_field);
        str_addf(&sql, ", %d, ", e->code);
        dialect_quote_text(&sql, e->reason);
        str_addc(&sql, ')');
        warehouse_exec(connection, str_text(&sql), NULL, NULL);
    }
    warehouse_exec(connection, "COMMIT", NULL, NULL);
    duckdb_disconnect(&connection);
}

static Status load_files(Copy *c, Load *load, Error *err)
{
    for (size_t i = 0; i < c->files.len; i++) {
        load->file = c->files.at[i].uri;
        TRY(c->json ? load_json_file(load, c->files.at[i].path, c->gzip, c->json_paths, c->json_ignore_case, err)
                    : load_text_file(load, c->files.at[i].path, c->gzip, err));
    }
    return ST_OK;
}

static Status load_texts(Copy *c, Error *err)
{
    Load load = { .x = c->x, .options = c->options, .columns = c->targets.at, .columns_len = c->targets.len };
    TRY(appender_make(c, &load.appender, err));
    Status status = load_files(c, &load, err);
    if (status == ST_OK && duckdb_appender_flush(load.appender) != DuckDBSuccess)
        status = warehouse_error(err, duckdb_appender_error(load.appender));
    if (status != ST_OK)
        duckdb_appender_clear(load.appender);
    duckdb_appender_destroy(&load.appender);
    if (load.errors.len)
        record_errors(c, &load);
    if (status != ST_OK && load.errors.len && status == ST_RUNTIME)
        FAIL(err, ST_RUNTIME, "Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", c->words->table);
    c->x->rows = c->options.no_load ? 0 : load.rows;
    return status;
}

static Status load(Copy *c, Error *err)
{
    bool own = !c->x->in_transaction;
    if (own)
        TRY(warehouse_exec(c->x->connection, "BEGIN TRANSACTION", NULL, err));
    Status status = c->parquet ? load_parquet(c, err) : load_texts(c, err);
    if (status == ST_OK && execution_cancelled(c->x))
        status = FAIL(err, ST_CANCELLED, "Query cancelled on user's request");
    if (own && status == ST_OK)
        status = warehouse_exec(c->x->connection, "COMMIT", NULL, err);
    else if (own)
        warehouse_exec(c->x->connection, "ROLLBACK", NULL, NULL);
    return status;
}

Status copy_run(Execution *x, const DialectCopy *words, Error *err)
{
    Copy c = { .x = x, .words = words };
    lake_auto *lake = NULL;
    TRY(read_options(&c, err));
    TRY(read_targets(&c, err));
    TRY(copy_lake(x, words, &lake, err));
    c.lake = lake;
    TRY(list_files(&c, err));
    TRY(read_json_paths(&c, err));
    return load(&c, err);
}
