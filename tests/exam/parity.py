#!/usr/bin/env python3
"""PySpark's own connect tests (pyspark/sql/tests/connect/test_parity_*.py of Spark 3.5.6) against `weir connect`.

    tools/exam parity [FILE ...]     all files, or some: `dataframe` is test_parity_dataframe.py
      --client 4.1.1|3.5.6   whose client runs them (both)
      --write     put the table into docs/compatibility.md: of all files, each as it was run last (build/exam/parity/counts.json)
      --fails F   every test that failed, as JSON lines, with its traceback
      --tests E   only tests that pytest's -k selects by E
      --spark F   the tests of F (what --fails wrote) against real Spark 4.1.1: adds those that fail there too to
                  tests/exam/parity_spark.txt

The sources come from a PyPI package that carries them (Spark's own package leaves its tests out); they run unchanged. Tests of
streaming, ML and pandas-on-Spark are not among them. A test that real Spark 4.1.1 fails under the same client is counted apart:
such tests look for the JVM, for a file of Spark's source tree, or for an error that Spark 4 words in another way. "skipped" is
what the suite itself skips. A server that dies fails all that is left of its file.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAM = TOP / "tests/exam"
WEIR = pathlib.Path(os.environ.get("WEIR", TOP / "build/weir"))
VENV = TOP / "build/venv"
ORACLE = TOP / "build/oracle"
PYTHON = {"4.1.1": VENV / "bin/python", "3.5.6": TOP / "build/spark35/bin/python"}
CORPUS = TOP / "build/exam/parity"
COUNTS = CORPUS / "counts.json"
COMPATIBILITY = TOP / "docs/compatibility.md"
SPARK_FAILS = EXAM / "parity_spark.txt"
PACKAGE = "snowpark_connect==0.24.0"
SHA256 = "1611750cbbcbe5e04b8b5b0b201c5456a0caff25a86f6f8eb42898d28a79889d"
INSIDE = "snowflake/snowpark_connect/includes/python/"
FILE_SECONDS, TEST_SECONDS = 900, 60
SAIL = 64  # percent, as Sail published it for Spark 4.0's files


def fetch():
    """Spark 3.5.6's Python sources with their tests, from PyPI, once; never committed."""
    if (CORPUS / "3.5.6/pyspark/sql/tests/connect").exists():
        return
    CORPUS.mkdir(parents=True, exist_ok=True)
    print(f"exam: fetching {PACKAGE}", flush=True)
    subprocess.run([VENV / "bin/python", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", CORPUS, PACKAGE], check=True)
    wheel = next(CORPUS.glob("*.whl"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != SHA256:
        sys.exit(f"exam: {wheel.name} has the digest {digest}, not {SHA256}")
    part = CORPUS / "part"
    shutil.rmtree(part, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(part, [name for name in archive.namelist() if name.startswith(INSIDE + "pyspark/")])
    shutil.rmtree(CORPUS / "3.5.6", ignore_errors=True)
    (part / INSIDE).rename(CORPUS / "3.5.6")
    shutil.rmtree(part)
    wheel.unlink()


def site_packages(environment):
    return next((environment / "lib").glob("python3*/site-packages"))


def link(place, target):
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def trees():
    """A folder for each client that holds pyspark with the tests inside; workers find functions of the tests by name there."""
    packages, tree = site_packages(ORACLE), CORPUS / "4.1.1"
    if (tree / "pyspark/sql/tests").is_symlink():
        return
    link(CORPUS / "3.5.6/py4j", packages / "py4j")
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "pyspark/sql").mkdir(parents=True)
    link(tree / "py4j", packages / "py4j")
    for entry in (packages / "pyspark").iterdir():
        if entry.name != "sql":
            link(tree / "pyspark" / entry.name, entry)
    for entry in (packages / "pyspark/sql").iterdir():
        link(tree / "pyspark/sql" / entry.name, entry)
    link(tree / "pyspark/sql/tests", CORPUS / "3.5.6/pyspark/sql/tests")


def files():
    names = sorted(path.stem.removeprefix("test_parity_") for path in (CORPUS / "3.5.6/pyspark/sql/tests/connect").glob("test_parity_*.py"))
    return [name for name in names if name != "pandas_grouped_map_with_state"]  # streaming


class Server:
    """`weir connect`, or real Spark's Connect server, with a home of its own."""

    def __init__(self, scratch, spark):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        environment = {**os.environ, "PYTHONPATH": str(CORPUS / "4.1.1"), "TZ": "America/Los_Angeles"}
        if spark:
            environment |= {"PYSPARK_PYTHON": str(VENV / "bin/python"), "SPARK_LOCAL_IP": "127.0.0.1",
                            "PYTHONPATH": f"{CORPUS / '4.1.1'}:{site_packages(VENV)}"}
            command = [ORACLE / "bin/python", "-c", SPARK_SERVER]
        else:
            command = [WEIR, "connect", "--home", scratch / "home", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=open(scratch / "server.log", "ab"), text=True,
                                        cwd=scratch, env=environment)
        self.url = None
        for line in self.process.stdout:
            if found := re.match(r"weir: ready (\S+)", line):
                self.url = found[1]
                break
        if not self.url:
            sys.exit(f"exam: the server did not start, see {scratch}/server.log")

    def stop(self):
        self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()


SPARK_SERVER = """
import os, socket, sys
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
from pyspark.sql import SparkSession
os.environ["SPARK_LOCAL_REMOTE"] = "1"
spark = (SparkSession.builder.master("local[2]").config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
         .config("spark.connect.grpc.binding.port", port).config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "4").getOrCreate())
print("weir: ready sc://127.0.0.1:%d" % port, flush=True)
sys.stdin.read()
"""


def selected(name, client, args):
    """What pytest's -k shall say."""
    if not args.spark:
        return args.tests
    rows = [json.loads(line) for line in args.spark.read_text().splitlines()]
    return " or ".join(sorted({row["test"].split("::")[-1] for row in rows if (row["client"], row["file"]) == (client, name)}))


def run_file(name, client, scratch, args):
    """{test: {"outcome", "why"}} of one file."""
    tests = selected(name, client, args)
    if args.spark and not tests:
        return {}, None
    select = ["-k", tests] if tests else []
    server = Server(scratch, args.spark)
    tree = CORPUS / client
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "PYSPARK_"))}
    results = scratch / "results.jsonl"
    environment |= {"PYTHONPATH": f"{tree}:{EXAM}", "PARITY_RESULTS": str(results), "PARITY_SERVER_PID": str(server.process.pid),
                    "SPARK_CONNECT_TESTING_REMOTE": server.url, "SPARK_SKIP_CONNECT_COMPAT_TESTS": "1", "TZ": "America/Los_Angeles",
                    "PYTHONDONTWRITEBYTECODE": "1", "SPARK_TESTING": "1", "SPARK_HOME": str(site_packages(ORACLE) / "pyspark")}
    command = [PYTHON[client], "-m", "pytest", "-q", "-p", "parity_plugin", "-p", "no:cacheprovider", "--timeout", str(TEST_SECONDS),
               "--rootdir", scratch, "-c", "/dev/null", "--import-mode", "importlib", "-o", "pythonpath=", *select, "--pyargs",
               f"pyspark.sql.tests.connect.test_parity_{name}"]
    found = {}
    with open(scratch / "client.log", "wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, cwd=scratch, env=environment)
        try:
            child.wait(FILE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    died = server.process.poll()
    server.stop()
    for line in results.read_text().splitlines() if results.exists() else []:
        result = json.loads(line)
        known = found.get(result["test"])
        if not known or known["outcome"] in ("not reached", "passed"):
            found[result["test"]] = result
    for result in found.values():
        if result["outcome"] == "not reached":
            result.update(outcome="failed", why=f"not reached: the server died ({died})" if died is not None else "not reached in time")
    if not found:
        found["(file)"] = {"test": "(file)", "outcome": "failed", "why": (scratch / "client.log").read_text()[-3000:]}
    return found, died


def spark_fails():
    """{(client, file, test)} that real Spark 4.1.1 fails too."""
    if not SPARK_FAILS.exists():
        return set()
    rows = [line.split() for line in SPARK_FAILS.read_text().splitlines() if line and not line.startswith("#")]
    return {tuple(row[:3]) for row in rows}


def is_slow(why):
    return "from pytest-timeout" in why


def cause(why):
    """The last line of a traceback that says what was wrong."""
    lines = [line.strip().removeprefix("E ").strip() for line in why.splitlines() if line.startswith("E ")]
    return (lines or why.splitlines() or [""])[0][:160]


def write_spark_fails(failed):
    head = ("# The tests of Spark 3.5.6's connect suite that real Spark 4.1.1 fails too: client, file, test, why.\n"
            "# Written by: tools/exam parity --spark\n")
    old = SPARK_FAILS.read_text().splitlines() if SPARK_FAILS.exists() else []
    rows = {tuple(line.split(" ", 3)[:3]): line for line in old if line and not line.startswith("#")}
    rows |= {row[:3]: " ".join(row) for row in failed}
    SPARK_FAILS.write_text(head + "".join(rows[key] + "\n" for key in sorted(rows)))


def keep_counts(client, name, own):
    kept = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    kept.setdefault(client, {})[name] = dict(own)
    COUNTS.write_text(json.dumps(kept, indent=1))


def kept_counts():
    """Of every file that was run, and of all of them."""
    kept = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    counts = {}
    for client in sorted(kept, reverse=True):
        counts[client] = {name: collections.Counter(own) for name, own in kept[client].items()}
        counts[client]["all"] = sum(counts[client].values(), collections.Counter())
    return counts


def table(counts):
    lines = ["| file | " + " | ".join(f"{client}: passed | failed | skipped by the suite | Spark fails too" for client in counts) + " |",
             "|---" * (1 + 4 * len(counts)) + "|"]
    names = sorted({name for of in counts.values() for name in of if name != "all"})
    for name in [*names, "all"]:
        cells = []
        for of in counts.values():
            c = of.get(name, collections.Counter())
            judged = c["passed"] + c["failed"]
            cells += [f"{c['passed']}/{judged}" + (f" ({100 * c['passed'] / judged:.1f} %)" if judged else ""), c["failed"], c["skipped"], c["spark"]]
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def write(text):
    """Between the marks in docs/compatibility.md."""
    old = COMPATIBILITY.read_text()
    new, count = re.subn(r"(?s)(<!-- exam parity -->\n).*?(<!-- end -->)", lambda m: m[1] + text + "\n" + m[2], old)
    if count != 1:
        sys.exit(f"exam: {COMPATIBILITY} has no place for the table")
    COMPATIBILITY.write_text(new)


def main():
    parser = argparse.ArgumentParser(prog="tools/exam parity", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--client", choices=PYTHON)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--fails", type=pathlib.Path)
    parser.add_argument("--tests")
    parser.add_argument("--spark", type=pathlib.Path)
    args = parser.parse_args()
    fetch()
    trees()
    every = files()
    wanted = [name.removeprefix("test_parity_").removesuffix(".py") for name in args.files] or every
    if unknown := set(wanted) - set(every):
        sys.exit(f"exam: no such file: {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
    excused = set() if args.spark else spark_fails()
    fails = args.fails.open("w") if args.fails else None
    counts, failed = {}, []
    for client in [args.client] if args.client else PYTHON:
        counts[client] = collections.defaultdict(collections.Counter)
        for name in wanted:
            found, died = run_file(name, client, TOP / "build/exam/run" / ("parity-spark" if args.spark else "parity"), args)
            own = collections.Counter()
            for test, result in found.items():
                outcome = result["outcome"]
                if outcome == "failed" and not (args.spark and is_slow(result["why"])): # a busy machine's Spark says nothing
                    failed.append((client, name, test, cause(result["why"])))
                    if (client, name, test) in excused:
                        outcome = "spark"
                own[outcome] += 1
                if fails and outcome == "failed":
                    fails.write(json.dumps({"client": client, "file": name, **result}) + "\n")
            if args.spark:
                write_spark_fails(failed)
            elif not args.tests:
                keep_counts(client, name, own)
            for key in (name, "all"):
                counts[client][key].update(own)
            print(f"{client} {name:28} passed {own['passed']:4}  failed {own['failed']:4}  skipped {own['skipped']:4}  Spark fails too {own['spark']:4}"
                  + ("  THE SERVER DIED" if died is not None else ""), flush=True)
    text = table(counts)
    print(text)
    if args.write:
        write(table(kept_counts()) + f"\n\nSail published {SAIL} % for Spark 4.0's files.")


if __name__ == "__main__":
    main()
