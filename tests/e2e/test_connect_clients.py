"""Many clients, clients that interrupt, stop reading or vanish: nobody waits for another and nothing is left behind."""
import concurrent.futures
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid

import grpc
import pytest
from conftest import WEIR, clean_environment
from connect_fixtures import connect, keep, start_connect  # noqa: F401 (fixtures)
from pyspark.errors import PySparkException
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc, relations_pb2

LONG = "select count(*) from range(40000) a join range(40000) b where a.id * b.id % 7 = 3 and sqrt(a.id + b.id) > 1"


def stub(connect):
    channel = grpc.insecure_channel(connect.remote.removeprefix("sc://"))
    return channel, base_pb2_grpc.SparkConnectServiceStub(channel)


def range_request(session, rows, reattachable=True):
    request = base_pb2.ExecutePlanRequest(session_id=session, operation_id=str(uuid.uuid4()),
                                          plan=base_pb2.Plan(root=relations_pb2.Relation(
                                              range=relations_pb2.Range(start=0, end=rows, step=1))))
    request.user_context.user_id = "test"
    if reattachable:
        request.request_options.add().reattach_options.reattachable = True
    return request


def test_many_clients_at_once(connect):
    def work(n):
        spark = connect.session()
        try:
            return [spark.range(n * 1000).selectExpr("sum(id)").first()[0] for _ in range(5)]
        finally:
            spark.client.release_session()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(1, 25)))
    assert results == [[n * 1000 * (n * 1000 - 1) // 2] * 5 for n in range(1, 25)]


@pytest.mark.parametrize("how", ["all", "tag"])
def test_interrupt_ends_a_running_query(connect, how):
    spark = connect.session()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        def run():
            if how == "tag":
                spark.addTag("mine")
            with pytest.raises(PySparkException) as e:
                spark.sql(LONG).collect()
            return str(e.value)

        future = pool.submit(run)
        ids, until = [], time.monotonic() + 20
        while not ids and time.monotonic() < until:
            time.sleep(0.3)
            ids = spark.interruptTag("mine") if how == "tag" else spark.interruptAll()
        assert ids
        start = time.monotonic()
        assert "OPERATION_CANCELED" in future.result(20)
        assert time.monotonic() - start < 5
    assert spark.range(1).count() == 1
    spark.client.release_session()


def test_a_lost_stream_is_reattached(connect):
    channel, service = stub(connect)
    session = str(uuid.uuid4())
    request = range_request(session, 1_000_000)
    stream = service.ExecutePlan(request)
    first = [next(stream), next(stream)]
    stream.cancel()
    again = base_pb2.ReattachExecuteRequest(session_id=session, operation_id=request.operation_id,
                                            last_response_id=first[-1].response_id)
    again.user_context.user_id = "test"
    rest = list(service.ReattachExecute(again))
    assert rest[-1].HasField("result_complete")
    assert sum(r.arrow_batch.row_count for r in first + rest) == 1_000_000
    whole = list(service.ReattachExecute(base_pb2.ReattachExecuteRequest(
        session_id=session, user_context=again.user_context, operation_id=request.operation_id)))
    assert [r.response_id for r in whole] == [r.response_id for r in first + rest]  # nothing was released yet
    release = base_pb2.ReleaseExecuteRequest(session_id=session, user_context=again.user_context,
                                             operation_id=request.operation_id)
    release.release_until.response_id = first[-1].response_id
    service.ReleaseExecute(release)
    with pytest.raises(grpc.RpcError) as e:
        list(service.ReattachExecute(base_pb2.ReattachExecuteRequest(
            session_id=session, user_context=again.user_context, operation_id=request.operation_id)))
    assert "INVALID_CURSOR.POSITION_NOT_AVAILABLE" in e.value.details()
    release.ClearField("release_until")
    release.release_all.SetInParent()
    service.ReleaseExecute(release)
    with pytest.raises(grpc.RpcError) as e:
        list(service.ReattachExecute(again))
    assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in e.value.details()
    channel.close()


def test_a_client_that_stops_reading_blocks_nobody(connect):
    channel, service = stub(connect)
    stalled = [service.ExecutePlan(range_request(str(uuid.uuid4()), 200_000_000, reattachable=False)) for _ in range(4)]
    for stream in stalled:
        next(stream)  # then never again
    spark = connect.session()
    start = time.monotonic()
    assert spark.range(1000).selectExpr("max(id)").first()[0] == 999
    assert time.monotonic() - start < 10
    assert connect.resident_mb() < 1500  # what is unread is bounded
    for stream in stalled:
        stream.cancel()
    channel.close()
    spark.client.release_session()


def test_progress_is_told_to_clients_that_wait(start_connect, tmp_path):
    conf = tmp_path / "conf"
    conf.write_text("spark.connect.progress.reportInterval=100ms\n")
    spark = start_connect("--conf-file", str(conf)).session()
    told = []
    spark.registerProgressHandler(lambda stages, inflight_tasks, operation_id, done: told.append(
        (operation_id, done, inflight_tasks, [(s.num_tasks, s.num_completed_tasks) for s in stages or []])))
    spark.sql("select count(*) from range(20000) a join range(10000) b where a.id * b.id % 7 = 3 and sqrt(a.id + b.id) > 1").collect()
    running = [t for t in told if not t[1]]
    assert running and all(t[0] and t[2] > 0 and len(t[3]) == 1 and 0 <= t[3][0][1] <= t[3][0][0] for t in running)
    assert told[-1][1]
    spark.clearProgressHandlers()


def test_quick_queries_tell_no_progress(connect):
    spark, told = connect.session(), []
    spark.registerProgressHandler(lambda stages, inflight_tasks, operation_id, done: told.append(done))
    assert spark.sql("select 1").collect()[0][0] == 1
    assert told and all(told)
    spark.client.release_session()


METHOD = "/spark.connect.SparkConnectService/Config"


def failure(channel, method, message, **options):
    with pytest.raises(grpc.RpcError) as e:
        channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)(message, timeout=20, **options)
    return e.value.code()


def test_calls_that_are_none(connect):
    channel = grpc.insecure_channel(connect.remote.removeprefix("sc://"))
    assert failure(channel, "/spark.connect.SparkConnectService/Nothing", b"") == grpc.StatusCode.UNIMPLEMENTED
    assert failure(channel, METHOD, b"\xff\xff\xff") == grpc.StatusCode.INVALID_ARGUMENT
    assert failure(channel, METHOD, bytes(100_000), compression=grpc.Compression.Gzip) == grpc.StatusCode.UNIMPLEMENTED
    assert failure(channel, METHOD, b"", metadata=[("x", "y" * 100_000)]) != grpc.StatusCode.OK
    channel.close()


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def headers(**fields):
    """HTTP/2 header fields as they are, without compression."""
    text = b""
    for name, value in {":method": "POST", ":scheme": "http", ":path": METHOD, "content-type": "application/grpc", "te": "trailers", **fields}.items():
        text += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return text


def exchange(connect, data):
    """Sends them and waits until the server closes; it may do so before it has taken all."""
    host, port = connect.remote.removeprefix("sc://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError as e:
            assert not isinstance(e, TimeoutError)


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    HELLO := b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""),
    HELLO + frame(1, 5, 1, headers()),                                                        # no message
    HELLO + frame(1, 4, 1, headers()) + frame(0, 1, 1, b"\0\0\0\0\x09abc"),               # one that is cut off
    HELLO + frame(1, 4, 1, headers()) + frame(0, 1, 1, b"\0\x7f\xff\xff\xff" + b"x"),     # one of two gigabytes
    HELLO + frame(1, 4, 1, headers()) + frame(0, 1, 1, b"\0\0\0\0\0" * 1000),              # a thousand of them
    HELLO + frame(1, 5, 1, headers(**{"content-type": "text/plain"})),
    HELLO + b"".join(frame(1, 4, n, headers()) + frame(3, 0, n, b"\0\0\0\x08") for n in range(1, 4001, 2)),  # each taken back at once
    HELLO + b"".join(frame(6, 0, 0, b"12345678") for _ in range(5000)),
    HELLO + random.Random(1).randbytes(20000),
], ids=lambda data: str(len(data)))
def test_bytes_that_are_no_calls(connect, data):
    exchange(connect, data)
    spark = connect.session()
    assert spark.range(3).count() == 3
    spark.client.release_session()


VANISHING = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
df = spark.range(50_000_000)
print("running", flush=True)
for row in df.toLocalIterator():
    pass
"""


def test_vanished_clients_leave_nothing(start_connect, tmp_path):
    conf = tmp_path / "conf"
    conf.write_text("spark.connect.execute.manager.detachedTimeout=1s\n")
    server = start_connect("--conf-file", str(conf))
    spark = server.session()
    spark.range(10).count()
    for _ in range(3):
        client = subprocess.Popen([sys.executable, "-c", VANISHING, server.remote], stdout=subprocess.PIPE, text=True)
        assert client.stdout.readline() == "running\n"
        until = time.monotonic() + 20
        while not server.calls() and time.monotonic() < until:
            time.sleep(0.05)
        assert server.calls()
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        client.stdout.close()
    until = time.monotonic() + 30
    while server.calls() and time.monotonic() < until:
        time.sleep(0.2)
    assert not server.calls()
    assert spark.range(10).count() == 10
    spark.client.release_session()


def test_closed_sessions_do_not_come_back(connect):
    spark = connect.session()
    spark.range(1).count()
    spark.client.release_session()
    with pytest.raises(PySparkException) as e:
        spark.range(1).count()
    assert "INVALID_HANDLE.SESSION" in str(e.value)


def test_a_session_can_be_cloned(connect):
    spark = connect.session()
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    spark.range(5).createOrReplaceTempView("t")
    twin = spark.cloneSession() if hasattr(spark, "cloneSession") else None
    if twin is None:
        channel, service = stub(connect)
        request = base_pb2.CloneSessionRequest(session_id=spark.session_id)
        request.user_context.user_id = spark.client._user_id or ""
        answer = service.CloneSession(request)
        assert answer.session_id == spark.session_id and answer.new_session_id != spark.session_id
        config = base_pb2.ConfigRequest(session_id=answer.new_session_id, user_context=request.user_context)
        config.operation.get.keys.append("spark.sql.shuffle.partitions")
        assert service.Config(config).pairs[0].value == "3"
        channel.close()
    else:
        assert twin.table("t").count() == 5
    spark.client.release_session()


def test_garbage_is_refused(connect):
    channel = grpc.insecure_channel(connect.remote.removeprefix("sc://"))
    for method in ["Config", "AnalyzePlan", "Interrupt", "ReleaseSession", "FetchErrorDetails"]:
        call = channel.unary_unary(f"/spark.connect.SparkConnectService/{method}")
        with pytest.raises(grpc.RpcError) as e:
            call(b"\xff\xff\xff\xff garbage")
        assert e.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    deep = b""
    for _ in range(3000):  # Relation.filter.input.filter.input …
        size = lambda n: bytes([n & 127 | 128, n >> 7 & 127 | 128, n >> 14])
        deep = b"\x0a" + size(len(deep)) + deep
        deep = b"\x22" + size(len(deep)) + deep
    body = b"\x0a" + size(len(deep)) + deep
    call = channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan")
    with pytest.raises(grpc.RpcError):
        list(call(b"\x1a" + size(len(body)) + body))
    with pytest.raises(grpc.RpcError) as e:
        channel.unary_unary("/spark.connect.SparkConnectService/NoSuchMethod")(b"")
    assert e.value.code() == grpc.StatusCode.UNIMPLEMENTED
    channel.close()
    assert connect.process.poll() is None


def test_a_token_is_checked(tmp_path):
    process = subprocess.Popen([WEIR, "driver", "--home", str(tmp_path / "home"), "--token", "secret"], stdout=subprocess.PIPE,
                               text=True, env=clean_environment())
    address = process.stdout.readline().split("sc://")[1].strip()
    from pyspark.sql import SparkSession
    channel = grpc.insecure_channel(address)
    service = base_pb2_grpc.SparkConnectServiceStub(channel)
    config = base_pb2.ConfigRequest(session_id=str(uuid.uuid4()))
    config.operation.get.keys.append("spark.sql.ansi.enabled")
    for metadata in [(), (("x-weir-token", "wrong"),), (("x-weir-token", "secre"),)]:
        with pytest.raises(grpc.RpcError) as e:
            service.Config(config, metadata=metadata)
        assert e.value.code() == grpc.StatusCode.UNAUTHENTICATED
    spark = keep(SparkSession.builder.remote(f"sc://{address}/;x-weir-token=secret").create())
    assert spark.range(3).count() == 3
    channel.close()
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_taken_port_is_said(connect, tmp_path):
    done = subprocess.run([WEIR, "connect", "--home", str(tmp_path / "home"), "--listen", connect.remote.removeprefix("sc://")],
                          capture_output=True, text=True, timeout=20, env=clean_environment())
    assert done.returncode == 1 and "taken" in done.stderr
