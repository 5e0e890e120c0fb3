"""The lasting catalog, with the real PySpark client: tables that outlive their application, partitions, writers, spark.catalog."""
import sqlite3
import subprocess
import sys

import pytest
from connect_fixtures import Connect, connect, spark, start_connect  # noqa: F401 (fixtures)
from pyspark.errors import AnalysisException
from pyspark.sql import Row
from pyspark.sql import functions as F

from conftest import WEIR


def sql(home, text):
    done = subprocess.run([WEIR, "spark-sql", "--home", str(home), "-e", text], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def condition(call):
    with pytest.raises(AnalysisException) as e:
        call()
    return e.value.getCondition()


def test_values_are_printed_as_spark_sql_prints_them(tmp_path):
    """What bin/spark-sql of Spark 4.1.1 prints for the same queries (HiveResult)."""
    answers = sql(tmp_path, """select array(1, null), named_struct('a', 'x', 'b', null), map('b', 1, 'a', 2), array('a"b', null), X'6162', null;
        select interval '-1 02:03:04.5' day to second, interval '-1-2' year to month, array(interval '1' day), make_interval(1, 2, 3), array(1.5D, 1e10D);
        select named_struct('d', 1.50, 't', date'2020-01-01', 'm', map(1, array(X'6162'))), array(parse_json('{"a":null}')), array(named_struct()), map()""")
    assert answers == ["[1,null]\t{\"a\":\"x\",\"b\":null}\t{\"a\":2,\"b\":1}\t[\"a\"b\",null]\tab\tNULL",
                       "-1 02:03:04.500000000\t-1-2\t[1 00:00:00.000000000]\t1 years 2 months 21 days\t[1.5,1.0E10]",
                       "{\"d\":1.50,\"t\":2020-01-01,\"m\":{1:[ab]}}\t[{\"a\":null}]\t[{}]\t{}"]


def test_tables_outlive_their_application(tmp_path):
    sql(tmp_path, """create database shop comment 'goods'; use shop;
        create table sales (id int, note char(4) comment 'short', day date) using parquet partitioned by (day) comment 'all sales';
        insert into sales values (1, 'a', date '2024-01-01'), (2, 'b', date '2024-01-02');
        create view late (n comment 'number') as select id from sales where day > '2024-01-01';
        create function twice(x int) returns int return x * 2""")
    assert sql(tmp_path, "select * from shop.sales order by id") == ["1\ta   \t2024-01-01", "2\tb   \t2024-01-02"]
    assert sql(tmp_path, "use shop; select twice(n) from late") == ["4"]
    assert sql(tmp_path, "show partitions shop.sales") == ["day=2024-01-01", "day=2024-01-02"]
    described = sql(tmp_path, "describe extended shop.sales")
    assert "note\tchar(4)\tshort" in described and "Comment\tall sales\t" in described
    assert "n\tint\tnumber" in sql(tmp_path, "describe shop.late")
    sql(tmp_path, "drop database shop cascade")
    assert sql(tmp_path, "show databases") == ["default"]
    assert not (tmp_path / "warehouse/shop.db").exists()


def test_a_killed_application_leaves_what_was_acknowledged(tmp_path):
    running = Connect(tmp_path / "home")
    client = ("from pyspark.sql import SparkSession\nimport os\n"  # of its own: its sessions would wait for the dead server
              f"spark = SparkSession.builder.remote('{running.remote}').getOrCreate()\n"
              "spark.range(1000).write.saveAsTable('kept')\nos._exit(0)\n")
    subprocess.run([sys.executable, "-c", client], check=True, timeout=120)
    running.process.kill()
    running.process.wait()
    running.process.stdout.close()
    assert sql(tmp_path / "home", "select count(*), sum(id) from kept") == ["1000\t499500"]


def test_documents_are_those_of_hive_and_glue(tmp_path):
    sql(tmp_path, "create table t (a int, b string) using parquet partitioned by (b) tblproperties ('k' = 'v')")
    db = sqlite3.connect(tmp_path / "control.db")
    text = " ".join(str(value) for (name,) in db.execute("select name from sqlite_master where type = 'table' and name like '%table%'")
                    for row in db.execute(f"select * from {name}") for value in row)
    for part in ('ParquetHiveSerDe', 'MapredParquetInputFormat', 'spark.sql.sources.provider', '"k":"v"', '"Name":"a","Type":"int"'):
        assert part in text, part


def test_partitions_are_what_the_catalog_says(spark, tmp_path):
    spark.sql("create database parts")
    spark.sql("use parts")
    spark.sql("create table p (v int, k string, n int) using parquet partitioned by (k, n)")
    spark.sql("insert into p partition (k = 'a', n = '01') values (1), (2)")
    spark.sql("insert into p partition (k = 'a', n) values (3, 2)")
    spark.sql("insert into p partition (k, n) select 4, 'b', 3")
    assert [r.partition for r in spark.sql("show partitions p").collect()] == ["k=a/n=1", "k=a/n=2", "k=b/n=3"]
    spark.sql("insert overwrite p partition (k = 'a', n) values (5, 9)")  # static: all of k=a goes
    assert [r.partition for r in spark.sql("show partitions p").collect()] == ["k=a/n=9", "k=b/n=3"]
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    spark.sql("insert overwrite p select 6, 'b', 3")
    assert sorted(map(tuple, spark.table("p").collect())) == [(5, "a", 9), (6, "b", 3)]
    spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    spark.sql("insert overwrite p partition (k = 'a', n = 9) select 1 where false")  # emptied, still there
    assert spark.table("p").count() == 1 and spark.sql("show partitions p").count() == 2
    assert condition(lambda: spark.sql("alter table p add partition (k = 'b', n = 3)")) == "PARTITIONS_ALREADY_EXIST"
    assert condition(lambda: spark.sql("alter table p drop partition (k = 'zz')")) == "PARTITIONS_NOT_FOUND"
    assert condition(lambda: spark.sql("insert into p partition (v = 1) values (1)")) == "NON_PARTITION_COLUMN"
    spark.sql("alter table p drop partition (k = 'b')")
    assert spark.table("p").count() == 0
    # files that nobody registered are not there until the table is repaired
    location = [r.data_type for r in spark.sql("describe extended p").collect() if r.col_name == "Location"][0]
    spark.range(3).select(F.col("id").cast("int").alias("v")).write.parquet(f"{location}/k=c/n=1")
    assert spark.table("p").count() == 0
    spark.sql("msck repair table p")
    assert spark.table("p").where("k = 'c'").count() == 3
    spark.sql("truncate table p partition (k = 'c', n = 1)")
    assert spark.table("p").count() == 0
    spark.sql("use default")
    spark.sql("drop database parts cascade")


def test_values_are_stored_as_spark_stores_them(spark):
    spark.sql("create table st (i int default 7, s string default 'none', c char(3), v varchar(2)) using parquet")
    spark.sql("insert into st (c) values ('x')")
    spark.sql("insert into st values (default, default, 'abc  ', 'ab')")
    spark.sql("insert into st by name select 'q' as s, 1L as i")
    assert [tuple(r) for r in spark.sql("select * from st order by i, c").collect()] == [
        (1, "q", None, None), (7, "none", "abc", "ab"), (7, "none", "x  ", None)]
    assert condition(lambda: spark.sql("insert into st select 'a', 'b', 'c', 'd'")) == "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST"
    assert condition(lambda: spark.sql("insert into st values (1)")) == "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
    assert condition(lambda: spark.sql("insert into st by name select 1 as nope")) == "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS"
    for text, expected in (("insert into st (i) values (3000000000)", "CAST_OVERFLOW_IN_TABLE_INSERT"),
                           ("insert into st (v) values ('abc')", "EXCEED_LIMIT_LENGTH"),
                           ("delete from st where i = 1", "UNSUPPORTED_FEATURE.TABLE_OPERATION")):
        with pytest.raises(Exception) as e:
            spark.sql(text)
        assert e.value.getCondition() == expected
    assert spark.table("st").count() == 3
    assert condition(lambda: spark.sql("create table bad (a int default 'x')")) == "INVALID_DEFAULT_VALUE.DATA_TYPE"
    assert condition(lambda: spark.sql("insert overwrite st select * from st")) == "UNSUPPORTED_OVERWRITE.TABLE"
    spark.sql("drop table st")


def test_views_keep_their_columns(spark):
    spark.sql("create table base (a int, b string) using parquet")
    spark.sql("insert into base values (1, 'x')")
    spark.sql("create view vw (one comment 'first', two) comment 'a view' as select a, b from base")
    assert spark.table("vw").columns == ["one", "two"]
    spark.sql("alter table base add columns (c int)")
    spark.sql("create or replace view star as select * from base")
    spark.sql("alter table base add columns (d int)")
    assert spark.table("star").columns == ["a", "b", "c"]
    assert condition(lambda: spark.sql("create or replace view vw as select * from vw")) == "RECURSIVE_VIEW"
    spark.range(1).createOrReplaceTempView("tmp")
    assert condition(lambda: spark.sql("create view over_tmp as select * from tmp")) == "INVALID_TEMP_OBJ_REFERENCE"
    spark.table("tmp").withColumn("x", F.lit(1)).createOrReplaceTempView("tmp")  # the new one stands on the old one
    assert spark.table("tmp").collect() == [Row(id=0, x=1)]
    for name in ("vw", "star"):
        spark.sql(f"drop view {name}")
    spark.sql("drop table base")


def test_sql_functions(spark):
    spark.sql("create or replace temporary function area(w double, h double default 2) returns double return w * h")
    assert spark.sql("select area(3), area(3, 4)").collect()[0][:] == (6.0, 12.0)
    spark.sql("create or replace function evens(n int) returns table (e bigint) return select id from range(10) where id % 2 = 0 and id < n")
    assert [r.e for r in spark.sql("select * from evens(5) order by e").collect()] == [0, 2, 4]
    assert condition(lambda: spark.sql("create function f(a int, A int) returns int return 1")) == "DUPLICATE_ROUTINE_PARAMETER_NAMES"
    spark.sql("create or replace function ping(x int) returns int return x")
    spark.sql("create or replace function pong(x int) returns int return ping(x)")
    assert condition(lambda: spark.sql("create or replace function ping(x int) returns int return pong(x)")) == "CYCLIC_FUNCTION_REFERENCE"
    for name in ("evens", "ping", "pong"):
        spark.sql(f"drop function {name}")


def test_char_is_padded_where_it_is_read(spark, tmp_path):
    spark.createDataFrame([("ab",), ("abc  ",)], "c string").write.parquet(str(tmp_path / "chars"))
    spark.sql(f"create table chars (c char(5)) using parquet location '{tmp_path}/chars'")
    assert sorted(r.c for r in spark.table("chars").collect()) == ["ab   ", "abc  "]
    assert spark.sql("select c from chars where c = 'ab'").count() == 1
    spark.sql("create table copy using parquet as select * from chars")
    assert "c CHAR(5)" in spark.sql("show create table copy").collect()[0][0]
    for name in ("chars", "copy"):
        spark.sql(f"drop table {name}")


def test_writers_and_spark_catalog(spark):
    df = spark.range(4).withColumn("k", F.col("id") % 2)
    df.write.partitionBy("k").format("json").saveAsTable("w")
    df.write.mode("append").saveAsTable("w")
    assert spark.table("w").count() == 8
    df.limit(1).write.mode("overwrite").saveAsTable("w")
    assert spark.table("w").count() == 1
    df.select("id", "k").write.insertInto("w")
    df.writeTo("w2").using("parquet").partitionedBy("k").create()
    df.writeTo("w2").append()
    assert condition(lambda: df.writeTo("w2").create()) == "TABLE_OR_VIEW_ALREADY_EXISTS"
    assert spark.table("w").count() == 5 and spark.table("w2").count() == 8
    df.writeTo("w2").overwritePartitions()
    assert spark.table("w2").count() == 4
    names = {t.name: t.tableType for t in spark.catalog.listTables("default")}
    assert names["w"] == names["w2"] == "MANAGED"
    assert [c.name for c in spark.catalog.listColumns("w2") if c.isPartition] == ["k"]
    assert spark.catalog.tableExists("default.w") and not spark.catalog.tableExists("nope")
    assert spark.catalog.getTable("w").name == "w" and spark.catalog.getDatabase("default").name == "default"
    assert any(f.name == "abs" for f in spark.catalog.listFunctions())
    assert spark.catalog.getFunction("abs").isTemporary and spark.catalog.functionExists("abs")
    spark.catalog.recoverPartitions("w2")
    spark.catalog.refreshTable("w2")
    spark.sql("analyze table w2 compute statistics for all columns")
    assert any(r.col_name == "Statistics" and "4 rows" in r.data_type for r in spark.sql("describe extended w2").collect())
    for name in ("w", "w2"):
        spark.sql(f"drop table {name}")


def test_columns_by_the_whole_name_of_their_table(spark):
    spark.sql("CREATE DATABASE IF NOT EXISTS whole")
    spark.sql("CREATE TABLE whole.t USING parquet AS SELECT 1 AS a, named_struct('f', 2) AS s")
    for name in ("a", "t.a", "whole.t.a", "spark_catalog.whole.t.a"):
        assert spark.sql(f"SELECT {name} FROM whole.t WHERE {name} = 1").collect() == [Row(a=1)]
    assert spark.sql("SELECT spark_catalog.whole.t.s.f FROM whole.t").collect() == [Row(f=2)]
    assert spark.sql("SELECT spark_catalog.whole.t.* EXCEPT (s) FROM whole.t").collect() == [Row(a=1)]
    assert condition(lambda: spark.sql("SELECT t.a FROM whole.t, whole.t").collect()) == "AMBIGUOUS_REFERENCE"
    spark.sql("USE whole")
    assert condition(lambda: spark.sql("SELECT whole.t.a FROM t, whole.t").collect()) == "AMBIGUOUS_REFERENCE"
    spark.sql("USE default")
    assert condition(lambda: spark.sql("CREATE TABLE a.b.c (x INT)")) == "REQUIRES_SINGLE_PART_NAMESPACE"
    assert condition(lambda: spark.sql("CREATE VIEW a.b.c AS SELECT 1")) == "REQUIRES_SINGLE_PART_NAMESPACE"
    spark.sql("DROP DATABASE whole CASCADE")


def test_no_location_is_no_folder(spark):
    for text in ("SELECT * FROM csv.``", "SELECT * FROM json.``", "SELECT * FROM parquet.``"):
        assert condition(lambda text=text: spark.sql(text).collect()) == "INVALID_EMPTY_LOCATION"


def test_view_schema_modes_may_be_off(spark):
    spark.conf.set("spark.sql.legacy.viewSchemaBindingMode", "false")
    assert condition(lambda: spark.sql("CREATE VIEW moded WITH SCHEMA EVOLUTION AS SELECT 1")) == "FEATURE_NOT_ENABLED"
    spark.conf.unset("spark.sql.legacy.viewSchemaBindingMode")


def test_settings_stand_in_texts(spark):
    spark.sql("SET hivevar:column = a")
    spark.sql("SET some.limit = ${hivevar:one}")
    spark.conf.set("one", "1")
    assert spark.sql("SELECT ${column}, '${nothing}' AS n, '${env:HOME}' AS h FROM (SELECT 1 AS a) LIMIT ${some.limit}").collect() == [
        Row(a=1, n="", h="${env:HOME}")]
    spark.conf.set("spark.sql.variable.substitute", "false")
    assert spark.sql("SELECT '${column}' AS c").collect() == [Row(c="${column}")]
    spark.conf.unset("spark.sql.variable.substitute")


def test_routines_stand_where_spark_lets_them(spark):
    spark.sql("CREATE OR REPLACE TEMPORARY FUNCTION plus_one(x INT) RETURNS INT RETURN x + 1")
    assert spark.sql("SELECT plus_one(1) AS y").collect() == [Row(y=2)]
    for text in ("SELECT * FROM range(1) ORDER BY plus_one(1)", "SELECT * FROM range(1) LIMIT plus_one(0)",
                 "SELECT * FROM range(1) LATERAL VIEW explode(array(plus_one(1))) AS y"):
        assert condition(lambda text=text: spark.sql(text).collect()) == "UNSUPPORTED_SQL_UDF_USAGE"
