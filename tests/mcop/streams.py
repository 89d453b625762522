#!/usr/bin/env python3
"""aRts clients of every generation play and record: to the bit, at once, at the
card's own pace, and with nothing left behind."""

import json
import time

from mcop import Client, string

from daemon import BITS16, STEREO, check, on_card, together, until
from sound import FRAME, digits, is_ramp, noise, raw, words

RATE = 44100
GENERATIONS = ("2.0", "2.1", "2.2", "0.7.0")


def card_at(*options, **more):
    return on_card("--period", 512, "--periods", 4, *options, rate=RATE,
                   **more)


def frames_of(samples):
    """The frames that are not silent: a machine that pauses may make a stream
    late, but not lose any of it."""
    return [pair for pair in zip(samples[::2], samples[1::2]) if any(pair)]


def heard(name, card, expected, start=0):
    """The card plays exactly that, from that frame on."""
    wanted = frames_of(expected)

    def got():
        return frames_of(words(card.played())[2 * start:])

    until(f"{name}: all is at the card", lambda: len(got()) >= len(wanted), 20)
    same(name, got(), wanted)


def same(name, got, expected):
    for i, (a, b) in enumerate(zip(got, expected)):
        check(a == b, f"{name}: frame {i} is {a}, not {b}")
    check(len(got) == len(expected), f"{name}: {len(got)} frames, not "
                                     f"{len(expected)}")
    print(f"{name}: {len(got)} frames exact")


def of_each_generation():
    with card_at() as (daemon, card):
        start = 0
        for seed, generation in enumerate(GENERATIONS):
            sound = noise(2 * 17000, seed)
            client = Client(daemon, generation, id=f"old-{seed}-1")
            stream = client.play()
            stream.close(stream.write(raw(sound)))
            heard(f"KDE {generation}", card, sound, start)
            client.serve(0.05)  # nothing is acknowledged any more
            client.leave()
            start = len(card.played()) // FRAME
        check(daemon.log_lines("warn", "aRts") == [], daemon.log())


def narrow():
    """8 bits, and one channel; two streams of one client, then a second turn
    of the client's, whose detach goes before its last packet."""
    with card_at() as (daemon, card):
        client = Client(daemon)
        for turn in range(2):
            mono = noise(9000, 40 + turn, 12000)
            start = len(card.played()) // FRAME
            stream = client.play(channels=1)
            stream.close(stream.write(raw(mono), 4096, 7))
            heard("mono", card, [v for v in mono for _ in range(2)], start)
        start = len(card.played()) // FRAME
        narrow = noise(2 * 5000, 42, 32512, 256)
        stream = client.play(bits=8)
        stream.close(stream.write(bytes((v >> 8) + 128 for v in narrow), 4096))
        heard("8 bits", card, narrow, start)
        client.leave()


def at_once():
    """Two streams of one connection, one of another, and an ESD client: each
    has a digit of the sum of its own, the second at half its volume."""
    parts = [noise(2 * 20000, 50 + i, 3) for i in range(4)]
    weights = 1, 16, 64, 512
    sent = [raw([weight * v for v in part])
            for weight, part in zip(weights, parts)]
    with card_at() as (daemon, card):
        one, two = Client(daemon, id="one-1-1"), Client(daemon, id="two-1-1")
        streams = [one.play(title="a"), one.play(title="b"),
                   two.play(title="c")]
        for stream in streams:
            stream.attach()
        with daemon.client() as control:
            with daemon.client() as esd:
                esd.play(BITS16 | STEREO, RATE, b"d")
                names = until("all four are listed", lambda: len(
                    control.all_info()) == 4 and {
                        player[1]: player[0] for player in control.all_info()})
                rows = json.loads(daemon.tool("esdctl", "list",
                                              "--json").stdout)
                told = {row["name"]: row["protocol"]
                        for row in rows}
                check(told == {"a": "arts", "b": "arts", "c": "arts",
                               "d": "esd"}, str(told))
                control.pan(names[b"b"], 128, 128)
                esd.send(sent[3])
                rests = [stream.write(data)
                         for stream, data in zip(streams, sent)]
                for stream, rest in zip(streams, rests):
                    stream.close(rest)
            one.leave()
            two.leave()
            until("they have been played", lambda: not control.all_info())
        mixed = len(card.played()) + 2 * 4 * 512 * FRAME
        until("the card has played it", lambda: len(card.played()) >= mixed)
        got = digits(words(card.played()), 4)
        for name, part, digit in zip("abcd", parts, got):
            same(name, frames_of(digit), frames_of(part))


def paced():
    """A packet is acknowledged when the card's clock has taken its last frame:
    not sooner, and not a period and a bit later."""
    sound = [v or 1 for v in noise(2 * 60000, 60)]
    size = 4096
    with card_at() as (daemon, card):
        client = Client(daemon)
        stream = client.play()
        rest = stream.write(raw(sound), size, 7)
        client.serve(5, lambda: not stream.outstanding)
        check(not stream.outstanding, "packets stay unacknowledged")
        stream.close(rest)
        client.leave()
        heard("in packets", card, sound)
        got = words(card.played())
        places = [i for i in range(len(got) // 2)
                  if got[2 * i] or got[2 * i + 1]]
        late = []
        for i, when in enumerate(stream.processed[:-1]):
            played = card.frame_time(places[(i + 1) * size // FRAME - 1])
            # Mixed a buffer before it is played: four periods of 512.
            late.append((when - played) / 1e6 + 4 * 512 * 1000 / RATE)
        print(f"acknowledged {min(late):.1f} to {max(late):.1f} ms after the "
              f"mix had room")
        check(min(late) > -2 * 512 * 1000 / RATE,
              f"acknowledged {-min(late):.1f} ms too early")
        check(sorted(late)[len(late) // 2] < 3 * 512 * 1000 / RATE,
              f"acknowledged {max(late):.1f} ms late")


def volumes():
    """Its own, its streams' and the master's."""
    sound = noise(2 * 12000, 70, 30000, 8)
    with card_at() as (daemon, card):
        client = Client(daemon)
        _, own, _ = client.ask(client.number, "createObject", "object",
                               "string name", string(
                                   "Arts::StereoVolumeControl")).reference()
        client.use(own, "Arts::StereoVolumeControl")
        half = bytes.fromhex("3f000000")
        client.ask(own, "_set_scaleFactor", "void", "float newValue", half)
        stream = client.play(title="quiet").attach()
        got = client.ask(own, "_get_scaleFactor", "float").float()
        check(got == 0.5, f"own volume: {got}")
        with daemon.client() as control:
            check(control.player(b"quiet")[3:5] == (128, 128), "not half")
        _, master, _ = client.ask(client.number, "_get_outVolume",
                                  "Arts::StereoVolumeControl").reference()
        client.use(master, "Arts::StereoVolumeControl")
        client.ask(master, "_set_scaleFactor", "void", "float newValue", half)
        check(client.ask(master, "_get_scaleFactor", "float").float() == 0.5,
              "master")
        # Gains are reached within a period; the first frames are ramped.
        until("the master is set", lambda: daemon.tool(
            "esdctl", "status").returncode == 0)
        time.sleep(0.05)
        stream.close(stream.write(raw(sound)))
        heard("at a quarter", card, [v // 4 for v in sound])
        for factor, expected in (("7fc00000", 0.0), ("bf800000", 0.0),
                                 ("7f800000", 2.0), ("3f800000", 1.0)):
            client.ask(master, "_set_scaleFactor", "void", "float newValue",
                       bytes.fromhex(factor))
            got = client.ask(master, "_get_scaleFactor", "float").float()
            check(got == expected, f"{factor} gives {got}")
        client.leave()


def known_by_name():
    """Rules and remembered volumes are those of streams, whose ever."""
    with card_at(conf="volume = loud* 150%\n") as (daemon, card), \
            daemon.client() as control:
        for name, expected in (("loud one", 384), ("plain", 256)):
            client = Client(daemon)
            client.play(title=name).attach()
            player = control.player(name.encode())
            check(player[3:5] == (expected, expected), f"{player}")
            check(daemon.tool("esdctl", "volume", player[0], "25%")
                  .returncode == 0, "esdctl volume")
            client.close()
            daemon.wait_silent()
        client = Client(daemon)
        client.play(title="plain").attach()
        check(control.player(b"plain")[3:5] == (64, 64), "not remembered")
        # 2.0 has no titles: the program's name is what there is.
        with open("/proc/self/comm") as comm:
            program = comm.read().strip().encode()
        Client(daemon, "2.0").play(title="unheard of").attach()
        check(control.player(program), str(control.all_info()))
    print("volumes by rule and by memory")


def recorded():
    """What the mix was, and the card's silence, until it is closed."""
    sound = noise(2 * 30000, 80)
    with card_at() as (daemon, card):
        listener = Client(daemon, id="listener-1-1")
        mix = listener.record(title="out_soundcard").attach()
        client = Client(daemon)
        stream = client.play()
        stream.close(stream.write(raw(sound)))
        while True:
            listener.serve(1)
            mix.acknowledge()
            got = frames_of(words(mix.heard[:len(mix.heard) // 4 * 4]))
            if len(got) >= len(frames_of(sound)):
                break
        same("the mix", got, frames_of(sound))
        mix.close()
        client.leave()
        listener.leave()


def recorded_from_the_card():
    """Frame by frame, at two streams of one client, which close in turn; and in
    one channel of 8 bits."""
    for _ in range(3):  # a busy machine may make the card itself lose some
        with card_at() as (daemon, card):
            client = Client(daemon)
            streams = [client.record(title=title) for title in ("a", "b")]
            streams[0].attach()
            streams[1].attach()
            data = [stream.read(20000) for stream in streams]
            for stream in streams:
                stream.close()
            narrow = client.record(bits=8, channels=1)
            check(len(narrow.read(4000)) == 4000, "8 bits")
            narrow.close()
            client.leave()
        if all(is_ramp(one) for one in data):
            print("from the card: 2 x 5000 frames without a gap")
            return
    check(False, "what was recorded has a gap")


def lost_clients():
    """One who goes without a word: what it sent is played."""
    sound = noise(2 * 16384, 90)
    with card_at() as (daemon, card):
        client = Client(daemon)
        stream = client.play()
        stream.attach()
        for at in range(0, 65536, 16384):
            stream.packet(raw(sound)[at:at + 16384])
        client.close()
        heard("of one that went", card, sound)
        daemon.wait_silent()


def refused_sound():
    """Formats that we do not play are taken, and acknowledged."""
    with card_at() as (daemon, card):
        client = Client(daemon)
        for rate, bits, channels in ((100, 16, 2), (44100, 24, 2),
                                     (44100, 16, 6), (-1, 0, 0)):
            stream = client.play(rate, bits, channels)
            stream.close(stream.write(bytes(200000)))
        client.leave()
        check(len(daemon.log_lines("warn", "it stays silent")) == 4,
              daemon.log())
    print("what cannot be played is consumed")


def played():
    of_each_generation()
    narrow()
    at_once()
    refused_sound()


def controlled():
    volumes()
    known_by_name()
    recorded()
    recorded_from_the_card()
    lost_clients()


if __name__ == "__main__":
    paced()
    together(played, controlled)
