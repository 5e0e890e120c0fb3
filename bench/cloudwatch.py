"""CloudWatch: points taken in per second, GetMetricData over a large store, the CPU share of evaluating 1,000 alarms.

The store for GetMetricData has WEIR_BENCH_POINTS points (5 million; 100000000 takes some minutes and 1 GB)."""
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import random
import statistics
import subprocess
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from common import TOP, clients, figure, serve

TARGET = "GraniteServiceVersion20100801."
POINTS = int(os.environ.get("WEIR_BENCH_POINTS", "5000000"))
MINUTES = 10000  # points of each metric, one a minute
CLIENTS, SECONDS, BATCH = 4, 8, 1000


class Client:
    """One connection that sends signed requests, as boto3 does, without boto3's own cost."""

    def __init__(self, home, endpoint):
        key = json.loads((pathlib.Path(home) / "keys/root.json").read_text())
        self.signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "monitoring", "us-east-1")
        self.endpoint, self.connection = endpoint, http.client.HTTPConnection(urllib.parse.urlparse(endpoint).netloc)

    def sign(self, operation, body):
        text = json.dumps(body).encode()
        request = botocore.awsrequest.AWSRequest("POST", self.endpoint + "/", data=text, headers={
            "X-Amz-Target": TARGET + operation, "Content-Type": "application/x-amz-json-1.0"})
        self.signer.add_auth(request)
        return text, dict(request.headers)

    def send(self, signed):
        self.connection.request("POST", "/", *signed)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return text


def flood(home, endpoint, number):
    client = Client(home, endpoint)
    requests = [client.sign("PutMetricData", {"Namespace": "Flood", "MetricData": [
        {"MetricName": f"m{i % 250}", "Dimensions": [{"Name": "Client", "Value": str(number)}], "Value": random.random() * 100, "Unit": "Percent"}
        for i in range(BATCH)]}) for _ in range(4)]
    until, sent = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        client.send(requests[sent % 4])
        sent += 1
    return sent * BATCH


def bench_ingest(work):
    with serve(work / "flood") as (_, endpoint, process):
        with concurrent.futures.ProcessPoolExecutor(CLIENTS) as pool:
            start = time.monotonic()
            sent = sum(pool.map(flood, [work / "flood"] * CLIENTS, [endpoint] * CLIENTS, range(CLIENTS)))
            figure(f"PutMetricData, {CLIENTS} clients, {BATCH} points a request", [sent / (time.monotonic() - start)], "pt/s", "at least 50000")


def bench_query(work):
    metrics = max(1, POINTS // MINUTES)
    start = time.monotonic()
    subprocess.run([TOP / "build/release/tests/unit/series_fill", work / "store", str(metrics), str(MINUTES)], check=True)
    took = time.monotonic() - start
    size = sum(f.stat().st_size for f in (work / "store/series").iterdir())
    with open(work / "store/series/series.db", "rb") as file:  # the first queries find the disk cold
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    print(f"  a store of {metrics * MINUTES / 1e6:.0f} M points made in {took:.0f} s, {size / metrics / MINUTES:.1f} bytes a point")
    with serve(work / "store") as (_, endpoint, process):
        client, now = Client(work / "store", endpoint), datetime.datetime.now(datetime.timezone.utc).timestamp()
        for name, hours, period in (("an hour by the minute", 1, 60), ("a day by 5 minutes", 24, 300), ("a week by the hour", 168, 3600)):
            times = []
            for _ in range(400):
                end = now - random.random() * (MINUTES * 60 - hours * 3600)
                signed = client.sign("GetMetricData", {"StartTime": int(end - hours * 3600), "EndTime": int(end), "MetricDataQueries": [
                    {"Id": f"m{i}", "MetricStat": {"Period": period, "Stat": random.choice(["Average", "Sum", "p99"]), "Metric": {
                        "Namespace": "Bench", "MetricName": "load", "Dimensions": [{"Name": "Host", "Value": f"host-{random.randrange(metrics)}"}]}}}
                    for i in range(5)]})
                begin = time.perf_counter()
                text = client.send(signed)
                times.append((time.perf_counter() - begin) * 1000)
                assert all(r["Values"] for r in json.loads(text)["MetricDataResults"])
            cuts = statistics.quantiles(times, n=100)
            figure(f"GetMetricData, 5 metrics, {name}: p50", [cuts[49]], "ms")
            figure(f"GetMetricData, 5 metrics, {name}: p99", [cuts[98]], "ms", "under 50")


def thread_seconds(pid, name):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"no thread {name}")


def bench_alarms(work):
    with serve(work / "alarms") as (_, endpoint, process):
        cw, client = clients(work / "alarms")("cloudwatch"), Client(work / "alarms", endpoint)
        for i in range(1000):
            cw.put_metric_alarm(AlarmName=f"a{i}", Namespace="Alarms", MetricName=f"m{i}", Statistic="Average", Period=10, EvaluationPeriods=3, Threshold=200,
                                ComparisonOperator="GreaterThanThreshold")
        shares = []
        for _ in range(3):
            used, start = thread_seconds(process.pid, "alarms"), time.monotonic()
            for _ in range(5):  # every metric has a new point each second: every alarm is computed each second
                client.send(client.sign("PutMetricData", {"Namespace": "Alarms", "MetricData": [
                    {"MetricName": f"m{i}", "Value": random.random() * 100, "StorageResolution": 1} for i in range(1000)]}))
                time.sleep(1)
            shares.append(100 * (thread_seconds(process.pid, "alarms") - used) / (time.monotonic() - start))
        figure("1,000 alarms, all computed each second: share of a core", shares, "%", "at most 10")


def run(work):
    bench_ingest(work)
    bench_query(work)
    bench_alarms(work)
