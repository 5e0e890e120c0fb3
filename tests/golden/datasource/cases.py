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
