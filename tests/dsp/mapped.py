#!/usr/bin/env python3
"""A ring that is mapped is played at the card's pace, with no more than a
fragment of delay; the pointer advances smoothly, and is where the copy is."""

import select
import struct
import time

from door import (GETCAPS, GETIPTR, GETODELAY, GETOPTR, GETOSPACE, READ, RESET,
                  SETFRAGMENT, SETTRIGGER, SYNC, WRITE, Refused, Server, check,
                  now)
from daemon import on_card, until
from sound import noise, raw

RATE = 44100
PERIOD = 256
FRAGMENT = 8192  # bytes
COUNT = 4
SIZE = FRAGMENT * COUNT


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except Refused as refusal:
        check(refusal.errno == error, f"{refusal}")
        return
    check(False, "it is not refused")


def played(daemon, card):
    """What is put in ahead of the pointer is heard, without gap or repeat."""
    sound = raw(noise(RATE, 5))
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=COUNT << 16 | 13)
        check(device.ioctl(GETCAPS) & 0x3000 == 0x3000, "MMAP, TRIGGER")
        _, count, size, _ = device.ioctl(GETOSPACE)
        check((count, size) == (COUNT, FRAGMENT), f"{count} of {size}")
        device.ioctl(SETTRIGGER, 0)
        refused(22, device.mmap, SIZE + 4096)
        refused(13, device.mmap, SIZE, READ)
        ring = device.mmap(SIZE)
        refused(22, device.ioctl, SETFRAGMENT, 2 << 16 | 12)
        check(ring[:] == bytes(SIZE), "it is silent at first")
        ring[:] = sound[:SIZE]
        time.sleep(0.05)
        check(device.ioctl(GETOPTR) == (0, 0, 0), "it runs untriggered")
        device.ioctl(SETTRIGGER, 2)
        written, blocks, seen = SIZE, 0, []
        while True:
            before = now()
            passed, more, at = device.ioctl(GETOPTR)
            after = now()
            blocks += more
            check(at == passed % SIZE, f"{at} after {passed}")
            check(blocks == passed // FRAGMENT, f"{blocks} after {passed}")
            if passed >= len(sound) + 8 * 4 * PERIOD:
                break  # what came last is heard, too
            seen.append(((before + after) // 2, passed // 4, after - before))
            # All behind the pointer is filled anew.
            check(passed + SIZE >= written, "the pointer goes back")
            while written < passed + SIZE:
                to = written % SIZE
                size = min(SIZE - to, passed + SIZE - written)
                ring[to:to + size] = sound[written:written + size].ljust(
                    size, b"\0")
                written += size
            time.sleep(0.002)
        device.ioctl(SYNC)
        delay = device.ioctl(GETODELAY) // 4
        # A fragment, and what the card holds.
        check(0 < delay <= FRAGMENT // 4 + 5 * PERIOD, f"{delay} frames ahead")
        ring.close()
    until("all is heard", lambda: sound in card.played())
    smooth(card, card.played().index(sound) // 4, seen)


def smooth(card, start, seen):
    """The pointer against the card's clock: always the same lead, but for the
    time that the question takes."""
    leads = []
    for when, frame, took in seen[5:]:
        heard = card.frame_time(start + frame)
        if heard is not None and took < 2000000:
            leads.append((heard - when) * RATE / 1e9)
    leads.sort()
    middle = leads[len(leads) // 2]
    low, high = leads[len(leads) // 20], leads[len(leads) * 19 // 20]
    check(high - low <= PERIOD / 2, f"a lead of {low:.0f} to {high:.0f}")
    check(middle <= FRAGMENT / 4 + 5 * PERIOD, f"a lead of {middle:.0f}")
    print(f"the pointer leads what is heard by {low:.0f} to {high:.0f} frames,"
          f" {middle:.0f} in the middle of {len(leads)}")


def looped(daemon, card):
    """Nobody writes any more: the ring goes round, until RESET."""
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=COUNT << 16 | 13)
        ring = device.mmap(SIZE)
        piece = raw(noise(SIZE // 2, 9))
        ring[:] = piece
        check(device.ioctl(GETOPTR)[2] > 0, "it does not start")
        until("it goes round", lambda: card.played().count(piece) >= 2)
        device.ioctl(RESET)
        device.ioctl(SETTRIGGER, 0)
        check(device.ioctl(GETOPTR) == (0, 0, 0), "RESET begins anew")
    print("an untouched ring goes round")


def paced(daemon):
    """select() wakes a program when a fragment has passed since GETOPTR."""
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=COUNT << 16 | 12)
        device.mmap(4096 * COUNT).close()
        device.ioctl(SETTRIGGER, 0)
        device.ioctl(SETTRIGGER, 2)
        blocks = device.ioctl(GETOPTR)[1]
        start = time.monotonic()
        turns = 0
        while time.monotonic() < start + 0.5:
            _, writable, _ = select.select([], [device.socket], [], 5)
            check(writable, "it never wakes")
            passed, more, _ = device.ioctl(GETOPTR)
            check(more >= 1, f"it wakes early, at {passed}")
            turns += 1
            blocks += more
        check(blocks == passed // 4096, f"{blocks} fragments at {passed}")
        check(turns >= blocks // 2 > 1, f"{turns} turns, {blocks} fragments")
    print(f"select() on a mapped device: {turns} turns, {blocks} fragments")


def recorded(daemon):
    """The other way: what is captured is in the ring, up to the pointer."""
    with Server(daemon.env, daemon.socket) as server, \
            server.open(READ | WRITE) as device:
        device.set(fragment=COUNT << 16 | 13)
        ring = device.mmap(SIZE, READ)
        device.ioctl(SETTRIGGER, 1)
        data, taken = b"", 0
        while len(data) < 4 * RATE // 4:
            passed, _, at = device.ioctl(GETIPTR)
            check(passed - taken < SIZE, "it was overrun")
            check(at == passed % SIZE, f"{at} after {passed}")
            data += bytes(ring[at % SIZE] for at in range(taken, passed))
            taken = passed
            time.sleep(0.005)
    numbers = [low | high << 16
               for low, high in struct.iter_unpack("<HH", data)]
    check(all(b == a + 1 for a, b in zip(numbers, numbers[1:])), "a gap")
    print(f"{len(numbers)} frames captured in a ring, no gap")


def main():
    with on_card("--period", PERIOD, "--periods", 4) as (daemon, card):
        played(daemon, card)
        looped(daemon, card)
        paced(daemon)
        recorded(daemon)


if __name__ == "__main__":
    main()
