#!/usr/bin/env python3
"""AWS service models (botocore's JSON) -> the tables of src/wire/model.h.

    gen_models.py OUT.c MODEL.json...

Numbers and offsets instead of pointers: the tables are read-only pages of the binary, without relocations at start. Texts
live once in one pool, by their offset. A service's id is its file name without '-'.
"""
import json
import pathlib
import sys

NONE = 0xFFFF
TYPES = ["structure", "list", "map", "string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"]
PROTOCOLS = {"json": 1, "query": 2, "ec2": 4, "rest-xml": 8, "rest-json": 16, "smithy-rpc-v2-cbor": 32}
LOCATIONS = {None: 0, "uri": 1, "querystring": 2, "header": 3, "headers": 4, "statusCode": 5}
TIMES = {None: 0, "iso8601": 1, "rfc822": 2, "unixTimestamp": 3}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]


class Pool:
    def __init__(self):
        self.offsets, self.texts, self.size = {}, [], 0
        self.add("")

    def add(self, text):
        text = text or ""
        if text not in self.offsets:
            self.offsets[text] = self.size
            self.texts.append(text)
            self.size += len(text.encode()) + 1
        return self.offsets[text]


# Where a service takes more than its model says: (service, shape, member) -> the shape that holds what it takes.
# ReceiveMessage's AttributeNames are those of messages ("This parameter has been discontinued but will be supported for backward
# compatibility", SQS API reference), not a queue's.
WIDER = {("sqs", "ReceiveMessageRequest", "AttributeNames"): "MessageSystemAttributeList"}


class Tables:
    def __init__(self):
        self.pool = Pool()
        self.services, self.operations, self.shapes, self.members = [], [], [], []
        self.enums, self.errors = [], []

    def add_service(self, identifier, model):
        meta = model["metadata"]
        names = sorted(model["shapes"])
        numbers = {name: len(self.shapes) + at for at, name in enumerate(names)}
        for (service, shape, member), wider in WIDER.items():
            if service == identifier:
                model["shapes"][shape]["members"][member]["shape"] = wider
        for name in names:
            self.add_shape(name, model["shapes"][name], numbers)
        first = len(self.operations)
        for name in sorted(model["operations"]):
            self.add_operation(name, model["operations"][name], numbers)
        text = self.pool.add
        protocols = sum(PROTOCOLS[p] for p in meta.get("protocols", [meta["protocol"]]))
        self.services.append([
            text(identifier), text(meta.get("signingName") or meta["endpointPrefix"]), text(meta["endpointPrefix"]),
            text(meta.get("targetPrefix")), text(meta["apiVersion"]), text(meta.get("xmlNamespace")),
            text(meta["serviceId"]), protocols, first, len(self.operations) - first,
            11 if meta.get("jsonVersion") == "1.1" else 10])

    def add_shape(self, name, shape, numbers):
        text = self.pool.add
        kind = TYPES.index(shape["type"])
        first = len(self.members)
        required = set(shape.get("required", []))
        members = shape.get("members", {})
        payload = NONE
        for at, (member, ref) in enumerate(members.items()):
            if shape.get("payload") == member:
                payload = at
            self.add_member(member, ref, numbers, member in required)
        for role in ("member", "key", "value"):
            if role in shape:
                self.add_member(role, shape[role], numbers, False)
        error = shape.get("error", {})
        enum_first = len(self.enums)
        self.enums += [text(value) for value in shape.get("enum", [])]
        flags = (1 * bool(shape.get("flattened")) | 2 * bool(shape.get("exception")) | 4 * bool(shape.get("union")) |
                 8 * bool(shape.get("wrapper")) | 16 * bool(shape.get("document")) | 32 * bool(shape.get("eventstream")) |
                 64 * bool(shape.get("sensitive")) | 128 * ("min" in shape) | 256 * ("max" in shape))
        self.shapes.append([
            text(name), kind, TIMES[shape.get("timestampFormat")], flags, first, len(self.members) - first, payload,
            enum_first, len(self.enums) - enum_first, shape.get("min", 0), shape.get("max", 0),
            text(error.get("code")), error.get("httpStatusCode", 0)])

    def add_member(self, name, ref, numbers, required):
        text = self.pool.add
        space = ref.get("xmlNamespace", {})
        flags = (1 * required | 2 * bool(ref.get("flattened")) | 4 * bool(ref.get("streaming")) |
                 8 * bool(ref.get("xmlAttribute")) | 16 * bool(ref.get("eventpayload")))
        self.members.append([
            text(name), text(ref.get("locationName")), text(ref.get("queryName")), text(space.get("uri")),
            numbers[ref["shape"]], LOCATIONS[ref.get("location")], flags, TIMES[ref.get("timestampFormat")]])

    def add_operation(self, name, operation, numbers):
        text = self.pool.add
        http, given, made = operation["http"], operation.get("input", {}), operation.get("output", {})
        first = len(self.errors)
        self.errors += [numbers[error["shape"]] for error in operation.get("errors", [])]
        flags = 1 * bool(operation.get("deprecated")) | 2 * (operation.get("authtype") == "none")
        self.operations.append([
            text(name), text(http.get("requestUri", "/")), text(made.get("resultWrapper")), text(given.get("locationName")),
            text(given.get("xmlNamespace", {}).get("uri")), METHODS.index(http.get("method", "POST")),
            http.get("responseCode", 200), numbers[given["shape"]] if given else NONE,
            numbers[made["shape"]] if made else NONE, first, len(self.errors) - first, flags])

    def write(self, path):
        with open(path, "w") as out:
            out.write('/* Made by tools/gen_models.py. */\n#include "wire/model.h"\n\n')
            for kind, name, rows in (("ModelService", "services", self.services),
                                     ("ModelOperation", "operations", self.operations),
                                     ("ModelShape", "shapes", self.shapes), ("ModelMember", "members", self.members)):
                out.write(f"const {kind} model_{name}[] = {{\n")
                for row in rows:
                    out.write("{" + ",".join(c_number(value) for value in row) + "},\n")
                out.write(f"}};\nconst size_t model_{name}_count = {len(rows)};\n\n")
            for kind, name, values in (("uint32_t", "enums", self.enums), ("uint16_t", "errors", self.errors)):
                out.write(f"const {kind} model_{name}[] = {{{','.join(map(str, values))}}};\n\n")
            out.write("const char model_texts[] =\n")
            for text in self.pool.texts:
                out.write(f"{c_string(text)}\n")
            out.write(";\n")


def c_number(value):
    number = int(value)
    # The most negative number has no literal in C.
    return f"(-{-number - 1}LL-1)" if number <= -2**63 else f"{number}LL" if abs(number) > 2**31 - 1 else str(number)


def c_string(text):
    plain = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{plain}\\0"'


def main():
    tables = Tables()
    for path in sorted(map(pathlib.Path, sys.argv[2:])):
        tables.add_service(path.stem.replace("-", ""), json.loads(path.read_text()))
    if len(tables.shapes) >= NONE:
        sys.exit("gen_models: more shapes than 16 bits number")
    tables.write(sys.argv[1])


if __name__ == "__main__":
    main()
