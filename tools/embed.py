#!/usr/bin/env python3
"""Puts files into the binary: makes NAME.c and NAME.h with a table of the files given.

    embed.py OUT/NAME.c OUT/NAME.h FILE...

In meson: custom_target('schema_files', input: files('schema/001.sql'), output: ['schema_files.c', 'schema_files.h'],
kwargs: embed). In C: schema_files[i].name is the file's base name, .data its bytes (a 0 follows), .size_bytes its size;
schema_files_count is their number. They stand in the order given.
"""
import pathlib
import sys


def main():
    source, header, paths = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [pathlib.Path(p) for p in sys.argv[3:]]
    name = header.stem
    header.write_text(
        f"/* Made by tools/embed.py. */\n#pragma once\n#include <stddef.h>\n\n"
        f"struct {name}_file {{\n    const char *name;\n    const char *data; /* a 0 follows the last byte */\n"
        f"    size_t size_bytes;\n}};\n"
        f"extern const struct {name}_file {name}[{len(paths)}];\nextern const size_t {name}_count;\n")
    with source.open("w") as out:
        out.write(f'/* Made by tools/embed.py. */\n#include "{header.name}"\n\n')
        for number, path in enumerate(paths):
            data = path.read_bytes() + b"\0"
            out.write(f"static const unsigned char file_{number}[] = {{")
            for at in range(0, len(data), 32):
                out.write("\n" + ",".join(str(byte) for byte in data[at:at + 32]) + ",")
            out.write("\n};\n")
        out.write(f"const struct {name}_file {name}[{len(paths)}] = {{\n")
        for number, path in enumerate(paths):
            out.write(f'    {{"{path.name}", (const char *)file_{number}, sizeof file_{number} - 1}},\n')
        out.write(f"}};\nconst size_t {name}_count = {len(paths)};\n")


if __name__ == "__main__":
    main()
