"""spark_client.py collect TARGET ROWS | latency TARGET TIMES | queries TARGET FOLDER TIMES: seconds, milliseconds as JSON; TARGET is sc://….
`queries` reads one query and runs it as often over the folder's tables."""
import json
import pathlib
import sys
import time


def session(target):
    from pyspark.sql import SparkSession

    for attempt in range(50):
        try:  # the server may still be starting
            return SparkSession.builder.remote(target).getOrCreate()
        except Exception:
            if attempt == 49:
                raise
            time.sleep(0.2)


def collect(target, rows):
    spark, text = session(target), f"SELECT id, CAST(id AS DOUBLE) AS x FROM range({rows})"
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        assert spark.sql(text).toArrow().num_rows == int(rows)
        taken.append(time.perf_counter() - start)
    return taken[1:]  # the first one warms up the client


def latency(target, times):
    spark, taken = session(target), []
    for _ in range(int(times)):
        start = time.perf_counter()
        spark.sql("select 1").collect()
        taken.append((time.perf_counter() - start) * 1000)
    return taken[20:]


def queries(target, place, times):
    spark, text = session(target), sys.stdin.read()
    for folder in sorted(folder for folder in pathlib.Path(place).iterdir() if folder.is_dir()):
        spark.read.parquet(f"file://{folder}").createOrReplaceTempView(folder.name)
    for _ in range(int(times)):
        spark.sql(text).collect()


if __name__ == "__main__":
    result = globals()[sys.argv[1]](*sys.argv[2:])
    if result is not None:
        print(json.dumps(result))
