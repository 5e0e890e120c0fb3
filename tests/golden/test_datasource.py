"""Readers and writers as DataFrames use them: datasource/cases.py on a `weir connect`, against the answers of real Spark 4.1.1."""
import json
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "datasource"))
sys.path.insert(0, str(HERE.parent / "e2e"))

from answer import answer  # noqa: E402
from cases import CASES  # noqa: E402
from connect_fixtures import connect, start_connect  # noqa: E402, F401

ANSWERS = json.loads((HERE / "datasource" / "answers.json").read_text())


@pytest.fixture(scope="module")
def session(connect):  # noqa: F811
    session = connect.session()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


@pytest.mark.parametrize("name", CASES)
def test_answers_as_spark(name, session, tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    assert answer(CASES[name], session, str(folder)) == ANSWERS[name]


def broken(content, seed):
    """Bytes changed, cut off or repeated."""
    random = __import__("random").Random(seed)
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 3, 20))):
        at = random.choice((random.randrange(len(data)), len(data) - 1 - random.randrange(min(400, len(data)))))
        kind = random.randrange(4)
        if kind == 0:
            data[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        elif kind == 1:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 2 and len(data) > 64:
            del data[at:at + random.randrange(1, 32)]
        else:
            data[at:at] = data[at:at + random.randrange(1, 16)]
    return bytes(data)


def test_broken_files_are_errors_or_rows(session, tmp_path):
    """ORC and Avro files with wrong bytes: an error of Spark's, or rows; never a server that is gone."""
    import base64
    import os
    from cases import ALL_TYPES
    kept = json.loads((HERE / "datasource" / "files.json").read_text())
    files = {name: base64.b64decode(next(iter(kept[name].values()))) for name in ("orc_none", "orc_zlib", "orc_old", "orc_dictionary", "orc_many")}
    session.sql(ALL_TYPES).write.format("avro").option("compression", "uncompressed").save(f"{tmp_path}/avro")
    path = [n for n in os.listdir(tmp_path / "avro") if n.startswith("part-")][0]
    files["avro"] = (tmp_path / "avro" / path).read_bytes()
    wrong = 0
    for name, content in files.items():
        for seed in range(int(os.environ.get("WEIR_BROKEN_FILES", "6"))):
            folder = tmp_path / f"{name}-{seed}"
            folder.mkdir()
            (folder / "a").write_bytes(broken(content, seed))
            try:
                data = session.read.format(name.split("_")[0]).load(str(folder))
                data.selectExpr(*[f"count(hash(to_json(struct(`{c}`))))" for c in data.columns]).collect()
            except Exception as error:
                assert hasattr(error, "getCondition"), error
                wrong += 1
    assert wrong > 5 and session.range(3).count() == 3


@pytest.mark.parametrize("format, option, value", [
    ("parquet", "datetimeRebaseMode", "LEGACY"), ("parquet", "int96RebaseMode", "LEGACY"), ("avro", "ignoreExtension", "false"),
    ("avro", "enableStableIdentifiersForUnionType", "true"), ("avro", "recursiveFieldMaxDepth", "3"), ("avro", "avroSchemaUrl", "file:///x"),
    ("csv", "enableDateTimeParsingFallback", "true"), ("json", "enableDateTimeParsingFallback", "true"),
    ("json", "writeNonAsciiCharacterAsCodePoint", "true"), ("csv", "extension", "tsv")])
def test_options_that_are_refused(format, option, value, session, tmp_path):
    """What would change the answer and is not done is refused by name, by readers and writers."""
    folder = str(tmp_path / "d")
    session.range(2).write.format(format).save(folder)
    for run in (lambda: session.read.format(format).option(option, value).load(folder).collect(),
                lambda: session.range(2).write.format(format).option(option, value).save(folder + "2")):
        with pytest.raises(Exception) as caught:
            run()
        assert caught.value.getCondition().startswith("UNSUPPORTED_FEATURE") and option in str(caught.value)
