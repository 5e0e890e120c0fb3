"""SIGKILL of the server or of a warehouse while COPY, UNLOAD or a transaction runs leaves all of it or nothing."""
import os
import pathlib
import signal
import time

import pytest

ROLE = "arn:aws:iam::123456789012:role/load"
ROWS = 400000


def start(server):
    data = server.client("redshift-data")
    return data, lambda sql: data.describe_statement(
        Id=data.execute_statement(ClusterIdentifier="k", Database="dev", Sql=sql, WaitTimeSeconds=30)["Id"], WaitTimeSeconds=30)


def warehouse_pids(home):
    """The processes `weir warehouse HOME/…`."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 2 and words[1] == b"warehouse" and words[2].startswith(str(home).encode()):
            found.append(int(folder.name))
    return found


def one(data, done):
    assert done["Status"] == "FINISHED", done.get("Error")
    return data.get_statement_result(Id=done["Id"])["Records"][0][0]["longValue"]


@pytest.mark.parametrize("victim", ["server", "warehouse"])
@pytest.mark.parametrize("what", ["copy", "unload", "transaction"])
def test_all_or_nothing(start_server, tmp_path, victim, what):
    server = start_server(home=tmp_path / "home")
    server.client("redshift").create_cluster(ClusterIdentifier="k", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Passw0rd1", IamRoles=[ROLE])
    s3 = server.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="in/a.csv", Body=b"".join(b"%d,some text that is read\n" % i for i in range(ROWS)))
    data, run = start(server)
    assert run("create table t(i int, s varchar(40))")["Status"] == "FINISHED"
    copy = f"copy t from 's3://lake/in/' IAM_ROLE '{ROLE}' csv"
    if what == "unload":
        assert run(copy)["Status"] == "FINISHED"
    at = {"ClusterIdentifier": "k", "Database": "dev"}
    if what == "transaction":
        started = data.batch_execute_statement(Sqls=["insert into t values (1, 'a')", copy, "insert into t values (2, 'b')"], **at)
    else:
        started = data.execute_statement(Sql=copy if what == "copy" else f"unload ('select * from t order by s, i') to 's3://lake/out/p_' IAM_ROLE '{ROLE}' csv parallel off", **at)
    while data.describe_statement(Id=started["Id"])["Status"] in ("SUBMITTED", "PICKED"):
        time.sleep(0.005)
    time.sleep(0.05)
    if victim == "server":
        pids = warehouse_pids(tmp_path / "home")
        server.kill()
        until = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)
        assert warehouse_pids(tmp_path / "home") == []
        server = start_server(home=tmp_path / "home")
        data, run = start(server)
        s3 = server.client("s3")
    else:
        for pid in warehouse_pids(tmp_path / "home"):
            os.kill(pid, signal.SIGKILL)
    done = data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)
    assert done["Status"] in ("FAILED", "FINISHED")
    if what == "unload":
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="lake", Prefix="out/").get("Contents", [])]
        assert keys in ([], ["out/p_000"])
        assert not keys or s3.get_object(Bucket="lake", Key="out/p_000")["Body"].read().count(b"\n") == ROWS
        assert keys or done["Status"] == "FAILED"
        return
    count = one(data, run("select count(*) from t"))
    whole = ROWS + (2 if what == "transaction" else 0)
    assert count in (0, whole)
    assert count == whole or done["Status"] == "FAILED"
