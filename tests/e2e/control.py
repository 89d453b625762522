#!/usr/bin/env python3
"""esdctl's commands on cached sounds, on the device and on what changes, with
esdmixd; and what is left of it all with an old server."""

import json
import pathlib
import re
import struct
import subprocess
import tempfile

from daemon import BUILD, Daemon, check, on_card, until
from peer import Peer
from play import wav
from sound import noise, raw
from tools import expect, one_line

RATE = 44100
NAMES = ((b"bell\x07\x1b[2J", "bell\\x07\\x1B[2J"),
         (b"line\nbreak", "line\\x0Abreak"), (b"\xff\xc0\x80", "\\xFF\\xC0\\x80"),
         (b"\xc2\x9b31m", "\\xC2\\x9B31m"), ("größe".encode(), "größe"),
         (b'quote"\\', 'quote"\\'))


def ctl(daemon, *words, says="", complains="", status=0):
    """Runs it; its output must match, as a pattern."""
    expect(daemon.tool("esdctl", *words), status, says, complains)


def samples(daemon, card, directory):
    sound = noise(2 * 5000, 1)
    file = wav(directory / "ding.wav", raw(sound), 1, 16, 2)
    name = f"esdctl:{file}"
    got = daemon.tool("esdctl", "cache", file)
    found = re.fullmatch(rf"Sample <(\d+)> uploaded. Name = {re.escape(name)}\n",
                         got.stdout.decode())
    check(found, f"esdctl cache: {got}")
    number = found[1]
    ctl(daemon, "getid", name, says=f"{number}\n")
    ctl(daemon, "getid", "nobody", says="-1\n")
    ctl(daemon, "play", name, says=f"{number}\n")
    until("it is heard", lambda: raw(sound) in card.played())
    ctl(daemon, "loop", name, says=f"{number}\n")
    until("it is heard twice more",
          lambda: card.played().count(raw(sound)) >= 3)
    ctl(daemon, "stop", name, says=f"{number}\n")
    daemon.wait_silent()
    ctl(daemon, "pansample", number, 128, 64)
    ctl(daemon, "allinfo",
        says=f".*sample {number} left    = 128\n.*right   = 64\n.*")
    ctl(daemon, "pansample", 999, 1, 1,
        complains=one_line("esdctl", "there is no sample 999"))
    ctl(daemon, "free", name, "getid", name, says=f"{number}\n-1\n")
    ctl(daemon, "play", name, says="0\n")
    ctl(daemon, "cache", directory / "none.wav",
        says="Sample <-1> uploaded. .*", complains=one_line("esdctl", "none.wav"))
    print("cache, getid, play, loop, stop, pansample, free")


def owner(daemon, card):
    for off, on in (("standby", "resume"), ("off", "on")):
        seen = len(card.events())
        ctl(daemon, off, "standbymode", says="server is on standby\n")
        card.wait_event("close", seen)
        seen = len(card.events())
        ctl(daemon, on, "standbymode", says="server is running\n")
        card.wait_event("start", seen)
    ctl(daemon, "unlock", "lock")
    check(daemon.log_lines("unlocked"), "unlock: no word of it")
    print("standby, resume, lock, unlock")


def watch(daemon):
    process = subprocess.Popen(
        daemon_command(daemon, "--json", "watch"), env=daemon.env,
        stdout=subprocess.PIPE, text=True)

    def change():
        return json.loads(process.stdout.readline())

    try:
        check(change() == {"change": "everything", "id": 0}, "the first line")
        with daemon.client() as client, daemon.client() as control:
            client.play(name=b"watched")
            number = until("it is listed",
                           lambda: control.player(b"watched"))[0]
            check(change() == {"change": "new", "id": number}, "new")
            ctl(daemon, "volume", "watched", "50%")
            check(change() == {"change": "volume", "id": number}, "volume")
        check(change() == {"change": "gone", "id": number}, "gone")
        ctl(daemon, "master", "mute", "master", "unmute")
        check([change()["change"] for _ in range(2)] == 2 * ["master"],
              "master")
    finally:
        process.terminate()
        process.communicate(timeout=10)
    print("watch tells each change")


def daemon_command(daemon, *words):
    return [str(BUILD / "esdctl"), "-s", f"unix:{daemon.socket}", *words]


def names(daemon):
    """Anybody's name may come to a terminal: shown, not obeyed."""
    for sent, shown in NAMES:
        with daemon.client() as client, daemon.client() as control:
            client.play(name=sent)
            until("it is listed", lambda sent=sent, control=control:
                  control.player(sent))
            for command in "list", "allinfo":
                out = daemon.tool("esdctl", command).stdout.decode()
                check(f"{shown}" in out, f"esdctl {command}: {out!r}")
            listed = json.loads(daemon.tool("esdctl", "list", "--json").stdout)
            check(len(listed) == 1 and listed[0]["name"] and
                  listed[0]["name"].encode("latin-1", "replace"), f"{listed}")
        daemon.wait_silent()
    print("control characters and broken UTF-8 in a name are shown escaped")


def granted(daemon, card):
    """The values that the card granted, as it wrote them down itself."""
    told = card.wait_event("params").detail
    expect(daemon.tool("esdctl", "status"), 0,
           rf"(?s).*device +{card.name}, open\n"
           rf"format +{told['format']}, {told['channels']} channels, "
           rf"{told['access']}\nperiod +{told['period']} frames\n"
           rf"buffer +{told['buffer']} frames\n.*", "")
    status = json.loads(daemon.tool("esdctl", "--json", "status").stdout)
    for key in ("rate", "format", "channels", "period", "buffer", "access"):
        check(str(status[key]) == told[key], f"{key}: {status}, {told}")
    check(daemon.log_lines(f"{told['rate']} Hz, {told['format']}, ",
                           f"period {told['period']}, buffer {told['buffer']}",
                           told["access"]), daemon.log())


def old_server():
    """What the plain protocol can do is done, the rest is said."""
    def waits(connection, _):
        connection.recv(1)

    with Peer(waits) as peer:
        player = peer.start("esdcat", "-n", "song")
        until("it plays", lambda: peer.players)
        number = next(iter(peer.players))
        expect(peer.tool("esdctl", "list"), 0,
               rf" *ID +NAME .*\n *{number} +song +- +16-bit stereo +44100 "
               r"+100% .*", "")
        listed = json.loads(peer.tool("esdctl", "--json", "list").stdout)
        check(listed == [{"id": number, "name": "song", "protocol": "esd",
                          "bits": 16, "channels": 2, "rate": 44100,
                          "left": 256, "right": 256}], f"{listed}")
        expect(peer.tool("esdctl", "status"), 0,
               "rate +44100 Hz\nstreams +1\n", "")
        expect(peer.tool("esdctl", "volume", "song", "50%"), 0, "", "")
        check(peer.asked(20) == [struct.pack("=3i", number, 128, 128)],
              f"STREAM_PAN: {peer.asked(20)}")
        for words in (("mute", "song"), ("unmute", "song"), ("master", "50%"),
                      ("kill", number), ("watch",), ("forget", "song")):
            expect(peer.tool("esdctl", *words), 1, "",
                   one_line("esdctl", f"{words[0]}: the daemon at", "old one"))
        player.communicate(timeout=10)
    print("an old server: list, status and volume; the rest is said")


def main():
    with tempfile.TemporaryDirectory() as directory:
        with on_card("--period", 1024, "--periods", 8) as (daemon, card):
            samples(daemon, card, pathlib.Path(directory))
            owner(daemon, card)
            granted(daemon, card)
    with Daemon("null") as daemon:
        watch(daemon)
        names(daemon)
        ctl(daemon, "forget", "nobody", status=1,
            complains=one_line("esdctl", "no volume is kept for nobody"))
    old_server()


if __name__ == "__main__":
    main()
