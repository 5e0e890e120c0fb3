"""Crawlers that crawl: what is in the lake becomes tables. The server runs none of it itself: each crawl is a process."""
import bz2
import gzip
import io
import json
import time

import botocore.exceptions
import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest

WAIT_S = 60


class Lake:
    def __init__(self, server):
        self.glue, self.s3 = server.client("glue"), server.client("s3")
        self.name = "crawl" + str(time.time_ns())
        self.s3.create_bucket(Bucket=self.name)
        self.glue.create_database(DatabaseInput={"Name": self.name})

    def put(self, key, body):
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def create(self, *paths, **more):
        self.glue.create_crawler(Name=self.name, Role="r", DatabaseName=self.name, **{
            "Targets": {"S3Targets": [{"Path": f"s3://{self.name}/{path}"} for path in paths]}, **more})

    def crawl(self, status="SUCCEEDED"):
        self.glue.start_crawler(Name=self.name)
        deadline = time.monotonic() + WAIT_S
        while True:
            crawler = self.glue.get_crawler(Name=self.name)["Crawler"]
            if crawler["State"] == "READY":
                assert crawler["LastCrawl"]["Status"] == status, crawler["LastCrawl"]
                return crawler["LastCrawl"]
            assert time.monotonic() < deadline, crawler
            time.sleep(0.05)

    def tables(self):
        return {t["Name"]: t for t in self.glue.get_tables(DatabaseName=self.name)["TableList"]}

    def partitions(self, table):
        return {tuple(p["Values"]): p for p in self.glue.get_partitions(DatabaseName=self.name, TableName=table)["Partitions"]}


@pytest.fixture
def lake(server):
    return Lake(server)


def columns(table):
    return {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}


def parquet(**data):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(data), out)
    return out.getvalue()


def test_formats_types_and_partitions(lake):
    lake.put("data/people/a.csv", "Id,Name,Height\n1,Ada,1.7\n2,Bo,2\n")
    lake.put("data/people/b.csv.gz", gzip.compress(b"Id,Name,Height\n3,Cy,1.6\n"))
    lake.put("data/events/one.json", '{"id": 1, "tags": ["a"], "at": {"x": 1.5, "y": null}}\n{"id": 5000000000, "ok": true}\n')
    for month in (1, 2):
        lake.put(f"data/sales/year=2026/month={month}/part.parquet", parquet(id=[month], price=[1.5], who=["a"]))
    lake.put("data/sales/_SUCCESS", "")
    lake.create("data/", TablePrefix="t_")
    lake.crawl()
    tables = lake.tables()
    assert sorted(tables) == ["t_events", "t_people", "t_sales"]
    people, events, sales = tables["t_people"], tables["t_events"], tables["t_sales"]
    assert columns(people) == {"id": "bigint", "name": "string", "height": "double"}
    assert people["Parameters"]["skip.header.line.count"] == "1" and people["Parameters"]["objectCount"] == "2"
    assert people["StorageDescriptor"]["Location"] == f"s3://{lake.name}/data/people/"
    assert people["StorageDescriptor"]["SerdeInfo"]["Parameters"]["field.delim"] == ","
    assert columns(events) == {"id": "bigint", "tags": "array<string>", "at": "struct<x:double,y:string>", "ok": "boolean"}
    assert columns(sales) == {"id": "bigint", "price": "double", "who": "string"}
    assert [(k["Name"], k["Type"]) for k in sales["PartitionKeys"]] == [("year", "string"), ("month", "string")]
    assert sales["Parameters"]["recordCount"] == "2" and sales["Parameters"]["classification"] == "parquet"
    assert sorted(lake.partitions("t_sales")) == [("2026", "1"), ("2026", "2")]
    assert lake.partitions("t_sales")["2026", "1"]["StorageDescriptor"]["Location"].endswith("/year=2026/month=1/")
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[lake.name])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"]) == (3, 0) and metrics["LastRuntimeSeconds"] > 0


def test_orc_and_compressed_texts(lake):
    out = io.BytesIO()
    pyarrow.orc.write_table(pyarrow.table({"Id": [1, 2, 3], "tags": [["a"], [], None], "price": pyarrow.array([1, 2, 3], pyarrow.decimal128(9, 2))}), out)
    lake.put("orc/k=1/a.orc", out.getvalue())
    lake.put("zipped/a.csv.bz2", bz2.compress(b"x,y\n1,p\n2,q\n"))
    lake.create("orc", "zipped")
    lake.crawl()
    orc, zipped = lake.tables()["orc"], lake.tables()["zipped"]
    assert columns(orc) == {"id": "bigint", "tags": "array<string>", "price": "decimal(9,2)"}
    assert (orc["Parameters"]["classification"], orc["Parameters"]["recordCount"]) == ("orc", "3") and list(lake.partitions("orc")) == [("1",)]
    assert orc["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
    assert columns(zipped) == {"x": "bigint", "y": "string"} and zipped["Parameters"]["compressionType"] == "bzip2"


def test_folders_without_keys_are_numbered_and_exclusions_hold(lake):
    for day in ("mon", "tue"):
        lake.put(f"logs/{day}/x.csv", "a|1\nb|2\n")
        lake.put(f"logs/{day}/tmp/skip.csv", "1;2\n3;4\n")
    lake.create(Targets={"S3Targets": [{"Path": f"s3://{lake.name}/logs", "Exclusions": ["**/tmp/**", "*.{bak,old}"]}]})
    lake.crawl()
    assert list(lake.tables()) == ["logs"]
    table = lake.tables()["logs"]
    assert columns(table) == {"col0": "string", "col1": "bigint"} and table["Parameters"]["delimiter"] == "|"
    assert [k["Name"] for k in table["PartitionKeys"]] == ["partition_0"]
    assert sorted(lake.partitions("logs")) == [("mon",), ("tue",)]


def test_changes_follow_the_policy(lake):
    lake.put("t/k=1/a.json", '{"a": 1}')
    lake.create("t", SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"})
    lake.crawl()
    lake.crawl()
    assert lake.tables()["t"]["VersionId"] == "0"  # nothing was new
    lake.put("t/k=2/a.json", '{"a": 1.5, "b": "x"}')
    lake.crawl()
    assert columns(lake.tables()["t"]) == {"a": "double", "b": "string"}
    assert sorted(lake.partitions("t")) == [("1",), ("2",)]
    lake.glue.update_crawler(Name=lake.name, SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    lake.put("t/k=3/a.json", '{"a": 1, "b": "x", "c": true}')
    lake.crawl()
    assert columns(lake.tables()["t"]) == {"a": "double", "b": "string"} and len(lake.partitions("t")) == 3
    lake.glue.update_crawler(Name=lake.name, SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "DELETE_FROM_DATABASE"})
    lake.s3.delete_object(Bucket=lake.name, Key="t/k=3/a.json")
    lake.crawl()
    assert sorted(lake.partitions("t")) == [("1",), ("2",)]
    for key in (1, 2):
        lake.s3.delete_object(Bucket=lake.name, Key=f"t/k={key}/a.json")
    lake.crawl()
    assert lake.tables() == {}


def test_a_catalog_target_renews_its_table(lake):
    lake.put("t/a.csv", "x,y\n1,2\n")
    lake.glue.create_table(DatabaseName=lake.name, TableInput={"Name": "mine", "Owner": "me", "Parameters": {"note": "kept"},
                                                               "StorageDescriptor": {"Location": f"s3://{lake.name}/t/", "Columns": []}})
    lake.create(Targets={"CatalogTargets": [{"DatabaseName": lake.name, "Tables": ["mine"]}]})
    lake.crawl()
    table = lake.tables()["mine"]
    assert columns(table) == {"x": "bigint", "y": "bigint"}
    assert (table["Owner"], table["Parameters"]["note"]) == ("me", "kept")


def test_garbage_is_unknown_and_harms_nothing(lake, server):
    lake.put("bad/a.parquet", b"PAR1" + bytes(range(256)) * 40 + b"PAR1")
    lake.put("bad2/b.avro", b"Obj\1" + b"\xff" * 200)
    lake.put("bad3/c.bin", bytes(range(256)) * 100)
    lake.put("bad4/d.json", "[" * 100000)
    lake.put("bad5/e.orc", b"ORC" + bytes(100))
    lake.put("bad6/f.csv.gz", b"\x1f\x8b garbage")
    lake.put("bad7/g.csv", ("a,b\n" + '"' * 100001 + "\n") * 3)
    lake.create(*[f"bad{i or ''}" if i != 1 else "bad" for i in (1, 2, 3, 4, 5, 6, 7)])
    lake.crawl()
    tables = lake.tables()
    assert all(t["Parameters"]["classification"] == "UNKNOWN" and not columns(t) for name, t in tables.items() if name != "bad7"), tables
    crawl = lake.glue.list_crawls(CrawlerName=lake.name)["Crawls"][0]
    log = (server.home / "logs" / "aws-glue" / "crawlers" / crawl["CrawlId"]).read_text()
    assert "e.orc: classification UNKNOWN" in log and "a.parquet: classification UNKNOWN" in log


def test_what_can_not_be_crawled_is_said(lake):
    lake.create("nothing")
    lake.crawl()
    assert lake.tables() == {}
    with pytest.raises(botocore.exceptions.ClientError, match="JdbcTargets are not supported"):
        lake.glue.create_crawler(Name="x", Role="r", Targets={"JdbcTargets": [{"ConnectionName": "c", "Path": "p"}]})
    with pytest.raises(botocore.exceptions.ClientError, match="Invalid schedule expression"):
        lake.glue.create_crawler(Name="x", Role="r", Targets={}, Schedule="cron(hello)")
    lake.glue.update_crawler(Name=lake.name, DatabaseName="nowhere")
    assert lake.crawl("FAILED")["ErrorMessage"] == "Database nowhere not found"
    lake.glue.update_crawler(Name=lake.name, DatabaseName=lake.name, Targets={"S3Targets": [{"Path": "s3://no-such-bucket-here/x"}]})
    assert "bucket" in lake.crawl("FAILED")["ErrorMessage"]


def test_a_killed_server_leaves_the_crawler_ready(start_server):
    first = start_server()
    lake = Lake(first)
    for i in range(40):
        lake.put(f"t/p{i}/a.json", json.dumps({"a": i}))
    lake.create("t")
    lake.glue.start_crawler(Name=lake.name)
    first.kill()
    glue = start_server(home=first.home).client("glue")
    crawler = glue.get_crawler(Name=lake.name)["Crawler"]
    assert crawler["State"] == "READY" and crawler["LastCrawl"]["Status"] in ("FAILED", "SUCCEEDED")
    glue.start_crawler(Name=lake.name)
