"""What DataFrames over files mean to real Spark: make.py runs these on it and keeps the answers, ../test_datasource.py on weir.

A case takes a session and a folder of its own, and returns a DataFrame or a value; what it raises is an answer too."""
import os

import pyspark.sql.functions as F

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def write(folder, files):
    """Files of texts or bytes, all modified at the same moment."""
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (1577934245.678, 1577934245.678))
    return folder


def two_csv(spark, folder):
    write(folder, {"p=1/a.csv": "1,a\n2,b\n", "p=2/b c%é.csv": "3,c\n"})
    return spark.read.csv(folder)


# ---------------------------------------------------------------- _metadata, input_file_name
@case
def metadata_struct(spark, folder):
    return two_csv(spark, folder).select("*", "_metadata")


@case
def metadata_fields(spark, folder):
    return two_csv(spark, folder).select("_c0", "_metadata.file_name", "_metadata.file_size", "_metadata.file_modification_time")


@case
def metadata_star(spark, folder):
    return two_csv(spark, folder).select("_c0", "_metadata.*").where("file_size > 4")


@case
def metadata_is_hidden(spark, folder):
    return two_csv(spark, folder).where("_metadata.file_size > 4")


@case
def metadata_through_select(spark, folder):
    return two_csv(spark, folder).select("_c0").withColumn("x", F.lit(1)).select("x", "_metadata.file_name")


@case
def metadata_of_alias(spark, folder):
    return two_csv(spark, folder).alias("t").select("t._metadata.file_name")


@case
def metadata_of_alias_of_select(spark, folder):
    return two_csv(spark, folder).select("_c0").alias("t").select("t._metadata.file_name")


@case
def metadata_grouped(spark, folder):
    return two_csv(spark, folder).groupBy("_metadata.file_name").count()


@case
def metadata_after_group(spark, folder):
    return two_csv(spark, folder).groupBy("_c0").count().select("_metadata.file_name")


@case
def metadata_after_sort_and_limit(spark, folder):
    return two_csv(spark, folder).orderBy("_c0").limit(2).select("_metadata.file_name")


@case
def metadata_after_using(spark, folder):
    one = two_csv(spark, folder)
    return one.join(one, "_c0").select("_metadata.file_name")


@case
def metadata_of_a_cross_join(spark, folder):
    return two_csv(spark, folder).crossJoin(spark.range(1)).select("_c0", "_metadata.file_name")


@case
def metadata_without_such_field(spark, folder):
    return two_csv(spark, folder).select("_metadata.row_index")


@case
def metadata_of_sql(spark, folder):
    write(folder, {"a.csv": "1\n2\n"})
    return spark.sql(f"select _c0, _metadata.file_name from csv.`{folder}`")


@case
def metadata_of_sql_subquery(spark, folder):
    write(folder, {"a.csv": "1\n2\n"})
    return spark.sql(f"select _metadata.file_name from (select * from csv.`{folder}`) q")


@case
def metadata_of_cte(spark, folder):
    write(folder, {"a.csv": "1\n2\n"})
    return spark.sql(f"with c as (select * from csv.`{folder}`) select _metadata.file_name from c")


@case
def metadata_of_view(spark, folder):
    two_csv(spark, folder).createOrReplaceTempView("metadata_view")
    return spark.sql("select _metadata.file_name from metadata_view")


@case
def metadata_in_view(spark, folder):
    two_csv(spark, folder).select("_c0", "_metadata.file_name").createOrReplaceTempView("metadata_inside")
    return spark.sql("select * from metadata_inside")


@case
def metadata_row_index(spark, folder):
    spark.range(10).repartition(1).write.parquet(folder + "/x")
    return spark.read.parquet(folder + "/x").where("id > 6").select("id", "_metadata.row_index")


@case
def metadata_row_index_of_partitions(spark, folder):
    for p in range(70):  # more files than one UNION takes
        os.makedirs(f"{folder}/x/p={p}")
    spark.range(140).selectExpr("id", "id % 70 p").repartition(1).sortWithinPartitions("id").write.mode("append").partitionBy("p").parquet(folder + "/x")
    return spark.read.parquet(folder + "/x").where("id > 130").select("id", "p", "_metadata.row_index", "_metadata.file_block_start")


@case
def metadata_column_in_the_data(spark, folder):
    write(folder, {"a.json": '{"_metadata": 5}\n'})
    return spark.read.json(folder).select("_metadata")


@case
def metadata_column_by_method(spark, folder):
    data = two_csv(spark, folder)
    return data.select("_c0", data.metadataColumn("_metadata").getField("file_name").alias("f"))


@case
def input_file(spark, folder):
    return two_csv(spark, folder).selectExpr("_c0", "input_file_name()", "input_file_block_start()", "input_file_block_length()")


@case
def input_file_grouped(spark, folder):
    return two_csv(spark, folder).selectExpr("input_file_name() f").groupBy("f").count()


@case
def input_file_of_no_file(spark, folder):
    return spark.range(1).selectExpr("input_file_name()", "input_file_block_start()", "input_file_block_length()")


@case
def input_file_in_where(spark, folder):
    return two_csv(spark, folder).where("input_file_name() like '%a.csv'")


@case
def input_file_of_union(spark, folder):
    one = two_csv(spark, folder)
    return one.union(one).selectExpr("_c0", "input_file_name() f")


@case
def input_file_of_join(spark, folder):
    one = two_csv(spark, folder)
    return one.join(one.selectExpr("_c0 k"), one._c0 == F.col("k")).selectExpr("input_file_name()")


@case
def input_file_after_sort(spark, folder):
    return two_csv(spark, folder).orderBy("_c0").selectExpr("_c0", "input_file_name() f")


@case
def input_file_after_group(spark, folder):
    return two_csv(spark, folder).groupBy("_c0").count().selectExpr("_c0", "input_file_name() f")


@case
def input_file_of_cte(spark, folder):
    write(folder, {"a.csv": "1\n2\n"})
    return spark.sql(f"with c as (select * from csv.`{folder}`) select input_file_name() f, c.* from c")


@case
def input_file_of_view(spark, folder):
    two_csv(spark, folder).createOrReplaceTempView("input_view")
    return spark.sql("select _c0, input_file_name() f from input_view order by 1")


# ---------------------------------------------------------------- binaryFile, filters, files that are broken or gone
def things(folder):
    return write(folder, {"p=1/a b.bin": b"\x00\x01\xff", "p=2/c.txt": "text", "p=2/d.csv": "1,2\n"})


@case
def binary_file(spark, folder):
    return spark.read.format("binaryFile").load(things(folder))


@case
def binary_file_by_glob(spark, folder):
    return spark.read.format("binaryFile").option("pathGlobFilter", "*.{bin,csv}").load(things(folder)).select("path", "length", "p")


@case
def binary_file_of_all_folders(spark, folder):
    write(folder, {"x/a.bin": b"1", "b.bin": b"22", "x/y/c.bin": b"333"})
    return spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(folder).select("length")


@case
def binary_file_of_one_folder(spark, folder):
    write(folder, {"x/a.bin": b"1", "b.bin": b"22", "x/y/c.bin": b"333"})
    return spark.read.format("binaryFile").load(folder).select("length")


@case
def binary_file_with_schema(spark, folder):
    return spark.read.format("binaryFile").schema("path string, modificationTime timestamp, length long, content binary").load(things(folder)).select("length")


@case
def binary_file_written(spark, folder):
    return spark.range(1).write.format("binaryFile").save(folder + "/x")


@case
def binary_file_and_metadata(spark, folder):
    return spark.read.format("binaryFile").load(things(folder)).select("length", "_metadata.file_name", F.input_file_name().alias("f"))


def dated(folder):
    write(folder, {"a.csv": "1\n", "b.csv": "2\n"})
    os.utime(folder + "/b.csv", (1600000000, 1600000000))
    return folder


def nested(folder):
    return write(folder, {"x/a.csv": "1\n", "b.csv": "2\n", "x/y/c.csv": "3\n"})


@case
def nested_folders_are_not_read(spark, folder):
    return spark.read.csv(nested(folder))


@case
def nested_folders_by_glob(spark, folder):
    return spark.read.csv(nested(folder) + "/*")


@case
def nested_folders_of_a_table(spark, folder):
    return spark.sql(f"select * from csv.`{nested(folder)}`")


@case
def modified_after(spark, folder):
    return spark.read.option("modifiedAfter", "2020-06-01T00:00:00").csv(dated(folder))


@case
def modified_before(spark, folder):
    return spark.read.option("modifiedBefore", "2020-06-01").csv(dated(folder))


@case
def modified_before_the_very_moment(spark, folder):
    return spark.read.option("modifiedBefore", "2020-09-13T12:26:40").csv(dated(folder))


@case
def modified_between_nothing(spark, folder):
    return spark.read.option("modifiedBefore", "2000-06-01").schema("a string").csv(dated(folder))


@case
def modified_in_a_zone(spark, folder):
    return spark.read.option("modifiedAfter", "2020-09-13T14:00:00").option("timeZone", "+02:00").csv(dated(folder))


@case
def modified_not_a_time(spark, folder):
    return spark.read.option("modifiedAfter", "x").csv(dated(folder))


@case
def glob_filter(spark, folder):
    return spark.read.option("pathGlobFilter", "[b-z].csv").csv(dated(folder))


@case
def glob_filter_nothing(spark, folder):
    return spark.read.option("pathGlobFilter", "*.json").csv(dated(folder))


CORRUPT = {"a.json": '{"a":1}\n', "b.json.gz": b"\x1f\x8b\x08\x00no gzip at all"}


@case
def corrupt_files(spark, folder):
    return spark.read.json(write(folder, CORRUPT))


@case
def corrupt_files_ignored(spark, folder):
    return spark.read.option("ignoreCorruptFiles", "true").json(write(folder, CORRUPT))


@case
def corrupt_parquet_ignored(spark, folder):
    spark.range(3).repartition(1).write.parquet(folder + "/x")
    write(folder + "/x", {"b.parquet": "no Parquet file"})
    return spark.read.option("ignoreCorruptFiles", "true").parquet(folder + "/x")


@case
def corrupt_second_parquet_ignored(spark, folder):
    spark.range(3).repartition(1).write.parquet(folder + "/x")
    write(folder + "/x", {"z.parquet": "no Parquet file"})
    return spark.read.option("ignoreCorruptFiles", "true").parquet(folder + "/x")


@case
def corrupt_files_ignored_by_session(spark, folder):
    spark.conf.set("spark.sql.files.ignoreCorruptFiles", "true")
    try:
        return spark.read.json(write(folder, CORRUPT)).collect()
    finally:
        spark.conf.unset("spark.sql.files.ignoreCorruptFiles")


@case
def corrupt_column_by_session(spark, folder):
    spark.conf.set("spark.sql.columnNameOfCorruptRecord", "bad")
    try:
        return spark.read.json(write(folder, {"a.json": '{"a":1}\n{x\n'})).collect()
    finally:
        spark.conf.unset("spark.sql.columnNameOfCorruptRecord")


@case
def merge_schema_by_session(spark, folder):
    spark.range(1).selectExpr("id a").repartition(1).write.parquet(folder + "/x/p=1")
    spark.range(1).selectExpr("id b").repartition(1).write.parquet(folder + "/x/p=2")
    spark.conf.set("spark.sql.parquet.mergeSchema", "true")
    try:
        return sorted(spark.read.parquet(folder + "/x").collect(), key=repr)
    finally:
        spark.conf.unset("spark.sql.parquet.mergeSchema")


# ---------------------------------------------------------------- compressed text
def packed(spark, folder, codec, format="json"):
    rows = spark.range(3000).repartition(1).selectExpr("id", "repeat(cast(id as string), 20) s")
    rows.write.format(format).option("compression", codec).save(folder + "/x")
    names = [n.split("-c000")[1] for n in os.listdir(folder + "/x") if n.startswith("part-")]
    back = spark.read.schema("id long, s string").format(format).load(folder + "/x")
    return [names, back.selectExpr("count(*)", "sum(id)", "sum(hash(s))").collect()]


for _codec in ("bzip2", "deflate", "gzip", "lz4", "snappy", "none", "nothing"):
    CASES[f"written_{_codec}"] = lambda spark, folder, codec=_codec: packed(spark, folder, codec)
for _codec in ("snappy", "gzip", "zstd", "lz4", "lz4_raw", "none", "uncompressed", "nothing"):
    CASES[f"parquet_{_codec}"] = lambda spark, folder, codec=_codec: packed(spark, folder, codec, "parquet")


@case
def max_records(spark, folder):
    spark.range(10).repartition(1).write.option("maxRecordsPerFile", 4).csv(folder + "/x")
    return sorted(n.split("-")[-1] for n in os.listdir(folder + "/x") if n.startswith("part-"))


@case
def max_records_of_partitions(spark, folder):
    spark.range(10).selectExpr("id", "id % 2 p").repartition(1).write.option("maxRecordsPerFile", 4).partitionBy("p").csv(folder + "/x")
    return [sorted(n.split(".")[-2:] for n in os.listdir(folder + "/x/p=0") if n.startswith("part-")),
            spark.read.csv(folder + "/x").count()]


@case
def written_utf_16(spark, folder):
    spark.range(2).repartition(1).selectExpr("id", "'ä☃😀' s").write.option("encoding", "UTF-16").option("header", "true").csv(folder + "/x")
    name = [n for n in os.listdir(folder + "/x") if n.startswith("part-")][0]
    return open(f"{folder}/x/{name}", "rb").read()


@case
def written_latin(spark, folder):
    spark.range(1).repartition(1).selectExpr("id", "'ä☃' s").write.option("encoding", "ISO-8859-1").json(folder + "/x")
    name = [n for n in os.listdir(folder + "/x") if n.startswith("part-")][0]
    return open(f"{folder}/x/{name}", "rb").read()


# ---------------------------------------------------------------- Avro
ALL_TYPES = """select * from values
    (true, 1Y, 2S, 3, 4L, 1.5f, 2.5d, 1.25bd, 12345678901234567890.123bd, 'text', X'01ff', date'2020-01-02', timestamp'2020-01-02 03:04:05.123456',
     timestamp_ntz'1950-01-02 03:04:05.1', array(1, null), map('k', 1.5d), named_struct('a', 1, 'b', array('x'))),
    (null, -1Y, -2S, -3, -4L, -1.5f, double('nan'), -1.25bd, -0.001bd, '', X'', date'0001-01-01', timestamp'1900-01-01 00:00:00',
     timestamp_ntz'9999-12-31 23:59:59.999999', array(), map(), null)
    as t(bo, by, sh, it, lo, fl, db, de, dl, st, bi, da, ts, nt, ar, ma, sr)"""


def round_trip(spark, folder, format, **options):
    spark.sql(ALL_TYPES).repartition(1).write.format(format).options(**options).save(folder + "/x")
    return spark.read.format(format).load(folder + "/x")


for _codec in ("uncompressed", "snappy", "deflate", "bzip2", "xz", "zstandard"):
    CASES[f"avro_{_codec}"] = lambda spark, folder, codec=_codec: round_trip(spark, folder, "avro", compression=codec)


@case
def avro_codec_that_is_none(spark, folder):
    return round_trip(spark, folder, "avro", compression="lzo")


@case
def avro_partitions(spark, folder):
    spark.range(6).selectExpr("id", "id % 2 p").repartition(1).write.partitionBy("p").format("avro").save(folder + "/x")
    return spark.read.format("avro").load(folder + "/x").where("p = 1").select("id", "_metadata.file_block_start")


@case
def avro_schema_given(spark, folder):
    spark.sql("select 1 a, 'x' b, 2.5f c").repartition(1).write.format("avro").save(folder + "/x")
    return spark.read.format("avro").schema("C double, z string, a long").load(folder + "/x")


@case
def avro_by_place(spark, folder):
    spark.sql("select 1 a, 'x' b").repartition(1).write.format("avro").save(folder + "/x")
    return spark.read.format("avro").option("positionalFieldMatching", "true").schema("n int, s string").load(folder + "/x")


@case
def avro_types_in_conflict(spark, folder):
    spark.sql("select 'x' a").repartition(1).write.format("avro").save(folder + "/x")
    return spark.read.format("avro").schema("a int").load(folder + "/x").collect()[0][0]


@case
def avro_written_schema(spark, folder):
    import re
    spark.sql(ALL_TYPES).drop("ma").repartition(1).write.format("avro").option("compression", "uncompressed").save(folder + "/x")
    name = [n for n in os.listdir(folder + "/x") if n.startswith("part-")][0]
    bytes = open(f"{folder}/x/{name}", "rb").read()
    import json
    return json.loads(re.search(rb'\{"type":"record".*\]\}(?=.avro|.org|\x00|\x14)', bytes, re.S).group(0).split(b"\x14avro")[0].split(b"\x30org")[0].decode())


@case
def avro_record_name(spark, folder):
    spark.range(1).repartition(1).write.format("avro").option("recordName", "R").option("recordNamespace", "a.b").save(folder + "/x")
    name = [n for n in os.listdir(folder + "/x") if n.startswith("part-")][0]
    bytes = open(f"{folder}/x/{name}", "rb").read()
    return [b'"name":"R"' in bytes, b'"namespace":"a.b"' in bytes]


@case
def avro_written_by_schema(spark, folder):
    schema = '{"type":"record","name":"r","fields":[{"name":"b","type":["null","string"]},{"name":"a","type":{"type":"long","logicalType":"timestamp-millis"}},' \
             '{"name":"e","type":{"type":"enum","name":"en","symbols":["x","y"]}}]}'
    spark.sql("select timestamp'2020-01-02 03:04:05.123456' a, 'q' b, 'y' e").repartition(1).write.format("avro").option("avroSchema", schema).save(folder + "/x")
    return spark.read.format("avro").load(folder + "/x")


def avro_file(folder, schema, *rows):
    """An Avro file by hand: rows are lists of encoded bytes."""
    def number(n):
        n = (n << 1) ^ (n >> 63)
        out = b""
        while n > 0x7F:
            out += bytes([n & 0x7F | 0x80])
            n >>= 7
        return out + bytes([n])
    import json
    text = json.dumps(schema).encode()
    head = b"Obj\x01" + number(1) + number(11) + b"avro.schema" + number(len(text)) + text + number(0) + b"S" * 16
    body = b"".join(b"".join(row) for row in rows)
    write(folder, {"a.avro": head + number(len(rows)) + number(len(body)) + body + b"S" * 16})
    return folder


def refused(function):
    """For what Java itself refuses, without a condition of Spark's."""
    try:
        return function()
    except Exception:
        return "refused"


def record(*fields):
    return {"type": "record", "name": "r", "fields": [{"name": f"f{i}", "type": t} for i, t in enumerate(fields)]}


@case
def avro_unions(spark, folder):
    schema = record(["int", "long"], ["null", "string", "int"], ["float", "double"], ["null", "boolean"], ["string"])
    return spark.read.format("avro").load(avro_file(
        folder, schema, [b"\x00\x02", b"\x02\x02a", b"\x00\x00\x00\xc0\x3f", b"\x00", b"\x00\x02z"],
        [b"\x02\x04", b"\x04\x0a", b"\x02" + b"\x00" * 6 + b"\xf8\x3f", b"\x02\x01", b"\x00\x00"]))


@case
def avro_named_types(spark, folder):
    schema = record({"type": "enum", "name": "e", "symbols": ["A", "B"]}, {"type": "fixed", "name": "x", "size": 2},
                    {"type": "fixed", "name": "d", "size": 2, "logicalType": "decimal", "precision": 4, "scale": 2},
                    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1}, "e",
                    {"type": "long", "logicalType": "timestamp-millis"}, {"type": "long", "logicalType": "local-timestamp-millis"},
                    {"type": "int", "logicalType": "time-millis"}, {"type": "string", "logicalType": "uuid"})
    return spark.read.format("avro").load(avro_file(
        folder, schema, [b"\x02", b"\x01\x02", b"\xff\x85", b"\x02\x7f", b"\x00", b"\x02", b"\x01", b"\x04", b"\x02u"]))


@case
def avro_that_refers_to_itself(spark, folder):
    return refused(lambda: spark.read.format("avro").load(avro_file(folder, record(["null", "r"]), [b"\x00"])).schema)


@case
def avro_cut_off(spark, folder):
    avro_file(folder, record("long"), [b"\x02"])
    bytes = open(folder + "/a.avro", "rb").read()
    write(folder, {"a.avro": bytes[:-5]})
    return spark.read.format("avro").load(folder)


@case
def avro_that_is_none(spark, folder):
    return refused(lambda: spark.read.format("avro").load(write(folder, {"a.avro": "text"})).schema)


# ---------------------------------------------------------------- ORC
FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files.json")


def of_spark(spark, folder, name, write_files):
    """Files that real Spark wrote: it writes and keeps them, weir gets what was kept."""
    import base64
    import json
    kept = json.load(open(FILES)) if os.path.exists(FILES) else {}
    if "connect" not in type(spark).__module__:
        write_files(folder + "/x")
        found = {}
        for root, _, names in os.walk(folder + "/x"):
            for n in names:
                if n.startswith("part-"):
                    path = os.path.join(root, n)
                    found[os.path.relpath(path, folder + "/x")] = base64.b64encode(open(path, "rb").read()).decode()
        kept[name] = found
        with open(FILES, "w") as f:
            json.dump(kept, f, indent=0, sort_keys=True)
            f.write("\n")
    return write(folder + "/y", {n: base64.b64decode(text) for n, text in kept[name].items()})


for _codec in ("none", "snappy", "zlib", "lz4", "zstd"):
    CASES[f"orc_{_codec}"] = lambda spark, folder, codec=_codec: round_trip(spark, folder, "orc", compression=codec)
    CASES[f"orc_{_codec}_of_spark"] = lambda spark, folder, codec=_codec: spark.read.orc(of_spark(
        spark, folder, f"orc_{codec}", lambda to: spark.sql(ALL_TYPES).repartition(1).write.option("compression", codec).orc(to)))

MANY = """select id, id * id * if(id % 3 = 0, -1, 1) sq, if(id % 7 = 0, null, cast(id as int)) n, cast(id % 5 as string) few, concat('text ', id * 7919 % 1000) many,
    cast(id / 7 as decimal(20,5)) d, timestamp_micros(id * 86400123456 - 1000000000000000) t, date_add(date'1900-01-01', cast(id * 37 % 60000 as int)) da,
    if(id % 4 = 0, null, sequence(0, id % 5)) ar, map(cast(id % 3 as string), id) m, named_struct('x', id % 2 = 0, 'y', if(id % 11 = 0, null, cast(id % 100 as tinyint))) s,
    cast(if(id % 1000 = 999, 123456789012345, id % 16) as bigint) outlier, cast(id as float) / 3 f, if(id > 2000, null, id) late from range(3000)"""


def summed(data):
    return data.select(*[F.expr(f"sum(hash({c}))").alias(c) for c in data.columns if c != "m"], F.expr("sum(map_values(m)[0])").alias("m"), F.expr("count(*)"))


@case
def orc_many(spark, folder):
    spark.sql(MANY).repartition(1).write.orc(folder + "/x")
    return summed(spark.read.orc(folder + "/x"))


@case
def orc_many_of_spark(spark, folder):
    return summed(spark.read.orc(of_spark(spark, folder, "orc_many", lambda to: spark.sql(MANY).repartition(1).write.orc(to))))


@case
def orc_many_of_spark_by_dictionary(spark, folder):
    return summed(spark.read.orc(of_spark(spark, folder, "orc_dictionary", lambda to: spark.sql(MANY).repartition(1).write.option(
        "orc.dictionary.key.threshold", "1.0").option("orc.stripe.size", "65536").option("compression", "zlib").orc(to))))


@case
def orc_old_runs_of_spark(spark, folder):
    return summed(spark.read.orc(of_spark(spark, folder, "orc_old", lambda to: spark.sql(MANY).repartition(1).write.option(
        "orc.write.format", "0.11").orc(to))))


@case
def orc_row_columns(spark, folder):
    spark.sql(MANY).repartition(1).write.orc(folder + "/x")
    return spark.read.orc(folder + "/x").where("id between 2040 and 2055").select("id", "n", "ar", "s.y", "t")


@case
def orc_partitions(spark, folder):
    spark.range(6).selectExpr("id", "id % 2 p").repartition(1).write.partitionBy("p").orc(folder + "/x")
    return spark.read.orc(folder + "/x").where("p = 1").select("id", "_metadata.file_block_start")


@case
def orc_schema_given(spark, folder):
    spark.sql("select 1 a, 'x' b, 2.5f c, named_struct('u', 1, 'v', 2) s").repartition(1).write.orc(folder + "/x")
    return spark.read.schema("C double, z string, a long, s struct<v:int,w:int>").orc(folder + "/x")


@case
def orc_merged(spark, folder):
    spark.sql("select 1 a").repartition(1).write.orc(folder + "/x/p=1")
    spark.sql("select 'x' b").repartition(1).write.orc(folder + "/x/p=2")
    return spark.read.option("mergeSchema", "true").orc(folder + "/x").select("a", "b", "p")


@case
def orc_by_name_in_sql(spark, folder):
    spark.sql("select 1 a").repartition(1).write.orc(folder + "/x")
    return spark.sql(f"select * from orc.`{folder}/x`")


@case
def orc_no_rows(spark, folder):
    spark.sql("select 1 a, 'x' b where false").repartition(1).write.orc(folder + "/x")
    return spark.read.orc(folder + "/x")


@case
def orc_codec_that_is_none(spark, folder):
    return round_trip(spark, folder, "orc", compression="nothing")


@case
def orc_that_is_none(spark, folder):
    return refused(lambda: spark.read.orc(write(folder, {"a.orc": "text"})).schema)


@case
def orc_intervals(spark, folder):
    spark.sql("select interval '1-2' year to month ym, interval '1 02:03:04.5' day to second dt").repartition(1).write.orc(folder + "/x")
    return spark.read.orc(folder + "/x").selectExpr("cast(ym as string) ym", "cast(dt as string) dt", "typeof(dt) t")


# ---------------------------------------------------------------- JSON that is none
LAX = ['{"a": 1 /* one */, "b": "x"} // end\n', "{a: 1, b$: 'x', _c-1: 2}\n", '{"a": 007, "b": -01.5, "c": 0}\n', '{"a": "\\x\\y\\n", "b": "\\\'"}\n',
       '{"a": "tab\there", "b": 1}\n', '{"a": 1/**/, /* */ "b": [1 /*,2*/ ,3]}\n', '{a b: 1}\n', '{1: 2}\n', "{'a': 'it\\'s'}\n", '{"a": /1}\n', '{"a": "//no"}\n',
       '// nothing\n', '{"a": 00}\n', '{"a": 0x1}\n']
for _option in ("allowComments", "allowUnquotedFieldNames", "allowNumericLeadingZeros", "allowBackslashEscapingAnyCharacter", "allowUnquotedControlChars",
                "none"):
    for _schema in ("a string, b string, c string, _corrupt_record string", None):
        CASES[f"json_{_option}{'' if _schema else '_inferred'}"] = lambda spark, folder, option=_option, schema=_schema: (
            spark.read.schema(schema) if schema else spark.read).option(option, "true").json(write(folder, {"a.json": "".join(LAX)}))


@case
def orc_old_times_of_spark(spark, folder):
    return spark.read.orc(of_spark(spark, folder, "orc_old_times", lambda to: spark.sql(
        """select * from values (date'1000-02-28', timestamp'0500-01-01 12:00:00.5'), (date'1582-10-04', timestamp'1582-10-14 23:59:59'),
        (date'1582-10-15', timestamp'1582-10-15 00:00:00'), (date'0001-01-01', timestamp'0001-01-01 00:00:00') as t(d, t)""").repartition(1).write.orc(to))).selectExpr("cast(d as string) d", "cast(t as string) t")


# ---------------------------------------------------------------- patterns
for _pattern in ("EEE, d MMM yyyy HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "hh:mm a", "MMMM d, yy", "D/yyyy", "yyyyMMdd", "yyyy-'Q'q"):
    CASES[f"written_as_{_pattern}"] = lambda spark, folder, pattern=_pattern: (
        spark.sql("select date'2020-02-03' d, timestamp'2020-02-03 14:05:06.789' t union all select date'1969-12-31', timestamp'0099-01-01 00:00:00'")
        .coalesce(1).select("t", "d").write.option("timestampFormat", pattern).csv(folder + "/x"),
        spark.read.text(folder + "/x").collect())[1]


# ---------------------------------------------------------------- VARIANT
VARIANTS = """select 1 as id, to_variant_object(named_struct('b', true, 'i', 1, 'l', 9223372036854775807L, 'd', 1.5D, 'f', float(0.1), 'dec', 123.4500BD,
    'big', cast('12345678901234567890123456789.12' as decimal(38,2)), 's', 'héllo', 'bin', x'00ff', 'date', date'2020-01-01', 'ts', timestamp'2020-01-01 01:02:03.456789',
    'ntz', timestamp_ntz'2020-01-01 01:02:03', 'arr', array(1, null), 'neg', -5S, 'long', repeat('x', 100))) as v
  union all select 2, {null} union all select 4, parse_json('[]') union all select 5, parse_json('{{}}') union all select 6, parse_json('"x"') union all select 7, parse_json('1.50')"""
SQL_NULLS, VARIANT_NULLS = VARIANTS.format(null="cast(null as variant)"), VARIANTS.format(null="parse_json('null')")
LIKE_EACH_OTHER = """select id, parse_json(concat('{"a":', id, ',"b":[1,"x"],"c":{"d":1.', id, ', "e":null}}')) v from range(5) union all select 7, parse_json('{"a":"x","c":5}')"""
INSIDE = """select id, array(parse_json(j), null) a, named_struct('x', parse_json(j), 'y', id) s, map('k', parse_json(j)) m from values (1, '{"a":1}'), (2, 'null'), (3, null) t(id, j)"""


def variants(data):
    return data.selectExpr("id", "to_json(v)", "v is null", "is_variant_null(v)", "schema_of_variant(v)")


def variants_of_spark(name, sql, annotate, shred):
    def write_files(spark, to):
        spark.conf.set("spark.sql.parquet.variant.annotateLogicalType.enabled", annotate)
        spark.conf.set("spark.sql.variant.writeShredding.enabled", shred)
        spark.sql(sql).coalesce(1).write.parquet(to)
    CASES[name] = lambda spark, folder: variants(spark.read.parquet(of_spark(spark, folder, name, lambda to: write_files(spark, to))))


variants_of_spark("variant_annotated", SQL_NULLS, "true", "false")
variants_of_spark("variant_annotated_nulls", VARIANT_NULLS, "true", "false")
variants_of_spark("variant_groups", SQL_NULLS, "false", "false")
variants_of_spark("variant_groups_nulls", VARIANT_NULLS, "false", "false")
variants_of_spark("variant_shredded", LIKE_EACH_OTHER, "true", "true")


@case
def variant_round_trip(spark, folder):
    spark.sql(SQL_NULLS).write.parquet(folder + "/x")
    spark.sql(VARIANT_NULLS).write.mode("append").parquet(folder + "/x")
    return variants(spark.read.parquet(folder + "/x"))


@case
def variant_inside(spark, folder):
    spark.sql(INSIDE).write.parquet(folder + "/x")
    return spark.read.parquet(folder + "/x").selectExpr("id", "to_json(a[0])", "a[0] is null", "is_variant_null(a[0])", "a[1] is null", "to_json(s.x)", "s.y", "to_json(m['k'])")


@case
def variant_partitions(spark, folder):
    spark.sql(SQL_NULLS).selectExpr("v", "id", "id % 2 as p").write.partitionBy("p").parquet(folder + "/x")
    return variants(spark.read.parquet(folder + "/x").where("p = 1"))


@case
def variant_table(spark, folder):
    spark.sql("DROP TABLE IF EXISTS variant_t")
    spark.sql(f"CREATE TABLE variant_t (id INT, v VARIANT) USING parquet LOCATION '{folder}/t'")
    spark.sql("INSERT INTO variant_t SELECT 1, parse_json('{\"a\":[1,2]}')")
    spark.sql("INSERT INTO variant_t VALUES (2, NULL), (3, parse_json('null'))")
    return variants(spark.table("variant_t"))


@case
def variant_in_json(spark, folder):
    spark.sql(VARIANT_NULLS).where("id > 1").repartition(1).write.json(folder + "/x")
    return spark.read.text(folder + "/x")


for _format in ("csv", "orc", "avro", "text"):
    CASES[f"variant_in_{_format}"] = lambda spark, folder, format=_format: refused(
        lambda: spark.sql(SQL_NULLS).select("v").write.format(format).save(folder + "/x"))


@case
def variant_partitioned_by(spark, folder):
    return refused(lambda: spark.sql(SQL_NULLS).write.partitionBy("v").parquet(folder + "/x"))


SINGLE = {"x.json": '{"a":1,"b":{"c":[1,2.5,"x"]}}\n[1,2]\n5\nbad\n\n{"a":2}\nnull\n{"a":1,"a":2}\n{"a":1} x\n'}


def single(spark, folder, **options):
    return spark.read.options(singleVariantColumn="var", **options)


@case
def single_variant(spark, folder):
    return single(spark, folder).json(write(folder, SINGLE)).selectExpr("to_json(var)")


@case
def single_variant_schema(spark, folder):
    return single(spark, folder).json(write(folder, SINGLE)).schema.simpleString()


@case
def single_variant_corrupt(spark, folder):
    return single(spark, folder).schema("var variant, _corrupt_record string").json(write(folder, SINGLE)).selectExpr("to_json(var)", "_corrupt_record")


@case
def single_variant_dropped(spark, folder):
    return single(spark, folder, mode="DROPMALFORMED").json(write(folder, SINGLE)).selectExpr("to_json(var)")


@case
def single_variant_failfast(spark, folder):
    return single(spark, folder, mode="FAILFAST").json(write(folder, SINGLE)).selectExpr("to_json(var)")


@case
def single_variant_multi_line(spark, folder):
    return single(spark, folder, multiLine="true").json(write(folder, {"x.json": '{"a":\n1}', "y.json": '[{"b":2}, 3]'})).selectExpr("to_json(var)")


@case
def single_variant_wrong_schema(spark, folder):
    return refused(lambda: single(spark, folder).schema("x int").json(write(folder, SINGLE)).schema)


@case
def variant_columns_of_json(spark, folder):
    return spark.read.schema("a variant, b variant").json(write(folder, SINGLE)).selectExpr("to_json(a)", "to_json(b)")


ARRAYS = {"x.json": '[1,2]\n[{"a":1}, 5]\n[{"a":1}, null, {"a":2}]\n[]\n[[{"a":3}]]\n[{"a":"x"},{"a":4}]\n'}


@case
def json_arrays_of_records(spark, folder):
    return spark.read.schema("a int, _corrupt_record string").json(write(folder, ARRAYS))


@case
def json_nulls_in_variants(spark, folder):
    text = '{"a":null,"b":{"x":null}}\n{"a":"x","b":[null]}\n{"b":5}\n'
    return spark.read.schema("a variant, b struct<x:variant>").json(write(folder, {"x.json": text})).selectExpr("to_json(a)", "a is null", "to_json(b)")


@case
def parquet_max_records(spark, folder):
    spark.range(10).repartition(1).write.option("maxRecordsPerFile", 4).parquet(folder + "/x")
    spark.range(0).write.option("maxRecordsPerFile", 4).parquet(folder + "/none")
    spark.range(10).selectExpr("id", "if(id < 7, 'a', null) p").repartition(1).write.option("maxRecordsPerFile", 3).partitionBy("p").parquet(folder + "/y")
    counts = []
    for data in (spark.read.parquet(folder + "/x"), spark.read.parquet(folder + "/y"), spark.read.schema("id long").parquet(folder + "/none")):
        counts.append(sorted(r[1] for r in data.groupBy("_metadata.file_path").count().collect()))
        counts.append([data.count(), data.selectExpr("sum(id)").collect()[0][0]])
    names = sorted(n.split("-")[-1] for n in os.listdir(folder + "/x") if n.startswith("part-"))
    return [counts, names, len([n for n in os.listdir(folder + "/none") if n.startswith("part-")])]


# ---------------------------------------------------------------- XML
BOOKS = {"a.xml": '<books><book id="1"><title>A</title><year>1999</year></book><book id="2"><title>B</title><author>x</author><author>y</author></book></books>'}


def texts_of(folder):
    """What the part files of a folder hold, by their folders."""
    import glob
    import gzip
    found = []
    for path in sorted(glob.glob(folder + "/**/part-*", recursive=True)):
        with open(path, "rb") as f:
            content = f.read()
        name = os.path.relpath(path, folder)
        found.append([os.path.dirname(name), name.split("-")[-1].split(".", 1)[-1], (gzip.decompress(content) if name.endswith(".gz") else content).decode("latin-1")])
    return found


@case
def xml_reader(spark, folder):
    return spark.read.xml(write(folder, BOOKS), rowTag="book")


@case
def xml_without_a_row_tag(spark, folder):
    return refused(lambda: spark.read.xml(write(folder, BOOKS)).schema)


@case
def xml_query_of_a_file(spark, folder):
    return refused(lambda: spark.sql(f"select * from xml.`{write(folder, BOOKS)}`").schema)


@case
def xml_metadata(spark, folder):
    return spark.read.format("xml").option("rowTag", "book").load(write(folder, BOOKS)).select("_id", "_metadata.file_name").where("_id > 1")


@case
def xml_count(spark, folder):
    return spark.read.xml(write(folder, BOOKS), rowTag="book").groupBy().count()


@case
def xml_table(spark, folder):
    write(folder, BOOKS)
    spark.sql(f"create table xml_books (_id int, title string, author array<string>) using xml options (rowTag 'book') location '{folder}'")
    try:
        return [[list(r) for r in spark.sql("select * from xml_books order by _id").collect()],
                [list(r) for r in spark.sql("select _id, x from xml_books lateral view explode(author) as x order by x").collect()]]
    finally:
        spark.sql("drop table xml_books")


@case
def xml_view(spark, folder):
    spark.sql(f"create or replace temporary view xml_view using xml options (path '{write(folder, BOOKS)}', rowTag 'book')")
    return spark.table("xml_view").select("title", "year")


@case
def xml_written(spark, folder):
    rows = spark.sql("select 1 as _id, 'x<y' as t, array(1, null) as l, struct(2 as _k, 'v' as _VALUE) as s, map('k', 1) as m union all select 2, null, null, null, null")
    rows.coalesce(1).write.format("xml").option("rowTag", "row").save(folder + "/x")
    return [texts_of(folder + "/x"), sorted(list(r)[:2] for r in spark.read.xml(folder + "/x", rowTag="row").select("_id", "t").collect())]


@case
def xml_written_with_options(spark, folder):
    rows = spark.sql("select 1 as a, cast(null as string) as b, timestamp'2020-01-02 03:04:05' as t, date'2020-01-02' as d").coalesce(1)
    rows.write.xml(folder + "/a", rowTag="r", rootTag="root k='v'", declaration="version='1.0'", nullValue="-", timestampFormat="HH:mm", dateFormat="dd.MM.yyyy")
    rows.write.xml(folder + "/b", rowTag="r", compression="gzip", declaration="", attributePrefix="@", valueTag="t")
    rows.write.format("xml").option("rowTag", "r").option("indent", "").save(folder + "/c")
    spark.sql("select 'ä€' as a").coalesce(1).write.xml(folder + "/d", rowTag="r", encoding="UTF-16")
    return [texts_of(f"{folder}/{x}") for x in "abcd"]


@case
def xml_that_cannot_be_written(spark, folder):
    spark.sql("select 1 as `a b`").coalesce(1).write.xml(folder + "/x", rowTag="r")


@case
def xml_intervals_written(spark, folder):
    spark.sql("select interval 1 day as a").coalesce(1).write.xml(folder + "/x", rowTag="r")


@case
def xml_control_characters_written(spark, folder):
    spark.sql("select chr(1) as a").coalesce(1).write.xml(folder + "/x", rowTag="r")


@case
def xml_written_by_partitions(spark, folder):
    spark.sql("select 1 as p, 2 as a union all select 2, 3").coalesce(1).write.partitionBy("p").xml(folder + "/x", rowTag="r")
    spark.range(3).coalesce(1).write.option("maxRecordsPerFile", 2).xml(folder + "/y", rowTag="r")
    spark.range(0).coalesce(1).write.xml(folder + "/z", rowTag="r")
    return [texts_of(f"{folder}/{x}") for x in "xyz"] + [sorted(list(r) for r in spark.read.xml(folder + "/x", rowTag="r").collect())]


@case
def xml_written_without_a_row_tag(spark, folder):
    return refused(lambda: spark.range(1).write.format("xml").save(folder + "/x"))


@case
def xml_names_that_are_none(spark, folder):
    spark.sql("select 1 as `a b`").coalesce(1).write.xml(folder + "/x", rowTag="r", validateName=False)
    return texts_of(folder + "/x")


@case
def xml_functions(spark, folder):
    data = spark.createDataFrame([('<p k="1"><a>2</a></p>',)], ["x"])
    return data.select(F.from_xml("x", "_k int, a long").alias("r"), F.from_xml("x", F.schema_of_xml(F.lit('<p><a>1</a></p>'))).alias("s"),
                       F.to_xml(F.struct(F.lit(1).alias("a")), {"rowTag": "q", "indent": ""}).alias("t"), F.schema_of_xml('<p><b/></p>').alias("u"))


ROWS = {"a.xml": "<rs><r k='1'>t<a>1</a><b><c>2.5</c><c>x</c></b></r><r><a>true</a></r><r><a>2</c></r></rs>"}


@case
def xml_variant_columns(spark, folder):
    return spark.read.schema("a variant, b variant").xml(write(folder, ROWS), rowTag="r").selectExpr("to_json(a)", "to_json(b)")


@case
def xml_single_variant(spark, folder):
    data = spark.read.schema("v variant, _corrupt_record string").option("singleVariantColumn", "v").xml(write(folder, ROWS), rowTag="r")
    return data.selectExpr("to_json(v)", "_corrupt_record is null")


@case
def xml_single_variant_alone(spark, folder):
    return spark.read.option("singleVariantColumn", "var").option("rowTag", "r").format("xml").load(write(folder, ROWS)).selectExpr("to_json(var)")


@case
def xml_single_variant_of_lines(spark, folder):
    write(folder, {"a.xml": "<r><a>1</a></r>\nbad\n<q/>\n"})
    data = spark.read.schema("v variant, _corrupt_record string").option("multiLine", "false").option("singleVariantColumn", "v").xml(folder, rowTag="r")
    return data.selectExpr("to_json(v)", "_corrupt_record")


@case
def xml_single_variant_wrong_schema(spark, folder):
    return refused(lambda: spark.read.schema("x int").option("singleVariantColumn", "v").xml(write(folder, ROWS), rowTag="r").schema)


@case
def xml_schema_by_setting(spark, folder):
    spark.conf.set("spark.sql.columnNameOfCorruptRecord", "bad")
    try:
        return [spark.read.xml(write(folder, ROWS), rowTag="r").schema.simpleString(),
                [list(r[0]) for r in spark.sql("select from_xml('<p>', 'a int, bad string')").collect()]]
    finally:
        spark.conf.unset("spark.sql.columnNameOfCorruptRecord")


@case
def only_the_corrupt_record(spark, folder):
    write(folder, {"x.json": '{"a":1}\nbad\n'})
    data = spark.read.schema("a int, _corrupt_record string").json(folder)
    return [refused(lambda: data.select("_corrupt_record").collect()), refused(lambda: data.where("_corrupt_record is not null").count()),
            data.where("_corrupt_record is not null").select("a").count()]
