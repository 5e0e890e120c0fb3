"""The lake's own endpoints (/_weir/lake/…): who may call them, what they refuse, and that commits are whole."""
import concurrent.futures
import json
import pathlib
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

BUCKET = "lake-routes"


@pytest.fixture(scope="module", autouse=True)
def bucket(server):
    server.client("s3").create_bucket(Bucket=BUCKET)


def post(server, route, body, secret=None, signed=True):
    """(status, answer) of POST /_weir/lake/ROUTE."""
    text = body if isinstance(body, str) else json.dumps(body)
    request = botocore.awsrequest.AWSRequest("POST", f"{server.endpoint}/_weir/lake/{route}", data=text)
    if signed:
        credentials = botocore.credentials.Credentials(server.access_key, secret or server.secret_key)
        botocore.auth.SigV4Auth(credentials, "weir", server.region).add_auth(request)
    sent = urllib.request.Request(request.url, data=text.encode(), headers=dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def staged(server, target, files):
    """A stage with these files (name -> text); the request that commits it."""
    status, stage = post(server, "stage", {"target": f"s3://{BUCKET}/{target}", "run": "s-1"})
    assert status == 200, stage
    for name, text in files.items():
        path = pathlib.Path(stage["folder"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"id": stage["id"], "how": "overwrite", "success_marker": True, "outputs": [{"name": name} for name in files]}


def listed(server, target):
    status, answer = post(server, "list", {"uri": f"s3://{BUCKET}/{target}"})
    assert status == 200, answer
    return {file["uri"].removeprefix(f"s3://{BUCKET}/{target}/"): pathlib.Path(file["path"]).read_text() for file in answer["files"]}


def test_only_signed_requests_are_heard(server):
    assert post(server, "list", {"uri": f"s3://{BUCKET}/"}, signed=False)[0] == 403
    assert post(server, "remove", {"uri": f"s3://{BUCKET}/"}, secret="wrong")[0] == 403


@pytest.mark.parametrize("route, body, status", [
    ("list", "{", 400), ("list", {}, 400), ("list", {"uri": "/etc/passwd"}, 400), ("list", {"uri": "s3://none-such/x"}, 404),
    ("list", {"uri": "s3://none-such/{"}, 400), ("stage", {"target": "s3://none-such/x"}, 404), ("commit", {"id": "x", "how": "overwrite"}, 404),
    ("commit", {"id": "x", "how": "somehow"}, 400), ("abort", {"id": "../../objects"}, 400), ("nothing", {}, 404)])
def test_wrong_requests(server, route, body, status):
    assert post(server, route, body)[0] == status


def test_a_commit_is_whole_and_may_be_repeated(server):
    commit = staged(server, "t", {"m=1/a": "1", "m=2/b": "2", "c": "3"})
    assert listed(server, "t") == {}
    assert post(server, "commit", commit)[0] == 200
    assert post(server, "commit", commit)[0] == 200
    assert listed(server, "t") == {"m=1/a": "1", "m=2/b": "2", "c": "3"}
    s3 = server.client("s3")
    assert s3.get_object(Bucket=BUCKET, Key="t/_SUCCESS")["Body"].read() == b""
    assert s3.get_object(Bucket=BUCKET, Key="t/m=1/a")["Body"].read() == b"1"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "missing", ""])
def test_outputs_that_are_not_in_the_stage(server, name):
    commit = staged(server, "bad", {"a": "1"})
    commit["outputs"].append({"name": name})
    assert post(server, "commit", commit)[0] in (400, 404)
    assert listed(server, "bad") == {}


def test_of_two_writers_one_is_seen_whole(server):
    for _ in range(5):
        commits = [staged(server, "raced", {f"part-{n}": f"{writer}" for n in range(4 + writer)}) for writer in range(2)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert [status for status, _ in pool.map(lambda one: post(server, "commit", one), commits)] == [200, 200]
        seen = listed(server, "raced")
        assert seen in [{f"part-{n}": f"{writer}" for n in range(4 + writer)} for writer in range(2)]


def test_a_reset_leaves_no_file(start_server):
    server = start_server("--auth", "off")
    s3 = server.client("s3")
    s3.create_bucket(Bucket="b-1")
    s3.put_object(Bucket="b-1", Key="k", Body=b"x")
    upload = s3.create_multipart_upload(Bucket="b-1", Key="k")["UploadId"]
    s3.upload_part(Bucket="b-1", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/moto-api/reset", method="POST")).read()
    assert s3.list_buckets()["Buckets"] == []
    assert [path for path in (server.home / "lake" / "objects").rglob("*") if path.is_file()] == []
