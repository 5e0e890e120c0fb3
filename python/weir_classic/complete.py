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
    ):
        if name not in sys.modules:
            submodule = types.ModuleType(name)
            submodule.__dict__.update(members)
            sys.modules[name] = submodule
            setattr(module, name.rpartition(".")[2], submodule)
    from pyspark.sql import HiveContext, SQLContext

    module.SQLContext, module.HiveContext = SQLContext, HiveContext


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
    session.newSession = lambda self: session.Builder().remote(os.environ["SPARK_REMOTE"]).create()
    session.Builder.enableHiveSupport = lambda self: self


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
