#!/usr/bin/env python3
"""Faults of the original server that no other test is about: a writer of small
pieces is not heard, LATENCY is a constant, and who may do what is learned from
whoever comes first, or given to a key of zeros."""

import resource
import struct
import time

from daemon import KEY, LARGE, MARKER, Daemon, check, on_card, together, until
from sound import noise, raw

RATE = 44100
LOCK, UNLOCK, STANDBY, STANDBY_MODE = 1, 2, 12, 22
PIECE, PAUSE = 1000, 0.005  # bytes, seconds


def small_pieces():
    """Never a block of 4096 at once; the next to last not even a frame."""
    # No frame is silent: where a busy machine is late, there is only a gap.
    data = raw([sample | 1 for sample in noise(2 * RATE // 2, 1)])
    with on_card(*LARGE, rate=RATE) as (daemon, card):
        with daemon.client() as client:
            client.play(name=b"small")
            client.send(data[:RATE])  # so that it never runs dry
            for at in range(RATE, len(data), PIECE):
                client.send(data[at:at + PIECE])
                time.sleep(PAUSE)

        def sounding():
            frames = memoryview(card.played()).cast("I").tolist()
            return struct.pack("=" + "I" * (len(frames) - frames.count(0)),
                               *filter(None, frames))
        until("all of it is at the card", lambda:
              len(sounding()) >= len(data))
        check(sounding() == data, "pieces of 1000 bytes: not what was sent")
    print("pieces of 1000 bytes: all heard")


def latency(period, periods):
    """What the card still has to play, whatever its rate."""
    with on_card("--period", period, "--periods", periods,
                 rate=48000) as (daemon, _):
        buffer = period * periods * RATE // 48000
        with daemon.client() as client:
            client.play(name=b"keeps it busy")
            with daemon.client() as control:
                seen = []
                for _ in range(20):
                    seen.append(control.latency())
                    time.sleep(0.01)
    least = buffer - 2 * period * RATE // 48000
    check(least <= sorted(seen)[len(seen) // 2] and max(seen) <= buffer + 1,
          f"{periods} periods of {period}: LATENCY was {seen}")
    print(f"LATENCY with a buffer of {buffer} frames: {min(seen)} to "
          f"{max(seen)}")


def owner(client, opcode, key):
    client.send(client.ints(opcode) + key + client.ints(MARKER))
    return client.read(4), client.read_ints(1)[0]


def rights(*options):
    """A key is not learned, and zeros are nobody's."""
    yes, no = struct.pack("=i", 1), bytes(4)
    with Daemon("null", *options) as daemon:
        for key in (bytes(16), b"first comes..." + b"!!"):
            for opcode in (LOCK, UNLOCK, STANDBY):
                # Our own user is let in by any key, but owns by its own only.
                with daemon.client(key=key) as client:
                    check(owner(client, opcode, key) == (no, 0),
                          f"{options}: opcode {opcode} by {key}")
                    check(client.is_closed(), "refused, but not closed")
        with daemon.client() as client:
            check(owner(client, UNLOCK, KEY) == (yes, 1), "the owner's key")
            client.send(client.ints(STANDBY_MODE, 0))
            check(client.read_ints(1)[0] == 3, "it is on standby")
    print(f"{' '.join(options) or 'as it is'}: only the owner's key owns")


def many_descriptors():
    """However many there may be, none is closed first: it starts at once."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    began = time.monotonic()
    with Daemon("null"):
        took = time.monotonic() - began
    check(took < 1, f"with {hard} descriptors it started in {took:.2f} s")
    print(f"{hard} descriptors: ready after {1000 * took:.0f} ms")


def main():
    together(small_pieces, lambda: latency(480, 3), lambda: latency(2048, 8),
             rights, lambda: rights("--promiscuous"), many_descriptors)


if __name__ == "__main__":
    main()
