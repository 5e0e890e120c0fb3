/* back/duckdb/errors.c -- from what DuckDB or a kernel says to Spark's error classes and words. */
#include "back/duckdb/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct ErrorClass {
    const char *code, *sqlstate, *message;
} ErrorClass;

static const ErrorClass classes[] = {
#define ERROR_CLASS(code, sqlstate, message) { code, sqlstate, message },
#include "back/duckdb/errors.def"
#undef ERROR_CLASS
};

/* Parameters that a class has and its message does not mention. */
static const struct {
    const char *code, *name, *value;
} unsaid[] = {
    { "CAST_INVALID_INPUT", "ansiConfig", "\"spark.sql.ansi.enabled\"" },
    { "CAST_OVERFLOW", "ansiConfig", "\"spark.sql.ansi.enabled\"" },
};

enum { MARK_BEGIN = '\x01', MARK_NEXT = '\x02', MARK_END = '\x03', MESSAGE_BYTES = 64 * 1024 };

static const ErrorClass *class_find(const char *code)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (!strcmp(classes[i].code, code))
            return &classes[i];
    }
    return NULL;
}

static const char *param_of(const char *const *params, const char *name, size_t length)
{
    for (; params[0] && params[1]; params += 2) {
        if (strlen(params[0]) == length && !memcmp(params[0], name, length))
            return params[1];
    }
    return NULL;
}

/* A parameter that the message writes <'name'> has its quotes in its value (toSQLValue). */
static const char *as_written(Arena *a, const char *message, const char *name, const char *value)
{
    return strstr(message, arena_printf(a, "<'%s'>", name)) ? arena_printf(a, "'%s'", value) : value;
}

static void fill_in(const char *message, const char *const *params, Str *out)
{
    while (*message) {
        const char *end = *message == '<' ? strchr(message, '>') : NULL;
        bool quoted = end && message[1] == '\'';
        const char *value = end ? param_of(params, message + 1 + quoted, (size_t)(end - message - 1 - 2 * quoted)) : NULL;
        if (value) {
            str_add(out, value);
            message = end + 1;
        } else {
            str_addc(out, *message++);
        }
    }
}

/* Does the message have <name>? A caller may know more than its class tells. */
static bool names_param(Arena *a, const char *message, const char *name)
{
    return strstr(message, arena_printf(a, "<%s>", name)) || strstr(message, arena_printf(a, "<'%s'>", name));
}

static Status class_set(Error *err, Status status, const char *code, const char *const *given)
{
    enum { PARAMS_MAX = 32 };
    const char *params_as_written[PARAMS_MAX + 2] = { NULL }, *const *params = params_as_written;
    const ErrorClass *class = class_find(code);
    arena_auto *a = arena_new();
    for (size_t i = 0; i < PARAMS_MAX && given[i] && given[i + 1]; i += 2) {
        params_as_written[i] = given[i];
        params_as_written[i + 1] = class ? as_written(a, class->message, given[i], given[i + 1]) : given[i + 1];
    }
    str_auto text = STR_INIT(MESSAGE_BYTES);
    if (class)
        fill_in(class->message, params, &text);
    else
        str_add(&text, params[0] && params[1] ? params[1] : code);
    const char *whole = param_of(params, ENGINE_WHOLE_MESSAGE, strlen(ENGINE_WHOLE_MESSAGE));
    if (whole && str_eq(code, ENGINE_NO_CLASS))
        return FAIL(err, ST_IO, "%s", whole);
    if (whole)
        FAIL_CODE(err, status, code, "%s", whole);
    else if (class)
        FAIL_CODE(err, status, code, "[%s] %s SQLSTATE: %s", code, str_text(&text), class->sqlstate);
    else
        FAIL_CODE(err, status, code, *str_text(&text) == '[' ? "%.0s%s" : "[%s] %s", code, str_text(&text));
    if (err && class)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", class->sqlstate);
    for (; !whole && params[0] && params[1]; params += 2)
        if (!class || names_param(a, class->message, params[0]))
            error_param(err, params[0], params[1]);
    for (size_t i = 0; !whole && err && i < sizeof unsaid / sizeof *unsaid; i++)
        if (!strcmp(unsaid[i].code, code))
            error_param(err, unsaid[i].name, unsaid[i].value);
    return status;
}

Status engine_fail(Error *err, Status status, const char *code, ...)
{
    const char *params[32] = { NULL };
    va_list args;
    va_start(args, code);
    for (size_t n = 0; n < 30; n++) {
        params[n] = va_arg(args, const char *);
        if (!params[n])
            break;
    }
    va_end(args);
    return class_set(err, status, code, params);
}

char *engine_error_encode(Arena *a, const char *code, const char *const *params)
{
    str_auto text = STR_INIT(MESSAGE_BYTES);
    str_addf(&text, "%c%s", MARK_BEGIN, code);
    for (; *params; params++)
        str_addf(&text, "%c%s", MARK_NEXT, *params);
    str_addc(&text, MARK_END);
    return str_arena(&text, a);
}

static Status decode(Error *err, const char *message)
{
    const char *params[32] = { NULL };
    char *copy = strdup(message + 1);
    if (!copy)
        abort();
    char *end = strrchr(copy, MARK_END);
    if (end)
        *end = 0;
    size_t n = 0;
    for (char *at = copy; (at = strchr(at, MARK_NEXT)) && n < 30;) {
        *at++ = 0;
        params[n++] = at;
    }
    Status status = class_set(err, ST_RUNTIME, copy, params);
    free(copy);
    return status;
}

/* ---------------------------------------------------------------- DuckDB's own words */
#define ANSI_CONF "\"spark.sql.ansi.enabled\""

/* The text between `before` and `after`, cut to fit; false when they are not there. */
static bool between(const char *text, const char *before, const char *after, char *out, size_t out_bytes)
{
    const char *from = strstr(text, before);
    if (!from)
        return false;
    from += strlen(before);
    const char *to = strstr(from, after);
    if (!to)
        return false;
    snprintf(out, out_bytes, "%.*s", (int)(to - from), from);
    return true;
}

static const char *spark_type(const char *engine)
{
    static const char *const pairs[][2] = { { "INT8", "TINYINT" },   { "INT16", "SMALLINT" }, { "INT32", "INT" },
                                            { "INT64", "BIGINT" },   { "INTEGER", "INT" },    { "HUGEINT", "BIGINT" },
                                            { "INT128", "BIGINT" },  { "VARCHAR", "STRING" } };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (!strcmp(pairs[i][0], engine))
            return pairs[i][1];
    }
    return engine;
}

/* "Overflow in addition of INT8 (127 + 1)!" */
static Status small_overflow(Error *err, const char *message)
{
    char a[32] = "", symbol[8] = "", b[32] = "";
    const char *open = strchr(message, '('), *function = "`try_add`";
    if (!open || sscanf(open, "(%31s %7s %31[^)]", a, symbol, b) != 3)
        return engine_fail(err, ST_RUNTIME, "ARITHMETIC_OVERFLOW", "message", "overflow", "alternative", "", "config", ANSI_CONF, NULL);
    if (*symbol == '-')
        function = "`try_subtract`";
    else if (*symbol == '*')
        function = "`try_multiply`";
    const char *kind = strstr(message, "INT16") ? "S" : "Y";
    strncat(a, kind, sizeof a - strlen(a) - 1);
    strncat(b, kind, sizeof b - strlen(b) - 1);
    return engine_fail(err, ST_RUNTIME, "BINARY_ARITHMETIC_OVERFLOW", "value1", a, "symbol", symbol, "value2", b, "functionName",
                       function, NULL);
}

static Status overflow(Error *err, const char *message)
{
    if (strstr(message, "INT8 ") || strstr(message, "INT16 "))
        return small_overflow(err, message);
    char what[32] = "";
    const char *word = "integer";
    if (strstr(message, "INT64") || strstr(message, "INT128"))
        word = "long";
    else if (strstr(message, "INT16"))
        word = "short";
    else if (strstr(message, "INT8"))
        word = "byte";
    snprintf(what, sizeof what, "%s overflow", word);
    const char *alternative = "";
    if (strstr(message, "addition"))
        alternative = " Use 'try_add' to tolerate overflow and return NULL instead.";
    else if (strstr(message, "subtraction"))
        alternative = " Use 'try_subtract' to tolerate overflow and return NULL instead.";
    else if (strstr(message, "multiplication"))
        alternative = " Use 'try_multiply' to tolerate overflow and return NULL instead.";
    return engine_fail(err, ST_RUNTIME, "ARITHMETIC_OVERFLOW", "message", what, "alternative", alternative, "config", ANSI_CONF,
                       NULL);
}

static Status decimal_range(Error *err, const char *message)
{
    char value[128] = "", type[64] = "", p[16] = "", s[16] = "";
    if (!between(message, "Could not cast value ", " to ", value, sizeof value))
        between(message, "Casting value \"", "\" to", value, sizeof value);
    between(message, "DECIMAL(", ")", type, sizeof type);
    if (sscanf(type, "%15[0-9],%15[0-9]", p, s) != 2)
        snprintf(p, sizeof p, "38");
    return engine_fail(err, ST_RUNTIME, "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "value", value, "precision", p, "scale", s,
                       "config", ANSI_CONF, NULL);
}

static Status conversion(Error *err, const char *message)
{
    char from[64] = "", value[512] = "", to[64] = "", quoted[80], source[80];
    const char *failed = strstr(message, "Failed to cast decimal value ");
    if (failed) {
        char type[16] = "", target[32];
        if (sscanf(failed, "Failed to cast decimal value %63s to type %15s", value, type) == 2) {
            snprintf(target, sizeof target, "\"%s\"", spark_type(type));
            strncat(value, "BD", 3);
            return engine_fail(err, ST_RUNTIME, "CAST_OVERFLOW", "value", value, "sourceType", "\"DECIMAL\"", "targetType", target, NULL);
        }
    }
    const char *decimal = strstr(message, "DECIMAL("), *line = strstr(message, "\n\nLINE "); /* behind it stands a part of the query */
    if (decimal && (!line || decimal < line))
        return decimal_range(err, message);
    if (!between(message, "Type ", " with value ", from, sizeof from) ||
        !between(message, " with value ", " can't be cast", value, sizeof value) ||
        !between(message, "destination type ", "", to, sizeof to))
        return FAIL(err, ST_RUNTIME, "%s", message);
    const char *at = strstr(message, "destination type ") + strlen("destination type ");
    size_t length = strcspn(at, " \n");
    snprintf(to, sizeof to, "%.*s", (int)length, at);
    if (!strcmp(from, "INT128"))
        return overflow(err, "INT64");
    snprintf(quoted, sizeof quoted, "\"%s\"", spark_type(to));
    snprintf(source, sizeof source, "\"%s\"", spark_type(from));
    if (!strcmp(from, "INT64"))
        snprintf(value + strlen(value), sizeof value - strlen(value), "L");
    return engine_fail(err, ST_RUNTIME, "CAST_OVERFLOW", "value", value, "sourceType", source, "targetType", quoted, NULL);
}

static Status file_error(Error *err, const char *message)
{
    char path[1024] = "";
    if (!between(message, "file '", "'", path, sizeof path) && !between(message, "file \"", "\"", path, sizeof path))
        return FAIL(err, ST_IO, "%s", message);
    if (strstr(message, "magic bytes") || strstr(message, "too small to be a Parquet file") || strstr(message, "footer"))
        return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", "path", path, NULL);
    return engine_fail(err, ST_RUNTIME, "FAILED_READ_FILE.NO_HINT", "path", path, NULL);
}

/* "… (576.0 KiB/2.0 GiB used)": what the engine says of its memory stays. */
static Status out_of_memory(Error *err, const char *message)
{
    static const char head[] = "Out of Memory Error: ";
    const char *what = strstr(message, head);
    what = what ? what + sizeof head - 1 : message;
    FAIL_CODE(err, ST_RUNTIME, "UNABLE_TO_ACQUIRE_MEMORY",
              "[UNABLE_TO_ACQUIRE_MEMORY] The query needs more memory than the application has: %.*s. SQLSTATE: 53200", (int)strcspn(what, "\n"), what);
    if (err)
        snprintf(err->sqlstate, sizeof err->sqlstate, "53200");
    return ST_RUNTIME;
}

/* Failures of the engine that have one class whatever the values are; ST_OK: none of them. */
static Status plain_failure(Error *err, const char *message)
{
    static const struct {
        const char *part, *code, *name, *value;
    } failures[] = {
        { "More than one row returned by a subquery", "SCALAR_SUBQUERY_TOO_MANY_ROWS", NULL, NULL },
        { "The map key list does not align with the map value list", "_LEGACY_ERROR_TEMP_2128", NULL, NULL },
        { "Map keys can not be NULL", "NULL_MAP_KEY", NULL, NULL },
        { "Max expression depth limit", "FAILED_TO_PARSE_TOO_COMPLEX", NULL, NULL },
        { "Lists larger than 2^32 elements", "COLLECTION_SIZE_LIMIT_EXCEEDED.INITIALIZE", "numberOfElements", "more than 4294967296" },
        { "Timestamp microseconds out of range", "DATETIME_OVERFLOW", "operation", "a timestamp out of range" },
        { "Date out of range", "DATETIME_OVERFLOW", "operation", "a date out of range" },
    };
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strstr(message, failures[i].part))
            return engine_fail(err, ST_RUNTIME, failures[i].code, failures[i].name, failures[i].value, NULL);
    return ST_OK;
}

static Status unsupported(Error *err, const char *what)
{
    FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE", "[UNSUPPORTED_FEATURE] The feature is not supported: %.*s. SQLSTATE: 0A000", (int)strcspn(what, "\n"),
              what);
    if (err)
        memcpy(err->sqlstate, "0A000", sizeof "0A000");
    return ST_UNSUPPORTED;
}

Status engine_twin_fields(Error *err)
{
    return unsupported(err, "a struct with two fields of one name, or whose names differ in case only");
}

/* What the engine cannot do, by what it says of it; ST_OK: none of that. */
static Status engine_gap(Error *err, const char *message)
{
    static const struct {
        const char *part, *what;
    } gaps[] = {
        { "subqueries in lambda expressions are not supported", "a subquery as an argument of this function of arrays or maps" },
        { "zero-length delimited identifier", "a struct with a field whose name is empty" },
        { "join on correlated columns not supported", "an outer join inside of a correlated subquery whose condition has a column from outside" },
        { "Unsupported join type for flattening correlated subquery", "a join of this kind inside of a correlated subquery" },
        { "window expression is not supported here", "a window over columns of an outer query" },
        { "Referenced table \"unnamed_subquery\" not found", "a lambda that uses a column inside of a correlated subquery" },
        { "Values list \"unnamed_subquery\" does not have a column", "a lambda that uses a column inside of a correlated subquery" },
    };
    static const char head[] = "Not implemented Error: ";
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
        if (strstr(message, gaps[i].part))
            return unsupported(err, gaps[i].what);
    const char *own = strstr(message, head);
    return own ? unsupported(err, own + sizeof head - 1) : ST_OK;
}

Status engine_error(Error *err, duckdb_error_type type, const char *message)
{
    const char *mark = message ? strchr(message, MARK_BEGIN) : NULL;
    if (mark)
        return decode(err, mark);
    if (!message)
        message = "the engine failed without a message";
    if (type == DUCKDB_ERROR_INTERRUPT || strstr(message, "INTERRUPT Error"))
        return engine_fail(err, ST_CANCELLED, "OPERATION_CANCELED", NULL);
    TRY(plain_failure(err, message));
    TRY(engine_gap(err, message));
    if (strstr(message, "Duplicate struct entry name"))
        return engine_twin_fields(err);
    if (strstr(message, "Map keys must be unique"))
        return engine_fail(err, ST_RUNTIME, "DUPLICATED_MAP_KEY", "key", "", "mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\"", NULL);
    if (strstr(message, "Overflow in ") || strstr(message, "Overflow on "))
        return strstr(message, "DECIMAL") ? decimal_range(err, message) : overflow(err, message);
    if (strstr(message, "parquet") || strstr(message, "Parquet"))
        return file_error(err, message);
    if (type == DUCKDB_ERROR_OUT_OF_MEMORY || strstr(message, "Out of Memory Error"))
        return out_of_memory(err, message);
    if (type == DUCKDB_ERROR_CONVERSION || strstr(message, "Conversion Error"))
        return conversion(err, message);
    if (strstr(message, "IO Error"))
        return FAIL(err, ST_IO, "%s", message);
    if (strstr(message, "Permission Error"))
        return FAIL(err, ST_DENIED, "%s", message);
    return FAIL(err, ST_INTERNAL, "%s", message);
}
