#!/usr/bin/env python3
"""Many sessions at work at once on a driver built with ThreadSanitizer: no race may be reported that is ours.

    tools/exam sessions [--sessions 32] [--seconds 240]

Needs build/tsan/weir (tools/build tsan weir). Reports stay in build/exam/run/tsan.*; tests/tsan.supp names the libraries that were not
built for the sanitizer.
"""
import argparse
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
RUN = TOP / "build/exam/run"
ROWS, UDF_EVERY = 200, 8
LATE_S = 240  # that the last steps may take when the time is over


def steps(spark, number):
    """What one session does, one call of this kind after the other; answers are checked, so that sessions are seen not to mix."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

    place = RUN / f"tsan-data/{number}"

    def select():
        assert spark.sql(f"SELECT {number} + 1 AS x").collect()[0].x == number + 1
        assert spark.sql(f"SELECT date_format(timestamp_seconds({number}), 'yyyy'), regexp_replace('abc', '[a-c]', '{number}')").count() == 1

    def views():
        frame = spark.range(ROWS).withColumn("k", F.col("id") % 7).withColumn("s", F.concat(F.lit(f"n{number}-"), F.col("id").cast("string")))
        frame.createOrReplaceTempView("mine")
        spark.range(10).createOrReplaceGlobalTempView(f"ours_{number}")
        rows = spark.sql("SELECT k, count(*) AS n, max(s) AS s FROM mine GROUP BY k ORDER BY k").collect()
        assert [row.k for row in rows] == list(range(7)) and all(row.s.startswith(f"n{number}-") for row in rows)

    def local_rows():
        assert spark.createDataFrame([(number, "a"), (1, None)], "x int, y string").filter("y IS NULL").count() == 1

    def files():
        spark.range(ROWS).write.mode("overwrite").parquet(f"file://{place}")
        assert spark.read.parquet(f"file://{place}").agg(F.sum("id")).collect()[0][0] == ROWS * (ROWS - 1) // 2

    def errors():
        for bad in ("SELECT 1 / 0", "SELECT nothing", "SELEC 1", "SELECT * FROM mine WHERE"):
            try:
                spark.sql(bad).collect()
            except PySparkException:
                continue
            raise AssertionError(bad)

    def python():
        if number % UDF_EVERY == 0:  # each has Python processes of its own
            plus = F.udf(lambda x: x + number, "bigint")
            assert spark.range(3).select(plus("id")).collect()[2][0] == 2 + number

    def interrupted():
        spark.addTag(f"t{number}")
        ended = threading.Event()

        def interrupt():
            while not ended.wait(0.5):  # the query may not have begun
                spark.interruptTag(f"t{number}")

        late = threading.Thread(target=interrupt)
        late.start()
        try:
            spark.sql("SELECT sum(a.id * b.id) FROM range(100000) a, range(100000) b WHERE a.id + b.id < 5").collect()
        except PySparkException:
            pass
        ended.set()
        late.join()
        spark.clearTags()

    def catalog():
        spark.catalog.listTables()

    def cached():
        frame = spark.range(number + 1).cache()
        assert frame.count() == number + 1 and frame.count() == number + 1
        frame.unpersist()

    def stream():
        rows = spark.range(20000).toLocalIterator()
        assert next(rows)[0] == 0
        rows.close()

    def script():
        assert spark.sql(f"BEGIN DECLARE x INT DEFAULT {number}; WHILE x < {number + 3} DO SET x = x + 1; END WHILE; SELECT x; END").collect()[0][0] == number + 3
    return [select, views, local_rows, files, errors, python, interrupted, catalog, cached, stream, script]


def work(spark, number, until, done):
    """Steps until the time is over; each session begins with another one, so that all kinds meet all others."""
    spark.conf.set("spark.sql.session.timeZone", ["UTC", "Asia/Kolkata", "America/New_York"][number % 3])
    each = steps(spark, number)
    turn = number
    while time.monotonic() < until:
        each[turn % len(each)]()
        done.append(each[turn % len(each)].__name__)
        turn += 1
    spark.stop()


def main():
    parser = argparse.ArgumentParser(prog="tools/exam sessions", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--binary", default=TOP / "build/tsan/weir")
    args = parser.parse_args()
    from pyspark.sql import SparkSession

    logging.disable(logging.CRITICAL)
    RUN.mkdir(parents=True, exist_ok=True)
    for old in RUN.glob("tsan.*"):
        old.unlink()
    shutil.rmtree(RUN / "tsan-data", ignore_errors=True)
    env = os.environ | {"TSAN_OPTIONS": f"suppressions={TOP}/tests/tsan.supp log_path={RUN}/tsan history_size=4 second_deadlock_stack=1 exitcode=0"}
    server = subprocess.Popen([args.binary, "connect", "--home", RUN / "tsan-home", "--listen", "127.0.0.1:0", "--memory", "4g", "--cores", "2"],
                              stdout=subprocess.PIPE, text=True, env=env)
    failed, done = [], []

    def one(number):
        try:
            work(SparkSession.builder.remote(url).create(), number, until, done)
        except Exception as error:
            failed.append(f"session {number}: {type(error).__name__}: {str(error)[:300]}")
    try:
        url = re.match(r"weir: ready (\S+)", server.stdout.readline())[1]
        until = time.monotonic() + args.seconds
        threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(args.sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0, until + LATE_S - time.monotonic()))
            if thread.is_alive():
                failed.append(f"{thread.name} is stuck")
    finally:
        server.terminate()
        server.wait(300)
    reports = "".join(path.read_text() for path in sorted(RUN.glob("tsan.*")))
    kinds = re.findall(r"^SUMMARY: ThreadSanitizer: (.*)$", reports, re.M)
    for line in failed + sorted(set(kinds)):
        print(line)
    print("steps done:", ", ".join(f"{name} {done.count(name)}" for name in sorted(set(done))))
    print(f"sessions: {args.sessions} of them, {len(failed)} failed, {len(kinds)} reports of ThreadSanitizer (build/exam/run/tsan.*)", flush=True)
    os._exit(1 if failed or kinds or server.returncode else 0)  # the client waits for its server at exit


if __name__ == "__main__":
    main()
