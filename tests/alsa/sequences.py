#!/usr/bin/env python3
"""Random sequences of opening, setting, writing, pausing, dropping, draining
and closing, through alsa-lib: none hangs, and what is drained is at the card,
every frame once and in its order; what is dropped up to where the pointer was,
no more than was written.  ESDMIXD_LONG=1 makes it a thousand."""

import os
import subprocess
import sys

import alsa
from alsa import FRAME, RATE
from daemon import BUILD, check, on_card, together, until

LONG = os.environ.get("ESDMIXD_LONG") == "1"
COUNT = 250 if LONG else 15
CARD = ("--period", 256, "--periods", 8)
# How far the pointer goes on by the clock when the daemon is late.
AHEAD = RATE // 10


def numbers(card, begin):
    frames = memoryview(card.played()[begin * FRAME:]).cast("I")
    return [frame for frame in frames if frame]


def compare(played, runs, what):
    """Returns how many frames were drained, and how many dropped."""
    at = drained = dropped = 0
    for first, written, gone, how in runs:
        count = 0
        while at < len(played) and count < written and \
                played[at] == first + count:
            at += 1
            count += 1
        if how == "drained":
            check(count == written, f"{what}: {count} of the {written} frames "
                  f"from {first} on were played, then {played[at:at + 3]}")
            drained += count
        else:
            check(count >= gone - AHEAD, f"{what}: {count} of {written} frames "
                  f"from {first} on, and the pointer was at {gone}")
            dropped += written - count
    check(at == len(played), f"{what}: {played[at:at + 3]} are played besides")
    return drained, dropped


def sequences(pcm, seed, program="sequences", libraries=".libs"):
    with on_card(*CARD) as (daemon, card):
        begin = card.frames()
        out, _ = alsa.run(alsa.environment(daemon, libraries=libraries),
                          BUILD / "tests/alsa" / program, pcm, seed, COUNT,
                          seconds=40 * COUNT)
        runs = [(*map(int, line.split()[:3]), line.split()[3])
                for line in out.decode().splitlines()]
        daemon.wait_silent()
        end = card.frames() + 256 * 10
        until("the last of it is at the card", lambda: card.frames() >= end,
              alsa.PATIENCE)
        drained, dropped = compare(numbers(card, begin), runs,
                                   f"{pcm}, seed {seed}")
        print(f"{pcm}, seed {seed}: {len(runs)} runs, {drained} frames "
              f"drained, {dropped} dropped", file=sys.stderr)


def runs_here(program):
    """Debian's 32-bit alsa-lib need not be there."""
    path = BUILD / "tests/alsa" / program
    return path.exists() and subprocess.run(
        [path], stderr=subprocess.DEVNULL, check=False).returncode == 2


def main():
    more = []
    if runs_here("sequences32"):
        more.append(lambda: sequences("esd", 9, "sequences32", "lib32"))
    together(*more, *(lambda pcm=pcm, seed=seed: sequences(pcm, seed)
               for seed, pcm in enumerate(("esd", "esdmix", "esd", "esdmix"))))


if __name__ == "__main__":
    main()
