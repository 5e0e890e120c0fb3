"""CloudWatch Logs: groups, streams, events, filter patterns, metric filters that make an alarm fire and SNS deliver it."""
import datetime
import gzip
import json
import signal
import sqlite3
import threading
import time
import uuid

import botocore.exceptions
import pytest

HOUR = 3600 * 1000
DAY = 24 * HOUR


def now_ms():
    return int(time.time() * 1000)


def failure(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs):
    name = f"/test/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        pass


def put(logs, group, *messages, stream="s", at=None, step=1):
    at = at or now_ms()
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": at + i * step, "message": message} for i, message in enumerate(messages)])


def messages(answer):
    return [event["message"] for event in answer["events"]]


def test_a_group_is_described_as_it_was_made(logs, server):
    name = f"/aws/emr/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=name, tags={"team": "etl"}, kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k")
    assert failure(lambda: logs.create_log_group(logGroupName=name)) == "ResourceAlreadyExistsException"
    logs.put_retention_policy(logGroupName=name, retentionInDays=14)
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    assert (found["arn"], found["logGroupArn"], found["retentionInDays"]) == (arn + ":*", arn, 14)
    assert (found["storedBytes"], found["metricFilterCount"], found["logGroupClass"]) == (0, 0, "STANDARD")
    assert found["kmsKeyId"].endswith("key/k")
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
    logs.untag_log_group(logGroupName=name, tags=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == logs.list_tags_log_group(logGroupName=name)["tags"] == {"stage": "test"}
    assert not server.client("logs", region_name="eu-west-1").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=True)
    assert failure(lambda: logs.delete_log_group(logGroupName=name)) == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=name)
    assert failure(lambda: logs.delete_log_group(logGroupName=name)) == "ResourceNotFoundException"


def test_groups_and_streams_come_in_pages(logs):
    prefix = f"/page/{uuid.uuid4()}/"
    for i in range(5):
        logs.create_log_group(logGroupName=f"{prefix}{i}")
        logs.create_log_stream(logGroupName=f"{prefix}0", logStreamName=f"s{4 - i}")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    assert [len(page["logGroups"]) for page in pages] == [2, 2, 1]
    assert len(logs.describe_log_groups(logGroupNamePattern=prefix[6:30])["logGroups"]) == 5
    assert failure(lambda: logs.describe_log_groups(logGroupNamePrefix="a", logGroupNamePattern="b")) == "InvalidParameterException"
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=f"{prefix}0", PaginationConfig={"PageSize": 2})
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["s0", "s1", "s2", "s3", "s4"]
    put(logs, f"{prefix}0", "late", stream="s1", at=now_ms())
    put(logs, f"{prefix}0", "early", stream="s3", at=now_ms() - 1000)
    streams = logs.describe_log_streams(logGroupName=f"{prefix}0", orderBy="LastEventTime", descending=True, limit=2)["logStreams"]
    assert [s["logStreamName"] for s in streams] == ["s1", "s3"]
    assert streams[0]["lastEventTimestamp"] > streams[1]["firstEventTimestamp"]


def test_events_are_checked_as_documented(logs, group):
    at = now_ms()
    assert failure(lambda: put(logs, group, "a", "b", step=-1)) == "InvalidParameterException"
    assert failure(lambda: put(logs, group, "a", "b", at=at - DAY - 5, step=DAY + 1)) == "InvalidParameterException"
    assert failure(lambda: put(logs, group, "x" * (1024 * 1024 - 25))) == "InvalidParameterException"
    assert failure(lambda: put(logs, group, *["x"] * 10001)) == "InvalidParameterException"
    assert failure(lambda: put(logs, group, "x", stream="none")) == "ResourceNotFoundException"
    assert failure(lambda: put(logs, "none", "x")) == "ResourceNotFoundException"
    assert not messages(logs.get_log_events(logGroupName=group, logStreamName="s"))  # nothing of the refused ones
    put(logs, group, "x" * (1024 * 1024 - 26))
    rejected = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
        {"timestamp": at - 15 * DAY, "message": "too old"}, {"timestamp": at - 1000, "message": "right"},
        {"timestamp": at + 3 * HOUR, "message": "too new"}])["rejectedLogEventsInfo"]
    assert rejected == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert put(logs, group, "expired", at=at - 2 * DAY)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s", limit=2, startFromHead=True))[0] == "right"


def test_a_stream_is_read_both_ways(logs, group):
    at = now_ms() - 1000
    put(logs, group, *[str(i) for i in range(10)], at=at)
    read = lambda **options: logs.get_log_events(logGroupName=group, logStreamName="s", **options)  # noqa: E731
    page = read(limit=4)
    assert messages(page) == ["6", "7", "8", "9"]
    assert messages(read(limit=4, nextToken=page["nextBackwardToken"])) == ["2", "3", "4", "5"]
    page = read(limit=4, startFromHead=True)
    assert messages(page) == ["0", "1", "2", "3"]
    end = read(nextToken=page["nextForwardToken"])
    assert messages(end) == [str(i) for i in range(4, 10)]
    assert read(nextToken=end["nextForwardToken"])["nextForwardToken"] == end["nextForwardToken"]  # the end says itself again
    put(logs, group, "late", at=at + 5)  # between those that are there
    put(logs, group, "new")
    assert messages(read(nextToken=end["nextForwardToken"])) == ["new"]
    assert messages(read(startTime=at + 5, endTime=at + 6)) == ["5", "late"]
    assert failure(lambda: read(nextToken="f/x")) == "InvalidParameterException"
    empty = f"empty-{uuid.uuid4()}"
    logs.create_log_stream(logGroupName=group, logStreamName=empty)
    token = logs.get_log_events(logGroupName=group, logStreamName=empty, startFromHead=True)["nextForwardToken"]
    put(logs, group, "first", stream=empty)
    assert messages(logs.get_log_events(logGroupName=group, logStreamName=empty, nextToken=token)) == ["first"]


def test_filter_goes_over_streams_in_the_order_of_time(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="other")
    at = now_ms() - 5000
    put(logs, group, *[f"a{i} ERROR" for i in range(0, 20, 2)], at=at, step=2)
    put(logs, group, *[f"a{i} {'ERROR' if i % 3 else 'fine'}" for i in range(1, 20, 2)], stream="other", at=at + 1, step=2)
    found, token = [], {}
    while True:
        page = logs.filter_log_events(logGroupName=group, filterPattern="ERROR", limit=4, **token)
        found += page["events"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert [event["message"].split()[0] for event in found] == [f"a{i}" for i in range(20) if i % 2 == 0 or i % 3]
    assert len({event["eventId"] for event in found}) == len(found)
    assert messages(logs.filter_log_events(logGroupName=group, logStreamNamePrefix="oth", filterPattern="fine")) == ["a3 fine", "a9 fine", "a15 fine"]
    assert messages(logs.filter_log_events(logGroupName=group, startTime=at + 1, endTime=at + 2)) == ["a1 ERROR", "a2 ERROR"]
    assert failure(lambda: logs.filter_log_events(logGroupName=group, filterPattern="{ $.a }")) == "InvalidParameterException"
    assert failure(lambda: logs.filter_log_events(logGroupName=group, logStreamNames=["none"])) == "ResourceNotFoundException"
    assert failure(lambda: logs.filter_log_events(logGroupName=group, logStreamNames=["s"], logStreamNamePrefix="s")) == "InvalidParameterException"


def test_test_metric_filter_says_what_it_extracts(logs):
    lines = ['127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534',
             '127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /apache_pb.gif HTTP/1.0" 500 5324']
    matches = logs.test_metric_filter(filterPattern="[ip, identity, user_id, timestamp, request, status_code=5*, size]", logEventMessages=lines)["matches"]
    assert [(match["eventNumber"], match["eventMessage"]) for match in matches] == [(2, lines[1])]
    assert matches[0]["extractedValues"] == {
        "$ip": "127.0.0.1", "$identity": "-", "$user_id": "frank", "$timestamp": "10/Oct/2000:13:35:22 -0700",
        "$request": "GET /apache_pb.gif HTTP/1.0", "$status_code": "500", "$size": "5324"}
    matches = logs.test_metric_filter(filterPattern="{ $.latency > 10 }", logEventMessages=['{"latency": 5}', '{"latency": 50}'])["matches"]
    assert [match["extractedValues"] for match in matches] == [{"$.latency": "50"}]
    assert failure(lambda: logs.test_metric_filter(filterPattern="[a, b", logEventMessages=["x"])) == "InvalidParameterException"


def metric(space, name, value, **more):
    return [{"metricNamespace": space, "metricName": name, "metricValue": value, **more}]


def test_a_metric_filter_makes_points_with_dimensions(server, logs, group):
    space = f"App/{uuid.uuid4()}"
    logs.put_metric_filter(logGroupName=group, filterName="latency", filterPattern="{ $.latency = * }",
                           metricTransformations=metric(space, "Latency", "$.latency", unit="Milliseconds", dimensions={"Route": "$.route"}))
    logs.put_metric_filter(logGroupName=group, filterName="count", filterPattern="[level = ERROR, ...]", metricTransformations=metric(space, "Errors", "1"))
    put(logs, group, *[json.dumps({"latency": 10 * i, "route": "/a"}) for i in range(1, 4)], '{"latency": 7}', '{"latency": "no number", "route": "/a"}',
        "ERROR one", "ERROR two", "WARN")
    cloudwatch = server.client("cloudwatch")
    period = {"StartTime": datetime.datetime.fromtimestamp(time.time() - 600), "EndTime": datetime.datetime.fromtimestamp(time.time() + 600), "Period": 3600}
    stats = cloudwatch.get_metric_statistics(Namespace=space, MetricName="Latency", Dimensions=[{"Name": "Route", "Value": "/a"}],
                                             Statistics=["Sum", "SampleCount"], **period)["Datapoints"]
    assert [sum(point["Sum"] for point in stats), sum(point["SampleCount"] for point in stats), stats[0]["Unit"]] == [60, 3, "Milliseconds"]
    stats = cloudwatch.get_metric_statistics(Namespace=space, MetricName="Errors", Statistics=["Sum"], **period)["Datapoints"]
    assert sum(point["Sum"] for point in stats) == 2
    described = logs.describe_metric_filters(metricNamespace=space, metricName="Errors")["metricFilters"]
    assert [(f["filterName"], f["logGroupName"], f["filterPattern"]) for f in described] == [("count", group, "[level = ERROR, ...]")]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 2
    logs.delete_metric_filter(logGroupName=group, filterName="count")
    assert [f["filterName"] for f in logs.describe_metric_filters(logGroupName=group)["metricFilters"]] == ["latency"]


@pytest.mark.parametrize("pattern, transformation", [
    ("ERROR -x y-z", {"metricValue": "1"}),                                         # a term that needs quotes
    ("[a, b]", {"metricValue": "$c"}),                                              # no such field
    ("ERROR", {"metricValue": "$.a"}),                                              # fields of terms
    ("{ $.a = 1 }", {"metricValue": "1", "defaultValue": 0, "dimensions": {"A": "$.a"}}),
    ("{ $.a = 1 }", {"metricValue": "1", "dimensions": {name: "$.a" for name in "ABCD"}}),
])
def test_a_wrong_metric_filter_is_refused(logs, group, pattern, transformation):
    assert failure(lambda: logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern=pattern, metricTransformations=[
        {"metricNamespace": "N", "metricName": "M", **transformation}])) == "InvalidParameterException"
    assert not logs.describe_metric_filters(logGroupName=group)["metricFilters"]


def test_events_make_an_alarm_that_sns_delivers(server, logs, group):
    sns, sqs, cloudwatch = server.client("sns"), server.client("sqs"), server.client("cloudwatch")
    name = f"errors-{uuid.uuid4()}"
    topic, queue = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    logs.put_metric_filter(logGroupName=group, filterName="errors", filterPattern="?ERROR ?FATAL", metricTransformations=metric("App", name, "1"))
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace="App", MetricName=name, Statistic="Sum", Period=60, EvaluationPeriods=5, DatapointsToAlarm=1,
                                Threshold=3, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic])
    put(logs, group, "ERROR a", "fine", "FATAL b", "ERROR c", at=now_ms() - 65000)  # in a minute that is over
    deadline, got = time.monotonic() + 60, []
    while not got and time.monotonic() < deadline:
        got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    message = json.loads(json.loads(got[0]["Body"])["Message"])
    assert (message["AlarmName"], message["NewStateValue"], message["Trigger"]["Namespace"]) == (name, "ALARM", "App")


def test_a_subscription_copies_into_another_group(server, logs, group):
    there = server.client("logs", region_name="eu-west-1")
    target = f"/copy/{uuid.uuid4()}"
    there.create_log_group(logGroupName=target)
    arn = there.describe_log_groups(logGroupNamePrefix=target)["logGroups"][0]["arn"]
    subscribe = lambda name, to: logs.put_subscription_filter(logGroupName=group, filterName=name, filterPattern="ERROR", destinationArn=to)  # noqa: E731
    subscribe("copy", arn)
    put(logs, group, "ERROR a", "fine", "ERROR b")
    assert messages(there.get_log_events(logGroupName=target, logStreamName="s")) == ["ERROR a", "ERROR b"]
    for service in ("lambda:us-east-1:123456789012:function:f", "kinesis:us-east-1:123456789012:stream/s",
                    "logs:us-east-1:123456789012:log-group:none", "sqs:us-east-1:123456789012:q"):
        assert failure(lambda: subscribe("other", f"arn:aws:{service}")) == "InvalidParameterException"
    subscribe("two", arn)
    assert failure(lambda: subscribe("three", arn)) == "LimitExceededException"
    logs.delete_subscription_filter(logGroupName=group, filterName="copy")
    found = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert [(f["filterName"], f["destinationArn"], f["distribution"]) for f in found] == [("two", arn, "ByLogStream")]


def test_retention_deletes_from_the_disk(start_server):
    server = start_server("--auth", "off")
    logs = server.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for batch in range(4):
        put(logs, "g", *["x" * 1000] * 1000, at=now_ms() - 3 * DAY)
    put(logs, "g", "young")
    database = server.home / "logs.db"
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] > 4_000_000
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert messages(logs.get_log_events(logGroupName="g", logStreamName="s")) == ["young"]
    deadline = time.monotonic() + 20
    while logs.describe_log_groups()["logGroups"][0]["storedBytes"] != 31 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 31
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as looking:
        while looking.execute("PRAGMA freelist_count").fetchone()[0] and time.monotonic() < deadline:
            time.sleep(0.1)
    looking.close()
    assert server.stop() == 0
    assert database.stat().st_size < 1_000_000


def test_the_bus_writes_into_a_group(start_server, tmp_path):
    server = start_server("--auth", "off", home=tmp_path / "bus")
    server.client("logs").create_log_group(logGroupName="/aws/events/g")
    assert server.stop() == 0
    payload = json.dumps({"stream": "from the bus", "message": "{\"a\": 1}", "time": now_ms()})
    with sqlite3.connect(tmp_path / "bus" / "control.db") as control:
        for group in ("/aws/events/g:*", "none"):
            control.execute("INSERT INTO bus_message(service, region, target, source, payload, state, created_ms, next_ms) VALUES('logs', 'us-east-1', ?, 'arn:x:y', ?,"
                            " 'PENDING', 0, 0)", (f"arn:aws:logs:us-east-1:123456789012:log-group:{group}", payload))
    control.close()
    server = start_server("--auth", "off", home=tmp_path / "bus")
    deadline, states = time.monotonic() + 30, []
    while len(states) < 2 and time.monotonic() < deadline:
        with sqlite3.connect(f"file:{tmp_path}/bus/control.db?mode=ro", uri=True) as control:
            states = [row[0] for row in control.execute("SELECT state FROM bus_message WHERE state<>'PENDING' ORDER BY id")]
        control.close()
        time.sleep(0.05)
    assert states == ["DELIVERED", "FAILED"]
    found = server.client("logs").get_log_events(logGroupName="/aws/events/g", logStreamName="from the bus")
    assert messages(found) == ['{"a": 1}']


def test_a_rule_of_eventbridge_writes_into_a_group(server, logs, group):
    events, name = server.client("events"), f"rule-{uuid.uuid4()}"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "log", "Arn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"}])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": json.dumps({"order": 7})}])
    deadline, found = time.monotonic() + 30, []
    while not found and time.monotonic() < deadline:
        found = messages(logs.filter_log_events(logGroupName=group, filterPattern="{ $.detail.order = 7 }"))
        time.sleep(0.05)
    assert len(found) == 1 and json.loads(found[0])["source"] == name


def test_a_metric_filter_gives_its_default_value(start_server, tmp_path):
    server = start_server("--auth", "off", home=tmp_path / "default")
    logs = server.client("logs")
    for group, text in (("quiet", "fine"), ("loud", "ERROR")):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="ERROR", metricTransformations=metric("N", group, "3", defaultValue=0.5))
        put(logs, group, text)
        put(logs, group, "fine too")
    assert server.stop() == 0  # the minute need not be over
    cloudwatch = start_server("--auth", "off", home=tmp_path / "default").client("cloudwatch")
    period = {"StartTime": datetime.datetime.fromtimestamp(time.time() - 600), "EndTime": datetime.datetime.fromtimestamp(time.time() + 60), "Period": 3600}
    sums = {name: sum(point["Sum"] for point in cloudwatch.get_metric_statistics(Namespace="N", MetricName=name, Statistics=["Sum"], **period)["Datapoints"])
            for name in ("quiet", "loud")}
    assert sums == {"quiet": 0.5, "loud": 3}


def test_acknowledged_events_survive_a_kill(start_server, tmp_path):
    server = start_server("--auth", "off", home=tmp_path / "killed")
    acknowledged = {}

    def write(name):
        logs = server.client("logs")
        logs.create_log_stream(logGroupName="g", logStreamName=name)
        acknowledged[name] = 0
        try:
            while True:
                put(logs, "g", *[f"{name} {acknowledged[name] + i}" for i in range(50)], stream=name)
                acknowledged[name] += 50
        except (botocore.exceptions.BotoCoreError, OSError):
            pass

    server.client("logs").create_log_group(logGroupName="g")
    writers = [threading.Thread(target=write, args=(f"w{i}",)) for i in range(3)]
    for writer in writers:
        writer.start()
    while sum(acknowledged.values()) < 1000:
        time.sleep(0.02)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    for writer in writers:
        writer.join()
    logs = start_server("--auth", "off", home=tmp_path / "killed").client("logs")
    for name, count in acknowledged.items():
        found, token = [], None
        while True:
            page = logs.get_log_events(logGroupName="g", logStreamName=name, startFromHead=True, **({"nextToken": token} if token else {}))
            if not page["events"]:
                break
            found += messages(page)
            token = page["nextForwardToken"]
        assert len(found) in (count, count + 50)  # a batch is there whole or not at all
        assert sorted(found) == sorted(f"{name} {i}" for i in range(len(found)))


def query(logs, group, text, **options):
    start = int(time.time()) - 3600
    ident = logs.start_query(logGroupName=group, startTime=start, endTime=start + 7200, queryString=text, **options)["queryId"]
    deadline = time.monotonic() + 30
    while (answer := logs.get_query_results(queryId=ident))["status"] in ("Scheduled", "Running") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer["status"] == "Complete", answer
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]], answer


def test_insights_queries(logs, group):
    at = (now_ms() - 60000) // 60000 * 60000
    put(logs, group, *[json.dumps({"level": "ERROR" if i % 3 == 0 else "INFO", "ms": i * 10, "user": {"name": f"u{i % 2}"}}) for i in range(12)],
        "plain user=ann took 7 ms", "plain user=bob took 9 ms", at=at)
    rows, answer = query(logs, group, 'fields ms, level as l | filter level = "ERROR" and ms >= 30 | sort ms desc | limit 2')
    assert rows == [{"ms": "90", "l": "ERROR"}, {"ms": "60", "l": "ERROR"}]
    assert (answer["statistics"]["recordsScanned"], answer["statistics"]["recordsMatched"]) == (14, 3)
    rows, _ = query(logs, group, "stats count(*) as n, sum(ms), avg(ms), min(ms), max(ms) by level, user.name | sort n desc, level, user.name asc")
    assert rows[0] == {"level": "INFO", "user.name": "u0", "n": "4", "sum(ms)": "240", "avg(ms)": "60", "min(ms)": "20", "max(ms)": "100"}
    assert len(rows) == 5 and {"n": "2"} in rows  # those that are no JSON have no fields
    rows, _ = query(logs, group, "# who\nparse 'user=* took * ms' as who, took | filter ispresent(who) | fields who, took | sort took asc")
    assert rows == [{"who": "ann", "took": "7"}, {"who": "bob", "took": "9"}]
    rows, _ = query(logs, group, "filter @message like /took [0-9]/ and @message not like 'bob' and @logStream in ['s', 't'] | display @message, @logStream")
    assert rows == [{"@message": "plain user=ann took 7 ms", "@logStream": "s"}]
    rows, _ = query(logs, group, "stats count(*) by bin(1m)")
    assert [(row["bin(1m)"], row["count(*)"]) for row in rows] == [
        (datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:00.000"), "14")]
    rows, answer = query(logs, group, "fields @message", limit=3)
    assert [row["@message"] for row in rows[:2]] == ["plain user=bob took 9 ms", "plain user=ann took 7 ms"] and len(rows) == 3
    pointer = [cell["value"] for cell in answer["results"][0] if cell["field"] == "@ptr"][0]
    record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert (record["@message"], record["@logStream"]) == ("plain user=bob took 9 ms", "s")
    assert {q["status"] for q in logs.describe_queries(logGroupName=group)["queries"]} == {"Complete"}


@pytest.mark.parametrize("text, named", [
    ("test", "test"), ("fields @message | dedup a", "dedup"), ("stats pct(ms, 99)", "pct"), ("fields strlen(@message)", "strlen"),
    ("stats count(*) by datefloor(@timestamp, 1d)", "datefloor"), ("parse @message /(?<a>.)/ as a", "regular expression"),
    ("filter a = ", "expected"), ("filter a like /(/", "regular expression"), ("limit 0", "limit"), ("fields @message |", "command"),
])
def test_what_insights_does_not_know_is_named(logs, group, text, named):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        query(logs, group, text)
    error = caught.value.response["Error"]
    assert error["Code"] == "MalformedQueryException" and named in error["Message"]


def test_an_export_writes_gzip_objects(server, logs, group):
    s3, bucket = server.client("s3"), f"logs-{uuid.uuid4()}"
    at = now_ms() - 10000
    export = lambda **more: logs.create_export_task(**{  # noqa: E731
        "logGroupName": group, "fromTime": at, "to": at + 5, "destination": bucket, "destinationPrefix": "out", **more})["taskId"]
    assert failure(export) == "InvalidParameterException"
    s3.create_bucket(Bucket=bucket)
    logs.create_log_stream(logGroupName=group, logStreamName="a/b")
    put(logs, group, *[f"line {i}" for i in range(10)], at=at)
    put(logs, group, "other", stream="a/b", at=at)
    task = export()
    deadline = time.monotonic() + 30
    while (found := logs.describe_export_tasks(taskId=task)["exportTasks"][0])["status"]["code"] in ("PENDING", "RUNNING") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (found["status"]["code"], found["destinationPrefix"], found["from"]) == ("COMPLETED", "out", at)
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["aws-logs-write-test", f"out/{task}/a-b/000000.gz", f"out/{task}/s/000000.gz"]
    lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=keys[2])["Body"].read()).decode().splitlines()
    first = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z line 0"
    assert len(lines) == 6 and lines[0] == first
    assert failure(lambda: logs.cancel_export_task(taskId=task)) == "InvalidOperationException"
    assert failure(lambda: logs.cancel_export_task(taskId="none")) == "ResourceNotFoundException"
    assert failure(lambda: export(to=at - 1)) == "InvalidParameterException"
    assert failure(lambda: export(logGroupName="none")) == "ResourceNotFoundException"


def test_records_are_kept_over_a_restart(start_server, tmp_path):
    server = start_server("--auth", "off", home=tmp_path / "kept")
    logs = server.client("logs")
    logs.put_resource_policy(policyName="p", policyDocument="{}")
    logs.put_destination(destinationName="d", targetArn="arn:aws:kinesis:us-east-1:1:stream/s", roleArn="arn:aws:iam::1:role/r", tags={"a": "b"})
    definition = logs.put_query_definition(name="q", queryString="fields @message", logGroupNames=["g"])["queryDefinitionId"]
    logs.put_delivery_source(name="s", resourceArn="arn:aws:cloudfront::1:distribution/D", logType="ACCESS_LOGS")
    to = logs.put_delivery_destination(name="t", deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::b"})["deliveryDestination"]["arn"]
    delivery = logs.create_delivery(deliverySourceName="s", deliveryDestinationArn=to)["delivery"]["id"]
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    put(logs, "g", "x")
    assert server.stop() == 0
    logs = start_server("--auth", "off", home=tmp_path / "kept").client("logs")
    assert [p["policyName"] for p in logs.describe_resource_policies()["resourcePolicies"]] == ["p"]
    assert failure(lambda: logs.put_resource_policy(policyName="p", policyDocument="{")) == "InvalidParameterException"
    assert logs.list_tags_for_resource(resourceArn=logs.describe_destinations()["destinations"][0]["arn"])["tags"] == {"a": "b"}
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="q")["queryDefinitions"][0]["queryDefinitionId"] == definition
    assert failure(lambda: logs.delete_delivery_source(name="s")) == "ConflictException"
    logs.update_delivery_configuration(id=delivery, fieldDelimiter=";")
    assert logs.get_delivery(id=delivery)["delivery"]["fieldDelimiter"] == ";"
    logs.delete_delivery(id=delivery)
    logs.delete_delivery_source(name="s")
    assert messages(logs.get_log_events(logGroupName="g", logStreamName="s")) == ["x"]
