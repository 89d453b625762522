#!/usr/bin/env python3
"""esdplay on the real daemon: which samples come out for which file, and that
all of them are out when it ends."""

import pathlib
import struct
import subprocess
import tempfile
import time

from daemon import BUILD, Daemon, check, until
from sound import noise, raw, words
from tools import expect, one_line

RATE = 44100


def wav(path, data, tag, bits, channels, rate=RATE):
    """A WAV file by hand: tag 1 is integer samples, 3 floating point."""
    frame = channels * bits // 8
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, tag, channels, rate,
                                     rate * frame, frame, bits) + \
        b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def au(path, data, encoding, channels, rate=RATE):
    path.write_bytes(b".snd" + struct.pack(">5I", 24, len(data), encoding,
                                           rate, channels) + data)
    return path


def bytes24(samples):
    """16-bit numbers in the upper part of 24 bits."""
    return b"".join(struct.pack("<i", v << 8)[:3] for v in samples)


class Mix:
    """What the daemon has played, from one look to the next."""

    def __init__(self, path):
        self.path = path
        self.seen = 0
        # The daemon accepts before its device is open.
        until("the mix is there", path.exists)

    def news(self):
        data = self.path.read_bytes()[self.seen:]
        data = data[:len(data) // 4 * 4]
        self.seen += len(data)
        return data

    def rest(self, frames):
        """Skips silence; that many frames from the first sound on."""
        data = words(self.news())
        first = next((i for i, v in enumerate(data) if v), None)
        if first is None:
            return []
        return list(data[first // 2 * 2:][:2 * frames])


def plays(daemon, mix, path, expected, slack=0, **more):
    """Without waiting: the sound is out, or esdplay was too early."""
    mix.news()
    expect(daemon.tool("esdplay", path, **more), 0, "", "")
    got = mix.rest(len(expected) // 2)
    check(len(got) == len(expected),
          f"{path}: {len(got) // 2} of {len(expected) // 2} frames are out")
    far = max(abs(a - b) for a, b in zip(got, expected))
    check(far <= slack, f"{path}: a sample is {far} off")
    print(f"{pathlib.Path(str(path)).name}: {len(got) // 2} frames" +
          (f", within {far}" if slack else ", exact"))


def exact(daemon, mix, directory):
    stereo = noise(2 * 5000, 1)
    mono = noise(5000, 2)
    twice = [v for v in mono for _ in range(2)]
    narrow = [v // 256 * 256 for v in stereo]
    narrow[0] = narrow[-1] = 32512
    u8 = bytes((v >> 8) + 128 for v in narrow)
    floats = struct.pack(f"<{len(stereo)}f", *(v / 32768 for v in stereo))

    plays(daemon, mix, wav(directory / "s16.wav", raw(stereo), 1, 16, 2),
          stereo)
    plays(daemon, mix, wav(directory / "mono.wav", raw(mono), 1, 16, 1), twice)
    plays(daemon, mix, wav(directory / "u8.wav", u8, 1, 8, 2), narrow)
    plays(daemon, mix, wav(directory / "s24.wav", bytes24(stereo), 1, 24, 2),
          stereo)
    plays(daemon, mix, wav(directory / "float.wav", floats, 3, 32, 2), stereo)
    plays(daemon, mix, au(directory / "big.au", raw(stereo, ">"), 3, 2), stereo)
    plays(daemon, mix, "-", stereo,
          input=(directory / "s16.wav").read_bytes())
    # What is between two steps is dithered: one step and the rounding.
    between = [v / 32768 + 0.4 / 32768 for v in stereo]
    plays(daemon, mix, wav(directory / "dithered.wav", struct.pack(
        f"<{len(between)}f", *between), 3, 32, 2), stereo, slack=2)


def surround(daemon, mix, directory):
    """5.1: left and right alone, then the centre, then the LFE."""
    scale = 1 + 2 * 0.5 ** 0.5
    frames, expected = [], []
    for v in noise(3000, 3):
        frames += [v, 0, 0, 0, 0, 0]
        expected += [round(v / scale), 0]
    for v in noise(3000, 4):
        frames += [0, 0, v, 0, 0, 0]
        expected += 2 * [round(v * 0.5 ** 0.5 / scale)]
    for v in noise(3000, 5):
        frames += [0, 0, 0, v, 0, v]
        expected += [0, round(v * 0.5 ** 0.5 / scale)]
    plays(daemon, mix, wav(directory / "5.1.wav", raw(frames), 1, 16, 6),
          expected, slack=2)


def several(daemon, mix, directory):
    sounds = [noise(2 * 2000, seed) for seed in (6, 7, 8)]
    files = [wav(directory / f"{i}.wav", raw(sound), 1, 16, 2)
             for i, sound in enumerate(sounds)]
    bad = directory / "bad.wav"
    bad.write_bytes(b"RIFF and nothing else")
    mix.news()
    expect(daemon.tool("esdplay", files[0], bad, files[1], "/nonexistent",
                       files[2]), 1, "",
           one_line("esdplay", "bad.wav") +
           one_line("esdplay", "/nonexistent", "No such file"))
    data, at = mix.news(), 0
    for file, sound in zip(files, sounds):
        at = data.find(raw(sound), at) + 1
        check(at > 0, f"{file.name} is missing, or out of its turn")
    print("several files, good and bad: the good ones are heard in turn")


def complains(daemon, directory):
    empty = wav(directory / "empty.wav", b"", 1, 16, 2)
    fast = wav(directory / "fast.wav", bytes(4000), 1, 16, 2, 384000)
    for path, said in ((directory, ("Is a directory",)),
                       (empty, ("has no sound",)),
                       (fast, ("384000", "192000")),
                       ("/dev/null", ("not recognised",))):
        expect(daemon.tool("esdplay", path), 1, "",
               one_line("esdplay", str(path), *said))
    print("esdplay complains in one line")


def listed(daemon, directory):
    """By program and file, while it plays; not a moment less than it lasts."""
    file = wav(directory / "long.wav", raw(noise(2 * RATE, 9)), 1, 16, 2)
    began = time.monotonic()
    process = subprocess.Popen(["esdplay", "-s", f"unix:{daemon.socket}",
                                str(file)], executable=BUILD / "esdplay",
                               env=daemon.env)
    with daemon.client() as control:
        until("it is listed",
              lambda: control.player(f"esdplay:{file}".encode()))
    check(process.wait(10) == 0, "esdplay failed")
    took = time.monotonic() - began
    check(1.0 <= took < 3, f"a second of sound took {took:.3f} s")
    print(f"a second of sound took {took:.3f} s")


def loses_its_daemon(daemon, directory):
    process = subprocess.Popen([str(BUILD / "esdplay"), "-s",
                                f"unix:{daemon.socket}", directory / "long.wav",
                                directory / "s16.wav"], env=daemon.env,
                               stderr=subprocess.PIPE)
    with daemon.client() as control:
        until("it is listed", control.all_info)
    daemon.stop()
    error = process.communicate(timeout=10)[1].decode()
    check(process.returncode == 1 and error.count("\n") == 1 and
          "the daemon at" in error, f"{process.returncode}: {error!r}")
    print("esdplay survives its daemon")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        path = directory / "mix.raw"
        with Daemon(f"file:{path}", "-r", RATE, "--format", "S16_LE",
                    "--period", 512, "--periods", 4) as daemon:
            mix = Mix(path)
            exact(daemon, mix, directory)
            surround(daemon, mix, directory)
            several(daemon, mix, directory)
            complains(daemon, directory)
            listed(daemon, directory)
            loses_its_daemon(daemon, directory)


if __name__ == "__main__":
    main()
