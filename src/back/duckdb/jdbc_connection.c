/* back/duckdb/jdbc_connection.c -- connections to PostgreSQL: statements, what the server says, and interrupts. */
#include "back/duckdb/jdbc_internal.h"
#include "base/limits.h"

#include <inttypes.h>

const char *jdbc_quoted_name(Arena *a, const char *name)
{
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    emit_quoted_name(name, &out);
    return str_arena(&out, a);
}

/* With backslashes doubled inside E'…', whatever standard_conforming_strings says. */
const char *jdbc_quoted_text(Arena *a, const char *text)
{
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    str_add(&out, strchr(text, '\\') ? " E'" : "'");
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            str_addc(&out, *text);
        str_addc(&out, *text);
    }
    str_addc(&out, '\'');
    return str_arena(&out, a);
}

/* ---------------------------------------------------------------- errors */
static void without_end(char *text)
{
    size_t n = strlen(text);
    while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
        text[--n] = 0;
}

/* As pgjdbc's ServerErrorMessage puts them together. */
static char *server_words(Arena *a, const PGresult *result)
{
    static const struct {
        int field;
        const char *label;
    } more[] = { { PG_DIAG_MESSAGE_DETAIL, "Detail" }, { PG_DIAG_MESSAGE_HINT, "Hint" }, { PG_DIAG_STATEMENT_POSITION, "Position" },
                 { PG_DIAG_CONTEXT, "Where" } };
    str_auto out = STR_INIT(ERROR_MESSAGE_BYTES);
    str_addf(&out, "%s: %s", PQresultErrorField(result, PG_DIAG_SEVERITY), PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        const char *text = PQresultErrorField(result, more[i].field);
        if (text)
            str_addf(&out, "\n  %s: %s", more[i].label, text);
    }
    return str_arena(&out, a);
}

Status jdbc_fail(const JdbcConnection *c, const PGresult *result, const char *query, bool resolving, Error *err)
{
    arena_auto *a = arena_new();
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    char *message = state ? server_words(a, result) : arena_str(a, result ? PQresultErrorMessage(result) : PQerrorMessage(c->pg));
    without_end(message);
    if (atomic_load(&c->remote.cancelled) && str_eq(state, "57014"))
        return engine_fail(err, ST_CANCELLED, "OPERATION_CANCELED", NULL);
    if (state && str_starts(state, "42") && query) /* PostgresDialect.isSyntaxErrorBestEffort */
        return engine_fail(err, ST_INVALID, resolving ? "JDBC_EXTERNAL_ENGINE_SYNTAX_ERROR.DURING_OUTPUT_SCHEMA_RESOLUTION"
                                                      : "JDBC_EXTERNAL_ENGINE_SYNTAX_ERROR.DURING_QUERY_EXECUTION",
                           "jdbcQuery", query, "externalEngineError", message, NULL);
    return engine_fail(err, ST_RUNTIME, "FAILED_JDBC.UNCLASSIFIED", "url", c->options->url, "message", message, NULL);
}

bool jdbc_not_there(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (!strcmp(state, "42P01") || !strcmp(state, "3F000") || !strcmp(state, "42704"));
}

void jdbc_clear(PGresult **result)
{
    PQclear(*result);
}

Status jdbc_run(JdbcConnection *c, const char *sql, PGresult **ret_result, Error *err)
{
    jdbc_result_auto *result = PQexec(c->pg, sql);
    ExecStatusType how = PQresultStatus(result);
    if (!result || (how != PGRES_COMMAND_OK && how != PGRES_TUPLES_OK && how != PGRES_EMPTY_QUERY && how != PGRES_COPY_IN && how != PGRES_COPY_OUT))
        return jdbc_fail(c, result, NULL, false, err);
    if (ret_result) {
        *ret_result = result;
        result = NULL;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- interrupts */
static void cancel(void *arg)
{
    char why[256];
    PQcancel(arg, why, sizeof why);
}

/* ---------------------------------------------------------------- opening and closing */
/* "+05:30" is no name of PostgreSQL's, and its own "+5" goes the other way. */
static const char *zone_setting(Arena *a, const char *zone)
{
    if (*zone == '+' || *zone == '-')
        return arena_printf(a, "SET TIME ZONE INTERVAL %s HOUR TO MINUTE", jdbc_quoted_text(a, zone));
    return arena_printf(a, "SET TIME ZONE %s", jdbc_quoted_text(a, str_ieq(zone, "Z") ? "UTC" : zone));
}

static Status settings(JdbcConnection *c, const char *system_zone, Error *err)
{
    arena_auto *a = arena_new();
    str_auto sql = STR_INIT(LIMIT_CONF_TEXT);
    str_addf(&sql, "SET client_encoding = 'UTF8'; SET DateStyle = 'ISO'; %s", zone_setting(a, system_zone));
    if (c->options->timeout_s)
        str_addf(&sql, "; SET statement_timeout = '%" PRId64 "s'", c->options->timeout_s);
    if (c->options->search_path)
        str_addf(&sql, "; SELECT set_config('search_path', %s, false)", jdbc_quoted_text(a, c->options->search_path));
    return jdbc_run(c, str_text(&sql), NULL, err);
}

Status jdbc_connect(JdbcConnection *c, const JdbcOptions *o, const char *system_zone, Engine *engine, idx_t session, Error *err)
{
    arena_auto *a = arena_new();
    const char **keys = ARENA_ARRAY(a, const char *, o->keys.len + 1), **values = ARENA_ARRAY(a, const char *, o->keys.len + 1);
    *c = (JdbcConnection){ .options = o, .engine = engine };
    for (size_t i = 0; i < o->keys.len; i++) {
        keys[i] = o->keys.at[i];
        values[i] = o->values.at[i];
    }
    c->pg = PQconnectdbParams(keys, values, 0);
    if (PQstatus(c->pg) != CONNECTION_OK) {
        Status status = jdbc_fail(c, NULL, NULL, false, err);
        jdbc_close(c);
        return status;
    }
    if (engine) {
        c->remote.session = session;
        c->remote.cancel = cancel;
        c->remote.arg = PQgetCancel(c->pg);
        engine_remote_add(engine, &c->remote);
    }
    Status status = settings(c, system_zone, err);
    if (status != ST_OK)
        jdbc_close(c);
    return status;
}

void jdbc_close(JdbcConnection *c)
{
    if (c->remote.cancel) {
        engine_remote_remove(c->engine, &c->remote);
        PQfreeCancel(c->remote.arg);
    }
    PQfinish(c->pg);
    *c = (JdbcConnection){ 0 };
}
