#!/usr/bin/env python3
"""The card is shared with other programs: released on standby and after a
silence, taken again for the next sound without losing any of it."""

import os
import subprocess
import time

from daemon import KEY, LARGE, MARKER, check, on_card, until
from sound import FRAME, first_sound, noise, raw, words

RATE = 44100
STANDBY, RESUME, STANDBY_MODE = 12, 13, 22
BACK = 0.1  # seconds a sound may wait for the card to be taken again
# As fine as what is measured; and what outlasts a busy machine's pauses.
QUICK = ("--period", 441, "--periods", 4)


def mode(daemon):
    with daemon.client() as client:
        client.send(client.ints(STANDBY_MODE, 0))
        return client.read_ints(1)[0]


def owner(daemon, opcode):
    with daemon.client() as client:
        client.send(client.ints(opcode) + KEY + client.ints(MARKER))
        check(client.read_ints(2) == (1, 1), f"opcode {opcode} failed")


def aplay(card):
    """Another program, which wants the card for itself."""
    return subprocess.run(
        ["aplay", "-q", "-D", card.name, "-t", "raw", "-f", "S16_LE", "-r",
         str(RATE), "-c", "2"], input=bytes(4 * 100), timeout=10,
        env={**os.environ, **card.env}, capture_output=True)


def others_have_it(card, seen):
    card.wait_event("close", seen)
    seen = len(card.events())
    result = aplay(card)
    check(result.returncode == 0, f"aplay: {result.stderr.decode()}")
    card.wait_event("close", seen)


def send(daemon, sound):
    """Returns when it was sent, ns."""
    with daemon.client() as client:
        client.play(0x1021, RATE, b"sound")
        began = time.monotonic_ns()
        client.send(raw(sound))
    return began


def is_exact(card, start, sound):
    """All of it is out, and nothing else, from that frame on."""
    def heard():
        got = words(card.played())
        at = first_sound(got, start)
        return at is not None and len(got) >= 2 * at + len(sound) and at
    at = until("the sound is at the card", heard)
    check(list(words(card.played())[2 * at:][:len(sound)]) == sound,
          "the sound is not what was sent")
    return at


def autostandby():
    with on_card("--autostandby", 0, *QUICK, event="close") as (daemon, card):
        seen = 0
        for seed in range(3):
            others_have_it(card, seen)
            check(mode(daemon) == 3, "idle is not running, libao would think")
            seen, start = len(card.events()), card.frames()
            sound = noise(2 * 3000, seed)
            began = send(daemon, sound)
            at = is_exact(card, start, sound)
            took = until("it is timed",
                         lambda at=at: card.frame_time(at)) - began
            check(took < BACK * 1e9, f"the sound waited {took / 1e6:.0f} ms")
            print(f"autostandby: aplay had the card, and {took / 1e6:.1f} ms "
                  "after it was sent a sound was heard, all of it")


def taken_meanwhile():
    """Somebody else has the card when a sound comes: it waits for nothing."""
    with on_card("--autostandby", 0, *LARGE, event="close") as (daemon, card):
        seen = len(card.events())
        card.busy()
        with daemon.client() as client:
            client.play(0x1021, RATE, b"sound")
            client.send(raw(noise(2 * 1000, 1)))
            card.wait_event("refused", seen)
            card.busy(False)
            seen, start = len(card.events()), card.frames()
            while first_sound(words(card.played()), start) is None:
                client.send(raw(noise(2 * 2000, 2)))
        print("busy: a stream goes on, and is heard once the card is free")


def standby():
    with on_card(*LARGE) as (daemon, card):
        owner(daemon, STANDBY)
        check(mode(daemon) == 1, "on standby it says something else")
        others_have_it(card, 0)
        start = card.frames()
        began = send(daemon, noise(2 * 4410, 1))
        daemon.wait_silent()
        took = (time.monotonic_ns() - began) / 1e9
        check(took > 0.08, f"0.1 s of sound was over after {took:.3f} s")
        check(card.frames() == start, "standby, but the card was taken")
        seen = len(card.events())
        owner(daemon, RESUME)
        check(mode(daemon) == 3, "RESUME is no end of standby")
        card.wait_event("start", seen)
        sound = noise(2 * 3000, 2)
        send(daemon, sound)
        is_exact(card, start, sound)
    print("standby: sound passes at its own rate, the card is free; then back")


def restart():
    """Standby is of the moment: nothing of it is left over."""
    with on_card("--autostandby", 86400, *LARGE) as (daemon, card):
        sound = noise(2 * 500, 1)
        send(daemon, sound)
        is_exact(card, 0, sound)
        check(not any(event.name == "close" for event in card.events()),
              "the card was released long before its time")
        check(len(card.played()) % FRAME == 0, "half a frame was played")
    print("autostandby keeps to its time")


def main():
    autostandby()
    taken_meanwhile()
    standby()
    restart()


if __name__ == "__main__":
    main()
