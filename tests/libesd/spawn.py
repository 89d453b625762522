#!/usr/bin/env python3
"""esd.conf, and the starting of a server that is not there.

The program is "all" with a library that looks for both in the directory where
it runs: tests/libesd/spawn in the build directory, or LIBESD_PROGRAMS/spawn.
The server, ./esd, is this file.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from peer import KEY, Peer  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ESDMIXD_BUILDDIR", "."))
PROGRAM = pathlib.Path(os.environ.get("LIBESD_PROGRAMS",
                                      BUILD / "tests/libesd")) / "spawn"
SKIPPED = 77
QUICK = 5.0  # seconds that nothing here takes, unless it waits in vain
BUILT_IN = "-terminate -nobeeps -as 2"


# --- the server -------------------------------------------------------------

def serve():
    """Writes down how it was started; then does what ESD_TEST says."""
    descriptors = {int(fd): os.readlink(f"/proc/self/fd/{fd}")
                   for fd in os.listdir("/proc/self/fd")
                   if os.path.exists(f"/proc/self/fd/{fd}")}
    ignored = next(line.split()[1] for line in open("/proc/self/status")
                   if line.startswith("SigBlk"))
    note = {"argv": sys.argv[1:], "pid": os.getpid(), "sid": os.getsid(0),
            "preload": os.environ.get("LD_PRELOAD"), "blocked": ignored,
            "descriptors": descriptors}
    pathlib.Path("note.new").write_text(json.dumps(note))
    os.rename("note.new", "note")
    what = os.environ.get("ESD_TEST")
    if what == "fail":
        return
    if what == "hang":
        time.sleep(60)
    path = pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / "esdmixd/socket"
    with Peer(path):
        os.write(int(sys.argv[-1]), b"\1")
        os.close(int(sys.argv[-1]))
        signal.sigwait({signal.SIGTERM})


# --- the tests --------------------------------------------------------------

def fail(sentence):
    sys.exit(f"spawn.py: FAIL: {sentence}")


def check(condition, sentence):
    if not condition:
        fail(sentence)


class Place:
    """A directory with a home, a configuration and a server."""

    def __init__(self, conf="", own_conf="", **env):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="libesd-spawn-"))
        (self.dir / "run").mkdir(mode=0o700)
        (self.dir / "esd.conf").write_text(conf)
        (self.dir / ".esd.conf").write_text(own_conf)
        (self.dir / ".esd_auth").write_bytes(KEY)
        (self.dir / ".esd_auth").chmod(0o600)
        (self.dir / "esd").write_text(
            f'#!/bin/sh\nunset LD_LIBRARY_PATH\n'
            f'exec {sys.executable} {HERE / "spawn.py"} "$@"\n')
        (self.dir / "esd").chmod(0o755)
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("ESPEAKER", "DISPLAY", "AUDIODEV")
                    and not name.startswith("ESD_")}
        self.env.update(HOME=str(self.dir),
                        XDG_RUNTIME_DIR=str(self.dir / "run"), **env)
        # LD_PRELOAD comes before a sanitizer's library.
        self.env["ASAN_OPTIONS"] = ":".join(filter(None, (
            os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        note = self.note()
        if note:
            try:
                os.kill(note["pid"], signal.SIGTERM)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, *words, shell=None):
        command = [str(PROGRAM.resolve()), *words]
        if shell:
            command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
        begin = time.monotonic()
        done = subprocess.run(command, env=self.env, cwd=self.dir, text=True,
                              capture_output=True, timeout=60)
        self.seconds = time.monotonic() - begin
        check(done.returncode in (0, 1), f"{words}: {done}")
        return done

    def open(self, *words, **more):
        return self.run("open", *words, **more).stdout.strip()

    def note(self):
        try:
            return json.loads((self.dir / "note").read_text())
        except FileNotFoundError:
            return None


def test_started():
    preload = "/x/libesddsp.so.0 libm.so.6:libesddsp.so"
    with Place("spawn_wait_ms=20000", LD_PRELOAD=preload) as place:
        got = place.open()
        check(got == "open", f"the server was started, and: {got!r}")
        check(place.seconds < 20, "it was waited for after it was ready")
        note = place.note()
        check(note["argv"] == [*BUILT_IN.split(), "-spawnfd", "3"],
              f"started with {note['argv']}")
        check(note["sid"] != os.getsid(0), "in our session")
        check(note["preload"].strip(" :") == "libm.so.6",
              f"LD_PRELOAD={note['preload']}")
        check(int(note["blocked"], 16) == 0, "with signals blocked")
        files = {int(fd): path for fd, path in note["descriptors"].items()}
        check(all(files.get(fd) == "/dev/null" for fd in (0, 1, 2)) and
              files.get(3, "").startswith("pipe:") and len(files) <= 5,
              f"with {files}")
        # The next program finds it.
        (place.dir / "note").rename(place.dir / "first")
        check(place.open("localhost") == "open" and not place.note(),
              "a second server was started")
        (place.dir / "first").rename(place.dir / "note")


def test_closed_descriptors():
    """A program without standard descriptors can start one as well."""
    with Place("spawn_wait_ms=20000") as place:
        place.open(shell="<&- >&- 2>&-")
        check(place.note() and
              place.note()["descriptors"]["3"].startswith("pipe:"),
              f"without standard descriptors: {place.note()}")


def test_options():
    with Place("spawn_wait_ms=20000", "spawn_options=-b -r 8000",
               ESD_SPAWN_OPTIONS="-r 22050 -b") as place:
        check(place.open() == "open", "no server, with options")
        check(place.note()["argv"] == ["-r", "22050", "-b", "-spawnfd", "3"],
              f"the options were {place.note()['argv']}")


def test_not_started():
    for what, conf, env, words in (
            ("ESD_NO_SPAWN", "auto_spawn=1", {"ESD_NO_SPAWN": ""}, ()),
            ("auto_spawn=no", "AUTO_SPAWN=No", {}, ()),
            ("another host", "", {}, ("no.such.host.invalid",)),
            ("a Unix socket", "", {}, ("unix:/nonexistent/socket",)),
            ("ESPEAKER", "", {"ESPEAKER": "unix:/nonexistent/socket"}, ())):
        with Place(conf, **env) as place:
            check(place.open(*words) == "-1", f"{what}: opened")
            time.sleep(0.2)
            check(place.note() is None, f"{what}: a server was started")
    with Place() as place:
        (place.dir / "esd").chmod(0o644)
        check(place.open() == "-1", "no program: opened")


def test_failing():
    with Place("spawn_wait_ms=20000", ESD_TEST="fail") as place:
        check(place.open() == "-1" and place.note(), "it ends: opened")
        check(place.seconds < 20, "it ends: waited all the time")
    with Place("spawn_wait_ms=300", ESD_TEST="hang") as place:
        check(place.open() == "-1", "it hangs: opened")
        check(0.3 <= place.seconds < QUICK, f"waited {place.seconds} s")
        while not place.note():
            time.sleep(0.01)


def config(conf="", own_conf="", **env):
    with Place(conf, own_conf, **env) as place:
        done = place.run("config")
        return done.stdout.splitlines(), done.stderr


def test_config():
    built_in = ["0", "100", BUILT_IN, ""]
    for what, wanted, complaints, arguments in (
            ("nothing", built_in, 0, [""]),
            ("comments", built_in, 0, ["# x\n\n[esd]\n  \t\n#auto_spawn=0\n"]),
            ("all four", ["1", "16", "-b", "-r 8000"], 0,
             ["  auto_spawn=FALSE\t\nSpawn_Wait_MS=0x10\n"
              "spawn_options=-b\ndefault_options=-r 8000"]),
            ("the user's wins", ["0", "7", "-b", ""], 0,
             ["auto_spawn=0\nspawn_wait_ms=9\nspawn_options=-b\n",
              "auto_spawn=yes\nspawn_wait_ms=7\n"]),
            ("a second =", ["0", "5", BUILT_IN, ""], 0, ["spawn_wait_ms=5=6"]),
            ("blanks around =", built_in, 1, ["spawn_wait_ms =5"]),
            ("bad values", built_in, 4,
             ["auto_spawn=maybe\nspawn_wait_ms=soon\nspawn_wait_ms=-1\n"
              "spawn_wait_ms=99999999999999999999"]),
            ("unknown", built_in, 2, ["colour=red\nnonsense\n"]),
            ("a long line", ["0", "5", BUILT_IN, ""], 1,
             [f"spawn_options={'x' * 3000}\nspawn_wait_ms=5\n"]),
            ("a line that fits", ["0", "5", "x" * 1000, ""], 0,
             [f"spawn_options={'x' * 1000}\nspawn_wait_ms=5\n"])):
        got, complained = config(*arguments)
        check(got == wanted, f"{what}: {got}, not {wanted}")
        check(complained.count("ignored") == complaints,
              f"{what}: complains:\n{complained}")
    got, _ = config("spawn_options=-b", ESD_NO_SPAWN="",
                    ESD_SPAWN_OPTIONS="y" * 1022, ESD_DEFAULT_OPTIONS="z" * 1023)
    check(got == ["1", "100", "y" * 1022, ""], f"the environment: {got}")


def is_somebody_there():
    """A server of this machine's would be found before one is started."""
    paths = [f"/tmp/.esd-{os.getuid()}/socket", "/tmp/.esd/socket"]
    for family, where in [*((socket.AF_UNIX, path) for path in paths),
                          (socket.AF_INET, ("127.0.0.1", 16001))]:
        with socket.socket(family) as probe:
            if probe.connect_ex(where) == 0:
                return True
    return False


def main():
    test_config()
    if is_somebody_there():
        print("a server runs on this machine: none can be started")
        sys.exit(SKIPPED)
    test_started()
    test_closed_descriptors()
    test_options()
    test_not_started()
    test_failing()


if __name__ == "__main__":
    if "-spawnfd" in sys.argv:
        serve()
    else:
        main()
