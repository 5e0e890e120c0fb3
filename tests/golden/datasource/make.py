"""Asks real Spark 4.1.1 (build/oracle's Python): runs cases.py, or the cases named, and keeps the answers in answers.json."""
import json
import os
import pathlib
import sys
import tempfile

from pyspark.sql import SparkSession

from answer import answer
from cases import CASES

KEPT = pathlib.Path(__file__).resolve().parent / "answers.json"


def main():
    os.environ["TZ"] = "UTC"
    builder = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false")
    if os.environ.get("SPARK_AVRO_JAR"):
        builder = builder.config("spark.jars", os.environ["SPARK_AVRO_JAR"])
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    answers = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            answers[name] = answer(CASES[name], spark, folder)
        print(name, json.dumps(answers[name])[:200], flush=True)
    lines = [json.dumps(name) + ": " + json.dumps(answers[name], ensure_ascii=False) for name in CASES if name in answers]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
