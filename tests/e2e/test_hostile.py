"""Clients that mean harm or break: plans nested without end, 50 MB of SQL, bytes that are no text, absurd numbers, views in a circle, clients
that vanish. Each gets an error of Spark's with its class; then the server answers the next query, and its threads, files, sessions,
processes and memory are what they were."""
import concurrent.futures
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
import zlib

import grpc
import pytest
from conftest import TOP
from connect_fixtures import Connect, keep, text_of  # noqa: F401
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from pyspark.sql.connect.proto import base_pb2 as base, base_pb2_grpc, commands_pb2 as commands, expressions_pb2 as expressions
from pyspark.sql.connect.proto import relations_pb2 as relations, types_pb2 as types

MB = 1024 * 1024
TOO_DEEP = {"CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX", "FAILED_TO_PARSE_TOO_COMPLEX"}
NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SETTLE_S = 60


class Hostile:
    """A server and one session of it, spoken to in bytes. Messages that the client's own library would not write are put together here."""

    def __init__(self, server):
        self.server, self.session = server, str(uuid.uuid4())
        self.channel = grpc.insecure_channel(server.remote.removeprefix("sc://"), options=NO_LIMIT)
        self.service = base_pb2_grpc.SparkConnectServiceStub(self.channel)
        self.user = base.UserContext(user_id="hostile")

    def send(self, plan, session=None, timeout=120):
        """Runs the bytes of a Plan: how many rows came, or the error's class ("" without one)."""
        request = base.ExecutePlanRequest(session_id=session or self.session, user_context=self.user, operation_id=str(uuid.uuid4()))
        call = self.channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan",
                                         response_deserializer=base.ExecutePlanResponse.FromString)
        try:
            answers = call(request.SerializeToString() + field(base.ExecutePlanRequest, "plan", plan), timeout=timeout)
            return sum(answer.arrow_batch.row_count for answer in answers)
        except grpc.RpcError as error:
            return class_of(error)

    def sql(self, text, **more):
        query = text if isinstance(text, bytes) else text.encode()
        return self.send(root(inside(relations.Relation, "sql.query", query)), **more)

    def select(self, expression, **more):
        return self.send(root(inside(relations.Relation, "project.expressions", expression)), **more)

    def done(self):
        self.service.ReleaseSession(base.ReleaseSessionRequest(session_id=self.session, user_context=self.user))
        self.channel.close()


def class_of(error):
    """The class of Spark's that the error carries."""
    assert error.code() != grpc.StatusCode.DEADLINE_EXCEEDED, "stuck"
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.metadata.get("errorClass", "")
    return f"{error.code().name}: {error.details()}"


# ---- bytes of messages
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(message, name, payload):
    return varint(message.DESCRIPTOR.fields_by_name[name].number << 3 | 2) + varint(len(payload)) + payload


def inside(message, path, core, beside=b""):
    """core under the path of message fields "filter.input"; beside: more fields of the innermost message."""
    numbers, at = [], message.DESCRIPTOR
    for name in path.split("."):
        numbers.append(at.fields_by_name[name].number)
        at = at.fields_by_name[name].message_type
    core = varint(numbers[-1] << 3 | 2) + varint(len(core)) + core + beside
    for number in reversed(numbers[:-1]):
        core = varint(number << 3 | 2) + varint(len(core)) + core
    return core


def nested(message, path, levels, core, beside=b""):
    for _ in range(levels):
        core = inside(message, path, core, beside)
    return core


def root(relation):
    return field(base.Plan, "root", relation)


def literal(**value):
    return expressions.Expression(literal=expressions.Expression.Literal(**value))


def cast(to):
    return expressions.Expression(cast=expressions.Expression.Cast(expr=literal(string="1"), type=to)).SerializeToString()


def cast_text(to):
    return expressions.Expression(cast=expressions.Expression.Cast(expr=literal(integer=1), type_str=to)).SerializeToString()


RANGE = relations.Relation(range=relations.Range(start=0, end=3, step=1))
ONE = literal(integer=1).SerializeToString()


# ---- servers, and what is left behind
def footprint(server):
    """What must come back: threads and open files of the server, its children, files in its folder for temporary things."""
    proc = pathlib.Path(f"/proc/{server.process.pid}")
    tmp = [file for _, _, files in os.walk(server.home / "tmp") for file in files]
    children = (proc / f"task/{server.process.pid}/children").read_text().split()
    workers = [pid for pid in children if text_of(pathlib.Path(f"/proc/{pid}/task/{pid}/children")).split()]
    return {"calls": server.calls(), "files": len(os.listdir(proc / "fd")), "temporary": len(tmp), "workers": len(workers)}


def settled(server, before):
    """Waits until nothing is left of what ran. gRPC keeps a few sockets and epoll descriptors of its own for its threads."""
    until, slack = time.monotonic() + SETTLE_S, 8
    while True:
        now = footprint(server)
        left = {name: (before[name], now[name]) for name in now if now[name] > before[name] + (slack if name == "files" else 0)}
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    kind = pathlib.Path(os.environ.get("WEIR_BUILD", TOP / "build/release")).name  # tools/test --build asan
    folder = tmp_path_factory.mktemp("hostile")
    conf = folder / "conf"
    conf.write_text("spark.connect.execute.manager.detachedTimeout=1s\n")
    running = Connect(folder / "home", "--memory", "1g", "--cores", "2", "--conf-file", str(conf), binary=TOP / "build" / kind / "weir")
    running.kind = kind
    warm = Hostile(running)
    for _ in range(3):
        assert warm.sql("SELECT 1") == 1
    warm.done()
    yield running
    assert running.stop(SETTLE_S if kind == "release" else 3 * SETTLE_S) == 0, (folder / "home.log").read_text()[-4000:]  # LeakSanitizer speaks at the end
    assert not list((folder / "home/tmp").glob("driver-*")), "temporary files stayed"


@pytest.fixture
def hostile(server):
    before = footprint(server)
    client = Hostile(server)
    yield client
    assert server.process.poll() is None, (server.home.parent / "home.log").read_text()[-4000:]
    assert client.sql("SELECT 1") == 1
    client.done()
    assert not settled(server, before)


# ---- depth
def test_plans_nested_without_end(hostile):
    yes = literal(boolean=True).SerializeToString()
    relation, expression = relations.Relation, expressions.Expression
    relations_in_each_other = [
        ("filter.input", field(relations.Filter, "condition", yes)), ("limit.input", b"\x10\x05"),
        ("set_op.left_input", field(relations.SetOperation, "right_input", RANGE.SerializeToString()) + b"\x18\x02\x20\x01"),
        ("subquery_alias.input", field(relations.SubqueryAlias, "alias", b"a")), ("deduplicate.input", b"\x18\x01")]
    for path, beside in relations_in_each_other:
        assert hostile.send(root(nested(relation, path, 100, RANGE.SerializeToString(), beside))) >= 0, path
        for levels in (1100, 4000):
            assert hostile.send(root(nested(relation, path, levels, RANGE.SerializeToString(), beside))) in TOO_DEEP, (path, levels)
    expressions_in_each_other = [
        ("unresolved_function.arguments", field(expression.UnresolvedFunction, "function_name", b"negative")),
        ("alias.expr", field(expression.Alias, "name", b"a")), ("sort_order.child", b"\x10\x01"),
        ("lambda_function.function", b""), ("unresolved_extract_value.child", field(expression.UnresolvedExtractValue, "extraction", ONE))]
    for path, beside in expressions_in_each_other:
        for levels in (1100, 4000):
            assert hostile.select(nested(expression, path, levels, ONE, beside)) in TOO_DEEP, (path, levels)
    assert hostile.select(field(expression, "literal", nested(expression.Literal, "array.elements", 1100, literal(integer=1).literal.SerializeToString()))) in TOO_DEEP


def test_types_nested_without_end(hostile):
    a_long = types.DataType(long=types.DataType.Long()).SerializeToString()
    for path, beside in (("array.element_type", b""), ("map.value_type", field(types.DataType.Map, "key_type", a_long)),
                         ("struct.fields.data_type", field(types.DataType.StructField, "name", b"a"))):
        deep = nested(types.DataType, path, 1100, a_long, beside)
        assert hostile.select(inside(expressions.Expression, "cast.expr", ONE, field(expressions.Expression.Cast, "type", deep))) in TOO_DEEP
    for levels in (1100, 50000):
        ddl = "array<" * levels + "int" + ">" * levels
        json = '{"type":"array","containsNull":true,"elementType":' * levels + '"long"' + "}" * levels
        schema = '{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":' + json + "}]}"
        for text in (ddl, json, "struct<a:" * levels, "map<int," * levels):
            assert hostile.select(cast_text(text)) in TOO_DEEP | {"INVALID_JSON_DATA_TYPE", "PARSE_SYNTAX_ERROR"}, text[:20]
        for text in ("a " + ddl, schema):
            local = relations.Relation(local_relation=relations.LocalRelation(schema=text))
            assert hostile.send(root(local.SerializeToString())) in TOO_DEEP | {"INVALID_JSON_DATA_TYPE"}
        assert hostile.sql(f"SELECT from_json('[]', '{ddl}')") in TOO_DEEP
        assert hostile.sql(f"SELECT CAST(1 AS {ddl})") in TOO_DEEP


def test_views_and_names_that_grow_without_end(hostile):
    answers = [hostile.sql(f"CREATE TEMP VIEW d{i} AS SELECT a.x FROM " + (f"d{i - 1} a, d{i - 1} b" if i else "(SELECT 1 AS x) a"))
               for i in range(20)]  # each has twice as many relations as the one before
    made = answers.index("FAILED_TO_PARSE_TOO_COMPLEX")
    assert made > 10 and answers[:made] == [0] * made and set(answers[made + 1:]) == {"TABLE_OR_VIEW_NOT_FOUND"}
    answers = [hostile.sql(f"CREATE TEMP VIEW c{i} AS SELECT * FROM " + (f"c{i - 1}" if i else "range(1)")) for i in range(110)]
    made = answers.index("VIEW_EXCEED_MAX_NESTED_DEPTH")
    assert made >= 100 and answers[:made] == [0] * made
    doubled = "".join(f", a{i} + a{i} AS a{i + 1}" for i in range(40))
    assert hostile.sql(f"SELECT 0 AS a0{doubled}") == "FAILED_TO_PARSE_TOO_COMPLEX"
    reference = relations.Relation(common=relations.RelationCommon(plan_id=7), project=relations.Project(
        input=RANGE, expressions=[expressions.Expression(subquery_expression=expressions.SubqueryExpression(
            plan_id=7, subquery_type=expressions.SubqueryExpression.SUBQUERY_TYPE_SCALAR))] * 2))
    own = relations.Relation(with_relations=relations.WithRelations(root=reference, references=[reference]))
    assert hostile.send(root(own.SerializeToString())) in TOO_DEEP | {"CONNECT_INVALID_PLAN"}  # a subquery in itself, twice


def test_views_in_a_circle(hostile):
    for statement in ("CREATE TEMP VIEW a AS SELECT 1 AS x", "CREATE TEMP VIEW b AS SELECT * FROM a", "CREATE VIEW p AS SELECT 1 AS x",
                      "CREATE VIEW q AS SELECT * FROM p"):
        assert hostile.sql(statement) == 0
    for statement in ("CREATE OR REPLACE TEMP VIEW a AS SELECT * FROM b", "ALTER VIEW a AS SELECT * FROM a", "CREATE OR REPLACE VIEW p AS SELECT * FROM q",
                      "ALTER VIEW p AS SELECT * FROM q", "ALTER VIEW p AS SELECT (SELECT max(x) FROM p) AS x"):
        assert hostile.sql(statement) == "RECURSIVE_VIEW", statement
    assert hostile.sql("CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1") == 0
    assert hostile.sql("CREATE TEMPORARY FUNCTION g(x INT) RETURNS INT RETURN f(x)") == 0
    assert isinstance(hostile.sql("CREATE OR REPLACE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN g(x)"), str)
    assert hostile.sql("SELECT * FROM a, b, p, q") == 1 and hostile.sql("SELECT g(1)") == 1
    assert hostile.sql("DROP VIEW q") == 0 and hostile.sql("DROP VIEW p") == 0


# ---- size
def test_50_mb(hostile):
    size = (50 if hostile.server.kind == "release" else 5) * MB  # the sanitizers take ten times as long
    assert hostile.sql("SELECT length('" + "x" * size + "')") == 1
    assert hostile.select(literal(string="x" * size).SerializeToString()) == 1
    assert hostile.sql("SELECT 1" + " + 1" * (size // 4)) in TOO_DEEP
    assert hostile.sql("SELECT '" + "x" * size) == "PARSE_SYNTAX_ERROR"
    assert hostile.sql("SELECT " + "`" + "x" * size + "`") == "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"
    for _ in range(10):  # what a session keeps of its errors is bounded
        assert hostile.sql("SELECT nothing /*" + "x" * (size // 5) + "*/") == "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"
    if hostile.server.kind == "release":
        assert hostile.server.resident_mb() < 2000
    assert "RESOURCE_EXHAUSTED" in hostile.sql("SELECT '" + "x" * 130 * MB + "'")  # gRPC's own limit, as Spark's


# ---- bytes that are no text
def test_bytes_that_are_no_text(hostile):
    expression = expressions.Expression
    assert hostile.sql(b"SELECT 1\0, 2") == "CONNECT_INVALID_PLAN"
    assert hostile.sql(b"SELECT 'a\xff\xfe'") == "CONNECT_INVALID_PLAN"
    assert hostile.sql(b"SELECT '\xed\xa0\x80', '\xc0\x80'") == "CONNECT_INVALID_PLAN"  # a surrogate, a long form
    for path, name in (("alias.name", b"a\0b"), ("alias.name", b"\xff"), ("unresolved_function.function_name", b"up\0per"),
                       ("unresolved_attribute.unparsed_identifier", b"\xff"), ("cast.type_str", b"int\0"), ("expression_string.expression", b"1\0")):
        assert hostile.select(inside(expression, path, name)) == "CONNECT_INVALID_PLAN", (path, name)
    for path, name in (("read.named_table.unparsed_identifier", b"a\0b"), ("read.data_source.paths", b"/etc/hostname\0.txt"),
                       ("local_relation.schema", b"a int\0, b int"), ("local_relation.schema", b"a int, `\xff` int")):
        assert hostile.send(root(inside(relations.Relation, path, name))) == "CONNECT_INVALID_PLAN", (path, name)
    length = expression(unresolved_function=expression.UnresolvedFunction(function_name="length", arguments=[literal(string="a\0b")]))
    plan = base.Plan(root=relations.Relation(project=relations.Project(expressions=[length])))
    request = base.ExecutePlanRequest(session_id=hostile.session, user_context=hostile.user, plan=plan)
    import pyarrow
    batches = [answer.arrow_batch.data for answer in hostile.service.ExecutePlan(request) if answer.HasField("arrow_batch")]
    assert pyarrow.ipc.open_stream(batches[0]).read_all().column(0).to_pylist() == [3]  # in a literal it is a character like others
    for text in ("SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT X'", "SELECT 'a\\", "SELECT r'a"):
        assert hostile.sql(text) == "PARSE_SYNTAX_ERROR", text
    assert hostile.sql("SELECT /* a") == "UNCLOSED_BRACKETED_COMMENT"
    assert hostile.sql("") == "PARSE_EMPTY_STATEMENT"


# ---- absurd numbers
def test_absurd_types(hostile):
    data, expected = types.DataType, {}
    for precision, scale, error in ((1000, 2, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION"), (2**31 - 1, 2**31 - 1, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION"),
                                    (5, 9, "_LEGACY_ERROR_TEMP_1228"), (-1, 0, "_LEGACY_ERROR_TEMP_1228"), (5, -1, "NEGATIVE_SCALE_DISALLOWED"),
                                    (0, 0, "UNSUPPORTED_DATATYPE")):
        assert hostile.select(cast(data(decimal=data.Decimal(precision=precision, scale=scale)))) == error
        assert hostile.select(cast_text(f'"decimal({precision},{scale})"')) == error
    for n in (-1, -2**31):
        assert hostile.select(cast(data(var_char=data.VarChar(length=n)))) == hostile.select(cast(data(char=data.Char(length=n)))) == ""
    for n in (-1, 7, 2**31 - 1):
        assert hostile.select(cast(data(time=data.Time(precision=n)))) == "UNSUPPORTED_TIME_PRECISION"
        assert hostile.select(cast(data(year_month_interval=data.YearMonthInterval(start_field=0, end_field=n)))) == "UNSUPPORTED_DATATYPE"
        assert hostile.select(cast(data(day_time_interval=data.DayTimeInterval(start_field=3, end_field=n)))) == "UNSUPPORTED_DATATYPE"
    expected = {"DECIMAL(39, 2)": "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "DECIMAL(99999999999999999999)": "UNSUPPORTED_DATATYPE", "TIME(99)": "UNSUPPORTED_TIME_PRECISION",
                "VARCHAR(-1)": "PARSE_SYNTAX_ERROR", "CHAR(99999999999)": "UNSUPPORTED_DATATYPE", "INTERVAL SECOND TO DAY": "PARSE_SYNTAX_ERROR"}
    for name, error in expected.items():
        assert hostile.sql(f"SELECT CAST('1' AS {name})") == error, name
        assert hostile.sql(f"CREATE TABLE absurd (a {name})") == error, name


def test_absurd_values(hostile):
    limit = "INVALID_LIMIT_LIKE_EXPRESSION"
    cases = {
        "SELECT * FROM range(3) LIMIT -1": limit, "SELECT * FROM range(3) LIMIT 1099511627776": limit, "SELECT * FROM range(3) OFFSET 9223372036854775807": limit,
        "SELECT * FROM range(0, 3, 0)": "INVALID_PARAMETER_VALUE", "SELECT length(space(2147483647))": "UNABLE_TO_ACQUIRE_MEMORY",
        "SELECT length(repeat(repeat('x', 100000), 100000))": "UNABLE_TO_ACQUIRE_MEMORY", "SELECT lpad('x', 2147483647, 'ab')": "UNABLE_TO_ACQUIRE_MEMORY",
        "SELECT size(sequence(1L, 1099511627776L))": "COLLECTION_SIZE_LIMIT_EXCEEDED", "SELECT sequence(1, 2, 0)": "_LEGACY_ERROR_TEMP_3243",
        "SELECT sequence(TIMESTAMP'0001-01-01', TIMESTAMP'9999-12-31', INTERVAL '0.000001' SECOND)": "COLLECTION_SIZE_LIMIT_EXCEEDED",
        "SELECT size(array_repeat(1, 2000000000))": "UNABLE_TO_ACQUIRE_MEMORY", "SELECT 'a' rlike '" + "(" * 5000 + "'": "INVALID_PARAMETER_VALUE.PATTERN",
        "SELECT concat(repeat('a', 40), '!') rlike '^(([a-z])+.)+[A-Z]([a-z])+$'": "INVALID_PARAMETER_VALUE.PATTERN",
        "SELECT stack(2147483647, 1, 2)": "FAILED_TO_PARSE_TOO_COMPLEX", "SELECT 9223372036854775807 + 1L": "ARITHMETIC_OVERFLOW",
        "SELECT TIMESTAMP'294247-01-10 04:00:54.775807' + INTERVAL '1' SECOND": "DATETIME_OVERFLOW", "SELECT make_date(2147483647, 1, 1)": "DATETIME_FIELD_OUT_OF_BOUNDS",
    }
    for query, error in cases.items():
        answer = hostile.sql(query)
        assert isinstance(answer, str) and answer.startswith(error), (query[:80], answer)
    for query in ("SELECT round(1.5, -2147483648), round(1.5D, 2147483647), bround(15, -2147483648)", "SELECT sequence(1, 1, 0)",
                  "SELECT substring('abc', -2147483648, 2147483647), slice(array(1), -2147483648, 2147483647)", "SELECT 1 << 2147483647",
                  "SELECT lag(id, 2147483647) OVER (ORDER BY id) FROM range(1)"):
        assert hostile.sql(query) == 1, query
    most, least = 2**31 - 1, -2**31
    for n in (least, -1):
        for plan in (relations.Relation(limit=relations.Limit(input=RANGE, limit=n)), relations.Relation(offset=relations.Offset(input=RANGE, offset=n)),
                     relations.Relation(tail=relations.Tail(input=RANGE, limit=n))):
            assert hostile.send(root(plan.SerializeToString())).startswith(limit)
    for plan in (relations.Range(start=0, end=5, step=0), relations.Range(start=-2**63, end=2**63 - 1, step=2**62)):
        assert isinstance(hostile.send(root(relations.Relation(range=plan).SerializeToString())), str)
    for value in (literal(date=most), literal(timestamp=2**63 - 1), literal(decimal=expressions.Expression.Literal.Decimal(value="1e999999999"))):
        assert hostile.select(value.SerializeToString()) in {"DATETIME_OVERFLOW", "CONNECT_INVALID_PLAN"}


# ---- memory
def test_a_query_that_wants_too_much_memory_fails_alone(hostile):
    hungry = ["SELECT size(collect_list(repeat('x', 1000000))) FROM range(20000)", "SELECT size(array_repeat(id, 2000000000)) FROM range(2)"]
    other = Hostile(hostile.server)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: [hostile.sql(query) for query in hungry])
        answered = 0
        while not running.done():
            assert other.sql("SELECT count(*) FROM range(1000)") == 1
            answered += 1
        assert running.result() == ["UNABLE_TO_ACQUIRE_MEMORY"] * len(hungry) and answered
    other.done()


# ---- clients that vanish
CLIENT = """
import sys
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
what, where = sys.argv[2], sys.argv[3]
print("running", flush=True)
if what == "collect":
    for row in spark.range(50_000_000).toLocalIterator():
        pass
if what == "udf":
    @udf("bigint")
    def slow(x):
        import time
        time.sleep(0.01)
        return x
    spark.range(1_000_000).select(slow("id")).collect()
if what == "write":
    spark.sql("SELECT a.id, md5(cast(a.id * b.id AS STRING)) AS x FROM range(100000) a, range(100000) b").write.parquet(where)
"""


@pytest.mark.parametrize("what", ["collect", "udf", "write"])
def test_clients_that_vanish(hostile, tmp_path, what):
    where = tmp_path / "out"
    client = subprocess.Popen([sys.executable, "-c", CLIENT, hostile.server.remote, what, f"file://{where}"], stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "running\n"
    until = time.monotonic() + SETTLE_S
    while not footprint(hostile.server)["calls"] and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)  # into the middle of it
    assert footprint(hostile.server)["calls"]
    client.kill()
    client.wait()
    client.stdout.close()
    until = time.monotonic() + SETTLE_S
    while footprint(hostile.server)["calls"] and time.monotonic() < until:
        time.sleep(0.1)
    assert footprint(hostile.server)["calls"] == 0
    assert not where.exists() or not [path for path in where.rglob("*") if path.is_file()]  # nothing half-written is seen


def test_half_open_connections(hostile):
    host, port = hostile.server.remote.removeprefix("sc://").split(":")
    sockets = []
    for i in range(300):
        sockets.append(socket.create_connection((host, int(port))))
        if i % 3 == 1:
            sockets[-1].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00")  # a frame that never ends
        elif i % 3 == 2:
            sockets[-1].sendall(os.urandom(200))
    assert hostile.sql("SELECT 1") == 1
    for one in sockets:
        one.close()


# ---- garbage, and states that are not
def test_garbage(hostile):
    for method in ("Config", "AnalyzePlan", "Interrupt", "ReleaseSession", "FetchErrorDetails", "ReleaseExecute", "ArtifactStatus", "CloneSession"):
        for garbage in (b"\xff\xff\xff\xff garbage", b"\x0a\xff\xff\xff\xff\x0f", os.urandom(100) + b"\x07", b"\x08" * 1000):
            with pytest.raises(grpc.RpcError) as e:
                hostile.channel.unary_unary(f"/spark.connect.SparkConnectService/{method}")(garbage, timeout=60)
            assert e.value.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL}
    for plan in (b"", b"\x0a\x00", b"\x12\x00", root(b""), os.urandom(50)):
        assert isinstance(hostile.send(plan), str)
    damaged = base.Plan.CompressedOperation(data=b"\x28\xb5\x2f\xfd" + os.urandom(50), op_type=1, compression_codec=1)
    assert hostile.send(base.Plan(compressed_operation=damaged).SerializeToString()) == "CONNECT_INVALID_PLAN.CANNOT_PARSE"
    arrow = b"\xff\xff\xff\xff\x10\x00\x00\x00" + os.urandom(64)
    for data in (arrow, os.urandom(1000), b"\xff" * 100):
        local = relations.Relation(local_relation=relations.LocalRelation(data=data))
        assert isinstance(hostile.send(root(local.SerializeToString())), str)


def test_sessions_and_executions_that_are_not(hostile):
    for session in ("x", "../../etc", "0" * 100_000, "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeegg"):
        assert hostile.send(root(RANGE.SerializeToString()), session=session) == "INVALID_HANDLE.FORMAT"
    missing = base.ReattachExecuteRequest(session_id=hostile.session, user_context=hostile.user, operation_id=str(uuid.uuid4()))
    with pytest.raises(grpc.RpcError) as e:
        list(hostile.service.ReattachExecute(missing))
    assert class_of(e.value) == "INVALID_HANDLE.OPERATION_NOT_FOUND"
    request = base.ExecutePlanRequest(session_id=hostile.session, user_context=hostile.user, operation_id=str(uuid.uuid4()),
                                      plan=base.Plan(root=RANGE))
    request.request_options.add().reattach_options.reattachable = True
    list(hostile.service.ExecutePlan(request))
    with pytest.raises(grpc.RpcError) as e:
        list(hostile.service.ExecutePlan(request))
    assert class_of(e.value) == "INVALID_HANDLE.OPERATION_ALREADY_EXISTS"
    time.sleep(7)  # nobody reads it any more: it is gone after a second, and a sweep
    missing.operation_id = request.operation_id
    with pytest.raises(grpc.RpcError) as e:
        list(hostile.service.ReattachExecute(missing))
    assert class_of(e.value) == "INVALID_HANDLE.OPERATION_NOT_FOUND"


def test_artifacts_that_break(hostile):
    add, chunk = base.AddArtifactsRequest, base.AddArtifactsRequest.ArtifactChunk
    head = {"session_id": hostile.session, "user_context": hostile.user}

    def upload(*parts):
        try:
            return [summary.is_crc_successful for summary in hostile.service.AddArtifacts(iter(parts), timeout=60).artifacts]
        except grpc.RpcError as error:
            return class_of(error)

    def one(name, data=b"x", crc=None):
        piece = chunk(data=data, crc=zlib.crc32(data) if crc is None else crc)
        return add(**head, batch=add.Batch(artifacts=[add.SingleChunkArtifact(name=name, data=piece)]))

    for name in ("../evil", "pyfiles/../../evil", "/etc/evil", "", ".", "a//b", "pyfiles/..", "x" * 5000):
        assert upload(one(name)) == "INVALID_ARTIFACT_PATH", name
    assert upload(one("pyfiles/wrong.py", crc=1)) == [False]
    assert upload(one("pyfiles/right.py")) == [True]
    begin = add(**head, begin_chunk=add.BeginChunkedArtifact(name="pyfiles/half.py", total_bytes=3 * MB, num_chunks=3, initial_chunk=chunk(data=b"x" * MB, crc=zlib.crc32(b"x" * MB))))
    upload(begin)  # ends in the middle
    upload(add(**head, chunk=chunk(data=b"x", crc=0)))  # begins there
    def broken():
        yield begin
        raise RuntimeError("the client breaks")
    with pytest.raises((RuntimeError, grpc.RpcError)):
        hostile.service.AddArtifacts(broken(), timeout=60)
    status = hostile.service.ArtifactStatus(base.ArtifactStatusesRequest(**head, names=["pyfiles/half.py", "pyfiles/wrong.py", "pyfiles/right.py", "../../keys"]))
    assert {name: entry.exists for name, entry in status.statuses.items()} == {
        "pyfiles/half.py": False, "pyfiles/wrong.py": False, "pyfiles/right.py": True, "../../keys": False}
    assert not list(hostile.server.home.rglob("*evil*"))


# ---- round after round
def test_rounds_of_it_leave_nothing(server):
    def turn():
        client = Hostile(server)
        assert client.sql("SELECT '" + "x" * MB) == "PARSE_SYNTAX_ERROR"
        assert client.sql("SELECT nothing FROM range(5) /*" + "x" * MB + "*/").startswith("UNRESOLVED_COLUMN")
        assert client.sql("SELECT 1 / 0 FROM range(5)") == "DIVIDE_BY_ZERO"
        assert client.sql("CREATE TEMP VIEW v AS SELECT repeat('x', 1000) AS x FROM range(1000)") == 0
        assert client.sql("SELECT * FROM v") == 1000
        assert client.send(root(nested(relations.Relation, "limit.input", 1100, RANGE.SerializeToString(), b"\x10\x05"))) in TOO_DEEP
        request = base.ExecutePlanRequest(session_id=client.session, user_context=client.user, plan=base.Plan(
            root=relations.Relation(range=relations.Range(start=0, end=10**9, step=1))))
        stream = client.service.ExecutePlan(request)
        next(stream)
        stream.cancel()
        client.done()

    before = footprint(server)
    for _ in range(10):
        turn()
    assert not settled(server, before)
    warm_mb = server.resident_mb()
    for _ in range(20):
        turn()
    assert not settled(server, before)
    grown_mb = server.resident_mb() - warm_mb
    if server.kind == "release":  # the sanitizers keep what was freed
        assert grown_mb < 60, f"{grown_mb:.0f} MB more after 20 rounds"


# ---- HTTP/2 itself: frames put together here
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PROTOCOL_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM = 1, 2, 11


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_headers(method):
    return (header(b":method", b"POST") + header(b":scheme", b"http") + header(b":authority", b"x") +
            header(b":path", b"/spark.connect.SparkConnectService/" + method) + header(b"content-type", b"application/grpc"))


class Wire:
    """A connection of raw frames: what the server sends is read in the background."""

    def __init__(self, server, settings=b""):
        host, port = server.remote.removeprefix("sc://").split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.frames, self.ended = [], threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))

    def start(self):
        self.reader.start()
        return self

    def send(self, data):
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def exactly(self, n):
        out = b""
        while len(out) < n:
            part = self.socket.recv(n - len(out))
            if not part:
                raise EOFError
            out += part
        return out

    def read(self):
        try:
            while True:
                head = self.exactly(9)
                self.frames.append((head[3], head[4], int.from_bytes(head[5:], "big"), self.exactly(int.from_bytes(head[:3], "big"))))
        except (OSError, EOFError):
            self.ended.set()

    def told(self):
        """The code of the server's GOAWAY, None without one."""
        codes = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in list(self.frames) if kind == GOAWAY]
        return codes[-1] if codes else None

    def dropped(self):
        assert self.ended.wait(SETTLE_S), "still connected"
        return self.told()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # the reader waits in it
        except OSError:
            pass
        self.socket.close()


def execute_request(client, sql):
    plan = base.Plan(root=relations.Relation(sql=relations.SQL(query=sql)))
    body = base.ExecutePlanRequest(session_id=client.session, user_context=client.user, plan=plan).SerializeToString()
    return b"\0" + len(body).to_bytes(4, "big") + body


def floods(client):
    """(name, what is sent again and again)"""
    call = request_headers(b"ExecutePlan")
    query = execute_request(client, "SELECT sum(a.id * b.id) FROM range(100000) a, range(100000) b WHERE a.id + b.id < 5")
    yield "ping", lambda i: frame(PING, 0, 0, b"12345678")
    yield "settings", lambda i: frame(SETTINGS, 0, 0, b"\0\3\0\0\0\x64")
    yield "priority", lambda i: frame(PRIORITY, 0, 2 * i + 1, b"\0\0\0\0\1")
    yield "reset", lambda i: frame(HEADERS, END_HEADERS, 2 * i + 1, call) + frame(DATA, END_STREAM, 2 * i + 1, query) + frame(RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08")
    yield "empty", lambda i: (frame(HEADERS, END_HEADERS, 1, call) if i == 0 else b"") + frame(DATA, 0, 1)
    yield "continuation", lambda i: frame(HEADERS, 0, 1, call) if i == 0 else frame(CONTINUATION, 0, 1, header(b"a", b"b"))
    yield "streams", lambda i: frame(HEADERS, END_HEADERS, 2 * i + 1, call)


def test_floods_of_frames(hostile):
    """Who floods gets GOAWAY, or may open no more streams; whoever else comes is served meanwhile."""
    before_mb = hostile.server.resident_mb()
    for name, part in floods(hostile):
        wire = Wire(hostile.server).start()
        for at in range(0, 20000, 500):
            if not wire.send(b"".join(part(i) for i in range(at, at + 500))) or wire.told() is not None:
                break
            time.sleep(0.005)
        assert hostile.sql("SELECT 1") == 1, name
        assert hostile.server.calls() <= 64, name  # as many as 1 GB bears
        if name == "streams":
            refused = {stream for kind, _, stream, _ in wire.frames if kind == RST_STREAM}
            assert wire.ended.is_set() or len(refused) > 1000
        else:
            assert wire.dropped() in ({ENHANCE_YOUR_CALM, INTERNAL_ERROR} if name != "continuation" else {ENHANCE_YOUR_CALM, INTERNAL_ERROR, PROTOCOL_ERROR, None}), name
        wire.close()
    assert hostile.server.resident_mb() - before_mb < 300


def test_clients_that_do_not_read(hostile):
    """Windows of nothing, and sockets that nobody reads: answers wait with their calls, in bounds, and hold no thread."""
    wires = []
    before_mb = hostile.server.resident_mb()
    for i in range(6):
        wire = Wire(hostile.server, settings=b"\0\4\0\0\0\0" if i % 2 else b"\0\4\x7f\xff\xff\xff")
        wire.send(frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\0\0"))
        for stream in range(1, 9, 2):
            wire.send(frame(HEADERS, END_HEADERS, stream, request_headers(b"ExecutePlan")) +
                      frame(DATA, END_STREAM, stream, execute_request(Hostile(hostile.server), "SELECT id, repeat('x', 100) FROM range(10000000)")))
        for _ in range(500):  # answers to these wait too
            wire.send(frame(PING, 0, 0, b"12345678"))
        wires.append(wire)
    for _ in range(5):
        assert hostile.sql("SELECT 1") == 1
        time.sleep(0.2)
    assert hostile.server.resident_mb() - before_mb < 1500
    for wire in wires:
        wire.close()


def test_messages_that_are_announced_only(hostile):
    """A length costs the server nothing until its bytes come; halves of headers and frames neither."""
    before_mb = hostile.server.resident_mb()
    wires = [Wire(hostile.server).start() for _ in range(20)]
    announced = b"\0" + (127 * MB).to_bytes(4, "big") + b"x"
    for wire in wires:
        wire.send(b"".join(frame(HEADERS, END_HEADERS, stream, request_headers(b"ExecutePlan")) + frame(DATA, 0, stream, announced) for stream in range(1, 401, 2)))
        wire.send(frame(HEADERS, 0, 1001, request_headers(b"Config")[:20])[:-5])
    assert hostile.sql("SELECT 1") == 1
    assert hostile.server.resident_mb() - before_mb < 500
    for wire in wires:
        wire.close()


def test_headers_without_end(hostile):
    """64 KB of metadata are the most that one call may have."""
    wire = Wire(hostile.server).start()
    block = request_headers(b"Config")
    parts = [block + header(b"a", b"b" * 100) * 100] + [header(b"a", b"b" * 120) * 100] * 6
    wire.send(frame(HEADERS, 0, 1, parts[0]) + b"".join(frame(CONTINUATION, END_HEADERS if i == 5 else 0, 1, part) for i, part in enumerate(parts[1:])))
    until = time.monotonic() + SETTLE_S
    while not wire.ended.is_set() and not any(kind in (RST_STREAM, GOAWAY) for kind, *_ in list(wire.frames)) and time.monotonic() < until:
        time.sleep(0.01)
    assert wire.ended.is_set() or any(kind in (RST_STREAM, GOAWAY) for kind, *_ in wire.frames)
    assert hostile.sql("SELECT 1") == 1
    wire.close()
