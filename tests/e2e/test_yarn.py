"""`yarn` as scripts use it: in steps, and from a laptop through the server or the home."""
import gzip
import os
import re
import subprocess
import time

import pytest
from conftest import BUILD, WEIR

BUCKET = "yarn-steps"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")
SUBMITTED = re.compile(r"Submitted application (application_\d{13}_\d{4})\n")
SPARK = """
import signal, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("Patient").getOrCreate()
print("rows:", spark.range(3).count(), flush=True)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(float(sys.argv[1]))
"""


class Cluster:
    def __init__(self, server):
        self.server, self.emr, self.s3 = server, server.client("emr"), server.client("s3")
        self.id = self.emr.run_job_flow(Name="yarn", ReleaseLabel="emr-7.12.0", StepConcurrencyLevel=4, LogUri=f"s3://{BUCKET}/logs",
                                        JobFlowRole="EMR_EC2_DefaultRole", ServiceRole="EMR_DefaultRole", Instances={
            "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
                               {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 2}],
            "KeepJobFlowAliveWhenNoSteps": True})["JobFlowId"]

    def start(self, *args):
        step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": list(args)}}
        return self.emr.add_job_flow_steps(JobFlowId=self.id, Steps=[step])["StepIds"][0]

    def end(self, step):
        """Its state, stdout and stderr."""
        until = time.monotonic() + 90
        while (state := self.emr.describe_step(ClusterId=self.id, StepId=step)["Step"]["Status"]["State"]) not in ENDED:
            assert time.monotonic() < until, state
            time.sleep(0.05)
        return state, self.log(step, "stdout"), self.log(step, "stderr")

    def run(self, *args):
        return self.end(self.start(*args))

    def log(self, step, name):
        body = self.s3.get_object(Bucket=BUCKET, Key=f"logs/{self.id}/steps/{step}/{name}.gz")["Body"].read()
        return gzip.decompress(body).decode()

    def running(self, count=1):
        """The ids of the applications that run, once there are as many."""
        until = time.monotonic() + 60
        while len(found := re.findall(r"^(application_\S+)\t.*\t +RUNNING\t", yarn(self.server, "application", "-list").stdout, re.M)) != count:
            assert time.monotonic() < until, found
            time.sleep(0.1)
        return found


def yarn(server, *arguments, environment=None):
    return subprocess.run([BUILD / "bin/yarn", *arguments], env=environment or server.environment(), capture_output=True, text=True,
                          timeout=120)


def report(server, id):
    return dict(re.findall(r"^\t(\S+) : (.*)$", yarn(server, "application", "-status", id).stdout, re.M))


@pytest.fixture(scope="module")
def cluster(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="in/a.txt", Body=b"to be or not to be\n" * 50)
    s3.put_object(Bucket=BUCKET, Key="patient.py", Body=SPARK.encode())
    made = Cluster(server)
    yield made
    made.emr.terminate_job_flows(JobFlowIds=[made.id])


def test_a_mapreduce_job_is_an_application(cluster):
    server = cluster.server
    state, _, err = cluster.run("hadoop-streaming", "-D", "mapreduce.job.name=counting", "-input", f"s3://{BUCKET}/in", "-output",
                                f"s3://{BUCKET}/out", "-mapper", "cat", "-reducer", "uniq -c")
    assert state == "COMPLETED", err
    id = SUBMITTED.search(err)[1]
    assert f"Running job: {id.replace('application', 'job')}\n" in err
    about = report(server, id)
    assert (about["Application-Name"], about["Application-Type"], about["State"], about["Final-State"], about["Progress"]) == (
        "counting", "MAPREDUCE", "FINISHED", "SUCCEEDED", "100%")
    assert int(about["Start-Time"]) < int(about["Finish-Time"]) and about["EMR-Cluster"] == cluster.id
    state, out, err = cluster.run("bash", "-c", "yarn application -list -appStates FINISHED,FAILED -appTypes MAPREDUCE; yarn node -list; "
                                                f"yarn logs -applicationId {id} -log_files stderr | grep -c 'Submitted application'")
    assert state == "COMPLETED" and f"{id}\t            counting\t           MAPREDUCE\t    hadoop\t   default\t" in out, err
    assert "states: [FINISHED, FAILED]" in out and "Total Nodes:2\n" in out and out.endswith("\n1\n")
    state, _, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/bad", "-mapper", "false")
    about = report(server, SUBMITTED.search(err)[1])
    assert state == "FAILED" and (about["State"], about["Final-State"]) == ("FINISHED", "FAILED") and "failed with code 1" in about["Diagnostics"]
    assert SUBMITTED.search(err)[1][:-4] == id[:-4] and int(SUBMITTED.search(err)[1][-4:]) == int(id[-4:]) + 1


def test_kill_ends_an_application_that_will_not(cluster):
    step = cluster.start("spark-submit", "--name", "Patient", f"s3://{BUCKET}/patient.py", "1000")
    id, = cluster.running()
    until = time.monotonic() + 60
    while "\nLogContents:\nrows: 3\n" not in yarn(cluster.server, "logs", "-applicationId", id, "-log_files", "stdout").stdout:
        assert time.monotonic() < until, "the script never got its rows"
        time.sleep(0.2)
    while report(cluster.server, id)["Progress"] != "10%":  # told with the next heartbeat
        assert time.monotonic() < until, report(cluster.server, id)
        time.sleep(0.1)
    assert report(cluster.server, id)["State"] == "RUNNING"
    state, out, err = cluster.run("yarn", "application", "-kill", id)
    assert state == "COMPLETED" and f"Killing application {id}\n" in out and f"Killed application {id}\n" in err, err
    state, out, err = cluster.end(step)
    assert state == "FAILED" and f"Submitted application {id}\n" in err
    about = report(cluster.server, id)
    assert (about["State"], about["Final-State"], about["Diagnostics"]) == ("KILLED", "KILLED", "Application killed by user.")
    assert yarn(cluster.server, "application", "-kill", id).stdout == f"Application {id} has already finished \n"
    logs = yarn(cluster.server, "logs", "-applicationId", id).stdout
    assert f"Container: {id.replace('application', 'container')}_01_000001 on " in logs
    assert "patient.py" in logs and "End of LogType:stderr\n" in logs and "LogType:stdout\n" in logs


def test_kill_ends_a_job_and_nothing_else(cluster):
    jobs = [cluster.start("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/slow{i}", "-mapper", f"sleep {20 - 17 * i}")
            for i in range(2)]
    ids = {}
    for id in cluster.running(2):
        ids[report(cluster.server, id)["EMR-Step"]] = id
    assert yarn(cluster.server, "application", "-kill", ids[jobs[0]]).returncode == 0
    state, _, err = cluster.end(jobs[0])
    assert state == "FAILED" and "failed with state KILLED due to: Application killed by user.\n" in err
    assert cluster.end(jobs[1])[0] == "COMPLETED"
    assert "Contents" not in cluster.s3.list_objects_v2(Bucket=BUCKET, Prefix="slow0")
    assert [report(cluster.server, ids[job])["Final-State"] for job in jobs] == ["KILLED", "SUCCEEDED"]


def test_a_step_that_is_cancelled_and_a_job_that_vanishes(cluster):
    step = cluster.start("spark-submit", f"s3://{BUCKET}/patient.py", "1000")
    id, = cluster.running()
    cluster.emr.cancel_steps(ClusterId=cluster.id, StepIds=[step], StepCancellationOption="TERMINATE_PROCESS")
    assert cluster.end(step)[0] == "CANCELLED"
    assert report(cluster.server, id)["State"] in ("KILLED", "FINISHED")
    state, _, err = cluster.run("bash", "-c", f"hadoop-streaming -input s3://{BUCKET}/in -output s3://{BUCKET}/gone -mapper 'sleep 1000' & sleep 3; "
                                              "kill -9 $!")
    about = report(cluster.server, SUBMITTED.search(err)[1])
    assert state == "COMPLETED" and about["State"] == "FAILED" and "without a final status" in about["Diagnostics"]


def test_spark_sql(cluster):
    state, out, err = cluster.run("spark-sql", "--conf", "spark.app.name=Small", "-e", "SELECT 1 + 1")
    id = re.search(r"Application Id: (application_\S+)", err)[1]
    assert (state, out) == ("COMPLETED", "2\n") and report(cluster.server, id)["Application-Name"] == "Small"
    assert report(cluster.server, id)["Final-State"] == "SUCCEEDED"
    _, _, err = cluster.run("spark-sql", "-e", "SELECT nothing")
    about = report(cluster.server, re.search(r"Application Id: (application_\S+)", err)[1])
    assert about["Final-State"] == "FAILED" and "UNRESOLVED_COLUMN" in about["Diagnostics"]
    step = cluster.start("bash", "-c", "spark-sql -e 'SELECT count(*) FROM range(1000000000000) WHERE id % 3 = 4'; echo code $?")
    assert yarn(cluster.server, "application", "-kill", cluster.running()[0]).returncode == 0
    assert cluster.end(step)[:2] == ("COMPLETED", "code 137\n")


@pytest.mark.parametrize("arguments, words", [
    (["application", "-status", "application_1700000000000_0001"], "Application with id 'application_1700000000000_0001' doesn't exist in RM."),
    (["application", "-kill", "job_1_2"], "Invalid ApplicationId: job_1_2"),
    (["application", "-list", "-appStates", "DONE"], "The state DONE is invalid."),
    (["application", "-movetoqueue", "x"], "weir has no 'yarn application -movetoqueue'"),
    (["logs"], "-applicationId"),
    (["logs", "-applicationId", "application_1700000000000_0001"], "doesn't exist in RM."),
    (["top"], "weir has no 'yarn top'"),
])
def test_bad_input(server, arguments, words):
    done = yarn(server, *arguments)
    assert done.returncode != 0 and words in done.stderr, done


def test_another_cluster_is_not_seen_by_a_step(cluster):
    other = Cluster(cluster.server)
    state, out, err = other.run("yarn", "application", "-list", "-appStates", "ALL")
    assert state == "COMPLETED" and "and tags: []):0\n" in out, err
    other.emr.terminate_job_flows(JobFlowIds=[other.id])


def test_on_a_laptop_over_the_home(start_server, tmp_path):
    first = start_server(home=tmp_path / "home")
    first.client("s3").create_bucket(Bucket=BUCKET)
    first.client("s3").put_object(Bucket=BUCKET, Key="in/a.txt", Body=b"a\n")
    cluster = Cluster(first)
    _, _, err = cluster.run("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/out", "-mapper", "cat")
    first.stop()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"WEIR_HOME": str(first.home)}
    done = yarn(None, "application", "-list", "-appStates", "ALL", environment=environment)
    assert SUBMITTED.search(err)[1] in done.stdout and "SUCCEEDED" in done.stdout, done
    done = subprocess.run([WEIR, "yarn", "application", "-list"], env=environment | {"WEIR_HOME": str(tmp_path / "none")}, capture_output=True, text=True)
    assert done.returncode == 255 and "there is no home at" in done.stderr


def test_an_application_outlives_its_server(start_server, tmp_path):
    first = start_server(home=tmp_path / "home")
    first.client("s3").create_bucket(Bucket=BUCKET)
    first.client("s3").put_object(Bucket=BUCKET, Key="in/a.txt", Body=b"a\n")
    cluster = Cluster(first)
    step = cluster.start("hadoop-streaming", "-input", f"s3://{BUCKET}/in", "-output", f"s3://{BUCKET}/out", "-mapper", 'sh -c "sleep 4; cat"')
    id, = cluster.running()
    first.kill()
    second = start_server("--listen", f"127.0.0.1:{first.port}", home=first.home)
    assert report(second, id)["State"] == "RUNNING"
    assert cluster.end(step)[0] == "COMPLETED"
    assert report(second, id)["Final-State"] == "SUCCEEDED"
