"""Data Processing Job: cleans the New York 2013 flights, joins them with weather, planes, airports and airlines, and writes
the processed flights (Parquet, one folder per month) and the aggregates (Parquet and CSV).

    spark-submit data_processing_job.py [--input s3://bucket/raw] [--output s3://bucket]

Without arguments the input is the folder `raw` and the output the folders `processed` and `aggregated` of the bucket named
by the environment variable DATA_BUCKET, or of `s3://flights-data-lake`.
"""
import argparse
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DoubleType,
    IntegerType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)
from pyspark.sql.window import Window

FLIGHTS_SCHEMA = StructType(
    [
        StructField("year", IntegerType()),
        StructField("month", IntegerType()),
        StructField("day", IntegerType()),
        StructField("dep_time", IntegerType()),
        StructField("sched_dep_time", IntegerType()),
        StructField("dep_delay", DoubleType()),
        StructField("arr_time", IntegerType()),
        StructField("sched_arr_time", IntegerType()),
        StructField("arr_delay", DoubleType()),
        StructField("carrier", StringType()),
        StructField("flight", IntegerType()),
        StructField("tailnum", StringType()),
        StructField("origin", StringType()),
        StructField("dest", StringType()),
        StructField("air_time", DoubleType()),
        StructField("distance", DoubleType()),
        StructField("hour", IntegerType()),
        StructField("minute", IntegerType()),
        StructField("time_hour", TimestampType()),
    ]
)


def parse_arguments(argv):
    bucket = os.environ.get("DATA_BUCKET", "flights-data-lake")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", default=f"s3://{bucket}/raw")
    parser.add_argument("--output", default=f"s3://{bucket}")
    return parser.parse_args(argv)


def create_session():
    spark = SparkSession.builder.appName("DataProcessingJob").getOrCreate()
    spark.conf.set("spark.sql.adaptive.enabled", "true")
    spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "true")
    try:
        spark.conf.set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    except Exception as error:  # a running session may refuse a core setting
        print(f"spark.serializer not changed: {error}", file=sys.stderr)
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return spark


def read_tables(spark, source):
    """The flights with a schema; the small tables with what Spark finds in them."""

    def csv():
        return spark.read.option("header", True).option("nullValue", "NA")

    tables = {
        name: csv().option("inferSchema", True).csv(f"{source}/{name}.csv")
        for name in ("weather", "planes", "airports", "airlines")
    }
    tables["flights"] = csv().schema(FLIGHTS_SCHEMA).csv(f"{source}/flights/")
    return tables


def clean_flights(flights):
    """Drops cancelled flights and duplicates; fills what is missing; derives the columns that the reports need."""
    return (
        flights.filter(F.col("dep_time").isNotNull())
        .dropDuplicates(["year", "month", "day", "carrier", "flight", "origin", "dest", "sched_dep_time"])
        .na.fill({"arr_delay": 0.0, "air_time": 0.0})
        .withColumn("flight_date", F.make_date("year", "month", "day"))
        .withColumn("carrier", F.upper(F.trim("carrier")))
        .withColumn("dep_minute_of_day", (F.col("dep_time") / 100).cast("int") * 60 + F.col("dep_time") % 100)
        .withColumn(
            "delay_class",
            F.when(F.col("dep_delay") <= 0, "on time")
            .when(F.col("dep_delay") <= 15, "slight")
            .when(F.col("dep_delay") <= 60, "late")
            .otherwise("very late"),
        )
        .withColumn(
            "speed_mph",
            F.when(F.col("air_time") > 0, F.round(F.col("distance") / (F.col("air_time") / 60.0), 1)),
        )
    )


def join_all(tables, flights):
    """One row per flight with its weather, aircraft, airline and destination."""
    weather = (
        tables["weather"]
        .groupBy("origin", "year", "month", "day", "hour")
        .agg(*[F.max(name).alias(name) for name in ("temp", "wind_speed", "precip", "visib")])
    )
    planes = tables["planes"].select(
        "tailnum", F.col("year").alias("built"), "manufacturer", "model", "seats", "engines"
    )
    airlines = tables["airlines"].withColumnRenamed("name", "airline")
    airports = tables["airports"].select(
        F.col("faa").alias("dest"),
        F.col("name").alias("dest_name"),
        F.col("lat").alias("dest_lat"),
        F.col("lon").alias("dest_lon"),
        F.col("alt").alias("dest_alt"),
    )
    return (
        flights.join(weather, ["origin", "year", "month", "day", "hour"], "left")
        .join(F.broadcast(planes), "tailnum", "left")
        .join(F.broadcast(airlines), "carrier", "inner")
        .join(F.broadcast(airports), "dest", "left")
        .withColumn("plane_age", F.col("year") - F.col("built"))
        .withColumn("dest_name", F.coalesce("dest_name", F.lit("(unknown)")))
    )


def rank_within_day(joined):
    """Each aircraft's flights in order of the day, with the delay it brought from the flight before."""
    same_plane = Window.partitionBy("tailnum", "flight_date").orderBy("dep_time", "flight", "dest")
    worst_first = Window.partitionBy("origin", "flight_date").orderBy(
        F.col("dep_delay").desc(), "carrier", "flight", "dest", "sched_dep_time"
    )
    running = Window.partitionBy("carrier", "month").orderBy("flight_date").rowsBetween(
        Window.unboundedPreceding, Window.currentRow
    )
    daily = (
        joined.groupBy("carrier", "month", "flight_date")
        .agg(F.count(F.lit(1)).alias("flights_of_day"))
        .withColumn("flights_so_far", F.sum("flights_of_day").over(running))
    )
    return (
        joined.withColumn("leg_of_day", F.row_number().over(same_plane))
        .withColumn("delay_before", F.lag("arr_delay", 1).over(same_plane))
        .withColumn("delay_rank", F.rank().over(worst_first))
        .join(daily, ["carrier", "month", "flight_date"])
    )


def carrier_report(processed):
    return (
        processed.groupBy("month", "carrier", "airline")
        .agg(
            F.count(F.lit(1)).alias("flights"),
            F.countDistinct("tailnum").alias("aircraft"),
            F.round(F.avg("dep_delay"), 2).alias("avg_dep_delay"),
            F.max("dep_delay").alias("max_dep_delay"),
            F.sum(F.when(F.col("delay_class") == "on time", 1).otherwise(0)).alias("on_time"),
            F.sum("distance").alias("miles"),
            F.round(F.avg("plane_age"), 2).alias("avg_plane_age"),
        )
        .withColumn("on_time_share", F.round(F.col("on_time") / F.col("flights"), 4))
        .orderBy("month", "carrier")
    )


def route_report(processed):
    by_traffic = Window.partitionBy("origin").orderBy(F.col("flights").desc(), "dest")
    return (
        processed.groupBy("origin", "dest", "dest_name")
        .agg(
            F.count(F.lit(1)).alias("flights"),
            F.round(F.avg("arr_delay"), 2).alias("avg_arr_delay"),
            F.min("air_time").alias("best_air_time"),
            F.round(F.stddev_samp("dep_delay"), 3).alias("dep_delay_stddev"),
        )
        .withColumn("rank", F.dense_rank().over(by_traffic))
        .filter(F.col("rank") <= 20)
        .orderBy("origin", "rank")
    )


def weather_report(spark, processed):
    processed.createOrReplaceTempView("processed")
    return spark.sql(
        """
        SELECT CASE WHEN precip > 0 THEN 'rain' WHEN visib < 5 THEN 'fog' WHEN temp IS NULL THEN 'unknown' ELSE 'clear' END AS sky,
               origin,
               count(*)                         AS flights,
               round(avg(dep_delay), 2)         AS avg_dep_delay,
               sum(IF(dep_delay > 60, 1, 0))    AS very_late,
               CAST(max(wind_speed) AS DECIMAL(10, 2)) AS max_wind
        FROM processed
        GROUP BY 1, origin
        HAVING count(*) > 10
        ORDER BY sky, origin
        """
    )


def main(argv):
    arguments = parse_arguments(argv)
    spark = create_session()
    tables = read_tables(spark, arguments.input)
    processed = rank_within_day(join_all(tables, clean_flights(tables["flights"])))
    processed_path = f"{arguments.output}/processed"
    processed.write.mode("overwrite").partitionBy("month").parquet(processed_path)

    written = spark.read.parquet(processed_path)
    print(f"processed flights: {written.count()}")
    reports = {
        "carriers": carrier_report(written),
        "routes": route_report(written),
        "weather": weather_report(spark, written),
    }
    for name, report in reports.items():
        report.write.mode("overwrite").parquet(f"{arguments.output}/aggregated/{name}")
        report.coalesce(1).write.mode("overwrite").option("header", True).csv(f"{arguments.output}/aggregated/{name}_csv")
        print(f"{name}: {report.count()} rows")
    spark.table("processed").groupBy("delay_class").count().orderBy("delay_class").show()
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
