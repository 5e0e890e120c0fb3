"""Asks real Spark 4.1.1 (build/oracle's Python, SPARK_POSTGRESQL_JAR: pgjdbc) with a PostgreSQL server: runs jdbc_cases.py, or the cases named, and
keeps the answers in answers.json."""
import json
import os
import pathlib
import sys
import tempfile

from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "datasource"))

from answer import answer  # noqa: E402
from jdbc_cases import CASES, SETUP, Database  # noqa: E402
from postgres import PASSWORD, USER, Server  # noqa: E402

KEPT = HERE / "answers.json"


def main():
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = Server(os.path.join(folder, "pg"))
        spark = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false") \
            .config("spark.jars", os.environ["SPARK_POSTGRESQL_JAR"]).config("spark.sql.warehouse.dir", folder + "/w").getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        server.psql(SETUP)
        database = Database(server, USER, PASSWORD)
        answers = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        for name in sys.argv[1:] or CASES:
            answers[name] = answer(lambda s, _, name=name: CASES[name](s, database), spark, server.url)
            print(name, json.dumps(answers[name])[:200], flush=True)
        spark.stop()
        server.stop()
    lines = [json.dumps(name) + ": " + json.dumps(answers[name], ensure_ascii=False) for name in CASES if name in answers]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
