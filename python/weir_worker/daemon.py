"""The fork server of an application's workers: one process that has imported what all need, and forks in milliseconds.

The driver holds the other end of the control socket (its number is argv[1]). Requests: b"W" with a socket makes a worker
on it and is answered by its pid (4 bytes, big-endian); b"K" with a pid (4 bytes) kills that worker. When the driver is
gone, however it ended, all workers are killed."""

import ctypes
import gc
import os
import select
import signal
import socket
import struct
import sys

PR_SET_PDEATHSIG = 1


def reap(workers):
    while workers:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            workers.clear()
            return
        if pid == 0:
            return
        workers.discard(pid)


def kill(workers, pid):
    if pid in workers:  # not reaped yet: the number is still its own
        os.kill(pid, signal.SIGKILL)


def become_worker(control, libc, parent, fd, memory_bytes):
    control.close()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    from weir_worker import task

    code = 1
    try:
        task.serve(socket.socket(fileno=fd), memory_bytes)
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def handle(control, libc, workers, memory_bytes):
    """False when the driver is gone."""
    data, fds, _, _ = socket.recv_fds(control, 5, 1)
    if not data:
        return False
    if data[:1] == b"K":
        while len(data) < 5:
            more = control.recv(5 - len(data))
            if not more:
                return False
            data += more
        kill(workers, struct.unpack("!I", data[1:5])[0])
        return True
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        become_worker(control, libc, parent, fds[0], memory_bytes)
    workers.add(pid)
    for fd in fds:
        os.close(fd)
    control.sendall(struct.pack("!I", pid))
    return True


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    memory_bytes = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    os.dup2(2, 1)  # what functions print belongs to the log
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = ctypes.CDLL(None)
    import weir_classic  # functions may import modules written for the classic API

    weir_classic.install()
    from weir_worker import task  # noqa: F401  what every worker needs, once

    task.warm()
    gc.collect()
    gc.freeze()
    wake_r, wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_w)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    workers = set()
    going = True
    while going:
        ready, _, _ = select.select([control, wake_r], [], [])
        if wake_r in ready:
            os.read(wake_r, 4096)
        reap(workers)
        if control in ready:
            going = handle(control, libc, workers, memory_bytes)
    for pid in workers:
        kill(workers, pid)


if __name__ == "__main__":
    main()
