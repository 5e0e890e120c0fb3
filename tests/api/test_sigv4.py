"""Signatures: every form that clients use, and what is refused."""
import datetime
import http.client
import socket
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest
from hashlib import sha256
import hmac
import base64
import zlib

EMPTY = sha256(b"").hexdigest()


@pytest.fixture(scope="module")
def bucket(server):
    server.client("s3").create_bucket(Bucket="signatures")
    return "signatures"


def keys(server):
    return botocore.credentials.Credentials(server.access_key, server.secret_key)


def code_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def send(server, method, path, headers=None, body=b"", auth=None, when=None):
    """One signed request as `auth` (a botocore signer class) makes it: status and body."""
    request = botocore.awsrequest.AWSRequest(method, server.endpoint + path, headers=headers or {}, data=body)
    (auth or botocore.auth.S3SigV4Auth)(keys(server), "s3", server.region).add_auth(request)
    return raw(server, method, path, dict(request.prepare().headers), body)


def raw(server, method, path, headers, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_wrong_secret_and_wrong_key_by_protocol(server, bucket):
    wrong = {"aws_secret_access_key": "x" * 40}
    unknown = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    assert code_of(server.client("sts", **wrong).get_caller_identity) == "SignatureDoesNotMatch"
    assert code_of(server.client("s3", **wrong).list_buckets) == "SignatureDoesNotMatch"
    assert code_of(server.client("emr", **wrong).list_clusters) in ("InvalidSignatureException", "UnknownOperationException")
    assert code_of(server.client("sts", **unknown).get_caller_identity) == "InvalidClientTokenId"
    assert code_of(server.client("s3", **unknown).list_buckets) == "InvalidAccessKeyId"
    assert code_of(server.client("emr", **unknown).list_clusters) == "UnrecognizedClientException"
    assert code_of(server.client("ec2", **unknown).describe_vpcs) == "InvalidClientTokenId"


def test_no_signature_at_all(server, bucket):
    unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED)
    assert code_of(server.client("s3", config=unsigned).list_buckets) == "AccessDenied"
    status, text = raw(server, "POST", "/", {"X-Amz-Target": "ElasticMapReduce.ListClusters"}, b"{}")
    assert status == 400 and "MissingAuthenticationTokenException" in text
    status, text = raw(server, "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=GetCallerIdentity")
    assert status == 403 and "MissingAuthenticationToken" in text


@pytest.mark.parametrize("header", [
    "AWS4-HMAC-SHA256", "Basic eDp5", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
    "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;;, Signature=", "AWS4-HMAC-SHA256 Credential=" + "/" * 5000])
def test_a_malformed_authorization_header(server, header):
    status, text = raw(server, "GET", "/bucket/key", {"Authorization": header, "X-Amz-Date": "20130524T000000Z"})
    assert status == 400 and "AuthorizationHeaderMalformed" in text


def test_clock_skew(server):
    class Late(botocore.auth.S3SigV4Auth):
        def add_auth(self, request):
            before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=16)
            request.context["timestamp"] = before.strftime("%Y%m%dT%H%M%SZ")
            self._modify_request_before_signing(request)
            canonical = self.canonical_request(request)
            signature = self.signature(self.string_to_sign(request, canonical), request)
            self._inject_signature_to_request(request, signature)

    status, text = send(server, "GET", "/", auth=Late)
    assert (status, "RequestTimeTooSkewed" in text) == (403, True)


def test_odd_keys_are_canonical(server, bucket):
    s3 = server.client("s3")
    for key in ["plain", "a b+c", "dir//two", "é/ü 漢", "per%cent", "~tilde*'()!", "q?a=b&c", "a=b;c,d", "#hash", "back\\slash", "end/"]:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode(), key
    for prefix in ["a b+", "é", "per%", "~", "q?a=b&"]:
        assert s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] == 1, prefix


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(server, bucket, version):
    s3 = server.client("s3", config=botocore.config.Config(signature_version=version))
    where = {"Bucket": bucket, "Key": f"signed by {version}/é"}
    put = s3.generate_presigned_url("put_object", Params=where)
    urllib.request.urlopen(urllib.request.Request(put, b"hello", method="PUT", headers={"Content-Type": ""})).read()
    get = s3.generate_presigned_url("get_object", Params={**where, "ResponseContentType": "text/x"})
    answer = urllib.request.urlopen(get)
    assert (answer.read(), answer.headers["Content-Type"]) == (b"hello", "text/x")
    for changed in (get.replace("%C3%A9", "e"), get.replace("text", "evil"), get + "0"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(changed)
        assert caught.value.code == 403
    expired = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=-10 if version == "s3" else 1)
    if version == "s3":
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(expired)
        assert caught.value.code == 403 and b"expired" in caught.value.read()


def test_a_presigned_url_of_a_session(server, bucket):
    made = server.client("sts").get_session_token()["Credentials"]
    session = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"],
               "aws_session_token": made["SessionToken"]}
    for version in ("s3v4", "s3"):
        s3 = server.client("s3", config=botocore.config.Config(signature_version=version), **session)
        url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket})
        assert b"<ListBucketResult" in urllib.request.urlopen(url).read()


def test_the_presign_of_the_command_line_client(server, bucket):
    server.client("s3").put_object(Bucket=bucket, Key="cli", Body=b"from the CLI")
    url = server.aws("s3", "presign", f"s3://{bucket}/cli").stdout.strip()
    assert urllib.request.urlopen(url).read() == b"from the CLI"


def test_a_body_that_is_not_what_was_signed(server, bucket):
    status, text = send(server, "PUT", f"/{bucket}/forged", {"X-Amz-Content-SHA256": EMPTY}, b"")
    assert status == 200
    request = botocore.awsrequest.AWSRequest("PUT", f"{server.endpoint}/{bucket}/forged", data=b"true")
    botocore.auth.S3SigV4Auth(keys(server), "s3", server.region).add_auth(request)
    status, text = raw(server, "PUT", f"/{bucket}/forged", dict(request.prepare().headers) | {"Content-Length": "4"}, b"fals")
    assert status == 400 and "XAmzContentSHA256Mismatch" in text
    assert server.client("s3").get_object(Bucket=bucket, Key="forged")["Body"].read() == b""


# --- bodies in chunks, as other SDKs send them ---

class Streaming(botocore.auth.S3SigV4Auth):
    hash_name = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def payload(self, request):
        return self.hash_name


class StreamingTrailer(Streaming):
    hash_name = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"


def hmac256(key, text):
    return hmac.new(key, text.encode(), sha256).digest()


def signing_key(server, date):
    key = hmac256(("AWS4" + server.secret_key).encode(), date)
    for part in (server.region, "s3", "aws4_request"):
        key = hmac256(key, part)
    return key


def chunked(server, headers, chunks, trailer=None):
    """The aws-chunked body of an already signed request."""
    when = headers["X-Amz-Date"]
    scope = f"{when[:8]}/{server.region}/s3/aws4_request"
    key, last = signing_key(server, when[:8]), headers["Authorization"].rsplit("Signature=", 1)[1]
    body = b""
    for chunk in [*chunks, b""]:
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{when}\n{scope}\n{last}\n{EMPTY}\n{sha256(chunk).hexdigest()}"
        last = hmac256(key, text).hex()
        body += f"{len(chunk):x};chunk-signature={last}\r\n".encode() + (chunk + b"\r\n" if chunk else b"")
    if trailer:
        text = f"AWS4-HMAC-SHA256-TRAILER\n{when}\n{scope}\n{last}\n{sha256((trailer + chr(10)).encode()).hexdigest()}"
        body += f"{trailer}\r\nx-amz-trailer-signature:{hmac256(key, text).hex()}\r\n".encode()
    return body + b"\r\n"


def put_chunked(server, path, chunks, auth=Streaming, trailer=None, change=lambda body: body, length=None):
    size = sum(map(len, chunks)) if length is None else length
    headers = {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(size)}
    if trailer:
        headers["x-amz-trailer"] = trailer.split(":")[0]
    request = botocore.awsrequest.AWSRequest("PUT", server.endpoint + path, headers=headers)
    auth(keys(server), "s3", server.region).add_auth(request)
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    return raw(server, "PUT", path, headers, change(chunked(server, headers, chunks, trailer)))


CHUNKS = [b"a" * 65536, b"b" * 65536, b"the rest"]
CRC = "x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(b"".join(CHUNKS)).to_bytes(4, "big")).decode()


def test_signed_chunks(server, bucket):
    assert put_chunked(server, f"/{bucket}/chunks", CHUNKS)[0] == 200
    answer = server.client("s3").get_object(Bucket=bucket, Key="chunks")
    assert answer["Body"].read() == b"".join(CHUNKS)
    assert "ContentEncoding" not in answer


def test_signed_chunks_with_a_trailer(server, bucket):
    assert put_chunked(server, f"/{bucket}/trailer", CHUNKS, StreamingTrailer, CRC) == (200, "")
    head = server.client("s3").head_object(Bucket=bucket, Key="trailer", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == CRC.split(":")[1]


def test_no_chunks_at_all(server, bucket):
    assert put_chunked(server, f"/{bucket}/nothing", [])[0] == 200
    assert server.client("s3").get_object(Bucket=bucket, Key="nothing")["Body"].read() == b""


@pytest.mark.parametrize("change, wanted", [
    (lambda body: body.replace(b"bbb", b"bxb", 1), "SignatureDoesNotMatch"),
    (lambda body: body[:-100], "IncompleteBody"),
    (lambda body: body.replace(b"the rest", b"the rest and more"), "InvalidRequest"),
    (lambda body: b"zz" + body, "InvalidRequest"),
    (lambda body: body + b"more", "InvalidRequest"),
    (lambda body: b"\r\n" * 100000, "InvalidRequest"),
    (lambda body: b"f" * 1000000, "InvalidRequest"),
    (lambda body: b"", "IncompleteBody"),
])
def test_broken_chunks(server, bucket, change, wanted):
    status, text = put_chunked(server, f"/{bucket}/broken", CHUNKS, change=change)
    assert status in (400, 403) and wanted in text
    assert code_of(lambda: server.client("s3").get_object(Bucket=bucket, Key="broken")) == "NoSuchKey"


def test_broken_trailers(server, bucket):
    path = f"/{bucket}/broken-trailer"
    wrong = "x-amz-checksum-crc32:AAAAAA=="
    assert "SignatureDoesNotMatch" in put_chunked(server, path, CHUNKS, StreamingTrailer, CRC,
                                                  lambda body: body.replace(CRC.encode(), wrong.encode()))[1]
    assert "SignatureDoesNotMatch" in put_chunked(server, path, CHUNKS, StreamingTrailer, CRC,
                                                  lambda body: body[:body.index(b"x-amz-trailer-sig")] + b"\r\n")[1]
    status, text = put_chunked(server, path, CHUNKS, StreamingTrailer, wrong)
    assert status == 400 and "BadDigest" in text
    assert "IncompleteBody" in put_chunked(server, path, CHUNKS, StreamingTrailer, CRC, length=7)[1]
    assert code_of(lambda: server.client("s3").get_object(Bucket=bucket, Key="broken-trailer")) == "NoSuchKey"


def test_unsigned_chunks_with_a_trailer(server, bucket):
    """What boto3 sends over HTTPS; here by hand, the payload's hash says it."""
    class Unsigned(Streaming):
        hash_name = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    data = b"".join(CHUNKS)
    body = f"{len(data):x}\r\n".encode() + data + f"\r\n0\r\n{CRC}\r\n\r\n".encode()
    assert put_chunked(server, f"/{bucket}/unsigned", CHUNKS, Unsigned, CRC, lambda _: body) == (200, "")
    assert server.client("s3").get_object(Bucket=bucket, Key="unsigned")["Body"].read() == data
    wrong = body.replace(b"the rest", b"the test")
    status, text = put_chunked(server, f"/{bucket}/unsigned", CHUNKS, Unsigned, CRC, lambda _: wrong)
    assert status == 400 and "BadDigest" in text
