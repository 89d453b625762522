#!/usr/bin/env python3
"""esdsample and esdloop on the real daemon."""

import pathlib
import signal
import subprocess
import tempfile

from daemon import BUILD, Daemon, check, until
from play import Mix, wav
from sound import noise, raw, words

RATE = 44100
ALL_INFO = 17


def start(daemon, tool, *arguments):
    return subprocess.Popen([tool, "-s", f"unix:{daemon.socket}",
                             *map(str, arguments)], executable=BUILD / tool,
                            env=daemon.env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


def cached(daemon):
    """The names of the samples, newest first."""
    import struct
    with daemon.client() as client:
        client.send(client.ints(ALL_INFO, 0))
        client.read(12)
        while struct.unpack("<i144x", client.read(148))[0] > 0:
            pass
        names = []
        while True:
            id, name = struct.unpack("<i128s20x", client.read(152))
            if id <= 0:
                return names
            names.append(name.split(b"\0")[0].decode())


def plays_on_request(daemon, mix, directory):
    sound = noise(2 * 4000, 1)
    file = wav(directory / "ding.wav", raw(sound), 1, 16, 2)
    process = start(daemon, "esdsample", file)
    until("it is cached", lambda: cached(daemon) == [f"esdsample:{file}"])
    mix.news()
    data = b""
    for count in (1, 2):
        process.stdin.write(b"\n")
        process.stdin.flush()

        def heard():
            nonlocal data
            data += mix.news()
            return data.count(raw(sound)) == count
        until(f"it is heard {count} times", heard)
    check(cached(daemon), "it went without being asked to")
    out = process.communicate(b"q\n", timeout=10)[0].decode()
    check(process.returncode == 0 and out.count("<playing sample>") == 2,
          f"esdsample: {process.returncode}, {out!r}")
    until("it is freed", lambda: not cached(daemon))
    print("esdsample plays on request, exactly, and frees")


def loops(daemon, mix, directory):
    """Without a gap; the last pass is played to its end."""
    sound = noise(2 * 1500, 2)
    file = directory / "loop.raw"
    file.write_bytes(raw(sound))
    for stop in (b"\n", signal.SIGINT):
        mix.news()
        process = start(daemon, "esdloop", file)
        data = b""

        def rounds():
            nonlocal data
            data += mix.news()
            return data.count(raw(sound)) >= 5
        until("it has gone round five times", rounds)
        if isinstance(stop, bytes):
            process.communicate(stop, timeout=10)
        else:
            process.send_signal(stop)
            process.communicate(timeout=10)
        check(process.returncode == 0, f"esdloop: {process.returncode}")
        daemon.wait_silent()
        until("it is freed", lambda: not cached(daemon))
        data += mix.news()
        samples = words(data)
        first = next(i for i, v in enumerate(samples) if v) // 2 * 2
        last = max(i for i, v in enumerate(samples) if v)
        looped = list(samples[first:last + 1])
        passes = len(looped) // len(sound)
        check(looped == sound * passes, "a gap, or a pass not played to its "
              f"end: {len(looped) / len(sound):.3f} passes")
        print(f"esdloop: {passes} passes without a gap")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        path = directory / "mix.raw"
        with Daemon(f"file:{path}", "-r", RATE, "--format", "S16_LE",
                    "--period", 512, "--periods", 4) as daemon:
            mix = Mix(path)
            plays_on_request(daemon, mix, directory)
            loops(daemon, mix, directory)


if __name__ == "__main__":
    main()
