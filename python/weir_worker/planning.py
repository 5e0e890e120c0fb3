"""What a plan asks of Python before it runs: columns of table functions, data sources.

PySpark has a module for each question (pyspark.sql.worker) that reads it from the JVM and writes its answer there. Here both
are buffers: the checks and the messages are PySpark's own. Pickles travel in base64 inside JSON."""

import base64
import contextlib
import io
import json
import struct
import sys

from pyspark.serializers import CPickleSerializer, SpecialLengths, read_int, write_int, write_with_length
from pyspark.sql.pandas.types import to_arrow_schema  # noqa: F401  what the modules below import is imported once
from pyspark.sql.types import _parse_datatype_json_string
from pyspark.sql.worker import (
    analyze_udtf,
    commit_data_source_write,
    create_data_source,
    plan_data_source_read,
    write_into_data_source,
)

from weir_worker import plain

PICKLE = CPickleSerializer()
BINARY = '{"type":"struct","fields":[{"name":"%s","type":"binary","nullable":true,"metadata":{}}]}'


class Refused(Exception):
    """What the module answered instead: a traceback, or a message."""


class Question(io.BytesIO):
    """As org.apache.spark.sql.execution.python.PythonPlannerRunner begins one."""

    def __init__(self):
        super().__init__()
        self.text("%d.%d" % sys.version_info[:2])
        self.text("")  # SparkFiles
        self.number(0)  # no more of sys.path
        self.flag(False)
        self.number(0)  # no broadcast variables

    def text(self, value):
        write_with_length(value.encode(), self)

    def number(self, value):
        write_int(value, self)

    def flag(self, value):
        self.write(struct.pack("!?", value))

    def pickle(self, value):
        write_with_length(value, self)

    def options(self, options):
        self.number(len(options))
        for key, value in options.items():
            self.text(key)
            self.text(value)


class Answer(io.BytesIO):
    def text(self):
        return self.pickle().decode()

    def pickle(self):
        return self.read(read_int(self))

    def number(self):
        return read_int(self)

    def pickle64(self):
        return base64.b64encode(self.pickle()).decode()


def ask(module, question):
    question.number(SpecialLengths.END_OF_STREAM)
    question.seek(0)
    answer = Answer()
    with contextlib.suppress(SystemExit):
        module.main(question, answer)
    answer.seek(0)
    if len(answer.getvalue()) >= 4 and answer.number() == SpecialLengths.PYTHON_EXCEPTION_THROWN:
        raise Refused(answer.text())
    answer.seek(0)
    return answer


def analyze(task, commands, batches):
    """The analyze method of a table function. The one row of `batches` has the constant arguments."""
    q = Question()
    q.text(task["name"])
    q.pickle(commands[0])
    types = [f.dataType for f in _parse_datatype_json_string(task["arguments"]).fields]
    values = [column[0] for column in plain.columns_of(next(batches), types, True)]
    q.number(len(types))
    for of, value, argument in zip(types, values, task["args"]):
        q.text(of.json())
        q.flag(argument["constant"])
        if argument["constant"]:
            q.pickle(PICKLE.dumps(of.toInternal(value) if of.needConversion() else value))
        q.flag(argument["table"])
        q.flag(argument["name"] is not None)
        if argument["name"] is not None:
            q.text(argument["name"])
    a = ask(analyze_udtf, q)
    answer = {"schema": a.text(), "pickle": a.pickle64(), "single_partition": a.number() == 1}
    answer["partition_by"] = [a.text() for _ in range(a.number())]
    answer["order_by"] = [{"expr": a.text(), "ascending": a.number() == 1, "nulls": a.number()} for _ in range(a.number())]
    answer["select"] = [{"expr": a.text(), "alias": a.text()} for _ in range(a.number())]
    return answer


def create(task, commands, batches):
    """An instance of a data source, and its schema."""
    q = Question()
    q.pickle(commands[0])
    q.text(task["provider"])
    q.flag(task["schema"] is not None)
    if task["schema"] is not None:
        q.text(task["schema"])
    q.options(task["options"])
    a = ask(create_data_source, q)
    return {"source": a.pickle64(), "is_ddl": a.number() == 1, "schema": a.text()}


def plan_read(task, commands, batches):
    """The function that reads a partition, and the partitions."""
    q = Question()
    q.pickle(commands[0])
    q.text(BINARY % "partition")
    q.text(task["schema"])
    q.number(task["batch_rows"])
    q.flag(task["pushdown"])
    q.flag(False)  # no stream
    q.flag(task["binary_as_bytes"])
    a = ask(plan_data_source_read, q)
    return {"command": a.pickle64(), "partitions": [a.pickle64() for _ in range(a.number())]}


def plan_write(task, commands, batches):
    """The function that writes a partition, and the writer that commits."""
    q = Question()
    q.pickle(commands[0])
    q.text(task["provider"])
    q.text(task["schema"])
    q.text(BINARY % "message")
    q.options(task["options"])
    q.flag(task["overwrite"])
    q.flag(False)  # no stream
    q.flag(task["binary_as_bytes"])
    a = ask(write_into_data_source, q)
    return {"command": a.pickle64(), "writer": a.pickle64()}


def commit(task, commands, batches):
    """commit or abort, with the messages of the partitions."""
    q = Question()
    q.pickle(commands[0])
    q.number(task["messages"])
    for batch in batches:
        for message in batch.column(0).to_pylist():
            q.pickle(message)
    q.flag(task["abort"])
    ask(commit_data_source_write, q)
    return {}


QUESTIONS = {"analyze": analyze, "create": create, "plan_read": plan_read, "plan_write": plan_write, "commit": commit}


def answer(channel, task, commands, source):
    """One R frame: the answer, or what was refused with its message."""
    try:
        given = QUESTIONS[task["question"]](task, commands, source.batches())
    except Refused as e:
        given = {"refused": str(e)}
    channel.write("R", json.dumps(given).encode())
