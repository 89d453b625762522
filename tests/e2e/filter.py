#!/usr/bin/env python3
"""Filters in the mix: exact samples, chains, and filters that misbehave."""

import array
import fcntl
import pathlib
import tempfile
import termios
import threading

from daemon import Daemon, check, together, until
from sound import first_sound, noise, raw, words

RATE = 44100
# A filter's delay is four periods: as long as a busy machine may take for it.
LARGE = ("--period", 4096, "--periods", 4)
DELAY = 4 * 4096
STREAM_FILT = 15
FORMAT = 0x1021


class Filter:
    """A filter by hand: what it hears goes through `change` and back.

    change  called with whole frames, as numbers; what it returns is sent back
    """

    def __init__(self, daemon, change):
        self.client = daemon.client()
        self.client.send(self.client.ints(STREAM_FILT, FORMAT, RATE) +
                         b"filter".ljust(128, b"\0"))
        self.change = change
        self.heard = 0
        self.going = threading.Event()
        self.going.set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        data = b""
        try:
            while True:
                self.going.wait()
                piece = self.client.socket.recv(8192)
                if not piece:
                    return
                data += piece
                whole = len(data) // 4 * 4
                self.heard += whole // 4
                self.client.send(raw(self.change(words(data[:whole]))))
                data = data[whole:]
        except OSError:
            pass

    def kill(self):
        if not self.thread.is_alive():
            return
        self.client.socket.shutdown(2)
        self.going.set()
        self.thread.join()
        self.client.close()


def halved(samples):
    return [int(v / 2) for v in samples]


def negated(samples):
    return [-v for v in samples]


def sounds(mix):
    """All that is in the mix, without the silence around it."""
    data = mix.read_bytes()
    samples = words(data[:len(data) // 4 * 4])
    start = first_sound(samples)
    return list(samples[2 * start:]) if start is not None else []


def play(daemon, samples):
    with daemon.client() as client:
        client.play(FORMAT, RATE, b"sound")
        client.send(raw(samples))
    daemon.wait_silent()


def begins(mix, wanted, what):
    """The mix has that sound, and nothing else up to its end."""
    until(f"{what}: all of it is out", lambda:
          len(sounds(mix)) >= len(wanted))
    got = sounds(mix)
    for i, (a, b) in enumerate(zip(got, wanted)):
        check(a == b, f"{what}: sample {i} is {a}, not {b}")
    check(not any(got[len(wanted):]), f"{what}: sound after its end")


def run(what, changes, wanted, tamper=lambda filters: None):
    """Plays noise through filters, the first the oldest."""
    sound = noise(2 * 30000, 7, peak=16000, step=4)
    with tempfile.TemporaryDirectory() as name:
        mix = pathlib.Path(name) / "mix.raw"
        with Daemon(f"file:{mix}", "-r", RATE, "--format", "S16_LE",
                    *LARGE, "--log-level",
                    "debug") as daemon:
            filters = []
            for change in changes:
                filters.append(Filter(daemon, change))
                until("it is in the way", lambda: len(daemon.log_lines(
                    "filters the mix")) == len(filters))
            tamper(filters)
            play(daemon, sound)
            begins(mix, wanted(sound), what)
            with daemon.client() as client:
                latency = client.latency()
                # Each delays, and LATENCY says so.
                alive = len(filters) - (tamper is gone)
                check(latency >= DELAY * alive,
                      f"{what}: latency {latency} with {alive}")
            for each in filters:
                each.kill()
            until("all have left", lambda: no_filters(daemon))
            # Without them everything is as it was.
            before = len(sounds(mix))
            play(daemon, sound)
            until("the second sound is out", lambda: len(sounds(mix)) >=
                  before + len(sound))
            check(raw(sound) in mix.read_bytes(), f"{what}: not as before")
    print(f"{what}: exact")


def no_filters(daemon):
    with daemon.client() as client:
        return client.latency() < DELAY


def stall(filters):
    filters[0].going.clear()


def gone(filters):
    filters[0].kill()


def too_much(filters):
    """Sound before there was any is nobody's, and dropped."""
    client = filters[0].client
    client.send(raw(noise(2 * 5000, 3)))
    left = array.array("i", [1])

    def is_taken():
        fcntl.ioctl(client.socket, termios.TIOCOUTQ, left)
        return left[0] == 0
    until("its sound was taken", is_taken)


def too_little(samples):
    return []


def killed(mix, daemon):
    """Dies in the midst of sound: not a frame is lost or out of place."""
    sound = noise(2 * 60000, 9, peak=16000, step=4)
    victim = Filter(daemon, halved)
    until("it is in the way", lambda: daemon.log_lines("filters the mix"))
    player = threading.Thread(target=play, args=(daemon, sound))
    player.start()
    until("it hears", lambda: victim.heard > 20000)
    victim.kill()
    player.join()
    until("all is out", lambda: len(sounds(mix)) >= len(sound))
    got = sounds(mix)
    at = 0
    while got[at:at + 2] == halved(sound[at:at + 2]):
        at += 2
    check(at > 20000, f"only {at // 2} frames were filtered")
    check(got[at:len(sound)] == sound[at:],
          "after it had gone, the sound was not as it is")
    check(not any(got[len(sound):]), "sound after the end")
    print(f"killed in the midst: {at // 2} frames filtered, the rest as it is")


def dies():
    with tempfile.TemporaryDirectory() as name:
        mix = pathlib.Path(name) / "mix.raw"
        with Daemon(f"file:{mix}", "-r", RATE, "--format", "S16_LE",
                    *LARGE, "--log-level",
                    "debug") as daemon:
            killed(mix, daemon)


def main():
    cases = (
        ("one that halves", [halved], halved),
        ("a chain of two", [negated, halved],
         lambda sound: negated(halved(sound))),
        ("one stalls, the other goes on", [negated, halved], halved, stall),
        ("one is gone before it begins", [negated, halved], halved, gone),
        ("one gives nothing back", [too_little, halved], halved),
        ("one gives back too much", [halved], halved, too_much))
    together(dies, *(lambda case=case: run(*case) for case in cases))


if __name__ == "__main__":
    main()
