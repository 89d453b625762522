#!/usr/bin/env python3
"""Bad uploads, other people's samples, bad names, recorders that don't read:
the daemon goes on, and nothing of them is left over."""

import struct
import time

from daemon import ALL_INFO, LARGE, Daemon, check, on_card, until

RATE = 44100
SECONDS = 1  # half an upload may be silent for
STREAM_PLAY, STREAM_REC = 3, 4
SAMPLE_CACHE, SAMPLE_FREE, SAMPLE_PLAY, SAMPLE_GETID = 6, 7, 8, 14
SOON = 0.1  # seconds in which anybody is answered

# Control characters, a terminal's commands, invalid UTF-8.
NAMES = (b"\x1b[2J\x07bell", b"line\nbreak\r\t", b"\xff\xfe\xc0\x80",
         b"caf\xe9", "größe".encode())


def announce(client, name, length):
    client.send(client.ints(SAMPLE_CACHE, 0x1011, RATE, length) +
                name.ljust(128, b"\0"))


def upload(client, name, data=bytes(8)):
    announce(client, name, len(data))
    id = client.read_ints(1)[0]
    client.send(data)
    check(client.read_ints(1)[0] == id > 0, "the upload was not confirmed")
    return id


def ask(client, opcode, id):
    client.send(client.ints(opcode, id))
    return client.read_ints(1)[0]


def getid(client, name):
    client.send(client.ints(SAMPLE_GETID) + name.ljust(128, b"\0"))
    return client.read_ints(1)[0]


def names_listed(client):
    """The cached samples' names as bytes, newest first."""
    client.send(client.ints(ALL_INFO, 0))
    client.read(12)
    while struct.unpack("<i144x", client.read(148))[0] > 0:
        pass
    names = []
    while True:
        id, name = struct.unpack("<i128s20x", client.read(152))
        if id <= 0:
            return names
        names.append(name.split(b"\0")[0])


def answers_soon(client):
    took = SOON
    for _ in range(10):  # the machine may be slow, the daemon never is
        began = time.monotonic()
        client.server_info()
        took = min(took, time.monotonic() - began)
        if took < SOON:
            return
    check(False, f"an answer takes {took:.3f} s")


def huge(daemon, control):
    before = daemon.memory()
    for length in (0x7FFFFFFF, -1, -0x80000000, 65 << 20):
        with daemon.client() as client:
            announce(client, b"huge", length)
            check(client.is_closed(), f"{length} bytes got an id")
    check(daemon.memory() - before < 1 << 20, "memory was taken for nothing")
    with daemon.client() as one, daemon.client() as two:
        announce(one, b"most", 40 << 20)
        one.read_ints(1)
        announce(two, b"more", 40 << 20)
        check(two.is_closed(), "two halves are more than the cache")
    check(names_listed(control) == [], "something was cached")
    print("2 GB, negative, more than the cache: closed")


def half(daemon, control):
    """Gone in the middle: nothing stays.  Meanwhile all are served."""
    before = daemon.memory()
    for _ in range(20):
        with daemon.client() as client:
            announce(client, b"half", 8 << 20)
            id = client.read_ints(1)[0]
            client.send(bytes(1 << 20))
            answers_soon(control)
            check(getid(control, b"half") == -1, "it is found half-way")
            check(ask(control, SAMPLE_PLAY, id) == 0, "it is played half-way")
            check(ask(control, SAMPLE_FREE, id) == 0, "it is freed half-way")
        until("it is dropped", lambda: names_listed(control) == [])
    grown = daemon.memory() - before
    check(grown < 4 << 20, f"20 halves left {grown} bytes")
    print("half an upload: dropped, nobody waits")


def stalled(daemon, control):
    """An upload that stops holds up nobody, and its memory is not ours."""
    with daemon.client() as client:
        announce(client, b"late", 1000)
        id = client.read_ints(1)[0]
        client.send(bytes(500))
        answers_soon(control)
        check(getid(control, b"late") == -1, "it is found half-way")
        client.send(bytes(500))
        check(client.read_ints(1)[0] == id, "a pause ended the upload")
        check(ask(control, SAMPLE_FREE, id) == id, "it is not there")


def others(daemon, control):
    with daemon.client() as client:
        id = upload(client, b"theirs", bytes(2 * RATE))
        check(ask(client, SAMPLE_PLAY, id) == id, "it does not play")
        check(ask(control, SAMPLE_FREE, id) == id, "it can't be freed")
        check(ask(control, SAMPLE_FREE, id) == id, "it went while it plays")
        daemon.wait_silent()
        check(ask(client, SAMPLE_PLAY, id) == 0, "it is still there")
        answers_soon(client)
    print("another client's sample: freed once it has been played")


def names(daemon, control):
    with daemon.client() as client:
        ids = [upload(client, name) for name in NAMES]
        check(names_listed(control) == list(reversed(NAMES)),
              f"listed: {names_listed(control)}")
        for id, name in zip(ids, NAMES):
            check(getid(control, name) == id, f"{name} is not found")
            with daemon.client() as player:
                player.play(0x1021, RATE, name)
                until("the stream is listed by its bytes",
                      lambda name=name: control.player(name))
            check(ask(control, SAMPLE_FREE, id) == id, f"{name} stays")
    log = daemon.log_file.read_bytes()
    bad = [byte for byte in log if byte < 32 and byte != 10 or byte == 127]
    check(not bad, f"the log holds the bytes {bad}")
    check(b"line\nbreak" not in log, "a name made a line of its own")
    log.decode()  # is all UTF-8
    print("names: kept as bytes, escaped in the log")


def never_reads():
    """It loses sound and takes no memory; who reads loses nothing."""
    with on_card(*LARGE, rate=RATE) as (daemon, _):
        with daemon.client() as deaf, daemon.client() as client, \
                daemon.client() as control:
            for each in (deaf, client):
                each.send(each.ints(STREAM_REC, 0x2021, RATE) + bytes(128))
            client.read(4)
            before = daemon.memory()
            data = client.read(2 * 4 * RATE)
            answers_soon(control)
            frames = struct.unpack(f"<{len(data) // 4}I", data)
            check(all(b == a + 1 for a, b in zip(frames, frames[1:])),
                  "who reads has a gap")
            grown = daemon.memory() - before
            check(grown < 1 << 20, f"who doesn't read took {grown} bytes")
        check(not daemon.log_lines("underrun"), "the device ran dry")
    print("a recorder that never reads: nobody notices")


def main():
    conf = f"request-timeout = {SECONDS * 1000}\nlog-level = debug\n"
    with Daemon("null", "-r", RATE, conf=conf) as daemon:
        with daemon.client() as control:
            for case in (huge, half, stalled, others, names):
                case(daemon, control)
    never_reads()


if __name__ == "__main__":
    main()
