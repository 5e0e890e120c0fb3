"""Glue jobs: a run is a process in the sandbox with a Spark driver of its own, or Python alone."""
import time

import pytest

WAIT_S = 120
SCRIPT = '''
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job

args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
frame = glueContext.create_dynamic_frame.from_options("s3", {"paths": [args["source"]]}, format="csv",
                                                      format_options={"withHeader": True})
frame = ApplyMapping.apply(frame=frame, mappings=[("id", "string", "id", "long"), ("name", "string", "who", "string"),
                                                  ("city", "string", "city", "string")])
frame = Filter.apply(frame=frame, f=lambda row: row["id"] > 1)
frame = frame.resolveChoice(specs=[("id", "cast:int")]).rename_field("who", "person")
frame = DropFields.apply(frame=DynamicFrame.fromDF(frame.toDF().withColumn("extra", frame.toDF().id), glueContext, "x"), paths=["extra"])
print("rows", frame.count(), frame.toDF().dtypes)
sink = glueContext.getSink(connection_type="s3", path=args["target"], enableUpdateCatalog=True, partitionKeys=["city"])
sink.setFormat("glueparquet")
sink.setCatalogInfo(catalogDatabase=args["JOB_NAME"], catalogTableName="people")
sink.writeFrame(frame)
try:
    frame.relationalize("root", "s3://x/y")
except NotImplementedError as error:
    print(error)
job.commit()
'''


class Jobs:
    def __init__(self, server):
        self.glue, self.s3, self.server = server.client("glue"), server.client("s3"), server
        self.name = "job" + str(time.time_ns())
        self.s3.create_bucket(Bucket=self.name)

    def create(self, script, kind="glueetl", **more):
        self.s3.put_object(Bucket=self.name, Key="job.py", Body=script)
        self.glue.create_job(Name=self.name, Role="GlueRole", LogUri=f"s3://{self.name}/logs/",
                             Command={"Name": kind, "ScriptLocation": f"s3://{self.name}/job.py", "PythonVersion": "3"}, **more)

    def run(self, **more):
        return self.glue.start_job_run(JobName=self.name, **more)["JobRunId"]

    def wait(self, run, states=("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")):
        deadline = time.monotonic() + WAIT_S
        while True:
            found = self.glue.get_job_run(JobName=self.name, RunId=run)["JobRun"]
            if found["JobRunState"] in states:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def log(self, run, group="output"):
        return self.s3.get_object(Bucket=self.name, Key=f"logs/{group}/{run}")["Body"].read().decode()


@pytest.fixture
def jobs(server):
    return Jobs(server)


def test_an_etl_job_writes_files_and_their_table(jobs):
    jobs.s3.put_object(Bucket=jobs.name, Key="in/a.csv", Body="id,name,city\n1,Ada,Bern\n2,Bo,Bern\n3,Cy,a b\n")
    jobs.glue.create_database(DatabaseInput={"Name": jobs.name})
    jobs.create(SCRIPT, DefaultArguments={"--source": f"s3://{jobs.name}/in", "--TempDir": f"s3://{jobs.name}/tmp",
                                          "--job-bookmark-option": "job-bookmark-disable"})
    run = jobs.run(Arguments={"--target": f"s3://{jobs.name}/out"})
    ended = jobs.wait(run)
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
    out = jobs.log(run)
    assert "rows 2 [('id', 'int'), ('person', 'string'), ('city', 'string')]" in out
    assert "DynamicFrame.relationalize is not supported" in out
    table = jobs.glue.get_table(DatabaseName=jobs.name, Name="people")["Table"]
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [("id", "int"), ("person", "string")]
    partitions = jobs.glue.get_partitions(DatabaseName=jobs.name, TableName="people")["Partitions"]
    assert sorted(p["Values"] for p in partitions) == [["Bern"], ["a b"]]
    keys = [o["Key"] for o in jobs.s3.list_objects_v2(Bucket=jobs.name, Prefix="out/")["Contents"]]
    for partition in partitions:
        folder = partition["StorageDescriptor"]["Location"].split(jobs.name + "/")[1]
        assert any(key.startswith(folder) for key in keys), (folder, keys)


def test_python_shell_and_its_failure(server, jobs):
    jobs.create("import sys\nfrom awsglue.utils import getResolvedOptions\nprint(getResolvedOptions(sys.argv, ['n'])['n'])\n"
                "if '--fail' in sys.argv: raise ValueError('as asked')\n", kind="pythonshell")
    run = jobs.run(Arguments={"--n": "seven"})
    assert jobs.wait(run)["JobRunState"] == "SUCCEEDED"
    assert jobs.log(run) == "seven\n"
    events = server.client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run)["events"]
    assert [event["message"] for event in events] == ["seven"]
    failed = jobs.run(Arguments={"--n": "1", "--fail": "yes"})
    ended = jobs.wait(failed)
    events = server.client("logs").filter_log_events(logGroupName="/aws-glue/jobs/error", logStreamNames=[failed], filterPattern="ValueError")["events"]
    assert "ValueError: as asked" in [event["message"] for event in events]
    assert (ended["JobRunState"], ended["ErrorMessage"]) == ("FAILED", "ValueError: as asked")
    ended = jobs.wait(jobs.run())
    assert ended["JobRunState"] == "FAILED" and "the following arguments are required: --n" in ended["ErrorMessage"]


def test_runs_are_limited_stopped_and_timed(jobs):
    jobs.create("import time\nprint('up', flush=True)\ntime.sleep(600)\n", kind="pythonshell")
    run = jobs.run()
    jobs.wait(run, ("RUNNING",))
    with pytest.raises(jobs.glue.exceptions.ConcurrentRunsExceededException):
        jobs.run()
    answer = jobs.glue.batch_stop_job_run(JobName=jobs.name, JobRunIds=[run, "jr_none"])
    assert [s["JobRunId"] for s in answer["SuccessfulSubmissions"]] == [run]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "JobRunNotFoundException"
    assert jobs.wait(run)["JobRunState"] == "STOPPED"


def test_what_can_not_run_fails_by_name(jobs):
    jobs.create("print(1)")
    ended = jobs.wait(jobs.run(Arguments={"--job-bookmark-option": "job-bookmark-enable"}))
    assert "job-bookmark-enable is not supported" in ended["ErrorMessage"]
    ended = jobs.wait(jobs.run(Arguments={"--extra-jars": "s3://x/y.jar"}))
    assert "--extra-jars is not supported" in ended["ErrorMessage"]
    jobs.glue.update_job(JobName=jobs.name, JobUpdate={"Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://none-here/x.py"}})
    assert jobs.wait(jobs.run())["JobRunState"] == "FAILED"


def test_a_run_outlives_its_server(start_server):
    first = start_server()
    jobs = Jobs(first)
    jobs.create("import time\nprint('up', flush=True)\ntime.sleep(3)\nprint('done')\n", kind="pythonshell")
    run = jobs.run()
    deadline = time.monotonic() + WAIT_S
    while not any(path.read_text() for path in first.home.glob("run/glue/jr_*/stdout")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.kill()
    jobs.glue, jobs.s3 = (lambda again: (again.client("glue"), again.client("s3")))(start_server(home=first.home))
    ended = jobs.wait(run)
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
    assert jobs.log(run) == "up\ndone\n"


def test_a_failed_run_is_tried_again(jobs):
    jobs.create("import sys; sys.exit(3)", kind="pythonshell", MaxRetries=1)
    first = jobs.run()
    assert jobs.wait(first)["JobRunState"] == "FAILED"
    second = jobs.wait(first + "_attempt_1")
    assert (second["JobRunState"], second["Attempt"], second["PreviousRunId"]) == ("FAILED", 1, first)
    assert len(jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"]) == 2


def test_triggers_start_jobs(jobs):
    jobs.create("print('hello')", kind="pythonshell")
    jobs.glue.create_trigger(Name=jobs.name, Type="ON_DEMAND", Actions=[{"JobName": jobs.name, "Arguments": {"--a": "b"}}])
    jobs.glue.start_trigger(Name=jobs.name)
    run = jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"][0]
    assert run["Arguments"] == {"--a": "b"} and jobs.wait(run["Id"])["JobRunState"] == "SUCCEEDED"


def test_a_condition_starts_what_follows(jobs):
    jobs.create("print('hello')", kind="pythonshell")
    command = jobs.glue.get_job(JobName=jobs.name)["Job"]["Command"]
    after = jobs.name + "-after"
    jobs.glue.create_job(Name=after, Role="r", Command=command)
    condition = {"JobName": jobs.name, "State": "SUCCEEDED", "LogicalOperator": "EQUALS"}
    jobs.glue.create_trigger(Name=after, Type="CONDITIONAL", StartOnCreation=True, Actions=[{"JobName": after}],
                             Predicate={"Conditions": [condition]})
    jobs.wait(jobs.run())
    deadline = time.monotonic() + WAIT_S
    while not jobs.glue.get_job_runs(JobName=after)["JobRuns"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    jobs.name = after
    run = jobs.glue.get_job_runs(JobName=after)["JobRuns"]
    assert len(run) == 1 and jobs.wait(run[0]["Id"])["JobRunState"] == "SUCCEEDED"
    time.sleep(0.3)
    assert len(jobs.glue.get_job_runs(JobName=after)["JobRuns"]) == 1  # once for each end
