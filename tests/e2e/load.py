#!/usr/bin/env python3
"""Many at once: cached samples played and freed at random, and recorders of
many rates beside many players.  ESDMIXD_LONG=1 makes it last."""

import os
import random
import struct
import threading
import time

from daemon import LARGE, Daemon, check, on_card, together
from sound import noise, raw, words

LONG = os.environ.get("ESDMIXD_LONG") == "1"
RATE = 44100
SAMPLE_CACHE, SAMPLE_FREE, SAMPLE_PLAY = 6, 7, 8
STREAM_REC = 4

SAMPLES = 200
PLAYS = 500  # a second
PLAY_SECONDS = 20 if LONG else 3

RECORD_SECONDS = 60 if LONG else 4
RATES = (RATE, 8000, 11025, 16000, 22050, 32000, 48000, 96000)
PLAYERS = 50


def upload(client, number, rng):
    data = rng.randbytes(2 * rng.randint(1, 2000))
    client.send(client.ints(SAMPLE_CACHE, 0x1011, RATE, len(data)) +
                (b"sample %d" % number).ljust(128, b"\0"))
    id = client.read_ints(1)[0]
    client.send(data)
    check(client.read_ints(1)[0] == id > 0, "an upload was not confirmed")
    return id


def ask(client, opcode, id):
    client.send(client.ints(opcode, id))
    check(client.read_ints(1)[0] == id, f"opcode {opcode}: sample {id} fails")


def play_at_random(client, rng, seconds):
    """Plays at that rate; every tenth, one is freed and another comes."""
    ids = [upload(client, number, rng) for number in range(SAMPLES)]
    began = time.monotonic()
    plays = int(PLAYS * seconds)
    for play in range(plays):
        at = rng.randrange(SAMPLES)
        ask(client, SAMPLE_PLAY, ids[at])
        if play % 10 == 0:
            ask(client, SAMPLE_FREE, ids[at])
            ids[at] = upload(client, play, rng)
        time.sleep(max(0.0, began + play / PLAYS - time.monotonic()))
    took = time.monotonic() - began
    for id in ids:
        ask(client, SAMPLE_FREE, id)
    return plays / took


def samples():
    rng = random.Random(1)
    with Daemon("null", "-r", RATE, "--players", 1000) as daemon:
        with daemon.client() as client:
            play_at_random(client, rng, 1)  # what is allocated once
            daemon.wait_silent()
            before = daemon.descriptors(), daemon.memory()
            rate = play_at_random(client, rng, PLAY_SECONDS)
            daemon.wait_silent()
            client.send(client.ints(17, 0))
            check(client.read(12 + 148 + 152)[12:] == bytes(300),
                  "a sample is left")
            after = daemon.descriptors(), daemon.memory()
    check(after[0] <= before[0], f"{after[0] - before[0]} descriptors more")
    grown = after[1] - before[1]
    check(grown < 2 << 20, f"{grown} bytes more memory")
    check(rate > PLAYS / 2, f"only {rate:.0f} plays a second")
    print(f"{SAMPLES} samples, {rate:.0f} plays a second for {PLAY_SECONDS} "
          f"s: descriptors as before, {grown} bytes more memory")


def record(client, rate, seconds, results):
    """Reads until so much has come, in another thread."""
    results[rate] = client.read(4 * rate * seconds)


def feed(clients, done):
    """Keeps all players supplied, and waits for none."""
    piece = raw(noise(2 * 4096, 1, peak=300))
    for client in clients:
        client.socket.setblocking(False)
    while not done.is_set():
        for client in clients:
            try:
                client.socket.send(piece)
            except BlockingIOError:
                pass
        time.sleep(0.01)


def recorders():
    results, threads = {}, []
    done = threading.Event()
    with on_card(*LARGE, rate=RATE) as (daemon, _):
        players = [daemon.client().play(0x1021, RATE, b"player %d" % i)
                   for i in range(PLAYERS)]
        feeder = threading.Thread(target=feed, args=(players, done))
        feeder.start()
        clients = [daemon.client() for _ in RATES]
        for client, rate in zip(clients, RATES):
            client.send(client.ints(STREAM_REC, 0x2021, rate) + bytes(128))
            threads.append(threading.Thread(target=record, args=(
                client, rate, RECORD_SECONDS, results)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        done.set()
        feeder.join()
        with daemon.client() as control:
            check(len(control.all_info()) == PLAYERS, "a player went")
        for client in clients + players:
            client.close()
        daemon.wait_silent()
        check(not daemon.log_lines("underrun"), "the device ran dry")
    check(len(results) == len(RATES), "a recording was cut off")
    frames = struct.unpack(f"<{RATE * RECORD_SECONDS}I", results[RATE])
    gaps = [i for i, (a, b) in enumerate(zip(frames, frames[1:]))
            if b != a + 1]
    check(not gaps, f"the ramp has gaps, the first at frame {gaps[:1]}")
    for rate, data in results.items():
        check(any(words(data)), f"{rate} Hz: nothing but silence")
    print(f"{len(RATES)} recorders beside {PLAYERS} players for "
          f"{RECORD_SECONDS} s: no gap, no underrun")


def main():
    together(samples, recorders)


if __name__ == "__main__":
    main()
