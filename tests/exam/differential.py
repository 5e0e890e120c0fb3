#!/usr/bin/env python3
"""Typed expressions made at random over random rows: weir beside real Spark, in value and type or in error class.

    tools/exam differential [--count N] [--seed S] [--fails F]

Expression number i depends on the seed and i alone, so a difference is found again by --seed S --only i. Expressions go to both
sides many in one query; where one of them fails, by halves. Differences are worth a line in tests/golden/functions.
Doubles may differ in their last digits (another mathematics library). Needs build/oracle (tools/setup oracle).
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = TOP / "build/release/tests/unit/run_query"
BATCH = 8

COLUMNS = {"i": "int", "j": "int", "l": "bigint", "s": "string", "u": "string", "d": "double", "n": "decimal", "b": "boolean", "t": "date",
           "z": "timestamp", "a": "array", "m": "map"}
SQL_TYPE = {"int": "int", "bigint": "bigint", "string": "string", "double": "double", "decimal": "decimal(10,2)", "boolean": "boolean",
            "date": "date", "timestamp": "timestamp", "array": "array<int>", "map": "map<string,int>"}
VALUES = {
    "int": ["0", "1", "-1", "7", "-13", "100", "2147483647", "-2147483648", "42"],
    "bigint": ["0L", "1L", "-5L", "1234567890123L", "9223372036854775807L", "77L"],
    "string": ["''", "'a'", "'Spark SQL'", "' x '", "'12'", "'-3.5'", "'2020-02-29'", "'äöü€'", "'a,b,c'", "'TRUE'", "'abcabc'"],
    "double": ["0D", "1.5D", "-2.25D", "1e10D", "0.1D", "100D", "-0.001D"],
    "decimal": ["0.00", "1.50", "-99.99", "12345678.90", "0.01"],
    "boolean": ["true", "false"],
    "date": ["date'1970-01-01'", "date'2020-02-29'", "date'1999-12-31'", "date'2024-07-15'"],
    "timestamp": ["timestamp'1970-01-01 00:00:00'", "timestamp'2020-02-29 23:59:59.999999'", "timestamp'1999-12-31 12:34:56'"],
    "array": ["array(1, 2, 3)", "array(5)", "array(3, null, 1)", "cast(array() as array<int>)", "array(7, 7, -1)"],
    "map": ["map('a', 1)", "map('a', 1, 'b', 2)", "map('x', cast(null as int))"],
}
# result type: texts whose {type} are arguments
RULES = {
    "int": ["{int} + {int}", "{int} - {int}", "{int} * {int}", "{int} % {int}", "- {int}", "abs({int})", "length({string})", "year({date})",
            "month({date})", "dayofweek({date})", "weekofyear({date})", "hour({timestamp})", "minute({timestamp})", "second({timestamp})",
            "datediff({date}, {date})", "instr({string}, {string})", "locate({string}, {string})", "ascii({string})", "size({array})",
            "element_at({array}, 1)", "coalesce({int}, {int})", "if({boolean}, {int}, {int})", "greatest({int}, {int})", "least({int}, {int})",
            "pmod({int}, {int})", "{int} & {int}", "{int} | {int}", "{int} ^ {int}", "~ {int}", "shiftleft({int}, 3)", "shiftright({int}, 2)",
            "bit_count({int})", "levenshtein({string}, {string})", "hash({int}, {string})", "cast({string} as int)", "try_cast({string} as int)",
            "cast({double} as int)", "cast({decimal} as int)", "cast({boolean} as int)", "cast({bigint} as int)", "nullif({int}, {int})",
            "array_max({array})", "array_min({array})", "unix_date({date})", "dayofyear({date})", "quarter({date})", "try_add({int}, {int})",
            "try_multiply({int}, {int})", "aggregate({array}, 0, (p, q) -> p + q)", "{map}['a']", "try_element_at({map}, 'b')",
            "find_in_set({string}, {string})", "regexp_count({string}, 'a')", "octet_length({string})", "bit_length({string})",
            "cardinality({map})", "get({array}, 1)", "extract(day from {date})", "date_part('week', {date})", "nvl2({int}, {int}, {int})",
            "case when {boolean} then {int} else {int} end", "cast({bigint} % 1000 as int)"],
    "bigint": ["{bigint} + {int}", "{bigint} - {bigint}", "{bigint} * {int}", "{int} div {int}", "{bigint} % {bigint}", "ceil({double})", "floor({double})",
               "unix_timestamp({timestamp})", "unix_micros({timestamp})", "xxhash64({string}, {int})", "cast({string} as bigint)", "cast({double} as bigint)",
               "cast({decimal} as bigint)", "factorial({int})", "array_position({array}, {int})", "cast({timestamp} as bigint)", "abs({bigint})",
               "coalesce({bigint}, {bigint})", "try_subtract({bigint}, {bigint})", "width_bucket({double}, 0, 10, 5)", "timestampdiff(DAY, {timestamp}, {timestamp})",
               "ceil({decimal})", "{bigint} & {bigint}", "shiftrightunsigned({bigint}, 5)", "round({bigint}, -1)", "unix_seconds({timestamp})"],
    "string": ["concat({string}, {string})", "{string} || {int}", "upper({string})", "lower({string})", "initcap({string})", "trim({string})",
               "ltrim({string})", "rtrim({string})", "substring({string}, {int}, 2)", "substring({string}, 2)", "left({string}, 2)", "right({string}, 2)",
               "lpad({string}, 5, '*')", "rpad({string}, 5, 'xy')", "repeat({string}, 2)", "reverse({string})", "replace({string}, 'a', 'b')",
               "translate({string}, 'abc', 'xy')", "regexp_replace({string}, '[a-c]+', '<$0>')", "regexp_extract({string}, '(a)(b)?', 1)",
               "split_part({string}, ',', 2)", "substring_index({string}, ',', 2)", "cast({int} as string)", "cast({double} as string)",
               "cast({decimal} as string)", "cast({boolean} as string)", "cast({date} as string)", "cast({timestamp} as string)", "cast({array} as string)",
               "cast({map} as string)", "date_format({timestamp}, 'yyyy-MM-dd HH:mm:ss.SSS')", "date_format({date}, 'EEE d MMM y')", "hex({string})",
               "hex({bigint})", "bin({bigint})", "md5({string})", "sha2({string}, 256)", "base64({string})", "soundex({string})", "conv({string}, 10, 16)",
               "format_number({double}, 2)", "format_number({int}, 0)", "format_string('%s-%d', {string}, {int})", "concat_ws('-', {string}, {string})",
               "array_join({array}, ',', '?')", "to_json({array})", "to_json({map})", "to_json(named_struct('x', {int}, 'y', {string}))",
               "elt(2, {string}, {string})", "overlay({string} placing 'zz' from 2)", "mask({string})", "space(2)", "coalesce({string}, {string})",
               "if({boolean}, {string}, {string})", "chr({int})", "url_encode({string})", "typeof({decimal})", "quote({string})", "dayname({date})",
               "monthname({date})", "to_char({decimal}, '999999999.99')", "get_json_object('{{\"a\": 1}}', '$.a')", "to_csv(named_struct('x', {string}, 'y', {int}))",
               "from_unixtime({int})", "nullif({string}, {string})", "btrim({string}, ' a')"],
    "double": ["{double} + {double}", "{double} - {double}", "{double} * {double}", "{double} / {double}", "{int} / {int}", "sqrt({double})", "exp({double})",
               "ln({double})", "log10({double})", "log2({double})", "pow({double}, 2)", "sin({double})", "cos({double})", "atan({double})", "round({double}, 1)",
               "bround({double}, 1)", "cast({int} as double)", "cast({string} as double)", "cast({decimal} as double)", "abs({double})", "signum({double})",
               "degrees({double})", "radians({double})", "cbrt({double})", "hypot({double}, {double})", "atan2({double}, {double})", "nanvl({double}, {double})",
               "months_between({timestamp}, {timestamp})", "coalesce({double}, {double})", "rint({double})", "tanh({double})", "try_divide({int}, {int})",
               "cast({timestamp} as double)", "greatest({double}, {double})", "{double} % {double}", "expm1({double})", "log1p({double})"],
    "decimal": ["{decimal} + {decimal}", "{decimal} - {decimal}", "{decimal} * {decimal}", "{decimal} / {decimal}", "{decimal} % {decimal}", "round({decimal}, 1)",
                "cast({int} as decimal(12,2))", "cast({string} as decimal(10,2))", "cast({double} as decimal(12,3))", "abs({decimal})", "- {decimal}",
                "{decimal} + {int}", "{decimal} * {int}", "ceil({decimal}, 1)", "floor({decimal}, 1)", "bround({decimal}, 1)", "coalesce({decimal}, {decimal})",
                "greatest({decimal}, {decimal})", "try_add({decimal}, {decimal})", "if({boolean}, {decimal}, {decimal})", "extract(second from {timestamp})"],
    "boolean": ["{int} = {int}", "{int} < {bigint}", "{string} = {string}", "{string} < {string}", "{double} >= {double}", "{decimal} <> {decimal}", "{date} <= {date}",
                "{boolean} and {boolean}", "{boolean} or {boolean}", "not {boolean}", "{int} is null", "{string} is not null", "{int} <=> {int}",
                "{string} like '%a%'", "{string} like 'a_c%'", "{string} rlike '[0-9]'", "{int} in (1, 7, {int})", "{int} between {int} and {int}",
                "startswith({string}, 'a')", "endswith({string}, 'c')", "contains({string}, {string})", "array_contains({array}, {int})", "isnan({double})",
                "exists({array}, x -> x > 2)", "forall({array}, x -> x > 0)", "map_contains_key({map}, 'a')", "cast({string} as boolean)", "cast({int} as boolean)",
                "arrays_overlap({array}, {array})", "{date} = {timestamp}", "{int} = {string}", "{decimal} > {double}", "{array} = {array}", "{string} ilike 'S%'",
                "equal_null({string}, {string})", "{int} = {decimal}"],
    "date": ["date_add({date}, {int} % 1000)", "date_sub({date}, 3)", "add_months({date}, {int} % 100)", "last_day({date})", "next_day({date}, 'MON')", "trunc({date}, 'MM')",
             "cast({timestamp} as date)", "cast({string} as date)", "try_cast({string} as date)", "to_date({string}, 'yyyy-MM-dd')", "coalesce({date}, {date})",
             "make_date(2020, {int}, 1)", "date_from_unix_date({int} % 10000)", "{date} + interval 1 month", "{date} - interval 3 day", "greatest({date}, {date})",
             "trunc({date}, 'WEEK')", "{date} + 1"],
    "timestamp": ["cast({date} as timestamp)", "cast({string} as timestamp)", "try_cast({string} as timestamp)", "date_trunc('HOUR', {timestamp})", "date_trunc('QUARTER', {timestamp})",
                  "timestamp_seconds({int})", "timestamp_millis({bigint} % 1000000000000)", "from_utc_timestamp({timestamp}, 'America/New_York')",
                  "to_utc_timestamp({timestamp}, 'Asia/Tokyo')", "{timestamp} + interval '1 02:03:04' day to second", "{timestamp} - interval 2 year",
                  "make_timestamp(2020, 1, 1, {int} % 24, 0, 0)", "coalesce({timestamp}, {timestamp})", "timestampadd(MINUTE, {int} % 1000, {timestamp})",
                  "to_timestamp({string}, 'yyyy-MM-dd')", "least({timestamp}, {timestamp})"],
    "array": ["array({int}, {int})", "sort_array({array})", "sort_array({array}, false)", "array_distinct({array})", "concat({array}, {array})", "reverse({array})",
              "slice({array}, 1, 2)", "array_union({array}, {array})", "array_intersect({array}, {array})", "array_except({array}, {array})", "transform({array}, x -> x + 1)",
              "filter({array}, x -> x > 1)", "array_remove({array}, {int})", "array_repeat({int}, 2)", "flatten(array({array}, {array}))", "array_append({array}, {int})",
              "array_prepend({array}, {int})", "array_compact({array})", "zip_with({array}, {array}, (x, y) -> x + y)", "map_values({map})", "sequence(1, 4)",
              "array_insert({array}, 2, {int})", "array_sort({array})", "transform({array}, (x, k) -> x * k)", "from_json('[1, 2]', 'array<int>')"],
    "map": ["map({string}, {int})", "map_filter({map}, (k, v) -> v > 1)", "transform_values({map}, (k, v) -> v + 1)", "map_from_arrays(array('p', 'q'), array({int}, {int}))",
            "coalesce({map}, {map})", "map_from_entries(array(struct('k', {int})))", "if({boolean}, {map}, {map})"],
}


def rows(random_, count=7):
    lines = []
    for _ in range(count):
        lines.append("(" + ", ".join(f"cast(null as {SQL_TYPE[kind]})" if random_.random() < 0.12 else f"cast({random_.choice(VALUES[kind])} as {SQL_TYPE[kind]})"
                                     for kind in COLUMNS.values()) + ")")
    return "(values " + ", ".join(lines) + f") t({', '.join(COLUMNS)})"


def expression(random_, kind, depth):
    if depth == 0 or random_.random() < 0.2:
        names = [name for name, its in COLUMNS.items() if its == kind]
        return random_.choice(names) if random_.random() < 0.8 else f"cast({random_.choice(VALUES[kind])} as {SQL_TYPE[kind]})"
    out, text = [], random_.choice(RULES[kind])
    while text:
        at = text.find("{")
        if at < 0:
            out.append(text)
            break
        if text.startswith("{{", at):
            end = text.index("}}", at)
            out.append(text[:at] + "{" + text[at + 2:end] + "}")
            text = text[end + 2:]
            continue
        end = text.index("}", at)
        out.append(text[:at] + "(" + expression(random_, text[at + 1:end], depth - 1) + ")")
        text = text[end + 1:]
    return "".join(out)


def made(seed, index):
    random_ = random.Random(f"{seed}:{index}")
    return expression(random_, random_.choice(sorted(RULES)), random_.randint(1, 3))


# ---------------------------------------------------------------- the two sides
def oracle():
    """In build/oracle's Python: a line of SQL in, a line of JSON out."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
             .config("spark.ui.enabled", "false").config("spark.sql.codegen.wholeStage", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for line in sys.stdin:
        try:
            frame = spark.sql(line)
            names = [f"c{k}" for k in range(len(frame.columns))]
            types = [field.dataType.simpleString() for field in frame.schema.fields]
            texts = frame.toDF(*names).selectExpr(*[f"cast({name} as string) as {name}" for name in names]).collect()
            answer = {"types": types, "rows": [list(row) for row in texts]}
        except PySparkException as error:
            answer = {"error": error.getCondition() or "-"}
        except Py4JError:
            answer = {"error": "-"}
        print("=" + json.dumps(answer), flush=True)


class Side:
    def __init__(self, command, mark):
        self.mark = mark
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, sql):
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(self.mark):
                return json.loads(line[len(self.mark):])
        raise SystemExit(f"differential: a side ended at {sql}")


def simple(kind):
    if isinstance(kind, str):
        return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{simple(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{simple(kind['keyType'])},{simple(kind['valueType'])}>"
    return "struct<" + ",".join(f"{field['name']}:{simple(field['type'])}" for field in kind["fields"]) + ">"


def weir(side, sql):
    answer = side.ask(sql)
    if "schema" in answer:
        answer = {"types": [simple(field["type"]) for field in answer["schema"]["fields"]], "rows": answer["rows"]}
    return answer


def close(ours, theirs):
    try:
        return abs(float(ours) - float(theirs)) <= 1e-12 * max(abs(float(theirs)), 1e-300)
    except (TypeError, ValueError):
        return False


def same(ours, theirs, kind):
    return ours == theirs or (kind == "double" and close(ours, theirs))


def agrees(ours, theirs):
    if "error" in ours or "error" in theirs:
        return "error" in ours and "error" in theirs and (ours["error"] == theirs["error"] or theirs["error"] == "-")
    kind = theirs["types"][0]
    return ours["types"][0] == kind and len(ours["rows"]) == len(theirs["rows"]) and all(
        same(x[0], y[0], kind) for x, y in zip(ours["rows"], theirs["rows"]))


def answers(ours, theirs, table, batch):
    """(number, expression, weir's answer, Spark's) of each; halves are asked where the whole fails on a side."""
    sql = f"select {', '.join(text for _, text in batch)} from {table}"
    mine, spark = weir(ours, sql), theirs.ask(sql)
    if len(batch) > 1 and ("error" in mine or "error" in spark):
        middle = len(batch) // 2
        yield from answers(ours, theirs, table, batch[:middle])
        yield from answers(ours, theirs, table, batch[middle:])
        return
    for column, (i, text) in enumerate(batch):
        yield i, text, *(side if "error" in side else {"types": [side["types"][column]], "rows": [[row[column]] for row in side["rows"]]}
                         for side in (mine, spark))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one expression: both answers are shown")
    parser.add_argument("--fails", help="differences as JSON lines")
    parser.add_argument("--oracle", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.oracle:
        return oracle()
    python = pathlib.Path(os.environ.get("WEIR_ORACLE", TOP / "build/oracle")) / "bin/python"
    ours, theirs = Side([TOOL], ""), Side([python, __file__, "--oracle"], "=")
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count)
    good, unsupported, bad = 0, 0, []
    for at in range(0, len(numbers), BATCH):
        batch = [(i, made(arguments.seed, i)) for i in numbers[at:at + BATCH]]
        table = rows(random.Random(f"{arguments.seed}:rows:{batch[0][0] // BATCH}"))
        for i, text, mine, spark in answers(ours, theirs, table, batch):
            if agrees(mine, spark):
                good += 1
            elif str(mine.get("error", "")).startswith("UNSUPPORTED_FEATURE"):
                unsupported += 1
            else:
                bad.append({"number": i, "expression": text, "spark": spark, "weir": mine})
    if arguments.fails:
        pathlib.Path(arguments.fails).write_text("".join(json.dumps(item) + "\n" for item in bad))
    for item in bad[:20]:
        print(f"{item['number']}: {item['expression']}\n    spark {item['spark']}\n    weir  {item['weir']}")
    print(f"differential: {good} agree, {len(bad)} differ, {unsupported} are refused, of {len(numbers)} (seed {arguments.seed})")


main()
