"""Objects: put, get, ranges, conditions, checksums, copies, deletes, tags. After the S3 API Reference and ceph's s3-tests."""
import base64
import concurrent.futures
import datetime
import hashlib
import http.client
import itertools
import urllib.error
import urllib.request
import zlib

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from test_s3_buckets import fails

counter = itertools.count()


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"objects-{next(counter)}"
    s3.create_bucket(Bucket=name)
    return name


def read(s3, bucket, key, **arguments):
    return s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()


@pytest.mark.parametrize("key", ["plain", "a/b/c", "/lead", "trail/", "sp ace", "ünï", "a+b", "a%2Fb", "a//b", "..", "./x", "\u65e5\u672c",
                                 "q?x=1&y", "#h", "'\"<&>", "x" * 1024, "~!@$^*()_-=[]{}|;:,."])
def test_any_key(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert read(s3, bucket, key) == key.encode()
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_key_that_is_too_long(s3, bucket):
    fails(400, "KeyTooLongError", s3.put_object, Bucket=bucket, Key="x" * 1025)


def test_what_describes_an_object_comes_back(s3, bucket):
    given = dict(CacheControl="no-cache", ContentDisposition="attachment", ContentEncoding="gzip", ContentLanguage="de",
                 ContentType="text/x", Metadata={"a-b": "1", "c": "two words"}, StorageClass="STANDARD_IA",
                 WebsiteRedirectLocation="/x")
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", Tagging="t=1&u=a%20b", **given)
    assert put["ETag"] == '"900150983cd24fb0d6963f7d28e17f72"'
    for got in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        assert {name: got[name] for name in given} == given
        assert got["ContentLength"] == 3 and got["TagCount"] == 2 and got["ETag"] == put["ETag"]
        assert abs((datetime.datetime.now(datetime.timezone.utc) - got["LastModified"]).total_seconds()) < 60
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "t", "Value": "1"}, {"Key": "u", "Value": "a b"}]
    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="a/b", ResponseCacheControl="x", ResponseContentLanguage="en")
    assert (got["ContentType"], got["CacheControl"], got["ContentLanguage"]) == ("a/b", "x", "en")
    s3.put_object(Bucket=bucket, Key="k", Body=b"")  # replaced whole: nothing of the old stays
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"" and got["Metadata"] == {} and got["ContentType"] == "binary/octet-stream"


def test_too_much_metadata(s3, bucket):
    fails(400, "MetadataTooLarge", s3.put_object, Bucket=bucket, Key="k", Metadata={"a": "x" * 2048})


@pytest.mark.parametrize("asked, expected", [
    ("bytes=0-0", (0, 1)), ("bytes=4-7", (4, 8)), ("bytes=4-", (4, 11)), ("bytes=-3", (8, 11)), ("bytes=-100", (0, 11)),
    ("bytes=8-100", (8, 11)), ("bytes=0-10", (0, 11))])
def test_ranges(s3, bucket, asked, expected):
    body = b"hello world"
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    start, end = expected
    assert got["Body"].read() == body[start:end]
    assert got["ContentRange"] == f"bytes {start}-{end - 1}/11" and got["ContentLength"] == end - start
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=bucket, Key="k", Range=asked)["ContentLength"] == end - start


def test_ranges_that_cannot_be(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert fails(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="k", Range="bytes=5-")["ActualObjectSize"] == "5"
    fails(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="k", Range="bytes=-0")
    fails(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-0")
    assert read(s3, bucket, "k", Range="bytes=3-1") == b"hello"  # no range at all
    assert read(s3, bucket, "k", Range="lines=0-1") == b"hello"
    assert read(s3, bucket, "k", PartNumber=1) == b"hello"
    fails(416, "InvalidPartNumber", s3.get_object, Bucket=bucket, Key="k", PartNumber=2)
    fails(400, "InvalidRequest", s3.get_object, Bucket=bucket, Key="k", PartNumber=1, Range="bytes=0-1")


def test_conditional_reads(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    past, future = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=h) for h in (-1, 1))
    good = [dict(IfMatch=etag), dict(IfMatch="*"), dict(IfMatch=f'"zz", {etag}'), dict(IfNoneMatch='"zz"'),
            dict(IfModifiedSince=past), dict(IfUnmodifiedSince=future), dict(IfMatch=etag, IfUnmodifiedSince=past),
            dict(IfNoneMatch='"zz"', IfModifiedSince=future)]
    for condition in good:
        assert read(s3, bucket, "k", **condition) == b"x", condition
    for condition in [dict(IfNoneMatch=etag), dict(IfModifiedSince=future), dict(IfNoneMatch=etag, IfModifiedSince=past)]:
        fails(304, "304", s3.get_object, Bucket=bucket, Key="k", **condition)
        fails(304, "304", s3.head_object, Bucket=bucket, Key="k", **condition)
    for condition in [dict(IfMatch='"zz"'), dict(IfUnmodifiedSince=past), dict(IfMatch='"zz"', IfUnmodifiedSince=future)]:
        fails(412, "PreconditionFailed", s3.get_object, Bucket=bucket, Key="k", **condition)


def test_conditional_writes(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    fails(412, "PreconditionFailed", s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)["ETag"]
    fails(412, "PreconditionFailed", s3.put_object, Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
    fails(404, "NoSuchKey", s3.put_object, Bucket=bucket, Key="none", Body=b"3", IfMatch=first)
    fails(412, "PreconditionFailed", s3.delete_object, Bucket=bucket, Key="k", IfMatch=first)
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=second)


def test_one_of_many_writers_wins(s3, bucket, server):
    def write(number):
        try:
            server.client("s3").put_object(Bucket=bucket, Key="raced", Body=b"%d" % number, IfNoneMatch="*")
            return number
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        won = [number for number in pool.map(write, range(6)) if number is not None]
    assert len(won) == 1 and read(s3, bucket, "raced") == b"%d" % won[0]


def test_a_reader_sees_one_body_or_the_other(s3, bucket, server):
    bodies = [bytes([65 + n]) * 300_000 for n in range(4)]
    s3.put_object(Bucket=bucket, Key="k", Body=bodies[0])

    def write(body):
        for _ in range(4):
            server.client("s3").put_object(Bucket=bucket, Key="k", Body=body)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, body) for body in bodies]
        while not all(writer.done() for writer in writers):
            assert read(s3, bucket, "k") in bodies
        for writer in writers:
            writer.result()


@pytest.mark.parametrize("algorithm, of_abc", [
    ("CRC32", base64.b64encode(zlib.crc32(b"abc").to_bytes(4, "big")).decode()), ("CRC32C", "Nks/tw=="),
    ("SHA1", base64.b64encode(hashlib.sha1(b"abc").digest()).decode()),
    ("SHA256", base64.b64encode(hashlib.sha256(b"abc").digest()).decode()), ("CRC64NVME", "BeXKuz/B+us=")])
def test_checksums(s3, bucket, algorithm, of_abc):
    member = f"Checksum{algorithm}"
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", **{member: of_abc})
    assert put[member] == of_abc and put["ChecksumType"] == "FULL_OBJECT"
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == of_abc
    assert member not in s3.head_object(Bucket=bucket, Key="k")
    wrong = base64.b64encode(bytes(len(base64.b64decode(of_abc)))).decode()
    fails(400, "BadDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"xyz", **{member: wrong})
    fails(400, "InvalidRequest", s3.put_object, Bucket=bucket, Key="k", Body=b"xyz", **{member: "AAAA"})
    assert read(s3, bucket, "k") == b"abc"
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"])
    assert attributes["Checksum"][member] == of_abc and attributes["ObjectSize"] == 3
    assert attributes["StorageClass"] == "STANDARD" and attributes["ETag"] == hashlib.md5(b"abc").hexdigest()


def test_without_a_checksum_there_is_one(server, bucket):
    s3 = server.client("s3", config=Config(request_checksum_calculation="when_required"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == "BeXKuz/B+us="


class UnsignedTrailer(botocore.auth.S3SigV4Auth):
    def payload(self, request):
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.mark.parametrize("checksum, status", [("NSRBwg==", 200), ("AAAAAA==", 400)])
def test_a_checksum_that_comes_behind_the_body(server, s3, bucket, checksum, status):
    """As SDKs send over TLS: aws-chunked, unsigned, the checksum in the trailer."""
    headers = {"Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": "3",
               "Content-Type": "text/x"}
    request = botocore.awsrequest.AWSRequest("PUT", f"{server.endpoint}/{bucket}/k", headers=headers)
    UnsignedTrailer(botocore.credentials.Credentials(server.access_key, server.secret_key), "s3", server.region).add_auth(request)
    body = f"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("PUT", f"/{bucket}/k", body, dict(request.headers))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == status, text
    if status == 200:
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (got["Body"].read(), got["ChecksumCRC32"], got["ContentType"]) == (b"abc", checksum, "text/x")
        assert "ContentEncoding" not in got
    else:
        assert b"<Code>BadDigest</Code>" in text
        fails(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")


def test_content_md5(s3, bucket):
    md5 = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentMD5=md5)
    fails(400, "BadDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"abd", ContentMD5=md5)
    fails(400, "InvalidDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"abc", ContentMD5="short")


def test_copies(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"abc", Metadata={"m": "1"}, ContentType="x/y", Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b/ü"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert copied["CopyObjectResult"]["ETag"] == got["ETag"]
    assert (got["Body"].read(), got["Metadata"], got["ContentType"], got["TagCount"]) == (b"abc", {"m": "1"}, "x/y", 1)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"},
                   TaggingDirective="REPLACE", Tagging="u=2")
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert got["Metadata"] == {"n": "2"} and got["ContentType"] == "binary/octet-stream"
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "u", "Value": "2"}]
    s3.delete_object(Bucket=bucket, Key="a b/ü")
    assert read(s3, bucket, "copy") == b"abc"  # they shared a file
    fails(404, "NoSuchKey", s3.copy_object, Bucket=bucket, Key="x", CopySource=source)
    fails(404, "NoSuchBucket", s3.copy_object, Bucket=bucket, Key="x", CopySource="no-such-bucket-here/k")
    fails(400, "InvalidRequest", s3.copy_object, Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "copy"})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "copy"}, MetadataDirective="REPLACE",
                   Metadata={"o": "3"})
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"o": "3"}


def test_conditional_copies(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"abc")["ETag"]
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, CopySourceIfMatch=etag)
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, CopySourceIfNoneMatch='"zz"')
    fails(412, "PreconditionFailed", s3.copy_object, Bucket=bucket, Key="b", CopySource=source, CopySourceIfMatch='"zz"')
    fails(412, "PreconditionFailed", s3.copy_object, Bucket=bucket, Key="b", CopySource=source, CopySourceIfNoneMatch=etag)


def test_deletes(s3, bucket):
    s3.delete_object(Bucket=bucket, Key="never-there")
    fails(404, "NoSuchBucket", s3.delete_object, Bucket="no-such-bucket-here", Key="k")
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}")
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k0"}, {"Key": "k1"}, {"Key": "none"}]})
    assert sorted(one["Key"] for one in done["Deleted"]) == ["k0", "k1", "none"] and "Errors" not in done
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k2"}, {"Key": "k3", "ETag": '"zz"'}], "Quiet": True})
    assert "Deleted" not in done and done["Errors"][0]["Code"] == "PreconditionFailed" and done["Errors"][0]["Key"] == "k3"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k3", "k4"]
    fails(400, "MalformedXML", s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": str(n)} for n in range(1001)]})


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b/c", "Value": "ü ="}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    many = [{"Key": str(n), "Value": "v"} for n in range(11)]
    fails(400, "BadRequest", s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": many})
    fails(400, "InvalidTag", s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a" * 129, "Value": ""}]})
    fails(400, "InvalidTag", s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]})
    fails(404, "NoSuchKey", s3.get_object_tagging, Bucket=bucket, Key="none")


def test_presigned(server, bucket):
    s3 = server.client("s3", config=Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
    urllib.request.urlopen(urllib.request.Request(url, data=b"signed", method="PUT")).read()
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b", "ResponseContentType": "x/y"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"signed" and answer.headers["Content-Type"] == "x/y"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("a%20b", "other"))
    assert caught.value.code == 403


def test_a_large_object_streams(s3, bucket):
    body = bytes(range(256)) * 80_000  # 20 MB
    put = s3.put_object(Bucket=bucket, Key="large", Body=body)
    assert put["ETag"].strip('"') == hashlib.md5(body).hexdigest()
    assert read(s3, bucket, "large") == body
