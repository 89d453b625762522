#!/usr/bin/env python3
"""The lines of docs/containers.md, as far as this machine's kernel lets them
run: bubblewrap and chroot, with esddsp outside and inside, as root and as a
user.  Each plays a sound, which comes out exactly."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from daemon import BUILD, Daemon, check, until
from sound import noise, raw

RATE = 44100
USER = 12345  # of nobody
TRIES = 10  # on a busy machine
SKIPPED = 77
DOORS = BUILD / "tests/dsp/doors"
STATIC = BUILD / "tests/dsp/doors-static"
ESDDSP = str(BUILD / "esddsp")
SECCOMP = (ESDDSP, "--seccomp")
INSIDE = "/run/esdmixd"


def can(*command):
    return shutil.which(command[0]) and subprocess.run(
        command, capture_output=True, check=False).returncode == 0


class Place:
    """A daemon, a sound to be played, and an old root with next to nothing."""

    def __init__(self, directory):
        self.here = pathlib.Path(directory)
        self.here.chmod(0o755)
        self.mix = self.here / "mix.raw"
        self.sound = self.here / "sound.raw"
        self.root = self.here / "root"
        for name in ("dev", "usr", "run/esdmixd", "tmp", str(BUILD)[1:]):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("lib", "lib64", "lib32", "bin", "sbin"):
            if pathlib.Path("/", name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        if STATIC.exists():
            shutil.copy(STATIC, self.root / "doors")
        self.daemon = Daemon(f"file:{self.mix}", "-r", RATE, "--format",
                             "S16_LE", "--period", 256, "--periods", 4)
        until("the daemon plays", self.mix.exists)
        self.seed = 0

    def bwrap(self, *more):
        links = [word for name in ("lib", "lib64", "lib32", "bin")
                 if pathlib.Path("/", name).is_symlink()
                 for word in ("--symlink", f"usr/{name}", f"/{name}")]
        return ("bwrap", "--ro-bind", "/usr", "/usr", *links, "--proc",
                "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind",
                BUILD, BUILD, "--ro-bind", self.sound, self.sound,
                "--unshare-all", *more)

    def bwrap_with_socket(self, *more):
        return self.bwrap("--bind", self.daemon.socket.parent, INSIDE,
                          "--setenv", "ESPEAKER", f"unix:{INSIDE}/socket",
                          *more)

    def plays(self, what, *command):
        self.seed += 1
        sound = raw(noise(2 * 400, self.seed))
        for _ in range(TRIES):
            self.sound.write_bytes(sound)
            shutil.copy(self.sound, self.root)
            done = subprocess.run(
                list(map(str, command)), capture_output=True, text=True,
                env={**self.daemon.env,
                     "ESPEAKER": f"unix:{self.daemon.socket}"},
                timeout=60, check=False)
            if "No such device" in done.stderr:
                continue
            check(done.returncode == 0 and done.stderr == "",
                  f"{what}: {done}")
            end = time.monotonic() + 2
            while time.monotonic() < end:
                if sound in self.mix.read_bytes():
                    print(f"uid {os.getuid()}: {what}")
                    return
                time.sleep(0.005)
        check(False, f"{what}: not heard in one piece: {done}")


def bubblewrap(place):
    place.plays("bwrap, esddsp inside", *place.bwrap_with_socket(), ESDDSP,
                DOORS, "open", place.sound)
    place.plays("bwrap, with a /dev/dsp of its own", *place.bwrap_with_socket(
        "--dev-bind", "/dev/null", "/dev/dsp"), ESDDSP, DOORS, "open",
        place.sound)
    if STATIC.exists():
        place.plays("bwrap, esddsp and a static program inside",
                    *place.bwrap_with_socket(), ESDDSP, STATIC, "open",
                    place.sound)
        for case in ("open", "threads", "mapped"):
            place.plays(f"bwrap, esddsp outside, {case}", *SECCOMP,
                        *place.bwrap(), DOORS, case, place.sound)


def inside_chroot(place):
    """By mounts of a namespace that goes with the program."""
    mounts = " && ".join(
        f"mount --bind {source} {place.root}{target}" for source, target in (
            ("/usr", "/usr"), (BUILD, BUILD),
            (place.daemon.socket.parent, INSIDE)))
    place.plays("chroot, esddsp inside", "unshare", "-m", "sh", "-c",
                f"{mounts} && exec chroot {place.root} env HOME=/tmp "
                f"ESPEAKER=unix:{INSIDE}/socket ESDDSP_SERVER="
                f"{BUILD}/esddsp-server ESDDSP_LIBRARY="
                f"{BUILD}/preload/'$LIB'/libesddsp.so {ESDDSP} {DOORS} open "
                "/sound.raw")


def tried(place):
    """How many rows of the page could be."""
    rows = 0
    if can("bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"):
        bubblewrap(place)
        rows += 1
    if STATIC.exists() and os.getuid() == 0:
        place.plays("chroot, esddsp outside", *SECCOMP, "chroot", place.root,
                    "/doors", "open", "/sound.raw")
        rows += 1
    if STATIC.exists() and can("unshare", "-r", "true"):
        place.plays("unshare -r chroot, esddsp outside", *SECCOMP, "unshare",
                    "-r", "chroot", place.root, "/doors", "open",
                    "/sound.raw")
        rows += 1
    if os.getuid() == 0 and can("unshare", "-m", "true"):
        inside_chroot(place)
        rows += 1
    return rows


def main():
    with tempfile.TemporaryDirectory(prefix="esdmixd-in-") as name:
        place = Place(name)
        try:
            rows = tried(place)
        finally:
            place.daemon.stop(clean=False)
    user = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
    if os.getuid() == 0 and can(*user, "test", "-x", ESDDSP, "-a", "-r",
                                __file__):
        status = subprocess.run([*user, sys.executable, __file__],
                                check=False).returncode
        check(status in (0, SKIPPED), f"as a user: {status}")
    if rows == 0:
        print("no container can be made here")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
