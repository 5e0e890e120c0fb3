"""The real PySpark client against `weir connect`: configuration, DataFrames, SQL, errors."""
import datetime
import decimal

import pandas as pd
import pytest
from connect_fixtures import connect, spark, start_connect  # noqa: F401 (fixtures)
from pyspark.errors import (AnalysisException, ArithmeticException, ArrayIndexOutOfBoundsException, DateTimeException, IllegalArgumentException, NumberFormatException,
                            ParseException, SparkNoSuchElementException, UnsupportedOperationException)
from pyspark.sql import Row, Window
from pyspark.sql import functions as F


def test_version_and_configuration(spark):
    assert spark.version == "4.1.1"
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "5"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    assert spark.conf.get("no.such.key", "fallback") == "fallback"
    assert spark.conf.isModifiable("spark.sql.shuffle.partitions") and not spark.conf.isModifiable("spark.sql.warehouse.dir")
    with pytest.raises(AnalysisException) as e:
        spark.conf.set("spark.sql.warehouse.dir", "/x")
    assert e.value.getCondition() == "CANNOT_MODIFY_STATIC_CONFIG"
    with pytest.raises(SparkNoSuchElementException) as e:
        spark.conf.get("no.such.key")
    assert e.value.getCondition() == "SQL_CONF_NOT_FOUND"
    with pytest.raises(IllegalArgumentException):
        spark.conf.set("spark.sql.session.timeZone", "Nowhere/Land")


def test_sessions_do_not_see_each_other(connect, spark):
    other = connect.session()
    spark.range(3).createOrReplaceTempView("mine")
    spark.conf.set("spark.sql.shuffle.partitions", "9")
    assert other.conf.get("spark.sql.shuffle.partitions") == "200"
    with pytest.raises(AnalysisException):
        other.table("mine").count()
    spark.range(4).createOrReplaceGlobalTempView("ours")
    assert other.table("global_temp.ours").count() == 4
    other.client.release_session()


def test_range_select_filter_aggregate_join_window(spark):
    df = spark.range(10)
    assert df.count() == 10 and df.filter("id > 5").count() == 4
    assert df.select((F.col("id") * 2).alias("x")).limit(2).collect() == [Row(x=0), Row(x=2)]
    sums = df.groupBy((F.col("id") % 3).alias("k")).agg(F.sum("id").alias("s"), F.count("*").alias("n")).orderBy("k")
    assert sums.collect() == [Row(k=0, s=18, n=4), Row(k=1, s=12, n=3), Row(k=2, s=15, n=3)]
    other = spark.range(5).withColumn("y", F.col("id") + 1)
    assert df.join(other, "id").orderBy(F.desc("id")).first() == Row(id=4, y=5)
    assert df.join(other, df.id == other.id, "left_anti").count() == 5
    window = Window.partitionBy(F.col("id") % 2).orderBy(F.desc("id"))
    assert df.withColumn("r", F.row_number().over(window)).filter("r = 1").orderBy("id").collect() == [Row(id=8, r=1), Row(id=9, r=1)]


def test_heads_and_tails(spark):
    df = spark.range(10)
    assert df.first() == Row(id=0) and df.take(2) == [Row(id=0), Row(id=1)] and df.head(1) == [Row(id=0)]
    assert df.tail(2) == [Row(id=8), Row(id=9)]
    assert [r.id for r in df.toLocalIterator()] == list(range(10))
    assert not df.isEmpty() and df.filter("id < 0").isEmpty()
    assert df.select().count() == 10


def test_local_data(spark):
    rows = [Row(i=1, s="a", d=2.5), Row(i=2, s=None, d=None)]
    assert spark.createDataFrame(rows).collect() == rows
    pdf = pd.DataFrame({"a": [1, 2], "b": ["x", None], "t": pd.to_datetime(["2020-01-01 00:00:00", "2020-07-02 03:04:05"])})
    df = spark.createDataFrame(pdf)
    assert df.dtypes == [("a", "bigint"), ("b", "string"), ("t", "timestamp")]
    pd.testing.assert_frame_equal(df.toPandas(), pdf)
    assert spark.createDataFrame([], "a int, b array<string>").schema.simpleString() == "struct<a:int,b:array<string>>"
    big = pd.DataFrame({"n": range(300000), "s": ["x" * 20] * 300000})  # uploaded in chunks
    assert spark.createDataFrame(big).agg(F.sum("n"), F.count("s")).first() == (44999850000, 300000)


def test_values_of_every_type_come_back(spark):
    row = spark.sql("""select 1Y y, 1S s, 1 i, 1L l, 1.5f f, 1.5d d, 1.50bd b, true t, 'x' c, x'0102' x, date'2020-02-29' da,
        timestamp'2020-01-01 01:02:03.123456' ts, array(1, null) a, map('k', 1) m, named_struct('p', 1, 'q', 'z') st,
        interval '1 02:03:04' day to second dt, cast(null as int) n""").first()
    assert row == Row(y=1, s=1, i=1, l=1, f=1.5, d=1.5, b=decimal.Decimal("1.50"), t=True, c="x", x=b"\x01\x02",
                      da=datetime.date(2020, 2, 29), ts=datetime.datetime(2020, 1, 1, 1, 2, 3, 123456), a=[1, None],
                      m={"k": 1}, st=Row(p=1, q="z"), dt=datetime.timedelta(days=1, hours=2, minutes=3, seconds=4), n=None)


def test_show_prints_as_spark_does(spark, capsys):
    df = spark.createDataFrame([("abcdefghijklmnopqrstuvwxyz", [1, 2], 1.5), (None, None, None)], ["long one", "y", "z"])
    df.show()
    assert capsys.readouterr().out == (
        "+--------------------+------+----+\n"
        "|            long one|     y|   z|\n"
        "+--------------------+------+----+\n"
        "|abcdefghijklmnopq...|[1, 2]| 1.5|\n"
        "|                NULL|  NULL|NULL|\n"
        "+--------------------+------+----+\n\n")
    df.show(1, truncate=False)
    assert capsys.readouterr().out == (
        "+--------------------------+------+---+\n"
        "|long one                  |y     |z  |\n"
        "+--------------------------+------+---+\n"
        "|abcdefghijklmnopqrstuvwxyz|[1, 2]|1.5|\n"
        "+--------------------------+------+---+\n"
        "only showing top 1 row\n\n")
    spark.range(1).show(vertical=True)
    assert capsys.readouterr().out == "-RECORD 0--\n id  | 0   \n\n"
    spark.sql("select 'a\tb' x, '\u6f22' y").show()
    assert "|a\\tb| \u6f22|" in capsys.readouterr().out
    df.printSchema()
    assert " |-- y: array (nullable = true)\n |    |-- element: long (containsNull = true)\n" in capsys.readouterr().out


def test_sql_views_and_arguments(spark):
    spark.range(10).createOrReplaceTempView("v")
    assert spark.sql("select count(*) c from v where id > :low", {"low": 6}).first().c == 3
    assert spark.sql("select ? + 1 x", [4]).first().x == 5
    df = spark.range(3)
    assert spark.sql("select max(id) m from {df}", df=df).first().m == 2
    assert spark.catalog.tableExists("v") and [t.name for t in spark.catalog.listTables()] == ["v"]
    assert spark.catalog.dropTempView("v") and not spark.catalog.tableExists("v")
    with pytest.raises(AnalysisException) as e:
        spark.table("v").collect()
    assert e.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    df.createTempView("w")
    with pytest.raises(AnalysisException) as e:
        df.createTempView("w")
    assert e.value.getCondition() == "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"


def test_errors_are_sparks(spark):
    with pytest.raises(AnalysisException) as e:
        spark.range(1).select("nope").collect()
    assert e.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION" and e.value.getSqlState() == "42703"
    assert e.value.getMessageParameters()["objectName"] == "`nope`"
    assert str(e.value).startswith("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `nope`")
    with pytest.raises(ParseException) as e:
        spark.sql("selec 1")
    assert e.value.getCondition() == "PARSE_SYNTAX_ERROR"
    assert str(e.value).strip().endswith("== SQL ==\nselec 1\n^^^")
    with pytest.raises(ArithmeticException) as e:
        spark.sql("select 1 / 0").collect()
    assert e.value.getCondition() == "DIVIDE_BY_ZERO"
    with pytest.raises(NumberFormatException) as e:
        spark.sql("select cast('x' as int)").collect()
    assert e.value.getCondition() == "CAST_INVALID_INPUT"
    with pytest.raises(UnsupportedOperationException) as e:
        spark.readStream.format("rate").load().schema
    assert "is_streaming" in str(e.value)
    assert spark.range(2).count() == 2  # the session goes on


@pytest.mark.parametrize("text, condition, fragment", [
    ("SELECT 1 + 5 / 0 AS x", "DIVIDE_BY_ZERO", "5 / 0"),
    ("SELECT mod(7, 2), mod(7, 0)", "REMAINDER_BY_ZERO", "mod(7, 0)"),
    ("SELECT 2 > '1.0'", "CAST_INVALID_INPUT", "2 > '1.0'"),
    ("SELECT id, CAST('a' AS INT), CAST('2' AS INT) FROM range(3)", "CAST_INVALID_INPUT", "CAST('a' AS INT)"),
    ("SELECT id,\n 2147483647 + CAST(id AS INT) FROM range(3)", "ARITHMETIC_OVERFLOW", "2147483647 + CAST(id AS INT)"),
    ("SELECT array(1, 2)[5]", "INVALID_ARRAY_INDEX", "array(1, 2)[5]"),
    ("SELECT id / (id - 1), id / (id - 2) FROM range(3)", "DIVIDE_BY_ZERO", None),  # one of two: not said
    ("SELECT a FROM halves", "DIVIDE_BY_ZERO", None),  # the place is in the view's text
])
def test_runtime_errors_say_where(spark, text, condition, fragment):
    spark.sql("CREATE OR REPLACE TEMPORARY VIEW halves AS SELECT 1 / (id - 1) AS a FROM range(2)")
    with pytest.raises((ArithmeticException, NumberFormatException, ArrayIndexOutOfBoundsException)) as e:
        spark.sql(text).collect()
    assert e.value.getCondition() == condition
    contexts = e.value.getQueryContext()
    assert [c.fragment() for c in contexts] == ([fragment] if fragment else [])
    if fragment:
        assert text[contexts[0].startIndex():contexts[0].stopIndex() + 1] == fragment
        assert "== SQL (line " in str(e.value)


@pytest.mark.parametrize("text, pattern, why", [
    ("2019-10-06 10:11:12.", "yyyy-MM-dd HH:mm:ss.SSSSSS[zzz]", "Text '2019-10-06 10:11:12.' could not be parsed at index 20"),
    ("123", "yy", "Text '123' could not be parsed, unparsed text found at index 2"),
    ("02-29", "MM-dd", "Invalid date 'February 29' as '1970' is not a leap year"),
    ("2020-11-31-366", "yyyy-MM-dd-DDD", "Text '2020-11-31-366' could not be parsed: Invalid date 'NOVEMBER 31'"),
    ("2020-10-350", "yyyy-MM-DDD",
     "Text '2020-10-350' could not be parsed: Conflict found: Field MonthOfYear 12 differs from MonthOfYear 10 derived from 2020-12-15"),
])
def test_times_that_do_not_parse(spark, text, pattern, why):
    with pytest.raises(DateTimeException) as e:
        spark.sql("SELECT to_timestamp(?, ?)", [text, pattern]).collect()
    assert e.value.getMessageParameters() == {"message": why, "func": "`try_to_timestamp`"}


def test_a_time_alone_is_of_today(spark):
    row = spark.sql("""SELECT CAST(CAST('10:00' AS TIMESTAMP) AS DATE) - current_date() AS here,
                       to_timestamp('T10:00:01.5') AS t, CAST('10:00:00 Pacific/Kiritimati' AS TIMESTAMP) AS far, now() AS now""").first()
    assert abs(row.here.days) <= 1 and row.t.time() == datetime.time(10, 0, 1, 500000)
    assert abs(row.far - row.now) < datetime.timedelta(days=2)


def test_analysis_without_running(spark):
    df = spark.range(3).filter("id > 1")
    assert df.schema.simpleString() == "struct<id:bigint>" and df.columns == ["id"]
    assert df.sameSemantics(spark.range(3).filter("id > 1")) and not df.sameSemantics(spark.range(3))
    assert df.semanticHash() == spark.range(3).filter("id > 1").semanticHash()
    assert not df.isStreaming and df.inputFiles() == []
    assert "Filter" in df._explain_string()
    df.cache()
    assert df.storageLevel.useMemory
    df.unpersist()
    assert not df.storageLevel.useMemory


def test_artifacts_are_kept(spark, tmp_path):
    module = tmp_path / "helper.py"
    module.write_text("answer = 42\n")
    spark.addArtifact(str(module), pyfile=True)
    spark.addArtifact(str(module), pyfile=True)  # the same again is fine
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 3_000_000)  # in chunks
    spark.addArtifact(str(big), file=True)
    module.write_text("answer = 43\n")
    with pytest.raises(Exception) as e:
        spark.addArtifact(str(module), pyfile=True)
    assert "ARTIFACT_ALREADY_EXISTS" in str(e.value)


def test_time_windows(spark):
    df = spark.createDataFrame([("2020-01-01 10:20:00", 1), ("2020-01-01 10:50:00", 2), (None, 3)], "t string, v int").withColumn("ts", F.to_timestamp("t"))
    hours = df.groupBy(F.window("ts", "1 hour")).agg(F.sum("v").alias("s")).select(F.date_format("window.start", "HH:mm"), F.date_format("window.end", "HH:mm"), "s")
    assert [tuple(row) for row in hours.collect()] == [("10:00", "11:00", 3)]
    assert df.withColumn("w", F.window("ts", "10 minutes")).count() == 2
    assert df.groupBy(F.window("ts", "1 hour", "30 minutes").alias("w")).count().agg(F.sum("count")).collect()[0][0] == 4


def test_fields_without_a_name_are_refused(spark):
    assert spark.range(2).toDF("").collect() == [(0,), (1,)]
    for frame in (spark.range(2).toDF("").summary("count"), spark.sql("SELECT named_struct('', 1)")):
        with pytest.raises(Exception, match="UNSUPPORTED_FEATURE.*whose name is empty"):
            frame.collect()


def test_fields_whose_names_differ_in_case_only_are_refused(spark):
    """The engine would take the first for both."""
    spark.conf.set("spark.sql.caseSensitive", "true")
    assert spark.sql("SELECT A, a FROM VALUES (1, 2) AS t(a, A)").collect() == [(2, 1)]
    for query in ("""SELECT from_json('{"a":1,"A":2}', 'a INT, A INT').A""", "SELECT map('k', array(named_struct('a', id, 'A', id + 1))) FROM range(2)"):
        with pytest.raises(Exception, match="UNSUPPORTED_FEATURE.*differ in case"):
            spark.sql(query).collect()
