"""How each kind of stage lays out its batches, and what PySpark's functions expect instead.

scalar   the arguments                                         one column per function
iter     arguments · columns passed on                         the function's column · columns passed on
map      key, if any · the relation's columns                             the function's columns
group    key · grouping expressions · the relation's columns    the function's columns
cogroup  key · side (0, 1) · grouping expressions · left columns · right columns
agg      key · grouping expressions · arguments                 grouping expressions · one column per function
window   key · arguments and bounds · columns passed on         one column per function · columns passed on
table    key, if any · the arguments, one a row of a table         the function's columns
scalar, of a table function: the arguments                      a list of rows

`key` is a text of bytes that is equal for equal groups; rows of a group are neighbours."""

import itertools
import struct

import pyarrow as pa
import pyarrow.compute as pc

from pyspark.sql.types import ArrayType

from weir_worker import plain


def select(batch, first, last, names=None):
    arrays = batch.columns[first:last]
    names = names or batch.schema.names[first:last]
    if not arrays:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.num_rows, pa.struct([])))
    return pa.RecordBatch.from_arrays(arrays, names)


def nested(batch):
    """One column of structs, as PySpark wants a relation's rows."""
    fields = list(batch.schema)
    if fields:
        column = pa.StructArray.from_arrays(batch.columns, fields=fields)
    else:
        column = pa.array([{}] * batch.num_rows, pa.struct([]))
    return pa.RecordBatch.from_arrays([column], ["_0"])


def flat(batch):
    """The columns of the one struct column that PySpark gives back."""
    if batch.num_columns == 1 and batch.schema.names == ["_0"] and pa.types.is_struct(batch.column(0).type):
        column = batch.column(0)
        if not column.type.num_fields:
            return select(batch, 0, 0)
        return pa.RecordBatch.from_arrays(column.flatten(), [f.name for f in column.type])
    return batch


class FlatSink:
    def __init__(self, sink):
        self._sink = sink

    def write(self, data):
        return len(data)

    def take(self, batch):
        self._sink.take(flat(batch))


class MapSource:
    def __init__(self, source, keys):
        self._source, self._keys = source, keys

    def batches(self):
        for batch in self._source.batches():
            yield nested(select(batch, self._keys, batch.num_columns) if self._keys else batch)


def runs(batch):
    """Rows of one key, as slices, in order."""
    keys = batch.column(0)
    if batch.num_rows == 0:
        return
    if batch.num_rows == 1:
        yield batch
        return
    changes = pc.indices_nonzero(pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))).to_pylist()
    begin = 0
    for change in changes + [batch.num_rows - 1]:
        yield batch.slice(begin, change + 1 - begin)
        begin = change + 1


class Groups:
    """PySpark reads the number of streams of a group as an integer, then those streams; 0 ends."""

    def __init__(self, source, whole, empty=None):
        self._runs = (run for batch in source.batches() for run in runs(batch))
        self._next = next(self._runs, None)
        self._shape = whole      # run -> list of (stream number, batch)
        self._empty = empty      # a batch for a group without rows, when there must be one
        self._pending = []
        self.keys = []           # the first row of each group, for those who pass keys on

    def read(self, n):
        assert n == 4
        for stream in self._pending:
            for _ in stream:
                pass
        if self._next is None:
            if self._empty is None:
                return struct.pack("!i", 0)
            run, self._empty = self._empty, None
            self._pending = [iter(self._shape(run))]
            self.keys.append(run)
            return struct.pack("!i", 1)
        self._empty = None
        self.keys.append(self._next.slice(0, 1))
        self._pending = [self._one_group(self._next.column(0)[0])]
        return struct.pack("!i", 1)

    def _one_group(self, key):
        while self._next is not None and self._next.column(0)[0] == key:
            run, self._next = self._next, next(self._runs, None)
            yield from self._shape(run)

    def batches(self):
        return self._pending.pop(0)


class Cogroups:
    def __init__(self, source, left, right, schemas):
        self._runs = (run for batch in source.batches() for run in runs(batch))
        self._next = next(self._runs, None)
        self._left, self._right, self._schemas = left, right, schemas
        self._pending = []

    def read(self, n):
        if self._next is None:
            return struct.pack("!i", 0)
        key, rows = self._next.column(0)[0], []
        while self._next is not None and self._next.column(0)[0] == key:
            rows.append(self._next)
            self._next = next(self._runs, None)
        left, right = [], []
        for run in rows:
            side = run.column(1)
            ones = pc.sum(side).as_py() or 0
            zeros = run.num_rows - ones
            if zeros:
                left.append(self._left(run.slice(0, zeros)))
            if ones:
                right.append(self._right(run.slice(zeros)))
        self._pending = [iter(left or [self._schemas[0]]), iter(right or [self._schemas[1]])]
        return struct.pack("!i", 2)

    def batches(self):
        return self._pending.pop(0)


def empty_batch(schema):
    return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in schema], schema=schema)


class AggSink:
    """One row a group: its grouping expressions, then the functions' results."""

    def __init__(self, sink, groups, nkeys):
        self._sink, self._groups, self._nkeys = sink, groups, nkeys
        self._rows, self._count = [], 0

    def write(self, data):
        return len(data)

    def take(self, batch):
        first = self._groups.keys.pop(0)
        arrays = first.columns[1 : 1 + self._nkeys] + batch.columns
        self._rows.append(arrays)
        if len(self._rows) >= 1024:
            self.finish()

    def finish(self):
        if self._rows:
            columns = [pa.concat_arrays(parts) for parts in zip(*self._rows)]
            self._rows = []
            self._sink.take(pa.RecordBatch.from_arrays(columns, ["_%d" % i for i in range(len(columns))]))


class Passing:
    """Columns that go past the functions and meet their results again, row by row."""

    def __init__(self):
        self._parts = []

    def push(self, batch):
        if batch.num_rows:
            self._parts.append(batch)

    def pop(self, rows):
        taken = []
        while rows:
            first = self._parts[0]
            if first.num_rows <= rows:
                taken.append(self._parts.pop(0))
            else:
                taken.append(first.slice(0, rows))
                self._parts[0] = first.slice(rows)
            rows -= taken[-1].num_rows
        return taken


class IterSource:
    def __init__(self, source, nargs, passing):
        self._source, self._nargs, self._passing = source, nargs, passing

    def batches(self):
        for batch in self._source.batches():
            self._passing.push(select(batch, self._nargs, batch.num_columns))
            yield select(batch, 0, self._nargs)


class PassingSink:
    def __init__(self, sink, passing):
        self._sink, self._passing = sink, passing

    def write(self, data):
        return len(data)

    def take(self, batch):
        at = 0
        for part in self._passing.pop(batch.num_rows):
            results = batch.slice(at, part.num_rows)
            at += part.num_rows
            columns = results.columns + part.columns
            self._sink.take(pa.RecordBatch.from_arrays(columns, ["_%d" % i for i in range(len(columns))]))


SCALAR_ROWS = 2048  # the engine's own batches


class Slices:
    """Batches of at most so many rows, each batch's results as one again."""

    def __init__(self, source, sink, most):
        self._source, self._sink, self._most = source, sink, most
        self._whole, self._parts = [], []

    def batches(self):
        for batch in self._source.batches():
            self._whole.append(batch.num_rows)
            for first in range(0, max(batch.num_rows, 1), self._most):
                yield batch.slice(first, self._most)

    def write(self, data):
        return len(data)

    def take(self, batch):
        self._parts.append(batch)
        if sum(part.num_rows for part in self._parts) == self._whole[0]:
            columns = [pa.concat_arrays(arrays) for arrays in zip(*(part.columns for part in self._parts))]
            self._sink.take(pa.RecordBatch.from_arrays(columns, batch.schema.names))
            self._whole.pop(0)
            self._parts = []


def sliced(source, sink, most):
    slices = Slices(source, sink, most)
    return slices, slices


def plain_table_lists(func, batch, types, returns):
    """For SQL_TABLE_UDF: func gives a tuple of rows for each row of arguments, and one more for terminate()."""
    columns = plain.columns_of(batch, types, True)
    rows = zip(*columns) if columns else (() for _ in range(batch.num_rows))
    lists = [list(given) for given in func(0, rows)]
    for rest in lists[batch.num_rows :]:
        lists[batch.num_rows - 1].extend(rest)
    lists = lists[: batch.num_rows] + [[] for _ in range(batch.num_rows - len(lists))]  # the rest was skipped
    return plain.column(lists, ArrayType(returns, False))


class Keeping:
    """Where a serializer writes: keeps the batches."""

    def __init__(self):
        self.batches = []

    def write(self, data):
        return len(data)

    def take(self, batch):
        self.batches.append(flat(batch))


class Given:
    def __init__(self, batches):
        self._batches = batches

    def batches(self):
        return self._batches


def arrow_table_lists(func, serializer, batch, returns, arrays):
    """For SQL_ARROW_TABLE_UDF and SQL_ARROW_UDTF (`arrays`): what func yields before it asks for the next row belongs to the
    one before."""
    at, counts, parts = -1, [0] * batch.num_rows, []

    def rows():
        nonlocal at
        for i in range(batch.num_rows):
            at = i
            yield batch.slice(i, 1)

    of = plain.arrow_of(returns)
    results = func(0, serializer.load_stream(Given(rows())) if arrays else rows())
    for made in results:
        kept = Keeping()
        serializer.dump_stream(iter([made]), kept)
        for given in kept.batches:
            counts[max(at, 0)] += given.num_rows
            if given.num_rows:
                columns = [given.column(i).cast(of.field(i).type) for i in range(of.num_fields)]
                parts.append(pa.StructArray.from_arrays(columns, fields=list(of)))
    offsets = [0]
    for count in counts:
        offsets.append(offsets[-1] + count)
    values = pa.concat_arrays(parts) if parts else pa.array([], of)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values).cast(plain.arrow_of(ArrayType(returns, False)))


class Without:
    """Batches without their first columns."""

    def __init__(self, source, first):
        self._source, self._first = source, first

    def batches(self):
        for batch in self._source.batches():
            yield select(batch, self._first, batch.num_columns) if self._first else batch


def peeked(source):
    """The same source, None when it has no rows."""
    batches = source.batches()
    for first in batches:
        if first.num_rows:
            return Given(itertools.chain([first], batches))
    return None


TABLE_ROWS = 10000


def plain_table_rows(func, source, types, returns, sink):
    """For SQL_TABLE_UDF over a table: rows in, rows out."""

    def rows():
        for batch in source.batches():
            yield from zip(*plain.columns_of(batch, types, True))

    def flush():
        sink.take(flat(pa.RecordBatch.from_arrays([plain.column(waiting, returns)], ["_0"])))
        waiting.clear()

    waiting = []
    for given in func(0, rows()):
        waiting.extend(given)
        if len(waiting) >= TABLE_ROWS:
            flush()
    if waiting:
        flush()


def adapt(task, source, sink):
    kind = task["kind"]
    if kind == "map":
        return MapSource(source, task["keys"]), FlatSink(sink)
    if kind == "group":
        arrow = task["arrow"]
        shape = (lambda run: [nested(select(run, 1, run.num_columns))]) if arrow else (
            lambda run: [select(run, 1, run.num_columns)]
        )
        return Groups(source, shape), FlatSink(sink)
    if kind == "cogroup":
        nkeys, nleft, nright = task["keys"], task["left"], task["right"]

        def left(run):
            names = source.schema.names
            return pa.RecordBatch.from_arrays(run.columns[2 : 2 + nkeys + nleft], names[2 : 2 + nkeys + nleft])

        def right(run):
            names, at = source.schema.names, 2 + nkeys + nleft
            return pa.RecordBatch.from_arrays(
                run.columns[2 : 2 + nkeys] + run.columns[at : at + nright], names[2 : 2 + nkeys] + names[at : at + nright]
            )

        empty = empty_batch(source.schema)
        return Cogroups(source, left, right, (left(empty), right(empty))), FlatSink(sink)
    if kind == "agg":
        nkeys = task["keys"]
        empty = empty_batch(source.schema) if not nkeys and task["partition"] == 0 else None
        groups = Groups(source, lambda run: [select(run, 1 + nkeys, run.num_columns)], empty)
        return groups, AggSink(sink, groups, nkeys)
    if kind == "window":
        nargs, passing = task["nargs"], Passing()

        def shape(run):
            passing.push(select(run, 1 + nargs, run.num_columns))
            return [select(run, 1, 1 + nargs)]

        return Groups(source, shape), PassingSink(sink, passing)
    if kind == "iter":
        passing = Passing()
        return IterSource(source, task["nargs"], passing), PassingSink(sink, passing)
    return source, sink
