"""Steps from AddJobFlowSteps to their logs in S3: order, failures, cancelling, bootstrap actions, the aws CLI's step types."""
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError
from test_emr import GROUPS, error, run, wait_cluster

ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")


@pytest.fixture(scope="module")
def emr(server):
    return server.client("emr")


@pytest.fixture(scope="module")
def s3(server):
    client = server.client("s3")
    client.create_bucket(Bucket="emr-steps")
    return client


@pytest.fixture(scope="module")
def cluster(emr, s3):
    made = run(emr, LogUri="s3://emr-steps/logs/")
    yield made
    emr.terminate_job_flows(JobFlowIds=[made])
    wait_cluster(emr, made, "TERMINATED")


def step(*args, jar="command-runner.jar", action="CONTINUE", name="step"):
    return {"Name": name, "ActionOnFailure": action, "HadoopJarStep": {"Jar": jar, "Args": list(args)}}


def add(emr, cluster, *steps):
    return emr.add_job_flow_steps(JobFlowId=cluster, Steps=list(steps))["StepIds"]


def wait_step(emr, cluster, step_id, *states, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = emr.describe_step(ClusterId=cluster, StepId=step_id)["Step"]
        if found["Status"]["State"] in (states or ENDED):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{step_id} is {found['Status']}")


def wait_output(server, cluster, step_id, text):
    """Until the running step has written it."""
    written, until = server.home / "run" / cluster / step_id / "stdout", time.monotonic() + 60
    while time.monotonic() < until and not (written.exists() and text in written.read_text()):
        time.sleep(0.05)
    assert text in written.read_text()


def log(s3, cluster, step_id, name):
    return gzip.decompress(s3.get_object(Bucket="emr-steps", Key=f"logs/{cluster}/steps/{step_id}/{name}.gz")["Body"].read()).decode()


def state_of(emr, cluster, *args, **options):
    step_id = add(emr, cluster, step(*args, **options))[0]
    return step_id, wait_step(emr, cluster, step_id)["Status"]


def test_bash_step(emr, s3, cluster):
    step_id, status = state_of(emr, cluster, "bash", "-c", "echo to-stdout; echo to-stderr >&2; echo $EMR_STEP_ID")
    assert status["State"] == "COMPLETED"
    timeline = status["Timeline"]
    assert timeline["CreationDateTime"] <= timeline["StartDateTime"] <= timeline["EndDateTime"]
    assert log(s3, cluster, step_id, "stdout") == f"to-stdout\n{step_id}\n"
    assert log(s3, cluster, step_id, "stderr") == "to-stderr\n"
    controller = log(s3, cluster, step_id, "controller")
    assert "startExec 'bash -c " in controller and "succeeded with exitCode 0" in controller
    assert "AWS_SECRET" not in controller


def test_output_goes_to_a_log_group_when_the_cluster_asks(server, emr):
    group = "/emr/asked"
    made = run(emr, MonitoringConfiguration={"CloudWatchLogConfiguration": {"Enabled": True, "LogGroupName": group, "LogStreamNamePrefix": "p"}})
    step_id, _ = state_of(emr, made, "bash", "-c", "echo one; echo; echo two; printf '\\377' >&2")
    emr.terminate_job_flows(JobFlowIds=[made])
    logs = server.client("logs")

    def lines(name):
        return [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=f"p/steps/{step_id}/{name}")["events"]]

    assert lines("stdout") == ["one", "two"]
    assert lines("stderr") == ["?"]


def test_failure_details(emr, s3, cluster):
    step_id, status = state_of(emr, cluster, "python3", "-c", "import sys; print('x', file=sys.stderr); raise ValueError('no such column')")
    assert status["State"] == "FAILED"
    assert status["FailureDetails"] == {"Reason": "Unknown Error.", "Message": "ValueError: no such column",
                                        "LogFile": f"s3://emr-steps/logs/{cluster}/steps/{step_id}/stderr.gz"}
    assert "Traceback" in log(s3, cluster, step_id, "stderr")
    assert "failed with exitCode 1" in log(s3, cluster, step_id, "controller")


@pytest.mark.parametrize("args, jar, words", [
    (("no-such-program",), "command-runner.jar", 'Cannot run program "no-such-program"'),
    ((), "command-runner.jar", "no command given"),
    (("s3://emr-steps/none.sh",), "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar",
     "java.io.FileNotFoundException: No such file or directory 's3://emr-steps/none.sh'"),
    (("spark-submit", "s3://emr-steps/none.py"), "command-runner.jar",
     "java.io.FileNotFoundException: No such file or directory 's3://emr-steps/none.py'"),
    (("spark-submit", "s3://no-such-bucket-here/x.py"), "command-runner.jar", "No such file or directory 's3://no-such-bucket-here/x.py'"),
    (("spark-submit", "--frobnicate", "x.py"), "command-runner.jar", "Unrecognized option '--frobnicate'."),
    (("spark-submit", "--packages", "a:b:1", "s3://emr-steps/x.py"), "command-runner.jar", "weir runs no JVM"),
    (("spark-submit", "--class", "org.example.Main", "s3://emr-steps/app.jar"), "command-runner.jar", "needs a JVM engine"),
    (("hive-script", "--run-hive-script", "--args", "-f", "s3://emr-steps/x.q"), "command-runner.jar", "weir does not run Hive yet"),
    (("x",), "s3://emr-steps/app.jar", "s3://emr-steps/app.jar needs a JVM engine"),
])
def test_bad_steps_say_why(emr, s3, cluster, args, jar, words):
    step_id, status = state_of(emr, cluster, *args, jar=jar)
    assert status["State"] == "FAILED"
    assert words in status["FailureDetails"]["Message"]
    assert words in log(s3, cluster, step_id, "stderr")


def test_script_runner(emr, s3, cluster):
    s3.put_object(Bucket="emr-steps", Key="a b/run.sh", Body=b"echo \"script: $1 $2\"; aws s3 ls s3://emr-steps/ | grep -q 'a b/' && exit 3\n")
    step_id, status = state_of(emr, cluster, "s3://emr-steps/a b/run.sh", "one", "two words",
                               jar="s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar")
    assert status["State"] == "FAILED", log(s3, cluster, step_id, "stderr")  # its own exit code
    assert log(s3, cluster, step_id, "stdout") == "script: one two words\n"


def test_step_sees_nothing_of_the_home(emr, s3, cluster, server):
    script = f"cat {server.home}/keys/root.json {server.home}/control.db; ls {server.home} {server.home}/lake /root /home; echo x > /etc/x; kill -9 {server.process.pid}"
    step_id, _ = state_of(emr, cluster, "bash", "-c", script)
    seen = log(s3, cluster, step_id, "stdout").split()
    # A private /tmp shows the folders that lead to the step's own, where the home is in /tmp, and nothing else in them.
    assert set(seen) <= {f"{server.home}:", "run"}
    assert server.process.poll() is None


def test_role_of_the_step(emr, s3, cluster):
    step_id, _ = state_of(emr, cluster, "aws", "sts", "get-caller-identity")
    assert json.loads(log(s3, cluster, step_id, "stdout"))["Arn"] == f"arn:aws:sts::123456789012:assumed-role/EMR_EC2_DefaultRole/{step_id}"


def test_home_is_the_clusters(emr, s3, cluster):
    ids = add(emr, cluster, step("bash", "-c", "echo kept > ~/file; echo gone > file"), step("bash", "-c", "cat ~/file; cat file"))
    wait_step(emr, cluster, ids[1])
    assert log(s3, cluster, ids[1], "stdout") == "kept\n"


def test_first_in_first_out(emr, cluster):
    ids = add(emr, cluster, *[step("bash", "-c", "sleep 0.2", name=str(i)) for i in range(4)])
    steps = [wait_step(emr, cluster, i)["Status"]["Timeline"] for i in ids]
    for before, after in zip(steps, steps[1:]):
        assert after["StartDateTime"] >= before["EndDateTime"]
    assert [s["Id"] for s in emr.list_steps(ClusterId=cluster)["Steps"][:4]] == ids[::-1]


def test_concurrent_steps(emr):
    made = run(emr, StepConcurrencyLevel=4)
    ids = add(emr, made, *[step("sleep", "0.7") for _ in range(4)])
    times = [wait_step(emr, made, i)["Status"]["Timeline"] for i in ids]
    assert max(t["StartDateTime"] for t in times) < min(t["EndDateTime"] for t in times)
    assert error(emr.add_job_flow_steps, JobFlowId=made, Steps=[step("true", action="CANCEL_AND_WAIT")])[0] == "ValidationException"
    emr.terminate_job_flows(JobFlowIds=[made])


def test_cancel_and_wait(emr):
    made = run(emr)
    ids = add(emr, made, step("false", action="CANCEL_AND_WAIT"), step("true"), step("true"))
    assert [wait_step(emr, made, i)["Status"]["State"] for i in ids] == ["FAILED", "CANCELLED", "CANCELLED"]
    assert wait_cluster(emr, made, "WAITING")["Status"]["StateChangeReason"]["Message"] == "Cluster ready after last step failed."
    emr.terminate_job_flows(JobFlowIds=[made])


@pytest.mark.parametrize("action", ["TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"])
def test_terminate_on_failure(emr, action):
    made = run(emr, Steps=[step("false", action=action), step("true")])
    ended = wait_cluster(emr, made, "TERMINATED_WITH_ERRORS")
    assert ended["Status"]["StateChangeReason"] == {"Code": "STEP_FAILURE", "Message": "Shut down as step failed"}
    assert [s["Status"]["State"] for s in emr.list_steps(ClusterId=made)["Steps"]] == ["CANCELLED", "FAILED"]


def test_auto_termination_after_the_last_step(emr):
    made = run(emr, instances={"KeepJobFlowAliveWhenNoSteps": False}, Steps=[step("true"), step("true")])
    ended = wait_cluster(emr, made, "TERMINATED")
    assert ended["Status"]["StateChangeReason"]["Code"] == "ALL_STEPS_COMPLETED" and ended["AutoTerminate"] is True
    assert [s["Status"]["State"] for s in emr.list_steps(ClusterId=made)["Steps"]] == ["COMPLETED", "COMPLETED"]


def test_cancel_steps(server, emr, s3, cluster):
    script = "trap 'echo asked; exit 0' TERM; (setsid sleep 200 &); echo ready; while :; do sleep 0.05; done"
    running, pending = add(emr, cluster, step("bash", "-c", script), step("true"))
    wait_output(server, cluster, running, "ready\n")
    answers = emr.cancel_steps(ClusterId=cluster, StepIds=[running, pending, "s-NOSUCHSTEP00"])["CancelStepsInfoList"]
    assert [a["Status"] for a in answers] == ["SUBMITTED", "SUBMITTED", "FAILED"]
    assert wait_step(emr, cluster, pending)["Status"]["State"] == "CANCELLED"
    assert wait_step(emr, cluster, running)["Status"]["State"] == "CANCELLED"
    assert log(s3, cluster, running, "stdout") == "ready\nasked\n"
    again = emr.cancel_steps(ClusterId=cluster, StepIds=[running])["CancelStepsInfoList"][0]
    assert again["Status"] == "FAILED" and "CANCELLED" in again["Reason"]


def test_cancel_at_once(server, emr, s3, cluster):
    stubborn = add(emr, cluster, step("bash", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))[0]
    wait_output(server, cluster, stubborn, "ready\n")
    emr.cancel_steps(ClusterId=cluster, StepIds=[stubborn], StepCancellationOption="TERMINATE_PROCESS")
    assert wait_step(emr, cluster, stubborn, seconds=5)["Status"]["State"] == "CANCELLED"


def test_termination_ends_running_steps(emr):
    made = run(emr)
    running, pending = add(emr, made, step("sleep", "300"), step("true"))
    wait_step(emr, made, running, "RUNNING")
    emr.terminate_job_flows(JobFlowIds=[made])
    wait_cluster(emr, made, "TERMINATED")
    assert {s["Status"]["State"] for s in emr.list_steps(ClusterId=made)["Steps"]} == {"CANCELLED"}


def test_bootstrap_actions(emr, s3):
    s3.put_object(Bucket="emr-steps", Key="boot.sh", Body=b"#!/bin/bash\necho booting $1\necho installed > ~/tool\n")
    action = {"Name": "install", "ScriptBootstrapAction": {"Path": "s3://emr-steps/boot.sh", "Args": ["me"]}}
    made = run(emr, LogUri="s3://emr-steps/logs/", BootstrapActions=[action], Steps=[step("bash", "-c", "cat ~/tool")])
    step_id = emr.list_steps(ClusterId=made)["Steps"][0]["Id"]
    assert wait_step(emr, made, step_id)["Status"]["State"] == "COMPLETED"
    assert log(s3, made, step_id, "stdout") == "installed\n"
    assert emr.list_bootstrap_actions(ClusterId=made)["BootstrapActions"] == [
        {"Name": "install", "ScriptPath": "s3://emr-steps/boot.sh", "Args": ["me"]}]
    master = emr.list_instances(ClusterId=made, InstanceGroupTypes=["MASTER"])["Instances"][0]["Ec2InstanceId"]
    key = f"logs/{made}/node/{master}/bootstrap-actions/1/stdout.gz"
    assert gzip.decompress(s3.get_object(Bucket="emr-steps", Key=key)["Body"].read()) == b"booting me\n"
    emr.terminate_job_flows(JobFlowIds=[made])


def test_bootstrap_failure(emr, s3):
    s3.put_object(Bucket="emr-steps", Key="bad.sh", Body=b"#!/bin/bash\nexit 7\n")
    action = {"Name": "bad", "ScriptBootstrapAction": {"Path": "s3://emr-steps/bad.sh"}}
    made = run(emr, BootstrapActions=[action], Steps=[step("true")])
    reason = wait_cluster(emr, made, "TERMINATED_WITH_ERRORS")["Status"]["StateChangeReason"]
    assert reason["Code"] == "BOOTSTRAP_FAILURE" and "bootstrap action 1 returned a non-zero return code" in reason["Message"]
    assert emr.list_steps(ClusterId=made)["Steps"][0]["Status"]["State"] == "CANCELLED"


def test_limits(emr, cluster):
    assert error(emr.add_job_flow_steps, JobFlowId=cluster, Steps=[step("x" * 10300)])[0] == "ValidationException"
    made = run(emr)
    add(emr, made, step("sleep", "300"))
    add(emr, made, *[step("true")] * 255)
    code, message, _ = error(emr.add_job_flow_steps, JobFlowId=made, Steps=[step("true")])
    assert code == "ValidationException" and message.startswith("Maximum number of active steps")
    first = emr.list_steps(ClusterId=made)
    assert len(first["Steps"]) == 50 and len(emr.list_steps(ClusterId=made, Marker=first["Marker"])["Steps"]) == 50
    pending = emr.list_steps(ClusterId=made, StepStates=["RUNNING"])["Steps"]
    assert len(pending) == 1
    assert emr.list_steps(ClusterId=made, StepIds=[pending[0]["Id"]])["Steps"][0]["Id"] == pending[0]["Id"]
    emr.terminate_job_flows(JobFlowIds=[made])
    wait_cluster(emr, made, "TERMINATED")


def test_unknown_step(emr, cluster):
    code, message, _ = error(emr.describe_step, ClusterId=cluster, StepId="s-NOSUCHSTEP00")
    assert (code, message) == ("InvalidRequestException", "Step id 's-NOSUCHSTEP00' is not valid.")


def test_a_log_bucket_that_is_missing_delays_nothing(emr):
    made = run(emr, LogUri="s3://no-such-log-bucket/x")
    step_id, status = state_of(emr, made, "true")
    assert status["State"] == "COMPLETED"
    emr.terminate_job_flows(JobFlowIds=[made])


def test_cli_step_types(server, emr, s3, cluster):
    """What the real aws CLI makes of Type=…: Jar and Args as EMR would get them."""
    steps = ["Type=Spark,Name=Data Processing Job,ActionOnFailure=CONTINUE,Args=[--class,org.apache.spark.deploy.SparkSubmit,--master,yarn,"
             "--deploy-mode,cluster,s3://emr-steps/none.py]",
             "Type=Hive,Name=h,ActionOnFailure=CONTINUE,Args=[-f,s3://emr-steps/x.q]",
             "Type=Pig,Name=p,ActionOnFailure=CONTINUE,Args=[-f,s3://emr-steps/x.pig]",
             "Type=Streaming,Name=s,ActionOnFailure=CONTINUE,Args=[-mapper,cat,-input,s3://emr-steps/i,-output,s3://emr-steps/o]",
             "Type=CUSTOM_JAR,Name=c,ActionOnFailure=CONTINUE,Jar=command-runner.jar,Args=[bash,-c,exit 0]"]
    done = server.aws("emr", "add-steps", "--cluster-id", cluster, "--steps", *steps, "--output", "json")
    ids = json.loads(done.stdout)["StepIds"]
    ends = [wait_step(emr, cluster, i) for i in ids]
    assert [e["Status"]["State"] for e in ends] == ["FAILED"] * 4 + ["COMPLETED"]
    assert [e["Config"]["Jar"] for e in ends] == ["command-runner.jar"] * 5
    messages = [e["Status"]["FailureDetails"]["Message"] for e in ends[:4]]
    for message, words in zip(messages, ("none.py", "Hive", "Pig", "Streaming Command Failed")):
        assert words in message
