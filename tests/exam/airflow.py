#!/usr/bin/env python3
"""The daily pipeline of dags/ on a stock Airflow with its Amazon provider, against `weir serve`.

    tools/exam airflow [waiting] [deferred] [failing] [operators]     all of them, or some
      --keep    leave the home and Airflow's folder, and say where

    waiting    `airflow dags test`, tasks wait in their slot: all green; the figures in Redshift are those that the jobs wrote
    deferred   the same, tasks deferred to the triggerer
    failing    a Spark script that raises: the sensor fails with the step's failure, and the cluster is ended all the same
    operators  more of the provider's operators, one task each (airflow_operators.py)

The Airflow in build/airflow (tools/requirements-airflow.txt) has a folder and an SQLite database of its own. Nothing of weir is
known to it but AWS_ENDPOINT_URL and keys.
"""
import argparse
import csv
import io
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet

HERE = pathlib.Path(__file__).resolve()
TOP = HERE.parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests/golden/jobs")]
import conftest  # noqa: E402
import flights  # noqa: E402

AIRFLOW = TOP / "build/airflow/bin/airflow"
LIMIT_S = 900
GREEN = {"waiting": False, "deferred": True}
BROKEN = "raise ValueError('the input is not what it was')\n"
TASKS = ["wait_for_raw_data", "create_cluster", "add_steps", "wait_for_spark", "wait_for_streaming", "crawl", "create_tables", "load",
         "report", "terminate_cluster", "wait_for_termination"]


class Wrong(Exception):
    """What is not as it should be."""


def check(what, is_so, seen=""):
    if not is_so:
        raise Wrong(f"{what}: {seen}")


class Lake:
    """The account that the pipeline finds: what its infrastructure would have made."""

    def __init__(self, server):
        self.server = server
        self.s3, self.glue, self.emr = (server.client(name) for name in ("s3", "glue", "emr"))
        self.redshift, self.data = server.client("redshift"), server.client("redshift-data")
        self.glue.create_database(DatabaseInput={"Name": "flights"})
        self.redshift.create_cluster(ClusterIdentifier="batch-etl", NodeType="dc2.large", ClusterType="single-node", DBName="dev",
                                     MasterUsername="awsuser", MasterUserPassword="Secret-99",
                                     IamRoles=["arn:aws:iam::123456789012:role/RedshiftCopy"])

    def upload(self, bucket, raw, scripts):
        self.s3.create_bucket(Bucket=bucket)
        for path in sorted(raw.rglob("*.csv")):
            self.s3.upload_file(str(path), bucket, f"raw/{path.relative_to(raw)}")
        for path in scripts:
            self.s3.upload_file(str(path), bucket, f"scripts/{path.name}")

    def bodies(self, bucket, prefix):
        keys = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [self.s3.get_object(Bucket=bucket, Key=key["Key"])["Body"].read() for key in keys if "/part-" in key["Key"]]

    def query(self, sql):
        statement = self.data.execute_statement(ClusterIdentifier="batch-etl", Database="dev", DbUser="awsuser", Sql=sql)["Id"]
        while (now := self.data.describe_statement(Id=statement))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
            time.sleep(0.05)
        check(sql, now["Status"] == "FINISHED", now.get("Error"))
        rows = self.data.get_statement_result(Id=statement)["Records"]
        return [tuple(None if field.get("isNull") else next(iter(field.values())) for field in row) for row in rows]


class Airflow:
    def __init__(self, folder, server):
        self.home = folder
        self.environment = server.environment() | {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(TOP / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        folder.mkdir()
        self.run("db", "migrate")

    def run(self, *arguments, code=0, **environment):
        path = self.home / f"{'-'.join(arguments[:3])}.log"
        with open(path, "w") as log:
            done = subprocess.run([AIRFLOW, *arguments], env=self.environment | environment, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, timeout=LIMIT_S)
        output = path.read_text()
        check(f"airflow {' '.join(arguments)}", code is None or done.returncode == code, f"exit code {done.returncode}\n{output[-6000:]}")
        return output

    def test(self, dag, day, settings, **environment):
        """`airflow dags test`: the run's state, {task: (state, seconds)}, and what it printed."""
        output = self.run("dags", "test", dag, day, code=None, AIRFLOW_VAR_BATCH_ETL=json.dumps(settings), **environment)
        with sqlite3.connect(self.home / "airflow.db") as database:
            found = database.execute("SELECT run_id, state FROM dag_run WHERE dag_id=? AND logical_date LIKE ?", (dag, f"{day}%")).fetchone()
            check(f"a run of {dag}", found, output[-4000:])
            rows = database.execute("SELECT task_id, state, duration FROM task_instance WHERE dag_id=? AND run_id=? ORDER BY start_date",
                                    (dag, found[0])).fetchall()
        return found[1], {task: (state, seconds or 0.0) for task, state, seconds in rows}, output


def failures(output):
    """Of what Airflow printed, what went wrong."""
    lines = output.splitlines()
    at = [i for i, line in enumerate(lines) if "[error " in line or line.startswith(("Traceback", "airflow.")) or "Error: " in line]
    return "\n".join(line[:400] for i, line in enumerate(lines) if any(0 <= i - j < 12 for j in at))[-6000:] or output[-3000:]


def newest_cluster(lake):
    return lake.emr.list_clusters()["Clusters"][0]


def show(name, tasks, seconds):
    print(f"{name}: {seconds:.1f} s")
    for task, (state, took) in tasks.items():
        print(f"  {task:24} {state or 'none':16} {took:6.2f} s")


def carriers_written(lake, bucket):
    rows = []
    for body in lake.bodies(bucket, "aggregated/carriers/"):
        rows += [tuple(row.values()) for row in pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()]
    return sorted(rows)


def scheduled_written(lake, bucket):
    text = b"".join(lake.bodies(bucket, "aggregated/scheduled/")).decode()
    return sorted((int(month), carrier, int(number)) for month, carrier, number in csv.reader(io.StringIO(text), delimiter="\t"))


def check_warehouse(lake, bucket):
    """Redshift holds what the jobs wrote, and the report is what one computes from that."""
    carriers, scheduled = carriers_written(lake, bucket), scheduled_written(lake, bucket)
    check("months and carriers", len(carriers) > 150 and len(scheduled) >= len(carriers), (len(carriers), len(scheduled)))
    loaded = [tuple(float(v) if isinstance(v, str) and i in (5, 6, 8, 9, 10) else v for i, v in enumerate(row))
              for row in lake.query("SELECT * FROM carriers ORDER BY month, carrier")]
    check("carriers in Redshift", loaded == carriers, [(a, b) for a, b in zip(loaded, carriers) if a != b][:2])
    loaded = lake.query("SELECT month, carrier, flights FROM scheduled ORDER BY month, carrier")
    check("scheduled in Redshift", loaded == scheduled, (loaded[:2], scheduled[:2]))
    raw = lake.s3.get_object(Bucket=bucket, Key="raw/flights/flights.csv")["Body"].read()
    check("all flights are counted", sum(n for _, _, n in scheduled) == raw.count(b"\n") - 1, sum(n for _, _, n in scheduled))


def check_catalog(lake, bucket):
    tables = {table["Name"]: table for table in lake.glue.get_tables(DatabaseName="flights")["TableList"]}
    check("crawled tables", sorted(tables) == ["carriers", "processed"], sorted(tables))
    file = pyarrow.parquet.read_schema(io.BytesIO(lake.bodies(bucket, "processed/")[0]))
    names = [column["Name"] for column in tables["processed"]["StorageDescriptor"]["Columns"]]
    check("columns of the crawled table", names == file.names, names)
    types = {column["Name"]: column["Type"] for column in tables["carriers"]["StorageDescriptor"]["Columns"]}
    check("types of the crawled table", types == {
        "month": "int", "carrier": "string", "airline": "string", "flights": "bigint", "aircraft": "bigint", "avg_dep_delay": "double",
        "max_dep_delay": "double", "on_time": "bigint", "miles": "double", "avg_plane_age": "double", "on_time_share": "double"}, types)
    check("partition key", [key["Name"] for key in tables["processed"]["PartitionKeys"]] == ["month"], tables["processed"])
    found = lake.glue.get_partitions(DatabaseName="flights", TableName="processed")["Partitions"]
    values = sorted(int(partition["Values"][0]) for partition in found)
    check("partitions", values == list(range(1, 13)), values)


def green(name, deferrable, lake, airflow, day):
    start = time.monotonic()
    state, tasks, output = airflow.test("batch_etl", day, {"bucket": "flights-data-lake", "poll_seconds": 1, "deferrable": deferrable})
    show(name, tasks, time.monotonic() - start)
    check("all tasks green", state == "success" and all(tasks[task][0] == "success" for task in TASKS), failures(output))
    deferred = re.findall(r"DEFERRED|deferred", output)
    check("tasks deferred" if deferrable else "no task deferred", bool(deferred) == deferrable, len(deferred))
    check("the cluster", newest_cluster(lake)["Status"]["State"] == "TERMINATED", newest_cluster(lake))
    check_warehouse(lake, "flights-data-lake")
    check_catalog(lake, "flights-data-lake")


def failing(lake, airflow, day):
    start = time.monotonic()
    state, tasks, output = airflow.test("batch_etl", day, {"bucket": "broken-data-lake", "poll_seconds": 1})
    show("failing", tasks, time.monotonic() - start)
    states = {task: state for task, (state, _) in tasks.items()}
    check("the sensor of the step", states.get("wait_for_spark") == "failed", failures(output))
    check("what it says", "ValueError: the input is not what it was" in output and "EMR job failed" in output, failures(output))
    check("what follows", all(states[task] == "upstream_failed" for task in ("crawl", "load", "report")), states)
    check("the teardown", states["terminate_cluster"] == "success" and states["wait_for_termination"] == "success", states)
    check("the cluster", newest_cluster(lake)["Status"]["State"] == "TERMINATED", newest_cluster(lake))
    check("the run", state == "failed", state)


def operators(lake, airflow, day):
    start = time.monotonic()
    state, tasks, output = airflow.test("operators", day, {}, AIRFLOW__CORE__DAGS_FOLDER=str(HERE.parent / "airflow_operators"))
    show("operators", tasks, time.monotonic() - start)
    wrong = {task: state for task, (state, _) in tasks.items() if state != "success"}
    check("operators", tasks and not wrong, f"{wrong}\n{failures(output)}")


def prepare(lake, folder):
    raw = folder / "raw"
    flights.lay_out(str(raw))
    jobs = sorted((TOP / "jobs").glob("*.py"))
    lake.upload("flights-data-lake", raw, jobs)
    broken = folder / "data_processing_job.py"
    broken.write_text(BROKEN)
    lake.s3.create_bucket(Bucket="operators")
    lake.upload("broken-data-lake", raw, [path for path in jobs if path.name != broken.name] + [broken])


def run_all(parts, folder):
    server = conftest.Server(folder / "home")
    failed = []
    try:
        lake, airflow = Lake(server), Airflow(folder / "airflow", server)
        prepare(lake, folder)
        for number, part in enumerate(parts):
            day = f"2026-02-{number + 1:02}"
            try:
                if part in GREEN:
                    green(part, GREEN[part], lake, airflow, day)
                else:
                    {"failing": failing, "operators": operators}[part](lake, airflow, day)
                print(f"{part}: ok", flush=True)
            except Wrong as wrong:
                failed.append(part)
                print(f"{part}: WRONG: {wrong}", flush=True)
    finally:
        server.stop()
    print(f"{len(parts) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main():
    everything = [*GREEN, "failing", "operators"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *everything], metavar="PART")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    subprocess.run([TOP / "tools/setup", "airflow"], check=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-airflow-"))
    try:
        return run_all(options.parts or everything, folder)
    finally:
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
