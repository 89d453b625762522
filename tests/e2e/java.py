#!/usr/bin/env python3
"""libesd-java, a client that nobody here wrote, over TCP and big-endian: a
stream and a cached sample, listed while they are there, come out exactly."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from daemon import LARGE, check, on_card, until
from exact import expect_alone, heard
from sound import noise, raw

RATE = 44100
JAR = "/usr/share/java/esd.jar"
HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def skip(why):
    print(f"left out: {why}")
    sys.exit(SKIPPED)


def is_port_free():
    """The jar's streams know no other than 16001."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 16001)) != 0


def start(daemon, classes, path, what):
    """The program, with its home where the key is."""
    return subprocess.Popen(
        ["java", f"-Duser.home={daemon.dir}", "-Xshare:auto", "-cp",
         f"{classes}:{JAR}", "Sounds", str(path), what],
        env=daemon.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)


def finish(program):
    out, _ = program.communicate("\n", timeout=60)
    check(program.returncode == 0, f"java ended with {program.returncode}")
    return out


def stream(classes, samples):
    with on_card(*LARGE, "-tcp", rate=RATE) as (daemon, card):
        path = daemon.dir / "java.raw"
        path.write_bytes(raw(samples, ">"))
        program = start(daemon, classes, path, "stream")
        program.stdout.readline()
        listed = daemon.tool("esdctl", "allinfo").stdout
        check(b"java stream" in listed, f"the stream is not listed: {listed}")
        finish(program)
        expect_alone("libesd-java's stream", heard(daemon, card,
                                                   len(samples) // 2), samples)


def sample(classes, samples):
    with on_card(*LARGE, "-tcp", rate=RATE) as (daemon, card):
        path = daemon.dir / "java.raw"
        path.write_bytes(raw(samples, ">"))
        program = start(daemon, classes, path, "sample")
        ids = program.stdout.readline().split()
        check(len(set(ids)) == 1 and int(ids[0]) > 0, f"the ids are {ids}")
        listed = daemon.tool("esdctl", "allinfo").stdout
        check(b"java sample" in listed, f"the sample is not listed: {listed}")
        expect_alone("libesd-java's sample",
                     heard(daemon, card, len(samples) // 2), samples)
        check(finish(program).split() == ids[:1], "the free was not answered")
        until("the sample is gone", lambda: b"java sample" not in
              daemon.tool("esdctl", "allinfo").stdout)


def main():
    if not shutil.which("javac") or not os.path.exists(JAR):
        skip("no javac, or no libesd-java")
    if not is_port_free():
        skip("a server of this machine's has port 16001")
    with tempfile.TemporaryDirectory(prefix="esdmixd-java-") as classes:
        subprocess.run(["javac", "-cp", JAR, "-d", classes,
                        str(HERE / "Sounds.java")], check=True)
        stream(classes, noise(2 * RATE, 41))
        sample(classes, noise(2 * RATE, 42))


if __name__ == "__main__":
    main()
