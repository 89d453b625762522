#!/usr/bin/env python3
"""The sockets where old programs look, under /tmp: in a /tmp of our own, which
takes a mount namespace."""

import os
import pathlib
import signal
import stat
import subprocess
import sys

from daemon import BUILD, KEY, Client, check, until
from private import enter

OURS = pathlib.Path(f"/tmp/.esd-{os.getuid()}")
SHARED = pathlib.Path("/tmp/.esd")
NOBODY = 65534


class Daemon:
    """Listens on those sockets and no others."""

    def __init__(self):
        self.home = pathlib.Path("/tmp/home")
        self.home.mkdir(exist_ok=True)
        cookie = self.home / ".esd_auth"
        cookie.write_bytes(KEY)
        cookie.chmod(0o600)
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("XDG_RUNTIME_DIR", "ESPEAKER", "DISPLAY",
                                    "AUDIODEV")}
        self.env["HOME"] = str(self.home)
        self.log_file = self.home / "log"
        with open(self.log_file, "w") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "esdmixd"), "-d", "null"], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("it is ready or has ended", lambda: "ready on" in self.log() or
              self.process.poll() is not None)

    def log(self):
        return self.log_file.read_text()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.log(), file=sys.stderr)
        self.process.terminate()
        status = self.process.wait(10)
        if kind is None:
            check(status == 0, f"it ended with {status}: {self.log()}")


def answers(directory):
    with Client(directory / "socket") as client:
        return client.server_info()[0] == 0


def both():
    with Daemon() as daemon:
        for directory in (OURS, SHARED):
            mode = stat.S_IMODE(directory.stat().st_mode)
            check(mode == 0o700 and answers(directory),
                  f"{directory} has mode {mode:o}, or nobody answers")
        done = subprocess.run([str(BUILD / "esdctl"), "serverinfo"],
                              env=daemon.env, capture_output=True)
        check(done.returncode == 0, f"esdctl does not find it: {done}")
        with open("/tmp/home/log2", "w") as log:
            second = subprocess.run([str(BUILD / "esdmixd"), "-d", "null"],
                                    env=daemon.env, stderr=log, timeout=20)
        said = pathlib.Path("/tmp/home/log2").read_text()
        check(second.returncode == 1 and said.count("\n") == 1 and
              "another server answers" in said, f"a second one: {said}")
        check(answers(OURS) and answers(SHARED), "the first one was disturbed")
    check(not OURS.exists() and not SHARED.exists(), "directories are left")
    print("both sockets, ours alone, gone afterwards; a second daemon is told")


def stale():
    """Killed, it leaves sockets that the next one replaces."""
    daemon = Daemon()
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    check((OURS / "socket").exists(), "nothing is left to be replaced")
    with Daemon():
        check(answers(OURS) and answers(SHARED), "a stale socket stays")
    for directory in (OURS, SHARED):  # it did not make them
        check(list(directory.iterdir()) == [], f"left in {directory}")
        directory.rmdir()
    print("stale sockets are replaced")


def others():
    """What somebody else made first is neither used nor changed."""
    if os.geteuid() != 0:
        return
    elsewhere = pathlib.Path("/tmp/elsewhere")
    elsewhere.mkdir()
    SHARED.symlink_to(elsewhere)
    OURS.mkdir()
    os.chown(OURS, NOBODY, NOBODY)
    daemon = Daemon()
    check(daemon.process.wait(10) == 1, "it runs without any socket")
    for path, why in ((OURS, f"belongs to user {NOBODY}"),
                      (SHARED, "links are not followed")):
        check(any(str(path) in line and why in line
                  for line in daemon.log().splitlines()), daemon.log())
    check(not list(elsewhere.iterdir()) and not list(OURS.iterdir()),
          "something was made there")
    print("another user's directory, a link: left alone")


def main():
    enter(__file__, "/tmp")
    both()
    stale()
    others()


if __name__ == "__main__":
    main()
