#!/usr/bin/env python3
"""A volume is back when its name is: after the client's and the daemon's
restart, to the sample; what else may become of the file it is kept in."""

import os
import pathlib
import tempfile

from daemon import BITS16, STEREO, Daemon, check, together, until
from sound import first_sound, noise, raw, words

RATE = 44100
HEADER = "esdmixd volumes 1\n"
# Multiples of 512: halves and quarters drop no bits.
SOUND = noise(2 * 5000, 1, peak=16384, step=512)


class Place:
    """What outlives a daemon: its directory, and the mix it wrote."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.mix = None
        self.mixes = 0
        self.state = self.dir / "state" / "esdmixd" / "volumes"
        self.aside = self.state.with_name("volumes.damaged")

    def daemon(self, *options, **more):
        self.mixes += 1
        self.mix = self.dir / f"mix{self.mixes}.raw"
        return Daemon(f"file:{self.mix}", "-r", RATE, "--format", "S16_LE",
                      *options, directory=self.dir, **more)

    def keep(self, text):
        self.state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.write_text(text)
        self.state.chmod(0o600)

    def kept(self):
        return self.state.read_text() if self.state.exists() else None


def order(daemon, *words):
    done = daemon.tool("esdctl", *words)
    check(done.returncode == 0, f"esdctl {words}: {done.stderr}")


def hear(place, daemon, name, by, pan=None, volume=None):
    """Plays SOUND under that name; it must come out divided by `by`.

    pan, volume    what esdctl is told before the sound begins
    """
    size = place.mix.stat().st_size if place.mix.exists() else 0
    with daemon.client() as client:
        client.play(BITS16 | STEREO, RATE, name)
        if pan or volume:
            with daemon.client() as control:
                player = until("the player is listed",
                               lambda: control.player(name))
            if pan:
                order(daemon, "panstream", player[0], *pan)
            else:
                order(daemon, "volume", name.decode(), volume)
        client.send(raw(SOUND))
    daemon.wait_silent()

    def is_out():
        data = place.mix.read_bytes()[size:]
        mix = words(data[:len(data) // 4 * 4])
        start = first_sound(mix)
        if start is None or len(mix) < 2 * start + len(SOUND):
            return None
        return mix[2 * start:2 * start + len(SOUND)]

    got = until("the sound is out", is_out)
    for i, (a, b) in enumerate(zip(got, SOUND)):
        check(a == b // by[i % 2], f"{name}: frame {i // 2} is {a} of {b}")


def comes_back(place):
    with place.daemon() as daemon:
        hear(place, daemon, b"player", (2, 4), pan=(128, 64))
        hear(place, daemon, b"player", (2, 4))
        hear(place, daemon, b"other", (1, 1))
        until("it is written soon", place.kept)
        check(place.kept() == HEADER + "128 64 0 player\n", place.kept())
        hear(place, daemon, b"\xfe\n\x01", (4, 2), pan=(64, 128))
    check(place.kept() == HEADER + "128 64 0 player\n"
          "64 128 0 \\xfe\\x0a\\x01\n", f"at the end: {place.kept()}")
    with place.daemon() as daemon:
        hear(place, daemon, b"player", (2, 4))
        hear(place, daemon, b"\xfe\n\x01", (4, 2))
        hear(place, daemon, b"", (2, 2), pan=(128, 128))
        hear(place, daemon, b"", (1, 1))
        hear(place, daemon, b"player", (1, 1), pan=(256, 256))
        hear(place, daemon, b"player", (1, 1))
        check(daemon.log_lines("warn") == [], daemon.log())
    check("player" not in place.kept(), place.kept())
    print("a volume is back with its name, until it is unity again")


def muted(place):
    place.keep(HEADER + "256 256 1 silent\n")
    with place.daemon() as daemon:
        with daemon.client() as client:
            client.play(BITS16 | STEREO, RATE, b"silent").send(raw(SOUND))
        daemon.wait_silent()
        hear(place, daemon, b"end", (1, 1))
    mix = words(place.mix.read_bytes())
    start = 2 * first_sound(mix)
    check(list(mix[start:start + len(SOUND)]) == list(SOUND),
          "something was heard before the end")
    print("so is that it was muted")


def orders(place):
    """What the other orders of esdctl do to it."""
    with place.daemon() as daemon:
        hear(place, daemon, b"by name", (4, 4), volume="25%")
        hear(place, daemon, b"first", (2, 2), volume="128")
        with daemon.client() as client, daemon.client() as control:
            client.play(BITS16 | STEREO, RATE, b"hushed")
            until("it is listed", lambda: control.player(b"hushed"))
            order(daemon, "mute", "hushed")
        order(daemon, "forget", "first")
        hear(place, daemon, b"first", (1, 1))
        again = daemon.tool("esdctl", "forget", "first")
        check(b"no volume is kept for first" in again.stderr and
              again.returncode == 1,
              f"forgotten twice: {again}")
    check(place.kept() == HEADER + "64 64 0 by name\n256 256 1 hushed\n",
          place.kept())
    with place.daemon() as daemon:
        hear(place, daemon, b"by name", (4, 4))
    print("esdctl volume, mute and forget reach it")


def rules_and_options(place):
    place.keep(HEADER + "128 128 0 player\n64 64 0 other\n")
    rule = "volume = play* 100% 25%\n"
    with place.daemon(conf=rule) as daemon:
        hear(place, daemon, b"player", (1, 4))
        hear(place, daemon, b"other", (4, 4))
    with place.daemon("--no-remember") as daemon:
        hear(place, daemon, b"other", (1, 1))
        hear(place, daemon, b"third", (2, 2), pan=(128, 128))
    check("third" not in place.kept(), place.kept())
    elsewhere = place.dir / "own" / "here"
    with place.daemon(f"--state={elsewhere}") as daemon:
        hear(place, daemon, b"other", (2, 2), pan=(128, 128))
    check(elsewhere.read_text() == HEADER + "128 128 0 other\n", "elsewhere")
    print("rules win; it can be turned off, and kept elsewhere")


def damage(place):
    place.keep(HEADER + "128 128 0 player\nrubbish\n")
    log = len((place.dir / "log").read_text().splitlines())
    with place.daemon() as daemon:
        hear(place, daemon, b"player", (1, 1))
        said = [line for line in daemon.log().splitlines()[log:]
                if "volumes" in line]
        check(len(said) == 1 and "line 3" in said[0] and
              str(place.state) in said[0] and "volumes.damaged" in said[0],
              f"the log: {said}")
        check(place.aside.read_text().endswith("rubbish\n"), "not set aside")
        hear(place, daemon, b"player", (4, 4), pan=(64, 64))
    check(place.kept() == HEADER + "64 64 0 player\n", place.kept())
    print("a damaged file is set aside in one line")


def read_only(place):
    """One line, however many changes; root may write to any but /proc."""
    where = place.dir / "fixed"
    where.mkdir(mode=0o500)
    if os.access(where, os.W_OK):
        where = pathlib.Path("/proc/esdmixd")
    log = len((place.dir / "log").read_text().splitlines())
    with place.daemon(f"--state={where}/volumes") as daemon:
        def said():
            return [line for line in daemon.log().splitlines()[log:]
                    if "warn" in line and str(where) in line]

        hear(place, daemon, b"player", (2, 2), pan=(128, 128))
        until("it says so", said)
        hear(place, daemon, b"player", (4, 4), pan=(64, 64))
        hear(place, daemon, b"player", (4, 4))
        daemon.process.terminate()
        check(daemon.process.wait() == 0, daemon.log())
        check(len(said()) == 1, f"the log: {said()}")
        daemon.start()
    print("where nothing can be written: one line, and it goes on")


def in_a_place(test):
    with tempfile.TemporaryDirectory(prefix="esdmixd-memory-") as name:
        place = Place(name)
        (place.dir / "log").touch()
        test(place)


def main():
    together(*(lambda test=test: in_a_place(test) for test in (
        comes_back, muted, orders, rules_and_options, damage, read_only)))


if __name__ == "__main__":
    main()
