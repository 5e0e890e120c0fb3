"""RDDs over DataFrames: lazy, in partitions, run by the same workers as every Python function, on all cores.

Narrow functions are composed and run in one pass (mapInArrow); a shuffle is one more, between them the engine brings rows of
one partition together (repartitionById) and spills what does not fit. See rdd_task.py for what rows are.

Source: pyspark.core.rdd.RDD of Spark 4.1, whose semantics and argument names these methods have."""
import bisect
import functools
import heapq
import itertools
import operator
import pickle
import random
import sys

from weir_classic import rdd_task
from weir_classic.rdd_task import dumps, portable_hash
from weir_classic.statcounter import StatCounter

EVERY = 2147483647  # partitions of a repartitionById that moves nothing


def unsupported(name):
    from pyspark.errors import PySparkNotImplementedError

    return PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": f"RDD.{name}"})


def identity(number, items):
    return items


class Piped:
    """Two narrow functions as one."""

    def __init__(self, first, then):
        self.first, self.then = first, then

    def __call__(self, number, items):
        return iter(self.then(number, self.first(number, items)))


class RDD:
    def __init__(self, ctx, df, n=None, source=None, function=identity):
        self.ctx, self._df, self._n, self._source, self._function = ctx, df, n, source, function
        self._id, self._name, self._keep, self.is_cached = next(ctx._rdd_ids), None, False, False

    def __reduce__(self):
        raise RuntimeError("It appears that you are attempting to broadcast an RDD or reference an RDD from an action or "
                           "transformation. RDD transformations and actions can only be invoked by the driver, not inside of "
                           "other transformations; for more information, see SPARK-5063.")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise unsupported(name)

    def __repr__(self):
        return self._name or f"PythonRDD[{self._id}] at RDD"

    # ------------------------------------------------------------ how it runs
    def _input(self):
        """The DataFrame whose partitions are this RDD's."""
        from pyspark.sql.functions import col

        return self._df if self._source is not None else self._df.repartitionById(EVERY, col("p"))

    def _run(self, task, schema):
        return self._input().mapInArrow(task, schema)

    def _parts(self):
        """PARTS of this RDD, its functions applied."""
        return self._run(rdd_task.run(self._source, dumps(self._function)), rdd_task.PARTS)

    def _materialized(self):
        if self._keep:
            self._keep = False
            self._df, self._source, self._function = self._parts().localCheckpoint(), None, identity
        return self

    def _narrow(self, function, n=None, preserve=True):
        self._materialized()
        composed = function if self._function is identity else Piped(self._function, function)
        return RDD(self.ctx, self._df, n if n is not None else self._n, self._source, composed)

    def _results(self):
        """(partition, elements) as they come."""
        self._materialized()
        df = self._parts()
        for number, data, updates in _rows(df):
            if updates is not None:
                self.ctx._accumulate(pickle.loads(updates))
            if data is not None:
                yield number, pickle.loads(data)

    def _each_partition(self, function):
        """What function(elements) gives for each partition, in order."""
        return self.mapPartitions(lambda items: [function(items)]).collect()

    def id(self):
        return self._id

    @property
    def context(self):
        return self.ctx

    def setName(self, name):
        self._name = name
        return self

    def name(self):
        return self._name

    def cache(self):
        return self.persist()

    def persist(self, storageLevel=None):
        self._keep = self.is_cached = True
        return self

    def unpersist(self, blocking=False):
        self._keep = self.is_cached = False
        return self

    def checkpoint(self):
        self._keep = True

    def localCheckpoint(self):
        self._keep = True

    def isCheckpointed(self):
        return False

    def getStorageLevel(self):
        from pyspark import StorageLevel

        return StorageLevel.MEMORY_ONLY if self.is_cached else StorageLevel(False, False, False, False, 1)

    def getNumPartitions(self):
        if self._n is None:
            from pyspark.sql.functions import max as largest

            self._n = self._materialized()._parts().agg(largest("p")).collect()[0][0] + 1
        return self._n

    # ------------------------------------------------------------ narrow
    def mapPartitionsWithIndex(self, f, preservesPartitioning=False):
        return self._narrow(f)

    mapPartitionsWithSplit = mapPartitionsWithIndex

    def mapPartitions(self, f, preservesPartitioning=False):
        return self._narrow(lambda number, items: f(items))

    def map(self, f, preservesPartitioning=False):
        return self._narrow(lambda number, items: map(f, items))

    def flatMap(self, f, preservesPartitioning=False):
        return self._narrow(lambda number, items: itertools.chain.from_iterable(map(f, items)))

    def filter(self, f):
        return self._narrow(lambda number, items: filter(f, items))

    def keys(self):
        return self.map(lambda x: x[0])

    def values(self):
        return self.map(lambda x: x[1])

    def keyBy(self, f):
        return self.map(lambda x: (f(x), x))

    def mapValues(self, f):
        return self.map(lambda kv: (kv[0], f(kv[1])))

    def flatMapValues(self, f):
        return self.flatMap(lambda kv: ((kv[0], x) for x in f(kv[1])))

    def glom(self):
        return self._narrow(lambda number, items: [list(items)])

    def sample(self, withReplacement, fraction, seed=None):
        if fraction < 0:
            raise ValueError("Negative fraction value: %s" % fraction)
        seed = seed if seed is not None else random.randint(0, sys.maxsize)

        def draw(number, items):
            rng = random.Random(seed ^ number)
            for x in items:
                times = _poisson(rng, fraction) if withReplacement else rng.random() < fraction
                yield from itertools.repeat(x, int(times))

        return self._narrow(draw)

    def randomSplit(self, weights, seed=None):
        total, seed = float(sum(weights)), seed if seed is not None else random.randint(0, 2**32 - 1)
        bounds = [0.0]
        for w in weights:
            bounds.append(bounds[-1] + w / total)

        def between(low, high):
            def draw(number, items):
                rng = random.Random(seed ^ number)
                return (x for x in items if low <= rng.random() < high)

            return draw

        return [self._narrow(between(low, high)) for low, high in zip(bounds, bounds[1:])]

    def sampleByKey(self, withReplacement, fractions, seed=None):
        seed = seed if seed is not None else random.randint(0, sys.maxsize)

        def draw(number, items):
            rng = random.Random(seed ^ number)
            for k, v in items:
                times = _poisson(rng, fractions[k]) if withReplacement else rng.random() < fractions[k]
                yield from itertools.repeat((k, v), int(times))

        return self._narrow(draw)

    def pipe(self, command, env=None, checkCode=False):
        def piped(number, items):
            import os
            import shlex
            import subprocess
            import threading

            process = subprocess.Popen(shlex.split(command), env={**os.environ, **(env or {})}, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)

            def feed():
                for x in items:
                    process.stdin.write(str(x).rstrip("\n").encode() + b"\n")
                process.stdin.close()

            threading.Thread(target=feed, daemon=True).start()
            for line in process.stdout:
                yield line.rstrip(b"\n").decode()
            if process.wait() and checkCode:
                raise RuntimeError("Pipe function `%s' exited with error code %d" % (command, process.returncode))

        return self._narrow(piped)

    def zipWithUniqueId(self):
        n = self.getNumPartitions()
        return self._narrow(lambda number, items: ((x, i * n + number) for i, x in enumerate(items)))

    def zipWithIndex(self):
        starts = [0]
        for count in self._each_partition(lambda items: sum(1 for _ in items)):
            starts.append(starts[-1] + count)
        return self._narrow(lambda number, items: ((x, i) for i, x in enumerate(items, starts[number])))

    # ------------------------------------------------------------ other partitions
    def _shuffled(self, n, target):
        self._materialized()
        df = self._run(rdd_task.shuffle(self._source, dumps(self._function), n, dumps(target)), rdd_task.PARTS)
        return RDD(self.ctx, df, n)

    def _default_n(self, n, *others):
        if n is not None:
            return int(n)
        configured = self.ctx._conf("spark.default.parallelism")
        return int(configured) if configured else max([r._n or self.ctx.defaultParallelism for r in (self, *others)])

    def partitionBy(self, numPartitions=None, partitionFunc=portable_hash):
        return self._shuffled(self._default_n(numPartitions), partitionFunc)

    def repartition(self, numPartitions):
        return self.coalesce(numPartitions, shuffle=True)

    def coalesce(self, numPartitions, shuffle=False):
        if shuffle:
            def numbered(number, items):
                return ((number + i, x) for i, x in enumerate(items))

            return self._narrow(numbered)._shuffled(numPartitions, int).values()
        old = self.getNumPartitions()
        if numPartitions >= old:
            return self
        return self._renumbered(lambda p: (p * numPartitions / old).cast("int"), numPartitions)

    def _renumbered(self, number, n):
        from pyspark.sql.functions import col, floor

        self._materialized()
        df = self._parts()
        return RDD(self.ctx, df.select(floor(number(col("p"))).cast("int").alias("p"), "d", "a"), n)

    def union(self, other):
        n, m = self.getNumPartitions(), other.getNumPartitions()
        self._materialized()
        left, right = self._parts(), other._renumbered(lambda p: p + n, n + m)._df
        return RDD(self.ctx, left.union(right), n + m)

    __add__ = union

    def combineByKey(self, createCombiner, mergeValue, mergeCombiners, numPartitions=None, partitionFunc=portable_hash):
        def combine(number, items):
            combined = {}
            for k, v in items:
                combined[k] = mergeValue(combined[k], v) if k in combined else createCombiner(v)
            return iter(combined.items())

        def merge(number, items):
            combined = {}
            for k, c in items:
                combined[k] = mergeCombiners(combined[k], c) if k in combined else c
            return iter(combined.items())

        return self._narrow(combine)._shuffled(self._default_n(numPartitions), partitionFunc)._narrow(merge)

    def aggregateByKey(self, zeroValue, seqFunc, combFunc, numPartitions=None, partitionFunc=portable_hash):
        zero = dumps(zeroValue)
        return self.combineByKey(lambda v: seqFunc(pickle.loads(zero), v), seqFunc, combFunc, numPartitions, partitionFunc)

    def foldByKey(self, zeroValue, func, numPartitions=None, partitionFunc=portable_hash):
        zero = dumps(zeroValue)
        return self.combineByKey(lambda v: func(pickle.loads(zero), v), func, func, numPartitions, partitionFunc)

    def reduceByKey(self, func, numPartitions=None, partitionFunc=portable_hash):
        return self.combineByKey(lambda x: x, func, func, numPartitions, partitionFunc)

    def groupByKey(self, numPartitions=None, partitionFunc=portable_hash):
        def append(values, v):
            values.append(v)
            return values

        def extend(a, b):
            a.extend(b)
            return a

        return self.combineByKey(lambda x: [x], append, extend, numPartitions, partitionFunc)

    def groupBy(self, f, numPartitions=None, partitionFunc=portable_hash):
        return self.map(lambda x: (f(x), x)).groupByKey(numPartitions, partitionFunc)

    def distinct(self, numPartitions=None):
        return self.map(lambda x: (x, None)).reduceByKey(lambda x, _: x, numPartitions).keys()

    def cogroup(self, other, numPartitions=None):
        return self.groupWith(other, numPartitions=numPartitions)

    def groupWith(self, other, *others, numPartitions=None):
        rdds = (self, other) + others
        n, width = self._default_n(numPartitions, *rdds[1:]), len(rdds)

        def tagged(i):
            return lambda kv: (kv[0], (i, kv[1]))

        def lists(pairs):
            out = tuple([] for _ in range(width))
            for i, v in pairs:
                out[i].append(v)
            return out

        both = [r.map(tagged(i)) for i, r in enumerate(rdds)]
        return functools.reduce(lambda a, b: a.union(b), both).groupByKey(n).mapValues(lists)

    def _joined(self, other, numPartitions, pairs):
        return self.cogroup(other, numPartitions).flatMapValues(lambda lists: pairs(*lists))

    def join(self, other, numPartitions=None):
        return self._joined(other, numPartitions, lambda a, b: ((x, y) for x in a for y in b))

    def leftOuterJoin(self, other, numPartitions=None):
        return self._joined(other, numPartitions, lambda a, b: ((x, y) for x in a for y in (b or [None])))

    def rightOuterJoin(self, other, numPartitions=None):
        return self._joined(other, numPartitions, lambda a, b: ((x, y) for y in b for x in (a or [None])))

    def fullOuterJoin(self, other, numPartitions=None):
        return self._joined(other, numPartitions, lambda a, b: ((x, y) for x in (a or [None]) for y in (b or [None])))

    def intersection(self, other):
        return (self.map(lambda v: (v, None)).cogroup(other.map(lambda v: (v, None)))
                .filter(lambda kv: kv[1][0] and kv[1][1]).keys())

    def subtractByKey(self, other, numPartitions=None):
        return (self.cogroup(other, numPartitions).filter(lambda kv: kv[1][0] and not kv[1][1])
                .flatMapValues(lambda lists: lists[0]))

    def subtract(self, other, numPartitions=None):
        return self.map(lambda x: (x, True)).subtractByKey(other.map(lambda x: (x, True)), numPartitions).keys()

    def cartesian(self, other):
        right = other.collect()
        return self.flatMap(lambda x: ((x, y) for y in right))

    def zip(self, other):
        n = self.getNumPartitions()
        if n != other.getNumPartitions():
            raise ValueError("Can only zip with RDD which has the same number of partitions")

        def tagged(i):
            return lambda number, items: [(number, (i, list(items)))]

        def zipped(number, items):
            sides = {i: values for _, (i, values) in items}
            if len(sides[0]) != len(sides[1]):
                raise ValueError("Can not deserialize PairRDD with different number of items in batches: (%d, %d)"
                                 % (len(sides[0]), len(sides[1])))
            return zip(sides[0], sides[1])

        return self._narrow(tagged(0)).union(other._narrow(tagged(1)))._shuffled(n, int)._narrow(zipped)

    def sortBy(self, keyfunc, ascending=True, numPartitions=None):
        return self.keyBy(keyfunc).sortByKey(ascending, numPartitions).values()

    def sortByKey(self, ascending=True, numPartitions=None, keyfunc=lambda x: x):
        n = self._default_n(numPartitions)

        def sort(number, items):
            return iter(sorted(items, key=lambda kv: keyfunc(kv[0]), reverse=not ascending))

        if n == 1:
            return self._shuffled(1, lambda key: 0)._narrow(sort)
        count = self.count()
        if not count:
            return self
        fraction = min(20.0 * n / count, 1.0)
        samples = sorted(self.sample(False, fraction, 1).map(lambda kv: kv[0]).collect(), key=keyfunc)
        bounds = [keyfunc(samples[len(samples) * (i + 1) // n]) for i in range(n - 1)] if samples else []

        def target(key):
            at = bisect.bisect_left(bounds, keyfunc(key))
            return at if ascending else n - 1 - at

        return self._shuffled(n, target)._narrow(sort)

    def repartitionAndSortWithinPartitions(self, numPartitions=None, partitionFunc=portable_hash, ascending=True,
                                           keyfunc=lambda x: x):
        return self.partitionBy(numPartitions, partitionFunc)._narrow(
            lambda number, items: iter(sorted(items, key=lambda kv: keyfunc(kv[0]), reverse=not ascending)))

    # ------------------------------------------------------------ actions
    def collect(self):
        return [x for _, items in self._results() for x in items]

    def collectAsMap(self):
        return dict(self.collect())

    def toLocalIterator(self, prefetchPartitions=False):
        return (x for _, items in self._results() for x in items)

    def take(self, num):
        if num <= 0:
            return []
        return list(itertools.islice(self._narrow(lambda number, items: itertools.islice(items, num)).toLocalIterator(), num))

    def first(self):
        found = self.take(1)
        if not found:
            raise ValueError("RDD is empty")
        return found[0]

    def isEmpty(self):
        return not self.take(1)

    def count(self):
        return sum(self._each_partition(lambda items: sum(1 for _ in items)))

    def countApprox(self, timeout, confidence=0.95):
        return self.count()

    def countApproxDistinct(self, relativeSD=0.05):
        return self.distinct().count()

    def reduce(self, f):
        def local(items):
            items = iter(items)
            for first in items:
                yield functools.reduce(f, items, first)

        found = self.mapPartitions(local).collect()
        if not found:
            raise ValueError("Can not reduce() empty RDD")
        return functools.reduce(f, found)

    def treeReduce(self, f, depth=2):
        return self.reduce(f)

    def fold(self, zeroValue, op):
        zero = dumps(zeroValue)
        return functools.reduce(op, self._each_partition(lambda items: functools.reduce(op, items, pickle.loads(zero))), zeroValue)

    def aggregate(self, zeroValue, seqOp, combOp):
        zero = dumps(zeroValue)
        found = self._each_partition(lambda items: functools.reduce(seqOp, items, pickle.loads(zero)))
        return functools.reduce(combOp, found, zeroValue)

    def treeAggregate(self, zeroValue, seqOp, combOp, depth=2):
        return self.aggregate(zeroValue, seqOp, combOp)

    def reduceByKeyLocally(self, func):
        return self.reduceByKey(func).collectAsMap()

    def countByKey(self):
        return self.keys().countByValue()

    def countByValue(self):
        from collections import Counter, defaultdict

        found = defaultdict(int)
        for counts in self._each_partition(lambda items: dict(Counter(items))):
            for k, v in counts.items():
                found[k] += v
        return found

    def lookup(self, key):
        return self.filter(lambda kv: kv[0] == key).values().collect()

    def sum(self):
        return sum(self._each_partition(lambda items: sum(items)))

    def stats(self):
        return functools.reduce(StatCounter.mergeStats, self._each_partition(StatCounter), StatCounter())

    def mean(self):
        return self.stats().mean()

    def variance(self):
        return self.stats().variance()

    def stdev(self):
        return self.stats().stdev()

    def sampleVariance(self):
        return self.stats().sampleVariance()

    def sampleStdev(self):
        return self.stats().sampleStdev()

    def max(self, key=None):
        return self.reduce((lambda a, b: max(a, b, key=key)) if key else max)

    def min(self, key=None):
        return self.reduce((lambda a, b: min(a, b, key=key)) if key else min)

    def top(self, num, key=None):
        found = self.mapPartitions(lambda items: heapq.nlargest(num, items, key=key)).collect()
        return heapq.nlargest(num, found, key=key)

    def takeOrdered(self, num, key=None):
        found = self.mapPartitions(lambda items: heapq.nsmallest(num, items, key=key)).collect()
        return heapq.nsmallest(num, found, key=key)

    def takeSample(self, withReplacement, num, seed=None):
        rng = random.Random(seed)
        items = self.collect()
        if withReplacement:
            return [rng.choice(items) for _ in range(num)] if items else []
        return rng.sample(items, min(num, len(items)))

    def histogram(self, buckets):
        if isinstance(buckets, int):
            stats = self.stats()
            low, high = stats.min(), stats.max()
            if buckets < 1:
                raise ValueError("number of buckets must be >= 1")
            if low == high or buckets == 1:
                return [low, high], [stats.count()]
            step = (high - low) / buckets
            buckets = [low + i * step for i in range(buckets)] + [high]
        bounds = list(buckets)

        def local(items):
            counts = [0] * (len(bounds) - 1)
            for x in items:
                if x is not None and bounds[0] <= x <= bounds[-1]:
                    counts[min(bisect.bisect_right(bounds, x) - 1, len(counts) - 1)] += 1
            return counts

        return bounds, [sum(c) for c in zip(*self._each_partition(local))]

    def foreach(self, f):
        def each(items):
            for x in items:
                f(x)
            return []

        self.mapPartitions(each).collect()

    def foreachPartition(self, f):
        def each(items):
            given = f(items)
            if given is not None:
                for _ in given:
                    pass
            return []

        self.mapPartitions(each).collect()

    # ------------------------------------------------------------ out
    def saveAsTextFile(self, path, compressionCodecClass=None):
        self._materialized()
        writer = self._run(rdd_task.texts(self._source, dumps(self._function)), "value string").write
        if compressionCodecClass:
            if not compressionCodecClass.endswith("GzipCodec"):
                raise unsupported(f"saveAsTextFile(compressionCodecClass={compressionCodecClass!r})")
            writer = writer.option("compression", "gzip")
        writer.text(path)

    def toDF(self, schema=None, sampleRatio=None, verifySchema=True):
        from pyspark.sql.types import DataType, StructType

        session, names, rdd = self.ctx._session, None, self
        if isinstance(schema, str):
            schema = _parsed(session, schema)
        if schema is not None and not isinstance(schema, DataType):
            names, schema = list(schema), None
        if schema is None:
            sample = self.take(100)
            if not sample:
                raise ValueError("can not infer schema from empty dataset")
            schema = session.createDataFrame(sample, names).schema
        elif not isinstance(schema, StructType):
            schema = StructType().add("value", schema)
            rdd = self.map(lambda x: (x,))
        rdd._materialized()
        return rdd._run(rdd_task.frames(rdd._source, dumps(rdd._function), schema), schema)


def _parsed(session, text):
    from pyspark.sql.types import StructType, _parse_datatype_string

    try:
        return StructType.fromDDL(text)
    except Exception:
        return _parse_datatype_string(text)


def _poisson(rng, mean):
    import math

    limit, product, n = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        n += 1
    return n


def _rows(df):
    """Rows of PARTS as the engine gives them; who stops reading stops the query."""
    for row in df.toLocalIterator():
        yield row.p, row.d, row.a


# ---------------------------------------------------------------- where they come from
def parallelize(ctx, c, numSlices=None):
    import pyarrow as pa

    n = int(numSlices) if numSlices is not None else ctx.defaultParallelism
    items = c if isinstance(c, range) else list(c)
    size = len(items)
    rows = [(i, dumps(items[i * size // n:(i + 1) * size // n]), None) for i in range(n)]
    table = pa.Table.from_batches([rdd_task.part_batch(rows)])
    return RDD(ctx, ctx._session.createDataFrame(table), n)


def text_file(ctx, name, minPartitions=None, use_unicode=True):
    rdd = RDD(ctx, ctx._session.read.text(name.split(",")), None, rdd_task.lines)
    return rdd if use_unicode else rdd.map(lambda line: line.encode())


def whole_text_files(ctx, path, minPartitions=None, use_unicode=True):
    from pyspark.sql.functions import lit

    session = ctx._session
    files = sorted(session.read.text(path.split(",")).inputFiles())
    frames = [session.read.text(f, wholetext=True).select(lit(f).alias("f"), "value") for f in files]
    if not frames:
        return parallelize(ctx, [], 1)
    df = functools.reduce(lambda a, b: a.union(b), frames)
    return of_frame(ctx, df).map(tuple if use_unicode else (lambda r: (r[0], r[1].encode())))


def of_frame(ctx, df):
    return RDD(ctx, df, None, rdd_task.rows_of(df.schema))


def union(ctx, rdds):
    return functools.reduce(operator.add, rdds)
