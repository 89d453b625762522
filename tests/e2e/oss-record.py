#!/usr/bin/env python3
"""sox, unmodified, records from /dev/dsp: every frame of the card, in order."""

import pathlib
import tempfile

import oss
from daemon import check, on_card
from oss import FRAME, RATE, TRIES, Row, finish, wrapped
from sound import is_ramp

CARD = ("--period", 1024, "--periods", 16)
SECONDS = 0.5


def record():
    """What sox wrote; whether the card lost something to a busy machine."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-record-") as name:
        path = pathlib.Path(name) / "rec.raw"
        with on_card(*CARD, rate=RATE) as (daemon, card):
            finish(wrapped(daemon, "sox", "-q", "-t", "oss", "-r", RATE, "-c",
                           2, "-b", 16, "-e", "signed", "/dev/dsp", "-t",
                           "raw", path, "trim", 0, SECONDS))
            late = any(event.name == "xrun" for event in card.events())
        return path.read_bytes(), late


def records():
    for left in reversed(range(TRIES)):
        data, late = record()
        if is_ramp(data) or not late or not left:
            break
    frames = len(data) // FRAME
    check(frames == RATE * SECONDS, f"{frames} frames were recorded")
    check(is_ramp(data), "the recording has a gap")


def main():
    oss.run_rows((Row("sox -t oss /dev/dsp out.wav", "libsox-fmt-oss",
                      "preload 64", "every frame, with what the card recorded",
                      ("sox",)), records))


if __name__ == "__main__":
    main()
