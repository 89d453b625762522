#!/usr/bin/env python3
"""The daemon's mixer through ALSA: amixer and alsamixer set what comes out of
the card, sample for sample, and are told what others do."""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

import alsa
from alsa import PATIENCE, RATE, loud, need
from daemon import Daemon, check, on_card, until
from sound import noise, raw
from terminal import Terminal

PERIOD, PERIODS = 1024, 4
CARD = ("--period", PERIOD, "--periods", PERIODS)
UNITY = 256


def environment(daemon):
    env = alsa.environment(daemon, more="ctl.bad { type esd volume 3 }")
    return {**env, "LC_ALL": "C.UTF-8"}


def amixer(daemon, *words, device="esd"):
    done = subprocess.run(["amixer", "-D", device, "--", *map(str, words)],
                          env=environment(daemon), text=True,
                          capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def says(daemon, *words, device="esd"):
    status, out, errors = amixer(daemon, *words, device=device)
    check(status == 0, f"amixer {words}: {status}, {errors}")
    return out


def strips(daemon, device="esd"):
    """[(name, index)] in ALSA's order."""
    out = says(daemon, "scontrols", device=device)
    return [(name, int(index)) for name, index in
            re.findall(r"^Simple mixer control '(.*)',(\d+)$", out, re.M)]


def shown(daemon, name, device="esd"):
    """(left, right, switch) of a strip."""
    out = says(daemon, "sget", name, device=device)
    found = re.findall(r"Front (?:Left|Right): Playback (\d+) .*\[(on|off)\]",
                       out)
    check(len(found) == 2 and found[0][1] == found[1][1], f"sget: {out}")
    return int(found[0][0]), int(found[1][0]), found[0][1]


def listed(daemon, client, names):
    """Waits until exactly those play."""
    until(f"{names} play", lambda: sorted(
        player[1] for player in client.all_info()) == sorted(names), PATIENCE)


# --- what comes out -----------------------------------------------------------

def scaled(samples, left, right):
    return raw([value * (right if i % 2 else left) // UNITY
                for i, value in enumerate(samples)])


def heard(daemon, card, client, left, right, seed):
    """A sound of the stream's comes out at that volume, exactly.  Before it
    is silence, while the volume moves there."""
    sound = noise(2 * 3000, seed, peak=32000, step=16)
    start = len(card.played())
    client.send(bytes(4 * 3 * PERIOD) + raw(sound))
    wanted = loud(scaled(sound, left, right))
    until(f"the sound at {left}, {right} of {UNITY}",
          lambda: loud(card.played()[start:])[-len(wanted):] == wanted,
          PATIENCE)
    return wanted


def sounds(daemon, card):
    with daemon.client().play(name=b"player") as client, \
            daemon.client() as control:
        listed(daemon, control, [b"player"])
        heard(daemon, card, client, UNITY, UNITY, 1)
        says(daemon, "sset", "player", "50%,25%")
        check(shown(daemon, "player") == (128, 64, "on"), "sset is not got")
        heard(daemon, card, client, 128, 64, 2)
        says(daemon, "sset", "Master", "50%")
        heard(daemon, card, client, 64, 32, 3)
        says(daemon, "sset", "player", "100%")
        # As decibels: a linear scale of which 256 is 0 dB.
        out = says(daemon, "sset", "Master", "-6dB")
        level = shown(daemon, "Master")[0]
        check(level in (128, 129) and re.search(r"\[-(6.02|5.9\d)dB\]", out),
              f"-6dB is {level}: {out}")
        says(daemon, "sset", "Master", "100%")
        heard(daemon, card, client, UNITY, UNITY, 4)
        silent(daemon, card, client)
        daemon.tool("esdctl", "volume", "player", "200%")
        check(shown(daemon, "player") == (UNITY, UNITY, "on"),
              "more than unity is not shown as all there is")
        says(daemon, "sset", "player", "mute")
        says(daemon, "sset", "player", "unmute")
        check(control.player(b"player")[3:5] == (512, 512),
              "the switch changed the volume")
    print("volumes, decibels and switches, of a stream and of the master")


def stream(daemon, name):
    """What the daemon tells of the stream of that name."""
    streams = json.loads(daemon.tool("esdctl", "--json", "list").stdout)
    return [one for one in streams if one["name"] == name][0]


def silent(daemon, card, client):
    """Muted, by the stream's switch and by the master's: nothing comes out
    of what is played meanwhile."""
    for strip, seed in (("player", 5), ("Master", 7)):
        says(daemon, "sset", strip, "mute")
        check(shown(daemon, strip) == (UNITY, UNITY, "off"), "mute")
        start = len(card.played())
        played = stream(daemon, "player")["played"]
        client.send(bytes(4 * 3 * PERIOD) + raw(noise(2 * 3000, seed)))
        until("it is played", lambda end=played + 3 * PERIOD + 3000:
              stream(daemon, "player")["played"] >= end, PATIENCE)
        says(daemon, "sset", strip, "unmute")
        wanted = heard(daemon, card, client, UNITY, UNITY, seed + 1)
        check(loud(card.played()[start:]) == wanted,
              f"{strip} is muted, and heard")


def own(daemon, card):
    """PCM: a name's streams, that play and that come."""
    device = "esd:NAME=mpg123"
    check(strips(daemon, device)[1] == ("PCM", 0), "there is no PCM")
    check(("PCM", 0) not in strips(daemon), "whose PCM is that?")
    says(daemon, "sset", "PCM", "50%", device=device)
    with daemon.client().play(name=b"mpg123") as client, \
            daemon.client() as control:
        listed(daemon, control, [b"mpg123"])
        check(shown(daemon, "mpg123") == (128, 128, "on"), "not kept")
        heard(daemon, card, client, 128, 128, 11)
        says(daemon, "sset", "PCM", "100%", device=device)
        check(shown(daemon, "mpg123") == (UNITY, UNITY, "on"), "not set")
        heard(daemon, card, client, UNITY, UNITY, 12)
    # amixer's own, while a stream has its name.
    with daemon.client().play(name=b"amixer"), daemon.client() as control:
        until("amixer plays", lambda: control.player(b"amixer"), PATIENCE)
        says(daemon, "sset", "PCM", "25%")
        check(control.player(b"amixer")[3:5] == (64, 64), "not its own")
    print("PCM is a program's own volume")


# --- strips -------------------------------------------------------------------

def names(daemon):
    """Named as they can be shown; a name that several have is numbered, and
    each keeps its number."""
    odd = [(b"", "Stream"), (b"bell\x07\x1b[2J", "bell??[2J"),
           (b"\xff\xc0\x80", "???"), ("größe".encode(), "größe"),
           (b"A very long name of a program that plays",
            "A very long name of a progr"),
           ("0123456789012345678901234ß".encode(),
            "0123456789012345678901234ß"),
           ("01234567890123456789012345ß".encode(),
            "01234567890123456789012345"),
           (b"Master", "Master")]
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(daemon.client())
        for name, _ in odd:
            stack.enter_context(daemon.client().play(name=name))
        listed(daemon, control, [name for name, _ in odd])
        wanted = [("Master", 0)] + [(name, int(name == "Master"))
                                    for _, name in odd]
        check(sorted(strips(daemon)) == sorted(wanted),
              f"strips {strips(daemon)}, not {wanted}")
        says(daemon, "sset", "Master,1", "10%")
        check(control.player(b"Master")[3:5] == (26, 26) and
              shown(daemon, "Master") == (UNITY, UNITY, "on"),
              "a stream that is called Master is taken for it")
    listed_none(daemon)
    print("names of all kinds")


def listed_none(daemon):
    with daemon.client() as control:
        listed(daemon, control, [])


class Events:
    """amixer events, line by line; to a terminal, which it doesn't buffer."""

    def __init__(self, daemon):
        master, slave = pty.openpty()
        self.file = os.fdopen(master, "rb", buffering=0)
        self.process = subprocess.Popen(
            ["amixer", "-D", "esd", "events"], env=environment(daemon),
            stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
        os.close(slave)
        self.text = ""
        self.wait("Ready to listen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.file.close()

    def wait(self, *patterns):
        """Until lines that match have come, in any order; with all before
        the last of them they are used up."""
        end = time.monotonic() + PATIENCE
        while not all(found := [re.search(one, self.text) for one in patterns]):
            left = end - time.monotonic()
            check(left > 0 and select.select([self.file], [], [], left)[0],
                  f"no event {patterns} in: {self.text}")
            self.text += self.file.read(4096).decode()
        self.text = self.text[max(one.end() for one in found):]


def element(what, name, index=0, event="value"):
    number = f",index={index}" if index else ""
    return rf"event {event}: numid=\d+,iface=MIXER," \
        rf"name='{name} Playback {what}'{number}\r?\n"


def both(event, name, index=0):
    return (element("Volume", name, index, event),
            element("Switch", name, index, event))


def events(daemon):
    with Events(daemon) as events, daemon.client() as control:
        daemon.tool("esdctl", "master", "70%")
        events.wait(element("Volume", "Master"))
        daemon.tool("esdctl", "master", "100%")
        events.wait(element("Volume", "Master"))
        first = daemon.client().play(name=b"twin")
        events.wait(*both("add", "twin"))
        with daemon.client().play(name=b"twin"):
            events.wait(*both("add", "twin", 1))
            daemon.tool("esdctl", "mute", "twin")
            events.wait(element("Switch", "twin"), element("Switch", "twin", 1))
            says(daemon, "sset", "twin,1", "30%")
            events.wait(element("Volume", "twin", 1))
            first.close()
            events.wait(*both("remove", "twin"))
            check(strips(daemon)[1:] == [("twin", 0)],
                  "who opens it now finds no gap")
            with daemon.client().play(name=b"twin") as third:
                events.wait(*both("add", "twin"))
                listed(daemon, control, [b"twin", b"twin"])
                daemon.tool("esdctl", "volume", "twin", "90%")
                events.wait(element("Volume", "twin", r"1"))
                third.close()
                events.wait(*both("remove", "twin"))
        events.wait(*both("remove", "twin", 1))
    print("events: values, and strips that come and go")


# --- by hand ------------------------------------------------------------------

class Handle:
    """A control that this program itself has open by alsa-lib."""

    MIXER = 2  # SND_CTL_ELEM_IFACE_MIXER
    NONBLOCK = 1

    def __init__(self, daemon):
        env = environment(daemon)
        for name in "ALSA_CONFIG_PATH", "ESPEAKER", "HOME":
            os.environ[name] = env[name]
        self.lib = ctypes.CDLL("libasound.so.2")
        self.lib.snd_ctl_event_elem_get_name.restype = ctypes.c_char_p
        self.ctl, self.value, self.event = (ctypes.c_void_p()
                                            for _ in range(3))
        error = self.lib.snd_ctl_open(ctypes.byref(self.ctl), b"esd",
                                      self.NONBLOCK)
        check(error == 0, f"snd_ctl_open: {error}")
        self.lib.snd_ctl_elem_value_malloc(ctypes.byref(self.value))
        self.lib.snd_ctl_event_malloc(ctypes.byref(self.event))
        self.lib.snd_ctl_elem_value_set_interface(self.value, self.MIXER)
        self.lib.snd_ctl_elem_value_set_name(self.value,
                                             b"Master Playback Volume")
        self.lib.snd_ctl_subscribe_events(self.ctl, 1)

    def read(self):
        """The master's volume, or -errno."""
        error = self.lib.snd_ctl_elem_read(self.ctl, self.value)
        return error if error < 0 else \
            self.lib.snd_ctl_elem_value_get_integer(self.value, 0)

    def wait(self, ms):
        return self.lib.snd_ctl_wait(self.ctl, ms)

    def next(self):
        """The name of the next event's element, or -errno."""
        error = self.lib.snd_ctl_read(self.ctl, self.event)
        return error if error < 0 else \
            self.lib.snd_ctl_event_elem_get_name(self.event).decode()

    def close(self):
        self.lib.snd_ctl_elem_value_free(self.value)
        self.lib.snd_ctl_event_free(self.event)
        self.lib.snd_ctl_close(self.ctl)


def by_hand(daemon):
    """What was read is an event none the less, which wakes; and then the
    daemon goes, for this handle."""
    with contextlib.closing(Handle(daemon)) as handle:
        check(handle.next() == -errno.EAGAIN and handle.read() == UNITY,
              "an event that nobody made")
        daemon.tool("esdctl", "master", "50%")
        until("the new volume is read", lambda: handle.read() == 128, PATIENCE)
        check(handle.wait(int(1000 * PATIENCE)) == 1, "the event does not wake")
        check(handle.next() == "Master Playback Volume", "another event")
        check(handle.next() == -errno.EAGAIN, "the event came twice")
        daemon.tool("esdctl", "master", "100%")
        check(handle.wait(int(1000 * PATIENCE)) == 1 and
              handle.next() == "Master Playback Volume" and
              handle.read() == UNITY, "the event, then the volume")
        daemon.stop()
        until("the card is gone", lambda: handle.read() == -errno.ENODEV,
              PATIENCE)
        check(handle.wait(0) == -errno.EIO and
              handle.next() == -errno.ENODEV, "it comes back")
        daemon.start()
    print("events and reading, by hand, until the daemon goes")


# --- alsamixer ----------------------------------------------------------------

class Screen(Terminal):
    """alsamixer in a terminal of its own."""

    def __init__(self, daemon):
        super().__init__(("alsamixer", "-D", "esd"),
                         {**environment(daemon), "ESCDELAY": "25"})

    def shows(self, what, pattern, absent=False):
        self.wait(what, lambda text: bool(re.search(pattern, text)) != absent)

    def ends(self):
        check(self.wait_end() == 0, "alsamixer fails")


def alsamixer(daemon):
    with daemon.client() as control, Screen(daemon) as screen:
        screen.shows("the card", r"Card: esdmixd")
        screen.shows("the master", r"Item: Master \[dB gain: 0\.00, 0\.00\]")
        first = daemon.client().play(name=b"xmms")
        screen.shows("a new stream", r"Master\W+xmms")
        screen.keys("Right", "Down", "Down", "Down", "Down", "Down")
        screen.shows("its volume", r"Item: xmms \[dB gain: -")
        volume = until("the stream is turned down", lambda: [
            player[3] for player in control.all_info() if player[3] < UNITY],
            PATIENCE)[0]
        screen.keys("m")
        screen.shows("it muted", "OO.*MM")
        check(stream(daemon, "xmms")["muted"], "it only looks muted")
        screen.keys("m")
        screen.shows("it on", "OO.*OO")
        check(control.player(b"xmms")[3] <= volume, "its volume came back")
        daemon.tool("esdctl", "volume", "xmms", "50%")
        screen.shows("what another set",
                     r"Item: xmms \[dB gain: -6\.0\d, -6\.0\d\]")
        first.close()
        screen.shows("the stream no more", "xmms", absent=True)
        screen.keys("Escape")
        screen.ends()
    print("alsamixer, driven by its keys")


# --- failures -----------------------------------------------------------------

def restarts(daemon):
    """A daemon that goes is a card that is unplugged."""
    with Screen(daemon) as screen:
        screen.shows("the master", "Item: Master")
        daemon.stop()
        screen.shows("no master", "Item: Master", absent=True)
        status, out, errors = amixer(daemon, "scontrols")
        check(status != 0 and "no daemon answers" in errors and
              str(daemon.socket) in errors and "start esdmixd" in errors,
              f"without a daemon: {status} {out} {errors}")
        daemon.start()
        check(strips(daemon) == [("Master", 0)], "not after a restart")
        screen.keys("Escape")
        screen.ends()
    status, _, errors = amixer(daemon, "scontrols", device="bad")
    check(status != 0 and "volume: no such key; there are server and name" in errors,
          f"a bad setting: {errors}")
    print("a daemon that ends, is not there, comes back; a bad setting")


def main():
    need("amixer", "alsamixer")
    with on_card(*CARD, rate=RATE) as (daemon, card):
        sounds(daemon, card)
        own(daemon, card)
    with tempfile.TemporaryDirectory(prefix="esdmixd-mixer-") as directory, \
            Daemon("null", directory=pathlib.Path(directory)) as daemon:
        names(daemon)
        events(daemon)
        by_hand(daemon)
        if shutil.which("tmux"):
            alsamixer(daemon)
            restarts(daemon)
        else:
            print("no tmux here: alsamixer is left out")


if __name__ == "__main__":
    main()
