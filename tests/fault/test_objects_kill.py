"""The object store under SIGKILL: writers put, overwrite, delete, upload in parts and commit while the server is killed at
random moments. After each restart every acknowledged object is there byte for byte, what was under way is there whole or
not at all, and no file is without a row.

WEIR_KILLS is the number of kills (default 12)."""
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import threading
import time
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from botocore.exceptions import BotoCoreError, ClientError

from conftest import Server

KILLS = int(os.environ.get("WEIR_KILLS", "12"))
WRITERS = 4
PART = 5 * 1024 * 1024
BUCKET = "fault"


class Unknown(Exception):
    """No answer: the request may have had its effect or not."""


class Writer(threading.Thread):
    """Works on keys of its own. `known` is what was acknowledged (key -> digest, absent: deleted), `pending` what was asked
    last without an answer: (key, digest or None). Its table is `committed`, one generation of files at a time."""

    def __init__(self, number, seed):
        super().__init__(daemon=True)
        self.number, self.random = number, random.Random(seed)
        self.known, self.pending = {}, None
        self.committed, self.pending_commit, self.generation = 0, None, 0
        self.operations, self.failure = 0, None

    def serve_with(self, server, s3):
        clone = Writer(self.number, self.random.random())
        clone.known, clone.committed, clone.generation = self.known, self.committed, self.generation
        clone.server, clone.s3 = server, s3
        return clone

    def run(self):
        try:
            while True:
                self.random.choice([self.put, self.put, self.put, self.delete, self.parts, self.commit])()
                self.operations += 1
        except Unknown:
            pass
        except Exception as error:  # the test shows it
            self.failure = error

    def call(self, function, **arguments):
        try:
            return function(Bucket=BUCKET, **arguments)
        except ClientError:
            raise
        except (BotoCoreError, OSError) as error:
            raise Unknown from error

    def body(self, most):
        return self.random.randbytes(self.random.choice([0, 1, 1000, self.random.randrange(most)]))

    def key(self):
        return f"w{self.number}/k{self.random.randrange(12)}"

    def acknowledge(self):
        key, digest = self.pending
        if digest is None:
            self.known.pop(key, None)
        else:
            self.known[key] = digest
        self.pending = None

    def put(self):
        key, body = self.key(), self.body(300_000)
        self.pending = key, hashlib.sha256(body).hexdigest()
        self.call(self.s3.put_object, Key=key, Body=body)
        self.acknowledge()

    def delete(self):
        self.pending = self.key(), None
        self.call(self.s3.delete_object, Key=self.pending[0])
        self.acknowledge()

    def parts(self):
        key, bodies = self.key(), [self.random.randbytes(PART), self.body(100_000)]
        upload = self.call(self.s3.create_multipart_upload, Key=key)["UploadId"]
        parts = []
        for number, body in enumerate(bodies, 1):
            part = self.call(self.s3.upload_part, Key=key, UploadId=upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": part["ETag"]})
        self.pending = key, hashlib.sha256(b"".join(bodies)).hexdigest()
        self.call(self.s3.complete_multipart_upload, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
        self.acknowledge()

    def commit(self):
        """The next generation of a table replaces the one before."""
        self.generation += 1
        stage = lake(self.server, "stage", target=f"s3://{BUCKET}/table{self.number}")
        names = [f"p={n % 3}/part-{n}" for n in range(self.random.randrange(1, 8))]
        for name in names:
            path = pathlib.Path(stage["folder"], name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{self.generation} {len(names)}")
        request = dict(id=stage["id"], how="overwrite", success_marker=True, outputs=[{"name": n, "rows": 1} for n in names])
        self.pending_commit = self.generation, request
        lake(self.server, "commit", **request)
        self.committed, self.pending_commit = self.generation, None


def lake(server, route, **body):
    """POST /_weir/lake/ROUTE, signed."""
    request = botocore.awsrequest.AWSRequest("POST", f"{server.endpoint}/_weir/lake/{route}", data=json.dumps(body),
                                             headers={"Content-Type": "application/json"})
    credentials = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.SigV4Auth(credentials, "weir", server.region).add_auth(request)
    sent = urllib.request.Request(request.url, data=request.data.encode(), headers=dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{route}: {error.code} {error.read()}") from error
    except (OSError, ValueError, EOFError, __import__("http").client.HTTPException) as error:
        raise Unknown from error


def stored(server):
    """What a client sees: key -> digest of the bytes, by listing and reading everything."""
    s3, seen = server.client("s3"), {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            assert len(body) == one["Size"], one["Key"]
            if "-" not in one["ETag"]:
                assert one["ETag"].strip('"') == hashlib.md5(body).hexdigest(), one["Key"]
            seen[one["Key"]] = body
    return seen


def check_objects(writer, seen):
    mine = {key: hashlib.sha256(body).hexdigest() for key, body in seen.items() if key.startswith(f"w{writer.number}/")}
    if writer.pending and mine.get(writer.pending[0]) == writer.pending[1]:
        writer.acknowledge()  # it had its effect: from now on it must stay
    assert mine == writer.known, f"writer {writer.number}: {set(mine.items()) ^ set(writer.known.items())}, under way {writer.pending}"


def table_generation(writer, seen):
    files = {key: body for key, body in seen.items() if key.startswith(f"table{writer.number}/")}
    if not files:
        return 0
    assert files.pop(f"table{writer.number}/_SUCCESS") == b""
    texts = set(files.values())
    assert len(texts) == 1, f"files of several generations: {files}"
    generation, count = map(int, texts.pop().split())
    assert len(files) == count, f"generation {generation} has {count} files, seen are {sorted(files)}"
    return generation


def check_table(server, writer, seen):
    generation = table_generation(writer, seen)
    allowed = {writer.committed} | ({writer.pending_commit[0]} if writer.pending_commit else set())
    assert generation in allowed
    if writer.pending_commit:  # what a driver does whose answer was lost: the same commit again
        lake(server, "commit", **writer.pending_commit[1])
        writer.committed = writer.pending_commit[0]
        assert table_generation(writer, stored(server)) == writer.committed


def check_files(server):
    with sqlite3.connect(f"file:{server.home}/control.db?mode=ro", uri=True) as db:
        known = {name for table in ("s3_object", "s3_part", "s3_garbage")
                 for (name,) in db.execute(f"SELECT file FROM {table} WHERE file IS NOT NULL")}
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    on_disk = {path.name for path in (server.home / "lake" / "objects").rglob("*") if path.is_file()}
    assert on_disk - known == set(), "files without rows"
    assert known - on_disk == set(), "rows without files"
    assert [path for path in (server.home / "lake" / "tmp").rglob("*") if path.is_file()] == []


def test_the_object_store_survives_sigkill(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    server = Server(tmp_path / "home")
    server.client("s3").create_bucket(Bucket=BUCKET)
    writers, operations = [Writer(number, seed + number) for number in range(WRITERS)], 0
    for _ in range(KILLS):
        s3 = server.client("s3")
        writers = [writer.serve_with(server, s3) for writer in writers]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.02, 0.9))
        server.kill()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive() and writer.failure is None, writer.failure
            operations += writer.operations
        server = Server(tmp_path / "home")
        check_files(server)
        seen = stored(server)
        for writer in writers:
            check_objects(writer, seen)
            check_table(server, writer, seen)
    check_files(server)
    assert server.stop() == 0
    print(KILLS, "kills,", operations, "operations acknowledged")
    assert operations > KILLS  # they did work
