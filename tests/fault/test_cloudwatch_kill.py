"""CloudWatch under SIGKILL: points are put and alarms fire while the server is killed at random moments. After each restart every
acknowledged point counts once, and an alarm's state, its history and its notifications say the same."""
import datetime
import json
import os
import pathlib
import random
import sqlite3
import sys
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS)]
from conftest import Server  # noqa: E402

KILLS = int(os.environ.get("WEIR_KILLS", "6"))
ALARMS, WRITERS = 10, 3
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
START = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(hours=1)


class Writer(threading.Thread):
    """Counts on a metric of its own. `known` points are acknowledged, `unknown` may have come or not."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.name_, self.known, self.unknown, self.failure, self.cw = f"w{number}", 0, 0, None, None

    def on(self, server):
        clone = Writer(0)
        clone.name_, clone.known, clone.unknown, clone.cw = self.name_, self.known, self.unknown, server.client("cloudwatch")
        return clone

    def run(self):
        try:
            while True:
                n = random.randrange(1, 20)
                try:
                    self.cw.put_metric_data(Namespace="Kill", MetricData=[
                        {"MetricName": self.name_, "Value": 1, "Timestamp": START + datetime.timedelta(minutes=i)} for i in range(n)])
                    self.known += n
                except ClientError as error:
                    self.failure = error
                    return
                except (BotoCoreError, OSError):
                    self.unknown += n
                    return
        except Exception as error:  # the test shows it
            self.failure = error


def count(cw, name):
    points = cw.get_metric_statistics(Namespace="Kill", MetricName=name, StartTime=START, EndTime=START + datetime.timedelta(hours=1), Period=3600,
                                      Statistics=["SampleCount"])["Datapoints"]
    return points[0]["SampleCount"] if points else 0


def flip(cw, stop):
    """Alarms change state as fast as the server does it."""
    try:
        while not stop.is_set():
            name = f"a{random.randrange(ALARMS)}"
            cw.set_alarm_state(AlarmName=name, StateValue=random.choice(["OK", "ALARM"]), StateReason="a test")
    except (BotoCoreError, OSError, ClientError):
        pass


def check_alarms(home):
    """Each change of state has one row of history, one event, and one notification when it is to ALARM."""
    with sqlite3.connect(f"file:{home}/control.db?mode=ro", uri=True) as db:
        for name, state in db.execute("SELECT name, state FROM cw_alarm"):
            changes = [json.loads(data)["newState"]["stateValue"] for (data,) in db.execute(
                "SELECT data FROM cw_alarm_history WHERE alarm=? AND type='StateUpdate' ORDER BY seq", (name,))]
            assert state == (changes[-1] if changes else "INSUFFICIENT_DATA"), name
            arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
            sent = dict(db.execute("SELECT service, count(*) FROM bus_message WHERE source=? GROUP BY 1", (arn,)))
            assert sent.get("events", 0) == len(changes) and sent.get("sns", 0) == changes.count("ALARM"), (name, sent, changes)
        return db.execute("SELECT count(*) FROM cw_alarm_history WHERE type='StateUpdate'").fetchone()[0]


def test_points_and_alarms_survive_sigkill(tmp_path):
    server = Server(tmp_path / "home")
    cw = server.client("cloudwatch")
    for i in range(ALARMS):
        cw.put_metric_alarm(AlarmName=f"a{i}", Namespace="Kill", MetricName="nothing", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
                            ComparisonOperator="GreaterThanThreshold", AlarmActions=[TOPIC], TreatMissingData="ignore")
    writers = [Writer(number) for number in range(WRITERS)]
    for kill in range(KILLS):
        writers, stop = [writer.on(server) for writer in writers], threading.Event()
        threads = [*writers, threading.Thread(target=flip, args=(server.client("cloudwatch"), stop), daemon=True)]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.2, 1.5))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join(60)
        server = Server(tmp_path / "home")
        cw = server.client("cloudwatch")
        for writer in writers:
            assert writer.failure is None, writer.failure
            seen = count(cw, writer.name_)
            assert writer.known <= seen <= writer.known + writer.unknown, (writer.name_, seen, writer.known, writer.unknown)
            writer.known, writer.unknown = seen, 0
        changes = check_alarms(server.home)
    assert server.stop() == 0
    print(KILLS, "kills,", sum(w.known for w in writers), "points,", changes, "changes of state")
    assert sum(w.known for w in writers) > KILLS and changes > KILLS
