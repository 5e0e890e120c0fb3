"""Makes scripts written for Spark's classic API run on a Spark Connect client, without touching them.

`spark-submit` puts this folder first on the script's PYTHONPATH. Nothing is imported here: a hook waits for pyspark's own
modules and completes them as they load (weir_classic). Without SPARK_REMOTE nothing is done.
"""
import os
import sys

if os.environ.get("SPARK_REMOTE"):
    import weir_classic

    weir_classic.install()


def _run_next():
    """Runs the sitecustomize that this one hides, if there is one further on the path."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec and spec.loader:
        spec.loader.exec_module(module_from_spec(spec))


_run_next()
