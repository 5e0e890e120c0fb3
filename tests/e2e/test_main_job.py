"""The sample job as its user runs it: the reference's own add-steps command, on a cluster, over S3, unmodified; every output
row is compared with what real Spark wrote (tests/golden/jobs)."""
import gzip
import json
import pathlib
import sys
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = TOP / "tests" / "golden" / "jobs"
sys.path.insert(0, str(GOLDEN))
import canonical  # noqa: E402
import flights  # noqa: E402

BUCKET = "flights-data-lake"
END_STATES = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")


def wait_for_step(emr, cluster, step, seconds=240):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = emr.describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]
        if status["State"] in END_STATES:
            return status
        time.sleep(0.1)
    raise AssertionError(f"step {step} is still {status['State']}")


def read_log(s3, cluster, step, name):
    body = s3.get_object(Bucket=BUCKET, Key=f"logs/{cluster}/steps/{step}/{name}.gz")["Body"].read()
    return gzip.decompress(body).decode()


def download(s3, prefix, folder):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
        for item in page.get("Contents", []):
            path = folder / item["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, item["Key"], str(path))


@pytest.fixture(scope="module")
def job(server, tmp_path_factory):
    """Runs the job once; (s3, folder of the outputs, logs by name, cluster, step)."""
    s3, emr = server.client("s3"), server.client("emr")
    raw = tmp_path_factory.mktemp("raw")
    flights.lay_out(str(raw))
    server.aws("s3", "mb", f"s3://{BUCKET}")
    server.aws("s3", "cp", "--recursive", "--no-progress", str(raw), f"s3://{BUCKET}/raw")
    server.aws("s3", "cp", "--no-progress", str(TOP / "jobs/data_processing_job.py"), f"s3://{BUCKET}/scripts/data_processing_job.py")
    cluster = json.loads(server.aws(
        "emr", "create-cluster", "--name", "Batch ETL", "--release-label", "emr-7.12.0", "--applications", "Name=Spark",
        "Name=Hadoop", "Name=Hive", "Name=Pig", "--log-uri", f"s3://{BUCKET}/logs/", "--instance-groups",
        "InstanceGroupType=MASTER,InstanceCount=1,InstanceType=m5.xlarge", "InstanceGroupType=CORE,InstanceCount=2,InstanceType=m5.large",
        "--service-role", "EMR_DefaultRole", "--ec2-attributes", "InstanceProfile=EMR_EC2_DefaultRole").stdout)["ClusterId"]
    steps = ("Type=Spark,Name=\"Data Processing Job\",ActionOnFailure=CONTINUE,Args=[--class,org.apache.spark.deploy.SparkSubmit,"
             f"--master,yarn,--deploy-mode,cluster,s3://{BUCKET}/scripts/data_processing_job.py]")
    step = json.loads(server.aws("emr", "add-steps", "--cluster-id", cluster, "--steps", steps).stdout)["StepIds"][0]
    status = wait_for_step(emr, cluster, step)
    logs = {name: read_log(s3, cluster, step, name) for name in ("controller", "stderr", "stdout")}
    assert status["State"] == "COMPLETED", f"{status}\n{logs['stdout']}\n{logs['stderr'][-4000:]}"
    folder = tmp_path_factory.mktemp("output")
    for prefix in ("processed/", "aggregated/"):
        download(s3, prefix, folder)
    return s3, folder, logs, cluster, step


def test_output_equals_real_spark(job):
    golden = json.loads((GOLDEN / "data_processing_job.json").read_text())
    differences = canonical.differences(golden, canonical.describe_output(str(job[1])))
    assert not differences, "\n".join(differences)


def test_script_prints_to_stdout_log(job):
    stdout = job[2]["stdout"]
    assert "processed flights: 328521" in stdout
    assert "|    on time|200089|" in stdout


def test_processed_is_partitioned_by_month(job):
    names = {path.name for path in (job[1] / "processed").iterdir()}
    assert names == {f"month={month}" for month in range(1, 13)} | {"_SUCCESS"}


def test_second_run_replaces_the_first(job, server):
    """mode("overwrite"): running it again leaves the same rows, not twice as many."""
    s3, _, _, cluster, _ = job
    emr = server.client("emr")
    before = s3.list_objects_v2(Bucket=BUCKET, Prefix="aggregated/")["KeyCount"]
    step = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[{"Name": "again", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {
        "Jar": "command-runner.jar", "Args": ["spark-submit", f"s3://{BUCKET}/scripts/data_processing_job.py"]}}])["StepIds"][0]
    assert wait_for_step(emr, cluster, step)["State"] == "COMPLETED"
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="aggregated/")["KeyCount"] == before
