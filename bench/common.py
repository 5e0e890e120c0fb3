"""What the benches share: figures beside their peers, servers, clients of a home.

A bench is a module of this folder with `run(work)`: it measures in the empty folder `work` and calls `figure`. Its docstring's first
line is what `tools/bench --help` says of it. Machines are noisy: a figure is the median of several runs, and a peer runs in
the same run.
"""
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
VENV = pathlib.Path(os.environ.get("WEIR_VENV") or TOP / "build/venv").resolve()
ORACLE = pathlib.Path(os.environ.get("WEIR_ORACLE") or TOP / "build/oracle").resolve()
PEERS = TOP / "build/peers"
WEIR = TOP / "build/weir"


def figure(name, values, unit, note=""):
    middle = statistics.median(values)
    print(f"  {name:58} {middle:10.3f} {unit:5} (min {min(values):.3f}, max {max(values):.3f}, n {len(values)}) {note}", flush=True)
    return middle


@contextlib.contextmanager
def serving(command, pattern):
    """Starts a server; yields (seconds to ready, what the ready line says, process)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in process.stdout:
            if match := re.match(pattern, line):
                yield time.perf_counter() - start, match[1], process
                break
        else:
            raise RuntimeError(f"{command}: not ready")
    finally:
        process.terminate()
        process.wait(20)


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def serve(home):
    return serving([WEIR, "serve", "--home", home, "--listen", "127.0.0.1:0"], r"weir: ready (http\S+)")


def clients(home):
    """boto3 clients with the home's own credentials."""
    import boto3

    text = subprocess.run([WEIR, "env", "--home", home], check=True, capture_output=True, text=True).stdout
    env = dict(re.findall(r"export (\w+)='?([^'\n]*)'?", text))
    return lambda service: boto3.client(
        service, endpoint_url=env["AWS_ENDPOINT_URL"], region_name=env["AWS_DEFAULT_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"])


def run_step(emr, cluster, args):
    """Seconds from add-steps to COMPLETED, as its client sees them."""
    start = time.perf_counter()
    step = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[{
        "Name": "bench", "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "--deploy-mode", "cluster", *args]}}])["StepIds"][0]
    while True:
        state = emr.describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]["State"]
        if state == "COMPLETED":
            return time.perf_counter() - start
        if state in ("FAILED", "CANCELLED", "INTERRUPTED"):
            raise RuntimeError(f"step {step}: {state}")
        time.sleep(0.02)


def with_cluster(work, name, body):
    with serve(work / name):
        client = clients(work / name)
        s3, emr = client("s3"), client("emr")
        s3.create_bucket(Bucket="bench")
        cluster = emr.run_job_flow(
            Name="bench", ReleaseLabel="emr-7.12.0", Applications=[{"Name": "Spark"}], LogUri="s3://bench/logs/",
            ServiceRole="EMR_DefaultRole", JobFlowRole="EMR_EC2_DefaultRole",
            Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [
                {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
                {"InstanceRole": "CORE", "InstanceType": "m5.large", "InstanceCount": 2}]})["JobFlowId"]
        emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig={"Delay": 1})
        return body(s3, emr, cluster)


def timed(command, **environment):
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=os.environ | {"TZ": "UTC"} | environment)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start
