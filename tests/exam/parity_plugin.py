"""What `tools/exam parity` has pytest load: one JSON line for each test of a file, as soon as it is known; and an end when the
server is gone, since a client would try for minutes to reach it at each test that is left."""
import json
import os

import pytest

OUT = open(os.environ["PARITY_RESULTS"], "a", buffering=1)
SERVER = int(os.environ["PARITY_SERVER_PID"])


def say(**fields):
    OUT.write(json.dumps(fields) + "\n")


def test_name(node_id):
    return "::".join(node_id.split("::")[1:])


def server_runs():
    try:
        with open(f"/proc/{SERVER}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    # What the suite's base class tests (that the session is remote) would count once for each class.
    of_base = [item for item in items if item.name == "test_assert_remote_mode"]
    items[:] = [item for item in items if item not in of_base]
    config.hook.pytest_deselected(items=of_base)
    for item in items:
        say(test=test_name(item.nodeid), outcome="not reached", why="")


def pytest_collectreport(report):
    if report.failed:
        say(test="(import)", outcome="failed", why=str(report.longrepr)[-2000:])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if not server_runs():
        pytest.exit("the server is gone")


def pytest_runtest_logreport(report):
    if report.skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        say(test=test_name(report.nodeid), outcome="skipped", why=why)
    elif report.failed:
        say(test=test_name(report.nodeid), outcome="failed", why=str(report.longrepr)[-4000:], when=report.when)
    elif report.when == "call":
        say(test=test_name(report.nodeid), outcome="passed", why="", seconds=round(report.duration, 2))


def as_spark_4(pyspark):
    """What Spark 4 renamed of what the tests of 3.5 import and call besides the client itself."""
    import sys

    import pyspark.core.context
    import pyspark.core.rdd
    import pyspark.sql.context
    import pyspark.sql.pandas.utils as pandas_utils
    import pyspark.testing.utils as utils

    sys.modules["pyspark.rdd"] = pyspark.core.rdd
    sys.modules["pyspark.context"] = pyspark.core.context
    pyspark.SparkContext = pyspark.core.context.SparkContext
    pyspark.SQLContext = pyspark.sql.context.SQLContext
    pandas_utils.pyarrow_version_less_than_minimum = lambda minimum: False
    check_error = utils.PySparkErrorTestUtils.check_error

    def renamed(self, exception, error_class, message_parameters=None, **more):
        check_error(self, exception, error_class, message_parameters, **more)

    utils.PySparkErrorTestUtils.check_error = renamed


def pytest_configure():
    import pyspark

    if not pyspark.__version__.startswith("3."):
        as_spark_4(pyspark)
