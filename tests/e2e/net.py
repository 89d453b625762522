#!/usr/bin/env python3
"""TCP: who gets in, where it listens, and that what is sent comes out."""

import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time

from daemon import (BITS16, BUILD, KEY, LARGE, MARKER, PLAY, STEREO,
                    STREAM_PLAY, Client, Daemon, check, free_port, has_ipv6,
                    on_card, together, until)
from exact import expect_alone, heard
from sound import noise, raw, words

RATE = 44100
WRONG = 1000  # cookies


class Remote(Client):
    """A client over TCP."""

    def __init__(self, address, order="<", key=KEY, shake=True):
        self.order = order
        self.socket = socket.create_connection(address, 10)
        if shake:
            self.send(key + self.ints(MARKER))
            verdict = self.read(4)
            check(verdict == struct.pack("=i", 1),
                  f"{address}: answered by {verdict.hex()}")


def tool(daemon, name, *arguments, espeaker=None, prefix=(), **more):
    env = dict(daemon.env)
    if espeaker is not None:
        env["ESPEAKER"] = espeaker
    return subprocess.run([*prefix, str(BUILD / name), *map(str, arguments)],
                          env=env, capture_output=True, timeout=60, **more)


def forms(daemon, port):
    """ESPEAKER in all its forms."""
    hosts = [f"127.0.0.1:{port}", f":{port}"]
    if has_ipv6():
        hosts.append(f"[::1]:{port}")
    for host in hosts:
        for done in (tool(daemon, "esdctl", "serverinfo", espeaker=host),
                     tool(daemon, "esdctl", "-s", host, "serverinfo")):
            check(done.returncode == 0 and b"server rate" in done.stdout,
                  f"{host}: {done}")
    for host in ("127.0.0.1:1", "no.such.host.invalid:16001"):
        done = tool(daemon, "esdctl", "serverinfo", espeaker=host)
        check(done.returncode == 1 and done.stderr.count(b"\n") == 1,
              f"{host}: {done}")
    # A port that is none means the usual one, where nobody may listen.
    done = tool(daemon, "esdctl", "serverinfo", espeaker="127.0.0.1:banana")
    check(done.returncode in (0, 1), f"a bad port: {done}")
    print(f"ESPEAKER={', '.join(hosts)}: served; bad ones: one line")


def kept_alive(port):
    """A peer that vanishes without a word is noticed."""
    if not shutil.which("ss"):
        return
    with Remote(("127.0.0.1", port)) as client:
        client.server_info()
        until("its timer is that of keep-alive", lambda: "timer:(keepalive" in
              subprocess.run(["ss", "-Htno", "sport", "=", f":{port}"],
                             capture_output=True, text=True).stdout)
    print("an idle connection: kept alive")


def wrong_cookies(daemon, port):
    descriptors, lines = daemon.descriptors(), len(daemon.log_lines())
    for i in range(WRONG):
        with Remote(("127.0.0.1", port), shake=False) as client:
            client.send(os.urandom(16) + client.ints(MARKER) +
                        client.ints(STREAM_PLAY))
            check(client.read(4) == bytes(4), "a wrong key was not refused")
            check(client.is_closed(), "a wrong key stayed connected")
    new = daemon.log_lines()[lines:]
    check(0 < len(new) <= 40, f"{WRONG} wrong keys: {len(new)} lines")
    check(any("127.0.0.1 port" in line for line in new), f"log: {new[0]}")
    until("their descriptors are closed",
          lambda: daemon.descriptors() <= descriptors)
    with Remote(("127.0.0.1", port)) as client:
        check(client.server_info()[1] == RATE, "the right key")
    print(f"{WRONG} wrong keys: all answered by 0, {len(new)} log lines")


def in_use():
    """A port that is taken: one line, with the remedy, and the end."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with contextlib.ExitStack() as stack:
            home = pathlib.Path(stack.enter_context(scratch()))
            done = run_once(home, "-tcp", "-port", port)
        check(done.returncode == 1 and b"in use" in done.stderr and
              b"--port" in done.stderr, f"port in use: {done}")
    print(f"port in use: {done.stderr.decode().splitlines()[0]}")


@contextlib.contextmanager
def scratch():
    import tempfile
    path = tempfile.mkdtemp(prefix="esdmixd-net-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def run_once(home, *options):
    env = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR="")
    return subprocess.run(
        [str(BUILD / "esdmixd"), "-d", "null", "--no-legacy-sockets",
         "--socket", f"{home}/sock/socket", *map(str, options)],
        env=env, capture_output=True, timeout=20)


def exactly(order):
    """A stream over TCP, of either byte order, comes out to the bit."""
    port = free_port()
    samples = noise(2 * RATE, 31)
    with on_card(*LARGE, "-tcp", "-port", port, rate=RATE) as (daemon, card):
        with Remote(("127.0.0.1", port), order) as client:
            client.play(BITS16 | STEREO | PLAY, RATE, b"tcp")
            client.send(raw(samples, order))
        expect_alone(f"TCP, {order}", heard(daemon, card, RATE), samples)


def stall():
    """200 ms without a byte, from a client that had written ahead."""
    port = free_port()
    samples = noise(2 * 2 * RATE, 32)
    data = raw(samples)
    with on_card("-tcp", "-port", port, "--period", 512, "--periods", 8,
                 rate=RATE) as (daemon, card):
        with Remote(("127.0.0.1", port)) as client:
            # Only what the daemon itself holds counts.
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            client.play(BITS16 | STEREO | PLAY, RATE, b"stalls")
            client.send(data[:len(data) // 2])
            time.sleep(0.2)
            client.send(data[len(data) // 2:])
        expect_alone("a stall of 200 ms", heard(daemon, card, 2 * RATE),
                     samples)


def away(address):
    """A client in another network namespace."""
    name, port = f"esdmixd{os.getpid() % 100000}", free_port()
    ours, theirs = f"e{os.getpid() % 100000}a", f"e{os.getpid() % 100000}b"

    def ip(*words, may_fail=False):
        done = subprocess.run(["ip", *words], capture_output=True)
        check(may_fail or done.returncode == 0, f"ip {words}: {done}")
        return done.returncode == 0

    if not shutil.which("ip") or not ip("netns", "add", name, may_fail=True):
        print("no network namespace may be made (or no ip): left out")
        return
    try:
        if not ip("netns", "exec", name, "true", may_fail=True):
            print("no network namespace may be entered: left out")
            return
        if not ip("link", "add", ours, "type", "veth", "peer", "name", theirs,
                  "netns", name, may_fail=True):
            print("no veth link may be made: left out")
            return
        ip("addr", "add", "198.18.77.1/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", name, "addr", "add", "198.18.77.2/30", "dev", theirs)
        ip("-n", name, "link", "set", theirs, "up")
        samples = noise(2 * RATE, 33)
        with on_card(*LARGE, "-tcp", "-port", port, *address,
                     rate=RATE) as (daemon, card):
            path = daemon.dir / "away.raw"
            path.write_bytes(raw(samples))
            done = tool(daemon, "esdcat", path,
                        espeaker=f"198.18.77.1:{port}",
                        prefix=("ip", "netns", "exec", name))
            check(done.returncode == 0, f"esdcat there: {done}")
            expect_alone(f"from another network namespace, {address}",
                         heard(daemon, card, RATE), samples)
            if "-public" in address:
                check(daemon.log_lines("warn", "public"), "public: no warning")
    finally:
        ip("link", "del", ours, may_fail=True)
        ip("netns", "del", name, may_fail=True)


def promiscuous():
    port = free_port()
    with Daemon("null", "-tcp", "-port", port, "-promiscuous") as daemon:
        until("promiscuous: a warning",
              lambda: daemon.log_lines("warn", "promiscuous"))
        with Remote(("127.0.0.1", port), key=bytes(16)) as client:
            client.server_info()
    print("-promiscuous: any key, and a warning")


def local():
    port = free_port()
    with Daemon("null", "-tcp", "-port", port, "-r", RATE) as daemon:
        forms(daemon, port)
        kept_alive(port)
        wrong_cookies(daemon, port)


def elsewhere():
    """One after the other: they have the same addresses."""
    away(("-bind", "198.18.77.1"))
    away(("-public",))


def main():
    together(elsewhere, local, stall, lambda: exactly("<"),
             lambda: exactly(">"), in_use, promiscuous)


if __name__ == "__main__":
    main()
