#!/usr/bin/env python3
"""Makes protobuf-c code of the Spark Connect protocol and of google.rpc, from the descriptors that their Python packages
carry: each *_pb2.py holds its file's serialized descriptor as one literal, in a call of AddSerializedFile().

    gen_protos.py FOLDER OUT NAME...    FOLDER has the *_pb2.py files; NAME.pb-c.c and NAME.pb-c.h are made in OUT/proto/

All files land in one flat folder, so NAME must be unique over the packages. protoc-c refuses proto3's optional fields, so
every file is turned into proto2: there each scalar has its has_x. Packing is proto3's default and is asked for, and so is ""
for a string that is not there, but for optional ones. The bytes on the wire stay the same.
"""
import ast
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
UNPACKABLE = {FIELD.TYPE_STRING, FIELD.TYPE_BYTES, FIELD.TYPE_MESSAGE, FIELD.TYPE_GROUP}


def read_descriptor(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "AddSerializedFile":
            return descriptor_pb2.FileDescriptorProto.FromString(ast.literal_eval(node.args[0]))
    sys.exit(f"{path}: no AddSerializedFile() call")


def to_proto2(message):
    for field in message.field:
        if field.proto3_optional:
            field.ClearField("proto3_optional")
            field.ClearField("oneof_index")
        elif field.type == FIELD.TYPE_STRING and field.label != FIELD.LABEL_REPEATED and not field.HasField("oneof_index"):
            field.default_value = ""
        if field.label == FIELD.LABEL_REPEATED and field.type not in UNPACKABLE:
            field.options.packed = True
    # The oneofs made up for optional fields come last: what no field names any more goes.
    used = 1 + max((field.oneof_index for field in message.field if field.HasField("oneof_index")), default=-1)
    del message.oneof_decl[used:]
    for nested in message.nested_type:
        to_proto2(nested)


def flat(proto_name):
    return "proto/" + proto_name.rpartition("/")[2]


def main():
    folder, out, names = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    paths = {path.name.removesuffix("_pb2.py"): path for path in sorted(folder.rglob("*_pb2.py"))}
    files = descriptor_pb2.FileDescriptorSet()
    for name in names:
        if name not in paths:
            sys.exit(f"no {name}_pb2.py in {folder}")
        file = read_descriptor(paths[name])
        file.name = flat(file.name)
        file.dependency[:] = [flat(dependency) for dependency in file.dependency]
        file.syntax = "proto2"
        for message in file.message_type:
            to_proto2(message)
        files.file.append(file)
    # protoc wants each file after those that it imports.
    ordered, waiting = descriptor_pb2.FileDescriptorSet(), list(files.file)
    while waiting:
        done = {file.name for file in ordered.file}
        ready = [file for file in waiting if set(file.dependency) <= done]
        if not ready:
            sys.exit(f"imports that are not given: {[d for f in waiting for d in f.dependency if d not in done]}")
        ordered.file.extend(ready)
        waiting = [file for file in waiting if file not in ready]
    with tempfile.NamedTemporaryFile(suffix=".pb") as descriptors:
        descriptors.write(ordered.SerializeToString())
        descriptors.flush()
        subprocess.run(["protoc", f"--descriptor_set_in={descriptors.name}", f"--c_out={out}",
                        *(file.name for file in ordered.file)], check=True)


if __name__ == "__main__":
    main()
