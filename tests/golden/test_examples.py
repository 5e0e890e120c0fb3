"""The programs of Hadoop's examples JAR against what real Hadoop (local mode) wrote and printed: tools/golden examples."""
import json
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "streaming"), str(HERE / "examples")]
import example_jobs as jobs  # noqa: E402
import streaming_jobs  # noqa: E402

WEIR = pathlib.Path(os.environ.get("WEIR_BUILD", HERE.parents[1] / "build" / "release")) / "weir"
EXPECTED = json.loads((HERE / "examples/expected.json").read_text())


@pytest.mark.parametrize("name", jobs.JOBS)
def test_equals_hadoop(name, tmp_path):
    streaming_jobs.make_inputs(tmp_path)
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | {"WEIR_HOME": str(tmp_path / "home")}
    for command, want in zip(jobs.JOBS[name], EXPECTED[name]["steps"], strict=True):
        done = jobs.run(command, tmp_path, [WEIR, "hadoop", "jar", "/usr/lib/hadoop-mapreduce/hadoop-mapreduce-examples.jar"],
                        env=env, timeout=120)
        assert done.returncode == want["exit"], done.stderr
        assert jobs.plain(done.stdout, tmp_path) == want["stdout"]
        assert jobs.errors(jobs.plain(done.stderr, tmp_path)) == want["errors"]
        assert jobs.counters(done.stderr) == want["counters"], done.stderr
    assert jobs.outputs(tmp_path) == EXPECTED[name]["outputs"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".weir", "grep-temp"))] == []
