"""The import hook: what a module of pyspark lacks on the Connect client is added right after it has loaded.

A table names the modules and who completes them; nothing else is imported before the script does so itself, since the start
of Python is half of a short step's time.
"""
import importlib.util
import sys

COMPLETED_BY = {
    "pyspark": "complete_pyspark",
    "pyspark.sql.connect.dataframe": "complete_frame",
    "pyspark.sql.connect.udf": "complete_udf",
    "pyspark.sql.session": "complete_builder",
    "pyspark.sql.connect.session": "complete_session",
    "pyspark.sql.context": "complete_contexts",
    "pyspark.sql.pandas.utils": "complete_pandas_utils",
}


class _Loader:
    """The module's own loader, then its completion."""

    def __init__(self, loader, completion):
        self._loader = loader
        self._completion = completion

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        module.__spec__.loader = self._loader
        from weir_classic import complete

        getattr(complete, self._completion)(module)


class _Finder:
    def __init__(self):
        self._busy = set()

    def find_spec(self, name, path=None, target=None):
        if (name not in COMPLETED_BY and name != "pandas") or name in self._busy:
            return None
        self._busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy.discard(name)
        if spec is not None and spec.loader is not None:
            if name == "pandas":
                from weir_classic import lazy

                return lazy.make_lazy(spec)
            spec.loader = _Loader(spec.loader, COMPLETED_BY[name])
        return spec


def install():
    sys.meta_path.insert(0, _Finder())
