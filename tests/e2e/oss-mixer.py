#!/usr/bin/env python3
"""aumix, unmodified, moves the volume of a program under esddsp: what is heard
of that program gets softer, what is heard of others does not."""

import contextlib
import pathlib
import statistics
import tempfile
import threading

import oss
from daemon import check, on_card, until
from oss import FRAME, RATE, Row, finish, wrapped
from sound import raw, words

LEVEL, OTHER = 16000, 1000
CARD = ("--period", 512, "--periods", 8)


class Level:
    """What the card plays now, of each channel; constant sounds only."""

    def __init__(self, card):
        self.card = card

    def now(self, frames=512):
        got = words(self.card.played()[-frames * FRAME:])
        return tuple(statistics.mean(got[side::2]) if got else 0
                     for side in (0, 1))

    def becomes(self, left, right):
        """Dither and rounding are below one step."""
        def is_there():
            now = self.now()
            return abs(now[0] - left) < 1 and abs(now[1] - right) < 1
        with contextlib.suppress(SystemExit):
            until("", is_there, 5)
        check(is_there(), f"the card plays {self.now()}, not {left} {right}")


def steady(directory, seconds=20):
    path = directory / "level.raw"
    path.write_bytes(raw([LEVEL, -LEVEL] * RATE * seconds))
    return path


@contextlib.contextmanager
def player(daemon, name, path):
    """sox, which plays for long; ended by SIGTERM."""
    process = wrapped(daemon, "-n", name, "sox", "-q", "-t", "raw", "-r", RATE,
                      "-c", 2, "-b", 16, "-e", "signed", path, "-t", "oss",
                      "/dev/dsp")
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def aumix(daemon, name, *options):
    return finish(wrapped(daemon, "-n", name, "aumix", *options)).decode()


@contextlib.contextmanager
def constant(daemon):
    """Another client, of its own constant level."""
    def feed():
        with contextlib.suppress(OSError):
            while True:
                client.send(raw([OTHER, OTHER] * RATE))

    with daemon.client().play(0x1021, RATE, b"other") as client:
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            yield
        finally:
            client.shut()
            feeder.join()


def volumes():
    with tempfile.TemporaryDirectory(prefix="esdmixd-mixer-") as name, \
            on_card(*CARD, rate=RATE) as (daemon, card), constant(daemon):
        path = steady(pathlib.Path(name))
        level = Level(card)
        with player(daemon, "tune", path):
            level.becomes(LEVEL + OTHER, -LEVEL + OTHER)
            check("pcm 100, 100" in aumix(daemon, "tune", "-wq"), "not 100 %")
            aumix(daemon, "tune", "-w", "50")
            level.becomes(LEVEL / 2 + OTHER, -LEVEL / 2 + OTHER)
            said = aumix(daemon, "tune", "-wq")
            check("pcm 50, 50" in said, f"aumix says {said}")
            aumix(daemon, "tune", "-w", "-25")
            level.becomes(LEVEL / 4 + OTHER, -LEVEL / 4 + OTHER)
            aumix(daemon, "another", "-w", "75")
            aumix(daemon, "tune", "-v", "50")
            level.becomes(LEVEL / 8 + OTHER / 2, -LEVEL / 8 + OTHER / 2)
            said = aumix(daemon, "tune", "-vq")
            check("vol 50, 50" in said, f"aumix says {said}")
            aumix(daemon, "tune", "-v", "100")
        level.becomes(OTHER, OTHER)
        # Its next stream begins as it was left.
        with player(daemon, "tune", path):
            level.becomes(LEVEL / 4 + OTHER, -LEVEL / 4 + OTHER)


def main():
    oss.run_rows((Row("aumix -w 50, -v 50", "aumix", "preload 64",
                      "the card's level, with the volume that was set; other "
                      "programs' stays", ("aumix", "sox")), volumes))


if __name__ == "__main__":
    main()
