"""Lets scripts that were written for classic PySpark run on Spark Connect, from outside of the script.

Python imports this module by itself because spark-submit puts its folder on PYTHONPATH. It does almost nothing then: it watches
the import of a few pyspark modules and completes them (weir_classic.py) as they come in. Scripts that never import pyspark pay
nothing. It also keeps pandas from being loaded before somebody uses it, which halves the start-up time of a PySpark script.
"""
import os
import sys

if os.environ.get("SPARK_REMOTE"):
    import importlib.machinery
    import importlib.util

    # Module -> the function of weir_classic that completes it.
    COMPLETED = {
        "pyspark": "complete_pyspark",
        "pyspark.sql": "complete_sql",
        "pyspark.sql.session": "complete_session",
        "pyspark.sql.connect.session": "complete_connect_session",
        "pyspark.sql.connect.utils": "complete_connect_utils",
    }
    # Modules that the Connect-only client lacks, made from names of weir_classic.
    PROVIDED = {
        "pyspark.context": ("SparkContext",),
        "pyspark.core": (),
        "pyspark.core.context": ("SparkContext",),
        "pyspark.files": ("SparkFiles",),
        "pyspark.core.files": ("SparkFiles",),
        "pyspark.broadcast": ("Broadcast",),
        "pyspark.core.broadcast": ("Broadcast",),
        "pyspark.rdd": ("RDD",),
        "pyspark.core.rdd": ("RDD",),
    }
    LAZY = {"pandas"}

    class CompletingLoader:
        """Runs a module as its own loader does, then completes it."""

        def __init__(self, loader, function):
            self.loader, self.function = loader, function

        def create_module(self, spec):
            return self.loader.create_module(spec)

        def exec_module(self, module):
            module.__spec__.loader = module.__loader__ = self.loader
            self.loader.exec_module(module)
            import weir_classic

            getattr(weir_classic, self.function)(module)

    class ProvidingLoader:
        def create_module(self, spec):
            return None

        def exec_module(self, module):
            import weir_classic

            for name in PROVIDED[module.__name__]:
                setattr(module, name, getattr(weir_classic, name))
            module.__path__ = []

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name in COMPLETED:
                spec = importlib.machinery.PathFinder.find_spec(name, path)
                if spec is not None and spec.loader is not None:
                    spec.loader = CompletingLoader(spec.loader, COMPLETED[name])
                return spec
            if name in LAZY:
                spec = importlib.machinery.PathFinder.find_spec(name, path)
                if spec is not None and spec.loader is not None:
                    spec.loader = importlib.util.LazyLoader(spec.loader)
                return spec
            if name in PROVIDED and importlib.machinery.PathFinder.find_spec(name, path) is None:
                return importlib.machinery.ModuleSpec(name, ProvidingLoader(), is_package=True)
            return None

    sys.meta_path.insert(0, Finder)
