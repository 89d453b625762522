#!/usr/bin/env python3
"""Recording through the dsp server: the card's ramp, without a gap, while it
plays, too; started and stopped as OSS says."""

import select
import struct
import time

from door import (FLOAT, GETIPTR, GETISPACE, GETOPTR, NONBLOCK, READ, RESET,
                  S16_BE, S16_LE, S32_LE, SETTRIGGER, SYNC, U8, U16_LE, WRITE,
                  Server, check, patiently)
from daemon import on_card, until
from sound import noise, raw

RATE = 44100
FRAMES = 6000


def frame_numbers(pairs):
    """Not of silence, as in sound.numbers()."""
    return [low & 0xFFFF | (high & 0xFFFF) << 16 for low, high in pairs
            if low or high]


def check_ramp(pairs, what):
    numbers = frame_numbers(pairs)
    check(all(b == a + 1 for a, b in zip(numbers, numbers[1:])),
          f"{what} has a gap")


def formats(daemon):
    """Each a way of writing the same 16 bits."""
    readers = {
        S16_LE: ("<hh", lambda v: v),
        S16_BE: (">hh", lambda v: v),
        U16_LE: ("<HH", lambda v: v - 32768),
        S32_LE: ("<ii", lambda v: v >> 16),
        FLOAT: ("=ff", lambda v: int(v * 32768)),
    }
    for format, (layout, value) in readers.items():
        size = struct.calcsize(layout)
        with Server(daemon.env, daemon.socket) as server, \
                server.open(READ) as device:
            device.set(format)
            data = device.read(FRAMES * size)
            check_ramp([tuple(map(value, frame)) for frame in
                        struct.iter_unpack(layout, data)],
                       f"format {format:#x}")
    print(f"{len(readers)} formats recorded, no gap")


def unasked(daemon):
    """A reader that says nothing, as a static program's: O_RDONLY is enough;
    and nothing is captured for one that also writes."""
    with Server(daemon.env, daemon.socket) as server, \
            server.open(READ) as device, server.open(READ | WRITE) as other:
        device.set()
        other.set()
        data = device.socket.recv(4096)
        check(len(data) > 0, "nothing comes")
        ready, _, _ = select.select([other.socket], [], [], 0.2)
        check(not ready, "it captures for who does not read")


def duplex(daemon, card):
    """Plays and records on one descriptor; non-blocking; RESET stops both."""
    sound = noise(2 * RATE // 2, 11)
    with Server(daemon.env, daemon.socket) as server, \
            server.open(READ | WRITE) as device:
        device.set()
        device.ioctl(NONBLOCK)
        check(device.socket.gettimeout() is None, "of ours")
        rest, data = raw(sound), b""
        device.reading()
        while rest or len(data) < 4 * RATE // 2:
            readable, writable, _ = select.select(
                [device.socket], [device.socket] if rest else [], [], 5)
            check(readable or writable, "neither reads nor writes go on")
            if writable:
                rest = rest[device.socket.send(rest):]
            if readable:
                data += device.socket.recv(65536)
        device.ioctl(SYNC)
        check(device.ioctl(GETOPTR)[0] == 4 * RATE // 2, "what was played")
        data = data[:len(data) // 4 * 4]
        check_ramp(struct.iter_unpack("<hh", data), "duplex")
        passed = device.ioctl(GETIPTR)[0]
        check(passed >= len(data), f"{passed} of {len(data)}")
        device.ioctl(RESET)
        ready, _, _ = select.select([device.socket], [], [], 0.1)
        check(not ready, "it captures after RESET")
        device.reading()
        until("it begins again", lambda: select.select(
            [device.socket], [], [], 0)[0])
    until("all was heard", lambda: raw(sound) in card.played())
    print("full duplex: all played, all recorded")


def asked(daemon):
    """GETISPACE starts, and tells what can be read; a late reader loses the
    oldest, in one gap."""
    with Server(daemon.env, daemon.socket) as server, \
            server.open(READ | WRITE) as device:
        device.set(fragment=4 << 16 | 14)
        device.ioctl(SETTRIGGER, 2)
        device.reading()
        check(device.ioctl(GETISPACE)[3] == 0, "untriggered")
        device.ioctl(SETTRIGGER, 3)
        until("a fragment is there",
              lambda: device.ioctl(GETISPACE)[0] >= 1)
        _, count, size, there = device.ioctl(GETISPACE)
        check((count, size) == (4, 16384), f"{count} of {size}")
        check(len(device.socket.recv(there)) == there, "what it told")
        # Late by a second.
        time.sleep(1)
        check(device.ioctl(GETISPACE)[0] == 4, "full")
        data = device.read(4 * RATE)
        numbers = frame_numbers(struct.iter_unpack("<hh", data))
        gaps = sum(b != a + 1 for a, b in zip(numbers, numbers[1:]))
        check(gaps <= 1, f"{gaps} gaps")
    print("GETISPACE is what it says")


def narrow(daemon):
    """u8, one channel: what the daemon gives."""
    with Server(daemon.env, daemon.socket) as server, \
            server.open(READ) as device:
        device.set(U8, 1, 8000)
        check(len(device.read(2000)) == 2000, "u8")


def main():
    # Long enough for a machine that is late by some 90 ms.
    with on_card("--period", 256, "--periods", 16) as (daemon, card):
        patiently(daemon, formats)
        unasked(daemon)
        patiently(daemon, duplex, card)
        patiently(daemon, asked)
        narrow(daemon)


if __name__ == "__main__":
    main()
