"""From add-steps to COMPLETED for a PySpark step that does spark.range(10).count(), beside real Spark in local mode."""
from common import ORACLE, TOP, VENV, figure, run_step, timed, with_cluster


def run(work):
    script = work / "count.py"
    script.write_text("from pyspark.sql import SparkSession\n"
                      "print(SparkSession.builder.getOrCreate().range(10).count())\n")

    def body(s3, emr, cluster):
        s3.upload_file(str(script), "bench", "count.py")
        return [run_step(emr, cluster, ["s3://bench/count.py"]) for _ in range(6)][1:]

    ours = figure("range(10).count() as an EMR step: submit to COMPLETED", with_cluster(work, "step", body), "s", "at most 2")
    figure("  of which Python's start and import of the client",
           [timed([VENV / "bin/python", "-c", "import pyspark.sql.connect.session"], SPARK_REMOTE="sc://127.0.0.1:1",
                  SPARK_CONNECT_MODE_ENABLED="1", PYTHONPATH=str(TOP / "python")) for _ in range(3)], "s")
    if (ORACLE / "bin/python").exists():
        theirs = figure("the same script on real Spark, local mode", [timed([ORACLE / "bin/python", script]) for _ in range(3)], "s")
        print(f"  -> {theirs / ours:.1f} times faster")
