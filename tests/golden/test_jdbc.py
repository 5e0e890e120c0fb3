"""The JDBC source on a PostgreSQL server of its own: jdbc/jdbc_cases.py on a `weir connect`, against the answers of real Spark 4.1.1."""
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE / "datasource", HERE / "jdbc", HERE.parent / "e2e"):
    sys.path.insert(0, str(folder))

from answer import answer  # noqa: E402
from connect_fixtures import connect, start_connect  # noqa: E402, F401
from jdbc_cases import CASES, SETUP, Database  # noqa: E402
from postgres import PASSWORD, USER, Server, binaries  # noqa: E402

ANSWERS = json.loads((HERE / "jdbc" / "answers.json").read_text())
pytestmark = pytest.mark.skipif(not binaries(), reason="needs a PostgreSQL server's programs (Debian's postgresql)")


@pytest.fixture(scope="module")
def database():
    import tempfile
    with tempfile.TemporaryDirectory() as folder: # pytest's own are closed to the server's user
        pathlib.Path(folder).chmod(0o755)
        server = Server(folder + "/pg")
        server.psql(SETUP)
        yield Database(server, USER, PASSWORD)
        server.stop()


@pytest.fixture(scope="module")
def session(connect):  # noqa: F811
    session = connect.session()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


@pytest.mark.parametrize("name", CASES)
def test_answers_as_spark(name, session, database):
    assert answer(lambda s, _: CASES[name](s, database), session, database.server.url) == ANSWERS[name]


def test_conditions_go_to_the_server(session, database):
    data = database.read(session, dbtable="people").where("id > 97 and name = 'n99' and length(name) = 3").select("pay")
    assert [str(r.pay) for r in data.collect()] == ["148.50"]
    sent = [line for line in database.server.text().splitlines() if "COPY (" in line][-1]
    assert "SELECT \"name\", \"pay\"::numeric FROM people WHERE" in sent or "\"id\"::int4" in sent, sent
    assert "> '97'::int8" in sent and "= 'n99'" in sent and "length" not in sent


def test_a_write_that_fails_leaves_the_table(session, database):
    table = database.fresh("w_fails", "(id bigint, x double precision)")
    database.server.psql(f"insert into {table} values (1, 2)")
    for mode, options in (("append", {}), ("overwrite", {}), ("overwrite", {"truncate": "true"})):
        with pytest.raises(Exception) as caught:
            database.write(session.sql("select id, 1 / (id - 49999) as x from range(50000)"), table, mode, **options)
        assert caught.value.getCondition() == "DIVIDE_BY_ZERO"
        assert database.ask(f"select * from {table}") == "1|2"
    with pytest.raises(Exception) as caught:
        database.write(session.sql("select 'x' as id"), table, "append")
    assert caught.value.getCondition() == "FAILED_JDBC.UNCLASSIFIED" and "is of type bigint but expression is of type text" in str(caught.value)
    assert database.ask(f"select * from {table}") == "1|2"
    assert database.ask("select count(*) from pg_stat_activity where state like 'idle in%'") == "0"


def test_a_table_is_overwritten_from_itself(session, database):
    table = database.fresh("w_itself")
    database.write(session.range(10), table)
    for options in ({}, {"truncate": "true"}):
        database.write(database.read(session, dbtable=table).selectExpr("id * 2 as id"), table, "overwrite", **options)
    assert database.ask(f"select sum(id), count(*) from {table}") == "180|10"


def test_who_may_not_connect(session, database):
    with pytest.raises(Exception) as caught:
        database.read(session, dbtable="people", password="wrong").collect()
    assert caught.value.getCondition() == "FAILED_JDBC.UNCLASSIFIED" and "password authentication failed" in str(caught.value)
    assert database.password not in str(caught.value)
    with pytest.raises(Exception) as caught:
        session.read.jdbc("jdbc:postgresql://127.0.0.1:1/x", "t").collect()
    assert "onnection refused" in str(caught.value)


def test_an_interrupt_cancels_what_the_server_does(session, database):
    import threading
    import time
    data = database.read(session, dbtable="(select pg_sleep(60)::text as x) t", fetchsize="1")
    failed = []

    def run():
        try:
            data.collect()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + 20
    while database.ask("select count(*) from pg_stat_activity where query like 'COPY%pg_sleep%' and state = 'active'") == "0":
        assert time.monotonic() < until
        time.sleep(0.05)
    session.interruptAll()
    thread.join(20)
    assert failed and failed[0].getCondition() == "OPERATION_CANCELED"
    assert database.ask("select count(*) from pg_stat_activity where query like 'COPY%pg_sleep%' and state = 'active'") == "0"


def test_a_query_that_takes_too_long(session, database):
    with pytest.raises(Exception) as caught:
        database.read(session, query="select pg_sleep(30)::text as x", queryTimeout="1").collect()
    assert "statement timeout" in str(caught.value)


def test_what_is_refused(session, database):
    for options, word in (({"socketFactory": "x"}, "socketFactory"), ({"driver": "com.mysql.jdbc.Driver"}, "com.mysql.jdbc.Driver"),
                          ({"sessionInitStatement": "selec"}, "syntax error")):
        with pytest.raises(Exception) as caught:
            database.read(session, dbtable="people", **options).collect()
        assert word in str(caught.value)
    for kind in ("mysql", "oracle", "sqlserver", "h2"):
        with pytest.raises(Exception) as caught:
            session.read.jdbc(f"jdbc:{kind}://127.0.0.1/x", "t").collect()
        assert kind in str(caught.value) and caught.value.getCondition().startswith("UNSUPPORTED_FEATURE")
