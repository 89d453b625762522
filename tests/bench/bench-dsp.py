#!/usr/bin/env python3
"""What esddsp costs a program that makes no sound, in either way.

Prints Markdown: `ls` alone, under esddsp, and under its supervisor, one after
the other, so that a busy machine is busy for all.  Option: --runs N.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("ESDMIXD_BUILDDIR", ".")).resolve()
ESDDSP = str(BUILD / "esddsp")
WAYS = {"`ls`": (), "`esddsp ls`": (ESDDSP,),
        "`esddsp --seccomp ls`": (ESDDSP, "--seccomp")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    took = {way: [] for way in WAYS}
    for _ in range(runs):
        for way, words in WAYS.items():
            began = time.perf_counter()
            subprocess.run([*words, "ls", "/"], stdout=subprocess.DEVNULL,
                           check=True)
            took[way].append(1000 * (time.perf_counter() - began))
    alone = statistics.median(took["`ls`"])
    print("\n| command | median | more than `ls` |\n|---|---|---|")
    for way, times in took.items():
        median = statistics.median(times)
        print(f"| {way} | {median:.2f} ms | {median - alone:.2f} ms |")


if __name__ == "__main__":
    main()
