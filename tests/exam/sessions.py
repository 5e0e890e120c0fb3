#!/usr/bin/env python3
"""Many sessions at work at once on a driver built with ThreadSanitizer: no race may be reported that is ours.

    tools/exam sessions [--sessions 32] [--rounds 3]

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
SECONDS = 1800  # that all sessions together may take


def work(spark, number, rounds):
    """What one session does; its answers are checked, so that sessions are seen not to mix."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

    spark.conf.set("spark.sql.session.timeZone", ["UTC", "Asia/Kolkata", "America/New_York"][number % 3])
    place = RUN / f"tsan-data/{number}"
    for turn in range(rounds):
        assert spark.sql(f"SELECT {number} + {turn} AS x").collect()[0].x == number + turn
        frame = spark.range(ROWS).withColumn("k", F.col("id") % 7).withColumn("s", F.concat(F.lit(f"n{number}-"), F.col("id").cast("string")))
        frame.createOrReplaceTempView("mine")
        spark.range(10).createOrReplaceGlobalTempView(f"ours_{number}")
        rows = spark.sql("SELECT k, count(*) AS n, max(s) AS s FROM mine GROUP BY k ORDER BY k").collect()
        assert [row.k for row in rows] == list(range(7)) and all(row.s.startswith(f"n{number}-") for row in rows)
        assert spark.createDataFrame([(number, "a"), (turn, None)], "x int, y string").filter("y IS NULL").count() == 1
        frame.write.mode("overwrite").parquet(f"file://{place}")
        assert spark.read.parquet(f"file://{place}").agg(F.sum("id")).collect()[0][0] == ROWS * (ROWS - 1) // 2
        assert spark.sql(f"SELECT date_format(timestamp_seconds({number}), 'yyyy'), regexp_replace('abc', '[a-c]', '{number}')").count() == 1
        for bad in ("SELECT 1 / 0", "SELECT nothing", "SELEC 1", "SELECT * FROM mine WHERE"):
            try:
                spark.sql(bad).collect()
            except PySparkException:
                continue
            raise AssertionError(bad)
        if number % UDF_EVERY == 0:  # each has Python processes of its own
            plus = F.udf(lambda x: x + number, "bigint")
            assert spark.range(3).select(plus("id")).collect()[2][0] == 2 + number
        spark.addTag(f"t{number}")
        late = threading.Timer(0.5, spark.interruptTag, (f"t{number}",))
        late.start()
        try:
            spark.sql("SELECT sum(a.id * b.id) FROM range(100000) a, range(100000) b WHERE a.id + b.id < 5").collect()
        except PySparkException:
            pass
        late.join()
        spark.clearTags()
        spark.catalog.listTables()
    spark.stop()


def main():
    parser = argparse.ArgumentParser(prog="tools/exam sessions", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
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
    failed = []

    def one(number):
        try:
            work(SparkSession.builder.remote(url).create(), number, args.rounds)
        except Exception as error:
            failed.append(f"session {number}: {type(error).__name__}: {str(error)[:300]}")
    try:
        url = re.match(r"weir: ready (\S+)", server.stdout.readline())[1]
        threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(args.sessions)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + SECONDS
        for thread in threads:
            thread.join(max(0, until - time.monotonic()))
            if thread.is_alive():
                failed.append(f"{thread.name} is stuck")
    finally:
        server.terminate()
        server.wait(300)
    reports = "".join(path.read_text() for path in sorted(RUN.glob("tsan.*")))
    kinds = re.findall(r"^SUMMARY: ThreadSanitizer: (.*)$", reports, re.M)
    for line in failed + sorted(set(kinds)):
        print(line)
    print(f"sessions: {args.sessions} of them, {len(failed)} failed, {len(kinds)} reports of ThreadSanitizer (build/exam/run/tsan.*)", flush=True)
    os._exit(1 if failed or kinds or server.returncode else 0)  # the client waits for its server at exit


if __name__ == "__main__":
    main()
