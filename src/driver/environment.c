/* driver/environment.c -- what the front end and the binder ask of the session: settings, names, files, rows, SQL text. */
#include "driver/run.h"

#include "back/duckdb/source.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "driver/command.h"
#include "driver/jdbc_table.h"
#include "driver/listing.h"
#include "driver/python_source.h"
#include "driver/python_table.h"
#include "driver/variable.h"
#include "front/sql/sql.h"
#include "ir/error.h"
#include "ir/source.h"
#include "ir/value.h"

static const char *env_conf(void *self, const char *key)
{
    return run_conf(self, key);
}

static bool is_true(Run *r, const char *key)
{
    return str_ieq(run_conf(r, key), "true");
}

static SqlOptions sql_options(Run *r)
{
    return (SqlOptions){ .ansi = is_true(r, "spark.sql.ansi.enabled"),
                         .enforce_reserved_keywords = is_true(r, "spark.sql.ansi.enforceReservedKeywords"),
                         .double_quoted_identifiers = is_true(r, "spark.sql.ansi.doubleQuotedIdentifiers"),
                         .escaped_string_literals = is_true(r, "spark.sql.parser.escapedStringLiterals"),
                         .legacy_setops_precedence = is_true(r, "spark.sql.legacy.setopsPrecedence.enabled"),
                         .legacy_exponent_as_decimal = is_true(r, "spark.sql.legacy.exponentLiteralAsDecimal.enabled"),
                         .legacy_consecutive_strings = is_true(r, "spark.sql.legacy.consecutiveStringLiterals.enabled"),
                         .legacy_interval = is_true(r, "spark.sql.legacy.interval.enabled"),
                         .no_scripting = !is_true(r, "spark.sql.scripting.enabled"),
                         .continue_handlers = is_true(r, "spark.sql.scripting.continueHandlerEnabled"),
                         .legacy_identifier_clause = is_true(r, "spark.sql.legacy.identifierClause"),
                         .legacy_bang_not = is_true(r, "spark.sql.legacy.bangEqualsNot"),
                         .legacy_having_as_where = is_true(r, "spark.sql.legacy.parser.havingWithoutGroupByAsWhere"),
                         .quoted_regex_columns = is_true(r, "spark.sql.parser.quotedRegexColumnNames"),
                         .timestamp_ntz = str_ieq(run_conf(r, "spark.sql.timestampType"), "TIMESTAMP_NTZ"),
                         .time_zone = run_conf(r, "spark.sql.session.timeZone"),
                         .constant_text = variable_constant_text,
                         .self = r };
}

/* ---- ${key}: VariableSubstitution */

/* The setting that ${spark:key}, ${hiveconf:key}, ${hivevar:key} or ${key} names, empty when it is not set; NULL: a name of another kind,
 * which stays as it is. */
static const char *reference_value(Run *r, Arena *a, const char *name, size_t length)
{
    static const char *const kinds[] = { "spark:", "sparkconf:", "hivevar:", "hiveconf:" };
    const char *key = arena_strn(a, name, length);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_starts(key, kinds[i])) {
            key += strlen(kinds[i]);
            break;
        }
    if (strchr(key, ':'))
        return NULL;
    const char *value = run_conf(r, key), *variable = run_conf(r, arena_printf(a, "hivevar:%s", key)); /* SET hivevar:key = value */
    return value ? value : variable ? variable : "";
}

static const char *substituted(Run *r, Arena *a, const char *text, int depth)
{
    enum { DEPTH_MAX = 32 }; /* values may name others; a cycle ends here and shows in the text */
    if (!strstr(text, "${") || depth == DEPTH_MAX || !is_true(r, "spark.sql.variable.substitute"))
        return text;
    str_auto out = STR_INIT(LIMIT_QUERY_TEXT);
    for (const char *at = text; *at;) {
        const char *open = strstr(at, "${"), *close = open ? strchr(open, '}') : NULL;
        size_t length = close ? (size_t)(close - open - 2) : 0;
        const char *value = length && strcspn(open + 2, " \t\r\n") > length ? reference_value(r, a, open + 2, length) : NULL;
        if (!close) {
            str_add(&out, at);
            break;
        }
        str_addn(&out, at, (size_t)(open - at));
        if (value)
            str_add(&out, substituted(r, a, value, depth + 1));
        else
            str_addn(&out, open, length + 3);
        at = close + 1;
    }
    return str_arena(&out, a);
}

Status environment_parse(Run *r, Arena *a, const char *text, const ConnectArgument *arguments, size_t n, Node **ret_plan, Error *err)
{
    SqlOptions options = sql_options(r);
    SqlParameter *parameters = ARENA_ARRAY(a, SqlParameter, n + 1);
    for (size_t i = 0; i < n; i++)
        parameters[i] = (SqlParameter){ .name = arguments[i].name, .value = arguments[i].value };
    options.parameters = parameters;
    options.nparameters = n;
    text = substituted(r, a, text, 0);
    r->query = text;
    int64_t at_us = clock_us();
    Status status = sql_parse_statement(a, text, strlen(text), &options, ret_plan, err);
    run_phase(r, RUN_PARSE, &at_us);
    return status;
}

static Status parse_statement(void *self, Arena *a, const char *text, const ConnectArgument *arguments, size_t n, Node **ret_plan,
                              Error *err)
{
    Run *r = self;
    TRY(environment_parse(r, a, text, arguments, n, ret_plan, err));
    if (node_is(CompoundBody, *ret_plan) && n && !arguments[0].name)
        return spark_error(err, NULL, "UNSUPPORTED_FEATURE.SQL_SCRIPTING_WITH_POSITIONAL_PARAMETERS", "0A000",
                           "The feature is not supported: Positional parameters are not supported with SQL Scripting.", NULL);
    if (node_is(ExecuteImmediate, *ret_plan))
        return variable_execute_immediate(r, node_as(ExecuteImmediate, *ret_plan), ret_plan, err);
    return ST_OK;
}

Status run_parse(Run *r, const char *text, Node **ret_plan, Error *err)
{
    return parse_statement(r, r->arena, text, NULL, 0, ret_plan, err);
}

static Status parse_expression(void *self, Arena *a, const char *text, Node **ret_expr, Error *err)
{
    Run *r = self;
    SqlOptions options = sql_options(r);
    Status status = sql_parse_expression(a, text, strlen(text), &options, ret_expr, err);
    if (status != ST_OK)
        r->query = text;
    return status;
}

static Status parse_type(void *self, Arena *a, const char *text, const Type **ret_type, Error *err)
{
    Run *r = self;
    const char *start = text + strspn(text, " \t\r\n");
    if (*start == '{' || *start == '"')
        return type_from_json(a, start, ret_type, err);
    Status status = sql_parse_type(a, text, ret_type, err);
    Error not_columns = ERROR_INIT;
    if (status != ST_OK && sql_parse_schema(a, text, ret_type, &not_columns) == ST_OK) /* "a int, b string": DataType.fromDDL */
        return ST_OK;
    if (status != ST_OK)
        r->query = text;
    return status;
}

Status environment_schema(Run *r, const char *text, const Type **ret_schema, Error *err)
{
    const char *start = text + strspn(text, " \t\r\n");
    if (*start == '{')
        return type_from_json(r->arena, start, ret_schema, err);
    Status status = sql_parse_schema(r->arena, text, ret_schema, err);
    if (status != ST_OK)
        r->query = text;
    return status;
}

/* A reader's schema text: columns, or JSON (StructType.fromDDL, then DataType.fromJson). */
static Status parse_schema(void *self, Arena *a, const char *text, const Type **ret_schema, Error *err)
{
    (void)a; /* the run's arena lives as long as the plan */
    return environment_schema(self, text, ret_schema, err);
}

static Status artifact(void *self, Arena *a, const char *hash, View *ret_bytes, Error *err)
{
    Run *r = self;
    if (!*hash || strspn(hash, "0123456789abcdefABCDEF") != strlen(hash))
        return FAIL_CODE(err, ST_INVALID, "CONNECT_INVALID_PLAN", "The Spark Connect plan is invalid. '%s' is no hash.", hash);
    char *path = arena_printf(a, "%s/cache/%s", r->session->artifact_dir, hash), *text;
    size_t len;
    Status status = file_read(a, path, LIMIT_PLAN_MESSAGE, &text, &len, err);
    if (status == ST_NOT_FOUND)
        return FAIL_CODE(err, ST_NOT_FOUND, "CONNECT_INVALID_PLAN",
                         "The Spark Connect plan is invalid. Not found any cached local relation with the hash: %s in the session.",
                         hash);
    TRY(status);
    *ret_bytes = (View){ text, len };
    return ST_OK;
}

/* ---- files */

static const char *option(const KeyValueList *options, const char *key)
{
    for (size_t i = options->len; i-- > 0;)
        if (str_ieq(options->at[i].key, key))
            return options->at[i].value;
    return NULL;
}

static const ScanSource *source_of(Arena *a, const ScanSource *source, const char *origin)
{
    ScanSource *named = arena_copy(a, source, sizeof *source);
    named->origin = arena_str(a, origin);
    return named;
}

static void note_files(Run *r, const SourceFiles *files)
{
    for (size_t i = 0; i < files->len; i++) {
        vec_push(r->arena, &r->files, files->at[i].uri);
        atomic_fetch_add(&r->input_bytes, files->at[i].size_bytes);
    }
}

static Status read_files(Run *r, Arena *a, const Read *read, const char *format, const Type *user_schema, Node **ret_scan, Error *err)
{
    StrList roots = { 0 };
    for (size_t i = 0; i < read->paths.len; i++)
        vec_push(a, &roots, read->paths.at[i]);
    const char *path = option(&read->options, "path");
    if (path)
        vec_push(a, &roots, path);
    for (size_t i = 0; i < roots.len; i++)
        if (!*roots.at[i])
            return command_fail(err, "INVALID_EMPTY_LOCATION", "location", "", NULL);
    SourceFiles files = { 0 };
    KeyValueList options = listing_options(r, a, format, &read->options);
    bool tolerant = user_schema && str_ieq(option(&options, "ignoreMissingFiles"), "true");
    for (size_t i = 0; i < roots.len; i++) {
        LakeFileList found = { 0 };
        Status status = lake_list(driver_lake(r->driver), a, roots.at[i], &found, err);
        if (status == ST_NOT_FOUND && tolerant)
            continue;
        TRY(status);
        for (size_t k = 0; k < found.len; k++) {
            const LakeFile *f = &found.at[k];
            vec_push(a, &files, (SourceFile){ .path = f->path, .uri = f->uri, .size_bytes = f->size_bytes,
                                              .modified_ms = f->modified_ms, .nested = listing_is_nested(a, roots.at[i], f->uri) });
        }
    }
    TRY(listing_filter(r, a, &options, &files, err));
    note_files(r, &files);
    EngineSession *engine;
    TRY(run_engine(r, &engine, err));
    SourceRequest request = { .format = format, .files = files.at, .nfiles = files.len, .roots = &roots,
                              .user_schema = user_schema, .options = &options,
                              .time_zone = run_conf(r, "spark.sql.session.timeZone"),
                              .infer_partition_types = is_true(r, "spark.sql.sources.partitionColumnTypeInference.enabled") };
    const ScanSource *source;
    TRY(source_resolve(a, engine, &request, &source, err));
    str_auto origin = STR_INIT(LIMIT_QUERY_TEXT);
    for (size_t i = 0; i < roots.len; i++)
        str_addf(&origin, "%s\n", roots.at[i]);
    *ret_scan = node_new(a, Scan, .format = source_format(format), .source = source_of(a, source, str_text(&origin)), .options = options);
    return ST_OK;
}

static Status env_read(void *self, Arena *a, const Read *read, Node **ret_scan, Error *err)
{
    Run *r = self;
    const char *format = read->format && *read->format ? read->format : run_conf(r, "spark.sql.sources.default");
    const PythonUdf *python = source_format(format) ? NULL : python_source_find(r, a, format);
    if (python)
        return python_source_read(r, a, python, read, ret_scan, err);
    if (!source_format(format)) {
        FAIL_CODE(err, ST_NOT_FOUND, "DATA_SOURCE_NOT_FOUND",
                  "[DATA_SOURCE_NOT_FOUND] Failed to find the data source: %s. Make sure the provider name is correct and the package "
                  "is properly registered and compatible with your Spark version. SQLSTATE: 42K02", format);
        memcpy(err->sqlstate, "42K02", 6);
        error_param(err, "provider", format);
        return ST_NOT_FOUND;
    }
    const Type *schema = read->user_schema;
    if (!schema && read->schema_text)
        TRY(environment_schema(r, read->schema_text, &schema, err));
    int64_t at_us = clock_us();
    Status status = jdbc_table_is(format) ? jdbc_table_scan(r, a, &read->options, &read->predicates, schema, ret_scan, err)
                                          : read_files(r, a, read, format, schema, ret_scan, err);
    run_phase(r, RUN_FILES, &at_us);
    return status;
}

/* ---- names */

Status environment_table_name(Run *r, const StrList *name, const char **ret_database, const char **ret_table, Error *err)
{
    session_lock(r->session);
    const char *current = arena_str(r->arena, r->session->database);
    session_unlock(r->session);
    size_t n = name->len;
    if (n == 0 || n > 3 || (n == 3 && !str_ieq(name->at[0], "spark_catalog")))
        return catalog_not_found(r->arena, name, err);
    *ret_table = name->at[n - 1];
    *ret_database = n == 1 ? current : name->at[n - 2];
    return ST_OK;
}

/* A table's files: those of its registered partitions, or all below its location. */
static Status table_files(Run *r, Arena *a, const CatalogTable *t, SourceRequest *q, Error *err)
{
    SourceFiles files = { 0 };
    CatalogPartitionList partitions = { 0 };
    size_t places = 1;
    if (t->partition_by.len) {
        TRY(catalog_partitions(driver_catalog(r->driver), a, t, &partitions, err));
        places = partitions.len;
    }
    for (size_t i = 0; i < places; i++) {
        LakeFileList found = { 0 };
        Error missing = ERROR_INIT;
        const char *uri = t->partition_by.len ? partitions.at[i].location : t->location;
        Status status = lake_list(driver_lake(r->driver), a, uri, &found, &missing);
        if (status != ST_OK && status != ST_NOT_FOUND) {
            *err = missing;
            return status;
        }
        for (size_t k = 0; status == ST_OK && k < found.len; k++) {
            const LakeFile *f = &found.at[k];
            vec_push(a, &files, (SourceFile){ .path = f->path, .uri = f->uri, .size_bytes = f->size_bytes, .modified_ms = f->modified_ms,
                                              .nested = listing_is_nested(a, uri, f->uri),
                                              .partition_values = t->partition_by.len ? partitions.at[i].values.at : NULL });
        }
    }
    TRY(listing_filter(r, a, q->options, &files, err));
    note_files(r, &files);
    q->files = files.at;
    q->nfiles = files.len;
    return ST_OK;
}

static Status table_scan(Run *r, Arena *a, const CatalogTable *t, const KeyValueList *given, Node **ret_plan, Error *err)
{
    if (jdbc_table_is(t->format))
        return jdbc_table_scan(r, a, arena_copy(a, given, sizeof *given), NULL, t->schema, ret_plan, err);
    KeyValueList options = listing_options(r, a, t->format, given);
    EngineSession *engine;
    const ScanSource *source;
    size_t keys = t->partition_by.len, n = t->schema->nfields;
    SourceRequest q = { .format = t->format, .options = &options, .time_zone = run_conf(r, "spark.sql.session.timeZone"),
                        .user_schema = type_struct(a, t->schema->fields, n - keys),
                        .partition_schema = type_struct(a, t->schema->fields + (n - keys), keys) };
    TRY(table_files(r, a, t, &q, err));
    TRY(run_engine(r, &engine, err));
    TRY(source_resolve(a, engine, &q, &source, err));
    source = source_of(a, source, arena_printf(a, "%s.%s", t->database, t->name));
    *ret_plan = node_new(a, Scan, .format = t->format, .source = source, .options = options);
    return ST_OK;
}

static Status table_plan(Run *r, Arena *a, const CatalogTable *t, const KeyValueList *options, Node **ret_plan, Error *err)
{
    if (t->kind == CATALOG_VIEW)
        return command_view_plan(r, a, t, ret_plan, err);
    KeyValueList all = { 0 };
    for (size_t i = 0; i < t->options.len; i++)
        vec_push(a, &all, t->options.at[i]);
    for (size_t i = 0; options && i < options->len; i++)
        vec_push(a, &all, options->at[i]);
    int64_t at_us = clock_us();
    Status status = table_scan(r, a, t, &all, ret_plan, err);
    run_phase(r, RUN_FILES, &at_us);
    return status;
}

/* parquet.`s3://b/p` */
static Node *files_by_name(Arena *a, const StrList *name, const KeyValueList *options)
{
    if (name->len != 2 || !source_format(name->at[0]))
        return NULL;
    StrList paths = { 0 };
    vec_push(a, &paths, name->at[1]);
    KeyValueList none = { 0 };
    return node_new(a, Read, .format = name->at[0], .paths = paths, .options = options ? *options : none);
}

Status environment_relation(void *self, Arena *a, const StrList *name, const KeyValueList *options, Node **ret_plan, Error *err)
{
    Run *r = self;
    if (name->len == 1) {
        session_lock(r->session);
        KeptPlan *view = entries_find(&r->session->views, name->at[0]);
        if (!view && str_starts(name->at[0], "checkpoint "))
            view = entries_find(&r->session->cached, name->at[0]);
        *ret_plan = view ? kept_plan_use(view, a) : NULL;
        session_unlock(r->session);
        if (*ret_plan)
            return ST_OK;
    }
    if (name->len == 2 && str_ieq(name->at[0], run_conf(r, "spark.sql.globalTempDatabase"))) {
        *ret_plan = driver_global_view(r->driver, a, name->at[1]);
        return *ret_plan ? ST_OK : catalog_not_found(a, name, err);
    }
    const char *database, *table;
    TRY(environment_table_name(r, name, &database, &table, err));
    CatalogTable t;
    Error missing = ERROR_INIT;
    Status status = catalog_table(driver_catalog(r->driver), a, database, table, &t, &missing);
    if (status == ST_OK)
        return table_plan(r, a, &t, options, ret_plan, err);
    *ret_plan = files_by_name(a, name, options);
    return *ret_plan ? ST_OK : catalog_not_found(a, name, err);
}

static bool env_full_name(void *self, Arena *a, const StrList *name, StrList *ret_full)
{
    Run *r = self;
    const char *database, *table;
    Error ignored = ERROR_INIT;
    session_lock(r->session);
    bool temporary = name->len == 1 && (entries_find(&r->session->views, name->at[0]) || str_starts(name->at[0], "checkpoint "));
    session_unlock(r->session);
    temporary = temporary || (name->len == 2 && str_ieq(name->at[0], run_conf(r, "spark.sql.globalTempDatabase")));
    if (temporary || environment_table_name(r, name, &database, &table, &ignored) != ST_OK)
        return false;
    vec_push(a, ret_full, CATALOG_NAME);
    vec_push(a, ret_full, database);
    vec_push(a, ret_full, table);
    return true;
}

static Status env_local(void *self, Arena *a, const LocalRelation *local, const Type **ret_schema, Error *err)
{
    Run *r = self;
    if (local->declared) {
        *ret_schema = local->declared;
        return ST_OK;
    }
    if (local->schema_text)
        return environment_schema(r, local->schema_text, ret_schema, err);
    return engine_ipc_schema(a, local->arrow, (size_t)local->arrow_bytes, ret_schema, err);
}

static Status env_function(void *self, Arena *a, const StrList *name, Node **ret_function, Error *err)
{
    Node *found;
    TRY(command_find_function(self, a, name, &found, err));
    if (!found)
        return FAIL(err, ST_NOT_FOUND, "there is no function %s", catalog_quoted(a, name));
    *ret_function = found;
    return ST_OK;
}

static bool env_is_temporary_function(void *self, const char *name)
{
    Run *r = self;
    session_lock(r->session);
    bool found = r->session->functions.len && entries_find(&r->session->functions, name) != NULL;
    session_unlock(r->session);
    return found;
}

static Status env_rows(void *self, Arena *a, const Node *bound, size_t max_rows, NodeList *ret_rows, Error *err)
{
    Rows *rows;
    TRY(run_collect(self, bound, max_rows, &rows, err));
    NodeList list = { 0 };
    for (size_t i = 0; i < rows->at.len; i++) {
        NodeList items = { 0 };
        for (size_t k = 0; k < rows->schema->nfields; k++)
            vec_push(a, &items, node_new(a, Literal, .value = &rows->at.at[i][k], .of = rows->schema->fields[k].type));
        vec_push(a, &list, node_new(a, Row, .items = items));
    }
    *ret_rows = list;
    return ST_OK;
}

static Status env_parse_expression(void *self, Arena *a, const char *text, Node **ret_expr, Error *err)
{
    return parse_expression(self, a, text, ret_expr, err);
}

void environment_init(Run *r)
{
    r->env = (BindEnv){ .self = r, .conf = env_conf, .conf_scope = run_conf_scope, .relation = environment_relation, .full_name = env_full_name, .read = env_read, .parse = parse_relation, .local = env_local,
                        .function = env_function, .is_temporary_function = env_is_temporary_function, .analyze = python_table_analyze, .variable = variable_value, .rows = env_rows, .parse_expression = env_parse_expression,
                        .parse_type = parse_schema };
    r->connect = (ConnectOptions){ .self = r, .parse_statement = parse_statement, .parse_expression = parse_expression,
                                   .parse_type = parse_type, .artifact = artifact };
}
