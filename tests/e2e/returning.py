#!/usr/bin/env python3
"""The first device of the chain is busy and a later one plays: when the first
is free, the daemon goes over to it, and not a frame is lost or heard twice."""

import array
import contextlib
import errno
import pathlib
import tempfile
import threading

from card import Card
from daemon import BITS16, STEREO, Daemon, check, together, until
from sound import noise, raw

RATE = 44100
PATIENCE = 30
PERIOD, PERIODS = 1024, 12
OPTIONS = ("--period", PERIOD, "--periods", PERIODS, "--format", "S16_LE")
CHUNK = 4096  # bytes at a time


class Player(threading.Thread):
    """Plays sound, none of whose samples is 0, until it is told to stop."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.client = daemon.client().play(BITS16 | STEREO, RATE, b"player")
        self.client.socket.settimeout(PATIENCE)
        self.sound = raw([sample | 1 for sample in noise(2 * RATE, 1, 32766)])
        self.stopping = False
        self.sent = b""
        self.start()

    def run(self):
        while not self.stopping:
            at = len(self.sent) % len(self.sound)
            self.client.send(self.sound[at:at + CHUNK])
            self.sent += self.sound[at:at + CHUNK]

    def finish(self, daemon, card):
        """All that was sent, once that card has played what is left of it."""
        self.stopping = True
        self.join()
        self.client.close()
        daemon.wait_silent()
        frames = card.frames() + PERIOD * PERIODS
        until("all is played", lambda: card.frames() > frames and
              not any(card.played()[-4 * PERIOD:]), PATIENCE)
        return self.sent


def heard(*pieces):
    """Their samples one after another, without silence."""
    samples = array.array("h")
    for piece in pieces:
        samples.frombytes(piece)
    return array.array("h", filter(None, samples)).tobytes()


def check_heard(what, sent, *pieces):
    check(all(heard(piece) for piece in pieces), f"{what}: one was silent")
    got = heard(*pieces)
    same = next((i for i, pair in enumerate(zip(got, sent))
                 if pair[0] != pair[1]), min(len(got), len(sent)))
    check(got == sent, f"{what}: {len(got)} bytes were heard, {len(sent)} sent; "
          f"they differ from {same} on; the parts: "
          f"{[len(heard(piece)) for piece in pieces]}")


@contextlib.contextmanager
def two_cards(first_rate=RATE):
    """The first is busy."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-cards-") as directory:
        first, second = (
            Card(f"{directory}/{name}", name, rates=[rate], formats=["S16_LE"],
                 channels=[2])
            for name, rate in (("first", first_rate), ("second", RATE)))
        second.config_path.write_text(first.config_path.read_text() +
                                      second.config_path.read_text())
        first.busy()
        with contextlib.closing(first), contextlib.closing(second):
            yield first, second, second.env


def wait_sound(card):
    until(f"{card.name} plays sound", lambda: any(card.played()[-4096:]),
          PATIENCE)


def goes_back():
    with two_cards() as (first, second, env), \
            Daemon("first,second", "-r", RATE, *OPTIONS, env=env) as daemon:
        player = Player(daemon)
        wait_sound(second)
        until("the first is tried again", lambda: len(
            [event for event in first.events() if event.name == "refused"]) > 1,
            PATIENCE)
        before = len(daemon.log_lines())
        first.busy(False)
        wait_sound(first)
        second.wait_event("close", timeout=PATIENCE)
        new = [line for line in daemon.log_lines()[before:]
               if "underrun" not in line]  # of a busy machine
        check(len(new) == 1 and new[0].startswith("info: first: playing"),
              f"the log says: {new}")
        check(len(daemon.log_lines("cannot be opened")) == 1,
              f"the log says: {daemon.log()}")
        sent = player.finish(daemon, first)
        check_heard("one card after another", sent, second.played(),
                    first.played())


def goes_back_to_another_rate():
    with two_cards(48000) as (first, second, env), \
            Daemon("first,second", "-r", RATE, *OPTIONS, env=env) as daemon:
        player = Player(daemon)
        wait_sound(second)
        first.busy(False)
        wait_sound(first)
        second.wait_event("close", timeout=PATIENCE)
        sent = player.finish(daemon, first)
        before = heard(second.played())
        check(sent.startswith(before), "the second card played something else")
        # The filter's tail is longer than what was put in.
        after = len(heard(first.played())) * RATE / 48000
        rest = len(sent) - len(before)
        check(rest * 0.99 < after < rest + RATE,
              f"{rest} bytes were left, {after:.0f} heard")


def leaves_a_file():
    with tempfile.TemporaryDirectory(prefix="esdmixd-cards-") as directory:
        card = Card(directory, rates=[RATE], formats=["S16_LE"], channels=[2])
        file = pathlib.Path(directory, "mix.raw")
        card.busy()
        with contextlib.closing(card), \
                Daemon(f"{card.name},file:{file}", "-r", RATE, *OPTIONS,
                       env=card.env) as daemon:
            player = Player(daemon)
            until("the file is written", lambda: file.exists() and
                  any(file.read_bytes()[-4096:]), PATIENCE)
            card.busy(False)
            wait_sound(card)
            sent = player.finish(daemon, card)
            check_heard("a card after a file", sent, file.read_bytes(),
                        card.played())


def loses_the_one_it_left_for():
    """Back where it was, and later over again."""
    with two_cards() as (first, second, env), \
            Daemon("first,second", "-r", RATE, *OPTIONS, env=env) as daemon:
        player = Player(daemon)
        wait_sound(second)
        first.busy(False)
        wait_sound(first)
        second.wait_event("close", timeout=PATIENCE)
        seen = len(second.events())
        first.refuse(errno.EBUSY)
        first.unplug()
        second.wait_event("start", after=seen, timeout=PATIENCE)
        first.replug()
        seen = len(first.events())
        first.busy(False)
        first.wait_event("start", after=seen, timeout=PATIENCE)
        player.finish(daemon, first)


def main():
    together(goes_back, goes_back_to_another_rate, leaves_a_file,
             loses_the_one_it_left_for)


main()
