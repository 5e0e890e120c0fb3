"""The Amazon provider's operators beside those of dags/batch_etl.py, in one DAG: each chain ends with a look at what it did. What weir
does not have is asked for, too, and must be refused by name. The exam makes the bucket `operators` and a Redshift cluster `batch-etl`."""
import datetime

import boto3
import botocore.exceptions
from airflow.providers.amazon.aws.log.s3_task_handler import S3RemoteLogIO
from airflow.providers.amazon.aws.operators.emr import (
    EmrAddStepsOperator,
    EmrContainerOperator,
    EmrCreateJobFlowOperator,
    EmrModifyClusterOperator,
    EmrServerlessCreateApplicationOperator,
    EmrTerminateJobFlowOperator,
)
from airflow.providers.amazon.aws.operators.eventbridge import (
    EventBridgeDisableRuleOperator,
    EventBridgeEnableRuleOperator,
    EventBridgePutEventsOperator,
    EventBridgePutRuleOperator,
)
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.redshift_cluster import (
    RedshiftCreateClusterOperator,
    RedshiftCreateClusterSnapshotOperator,
    RedshiftDeleteClusterOperator,
    RedshiftDeleteClusterSnapshotOperator,
    RedshiftPauseClusterOperator,
    RedshiftResumeClusterOperator,
)
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.providers.amazon.aws.operators.s3 import (
    S3CopyObjectOperator,
    S3CreateBucketOperator,
    S3CreateObjectOperator,
    S3DeleteBucketOperator,
    S3DeleteBucketTaggingOperator,
    S3DeleteObjectsOperator,
    S3FileTransformOperator,
    S3GetBucketTaggingOperator,
    S3ListOperator,
    S3ListPrefixesOperator,
    S3PutBucketTaggingOperator,
)
from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator
from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator
from airflow.providers.amazon.aws.sensors.emr import EmrStepSensor
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.amazon.aws.sensors.glue_catalog_partition import GlueCatalogPartitionSensor
from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor, S3KeysUnchangedSensor
from airflow.providers.amazon.aws.sensors.sqs import SqsSensor
from airflow.providers.amazon.aws.transfers.local_to_s3 import LocalFilesystemToS3Operator
from airflow.providers.amazon.aws.transfers.redshift_to_s3 import RedshiftToS3Operator
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.sdk import DAG, chain, task

BUCKET = "operators"
ROLE = "arn:aws:iam::123456789012:role/RedshiftCopy"
WAREHOUSE = {"cluster_identifier": "batch-etl", "database": "dev", "db_user": "awsuser"}
DATA_API = WAREHOUSE | {"poll_interval": 1, "wait_for_completion": True}
GLUE_SCRIPT = """
import sys
from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "target"])
spark = GlueContext(SparkContext.getOrCreate()).spark_session
frame = spark.createDataFrame([(1, "a", "2026-01-01"), (2, "b", "2026-01-02")], "n int, s string, day string")
spark.sql("CREATE DATABASE IF NOT EXISTS operators")
frame.write.mode("overwrite").partitionBy("day").option("path", args["target"]).saveAsTable("operators.by_day")
"""


@task
def equal(found, expected):
    assert found == expected, (found, expected)


@task
def body_is(key, expected):
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    assert sorted(body.split()) == expected.split(), body


def refused(operator_class, word, **arguments):
    """A task that runs an operator of a service that is not there: AWS's kind of error at once, with the operation's name."""

    @task(task_id=f"{operator_class.__name__}_is_refused")
    def run(**context):
        try:
            operator_class(task_id="refused", **arguments).execute(context)
        except botocore.exceptions.ClientError as error:
            assert 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 and word in str(error), error
            return
        raise AssertionError("it was not refused")

    return run()


def s3():
    chain(
        S3CreateBucketOperator(task_id="s3_create", bucket_name="short-lived"),
        S3PutBucketTaggingOperator(task_id="s3_tag", bucket_name="short-lived", key="team", value="etl"),
        tags := S3GetBucketTaggingOperator(task_id="s3_tags", bucket_name="short-lived"),
        equal.override(task_id="s3_tags_are")(tags.output, [{"Key": "team", "Value": "etl"}]),
        S3DeleteBucketTaggingOperator(task_id="s3_untag", bucket_name="short-lived"),
        S3CreateObjectOperator(task_id="s3_object", s3_bucket="short-lived", s3_key="in/a.txt", data="one\ntwo"),
        S3CopyObjectOperator(task_id="s3_copy", source_bucket_key="s3://short-lived/in/a.txt",
                             dest_bucket_key="s3://short-lived/in/b.txt"),
        S3FileTransformOperator(task_id="s3_transform", source_s3_key="s3://short-lived/in/b.txt",
                                dest_s3_key=f"s3://{BUCKET}/out/c.txt", transform_script="/bin/cp", replace=True),
        body_is.override(task_id="s3_transformed")("out/c.txt", "one\ntwo"),
        keys := S3ListOperator(task_id="s3_list", bucket="short-lived", prefix="in/"),
        equal.override(task_id="s3_listed")(keys.output, ["in/a.txt", "in/b.txt"]),
        prefixes := S3ListPrefixesOperator(task_id="s3_prefixes", bucket="short-lived", prefix="", delimiter="/"),
        equal.override(task_id="s3_prefixes_are")(prefixes.output, ["in/"]),
        S3KeySensor(task_id="s3_keys", bucket_key=["s3://short-lived/in/a.txt", "s3://short-lived/in/b.txt"], poke_interval=1,
                    check_fn=lambda files: all(file["Size"] == 7 for file in files), metadata_keys=["Size"]),
        S3KeysUnchangedSensor(task_id="s3_unchanged", bucket_name="short-lived", prefix="in/", inactivity_period=1, min_objects=2,
                              poke_interval=1, timeout=60),
        S3DeleteObjectsOperator(task_id="s3_delete", bucket="short-lived", prefix="in/a"),
        S3DeleteBucketOperator(task_id="s3_drop", bucket_name="short-lived", force_delete=True),
        LocalFilesystemToS3Operator(task_id="s3_from_local", filename="/etc/hostname", dest_key=f"s3://{BUCKET}/hostname", replace=True),
    )


def emr():
    create = EmrCreateJobFlowOperator(task_id="emr_create", job_flow_overrides={
        "Name": "operators", "ReleaseLabel": "emr-7.12.0", "LogUri": f"s3://{BUCKET}/logs/", "Instances": {
            "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}],
            "KeepJobFlowAliveWhenNoSteps": True}, "JobFlowRole": "EMR_EC2_DefaultRole", "ServiceRole": "EMR_DefaultRole"})
    cluster = create.output

    def bash(name, text):
        return {"Name": name, "ActionOnFailure": "CONTINUE",
                "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["bash", "-c", text]}}

    steps = EmrAddStepsOperator(task_id="emr_steps", job_flow_id=cluster, steps=[bash("good", "true"), bash("better", "sleep 1")],
                                wait_for_completion=True, waiter_delay=1)
    bad = EmrAddStepsOperator(task_id="emr_bad_step", job_flow_id=cluster, steps=[bash("bad", "echo no such luck >&2; exit 3")])

    @task
    def step_fails(cluster_id, steps, **context):
        try:
            EmrStepSensor(task_id="sensor", job_flow_id=cluster_id, step_id=steps[0], poke_interval=1).execute(context)
        except Exception as error:
            assert "no such luck" in str(error), error
            return
        raise AssertionError("the sensor did not fail")

    chain(create, EmrModifyClusterOperator(task_id="emr_modify", cluster_id=cluster, step_concurrency_level=2), steps, bad,
          step_fails.override(task_id="emr_step_fails")(cluster, bad.output),
          EmrTerminateJobFlowOperator(task_id="emr_end", job_flow_id=cluster))
    refused(EmrServerlessCreateApplicationOperator, "CreateApplication", release_label="emr-7.12.0", job_type="SPARK")
    refused(EmrContainerOperator, "StartJobRun", name="x", virtual_cluster_id="v", execution_role_arn=ROLE,
            release_label="emr-7.12.0-latest", job_driver={})


def glue():
    script = S3CreateObjectOperator(task_id="glue_script", s3_bucket=BUCKET, s3_key="scripts/by_day.py", data=GLUE_SCRIPT, replace=True)
    job = GlueJobOperator(task_id="glue_job", job_name="by_day", script_location=f"s3://{BUCKET}/scripts/by_day.py", s3_bucket=BUCKET,
                          iam_role_arn=ROLE, script_args={"--target": f"s3://{BUCKET}/by_day"}, job_poll_interval=1,
                          create_job_kwargs={"GlueVersion": "5.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"})
    chain(script, job, GlueJobSensor(task_id="glue_run", job_name="by_day", run_id=job.output, poke_interval=1),
          GlueCatalogPartitionSensor(task_id="glue_partition", database_name="operators", table_name="by_day",
                                     expression="day='2026-01-02'", poke_interval=1, timeout=60))


def redshift():
    def query(task_id, sql, **more):
        return RedshiftDataOperator(task_id=task_id, sql=sql, **DATA_API, **more)

    @task
    def rows_are(result, expected):
        found = [[next(iter(field.values())) for field in row] for row in result[-1]["Records"]]
        assert found == expected, found

    count = query("rs_count", "SELECT count(*), max(s) FROM t", return_sql_result=True)
    chain(
        S3CreateObjectOperator(task_id="rs_data", s3_bucket=BUCKET, s3_key="t/t.csv", data="1,one\n2,two\n", replace=True),
        query("rs_table", ["DROP TABLE IF EXISTS t", "CREATE TABLE t (n INTEGER PRIMARY KEY, s VARCHAR(20)) DISTKEY(n)"]),
        S3ToRedshiftOperator(task_id="rs_copy", table="t", s3_bucket=BUCKET, s3_key="t/t.csv", redshift_conn_id="aws_default",
                             copy_options=["CSV"], redshift_data_api_kwargs=DATA_API),
        S3ToRedshiftOperator(task_id="rs_replace", table="t", schema="public", s3_bucket=BUCKET, s3_key="t/t.csv", method="REPLACE",
                             redshift_conn_id="aws_default", copy_options=["CSV"], redshift_data_api_kwargs=DATA_API),
        S3ToRedshiftOperator(task_id="rs_upsert", table="t", schema="public", s3_bucket=BUCKET, s3_key="t/t.csv", method="UPSERT", upsert_keys=["n"],
                             redshift_conn_id="aws_default", copy_options=["CSV"], redshift_data_api_kwargs=DATA_API),
        count,
        rows_are.override(task_id="rs_counted")(count.output, [[2, "two"]]),
        RedshiftToS3Operator(task_id="rs_unload", s3_bucket=BUCKET, s3_key="unloaded", table="t", schema="public",
                             redshift_conn_id="aws_default", unload_options=["CSV", "ALLOWOVERWRITE", "PARALLEL OFF"],
                             redshift_data_api_kwargs=DATA_API),
        body_is.override(task_id="rs_unloaded")("unloaded/t_000", "1,one\n2,two\n"),
    )
    name = "operators"
    chain(
        RedshiftCreateClusterOperator(task_id="rs_create", cluster_identifier=name, node_type="dc2.large", cluster_type="single-node",
                                      master_username="awsuser", master_user_password="Secret-99", wait_for_completion=True),
        RedshiftClusterSensor(task_id="rs_available", cluster_identifier=name, target_status="available", poke_interval=1),
        RedshiftCreateClusterSnapshotOperator(task_id="rs_snapshot", cluster_identifier=name, snapshot_identifier="s1",
                                              wait_for_completion=True, poll_interval=1),
        RedshiftDeleteClusterSnapshotOperator(task_id="rs_drop_snapshot", cluster_identifier=name, snapshot_identifier="s1",
                                              poll_interval=1),
        RedshiftPauseClusterOperator(task_id="rs_pause", cluster_identifier=name, wait_for_completion=True, poll_interval=1),
        RedshiftClusterSensor(task_id="rs_paused", cluster_identifier=name, target_status="paused", poke_interval=1),
        RedshiftResumeClusterOperator(task_id="rs_resume", cluster_identifier=name, wait_for_completion=True, poll_interval=1),
        RedshiftDeleteClusterOperator(task_id="rs_delete", cluster_identifier=name, poll_interval=1),
    )


def messages():
    @task(multiple_outputs=True)
    def make(**_):
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        url = sqs.create_queue(QueueName="operators")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="operators")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        return {"queue": url, "topic": topic}

    @task
    def bodies(messages, expected):
        assert [message["Body"] for message in messages] == expected, messages

    made = make()
    published = SnsPublishOperator(task_id="sns_publish", target_arn=made["topic"], message="by topic", subject="hello",
                                   message_attributes={"n": 1})
    first = SqsSensor(task_id="sqs_sensor", sqs_queue=made["queue"], max_messages=1, poke_interval=1, wait_time_seconds=1)
    sent = SqsPublishOperator(task_id="sqs_publish", sqs_queue=made["queue"], message_content="directly")
    second = SqsSensor(task_id="sqs_sensor_again", sqs_queue=made["queue"], max_messages=1, poke_interval=1, wait_time_seconds=1)
    chain(made, published, first, bodies.override(task_id="sns_arrived")(first.output["messages"], ["by topic"]), sent, second,
          bodies.override(task_id="sqs_arrived")(second.output["messages"], ["directly"]))


def logs():
    @task
    def s3_remote_log(**_):
        """What a worker does with a task's log when remote_base_log_folder is s3://…"""
        import pathlib
        import tempfile

        folder = pathlib.Path(tempfile.mkdtemp())
        (folder / "attempt=1.log").write_text("first\n")
        remote = S3RemoteLogIO(remote_base=f"s3://{BUCKET}/task-logs", base_log_folder=folder, delete_local_copy=False)
        remote.upload("attempt=1.log", None)
        (folder / "attempt=1.log").write_text("second\n")
        remote.upload("attempt=1.log", None)
        found = boto3.client("s3").get_object(Bucket=BUCKET, Key="task-logs/attempt=1.log")["Body"].read()
        assert found.split() == [b"first", b"second"], found

    @task
    def cloudwatch_remote_log(**_):
        """The same, when it is cloudwatch://ARN: lines stream into a log group while the task runs."""
        import logging
        import tempfile

        from airflow.providers.amazon.aws.log.cloudwatch_task_handler import CloudWatchRemoteLogIO

        remote = CloudWatchRemoteLogIO(base_log_folder=tempfile.mkdtemp(), log_group_arn="arn:aws:logs:us-east-1:123456789012:log-group:tasks:*")
        remote.handler.log_stream_name = "dag_id=d/attempt=1.log"
        for text in ("first", "second"):
            remote.handler.handle(logging.LogRecord("task", logging.INFO, "", 0, {"event": text}, (), None))
        remote.close()
        events = boto3.client("logs").get_log_events(logGroupName="tasks", logStreamName="dag_id=d/attempt=1.log", startFromHead=True)["events"]
        assert [word for word in ("first", "second") if any(word in event["message"] for event in events)] == ["first", "second"], events

    s3_remote_log()
    cloudwatch_remote_log()


def events():
    @task(multiple_outputs=True)
    def aim(**_):
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="events")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("events").put_targets(Rule="orders", Targets=[{"Id": "q", "Arn": arn, "InputPath": "$.detail.n"}])
        return {"queue": url}

    @task
    def arrived(messages):
        assert [message["Body"] for message in messages] == ["7"], messages

    entry = {"Source": "shop", "DetailType": "order", "Detail": '{"n": 7}'}
    aimed = aim()
    sensor = SqsSensor(task_id="eb_sensor", sqs_queue=aimed["queue"], max_messages=1, poke_interval=1, wait_time_seconds=1)
    chain(
        EventBridgePutRuleOperator(task_id="eb_rule", name="orders", event_pattern='{"source": ["shop"]}', state="ENABLED"),
        aimed,
        EventBridgeDisableRuleOperator(task_id="eb_disable", name="orders"),
        EventBridgePutEventsOperator(task_id="eb_unheard", entries=[entry | {"Detail": '{"n": 6}'}]),
        EventBridgeEnableRuleOperator(task_id="eb_enable", name="orders"),
        EventBridgePutEventsOperator(task_id="eb_put", entries=[entry]),
        sensor,
        arrived.override(task_id="eb_arrived")(sensor.output["messages"]),
    )


with DAG(dag_id="operators", schedule=None, start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), catchup=False,
         default_args={"execution_timeout": datetime.timedelta(seconds=60)}):
    for part in (s3, emr, glue, redshift, messages, logs, events):
        part()
