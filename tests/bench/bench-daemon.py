#!/usr/bin/env python3
"""The whole daemon, measured from outside on the virtual card.

Prints Markdown: what N players at 44.1 kHz cost on a 48 kHz card, how long a
write takes to reach the card, and how long the first sound of a daemon that
was just started.  Options: --seconds S (of each measurement), --streams
N,N,..., --writes N, --starts N.
"""

import argparse
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from card import Card  # noqa: E402
from daemon import BITS16, BUILD, STEREO, Daemon, check, until  # noqa: E402
from sound import first_sound, words  # noqa: E402

RATE = 44100
CARD_RATE = 48000
TICKS = os.sysconf("SC_CLK_TCK")


def card_in(directory, **more):
    return Card(pathlib.Path(directory) / "card", rates=[CARD_RATE],
                formats=["S16_LE"], channels=[2], **more)


def cpu_seconds(pid):
    """User and system time of the process, so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / TICKS


def underruns(card):
    return sum(event.name == "xrun" for event in card.events())


def measure_load(streams, seconds):
    """One row of the table; the daemon has one processor, clients the rest."""
    with tempfile.TemporaryDirectory() as directory:
        card = card_in(directory, record=False)
        with Daemon(card.name, "--clients", 4000, env=card.env) as daemon:
            card.wait_event("start")
            os.sched_setaffinity(daemon.pid, {0})
            for thread in os.listdir(f"/proc/{daemon.pid}/task"):
                os.sched_setaffinity(int(thread), {0})
            idle = daemon.memory()
            clients = subprocess.Popen(
                [BUILD / "tests/bench/clients", f"unix:{daemon.socket}",
                 str(streams), str(seconds)], stdout=subprocess.PIPE,
                text=True, env=daemon.env)
            check(clients.stdout.readline() == "connected\n",
                  "the clients did not connect")
            time.sleep(1)  # their own time for filling the buffers
            before, began = cpu_seconds(daemon.pid), time.monotonic()
            late = underruns(card)
            line = clients.stdout.readline().split()
            used = cpu_seconds(daemon.pid) - before
            took = time.monotonic() - began
            late = underruns(card) - late
            memory = daemon.memory()
            clients.wait()
    cpu = used / took
    least = float(line[line.index("least") + 1]) / \
        float(line[line.index("seconds") + 1])
    print(f"| {streams} | {100 * cpu:.1f} % | {1000 * cpu / streams:.3f} ms | "
          f"{memory / 2**20:.1f} MiB | "
          f"{(memory - idle) / 1024 / streams:.0f} KiB | {late} | "
          f"{least:.3f} |", flush=True)


def measure_latency(what, rate, writes, options):
    """From write() into an idle stream to its first frame at the card."""
    times = []
    with tempfile.TemporaryDirectory() as directory:
        card = card_in(directory)
        with Daemon(card.name, *options, "--log-level", "debug",
                    env=card.env) as daemon:
            card.wait_event("start")
            with daemon.client().play(BITS16 | STEREO, rate, b"") as client:
                client.socket.setsockopt(socket.SOL_SOCKET,
                                         socket.SO_SNDBUF, 16384)
                sent = []
                for _ in range(writes):
                    time.sleep(0.05 + random.random() * 0.02)
                    sent.append(time.monotonic_ns())
                    client.send(b"\0\x40" * 2 * 64)
                time.sleep(0.3)
                reported = daemon.log_lines("plays as stream")[0]
        played = words(card.played())
        at = 0
        for when in sent:
            frame = first_sound(played, at)
            check(frame is not None, "a write was never played")
            times.append((card.frame_time(frame) - when) / 1e6)
            at = frame + 480
    latency = int(reported.split("latency ")[1].split()[0])
    times.sort()
    print(f"| {what} | {rate} | {times[0]:.2f} | "
          f"{statistics.median(times):.2f} | "
          f"{times[int(len(times) * 0.95)]:.2f} | {times[-1]:.2f} | "
          f"{1000 * latency / CARD_RATE:.2f} |", flush=True)


def measure_start(starts):
    """From exec() to the device's start, and to a sound sent at once."""
    started, heard = [], []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as directory:
            card = card_in(directory)
            began = time.monotonic_ns()
            with Daemon(card.name, env=card.env) as daemon, \
                    daemon.client() as client:
                client.play(BITS16 | STEREO, CARD_RATE, b"")
                client.send(b"\0\x40" * 2 * CARD_RATE)
                started.append((card.wait_event("start").ns - began) / 1e6)
                until("the sound is at the card", lambda: first_sound(
                    words(card.played())) is not None)
                frame = first_sound(words(card.played()))
                until("it is timed", lambda: card.frame_time(frame))
                heard.append((card.frame_time(frame) - began) / 1e6)
    for what, times in (("the card starts", started),
                        ("a client's first frame", heard)):
        times.sort()
        print(f"| {what} | {times[0]:.1f} | {statistics.median(times):.1f} | "
              f"{times[-1]:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--streams", default="1,16,64,256,1000")
    parser.add_argument("--writes", type=int, default=100)
    parser.add_argument("--starts", type=int, default=20)
    given = parser.parse_args()
    print("| streams | CPU of one core | per stream and second | resident | "
          "per stream | underruns | slowest client |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for streams in given.streams.split(","):
        measure_load(int(streams), given.seconds)
    print("\n| settings | stream rate | least ms | median ms | 95 % ms | "
          "most ms | reported ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    low = ("--period", 64, "--periods", 2)
    measure_latency("--period 64 --periods 2", CARD_RATE, given.writes, low)
    measure_latency("--period 64 --periods 2", RATE, given.writes, low)
    measure_latency("as installed", CARD_RATE, given.writes, ())
    measure_latency("as installed", RATE, given.writes, ())
    print("\n| from the start of the process until | least ms | median ms | "
          "most ms |")
    print("| --- | --- | --- | --- |")
    measure_start(given.starts)


if __name__ == "__main__":
    main()
