#!/usr/bin/env python3
"""What aRts' tools ask of the server: its status, files to play, the card to be
released, its end."""

import pathlib
import tempfile

from mcop import Client, Peer, long, string

from daemon import Daemon, check, on_card, until
from play import wav
from sound import noise, raw
from streams import heard

RATE = 44100
SERVER = 1


def status(peer):
    def ask(name, kind):
        return peer.ask(SERVER, f"_get_{name}", kind)

    return {
        "real-time": ask("realtimeStatus", "Arts::RealtimeStatus").long(),
        "until": ask("secondsUntilSuspend", "long").long(),
        "buffer": ask("serverBufferTime", "float").float(),
        "multiplier": ask("bufferSizeMultiplier", "long").long(),
        "least": ask("minStreamBufferTime", "float").float(),
        "auto": ask("autoSuspendSeconds", "long").long(),
        "method": ask("audioMethod", "string").string(),
        "rate": ask("samplingRate", "long").long(),
        "channels": ask("channels", "long").long(),
        "bits": ask("bits", "long").long(),
        "duplex": ask("fullDuplex", "boolean").boolean(),
        "device": ask("audioDevice", "string").string(),
        "fragments": ask("fragments", "long").long(),
        "size": ask("fragmentSize", "long").long(),
        "version": ask("version", "string").string(),
    }


def tells():
    with on_card("--period", 441, "--periods", 3, rate=RATE) as (daemon, card):
        until("it plays", lambda: daemon.log_lines("playing at"))
        with Peer(daemon) as peer:
            got = status(peer)
            check(got == {
                "real-time": got["real-time"], "until": got["until"], "buffer": 30.0,
                "multiplier": 1, "least": 30.0, "auto": 0,
                "method": "esdmixd", "rate": RATE, "channels": 2, "bits": 16,
                "duplex": True, "device": "vcard", "fragments": 3,
                "size": 1764, "version": got["version"]}, str(got))
            check(got["version"] and got["until"] in (-1, -2) and
                  got["real-time"] in (0, 3), str(got))
            peer.ask(SERVER, "_set_bufferSizeMultiplier", "void",
                     "long newValue", long(5))
            check(status(peer)["least"] == 150.0, "five times the buffer")
            for interface in ("Object", "PlayObjectFactory",
                              "PlayObjectFactoryV2", "SimpleSoundServer",
                              "SoundServer", "SoundServerV2"):
                check(peer.is_compatible(SERVER, f"Arts::{interface}"),
                      interface)
            check(not peer.is_compatible(SERVER, "Arts::FlowSystem"), "flow")
            _, stack, _ = peer.ask(SERVER, "_get_outstack",
                                   "Arts::StereoEffectStack").reference()
            ids = [peer.ask(stack, name, "long",
                            "Arts::StereoEffect effect, string name",
                            string("null") + long(0) * 2 + string("x")).long()
                   for name in ("insertTop", "insertBottom")]
            check(ids == [1, 2], str(ids))
            peer.ask(stack, "remove", "void", "long ID", long(1))
            check(peer.ask(SERVER, "createObject", "object", "string name",
                           string("Arts::Synth_FREEVERB")).reference()[0] ==
                  "null", "an effect")
    print("status, interfaces, effects")


def releases():
    """The card, when nothing is heard; the next sound takes it again."""
    with on_card("--period", 441, "--periods", 3, rate=RATE) as (daemon, card):
        client = Client(daemon)

        def suspend():
            return client.ask(SERVER, "suspend", "boolean").boolean()

        def until_suspend():
            return client.ask(SERVER, "_get_secondsUntilSuspend",
                              "long").long()

        until("it is silent", lambda: until_suspend() == -2)
        sound = noise(2 * 30000, 5)
        stream = client.play()
        rest = stream.write(raw(sound))
        check(not suspend() and until_suspend() == -1, "released under sound")
        stream.close(rest)
        until("the sound is over", suspend, 20)
        until("the card is released", lambda: daemon.log_lines("released"))
        check(not suspend() and until_suspend() == 0, "released once more")
        check(client.ask(SERVER, "suspended", "boolean").boolean(), "not so")
        opened = len(daemon.log_lines("playing at"))
        sound = noise(2 * 8000, 6)
        start = len(card.played()) // 4
        stream = client.play()
        stream.close(stream.write(raw(sound)))
        until("it is taken again",
              lambda: len(daemon.log_lines("playing at")) == opened + 1)
        heard("after it was released", card, sound, start)
        client.ask(SERVER, "_set_autoSuspendSeconds", "void", "long newValue",
                   long(1))
        check(client.ask(SERVER, "_get_autoSuspendSeconds", "long").long() ==
              1, "seconds")
        until("it is released by itself",
              lambda: len(daemon.log_lines("released")) == 2)
        client.leave()


def plays_files():
    with tempfile.TemporaryDirectory() as name, \
            on_card("--period", 441, "--periods", 8, rate=RATE) as (daemon,
                                                                    card):
        top = pathlib.Path(name)
        sound = noise(2 * 40000, 7)
        path = wav(top / "t.wav", raw(sound), 1, 16, 2)
        with Peer(daemon, "Arts_SimpleSoundServer") as peer:
            def play(path):
                return peer.ask(SERVER, "play", "long", "string filename",
                                string(str(path))).long()

            check(play(path) == 1, "not played")
            with daemon.client() as control:
                until("it is listed by its name", lambda: control.player(
                    f"esdplay:{path}".encode()))
            heard("a file", card, sound)
            check(play("t.wav") == 0, "a path that is not absolute")
            check(play(top / "missing.wav") == 1, "as the original")
            until("its player says so",
                  lambda: daemon.log_lines("missing.wav"))

            def children():
                return len(pathlib.Path(
                    f"/proc/{daemon.pid}/task/{daemon.pid}/children")
                    .read_text().split())

            until("its players are reaped", lambda: children() == 0)
            # Many at once: some are too many, and the daemon answers.
            long_one = wav(top / "long.wav", raw(noise(2 * RATE * 30, 8)), 1,
                           16, 2)
            answers = [play(long_one) for _ in range(20)]
            check(answers == [1] * 16 + [0] * 4, str(answers))
            check(len(daemon.log_lines("run already")) > 0, daemon.log())
    print("files: played, at most 16 at once")


def ends():
    with Daemon("null", "--realtime-priority", 0) as daemon:
        with Peer(daemon) as peer:
            check(status(peer)["real-time"] == 3, "it says it is")
            check(peer.ask(SERVER, "terminate", "boolean").boolean(), "no")
            check(peer.is_closed(), "not closed")
        check(daemon.process.wait(10) == 0, "its status")
    print("terminate: answered, then ended")


def main():
    tells()
    releases()
    plays_files()
    ends()


if __name__ == "__main__":
    main()
