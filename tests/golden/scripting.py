"""Fills in the answers of scripting/*.test by real Spark: build/oracle/bin/python tests/golden/scripting.py [FILE …]

A case is a script, a line '----' and its answer: the type of the last query's rows, then each row's values as Spark casts them
to STRING, between tabs; or 'error CLASS'. Cases are separated by lines '===='. A case '# conf key=value' holds for the rest of
the file. Answers that are there already are replaced.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read(path):
    """[(script, answer's lines)] of one file."""
    cases = []
    for case in path.read_text().split("\n====\n"):
        script, _, answer = case.rstrip("\n").partition("\n----")
        cases.append((script, [line for line in answer.split("\n") if line]))
    return cases


def shown(value):
    return "NULL" if value is None else value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def answer(spark, script):
    """What a script answers; spark: any session, also weir's."""
    from pyspark.errors import PySparkException

    try:
        frame = spark.sql(script)
        types = frame.schema.simpleString()
        if not frame.columns:
            return [types]
        names = [f"c{i}" for i in range(len(frame.columns))]
        rows = frame.toDF(*names).selectExpr(*[f"CAST({name} AS STRING) AS {name}" for name in names]).collect()
        return [types] + ["\t".join(shown(value) for value in row) for row in rows]
    except PySparkException as error:
        return [f"error {error.getCondition()}"]
    except Exception as error:  # one that PySpark leaves as it is: SqlScriptingException
        if not hasattr(error, "java_exception"):
            raise
        return [f"error {error.java_exception.getCondition()}"]


def main():
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "1").config("spark.ui.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for path in [pathlib.Path(name) for name in sys.argv[1:]] or sorted((HERE / "scripting").glob("*.test")):
        cases = []
        for script, _ in read(path):
            if script.startswith("# conf "):
                spark.conf.set(*script[7:].split("=", 1))
                cases.append(script)
            else:
                cases.append("\n".join([script, "----"] + answer(spark, script)))
        path.write_text("\n====\n".join(cases) + "\n")
        print(path.name, file=sys.stderr)


if __name__ == "__main__":
    main()
