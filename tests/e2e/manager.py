#!/usr/bin/env python3
"""What a service manager does: it hands over sockets, to which clients may
have come already, and is told when we are ready and when we stop."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile

from daemon import BUILD, KEY, Client, check, together, until

ANSWER = 30  # seconds


class Manager:
    """Starts the daemon as one does.

    sockets  handed over, in that order
    count    what it is told of them, if that is something else
    pid      likewise, whose they are
    """

    def __init__(self, home, sockets, *options, count=None, pid="$$"):
        cookie = home / ".esd_auth"
        cookie.write_bytes(KEY)
        cookie.chmod(0o600)
        self.log_file = home / "log"
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.settimeout(ANSWER)
        self.notices.bind(str(home / "notify"))
        env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": "",
               "LOGNAME": home.name, "NOTIFY_SOCKET": str(home / "notify")}
        fds = [one.fileno() for one in sockets]
        # Out of the way first: one of them may be where another goes.
        moves = "".join(f"exec {20 + i}<&{fd}; " for i, fd in enumerate(fds))
        moves += "".join(f"exec {3 + i}<&{20 + i} {20 + i}<&-; "
                         for i in range(len(fds)))
        with open(self.log_file, "w") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", f"{moves} LISTEN_PID={pid} LISTEN_FDS="
                 f'{len(fds) if count is None else count} exec "$@"', "bash",
                 str(BUILD / "esdmixd"), "-d", "null", "--no-arts",
                 "--no-legacy-sockets", "--config", "/dev/null",
                 *map(str, options)],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=fds)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            check(self.notices.recv(100) == b"READY=1", "what it told first")
            self.process.terminate()
            check(self.notices.recv(100) == b"STOPPING=1", "what it told last")
            check(self.process.wait(30) == 0, self.log())
        else:
            print(self.log())
            self.process.kill()
            self.process.wait()
        self.notices.close()

    def log(self):
        return self.log_file.read_text()

    def refuses(self, *words):
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.notices.close()
        check(status == 1 and self.log().count("\n") == 1 and
              all(word in self.log() for word in words),
              f"{status}: {self.log()}")
        print(self.log().strip())


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory(prefix="esdmixd-manager-") as name:
        yield pathlib.Path(name)


def listener(path, kind=socket.SOCK_STREAM):
    one = socket.socket(socket.AF_UNIX, kind)
    one.bind(str(path))
    if kind == socket.SOCK_STREAM:
        one.listen(8)
    return one


def handed_over():
    """Both kinds; who came before the daemon is served, too."""
    with place() as home, listener(home / "given") as local, \
            socket.socket() as inet:
        inet.bind(("127.0.0.1", 0))
        inet.listen(8)
        early = Client(home / "given", shake=False)
        with Manager(home, [local, inet], "--socket", home / "given") as daemon:
            with early, Client(home / "given") as late:
                early.send(KEY + early.ints(0x454E444E))
                check(early.read_ints(1) == (1,) and
                      early.server_info()[0] == 0, "who came early")
                check(late.server_info()[0] == 0, "who came late")
            with socket.create_connection(inet.getsockname()) as remote:
                remote.settimeout(30)
                remote.sendall(bytes(16) + b"NDNE")
                check(remote.recv(4) in (bytes(4), b""),
                      "by TCP, without the key")
            until("it is ready", lambda: "ready on" in daemon.log(), 30)
            port = inet.getsockname()[1]
            check(f"ready on {home}/given, 127.0.0.1:{port}\n" in daemon.log(),
                  daemon.log())
        check((home / "given").exists(), "the manager's file was removed")
    print("sockets handed over: both kinds, early clients, not ours to remove")


def others_besides():
    """What is not handed over is opened as ever."""
    with place() as home, listener(home / "given") as local:
        with Manager(home, [local], "--socket", home / "own" / "socket") as \
                daemon:
            until("it is ready", lambda: "ready on" in daemon.log(), 30)
            for path in home / "given", home / "own" / "socket":
                with Client(path) as client:
                    check(client.server_info()[0] == 0, f"{path}")
    print("its own sockets besides")


def somebody_elses():
    """The environment was left behind by whoever started us."""
    with place() as home, listener(home / "given") as local:
        with Manager(home, [local], "--socket", home / "own" / "socket",
                     pid=1) as daemon:
            until("it is ready", lambda: "ready on" in daemon.log(), 30)
            check("given" not in daemon.log(), daemon.log())
    print("LISTEN_PID of somebody else: not ours")


def refused():
    with place() as home, \
            listener(home / "datagrams", socket.SOCK_DGRAM) as wrong:
        Manager(home, [wrong]).refuses("descriptor 3", "ListenStream")
    with place() as home:
        Manager(home, [], count=9).refuses("LISTEN_FDS=9", "more than 8")
    with place() as home:
        Manager(home, []).refuses("no socket to listen on")


def main():
    together(handed_over, others_besides, somebody_elses, refused)


if __name__ == "__main__":
    main()
