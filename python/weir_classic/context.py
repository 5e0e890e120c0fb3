"""SparkContext over a Connect session: what jobs ask it for. What it cannot do fails with an error that names it.

Source: pyspark.core.context.SparkContext of Spark 4.1.
"""
import itertools
import os
import time

LOG_LEVELS = ("ALL", "DEBUG", "ERROR", "FATAL", "INFO", "OFF", "TRACE", "WARN")


def unsupported(name):
    from pyspark.errors import PySparkNotImplementedError

    return PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": f"SparkContext.{name}"})


def session_of(context=None):
    if context is not None:
        return context._session
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()


class Broadcast:
    """A value that UDFs use; it travels with the function that names it."""

    def __init__(self, value):
        self._value = value

    @property
    def value(self):
        return self._value

    def unpersist(self, blocking=False):
        pass

    def destroy(self, blocking=False):
        self._value = None


class SparkFiles:
    """The files of `--files` stand in the working folder of the script."""

    @classmethod
    def get(cls, filename):
        return os.path.join(cls.getRootDirectory(), filename)

    @classmethod
    def getRootDirectory(cls):
        return os.environ.get("SPARK_FILES_DIR") or os.getcwd()


class SparkContext:
    _active_spark_context = None
    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar")

    def __init__(self, master=None, appName=None, sparkHome=None, pyFiles=None, environment=None, batchSize=0,
                 serializer=None, conf=None, gateway=None, jsc=None, profiler_cls=None, udf_profiler_cls=None,
                 memory_profiler_cls=None):
        from pyspark.sql import SparkSession

        if SparkContext._active_spark_context is not None:
            raise ValueError("Cannot run multiple SparkContexts at once; existing SparkContext"
                             f"(app={SparkContext._active_spark_context.appName}, master=yarn)")
        builder = SparkSession.builder
        if appName:
            builder = builder.appName(appName)
        if conf is not None:
            builder = builder.config(conf=conf)
        self._start(builder.getOrCreate())
        for path in pyFiles or []:
            self.addPyFile(path)

    def _start(self, session):
        self._session = session
        self.startTime = int(time.time() * 1000)
        SparkContext._active_spark_context = self

    @classmethod
    def _of(cls, session):
        context = cls._active_spark_context
        if context is None or context._session is not session:
            context = cls.__new__(cls)
            context._start(session)
        return context

    @classmethod
    def getOrCreate(cls, conf=None):
        return cls._active_spark_context or cls(conf=conf)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise unsupported(name)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()

    def _conf(self, key, missing=None):
        return self._session.conf.get(key, missing)

    @property
    def version(self):
        return self._session.version

    @property
    def master(self):
        return self._conf("spark.master", "yarn")

    @property
    def appName(self):
        return self._conf("spark.app.name", "")

    @property
    def applicationId(self):
        return self._conf("spark.app.id", "")

    @property
    def uiWebUrl(self):
        return self._conf("spark.ui.url", None)

    @property
    def pythonVer(self):
        import sys

        return "%d.%d" % sys.version_info[:2]

    @property
    def defaultParallelism(self):
        return int(self._conf("spark.default.parallelism", None) or os.cpu_count())

    @property
    def defaultMinPartitions(self):
        return min(self.defaultParallelism, 2)

    def sparkUser(self):
        import getpass

        return os.environ.get("SPARK_USER") or getpass.getuser()

    def getConf(self):
        from pyspark import SparkConf

        conf = SparkConf(loadDefaults=False)
        for key, value in self._session.conf.getAll.items():
            conf.set(key, value)
        return conf

    def setLogLevel(self, logLevel):
        if str(logLevel).upper() not in LOG_LEVELS:
            from pyspark.errors import IllegalArgumentException

            raise IllegalArgumentException(
                f"requirement failed: Supplied level {logLevel} did not match one of: {','.join(LOG_LEVELS)}")

        self._log_level = str(logLevel).upper()

    @property
    def _jsc(self):
        from weir_classic import gateway

        return gateway.JavaContext(self)

    @property
    def _jvm(self):
        from weir_classic import gateway

        return gateway.Package(self)

    def setJobGroup(self, groupId, description, interruptOnCancel=False):
        self.setJobDescription(description)
        self._session.addTag(str(groupId).replace(",", "_"))

    def cancelJobGroup(self, groupId):
        self._session.interruptTag(str(groupId).replace(",", "_"))

    def addJobTag(self, tag):
        self._session.addTag(tag)

    def removeJobTag(self, tag):
        self._session.removeTag(tag)

    def cancelJobsWithTag(self, tag):
        self._session.interruptTag(tag)

    def cancelAllJobs(self):
        self._session.interruptAll()

    def setJobDescription(self, value):
        self._description = value

    def setLocalProperty(self, key, value):
        self.__dict__.setdefault("_properties", {})[key] = value

    def getLocalProperty(self, key):
        return self.__dict__.get("_properties", {}).get(key)

    @property
    def _rdd_ids(self):
        return self.__dict__.setdefault("_ids", itertools.count())

    def parallelize(self, c, numSlices=None):
        from weir_classic import rdd

        return rdd.parallelize(self, c, numSlices)

    def range(self, start, end=None, step=1, numSlices=None):
        return self.parallelize(range(start) if end is None else range(start, end, step), numSlices)

    def emptyRDD(self):
        return self.parallelize([], 1)

    def textFile(self, name, minPartitions=None, use_unicode=True):
        from weir_classic import rdd

        return rdd.text_file(self, name, minPartitions, use_unicode)

    def wholeTextFiles(self, path, minPartitions=None, use_unicode=True):
        from weir_classic import rdd

        return rdd.whole_text_files(self, path, minPartitions, use_unicode)

    def union(self, rdds):
        from weir_classic import rdd

        return rdd.union(self, rdds)

    def runJob(self, rdd, partitionFunc, partitions=None, allowLocal=False):
        chosen = None if partitions is None else set(partitions)
        return rdd.mapPartitionsWithIndex(
            lambda number, items: partitionFunc(items) if chosen is None or number in chosen else []).collect()

    def accumulator(self, value, accum_param=None):
        from pyspark import accumulators as own

        if accum_param is None:
            params = {int: own.INT_ACCUMULATOR_PARAM, float: own.FLOAT_ACCUMULATOR_PARAM, complex: own.COMPLEX_ACCUMULATOR_PARAM}
            if type(value) not in params:
                raise TypeError("No default accumulator param for type %s" % type(value))
            accum_param = params[type(value)]
        known = self.__dict__.setdefault("_accumulators", {})
        known[len(known)] = made = own.Accumulator(len(known), value, accum_param)
        return made

    def _accumulate(self, updates):
        for update in updates:
            for aid, value in update.items():
                self.__dict__["_accumulators"][aid].add(value)

    def broadcast(self, value):
        return Broadcast(value)

    def addPyFile(self, path):
        self._session.addArtifacts(path, pyfile=True)

    def addFile(self, path, recursive=False):
        if recursive:
            raise unsupported("addFile(recursive=True)")
        self._session.addArtifacts(path, file=True)

    def stop(self):
        if SparkContext._active_spark_context is self:
            SparkContext._active_spark_context = None
        self._session.stop()
