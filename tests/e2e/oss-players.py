#!/usr/bin/env python3
"""Debian's OSS programs, unmodified, under esddsp: what each plays at the
card's rate comes out bit for bit as its own file output has it."""

import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import wave

import oss
from oss import RATE, Row, finish, plays, wrapped
from sound import noise, raw

FRAMES = RATE // 3


def make(*command, **more):
    subprocess.run([*map(str, command)], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **more)


def wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", None))
        file.writeframes(raw(samples))
    return path


def data(path):
    """Stereo frames of a WAV file; whoever wrote it to a pipe left its header
    unfinished, so all that follows counts."""
    content = path.read_bytes()
    channels, = struct.unpack_from("<H", content, 22)
    body = content[content.index(b"data") + 8:]
    if channels == 2:
        return body
    return b"".join(body[i:i + 2] * 2 for i in range(0, len(body), 2))


def run(*command, status=0):
    return lambda daemon: finish(wrapped(daemon, *command), status)


# Each: a directory of its own to make sounds in.

def mp3(directory):
    source = wav(directory / "in.wav", noise(2 * FRAMES, 1, peak=20000))
    path = directory / "song.mp3"
    make("lame", "--quiet", "-b", 192, source, path)
    return path


def mpg123(directory, *options):
    song = mp3(directory)
    reference = directory / "mpg123.wav"
    make("mpg123", "-q", "-w", reference, song)
    plays(data(reference), run("mpg123", "-q", *options, song))


def splay(directory):
    song = mp3(directory)
    # A name that begins with neither / nor - is a file.
    make("splay", "-d", "splay.raw", song, cwd=directory)
    plays((directory / "splay.raw").read_bytes(), run("splay", song))


def sox(directory):
    """Its osswrite() reads beyond what it was given unless that is a multiple
    of 4096 samples; other systems' packages mend it."""
    samples = noise(4096 * 7, 2)
    path = wav(directory / "in.wav", samples)
    plays(raw(samples), run("sox", "-q", path, "-t", "oss", "/dev/dsp"))


def tones(directory):
    reference = directory / "tones.wav"
    # Noise is made anew by each run.
    what = ("-s", RATE, 120, "1000,3777", "sawtooth", "813", "sine", "57")
    make("tones", "-w", reference, *what)
    plays(data(reference), run("tones", *what))


def ogg123(directory):
    source = wav(directory / "in.wav", noise(2 * FRAMES, 3, peak=20000))
    song = directory / "song.ogg"
    make("oggenc", "-Q", source, "-o", song)
    reference = directory / "ogg.wav"
    make("ogg123", "-q", "-d", "wav", "-f", reference, song)
    plays(data(reference), run("ogg123", "-q", "-d", "oss", song))


def module(path):
    """A ProTracker module by hand: one noisy instrument, 64 quick rows."""
    rng = random.Random(4)
    sample = rng.randbytes(2000)

    def instrument(length):
        return bytes(22) + struct.pack(">HBBHH", length // 2, 0, 64, 0, 1)

    def cell(period=0, number=0, effect=0, value=0):
        return bytes([period >> 8, period & 255, number << 4 | effect, value])

    rows = [cell(428 if row % 4 == 0 else 0, 1 if row % 4 == 0 else 0) +
            (cell(effect=15, value=1) + cell(effect=15, value=255)
             if row == 0 else 2 * cell()) + cell() for row in range(64)]
    path.write_bytes(b"noise".ljust(20, b"\0") + instrument(len(sample)) +
                     30 * instrument(0) + bytes([1, 127]) + bytes(128) +
                     b"M.K." + b"".join(rows) + sample)
    return path


def timidity(directory):
    tune = module(directory / "tune.mod")
    reference = directory / "tune.raw"
    options = ("-c", "/dev/null", "-s", RATE)
    make("timidity", *options, "-Or", "-o", reference, tune)
    plays(reference.read_bytes(), run("timidity", *options, "-Od", tune))


def bplay(directory):
    """Two processes that take turns: one reads, one plays.  Both remove what
    they share, and the second to do so calls that a failure."""
    samples = noise(2 * FRAMES, 5)
    path = wav(directory / "in.wav", samples)
    plays(raw(samples), run("bplay", path, status=255))


EQUAL = "every frame, with its own file output"
GIVEN = "every frame, with in.wav"
BLOCKS = "every frame, with in.wav of whole blocks of 2048 frames"
ROWS = (
    (Row("mpg123 song.mp3", "mpg123", "preload 64", EQUAL,
         ("mpg123", "lame")), mpg123),
    (Row("mpg123 -o oss song.mp3", "mpg123", "preload 64", EQUAL,
         ("mpg123", "lame")), mpg123, "-o", "oss"),
    (Row("sox in.wav -t oss /dev/dsp", "libsox-fmt-oss", "preload 64", BLOCKS,
         ("sox",)), sox),
    (Row("tones (siggen)", "siggen", "preload 64", EQUAL, ("tones",)), tones),
    (Row("splay song.mp3", "splay", "preload 64", EQUAL, ("splay", "lame")),
     splay),
    (Row("ogg123 -d oss song.ogg", "libao4", "preload 64", EQUAL,
         ("ogg123", "oggenc")), ogg123),
    (Row("timidity -Od tune.mod", "timidity", "preload 64", EQUAL,
         ("timidity",)), timidity),
    (Row("bplay in.wav", "bplay", "preload 64", GIVEN, ("bplay",)), bplay),
)


def main():
    chosen = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="esdmixd-players-") as name:
        jobs = []
        for number, (row, function, *arguments) in enumerate(ROWS):
            if chosen and function.__name__ not in chosen:
                continue
            directory = pathlib.Path(name) / str(number)
            directory.mkdir()
            jobs.append((row, function, directory, *arguments))
        oss.run_rows(*jobs)


if __name__ == "__main__":
    main()
