"""Spark Connect for the suites that import from here: `connect`, a `weir connect` of the whole session in a temporary home; `start_connect`,
which starts others; `spark`, a fresh session of the real client."""
import atexit
import pathlib
import signal
import subprocess
import uuid

import pytest

from conftest import READY_S, WEIR, clean_environment


# A session that is collected closes the thread pool that all sessions of the client share, and may wait for itself then
# (ExecutePlanResponseReattachableIterator.shutdown from SparkSession.__del__): they are kept until the process ends.
KEPT = []


def keep(session):
    """For sessions that outlive their server: at the end of the process the client asks for its cached models, and tries that
    for minutes when nobody answers."""
    atexit.unregister(session.client._cleanup_ml_cache)
    KEPT.append(session)
    return session


def text_of(path):
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return ""


class Connect:
    """A running `weir connect`. Attributes: home, remote (sc://…), process."""

    def __init__(self, home, *arguments, binary=WEIR):
        self.home = pathlib.Path(home)
        self.log = open(self.home.parent / (self.home.name + ".log"), "w+")
        self.process = subprocess.Popen([binary, "connect", "--home", str(home), "--listen", "127.0.0.1:0", *arguments],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**clean_environment(), "TZ": "UTC"})
        line = self.process.stdout.readline()
        self.log.seek(0)
        assert line.startswith("weir: ready sc://"), line + self.log.read()
        self.remote = line.split()[-1]

    def session(self):
        from pyspark.sql import SparkSession
        session = SparkSession.builder.remote(f"{self.remote}/;session_id={uuid.uuid4()}").create()
        keep(session)
        return session

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def calls(self):
        """How many calls run on a thread of their own now."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        return sum(text_of(task / "comm").strip() == "weir-call" for task in tasks.iterdir())

    def stop(self, within_s=READY_S):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within_s)
        self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def start_connect(tmp_path_factory):
    started = []

    def start(*arguments):
        started.append(Connect(tmp_path_factory.mktemp("connect") / "home", *arguments))
        return started[-1]

    yield start
    for server in started:
        assert server.stop() == 0


@pytest.fixture(scope="session")
def connect(start_connect):
    return start_connect()


@pytest.fixture()
def spark(connect):
    # Not released after the test: functions.col() and others ask the session that the client made first.
    return connect.session()
