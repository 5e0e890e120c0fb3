"""Redshift and its Data API: clusters with their warehouses, statements, COPY and UNLOAD, bad input, what survives a restart."""
import gzip
import json
import time

import botocore.exceptions
import pytest

ROLE = "arn:aws:iam::123456789012:role/load"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
AS_ROLE = f"IAM_ROLE '{ROLE}'"


class Warehouse:
    """A cluster of a server, and statements on it."""

    def __init__(self, server, name="c1", create=True):
        self.server, self.name = server, name
        self.redshift, self.data, self.s3 = (server.client(service) for service in ("redshift", "redshift-data", "s3"))
        if create:
            self.redshift.create_cluster(ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Passw0rd1",
                                         ClusterType="single-node", IamRoles=[ROLE])

    def run(self, sql, **options):
        """DescribeStatement of a statement that has ended."""
        options = {"ClusterIdentifier": self.name, "Database": "dev", **options} if "SessionId" not in options else options
        started = self.data.execute_statement(Sql=sql, WaitTimeSeconds=30, **options)
        return self.data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)

    def good(self, sql, **options):
        done = self.run(sql, **options)
        assert done["Status"] == "FINISHED", done.get("Error")
        return done

    def error(self, sql, **options):
        done = self.run(sql, **options)
        assert done["Status"] == "FAILED", done
        return done["Error"]

    def rows(self, sql, **options):
        done = self.good(sql, **options)
        page = self.data.get_statement_result(Id=done["Id"])
        return [[None if "isNull" in field else next(iter(field.values())) for field in row] for row in page["Records"]]

    def put(self, key, body):
        self.s3.put_object(Bucket="lake", Key=key, Body=body)

    def keys(self, prefix=""):
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    from conftest import Server
    server = Server(tmp_path_factory.mktemp("redshift") / "home")
    made = Warehouse(server)
    made.s3.create_bucket(Bucket="lake")
    yield made
    assert server.stop() == 0, server.stderr()


def code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_parameters_types_and_metadata(warehouse):
    done = warehouse.good("select :a::int + 1 as n, :b as t, 1.50 as d, true as b, null::int as x, date '2020-02-03' as day",
                          Parameters=[{"name": "a", "value": "41"}, {"name": "b", "value": "it's"}])
    page = warehouse.data.get_statement_result(Id=done["Id"])
    assert page["Records"] == [[{"longValue": 42}, {"stringValue": "it's"}, {"stringValue": "1.50"}, {"booleanValue": True}, {"isNull": True},
                                {"stringValue": "2020-02-03"}]]
    assert [c["typeName"] for c in page["ColumnMetadata"]] == ["int4", "varchar", "numeric", "bool", "int4", "date"]
    assert page["TotalNumRows"] == 1 and done["ResultRows"] == 1 and done["RedshiftQueryId"] > 0 and done["Duration"] > 0
    assert "has no value" in warehouse.error("select :missing")


def test_paging_and_csv(warehouse):
    done = warehouse.good("with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500) select i, 'x,' || i as t from n order by i")
    seen, token = [], None
    while True:
        page = warehouse.data.get_statement_result(Id=done["Id"], **({"NextToken": token} if token else {}))
        seen += [row[0]["longValue"] for row in page["Records"]]
        token = page.get("NextToken")
        if not token:
            break
    assert seen == list(range(1, 2501))
    done = warehouse.good("select 1 as a, 'x,y' as b, null as c", ResultFormat="CSV")
    page = warehouse.data.get_statement_result_v2(Id=done["Id"])
    assert page["Records"][0]["CSVRecords"] == 'a,b,c\r\n1,"x,y",\r\n' and page["ResultFormat"] == "CSV"
    assert code(warehouse.data.get_statement_result, Id=done["Id"]) == "ValidationException"


def test_batch_is_one_transaction(warehouse):
    data = warehouse.data
    warehouse.good("create table batch(i int)")

    def batch(sqls, **options):
        started = data.batch_execute_statement(ClusterIdentifier="c1", Database="dev", Sqls=sqls, WaitTimeSeconds=30, **options)
        return data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)

    bad = batch(["insert into batch values (1)", "insert into nosuch values (1)", "insert into batch values (2)"])
    assert bad["Status"] == "FAILED" and 'relation "nosuch" does not exist' in bad["Error"]
    assert [part["Status"] for part in bad["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert warehouse.rows("select count(*) from batch") == [[0]]
    good = batch(["insert into batch values (1)", "select * from batch"])
    assert good["Status"] == "FINISHED"
    assert data.get_statement_result(Id=good["SubStatements"][1]["Id"])["Records"] == [[{"longValue": 1}]]


def test_upsert_by_a_temporary_table(warehouse):
    warehouse.good("create table t_up(n int primary key, s varchar(10))")
    warehouse.good("insert into t_up values (1, 'a'), (2, 'b')")
    sqls = ["CREATE TABLE #t_up (LIKE public.t_up INCLUDING DEFAULTS)", "INSERT INTO #t_up VALUES (2, 'B'), (3, 'C')",
            "DELETE FROM public.t_up USING #t_up WHERE t_up.n = #t_up.n", "INSERT INTO public.t_up SELECT * FROM #t_up"]
    batch = warehouse.data.batch_execute_statement(ClusterIdentifier="c1", Database="dev", Sqls=sqls, WaitTimeSeconds=30)
    done = warehouse.data.describe_statement(Id=batch["Id"], WaitTimeSeconds=30)
    assert done["Status"] == "FINISHED", done
    assert warehouse.rows("select n, s from t_up order by n") == [[1, "a"], [2, "B"], [3, "C"]]


def test_dollar_quotes(warehouse):
    warehouse.good("create table quoted_by_dollars as select 'it''s' s")
    warehouse.good(f"UNLOAD ($$SELECT * FROM quoted_by_dollars WHERE s = 'it''s'$$) TO 's3://lake/dollars/' IAM_ROLE '{ROLE}' CSV PARALLEL OFF")
    assert warehouse.s3.get_object(Bucket="lake", Key="dollars/000")["Body"].read() == b"it's\n"
    assert warehouse.rows("select $$a'b$$, $x$c$$d$x$") == [["a'b", "c$$d"]]
    assert "unterminated dollar-quoted string" in warehouse.error("select $$a")


def test_sessions_keep_their_transaction(warehouse):
    data = warehouse.data
    started = data.execute_statement(ClusterIdentifier="c1", Database="dev", Sql="create temp table mine(i int)", SessionKeepAliveSeconds=60, WaitTimeSeconds=30)
    session = started["SessionId"]
    for sql in ("begin", "insert into mine values (7)", "create table seen_later(i int)"):
        warehouse.good(sql, SessionId=session)
    assert 'relation "seen_later" does not exist' in warehouse.error("select * from seen_later")
    warehouse.good("commit", SessionId=session)
    assert warehouse.rows("select * from mine", SessionId=session) == [[7]]
    assert warehouse.rows("select count(*) from seen_later") == [[0]]
    assert code(data.execute_statement, Sql="select 1", SessionId="00000000-0000-0000-0000-000000000000") == "ValidationException"


def test_cancel_really_ends_the_query(warehouse):
    started = warehouse.data.execute_statement(
        ClusterIdentifier="c1", Database="dev",
        Sql="with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000) select count(*) from n")
    while warehouse.data.describe_statement(Id=started["Id"])["Status"] != "STARTED":
        time.sleep(0.02)
    assert warehouse.data.cancel_statement(Id=started["Id"])["Status"] is True
    assert warehouse.data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)["Status"] == "ABORTED"
    assert code(warehouse.data.cancel_statement, Id=started["Id"]) == "ValidationException"


def test_client_token_is_one_statement(warehouse):
    warehouse.good("create table once(i int)")
    ids = {warehouse.data.execute_statement(ClusterIdentifier="c1", Database="dev", Sql="insert into once values (1)", ClientToken="token-1")["Id"] for _ in range(3)}
    assert len(ids) == 1
    warehouse.data.describe_statement(Id=ids.pop(), WaitTimeSeconds=30)
    assert warehouse.rows("select count(*) from once") == [[1]]


def test_catalog_operations(warehouse):
    data, at = warehouse.data, {"ClusterIdentifier": "c1", "Database": "dev"}
    warehouse.good("create table described(id bigint not null, name varchar(20) encode zstd, price decimal(8,2) default 1.5) distkey(id) sortkey(name)")
    assert data.list_databases(**at)["Databases"] == ["dev"]
    assert "public" in data.list_schemas(**at)["Schemas"]
    assert {"name": "described", "type": "TABLE", "schema": "public"} in data.list_tables(TablePattern="descr%", **at)["Tables"]
    columns = data.describe_table(Table="described", **at)["ColumnList"]
    assert [(c["name"], c["typeName"], c["nullable"]) for c in columns] == [("id", "int8", 0), ("name", "varchar", 1), ("price", "numeric", 1)]
    assert columns[1]["length"] == 20 and columns[2]["scale"] == 2
    assert warehouse.rows("select \"column\", type, encoding, distkey, sortkey, \"notnull\" from pg_table_def where tablename = 'described' order by 1") == [
        ["id", "bigint", "none", True, 0, True], ["name", "character varying(20)", "zstd", False, 1, False], ["price", "numeric(8,2)", "none", False, 0, False]]


def test_copy_texts(warehouse):
    warehouse.put("csv/a.csv", b'id,name,day,price\n1,"x, ""y""",2020-01-01,1.25\n2,,2020-01-02,\n')
    warehouse.put("gz/a.gz", gzip.compress("7~sept\xe9m~01/02/2020~3\n".encode()))
    warehouse.put("json/a.json", b'{"id":1,"name":"n","day":"2020-01-01","price":2.5}\n{"id":2,"x":{"y":"deep"}}\n')
    warehouse.put("json/paths", b'{"jsonpaths":["$.id","$[\'x\'].y"]}')
    warehouse.good("create table copied(id int, name varchar(8), day date, price decimal(8,2))")
    assert warehouse.good(f"copy copied from 's3://lake/csv/' {AS_ROLE} csv ignoreheader 1")["ResultRows"] == 2
    assert warehouse.rows("select * from copied order by id") == [[1, 'x, "y"', "2020-01-01", "1.25"], [2, "", "2020-01-02", None]]
    warehouse.good("truncate copied")
    warehouse.good(f"copy copied from 's3://lake/gz/' {AS_ROLE} gzip delimiter '~' dateformat 'MM/DD/YYYY' emptyasnull")
    warehouse.good(f"copy copied from 's3://lake/json/a' {AS_ROLE} json 'auto'")
    warehouse.good(f"copy copied(id, name) from 's3://lake/json/a' {AS_ROLE} format as json 's3://lake/json/paths'")
    assert warehouse.rows("select * from copied order by id, name") == [
        [1, "n", "2020-01-01", "2.50"], [1, None, None, None], [2, "deep", None, None], [2, None, None, None], [7, "sept\xe9m", "2020-01-02", "3.00"]]


def test_copy_bad_rows(warehouse):
    warehouse.put("bad/a.txt", b"1|abc\nx|abc\n3|much too long\n4|ok\n")
    warehouse.good("create table rows(id int, name varchar(8))")
    assert "Load into table 'rows' failed.  Check 'stl_load_errors'" in warehouse.error(f"copy rows from 's3://lake/bad/' {AS_ROLE}")
    assert warehouse.rows("select count(*) from rows") == [[0]]
    assert warehouse.rows("select line_number, colname, raw_field_value, err_code from stl_load_errors where filename = 's3://lake/bad/a.txt'") == [[2, "id", "x", 1207]]
    assert warehouse.good(f"copy rows from 's3://lake/bad/' {AS_ROLE} maxerror 2")["ResultRows"] == 2
    warehouse.good("truncate rows")
    assert warehouse.good(f"copy rows from 's3://lake/bad/' {AS_ROLE} maxerror 1 truncatecolumns")["ResultRows"] == 3


@pytest.mark.parametrize("options, words", [
    (f"IAM_ROLE '{OTHER_ROLE}' csv", "is not associated to cluster"),
    ("IAM_ROLE 'load' csv", "Invalid credentials"),
    ("csv", "Invalid credentials"),
    ("CREDENTIALS 'aws_access_key_id=AKIAIOSFODNN7EXAMPLE;aws_secret_access_key=x' csv", "S3ServiceException"),
    (f"{AS_ROLE} csv bzip2", "BZIP2 is not supported"),
    (f"{AS_ROLE} csv json 'auto'", "only one of"),
    (f"{AS_ROLE} parquet delimiter ','", "not supported for PARQUET"),
    (f"{AS_ROLE} csv maxerror 200000", "MAXERROR must be"),
    (f"{AS_ROLE} csv csv", "redundant options"),
    (f"{AS_ROLE} nonsense", "syntax error"),
    (f"{AS_ROLE} gzip csv", "inflate"),
])
def test_copy_bad_options(warehouse, options, words):
    warehouse.put("plain/a.csv", b"1\n")
    warehouse.good("create table if not exists refused(id int)")
    assert words in warehouse.error(f"copy refused from 's3://lake/plain/' {options}")
    assert warehouse.rows("select count(*) from refused") == [[0]]


def test_copy_manifests(warehouse):
    warehouse.put("m/a.csv", b"1\n2\n")
    warehouse.put("m/good", json.dumps({"entries": [{"url": "s3://lake/m/a.csv", "mandatory": True}, {"url": "s3://lake/m/none"}]}).encode())
    warehouse.put("m/strict", json.dumps({"entries": [{"url": "s3://lake/m/a.csv"}, {"url": "s3://lake/m/none", "mandatory": True}]}).encode())
    warehouse.good("create table listed(id int)")
    assert "is mandatory and does not exist" in warehouse.error(f"copy listed from 's3://lake/m/strict' {AS_ROLE} manifest csv")
    assert "manifest file 's3://lake/m/gone' does not exist" in warehouse.error(f"copy listed from 's3://lake/m/gone' {AS_ROLE} manifest csv")
    assert "not in correct json format" in warehouse.error(f"copy listed from 's3://lake/m/a.csv' {AS_ROLE} manifest csv")
    warehouse.good(f"copy listed from 's3://lake/m/good' {AS_ROLE} manifest csv")
    assert warehouse.rows("select sum(id) from listed") == [[3]]
    assert "prefix 'm/zzz' does not exist" in warehouse.error(f"copy listed from 's3://lake/m/zzz' {AS_ROLE} csv")


def test_unload_and_parquet(warehouse):
    warehouse.good("create table unloaded(id int, part varchar(4), d double precision)")
    warehouse.good("insert into unloaded values (1, 'a', 0.5), (2, 'b', null), (3, 'a|x', 2)")
    warehouse.good(f"unload ('select * from unloaded') to 's3://lake/u/p_' {AS_ROLE} parquet manifest")
    assert warehouse.keys("u/") == ["u/p_0000_part_00.parquet", "u/p_manifest"]
    assert "is not empty" in warehouse.error(f"unload ('select 1') to 's3://lake/u/p_' {AS_ROLE} parquet")
    warehouse.good("create table back (like unloaded)")
    warehouse.good(f"copy back from 's3://lake/u/p_manifest' {AS_ROLE} format as parquet manifest")
    assert warehouse.rows("select * from back order by id") == [[1, "a", 0.5], [2, "b", None], [3, "a|x", 2.0]]
    warehouse.good(f"unload ('select * from unloaded order by id') to 's3://lake/t/' {AS_ROLE} header parallel off addquotes gzip")
    text = gzip.decompress(warehouse.s3.get_object(Bucket="lake", Key="t/000.gz")["Body"].read())
    assert text == b'"id"|"part"|"d"\n"1"|"a"|"0.5"\n"2"|"b"|\n"3"|"a|x"|"2.0"\n'
    warehouse.good(f"unload ('select * from unloaded') to 's3://lake/parts/' {AS_ROLE} csv partition by (part)")
    assert warehouse.keys("parts/") == ["parts/part=a%7Cx/0000_part_00", "parts/part=a/0000_part_00", "parts/part=b/0000_part_00"]
    warehouse.good(f"unload ('select 1') to 's3://lake/parts/' {AS_ROLE} csv cleanpath")
    assert warehouse.keys("parts/") == ["parts/0000_part_00"]
    assert "division by zero" in warehouse.error(f"unload ('select 1/(id-3) from unloaded') to 's3://lake/none/' {AS_ROLE} csv")
    assert warehouse.keys("none/") == []


def test_views_and_names(warehouse):
    warehouse.good("create view public.late as select * from comes_later with no schema binding")
    assert 'relation "comes_later" does not exist' in warehouse.error("select * from late")
    warehouse.good("CREATE TABLE Comes_Later(A int)")
    warehouse.good('insert into "COMES_LATER" values (3)')
    assert warehouse.rows("select a / 2 from LATE") == [[1]]
    assert "read_text does not exist" in warehouse.error("select read_text('/etc/passwd')")
    assert "not supported" in warehouse.error("select * from read_text('/etc/passwd')")
    assert "permission denied" in warehouse.error("select * from weir_internal.late_view")
    for refused in ("create function f() returns int stable as $$ select 1 $$ language sql", "create materialized view m as select 1", "explain select 1"):
        assert warehouse.run(refused)["Status"] == "FAILED"


def test_states_and_snapshots(warehouse):
    redshift = warehouse.redshift
    other = Warehouse(warehouse.server, "c2")
    other.good("create table kept(i int)")
    other.good("insert into kept values (1)")
    redshift.create_cluster_snapshot(SnapshotIdentifier="s1", ClusterIdentifier="c2")
    other.good("insert into kept values (2)")
    redshift.pause_cluster(ClusterIdentifier="c2")
    assert code(other.data.execute_statement, ClusterIdentifier="c2", Database="dev", Sql="select 1") == "ValidationException"
    assert code(redshift.pause_cluster, ClusterIdentifier="c2") == "InvalidClusterState"
    redshift.resume_cluster(ClusterIdentifier="c2")
    assert other.rows("select count(*) from kept") == [[2]]
    redshift.restore_from_cluster_snapshot(ClusterIdentifier="c3", SnapshotIdentifier="s1")
    assert Warehouse(warehouse.server, "c3", create=False).rows("select * from kept") == [[1]]
    redshift.delete_cluster(ClusterIdentifier="c2", FinalClusterSnapshotIdentifier="last")
    redshift.restore_from_cluster_snapshot(ClusterIdentifier="c2", SnapshotIdentifier="last")
    assert Warehouse(warehouse.server, "c2", create=False).rows("select count(*) from kept") == [[2]]
    assert code(redshift.delete_cluster, ClusterIdentifier="c3", SkipFinalClusterSnapshot=True,
                FinalClusterSnapshotIdentifier="x") == "InvalidParameterCombination"
    redshift.delete_cluster(ClusterIdentifier="c3", SkipFinalClusterSnapshot=True, FinalClusterSnapshotIdentifier="")  # as Airflow sends it
    assert code(other.data.execute_statement, ClusterIdentifier="nosuch", Database="dev", Sql="select 1") == "ValidationException"
    assert 'database "nosuch" does not exist' in other.error("select 1", Database="nosuch")


def test_survives_a_restart(start_server, tmp_path):
    first = Warehouse(start_server(home=tmp_path / "home"))
    first.good("create table kept(i int)")
    first.good("insert into kept values (5)")
    done = first.good("select * from kept")
    running = first.data.execute_statement(
        ClusterIdentifier="c1", Database="dev",
        Sql="create table huge as with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000) select i from n")
    while first.data.describe_statement(Id=running["Id"])["Status"] != "STARTED":
        time.sleep(0.02)
    first.server.kill()
    second = Warehouse(start_server(home=tmp_path / "home"), create=False)
    assert second.data.get_statement_result(Id=done["Id"])["Records"] == [[{"longValue": 5}]]
    ended = second.data.describe_statement(Id=running["Id"])
    assert ended["Status"] == "FAILED" and "rolled back" in ended["Error"]
    assert second.rows("select * from kept") == [[5]]
    assert 'relation "huge" does not exist' in second.error("select * from huge")
