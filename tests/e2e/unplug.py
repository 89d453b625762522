#!/usr/bin/env python3
"""The card goes away, or is busy, suspended, stalled or late: clients go on in
real time, the log has one line an event, and sound returns."""

import socket
import threading
import time

from daemon import BITS16, STEREO, check, on_card, together, until
from sound import FRAME, noise, raw

RATE = 44100
PERIOD = 1024
OPTIONS = ("--period", PERIOD, "--periods", 4)
CHUNK = 4096  # bytes at a time, as most clients write
BUFFER = 16384  # of the socket, as libraries set it
FILL = 0.5  # seconds until all buffers are full
LONGEST = 0.25  # seconds a write may block, on a machine with nothing to do
NAP = 0.01


class Idler(threading.Thread):
    """Sleeps, and notes how late a busy machine lets it wake: at most, and in
    all."""

    def __init__(self):
        super().__init__(daemon=True)
        self.latest = self.late = 0.0
        self.start()

    def run(self):
        while True:
            began = time.monotonic()
            time.sleep(NAP)
            late = time.monotonic() - began - NAP
            self.latest = max(self.latest, late)
            self.late += late


class Player(threading.Thread):
    """Writes sound as fast as it is taken, and notes the pace."""

    def __init__(self, daemon, idler=None):
        super().__init__()
        self.client = daemon.client().play(BITS16 | STEREO, RATE, b"player")
        self.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF,
                                      BUFFER)
        self.sound = raw([sample | 1 for sample in noise(2 * RATE, 1, 32766)])
        self.stopping = False
        self.error = None
        self.longest = 0.0
        self.frames = 0
        self.idler = idler or Idler()
        self.start()

    def run(self):
        at = 0
        try:
            while not self.stopping:
                began = time.monotonic()
                self.client.send(self.sound[at:at + CHUNK])
                self.longest = max(self.longest, time.monotonic() - began)
                self.frames += len(self.sound[at:at + CHUNK]) // FRAME
                at = (at + CHUNK) % len(self.sound)
        except OSError as error:
            self.error = error

    def pace(self, seconds):
        """Frames taken per second of wall-clock time, by the rate."""
        frames, began = self.frames, time.monotonic()
        self.idler.late = 0.0
        time.sleep(seconds)
        return (self.frames - frames) / RATE / (time.monotonic() - began)

    def check_pace(self, what, seconds):
        pace = self.pace(seconds)
        check(self.error is None, f"{what}: the client got {self.error}")
        late = self.idler.latest
        check(self.longest < LONGEST + 2 * late,
              f"{what}: a write blocked for {self.longest * 1000:.0f} ms, the "
              f"machine for {late * 1000:.0f} ms")
        # A change of devices fills or drains buffers by as much, and a null
        # device that gets no processor loses that time.
        check(-0.25 - self.idler.late < (pace - 1) * seconds < 0.25,
              f"{what}: the client went at {pace:.3f} of real time")
        print(f"{what}: {pace:.3f} of real time, longest write "
              f"{self.longest * 1000:.0f} ms")
        self.longest = self.idler.latest = 0.0

    def finish(self):
        self.stopping = True
        self.join()
        self.client.close()


def wait_sound(card, what):
    """Until new frames that are no silence are played."""
    size = len(card.played())
    until(what, lambda: card.played()[size:].count(0) <
          0.5 * (len(card.played()) - size))


def lines_since(daemon, before, count, what):
    """What the log says since; exactly that many lines."""
    until(f"the log tells of it: {what}",
          lambda: len(daemon.log_lines()) - before >= count)
    new = daemon.log_lines()[before:]
    check(len(new) == count,
          f"{what}: {len(new)} lines instead of {count}: {new}")
    for line in new:
        print(f"  {line}")


def unplugged(daemon, card, player):
    before = len(daemon.log_lines())
    card.unplug()
    player.check_pace("unplugged", 5)
    lines_since(daemon, before, 1, "one line for the unplugging")
    card.replug()
    began = time.monotonic()
    wait_sound(card, "sound after the card is back")
    print(f"sound {time.monotonic() - began:.2f} s after replugging")
    player.check_pace("replugged", 1)
    lines_since(daemon, before, 2, "one line for each event")


def suspended(daemon, card, player):
    before = len(daemon.log_lines())
    card.suspend(1500)
    player.check_pace("suspended", 1.5)
    wait_sound(card, "sound after resuming")
    player.check_pace("resumed", 1)
    lines_since(daemon, before, 2, "suspended and back")


def stalled(daemon, card, player):
    before = len(daemon.log_lines())
    player.longest = player.idler.latest = 0.0
    card.stall(3000)
    time.sleep(3)
    late = player.idler.latest
    # It takes three periods and 150 ms to be sure.
    check(player.longest < 2 * LONGEST + 2 * late,
          f"a stall: a write blocked for {player.longest * 1000:.0f} ms, the "
          f"machine for {late * 1000:.0f} ms")
    print(f"stalled: longest write {player.longest * 1000:.0f} ms")
    wait_sound(card, "sound after the stall")
    check(player.error is None, f"stalled: the client got {player.error}")
    player.longest = 0.0
    player.check_pace("after the stall", 1)
    new = daemon.log_lines()[before:]
    check(1 <= len(new) <= 2, f"a stall: the log says {new}")
    for line in new:
        print(f"  {line}")


def underrun(daemon, card, player):
    before = len(daemon.log_lines())
    card.xrun()
    until("the underrun is logged",
          lambda: daemon.log_lines("underrun")[0:])
    wait_sound(card, "sound after an underrun")
    player.check_pace("after an underrun", 1)
    lines_since(daemon, before, 1, "one line for the underrun")


def busy_at_start():
    with on_card(*OPTIONS, rate=RATE, busy=True) as (daemon, card):
        player = Player(daemon)
        time.sleep(FILL)
        player.check_pace("busy at start", 2)
        before = len(daemon.log_lines())
        check(len(daemon.log_lines("busy")) == 1,
              f"busy: the log says {daemon.log_lines()}")
        card.busy(False)
        began = time.monotonic()
        wait_sound(card, "sound once the card is free")
        print(f"sound {time.monotonic() - began:.2f} s after it was free")
        lines_since(daemon, before, 1, "one line for the opening")
        player.finish()


def in_the_midst(*troubles):
    with on_card(*OPTIONS, rate=RATE) as (daemon, card):
        player = Player(daemon)
        wait_sound(card, "sound")
        player.check_pace("at first", 1)
        for trouble in troubles:
            trouble(daemon, card, player)
        player.finish()
        daemon.wait_silent()


def main():
    together(lambda: in_the_midst(unplugged),
             lambda: in_the_midst(suspended, stalled, underrun), busy_at_start)


if __name__ == "__main__":
    main()
