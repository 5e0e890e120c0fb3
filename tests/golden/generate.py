"""Fills in the answers of functions/*.test by real Spark: build/oracle/bin/python tests/golden/generate.py [FILE …]

A case is a line with an expression or a query of one column, then '-- type', then one line for each row's value as Spark
casts it to STRING (NULL is the bare word, \\n and \\\\ are escaped, blank text is quoted), or '-- error CLASS'. A blank line ends it. A line
'# conf key=value' holds for the rest of the file. Answers that are there already are replaced; write only the first line.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read(path):
    """[(conf or None, expression)] of one file."""
    cases, fresh = [], True
    for line in path.read_text().split("\n"):
        if not line.strip():
            fresh = True
        elif fresh and line.startswith("# conf "):
            cases.append((line[7:], None))
        elif fresh and line.startswith("#"):  # within a case it is an answer
            cases.append((None, line))
        elif fresh:
            cases.append((None, line))
            fresh = False
    return cases


def query(expression):
    return expression if expression.lower().startswith(("select ", "with ", "from ")) else f"SELECT {expression}"


def shown(value):
    if value is not None and not value.strip():
        return repr(value)
    return "NULL" if value is None else value.replace("\\", "\\\\").replace("\n", "\\n")


def answer(spark, expression):
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        frame = spark.sql(query(expression))
        kind = frame.schema.fields[0].dataType.simpleString()
        rows = frame.toDF("x").selectExpr("CAST(x AS STRING) AS x").collect()
        return [f"-- {kind}"] + [shown(row.x) for row in rows]
    except PySparkException as error:
        return [f"-- error {error.getCondition()}"]
    except Py4JError:  # an error of Java's own, without a class of Spark's
        return ["-- error -"]


def main():
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "1").config("spark.ui.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    paths = [pathlib.Path(name) for name in sys.argv[1:]] or sorted((HERE / "functions").glob("*.test"))
    for path in paths:
        out, before = [], {}
        for conf, expression in read(path):
            if conf:
                key, value = conf.split("=", 1)
                before.setdefault(key, spark.conf.get(key))
                spark.conf.set(key, value)
                out.append(f"# conf {conf}\n")
            elif expression.startswith("#"):
                out.append(expression)
            else:
                out.append("\n".join([expression] + answer(spark, expression)) + "\n")
        path.write_text("\n".join(out))
        for key, value in before.items():
            spark.conf.set(key, value)
        print(path.name, file=sys.stderr)


main()
