"""Each function's meaning, as real Spark 4.1.1 gave it (functions/*.test, made by generate.py), through parser, binder,
emitter and engine. known_gaps.txt lists the cases that weir does not answer as Spark does yet: each must still fail."""
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOOL = pathlib.Path(os.environ.get("WEIR_BUILD", HERE.parent.parent / "build" / "release")) / "tests" / "unit" / "run_query"
GAPS = {line for line in (HERE / "known_gaps.txt").read_text().split("\n") if line.strip()}


def cases(path):
    conf, block = {}, []
    for line in path.read_text().split("\n") + [""]:
        if line.startswith("# conf "):
            key, value = line[7:].split("=", 1)
            conf[key] = value
        elif line.strip():
            block.append(line)
        elif block:
            yield conf, block[0], block[1], block[2:]
            block = []


def query(expression):
    return expression if expression.lower().startswith(("select ", "with ", "from ")) else f"SELECT {expression}"


def simple(kind, path="", collations=None):
    """DataType.json as simpleString; collations stand in the field's metadata, by the path to their string."""
    if isinstance(kind, str):
        collation = (collations or {}).get(path)
        return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(kind, kind) + (
            f" collate {collation.split('.')[1]}" if collation else "")
    if kind["type"] == "array":
        return f"array<{simple(kind['elementType'], path + '.element', collations)}>"
    if kind["type"] == "map":
        return f"map<{simple(kind['keyType'], path + '.key', collations)},{simple(kind['valueType'], path + '.value', collations)}>"
    return "struct<" + ",".join(f"{f['name']}:{of_field(f)}" for f in kind["fields"]) + ">"


def of_field(field):
    return simple(field["type"], field["name"], field.get("metadata", {}).get("__COLLATIONS"))


def shown(value):
    if value is not None and not value.strip():
        return repr(value)
    return "NULL" if value is None else value.replace("\\", "\\\\").replace("\n", "\\n")


def close(ours, theirs):
    """The last digits of a double differ between mathematics libraries."""
    try:
        return abs(float(ours) - float(theirs)) <= 1e-12 * max(abs(float(theirs)), 1e-300)
    except ValueError:
        return False


def agrees(kind, answer, expected_kind, expected):
    if expected_kind.startswith("-- error "):
        wanted = expected_kind[9:]
        return "error" in answer and (answer["error"] == wanted or wanted in ("-", "None"))
    if "error" in answer or kind != expected_kind[3:]:
        return False
    ours = [shown(row[0]) for row in answer["rows"]]
    return ours == expected or (kind in ("double", "float") and len(ours) == len(expected)
                                and all(a == b or close(a, b) for a, b in zip(ours, expected)))


@pytest.mark.parametrize("path", sorted((HERE / "functions").glob("*.test")), ids=lambda path: path.stem)
def test_functions(path):
    blocks = list(cases(path))
    conf = blocks[0][0]
    arguments = [argument for key, value in conf.items() for argument in ("--conf", f"{key}={value}")]
    done = subprocess.run([TOOL, *arguments], input="".join(query(b[1]) + "\n" for b in blocks), capture_output=True, text=True,
                          timeout=120)
    answers = done.stdout.splitlines()
    wrong = []
    for (_, expression, expected_kind, expected), line in zip(blocks, answers):
        answer = json.loads(line)
        kind = of_field(answer["schema"]["fields"][0]) if "schema" in answer else None
        gap = f"{path.stem}: {expression}"
        if agrees(kind, answer, expected_kind, expected) == (gap in GAPS):
            ours = answer if "error" in answer else [f"-- {kind}"] + [shown(row[0]) for row in answer["rows"]]
            wrong.append(f"{gap}\n    spark {[expected_kind, *expected]}\n    weir  {ours}" + ("\n    (a known gap no more)" if gap in GAPS else ""))
    assert done.returncode == 0 and len(answers) == len(blocks), done.stderr[-2000:]
    assert not wrong, "\n" + "\n".join(wrong)
