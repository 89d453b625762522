#!/usr/bin/env python3
"""A ring that is mapped is played at the card's pace, with no more than a
fragment of delay; the pointer advances smoothly, and is where the copy is."""

import select
import struct
import time

from door import (GETBLKSIZE, GETCAPS, GETERROR, GETIPTR, GETODELAY, GETOPTR,
                  GETOSPACE, READ, RESET, SETFRAGMENT, SETTRIGGER, SYNC, WRITE,
                  Refused, Server, check, now, patiently, troubles)
from daemon import on_card, until
from sound import noise, raw

RATE = 44100
PERIOD = 256
COUNT = 4  # fragments
SIZE = COUNT << 13


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except Refused as refusal:
        check(refusal.errno == error, f"{refusal}")
        return
    check(False, "it is not refused")


def fill(ring, sound, start, end):
    """The ring's bytes from one position to another; silence after the sound."""
    size = len(ring)
    while start < end:
        to = start % size
        count = min(size - to, end - start)
        ring[to:to + count] = sound[start:start + count].ljust(count, b"\0")
        start += count


def run(device, ring, sound):
    """Keeps the ring filled behind the pointer; [(when, frame)] of that."""
    size = len(ring)
    fragment = device.ioctl(GETBLKSIZE)
    written, blocks, seen = size, 0, []
    while True:
        before = now()
        passed, more, at = device.ioctl(GETOPTR)
        after = now()
        blocks += more
        check(at == passed % size, f"{at} after {passed}")
        check(blocks == passed // fragment, f"{blocks} after {passed}")
        if passed >= len(sound) + 8 * 4 * PERIOD:
            return seen  # what came last is heard, too
        if after - before < 2000000 and passed < len(sound):
            seen.append(((before + after) // 2, passed // 4))
        check(passed + size >= written, "the pointer goes back")
        fill(ring, sound, written, passed + size)
        written = passed + size
        time.sleep(0.002)


def played(daemon, card, power=13):
    """What is put in ahead of the pointer is heard, without gap or repeat."""
    sound = raw(noise(RATE, power))
    size = COUNT << power
    before = troubles(daemon)
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=COUNT << 16 | power)
        check(device.ioctl(GETCAPS) & 0x3000 == 0x3000, "MMAP, TRIGGER")
        check(device.ioctl(GETOSPACE)[1:3] == (COUNT, 1 << power), "space")
        device.ioctl(SETTRIGGER, 0)
        refused(22, device.mmap, size + 4096)
        refused(13, device.mmap, size, READ)
        ring = device.mmap(size)
        refused(22, device.ioctl, SETFRAGMENT, 2 << 16 | 12)
        check(ring[:] == bytes(size), "it is silent at first")
        fill(ring, sound, 0, size)
        time.sleep(0.05)
        check(device.ioctl(GETOPTR) == (0, 0, 0), "it runs untriggered")
        device.ioctl(SETTRIGGER, 2)
        seen = run(device, ring, sound)
        device.ioctl(SYNC)
        delay = device.ioctl(GETODELAY) // 4
        underruns = device.ioctl(GETERROR)[0]
        ring.close()
    if (underruns > 0 or troubles(daemon) > before) and power < 16:
        # This machine was busy for longer than a fragment, or than the card's
        # buffer.
        print(f"{underruns} underruns, again with longer fragments")
        played(daemon, card, power + 1)
        return
    check(0 < delay <= (1 << power) // 4 + 5 * PERIOD, f"{delay} frames ahead")
    until("all is heard", lambda: sound in card.played())
    smooth(card, card.played().index(sound) // 4, seen, (1 << power) // 4)


def smooth(card, start, seen, fragment):
    """The pointer against the card's clock: always the same lead."""
    until("the last of them is noted",
          lambda: card.frame_time(start + seen[-1][1]))
    leads = sorted((card.frame_time(start + frame) - when) * RATE / 1e9
                   for when, frame in seen[5:])
    low, middle, high = (leads[len(leads) * part // 20] for part in (1, 10, 19))
    check(high - low <= PERIOD / 2, f"a lead of {low:.0f} to {high:.0f}")
    check(middle <= fragment + 5 * PERIOD, f"a lead of {middle:.0f}")
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
            check(at == passed % SIZE, f"{at} after {passed}")
            piece = bytes(ring[at % SIZE] for at in range(taken, passed))
            if device.ioctl(GETIPTR)[0] - taken < SIZE:
                data += piece
            else:
                data = b""  # we are late: it was written over
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
        patiently(daemon, recorded)


if __name__ == "__main__":
    main()
