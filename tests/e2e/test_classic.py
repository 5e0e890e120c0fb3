"""Scripts for Spark's classic API, run untouched by `weir spark-submit` on a laptop: no server, a home's own lake, local files."""
import os
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
from conftest import WEIR, clean_environment  # noqa: E402


@pytest.fixture
def submit(tmp_path):
    def run(script, *options, code=0, arguments=()):
        path = tmp_path / "script.py"
        path.write_text(script)
        environment = {**clean_environment(), "WEIR_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
        done = subprocess.run([WEIR, "spark-submit", *options, str(path), *arguments], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        return done
    return run


def test_spark_context_first(submit):
    done = submit("from pyspark import SparkConf, SparkContext\nfrom pyspark.sql import SparkSession\n"
                  "sc = SparkContext(conf=SparkConf().setMaster('local[2]').setAppName('first'))\nsc.setLogLevel('ERROR')\n"
                  "spark = SparkSession.builder.getOrCreate()\nprint(sc.appName, spark.range(4).count(), sc.defaultParallelism > 0)\nsc.stop()\n")
    assert done.stdout == "first 4 True\n"


def test_sql_context(submit):
    done = submit("from pyspark.context import SparkContext\nfrom pyspark.sql import SQLContext\nsc = SparkContext.getOrCreate()\n"
                  "sqlContext = SQLContext(sc)\nsqlContext.createDataFrame([(1, 'x')], ['a', 'b']).registerTempTable('t') "
                  "if hasattr(object, 'registerTempTable') else sqlContext.createDataFrame([(1, 'x')], ['a', 'b']).createOrReplaceTempView('t')\n"
                  "print(sqlContext.sql('SELECT a + 1 AS n FROM t').collect()[0].n)\n")
    assert done.stdout == "2\n"


def test_local_files_and_the_homes_lake(submit, tmp_path):
    (tmp_path / "in.csv").write_text("a,b\n1,x\n2,y\n")
    done = submit("from pyspark.sql import SparkSession\nspark = SparkSession.builder.master('yarn').appName('l').enableHiveSupport().getOrCreate()\n"
                  "df = spark.read.schema('a int, b string').option('header', True).csv('in.csv')\n"
                  "df.write.mode('overwrite').parquet('out.parquet')\nprint(spark.read.parquet('out.parquet').count())\n")
    assert done.stdout == "2\n"
    assert (tmp_path / "out.parquet" / "_SUCCESS").exists()


@pytest.mark.parametrize("call, words", [("sc.parallelize([1])", "SparkContext.parallelize"), ("sc.textFile('x')", "SparkContext.textFile"),
                                         ("sc.accumulator(0)", "SparkContext.accumulator")])
def test_what_needs_a_jvm_is_named(submit, call, words):
    done = submit(f"from pyspark import SparkContext\nsc = SparkContext.getOrCreate()\n{call}\n", code=1)
    assert "NOT_IMPLEMENTED" in done.stderr and words in done.stderr


def test_exit_code_and_leftovers(submit, tmp_path):
    submit("import sys\nsys.exit(9)\n", code=9)
    assert not [p for p in os.listdir(tmp_path) if p.startswith("spark-submit-")]
    missing = submit("", "--properties-file", "none.conf", code=1)
    assert "java.io.FileNotFoundException: File file:none.conf does not exist" in missing.stderr
