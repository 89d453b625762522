#!/usr/bin/env python3
"""How long a write takes to the card: by the ALSA plugin, with a buffer of four
periods of 256 frames, and by esdcat, with the same low-latency daemon.

Prints Markdown for docs/figures.md.  --writes N: of each.
"""

import argparse
import importlib
import pathlib
import statistics
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = str(TESTS / "alsa"), str(TESTS / "e2e")

import alsa  # noqa: E402
from daemon import BUILD  # noqa: E402

latency = importlib.import_module("oss-latency")


def plugin(daemon, pcm):
    return alsa.start(alsa.environment(daemon), BUILD / "tests/alsa/answers",
                      pcm, "piping", stdin=subprocess.PIPE,
                      stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--writes", type=int, default=100)
    writes = parser.parse_args().writes
    print("| program | least ms | median ms | 95 % ms | most ms |")
    print("| --- | --- | --- | --- | --- |")
    for name, command in (
            ("esdcat", latency.esdcat),
            ("ALSA, esd", lambda daemon: plugin(daemon, "esd")),
            ("ALSA, esdmix", lambda daemon: plugin(daemon, "esdmix"))):
        times = latency.measure(command, writes)
        print(f"| {name} | {times[0]:.2f} | {statistics.median(times):.2f} | "
              f"{times[int(len(times) * 0.95)]:.2f} | {times[-1]:.2f} |",
              flush=True)


if __name__ == "__main__":
    main()
