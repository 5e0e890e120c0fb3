"""What each module of the Connect client gets, so that a classic script finds what it names."""
import os
import sys
import types


def complete_pyspark(module):
    """`from pyspark import SparkContext`, `from pyspark.context import SparkContext`."""
    from weir_classic.context import Broadcast, SparkContext, SparkFiles

    for name, value in (("SparkContext", SparkContext), ("SparkFiles", SparkFiles), ("Broadcast", Broadcast)):
        if not hasattr(module, name):
            setattr(module, name, value)
    for name, members in (
        ("pyspark.context", {"SparkContext": SparkContext}),
        ("pyspark.files", {"SparkFiles": SparkFiles}),
        ("pyspark.broadcast", {"Broadcast": Broadcast}),
        ("pyspark.rdd", {"RDD": Lazy("weir_classic.rdd", "RDD")}),
        ("pyspark.statcounter", {"StatCounter": Lazy("weir_classic.statcounter", "StatCounter")}),
    ):
        if name not in sys.modules:
            submodule = types.ModuleType(name)
            submodule.__dict__.update(members)
            sys.modules[name] = submodule
            setattr(module, name.rpartition(".")[2], submodule)
    from pyspark.sql import HiveContext, SQLContext

    module.SQLContext, module.HiveContext = SQLContext, HiveContext


class Lazy:
    """A class that is imported when it is first used."""

    def __init__(self, module, name):
        self._module, self._name = module, name

    def _class(self):
        import importlib

        return getattr(importlib.import_module(self._module), self._name)

    def __call__(self, *args, **kwargs):
        return self._class()(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self._class(), name)

    def __instancecheck__(self, instance):
        return isinstance(instance, self._class())


def complete_frame(module):
    """`df.rdd`, and foreach with accumulators."""
    from weir_classic.context import SparkContext

    frame = module.DataFrame

    def of_frame(self):
        from weir_classic import rdd

        return rdd.of_frame(SparkContext._of(self._session), self)

    frame.rdd = property(of_frame)
    frame.toJSON = lambda self, use_unicode=True: of_frame(_json(self)).map(lambda row: row[0])
    frame.foreach = lambda self, f: self.rdd.foreach(f)
    frame.foreachPartition = lambda self, f: self.rdd.foreachPartition(f)


def _json(df):
    from pyspark.sql.functions import struct, to_json

    return df.select(to_json(struct("*")))


def complete_builder(module):
    """`.master("yarn")`: where a job runs is decided by who submits it, as on EMR."""
    builder = module.SparkSession.Builder
    builder.master = lambda self, master: self
    builder.enableHiveSupport = lambda self: self
    config = builder.config

    def config_without_master(self, key=None, value=None, **other):
        if key == "spark.master":
            return self
        conf = other.get("conf")
        if conf is not None:
            for k, v in conf.getAll():
                config_without_master(self, k, v)
            return self
        if other.get("map") is not None:
            other["map"] = {k: v for k, v in other["map"].items() if k != "spark.master"}
        return config(self, key, value, **other) if key is not None else config(self, **other)

    builder.config = config_without_master


def complete_session(module):
    """`spark.sparkContext`, `enableHiveSupport()`, `newSession()` of the Connect session."""
    from weir_classic.context import SparkContext

    session = module.SparkSession
    session.sparkContext = property(lambda self: SparkContext._of(self))
    session._jvm = property(lambda self: self.sparkContext._jvm)
    session._jsc = property(lambda self: self.sparkContext._jsc)
    session._sc = session.sparkContext
    session.newSession = lambda self: session.Builder().remote(os.environ["SPARK_REMOTE"]).create()
    session.Builder.enableHiveSupport = lambda self: self
    create = session.createDataFrame

    def create_frame(self, data, schema=None, samplingRatio=None, verifySchema=True):
        if type(data).__module__ == "weir_classic.rdd":
            return data.toDF(schema, samplingRatio)
        options = {} if samplingRatio is None else {"samplingRatio": samplingRatio}
        if verifySchema is not True:
            options["verifySchema"] = verifySchema
        return create(self, data, schema, **options)

    session.createDataFrame = create_frame


def complete_udf(module):
    """`@udf("long")` before there is a session: the text is parsed when the function is used."""
    from pyspark.errors import PySparkRuntimeError

    function = module.UserDefinedFunction
    parsed = function.returnType

    def return_type(self):
        try:
            return parsed.fget(self)
        except PySparkRuntimeError as e:
            if e.getCondition() != "NO_ACTIVE_OR_DEFAULT_SESSION":
                raise
            return self._returnType

    function.returnType = property(return_type)


def complete_contexts(module):
    """SQLContext and HiveContext over the session."""
    from weir_classic.context import session_of

    def start(self, sparkContext=None, sparkSession=None, jsqlContext=None):
        self._sc = sparkContext
        self.sparkSession = sparkSession or session_of(sparkContext)

    def get_or_create(cls, sc=None):
        return cls(sc)

    module.SQLContext.__init__ = start
    module.SQLContext.getOrCreate = classmethod(get_or_create)
    module.HiveContext.__init__ = start


def complete_pandas_utils(module):
    """The check of pandas' version would load it; this environment pins it (see lazy.py)."""
    module.require_minimum_pandas_version = lambda: None
