"""One catalog for Glue and Spark: what a crawler finds, a job reads by its name; what a job saves, GetTable shows."""
import io
import time

import pyarrow
import pyarrow.orc
import pytest

WAIT_S = 120
READS = """
import sys
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions

args = getResolvedOptions(sys.argv, ["JOB_NAME", "db"])
context = GlueContext(SparkContext())
spark = context.spark_session
job = Job(context)
job.init(args["JOB_NAME"], args)
db = args["db"]
for name in ("people", "events", "parts", "sales"):
    frame = context.create_dynamic_frame.from_catalog(database=db, table_name=name)
    print(name, frame.toDF().dtypes, sorted(tuple(row) for row in frame.toDF().collect()))
one = context.create_dynamic_frame.from_catalog(database=db, table_name="sales", push_down_predicate="month == '2'")
print("pushed", [tuple(row) for row in one.toDF().collect()])
spark.sql(f"SELECT who, sum(id) AS total FROM {db}.sales GROUP BY who").write.saveAsTable(f"{db}.totals")
print("tables", sorted(table.name for table in spark.catalog.listTables(db)))
job.commit()
"""


def wait(read, done):
    deadline = time.monotonic() + WAIT_S
    while True:
        found = read()
        if done(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


@pytest.fixture
def lake(server):
    name = "shared" + str(time.time_ns())
    glue, s3 = server.client("glue"), server.client("s3")
    s3.create_bucket(Bucket=name)
    glue.create_database(DatabaseInput={"Name": name, "LocationUri": f"s3://{name}/warehouse/"})
    return name, glue, s3


def crawl(name, glue):
    glue.create_crawler(Name=name, Role="r", DatabaseName=name, Targets={"S3Targets": [{"Path": f"s3://{name}/data/"}]})
    glue.start_crawler(Name=name)
    crawler = wait(lambda: glue.get_crawler(Name=name)["Crawler"], lambda c: c["State"] == "READY")
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]


def run_job(name, glue, s3, script):
    s3.put_object(Bucket=name, Key="job.py", Body=script)
    glue.create_job(Name=name, Role="r", LogUri=f"s3://{name}/logs", DefaultArguments={"--db": name},
                    Command={"Name": "glueetl", "ScriptLocation": f"s3://{name}/job.py", "PythonVersion": "3"})
    run = glue.start_job_run(JobName=name)["JobRunId"]
    ended = wait(lambda: glue.get_job_run(JobName=name, RunId=run)["JobRun"], lambda r: r["JobRunState"] not in ("STARTING", "RUNNING"))
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
    return s3.get_object(Bucket=name, Key=f"logs/output/{run}")["Body"].read().decode()


def test_tables_of_a_crawler_and_of_a_job_are_one_catalogs(lake):
    name, glue, s3 = lake
    s3.put_object(Bucket=name, Key="data/people/a.csv", Body='Id,Name\n1,"Ada, L."\n2,Bo\n')
    s3.put_object(Bucket=name, Key="data/events/a.json", Body='{"id": 1, "tags": ["a"]}\n{"id": 2, "tags": []}\n')
    orc = io.BytesIO()
    pyarrow.orc.write_table(pyarrow.table({"Id": [7], "tags": [["a", None]]}), orc)
    s3.put_object(Bucket=name, Key="data/parts/a.orc", Body=orc.getvalue())
    for month in (1, 2):
        s3.put_object(Bucket=name, Key=f"data/sales/month={month}/a.json", Body=f'{{"id": {month}, "who": "x"}}\n')
    crawl(name, glue)
    out = run_job(name, glue, s3, READS)
    assert "people [('id', 'bigint'), ('name', 'string')] [(1, 'Ada, L.'), (2, 'Bo')]" in out
    assert "events [('id', 'int'), ('tags', 'array<string>')] [(1, ['a']), (2, [])]" in out
    assert "parts [('id', 'bigint'), ('tags', 'array<string>')] [(7, ['a', None])]" in out
    assert "sales [('id', 'int'), ('who', 'string'), ('month', 'string')] [(1, 'x', '1'), (2, 'x', '2')]" in out
    assert "pushed [(2, 'x', '2')]" in out
    assert "tables ['events', 'parts', 'people', 'sales', 'totals']" in out
    table = glue.get_table(DatabaseName=name, Name="totals")["Table"]
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [("who", "string"), ("total", "bigint")]
    assert table["StorageDescriptor"]["Location"].startswith("s3")
