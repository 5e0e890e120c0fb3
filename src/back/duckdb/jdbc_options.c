/* back/duckdb/jdbc_options.c -- the options of Spark's JDBC source, and pgjdbc's URLs and connection properties as libpq has them. */
#include "back/duckdb/jdbc_internal.h"
#include "base/limits.h"

#define URL_START "jdbc:postgresql:"

/* pgjdbc's properties: libpq's parameter; one with `refused` would change who answers, what, or whether it is trusted. All others
 * concern pgjdbc's own work only, or are none: pgjdbc passes over those. */
static const struct {
    const char *name, *parameter;
    bool refused;
} properties[] = {
    { "user", "user", false },
    { "password", "password", false },
    { "sslmode", "sslmode", false },
    { "sslrootcert", "sslrootcert", false },
    { "sslcert", "sslcert", false },
    { "sslkey", "sslkey", false },
    { "sslpassword", "sslpassword", false },
    { "channelBinding", "channel_binding", false },
    { "connectTimeout", "connect_timeout", false },
    { "ApplicationName", "application_name", false },
    { "targetServerType", "target_session_attrs", false },
    { "options", "options", false },
    { "gssEncMode", "gssencmode", false },
    { "PGHOST", "host", false },
    { "PGPORT", "port", false },
    { "PGDBNAME", "dbname", false },
    { "socketFactory", NULL, true },
    { "socketFactoryArg", NULL, true },
    { "sslfactory", NULL, true },
    { "sslfactoryarg", NULL, true },
    { "sslhostnameverifier", NULL, true },
    { "sslpasswordcallback", NULL, true },
    { "authenticationPluginClassName", NULL, true },
    { "jaasApplicationName", NULL, true },
    { "kerberosServerName", NULL, true },
    { "gsslib", NULL, true },
    { "sspiServiceClass", NULL, true },
    { "useSpnego", NULL, true },
    { "requireAuth", NULL, true },
    { "replication", NULL, true },
    { "service", NULL, true },
    { "readOnly", NULL, true },
    { "autosave", NULL, true },
    { "escapeSyntaxCallMode", NULL, true },
    { "keytab", NULL, true },
    { "principal", NULL, true },
    { "connectionProvider", NULL, true },
    { "hint", NULL, true },
};

static const char *option(const KeyValueList *options, const char *name)
{
    for (size_t i = options ? options->len : 0; i-- > 0;)
        if (str_ieq(options->at[i].key, name))
            return options->at[i].value;
    return NULL;
}

static void set_parameter(Arena *a, JdbcOptions *o, const char *key, const char *value)
{
    for (size_t i = 0; i < o->keys.len; i++)
        if (str_eq(o->keys.at[i], key)) {
            o->values.at[i] = value;
            return;
        }
    vec_push(a, &o->keys, key);
    vec_push(a, &o->values, value);
}

static Status requirement(Error *err, const char *format, const char *x, const char *y)
{
    char text[1024];
    snprintf(text, sizeof text, format, x, y);
    return FAIL_CODE(err, ST_INVALID, "", "requirement failed: %s", text);
}

static Status unsupported(Error *err, const char *what)
{
    Status status = FAIL_CODE(err, ST_UNSUPPORTED, "UNSUPPORTED_FEATURE.WEIR", "The feature is not supported: %s.", what);
    if (err)
        memcpy(err->sqlstate, "0A000", 6);
    return status;
}

/* ---------------------------------------------------------------- properties */
static const char *server_type(const char *value)
{
    static const char *const words[][2] = { { "any", "any" }, { "primary", "primary" }, { "master", "primary" },
                                            { "secondary", "standby" }, { "slave", "standby" }, { "preferSecondary", "prefer-standby" },
                                            { "preferSlave", "prefer-standby" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_ieq(words[i][0], value))
            return words[i][1];
    return NULL;
}

static Status property(Arena *a, JdbcOptions *o, const char *name, const char *value, Error *err)
{
    if (!strcmp(name, "ssl")) {
        if (!*value || str_ieq(value, "true"))
            set_parameter(a, o, "sslmode", "verify-full");
        return ST_OK;
    }
    if (!strcmp(name, "currentSchema")) {
        o->search_path = value;
        return ST_OK;
    }
    if (!strcmp(name, "stringtype")) {
        o->untyped_strings = str_ieq(value, "unspecified");
        return ST_OK;
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        if (strcmp(properties[i].name, name) != 0)
            continue;
        if (properties[i].refused)
            return unsupported(err, arena_printf(a, "the connection property %s of JDBC", name));
        if (!strcmp(name, "targetServerType")) {
            const char *word = server_type(value);
            if (!word)
                return unsupported(err, arena_printf(a, "the value %s of the connection property targetServerType", value));
            value = word;
        }
        set_parameter(a, o, properties[i].parameter, value);
        return ST_OK;
    }
    return ST_OK;
}

/* ---------------------------------------------------------------- the URL */
static Status malformed(Error *err, const char *url)
{
    return FAIL_CODE(err, ST_INVALID, "FAILED_JDBC.UNCLASSIFIED", "the URL %s is none of PostgreSQL's", url);
}

static Status decoded(Arena *a, const char *text, size_t length, const char *url, const char **ret_text, Error *err)
{
    char *out;
    size_t n;
    if (!uri_decode(a, text, length, true, &out, &n) || strlen(out) != n)
        return malformed(err, url);
    *ret_text = out;
    return ST_OK;
}

/* "h1:p1,[::1]:p2" */
static Status hosts(Arena *a, JdbcOptions *o, const char *text, size_t length, Error *err)
{
    str_auto names = STR_INIT(LIMIT_CONF_TEXT), ports = STR_INIT(LIMIT_CONF_TEXT);
    const char *end = text + length;
    for (const char *at = text; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        const char *close = at < stop && *at == '[' ? memchr(at, ']', (size_t)(stop - at)) : NULL;
        const char *from = close ? close : at, *colon = memchr(from, ':', (size_t)(stop - from));
        const char *name_end = close ? close : colon ? colon : stop, *name = close ? at + 1 : at, *host, *port = "5432";
        TRY(decoded(a, name, (size_t)(name_end - name), o->url, &host, err));
        if (colon)
            port = arena_strn(a, colon + 1, (size_t)(stop - colon - 1));
        if (!*port || strspn(port, "0123456789") != strlen(port))
            return malformed(err, o->url);
        str_addf(&names, "%s%s", at > text ? "," : "", *host ? host : "localhost");
        str_addf(&ports, "%s%s", at > text ? "," : "", port);
        at = stop + 1;
    }
    set_parameter(a, o, "host", str_arena(&names, a));
    set_parameter(a, o, "port", str_arena(&ports, a));
    return ST_OK;
}

static Status url_parameters(Arena *a, JdbcOptions *o, const char *at, Error *err)
{
    while (*at) {
        size_t n = strcspn(at, "&"), name = strcspn(at, "=");
        const char *key, *value;
        name = name < n ? name : n;
        TRY(decoded(a, at, name, o->url, &key, err));
        TRY(decoded(a, at + name + (name < n), n - name - (name < n), o->url, &value, err));
        if (*key)
            TRY(property(a, o, key, value, err));
        at += n + (at[n] == '&');
    }
    return ST_OK;
}

static Status url(Arena *a, JdbcOptions *o, Error *err)
{
    if (!str_istarts(o->url, URL_START)) {
        const char *kind = str_istarts(o->url, "jdbc:") ? o->url + 5 : o->url;
        return unsupported(err, arena_printf(a, "JDBC to '%.*s': weir reads and writes PostgreSQL (jdbc:postgresql:) only",
                                             (int)strcspn(kind, ":"), kind));
    }
    const char *rest = o->url + strlen(URL_START);
    size_t n = strcspn(rest, "?");
    const char *database = rest, *name;
    set_parameter(a, o, "host", "localhost");
    set_parameter(a, o, "port", "5432");
    if (n >= 2 && rest[0] == '/' && rest[1] == '/') {
        size_t host = 2 + strcspn(rest + 2, "/?");
        if (host > 2)
            TRY(hosts(a, o, rest + 2, host - 2, err));
        database = rest + host;
    }
    database += *database == '/';
    TRY(decoded(a, database, strcspn(database, "?"), o->url, &name, err));
    if (*name)
        set_parameter(a, o, "dbname", name);
    return rest[n] ? url_parameters(a, o, rest + n + 1, err) : ST_OK;
}

/* ---------------------------------------------------------------- options */
static Status number(const KeyValueList *options, const char *name, int64_t absent, int64_t least, const char *why, int64_t *ret, Error *err)
{
    const char *value = option(options, name);
    *ret = absent;
    if (!value)
        return ST_OK;
    if (!str_to_i64(value, ret) || *ret > INT32_MAX || *ret < INT32_MIN)
        return FAIL_CODE(err, ST_INVALID, "", "For input string: \"%s\"", value);
    if (*ret >= least)
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "", "requirement failed: Invalid value `%s` for parameter `%s`. %s", value, name, why);
}

/* Scala's toBoolean */
static Status flag(const KeyValueList *options, const char *name, bool absent, bool *ret, Error *err)
{
    const char *value = option(options, name);
    *ret = value ? str_ieq(value, "true") : absent;
    if (!value || *ret || str_ieq(value, "false"))
        return ST_OK;
    return FAIL_CODE(err, ST_INVALID, "", "For input string: \"%s\"", value);
}

static Status source_of(Arena *a, const KeyValueList *options, JdbcOptions *o, Error *err)
{
    const char *table = option(options, "dbtable"), *query = option(options, "query");
    if (table && query)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2078",
                         "Both 'dbtable' and 'query' can not be specified at the same time.");
    if (!table && !query)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2079", "Option 'dbtable' or 'query' is required.");
    o->table = table;
    o->from = table ? o->table : *query ? arena_printf(a, "(%s) SPARK_GEN_SUBQ_0", query) : "";
    if (!*o->from)
        return requirement(err, "Empty string is not allowed in either '%s' or '%s' options", "dbtable", "query");
    return ST_OK;
}

static Status partitioning(const KeyValueList *options, JdbcOptions *o, Error *err)
{
    o->partition_column = option(options, "partitionColumn");
    o->lower = option(options, "lowerBound");
    o->upper = option(options, "upperBound");
    TRY(number(options, "numPartitions", 0, INT32_MIN, "", &o->partitions, err));
    if (!o->partition_column && !o->lower && !o->upper)
        return ST_OK;
    if (!o->partition_column || !o->lower || !o->upper || !option(options, "numPartitions"))
        return FAIL_CODE(err, ST_INVALID, "",
                         "requirement failed: When reading JDBC data sources, users need to specify all or none for the following "
                         "options: 'partitionColumn', 'lowerBound', 'upperBound', and 'numPartitions'");
    if (option(options, "query"))
        return FAIL_CODE(err, ST_INVALID, "",
                         "requirement failed: \nOptions 'query' and 'partitionColumn' can not be specified together.\nPlease define the "
                         "query using `dbtable` option instead and make sure to qualify\nthe partition columns using the supplied "
                         "subquery alias to resolve any ambiguity.\nExample :\nspark.read.format(\"jdbc\")\n  .option(\"url\", jdbcUrl)\n"
                         "  .option(\"dbtable\", \"(select c1, c2 from t1) as subq\")\n  .option(\"partitionColumn\", \"c1\")\n"
                         "  .option(\"lowerBound\", \"1\")\n  .option(\"upperBound\", \"100\")\n  .option(\"numPartitions\", \"3\")\n"
                         "  .load()\n     ");
    return ST_OK;
}

static Status writing(const KeyValueList *options, JdbcOptions *o, Error *err)
{
    static const struct {
        const char *name;
        JdbcIsolation isolation;
    } levels[] = { { "NONE", ISOLATION_DEFAULT }, { "READ_UNCOMMITTED", ISOLATION_DEFAULT }, { "READ_COMMITTED", ISOLATION_READ_COMMITTED },
                   { "REPEATABLE_READ", ISOLATION_REPEATABLE_READ }, { "SERIALIZABLE", ISOLATION_SERIALIZABLE } };
    const char *level = option(options, "isolationLevel");
    int64_t size;
    bool known = !level;
    TRY(number(options, "batchsize", 1000, 1, "The minimum value is 1.", &size, err));
    TRY(flag(options, "truncate", false, &o->truncate, err));
    TRY(flag(options, "cascadeTruncate", false, &o->cascade, err));
    o->create_options = option(options, "createTableOptions");
    o->comment = option(options, "tableComment");
    for (size_t i = 0; level && i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(levels[i].name, level) != 0)
            continue;
        o->isolation = levels[i].isolation;
        known = true;
    }
    if (!known)
        return FAIL_CODE(err, ST_INVALID, "_LEGACY_ERROR_TEMP_2081",
                         "Invalid value `%s` for parameter `isolationLevel`. This can be `NONE`, `READ_UNCOMMITTED`, `READ_COMMITTED`, "
                         "`REPEATABLE_READ` or `SERIALIZABLE`.", level);
    return ST_OK;
}

static Status driver_class(Arena *a, const KeyValueList *options, Error *err)
{
    const char *name = option(options, "driver");
    if (!name || !strcmp(name, "org.postgresql.Driver"))
        return ST_OK;
    return unsupported(err, arena_printf(a, "the JDBC driver %s", name));
}

Status jdbc_options(Arena *a, const KeyValueList *options, JdbcOptions *ret_options, Error *err)
{
    JdbcOptions o = { .url = option(options, "url"), .init = option(options, "sessionInitStatement"), .prepare = "" };
    int64_t fetch;
    if (!o.url)
        return FAIL_CODE(err, ST_INVALID, "", "requirement failed: Option 'url' is required.");
    TRY(source_of(a, options, &o, err));
    TRY(driver_class(a, options, err));
    set_parameter(a, &o, "connect_timeout", "10");
    set_parameter(a, &o, "application_name", "weir");
    set_parameter(a, &o, "gssencmode", "disable");
    TRY(url(a, &o, err));
    for (size_t i = 0; options && i < options->len; i++)
        TRY(property(a, &o, options->at[i].key, options->at[i].value ? options->at[i].value : "", err));
    TRY(partitioning(options, &o, err));
    TRY(number(options, "fetchsize", 0, 0, "The minimum value is 0. When the value is 0, the JDBC driver ignores the value and does the estimates.",
               &fetch, err));
    TRY(number(options, "queryTimeout", 0, 0, "The minimum value is 0.", &o.timeout_s, err));
    TRY(flag(options, "pushDownPredicate", true, &o.push_predicate, err));
    TRY(flag(options, "preferTimestampNTZ", false, &o.prefer_ntz, err));
    const char *prepare = option(options, "prepareQuery");
    if (prepare)
        o.prepare = arena_printf(a, "%s ", prepare);
    TRY(writing(options, &o, err));
    *ret_options = o;
    return ST_OK;
}
