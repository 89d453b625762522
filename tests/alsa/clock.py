#!/usr/bin/env python3
"""mplayer keeps its pictures to the sound that it plays by the plugin, as
tests/e2e/oss-clock.py has it: the time at which it shows each is within 20 ms
of the one at which the card plays what belongs to it.  ESDMIXD_LONG=1 makes it
half a minute.  Not of make check: on a busy machine mplayer is late by itself."""

import importlib
import pathlib
import statistics
import sys
import tempfile

import alsa
from alsa import RATE
from daemon import check, on_card
from oss import TRIES, comes_out

clock = importlib.import_module("oss-clock")
APART = 0.020  # seconds
DRIFT = 0.020  # from the first second to the last


def show(directory):
    """In how many pieces its sound came, and the differences."""
    with on_card(*clock.CARD, rate=RATE) as (daemon, card):
        video, audio, sound = clock.film(directory)
        screen = clock.Screen(directory / "screen")
        start = card.frames()
        alsa.run(alsa.environment(daemon), "mplayer", "-really-quiet",
                 "-nolirc", "-noconsolecontrols", "-noautosub", "-ao",
                 "alsa:device=esdmix", "-vo",
                 f"yuv4mpeg:file={screen.path}", "-audiofile", audio, video,
                 seconds=clock.SECONDS + alsa.PATIENCE)
        screen.thread.join(5)
        result = comes_out(daemon, card, start, sound)
        check(not isinstance(result, str), f"its sound: {result}")
        return result, clock.differences(card, start, screen)


def measure():
    """How far the pictures drift, and what is wrong, or None."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-clock-") as name:
        count, late = show(pathlib.Path(name))
    check(len(late) > clock.PICTURES * (clock.SECONDS - 1),
          f"only {len(late)} pictures")
    # The first second is mplayer's own start.
    begin = statistics.median(late[clock.PICTURES:2 * clock.PICTURES])
    end = statistics.median(late[-clock.PICTURES:])
    said = (f"{1000 * (end - begin):+.1f} ms in {clock.SECONDS} s, pictures "
            f"{1000 * statistics.median(late):+.1f} ms from the sound, which "
            f"came in {count} pieces")
    print(said, f"(from {1000 * min(late):+.1f} to {1000 * max(late):+.1f})",
          file=sys.stderr)
    if count > 1 or abs(end - begin) >= DRIFT or abs(begin) >= APART:
        return said
    return None


def main():
    alsa.need("mplayer")
    for left in reversed(range(TRIES)):
        # A machine that is busy with something else shows pictures late.
        wrong = measure()
        if wrong is None:
            break
        check(left, wrong)


if __name__ == "__main__":
    main()
