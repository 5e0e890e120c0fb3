/* front/sql/freeform.c -- statements told by their first words: SET and RESET, whose values are free text; what Spark's
 * grammar knows only to refuse; what weir does not do yet. Source: SqlBaseParser's setResetStatement and
 * unsupportedHiveNativeCommands, SparkSqlAstBuilder.visitSetConfiguration. */
#include "base/limits.h"
#include "front/sql/command.h"
#include "front/sql/context.h"
#include "front/sql/grammar.h"

#include <stdio.h>
#include <stdlib.h>

static const Token *token(const SqlParser *p, size_t i)
{
    return &p->tokens.at[i < p->tokens.len ? i : p->tokens.len - 1];
}

/* The text from token i on, without blanks and ';' at its end. */
static const char *rest_of_text(const SqlParser *p, size_t i)
{
    const char *from = p->text + token(p, i)->at;
    size_t n = strlen(from);
    while (n && (strchr(" \t\r\n;", from[n - 1])))
        n--;
    return arena_strn(p->a, from, n);
}

static Node *whole(SqlParser *p, Node *n)
{
    return node_at(n, 0, token(p, p->tokens.len - 1)->start - 1);
}

/* ---------------------------------------------------------------- refused, or not done */
typedef struct Phrase {
    int words[3];
    const char *text;
} Phrase;

static const Phrase refused[] = {
    { { TK_CREATE, TK_ROLE }, "CREATE ROLE" }, { { TK_DROP, TK_ROLE }, "DROP ROLE" }, { { TK_GRANT, TK_ROLE }, "GRANT ROLE" },
    { { TK_GRANT }, "GRANT" }, { { TK_REVOKE, TK_ROLE }, "REVOKE ROLE" }, { { TK_REVOKE }, "REVOKE" },
    { { TK_SHOW, TK_GRANT }, "SHOW GRANT" }, { { TK_SHOW, TK_ROLE, TK_GRANT }, "SHOW ROLE GRANT" },
    { { TK_SHOW, TK_PRINCIPALS }, "SHOW PRINCIPALS" }, { { TK_SHOW, TK_ROLES }, "SHOW ROLES" },
    { { TK_SHOW, TK_CURRENT, TK_ROLES }, "SHOW CURRENT ROLES" }, { { TK_EXPORT, TK_TABLE }, "EXPORT TABLE" },
    { { TK_IMPORT, TK_TABLE }, "IMPORT TABLE" }, { { TK_SHOW, TK_COMPACTIONS }, "SHOW COMPACTIONS" },
    { { TK_SHOW, TK_TRANSACTIONS }, "SHOW TRANSACTIONS" }, { { TK_SHOW, TK_INDEXES }, "SHOW INDEXES" },
    { { TK_SHOW, TK_LOCKS }, "SHOW LOCKS" }, { { TK_ALTER, TK_INDEX }, "ALTER INDEX" }, { { TK_LOCK, TK_TABLE }, "LOCK TABLE" },
    { { TK_LOCK, TK_DATABASE }, "LOCK DATABASE" }, { { TK_UNLOCK, TK_TABLE }, "UNLOCK TABLE" },
    { { TK_UNLOCK, TK_DATABASE }, "UNLOCK DATABASE" }, { { TK_CREATE, TK_TEMPORARY, TK_MACRO }, "CREATE TEMPORARY MACRO" },
    { { TK_DROP, TK_TEMPORARY, TK_MACRO }, "DROP TEMPORARY MACRO" }, { { TK_START, TK_TRANSACTION }, "START TRANSACTION" },
    { { TK_COMMIT }, "COMMIT" }, { { TK_ROLLBACK }, "ROLLBACK" }, { { TK_DFS }, "DFS" },
};

static const Phrase not_done[] = {
    { { TK_CREATE, TK_FLOW }, "CREATE FLOW" },
};

/* What Spark's own catalog does not do: classes and words of Spark. */
#define PROCEDURES "MISSING_CATALOG_ABILITY.PROCEDURES", "Catalog spark_catalog does not support procedures."
#define PIPELINE(what) "UNSUPPORTED_FEATURE.CREATE_PIPELINE_DATASET_QUERY_EXECUTION", "The feature is not supported: Direct execution of a CREATE ... " what \
    " query. To create a pipeline dataset, create and execute a pipeline with a SQL file containing your query attached in the pipeline definition."
static const struct {
    int words[3];
    const char *class, *message;
} no_ability[] = {
    { { TK_CALL }, PROCEDURES }, { { TK_SHOW, TK_PROCEDURES }, PROCEDURES }, { { TK_DESCRIBE, TK_PROCEDURE }, PROCEDURES }, { { TK_DESC, TK_PROCEDURE }, PROCEDURES },
    { { TK_CREATE, TK_MATERIALIZED }, PIPELINE("MATERIALIZED VIEW") }, { { TK_CREATE, TK_STREAMING }, PIPELINE("STREAMING TABLE") },
    { { TK_CREATE, TK_INDEX }, "_LEGACY_ERROR_TEMP_1332", "CreateIndex is not supported in this table." },
    { { TK_DROP, TK_INDEX }, "_LEGACY_ERROR_TEMP_1332", "DropIndex is not supported in this table." },
};

static bool words_at(const SqlParser *p, size_t at, const int words[3])
{
    size_t k = 0;
    while (k < 3 && words[k] && token(p, at + k)->word == words[k])
        k++;
    return k && (k == 3 || !words[k]);
}

static bool refuse_inability(SqlParser *p, size_t at)
{
    for (size_t i = 0; i < sizeof no_ability / sizeof no_ability[0]; i++)
        if (words_at(p, at, no_ability[i].words)) {
            const char *class = no_ability[i].class;
            parser_fail(p, token(p, at)->start, token(p, p->tokens.len - 1)->start - 1, class, *class == '_' ? "" : "0A000", "%s", no_ability[i].message);
            return true;
        }
    return false;
}

/* The phrase that stands at token `at`. */
static const char *find_phrase(const SqlParser *p, size_t at, const Phrase *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (words_at(p, at, list[i].words))
            return list[i].text;
    return NULL;
}

/* ---------------------------------------------------------------- SET, RESET */
static bool is_key(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == '\\'))
            return false;
    }
    return n > 0;
}

static const char *trim_text(SqlParser *p, const char *text)
{
    while (*text && strchr(" \t\r\n", *text))
        text++;
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n;", text[n - 1]))
        n--;
    return arena_strn(p->a, text, n);
}

static Node *set_conf(SqlParser *p, const char *key, const char *value)
{
    return whole(p, node_new(p->a, SetConf, .key = key, .value = value));
}

static Node *bad_set(SqlParser *p)
{
    parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "INVALID_SET_SYNTAX", "42000", "Expected format is 'SET', 'SET key', or "
        "'SET key=value'. If you want to include special characters in key, or include semicolon in value, please use backquotes, "
        "e.g., SET `key`=`value`.");
    return NULL;
}

static Node *set_configuration(SqlParser *p)
{
    const Token *key = token(p, 1), *equals = token(p, 2), *value = token(p, 3);
    if (!key->kind || key->kind == TK_SEMICOLON)
        return whole(p, node_new(p->a, SetConf, .show_all = false));
    if (key->quoted) {
        if (!equals->kind)
            return set_conf(p, key->text, NULL);
        if (equals->kind != TK_EQ)
            return bad_set(p);
        bool one = value->quoted && (!token(p, 4)->kind || token(p, 4)->kind == TK_SEMICOLON);
        return set_conf(p, key->text, one ? value->text : trim_text(p, p->text + equals->at + equals->len));
    }
    const char *text = trim_text(p, rest_of_text(p, 1));
    if (str_eq(text, "-v"))
        return whole(p, node_new(p->a, SetConf, .show_all = true));
    const char *mark = strchr(text, '=');
    size_t n = mark ? (size_t)(mark - text) : strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    if (!is_key(text, n))
        return bad_set(p);
    const char *name = arena_strn(p->a, text, n);
    if (!mark)
        return set_conf(p, name, NULL);
    const char *written = trim_text(p, mark + 1);
    size_t length = strlen(written);
    if (length > 1 && written[0] == '`' && written[length - 1] == '`')
        written = arena_strn(p->a, written + 1, length - 2);
    if (strchr(written, ';'))
        return bad_set(p);
    return set_conf(p, name, written);
}

/* SET TIME ZONE LOCAL | 'zone' | INTERVAL …; the value is what spark.sql.session.timeZone takes, or LOCAL */
static Node *set_time_zone(SqlParser *p)
{
    const Token *t = token(p, 3);
    const char *value = NULL;
    size_t used = 1;
    if (t->kind == TK_STRING_LITERAL || t->word == TK_LOCAL) {
        value = t->word == TK_LOCAL ? "LOCAL" : t->text;
    } else if (t->word == TK_INTERVAL) {
        Node *interval = NULL;
        Error ignored = ERROR_INIT;
        if (interval_literal(p->a, p->opt, p->text, t, &used, &interval, &ignored) == ST_OK && used &&
            node_as(Literal, interval)->of->kind == TYPE_DAY_TIME_INTERVAL) {
            long long seconds = node_as(Literal, interval)->value->i / 1000000, whole_seconds = llabs(seconds);
            if (whole_seconds > 18 * 3600 || node_as(Literal, interval)->value->i % 1000000) {
                parser_fail(p, 0, token(p, 2 + used)->stop, "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE", "22006",
                    "The interval value must be in the range of [-18, +18] hours with second precision.");
                return NULL;
            }
            value = arena_printf(p->a, "%c%02lld:%02lld", seconds < 0 ? '-' : '+', whole_seconds / 3600, whole_seconds / 60 % 60);
            if (whole_seconds % 60)
                value = arena_printf(p->a, "%s:%02lld", value, whole_seconds % 60);
        }
    }
    int after = token(p, 3 + used)->kind;
    if (value && (!after || after == TK_SEMICOLON))
        return set_conf(p, "spark.sql.session.timeZone", value);
    parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0045", "", "Invalid time zone displacement value.");
    return NULL;
}

static Node *reset(SqlParser *p)
{
    const Token *key = token(p, 1);
    const char *text = rest_of_text(p, 1);
    bool all = !key->kind || key->kind == TK_SEMICOLON;
    if (key->quoted)
        text = key->text;
    else if (!all && !is_key(text, strlen(text))) {
        parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0043", "", "Expected format is 'RESET' or 'RESET "
            "key'. If you want to include special characters in key, please use quotes, e.g., RESET `key`.");
        return NULL;
    }
    return whole(p, node_new(p->a, SetConf, .key = all ? NULL : text, .reset = true));
}

/* REFRESH 's3://…' and REFRESH path: TABLE and FUNCTION are the grammar's. */
static Node *refresh_path(SqlParser *p)
{
    const Token *t = token(p, 1);
    if (t->word == TK_TABLE || t->word == TK_FUNCTION)
        return NULL;
    const char *path = t->kind == TK_STRING_LITERAL ? t->text : rest_of_text(p, 1);
    if (!*path || (t->kind != TK_STRING_LITERAL && strpbrk(path, " \t\r\n"))) {
        parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0064", "", "REFRESH statements cannot contain ' ', "
            "'\\n', '\\r', '\\t' inside unquoted resource paths.");
        return NULL;
    }
    return whole(p, node_new(p->a, Cache, .what = "REFRESH PATH", .name = *names_one(p, path)));
}

/* The statements of a script that are not done; what the grammar does not know is no syntax error. */
static void check_script(SqlParser *p)
{
    for (size_t i = 1; i < p->tokens.len && p->status == ST_OK; i++) {
        bool first = token(p, i - 1)->kind == TK_SEMICOLON || token(p, i - 1)->word == TK_BEGIN;
        const char *phrase = first ? find_phrase(p, i, not_done, sizeof not_done / sizeof not_done[0]) : NULL;
        if (first && token(p, i + 1)->kind != TK_COLON)
            refuse_inability(p, i);
        if (phrase && token(p, i + 1)->kind != TK_COLON)
            parser_unsupported(p, token(p, i)->start, phrase);
    }
}

/* ADD FILE path …, LIST JARS …: what follows the kind is paths, apart by blanks, or quoted ones. */
static Node *resource(SqlParser *p)
{
    static const char *const kinds[] = { "file", "files", "jar", "jars", "archive", "archives" };
    bool add = token(p, 0)->word == TK_ADD;
    const Token *kind = token(p, 1);
    const char *written = arena_strn(p->a, p->text + kind->at, kind->len), *known = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_ieq(kinds[i], written))
            known = kinds[i & ~(size_t)1];
    if (!known) {
        char *lower = arena_str(p->a, written);
        for (char *at = lower; *at; at++)
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
        const char *what = arena_printf(p->a, "%s with resource type '%s'", add ? "ADD" : "LIST", lower);
        parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: %s.", what);
        parser_param(p, "message", what);
        return NULL;
    }
    StrList paths = { 0 };
    const char *at = token(p, 2)->kind ? rest_of_text(p, 2) : "";
    while (*at) {
        bool quoted = *at == '\'' || *at == '"';
        size_t n = quoted ? strcspn(at + 1, *at == '"' ? "\"" : "'") : strcspn(at, " \t\r\n");
        if (n)
            vec_push(p->a, &paths, arena_strn(p->a, at + quoted, n));
        at += n + quoted + (quoted && at[n + 1]);
        at += strspn(at, " \t\r\n");
    }
    return whole(p, node_new(p->a, ManageResource, .add = add, .what = known, .paths = paths));
}

void freeform_statement(SqlParser *p, Node **ret_node)
{
    if (token(p, 0)->word == TK_BEGIN) {
        check_script(p);
        return;
    }
    int word = token(p, 0)->word, second = token(p, 1)->word;
    const char *phrase = find_phrase(p, 0, refused, sizeof refused / sizeof refused[0]);
    if (phrase) {
        parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: %s.", phrase);
        parser_param(p, "message", phrase);
        return;
    }
    if (refuse_inability(p, 0))
        return;
    phrase = find_phrase(p, 0, not_done, sizeof not_done / sizeof not_done[0]);
    if (phrase)
        *ret_node = whole(p, node_new(p->a, UnsupportedStatement, .what = phrase));
    else if (word == TK_ADD || word == TK_LIST)
        *ret_node = resource(p);
    else if (word == TK_RESET)
        *ret_node = reset(p);
    else if (word == TK_REFRESH)
        *ret_node = refresh_path(p);
    else if (word == TK_SET && second == TK_ROLE)
        parser_fail(p, 0, token(p, p->tokens.len - 1)->start - 1, "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: SET ROLE.");
    else if (word == TK_SET && second == TK_TIME && token(p, 2)->word == TK_ZONE)
        *ret_node = set_time_zone(p);
    else if (word == TK_SET && second != TK_VARIABLE && second != TK_VAR && second != TK_CATALOG)
        *ret_node = set_configuration(p);
}
