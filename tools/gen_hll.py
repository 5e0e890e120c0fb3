#!/usr/bin/env python3
"""The bias tables of HyperLogLog++ as C: gen_hll.py OUTPUT.c hyperloglog_const.py

The tables are those of the paper's appendix (Heule, Nunkesser, Hall: HyperLogLog in Practice), for precisions 4 to 18, as PyPI's
`datasketch` has them: lists `_raw_estimate` and `_bias` of numpy arrays. src/back/duckdb/hll_tables.h declares what is written.
"""
import ast
import pathlib
import sys


def tables(path):
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in ("_raw_estimate", "_bias"):
            yield statement.targets[0].id, [ast.literal_eval(array.args[0]) for array in statement.value.elts]


def main():
    out, source = map(pathlib.Path, sys.argv[1:])
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
    out.write_text("\n".join(lines))


main()
