"""tpch_client.py TARGET FOLDER: answers queries that come as JSON lines; TARGET is sc://…, "spark" or "duckdb". What comes back has the seconds,
and the rows as numbers and texts, in one order whichever engine sent them."""
import decimal
import json
import pathlib
import sys
import time


def open_duckdb(folders):
    import duckdb

    db = duckdb.connect(config={"threads": 2})
    for folder in folders:
        db.execute(f"CREATE VIEW {folder.name} AS SELECT * FROM read_parquet('{folder}/*.parquet')")
    return lambda text: db.execute(text).fetchall()


def open_spark(target, folders):
    from pyspark.sql import SparkSession

    if target == "spark":
        builder = (SparkSession.builder.master("local[2]").config("spark.driver.memory", "8g").config("spark.ui.enabled", "false")
                   .config("spark.sql.shuffle.partitions", "4"))
    else:
        builder = SparkSession.builder.remote(target)
    spark = builder.getOrCreate()
    for folder in folders:
        spark.read.parquet(f"file://{folder}").createOrReplaceTempView(folder.name)
    return lambda text: spark.sql(text).collect()


def plain(value):
    return float(value) if isinstance(value, (int, float, decimal.Decimal)) else value if value is None else str(value)


def in_order(rows):
    return sorted((list(map(plain, row)) for row in rows), key=lambda row: [f"{v:.3e}" if isinstance(v, float) else str(v) for v in row])


def main(target, place):
    folders = sorted(folder for folder in pathlib.Path(place).iterdir() if folder.is_dir())
    ask = open_duckdb(folders) if target == "duckdb" else None
    for line in sys.stdin:
        try:
            if ask is None:  # the server may still be starting
                ask = open_spark(target, folders)
            start = time.perf_counter()
            rows = ask(json.loads(line))
            answer = {"seconds": time.perf_counter() - start}
            answer["rows"] = in_order(rows)
        except Exception as error:
            answer = {"error": str(error)[:500]}
        print(json.dumps(answer), flush=True)


main(*sys.argv[1:])
