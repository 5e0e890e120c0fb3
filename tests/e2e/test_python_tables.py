"""Python table functions over tables (analyze, PARTITION BY, ORDER BY, Arrow), and data sources written in Python."""
import json
import os
import pathlib
import sys
from dataclasses import dataclass

import pyarrow as pa
import pytest

import pyspark.cloudpickle
from connect_fixtures import connect, spark, start_connect  # noqa: F401
from pyspark.errors import AnalysisException, PySparkException, PythonException
from pyspark.sql import Row
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, DataSourceReader, DataSourceWriter, InputPartition, WriterCommitMessage
from pyspark.sql.functions import arrow_udtf, col, lit, udf, udtf
from pyspark.sql.types import IntegerType, LongType, StringType, StructType
from pyspark.sql.udtf import AnalyzeArgument, AnalyzeResult, OrderingColumn, PartitioningColumn, SelectedColumn, SkipRestOfInputTableException

pyspark.cloudpickle.register_pickle_by_value(sys.modules[__name__])


# ---------------------------------------------------------------- partitions
class Running:
    """Says for each partition how many rows it had, which came last, and the sum."""

    def __init__(self):
        self.key, self.rows, self.total, self.last = None, 0, 0, None

    def eval(self, row: Row):
        self.key, self.rows, self.last = row["k"], self.rows + 1, row["v"]
        self.total += row["v"]

    def terminate(self):
        yield self.key, self.rows, self.total, self.last


PAIRS = "VALUES (0, 3), (0, 1), (1, 5), (1, 4), (1, 6), (NULL, 7), (NULL, 8) AS t(k, v)"


@pytest.mark.parametrize("arrow", [False, True])
def test_partitions_and_their_order(spark, arrow):
    spark.udtf.register("running", udtf(Running, returnType="k int, rows int, total int, last int", useArrow=arrow))
    query = f"SELECT * FROM running(TABLE(SELECT * FROM {PAIRS}) PARTITION BY k ORDER BY %s) ORDER BY k"
    sums = [(None, 2, 15), (0, 2, 4), (1, 3, 15)]
    assert [tuple(r) for r in spark.sql(query % "v").collect()] == [(*s, last) for s, last in zip(sums, (8, 3, 6))]
    assert [r.last for r in spark.sql(query % "(v DESC)").collect()] == [7, 1, 4]
    assert [r.last for r in spark.sql(query % "(k, v DESC NULLS LAST)").collect()] == [7, 1, 4]
    by_value = f"SELECT rows FROM running(TABLE(SELECT * FROM {PAIRS}) PARTITION BY (k IS NULL, v % 2)) ORDER BY rows"
    assert [r.rows for r in spark.sql(by_value).collect()] == [1, 1, 2, 3]
    single = spark.sql(f"SELECT * FROM running(TABLE(SELECT * FROM {PAIRS} WHERE k = 1) WITH SINGLE PARTITION ORDER BY v DESC)")
    assert single.collect() == [Row(k=1, rows=3, total=15, last=4)]
    with pytest.raises(PySparkException, match="PARSE_SYNTAX_ERROR"):
        spark.sql("SELECT * FROM running(TABLE(t) ORDER BY v)").collect()


def test_a_dataframe_as_argument(spark):
    running = udtf(Running, returnType="k int, rows int, total int, last int")
    df = spark.sql(f"SELECT * FROM {PAIRS}").where("k IS NOT NULL")
    assert running(df.asTable().partitionBy("k").orderBy(col("v").desc())).orderBy("k").collect() == [Row(0, 2, 4, 1), Row(1, 3, 15, 4)]
    assert running(df.asTable().withSinglePartition().orderBy("v")).collect() == [Row(1, 5, 19, 6)]
    assert running(row=df.asTable().partitionBy("k")).count() == 2


def test_a_table_is_one_partition_whatever_its_batches(spark):
    @udtf(returnType="n bigint")
    class Count:
        def __init__(self):
            self.n = 0

        def eval(self, row):
            self.n += 1
            if self.n == 50_000:
                raise SkipRestOfInputTableException

        def terminate(self):
            yield self.n,

    spark.udtf.register("count_rows", Count)
    assert spark.sql("SELECT * FROM count_rows(TABLE(SELECT * FROM range(40000)))").collect() == [Row(n=40000)]
    assert spark.sql("SELECT * FROM count_rows(TABLE(SELECT * FROM range(60000)) WITH SINGLE PARTITION)").collect() == [Row(n=50000)]
    assert spark.sql("SELECT * FROM count_rows(TABLE(SELECT * FROM range(0)))").collect() == []
    with pytest.raises(PySparkException, match="UNSUPPORTED_FEATURE"):
        spark.sql("SELECT * FROM range(3) t, LATERAL count_rows(TABLE(SELECT t.id))").collect()


# ---------------------------------------------------------------- analyze
@dataclass
class Prefixed(AnalyzeResult):
    prefix: str = ""


@udtf
class Shaped:
    """Columns as the arguments say; the constructor gets what analyze gave."""

    def __init__(self, analyzed=None):
        self.prefix = analyzed.prefix

    @staticmethod
    def analyze(columns: AnalyzeArgument, **more: AnalyzeArgument) -> AnalyzeResult:
        schema = StructType()
        for i in range(columns.value):
            schema = schema.add(f"c{i}", StringType())
        return Prefixed(schema=schema, prefix=more["prefix"].value if "prefix" in more else str(columns.dataType.simpleString()))

    def eval(self, columns, **more):
        yield [f"{self.prefix}{i}" for i in range(columns)]


def test_analyze_says_the_columns(spark):
    spark.udtf.register("shaped", Shaped)
    assert spark.sql("SELECT * FROM shaped(2)").collect() == [Row(c0="int0", c1="int1")]
    assert spark.sql("SELECT * FROM shaped(columns => 1 + 2, prefix => 'x')").columns == ["c0", "c1", "c2"]
    assert Shaped(lit(1), prefix=lit("y")).collect() == [Row(c0="y0")]
    with pytest.raises(AnalysisException, match="(?s)TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON.*did not match the expected signature"):
        spark.sql("SELECT * FROM shaped()").collect()
    with pytest.raises(AnalysisException, match="(?s)TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON.*TypeError"):
        spark.sql("SELECT * FROM range(1), LATERAL shaped(id)").collect()

    @udtf
    class Wordy:
        @staticmethod
        def analyze():
            raise ValueError("x" * 100_000 + "the end")

        def eval(self):
            yield 1,

    with pytest.raises(AnalysisException, match="(?s)TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON.*the end"):
        Wordy().collect()


def test_analyze_asks_for_partitions_orders_and_columns(spark):
    @udtf
    class Asking:
        def __init__(self):
            self.seen = []

        @staticmethod
        def analyze(row: AnalyzeArgument) -> AnalyzeResult:
            assert row.isTable and row.value is None and row.dataType.fieldNames() == ["k", "v"]
            return AnalyzeResult(schema=StructType().add("k", IntegerType()).add("seen", StringType()),
                                 partitionBy=[PartitioningColumn("k")], orderBy=[OrderingColumn("v", ascending=False)],
                                 select=[SelectedColumn("k"), SelectedColumn("v * 10", alias="w")])

        def eval(self, row):
            self.k = row.k
            self.seen.append(row.w)

        def terminate(self):
            yield self.k, str(self.seen)

    spark.udtf.register("asking", Asking)
    query = f"SELECT * FROM asking(TABLE(SELECT * FROM {PAIRS} WHERE k IS NOT NULL)%s) ORDER BY k"
    assert spark.sql(query % "").collect() == [Row(k=0, seen="[30, 10]"), Row(k=1, seen="[60, 50, 40]")]
    with pytest.raises(AnalysisException, match="TABLE_VALUED_FUNCTION_REQUIRED_METADATA_INCOMPATIBLE_WITH_CALL"):
        spark.sql(query % " PARTITION BY k").collect()


# ---------------------------------------------------------------- Arrow table functions
def test_arrow_table_functions(spark):
    @arrow_udtf(returnType="id bigint, twice bigint")
    class Twice:
        def eval(self, n: pa.Array):
            ids = pa.array(range(n[0].as_py()), pa.int64())
            yield pa.table({"id": ids, "twice": pa.compute.multiply(ids, 2)})

    @arrow_udtf(returnType="k int, n bigint")
    class PerKey:
        def __init__(self):
            self.k, self.n = None, 0

        def eval(self, table: pa.RecordBatch):
            assert isinstance(table, pa.RecordBatch) and table.schema.names == ["k", "v"]
            self.k, self.n = table.column("k")[0].as_py(), self.n + table.num_rows
            return iter(())

        def terminate(self):
            yield pa.table({"k": pa.array([self.k], pa.int32()), "n": pa.array([self.n], pa.int64())})

    assert Twice(lit(3)).collect() == [Row(id=0, twice=0), Row(id=1, twice=2), Row(id=2, twice=4)]
    spark.udtf.register("twice_of", Twice)
    spark.udtf.register("per_key", PerKey)
    assert spark.sql("SELECT a.id AS x, t.id FROM range(3) a, LATERAL twice_of(a.id) t ORDER BY ALL").collect() == [
        Row(x=1, id=0), Row(x=2, id=0), Row(x=2, id=1)]
    assert spark.sql(f"SELECT * FROM per_key(TABLE(SELECT * FROM {PAIRS}) PARTITION BY k) ORDER BY k").collect() == [
        Row(k=None, n=2), Row(k=0, n=2), Row(k=1, n=3)]


# ---------------------------------------------------------------- data sources
class Numbers(DataSource):
    @classmethod
    def name(cls):
        return "numbers"

    def schema(self):
        return "part int, n bigint"

    def reader(self, schema):
        return NumbersReader(self.options)

    def writer(self, schema, overwrite):
        return JsonLines(self.options["path"], overwrite)


class NumbersReader(DataSourceReader):
    def __init__(self, options):
        self.options = options

    def partitions(self):
        return [InputPartition(i) for i in range(int(self.options.get("parts", "2")))]

    def read(self, partition):
        if self.options.get("fail"):
            raise ValueError("no numbers today")
        if self.options.get("arrow"):
            yield pa.RecordBatch.from_pydict({"part": pa.array([partition.value], pa.int32()), "n": pa.array([7], pa.int64())})
            return
        for n in range(3):
            yield partition.value, n


@dataclass
class Written(WriterCommitMessage):
    name: str
    rows: int


class JsonLines(DataSourceWriter):
    def __init__(self, path, overwrite):
        self.path, self.overwrite = path, overwrite

    def write(self, rows):
        from pyspark import TaskContext

        name = os.path.join(self.path, "part-%d" % TaskContext.get().partitionId())
        n = 0
        with open(name, "w") as out:
            for row in rows:
                if row["n"] == 13:
                    raise ValueError("thirteen")
                out.write(json.dumps(row.asDict()) + "\n")
                n += 1
        return Written(name, n)

    def commit(self, messages):
        with open(os.path.join(self.path, "_DONE"), "w") as out:
            out.write("%s %d" % (self.overwrite, sum(m.rows for m in messages)))

    def abort(self, messages):
        open(os.path.join(self.path, "_FAILED"), "w").close()


def test_a_data_source_is_read(spark):
    spark.dataSource.register(Numbers)
    df = spark.read.format("numbers").option("parts", "3").load()
    assert df.schema.simpleString() == "struct<part:int,n:bigint>"
    assert [tuple(r) for r in df.orderBy("part", "n").collect()] == [(p, n) for p in range(3) for n in range(3)]
    assert df.where("n = 1").groupBy("part").count().count() == 3
    assert spark.read.format("NUMBERS").option("arrow", "1").load().collect() == [Row(part=0, n=7), Row(part=1, n=7)]
    assert spark.read.format("numbers").schema("part int, n string").load().dtypes[1] == ("n", "string")
    spark.read.format("numbers").load().createOrReplaceTempView("numbers_view")
    assert spark.sql("SELECT sum(n) FROM numbers_view").collect()[0][0] == 6
    with pytest.raises(PythonException, match="no numbers today"):
        spark.read.format("numbers").option("fail", "1").load().collect()
    with pytest.raises(PySparkException, match="DATA_SOURCE_NOT_FOUND"):
        spark.read.format("nobody").load().collect()


def test_a_data_source_is_written(spark, tmp_path):
    spark.dataSource.register(Numbers)
    rows = spark.range(5).selectExpr("0 AS part", "id AS n")
    rows.write.format("numbers").mode("append").save(str(tmp_path))
    assert (tmp_path / "_DONE").read_text() == "False 5"
    assert [json.loads(line)["n"] for line in (tmp_path / "part-0").read_text().splitlines()] == [0, 1, 2, 3, 4]
    rows.write.format("numbers").mode("overwrite").option("path", str(tmp_path)).save()
    assert (tmp_path / "_DONE").read_text() == "True 5"
    with pytest.raises(PythonException, match="thirteen"):
        spark.range(20).selectExpr("0 AS part", "id AS n").write.format("numbers").mode("append").save(str(tmp_path))
    assert (tmp_path / "_FAILED").exists()
    with pytest.raises(PySparkException, match="UNSUPPORTED_DATA_SOURCE_SAVE_MODE"):
        rows.write.format("numbers").save(str(tmp_path))


def test_a_data_source_that_is_wrong_says_so(spark):
    class Wrong(DataSource):
        @classmethod
        def name(cls):
            return "wrong"

        def schema(self):
            return "a int, b int"

        def reader(self, schema):
            class Short(DataSourceReader):
                def read(self, partition):
                    yield (1,)

            return None if self.options.get("none") else Short()

    spark.dataSource.register(Wrong)
    with pytest.raises(PySparkException, match="DATA_SOURCE_RETURN_SCHEMA_MISMATCH"):
        spark.read.format("wrong").load().collect()
    with pytest.raises(AnalysisException, match="PYTHON_DATA_SOURCE_ERROR. Failed to initialize Python data source reader: (?s:.)*DATA_SOURCE_TYPE_MISMATCH"):
        spark.read.format("wrong").option("none", "1").load().collect()


# ---------------------------------------------------------------- what goes along
def test_lateral_functions_keep_the_order_of_their_rows(spark):
    rows = "VALUES (0, 1), (1, 2), (5, 3) AS t(a, b)"
    assert [r.c for r in spark.sql(f"SELECT c FROM {rows}, LATERAL explode(array(a, b)) f(c)").collect()] == [0, 1, 1, 2, 5, 3]
    left = spark.sql(f"SELECT a, c FROM {rows} LEFT JOIN LATERAL explode(filter(array(a, b), x -> x > 2)) AS f(c)")
    assert [tuple(r) for r in left.collect()] == [(0, None), (1, None), (5, 5), (5, 3)]


def test_table_functions_read_ctes(spark):
    spark.udtf.register("running", udtf(Running, returnType="k int, rows int, total int, last int"))
    query = f"WITH t AS (SELECT * FROM {PAIRS}), u AS (SELECT k, v + 1 AS v FROM t) SELECT k, total FROM running(TABLE(u) PARTITION BY k) ORDER BY k"
    assert [tuple(r) for r in spark.sql(query).collect()] == [(None, 17), (0, 6), (1, 18)]
    mapped = spark.sql("WITH t AS (SELECT id FROM range(3)) SELECT id FROM t").mapInPandas(lambda frames: frames, "id long")
    assert sorted(r.id for r in mapped.collect()) == [0, 1, 2]


def test_profiles(spark):
    spark.conf.set("spark.sql.pyspark.udf.profiler", "perf")
    plus = udf(lambda x: x + 1, "long")
    assert spark.range(10).select(plus("id").alias("n")).agg({"n": "sum"}).collect()[0][0] == 55
    assert spark.range(10).mapInPandas(lambda frames: frames, "id long").count() == 10
    seen = spark._profiler_collector._perf_profile_results if hasattr(spark, "_profiler_collector") else spark.client._profiler_collector._perf_profile_results
    assert len(seen) == 2 and sum(stats.total_calls for stats in seen.values()) >= 20
    spark.conf.unset("spark.sql.pyspark.udf.profiler")


def test_observed_values_of_every_kind(spark):
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    metrics = Observation()
    spark.range(3).observe(metrics, F.sort_array(F.collect_list("id")).alias("list"), F.struct(F.max("id").alias("m"), F.lit("x").alias("t")).alias("row"),
                           F.map_from_arrays(F.array(F.lit("k")), F.array(F.min("id"))).alias("map"), F.max(F.col("id").cast("tinyint")).alias("byte"),
                           F.max(F.lit(b"\x01")).alias("bytes")).collect()
    assert metrics.get == {"list": [0, 1, 2], "row": Row(m=2, t="x"), "map": {"k": 0}, "byte": 2, "bytes": b"\x01"}


def test_functions_of_one_side_in_outer_joins(spark):
    text = udf(lambda x: str(x), "string")
    left, right = spark.range(2).toDF("a"), spark.sql("SELECT '1' AS b")
    assert left.join(right, text("a") == col("b"), "left").orderBy("a").collect() == [Row(a=0, b=None), Row(a=1, b="1")]
    both = udf(lambda x, y: str(x) == y, "boolean")
    with pytest.raises(AnalysisException, match="PYTHON_UDF_IN_ON_CLAUSE"):
        left.join(right, both("a", "b"), "left").collect()


def test_aggregates_where_they_may_not_stand(spark):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    @pandas_udf("long")
    def total(v: pd.Series) -> int:
        return int(v.sum())

    df = spark.range(4).selectExpr("id % 2 AS k", "id AS v")
    with pytest.raises(AnalysisException, match="PANDAS_UDAF_IN_PIVOT"):
        df.groupBy("k").pivot("k").agg(total("v")).collect()
    with pytest.raises(AnalysisException, match="NESTED_AGGREGATE_FUNCTION"):
        df.groupBy("k").agg(total(total("v"))).collect()


def test_batches_are_no_longer_than_asked_for(spark):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    @pandas_udf("int")
    def length(v: pd.Series) -> pd.Series:
        return pd.Series([len(v)] * len(v))

    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "3")
    assert [r.n for r in spark.range(0, 7, 1, 1).select(length("id").alias("n")).collect()] == [3, 3, 3, 3, 3, 3, 1]
    spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_pandas_on_spark(spark):
    frame = spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0)], "id int, v double").pandas_api()
    assert frame.groupby("id").v.sum().sort_index().to_pandas().to_dict() == {1: 3.0, 2: 3.0}
    assert frame.iloc[1:3].v.to_list() == [2.0, 3.0] and frame.assign(w=frame.v * 2).w.max() == 6.0


def test_a_type_of_python_in_a_file(spark, tmp_path):
    from pyspark.ml.linalg import DenseVector, VectorUDT

    rows = spark.createDataFrame([(1, DenseVector([1.0, 2.0]))], StructType().add("k", IntegerType()).add("p", VectorUDT()))
    rows.write.parquet(str(tmp_path / "f"))
    assert spark.read.parquet(str(tmp_path / "f")).collect() == rows.collect()
