#!/usr/bin/env python3
"""Space, positions and delays that the dsp server tells, against the card's
own clock; SYNC, RESET, SETTRIGGER, POST; how soon a write is heard."""

import select
import struct
import threading
import time

from door import (CURRENT_OPTR, GETBLKSIZE, GETERROR, GETODELAY, GETOPTR,
                  GETOSPACE, GETTRIGGER, POST, RESET, SETFRAGMENT, SETTRIGGER,
                  SKIP, SYNC, U8, Server, check, now, patiently)
from daemon import on_card, until
from sound import noise, raw

RATE = 44100
PERIOD = 256


def space(daemon):
    """What GETOSPACE says can be written, without waiting; it and GETODELAY
    add up while nothing is heard."""
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=8 << 16 | 11)
        check(device.ioctl(GETBLKSIZE) == 2048, "a fragment")
        check(device.ioctl(GETOSPACE) == (8, 8, 2048, 16384), "at first")
        device.socket.setblocking(False)
        total = 0
        for _ in range(60):
            _, _, _, free = device.ioctl(GETOSPACE)
            if free > 0:
                total += free
                sent = device.socket.send(bytes(free))
                check(sent == free, f"{sent} of {free} bytes go in")
            select.select([], [], [], 0.002)
        underruns = device.ioctl(GETERROR)[0]
        check(underruns == 0, f"{underruns} underruns")
        device.ioctl(SYNC)
        check(device.ioctl(GETOPTR)[0] == total, "all is heard after SYNC")
        check(device.ioctl(GETODELAY) == 0, "nothing is left after SYNC")
        check(device.ioctl(GETOSPACE) == (8, 8, 2048, 16384), "at last")
    print(f"space is what it says: {total} bytes in exact pieces")


def blocked(daemon):
    """A program that writes all it can is held back by about its buffer, no
    more."""
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=4 << 16 | 12)
        data = bytes(4 * RATE)
        writer = threading.Thread(target=device.write, args=(data,))
        writer.start()
        delays = []
        while writer.is_alive():
            delays.append(device.ioctl(GETODELAY))
            time.sleep(0.01)
        writer.join()
        most = max(delays) - 4 * 1024  # what the card holds
        check(most <= 16384 + 4608, f"{most} bytes wait")
    print(f"a blocked writer is {max(delays)} bytes ahead of the card")


def hurried(daemon):
    """One that does not wait fills its buffer at once, in pieces of any size,
    and is held back by little more than that."""
    for exponent, least, piece in ((10, 4096, 1024), (14, 4 * RATE // 20, 500)):
        with Server(daemon.env, daemon.socket) as server, \
                server.open() as device:
            device.socket.setblocking(False)
            device.set(fragment=4 << 16 | exponent)
            total = 0
            try:
                while True:
                    total += device.socket.send(bytes(piece))
            except BlockingIOError:
                pass
            most = (4 << exponent) * 3 // 2 + 2 * 4 * 1024
            check(least <= total <= most, f"{total} bytes went in at once")
            device.ioctl(RESET)
        print(f"who does not wait: {total} bytes at once of {4 << exponent}")


def truth(daemon, card):
    """GETOPTR, GETODELAY and CURRENT_OPTR say which frame is heard when."""
    sound = noise(2 * RATE, 7)
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set()
        writer = threading.Thread(target=device.write, args=(raw(sound),))
        writer.start()
        seen = []
        while writer.is_alive():
            before = now()
            if len(seen) % 3 == 0:
                frame = device.ioctl(GETOPTR)[0] // 4
            elif len(seen) % 3 == 1:
                data = device.raw_ioctl(CURRENT_OPTR)
                frame, _ = struct.unpack_from("=qi", data)
            else:
                delay = device.ioctl(GETODELAY) // 4
                frame = device.ioctl(GETOPTR)[0] // 4
                check(delay > 0, "no delay while it plays")
            seen.append(((before + now()) // 2, frame))
            time.sleep(0.003)
        writer.join()
        device.ioctl(SYNC)
    until("the sound is at the card", lambda: raw(sound) in card.played())
    start = card.played().index(raw(sound)) // 4
    off = []
    for (when, frame), (_, after) in zip(seen, seen[1:]):
        check(after >= frame, f"{after} after {frame}")
        if frame > 0:
            heard = card.frame_time(start + frame)
            check(heard is not None, f"frame {frame} is told, not heard")
            off.append(abs(heard - when) * RATE / 1e9)
    off.sort()
    middle, most = off[len(off) // 2], off[len(off) * 9 // 10]
    check(middle <= PERIOD / 2, f"{middle:.0f} frames off in the middle")
    check(most <= 2 * PERIOD, f"{most:.0f} frames off")
    print(f"positions are {middle:.0f} frames off the card's clock in the "
          f"middle, {most:.0f} at nine tenths, of {len(off)}")


def recount(daemon):
    """A new format or size of fragments: what has passed is passed."""
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(fragment=8 << 16 | 11)
        passed = 0
        for again in (lambda: device.set(U8, 1, 8000),
                      lambda: device.ioctl(SETFRAGMENT, 4 << 16 | 8),
                      device.set, lambda: None):
            device.write(bytes(8192))
            device.ioctl(SYNC)
            passed += 8192
            told, blocks, _ = device.ioctl(GETOPTR)
            size = device.ioctl(GETBLKSIZE)
            check(told == passed, f"{told} of {passed} have passed")
            check(blocks in (8192 // size, 8192 // size + 1),
                  f"{blocks} blocks of {size}")
            again()
            check(device.ioctl(GETOPTR) == (
                passed, 0, passed % (device.ioctl(GETOSPACE)[3])),
                "none has passed since")


def orders(daemon, card):
    """RESET and SKIP throw away, SETTRIGGER holds back, POST plays."""
    lost, kept, held = noise(2 * 20000, 1), noise(2 * 1000, 2), \
        noise(2 * 1000, 3)
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set()
        for order in (RESET, SKIP):
            with_card = card.frames()
            device.write(raw(lost)[:48000])
            until("it plays", lambda: device.ioctl(GETOPTR)[0] > 0)
            device.ioctl(order)
            check(device.ioctl(GETOPTR) == (0, 0, 0), "counts begin anew")
            check(device.ioctl(GETODELAY) == 0, "something is left")
            device.write(raw(kept))
            device.ioctl(POST)
            device.ioctl(SYNC)
            card.wait_frames(with_card + 1000)
        check(device.ioctl(GETTRIGGER) == 2, "the trigger is on")
        device.ioctl(SETTRIGGER, 0)
        device.write(raw(held))
        time.sleep(0.05)
        check(device.ioctl(GETOPTR)[0] == 0, "it plays untriggered")
        check(device.ioctl(GETODELAY) == 4000, "what is held back")
        check(raw(held)[:400] not in card.played(), "untriggered, heard")
        device.ioctl(SETTRIGGER, 2)
        device.ioctl(SYNC)
    # What is thrown away may fade out for a period meanwhile.
    until("what was kept is heard", lambda: raw(held) in card.played() and
          card.played().count(raw(kept)[8 * PERIOD:]) >= 2)
    check(raw(lost)[40000:40400] not in card.played(), "RESET plays the rest")
    recount(daemon)
    print("RESET, SKIP, POST and SETTRIGGER do as they say")


def heard_after(card, piece, before):
    """Nanoseconds from `before` to the card's hearing that piece."""
    at = until("it is heard", lambda: card.played().find(piece) + 1) - 1
    return until("its time is noted",
                 lambda: card.frame_time(at // 4)) - before


def latency(daemon, card):
    """Into silence, by four fragments of 256 frames, and by esdcat's way."""
    times = {"device": [], "stream": []}
    with Server(daemon.env, daemon.socket) as server, \
            server.open() as device, daemon.client() as client:
        device.set(fragment=4 << 16 | 10)
        client.play(0x1021, RATE, b"plain")
        device.write(bytes(1024))
        client.send(bytes(1024))
        for turn in range(20):
            for name, write in (("device", device.write),
                                ("stream", client.send)):
                time.sleep(0.03 + 0.0007 * turn)
                piece = raw(noise(64, 2 * turn + (name == "device")))
                before = now()
                write(piece)
                times[name].append(heard_after(card, piece, before) / 1e6)
    mine, plain = (sorted(times[name])[10] for name in ("device", "stream"))
    check(mine <= plain + 10, f"{mine:.1f} ms, a plain stream {plain:.1f} ms")
    print(f"heard after {mine:.2f} ms, a plain stream after {plain:.2f} ms")


def main():
    with on_card("--period", PERIOD, "--periods", 4) as (daemon, card):
        space(daemon)
        blocked(daemon)
        hurried(daemon)
        patiently(daemon, truth, card)
        patiently(daemon, orders, card)
    with on_card("--period", 64, "--periods", 2) as (daemon, card):
        patiently(daemon, latency, card)


if __name__ == "__main__":
    main()
