"""The daily batch ETL: waits for raw data, runs the jobs on an EMR cluster of its own, crawls what they wrote into the Glue Data
Catalog, loads it into Redshift, and ends the cluster, whatever happened before.

An ordinary DAG for Airflow 3 with the Amazon provider. What differs between accounts is in the Airflow Variable `batch_etl`, a JSON
object with any of the names of SETTINGS (AIRFLOW_VAR_BATCH_ETL='{"bucket": "my-lake"}' in the environment does as well); all but
`deferrable` and `poll_seconds` can be given for one run, too: --conf '{"bucket": "my-lake"}'.

It expects what the infrastructure provides: the bucket with the scripts of jobs/ under scripts/, the Glue database, the Redshift
cluster, and the roles.
"""
import datetime

from airflow.configuration import conf
from airflow.providers.amazon.aws.operators.emr import (
    EmrAddStepsOperator,
    EmrCreateJobFlowOperator,
    EmrTerminateJobFlowOperator,
)
from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.providers.amazon.aws.sensors.emr import EmrJobFlowSensor, EmrStepSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, Variable

SETTINGS = {
    "bucket": "flights-data-lake",
    "raw_key": "raw/flights/*.csv",
    "release_label": "emr-7.12.0",
    "master_instance_type": "m5.xlarge",
    "core_instance_type": "m5.large",
    "core_instance_count": 2,
    "service_role": "EMR_DefaultRole",
    "instance_profile": "EMR_EC2_DefaultRole",
    "glue_database": "flights",
    "glue_role": "AWSGlueServiceRole-BatchETL",
    "redshift_cluster": "batch-etl",
    "redshift_database": "dev",
    "redshift_user": "awsuser",
    "redshift_role": "arn:aws:iam::123456789012:role/RedshiftCopy",
    # How tasks wait: in a worker's slot, or deferred to the triggerer; seconds between two looks.
    "deferrable": conf.getboolean("operators", "default_deferrable", fallback=False),
    "poll_seconds": 30,
} | Variable.get("batch_etl", default={}, deserialize_json=True)
WAIT = {"deferrable": SETTINGS.pop("deferrable")}
POLL_S = SETTINGS.pop("poll_seconds")

LAKE = "s3://{{ params.bucket }}"

CLUSTER = {
    "Name": "Batch ETL {{ ds }}",
    "ReleaseLabel": "{{ params.release_label }}",
    "LogUri": f"{LAKE}/logs/",
    "Applications": [{"Name": "Hadoop"}, {"Name": "Spark"}],
    "Instances": {
        "InstanceGroups": [
            {
                "Name": "Master",
                "Market": "ON_DEMAND",
                "InstanceRole": "MASTER",
                "InstanceType": "{{ params.master_instance_type }}",
                "InstanceCount": 1,
            },
            {
                "Name": "Core",
                "Market": "ON_DEMAND",
                "InstanceRole": "CORE",
                "InstanceType": "{{ params.core_instance_type }}",
                "InstanceCount": "{{ params.core_instance_count }}",
            },
        ],
        "KeepJobFlowAliveWhenNoSteps": True,
        "TerminationProtected": False,
    },
    "ServiceRole": "{{ params.service_role }}",
    "JobFlowRole": "{{ params.instance_profile }}",
    "VisibleToAllUsers": True,
    "Tags": [{"Key": "pipeline", "Value": "batch-etl"}],
}


def step(name, *args):
    return {
        "Name": name,
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": list(args)},
    }


STEPS = [
    step(
        "Data Processing Job",
        "spark-submit",
        "--master",
        "yarn",
        "--deploy-mode",
        "cluster",
        f"{LAKE}/scripts/data_processing_job.py",
        "--input",
        f"{LAKE}/raw",
        "--output",
        LAKE,
    ),
    # A MapReduce job never overwrites: a day that is run again begins without its folder.
    step("Remove Old Counts", "hadoop", "fs", "-rm", "-r", "-f", "-skipTrash", f"{LAKE}/aggregated/scheduled"),
    step(
        "Scheduled Flights",
        "hadoop-streaming",
        "-files",
        f"{LAKE}/scripts/scheduled_flights_mapper.py,{LAKE}/scripts/scheduled_flights_reducer.py",
        "-mapper",
        "python3 scheduled_flights_mapper.py",
        "-reducer",
        "python3 scheduled_flights_reducer.py",
        "-input",
        f"{LAKE}/raw/flights",
        "-output",
        f"{LAKE}/aggregated/scheduled",
    ),
]
SPARK_STEP, STREAMING_STEP = 0, 2

CRAWLER = {
    "Name": "batch-etl",
    "Role": "{{ params.glue_role }}",
    "DatabaseName": "{{ params.glue_database }}",
    "Targets": {
        "S3Targets": [{"Path": f"{LAKE}/processed/"}, {"Path": f"{LAKE}/aggregated/carriers/"}],
    },
    "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
}

TABLES = [
    """
    CREATE TABLE IF NOT EXISTS carriers (
        month INTEGER NOT NULL,
        carrier VARCHAR(8) NOT NULL,
        airline VARCHAR(64),
        flights BIGINT,
        aircraft BIGINT,
        avg_dep_delay DOUBLE PRECISION,
        max_dep_delay DOUBLE PRECISION,
        on_time BIGINT,
        miles DOUBLE PRECISION,
        avg_plane_age DOUBLE PRECISION,
        on_time_share DOUBLE PRECISION
    ) DISTSTYLE ALL SORTKEY (month, carrier)
    """,
    """
    CREATE TABLE IF NOT EXISTS scheduled (
        month INTEGER NOT NULL,
        carrier VARCHAR(8) NOT NULL,
        flights BIGINT NOT NULL
    ) DISTSTYLE ALL SORTKEY (month, carrier)
    """,
]

# One transaction: readers see yesterday's figures or today's.
LOAD = [
    "DELETE FROM carriers",
    f"COPY carriers FROM '{LAKE}/aggregated/carriers/' IAM_ROLE '{{{{ params.redshift_role }}}}' FORMAT AS PARQUET",
    "DELETE FROM scheduled",
    f"COPY scheduled FROM '{LAKE}/aggregated/scheduled/part-' IAM_ROLE '{{{{ params.redshift_role }}}}' DELIMITER '\\t'",
]

REPORT = """
    SELECT c.airline,
           SUM(c.flights) AS flights,
           SUM(s.flights) - SUM(c.flights) AS cancelled,
           ROUND(SUM(c.on_time)::FLOAT / SUM(c.flights), 4) AS on_time_share
    FROM carriers c JOIN scheduled s ON s.month = c.month AND s.carrier = c.carrier
    GROUP BY c.airline
    ORDER BY flights DESC, c.airline
"""

with DAG(
    dag_id="batch_etl",
    description="Raw flights to reports: S3, EMR, Glue, Redshift",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=datetime.timedelta(hours=6),
    params=SETTINGS,
    render_template_as_native_obj=True,  # a number of instances stays a number
    tags=["emr", "glue", "redshift"],
):
    wait_for_raw_data = S3KeySensor(
        task_id="wait_for_raw_data",
        bucket_key=f"{LAKE}/{{{{ params.raw_key }}}}",
        wildcard_match=True,
        poke_interval=POLL_S,
        timeout=3600,
        **WAIT,
    )
    create_cluster = EmrCreateJobFlowOperator(
        task_id="create_cluster",
        job_flow_overrides=CLUSTER,
        wait_for_completion=True,
        waiter_delay=POLL_S,
        **WAIT,
    )
    # Never deferred: then it would wait for the steps itself, and sensors say which one failed.
    add_steps = EmrAddStepsOperator(
        task_id="add_steps", job_flow_id=create_cluster.output, steps=STEPS, deferrable=False
    )
    wait_for_spark, wait_for_streaming = (
        EmrStepSensor(
            task_id=f"wait_for_{name}",
            job_flow_id=create_cluster.output,
            step_id="{{ ti.xcom_pull(task_ids='add_steps')[%d] }}" % index,
            poke_interval=POLL_S,
            **WAIT,
        )
        for name, index in (("spark", SPARK_STEP), ("streaming", STREAMING_STEP))
    )
    crawl = GlueCrawlerOperator(task_id="crawl", config=CRAWLER, poll_interval=POLL_S, **WAIT)
    create_tables, load, report = (
        RedshiftDataOperator(
            task_id=task_id,
            cluster_identifier="{{ params.redshift_cluster }}",
            database="{{ params.redshift_database }}",
            db_user="{{ params.redshift_user }}",
            sql=sql,
            statement_name=f"batch-etl-{task_id}",
            poll_interval=POLL_S,
            return_sql_result=task_id == "report",
            **WAIT,
        )
        for task_id, sql in (("create_tables", TABLES), ("load", LOAD), ("report", REPORT))
    )
    terminate_cluster = EmrTerminateJobFlowOperator(
        task_id="terminate_cluster",
        job_flow_id=create_cluster.output,
        waiter_delay=POLL_S,
        **WAIT,
    ).as_teardown(setups=create_cluster)
    wait_for_termination = EmrJobFlowSensor(
        task_id="wait_for_termination",
        job_flow_id=create_cluster.output,
        target_states=["TERMINATED"],
        poke_interval=POLL_S,
        **WAIT,
    )

    (
        wait_for_raw_data
        >> create_cluster
        >> add_steps
        >> wait_for_spark
        >> wait_for_streaming
        >> crawl
        >> create_tables
        >> load
        >> report
        >> terminate_cluster
        >> wait_for_termination
    )
