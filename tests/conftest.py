"""What the suites share: `server`, a `weir serve` of the whole session in a temporary home on a free port, and
`start_server`, which starts others. Clients are the real ones: boto3, the aws CLI."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import boto3
import botocore.config
import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", TOP / "build" / "release"))
WEIR = str(BUILD / "weir")
READY_S = 20  # with sanitizers, on a busy machine


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


class Server:
    """A running `weir serve`. Attributes: home, endpoint, access_key, secret_key, region, process."""

    def __init__(self, home, *arguments):
        self.home = pathlib.Path(home)
        self.log = open(self.home.parent / (self.home.name + ".log"), "w+")
        self.process = subprocess.Popen([WEIR, "serve", "--home", str(home), "--listen", "127.0.0.1:0", *arguments],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=clean_environment())
        line = self.process.stdout.readline()
        assert line.startswith("weir: ready http"), line + self.stderr()
        self.endpoint = line.split()[-1]
        self.port = int(self.endpoint.rsplit(":", 1)[1])
        key = json.loads((self.home / "keys" / "root.json").read_text())
        self.access_key, self.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
        self.region = "us-east-1"

    def stderr(self):
        self.log.seek(0)
        return self.log.read()

    def client(self, service, **options):
        """A boto3 client. Retries are off: a test sees the first answer. `config` is botocore's."""
        config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=10, read_timeout=60)
        config = config.merge(options.pop("config", None) or botocore.config.Config())
        options = {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key,
                   "region_name": self.region, "endpoint_url": self.endpoint, **options}
        return boto3.session.Session().client(service, config=config, **options)

    def environment(self):
        """For subprocesses: the aws CLI, scripts."""
        return {**clean_environment(), "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key, "AWS_DEFAULT_REGION": self.region, "AWS_MAX_ATTEMPTS": "1",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": ""}

    def aws(self, *arguments, check=True, **options):
        """Runs the real aws CLI; its completed process, output as text."""
        command = [sys.executable, "-m", "awscli", *arguments]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, **options)
        assert not check or done.returncode == 0, f"aws {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def stop(self):
        """Ends it cleanly; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(READY_S)
        self.process.stdout.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def server():
    with tempfile.TemporaryDirectory(prefix="weir-api-") as folder:
        running = Server(pathlib.Path(folder) / "home")
        yield running
        assert running.stop() == 0, running.stderr()


@pytest.fixture
def start_server(tmp_path):
    """start_server("--auth", "off", home=PATH): more servers, stopped at the end of the test."""
    running = []

    def start(*arguments, home=None):
        running.append(Server(home or tmp_path / "home", *arguments))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def pytest_sessionfinish(session, exitstatus):
    session.config.exit_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Everything is reported: the process ends here when the Spark client was used. Its sessions close a thread pool that they
    share when they are collected, and at the end of the interpreter that waits for itself for ever, now and then."""
    if "pyspark" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(getattr(config, "exit_status", 1))
