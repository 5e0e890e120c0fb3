"""Spark Connect: collecting rows, the latency of `select 1`, planning TPC-DS's largest query; Sail beside.

WEIR_SPARK_ROWS (20000000) rows of (long, double) are collected as an Arrow table by the real client. Latency is that of one
client and of eight at once, each a process of its own; beside it the same client against a server that answers at once with ready-made
rows: what is left when a server costs nothing. Planning (text to bound plan to the engine's SQL: parse, bind, emit) is what the driver says
of itself with WEIR_LOG=debug, for each run of the query: the first reads the files' footers, the others have them.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

from common import PEERS, TOP, VENV, WEIR, figure, serving

sys.path[:0] = [str(TOP / "tests/exam")]
import spark_sql  # noqa: E402
import tpc_data  # noqa: E402

CLIENT = TOP / "bench/spark_client.py"
CANNED = TOP / "build/release/tests/unit/canned_connect"
READY = r"weir: ready (sc\S+)"
SAIL_PORT = 15598


def collect(remote, rows):
    return json.loads(subprocess.run([VENV / "bin/python", CLIENT, "collect", remote, str(rows)], check=True, stdout=subprocess.PIPE).stdout)


def weir(work, name, **options):
    command = [WEIR, "connect", "--home", work / name, "--listen", "127.0.0.1:0", "--cores", "2"]
    return serving(["env", *(f"{key}={value}" for key, value in options.items()), *command], READY)


def latency(remote, clients):
    """Milliseconds of each `select 1` of clients that run at once."""
    running = [subprocess.Popen([VENV / "bin/python", CLIENT, "latency", remote, "300"], stdout=subprocess.PIPE, text=True)
               for _ in range(clients)]
    return sorted(ms for client in running for ms in json.loads(client.communicate()[0]))


def latencies(name, remote):
    for clients in (1, 8):
        all_ms = latency(remote, clients)
        for share in (50, 99):
            figure(f"{name}: select 1, {clients} client{'s' * (clients > 1)}, p{share}", [all_ms[len(all_ms) * share // 100 - 1]], "ms")


def sail():
    log = subprocess.DEVNULL
    return subprocess.Popen([PEERS / "bin/sail", "spark", "server", "--ip", "127.0.0.1", "--port", str(SAIL_PORT)], stdout=log, stderr=log)


def planning(work):
    spark_sql.fetch()
    text = max(tpc_data.queries(spark_sql.CORPUS, "tpcds").values(), key=len)
    place = tpc_data.data("tpcds", 0.1)
    with open(work / "planning.log", "w+") as log:
        server = subprocess.Popen([WEIR, "connect", "--home", work / "planning", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log,
                                  text=True, env=os.environ | {"WEIR_LOG": "debug"})
        try:
            remote = re.match(r"weir: ready (\S+)", server.stdout.readline())[1]
            subprocess.run([VENV / "bin/python", CLIENT, "queries", remote, place, "21"], input=text, text=True, check=True)
        finally:
            server.terminate()
            server.wait(20)
        log.seek(0)
        runs = [list(map(float, found)) for found in re.findall(r"parse ([\d.]+), bind ([\d.]+) .*emit ([\d.]+), start ([\d.]+)", log.read())]
    return [run for run in runs if run[2] > 0]  # all but the views, and the checks of a query before it runs, which emit nothing


def run(work):
    rows = int(os.environ.get("WEIR_SPARK_ROWS", "20000000"))
    has_sail = (PEERS / "bin/sail").exists()
    peer = sail() if has_sail else None
    try:
        with weir(work, "collect") as (_, remote, _process), serving([CANNED], READY) as (_, canned, _server):
            taken = {"weir": [], "sail": []}
            for _ in range(3):
                taken["weir"] += collect(remote, rows)
                if has_sail:
                    taken["sail"] += collect(f"sc://127.0.0.1:{SAIL_PORT}", rows)
            for name, seconds in taken.items():
                if seconds:
                    figure(f"{name}: collect (long, double)", [rows / 1e6 / s for s in seconds], "M/s", "at least 15" if name == "weir" else "")
            latencies("client alone", canned)
            latencies("weir", remote)
            if has_sail:
                latencies("sail", f"sc://127.0.0.1:{SAIL_PORT}")
    finally:
        if peer:
            peer.terminate()
            peer.wait(20)
    if has_sail:  # the data comes with the peers
        runs = planning(work)
        figure("weir: planning TPC-DS's largest query, the first time", [sum(runs[0][:3])], "ms")
        figure("weir: planning TPC-DS's largest query", [sum(run[:3]) for run in runs[1:]], "ms", "at most 3")
        figure("weir: the engine's planning, up to the first row", [run[3] for run in runs[1:]], "ms")
