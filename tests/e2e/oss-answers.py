#!/usr/bin/env python3
"""One C program that asks all that OSS programs ask (tests/oss/answers.c) is
told the same however it was built, and whoever runs it: what answers.txt, which
follows from the OSS programmer's guide, has."""

import difflib
import os
import subprocess

import oss
from daemon import BUILD, as_user, check, on_card
from oss import PATIENCE, RATE, TRIES, Row, wrapped

EXPECTED = (oss.PROGRAMS / "answers.txt").read_text()
COMPARED = f"{len(EXPECTED.splitlines())} answers, with the OSS guide's"
NOBODY = 65534
UNANSWERED = ("ENODEV", "EIO")
# Short enough for what takes turns in recording and playing.
CARD = ("--period", 512, "--periods", 16)


def expect(program, user=None):
    """user: its number, if not our own; the daemon is its, too."""
    for left in reversed(range(TRIES)):
        with on_card(*CARD, rate=RATE, user=user) as (daemon, _):
            process = wrapped(daemon, program)
            got = process.communicate(timeout=PATIENCE)[0].decode()
        # The daemon of a busy machine may take more than the second that
        # open() waits for it; no other question is answered like that.
        if not left or process.returncode == 0 and not any(
                error in got for error in UNANSWERED):
            break
    check(process.returncode == 0, f"{program.name} ended with "
          f"{process.returncode}: {got}")
    lines = difflib.ndiff(EXPECTED.splitlines(), got.splitlines())
    # What differs, below its heading.
    wrong = [line for line in lines
             if line[0] in "+-" or line.startswith("  -- ")]
    check(got == EXPECTED, f"{program.name}:\n" + "\n".join(wrong))


def is_readable(path):
    """By anybody: the tree may be in somebody's own home."""
    return subprocess.run(["test", "-x", path],
                          **as_user(NOBODY)).returncode == 0


def why_not(program, user=None):
    """Why that row is left out, or None."""
    if not program.exists():
        return "the compiler cannot build it"
    if user is not None and os.getuid() != 0:
        return "nobody here is root"
    if user is not None and not is_readable(program):
        return "others may not read the build directory"
    return None


def main():
    jobs = []
    for name, way, user in (("answers", "preload 64", None),
                            ("answers32", "preload 32", None),
                            ("answers-static", "static", None),
                            ("answers", "preload 64", NOBODY),
                            ("answers-static", "static", NOBODY)):
        program = BUILD / "tests/oss" / name
        row = Row(f"tests/oss/{name}" + (", run by nobody" if user else ""),
                  "", way, COMPARED, why_not=why_not(program, user))
        jobs.append((row, expect, program, user))
    oss.run_rows(*jobs)


if __name__ == "__main__":
    main()
