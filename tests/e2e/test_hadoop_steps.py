"""Hadoop streaming, the file system shell and the copy tools as steps of a cluster, and on a laptop without one."""
import datetime
import gzip
import json
import os
import pathlib
import subprocess
import time

import pyarrow
import pytest
from conftest import WEIR

ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
BUCKET = "hadoop-steps"
MAP = "import sys\nfor line in sys.stdin:\n    for word in line.split():\n        print(word + '\\t1')\n"
REDUCE = ("import sys\nfrom itertools import groupby\nfor word, lines in groupby(sys.stdin, lambda line: line.split('\\t')[0]):\n"
          "    print(f'{word}\\t{sum(int(line.split()[1]) for line in lines)}')\n")


class Cluster:
    def __init__(self, server):
        self.emr, self.s3 = server.client("emr"), server.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        groups = [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]
        self.id = self.emr.run_job_flow(Name="hadoop", ReleaseLabel="emr-7.3.0", LogUri=f"s3://{BUCKET}/logs",
                                        Applications=[{"Name": "Hadoop"}], ServiceRole="EMR_DefaultRole",
                                        JobFlowRole="EMR_EC2_DefaultRole",
                                        Instances={"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True})["JobFlowId"]

    def put(self, key, body):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def keys(self, prefix):
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]

    def text(self, prefix):
        """All part files below a prefix, in order."""
        bodies = (self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in self.keys(prefix) if "_SUCCESS" not in key)
        return b"".join(bodies).decode()

    def start(self, *args, jar="command-runner.jar"):
        step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": jar, "Args": list(args)}}
        return self.emr.add_job_flow_steps(JobFlowId=self.id, Steps=[step])["StepIds"][0]

    def state(self, step):
        return self.emr.describe_step(ClusterId=self.id, StepId=step)["Step"]["Status"]["State"]

    def run(self, *args, jar="command-runner.jar"):
        """Its state, stdout and stderr."""
        step = self.start(*args, jar=jar)
        until = time.monotonic() + 90
        while self.state(step) not in ENDED:
            assert time.monotonic() < until, self.state(step)
            time.sleep(0.05)
        return self.state(step), self.log(step, "stdout"), self.log(step, "stderr")

    def log(self, step, name):
        body = self.s3.get_object(Bucket=BUCKET, Key=f"logs/{self.id}/steps/{step}/{name}.gz")["Body"].read()
        return gzip.decompress(body).decode()


@pytest.fixture(scope="module")
def cluster(server):
    made = Cluster(server)
    made.put("in/a.txt", b"to be or not to be\n" * 50)
    made.put("in/b.txt.gz", gzip.compress(b"that is the question\n" * 20))
    made.files = ",".join([made.put("code/map.py", MAP.encode()), made.put("code/reduce.py", REDUCE.encode())])
    yield made
    made.emr.terminate_job_flows(JobFlowIds=[made.id])


COUNTS = "be\t100\nis\t20\nnot\t50\nor\t50\nquestion\t20\nthat\t20\nthe\t20\nto\t100\n"


@pytest.mark.parametrize("jar, first", [
    ("command-runner.jar", ["hadoop-streaming"]),
    ("/home/hadoop/contrib/streaming/hadoop-streaming.jar", []),
    ("command-runner.jar", ["hadoop", "jar", "/usr/lib/hadoop/hadoop-streaming.jar"]),
])
def test_word_count(cluster, jar, first):
    out = f"out/{len(first)}"
    state, _, err = cluster.run(*first, "-files", cluster.files, "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/{out}",
                                "-mapper", "python3 map.py", "-reducer", "python3 reduce.py", jar=jar)
    assert state == "COMPLETED", err
    assert cluster.text(f"{out}/") == COUNTS
    assert cluster.keys(f"{out}/") == [f"{out}/_SUCCESS", f"{out}/part-00000"]
    assert "Reduce output records=8" in err and "Launched map tasks=2" in err


def test_what_was_read_and_written_is_counted(server):
    cluster, monitor = Cluster(server), server.client("cloudwatch")

    def total(name):
        """The sum so far, None before the first point."""
        now = datetime.datetime.now(datetime.timezone.utc)
        points = monitor.get_metric_statistics(Namespace="AWS/ElasticMapReduce", MetricName=name, Statistics=["Sum"], Period=3600,
                                               Dimensions=[{"Name": "JobFlowId", "Value": cluster.id}],
                                               StartTime=now - datetime.timedelta(hours=2), EndTime=now + datetime.timedelta(hours=1))["Datapoints"]
        return sum(point["Sum"] for point in points) if points else None

    until = time.monotonic() + 30
    while total("S3BytesRead") is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    names = ("S3BytesRead", "S3BytesWritten", "HDFSBytesRead", "HDFSBytesWritten")
    cluster.put("counted/a", b"0123456789\n" * 1000)
    for source, target in ((f"s3://{BUCKET}/counted", "hdfs:///counted"), ("hdfs:///counted", f"s3://{BUCKET}/counted-out")):
        state, _, err = cluster.run("hadoop-streaming", "-input", source, "-output", target, "-mapper", "cat", "-numReduceTasks", "0")
        assert state == "COMPLETED", err
    until = time.monotonic() + 30
    while True:  # a tab is written after each line; S3BytesWritten has the steps' logs, too
        s3_read, s3_written, *hdfs = [total(name) for name in names]
        if (s3_read, hdfs) == (11000, [12000, 12000]) and s3_written >= 12000:
            break
        assert time.monotonic() < until, (s3_read, s3_written, hdfs)
        time.sleep(0.3)
    cluster.emr.terminate_job_flows(JobFlowIds=[cluster.id])


@pytest.mark.parametrize("arguments, words", [
    (["-mapper", "false", "-reducer", "cat"], "subprocess failed with code 1"),
    (["-mapper", "no-such-program", "-reducer", "cat"], 'Cannot run program "no-such-program"'),
    (["-mapper", "cat", "-reducer", "com.example.Reducer"], "needs a JVM engine"),
    (["-mapper", "cat", "-inputformat", "SequenceFileAsTextInputFormat"], "class not found : SequenceFileAsTextInputFormat"),
    (["-mapper", "cat", "-mapdebug", "x"], "does not take the streaming option -mapdebug"),
    (["-mapper", "cat", "-nonsense", "x"], "Unrecognized option: -nonsense"),
])
def test_failures_leave_nothing(cluster, arguments, words):
    state, _, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/none", *arguments)
    assert state == "FAILED" and words in err
    assert cluster.keys("none/") == []


def test_existing_output_and_missing_input(cluster):
    cluster.put("taken/file", b"x")
    common = ["-mapper", "cat", "-reducer", "cat"]
    state, _, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/taken", *common)
    assert state == "FAILED" and f"Output directory s3://{BUCKET}/taken already exists" in err
    state, _, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/absent", "-output", f"s3://{BUCKET}/none", *common)
    assert state == "FAILED" and f"Input path does not exist: s3://{BUCKET}/absent" in err


def test_other_jars_need_a_jvm(cluster):
    state, _, err = cluster.run("com.example.Main", "x", jar=f"s3://{BUCKET}/code/app.jar")
    assert state == "FAILED" and "needs a JVM engine" in err and "app.jar with the class com.example.Main" in err


EXAMPLES_JAR = "/usr/lib/hadoop-mapreduce/hadoop-mapreduce-examples.jar"


def test_examples(cluster):
    """Each way in: the command, `hadoop jar`, the JAR itself here and in S3."""
    rows, report = f"s3://{BUCKET}/tera/rows", f"s3://{BUCKET}/tera/report"
    state, _, err = cluster.run("hadoop-mapreduce-examples", "teragen", "-Dmapreduce.job.maps=2", "5k", rows)
    assert state == "COMPLETED" and cluster.keys("tera/rows/p") == ["tera/rows/part-m-00000", "tera/rows/part-m-00001"], err
    state, out, err = cluster.run("hadoop", "jar", EXAMPLES_JAR, "terasort", "-D", "mapreduce.job.reduces=3", rows, f"s3://{BUCKET}/tera/sorted")
    assert state == "COMPLETED" and "Sampling 2 splits of 2\nMaking 3 from 5000 sampled records\n" in out, err
    assert cluster.run("teravalidate", f"s3://{BUCKET}/tera/sorted", report, jar=EXAMPLES_JAR)[0] == "COMPLETED"
    assert cluster.text("tera/report/") == "checksum\t9d2a454a26b\n"
    state, out, err = cluster.run("pi", "2", "50", jar=f"s3://{BUCKET}/code/hadoop-mapreduce-examples-3.3.6.jar")
    assert state == "COMPLETED" and out.endswith("Estimated value of Pi is 3.20000000000000000000\n"), out
    state, _, err = cluster.run("hadoop-mapreduce-examples", "sudoku", "x")
    assert state == "FAILED" and "does not have the example 'sudoku'" in err
    state, _, err = cluster.run("hadoop-mapreduce-examples", "grep", f"s3://{BUCKET}/in", f"s3://{BUCKET}/found", "(be")
    assert state == "FAILED" and "PatternSyntaxException" in err and cluster.keys("found") == []


def test_a_step_sees_no_file_of_the_lake(cluster, server):
    state, out, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/in/a.txt", "-output", f"s3://{BUCKET}/spy", "-mapper",
                                  f"ls {server.home}/lake/objects", "-numReduceTasks", "0", "-D", "x=y")
    assert state == "FAILED" and cluster.keys("spy/") == []


def test_hdfs_outlives_its_step_and_files_move(cluster):
    assert cluster.run("hadoop", "fs", "-mkdir", "-p", "/data/in")[0] == "COMPLETED"
    assert cluster.run("hadoop", "fs", "-cp", f"s3://{BUCKET}/in/a.txt", "/data/in/")[0] == "COMPLETED"
    state, out, err = cluster.run("hdfs", "dfs", "-ls", "-R", "/data")
    assert state == "COMPLETED" and out.splitlines()[-1].endswith(" /data/in/a.txt"), err
    state, _, err = cluster.run("hadoop-streaming", "-input", "/data/in", "-output", "hdfs:///data/out", "-mapper", "wc -l")
    assert state == "COMPLETED", err
    assert cluster.run("hadoop", "fs", "-cat", "/data/out/part-*")[1] == "50\t\n"
    assert cluster.run("hadoop", "fs", "-mv", "/data/out", "/data/moved")[0] == "COMPLETED"
    state, out, err = cluster.run("hadoop", "fs", "-ls", "/data/out")
    assert state == "FAILED" and "ls: `/data/out': No such file or directory" in err


def test_cancelled_job_leaves_no_process(cluster):
    step = cluster.start("hadoop-streaming", "-input", f"s3://{BUCKET}/in/a.txt", "-output", f"s3://{BUCKET}/slow", "-mapper",
                         "sh -c \"sleep 4321 & sleep 4321\"")
    until = time.monotonic() + 60
    while b"sleep\x004321" not in processes():
        assert time.monotonic() < until, "the mapper never ran"
        time.sleep(0.1)
    cluster.emr.cancel_steps(ClusterId=cluster.id, StepIds=[step], StepCancellationOption="SEND_INTERRUPT")
    while cluster.state(step) not in ENDED:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert cluster.state(step) == "CANCELLED"
    assert b"sleep\x004321" not in processes() and cluster.keys("slow/") == []


def processes():
    found = b""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes()
        except OSError:
            continue
    return found


# --- on a laptop ---

@pytest.fixture
def laptop(tmp_path):
    (tmp_path / "work").mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "WEIR_STEP"))}
    environment["WEIR_HOME"] = str(tmp_path / "home")

    def run(*command, **options):
        return subprocess.run([str(part) for part in command], cwd=tmp_path / "work", env=environment, capture_output=True, text=True,
                              timeout=120, **options)

    run.folder, run.environment = tmp_path / "work", environment
    return run


def hadoop(laptop, *arguments, **options):
    return laptop(WEIR, "hadoop", *arguments, **options)


@pytest.mark.parametrize("mapper, reducer, words", [
    ("sleep 60", "cat", "Timed out after 1 secs"),  # never reads, never writes
    ("sh -c \"exec <&-; exit 0\"", "cat", "Broken pipe"),
    ("head -c 7", "cat", "Broken pipe"),
    ("sh -c \"cat >/dev/null; printf half; exit 1\"", "cat", "subprocess failed with code 1"),
    ("sh -c \"kill -9 $$\"", "cat", "subprocess failed with code 137"),
])
def test_a_mapper_that_misbehaves(laptop, mapper, reducer, words):
    (laptop.folder / "big").write_text("some line that is repeated\n" * 200000)
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-D", "mapreduce.task.timeout=1000", "-D", "mapreduce.map.maxattempts=2",
                  "-input", "big", "-output", "out", "-mapper", mapper, "-reducer", reducer)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert done.stderr.count("Status : FAILED") == 2 and "Job not successful!" in done.stderr
    assert sorted(path.name for path in laptop.folder.iterdir()) == ["big"]


def test_a_mapper_that_forks_without_end(laptop):
    (laptop.folder / "in").write_text("x\n")
    (laptop.folder / "bomb.py").write_text("import os, time\nwhile True:\n    if os.fork():\n        time.sleep(0.0005)\n"
                                           "    else:\n        time.sleep(4322)\n")
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-D", "mapreduce.map.maxattempts=1", "-files", "bomb.py", "-input", "in",
                  "-output", "out", "-mapper", "python3 bomb.py", "-reducer", "cat")
    assert done.returncode == 1 and "started more than 1000 processes and was killed" in done.stderr
    deadline = time.monotonic() + 10  # a thousand killed processes take a moment to end
    while b"bomb.py" in processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert b"bomb.py" not in processes()


def test_retries_and_tolerated_failures(laptop):
    (laptop.folder / "in").write_text("x\n")
    (laptop.folder / "flaky.sh").write_text("#!/bin/sh\ncat\ncase $mapreduce_task_attempt_id in *_0) exit 1;; esac\n")
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-files", "flaky.sh", "-input", "in", "-output", "out", "-mapper", "flaky.sh",
                  "-reducer", "cat")
    assert done.returncode == 0 and (laptop.folder / "out/part-00000").read_text() == "x\t\n", done.stderr
    assert "Failed map tasks=1" in done.stderr and "Launched map tasks=2" in done.stderr
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-D", "mapreduce.map.failures.maxpercent=100", "-D", "mapreduce.map.maxattempts=1",
                  "-input", "in", "-output", "out2", "-mapper", "false", "-reducer", "cat")
    assert done.returncode == 0 and (laptop.folder / "out2/part-00000").read_text() == "", done.stderr


def test_more_output_than_memory(laptop):
    """Spills and merges: 1 MB of buffer under some 12 MB of records."""
    lines = [f"{i * 7919 % 100003:06d} {'x' * 100}" for i in range(100003)]
    (laptop.folder / "in").write_text("\n".join(lines) + "\n")
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-D", "mapreduce.task.io.sort.mb=1", "-input", "in", "-output", "out",
                  "-mapper", "cat", "-reducer", "cat")
    assert done.returncode == 0, done.stderr
    assert (laptop.folder / "out/part-00000").read_text() == "".join(f"{line}\t\n" for line in sorted(lines))


def test_shell(laptop):
    (laptop.folder / "a.txt").write_text("hello\nworld\n")
    with gzip.open(laptop.folder / "a.gz", "wt") as packed:
        packed.write("packed\n")

    def fs(*arguments, **options):
        done = hadoop(laptop, "fs", "-D", "fs.defaultFS=hdfs:///", *arguments, **options)
        return done.returncode, done.stdout, done.stderr

    assert fs("-mkdir", "/x/y") == (1, "", "mkdir: `hdfs:///x': No such file or directory\n")
    assert fs("-mkdir", "-p", "/x/y") == (0, "", "")
    assert fs("-put", "a.txt", "a.gz", "/x/y")[0] == 0
    assert fs("-put", "a.txt", "/x/y") == (1, "", "put: `/x/y/a.txt': File exists\n")
    assert fs("-put", "absent", "/x/y") == (1, "", "put: `absent': No such file or directory\n")
    code, out, _ = fs("-ls", "/x/y")
    assert code == 0 and out.splitlines()[0] == "Found 2 items" and out.splitlines()[2].endswith(" /x/y/a.txt")
    assert out.splitlines()[2].startswith("-rw-r--r--   1 hadoop hdfsadmingroup         12 ")
    assert fs("-cat", "/x/y/a.*xt")[1] == "hello\nworld\n" and fs("-text", "/x/y/a.gz")[1] == "packed\n"
    assert fs("-du", "-s", "/x")[1].split()[2] == "/x" and fs("-count", "/x")[1].split()[:2] == ["2", "2"]
    assert fs("-mv", "/x/y/a.txt", "/x/b") == (0, "", "") and fs("-cp", "/x/b", "/x/c") == (0, "", "")
    assert fs("-test", "-e", "/x/b")[0] == 0 and fs("-test", "-d", "/x/b")[0] == 1 and fs("-test", "-e", "/x/y/a.txt")[0] == 1
    assert fs("-stat", "%n %b %F", "/x/b")[1] == "b 12 regular file\n"
    assert fs("-getmerge", "/x", "merged")[0] == 0 and (laptop.folder / "merged").read_text() == "hello\nworld\n" * 2
    assert fs("-get", "/x/b", ".")[0] == 0 and (laptop.folder / "b").read_text() == "hello\nworld\n"
    assert fs("-rm", "/x") == (1, "", "rm: `/x': Is a directory\n")
    assert fs("-rm", "/x/b", "/x/c") == (0, "Deleted /x/b\nDeleted /x/c\n", "")
    assert fs("-rmdir", "/x")[2] == "rmdir: `/x': Directory is not empty\n"
    assert fs("-find", "/x", "-name", "*.gz")[1] == "/x/y/a.gz\n"
    assert fs("-put", "-", "/in", input="from stdin\n")[0] == 0 and fs("-tail", "/in")[1] == "from stdin\n"
    assert fs("-rm", "-r", "/x", "/in")[0] == 0 and fs("-ls", "/") == (0, "", "")
    assert fs("-ls", "/x") == (1, "", "ls: `/x': No such file or directory\n")
    assert fs("-nope")[0] == 255 and fs("-nope")[2].startswith("-nope: Unknown command\n")
    assert fs("-appendToFile", "a.txt", "/logs/all")[0] == 0 and fs("-appendToFile", "-", "a.txt", "/logs/all", input="between\n")[0] == 0
    assert fs("-cat", "/logs/all")[1] == "hello\nworld\nbetween\nhello\nworld\n"
    assert fs("-appendToFile", "absent", "/logs/all") == (1, "", "appendToFile: `absent': No such file or directory\n")
    assert fs("-appendToFile", "a.txt", "s3://nowhere/x")[0] == 1 and fs("-appendToFile", "a.txt", "/logs")[0] == 1
    assert fs("-put", "a.txt", "/logs/b")[0] == 0 and fs("-put", "a.gz", "/logs/c")[0] == 0
    assert [fs("-ls", "-C", *flags, "/logs")[1].split() for flags in (["-S"], ["-S", "-r"], ["-t"], ["-r"])] == [
        ["/logs/c", "/logs/all", "/logs/b"], ["/logs/b", "/logs/all", "/logs/c"], ["/logs/c", "/logs/b", "/logs/all"],
        ["/logs/c", "/logs/b", "/logs/all"]]


def test_zstandard(laptop):
    """Two frames in, one out; a file that is cut off."""
    text = "".join(f"line {i}\n" for i in range(60000))
    frames = [pyarrow.compress(part.encode(), "zstd", asbytes=True) for part in (text[:200000], text[200000:])]
    (laptop.folder / "in.zst").write_bytes(b"".join(frames))
    codec = ("-D", "mapreduce.output.fileoutputformat.compress=true", "-D",
             "mapreduce.output.fileoutputformat.compress.codec=org.apache.hadoop.io.compress.ZStandardCodec")
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", *codec, "-input", "in.zst", "-output", "out", "-mapper", "cat", "-reducer", "NONE")
    assert done.returncode == 0, done.stderr
    with pyarrow.input_stream(laptop.folder / "out/part-00000.zst", compression="zstd") as unpacked:
        assert unpacked.read().decode() == text.replace("\n", "\t\n")
    (laptop.folder / "cut.zst").write_bytes(frames[0][:-5])
    done = hadoop(laptop, "jar", "hadoop-streaming.jar", "-D", "mapreduce.map.maxattempts=1", "-input", "cut.zst", "-output", "out2",
                  "-mapper", "cat", "-reducer", "NONE")
    assert done.returncode == 1 and "Unexpected end of input stream" in done.stderr


def test_tail_follows(laptop):
    (laptop.folder / "log").write_text("first\n")
    tail = subprocess.Popen([WEIR, "hadoop", "fs", "-tail", "-f", "-s", "50", "log"], cwd=laptop.folder, env=laptop.environment,
                            stdout=subprocess.PIPE, text=True)
    try:
        assert tail.stdout.readline() == "first\n"
        with open(laptop.folder / "log", "a") as log:
            log.write("second\n")
        assert tail.stdout.readline() == "second\n"
    finally:
        tail.kill()
        tail.communicate()


def test_s3_dist_cp(cluster):
    for day in ("01", "02"):
        for part in range(3):
            cluster.put(f"logs-in/2024-01-{day}/part{part}.gz", gzip.compress(f"{day} {part}\n".encode()))
    cluster.put("logs-in/other.txt", b"other")
    source = f"s3://{BUCKET}/logs-in/"
    state, _, err = cluster.run("s3-dist-cp", "--src", source, f"--dest=s3://{BUCKET}/joined/", "--groupBy", ".*/2024-(..)-(..)/part.*",
                                "--outputCodec", "none")
    assert state == "COMPLETED", err
    assert cluster.keys("joined/") == ["joined/0101", "joined/0102"]
    assert cluster.text("joined/") == "01 0\n01 1\n01 2\n02 0\n02 1\n02 2\n"
    state, _, err = cluster.run("s3-dist-cp", "--src", source, "--dest", "hdfs:///copied", "--srcPattern", ".*\\.txt", "--deleteOnSuccess")
    assert state == "COMPLETED", err
    assert cluster.run("hadoop", "fs", "-cat", "/copied/other.txt")[1] == "other"
    assert "logs-in/other.txt" not in cluster.keys("logs-in/") and len(cluster.keys("logs-in/")) == 6
    state, _, err = cluster.run("s3-dist-cp", "--src", source, "--dest", f"s3://{BUCKET}/x", "--s3ServerSideEncryption")
    assert state == "FAILED" and "has no --s3ServerSideEncryption" in err
    state, _, err = cluster.run("s3-dist-cp", "--src", f"s3://{BUCKET}/absent", "--dest", f"s3://{BUCKET}/x")
    assert state == "FAILED" and "doesn't exist" in err


def manifest(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def copy(laptop, *arguments, code=0):
    done = laptop(WEIR, "s3-dist-cp", *arguments)
    assert done.returncode == code, done.stderr
    return done.stderr


def test_s3_dist_cp_manifests(laptop):
    folder = laptop.folder
    (folder / "in/deep").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "deep/c.txt"):
        (folder / "in" / name).write_text(name + "\n")
    copy(laptop, "--src", "in", "--dest", "out", "--srcPattern", ".*/(a|c).txt", "--outputManifest=first.gz", "--s3Endpoint", "s3.amazonaws.com")
    assert sorted(str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*") if path.is_file()) == ["a.txt", "deep/c.txt", "first.gz"]
    uri = f"file:{folder}/in"
    first = [{"path": f"{uri}/a.txt", "baseName": "a.txt", "srcDir": uri, "size": 6},
             {"path": f"{uri}/deep/c.txt", "baseName": "deep/c.txt", "srcDir": uri, "size": 11}]
    assert manifest(folder / "out/first.gz") == first
    # what it lists is not copied again, and stands in the next
    copy(laptop, "--src", "in", "--dest", "out2", "--previousManifest", "out/first.gz", "--outputManifest", "second.gz")
    assert sorted(path.name for path in (folder / "out2").iterdir()) == ["b.txt", "second.gz"]
    assert manifest(folder / "out2/second.gz") == [*first, {"path": f"{uri}/b.txt", "baseName": "b.txt", "srcDir": uri, "size": 6}]
    # or it is the list
    copy(laptop, "--dest", "out3", "--copyFromManifest", "--previousManifest", "out/first.gz")
    assert (folder / "out3/deep/c.txt").read_text() == "deep/c.txt\n" and not (folder / "out3/b.txt").exists()
    assert "previous manifest absent.gz doesn't exist" in copy(laptop, "--src", "in", "--dest", "x", "--previousManifest", "absent.gz", code=1)
    copy(laptop, "--src", "in", "--dest", "out4", "--previousManifest", "absent.gz", "--requirePreviousManifest=false")
    assert (folder / "out4/b.txt").exists()
    (folder / "bad").write_text('{"path":"x","baseName":"../../x"}\n')
    assert "no file can have the baseName" in copy(laptop, "--dest", "x", "--copyFromManifest", "--previousManifest", "bad", code=1)
    assert "needs --previousManifest" in copy(laptop, "--src", "in", "--dest", "x", "--copyFromManifest", code=1)
    assert not (folder / "x").exists()


def test_s3_dist_cp_appends_and_prefixes(laptop):
    folder = laptop.folder
    (folder / "in").mkdir()
    for i in range(3):
        (folder / f"in/log-{i}.txt").write_text(str(i) * 600000)
    group = ("--groupBy", ".*/(log)-.*(.txt)")
    copy(laptop, "--src", "in", "--dest", "out", *group, "--targetSize", "1")
    assert sorted((path.name, path.stat().st_size) for path in (folder / "out").iterdir()) == [(f"log{i}.txt", 600000) for i in range(3)]
    (folder / "in2").mkdir()
    (folder / "in2/log-3.txt").write_text("x" * 400000)
    (folder / "in2/log-4.txt").write_text("y" * 400000)
    copy(laptop, "--src", "in2", "--dest", "out", *group, "--targetSize", "1", "--appendToLastFile", "--deleteOnSuccess")
    assert (folder / "out/log2.txt").read_text() == "2" * 600000 + "x" * 400000  # as much as goes into it
    assert (folder / "out/log3.txt").read_text() == "y" * 400000 and list((folder / "in2").iterdir()) == []
    (folder / "in/log-0.txt").write_text("more")
    copy(laptop, "--src", "in", "--dest", "plain", "--srcPattern", ".*-0.txt")
    copy(laptop, "--src", "in", "--dest", "plain", "--srcPattern", ".*-0.txt", "--appendToLastFile", "--storageClass", "STANDARD_IA")
    assert (folder / "plain/log-0.txt").read_text() == "moremore"
    (folder / "prefixes").write_text(f"file:{folder}/in/log-1\nfile:{folder}/in/log-2\n")
    copy(laptop, "--src", "in", "--dest", "some", "--srcPrefixesFile", "prefixes")
    assert sorted(path.name for path in (folder / "some").iterdir()) == ["log-1.txt", "log-2.txt"]


def test_distcp(laptop):
    (laptop.folder / "from/deep").mkdir(parents=True)
    (laptop.folder / "from/a").write_text("a")
    (laptop.folder / "from/deep/b").write_text("b")
    assert hadoop(laptop, "distcp", "from", "hdfs:///to").returncode == 0
    assert hadoop(laptop, "fs", "-cat", "hdfs:///to/a", "hdfs:///to/deep/b").stdout == "ab"
    assert "Files Copied=2" in hadoop(laptop, "distcp", "from", "hdfs:///to").stderr  # now into a folder of its name
    assert hadoop(laptop, "fs", "-test", "-e", "hdfs:///to/from/deep/b").returncode == 0
    (laptop.folder / "from/a").write_text("longer")
    assert "Files Copied=1" in hadoop(laptop, "distcp", "-update", "from", "hdfs:///to").stderr
    assert hadoop(laptop, "fs", "-cat", "hdfs:///to/a").stdout == "longer"
    (laptop.folder / "filters").write_text(".*/deep/.*\n")
    (laptop.folder / "list").write_text(f"file:{laptop.folder}/from\n")
    log = hadoop(laptop, "distcp", "-update", "-delete", "-filters", "filters", "-f", "list", "hdfs:///to").stderr
    assert "Deleted 3 from target" in log, log
    assert hadoop(laptop, "fs", "-find", "hdfs:///to", "-name", "*").stdout.split() == ["hdfs:///to", "hdfs:///to/a"]
    assert hadoop(laptop, "distcp", "-delete", "from", "hdfs:///to").returncode == 255
    assert hadoop(laptop, "distcp", "hdfs:///to/a", "back").returncode == 0 and (laptop.folder / "back").read_text() == "longer"
    assert hadoop(laptop, "distcp", "absent", "hdfs:///to").returncode == 241
