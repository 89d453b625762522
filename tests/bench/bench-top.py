#!/usr/bin/env python3
"""What esdtop costs: its CPU, and how much more the daemon needs while it
looks, on a terminal of 80 x 24 and one of 120 x 40.  Prints Markdown.

    bench-top.py [--streams N] [--seconds S]
"""

import argparse
import contextlib
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from daemon import until  # noqa: E402
from terminal import need_tmux  # noqa: E402
from top import RATE, SLOW, Tone, patient, top  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds that it has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1]
    return sum(map(int, fields.split()[11:13])) / TICK


def taken(seconds, *pids):
    before = [cpu(pid) for pid in pids]
    time.sleep(seconds)
    return [(cpu(pid) - since) / seconds
            for pid, since in zip(pids, before)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    need_tmux()
    with patient("null") as daemon, contextlib.ExitStack() as stack:
        for number in range(options.streams):
            stack.enter_context(Tone(daemon, b"stream %d" % number,
                                     100 * number, RATE // (1 + number % 2)))
        with daemon.client() as control:
            until("all play", lambda: len(control.all_info()) ==
                  options.streams, SLOW)
        alone, = taken(options.seconds, daemon.pid)
        print("| terminal | esdtop, of one core | the daemon, more than the "
              f"{100 * alone:.1f} % of {options.streams} streams |\n"
              "| --- | --- | --- |")
        for columns, rows in ((80, 24), (120, 40)):
            with top(daemon, columns=columns, rows=rows) as terminal:
                terminal.wait_for(f"{options.streams} streams")
                pid = int(terminal.tmux("display-message", "-p",
                                        "#{pane_pid}"))
                own, its = taken(options.seconds, pid, daemon.pid)
            print(f"| {columns} x {rows} | {100 * own:.1f} % | "
                  f"{100 * (its - alone):.1f} % |")


if __name__ == "__main__":
    main()
