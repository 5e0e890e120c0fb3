#!/usr/bin/env python3
"""The kept inputs of a fuzzer as files, and files as kept inputs.

    tests/fuzz/corpus.py unpack NAME FOLDER         corpus/NAME/, NAME.lines and NAME.b64 as a file each; for bind and sql also the
                                                    statements of tests/golden, for file its data files
    tests/fuzz/corpus.py pack FOLDER MOST_BYTES     base64 lines on stdout, the shortest inputs first, as many as fit
"""
import base64
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
PREFIX = {"bind": b"", "sql": b"\0"}  # what stands before a statement in an input of the fuzzer


def kept(name):
    folder, lines, b64 = HERE / "corpus" / name, HERE / f"corpus/{name}.lines", HERE / f"corpus/{name}.b64"
    if folder.is_dir():
        yield from (path.read_bytes() for path in folder.iterdir())
    for path, read in ((lines, bytes), (b64, base64.b64decode)):
        if path.exists():
            yield from (read(line) for line in path.read_bytes().split(b"\n") if line and not line.startswith(b"--"))


def statements():
    """What the golden tests ask: the first line of each block."""
    for path in sorted(GOLDEN.glob("functions/*.test")) + sorted(GOLDEN.glob("bind/*.test")):
        for block in path.read_text().split("\n\n"):
            lines = [line for line in block.split("\n") if line and not line.startswith(("#", "--", "SET "))]
            if lines:
                yield lines[0] if lines[0].lower().startswith(("select ", "with ", "from ", "values ")) else f"SELECT {lines[0]}"


def data_files():
    """ORC and Avro files that real Spark wrote; the two bytes before say format and options (fuzz_file.c)."""
    for group in json.loads((GOLDEN / "datasource/files.json").read_text()).values():
        for name, content in group.items():
            kind = {"orc": b"\0\0", "avro": b"\1\0"}.get(name.rsplit(".", 1)[-1])
            if kind and len(content) < 12000:
                yield kind + base64.b64decode(content)


def main():
    if sys.argv[1] == "unpack":
        name, out = sys.argv[2], pathlib.Path(sys.argv[3])
        out.mkdir(parents=True, exist_ok=True)
        inputs = list(kept(name))
        if name in PREFIX:
            inputs += [PREFIX[name] + text.encode() for text in statements()]
        if name == "file":
            inputs += data_files()
        for one in inputs:
            (out / hashlib.sha1(one).hexdigest()).write_bytes(one)
        return
    room = int(sys.argv[3])
    for one in sorted((path.read_bytes() for path in pathlib.Path(sys.argv[2]).iterdir()), key=lambda one: (len(one), one)):
        line = base64.b64encode(one).decode()
        room -= len(line) + 1
        if room < 0:
            break
        print(line)


if __name__ == "__main__":
    main()
