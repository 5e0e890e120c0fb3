"""Session variables, EXECUTE IMMEDIATE and IDENTIFIER() over constants; the answers are those of Spark 4.1.1."""
import pytest
from connect_fixtures import connect, spark, start_connect  # noqa: F401 (fixtures)
from pyspark.errors import PySparkException


def rows(spark, query):
    return [tuple(row) for row in spark.sql(query).collect()]


def condition(spark, query):
    with pytest.raises(PySparkException) as caught:
        spark.sql(query).collect()
    return caught.value.getCondition()


def test_variables_live_in_the_session(spark, connect):
    spark.sql("DECLARE x INT DEFAULT 7")
    spark.sql("DECLARE OR REPLACE VARIABLE s = 'a'")
    assert rows(spark, "SELECT x + 1, session.s, system.session.x") == [(8, "a", 7)]
    assert rows(spark, "SELECT x FROM VALUES (1), (2) AS t(x)") == [(1,), (2,)], "a column is nearer"
    spark.sql("SET VAR x = (SELECT max(id) FROM range(5)), s = s || 'b'")
    assert rows(spark, "SELECT x, s") == [(4, "ab")]
    spark.sql("SET VAR (s, x) = (SELECT 'q', id FROM range(3) WHERE id = 2)")
    assert rows(spark, "SELECT x, s") == [(2, "q")]
    spark.sql("SET VAR x = DEFAULT")
    assert rows(spark, "SELECT x") == [(7,)]
    assert condition(connect.session(), "SELECT x") == "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"
    spark.sql("DROP TEMPORARY VARIABLE x")
    assert condition(spark, "SELECT x") == "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"


@pytest.mark.parametrize("query,wanted", [
    ("DECLARE v INT", "VARIABLE_ALREADY_EXISTS"),
    ("DECLARE w, W INT", "DUPLICATE_VARIABLE_NAME_INSIDE_DECLARE"),
    ("DECLARE w INT DEFAULT (SELECT 1)", "INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION"),
    ("SET VAR v = 1, V = 2", "DUPLICATE_ASSIGNMENTS"),
    ("SET VAR nothing = 1", "UNRESOLVED_VARIABLE"),
    ("SET VAR (v) = (SELECT 1, 2)", "ASSIGNMENT_ARITY_MISMATCH"),
    ("SET VAR (v) = (SELECT id FROM range(2))", "ROW_SUBQUERY_TOO_MANY_ROWS"),
    ("SET VAR v = 'x'", "CAST_INVALID_INPUT"),
    ("SET v = 1", "UNSUPPORTED_FEATURE.SET_VARIABLE_USING_SET"),
    ("DROP TEMPORARY VARIABLE nothing", "VARIABLE_NOT_FOUND"),
    ("EXECUTE IMMEDIATE 1", "INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE"),
    ("EXECUTE IMMEDIATE 'SELECT :a' USING 1 AS a, 2 AS a", "EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES"),
    ("EXECUTE IMMEDIATE 'SELECT :a + ?' USING 1 AS a, 2", "INVALID_QUERY_MIXED_QUERY_PARAMETERS"),
    ("EXECUTE IMMEDIATE 'SET x=1' INTO v", "INVALID_STATEMENT_FOR_EXECUTE_INTO"),
    ("EXECUTE IMMEDIATE 'SELEC 1'", "PARSE_SYNTAX_ERROR"),
    ("SELECT * FROM IDENTIFIER((SELECT 't'))", "NOT_A_CONSTANT_STRING.NOT_CONSTANT"),
])
def test_what_is_refused(spark, query, wanted):
    spark.sql("DECLARE v INT DEFAULT 3")
    assert condition(spark, query) == wanted


def test_execute_immediate(spark):
    spark.sql("DECLARE a INT DEFAULT 2")
    spark.sql("DECLARE total BIGINT")
    spark.sql("DECLARE text = 'SELECT id FROM range(:n) WHERE id >= :a ORDER BY 1'")
    assert rows(spark, "EXECUTE IMMEDIATE text USING 4 AS n, a") == [(2,), (3,)]
    assert rows(spark, "EXECUTE IMMEDIATE 'SELECT ? || ?' USING 'x', 'y'") == [("xy",)]
    spark.sql("EXECUTE IMMEDIATE 'SELECT sum(id) FROM range(?)' INTO total USING 4")
    assert rows(spark, "SELECT total") == [(6,)]
    spark.sql("EXECUTE IMMEDIATE 'CREATE TEMP VIEW made AS SELECT 5 AS five'")
    assert rows(spark, "SELECT * FROM IDENTIFIER('ma' || 'de')") == [(5,)]


def test_identifier(spark):
    spark.range(2).createOrReplaceTempView("numbers")
    spark.sql("DECLARE tab = 'numbers'")
    spark.sql("DECLARE col = 'id'")
    assert rows(spark, "SELECT IDENTIFIER(upper('max'))(IDENTIFIER(col)) FROM IDENTIFIER(tab)") == [(1,)]
    assert [tuple(r) for r in spark.sql("SELECT IDENTIFIER(:p 'd') FROM IDENTIFIER(:t) ORDER BY 1", {"p": "i", "t": "numbers"}).collect()] == [(0,), (1,)]
