#!/usr/bin/env python3
"""Prints docs/works-with.md from what the tests noted (oss.py): their last
run, whenever that was.  Arguments: the tests' names."""

import sys

from oss import RESULTS

HEAD = """# What works with it

Programs as Debian 12 has them, unmodified, under `esddsp`: what came out of the
virtual card was compared with what went in. `make works-with` runs the tests
and writes this page.

The way is how a program's `/dev/dsp` reaches the daemon: by a preloaded library,
of 64 or 32 bits, or, for static programs, by system calls that the kernel hands
to `esddsp`. Debian has no static program that plays by OSS; ours is one that asks
all that the others ask.

| program | of | way | compared | result |
| --- | --- | --- | --- | --- |
"""

TAIL = """
How these are told to use OSS, where they do not by themselves:

- `mpg123` tries PulseAudio, ALSA and others first, and takes OSS where it finds none
  of them, as in the test; `-o oss` makes it so everywhere.
- `sox -t oss /dev/dsp`, or `AUDIODRIVER=oss` for `play` and `rec`. Its OSS output reads
  beyond its buffer at the end of a sound, in whatever system, unless that is a
  multiple of 4096 samples.
- `ogg123 -d oss`, or `default_driver=oss` in `~/.libao` for all of libao.
- `timidity -Od`; its `-Os` is ALSA.
- SDL 1.2: `SDL_AUDIODRIVER=dsp`, or `dma`, which maps the buffer.
- OpenAL: `ALSOFT_DRIVERS=oss`, or `drivers = oss` in `~/.alsoftrc`.
- `mplayer -ao oss`.
- `aumix` moves the volume of the programs that have its name: `esddsp -n NAME aumix`
  for those that `esddsp -n NAME` started. Its main volume is the daemon's.
"""


def main():
    print(HEAD, end="")
    for test in sys.argv[1:]:
        path = RESULTS / f"{test}.tsv"
        if not path.exists():
            sys.exit(f"{test} has not run: no {path}")
        for line in sorted(path.read_text().splitlines()):
            program, package, way, compared, result = line.split("\t")
            print(f"| `{program}` | {package or 'here'} | {way} | {compared} | "
                  f"{result} |")
    print(TAIL, end="")


if __name__ == "__main__":
    main()
