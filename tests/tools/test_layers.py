"""Who may include whom: src/ keeps to layers.txt, and a breach would be found."""
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


def layers(src):
    return subprocess.run([TOP / "tools" / "layers", src], capture_output=True, text=True)


def test_src_keeps_to_its_layers():
    done = layers(TOP / "src")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("user, used, right", [
    ("os/http.c", "base/str.h", True),
    ("base/str.c", "os/http.h", False),
    ("front/sql/parse.c", "ir/node.h", True),
    ("front/sql/parse.c", "front/front.h", True),
    ("front/sql/parse.c", "front/connect/plan.h", False),
    ("front/front.c", "front/sql/parse.h", False),
    ("svc/s3/get.c", "svc/svc.h", True),
    ("svc/s3/get.c", "svc/s3/s3.h", True),
    ("svc/s3/get.c", "svc/emr/emr.h", False),
    ("svc/svc.c", "svc/emr/emr.h", False),
    ("api/dispatch.c", "svc/emr/emr.h", True),
    ("driver/session.c", "step/queue.h", False),
    ("driver/session.c", "proto/base.pb-c.h", True),
    ("app/main.c", "weir_config.h", True),
    ("app/main.c", "options.h", False),
    ("attic/old.c", "base/str.h", False),
])
def test_rules(tmp_path, user, used, right):
    (tmp_path / "layers.txt").write_text((TOP / "src" / "layers.txt").read_text())
    files = {user: f'#include <stdio.h>\n#include "{used}"\n'} | ({used: ""} if "/" in used else {})
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = layers(tmp_path)
    assert (done.returncode == 0) == right, done.stdout
    assert right or user in done.stdout
