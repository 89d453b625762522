#!/usr/bin/env python3
"""Programs that reach OSS through a library of Debian's: what they play comes
out bit for bit."""

import pathlib
import subprocess
import tempfile

import oss
from daemon import check
from oss import RATE, Row, build, finish, plays, wrapped
from sound import noise, raw

FRAMES = RATE // 2
# Nothing of its own: what it is given, in the device's format.
ALSOFT = """[general]
drivers = oss
channels = stereo
sample-type = int16
frequency = 44100
stereo-mode = speakers
hrtf = false
cf_level = 0
dither = false
output-limiter = false
"""


def flags(command, *arguments):
    said = subprocess.run([command, *arguments], check=True, text=True,
                          capture_output=True)
    return said.stdout.split()


def sdl(directory, driver):
    sound = raw(noise(2 * FRAMES, 1))
    path = directory / "sound.raw"
    path.write_bytes(sound)
    program = build("sdl.c", directory / "sdl",
                    *flags("sdl-config", "--cflags", "--libs"))

    def run(daemon):
        said = finish(wrapped(daemon, program, path,
                              env={"SDL_AUDIODRIVER": driver}))
        check(f"driver {driver},".encode() in said, f"SDL said {said}")
    plays(sound, run, mapped=driver == "dma")


def openal(directory):
    sound = raw(noise(2 * FRAMES, 2))
    path = directory / "sound.raw"
    # It drops what its device has not played when it ends.
    path.write_bytes(sound + bytes(4 * RATE // 2))
    conf = directory / "alsoft.conf"
    conf.write_text(ALSOFT)
    program = build("openal.c", directory / "openal", "-lopenal")
    plays(sound, lambda daemon: finish(wrapped(
        daemon, program, path, env={"ALSOFT_CONF": str(conf)})))


EQUAL = "every frame, with what it was given"
SDL = ("sdl-config", "cc")
AL_H = pathlib.Path("/usr/include/AL/al.h")


def main():
    no_openal = None if AL_H.exists() else f"no {AL_H}"
    with tempfile.TemporaryDirectory(prefix="esdmixd-libraries-") as name:
        jobs = []
        for number, (row, function, *arguments) in enumerate((
                (Row("SDL_AUDIODRIVER=dsp, an SDL 1.2 program",
                     "libsdl1.2debian", "preload 64", EQUAL, SDL), sdl, "dsp"),
                (Row("SDL_AUDIODRIVER=dma, the same by mmap",
                     "libsdl1.2debian", "preload 64", EQUAL, SDL), sdl, "dma"),
                (Row("an OpenAL program, drivers=oss", "libopenal1",
                     "preload 64", EQUAL, ("cc",), no_openal), openal))):
            directory = pathlib.Path(name) / str(number)
            directory.mkdir()
            jobs.append((row, function, directory, *arguments))
        oss.run_rows(*jobs)


if __name__ == "__main__":
    main()
