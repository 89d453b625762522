#!/usr/bin/env python3
"""Devices that are not like most: whose front pair is not the first, with
floating point only, with one direction each, with more substreams than one;
and the sizes that are asked of them."""

import contextlib
import os
import pathlib
import re
import struct
import subprocess
import tempfile

from card import Card
from daemon import BITS16, STEREO, Daemon, check, together, until
from record import end, start
from sound import noise, numbers, raw

RATE = 44100
STREAM_REC = 4
LARGE = ("-r", RATE, "--period", 2048, "--periods", 16)
PLUG = ("pcm.plug { @args [ SLAVE ] @args.SLAVE { type string } "
        "type plug slave.pcm $SLAVE }\n")


@contextlib.contextmanager
def on(*options, text="", device=None, **restrictions):
    """A daemon on a card of that kind.  text: more of ALSA's configuration."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        card = Card(directory, rates=[RATE], **restrictions)
        with contextlib.closing(card):
            with open(card.config_path, "a") as config:
                config.write(PLUG + text)
            with Daemon(device or card.name, *LARGE, *options,
                        env=card.env) as daemon:
                card.wait_event("start", timeout=30)
                yield daemon, card


def speech(seed):
    """No sample is silent: where a busy machine is late, there is only a
    gap."""
    return [sample | 1 for sample in noise(2 * 20000, seed, 32766)]


def spoken(samples):
    return raw(list(filter(None, samples)))


def played(daemon, card, sound, channels=2, code="h"):
    """The card's frames once it has played all of the sound and silence."""
    size = struct.calcsize(code) * channels
    with daemon.client() as client:
        client.play(BITS16 | STEREO, RATE, b"it").send(raw(sound))
    daemon.wait_silent()

    def is_out():
        data = card.played()
        heard = len(data.rstrip(b"\0"))
        return any(data) and len(data) > heard + size * 4096
    until("the sound is at the card", is_out, 30)
    data = card.played()
    return memoryview(data[:len(data) // size * size]).cast(code).tolist()


def is_heard(data):
    """The card's frames, in order; a busy machine may lose some."""
    seen = numbers(data)
    return seen and all(b > a for a, b in zip(seen, seen[1:]))


def front():
    """The sides of a frame are where the card's map says."""
    sound = speech(1)
    with on(formats=["S16_LE"], channels=[4],
            chmap="RL RR FR FL") as (daemon, card):
        got = played(daemon, card, sound, channels=4)
        check(daemon.log_lines("4 channels, sound on 4 and 3,"),
              f"the log says nothing of it: {daemon.log()}")
    check(not any(got[0::4]) and not any(got[1::4]), "sound from behind")
    pairs = [value for pair in zip(got[3::4], got[2::4]) for value in pair]
    check(raw(sound) == spoken(pairs), "the front pair played something else")
    print("four channels, front right and left last: exact")


def recorded_front():
    """Likewise of a capture device, whose ramp has its halves there."""
    with on(formats=["S16_LE"], channels=[3],
            chmap="LFE FR FL") as (daemon, _):
        with daemon.client() as client:
            client.send(client.ints(STREAM_REC, BITS16 | STEREO, RATE) +
                        bytes(128))
            # Its odd channels have the upper half, its even ones the lower.
            got = client.read(4 * 20000)
    check(is_heard(got), "the front pair was recorded wrongly")
    print("recording from a front pair elsewhere: exact")


def mono():
    """Both sides, at half."""
    sound = noise(2 * 20000, 2, step=2)
    with on(formats=["S16_LE"], channels=[1], chmap="MONO") as (daemon, card):
        got = played(daemon, card, sound, channels=1)
    wanted = [(a + b) // 2 for a, b in zip(sound[::2], sound[1::2])]
    check(spoken(wanted) == spoken(got), "one channel: it played something else")
    print("one channel: both sides, exact")


def floating():
    """As JACK's: ALSA converts, and 16 bits stay what they are."""
    sound = speech(3)
    with on("--format", "S16_LE", formats=["FLOAT_LE"],
            channels=[2]) as (daemon, card):
        got = played(daemon, card, sound, code="f")
    check(raw(sound) == spoken([int(value * 32768) for value in got]),
          "floating point: it played something else")
    print("floating point only: exact")


def asym():
    """The default capture device is the first of the chain: its other half."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        ear = Card(pathlib.Path(directory) / "ear", "ear", rates=[RATE],
                   formats=["S16_LE"], channels=[2])
        text = ear.config_path.read_text().partition("\n")[2] + \
            'pcm.both { type asym playback.pcm "vcard" capture.pcm "ear" }\n'
        with contextlib.closing(ear), \
                on(text=text, device="both", formats=["S16_LE"],
                   channels=[2]) as (daemon, card):
            path = pathlib.Path(directory) / "heard.raw"
            recorder = start(daemon, "esdrec", path)
            until("it records", lambda: path.exists() and
                  path.stat().st_size > 4 * 20000, 30)
            sound = speech(4)
            check(raw(sound) == spoken(played(daemon, card, sound)),
                  "asym: it played something else")
            end(recorder, "esdrec")
            check(is_heard(path.read_bytes()), "asym: it heard something else")
            streams = [{event.detail["stream"] for event in one.events()}
                       for one in (card, ear)]
            check(streams == [{"playback"}, {"capture"}], f"asym: {streams}")
    print("asym: plays on one card, records from the other")


def opened(card):
    """How many substreams are open, all together."""
    names = [event.name for event in card.events()]
    return names.count("open") - names.count("close")


def substreams():
    """A card that mixes: one substream is taken, the rest is others'."""
    with on(formats=["S16_LE"], channels=[2], substreams=3) as (daemon, card):
        for again in range(3):
            others = [subprocess.Popen(
                ["aplay", "-q", "-D", card.name, "-t", "raw", "-f", "S16_LE",
                 "-c", "2", "-r", str(RATE), "/dev/zero"],
                env={**os.environ, **card.env}, stderr=subprocess.DEVNULL)
                for _ in range(2)]
            until("the other two are taken", lambda: opened(card) == 3,
                  30)
            for other in others:
                other.terminate()
                other.wait()
            until("they are free again", lambda: opened(card) == 1, 30)
            seen = len(card.events())
            card.unplug()
            card.wait_event("close", seen, timeout=30)
            card.replug()
            card.wait_event("start", seen, timeout=30)
        seen = 0
        for event in card.events():
            seen += {"open": 1, "close": -1}.get(event.name, 0)
        check(seen == 1, f"{seen} substreams are open")
    print("substreams: one of three is taken, after each loss again")


def sizes():
    """As old configurations of ALSA gave them; the card's own word counts."""
    for conf, period, buffer in (
            ("period = 512\nbuffer = 4096\n", 512, 4096),
            ("period-time = 20000\nbuffer-time = 80000\n", 882, 3528),
            ("period = 512\nbuffer-time = 1\n", 512, 1024)):
        options = [word for line in conf.splitlines()
                   for word in re.sub(r"(\S+) = ", r"--\1 ", line).split()]
        with on(*options, formats=["S16_LE"], channels=[2]) as (daemon, card):
            told = card.wait_event("params", timeout=30).detail
            check((told["period"], told["buffer"]) ==
                  (str(period), str(buffer)), f"{conf!r}: {told}")
            until("the log tells them", lambda period=period, buffer=buffer:
                  daemon.log_lines(f"period {period}, buffer {buffer} "))
    print("sizes by frames and by time")


if __name__ == "__main__":
    together(front, recorded_front, mono, floating, asym, substreams, sizes)
