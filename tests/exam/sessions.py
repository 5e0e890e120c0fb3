#!/usr/bin/env python3
"""Many sessions at work at once on a driver built with ThreadSanitizer: no race may be reported that is ours.

    tools/exam sessions [--sessions 32] [--seconds 240]

Needs build/tsan/weir (tools/build tsan weir). The seconds begin when every session has had its first answer; when they are over, all that
still runs is interrupted, so that the exam ends whatever the machine bears. Each session must have ended a step by then, and each kind of
step must have been done, or the time was too short and the exam says so. Reports stay in build/exam/run/tsan.*; tests/tsan.supp names the
libraries that were not built for the sanitizer.
"""
import argparse
import collections
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback
import uuid

import grpc

TOP = pathlib.Path(__file__).resolve().parents[2]
RUN = TOP / "build/exam/run"
ROWS, UDF_EVERY = 200, 8
START_S = 300  # that all sessions together may take for their first answers
LATE_S = 120   # that the steps under way may take to end once they were interrupted
AGAIN_S = 3    # between two interruptions: what had not begun then ends with the next one


def reattached(spark, url):
    """A stream that breaks after its first message, and goes on from there: how many rows came."""
    from pyspark.sql.connect.proto import base_pb2 as base, base_pb2_grpc, relations_pb2 as relations

    channel = grpc.insecure_channel(url.removeprefix("sc://"))
    service = base_pb2_grpc.SparkConnectServiceStub(channel)
    same = {"session_id": spark.session_id, "user_context": base.UserContext(user_id=spark.client._user_id), "operation_id": str(uuid.uuid4())}
    plan = base.Plan(root=relations.Relation(range=relations.Range(start=0, end=20000, step=1, num_partitions=1)))
    request = base.ExecutePlanRequest(**same, plan=plan)
    request.request_options.add().reattach_options.reattachable = True
    stream, rows, complete = service.ExecutePlan(request), 0, False
    first = next(stream)
    stream.cancel()
    rows += first.arrow_batch.row_count
    for answer in service.ReattachExecute(base.ReattachExecuteRequest(**same, last_response_id=first.response_id)):
        rows += answer.arrow_batch.row_count
        complete = complete or answer.HasField("result_complete")
    service.ReleaseExecute(base.ReleaseExecuteRequest(**same, release_all=base.ReleaseExecuteRequest.ReleaseAll()))
    channel.close()
    return rows if complete else -1


def query_steps(spark, number):
    """What one session asks, one call of this kind after the other; answers are checked, so that sessions are seen not to mix."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

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

    def errors():
        for bad in ("SELECT 1 / 0", "SELECT nothing", "SELEC 1", "SELECT * FROM mine WHERE"):
            try:
                spark.sql(bad).collect()
            except PySparkException as error:
                if error.getCondition() == "OPERATION_CANCELED":  # the time is over
                    raise
                continue
            raise AssertionError(bad)

    def catalog():
        spark.catalog.listTables()

    def cached():
        frame = spark.range(number + 1).cache()
        assert frame.count() == number + 1 and frame.count() == number + 1
        frame.unpersist()

    def script():
        assert spark.sql(f"BEGIN DECLARE x INT DEFAULT {number}; WHILE x < {number + 3} DO SET x = x + 1; END WHILE; SELECT x; END").collect()[0][0] == number + 3
    return [select, views, local_rows, errors, catalog, cached, script]


def other_steps(spark, number, url):
    """What is no plain query: files, tables, Python, interruptions, broken streams, clones, artifacts."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

    place = RUN / f"tsan-data/{number}"
    interrupts = [spark.interruptAll, lambda: spark.interruptTag(f"t{number}")]

    def files():
        spark.range(ROWS).write.mode("overwrite").parquet(f"file://{place}")
        assert spark.read.parquet(f"file://{place}").agg(F.sum("id")).collect()[0][0] == ROWS * (ROWS - 1) // 2

    def tables():
        spark.sql(f"CREATE OR REPLACE TEMP VIEW few AS SELECT id, id % 3 AS p FROM range({ROWS})")
        spark.sql(f"DROP TABLE IF EXISTS kept_{number}")
        spark.sql(f"CREATE TABLE kept_{number} (id BIGINT, p BIGINT) USING parquet PARTITIONED BY (p)")
        spark.sql(f"INSERT INTO kept_{number} SELECT * FROM few")
        assert spark.table(f"kept_{number}").filter("p = 1").count() == len(range(1, ROWS, 3))

    def python():
        if number % UDF_EVERY == 0:  # each has Python processes of its own
            plus = F.udf(lambda x: x + number, "bigint")
            assert spark.range(3).select(plus("id")).collect()[2][0] == 2 + number
            assert spark.range(3).mapInArrow(lambda batches: batches, "id bigint").count() == 3

    def interrupted():
        ended = threading.Event()
        which = interrupts[0]
        interrupts.reverse()

        def interrupt():
            while not ended.wait(0.5):  # the query may not have begun
                which()

        spark.addTag(f"t{number}")
        late = threading.Thread(target=interrupt)
        late.start()
        try:
            spark.sql("SELECT sum(a.id * b.id) FROM range(100000) a, range(100000) b WHERE a.id + b.id < 5").collect()
        except PySparkException as error:
            assert error.getCondition() == "OPERATION_CANCELED", error
        finally:
            ended.set()
            late.join()
            spark.clearTags()

    def stream():
        rows = spark.range(20000).toLocalIterator()
        assert next(rows)[0] == 0
        rows.close()

    def reattach():
        assert reattached(spark, url) == 20000

    def clone():
        spark.sql(f"CREATE OR REPLACE TEMP VIEW of_both AS SELECT {number} AS x")
        twin = spark.cloneSession()
        assert twin.sql("SELECT x FROM of_both").collect()[0].x == number
        twin.sql("CREATE OR REPLACE TEMP VIEW of_both AS SELECT -1 AS x")
        assert spark.sql("SELECT x FROM of_both").collect()[0].x == number
        twin.client.release_session()

    def artifacts():
        module = RUN / f"tsan-data/module_{number}_{uuid.uuid4().hex}.py"
        module.write_text(f"NUMBER = {number}\n")
        spark.addArtifacts(str(module), pyfile=True)
        module.unlink()
        key = spark.client.cache_artifact(f"{number} {uuid.uuid4()}".encode())
        assert spark.client._artifact_manager.is_cached_artifact(key)
    return [files, tables, python, interrupted, stream, reattach, clone, artifacts]


class Exam:
    """The sessions, their time, and what came of it."""

    def __init__(self, url, sessions, seconds):
        self.url, self.seconds = url, seconds
        self.kinds = set()  # of steps
        self.sessions = [None] * sessions
        self.began = threading.Barrier(sessions + 1)
        self.over = threading.Event()
        self.done, self.cut, self.failed = collections.Counter(), collections.Counter(), []
        self.ended = [0] * sessions  # steps of each
        self.lock = threading.Lock()

    def session(self, number):
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        step = None
        try:
            self.sessions[number] = spark = SparkSession.builder.remote(self.url).create()
            spark.conf.set("spark.sql.session.timeZone", ["UTC", "Asia/Kolkata", "America/New_York"][number % 3])
            assert spark.sql("SELECT 1 AS x").collect()[0].x == 1
            self.began.wait(START_S)
            each = query_steps(spark, number) + other_steps(spark, number, self.url)
            self.kinds = {step.__name__ for step in each}
            turn = number  # each begins with another step, so that all kinds meet all others
            while not self.over.is_set():
                step = each[turn % len(each)]
                step()
                with self.lock:
                    self.done[step.__name__] += 1
                    self.ended[number] += 1
                turn += 1
        except Exception as error:
            canceled = isinstance(error, PySparkException) and error.getCondition() == "OPERATION_CANCELED" or \
                isinstance(error, grpc.RpcError) and "OPERATION_CANCELED" in str(error.details())
            with self.lock:
                if canceled and self.over.is_set():
                    self.cut[step.__name__] += 1
                else:
                    what = "".join(traceback.format_exception_only(error)).strip()
                    self.failed.append(f"session {number} in {step.__name__ if step else 'its start'}: {what[:600]}")
                    self.began.abort() if step is None else None
        finally:
            try:  # not stop(), which holds a lock of all sessions of the client while it waits
                self.sessions[number].client.release_session() if self.sessions[number] else None
            except Exception as error:
                self.failed.append(f"session {number} was not released: {error}")

    def interrupt_all(self, threads):
        """Again and again until all have ended, or LATE_S is over."""
        until = time.monotonic() + LATE_S
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            for thread, spark in zip(threads, self.sessions):
                if thread.is_alive():
                    try:
                        spark.interruptAll()
                    except Exception:  # it was released meanwhile
                        pass
            for thread in threads:
                thread.join(AGAIN_S / len(threads))

    def run(self):
        threads = [threading.Thread(target=self.session, args=(number,), daemon=True) for number in range(len(self.sessions))]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            self.began.wait(START_S)
        except threading.BrokenBarrierError:
            self.failed.append(f"not all sessions began in {START_S} s")
        print(f"{len(threads)} sessions began in {time.monotonic() - start:.0f} s", flush=True)
        until = time.monotonic() + self.seconds
        while time.monotonic() < until and not self.began.broken and any(thread.is_alive() for thread in threads):
            time.sleep(0.2)
        self.over.set()
        start = time.monotonic()
        self.interrupt_all(threads)
        self.failed += [f"session {number} is stuck" for number, thread in enumerate(threads) if thread.is_alive()]
        print(f"ended {time.monotonic() - start:.0f} s after the time was over", flush=True)
        idle = [number for number, steps in enumerate(self.ended) if not steps]
        if idle:
            self.failed.append(f"too short: sessions {idle} ended no step")
        missing = sorted(self.kinds - set(self.done))
        if missing:
            self.failed.append(f"too short: no session ended {', '.join(missing)}")


def main():
    parser = argparse.ArgumentParser(prog="tools/exam sessions", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--binary", default=TOP / "build/tsan/weir")
    args = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    logging.disable(logging.CRITICAL)
    shutil.rmtree(RUN / "tsan-data", ignore_errors=True)
    shutil.rmtree(RUN / "tsan-home", ignore_errors=True)
    (RUN / "tsan-data").mkdir(parents=True)
    for old in RUN.glob("tsan.*"):
        old.unlink()
    env = os.environ | {"TSAN_OPTIONS": f"suppressions={TOP}/tests/tsan.supp log_path={RUN}/tsan history_size=4 second_deadlock_stack=1 exitcode=0"}
    server = subprocess.Popen([args.binary, "connect", "--home", RUN / "tsan-home", "--listen", "127.0.0.1:0", "--memory", "4g", "--cores", "2"],
                              stdout=subprocess.PIPE, text=True, env=env)
    try:
        exam = Exam(re.match(r"weir: ready (\S+)", server.stdout.readline())[1], args.sessions, args.seconds)
        exam.run()
    finally:
        server.terminate()
        server.wait(300)
    reports = "".join(path.read_text() for path in sorted(RUN.glob("tsan.*")))
    kinds = re.findall(r"^SUMMARY: ThreadSanitizer: (.*)$", reports, re.M)
    for line in exam.failed + sorted(set(kinds)) + ([f"the server ended with {server.returncode}"] if server.returncode else []):
        print(line)
    for what, steps in (("steps done", exam.done), ("cut short by the end", exam.cut)):
        print(f"{what}: {', '.join(f'{name} {n}' for name, n in sorted(steps.items())) or 'none'}")
    print(f"sessions: {args.sessions} of them, {len(exam.failed)} failed, {len(kinds)} reports of ThreadSanitizer (build/exam/run/tsan.*)", flush=True)
    os._exit(1 if exam.failed or kinds or server.returncode else 0)  # the client waits for its server at exit


if __name__ == "__main__":
    main()
