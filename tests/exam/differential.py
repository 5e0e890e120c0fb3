#!/usr/bin/env python3
"""Typed expressions made at random over random rows: weir beside real Spark, in value and type or in error class.

    tools/exam differential [--count N] [--seed S] [--only I …] [--kept] [--fails FILE]

Case number i depends on the seed and i alone (shapes.py, expressions.py, frames.py), so a difference is found again by --seed S --only i. Real
Spark's answers are kept in build/exam/differential, a file a seed, so a second run costs weir's time only and starts no JVM. Differences are worth a
line in tests/golden/functions. SQL goes through tests/unit/run_query, DataFrames through a client of `weir connect`.
What counts as agreeing though it is not the same:
  rows       of several errors in different rows Spark raises that of the first row, an engine of vectors another: where both sides end with
             an error, of different classes, each row by itself decides, and all must agree (--kept leaves out those that were not asked)
  digits     doubles may differ in their last digits (another mathematics library), and so may what is hashed of them
  java       where Spark ends with an error of Java's own, without a class, anything is right; the last line says how often
  quantiles  percentile_approx of decimals has no digits behind the point but those that count, and more than its type has, until it leaves its
             aggregate: the cast to STRING that is asked for here shows them, no client does
Needs build/oracle (tools/setup oracle).
"""
import argparse
import datetime
import decimal
import hashlib
import json
import logging
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]
import shapes  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = TOP / "build/release/tests/unit/run_query"
WEIR = TOP / "build/release/weir"
KEPT = TOP / "build/exam/differential"
SECONDS = 60  # that one query may take
START_SECONDS = 600  # the first of a process, on a busy machine


def session(remote):
    from pyspark.sql import SparkSession

    if remote:
        return SparkSession.builder.remote(remote).getOrCreate()
    spark = (SparkSession.builder.master("local[1]").config("spark.sql.shuffle.partitions", "1").config("spark.ui.enabled", "false")
             .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
             .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    return spark


def frame_of(spark, case):
    """The case's DataFrame: a query, or the Python text over one."""
    frame = spark.sql(case["sql"])
    if "frame" in case:
        from pyspark.sql import Window, functions

        frame = eval(case["frame"], {"df": frame, "F": functions, "Window": Window, "Decimal": decimal.Decimal, "datetime": datetime})
    return frame


def oracle(remote):
    """A case a line in, its answer a line out: real Spark's in build/oracle's Python, or that of the server `remote`."""
    from pyspark.errors import PySparkException
    try:
        from py4j.protocol import Py4JError
    except ImportError:  # the client of Spark Connect alone
        Py4JError = PySparkException

    logging.disable(logging.CRITICAL)
    spark, before = session(remote), {}
    for line in sys.stdin:
        case = json.loads(line)
        conf = {"spark.sql.ansi.enabled": str(case["ansi"]).lower(), "spark.sql.session.timeZone": case["zone"]}
        for key, value in conf.items():
            if before.get(key) != value:
                spark.conf.set(key, value)
        before = conf
        try:
            frame = frame_of(spark, case)
            types = [field.dataType.simpleString() for field in frame.schema.fields]
            names = [f"c{k}" for k in range(len(types))]
            texts = frame.toDF(*names).selectExpr(*[f"cast({name} as string) as {name}" for name in names]).collect()
            answer = {"types": types, "rows": [list(row) for row in texts]}
        except PySparkException as error:
            answer = {"error": error.getCondition() or "-", "message": str(error)[:300]}
        except Py4JError as error:
            answer = {"error": "-", "message": str(error)[:300]}
        except UnicodeDecodeError:
            answer = {"error": "not UTF-8"}
        except Exception as error:  # of the client's own: both sides have the same
            answer = {"error": type(error).__name__, "message": str(error)[:300]}
        print("=" + json.dumps(answer), flush=True)


class Side:
    """A process that answers a line by a line. One that ends or takes too long is started anew with the next question."""

    def __init__(self, command, mark=""):
        self.command, self.mark, self.process = command, mark, None

    def ask(self, line):
        seconds = SECONDS if self.process else START_SECONDS
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        while select.select([self.process.stdout], [], [], seconds)[0]:
            got = self.process.stdout.readline().decode(errors="replace")
            if not got:
                break
            if got.startswith(self.mark):
                try:
                    return json.loads(got[len(self.mark):])
                except ValueError as error:
                    return {"error": f"no JSON: {error}"}
        self.process.kill()
        answer = {"error": f"ended with {self.process.wait()}"}
        self.process = None
        return answer


class Spark:
    """Real Spark, and what it said before."""

    def __init__(self, seed):
        KEPT.mkdir(parents=True, exist_ok=True)
        self.path = KEPT / f"seed-{seed}.jsonl"
        self.path.touch()
        self.known = {item["key"]: item["answer"] for item in map(json.loads, self.path.open())}
        python = pathlib.Path(os.environ.get("WEIR_ORACLE", TOP / "build/oracle")) / "bin/python"
        self.side = Side([python, __file__, "--oracle"], "=")

    def ask(self, case, kept=False):
        question = json.dumps({name: case[name] for name in ("sql", "ansi", "zone", "frame") if name in case})
        key = hashlib.sha1(question.encode()).hexdigest()
        if kept:
            return self.known.get(key)
        if key not in self.known:
            self.known[key] = self.side.ask(question)
            if str(self.known[key].get("error")).startswith("ended with"):
                return self.known.pop(key)
            with self.path.open("a") as out:
                out.write(json.dumps({"key": key, "answer": self.known[key]}) + "\n")
        return self.known[key]


class Weir:
    def __init__(self):
        self.sides, self.server, self.frames, self.home = {}, None, None, tempfile.TemporaryDirectory(prefix="weir-differential-")

    def ask_frame(self, case):
        if not self.frames:
            self.server = subprocess.Popen([WEIR, "connect", "--home", self.home.name, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
            url = self.server.stdout.readline().split()[-1]
            self.frames = Side([sys.executable, __file__, "--oracle", "--remote", url], "=")
        return self.frames.ask(json.dumps({name: case[name] for name in ("sql", "ansi", "zone", "frame")}))

    def close(self):
        for side in [self.frames, *self.sides.values()]:
            if side and side.process:
                side.process.stdin.close()
                side.process.wait()
        if self.server:
            self.server.terminate()
            self.server.wait()

    def ask(self, case):
        if "frame" in case:
            return self.ask_frame(case)
        settings = str(case["ansi"]).lower(), case["zone"]
        if settings not in self.sides:
            self.sides[settings] = Side([TOOL, "--conf", f"spark.sql.ansi.enabled={settings[0]}", "--conf", f"spark.sql.session.timeZone={settings[1]}"])
        answer = self.sides[settings].ask(case["sql"])
        if "schema" in answer:
            return {"types": [simple(field["type"]) for field in answer["schema"]["fields"]], "rows": answer["rows"]}
        return answer


def simple(kind):
    if isinstance(kind, str):
        return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{simple(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{simple(kind['keyType'])},{simple(kind['valueType'])}>"
    return "struct<" + ",".join(f"{field['name']}:{simple(field['type'])}" for field in kind["fields"]) + ">"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:E-?\d+)?")


def same(ours, theirs, single):
    """Are texts equal but for the last digits of the numbers with a fraction or an exponent in them?"""
    if ours == theirs:
        return True
    if ours is None or theirs is None or NUMBER.sub("#", ours) != NUMBER.sub("#", theirs):
        return False
    return all(x == y or ("." in x + y and abs(float(x) - float(y)) <= (1e-6 if single else 1e-11) * max(abs(float(x)), abs(float(y)), 1e-300))
               for x, y in zip(NUMBER.findall(ours), NUMBER.findall(theirs)))


QUANTILE = re.compile(r"percentile_approx|approx_percentile")
DECIMALS = re.compile(r"(?:array<)?decimal\((\d+),(\d+)\)>?$")


def scaled(cell, kind):
    """Decimals as values of their type, NULL those that are none."""
    its = DECIMALS.match(kind)
    if cell is None or not its:
        return cell
    digits, scale = map(int, its.groups())

    def one(number):
        value = decimal.Decimal(number.group()).quantize(decimal.Decimal(1).scaleb(-scale), decimal.ROUND_HALF_UP, decimal.Context(prec=100))
        return format(value, "f") if abs(value) < decimal.Decimal(10) ** (digits - scale) else "null"
    text = NUMBER.sub(one, cell)
    return None if text == "null" else text


def agrees(ours, theirs, case):
    if "error" in ours or "error" in theirs:
        return theirs.get("error") == "-" or ("error" in ours and ours["error"] == theirs.get("error"))
    if ours["types"] != theirs["types"] or len(ours["rows"]) != len(theirs["rows"]):
        return False
    x, y = ours["rows"], theirs["rows"]
    if x == y:
        return True
    if QUANTILE.search(case["text"]):
        x, y = ([[scaled(cell, kind) for cell, kind in zip(row, ours["types"])] for row in side] for side in (x, y))
    if not case["ordered"]:
        x, y = (sorted(side, key=lambda row: [(cell is None, cell or "") for cell in row]) for side in (x, y))
    inexact = "double" in case["sql"] or any("double" in kind or "float" in kind for kind in ours["types"])
    single = "float" in case["sql"]  # Java before 19 writes some of them with a digit too many
    return all(a == b or (inexact and same(a, b, single)) for row, other in zip(x, y) for a, b in zip(row, other))


INEXACT = re.compile(r"\b(a?sinh?|a?cosh?|a?tanh?|atan2|cot|sec|csc|exp|expm1|log\w*|ln|pow|power|cbrt|hypot|degrees|radians|corr|stddev\w*|std|var\w*|covar\w*|regr\w*|skewness|"
                     r"kurtosis)\(")
DIGEST = re.compile(r"\b(hash|xxhash64|md5|sha|sha1|sha2|crc32)\(")


def decided(case, spark, weir, arguments):
    """Do both sides agree over each row by itself?"""
    for sql in case["alone"]:
        one = {**case, "sql": sql}
        theirs = spark.ask(one, arguments.kept)
        if not theirs or not agrees(weir.ask(one), theirs, one):
            return False
    return True


def equal(ours, theirs, case, spark, weir, arguments):
    if agrees(ours, theirs, case):
        return True
    if "rows" in ours and "rows" in theirs and DIGEST.search(case["text"]) and INEXACT.search(case["text"]):
        return ours["types"] == theirs["types"] and len(ours["rows"]) == len(theirs["rows"])
    return "error" in ours and "error" in theirs and decided(case, spark, weir, arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, nargs="*", help="these cases: both answers are shown")
    parser.add_argument("--fails", help="a file to which differences are added as JSON lines")
    parser.add_argument("--spark-only", action="store_true", help="real Spark's answers are kept, nothing is compared")
    parser.add_argument("--kept", action="store_true", help="only the cases that real Spark has answered already")
    parser.add_argument("--every", type=int, default=1, help="only each such case, beginning with the first")
    parser.add_argument("--oracle", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--remote", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.oracle:
        return oracle(arguments.remote)
    spark, weir = Spark(arguments.seed), Weir()
    numbers = arguments.only or range(arguments.first, arguments.first + arguments.count, arguments.every)
    asked, good, java, unsupported, undecided, bad, refused = 0, 0, 0, 0, [], [], {}
    for i in numbers:
        case = shapes.made(arguments.seed, i)
        theirs = spark.ask(case, arguments.kept)
        if arguments.spark_only or not theirs:
            continue
        asked += 1
        ours = weir.ask(case)
        if arguments.only:
            print(f"{case['sql']}\n    spark {theirs}\n    weir  {ours}")
        if equal(ours, theirs, case, spark, weir, arguments):
            good += 1
            java += theirs.get("error") == "-" and ours.get("error") != "-"
        elif arguments.kept and "error" in ours and "error" in theirs and ours["error"] != "" and not all(spark.ask({**case, "sql": sql}, True) for sql in case["alone"]):
            undecided.append(i)
        elif str(ours.get("error", "")).startswith("UNSUPPORTED_FEATURE"):
            unsupported += 1
            refused.setdefault(ours.get("message", "")[:110], []).append(i)
        else:
            bad.append({"number": i, **{name: its for name, its in case.items() if name != "alone"}, "spark": theirs, "weir": ours})
            if arguments.fails:
                with open(arguments.fails, "a") as out:
                    out.write(json.dumps(bad[-1]) + "\n")
    for item in [] if arguments.only else bad[:20]:
        print(f"{item['number']}: {item['text']}  (ansi {item['ansi']}, {item['zone']})\n    spark {item['spark']}\n    weir  {item['weir']}")
    for what, its in [] if arguments.only else sorted(refused.items(), key=lambda item: -len(item[1]))[:20]:
        print(f"refused {len(its)} times ({' '.join(map(str, its[:10]))}): {what}")
    weir.close()
    if undecided:
        print("not asked row by row:", *undecided)
    note = f", {len(undecided)} have other errors and are not asked row by row" if undecided else ""
    print(f"differential: {good} agree ({java} of them beside an error of Java's own), {len(bad)} differ, {unsupported} are refused{note}, of {asked} (seed {arguments.seed})")


main()
