"""The Glue Data Catalog through boto3: what comes back, what is refused and how, what survives a restart."""
import botocore.exceptions
import pytest


@pytest.fixture
def glue(server):
    client = server.client("glue")
    yield client
    for name in ("sales", "other"):
        try:
            client.delete_database(Name=name)
        except client.exceptions.EntityNotFoundException:
            pass


def refused(code, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


def table(name, keys=(), **more):
    return {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "csv"},
            "StorageDescriptor": {"Location": f"s3://lake/{name}", "Columns": [{"Name": "id", "Type": "bigint"}]},
            "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys], **more}


def test_a_new_home_has_the_database_default(server):
    assert server.client("glue").get_database(Name="default")["Database"]["Name"] == "default"


def test_names_are_kept_in_lower_case(glue):
    glue.create_database(DatabaseInput={"Name": "Sales"}, Tags={"team": "a"})
    glue.create_table(DatabaseName="SALES", TableInput=table("Orders"))
    found = glue.get_table(DatabaseName="sales", Name="ORDERS")["Table"]
    assert (found["DatabaseName"], found["Name"], found["VersionId"]) == ("sales", "orders", "0")
    assert glue.get_tags(ResourceArn="arn:aws:glue:us-east-1:123456789012:database/sales")["Tags"] == {"team": "a"}


def test_what_there_is_not_and_what_there_is_already(glue):
    assert refused("EntityNotFoundException", glue.get_database, Name="sales") == "Database sales not found."
    glue.create_database(DatabaseInput={"Name": "sales"})
    refused("AlreadyExistsException", glue.create_database, DatabaseInput={"Name": "SALES"})
    assert refused("EntityNotFoundException", glue.get_table, DatabaseName="sales", Name="t") == "Table t not found."
    glue.create_table(DatabaseName="sales", TableInput=table("t"))
    refused("AlreadyExistsException", glue.create_table, DatabaseName="sales", TableInput=table("T"))
    refused("EntityNotFoundException", glue.create_table, DatabaseName="nowhere", TableInput=table("t"))
    refused("EntityNotFoundException", glue.get_tables, DatabaseName="nowhere")
    refused("EntityNotFoundException", glue.get_database, Name="sales", CatalogId="999999999999")


def test_versions_are_kept_newest_first(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t"))
    glue.update_table(DatabaseName="sales", TableInput=table("t", Owner="b"), VersionId="0")
    refused("ConcurrentModificationException", glue.update_table, DatabaseName="sales", TableInput=table("t"), VersionId="0")
    glue.update_table(DatabaseName="sales", TableInput=table("t", Owner="c"), SkipArchive=True)
    versions = glue.get_table_versions(DatabaseName="sales", TableName="t")["TableVersions"]
    assert [(v["VersionId"], v["Table"].get("Owner")) for v in versions] == [("2", "c"), ("0", None)]
    refused("InvalidInputException", glue.get_table_version, DatabaseName="sales", TableName="t", VersionId="1x")
    refused("EntityNotFoundException", glue.get_table_version, DatabaseName="sales", TableName="t", VersionId="1")


def test_partitions_must_fit_the_keys(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t", [("year", "int"), ("city", "string")]))
    where = {"DatabaseName": "sales", "TableName": "t"}
    refused("InvalidInputException", glue.create_partition, **where, PartitionInput={"Values": ["2024"]})
    refused("InvalidInputException", glue.create_partition, **where, PartitionInput={"Values": ["2024", "a", "b"]})
    glue.create_partition(**where, PartitionInput={"Values": ["2024", "a"]})
    refused("AlreadyExistsException", glue.create_partition, **where, PartitionInput={"Values": ["2024", "a"]})
    answer = glue.batch_create_partition(**where, PartitionInputList=[
        {"Values": ["2024", "a"]}, {"Values": ["2024", "b"]}, {"Values": ["2024"]}])
    assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in answer["Errors"]] == [
        (["2024", "a"], "AlreadyExistsException"), (["2024"], "InvalidInputException")]
    assert [p["Values"] for p in glue.get_partitions(**where)["Partitions"]] == [["2024", "a"], ["2024", "b"]]
    refused("EntityNotFoundException", glue.get_partition, **where, PartitionValues=["2023", "a"])
    glue.update_partition(**where, PartitionValueList=["2024", "b"], PartitionInput={"Values": ["2025", "b"], "Parameters": {"k": "v"}})
    assert glue.get_partition(**where, PartitionValues=["2025", "b"])["Partition"]["Parameters"] == {"k": "v"}


def test_expressions_choose_partitions_and_pages_cut_them(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t", [("n", "int")]))
    where = {"DatabaseName": "sales", "TableName": "t"}
    for start in range(0, 250, 50):
        assert not glue.batch_create_partition(**where, PartitionInputList=[
            {"Values": [str(n)]} for n in range(start, start + 50)])["Errors"]
    pages = glue.get_paginator("get_partitions").paginate(**where, Expression="n >= 90 AND n < 111", PaginationConfig={"PageSize": 5})
    pages = [[int(p["Values"][0]) for p in page["Partitions"]] for page in pages]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 1]
    assert sorted(sum(pages, [])) == list(range(90, 111))
    segments = [{p["Values"][0] for p in glue.get_partitions(**where, Segment={"SegmentNumber": i, "TotalSegments": 3})["Partitions"]}
                for i in range(3)]
    assert sum(map(len, segments)) == 250 and len(set.union(*segments)) == 250
    for bad in ("n = ", "n LIKE '1'", "m = 1", "n = 'x'"):
        refused("InvalidInputException", glue.get_partitions, **where, Expression=bad)
    refused("InvalidInputException", glue.get_partitions, **where, NextToken="bm9uZQ==")


def test_search_finds_by_text_filter_and_order(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    for name, size in (("orders", "10"), ("order_lines", "9"), ("customers", "200")):
        glue.create_table(DatabaseName="sales", TableInput=table(name, Parameters={"recordCount": size}))
    mine = {"Key": "DatabaseName", "Value": "sales", "Comparator": "EQUALS"}
    found = glue.search_tables(SearchText="order", Filters=[mine], SortCriteria=[{"FieldName": "Name", "Sort": "DESC"}])["TableList"]
    assert [t["Name"] for t in found] == ["orders", "order_lines"]
    found = glue.search_tables(Filters=[mine, {"Key": "recordCount", "Value": "10", "Comparator": "GREATER_THAN_EQUALS"}])["TableList"]
    assert sorted(t["Name"] for t in found) == ["customers", "orders"]


def test_statistics_indexes_and_functions(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t", [("year", "int")]),
                      PartitionIndexes=[{"IndexName": "by_year", "Keys": ["year"]}])
    where = {"DatabaseName": "sales", "TableName": "t"}
    assert glue.get_partition_indexes(**where)["PartitionIndexDescriptorList"][0]["Keys"] == [{"Name": "year", "Type": "int"}]
    refused("InvalidInputException", glue.create_partition_index, **where, PartitionIndex={"IndexName": "x", "Keys": ["id"]})
    statistics = {"ColumnName": "id", "ColumnType": "bigint", "AnalyzedTime": "2026-01-02T03:04:05Z", "StatisticsData": {
        "Type": "LONG", "LongColumnStatisticsData": {"MinimumValue": 1, "MaximumValue": 9, "NumberOfNulls": 0, "NumberOfDistinctValues": 9}}}
    answer = glue.update_column_statistics_for_table(**where, ColumnStatisticsList=[statistics, {**statistics, "ColumnName": "none"}])
    assert [e["Error"]["ErrorCode"] for e in answer["Errors"]] == ["EntityNotFoundException"]
    found = glue.get_column_statistics_for_table(**where, ColumnNames=["id", "none"])
    assert found["ColumnStatisticsList"][0]["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"] == 9
    assert found["Errors"][0]["ColumnName"] == "none"
    glue.create_user_defined_function(DatabaseName="sales", FunctionInput={"FunctionName": "Twice", "ClassName": "org.Twice"})
    refused("AlreadyExistsException", glue.create_user_defined_function, DatabaseName="sales", FunctionInput={"FunctionName": "twice"})
    assert [f["FunctionName"] for f in glue.get_user_defined_functions(DatabaseName="sales", Pattern="tw*")["UserDefinedFunctions"]] == ["twice"]


def test_a_database_goes_with_all_that_is_in_it(glue):
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t", [("year", "int")]))
    glue.create_partition(DatabaseName="sales", TableName="t", PartitionInput={"Values": ["1"]})
    glue.delete_database(Name="sales")
    glue.create_database(DatabaseInput={"Name": "sales"})
    assert glue.get_tables(DatabaseName="sales")["TableList"] == []


def test_what_was_acknowledged_survives_a_kill(start_server):
    first = start_server()
    glue = first.client("glue")
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput=table("t", [("year", "int")]))
    glue.create_partition(DatabaseName="sales", TableName="t", PartitionInput={"Values": ["1"]})
    glue.create_workflow(Name="w", DefaultRunProperties={"a": "b"})
    first.kill()
    glue = start_server(home=first.home).client("glue")
    assert glue.get_partition(DatabaseName="sales", TableName="t", PartitionValues=["1"])["Partition"]["Values"] == ["1"]
    assert glue.get_workflow(Name="w")["Workflow"]["DefaultRunProperties"] == {"a": "b"}
