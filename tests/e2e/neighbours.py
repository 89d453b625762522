#!/usr/bin/env python3
"""Another program has the card: the log names it.  The nodes of the card are in
a /dev/snd of the test's own, which takes bubblewrap."""

import contextlib
import os
import pathlib
import subprocess
import sys

from daemon import check, on_card, until

CARD = 7
RATE = 44100
PATIENCE = 30
INSIDE = "ESDMIXD_TEST_INSIDE"
PLACE = ("bwrap", "--dev-bind", "/", "/", "--tmpfs", "/dev/snd")
SKIPPED = 77


def enter_place():
    """Starts the test again where /dev/snd is its own."""
    if INSIDE in os.environ:
        return
    try:
        subprocess.run((*PLACE, "true"), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: no bubblewrap, or it is not allowed here")
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp(PLACE[0], (*PLACE, sys.executable, *sys.argv))


@contextlib.contextmanager
def holder(node):
    """A program that has that node of the card open."""
    with open(f"/dev/snd/{node}", "w+b") as file:
        process = subprocess.Popen(("sleep", "600"), stdin=file)
    with process:
        try:
            yield process
        finally:
            process.kill()


def named():
    """Of the one at the playing side, and the one at the capture side."""
    with holder(f"pcmC{CARD}D0c") as recorder, \
            holder(f"pcmC{CARD}D0p") as player, \
            on_card(rate=RATE, busy=True, number=CARD) as (daemon, card):
        line = until("the log says why the card cannot be had",
                     lambda: daemon.log_lines(card.name, "cannot be opened"),
                     PATIENCE)[0]
        check(line.startswith(f"warn: {card.name}: cannot be opened: Device or "
                              f"resource busy; held by sleep (pid {player.pid})"
                              "; "), f"the log says: {line}")
        with daemon.client() as client:
            client.send(client.ints(4, 0x1121, RATE) + bytes(128))
            line = until("the log says why it cannot be recorded from",
                         lambda: daemon.log_lines("cannot be captured from"),
                         PATIENCE)[0]
        check(f"held by sleep (pid {recorder.pid});" in line,
              f"the log says: {line}")


def unnamed():
    """Nobody to be seen at it."""
    with holder(f"pcmC{CARD + 1}D0p"), \
            on_card(rate=RATE, busy=True, number=CARD) as (daemon, card):
        until("the log says that the card is busy",
              lambda: daemon.log_lines(card.name, "busy; another program has"),
              PATIENCE)


def main():
    enter_place()
    pathlib.Path("/dev/snd/controlC7").touch()
    named()
    unnamed()


main()
