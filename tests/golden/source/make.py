"""Asks real Spark 4.1.1 (pyspark, local mode) what it reads from the files of cases.py: writes FORMAT.json beside it."""
import datetime
import json
import os
import re
import sys
import tempfile

from pyspark.sql import SparkSession

import cases


def text(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        shown = value.strftime("%Y-%m-%d %H:%M:%S")
        return shown + (f".{value.microsecond:06d}".rstrip("0") if value.microsecond else "")
    return str(value)


def write(folder, files, encoding):
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(bytes.fromhex(content["hex"]) if isinstance(content, dict) else content.encode(encoding))


def condition(error):
    name = error.getCondition() if hasattr(error, "getCondition") else None
    found = re.search(r"\[([A-Z_.]+)\]", str(error))
    return name or (found and found.group(1)) or str(error).splitlines()[0]


def reader_schema(spark, case):
    return spark.sql(f"select from_json('', '{case['schema']}') as x").schema["x"].dataType.json()


def ask(spark, case):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, case["files"], case["options"].get("encoding", "utf-8"))
        reader = spark.read.format(case["format"]).options(**case["options"])
        if case["schema"]:
            reader = reader.schema(case["schema"])
        try:
            declared = json.loads(reader_schema(spark, case)) if case["schema"] else None
            data = reader.load(folder)
            answer = {"types": data.schema.simpleString()}
            case["declared"] = declared
            if case["select"]:
                data = data.select(*case["select"])
            if case["format"] != "text":
                data = data.selectExpr(*[
                    f"to_json(`{f.name}`, map('ignoreNullFields', 'false')) as `{f.name}`" if f.dataType.typeName() in ("struct", "array", "map") else f"`{f.name}`"
                    for f in data.schema.fields])
            answer["rows"] = sorted(([text(v) for v in row] for row in data.collect()), key=repr)
        except Exception as error:  # what Spark raises is the answer
            answer = {"error": condition(error)}
        return answer


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
             .config("spark.ui.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    here = os.path.dirname(os.path.abspath(__file__))
    for format in sys.argv[1:] or ("csv", "json", "xml", "text", "parquet"):
        answers = []
        for case in cases.parquet_cases() if format == "parquet" else getattr(cases, format.upper()):
            expect = ask(spark, case)
            answers.append({**case, "expect": expect})
        with open(os.path.join(here, format + ".json"), "w") as f:
            json.dump(answers, f, indent=1, ensure_ascii=False)
            f.write("\n")


if __name__ == "__main__":
    main()
