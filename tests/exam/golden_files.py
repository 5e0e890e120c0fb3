"""Spark's SQL golden files: what a file asks, what Spark answered, and whether an answer is the same.

The files are those of SQLQueryTestSuite (spark-sql's test jar, sql-tests/{inputs,results}); settings, normalisation and sorting
follow that class.
"""
import dataclasses
import json
import re

TEST_TABLES = ("testdata", "arraydata", "mapdata", "aggtest", "onek", "tenk1")
COMMAND = re.compile(r"\s*(EXPLAIN|DESC|DESCRIBE|SHOW|SET|RESET|CACHE|ANALYZE|LIST)\b", re.I)
EXCEPTION = re.compile(r"^(org\.apache\.spark|java\.|scala\.|org\.codehaus)[\w.$]*(Exception|Error)\b")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclasses.dataclass
class Query:
    text: str
    schema: str
    output: str
    kind: str  # rows; meta: EXPLAIN, DESCRIBE, SHOW, SET; command: no output; error: an exception

    @property
    def error_class(self):
        """Spark's error class, or None when the golden file has none (an exception of Java's)."""
        if self.kind != "error":
            return None
        found = re.search(r'"(?:errorClass|condition)"\s*:\s*"([^"]+)"', self.output)
        return found[1] if found else None


    @property
    def error_body(self):
        """What Spark says of its error: class, SQLSTATE, parameters, places in the query; None when the golden file has no such thing."""
        found = re.search(r"(?s)^\{.*^\}", self.output, re.M) if self.kind == "error" else None
        return json.loads(found[0]) if found else None


def error_differs(body, condition, sqlstate, parameters, places):
    """What of an error is not as in the golden file: "" when all is. `places`: first and last character, from 1."""
    expected = {key: normalized(value) for key, value in body.get("messageParameters", {}).items()}
    got = {key: normalized(value) for key, value in parameters.items()}
    context = [(c.get("startIndex"), c.get("stopIndex")) for c in body.get("queryContext", [])]
    if condition != (body.get("errorClass") or body.get("condition")):
        return "class"
    if body.get("sqlState") not in (None, sqlstate):
        return f"state {sqlstate}"
    if got != expected:
        return "parameters " + " ".join(sorted(key for key in {*got, *expected} if got.get(key) != expected.get(key)))
    return "" if places == context else f"place {places}, not {context}"


def without_comments(text):
    return re.sub(r"(?m)^\s*--.*$", "", text).strip()


def kind_of(text, schema, output):
    if schema == "struct<>":
        if EXCEPTION.match(output):
            return "error"
        if not output.strip():
            return "command"
    if COMMAND.match(without_comments(text)):
        return "meta"
    return "rows" if schema != "struct<>" else "command"


def read(path):
    """The queries of one result file, in order."""
    queries = []
    for part in re.split(r"(?m)^-- !query\n", path.read_text(encoding="utf-8"))[1:]:
        found = re.match(r"(.*?)\n-- !query schema\n(.*?)\n-- !query output\n?(.*)\Z", part, re.S)
        if found:
            text, schema, output = found[1], found[2].strip(), found[3].rstrip("\n")
            queries.append(Query(text, schema, output, kind_of(text, schema, output)))
    return queries


def settings(inputs, name):
    """The session's settings for one file: those of the suite, then the file's own --SET lines and those it imports."""
    conf = {"spark.sql.session.timeZone": "America/Los_Angeles", "spark.sql.shuffle.partitions": "4",
            "spark.sql.ansi.enabled": "false" if name.startswith("nonansi/") else "true"}
    if re.match(r"(udf/)?postgreSQL/", name):
        conf["spark.sql.legacy.interval.enabled"] = "true"
    if name.startswith("timestampNTZ/"):
        conf["spark.sql.timestampType"] = "TIMESTAMP_NTZ"

    def read_lines(file):
        if not file.exists():
            return
        text = file.read_text(encoding="utf-8")
        for found in re.finditer(r"(?m)^--IMPORT (.*)$", text):
            read_lines(inputs / found[1].strip())
        for found in re.finditer(r"(?m)^--SET (.*)$", text):
            for pair in re.split(r",(?=\s*spark\.)", found[1]):
                if "=" in pair:
                    key, value = pair.split("=", 1)
                    conf[key.strip()] = value.strip()

    read_lines(inputs / name)
    return conf


def tables_needed(queries):
    text = "\n".join(query.text for query in queries)
    return [table for table in TEST_TABLES if re.search(rf"\b{table}\b", text, re.I)]


def normalized(text):
    """SQLQueryTestHelper.replaceNotIncludedMsg, in short: what differs from run to run."""
    text = re.sub(r"#\d+L?", "#x", text)
    text = re.sub(r"plan_id=\d+", "plan_id=x", text)
    text = re.sub(r"(Created (By|Time)|Last Access|Owner)[: \t].*", r"\1", text)
    text = re.sub(r"Location[: \t].*", "Location", text)
    text = re.sub(r"(Partition Statistics)\t(\[not included in comparison\]|\d+)", r"\1", text)
    text = re.sub(r"file:[^\s,\"]*", "file:", re.sub(r"file:\[not included in comparison\]", "file:", text))
    return re.sub(r'"(created_time|last_access|created_by|owner)[^"]*":\s*"[^"]*"', r'"\1":""', text)


def top_level(text):
    """The query without what stands in parentheses or quotes."""
    text, before = re.sub(r"'(?:[^'\\]|\\.)*'", "''", without_comments(text)), None
    while before != text:
        before, text = text, re.sub(r"\([^()]*\)", " ", text)
    return text


def same(query, rows):
    """Are these the golden file's rows? In order where the query orders them."""
    outer = top_level(query.text)
    golden = [line.rstrip() for line in normalized(query.output).split("\n")] if query.output else []
    got = [line.rstrip() for line in normalized("\n".join(rows)).split("\n")] if rows else []
    while got and got[-1] == "" and len(got) > len(golden):
        got.pop()
    if re.search(r"\border\s+by\b", outer, re.I):
        return golden == got
    return sorted(golden) == sorted(got)


def dump(**members):
    return json.dumps(members, ensure_ascii=False)
