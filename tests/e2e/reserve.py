#!/usr/bin/env python3
"""Cards are reserved on a bus of the test's own: given to who asks with a higher
priority and taken back, asked for, refused; and nobody on the bus, nor the bus
itself, can hold the daemon up."""

import contextlib
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from card import Card
from daemon import BUILD, Daemon, check, together, until

CARD = 7
RATE = 44100
PATIENCE = 30
QUIET = 0.4  # seconds, in which the card is tried twice
OPTIONS = ("-r", RATE, "--period", 1024, "--periods", 16)
SKIPPED = 77
RIVAL = BUILD / "tests/e2e/rival"
CONFIG = """<busconfig><type>session</type>
<listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""


@contextlib.contextmanager
def bus():
    """A dbus-daemon: its process, and the environment that leads to it."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-bus-") as directory:
        config = pathlib.Path(directory, "bus.conf")
        config.write_text(CONFIG.format(f"{directory}/bus"))
        with subprocess.Popen(
                ("dbus-daemon", f"--config-file={config}", "--nofork",
                 "--nopidfile", "--print-address"), stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True) as process:
            try:
                address = process.stdout.readline().strip()
                check(address.startswith("unix:path="),
                      f"dbus-daemon says {address}")
                yield process, {"DBUS_SESSION_BUS_ADDRESS": address}
            finally:
                process.kill()


class Rival:
    """tests/e2e/rival.c; in a with statement."""

    def __init__(self, env, priority, mode="no"):
        self.process = subprocess.Popen(
            map(str, (RIVAL, CARD, priority, mode)), env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def says(self, expected):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = "nothing"
        check(line == expected, f"the rival says '{line}', not '{expected}'")

    def does(self, order, *answers):
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        for answer in answers:
            self.says(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stdout.close()


@contextlib.contextmanager
def on_card(env, chain="{card}", name="vcard", options=()):
    """A daemon on a card that goes by the number CARD."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        card = Card(directory, name, rates=[RATE], formats=["S16_LE"],
                    channels=[2], card=CARD)
        chain = chain.format(card=name, directory=directory)
        with contextlib.closing(card), \
                Daemon(chain, *OPTIONS, *options,
                       env={**env, **card.env}) as daemon:
            yield daemon, card, pathlib.Path(directory)


def starts(card, after=0):
    """Waits until the card plays; how many events there were."""
    card.wait_event("start", after, PATIENCE)
    return len(card.events())


def is_open(card):
    names = [event.name for event in card.events()]
    return names.count("open") > names.count("close")


def given_and_taken_back():
    with bus() as (_, env), on_card(env) as (daemon, card, _), \
            Rival(env, 20) as rival, Rival(env, 10) as weak:
        seen = starts(card)
        rival.does("get", f"10 esdmixd hw:{CARD}")
        weak.does("take", "answer no")
        check(is_open(card), "it was given to one that is not stronger")
        rival.does("take", "answer yes", "owner 1")
        check(not is_open(card), "the answer came before the card was closed")
        line = until("the log tells of it",
                     lambda: daemon.log_lines("given up"), PATIENCE)[0]
        check(line == f"info: vcard: given up: rival (pid {rival.process.pid}) "
              "asked for it", f"the log says: {line}")
        time.sleep(QUIET)
        check(rival.lines.empty(), "the stronger one is asked to give it back")
        rival.does("release", "released", "lost")
        starts(card, seen)
        until("the log tells that it plays again",
              lambda: len(daemon.log_lines("playing at")) == 2, PATIENCE)
        check(not daemon.log_lines("cannot be opened"),
              f"the log says: {daemon.log()}")


def taken_by_force():
    with bus() as (_, env), on_card(env) as (daemon, card, _):
        with Rival(env, 20, "no") as rival:
            seen = starts(card)
            rival.does("force", "owner 1")
            card.wait_event("close", seen, PATIENCE)
            until("the log tells of it",
                  lambda: daemon.log_lines("given up: another program"),
                  PATIENCE)
        starts(card, seen)  # whoever it was has gone


def asked_for():
    with bus() as (_, env), Rival(env, 0, "yes") as rival:
        rival.does("own", "owner 1")
        with on_card(env) as (_, card, _):
            rival.says("asked 10")
            rival.says("lost")
            starts(card)


def refused(mode):
    """What comes later in the chain plays meanwhile."""
    with bus() as (_, env), Rival(env, 2**31 - 1, mode) as rival:
        rival.does("own", "owner 1")
        with on_card(env, "{card},file:{directory}/mix.raw") as \
                (daemon, card, directory):
            rival.says("asked 10")
            with daemon.client() as client:
                client.server_info()
            mix = directory / "mix.raw"
            until("the file is played into",
                  lambda: mix.exists() and mix.stat().st_size > 0, PATIENCE)
            check(not card.events(), "the card was touched")
            who = f"busy; reserved by rival (pid {rival.process.pid})"
            until("the log tells who keeps it",
                  lambda: daemon.log_lines("cannot be opened", who), PATIENCE)
            rival.does("release", "released", "lost")  # not asked again
            starts(card)
            check(len(daemon.log_lines("cannot be opened")) == 1,
                  f"the log says: {daemon.log()}")


def asks_nobody_as_installed():
    with bus() as (_, env), Rival(env, -20, "yes") as rival:
        rival.does("own", "owner 1")
        with on_card(env, "hw,default", "hw") as (daemon, card, _):
            until("it is refused", lambda: daemon.log_lines("hw", "busy"),
                  PATIENCE)
            rival.does("release", "released", "lost")
            starts(card)


def bus_dies():
    with bus() as (process, env), on_card(env) as (daemon, card, _):
        seen = starts(card)
        process.kill()
        process.wait()
        card.wait_frames(card.frames() + RATE // 2, PATIENCE)
        check(is_open(card) and len(daemon.log_lines("playing at")) == 1,
              f"the card was closed: {daemon.log()}")
        card.unplug()
        card.replug()
        starts(card, seen)


def bus_is_mute():
    """One that lets everybody connect and then says nothing."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-bus-") as directory, \
            socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{directory}/bus")
        listener.listen()
        env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={directory}/bus"}
        with on_card(env) as (daemon, card, _):
            with daemon.client() as client:
                client.server_info()
            starts(card)


def has_library(daemon):
    maps = pathlib.Path(f"/proc/{daemon.pid}/maps").read_text()
    return "libdbus-1.so" in maps


def loaded_only_then():
    with on_card({"DBUS_SESSION_BUS_ADDRESS": ""}) as (daemon, card, _):
        starts(card)
        check(not has_library(daemon), "libdbus is loaded without a bus")
    with bus() as (_, env):
        with on_card(env, options=["--no-reserve"]) as (daemon, card, _):
            starts(card)
            check(not has_library(daemon), "libdbus is loaded in vain")
        with on_card(env) as (daemon, card, _):
            starts(card)
            check(has_library(daemon), "libdbus is not loaded")


def main():
    if not RIVAL.exists() or not shutil.which("dbus-daemon"):
        print("skipped: built without D-Bus, or no dbus-daemon")
        sys.exit(SKIPPED)
    together(bus_is_mute, lambda: refused("mute"), given_and_taken_back,
             taken_by_force, asked_for, lambda: refused("no"),
             lambda: refused("garbage"), asks_nobody_as_installed, bus_dies,
             loaded_only_then)


main()
