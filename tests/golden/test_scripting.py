"""SQL scripts as real Spark 4.1.1 answers them (scripting/*.test, made by scripting.py), through PySpark's own client."""
import pathlib
import subprocess
import sys
import threading

import pytest
from pyspark.errors import PySparkException

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))

from connect_fixtures import connect, start_connect  # noqa: E402, F401
from conftest import WEIR  # noqa: E402
from scripting import answer, read  # noqa: E402


@pytest.mark.parametrize("path", sorted((HERE / "scripting").glob("*.test")), ids=lambda path: path.stem)
def test_scripts(path, connect):  # noqa: F811
    session = connect.session()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    wrong = []
    for script, expected in read(path):
        if script.startswith("# conf "):
            session.conf.set(*script[7:].split("=", 1))
            continue
        answered = answer(session, script)
        if answered != expected:
            wrong.append(f"{script}\n  Spark {expected}\n  weir  {answered}")
    session.stop()
    assert not wrong, "\n".join(wrong)


def test_parameters(connect):  # noqa: F811
    session = connect.session()
    assert session.sql("BEGIN DECLARE x INT = :a; SELECT x + :b AS s; END", {"a": 1, "b": 2}).collect()[0].s == 3
    with pytest.raises(PySparkException) as e:
        session.sql("BEGIN SELECT ?; END", [1])
    assert e.value.getCondition() == "UNSUPPORTED_FEATURE.SQL_SCRIPTING_WITH_POSITIONAL_PARAMETERS"
    session.conf.set("spark.sql.scripting.enabled", "false")
    with pytest.raises(PySparkException) as e:
        session.sql("BEGIN SELECT 1; END")
    assert e.value.getCondition() == "UNSUPPORTED_FEATURE.SQL_SCRIPTING"
    session.stop()


def test_a_script_that_loops_for_ever_is_cancelled(connect):  # noqa: F811
    session = connect.session()
    ticker = threading.Timer(1.0, session.interruptAll)
    ticker.start()
    with pytest.raises(PySparkException, match="OPERATION_CANCELED"):
        session.sql("BEGIN DECLARE i INT = 0; DECLARE EXIT HANDLER FOR SQLEXCEPTION SELECT 'handled'; LOOP SET i = (i + 1) % 7; END LOOP; END")
    assert session.sql("BEGIN SELECT 1 AS x; END").collect()[0].x == 1
    session.stop()


def processes(word):
    return subprocess.run(["pgrep", "-f", word], capture_output=True, text=True).stdout.split()


def test_a_script_of_transform_fails_hangs_or_stops_reading_alone(connect):  # noqa: F811
    session = connect.session()

    def count(script, rows=3):
        return session.sql(f"SELECT TRANSFORM(id) USING '{script}' AS (x STRING) FROM range({rows})").count()

    with pytest.raises(PySparkException, match="exited with status 3. Error: so sad"):
        count("echo so sad >&2; cat; exit 3")
    with pytest.raises(PySparkException, match="exited with status 137"):
        count("kill -9 $$")
    with pytest.raises(PySparkException, match="exited with status 127"):
        count("no-such-command-here")
    with pytest.raises(PySparkException, match="DIVIDE_BY_ZERO"):
        session.sql("SELECT TRANSFORM(1 / id) USING 'cat' AS (x STRING) FROM range(3)").collect()
    assert count("head -2", 1000000) == 2
    assert count("python3 -c \"import sys; [(sys.stdout.write(l * 20), sys.stderr.write(l * 20)) for l in sys.stdin]\"", 50000) == 1000000
    assert count("echo never", 0) == 0
    assert len(session.sql("SELECT TRANSFORM(id) USING 'sleep 4711 & cat; yes' AS (x STRING) FROM range(9)").limit(3).collect()) == 3
    assert count("sleep 4711 & cat") == 3  # what it leaves ends with it
    threading.Timer(1.0, session.interruptAll).start()
    with pytest.raises(PySparkException, match="OPERATION_CANCELED"):
        count("sleep 4711; cat")
    assert not processes("sleep 4711")
    session.stop()


def test_nesting_has_a_bound(connect):  # noqa: F811
    session = connect.session()
    deep = "BEGIN " * 300 + "SELECT 7 AS x; " + "END; " * 300
    assert session.sql(deep).collect()[0].x == 7
    with pytest.raises(PySparkException, match="FAILED_TO_PARSE_TOO_COMPLEX"):
        session.sql("BEGIN " * 2000 + "SELECT 7; " + "END; " * 2000)
    session.stop()


def test_answers_of_every_type_and_many_batches(connect):  # noqa: F811
    session = connect.session()
    rows = session.sql("BEGIN SELECT id, array(id) AS a, map('k', id) AS m, named_struct('f', 1.5BD) AS s, DATE'2020-01-02' AS d, "
                       "TIMESTAMP'2020-01-02 03:04:05' AS t, X'00FF' AS b, INTERVAL '1' DAY AS i FROM range(300000); END").collect()
    assert len(rows) == 300000 and rows[299999].a == [299999] and rows[1].m == {"k": 1} and str(rows[0].s.f) == "1.5"
    session.stop()


def test_spark_sql_runs_a_file(tmp_path):
    script = tmp_path / "a.sql"
    script.write_text("BEGIN DECLARE i INT = 0; WHILE i < 2 DO SET i = i + 1; END WHILE; SELECT CASE i WHEN 2 THEN 'two' END, i; END;\n"
                      "SELECT 'next';\n")
    done = subprocess.run([WEIR, "spark-sql", "--home", str(tmp_path / "home"), "-f", str(script)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "two\t2\nnext\n", done.stderr
