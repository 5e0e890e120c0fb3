/* driver/command_conf.c -- SET, RESET, USE, EXPLAIN. Source: SetCommand, ResetCommand, SetCatalogCommand. */
#include "driver/command.h"

#include "driver/catalog.h"

#include <stdlib.h>

static void add_pair(Rows *rows, const char *key, const char *value)
{
    Value *row = rows_add(rows);
    row[0] = rows_text(key);
    row[1] = rows_text(value);
}

static Status reset(Run *r, const SetConf *s, Error *err)
{
    Status status = ST_OK;
    session_lock(r->session);
    if (s->key) {
        status = conf_unset(r->session->conf, s->key, err);
    } else {
        Conf *fresh = conf_new(driver_conf(r->driver));
        conf_free(r->session->conf);
        r->session->conf = fresh;
    }
    session_unlock(r->session);
    return status;
}

Status command_set(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "key", "value", NULL };
    const SetConf *s = node_as(SetConf, command);
    if (s->reset) {
        *ret_rows = command_nothing(r);
        return reset(r, s, err);
    }
    Rows *rows = command_table(r, columns);
    Status status = ST_OK;
    session_lock(r->session);
    if (s->key && s->value) {
        status = conf_set(r->session->conf, s->key, s->value, err);
        add_pair(rows, s->key, s->value);
    } else if (s->key) {
        const char *value = conf_get(r->session->conf, s->key);
        add_pair(rows, s->key, arena_str(r->arena, value ? value : "<undefined>"));
    } else {
        KeyValueList list;
        if (s->show_all)
            conf_list_all(r->session->conf, r->arena, &list);
        else
            conf_list(r->session->conf, r->arena, NULL, &list);
        for (size_t i = 0; i < list.len; i++)
            add_pair(rows, list.at[i].key, list.at[i].value);
    }
    session_unlock(r->session);
    *ret_rows = rows;
    return status;
}

Status command_use(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    const Use *u = node_as(Use, command);
    *ret_rows = command_nothing(r);
    if (!u->name.len)
        return FAIL(err, ST_INVALID, "USE has no name");
    const char *name = u->name.at[u->name.len - 1];
    bool catalog = str_ieq(u->name.at[0], "spark_catalog");
    if (u->name.len == 1 && catalog)
        name = "default";
    CatalogDatabase d;
    TRY(catalog_database(driver_catalog(r->driver), r->arena, name, &d, err));
    char *copy = strdup(d.name);
    if (!copy)
        abort();
    session_lock(r->session);
    free(r->session->database);
    r->session->database = copy;
    session_unlock(r->session);
    return ST_OK;
}

Status command_explain(Run *r, Node *command, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "plan", NULL };
    const Explain *e = node_as(Explain, command);
    char *text;
    if (command_is(e->input))
        text = arena_printf(r->arena, "== Physical Plan ==\nExecute %s\n\n", node_name(e->input));
    else
        TRY(explain_plan(r, e->input, e->mode ? e->mode : "simple", &text, err));
    *ret_rows = command_table(r, columns);
    *rows_add(*ret_rows) = rows_text(text);
    return ST_OK;
}
