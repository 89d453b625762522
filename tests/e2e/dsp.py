#!/usr/bin/env python3
"""The doors of the OSS layer: one program that comes by /dev/dsp, hands it on
and waits for it in every way there is (tests/dsp/doors.c), wrapped in each way
there is: preloaded, 64 and 32 bits, and by seccomp; as root and as a user.
Every time the sound that comes out is exactly the one that went in."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from daemon import BUILD, LARGE, Daemon, check, fail, on_card, together, until
from sound import is_ramp, noise, raw

RATE = 44100
FRAMES = 400
USER = 12345  # of nobody
TRIES = 10  # on a machine so busy that somebody was late
SOURCE = pathlib.Path(os.environ.get("ESDMIXD_SRCDIR", ".")) / \
    "tests/dsp/doors.c"
# Small periods: a file is never late, and each sound is waited for.
FILE = ("-r", RATE, "--format", "S16_LE", "--period", 256, "--periods", 4)
# Buffers that outlast a busy machine's pauses: it records without a gap.
HOWS = ("read", "readv", "readonly", "poll", "ppoll", "select", "pselect",
        "epoll", "dup")

# A call that is told to a supervisor may fail with EINTR before it has been.
NATIVE_ONLY = ("interrupted",)

# The program, and options of esddsp.
WAYS = [(program, options)
        for program, *options in (("doors",), ("doors32",), ("doors64t",),
                                  ("doors", "--seccomp"), ("doors-static",),
                                  ("doors32-static",))
        if (BUILD / "tests/dsp" / program).exists()]


def cases():
    """Their names, from the program's own table."""
    table = SOURCE.read_text().split("} cases[] = {")[1]
    return re.findall(r'^\t\{ "(\w+)",', table, re.M)


def esddsp(daemon, *words_, options=(), env=None, **more):
    """Runs a program under esddsp; CompletedProcess."""
    return subprocess.run(
        [BUILD / "esddsp", *options, *map(str, words_)], cwd=daemon.dir,
        env={**daemon.env, "ESPEAKER": f"unix:{daemon.socket}", **(env or {})},
        capture_output=True, timeout=60, **more)


def silently(what, run):
    """A machine so busy that no server answers within a second has no device:
    then once more."""
    for _ in range(TRIES):
        done = run()
        if b"(No such device)" not in done.stderr:
            break
    check(done.returncode == 0 and done.stderr == b"",
          f"{what}: {done.returncode}: {done.stderr.decode()}")
    return done


def is_out(mix, sound):
    """In one piece: a busy machine may leave a gap in it."""
    end = time.monotonic() + 2
    while sound not in mix.read_bytes():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def plays(program, options):
    with tempfile.TemporaryDirectory(prefix="esdmixd-dsp-") as name:
        mix, path = pathlib.Path(name) / "mix.raw", pathlib.Path(name) / "one"
        with Daemon(f"file:{mix}", *FILE) as daemon:
            until("the daemon plays", mix.exists)
            for seed, case in enumerate(cases()):
                if case == "absent" or case in NATIVE_ONLY and (
                        options or "static" in program):
                    continue
                what = f"{program} {' '.join(options)} {case}"
                sound = raw(noise(2 * FRAMES, seed))
                path.write_bytes(sound)
                for _ in range(TRIES):
                    silently(what, lambda case=case: esddsp(
                        daemon, BUILD / "tests/dsp" / program, case, path,
                        options=options))
                    if is_out(mix, sound):
                        break
                else:
                    fail(f"{what} is not heard in one piece")
            daemon.wait_silent()
    print(f"{program} {' '.join(options)}: {seed} ways of playing, exact")


def records(program, options):
    with on_card(*LARGE, rate=RATE) as (daemon, _):
        for how in HOWS:
            what = f"{program} {' '.join(options)} record {how}"
            for _ in range(TRIES):
                done = silently(what, lambda how=how: esddsp(
                    daemon, BUILD / "tests/dsp" / program, "record", how,
                    options=options))
                check(len(done.stdout) == 4096, f"{what}: {done.stdout}")
                if is_ramp(done.stdout):
                    break
            else:
                fail(f"{what}: a gap")
    print(f"{program} {' '.join(options)}: {len(HOWS)} ways of recording")


def main():
    check(WAYS, f"no program in {BUILD}/tests/dsp")
    jobs = [lambda way=way, job=job: job(*way)
            for way in WAYS for job in (plays, records)]
    together(*jobs)
    if os.getuid() == 0:
        user = subprocess.run(
            ["setpriv", f"--reuid={USER}", f"--regid={USER}",
             "--clear-groups", "test", "-x", BUILD / "esddsp", "-a", "-r",
             SOURCE], check=False)
        if user.returncode != 0:
            print("no other user can read this directory: not tried as one")
            return
        subprocess.run(
            ["setpriv", f"--reuid={USER}", f"--regid={USER}",
             "--clear-groups", sys.executable, __file__], check=True)


if __name__ == "__main__":
    main()
