#!/usr/bin/env python3
"""Two wrapped programs and an ESD client play at once.  One is killed (kill
-9): of the others not a sample is missing or moved, of itself what it had
written is heard."""

import pathlib
import subprocess
import tempfile

import oss
from daemon import BUILD, check, on_card, until
from oss import (FRAME, LARGE, RATE, TRIES, Row, pieces, sounding, wrapped)
from sound import noise, raw, words

FRAMES = 32 * 2048  # sox plays whole blocks of 2048 only
# A digit each, of what is heard: up to 15 of 1, of 32, of 1024 either way.
BASE, MOST = 32, 15
WRAPPED = ("one", "two")


def digit(samples, number):
    """That sound alone, as digits."""
    result = []
    for value in samples:
        for _ in range(number + 1):
            rest = (value + BASE // 2) % BASE - BASE // 2
            value = (value - rest) // BASE
        result.append(rest)
    return raw(result)


class Players:
    """Each plays the digits of its number; sox twice, then esdcat."""

    def __init__(self, daemon, directory):
        self.sounds = []
        for number in range(3):
            digits = noise(2 * FRAMES, number, peak=MOST)
            self.sounds.append(raw(digits))
            path = directory / f"{number}.raw"
            path.write_bytes(raw([v * BASE ** number for v in digits]))
        self.processes = [
            wrapped(daemon, "-n", name, "sox", "-q", "-t", "raw", "-r", RATE,
                    "-c", 2, "-b", 16, "-e", "signed",
                    directory / f"{number}.raw", "-t", "oss", "/dev/dsp")
            for number, name in enumerate(WRAPPED)]
        self.processes.append(subprocess.Popen(
            [BUILD / "esdcat", "-s", f"unix:{daemon.socket}",
             directory / "2.raw"], env=daemon.env, stderr=subprocess.PIPE))

    def end(self, victim):
        for number, process in enumerate(self.processes):
            said = process.communicate(timeout=oss.PATIENCE)
            check(process.returncode == (-9 if number == victim else 0),
                  f"player {number} ended with {process.returncode}: {said}")


def listen(daemon, card, victim):
    """The digits of each that came out."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-together-") as name:
        start = card.frames()
        players = Players(daemon, pathlib.Path(name))

        def all_play():
            heard = words(card.played()[start * FRAME:][-256 * FRAME:])
            return all(any(words(digit(heard, number)))
                       for number in range(3))
        until("all three are heard", all_play)
        players.processes[victim].kill()
        players.end(victim)
    daemon.wait_silent()
    # What the card's own buffer held then.
    card.wait_frames(card.frames() + LARGE[1] * LARGE[3])
    heard = words(card.played()[start * FRAME:])
    return players.sounds, [digit(heard, number) for number in range(3)]


def killed(victim):
    for left in reversed(range(TRIES)):
        with on_card(*LARGE, rate=RATE) as (daemon, card):
            sounds, heard = listen(daemon, card, victim)
        counts = []
        for number, (sound, got) in enumerate(zip(sounds, heard)):
            if number == victim:
                sound = sound[:len(sounding(got))]
            counts.append(pieces(got, sound))
            check(not isinstance(counts[-1], str),
                  f"player {number}, when {victim} was killed: {counts[-1]}")
        if counts == [1, 1, 1]:
            return
        check(left, f"{counts} pieces were heard, {TRIES} times")


def main():
    compared = "every frame of the others, and what it had written"
    oss.run_rows(
        (Row("sox twice and esdcat, one sox killed", "sox", "preload 64",
             compared, ("sox",)), killed, 0),
        (Row("sox twice and esdcat, esdcat killed", "sox", "preload 64",
             compared, ("sox",)), killed, 2))


if __name__ == "__main__":
    main()
