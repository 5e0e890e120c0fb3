"""Alarms: missing data, history, actions that reach the bus, the default ones of a fresh cluster and of a fresh account."""
import datetime
import json
import os
import signal
import time
import urllib.parse
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

UTC = datetime.timezone.utc
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
DEFAULT_TOPIC = "arn:aws:sns:us-east-1:123456789012:weir-alarms"
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
WAIT_S = 60


def bus(server, **query):
    """The messages on their way or delivered, newest first."""
    url = f"{server.endpoint}/_weir/bus?{urllib.parse.urlencode(query)}"
    request = botocore.awsrequest.AWSRequest("GET", url)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(server.access_key, server.secret_key), "weir", server.region).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers))) as answer:
        return json.load(answer)["messages"]


def until(probe, what):
    """Waits for something true, and gives it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come")


@pytest.fixture
def cw(server):
    return server.client("cloudwatch")


@pytest.fixture
def name():
    return f"alarm-{uuid.uuid4().hex[:8]}"


def put_alarm(cw, name, **more):
    cw.put_metric_alarm(**{"AlarmName": name, "Namespace": f"Test/{name}", "MetricName": "m", "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1,
                           "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [TOPIC], **more})


def put_point(cw, name, value, minutes_ago=1):
    cw.put_metric_data(Namespace=f"Test/{name}", MetricData=[
        {"MetricName": "m", "Value": value, "Timestamp": datetime.datetime.now(UTC) - datetime.timedelta(minutes=minutes_ago)}])


def alarm(cw, name, kind="MetricAlarms"):
    return cw.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])[kind][0]


def wait_state(cw, name, state, kind="MetricAlarms"):
    return until(lambda: alarm(cw, name, kind)["StateValue"] == state and alarm(cw, name, kind), f"{name} in {state}")


def history(cw, name, **more):
    return cw.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending", **more)["AlarmHistoryItems"]


def test_an_alarm_fires_and_recovers(server, cw, name):
    put_alarm(cw, name, OKActions=[TOPIC], AlarmDescription="too much")
    assert alarm(cw, name)["StateValue"] == "INSUFFICIENT_DATA"
    put_point(cw, name, 9)
    fired = wait_state(cw, name, "ALARM")
    assert "Threshold Crossed: 1 out of the last 1 datapoints [9.0" in fired["StateReason"]
    assert json.loads(fired["StateReasonData"])["recentDatapoints"] == [9.0]
    message = until(lambda: bus(server, source=ARN + name, target=TOPIC), "the notification")[0]
    body = json.loads(message["payload"])
    assert message["subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    assert (body["NewStateValue"], body["OldStateValue"], body["AlarmDescription"]) == ("ALARM", "INSUFFICIENT_DATA", "too much")
    assert body["Trigger"]["MetricName"] == "m" and body["Trigger"]["Statistic"] == "MAXIMUM"
    event = json.loads(bus(server, source=ARN + name, target="arn:aws:events:us-east-1:123456789012:event-bus/default")[0]["payload"])
    assert event["detail-type"] == "CloudWatch Alarm State Change" and event["detail"]["state"]["value"] == "ALARM"
    put_alarm(cw, name, OKActions=[TOPIC], Threshold=10)
    wait_state(cw, name, "OK")
    assert [json.loads(m["payload"])["NewStateValue"] for m in bus(server, source=ARN + name, target=TOPIC)] == ["OK", "ALARM"]
    kinds = [item["HistorySummary"] for item in history(cw, name) if item["HistoryItemType"] != "Action"]
    assert kinds == [f'Alarm "{name}" created', "Alarm updated from INSUFFICIENT_DATA to ALARM", f'Alarm "{name}" updated', "Alarm updated from ALARM to OK"]


def test_an_alarm_on_nothing_has_insufficient_data(cw, name):
    put_alarm(cw, name)
    put_alarm(cw, name + "-breaching", TreatMissingData="breaching", Namespace=f"Test/{name}")
    put_alarm(cw, name + "-fine", TreatMissingData="notBreaching", Namespace=f"Test/{name}")
    assert "treated as [Breaching]" in wait_state(cw, name + "-breaching", "ALARM")["StateReason"]
    wait_state(cw, name + "-fine", "OK")
    assert alarm(cw, name)["StateValue"] == "INSUFFICIENT_DATA"


def test_other_actions_fail_by_name_in_the_history(cw, name):
    stop, function = "arn:aws:automate:us-east-1:ec2:stop", "arn:aws:lambda:us-east-1:123456789012:function:f"
    put_alarm(cw, name, AlarmActions=[stop, function])
    cw.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    failed = [item["HistorySummary"] for item in history(cw, name, HistoryItemType="Action")]
    assert failed == [f"Failed to execute action {stop}. weir runs no actions of automate.", f"Failed to execute action {function}. weir runs no actions of lambda."]


def test_disabled_actions_stay_silent(server, cw, name):
    put_alarm(cw, name)
    cw.disable_alarm_actions(AlarmNames=[name])
    cw.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    assert bus(server, source=ARN + name, target=TOPIC) == []


def test_metric_math_and_composite_alarms(server, cw, name):
    stat = {"Metric": {"Namespace": f"Test/{name}", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    cw.put_metric_alarm(AlarmName=name, EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanOrEqualToThreshold", Metrics=[
        {"Id": "m", "MetricStat": stat, "ReturnData": False}, {"Id": "twice", "Expression": "2 * m"}])
    put_alarm(cw, name + "-other", TreatMissingData="notBreaching")
    cw.put_composite_alarm(AlarmName=name + "-all", AlarmRule=f'ALARM("{name}") AND NOT ALARM({name}-other)', AlarmActions=[TOPIC])
    wait_state(cw, name + "-all", "OK", "CompositeAlarms")
    put_point(cw, name, 5)
    wait_state(cw, name + "-all", "ALARM", "CompositeAlarms")
    assert json.loads(bus(server, source=f"{ARN}{name}-all", target=TOPIC)[0]["payload"])["AlarmRule"].startswith("ALARM(")
    with pytest.raises(botocore.exceptions.ClientError, match="must not create a cycle"):
        cw.put_composite_alarm(AlarmName=name + "-all", AlarmRule=f"ALARM({name}-all)")
    with pytest.raises(botocore.exceptions.ClientError, match="syntax errors"):
        cw.put_composite_alarm(AlarmName=name + "-bad", AlarmRule="ALARM(")
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        cw.put_composite_alarm(AlarmName=name + "-bad", AlarmRule="ALARM(nobody)")


@pytest.mark.parametrize("change, code, part", [
    ({"Statistic": None}, "InvalidParameterCombination", "Must specify either"),
    ({"EvaluationPeriods": 1, "DatapointsToAlarm": 2}, "ValidationError", "less than or equal"),
    ({"EvaluationPeriods": 2000}, "ValidationError", "more than a day"),
    ({"Period": 61}, "ValidationError", "Period"),
    ({"TreatMissingData": "perhaps"}, "ValidationError", "Option perhaps is not supported"),
    ({"Threshold": None}, "MissingParameter", "Threshold"),
    ({"ComparisonOperator": "LessThanLowerThreshold"}, "ValidationError", "anomaly detection"),
])
def test_alarms_that_are_refused(cw, name, change, code, part):
    good = {"AlarmName": name, "Namespace": "Test/x", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
            "ComparisonOperator": "LessThanThreshold"}
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        cw.put_metric_alarm(**{key: value for key, value in {**good, **change}.items() if value is not None})
    assert caught.value.response["Error"]["Code"] == code and part in caught.value.response["Error"]["Message"]
    assert cw.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


# --- the default alarms ---

def lower(cw, name):
    """The same alarm, at a threshold that is always crossed and by the next sample."""
    now = alarm(cw, name)
    cw.put_metric_alarm(**{key: now[key] for key in ("AlarmName", "AlarmActions", "OKActions", "Namespace", "MetricName", "Statistic", "Dimensions",
                                                     "ComparisonOperator", "TreatMissingData", "AlarmDescription")},
                        EvaluationPeriods=1, Period=10, Threshold=-1)


def kill_supervisor(server, cluster, step):
    started = server.home / "run" / cluster / step / "started"
    until(started.exists, "the supervisor")
    os.kill(int(started.read_text().split()[0]), signal.SIGKILL)


def test_each_default_alarm_fires_and_notifies(server, cw):
    emr, budgets = server.client("emr"), server.client("budgets")
    cluster = emr.run_job_flow(Name="alarms", ReleaseLabel="emr-7.5.0", Instances={
        "KeepJobFlowAliveWhenNoSteps": True, "MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "m5.large", "InstanceCount": 3})["JobFlowId"]
    suffixes = ["cpu", "disk", "job-failure-rate", "memory", "node-failure"]
    names = [f"weir-{cluster}-{suffix}" for suffix in suffixes]
    assert sorted(a["AlarmName"] for a in cw.describe_alarms(AlarmNamePrefix=f"weir-{cluster}-")["MetricAlarms"]) == names
    for suffix in ("cpu", "disk", "memory"):
        lower(cw, f"weir-{cluster}-{suffix}")
    account = {"AccountId": "123456789012", "BudgetName": "weir-monthly-cost"}
    limit = budgets.describe_budget(**account)["Budget"]["BudgetLimit"]
    assert limit == {"Amount": "1000", "Unit": "USD"}
    budgets.update_budget(AccountId=account["AccountId"], NewBudget={
        "BudgetName": account["BudgetName"], "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "0.000001", "Unit": "USD"}})
    step = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[{"Name": "long", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {
        "Jar": "command-runner.jar", "Args": ["sleep", "100"]}}])["StepIds"][0]
    kill_supervisor(server, cluster, step)  # a lost node, and a failed step
    for name in names:  # by then it may be OK again
        until(lambda name=name: [m for m in bus(server, source=ARN + name, target=DEFAULT_TOPIC) if json.loads(m["payload"])["NewStateValue"] == "ALARM"], name)
    message = until(lambda: bus(server, source="arn:aws:budgets::123456789012:budget/weir-monthly-cost", target=DEFAULT_TOPIC), "the budget's")[0]
    assert "ACTUAL Cost associated with your weir-monthly-cost budget is greater than" in message["payload"]
    states = [n["NotificationState"] for n in budgets.describe_notifications_for_budget(**account)["Notifications"]]
    assert states == ["ALARM", "ALARM"]
    spend = budgets.describe_budget(**account)["Budget"]["CalculatedSpend"]
    assert float(spend["ForecastedSpend"]["Amount"]) > float(spend["ActualSpend"]["Amount"])
    check_metrics(server, cw, cluster, step)
    emr.terminate_job_flows(JobFlowIds=[cluster])
    budgets.delete_budget(**account)


def check_metrics(server, cw, cluster, step):
    listed = {m["MetricName"] for m in cw.list_metrics(Namespace="AWS/ElasticMapReduce", Dimensions=[{"Name": "JobFlowId", "Value": cluster}])["Metrics"]}
    assert listed >= {"IsIdle", "AppsCompleted", "AppsFailed", "AppsRunning", "AppsPending", "AppsSubmitted", "ContainerPending", "ContainerAllocated",
                      "CoreNodesRunning", "CoreNodesPending", "MRActiveNodes", "MRUnhealthyNodes", "MRLostNodes", "LiveDataNodes",
                      "YARNMemoryAvailablePercentage", "MemoryTotalMB", "MemoryAvailableMB", "MemoryAllocatedMB", "HDFSUtilization", "S3BytesRead", "S3BytesWritten",
                      "HDFSBytesRead", "HDFSBytesWritten"}
    of_step = cw.list_metrics(Namespace="weir/Steps", Dimensions=[{"Name": "StepId", "Value": step}])["Metrics"]
    assert sorted(m["MetricName"] for m in of_step) == ["BytesWritten", "RowsWritten", "Time"]
    text = urllib.request.urlopen(f"{server.endpoint}/_weir/metrics").read().decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values[f'weir_emr_core_nodes_running{{cluster="{cluster}"}}']) == 2
    assert float(values[f'weir_emr_apps_failed{{cluster="{cluster}"}}']) == 1
    assert 0 < float(values["weir_host_mem_used_percent"]) < 100 and float(values["weir_series_points_total"]) > 0
    for family in ("weir_emr_yarn_memory_available_percentage", "weir_requests_total"):
        assert text.count(f"# TYPE {family} ") == 1
