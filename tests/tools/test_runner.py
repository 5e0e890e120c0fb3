"""The test runner loses no result: what crashes, hangs, leaks or holds no test has failed."""
import importlib.machinery
import importlib.util
import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def load_runner():
    loader = importlib.machinery.SourceFileLoader("runner", str(TOP / "tools" / "test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
    loader.exec_module(module)
    return module


runner = load_runner()


def unit(script, timeout_s=20):
    code, output = runner.run_alone([sys.executable, "-c", script], dict(os.environ), timeout_s)
    return runner.cmocka_results("x", code, output)


def test_counts_what_cmocka_says():
    done = unit("""print('''[==========] Running 3 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
needs a network namespace
[  SKIPPED ] b
[ RUN      ] c
[  LINE   ] --- x.c:7: error: Failure!
[  FAILED  ] c
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] b
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] c'''); raise SystemExit(1)""")
    assert done.passed == 1
    assert done.skipped == [("unit/x: b", "needs a network namespace")]
    assert done.failed == [("unit/x: c", "failed")]


def test_a_crash_fails_the_test_that_ran():
    done = unit("import os; print('[ RUN      ] a', flush=True); os.abort()")
    assert done.failed == [("unit/x: a", "died of signal 6")]


def test_a_report_at_the_end_fails():
    done = unit("print('[ RUN      ] a\\n[       OK ] a'); raise SystemExit(23)")
    assert done.passed == 1 and done.failed == [("unit/x", "ended with 23")]


def test_a_hang_fails():
    done = unit("import time; print('[ RUN      ] a', flush=True); time.sleep(60)", timeout_s=1)
    assert done.failed == [("unit/x: a", "took too long")]


def test_a_file_without_a_test_fails():
    assert unit("pass").failed == [("unit/x", "ran no test")]


def test_pytest_without_a_report_fails(tmp_path):
    assert runner.pytest_results("api", tmp_path / "none.xml", -9).failed == [("api", "pytest ended with -9 and no report")]
