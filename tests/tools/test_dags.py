"""The DAGs without Airflow, which `make exam` has: they parse, know nothing of weir, and name steps and scripts that are there."""
import ast
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
DAGS = sorted((TOP / "dags").glob("*.py"))


def texts(tree):
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_there_are_dags():
    assert DAGS


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_dag(path):
    tree = ast.parse(path.read_text(), filename=str(path))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert all(name.split(".")[0] == "airflow" for name in imported), imported
    assert "weir" not in path.read_text().lower() and not any("://127." in text or "localhost" in text for text in texts(tree))
    named = set(re.findall(r"\w+\.py", " ".join(texts(ast.Module(tree.body[1:], [])))))
    assert named and all((TOP / "jobs" / name).exists() for name in named), named
    ids = [keyword.value.value for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords
           if keyword.arg in ("dag_id", "task_id") and isinstance(keyword.value, ast.Constant)]
    assert len(ids) == len(set(ids)) and path.stem in ids, ids
