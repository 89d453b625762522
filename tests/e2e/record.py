#!/usr/bin/env python3
"""esdrec, esdmon and esdfilt on the real daemon."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import wave

from daemon import BUILD, LARGE, Daemon, check, on_card, until
from sound import is_ramp, noise, raw

RATE = 44100


def start(daemon, tool, *arguments):
    return subprocess.Popen([str(BUILD / tool), "-s", f"unix:{daemon.socket}",
                             *map(str, arguments)], env=daemon.env,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end(process, what):
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=10)[1]
    check(process.returncode == 0, f"{what}: {process.returncode}: {error}")


def recorders(directory):
    """Two at once: raw and WAV, gap-free, and what they share is the same."""
    with on_card(*LARGE) as (daemon, _):
        one, two = directory / "one.raw", directory / "two.wav"
        first, second = start(daemon, "esdrec", one), start(daemon, "esdrec",
                                                            two)
        for path in (one, two):
            until(f"a second is in {path.name}", lambda path=path:
                  path.exists() and path.stat().st_size > 4 * RATE)
        end(first, "esdrec")
        end(second, "esdrec")
    left = one.read_bytes()
    with wave.open(str(two)) as file:
        check((file.getnchannels(), file.getframerate()) == (2, RATE),
              f"{file.getparams()}")
        right = file.readframes(file.getnframes())
    for path, data in ((one, left), (two, right)):
        check(len(data) % 4 == 0, f"{path.name} ends within a frame")
        check(is_ramp(data), f"{path.name} has a gap")
    print(f"two recorders: {len(left) // 4} and {len(right) // 4} frames, no "
          "gap")


def cpu(daemon):
    """Seconds of it that the daemon has used."""
    text = pathlib.Path(f"/proc/{daemon.pid}/stat").read_text()
    user, system = text.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def idles():
    """Whoever records, and again: it waits for the card, and does not spin."""
    with on_card("--period", 1024, "--periods", 12) as (daemon, card):
        for turn in range(3):
            began, used = time.monotonic(), cpu(daemon)
            with daemon.client() as client:
                client.send(client.ints(4, 0x2021, RATE) + bytes(128))
                client.read(2 * RATE)
            share = (cpu(daemon) - used) / (time.monotonic() - began)
            check(share < 0.5, f"it takes {share:.2f} of a processor")
            until("the card is closed", lambda turn=turn: len(
                [event for event in card.events() if event.name == "close"]
            ) > turn)
    print("recording, again and again: it idles")


def play(daemon, sound):
    with daemon.client() as client:
        client.play(0x1021, RATE, b"sound")
        client.send(raw(sound))
    daemon.wait_silent()


def monitor(daemon, directory):
    sound = noise(2 * 20000, 1)
    path = directory / "mon.wav"
    process = start(daemon, "esdmon", path)
    # A header alone: it monitors, and nothing has been played.
    until("esdmon has begun", path.exists)
    play(daemon, noise(2 * 1000, 2))
    until("it hears", lambda: path.stat().st_size > 4 * 1000)
    before = path.stat().st_size
    play(daemon, sound)
    until("it has heard all", lambda: path.stat().st_size > before + 4 * 20000)
    end(process, "esdmon")
    with wave.open(str(path)) as file:
        data = file.readframes(file.getnframes())
    check(raw(sound) in data, "the monitor heard something else")
    print("esdmon heard what was played, bit by bit")


def filtered(daemon, mix, option, change):
    """A filter may come late at first; then all goes through it."""
    level = [8000, -8000]
    process = start(daemon, "esdfilt", option)
    with daemon.client() as client:
        client.play(0x1021, RATE, b"level")
        wanted = raw([change(v) for v in level] * 4096)

        def is_filtered():
            client.send(raw(level * 1024))
            return wanted in mix.read_bytes()[-2 * RATE:]
        until(f"{option} is heard", is_filtered)
    end(process, "esdfilt")
    daemon.wait_silent()
    print(f"esdfilt {option} is heard")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        mix = directory / "mix.raw"
        with Daemon(f"file:{mix}", "-r", RATE, "--format", "S16_LE",
                    "--period", 512, "--periods", 4) as daemon:
            monitor(daemon, directory)
            filtered(daemon, mix, "-half", lambda v: v // 2)
            filtered(daemon, mix, "-double", lambda v: 2 * v)
        recorders(directory)
        idles()


if __name__ == "__main__":
    main()
