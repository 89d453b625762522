#!/usr/bin/env python3
"""Who comes and goes: several devices, programs that are killed, a daemon
that is killed and comes back, none at all; and volumes."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

from door import (GETODELAY, GETOPTR, GETPLAYVOL, MIXER, READ, READ_PCM,
                  READ_VOLUME, SETPLAYVOL, SYNC, WRITE, WRITE_PCM,
                  WRITE_VOLUME, Refused, Server, check, patiently, request)
from daemon import BUILD, Daemon, on_card, until
from peer import Peer
from sound import noise, raw, words

RATE = 44100


def together(daemon, card):
    """Two devices of one server and an ESD client: each is all there in the
    sum, whose digits tell them apart."""
    mine, yours, plain = (noise(20000, seed, peak, step) for seed, peak, step
                          in ((61, 8192, 4096), (62, 1792, 256), (63, 100, 1)))
    with Server(daemon.env, daemon.socket) as server, \
            server.open(name=b"mine") as one, \
            server.open(name=b"yours") as two, daemon.client() as client:
        one.set()
        two.set()
        client.play(0x1021, RATE, b"plain")
        threads = [threading.Thread(target=target, args=(raw(sound),))
                   for target, sound in ((one.write, mine),
                                         (two.write, yours),
                                         (client.send, plain))]
        for thread in threads:
            thread.start()
        names = until("three play", lambda: {
            player[1] for player in client_of(daemon)} >= {
                b"mine", b"yours", b"plain"})
        check(names, "three names")
        for thread in threads:
            thread.join()
        # One that waits does not hold up the other's question.
        waiting = threading.Thread(target=one.ioctl, args=(SYNC,))
        waiting.start()
        before = time.monotonic()
        two.ioctl(GETODELAY)
        check(time.monotonic() - before < 0.3, "a question waits for SYNC")
        waiting.join()
        two.ioctl(SYNC)
    daemon.wait_silent()

    def is_there():
        digits = [], [], []
        for word in words(card.played()):
            low = (word + 128) % 256 - 128
            middle = (word - low + 2048) % 4096 - 2048
            for digit, value in zip(digits, (word - low - middle, middle,
                                             low)):
                digit.append(value)
        return all(raw(sound) in raw(digit)
                   for sound, digit in zip((mine, yours, plain), digits))
    until("each is whole in the sum", is_there)
    print("two devices and a client at once")


def client_of(daemon):
    with daemon.client() as client:
        return client.all_info()


HOLDER = """
import sys
sys.path.insert(0, sys.argv[1])
from door import *
server = Server(dict(os.environ), sys.argv[2])
device = server.open(name=b"holder").set()
device.write(bytes.fromhex(sys.stdin.readline()))
print(server.process.pid, flush=True)
sys.stdin.read()
"""


def killed(daemon, card):
    """What a program had written is played, whatever became of it; others
    don't notice."""
    mine, other = noise(2 * 8000, 21), noise(2 * 4000, 22)
    here = os.path.dirname(os.path.abspath(__file__))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, here, str(daemon.socket)],
        env=daemon.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    holder.stdin.write(raw(mine).hex() + "\n")
    holder.stdin.flush()
    server = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    until("what it wrote is heard", lambda: raw(mine) in card.played())
    until("its server ends", lambda: not pathlib.Path(
        f"/proc/{server}/cmdline").exists() or not pathlib.Path(
        f"/proc/{server}/cmdline").read_bytes())
    with Server(daemon.env, daemon.socket) as another, \
            another.open() as device:
        device.set()
        device.write(raw(other))
        device.ioctl(SYNC)
    until("another is heard", lambda: raw(other) in card.played())
    print("a killed program's sound is played to its end")


def inherited(daemon, card):
    """A copy of the descriptor is the device."""
    sound = noise(2 * 2000, 31)
    with Server(daemon.env, daemon.socket) as server:
        device = server.open()
        device.set()
        copy = os.dup(device.fd)
        device.socket.close()
        device.fd = copy
        os.write(copy, raw(sound)[:4000])
        device.ioctl(SYNC)
        child = os.fork()
        if child == 0:
            os.write(copy, raw(sound)[4000:])
            device.ioctl(SYNC)
            os._exit(0)
        os.close(copy)
        check(os.waitpid(child, 0)[1] == 0, "the child")
    until("both halves are heard",
          lambda: raw(sound)[:4000] in card.played() and
          raw(sound)[4000:] in card.played())
    print("dup and fork keep the device")


def restarted():
    """A daemon that dies: sound goes on in time, unheard; errors are none.
    When one is back, sound is."""
    with on_card("--period", 256, "--periods", 4) as (daemon, card), \
            Server(daemon.env, daemon.socket) as server, \
            server.open(READ | WRITE) as device:
        device.set(fragment=8 << 16 | 11)
        device.write(raw(noise(2 * 4000, 41)))
        device.read(4000)
        daemon.process.kill()
        daemon.process.wait()
        before, start = device.ioctl(GETOPTR)[0], time.monotonic()
        device.write(bytes(4 * RATE // 2))
        device.ioctl(SYNC)
        took = time.monotonic() - start
        check(0.35 < took < 5, f"half a second takes {took:.2f} s")
        check(device.ioctl(GETOPTR)[0] >= before + 4 * RATE // 2 - 16000,
              "the pointer stands")
        check(len(device.read(4 * 2000)) == 8000, "silence is read")
        daemon.start()
        back = raw(noise(512, 42))

        def is_back():
            device.write(back)
            return back in card.played()
        until("it is heard again", is_back)
        device.read(40000)
    print("a daemon that dies is missed by nobody, and found again")


def refused(server):
    try:
        server.open()
    except Refused as refusal:
        check(refusal.errno == 19, f"{refusal}")
        return
    check(False, "a device without a daemon")


def absent():
    """No daemon: open fails at once."""
    with tempfile.TemporaryDirectory() as home:
        env = dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home,
                   ESD_NO_SPAWN="1", ESPEAKER=f"unix:{home}/none")
        before = time.monotonic()
        with Server(env) as server:
            refused(server)
        took = time.monotonic() - before
        check(took < 2, f"that takes {took:.2f} s")
    print("without a daemon there is no device")


def spawned():
    """esd.conf has a daemon started that is not there, or has not."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        (home / "run").mkdir(mode=0o700)
        (home / "esd").write_text(
            f"#!/bin/sh\necho $$ >{home}/pid\n"
            f"exec {BUILD}/esdmixd -d null --no-legacy-sockets \"$@\"\n")
        (home / "esd").chmod(0o700)
        env = dict(os.environ, HOME=name, XDG_RUNTIME_DIR=f"{name}/run")
        for gone in ("ESPEAKER", "DISPLAY", "AUDIODEV"):
            env.pop(gone, None)

        def server():
            return Server(env, cwd=name, program="tests/dsp/server")

        (home / "esd.conf").write_text("[esd]\nauto_spawn=0\n")
        with server() as one:
            refused(one)
        check(not (home / "pid").exists(), "it was started unasked")
        (home / "esd.conf").write_text(
            "[esd]\nauto_spawn=1\nspawn_options=\nspawn_wait_ms=5000\n")
        with server() as one, one.open() as device:
            device.write(bytes(800))
            device.ioctl(SYNC)
        pid = int((home / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        until("it ends", lambda: not os.path.exists(f"/proc/{pid}"))
    print("a daemon is started as esd.conf says")


def volumes(daemon):
    """The mixer: the daemon's master, and what plays under this name."""
    def seen(name):
        with daemon.client() as client:
            player = client.player(name)
        return player and player[3:5]

    with Server(daemon.env, daemon.socket) as server, \
            server.open(device=MIXER, name=b"loud") as mixer, \
            server.open(name=b"loud") as device, \
            server.open(name=b"else") as other:
        check(mixer.ioctl(request("M", 0xfe, "r", 4)) == 0x11, "DEVMASK")
        for each in (device, other):
            each.set()
            each.write(bytes(40000))
        until("both play", lambda: seen(b"loud") and seen(b"else"))
        check(mixer.ioctl(READ_PCM) == 100 << 8 | 100, "PCM at first")
        check(mixer.ioctl(WRITE_PCM, 25 << 8 | 50) == 25 << 8 | 50, "PCM")
        check(seen(b"loud") == (128, 64), f"{seen(b'loud')}")
        check(seen(b"else") == (256, 256), f"{seen(b'else')}")
        check(device.ioctl(GETPLAYVOL) == 25 << 8 | 50, "GETPLAYVOL")
        for percent in range(101):
            check(device.ioctl(SETPLAYVOL, percent << 8 | percent) ==
                  percent << 8 | percent, f"{percent}")
        device.ioctl(SETPLAYVOL, 10 << 8 | 255)
        check(device.ioctl(GETPLAYVOL) == 10 << 8 | 100, "beyond full")
        # Those to come, too.
        device.ioctl(SYNC)
    with Server(daemon.env, daemon.socket) as server, \
            server.open(name=b"loud") as device:
        device.set()
        device.write(bytes(40000))
        until("it plays", lambda: seen(b"loud"))
        check(seen(b"loud") == (256, 26), f"{seen(b'loud')}")
        check(device.ioctl(READ_VOLUME) == 100 << 8 | 100, "the master")
        check(device.ioctl(WRITE_VOLUME, 30 << 8 | 60) == 30 << 8 | 60, "set")
        check(device.ioctl(READ_VOLUME) == 30 << 8 | 60, "kept")
        device.ioctl(WRITE_VOLUME, 100 << 8 | 100)
    print("volumes are the master's and those of the name")


def old_server():
    """One without the extension: played by STREAM_PLAY, in time by the
    clock."""
    got = []

    def stream(connection, opcode):
        check(opcode == 3, f"opcode {opcode}")
        while True:
            data = connection.recv(65536)
            if not data:
                return
            got.append(data)

    sound = raw(noise(2 * 10000, 51))
    with Peer(stream) as peer:
        env = dict(peer.env, ESPEAKER=f"unix:{peer.socket}")
        with Server(env) as server, server.open(name=b"old") as device:
            device.set()
            start = time.monotonic()
            device.write(sound)
            until("it passes", lambda: device.ioctl(GETOPTR)[0] > 0)
            check(device.ioctl(GETODELAY) > 4160 * 4, "the server's latency")
            device.ioctl(SYNC)
            took = time.monotonic() - start
            check(took > 10000 / RATE, f"it took {took:.2f} s")
            check(device.ioctl(READ_PCM) == 100 << 8 | 100, "PCM")
        until("it has all", lambda: b"".join(got) == sound)
        name = peer.asked(3)[0][8:].rstrip(b"\0")
        check(name == b"old", f"{name}")
    print("an old server plays it all")


def main():
    with on_card("--period", 256, "--periods", 4) as (daemon, card):
        for part in (together, killed, inherited):
            patiently(daemon, part, card)
    with Daemon("null", "-r", RATE) as daemon:
        volumes(daemon)
    restarted()
    absent()
    spawned()
    old_server()


if __name__ == "__main__":
    main()
