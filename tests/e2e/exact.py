#!/usr/bin/env python3
"""What goes in comes out, to the bit: alone, summed, and at given volumes."""

import itertools
import subprocess

from daemon import (BITS16, BITS8, BUILD, LARGE, MONO, STEREO, check, fail,
                    on_card, together, until)
from sound import FRAME, first_sound, noise, raw, words

RATE = 44100


def heard(daemon, card, frames):
    """All the card played, once that holds `frames` frames and silence."""
    daemon.wait_silent()

    def is_out():
        start = first_sound(words(card.played()))
        return (start is not None and
                len(card.played()) // FRAME > start + frames + 1024)

    until("the sound is at the card", is_out, 20)
    return words(card.played())


def expect_alone(name, got, expected):
    """Exactly `expected` with nothing but silence around it."""
    start = first_sound(got)
    check(start is not None, f"{name}: nothing but silence was played")
    part = got[2 * start:2 * start + len(expected)]
    for i, (a, b) in enumerate(zip(part, expected)):
        check(a == b, f"{name}: frame {i // 2} is {a}, not {b}")
    check(len(part) == len(expected), f"{name}: the end is missing")
    after = first_sound(got, start + len(expected) // 2)
    check(after is None, f"{name}: sound {after} frames in, after the end")
    print(f"{name}: {len(expected) // 2} frames exact, "
          f"silence before ({start} frames) and after")


def play_alone(name, data, expected, format=BITS16 | STEREO, order="<",
               conf="", pan=None):
    with on_card(*LARGE, rate=RATE, conf=conf) as (daemon, card):
        with daemon.client(order) as client:
            client.play(format, RATE, name.encode())
            if pan:
                with daemon.client() as control:
                    player = until("the player is listed",
                                   lambda: control.player(name.encode()))
                    check(control.pan(player[0], *pan) == 1, "no such player")
            client.send(data)
        expect_alone(name, heard(daemon, card, len(expected) // 2), expected)


def formats():
    """What is to be played alone, as play_alone()'s arguments."""
    stereo = noise(2 * RATE, 1)
    yield "s16 stereo", raw(stereo), stereo
    yield ("s16 stereo big-endian", raw(stereo, ">"), stereo, BITS16 | STEREO,
           ">")
    mono = noise(RATE // 2, 2)
    both = [sample for sample in mono for _ in range(2)]
    yield "s16 mono", raw(mono), both, BITS16 | MONO
    yield "s16 mono big-endian", raw(mono, ">"), both, BITS16 | MONO, ">"
    octets = bytes((sample >> 8) + 128 for sample in noise(RATE, 3))
    expected = [(octet - 128) << 8 for octet in octets]
    yield "u8 stereo", octets, expected, BITS8 | STEREO
    yield ("u8 mono", octets, [sample for sample in expected
                               for _ in range(2)], BITS8 | MONO)


def volumes():
    """Likewise, with volumes by STREAM_PAN, or by the settings."""
    # Multiples of 512: halves, quarters and doubles drop no bits.
    samples = noise(RATE, 4, peak=16384, step=512)
    louder = [samples[i] // 2 if i % 2 == 0 else samples[i] // 4
              for i in range(len(samples))]
    quiet = noise(RATE, 5, peak=16000)
    for name, data, expected, conf, pan in (
            ("STREAM_PAN 128 64", samples, louder, "", (128, 64)),
            ("STREAM_PAN 512 512", quiet, [2 * s for s in quiet], "",
             (512, 512)),
            ("rule 50%", samples, [s // 2 for s in samples],
             "volume = rule* 50%\n", None),
            ("master 25%", samples, [s // 4 for s in samples],
             "master = 25%\n", None),
            ("rule and master", samples, [s // 8 for s in samples],
             "volume = \"rule and*\" 128\nmaster = 64\n", None)):
        yield name, raw(data), expected, BITS16 | STEREO, "<", conf, pan


def three():
    """Three streams that begin when they begin: each sample their sum."""
    sounds = [noise(2 * RATE, seed, peak=10900) for seed in (6, 7, 8)]
    with on_card(*LARGE, rate=RATE) as (daemon, card):
        players = []
        for i, sound in enumerate(sounds):
            path = daemon.dir / f"sound{i}"
            path.write_bytes(raw(sound))
            players.append(subprocess.Popen(
                [str(BUILD / "esdcat"), "-s", f"unix:{daemon.socket}", path],
                env=daemon.env, stderr=subprocess.DEVNULL))
            card.wait_frames(card.frames() + RATE // 5)
        for player in players:
            check(player.wait() == 0, "esdcat failed")
        rest = list(heard(daemon, card, 2 * RATE))
    left = list(sounds)
    starts = []
    while left:
        starts.append(subtract_next(rest, left))
    check(not any(rest), "something is left after subtracting all three")
    print(f"three streams: exact sum, begun at frames {starts}")


def subtract_next(rest, left):
    """Takes the streams that begin first out of the mix; returns the frame.

    Streams begin with a period, so the first frames of those that begin
    together are the sum of no others.
    """
    start = next((i for i, sample in enumerate(rest) if sample != 0), None)
    check(start is not None, f"{len(left)} of the streams are missing")
    start -= start % 2
    for count in range(1, len(left) + 1):
        for group in itertools.combinations(left, count):
            if all(rest[start + i] == sum(sound[i] for sound in group)
                   for i in range(32)):
                for sound in group:
                    for i, sample in enumerate(sound):
                        rest[start + i] -= sample
                    left.remove(sound)
                return start // 2
    fail(f"what begins at frame {start // 2} is no sum of the streams")
    return None


def main():
    together(three, *(lambda case=case: play_alone(*case)
                      for case in itertools.chain(formats(), volumes())))


if __name__ == "__main__":
    main()
