"""SIGKILL while steps run: of the server at random moments, and of a step's supervisor. After the restart every step has its
true end, none has run twice, nothing is left behind, the logs are there."""
import collections
import gzip
import os
import pathlib
import random
import signal
import socket
import sys
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "api")]
from conftest import Server  # noqa: E402
from test_emr import run, wait_cluster  # noqa: E402

KILLS = int(os.environ.get("WEIR_KILLS", "38"))  # with test_objects_kill.py: 50
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Home:
    """A home whose server is killed and started again on the same port."""

    def __init__(self, folder):
        self.folder, self.port, self.server = folder / "home", free_port(), None

    def start(self):
        self.server = Server(self.folder, "--listen", f"127.0.0.1:{self.port}")
        return self.server

    def kill(self):
        self.server.kill()


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    made.start()
    yield made
    made.server.stop()


def step(script):
    return {"Name": script, "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["bash", "-c", script]}}


def all_steps(emr, cluster):
    steps, marker = [], {}
    while True:
        page = emr.list_steps(ClusterId=cluster, **marker)
        steps += page["Steps"]
        if "Marker" not in page:
            return steps
        marker = {"Marker": page["Marker"]}


def wait_all(emr, cluster, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        steps = all_steps(emr, cluster)
        if all(s["Status"]["State"] in ENDED for s in steps):
            return steps
        time.sleep(0.1)
    raise AssertionError([s for s in steps if s["Status"]["State"] not in ENDED])


def processes_of(ids):
    """Living processes that belong to one of these steps: what their environment was at their start."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0")
            arguments = pathlib.Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if any(f"WEIR_STEP_ID={i}".encode() in environment or f"/{i} " in arguments for i in ids):
            found.append((entry, arguments))
    return found


def ran(home, cluster):
    """How often each step has run: each appends its id to a file in the cluster's home folder."""
    path = home.folder / "run" / cluster / "home" / "ran"
    return collections.Counter(path.read_text().split()) if path.exists() else collections.Counter()


def test_server_is_killed_while_steps_run(home):
    random.seed(20261122)
    emr = home.server.client("emr")
    home.server.client("s3").create_bucket(Bucket="kill-logs")
    cluster = run(emr, LogUri="s3://kill-logs/logs", StepConcurrencyLevel=3)
    acknowledged = []
    for _ in range(KILLS):
        code = random.choice([0, 0, 3])
        script = f"echo $EMR_STEP_ID >> ~/ran; echo begun; sleep {random.uniform(0, 0.15):.3f}; (setsid sleep 0.05 &); exit {code}"
        try:
            acknowledged += emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step(script)])["StepIds"]
            time.sleep(random.uniform(0, 0.12))
        except (BotoCoreError, ClientError) as problem:
            raise AssertionError(f"the server answered wrongly: {problem}")
        home.kill()
        emr = home.start().client("emr")
    steps = wait_all(emr, cluster)
    assert set(acknowledged) == {s["Id"] for s in steps} and len(steps) == KILLS
    times, s3 = ran(home, cluster), home.server.client("s3")
    assert {i: n for i, n in times.items() if n != 1} == {}, "a step ran twice"
    for found in steps:
        expected = "COMPLETED" if found["Name"].endswith("exit 0") else "FAILED"
        assert found["Status"]["State"] == expected, found
        assert times[found["Id"]] == 1
        key = f"logs/{cluster}/steps/{found['Id']}/"
        assert gzip.decompress(s3.get_object(Bucket="kill-logs", Key=key + "stdout.gz")["Body"].read()) == b"begun\n"
        assert b"exitCode" in gzip.decompress(s3.get_object(Bucket="kill-logs", Key=key + "controller.gz")["Body"].read())
    assert processes_of([s["Id"] for s in steps]) == []
    emr.terminate_job_flows(JobFlowIds=[cluster])
    wait_cluster(emr, cluster, "TERMINATED")


def test_step_ends_while_no_server_is_there(home):
    emr = home.server.client("emr")
    cluster = run(emr)
    ids = [emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step(s)])["StepIds"][0]
           for s in ("echo $EMR_STEP_ID >> ~/ran; sleep 1; exit 4", "echo $EMR_STEP_ID >> ~/ran")]
    until = time.monotonic() + 20
    while not ran(home, cluster) and time.monotonic() < until:
        time.sleep(0.02)
    home.kill()
    time.sleep(1.5)
    emr = home.start().client("emr")
    states = {s["Id"]: s["Status"]["State"] for s in wait_all(emr, cluster)}
    assert states == {ids[0]: "FAILED", ids[1]: "COMPLETED"}
    assert ran(home, cluster) == {ids[0]: 1, ids[1]: 1}
    emr.terminate_job_flows(JobFlowIds=[cluster])


@pytest.mark.parametrize("server_too", [False, True])
def test_supervisor_is_killed(home, server_too):
    emr = home.server.client("emr")
    cluster = run(emr)
    step_id = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[
        step("echo $EMR_STEP_ID >> ~/ran; (setsid sleep 301 &); sleep 302")])["StepIds"][0]
    until = time.monotonic() + 20
    while not ran(home, cluster) and time.monotonic() < until:
        time.sleep(0.02)
    supervisor = int((home.folder / "run" / cluster / step_id / "started").read_text().split()[0])
    if server_too:
        home.kill()
    os.kill(supervisor, signal.SIGKILL)
    if server_too:
        emr = home.start().client("emr")
    found = wait_all(emr, cluster, 30)[0]
    assert found["Status"]["State"] == "FAILED"
    assert "supervisor process was killed" in found["Status"]["FailureDetails"]["Message"]
    assert ran(home, cluster) == {step_id: 1}
    assert processes_of([step_id]) == []
    emr.terminate_job_flows(JobFlowIds=[cluster])


def test_cancel_survives_the_server(home):
    emr = home.server.client("emr")
    cluster = run(emr)
    step_id = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step("echo $EMR_STEP_ID >> ~/ran; sleep 303")])["StepIds"][0]
    until = time.monotonic() + 20
    while not ran(home, cluster) and time.monotonic() < until:
        time.sleep(0.02)
    assert emr.cancel_steps(ClusterId=cluster, StepIds=[step_id])["CancelStepsInfoList"][0]["Status"] == "SUBMITTED"
    home.kill()
    emr = home.start().client("emr")
    assert wait_all(emr, cluster, 30)[0]["Status"]["State"] == "CANCELLED"
    assert processes_of([step_id]) == []
    emr.terminate_job_flows(JobFlowIds=[cluster])


def test_a_removed_home_ends_its_steps(tmp_path):
    """Nobody could ever learn of the step's end: it must not run on for ever."""
    home = Home(tmp_path)
    emr = home.start().client("emr")
    cluster = run(emr)
    step_id = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step("echo $EMR_STEP_ID >> ~/ran; sleep 304")])["StepIds"][0]
    until = time.monotonic() + 20
    while not ran(home, cluster) and time.monotonic() < until:
        time.sleep(0.02)
    home.kill()
    home.folder.rename(tmp_path / "gone")
    until = time.monotonic() + 20
    while processes_of([step_id]) and time.monotonic() < until:
        time.sleep(0.1)
    assert processes_of([step_id]) == []
