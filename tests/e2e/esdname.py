#!/usr/bin/env python3
"""The daemon under the name esd: the original's options, the byte and the
signal for who starts it, its end with the last client, and its signals; then
our libesd starts the real one by itself."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from daemon import BUILD, KEY, PATIENCE, Client, check, free_port, until
from net import Remote

SPAWN = BUILD / "tests/libesd/spawn"


class Esd:
    """A home with an `esd` in it, which is the real daemon."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="esdmixd-esd-"))
        (self.dir / "run").mkdir(mode=0o700)
        (self.dir / "esd").symlink_to(BUILD / "esdmixd")
        (self.dir / ".esd_auth").write_bytes(KEY)
        (self.dir / ".esd_auth").chmod(0o600)
        (self.dir / "config" / "esdmixd").mkdir(parents=True)
        # Not where this user's programs look.
        (self.dir / "config/esdmixd/esdmixd.conf").write_text(
            "legacy-sockets = no\n")
        self.socket = self.dir / "run/esdmixd/socket"
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("ESPEAKER", "DISPLAY", "AUDIODEV")
                    and not name.startswith("ESD_")}
        self.env.update(HOME=str(self.dir),
                        XDG_RUNTIME_DIR=str(self.dir / "run"),
                        XDG_CONFIG_HOME=str(self.dir / "config"))
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir)

    def start(self, *words, **more):
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(
                [str(self.dir / "esd"), "-d", "null", *map(str, words)],
                env=self.env, stderr=log, **more)
        return self.process

    def ready(self):
        until("esd is ready", lambda: "ready on" in self.log())

    def log(self):
        return (self.dir / "log").read_text()

    def says(self, *words):
        until(f"the log says {words}", lambda: all(
            word in self.log() for word in words))

    def ended(self, expected=0):
        status = self.process.wait(PATIENCE)
        check(status == expected, f"esd ended with {status}: {self.log()}")


def words():
    with Esd() as esd:
        for word, said in (("-v", "Esound version 0.2.41"), ("-h", "usage:")):
            done = subprocess.run([str(esd.dir / "esd"), word], text=True,
                                  env=esd.env, capture_output=True)
            check(done.returncode == 0 and said in done.stderr and
                  not done.stdout, f"{word}: {done}")
        port = free_port()
        esd.start("-nobeeps", "-b", "-x", "-r", "0", "-tcp", "-port", port)
        esd.ready()
        check("-x: unknown option; ignored" in esd.log() and
              "'0' is not a number" in esd.log(), esd.log())
        with Remote(("127.0.0.1", port)) as client:
            client.server_info()
        with Client(esd.socket) as client:
            client.server_info()
        esd.process.terminate()
        esd.ended()
    with Esd() as esd:  # default_options come first
        port = free_port()
        (esd.dir / ".esd.conf").write_text(
            f"default_options=-tcp -port {port}\n")
        esd.start()
        esd.ready()
        Remote(("127.0.0.1", port)).close()
        esd.process.terminate()
        esd.ended()
    print("the original's options, and default_options: taken")


def spawned():
    with Esd() as esd:
        ours, theirs = os.pipe()
        begun = time.monotonic()
        esd.start("-as", 0, "-terminate", "-spawnfd", theirs,
                  pass_fds=[theirs])
        os.close(theirs)
        check(os.read(ours, 1) == b"\1", "no 1 came")
        took = time.monotonic() - begun
        with Client(esd.socket) as client:
            client.server_info()
            check(os.read(ours, 1) == b"", "the descriptor stayed open")
        esd.ended()  # for the last client has gone
        os.close(ours)
    with Esd() as esd:  # a port that is taken: 0
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ours, theirs = os.pipe()
            esd.start("-tcp", "-port", taken.getsockname()[1], "-spawnfd",
                      theirs, pass_fds=[theirs])
            os.close(theirs)
            check(os.read(ours, 1) == b"\0", "no 0 came")
            os.close(ours)
            esd.ended(1)
    # Children get what is blocked from us.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    with Esd() as esd:
        esd.start("-spawnpid", os.getpid())
        check(signal.sigtimedwait([signal.SIGUSR1], PATIENCE) is not None,
              "no SIGUSR1 came")
        esd.ready()
        esd.process.terminate()
        esd.ended()
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    print(f"-spawnfd: 1 after {took * 1000:.0f} ms, 0 on failure; -spawnpid; "
          "-terminate")


def signals():
    with Esd() as esd:
        esd.start()
        esd.says("ready on", "playing at")
        with Client(esd.socket) as client:
            esd.process.send_signal(signal.SIGHUP)
            esd.says("goes on")
            esd.process.send_signal(signal.SIGUSR1)
            esd.says("opening the device again", "released")
            until("the device is open again",
                  lambda: esd.log().count("playing at") == 2)
            client.server_info()
        esd.process.terminate()
        esd.ended()
    print("SIGHUP changes nothing, SIGUSR1 opens the device again")


def by_libesd():
    """spawn's library looks for ./esd."""
    if not SPAWN.exists():
        print("no tests/libesd/spawn: left out")
        return
    paths = [f"/tmp/.esd-{os.getuid()}/socket", "/tmp/.esd/socket"]
    for family, where in [*((socket.AF_UNIX, path) for path in paths),
                          (socket.AF_INET, ("127.0.0.1", 16001))]:
        with socket.socket(family) as probe:
            if probe.connect_ex(where) == 0:
                print("a server runs on this machine: none can be started")
                return
    with Esd() as esd:
        (esd.dir / "esd.conf").write_text(
            "spawn_wait_ms=10000\nspawn_options=-d null -terminate -as 0\n")
        done = subprocess.run([str(SPAWN), "open"], cwd=esd.dir, env=esd.env,
                              text=True, capture_output=True, timeout=60)
        check(done.stdout.strip() == "open", f"not started by libesd: {done}")
        until("it ends with its last client",
              lambda: not esd.socket.exists())
    print("libesd starts the real one, which ends with its client")


def main():
    words()
    spawned()
    signals()
    by_libesd()


if __name__ == "__main__":
    main()
