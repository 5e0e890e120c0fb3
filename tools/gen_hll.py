#!/usr/bin/env python3
"""The tables of HyperLogLog++ and of DataSketches' HyperLogLog as C: gen_hll.py OUTPUT.c hyperloglog_const.py XTABLE.hpp CUBIC.hpp

The tables are those of the paper's appendix (Heule, Nunkesser, Hall: HyperLogLog in Practice), for precisions 4 to 18, as PyPI's
`datasketch` has them: lists `_raw_estimate` and `_bias` of numpy arrays. The others are arrays of numbers in the C++ headers of PyPI's
`datasketches`. src/back/duckdb/hll_tables.h declares what is written.
"""
import ast
import pathlib
import re
import sys


def tables(path):
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in ("_raw_estimate", "_bias"):
            yield statement.targets[0].id, [ast.literal_eval(array.args[0]) for array in statement.value.elts]


def numbers(path, name, count):
    """The numbers of the array `name` of a C++ header."""
    body = re.search(re.escape(name) + r"(\[[^\]]*\])+\s*=\s*(\{.*?\});", path.read_text(), re.DOTALL).group(2)
    found = re.findall(r"[0-9][0-9.]*", re.sub(r"//.*", "", body))
    if len(found) != count:
        sys.exit(f"gen_hll: {path}: {name} has {len(found)} numbers, not {count}")
    return ", ".join(found)


def sketch_tables(table, cubic):
    for name, path, array, count, shape in (("x", table, "xArray", 18 * 257, "[18][257]"), ("strides", table, "yStrides", 18, "[18]")):
        values = numbers(path, array, count).split(", ")
        rows = [", ".join(values[i:i + 257]) for i in range(0, count, 257)]
        yield f"const double hll_sketch_{name}{shape} = {{ {', '.join(f'{{ {row} }}' for row in rows) if shape.count('[') == 2 else rows[0]} }};"
    for name, array in (("x", "xArrComputed"), ("y", "yArrComputed")):
        yield f"const double hll_coupon_{name}[40] = {{ {numbers(cubic, array, 40)} }};"


def main():
    out, source, table, cubic = map(pathlib.Path, sys.argv[1:])
    found = dict(tables(source))
    estimates, biases = found["_raw_estimate"], found["_bias"]
    if len(estimates) != 15 or [len(e) for e in estimates] != [len(b) for b in biases]:
        sys.exit(f"gen_hll: {source} has not the tables of precisions 4 to 18")
    lines = ['#include "back/duckdb/hll_tables.h"\n']
    for i, (estimate, bias) in enumerate(zip(estimates, biases)):
        for name, values in (("estimates", estimate), ("biases", bias)):
            lines.append(f"static const double {name}_{i + 4}[] = {{ {', '.join(repr(float(v)) for v in values)} }};")
    rows = ", ".join(f"{{ {len(e)}, estimates_{i + 4}, biases_{i + 4} }}" for i, e in enumerate(estimates))
    lines.append(f"const HllTable hll_tables[] = {{ {rows} }};\n")
    lines.extend(sketch_tables(table, cubic))
    out.write_text("\n".join(lines))


main()
