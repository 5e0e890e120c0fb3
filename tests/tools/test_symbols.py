"""Folders are static libraries: of two functions with one name the linker would take either, without a word."""
import collections
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/release"))


def test_no_name_is_defined_twice():
    libraries = sorted((BUILD / "src").glob("*.a"))
    assert len(libraries) > 5
    where = collections.defaultdict(set)
    for library in libraries:
        for line in subprocess.run(["nm", "-g", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines():
            parts = line.split()
            if len(parts) == 3 and parts[1] in "TDBRC":
                where[parts[2]].add(library.name)
    assert {name: places for name, places in where.items() if len(places) > 1} == {}
