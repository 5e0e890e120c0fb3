"""jobs/data_processing_job.py, submit to result, beside the same file on real Spark in local mode."""
import sys

from common import ORACLE, TOP, figure, run_step, timed, with_cluster

sys.path[:0] = [str(TOP / "tests/golden/jobs")]
import flights  # noqa: E402


def run(work):
    flights.lay_out(str(work / "raw"))
    job = TOP / "jobs/data_processing_job.py"

    def body(s3, emr, cluster):
        s3.create_bucket(Bucket="flights-data-lake")
        for path in (work / "raw").rglob("*.csv"):
            s3.upload_file(str(path), "flights-data-lake", f"raw/{path.relative_to(work / 'raw')}")
        s3.upload_file(str(job), "bench", "job.py")
        return [run_step(emr, cluster, ["s3://bench/job.py"]) for _ in range(3)]

    ours = figure("data_processing_job.py as an EMR step: submit to COMPLETED", with_cluster(work, "job", body), "s")
    if not (ORACLE / "bin/python").exists():
        print("  real Spark is not installed: tools/setup oracle")
        return
    theirs = figure("the same file on real Spark, local mode",
                    [timed([ORACLE / "bin/python", job, "--input", work / "raw", "--output", work / "spark"]) for _ in range(2)], "s")
    print(f"  -> {theirs / ours:.1f} times faster (at least 5)")
