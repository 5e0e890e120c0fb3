"""A worker: tasks from the driver through PySpark's own functions of pyspark.worker.

PySpark's worker reads its functions, its settings and its rows from one stream in the JVM's format. Here the functions and
settings are written into a buffer in that format and read by pyspark.worker itself, so all that a user can see of it
(conversions, checks, messages) is PySpark's; only where batches come from and go to is ours (Source, Sink)."""

import importlib
import io
import json
import os
import resource
import struct
import sys
import time
import traceback

import pandas  # noqa: F401  imported here once, by the fork server
import pyarrow as pa
import pyspark.worker as worker
from pyspark.accumulators import SpecialAccumulatorIds, _accumulatorRegistry
from pyspark.serializers import CPickleSerializer, write_int, write_with_length
from pyspark.sql.pandas import serializers
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructField, StructType, UserDefinedType, _parse_datatype_json_string
from pyspark.taskcontext import TaskContext
from pyspark.util import PythonEvalType as E

from weir_worker import kinds, plain, planning
from weir_worker.frames import Channel, Ended, read_batch, read_schema

OWN = tuple(os.path.dirname(os.path.abspath(f)) + os.sep for f in (__file__, worker.__file__))
WITHOUT_CONF = (E.SQL_BATCHED_UDF,)


class Source:
    """The task's input as PySpark's serializers see it."""

    def __init__(self, channel, schema):
        self._channel, self.schema = channel, schema

    def batches(self):
        while True:
            kind, payload = self._channel.read()
            if kind == "B":
                yield read_batch(payload)
            elif kind == "E":
                return
            else:
                raise Ended


class Sink:
    """Where PySpark's serializers write: takes their batches, in the plan's types, to the driver."""

    def __init__(self, channel, schema):
        self._channel, self._schema = channel, schema
        self.rows = 0

    def write(self, _):  # the mark that PySpark puts before a stream
        return 0

    def flush(self):
        pass

    def take(self, batch):
        columns = [self._cast(array, field) for array, field in zip(batch.columns, self._schema)]
        if batch.num_columns != len(self._schema):
            raise ValueError("a function gave %d columns, %d were expected" % (batch.num_columns, len(self._schema)))
        self.rows += batch.num_rows
        if columns:
            batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._channel.write_batch(batch)

    @staticmethod
    def _cast(array, field):
        return array if array.type == field.type else array.cast(field.type)


def load_stream(self, source):
    if hasattr(source, "batches"):
        return source.batches()
    return spark_load_stream(self, source)


def dump_stream(self, batches, sink):
    if not isinstance(sink, Sink) and not hasattr(sink, "take"):
        return spark_dump_stream(self, batches, sink)
    for batch in batches:
        sink.take(batch)


spark_load_stream = serializers.ArrowStreamSerializer.load_stream
spark_dump_stream = serializers.ArrowStreamSerializer.dump_stream
serializers.ArrowStreamSerializer.load_stream = load_stream
serializers.ArrowStreamSerializer.dump_stream = dump_stream


def arguments(out, args):
    write_int(len(args), out)
    for offset, name in args:
        write_int(offset, out)
        out.write(struct.pack("!?", name is not None))
        if name is not None:
            write_with_length(name.encode(), out)


def plain_arguments(out, offsets):
    write_int(len(offsets), out)
    for offset in offsets:
        write_int(offset, out)


def settings(out, conf):
    write_int(len(conf), out)
    for key, value in conf.items():
        write_with_length(key.encode(), out)
        write_with_length(value.encode(), out)


def argument_types(task):
    """As ArrowEvalPython has them: the functions' arguments, each once."""
    return _parse_datatype_json_string(task["arguments"])


def scalar_functions(task, commands):
    """What pyspark.worker.read_udfs expects after the eval type."""
    out = io.BytesIO()
    eval_type = task["eval_type"]
    if eval_type not in WITHOUT_CONF:
        settings(out, task["conf"])
        if eval_type == E.SQL_ARROW_BATCHED_UDF:
            write_with_length(task["arguments"].encode(), out)
    profiler = task.get("profiler")
    out.write(struct.pack("!?", profiler is not None))
    if profiler is not None:
        write_with_length(profiler.encode(), out)
    write_int(len(commands), out)
    for i, (function, command) in enumerate(zip(task["functions"], commands)):
        if "offsets" in function:
            plain_arguments(out, function["offsets"])
        else:
            arguments(out, function["args"])
        write_int(1, out)
        write_with_length(command, out)
        if profiler is not None:
            out.write(struct.pack("!q", task["result_ids"][i]))
    out.seek(0)
    return out


def table_function(task, commands):
    """What pyspark.worker.read_udtf expects after the eval type."""
    out = io.BytesIO()
    function = task["functions"][0]
    if task["eval_type"] == E.SQL_ARROW_TABLE_UDF:
        settings(out, task["conf"])
        write_with_length(task["arguments"].encode(), out)
    elif task["eval_type"] == E.SQL_ARROW_UDTF:
        settings(out, task["conf"])
        plain_arguments(out, task.get("table_arguments", []))
    arguments(out, function["args"])
    plain_arguments(out, task.get("partition_columns", []))
    analyzed = commands[1] if len(commands) > 1 else None
    out.write(struct.pack("!?", analyzed is not None))
    if analyzed is not None:
        write_with_length(analyzed, out)
    write_with_length(commands[0], out)
    write_with_length(task["returns"].encode(), out)
    write_with_length(function["name"].encode(), out)
    out.seek(0)
    return out


def without_udts(schema):
    fields = [
        StructField(f.name, f.dataType.sqlType() if isinstance(f.dataType, UserDefinedType) else f.dataType, f.nullable)
        for f in schema.fields
    ]
    return StructType(fields)


def set_context(task):
    context = TaskContext._getOrCreate()
    context._stageId = task.get("stage", 0)
    context._partitionId = task["partition"]
    context._attemptNumber = 0
    context._taskAttemptId = task.get("attempt", task["partition"])
    context._cpus = 1
    context._resources = {}
    context._localProperties = {}
    TaskContext._setTaskContext(context)
    for path in reversed(task.get("path", [])):
        if path not in sys.path:
            sys.path.insert(1, path)
            importlib.invalidate_caches()


def check_version(task):
    own = "%d.%d" % sys.version_info[:2]
    theirs = task.get("python_version") or own
    if not theirs.startswith(own) or theirs[len(own) : len(own) + 1].isdigit():
        raise worker.PySparkRuntimeError(
            errorClass="PYTHON_VERSION_MISMATCH",
            messageParameters={"worker_version": own, "driver_version": theirs},
        )


def run_table(channel, task, commands, schema):
    """Table functions without a table: a batch of arguments is a partition; a list of rows for each row of it. Rows of
    terminate() are the last one's."""
    returns = _parse_datatype_json_string(task["returns"]).elementType
    types = [f.dataType for f in argument_types(task).fields]
    task["returns"] = returns.json()
    sink = Sink(channel, to_arrow_schema(without_udts(_parse_datatype_json_string(task["output"]))))
    for batch in Source(channel, schema).batches():
        func, _, serializer, _ = worker.read_udtf(CPickleSerializer(), table_function(task, commands), task["eval_type"])
        if task["eval_type"] == E.SQL_TABLE_UDF:
            lists = kinds.plain_table_lists(func, batch, types, returns)
        else:
            lists = kinds.arrow_table_lists(func, serializer, batch, returns, task["eval_type"] == E.SQL_ARROW_UDTF)
        sink.take(pa.RecordBatch.from_arrays([lists], ["_0"]))


def run_table_stage(channel, task, commands, schema):
    """Table functions over the rows of a table: all batches are one partition, or several that the function tells apart by
    columns of the row."""
    returns = _parse_datatype_json_string(task["returns"])
    types = [f.dataType for f in argument_types(task).fields]
    func, _, serializer, _ = worker.read_udtf(CPickleSerializer(), table_function(task, commands), task["eval_type"])
    sink = Sink(channel, to_arrow_schema(without_udts(_parse_datatype_json_string(task["output"]))))
    source = kinds.peeked(kinds.Without(Source(channel, schema), task["keys"]))
    if source is None:  # a partition without rows is none
        return
    if task["eval_type"] == E.SQL_TABLE_UDF:
        kinds.plain_table_rows(func, source, types, returns, sink)
    else:
        serializer.dump_stream(func(0, serializer.load_stream(source)), kinds.FlatSink(sink))


def run(channel, task, commands, schema):
    check_version(task)
    _accumulatorRegistry.clear()
    set_context(task)
    if task["kind"] == "ask":
        return planning.answer(channel, task, commands, Source(channel, schema))
    if task["kind"] == "table":
        return run_table_stage(channel, task, commands, schema)
    if task["eval_type"] in (E.SQL_TABLE_UDF, E.SQL_ARROW_TABLE_UDF, E.SQL_ARROW_UDTF):
        return run_table(channel, task, commands, schema)
    output = to_arrow_schema(without_udts(_parse_datatype_json_string(task["output"])))
    source, sink = Source(channel, schema), Sink(channel, output)
    func, _, serializer, _ = worker.read_udfs(CPickleSerializer(), scalar_functions(task, commands), task["eval_type"])
    binary_as_bytes = task["conf"].get("spark.sql.execution.pyspark.binaryAsBytes", "true").lower() == "true"
    if task["eval_type"] in WITHOUT_CONF:
        types = [f.dataType for f in argument_types(task).fields]
        returns = [f.dataType for f in _parse_datatype_json_string(task["output"]).fields]
        serializer = plain.Rows(types, returns, binary_as_bytes)
    most = int(task["conf"].get("spark.sql.execution.arrow.maxRecordsPerBatch", "0"))
    if task["kind"] == "scalar" and 0 < most < kinds.SCALAR_ROWS and task["eval_type"] not in WITHOUT_CONF:
        source, sink = kinds.sliced(source, sink, most)
    source, sink = kinds.adapt(task, source, sink)
    results = func(task["partition"], serializer.load_stream(source))
    try:
        serializer.dump_stream(results, sink)
    finally:
        if hasattr(results, "close"):
            results.close()
    if hasattr(sink, "finish"):
        sink.finish()
    profile = _accumulatorRegistry.pop(SpecialAccumulatorIds.SQL_UDF_PROFIER, None)
    if profile is not None:
        channel.write("A", CPickleSerializer().dumps((SpecialAccumulatorIds.SQL_UDF_PROFIER, profile._value)))
    if _accumulatorRegistry:
        _accumulatorRegistry.clear()
        raise RuntimeError("an accumulator counts in RDD functions, foreach and foreachPartition; in a DataFrame's UDF it would be lost")
    TaskContext._setTaskContext(None)


def describe(e, simplified):
    """The traceback; simplified: without the frames of PySpark and of this package above the user's."""
    tb = e.__traceback__
    while simplified and tb is not None and tb.tb_frame.f_code.co_filename.startswith(OWN):
        tb = tb.tb_next
    if tb is None or not simplified:
        return "".join(traceback.format_exception(type(e), e, e.__traceback__))
    e.__cause__ = None
    return "".join(traceback.format_exception(type(e), e, tb))


def limit_memory(memory_bytes):
    if memory_bytes > 0:
        used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
        limit = memory_bytes + used
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def drain(channel):
    """What the driver still sends of a task whose functions wanted no more."""
    while True:
        kind, _ = channel.read()
        if kind == "E":
            return
        if kind is None:
            raise Ended


class Counted:
    """The channel, knowing whether the input's end has been read."""

    def __init__(self, channel):
        self._channel = channel
        self.write, self.write_batch = channel.write, channel.write_batch
        self.ended = False

    def read(self):
        kind, payload = self._channel.read()
        self.ended = self.ended or kind == "E"
        return kind, payload


def warm():
    """What the first task would load, done once before the first fork."""
    from pyspark.cloudpickle import dumps, loads

    loads(dumps(lambda x: x))
    schema = pa.schema([("a", pa.int64()), ("b", pa.string()), ("c", pa.timestamp("us", tz="UTC"))])
    batch = kinds.empty_batch(schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    fields = _parse_datatype_json_string('{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}')
    plain.columns_of(select_first(read_batch(sink.getvalue())), [f.dataType for f in fields.fields], True)
    plain.column([1], fields.fields[0].dataType)
    to_arrow_schema(fields)


def select_first(batch):
    return kinds.select(batch, 0, 1)


def serve(sock, memory_bytes):
    channel = Channel(sock)
    limit_memory(memory_bytes)
    while True:
        kind, payload = channel.read()
        if kind != "T":
            return
        task, commands, schema = json.loads(payload), [], None
        while schema is None:
            kind, payload = channel.read()
            if kind == "C":
                commands.append(payload)
            elif kind == "S":
                schema = read_schema(payload)
            else:
                return
        counted = Counted(channel)
        try:
            if task["conf"].get("TZ"):
                os.environ["TZ"] = task["conf"]["TZ"]
                time.tzset()
            run(counted, task, commands, schema)
        except Ended:
            return
        except BaseException as e:
            simplified = task["conf"].get("spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled", "true") == "true"
            hidden = task["conf"].get("spark.sql.execution.pyspark.udf.hideTraceback.enabled", "false") == "true"
            text = "".join(traceback.format_exception_only(type(e), e)) if hidden else describe(e, simplified)
            channel.write("X", json.dumps({"class": type(e).__name__, "message": text}).encode("utf-8", "replace"))
            return
        try:
            if not counted.ended:
                drain(counted)
        except Ended:
            return
        channel.write("D")
