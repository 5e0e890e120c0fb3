#!/usr/bin/env python3
"""Plans that PySpark's client sends, as seeds of fuzz_connect: build/venv/bin/python tests/fuzz/record_plans.py build/weir FOLDER

Runs DataFrame calls against a server and writes each plan that went over the wire into a file of FOLDER, named by its hash. Calls
may fail: what they sent counts.
"""
import atexit
import datetime
import decimal
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pandas
from pyspark.sql import Row, SparkSession, Window, functions as F, types as T
from pyspark.sql.functions import pandas_udf, udf, udtf

COLUMNS = ("1 AS i, 2L AS l, 3S AS sh, 4Y AS b, 1.5F AS f, 2.5D AS d, CAST(1.25 AS DECIMAL(10,2)) AS dec, 'x' AS s, true AS bo, DATE'2013-01-01' AS dt, "
           "TIMESTAMP'2013-01-01 00:00:00' AS ts, TIMESTAMP_NTZ'2013-01-01 00:00:00' AS ntz, X'00' AS bin, INTERVAL '1-2' YEAR TO MONTH AS ym, "
           "INTERVAL '1' DAY AS ds, array(1, 2) AS arr, map('a', 1) AS m, named_struct('f', 1, 'g', 'x') AS st")


def record(client, kept):
    """Every plan of the client's requests goes into `kept`."""
    def wrap(name):
        inner = getattr(client._stub, name)

        def call(request, *args, **more):
            plans = [request.plan] if name == "ExecutePlan" else [value.plan for _, value in request.ListFields() if hasattr(value, "plan")]
            kept.extend(clean(type(plan).FromString(plan.SerializeToString())).SerializeToString() for plan in plans)
            return inner(request, *args, **more)
        setattr(client._stub, name, call)
    wrap("ExecutePlan")
    wrap("AnalyzePlan")


def clean(message):
    """Without what says where it was made: call sites, pickled functions."""
    for field, value in message.ListFields():
        if field.name == "origin":
            message.ClearField("origin")
        elif field.name == "command" and isinstance(value, bytes):
            message.command = b"x"
        elif field.message_type and not isinstance(value, (str, bytes)):
            if field.message_type.GetOptions().map_entry:
                continue
            for one in value if field.is_repeated else [value]:
                clean(one)
    return message


def calls(spark, folder):
    t, u = spark.table("t"), spark.table("u")
    w = Window.partitionBy("s").orderBy(F.col("i").desc_nulls_last())
    number, text = F.col("i"), F.col("s")

    @udf("bigint")
    def plain(x):
        return x

    @pandas_udf("double")
    def series(x: pandas.Series) -> pandas.Series:
        return x

    @pandas_udf("double")
    def mean(x: pandas.Series) -> float:
        return 0.0

    @udtf(returnType="a int, b string")
    class Table:
        def eval(self, x: int):
            yield x, "b"

    frames = [
        lambda: spark.range(3), lambda: spark.range(1, 10, 2, 3), lambda: spark.sql("SELECT 1"), lambda: spark.sql("SELECT :a, :b", {"a": 1, "b": "x"}),
        lambda: spark.sql("SELECT ?, ?", [1, datetime.date(2013, 1, 1)]), lambda: spark.sql("SELECT * FROM {df}", df=t), lambda: t, lambda: spark.read.table("t"),
        lambda: spark.read.schema("a INT, b STRING").option("header", True).csv(folder), lambda: spark.read.json(folder, schema="a ARRAY<INT>"), lambda: spark.read.format("parquet").load([folder, folder]),
        lambda: spark.read.text(folder, wholetext=True), lambda: spark.read.csv(t.select("s"), schema="a INT"), lambda: spark.read.json(t.select("s"), schema="a INT"),
        lambda: spark.createDataFrame([(1, "a"), (2, None)], "x int, y string"), lambda: spark.createDataFrame([Row(a=[1], b={"k": 1.5}, c=Row(d=datetime.date(2013, 1, 1)))]),
        lambda: spark.createDataFrame(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})), lambda: spark.createDataFrame([], T.StructType([])),
        lambda: t.select("*"), lambda: t.select("i", t.l, F.col("st.f"), F.expr("i + 1 AS j")), lambda: t.selectExpr("i", "arr[0] AS a", "st.*"), lambda: t.select(F.col("*"), F.lit(1).alias("one", metadata={"a": 1})),
        lambda: t.filter(t.i > 1).where("l < 3"), lambda: t.groupBy("s").agg(F.sum("i"), F.count_distinct("l", "sh"), F.max_by("i", "l")), lambda: t.groupBy().count(), lambda: t.rollup("s", "bo").agg(F.grouping_id(), F.avg("d")),
        lambda: t.cube("s", "i").count(), lambda: t.groupingSets([[t.s], [t.i, t.s], []], t.s, t.i).agg(F.sum("l")), lambda: t.groupBy("s").pivot("i", [1, 2]).sum("l"), lambda: t.groupBy("s").pivot("bo").agg(F.min("i"), F.max("i")),
        lambda: t.join(u, "i"), lambda: t.join(u, t.i == u.k, "left"), lambda: t.join(u, ["i"], "full"), lambda: t.join(u, t.i == u.i, "semi"), lambda: t.crossJoin(u), lambda: t.join(u.alias("q"), F.col("q.k") == F.col("i"), "anti"),
        lambda: t.lateralJoin(u.where(u.k == t.i.outer())), lambda: t.lateralJoin(spark.tvf.explode(t.arr.outer()), how="left"), lambda: t.union(t), lambda: t.unionByName(u, allowMissingColumns=True), lambda: t.select("i").intersect(u.select("i")), lambda: t.select("i").exceptAll(u.select("k")),
        lambda: t.orderBy("i", F.desc("l")), lambda: t.sort(F.asc_nulls_last("s")).limit(3).offset(1), lambda: t.sortWithinPartitions("i"), lambda: t.repartition(3, "i"), lambda: t.coalesce(1), lambda: t.repartitionByRange(2, "i"), lambda: t.distinct(),
        lambda: t.dropDuplicates(["i", "s"]), lambda: t.dropDuplicatesWithinWatermark(["i"]), lambda: t.sample(0.5, 3), lambda: t.sample(True, 1.5), lambda: t.randomSplit([1.0, 2.0], 7)[0], lambda: t.alias("q").select("q.i"), lambda: t.toDF(*[f"c{i}" for i in range(18)]),
        lambda: t.withColumn("z", F.col("i") + 1), lambda: t.withColumns({"z": F.lit(1), "i": F.lit("x")}), lambda: t.withColumnRenamed("i", "z"), lambda: t.withColumnsRenamed({"i": "z", "l": "y"}), lambda: t.drop("i", t.l), lambda: t.withMetadata("i", {"a": 1}),
        lambda: t.fillna(0), lambda: t.fillna({"i": 1, "s": "x"}), lambda: t.fillna(False, ["bo"]), lambda: t.dropna("any", 3, ["i", "s"]), lambda: t.replace(1, 2, "i"), lambda: t.replace(["x", "y"], [None, "z"], ["s"]), lambda: t.replace({1.0: 2.0}),
        lambda: t.describe("i", "s"), lambda: t.summary("count", "50%", "stddev"), lambda: t.stat.crosstab("i", "s"), lambda: t.stat.freqItems(["i"], 0.5), lambda: t.stat.sampleBy("i", {1: 0.5}, 3), lambda: t.transpose(), lambda: t.select("i", "l").transpose("i"),
        lambda: t.unpivot("i", ["l", "sh"], "k", "v"), lambda: t.unpivot(["i", "s"], None, "k", "v"), lambda: t.hint("broadcast"), lambda: t.hint("rebalance", 3, "i"), lambda: t.to(T.StructType([T.StructField("i", T.LongType()), T.StructField("s", T.StringType())])),
        lambda: t.observe("o", F.count(F.lit(1)).alias("n"), F.max("i")), lambda: t.select(F.row_number().over(w), F.sum("i").over(w.rowsBetween(-1, 1)), F.lag("i", 2, 0).over(w)), lambda: t.select(F.avg("l").over(Window.orderBy("ts").rangeBetween(Window.unboundedPreceding, 0))),
        lambda: t.select(F.when(t.bo, 1).when(t.i > 2, "x").otherwise(None), t.i.cast("decimal(20,3)"), t.s.try_cast(T.IntegerType()), t.i.between(1, 2), t.s.isin("a", "b"), ~t.bo, -t.i, t.s.like("a%"), t.s.rlike("a"), t.i.eqNullSafe(None)),
        lambda: t.select(t.arr[0], t.m["a"], t.st.f, t.st.getField("g"), t.st.withField("h", F.lit(1)), t.st.dropFields("f"), t.s.substr(1, 2), t.i.isNull(), t.arr.getItem(1), t.s[0]),
        lambda: t.select(F.transform("arr", lambda x, i: x + i), F.filter("arr", lambda x: x > 1), F.aggregate("arr", F.lit(0), lambda a, x: a + x, lambda a: a * 2), F.zip_with("arr", "arr", lambda x, y: x * y), F.map_filter("m", lambda k, v: v > 0), F.array_sort("arr", lambda x, y: x - y)),
        lambda: t.select(F.explode("arr"), "i"), lambda: t.select(F.posexplode_outer("m")), lambda: t.select(F.inline(F.array("st"))), lambda: t.select(F.stack(F.lit(2), "i", "l")), lambda: t.select(F.json_tuple("s", "a", "b")), lambda: t.select(F.from_json("s", "a INT, b ARRAY<STRING>"), F.to_json("st"), F.schema_of_json('{"a": 1}')),
        lambda: t.select(F.from_csv("s", "a INT"), F.to_csv("st"), F.from_xml("s", "a INT")), lambda: t.groupBy(F.window("ts", "1 hour", "30 minutes")).count(), lambda: t.groupBy(F.session_window("ts", "5 minutes")).agg(F.collect_list("i")), lambda: t.groupBy("s").agg(F.listagg("s", ","), F.percentile_approx("i", [0.5, 0.9]), F.mode("i", True)),
        lambda: t.select(plain("i"), series("d")), lambda: t.groupBy("s").agg(mean("d")), lambda: t.select(mean("d").over(w)), lambda: Table(F.lit(3)), lambda: t.lateralJoin(Table(t.i.outer())), lambda: t.mapInPandas(lambda it: it, t.schema), lambda: t.select("i").mapInArrow(lambda it: it, "i int"),
        lambda: t.select("i", "s").groupBy("s").applyInPandas(lambda d: d, "i int, s string"), lambda: t.groupBy("i").cogroup(u.groupBy("i")).applyInPandas(lambda a, b: a, "i int"), lambda: t.groupBy("s").applyInArrow(lambda d: d, "i int"), lambda: t.where(t.exists()) if hasattr(t, "exists_") else t.where(u.where(u.k == t.i.outer()).exists()),
        lambda: t.select(u.select(F.max("k")).scalar()), lambda: t.where(t.i.isin(u.select("k"))), lambda: spark.range(3).select(F.lit([1, 2]), F.lit(datetime.datetime(2013, 1, 1)), F.lit(datetime.timedelta(1)), F.lit(decimal.Decimal("1.25")), F.lit(bytearray(b"x")), F.lit(None), F.lit(1.5)),
        lambda: spark.tvf.range(3), lambda: spark.tvf.stack(F.lit(2), F.lit(1), F.lit("x")), lambda: spark.tvf.json_tuple(F.lit("{}"), F.lit("a")), lambda: t.select(F.call_function("upper", "s"), F.expr("transform(arr, x -> x + 1)"), F.col("`s`"), F.col("t.i")), lambda: t.colRegex("`(i|l)`") and t.select(t.colRegex("`(i|l)`")),
        lambda: t.select(F.parse_json("s"), F.variant_get(F.parse_json("s"), "$.a", "int"), F.schema_of_variant(F.parse_json("s"))), lambda: t.select(F.regexp_replace("s", "a", "b"), F.date_format("ts", "yyyy"), F.to_timestamp("s", "yyyy"), F.date_trunc("month", "ts"), F.make_date("i", "i", "i"), F.collate("s", "UNICODE_CI")),
        lambda: t.select(F.rand(3), F.uuid(), F.monotonically_increasing_id(), F.input_file_name(), F.current_timestamp(), F.spark_partition_id()), lambda: t.select(*[F.max(c) for c in ("i", "s", "ts")]), lambda: t.select(F.named_struct(F.lit("a"), "i"), F.create_map("s", "i"), F.array("i", "l"), F.struct("i", F.col("s").alias("z"))),
        lambda: t.limit(0), lambda: t.withWatermark("ts", "1 hour"), lambda: t.na.drop(), lambda: t.agg({"i": "max", "*": "count"}), lambda: spark.sql("SELECT * FROM t WHERE i IN (SELECT k FROM u)").where("s > 'a'").select(number, text), lambda: t.select(F.bucket(3, "i")) if False else t.select(F.hash("i", "s")),
        lambda: t.localCheckpoint(), lambda: t.cache(), lambda: t.groupBy("i").agg(F.first("s", True), F.last("s"), F.any_value("s"), F.approx_count_distinct("i"), F.corr("i", "l"), F.histogram_numeric("i", F.lit(3))), lambda: t.join(u, F.expr("t.i = u.k AND u.v > 'a'")),
    ]
    actions = [
        lambda: t.tail(2), lambda: t.count(), lambda: t.show(2, 5, True), lambda: t.explain("extended"), lambda: t.isLocal(), lambda: t.semanticHash(), lambda: t.inputFiles(), lambda: t.stat.cov("i", "l"), lambda: t.stat.corr("i", "l"), lambda: t.approxQuantile(["i", "l"], [0.5], 0.1),
        lambda: t.createOrReplaceTempView("z"), lambda: t.createGlobalTempView("z"), lambda: t.select("i", "s").write.mode("overwrite").partitionBy("s").parquet(f"{folder}/w"), lambda: t.select("i", "s").write.option("header", True).csv(f"{folder}/c"),
        lambda: t.select("i").write.mode("append").saveAsTable("saved"), lambda: t.select("i").write.insertInto("saved", True), lambda: t.select("i").writeTo("v2").using("parquet").tableProperty("a", "b").partitionedBy("i").create(), lambda: t.select("i").writeTo("saved").append(),
        lambda: t.select("i").writeTo("saved").overwrite(F.col("i") > 1), lambda: t.select("i").writeTo("saved").overwritePartitions(), lambda: t.write.bucketBy(2, "i").sortBy("l").saveAsTable("bucketed"), lambda: spark.sql("CREATE TABLE made (a INT) USING parquet"),
        lambda: t.mergeInto(u, F.expr("t.i = u.i")).whenMatched().updateAll().whenNotMatched().insert({"i": F.col("k")}).merge(), lambda: spark.catalog.listTables(), lambda: spark.catalog.createTable("ct", schema=T.StructType([T.StructField("a", T.IntegerType())]), source="parquet"), lambda: spark.udf.register("named", plain),
        lambda: t.checkpoint(), lambda: t._repr_html_(), lambda: spark.sql("SET a = b"), lambda: spark.sql("BEGIN DECLARE x INT DEFAULT 1; SELECT x; END").collect(), lambda: t.sameSemantics(u), lambda: spark.catalog.getTable("t"), lambda: spark.catalog.cacheTable("t"),
    ]
    for make in frames:
        yield lambda make=make: make().collect()
    yield from actions


def main():
    weir, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([weir, "connect", "--home", f"{folder}/home", "--listen", "127.0.0.1:0", "--memory", "1g"], stdout=subprocess.PIPE, text=True)
        try:
            url = re.match(r"weir: ready (\S+)", server.stdout.readline())[1]
            spark = SparkSession.builder.remote(url).create()
            atexit.unregister(spark.client._cleanup_ml_cache)  # it would wait for a server that is gone
            spark.sql(f"SELECT {COLUMNS}").createOrReplaceTempView("t")
            spark.sql("SELECT 1 AS i, 2 AS k, 'x' AS v").createOrReplaceTempView("u")
            record(spark.client, kept)
            for call in calls(spark, f"file://{folder}/data"):
                try:
                    call()
                except Exception as error:  # what it sent is kept
                    print(f"{type(error).__name__}: {str(error)[:100]!r}", file=sys.stderr)
        finally:
            server.terminate()
            server.wait(60)
    for plan in {plan.replace(folder.encode(), b"/" + b"x" * (len(folder) - 1)) for plan in kept}:
        (out / hashlib.sha1(plan).hexdigest()[:12]).write_bytes(plan)
    print(f"{len(kept)} plans sent, {len(list(out.iterdir()))} kept", flush=True)
    os._exit(0)  # sessions without a server wait for it at exit


if __name__ == "__main__":
    main()
