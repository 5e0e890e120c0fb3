/* driver/local_session.c -- see local_session.h. Source: SparkSQLCLIDriver, HiveResult.hiveResultString. */
#include "driver/local_session.h"

#include "driver/command.h"
#include "driver/errors.h"
#include "driver/pretty.h"
#include "driver/script.h"
#include "front/sql/sql.h"

#include <stdlib.h>

struct LocalSession {
    Driver *driver;
    Session *session;
};

Status local_session_open(Driver *driver, LocalSession **ret_session, Error *err)
{
    char id[UUID_TEXT_BYTES];
    uuid_new(id);
    const char *user = getenv("USER");
    Session *session;
    TRY(sessions_get(driver_sessions(driver), user ? user : "", id, NULL, &session, err));
    LocalSession *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    *s = (LocalSession){ driver, session };
    *ret_session = s;
    return ST_OK;
}

void local_session_close(LocalSession *s)
{
    session_unref(s->session);
    free(s);
}

Status local_session_set(LocalSession *s, const char *key, const char *value, Error *err)
{
    session_lock(s->session);
    Status status = conf_set(s->session->conf, key, value, err);
    session_unlock(s->session);
    return status;
}

typedef struct Printer {
    void (*line)(void *arg, const char *text);
    void *arg;
} Printer;

static void print_row(Run *r, const Printer *p, const Type *schema, const Value *row, const char *null_text)
{
    enum { LINE_MAX_BYTES = 1 << 28 };
    str_auto out = STR_INIT(LINE_MAX_BYTES);
    for (size_t i = 0; i < schema->nfields; i++) {
        const Type *type = schema->fields[i].type;
        str_add(&out, i ? "\t" : "");
        if (row[i].is_null)
            str_add(&out, null_text);
        else if (type->kind == TYPE_BOOLEAN)
            str_add(&out, row[i].i ? "true" : "false");
        else if (type->kind == TYPE_INT || type->kind == TYPE_LONG)
            str_addf(&out, "%lld", (long long)row[i].i);
        else if (type->kind == TYPE_BINARY)
            str_addn(&out, row[i].text, row[i].text_len);
        else
            str_add(&out, row[i].text);
    }
    p->line(p->arg, arena_str(r->arena, str_text(&out)));
}

static void print_header(Run *r, const Printer *p, const Type *schema)
{
    str_auto out = STR_INIT(1 << 24);
    for (size_t i = 0; i < schema->nfields; i++)
        str_addf(&out, i ? "\t%s" : "%s", schema->fields[i].name);
    p->line(p->arg, arena_str(r->arena, str_text(&out)));
}

typedef struct LastRows {
    Arena *arena; /* NULL: there was no query yet */
    Rows *rows;
} LastRows;

/* ScriptTake */
static Status keep_rows(void *arg, Run *r, Node *bound, Error *err)
{
    LastRows *last = arg;
    Arena *arena = arena_new(), *own = r->arena;
    Rows *rows;
    r->arena = arena;
    Status status = run_collect_shown(r, bound, -1, CAST_HIVE, &rows, err);
    r->arena = own;
    if (status != ST_OK) {
        arena_free(arena);
        return status;
    }
    rows->schema = type_copy(arena, rows->schema);
    arena_free(last->arena);
    *last = (LastRows){ arena, rows };
    return ST_OK;
}

static Status run_statement(Run *r, const char *text, bool header, const Printer *p, LastRows *last, Error *err)
{
    Node *plan, *bound;
    Rows *rows;
    TRY(run_parse(r, text, &plan, err));
    if (node_is(CompoundBody, plan)) {
        TRY(script_run(r, plan, keep_rows, last, err));
        rows = last->rows ? last->rows : command_nothing(r);
    } else if (command_is(plan)) {
        TRY(command_run(r, plan, &rows, err));
    } else {
        TRY(run_bind_node(r, plan, &bound, err));
        TRY(run_collect_shown(r, bound, -1, CAST_HIVE, &rows, err));
    }
    if (header && rows->schema->nfields)
        print_header(r, p, rows->schema);
    for (size_t i = 0; i < rows->at.len; i++)
        print_row(r, p, rows->schema, rows->at.at[i], "NULL");
    return ST_OK;
}

Status local_session_run(LocalSession *s, const char *script, bool header, void (*line)(void *arg, const char *text), void *arg,
                         Str *ret_text, Error *err)
{
    arena_auto *pieces_arena = arena_new();
    SqlPieceList pieces;
    Printer printer = { line, arg };
    sql_split(pieces_arena, script, strlen(script), &pieces);
    for (size_t i = 0; i < pieces.len; i++) {
        arena_auto *a = arena_new();
        Run run;
        run_init(&run, s->driver, s->session, NULL, a);
        const char *text = arena_strn(a, script + pieces.at[i].start_byte, pieces.at[i].length);
        LastRows last = { 0 };
        Status status = run_statement(&run, text, header, &printer, &last, err);
        arena_free(last.arena);
        if (status != ST_OK)
            str_add(ret_text, error_text(a, err, run.query));
        run_done(&run);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}
