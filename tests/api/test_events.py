"""EventBridge: rules on events of one's own, targets that really get them, failures that are recorded, archives, schedules; over a kill."""
import http.server
import json
import sqlite3
import threading
import time
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest


def client(server, service):
    """One of each is enough: making them is what takes time."""
    made = server.__dict__.setdefault("clients", {})
    if service not in made:
        made[service] = server.client(service)
    return made[service]


def failure(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def name(prefix="x"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def new_queue(server, **attributes):
    sqs = client(server, "sqs")
    url = sqs.create_queue(QueueName=name("queue") + (".fifo" if attributes else ""), Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(server, url, count=1, wait=20):
    sqs, messages, deadline = client(server, "sqs"), [], time.monotonic() + wait
    while len(messages) < count and time.monotonic() < deadline:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get("Messages", [])
        messages += got
    assert len(messages) >= count, messages
    return messages


def rule_to(server, pattern, *targets, bus=None):
    """A rule with targets (ARNs or whole targets); its name and ARN."""
    events, rule = client(server, "events"), name("rule")
    on = {"EventBusName": bus} if bus else {}
    arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern), **on)["RuleArn"]
    targets = [{"Id": str(i), **({"Arn": t} if isinstance(t, str) else t)} for i, t in enumerate(targets)]
    assert events.put_targets(Rule=rule, Targets=targets, **on)["FailedEntryCount"] == 0
    return rule, arn


def put(server, source, detail, **entry):
    answer = client(server, "events").put_events(Entries=[{"Source": source, "DetailType": "test", "Detail": json.dumps(detail), **entry}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


def deliveries(server, rule_arn):
    request = botocore.awsrequest.AWSRequest("GET", f"{server.endpoint}/_weir/bus", params={"source": rule_arn})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(server.access_key, server.secret_key), "events", server.region).add_auth(request)
    prepared = request.prepare()
    with urllib.request.urlopen(urllib.request.Request(prepared.url, headers=dict(prepared.headers)), timeout=10) as answer:
        return json.load(answer)["messages"]


def settled(server, rule_arn):
    deadline = time.monotonic() + 20
    while True:
        found = deliveries(server, rule_arn)
        if found and all(m["state"] != "PENDING" for m in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_rule_sends_what_it_wants_to_queues_and_topics(server):
    source, (url, queue), (behind, behind_arn) = name("app"), new_queue(server), new_queue(server)
    sns = client(server, "sns")
    topic = sns.create_topic(Name=name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind_arn, Attributes={"RawMessageDelivery": "true"})
    rule_to(server, {"source": [source], "detail": {"n": [{"numeric": [">", 5]}]}}, queue, topic)
    put(server, source, {"n": 3})
    wanted = put(server, source, {"n": 7, "big": 12345678901234567890}, Resources=["r"])
    for where in (url, behind):
        (message,) = received(server, where)
        event = json.loads(message["Body"])
        assert event["id"] == wanted and event["detail"] == {"n": 7, "big": 12345678901234567890} and event["resources"] == ["r"]
        assert event["source"] == source and event["detail-type"] == "test" and event["account"] == "123456789012" and event["region"] == server.region


def test_targets_get_constants_parts_and_texts(server):
    source, (url, queue) = name("app"), new_queue(server)
    transformer = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '{"to": <who>, "text": "dear <who>", "by": <aws.events.rule-name>}'}
    rule, _ = rule_to(server, {"source": [source]}, {"Arn": queue, "Input": '{"fixed": true}'}, {"Arn": queue, "InputPath": "$.detail"},
                      {"Arn": queue, "InputTransformer": transformer})
    put(server, source, {"who": "you"})
    bodies = [json.loads(m["Body"]) for m in received(server, url, 3)]
    assert {"fixed": True} in bodies and {"who": "you"} in bodies and {"to": "you", "text": "dear you", "by": rule} in bodies


def test_what_can_not_be_delivered_is_recorded_and_buried(server):
    source, (url, dead) = name("app"), new_queue(server)
    gone = f"arn:aws:sqs:{server.region}:123456789012:{name()}"
    nowhere = f"arn:aws:sns:{server.region}:123456789012:{name()}"
    function = f"arn:aws:lambda:{server.region}:123456789012:function:f"
    bury = {"DeadLetterConfig": {"Arn": dead}}
    _, arn = rule_to(server, {"source": [source]}, {"Arn": gone, **bury}, {"Arn": nowhere, **bury}, function)
    put(server, source, {"a": 1})
    found = {m["target"]: m for m in settled(server, arn)}
    assert {m["state"] for m in found.values()} == {"FAILED"}
    assert "does not exist" in found[gone]["last_error"] and "not to lambda" in found[function]["last_error"]
    letters = received(server, url, 2)
    assert {m["MessageAttributes"]["TARGET_ARN"]["StringValue"] for m in letters} == {gone, nowhere}
    for letter in letters:
        assert json.loads(letter["Body"])["detail"] == {"a": 1}
        assert letter["MessageAttributes"]["RULE_ARN"]["StringValue"] == arn and letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_events_go_on_to_one_other_bus(server):
    events, source = client(server, "events"), name("app")
    first, second, third = (events.create_event_bus(Name=name("bus"))["EventBusArn"] for _ in range(3))
    url, queue = new_queue(server)
    rule_to(server, {"source": [source]}, second, bus=first)
    _, on = rule_to(server, {"source": [source]}, queue, third, bus=second)
    put(server, source, {"hop": 1}, EventBusName=first)
    assert json.loads(received(server, url)[0]["Body"])["detail"] == {"hop": 1}
    refused = [m for m in settled(server, on) if m["target"] == third]
    assert refused[0]["state"] == "FAILED" and "once only" in refused[0]["last_error"]
    for bus in (first, second, third):
        events.delete_event_bus(Name=bus.rsplit("/")[-1])
    assert put(server, source, {}, EventBusName=first)  # a bus that is gone takes and loses, as AWS's does


def test_entries_fail_by_themselves(server):
    good = {"Source": "a", "DetailType": "t", "Detail": "{}"}
    answer = client(server, "events").put_events(Entries=[good, {**good, "Source": "aws.emr"}, {**good, "Detail": "[]"}, {**good, "Detail": "{"}, {"Source": "a"}])
    assert answer["FailedEntryCount"] == 4 and "EventId" in answer["Entries"][0]
    assert [e.get("ErrorCode") for e in answer["Entries"][1:]] == ["NotAuthorizedForSourceException", "MalformedDetail", "MalformedDetail", "InvalidArgument"]
    big = {**good, "Detail": json.dumps({"x": "y" * 600_000})}
    assert failure(lambda: client(server, "events").put_events(Entries=[big, big])) == "ValidationException"


def test_bad_rules_and_targets_are_refused(server):
    events, rule = client(server, "events"), name("rule")
    for pattern in ("{}", "[]", '{"a": "b"}', '{"a": [{"like": "b"}]}', "{"):
        assert failure(lambda: events.put_rule(Name=rule, EventPattern=pattern)) == "InvalidEventPatternException"
    for schedule in ("rate(5 minute)", "cron(0 10 * * * *)", "every day"):
        assert failure(lambda: events.put_rule(Name=rule, ScheduleExpression=schedule)) == "ValidationException"
    assert failure(lambda: events.put_rule(Name=rule)) == "ValidationException"
    assert failure(lambda: events.describe_rule(Name=rule)) == "ResourceNotFoundException"
    events.put_rule(Name=rule, EventPattern='{"source": ["a"]}')
    good = {"Id": "1", "Arn": "arn:aws:sns:us-east-1:123456789012:t"}
    for bad in ({"Arn": "t"}, {"Input": "{"}, {"Input": "{}", "InputPath": "$.a"}, {"InputTransformer": {"InputTemplate": '"<a>"'}},
                {"Arn": "arn:aws:sqs:us-east-1:123456789012:q.fifo"}, {"DeadLetterConfig": {"Arn": good["Arn"]}}):
        assert failure(lambda: events.put_targets(Rule=rule, Targets=[good, {**good, **bad}])) == "ValidationException"
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == []
    assert failure(lambda: events.put_rule(Name=rule, EventPattern='{"source": ["a"]}', EventBusName="none")) == "ResourceNotFoundException"


def test_rules_are_of_their_region_and_can_be_off(server):
    source, (url, queue) = name("app"), new_queue(server)
    rule, _ = rule_to(server, {"source": [source]}, queue)
    far = server.client("events", region_name="eu-west-1")
    assert rule not in [r["Name"] for r in far.list_rules()["Rules"]]
    far.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": '{"far": 1}'}])
    events = client(server, "events")
    events.disable_rule(Name=rule)
    put(server, source, {"off": 1})
    events.enable_rule(Name=rule)
    put(server, source, {"on": 1})
    assert [json.loads(m["Body"])["detail"] for m in received(server, url)] == [{"on": 1}]


def test_a_pattern_is_tested(server):
    events = client(server, "events")
    event = {"id": "1", "account": "1", "source": "s", "time": "2026-01-01T00:00:00Z", "region": "r", "resources": [], "detail-type": "t", "detail": {"n": 1}}
    assert events.test_event_pattern(EventPattern='{"detail": {"n": [1]}}', Event=json.dumps(event))["Result"] is True
    assert events.test_event_pattern(EventPattern='{"detail": {"n": [2]}}', Event=json.dumps(event))["Result"] is False
    assert failure(lambda: events.test_event_pattern(EventPattern="{", Event=json.dumps(event))) == "InvalidEventPatternException"
    assert failure(lambda: events.test_event_pattern(EventPattern='{"a": [1]}', Event="{}")) == "ValidationException"


def test_an_archive_is_replayed(server):
    events, source = client(server, "events"), name("app")
    bus = events.create_event_bus(Name=name("bus"))["EventBusArn"]
    url, queue = new_queue(server)
    archive = events.create_archive(ArchiveName=name("archive"), EventSourceArn=bus, EventPattern=json.dumps({"source": [source]}))["ArchiveArn"]
    for i in range(250):
        if i % 10 == 0:
            entries = [{"Source": source if k % 2 else "else", "DetailType": "t", "Detail": json.dumps({"i": i + k}), "EventBusName": bus} for k in range(10)]
            events.put_events(Entries=entries)
    kept = events.describe_archive(ArchiveName=archive.rsplit("/")[-1])
    assert kept["EventCount"] == 125 and kept["SizeBytes"] > 125 * 100
    _, rule = rule_to(server, {"replay-name": [{"exists": True}]}, queue, bus=bus)
    _, other = rule_to(server, {"source": [source]}, queue, bus=bus)
    now, replay = time.time(), name("replay")
    events.start_replay(ReplayName=replay, EventSourceArn=archive, EventStartTime=now - 3600, EventEndTime=now + 60, Destination={"Arn": bus, "FilterArns": [rule]})
    again = [json.loads(m["Body"]) for m in received(server, url, 125)]
    assert sorted(e["detail"]["i"] for e in again) == list(range(1, 250, 2)) and {e["replay-name"] for e in again} == {replay}
    assert events.describe_replay(ReplayName=replay)["State"] == "COMPLETED"
    assert events.describe_archive(ArchiveName=archive.rsplit("/")[-1])["EventCount"] == 125  # what is replayed is not archived again
    managed = f"Events-Archive-{archive.rsplit('/')[-1]}"
    assert failure(lambda: events.delete_rule(Name=managed, EventBusName=bus)) == "ManagedRuleException"
    assert failure(lambda: events.cancel_replay(ReplayName=replay)) == "IllegalStatusException"


def test_a_schedule_fires_also_when_it_was_due_during_a_kill(start_server):
    server = start_server()
    events, (url, queue) = client(server, "events"), new_queue(server)
    arn = events.put_rule(Name="tick", ScheduleExpression="rate(1 hour)")["RuleArn"]
    events.put_rule(Name="off", ScheduleExpression="rate(1 hour)")
    events.disable_rule(Name="off")
    for rule in ("tick", "off"):
        events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue}])
    server.kill()
    with sqlite3.connect(server.home / "control.db") as db:  # two and a half hours pass
        (due,) = db.execute("SELECT next_ms FROM event_rule WHERE name='tick'").fetchone()
        assert 0 < due / 1000 - time.time() <= 3600
        db.execute("UPDATE event_rule SET next_ms=? WHERE name='tick'", (int(time.time() * 1000) - 9_000_000,))
    server = start_server(home=server.home)
    (message,) = received(server, url)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Scheduled Event" and event["source"] == "aws.events" and event["resources"] == [arn] and event["detail"] == {}
    with sqlite3.connect(server.home / "control.db") as db:
        (due,) = db.execute("SELECT next_ms FROM event_rule WHERE name='tick'").fetchone()
    assert 1700 <= due / 1000 - time.time() <= 1900  # it keeps its beat
    assert "Messages" not in client(server, "sqs").receive_message(QueueUrl=url)


class Endpoint:
    """An HTTP endpoint that keeps what it gets; `answers` are its statuses, 200 when they are used up."""

    def __init__(self, *answers):
        self.received, answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.received.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.send_response(answers.pop(0) if answers else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def destination(server, endpoint, path="/hook", **parameters):
    events = client(server, "events")
    parameters = parameters or {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}}
    kind = "BASIC" if "BasicAuthParameters" in parameters else "API_KEY"
    connection = events.create_connection(Name=name("connection"), AuthorizationType=kind, AuthParameters=parameters)["ConnectionArn"]
    made = events.create_api_destination(Name=name("api"), ConnectionArn=connection, InvocationEndpoint=endpoint.url + path, HttpMethod="POST")
    return connection.split("/")[1], made["ApiDestinationArn"]


def test_an_api_destination_is_called_with_its_credentials(server):
    events, source, endpoint = client(server, "events"), name("app"), Endpoint(503)
    own = {"HeaderParameters": [{"Key": "x-own", "Value": "1", "IsValueSecret": True}], "QueryStringParameters": [{"Key": "q", "Value": "a b", "IsValueSecret": False}]}
    connection, api = destination(server, endpoint, "/of/*/x", BasicAuthParameters={"Username": "u", "Password": "p"}, InvocationHttpParameters=own)
    _, rule = rule_to(server, {"source": [source]}, {"Arn": api, "InputPath": "$.detail", "HttpParameters": {
        "PathParameterValues": ["a/b"], "HeaderParameters": {"x-more": "2", "X-Own": "3"}, "QueryStringParameters": {"r": "&"}}})
    put(server, source, {"n": 1})
    (done,) = settled(server, rule)
    assert done["state"] == "DELIVERED" and done["attempts"] == 2
    path, headers, body = endpoint.received[1]
    assert path == "/of/a%2Fb/x?r=%26&q=a%20b" and json.loads(body) == {"n": 1}
    assert headers["Authorization"] == "Basic dTpw" and headers["x-own"] == "1" and headers["x-more"] == "2" and "X-Own" not in headers
    shown = events.describe_connection(Name=connection)["AuthParameters"]
    assert shown["BasicAuthParameters"] == {"Username": "u"} and "Value" not in shown["InvocationHttpParameters"]["HeaderParameters"][0]
    assert b"secret" not in json.dumps(shown).encode()
    endpoint.server.shutdown()


def test_a_retry_policy_ends_what_does_not_work(server):
    source, endpoint, (url, dead) = name("app"), Endpoint(*[500] * 9), new_queue(server)
    connection, api = destination(server, endpoint)
    _, rule = rule_to(server, {"source": [source]}, {"Arn": api, "RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": dead}})
    put(server, source, {"n": 1})
    (done,) = settled(server, rule)
    assert done["state"] == "FAILED" and done["attempts"] == 2 and done["last_error"] == "the endpoint answered 500"
    assert json.loads(received(server, url)[0]["Body"])["detail"] == {"n": 1}
    client(server, "events").deauthorize_connection(Name=connection)
    put(server, source, {"n": 2})
    assert {m["last_error"] for m in settled(server, rule)} == {"the endpoint answered 500", "its connection is not authorized"}
    endpoint.server.shutdown()


def test_bad_connections_are_refused(server):
    events = client(server, "events")
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}
    assert failure(lambda: events.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters=key)) == "ValidationException"
    assert failure(lambda: events.create_connection(Name="c", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters=key)) == "ValidationException"
    arn = f"arn:aws:events:{server.region}:123456789012:connection/none/{uuid.uuid4()}"
    assert failure(lambda: events.create_api_destination(Name="d", ConnectionArn=arn, InvocationEndpoint="https://x.example", HttpMethod="GET")) == "ResourceNotFoundException"
    assert failure(lambda: events.describe_connection(Name="none")) == "ResourceNotFoundException"
    events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    assert failure(lambda: events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)) == "ResourceAlreadyExistsException"
