"""The kept inputs of every fuzzer, replayed on its build without libFuzzer: corpus/NAME/ and, one a line, corpus/NAME.lines and NAME.b64."""
import os
import pathlib
import re
import resource
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", HERE.parent.parent / "build" / "asan")) / "tests/fuzz"
NAMES = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
DEEP_STACK_BYTES = 256 * 1024 * 1024  # plans are walked by recursion; the server's threads have deep stacks too


def kept(name):
    return [path for path in (HERE / "corpus" / name, HERE / f"corpus/{name}.lines", HERE / f"corpus/{name}.b64") if path.exists()]


def deep_stack():
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (DEEP_STACK_BYTES if hard == resource.RLIM_INFINITY else min(DEEP_STACK_BYTES, hard), hard))


@pytest.mark.parametrize("name", NAMES)
def test_kept_inputs(name):
    inputs = kept(name)
    assert inputs, f"tests/fuzz/corpus/{name} is missing"
    done = subprocess.run([BUILD / f"replay_{name}", *inputs], capture_output=True, text=True, errors="replace", timeout=120,
                          env=os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":allocator_may_return_null=1"},
                          preexec_fn=deep_stack)
    assert done.returncode == 0 and re.match(r"\d+ inputs$", done.stdout), f"{done.returncode}: {done.stderr[-3000:]}"
