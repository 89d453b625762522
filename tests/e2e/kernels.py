#!/usr/bin/env python3
"""The same sounds give the same bytes, whatever kernel mixes them, and whatever
compiled it: those bytes are known here."""

import hashlib
import pathlib
import tempfile

from daemon import BITS16, MONO, STEREO, Daemon, check, together, until
from sound import first_sound, noise, raw, words

RATE = 48000
KERNELS = ("portable", "sse4.1", "avx2")
# The digest is of what comes out: a resampler that is changed on purpose has
# another one.
INPUTS = (
    ("8000 Hz mono", noise(8000, 1), BITS16 | MONO, 8000, "846ec114ad5a3d30"),
    ("44100 Hz stereo", noise(2 * 44100, 2), BITS16 | STEREO, 44100,
     "033d1b4d8e5d9aad"),
)


def runs(kernel):
    """Whether this machine has the instructions."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return kernel == "portable" or kernel.replace(".", "_") in flags


def render(kernel, name, samples, format, rate):
    """The sound as the file device got it, from its first frame on."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "mix.raw"
        with Daemon(f"file:{path}", "-r", RATE, "--format", "S16_LE",
                    "--period", 2048, "--periods", 8,
                    "--kernel", kernel) as daemon:
            # A cached sound is all there when it begins: no pause of a
            # writer's can change what is mixed.
            with daemon.client() as client:
                client.play_sample(client.cache(format, rate, raw(samples)))
            daemon.wait_silent()
            # Then one more second, for the filter's tail.
            until("the mix is there", path.exists)
            size = path.stat().st_size
            until("a second of silence is written",
                  lambda: path.stat().st_size > size + RATE * 4)
        data = path.read_bytes()
    start = first_sound(words(data[:len(data) // 4 * 4]))
    check(start is not None, f"{kernel}, {name}: only silence was written")
    return data[start * 4:][:2 * RATE * 4]


def compare(name, samples, format, rate, digest, kernel):
    if not runs(kernel):
        print(f"{name}: {kernel} does not run on this machine")
        return
    data = render(kernel, name, samples, format, rate)
    least = min(len(samples) // (1 if format & MONO else 2) * RATE // rate,
                RATE)
    check(len(data) >= least * 4, f"{kernel}, {name}: too short")
    got = hashlib.sha256(data[:(least + 256) * 4]).hexdigest()[:16]
    check(got == digest, f"{kernel}, {name}: other bytes, {got}")
    print(f"{name}: {kernel} {got}, {least + 256} frames")


def main():
    together(*(lambda case=(*sound, kernel): compare(*case)
               for sound in INPUTS for kernel in KERNELS))


if __name__ == "__main__":
    main()
