#!/usr/bin/env python3
"""esdplay, esdrec, esdmon, esdfilt, esdsample and esdloop against a server
written by hand: what they send, byte by byte, and how they end."""

import fcntl
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import wave

from daemon import BUILD, check, until
from peer import Peer, pack
from sound import noise, raw, words
from tools import expect, one_line

SAYS = r"opening socket, format = 0x%08x at %d Hz\n"
TOOLS = ("esdplay", "esdrec", "esdmon", "esdfilt", "esdsample", "esdloop")


def stream_body(format, rate, name=b""):
    return pack(format, rate) + name.ljust(128, b"\0")


def wav(path, samples, channels=2, rate=44100):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(raw(samples))
    return path


def wav_frames(path, width=2):
    with wave.open(str(path)) as file:
        check(file.getsampwidth() == width, f"{path}: {file.getparams()}")
        return file.readframes(file.getnframes())


def asked_once(peer, opcode, body, what):
    check(peer.asked(opcode) == [body],
          f"{what}: asked {peer.requests}, not {body!r}")


# --- common ------------------------------------------------------------------

def all_help():
    with Peer() as peer:
        for name in TOOLS:
            for word in ("-h", "--help"):
                text = expect(peer.tool(name, word), 0, f"usage: {name} .*", "")
                check(all(len(line) <= 80 for line in text.splitlines()),
                      f"{name} {word} is wider than a terminal")
            expect(peer.tool(name, "--version"), 0, rf"{name} \S+\n", "")
            expect(peer.tool(name, "-x"), 1, "", one_line(name, "-x"))
            expect(peer.tool(name, "--loud"), 1, "", one_line(name, "--loud"))
        check(not peer.requests, "help asked the server")
    for name in TOOLS:
        result = subprocess.run([str(BUILD / name), "-s", "unix:/nonexistent/s",
                                 "/dev/null"], capture_output=True)
        expect(result, 1, "", one_line(name, "no daemon answers at",
                                       "/nonexistent/s", "start esdmixd"))
    print("help, versions, no daemon")


# --- esdplay -----------------------------------------------------------------

def takes_all(heard):
    """A stream that keeps what it gets, then drains for 0.3 s."""
    def stream(connection, opcode):
        data = b""
        while piece := connection.recv(65536):
            data += piece
        heard.append(data)
        time.sleep(0.3)
    return stream


def esdplay(directory):
    heard = []
    sound = noise(2 * 5000, 1)
    file = wav(directory / "song.wav", sound)
    with Peer(takes_all(heard)) as peer:
        began = time.monotonic()
        expect(peer.tool("esdplay", file, file), 0, "", "")
        took = time.monotonic() - began
        name = f"{BUILD / 'esdplay'}:{file}".encode()[:127]
        check(peer.asked(3) == 2 * [stream_body(0x1021, 44100, name)],
              f"esdplay asked {peer.asked(3)}")
        check(heard == 2 * [raw(sound)], "esdplay sent something else")
        check(took > 0.6 + 0.09, f"esdplay ended after {took:.3f} s, before "
              "its sound was out")

        # One of the same name that was there before is not waited for.
        peer.players[9999] = name.ljust(128, b"\0")
        expect(peer.tool("esdplay", file), 0, "", "")
        expect(peer.tool("esdplay", "-v"), 0, r"esdplay \S+\n", "")
    expect(subprocess.run([str(BUILD / "esdplay")], capture_output=True), 1,
           "", "usage: esdplay .*")
    with Peer(lambda *_: None) as peer:
        expect(peer.tool("esdplay", file, file), 1, "",
               one_line("esdplay", "refuses the stream", "log"))
    print("esdplay plays, waits, and tells of a refusal")


def esdplay_terminal(directory):
    """Progress on a terminal, and a name that would command it."""
    evil = wav(directory / "\x1b]0;evil\x07.wav", noise(2 * 5000, 1))
    with Peer(takes_all([])) as peer:
        master, slave = pty.openpty()
        process = subprocess.Popen(peer.command("esdplay", evil), env=peer.env,
                                   stderr=slave)
        os.close(slave)
        text = b""
        try:
            while piece := os.read(master, 4096):
                text += piece
        except OSError:
            pass
        os.close(master)
        check(process.wait(10) == 0, "esdplay failed on a terminal")
        check(b"0:00 / 0:00 [====================]" in text, repr(text))
        check(b"?]0;evil?.wav" in text, f"{text!r} commands the terminal")
        check(text.endswith(b"\r\n"), f"{text!r} leaves the line open")
    print("esdplay shows progress")


# --- esdrec, esdmon, esdfilt -------------------------------------------------

def sends(data, pieces=4096, then=None):
    def stream(connection, opcode):
        for at in range(0, len(data), pieces):
            connection.sendall(data[at:at + pieces])
        if then:
            then(connection)
    return stream


def waits(connection):
    connection.recv(1)


def esdrec(directory):
    sound = raw(noise(2 * 20000, 2))
    ended = one_line("esdrec", "ended the recording")
    with Peer(sends(sound, 4095)) as peer:
        result = peer.tool("esdrec")
        check(result.stdout == sound, "esdrec changed raw sound")
        check(result.returncode == 0, "esdrec failed at the end")
        asked_once(peer, 4, stream_body(0x2021, 44100), "esdrec")
        for name in ("a.raw", "b", ".wav", "c.wav.pcm"):
            path = directory / name
            expect(peer.tool("esdrec", path), 0, "",
                   SAYS % (0x2021, 44100) + ended)
            check(path.read_bytes() == sound, f"{name} is not the raw sound")
        check(peer.asked(4)[-1] == stream_body(0x2021, 44100,
                                               str(path).encode()),
              "the stream isn't named after its file")
        path = directory / "d.WAV"
        expect(peer.tool("esdrec", path, "-n", "tape"), 0, "", None)
        check(wav_frames(path) == sound, "d.WAV is something else")
        check(peer.asked(4)[-1] == stream_body(0x2021, 44100, b"tape"), "-n")
        for name, magic in (("e.flac", b"fLaC"), ("f.ogg", b"OggS"),
                            ("g.aiff", b"FORM"), ("h.au", b".snd")):
            path = directory / name
            expect(peer.tool("esdrec", path), 0, "", None)
            check(path.read_bytes()[:4] == magic, f"{name} isn't one")
        result = peer.tool("esdrec", "/nonexistent/x.wav")
        check(result.returncode == 0 and result.stdout == sound,
              "no going on to standard output")
        check(b"cannot write /nonexistent/x.wav" in result.stderr and
              b"standard output instead" in result.stderr, result.stderr)
        expect(peer.tool("esdrec", "/dev/full"), 1, "",
               SAYS % (0x2021, 44100) +
               one_line("esdrec", "/dev/full", "No space"))
    narrow = bytes(range(256)) * 40
    with Peer(sends(narrow)) as peer:
        path = directory / "i.wav"
        expect(peer.tool("esdrec", "-b", "-m", "-r", 8000, path), 0, "", None)
        check(wav_frames(path, 1) == narrow, "8-bit sound changed")
        asked_once(peer, 4, stream_body(0x2010, 8000, str(path).encode()),
                   "esdrec -b -m")
    with Peer(lambda *_: None) as peer:
        expect(peer.tool("esdrec"), 1, "", SAYS % (0x2021, 44100) + ended)
    print("esdrec records")


def stopped_by(name, opcode, number, directory):
    """A signal ends it with a file that is complete."""
    sound = raw(noise(2 * 3000, 3))
    path = directory / f"{name}-{number}.wav"
    with Peer(sends(sound + b"\1\2\3", 1001, waits)) as peer:
        process = peer.start(name, path)
        until("the sound is written", lambda: path.exists() and
              path.stat().st_size >= len(sound))
        check(process.poll() is None, f"{name} ended by itself")
        process.send_signal(number)
        _, error = process.communicate(timeout=10)
        check(process.returncode == 0, f"{name}: {process.returncode}: {error}")
        check(wav_frames(path) == sound, f"{name}: the file is not complete")
        check(len(peer.asked(opcode)) == 1, f"{name}: {peer.requests}")


def stops_while_stuck():
    """A reader that doesn't read must not keep it from ending."""
    with Peer(sends(bytes(1 << 20), 65536, waits)) as peer:
        process = peer.start("esdrec")

        def waiting():
            count = fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4))
            return int.from_bytes(count, sys.byteorder)
        # The pipe is full but for less than a piece.
        until("esdrec is stuck", lambda: waiting() > 65536 - 16384 and
              "pipe" in pathlib.Path(f"/proc/{process.pid}/wchan").read_text()
              or waiting() == 65536)
        process.send_signal(signal.SIGTERM)
        check(process.wait(10) == 0, f"esdrec: {process.returncode}")
        process.communicate()
    print("signals end recordings")


def esdrec_terminal():
    """The meter; and no sound on a terminal."""
    half = raw([16384, 0] * 44100)
    with Peer(sends(half)) as peer:
        master, slave = pty.openpty()
        result = subprocess.run(peer.command("esdrec"), env=peer.env,
                                stdout=slave, stderr=subprocess.PIPE)
        result.stdout = b""
        expect(result, 1, None, one_line("esdrec", "is a terminal"))
        process = subprocess.Popen(peer.command("esdrec", "/dev/null"),
                                   env=peer.env, stderr=slave)
        os.close(slave)
        text = b""
        try:
            while piece := os.read(master, 4096):
                text += piece
        except OSError:
            pass
        os.close(master)
        check(process.wait(10) == 0, "esdrec failed on a terminal")
        check(re.search(rb"0:00  L \[#{18}  \]  -6.0 dB  "
                        rb"R \[ {20}\]  -inf dB", text), repr(text))
    print("esdrec shows a meter")


def esdmon(directory):
    sound = raw(noise(2 * 10000, 4))
    with Peer(sends(sound)) as peer:
        result = peer.tool("esdmon")
        check(result.returncode == 0 and result.stdout == sound,
              "esdmon changed the sound, or failed")
        asked_once(peer, 5, stream_body(
            0x1021, 44100, str(BUILD / "esdmon").encode()[:127]), "esdmon")
        path = directory / "mon.flac"
        expect(peer.tool("esdmon", "-n", "me", path), 0, "",
               SAYS % (0x1021, 44100) + one_line("esdmon", "the monitoring"))
        check(peer.asked(5)[1] == stream_body(0x1021, 44100, b"me"), "-n")
    print("esdmon monitors")


def esdfilt(directory):
    loud = [0, 1, -1, 3, -3, 16384, -16384, 16383, -16385, 32767, -32768, 7]
    halves = [int(v / 2) for v in loud]
    doubles = [max(-32768, min(32767, 2 * v)) for v in loud]
    bytes_in = bytes([0, 1, 63, 64, 127, 128, 129, 192, 254, 255])

    def run(data, *arguments):
        got = []

        def stream(connection, opcode):
            for at in range(0, len(data), 4):
                connection.sendall(data[at:at + 4])
                got.append(Peer.read(connection, len(data[at:at + 4])))
        with Peer(stream) as peer:
            out = expect(peer.tool("esdfilt", *arguments), 0,
                         f"total bytes streamed: {len(data)}\n", None)
            check(out, "no total")
            return b"".join(got), peer.asked(15)

    for option, expected in (("-half", halves), ("-double", doubles),
                             ("--half", halves), ("-m", loud)):
        got, asked = run(raw(loud, "<" if sys.byteorder == "little" else ">"),
                         option)
        check(list(words(got)) == expected, f"esdfilt {option}: {words(got)}")
        check(asked == [stream_body(0x1011 if option == "-m" else 0x1021,
                                    44100)], f"esdfilt asked {asked}")
    got, _ = run(bytes_in, "-b", "-m", "-double")
    check(list(got) == [max(0, min(255, 2 * v - 128)) for v in bytes_in],
          f"esdfilt -b -double: {list(got)}")
    path = directory / "filtered.wav"
    run(raw(loud), "-half", path)
    check(wav_frames(path) == raw(halves), "the copy isn't what was returned")
    run(raw(loud), path, "-half")
    check(wav_frames(path) == raw(halves), "an option after the file is lost")
    print("esdfilt halves, doubles, copies")


# --- esdsample, esdloop ------------------------------------------------------

def sample_body(format, rate, length, name):
    return pack(format, rate, length) + name.encode()[:127].ljust(128, b"\0")


def esdsample(directory):
    sound = noise(2 * 1000, 5)
    file = wav(directory / "ding.wav", sound, rate=22050)
    name = f"{BUILD / 'esdsample'}:{file}"
    with Peer(ids=(7, 7)) as peer:
        expect(peer.tool("esdsample", file, input=b"\n\nq\n"), 0,
               f"sample id = 7\nsample name = {re.escape(name[:127])}\n" +
               2 * "<playing sample>\n", "")
        check(peer.data == raw(sound), "something else was uploaded")
        check(peer.requests == [
            (6, sample_body(0x1121, 22050, len(raw(sound)), name)),
            (8, pack(7)), (8, pack(7)), (7, pack(7))],
            f"esdsample asked {peer.requests}")
    data = bytes(range(100))
    (directory / "raw").write_bytes(data)
    with Peer() as peer:
        expect(peer.tool("esdsample", "-d", "-b", "-m", "-r", 8000,
                         directory / "raw", input=b""), 0, None, "")
        check(peer.data == data, "raw data changed")
        check([number for number, _ in peer.requests] == [6, 7],
              "the end of input frees it")
        check(peer.asked(6)[0][:12] == pack(0x1110, 8000, 100),
              "esdsample -d -b -m")
        expect(peer.tool("esdsample"), 0, "usage: esdsample .*", "")
        expect(peer.tool("esdsample", directory / "raw", input=b""), 1, "",
               one_line("esdsample", "raw"))
        expect(peer.tool("esdsample", "-e", "gone", input=b""), 1, "",
               one_line("esdsample", "has no sample"))
    with Peer(samples={b"ding": 5}) as peer:
        expect(peer.tool("esdsample", "-e", "ding", input=b"\n"), 0, None, "")
        check([number for number, _ in peer.requests] == [14, 8],
              f"esdsample -e asked {peer.requests}")
        expect(peer.tool("esdsample", "-e", "ding", input=b"\nq"), 0, None, "")
        check(peer.requests[-1] == (7, pack(5)), "q frees it")
    for ids in ((3, 4), (0, 0), (-1, -1)):
        with Peer(ids=ids) as peer:
            expect(peer.tool("esdsample", file, input=b"q"), 1, "",
                   one_line("esdsample", "daemon at"))
    with Peer() as peer:
        process = peer.start("esdsample", file)
        until("it is uploaded", lambda: peer.data)
        process.send_signal(signal.SIGINT)
        check(process.wait(10) == 0, "SIGINT is no good end")
        process.communicate()
        check(peer.requests[-1][0] == 7, "SIGINT leaves the sample behind")
    print("esdsample uploads, plays, frees")


def esdloop(directory):
    data = bytes(range(200))
    file = directory / "loop.raw"
    file.write_bytes(data)
    song = wav(directory / "loop.wav", noise(2 * 100, 6), rate=8000)
    wanted = [6, 9, 10, 7]
    with Peer(ids=(4, 4)) as peer:
        expect(peer.tool("esdloop", file, input=b"\n"), 0, "", "")
        check(peer.data == data, "raw data changed")
        check(peer.requests == [
            (6, sample_body(0x1121, 44100, 200, str(file))),
            (9, pack(4)), (10, pack(4)), (7, pack(4))], f"{peer.requests}")
        expect(peer.tool("esdloop", "-m", song, input=b""), 0, "", "")
        check(peer.asked(6)[1] == sample_body(0x1121, 8000, 400, str(song)),
              "a sound file is not what it says")
        expect(peer.tool("esdloop"), 255, "", "usage: esdloop .*")
        expect(peer.tool("esdloop", "/dev/null"), 1, "",
               one_line("esdloop", "no sound"))
    for number in (signal.SIGINT, signal.SIGTERM):
        with Peer() as peer:
            process = peer.start("esdloop", file)
            until("it loops", lambda: peer.asked(9))
            process.send_signal(number)
            check(process.wait(10) == 0, f"{number} is no good end")
            process.communicate()
            check([one for one, _ in peer.requests] == wanted,
                  f"{number} leaves it looping")
    print("esdloop loops until told")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        all_help()
        esdplay(directory)
        esdplay_terminal(directory)
        esdrec(directory)
        for tool, opcode in (("esdrec", 4), ("esdmon", 5)):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                stopped_by(tool, opcode, number, directory)
        stops_while_stuck()
        esdrec_terminal()
        esdmon(directory)
        esdfilt(directory)
        esdsample(directory)
        esdloop(directory)


if __name__ == "__main__":
    main()
