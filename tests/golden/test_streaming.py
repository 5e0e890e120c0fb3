"""Streaming jobs against what real Hadoop streaming (local mode) wrote, part file by part file: tools/golden streaming."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "streaming"))
import streaming_jobs as jobs  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
WEIR = pathlib.Path(os.environ.get("WEIR_BUILD", TOP / "build" / "release")) / "weir"
EXPECTED = json.loads((pathlib.Path(__file__).parent / "streaming/expected.json").read_text())


@pytest.mark.parametrize("name", jobs.JOBS)
def test_equals_hadoop(name, tmp_path):
    jobs.make_inputs(tmp_path)
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | {"WEIR_HOME": str(tmp_path / "home")}
    done = subprocess.run([WEIR, "hadoop", "jar", "/usr/lib/hadoop/hadoop-streaming.jar", *jobs.JOBS[name], "-output", "out"],
                          cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    want = EXPECTED[name]
    assert done.returncode == want["exit"], done.stderr
    assert jobs.outputs(tmp_path / "out") == want["outputs"], done.stderr
    for line in want["errors"]:
        assert line.replace("file:FOLDER/", f"file:{tmp_path}/") in done.stderr
    if not want["exit"]:
        assert jobs.counters(done.stderr) == want["counters"]
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".weir")]
    assert left == []
