#!/usr/bin/env python3
"""As many clients as the limit allows, and one more; descriptors beyond 1024;
and what a crowd's ALL_INFO looks like to a library that reads it by fields."""

import array
import fcntl
import resource
import struct
import termios

from daemon import (ALL_INFO, BITS16, LARGE, STEREO, Client, check, on_card,
                    until)
from exact import expect_alone, heard
from sound import noise, raw

RATE = 44100
CLIENTS = 1100  # more than the 1024 that select() can watch
SAMPLES = 1500
FRAMES = 5000  # all of which the daemon holds, while the others leave
SERVER, PLAYER, CACHED = 12, 148, 152  # bytes of ALL_INFO's records


def one_too_many(daemon):
    lines = len(daemon.log_lines())
    for _ in range(20):
        with Client(daemon.socket, shake=False) as client:
            check(client.read(4) == bytes(4) and client.is_closed(),
                  "one too many was let in")
    new = daemon.log_lines()[lines:]
    check(0 < len(new) < 20 and all("`clients'" in line for line in new),
          f"20 refusals: the log says {new}")
    print(f"{CLIENTS} clients, and one more: {new[0]}")


def whole_records(client, players):
    """What is there while the daemon waits for room ends with a record."""
    total = SERVER + PLAYER * (players + 1) + CACHED * (SAMPLES + 1)
    client.send(client.ints(ALL_INFO, 0))
    waiting = array.array("i", [0])
    seen = []

    def settles():
        fcntl.ioctl(client.socket, termios.FIONREAD, waiting)
        seen.append(waiting[0])
        return waiting[0] > 0 and seen[-20:] == 20 * [waiting[0]]
    until("the socket is full", settles)
    first = waiting[0] - SERVER
    check(first < total - SERVER, "all of it fitted: nothing was tested")
    listed = PLAYER * (players + 1)
    rest = first % PLAYER if first <= listed else (first - listed) % CACHED
    check(rest == 0, f"{waiting[0]} bytes end {rest} bytes into a record")
    data = client.read(total)
    ids = [struct.unpack_from("<i", data, SERVER + PLAYER * i)[0]
           for i in range(players + 1)]
    check(ids == sorted(ids, reverse=True) and ids[-1] == 0, "the players")
    check(data.endswith(bytes(CACHED)), "the samples have no end")
    print(f"ALL_INFO of {players} players: {waiting[0]} bytes of {total} "
          "first, whole records")


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with on_card(*LARGE, "--clients", CLIENTS, rate=RATE) as (daemon, card):
        with daemon.client() as control:
            for i in range(SAMPLES):
                control.cache(BITS16 | STEREO, RATE, b"", b"%d" % i)
            crowd = []
            for i in range(CLIENTS - 1):
                crowd.append(daemon.client().play(name=b"%d" % i))
            until("all are listed",
                  lambda: len(control.all_info()) == CLIENTS - 1)
            one_too_many(daemon)
            whole_records(control, CLIENTS - 1)
            sound = noise(2 * FRAMES, 1)
            crowd[-1].send(raw(sound))
            for client in crowd:
                client.close()
        expect_alone(f"client {CLIENTS - 1}", heard(daemon, card, FRAMES),
                     sound)


if __name__ == "__main__":
    main()
