"""TPC-H, each query on the same Parquet files: weir, DuckDB with SQL written by hand, real Spark, Sail; peak memory beside. Their rows are
compared: numbers to five digits (shares to 1e-6), since the engines have other types for averages.

WEIR_TPCH_SCALE (10), WEIR_TPCH_ROUNDS (3), WEIR_TPCH_ENGINES (weir,duckdb,sail,spark). The engines take turns, query by query, so that a
noisy machine is noisy for all; an engine's figure for a query is the median of its rounds, and for all the geometric mean.
The files are read once before, so that no engine is the one that waits for the disk.
Real Spark runs one round: it is far slower than the noise. WEIR_TPCH_PHASES=1 shows where weir's time went, as its driver says it
(WEIR_LOG=debug); WEIR_TPCH_MEMORY (8g) is what weir may take.
"""
import json
import math
import os
import re
import statistics
import subprocess
import sys

from common import ORACLE, PEERS, TOP, VENV, WEIR, figure

sys.path[:0] = [str(TOP / "tests/exam")]
import spark_sql  # noqa: E402
import tpc_data  # noqa: E402

CLIENT = TOP / "bench/tpch_client.py"

class Engine:
    """A process that answers queries on demand: a line with the query in, a line with {seconds, rows} out."""

    def __init__(self, name, place, work):
        self.name, self.server, self.log = name, None, work / f"{name}.log"
        python, target = {"duckdb": (PEERS / "bin/python", "duckdb"), "spark": (ORACLE / "bin/python", "spark")}.get(
            name, (VENV / "bin/python", None))
        log = open(self.log, "w")
        if name == "weir":
            self.server = subprocess.Popen([WEIR, "connect", "--home", work / "home", "--listen", "127.0.0.1:0", "--cores", "2",
                                            "--memory", os.environ.get("WEIR_TPCH_MEMORY", "8g")],
                                           stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"WEIR_LOG": "debug"})
            target = re.match(r"weir: ready (\S+)", self.server.stdout.readline())[1]
        if name == "sail":
            self.server = subprocess.Popen([PEERS / "bin/sail", "spark", "server", "--ip", "127.0.0.1", "--port", "15599"],
                                           stdout=log, stderr=log)
            target = "sc://127.0.0.1:15599"
        self.client = subprocess.Popen([python, CLIENT, target, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, text):
        print(json.dumps(text), file=self.client.stdin, flush=True)
        line = self.client.stdout.readline()
        return json.loads(line) if line else {"error": "the engine died"}

    def phases(self):
        """Of the last plan: "parse 0.1, bind 0.5 …", milliseconds."""
        runs = [line for line in self.log.read_text().splitlines() if " run: " in line]
        return runs[-2 if "start 0.000" in runs[-1] else -1].split(" run: ")[1] if runs else ""

    def peak_mb(self):
        process = self.server or self.client
        pids = [str(process.pid)]
        if self.name == "spark":  # the JVM is a child of its Python
            pids += subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        return sum(int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]) for pid in pids) / 1024

    def stop(self):
        self.client.kill()
        self.client.wait()
        if self.server:
            self.server.terminate()
            self.server.wait(30)


def is_same(a, b):
    return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6) if isinstance(a, float) and isinstance(b, float) else a == b


def differing(answers):
    """The engines whose rows are not those of the first one."""
    (_, expected), *others = answers.items()
    return [name for name, rows in others
            if len(rows) != len(expected) or not all(len(r) == len(e) and all(map(is_same, r, e)) for r, e in zip(rows, expected))]


def run(work):
    spark_sql.fetch()
    scale = float(os.environ.get("WEIR_TPCH_SCALE", "10"))
    rounds = int(os.environ.get("WEIR_TPCH_ROUNDS", "3"))
    names = os.environ.get("WEIR_TPCH_ENGINES", "weir,duckdb,sail,spark").split(",")
    place = tpc_data.data("tpch", scale)
    queries = tpc_data.queries(spark_sql.CORPUS, "tpch")
    for path in place.rglob("*.parquet"):
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
    engines = [Engine(name, place, work) for name in names]
    taken = {name: {} for name in names}
    asked, equal = 0, 0
    try:
        for query, text in queries.items():
            answers = {}
            for turn in range(rounds):
                first = asked % len(engines)  # each is the first in turn: the first one reads what the others find in memory
                asked += 1
                for engine in engines[first:] + engines[:first]:
                    if engine.name == "spark" and turn:
                        continue
                    result = engine.ask(text)
                    if "error" in result:
                        print(f"  {query}: {engine.name}: {result['error'][:200]}", flush=True)
                    else:
                        taken[engine.name].setdefault(query, []).append(result["seconds"])
                        answers.setdefault(engine.name, result["rows"])
            others = differing(answers) if len(answers) == len(engines) else [name for name in names if name not in answers]
            equal += not others
            print(f"  {query:4}" + "".join(f"  {name} {statistics.median(taken[name][query]):8.3f}" for name in names
                                           if query in taken[name]) + (f"  NOT EQUAL: {', '.join(others)}" if others else ""), flush=True)
            if "WEIR_TPCH_PHASES" in os.environ:
                print(f"       {engines[0].phases()}", flush=True)
        means = {}
        for engine in engines:
            medians = [statistics.median(values) for values in taken[engine.name].values()]
            means[engine.name] = statistics.geometric_mean(medians)
            print(f"  {engine.name:7} geometric mean {means[engine.name]:8.3f} s over {len(medians)} queries, "
                  f"peak memory {engine.peak_mb():.0f} MB")
        figure(f"TPC-H SF{scale:g}: queries whose rows are the same from {', '.join(names)}", [equal], f"of {len(queries)}")
        for name in names[1:]:
            figure(f"TPC-H SF{scale:g}: {name} by {names[0]}, geometric mean", [means[name] / means[names[0]]], "x")
    finally:
        for engine in engines:
            engine.stop()
