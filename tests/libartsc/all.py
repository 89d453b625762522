#!/usr/bin/env python3
"""Every function of libartsc.so.0, called by programs that were compiled
against our artsc.h ("all", "ways") and against the original's facts alone
("facts"), in 64 and where they were built in 32 bits; what they play is held
against the samples of the virtual card, what they record against its ramp."""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from daemon import (BUILD, LARGE, Daemon, check, free_port,  # noqa: E402
                    on_card, until)
from peer import Peer  # noqa: E402
from sound import is_ramp, noise, raw  # noqa: E402

PROGRAMS = BUILD / "tests/libartsc"
RATE = 44100
# 3584 frames: what the table of "all" stands on.
PERIODS = ("--period", 256, "--periods", 14)
# What outlasts most pauses of a busy machine.
PATIENT = ("--period", 1024, "--periods", 12)


@functools.cache
def launcher(program):
    """qemu where the kernel takes no 32-bit programs; None: there is none."""
    for command in ([], ["qemu-i386"]):
        try:
            subprocess.run([*command, str(program)], timeout=60,
                           stderr=subprocess.DEVNULL)
            return command
        except OSError:
            pass
    return None


def command(program, *words):
    return [*launcher(program), str(program), *map(str, words)]


def environment(daemon, program):
    """Where its server and, for dlopen(), its library are."""
    library = "lib32" if "32" in program.name else ".libs"
    env = dict(daemon.env, ESPEAKER=f"unix:{daemon.socket}",
               LD_LIBRARY_PATH=str(BUILD / library))
    env.pop("ARTS_SERVER", None)
    return env


def run(program, *words, env, input=b"", silent=True):
    done = subprocess.run(command(program, *words), env=env, input=input,
                          capture_output=True, timeout=60)
    check(done.returncode == 0, f"{program.name} {words}: {done.returncode}\n"
          f"{done.stderr.decode()}")
    check(not silent or done.stdout == b"", f"it printed {done.stdout}")
    return done.stdout


def heard(card, sound, what):
    until(f"{what} is heard, bit for bit", lambda: sound in card.played())


def plays(program, daemon, card, full):
    env = environment(daemon, program)
    stereo = noise(2 * 30000, 1)
    mono = noise(10000, 2)
    twice = [v for v in mono for _ in "lr"]
    u8 = bytes((v >> 8) + 128 for v in mono)
    cases = [(16, 2, raw(stereo), stereo, 1)]
    if full:
        cases += [(16, 2, raw(stereo), stereo, 0),
                  (16, 1, raw(mono), twice, 0),
                  (8, 1, u8, [v >> 8 << 8 for v in twice], 1)]
    for bits, channels, data, wanted, blocking in cases:
        before = len(card.played())
        run(program, "play", RATE, bits, channels, "all", blocking, env=env,
            input=data)
        until(f"{program.name} {bits} {channels} {blocking} is heard, bit for "
              "bit", lambda: raw(wanted) in card.played()[before:])


def records(program, daemon):
    env = environment(daemon, program)
    for blocking in (1, 0):
        data = run(program, "record", RATE, 16, 2, 60000, blocking, env=env,
                   silent=False)
        check(len(data) >= 60000 and is_ramp(data),
              f"{program.name} {blocking}: the recording has a gap")
    data = run(program, "record", 22050, 8, 1, 3000, 1, env=env, silent=False)
    check(len(data) >= 3000, "a recording of another kind")


def ways(program, daemon, card):
    """Two at once, each in its own way, come out as their sum."""
    env = environment(daemon, program)
    sounds = {way: noise(2 * 22050, seed, peak=16000)
              for seed, way in enumerate(("sdl", "ao"))}
    for way, sound in sounds.items():
        run(program, way, env=env, input=raw(sound))
        heard(card, raw(sound), f"{program.name} {way}")
    threads = [threading.Thread(target=run, args=(program, way), kwargs={
        "env": env, "input": raw(sound)}) for way, sound in sounds.items()]
    with daemon.client() as control:
        for thread in threads:
            thread.start()
        until("both are listed", lambda: {b"SDL", b"libao stream"} <=
              {player[1] for player in control.all_info()})
    for thread in threads:
        thread.join()
    daemon.wait_silent()


def lost(program):
    """The server ends, and is started again."""
    with Daemon("null") as daemon:
        process = subprocess.Popen(
            command(program, "lost"), env=environment(daemon, program),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        check(process.stdout.readline() == "playing\n", "it doesn't play")
        with daemon.client() as control:
            until("it is listed", lambda: control.player(b"all"))
        daemon.own_directory = False
        daemon.stop()
        check(process.stdout.readline() == "lost\n",
              f"it noticed nothing: {process.stderr}")
        daemon.start()
        daemon.own_directory = True
        out, error = process.communicate("on\n", timeout=20)
        check(process.returncode == 0 and out == "back\n", f"{out} {error}")


def elsewhere(program):
    """Where there is no server, and what ARTS_SERVER means."""
    with tempfile.TemporaryDirectory(prefix="libartsc-") as name:
        env = dict(os.environ, HOME=name, ESPEAKER="unix:/nonexistent/socket")
        env.pop("ARTS_SERVER", None)
        run(program, "nowhere", env=env)
    with Daemon("null") as daemon:
        here = f"unix:{daemon.socket}"
        env = environment(daemon, program)
        for server, espeaker in ((here, "unix:/nonexistent/socket"),
                                 ("", here), ("localhost:5099", "")):
            run(program, "texts", "errors", env=dict(
                env, ARTS_SERVER=server, ESPEAKER=espeaker))
        for server in ("no.such.host.invalid:5099", "x" * 300 + ":1",
                       "[::1", "unix:"):
            run(program, "nowhere", env=dict(env, ARTS_SERVER=server,
                                             ESPEAKER=here))


def far(program):
    """Over TCP, where what is unread at the end could cost what is sent."""
    sound = noise(2 * 44100, 5)
    port = free_port()
    with on_card(*LARGE, "-tcp", "-bind", "127.0.0.1", "-port",
                 port) as (daemon, card):
        env = dict(environment(daemon, program),
                   ESPEAKER=f"127.0.0.1:{port}")
        run(program, "play", RATE, 16, 2, "far", 1, env=env, input=raw(sound))
        heard(card, raw(sound), "all of it")


def old(program):
    """A server without the extension, that takes what it gets in pace."""
    received = {}

    def take(connection, opcode):
        while opcode == 3 and (data := connection.recv(4096)):
            received[opcode] = received.get(opcode, b"") + data
        while opcode == 4:
            connection.sendall(bytes(4096))

    sound = raw(noise(2 * 30000, 3))
    with Peer(take) as peer:
        env = dict(peer.env, ESPEAKER=f"unix:{peer.socket}")
        for blocking in (1, 0):
            received.clear()
            run(program, "play", RATE, 16, 2, "old", blocking, env=env,
                input=sound)
            until("all came", lambda: received.get(3) == sound)
        run(program, "record", RATE, 16, 2, 60000, 0, env=env, silent=False)
        check(peer.asked(3)[0][8:11] == b"old", "its name")


def main():
    for name in ("all", "facts", "all32", "facts32"):
        program = PROGRAMS / name
        if not program.exists():
            continue
        if launcher(program) is None:
            print(f"{name}: this kernel runs no 32-bit programs, and there is "
                  "no qemu-i386: left out")
            continue
        with on_card(*PERIODS) as (daemon, card):
            run(program, "init", "texts", "errors", "odd-sound", "table",
                "space", "suspend", env=environment(daemon, program))
        with on_card(*PATIENT) as (daemon, card):
            plays(program, daemon, card, full=name == "all")
            records(program, daemon)
            if "all" in name:
                ways(PROGRAMS / name.replace("all", "ways"), daemon, card)
        if name == "all":
            lost(program)
            elsewhere(program)
            far(program)
            old(program)
        print(f"{name}: everything as documented")


if __name__ == "__main__":
    main()
