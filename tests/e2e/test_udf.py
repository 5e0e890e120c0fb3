"""Python functions of every kind, with the real client: scalar ones in expressions, maps, groups, aggregates, windows; and
workers that fail, die, hang and eat memory."""
import datetime
import decimal
import os
import pathlib
import signal
import sys
import threading
import time
from typing import Iterator

import pandas as pd
import pyarrow as pa
import pytest

import pyspark.cloudpickle
from connect_fixtures import connect, spark, start_connect  # noqa: F401
from pyspark.errors import AnalysisException, PySparkException, PythonException
from pyspark.sql import Row, Window
from pyspark.sql import functions as F
from pyspark.sql.functions import arrow_udf, col, lit, pandas_udf, udf, udtf
from pyspark.sql.types import DoubleType, LongType, StringType

# Not ours to find in a worker: functions travel whole.

pyspark.cloudpickle.register_pickle_by_value(sys.modules[__name__])


# ---------------------------------------------------------------- scalar functions
@udf(LongType())
def plus(x):
    return None if x is None else x + 1


@udf(StringType(), useArrow=True)
def text(x, y=None):
    return f"{x}-{y}"


@pandas_udf(LongType())
def pandas_plus(x: pd.Series) -> pd.Series:
    return x + 1


@arrow_udf(LongType())
def arrow_double(x: pa.Array) -> pa.Array:
    return pa.compute.multiply(x, 2)


def test_kinds_mixed_and_chained(spark):
    df = spark.range(4).select(plus("id").alias("a"), pandas_plus(pandas_plus("id")).alias("b"), arrow_double(plus("id")).alias("c"),
                               (plus(col("id") * 2) + 1).alias("d"), text("id", y=col("id") + 1).alias("e"))
    assert df.collect()[3] == Row(a=4, b=5, c=8, d=8, e="3-4")
    assert [f.dataType.simpleString() for f in df.schema] == ["bigint", "bigint", "bigint", "bigint", "string"]


def test_in_conditions_sorts_and_groups(spark):
    df = spark.range(10)
    assert [r.id for r in df.where(plus("id") > 8).collect()] == [8, 9]
    assert [r.id for r in df.orderBy(plus(-col("id"))).limit(2).collect()] == [9, 8]
    assert df.groupBy(plus(col("id") % 2).alias("k")).agg(F.sum(pandas_plus("id")).alias("s")).orderBy("k").collect() == [
        Row(k=1, s=25), Row(k=2, s=30)]
    joined = df.join(df.withColumnRenamed("id", "other"), plus("id") == col("other"))
    assert joined.count() == 9


def test_registered_for_sql(spark):
    spark.udf.register("plus_one", plus)
    spark.udf.register("text_of", lambda x, suffix="": f"{x}{suffix}")
    rows = spark.sql("SELECT plus_one(id) AS a, CASE WHEN id > 0 THEN plus_one(id * 10) END AS b, text_of(id, suffix => '!') AS t "
                     "FROM range(3) WHERE plus_one(id) < 3").collect()
    assert rows == [Row(a=1, b=None, t="0!"), Row(a=2, b=11, t="1!")]
    assert spark.sql("SELECT plus_one(NULL) AS n").collect() == [Row(n=None)]
    with pytest.raises(AnalysisException, match="UNRESOLVED_ROUTINE"):
        spark.sql("SELECT no_such(1)").collect()


def test_without_arguments_and_large(spark):
    zero = udf(lambda: 7, "int")
    assert spark.range(3).select(zero().alias("z")).collect() == [Row(z=7)] * 3
    n = 300_000
    assert spark.range(n).agg(F.sum(pandas_plus("id"))).collect()[0][0] == n * (n + 1) // 2


TYPES = [
    ("boolean", True), ("tinyint", 1), ("smallint", -2), ("int", 3), ("bigint", 1 << 40), ("float", 1.5), ("double", 2.25),
    ("decimal(10,2)", decimal.Decimal("12.30")), ("decimal(38,0)", decimal.Decimal(10) ** 37), ("string", "häß\0x"),
    ("binary", b"\x00\x01"), ("date", datetime.date(1969, 12, 31)), ("timestamp", datetime.datetime(2013, 7, 1, 12, 0, 0, 5)),
    ("timestamp_ntz", datetime.datetime(1950, 1, 1)), ("interval day to second", datetime.timedelta(days=-3, microseconds=1)),
    ("array<int>", [1, None]), ("map<string,bigint>", {"a": 1, "b": None}),
    ("struct<a:int,b:array<struct<c:string>>>", Row(a=1, b=[Row(c="x"), None])),
]


@pytest.mark.parametrize("kind, value", TYPES, ids=[t[0] for t in TYPES])
def test_types_both_ways(spark, kind, value):
    df = spark.createDataFrame([(value,), (None,)], f"v {kind}")
    for arrow in (False, True):
        same = udf(lambda v: v, kind, useArrow=arrow)
        if kind.startswith("timestamp"):
            spark.conf.set("spark.sql.session.timeZone", "UTC")
        assert df.select(same("v").alias("v")).collect() == [Row(v=value), Row(v=None)]
        kept = udf(lambda v: type(v).__name__, "string", useArrow=arrow)
        assert df.select(kept("v").alias("t")).collect()[0].t == type(value).__name__


def test_another_type_than_declared_is_null_but_for_strings(spark):
    def of(kind, value):
        return spark.range(1).select(udf(lambda x: value, kind, useArrow=False)("id")).collect()[0][0]

    assert of("int", "7") is None and of("int", 7.5) is None and of("double", 1) is None
    assert of("tinyint", 300) == 44
    with pytest.raises(PythonException, match="PickleException"):
        of("array<int>", Row(a=1))
    assert of("string", 1.0) == "1.0" and of("string", True) == "true" and of("string", [1, {"a": None}]) == "[1, {a=null}]"


def test_iterators_see_partitions(spark):
    @pandas_udf("long")
    def numbered(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        start = 100
        for batch in list(batches):  # all before the first result
            yield batch + start

    assert spark.range(3).select(numbered("id").alias("a"), "id").collect()[2] == Row(a=102, id=2)
    assert spark.range(30_000).where(numbered("id") >= 30_090).count() == 10
    assert spark.range(4).agg(F.sum(numbered("id"))).collect()[0][0] == 406


# ---------------------------------------------------------------- maps
def test_maps_keep_order_and_stop_early(spark):
    def double(batches):
        for b in batches:
            yield b.assign(z=b.id * 2)

    def arrow(batches):
        for b in batches:
            yield pa.RecordBatch.from_arrays([b.column(0)], ["id"])

    n = 300_000
    assert spark.range(5).mapInPandas(double, "id long, z long").collect()[4] == Row(id=4, z=8)
    assert spark.range(n).mapInArrow(arrow, "id long").toArrow().column(0).to_pylist() == list(range(n))
    assert spark.range(10**11).mapInPandas(double, "id long, z long").limit(2).collect()[1] == Row(id=1, z=2)
    assert spark.range(3).mapInPandas(double, "id long, z long").mapInArrow(arrow, "id long").where("id = 1").collect() == [Row(id=1)]


def test_partitions_are_what_was_asked_for(spark):
    def count(batches):
        yield pd.DataFrame({"n": [sum(len(b) for b in batches)]})

    assert spark.range(300_000).repartition(1).mapInPandas(count, "n long").collect() == [Row(n=300_000)]
    assert [r.n for r in spark.range(50).repartition(5).mapInPandas(count, "n long").collect()] == [10] * 5
    assert sorted(r.n for r in spark.range(10).repartitionById(4, (col("id") % 3).cast("int")).mapInPandas(count, "n long").collect()) == [3, 3, 4]
    assert spark.range(0).mapInPandas(count, "n long").collect() == [Row(n=0)]


# ---------------------------------------------------------------- groups
@pytest.fixture
def values(spark):
    return spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0), (2, 5.0), (None, 10.0)], "id int, v double")


def test_grouped_maps(spark, values):
    centred = values.groupby("id").applyInPandas(lambda p: p.assign(v=p.v - p.v.mean()), "id int, v double")
    assert [r.v for r in centred.collect()] == [0.0, -0.5, 0.5, -1.0, 1.0]
    keyed = values.groupby("id", (col("v") > 2).alias("big")).applyInPandas(
        lambda key, p: pd.DataFrame([key + (p.v.sum(),)]), "id int, big boolean, s double")
    assert keyed.where("id = 2").collect() == [Row(id=2, big=True, s=8.0)]
    counts = values.groupby("id").applyInArrow(lambda key, t: pa.table({"id": pa.array([key[0].as_py()], pa.int32()), "n": [t.num_rows]}), "id int, n long")
    assert counts.collect() == [Row(id=None, n=1), Row(id=1, n=2), Row(id=2, n=2)]
    assert values.groupby().applyInPandas(lambda p: pd.DataFrame({"n": [len(p)]}), "n long").collect() == [Row(n=5)]


def test_many_groups_on_all_workers(spark):
    df = spark.range(200_000).withColumn("k", col("id") % 5000)
    sums = df.groupby("k").applyInArrow(lambda t: pa.table({"k": t["k"][:1], "s": [pa.compute.sum(t["id"]).as_py()]}), "k long, s long")
    assert sums.agg(F.count("*"), F.sum("s")).collect()[0] == (5000, 200_000 * 199_999 // 2)


def test_cogroups(spark, values):
    other = spark.createDataFrame([(1, "x"), (3, "y")], "id int, s string")
    rows = values.groupby("id").cogroup(other.groupby("id")).applyInPandas(
        lambda key, a, b: pd.DataFrame({"k": [key[0]], "a": [len(a)], "b": [",".join(b.s)]}), "k int, a long, b string").collect()
    assert rows == [Row(k=None, a=1, b=""), Row(k=1, a=2, b="x"), Row(k=2, a=2, b=""), Row(k=3, a=0, b="y")]


@pandas_udf(DoubleType())
def mean_of(v: pd.Series) -> float:
    return v.mean()


def test_grouped_aggregates(spark, values):
    rows = values.groupby((col("id") + 1).alias("k")).agg(mean_of("v").alias("m"), (mean_of(col("v") + 1) * 2).alias("w")).orderBy("k").collect()
    assert rows == [Row(k=None, m=10.0, w=22.0), Row(k=2, m=1.5, w=5.0), Row(k=3, m=4.0, w=10.0)]
    assert values.select(mean_of("v")).collect()[0][0] == 4.2
    assert values.groupby("id").agg(mean_of("v").alias("m")).where("m > 4").count() == 1
    spark.udf.register("mean_of", mean_of)
    values.createOrReplaceTempView("vs")
    assert spark.sql("SELECT id, mean_of(v) AS m FROM vs GROUP BY id HAVING mean_of(v) < 2").collect() == [Row(id=1, m=1.5)]
    with pytest.raises(AnalysisException, match="INVALID_PANDAS_UDF_PLACEMENT"):
        values.groupby("id").agg(mean_of("v"), F.sum("v")).collect()


def test_windows(spark, values):
    w = Window.partitionBy("id")
    rows = values.where("id = 2").select("v", mean_of("v").over(w).alias("all"), mean_of("v").over(w.orderBy("v")).alias("up"),
                                         mean_of("v").over(w.orderBy("v").rowsBetween(0, 1)).alias("next")).collect()
    assert rows == [Row(v=3.0, all=4.0, up=3.0, next=4.0), Row(v=5.0, all=4.0, up=4.0, next=5.0)]


# ---------------------------------------------------------------- table functions
class Count:
    def __init__(self):
        self.seen = 0

    def eval(self, n, step=1):
        self.seen += 1
        for i in range(0, n, step):
            yield i, str(i)

    def terminate(self):
        yield -self.seen, None


@pytest.mark.parametrize("arrow", [False, True])
def test_table_functions(spark, arrow):
    count = udtf(Count, returnType="i int, t string", useArrow=arrow)
    assert count(lit(2)).collect() == [Row(i=0, t="0"), Row(i=1, t="1"), Row(i=-1, t=None)]
    spark.udtf.register("count_to", count)
    assert spark.sql("SELECT i + 1 AS j FROM count_to(4, step => 2) WHERE i >= 0").collect() == [Row(j=1), Row(j=3)]
    rows = spark.sql("SELECT id, i FROM range(3) r, LATERAL count_to(CAST(r.id AS int)) WHERE i >= 0 ORDER BY id, i").collect()
    assert rows == [Row(id=1, i=0), Row(id=2, i=0), Row(id=2, i=1)]


# ---------------------------------------------------------------- what goes wrong
def test_the_traceback_comes_back(spark):
    def bad(x):
        raise ValueError("no such luck")

    for df in (spark.range(3).select(udf(bad, "int")("id")), spark.range(3).mapInPandas(bad, "id long")):
        with pytest.raises(PythonException) as caught:
            df.collect()
        assert "ValueError: no such luck" in str(caught.value) and "in bad" in str(caught.value)
    assert spark.range(1).select(plus("id")).collect()[0][0] == 1


def test_a_worker_that_dies_fails_its_query_alone(spark):
    dies = udf(lambda x: os._exit(3), "int")
    for df in (spark.range(1).select(dies("id")), spark.range(1).mapInPandas(lambda b: os._exit(3), "id long")):
        with pytest.raises(PySparkException, match="crashed"):
            df.collect()
    assert spark.range(1).select(plus("id")).collect()[0][0] == 1


def test_memory_is_limited(start_connect):
    server = start_connect("--memory", "512m")
    session = server.session()
    eats = udf(lambda x: len(bytearray(2 << 30)), "long")
    with pytest.raises(PythonException, match="MemoryError"):
        session.range(1).select(eats("id")).collect()
    assert session.range(1).select(plus("id")).collect()[0][0] == 1


def workers_of(server):
    """Pids of the server's Python processes."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            command = (status.parent / "cmdline").read_bytes()
            parent = int((status.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if b"weir_worker.daemon" in command:
            found.append((int(status.parent.name), parent))
    mine, grown = {server.process.pid}, True
    while grown:
        grown = {pid for pid, parent in found if parent in mine} - mine
        mine |= grown
    return mine - {server.process.pid}


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_interrupted_while_it_hangs_and_nothing_is_orphaned(start_connect):
    server = start_connect()
    session = server.session()

    def forever(x):
        while True:
            time.sleep(60)

    for df in (session.range(1).select(udf(forever, "int")("id")), session.range(1).mapInPandas(forever, "id long")):
        threading.Timer(1.0, session.interruptAll).start()
        with pytest.raises(PySparkException, match="OPERATION_CANCELED"):
            df.collect()
    assert session.range(1).select(plus("id")).collect()[0][0] == 1
    threading.Thread(target=lambda: pytest.raises(Exception, session.range(1).select(udf(forever, "int")("id")).collect), daemon=True).start()
    assert until(lambda: len(workers_of(server)) >= 2)
    pids = workers_of(server)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    assert until(lambda: not any(alive(pid) for pid in pids)), pids
    server.stop = lambda: 0  # it has been


def test_workers_are_kept_within_a_session_and_end_with_it(start_connect):
    server = start_connect()
    session = server.session()
    pid = udf(lambda x: os.getpid(), "long")
    first = session.range(1).select(pid("id")).collect()[0][0]
    assert session.range(1).select(pid("id")).collect()[0][0] == first
    assert server.session().range(1).select(pid("id")).collect()[0][0] != first
    session.client.release_session()
    assert until(lambda: not alive(first))
