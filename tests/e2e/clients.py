#!/usr/bin/env python3
"""What real clients were seen to do, each by its name, and what they need of
the daemon for it.  Several speak to one daemon, one after the other."""

import array
import fcntl
import struct
import termios
import time

from daemon import TOGETHER, check, on_card, together, until
from sound import noise, raw

RATE = 44100
LARGE = ("--period", 2048, "--periods", 8)
PLAYERS_MAX = 3
(STREAM_PLAY, STREAM_MON, SAMPLE_CACHE, SAMPLE_FREE, SAMPLE_PLAY, SAMPLE_LOOP,
 SAMPLE_STOP, RESUME, SAMPLE_GETID, STREAM_FILT, SERVER_INFO, ALL_INFO,
 STANDBY_MODE, LATENCY) = 3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 22, 23
PLAY = 0x1021  # 16-bit, stereo, play
HANDSHAKE = bytes.fromhex("00112233445566778899AABBCCDDEEFF4E444E45")


class Scene:
    def __init__(self, daemon, card):
        self.daemon, self.card = daemon, card
        self.seed = 0
        self.from_byte = 0

    def client(self, **more):
        return self.daemon.client(**more)

    def sound(self, frames):
        """A new one, never the same, of which no part is silent for long."""
        self.seed += 1
        self.from_byte = len(self.card.played())
        return noise(2 * frames, self.seed)

    def heard(self, samples, times=1):
        """Waits until they came out of the card, to the bit, that often."""
        data = raw(samples)
        until("the sound is at the card", lambda: self.card.played()
              [self.from_byte:].count(data) >= times)

    def shut_up(self):
        self.daemon.wait_silent()


def name(text):
    return text.encode().ljust(128, b"\0")


def asked(client, opcode, *values):
    client.send(client.ints(opcode, *values))
    return client.read_ints(1)[0]


def samples_listed(client):
    client.send(client.ints(ALL_INFO, 0))
    client.read(12)
    while struct.unpack("<i144x", client.read(148))[0] > 0:
        pass
    found = []
    while True:
        record = struct.unpack("<i128s5i", client.read(152))
        if record[0] <= 0:
            return found
        found.append(record)


def nothing_comes(client):
    client.socket.setblocking(False)
    try:
        data = client.socket.recv(1)
        check(False, f"{data!r} was sent to a player")
    except BlockingIOError:
        pass
    client.socket.settimeout(10)


def xmms(scene):
    """A name of 127 bytes, found on a second connection for STREAM_PAN."""
    title = b"xmms - " + b"x" * 120
    sound = scene.sound(5000)
    halved = [sample // 2 * 2 for sample in sound]
    with scene.client() as player, scene.client() as control:
        player.play(PLAY, RATE, title)
        found = until("the stream is listed", lambda: control.player(title))
        check(control.pan(found[0], 128, 128) == 1, "no such stream")
        player.send(raw(halved))
    scene.heard([sample // 2 for sample in halved])
    with scene.client() as player:  # remembered by its name: unity again
        player.play(PLAY, RATE, title)
        with scene.client() as control:
            found = until("it is listed", lambda: control.player(title))
            control.pan(found[0], 256, 256)


def android_emulator(scene):
    """The same before any sound, at once after the request."""
    with scene.client() as player, scene.client() as control:
        player.play(PLAY, RATE, b"qemu")
        found = until("it is listed", lambda: control.player(b"qemu"))
        check(found[2:] == (RATE, 256, 256, PLAY), f"{found}")


def festival(scene):
    """Closes, then polls until its name is gone: not before the sound is."""
    sound = scene.sound(RATE // 4)
    with scene.client() as player:
        player.play(PLAY, RATE, b"festival")
        player.send(raw(sound))
    with scene.client() as control:
        check(control.player(b"festival"), "gone with its client")
        until("its name is gone", lambda: not control.player(b"festival"))
    scene.heard(sound)


def maemo_alarm(scene):
    """A monitor of SERVER_INFO's own format; when 200 ms pass without a byte
    all is over: silence sends nothing."""
    sound = scene.sound(5000)
    with scene.client() as player, scene.client() as monitor:
        _, rate, form = monitor.server_info()
        check(form & 0xF000 == 0, "function bits in SERVER_INFO")
        monitor.send(monitor.ints(STREAM_MON, form, rate) + bytes(128))
        player.play(PLAY, RATE, b"alarm")
        with scene.client() as control:
            until("it is listed", lambda: control.player(b"alarm"))
        data = b""
        player.send(raw(sound))
        player.close()
        scene.shut_up()
        monitor.socket.settimeout(0.2)
        try:
            while True:
                data += monitor.socket.recv(65536)
                check(len(data) < 8 * 4 * RATE, "silence goes on and on")
        except TimeoutError:
            pass
    check(len(data) % 4 == 0, "a monitor got part of a frame")
    check(not data or raw(sound)[:400] in data or data in raw(sound),
          "the monitor heard something else")


def libao(scene):
    """Takes a server only if it says 3, however idle."""
    with scene.client() as client:
        check(asked(client, STANDBY_MODE, 0) == 3, "STANDBY_MODE")


def enlightenment_epplet(scene):
    """Asks STANDBY_MODE on its monitor: swallowed, and sound follows."""
    sound = scene.sound(20000)
    with scene.client() as monitor, scene.client() as player:
        monitor.send(monitor.ints(STREAM_MON, 0x21, RATE) + bytes(128))
        monitor.send(monitor.ints(STANDBY_MODE, 0))
        player.play(PLAY, RATE, b"epplet")
        player.send(raw(sound))
        check(len(monitor.read(4 * 4096)) == 4 * 4096, "no sound")
    scene.heard(sound)


def visualisers(scene):
    """Read without blocking: whole frames, each time."""
    sound = scene.sound(20000)
    with scene.client() as monitor, scene.client() as player:
        monitor.send(monitor.ints(STREAM_MON, 0x21, RATE) + bytes(128))
        monitor.socket.setblocking(False)
        player.play(PLAY, RATE, b"visual")
        player.send(raw(sound))
        sizes = []

        def reads():
            try:
                sizes.append(len(monitor.socket.recv(1 << 20)))
            except BlockingIOError:
                pass
            return sum(sizes) >= 4 * 8192
        until("it sees the sound", reads)
        check(all(size % 4 == 0 for size in sizes), f"reads of {sizes}")


def audio_compress(scene):
    """A filter that reads up to 8192 bytes and writes as many back."""
    with scene.client() as insert, scene.client() as player:
        insert.send(insert.ints(STREAM_FILT, 0x1021, RATE) + bytes(128))
        player.play(PLAY, RATE, b"filtered")
        player.send(raw(scene.sound(20000)))
        for _ in range(8):
            data = insert.socket.recv(8192)
            check(data, "the filter was closed")
            insert.send(data)
    scene.shut_up()


def enlightenment(scene):
    """One connection for hours: GETID < 0, the sound in one write with its
    request, the confirmation equals the first id; later PLAY on it."""
    sound = scene.sound(3000)
    data = raw(sound)
    with scene.client() as client:
        client.send(client.ints(SAMPLE_GETID) + name("startup"))
        check(client.read_ints(1)[0] < 0, "it is there already")
        client.send(client.ints(SAMPLE_CACHE, PLAY, RATE, len(data)) +
                    name("startup") + data)
        first, second = client.read_ints(2)
        check(first == second > 0, f"ids {first} and {second}")
        check(asked(client, SAMPLE_PLAY, first) == first, "not played")
        scene.heard(sound)
        check(asked(client, SAMPLE_FREE, first) == first, "not freed")


def games(scene):
    """Music loops until STOP, which lets the pass end, then FREE; a stopped
    player is listed as neither playing nor looping."""
    sound = scene.sound(RATE // 2)
    with scene.client() as client:
        number = client.cache(PLAY, RATE, raw(sound), b"music")
        check(asked(client, SAMPLE_LOOP, number) == number, "not looped")
        check(client.player(b"music")[5] == 0x2121, "not listed as looping")
        scene.heard(sound, 2)
        check(asked(client, SAMPLE_STOP, number) == number, "not stopped")
        player = client.player(b"music")
        check(player is None or player[5] == 0x0121, f"stopped: {player}")
        check(asked(client, SAMPLE_FREE, number) == number, "not freed")
        until("the last pass is over", lambda: not client.player(b"music"))
        check(samples_listed(client) == [], "a sample is left")


def big_endian_game(scene):
    """All of a swapped 16-bit sound is swapped, not its first piece."""
    sound = scene.sound(9000)
    with scene.client(order=">") as client:
        number = client.cache(PLAY, RATE, raw(sound, ">"), b"swapped")
        client.play_sample(number)
        scene.heard(sound)
        check(asked(client, SAMPLE_FREE, number) == number, "not freed")


def esdloop(scene):
    """Never reads the confirmation of its upload."""
    sound = scene.sound(2000)
    data = raw(sound)
    with scene.client() as client, scene.client() as control:
        client.send(client.ints(SAMPLE_CACHE, PLAY, RATE, len(data)) +
                    name("esdloop") + data)
        number, = client.read_ints(1)
        client.send(client.ints(SAMPLE_LOOP, number))
        scene.heard(sound, 2)
        check(asked(control, SAMPLE_STOP, number) == number, "not stopped")
        check(asked(control, SAMPLE_FREE, number) == number, "not freed")
    scene.shut_up()


def mplayer(scene):
    """SERVER_INFO's rate, LATENCY, then writes of 4096 without blocking."""
    sound = scene.sound(30000)
    data = raw(sound)
    with scene.client() as player, scene.client() as control:
        rate = control.server_info()[1]
        check(control.latency() >= 0, "LATENCY")
        player.play(PLAY, rate, b"MPlayer")
        player.socket.setblocking(False)
        at = 0
        end = time.monotonic() + 20
        while at < len(data):
            check(time.monotonic() < end, "the stream takes no more")
            try:
                at += player.socket.send(data[at:at + 4096])
            except BlockingIOError:
                time.sleep(0.005)
    scene.heard(sound)


def psycle(scene):
    """RESUME first, then LATENCY while its stream is on another one."""
    sound = scene.sound(4000)
    with scene.client() as player, scene.client() as control:
        control.send(control.ints(RESUME) + HANDSHAKE)
        check(control.read_ints(2) == (1, 1), "RESUME")
        player.play(PLAY, RATE, b"psycle")
        player.send(raw(sound))
        lag = control.latency()
        check(0 <= lag < 2 * RATE, f"LATENCY {lag}")
    scene.heard(sound)


def mpg123(scene):
    """The highest rate, width and channels are SERVER_INFO's."""
    with scene.client() as client:
        check(client.server_info() == (0, RATE, 0x21), "SERVER_INFO")


def pulseaudio_sink(scene):
    """The handshake in one write; LATENCY, then STREAM_PLAY without function
    bits on the same connection; nothing comes back; SIOCOUTQ falls to 0."""
    sound = scene.sound(4000)
    with scene.client(shake=False) as sink:
        sink.send(HANDSHAKE)
        check(sink.read_ints(1) == (1,), "the handshake")
        check(sink.latency() >= 0, "LATENCY")
        sink.play(0x0021, RATE, b"sink")
        sink.send(raw(sound))
        left = array.array("i", [0])

        def is_taken():
            fcntl.ioctl(sink.socket, termios.TIOCOUTQ, left)
            return left[0] == 0
        until("its bytes were taken", is_taken)
        scene.heard(sound)
        nothing_comes(sink)


def sdl_and_flash(scene):
    """Any function bits make a player of STREAM_PLAY."""
    for form in (0x0021, 0x1021, 0x2021, 0xF021):
        sound = scene.sound(1000)
        with scene.client() as player:
            player.play(form, RATE, b"SDL")
            player.send(raw(sound))
        scene.heard(sound)


def esddsp(scene):
    """Connects at open() and says nothing until speed and format are known."""
    sound = scene.sound(1000)
    with scene.client() as waits:
        with scene.client() as other:  # all the others are served meanwhile
            for _ in range(50):
                other.server_info()
        waits.play(PLAY, RATE, b"/dev/dsp")
        waits.send(raw(sound))
        scene.heard(sound)


def nxesd(scene):
    """A relay forwards a request cut anywhere, by the table's lengths."""
    request = struct.pack("<3I", STREAM_PLAY, PLAY, RATE) + name("nxesd")
    sound = scene.sound(1000)
    with scene.client(shake=False) as relay:
        for byte in HANDSHAKE:
            relay.send(bytes([byte]))
        check(relay.read_ints(1) == (1,), "the handshake")
        for at in range(0, len(request), 7):
            relay.send(request[at:at + 7])
        relay.send(raw(sound))
        scene.heard(sound)


def too_many_players(scene):
    """A client that starts the same sound again and again is refused by 0
    before it has taken every stream there is."""
    data = raw(noise(2 * 100, 99))
    with scene.client() as greedy:
        number = greedy.cache(PLAY, RATE, data, b"again")
        answers = [asked(greedy, SAMPLE_LOOP, number) for _ in range(10)]
        check(answers == PLAYERS_MAX * [number] + (10 - PLAYERS_MAX) * [0],
              f"answered {answers}")
        with scene.client() as other:
            other.play(PLAY, RATE, b"other")
            until("it is listed", lambda: greedy.player(b"other"))
        greedy.send(greedy.ints(11, number))  # KILL: all of them
        check(greedy.read_ints(1) == (number,), "not killed")
        scene.shut_up()
        check(asked(greedy, SAMPLE_PLAY, number) == number, "never again")
        check(asked(greedy, SAMPLE_FREE, number) == number, "not freed")


CASES = (xmms, android_emulator, festival, maemo_alarm, libao,
         enlightenment_epplet, visualisers, audio_compress, enlightenment,
         games, big_endian_game, esdloop, mplayer, psycle, mpg123,
         pulseaudio_sink, sdl_and_flash, esddsp, nxesd, too_many_players)


def one_after_the_other(cases):
    with on_card(*LARGE, "--players", PLAYERS_MAX, rate=RATE) as (daemon,
                                                                  card):
        scene = Scene(daemon, card)
        for case in cases:
            case(scene)
            scene.shut_up()
            print(f"{case.__name__}: {' '.join(case.__doc__.split())}")
        check(not daemon.log_lines("err"), daemon.log())


def main():
    together(*(lambda share=CASES[i::TOGETHER]: one_after_the_other(share)
               for i in range(TOGETHER)))


if __name__ == "__main__":
    main()
