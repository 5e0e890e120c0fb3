"""pandas, loaded when it is first used.

Spark's Connect client imports it at its start and uses it for toPandas(), createDataFrame(pandas) and pandas UDFs only; loading it is
a third of a short script's time. importlib.util.LazyLoader would not do: a second import of the module loads it.
"""
import sys
import threading
import types
import typing

NAME = "pandas"
TYPES = "pandas.api.types"
CO_OPTIMIZED = 1  # inspect's, which is slow to import
_lock = threading.RLock()


def _is_annotation(frame):
    """Does the client only name a type of pandas in a signature, while its own module or class is being defined?"""
    in_function = frame.f_code.co_flags & CO_OPTIMIZED
    return not in_function and frame.f_globals.get("__name__", "").startswith("pyspark.sql.connect.")


class _Module(types.ModuleType):
    """pandas before it is loaded. It has no __path__, so that importing a part of it loads it first, as ever."""

    def __getattr__(self, name):
        if _is_annotation(sys._getframe(1)):
            return typing.Any
        with _lock:
            if type(self) is _Module:
                self.__class__ = types.ModuleType
                self.__path__ = self.__spec__.submodule_search_locations
                if isinstance(sys.modules.get(TYPES), _Types):
                    del sys.modules[TYPES]
                self.__loader__.exec_module(self)
        return getattr(self, name)


class _Types(types.ModuleType):
    """Stands for pandas.api.types, of which the client takes functions at its start: each loads pandas when it is called."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: getattr(getattr(sys.modules[NAME], "api").types, name)(*args, **kwargs)


class _Loader:
    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return None  # an ordinary module, to be filled in by the import system first

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        del module.__path__
        module.__class__ = _Module


def make_lazy(spec):
    """pandas' spec, so that importing it loads nothing yet."""
    spec.loader = _Loader(spec.loader)
    sys.modules.setdefault(TYPES, _Types(TYPES))
    return spec
