#!/usr/bin/env python3
"""Everything written before closing is played; a player is listed from its
header on until its sound is out, and then is gone."""

import time

from daemon import BITS16, MONO, STEREO, check, on_card, until
from sound import first_sound, noise, raw, words

RATE = 44100
LARGE = ("--period", 2048, "--periods", 8)


def tail(got):
    """The sound without the silence around it."""
    start = first_sound(got)
    if start is None:
        return []
    end = len(got)
    while end > 0 and got[end - 1] == 0:
        end -= 1
    return list(got[2 * start:end + end % 2])


def plays_all(daemon, card, name, data, expected):
    """Writes, closes, and looks what the card got since."""
    before = len(card.played())
    began = time.monotonic()
    with daemon.client() as client, daemon.client() as control:
        client.play(BITS16 | STEREO, RATE, name)
        until(f"{name} is listed before its sound",
              lambda: control.player(name), 1)
        client.send(data)
    with daemon.client() as control:
        if len(data) > 4 * RATE // 10:
            check(control.player(name), f"{name} vanished with its client")
        until(f"{name} is no longer listed", lambda: not control.player(name))
        gone = time.monotonic()

    def rest():
        return tail(words(card.played()[before:]))

    until(f"{name} is at the card", lambda: rest() == expected)
    print(f"{name.decode()}: {len(expected) // 2} frames played to the end, "
          f"gone from the list after {gone - began:.3f} s")
    return gone - began


def main():
    with on_card(*LARGE, rate=RATE) as (daemon, card):
        sound = noise(2 * 10000, 1)
        plays_all(daemon, card, b"10000 frames", raw(sound), sound)
        plays_all(daemon, card, b"one frame", raw([1000, -1000]),
                  [1000, -1000])
        odd = noise(2 * 500, 2)
        for trailing in (1, 2, 3):
            plays_all(daemon, card, b"%d bytes too many" % trailing,
                      raw(odd) + b"\x55" * trailing, odd)
        long = noise(2 * RATE, 3)
        took = plays_all(daemon, card, b"one second", raw(long), long)
        check(took > 0.5, f"a second of sound was out after {took:.3f} s")

        # A client that closes without a byte of sound leaves nothing behind.
        with daemon.client() as client:
            client.play(BITS16 | MONO, RATE, b"empty")
        daemon.wait_silent()
        print("a stream without sound: gone")


if __name__ == "__main__":
    main()
