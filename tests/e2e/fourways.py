#!/usr/bin/env python3
"""An ESD client, an aRts (MCOP) client, a program under artsdsp, one under
esddsp and one of ALSA's play at once: esdctl lists all of them and sets each
one's volume, and what the card gets is exactly their sum.  Each plays at twice its digit of that sum,
and at half its volume."""

import concurrent.futures
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mcop"))
sys.path.insert(0, str(HERE.parent / "alsa"))

import alsa  # noqa: E402
from daemon import BITS16, BUILD, PLAY, STEREO, check, on_card, until  # noqa: E402
from mcop import Client  # noqa: E402
from sound import noise, raw, words  # noqa: E402
from streams import digits, frames_of, same  # noqa: E402

RATE = 44100
NAMES = "esd", "arts", "artsdsp", "esddsp", "aplay"
SILENCE = bytes(4 * 4096)  # long enough for volumes to settle in
PIECE = 1024  # bytes of a packet

OSS = """
import fcntl, os, struct
dsp = os.open("/dev/dsp", os.O_WRONLY)
for number, value in (0xC0045005, 16), (0xC0045006, 2), (0xC0045002, 44100):
    fcntl.ioctl(dsp, number, struct.pack("i", value))
while data := os.read(0, 4096):
    while data:
        data = data[os.write(dsp, data):]
"""


class Esd:
    def __init__(self, daemon):
        self.client = daemon.client().play(BITS16 | STEREO | PLAY, RATE, b"esd")

    def write(self, data):
        self.client.send(data)

    def close(self):
        self.client.close()


class Arts:
    def __init__(self, daemon):
        self.client = Client(daemon)
        self.stream = self.client.play(title="arts")
        self.rest = b""

    def write(self, data):
        self.rest = self.stream.write(self.rest + data, PIECE, 16)

    def close(self):
        self.stream.close(self.rest)
        self.client.leave()


class Oss:
    """Under a wrapper, the stream called like it."""

    def __init__(self, daemon, wrapper):
        self.wrapper = wrapper
        self.program = subprocess.Popen(
            [str(BUILD / wrapper), "-n", wrapper, sys.executable, "-c", OSS],
            env=dict(daemon.env, ESPEAKER=f"unix:{daemon.socket}"),
            stdin=subprocess.PIPE, bufsize=0)

    def write(self, data):
        while data:
            data = data[self.program.stdin.write(data):]

    def close(self):
        self.program.stdin.close()
        check(self.program.wait(10) == 0, f"{self.wrapper} failed")


class Alsa:
    def __init__(self, daemon):
        self.program = alsa.start(
            alsa.environment(daemon), "aplay", "-D", "esdmix",
            "--buffer-size=4096", "--period-size=1024", *alsa.raw_options(),
            stdin=subprocess.PIPE, bufsize=0)

    def write(self, data):
        while data:
            data = data[self.program.stdin.write(data):]

    def close(self):
        self.program.stdin.close()
        self.program.stdin = None
        alsa.finish(self.program)


def listed(daemon):
    rows = json.loads(daemon.tool("esdctl", "list", "--json").stdout)
    return {row["name"]: row for row in rows}


def main():
    alsa.need("aplay")
    parts = [noise(2 * 20000, 70 + i, 3) for i in range(len(NAMES))]
    sent = [raw([2 * 8 ** i * v for v in part])
            for i, part in enumerate(parts)]
    with on_card("--period", 512, "--periods", 4) as (daemon, card), \
            concurrent.futures.ThreadPoolExecutor(len(NAMES)) as pool:
        until("aRts clients can find it",
              (daemon.mcop / "Arts_SoundServer").exists)
        players = [Esd(daemon), Arts(daemon), Oss(daemon, "artsdsp"),
                   Oss(daemon, "esddsp"), Alsa(daemon)]

        def each(do, *arguments):
            list(pool.map(do, players, *arguments))

        each(lambda player: player.write(SILENCE))
        until("all are listed", lambda: set(listed(daemon)) == set(NAMES))
        for name in NAMES:
            check(daemon.tool("esdctl", "volume", name, "50%").returncode == 0,
                  f"esdctl does not set the volume of {name}")
        rows = listed(daemon)
        for name in NAMES:
            row = rows[name]
            check((row["left"], row["right"], row["rate"]) ==
                  (128, 128, RATE), f"{row}")
        each(lambda player, data: player.write(SILENCE + data), sent)
        each(lambda player: player.close())
        daemon.wait_silent()
        end = len(card.played()) + 4 * 8 * 512
        until("the card has played it", lambda: len(card.played()) >= end)
        got = digits(words(card.played()), len(NAMES))
    for name, part, digit in zip(NAMES, parts, got):
        same(name, frames_of(digit), frames_of(part))
    shared = sum(all(frame) for frame in zip(*got))
    check(shared > 2 * 2000, f"only {shared} samples are of all of them")
    print(f"{shared} samples are of all of them at once")


if __name__ == "__main__":
    main()
