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
