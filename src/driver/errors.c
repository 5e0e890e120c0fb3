/* driver/errors.c -- see errors.h. */
#include "driver/errors.h"

#include "base/vec.h"
#include "driver/proto.h"
#include "proto/any.pb-c.h"
#include "proto/error_details.pb-c.h"
#include "proto/status.pb-c.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATUS_TEXT_BYTES = 1024,    /* grpc-message: headers are small */
    INFO_TEXT_BYTES = 2048,      /* as ErrorUtils abbreviates */
    INFO_PARAMS_BYTES = 1024,    /* spark.connect.grpc.maxMetadataSize */
    CONTEXT_EXTRA_CHARS = 32,    /* SQLQueryContext.maxExtraContextLength */
    MESSAGE_MAX_BYTES = 1 << 20
};

#define THROWABLE "java.lang.Exception", "java.lang.Throwable", "java.lang.Object", NULL
#define RUNTIME "java.lang.RuntimeException", THROWABLE
static const char *const parse_classes[] = { "org.apache.spark.sql.catalyst.parser.ParseException",
                                             "org.apache.spark.sql.AnalysisException", THROWABLE };
static const char *const analysis_classes[] = { "org.apache.spark.sql.AnalysisException", THROWABLE };
static const char *const arithmetic_classes[] = { "org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException",
                                                  RUNTIME };
static const char *const number_classes[] = { "org.apache.spark.SparkNumberFormatException", "java.lang.NumberFormatException",
                                              "java.lang.IllegalArgumentException", RUNTIME };
static const char *const date_classes[] = { "org.apache.spark.SparkDateTimeException", "java.time.DateTimeException", RUNTIME };
static const char *const index_classes[] = { "org.apache.spark.SparkArrayIndexOutOfBoundsException",
                                             "java.lang.ArrayIndexOutOfBoundsException", "java.lang.IndexOutOfBoundsException",
                                             RUNTIME };
static const char *const argument_classes[] = { "org.apache.spark.SparkIllegalArgumentException",
                                                "java.lang.IllegalArgumentException", RUNTIME };
static const char *const unsupported_classes[] = { "org.apache.spark.SparkUnsupportedOperationException",
                                                   "java.lang.UnsupportedOperationException", RUNTIME };
static const char *const element_classes[] = { "org.apache.spark.SparkNoSuchElementException",
                                               "java.util.NoSuchElementException", RUNTIME };
static const char *const runtime_classes[] = { "org.apache.spark.SparkRuntimeException", RUNTIME };
static const char *const upgrade_classes[] = { "org.apache.spark.SparkUpgradeException", RUNTIME };
static const char *const sql_classes[] = { "org.apache.spark.SparkSQLException", "java.sql.SQLException", THROWABLE };
static const char *const script_classes[] = { "org.apache.spark.sql.exceptions.SqlScriptingException", THROWABLE };
static const char *const plan_classes[] = { "org.apache.spark.sql.connect.common.InvalidPlanInput", RUNTIME };
static const char *const spark_classes[] = { "org.apache.spark.SparkException", THROWABLE };
static const char *const python_classes[] = { "org.apache.spark.api.python.PythonException", RUNTIME };

/* The exception that Spark throws with a class, where the kind of failure does not already say it. A prefix counts for its
 * sub-classes. */
static const struct {
    const char *prefix;
    const char *const *classes;
} by_code[] = {
    { "PARSE_", parse_classes },
    { "INVALID_SQL_SYNTAX", parse_classes },
    { "UNCLOSED_BRACKETED_COMMENT", parse_classes },
    { "INVALID_IDENTIFIER", parse_classes },
    { "INVALID_TYPED_LITERAL", parse_classes },
    { "INVALID_NUMERIC_LITERAL_RANGE", parse_classes },
    { "PYTHON_DATA_SOURCE_ERROR", analysis_classes },
    { "UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE", analysis_classes },
    { "UNSUPPORTED_FEATURE.PANDAS_UDAF_IN_PIVOT", analysis_classes },
    { "UNSUPPORTED_TYPED_LITERAL", parse_classes },
    { "UNSUPPORTED_DATATYPE", parse_classes },
    { "DUPLICATE_CLAUSES", parse_classes },
    { "INCORRECT_NUMBER_OF_ARGUMENTS_FOR_TYPE", parse_classes },
    { "MISSING_CLAUSES_FOR_OPERATION", parse_classes },
    { "DIVIDE_BY_ZERO", arithmetic_classes },
    { "REMAINDER_BY_ZERO", arithmetic_classes },
    { "INTERVAL_DIVIDED_BY_ZERO", arithmetic_classes },
    { "INTERVAL_ARITHMETIC_OVERFLOW", arithmetic_classes },
    { "ARITHMETIC_OVERFLOW", arithmetic_classes },
    { "BINARY_ARITHMETIC_OVERFLOW", arithmetic_classes },
    { "CAST_OVERFLOW", arithmetic_classes },
    { "DATETIME_OVERFLOW", arithmetic_classes },
    { "NUMERIC_VALUE_OUT_OF_RANGE", arithmetic_classes },
    { "INVALID_ARRAY_INDEX", index_classes },
    { "INVALID_BITMAP_POSITION", index_classes },
    { "CANNOT_PARSE_TIMESTAMP", date_classes },
    { "DATETIME_FIELD_OUT_OF_BOUNDS", date_classes },
    { "INCONSISTENT_BEHAVIOR_CROSS_VERSION", upgrade_classes },
    { "INVALID_CONF_VALUE", argument_classes },
    { "SQL_CONF_NOT_FOUND", element_classes },
    { "OPERATION_CANCELED", sql_classes },
    { "INVALID_HANDLER_DECLARATION", script_classes },
    { "INVALID_HANDLE", sql_classes },
    { "LABEL", script_classes },
    { "END_LABEL_WITHOUT_BEGIN_LABEL", script_classes },
    { "INVALID_LABEL_USAGE", script_classes },
    { "INVALID_ERROR_CONDITION_DECLARATION", script_classes },
    { "INVALID_SQLSTATE", script_classes },
    { "INVALID_BOOLEAN_STATEMENT", script_classes },
    { "DUPLICATE_EXCEPTION_HANDLER", script_classes },
    { "DUPLICATE_CONDITION_IN_SCOPE", script_classes },
    { "UNSUPPORTED_FEATURE.CONTINUE_EXCEPTION_HANDLER", script_classes },
    { "UNSUPPORTED_FEATURE.SQL_SCRIPTING", script_classes },
    { "INVALID_CURSOR", sql_classes },
    { "CONNECT_INVALID_PLAN", plan_classes },
    { "PYTHON_", python_classes },
};

/* CAST_INVALID_INPUT: by what was cast to. */
static const char *const *cast_classes(const Error *e)
{
    const char *target = error_param_get(e, "targetType");
    if (target && (strstr(target, "DATE") || strstr(target, "TIME")))
        return date_classes;
    return target && strstr(target, "BOOLEAN") ? runtime_classes : number_classes;
}

const char *const *error_classes(const Error *e)
{
    if (str_eq(e->code, "CAST_INVALID_INPUT"))
        return cast_classes(e);
    for (size_t i = 0; i < sizeof by_code / sizeof *by_code; i++)
        if (str_starts(e->code, by_code[i].prefix))
            return by_code[i].classes;
    switch (e->status) {
    case ST_UNSUPPORTED:
        return unsupported_classes;
    case ST_RUNTIME:
        return runtime_classes;
    case ST_CANCELLED:
        return sql_classes;
    case ST_INVALID:
    case ST_NOT_FOUND:
    case ST_CONFLICT:
        return e->code[0] ? analysis_classes : argument_classes;
    default:
        return spark_classes;
    }
}

/* What failed without a class of its own has Spark's for that. */
static Error with_class(const Error *e)
{
    Error classed = *e;
    if (e->code[0] || (e->status != ST_INTERNAL && e->status != ST_LIMIT && e->status != ST_RUNTIME))
        return classed;
    memcpy(classed.code, "INTERNAL_ERROR", sizeof "INTERNAL_ERROR");
    memcpy(classed.sqlstate, "XX000", sizeof "XX000");
    return classed;
}

/* A text whose characters are worth counting for a position in it. */
static const char *shown(const char *query)
{
    return query && strnlen(query, ERROR_QUERY_MAX_BYTES + 1) <= ERROR_QUERY_MAX_BYTES ? query : NULL;
}

/* The query as characters: where each begins, one more at the end. */
typedef struct Chars {
    const char *text;
    const size_t *at;
    int len;
} Chars;

static Chars chars_of(Arena *a, const char *text)
{
    size_t bytes = strlen(text), n = 0;
    size_t *at = ARENA_ARRAY(a, size_t, bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            at[n++] = i;
    at[n] = bytes;
    return (Chars){ text, at, (int)n };
}

static char char_at(const Chars *c, int i)
{
    return c->text[c->at[i]];
}

/* Line from 1 and column from 0 of a character. */
static void line_and_column(const Chars *c, int position, int *ret_line, int *ret_column)
{
    *ret_line = 1;
    *ret_column = 0;
    for (int i = 0; i < position && i < c->len; i++) {
        bool newline = char_at(c, i) == '\n';
        *ret_line += newline;
        *ret_column = newline ? 0 : *ret_column + 1;
    }
}

/* Lines of text with a line of ^ under each. `at`: the character before the first one. */
static void underline(Str *out, const Chars *c, int from, int to, int at, int start, int stop, const char *before, const char *after)
{
    str_auto marks = STR_INIT(MESSAGE_MAX_BYTES);
    str_add(out, before);
    at++;
    for (size_t i = 0; i < strlen(before); i++, at++)
        str_add(&marks, at >= start ? at <= stop ? "^" : "" : " ");
    for (int i = from; i < to; i++, at++) {
        if (char_at(c, i) == '\n') {
            str_addf(out, "\n%s\n", str_text(&marks));
            str_clear(&marks);
            continue;
        }
        str_addn(out, c->text + c->at[i], c->at[i + 1] - c->at[i]);
        str_add(&marks, at < start ? " " : at <= stop ? "^" : "");
    }
    str_addf(out, "%s\n%s\n", after, str_text(&marks));
}

/* SQLQueryContext.summary */
static void context_summary(Arena *a, Str *out, const Error *e, const char *query)
{
    Chars c = chars_of(a, query);
    int start = e->start, stop = e->stop < c.len ? e->stop : c.len - 1;
    if (start < 0 || start > stop)
        return;
    int line, column;
    line_and_column(&c, start, &line, &column);
    str_addf(out, "== SQL (line %d, position %d) ==\n", line, column + 1);
    int from = start, to = stop;
    while (from >= 0 && start - from <= CONTEXT_EXTRA_CHARS && char_at(&c, from) != '\n')
        from--;
    while (to < c.len && to - stop <= CONTEXT_EXTRA_CHARS && char_at(&c, to) != '\n')
        to++;
    bool cut_before = start - from > CONTEXT_EXTRA_CHARS, cut_after = to - stop > CONTEXT_EXTRA_CHARS;
    underline(out, &c, from + 1, to, cut_before ? from - 3 : from, start, stop, cut_before ? "..." : "", cut_after ? "..." : "");
}

/* ParseException: the query with ---^^^ below the line of the mistake. */
static void parse_position(Arena *a, Str *out, const Error *e, const char *query)
{
    if (e->start < 0) {
        str_addf(out, "\n== SQL ==\n%s", query);
        return;
    }
    Chars c = chars_of(a, query);
    int line, column, current = 1;
    line_and_column(&c, e->start, &line, &column);
    str_addf(out, " (line %d, pos %d)\n\n== SQL ==\n", line, column);
    bool marked = false;
    for (int i = 0; i <= c.len; i++) {
        bool end = i == c.len;
        if (!end && char_at(&c, i) != '\n') {
            str_addn(out, c.text + c.at[i], c.at[i + 1] - c.at[i]);
            continue;
        }
        str_addc(out, '\n');
        if (current++ == line) {
            for (int k = 0; k < column; k++)
                str_addc(out, '-');
            str_add(out, "^^^\n");
            marked = true;
        }
    }
    if (!marked)
        str_add(out, "^^^\n");
}

char *error_text(Arena *a, const Error *error, const char *query)
{
    str_auto out = STR_INIT(MESSAGE_MAX_BYTES);
    const Error classed = with_class(error), *e = &classed;
    query = shown(query);
    const char *const *classes = error_classes(e);
    if (classes == parse_classes)
        str_addc(&out, '\n');
    bool traceback = str_eq(e->code, "PYTHON_EXCEPTION"); /* no error class of Spark's */
    if (e->code[0] && !traceback && !str_starts(e->message, "[") && !str_starts(e->message, "\n["))
        str_addf(&out, "[%s] ", e->code);
    str_add(&out, e->message);
    if (e->code[0] && e->sqlstate[0] && !strstr(e->message, "SQLSTATE: "))
        str_addf(&out, " SQLSTATE: %s", e->sqlstate);
    if (query && classes == parse_classes) {
        parse_position(a, &out, e, query);
    } else if (query && classes == analysis_classes && e->start >= 0) {
        Chars c = chars_of(a, query);
        int line, column;
        line_and_column(&c, e->start, &line, &column);
        str_addf(&out, "; line %d pos %d", line, column);
    } else if (query && e->start >= 0) {
        str_addc(&out, '\n');
        context_summary(a, &out, e, query);
    }
    return str_arena(&out, a);
}

static char *json_text(Arena *a, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    char *copy = arena_str(a, text ? text : "null");
    free(text);
    return copy;
}

static char *classes_json(Arena *a, const char *const *classes)
{
    json_t *list = json_array();
    for (; *classes; classes++)
        json_array_append_new(list, json_string(*classes));
    return json_text(a, list);
}

/* Calls fn for each message parameter. */
static void each_param(const Error *e, void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    for (size_t i = 0; i < e->params_len;) {
        const char *key = e->params + i, *value = key + strlen(key) + 1;
        fn(arg, key, value);
        i = (size_t)(value - e->params) + strlen(value) + 1;
    }
}

static void param_to_json(void *object, const char *key, const char *value)
{
    json_object_set_new(object, key, json_string(value));
}

typedef struct Info {
    Arena *a;
    VEC(Google__Rpc__ErrorInfo__MetadataEntry *) entries;
} Info;

static void info_add(Info *info, const char *key, const char *value)
{
    Google__Rpc__ErrorInfo__MetadataEntry *entry = ARENA_NEW(info->a, Google__Rpc__ErrorInfo__MetadataEntry);
    google__rpc__error_info__metadata_entry__init(entry);
    entry->key = arena_str(info->a, key);
    entry->value = arena_str(info->a, value);
    vec_push(info->a, &info->entries, entry);
}

/* At most `bytes` of the text, cut between characters, "..." at a cut. */
static char *abbreviate(Arena *a, const char *text, size_t bytes)
{
    size_t len = strlen(text);
    if (len <= bytes)
        return arena_str(a, text);
    size_t cut = bytes - 3;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    return arena_printf(a, "%.*s...", (int)cut, text);
}

RpcStatus error_rpc_status(Arena *a, const Error *error, const char *query, const char *error_id)
{
    const Error classed = with_class(error), *e = &classed;
    const char *const *classes = error_classes(e);
    char *text = error_text(a, e, query);
    Info info = { .a = a };
    info_add(&info, "classes", classes_json(a, classes));
    if (error_id)
        info_add(&info, "errorId", error_id);
    if (e->sqlstate[0])
        info_add(&info, "sqlState", e->sqlstate);
    if (e->code[0]) {
        info_add(&info, "errorClass", e->code);
        json_t *params = json_object();
        each_param(e, param_to_json, params);
        char *params_text = json_text(a, params);
        if (strlen(params_text) <= INFO_PARAMS_BYTES)
            info_add(&info, "messageParameters", params_text);
    }
    Google__Rpc__ErrorInfo error_info = GOOGLE__RPC__ERROR_INFO__INIT;
    error_info.reason = (char *)classes[0];
    error_info.domain = (char *)"org.apache.spark";
    error_info.metadata = info.entries.at;
    error_info.n_metadata = info.entries.len;
    View packed = proto_pack_arena(a, &error_info);
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = (char *)"type.googleapis.com/google.rpc.ErrorInfo";
    any.has_value = true;
    any.value = (ProtobufCBinaryData){ packed.len, (uint8_t *)(uintptr_t)packed.data };
    Google__Protobuf__Any *details[] = { &any };
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.has_code = true;
    status.code = RPC_INTERNAL;
    status.message = abbreviate(a, text, STATUS_TEXT_BYTES); /* clients check that it is grpc-message */
    status.n_details = 1;
    status.details = details;
    return (RpcStatus){ .code = RPC_INTERNAL, .message = abbreviate(a, text, STATUS_TEXT_BYTES),
                        .details = proto_pack_arena(a, &status) };
}

typedef Spark__Connect__FetchErrorDetailsResponse__SparkThrowable Throwable;
typedef Spark__Connect__FetchErrorDetailsResponse__SparkThrowable__MessageParametersEntry ThrowableParam;
typedef Spark__Connect__FetchErrorDetailsResponse__QueryContext QueryContext;
typedef struct Params {
    Arena *a;
    VEC(ThrowableParam *) list;
} Params;

static void param_to_proto(void *arg, const char *key, const char *value)
{
    Params *params = arg;
    ThrowableParam *p = ARENA_NEW(params->a, ThrowableParam);
    spark__connect__fetch_error_details_response__spark_throwable__message_parameters_entry__init(p);
    p->key = arena_str(params->a, key);
    p->value = arena_str(params->a, value);
    vec_push(params->a, &params->list, p);
}

static void add_context(Arena *a, const Error *e, const char *query, Throwable *t)
{
    Chars c = chars_of(a, query);
    int stop = e->stop < c.len ? e->stop : c.len - 1;
    if (e->start < 0 || e->start > stop || str_eq(e->code, "PARSE_SYNTAX_ERROR")) /* Spark's has its place in the message only */
        return;
    QueryContext *context = ARENA_NEW(a, QueryContext);
    spark__connect__fetch_error_details_response__query_context__init(context);
    context->has_context_type = true;
    context->context_type = SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__QUERY_CONTEXT__CONTEXT_TYPE__SQL;
    context->object_type = context->object_name = (char *)"";
    context->has_start_index = context->has_stop_index = true;
    context->start_index = e->start;
    context->stop_index = stop;
    context->fragment = arena_strn(a, query + c.at[e->start], c.at[stop + 1] - c.at[e->start]);
    str_auto summary = STR_INIT(MESSAGE_MAX_BYTES);
    context_summary(a, &summary, e, query);
    context->summary = str_arena(&summary, a);
    t->query_contexts = ARENA_ARRAY(a, QueryContext *, 1);
    t->query_contexts[0] = context;
    t->n_query_contexts = 1;
}

void error_details(Arena *a, const Error *given, const char *query, Spark__Connect__FetchErrorDetailsResponse *response)
{
    const Error classed = with_class(given), *e = &classed;
    Spark__Connect__FetchErrorDetailsResponse__Error *error = ARENA_NEW(a, Spark__Connect__FetchErrorDetailsResponse__Error);
    spark__connect__fetch_error_details_response__error__init(error);
    const char *const *classes = error_classes(e);
    error->error_type_hierarchy = (char **)(uintptr_t)classes;
    while (classes[error->n_error_type_hierarchy])
        error->n_error_type_hierarchy++;
    error->message = error_text(a, e, query);
    Throwable *t = error->spark_throwable = ARENA_NEW(a, Throwable);
    spark__connect__fetch_error_details_response__spark_throwable__init(t);
    if (e->code[0])
        t->error_class = arena_str(a, e->code);
    if (e->sqlstate[0])
        t->sql_state = arena_str(a, e->sqlstate);
    Params params = { .a = a };
    each_param(e, param_to_proto, &params);
    t->message_parameters = params.list.at;
    t->n_message_parameters = params.list.len;
    if (shown(query))
        add_context(a, e, query, t);
    response->errors = ARENA_ARRAY(a, Spark__Connect__FetchErrorDetailsResponse__Error *, 1);
    response->errors[0] = error;
    response->n_errors = 1;
    response->has_root_error_idx = true;
    response->root_error_idx = 0;
}
