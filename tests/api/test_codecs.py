"""What comes in by each protocol is read as the service's model says; what is wrong is refused in AWS's words."""
import gzip
import http.client
import json

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest


def post(server, service, body, headers=None, path="/"):
    """A signed POST as it is: status, headers, text."""
    request = botocore.awsrequest.AWSRequest("POST", server.endpoint + path, headers=headers or {}, data=body)
    keys = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.SigV4Auth(keys, service, server.region).add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", path, body=body, headers=dict(request.prepare().headers))
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


def form(server, text):
    return post(server, "sts", text.encode(), {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})


def test_query_members(server):
    status, headers, text = form(server, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FR"
                                         "&RoleSessionName=a%2Eb&Tags.member.1.Key=k&Tags.member.1.Value=v&Unknown.member.1=x")
    assert status == 200 and "<AssumedRoleId>" in text and "assumed-role/R/a.b" in text
    assert text.startswith('<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>')
    assert f"<RequestId>{headers['x-amzn-RequestId']}</RequestId>" in text and headers["Content-Type"] == "text/xml"


@pytest.mark.parametrize("body, code, words", [
    ("Action=AssumeRole&RoleArn=x", "ValidationError", "2 validation errors detected"),
    ("Action=AssumeRole", "ValidationError", "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"),
    ("Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/R&RoleSessionName=ab&DurationSeconds=no", "MalformedInput", "'no'"),
    ("Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/R&RoleSessionName=ab&DurationSeconds=1", "ValidationError",
     "Member must have value greater than or equal to 900"),
    ("Action=AssumeRole&%zz", "MalformedQueryString", "percent"),
    ("Action=Assume&Version=2011-06-15", "InvalidAction", "Assume"),
    ("Version=2011-06-15", "MissingAction", "Action"),
    ("Action=DecodeAuthorizationMessage&EncodedMessage=x", "NotImplemented", "sts:DecodeAuthorizationMessage"),
    ("Action=GetCallerIdentity&" + "a." * 300 + "=x", "MalformedInput", "deeper"),
])
def test_query_errors(server, body, code, words):
    status, _, text = form(server, body)
    assert (status, f"<Code>{code}</Code>" in text, words in text.replace("&quot;", '"')) == (400, True, True), text


def target(server, operation, body, service="elasticmapreduce", prefix="ElasticMapReduce"):
    return post(server, service, body.encode(), {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": "application/x-amz-json-1.1"})


@pytest.mark.parametrize("operation", ["NoSuchThing", "", "A" * 3000])
def test_json_operations_that_do_not_exist(server, operation):
    status, headers, text = target(server, operation, "{}")
    assert status == 400 and json.loads(text)["__type"] == "UnknownOperationException"
    assert headers["Content-Type"] == "application/x-amz-json-1.1" and headers["x-amzn-ErrorType"] == "UnknownOperationException"


def test_s3_roots_and_errors(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="codecs")
    seen = []
    s3.meta.events.register("before-parse.s3.*", lambda response_dict, **_: seen.append(response_dict))
    s3.put_object(Bucket="codecs", Key="a<b>&c", Body=b"1", Metadata={"Case": "Kept", "n": "1"})
    listed = s3.list_objects_v2(Bucket="codecs")
    assert listed["Contents"][0]["Key"] == "a<b>&c"
    assert s3.head_object(Bucket="codecs", Key="a<b>&c")["Metadata"] == {"case": "Kept", "n": "1"}
    assert b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' in seen[1]["body"]
    deleted = s3.delete_objects(Bucket="codecs", Delete={"Objects": [{"Key": "a<b>&c"}, {"Key": "none"}]})
    assert [one["Key"] for one in deleted["Deleted"]] == ["a<b>&c", "none"]
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        s3.get_object(Bucket="codecs", Key="none")
    error = caught.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("NoSuchKey", 404)
    assert error["ResponseMetadata"]["RequestId"] and error["ResponseMetadata"]["HostId"]


@pytest.mark.parametrize("body", [b"<Delete", b"<a></b>", b"", b"\xff\xfe", b"<!DOCTYPE d [<!ENTITY e 'x'>]><Delete>&e;</Delete>",
                                  b"<a>" * 5000])
def test_broken_xml(server, body):
    s3 = server.client("s3")
    url = s3.generate_presigned_url("delete_objects", Params={"Bucket": "codecs", "Delete": {"Objects": []}}, HttpMethod="POST")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", url.split(f":{server.port}", 1)[1], body=body)
    answer = connection.getresponse()
    assert 400 <= answer.status < 500 and b"<Code>" in answer.read()


def test_virtual_hosts(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="by-host")
    s3.put_object(Bucket="by-host", Key="k/1", Body=b"found")
    for host in ("by-host.localhost", "by-host.s3.localhost", "by-host.s3.us-east-1.amazonaws.com"):
        request = botocore.awsrequest.AWSRequest("GET", f"http://{host}/k/1")
        keys = botocore.credentials.Credentials(server.access_key, server.secret_key)
        botocore.auth.S3SigV4Auth(keys, "s3", server.region).add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/k/1", headers={**dict(request.prepare().headers), "Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"found"), host


def test_a_compressed_request(server):
    """As SDKs send large PutMetricData; the signature is over what was sent."""
    plain = b"Action=GetCallerIdentity&Version=2011-06-15&Padding=" + b"x" * 20000
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    status, _, text = post(server, "sts", gzip.compress(plain), headers)
    assert status == 200 and "123456789012" in text
    for broken in (gzip.compress(plain)[:-9], b"no gzip", gzip.compress(b"Action=" + b"x" * 9_000_000)):
        status, _, text = post(server, "sts", broken, headers)
        assert status == 400 and "SerializationException" in text
