"""What classic PySpark has and the Connect-only client has not: SparkContext as a view of the session, SparkFiles, broadcasts.

What can mean the same on Spark Connect does; the rest raises an error that names it and what to use instead. Loaded by
sitecustomize.py when a script imports pyspark.
"""
import os
import sys
import time


def unsupported(what, instead=None):
    """The error of a part of the JVM API."""
    from pyspark.errors import PySparkNotImplementedError

    feature = f"{what} (it needs Spark's JVM; {instead})" if instead else f"{what} (it needs Spark's JVM)"
    return PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": feature})


INSTEAD = {
    "parallelize": "use spark.createDataFrame(rows, schema)",
    "range": "use spark.range(start, end)",
    "textFile": "use spark.read.text(path)",
    "wholeTextFiles": "use spark.read.text(path, wholetext=True)",
    "binaryFiles": "use spark.read.format('binaryFile').load(path)",
    "sequenceFile": "convert the data to Parquet first",
    "newAPIHadoopRDD": "use a DataFrame reader",
    "newAPIHadoopFile": "use a DataFrame reader",
    "hadoopFile": "use a DataFrame reader",
    "hadoopRDD": "use a DataFrame reader",
    "pickleFile": "use spark.read.parquet(path)",
    "emptyRDD": "use spark.createDataFrame([], schema)",
    "union": "use DataFrame.union",
    "runJob": "use DataFrame operations",
    "accumulator": "aggregate with DataFrame operations",
}
LOG_LEVELS = {"ALL", "DEBUG", "ERROR", "FATAL", "INFO", "OFF", "TRACE", "WARN"}


class Broadcast:
    """A plain value: functions that use it carry it to the workers in their closure."""

    def __init__(self, value):
        self._value = value
        self._gone = False

    @property
    def value(self):
        if self._gone:
            raise RuntimeError("Attempted to use a broadcast variable after it was destroyed")
        return self._value

    def unpersist(self, blocking=False):
        pass

    def destroy(self, blocking=False):
        self._gone, self._value = True, None


class RDD:
    """For isinstance() and annotations only: there are none."""

    def __init__(self, *_args, **_kwargs):
        raise unsupported("RDD", "use DataFrames")


class SparkFiles:
    """Files that --files and SparkContext.addFile brought."""

    @classmethod
    def getRootDirectory(cls):
        return os.environ.get("WEIR_SPARK_FILES", os.getcwd())

    @classmethod
    def get(cls, filename):
        return os.path.abspath(os.path.join(cls.getRootDirectory(), filename))


class SparkContext:
    """The classic entry point, as a view of the application's one session."""

    _active_spark_context = None
    _gateway = _jvm = None
    PACKAGE_EXTENSIONS = (".zip", ".egg", ".jar")

    def __init__(self, master=None, appName=None, sparkHome=None, pyFiles=None, environment=None, batchSize=0, serializer=None,
                 conf=None, **_others):
        from pyspark.conf import SparkConf

        conf = conf if conf is not None else SparkConf()
        if appName:
            conf.setAppName(appName)
        from pyspark.sql import SparkSession

        self._session = SparkSession.builder.config(conf=conf).getOrCreate()
        self._properties = {}
        self._started_ms = int(time.time() * 1000)
        SparkContext._active_spark_context = self
        for path in pyFiles or ():
            self.addPyFile(path)

    @classmethod
    def getOrCreate(cls, conf=None):
        return cls._active_spark_context or cls(conf=conf)

    @classmethod
    def _of(cls, session):
        """The context of a session that is there already."""
        context = cls._active_spark_context
        if context is None or context._session is not session:
            context = cls.__new__(cls)
            context._session, context._properties, context._started_ms = session, {}, int(time.time() * 1000)
            cls._active_spark_context = context
        return context

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise unsupported(f"SparkContext.{name}", INSTEAD.get(name))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()

    def _conf(self, key, default=None):
        return self._session.conf.get(key, default)

    @property
    def version(self):
        return self._session.version

    @property
    def appName(self):
        return self._conf("spark.app.name", "")

    @property
    def applicationId(self):
        return self._conf("spark.app.id", os.environ.get("WEIR_STEP_ID", "local-0"))

    @property
    def master(self):
        return self._conf("spark.master", "local[*]")

    @property
    def defaultParallelism(self):
        return int(self._conf("spark.default.parallelism", str(os.cpu_count() or 1)))

    @property
    def defaultMinPartitions(self):
        return min(self.defaultParallelism, 2)

    @property
    def startTime(self):
        return self._started_ms

    @property
    def uiWebUrl(self):
        return self._conf("spark.ui.webUrl", None)

    @property
    def resources(self):
        return {}

    def sparkUser(self):
        import getpass

        return getpass.getuser()

    def getConf(self):
        from pyspark.conf import SparkConf

        conf = SparkConf()
        for key, value in self._session.conf.getAll.items():
            conf.set(key, value)
        return conf

    def setLogLevel(self, logLevel):
        if str(logLevel).upper() not in LOG_LEVELS:
            raise ValueError(f"Supplied level {logLevel} did not match one of: {','.join(sorted(LOG_LEVELS))}")

    def setLocalProperty(self, key, value):
        self._properties[key] = value

    def getLocalProperty(self, key):
        return self._properties.get(key)

    def setJobDescription(self, value):
        self._properties["spark.job.description"] = value

    def setJobGroup(self, groupId, description, interruptOnCancel=False):
        self._properties["spark.jobGroup.id"] = groupId
        self._session.addTag(groupId)

    def cancelJobGroup(self, groupId):
        self._session.interruptTag(groupId)

    def addJobTag(self, tag):
        self._session.addTag(tag)

    def removeJobTag(self, tag):
        self._session.removeTag(tag)

    def getJobTags(self):
        return self._session.getTags()

    def clearJobTags(self):
        self._session.clearTags()

    def cancelJobsWithTag(self, tag):
        self._session.interruptTag(tag)

    def cancelAllJobs(self):
        self._session.interruptAll()

    def broadcast(self, value):
        return Broadcast(value)

    def addFile(self, path, recursive=False):
        self._session.addArtifacts(path, file=True)

    def addPyFile(self, path):
        self._session.addArtifacts(path, pyfile=True)
        if path not in sys.path:
            sys.path.insert(1, path if not path.endswith(".py") else os.path.dirname(os.path.abspath(path)))

    def addArchive(self, path):
        self._session.addArtifacts(path, archive=True)

    def setCheckpointDir(self, dirName):
        pass  # checkpoints live with the driver

    def stop(self):
        SparkContext._active_spark_context = None
        self._session.stop()


def sql_context(name):
    """SQLContext and HiveContext: the session under an old name."""

    class Context:
        def __init__(self, sparkContext=None, sparkSession=None, jsqlContext=None):
            from pyspark.sql import SparkSession

            self.sparkSession = sparkSession or getattr(sparkContext, "_session", None) or SparkSession.builder.getOrCreate()

        @classmethod
        def getOrCreate(cls, sc=None):
            return cls(sc)

        def setConf(self, key, value):
            self.sparkSession.conf.set(key, value)

        def getConf(self, key, defaultValue=None):
            return self.sparkSession.conf.get(key, defaultValue)

        def registerDataFrameAsTable(self, df, tableName):
            df.createOrReplaceTempView(tableName)

        def dropTempTable(self, tableName):
            self.sparkSession.catalog.dropTempView(tableName)

        def tables(self, dbName=None):
            return self.sparkSession.sql(f"SHOW TABLES IN `{dbName}`" if dbName else "SHOW TABLES")

        def tableNames(self, dbName=None):
            return [table.name for table in self.sparkSession.catalog.listTables(dbName)]

        def cacheTable(self, tableName):
            self.sparkSession.catalog.cacheTable(tableName)

        def uncacheTable(self, tableName):
            self.sparkSession.catalog.uncacheTable(tableName)

        def clearCache(self):
            self.sparkSession.catalog.clearCache()

        def __getattr__(self, attribute):
            return getattr(self.__dict__["sparkSession"], attribute)

    Context.__name__ = Context.__qualname__ = name
    return Context


SQLContext = sql_context("SQLContext")
HiveContext = sql_context("HiveContext")


# --- completing modules as they are imported ---


def complete_pyspark(module):
    module.SparkContext, module.SparkFiles, module.Broadcast, module.RDD = SparkContext, SparkFiles, Broadcast, RDD
    module.SQLContext, module.HiveContext = SQLContext, HiveContext


def complete_sql(module):
    module.SQLContext, module.HiveContext = SQLContext, HiveContext


def complete_session(module):
    """The builder: a master is taken and means nothing, since the driver is there already."""
    builder = module.SparkSession.Builder
    builder._validate_startup_urls = lambda self: None


def complete_connect_session(module):
    session, builder = module.SparkSession, module.SparkSession.Builder
    session.sparkContext = property(SparkContext._of)
    session.newSession = lambda self: builder().remote(os.environ["SPARK_REMOTE"]).create()

    def enable_hive_support(self):
        return self  # the catalog is there for every session

    builder.enableHiveSupport = enable_hive_support


def complete_connect_utils(module):
    """Its checks load pandas, only to compare versions; this environment is pinned."""
    module.check_dependencies = lambda mod_name=None: None
