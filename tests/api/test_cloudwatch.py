"""CloudWatch: points in over every protocol, statistics, metric math, bad input, what lasts."""
import datetime
import json
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
import urllib3

UTC = datetime.timezone.utc
HOUR = datetime.datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=2)


def minute(n):
    return HOUR + datetime.timedelta(minutes=n)


@pytest.fixture
def cw(server):
    return server.client("cloudwatch")


@pytest.fixture
def space():
    return f"Test/{uuid.uuid4().hex[:8]}"


def put(cw, space, name, values, **more):
    cw.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": name, "Timestamp": minute(n), "Value": float(value), **more} for n, value in enumerate(values) if value is not None])


def stat(space, name, stat="Sum", period=60, **more):
    return {"Metric": {"Namespace": space, "MetricName": name}, "Period": period, "Stat": stat, **more}


def data(cw, queries, minutes=10, **more):
    answer = cw.get_metric_data(MetricDataQueries=queries, StartTime=HOUR, EndTime=minute(minutes), ScanBy="TimestampAscending", **more)
    return {r["Id"]: r for r in answer["MetricDataResults"]}


def math(cw, space, expression, minutes=5):
    """The values of an expression over a = 1 2 - 4 5 and b = 10 20 30 40 50."""
    queries = [{"Id": "a", "MetricStat": stat(space, "a"), "ReturnData": False}, {"Id": "b", "MetricStat": stat(space, "b"), "ReturnData": False},
               {"Id": "e", "Expression": expression}]
    answer = cw.get_metric_data(MetricDataQueries=queries, StartTime=HOUR, EndTime=minute(minutes), ScanBy="TimestampAscending")
    return [[v for v in r["Values"]] for r in answer["MetricDataResults"]]


def failure(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def signed(server, body, headers, path="/"):
    request = botocore.awsrequest.AWSRequest("POST", server.endpoint + path, data=body, headers=headers)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(server.access_key, server.secret_key), "monitoring", server.region).add_auth(request)
    return urllib3.request("POST", request.url, body=body, headers=dict(request.headers))


def test_every_protocol_puts_the_same_point(server, cw, space):
    # boto3 chooses one; the other two by hand
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Value": 1}])
    body = json.dumps({"Namespace": space, "MetricData": [{"MetricName": "m", "Value": 2}]}).encode()
    answer = signed(server, body, {"X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData", "Content-Type": "application/x-amz-json-1.0"})
    assert answer.status == 200, answer.data
    form = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": space, "MetricData.member.1.MetricName": "m", "MetricData.member.1.Value": "3"}
    answer = signed(server, urllib.parse.urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200 and b"PutMetricDataResponse" in answer.data
    text = lambda t: bytes([0x60 + len(t)]) + t.encode()  # noqa: E731
    cbor = b"\xa2" + text("Namespace") + text(space) + text("MetricData") + b"\x81\xa2" + text("MetricName") + text("m") + text("Value") + b"\x04"
    answer = signed(server, cbor, {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"},
                    "/service/GraniteServiceVersion20100801/operation/PutMetricData")
    assert answer.status == 200, answer.data
    now = datetime.datetime.now(UTC)
    points = cw.get_metric_statistics(Namespace=space, MetricName="m", StartTime=now - datetime.timedelta(hours=1),
                                      EndTime=now + datetime.timedelta(minutes=2), Period=3600 * 2, Statistics=["Sum", "SampleCount", "Maximum"])
    assert sum(p["Sum"] for p in points["Datapoints"]) == 10 and sum(p["SampleCount"] for p in points["Datapoints"]) == 4


def test_the_command_line_client(server, space):
    server.aws("cloudwatch", "put-metric-data", "--namespace", space, "--metric-name", "m", "--value", "7", "--dimensions", "Host=a")
    assert json.loads(server.aws("cloudwatch", "list-metrics", "--namespace", space).stdout)["Metrics"] == [
        {"Namespace": space, "MetricName": "m", "Dimensions": [{"Name": "Host", "Value": "a"}]}]


def test_percentiles_and_statistics_of_values_with_counts(cw, space):
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Timestamp": HOUR, "Values": list(map(float, range(1, 101))), "Counts": [2.0] * 100}])
    point = cw.get_metric_statistics(Namespace=space, MetricName="m", StartTime=HOUR, EndTime=minute(1), Period=60,
                                     ExtendedStatistics=["p50", "p99", "TM(10%:90%)", "PR(:50)"])["Datapoints"][0]["ExtendedStatistics"]
    assert point["p50"] == pytest.approx(50, rel=0.01) and point["p99"] == pytest.approx(99, rel=0.01)
    assert point["TM(10%:90%)"] == pytest.approx(50.5, rel=0.01) and point["PR(:50)"] == pytest.approx(50, abs=1)
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "m", "Timestamp": HOUR, "StatisticValues": {
        "SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}}])
    assert cw.get_metric_statistics(Namespace=space, MetricName="m", StartTime=HOUR, EndTime=minute(1), Period=60,
                                    ExtendedStatistics=["p50"])["Datapoints"] == []  # a statistics set forbids percentiles


@pytest.mark.parametrize("expression, values", [
    ("a + b", [[11, 22, 44, 55]]),
    ("b / (a - 1)", [[20, 40 / 3, 12.5]]),  # a division by zero has no point
    ("2 ^ 3 ^ 1 * a", [[8, 16, 32, 40]]),
    ("-a", [[-1, -2, -4, -5]]),
    ("a > 1 AND b < 50", [[0, 1, 1, 0]]),
    ("IF(a > 2, b, 0)", [[0, 0, 40, 50]]),
    ("IF(a > 2, b)", [[40, 50]]),
    ("FILL(a, 0)", [[1, 2, 0, 4, 5]]),
    ("FILL(a, REPEAT)", [[1, 2, 2, 4, 5]]),
    ("FILL(a, LINEAR)", [[1, 2, 3, 4, 5]]),
    ("FILL(a, b)", [[1, 2, 30, 4, 5]]),
    ("DIFF(a)", [[1, 2, 1]]),
    ("RATE(b)", [[10 / 60] * 4]),
    ("DIFF_TIME(a)", [[60, 120, 60]]),
    ("RUNNING_SUM(a)", [[1, 3, 7, 12]]),
    ("SUM(METRICS())", [[11, 22, 30, 44, 55]]),
    ("AVG([a, b])", [[5.5, 11, 30, 22, 27.5]]),
    ("MAX([a, b]) - MIN([a, b])", [[9, 18, 0, 36, 45]]),
    ("a * 0 + STDDEV(b)", [[200 ** 0.5] * 4]),
    ("TIME_SERIES(AVG(b))", [[30] * 5]),
    ("TIME_SERIES(METRIC_COUNT(METRICS()))", [[2] * 5]),
    ("TIME_SERIES(DATAPOINT_COUNT(a) + PERIOD(a))", [[64] * 5]),
    ("ABS(0 - a)", [[1, 2, 4, 5]]),
    ("CEIL(a / 2)", [[1, 1, 2, 3]]),
    ("FLOOR(a / 2)", [[0, 1, 2, 2]]),
    ("LOG10(b / 10)", [[0, pytest.approx(0.30103), pytest.approx(0.477121), pytest.approx(0.60206), pytest.approx(0.69897)]]),
    ("MINUTE(b)", [[0, 1, 2, 3, 4]]),
    ("SORT(METRICS(), AVG, DESC)", [[10, 20, 30, 40, 50], [1, 2, 4, 5]]),
    ("SLICE(SORT(METRICS(), MAX, ASC), 0, 1)", [[1, 2, 4, 5]]),
    ("FIRST(METRICS())", [[1, 2, 4, 5]]),
    ("METRICS('b') * 2", [[20, 40, 60, 80, 100]]),
    ("REMOVE_EMPTY([a, b])", [[1, 2, 4, 5], [10, 20, 30, 40, 50]]),
])
def test_metric_math(cw, expression, values, math_space):
    assert [pytest.approx(v) if all(isinstance(x, (int, float)) for x in v) else v for v in values] == math(cw, math_space, expression)


@pytest.fixture(scope="module")
def math_space(server):
    name, cw = f"Test/{uuid.uuid4().hex[:8]}", server.client("cloudwatch")
    put(cw, name, "a", [1, 2, None, 4, 5])
    put(cw, name, "b", [10, 20, 30, 40, 50])
    return name


@pytest.mark.parametrize("expression, message", [
    ("a +", "syntax error at position 4"), ("nosuch * 2", "the id nosuch is not defined"), ("FOO(a)", "unknown function FOO"),
    ("SUM(a, b)", "wrong number of arguments"), ("ANOMALY_DETECTION_BAND(a, 2)", "weir does not implement the function ANOMALY_DETECTION_BAND"),
    ("SUM(a)", "must be a time series"), ("e + 1", "refers to itself"), ("[a, 1]", "time series only"), ("(" * 300, "nested too deeply"),
    ("SEARCH('{' , 'Sum')", "SEARCH expression"),
])
def test_malformed_expressions_are_validation_errors(cw, math_space, expression, message):
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationError") as caught:
        math(cw, math_space, expression)
    assert message in caught.value.response["Error"]["Message"]


def test_search_and_metrics_insights(cw, space):
    for host, value in (("web-1", 1), ("web-2", 2), ("db-1", 4)):
        put(cw, space, "Load", [value, value], Dimensions=[{"Name": "Host", "Value": host}, {"Name": "Tier", "Value": host.split("-")[0]}])
    search = f"SEARCH('{{{space},Host,Tier}} MetricName=\"Load\" NOT Tier=db', 'Sum', 60)"
    answer = cw.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": search}], StartTime=HOUR, EndTime=minute(5))["MetricDataResults"]
    assert [r["Label"] for r in answer] == ["web-1 web Load", "web-2 web Load"]
    total = cw.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": f"SUM({search})"}], StartTime=HOUR, EndTime=minute(5))
    assert total["MetricDataResults"][0]["Values"] == [3, 3]
    query = f'SELECT SUM(Load) FROM SCHEMA("{space}", Host, Tier) WHERE Host != \'web-1\' GROUP BY Tier ORDER BY SUM() DESC LIMIT 5'
    answer = cw.get_metric_data(MetricDataQueries=[{"Id": "q", "Expression": query, "Period": 60}], StartTime=HOUR, EndTime=minute(5))["MetricDataResults"]
    assert [(r["Label"], r["Values"]) for r in answer] == [("db", [4, 4]), ("web", [2, 2])]


def test_pages_labels_and_order(cw, space):
    put(cw, space, "m", range(10))
    query = [{"Id": "m", "Label": "${PROP('MetricName')} at most ${MAX}", "MetricStat": stat(space, "m")}]
    seen, token = [], {}
    while True:
        page = cw.get_metric_data(MetricDataQueries=query, StartTime=HOUR, EndTime=minute(10), MaxDatapoints=4, **token)
        seen += page["MetricDataResults"][0]["Values"]
        assert page["MetricDataResults"][0]["Label"] == "m at most 9"
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == list(range(9, -1, -1))
    assert failure(cw.get_metric_data, MetricDataQueries=query, StartTime=HOUR, EndTime=minute(1), NextToken="x")[0] == "InvalidNextToken"


@pytest.mark.parametrize("datum, code, part", [
    ({"Value": 1, "Timestamp": datetime.datetime.now(UTC) + datetime.timedelta(hours=3)}, "InvalidParameterValue", "two hours in the future"),
    ({"Value": 1, "Timestamp": datetime.datetime.now(UTC) - datetime.timedelta(days=15)}, "InvalidParameterValue", "two weeks in the past"),
    ({"Value": float("nan")}, "InvalidParameterValue", "The value NaN for parameter MetricData.member.1.Value is invalid."),
    ({"Value": 1e200}, "InvalidParameterValue", "2^360"),
    ({}, "InvalidParameterCombination", "At least one of the parameters"),
    ({"Value": 1, "StorageResolution": 7}, "InvalidParameterValue", "StorageResolution"),
    ({"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}}, "InvalidParameterValue", "must be greater"),
    ({"Values": [1.0] * 151}, "InvalidParameterValue", "150"),
    ({"Value": 1, "Dimensions": [{"Name": "a\x01", "Value": "b"}]}, "InvalidParameterValue", "Dimensions.member.1.Name"),
])
def test_points_that_are_refused(cw, space, datum, code, part):
    good = {"MetricName": "m", "Value": 1}
    got = failure(cw.put_metric_data, Namespace=space, MetricData=[{"MetricName": "m", **datum}, good])
    assert got[0] == code and part in got[1]
    assert cw.list_metrics(Namespace=space)["Metrics"] == []  # nothing of the request counts


def test_other_refusals(cw, space):
    point = [{"MetricName": "m", "Value": 1}]
    assert failure(cw.put_metric_data, Namespace="AWS/EC2", MetricData=point)[0] == "InvalidParameterValue"
    assert failure(cw.put_metric_data, Namespace=space, MetricData=point * 1001)[0] == "ValidationError"
    assert failure(cw.get_metric_statistics, Namespace=space, MetricName="m", StartTime=HOUR, EndTime=HOUR + datetime.timedelta(days=9), Period=60,
                   Statistics=["Sum"])[0] == "InvalidParameterCombination"
    assert failure(cw.put_dashboard, DashboardName="d", DashboardBody="[]")[0] == "InvalidParameterInput"
    assert failure(cw.put_anomaly_detector, Namespace=space, MetricName="m", Stat="Sum")[1] == "weir does not implement AWS monitoring:PutAnomalyDetector yet"


def test_points_and_alarms_outlive_the_server(start_server, space):
    first = start_server()
    cw = first.client("cloudwatch")
    put(cw, space, "m", [1, 2, 3])
    cw.put_metric_alarm(AlarmName="a", Namespace=space, MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
                        ComparisonOperator="GreaterThanThreshold")
    first.kill()
    second = start_server(home=first.home)
    cw = second.client("cloudwatch")
    assert data(cw, [{"Id": "m", "MetricStat": stat(space, "m")}])["m"]["Values"] == [1, 2, 3]
    assert second.stop() == 0
    third = start_server(home=first.home)
    cw = third.client("cloudwatch")
    assert data(cw, [{"Id": "m", "MetricStat": stat(space, "m", "Maximum", 300)}])["m"]["Values"] == [3]
    assert [a["AlarmName"] for a in cw.describe_alarms(AlarmNames=["a"])["MetricAlarms"]] == ["a"]


def test_regions_are_apart(server, space):
    put(server.client("cloudwatch", region_name="eu-west-1"), space, "m", [1])
    assert server.client("cloudwatch").list_metrics(Namespace=space)["Metrics"] == []
    assert len(server.client("cloudwatch", region_name="eu-west-1").list_metrics(Namespace=space)["Metrics"]) == 1


def test_recently_active(cw, space):
    old = datetime.datetime.now(UTC) - datetime.timedelta(hours=5)
    cw.put_metric_data(Namespace=space, MetricData=[{"MetricName": "old", "Value": 1, "Timestamp": old}, {"MetricName": "new", "Value": 1}])
    assert [m["MetricName"] for m in cw.list_metrics(Namespace=space)["Metrics"]] == ["old", "new"]
    assert [m["MetricName"] for m in cw.list_metrics(Namespace=space, RecentlyActive="PT3H")["Metrics"]] == ["new"]
