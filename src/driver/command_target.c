/* driver/command_target.c -- what a statement's name stands for, and small things that statements share. */
#include "driver/command.h"

const char *command_database(Run *r)
{
    session_lock(r->session);
    const char *current = arena_str(r->arena, r->session->database);
    session_unlock(r->session);
    return current;
}

bool command_flag(Run *r, const char *key)
{
    return str_ieq(run_conf(r, key), "true");
}

static bool temporary(Run *r, const StrList *name, Target *t)
{
    if (name->len == 1) {
        session_lock(r->session);
        KeptPlan *view = entries_find(&r->session->views, name->at[0]);
        t->plan = view ? kept_plan_use(view, r->arena) : NULL;
        session_unlock(r->session);
        t->kind = TARGET_TEMP_VIEW;
        t->database = "";
        return t->plan != NULL;
    }
    const char *global = run_conf(r, "spark.sql.globalTempDatabase");
    if (name->len != 2 || !str_ieq(name->at[0], global))
        return false;
    t->plan = driver_global_view(r->driver, r->arena, name->at[1]);
    t->kind = TARGET_GLOBAL_VIEW;
    t->database = global;
    return t->plan != NULL;
}

Status command_new_name(Run *r, const StrList *name, const char **ret_database, const char **ret_name, Error *err)
{
    bool whole = name->len == 3 && str_ieq(name->at[0], CATALOG_NAME);
    StrList space = *name;
    space.len--;
    if (name->len > 2 && !whole)
        return command_fail(err, "REQUIRES_SINGLE_PART_NAMESPACE", "sessionCatalog", CATALOG_NAME, "namespace",
                            catalog_quoted(r->arena, &space), NULL);
    return environment_table_name(r, name, ret_database, ret_name, err);
}

Status command_target(Run *r, const StrList *name, Target *ret_target, Error *err)
{
    Target t = { .name = name->len ? name->at[name->len - 1] : "" };
    Error missing = ERROR_INIT;
    if (temporary(r, name, &t)) {
        *ret_target = t;
        return ST_OK;
    }
    t.kind = TARGET_NONE;
    Status status = environment_table_name(r, name, &t.database, &t.name, &missing);
    if (status == ST_OK)
        status = catalog_table(driver_catalog(r->driver), r->arena, t.database, t.name, &t.table, &missing);
    if (status == ST_OK) {
        t.kind = t.table.kind == CATALOG_VIEW ? TARGET_VIEW : TARGET_TABLE;
        t.database = t.table.database;
        t.name = t.table.name;
    } else if (status != ST_NOT_FOUND) {
        *err = missing;
        return status;
    }
    *ret_target = t;
    return ST_OK;
}

Status command_target_any(Run *r, const StrList *name, Target *ret_target, Error *err)
{
    Target t;
    TRY(command_target(r, name, &t, err));
    if (t.kind == TARGET_NONE)
        return catalog_not_found(r->arena, name, err);
    *ret_target = t;
    return ST_OK;
}

Status command_target_table(Run *r, const StrList *name, const char *operation, CatalogTable *ret_table, Error *err)
{
    Target t;
    TRY(command_target_any(r, name, &t, err));
    if (t.kind == TARGET_TABLE) {
        *ret_table = t.table;
        return ST_OK;
    }
    const char *quoted = t.kind == TARGET_VIEW ? catalog_table_id(r->arena, &t.table) : catalog_quoted(r->arena, name);
    static const char *const alterable[] = { "ALTER TABLE ... SET TBLPROPERTIES", "ALTER TABLE ... UNSET TBLPROPERTIES",
                                             "ALTER TABLE ... RENAME TO" };
    for (size_t i = 0; i < sizeof alterable / sizeof *alterable; i++)
        if (str_eq(operation, alterable[i]))
            return command_fail(err, "EXPECT_TABLE_NOT_VIEW.USE_ALTER_VIEW", "viewName", quoted, "operation", operation, NULL);
    return command_fail(err, "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "viewName", quoted, "operation", operation, NULL);
}

Status command_bound(Run *r, const StrList *name, Node **ret_bound, Error *err)
{
    return run_bind_node(r, node_new(r->arena, UnresolvedRelation, .name = *name), ret_bound, err);
}

Status command_table_unsupported(Run *r, const CatalogTable *t, const char *operation, Error *err)
{
    return command_fail(err, "UNSUPPORTED_FEATURE.TABLE_OPERATION", "tableName", catalog_table_id(r->arena, t), "operation", operation,
                        NULL);
}

/* The byte at which character number `n` of the text begins. */
static const char *character(const char *text, int n)
{
    for (; n > 0 && *text; n--)
        do
            text++;
        while ((*text & 0xC0) == 0x80);
    return text;
}

const char *command_text(Run *r, const Node *n)
{
    if (!r->query || !n || n->start < 0 || n->stop < n->start)
        return "";
    const char *from = character(r->query, n->start), *to = character(from, n->stop - n->start + 1);
    return arena_strn(r->arena, from, (size_t)(to - from));
}

static bool contains(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && text[i] && (text[i] | 0x20) == word[i])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

/* spark.redaction.regex and spark.sql.redaction.options.regex by their defaults */
const char *command_redacted(const char *key, const char *value)
{
    static const char *const words[] = { "secret", "password", "token", "accesskey", "access.key", "url" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(key, words[i]))
            return "*********(redacted)";
    return value;
}

const char *command_location(Run *r, const char *text, const char *base)
{
    const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
    size_t n = strlen(text);
    while (n > 1 && text[n - 1] == '/')
        n--;
    text = arena_strn(r->arena, text, n);
    if (str_starts(text, "file:///"))
        return arena_printf(r->arena, "file:%s", text + 7);
    if (colon && (!slash || colon < slash))
        return text;
    return *text == '/' ? arena_printf(r->arena, "file:%s", text) : arena_printf(r->arena, "%s/%s", base, text);
}
