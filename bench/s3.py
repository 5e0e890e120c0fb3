"""Objects put and got per second, and bytes, through boto3."""
import os
import time

from common import clients, figure, serve


def run(work):
    with serve(work / "s3"):
        s3 = clients(work / "s3")("s3")
        s3.create_bucket(Bucket="bench")
        start = time.perf_counter()
        for i in range(300):
            s3.put_object(Bucket="bench", Key=f"small/{i}", Body=b"x" * 1024)
        figure("S3: small objects put, one client", [300 / (time.perf_counter() - start)], "1/s")
        start = time.perf_counter()
        for i in range(300):
            s3.get_object(Bucket="bench", Key=f"small/{i}")["Body"].read()
        figure("S3: small objects got, one client", [300 / (time.perf_counter() - start)], "1/s")
        blob = os.urandom(1 << 20) * 128
        start = time.perf_counter()
        s3.put_object(Bucket="bench", Key="large", Body=blob)
        figure("S3: one object of 128 MiB put", [128 / (time.perf_counter() - start)], "MiB/s")
        start = time.perf_counter()
        assert len(s3.get_object(Bucket="bench", Key="large")["Body"].read()) == len(blob)
        figure("S3: one object of 128 MiB got", [128 / (time.perf_counter() - start)], "MiB/s")
