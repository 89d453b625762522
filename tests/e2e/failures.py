#!/usr/bin/env python3
"""What goes wrong around the daemon: no room for its file, no right to the
card or the sockets; and how it ends when it is told to."""

import errno
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from daemon import (BITS16, BUILD, PLAY, STEREO, Daemon, check, on_card,
                    together, until)
from sound import FRAME, noise, raw, words

RATE = 44100
ROOM = 200000  # bytes a file may have
LEVEL = 16000
NOBODY = 65534


def feed(client, seconds):
    """Writes that long, as fast as it is taken; returns the time it took."""
    began = time.monotonic()
    client.send(raw([LEVEL, -LEVEL]) * int(RATE * seconds))
    return time.monotonic() - began


def keeps_pace(daemon, what):
    with daemon.client() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        client.play(name=what.encode())
        feed(client, 0.5)  # all that is buffered
        took = feed(client, 0.5)
    check(0.3 < took < 2, f"{what}: half a second was taken in {took:.2f} s")


def full_disk():
    """It goes on in real time, says it once, and ends as ever."""
    with Daemon("file:/dev/full", "-r", RATE) as daemon:
        keeps_pace(daemon, "a full disk")
        new = daemon.log_lines("warn", "/dev/full")
        check(len(new) == 1 and "No space left" in new[0], f"logged: {new}")
        print(f"a full disk: {new[0]}")


def too_long():
    """A limit on the length of files is no reason to die."""
    with tempfile.TemporaryDirectory() as directory:
        mix = pathlib.Path(directory) / "mix.wav"
        with Daemon(f"file:{mix}", "-r", RATE, "--format", "S16_LE") as daemon:
            resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (ROOM, ROOM))
            keeps_pace(daemon, "a file too long")
            until("it is logged", lambda: daemon.log_lines("No space left"))
        data = mix.read_bytes()
        told = int.from_bytes(data[40:44], "little")
        check(len(data) <= ROOM and told == len(data) - 44 and
              told % FRAME == 0, f"{len(data)} bytes, the header says {told}")
    print(f"a file that may have {ROOM} bytes: {told} of sound, whole frames")


def refusing_card(error, remedy):
    """What ALSA's errors mean for who reads them."""
    with on_card(rate=RATE, busy=True) as (daemon, card):
        card.refuse(error)
        line = until(f"{os.strerror(error)} is logged",
                     lambda: daemon.log_lines("vcard", remedy))[0]
        check("playing into null meanwhile" in line, line)
        keeps_pace(daemon, "no card")
        card.refuse(0)
        card.wait_event("start")
        print(f"{errno.errorcode[error]}: {line}")


def run_once(home, *options, program=BUILD / "esdmixd", user=None):
    env = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR="")
    return subprocess.run(
        [str(program), "-d", "null", "--no-legacy-sockets",
         *map(str, options)], env=env, capture_output=True, timeout=20,
        user=user, text=True)


def no_right_to_sockets():
    """One line with the file and what may be done, and status 1."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        open_to_all = home / "all"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        (home / "ours" / "directory").mkdir(parents=True)
        for what, path, remedy in (
                ("others can write", open_to_all / "socket", "only we can"),
                ("too long", home / ("x" * 120), "shorter"),
                ("a directory", home / "ours" / "directory", "not a socket"),
                ("no directory", home / "a" / "b" / "c", "make it")):
            done = run_once(home, "--socket", path)
            check(done.returncode == 1 and remedy in done.stderr and
                  str(path.parent) in done.stderr and
                  done.stderr.count("\n") == 1, f"{what}: {done}")
            print(f"{what}: {done.stderr.strip()}")
        if os.geteuid() != 0:
            return
        theirs = home / "theirs"
        theirs.mkdir()
        os.chown(theirs, NOBODY, NOBODY)
        for directory in (home, home / "ours"):
            directory.chmod(0o755)
        # They may not reach what was built.
        program = shutil.copy(BUILD / "esdmixd", home / "esdmixd")
        done = run_once(theirs, "--socket", home / "ours" / "socket",
                        program=program, user=NOBODY)
        check(done.returncode == 1 and f"{home}/ours" in done.stderr,
              f"somebody else's directory: {done}")
        print(f"somebody else's: {done.stderr.strip()}")


def no_real_time():
    """Goes on without, and says how it could be had."""
    with Daemon("null", "--log-level", "info") as daemon:
        lines = daemon.log_lines("real-time")
        check(len(lines) < 2 and all("ulimit -r" in line for line in lines),
              f"real-time: {lines}")


def terminated():
    """Fades out what plays, and nothing after it; while a client writes."""
    with tempfile.TemporaryDirectory() as directory:
        mix = pathlib.Path(directory) / "mix.raw"
        with Daemon(f"file:{mix}", "-r", RATE, "--format", "S16_LE",
                    "--period", 441) as daemon:
            client = daemon.client().play(BITS16 | STEREO | PLAY, RATE, b"it")
            sound = raw([LEVEL, -LEVEL]) * RATE

            def send():
                try:
                    while True:
                        client.send(sound)
                except OSError:
                    pass  # the daemon has gone
            writer = threading.Thread(target=send)
            writer.start()
            until("it plays", lambda: mix.exists() and
                  any(mix.read_bytes()[-4000:]))
            began = time.monotonic()
            daemon.process.send_signal(signal.SIGTERM)
            check(daemon.process.wait(10) == 0, "SIGTERM: no status 0")
            took = time.monotonic() - began
            check(took < 2, f"it took {took:.1f} s to end")
            writer.join()
            client.close()
        got = list(words(mix.read_bytes()))
    left = got[::2]
    last = len(left) - 1 - next(i for i, v in enumerate(reversed(left)) if v)
    fade = [v for v in left[:last + 1] if v != LEVEL and v != 0]
    check(left[last] < LEVEL // 20, f"it ends with {left[last]}")
    check(RATE // 100 < len(fade) < RATE // 5, f"a fade of {len(fade)} frames")
    steps = [a - b for a, b in zip(left[last - len(fade):last], left[
        last - len(fade) + 1:last + 1])]
    check(min(steps) >= 0 and max(steps) < LEVEL // 100,
          f"steps of {min(steps)} to {max(steps)}")
    check(all(abs(a + b) <= 2 for a, b in zip(left, got[1::2])),
          "the sides differ by more than dither")
    print(f"SIGTERM: faded out in {len(fade)} frames, gone in {took:.2f} s")


def hanging_card():
    """A card that does not let go is left to the kernel."""
    with on_card(rate=RATE) as (daemon, card):
        card.slow(60000)
        daemon.stop()
    print("a card that hangs: ended all the same")


def main():
    together(full_disk, too_long, no_right_to_sockets, no_real_time,
             terminated, hanging_card,
             lambda: refusing_card(errno.EACCES, "group audio"),
             lambda: refusing_card(errno.EBUSY, "another program"),
             lambda: refusing_card(errno.ENOENT, "aplay -L"))


if __name__ == "__main__":
    main()
