/* driver/conf.c -- see conf.h. Settings are few: a sorted array of heap texts. */
#include "driver/conf.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum ConfKind { RUNTIME, FIXED, STATIC, CORE } ConfKind;
typedef enum ConfType { ANY, BOOLEAN, INT } ConfType;
typedef struct ConfRow {
    const char *key, *value;
    ConfKind kind;
    ConfType type;
    const char *values; /* of a FIXED one: those that are done, NULL: its default */
} ConfRow;

#define SEE "\1" /* a default that begins with it is the name of another key */
static const ConfRow conf_rows[] = {
#define CONF(key, value, kind, type) { key, value, kind, type, NULL },
#define CONF_OF(key, value, values) { key, value, FIXED, ANY, values },
#include "driver/conf.def"
#undef CONF
#undef CONF_OF
};
enum { NROWS = sizeof conf_rows / sizeof *conf_rows };

typedef struct Setting {
    char *key, *value;
} Setting;

struct Conf {
    const Conf *parent;
    Setting *at; /* in order of key */
    size_t len, cap;
};

static int row_compare(const void *key, const void *row)
{
    return strcmp(key, ((const ConfRow *)row)->key);
}

static const ConfRow *row_find(const char *key)
{
    return bsearch(key, conf_rows, NROWS, sizeof *conf_rows, row_compare);
}

static char *dup_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

Conf *conf_new(const Conf *parent)
{
    Conf *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->parent = parent;
    return c;
}

void conf_free(Conf *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->len; i++) {
        free(c->at[i].key);
        free(c->at[i].value);
    }
    free(c->at);
    free(c);
}

Conf *conf_copy(const Conf *c)
{
    Conf *copy = conf_new(c->parent);
    for (size_t i = 0; i < c->len; i++)
        conf_put(copy, c->at[i].key, c->at[i].value);
    return copy;
}

/* Where `key` is, or belongs. */
static size_t setting_place(const Conf *c, const char *key, bool *ret_found)
{
    size_t low = 0, high = c->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(c->at[middle].key, key);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

const char *conf_get_explicit(const Conf *c, const char *key)
{
    for (; c; c = c->parent) {
        bool found;
        size_t i = setting_place(c, key, &found);
        if (found)
            return c->at[i].value;
    }
    return NULL;
}

/* The session time zone defaults to the process's, as in the JVM. */
const char *conf_system_zone(void)
{
    const char *zone = getenv("TZ");
    if (zone && *zone == ':')
        zone++;
    return zone && *zone ? zone : "UTC";
}

const char *conf_get(const Conf *c, const char *key)
{
    const char *value = conf_get_explicit(c, key);
    if (value)
        return value;
    if (str_eq(key, "spark.sql.session.timeZone"))
        return conf_system_zone();
    const ConfRow *row = row_find(key);
    if (!row || !row->value)
        return NULL;
    return row->value[0] == SEE[0] ? conf_get(c, row->value + 1) : row->value;
}

bool conf_is_captured(const char *key)
{
    static const char *const not_these[] = {
        "spark.sql.view.maxNestedViewDepth", "spark.sql.optimizer.", "spark.sql.codegen.", "spark.sql.execution.", "spark.sql.shuffle.",
        "spark.sql.adaptive.", "spark.sql.hive.convert", "spark.sql.maven.additionalRemoteRepositories",
    };
    if (!str_starts(key, "spark.sql.") || !conf_is_modifiable(key))
        return false;
    for (size_t i = 0; i < sizeof not_these / sizeof *not_these; i++)
        if (str_starts(key, not_these[i]))
            return str_eq(key, "spark.sql.optimizer.disableHints");
    return true;
}

bool conf_is_true(const Conf *c, const char *key)
{
    return str_ieq(conf_get(c, key), "true");
}

int64_t conf_int(const Conf *c, const char *key, int64_t otherwise)
{
    const char *text = conf_get(c, key);
    int64_t value;
    return text && str_to_i64(text, &value) ? value : otherwise;
}

void conf_put(Conf *c, const char *key, const char *value)
{
    char *copy = dup_text(value);
    bool found;
    size_t i = setting_place(c, key, &found);
    if (found) {
        free(c->at[i].value);
        c->at[i].value = copy;
        return;
    }
    if (c->len == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 8;
        c->at = realloc(c->at, c->cap * sizeof *c->at);
        if (!c->at)
            abort();
    }
    memmove(c->at + i + 1, c->at + i, (c->len - i) * sizeof *c->at);
    c->at[i] = (Setting){ dup_text(key), copy };
    c->len++;
}

static Status require_modifiable(const Conf *c, const char *key, Error *err)
{
    const ConfRow *row = row_find(key);
    if (!row || row->kind == RUNTIME || row->kind == FIXED)
        return ST_OK;
    if (row->kind == STATIC) {
        FAIL_CODE(err, ST_INVALID, "CANNOT_MODIFY_STATIC_CONFIG", "Cannot modify the value of the static Spark config: \"%s\".", key);
    } else {
        if (!conf_is_true(c, "spark.sql.legacy.setCommandRejectsSparkCoreConfs"))
            return ST_OK;
        FAIL_CODE(err, ST_INVALID, "CANNOT_MODIFY_CONFIG",
                  "Cannot modify the value of the Spark config: \"%s\".\nSee also "
                  "'https://spark.apache.org/docs/latest/sql-migration-guide.html#ddl-statements'.", key);
    }
    if (err) {
        memcpy(err->sqlstate, "46110", 6);
        char quoted[ERROR_CODE_BYTES * 4];
        snprintf(quoted, sizeof quoted, "\"%s\"", key);
        error_param(err, "key", quoted);
        if (row->kind == CORE)
            error_param(err, "docroot", "https://spark.apache.org/docs/latest");
    }
    return ST_INVALID;
}

static Status invalid_value(const char *key, const char *value, const char *code, const char *why, Error *err)
{
    FAIL_CODE(err, ST_INVALID, code, "The value '%s' in the config \"%s\" is invalid. %s", value, key, why);
    if (err) {
        memcpy(err->sqlstate, "22022", 6);
        error_param(err, "confValue", value);
        error_param(err, "confName", key);
    }
    return ST_INVALID;
}

/* A zone that the system's database has, or an offset: +hh:mm, UTC+h, GMT-hh:mm, Z. */
static bool zone_known(const char *zone)
{
    if (str_ieq(zone, "UTC") || str_eq(zone, "Z") || str_ieq(zone, "GMT") || str_ieq(zone, "UT"))
        return true;
    const char *offset = zone;
    if (str_starts(zone, "UTC") || str_starts(zone, "GMT"))
        offset = zone + 3;
    if (*offset == '+' || *offset == '-')
        return strspn(offset + 1, "0123456789:") == strlen(offset + 1) && offset[1];
    if (strstr(zone, "..") || *zone == '/' || !*zone)
        return false;
    char path[512];
    int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    if (!f)
        return false;
    char magic[4];
    bool is_zone = fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0;
    fclose(f);
    return is_zone;
}

static bool among(const char *values, const char *value)
{
    for (size_t n; *values; values += n + (values[n] == ' ')) {
        n = strcspn(values, " ");
        if (strlen(value) == n && !strncasecmp(values, value, n))
            return true;
    }
    return false;
}

/* To heed it not would be a wrong answer. */
static Status check_fixed(const ConfRow *row, const char *value, Error *err)
{
    if (!row || row->kind != FIXED || (row->values ? among(row->values, value) : row->value && str_ieq(row->value, value)))
        return ST_OK;
    FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.CONFIG_VALUE", "The value '%s' of the config \"%s\" is not supported: weir does %s.", value, row->key,
              row->values ? row->values : row->value ? row->value : "what Spark does when it is unset");
    if (err)
        memcpy(err->sqlstate, "0A000", 6);
    return ST_UNSUPPORTED;
}

Status conf_check(const char *key, const char *value, Error *err)
{
    const ConfRow *row = row_find(key);
    int64_t number;
    if (row && row->type == BOOLEAN && !str_ieq(value, "true") && !str_ieq(value, "false")) {
        invalid_value(key, value, "INVALID_CONF_VALUE.TYPE_MISMATCH", "It should be a/an 'boolean' value.", err);
        error_param(err, "confType", "boolean");
        return ST_INVALID;
    }
    if (row && row->type == INT && !str_to_i64(value, &number) && !conf_bytes(value, &number)) {
        invalid_value(key, value, "INVALID_CONF_VALUE.TYPE_MISMATCH", "It should be a/an 'int' value.", err);
        error_param(err, "confType", "int");
        return ST_INVALID;
    }
    if (str_eq(key, "spark.sql.session.timeZone") && !zone_known(value))
        return invalid_value(key, value, "INVALID_CONF_VALUE.TIME_ZONE", "Cannot resolve the given timezone.", err);
    return check_fixed(row, value, err);
}

Status conf_set(Conf *c, const char *key, const char *value, Error *err)
{
    TRY(require_modifiable(c, key, err));
    TRY(conf_check(key, value, err));
    conf_put(c, key, value);
    return ST_OK;
}

Status conf_unset(Conf *c, const char *key, Error *err)
{
    TRY(require_modifiable(c, key, err));
    bool found;
    size_t i = setting_place(c, key, &found);
    if (!found)
        return ST_OK;
    free(c->at[i].key);
    free(c->at[i].value);
    memmove(c->at + i, c->at + i + 1, (c->len - i - 1) * sizeof *c->at);
    c->len--;
    return ST_OK;
}

bool conf_is_modifiable(const char *key)
{
    const ConfRow *row = row_find(key);
    return row && (row->kind == RUNTIME || row->kind == FIXED);
}

Status conf_not_found(const char *key, Error *err)
{
    FAIL_CODE(err, ST_NOT_FOUND, "SQL_CONF_NOT_FOUND",
              "The SQL config \"%s\" cannot be found. Please verify that the config exists.", key);
    if (err) {
        memcpy(err->sqlstate, "42K0I", 6);
        char quoted[ERROR_CODE_BYTES * 4];
        snprintf(quoted, sizeof quoted, "\"%s\"", key);
        error_param(err, "sqlConf", quoted);
    }
    return ST_NOT_FOUND;
}

static void list_add(Arena *a, KeyValueList *list, const char *key, const char *value)
{
    vec_push(a, list, (KeyValue){ arena_str(a, key), arena_str(a, value) });
}

static int key_value_compare(const void *x, const void *y)
{
    return strcmp(((const KeyValue *)x)->key, ((const KeyValue *)y)->key);
}

void conf_list(const Conf *c, Arena *a, const char *prefix, KeyValueList *ret_list)
{
    KeyValueList list = { 0 };
    for (const Conf *level = c; level; level = level->parent)
        for (size_t i = 0; i < level->len; i++) {
            const char *key = level->at[i].key;
            if (prefix && !str_starts(key, prefix))
                continue;
            if (conf_get_explicit(c, key) == level->at[i].value) /* not hidden by a nearer setting */
                list_add(a, &list, key, level->at[i].value);
        }
    if (list.len)
        qsort(list.at, list.len, sizeof *list.at, key_value_compare);
    *ret_list = list;
}

void conf_list_all(const Conf *c, Arena *a, KeyValueList *ret_list)
{
    KeyValueList list = { 0 };
    for (size_t i = 0; i < NROWS; i++) {
        const char *value = conf_rows[i].kind == CORE ? NULL : conf_get(c, conf_rows[i].key);
        if (conf_rows[i].kind != CORE)
            list_add(a, &list, conf_rows[i].key, value ? value : "<undefined>");
    }
    *ret_list = list;
}

typedef struct Unit {
    const char *suffix;
    int64_t factor;
} Unit;

static bool number_with_unit(const char *text, const Unit *units, int64_t *ret_value)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || number < 0)
        return false;
    while (*end == ' ')
        end++;
    for (; units->suffix; units++)
        if (str_ieq(end, units->suffix)) {
            if (number > INT64_MAX / units->factor)
                return false;
            *ret_value = (int64_t)number * units->factor;
            return true;
        }
    return false;
}

bool conf_duration_ms(const char *text, int64_t *ret_ms)
{
    static const Unit units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "min", 60000 }, { "h", 3600000 },
                                  { "d", 86400000 }, { NULL, 0 } };
    return number_with_unit(text, units, ret_ms);
}

bool conf_bytes(const char *text, int64_t *ret_bytes)
{
    static const Unit units[] = { { "", 1 }, { "b", 1 }, { "k", 1024 }, { "kb", 1024 }, { "m", 1 << 20 }, { "mb", 1 << 20 },
                                  { "g", 1 << 30 }, { "gb", 1 << 30 }, { "t", 1LL << 40 }, { "tb", 1LL << 40 }, { NULL, 0 } };
    return number_with_unit(text, units, ret_bytes);
}
