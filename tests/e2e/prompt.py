#!/usr/bin/env python3
"""Old libraries wait 100 ms for an answer: whatever the device does, and
however long it takes for it, everybody is answered; and nothing spins."""

import os
import pathlib
import statistics
import threading
import time

from daemon import (KEY, MARKER, SAMPLE_CACHE, STREAM_PLAY, check, on_card,
                    until)
from sound import noise, raw

RATE = 44100
STANDBY, RESUME, STANDBY_MODE = 12, 13, 22
QUICK = ("--period", 441, "--periods", 4)
SLOW = 1600  # ms that the device takes to open or close
PATIENCE = 0.1  # seconds of a library's, for the usual answer
# For each of them: well below what the device takes, above what a busy machine
# makes a process wait.
LONGEST = SLOW / 1000 * 3 / 4
BUSY = 0.5  # of a processor, which is more than all this needs
TICKS = os.sysconf("SC_CLK_TCK")


class Asker(threading.Thread):
    """Asks one thing after the other, and connects anew each time."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon_under_test = daemon
        self.took, self.stopping = [], False
        self.error = None
        self.start()

    def ask(self, client):
        client.server_info()
        client.latency()
        client.all_info()
        client.send(client.ints(STANDBY_MODE, 0))
        client.read_ints(1)

    def run(self):
        try:
            while not self.stopping:
                began = time.monotonic()
                with self.daemon_under_test.client() as client:
                    self.ask(client)
                self.took.append(time.monotonic() - began)
                time.sleep(0.002)
        except BaseException as error:
            self.error = error

    def finish(self):
        self.stopping = True
        self.join()


class Watched:
    """Somebody asks all the while; afterwards it is looked how it went."""

    def __init__(self, daemon, what):
        self.daemon, self.what = daemon, what

    def cpu(self):
        """Seconds of it that the daemon has used."""
        text = pathlib.Path(f"/proc/{self.daemon.pid}/stat").read_text()
        user, system = text.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def __enter__(self):
        self.began, self.used = time.monotonic(), self.cpu()
        self.asker = Asker(self.daemon)

    def __exit__(self, kind, *_):
        self.asker.finish()
        if kind is not None:
            return
        check(self.asker.error is None, f"{self.what}: {self.asker.error}")
        took = self.asker.took
        usual, longest = statistics.median(took), max(took)
        used = self.cpu() - self.used
        share = used / (time.monotonic() - self.began)
        print(f"{self.what}: {len(took)} rounds of questions, usually "
              f"{1000 * usual:.1f} ms, at most {1000 * longest:.1f} ms, "
              f"{100 * share:.0f} % of a processor")
        check(usual < PATIENCE, f"{self.what}: answers are late")
        check(longest < LONGEST, f"{self.what}: one answer was late")
        check(share < BUSY, f"{self.what}: it spins")


def owner(client, opcode):
    """The time that both answers took."""
    began = time.monotonic()
    client.send(client.ints(opcode) + KEY + client.ints(MARKER))
    check(client.read_ints(2) == (1, 1), f"opcode {opcode} failed")
    took = time.monotonic() - began
    check(took < LONGEST, f"opcode {opcode} was answered after {took:.3f} s")


def opening():
    """From the start on, while the card is still opened."""
    with on_card(*QUICK, rate=RATE, slow=SLOW, busy=True) as (daemon, card):
        with Watched(daemon, "opening"):
            card.wait_event("refused")
            card.busy(False)
            card.wait_event("start")
        card.slow(0)


def going_away(daemon, card):
    seen = len(card.events())
    with Watched(daemon, "closing what was unplugged"):
        card.unplug()
        card.wait_event("close", seen)
    with Watched(daemon, "unplugged"):
        time.sleep(0.5)
    card.replug()
    card.wait_event("start", seen)


def standby(daemon, card):
    with daemon.client() as control:
        seen = len(card.events())
        with Watched(daemon, "standby"):
            owner(control, STANDBY)
            card.wait_event("close", seen)
        with Watched(daemon, "resume"):
            owner(control, RESUME)
            card.wait_event("start", seen)


def troubles(daemon, card):
    for what, trouble in (("suspended", card.suspend), ("stalled", card.stall)):
        frames = card.frames()
        with Watched(daemon, what):
            trouble(500)
            time.sleep(0.5)
        card.wait_frames(frames + RATE // 10)


def playing(daemon):
    """Up to the last frame of a sound whose client has gone; and while an
    upload and a request hang."""
    with daemon.client() as upload, daemon.client() as half:
        upload.send(upload.ints(SAMPLE_CACHE, 0x1021, RATE, 40000) +
                    bytes(128 + 20000))
        half.send(half.ints(STREAM_PLAY, 0x1021))
        with Watched(daemon, "draining"):
            with daemon.client() as client:
                client.play(name=b"drains")
                client.send(raw(noise(2 * RATE // 2, 1)))
            with daemon.client() as control:
                until("it is over", lambda: not control.player(b"drains"))


def main():
    opening()
    with on_card(*QUICK, rate=RATE) as (daemon, card):
        playing(daemon)
        troubles(daemon, card)
        card.slow(SLOW)
        standby(daemon, card)
        going_away(daemon, card)
        card.slow(0)


if __name__ == "__main__":
    main()
