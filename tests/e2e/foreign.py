#!/usr/bin/env python3
"""A real big-endian program, foreign.c, run by qemu-user: what it sends in its
own byte order comes out exactly."""

import pathlib
import shutil
import subprocess
import sys

from daemon import check, on_card
from exact import expect_alone, heard
from net import free_port

RATE = FRAMES = 44100
LARGE = ("--period", 2048, "--periods", 16)
HERE = pathlib.Path(__file__).resolve().parent
NEEDED = ("clang-14", "s390x-linux-gnu-ld", "qemu-s390x")
SKIPPED = 77


def samples():
    """As next() there makes them."""
    state, result = 1, []
    for _ in range(2 * FRAMES):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        value = (state >> 16) | 1
        result.append(value - 65536 if value > 32767 else value)
    return result


def main():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print(f"left out: no {', '.join(missing)}")
        sys.exit(SKIPPED)
    port = free_port()
    with on_card(*LARGE, "-tcp", "-port", port, rate=RATE) as (daemon, card):
        object_file, program = daemon.dir / "foreign.o", daemon.dir / "foreign"
        subprocess.run(["clang-14", "--target=s390x-linux-gnu", "-O1",
                        "-ffreestanding", "-fno-builtin", f"-DPORT={port}",
                        "-c", str(HERE / "foreign.c"), "-o", object_file],
                       check=True)
        subprocess.run(["s390x-linux-gnu-ld", "-static", object_file, "-o",
                        program], check=True)
        done = subprocess.run(["qemu-s390x", program], timeout=60)
        check(done.returncode == 0, f"the program ended with {done.returncode}")
        expect_alone("a big-endian program", heard(daemon, card, FRAMES),
                     samples())


if __name__ == "__main__":
    main()
