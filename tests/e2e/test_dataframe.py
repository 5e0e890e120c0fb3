"""DataFrame features of sessions: observed metrics, persisted rows, catalogs' caches, what is collected to know its columns,
table arguments. What is expected is Spark's documentation of each."""
import pytest
from pyspark.errors import AnalysisException, IllegalArgumentException, PySparkException
from pyspark.sql import Observation, functions as F
from pyspark.sql.functions import udf, udtf
from pyspark.sql.types import ArrayType, DoubleType, LongType, MapType, StringType, StructField, StructType, UserDefinedType

from connect_fixtures import connect, spark, start_connect  # noqa: F401


def test_observed_metrics_come_with_the_query(spark):
    seen = Observation("seen")
    frame = spark.range(10).observe(seen, F.count(F.lit(1)).alias("n"), F.sum("id").alias("s"))
    assert frame.filter("id > 5").count() == 4
    assert seen.get == {"n": 10, "s": 45}


def test_observed_metrics_of_a_write_and_of_a_query_with_ctes(spark, tmp_path):
    written, asked = Observation("written"), Observation("asked")
    spark.createDataFrame([("a", 1), ("b", None)], "s string, x int").observe(written, F.count("x").alias("c")).write.parquet(str(tmp_path / "t"))
    assert written.get == {"c": 1}
    frame = spark.sql("with t as (select id from range(4)) select id * 2 as x from t").observe(asked, F.max("x").alias("m"))
    assert frame.count() == 4 and asked.get == {"m": 6}


def test_persisted_rows_are_kept_wherever_the_plan_stands(spark):
    frame = spark.range(5).withColumn("r", F.uuid()).cache()
    assert frame.storageLevel.useMemory
    first = frame.collect()
    assert frame.collect() == first
    assert all(row.r == row.q for row in frame.join(frame.withColumnRenamed("r", "q"), "id").collect())
    frame.unpersist()
    assert not frame.storageLevel.useMemory


def test_persisted_rows_follow_their_files(spark, tmp_path):
    place = str(tmp_path / "t")
    spark.range(3).write.parquet(place)
    frame = spark.read.parquet(place).cache()
    assert frame.count() == 3
    spark.range(7).write.mode("overwrite").parquet(place)
    assert spark.read.parquet(place).count() == 7


def test_two_local_relations_are_not_one(spark):
    one, two = spark.createDataFrame([(1,)], "x int").cache(), spark.createDataFrame([(2,)], "x int")
    assert one.collect() == [(1,)] and two.collect() == [(2,)]
    assert two.storageLevel.useMemory is False


def test_cached_tables(spark):
    spark.range(3).createOrReplaceTempView("three")
    assert not spark.catalog.isCached("three")
    spark.catalog.cacheTable("three")
    assert spark.catalog.isCached("three") and spark.table("three").count() == 3
    spark.catalog.uncacheTable("three")
    assert not spark.catalog.isCached("three")
    spark.sql("cache table drawn options ('storageLevel' 'DISK_ONLY') as select uuid() as u")
    assert spark.catalog.isCached("drawn") and spark.table("drawn").collect() == spark.table("drawn").collect()
    spark.catalog.clearCache()
    assert not spark.catalog.isCached("drawn")
    with pytest.raises(IllegalArgumentException, match="Invalid StorageLevel: FAST"):
        spark.sql("cache table three options ('storageLevel' 'FAST')")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.catalog.isCached("absent")


def test_transpose(spark):
    frame = spark.createDataFrame([("b", 3, 4.5), ("a", 1, 2.0), (None, 9, 9.0)], "s string, k int, x double")
    assert [tuple(row) for row in frame.transpose().collect()] == [("k", 1.0, 3.0), ("x", 2.0, 4.5)]
    assert frame.transpose().columns == ["key", "a", "b"]
    assert frame.select("s").transpose().collect() == []
    with pytest.raises(AnalysisException, match="TRANSPOSE_NO_LEAST_COMMON_TYPE"):
        frame.transpose("k").collect()


def test_pairs_that_there_are_not_are_counted_as_none(spark):
    frame = spark.createDataFrame([(1, "x"), (2, None)], "a int, b string")
    assert sorted(map(tuple, frame.crosstab("a", "b").select("a_b", "x", "null").collect())) == [("1", 1, 0), ("2", 0, 1)]


def test_freq_items(spark):
    frame = spark.createDataFrame([(1, -2.0) if i % 2 == 0 else (i, i * 1.0) for i in range(100)], "a int, b double")
    assert frame.stat.freqItems(["a", "b"], 0.4).first() == ([1], [-2.0])


def test_fields_inside_of_fields(spark):
    frame = spark.sql("select named_struct('i', named_struct('p', 1, 'q', 2), 'o', 5) as s")
    assert frame.select(F.col("s").withField("i.p", F.lit(9))).first()[0] == ((9, 2), 5)
    assert frame.select(F.col("s").dropFields("i.q")).first()[0] == ((1,), 5)
    assert frame.select(F.col("s").withField("z", F.lit(1)).dropFields("i")).columns == ["update_fields(s, WithField(1), dropfield())"]


def test_explode_in_with_column(spark):
    frame = spark.range(2).withColumn("v", F.explode(F.array(F.lit(1), F.lit(2))))
    assert sorted(map(tuple, frame.collect())) == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_table_arguments(spark):
    @udtf(returnType="a: int, b: string")
    class Above:
        def eval(self, n, row):
            if row["id"] > n:
                yield row["id"], str(row)

    spark.udtf.register("above", Above)
    spark.range(8).createOrReplaceTempView("numbers")
    assert spark.sql("select * from above(6, TABLE(numbers))").collect() == [(7, "Row(id=7)")]
    assert spark.sql("select * from above(row => TABLE(select id from numbers where id = 7), n => 6)").collect() == [(7, "Row(id=7)")]
    assert len(Above(F.lit(5), spark.range(8).asTable()).collect()) == 2
    with pytest.raises(AnalysisException, match="TABLE_VALUED_FUNCTION_TOO_MANY_TABLE_ARGUMENTS"):
        spark.sql("select * from above(TABLE(numbers), TABLE(numbers))").collect()
    assert spark.sql("select * from above(6, TABLE(numbers) WITH SINGLE PARTITION)").collect() == [(7, "Row(id=7)")]


def test_a_row_that_a_table_function_leaves_empty_is_null(spark):
    @udtf(returnType="a: int")
    class Nothing:
        def eval(self):
            yield

    assert Nothing().collect() == [(None,)]


def test_a_session_function_hides_the_built_in_one(spark):
    spark.udf.register("double", lambda x: x * 2, "int")
    assert spark.sql("select double(double(1))").first()[0] == 4


def test_products_that_nobody_asked_for(spark):
    spark.conf.set("spark.sql.crossJoin.enabled", "false")
    left, right = spark.range(3).toDF("a"), spark.range(3).toDF("b")
    same = udf(lambda a, b: a == b, "boolean")
    for frame in (left.join(right), left.join(right, F.lit(True)), left.join(right, same("a", "b"))):
        with pytest.raises(AnalysisException, match="Detected implicit cartesian product for INNER join"):
            frame.collect()
    assert left.crossJoin(right).count() == 9
    assert left.join(right, F.col("a") == F.col("b")).count() == 3
    assert left.join(right).filter("a = b").count() == 3
    spark.conf.unset("spark.sql.crossJoin.enabled")
    assert left.join(right, same("a", "b")).count() == 3
    with pytest.raises(AnalysisException, match="Python UDF in the ON clause of a LEFT OUTER JOIN"):
        left.join(right, same("a", "b"), "left").collect()


def test_aggregates_take_what_is_deterministic(spark):
    with pytest.raises(AnalysisException, match='Non-deterministic expression "sum\\(rand'):
        spark.range(3).agg(F.sum(F.rand())).collect()


def test_order_by_a_grouping_expression_of_the_frame(spark):
    frame = spark.range(3)
    counted = frame.groupBy(frame.id + 1).agg(F.count("*")).sort((frame.id + 1).desc())
    assert [row[0] for row in counted.collect()] == [3, 2, 1]


def test_fraction_outside_of_its_interval(spark):
    with pytest.raises(IllegalArgumentException, match=r"Sampling fraction \(-1.0\) must be on interval"):
        spark.range(3).sample(-1.0).count()


def test_an_option_that_is_none_is_told_without_the_engines_words(spark, tmp_path):
    (tmp_path / "rows.csv").write_text("1\n")
    with pytest.raises(PySparkException) as told:  # with a schema the file is not looked into before it is read
        spark.read.schema("a int").csv(str(tmp_path / "rows.csv"), header="!").collect()
    assert "header flag can be true or false" in str(told.value) and "Binder" not in str(told.value)


def test_jvm_functions_cannot_be_loaded(spark):
    with pytest.raises(AnalysisException, match="Can not load class org.example.Absent"):
        spark.udf.registerJavaFunction("f", "org.example.Absent")


class Point(UserDefinedType):
    def __init__(self, x=0.0, y=0.0):
        self.x, self.y = x, y

    @classmethod
    def sqlType(cls):
        return ArrayType(DoubleType(), False)

    @classmethod
    def module(cls):
        return "__main__"

    def serialize(self, value):
        return [value.x, value.y]

    def deserialize(self, data):
        return Point(data[0], data[1])


def test_user_defined_types_keep_their_classes(spark):
    schema = StructType([StructField("id", LongType()), StructField("point", Point())])
    frame = spark.createDataFrame([(1, Point(1.0, 2.0))], schema)
    assert frame.schema["point"].dataType.typeName() == Point().typeName()
    assert frame.first().point.y == 2.0


def test_approximate_quantiles_are_those_of_one_partition(spark):
    """Real Spark's answers over one partition; of no values there are none."""
    frame = spark.range(100000).select((F.col("id") * 7919 % 100003).alias("x"), F.when(F.col("id") < 5, F.lit(float("nan"))).alias("n"))
    assert frame.approxQuantile("x", [0.1, 0.5, 0.9], 0.05) == [10566.0, 49510.0, 90005.0]
    assert frame.approxQuantile("x", [0.9, 0.5, 0.1, 0.0, 1.0], 0.001) == [89977.0, 49971.0, 10027.0, 0.0, 100002.0]
    assert frame.approxQuantile(["x", "n"], [0.5], 0.0) == [[49999.0], []]


def test_a_schema_computed_from_an_example(spark):
    frame = spark.createDataFrame([('{"a": 1, "b": ["x"]}',)], "s string")
    read = frame.select(F.from_json("s", F.schema_of_json('{"a": 0, "b": [""]}')).alias("v")).select("v.a", "v.b")
    assert read.schema.simpleString() == "struct<a:bigint,b:array<string>>" and [tuple(r) for r in read.collect()] == [(1, ["x"])]


def test_sampling_with_replacement_draws_rows_several_times(spark):
    rows = [row.id for row in spark.range(2000).sample(True, 2.0, 7).collect()]
    assert 3500 < len(rows) < 4500 and len(set(rows)) < 2000 and max(rows) < 2000
    assert spark.range(10).sample(True, 0.0).count() == 0


def test_sessions_by_column_functions(spark):
    frame = spark.createDataFrame([("2016-03-11 09:00:07", 1), ("2016-03-11 09:00:10", 1), ("2016-03-11 09:05:00", 1)], "date string, val int")
    sessions = frame.groupBy(F.session_window(F.col("date").cast("timestamp"), "5 seconds")).agg(F.sum("val").alias("sum"))
    shown = sessions.select(sessions.session_window.start.cast("string"), sessions.session_window.end.cast("string"), "sum")
    assert sorted(map(tuple, shown.collect())) == [("2016-03-11 09:00:07", "2016-03-11 09:00:15", 2), ("2016-03-11 09:05:00", "2016-03-11 09:05:05", 1)]


def test_values_in_avro_form(spark):
    from pyspark.sql.avro.functions import from_avro, to_avro

    schema = '{"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"]}]}'
    frame = spark.createDataFrame([(1, "x"), (-2, None)], "a int, b string")
    coded = frame.select(to_avro(F.struct("a", "b"), schema).alias("v"))
    assert [bytes(row.v) for row in coded.collect()] == [b"\x02\x02\x02x", b"\x03\x00"]
    assert [tuple(row.v) for row in coded.select(from_avro("v", schema).alias("v")).collect()] == [(1, "x"), (-2, None)]
    broken = spark.createDataFrame([(b"\x02\x05",)], "v binary")
    with pytest.raises(Exception, match="MALFORMED_AVRO_MESSAGE"):
        broken.select(from_avro("v", schema)).collect()
    assert broken.select(from_avro("v", schema, {"mode": "PERMISSIVE"}).alias("v")).collect()[0].v.asDict() == {"a": None, "b": None}
    assert spark.sql(f"select schema_of_avro('{schema}')").collect()[0][0] == "STRUCT<a: INT NOT NULL, b: STRING>"


def test_structs_without_fields(spark, tmp_path):
    """As real Spark answers: they come, go, are kept and compared, and no file of Parquet holds one."""
    empty = StructType([])
    frame = spark.createDataFrame(
        [(1, (), [(), None], {"k": ()}, ((),)), (2, None, None, None, None), (3, {}, [], {"k": None}, (None,))],
        StructType([StructField("i", LongType()), StructField("s", empty), StructField("a", ArrayType(empty)),
                    StructField("m", MapType(StringType(), empty)), StructField("n", StructType([StructField("x", empty)]))]))
    rows = [(1, (), [(), None], {"k": ()}, ((),)), (2, None, None, None, None), (3, (), [], {"k": None}, (None,))]
    assert frame.schema.simpleString() == "struct<i:bigint,s:struct<>,a:array<struct<>>,m:map<string,struct<>>,n:struct<x:struct<>>>"
    assert [tuple(row) for row in frame.collect()] == rows
    assert frame.select("s", "n").toPandas().to_dict("list") == {"s": [{}, None, {}], "n": [{"x": {}}, None, {"x": None}]}
    assert sorted((str(row.s), row["count"]) for row in frame.groupBy("s").count().collect()) == [("None", 1), ("Row()", 2)]
    assert [tuple(row) for row in frame.cache().mapInArrow(lambda batches: batches, frame.schema).collect()] == rows
    assert [row.u for row in frame.select(udf(lambda i: () if i < 3 else None, empty)("i").alias("u")).collect()] == [(), (), None]
    inline = frame.selectExpr("inline(a)")
    assert inline.columns == [] and inline.count() == 2
    for form in ("json", "orc", "avro"):
        frame.select("i", "a").write.format(form).save(str(tmp_path / form))
        back = spark.read.schema(frame.select("i", "a").schema).format(form).load(str(tmp_path / form))
        assert [tuple(row) for row in back.orderBy("i").collect()] == [(i, a) for i, _, a, _, _ in rows]
        with pytest.raises(AnalysisException, match="EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE"):
            frame.select("i", "n").write.format(form).save(str(tmp_path / "no"))
    with pytest.raises(Exception, match="EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE"):
        frame.select("i", "a").write.parquet(str(tmp_path / "no"))
    spark.sql("CREATE TABLE nothing_inside USING json AS SELECT 1 AS i, named_struct() AS s")
    assert spark.table("nothing_inside").collect() == [(1, ())] and spark.table("nothing_inside").schema["s"].dataType == empty


def test_strings_of_bytes_that_are_no_text(spark, tmp_path):
    """They are shown with U+FFFD; what only their bytes decide is right, and anything else is refused, not answered wrongly."""
    frame = spark.createDataFrame([(1, b"\xc3"), (2, b"\xff\x61"), (3, b"ok")], "i int, b binary").selectExpr("i", "b", "cast(b as string) as s")
    shown = ["\ufffd", "\ufffda", "ok"]
    frame.createOrReplaceTempView("bytes_of")
    assert [row.s for row in spark.sql("SELECT s FROM bytes_of WHERE i > 0 ORDER BY i LIMIT 9").collect()] == shown
    assert [row.t for row in frame.selectExpr("array(cast(b as string)) AS t").collect()] == [[s] for s in shown]
    assert "|  2|[FF 61]| \ufffda|" in frame._show_string()
    assert [row.n for row in frame.selectExpr("octet_length(cast(b as string)) AS n").collect()] == [1, 2, 2]
    frame.select("s").coalesce(1).write.json(str(tmp_path / "json"))
    assert [row.s for row in spark.read.json(str(tmp_path / "json")).collect()] == shown
    refused = [lambda: frame.selectExpr("length(s)").collect(), lambda: frame.groupBy("s").count().collect(), lambda: frame.select("s").distinct().collect(),
               lambda: frame.orderBy("s").collect(), lambda: frame.select("s").write.parquet(str(tmp_path / "no")), lambda: frame.select(F.max("s")).collect(),
               lambda: frame.select(udf(len, "int")("s")).collect(), lambda: frame.cache().count()]
    for ask in refused:
        with pytest.raises(Exception, match="STRING of bytes that are not UTF-8"):
            ask()
    frame.unpersist()
    assert frame.where("i = 3").selectExpr("length(s) AS n", "upper(s) AS u").collect() == [(2, "OK")]


def test_show_writes_what_is_inside_of_values(spark):
    shown = spark.sql("SELECT array(1, null) AS a, map('k', X'00FF') AS m, named_struct('x', null, 'y', array(null)) AS s")._show_string()
    assert shown.splitlines()[3] == "|[1, NULL]|{k -> [00 FF]}|{NULL, [NULL]}|"
