#!/usr/bin/env python3
"""Runs the jobs of streaming_jobs.py on real Hadoop streaming in local mode and keeps what came of them in expected.json.

    generate.py JARS [JOB…]      JARS: a folder with hadoop-streaming, hadoop-client and all they need
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import streaming_jobs as jobs

HERE = pathlib.Path(__file__).resolve().parent
LOG4J = ("log4j.rootLogger=INFO,console\nlog4j.appender.console=org.apache.log4j.ConsoleAppender\n"
         "log4j.appender.console.target=System.err\nlog4j.appender.console.layout=org.apache.log4j.PatternLayout\n"
         "log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n\n")


def run(jars, arguments, folder):
    (folder / "log4j.properties").write_text(LOG4J)
    command = ["java", "-cp", f"{folder}:{jars}/*", "org.apache.hadoop.streaming.HadoopStreaming",
               "-D", "mapreduce.framework.name=local", "-D", "fs.defaultFS=file:///", f"-Dhadoop.tmp.dir={folder}/tmp",
               *arguments, "-output", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def main(jars, *names):
    target = HERE / "expected.json"
    expected = json.loads(target.read_text()) if target.exists() else {}
    for name in names or jobs.JOBS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            jobs.make_inputs(folder)
            done = run(pathlib.Path(jars).resolve(), jobs.JOBS[name], folder)
            why = [line.replace(f"file:{folder}/", "file:FOLDER/") for line in done.stderr.splitlines()
                   if re.search(r" ERROR streaming.StreamJob|^java.lang.RuntimeException: Pipe", line)]
            expected[name] = {"exit": done.returncode, "outputs": jobs.outputs(folder / "out") if not done.returncode else {},
                              "counters": jobs.counters(done.stderr) if not done.returncode else {},
                              "errors": [re.sub(r"^[-\d]+ [\d:,]+ ", "", line) for line in why]}
        print(f"golden: streaming {name}: exit {expected[name]['exit']}, {len(expected[name]['outputs'])} files", flush=True)
        target.write_text(json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
