#!/usr/bin/env python3
"""Bad clients: each is refused with one log line, and nobody else notices."""

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

from daemon import (ALL_INFO, BITS16, BUILD, KEY, LARGE, MARKER, MONO, PLAY,
                    STEREO, STREAM_PAN, STREAM_PLAY, Client, check, on_card,
                    until)
from sound import FRAME, first_sound, noise, raw, words

RATE = 44100
SILENCE = 1  # seconds half a request may take
NOBODY = 65534
CONNECTIONS = 10000

KILLED = """
import socket, sys, time
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(bytes.fromhex(sys.argv[2]))
print("sent", flush=True)
time.sleep(60)
"""


class Witness:
    """A stream that plays one second of noise over and over, all the while."""

    def __init__(self, daemon, card):
        self.daemon, self.card = daemon, card
        # No frame is silent: a gap is told from sound.
        self.second = raw([sample | 1 for sample in noise(2 * RATE, 99)])
        path = daemon.dir / "witness.raw"
        with open(path, "wb") as file:
            for _ in range(300):
                file.write(self.second)
        self.process = subprocess.Popen(
            [str(BUILD / "esdcat"), "-s", f"unix:{daemon.socket}", path, "-n",
             "witness"], env=daemon.env, stderr=subprocess.DEVNULL)

    def finish(self):
        """Stops it; every sample must have come out as it was, but where a
        busy machine kept its process from writing."""
        check(self.process.poll() is None, "the witness lost its stream")
        self.process.terminate()
        self.process.wait()
        self.daemon.wait_silent()
        size = len(self.card.played())
        until("silence follows",
              lambda: len(self.card.played()) > size + 4 * RATE)
        got = bytes(self.card.played())
        got = got[first_sound(words(got)) * FRAME:].rstrip(b"\0")
        got += bytes(-len(got) % FRAME)
        frames = memoryview(got).cast("I").tolist()
        gaps = frames.count(0)
        got = struct.pack(f"={len(frames) - gaps}I", *filter(None, frames))
        for at in range(0, len(got), len(self.second)):
            piece = got[at:at + len(self.second)]
            check(piece == self.second[:len(piece)],
                  f"the witness's sound differs in second {at // FRAME / RATE}")
        seconds = len(got) / FRAME / RATE
        check(seconds > 2, f"the witness played only {seconds:.1f} s")
        print(f"the witness: {seconds:.1f} s exact through all of this, "
              f"late by {gaps / RATE:.3f} s")


class Scene:
    def __init__(self, daemon):
        self.daemon = daemon

    def expect_line(self, what, words, act):
        """The act makes exactly one new log line, with those words."""
        before = len(self.daemon.log_lines())
        act()
        new = until(f"{what} is logged",
                    lambda: self.daemon.log_lines()[before:])
        time.sleep(0.05)
        new = self.daemon.log_lines()[before:]
        check(len(new) == 1 and all(word in new[0] for word in words),
              f"{what}: the log says {new}")
        print(f"{what}: {new[0]}")

    def refused(self, what, request, order="<", words=()):
        """A client that sends this is closed without a byte."""
        def act():
            with self.daemon.client(order) as client:
                client.send(request(client))
                check(client.is_closed(), f"{what}: it was answered")
        self.expect_line(what, words, act)


def requests(scene):
    name = b"x".ljust(128, b"\0")
    for what, format, rate in (
            ("rate 0", BITS16 | STEREO, 0),
            ("rate -44100", BITS16 | STEREO, -44100),
            ("rate 2^31-1", BITS16 | STEREO, 0x7FFFFFFF),
            ("format 0x0022", 0x0022, RATE),
            ("format 0x0031", 0x0031, RATE),
            ("format 0x0001", 0x0001, RATE),
            ("format -1", -1, RATE)):
        for order in "<>" if rate < 0 else "<":
            scene.refused(what, lambda client, f=format, r=rate:
                          client.ints(STREAM_PLAY, f, r) + name, order)
    for opcode in (24, -1, 0):
        scene.refused(f"opcode {opcode}",
                      lambda client, o=opcode: client.ints(o))


def marker(scene):
    def act():
        with Client(scene.daemon.socket, shake=False) as client:
            client.send(KEY + b"ENDE")
            check(client.read(4) == bytes(4) and client.is_closed(),
                  "a wrong marker was not refused by 0")
    scene.expect_line("wrong marker", (), act)


def as_nobody(path, data):
    """What the daemon answers another user who sends that."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(data)
            while piece := client.recv(64):
                os.write(writer, piece)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    check(os.waitpid(child, 0)[1] == 0, "nobody could not connect")
    return answer


def stranger(scene):
    """Another user, with a wrong key; with the right one he is let in."""
    if os.geteuid() != 0:
        print("wrong key: needs root to become somebody else; not tried")
        return
    path = scene.daemon.socket
    for directory in (scene.daemon.dir, path.parent):
        directory.chmod(0o755)
    path.chmod(0o777)
    wrong = bytes(16) + struct.pack("=I", MARKER)

    def ask(data):
        return as_nobody(path, data)

    def act():
        answer = ask(wrong)
        check(answer == bytes(4),
              f"a wrong key was answered by {answer.hex()}")
    scene.expect_line("wrong key", ("key",), act)
    almost = KEY[:15] + b"\0" + struct.pack("=I", MARKER)
    scene.expect_line("almost the key", ("key",),
                      lambda: check(ask(almost) == bytes(4), "let in"))
    right = KEY + struct.pack("=I", MARKER) + struct.pack("=I", 4711)
    answer = ask(right)
    check(answer == struct.pack("=I", 1),
          f"the right key was answered by {answer.hex()}")


def names(scene):
    """128 bytes and no NUL; control characters."""
    for name in (b"n" * 128, bytes(range(1, 129)), b"\xff" * 128):
        with scene.daemon.client() as client, \
                scene.daemon.client() as control:
            client.play(BITS16 | MONO | PLAY, RATE, name)
            until("127 bytes of the name are listed",
                  lambda name=name: control.player(name[:127]))
    until("they are gone", lambda: len(list_players(scene.daemon)) == 1)
    print("names without NUL: cut at 127 bytes")


def list_players(daemon):
    with daemon.client() as client:
        return client.all_info()


def silence(scene):
    """Half a handshake, half a request: closed when their time is out."""
    for what, start in (
            ("half a handshake", lambda: Client(scene.daemon.socket,
                                                shake=False)),
            ("half an opcode", scene.daemon.client),
            ("half a request", scene.daemon.client)):
        pieces = {"half a handshake": KEY[:7], "half an opcode": b"\x03\0",
                  "half a request": struct.pack("<3i", STREAM_PAN, 1, 2)}

        def act(what=what, start=start, data=pieces[what]):
            began = time.monotonic()
            with start() as client:
                client.send(data)
                check(client.is_closed(), f"{what}: it was answered")
            took = time.monotonic() - began
            check(took > SILENCE * 0.5, f"{what}: closed after {took:.2f} s")
        scene.expect_line(what, (), act)
    with scene.daemon.client() as idle:
        time.sleep(SILENCE * 2.5)
        check(idle.server_info()[1] == RATE, "an idle client was closed")


def pieces(scene):
    """A request in one-byte pieces, amid others, is a request."""
    with scene.daemon.client(">") as client, scene.daemon.client() as control:
        for byte in client.ints(STREAM_PLAY, BITS16 | STEREO, RATE) + \
                b"bytes".ljust(128, b"\0") + bytes(401):
            client.send(bytes([byte]))
        until("the stream is listed", lambda: control.player(b"bytes"))
    until("it is gone", lambda: len(list_players(scene.daemon)) == 1)
    print("one-byte pieces: a stream like any other")


def drop(path, data):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        if data:
            client.sendall(data)


def flood(scene, count):
    """Connections opened and dropped, some in the midst of something."""
    rng = random.Random(count)
    hello = KEY + struct.pack("<I", MARKER)
    talk = hello + struct.pack("<2i", ALL_INFO, 0) * 3 + \
        struct.pack("<3i", STREAM_PLAY, BITS16 | STEREO, RATE) + \
        b"flood".ljust(128, b"\0")
    for i in range(count):
        cut = rng.randint(0, len(talk)) if i % 4 == 0 else 0
        try:
            drop(scene.daemon.socket, talk[:cut])
        except (BrokenPipeError, ConnectionResetError):
            pass
    until("only the witness is left",
          lambda: len(list_players(scene.daemon)) == 1)


def killed(scene):
    """SIGKILL with a frame half written: what was whole is played."""
    client_hello = KEY + struct.pack("=I", MARKER)
    request = struct.pack("=3i", STREAM_PLAY, BITS16 | STEREO, RATE) + \
        b"victim".ljust(128, b"\0")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, scene.daemon.socket,
         (client_hello + request + bytes(4 * 1000 + 3)).hex()],
        stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    until("its stream is gone", lambda: len(list_players(scene.daemon)) == 1)
    print("killed in mid-frame: gone")


def leaks(scene):
    flood(scene, 1000)  # what is allocated once is allocated now
    descriptors = settled(scene.daemon.descriptors)
    memory = scene.daemon.memory()
    began = time.monotonic()
    flood(scene, CONNECTIONS)
    took = time.monotonic() - began
    until("its descriptors are closed",
          lambda: scene.daemon.descriptors() <= descriptors)
    grown = scene.daemon.memory() - memory
    check(grown < 2 << 20, f"{CONNECTIONS} connections left {grown} bytes")
    print(f"{CONNECTIONS} connections in {took:.1f} s: "
          f"{scene.daemon.descriptors()} descriptors as before, "
          f"{grown} bytes more memory")


def settled(count):
    """What it counts once that is the same for a while."""
    seen = [count()]
    until("the count settles", lambda: seen.append(count()) or
          len(seen) > 50 and len(set(seen[-50:])) == 1)
    return seen[-1]


def main():
    conf = (f"request-timeout = {SILENCE * 1000}\n"
            f"auth-timeout = {SILENCE * 1000}\n")
    with on_card(*LARGE, rate=RATE, conf=conf) as (daemon, card):
        list_players(daemon)  # the first client makes libuv open one for itself
        descriptors = settled(daemon.descriptors)
        witness = Witness(daemon, card)
        with daemon.client() as control:
            until("the witness plays", lambda: control.player(b"witness"))
        scene = Scene(daemon)
        marker(scene)
        stranger(scene)
        requests(scene)
        names(scene)
        silence(scene)
        pieces(scene)
        killed(scene)
        leaks(scene)
        witness.finish()
        until(f"{descriptors} descriptors are open as at the start",
              lambda: daemon.descriptors() <= descriptors)


if __name__ == "__main__":
    main()
