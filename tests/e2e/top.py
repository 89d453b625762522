#!/usr/bin/env python3
"""esdtop on a real terminal, tmux's: what it shows, and that its keys do what
they say, to the daemon and to the samples at the card.

    top.py --picture   renews the picture in its manual page
"""

import contextlib
import difflib
import os
import pathlib
import pwd
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from card import Card
from daemon import BUILD, Daemon, check, together, until
from peer import Peer
from sound import raw, words
from terminal import SLOW, Terminal, colours, need_tmux, plain
from tools import expect, one_line

RATE = 44100
PERIOD, PERIODS = 2048, 16
LEVEL = 16384  # half of full scale: -6 dB
KEYS = " Up/Down select  Left/Right volume  m mute  k kill  h help  q quit"
HEADINGS = (" NAME         USER    VIA    FORMAT   RATE LEVEL      VOLUME"
            "       M UNDER DELAY")
HOSTILE = b"evil\x1b[2J\x1b]0;x\x07\r\nname\xc2\x9b31m\xff"
SHOWN = r"evil\x1B[2J\x1B]0;x\x07\x0D\x0Aname\xC2\x9B31m\xFF"


class Tone:
    """A stream whose samples are all the same, for as long as it is wanted."""

    def __init__(self, daemon, name, level=LEVEL, rate=RATE, channels=2):
        self.client = daemon.client()
        self.client.socket.settimeout(None)
        self.client.play(0x1001 | 0x10 * channels, rate, name)
        self.data = raw([level] * 4096)
        threading.Thread(target=self.feed, daemon=True).start()

    def feed(self):
        with contextlib.suppress(OSError):
            while True:
                self.client.send(self.data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.client.socket.shutdown(socket.SHUT_RDWR)
        self.client.close()


def tones(daemon, stack, control, *wanted):
    """Those streams, in that order."""
    for name, *more in wanted:
        stack.enter_context(Tone(daemon, name, *more))
        until(f"{name} is listed", lambda name=name: control.player(name),
              SLOW)


def patient(device, periods=PERIODS, **more):
    """With so much room at the device that it is never late."""
    return Daemon(device, "-r", RATE, "--period", PERIOD, "--periods", periods,
                  **more)


@contextlib.contextmanager
def on_card(name="vcard", **more):
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        card = Card(directory, name, rates=[RATE], formats=["S16_LE"],
                    channels=[2], access=["mmap"])
        with contextlib.closing(card), \
                patient(card.name, env=card.env, **more) as daemon:
            card.wait_event("start", timeout=SLOW)
            yield daemon, card


def command(daemon, *words):
    """It is told of the socket from the daemon's directory, so that its place
    is the same text in every run."""
    return [str(BUILD / "esdtop"), "-s",
            f"unix:{daemon.socket.relative_to(daemon.dir)}", *words]


def top(daemon, *words, env=None, **more):
    return Terminal(command(daemon, *words), plain(daemon.env, **(env or {})),
                    cwd=daemon.dir, **more)


def run(daemon, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        **env):
    """Without a terminal, unless it is given one."""
    result = subprocess.run(command(daemon, *words), cwd=daemon.dir,
                            env=plain(daemon.env, LC_ALL="C.UTF-8", **env),
                            stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                            timeout=60)
    result.stdout = result.stdout or b""
    return result


@contextlib.contextmanager
def on_pty():
    """A terminal that nobody looks at."""
    ours, theirs = os.openpty()
    try:
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)


# --- what it shows ----------------------------------------------------------

HEAD = f"""\
Device  vcard: open
        {RATE} Hz, S16_LE x 2, mmap, period {PERIOD}, \
buffer {PERIOD * PERIODS} (743.0 ms)
Buses   22050 Hz (1), 44100 Hz (2)
"""

MIXER = """\
Mixer   3 streams, 5 clients, 0 samples, underruns N, clipped N
"""

SCREEN = f"""\
 esdtop: sock/socket                                              sorted by age
{HEAD}{MIXER}{HEADINGS}
 Master                              44100 █████████│ ███████ 100% UNDER DELAY
 xmms         USER    esd    s16x2   44100 █████████│ ███████ 100% UNDER DELAY
>größe        USER    esd    s16x1   22050 ██████│··· ███████ 100% UNDER DELAY
 esdplay:/mu… USER    esd    s16x2   44100 ████│····· ███▌···  50% M UNDER DELAY
{11 * chr(10)}
 PEER, TIME played, left 100%, right 100%: größe
{KEYS}"""

WIDE = f"""\
 esdtop: sock/socket{86 * " "}sorted by age
{HEAD}{MIXER}\
 NAME                  USER            VIA    FORMAT   RATE LEVEL           \
     PEAK VOLUME               M UNDER DELAY
 Master                                               44100 \
█████████████████│·  -4.1 ███████████████ 100% UNDER DELAY
 xmms                  USER            esd    s16x2   44100 \
█████████████████│·  -6.0 ███████████████ 100% UNDER DELAY
>größe                 USER            esd    s16x1   22050 \
█████████████│····· -18.1 ███████████████ 100% UNDER DELAY
 esdplay:/music/song.… USER            esd    s16x2   44100 \
█████████│········· -30.1 ███████▌·······  50% M UNDER DELAY
{27 * chr(10)}
 PEER, TIME played, left 100%, right 100%: größe
{KEYS}"""


SMALL = """\
 esdtop: sock/socket                sorted by age
Device  vcard: open
Mixer   3 streams, 5 clients, 0 samples, underrun…
 NAME           LEVEL        VOLUME        M DELAY
 Master         ███████████│ ████████ 100% DELAY
 xmms           ██████████│· ████████ 100% DELAY
>größe          ████████│··· ████████ 100% DELAY
 esdplay:/musi… █████│······ ████····  50% M DELAY
 PEER, TIME played…
 Up/Down select  Left/Right volume  m mute  k kil…"""


def same(text):
    """The screen without what is another one in each run: delays, underruns of
    a machine that is busy, its rights, numbers of connections, who runs the
    tests."""
    user = f"{pwd.getpwuid(os.getuid()).pw_name:7.7}"
    text = re.sub(r" +\d+k? {1,2}[\d.]+m?s$", " UNDER DELAY", text,
                  flags=re.MULTILINE)
    text = re.sub(r" +[\d.]+m?s$", " DELAY", text, flags=re.MULTILINE)
    text = re.sub(r"underruns \d+, clipped \d+(, not real-time)?",
                  "underruns N, clipped N", text)
    text = re.sub(r"c\d+ pid \d+ uid \d+, [\d:]+ played", "PEER, TIME played",
                  text)
    text = re.sub(r"(PEER, TIME played).*…$", r"\1…", text,
                  flags=re.MULTILINE)
    return text.replace(f" {user} ", " USER    ")


def ascii(text):
    """The same screen for a terminal that has no more."""
    text = re.sub("[█▌]", "=", text).replace("│", "|").replace("·", ".")
    return text.replace("…", "~").replace("ö", "?").replace("ß", "?")


def wait_screen(terminal, wanted):
    try:
        terminal.wait("the screen as expected",
                      lambda text: same(text) == wanted)
    except SystemExit:
        print("\n".join(difflib.unified_diff(
            wanted.split("\n"), same(terminal.text()).split("\n"), "wanted",
            "seen", lineterm="")), file=sys.stderr)
        raise


def shows(daemon):
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(daemon.client())
        tones(daemon, stack, control, (b"xmms", LEVEL, RATE, 2),
              ("größe".encode(), 4096, RATE // 2, 1),
              (b"esdplay:/music/song.wav", 1024, RATE, 2))
        with top(daemon) as terminal:
            terminal.wait_for("größe")
            terminal.keys("End", "5", "m", "Up")
            wait_screen(terminal, SCREEN)
            until("it is in green, yellow and red",
                  lambda: {31, 32, 33} <= colours(terminal.escapes()), SLOW)
            print("its screen is as expected, in colours")
            resizes(terminal)
        for env, kind in (({}, "vt100"), ({"NO_COLOR": "1"}, "screen")):
            with top(daemon, env={"LC_ALL": "C", **env},
                     term=kind) as terminal:
                terminal.wait_for("gr??e")
                terminal.keys("Down", "Down")
                wait_screen(terminal, ascii(SCREEN))
                check(not colours(terminal.escapes()), f"{kind}: colours")
                terminal.keys("q")
                check(terminal.wait_end() == 0, "q: status")
        print("and in ASCII, monochrome")
        printed = run(daemon, "--once", COLUMNS="120")
        check(printed.returncode == 0, f"{printed}")
        wanted = "\n".join(WIDE.split("\n")[:10]).replace(">", " ")
        check(no_levels(printed.stdout.decode()) == no_levels(wanted + "\n"),
              f"--once: {no_levels(printed.stdout.decode())}\n{wanted}")
        print("--once prints it")


def no_levels(text):
    """A single look may find a period without anything new."""
    return re.sub(r"( \d{5}) [█-▏│·]+ +(-\d+\.\d)? ", r"\1 LEVEL ",
                  same(text))


def resizes(terminal):
    terminal.resize(120, 40)
    wait_screen(terminal, WIDE)
    terminal.resize(50, 10)
    wait_screen(terminal, SMALL)
    terminal.resize(30, 6)
    terminal.wait("there is a sentence",
                  lambda text: text == "needs 40 x 8 characters")
    terminal.resize(80, 24)
    wait_screen(terminal, SCREEN)
    print("it fits every size")


def row(text, name):
    """The stream's row."""
    for line in text.split("\n"):
        if line[1:].startswith(name):
            return line
    return ""


# --- what its keys do -------------------------------------------------------

def volumes():
    """From the key to the samples at the card, and to the screen.  It may be
    late with them, but not wrong."""
    with on_card(periods=3) as (daemon, card), daemon.client() as control, \
            Tone(daemon, b"level"), top(daemon) as terminal:
        def heard(left, right):
            """The last frames that the card has played are that."""
            def is_heard():
                played = card.dir / "played.raw"
                with open(played, "rb") as file:
                    file.seek(max(0, played.stat().st_size // 4 * 4 - 256))
                    last = words(file.read(256))
                return set(zip(last[::2], last[1::2])) == {(left, right)}

            until(f"{left} and {right} are heard", is_heard, SLOW)

        def press(keys, shown, left, right):
            terminal.keys(*keys)
            terminal.wait(f"{keys}: {shown}", lambda text: all(
                re.search(one, row(text, name)) for name, one in shown))
            heard(left, right)

        terminal.wait_for("level")
        heard(LEVEL, LEVEL)
        press(("Down", "5"), (("level", " 50%"),), LEVEL // 2, LEVEL // 2)
        press(("Home", "5"), (("Master", " 50%"),), LEVEL // 4, LEVEL // 4)
        press(("m",), (("Master", "50% M"),), 0, 0)
        press(("m", "u"), (("Master", "100%  "),), LEVEL // 2, LEVEL // 2)
        check(control.player(b"level")[3:5] == (128, 128), "its volume")
        press(("Down", "S-Left"), (("level", " 49%"),), 125 * 64, 125 * 64)
        press((".", "Left", "Left"), (("level", " 40%"),), 102 * 64, 102 * 64)
        press(("Right", "Right", "<"), (("level", " 50%"),), 128 * 64,
              115 * 64)
        terminal.wait_for("left 50%, right 45%: level")
        press(("b", "m"), (("level", " 50% M"),), 0, 0)
        press(("m",), (("level", " 50%  "),), 128 * 64, 128 * 64)
        check(control.player(b"level")[3:5] == (128, 128), "its volume")
    print("each key is heard at the card, to the sample")


def remembers(daemon):
    with daemon.client() as control, top(daemon) as terminal:
        def volume():
            """Of a new stream of that name."""
            with daemon.client() as client:
                client.play(name=b"known")
                player = until("it is listed",
                               lambda: control.player(b"known"), SLOW)
            daemon.wait_silent()
            return player[3]

        with daemon.client() as client:
            client.play(name=b"known")
            terminal.wait_for("known")
            terminal.keys("Down", "3", "r")
            terminal.wait_for("remembered", "known", " 30%")
        daemon.wait_silent()
        check(volume() == 77, "it is not remembered")
        with daemon.client() as client:
            client.play(name=b"known")
            terminal.wait_for(" known", " 30%")
            terminal.keys("Down", "f")
            terminal.wait_for("forgotten: known")
            terminal.keys("f")
            terminal.wait_for("no volume is remembered of it: known")
        daemon.wait_silent()
        check(volume() == 256, "it is not forgotten")
    print("it remembers and forgets")


def kills(daemon):
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(daemon.client())
        tones(daemon, stack, control, (b"first",), (b"victim",))
        terminal = stack.enter_context(top(daemon))
        terminal.wait_for(" first", " victim")
        terminal.keys("End", "k")
        terminal.wait("it asks", lambda text: re.search(
            r"Kill stream \d+ and its connection \(y or n\)\? victim", text))
        terminal.keys("n")
        terminal.wait("it asks no more", lambda text: "Kill" not in text)
        check(control.player(b"victim"), "it was killed")
        terminal.keys("k")
        terminal.wait_for("Kill stream")
        terminal.keys("y")
        terminal.wait("it is killed", lambda text: "killed: victim" in text
                      and not row(text, "victim") and row(text, "first"))
        until("it has ended", lambda: not control.player(b"victim"), SLOW)
        check(control.player(b"first"), "the other one was killed")
    daemon.wait_silent()
    print("it kills, once that is confirmed")


def hostile(daemon):
    """Anybody's name comes to this terminal: shown, not obeyed."""
    with daemon.client() as client, daemon.client() as wide, \
            daemon.client() as control, \
            top(daemon, columns=120) as terminal:
        client.play(name=HOSTILE)
        until("it is listed", lambda: control.player(HOSTILE), SLOW)
        wide.play(name="日本語".encode() * 14)
        terminal.wait_for("日本語日本語日本語日…", "evil")
        terminal.keys("Down")
        # Ten of the other's characters take two columns each.
        terminal.wait("nothing has moved", lambda text: SHOWN in text and
                      text.startswith(" esdtop: ") and text.endswith(KEYS) and
                      len(row(text, "evil")) == len(row(text, "日本")) + 10)
        check(terminal.tmux("display-message", "-p", "#{pane_title}") !=
              "x\n", "the title of the window is changed")
    daemon.wait_silent()
    print("a hostile name is shown escaped")


def scrolls(daemon):
    """200 streams on 15 rows."""
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(daemon.client())
        for number in range(200):
            client = stack.enter_context(daemon.client())
            client.play(name=b"s%d" % number)
            # One after the other, or they would be listed in another order.
            until("it is listed", lambda number=number:
                  control.all_info()[0][1] == b"s%d" % number, SLOW)
        with top(daemon) as terminal:
            def rows(wanted, mark):
                def are_shown(text):
                    lines = text.split("\n")[6:-2]
                    names = [line[1:].split(" ")[0] for line in lines]
                    return names == ["Master", *wanted] and [
                        name for name, line in zip(names, lines)
                        if line[:1] == ">"] == [mark]

                terminal.wait(f"from {wanted[0]} on", are_shown)

            terminal.wait_for("200 streams")
            names = [f"s{number}" for number in range(200)]
            rows(names[:15], "Master")
            terminal.keys("End")
            rows(names[185:], "s199")
            terminal.keys("PPage", "PPage")
            rows(names[169:184], "s169")
            terminal.keys("NPage")
            rows(names[170:185], "s184")
            terminal.keys("Home", "s")
            rows(sorted(names)[:15], "Master")
    daemon.wait_silent()
    print("200 streams")


def comes_back():
    """A daemon that is killed, and one that stands still."""
    with patient("null") as daemon, top(daemon) as terminal:
        with Tone(daemon, b"xmms"):
            terminal.wait_for("xmms")
            daemon.process.send_signal(signal.SIGSTOP)
            terminal.wait_for("trying again: ", "xmms")
            daemon.process.send_signal(signal.SIGCONT)
            terminal.wait("it is back", lambda text: "trying again" not in text
                          and "xmms" in text)
            daemon.process.kill()
            daemon.process.wait()
            terminal.wait_for("trying again: no daemon answers at sock/socket",
                              "xmms", "Device  null: open")
            terminal.keys("Down", "5", "k", "y")
            terminal.wait_for(">xmms")
        daemon.start()
        terminal.wait("it is back", lambda text: "trying again" not in text
                      and "0 streams" in text and not row(text, "xmms"))
        with Tone(daemon, b"next"):
            terminal.wait_for(" next", " 100%")
        terminal.keys("Escape")
        check(terminal.wait_end() == 0, "Esc: status")
    print("it comes back with its daemon")


# --- the rest ---------------------------------------------------------------

def old_server():
    def waits(connection, _):
        connection.recv(1)

    with Peer(waits) as peer:
        player = peer.start("esdcat", "-n", "song")
        until("it plays", lambda: peer.players, SLOW)
        number = next(iter(peer.players))
        with top(peer) as terminal:
            terminal.wait("what it tells is shown", lambda text:
                          "44100 Hz; the daemon is an old one" in text and
                          row(text, "song").split()[-3:] == ["100%", "-", "-"])
            terminal.keys("Down", "5")
            until("its volume is set", lambda: peer.asked(20) == [
                struct.pack("=3i", number, 128, 128)], SLOW)
            terminal.keys("m")
            terminal.wait_for("the daemon is an old one and cannot mute")
        player.communicate(timeout=10)
    print("an old server")


def refusals(daemon):
    expect(run(daemon), 1, "", one_line("esdtop", "no terminal", "--once"))
    expect(run(daemon, "-i", "5"), 1, "", one_line("esdtop", "5", "20"))
    expect(run(daemon, "word"), 1, "", one_line("esdtop", "word"))
    expect(run(daemon, "--nonsense"), 1, "", one_line("esdtop", "--nonsense"))
    expect(run(daemon, "-b", "-s", "unix:none"), 1, "",
           one_line("esdtop", "no daemon answers at none"))
    expect(run(daemon, "--help"), 0, "usage: esdtop .*--interval.*", "")
    expect(run(daemon, "--version"), 0, r"esdtop \d.*\n", "")
    with on_pty() as terminal:
        expect(run(daemon, stdin=terminal, stdout=terminal, TERM="nonsense"),
               1, None, one_line("esdtop", 'terminal is unknown: "nonsense"'))
    with top(daemon) as terminal:
        terminal.wait_for("Master")
        for key in "h", "?", "F1":
            terminal.keys(key)
            terminal.wait_for("esdtop's keys", "Ctrl-L", "any key goes back")
            terminal.keys("x", "C-l")
            terminal.wait_for("Master")
    print("help, and what it refuses")


MANUAL = pathlib.Path(__file__).parents[2] / "man/esdtop.1"
PICTURE = 74, 16  # columns, beside a manual's margin, and rows
BEGIN, END = '.\\" The picture: make top-picture\n', '.\\" Its end\n'


def picture():
    """A real screen, in ASCII, goes into the manual."""
    with on_card("speakers") as (daemon, _), contextlib.ExitStack() as stack:
        control = stack.enter_context(daemon.client())
        tones(daemon, stack, control, (b"xmms", 20000, RATE, 2),
              (b"quake3", 6000, RATE // 2, 2),
              (b"esdplay:bell.wav", 1500, 8000, 1))
        terminal = stack.enter_context(top(
            daemon, "-s", "unix:run/esdmixd/socket", env={"LC_ALL": "C"},
            columns=PICTURE[0], rows=PICTURE[1]))
        terminal.wait_for("xmms", "quake3", "esdplay:bel")
        terminal.keys("Down", "Down", "6", "Down", "m", "Up")
        text = terminal.wait("the picture", lambda text: "60%" in text and
                             " M " in row(text, "esdplay") and
                             row(text, "quake3")[:1] == ">" and
                             "=|" in row(text, "quake3") and
                             "==|" in row(text, "Master"))
    page = MANUAL.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    MANUAL.write_text(before + BEGIN + text.replace("\\", "\\e") + "\n" + END +
                      after)


def in_manual():
    """The picture there is one of this program."""
    shown = MANUAL.read_text().split(BEGIN)[1].split(END)[0]
    wanted = HEADINGS.replace(" FORMAT", "").split()
    check(KEYS + "\n" in shown and wanted in map(str.split, shown.split("\n")),
          "man/esdtop.1 has an old picture; run make top-picture")


def on_null():
    with patient("null") as daemon:
        refusals(daemon)
        hostile(daemon)
        remembers(daemon)
        kills(daemon)
        scrolls(daemon)


def on_vcard():
    with on_card() as (daemon, _):
        shows(daemon)


def main():
    need_tmux()
    if sys.argv[1:] == ["--picture"]:
        picture()
        return
    in_manual()
    together(on_vcard, volumes, on_null, comes_back)
    old_server()


if __name__ == "__main__":
    main()
