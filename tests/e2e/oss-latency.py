#!/usr/bin/env python3
"""How long a write takes to the card: under esddsp, by four fragments of 256
frames, and by esdcat, with the same low-latency daemon.

Prints Markdown for docs/figures.md; as a test it fails if esddsp takes 10 ms
more.  --writes N: of each.
"""

import argparse
import random
import statistics
import subprocess
import time

import oss
from daemon import BUILD, check, on_card, until
from oss import FRAME, RATE, Row, wrapped
from sound import first_sound, words

LOW = ("--period", 64, "--periods", 2)
PULSE = b"\0\x40" * 2 * 256
PAUSE = 0.05  # seconds, plus some; longer than any of it is under way
MORE = 10  # ms


def pulses(card, process, writes):
    """Writes one after the other; ns at which each was."""
    sent = []
    for _ in range(writes):
        start = card.frames()
        sent.append(time.monotonic_ns())
        process.stdin.write(PULSE)
        process.stdin.flush()
        # No more than one is under way, whatever the machine is at.
        until("the pulse is at the card", lambda start=start:
              first_sound(words(card.played()[start * FRAME:])) is not None)
        time.sleep(PAUSE + random.random() / 50)
    process.stdin.close()
    check(process.wait(oss.PATIENCE) == 0, f"it ended with {process.wait()}")
    return sent


def measure(command, writes):
    """ms from each write to its first frame at the card, ascending."""
    with on_card(*LOW, rate=RATE) as (daemon, card):
        sent = pulses(card, command(daemon), writes)
        daemon.wait_silent()
        heard, at, times = words(card.played()), 0, []
        for when in sent:
            frame = first_sound(heard, at)
            times.append((card.frame_time(frame) - when) / 1e6)
            at = frame + RATE // 25
    return sorted(times)


def esdcat(daemon):
    return subprocess.Popen([BUILD / "esdcat", "-s", f"unix:{daemon.socket}"],
                            env=daemon.env, stdin=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def esddsp(daemon):
    return wrapped(daemon, BUILD / "tests/oss/pipe", stdin=subprocess.PIPE)


def compare(writes):
    print("| program | least ms | median ms | 95 % ms | most ms |")
    print("| --- | --- | --- | --- | --- |")
    lower = []
    for name, command in (("esdcat", esdcat),
                          ("esddsp, 4 x 256 frames", esddsp)):
        times = measure(command, writes)
        print(f"| {name} | {times[0]:.2f} | {statistics.median(times):.2f} | "
              f"{times[int(len(times) * 0.95)]:.2f} | {times[-1]:.2f} |",
              flush=True)
        # A busy machine makes some slow.
        lower.append(times[len(times) // 4])
    more = lower[1] - lower[0]
    check(more <= MORE, f"esddsp takes {more:.2f} ms more than esdcat")
    return f"{more:+.1f} ms"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--writes", type=int, default=12)
    given = parser.parse_args()
    oss.run_rows((Row("tests/oss/pipe, 4 fragments of 256 frames", "",
                      "preload 64", "the time from write() to the card, with "
                      "esdcat's", ()), compare, given.writes))


if __name__ == "__main__":
    main()
