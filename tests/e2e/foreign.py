#!/usr/bin/env python3
"""Real big-endian programs, run by qemu-user: one written by hand, foreign.c,
our esdcat, and every function of libesd; what they send in their own byte order
comes out exactly.  And the engine there makes the same bytes as here."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from daemon import LARGE, Daemon, check, free_port, on_card, together, until
from sound import noise, raw, words

RATE = FRAMES = 44100
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
NEEDED = ("clang-14", "s390x-linux-gnu-ld", "qemu-s390x")
SYSTEM = pathlib.Path("/usr/s390x-linux-gnu")
LIBRARIES = (SYSTEM / "lib",
             pathlib.Path("/usr/lib/gcc-cross/s390x-linux-gnu/12"))
QEMU = ("qemu-s390x", "-L", SYSTEM)
SKIPPED = 77

# What libesd and the tools stand on, from the makefile.
CLIENT = re.search(r"^lib32_beneath =((?:\s|\\|\S+\.c)+)",
                   (TOP / "Makefile.am").read_text(),
                   re.MULTILINE)[1].replace("\\", "").split()


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], timeout=120,
                          stdout=subprocess.PIPE, **more)
    check(done.returncode == 0, f"{command[0]} {command[-1]}: {done}")
    return done.stdout


def build(directory, name, *words, here=False):
    """A program for that machine, or for this one."""
    program = pathlib.Path(directory) / name
    there = () if here else (
        "--target=s390x-linux-gnu", "-isystem", SYSTEM / "include",
        "-rdynamic", "-fuse-ld=" + shutil.which("s390x-linux-gnu-ld"), "-w",
        *(f"-{letter}{path}" for path in LIBRARIES for letter in "BL"))
    run("clang-14", *there, "-std=c11", "-D_GNU_SOURCE", "-O1",
        "-ffp-contract=off", "-I.", '-DPACKAGE_VERSION="0"',
        '-DPACKAGE_STRING="0"', "-o", program, *words, "-lm", cwd=TOP)
    return program


def samples():
    """As next() there makes them."""
    state, result = 1, []
    for _ in range(2 * FRAMES):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        value = (state >> 16) | 1
        result.append(value - 65536 if value > 32767 else value)
    return result


def frames_of(samples):
    """Those that are not silent."""
    return [pair for pair in zip(samples[::2], samples[1::2]) if any(pair)]


def expect_heard(name, daemon, card, sound):
    """Exactly that, but for silence: an emulated machine may be late."""
    daemon.wait_silent()
    expected = frames_of(sound)
    until(f"{name}: the card has played it", lambda: len(frames_of(
        words(card.played()))) >= len(expected), 30)
    got = frames_of(words(card.played()))
    check(got == expected,
          f"{name}: {len(got)} frames, not the {len(expected)} it sent")
    print(f"{name}: {len(expected)} frames exact")


def by_hand():
    """No C library, and nothing of ours but the protocol's facts."""
    port = free_port()
    with on_card(*LARGE, "-tcp", "-port", port, rate=RATE) as (daemon, card):
        object_file, program = daemon.dir / "foreign.o", daemon.dir / "foreign"
        run("clang-14", "--target=s390x-linux-gnu", "-O1", "-ffreestanding",
            "-fno-builtin", f"-DPORT={port}", "-c", HERE / "foreign.c", "-o",
            object_file)
        run("s390x-linux-gnu-ld", "-static", object_file, "-o", program)
        run("qemu-s390x", program)
        expect_heard("a big-endian program", daemon, card, samples())


def esdcat(directory):
    sound = noise(2 * FRAMES, 51)
    pathlib.Path(directory, "config.h").touch()
    program = build(directory, "esdcat", f"-I{directory}",
                    "compat-tools/esdcat.c", "compat-tools/tool.c", *CLIENT)
    with on_card(*LARGE, rate=RATE) as (daemon, card):
        path = daemon.dir / "sound.raw"
        path.write_bytes(raw(sound, ">"))
        run(*QEMU, program, "-s", f"unix:{daemon.socket}", path,
            env=daemon.env, stderr=subprocess.DEVNULL)
        expect_heard("a big-endian esdcat", daemon, card, sound)


def libesd(directory):
    """Compiled against the original's facts, not our header."""
    library = sorted(str(path.relative_to(TOP))
                     for path in (TOP / "compat-tools/libesd").glob("*.c"))
    program = build(directory, "facts", "-DFACTS", '-DESD_BINDIR="."',
                    '-DESD_SYSCONFDIR="."', "tests/libesd/all.c",
                    "tests/libesd/sounds.c", *library, *CLIENT)
    with Daemon("null") as daemon:
        env = dict(daemon.env, ESPEAKER=f"unix:{daemon.socket}",
                   ESD_NO_SPAWN="1", NO_SNDFILE="1")
        run(*QEMU, program, env=env, cwd=daemon.dir)
    print("a big-endian libesd: every function works")


def libartsc(directory):
    """What is little-endian on any machine, and numbers that are not."""
    library = sorted(str(path.relative_to(TOP))
                     for path in (TOP / "compat-tools/libartsc").glob("*.c"))
    program = build(directory, "artsc", "-DFACTS", "tests/libartsc/all.c",
                    *library, *CLIENT)
    sound = noise(2 * FRAMES, 52)
    with on_card("--period", 256, "--periods", 14, rate=RATE) as (daemon, card):
        env = dict(daemon.env, ESPEAKER=f"unix:{daemon.socket}")
        run(*QEMU, program, "play", RATE, 16, 2, "artsc", 1, env=env,
            input=raw(sound))
        expect_heard("a big-endian libartsc", daemon, card, sound)
        run(*QEMU, program, "init", "errors", "odd-sound", "table", env=env)


def engine(directory):
    files = ("tests/e2e/foreign-engine.c", *sorted(
        str(path.relative_to(TOP))
        for path in (TOP / "server/engine").glob("*.c")))
    here = run(build(directory, "here", *files, here=True))
    there = run(*QEMU, build(directory, "there", *files))
    check(here == there, f"the engine makes {there}, here it is {here}")
    print(f"the engine's digest there, and here: {here.decode().strip()}")


def main():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print(f"left out: no {', '.join(missing)}")
        sys.exit(SKIPPED)
    cases = [by_hand]
    with tempfile.TemporaryDirectory(prefix="esdmixd-foreign-") as directory:
        if (SYSTEM / "include/stdio.h").exists() and LIBRARIES[1].exists():
            cases += [lambda case=case: case(directory)
                      for case in (libesd, libartsc, esdcat, engine)]
        else:
            print("no C library of that machine (libc6-dev-s390x-cross, "
                  "libgcc-12-dev-s390x-cross): programs by hand only")
        together(*cases)


if __name__ == "__main__":
    main()
