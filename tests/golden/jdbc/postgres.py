"""A PostgreSQL server of one's own, in a temporary folder, on a free port of the loopback."""
import glob
import os
import shutil
import socket
import subprocess
import time

USER, PASSWORD = "weir", "it's 100% \\secret"


def binaries():
    """The folder of the server's programs; None: there is no server on this machine."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: int(p.split("/")[4].split(".")[0]))
    own = shutil.which("initdb")
    return os.path.dirname(found[-1] if found else own) if found or own else None


class Server:
    def __init__(self, folder):
        self.bin, self.folder = binaries(), str(folder)
        # The server refuses to run as root.
        self.user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        os.makedirs(self.folder, exist_ok=True)
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as f:
            f.write(PASSWORD + "\n")
        if self.user:
            for path in (self.folder, secret):
                shutil.chown(path, "nobody", "nogroup")
        self.data = os.path.join(self.folder, "data")
        self.run("initdb", "-D", self.data, "-U", USER, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "log_statement=all", "-c", "timezone=UTC"],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=self.folder, **self.user)
        self.url = f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"
        until = time.monotonic() + 30
        while self.psql("select 1", check=False).returncode:
            assert self.process.poll() is None and time.monotonic() < until, self.text()
            time.sleep(0.05)

    def run(self, name, *arguments):
        subprocess.run([os.path.join(self.bin, name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd=self.folder,
                       env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}, **self.user)

    def psql(self, sql, check=True):
        done = subprocess.run([os.path.join(self.bin, "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "postgres"],
                              input=sql, text=True, capture_output=True, env={**os.environ, "PGPASSWORD": PASSWORD})
        assert not check or done.returncode == 0, done.stderr
        return done

    def ask(self, sql):
        return self.psql(sql).stdout.strip()

    def text(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
