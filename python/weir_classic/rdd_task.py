"""What of an RDD runs in worker processes: partitions as rows, narrow functions over them, accumulators.

An RDD is a DataFrame of (p int, d binary, a binary): the number of a partition, a pickled list of its elements, pickled
updates of accumulators. Every partition has a row, though it may hold no element. Pickled by reference, so this module must
be importable where workers run; it imports nothing of the session."""
import itertools
import pickle

PARTS = "p int, d binary, a binary"
BATCH_BYTES = 1 << 16


def dumps(value):
    from pyspark.cloudpickle import dumps as cloud_dumps

    return cloud_dumps(value, protocol=5)


# ---------------------------------------------------------------- accumulators: PySpark's own, in each task from zero
def begin_task():
    from pyspark.accumulators import _accumulatorRegistry

    _accumulatorRegistry.clear()


def end_task():
    """The updates of this task, pickled; None when there are none."""
    from pyspark.accumulators import _accumulatorRegistry

    updates = {aid: accumulator._value for aid, accumulator in _accumulatorRegistry.items()}
    _accumulatorRegistry.clear()
    return dumps([updates]) if updates else None


# ---------------------------------------------------------------- rows in, rows out
def part_batch(rows):
    import pyarrow as pa

    p, d, a = zip(*rows)
    return pa.RecordBatch.from_arrays(
        [pa.array(p, pa.int32()), pa.array(d, pa.binary()), pa.array(a, pa.binary())], names=["p", "d", "a"]
    )


def pickled(elements):
    """Pickled lists of elements, of about BATCH_BYTES each; one at least."""
    elements, size, given = iter(elements), 16, False
    while True:
        batch = list(itertools.islice(elements, size))
        if not batch and given:
            return
        data = dumps(batch)
        yield data
        given = True
        if not batch:
            return
        if len(data) < BATCH_BYTES:
            size = min(size * 2, 1 << 20)
        elif len(data) > BATCH_BYTES * 10 and size > 1:
            size //= 2


class Parts:
    """The elements of the partition that comes as batches of PARTS; updates of accumulators are set aside."""

    def __init__(self, batches):
        self._rows = (row for batch in batches for row in zip(*(c.to_pylist() for c in batch.columns)))
        self.updates = []
        self._first = next(self._rows, None)
        self.number = self._first[0] if self._first else None

    def __iter__(self):
        for _, data, updates in itertools.chain([self._first] if self._first else [], self._rows):
            if updates is not None:
                self.updates.append(updates)
            if data is not None:
                yield from pickle.loads(data)


def task_number():
    from pyspark import TaskContext

    return TaskContext.get().partitionId()


def lines(batches):
    """Rows of spark.read.text."""
    for batch in batches:
        yield from batch.column(0).to_pylist()


def rows_of(schema):
    def rows(batches):
        import pyarrow as pa
        from pyspark.sql.conversion import ArrowTableToRowsConversion

        for batch in batches:
            yield from ArrowTableToRowsConversion.convert(pa.Table.from_batches([batch]), schema)

    return rows


def run(source, function):
    """For mapInArrow. source: None for PARTS, else a function from batches to elements. function: (number, elements) to
    elements."""

    def mapped(batches):
        if source is None:
            elements = Parts(batches)
            if elements.number is None:
                return
            number, updates = elements.number, elements.updates
        else:
            elements, number, updates = source(batches), task_number(), []
        begin_task()
        function_here = pickle.loads(function)
        for data in pickled(function_here(number, iter(elements))):
            yield part_batch([(number, data, None)])
        for _ in elements if source is None else ():
            pass
        own = end_task()
        rows = [(number, None, a) for a in updates + ([own] if own else [])]
        if rows:
            yield part_batch(rows)

    return mapped


def shuffle(source, function, n, target):
    """The same, elements being (key, value): each goes to the partition target(key) of n."""

    def mapped(batches):
        if source is None:
            elements = Parts(batches)
            if elements.number is None:
                return
            number, updates = elements.number, elements.updates
        else:
            elements, number, updates = source(batches), task_number(), []
        begin_task()
        function_here, target_here = pickle.loads(function), pickle.loads(target)
        buckets, held = [[] for _ in range(n)], 0
        if number == 0:
            yield part_batch([(i, dumps([]), None) for i in range(n)])
        for item in function_here(number, iter(elements)):
            buckets[target_here(item[0]) % n].append(item)
            held += 1
            if held >= 100000:
                yield part_batch([(i, data, None) for i, bucket in enumerate(buckets) if bucket for data in pickled(bucket)])
                buckets, held = [[] for _ in range(n)], 0
        if held:
            yield part_batch([(i, data, None) for i, bucket in enumerate(buckets) if bucket for data in pickled(bucket)])
        own = end_task()
        rows = [(number % n, None, a) for a in updates + ([own] if own else [])]
        if rows:
            yield part_batch(rows)

    return mapped


def computed(source, function, batches):
    """What the task's function makes of its partition, in lists of at most 10,000."""
    elements = Parts(batches) if source is None else source(batches)
    number = elements.number if source is None else task_number()
    if number is None:
        return
    items = pickle.loads(function)(number, iter(elements))
    while batch := list(itertools.islice(items, 10000)):
        yield batch


def texts(source, function):
    """For saveAsTextFile: one column of texts."""

    def mapped(batches):
        import pyarrow as pa

        for batch in computed(source, function, batches):
            batch = [x.decode() if isinstance(x, bytes) else str(x) for x in batch]
            yield pa.RecordBatch.from_arrays([pa.array(batch, pa.string())], names=["value"])

    return mapped


def frames(source, function, schema):
    """For toDF: the columns of a schema."""

    def mapped(batches):
        from pyspark.sql.conversion import LocalDataToArrowConversion

        for batch in computed(source, function, batches):
            yield from LocalDataToArrowConversion.convert(batch, schema, False).to_batches()

    return mapped


def portable_hash(x):
    """As PySpark's: None is 0, a tuple mixes its items'. Needs PYTHONHASHSEED, which workers have."""
    if x is None:
        return 0
    if isinstance(x, tuple):
        h = 0x345678
        for i in x:
            h ^= portable_hash(i)
            h *= 1000003
            h &= (1 << 63) - 1
        h ^= len(x)
        return -2 if h == -1 else int(h)
    return hash(x)
