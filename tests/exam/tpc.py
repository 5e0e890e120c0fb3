#!/usr/bin/env python3
"""TPC-H and TPC-DS: every query's rows equal those of real Spark over the same Parquet files.

    tools/exam tpc [--scale 1] [h] [ds] [--query q1 …]

TPC-H runs twice, as SQL and as DataFrames (tpch_frames.py). Real Spark (build/oracle, local mode) answers the SQL once for each
scale; its answers are kept in build/exam. Column names, types and rows
are compared; rows without their order, since most of these queries leave ties open; doubles to 12 digits.
"""
import argparse
import json
import logging
import math
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent)]
import tpc_data  # noqa: E402
import tpch_frames  # noqa: E402

TOP = HERE.parents[2]
CORPUS = TOP / "build/exam/spark-sql"
ORACLE = TOP / "build/oracle/bin/python"


CLASS = re.compile(r"\[([A-Z_.]+)\]")


def value(v):
    """As JSON has it, with the type's own text where JSON has none."""
    return v if v is None or isinstance(v, (bool, int, float, str)) else str(v)


def answer(frame):
    return {"schema": [[f.name, f.dataType.simpleString()] for f in frame.schema.fields],
            "rows": [[value(v) for v in row] for row in frame.collect()]}


def ask_all(spark, place, queries, each):
    for name, folder in tpc_data.tables(place).items():
        spark.read.parquet(f"file://{folder}").createOrReplaceTempView(name)
    for name, query in queries.items():
        start = time.perf_counter()
        try:
            result = answer(spark.sql(query) if isinstance(query, str) else query(spark))
        except Exception as error:
            result = {"error": str(error)[:4000]}
        each(name, result, time.perf_counter() - start)


def for_spark(name, query):
    """Spark joins in the order of the text when it has no statistics, and so does not end TPC-DS's q72, whose first two of eleven tables
    make a thousand million rows. It is asked with them behind the other inner joins, which are the same rows."""
    if name != "q72":
        return query
    first = "  JOIN inventory ON (cs_item_sk = inv_item_sk)\n  JOIN warehouse ON (w_warehouse_sk = inv_warehouse_sk)\n"
    second_date = "  JOIN date_dim d2 ON (inv_date_sk = d2.d_date_sk)\n"
    outer = "  LEFT OUTER JOIN promotion"
    if not all(query.count(part) == 1 for part in (first, second_date, outer)):
        sys.exit("q72 has another text than the one that is reordered here")
    return query.replace(first, "").replace(second_date, "").replace(outer, first + second_date + outer)


def oracle(suite, place, seconds, *names):
    """Real Spark's side, in its own environment: one JSON line a query, in the order asked."""
    import threading

    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "4")
             .config("spark.sql.autoBroadcastJoinThreshold", "100m").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    queries = tpc_data.queries(CORPUS, suite)
    for name in names:
        late = threading.Timer(float(seconds), spark.sparkContext.cancelAllJobs)
        late.start()
        ask_all(spark, pathlib.Path(place), {name: for_spark(name, queries[name])},
                lambda name, result, _: print(json.dumps({"query": name, **result}), flush=True))
        late.cancel()


def oracle_answers(suite, place, names, seconds):
    """Real Spark's answers; those that build/exam does not have yet are asked for, and kept one by one."""
    file = place.with_name(place.name + "-spark.jsonl")
    file.touch()

    def kept():
        return {line["query"]: line for line in map(json.loads, file.open()) if "error" not in line or "cancelled" not in line["error"]}
    missing = [name for name in names if name not in kept()]
    if missing:
        print(f"real Spark answers {len(missing)} queries of {suite}", flush=True)
        with file.open("a") as out:
            subprocess.run([ORACLE, HERE, "--oracle", suite, place, str(seconds), *missing], stdout=out, stderr=subprocess.DEVNULL, check=True)
    return {**{line["query"]: line for line in map(json.loads, file.open())}, **kept()}


def equal(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b or math.isnan(a) and math.isnan(b) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
    return type(a) is type(b) and a == b


def in_order(rows):
    return sorted(rows, key=lambda row: [(v is None, f"{v:.6e}" if isinstance(v, float) else str(v)) for v in row])


def difference(golden, got):
    """None, or the first thing that differs."""
    if "error" in golden and set(CLASS.findall(golden["error"])) & set(CLASS.findall(got.get("error", ""))):
        return None
    if "error" in golden:
        return f"Spark itself fails: {golden['error'][:200]}"
    if "error" in got:
        return got["error"].split("\n")[0]
    if golden["schema"] != got["schema"]:
        return next(f"column {a} is {b}" for a, b in zip(golden["schema"] + [None], got["schema"] + [None]) if a != b)
    if len(golden["rows"]) != len(got["rows"]):
        return f"{len(got['rows'])} rows, Spark has {len(golden['rows'])}"
    for a, b in zip(in_order(golden["rows"]), in_order(got["rows"])):
        if not all(map(equal, a, b)):
            return f"Spark {a}\n{'':14}weir  {b}"
    return None


def examine(suite, scale, only, seconds, spark_only):
    from pyspark.sql import SparkSession

    place = tpc_data.data(suite, scale)
    queries = {name: text for name, text in tpc_data.queries(CORPUS, suite).items() if not only or name in only}
    golden = oracle_answers(suite, place, list(queries), seconds)
    if spark_only:
        return True
    if suite == "tpch":
        queries |= {f"{name} df": getattr(tpch_frames, name) for name in queries}
    server = subprocess.Popen([TOP / "build/weir", "connect", "--home", TOP / "build/exam/run/tpc", "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, text=True)
    right = 0

    def judge(name, got, seconds):
        nonlocal right
        why = difference(golden[name.split()[0]], got)
        right += why is None
        print(f"  {name:7} {seconds:7.2f} s  {'equal' if why is None else why}", flush=True)

    try:
        url = re.match(r"weir: ready (\S+)", server.stdout.readline())[1]
        spark = SparkSession.builder.remote(url).getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        ask_all(spark, place, queries, judge)
    finally:
        server.terminate()
        server.wait(30)
    print(f"{suite} at scale {scale:g}: {right} of {len(queries)} equal real Spark's rows", flush=True)
    return right == len(queries)


def main():
    if sys.argv[1:2] == ["--oracle"]:
        return oracle(*sys.argv[2:])
    parser = argparse.ArgumentParser(prog="tools/exam tpc", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("suites", nargs="*", choices=[[], "h", "ds"], default=["h", "ds"])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--query", nargs="*")
    parser.add_argument("--seconds", type=float, default=300, help="what a query may take on real Spark, and here")
    parser.add_argument("--spark-only", action="store_true", help="real Spark's answers are kept, nothing is compared")
    args = parser.parse_args()
    import spark_sql

    logging.disable(logging.CRITICAL)
    spark_sql.fetch()
    good = [examine(f"tpc{suite}", args.scale, args.query, args.seconds, args.spark_only) for suite in args.suites]
    sys.stdout.flush()
    os._exit(0 if all(good) else 1)  # the client waits for its server at exit


if __name__ == "__main__":
    main()
