#!/usr/bin/env python3
"""Spark's own SQL golden files, replayed against `weir connect`: how many queries get Spark's answer, and Spark's error class.

    tools/exam spark-sql [FILE.sql ...]     all files, or some; udf/, udaf/ and udtf/ need the suite's own functions and are left out
      --write     put the table into docs/compatibility.md
      --fails F   every query that differs, as JSON lines: what Spark answered, what weir answered
      --jobs N    files at a time (2)

A query counts when its rows are equal as text, in Spark's order where it has one ("rows"); when it ends without an error
("command"); when it fails as in Spark ("error"), with Spark's error class ("class"), and
with its SQLSTATE, its parameters and its place in the query ("whole"). EXPLAIN, DESCRIBE, SHOW and SET
are counted apart ("meta"). A server that dies fails all that is left of its file.
"""
import argparse
import collections
import json
import logging
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

os.environ["TZ"] = "America/Los_Angeles"
time.tzset()
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]
import golden_files  # noqa: E402
import hive_result  # noqa: E402
import pyarrow  # noqa: E402
from pyspark.errors import PySparkException  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
WEIR = TOP / "build/weir"
CORPUS = TOP / "build/exam/spark-sql"
COMPATIBILITY = TOP / "docs/compatibility.md"
ARTIFACT = "org.apache.spark:spark-sql_2.13:4.1.1:jar:tests"
SCALA_SUITE = re.compile(r"^(udf|udaf|udtf)/")
# Percent of `rows` on the same files, measured once with the same comparison: Sail 0.7.2.
SAIL = {"main": 46.9, "nonansi": 64.5, "postgreSQL": 76.8, "subquery": 25.7, "timestampNTZ": 71.4, "typeCoercion": 85.3}
QUERY_SECONDS, FILE_SECONDS = 20, 180
ONEK = ("unique1 unique2 two four ten twenty hundred thousand twothousand fivethous tenthous odd even "
        "stringu1 stringu2 string4").split()


def fetch():
    """The corpus, from Maven, once; never committed."""
    if (CORPUS / "sql-tests/results").exists():
        return
    CORPUS.mkdir(parents=True, exist_ok=True)
    print(f"exam: fetching {ARTIFACT}", flush=True)
    subprocess.run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={CORPUS}"], check=True)
    jar = next(CORPUS.glob("*.jar"))
    subprocess.run([sys.executable, "-c", """
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as jar:
    jar.extractall(sys.argv[2], [name for name in jar.namelist() if name.startswith(("sql-tests/", "test-data/postgresql/",
                                                                                      "tpcds", "tpch", "ssb/"))])
""", jar, CORPUS], check=True)
    jar.unlink()


def postgres_table(name, columns):
    lines = (CORPUS / "test-data/postgresql" / name).read_text().splitlines()
    cells = list(zip(*(line.split("\t") for line in lines)))
    return pyarrow.table({column: pyarrow.array(values, pyarrow.string()).cast(kind)
                          for (column, kind), values in zip(columns, cells)})


def test_table(spark, name):
    """The tables that SQLQueryTestSuite makes before it starts."""
    if name == "testdata":
        return spark.sql("SELECT CAST(id AS INT) AS key, CAST(id AS STRING) AS value FROM range(1, 101)")
    if name == "arraydata":
        return spark.sql("SELECT * FROM VALUES (array(1, 2, 3), array(array(1, 2, 3))), (array(2, 3, 4), array(array(2, 3, 4))) "
                         "AS t(arraycol, nestedarraycol)")
    if name == "mapdata":
        rows = [", ".join(f"{k + 1}, '{'abcde'[k]}{i}'" for k in range(6 - i)) for i in range(1, 6)]
        return spark.sql(" UNION ALL ".join(f"SELECT map({row}) AS mapcol" for row in rows))
    if name == "aggtest":
        return spark.createDataFrame(postgres_table("agg.data", [("a", pyarrow.int32()), ("b", pyarrow.float32())]))
    columns = [(column, pyarrow.int32() if i < 13 else pyarrow.string()) for i, column in enumerate(ONEK)]
    return spark.createDataFrame(postgres_table({"onek": "onek.data", "tenk1": "tenk.data"}[name], columns))


def ask(spark, text):
    """The rows of one query as text. Year-month and calendar intervals have no Arrow form in the client: read as strings."""
    timer = threading.Timer(QUERY_SECONDS, spark.interruptAll)
    timer.start()
    try:
        frame = spark.sql(text)
        kinds = [type(field.dataType).__name__ for field in frame.schema.fields]
        as_text = [i for i, kind in enumerate(kinds) if kind in ("YearMonthIntervalType", "CalendarIntervalType")]
        if not as_text:
            table = frame.toArrow()
            found = hive_result.of_command(golden_files.without_comments(text), table)
            return hive_result.rows(table, spark.conf.get("spark.sql.binaryOutputStyle", None)) if found is None else found
        names = [f"c{i}" for i in range(len(kinds))]
        frame = frame.toDF(*names)
        frame = frame.select(*[frame[n].cast("string") if i in as_text else frame[n] for i, n in enumerate(names)])
        return [re.sub(r"INTERVAL '(-?[\d-]+)' (YEAR|MONTH)( TO MONTH)?", interval_literal, row)
                for row in hive_result.rows(frame.toArrow())]
    finally:
        timer.cancel()


def interval_literal(match):
    if match[3]:
        return match[1]
    return match[1] + "-0" if match[2] == "YEAR" else hive_result.year_month(int(match[1]))


def differs(error, query):
    """golden_files.error_differs of what the client got; None when the golden file says too little."""
    body = query.error_body
    if body is None:
        return None
    places = [(c.startIndex() + 1, c.stopIndex() + 1) for c in error.getQueryContext() or [] if c.contextType().name == "SQL"]
    return golden_files.error_differs(body, error.getCondition(), error.getSqlState(), error.getMessageParameters() or {}, places)


def judge(spark, query):
    """(is it right, has it the right error class, what differs in the error, what was answered)"""
    try:
        rows = ask(spark, query.text)
    except PySparkException as error:
        condition = error.getCondition()
        answer = f"[{condition}] {error}"
        if query.kind != "error":
            return False, False, None, answer
        return True, condition == query.error_class, differs(error, query), answer
    except Exception as error:  # whatever the client makes of a bad answer
        return query.kind == "error", False, "class", f"{type(error).__name__}: {error}"
    if query.kind == "error":
        return False, False, "class", "\n".join(rows)
    return query.kind == "command" or golden_files.same(query, rows), False, None, "\n".join(rows)


def replay(name, url, results):
    """One file in a process of its own: a result for each query into the pipe."""
    logging.disable(logging.CRITICAL)
    queries = golden_files.read(CORPUS / "sql-tests/results" / (name + ".out"))
    spark = SparkSession.builder.remote(url).create()
    for key, value in golden_files.settings(CORPUS / "sql-tests/inputs", name).items():
        try:
            spark.conf.set(key, value)
        except PySparkException:
            pass  # a setting that weir refuses shows in the queries
    for table in golden_files.tables_needed(queries):
        test_table(spark, table).createOrReplaceTempView(table)
    for query in queries:
        results.send(judge(spark, query))
    results.close()
    os._exit(0)


class Server:
    def __init__(self, scratch):
        self.scratch, self.process, self.url = scratch, None, None

    def ready(self):
        if self.process is None or self.process.poll() is not None:
            log = open(self.scratch / "server.log", "ab")
            self.process = subprocess.Popen([WEIR, "connect", "--home", self.scratch / "home", "--listen", "127.0.0.1:0"],
                                            stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.scratch)
            found = re.match(r"weir: ready (\S+)", self.process.stdout.readline())
            if not found:
                sys.exit(f"exam: the server did not start, see {self.scratch}/server.log")
            self.url = found[1]
        return self.url

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def forget(self):
        """A home without the tables that another file left: the catalog lasts."""
        self.stop()
        shutil.rmtree(self.scratch / "home", ignore_errors=True)


def examine(name, server):
    """The results of one file, complete: what was not reached when the server died, or in time, is wrong."""
    queries = golden_files.read(CORPUS / "sql-tests/results" / (name + ".out"))
    reader, writer = multiprocessing.Pipe(False)
    server.forget()
    child = multiprocessing.get_context("fork").Process(target=replay, args=(name, server.ready(), writer))
    child.start()
    writer.close()
    answers, why, deadline = [], None, time.monotonic() + FILE_SECONDS
    while why is None:
        if reader.poll(0.2):
            try:
                answers.append(reader.recv())
                continue
            except EOFError:
                why = "not asked"
        elif server.process.poll() is not None:
            why = f"the server died ({server.process.returncode})"
        elif time.monotonic() > deadline:
            why = f"not asked within {FILE_SECONDS} s"
    child.kill()
    child.join()
    died = server.process.poll() is not None
    if len(answers) < len(queries):
        answers += [(False, False, None, why)] * (len(queries) - len(answers))
    return name, queries, answers, died


def work(names, results, scratch):
    scratch.mkdir(parents=True, exist_ok=True)
    server = Server(scratch)
    while (name := names.get()) is not None:
        results.put(examine(name, server))
    server.stop()
    results.put(None)


def run(files, jobs):
    """Yields (name, queries, answers, died) in the order in which files end."""
    fork = multiprocessing.get_context("fork")
    names, results = fork.Queue(), fork.Queue()
    for name in [*files, *[None] * jobs]:
        names.put(name)
    scratch = TOP / f"build/exam/run-{os.getpid()}"  # two exams may run at once
    workers = [fork.Process(target=work, args=(names, results, scratch / str(k))) for k in range(jobs)]
    for worker in workers:
        worker.start()
    alive = jobs
    while alive:
        result = results.get()
        if result is None:
            alive -= 1
        else:
            yield result
    for worker in workers:
        worker.join()
    shutil.rmtree(scratch, ignore_errors=True)


def table(counts):
    lines = ["| directory | rows | commands | errors | with Spark's class | and its state, parameters and place | meta | Sail 0.7.2, rows |",
             "|---|---|---|---|---|---|---|---|"]
    for directory in [*sorted(d for d in counts if d != "all"), "all"]:
        c = counts[directory]

        def cell(kind):
            return f"{c[kind]}/{c[kind, 'of']}" + (f" ({100 * c[kind] / c[kind, 'of']:.1f} %)" if c[kind, "of"] else "")

        sail = f"{SAIL[directory]} %" if directory in SAIL else "59.2 %" if directory == "all" else ""
        lines.append(f"| {directory} | {cell('rows')} | {cell('command')} | {cell('error')} | {cell('class')} | {cell('whole')} |"
                     f" {cell('meta')} | {sail} |")
    return "\n".join(lines)


def write(text):
    """Between the marks in docs/compatibility.md."""
    old = COMPATIBILITY.read_text()
    new, count = re.subn(r"(?s)(<!-- exam spark-sql -->\n).*?(<!-- end -->)", lambda m: m[1] + text + "\n" + m[2], old)
    if count != 1:
        sys.exit(f"exam: {COMPATIBILITY} has no place for the table")
    COMPATIBILITY.write_text(new)


def main():
    parser = argparse.ArgumentParser(prog="tools/exam spark-sql", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--fails", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    fetch()
    results = CORPUS / "sql-tests/results"
    every = sorted(str(path.relative_to(results))[:-4] for path in results.rglob("*.sql.out"))
    files = [name for name in every if not SCALA_SUITE.match(name)]
    if args.files:
        wanted = {name if name.endswith(".sql") else name + ".sql" for name in args.files}
        if unknown := wanted - set(every):
            sys.exit(f"exam: no such golden file: {', '.join(sorted(unknown))}")
        files = sorted(wanted)
    counts = collections.defaultdict(collections.Counter)
    fails = args.fails.open("w") if args.fails else None
    for name, queries, answers, died in run(files, args.jobs):
        own = collections.Counter()
        for query, (right, right_class, difference, answer) in zip(queries, answers):
            own[query.kind, "of"] += 1
            own[query.kind] += right
            own["class"] += right_class
            own["whole"] += difference == ""
            own["whole", "of"] += difference is not None
            if fails and not (right and (query.kind != "error" or right_class and not difference)):
                fails.write(json.dumps({"file": name, "kind": query.kind, "differs": difference, "query": query.text,
                                        "spark": query.output[:1000], "weir": answer[:1000]}, ensure_ascii=False) + "\n")
        own["class", "of"] = own["error", "of"]
        for directory in (name.rpartition("/")[0].split("/")[0] or "main", "all"):
            counts[directory].update(own)
        kinds = ("rows", "command", "error", "class", "whole", "meta")
        shown = "  ".join(f"{kind} {own[kind]}/{own[kind, 'of']}" for kind in kinds if own[kind, "of"])
        print(f"{name:58} {shown}{'  THE SERVER DIED' if died else ''}", flush=True)
    text = table(counts)
    print(text)
    if args.write:
        write(text)


if __name__ == "__main__":
    main()
