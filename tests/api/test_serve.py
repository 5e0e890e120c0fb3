"""weir serve as a process: one per home, clear errors, clean ends; and clients that misbehave."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
import pytest

from conftest import READY_S, WEIR, clean_environment


def run(*arguments, env=None):
    return subprocess.run([WEIR, *arguments], capture_output=True, text=True, timeout=READY_S, env=env or clean_environment())


def test_a_second_server_on_the_same_home_names_the_first(server):
    done = run("serve", "--home", str(server.home), "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert f"process {server.process.pid}" in done.stderr and str(server.home) in done.stderr
    assert server.client("sts").get_caller_identity()["Account"]


def test_a_taken_port(server, tmp_path):
    done = run("serve", "--home", str(tmp_path / "home"), "--listen", f"127.0.0.1:{server.port}")
    assert done.returncode == 1 and f"127.0.0.1:{server.port} is taken" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["--listen", "nonsense"], "'nonsense' is no address to listen on"),
    (["--listen", "127.0.0.1:99999"], "no address to listen on"),
    (["--listen", "0.0.0.0:0", "--auth", "off"], "--auth off is for loopback only"),
    (["--listen", "0.0.0.0:0"], "--tls-cert"),
    (["--auth", "maybe"], "--auth is sigv4 or off"),
    (["--colour"], "unknown option --colour"),
    (["--home"], "--home needs a value"),
    (["there"], "'there' is not expected"),
])
def test_wrong_options(tmp_path, arguments, words):
    home = [] if "--home" in arguments else ["--home", str(tmp_path / "home")]
    done = run("serve", *home, *arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_commands_are_suggested():
    done = run("sevre")
    assert done.returncode == 2 and "did you mean 'serve'" in done.stderr
    assert "serve" in run("--help").stdout and re.match(r"weir \d+\.\d+\.\d+$", run("--version").stdout)
    assert "--listen HOST:PORT" in run("serve", "--help").stdout
    assert run("doctor").returncode == 0


def test_env_of_a_server_and_of_none(server, tmp_path):
    lines = dict(re.findall(r"export (\w+)=(\S+)", run("env", "--home", str(server.home)).stdout))
    assert lines == {"AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": server.access_key,
                     "AWS_SECRET_ACCESS_KEY": server.secret_key, "AWS_DEFAULT_REGION": "us-east-1"}
    none = run("env", "--home", str(tmp_path))
    assert none.returncode == 1 and "no server runs" in none.stderr


def test_the_end_is_clean_and_the_key_stays(start_server):
    first = start_server()
    assert first.stop() == 0
    assert not (first.home / "endpoint").exists()
    second = start_server(home=first.home)
    assert (second.access_key, second.secret_key) == (first.access_key, first.secret_key)
    assert os.stat(second.home / "keys" / "root.json").st_mode & 0o777 == 0o600
    assert os.stat(second.home).st_mode & 0o777 == 0o700


def test_after_a_kill_it_starts_again(start_server):
    first = start_server()
    first.kill()
    assert run("env", "--home", str(first.home)).returncode == 1
    assert start_server(home=first.home).client("sts").get_caller_identity()["Account"]


def test_health_and_metrics(server):
    health = json.load(urllib.request.urlopen(server.endpoint + "/_weir/health"))
    assert health["status"] == "ok"
    server.client("sts").get_caller_identity()
    text = urllib.request.urlopen(server.endpoint + "/_weir/metrics").read().decode()
    assert re.search(r'weir_requests_total\{service="sts",operation="GetCallerIdentity",status="200"\} \d+', text)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(server.endpoint + "/_weir/nothing")
    assert caught.value.code in (403, 404)


def test_auth_off_takes_any_key_and_resets(start_server):
    off = start_server("--auth", "off")
    other = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    assert off.client("sts", **other).get_caller_identity()["Arn"].endswith(":root")
    s3 = off.client("s3", **other)
    s3.create_bucket(Bucket="forgotten")
    s3.put_object(Bucket="forgotten", Key="k", Body=b"x")
    reset = urllib.request.Request(off.endpoint + "/moto-api/reset", method="POST", data=b"")
    assert json.load(urllib.request.urlopen(reset)) == {"status": "ok"}
    assert s3.list_buckets()["Buckets"] == []
    assert [path for path in (off.home / "lake" / "objects").rglob("*") if path.is_file()] == []


def test_no_reset_with_signatures(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(server.endpoint + "/moto-api/reset", method="POST", data=b""))
    assert caught.value.code == 403


def test_tls(start_server, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "1",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    secure = start_server("--tls-cert", str(cert), "--tls-key", str(key))
    assert secure.endpoint.startswith("https://")
    s3 = secure.client("s3", verify=str(cert))
    s3.create_bucket(Bucket="secure")
    body = os.urandom(3_000_000)  # over HTTPS boto3 sends unsigned chunks with a trailing checksum
    s3.put_object(Bucket="secure", Key="k", Body=body)
    head = s3.head_object(Bucket="secure", Key="k", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(body) and head["ChecksumCRC32"]
    assert s3.get_object(Bucket="secure", Key="k")["Body"].read() == body


def test_unknown_operations_and_services_are_4xx_and_named(server):
    with pytest.raises(botocore.exceptions.ClientError, match="glue:CreateBlueprint") as caught:
        server.client("glue").create_blueprint(Name="b", BlueprintLocation="s3://bucket/x")
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    arguments = {"sqs": {"SourceArn": "arn:aws:sqs:us-east-1:123456789012:q"}}
    for service, call in [("lambda", "list_functions"), ("athena", "list_work_groups"), ("sqs", "list_message_move_tasks"),
                          ("rds", "describe_db_instances"), ("ec2", "describe_vpc_peering_connections"),
                          ("iam", "list_open_id_connect_providers"), ("logs", "list_anomalies")]:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            getattr(server.client(service), call)(**arguments.get(service, {}))
        assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500, service
        assert "weir" in caught.value.response["Error"]["Message"], service


def test_coverage_is_true_to_the_rows():
    page = run("coverage")
    assert page.returncode == 0, page.stderr
    print(page.stdout)
    assert "GetCallerIdentity" in page.stdout and "## STS: " in page.stdout
    assert "ListBuckets" not in run("coverage", "--service", "sts").stdout


# --- clients that misbehave ---

def talk(server, data, read=True):
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while read and (part := connection.recv(65536)):
                answer += part
        except (ConnectionError, OSError) as error:
            assert not isinstance(error, TimeoutError)  # refused before it was all sent: as good as an answer
    return answer


@pytest.mark.parametrize("data", [
    b"", b"\0" * 100, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"GET /%zz%00?a=%zz&%&&= HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
    b"GET /" + b"a" * 300000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50000 + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: .\r\nContent-Length: 2\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: ElasticMapReduce.\r\nContent-Length: 1\r\n\r\n{",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nAction=%z",
    b"POST /service/x/operation/ HTTP/1.1\r\nHost: x\r\nsmithy-protocol: rpc-v2-cbor\r\nContent-Length: 1\r\n\r\n\xff",
])
def test_garbage_is_refused(server, data):
    answer = talk(server, data)
    assert not answer or re.match(rb"HTTP/1\.[01] (4\d\d|505) ", answer), answer[:200]
    assert server.client("sts").get_caller_identity()["Account"]


def test_a_body_beyond_the_limit_is_refused(server):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        server.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/R", RoleSessionName="me", Policy="x" * 9_000_000)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_client_that_vanishes_in_the_middle_leaves_nothing(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="vanishing")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "vanishing", "Key": "half"})
    path = url.split(f":{server.port}", 1)[1]
    before = sorted(pathlib.Path(server.home, "lake", "objects").rglob("*"))
    for _ in range(5):
        talk(server, f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 500000,
             read=False)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(p.is_file() for p in pathlib.Path(server.home, "lake", "tmp").rglob("????????*")):
        time.sleep(0.05)
    assert s3.list_objects_v2(Bucket="vanishing")["KeyCount"] == 0
    assert sorted(pathlib.Path(server.home, "lake", "objects").rglob("*")) == before


def test_slow_clients_do_not_hold_others_up(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Le")
    sts = server.client("sts")
    start = time.monotonic()
    for _ in range(20):
        sts.get_caller_identity()
    assert time.monotonic() - start < 5
    for connection in slow:
        connection.close()


def test_many_clients_at_once(server):
    errors = []

    def work():
        try:
            sts = server.client("sts")
            for _ in range(20):
                assert sts.get_caller_identity()["Account"] == "123456789012"
        except Exception as error:  # reported by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_sigterm_lets_a_request_end(start_server):
    one = start_server()
    s3 = one.client("s3")
    s3.create_bucket(Bucket="ending")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "ending", "Key": "whole"})
    path = url.split(f":{one.port}", 1)[1]
    with socket.create_connection(("127.0.0.1", one.port), timeout=10) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{one.port}\r\nContent-Length: 10\r\n\r\nhello".encode())
        time.sleep(0.2)
        one.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(b"world")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert one.stop() == 0
    assert start_server(home=one.home).client("s3").get_object(Bucket="ending", Key="whole")["Body"].read() == b"helloworld"
