"""Listings: order, prefixes, delimiters, pages. The trees and answers are those of ceph's s3-tests where they have them."""
import itertools

import pytest
from botocore.exceptions import ClientError

from test_s3_buckets import fails

counter = itertools.count()


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def tree(s3):
    """tree(*keys): a bucket with them."""
    def make(*keys):
        name = f"list-{next(counter)}"
        s3.create_bucket(Bucket=name)
        for key in keys:
            s3.put_object(Bucket=name, Key=key, Body=b"bar")
        return name
    return make


def shape(answer):
    return [one["Key"] for one in answer.get("Contents", [])], [one["Prefix"] for one in answer.get("CommonPrefixes", [])]


@pytest.mark.parametrize("keys, arguments, expected", [
    (["foo/bar", "foo/bar/xyzzy", "quux/thud", "asdf"], dict(Delimiter="/"), (["asdf"], ["foo/", "quux/"])),
    (["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla"], dict(Delimiter="/", Prefix="boo/"), (["boo/bar"], ["boo/baz/"])),
    (["asdf/"], dict(Delimiter="/"), ([], ["asdf/"])),
    (["asdf/"], dict(Delimiter="/", Prefix="asdf/"), (["asdf/"], [])),
    (["bar", "baz", "cab", "foo"], dict(Delimiter="a"), (["foo"], ["ba", "ca"])),
    (["b/a/c", "b/a/r", "b/a", "g", "g/foo"], dict(Delimiter="%"), (["b/a", "b/a/c", "b/a/r", "g", "g/foo"], [])),
    (["b a r", "b a z", "c a b", "foo"], dict(Delimiter=" "), (["foo"], ["b ", "c "])),
    (["b.ar", "b.az", "c.ab", "foo"], dict(Delimiter="."), (["foo"], ["b.", "c."])),
    (["bar", "baz"], dict(Delimiter=""), (["bar", "baz"], [])),
    (["foo/bar", "foo/baz", "quux"], dict(Prefix="foo/"), (["foo/bar", "foo/baz"], [])),
    (["foo/bar", "quux"], dict(Prefix=""), (["foo/bar", "quux"], [])),
    (["foo/bar"], dict(Prefix="d"), ([], [])),
    (["b/a/c", "b/a/g", "b/a/r", "g"], dict(Prefix="b/", Delimiter="d"), (["b/a/c", "b/a/g", "b/a/r"], [])),
    (["ü/ö/1", "ü/ä", "z"], dict(Prefix="ü/", Delimiter="/"), (["ü/ä"], ["ü/ö/"])),
    (["0/", "0/1", "0+", "0-"], dict(Delimiter="/"), (["0+", "0-"], ["0/"])),
])
def test_prefix_and_delimiter(s3, tree, keys, arguments, expected):
    name = tree(*keys)
    assert shape(s3.list_objects(Bucket=name, **arguments)) == expected
    assert shape(s3.list_objects_v2(Bucket=name, **arguments)) == expected
    versions = s3.list_object_versions(Bucket=name, **arguments)
    assert ([one["Key"] for one in versions.get("Versions", [])],
            [one["Prefix"] for one in versions.get("CommonPrefixes", [])]) == expected


def test_order_is_by_bytes(s3, tree):
    keys = ["Z", "a", "a-", "a/", "aa", "ä", "\uffee", "\U0001f600"]
    name = tree(*reversed(keys))
    assert shape(s3.list_objects_v2(Bucket=name))[0] == sorted(keys, key=str.encode)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages(s3, tree, size):
    keys = ["a", "b/1", "b/2", "c/1", "c/2/x", "d"]
    name = tree(*keys)
    for operation in ("list_objects", "list_objects_v2"):
        for delimiter, expected in (("", (keys, [])), ("/", (["a", "d"], ["b/", "c/"]))):
            found = [], []
            pages = s3.get_paginator(operation).paginate(Bucket=name, Delimiter=delimiter, PaginationConfig={"PageSize": size})
            for page in pages:
                contents, prefixes = shape(page)
                assert len(contents) + len(prefixes) <= size
                found[0].extend(contents), found[1].extend(prefixes)
            assert found == expected, (operation, delimiter)


def test_what_a_page_says(s3, tree):
    name = tree("a", "b", "c")
    page = s3.list_objects_v2(Bucket=name, MaxKeys=2, FetchOwner=True)
    assert (page["IsTruncated"], page["KeyCount"], page["MaxKeys"], page["Name"]) == (True, 2, 2, name)
    one = page["Contents"][0]
    assert (one["Size"], one["ETag"], one["StorageClass"]) == (3, '"37b51d194a7513e45b56f6524f2d51f2"', "STANDARD")
    assert one["Owner"]["ID"] and "Owner" not in s3.list_objects_v2(Bucket=name)["Contents"][0]
    rest = s3.list_objects_v2(Bucket=name, ContinuationToken=page["NextContinuationToken"])
    assert shape(rest)[0] == ["c"] and rest["IsTruncated"] is False and "NextContinuationToken" not in rest
    assert shape(s3.list_objects_v2(Bucket=name, StartAfter="a"))[0] == ["b", "c"]
    assert shape(s3.list_objects_v2(Bucket=name, StartAfter="aa"))[0] == ["b", "c"]
    assert shape(s3.list_objects(Bucket=name, Marker="b"))[0] == ["c"]
    assert s3.list_objects_v2(Bucket=name, MaxKeys=0).get("KeyCount") == 0
    assert s3.list_objects_v2(Bucket=name, MaxKeys=5000)["MaxKeys"] == 1000
    assert s3.list_objects(Bucket=name, MaxKeys=2, Delimiter="/")["NextMarker"] == "b"


def test_wrong_questions(s3, tree):
    name = tree("a")
    fails(404, "NoSuchBucket", s3.list_objects_v2, Bucket="no-such-bucket-here")
    fails(400, "InvalidArgument", s3.list_objects_v2, Bucket=name, ContinuationToken="nonsense!")
    fails(400, "InvalidArgument", s3.list_objects_v2, Bucket=name, MaxKeys=-1)
    fails(400, "InvalidArgument", s3.list_object_versions, Bucket=name, VersionIdMarker="x")
    with pytest.raises(ClientError):
        s3.list_objects_v2(Bucket=name, EncodingType="base64")


def test_a_folder_costs_one_step_however_much_is_in_it(s3, tree, server):
    name = tree("a/0", "b")
    import sqlite3
    db = sqlite3.connect(server.home / "control.db", timeout=30)
    with db:
        db.executemany("INSERT INTO s3_object(bucket, key, seq, version_id, latest, file, modified_ms) VALUES(?,?,1,'null',1,?,0)",
                       ((name, f"a/{n:06}", f"none-{n}") for n in range(1, 30_000)))
    import time
    start = time.monotonic()
    assert shape(s3.list_objects_v2(Bucket=name, Delimiter="/")) == (["b"], ["a/"])
    assert time.monotonic() - start < 0.5
    with db:
        db.execute("DELETE FROM s3_object WHERE bucket=? AND file LIKE 'none-%'", (name,))
    db.close()
