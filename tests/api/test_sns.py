"""SNS: topics, subscriptions that confirm, filters, deliveries that are retried and survive a kill; SQS as a place to deliver to."""
import base64
import http.server
import json
import socket
import subprocess
import threading
import time
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

RETRY_SOON = json.dumps({"healthyRetryPolicy": {"numRetries": 5, "minDelayTarget": 1, "maxDelayTarget": 1}})


class Endpoint:
    """An HTTP endpoint on a free port; `answers` are the statuses it gives, 200 when they are used up."""

    def __init__(self, *answers):
        self.received, answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((dict(self.headers), body.decode()))
                confirmation = self.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
                self.send_response(answers.pop(0) if answers and not confirmation else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        deadline = time.monotonic() + 20
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.received) >= count, self.received
        return self.received

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.stop()


def failure(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def new_topic(sns, **options):
    return sns.create_topic(Name=f"topic-{uuid.uuid4()}", **options)["TopicArn"]


def subscribe_http(sns, topic, endpoint, **attributes):
    """Subscribes and confirms as the endpoint's owner would: by the link."""
    before = len(endpoint.received)
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes={"DeliveryPolicy": RETRY_SOON, **attributes})
    headers, body = endpoint.wait(before + 1)[before]
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    with urllib.request.urlopen(json.loads(body)["SubscribeURL"], timeout=10) as answer:
        return json.load(answer)["SubscriptionArn"]


def deliveries(server, topic):
    request = botocore.awsrequest.AWSRequest("GET", f"{server.endpoint}/_weir/sns/deliveries", params={"topic": topic})
    keys = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.SigV4Auth(keys, "sns", server.region).add_auth(request)
    prepared = request.prepare()
    with urllib.request.urlopen(urllib.request.Request(prepared.url, headers=dict(prepared.headers)), timeout=10) as answer:
        return json.load(answer)["deliveries"]


def new_queue(server, **attributes):
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4()}" + (".fifo" if attributes else ""), Attributes=attributes)["QueueUrl"]
    return sqs, url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_an_endpoint_gets_nothing_before_it_has_confirmed(server, endpoint):
    sns = server.client("sns")
    topic = new_topic(sns)
    assert sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)["SubscriptionArn"] == "pending confirmation"
    endpoint.wait(1)
    sns.publish(TopicArn=topic, Message="too early")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    assert failure(lambda: sns.confirm_subscription(TopicArn=topic, Token="0" * 64)) == "InvalidParameter"
    token = json.loads(endpoint.received[0][1])["Token"]
    arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    sent = sns.publish(TopicArn=topic, Message="now", Subject="hello")["MessageId"]
    headers, body = endpoint.wait(2)[1]
    message = json.loads(body)
    assert (message["Type"], message["MessageId"], message["Message"], message["Subject"]) == ("Notification", sent, "now", "hello")
    assert (headers["x-amz-sns-subscription-arn"], headers["x-amz-sns-topic-arn"]) == (arn, topic)
    assert len(endpoint.received) == 2
    with urllib.request.urlopen(message["UnsubscribeURL"], timeout=10) as answer:
        assert answer.status == 200
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_failing_endpoint_is_tried_again_and_each_attempt_recorded(server):
    sns, endpoint = server.client("sns"), Endpoint(503, 500)
    topic = new_topic(sns)
    subscribe_http(sns, topic, endpoint)
    sns.publish(TopicArn=topic, Message="important")
    endpoint.wait(4)
    deadline = time.monotonic() + 10
    while deliveries(server, topic)[0]["state"] != "DELIVERED" and time.monotonic() < deadline:
        time.sleep(0.05)
    done = deliveries(server, topic)[0]
    assert [attempt.get("status") for attempt in done["attempts"]] == [503, 500, 200]
    assert done["state"] == "DELIVERED"
    endpoint.stop()


def test_a_message_for_an_endpoint_that_is_down_survives_a_kill(start_server, tmp_path):
    first = start_server(home=tmp_path / "home")
    sns, endpoint = first.client("sns"), Endpoint()
    topic = new_topic(sns)
    subscribe_http(sns, topic, endpoint)
    port = endpoint.server.server_port
    endpoint.stop()
    sns.publish(TopicArn=topic, Message="kept")
    first.kill()
    again = Endpoint.__new__(Endpoint)
    again.__dict__.update(endpoint.__dict__)
    again.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), endpoint.server.RequestHandlerClass)
    threading.Thread(target=again.server.serve_forever, daemon=True).start()
    second = start_server(home=tmp_path / "home")
    assert json.loads(endpoint.wait(2)[1][1])["Message"] == "kept"
    again.stop()
    second.stop()


def test_an_alarm_reaches_its_topics_endpoint(server, endpoint):
    sns, cloudwatch = server.client("sns"), server.client("cloudwatch")
    topic, name = new_topic(sns), f"alarm-{uuid.uuid4()}"
    subscribe_http(sns, topic, endpoint)
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
                                Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    message = json.loads(json.loads(endpoint.wait(2)[1][1])["Message"])
    assert (message["AlarmName"], message["NewStateValue"], message["NewStateReason"]) == (name, "ALARM", "a test")


def test_a_filter_lets_through_what_it_says(server):
    sns = server.client("sns")
    sqs, url, arn = new_queue(server)
    topic = new_topic(sns)
    policy = {"store": ["books"], "price": [{"numeric": [">=", 10, "<", 20]}], "customer": [{"anything-but": {"prefix": "test-"}}]}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": json.dumps(policy), "RawMessageDelivery": "true"})

    def publish(text, store, price, customer):
        sns.publish(TopicArn=topic, Message=text, MessageAttributes={
            "store": {"DataType": "String", "StringValue": store}, "price": {"DataType": "Number", "StringValue": price},
            "customer": {"DataType": "String", "StringValue": customer}})

    publish("other store", "toys", "15", "ann")
    publish("too dear", "books", "20", "ann")
    publish("a test", "books", "15", "test-1")
    publish("right", "books", "10", "ann")
    sns.publish(TopicArn=topic, Message="no attributes")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in got] == ["right"]
    assert got[0]["MessageAttributes"]["price"] == {"DataType": "Number", "StringValue": "10"}
    assert failure(lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={
        "FilterPolicy": json.dumps({"price": [{"numeric": ["<", "ten"]}]})})) == "InvalidParameter"


def test_a_fifo_topic_gives_each_message_once_and_in_order(server):
    sns = server.client("sns")
    sqs, url, arn = new_queue(server, FifoQueue="true")
    topic = sns.create_topic(Name=f"t{uuid.uuid4()}.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    first = sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")
    assert sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")["MessageId"] == first["MessageId"]
    sns.publish(TopicArn=topic, Message="two", MessageGroupId="g")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    assert got[0]["Body"] == "one"
    assert "Messages" not in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)  # the group waits for the first
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "two"
    assert failure(lambda: sns.publish(TopicArn=topic, Message="x")) == "InvalidParameter"


def test_a_message_that_is_not_deleted_comes_again(server):
    sqs, url, _ = new_queue(server)
    sqs.send_message(QueueUrl=url, MessageBody="work")
    assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"][0]["Body"] == "work"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    again = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageSystemAttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_bad_input_is_told_in_the_services_words(server):
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = new_topic(sns)
    unknown = topic + "x"
    assert failure(lambda: sns.publish(TopicArn=unknown, Message="x")) == "NotFound"
    assert failure(lambda: sns.publish(TopicArn=topic, Message="x" * 262145)) == "InvalidParameter"
    assert failure(lambda: sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint="arn:aws:lambda:us-east-1:1:function:f")) == "InvalidParameter"
    assert failure(lambda: sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="ftp://x")) == "InvalidParameter"
    assert failure(lambda: sns.create_topic(Name="no spaces")) == "InvalidParameter"
    assert failure(lambda: sqs.send_message(QueueUrl=f"{server.endpoint}/123456789012/none", MessageBody="x")).endswith(("QueueDoesNotExist", "NonExistentQueue"))
    assert failure(lambda: sqs.create_queue(QueueName="x" * 81)) == "InvalidParameterValue"


class MailServer:
    """Takes mail on a free port; `mails` are the messages."""

    def __init__(self):
        self.mails, self.listener = [], socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as stream:
                self.talk(stream)

    def talk(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        say("220 here")
        for line in stream:
            word = line.split()[0].upper()
            if word == b"DATA":
                say("354 go on")
                self.mails.append(b"".join(iter(stream.readline, b".\r\n")).decode())
            say("221 bye" if word == b"QUIT" else "250 fine")

    def wait(self, count):
        deadline = time.monotonic() + 60
        while len(self.mails) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.mails) >= count
        return self.mails


def test_email_goes_to_the_mail_server_that_was_named(start_server, tmp_path):
    mail = MailServer()
    own = start_server("--smtp", mail.url, home=tmp_path / "mail")
    sns, emr, budgets = own.client("sns"), own.client("emr"), own.client("budgets")
    sns.subscribe(TopicArn=new_topic(sns), Protocol="email", Endpoint="ops@example.com")
    assert "To: <ops@example.com>" in mail.wait(1)[0] and "/_weir/sns/confirm?" in mail.mails[0]
    emr.run_job_flow(Name="spends", ReleaseLabel="emr-7.5.0", Instances={
        "KeepJobFlowAliveWhenNoSteps": True, "MasterInstanceType": "m5.xlarge", "InstanceCount": 1})
    budgets.create_budget(AccountId="123456789012", Budget={
        "BudgetName": "tiny", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "0.000001", "Unit": "USD"}},
        NotificationsWithSubscribers=[{
            "Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 1.0},
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "cfo@example.com"}]}])
    assert "To: <cfo@example.com>" in mail.wait(2)[1] and "tiny" in mail.mails[1]
    own.stop()
    mail.listener.close()


def signature_holds(message, folder):
    """As AWS documents it: names and values, each on a line; verified by OpenSSL with the certificate that the message names."""
    names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if message["Type"] == "Notification":
        names = ["Message", "MessageId", *(["Subject"] if "Subject" in message else []), "Timestamp", "TopicArn", "Type"]
    (folder / "text").write_text("".join(f"{name}\n{message[name]}\n" for name in names))
    (folder / "signature").write_bytes(base64.b64decode(message["Signature"]))
    with urllib.request.urlopen(message["SigningCertURL"], timeout=10) as answer:
        (folder / "certificate").write_bytes(answer.read())
    subprocess.run(["openssl", "x509", "-in", "certificate", "-pubkey", "-noout", "-out", "key"], cwd=folder, check=True)
    digest = {"1": "-sha1", "2": "-sha256"}[message["SignatureVersion"]]
    done = subprocess.run(["openssl", "dgst", digest, "-verify", "key", "-signature", "signature", "text"], cwd=folder, capture_output=True, text=True)
    return done.returncode == 0


@pytest.mark.parametrize("version", ["1", "2"])
def test_messages_are_signed(server, endpoint, tmp_path, version):
    sns = server.client("sns")
    topic = new_topic(sns, Attributes={"SignatureVersion": version})
    subscribe_http(sns, topic, endpoint)
    sns.publish(TopicArn=topic, Message="it's \"ours\",\nwhole: é", Subject="hello")
    sns.publish(TopicArn=topic, Message="no subject")
    messages = [json.loads(body) for _, body in endpoint.wait(3)]
    assert [m["SignatureVersion"] for m in messages] == [version] * 3
    assert all(signature_holds(m, tmp_path) for m in messages)
    assert not signature_holds({**messages[1], "Message": "forged"}, tmp_path)
    assert failure(lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="3")) == "InvalidParameter"


def test_what_fails_for_good_goes_to_the_dead_letter_queue(server):
    sns, endpoint = server.client("sns"), Endpoint(*[404] * 5)
    topic = new_topic(sns)
    sqs, url, queue = new_queue(server)
    arn = subscribe_http(sns, topic, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": queue}))
    sns.publish(TopicArn=topic, Message="unwanted")
    (letter,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"])["Message"] == "unwanted" and letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "404"
    for bad in ("{}", "x", json.dumps({"deadLetterTargetArn": topic})):
        assert failure(lambda: sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=bad)) == "InvalidParameter"
    endpoint.stop()


def test_attribute_names_of_messages_are_taken_by_their_older_member_too(server):
    sqs, url, _ = new_queue(server, FifoQueue="true", ContentBasedDeduplication="true")
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["MessageGroupId", "SequenceNumber"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "g" and set(message["Attributes"]) == {"MessageGroupId", "SequenceNumber"}


def test_a_message_that_nobody_deletes_goes_to_the_dead_letter_queue(server):
    sqs, dead_url, dead = new_queue(server)
    _, url, _ = new_queue(server)
    policy = lambda **more: {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "2", **more})}
    for bad in ({"maxReceiveCount": 0}, {"deadLetterTargetArn": dead + "-none"}, {"deadLetterTargetArn": None}):
        assert failure(lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=policy(**bad))) == "InvalidParameterValue"
    assert failure(lambda: sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true", **policy()})) == "InvalidParameterValue"
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy())
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == [url]
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison")["MessageId"]
    for _ in range(2):
        assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"][0]["MessageId"] == sent
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (letter,) = sqs.receive_message(QueueUrl=dead_url, AttributeNames=["All"])["Messages"]
    assert letter["MessageId"] == sent and letter["Body"] == "poison" and letter["Attributes"]["ApproximateReceiveCount"] == "3"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == []
