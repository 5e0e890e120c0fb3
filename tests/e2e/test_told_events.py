"""What weir's own services tell EventBridge, and where it goes: steps, clusters, groups, alarms, statements, crawlers, job runs."""
import http.server
import json
import threading
import time
import urllib.request

import botocore.exceptions
import pytest

RUN = {"ReleaseLabel": "emr-7.3.0", "ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole"}


class Account:
    """A server, one client of each service, and a queue for the events of each rule."""

    def __init__(self, server):
        self.server, self.made, self.urls = server, {}, {}

    def __getattr__(self, service):
        if service not in self.made:
            self.made[service] = self.server.client(service.replace("_", "-"))
        return self.made[service]

    def rule(self, name, pattern, *targets):
        """A rule to a queue of its own, and to `targets`."""
        self.urls[name] = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arns = [f"arn:aws:sqs:us-east-1:123456789012:{name}", *targets]
        arn = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        self.events.put_targets(Rule=name, Targets=[{"Id": str(i), "Arn": target} for i, target in enumerate(arns)])
        return arn

    def told(self, name, count, wait=60):
        """The events of a rule so far, in the order of their arrival."""
        found, deadline = [], time.monotonic() + wait
        while len(found) < count:
            assert time.monotonic() < deadline, found
            for message in self.sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
                found.append(json.loads(message["Body"]))
        return found

    def cluster(self, steps=(), **instances):
        groups = [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
                  {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1}]
        steps = [{"Name": name, "ActionOnFailure": action, "HadoopJarStep": {"Jar": "command-runner.jar", "Args": args}} for name, action, *args in steps]
        return self.emr.run_job_flow(Name="told", **RUN, Steps=steps, Instances={"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True, **instances})["JobFlowId"]


@pytest.fixture(scope="module")
def account(server):
    return Account(server)


class Endpoint:
    def __init__(self):
        self.received = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, kind):
        deadline = time.monotonic() + 60
        while True:
            for one in self.received:
                if one["Type"] == kind:
                    return one
            assert time.monotonic() < deadline, self.received
            time.sleep(0.05)


def test_a_failed_step_reaches_an_endpoint(account):
    endpoint = Endpoint()
    topic = account.sns.create_topic(Name="steps")["TopicArn"]
    account.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    urllib.request.urlopen(endpoint.wait("SubscriptionConfirmation")["SubscribeURL"], timeout=10).read()
    account.logs.create_log_group(logGroupName="/told/steps")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/told/steps"
    account.rule("failed-steps", {"source": ["aws.emr"], "detail-type": ["EMR Step Status Change"], "detail": {"state": ["FAILED"]}}, topic, group)
    account.rule("all-of-emr", {"source": ["aws.emr"]})
    cluster = account.cluster([("good", "CONTINUE", "true"), ("bad", "CONTINUE", "false")])
    (event,) = account.told("failed-steps", 1)
    detail = event["detail"]
    assert event["source"] == "aws.emr" and event["resources"] == [] and event["account"] == "123456789012"
    assert detail["severity"] == "ERROR" and detail["actionOnFailure"] == "CONTINUE" and detail["name"] == "bad" and detail["clusterId"] == cluster
    moment = event["time"].replace("T", " ")[:16]
    assert detail["message"] == f"Step {detail['stepId']} (bad) in Amazon EMR cluster {cluster} (told) failed at {moment} UTC."
    assert json.loads(endpoint.wait("Notification")["Message"]) == event
    deadline = time.monotonic() + 20
    while not (lines := account.logs.filter_log_events(logGroupName="/told/steps")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [json.loads(line["message"]) for line in lines] == [event] and lines[0]["logStreamName"] == "failed-steps"
    account.emr.terminate_job_flows(JobFlowIds=[cluster])
    events = []
    while not any(e["detail"]["state"] == "TERMINATED" for e in events):
        events += account.told("all-of-emr", 1)
    clusters = [e["detail"] for e in events if e["detail-type"] == "EMR Cluster State Change"]
    assert [d["state"] for d in clusters] == ["STARTING", "RUNNING", "WAITING", "TERMINATED"]
    assert "is being created" in clusters[0]["message"] and clusters[0]["stateChangeReason"] == '{"code":""}'
    assert clusters[2]["message"].startswith(f"Amazon EMR cluster {cluster} (told) finished running all pending steps at ")
    assert json.loads(clusters[3]["stateChangeReason"]) == {"code": "USER_REQUEST", "message": "Terminated by user request"}
    steps = [(e["detail"]["name"], e["detail"]["state"]) for e in events if e["detail-type"] == "EMR Step Status Change"]
    assert sorted(steps) == sorted([(n, s) for n, end in (("good", "COMPLETED"), ("bad", "FAILED")) for s in ("PENDING", "RUNNING", end)])


def test_a_resize_is_told(account):
    account.rule("resizes", {"detail-type": ["EMR Instance Group State Change"]})
    cluster = account.cluster()
    (core,) = [g for g in account.emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"] if g["InstanceGroupType"] == "CORE"]
    account.emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": core["Id"], "InstanceCount": 2}])
    first, second = (e["detail"] for e in account.told("resizes", 2))
    assert (first["state"], second["state"]) == ("RESIZING", "RUNNING") and first["requestedInstanceCount"] == "2"
    assert first["runningInstanceCount"] == "1" and second["runningInstanceCount"] == "2" and second["instanceGroupId"] == core["Id"]
    assert "It is resizing from an instance count of 1 to 2." in first["message"] and second["instanceGroupType"] == "CORE"
    account.emr.terminate_job_flows(JobFlowIds=[cluster])


def test_an_alarm_is_told(account):
    account.rule("alarms", {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["told"], "state": {"value": ["ALARM"]}}})
    account.cloudwatch.put_metric_alarm(AlarmName="told", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
                                        ComparisonOperator="GreaterThanThreshold")
    account.cloudwatch.set_alarm_state(AlarmName="told", StateValue="ALARM", StateReason="because")
    (event,) = account.told("alarms", 1)
    assert event["detail-type"] == "CloudWatch Alarm State Change" and event["resources"] == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:told"]
    assert event["detail"]["state"]["reason"] == "because" and event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"


def test_a_statement_is_told_when_asked(account):
    account.rule("statements", {"source": ["aws.redshift-data"]})
    account.redshift.create_cluster(ClusterIdentifier="told", NodeType="ra3.xlplus", MasterUsername="admin", MasterUserPassword="Password1", DBName="dev")
    account.redshift.get_waiter("cluster_available").wait(ClusterIdentifier="told", WaiterConfig={"Delay": 1})
    run = {"ClusterIdentifier": "told", "Database": "dev", "DbUser": "admin"}
    account.redshift_data.execute_statement(Sql="select 1", **run)
    good = account.redshift_data.execute_statement(Sql="select 1 union all select 2", StatementName="mine", WithEvent=True, **run)["Id"]
    bad = account.redshift_data.batch_execute_statement(Sqls=["select 1", "select nonsense"], WithEvent=True, **run)["Id"]
    events = {e["detail"]["statementId"]: e for e in account.told("statements", 2)}
    assert set(events) == {good, bad}
    assert events[good]["detail-type"] == "Redshift Data Statement Status Change"
    assert events[good]["resources"] == ["arn:aws:redshift:us-east-1:123456789012:cluster:told"]
    detail = events[good]["detail"]
    assert detail["state"] == "FINISHED" and detail["rows"] == 2 and detail["statementName"] == "mine" and detail["principal"] == "arn:aws:iam::123456789012:root"
    assert detail["expireAt"] > time.time() and events[bad]["detail"]["state"] == "FAILED"
    account.redshift.delete_cluster(ClusterIdentifier="told", SkipFinalClusterSnapshot=True)


def test_glue_is_told(account):
    account.rule("glue", {"source": ["aws.glue"]})
    account.s3.create_bucket(Bucket="told-glue")
    account.s3.put_object(Bucket="told-glue", Key="t/a.csv", Body=b"id,name\n1,a\n2,b\n")
    account.glue.create_database(DatabaseInput={"Name": "told"})
    account.glue.create_crawler(Name="told", Role="r", DatabaseName="told", Targets={"S3Targets": [{"Path": "s3://told-glue/t"}]})
    account.glue.start_crawler(Name="told")
    started, ended = (e for e in account.told("glue", 2))
    assert started["detail-type"] == "Glue Crawler State Change" and started["detail"]["state"] == "Started"
    assert ended["detail"]["state"] == "Succeeded" and ended["detail"]["tablesCreated"] == "1" and ended["detail"]["crawlerName"] == "told"
    account.s3.put_object(Bucket="told-glue", Key="bad.py", Body=b"raise SystemExit('no data today')\n")
    account.glue.create_job(Name="told", Role="r", Command={"Name": "pythonshell", "ScriptLocation": "s3://told-glue/bad.py", "PythonVersion": "3.9"})
    run = account.glue.start_job_run(JobName="told")["JobRunId"]
    (event,) = account.told("glue", 1)
    assert event["detail-type"] == "Glue Job State Change" and event["detail"]["jobRunId"] == run and event["detail"]["jobName"] == "told"
    assert event["detail"]["state"] == "FAILED" and event["detail"]["severity"] == "ERROR" and "no data today" in event["detail"]["message"]


def test_objects_are_told_of_when_asked(account):
    account.rule("objects", {"source": ["aws.s3"], "detail": {"object": {"key": [{"wildcard": "in/*.csv"}]}}})
    account.s3.create_bucket(Bucket="told-objects")
    account.s3.put_object(Bucket="told-objects", Key="in/before.csv", Body=b"x")
    account.s3.put_bucket_notification_configuration(Bucket="told-objects", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert account.s3.get_bucket_notification_configuration(Bucket="told-objects")["EventBridgeConfiguration"] == {}
    etag = account.s3.put_object(Bucket="told-objects", Key="in/a b.csv", Body=b"hello")["ETag"]
    (event,) = account.told("objects", 1)
    assert event["detail-type"] == "Object Created" and event["resources"] == ["arn:aws:s3:::told-objects"]
    detail = event["detail"]
    assert detail["bucket"] == {"name": "told-objects"} and detail["reason"] == "PutObject" and detail["requester"] == "123456789012"
    assert detail["object"] == {"key": "in/a b.csv", "size": 5, "etag": etag.strip('"'), "sequencer": detail["object"]["sequencer"]}
    topics = {"TopicConfigurations": [{"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Events": ["s3:ObjectCreated:*"]}]}
    with pytest.raises(botocore.exceptions.ClientError, match="TopicConfigurations"):
        account.s3.put_bucket_notification_configuration(Bucket="told-objects", NotificationConfiguration=topics)
    account.s3.put_bucket_notification_configuration(Bucket="told-objects", NotificationConfiguration={})
    account.s3.put_object(Bucket="told-objects", Key="in/after.csv", Body=b"x")
    assert "EventBridgeConfiguration" not in account.s3.get_bucket_notification_configuration(Bucket="told-objects")
    time.sleep(1)
    assert "Messages" not in account.sqs.receive_message(QueueUrl=account.urls["objects"])


def test_a_killed_server_tells_all_the_same(start_server):
    server = start_server()
    account = Account(server)
    account.rule("starts", {"source": ["aws.emr"], "detail": {"state": ["STARTING"]}})
    account.emr.list_clusters()
    cluster = account.cluster()
    server.kill()  # between the change of state and what is told of it, most likely
    account.server, account.made = start_server(home=server.home), {}
    account.urls = {"starts": account.sqs.get_queue_url(QueueName="starts")["QueueUrl"]}
    assert [e["detail"]["clusterId"] for e in account.told("starts", 1)] == [cluster]
    time.sleep(1)
    assert "Messages" not in account.sqs.receive_message(QueueUrl=account.urls["starts"])
