#!/usr/bin/env python3
"""Whatever comes in at the dsp server's door costs nobody else anything."""

import array
import contextlib
import os
import pathlib
import random
import re
import socket
import struct

from door import (DSP, GETOPTR, GETOSPACE, IOCTL, MAGIC, MAP, OPEN, READ,
                  READING, SETFMT, SYNC, WRITE, WRITE_VOLUME, Refused, Server,
                  check, check_answer, request)
from daemon import BUILD, on_card, until
from sound import noise, raw

SOURCE = pathlib.Path(os.environ.get("ESDMIXD_SRCDIR", BUILD / ".."))
EINVAL, EBADF, EIO = 22, 9, 5


def send(server, data, fds=(), bind=True):
    """What it says, and that it does not hang."""
    with server.connect(bind) as connection:
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                    array.array("i", fds))] if fds else []
        try:
            connection.sendmsg([data], control)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(8192)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def head(kind=IOCTL, number=SETFMT, flags=0, size=4, magic=MAGIC):
    return struct.pack("=5I", magic, kind, number & 0xFFFFFFFF, flags, size)


def is_refused(server, error, data, fds=(), bind=True):
    said = send(server, data, fds, bind)
    check(said == b"" or said == struct.pack("=iI", -error, 0),
          f"{data[:20].hex()} is answered {said.hex()}")


def malformed(server, device):
    own = [device.fd]
    body = bytes(4)
    for data in (head(magic=0), head(kind=4), head(kind=2**32 - 1),
                 head(size=3), head(size=5), head(size=2**32 - 1),
                 head(size=4097), head(number=SYNC, size=4),
                 head(MAP, 65536, WRITE, 1), head(READING, size=8),
                 head(number=request("P", 5, "rw", 16383), size=16383)):
        is_refused(server, EINVAL, data + body * 2, own)
    for data in (b"\0", head()[:19], head(), head() + bytes(3)):
        check(send(server, data, own) == b"", "half a request is answered")
    # No descriptor, or none that belongs here.
    is_refused(server, EINVAL, head() + body)
    ends = socket.socketpair()
    foreign = socket.socket(socket.AF_UNIX)
    reading, writing = os.pipe()
    for fd in (ends[0].fileno(), foreign.fileno(), reading, writing):
        for data in (head() + body, head(MAP, 4096, WRITE, 0),
                     head(READING, 0, 0, 0)):
            is_refused(server, EBADF, data, [fd])
    for one in ends:
        one.close()
    foreign.close()
    # More than one: the first counts, others are closed.
    said = send(server, head(number=SETFMT) + body, own + [reading] * 8)
    check(said[:8] == struct.pack("=iI", 0, 4), said.hex())
    for fd in (reading, writing):
        os.close(fd)
    # A connection that is no device's, and devices that there are not.
    for kind, access, size, bind in ((4, WRITE, 4, True), (DSP, 8, 4, True),
                                     (DSP, WRITE, 128, True),
                                     (DSP, WRITE, 4, False)):
        is_refused(server, EINVAL, head(OPEN, kind, access, size) +
                   b"x" * size, bind=bind)


def unfaithful(server, device):
    """Clients that go in the midst, crowd, or run ahead."""
    device.set()
    device.write(bytes(60000))
    for _ in range(20):
        device.ask(IOCTL, SYNC).close()
    waiting = [device.ask(IOCTL, SYNC) for _ in range(10)]
    waiting[0].send(b"more")
    for connection in waiting[1:]:
        check_answer(connection)
    for connection in waiting:
        connection.close()
    crowd = []
    for _ in range(600):
        connection = server.connect()
        crowd.append(connection)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(b"D")
        check(device.ioctl(SETFMT, 0) == 16, "who asks finds no room")
    for connection in crowd:
        connection.close()
    # Two requests in one piece are two requests.
    connection = server.connect()
    connection.sendmsg([head() + struct.pack("=i", 0)] * 2, [(
        socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [device.fd]))])
    check(connection.recv(12, socket.MSG_WAITALL) ==
          struct.pack("=iIi", 0, 4, 16), "the first")
    connection.close()


def every_number(server, device):
    """All requests of the three types, with all directions and sizes that
    matter, and arguments of any value."""
    rng = random.Random(1)
    listed = re.findall(r"CALL\(\"\w+\", '(\w)', (\w+), (\w+), (\d+),",
                        (SOURCE / "compat-tools/dsp/oss.def").read_text())
    check(len(listed) > 60, f"{len(listed)} calls")
    calls = [(kind, int(number, 0), words.lower().replace("n", ""), int(size))
             for kind, number, words, size in listed]
    calls += [(kind, number, words, 4) for kind in "PMX"
              for number in range(0, 256, 17) for words in ("", "r", "w", "rw")]
    answers = {}
    connection = server.connect(bind=False)  # kept for all of them
    for kind, number, words, least in calls:
        if (kind, number, words) == ("P", 1, ""):
            continue
        for size in {0, least, 144, 4096}:
            data = rng.choice((bytes(size), b"\1" + bytes(size), b"\2" * size,
                               b"\xff" * size, rng.randbytes(size)))[:size]
            call = request(kind, number, words, size if words else 0)
            for _ in range(3):  # a busy daemon is late with its volume
                try:
                    said = device.raw_ioctl(call, data, connection)
                    check(len(said) == (size if "r" in words else 0),
                          f"{call:#x}: {len(said)} bytes")
                    result = 0
                except Refused as refusal:
                    result = refusal.errno
                if result != EIO or kind != "M":
                    break
            check(result in (0, EINVAL), f"{call:#x}: error {result}")
            answers[result] = answers.get(result, 0) + 1
    connection.close()
    print(f"{sum(answers.values())} requests, {answers[EINVAL]} refused")


def noise_in(server):
    rng = random.Random(2)
    for _ in range(300):
        data = bytearray(head(rng.randrange(4), rng.choice(
            (SETFMT, GETOPTR, 0, 2**31)), rng.randrange(8), rng.choice(
                (0, 4, 9))) + rng.randbytes(rng.randrange(40)))
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        send(server, bytes(data))


def stranger(server):
    """Another user's program cannot open; its answer is no."""
    if os.geteuid() != 0:
        return
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            server.open()
        except Refused as refusal:
            os._exit(refusal.errno)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    check(status == EINVAL, f"a stranger is answered {status}")


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def main():
    with on_card("--period", 256, "--periods", 4) as (daemon, card):
        with Server(daemon.env, daemon.socket) as server, \
                server.open(name=b"kept") as kept:
            kept.set()
            kept.ioctl(GETOSPACE)
            at_first = descriptors(server)
            with server.open(READ | WRITE, name=b"victim") as victim:
                malformed(server, victim)
                unfaithful(server, victim)
                noise_in(server)
                stranger(server)
            with server.open(READ | WRITE, name=b"victim") as victim:
                every_number(server, victim)
                victim.mmap(victim.ioctl(GETOSPACE)[1] *
                            victim.ioctl(GETOSPACE)[2]).close()
                every_number(server, victim)
            until("nothing is left open",
                  lambda: descriptors(server) <= at_first)
            kept.ioctl(WRITE_VOLUME, 100 << 8 | 100)  # it was set at random
            sound = noise(2 * 3000, 3)
            kept.write(raw(sound))
            kept.ioctl(SYNC)
            until("the other's sound is whole",
                  lambda: raw(sound) in card.played())
    print("the other device did not notice")


if __name__ == "__main__":
    main()
