"""Uploads in parts, and the aws CLI's cp, sync, ls, rm and mv, which use them."""
import base64
import hashlib
import itertools
import os
import zlib

import pytest
from botocore.config import Config

from test_s3_buckets import fails

PART = 5 * 1024 * 1024
counter = itertools.count()


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"multipart-{next(counter)}"
    s3.create_bucket(Bucket=name)
    return name


def upload(s3, bucket, key, bodies, numbers=None, **arguments):
    """Creates an upload and sends the parts; its id and the list for the completion."""
    made = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)
    parts = []
    for number, body in zip(numbers or itertools.count(1), bodies):
        part = s3.upload_part(Bucket=bucket, Key=key, UploadId=made["UploadId"], PartNumber=number, Body=body,
                              **({"ChecksumAlgorithm": arguments["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in arguments else {}))
        parts.append({"PartNumber": number, **{k: v for k, v in part.items() if k == "ETag" or k.startswith("Checksum")}})
    return made["UploadId"], parts


def complete(s3, bucket, key, upload_id, parts, **arguments):
    return s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}, **arguments)


def test_parts_become_an_object(s3, bucket):
    bodies = [b"a" * PART, b"b" * PART, b"c" * 10]
    upload_id, parts = upload(s3, bucket, "k", bodies, numbers=[2, 5, 9999], ContentType="x/y", Metadata={"m": "1"}, Tagging="t=1")
    fails(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")
    done = complete(s3, bucket, "k", upload_id, parts)
    digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    assert done["ETag"] == f'"{digest}-3"' and done["Bucket"] == bucket and done["Location"].endswith(f"/{bucket}/k")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"".join(bodies) and got["ETag"] == done["ETag"]
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("x/y", {"m": "1"}, 1)
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert second["Body"].read() == bodies[1] and second["PartsCount"] == 3
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=3)["ContentLength"] == 10
    assert complete(s3, bucket, "k", upload_id, parts)["ETag"] == done["ETag"]  # the answer was lost: asked again
    fails(404, "NoSuchUpload", s3.abort_multipart_upload, Bucket=bucket, Key="k", UploadId=upload_id)
    fails(404, "NoSuchUpload", s3.list_parts, Bucket=bucket, Key="k", UploadId=upload_id)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    assert s3.head_object(Bucket=bucket, Key="copy")["ETag"] == f'"{hashlib.md5(b"".join(bodies)).hexdigest()}"'


def test_a_part_sent_again_replaces_the_first(s3, bucket):
    upload_id, _ = upload(s3, bucket, "k", [b"old"])
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=b"new")
    complete(s3, bucket, "k", upload_id, [{"PartNumber": 1, "ETag": part["ETag"]}])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_completions_that_are_refused(s3, bucket):
    upload_id, parts = upload(s3, bucket, "k", [b"small", b"b"])
    small = fails(400, "EntityTooSmall", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id, parts=parts)
    assert small["MinSizeAllowed"] == "5242880" and small["ProposedSize"] == "5" and small["PartNumber"] == "1"
    fails(400, "InvalidPartOrder", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id, parts=parts[::-1])
    fails(400, "InvalidPart", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id,
          parts=[{"PartNumber": 3, "ETag": parts[0]["ETag"]}])
    fails(400, "InvalidPart", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id,
          parts=[{"PartNumber": 1, "ETag": '"%s"' % ("0" * 32)}])
    fails(400, "MalformedXML", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id, parts=[])
    fails(404, "NoSuchUpload", complete, s3=s3, bucket=bucket, key="k", upload_id="none", parts=parts[:1])
    fails(404, "NoSuchUpload", complete, s3=s3, bucket=bucket, key="other", upload_id=upload_id, parts=parts[:1])
    fails(400, "InvalidArgument", s3.upload_part, Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=10001, Body=b"")
    fails(404, "NoSuchUpload", s3.upload_part, Bucket=bucket, Key="k", UploadId="none", PartNumber=1, Body=b"")
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    fails(412, "PreconditionFailed", complete, s3=s3, bucket=bucket, key="k", upload_id=upload_id, parts=parts[:1], IfNoneMatch="*")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload_id)
    fails(404, "NoSuchUpload", s3.abort_multipart_upload, Bucket=bucket, Key="k", UploadId=upload_id)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


@pytest.mark.parametrize("algorithm, kind", [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("SHA256", "COMPOSITE")])
def test_checksums_of_parts(s3, bucket, algorithm, kind):
    bodies = [os.urandom(PART), b"tail"]
    member = f"Checksum{algorithm}"
    upload_id, parts = upload(s3, bucket, "k", bodies, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    done = complete(s3, bucket, "k", upload_id, parts)
    s3.put_object(Bucket=bucket, Key="whole", Body=b"".join(bodies), ChecksumAlgorithm=algorithm)
    if kind == "FULL_OBJECT":
        expected = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")[member]
    else:
        digest = {"CRC32": lambda b: zlib.crc32(b).to_bytes(4, "big"), "SHA256": lambda b: hashlib.sha256(b).digest()}[algorithm]
        expected = base64.b64encode(digest(b"".join(map(digest, bodies)))).decode() + "-2"
    assert done[member] == expected and done["ChecksumType"] == kind
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == expected
    listed = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert listed["TotalPartsCount"] == 2 and [part[member] for part in listed["Parts"]] == [part[member] for part in parts]


def test_crc64nvme_of_parts_that_came_without(server, bucket):
    s3 = server.client("s3", config=Config(request_checksum_calculation="when_required"))
    bodies = [os.urandom(PART), b"tail"]
    for key, arguments in (("named", dict(ChecksumAlgorithm="CRC64NVME")), ("unnamed", {})):
        made = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
        parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket=bucket, Key=key, UploadId=made, PartNumber=n, Body=body)["ETag"]}
                 for n, body in enumerate(bodies, 1)]
        done = complete(s3, bucket, key, made, parts)
        s3.put_object(Bucket=bucket, Key="whole", Body=b"".join(bodies))
        whole = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")["ChecksumCRC64NVME"]
        assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_checksum_choices_that_do_not_exist(s3, bucket):
    fails(400, "InvalidRequest", s3.create_multipart_upload, Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    upload_id, _ = upload(s3, bucket, "k", [], ChecksumAlgorithm="SHA256")
    fails(400, "InvalidRequest", s3.upload_part, Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=b"x",
          ChecksumAlgorithm="CRC32")


def test_parts_are_listed(s3, bucket):
    upload_id, parts = upload(s3, bucket, "k", [b"1", b"22", b"333"])
    page = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload_id, MaxParts=2)
    assert [part["Size"] for part in page["Parts"]] == [1, 2] and page["IsTruncated"] and page["NextPartNumberMarker"] == 2
    page = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload_id, PartNumberMarker=2)
    assert [(part["PartNumber"], part["ETag"]) for part in page["Parts"]] == [(3, parts[2]["ETag"])]


def test_uploads_are_listed(s3, bucket):
    ids = {key: s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ["a", "b/1", "b/2", "c"]}
    listed = s3.list_multipart_uploads(Bucket=bucket)
    assert {one["Key"]: one["UploadId"] for one in listed["Uploads"]} == ids
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [one["Key"] for one in rolled["Uploads"]] == ["a", "c"] and rolled["CommonPrefixes"] == [{"Prefix": "b/"}]
    again = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    seen = []
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}):
        seen += [one["UploadId"] for one in page["Uploads"]]
    assert sorted(seen) == sorted([*ids.values(), again]) and seen[:2] == [ids["a"], again]


def test_parts_by_copy(s3, bucket):
    source = os.urandom(PART + 100)
    s3.put_object(Bucket=bucket, Key="src ü", Body=source)
    upload_id, _ = upload(s3, bucket, "k", [])
    copy = dict(Bucket=bucket, Key="k", UploadId=upload_id, CopySource={"Bucket": bucket, "Key": "src ü"})
    parts = []
    for number, asked in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART}-{PART + 99}")):
        result = s3.upload_part_copy(PartNumber=number, CopySourceRange=asked, **copy)["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": result["ETag"]})
    fails(400, "InvalidArgument", s3.upload_part_copy, PartNumber=3, CopySourceRange=f"bytes=0-{PART + 100}", **copy)
    fails(400, "InvalidArgument", s3.upload_part_copy, PartNumber=3, CopySourceRange="bytes=0-", **copy)
    complete(s3, bucket, "k", upload_id, parts)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == source


def test_no_file_is_left_behind(start_server):
    server = start_server()
    s3 = server.client("s3", config=Config(request_checksum_calculation="when_required"))
    s3.create_bucket(Bucket="leaks")
    upload_id, parts = upload(s3, "leaks", "k", [b"a" * PART, b"b"])
    complete(s3, "leaks", "k", upload_id, parts)
    upload(s3, "leaks", "k", [b"x"])
    s3.put_object(Bucket="leaks", Key="k2", Body=b"1")
    s3.put_object(Bucket="leaks", Key="k2", Body=b"2")
    fails(412, "PreconditionFailed", s3.put_object, Bucket="leaks", Key="k2", Body=b"3", IfNoneMatch="*")
    import sqlite3
    with sqlite3.connect(f"file:{server.home}/control.db?mode=ro", uri=True) as db:
        known = {name for table in ("s3_object", "s3_part", "s3_garbage") for (name,) in db.execute(f"SELECT file FROM {table}")}
    on_disk = {path.name for path in (server.home / "lake" / "objects").rglob("*") if path.is_file()}
    assert on_disk == known and len(known) == 6  # k, its two old parts, the part under way, k2 and the k2 before
    assert [path for path in (server.home / "lake" / "tmp").rglob("*") if path.is_file()] == []


# --- the aws CLI ---

def test_cli_copies_a_large_file_in_parts(server, bucket, tmp_path):
    large = tmp_path / "large"
    block = os.urandom(1 << 20)
    large.write_bytes(b"".join(bytes([n]) + block[1:] for n in range(100)))
    server.aws("s3", "cp", str(large), f"s3://{bucket}/in/large", "--no-progress")
    assert server.client("s3").head_object(Bucket=bucket, Key="in/large")["ETag"].endswith('-13"')
    server.aws("s3", "cp", f"s3://{bucket}/in/large", str(tmp_path / "back"), "--no-progress")
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    server.aws("s3", "mv", f"s3://{bucket}/in/large", f"s3://{bucket}/moved", "--no-progress")  # in parts, by copy
    assert server.aws("s3", "ls", f"s3://{bucket}/", "--recursive").stdout.split()[2:] == ["104857600", "moved"]


def test_cli_syncs_folders(server, bucket, tmp_path):
    for name in ("a.txt", "sub/b.txt", "sub/sp ace.txt"):
        (tmp_path / "up" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "up" / name).write_text(name)
    server.aws("s3", "sync", str(tmp_path / "up"), f"s3://{bucket}/x", "--no-progress")
    assert server.aws("s3", "sync", str(tmp_path / "up"), f"s3://{bucket}/x", "--no-progress").stdout == ""
    assert server.aws("s3", "ls", f"s3://{bucket}/x/").stdout.split()[:2] == ["PRE", "sub/"]
    server.aws("s3", "sync", f"s3://{bucket}/x", str(tmp_path / "down"), "--no-progress")
    assert (tmp_path / "down" / "sub" / "sp ace.txt").read_text() == "sub/sp ace.txt"
    server.aws("s3", "rm", f"s3://{bucket}/x/sub", "--recursive")
    assert server.aws("s3", "ls", f"s3://{bucket}/", "--recursive").stdout.split()[-1] == "x/a.txt"
    server.aws("s3", "rb", f"s3://{bucket}", "--force")
    assert server.aws("s3", "ls", f"s3://{bucket}", check=False).returncode != 0
