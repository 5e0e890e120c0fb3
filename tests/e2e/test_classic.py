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


def test_what_scripts_ask_the_jvm_for(submit, tmp_path):
    done = submit("from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nsc = spark.sparkContext\n"
                  "hadoop = sc._jsc.hadoopConfiguration()\nhadoop.set('mapreduce.fileoutputcommitter.marksuccessfuljobs', 'false')\n"
                  "assert hadoop.get('mapreduce.fileoutputcommitter.marksuccessfuljobs') == 'false' and hadoop.getInt('no.such', 3) == 3\n"
                  "spark.range(3).write.parquet('out')\n"
                  "log = spark._jvm.org.apache.log4j.LogManager.getLogger('job')\nlog.info('begun')\nlog.setLevel(sc._jvm.org.apache.log4j.Level.ERROR)\n"
                  "log.warn('unheard')\nlog.error('ended')\n"
                  "try:\n    sc._jvm.com.example.Thing.run(1)\nexcept Exception as e:\n    print(type(e).__name__, '_jvm.com.example.Thing.run' in str(e))\n")
    assert done.stdout == "PySparkNotImplementedError True\n"
    assert not (tmp_path / "out" / "_SUCCESS").exists() and list((tmp_path / "out").glob("part-*"))
    assert " INFO job: begun" in done.stderr and " ERROR job: ended" in done.stderr and "unheard" not in done.stderr


RDDS = """
import operator
from pyspark import SparkContext
from pyspark.sql import Row, SparkSession
sc = SparkContext.getOrCreate()
spark = SparkSession.builder.getOrCreate()
r = sc.parallelize(range(10), 3)
pairs = r.map(lambda x: (x % 3, x))
assert r.glom().collect() == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]] and r.getNumPartitions() == 3
assert r.map(lambda x: x * 2).filter(lambda x: x % 3 == 0).flatMap(lambda x: [x, x]).collect() == [0, 0, 6, 6, 12, 12, 18, 18]
assert (r.reduce(operator.add), r.count(), r.sum(), r.mean(), r.max(), r.first(), r.take(4)) == (45, 10, 45, 4.5, 9, 0, [0, 1, 2, 3])
assert r.top(2) == [9, 8] and r.takeOrdered(2) == [0, 1] and r.fold(0, operator.add) == 45 and r.stats().count() == 10
assert r.aggregate((0, 0), lambda a, x: (a[0] + x, a[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])) == (45, 10)
assert sorted(pairs.reduceByKey(operator.add).collect()) == [(0, 18), (1, 12), (2, 15)]
assert sorted(pairs.aggregateByKey(0, operator.add, operator.add).collect()) == sorted(pairs.foldByKey(0, operator.add).collect())
assert sorted((k, sorted(v)) for k, v in pairs.groupByKey(2).collect()) == [(0, [0, 3, 6, 9]), (1, [1, 4, 7]), (2, [2, 5, 8])]
names = sc.parallelize([(0, "a"), (7, "z")])
assert sorted(pairs.join(names).mapValues(lambda v: v[1]).collect()) == [(0, "a")] * 4
assert dict(pairs.rightOuterJoin(names).lookup(7)) == {None: "z"} and pairs.leftOuterJoin(names).count() == 10
assert pairs.fullOuterJoin(names).count() == 11 and dict(pairs.countByKey()) == {0: 4, 1: 3, 2: 3}
assert sc.parallelize([5, 3, 9, 1]).sortBy(lambda x: -x).collect() == [9, 5, 3, 1]
assert sc.parallelize([(i * 7 % 13, i) for i in range(13)]).sortByKey(numPartitions=3).keys().collect() == list(range(13))
assert sorted(sc.parallelize([1, 1, 2]).distinct().collect()) == [1, 2] and r.countByValue()[4] == 1
assert sc.parallelize("abc", 2).zipWithIndex().collect() == [("a", 0), ("b", 1), ("c", 2)]
assert sc.parallelize(range(4), 2).zip(sc.parallelize("wxyz", 2)).collect() == [(0, "w"), (1, "x"), (2, "y"), (3, "z")]
assert sorted(r.subtract(sc.parallelize([1, 2])).collect()) == [0] + list(range(3, 10))
assert sorted(r.intersection(sc.parallelize([1, 2, 30])).collect()) == [1, 2]
assert r.union(sc.range(2)).collect() == list(range(10)) + [0, 1] and r.coalesce(2).glom().collect() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]
assert sorted(r.repartition(5).collect()) == list(range(10)) and 0 < r.sample(False, 0.5, 3).count() < 10
assert r.mapPartitionsWithIndex(lambda i, items: [(i, sum(items))]).collect() == [(0, 3), (1, 12), (2, 30)]
seen, table = sc.accumulator(0), sc.broadcast({1: "one"})
r.foreach(lambda x: seen.add(x))
r.map(lambda x: seen.add(1)).count()
assert seen.value == 55 and r.map(lambda x: table.value.get(x)).filter(bool).collect() == ["one"]
spark.range(3).foreach(lambda row: seen.add(row.id))
assert seen.value == 58
kept = r.map(lambda x: x + 1).cache()
assert (kept.count(), kept.sum()) == (10, 55)
words = sc.textFile("words.txt").flatMap(lambda line: line.split()).map(lambda w: (w, 1)).reduceByKey(operator.add)
assert sorted(words.collect()) == [("a", 2), ("b", 1)]
words.map(lambda kv: "%s %d" % kv).saveAsTextFile("counts")
assert sorted(sc.textFile("counts").collect()) == ["a 2", "b 1"]
assert [t for _, t in sc.wholeTextFiles("words.txt").collect()] == ["a b\\na\\n"]
assert r.map(lambda x: (x, str(x))).toDF(["n", "t"]).where("n > 8").collect() == [Row(n=9, t="9")]
assert spark.createDataFrame(r.map(lambda x: (x,)), "n long").count() == 10
assert spark.range(3).rdd.map(lambda row: row.id + 1).collect() == [1, 2, 3]
try:
    r.map(lambda x: 1 // x).collect()
    raise SystemExit("no error")
except Exception as e:
    assert "ZeroDivisionError" in str(e), e
print("all is well")
"""


def test_rdds(submit, tmp_path):
    (tmp_path / "words.txt").write_text("a b\na\n")
    assert submit(RDDS).stdout == "all is well\n"


def test_what_an_rdd_has_not_is_named(submit):
    done = submit("from pyspark import SparkContext\nSparkContext.getOrCreate().parallelize([1]).saveAsHadoopFile('x')\n", code=1)
    assert "NOT_IMPLEMENTED" in done.stderr and "RDD.saveAsHadoopFile" in done.stderr


def test_modules_of_py_files_are_there_in_workers(submit, tmp_path):
    (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    done = submit("import helper\nfrom pyspark.sql import SparkSession\nfrom pyspark.sql.functions import udf\n"
                  "twice = udf('long')(helper.twice)\n"
                  "spark = SparkSession.builder.getOrCreate()\nprint(spark.range(3).select(twice('id')).collect()[2][0])\n"
                  "print(spark.sparkContext.parallelize([4]).map(helper.twice).collect())\n", "--py-files", str(tmp_path / "helper.py"))
    assert done.stdout == "4\n[8]\n"


def test_exit_code_and_leftovers(submit, tmp_path):
    submit("import sys\nsys.exit(9)\n", code=9)
    assert not [p for p in os.listdir(tmp_path) if p.startswith("spark-submit-")]
    missing = submit("", "--properties-file", "none.conf", code=1)
    assert "java.io.FileNotFoundException: File file:none.conf does not exist" in missing.stderr
