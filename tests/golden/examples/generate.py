#!/usr/bin/env python3
"""Runs the jobs of example_jobs.py on real Hadoop in local mode and keeps what came of them in expected.json.

    generate.py JARS [JOB…]      JARS: a folder with hadoop-mapreduce-examples, hadoop-client and all they need
"""
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "streaming"))
import streaming_jobs  # noqa: E402
from generate import LOG4J  # noqa: E402

sys.path.insert(0, str(HERE))
import example_jobs as jobs  # noqa: E402


def main(jars, *names):
    jars, target = pathlib.Path(jars).resolve(), HERE / "expected.json"
    expected = json.loads(target.read_text()) if target.exists() else {}
    for name in names or jobs.JOBS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            streaming_jobs.make_inputs(folder)
            (folder / "log4j.properties").write_text(LOG4J)
            steps = []
            for command in jobs.JOBS[name]:
                done = jobs.run(command, folder, ["java", "-cp", f"{folder}:{jars}/*", f"-Dhadoop.tmp.dir={folder}/tmp",
                                                  "org.apache.hadoop.examples.ExampleDriver"])
                steps.append({"exit": done.returncode, "stdout": jobs.plain(done.stdout, folder), "counters": jobs.counters(done.stderr),
                              "errors": jobs.errors(jobs.plain(done.stderr, folder))})
            expected[name] = {"steps": steps, "outputs": jobs.outputs(folder)}
        print(f"golden: examples {name}: exits {[step['exit'] for step in steps]}, {len(expected[name]['outputs'])} files", flush=True)
        target.write_text(json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
