/* driver/show_create.c -- SHOW CREATE TABLE. Source: ShowCreateTableExec, ShowCreateTableCommand. */
#include "driver/command.h"

#include "ir/error.h"
#include "ir/field.h"

enum { TEXT_MAX_BYTES = 1 << 22 };

/* quoteIfNeeded */
static void name_to(Run *r, const char *name, Str *out)
{
    bool plain = *name && !(name[0] >= '0' && name[0] <= '9' && strspn(name, "0123456789") == strlen(name));
    for (const char *p = name; *p && plain; p++)
        plain = *p == '_' || (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');
    str_add(out, plain ? name : sql_id(r->arena, name));
}

/* 'text', quotes and backslashes escaped */
static void quoted(const char *text, Str *out)
{
    str_addc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            str_addc(out, '\\');
        str_addc(out, *text);
    }
    str_addc(out, '\'');
}

static void pairs_to(Run *r, const char *word, const KeyValueList *list, Str *out)
{
    KeyValueList sorted = { 0 };
    if (!list->len)
        return;
    for (size_t i = 0; i < list->len; i++)
        vec_push(r->arena, &sorted, list->at[i]);
    pairs_sort(&sorted);
    str_addf(out, "%s (", word);
    for (size_t i = 0; i < sorted.len; i++) {
        str_add(out, i ? ",\n  " : "\n  ");
        quoted(sorted.at[i].key, out);
        str_add(out, " = ");
        quoted(command_redacted(sorted.at[i].key, sorted.at[i].value), out);
    }
    str_add(out, ")\n");
}

static void comment_to(const char *comment, Str *out)
{
    if (!comment || !*comment)
        return;
    str_add(out, "COMMENT ");
    quoted(comment, out);
    str_addc(out, '\n');
}

static void names_to(Run *r, const char *before, const StrList *names, const char *after, Str *out)
{
    if (!names->len)
        return;
    str_add(out, before);
    for (size_t i = 0; i < names->len; i++) {
        str_add(out, i ? ", " : "");
        name_to(r, names->at[i], out);
    }
    str_add(out, after);
}

static void columns_to(Run *r, const Type *schema, bool types, Str *out)
{
    for (size_t i = 0; i < schema->nfields; i++) {
        const Field *f = &schema->fields[i];
        const char *comment = field_get(r->arena, f->metadata, FIELD_COMMENT);
        const char *value = field_get(r->arena, f->metadata, FIELD_DEFAULT);
        str_add(out, i ? ",\n  " : "\n  ");
        name_to(r, f->name, out);
        if (types) {
            str_addc(out, ' ');
            type_sql(f->type, out);
            str_add(out, f->nullable ? "" : " NOT NULL");
        }
        if (types && value)
            str_addf(out, " DEFAULT %s", value);
        if (comment) {
            str_add(out, " COMMENT ");
            quoted(comment, out);
        }
    }
}

static void table_to(Run *r, const CatalogTable *t, Str *out)
{
    str_add(out, "CREATE TABLE " CATALOG_NAME ".");
    name_to(r, t->database, out);
    str_addc(out, '.');
    name_to(r, t->name, out);
    str_add(out, " (");
    columns_to(r, t->schema, true, out);
    str_addf(out, ")\nUSING %s\n", t->format);
    pairs_to(r, "OPTIONS", &t->options, out);
    names_to(r, "PARTITIONED BY (", &t->partition_by, ")\n", out);
    names_to(r, "CLUSTERED BY (", &t->bucket_by, ")\n", out);
    names_to(r, "SORTED BY (", &t->sort_by, ")\n", out);
    if (t->bucket_by.len)
        str_addf(out, "INTO %lld BUCKETS\n", (long long)t->buckets);
    comment_to(t->comment, out);
    if (t->kind == CATALOG_EXTERNAL) {
        str_add(out, "LOCATION ");
        quoted(t->location, out);
        str_addc(out, '\n');
    }
    const char *collation = pairs_get(&t->properties, TABLE_COLLATION);
    if (collation)
        str_addf(out, "COLLATION '%s'\n", collation);
    KeyValueList shown = { 0 };
    for (size_t k = 0; k < t->properties.len; k++)
        if (!str_eq(t->properties.at[k].key, TABLE_COLLATION))
            vec_push(r->arena, &shown, t->properties.at[k]);
    pairs_to(r, "TBLPROPERTIES", &shown, out);
}

static void view_to(Run *r, const CatalogTable *t, Str *out)
{
    str_add(out, "CREATE VIEW ");
    name_to(r, t->database, out);
    str_addc(out, '.');
    name_to(r, t->name, out);
    str_add(out, " (");
    columns_to(r, t->schema, false, out);
    str_add(out, ")\n");
    comment_to(t->comment, out);
    pairs_to(r, "TBLPROPERTIES", &t->properties, out);
    if (command_view_mode(r, t))
        str_addf(out, "WITH SCHEMA %s\n", command_view_mode(r, t));
    str_addf(out, "AS %s\n", t->view_text);
}

Status command_show_create(Run *r, const Show *s, Rows **ret_rows, Error *err)
{
    static const char *const columns[] = { "createtab_stmt", NULL };
    Target t;
    TRY(command_target_any(r, &s->name, &t, err));
    if (t.kind == TARGET_TEMP_VIEW || t.kind == TARGET_GLOBAL_VIEW)
        return command_fail(err, "UNSUPPORTED_SHOW_CREATE_TABLE.ON_TEMPORARY_VIEW", "tableName", catalog_quoted(r->arena, &s->name),
                            NULL);
    if (s->filter && t.kind == TARGET_TABLE)
        return command_fail(err, "UNSUPPORTED_SHOW_CREATE_TABLE.ON_DATA_SOURCE_TABLE_WITH_AS_SERDE", "tableName",
                            catalog_table_id(r->arena, &t.table), NULL);
    str_auto out = STR_INIT(TEXT_MAX_BYTES);
    if (t.kind == TARGET_VIEW)
        view_to(r, &t.table, &out);
    else
        table_to(r, &t.table, &out);
    *ret_rows = command_table(r, columns);
    *rows_add(*ret_rows) = rows_text(str_arena(&out, r->arena));
    return ST_OK;
}
