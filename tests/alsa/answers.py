#!/usr/bin/env python3
"""What the PCM answers: positions true to the card's clock, poll() that wakes
when there is room and not before, underruns, pauses, skips, forks; and every
frame at the card."""

import alsa
from alsa import FRAME, RATE
from daemon import BUILD, check, on_card, together, until

CARD = ("--period", 256, "--periods", 8)
PERIOD = 256
PIECES = 1024
TRIES = 5
LATE = 75  # of tests/alsa/tools.h


def numbers(card, begin):
    frames = memoryview(card.played()[begin * FRAME:]).cast("I")
    return [frame for frame in frames if frame]


def attempt(case, count):
    """As many frames are heard; False: a busy machine was late."""
    with on_card(*CARD) as (daemon, card):
        begin = card.frames()
        program = alsa.start(alsa.environment(daemon),
                             BUILD / "tests/alsa/answers", "esd", case)
        out, err = alsa.finish(program, status=None)
        if program.returncode == LATE:
            return False
        check(program.returncode == 0,
              f"{case} ended with {program.returncode}: {err}")
        until(f"{case}: all of it is at the card",
              lambda: len(numbers(card, begin)) >= count, alsa.PATIENCE)
        got = numbers(card, begin)
        check(got == list(range(1, count + 1)),
              f"{case}: {len(got)} frames, not {count}, or in disorder")
        if case == "positions":
            positions(out, card, begin)
        elif case == "moving":
            moving(card, begin)
        else:
            print(f"{case}: {count} frames exact", out.decode().strip())
        return True


def answers(case, count):
    check(any(attempt(case, count) for _ in range(TRIES)),
          f"{case}: was late {TRIES} times")


def positions(out, card, begin):
    """Each frame is told to be heard when the card plays it."""
    played = memoryview(card.played()[begin * FRAME:]).cast("I").tolist()
    at = {number: begin + i for i, number in enumerate(played) if number}
    off = []
    for line in out.decode().splitlines():
        before, after, heard = map(int, line.split())
        if heard > 0:
            time = card.frame_time(at[heard])
            check(time is not None, f"frame {heard} is told, not heard")
            off.append(abs(time - (before + after) / 2) * RATE / 1e9)
    off.sort()
    middle, most = off[len(off) // 2], off[len(off) * 9 // 10]
    said = (f"positions are {middle:.0f} frames off the card's clock in the "
            f"middle, {most:.0f} at nine tenths, of {len(off)}")
    print(said)
    # A busy machine stops the program between the two clocks.
    check(middle <= PERIOD, said)


def moving(card, begin):
    """What is skipped is silence, in its length."""
    played = memoryview(card.played()[begin * FRAME:]).cast("I").tolist()
    gap = played.index(501) - played.index(500) - 1
    check(gap >= 300, f"300 frames were skipped, {gap} are silent")
    print(f"moving: {gap} frames between")


def main():
    counts = {"positions": -(-(RATE - 1 - 4096) // PIECES) * PIECES + 4096,
              "waking": -(-(RATE // 2 - 1) // PIECES) * PIECES,
              "nonblocking": 4097, "underrun": 1000, "endless": 1500,
              "pausing": 5120, "moving": 4000,
              "rewinding": 1000, "resetting": 1000, "forking": 3 * 4096}
    together(*(lambda case=case, count=count: answers(case, count)
               for case, count in counts.items()))


if __name__ == "__main__":
    main()
