/* back/duckdb/sink_jdbc.c -- a query's rows into a table of a PostgreSQL server: one transaction, a binary COPY.
 *
 * Where the table's columns are of the types that Spark writes, the COPY goes into it; else, as with Spark's INSERT, each value
 * is assigned by the server's rules, from a temporary table. So too when the query itself reads over JDBC and the table is to be
 * replaced: its lock must not stand in the query's way.
 * Source: JdbcRelationProvider.createRelation, JdbcUtils.{createTable,saveTable,getInsertStatement,schemaString}. */
#include "back/duckdb/jdbc_internal.h"
#include "base/limits.h"
#include "ir/bind.h"
#include "ir/enums.h"

#include <nanoarrow/nanoarrow.h>

enum { SEND_BYTES = 256 * 1024 };

typedef struct SinkColumn {
    const char *name;    /* as the server has it */
    const Type *type;
    const char *word;    /* of the type that Spark writes */
    Oid oid;
    const char *target;  /* the table's type, when a text of an unknown type is to be cast to it */
} SinkColumn;

typedef struct Writer {
    Arena *a;
    EngineSession *session;
    const EmitOptions *emit;
    const JdbcWrite *w;
    const JdbcOptions *o;
    JdbcConnection *c;
    const Schema *schema;
    SinkColumn *columns;
    bool direct;         /* the COPY goes into the table itself */
    Str out;             /* bytes for the server */
} Writer;

/* ---------------------------------------------------------------- the table */
static Status table_exists(Writer *w, bool *ret_exists, Error *err)
{
    const char *query = arena_printf(w->a, "SELECT 1 FROM %s WHERE 1=0", w->o->table);
    jdbc_result_auto *result = PQexec(w->c->pg, query);
    *ret_exists = PQresultStatus(result) == PGRES_TUPLES_OK;
    return *ret_exists || jdbc_not_there(result) ? ST_OK : jdbc_fail(w->c, result, query, false, err);
}

static Status columns_of(Writer *w, Error *err)
{
    w->columns = ARENA_ARRAY(w->a, SinkColumn, w->schema->len + 1);
    for (size_t i = 0; i < w->schema->len; i++) {
        SinkColumn *c = &w->columns[i];
        c->name = w->schema->at[i].name;
        c->type = w->schema->at[i].type;
        TRY(jdbc_type_word(w->a, c->type, &c->word, &c->oid, err));
    }
    return ST_OK;
}

static const char *given_word(const Writer *w, const char *name)
{
    const Type *given = w->w->column_types;
    for (size_t i = 0; given && i < given->nfields; i++)
        if (w->w->case_sensitive ? str_eq(given->fields[i].name, name) : str_ieq(given->fields[i].name, name))
            return type_catalog_text(w->a, given->fields[i].type);
    return NULL;
}

static Status check_given(const Writer *w, Error *err)
{
    const Type *given = w->w->column_types;
    for (size_t i = 0; given && i < given->nfields; i++) {
        bool found = false;
        for (size_t k = 0; k < w->schema->len && !found; k++)
            found = w->w->case_sensitive ? str_eq(w->schema->at[k].name, given->fields[i].name)
                                         : str_ieq(w->schema->at[k].name, given->fields[i].name);
        if (!found)
            return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1171", "createTableColumnTypes option column %s not found in schema %s",
                             given->fields[i].name, type_catalog_text(w->a, bind_schema_type(w->a, w->w->plan)));
    }
    return ST_OK;
}

static Status create(Writer *w, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    TRY(check_given(w, err));
    str_addf(&sql, "CREATE TABLE %s (", w->o->table);
    for (size_t i = 0; i < w->schema->len; i++) {
        const char *given = given_word(w, w->columns[i].name);
        str_addf(&sql, "%s%s %s%s", i ? ", " : "", jdbc_quoted_name(w->a, w->columns[i].name), given ? given : w->columns[i].word,
                 w->schema->at[i].nullable ? "" : " NOT NULL");
        w->direct = w->direct && !given;
    }
    str_addf(&sql, ") %s", w->o->create_options ? w->o->create_options : "");
    if (w->o->comment && *w->o->comment)
        str_addf(&sql, "; COMMENT ON TABLE %s IS %s", w->o->table, jdbc_quoted_text(w->a, w->o->comment));
    return jdbc_run(w->c, str_text(&sql), NULL, err);
}

/* ---------------------------------------------------------------- fitting the columns to a table that is there */
static Status no_column(const Writer *w, const PGresult *result, const SinkColumn *c, Error *err)
{
    str_auto names = STR_INIT(LIMIT_CONF_TEXT);
    for (int i = 0; i < PQnfields(result); i++)
        str_addf(&names, "%s%s", i ? ", " : "", jdbc_quoted_name(w->a, PQfname(result, i)));
    return engine_fail(err, ST_INVALID, "COLUMN_NOT_DEFINED_IN_TABLE", "colType", arena_printf(w->a, "\"%s\"", type_sql_text(w->a, c->type)),
                       "colName", arena_printf(w->a, "`%s`", c->name), "tableName", arena_printf(w->a, "`%s`", w->o->table), "tableCols",
                       str_text(&names), NULL);
}

static bool takes(Oid table, const SinkColumn *c)
{
    return table == c->oid || (c->oid == OID_TEXT && table == OID_VARCHAR);
}

static Status target_word(Writer *w, const PGresult *result, int field, SinkColumn *c, Error *err)
{
    jdbc_result_auto *rows = NULL;
    TRY(jdbc_run(w->c, arena_printf(w->a, "SELECT pg_catalog.format_type(%u, %d)", PQftype(result, field), PQfmod(result, field)), &rows, err));
    c->target = arena_str(w->a, PQgetvalue(rows, 0, 0));
    return ST_OK;
}

static Status fit(Writer *w, Error *err)
{
    jdbc_result_auto *result = NULL;
    TRY(jdbc_run(w->c, arena_printf(w->a, "SELECT * FROM %s WHERE 1=0", w->o->table), &result, err));
    for (size_t i = 0; i < w->schema->len; i++) {
        SinkColumn *c = &w->columns[i];
        int field = -1;
        for (int k = 0; k < PQnfields(result) && field < 0; k++)
            if (w->w->case_sensitive ? str_eq(PQfname(result, k), c->name) : str_ieq(PQfname(result, k), c->name))
                field = k;
        if (field < 0)
            return no_column(w, result, c, err);
        c->name = arena_str(w->a, PQfname(result, field));
        bool same = takes(PQftype(result, field), c);
        w->direct = w->direct && same;
        if (!same && c->oid == OID_TEXT && w->o->untyped_strings)
            TRY(target_word(w, result, field, c, err));
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- rows */
static Status send_rows(Writer *w, Error *err)
{
    if (w->out.overflow)
        return FAIL(err, ST_LIMIT, "a row is longer than a COPY takes");
    if (w->out.len && PQputCopyData(w->c->pg, w->out.data, (int)w->out.len) != 1)
        return jdbc_fail(w->c, NULL, NULL, false, err);
    str_clear(&w->out);
    return ST_OK;
}

static Status copy_batch(Writer *w, const struct ArrowArrayView *batch, int64_t rows, Error *err)
{
    for (int64_t row = 0; row < rows; row++) {
        jdbc_put16(&w->out, (int)w->schema->len);
        for (size_t i = 0; i < w->schema->len; i++)
            TRY(jdbc_encode(batch->children[i], row, w->columns[i].type, &w->out, err));
        if (w->out.len >= SEND_BYTES)
            TRY(send_rows(w, err));
    }
    return ST_OK;
}

static Status copy_batches(Writer *w, EngineResult *result, struct ArrowArrayView *view, Error *err)
{
    for (bool done = false;;) {
        struct ArrowArray batch = { 0 };
        TRY(engine_result_next(result, &batch, &done, err));
        if (done)
            return ST_OK;
        Status status = ArrowArrayViewSetArray(view, &batch, NULL) == NANOARROW_OK ? copy_batch(w, view, batch.length, err)
                                                                                  : FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
        ArrowArrayRelease(&batch);
        TRY(status);
    }
}

static Status copy_query(Writer *w, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    engine_result_auto *result = NULL;
    struct ArrowSchema schema = { 0 };
    struct ArrowArrayView view;
    TRY(emit_plan(w->a, w->emit, w->w->plan, &sql, err));
    TRY(engine_query(w->session, str_text(&sql), &(EngineOutput){ .schema = bind_schema_type(w->a, w->w->plan) }, &result, err));
    TRY(engine_result_schema(result, &schema, err));
    bool good = ArrowArrayViewInitFromSchema(&view, &schema, NULL) == NANOARROW_OK;
    ArrowSchemaRelease(&schema);
    if (!good)
        return FAIL(err, ST_INTERNAL, "arrow view of the rows to write");
    Status status = copy_batches(w, result, &view, err);
    ArrowArrayViewReset(&view);
    return status;
}

/* COPY … FROM STDIN of all rows; the server has taken them when it ends well. */
static Status copy(Writer *w, const char *table, const char *names, Error *err)
{
    static const char header[19] = "PGCOPY\n\377\r\n";
    TRY(jdbc_run(w->c, arena_printf(w->a, "COPY %s (%s) FROM STDIN (FORMAT BINARY)", table, names), NULL, err));
    str_addn(&w->out, header, sizeof header);
    TRY(copy_query(w, err));
    jdbc_put16(&w->out, -1);
    TRY(send_rows(w, err));
    if (PQputCopyEnd(w->c->pg, NULL) != 1)
        return jdbc_fail(w->c, NULL, NULL, false, err);
    jdbc_result_auto *result = PQgetResult(w->c->pg);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return jdbc_fail(w->c, result, NULL, false, err);
    PQclear(PQgetResult(w->c->pg)); /* NULL: the end */
    return ST_OK;
}

/* What the server said to a COPY that it ended meanwhile says more than a send that failed. */
static Status copy_error(Writer *w, Status status, Error *err)
{
    if (status == ST_OK || PQstatus(w->c->pg) != CONNECTION_OK || PQtransactionStatus(w->c->pg) != PQTRANS_ACTIVE || status == ST_CANCELLED)
        return status;
    PQputCopyEnd(w->c->pg, "the query failed");
    jdbc_result_auto *result = PQgetResult(w->c->pg);
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return state && strcmp(state, "57014") != 0 ? jdbc_fail(w->c, result, NULL, false, err) : status;
}

static const char *names_of(const Writer *w, bool staged)
{
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i < w->schema->len; i++)
        str_addf(&out, "%s%s", i ? ", " : "", staged ? arena_printf(w->a, "c%zu", i) : jdbc_quoted_name(w->a, w->columns[i].name));
    return str_arena(&out, w->a);
}

/* ---------------------------------------------------------------- a temporary table first */
static Status stage(Writer *w, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&sql, "CREATE TEMPORARY TABLE weir_stage (");
    for (size_t i = 0; i < w->schema->len; i++)
        str_addf(&sql, "%sc%zu %s", i ? ", " : "", i, w->columns[i].word);
    str_add(&sql, ") ON COMMIT DROP");
    TRY(jdbc_run(w->c, str_text(&sql), NULL, err));
    return copy_error(w, copy(w, "pg_temp.weir_stage", names_of(w, true), err), err);
}

static Status insert_staged(Writer *w, Error *err)
{
    str_auto sql = STR_INIT(LIMIT_QUERY_TEXT);
    str_addf(&sql, "INSERT INTO %s (%s) SELECT ", w->o->table, names_of(w, false));
    for (size_t i = 0; i < w->schema->len; i++)
        str_addf(&sql, w->columns[i].target ? "%sCAST(c%zu AS %s)" : "%sc%zu", i ? ", " : "", i, w->columns[i].target);
    str_add(&sql, " FROM pg_temp.weir_stage");
    return jdbc_run(w->c, str_text(&sql), NULL, err);
}

/* ---------------------------------------------------------------- the transaction */
static bool note_remote(const Node *n, void *arg)
{
    bool *found = arg;
    *found = *found || (node_is(Scan, n) && node_as(Scan, n)->source && node_as(Scan, n)->source->remote);
    return !*found;
}

static Status prepare_table(Writer *w, bool exists, Error *err)
{
    if (exists && w->w->mode == SAVE_OVERWRITE && w->o->truncate) {
        TRY(fit(w, err));
        return jdbc_run(w->c, arena_printf(w->a, "TRUNCATE TABLE ONLY %s%s", w->o->table, w->o->cascade ? " CASCADE" : ""), NULL, err);
    }
    if (exists && w->w->mode == SAVE_OVERWRITE)
        TRY(jdbc_run(w->c, arena_printf(w->a, "DROP TABLE %s", w->o->table), NULL, err));
    return exists && w->w->mode != SAVE_OVERWRITE ? fit(w, err) : create(w, err);
}

static Status transaction(Writer *w, bool exists, Error *err)
{
    static const char *const levels[] = { "", " ISOLATION LEVEL READ COMMITTED", " ISOLATION LEVEL REPEATABLE READ",
                                          " ISOLATION LEVEL SERIALIZABLE" };
    bool remote = false;
    node_walk(w->w->plan, note_remote, &remote);
    bool first = remote && exists && w->w->mode == SAVE_OVERWRITE;
    TRY(jdbc_run(w->c, arena_printf(w->a, "BEGIN%s", levels[w->o->isolation]), NULL, err));
    w->direct = !first && w->schema->len > 0;
    if (first)
        TRY(stage(w, err));
    TRY(prepare_table(w, exists, err));
    if (w->direct) {
        TRY(copy_error(w, copy(w, w->o->table, names_of(w, false), err), err));
    } else if (w->schema->len) {
        if (!first)
            TRY(stage(w, err));
        TRY(insert_staged(w, err));
    }
    return jdbc_run(w->c, "COMMIT", NULL, err);
}

static Status run(Writer *w, Error *err)
{
    bool exists;
    TRY(columns_of(w, err));
    TRY(table_exists(w, &exists, err));
    if (exists && w->w->mode == SAVE_IGNORE)
        return ST_OK;
    if (exists && w->w->mode == SAVE_ERROR)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_1288", "Table or view '%s' already exists. SaveMode: ErrorIfExists.", w->o->table);
    return transaction(w, exists, err);
}

Status jdbc_write(Arena *a, EngineSession *s, const EmitOptions *options, const JdbcWrite *write, Error *err)
{
    JdbcOptions o;
    JdbcConnection c;
    TRY(jdbc_options(a, write->options, &o, err));
    if (!o.table)
        return FAIL_CODE(err, ST_INVALID, "", "requirement failed: Option 'dbtable' is required. Option 'query' is not applicable while writing.");
    Writer w = { .a = a, .session = s, .emit = options, .w = write, .o = &o, .c = &c, .schema = write->plan->schema, .out = STR_INIT(INT32_MAX) };
    TRY(jdbc_connect(&c, &o, write->system_zone, s->engine, engine_session_number(s), err));
    Status status = run(&w, err);
    str_done(&w.out);
    jdbc_close(&c);
    return status;
}
