"""Frames between the driver and a worker: four bytes of length (big-endian), one byte of kind, the payload.

To the worker:   T task (JSON) · C command (pickle, one per function) · S schema of the input · B batch · E end of the input
To the driver:   B batch · R answer (JSON) · A profile (pickle) · D done · X exception (JSON: class, message)
Schemas and batches are Arrow IPC streams, each whole in itself. The driver's side is src/driver/udf_worker.c."""

import struct

import pyarrow as pa

HEAD = struct.Struct("!IB")


class Ended(BaseException):
    """The driver is gone, or wants no more of this task."""


class Channel:
    """Reads are buffered, what is written goes out at once: the other side may be waiting for it."""

    def __init__(self, sock):
        self._sock = sock
        self._file = sock.makefile("rb", 1 << 16)

    def read(self):
        """(kind, payload), or (None, b"") when the driver is gone."""
        try:
            head = self._file.read(HEAD.size)
            if len(head) < HEAD.size:
                return None, b""
            size, kind = HEAD.unpack(head)
            payload = self._file.read(size)
        except ConnectionError:
            return None, b""
        return (chr(kind), payload) if len(payload) == size else (None, b"")

    def write(self, kind, payload=b""):
        head = HEAD.pack(len(payload), ord(kind))
        try:
            if len(payload) < 1 << 16:
                self._sock.sendall(head + bytes(payload))
            else:
                self._sock.sendall(head)
                self._sock.sendall(payload)
        except ConnectionError:
            raise Ended

    def write_batch(self, batch):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        self.write("B", memoryview(sink.getvalue()))


def read_batch(payload):
    return next(iter(pa.ipc.open_stream(payload)))


def read_schema(payload):
    return pa.ipc.open_stream(payload).schema
