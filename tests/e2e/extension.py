#!/usr/bin/env python3
"""The requests from 1000 on: positions, volumes, status, changes; and what
esdctl makes of them."""

import json
import pathlib
import struct
import tempfile
import time

from daemon import Daemon, check, on_card, until
from sound import noise, raw, words

RATE = 44100
PERIOD = 512
TRACK, STATUS, VOLUME, MASTER, KILL, WATCH, FORGET, _, SUSPEND = \
    range(1000, 1009)
NOBODY = 2147483647


def text(name):
    return name.ljust(128, b"\0")


def track(client, name=b"tracked", rate=RATE, buffer_ms=0):
    """Its id, ring frames, and the master's rate."""
    client.send(client.ints(TRACK, 0x1021, rate, buffer_ms) + text(name))
    return client.read_ints(3)


def position(client):
    """Played, queued, delay, underruns, stamp in microseconds."""
    data = client.read(28)
    high, low, queued, delay, underruns, when_high, when_low = struct.unpack(
        "<II3iII", data)
    return (high << 32 | low, queued, delay, underruns,
            when_high << 32 | when_low)


def status(client):
    """Its numbers, and the buses: (rate, streams, delay in us)."""
    client.send(client.ints(STATUS, 0))
    numbers = client.read_ints(20)
    client.read(3 * 16 + 128)
    while client.read_ints(1)[0] > 0:
        client.read(260)
    client.read(260)
    buses = []
    while (bus := client.read_ints(3))[0] > 0:
        buses.append(bus)
    return numbers, buses


def announcement(daemon):
    with daemon.client() as client:
        for asked, answer in ((0, 0), (1, 0), (999, 0), (1000, 1000),
                              (1001, 1000), (-1, 0)):
            client.send(client.ints(16, asked))
            check(client.read_ints(3)[0] == answer, f"version {asked}")
    print("it is announced to those who ask")


def positions(daemon):
    """Monotone, true to the clock, and at the end what was written."""
    total = RATE
    with daemon.client() as client:
        _, ring, _ = track(client, buffer_ms=1500)
        check(ring >= RATE * 3 // 2, f"a ring of {ring} frames")
        client.send(bytes(4 * total))
        last = None
        seen = []
        while last is None or last[0] < total:
            now = position(client)
            check(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6 >= now[4],
                  "a stamp from the future")
            if last is not None:
                check(now[0] > last[0] and now[4] > last[4],
                      f"{now} after {last}")
            check(now[0] + now[1] <= total and 0 <= now[2] <= 8 * PERIOD,
                  f"{now}")
            seen.append(now)
            last = now
        check(last[0] == total and last[1] == 0, f"at the end {last}")
    daemon.wait_silent()
    print(f"{len(seen)} positions")


def truth():
    """A position says when each frame is heard: the card's clock agrees."""
    sound = noise(2 * RATE, 7)
    with on_card("--period", PERIOD, "--periods", 8, rate=RATE) as (daemon,
                                                                    card):
        seen = []
        with daemon.client() as client:
            track(client, buffer_ms=1500)
            client.send(raw(sound))
            while not seen or seen[-1][0] < RATE:
                seen.append(position(client))
        daemon.wait_silent()
        until("the sound is at the card",
              lambda: raw(sound) in card.played())
        start = card.played().index(raw(sound)) // 4
        off = []
        for played, _, delay, _, stamp in seen[4:]:
            frame = start + played - delay
            heard = until("the frame was heard",
                          lambda frame=frame: card.frame_time(frame))
            off.append(abs(heard / 1000 - stamp) * RATE / 1e6)
        middle = sorted(off)[len(off) // 2]
        # The card counts in steps of its timer; one late look is none's fault.
        check(middle <= PERIOD, f"positions are {middle:.0f} frames off")
        with daemon.client() as control:
            suspends(daemon, card, control)
    print(f"positions: {middle:.0f} frames off the card's own clock, in the "
          f"middle of {len(off)}")


def leaves(daemon, path):
    """Who closes at once, its positions unread, is played to the end."""
    sound = raw(noise(2 * RATE, 8))
    with daemon.client() as client:
        track(client, b"leaves", buffer_ms=400)
        start = path.stat().st_size
        client.send(sound)
    daemon.wait_silent()
    until("all of it is heard", lambda: sound in path.read_bytes()[start:])
    print("who does not wait for its positions is played to the end")


def suspends(daemon, card, control):
    """The card is free at once, and taken again by the next sound, whole."""
    def order():
        control.send(control.ints(SUSPEND, 0))
        return control.read_ints(1)[0]

    sound = raw(noise(RATE // 5, 9))
    seen = len(card.events())
    with daemon.client() as client:
        track(client, b"heard")
        client.send(sound)
        position(client)
        check(order() == 0, "the device is released while it plays")
    until("it is silent", order)
    card.wait_event("close", after=seen)
    until("it is asleep", lambda: status(control)[0][3] == 2)
    check(order() == 0, "it is released twice")
    seen = len(card.events())
    with daemon.client() as client:
        client.play(0x1021, RATE, b"next").send(sound)
    card.wait_event("start", after=seen)
    until("the next sound is heard whole",
          lambda: card.played().count(sound) == 2)
    check(status(control)[0][3] == 1, "it is not open")
    print("the card is released in a silence, until the next sound")


def never_reads(daemon):
    """Neither positions nor changes pile up for one who does not read."""
    with daemon.client() as deaf, daemon.client() as slow, \
            daemon.client() as control:
        slow.send(slow.ints(WATCH))
        id, _, _ = track(deaf)
        memory = daemon.memory()
        for count in range(60000):
            control.pan(id, count % 512, 256)
            if count % 64 == 0:
                deaf.socket.setblocking(False)
                try:
                    deaf.socket.send(bytes(4096))
                except BlockingIOError:
                    pass
        grown = daemon.memory() - memory
        check(grown < 1 << 20, f"{grown} bytes more are held")
        # It missed some, and is told so by one record.
        slow.socket.settimeout(0.5)
        seen = {}
        try:
            while True:
                what, _ = slow.read_ints(2)
                seen[what] = seen.get(what, 0) + 1
        except TimeoutError:
            pass
        check(seen.get(0, 0) >= 2 and sum(seen.values()) < 60000, f"{seen}")
    daemon.wait_silent()
    print(f"who never reads costs nothing; told {seen}")


def buses(daemon):
    """One a rate, while it has streams."""
    with daemon.client() as control:
        with daemon.client() as one, daemon.client() as two, \
                daemon.client() as three:
            for client, rate in ((one, 8000), (two, 8000), (three, RATE)):
                client.play(0x1021, rate)
            until("all of them play", lambda: len(control.all_info()) == 3)
            (low, twice, delay), high = status(control)[1]
            check((low, twice, high) == (8000, 2, (RATE, 1, 0)) and
                  1000 < delay < 100000, f"{low} {twice} {delay} {high}")
        until("no bus has a stream", lambda: status(control)[1] == [])
    print("a bus for each rate")


def mixed(path, start):
    data = path.read_bytes()[start // 4 * 4:]
    return words(data[:len(data) // 4 * 4])[::2]


def steps(samples):
    return max(abs(b - a) for a, b in zip(samples, samples[1:]))


def volumes(daemon, path):
    """Exact at the samples, by a ramp of a period, and mute keeps them."""
    value = 16384
    with daemon.client() as client, daemon.client() as control:
        id, _, _ = track(client, b"level")
        client.socket.setblocking(False)

        def level(wanted):
            def reached():
                try:
                    client.socket.send(raw([value] * 8192))
                except BlockingIOError:
                    pass
                recent = mixed(path, max(0, path.stat().st_size - 4 * PERIOD))
                return len(recent) > 64 and set(recent) == {wanted}
            until(f"the level is {wanted}", reached)

        def order(opcode, *fields):
            control.send(control.ints(opcode, *fields))
            check(control.read_ints(1)[0] == 1, f"{opcode} {fields}")

        level(value)
        start = path.stat().st_size
        for fields, wanted in (((128, 128, -1), value // 2),
                               ((-1, -1, 1), 0), ((64, 64, -1), 0),
                               ((-1, -1, 0), value // 4)):
            order(VOLUME, id, *fields)
            level(wanted)
        order(MASTER, 128, 128, -1)
        level(value // 8)
        order(MASTER, -1, -1, 1)
        level(0)
        order(MASTER, 256, 256, 0)
        level(value // 4)
        step = steps(mixed(path, start))
        check(step <= value // PERIOD * 2, f"a step of {step}")
        order(VOLUME, id, 256, 256, 0)
    daemon.wait_silent()
    print(f"volume and mute are exact; the greatest step is {step}")


def tools(daemon):
    """esdctl's table, JSON, volume by name in dB, mute, master, kill."""
    def run(*words, status=0):
        result = daemon.tool("esdctl", *words)
        check(result.returncode == status,
              f"esdctl {words}: {result.returncode}, {result.stderr.decode()}")
        return result.stdout.decode()

    def stream(name):
        return next(one for one in json.loads(run("--json", "list"))
                    if one["name"] == name)

    check(json.loads(run("list", "--json")) == [], "somebody plays")
    with daemon.client() as one, daemon.client() as two:
        with daemon.client() as client:
            one.play(0x1021, RATE, b"my \"song\"\x1b")
            until("a player", client.all_info)
            two.play(0x1010, 8000, b"tone")
            until("tone", lambda: client.player(b"tone"))
        table = run("list").splitlines()
        check(len(table) == 3 and len({len(line) for line in table}) == 1,
              f"{table}")
        check(table[0].split() == "ID NAME USER FORMAT RATE VOLUME MUTE PEAK "
              "PLAYED UNDERRUNS".split(), table[0])
        check("\\x1B" in table[1] and "16-bit stereo" in table[1] and
              "100%" in table[1] and "8-bit mono" in table[2], f"{table}")
        check(stream("my \"song\"\x1b")["rate"] == RATE, "its rate")
        for volume, number in (("-6dB", 128), ("50%", 128), ("512", 512),
                               ("0", 0), ("+6dB", 511), ("100%", 256)):
            run("volume", "tone", volume)
            check(stream("tone")["left"] == number, f"{volume}: "
                  f"{stream('tone')}")
        check(run("volume", "tone", "loud", status=3) == "", "loud")
        run("volume", "nobody", "50%", status=1)
        run("mute", "tone")
        check(stream("tone")["muted"] and stream("tone")["left"] == 256,
              "mute")
        run("unmute", "tone")
        check(not stream("tone")["muted"], "unmute")
        run("master", "50%", "master", "mute")
        status = json.loads(run("status", "--json"))
        check((status["left"], status["muted"], status["rate"],
               status["state"]) == (128, True, RATE, "open"), f"{status}")
        check(len(status["streams"]) == 2 and status["clients"] >= 3,
              f"{status}")
        check([(bus["rate"], bus["streams"]) for bus in status["buses"]] ==
              [(8000, 1), (RATE, 1)], f"{status['buses']}")
        check(f"buses      8000 Hz (1), {RATE} Hz (1)\n" in run("status"),
              "buses")
        run("master", "unmute", "master", "100%")
        check("master     100%\n" in run("status"), "status")
        run("kill", str(stream("tone")["id"]))
        check(two.is_closed(), "it was not killed")
        run("kill", str(NOBODY), status=1)
        check(run("standbymode") == "server is running\n", "standbymode")
        check(run("getid", "nothing") == "-1\n", "getid")
        run("volume", "my \"song\"\x1b", "50%", "forget", "my \"song\"\x1b")
    daemon.wait_silent()
    print("esdctl shows and sets")


def main():
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name) / "mix.raw"
        with Daemon(f"file:{path}", "-r", RATE, "--format", "S16_LE",
                    "--period", PERIOD, "--periods", 4) as daemon:
            announcement(daemon)
            positions(daemon)
            leaves(daemon, path)
            buses(daemon)
            volumes(daemon, path)
            tools(daemon)
            never_reads(daemon)
    truth()


if __name__ == "__main__":
    main()
