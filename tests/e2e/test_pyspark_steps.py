"""PySpark scripts as steps of a cluster: what they print, and what a user is told when they fail."""
import gzip
import time

import pytest

SESSION = "from pyspark.sql import SparkSession, functions as F\nspark = SparkSession.builder.appName('job').getOrCreate()\n"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED")


class Cluster:
    def __init__(self, server):
        self.emr, self.s3 = server.client("emr"), server.client("s3")
        self.s3.create_bucket(Bucket="pyspark-steps")
        groups = [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]
        self.id = self.emr.run_job_flow(Name="pyspark", ReleaseLabel="emr-7.3.0", LogUri="s3://pyspark-steps/logs",
                                        ServiceRole="EMR_DefaultRole", JobFlowRole="EMR_EC2_DefaultRole",
                                        Instances={"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True})["JobFlowId"]

    def put(self, key, body):
        self.s3.put_object(Bucket="pyspark-steps", Key=key, Body=body)
        return f"s3://pyspark-steps/{key}"

    def run(self, script, *arguments, options=("--master", "yarn", "--deploy-mode", "cluster"), name="script.py"):
        """Submits the script; its status, stdout and stderr from the logs in S3."""
        uri = self.put(f"scripts/{name}", script.encode())
        args = ["spark-submit", *options, uri, *arguments]
        step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": args}}
        step_id = self.emr.add_job_flow_steps(JobFlowId=self.id, Steps=[step])["StepIds"][0]
        until = time.monotonic() + 90
        while time.monotonic() < until:
            status = self.emr.describe_step(ClusterId=self.id, StepId=step_id)["Step"]["Status"]
            if status["State"] in ENDED:
                return status, self.log(step_id, "stdout"), self.log(step_id, "stderr")
            time.sleep(0.05)
        raise AssertionError(status)

    def log(self, step_id, name):
        body = self.s3.get_object(Bucket="pyspark-steps", Key=f"logs/{self.id}/steps/{step_id}/{name}.gz")["Body"].read()
        return gzip.decompress(body).decode()


@pytest.fixture(scope="module")
def cluster(server):
    made = Cluster(server)
    yield made
    made.emr.terminate_job_flows(JobFlowIds=[made.id])


def test_count(cluster):
    status, out, err = cluster.run(SESSION + "print(spark.range(10).count())\n")
    assert status["State"] == "COMPLETED", err
    assert out == "10\n"


def test_arguments_files_and_modules(cluster):
    module = cluster.put("lib/helper.py", b"def twice(x):\n    return 2 * x\n")
    table = cluster.put("lib/table.csv", b"a\n1\n2\n")
    script = SESSION + ("import sys, os, helper\nfrom pyspark import SparkFiles\nprint(sys.argv[1:], helper.twice(4))\n"
                        "print(open('renamed.csv').read().split(), os.path.exists(SparkFiles.get('renamed.csv')))\n"
                        "print(spark.conf.get('spark.app.name'), spark.conf.get('spark.x.y'))\n")
    status, out, err = cluster.run(script, "one", "--two", options=(
        "--master=yarn", "--py-files", module, "--files", table + "#renamed.csv", "--conf", "spark.x.y=z"))
    assert status["State"] == "COMPLETED", err
    assert out.splitlines() == ["['one', '--two'] 8", "['a', '1', '2'] True", "job z"]


def test_classic_script(cluster):
    script = ("from pyspark import SparkContext, SparkConf\nfrom pyspark.sql import SparkSession\n"
              "sc = SparkContext(conf=SparkConf().setAppName('classic').setMaster('yarn'))\nsc.setLogLevel('WARN')\n"
              "spark = SparkSession.builder.master('yarn').config('spark.master', 'yarn').enableHiveSupport().getOrCreate()\n"
              "print(spark.sparkContext.appName, sc.broadcast([1, 2]).value, sc.version[:2], spark.range(3).count())\n"
              "spark.createDataFrame([(1, 'a')], ['i', 's']).show()\nprint(spark.range(2).toPandas().id.sum())\nsc.stop()\n")
    status, out, err = cluster.run(script)
    assert status["State"] == "COMPLETED", err
    assert out.splitlines()[0] == "classic [1, 2] 4. 3" and out.splitlines()[-1] == "1" and "|  1|  a|" in out


@pytest.mark.parametrize("script, words", [
    ("def broken(:\n", "SyntaxError"),
    (SESSION + "spark.range(3).select('nope').show()\n", "[UNRESOLVED_COLUMN.WITH_SUGGESTION]"),
    (SESSION + "spark.range(3).select(F.col('id') + F.array(F.lit(1))).show()\n", "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES]"),
    (SESSION + "spark.sql('SELEC 1').show()\n", "[PARSE_SYNTAX_ERROR]"),
    (SESSION + "spark.read.schema('a int').option('mode', 'FAILFAST').csv('s3://pyspark-steps/bad.csv').show()\n", "FAILED_READ_FILE"),
    (SESSION + "spark.read.parquet('s3://pyspark-steps/bad.parquet').show()\n", "[FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER]"),
    (SESSION + "spark.read.csv('s3://pyspark-steps/none/').show()\n", "[PATH_NOT_FOUND] Path does not exist: s3://pyspark-steps/none/"),
    (SESSION + "spark.sparkContext.newAPIHadoopFile('x')\n", "[NOT_IMPLEMENTED] SparkContext.newAPIHadoopFile"),
    (SESSION + "import sys\nsys.exit(5)\n", "User application exited with status 5"),
])
def test_failures_say_why(cluster, script, words):
    cluster.put("bad.csv", b"1\nx\n")
    cluster.put("bad.parquet", b"PAR1xxxxxxxxPAR")
    status, out, err = cluster.run(script)
    assert status["State"] == "FAILED" and out == ""
    assert words in status["FailureDetails"]["Message"]
    assert status["FailureDetails"]["LogFile"].endswith("/stderr.gz") and words in err


def test_functions_run_inside_the_steps_walls(cluster, server):
    """In a worker: what the script could not read, its functions cannot read either."""
    secret = server.home / "control.db"
    status, out, err = cluster.run(SESSION + f"""
from pyspark.sql.functions import udf
def look(x):
    try:
        return len(open({str(secret)!r}, "rb").read(16))
    except OSError as e:
        return -1
print(spark.range(1).select(udf(look, "int")("id")).collect()[0][0], spark.sparkContext.parallelize([1, 2]).sum())
""")
    assert status["State"] == "COMPLETED", err
    assert out == "-1 3\n"


def test_a_failed_write_is_not_visible(cluster):
    script = SESSION + ("df = spark.range(1000).select((F.lit(1) / (F.col('id') - 999)).alias('x'))\n"
                        "df.write.parquet('s3://pyspark-steps/half/')\n")
    status, _, err = cluster.run(script)
    assert status["State"] == "FAILED" and "DIVIDE_BY_ZERO" in err
    assert cluster.s3.list_objects_v2(Bucket="pyspark-steps", Prefix="half/")["KeyCount"] == 0


def test_the_driver_opens_no_file_of_the_host(cluster, server, tmp_path):
    """The driver runs outside of the sandbox: a script must not read through it what it may not read itself."""
    (tmp_path / "secret.txt").write_text("secret")
    for path in (tmp_path / "secret.txt", server.home / "keys" / "root.json", "/etc/passwd"):
        status, out, err = cluster.run(SESSION + f"print(spark.read.text('file://{path}').collect())\n")
        assert status["State"] == "FAILED" and out == ""
        assert "is outside of the folder that this step may use" in err
    script = SESSION + "open('own.txt', 'w').write('mine')\nprint(spark.read.text('file:own.txt').collect()[0].value)\n"
    assert cluster.run(script)[1] == "mine\n"
