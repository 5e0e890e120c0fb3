/* tests/fuzz/sql_maker.c -- see sql_maker.h. */
#include "sql_maker.h"

#include "ir/signature.h"
#include "planning.h"

#include <ctype.h>
#include <string.h>

#define PICK(m, list) ((list)[maker_random((m), (uint32_t)(sizeof(list) / sizeof *(list)))])

static const char *const constants[] = {
    "0", "1", "-1", "2", "127", "128", "32768", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "1Y", "1S", "1L", "300Y", "1.5", "1.5D", "1.5F", "1BD", "0.000000000000000000000000000000000001", "99999999999999999999999999999999999999", "1e308", "1e-400",
    "1e3", "'a'", "''", "'1'", "'abc%_\\\\d+'", "'2013-01-01'", "'2013-01-01 12:00:00.123456'", "'12:34:56'", "'yyyy-MM-dd HH:mm:ss.SSS'", "'month'", "'YEAR'",
    "'a INT, b STRING'", "'$.a.b[0]'", "'{\"a\": 1}'", "'Europe/Berlin'", "'999,999.99'", "'S$9,999.00PR'", "'(a|b)+?[c-d]'", "'UTF-8'", "'\xc3\xa9\xe2\x82\xac'", "r'\\n'",
    "\"x\"", "X'00ff'", "X''", "true", "false", "NULL", "DATE'2013-01-01'", "DATE'0001-01-01'", "DATE'+294247-01-10'", "TIMESTAMP'2013-01-01 00:00:00'",
    "TIMESTAMP_NTZ'2013-01-01 00:00:00'", "TIMESTAMP'2013-01-01 00:00:00 Asia/Kolkata'", "TIME'12:00:00.123456'", "INTERVAL '1' DAY", "INTERVAL '1-2' YEAR TO MONTH",
    "INTERVAL '1 02:03:04.5' DAY TO SECOND", "INTERVAL 3 months 2 days", "INTERVAL '100' HOUR", "INTERVAL -1 microsecond", "array(1, 2, NULL)", "array()", "map('a', 1)", "map()",
    "named_struct('a', 1, 'b', 'x')", "struct(1, 'a')", "array(array(1))", "map(1, array('x'))", "current_date()", "now()", "parse_json('[1]')", "'a' COLLATE UNICODE_CI",
};
static const char *const types[] = {
    "INT", "BIGINT", "SMALLINT", "TINYINT", "FLOAT", "DOUBLE", "DECIMAL", "DECIMAL(38,38)", "DECIMAL(5,2)", "STRING", "CHAR(3)", "VARCHAR(2)", "BINARY", "BOOLEAN", "DATE", "TIMESTAMP",
    "TIMESTAMP_NTZ", "TIME", "TIME(0)", "VARIANT", "VOID", "INTERVAL", "INTERVAL YEAR", "INTERVAL MONTH", "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND", "INTERVAL MINUTE",
    "ARRAY<INT>", "ARRAY<STRING>", "MAP<STRING,INT>", "MAP<INT,ARRAY<DOUBLE>>", "STRUCT<a: INT, b: STRING>", "STRUCT<>", "STRING COLLATE UTF8_LCASE", "ARRAY<STRUCT<x: DATE>>",
};
static const char *const columns[] = {
    "i", "l", "sh", "b", "f", "d", "dec", "s", "bo", "dt", "ts", "ntz", "tm", "bin", "ym", "ds", "arr", "m", "st", "st.f", "st.g", "u", "t.i", "n.s", "v", "k", "a", "aos", "mom", "soa",
    "soa.q.r.s", "arr[0]", "m['a']", "aos.x", "aos[0].y", "`odd name`", "`d.ot`", "lc", "un", "ai", "c", "id", "year", "x", "y", "q.x", "var_i", "var_s", "session.var_d", "_metadata",
    "_metadata.file_path", "total", "r", "key", "value", "col",
};
static const char *const words[] = {
    "SELECT", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "ALL", "DISTINCT", "INTERSECT", "EXCEPT", "MINUS", "JOIN", "LEFT", "RIGHT", "FULL", "OUTER", "INNER",
    "CROSS", "SEMI", "ANTI", "LATERAL", "NATURAL", "USING", "ON", "WITH", "RECURSIVE", "AS", "VIEW", "EXPLODE", "PIVOT", "UNPIVOT", "FOR", "IN", "EXISTS", "NOT", "AND", "OR", "BETWEEN", "LIKE",
    "ILIKE", "RLIKE", "ESCAPE", "ANY", "SOME", "IS", "NULL", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "TRY_CAST", "::", "OVER", "PARTITION", "ROWS", "RANGE", "UNBOUNDED", "PRECEDING",
    "FOLLOWING", "CURRENT", "ROW", "WINDOW", "FILTER", "WITHIN", "IGNORE", "NULLS", "FIRST", "LAST", "ASC", "DESC", "SORT", "CLUSTER", "DISTRIBUTE", "TABLESAMPLE", "PERCENT", "BUCKET", "OUT",
    "OF", "REPEATABLE", "VALUES", "TABLE", "ROLLUP", "CUBE", "GROUPING", "SETS", "INTERVAL", "DAY", "MONTH", "YEAR", "TO", "SECOND", "IDENTIFIER", "|>", "EXTEND", "AGGREGATE", "SET", "DROP",
    "INSERT", "INTO", "OVERWRITE", "CREATE", "REPLACE", "TEMPORARY", "FUNCTION", "RETURNS", "RETURN", "DECLARE", "EXECUTE", "IMMEDIATE", "EXPLAIN", "DESCRIBE", "SHOW", "EXTRACT", "TRIM",
    "BOTH", "LEADING", "POSITION", "OVERLAY", "PLACING", "SUBSTRING", "COLLATE", "STRUCT", "ARRAY", "MAP", "DIV", "RESPECT", "MATERIALIZED", "INCLUDE", "NAME", "*", "(", ")", ",", ".", ";", "+",
    "-", "/", "%", "||", "&", "|", "^", "~", "!", "=", "<=>", "<>", "<", ">=", "->", "=>", ":", "[", "]", "?", ":p", "/*+ BROADCAST(t) */", "--\n", "/*", "*/", "EXCEPT (i)",
};
static const char *const operators[] = { "+", "-", "*", "/", "%", "DIV", "||", "&", "|", "^", "=", "<=>", "<>", "<", ">=", "AND", "OR", "LIKE", "RLIKE", "<<", ">>>" };
static const char *const tables[] = { "t", "n", "u", "nested", "col", "ch", "va", "part", "v1", "v2", "v3", "c", "spark_catalog.default.t", "circle", "nowhere" };

Maker maker_new(Arena *a, unsigned seed)
{
    return (Maker){ .a = a, .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1 };
}

uint32_t maker_random(Maker *m, uint32_t below)
{
    m->state ^= m->state << 13;
    m->state ^= m->state >> 7;
    m->state ^= m->state << 17;
    return (uint32_t)(m->state >> 33) % below;
}

static bool chance(Maker *m, uint32_t one_in)
{
    return maker_random(m, one_in) == 0;
}

const char *maker_word(Maker *m)
{
    switch (maker_random(m, 6)) {
    case 0: return PICK(m, constants);
    case 1: return PICK(m, columns);
    case 2: return PICK(m, tables);
    case 3: return PICK(m, types);
    case 4: return function_at(maker_random(m, (uint32_t)function_count()))->name;
    default: return PICK(m, words);
    }
}

/* ---- calls */

static const char *column_of(const Type *t)
{
    static const struct { TypeKind kind; const char *name; } named[] = {
        { TYPE_BOOLEAN, "bo" }, { TYPE_BYTE, "b" }, { TYPE_SHORT, "sh" }, { TYPE_INT, "i" }, { TYPE_LONG, "l" }, { TYPE_FLOAT, "f" }, { TYPE_DOUBLE, "d" }, { TYPE_DECIMAL, "dec" },
        { TYPE_STRING, "s" }, { TYPE_BINARY, "bin" }, { TYPE_DATE, "dt" }, { TYPE_TIMESTAMP, "ts" }, { TYPE_TIMESTAMP_NTZ, "ntz" }, { TYPE_TIME, "tm" },
        { TYPE_YEAR_MONTH_INTERVAL, "ym" }, { TYPE_DAY_TIME_INTERVAL, "ds" }, { TYPE_CALENDAR_INTERVAL, "make_interval(i)" }, { TYPE_VARIANT, "parse_json(s)" } };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i].kind == t->kind)
            return named[i].name;
    return "NULL";
}

static void argument(Maker *m, int depth, const Spec *spec, bool constant, Str *out);

static void lambda(Maker *m, int depth, const Spec *spec, Str *out)
{
    static const char *const names[] = { "x", "y", "z" };
    str_add(out, spec->nparams > 1 ? "(" : "");
    for (size_t i = 0; i < spec->nparams && i < 3; i++)
        str_addf(out, "%s%s", i ? ", " : "", names[i]);
    str_add(out, spec->nparams > 1 ? ") -> " : " -> ");
    if (chance(m, 2))
        str_add(out, spec->element && spec->element->kind == SPEC_TYPE && spec->element->type->kind == TYPE_BOOLEAN ? "x IS NOT NULL" : "x");
    else
        maker_expression(m, depth - 1, out);
}

static void argument(Maker *m, int depth, const Spec *spec, bool constant, Str *out)
{
    static const char *const of_class[] = { "s", "i", "l", "dec", "ds", "ym", "ds", "ts", "dt", "s", "dec", "st" };
    if (chance(m, 8) || !spec)
        maker_expression(m, depth - 1, out);
    else if (constant)
        str_add(out, PICK(m, constants));
    else if (spec->kind == SPEC_TYPE)
        str_add(out, column_of(spec->type));
    else if (spec->kind == SPEC_CLASS)
        str_add(out, of_class[spec->class]);
    else if (spec->kind == SPEC_ARRAY)
        str_add(out, chance(m, 2) ? "arr" : chance(m, 2) ? "array(i, 2, NULL)" : "split(s, ',')");
    else if (spec->kind == SPEC_MAP)
        str_add(out, chance(m, 2) ? "m" : "map(s, i)");
    else if (spec->kind == SPEC_LAMBDA)
        lambda(m, depth, spec, out);
    else
        str_add(out, PICK(m, columns));
}

static void window(Maker *m, int depth, Str *out)
{
    static const char *const frames[] = { "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", " RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                                          " RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW", " ROWS 2 PRECEDING" };
    str_add(out, chance(m, 3) ? " OVER (" : " OVER (PARTITION BY ");
    if (out->data[out->len - 1] != '(')
        maker_expression(m, depth - 1, out);
    if (!chance(m, 3)) {
        str_add(out, " ORDER BY ");
        maker_expression(m, depth - 1, out);
        str_add(out, chance(m, 2) ? "" : " DESC NULLS FIRST");
    }
    str_addf(out, "%s)", PICK(m, frames));
}

static bool is_word(const char *name)
{
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static void call(Maker *m, int depth, Str *out)
{
    const FunctionRow *row = function_at(maker_random(m, (uint32_t)function_count()));
    while (!is_word(row->name))
        row = function_at(maker_random(m, (uint32_t)function_count()));
    const Signature *s = signature_of(row);
    size_t most = s->most > s->least + 3 ? s->least + 3 : s->most, n = s->least + maker_random(m, (uint32_t)(most - s->least) + 1);
    str_addf(out, "%s(%s", row->name, row->kind == FN_AGGREGATE && chance(m, 5) ? "DISTINCT " : "");
    for (size_t i = 0; i < n; i++) {
        const Param *p = s->nparams ? &s->params[i < s->nparams ? i : s->nparams - 1] : NULL;
        const Spec *spec = p && p->nalternatives ? &p->alternatives[maker_random(m, (uint32_t)p->nalternatives)] : NULL;
        str_add(out, i ? ", " : "");
        if (p && p->name && chance(m, 12))
            str_addf(out, "%s => ", p->name);
        argument(m, depth, spec, p && p->constant, out);
    }
    str_add(out, ")");
    if (row->kind == FN_AGGREGATE && chance(m, 6)) {
        str_add(out, " FILTER (WHERE ");
        maker_expression(m, depth - 1, out);
        str_add(out, ")");
    }
    if (row->kind == FN_WINDOW || (row->kind == FN_AGGREGATE && chance(m, 3)))
        window(m, depth, out);
}

/* ---- expressions */

static void binary(Maker *m, int depth, const char *operator, Str *out)
{
    str_add(out, "(");
    maker_expression(m, depth - 1, out);
    str_addf(out, " %s ", operator);
    maker_expression(m, depth - 1, out);
    str_add(out, ")");
}

/* Each `%` of the form is an expression, `@` a type, `$` a query. */
static void form(Maker *m, int depth, const char *text, Str *out)
{
    for (; *text; text++) {
        if (*text == '%')
            maker_expression(m, depth - 1, out);
        else if (*text == '@')
            str_add(out, PICK(m, types));
        else if (*text == '$')
            maker_query(m, depth - 1, out);
        else if (*text == '#')
            maker_relation(m, depth - 1, out);
        else
            str_addc(out, *text);
    }
}

void maker_expression(Maker *m, int depth, Str *out)
{
    static const char *const forms[] = {
        "CAST(% AS @)", "try_cast(% AS @)", "(%)::@", "CASE WHEN % THEN % ELSE % END", "CASE % WHEN % THEN % END", "(% IN (%, %))", "(% NOT IN ($))", "EXISTS ($)", "($)", "(% BETWEEN % AND %)",
        "(% IS NULL)", "(% IS DISTINCT FROM %)", "(NOT %)", "(-%)", "%[%]", "(% LIKE % ESCAPE '/')", "(% ILIKE ANY (%, %))", "(% COLLATE UNICODE_CI)", "extract(YEAR FROM %)", "array(%, %)", "map(%, %)",
        "named_struct('p', %, 'q', %)", "struct(%, % AS z)", "transform(%, x -> %)", "aggregate(%, %, (x, y) -> %)", "IF(%, %, %)", "coalesce(%, %)", "% AS x", "IDENTIFIER('s')", "trim(BOTH % FROM %)",
        "(%, %) IN (SELECT i, l FROM t)", "plus(%)", "plus(y => %, x => %)", "looked(%)", "py(%, %)", "again(%)", "raise_error(%)", "grouping(%)", "(% > ALL ($))", "timestampadd(DAY, %, %)", "%:a.b[0]",
    };
    const char *fragment = chance(m, 2) ? m->fragment_a : m->fragment_b;
    if (fragment && chance(m, 6))
        str_add(out, fragment);
    else if (depth <= 0 || out->len > 4000)
        str_add(out, chance(m, 3) ? PICK(m, constants) : PICK(m, columns));
    else if (chance(m, 2))
        call(m, depth, out);
    else if (chance(m, 3))
        binary(m, depth, PICK(m, operators), out);
    else
        form(m, depth, PICK(m, forms), out);
}

/* ---- relations */

void maker_relation(Maker *m, int depth, Str *out)
{
    static const char *const forms[] = {
        "($)", "($) q", "($) AS q(x, y)", "# JOIN # ON %", "# LEFT JOIN # USING (i)", "# NATURAL JOIN #", "# CROSS JOIN LATERAL ($)", "# FULL OUTER JOIN # ON %", "# LEFT SEMI JOIN # ON %",
        "# LEFT ANTI JOIN # ON %", "#, #", "#, LATERAL explode(arr)", "# LATERAL VIEW explode(%) e AS x", "# LATERAL VIEW OUTER posexplode(%) e AS x, y", "range(%)", "range(1, %, 2)", "explode(%)",
        "VALUES (%, %), (%, %) AS q(x, y)", "stack(2, %, %, %, %)", "inline(%)", "# TABLESAMPLE (10 PERCENT)", "# PIVOT (sum(%) FOR i IN (1, 2 AS two))", "# PIVOT (max(i) AS a, min(%) FOR (i, l) IN ((1, 2)))",
        "# UNPIVOT (v FOR k IN (i, l AS big))", "# UNPIVOT INCLUDE NULLS ((x, y) FOR k IN ((i, l), (sh, b)))", "rows_of(%)", "rows_of(m => %, n => 2) AS q", "TABLE(#)", "IDENTIFIER('t')", "parquet.`/data/x`",
        "t TIMESTAMP AS OF %", "(FROM t SELECT %)", "variant_explode(parse_json(%))", "json_tuple(%, 'a', 'b')",
    };
    if (depth <= 0 || out->len > 4000 || chance(m, 2))
        str_add(out, PICK(m, tables));
    else
        form(m, depth, PICK(m, forms), out);
}

void maker_query(Maker *m, int depth, Str *out)
{
    static const char *const forms[] = {
        "SELECT % FROM #", "SELECT * FROM # WHERE %", "SELECT DISTINCT %, % FROM #", "SELECT %, count(*) FROM # GROUP BY %", "SELECT %, sum(%) FROM # GROUP BY ALL", "SELECT % FROM # GROUP BY % HAVING %",
        "SELECT %, %, grouping_id() FROM # GROUP BY ROLLUP(%, %)", "SELECT % FROM # GROUP BY GROUPING SETS ((%), (%, %), ())", "SELECT % FROM # GROUP BY CUBE(%, %)", "SELECT * EXCEPT (i) FROM #",
        "SELECT % AS x, x + 1 AS y FROM #", "SELECT % FROM # ORDER BY %", "SELECT % FROM # ORDER BY ALL LIMIT 3 OFFSET 1", "SELECT % FROM # SORT BY % LIMIT %", "SELECT % FROM # DISTRIBUTE BY %", "$ UNION ALL $",
        "$ UNION $", "$ INTERSECT $", "$ EXCEPT ALL $", "$ UNION BY NAME $", "WITH c AS ($) SELECT * FROM c", "WITH c(x, y) AS ($), e AS (SELECT * FROM c) SELECT % FROM e, c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT % FROM c", "FROM # SELECT %", "FROM # |> WHERE % |> SELECT %", "FROM # |> AGGREGATE % AS x GROUP BY % |> ORDER BY x",
        "FROM # |> EXTEND % AS x |> SET x = % |> DROP x", "FROM # |> JOIN # ON % |> LIMIT 2", "SELECT % FROM # WINDOW w AS (PARTITION BY % ORDER BY %)", "SELECT sum(%) OVER w FROM # WINDOW w AS (ORDER BY %)",
        "SELECT /*+ BROADCAST(t) */ % FROM #", "SELECT TRANSFORM(%) USING 'cat' FROM #", "SELECT `(i)?+.+` FROM #", "SELECT explode(%), % FROM #", "SELECT st.*, % FROM #", "SELECT % WHERE EXISTS ($)", "VALUES (%), (%)",
        "TABLE t", "SELECT % FROM # WHERE % IN ($)", "SELECT (SELECT max(%) FROM # WHERE % = t.i) FROM t", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY %) FROM #", "SELECT listagg(%, ',') WITHIN GROUP (ORDER BY %) FROM #",
        "SELECT window(ts, '1 hour'), count(*) FROM t GROUP BY window(ts, '1 hour')", "SELECT session_window(ts, '5 minutes'), sum(%) FROM # GROUP BY session_window(ts, '5 minutes')",
    };
    form(m, depth, depth <= 0 || out->len > 4000 ? "SELECT % FROM #" : PICK(m, forms), out);
}

void maker_statement(Maker *m, Str *out)
{
    static const char *const forms[] = {
        "INSERT INTO u $", "INSERT OVERWRITE part PARTITION (year = 1, month) $", "INSERT INTO u BY NAME $", "CREATE TABLE z USING parquet PARTITIONED BY (x) AS $", "CREATE OR REPLACE TEMP VIEW z AS $",
        "CREATE TABLE z (a @, b @ DEFAULT %) USING csv OPTIONS (header true)", "EXPLAIN EXTENDED $", "DESCRIBE QUERY $", "CACHE TABLE z AS $", "DELETE FROM u WHERE %", "UPDATE u SET i = %, v = % WHERE %",
        "MERGE INTO u USING # ON % WHEN MATCHED AND % THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *", "CREATE FUNCTION z(a @, b @ DEFAULT %) RETURNS @ RETURN %", "CREATE FUNCTION z(a @) RETURNS TABLE RETURN $",
        "DECLARE VARIABLE z @ DEFAULT %", "SET VAR var_i = ($)", "ALTER TABLE u ADD COLUMNS (z @ COMMENT 'c' AFTER i)", "FROM # INSERT INTO u SELECT % INSERT INTO u SELECT %",
        "BEGIN DECLARE z @ DEFAULT %; IF % THEN SELECT z; END IF; WHILE % DO $; END WHILE; END", "EXECUTE IMMEDIATE % USING %", "INSERT OVERWRITE DIRECTORY '/x' USING json $", "TRUNCATE TABLE part PARTITION (year = %)",
    };
    if (chance(m, 4))
        form(m, 3, PICK(m, forms), out);
    else
        maker_query(m, 2 + (int)maker_random(m, 3), out);
}
