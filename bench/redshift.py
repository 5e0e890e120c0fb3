"""Redshift: rows a second of COPY from Parquet and CSV, UNLOAD, and the time of a small statement."""
import io
import time

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from common import clients, figure, serve

ROWS = 4_000_000
CSV_ROWS = 500_000
RUNS = 3
ROLE = "arn:aws:iam::123456789012:role/load"


def parquet():
    file = io.BytesIO()
    ids = pyarrow.array(range(ROWS), pyarrow.int64())
    pyarrow.parquet.write_table(pyarrow.table({"id": ids, "price": pyarrow.compute.multiply(ids.cast("float64"), 0.5),
                                               "name": pyarrow.compute.binary_join_element_wise("name-", ids.cast("string"), "")}), file)
    return file.getvalue()


def run(work):
    with serve(work / "home"):
        client = clients(work / "home")
        data, s3 = client("redshift-data"), client("s3")
        client("redshift").create_cluster(ClusterIdentifier="bench", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Passw0rd1", IamRoles=[ROLE])
        s3.create_bucket(Bucket="bench")
        s3.put_object(Bucket="bench", Key="in.parquet", Body=parquet())
        s3.put_object(Bucket="bench", Key="in.csv", Body=b"".join(b"%d,%d.5,name-%d\n" % (i, i, i) for i in range(CSV_ROWS)))

        def seconds(sql):
            started = data.execute_statement(ClusterIdentifier="bench", Database="dev", Sql=sql, WaitTimeSeconds=30)
            done = data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)
            assert done["Status"] == "FINISHED", done
            return done["Duration"] / 1e9

        def timed(prepare, sql):
            taken = []
            for _ in range(RUNS):
                seconds(prepare)
                taken.append(seconds(sql))
            return taken

        seconds("create table t(id bigint, price double precision, name varchar(40))")
        taken = timed("truncate t", f"copy t from 's3://bench/in.csv' iam_role '{ROLE}' csv")
        figure("COPY of CSV", [CSV_ROWS / 1e6 / s for s in taken], "Mr/s")
        taken = timed("truncate t", f"copy t from 's3://bench/in.parquet' iam_role '{ROLE}' format as parquet")
        figure("COPY of Parquet", [ROWS / 1e6 / s for s in taken], "Mr/s", "at least 1")
        taken = timed("select 1", f"unload ('select * from t') to 's3://bench/out/' iam_role '{ROLE}' parquet allowoverwrite")
        figure("UNLOAD to Parquet", [ROWS / 1e6 / s for s in taken], "Mr/s")
        small = []
        for _ in range(20):
            start = time.perf_counter()
            seconds("select 1")
            small.append((time.perf_counter() - start) * 1000)
        figure("select 1, from the request to its end", small, "ms")
