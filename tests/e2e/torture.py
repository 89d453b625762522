#!/usr/bin/env python3
"""A card that goes away again and again, in every way, under many clients: none
is dropped, none waits, sound comes back, and nothing is left behind.

ESDMIXD_LONG=1: 50 clients and 20 unpluggings instead of a few, and the time
that it takes is looked at, for which the machine has to have nothing else to do.
"""

import os
import random
import statistics
import time

from daemon import check, on_card, until
from unplug import LONGEST, RATE, Idler, Player

LONG = "ESDMIXD_LONG" in os.environ
CLIENTS, UNPLUGS = (50, 20) if LONG else (8, 2)
OPTIONS = ("--period", 256, "--periods", 8)
SEED = 20261126
PATIENCE = 60  # seconds for sound to come back
BACK = 2  # in the middle of many times
GROWN = 4 << 20  # bytes; what 50 clients need at once has been had before


def sounds(card, seen):
    """It plays beyond that frame, and no silence."""
    path = card.dir / "played.raw"
    with open(path, "rb") as file:
        file.seek(max(4 * seen, path.stat().st_size - 16384))
        tail = file.read()
    return len(tail) > 8192 and tail.count(0) < len(tail) / 2


def returns(card, what):
    """How long it takes until there is sound."""
    began, seen = time.monotonic(), card.frames()
    until(what, lambda: sounds(card, seen), PATIENCE)
    return time.monotonic() - began


def troubles(card, rng):
    """The times until sound is back."""
    for _ in range(UNPLUGS):
        time.sleep(rng.uniform(0, 0.3))
        card.unplug()
        time.sleep(rng.uniform(0, 0.4))
        card.replug()
        yield returns(card, "sound after it was plugged in")
    card.suspend(500)
    yield returns(card, "sound after a suspend")
    if LONG:
        card.stall(3000)
        time.sleep(3)
        yield returns(card, "sound after a stall")
    card.slow(600)  # nobody waits for a slow card either
    seen = len(card.events())
    card.unplug()
    card.replug()
    card.wait_event("start", seen, timeout=PATIENCE)
    card.slow(0)
    yield returns(card, "sound after a slow opening")


def settled(daemon):
    """Descriptors, once they are no longer on their way."""
    before = -1
    while before != (before := daemon.descriptors()):
        time.sleep(0.1)
    return before


def main():
    rng = random.Random(SEED)
    with on_card(*OPTIONS, rate=RATE) as (daemon, card):
        idler = Idler()
        players = [Player(daemon, idler) for _ in range(CLIENTS)]
        returns(card, "sound")
        for player in players:
            player.longest = 0.0
        fds, memory = settled(daemon), daemon.memory()
        back = list(troubles(card, rng))
        longest = max(player.longest for player in players)
        late = idler.latest
        for player in players:
            check(player.error is None, f"a client got {player.error}")
        check(longest < (LONGEST if LONG else PATIENCE) + 2 * late,
              f"a write blocked for {longest * 1000:.0f} ms, the machine for "
              f"{late * 1000:.0f} ms")
        check(statistics.median(back) < (BACK if LONG else PATIENCE),
              f"sound came back after {back} s")
        now = settled(daemon)
        check(now <= fds, f"{now} descriptors, {fds} before")
        grown = daemon.memory() - memory
        check(grown < GROWN, f"{grown} bytes more")
        for player in players:
            player.finish()
        daemon.wait_silent()
    print(f"{CLIENTS} clients: longest write {longest * 1000:.0f} ms, sound "
          f"back after {statistics.median(back):.2f} s, at most "
          f"{max(back):.2f} s; {grown} bytes more")


if __name__ == "__main__":
    main()
